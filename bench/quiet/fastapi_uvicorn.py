"""A FastAPI application with validated bodies and background tasks, served by uvicorn."""

import json
import socket
import threading

import uvicorn
from fastapi import BackgroundTasks, FastAPI
from load import request, until_end, wait_for
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    lines: list[str] = []
    note: str | None = None


@app.get("/")
async def index():
    return {"hello": "world"}


@app.post("/orders")
async def orders(order: Order, tasks: BackgroundTasks):
    tasks.add_task(len, order.lines)
    return order


@app.get("/sync/{number}")
def in_a_thread(number: int):
    return {"number": number, "list": list(range(50))}


listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
threading.Thread(target=server.run, args=([listener],), daemon=True).start()
wait_for(port)
for number in until_end():
    body = json.dumps({"id": number, "lines": [f"line {i}" for i in range(10)]}).encode()
    request(port, "/orders", number, body)
    request(port, "/orders", number, b'{"id": "no number"}')
    request(port, f"/sync/{number}", number)
server.should_exit = True
