"""On small random heaps, guppy3 and objgraph say the same as limpet, object by object, but for what is written down here.

Retained sizes. guppy3's domisize of an object is the sum of what guppy3 sees only through it. limpet's retained size differs by exactly:
  1. the references of dicts to their str keys, which the collector does not show, so that guppy3 does not know of them: a str that only
     keys of dominated dicts refer to belongs to it; one that is a key of a dict elsewhere, too, does not (`as_limpet_sees` below).
  2. the values of objects with shared keys. Up to 3.12 sys.getsizeof of their __dict__ counts only those that could still be added, where
     limpet counts the block that is there; from 3.13 on they lie in the object, where limpet counts them, and getsizeof leaves them out or
     takes them for the __dict__'s.
  3. what C code holds and no traverse function shows: limpet sees that the count is higher than the references, guppy3 does not. Of a
     script that is given by its path, the parser keeps all names until the script ends; so the program is run by -m here.
Nothing else: the rule gives each object's retained size to the byte, and the number of objects.

Names. What guppy3 has a name for has the same name here; where guppy3 says `??`, limpet has a name all the same. The index of a set's
element is a matter of taste: guppy3 counts elements, limpet slots.
"""

import collections
import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import read_snapshot

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = HERE / "programs/peers.py"
OWNED = 0  # a strength
MADE_BY_CLASS = 4  # a flag of types: made at run time
LONG = "LIMPET_TEST_LONG" in os.environ
SEEDS = range(1, 9) if LONG else (1, 2)
ASKED = 1000 if LONG else 24  # objects of a heap whose retained sizes are asked for: those that dominate most
OBJECTS = 160
# References that guppy3 does not know of, beside others to the same object.
MORE = {"generator": {"%s.f_code"}}  # 3.11: the generator's own frame refers to its code again


def peers_of(interpreter):
    """The folder with the pinned packages for this version, made on first use."""
    version = "{}.{}".format(*interpreter.series)
    target = ROOT / ".cache/guests" / f"peers-{version}"
    if not (target / "installed").exists():
        platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_28", "_2_17", "_2_5")]
        argv = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--no-deps", "--target", target, "--only-binary", ":all:",
                "--python-version", version, *platforms, "-r", HERE / "requirements-peers.txt"]  # fmt: skip
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no guppy3 for {version}: {(done.stderr.strip().splitlines() or ['?'])[-1][:200]}")
        (target / "installed").touch()
    return target


@contextlib.contextmanager
def answered(interpreter, folder, seed):
    """What the peers say of the heap that this seed gives, while the program stands still."""
    answer = folder / f"answer{seed}"
    environment = os.environ | {"PYTHONPATH": f"{peers_of(interpreter)}:{PROGRAM.parent}", "PYTHONHASHSEED": str(seed)}
    process = subprocess.Popen(interpreter.command("-m", PROGRAM.stem, answer, seed, OBJECTS), stdin=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(1200):
            if answer.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        assert answer.exists(), "the program ended before it had written its answer"
        yield json.loads(answer.read_text())
    finally:
        Path(f"{answer}.end").touch()
        process.wait(timeout=60)


class Heap:
    """The snapshot by address: as the independent reader sees it, and as limpet's commands tell of it."""

    def __init__(self, recording, limpet, run):
        self.recording, self.limpet, self.run = recording, limpet, run
        self.snapshot = read_snapshot.Snapshot(next(recording.glob("p*/heap.1")))
        self.numbers = {node[1]: number for number, node in enumerate(self.snapshot.nodes)}
        self.referrers = collections.defaultdict(set)
        for number, node in enumerate(self.snapshot.nodes):
            for _, target, strength in self.references(number):
                if strength == OWNED:
                    self.referrers[target].add(number)

    def node(self, address):
        return self.snapshot.nodes[self.numbers[address]]

    def type(self, address):
        return self.snapshot.types[self.snapshot.classes[self.node(address)[0]][0]][0]

    def references(self, number):
        node = self.snapshot.nodes[number]
        for label, target in zip(self.snapshot.labels(node), node[5]):
            if target != read_snapshot.MISSING:
                yield label.rsplit(" ", 1)[0], target, int(label.rsplit(" ", 1)[1])

    def has_shared_keys(self, address):
        """Whether this is an instance of a Python class, or the __dict__ of one."""
        if self.type(address) == "dict":
            owners = self.referrers[self.numbers[address]]
            return any(("attribute __dict__", self.numbers[address]) in [each[:2] for each in self.references(owner)] for owner in owners)
        return bool(self.snapshot.types[self.snapshot.classes[self.node(address)[0]][0]][2] & MADE_BY_CLASS)

    def attributes(self, source, target):
        """3.13 and later: what the collector shows of an object also once its values have become those of its __dict__."""
        for label, namespace, _ in self.references(self.numbers[source]):
            if label == "attribute __dict__":
                return {
                    f"%s.{label.split()[1]}" for label, value, _ in self.references(namespace)
                    if label.startswith("attribute ") and self.snapshot.nodes[value][1] == target
                }  # fmt: skip
        return set()

    def as_limpet_sees(self, addresses):
        """What guppy3 says an object dominates, corrected by rule 1."""
        numbers = {self.numbers[address] for address in addresses}
        for number in list(numbers):
            if self.kind(number) == "dict":
                keys = {target for label, target, _ in self.references(number) if label.startswith("key ") and self.kind(target) == "str"}
                numbers |= {key for key in keys if self.referrers[key] <= numbers}
        elsewhere = {number for number in numbers if self.kind(number) == "str" and self.key_of(self.referrers[number] - numbers, number)}
        return numbers - elsewhere

    def kind(self, number):
        return self.type(self.snapshot.nodes[number][1])

    def key_of(self, dicts, number):
        """Whether it is a key of one of these dicts."""
        return any(
            target == number and label.startswith("key ")
            for referrer in dicts if self.kind(referrer) == "dict" for label, target, _ in self.references(referrer)
        )  # fmt: skip

    def around(self, numbers):
        """For messages: who they are, and who else refers to them."""
        lines = []
        for number in sorted(numbers):
            node = self.snapshot.nodes[number]
            others = collections.Counter(self.kind(other) for other in self.referrers[number] - numbers)
            lines.append(f"{self.kind(number)} {node[1]:#x} {node[2]} bytes, count {node[3]} {self.snapshot.texts.get(number, '')}, also of {dict(others)}")
        return "\n".join(lines)

    def why(self, address):
        done = self.run([self.limpet, "why", self.recording, hex(address), "--json"])
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def snapshot_of(pid, folder, limpet, run):
    recording = folder / f"r{pid}.limpet"
    done = run([limpet, "snapshot", pid, "-o", recording])
    assert done.returncode == 0, done.stdout + done.stderr
    return Heap(recording, limpet, run)


def in_guppys_words(label, keys):
    """Our label of a reference as guppy3 writes such a relation. `keys`: what the keys of a dict look like, in order."""
    kind, argument = label.split(" ", 1)
    if kind == "element":
        return "list(%s)"
    forms = {"attribute": "%s.{}", "field": "%s->{}", "local": "%s.f_locals['{}']", "item": "%s[{}]", "key": "%s.keys()[{}]"}
    if kind == "value":
        return f"%s[{keys[int(argument)]}]"
    return forms[kind].format(argument) if kind in forms else label


def check_names(heap, answer):
    """How many references both have a name for, by the type of who refers."""
    compared = collections.Counter()
    for source, relations in answer["relations"]:
        own = collections.defaultdict(set)
        for label, target, _ in heap.references(heap.numbers[source]):
            own[heap.snapshot.nodes[target][1]].add(in_guppys_words(label, answer["keys"].get(str(source))))
        for target, kind, names in relations:
            names = {"list(%s)" if "list(%s)" in name else name for name in names}
            where = f"{heap.type(source)} -> {kind}: guppy3 says {names}, limpet {own[target]}"
            found = own[target] or heap.attributes(source, target)
            assert found, where
            if names == {"%s.??"}:
                assert not any(name.startswith(("visited", "scanned")) for name in found), where
            else:
                assert names <= found <= names | MORE.get(heap.type(source), set()), where
                compared[heap.type(source)] += 1
    return compared


def check_retained(heap, answer):
    """How many objects' retained sizes were compared, and how many of them keep more than themselves."""
    asked = sorted(answer["dominated"], key=lambda told: -len(told["dominos"]))[:ASKED]
    beyond = 0
    for told in asked:
        sizes = dict(told["dominos"])
        assert sum(sizes.values()) == told["domisize"]
        for address, size in sizes.items():
            where = f"{heap.type(address)}: guppy3 says {size} bytes, limpet {heap.node(address)[2]}"
            assert heap.node(address)[2] == size or heap.has_shared_keys(address), where
        expected = heap.as_limpet_sees(sizes)
        found = heap.why(told["address"])
        where = f"{told['type']} at {told['address']:#x}: domisize {told['domisize']}"
        assert found["retained_objects"] == len(expected), f"{where}:\n{heap.around(expected)}"
        assert found["retained_bytes"] == sum(heap.snapshot.nodes[number][2] for number in expected), where
        beyond += len(sizes) > 1
    return len(asked), beyond


def check_chains(heap, answer):
    for chain in answer["chains"]:
        assert heap.type(chain[0]) == "module" and len(chain) > 1, chain
        for holder, held in itertools.pairwise(chain):
            targets = {target for _, target, strength in heap.references(heap.numbers[holder]) if strength == OWNED}
            assert heap.numbers[held] in targets or heap.attributes(holder, held), f"{heap.type(holder)} -> {heap.type(held)}"
        path = heap.why(chain[-1])["holdings"][0]["ways"][0]["holder"]
        # limpet tells a module and its dict in one step; its path is a shortest one, objgraph's is one of them.
        assert path[0]["type"] == "module" and len(path) <= len(chain), (path, [heap.type(link) for link in chain])


@pytest.mark.slow
def test_guppy3_and_objgraph_say_the_same_of_random_heaps(interpreter, limpet, run, tmp_path):
    names, objects, beyond = collections.Counter(), 0, 0
    for seed in SEEDS:
        with answered(interpreter, tmp_path, seed) as answer:
            heap = snapshot_of(answer["pid"], tmp_path, limpet, run)
        names += check_names(heap, answer)
        more, more_beyond = check_retained(heap, answer)
        objects, beyond = objects + more, beyond + more_beyond
        check_chains(heap, answer)
    print(f"{objects} retained sizes, {beyond} of them of more than one object; names: {dict(names)}")
    assert objects > 20 and beyond > objects / 4, "the heaps are too simple to show anything"
    assert len(names) >= 10, names
