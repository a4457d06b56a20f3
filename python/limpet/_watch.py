"""Growth per round of a loop, or of a phase."""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

from . import _agent
from ._values import Report, bytes_text

T = TypeVar("T")


def _live() -> int:
    return int(_agent.core().state()["live_bytes"])


class Watch(Generic[T]):
    """Live memory after each round. `growth` are the bytes that each round left behind."""

    def __init__(self, items: Iterable[T], name: str) -> None:
        self.name = name
        self.growth = array("q")  # one block, and no object for each round
        self._items = items

    def __iter__(self) -> Iterator[T]:
        _need()
        before = _live()
        for item in self._items:
            yield item
            _agent.core().iteration()
            after = _live()
            self.growth.append(after - before)
            before = after

    @property
    def rounds(self) -> int:
        return len(self.growth)

    @property
    def growth_per_round(self) -> float:
        """Bytes: the median over the second half of the rounds, when what is made once (caches, imports) has been made."""
        late = self.growth[len(self.growth) // 2 :]
        return float(statistics.median(late)) if late else 0.0

    def leaks(self) -> Report:
        """What leaks, by the recording as a whole."""
        return _need().leaks()

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "growth": self.growth.tolist(), "growth_per_round": self.growth_per_round}

    def __repr__(self) -> str:
        return f"<limpet.watch {self.name!r}: {self.rounds} rounds, {bytes_text(self.growth_per_round)} left by each>"


class Phase:
    """Live memory before and after a block of code; marks `NAME` and `NAME: end` in the recording."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.before = 0
        self.after: int | None = None

    @property
    def growth(self) -> int:
        """Bytes that live now (after the block: at its end) and did not before."""
        return (_live() if self.after is None else self.after) - self.before

    def __enter__(self) -> Phase:
        _need()
        _agent.core().mark(self.name)
        self.before = _live()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if _agent.is_tracing():
            self.after = _live()
            _agent.core().mark(f"{self.name}: end")

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "growth": self.growth}

    def __repr__(self) -> str:
        return f"<limpet.watch {self.name!r}: {bytes_text(self.growth)} more>"


def _need() -> _agent.Recording:
    made = _agent.recording()
    return made if made is not None else _agent.start()


@overload
def watch(what: str) -> Phase: ...  # type: ignore[overload-overlap]  # text is a name, though it could be iterated over
@overload
def watch(what: Iterable[T], name: str = ...) -> Watch[T]: ...
def watch(what: str | Iterable[T], name: str = "loop") -> Phase | Watch[T]:
    """`for item in limpet.watch(items)`: growth per round; `with limpet.watch("phase")`: growth of a block of code.

    Begins a recording if there is none. Both return what tells the growth in bytes:

        rounds = limpet.watch(requests)
        for request in rounds:
            handle(request)
        rounds.growth_per_round     # bytes that each round leaves behind
        rounds.leaks()              # what they are, and who holds them
    """
    return Phase(what) if isinstance(what, str) else Watch(what, name)
