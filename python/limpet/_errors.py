"""What can go wrong, as exceptions. All of them are `LimpetError`."""

from __future__ import annotations


class LimpetError(Exception):
    """The base of limpet's own exceptions."""


class UnsupportedInterpreter(LimpetError):
    """This interpreter (or subinterpreter) cannot be traced; the message says why."""


class AlreadyTracing(LimpetError):
    """A recording is under way, and there is one at a time in a process."""


class NotTracing(LimpetError):
    """No recording is under way, or it is not ours to end."""


class RecordingError(LimpetError):
    """A recording or snapshot could not be made or read; the message names the reason."""


class NotFound(LimpetError):
    """The snapshot has no such object: it is younger than the snapshot, gone, or not kept by Python's allocators."""


class StillAliveWarning(UserWarning):
    """An object outlived what `limpet.expect_dead` was told."""
