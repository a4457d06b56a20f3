"""numpy: arrays of every size, views, resizing, and tracemalloc's own domain for them."""

import threading
import tracemalloc

import numpy

tracemalloc.start()
arrays = [numpy.arange(n, dtype="f8") for n in range(0, 20000, 37)]
grown = numpy.zeros(10)
for n in range(100):
    grown = numpy.append(grown, n)
grown.resize(50, refcheck=False)
big = numpy.zeros((1000, 1000))
product = big[:300] @ big.T[:, :200]
text = numpy.array([str(n) for n in range(1000)], dtype=object)
threads = [threading.Thread(target=lambda: arrays.append(numpy.random.default_rng(1).random((300, 300)).sum() > 0)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
in_domain = [trace[1] for trace in tracemalloc._get_traces() if trace[0] == 389047]
print(len(arrays), grown.sum(), product.shape, len(text), sum(size for size in in_domain if size == 8_000_000))
