"""The viewer in a browser: every view from a file without network, and the page that limpet serve sends."""

import subprocess
from pathlib import Path

import pytest
from web_drive import PROGRAMS, Served, wait_for

pytestmark = pytest.mark.xdist_group("web")

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
VIEWS = ("findings", "sites", "time", "heap", "diff", "processes")


class Page:
    """A page of the browser, and all that went wrong on it."""

    def __init__(self, browser, url, wait=True, **options):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.wrong, self.asked = [], []
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)
        if wait:
            self.page.wait_for_selector("[role=tabpanel]")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def go(self, view, parameters=""):
        self.page.evaluate("hash => { location.hash = hash }", view + parameters)
        self.page.wait_for_selector(f"#panel[aria-labelledby=tab-{view}]")

    def axe(self):
        """What axe-core objects to."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found["violations"]]


@pytest.fixture(scope="module")
def file(leaky, milder, recordings):
    """Both recordings in one file: the second, compared with the first."""
    path = recordings / "page.html"
    done = milder.limpet("diff", leaky.path, milder.path, "--html", path)
    assert path.exists(), done.stderr
    return path.as_uri()


@pytest.fixture(scope="module")
def one_file(leaky, recordings):
    path = recordings / "leaky.html"
    done = leaky.limpet("report", leaky.path, "--html", path)
    assert done.returncode == 0, done.stderr
    return path.as_uri()


@pytest.fixture(scope="module")
def light(browser, file):
    with Page(browser, file) as page:
        yield page


@pytest.mark.parametrize("view", VIEWS)
class TestEveryView:
    def test_opens_from_disk_without_network_or_complaint(self, light, view):
        light.go(view)
        assert len(light.page.inner_text("#panel").strip()) > 20
        assert {url.split(":")[0] for url in light.asked} <= {"file", "data"}
        assert light.wrong == []

    def test_is_clean_for_axe_in_light_and_dark(self, browser, file, light, view):
        light.go(view)
        assert light.axe() == []
        light.page.emulate_media(color_scheme="dark")
        try:
            assert light.axe() == []
        finally:
            light.page.emulate_media(color_scheme="light")

    def test_fits_a_phone(self, light, view):
        light.page.set_viewport_size({"width": 390, "height": 844})
        try:
            light.go(view)
            widths = light.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
            assert widths[0] <= widths[1]
        finally:
            light.page.set_viewport_size({"width": 1280, "height": 900})

    def test_shows_markup_in_names_as_text(self, light, view):
        light.go(view)
        assert light.page.evaluate("() => document.querySelectorAll('#app img, #app script, #app iframe').length") == 0
        assert light.wrong == []


class TestKeyboard:
    def test_arrows_walk_the_tabs_and_the_address_follows(self, light):
        light.go("findings")
        light.page.focus("#tab-findings")
        seen = []
        for _ in VIEWS:
            light.page.keyboard.press("ArrowRight")
            seen.append(light.page.evaluate("() => document.activeElement.id.slice('tab-'.length)"))
            assert light.page.evaluate("() => location.hash.slice(1).split('?')[0]") == seen[-1]
        assert seen == [*VIEWS[1:], VIEWS[0]]

    def test_the_treemap_is_walked_by_the_keyboard(self, light):
        light.go("heap")
        boxes = light.page.locator(".tm")
        assert boxes.count() > 1
        before = light.page.inner_text(".treemap figcaption")
        deeper = light.page.locator(".tm-depth1").first
        deeper.focus()
        light.page.keyboard.press("Enter")
        light.page.wait_for_function("text => document.querySelector('.treemap figcaption').innerText !== text", arg=before)
        light.page.locator(".crumbs button").first.focus()
        light.page.keyboard.press("Enter")
        light.page.wait_for_function("() => document.querySelector('.crumbs').children.length === 1")


@pytest.fixture(scope="module")
def heap(browser, one_file):
    with Page(browser, one_file + "#heap") as page:
        yield page


class TestHeap:
    def test_a_type_tells_who_holds_it_and_what_to_cut(self, heap, leaky):
        heap.page.get_by_role("button", name="__main__.Session", exact=True).click()
        ways = heap.page.locator("section[aria-labelledby=ways-title]")
        ways.wait_for()
        text = ways.inner_text()
        assert ".SESSIONS" in text and "cut here" in text
        frees = leaky.json("why", "__main__.Session")["holdings"][0]["would_free"]["objects"]
        assert frees >= 3000 and f"{frees:,}".replace(",", "\u202f") in text
        assert "type=__main__.Session" in heap.page.evaluate("() => location.hash")

    def test_the_address_alone_brings_it_back(self, browser, one_file):
        with Page(browser, one_file + "#heap?type=__main__.Session&sort=objects") as page:
            page.page.wait_for_selector("section[aria-labelledby=ways-title]")
            assert page.page.locator("th[aria-sort=descending]").inner_text().startswith("Objects")

    def test_cycles_are_rings_with_the_weakest_edge_marked(self, heap, leaky):
        told = [ring.get_attribute("aria-label") for ring in heap.page.locator("svg.ring").all()]
        assert sum("__main__.Node" in one for one in told) == 1  # the finding's and the snapshot's are one
        finding = next(one for one in leaky.json("report", "-")["findings"] if one["types"] == ["__main__.Node"])
        weakest = finding["cycle"][finding["weakest_edge"]]["edge"]
        assert f"{weakest} to __main__.Node (the weakest)" in next(one for one in told if "__main__.Node" in one)
        marked = heap.page.locator(".ring-label.weakest")
        assert marked.count() == 1 and marked.text_content().startswith(weakest)

    def test_the_heaviest_area_is_what_retains_most(self, heap):
        heap.page.evaluate("() => { location.hash = 'heap?row=0' }")
        heap.page.wait_for_function("() => document.querySelector('.crumbs').children.length === 1")
        areas = heap.page.eval_on_selector_all(".tm-depth1", "all => all.map(e => [e.offsetWidth * e.offsetHeight, e.title])")
        assert areas and max(areas)[1] == areas[0][1]


class TestFindings:
    def test_a_ring_of_two_objects_has_two_references(self, heap, leaky):
        heap.go("findings")
        card = heap.page.locator("article", has_text="__main__.Node")
        assert card.locator("svg.ring .ring-edge").count() == card.locator(".cycle li").count() == 2
        finding = next(one for one in leaky.json("report", "-")["findings"] if one["types"] == ["__main__.Node"])
        weakest = finding["cycle"][finding["weakest_edge"]]["edge"]
        assert card.locator(".cycle li.weakest .edge").inner_text() == weakest
        heap.go("heap")


class TestOthers:
    def test_diff_tells_what_became_of_the_sessions(self, light):
        light.go("diff")
        fates = light.page.locator(".fate").all_inner_texts()
        assert fates and {fate.split()[0] for fate in fates} <= {"+", "▲", "=", "?", "▼", "✓"}
        assert light.page.get_by_label("gone:").inner_text().count("__main__.Session") == 1

    def test_processes_are_a_tree_and_choosing_one_is_kept(self, light):
        light.go("processes")
        rows = light.page.locator("#panel tbody tr")
        assert rows.count() == 2
        rows.nth(1).get_by_role("button").click()
        light.page.wait_for_selector("#panel tbody tr.chosen:nth-child(2)")
        assert "process=" in light.page.evaluate("() => location.hash")
        rows.nth(0).get_by_role("button").click()


class TestServed:
    def test_the_same_page_is_served_and_asks_for_what_it_lacks(self, browser, limpet, leaky, milder):
        with Served(limpet, leaky.path, milder.path) as served, Page(browser, served.url + "#heap") as page:
            assert page.page.locator("nav[aria-label=Recordings] select").count() == 2
            page.page.locator("nav[aria-label=Recordings] select").nth(0).select_option("0")
            page.page.wait_for_url("**recording=0**")
            page.page.wait_for_selector("#panel")
            page.go("heap", "?type=module")  # of which a file says nothing
            page.page.wait_for_selector("section[aria-labelledby=ways-title] .holding")
            assert page.axe() == []
            assert all(url.startswith((served.url, "data:")) for url in page.asked)
            assert page.wrong == []

    def test_growth_is_followed(self, browser, limpet, any_interpreter, tmp_path):
        path = tmp_path / "r.limpet"
        argv = any_interpreter.limpet_run(PROGRAMS / "endless.py", options=("-q", "-o", path))
        program = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, cwd=tmp_path)
        try:
            wait_for(lambda: list(path.glob("p*/data")))
            with Served(limpet, path) as served:
                wait_for(lambda: served.open("api/document").status == 200)
                with Page(browser, served.url) as page:
                    page.page.wait_for_selector(".badge")
                    program.stdin.close()
                    page.page.wait_for_selector(".badge", state="detached")
                    served.child.terminate()
                    page.page.get_by_text("limpet serve has ended").wait_for()
        finally:
            program.stdin.close()
            assert program.wait(timeout=240) == 0

    def test_what_cannot_be_read_is_said(self, browser, limpet, tmp_path):
        broken = tmp_path / "broken.limpet"
        (broken / "p1").mkdir(parents=True)
        (broken / "p1/data").write_bytes(b"no recording" * 1000)
        with Served(limpet, broken) as served:
            context = browser.new_context()
            page = context.new_page()
            page.goto(served.url)
            page.get_by_text("This recording cannot be shown").wait_for()
            context.close()

