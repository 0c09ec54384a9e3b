"""Pid 1 of a guest's pid namespace, and the birth of the guest itself.

Trusted code: it builds the guest's file system, forks the guest's main process, then holds no right any more. It
reaps whatever loses its parent, reports how the main process ended, and keeps the namespace alive after that:
snapshots, which are forks of the main process, must outlive it. It ends when nothing is left, when the
supervisor says so, or when the supervisor is gone; the kernel then kills all that lives in the namespace. Where
there is no namespace it sweeps its descendants itself, and it is no pid 1 but a child subreaper.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from autograder.sandbox import substitutes, workfolder
from autograder.sandbox.confinement import Confinement, Level
from autograder.sandbox.sweep import sweep
from autograder.sandbox.syscalls import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl

BRIDGE = 3
"""The guest's descriptor number of the bridge to the grader."""
_READY = b"ready"
_ABOVE = 100  # where descriptors wait while their final numbers are being freed


@dataclass(frozen=True)
class Birth:
    """What pid 1 needs in order to bring the guest to life."""

    request: Mapping[str, Any]
    confinement: Confinement
    bridge: int | None
    stderr: int | None


def run(birth: Birth, link: socket.socket) -> NoReturn:
    """Live as pid 1; ``link`` leads to the supervisor."""
    isolated = birth.confinement.level.isolated
    if isolated:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # what pid 1 of a namespace is by nature
    work = birth.confinement.enter_tree()
    socket.send_fds(link, [_message("work")], [work])
    os.close(work)
    main, status = _fork_main(birth, link)
    for fd in (birth.bridge, birth.stderr):
        if fd is not None:
            os.close(fd)
    birth.confinement.give_up_rights()
    link.send(_message("main", pid=main))
    report = _read_all(status)
    if report != _READY:
        link.send(
            _message("error", text=report.decode(errors="replace") or "the guest died while it was confined")
        )
        os._exit(1)
    link.send(_message("ready"))
    if not _reap(main, link) and not isolated:  # the supervisor is gone, and was to do this
        sweep()
        workfolder.remove(birth.confinement.folder)
    os._exit(0)


def _message(what: str, **values: object) -> bytes:
    return json.dumps({"is": what, **values}).encode()


def _read_all(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as stream:
        return stream.read()


def _reap(main: int, link: socket.socket) -> bool:
    """Until the supervisor goes, or the main process has ended and no other is left: then True."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the guest may have the same user, and so signal this process
    ended = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if ended:
                return True
            raise
        if pid == main:
            ended = True
            with contextlib.suppress(OSError):
                link.send(_message("ended", code=os.waitstatus_to_exitcode(status)))
        if pid == 0:
            if link.fileno() in select.select([wake, link.fileno()], [], [])[0]:
                return False  # the supervisor never writes, so this is its end
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)


def _fork_main(birth: Birth, link: socket.socket) -> tuple[int, int]:
    """Fork the guest; returns its pid and the pipe over which it says that it is confined."""
    status, status_end = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(status_end)
        return pid, status
    try:
        _become_guest(birth, status_end)
    except BaseException:
        os.write(status_end, traceback.format_exc()[-4000:].encode())
        os._exit(1)
    _run_entry(birth)


def _become_guest(birth: Birth, status: int) -> None:
    """Everything between the fork and the student's code."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = _arrange_descriptors(birth, status)
    environment = _environment(birth)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(birth.confinement.home)
    os.umask(0o022)
    _forget_parent()
    birth.confinement.seal()
    if birth.confinement.level is Level.LANDLOCK:
        substitutes.install()
    os.write(status, _READY)
    os.close(status)


def _arrange_descriptors(birth: Birth, status: int) -> int:
    """Exactly stdin, stdout, stderr, the bridge, and the status pipe, whose new number is returned."""
    null = os.open("/dev/null", os.O_RDWR)
    output = null if birth.stderr is None else birth.stderr
    wanted = [null, output, output, null if birth.bridge is None else birth.bridge, status]
    parked = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for fd in wanted]
    for number, fd in enumerate(parked):
        os.dup2(fd, number, inheritable=number < BRIDGE)
    os.closerange(len(wanted), os.sysconf("SC_OPEN_MAX"))
    if birth.bridge is None:
        os.close(BRIDGE)
    return len(wanted) - 1


def _environment(birth: Birth) -> dict[str, str]:
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS", "PYTORCH_NVML_BASED_CUDA_CHECK", "TRITON_NVML_BASED_CUDA_CHECK")  # fmt: skip
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    home = birth.confinement.home
    environment |= {"HOME": home, "USER": "student", "LOGNAME": "student", "PWD": home}
    environment["PATH"] = f"{sys.prefix}/bin:{environment.get('PATH', os.defpath)}"
    environment["TMPDIR"] = birth.confinement.scratch
    environment.update(birth.request["environment"])
    return environment


def _forget_parent() -> None:
    """State that forks would otherwise share with the forkserver, and so with each other."""
    tempfile.tempdir = None
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    sys.argv = ["guest"]


def _run_entry(birth: Birth) -> NoReturn:
    code = 1
    try:
        module, _, function = birth.request["entry"].partition(":")
        getattr(importlib.import_module(module), function)(_seen_by_entry(birth))
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code & 0xFF)


def _seen_by_entry(birth: Birth) -> dict[str, Any]:
    return {
        **birth.request,
        "home": birth.confinement.home,
        "bridge": None if birth.bridge is None else BRIDGE,
    }
