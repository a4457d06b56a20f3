"""A plain WSGI application in two gunicorn workers: several processes in one recording."""

import signal
import socket
import subprocess
import sys

from load import load, wait_for


def app(environ, start_response):
    words = sorted({word: len(word) for word in environ["QUERY_STRING"].split("&")}.items())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(words).encode(), b"x" * 2000]


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    server = subprocess.Popen([*command, "gunicorn_wsgi:app"])
    try:
        wait_for(port)
        load(port, ["/", "/a/b"])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
