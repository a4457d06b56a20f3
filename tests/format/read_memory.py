#!/usr/bin/env python3
"""Reads p<pid>/memory of a recording, from docs/format.md alone: prints it as JSON.

usage: read_memory.py NAME.limpet/p4711
"""

import json
import struct
import sys
import zlib
from pathlib import Path

HEADER = struct.Struct("<8s 6I i I 4I 3Q")
RESOURCE = struct.Struct("<3Q 10I")
RESOURCE_FIELDS = "time_ns anon shared flags open files sockets pipes events other threads children".split()
LEDGER = struct.Struct("<2I 20Q 4I 4Q")
PIN = struct.Struct("<2I 2Q")
LEDGER_FIELDS = """number flags time_ns took_ns anon file shared swap
    live_python live_raw live_native live_mapped arena_free arena_rounding malloc_pages malloc_parts malloc_rounding
    stacks library_data agent
    arena_resident pinned arenas sparse_arenas thread_stacks malloc_heaps recording untouched cgroup_bytes cgroup_file
    """.split()
PARTS = LEDGER_FIELDS[8:20]
PINS = 8


def read(folder) -> dict:
    data = (Path(folder) / "memory").read_bytes()
    (magic, version, header_size, resource_size, ledger_size, max_resources, max_ledgers, pid, crc,
     resources, _requests, _done, _, *trim) = HEADER.unpack_from(data)  # fmt: skip
    assert magic == b"LIMPMEM\n" and version == 1 and crc == zlib.crc32(data[:36])
    out = {"pid": pid, "trim": dict(zip(("time_ns", "before", "after"), trim)), "resources": [], "ledgers": []}
    for i in range(resources):
        fields = RESOURCE.unpack_from(data, header_size + i * resource_size)
        if not out["resources"] or fields[0] > out["resources"][-1]["time_ns"]:
            out["resources"].append(dict(zip(RESOURCE_FIELDS, fields)))
    base = header_size + max_resources * resource_size
    for i in range(max_ledgers):
        at = base + i * ledger_size
        ledger = dict(zip(LEDGER_FIELDS, LEDGER.unpack_from(data, at)))
        if not ledger["number"]:
            continue
        for name, offset in ("arena_pins", LEDGER.size), ("malloc_pins", LEDGER.size + PINS * PIN.size):
            pins = [PIN.unpack_from(data, at + offset + k * PIN.size) for k in range(PINS)]
            ledger[name] = [dict(zip(("site", "blocks", "bytes", "pinned"), p)) for p in pins if p[1]]
        ledger["rest"] = ledger["anon"] - sum(ledger[part] for part in PARTS)
        out["ledgers"].append(ledger)
    out["ledgers"].sort(key=lambda ledger: ledger["number"])
    return out


if __name__ == "__main__":
    json.dump(read(sys.argv[1]), sys.stdout, indent=1)
