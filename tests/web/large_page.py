"""A page of very many allocation sites, made of a page of few: to record fifty thousand of them takes longer than all tests of the viewer."""

import base64
import json
import random
import re
import zlib

FILES = 200
BRANCH = 40_000  # rows of the tree of stacks

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
    """The same document, its main process having that many more sites: paths of a random tree of functions, each with some epochs."""
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
        # Recent rows are the likelier parents: stacks of some twenty frames, as programs have them.
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
    return document
