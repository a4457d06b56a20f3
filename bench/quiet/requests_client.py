"""requests with a session and without, redirects, cookies and JSON, against a server of the standard library."""

import http.server
import json
import threading

import requests
from load import until_end


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        moved = self.path.startswith("/old")
        body = b"" if moved else json.dumps({"path": self.path, "values": list(range(40))}).encode()
        self.send_response(302 if moved else 200)
        if moved:
            self.send_header("Location", "/new")
        self.send_header("Set-Cookie", "visit=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
session = requests.Session()
for number in until_end():
    session.get(f"{url}/item/{number}", params={"q": f"word {number}"}).json()
    session.get(f"{url}/old").raise_for_status()
    if number % 5 == 0:
        requests.get(f"{url}/alone", headers={"X-Number": str(number)}, timeout=10)
server.shutdown()
