"""One conformance suite for every level of the sandbox.

Each attack that reads, writes or reaches the network also runs without confinement, where it must succeed: an
attack that fails anyway proves nothing. Attacks that kill, fork or fill never run unconfined.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import GraderFailure, HostTooWeak, InstructorError
from autograder.sandbox import confinement, doctor, folders, landlock, memory, seccomp, syscalls
from autograder.sandbox.confinement import Level
from autograder.sandbox.forkserver import Forkserver
from autograder.sandbox.limits import Limits
from autograder.sandbox.supervisor import TARGET, Guest, GuestRequest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux")

CONFINED = [Level.FULL, Level.USERNS]
SMALL = Limits(memory_mb=400, disk_mb=16, shm_mb=16, processes=32)
WAIT = 20.0


@pytest.fixture(scope="module")
def forkserver() -> Iterator[Forkserver]:
    mounts = Path("/proc/self/mountinfo").read_text()
    with Forkserver(TARGET, ["numpy", "autograder.sandbox.script"]) as server:
        yield server
        assert server.alive()
        assert server.pid is not None
        assert eventually(lambda: memory.children(server.pid) == []), "a supervisor survived its guest"
        assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.fixture(params=CONFINED, ids=lambda level: level.value)
def level(request: pytest.FixtureRequest) -> Level:
    missing = confinement.weakness(request.param)
    if missing is not None:
        pytest.skip(f"this host cannot: {missing}")
    return Level(request.param)


def eventually(condition: Any, seconds: float = 10.0) -> bool:
    """Whether the condition holds within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


class Script:
    """A guest that runs a piece of source, with the test's end of its bridge."""

    def __init__(
        self, server: Forkserver, level: Level, code: str, limits: Limits = SMALL, **options: Any
    ) -> None:
        payload = {"code": code, **options.pop("payload", {})}
        self.bridge, theirs = socket.socketpair()
        self.errors, stderr = os.pipe()
        request = GuestRequest(level, "autograder.sandbox.script:run", payload, limits, **options)
        with theirs:
            self.guest = Guest.launch(server, request, theirs.fileno(), stderr)
        os.close(stderr)
        self._lines = self.bridge.makefile("rb")

    def answer(self) -> Any:
        """The next answer; fails with what the script wrote to stderr when there is none."""
        self.bridge.settimeout(WAIT)
        line = self._lines.readline()
        assert line, f"no answer, {self.guest.poll()}: {self.stderr()}"
        return json.loads(line)

    def say(self, text: str) -> None:
        self.bridge.sendall(text.encode())

    def stderr(self) -> str:
        readable = select.select([self.errors], [], [], 1.0)[0]
        return os.read(self.errors, 65536).decode() if readable else ""

    def end(self) -> dict[str, Any]:
        assert eventually(lambda: self.guest.poll() is not None, WAIT)
        end = self.guest.poll()
        assert end is not None
        return end

    def __enter__(self) -> Script:
        self.guest.wait_ready(WAIT)
        return self

    def __exit__(self, *exception: object) -> None:
        self.guest.close()
        self._lines.close()
        self.bridge.close()
        os.close(self.errors)


# ---- attacks that read, write or connect ---------------------------------------------------------

HEAD = """
import ctypes, os, socket, sys
from pathlib import Path
secret, folder, pid, port, name = (payload[key] for key in ("secret", "folder", "pid", "port", "name"))
libc = ctypes.CDLL(None, use_errno=True)
def system(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "denied")
"""

ATTACKS = {
    "read a test of the project": "assert Path(payload['test_file']).read_text()",
    "read a file of another folder": "assert Path(secret).read_text() == 'secret'",
    "list another folder": "assert 'secret.txt' in os.listdir(folder)",
    "read through the root of the grader": "assert Path(f'/proc/{pid}/root' + secret).read_text()",
    "read through the working folder of the grader": "os.listdir(f'/proc/{pid}/cwd/')",
    "read through a parent descriptor": """
fd = os.open(".", os.O_RDONLY)
assert os.open("../" * 20 + secret[1:], os.O_RDONLY, dir_fd=fd)
""",
    "read the environment of the grader": "assert Path(f'/proc/{pid}/environ').read_bytes()",
    "read the memory of the grader": "open(f'/proc/{pid}/mem', 'rb')",
    "list the descriptors of the grader": "os.listdir(f'/proc/{pid}/fd')",
    "write a new file": "Path(folder, 'new').write_text('x')",
    "overwrite a file": "Path(secret + '.copy').write_text('x')",
    "append to a readable file": "open(payload['readable'] + '/data.txt', 'a')",
    "write into a readable folder": "Path(payload['readable'], 'new').write_text('x')",
    "change the mode of a readable file": "os.chmod(payload['readable'] + '/data.txt', 0o777)",
    "change the time of a readable file": "os.utime(payload['readable'] + '/data.txt')",
    "connect by TCP": "socket.create_connection(('127.0.0.1', port), 5)",
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + name)",
    "connect to a path socket": "socket.socket(socket.AF_UNIX).connect(folder + '/socket')",
    "see the grader": "os.kill(pid, 0)",
    "trace another process": "system(libc.ptrace(0x4206, payload['victim'], 0, 0))",
    "make a user namespace": "system(libc.unshare(0x10000000))",
    "make unwatched memory": "os.memfd_create('x')",
    "make unwatched System V memory": "system(libc.shmget(0, 4096, 0o600))",
}  # fmt: skip


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A folder, listeners and a process that no guest may reach."""
    folder = tmp_path_factory.mktemp("outside")
    secret = folder / "secret.txt"
    secret.write_text("secret")
    readable = tmp_path_factory.mktemp("readable")
    readable.chmod(0o777)  # so that nothing but the mount protects it
    readable.joinpath("data.txt").write_text("data")
    readable.joinpath("data.txt").chmod(0o666)
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        name = f"autograder-test-{os.getpid()}"
        for address in (f"\0{name}", str(folder / "socket")):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen(16)
        victim = subprocess.Popen(["sleep", "600"])
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        yield {
            "secret": str(secret),
            "folder": str(folder),
            "readable": str(readable),
            "test_file": str(Path(__file__).resolve()),
            "pid": os.getpid(),
            "port": tcp.getsockname()[1],
            "name": name,
            "victim": victim.pid,
        }


def outcome(server: Forkserver, level: Level, attack: str, outside: dict[str, Any]) -> str:
    """ "done" when the attack worked, else the name of the exception that stopped it."""
    body = "\n".join("    " + line for line in ATTACKS[attack].strip().splitlines())
    code = f"{HEAD}\ntry:\n{body}\n    answer('done')\nexcept BaseException as error:\n    answer(type(error).__name__)"
    with Script(server, level, code, payload=outside, read_only=[outside["readable"]]) as script:
        return str(script.answer())


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_confined_guest_cannot(
    attack: str, level: Level, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    stopped = {
        "FileNotFoundError",
        "PermissionError",
        "ProcessLookupError",
        "ConnectionRefusedError",
        "OSError",
    }
    assert outcome(forkserver, level, attack, outside) in stopped


@pytest.mark.parametrize("attack", ATTACKS)
def test_without_confinement_the_same_attack_succeeds(
    attack: str, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    assert outcome(forkserver, Level.NONE, attack, outside) == "done"


# ---- what a guest sees ---------------------------------------------------------------------------


def test_a_guest_reads_the_folders_it_was_given(
    level: Level, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    code = "answer(open(payload['readable'] + '/data.txt').read())"
    with Script(forkserver, level, code, payload=outside, read_only=[outside["readable"]]) as script:
        assert script.answer() == "data"


def test_of_the_project_a_guest_sees_the_package_only(level: Level, forkserver: Forkserver) -> None:
    root = str(Path(folders.__file__).resolve().parents[2])
    code = "import os; answer(os.listdir(payload['root']))"
    with Script(forkserver, level, code, payload={"root": root}) as script:
        assert set(script.answer()) <= {"autograder", ".venv"}


def test_a_guest_is_an_ordinary_user_without_rights(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, pwd
from pathlib import Path
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
answer([pwd.getpwuid(os.getuid()).pw_name, os.getcwd(), os.environ["HOME"], os.getgroups() == []])
answer([status[key] for key in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")])
answer(sorted(map(int, os.listdir("/proc/self/fd"))))
answer(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
"""
    with Script(forkserver, level, code) as script:
        name, cwd, home, _ = script.answer()
        assert (name, cwd, home) == ("student", "/home/student", "/home/student")
        assert script.answer() == ["0" * 16, "0" * 16, "0" * 16, "1", "2"]
        assert script.answer() == [0, 1, 2, 3, 4], "stdin, stdout, stderr, the bridge, and the listing itself"
        assert script.answer() == [1, 2], "pid 1 and itself"
        if os.geteuid() == 0:
            assert script.guest.uid != 0


def test_two_living_guests_have_different_users(forkserver: Forkserver) -> None:
    if confinement.weakness(Level.FULL) is not None:
        pytest.skip("needs root")
    code = "import time; time.sleep(60)"
    with Script(forkserver, Level.FULL, code) as one, Script(forkserver, Level.FULL, code) as other:
        assert one.guest.uid != other.guest.uid


def test_the_environment_of_the_grader_does_not_reach_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    code = "answer([open('/proc/self/environ').read(), dict(__import__('os').environ)])"
    with (
        Forkserver(TARGET, []) as server,
        Script(server, Level.NONE, code, environment={"COURSE": "deep"}) as script,
    ):
        initial, current = script.answer()
    assert "s3cret" not in initial + str(current)
    assert current["COURSE"] == "deep"


def test_forks_do_not_share_random_numbers(forkserver: Forkserver) -> None:
    code = "import random, numpy; answer([random.random(), numpy.random.rand()])"
    answers = []
    for _ in range(2):
        with Script(forkserver, Level.NONE, code) as script:
            answers.append(script.answer())
    assert answers[0][0] != answers[1][0]
    assert answers[0][1] != answers[1][1]


def test_the_grader_reads_writes_and_connects_in_the_work_folder(
    level: Level, forkserver: Forkserver
) -> None:
    code = """
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("kernel")
listener.listen()
answer("listening")
connection, _ = listener.accept()
answer(open("data.txt").read() + connection.recv(10).decode())
open("result.txt", "w").write("result")
answer("written")
"""
    with Script(forkserver, level, code) as script:
        work = Path(f"/proc/self/fd/{script.guest.work}")
        work.joinpath("data.txt").write_text("data")
        assert script.answer() == "listening"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(work / "kernel"))
            client.sendall(b"hello")
            assert script.answer() == "datahello"
        assert script.answer() == "written"
        assert script.end() == {"code": 0, "why": "exit"}
        assert work.joinpath("result.txt").read_text() == "result", "still readable after the guest's end"


def test_landlock_holds_where_the_mount_tree_would_allow(level: Level, forkserver: Forkserver) -> None:
    if not landlock.ABI:
        pytest.skip("this kernel has no Landlock")
    code = """
try:
    open("/proc/self/comm", "w").write("x")
except PermissionError:
    answer("denied")
"""
    with Script(forkserver, level, code) as script:
        assert script.answer() == "denied"
    with Script(forkserver, Level.NONE, code + "else: answer('written')") as script:
        assert script.answer() == "written"


def verdict_of_filter(
    machine: str, name: str, *arguments: int, arch: int | None = None, shift: int = 0
) -> str:
    """What the filter says to a call: an interpreter of the five instructions that it uses."""
    column = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
    nr = syscalls.number(name, machine) if name in syscalls._TABLE else int(name)
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", (nr or 0) + shift, column[machine] if arch is None else arch, 0, *words)
    steps = [struct.unpack("HBBI", step) for step in seccomp.program(seccomp.DENIED, machine)]
    value = at = 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                value = struct.unpack_from("<I", data, operand)[0]
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x45:
                at += if_true if value & operand else if_false
            case 0x06:
                kind = {0x7FFF: "allow", 0x8000: "kill", 0x0005: "fail"}[operand >> 16]
                return kind if kind != "fail" else errno.errorcode[operand & 0xFFFF]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_by_call_and_argument(machine: str) -> None:
    say = partial(verdict_of_filter, machine)
    present = [name for name in seccomp.DENIED if syscalls.number(name, machine) is not None]
    assert {say(name) for name in present} == {"EPERM"}
    assert say("clone3") == "ENOSYS"
    assert say("clone", 0x01200011) == "allow"
    assert say("clone", 0x01200011 | 0x10000000) == "EPERM"
    assert say("ioctl", 0, 0x5401) == "allow"
    assert say("ioctl", 0, 0x5412) == "EPERM"
    assert say("ioctl", 0x5412, 0x5401) == "allow"
    assert [say("socket", family) for family in (1, 2, 10, 16)] == ["allow"] * 4
    assert [say("socketpair", family) for family in (0, 3, 17, 40)] == ["EAFNOSUPPORT"] * 4
    assert say("0") == "allow"
    assert say("0", arch=0x40000003) == "kill", "32-bit calls have other numbers"
    if machine == "x86_64":
        assert say("0", shift=0x40000000) == "kill", "and so have x32 calls"


# ---- limits (never run unconfined) ---------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_filling_a_disk_ends_with_an_error(level: Level, forkserver: Forkserver, folder: str) -> None:
    code = """
import os
fd = os.open(payload["folder"] + "/big", os.O_CREAT | os.O_WRONLY)
written = 0
try:
    while written < 64:
        os.write(fd, bytes(1 << 20))
        written += 1
except OSError as error:
    answer([written, error.strerror])
"""
    with Script(forkserver, level, code, payload={"folder": folder}) as script:
        written, error = script.answer()
        assert written <= SMALL.disk_mb
        assert error == "No space left on device"


def test_a_large_array_is_an_ordinary_memory_error(level: Level, forkserver: Forkserver) -> None:
    code = """
try:
    bytearray(300 << 20)
except MemoryError:
    answer("MemoryError")
"""
    with Script(forkserver, level, code, Limits(memory_mb=400, data_mb=200)) as script:
        assert script.answer() == "MemoryError"


@pytest.mark.parametrize("where", ["one process", "several processes"])
def test_memory_over_the_limit_kills_the_guest(level: Level, forkserver: Forkserver, where: str) -> None:
    code = """
import mmap, os, time
def grow(megabytes):
    shared = mmap.mmap(-1, megabytes << 20)  # not counted by RLIMIT_DATA
    for start in range(0, megabytes << 20, 4096):
        shared[start] = 1
    return shared
if payload["where"] == "one process":
    kept = grow(400)
else:
    for _ in range(4):
        if os.fork() == 0:
            kept = grow(100)
            time.sleep(20)
answer("grown")
time.sleep(20)
"""
    with Script(forkserver, level, code, Limits(memory_mb=250), payload={"where": where}) as script:
        assert script.end() == {"code": None, "why": "memory limit"}
        assert eventually(lambda: script.guest.gone == "memory limit")
        assert script.guest.peak_mb > 250


def test_processes_are_limited(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, time
count = 0
try:
    while count < 64:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        count += 1
except BlockingIOError:
    answer(count)
"""
    with Script(forkserver, level, code) as script:
        assert 20 < script.answer() < 32


def test_a_file_has_a_largest_size(level: Level, forkserver: Forkserver) -> None:
    code = """
try:
    open("big", "wb").write(bytes(2 << 20))
except OSError as error:
    answer(error.strerror)
"""
    with Script(forkserver, level, code, Limits(file_mb=1)) as script:
        assert script.answer() == "File too large"


# ---- ends ----------------------------------------------------------------------------------------

STUBBORN = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        answer(os.getpid())
        time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


@pytest.mark.parametrize("level", [*CONFINED, Level.NONE], indirect=True)
def test_daemons_die_with_their_guest(level: Level, forkserver: Forkserver) -> None:
    with Script(forkserver, level, STUBBORN) as script:
        inside = script.answer()
        # A walk over the tree can miss a process whose parent ends during the walk: look until it has settled.
        assert eventually(lambda: script.guest.host_pid(inside) is not None)
        pids = script.guest.pids()
        assert script.guest.host_pid(inside) in pids
        assert script.guest.main_pid in pids
    assert not any(map(exists, pids)), "close waits for the end of all"


@pytest.mark.parametrize("level", [*CONFINED, Level.NONE], indirect=True)
def test_the_guest_dies_with_a_killed_grader(level: Level, forkserver: Forkserver) -> None:
    forkserver.wait_ready()
    told, tell = os.pipe()
    grader = os.fork()
    if grader == 0:
        try:
            with Script(forkserver, level, STUBBORN) as script:
                script.answer()
                os.write(tell, json.dumps(script.guest.pids()).encode())
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(told) as stream:
        pids = json.load(stream)
    assert os.waitstatus_to_exitcode(os.waitpid(grader, 0)[1]) == -signal.SIGKILL
    assert len(pids) == 4, "pid 1, the main process, its child (a zombie), the daemon"
    assert eventually(lambda: not any(map(exists, pids)))


@pytest.mark.parametrize("level", [*CONFINED, Level.NONE], indirect=True)
def test_a_fork_outlives_the_main_process(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, time
if os.fork() == 0:
    answer("snapshot")
    answer(os.read(3, 10).decode())
    time.sleep(60)
time.sleep(60)
"""
    with Script(forkserver, level, code) as script:
        assert script.answer() == "snapshot"
        script.guest.kill_main()
        assert script.end() == {"code": -9, "why": "killed"}
        assert script.guest.gone is None
        script.say("alive?")
        assert script.answer() == "alive?"
        pids = script.guest.pids()
        assert len(pids) == 2
    assert not any(map(exists, pids))


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("raise SystemExit(3)", {"code": 3, "why": "exit"}),
        ("1 / 0", {"code": 1, "why": "exit"}),
        ("import os; os.abort()", {"code": -6, "why": "signal 6"}),
        ("import os; os.kill(os.getpid(), 9)", {"code": -9, "why": "signal 9"}),
    ],
)
def test_the_end_of_the_main_process_is_reported(
    level: Level, forkserver: Forkserver, code: str, end: dict[str, Any]
) -> None:
    with Script(forkserver, level, code) as script:
        assert script.end() == end
        assert eventually(lambda: script.guest.gone == "exit"), "with nothing left, pid 1 ends too"


def test_a_signal_reaches_the_main_process(level: Level, forkserver: Forkserver) -> None:
    code = """
import time
try:
    answer("ready")
    time.sleep(60)
except KeyboardInterrupt:
    answer("interrupted")
"""
    with Script(forkserver, level, code) as script:
        assert script.answer() == "ready"
        script.guest.signal(signal.SIGINT)
        assert script.answer() == "interrupted"


def test_the_guest_cannot_hurt_its_pid_1(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, signal
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV):
    try:
        os.kill(1, number)
    except PermissionError:
        pass
denied = []
for name in ("mem", "environ", "root/etc/passwd", "fd/0", "maps"):
    try:
        open("/proc/1/" + name, "rb")
    except PermissionError:
        denied.append(name)
answer(denied)
"""
    with Script(forkserver, level, code) as script:
        assert script.answer() == ["mem", "environ", "root/etc/passwd", "fd/0", "maps"]
        assert script.end() == {"code": 0, "why": "exit"}


def test_cpu_time_counts_children_that_have_ended(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, time
def burn():
    while time.process_time() < 0.3:
        pass
if os.fork() == 0:
    burn()
    os._exit(0)
os.wait()
answer("burnt")
time.sleep(60)
"""
    with Script(forkserver, level, code) as script:
        assert script.answer() == "burnt"
        assert 0.28 <= script.guest.cpu_seconds() < 2
        assert script.guest.cpu_seconds(script.guest.main_pid) >= 0.28


def test_a_guest_that_cannot_be_built_is_the_graders_failure(level: Level, forkserver: Forkserver) -> None:
    request = GuestRequest(level, "autograder.sandbox.script:run", {}, SMALL, environment={"BAD=NAME": "x"})
    guest = Guest.launch(forkserver, request)
    with pytest.raises(GraderFailure, match="illegal environment variable name"):
        guest.wait_ready(WAIT)
    guest.close()


# ---- ordinary programs go on working -------------------------------------------------------------

BENIGN = {
    "a DataLoader with workers": """
import torch
data = torch.utils.data.TensorDataset(torch.arange(8.0))
loader = torch.utils.data.DataLoader(data, batch_size=2, num_workers=2)
assert sum(float(batch.sum()) for batch, in loader) == 28
""",
    "torch.save and torch.load": """
import torch
torch.save({"w": torch.ones(3)}, "w.pt")
assert torch.load("w.pt")["w"].sum() == 3
""",
    "a pool of processes": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
""",
    "temporary files": """
import tempfile
with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
    file.write(b"x")
    assert file.name.startswith("/tmp/") and folder.startswith("/tmp/")
""",
    "sqlite": """
import sqlite3
with sqlite3.connect("a.db") as db:
    db.execute("create table t (x)")
    db.execute("insert into t values (1)")
""",
    "a figure": """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.savefig("a.png")
""",
    "a shell command on a pseudo-terminal": """
import os, pty, subprocess
main, side = pty.openpty()
assert subprocess.run(["sh", "-c", "test -t 0 && ls / && python -c 'import sys; print(sys.prefix)'"],
                      stdin=side, capture_output=True, check=True).stdout
""",
    "a server of its own": """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    pass
""",
    "a rename between folders": """
import os, shutil
os.makedirs("a"), os.makedirs("b"), open("a/x", "w").close()
os.rename("a/x", "b/x"), shutil.move("b/x", "/tmp/x"), shutil.copy("/tmp/x", "y")
""",
    "a named pipe": "import os; os.mkfifo('pipe')",
}  # fmt: skip


@pytest.fixture(scope="module")
def torch_forkserver() -> Iterator[Forkserver]:
    with Forkserver(
        TARGET, ["torch", "torch.utils.data", "matplotlib.pyplot", "autograder.sandbox.script"]
    ) as server:
        yield server


def test_ordinary_programs_work(level: Level, torch_forkserver: Forkserver) -> None:
    for name, body in BENIGN.items():
        with Script(torch_forkserver, level, body + "\nanswer('fine')", Limits()) as script:
            assert script.answer() == "fine", name


# ---- the forkserver ------------------------------------------------------------------------------


def test_a_forkserver_that_cannot_start_says_why(tmp_path: Path) -> None:
    tmp_path.joinpath("broken_module.py").write_text("raise ValueError('the reason')")
    with (
        Forkserver(TARGET, ["broken_module"], python_path=[str(tmp_path)]) as server,
        pytest.raises(GraderFailure, match="the reason"),
    ):
        server.wait_ready()


def test_a_preloaded_module_may_not_start_a_thread(tmp_path: Path) -> None:
    source = "threading.Thread(target=time.sleep, args=(60,), name='culprit', daemon=True).start()"
    tmp_path.joinpath("threaded_module.py").write_text(f"import threading, time\n{source}\n")
    with (
        Forkserver(TARGET, ["threaded_module"], python_path=[str(tmp_path)]) as server,
        pytest.raises(GraderFailure, match="culprit"),
    ):
        server.wait_ready()


def test_absent_modules_are_skipped() -> None:
    with Forkserver(TARGET, ["no_such_module_at_all"]) as server:
        server.wait_ready()


def test_a_forkserver_serves_whoever_holds_its_descriptor(forkserver: Forkserver) -> None:
    other = Forkserver.attach(os.dup(forkserver.fileno()))
    with Script(other, Level.NONE, "answer(1)") as script:
        assert script.answer() == 1
    other.close()
    assert forkserver.alive()


@pytest.mark.parametrize("level", [*CONFINED, Level.NONE], indirect=True)
def test_a_closed_forkserver_ends_with_its_guests(level: Level) -> None:
    code = f"import os; answer(os.getcwd()){STUBBORN}"
    with Forkserver(TARGET, ["autograder.sandbox.script"]) as server:
        script = Script(server, level, code)
        home = Path(script.answer())
        script.answer()
        assert server.pid is not None
        pids = [server.pid, *script.guest.pids()]
        assert len(pids) == 5
    assert not server.alive()
    assert eventually(lambda: script.guest.gone is not None)
    assert eventually(lambda: not any(map(exists, pids)))
    assert not home.exists()
    script.__exit__()
    with pytest.raises(GraderFailure, match="closed"):  # nor does a request bring it back
        server.fork(b"{}")
    assert server.pid is None


def test_a_guest_that_hides_its_memory_is_measured_all_the_same(level: Level, forkserver: Forkserver) -> None:
    code = """
import ctypes, mmap, time
ctypes.CDLL(None).prctl(4, 0)
kept = mmap.mmap(-1, 400 << 20)
for start in range(0, 400 << 20, 4096):
    kept[start] = 1
time.sleep(20)
"""
    with Script(forkserver, level, code, Limits(memory_mb=250)) as script:
        assert script.end() == {"code": None, "why": "memory limit"}


# ---- what is refused -----------------------------------------------------------------------------


def test_a_readable_folder_may_not_contain_what_is_protected(tmp_path: Path) -> None:
    secret = tmp_path / "course" / "tests"
    secret.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "course", secret):
        with pytest.raises(InstructorError, match="must stay hidden"):
            folders.readable_folders([str(folder)], [str(secret)])


def test_a_protected_folder_is_recognised_behind_a_link(tmp_path: Path) -> None:
    tmp_path.joinpath("real").mkdir()
    tmp_path.joinpath("link").symlink_to(tmp_path / "real")
    with pytest.raises(InstructorError):
        folders.readable_folders([str(tmp_path / "link")], [str(tmp_path / "real")])


def test_a_readable_folder_may_lie_below_what_is_protected(tmp_path: Path) -> None:
    environment = tmp_path / ".venv"
    environment.mkdir()
    assert str(environment) in folders.readable_folders([str(environment)], [str(tmp_path)])


def test_links_on_the_way_to_a_folder_are_copied(tmp_path: Path) -> None:
    tmp_path.joinpath("a", "real").mkdir(parents=True)
    tmp_path.joinpath("link").symlink_to("a/../a")
    plan = folders.plan([str(tmp_path / "link" / "real"), str(tmp_path / "a" / "real" / "..")])
    assert plan.binds == [str(tmp_path.resolve() / "a")]
    assert plan.links == {str(tmp_path.resolve() / "link"): "a/../a"}


@pytest.mark.parametrize("values", [{"memory_mb": -1}, {"cell_cpu": 0}, {"call_wall": float("nan")}, {"processes": 1.5},
                                    {"restarts": True}, {"disk_mb": 0}])  # fmt: skip
def test_limits_are_positive_numbers(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        Limits(**values)


def test_limits_survive_json() -> None:
    limits = Limits(memory_mb=1000, cell_cpu=1.5)
    assert limits.data_mb == 1000
    assert Limits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits
    with pytest.raises(ValueError, match="unknown limit memory"):
        Limits.from_dict({"memory": 1})


def test_a_host_that_is_too_weak_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        confinement, "weakness", lambda level: None if level is Level.NONE else "no namespaces"
    )
    assert confinement.best_level() is Level.NONE
    with pytest.raises(HostTooWeak, match=r"no namespaces.*user\.max_user_namespaces"):
        confinement.require(Level.USERNS)


def test_the_doctor_names_the_best_level() -> None:
    findings = {finding.name: finding for finding in doctor.examine()}
    assert confinement.best_level().value in findings["level"].detail
    assert all(finding.ok or finding.advice for finding in findings.values())
