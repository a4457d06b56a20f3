"""Stacks, lines and columns: each as the interpreter itself tells them."""

import collections
import json
import pathlib
import re

import limpet_drive
import limpet_recording
from limpet_fixtures import every_python

HERE = pathlib.Path(__file__).parent
POSITIONS = """
import json, sys, types
wanted = {}
for file, function, first, offset in json.load(sys.stdin):
    wanted.setdefault(file, {}).setdefault((function, first), set()).add(offset)
found = []
for file, functions in wanted.items():
    try:
        with open(file, "rb") as source:
            todo = [compile(source.read(), file, "exec", dont_inherit=True)]
    except (OSError, SyntaxError):
        continue
    seen = {}
    while todo:
        code = todo.pop()
        seen.setdefault((code.co_qualname, code.co_firstlineno), []).append(code)
        todo += [item for item in code.co_consts if isinstance(item, types.CodeType)]
    for (function, first), offsets in functions.items():
        codes = seen.get((function, first), [])
        if len(codes) == 1:  # two lambdas of one line cannot be told apart
            positions = list(codes[0].co_positions())
            found += [(file, function, first, offset, *positions[offset // 2]) for offset in offsets]
json.dump(found, sys.stdout)
"""


def record(python, folder, program, *arguments):
    recording = folder / "r.limpet"
    argv = python.argv([str(program), *map(str, arguments)])
    with limpet_drive.paused(argv, prefix=python.prefix, recording=recording) as ask:
        assert ask() == "done"
        (process,) = limpet_recording.read_all(recording)
        process.check()
    return process


@every_python()
def test_stacks_are_those_of_the_interpreter(python, folder):
    result = folder / "stacks.json"
    process = record(python, folder, HERE / "programs/stacks.py", result)
    noted = json.loads(result.read_text())
    source = (HERE / "programs/stacks.py").read_bytes().splitlines(keepends=True)
    assert len(noted) > 60
    theirs = collections.defaultdict(lambda: [0, 0, ""])
    for how, size, frames in noted:
        row = theirs[tuple(map(tuple, frames))]
        row[:] = [row[0] + 1, row[1] + size, how]
    ours = collections.defaultdict(lambda: [0, 0])
    for site in process.sites:
        top = site.top
        if top and top.function == "grab" and site.domain == limpet_recording.OBJECT and segment(source, top) == b"bytes(size-33)":
            row = ours[tuple((frame.file, frame.function, frame.line, frame.offset) for frame in site.frames[1:])]
            row[:] = [row[0] + site.amount.births, row[1] + site.amount.birth_bytes]
    wrong = [f"{theirs[key][2]}: not seen: {theirs[key][:2]} at {key}" for key in theirs.keys() - ours.keys()]
    wrong += [f"never was: {ours[key]} at {key}" for key in ours.keys() - theirs.keys()]
    for key in theirs.keys() & ours.keys():
        count, size, how = theirs[key]
        more, bytes_more = ours[key][0] - count, ours[key][1] - size
        # The call itself may need a tuple for its argument, when the interpreter's free list of tuples is empty.
        if not 0 <= more <= count or not 48 * more <= bytes_more <= 56 * more:
            wrong.append(f"{how}: {count} blocks of {size} bytes, limpet {ours[key]}")
    assert not wrong, f"{len(wrong)} of {len(theirs)} stacks\n" + "\n".join(wrong)


def segment(lines, frame):
    """The source text of a frame's instruction, without white space."""
    part = list(lines[frame.line - 1 : frame.end_line])
    if frame.line == 0 or frame.column is None or not part:
        return b""
    part[-1] = part[-1][: frame.end_column]
    part[0] = part[0][frame.column :]
    return re.sub(rb"\s", b"", b"".join(part))


@every_python()
def test_columns_cut_out_the_expression_that_allocated(python, folder):
    program = HERE / "programs/positions.py"
    process = record(python, folder, program)
    source = program.read_bytes()
    lines = source.splitlines(keepends=True)
    sizes = {int(n) for n in re.findall(rb"block\(\s*(2\d{4})\s*\)", source)}
    assert len(sizes) > 35
    seen = {}
    for site in process.sites:
        if site.top and site.top.file == str(program) and site.amount.births:
            text = segment(lines, site.top)
            # A call may need a tuple for its argument, born at the same place.
            tuple_size = 56 if python.version >= (3, 14) else 48
            size = site.amount.birth_bytes - 33 - tuple_size * (site.amount.births - 1)
            if size in sizes and site.domain == limpet_recording.OBJECT:
                seen.setdefault(size, set()).add(text)
    wrong = {n: seen.get(n) for n in sizes if seen.get(n, set()) - {b"bytes(view)"} != {b"block(%d)" % n}}
    assert not wrong


@every_python()
def test_lines_and_columns_equal_co_positions_of_the_same_code(python, folder):
    process = record(python, folder, HERE / "programs/stacks.py", folder / "stacks.json")
    frames = {(f.file, f.function, f.first_line, f.offset): f for f in process.frames if not f.file.startswith("<")}
    asked = json.dumps(list(frames)).encode()
    theirs = json.loads(limpet_drive.run(python.argv(["-c", POSITIONS]), prefix=python.prefix, stdin=asked).stdout)
    assert len(theirs) > 500, "too few frames were comparable"
    wrong = []
    for *key, line, end_line, column, end_column in theirs:
        frame = frames[tuple(key)]
        mine = (frame.line or None, frame.end_line or None, frame.column, frame.end_column)
        if mine != (line or None, end_line, column, end_column):
            wrong.append(f"{key}: co_positions {(line, end_line, column, end_column)}, limpet {mine}")
    assert not wrong, f"{len(wrong)} of {len(theirs)} frames\n" + "\n".join(wrong[:40])
