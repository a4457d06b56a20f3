"""Looks up attributes by names that are made up each time, as http.server and many dispatchers do."""


class Handler:
    do_0 = 0


def dispatch(handler, number):
    name = "do_" + str(number % 3)
    return hasattr(handler, name)


handler = Handler()
for number in range(2000):
    dispatch(handler, number)
