"""What is for sale, and what was ordered: SQLite behind two caches that are all right."""
import functools
import sqlite3
import threading

COLOURS = ("red", "blue", "green", "amber", "black", "white")
THINGS = ("teapot", "lantern", "blanket", "notebook", "bicycle bell", "door mat", "umbrella", "clock", "kite", "compass")
COUNT = 120


class Product:
    def __init__(self, row):
        self.id, self.name, self.cents, self.text = row


class Catalog:
    def __init__(self, path):
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript("""
            PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = 50;
            CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER, text TEXT);
            CREATE TABLE cart (session TEXT, product INTEGER);
            CREATE INDEX cart_session ON cart (session);
            CREATE TABLE purchase (id INTEGER PRIMARY KEY, session TEXT, cents INTEGER);
        """)
        with self._lock:
            self._db.execute("BEGIN")
            for number in range(1, COUNT + 1):
                colour, thing = COLOURS[number % len(COLOURS)], THINGS[number % len(THINGS)]
                text = f"A {colour} {thing}, made to last. " * 20
                self._db.execute("INSERT INTO product VALUES (?, ?, ?, ?)",
                                 (number, f"{colour} {thing} no. {number}", 400 + number * 37 % 9000, text))
            self._db.execute("COMMIT")
        self._products = {}
        # The searches asked most lately. Bounded: the oldest goes when a new one comes.
        self.search = functools.lru_cache(maxsize=64)(self._search)

    def close(self):
        self._db.close()

    def product(self, product_id):
        """A product, read at first sight and kept: a table that warms up and is full once everything was seen."""
        found = self._products.get(product_id)
        if found is None:
            rows = self._rows("SELECT id, name, cents, text FROM product WHERE id = ?", product_id)
            if not rows:
                return None
            found = self._products[product_id] = Product(rows[0])  # control: warm-up table
        return found

    def _search(self, words):
        like = f"%{words}%"
        found = self._rows("SELECT id FROM product WHERE name LIKE ? OR text LIKE ? ORDER BY cents LIMIT 20", like, like)
        return tuple(int(row[0]) for row in found)  # control: bounded cache of searches

    def set_price(self, product_id, cents):
        self._rows("UPDATE product SET cents = ? WHERE id = ?", cents, product_id)
        known = self._products.get(product_id)
        if known is not None:
            known.cents = cents

    def put_in_cart(self, token, product_id):
        self._rows("INSERT INTO cart VALUES (?, ?)", token, product_id)

    def check_out(self, token):
        """Turns the cart into a purchase; returns (number, cents), or None for an empty cart."""
        (cents,), = self._rows("SELECT sum(cents) FROM cart JOIN product ON product = id WHERE session = ?", token)
        if cents is None:
            return None
        (number,), = self._rows("INSERT INTO purchase (session, cents) VALUES (?, ?) RETURNING id", token, cents)
        self._rows("DELETE FROM cart WHERE session = ?", token)
        return number, cents

    def _rows(self, sql, *values):
        with self._lock:
            return self._db.execute(sql, values).fetchall()
