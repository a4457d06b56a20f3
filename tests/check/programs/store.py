"""The part of shop.py that grows on purpose."""


class Table:
    def __init__(self):
        self.rows = []

    def add(self, row):
        self.rows.append(row)


TABLE = Table()


def make_row(number, size):
    return [number, bytes(size)]


def insert(number, size):
    TABLE.add(make_row(number, size))
