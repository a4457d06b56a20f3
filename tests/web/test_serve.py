"""limpet serve, without a browser: who is let in, what is told, growth, damage, the end."""

import http.client
import signal
import subprocess
from urllib.parse import urlsplit

import pytest
from web_drive import PROGRAMS, Served, ask, wait_for

pytestmark = pytest.mark.xdist_group("web")


@pytest.fixture(scope="module")
def served(limpet, leaky, milder):
    with Served(limpet, leaky.path, milder.path) as server:
        yield server


class TestWhoIsLetIn:
    def test_the_address_has_a_secret_and_without_it_nothing_is_told(self, served):
        parts = urlsplit(served.url)
        assert parts.hostname == "127.0.0.1" and len(parts.path.strip("/")) == 32
        for path in ("/", "/api/document", parts.path[:-2] + "/", parts.path[:-2] + "g/api/document", "/favicon.ico"):
            answer = ask(f"http://{parts.netloc}{path}")
            assert answer.status == 403, path
            assert "leaky" not in answer.body

    def test_a_foreign_host_or_origin_is_refused_though_it_knows_the_secret(self, served):
        assert served.open("api/document", Host="evil.example").status == 403
        assert served.open("api/document", Origin="https://evil.example").status == 403
        assert served.open("api/recordings", Origin=f"http://{urlsplit(served.url).netloc}").status == 200

    def test_answers_keep_others_out(self, served):
        headers = served.open().headers
        assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert not any(name.lower().startswith("access-control") for name in headers)

    def test_nothing_can_be_changed(self, served):
        parts = urlsplit(served.url)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            connection = http.client.HTTPConnection(parts.netloc, timeout=60)
            connection.request(method, parts.path + "api/document")
            assert connection.getresponse().status == 405, method


class TestWhatIsTold:
    def test_the_page_and_its_document(self, served, leaky, milder):
        page = served.open()
        assert page.headers["Content-Type"].startswith("text/html") and "<div id=\"app\">" in page.body
        document = served.json("api/document")
        assert document["schema"] == "limpet.viewer/1"
        assert [run["path"] for run in document["runs"]] == [str(milder.path), str(leaky.path)]  # the last, and the one before
        assert document["comparison"]["before"]["path"] == str(leaky.path)

    def test_any_of_the_recordings_can_be_chosen(self, served, leaky):
        told = served.json("api/recordings?recording=0&against=")
        assert [one["name"][-len("leaky.limpet"):] for one in told["recordings"]] == ["leaky.limpet", "ilder.limpet"]
        assert (told["chosen"], told["against"]) == (0, None)
        document = served.json("api/document?recording=0&against=")
        assert [run["path"] for run in document["runs"]] == [str(leaky.path)] and document["comparison"] is None
        for query in ("recording=2", "recording=-1", "recording=x", "against=7"):
            assert served.open(f"api/document?{query}").status == 404, query

    def test_figures_are_those_of_the_other_commands(self, served, leaky):
        run = served.json("api/document?recording=0&against=")["runs"][0]
        heap = leaky.json("heap", "--limit", "60")
        told = run["processes"][run["main_process"]]["heap"]
        assert told["summary"]["bytes"] == heap["bytes"] and told["summary"]["rows"] == heap["rows"]
        tree = told["treemap"]
        assert tree["bytes"][0] == heap["bytes"] + heap["native_memory"]["bytes"]
        sessions = tree["label"].index("__main__.Session")
        assert tree["groups"][sessions] == 3000 and tree["label"][tree["parent"][sessions]] == ".SESSIONS"
        assert tree["bytes"][sessions] == next(row["retained_bytes"] for row in heap["rows"] if row["type"] == "__main__.Session")

    def test_who_holds_anything_is_told_on_demand(self, served, leaky):
        asked = served.json("api/why?recording=0&against=&target=__main__.Node")
        assert asked["garbage"]["objects"] == leaky.json("why", "__main__.Node")["garbage"]["objects"] > 500
        unknown = served.open("api/why?recording=0&target=no.Such")
        assert unknown.status == 404 and "no.Such" in unknown.body
        assert served.open("api/why?recording=0&target=%ff%00%3Cx").status == 404
        assert served.open("api/why?recording=0&target=dict&process=x").status == 404
        assert served.open("api/nothing").status == 404

    def test_nothing_new_is_not_sent_again(self, served):
        first = served.open("api/document")
        assert served.open("api/document", If_None_Match=first.headers["ETag"]).status == 304


class TestGrowth:
    def test_listeners_hear_of_growth_and_the_document_grows(self, limpet, any_interpreter, tmp_path):
        path = tmp_path / "r.limpet"
        argv = any_interpreter.limpet_run(PROGRAMS / "endless.py", options=("-q", "-o", path))
        program = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, cwd=tmp_path)
        try:
            wait_for(lambda: list(path.glob("p*/data")))
            with Served(limpet, path) as served:
                document = wait_for(lambda: (answer := served.open("api/document")).status == 200 and served.json("api/document"))
                assert document["running"]
                parts = urlsplit(served.url)
                events = http.client.HTTPConnection(parts.netloc, timeout=240)
                events.request("GET", parts.path + "api/events")
                stream = events.getresponse()
                assert stream.headers["Content-Type"] == "text/event-stream"
                versions = [line for line in (stream.readline().decode() for _ in range(6)) if line.startswith("data: ")]
                assert len(set(versions)) == 2
                now = served.json("api/document")
                born = [one["runs"][0]["report"]["processes"][0]["recording"]["born_bytes"] for one in (document, now)]
                assert born[1] > born[0]
        finally:
            program.stdin.close()
            assert program.wait(timeout=240) == 0


class TestHardLives:
    def test_a_damaged_recording_is_told_and_the_others_are_shown(self, limpet, leaky, tmp_path):
        broken = tmp_path / "broken.limpet"
        (broken / "p1").mkdir(parents=True)
        (broken / "p1/data").write_bytes(b"no recording" * 1000)
        (broken / "run.json").write_text("{")
        with Served(limpet, leaky.path, broken) as served:
            answer = served.open("api/document?recording=1&against=")
            assert answer.status == 500 and str(broken) in answer.body
            assert served.json("api/document?recording=0&against=")["runs"][0]["path"] == str(leaky.path)
            assert served.open().status == 200

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_ctrl_c_ends_it_quietly(self, limpet, leaky, number):
        with Served(limpet, leaky.path) as served:
            assert served.open().status == 200
            served.child.send_signal(number)
            out, err = served.child.communicate(timeout=60)
            assert (served.child.returncode, out, err) == (0, "", "")

    def test_misuse_is_told(self, limpet, leaky, run, tmp_path):
        missing = run([limpet, "serve", tmp_path / "none.limpet"])
        assert missing.returncode == 2 and "there is no recording" in missing.stderr
        assert run([limpet, "serve"]).returncode == 2
        with Served(limpet, leaky.path) as served:
            taken = run([limpet, "serve", leaky.path, "--port", urlsplit(served.url).port])
            assert taken.returncode == 2 and "cannot listen" in taken.stderr
