"""Tells which test ran when the process of the tests ended without a word: a segmentation fault, os._exit, the OOM killer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Any

# A process of its own, with nothing imported that it does not need. It reads what runs, line by line, and the last line says whether all is well.
# Who closes all descriptors is alive all the same: only the death of the parent counts. It may be dead before this one has begun.
_WITNESS = """
import os, select, sys, time
parent, last, rest = int(sys.argv[1]), b'', b''
while True:
    alive = os.getppid() == parent
    if select.select([0], [], [], 0.5 if alive else 0)[0]:
        read = os.read(0, 65536)
        if not read:
            break
        *lines, rest = (rest + read).split(b'\\n')
        last = lines[-1] if lines else last
    elif not alive:
        break
for _ in range(40):
    if os.getppid() != parent:
        break
    time.sleep(0.05)
else:
    last = b''
what, _, recording = last.partition(b'\\t')
if what:
    text = b'\\nlimpet: the process of the tests (%d) ended %s\\n' % (parent, what)
    if recording:
        text += b'limpet: what was recorded until then: limpet report %s\\n' % recording
    os.write(2, text)
"""


class Witness:
    """Begun when tests are looked at; told what runs."""

    def __init__(self, config: Any) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WITNESS, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env={"LIMPET_AGENT": ""},  # it is not to be traced, whatever traces us
                start_new_session=True,  # a Ctrl-C is not meant for it
            )
        self._pid = os.getpid()
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()
        os.set_blocking(self._pipe, False)

    def say(self, what: str, recording: str = "") -> None:
        """`what`: "in the middle of test_shop.py::test_pay"; or "", when the end is near and all is well."""
        line = f"{what}\t{recording}".replace("\n", " ") if what else ""
        if os.getpid() == self._pid:
            with contextlib.suppress(OSError):  # it was killed, or sleeps: nobody waits for it
                os.write(self._pipe, line.encode("utf-8", "replace") + b"\n")

    def end(self) -> None:
        if os.getpid() != self._pid:
            return
        self.say("")
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(5)
