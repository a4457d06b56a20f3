"""The viewer looks as in its pictures in docs/pictures/, light and dark.

Two things are compared that a reader sees at a glance and that hardly depend on letters, for another release of a font moves every edge by a pixel and lines
by some, and a comparison by pixel would fail without anything being wrong:

- what lies under each tile of twenty pixels: the colour that most of it has, exact to a few steps, so that a card that has lost its ground is told, though that
  differs from the page's by ten steps of 256. A tile may be like any of its neighbours in the other picture: edges move.
- how much of each third across has each colour of the style sheet, in straight stretches that are longer than any letter has: thin things, as an edge, a bar, the mark of
  the chosen tab.
"""

import base64
import importlib.util
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("web")

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
pictures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pictures)

TILE = 20
NEAR = 5  # of 256: a palette rounds colours by so much
UNLIKE = 0.03  # of the tiles may be
PARTS = 3  # across; not down, where lines of text push things over any border
STRETCH = 14  # pixels of one colour, across or down; letters have less
LEAST = 160  # such pixels of a colour in a third
LOST = 80  # so many are enough where there are none in the other picture
GROUNDS = {"page": 2000, "raised": 2000}  # more of these, since they lie around everything that a letter moves
FACTOR = 1.8  # between two counts

# A browser reads pictures by itself. By tile its commonest colour; by third the number of pixels in straight stretches near each colour of the palette.
READ = """
async ([png, palette, tile, parts, near, stretch]) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), letter => letter.charCodeAt(0))], {type: 'image/png'}));
  const {width, height} = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const split = colour => [colour & 255, colour >> 8 & 255, colour >> 16 & 255];
  const across = Math.floor(width / tile), down = Math.floor(height / tile);
  const grounds = Array.from({length: across * down}, (_, number) => {
    const counts = new Map();
    let most = 0, ground = 0;
    const left = number % across * tile, top = Math.floor(number / across) * tile;
    for (let y = top; y < top + tile; y++) for (let x = left; x < left + tile; x++) {
      const colour = pixels[y * width + x], count = (counts.get(colour) ?? 0) + 1;
      counts.set(colour, count);
      if (count > most) [most, ground] = [count, colour];
    }
    return split(ground);
  });
  const straight = new Uint8Array(pixels.length);
  const mark = (length, count, at) => {
    for (let line = 0; line < count; line++) for (let from = 0, to = 0; from < length; from = to) {
      while (to < length && pixels[at(line, to)] === pixels[at(line, from)]) to++;
      if (to - from >= stretch) for (let i = from; i < to; i++) straight[at(line, i)] = 1;
    }
  };
  mark(width, height, (line, i) => line * width + i);
  mark(height, width, (line, i) => i * width + line);
  const like = new Map();  // by colour of the picture: which of the palette are near it
  const amounts = palette.map(() => new Array(parts).fill(0));
  for (let at = 0; at < pixels.length; at++) {
    if (!straight[at]) continue;
    let found = like.get(pixels[at]);
    if (!found) {
      const colour = split(pixels[at]);
      found = palette.flatMap((one, number) => one.every((value, i) => Math.abs(value - colour[i]) <= near) ? [number] : []);
      like.set(pixels[at], found);
    }
    const part = Math.floor(at % width / width * parts);
    for (const number of found) amounts[number][part]++;
  }
  return {across, grounds, amounts};
}
"""


def palette():
    """(name, colour) of both schemes, without those of letters."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "web/src/style").glob("*.css")))
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6})", text)
    return sorted({(name, tuple(bytes.fromhex(colour))) for name, colour in found if name not in ("text", "faint")})


def near(one, other):
    return all(abs(a - b) <= NEAR for a, b in zip(one, other, strict=True))


def unlike_tiles(one, other):
    """Of the tiles of one picture, those whose ground is nowhere around their place in the other."""
    across = one["across"]
    down = len(one["grounds"]) // across
    for number, ground in enumerate(one["grounds"]):
        row, column = divmod(number, across)
        around = ((y, x) for y in range(row - 1, row + 2) for x in range(column - 1, column + 2) if 0 <= y < down and 0 <= x < across)
        if not any(near(ground, other["grounds"][y * across + x]) for y, x in around):
            yield row, column, tuple(ground)


def differences(one, other):
    """What is not alike, in words."""
    told = []
    for first, second in ((one, other), (other, one)):
        unlike = list(unlike_tiles(first, second))
        if len(unlike) > UNLIKE * len(first["grounds"]):
            told.append(f"{len(unlike)} of {len(first['grounds'])} tiles, as {unlike[0]}")
    for (name, _), mine, its in zip(palette(), one["amounts"], other["amounts"], strict=True):
        for part, (here, there) in enumerate(zip(mine, its, strict=True)):
            less, more = sorted((here, there))
            if more > GROUNDS.get(name, LEAST if less else LOST) and more > FACTOR * less:
                told.append(f"--{name} in third {part}: {here} pixels, not {there}")
    return told


def file(view, scheme):
    return pictures.PICTURES / f"{view}-{scheme}.png"


@pytest.fixture(scope="module")
def reader(browser):
    colours = [list(colour) for _, colour in palette()]
    page = browser.new_page()
    yield lambda png: page.evaluate(READ, [base64.b64encode(png).decode(), colours, TILE, PARTS, NEAR, STRETCH])
    page.close()


@pytest.fixture(scope="module")
def kept(reader):
    return {(view, scheme): reader(file(view, scheme).read_bytes()) for view in pictures.VIEWS for scheme in pictures.SCHEMES}


# (view, what is wrong): each is a line of style that somebody may lose.
BREAKAGES = (
    ("findings", ".card { background: white }"),
    ("findings", ".card { background: var(--page) }"),
    ("findings", ".card { border-color: transparent }"),
    ("findings", ".tabs button[aria-selected] { border-bottom-color: transparent }"),
    ("findings", "figure.bars .live { fill: var(--born) }"),
    ("findings", "pre.source .here { background: none }"),
    ("sites", ".flame .own { background: var(--python) }"),
    ("sites", ".flame .box { background: none }"),
    ("time", ".time-chart .line.rss { stroke: none }"),
    ("time", ".time-chart { visibility: hidden }"),
    ("heap", ".tm { background: var(--page) }"),
    ("diff", ".change { border-left-color: var(--line) }"),
    ("processes", "tr.chosen { background: none }"),
)
# What other machines have: another font, the same one a little larger, letters that are drawn in another way.
LETTERS = ("body { font-family: serif }", "body { font-size: 15.4px }", "* { text-rendering: geometricPrecision; -webkit-text-stroke: 0.2px }")


@pytest.fixture(scope="module")
def drawn(browser, reader):
    """By view, style and scheme."""
    looks = sorted({(view, style) for view in pictures.VIEWS for style in ("", *LETTERS)} | set(BREAKAGES))
    forced = {look: (look[0], look[1].replace(" }", " !important }").replace(";", " !important;")) for look in looks}
    back = {made: look for look, made in forced.items()}
    return {(*back[view, style], scheme): reader(png) for view, style, scheme, png in pictures.draw(browser, list(forced.values()))}


@pytest.mark.parametrize("scheme", pictures.SCHEMES)
@pytest.mark.parametrize("view", pictures.VIEWS)
def test_a_view_looks_as_in_its_picture(drawn, kept, view, scheme):
    assert differences(drawn[view, "", scheme], kept[view, scheme]) == [], "if it is meant to look so: ./dev docs --pictures"


@pytest.mark.parametrize("scheme", pictures.SCHEMES)
@pytest.mark.parametrize(("view", "style"), BREAKAGES)
def test_what_is_wrong_is_told(drawn, kept, view, scheme, style):
    assert differences(drawn[view, style, scheme], kept[view, scheme])


@pytest.mark.parametrize("style", LETTERS)
@pytest.mark.parametrize("view", pictures.VIEWS)
def test_letters_are_not(drawn, kept, view, style):
    assert differences(drawn[view, style, "light"], kept[view, "light"]) == []


def test_pictures_are_told_apart(kept):
    for view in pictures.VIEWS:
        assert differences(kept[view, "light"], kept[view, "dark"])
        alike = [one for one in pictures.VIEWS if not differences(kept[view, "light"], kept[one, "light"])]
        assert alike == [view]


def test_pictures_are_small():
    for view in pictures.VIEWS:
        for scheme in pictures.SCHEMES:
            assert file(view, scheme).stat().st_size < 100_000
