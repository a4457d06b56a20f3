"""The site builds strictly, and needs nothing from the network when it is read."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "site"


@pytest.fixture(scope="module")
def site():
    done = subprocess.run(["bash", ROOT / "dev", "docs"], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return SITE


class Loads(HTMLParser):
    """What a page makes the browser load by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.found.append(values.get("src"))
        if tag == "link" and values.get("rel") not in ("next", "prev", "canonical"):
            self.found.append(values.get("href"))


@pytest.mark.slow
def test_the_site_is_whole_and_loads_nothing_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for name in ("index.html", "tutorial/1-global.html", "commands.html", "report.html", "project/index.html"):
        assert (site / name).exists(), name
    for page in pages:
        parser = Loads()
        parser.feed(page.read_text(encoding="utf-8"))
        outside = [address for address in parser.found if address and re.match(r"(?:[a-z]+:)?//", address)]
        assert not outside, page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style
