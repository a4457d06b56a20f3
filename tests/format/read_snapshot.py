"""An independent reader of heap snapshots, written from docs/format.md alone; it shares nothing with src/capture.

    python read_snapshot.py NAME.limpet/p123/heap.1       prints what it holds as JSON

For sound files only: its use is to show that the page says enough, and to hold limpet's own reader against somebody else's reading.
"""

from __future__ import annotations

import collections
import ctypes
import ctypes.util
import json
import pathlib
import struct
import sys
import zlib

NAMES, TYPES, OUTLINES, CLASSES, NODES, TEXTS, END, REFERENCES, BIRTHS, STORAGE = range(1, 11)
OPEN = MISSING = 0xFFFFFFFF
KINDS = "type item key value element attribute field local closure stack visited scanned global contains".split()
NAMED = {"attribute", "field", "local", "closure"}


def unpack_frame(frame: bytes, size: int) -> bytes:
    zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    buffer = ctypes.create_string_buffer(size)
    if zstd.ZSTD_decompress(buffer, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame))) != size:
        raise ValueError("a frame cannot be unpacked")
    return buffer.raw


def varints(column: bytes):
    value = shift = 0
    for byte in column:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def unzigzag(value: int) -> int:
    return value // 2 if value % 2 == 0 else -(value // 2) - 1


class Snapshot:
    """All of a snapshot: lists by number. A node is [class, address, size, reference count, birth, targets]."""

    def __init__(self, path: pathlib.Path):
        self.data = path.read_bytes()
        if self.data[:8] != b"LIMPHEAP" or self.u32(8) != 2:
            raise ValueError(f"{path}: no heap snapshot of version 2")
        if self.u32(68) != zlib.crc32(self.data[:68]):
            raise ValueError(f"{path}: the header's checksum is wrong")
        self.pid = struct.unpack_from("<i", self.data, 16)[0]
        self.names, self.types, self.outlines, self.classes, self.nodes = [], [], [], [], []
        self.births, self.storage = [], []
        self.texts = {}
        self.end = None
        self.read_blocks()
        for node in self.nodes:
            node[5] = [target if target < len(self.nodes) else MISSING for target in node[5]]

    def u32(self, offset: int) -> int:
        return struct.unpack_from("<I", self.data, offset)[0]

    def read_blocks(self) -> None:
        at = self.u32(12)
        while at + 40 <= len(self.data) and self.end is None:
            kind, count, first, next_new, edges, _, size, crc = struct.unpack_from("<4I2Q2I", self.data, at)
            if crc != zlib.crc32(self.data[at : at + 36]):
                raise ValueError(f"the checksum of the block at {at} is wrong")
            payload = self.data[at + 40 : at + 40 + size]
            at += 40 + size
            if len(payload) < size:
                return
            if kind == END:
                names = "nodes edges bytes walk_ns unreadable torn dropped_edges stopped".split()
                self.end = dict(zip(names, struct.unpack("<7QI", payload[:60])))
                continue
            columns = self.columns(payload, 7 if kind == NODES else 1)
            if kind == NODES:
                self.read_nodes(columns, count, next_new)
            elif kind == REFERENCES:
                codes = varints(columns[0])
                targets, _ = self.targets(codes, edges, first, next_new, collections.defaultdict(int))
                self.nodes[first][5] += targets
            else:
                self.read_records(kind, count, columns[0])

    @staticmethod
    def columns(payload: bytes, count: int) -> list[bytes]:
        sizes = [struct.unpack_from("<2I", payload, 8 * c) for c in range(count)]
        at, columns = 8 * count, []
        for size, packed in sizes:
            columns.append(unpack_frame(payload[at : at + packed], size) if packed else b"")
            at += packed
        return columns

    def read_records(self, kind: int, count: int, column: bytes) -> None:
        at = 0

        def take(form: str) -> tuple:
            nonlocal at
            values = struct.unpack_from(form, column, at)
            at += struct.calcsize(form)
            return values

        def text(length: int) -> str:
            return take(f"{length}s")[0].decode("utf-8", "replace")

        for _ in range(count):
            if kind == NAMES:
                self.names.append(text(*take("<I")))
            elif kind == TYPES:
                address, flags, basic_size, length, _ = take("<Q4I")
                self.types.append([text(length), address, flags, basic_size])
            elif kind == OUTLINES:
                self.outlines.append([take("<2BH2I") for _ in range(*take("<I"))])
            elif kind == CLASSES:
                self.classes.append(take("<2I"))
            elif kind in (BIRTHS, STORAGE):
                (self.births if kind == BIRTHS else self.storage).append(take("<2I"))
            elif kind == TEXTS:
                node, length = take("<2I")
                self.texts.setdefault(node, []).append(text(length))

    def read_nodes(self, columns: list[bytes], count: int, next_new: int) -> None:
        classes, addresses, sizes, refcounts, births, opens, codes = map(varints, columns)
        last = collections.defaultdict(lambda: [0, 0, 0])  # address, size, birth
        slots = collections.defaultdict(lambda: collections.defaultdict(int))
        for _ in range(count):
            number = len(self.nodes)
            kind = next(classes)
            code = next(addresses)
            last[kind][0] += unzigzag(code // 2) * (1 if code % 2 else 16)
            last[kind][1] += unzigzag(next(sizes))
            last[kind][2] += unzigzag(next(births))
            runs = self.outlines[self.classes[kind][1]]
            edges = sum(run[4] for run in runs if run[4] != OPEN)
            if any(run[4] == OPEN for run in runs):
                edges += next(opens)
            address, size, birth = last[kind]
            node = [kind, address, size, next(refcounts), birth, []]
            self.nodes.append(node)
            next_new = max(next_new, number + 1)
            if edges <= 32768:
                node[5], next_new = self.targets(codes, edges, number, next_new, slots[kind])

    @staticmethod
    def targets(codes, count: int, node: int, next_new: int, slots) -> tuple[list[int], int]:
        targets = []
        for k in range(count):
            code = next(codes)
            if code == 0:
                target, next_new = next_new, next_new + 1
            elif code == 1:
                target = slots[k % 32]
            elif code == 2:
                target = (targets[-1] if targets else 0) + 1
            else:
                target = node + unzigzag(code - 3)
            slots[k % 32] = target
            targets.append(target)
        return targets, next_new

    def labels(self, node: list) -> list[str]:
        """How each reference of a node is called: "attribute cache", "item 3"."""
        runs = self.outlines[self.classes[node[0]][1]]
        fixed = sum(run[4] for run in runs if run[4] != OPEN)
        labels = []
        for kind, strength, _, label, count in runs:
            for i in range(len(node[5]) - fixed if count == OPEN else count):
                name = KINDS[kind] if (kind, i % 2) != (2, 1) else "value"
                if name in NAMED:
                    argument = "?" if label == MISSING else self.names[label]
                else:
                    argument = label + (i // 2 if kind == 2 else i)
                labels.append(f"{name} {argument} {strength}")
        return labels


def main() -> None:
    snapshot = Snapshot(pathlib.Path(sys.argv[1]))
    nodes = []
    for number, node in enumerate(snapshot.nodes):
        kind, address, size, refcount, birth, targets = node
        name = snapshot.types[snapshot.classes[kind][0]][0]
        edges = [[label, target] for label, target in zip(snapshot.labels(node), targets)]
        nodes.append([name, address, size, refcount, birth, edges, snapshot.texts.get(number, [])])
    told = {"pid": snapshot.pid, "end": snapshot.end, "types": snapshot.types, "nodes": nodes}
    print(json.dumps(told | {"births": snapshot.births, "storage": snapshot.storage}))


if __name__ == "__main__":
    main()
