"""docs/migrating.md: the session that stands there, run as it stands."""

import os
import re
from pathlib import Path

import interpreters

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/migrating.md"

# doctest copies the names of a test; pictures of the heap are to find them in the module.
PROGRAM = """
import doctest, sys
page, text = sys.argv[1], open(sys.argv[1], encoding="utf-8").read()
test = doctest.DocTestParser().get_doctest(text, {}, "migrating", page, 0)
test.globs = vars(sys.modules["__main__"])
runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
runner.run(test, clear_globs=False)
print(runner.tries, "examples,", runner.failures, "failed")
"""


def test_the_session_goes_as_the_page_says(any_interpreter, run, tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (shop,) = (block for block in blocks if block.startswith("# shop.py"))
    (tmp_path / "shop.py").write_text(shop, encoding="utf-8")
    (tmp_path / "page.py").write_text(PROGRAM, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET", "LD_"))}
    environment = kept | {"PYTHONPATH": str(interpreters.build_folder() / "python"), "PYTHONIOENCODING": "utf-8"}
    done = run(any_interpreter.command(tmp_path / "page.py", PAGE), env=environment, cwd=tmp_path)
    examples = sum(block.count(">>> ") for block in blocks)
    assert examples > 20
    assert done.stdout == f"{examples} examples, 0 failed\n" and done.stderr == "", done.stdout + done.stderr
