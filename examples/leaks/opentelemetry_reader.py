"""opentelemetry-sdk before 1.28: a MeterProvider that was shut down leaves its readers in a set of the class."""
# requires: opentelemetry-sdk==1.27.0
# python: 3.11
import time

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


def job(number):
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    items = provider.get_meter("job").create_counter("items")
    for _ in range(10):
        items.add(1, {"job": number})
    reader.get_metrics_data()
    provider.shutdown()


end = time.monotonic() + 5
number = 0
while time.monotonic() < end:
    job(number)
    number += 1
    time.sleep(0.001)
