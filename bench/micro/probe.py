"""Runs the micro benchmark inside this process: python probe.py LIBRARY OUT. PyDLL: the calls hold the GIL, as Python's own do."""

import ctypes
import json
import sys

PAIRS = {
    "raw_pair": ("PyMem_RawMalloc", "PyMem_RawFree"),
    "mem_pair": ("PyMem_Malloc", "PyMem_Free"),
    "object_pair": ("PyObject_Malloc", "PyObject_Free"),
}


def address(name):
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p)


def at_depth(levels, function, *arguments):
    if levels > 1:
        return at_depth(levels - 1, function, *arguments)
    return function(*arguments)


def main():
    library, out = sys.argv[1:]
    calls = ctypes.PyDLL(library)
    calls.AllocatorPair.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    for function in (calls.FreeUnseen, calls.MallocFreePair, calls.AllocatorPair):
        function.restype = ctypes.c_double
    figures = {"free_untracked": calls.FreeUnseen(), "malloc_free": calls.MallocFreePair()}
    for name, (allocate, release) in PAIRS.items():
        figures[name] = calls.AllocatorPair(address(allocate), address(release))
    figures["malloc_free_depth100"] = at_depth(100, calls.MallocFreePair)
    figures["object_pair_depth100"] = at_depth(100, calls.AllocatorPair, address(PAIRS["object_pair"][0]),
                                               address(PAIRS["object_pair"][1]))
    with open(out, "w", encoding="ascii") as file:
        json.dump(figures, file)


main()
