"""Makes, runs and destroys subinterpreters, with a lock of their own where there are such."""

import sys
import threading

CODE = "import sys, json\nkept = [json.dumps([n]) for n in range(2000)]\nassert len(kept) == 2000"


def run_one():
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        it = interpreters.create()
        it.exec(CODE)
        it.close()
        return
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters
    it = interpreters.create()
    interpreters.run_string(it, CODE)
    interpreters.destroy(it)


for n in range(5):
    run_one()
    kept = [str(n) for n in range(1000)]
if sys.version_info >= (3, 13):
    group = [threading.Thread(target=run_one) for _ in range(3)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join()
print("done", len(kept))
