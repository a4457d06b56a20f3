"""The page by keyboard alone, for screen readers, and on a phone of 360 pixels: where the focus goes, what things are called, what is cut off."""

import importlib.util
import re
from pathlib import Path

import pytest
from test_views import VIEWS, Page

pytestmark = pytest.mark.xdist_group("web")

spec = importlib.util.spec_from_file_location("pictures", Path(__file__).parents[2] / "docs" / "pictures.py")
pictures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pictures)

STYLES = Path(__file__).parents[2] / "web/src/style"
PHONE = {"width": 360, "height": 740}
# Of what has the focus: a name for it, and whether one sees that it has it. A radio button shows it at its label.
STOP = """
() => {
  const one = document.activeElement, shows = one.type === 'radio' ? one.parentElement : one, style = getComputedStyle(shows);
  const box = shows.getBoundingClientRect();
  return {
    name: one === document.body ? '' : one.tagName + ' ' + (one.ariaLabel || one.id || one.innerText || one.name || '').slice(0, 60),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    sight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}
"""
NAMELESS = """
() => [...document.querySelectorAll('#app button, #app svg[role=img], #app [role=region], #app [role=group], #app [role=slider], #app input, #app select')]
  .filter(one => ![one.ariaLabel, one.labels?.[0]?.innerText, one.textContent].some(name => (name ?? '').trim())).map(one => one.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    path = tmp_path_factory.mktemp("keyboard") / "page.html"
    path.write_text(pictures.page(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, url):
    with Page(browser, url) as page:
        yield page


@pytest.mark.parametrize("view", VIEWS)
def test_the_tab_key_goes_through_a_view_and_one_always_sees_where(opened, view):
    opened.go(view)
    opened.page.focus(f"#tab-{view}")
    stops = []
    for _ in range(400):
        opened.page.keyboard.press("Tab")
        stop = opened.page.evaluate(STOP)
        if stop["name"] == "" or stop["name"].startswith("SELECT"):  # around: the choice of the process comes before the tabs
            break
        stops.append(stop)
    else:
        raise AssertionError("there is no way out of the view")
    assert stops or view == "diff"  # which has nothing to do but read
    assert [stop["name"] for stop in stops if not stop["seen"]] == []
    assert [stop["name"] for stop in stops if not stop["sight"]] == []


@pytest.mark.parametrize("view", VIEWS)
def test_everything_that_one_can_use_or_look_at_has_a_name(opened, view):
    opened.go(view)
    assert opened.page.evaluate(NAMELESS) == []


class TestTheFocusIsNotLost:
    def has(self, opened, selector):
        opened.page.wait_for_function("selector => document.activeElement.matches(selector)", arg=selector)

    def test_in_the_flame_graph(self, opened):
        opened.go("sites", "?by=function")
        opened.page.focus(".flame [data-row='0']")
        for _ in range(12):
            opened.page.keyboard.press("ArrowDown")
        row = opened.page.evaluate("() => document.activeElement.dataset.row")
        assert row != "0"
        opened.page.keyboard.press("Enter")
        self.has(opened, f".flame [data-row='{row}'][tabindex='0']")
        opened.page.keyboard.press("Escape")
        self.has(opened, ".flame [data-row='0'][tabindex='0']")

    @pytest.mark.parametrize("way", ["icicle", "flame", "callers"])
    def test_arrows_come_back_to_where_they_began(self, opened, way):
        opened.go("sites", f"?by=function&as={way}")
        there, back = ("ArrowUp", "ArrowDown") if way == "flame" else ("ArrowDown", "ArrowUp")
        opened.page.focus(".flame [data-row='0']")
        seen = {"0"}
        for key in [there] * 4 + [back] * 4:
            opened.page.keyboard.press(key)
            seen.add(opened.page.evaluate("() => document.activeElement.dataset.row"))
        assert len(seen) > 2
        self.has(opened, "[data-row='0']")

    def test_in_the_areas_of_the_heap(self, opened):
        opened.go("heap", "?row=0")
        parent = opened.page.locator(".tm-depth1", has=opened.page.locator("xpath=self::*")).first
        before = opened.page.locator(".crumbs button").count()
        parent.focus()
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_function("before => document.querySelectorAll('.crumbs button').length > before", arg=before)
        self.has(opened, ".crumbs [aria-current]")

    def test_where_a_link_leads_to_another_view(self, opened):
        opened.page.locator(".links button").first.focus()
        opened.page.keyboard.press("Enter")
        self.has(opened, "#panel[aria-labelledby=tab-sites]")
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("() => document.getElementById('panel').contains(document.activeElement)")

    def test_where_a_limit_is_taken_away(self, opened):
        opened.go("sites", "?finding=0")
        opened.page.locator(".limits button").focus()
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector(".limits", state="detached")
        self.has(opened, "#panel")

    def test_a_tab_keeps_it(self, opened):
        opened.page.focus("#tab-findings")
        opened.page.keyboard.press("ArrowRight")
        self.has(opened, "#tab-sites")


class TestFiguresForWhoSeesNoChart:
    def test_lines_and_areas_over_time_are_tables_too(self, opened):
        opened.go("time")
        opened.page.get_by_text("As a table").click()
        rows = opened.page.locator("#panel details[open] tbody tr")
        assert rows.count() == 12 and "MB" in rows.last.inner_text()
        assert opened.page.get_by_role("region", name="Resident memory by use").locator("tbody tr").count() > 3

    def test_a_window_of_time_is_chosen_without_a_pointer(self, opened):
        opened.go("time")
        opened.page.get_by_label("from second").focus()
        opened.page.keyboard.press("Control+A")
        opened.page.keyboard.type("1")
        opened.page.keyboard.press("Tab")
        opened.page.wait_for_function("() => location.hash.includes('window=1-')")
        assert opened.page.locator(".time-chart .window").count() == 2

    def test_the_edges_of_the_window_are_sliders_on_the_chart(self, opened):
        opened.go("time")
        start = opened.page.get_by_role("slider", name="Start of the window").first
        end = opened.page.get_by_role("slider", name="End of the window").first
        value = lambda slider: float(slider.get_attribute("aria-valuenow"))  # noqa: E731
        whole = value(end)
        assert value(start) == 0 and whole == float(start.get_attribute("aria-valuemax"))
        assert "the whole run is chosen" in start.get_attribute("aria-valuetext")
        start.focus()
        for key in ("PageUp", "PageUp", "ArrowRight", "ArrowLeft", "ArrowLeft"):
            opened.page.keyboard.press(key)
        opened.page.wait_for_function("() => location.hash.includes('window=')")
        assert value(start) == pytest.approx(0.19 * whole, rel=0.02)
        assert start.get_attribute("aria-valuetext").endswith("of " + end.get_attribute("aria-valuetext").split(" of ")[1])
        end.focus()
        opened.page.keyboard.press("Home")
        assert value(end) == pytest.approx(0.2 * whole, rel=0.02) and end.evaluate("one => one === document.activeElement")
        chart, edge = opened.page.locator(".time-chart .window").first.bounding_box(), end.bounding_box()
        assert abs(chart["x"] + chart["width"] - edge["x"] - 1) < 2 and abs(chart["height"] - edge["height"]) < 4
        assert opened.axe() == []
        opened.page.keyboard.press("Escape")
        opened.page.wait_for_selector(".time-chart .window", state="detached")
        assert value(start) == 0 and value(end) == whole

    def test_steps_of_a_slider_are_no_steps_of_the_history(self, opened):
        opened.go("time")
        before = opened.page.evaluate("() => history.length")
        opened.page.get_by_role("slider", name="Start of the window").first.focus()
        for _ in range(5):
            opened.page.keyboard.press("ArrowRight")
        opened.page.wait_for_function("() => location.hash.includes('window=')")
        assert opened.page.evaluate("() => history.length") == before

    def test_a_pointer_still_drags_from_the_edge_on(self, opened):
        opened.go("time")
        box = opened.page.locator(".time-chart").first.bounding_box()
        middle = box["y"] + box["height"] / 2
        slider = opened.page.get_by_role("slider", name="Start of the window").first.bounding_box()
        opened.page.mouse.move(slider["x"] + 1, middle)
        opened.page.mouse.down()
        opened.page.mouse.move(box["x"] + box["width"] / 2, middle)
        opened.page.mouse.up()
        opened.page.wait_for_function("() => location.hash.includes('window=0-')")

    def test_the_flame_graph_is_a_table_too(self, opened):
        opened.go("sites", "?by=function&as=table")
        assert opened.page.get_by_role("region", name="Table of places").locator("tbody tr").count() > 20


@pytest.fixture(scope="module")
def phone(browser, url):
    with Page(browser, url, viewport=PHONE, color_scheme="dark", has_touch=True) as page:
        yield page


@pytest.mark.parametrize("view", VIEWS)
class TestPhone:
    def test_nothing_is_wider_than_the_screen_and_the_chosen_tab_is_in_sight(self, phone, view):
        phone.go(view)
        assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
        left, right = phone.page.eval_on_selector(f"#tab-{view}", "tab => [tab.getBoundingClientRect().left, tab.getBoundingClientRect().right]")
        assert left >= 0 and right <= PHONE["width"]

    def test_names_are_not_broken_letter_by_letter(self, phone, view):
        phone.go(view)
        narrow = phone.page.eval_on_selector_all("#panel button.link, #panel dd, #panel h2", "all => all.filter(one => one.innerText.length > 12 && one.clientHeight > 110 && one.clientWidth < 90).map(one => one.innerText)")
        assert narrow == []

    def test_it_is_clean_for_axe_in_the_dark_with_all_opened(self, phone, view):
        phone.go(view)
        phone.page.eval_on_selector_all("#panel details", "all => all.forEach(one => { one.open = true })")
        assert phone.axe() == []


def test_no_style_asks_for_a_colour_that_there_is_not():
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(STYLES.glob("*.css")))
    assert set(re.findall(r"var\(--([\w-]+)", text)) - set(re.findall(r"--([\w-]+):", text)) == set()
