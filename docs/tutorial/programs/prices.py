"""Prices for customers. To work one out takes long, so results are kept."""
import functools
import time


class Offer:
    def __init__(self, product, customer):
        self.product = product
        self.customer = customer
        self.steps = [(quantity, quantity * 0.97) for quantity in range(60)]


@functools.cache
def offer_for(product, customer):
    return Offer(product, customer)


def answer(request):
    product, customer = request % 40, request
    return offer_for(product, customer).steps[0]


def main():
    for request in range(500):
        answer(request)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
