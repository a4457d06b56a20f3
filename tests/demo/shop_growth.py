"""Measures the shop by tracemalloc: what lives, by marked line, after each of several equal rounds of visits.

    python3 shop_growth.py EXAMPLES_FOLDER ROUNDS VISITS

Prints {"file:line": [[blocks, bytes] after each round]}, for the C library's blocks too (counted at malloc and free).
"""
import gc
import json
import os
import sys
import tempfile
import threading
import tracemalloc


def main():
    examples, rounds, visits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    shop_folder = os.path.join(examples, "shop")
    sys.path[:0] = [shop_folder, examples]
    import check
    import client
    import server
    import thumbnails

    native = {}
    real_borrow, real_give_back = thumbnails.borrow_scratch, thumbnails.give_back

    def borrow(size):
        address = real_borrow(size)
        native[address] = size
        return address

    def give_back(address):
        del native[address]
        real_give_back(address)

    thumbnails.borrow_scratch, thumbnails.give_back = borrow, give_back
    marked = {(file, line): [] for _, _, file, line in check.marks(shop_folder)}
    with tempfile.TemporaryDirectory() as folder:
        shop = server.Shop(folder)
        web = server.Server(0, shop)
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        tracemalloc.start()
        for _ in range(rounds):
            _, _, errors = client.drive(web.server_address[1], visits, 60, 4)
            if errors:
                raise SystemExit(f"the visits went wrong: {errors}")
            gc.collect()
            now = dict.fromkeys(marked, (0, 0))
            for entry in tracemalloc.take_snapshot().statistics("lineno"):
                frame = entry.traceback[0]
                if (key := (os.path.basename(frame.filename), frame.lineno)) in now:
                    now[key] = (entry.count, entry.size)
            for key, (count, size) in now.items():
                marked[key].append((len(native), sum(native.values())) if key[0] == "thumbnails.py" else (count, size))
        tracemalloc.stop()
        web.shutdown()
        thread.join()
        web.server_close()
        shop.close()
    print(json.dumps({f"{file}:{line}": series for (file, line), series in marked.items()}))


if __name__ == "__main__":
    main()
