"""Reads documents into trees. The collector is off: its pauses were felt."""
import gc
import sys
import time
import weakref


class Element:
    def __init__(self, name, parent):
        self.name = name
        self.parent = parent and weakref.proxy(parent)
        self.children = []


def parse(number):
    root = Element(f"document {number}", None)
    for chapter in range(20):
        root.children.append(Element(f"chapter {chapter}", root))
    return root


def main():
    if "--collector" not in sys.argv:
        gc.disable()
    for number in range(500):
        parse(number)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
