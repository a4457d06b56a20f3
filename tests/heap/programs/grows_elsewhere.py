"""Makes containers on one line and fills them on another; prints the ids of these, and of some that are filled where they are made."""

import json


def make():
    return [[] for _ in range(500)], [{} for _ in range(300)], [bytearray() for _ in range(200)]


def fill(lists, dicts, buffers):
    for some in lists:
        some.append(None)
    for some in dicts:
        some["key"] = None
    for some in buffers:
        some.extend(b"some bytes that take more than a few")


kept = make()
fill(*kept)
whole = [[None, number] for number in range(400)]
print(json.dumps({"filled": [[id(some) for some in kind] for kind in kept], "whole": [id(some) for some in whole]}))
