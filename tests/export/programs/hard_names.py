"""Runs functions and types with names as nobody should give them; one calls itself so deep that its stacks are megabytes of text."""

NAMES = [
    'quote"s and \\back', "comma, semi;colon", "new\nline\r\nand\ttab", "\u202eright to left \u05e9\u05dc\u05d5\u05dd", "nul \0 byte", "",
    "bad \udcff surrogate", "\U0001f41a caf\u00e9 e\u0301", "=cmd|' /C calc'!A0", "'; DROP TABLE sites; --", "NULL", "-1", "PAR1",
]  # fmt: skip
DEEP = 66  # 22 MB in stacks that differ
BODY = """def f(keep, depth, kind):
    keep.append(kind(bytearray(300)))
    if depth:
        f(keep, depth - 1, kind)
"""


class Plain:
    def __init__(self, buffer):
        self.buffer = buffer


def function(name, file):
    """A function that is called `name` and comes from `file`."""
    code = compile(BODY, file, "exec")
    inner = next(constant for constant in code.co_consts if hasattr(constant, "co_code"))
    named = inner.replace(co_name=name, co_qualname=name)
    space = {}
    exec(code.replace(co_consts=tuple(named if constant is inner else constant for constant in code.co_consts)), space)
    return space["f"]


kept = []
for number, name in enumerate(NAMES):
    kind = type(name.replace("\0", "") or "nameless", (Plain,), {}) if "\udcff" not in name else Plain
    function(name, f"{number} {name}.py" if "\0" not in name else "nul.py")(kept, 2, kind)
function("x" * 10_000, "deep.py")(kept, DEEP, Plain)
