"""`limpet export --to speedscope` in speedscope itself: its released page (npm, pinned in web/package.json) in the browser shows limpet's figures."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("web")

RELEASE = Path(__file__).parents[2] / "web/node_modules/speedscope/dist/release"
PROFILES = "table tr[title]"
FUNCTIONS = "table tr:has(td[title])"
CELLS = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim().split(' (')[0]))"


class Handler(http.server.SimpleHTTPRequestHandler):
    """speedscope's files, and the profile."""

    profile = b""

    def do_GET(self):
        if self.path.split("?")[0] != "/profile.json":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.profile)
        return None

    def log_message(self, *_):
        pass


def in_words(count: int) -> str:
    """Bytes as speedscope writes them."""
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


@pytest.fixture(scope="module")
def speedscope(browser, leaky):
    """The sandwich view: every function, most of its own first."""
    exported = leaky.limpet("export", leaky.path, "--to", "speedscope")
    assert exported.returncode == 0, exported.stderr
    handler = type("Profile", (Handler,), {"profile": exported.stdout.encode()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(RELEASE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    page = browser.new_page()
    page.set_default_timeout(240_000)
    page.goto(f"{address}#profileURL={address}profile.json&view=sandwich")
    page.wait_for_function("() => document.querySelectorAll('table td[title]').length > 20")
    yield page
    page.close()
    server.shutdown()
    server.server_close()


def pids(leaky):
    return [process["pid"] for process in leaky.json("report", "-")["processes"]]


def test_its_profiles_have_the_totals_of_limpet_stats(speedscope, leaky):
    shown = dict(speedscope.eval_on_selector_all(PROFILES, "rows => rows.map(row => [row.title, row.cells[row.cells.length - 1].innerText])"))
    assert len(shown) == 2 * len(pids(leaky)) == 4
    for pid in pids(leaky):
        live = leaky.json("stats", "--process", str(pid))["total"]["live"]
        mine = {title.split()[0]: weight for title, weight in shown.items() if title.endswith(f"(pid {pid})")}
        assert mine == {"bytes": in_words(live["bytes"]), "objects": f"{live['blocks']:,}"}


def test_its_functions_have_what_limpet_counted(speedscope, leaky):
    shown = speedscope.eval_on_selector_all(FUNCTIONS, CELLS)[:12]
    self_bytes, total_bytes = {}, {}
    stacks = leaky.json("stats", "--group", "stack", "--limit", "0", "--process", str(pids(leaky)[0]))["rows"]
    for row in stacks:
        places = [(frame["function"], frame["file"], frame["line"]) for frame in row["stack"]]
        for place in set(places):
            total_bytes[place] = total_bytes.get(place, 0) + row["live"]["bytes"]
        if places:
            self_bytes[places[0]] = self_bytes.get(places[0], 0) + row["live"]["bytes"]
    wanted = [[in_words(total_bytes[place]), in_words(own), place[0]] for place, own in sorted(self_bytes.items(), key=lambda one: -one[1])]
    assert len(shown) == 12
    assert [row for row in shown if row not in wanted[:14]] == []
