"""Holds more and more of one kind of the kernel's things: python holds.py KIND."""

import os
import socket
import subprocess
import sys
import threading
import time

STEPS, PAUSE = 80, 0.05
HELD = []
NEVER = threading.Event()


class Client:
    def __init__(self):
        self.socket = socket.socket()
        self.buffer = bytearray(3000)


def sockets(step):
    HELD.append(Client())


def files(step):
    os.open(sys.executable, os.O_RDONLY)  # nobody keeps anything but a number


def pipes(step):
    os.pipe()


def eventfds(step):
    os.eventfd(0)


def threads(step):
    threading.Thread(target=NEVER.wait, daemon=True).start()


def children(step):
    if step % 3 == 0:
        HELD.append(subprocess.Popen(["true"]))  # never waited for


def pool(step):
    """Fills up early: no growth."""
    if step < 8:
        HELD.append(socket.socket())


def bursts(step):
    """Opens many and closes them again."""
    several = [socket.socket() for _ in range(5 + step % 7)]
    for one in several:
        one.close()


if __name__ == "__main__":
    for step in range(STEPS):
        globals()[sys.argv[1]](step)
        for _ in range(20):
            bytearray(3000)
        time.sleep(PAUSE)
