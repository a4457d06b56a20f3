"""Many asyncio tasks: producers and consumers on queues, futures, and short-lived children, 200 at a time."""

import asyncio


async def child(number):
    await asyncio.sleep(0)
    return {"number": number, "square": number * number}


async def pair(size):
    queue = asyncio.Queue(maxsize=4)

    async def produce():
        for number in range(size):
            await queue.put([number, str(number)])
        await queue.put(None)

    producer = asyncio.create_task(produce())
    total = 0
    while (item := await queue.get()) is not None:
        total += item[0]
        answer = await asyncio.create_task(child(total))
        total = answer["number"]
    await producer


async def many(loops):
    for _ in range(loops):
        await asyncio.gather(*(pair(10) for _ in range(100)))


def run(loops):
    asyncio.run(many(loops))
