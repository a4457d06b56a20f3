"""An aiohttp server with a middleware, and its client, in one event loop."""

import asyncio

from aiohttp import ClientSession, web
from load import SECONDS


@web.middleware
async def timed(request, handler):
    request["start"] = asyncio.get_running_loop().time()
    return await handler(request)


async def item(request):
    await asyncio.sleep(0)
    return web.json_response({"id": request.match_info["id"], "tags": [f"tag {i}" for i in range(10)]})


async def client(session, url, end, offset):
    loop = asyncio.get_running_loop()
    number = offset
    while loop.time() < end:
        async with session.request("GET" if number % 5 else "PUT", f"{url}/items/{number}") as answer:
            await answer.read()
        number += 3


async def main():
    app = web.Application(middlewares=[timed])
    app.router.add_get("/items/{id}", item)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    end = asyncio.get_running_loop().time() + SECONDS
    async with ClientSession() as session:
        await asyncio.gather(*[client(session, f"http://{host}:{port}", end, i) for i in range(3)])
    await runner.cleanup()


asyncio.run(main())
