"""Meets the recursion limit from Python and from C, in the main thread and in one with a small stack."""

import threading


def deep(n):
    return [n, deep(n + 1)]


class Odd:
    def __repr__(self):
        return repr([self])


def attempt(function, argument):
    try:
        function(argument)
    except RecursionError as error:
        print(type(error).__name__)


attempt(deep, 0)
attempt(repr, Odd())
threading.stack_size(1 << 20)
thread = threading.Thread(target=attempt, args=(deep, 500))
thread.start()
thread.join()
threading.stack_size(128 << 10)
group = [threading.Thread(target=lambda: [str(n) for n in range(1000)]) for _ in range(20)]
for thread in group:
    thread.start()
for thread in group:
    thread.join()
print("small stacks")
