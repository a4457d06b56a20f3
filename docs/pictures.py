#!/usr/bin/env python3
"""Makes the pictures of the viewer in docs/pictures/: each view, light and dark, of one document.

    docs/pictures.py                                  draws docs/pictures/document.json.gz by the page web/dist/viewer.html
    docs/pictures.py --record [--python P] [--limpet P]   runs docs/pictures/orders.py first, without its leaks and with them,
                                                      and makes the document of both runs

The document is kept, so that pictures change only when the page does. tests/web/test_pictures.py draws them again and compares.
"""

import argparse
import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from base64 import b64decode
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DOCUMENT = PICTURES / "document.json.gz"
PLACE = "<!--limpet-document-->"
WIDTH, HEIGHT = 1180, 760
VIEWS = {"findings": "", "sites": "?by=function", "time": "", "heap": "", "diff": "", "processes": ""}
SCHEMES = ("light", "dark")
FOLDER = "/srv/shop"  # where the program seems to have run
COLOURS = 192  # of a picture

DRAWN = """
async style => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}
"""


def page():
    """The page with the document in it."""
    empty = (ROOT / "web/dist/viewer.html").read_text(encoding="utf-8")
    start = empty.rfind(PLACE)
    text = gzip.decompress(DOCUMENT.read_bytes()).decode().replace("<", "\\u003c")
    return f'{empty[:start]}<script type="application/json" id="limpet-document">{text}</script>{empty[start + len(PLACE) :]}'


def draw(browser, looks=tuple((view, "") for view in VIEWS), schemes=SCHEMES):
    """(view, style, scheme, picture as PNG) for each. A look is a view, and CSS on top of the page's own."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "page.html"
        path.write_text(page(), encoding="utf-8")
        for scheme in schemes:
            options = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": scheme, "reduced_motion": "reduce"}
            context = browser.new_context(**options)
            tab = context.new_page()
            shown = None
            for view, style in looks:
                if view != shown:
                    tab.goto(f"{path.as_uri()}#{view}{VIEWS[view]}")
                    tab.reload()
                    tab.wait_for_selector(f"#panel[aria-labelledby=tab-{view}]")
                    shown = view
                tab.evaluate(DRAWN, style)
                yield view, style, scheme, tab.screenshot(timeout=120_000)
            context.close()


def small(png):
    """The same picture with a palette."""
    return subprocess.run(["pngquant", "--nofs", "--strip", str(COLOURS), "-"], input=png, stdout=subprocess.PIPE, check=True).stdout


def record(limpet, python):
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(PICTURES / "orders.py", scratch)
        for name, arguments in (("monday", ["mended"]), ("tuesday", [])):
            command = [limpet, "run", "-q", "--snapshots", "auto", "-o", f"{name}.limpet", "--", python, "orders.py", *arguments]
            subprocess.run(command, cwd=scratch, check=True)
        subprocess.run([limpet, "diff", "monday.limpet", "tuesday.limpet", "--html", "page.html"], cwd=scratch, check=False)
        text = (Path(scratch) / "page.html").read_text(encoding="utf-8")
        packed, found = re.search(r'id="limpet-document(-deflate)?">([^<]*)</script>', text).groups()
        document = zlib.decompress(b64decode(found)).decode() if packed else found
        document = json.dumps(json.loads(document.replace(scratch, FOLDER)), ensure_ascii=False, separators=(",", ":"))
    DOCUMENT.write_bytes(gzip.compress(document.encode(), mtime=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="run the program anew")
    parser.add_argument("--limpet", default=str(ROOT / "build/limpet"))
    parser.add_argument("--python", default="/usr/bin/python3")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    if arguments.record:
        record(arguments.limpet, arguments.python)
    with sync_playwright() as playwright:
        with playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]) as browser:
            for view, _, scheme, png in draw(browser):
                path = PICTURES / f"{view}-{scheme}.png"
                path.write_bytes(small(png))
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
