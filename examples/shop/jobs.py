"""Work beside the requests: order mails, and prices that move."""
import email.message
import queue
import random
import threading

from events import BUS


class Mailer(threading.Thread):
    """Writes the mail for each order. (It keeps the last one only: this shop has no mail server.)"""

    def __init__(self):
        super().__init__(name="mailer", daemon=True)
        self._orders = queue.Queue(maxsize=1000)
        self.last = ""
        self.sent = 0

    def post(self, token, number, cents):
        self._orders.put((token, number, cents))

    def stop(self):
        self._orders.put(None)
        self.join()

    def run(self):
        while (order := self._orders.get()) is not None:
            token, number, cents = order
            mail = email.message.EmailMessage()
            mail["Subject"] = f"Your order {number}"
            mail["To"] = f"visitor-{token[:8]}@example.com"
            mail.set_content(f"Thank you! {cents / 100:.2f} EUR are due.\n")
            self.last = mail.as_string()
            self.sent += 1


class Repricer(threading.Thread):
    """Moves a few prices now and then, and tells whoever listens."""

    def __init__(self, catalog, count):
        super().__init__(name="repricer", daemon=True)
        self._catalog = catalog
        self._count = count
        self._stopped = threading.Event()
        self._random = random.Random(7)

    def stop(self):
        self._stopped.set()
        self.join()

    def run(self):
        while not self._stopped.wait(0.25):
            product_id, cents = self._random.randint(1, self._count), self._random.randint(300, 9900)
            self._catalog.set_price(product_id, cents)
            BUS.publish("price", (product_id, cents))
