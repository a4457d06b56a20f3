"""What happened: the last requests for the status page, and an audit trail on disk."""
import collections
import json
import threading
import time

FLUSH_AT = 150

RECENT = collections.deque(maxlen=100)


class Request:
    def __init__(self, method, path, status):
        self.method = method
        self.path = path
        self.status = status
        self.at = time.time()


def note_request(method, path, status):
    RECENT.append(Request(method, path, status))  # control: ring of recent requests


class Trail:
    """Lines for the auditors, written out in batches."""

    def __init__(self, path):
        self._lock = threading.Lock()
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - closed by close()
        self._pending = []
        self.written = 0

    def note(self, what, **facts):
        with self._lock:
            self._pending.append({"at": time.time(), "what": what, **facts})  # control: batch that is flushed
            if len(self._pending) >= FLUSH_AT:
                self._flush()

    def _flush(self):
        self._file.writelines(json.dumps(entry) + "\n" for entry in self._pending)
        self._file.flush()
        self.written += len(self._pending)
        self._pending.clear()

    def close(self):
        with self._lock:
            self._flush()
            self._file.close()
