"""More of library_cases.py: memory, text, values, and what stands for things outside Python."""

import os
import sys

from library_cases import MINOR, Thing, attributes, family, fields, items, word


@family
def buffer_types(check):
    import array
    import ctypes
    import gc
    import mmap
    import weakref

    for code in "bhlqd":
        numbers = array.array(code, range(100))
        numbers.append(1)
        check(f"array of {code}", numbers, sized=True)
    check("empty array", array.array("i"), bytes=0)
    check("array iterator", iter(numbers), fields(ao=numbers))
    check("mmap", mmap.mmap(-1, 100_000), bytes=100_000)

    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("text", ctypes.c_char_p), ("more", ctypes.c_long * 3)]

    text = b"text that is kept"
    point = Point(1, text)
    check("small ctypes object", ctypes.c_int(5), bytes=0)
    check("Structure", point, attributes(_objects=point._objects), bytes=ctypes.sizeof(Point))
    check("array inside a Structure", point.more, attributes(_b_base_=point), bytes=0)
    check("Array", (ctypes.c_double * 1000)(), bytes=8000)
    check("pointer", ctypes.pointer(point))
    check("cast pointer", ctypes.cast(ctypes.pointer(point), ctypes.c_void_p))
    check("Structure's type", Point)
    check("Array's type", ctypes.c_long * 3)
    check("simple type", ctypes.c_int)
    pointer = ctypes.POINTER(Point)
    check("pointer's type", pointer, elsewhere=(Point,) if MINOR < 13 else ())
    signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, pointer)
    check("function's type", signature)
    # What ctypes knows of a type is in the type's dict, or behind the type.
    known = (lambda kind: word(kind, 264)) if MINOR < 13 else (lambda kind: kind)
    behind = (Point, ctypes.c_int) if MINOR < 13 else ()
    check("what ctypes knows of a structure", known(Point))
    check("what ctypes knows of a pointer", known(pointer), fields(proto=Point), elsewhere=behind)
    check("what ctypes knows of an array", known(ctypes.c_int * 7), fields(proto=ctypes.c_int), elsewhere=behind)
    check("what ctypes knows of a simple type", known(ctypes.c_int), fields(proto=ctypes.c_int._type_))
    names = fields(argtypes=signature._argtypes_, restype=ctypes.c_int)
    check("what ctypes knows of a function", known(signature), names)
    callback = signature(lambda a, b: 0)
    check("callback", callback, fields(thunk=word(callback, 96)))
    check("callback's thunk", word(callback, 96))
    function = ctypes.CDLL(None).qsort
    function.restype, function.argtypes = ctypes.c_long, [ctypes.c_int]
    function.errcheck = lambda *a: a
    check("function", function, attributes(restype=ctypes.c_long, errcheck=function.errcheck))
    cached = ctypes.c_short * 11
    referred = [x for reference in weakref.getweakrefs(cached) for x in gc.get_referents(reference)]
    for remover in referred:
        if type(remover).__name__ == "DictRemover":
            check("what forgets an array's type", remover, fields(key=word(remover, 16), dict=word(remover, 24)))
    check("argument", ctypes.byref(point), attributes(_obj=point))
    check("member", Point.x)
    check("memory of a memoryview", memoryview(point))


@family
def text_types(check):
    import csv
    import io
    import json
    import re
    import struct

    import _json

    code = struct.Struct("<2i3sd")
    check("Struct", code, attributes(format=word(code, 40)), sized=True)
    check("Struct's iterator", code.iter_unpack(b"x" * 2 * code.size), fields(so=code))
    pattern = re.compile("(?P<name>a+)(b)" + "c" * 50)
    check("Pattern", pattern, attributes(groupindex=word(pattern, 32), pattern=pattern.pattern), bytes=0)
    subject = "x" + "aab" + "c" * 50
    match = pattern.search(subject)
    match.regs  # noqa: B018  (kept from then on)
    check("Match", match, attributes(string=subject, re=pattern, regs=match.regs), bytes=0)
    scanner = pattern.scanner(subject)
    scanner.search()
    check("Scanner", scanner, {**attributes(pattern=pattern), **fields(string=subject)})
    raw = b"subject" * 3
    of_bytes = re.compile(b"(j)e").scanner(raw)
    of_bytes.search()
    check("Scanner of bytes", of_bytes, {("field", "string"): raw, ("field", "buffer.obj"): raw})
    if hasattr(re, "_compile_template"):
        template = re._compile_template(pattern, r"first \1 second \g<name> end")
        check("Template", template)
    lines = iter(["a,b", "c,d"])
    reader = csv.reader(lines)
    next(reader)
    check("csv reader", reader, {**attributes(dialect=reader.dialect), **fields(input_iter=lines)})
    check("csv dialect", reader.dialect, attributes(lineterminator=reader.dialect.lineterminator))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["a" * 2000, "b"])
    check("csv writer", writer, attributes(dialect=writer.dialect))
    hook, other = Thing.__repr__, lambda value: value
    decoder = json.JSONDecoder(object_hook=hook, parse_float=other)
    check("json scanner", decoder.scan_once, attributes(object_hook=hook, parse_float=other))
    markers = {}
    encoder = _json.make_encoder(markers, other, json.encoder.encode_basestring, "  ", ":", ",", True, True, True)
    check("json encoder", encoder, attributes(markers=markers, default=other))


@family
def codec_types(check):
    import codecs
    import io
    import unicodedata

    text = codecs.getincrementalencoder("iso2022_jp")("strict")
    check("multibyte encoder", text)
    check("multibyte encoder with errors", codecs.getincrementalencoder("gb18030")("own" + "errors"))
    check("multibyte decoder", codecs.getincrementaldecoder("gb18030")("ignore"))
    stream = io.BytesIO()
    check("multibyte reader", codecs.getreader("euc_jp")(stream), attributes(stream=stream))
    check("multibyte writer", codecs.getwriter("euc_jp")(stream, "own" + "errors"), attributes(stream=stream))
    check("old Unicode", unicodedata.ucd_3_2_0, bytes=0)
    if hasattr(unicodedata, "iter_graphemes"):
        words = "".join(["several", " words"])
        graphemes = unicodedata.iter_graphemes(words)
        check("graphemes", graphemes, fields(string=words))
        check("grapheme", next(graphemes), fields(string=words))
    if MINOR >= 15:
        space = {"__name__": "space", "__builtins__": __builtins__}
        exec("lazy import wave\nlazy from this_is_nowhere import name\n", space)
        for name in ("wave", "name"):
            check(f"lazy import of {name}", space[name])


@family
def pickle_types(check):
    import io
    import pickle

    things = [("thing", i) for i in range(200)]
    out = io.BytesIO()
    pickler = pickle.Pickler(out)
    pickler.dump(things)
    check("Pickler", pickler, sized=True)
    check("Pickler's memo", pickler.memo, fields(pickler=pickler))

    class Mine(pickle.Pickler):
        def persistent_id(self, value):
            return None

        dispatch_table = {}

    mine = Mine(io.BytesIO(), 5, buffer_callback=things.append)
    mine.dump(things)
    check("derived Pickler", mine, sized=True)
    unpickler = pickle.Unpickler(io.BytesIO(out.getvalue()))
    loaded = unpickler.load()
    names = {("item", 0): loaded} if MINOR < 15 else {}
    check("Unpickler", unpickler, names, sized=True, unlisted=-len("ASCII\0strict\0"))
    check("Unpickler's memo", unpickler.memo, fields(unpickler=unpickler))
    stack = word(unpickler, 16)
    check("Unpickler's stack", stack)

    class Loader(pickle.Unpickler):
        def persistent_load(self, name):
            texts = len("ASCII\0strict\0")
            check("Unpickler at work", self, sized=True, unlisted=-texts)
            check("Unpickler's stack at work", word(self, 16))
            return name

    class Saver(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Thing):
                check("Pickler at work", self, attributes(persistent_id=word(self, 24)) if MINOR >= 13 else {})
                return "persistent"
            return None

    out = io.BytesIO()
    Saver(out).dump([1, "two", Thing()])
    Loader(io.BytesIO(out.getvalue())).load()


@family
def xml_types(check):
    import xml.etree.ElementTree as tree
    import xml.parsers.expat as expat

    import _elementtree

    lone = tree.Element("lone")
    check("Element", lone, attributes(tag=lone.tag), bytes=0)
    root = tree.fromstring("<a x='1'>text<b/>tail<c>more</c><d/><e/><f/><g/></a>")
    check("Element with children", root, {**attributes(attrib=root.attrib, text=root.text), **items(list(root))}, sized=True)
    check("Element's tail", root[0], attributes(tail=root[0].tail))
    small = tree.fromstring("<a><b/><c/></a>")
    check("Element with few children", small, items(list(small)), sized=True)
    walk = root.iter("c")
    check("Element's iterator", walk, fields(root_element=root))
    next(walk)
    check("Element's iterator, begun", walk, items([root]))
    target = _elementtree.TreeBuilder()
    parser = _elementtree.XMLParser(target=target)
    parser.feed("<a><b>joined later")
    parser.feed(" really</b><c>")
    check("TreeBuilder", target)
    check("XMLParser", parser, attributes(target=target))
    check("Element that grows", word(target, 16))
    methods = ("start_ns", "end_ns", "start", "data", "end", "comment", "pi", "doctype", "close")
    own = type("Target", (), {name: lambda self, *a: None for name in methods})()
    parser = _elementtree.XMLParser(target=own)
    names = fields(elementtree_module=_elementtree) if MINOR >= 13 else {}
    check("XMLParser with a target of its own", parser, {**attributes(target=own), **names})
    plain = expat.ParserCreate()
    plain.buffer_text = True
    started, skipped = (lambda *a: None), (lambda *a: None)
    plain.StartElementHandler, plain.SkippedEntityHandler = started, skipped
    plain.Parse("<a>", False)
    names = attributes(StartElementHandler=started, SkippedEntityHandler=skipped, intern=plain.intern)
    check("expat parser", plain, names, bytes=22 * 8 + plain.buffer_size)


@family
def value_types(check):
    import datetime
    import decimal
    import random
    import zoneinfo

    zone = datetime.timezone(datetime.timedelta(hours=3), "name of it")
    check("date", datetime.date(2026, 1, 2), bytes=0)
    check("timedelta", datetime.timedelta(5), bytes=0)
    check("timezone", zone, fields(name="name of it"), bytes=0)
    check("datetime", datetime.datetime(2026, 1, 2), bytes=0)
    check("datetime with zone", datetime.datetime(2026, 1, 2, tzinfo=zone), attributes(tzinfo=zone))
    check("time", datetime.time(1), bytes=0)
    check("time with zone", datetime.time(1, tzinfo=zone), attributes(tzinfo=zone))
    check("small Decimal", decimal.Decimal("1.5"), sized=True)
    decimal.getcontext().prec = 3000
    check("large Decimal", decimal.Decimal(7) ** 3000, sized=True)
    check("Decimal with as many digits", decimal.Decimal("1" * 5000), sized=True)
    context = decimal.getcontext()
    check("decimal Context", context, attributes(traps=context.traps, flags=context.flags))
    check("decimal ContextManager", decimal.localcontext())
    check("Random", random.Random(1), bytes=0)
    try:
        there = zoneinfo.ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        return
    told = [there.utcoffset(datetime.datetime(2020, 1, 1)), there.tzname(datetime.datetime(2020, 7, 1))]
    check("ZoneInfo", there, {("attribute", "key"): there.key, ("field", "ttinfos"): told[0]})


@family
def stream_types(check):
    import bz2
    import hashlib
    import hmac
    import lzma
    import zlib
    from importlib.util import find_spec

    data = os.urandom(5000)
    for module, name in ((bz2, "bz2"), (lzma, "lzma"), (zlib, "zlib")):
        packed = module.compress(data) + b"more than that"
        reader = {"bz2": bz2.BZ2Decompressor, "lzma": lzma.LZMADecompressor, "zlib": zlib.decompressobj}[name]()
        reader.decompress(packed)
        check(f"{name} at its end", reader, attributes(unused_data=reader.unused_data))
        if name != "zlib":
            held = type(reader)()
            held.decompress(packed, max_length=10)
            held.decompress(b"", max_length=10)
            check(f"{name} with input waiting", held)
    held = zlib.decompressobj()
    held.decompress(zlib.compress(data), 10)
    check("zlib with input waiting", held, attributes(unconsumed_tail=held.unconsumed_tail))
    words = b"a dictionary of words" * 3
    check("zlib with a dictionary", zlib.decompressobj(zdict=words), fields(zdict=words))
    for make in (zlib.compressobj, bz2.BZ2Compressor, lzma.LZMACompressor):
        check(make.__name__, make())
    if hasattr(zlib, "_ZlibDecompressor"):
        held = zlib._ZlibDecompressor()
        held.decompress(zlib.compress(data), 10)
        check("zlib's file decompressor", held)
    try:
        from compression import zstd
    except ImportError:
        pass
    else:
        words = zstd.ZstdDict(os.urandom(64), is_raw=True)
        check("ZstdDict", words, bytes=64)
        check("ZstdCompressor", zstd.ZstdCompressor(zstd_dict=words), fields(dict=words))
        held = zstd.ZstdDecompressor()
        held.decompress(zstd.compress(data) + b"more")
        check("ZstdDecompressor", held, attributes(unused_data=held.unused_data))
    check("hash", hashlib.sha256(b"x"), bytes=0)
    for name in ("md5", "sha1", "sha256", "sha384", "sha3_256", "blake2s", "blake2b"):
        for module in ("_md5", "_sha1", "_sha2", "_sha512", "_sha3", "_blake2"):
            make = getattr(__import__(module), name, None) if find_spec(module) else None
            if make:
                check(f"{module}.{name}", make(b"x"), bytes=0)
    check("hmac", hmac.new(b"key", b"", "sha256")._hmac, bytes=0)


@family
def outside_types(check):
    import abc
    import multiprocessing
    import select
    import socket

    left, right = socket.socketpair()
    with left, right:
        check("socket", left)
        poll = select.poll()
        poll.register(left)
        poll.poll(0)
        check("poll", poll, bytes=8)
    with select.epoll() as epoll:
        check("epoll", epoll, bytes=0)
    with os.scandir(os.path.dirname(os.path.abspath(__file__))) as folder:
        entry = next(folder)
        entry.stat()
        check("scandir", folder)
        check("DirEntry", entry, attributes(name=entry.name, path=entry.path))

    class Base(abc.ABC):  # noqa: B024
        pass

    Base.register(Thing)
    assert issubclass(Thing, Base)
    check("what abc knows of a class", Base._abc_impl)
    check("SemLock", multiprocessing.get_context("fork").Lock()._semlock)
    tls_types(check)
    database_types(check)


def tls_types(check):
    import tempfile

    try:
        import ssl
    except ImportError:
        return
    named, logged = (lambda *a: None), (lambda *a: None)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.sni_callback = named
    with tempfile.NamedTemporaryFile() as log:
        server.keylog_filename = log.name
        check("SSLContext of a server", server, attributes(keylog_filename=server.keylog_filename))
    context = ssl.create_default_context()
    context._msg_callback = logged
    context.set_alpn_protocols(["h2", "http/1.1"])
    check("SSLContext", context, attributes(_msg_callback=word(context, 64)), bytes=len(b"\x02h2\x08http/1.1"))
    if MINOR >= 13:
        keyed = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        keyed.set_psk_client_callback(named)
        check("SSLContext with a key", keyed, fields(psk_client_callback=named))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    host = "a.host.invalid"
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    check("MemoryBIO", outgoing)
    names = attributes(context=context, server_hostname=tls._sslobj.server_hostname)
    check("SSLSocket", tls._sslobj, {**names, **fields(owner=word(tls._sslobj, 48))})


def database_types(check):
    try:
        import sqlite3
    except ImportError:
        return
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    traced = lambda *a: None  # noqa: E731
    database.set_trace_callback(traced)
    database.set_authorizer(None)
    cursor = database.execute("create table t (a, b)")
    database.executemany("insert into t values (?, ?)", [(1, b"blob"), (2, "y")])
    cursor = database.execute("select * from t")
    row = cursor.fetchone()
    names = {("attribute", "row_factory"): sqlite3.Row, ("field", "trace_callback"): traced}
    check("sqlite Connection", database, names)
    check("sqlite Cursor", cursor, attributes(connection=database, description=cursor.description))
    check("sqlite Row", row)
    check("sqlite Statement", word(cursor, 72))
    if hasattr(database, "blobopen"):
        with database.blobopen("t", "b", 1) as blob:
            check("sqlite Blob", blob, fields(connection=database))
    database.close()


@family
def numpy_types(check):
    if "numpy" not in sys.argv:
        return
    import numpy

    one = numpy.arange(1000, dtype="f8")
    check("ndarray", one, attributes(dtype=one.dtype), bytes=8000 + 16)
    grid = numpy.zeros((10, 20, 30), dtype="i2")
    check("ndarray of 3 dimensions", grid, bytes=12000 + 48)
    check("view", grid[2:5], attributes(base=grid), bytes=48)
    check("array of no dimension", numpy.array(5.0), bytes=8)
    things = [Thing(str(i)) for i in range(50)]
    objects = numpy.empty(50, dtype=object)
    objects[:] = things
    check("array of objects", objects, items(things), bytes=400 + 16)
    check("view of objects", objects[::2], attributes(base=objects), bytes=16)
    mixed = numpy.dtype([("a", "i4"), ("b", "f8", (2, 3))], metadata={"k": Thing()})
    check("structured dtype", mixed, attributes(names=mixed.names))
    check("dtype with subarray", mixed["b"], attributes(shape=mixed["b"].shape, base=mixed["b"].base))
    check("plain dtype", numpy.dtype("f4"), attributes(type=numpy.float32))
    check("dtype's class", type(numpy.dtype("f4")))
    record = numpy.zeros(3, dtype=mixed)
    check("record", record[1], attributes(dtype=record.dtype))
    check("bytes of its own", numpy.void(b"abc"), bytes=3)
    check("matrix", numpy.asmatrix(grid[0]))
    check("masked array", numpy.ma.array([1, 2, 3], mask=[0, 1, 0]))
    check("scalar", numpy.float64(3), bytes=0)
    check("date", numpy.datetime64("2026-01-01"), bytes=0)
