"""The end of all descendants of a process, however they were daemonised."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable

from autograder.sandbox import memory

_PAUSES = 0.001, 0.05
_ROUNDS = 20


def sweep() -> None:
    """Kill every descendant of this process, which is a child subreaper, and return when none is left.

    Each is stopped before any is killed: those that fork faster than they are found fill their own limit of
    processes with stopped ones, instead of growing again behind the sweep.
    """
    pause = _PAUSES[0]
    while True:
        _stop_all()
        _send(memory.tree(os.getpid())[1:], signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(pause)
        pause = min(2 * pause, _PAUSES[1])


def _stop_all() -> None:
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = set(memory.tree(os.getpid())[1:]) - stopped
        if not fresh:
            return
        _send(fresh, signal.SIGSTOP)
        stopped |= fresh


def _send(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
