"""Holds a heap snapshot against what the interpreter said of its own heap (programs/oracle.py).

    python compare_heap.py SNAPSHOT ORACLE       prints the tables

An object that gc shows and the snapshot lacks, a reference that gc shows and the snapshot lacks, and a size that is not sys.getsizeof's
are each counted by type. Objects of the snapshot that gc does not show are counted by how they were come to.
"""

import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "format"))

import read_snapshot  # noqa: E402


class Comparison:
    def __init__(self, snapshot: read_snapshot.Snapshot, oracle: list):
        self.missing = collections.Counter()    # type -> objects
        self.renamed = collections.Counter()    # (gc's name of the type, ours) -> objects
        self.unseen = collections.Counter()     # (type, type of the referent) -> references
        self.sizes = collections.Counter()      # (type, ours - getsizeof) -> objects
        self.extra = collections.Counter()      # (type, type of a referrer, label) -> objects
        self.objects = self.references = 0
        by_address = {node[1]: number for number, node in enumerate(snapshot.nodes) if node[1] > 4096}
        kinds = {number: self.kind(snapshot, node) for number, node in enumerate(snapshot.nodes)}
        known = {}
        for address, name, size, referents in oracle:
            known[address] = name
        for address, name, size, referents in oracle:
            self.objects += 1
            number = by_address.get(address)
            if number is None:
                self.missing[name] += 1
                continue
            node = snapshot.nodes[number]
            if kinds[number] != name:
                self.renamed[name, kinds[number]] += 1
            if size >= 0 and node[2] != size:
                self.sizes[name, node[2] - size] += 1
            targets = {snapshot.nodes[target][1] for target in node[5] if target != read_snapshot.MISSING}
            targets.add(snapshot.types[snapshot.classes[node[0]][0]][1])  # of heap types: implied by the class
            for other in set(referents):
                self.references += 1
                if other not in targets:
                    self.unseen[name, known.get(other, "?")] += 1
        self.count_extras(snapshot, kinds, known)

    @staticmethod
    def kind(snapshot, node) -> str:
        return snapshot.types[snapshot.classes[node[0]][0]][0]

    def count_extras(self, snapshot, kinds, known) -> None:
        extra = {number for number, node in enumerate(snapshot.nodes) if node[1] not in known and not kinds[number].startswith("<")}
        told = set()
        for number, node in enumerate(snapshot.nodes):
            if not extra.intersection(node[5]):
                continue
            for label, target in zip(snapshot.labels(node), node[5]):
                if target in extra and target not in told:
                    told.add(target)
                    kind, argument, _ = label.rsplit(" ", 2) if label.count(" ") >= 2 else (label, "", "")
                    plain = kind if kind in ("item", "key", "value", "element", "stack", "global") else f"{kind} {argument}"
                    self.extra[kinds[target], kinds[number], plain] += 1
        for number in extra - told:
            self.extra[kinds[number], "", "tracked by the collector"] += 1

    def tables(self) -> str:
        lines = [f"{self.objects} objects, {self.references} references"]
        for title in ("missing", "renamed", "unseen", "sizes", "extra"):
            counter = getattr(self, title)
            lines.append(f"{title}: {sum(counter.values())}")
            lines += [f"  {count:8} {key}" for key, count in counter.most_common(40)]
        return "\n".join(lines)


def read_oracle(path: pathlib.Path) -> list:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    snapshot = read_snapshot.Snapshot(pathlib.Path(sys.argv[1]))
    print(Comparison(snapshot, read_oracle(pathlib.Path(sys.argv[2]))).tables())
