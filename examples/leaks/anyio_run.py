"""anyio: every anyio.run() that used a worker thread leaves its event loop, its task and the result behind."""
# requires: anyio==4.14.1
# python: 3.11
import time

import anyio
import anyio.to_thread


def load(number):
    return [number] * 2000


async def job(number):
    return await anyio.to_thread.run_sync(load, number)


end = time.monotonic() + 6
number = 0
while time.monotonic() < end:
    anyio.run(job, number)
    number += 1
