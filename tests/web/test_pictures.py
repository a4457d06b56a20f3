"""The viewer looks as in its pictures in docs/pictures/, light and dark.

Compared is how much of each sixth of a picture has each colour of the page's palette. That is what a reader sees at a glance, and it hardly depends on
letters: another release of a font moves every edge by a pixel and lines by some, and a comparison by pixel would fail without anything being wrong.
A lost style sheet, dark text on dark, a chart without its areas, a view that is empty or stands elsewhere are told.
"""

import base64
import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("web")

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
pictures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pictures)

COLUMNS, ROWS = 2, 3
STEP = 32  # colours this near are one: palettes round them
LEAST = 0.01  # of a sixth; less is letters and lines
ALLOWED = 0.06  # of a sixth


# By sixth of a picture: its colours that are more than letters, each with its share. A browser reads pictures by itself.
READ = """
async ([png, columns, rows, least]) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), letter => letter.charCodeAt(0))], {type: 'image/png'}));
  const width = Math.floor(bitmap.width / columns), height = Math.floor(bitmap.height / rows);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  return Array.from({length: columns * rows}, (_, part) => {
    const {data} = context.getImageData(part % columns * width, Math.floor(part / columns) * height, width, height);
    const counts = new Map();
    for (const colour of new Uint32Array(data.buffer)) counts.set(colour, (counts.get(colour) ?? 0) + 1);
    return [...counts].map(([colour, count]) => [colour & 255, colour >> 8 & 255, colour >> 16 & 255, count / (width * height)])
      .filter(([,,, share]) => share >= least);
  });
}
"""


def share_of(colour, of):
    return sum(share for *other, share in of if max(abs(a - b) for a, b in zip(colour, other, strict=True)) < STEP)


def differences(one, other):
    """(sixth, colour, its share, its share in the other picture) where they are not alike."""
    for part, (found, wanted) in enumerate(zip(one, other, strict=True)):
        for *colour, _ in found + wanted:
            shares = share_of(colour, found), share_of(colour, wanted)
            if abs(shares[0] - shares[1]) > ALLOWED:
                yield part, colour, *shares


def file(view, scheme):
    return pictures.PICTURES / f"{view}-{scheme}.png"


@pytest.fixture(scope="module")
def reader(browser):
    page = browser.new_page()
    yield lambda png: page.evaluate(READ, [base64.b64encode(png).decode(), COLUMNS, ROWS, LEAST])
    page.close()


@pytest.fixture(scope="module")
def kept(reader):
    return {(view, scheme): reader(file(view, scheme).read_bytes()) for view in pictures.VIEWS for scheme in pictures.SCHEMES}


@pytest.fixture(scope="module")
def drawn(browser, reader):
    return {(view, scheme): reader(png) for view, scheme, png in pictures.draw(browser)}


@pytest.mark.parametrize("scheme", pictures.SCHEMES)
@pytest.mark.parametrize("view", pictures.VIEWS)
def test_a_view_looks_as_in_its_picture(drawn, kept, view, scheme):
    told = list(differences(drawn[view, scheme], kept[view, scheme]))
    assert told == [], "if it is meant to look so: ./dev docs --pictures"


def test_pictures_are_told_apart(kept):
    for view in pictures.VIEWS:
        assert any(differences(kept[view, "light"], kept[view, "dark"]))
        alike = [one for one in pictures.VIEWS if not any(differences(kept[view, "light"], kept[one, "light"]))]
        assert alike == [view]


def test_pictures_are_small():
    for view in pictures.VIEWS:
        for scheme in pictures.SCHEMES:
            assert file(view, scheme).stat().st_size < 100_000
