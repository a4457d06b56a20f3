"""Runs inside the interpreter under test: holds what limpet's decoders say of live objects against what the interpreter says.

usage: live_objects.py DECODE_LIBRARY (referents|surplus) [EXAMPLES]; prints what was compared, exits 1 on a difference. EXAMPLES: how many
objects of each type to show that are held more often than was told.

Everything happens inside functions: from 3.15 on, a global variable that holds a lazy import is no longer one once it was looked at.
"""

import collections
import ctypes
import gc
import sys

MINOR = sys.version_info[1]
KINDS = "type item key value element attribute field local closure stack visited scanned global contains".split()
STRENGTHS = "owned borrowed weak maybe".split()
FORM_TYPE = 12
VERBOSE = int(sys.argv[3]) if len(sys.argv) > 3 else 0
DONE, UNREADABLE, TORN, UNKNOWN = range(4)

Reference = collections.namedtuple("Reference", "target kind strength label")
Decoded = collections.namedtuple("Decoded", "references own beside result pre_header")


class RawReference(ctypes.Structure):
    _fields_ = [
        ("target", ctypes.c_uint64),
        ("label", ctypes.c_uint64),
        ("kind", ctypes.c_int32),
        ("strength", ctypes.c_int32),
    ]


class Decoder:
    """The decoders of src/cpython, asked about objects of this process."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.decode_object.restype = ctypes.c_int64
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self.library.decode_object.argtypes = [ctypes.c_int, ctypes.c_uint64, pointer, pointer, number]
        self.library.decode_frame.restype = ctypes.c_int64
        self.library.decode_frame.argtypes = [ctypes.c_int, pointer, pointer, number, number]
        get = ctypes.pythonapi.PyGILState_GetThisThreadState
        get.restype = pointer
        self.thread = get()
        self.library.decode_interpreter.argtypes = [ctypes.c_int, pointer]
        self.library.decode_interpreter(MINOR, self.thread)
        self.library.decode_type_name.restype = ctypes.c_uint64
        self.library.decode_type_name.argtypes = [ctypes.c_int, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_uint64]
        self.capacity = 1 << 17  # from the start: memory that changed hands during a check would confuse it
        self.raw = (RawReference * self.capacity)()
        self.sizes = (ctypes.c_uint64 * 5)()

    def raw_count(self, address):
        """Decodes into self.raw and says how many references there are."""
        count = self.library.decode_object(MINOR, address, self.sizes, self.raw, self.capacity)
        assert 0 <= count <= self.capacity, f"{count} references at {address:#x}"
        return count

    def targets(self, address):
        return [self.raw[i].target for i in range(self.raw_count(address))]

    def __call__(self, thing):
        count = self.raw_count(id(thing))
        references = [self.named(self.raw[i]) for i in range(count)]
        return Decoded(references, self.sizes[0], self.sizes[1], self.sizes[2], self.sizes[4])

    def frame(self, index):
        """The references of this thread's index-th frame, counted from the caller's."""
        count = self.library.decode_frame(MINOR, self.thread, self.raw, self.capacity, index + 1)
        assert 0 <= count <= self.capacity, count
        return [self.named(self.raw[i]) for i in range(count)]

    @staticmethod
    def named(raw):
        label = raw.label
        if raw.kind in (KINDS.index("attribute"), KINDS.index("field"), KINDS.index("local"), KINDS.index("closure")):
            literal = raw.label >> 63
            address = raw.label & ~(1 << 63)
            label = ctypes.string_at(address).decode() if literal else ctypes.cast(address, ctypes.py_object).value
        return Reference(raw.target, KINDS[raw.kind], STRENGTHS[raw.strength], label)

    def type_name(self, cls):
        out = ctypes.create_string_buffer(400)
        size = self.library.decode_type_name(MINOR, id(cls), out, 400)
        return out.raw[:size].decode()


def type_name(cls):
    name = f"{cls.__module__}.{cls.__qualname__}" if isinstance(cls.__module__, str) else cls.__qualname__
    return name.removeprefix("builtins.")


def whole_heap(hidden):
    """Every object that the collector knows, and the closure of gc.get_referents over them, by address."""
    gc.collect()
    found = {id(thing): thing for thing in gc.get_objects()}
    for thing in hidden:
        found.pop(id(thing), None)
    todo = list(found.values())
    secret = {id(found), id(todo), id(hidden), *map(id, hidden)}
    secret.add(id(secret))
    while todo:
        for referent in gc.get_referents(todo.pop()):
            if id(referent) not in found and id(referent) not in secret:
                found[id(referent)] = referent
                todo.append(referent)
    return found


LARGE = """argparse ast asyncio concurrent.futures csv ctypes.util dataclasses datetime decimal difflib email.message email.parser fractions functools
html.parser http.client http.server inspect ipaddress json logging.config multiprocessing.pool pickle queue random socketserver sqlite3 ssl
statistics subprocess tempfile threading tokenize typing unittest.mock urllib.request uuid weakref xml.dom.minidom xml.etree.ElementTree
xmlrpc.client zipfile zoneinfo""".split()


def import_much():
    for name in LARGE:
        try:
            __import__(name)
        except ImportError:
            print(f"(no {name} here)")


# What tp_traverse of these does not say of itself: (type, type of the referent) -> why it need not be among the references.
def explained_absence(owner, referent, decode):
    if type(owner).__name__ == "module":
        return "the state of an extension module: C memory, which the walker looks at"
    if 13 == MINOR and id(referent) in {t for r in decode(owner).references if r.label == "__dict__" for t in decode.targets(r.target)}:
        return "attributes of an instance whose __dict__ was asked for: told by way of the dict"
    if type_name(type(owner)) in INDIRECT and id(referent) in {t for r in decode(owner).references for t in decode.targets(r.target)}:
        return "told by what the owner holds"
    return None


# Types whose tp_traverse looks through a part of theirs that is an object of its own: cache entries, the dict of a ctypes type.
INDIRECT = ("functools._lru_cache_wrapper", "_ctypes.PyCPointerType")


def check_referents(decode):
    import_much()
    heap = whole_heap([])
    missing = collections.Counter()
    results = collections.Counter()
    unknown = collections.Counter()
    for address, thing in heap.items():
        targets = set(decode.targets(address))
        results[decode.sizes[2]] += 1
        if decode.sizes[2] == UNKNOWN:
            unknown[type_name(type(thing))] += 1
            continue
        targets.add(id(type(thing)))
        if thing is heap or thing is missing or thing is results:
            continue
        for referent in gc.get_referents(thing):
            if id(referent) not in targets and not explained_absence(thing, referent, decode):
                missing[type_name(type(thing)), type_name(type(referent))] += 1
    print(f"{len(heap)} objects: {dict(results)}; of unknown type: {dict(unknown)}")
    assert len(heap) > 20000
    assert results[UNREADABLE] == results[TORN] == 0, results
    assert results[UNKNOWN] < len(heap) // 500, unknown
    assert not missing, missing
    return results, missing, unknown


# In 3.11, constants of the interpreter's own modules are laid out at compile time, and refer to these without counting.
UNCOUNTED = ("bool", "NoneType", "ellipsis") if MINOR == 11 else ()


def read_word(address):
    return ctypes.c_uint64.from_address(address).value


def is_immortal(count):
    return bool(count & 1 << 31) if MINOR >= 12 else count >= 1 << 29


def count_edges(decode, roots):
    """Goes from the roots along the references told, and counts for each object those that are owned, in all and kept under a condition."""
    owned = collections.Counter()
    seen = set(roots)
    todo = list(roots)
    while todo:
        address = todo.pop()
        n = decode.raw_count(address)
        cls = read_word(address + 8)
        targets = [(decode.raw[i].target, decode.raw[i].strength) for i in range(n)]
        if read_word(cls + 168) & 1 << 9:  # a heap type is counted by its instances
            targets.append((cls, 0))
        elif cls not in seen:
            seen.add(cls)
            todo.append(cls)
        for target, strength in targets:
            if strength == 0:
                owned[target] += 1
            if strength <= 1 and target not in seen:
                seen.add(target)
                todo.append(target)
    return seen, owned


def check_surplus(decode):
    """No object is told to be held more often than it is; those held more often than told are few, and listed by type."""
    import_much()
    heap = whole_heap([])
    roots = list(heap)
    heap_id = id(heap)
    seen, owned = count_edges(decode, roots)
    for index in range(2):
        for reference in decode.frame(index):
            if reference.strength == "owned":
                owned[reference.target] += 1
    examples = collections.defaultdict(list)
    too_many, surplus, held = [], collections.Counter(), collections.Counter()
    for address in seen:
        count = read_word(address) & 0xFFFFFFFF
        if is_immortal(count) or address == heap_id:
            continue
        name = type_name(ctypes.cast(read_word(address + 8), ctypes.py_object).value)
        rest = count - owned[address] - (address in heap)
        held[name] += 1
        if rest > 0:
            surplus[name] += 1
            examples[name].append((address, rest))
        if rest < 0 and name not in UNCOUNTED:
            too_many.append((name, hex(address), count, owned[address]))
    print(f"{len(seen)} objects, {sum(held.values())} mortal, {sum(surplus.values())} with a surplus: {dict(surplus.most_common(40))}")
    if VERBOSE:
        for name, found in examples.items():
            texts = [f"{rest} {str(ctypes.cast(a, ctypes.py_object).value)[:80]!r}" for a, rest in found[:VERBOSE]]
            print(name, *texts, sep="\n    ")
    if too_many:
        tellers = collections.defaultdict(list)
        for address, thing in heap.items():
            for target in decode.targets(address):
                tellers[target].append(type_name(type(thing)))
        for name, address, count, told in too_many[:20]:
            print(f"{name} at {address}: {count} references, told {told}: by {tellers[int(address, 16)]}")
    # What is held by C code alone: static types, module states, names in the interpreter's caches. Of the types that leak, hardly any.
    assert sum(surplus.values()) < len(seen) // 50
    for name, limit in {"tuple": 10, "list": 20, "set": 10, "method": 0, "cell": 0, "weakref.ReferenceType": 5, "bytes": 0, "float": 0}.items():
        assert surplus[name] <= limit, (name, surplus[name])
    assert not too_many, f"{len(too_many)} objects are told to be held more often than they are"
    return {address: rest for found in examples.values() for address, rest in found}


if __name__ == "__main__":
    globals()[f"check_{sys.argv[2]}"](Decoder(sys.argv[1]))
