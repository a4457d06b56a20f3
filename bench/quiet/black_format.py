"""black over modules of the standard library, one after another, in one process."""

import pathlib
import random

import black
from load import until_end

sources = sorted(pathlib.Path(random.__file__).parent.glob("*.py"))
sources = [path for path in sources if path.stat().st_size < 20_000]
for number in until_end():
    try:
        black.format_str(sources[number % len(sources)].read_text(), mode=black.Mode())
    except (black.InvalidInput, black.NothingChanged):
        pass
