"""in_c.py LIBRARY (kept | lost): objects that C code keeps in memory of its own, and such as nobody has any more."""

import ctypes
import sys
import time

library = ctypes.PyDLL(sys.argv[1])
library.MakeType.restype = ctypes.py_object
CHAIN = library.MakeType()()


class Order:
    def __init__(self, number):
        self.number = number
        self.text = f"order {number:08}"


def take(number):
    order = Order(number)
    if sys.argv[2] == "kept":
        library.Keep(ctypes.py_object(CHAIN), ctypes.py_object(order))
    else:
        library.Lose(ctypes.py_object(order))


def main():
    for number in range(3000):
        take(number)
        time.sleep(0.0002)


main()
