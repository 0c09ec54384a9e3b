"""A process that imports everything once and then only forks.

Importing torch takes seconds, forking a process that has imported it takes milliseconds. One forkserver serves
guests (it holds no secret), another serves graders. Who starts it gets one end of a socket pair that has no path,
so that nobody else can ask it for a fork; the end may be handed on to other processes (``fileno``, ``attach``).

One datagram, with the descriptors it carries, asks for one fork. The child calls ``target(message, descriptors)``
and never returns. When every copy of the asking end is closed, the forkserver ends.

What keeps a fork of torch sound: no tensor is computed before it, there is one thread (a fork copies only the
thread that calls it: a lock held by another stays locked for ever), and CUDA is not initialised. This is checked
before the first fork. The environment is built anew, because /proc/self/environ of every fork shows it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import io
import json
import os
import select
import signal
import site
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from autograder.errors import GraderFailure
from autograder.sandbox.syscalls import PR_SET_DUMPABLE, prctl

Target = Callable[[bytes, list[int]], None]

MAX_MESSAGE = 64 * 1024
MAX_DESCRIPTORS = 16
PATIENCE = 600.0  # seconds for the imports: they take five, on a busy machine with a cold disk a hundred

# Imports of a notebook and of its kernel. torch._dynamo is there because the first optimizer imports it (2 s).
# Modules that are not installed are skipped; one that starts a thread does not belong here (numexpr, tensorflow).
GUEST_PRELOAD = (
    "numpy",
    "numpy.random",
    "pandas",
    "torch",
    "torch.utils.data",
    "torch._dynamo",
    "torchvision",
    "torchvision.transforms",
    "sklearn",
    "sklearn.datasets",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",  # not backend_inline: it joins the kernel's shell when it is imported
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
    "IPython.core.pylabtools",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.displayhook",
    "ipykernel.debugger",  # every kernel imports it, with debugpy, although nobody debugs
    "IPython.core.debugger",
    "autograder.selfcheck",  # the first cell of a notebook imports it, with pytest
    "autograder.guest",
    "autograder.standins",
    "autograder.sandbox.kernel",
    "autograder.sandbox.script",
)

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For processes that fork or confine themselves: importing NumPy starts no threads."""
_KEPT = ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    **ONE_THREAD,  # graders and guests use one thread each
    # The heap in huge pages, where the kernel has them (glibc 2.35): a fork copies, and frees, half the page tables.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no warnings of a debugger that nobody uses
    # Without these, torch.cuda.is_available() may initialise CUDA, after which forks cannot use it.
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "TRITON_NVML_BASED_CUDA_CHECK": "1",
}
# Read when matplotlib is imported, which is here; figures appear under their cells as in any Jupyter kernel.
_INLINE = "module://matplotlib_inline.backend_inline"

_BOOT = (
    "import json, sys; config = json.loads(sys.argv[1]); sys.path[:0] = config['python_path']; "
    "from autograder.sandbox.forkserver import serve; serve(config)"
)


class Forkserver:
    """The asking side. ``start`` is implied by the first use and returns at once; requests queue up meanwhile."""

    def __init__(
        self,
        target: str,
        preload: Sequence[str],
        pass_fds: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        python_path: Sequence[str] = (),
    ) -> None:
        self._config = {"target": target, "preload": list(preload), "python_path": list(python_path)}
        self._pass_fds, self._extra_env = tuple(pass_fds), dict(env or {})
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._owner = 0  # a fork of the owner must not stop the owner's server
        self._status: int | None = None
        self._stderr: IO[bytes] | None = None
        self._failure: str | None = None
        self._lock = threading.RLock()

    @classmethod
    def attach(cls, fd: int) -> Forkserver:
        """The same forkserver, for a process that was given its descriptor; the descriptor now belongs to it."""
        attached = cls("", ())
        attached._socket = socket.socket(fileno=fd)
        return attached

    @property
    def pid(self) -> int | None:
        """The server's pid; ``None`` before the start, or where it is only attached."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, unless it was; the imports go on while this returns.

        Raises:
            GraderFailure: if it was closed: another thread's request must not bring it back.
        """
        with self._lock:
            if self._closed:
                raise GraderFailure("the forkserver was closed")
            if self._socket is None:
                self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        status, status_end = os.pipe()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server; a pipe could fill up
        config = {**self._config, "socket": theirs.fileno(), "status": status_end}
        # The working directory must never come to sys.path (-P), nor must PYTHON* variables be believed (-E).
        flags = ["-P", "-E"] if site.ENABLE_USER_SITE else ["-I"]
        self._process = subprocess.Popen(
            [sys.executable, *flags, "-c", _BOOT, json.dumps(config)],
            pass_fds=(theirs.fileno(), status_end, *self._pass_fds),
            env=_clean_environment(self._extra_env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for who grades, not for the forks
        )
        theirs.close()
        os.close(status_end)
        self._socket, self._status, self._stderr, self._owner = ours, status, stderr, os.getpid()

    def wait_ready(self, timeout: float = PATIENCE) -> None:
        """Wait until the imports are done; GraderFailure with the end of stderr when they failed."""
        self.start()
        with self._lock:
            if self._failure is not None:
                raise GraderFailure(self._failure)
            if self._status is None:  # attached, or known to be ready
                return
            if not select.select([self._status], [], [], timeout)[0]:
                raise GraderFailure(
                    f"the forkserver was not ready after {timeout:g} s: {self._stderr_tail()}. Is the machine "
                    "overloaded, or its disk very slow? Start again when it is less busy."
                )
            report = os.read(self._status, MAX_MESSAGE).decode()
            os.close(self._status)
            self._status = None
            if report != "ready":
                self._failure = f"the forkserver could not start: {report or self._stderr_tail()}"
                raise GraderFailure(self._failure)

    def fork(self, message: bytes, fds: Sequence[int] = ()) -> None:
        """Ask for a fork that calls ``target(message, fds)``. The descriptors are copied; close yours."""
        if not 0 < len(message) <= MAX_MESSAGE or len(fds) > MAX_DESCRIPTORS:
            raise ValueError(
                f"a request has 1 to {MAX_MESSAGE} bytes and at most {MAX_DESCRIPTORS} descriptors"
            )
        try:
            socket.send_fds(self._connected(), [message], list(fds))
        except OSError as error:
            raise GraderFailure(f"the forkserver is gone ({error}): {self._stderr_tail()}") from error

    def fileno(self) -> int:
        """The descriptor to hand on to a process that may ask for forks as well."""
        return self._connected().fileno()

    def alive(self) -> bool:
        """Whether it still listens (it may not be ready yet); False before the start."""
        if self._socket is None:
            return False
        hung_up = select.poll()
        hung_up.register(self._socket, 0)
        return not hung_up.poll(0)

    def close(self) -> None:
        """Stop asking. The starter waits for the server's end; forks that live on it end with it."""
        with self._lock:
            self._closed = True
            if self._socket is not None:
                self._socket.close()
            if self._status is not None:
                importing = not select.select([self._status], [], [], 0)[0]
                os.close(self._status)
                if importing and self._process is not None and self._owner == os.getpid():
                    self._process.kill()  # it has forked nothing yet
            self._socket = self._status = None
            if self._process is not None and self._owner == os.getpid():
                _stop(self._process)
            self._process = None

    def __enter__(self) -> Forkserver:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _connected(self) -> socket.socket:
        self.start()
        assert self._socket is not None
        return self._socket

    def _stderr_tail(self) -> str:
        if self._stderr is None:
            return "its messages are with the process that started it"
        size = os.fstat(self._stderr.fileno()).st_size
        tail = os.pread(self._stderr.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip()
        return tail or "it wrote no message"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its socket is closed, so it ends by itself, unless another process holds a copy."""
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    backend = _INLINE if importlib.util.find_spec("matplotlib_inline") else "Agg"
    return {**_ENVIRONMENT, "MPLBACKEND": backend, **kept, **extra}


# ---- the server's side -------------------------------------------------------------------------------------------


def serve(config: Mapping[str, Any]) -> NoReturn:
    """The server: import, check, then fork on request until nobody can ask any more."""
    try:
        target = _prepare(config["preload"], config["target"])
    except BaseException:
        traceback.print_exc()
        os.write(config["status"], traceback.format_exc()[-2000:].encode())
        os._exit(1)
    os.write(config["status"], b"ready")
    os.close(config["status"])
    requests = socket.socket(fileno=config["socket"])
    while True:
        message, fds, _, _ = socket.recv_fds(requests, MAX_MESSAGE, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        _fork(target, message, fds, requests)
        for fd in fds:
            os.close(fd)


def _fork(target: Target, message: bytes, fds: list[int], requests: socket.socket) -> None:
    try:
        pid = os.fork()
    except OSError:  # no process or memory left: who asked sees its descriptors closed
        traceback.print_exc()
        return
    if pid != 0:
        return
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        requests.close()  # a fork must not keep the server from seeing the end, nor read its requests
        target(message, fds)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _prepare(preload: Sequence[str], target: str) -> Target:
    gc.disable()  # imports keep what they make: looking for garbage meanwhile takes a fifth of their time
    for name in preload:
        # What is absent is skipped, with what needs it; what is broken stops the start.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    module, _, function = target.partition(":")
    found: Target = getattr(importlib.import_module(module), function)
    _quiet_torch()
    _warm_plots()
    _warm_notebooks()
    gc.freeze()  # the collector would touch, and so copy, every shared page; to collect first would take half a second
    gc.enable()
    _assert_one_thread()
    prctl(PR_SET_DUMPABLE, 0)  # nobody of this user may trace it, a guest that escaped included
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks: the kernel reaps them
    return found


def _quiet_torch() -> None:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.set_num_threads(1)
    if torch.cuda.is_initialized():
        raise RuntimeError("a preloaded module initialised CUDA, which no fork could use then")


def _warm_plots() -> None:
    """Draw one figure: a fork's first one then costs half (fonts found, the parser of tick labels built)."""
    if "matplotlib.backends.backend_agg" not in sys.modules:
        return
    from matplotlib.figure import Figure  # not pyplot: no fork shall find a figure of ours

    figure = Figure()
    axes = figure.subplots()
    axes.semilogy([1, 10, 1000], marker="o", label="a")
    axes.set(title="a", xlabel="a", ylabel="a")
    axes.legend()
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")


def _warm_notebooks() -> None:
    """Validate one notebook: nbformat compiles its schemas at the first, which costs a fork 0.1 s."""
    if "nbformat" not in sys.modules:
        return
    import nbformat

    nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))


def _assert_one_thread() -> None:
    deadline = time.monotonic() + 2.0  # matplotlib's import may leave a timer that is just ending
    while (count := len(list(Path("/proc/self/task").iterdir()))) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    if count > 1:
        names = [thread.name for thread in threading.enumerate()]
        raise RuntimeError(
            f"{count} threads after the imports ({', '.join(names)}): a preloaded module started one"
        )
