"""Tasks of Celery and jobs of RQ, some of which keep memory. Argument: the recording to make."""

import sys

import fakeredis
import limpet
import limpet.celery
import limpet.rq
import rq
from celery import Celery

KEPT = []
app = Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.task_always_eager = True
limpet.celery.install()
limpet.celery.install()


@app.task
def resize(size):
    KEPT.append(bytearray(size))


@app.task(autoretry_for=(ValueError,), max_retries=1)
def mail():
    return len([bytes(4000) for _ in range(4)])


@app.task
def fails():
    raise KeyError("as it is")


def job_that_keeps():
    KEPT.append(bytearray(1500))


def job_that_fails():
    raise KeyError("as it is")


def work(queue, worker, rounds):
    for _ in range(rounds):
        resize.delay(2500)
        assert mail.delay().get() == 4
        try:
            fails.delay().get()
            raise AssertionError("the exception was swallowed")
        except KeyError:
            pass
        jobs = [queue.enqueue("__main__.job_that_keeps"), queue.enqueue("__main__.job_that_fails"), queue.enqueue("__main__.not_there")]
        worker.work(burst=True, logging_level="CRITICAL")
        assert [job.get_status(refresh=True).name for job in jobs] == ["FINISHED", "FAILED", "FAILED"]


def main():
    connection = fakeredis.FakeStrictRedis()
    queue = rq.Queue(connection=connection)
    worker = limpet.rq.Worker([queue], connection=connection)
    work(queue, worker, 1)
    with limpet.record(sys.argv[1], snapshots="off"):
        work(queue, worker, 60)


main()
print("ok")
