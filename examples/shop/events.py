"""Who wants to hear of what: a small event bus, and the price alerts that use it."""
import threading


class Bus:
    def __init__(self):
        self._lock = threading.Lock()
        self._listeners = {}

    def subscribe(self, topic, listener):
        with self._lock:
            self._listeners.setdefault(topic, []).append(listener)

    def unsubscribe(self, topic, listener):
        with self._lock:
            self._listeners[topic].remove(listener)

    def publish(self, topic, event):
        with self._lock:
            listeners = list(self._listeners.get(topic, ()))
        for listener in listeners:
            listener(event)


BUS = Bus()


class PriceAlert:
    """Remembers the last prices of what a visitor has put in the cart, to show that one has moved."""

    def __init__(self, product_id, history):
        self.product_id = product_id
        self.history = history

    def on_price(self, event):
        product_id, cents = event
        if product_id == self.product_id:
            self.history[cents % len(self.history)] = cents


def watch_price(product_id):
    """Called when something goes into a cart. Nothing unsubscribes the alert when the cart is gone."""
    alert = PriceAlert(product_id, [0] * 90)  # leak: forgotten listener
    BUS.subscribe("price", alert.on_price)
    return alert
