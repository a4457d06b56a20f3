"""What the quiet programs share: how long they run, and a load of HTTP requests from threads."""

import http.client
import os
import threading
import time

SECONDS = float(os.environ.get("QUIET_SECONDS", "12"))


def until_end():
    """Counts up until the time is over."""
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        yield number
        number += 1


def request(port, path, number, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    method = "POST" if body else "GET"
    connection.request(method, f"{path}?n={number}", body, {"X-Request-Id": f"request-{number}"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def load(port, paths, threads=2):
    """Requests to every path in turn, from several threads, until the time is over."""

    def work(offset):
        for number in until_end():
            status, _ = request(port, paths[(number + offset) % len(paths)], number)
            assert status < 500, status

    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def wait_for(port):
    for _ in range(200):
        try:
            return request(port, "/", 0)
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")
