"""A scheduler, workers and a run of ``autograder grade`` as processes of this machine, each of which may be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tools.light import ASSIGNMENT

QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
SCHEDULER, WRITER = "scheduler", "writer"
PATIENCE = 600  # seconds for what a busy machine does slowly


class LocalCluster:
    """Processes by role: the scheduler, the writer, and workers with one slot each.

    Args:
        root: a folder for logs and the workers' private folders.
        course: what the writer grades.
        workers: their names.
        cores: on which cores each role may run; default: all.
    """

    def __init__(
        self,
        root: Path,
        course: Any,
        workers: Collection[str],
        cores: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        root.mkdir(parents=True)
        self.root, self.course, self.cores = root, course, cores or {}
        self.address = f"tcp://127.0.0.1:{_free_port()}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.commands = {SCHEDULER: self._scheduler()}
        self.commands |= {name: self._worker(name) for name in workers}
        self.commands[WRITER] = self._writer()

    def _scheduler(self) -> list[str]:
        host, port = self.address.removeprefix("tcp://").split(":")
        return ["dask", "scheduler", "--host", host, "--port", port, *QUIET]

    def _worker(self, name: str) -> list[str]:
        options = ["--slots", "1", "--name", name, "--folder", str(self.root / name), "--wait", str(PATIENCE)]
        return ["autograder", "worker", self.address, *options]

    def _writer(self) -> list[str]:
        options = ["--scheduler", self.address, "--patience", str(PATIENCE), "--json"]
        return ["autograder", "grade", ASSIGNMENT, "--course", str(self.course.root), *options]

    def start(self, role: str) -> None:
        """Start what is not running; its output goes to a log of that name."""
        with open(self.root / f"{role}.log", "ab") as log:
            self.processes[role] = process = subprocess.Popen(
                [sys.executable, "-m", *self.commands[role]],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if role in self.cores:
            os.sched_setaffinity(process.pid, self.cores[role])  # before it starts a thread or a process

    def running(self, role: str) -> bool:
        return role in self.processes and self.processes[role].poll() is None

    def kill(self, role: str) -> bool:
        """SIGKILL to a process of ours; False if it had ended by itself."""
        process = self.processes[role]
        if process.poll() is not None:
            return False
        process.kill()  # its number is ours until ``wait``
        process.wait()
        return True

    def said(self) -> str:
        """The ends of the logs."""
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in sorted(self.root.glob("*.log")))

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
