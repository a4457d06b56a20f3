#!/usr/bin/env python3
"""Measures what a reader waits for in the page: each thing one does in it, in a small recording and in one of fifty thousand sites.

    docs/timings.py                 prints the table
    docs/timings.py --write         puts it into docs/viewer.md, between <!-- timings --> and <!-- end -->

Times are those that the page's main thread computed (the browser's own count, Performance.getMetrics of its developer tools), not what the clock
says: other work on the machine changes them little. Of some rounds the least counts. "Later" is the longest piece of what the page does when nobody
waits: it comes in pieces, so that who clicks meanwhile waits for one. tests/web/test_speed.py does the same steps and holds the ratios.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests" / "web")]

import large_page  # noqa: E402
import pictures  # noqa: E402

PAGE = ROOT / "docs" / "viewer.md"
PLACE = re.compile(r"(<!-- timings -->\n).*?(<!-- end -->)", re.DOTALL)
SITES = 50_000
ROUNDS = 5
WIDTH, HEIGHT = 1280, 900

# What a reader does, one after the other: (view, what it is called, how it is done). "#" is an address, "key" goes to what has the focus, "drag" is
# from and to, in shares of the width of a chart, and left to hang there until "drop".
STEPS = (
    ("Sites", "open", "click #tab-sites"),
    ("Sites", "measure: allocated", "click .choice:nth-of-type(1) label:last-child"),
    ("Sites", "measure: live", "click .choice:nth-of-type(1) label:nth-of-type(1)"),
    ("Sites", "count objects", "click .choice:nth-of-type(2) label:last-child"),
    ("Sites", "count bytes", "click .choice:nth-of-type(2) label:nth-of-type(1)"),
    ("Sites", "by module", "click .choice:nth-of-type(3) label:nth-of-type(3)"),
    ("Sites", "by function", "click .choice:nth-of-type(3) label:nth-of-type(2)"),
    ("Sites", "choose a place in it", "click .flame .box:nth-child(7)"),
    ("Sites", "go to the next box", "key ArrowDown"),
    ("Sites", "back to the whole", "key Escape"),
    ("Sites", "search: first letter", "type h"),
    ("Sites", "search: second letter", "type a"),
    ("Sites", "search: more letters", "type n"),
    ("Sites", "search: none", "clear"),
    ("Sites", "flame graph", "click .choice:nth-of-type(4) label:nth-of-type(2)"),
    ("Sites", "callers", "click .choice:nth-of-type(4) label:nth-of-type(3)"),
    ("Sites", "callers, by line", "click .choice:nth-of-type(3) label:nth-of-type(1)"),
    ("Sites", "callers, a place in it", "click .flame .box:nth-child(4)"),
    ("Sites", "table", "click .choice:nth-of-type(4) label:nth-of-type(4)"),
    ("Sites", "table: sort", "click thead th:nth-child(2) button"),
    ("Sites", "table: more rows", "click .scroll > p button"),
    ("Sites", "table: search", "type 7"),
    ("Sites", "table: no search", "clear"),
    ("Sites", "icicle of a window of time", "#sites?window=0.2-1"),
    ("Time", "open", "click #tab-time"),
    ("Time", "brush: begin", "drag 0.3 0.35"),
    ("Time", "brush: go on", "drag 0.35 0.6"),
    ("Time", "brush: let go", "drop"),
    ("Heap", "open", "click #tab-heap"),
    ("Heap", "sort types", "click #panel thead button"),
    ("Heap", "choose a type", "click #panel tbody tr:nth-child(2) button"),
    ("Heap", "into an area", "click .tm-depth1"),
    ("Heap", "back to everything", "click .crumbs button"),
    ("Diff", "open", "click #tab-diff"),
    ("Processes", "open", "click #tab-processes"),
    ("Findings", "open", "click #tab-findings"),
    ("Findings", "its allocation sites", "click .links button"),
    ("Findings", "its time", "#time?finding=0"),
)  # fmt: skip

SETTLE = """
async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  await new Promise(done => setTimeout(done));
}
"""
# What the page does while nobody waits for it is held back until it is asked for, so that a step is what one waits for and no more.
IDLE = """
const held = new Map();
let last = 0;
window.requestIdleCallback = work => (held.set(++last, work), last);
window.cancelIdleCallback = id => void held.delete(id);
window.workIdly = () => {
  const [first] = held;
  if (!first) return false;
  held.delete(first[0]);
  first[1]({didTimeout: false, timeRemaining: () => 10});
  return true;
};
"""
SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries().filter(one => !one.hadRecentInput).map(one => one.value)))
  .observe({type: 'layout-shift', buffered: true});
"""
PARTS = {"TaskDuration": "all", "ScriptDuration": "script", "LayoutDuration": "layout", "RecalcStyleDuration": "layout"}


@dataclass
class Spent:
    """Milliseconds of the main thread."""

    all: float = 0
    script: float = 0
    layout: float = 0  # with styles
    later: float = 0  # the longest piece of what is done while nobody waits

    def __sub__(self, other):
        return Spent(self.all - other.all, self.script - other.script, self.layout - other.layout)


class Timed:
    """A page whose browser tells how long its main thread computed."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(240_000)
        self.page.add_init_script(SHIFTS + IDLE)
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.url = url
        self.pointer = None

    def spent(self) -> Spent:
        sums = Spent()
        for one in self.devtools.send("Performance.getMetrics")["metrics"]:
            part = PARTS.get(one["name"])
            if part:
                setattr(sums, part, getattr(sums, part) + one["value"] * 1000)
        return sums

    def open(self) -> Spent:
        self.page.goto(self.url)
        self.page.wait_for_selector("[role=tabpanel]")
        self.page.evaluate(SETTLE)
        spent = self.spent()
        spent.later = self.work_idly()
        return spent

    def step(self, step) -> Spent:
        before = self.spent()
        self.do(step)
        self.page.evaluate(SETTLE)
        spent = self.spent() - before
        spent.later = self.work_idly()
        return spent

    def work_idly(self) -> float:
        """The longest piece of what the page does while nobody waits."""
        longest = 0.0
        while True:
            before = self.spent()
            if not self.page.evaluate("() => workIdly()"):
                return longest
            self.page.evaluate(SETTLE)
            longest = max(longest, (self.spent() - before).all)

    def do(self, step):
        how, _, what = step.partition(" ")
        if how.startswith("#"):
            self.page.evaluate("hash => { location.hash = hash }", step)
        elif how == "click":
            # By script, as a mouse is brought there by questions about the layout that are no reader's.
            self.page.eval_on_selector(what, "one => { one.focus(); one.click() }")
        elif how == "key":
            self.page.keyboard.press(what)
        elif how == "type":
            self.page.eval_on_selector("input[type=search]", TYPE, what)
        elif how == "clear":
            self.page.eval_on_selector("input[type=search]", TYPE, None)
        else:
            self.page.eval_on_selector(".time-chart", BRUSH, [how, *map(float, what.split())])

    def shifted(self) -> float:
        return self.page.evaluate("() => shifts.reduce((sum, one) => sum + one, 0)")


TYPE = """
(input, letter) => {
  input.focus();
  input.value = letter === null ? '' : input.value + letter;
  input.dispatchEvent(new InputEvent('input', {bubbles: true}));
}
"""
BRUSH = """
(chart, [how, from, to]) => {
  const box = chart.getBoundingClientRect();
  const send = (type, share) => chart.dispatchEvent(
    new PointerEvent(type, {bubbles: true, pointerId: 1, button: 0, clientX: box.left + share * box.width, clientY: box.top + 50}));
  chart.setPointerCapture = () => undefined;  // there is no pointer
  if (how === 'drop') return send('pointerup', 0);
  if (!chart.dragged) send('pointerdown', from);
  chart.dragged = true;
  return send('pointermove', to);
}
"""


def measure(browser, pages, rounds):
    """By page and step: what it took in the round that took least."""
    least = {name: {} for name in pages} | {"rounds": rounds}
    for _ in range(rounds):
        for name, path in pages.items():
            timed = Timed(browser, path.as_uri())
            taken = {("", "open the page"): timed.open()}
            for view, words, step in STEPS:
                taken[view, words] = timed.step(step)
            timed.context.close()
            for step, spent in taken.items():
                if step not in least[name] or spent.all < least[name][step].all:
                    least[name][step] = spent
    return least


def together(spent):
    """All steps; to open the page is none."""
    return sum(one.all for (view, _), one in spent.items() if view)


def table(least):
    """The measured times as Markdown."""
    small, large = least["small"], least["large"]
    rows = [f"{platform()}; the least of {least['rounds']} rounds, in milliseconds of the page's main thread.", ""]
    rows += ["| view | | small | large | of it script | of it layout | longest piece later |", "|---|---|---:|---:|---:|---:|---:|"]
    for (view, words), one in large.items():
        figures = [small[view, words].all, one.all, one.script, one.layout, one.later]
        rows.append(f"| {view} | {words} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |")
    rows.append(f"| | all of these | {together(small):.0f} | {together(large):.0f} | | | |")
    return "\n".join(rows)


def platform():
    chromium = subprocess.run(["chromium", "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    cpu = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return f"Chromium {chromium.split()[1].split('.')[0]}" + (f" on {cpu[1]}" if cpu else "")


def write_pages(folder):
    """{name: path} of a small page, which is that of the pictures, and of a large one made of it."""
    pages = {name: folder / f"{name}.html" for name in ("small", "large")}
    empty = pictures.page()
    pages["small"].write_text(empty, encoding="utf-8")
    grown = large_page.grow(large_page.document_of(empty), SITES)
    pages["large"].write_text(large_page.with_document(empty, grown), encoding="utf-8")
    return pages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="put the table into docs/viewer.md")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        pages = write_pages(Path(scratch))
        with playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]) as browser:
            told = table(measure(browser, pages, arguments.rounds))
    print(told)
    if arguments.write:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(PLACE.sub(lambda match: f"{match[1]}{told}\n{match[2]}", text, count=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
