"""aiohttp 3.10.6 to 3.10.10: each request with a method that a resource does not allow stays in a cache for ever."""
# requires: aiohttp==3.10.10
# python: 3.11
import asyncio

from aiohttp import ClientSession, web


@web.middleware
async def logged(request, handler):
    return await handler(request)


async def hello(request):
    return web.Response(text="hello")


async def main():
    app = web.Application(middlewares=[logged])
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    loop = asyncio.get_running_loop()
    end = loop.time() + 6
    async with ClientSession() as session:
        while loop.time() < end:
            async with session.put(f"http://{host}:{port}/", data=b"x") as answer:
                assert answer.status == 405
    await runner.cleanup()


asyncio.run(main())
