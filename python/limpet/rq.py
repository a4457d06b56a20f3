"""Counts RQ's jobs, so that `limpet report` tells what stays of each: docs/frameworks.md.

    limpet run $(which rq) worker --worker-class limpet.rq.Worker

RQ's usual worker forks for each job, and all that a job leaves ends with its process; so this one is RQ's SimpleWorker, which runs them in its own.
"""

from __future__ import annotations

from typing import Any

from rq.worker import SimpleWorker

from . import _requests

__all__ = ["Worker"]


class Worker(SimpleWorker):
    """RQ's SimpleWorker that counts. Costs nothing where no recording is under way."""

    def perform_job(self, job: Any, *arguments: Any, **named: Any) -> bool:
        table = _requests.table()
        if table is None:
            return bool(super().perform_job(job, *arguments, **named))
        table.begin()
        try:
            return bool(super().perform_job(job, *arguments, **named))
        finally:
            table.end(_row(table, job))


def _row(table: _requests.Table, job: Any) -> _requests.Row | None:
    try:
        code = _requests.function_code(job.func)
    except Exception:  # it cannot be imported, which the job itself has told
        return None
    return table.answered(code, lambda: str(job.func_name))
