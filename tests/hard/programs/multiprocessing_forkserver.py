"""A pool, a process and a queue of multiprocessing, by forkserver."""

import multiprocessing


def square(n):
    return [n * n, str(n)]


def worker(inbox, outbox):
    for item in iter(inbox.get, None):
        outbox.put({"item": item, "text": "x" * item})


if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    with context.Pool(2) as pool:
        print(pool.map(square, range(20)))
    inbox, outbox = context.Queue(), context.Queue()
    process = context.Process(target=worker, args=(inbox, outbox))
    process.start()
    for n in (1, 20, 3, None):
        inbox.put(n)
    print([outbox.get() for _ in range(3)])
    process.join()
    print(process.exitcode)
