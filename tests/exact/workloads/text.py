"""Strings of every width, formatting, joining, interning, encoding; json, re, csv, io, struct, pickle."""

import csv
import io
import json
import pickle
import re
import struct
import sys


def strings():
    out = []
    for n in range(800):
        out.append("ascii %d" % n)
        out.append(f"é{n:>10}")
        out.append("\u20ac" * (n % 40) + str(n))
        out.append("\U0001f40c" * (n % 9) + "x")
        out.append(
            "-".join(
                str(k) for k in range(n % 12)
            )
        )
    out += [sys.intern("interned-%d" % n) for n in range(200)]
    out += ["%s".encode() % str(n).encode() for n in range(100)]
    text = ""
    for n in range(2000):
        text += "ab"
    out.append(text.upper().replace("A", "aa").split("B"))
    return out


def documents():
    text = json.dumps([{"id": n, "tags": ["a", "b"], "nested": {"x": None, "y": 1.5}} for n in range(400)], indent=1)
    return json.loads(text), json.loads('{"k": "v"}', object_pairs_hook=list)


def matches():
    word = re.compile(r"(?P<key>\w+)=(?P<value>[^;]*);?")
    line = "alpha=1;beta=two;gamma=;" * 50
    return word, [m for m in word.finditer(line)], [re.compile("x{%d}y*" % n) for n in range(20)], word.sub("z", line)


def streams():
    sink = io.StringIO()
    writer = csv.writer(sink)
    for n in range(300):
        writer.writerow([n, "text,%d" % n, None])
    rows = list(csv.reader(io.StringIO(sink.getvalue())))
    raw = io.BytesIO()
    for n in range(500):
        raw.write(struct.pack("<qd", n, n))
    return sink, rows, raw, pickle.loads(pickle.dumps(rows)), list(struct.iter_unpack("<qd", raw.getvalue()))


def run():
    return strings(), documents(), matches(), streams()
