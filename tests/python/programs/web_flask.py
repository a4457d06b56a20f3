"""A Flask application, and one without a framework, called from several threads at once. Argument: the recording to make."""

import concurrent.futures
import sys
import wsgiref.util

import flask
import flask.views
import limpet
import limpet.middleware

KEPT = []
app = flask.Flask(__name__)


@app.get("/keeps/<int:user>")
def keeps(user):
    KEPT.append(bytearray(3000))
    return "kept"


@app.get("/clean/<name>")
def clean(name):
    work = [bytes(4000) for _ in range(4)]
    return f"clean {len(work)}"


@app.get("/streams")
def streams():
    def parts():
        for number in range(3):
            KEPT.append(bytearray(200))
            yield f"{number} "

    return parts()


class Account(flask.views.MethodView):
    def post(self):
        KEPT.append(bytearray(700))
        return "posted"


app.add_url_rule("/account", view_func=Account.as_view("account"))


@app.get("/fails")
def fails():
    raise KeyError("as it is")


def plain(environ, start_response):
    if environ["PATH_INFO"].startswith("/upload"):
        KEPT.append(bytearray(900))
    if environ["PATH_INFO"] == "/fails":
        raise KeyError("as it is")
    start_response("200 OK", [])
    return ANSWER


ANSWER = [b"plain"]
app.wsgi_app = limpet.middleware.WSGIMiddleware(app.wsgi_app)
wrapped = limpet.middleware.WSGIMiddleware(plain)


def request(path, method="GET", application=app):
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
    wsgiref.util.setup_testing_defaults(environ)
    statuses = []
    answer = application(environ, lambda status, headers, exc_info=None: statuses.append(status))
    try:
        return statuses[0], b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()


def one_round(number):
    for k in range(3):
        assert request(f"/keeps/{number * 10 + k}")[1] == b"kept"
        assert request(f"/clean/user-{number}-{k}")[1] == b"clean 4"
    assert request("/streams")[1] == b"0 1 2 "
    assert request("/account", "POST")[1] == b"posted" and request("/account")[0].startswith("405")
    assert request("/nowhere")[0].startswith("404") and request("/fails")[0].startswith("500")
    assert request(f"/upload/{number}/part/0a1b2c3d", application=wrapped) == ("200 OK", b"plain")
    assert request(f"/scan/x{number}y", application=wrapped)[1] == b"plain"  # a name that is no number: many paths
    assert wrapped({"PATH_INFO": "/same", "REQUEST_METHOD": "GET"}, lambda *_: None) is ANSWER


def untouched():
    try:
        request("/fails", application=wrapped)
        raise AssertionError("the exception was swallowed")
    except KeyError as error:
        assert error.args == ("as it is",)


app.logger.disabled = True
untouched()
with limpet.record(sys.argv[1], snapshots="off"), concurrent.futures.ThreadPoolExecutor(4) as pool:
    untouched()
    list(pool.map(one_round, range(200)))
print("ok")
