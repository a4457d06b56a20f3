"""ujson before 5.12.1: dump() to a file whose write() raises never releases the text."""
# requires: ujson==5.12.0
# python: 3.11
import time

import ujson


class FullDisk:
    def write(self, text):
        raise OSError(28, "No space left on device")


def save(number):
    try:
        ujson.dump({"number": number, "text": "x" * 500}, FullDisk())
    except OSError:
        pass


end = time.monotonic() + 4
number = 0
while time.monotonic() < end:
    save(number)
    number += 1
    if number % 20 == 0:
        time.sleep(0.01)
