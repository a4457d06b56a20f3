"""A server of three workers, forked when the application had answered already. Argument: the recording to make, where none is under way."""

import os
import sys

import limpet
import limpet.middleware

KEPT = []


def plain(environ, start_response):
    KEPT.append(bytearray(500))
    start_response("404 no framework", [])
    return []


application = limpet.middleware.WSGIMiddleware(plain)


def serve():
    for number in range(400):
        application({"PATH_INFO": f"/keeps/{number}", "REQUEST_METHOD": "GET"}, lambda *_: None)


application({"PATH_INFO": "/", "REQUEST_METHOD": "GET"}, lambda *_: None)
if not limpet.is_tracing():
    limpet.start(sys.argv[1], snapshots="off")
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        serve()
        os._exit(0)
    children.append(child)
serve()
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
print("ok")
