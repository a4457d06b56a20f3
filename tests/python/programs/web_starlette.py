"""A Starlette application whose requests overlap: some keep memory, their neighbours do not. Argument: the recording to make."""

import asyncio
import sys

import limpet
import limpet.middleware
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

KEPT = []
seen = []


async def keeps(request):
    kept = []
    for _ in range(4):
        await asyncio.sleep(0)  # the others run here
        kept.append(bytes(1000))
    KEPT.append(kept)
    return PlainTextResponse("kept")


async def clean(request):
    work = []
    for _ in range(4):
        await asyncio.sleep(0)
        work.append(bytes(4000))
    return PlainTextResponse("clean")


def in_a_thread(request):
    KEPT.append(bytearray(2000))
    return PlainTextResponse("thread")


class Account(HTTPEndpoint):
    async def post(self, request):
        KEPT.append(bytearray(500))
        return PlainTextResponse("posted")


async def fails(request):
    raise KeyError("as it is")


async def streams(request):
    async def parts():
        for number in range(3):
            KEPT.append(bytearray(300))
            yield f"{number} "

    return StreamingResponse(parts())


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


app = Starlette(
    routes=[
        Route("/keeps/{user}", keeps),
        Route("/clean/{user}/files/{file:path}", clean),
        Mount("/sub", routes=[Route("/thread/{n:int}", in_a_thread)]),
        Route("/account", Account),
        Route("/fails", fails),
        Route("/streams", streams),
        WebSocketRoute("/socket", socket),
    ],
    lifespan=None,
)
app.add_middleware(limpet.middleware.ASGIMiddleware)


async def request(path, method="GET", kind="http", messages=()):
    waiting = list(messages) or [{"type": "http.request", "body": b"", "more_body": False}]
    sent = []

    async def receive():
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path, "root_path": ""}
    scope |= {"raw_path": path.encode(), "query_string": b"", "headers": [], "scheme": "http", "server": ("a", 80), "client": ("b", 1)}
    await app(scope | ({"subprotocols": []} if kind == "websocket" else {}), receive, send)
    return sent


def body(sent):
    return b"".join(message.get("body", b"") for message in sent)


async def one_round(number):
    calls = [request(f"/keeps/user-{number}-{k}") for k in range(3)] + [request(f"/clean/{number}/files/a/{k}.txt") for k in range(6)]
    calls += [request(f"/sub/thread/{number}"), request("/nowhere"), request("/account", "POST"), request("/streams")]
    return await asyncio.gather(*calls)


async def untouched():
    try:
        await request("/fails")
        raise AssertionError("the exception was swallowed")
    except KeyError as error:
        assert error.args == ("as it is",)
    assert body(await request("/streams")) == b"0 1 2 "
    sent = await request("/socket", kind="websocket", messages=[{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}])
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"] and sent[1]["text"] == "hello"
    sent = await request("", kind="lifespan", messages=[{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def main():
    await untouched()
    with limpet.record(sys.argv[1], snapshots="off"):
        await untouched()
        for number in range(200):
            answers = await one_round(number)
        assert [body(sent) for sent in answers[2:4]] == [b"kept", b"clean"]


asyncio.run(main())
print("ok")
