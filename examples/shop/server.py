"""A small web shop on http.server and SQLite that leaks memory in four ways; README.md beside this file lists them.

    python3 server.py [--port N] [--port-file FILE]

It serves 127.0.0.1 until SIGTERM or SIGINT, then shuts down cleanly.
"""
import argparse
import http.cookies
import http.server
import json
import os
import signal
import tempfile
import threading
import urllib.parse

import audit
import catalog
import events
import jobs
import pages
import sessions
import thumbnails

MAX_BODY = 64 * 1024


class Shop:
    """Everything that lives as long as the service."""

    def __init__(self, folder):
        self.catalog = catalog.Catalog(os.path.join(folder, "shop.db"))
        self.trail = audit.Trail(os.path.join(folder, "audit.jsonl"))
        self.mailer = jobs.Mailer()
        self.repricer = jobs.Repricer(self.catalog, catalog.COUNT)
        self.mailer.start()
        self.repricer.start()

    def close(self):
        self.repricer.stop()
        self.mailer.stop()
        self.trail.close()
        self.catalog.close()


class Handler(http.server.BaseHTTPRequestHandler):
    server_version = "LimpetShop/1"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per answer
    timeout = 30

    def do_GET(self):  # noqa: N802 - the name http.server asks for
        path, _, query = self.path.partition("?")
        if path == "/health":
            return self.answer(200, self.health(), "application/json")
        session = self.session()
        if path == "/":
            return self.answer(200, pages.cached_page(session, path, lambda: self.home(session)))
        if path == "/search":
            return self.answer(200, self.search(session, query).encode("utf-8"))
        if path.startswith("/product/") and path[9:].isdecimal():
            product = self.server.shop.catalog.product(int(path[9:]))
            if product is not None:
                return self.answer(200, pages.cached_page(session, path, lambda: self.product(session, product)))
        if path == "/logout":
            sessions.close_session(session)
            return self.answer(200, b"Good bye.\n", "text/plain")
        return self.answer(404, b"There is no such page.\n", "text/plain")

    def do_POST(self):  # noqa: N802
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            return self.answer(413 if length.isdecimal() else 411, b"The body is too large or of unknown length.\n", "text/plain")
        form = urllib.parse.parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        session = self.session()
        if self.path == "/cart":
            return self.put_in_cart(session, form.get("product", [""])[0])
        if self.path == "/checkout":
            return self.check_out(session)
        return self.answer(404, b"There is no such page.\n", "text/plain")

    # ---- what the pages show ----

    def home(self, session):
        shown = [self.server.shop.catalog.product(number) for number in range(1, 25)]
        return pages.product_list("Welcome", shown, session)

    def search(self, session, query):
        words = urllib.parse.parse_qs(query).get("q", [""])[0][:100]
        found = [self.server.shop.catalog.product(number) for number in self.server.shop.catalog.search(words)]
        return pages.product_list(f"Search: {words}", found, session)

    def product(self, session, product):
        return pages.product_page(product, session, len(thumbnails.thumbnail(product.id)))

    def put_in_cart(self, session, product_id):
        shop = self.server.shop
        if not product_id.isdecimal() or shop.catalog.product(int(product_id)) is None:
            return self.answer(400, b"Which product?\n", "text/plain")
        shop.catalog.put_in_cart(session.token, int(product_id))
        events.watch_price(int(product_id))
        shop.trail.note("cart", session=session.token, product=int(product_id))
        return self.answer(200, b"It is in your cart.\n", "text/plain")

    def check_out(self, session):
        shop = self.server.shop
        order = shop.catalog.check_out(session.token)
        if order is None:
            return self.answer(409, b"Your cart is empty.\n", "text/plain")
        shop.mailer.post(session.token, *order)
        shop.trail.note("order", session=session.token, number=order[0], cents=order[1])
        return self.answer(200, json.dumps({"order": order[0], "cents": order[1]}).encode(), "application/json")

    def health(self):
        counts = {"sessions": len(sessions.SESSIONS), "pages": len(pages.PAGES), "recent": len(audit.RECENT),
                  "audited": self.server.shop.trail.written, "mails": self.server.shop.mailer.sent}
        return json.dumps(counts).encode()

    # ---- one request ----

    def session(self):
        """The visitor's session; a visitor without one gets a new one, and a cookie with the answer."""
        jar = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        known = sessions.find_session(jar[sessions.COOKIE].value) if sessions.COOKIE in jar else None
        if known is not None:
            self.new_cookie = None
            return known
        session = sessions.open_session(self.headers.get("User-Agent", "unknown"))
        self.new_cookie = f"{sessions.COOKIE}={session.token}; Path=/; HttpOnly; SameSite=Lax"
        self.server.shop.trail.note("visit", session=session.token)
        return session

    def answer(self, status, body, kind="text/html; charset=utf-8"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if getattr(self, "new_cookie", None):
            self.send_header("Set-Cookie", self.new_cookie)
            self.new_cookie = None
        self.end_headers()
        self.wfile.write(body)
        audit.note_request(self.command, self.path, status)

    def log_message(self, format, *args):
        """Requests are in audit.RECENT; nothing goes to stderr."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def __init__(self, port, shop):
        super().__init__(("127.0.0.1", port), Handler)
        self.shop = shop


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free one")
    parser.add_argument("--port-file", help="write the port to this file once the shop is open")
    options = parser.parse_args()

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        shop = Shop(folder)
        with Server(options.port, shop) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="listener")
            thread.start()
            port = server.server_address[1]
            print(f"shop: open at http://127.0.0.1:{port}/", flush=True)
            if options.port_file:
                with open(options.port_file + ".new", "w", encoding="ascii") as file:
                    file.write(f"{port}\n")
                os.replace(options.port_file + ".new", options.port_file)
            stop.wait()
            server.shutdown()
            thread.join()
        shop.close()
    print(f"shop: closed, {len(sessions.SESSIONS)} sessions and {len(pages.PAGES)} pages in memory", flush=True)


if __name__ == "__main__":
    main()
