"""The one kind of error that a person can do something about; run.py prints it without a traceback."""


class BenchError(Exception):
    pass
