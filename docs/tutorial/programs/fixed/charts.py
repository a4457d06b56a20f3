"""Charts that redraw themselves when a price changes."""
import time


class Market:
    def __init__(self):
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)

    def unsubscribe(self, listener):
        self.listeners.remove(listener)

    def publish(self, price):
        for listener in self.listeners:
            listener(price)


MARKET = Market()


class Chart:
    def __init__(self, title):
        self.title = title
        self.points = [0.0] * 1000
        MARKET.subscribe(self.on_price)

    def on_price(self, price):
        self.points[-1] = price

    def close(self):
        self.title = None
        MARKET.unsubscribe(self.on_price)


def look_at(number):
    chart = Chart(f"chart {number}")
    MARKET.publish(100.0)
    chart.close()


def main():
    for number in range(500):
        look_at(number)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
