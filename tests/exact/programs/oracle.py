"""Runs workloads under tracemalloc and tells what it holds to be live. usage: oracle.py BETWEEN.so RESULT.json WORKLOAD...

Talks by lines with the test, which reads limpet's recording of this same process while it stands still:
"ready" (nothing of a workload has run), then after "go": "done" (all workloads' results are alive, RESULT.json is written).
"""

import collections
import ctypes
import gc
import importlib.util
import json
import struct
import sys
import time
import tracemalloc

# tracemalloc moves the place of a block when CPython takes it from a free list and makes a new object of it; limpet keeps the
# place where the block was born. Both are right about different things, so for an exact comparison tracemalloc's habit
# is switched off: by the ref tracer on 3.13 and later, by the flag that _Py_NewReference looks at before.
FRAMES = 12347  # so rare a number that the config can be found by it


def free_list_flag():
    """The `int tracing` of tracemalloc's configuration, which the allocator hooks do not look at. 3.11 and 3.12."""
    if sys.version_info < (3, 12):
        address = ctypes.addressof(ctypes.c_int.in_dll(ctypes.pythonapi, "_Py_tracemalloc_config"))
    else:
        runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
        with open("/proc/self/maps") as maps:
            for line in maps:
                low, high = (int(part, 16) for part in line.split()[0].split("-"))
                if low <= runtime < high:
                    break
        address = runtime + ctypes.string_at(runtime, high - runtime).index(struct.pack("iii", 1, 1, FRAMES))
    config = (ctypes.c_int * 3).from_address(address)
    assert list(config) == [1, 1, FRAMES], list(config)
    config[2] = 1
    return config


def start():
    if sys.version_info >= (3, 13):
        tracemalloc.start(1)
        tracer = ctypes.pythonapi.PyRefTracer_SetTracer
        tracer.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        assert tracer(None, None) == 0
        return lambda: None
    tracemalloc.start(FRAMES)
    config = free_list_flag()
    config[1] = 0

    def resume():
        config[1] = 1

    return resume


def load(path):
    spec = importlib.util.spec_from_file_location(path.rpartition("/")[2][:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    between, result, workloads = ctypes.PyDLL(sys.argv[1]), sys.argv[2], sys.argv[3:]
    print("ready", flush=True)
    sys.stdin.readline()
    between.PutUnderTracemalloc()
    resume = start()
    between.PutOverTracemalloc()
    kept = []
    for path in workloads:
        module = load(path)
        kept.append((module, module.run()))
    gc.collect()
    gc.disable()
    time.sleep(0.1)  # threads that were joined may still be taking their state down
    # The type cache holds names that were looked up, made at run time too; what follows would push some out, unseen by tracemalloc.
    ctypes.pythonapi.PyType_ClearCache()
    resume()
    rows = collections.Counter()
    sizes = collections.Counter()
    for _, size, traceback, *_ in tracemalloc._get_traces():
        file, line = traceback[0]
        rows[file, line] += 1
        sizes[file, line] += size
    with open(result, "w") as out:
        json.dump([[file, line, count, sizes[file, line]] for (file, line), count in rows.items()], out)
    print("done", flush=True)
    sys.stdin.readline()
    return kept


if __name__ == "__main__":
    main()
