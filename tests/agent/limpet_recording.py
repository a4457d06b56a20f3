"""Reads a process folder of a recording straight from its bytes, for the integration tests.

It follows src/capture/format.h and shares no code with limpet's own reader: two readers that agree catch more than one.
A damaged file raises Unsound with the place; the tests of kills and full disks rely on that.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import pathlib
import struct
import zlib

BLOCK = 64 * 1024
HEADER = 4096
MAGIC = b"LIMPET\r\n"
NO_SITE = 0xFFFFFFFF

STRINGS, CODES, FRAMES, NODES, SITES, CELLS, EPOCHS, SAMPLES, MARKS, THREADS = range(1, 11)
NATIVES = 14
TABLES = 15
RECORDS = {
    CODES: struct.Struct("<IIIIQII"),
    FRAMES: struct.Struct("<IIIIHHI"),
    NODES: struct.Struct("<IIII"),
    SITES: struct.Struct("<IBBHII"),
    CELLS: struct.Struct("<IIIIQQ"),
    EPOCHS: struct.Struct("<QQIIQQ"),
    SAMPLES: struct.Struct("<QQQQQIIIIQQII"),
    MARKS: struct.Struct("<QIIII"),
    THREADS: struct.Struct("<iIIIQ16s3Q"),
    11: struct.Struct("<IIQ"),
    12: struct.Struct("<IIQ"),
    13: struct.Struct("<IIQ"),
    NATIVES: struct.Struct("<IIQ"),
}
RAW, MEM, OBJECT, MALLOC, MAP, FILE_MAP = range(6)
PYTHON_DOMAINS = (RAW, MEM, OBJECT)
STATES = {1: "starting", 2: "recording", 3: "finished", 4: "stopped", 5: "execed", 6: "refused", 7: "exited"}
LIMITS = {1: "blocks", 2: "disk", 4: "memory", 8: "hooks-lost", 16: "no-native"}

_FIXED = struct.Struct("<8sIIII16IQQiiiIIIII")
_LIVE = struct.Struct("<III15I")
_IMAGE = struct.Struct("<IIQQQII")
_FOLD = struct.Struct("<IIIIIIQQ")
_TAIL = struct.Struct("<9QIIII")


class Unsound(Exception):
    """The file contradicts the format; the message names the place."""


@dataclasses.dataclass(frozen=True, order=True)
class Frame:
    file: str
    function: str
    first_line: int
    offset: int
    line: int
    end_line: int
    column: int | None
    end_column: int | None


@dataclasses.dataclass
class Amount:
    """Births and deaths, blocks and bytes."""

    births: int = 0
    deaths: int = 0
    birth_bytes: int = 0
    death_bytes: int = 0

    @property
    def live(self) -> int:
        return self.births - self.deaths

    @property
    def live_bytes(self) -> int:
        return self.birth_bytes - self.death_bytes

    def add(self, other: "Amount") -> None:
        self.births += other.births
        self.deaths += other.deaths
        self.birth_bytes += other.birth_bytes
        self.death_bytes += other.death_bytes

    def minus(self, other: "Amount") -> "Amount":
        return Amount(
            self.births - other.births,
            self.deaths - other.deaths,
            self.birth_bytes - other.birth_bytes,
            self.death_bytes - other.death_bytes,
        )

    def as_tuple(self) -> tuple[int, int, int, int]:
        return (self.births, self.deaths, self.birth_bytes, self.death_bytes)


@dataclasses.dataclass
class Site:
    node: int
    domain: int
    amount: Amount
    process: Process = dataclasses.field(repr=False)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Innermost first. Made anew each time: tens of thousands of sites may be tens of thousands of frames deep."""
        return self.process.stack(self.node)

    @property
    def top(self) -> Frame | None:
        return self.process.frames[self.process.nodes[self.node][1]] if self.node else None


@dataclasses.dataclass
class Cell:
    site: int
    epoch: int
    amount: Amount


class Process:
    """One process folder. Everything is read once, counts first, so that a running process may be read too."""

    def __init__(self, folder: pathlib.Path):
        self.folder = pathlib.Path(folder)
        path = self.folder / "data"
        with open(path, "rb") as file:
            self._data = file.read(BLOCK)
            self._read_header()
            self._data += file.read((self.blocks - 1) * BLOCK)
        if len(self._data) < self.blocks * BLOCK:
            raise Unsound(f"{path}: {self.blocks} blocks promised, {len(self._data) / BLOCK:.2f} there")
        self._strings: dict[int, str] = {}
        self._index_blocks()
        self._read_cells()

    # -- header -----------------------------------------------------------------------------------------------------

    def _read_header(self) -> None:
        data = self._data
        if len(data) < HEADER or data[:8] != MAGIC:
            raise Unsound(f"{self.folder}/data: not a recording ({len(data)} bytes, magic {data[:8]!r})")
        fixed = _FIXED.unpack_from(data, 0)
        (_, self.version, header_size, block_size, self.max_blocks) = fixed[:5]
        if (self.version, header_size, block_size) != (2, HEADER, BLOCK):
            raise Unsound(f"{self.folder}/data: version, header, block = {self.version}, {header_size}, {block_size}")
        sizes = fixed[5:21]
        for table, record in RECORDS.items():
            if sizes[table] != record.size:
                raise Unsound(f"{self.folder}/data: record size of table {table} is {sizes[table]}, not {record.size}")
        (self.start_realtime_ns, self.start_monotonic_ns, self.pid, self.parent_pid, self.forked_from, self.image,
         self.python_version, self.program, self.page_size, crc) = fixed[21:]
        starting = struct.unpack_from("<I", data, _FIXED.size)[0] == 1  # its checksum may be in the making
        if zlib.crc32(data[: _FIXED.size - 4]) != crc and not starting:
            raise Unsound(f"{self.folder}/data: header checksum {crc:#x} is wrong")
        offset = _FIXED.size
        live = _LIVE.unpack_from(data, offset)
        state, self.in_fork, self.blocks = live[:3]
        self.counts = live[3:18]
        self.state = STATES.get(state, f"state {state}")
        offset += _LIVE.size
        offset += -offset % 8
        self.images = [_IMAGE.unpack_from(data, offset + k * _IMAGE.size) for k in range(3)]
        offset += 3 * _IMAGE.size
        self.fold = _FOLD.unpack_from(data, offset)
        offset += _FOLD.size
        tail = _TAIL.unpack_from(data, offset)
        (self.inherited_blocks, self.inherited_bytes, self.peak_bytes, self.peak_time_ns, self.last_tick_ns,
         self.lost_blocks, self.unrecorded_blocks, self.unrecorded_bytes, self.agent_bytes) = tail[:9]
        limits, self.folds, self.finalizing_epoch = tail[9:12]
        self.limits = {name for bit, name in LIMITS.items() if limits & bit}
        offset += _TAIL.size

        def text(size: int) -> bytes:
            nonlocal offset
            offset += size
            return data[offset - size : offset]

        self.reason = text(256).split(b"\0")[0].decode(errors="replace")
        self.python_text = text(128).split(b"\0")[0].decode(errors="replace")
        self.executable = text(512).split(b"\0")[0].decode(errors="replace")
        self.command = text(1024).rstrip(b"\0").split(b"\0")

    def _index_blocks(self) -> None:
        if not 1 <= self.blocks <= self.max_blocks:
            raise Unsound(f"{self.folder}/data: {self.blocks} blocks of at most {self.max_blocks}")
        self._blocks: dict[int, dict[int, int]] = collections.defaultdict(dict)
        for block, (bits,) in enumerate(struct.iter_unpack("<I", self._data[HEADER : HEADER + 4 * self.blocks])):
            table, index = bits & 0xFF, bits >> 8
            if block == 0 or table == 0:
                continue
            if table >= TABLES:
                raise Unsound(f"{self.folder}/data: block {block} belongs to table {table}")
            if index in self._blocks[table]:
                raise Unsound(f"{self.folder}/data: table {table} has block {index} twice")
            self._blocks[table][index] = block * BLOCK

    # -- tables -----------------------------------------------------------------------------------------------------

    def records(self, table: int) -> list[tuple]:
        record = RECORDS[table]
        per_block = BLOCK // record.size
        result: list[tuple] = []
        count = self.counts[table]
        for index in range((count + per_block - 1) // per_block):
            start = self._blocks[table].get(index)
            if start is None:
                raise Unsound(f"{self.folder}/data: table {table} has {count} records but no block {index}")
            here = min(per_block, count - index * per_block)
            result.extend(record.iter_unpack(self._data[start : start + here * record.size]))
        return result

    def string(self, ident: int) -> str:
        if ident not in self._strings:  # not an lru_cache: it would keep every recording that was ever read
            self._strings[ident] = self._read_string(ident)
        return self._strings[ident]

    def _read_string(self, ident: int) -> str:
        if ident == 0:
            return ""
        if ident >= self.counts[STRINGS]:
            raise Unsound(f"{self.folder}/data: string {ident} of {self.counts[STRINGS]}")
        index, offset = divmod(ident * 4, BLOCK)
        start = self._blocks[STRINGS].get(index)
        if start is None:
            raise Unsound(f"{self.folder}/data: string {ident} lies in missing block {index}")
        (length,) = struct.unpack_from("<I", self._data, start + offset)
        if offset + 4 + length > BLOCK:
            raise Unsound(f"{self.folder}/data: string {ident} is {length} bytes and leaves its block")
        return self._data[start + offset + 4 : start + offset + 4 + length].decode(errors="replace")

    @functools.cached_property
    def frames(self) -> list[Frame]:
        codes = self.records(CODES)
        result = []
        for number, (code, offset, line, end_line, column, end_column, _) in enumerate(self.records(FRAMES)):
            if code >= len(codes):
                raise Unsound(f"{self.folder}/data: frame {number} names code {code} of {len(codes)}")
            filename, _, qualname, first_line = codes[code][:4]
            result.append(
                Frame(self.string(filename), self.string(qualname), first_line, offset, line, end_line,
                      None if column == 0xFFFF else column, None if end_column == 0xFFFF else end_column)
            )
        return result

    @functools.cached_property
    def nodes(self) -> list[tuple[int, int, int]]:
        result = []
        for number, (parent, frame, depth, _) in enumerate(self.records(NODES)):
            if number and (parent >= number or frame >= len(self.frames) or depth != result[parent][2] + 1):
                raise Unsound(f"{self.folder}/data: node {number} = parent {parent}, frame {frame}, depth {depth}")
            result.append((parent, frame, depth))
        return result or [(0, 0, 0)]  # node 0, the empty stack, is written with the first other one

    def stack(self, node: int) -> tuple[Frame, ...]:
        result = []
        while node:
            parent, frame, _ = self.nodes[node]
            result.append(self.frames[frame])
            node = parent
        return tuple(result)

    @functools.cached_property
    def natives(self) -> list[tuple[int, str, int]]:
        """(parent, module, address); empty where no native stacks were asked for."""
        result = []
        for number, (parent, module, address) in enumerate(self.records(NATIVES)):
            if number and (parent >= number or " " not in self.string(module)):
                raise Unsound(f"{self.folder}/data: native node {number} = parent {parent}, module {self.string(module)!r}")
            result.append((parent, self.string(module).partition(" ")[2], address))
        return result

    def native_stack(self, node: int) -> tuple[tuple[str, int], ...]:
        """(module, address behind the call), innermost first."""
        result = []
        while node:
            node, module, address = self.natives[node]
            result.append((module, address))
        return tuple(result)

    def native_sites(self) -> list[tuple[int, int, int]]:
        """(bytes of one block, Python node, native node) for each site with a native stack, by its first block."""
        records = self.records(SITES)
        sums: dict[int, Amount] = collections.defaultdict(Amount)
        for cell in self.cells.values():
            sums[cell.site].add(cell.amount)
        result = []
        for number, amount in sums.items():
            native = records[number][5]
            if native >= max(len(self.natives), 1):
                raise Unsound(f"{self.folder}/data: site {number} names native node {native} of {len(self.natives)}")
            if native and amount.births:
                result.append((amount.birth_bytes // amount.births, records[number][0], native))
        return result

    def _read_cells(self) -> None:
        self.raw_cells = [list(cell) for cell in self.records(CELLS)]
        active, source, target, births, deaths, _, birth_bytes, death_bytes = self.fold
        if active:  # a fold was under way: finish it (format.h, FoldJournal)
            if source >= len(self.raw_cells) or target >= len(self.raw_cells):
                raise Unsound(f"{self.folder}/data: fold journal names cells {source} and {target}")
            moved = self.raw_cells[source]
            self.raw_cells[target][2:] = [births + moved[2], deaths + moved[3],
                                          birth_bytes + moved[4], death_bytes + moved[5]]
            moved[0] = NO_SITE
        self.cells: dict[int, Cell] = {}
        sites = self.counts[SITES]
        for number, (site, epoch, b, d, bb, db) in enumerate(self.raw_cells):
            if site == NO_SITE:
                continue
            if site >= sites:
                raise Unsound(f"{self.folder}/data: cell {number} names site {site} of {sites}")
            self.cells[number] = Cell(site, epoch, Amount(b, d, bb, db))

    # -- joined -----------------------------------------------------------------------------------------------------

    @functools.cached_property
    def site_keys(self) -> list[tuple[int, int]]:
        """(node, domain) of each site record; the two banks of a place share it."""
        result = []
        for number, (node, domain, bank, *_rest) in enumerate(self.records(SITES)):
            if node >= len(self.nodes) or domain > FILE_MAP or bank > 1:
                raise Unsound(f"{self.folder}/data: site {number} = node {node}, domain {domain}, bank {bank}")
            result.append((node, domain))
        return result

    @functools.cached_property
    def sites(self) -> list[Site]:
        sums: dict[tuple[int, int], Amount] = collections.defaultdict(Amount)
        for cell in self.cells.values():
            sums[self.site_keys[cell.site]].add(cell.amount)
        return [Site(node, domain, amount, self) for (node, domain), amount in sums.items()]

    def totals(self, domains=range(6)) -> Amount:
        result = Amount()
        for site in self.sites:
            if site.domain in domains:
                result.add(site.amount)
        return result

    def by_domain(self) -> dict[int, Amount]:
        return {domain: self.totals((domain,)) for domain in range(6)}

    def by_line(self, domains=PYTHON_DOMAINS) -> dict[tuple[str, int], Amount]:
        """Sums by (file, line) of the innermost frame; ("", 0) where there is no Python frame."""
        result: dict[tuple[str, int], Amount] = collections.defaultdict(Amount)
        for site in self.sites:
            if site.domain in domains:
                top = site.top
                result[(top.file, top.line) if top else ("", 0)].add(site.amount)
        return dict(result)

    @property
    def threads(self) -> list[dict]:
        return [
            {"tid": tid, "busy": busy, "ended": ended, "name": name.split(b"\0")[0].decode(errors="replace")}
            for tid, busy, ended, _, _, name, *_ in self.records(THREADS)
        ]

    @property
    def busy_threads(self) -> int:
        return sum(1 for thread in self.threads if thread["busy"])

    def check(self) -> None:
        """Reads every table and holds the counters to the one law: births = deaths + live, with no live below zero."""
        for table in RECORDS:
            self.records(table)
        slack = self.busy_threads if self.state != "finished" else 0
        for site in self.sites:
            if site.amount.live < -slack:
                raise Unsound(f"{self.folder}/data: site {site.top} domain {site.domain}: {site.amount}")
            if site.amount.live == 0 and site.amount.live_bytes and not slack:
                raise Unsound(f"{self.folder}/data: {site.amount.live_bytes} bytes live in no block at {site.top}")


def is_set_up(folder: pathlib.Path) -> bool:
    """Whether a process folder holds a data file with a header: a program may be killed before it comes to that."""
    try:
        with open(folder / "data", "rb") as file:
            first = file.read(BLOCK)
    except FileNotFoundError:
        return False
    return len(first) == BLOCK and first[:8] != bytes(8)


def read_all(recording: pathlib.Path) -> list[Process]:
    """Every process of a recording, oldest first."""
    folders = [path.parent for path in pathlib.Path(recording).glob("p*/data")]
    return sorted((Process(folder) for folder in folders), key=lambda process: process.start_realtime_ns)
