"""A live server that answers questions about its memory: docs/frameworks.md, "Asking a live server".

    limpet run -q examples/live/server.py 8000        # or without `limpet run`: it starts to record by itself
"""

import sys

import flask
import limpet
import limpet.middleware

app = flask.Flask("shop")
app.wsgi_app = limpet.middleware.WSGIMiddleware(app.wsgi_app)
SESSIONS = {}


class Session:
    def __init__(self, user):
        self.user = user
        self.basket = [bytes(1000)]


@app.get("/login/<user>")
def login(user):
    SESSIONS[user] = Session(user)  # and nobody ever takes it out
    return "welcome"


@app.get("/memory/<question>")
def memory(question):
    # The answers show the program's names, keys and lines: put your own authentication in front of this.
    if question == "top":
        return limpet.top(limit=5).to_dict()
    if question == "leaks":
        return limpet.leaks().to_dict()
    if question == "types":
        return limpet.snapshot().by_type(limit=0).to_dict()
    session = SESSIONS[flask.request.args["user"]]
    if question == "why":
        return limpet.snapshot().why(session).to_dict()
    if question == "allocated_at":
        return limpet.allocated_at(session).to_dict()
    flask.abort(404)


if __name__ == "__main__":
    limpet.start()  # a temporary recording; does nothing under `limpet run`
    app.run(port=int(sys.argv[1]), threaded=True)
