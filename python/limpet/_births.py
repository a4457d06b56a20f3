"""What `limpet.allocated_at` answers. Asked for often: nothing large is imported before somebody looks at a stack."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

    from ._values import Stack


class Allocation:
    """Where and when an object's block was born."""

    __slots__ = ("_birth",)

    def __init__(self, birth: tuple[int, int, int, int, int]) -> None:
        self._birth = birth  # size, site, born not before, not after, now (nanoseconds)

    @property
    def size(self) -> int:
        """Bytes of the block, with Python's own headers."""
        return self._birth[0]

    @property
    def stack(self) -> Stack:
        """The Python stack of the allocation, innermost frame first."""
        from ._values import stack_of

        return stack_of(self._birth[1])

    @property
    def age(self) -> float:
        """Seconds since the birth, at most: births are known by stretches of time (`youngest` is the other bound)."""
        return max(0, self._birth[4] - self._birth[2]) / 1e9

    @property
    def youngest(self) -> float:
        """Seconds since the birth, at least."""
        return max(0, self._birth[4] - self._birth[3]) / 1e9

    def to_dict(self) -> dict[str, Any]:
        return {"size": self.size, "age": self.age, "stack": [frame.to_dict() for frame in self.stack]}

    def __repr__(self) -> str:
        from ._values import bytes_text

        return f"<limpet.Allocation: {bytes_text(self.size)}, at most {self.age:.3f} s old, at {self.stack!s}>"
