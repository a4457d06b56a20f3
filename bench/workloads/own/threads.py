"""Four shares of allocation-heavy work, in four threads or, as the yardstick, one after another in one thread."""

import threading

SHARES = 4


def share(loops):
    kept = []
    for turn in range(loops):
        rows = [{"id": number, "tags": [number, turn], "name": f"row {number}"} for number in range(2_000)]
        kept = rows[::4]
    return kept


def run(loops):
    workers = [threading.Thread(target=share, args=(loops,)) for _ in range(SHARES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def run_serial(loops):
    for _ in range(SHARES):
        share(loops)
