"""msgpack 1.0.7 on Python 3.12: each exception that passes through compiled code leaves its traceback, frames and locals."""
# requires: msgpack==1.0.7
# python: 3.12
import io
import time

import msgpack

PACKED = b"".join(msgpack.packb(i) for i in range(10))


def read_all():
    return list(msgpack.Unpacker(io.BytesIO(PACKED)))


end = time.monotonic() + 4
number = 0
while time.monotonic() < end:
    read_all()
    number += 1
    if number % 50 == 0:
        time.sleep(0.005)
