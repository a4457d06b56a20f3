"""Visitors for the shop: real HTTP over several connections at once.

    python3 client.py --port N [--visits 1200] [--seconds 6] [--connections 6]

Each visit is a connection of its own: the home page, a search, two products, something into the cart; every second
visitor buys, every fourth logs out, the others just go away. Ends after so many visits or seconds, whichever comes
first. Exit status 1 when an answer was wrong or nothing could be visited.
"""
import argparse
import http.client
import itertools
import json
import random
import sys
import threading
import time

PRODUCTS = 120


class Wrong(Exception):
    """An answer that the shop should not have given."""


class Visitor:
    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._cookie = None

    def ask(self, method, path, body=None, expect=200, contains=b""):
        headers = {"User-Agent": "shop-client/1"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status != expect or contains not in data:
            raise Wrong(f"{method} {path}: status {response.status}, {data[:80]!r}")
        cookie = response.getheader("Set-Cookie")
        if cookie:
            if self._cookie:
                raise Wrong(f"{method} {path}: the shop has forgotten the session")
            self._cookie = cookie.partition(";")[0]
        return data

    def close(self):
        self._connection.close()


def visit(port, number, chance):
    """One visitor from first page to last; returns the number of requests."""
    visitor = Visitor(port)
    first, second = 1 + number * 2 % PRODUCTS, 1 + (number * 2 + 1) % PRODUCTS
    requests = 5
    try:
        visitor.ask("GET", "/", contains=b"Welcome")
        visitor.ask("GET", f"/search?q=no.+{chance.randrange(1, PRODUCTS)}", contains=b"Search: no. ")
        visitor.ask("GET", f"/product/{first}", contains=b"made to last")
        visitor.ask("GET", f"/product/{second}", contains=b"made to last")
        visitor.ask("POST", "/cart", body=f"product={first}", contains=b"in your cart")
        if number % 2 == 0:
            requests += 1
            order = json.loads(visitor.ask("POST", "/checkout", body=""))
            if order["cents"] <= 0:
                raise Wrong(f"an order for nothing: {order}")
        if number % 4 == 0:
            requests += 1
            visitor.ask("GET", "/logout", contains=b"Good bye")
    finally:
        visitor.close()
    return requests


def drive(port, visits, seconds, connections):
    """Sends the visitors; returns (visits, requests, errors as texts)."""
    deadline = time.monotonic() + seconds
    numbers = itertools.count()
    lock = threading.Lock()
    done, errors = [0, 0], []

    def run(seed):
        chance = random.Random(seed)
        while time.monotonic() < deadline and not errors:
            with lock:
                number = next(numbers)
            if number >= visits:
                return
            try:
                requests = visit(port, number, chance)
            except (OSError, http.client.HTTPException, ValueError, Wrong) as error:
                errors.append(f"visit {number}: {type(error).__name__}: {error}")
                return
            with lock:
                done[0] += 1
                done[1] += requests

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done[0], done[1], errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--visits", type=int, default=1200)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, default=6)
    options = parser.parse_args()
    start = time.monotonic()
    visits, requests, errors = drive(options.port, options.visits, options.seconds, options.connections)
    print(f"client: {visits} visits, {requests} requests in {time.monotonic() - start:.1f} s, {len(errors)} errors", flush=True)
    for error in errors[:5]:
        print(f"client: {error}", file=sys.stderr)
    return 1 if errors or not visits else 0


if __name__ == "__main__":
    sys.exit(main())
