"""Objects that are expected to die: LeakCanary's watcher for Python."""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._errors import LimpetError, StillAliveWarning

if TYPE_CHECKING:
    from ._heap import Why


class Expectation:
    """An object that is to die soon. It is held weakly: expecting its death does not keep it alive."""

    def __init__(self, obj: object, within: float, then: Callable[[Expectation], object] | None) -> None:
        try:
            self._ref = weakref.ref(obj)
        except TypeError:
            raise TypeError(f"a {type(obj).__name__} cannot be referred to weakly: expect what holds it to die") from None
        self.type = f"{type(obj).__module__}.{type(obj).__qualname__}"
        self.within = within
        self._then = then
        self._due = time.monotonic() + within
        self._done = threading.Event()
        self._why: Why | None = None

    @property
    def alive(self) -> bool:
        """Whether the object is still there."""
        return self._ref() is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has been looked at when its time was over; whether it died in time."""
        self._done.wait(timeout)
        return not self.alive

    def why(self) -> Why | None:
        """Who holds it: of a heap snapshot taken now (needs a recording), or None when it has died."""
        from . import _agent

        obj = self._ref()
        if obj is None:
            return self._why
        self._why = _agent.take_snapshot().why(obj)
        return self._why

    def _look(self) -> None:
        import gc

        if self.alive:
            gc.collect()  # a cycle that only waits for the collector is no leak
        if self.alive:
            self._tell()
        self._done.set()

    def _tell(self) -> None:
        if self._then is not None:
            self._then(self)
            return
        held = ""
        try:
            why = self.why()
            held = f": held by {why.path}" if why is not None and why.path else ""
        except LimpetError:
            pass  # no recording, no snapshot: that it is alive is told all the same
        warnings.warn(f"{self.type} is alive {self.within:g} s after it should have died{held}", StillAliveWarning, stacklevel=1)

    def __repr__(self) -> str:
        return f"<limpet.expect_dead {self.type}: {'alive' if self.alive else 'dead'}>"


class _Watchman:
    """One daemon thread for all expectations; it ends when there are none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Expectation] = []
        self._thread: threading.Thread | None = None

    def add(self, expectation: Expectation) -> None:
        with self._lock:
            self._open.append(expectation)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="limpet.expect_dead", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            with self._lock:
                if not self._open:
                    self._thread = None
                    return
                now = time.monotonic()
                due = [e for e in self._open if e._due <= now or not e.alive]
                self._open = [e for e in self._open if e not in due]
                pause = min([0.1, *(max(0.001, e._due - now) for e in self._open)])
            for expectation in due:
                expectation._look()
            if not due:
                time.sleep(pause)


_watchman = _Watchman()


def expect_dead(obj: object, within: float = 5.0, then: Callable[[Expectation], object] | None = None) -> Expectation:
    """Call it where an object should be done with: a closed session, a finished request, a widget that was removed.

    If it is alive `within` so many seconds (and a collection) later, `then` is called with the expectation, in a thread of
    its own; by default a StillAliveWarning names who holds it, if a recording is under way. TypeError for what cannot be
    referred to weakly (list, dict, int ...).
    """
    expectation = Expectation(obj, within, then)
    del obj
    _watchman.add(expectation)
    return expectation
