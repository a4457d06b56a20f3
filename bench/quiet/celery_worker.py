"""A Celery worker in a thread, with the in-memory broker and results that are read and forgotten."""

import time

from celery import Celery
from celery.contrib.testing.worker import start_worker
from load import until_end

app = Celery("quiet", broker="memory://", backend="cache+memory://")
app.conf.update(worker_hijack_root_logger=False, result_expires=5, broker_transport_options={"polling_interval": 0.01})


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def fails(number):
    raise ValueError(f"no {number}")


if __name__ == "__main__":
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL"):
        for number in until_end():
            results = [total.delay(list(range(number % 50))), fails.delay(number)]
            for result in results:
                result.get(timeout=20, propagate=False)
                result.forget()
            time.sleep(0.002)
