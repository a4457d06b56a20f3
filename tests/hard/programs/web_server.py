"""A Flask application behind waitress on a free port of the loopback address, which it prints. POST /stop ends it."""

import json
import logging
import os
import signal
import sqlite3
import threading

import waitress
from flask import Flask, jsonify, render_template_string, request

app = Flask(__name__)
database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("create table visits (id integer primary key, name text)")
lock = threading.Lock()
PAGE = "<h1>{{ title }}</h1><ul>{% for item in items %}<li>{{ item.name|upper }}: {{ '%0.2f' % item.price }}</li>{% endfor %}</ul>"


@app.get("/page/<int:n>")
def page(n):
    return render_template_string(PAGE, title=f"Page {n}", items=[{"name": f"item {k}", "price": k * 1.1} for k in range(n % 50)])


@app.post("/echo")
def echo():
    document = request.get_json()
    document["seen"] = sorted(document)
    return jsonify(document)


@app.get("/visit/<name>")
def visit(name):
    with lock:
        database.execute("insert into visits (name) values (?)", (name,))
        rows = database.execute("select count(*) from visits where name = ?", (name,)).fetchone()
    return json.dumps({"name": name, "seen": rows[0] > 0})


@app.get("/fail")
def fail():
    raise LookupError("on purpose")


@app.post("/stop")
def stop():
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    return "bye"


app.logger.disabled = True
logging.getLogger("waitress").setLevel(logging.ERROR)
server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
print(server.effective_port, flush=True)
server.run()
