"""A Flask application with sessions and templates, served by waitress."""

import socket
import threading

from flask import Flask, jsonify, render_template_string, request, session
from load import load, wait_for
from waitress.server import create_server

app = Flask(__name__)
app.secret_key = b"not a secret"


@app.get("/")
def index():
    session["seen"] = session.get("seen", 0) + 1
    return render_template_string("<ul>{% for i in items %}<li>{{ i }}</li>{% endfor %}</ul>", items=range(20))


@app.get("/items")
def items():
    return jsonify([{"id": i, "name": f"item {i}", "n": request.args.get("n")} for i in range(30)])


listener = socket.create_server(("127.0.0.1", 0))
server = create_server(app, sockets=[listener], threads=4)
threading.Thread(target=server.run, daemon=True).start()
port = listener.getsockname()[1]
wait_for(port)
load(port, ["/", "/items", "/missing"])
