"""Counts live blocks from the shadow table itself (src/agent/shadow.h), independently of the recording's counters.

With the option shadow=1 the agent keeps the table in files `shadow.<leaf>` of the process folder, so it outlives a kill.
"""

from __future__ import annotations

import collections
import os
import pathlib

import limpet_recording

TAG_CODE, TAG_HUGE, TAG_LARGE, MAX_SMALL = 29, 30, 31, 16
LEAF_WORDS = 1 << 22


def _data_ranges(fd: int, size: int):
    """The parts of a sparse file that hold data, in order."""
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, end
        at = end


def rows(folder: pathlib.Path):
    """(cell, size) of every live block."""
    for path in sorted(pathlib.Path(folder).glob("shadow.*")):
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            skip_until = 0
            for start, end in list(_data_ranges(file.fileno(), size)):
                words = memoryview(os.pread(file.fileno(), end - start + 8, start)).cast("B")
                words = words[: len(words) // 4 * 4].cast("I")
                count = (end - start) // 4
                index = max(0, skip_until - start // 4)
                while index < count:
                    word = words[index]
                    if word == 0:
                        index += 1
                        continue
                    tag = word & 31
                    if tag <= MAX_SMALL:
                        yield word >> 5, tag
                        index += 1
                    elif tag == TAG_HUGE:
                        yield word >> 5, words[index + 1] | words[index + 2] << 32
                        index += 3
                    elif tag in (TAG_LARGE, TAG_CODE):
                        yield word >> 5, words[index + 1]
                        index += 2
                    else:
                        raise limpet_recording.Unsound(f"{path}: word {start // 4 + index} = {word:#x} has tag {tag}")
                skip_until = start // 4 + index


def differences(process: limpet_recording.Process) -> list[str]:
    """Where counters and shadow disagree, by (stack, domain, birth epoch): one line each. Empty is what should be.

    A row names a pair of cells (src/agent/counters.h): number `pair` is cells 2 * pair and 2 * pair + 1. Mappings have no rows.
    """
    counted: dict[tuple, limpet_recording.Amount] = collections.defaultdict(limpet_recording.Amount)
    for cell in process.cells.values():
        node, domain = process.site_keys[cell.site]
        if domain not in (limpet_recording.MAP, limpet_recording.FILE_MAP):
            counted[node, domain, cell.epoch].add(cell.amount)
    live: dict[tuple, list[int]] = collections.defaultdict(lambda: [0, 0])
    for pair, size in rows(process.folder):
        cell = process.cells.get(2 * pair) or process.cells.get(2 * pair + 1)
        key = (*process.site_keys[cell.site], cell.epoch) if cell else ("no cell", pair, 0)
        live[key][0] += 1
        live[key][1] += size
    result = []
    for key in counted.keys() | live.keys():
        mine = (counted[key].live, counted[key].live_bytes)
        if mine != tuple(live[key]):
            where = process.stack(key[0])[:1] if isinstance(key[0], int) else key
            result.append(f"domain {key[1]} epoch {key[2]} at {where}: counters {mine}, shadow {tuple(live[key])}")
    return result
