"""An independent reader of recordings, written from docs/format.md alone; it shares nothing with src/capture.

    python read_format.py NAME.limpet/p123       prints the totals of one process as JSON

It holds no number against another, so it is for sound files only: its use is to show that the page says enough, and to hold limpet's own
reader against somebody else's reading of the same bytes.
"""

from __future__ import annotations

import collections
import json
import pathlib
import struct
import sys
import zlib

BLOCK = 65536
FREE = 0xFFFFFFFF
STRINGS, CODES, FRAMES, NODES, SITES, CELLS, EPOCHS, SAMPLES, MARKS, THREADS, PEAK_A, PEAK_B, FINAL, NATIVES = range(1, 15)
RECORDS = {
    CODES: struct.Struct("<4IQ2I"),
    FRAMES: struct.Struct("<4I2HI"),
    NODES: struct.Struct("<4I"),
    SITES: struct.Struct("<IB3x2I"),
    CELLS: struct.Struct("<4I2Q"),
    EPOCHS: struct.Struct("<2Q2I2Q"),
    SAMPLES: struct.Struct("<5Q4I2Q2I"),
    MARKS: struct.Struct("<Q4I"),
    THREADS: struct.Struct("<i3IQ16s24x"),
    PEAK_A: struct.Struct("<I4xQ"),
    PEAK_B: struct.Struct("<I4xQ"),
    FINAL: struct.Struct("<I4xQ"),
    NATIVES: struct.Struct("<2IQ"),
}


class Process:
    """The tables of one `data` file, and what follows from them."""

    def __init__(self, folder: pathlib.Path):
        self.file = open(folder / "data", "rb")
        self.head = self.file.read(4096)
        if self.head[:8] != b"LIMPET\r\n" or self.u32(8) != 2:
            raise ValueError(f"{folder}: not a recording of version 2")
        if self.u32(132) != zlib.crc32(self.head[:132]) and self.u32(136) != 1:
            raise ValueError(f"{folder}: the header's checksum is wrong")
        self.pid = struct.unpack_from("<i", self.head, 104)[0]
        entries = struct.unpack(f"<{self.u32(144)}I", self.file.read(4 * self.u32(144)))
        self.parts = {(entry & 0xFF, entry >> 8): block for block, entry in enumerate(entries)}
        self.strings = self.bytes_of(STRINGS, self.count(STRINGS) * 4, BLOCK)
        self.codes, self.frames, self.nodes, self.sites = map(self.table, (CODES, FRAMES, NODES, SITES))
        self.epochs, self.marks, self.threads, self.natives = map(self.table, (EPOCHS, MARKS, THREADS, NATIVES))
        self.cells = self.unfolded(self.table(CELLS))
        self.group_of = self.grouping()

    def u32(self, offset: int) -> int:
        return struct.unpack_from("<I", self.head, offset)[0]

    def u64(self, offset: int) -> int:
        return struct.unpack_from("<Q", self.head, offset)[0]

    def count(self, table: int) -> int:
        return self.u32(148 + 4 * table)

    def bytes_of(self, table: int, size: int, used: int) -> bytes:
        """The first `size` bytes of a table; `used` bytes of each block hold records."""
        data = bytearray()
        for part in range(-(-size // used)):
            self.file.seek(self.parts[table, part] * BLOCK)
            data += self.file.read(used)
        return bytes(data[:size])

    def table(self, table: int, count: int | None = None) -> list[tuple]:
        record = RECORDS[table]
        count = self.count(table) if count is None else count
        return list(record.iter_unpack(self.bytes_of(table, count * record.size, BLOCK // record.size * record.size)))

    def string(self, number: int) -> str:
        if number == 0:
            return ""
        (length,) = struct.unpack_from("<I", self.strings, number * 4)
        return self.strings[number * 4 + 4 : number * 4 + 4 + length].decode("utf-8", "replace")

    def unfolded(self, cells: list[tuple]) -> list[tuple]:
        active, source, target, births, deaths, _, birth_bytes, death_bytes = struct.unpack_from("<6I2Q", self.head, 328)
        if active == 1:
            site, epoch = cells[target][:2]
            _, _, b, d, bb, db = cells[source]
            cells[target] = (site, epoch, births + b, deaths + d, birth_bytes + bb, death_bytes + db)
            cells[source] = (FREE, 0, 0, 0, 0, 0)
        return cells

    def grouping(self) -> list[int]:
        """The group of each epoch."""
        groups: list[list[int]] = []
        done = 0
        for number, folds in [(n, e[2]) for n, e in enumerate(self.epochs)] + [(None, self.u32(444))]:
            for _ in range(folds - done):
                groups = [[number for group in groups[i : i + 2] for number in group] for i in range(0, len(groups), 2)]
            done = max(done, folds)
            if number is not None:
                groups.append([number])
        group_of = [0] * len(self.epochs)
        for index, group in enumerate(groups):
            for number in group:
                group_of[number] = index
        return group_of

    def image(self, *which: int) -> tuple[int, list[tuple]] | None:
        """Epoch and records of the latest valid image among these (0 peak A, 1 peak B, 2 final)."""
        heads = [(struct.unpack_from("<2I3Q2I", self.head, 208 + 40 * i), PEAK_A + i) for i in which]
        valid = [(head[2], head[3], -table, head) for head, table in heads if head[0] == 1]
        if not valid:
            return None
        _, _, table, head = max(valid)
        return head[1], self.table(-table, head[5])

    def stack(self, node: int) -> list[str]:
        lines = []
        while node:
            node, frame = self.nodes[node][:2]
            code, _, line = self.frames[frame][:3]
            filename, name, qualname = (self.string(s) for s in self.codes[code][:3])
            lines.append(f"{filename}:{line} {qualname or name}")
        return lines

    def native_stack(self, node: int) -> list[str]:
        lines = []
        while node:
            node, module, address = self.natives[node]
            lines.append(f"{self.string(module)}+{address:x}")
        return lines

    def totals(self) -> dict:
        """Sums by (stack, domain) and by group, in a form that compares."""
        images = {"peak": self.image(0, 1), "final": self.image(2)}
        sites: dict[int, dict[int, list[int]]] = collections.defaultdict(lambda: collections.defaultdict(lambda: [0] * 8))
        for i, (site, epoch, births, deaths, birth_bytes, death_bytes) in enumerate(self.cells):
            if site == FREE:
                continue
            sums = [births, birth_bytes, deaths, death_bytes]
            for image in images.values():
                # A record of an image is about a pair of cells; it is added with the first.
                has = image is not None and i % 2 == 0 and i // 2 < len(image[1]) and epoch <= image[0]
                sums += image[1][i // 2] if has else (0, 0)
            group = self.group_of[epoch] if epoch < len(self.group_of) else self.group_of[-1]
            cohort = sites[site][group]
            for k, value in enumerate(sums):
                cohort[k] += value
        rows = []
        for site, cohorts in sites.items():
            node, domain, _, native = self.sites[site]
            kept = sorted([group, *sums] for group, sums in cohorts.items() if sums[0])
            if kept:
                rows.append({"stack": self.stack(node), "domain": domain, "cohorts": kept, "native": self.native_stack(native)})
        rows.sort(key=lambda row: (row["stack"], row["domain"], row["cohorts"], row["native"]))
        names = [self.string(mark[1]) for mark in self.marks]
        return {"pid": self.pid, "state": self.u32(136), "groups": self.group_of[-1] + 1 if self.group_of else 1, "marks": names,
                "has_peak": images["peak"] is not None, "has_final": images["final"] is not None, "sites": rows}


if __name__ == "__main__":
    json.dump(Process(pathlib.Path(sys.argv[1])).totals(), sys.stdout, indent=1)
    print()
