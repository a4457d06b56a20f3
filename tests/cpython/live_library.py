"""Runs inside the interpreter under test: objects of the standard library's C types, taken apart by limpet's decoders.

usage: live_library.py PROBE_LIBRARY [FAMILY...]; prints what was compared, exits 1 on a difference. Each object of library_cases.py is held
against the interpreter: all that gc.get_referents shows must be told, every name that the case expects must lead to the very object, and
sizes must be those of sys.getsizeof where the case says so.
"""

import ctypes
import gc
import sys

import library_cases_more  # noqa: F401  (adds families)
from library_cases import FAMILIES, Case

MINOR = sys.version_info[1]
KINDS = "type item key value element attribute field local closure stack visited scanned global contains".split()
OWNED, BORROWED, WEAK = 0, 1, 2
DONE = 0
CAPACITY = 300_000


class Reference(ctypes.Structure):
    _fields_ = [
        ("target", ctypes.c_uint64),
        ("label", ctypes.c_uint64),
        ("kind", ctypes.c_int32),
        ("strength", ctypes.c_int32),
    ]


class Decoded:
    """What limpet tells of one object."""

    def __init__(self, probe, value):
        sizes = (ctypes.c_uint64 * 5)()
        count = probe.decode_object(MINOR, id(value), sizes, OUT, CAPACITY)
        self.own, self.besides, self.result, self.form, self.before = sizes
        self.known = count >= 0
        self.references = [
            (r.target, KINDS[r.kind], r.strength, self.name(r)) for r in OUT[: max(0, min(count, CAPACITY))]
        ]
        self.targets = {r[0] for r in self.references}

    @staticmethod
    def name(reference):
        if reference.label >> 63:
            return ctypes.string_at(reference.label & ~(1 << 63)).decode()
        if KINDS[reference.kind] in ("item", "element", "stack", "key", "value"):
            return reference.label
        return ctypes.cast(reference.label, ctypes.py_object).value


OUT = (Reference * CAPACITY)()


def short(value):
    return f"{type(value).__module__}.{type(value).__qualname__} at {id(value):#x}: {repr(value)[:60]}"


def differences(probe, case):
    """Yields a line for everything that is not as it should be."""
    value = case.value
    told = Decoded(probe, value)
    if not told.known or told.result != DONE:
        yield f"not decoded: known {told.known}, result {told.result}"
        return
    left_out = {id(type(value)), id(getattr(value, "__dict__", None))} | {id(x) for x in case.elsewhere}
    for referent in gc.get_referents(value):
        if id(referent) not in told.targets and id(referent) not in left_out:
            yield f"not told: {short(referent)}"
    by_name = {}
    for target, kind, strength, name in told.references:
        by_name.setdefault((kind, name), []).append((target, strength))
    for (kind, name), expected in case.names.items():
        found = [target for target, _ in by_name.get((kind, name), [])]
        if id(expected) not in found:
            yield f"{kind} {name}: {list(map(hex, found))}, not {short(expected)}"
    counted = {}
    for target, _, strength, _ in told.references:
        counted[target] = counted.get(target, 0) + (strength == OWNED)
    for target, count in counted.items():
        references = ctypes.c_uint32.from_address(target).value
        if references < count and references < 1 << 30:
            yield f"{count} references to {target:#x}, which counts {references}"
    if case.sized:
        expected = value.__sizeof__() + case.unlisted - type(value).__basicsize__
        if told.besides != expected:
            yield f"{told.besides} bytes besides, not {expected}"
    if case.bytes is not None and told.besides != case.bytes:
        yield f"{told.besides} bytes besides, not {case.bytes}"


def main():
    probe = ctypes.CDLL(sys.argv[1])
    probe.decode_object.restype = ctypes.c_int64
    probe.decode_object.argtypes = [ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    checked, wrong = [], []

    def check(*args, **options):
        case = Case(*args, **options)
        lines = list(differences(probe, case))
        checked.append(case.name)
        if lines:
            wrong.append(case.name)
        for line in lines[:10]:
            print(f"{case.name}: {line}")

    gc.disable()
    for family in FAMILIES:
        if not sys.argv[2:] or family.__name__ in sys.argv[2:]:
            family(check)
    print(f"{len(checked)} objects, {len(wrong)} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
