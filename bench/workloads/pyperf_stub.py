"""Stands in for the module `pyperf` while one of pyperformance's programs runs.

The real pyperf calibrates, warms up and starts worker processes: two runs of one program then do different work. This one calls
the program's function a fixed number of times in this process, inside the caller's meter, so that every mode does the same work.
"""

import argparse
import time

perf_counter = time.perf_counter


def python_implementation():
    return "cpython"


def python_has_jit():
    return False


def make_runner_class(meter, loops):
    """The class Runner as the programs use it; `meter(body)` times a call of body()."""

    class Runner:
        def __init__(self, *_args, **_kwargs):
            self.argparser = argparse.ArgumentParser()
            self.metadata = {}

        def parse_args(self, args=None):
            return self.argparser.parse_args(args)

        def bench_func(self, _name, function, *args, **_kwargs):
            def body():
                for _ in range(loops):
                    function(*args)

            meter(body)

        def bench_time_func(self, _name, function, *args, **_kwargs):
            meter(lambda: function(loops, *args))

        def bench_async_func(self, _name, function, *args, **_kwargs):
            import asyncio

            async def main():
                for _ in range(loops):
                    await function(*args)

            meter(lambda: asyncio.run(main()))

    return Runner
