"""Takes jobs one after the other, as long as there are any."""
import time


class Result:
    def __init__(self, job, text):
        self.job = job
        self.text = text


def work(job):
    time.sleep(0.002)
    return Result(job, f"result of job {job}: " + "x" * 8000)


def serve(jobs):
    done = 0
    for job in jobs:
        work(job)
        done += 1
    print(f"{done} jobs done")


if __name__ == "__main__":
    serve(range(500))
