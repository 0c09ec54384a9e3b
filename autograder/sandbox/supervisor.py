"""One guest: who asks for it, who watches it from outside.

::

    forkserver -> supervisor (trusted, outside) -> init (pid 1 inside) -> guest (confined) -> snapshots, workers

The supervisor is a fork of the untrusted forkserver, as root or the user who grades. It holds one private
socket to the ``Guest`` object of the grader; over it come the requests to signal or kill, and go the work
folder's descriptor and the reports of what ended and why. When the grader dies, even by SIGKILL, its end closes
and the supervisor takes the whole tree down; when the supervisor dies, the kernel kills pid 1, and with it all
that lives in the namespace. A guest lives no longer than its forkserver. Without namespaces (LANDLOCK, NONE)
supervisor and init are both child subreapers: whichever is left sweeps what the other has lost.

The main process may end, or be killed, while forks of it live on; ``poll`` reports its end, ``gone`` the end of
everything.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from autograder.errors import GraderFailure
from autograder.sandbox import init, memory, privileges, workfolder
from autograder.sandbox.confinement import Confinement, Level
from autograder.sandbox.folders import gpu_devices, masked_files, readable_folders
from autograder.sandbox.forkserver import Forkserver
from autograder.sandbox.limits import Limits
from autograder.sandbox.sweep import sweep
from autograder.sandbox.syscalls import PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl

TARGET = "autograder.sandbox.supervisor:main"
"""The target of the untrusted forkserver."""

TICK = 0.15
"""Seconds between two samples of a guest's memory."""

KILLED = "killed"
MEMORY_LIMIT, DISK_LIMIT, PROCESS_LIMIT = LIMITS = "memory limit", "disk limit", "process limit"
"""Why a guest was killed that used too much."""
DISK_FULL = "the disk of the work folders is nearly full"
"""Why a guest was killed that may not have used too much."""
_MESSAGE = 64 * 1024


@dataclass(frozen=True)
class GuestRequest:
    """What a guest shall be. Nothing in it may be secret: the guest's memory holds it."""

    level: Level
    entry: str
    """``module:function``, called with a dict: the request's ``payload``, ``entry``, ``limits``, ``level`` and
    ``environment``, plus ``home`` (the work folder) and ``bridge`` (a descriptor number or None)."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    read_only: Sequence[str] = ()
    """Further files and folders that the guest may read, under their own names."""
    environment: Mapping[str, str] = field(default_factory=dict)
    protected: Sequence[str] = ()
    """What no readable folder may contain. It does not travel to the guest."""
    gpu: bool = False

    def encode(self, *, bridge: bool, stderr: bool) -> bytes:
        """JSON for the supervisor; InstructorError where something protected could be read."""
        confined = self.level is not Level.NONE
        readable = readable_folders(self.read_only, self.protected) if confined else []
        values = {
            "level": self.level.value,
            "entry": self.entry,
            "payload": dict(self.payload),
            "limits": self.limits.to_dict(),
            "environment": dict(self.environment),
            "readable": readable,
            "masked": masked_files(readable),
            "devices": gpu_devices() if self.gpu else [],
            "has_bridge": bridge,
            "has_stderr": stderr,
        }
        return json.dumps(values).encode()


class Guest:
    """The grader's hold on a guest. Closing it, or losing it, ends the guest and all its processes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.RLock()
        self._work: int | None = None
        self._init: int | None = None
        self._main: int | None = None
        self._uid: int | None = None
        self._ready = False
        self._error: str | None = None
        self._end: dict[str, Any] | None = None
        self._gone: str | None = None
        self._peak_mb = 0
        self._cpu = 0.0

    @classmethod
    def launch(
        cls,
        forkserver: Forkserver,
        request: GuestRequest,
        bridge_fd: int | None = None,
        stderr_fd: int | None = None,
    ) -> Guest:
        """Ask for a guest; returns at once. The descriptors are copied: close yours afterwards.

        ``stderr_fd`` also gets stdout; give a pipe rather than a file. Without it both are discarded.
        """
        optional = [fd for fd in (bridge_fd, stderr_fd) if fd is not None]
        encoded = request.encode(bridge=bridge_fd is not None, stderr=stderr_fd is not None)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        letter = os.memfd_create(
            "request"
        )  # so the forkserver's memory never holds a request, whatever its size
        with theirs, os.fdopen(letter, "wb") as stream:
            stream.write(encoded)
            stream.flush()
            forkserver.fork(b"guest", [theirs.fileno(), letter, *optional])
        ours.setblocking(False)
        return cls(ours)

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until the guest is confined and its entry starts; GraderFailure when it cannot be confined."""
        deadline = time.monotonic() + timeout
        while not self.ready:
            if self._gone is not None:
                raise GraderFailure(f"the guest could not start: {self._error or self._gone}")
            left = deadline - time.monotonic()
            if left <= 0:
                raise GraderFailure(f"the guest was not ready after {timeout:g} s")
            select.select([self._control], [], [], left)

    @property
    def ready(self) -> bool:
        """Whether the entry has started (it may have ended already)."""
        self._drain()
        return self._ready

    @property
    def work(self) -> int:
        """A descriptor of the guest's work folder, which the guest's end may empty; closed by ``close``.

        ``/proc/self/fd/<work>/...`` reads and writes there. The guest controls what lies in it: open with
        O_NOFOLLOW | O_NONBLOCK (a link, a named pipe), and never follow a path of several components, any of
        which it could have replaced by a link.
        """
        self._drain()
        if self._work is None:
            raise GraderFailure("the guest has no work folder yet (wait_ready) or any more (close)")
        return self._work

    @property
    def uid(self) -> int:
        """The guest's user id seen from outside: ``chown`` to it what the guest shall be able to change."""
        if self._uid is None:
            raise GraderFailure("the guest is not ready")
        return self._uid

    @property
    def main_pid(self) -> int | None:
        """The pid of the main process seen from outside, once it is known."""
        self._drain()
        return self._main

    def signal(self, signum: int) -> None:
        """Send a signal to the main process only; nothing happens when it has ended."""
        self._send({"do": "signal", "signum": int(signum)})

    def kill_main(self) -> None:
        """SIGKILL for the main process; all others of the guest live on."""
        self._send({"do": "kill_main"})

    def kill(self) -> None:
        """Kill the whole guest."""
        self._send({"do": "kill"})

    def poll(self) -> dict[str, Any] | None:
        """How the main process ended, or None: ``{"code": int | None, "why": str}``.

        The code is negative for a signal, None when the whole guest was killed. ``why`` is "exit",
        "signal 11", "killed", one of LIMITS, or what went wrong on our side.
        """
        self._drain()
        return self._end

    @property
    def gone(self) -> str | None:
        """Why the whole guest ended, the forks of the main process included; None while something lives."""
        self._drain()
        return self._gone

    def fileno(self) -> int:
        """Readable when ``poll`` or ``gone`` may have news."""
        return self._control.fileno()

    def pids(self) -> list[int]:
        """The guest's processes, its pid 1 first, as pids of the grader's namespace."""
        self._drain()
        return [] if self._init is None or self._gone is not None else memory.tree(self._init)

    def host_pid(self, inside: int) -> int | None:
        """The pid, as the grader sees it, of a process that the guest knows by this pid."""
        return next((pid for pid in self.pids() if memory.pid_inside(pid) == inside), None)

    def cpu_seconds(self, pid: int | None = None) -> float:
        """CPU time used by the guest so far, or by one process (a grader's pid) and its reaped children.

        A lower bound: what a process that ignores SIGCHLD starts is lost from the sum when it ends.
        """
        if pid is not None:
            return memory.cpu_seconds([pid])
        self._cpu = max(self._cpu, memory.cpu_seconds(self.pids()))
        return self._cpu

    @property
    def peak_mb(self) -> int:
        """The largest memory of the whole tree that the watch has seen."""
        self._drain()
        return self._peak_mb

    def close(self, timeout: float = 10.0) -> None:
        """Kill what lives and wait until nothing of the guest is left."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(GraderFailure):
            self.kill()
        while self._gone is None and (left := deadline - time.monotonic()) > 0:
            select.select([self._control], [], [], left)
            self._drain()
        with self._lock:
            self._control.close()
            if self._work is not None:
                os.close(self._work)
            self._work = None
            self._lost("closed")

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _send(self, message: Mapping[str, object]) -> None:
        with self._lock:
            if self._gone is None:
                with contextlib.suppress(OSError):  # gone meanwhile: the next poll says so
                    self._control.send(json.dumps(message).encode())

    def _drain(self) -> None:
        """Take in every report that has arrived."""
        with self._lock:
            while self._gone is None:
                try:
                    report, fds, _, _ = socket.recv_fds(self._control, _MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
                except BlockingIOError:
                    return
                except OSError as error:
                    report, fds = b"", []
                    self._error = self._error or str(error)
                if not report:
                    self._lost(self._error or "the supervisor is gone")
                    return
                self._take(json.loads(report), fds)

    def _take(self, report: dict[str, Any], fds: list[int]) -> None:
        match report["is"]:
            case "work":
                self._work, self._init, self._uid = fds[0], report["init"], report["uid"]
            case "ready":
                self._ready, self._main = True, report["main"]
            case "error":
                self._error = report["text"]
            case "peak":
                self._peak_mb = report["mb"]
            case "ended":
                self._end = {"code": report["code"], "why": report["why"]}
            case "gone":
                self._lost(report["why"])

    def _lost(self, why: str) -> None:
        self._gone = self._gone or why
        self._end = self._end or {"code": None, "why": self._gone}


# ---- the supervisor's side ---------------------------------------------------------------------------------------


def main(message: bytes, fds: list[int]) -> None:
    """The forkserver's target: one process for one guest."""
    control, letter, *optional = fds
    request = json.loads(os.pread(letter, os.fstat(letter).st_size, 0))
    os.close(letter)
    bridge = optional.pop(0) if request.pop("has_bridge") else None
    stderr = optional.pop(0) if request.pop("has_stderr") else None
    Supervisor(socket.socket(fileno=control), request).run(bridge, stderr)


class Supervisor:
    """Starts pid 1, then relays, watches and kills until nothing is left."""

    def __init__(self, control: socket.socket, request: dict[str, Any]) -> None:
        self._control, self._request = control, request
        self._level = Level(request["level"])
        self._limits = Limits.from_dict(request["limits"])
        uid = privileges.unused_uid(os.getpid()) if os.geteuid() == 0 else os.geteuid()
        readable, devices = request.pop("readable"), request.pop("devices")
        masked = request.pop("masked")
        self._confinement = Confinement(self._level, self._limits, readable, devices, uid, masked)
        self._init = 0
        self._main: int | None = (
            None  # a pidfd, so that no signal can reach a later process of the same number
        )
        self._main_pid: int | None = None
        self._main_ended = False
        self._why: str | None = None
        self._why_main: str | None = None

    def run(self, bridge: int | None, stderr: int | None) -> None:
        """The whole life of a supervisor."""
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        signal.signal(signal.SIGTERM, lambda *_: self._kill(KILLED))
        folder = ""
        try:
            if not self._level.isolated:
                folder = workfolder.make(self._confinement.uid)
                self._confinement = replace(self._confinement, folder=folder)
            self._supervise(init.Birth(self._request, self._confinement, bridge, stderr))
        except Exception as error:
            self._report("error", text=f"{type(error).__name__}: {error}")
        finally:
            self._why = self._why or "exit"
            self._kill(KILLED)
            sweep()
            if folder:
                workfolder.remove(folder)
        self._report("gone", why=self._why)

    def _supervise(self, birth: init.Birth) -> None:
        if self._level is Level.USERNS:
            prctl(
                PR_SET_DUMPABLE, 1
            )  # the forkserver is not; a process that is not cannot write its user map
        forkserver = os.getppid()
        self._confinement.enter_outer()
        # SIGTERM, not SIGKILL: what has no namespace that would die as a whole must be swept.
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        link, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._init = os.fork()
        if self._init == 0:
            self._be_init(birth, link, inner)
        if os.getppid() != forkserver:  # it ended before there was anything to kill
            self._kill(KILLED)
        inner.close()
        for fd in (birth.bridge, birth.stderr):
            if fd is not None:
                os.close(fd)
        self._watch(link)

    def _be_init(self, birth: init.Birth, link: socket.socket, inner: socket.socket) -> NoReturn:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            link.close()
            self._control.close()
            init.run(birth, inner)
        except BaseException as error:
            inner.send(json.dumps({"is": "error", "text": f"{type(error).__name__}: {error}"}).encode())
        finally:
            os._exit(1)

    def _watch(self, link: socket.socket) -> None:
        watch = memory.MemoryWatch(self._init, self._limits.memory_mb)
        watches = [(MEMORY_LIMIT, watch.exceeded), *self._further_watches()]
        init_ended = os.pidfd_open(self._init)
        events = select.poll()
        for fd in (link.fileno(), self._control.fileno(), init_ended):
            events.register(fd, select.POLLIN)
        reported = 0
        while True:
            ready = {fd for fd, _ in events.poll(TICK * 1000)}
            if link.fileno() in ready and not self._from_init(link):
                events.unregister(link.fileno())
            if self._control.fileno() in ready and not self._from_grader():
                events.unregister(self._control.fileno())
                self._kill(KILLED)
            if init_ended in ready:
                while self._from_init(link):  # its last reports may still wait in the socket
                    pass
                return
            for why, exceeded in watches:
                if exceeded():
                    self._kill(why)
            if watch.peak_mb > reported:
                reported = watch.peak_mb
                self._report("peak", mb=reported)

    def _further_watches(self) -> list[tuple[str, Callable[[], bool]]]:
        """What is bounded by the kernel elsewhere, and has only a watch where there is no namespace."""
        if self._level is not Level.LANDLOCK:
            return []
        folder, most = self._confinement.folder, self._limits.processes
        return [
            (PROCESS_LIMIT, lambda: memory.tasks(memory.tree(self._init)[1:]) > most),
            (DISK_LIMIT, workfolder.DiskWatch(self._init, folder, self._limits).exceeded),
            (DISK_FULL, lambda: workfolder.nearly_full(folder)),
        ]

    def _from_init(self, link: socket.socket) -> bool:
        """One report of pid 1; False at its end."""
        message, fds, _, _ = socket.recv_fds(link, _MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return False
        report = json.loads(message)
        match report["is"]:
            case "work":
                self._report("work", fds, init=self._init, uid=self._confinement.uid)
            case "main":
                self._main = self._find_main(report["pid"])
            case "ready":
                self._report("ready", main=self._main_pid)
            case "error":
                self._why = "not confined"
                self._report("error", text=report["text"])
            case "ended":
                self._main_has_ended(report["code"])
        for fd in fds:
            os.close(fd)
        return True

    def _find_main(self, inside: int) -> int | None:
        for pid in memory.children(self._init):
            if memory.pid_inside(pid) == inside:
                with contextlib.suppress(ProcessLookupError):
                    self._main_pid = pid
                    return os.pidfd_open(pid)
        return None

    def _main_has_ended(self, code: int) -> None:
        why = self._why_main or self._why or ("exit" if code >= 0 else f"signal {-code}")
        self._main_ended = True
        self._report("ended", code=code, why=why)

    def _from_grader(self) -> bool:
        """One request; False when the grader is gone."""
        try:
            message = self._control.recv(_MESSAGE)
        except OSError:
            return False
        if not message:
            return False
        request = json.loads(message)
        match request["do"]:
            case "signal":
                self._signal_main(request["signum"])
            case "kill_main" if self._main is None:
                self._kill(KILLED)  # not born yet: nothing could outlive it
            case "kill_main":
                if not self._main_ended:
                    self._why_main = KILLED
                    self._signal_main(signal.SIGKILL)
            case "kill":
                self._kill(KILLED)
        return True

    def _signal_main(self, signum: int) -> None:
        if self._main is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._main, signum)

    def _kill(self, why: str) -> None:
        """SIGKILL for pid 1, with which the kernel ends its whole namespace; what has none is swept afterwards."""
        if self._init:
            self._why = self._why or why
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)

    def _report(self, what: str, fds: Sequence[int] = (), **values: object) -> None:
        with contextlib.suppress(OSError):  # the grader is gone, which the next poll shows
            socket.send_fds(self._control, [json.dumps({"is": what, **values}).encode()], list(fds))
