"""What Python keeps for itself and would make again: caches of the interpreter and of the standard library.

A test that imports from a folder of its own, or shows a class of its own to `inspect`, leaves an entry there each time it runs. None of them is a leak of the
test: they are bounded, or are told by a path that another run does not have. CPython's own hunt for leaks (`python -m test -R`) empties them, too.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable
from typing import Any

# Tables that are asked before something is made. What another run adds there is dropped; what was there before stays.
_TABLES = (
    ("sys", "path_importer_cache"),
    ("zipimport", "_zip_directory_cache"),
    ("re", "_cache"),
    ("re", "_cache2"),
    ("linecache", "cache"),
)
_LRU_CACHE = type(functools.lru_cache(lambda: None))

# Names by which attributes were looked for: up to 4096 texts that live for that.
_clear_types: Callable[[], object] = getattr(sys, "_clear_internal_caches" if sys.version_info >= (3, 13) else "_clear_type_cache")


def forget_names() -> None:
    """Empties the interpreter's cache of attributes, in some 3 microseconds."""
    _clear_types()


class LibraryCaches:
    """`mark()`, and later `forget()` drops what has come to the caches since."""

    def __init__(self) -> None:
        self._keys: dict[int, set[Any]] = {}
        self._misses: list[tuple[Any, int]] = []
        # Those of the standard library that have a bound: an application's may be what makes an object the only one of its kind.
        self._functions: list[Any] = []
        self._modules = 0

    def find(self) -> None:
        """Looks for cached functions, if modules were imported since it last did. To be called where no object is set aside from the collector."""
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        self._functions = [function for function in gc.get_objects() if type(function) is _LRU_CACHE and _is_librarys(function)]

    def mark(self) -> None:
        self._keys = {id(table): set(table) for table, _ in _tables()}
        self._misses = [(function, function.cache_info().misses) for function in self._functions]

    def forget(self) -> None:
        forget_names()
        for table, name in _tables():
            before = self._keys.get(id(table), set())
            for key in [key for key in table if key not in before]:
                if name != "linecache" or _is_of_a_file(table[key]):
                    table.pop(key, None)
        for at, (function, misses) in enumerate(self._misses):
            if function.cache_info().misses != misses:
                function.cache_clear()
                self._misses[at] = (function, 0)


def _tables() -> list[tuple[dict[Any, Any], str]]:
    found = [(getattr(sys.modules.get(module), name, None), module) for module, name in _TABLES]
    return [(table, module) for table, module in found if type(table) is dict]


def _is_librarys(function: Any) -> bool:
    module = getattr(function, "__module__", None)
    if type(module) is not str or module.partition(".")[0] not in sys.stdlib_module_names:
        return False
    return hasattr(function, "cache_parameters") and function.cache_parameters()["maxsize"] is not None


def _is_of_a_file(lines: object) -> bool:
    """Whether it can be read again: what a program entered for code that it made cannot."""
    return type(lines) is tuple and len(lines) == 4 and lines[1] is not None
