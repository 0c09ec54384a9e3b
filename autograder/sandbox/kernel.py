"""What a guest becomes once it is confined: an ipykernel that can take snapshots of itself.

All of this runs beside student code, which may change any of it; nothing here is a secret or decides a point.

A *snapshot* is a fork of the kernel at rest, which keeps the notebook's names of that moment. It answers no suite
itself: for each conversation that the grader opens it forks once more, so that a crash, a hang or a changed global
ends with that child and the next conversation starts from the same state. The kernel asks for none of this: the
grader sends a byte and a socket over the *bridge*, a socketpair that the guest inherited.

A fork of a process that has initialised CUDA cannot use it. Such a kernel takes no snapshot and says so; the grader
then has the exercise's last cells run again in forks of an earlier one.

ipykernel is used as it is, with three things of it turned off that only matter to a person at a keyboard or
that misbehave in a fork: the connection file, the history file, and its ``atexit`` hook (7.4: ``close`` races the
control thread, 3 s).
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from autograder.guest import QUIET
from autograder.sandbox.syscalls import PR_SET_PDEATHSIG, prctl

SERVE, STOP, FORK, FORKED, SEED, TROUBLE, UP = b"S", b"K", b"F", b"R", b"D", b"E", b"U"
GPU, ON_GPU = b"G", b"C"
LETTER = 256  # bytes of the longest message over the bridge


def run(request: dict[str, Any]) -> None:
    """Entry of a guest: run a kernel on ``payload["connection"]`` until it is told to stop.

    ``payload`` also gives the number of torch's ``threads``.
    """
    bridge = socket.socket(fileno=request["bridge"])
    try:
        start(request["payload"], bridge)
    except BaseException:
        bridge.sendall(TROUBLE + traceback.format_exc()[-4000:].encode())  # nobody reads a guest's stderr
        raise


def start(payload: dict[str, Any], bridge: socket.socket) -> None:
    """Initialise the kernel and serve until it is stopped."""
    os.environ[QUIET] = "1"  # a student's own check("...") calls do nothing here
    prepare(payload["threads"])
    os.makedirs(os.path.dirname(payload["connection"]["ip"]), mode=0o700, exist_ok=True)
    app = kernel_app(payload["connection"])
    app.initialize(
        ["--log-level=50", "--HistoryManager.enabled=False", "--HistoryManager.hist_file=:memory:"]
    )
    atexit.unregister(app.close)
    app.shell.ask_exit = lambda: None  # `exit()` would end the kernel a moment later, during another cell
    watch_bridge(bridge, app)
    bridge.sendall(UP)  # every socket is bound: the grader connects once, and never again
    app.start()
    sys.stdout.flush()
    os._exit(0)


def prepare(threads: int) -> None:
    """What a fork of the forkserver has to set for itself."""
    import torch

    torch.set_num_threads(threads)
    gc.enable()


def kernel_app(connection: dict[str, Any]) -> Any:
    """An ipykernel application on a connection that needs no file."""
    from ipykernel.kernelapp import IPKernelApp

    import __main__

    class GuestKernelApp(IPKernelApp):  # type: ignore[misc]
        def init_connection_file(self) -> None:
            self.load_connection_info(connection)

        def write_connection_file(self, **_: object) -> None:
            """There is no file to write."""

    __main__.__dict__.pop("__file__", None)
    sys.argv = ["ipykernel_launcher"]
    return GuestKernelApp.instance()


def watch_bridge(bridge: socket.socket, app: Any) -> None:
    """Do what the grader asks between two cells: fork a snapshot, choose a GPU, or start the random streams."""
    import torch
    from tornado.ioloop import IOLoop

    from autograder.guest import seed_streams, use_gpu

    def on_readable(*_: object) -> None:
        with spare_files():
            answer()

    def answer() -> None:
        data, fds, *_rest = socket.recv_fds(bridge, LETTER, 1)
        if not data:
            IOLoop.current().remove_handler(bridge.fileno())
            return
        if data[:1] == SEED:
            seed_streams(int.from_bytes(data[1:], "big"))
            bridge.sendall(SEED)
            return
        if data[:1] == GPU:
            share, gpu = data[1:].decode().split(" ", 1)
            use_gpu(gpu, float(share))
            bridge.sendall(GPU)
            return
        if torch.cuda.is_initialized():
            with suppress(OSError):
                os.write(fds[0], ON_GPU)
            os.close(fds[0])
            return
        try:
            child = os.fork()
        except OSError:  # the notebook used up its processes: closing the socket says so
            child = -1
        if child == 0:
            with suppress(BaseException):
                become_snapshot(bridge, socket.socket(fileno=fds[0]), app.shell.user_ns)
            os._exit(1)
        if child > 0:
            with suppress(OSError):
                os.write(fds[0], FORKED)  # the next cell need not wait until the snapshot is settled
        for fd in fds:
            os.close(fd)

    IOLoop.current().add_handler(bridge, on_readable, IOLoop.READ)


@contextmanager
def spare_files() -> Iterator[None]:
    """All the open files that the limit allows, for our own few, though the notebook may have used up its share."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def become_snapshot(bridge: socket.socket, control: socket.socket, namespace: dict[str, Any]) -> NoReturn:
    """Wait for conversations and fork a child for each; end when the grader closes ``control``."""
    import torch

    torch.set_num_threads(1)  # before anything else: the kernel's thread pool did not survive the fork
    bridge.close()
    silence()
    gc.freeze()
    child = 0
    while True:
        data, fds, *_ = socket.recv_fds(control, 1, 1)
        if not data:
            os._exit(0)
        if child:
            end(child)
            child = 0
        if data == SERVE and fds:
            child = os.fork()
            if child == 0:
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                control.close()
                converse(socket.socket(fileno=fds[0]), namespace)
        for fd in fds:
            os.close(fd)


def end(child: int) -> None:
    """Kill a child that ends with its parent.

    A guest whose filter lets no process signal another (level LANDLOCK before Landlock's ABI 6) cannot; then this
    process ends, and its fork goes on in its place.
    """
    with suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        try:
            os.kill(child, signal.SIGKILL)
        except PermissionError:
            if os.fork():
                os._exit(0)
            return
        os.waitpid(child, 0)


def converse(sock: socket.socket, namespace: dict[str, Any]) -> NoReturn:
    """Answer one conversation and end."""
    from autograder.guest import serve

    with suppress(BaseException):
        serve(sock, namespace)
    os._exit(0)


def silence() -> None:
    """Nobody reads what a suite makes the student's code print.

    ipykernel's streams would open a connection to the kernel, which may be gone, and wait for it.
    """
    from ipykernel.iostream import OutStream

    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    OutStream.write = lambda self, text: len(text)
    OutStream.flush = lambda self: None
    sys.stdout = sys.stderr = open(null, "w", closefd=False)  # noqa: SIM115
