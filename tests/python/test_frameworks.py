"""Requests and tasks of real frameworks: how many there were, by who answered them, and what stays of each."""

import json
import sys

import interpreters
import pytest
from package_paths import PROGRAMS


@pytest.fixture
def requests_of(run, environment, tmp_path):
    """The report's `requests` of what a program records."""

    def record(name):
        path = tmp_path / "web.limpet"
        done = run([sys.executable, PROGRAMS / f"{name}.py", path], env=environment, cwd=tmp_path, timeout=500)
        assert done.returncode == 0 and done.stdout == "ok\n", done.stdout + done.stderr
        told = run([interpreters.limpet_path(), "report", path, "--json"])
        assert told.returncode == 0, told.stderr
        report = json.loads(told.stdout)
        assert report["problems"] == []
        return report["requests"], run([interpreters.limpet_path(), "report", path]).stdout

    return record


def by_name(requests):
    return {row["name"]: row for row in requests["answered_by"]}


def keeps(row, least, most):
    """Whether each request of that row left so many bytes."""
    return row["settled"] and least <= row["bytes_per_request"] <= most


def test_starlette_requests_that_overlap_are_told_apart(requests_of):
    requests, text = requests_of("web_starlette")
    rows = by_name(requests)
    assert requests["requests"] == 200 * 13 + 2 and requests["under_way"] == 0
    assert {name: row["requests"] for name, row in rows.items() if row["kind"] == "function"} == {
        "GET /keeps/{user}": 600,
        "GET /clean/{user}/files/{file:path}": 1200,
        "GET /sub/thread/{n:int}": 200,
        "POST /account": 200,
        "GET /streams": 201,
        "GET /fails": 1,
    }
    assert keeps(rows["GET /keeps/{user}"], 4100, 5000)  # four times 1000, their list, and a place in another
    assert keeps(rows["GET /clean/{user}/files/{file:path}"], 0, 60)  # its neighbours' memory is not its own
    assert keeps(rows["GET /sub/thread/{n:int}"], 2000, 2400)  # in a thread of the pool
    assert keeps(rows["POST /account"], 500, 800) and rows["POST /account"]["function"]["function"] == "Account.post"
    assert keeps(rows["GET /streams"], 900, 1400)  # of a generator that runs when the function has returned
    assert requests["answered_by"][0]["name"] == "GET /keeps/{user}" and requests["answered_by"][-1]["kind"] == "rest"
    first = rows["GET /keeps/{user}"]["lines"][0]
    assert first["function"] == "keeps" and "bytes(1000)" in (PROGRAMS / "web_starlette.py").read_text().splitlines()[first["line"] - 1]
    assert "2 602 requests: " in text and "of these, a request of GET /keeps/{user}:" in text


def test_flask_and_an_application_without_framework_in_threads(requests_of):
    requests, text = requests_of("web_flask")
    rows = by_name(requests)
    assert keeps(rows["GET /keeps/<int:user>"], 3000, 3400) and rows["GET /keeps/<int:user>"]["requests"] == 600
    assert keeps(rows["GET /clean/<name>"], 0, 60) and rows["GET /clean/<name>"]["requests"] == 600
    assert keeps(rows["GET /streams"], 600, 1000) and keeps(rows["POST /account"], 700, 1000)
    assert rows["GET /fails"]["requests"] == 200 and rows["GET /fails"]["kind"] == "function"
    # Without a framework: paths, folded, and not more than there is room for.
    assert keeps(rows["GET /upload/{}/part/{}"], 900, 1200) and rows["GET /upload/{}/part/{}"]["kind"] == "path"
    assert rows["GET /same"]["requests"] == 200
    assert len(rows) < 75 and rows["(other paths)"]["requests"] > 100
    assert requests["requests"] == 200 * 14 + 1 and "more in the JSON" in text


def test_django_views_by_their_routes(requests_of, run, tmp_path):
    requests, _ = requests_of("web_django")
    rows = by_name(requests)
    assert {name: row["requests"] for name, row in rows.items() if row["kind"] == "function"} == {
        "GET /site/keeps/<int:user>": 400,  # by WSGI, and then by ASGI
        "GET /site/shop/clean/<str:name>, GET /site/shop/files/<name>/": 400,
        "POST /site/shop/account": 100,
        "HEAD /site/shop/account": 100,
        "GET /site/shop/orders": 100,
        "GET /site/streams": 100,
        "GET /site/fails": 100,
        "GET /waits/<int:number>": 200,
    }
    assert all(row["kind"] == "function" for row in requests["answered_by"][:-1]) and requests["requests"] == 100 * 16
    function = {name: row["function"]["function"] for name, row in rows.items() if row["kind"] == "function"}
    assert function["POST /site/shop/account"] == "Account.post" and function["HEAD /site/shop/account"] == "Account.get"
    assert function["GET /site/shop/orders"] == "Orders.list"
    live = {name: row["live_bytes"] / row["requests"] for name, row in rows.items() if row["kind"] == "function"}
    assert 3000 <= live["GET /site/keeps/<int:user>"] < 3300  # inside of its decorator, in threads
    assert live["GET /site/shop/clean/<str:name>, GET /site/shop/files/<name>/"] < 60
    assert 700 <= live["POST /site/shop/account"] < 1000 and 900 <= live["GET /site/shop/orders"] < 1300
    assert 600 <= live["GET /site/streams"] < 1000 and 1500 <= live["GET /waits/<int:number>"] < 2000

    # The file of the counts is mapped, and 200 KB; it is none of the program's memory.
    told = run([interpreters.limpet_path(), "stats", tmp_path / "web.limpet", "--json", "--group", "file", "--limit", "0"])
    ours = [row["live"]["bytes"] for row in json.loads(told.stdout)["rows"] if row["place"]["file"].endswith("limpet/_requests.py")]
    assert sum(ours) < 100_000


def test_celery_and_rq(requests_of):
    rows = by_name(requests_of("tasks")[0])
    assert {name: row["requests"] for name, row in rows.items() if row["kind"] == "function"} == {
        "shop.resize": 60,
        "shop.mail": 60,
        "shop.fails": 60,
        "__main__.job_that_keeps": 60,
        "__main__.job_that_fails": 60,
    }
    assert keeps(rows["shop.resize"], 2500, 3000) and keeps(rows["shop.mail"], 0, 100)
    assert keeps(rows["__main__.job_that_keeps"], 1500, 1900)


def test_forked_workers_count_for_themselves_and_are_added_up(interpreter, run_program, run, tmp_path):
    # Who answers is not known of an application's first request: that is in the last row only.
    for traced, known, counts in ((None, 3 * 399, [400, 400, 400]), (["-q", "-o", "run.limpet"], 3 * 400, [400, 400, 401])):
        done = run_program(interpreter, "web_workers", "start.limpet", traced=traced)
        assert done.stdout == "ok\n" and done.stderr == ""
        path = tmp_path / ("run.limpet" if traced else "start.limpet")
        report = json.loads(run([interpreters.limpet_path(), "report", path, "--json"]).stdout)
        rows = by_name(report["requests"])
        assert {name: row["requests"] for name, row in rows.items() if name.startswith("GET")} == {"GET /keeps/{}": known}
        assert 500 <= rows["GET /keeps/{}"]["bytes_per_request"] <= 900  # there may be too few to leave any out
        alone = [["--process", str(process["pid"])] for process in report["processes"]]
        counted = [json.loads(run([interpreters.limpet_path(), "report", path, "--json", *one]).stdout)["requests"]["requests"] for one in alone]
        assert sorted(counted) == counts


def test_paths_are_folded_where_they_name_one_thing_of_many():
    code = (
        "from limpet.middleware import fold_path as f\n"
        "for path in ('/', '', '/users/17/files', '/v1/users', '/a/0a1b2c3d/x', '/o/6fa459ea-ee8a-3ca4-894e-db77e160355e', '/mail/a@b.c',\n"
        "             '/feedback/defaced', '/static/app.min-1.js', '/' + 'x' * 40, '/a' * 30): print(f(path))\n"
    )
    done = interpreters.subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(interpreters.build_folder() / "python")})
    assert done.stdout.split("\n") == [
        "/", "", "/users/{}/files", "/v1/users", "/a/{}/x", "/o/{}", "/mail/{}", "/feedback/defaced", "/static/app.min-1.js", "/{}", "/a" * 12 + "/...", "",
    ], done.stderr  # fmt: skip
