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
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import GraderFailure, HostTooWeak, InstructorError
from autograder.sandbox import confinement, doctor, folders, landlock, memory, seccomp, syscalls, workfolder
from autograder.sandbox.confinement import Level
from autograder.sandbox.forkserver import Forkserver
from autograder.sandbox.limits import Limits
from autograder.sandbox.supervisor import TARGET, Guest, GuestRequest
from tests.levels import AS_ORDINARY, CONFINED, ORDINARY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux")

SMALL = Limits(memory_mb=400, disk_mb=16, shm_mb=16, processes=32)
WAIT = 20.0


@dataclass(frozen=True)
class Place:
    """A level, and who grades at it: root may play an ordinary user, whose guests have the user id of who grades."""

    level: Level
    ordinary: bool = False

    def __str__(self) -> str:
        return f"{self.level.value}{' by an ordinary user' if self.ordinary else ''}"


PLACES = [*map(Place, CONFINED), *([Place(Level.LANDLOCK, ordinary=True)] if os.geteuid() == 0 else [])]
UNCONFINED = Place(Level.NONE)
ISOLATED = [place for place in PLACES if place.level.isolated]
REDUCED = [place for place in PLACES if not place.level.isolated]


class Servers:
    """One forkserver for each user who grades."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        self.stack, self.folder, self.kept = stack, folder, dict[bool, Forkserver]()

    def of(self, ordinary: bool) -> Forkserver:
        if ordinary not in self.kept:
            self.kept[ordinary] = self.stack.enter_context(self.start(ordinary, ["numpy", SCRIPT]))
        return self.kept[ordinary]

    def start(self, ordinary: bool, preload: list[str], **options: Any) -> Forkserver:
        server = Forkserver(TARGET, preload, **options)
        with pytest.MonkeyPatch.context() as patch:
            if ordinary:
                patch.setattr(sys, "executable", str(self._python()))
            server.start()
        return server

    def _python(self) -> Path:
        """Python as an ordinary user, who may enter the folder where root has installed it."""
        path = self.folder / "python"
        path.write_text(f'#!/bin/sh\nexec {" ".join(AS_ORDINARY)} {sys.executable} "$@"\n')
        path.chmod(0o755)
        return path


SCRIPT = "autograder.sandbox.script"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    mounts = Path("/proc/self/mountinfo").read_text()
    with contextlib.ExitStack() as stack:
        found = Servers(stack, tmp_path_factory.mktemp("servers"))
        yield found
        for server in found.kept.values():
            assert server.alive()
            assert server.pid is not None
            ended = partial(lambda pid: memory.children(pid) == [], server.pid)
            assert eventually(ended), "a supervisor survived its guest"
        assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.fixture
def forkserver(servers: Servers, request: pytest.FixtureRequest) -> Forkserver:
    """The one of the user who grades at the test's place."""
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    return servers.of(parameters.get("level", UNCONFINED).ordinary)


@pytest.fixture(params=PLACES, ids=str)
def level(request: pytest.FixtureRequest) -> Level:
    return able(request.param.level)


def able(level: Level) -> Level:
    missing = confinement.weakness(level)
    if missing is not None:
        pytest.skip(f"this host cannot: {missing}")
    return level


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
    "change the mode of a readable file": """
path = payload["readable"] + "/data.txt"
wanted = os.stat(path).st_mode ^ 1
os.chmod(path, wanted)
assert os.stat(path).st_mode == wanted
""",
    "change the mode of an open file": """
fd = os.open(payload["readable"] + "/data.txt", os.O_RDONLY)
wanted = os.stat(fd).st_mode ^ 1
os.chmod(fd, wanted)
assert os.stat(fd).st_mode == wanted
""",
    "change the time of a readable file": """
path = payload["readable"] + "/data.txt"
wanted = os.stat(path).st_mtime - 1000
os.utime(path, (wanted, wanted))
assert os.stat(path).st_mtime == wanted
""",
    "change an attribute of a readable file": "os.setxattr(payload['readable'] + '/data.txt', 'user.a', b'x')",
    "cut a file": "os.truncate(folder + '/cut.txt', 1)",
    "watch a hidden folder": "system(libc.inotify_add_watch(libc.inotify_init(), folder.encode(), 0xFFF))",
    "connect by TCP": "socket.create_connection(('127.0.0.1', port), 5)",
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + name)",
    "connect to a path socket": "socket.socket(socket.AF_UNIX).connect(folder + '/socket')",
    "send to a path socket": "socket.socket(type=socket.SOCK_DGRAM, family=1).sendto(b'x', folder + '/datagrams')",
    "send to it from a pair": "socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', folder + '/datagrams')",
    "see the grader": "os.kill(pid, 0)",
    "limit the grader": """
import resource
resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
""",
    "slow the grader down": "os.setpriority(os.PRIO_PROCESS, pid, 19)",
    "trace another process": "system(libc.ptrace(0x4206, payload['victim'], 0, 0))",
    "make a user namespace": "system(libc.unshare(0x10000000))",
    "make unwatched memory": "os.memfd_create('x')",
    "make unwatched System V memory": "system(libc.shmget(0, 4096, 0o600))",
    "make unwatched semaphores": "system(libc.semget(0, 32000, 0o600))",
}  # fmt: skip


@pytest.fixture(scope="module")
def outside() -> Iterator[dict[str, Any]]:
    """A folder, listeners and a process that no guest may reach."""
    with contextlib.ExitStack() as stack:
        # Whatever user a guest has: nothing but the confinement protects what lies here.
        folder, readable = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        secret = folder / "secret.txt"
        for file in (secret, folder / "cut.txt", readable / "data.txt"):
            file.write_text("data" if file.parent == readable else "secret")
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        name = f"autograder-test-{os.getpid()}"
        for address in (f"\0{name}", str(folder / "socket")):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen(16)
        stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(str(folder / "datagrams"))
        grader, victim = (neighbour(stack, folder) for _ in range(2))
        for path in (folder, readable, *folder.iterdir(), *readable.iterdir()):
            path.chmod(0o777)
            if os.geteuid() == 0:
                os.chown(path, ORDINARY, ORDINARY)
        yield {
            "secret": str(secret),
            "folder": str(folder),
            "readable": str(readable),
            "test_file": str(Path(__file__).resolve()),
            "pid": grader,
            "port": tcp.getsockname()[1],
            "name": name,
            "victim": victim,
        }


def neighbour(stack: contextlib.ExitStack, folder: Path) -> int:
    """A process of the user who grades."""
    user = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen(["sleep", "600"], cwd=folder, **user)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process.pid


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
        "AssertionError",  # nothing was denied, and nothing changed
    }
    assert outcome(forkserver, level, attack, outside) in stopped


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("level", [Place(Level.NONE, os.geteuid() == 0)], indirect=True, ids=str)
def test_without_confinement_the_same_attack_succeeds(
    attack: str, level: Level, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    assert outcome(forkserver, level, attack, outside) == "done"


# ---- what a guest sees ---------------------------------------------------------------------------


def test_a_guest_reads_the_folders_it_was_given(
    level: Level, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    code = "answer(open(payload['readable'] + '/data.txt').read())"
    with Script(forkserver, level, code, payload=outside, read_only=[outside["readable"]]) as script:
        assert script.answer() == "data"


def test_of_the_project_a_guest_sees_the_package_only(level: Level, forkserver: Forkserver) -> None:
    root = str(Path(folders.__file__).resolve().parents[2])
    code = """
import os
try:
    answer(os.listdir(payload["root"]))
except PermissionError:
    answer([])
"""
    with Script(forkserver, level, code, payload={"root": root}) as script:
        assert set(script.answer()) <= {"autograder", ".venv"}


def test_a_guest_is_an_ordinary_user_without_rights(level: Level, forkserver: Forkserver) -> None:
    code = """
import os, pwd
from pathlib import Path
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
answer([os.path.expanduser("~"), os.getcwd(), os.environ["HOME"], os.getgroups() == []])
answer([status[key] for key in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")])
answer(sorted(map(int, os.listdir("/proc/self/fd"))))
try:
    answer([pwd.getpwuid(os.getuid()).pw_name, sorted(int(name) for name in os.listdir("/proc") if name.isdigit())])
except (KeyError, PermissionError):
    answer(None)
"""
    with Script(forkserver, level, code) as script:
        home = "/home/student" if level.isolated else os.readlink(f"/proc/self/fd/{script.guest.work}")
        assert script.answer()[:3] == [home] * 3
        effective, permitted, bounding, *closed = script.answer()
        assert [effective, permitted, *closed] == [rights(level)] * 2 + ["1", "2"]
        assert bounding == rights(level) or not level.isolated, (
            "an ordinary user's stays, and gives it nothing"
        )
        assert script.answer() == [0, 1, 2, 3, 4], "stdin, stdout, stderr, the bridge, and the listing itself"
        seen = ["student", [1, 2]] if level.isolated else None
        assert script.answer() == seen, "pid 1 and itself; without namespaces users and processes are closed"
        if os.geteuid() == 0:
            assert script.guest.uid != 0


def rights(level: Level) -> str:
    """None; but at LANDLOCK that of reading, where Python lies in a folder that only root may enter."""
    closed = not confinement._open_to_others(folders.readable_folders())
    return f"{4 if level is Level.LANDLOCK and os.geteuid() == 0 and closed else 0:016x}"


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
        assert work.joinpath("result.txt").read_text() == "result"


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
    machine: str,
    name: str,
    *arguments: int,
    arch: int | None = None,
    shift: int = 0,
    shared: seccomp.Shared | None = None,
) -> str:
    """What the filter says to a call: an interpreter of the six instructions that it uses."""
    column = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
    nr = syscalls.number(name, machine) if name in syscalls._TABLE else int(name)
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", (nr or 0) + shift, column[machine] if arch is None else arch, 0, *words)
    steps = [struct.unpack("HBBI", step) for step in seccomp.program(seccomp.DENIED, machine, shared)]
    value = at = 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                value = struct.unpack_from("<I", data, operand)[0]
            case 0x54:
                value &= operand
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x45:
                at += if_true if value & operand else if_false
            case 0x06:
                kind = {0x7FFF: "allow", 0x8000: "kill", 0x0005: "fail"}[operand >> 16]
                if kind != "fail":
                    return kind
                return errno.errorcode[operand & 0xFFFF] if operand & 0xFFFF else "answered"


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


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_without_namespaces_the_filter_denies_what_has_a_name_on_the_host(machine: str) -> None:
    scoped, unscoped = seccomp.Shared(), seccomp.Shared(only_signals=77)
    say = partial(verdict_of_filter, machine, shared=scoped)
    present = [
        name for name in (*seccomp.DENIED, *seccomp.SHARED) if syscalls.number(name, machine) is not None
    ]
    assert {say(name) for name in present} == {"EPERM"}
    answered = [name for name in seccomp.ANSWERED if syscalls.number(name, machine) is not None]
    assert {say(name) for name in answered} == {"answered"}
    assert [say("prlimit64", pid) for pid in (0, 1, 77)] == ["allow", "EPERM", "EPERM"]
    for name in seccomp.OWN_PRIORITIES:
        assert [say(name, pid) for pid in (0, 1, 77)] == ["allow", "answered", "answered"]
    for name in ("socket", "socketpair"):
        assert [say(name, 1, kind | 0x80800) for kind in (1, 5)] == ["allow"] * 2
        assert [say(name, 1, kind | 0x80800) for kind in (2, 3)] == ["EAFNOSUPPORT"] * 2
        assert [say(name, family, 1) for family in (0, 2, 10, 16, 40)] == ["EAFNOSUPPORT"] * 5
    assert [say("fcntl", 3, number) for number in (0, 1, 3, 8, 15, 1024, 1031)] == [
        *["allow"] * 3, *["EPERM"] * 3, "allow"
    ]  # fmt: skip
    assert [say("ioctl", 3, number) for number in (0x5401, 0x5412, 0x40086602)] == ["allow", "EPERM", "EPERM"]
    assert [say("prctl", option) for option in (1, 4, 22)] == ["allow", "EPERM", "allow"]
    assert {say(name, 1) for name in ("kill", "tgkill", *seccomp.SIGNALS)} == {"allow"}, (
        "Landlock's scope decides"
    )
    say = partial(verdict_of_filter, machine, shared=unscoped)
    assert [say("kill", pid) for pid in (0, 77, 1, 76, 2**32 - 1)] == [
        "allow",
        "allow",
        "EPERM",
        "EPERM",
        "EPERM",
    ]
    assert [say("tgkill", pid, 77) for pid in (77, 0, 1)] == ["allow", "EPERM", "EPERM"]
    assert {say(name, 77) for name in seccomp.SIGNALS} == {"EPERM"}


def test_on_a_gpu_requests_to_devices_stay_and_those_to_any_file_go() -> None:
    say = partial(verdict_of_filter, "x86_64", "ioctl", 3, shared=seccomp.Shared(gpu=True))
    assert [say(number) for number in (0xC020462A, 0x40086602, 0x5412)] == ["allow", "EPERM", "EPERM"]


# ---- limits (never run unconfined) ---------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
@pytest.mark.parametrize("level", ISOLATED, indirect=True, ids=str)
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


FILLING = {
    "two files": "fill('big', 12), fill('big2', 12)",
    "temporary files": "[fill(f'{tempfile.gettempdir()}/big{i}', 12) for i in range(2)]",
    "files without a name": "kept = [remove(f'big{i}', fill(f'big{i}', 6)) for i in range(4)]",
    "many empty files": "for i in range(6000): open(str(i), 'w').close()",
    "a folder that nobody may list": "os.mkdir('d', 0o300), fill('d/big', 12), fill('d/big2', 12)",
}


@pytest.mark.parametrize("way", FILLING)
@pytest.mark.parametrize("level", REDUCED[:1], indirect=True, ids=str)
def test_without_a_file_system_of_its_own_a_guest_that_fills_the_disk_is_ended(
    level: Level, forkserver: Forkserver, way: str
) -> None:
    code = f"""
import os, tempfile, time
def fill(path, megabytes):
    file = open(path, "wb")
    file.write(os.urandom(megabytes << 20))
    file.flush()
    return file
def remove(path, file):
    os.unlink(path)
    return file
answer(os.getcwd())
{FILLING[way]}
time.sleep(20)
"""
    with Script(forkserver, level, code) as script:
        home = Path(script.answer())
        assert script.end() == {"code": None, "why": "disk limit"}
    assert not home.parent.exists()


@pytest.mark.parametrize("level", REDUCED, indirect=True, ids=str)
def test_folders_that_all_users_share_are_closed_where_they_are_the_hosts(
    level: Level, forkserver: Forkserver
) -> None:
    code = """
import os
denied = []
for folder in payload:
    for action in (lambda: open(folder + "/autograder-new", "w"), lambda: os.listdir(folder)):
        try:
            action()
        except PermissionError:
            denied.append(folder)
answer(denied)
"""
    shared = ["/tmp", "/var/tmp", "/dev/shm", "/dev/pts"]
    with Script(
        forkserver, level, "payload = payload['shared']\n" + code, payload={"shared": shared}
    ) as script:
        assert script.answer() == [folder for folder in shared for _ in range(2)]


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


def test_one_file_that_fills_the_disk_ends_nobody(level: Level, forkserver: Forkserver) -> None:
    """At level ``landlock`` a watch ends guests that hold too much, whatever they do when it looks."""
    code = """
import time
try:
    open("big", "wb").write(bytes(32 << 20))
except OSError as error:
    time.sleep(1)  # several looks
    answer(error.strerror)
"""
    with Script(forkserver, level, code, Limits(file_mb=16, disk_mb=16)) as script:
        assert script.answer() in ("File too large", "No space left on device")


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


@pytest.mark.parametrize("level", [*PLACES, UNCONFINED], indirect=True, ids=str)
def test_daemons_die_with_their_guest(level: Level, forkserver: Forkserver) -> None:
    with Script(forkserver, level, STUBBORN) as script:
        inside = script.answer()
        # A walk over the tree can miss a process whose parent ends during the walk: look until it has settled.
        assert eventually(lambda: script.guest.host_pid(inside) is not None)
        pids = script.guest.pids()
        assert script.guest.host_pid(inside) in pids
        assert script.guest.main_pid in pids
    assert not any(map(exists, pids)), "close waits for the end of all"


@pytest.mark.parametrize("level", [*PLACES, UNCONFINED], indirect=True, ids=str)
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


COLONY = """
import os
def run():  # each forks and ends: no process lives long enough to be found
    while True:
        try:
            if os.fork():
                os._exit(0)
            os.setsid()
        except OSError:
            pass
pids = []
for _ in range(6):
    if os.fork() == 0:
        run()
answer("running")
while True:
    pass
"""


@pytest.mark.parametrize("level", REDUCED, indirect=True, ids=str)
def test_a_colony_that_forks_and_ends_does_not_outlive_its_guest(
    level: Level, forkserver: Forkserver, outside: dict[str, Any]
) -> None:
    with Script(forkserver, level, COLONY) as script:
        assert script.answer() == "running"
        uid = script.guest.uid
    trusted = {outside["pid"], outside["victim"], forkserver.pid}
    assert eventually(lambda: users_processes(uid) <= trusted), (
        "the supervisor ends last, with nobody left behind"
    )


OLD_KERNEL = "import autograder.sandbox.landlock as l; l.ABI = min(l.ABI, 5)"


def test_before_landlock_keeps_signals_inside_the_filter_does(
    servers: Servers, outside: dict[str, Any], tmp_path: Path
) -> None:
    """An older kernel, played by one that knows more; what its snapshots do instead of a signal works."""
    place = REDUCED[-1]
    able(place.level)
    tmp_path.joinpath("old_kernel.py").write_text(OLD_KERNEL)
    code = """
import os, signal, time
from autograder.sandbox import kernel
from autograder.sandbox.syscalls import PR_SET_PDEATHSIG, prctl
denied = []
for pid in (payload["victim"], os.getppid(), -1):
    try:
        os.kill(pid, 0)
    except PermissionError:
        denied.append(pid)
answer(denied == [payload["victim"], os.getppid(), -1])
os.kill(os.getpid(), 0), os.kill(0, 0)
alive, ours = os.pipe()
stubborn = os.fork()
if stubborn == 0:
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.close(alive)
    answer("stubborn")
    time.sleep(60)
os.close(ours)
time.sleep(0.5)
kernel.end(stubborn)
answer(os.read(alive, 1) == b"" and os.getpid())
time.sleep(60)
"""
    path = [str(tmp_path)]
    tmp_path.chmod(0o755)
    preload = ["old_kernel", "autograder.sandbox.kernel", SCRIPT]
    with servers.start(place.ordinary, preload, python_path=path) as server:
        server.wait_ready()
        with Script(server, place.level, code, payload=outside) as script:
            assert [script.answer(), script.answer()] == [True, "stubborn"]
            successor = script.answer()
            assert successor and successor != script.guest.main_pid
            assert script.end() == {"code": 0, "why": "exit"}, "the one that had the child"
            assert successor in script.guest.pids()
        assert not exists(successor)


def users_processes(uid: int) -> set[int]:
    return {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and owner(path) == uid}


def owner(process: Path) -> int | None:
    with contextlib.suppress(OSError):
        return int(process.joinpath("status").read_text().partition("Uid:")[2].split()[0])
    return None


@pytest.mark.parametrize("level", REDUCED, indirect=True, ids=str)
@pytest.mark.parametrize("killed", ["supervisor", "init"])
def test_without_namespaces_supervisor_and_init_stand_in_for_each_other(
    level: Level, forkserver: Forkserver, killed: str
) -> None:
    with Script(forkserver, level, f"import os; answer(os.getcwd()){STUBBORN}") as script:
        home = Path(script.answer())
        script.answer()
        pids = script.guest.pids()
        supervisor = int(Path(f"/proc/{pids[0]}/status").read_text().partition("PPid:")[2].split()[0])
        os.kill(supervisor if killed == "supervisor" else pids[0], signal.SIGKILL)
        assert eventually(lambda: not any(map(exists, [supervisor, *pids])))
        assert eventually(lambda: not home.parent.exists())


@pytest.mark.parametrize("level", [*PLACES, UNCONFINED], indirect=True, ids=str)
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
        os.kill(os.getppid(), number)
    except PermissionError:
        pass
denied = []
for name in ("mem", "environ", "root/etc/passwd", "fd/0", "maps"):
    try:
        open(f"/proc/{os.getppid()}/{name}", "rb")
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
import os, tempfile
with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
    file.write(b"x")
    place = os.environ["TMPDIR"] + "/"
    assert file.name.startswith(place) and folder.startswith(place)
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
import os, shutil, tempfile
os.makedirs("a"), os.makedirs("b"), open("a/x", "w").close()
elsewhere = tempfile.gettempdir() + "/x"
os.rename("a/x", "b/x"), shutil.move("b/x", elsewhere), shutil.copy(elsewhere, "y"), shutil.copy2("y", "z")
""",
    "a named pipe": "import os; os.mkfifo('pipe')",
}  # fmt: skip


NEED_NAMESPACES = {"a pool of processes", "a shell command on a pseudo-terminal", "a server of its own"}
"""The head of ``confinement`` says so."""


@pytest.fixture(scope="module")
def torch_forkserver() -> Iterator[Forkserver]:
    with Forkserver(
        TARGET, ["torch", "torch.utils.data", "matplotlib.pyplot", "autograder.sandbox.script"]
    ) as server:
        server.wait_ready()
        yield server


@pytest.mark.parametrize("level", [place for place in PLACES if not place.ordinary], indirect=True, ids=str)
def test_ordinary_programs_work(level: Level, torch_forkserver: Forkserver) -> None:
    for name, body in BENIGN.items():
        if name in NEED_NAMESPACES and not level.isolated:
            continue
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


@pytest.mark.parametrize("level", [*map(Place, CONFINED), UNCONFINED], indirect=True, ids=str)
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


def test_a_closed_file_leaves_everything_beside_it_open(tmp_path: Path) -> None:
    for name in ("a/b/closed", "a/b/open", "a/c/open", "d/open"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    tmp_path.joinpath("a/link").symlink_to("b")
    readable = [str(tmp_path / name) for name in ("a", "d", "a/b")]
    found = folders.openings(readable, [str(tmp_path / "a/b/closed")])
    assert set(found.listed) == {str(tmp_path / name) for name in ("a", "a/b")}
    assert set(found.whole) == {str(tmp_path / name) for name in ("a/b/open", "a/c", "d")}, (
        "no link, no closed file"
    )


def test_a_work_folder_is_removed_whatever_lies_in_it(tmp_path: Path) -> None:
    folder = workfolder.make(os.geteuid())
    outside = tmp_path / "outside"
    outside.mkdir()
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=deep)
        deeper = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.close(deep)
    home = Path(folder, "home")
    home.joinpath("link").symlink_to(outside)
    home.joinpath("closed", "inner").mkdir(parents=True)
    home.joinpath("closed", "inner").chmod(0)
    home.joinpath("closed").chmod(0)
    os.mkfifo(home / "pipe")
    workfolder.remove(folder)
    assert not os.path.lexists(folder)
    assert outside.is_dir()


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


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="on one core NumPy starts no threads anyway")
def test_a_level_is_tried_in_a_process_of_one_thread() -> None:
    """A process of several may enter no user namespace: to ordinary users every host looked too weak for USERNS."""
    code = "import os, autograder.sandbox.confinement; print(len(os.listdir('/proc/self/task')))"
    environment = confinement.trial_environment()
    bare = {name: environment[name] for name in ("PATH", "PYTHONPATH")}
    found = [
        subprocess.run(
            [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
        ).stdout
        for env in (environment, bare)
    ]
    assert int(found[0]) == 1 < int(found[1])


def test_the_doctor_names_the_best_level() -> None:
    findings = {finding.name: finding for finding in doctor.examine()}
    assert confinement.best_level().value in findings["level"].detail
    assert all(finding.ok or finding.advice for finding in findings.values())
