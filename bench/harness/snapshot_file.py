"""The figures at the two ends of a heap snapshot file (docs/format.md): the header's pause, and the end record."""

import struct

from .errors import BenchError

_PAUSE_OFFSET, _END_BYTES, _END = 72, 64, "<7QI"


def read_snapshot_figures(path):
    """Pause, walk and counts, from the header and the end record of a snapshot file."""
    data = path.read_bytes()
    if data[:8] != b"LIMPHEAP" or len(data) < _PAUSE_OFFSET + 8 + _END_BYTES:
        raise BenchError("a file that is no snapshot")
    (pause_ns,) = struct.unpack_from("<Q", data, _PAUSE_OFFSET)
    nodes, edges, heap_bytes, walk_ns, unreadable, torn, _, stopped = struct.unpack_from(_END, data, len(data) - _END_BYTES)
    if stopped:
        raise BenchError("the snapshot is not complete")
    return {
        "pause_seconds": pause_ns / 1e9, "walk_seconds": walk_ns / 1e9, "nodes": nodes, "edges": edges,
        "heap_bytes": heap_bytes, "file_bytes": len(data), "unreadable": unreadable, "torn": torn,
    }  # fmt: skip
