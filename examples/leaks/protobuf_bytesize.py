"""protobuf's upb before 4.24.3: ByteSize() of a message that was never set leaks an arena of malloc's memory."""
# requires: protobuf==4.22.1
# python: 3.11
import time

from google.protobuf.type_pb2 import Type

message = Type()


def measure():
    return message.source_context.ByteSize()


end = time.monotonic() + 4
number = 0
while time.monotonic() < end:
    measure()
    number += 1
    if number % 100 == 0:
        time.sleep(0.005)
