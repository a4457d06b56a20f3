"""A page of a large program, made of a page of a small one: to record fifty thousand sites and five million objects takes longer than all tests of the viewer.

It has as much of everything as limpet puts into a page at most: sites and stacks, areas of the heap, samples, marks.
"""

import base64
import json
import random
import re
import zlib

FILES = 200
BRANCH = 40_000  # rows of the tree of stacks
OBJECTS = 5_000_000
AREAS = 1200  # as viewer/treemap.h
TYPES = 60  # of each table, as viewer/heap_part.h
SAMPLES = 768  # as capture/format.h
MARKS = 400  # as viewer/time_part.cc
LEDGERS = 16  # as capture/memory_format.h

DATA = re.compile(r'<script type="(?:application/json|text/plain)" id="limpet-document(-deflate)?">([^<]*)</script>')


def document_of(page: str) -> dict:
    packed, text = DATA.search(page).groups()
    return json.loads(zlib.decompress(base64.b64decode(text)) if packed else text)


def with_document(page: str, document: dict) -> str:
    packed = base64.b64encode(zlib.compress(json.dumps(document).encode(), 1)).decode()
    start, end = DATA.search(page).span()
    return f'{page[:start]}<script type="text/plain" id="limpet-document-deflate">{packed}</script>{page[end:]}'


class Columns:
    """A table of the document, with its columns as lists while it grows."""

    def __init__(self, table: dict):
        self.table = table
        self.lists = {key: [int(word) for word in text.split()] for key, text in table.items() if isinstance(text, str)}

    def add(self, **row):
        for key, value in row.items():
            self.lists[key].append(value)
        return len(self.lists[key]) - 1

    def write(self):
        self.table.update({key: " ".join(map(str, values)) for key, values in self.lists.items()})


def grow(document: dict, sites: int) -> dict:
    """The same document, its main process having that many more sites: paths of a random tree of functions, each with some epochs. Stacks are of some
    eighty frames, as those of a server below its framework are."""
    run = document["runs"][0]
    process = run["processes"][run["main_process"]]
    draw = random.Random(1)
    strings = document["strings"]
    frames, stacks = Columns(document["frames"]), Columns(process["stacks"])
    rows, cells = Columns(process["sites"]), Columns(process["sites"]["cells"])
    files = [len(strings) + number for number in range(FILES)]
    strings += [f"/srv/service/part{number:03}/handlers_{number % 7}.py" for number in range(FILES)]
    made = [0]
    for number in range(BRANCH):
        strings.append(f"handle_{number}")
        frame = frames.add(function=len(strings) - 1, file=files[number % FILES], line=number // FILES + 1)
        # Recent rows are the likelier parents: so the tree is deep.
        parent = made[-1 - int(min(len(made), 400) * draw.random() ** 0.7)]
        made.append(stacks.add(parent=parent, frame=frame))
    epochs = len(process["epochs"]["start"])
    for _ in range(sites):
        for epoch in sorted(draw.sample(range(epochs), min(epochs, draw.randint(1, 11)))):
            born = draw.randint(1, 40)
            freed = draw.randint(0, born)
            cells.add(epoch=epoch, born_bytes=born * 56, born_objects=born, live_bytes=(born - freed) * 56,
                      live_objects=born - freed, freed_bytes=freed * 56, freed_objects=freed)  # fmt: skip
        grown = draw.randint(0, 20)
        rows.add(stack=draw.choice(made), kind=1, type=0, grown_bytes=grown * 56, grown_objects=grown,
                 peak_bytes=grown * 112, peak_objects=grown * 2, cell=len(cells.lists["epoch"]))  # fmt: skip
    for columns in (frames, stacks, rows, cells):
        columns.write()
    grow_heap(process["heap"], draw)
    grow_time(process)
    return document


def grow_heap(heap, draw):
    """As many objects and areas, and full tables."""
    tree, summary = heap["treemap"], heap["summary"]
    factor = OBJECTS // summary["objects"]
    for table in (summary, *summary["rows"]):
        table.update({key: value * factor for key, value in table.items() if key in ("objects", "bytes", "own_bytes", "retained_bytes")})
    for key in ("objects", "bytes"):
        tree[key] = [value * factor for value in tree[key]]
    while len(tree["parent"]) < AREAS:
        row = len(tree["parent"])
        parent = draw.randrange(max(0, row - 200), row)
        bytes_of = max(1, tree["bytes"][parent] // draw.randint(3, 30))
        area = {"parent": parent, "label": f"app.models.Thing{row % 97}", "type": f"app.models.Thing{row % 97}", "groups": 1 + row % 5,
                "objects": bytes_of // 60 + 1, "bytes": bytes_of}  # fmt: skip
        for key, value in area.items():
            tree[key].append(value)
    for table in (summary["rows"], summary["biggest"]):
        table += [dict(draw.choice(table), type=f"app.models.Thing{number}") for number in range(TYPES - len(table))]


def grow_time(process):
    samples, seconds = process["samples"], process["seconds"]
    shown = len(samples["seconds"])
    pick = [number * shown // SAMPLES for number in range(SAMPLES)]
    for key in ("rss", "live", "collected", "threads"):
        samples[key] = [samples[key][number] for number in pick]
    samples["collections"] = [list(range(0, SAMPLES * step, step)) for step in (3, 2, 1)]
    samples["seconds"] = [number * seconds / SAMPLES for number in range(SAMPLES)]
    process["marks"] = [{"seconds": number * seconds / MARKS, "name": f"turn {number}", "iterations": number} for number in range(MARKS)]
    ledgers = process["ledgers"]
    process["ledgers"] = [dict(ledgers[number * len(ledgers) // LEDGERS], seconds=(number + 1) * seconds / LEDGERS) for number in range(LEDGERS)]
