"""The page where things are not as they should be: very many processes, a damaged recording, a browser that keeps nothing, no width."""

import shutil

import pytest
from test_views import Page
from web_drive import record

pytestmark = pytest.mark.xdist_group("web")

MANY = 64
# As a browser with cookies switched off has it, or a page in a sandbox: to touch them is an error.
NO_STORAGE = """
for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
  Object.defineProperty(window, name, {get() { throw new DOMException('no storage here', 'SecurityError'); }});
"""


def page_of(recorded, path):
    done = recorded.limpet("report", recorded.path, "--html", path)
    assert path.exists(), done.stderr
    return path.as_uri()


@pytest.fixture(scope="module")
def crowd(any_interpreter, recordings):
    return record(any_interpreter, recordings, "crowd.py", str(MANY), name="crowd")


class TestManyProcesses:
    def test_each_is_in_the_page_and_can_be_looked_at(self, browser, crowd, recordings):
        with Page(browser, page_of(crowd, recordings / "crowd.html") + "#processes") as page:
            rows = page.page.locator("#panel tbody tr")
            assert rows.count() == MANY == page.page.locator(".process option").count()
            pids = {process["pid"] for process in crowd.json("report", "-")["processes"]}
            assert {int(row.split()[0]) for row in rows.all_inner_texts()} == pids
            last = rows.nth(MANY - 1).get_by_role("button")
            pid = last.inner_text().split()[0]
            last.click()
            for view in ("sites", "time", "findings"):
                page.go(view, page.page.evaluate("() => '?' + (location.hash.split('?')[1] ?? '')"))
                assert page.page.locator(".process option:checked").inner_text().startswith(f"{pid}:")
            assert page.wrong == []

    def test_they_fit_a_phone_and_are_clean_for_axe(self, browser, crowd, recordings):
        phone = {"width": 390, "height": 844}
        with Page(browser, page_of(crowd, recordings / "crowd.html") + "#processes", viewport=phone) as page:
            widths = page.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
            assert widths[0] <= widths[1]
            assert page.axe() == []

    def test_the_file_stays_small(self, crowd, recordings):
        page_of(crowd, recordings / "crowd.html")
        assert (recordings / "crowd.html").stat().st_size < 1_500_000


def test_a_browser_that_keeps_nothing_shows_every_view(browser, leaky, recordings):
    url = page_of(leaky, recordings / "storage.html")
    with Page(browser, "about:blank", wait=False) as page:
        page.page.add_init_script(NO_STORAGE)
        page.page.goto(url)
        page.page.wait_for_selector("[role=tabpanel]")
        for view in ("sites", "time", "heap", "processes", "findings"):
            page.go(view)
            assert len(page.page.inner_text("#panel").strip()) > 20
        assert page.wrong == []


def test_what_is_left_of_a_damaged_recording_is_shown_and_the_damage_told(browser, leaky, recordings):
    damaged = recordings / "damaged.limpet"
    shutil.copytree(leaky.path, damaged)
    for data in sorted(damaged.glob("p*/data"))[1:]:
        data.write_bytes(data.read_bytes()[:1000])
    for snapshot in damaged.glob("p*/heap.*"):
        snapshot.write_bytes(snapshot.read_bytes()[: snapshot.stat().st_size // 2])
    path = recordings / "damaged.html"
    done = leaky.limpet("report", damaged, "--html", path)
    assert path.exists(), done.stderr
    with Page(browser, path.as_uri()) as page:
        page.page.locator("details.warnings summary").click()
        assert len(page.page.inner_text("details.warnings li").strip()) > 10
        for view in ("sites", "time", "findings"):
            page.go(view)
            assert len(page.page.inner_text("#panel").strip()) > 20
        assert page.wrong == []
