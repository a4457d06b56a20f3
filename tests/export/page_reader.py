"""Reads the page of `limpet report --html` as a browser would: what is markup, and the document in it."""

import base64
import json
import zlib
from html.parser import HTMLParser


class Page(HTMLParser):
    """Elements with their attributes, and the text of scripts by their id."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self._script = dict(attributes).get("id") or f"code-{len(self.scripts)}"
            self.scripts[self._script] = ""

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, data):
        if self._script is not None:
            self.scripts[self._script] += data

    @property
    def policy(self) -> str:
        return next(a["content"] for tag, a in self.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy")

    @property
    def document(self) -> dict:
        if "limpet-document" in self.scripts:
            return read_columns(json.loads(self.scripts["limpet-document"]))
        return read_columns(json.loads(zlib.decompress(base64.b64decode(self.scripts["limpet-document-deflate"]))))


def read_columns(document: dict) -> dict:
    """With its columns of numbers, each of which is one text, as lists."""
    processes = [process for run in document["runs"] for process in run["processes"]]
    tables = [table for process in processes for table in (process["stacks"], process["sites"], process["sites"]["cells"])]
    for table in [document["frames"], *tables]:
        table.update({key: [int(word) for word in text.split()] for key, text in table.items() if isinstance(text, str)})
    return document


def stacks_of(document: dict, process: dict) -> list[list[tuple[str, str, int]]]:
    """By row of sites: its frames (function, file, line), innermost first."""
    strings, frames, stacks = document["strings"], document["frames"], process["stacks"]
    out = []
    for row in process["sites"]["stack"]:
        stack = []
        while row:
            frame = stacks["frame"][row]
            stack.append((strings[frames["function"][frame]], strings[frames["file"][frame]], frames["line"][frame]))
            row = stacks["parent"][row]
        out.append(stack)
    return out


def cells_of(process: dict, row: int, column: str) -> list[int]:
    sites = process["sites"]
    return sites["cells"][column][sites["cell"][row] : sites["cell"][row + 1]]
