"""Counts Celery's tasks, so that `limpet report` tells what stays of each: docs/frameworks.md.

    import limpet.celery

    limpet.celery.install()     # where the application is made: all workers that import it count
"""

from __future__ import annotations

from typing import Any

from . import _requests

__all__ = ["install"]


def install() -> None:
    """Connects to Celery's signals; again does nothing more. Needs celery. Costs nothing where no recording is under way."""
    from celery import signals  # type: ignore[import-untyped,import-not-found,unused-ignore]

    signals.task_prerun.connect(_begin, weak=False, dispatch_uid="limpet")
    signals.task_postrun.connect(_end, weak=False, dispatch_uid="limpet")


def _begin(**_: Any) -> None:
    table = _requests.table()
    if table is not None:
        table.begin()


def _end(task: Any = None, **_: Any) -> None:
    table = _requests.table()
    if table is None:
        return
    code = _requests.function_code(getattr(task, "run", None))
    table.end(table.answered(code, lambda: str(getattr(task, "name", ""))))
