"""What a graded submission left on the host: whatever has come there while it was graded, and can only be a guest's.

Compared are the host before and after. Other work of the machine, tests beside this one included, must not matter, so
each kind is looked for by what tells whose it is:

* processes by their descent: this process adopts, while it watches, whatever its descendants lose (a child subreaper),
  so nothing that a guest started can leave its tree;
* sockets with a name (in Unix's abstract space or not, listening or not) by the processes of that tree that hold them;
* mounts by the namespace of this process, in which the forkservers live;
* files, System V objects, message queues and cgroups by their owner: guests of root have users of their own. Guests of
  an ordinary user are that user, so there a test beside could be blamed, and owners decide only where there is none;
* files in the course and in the folder of work folders also by their names alone, whoever owns them.

Of folders that all users share only the entries at the top are looked at.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import memory, privileges, syscalls

SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/dev", "/run", "/run/lock", "/run/shm", "~", ".")
"""Folders in which a guest, or who grades, may write."""
OURS = {".autograder", "autograded", "gradebook.db", "gradebook.db-journal", "__pycache__"}
"""What grading itself writes in a course; there only what a guest owns is a leftover."""
PATIENCE = 60.0

FEW, MANY = range(20_000, 60_000), range(100_000, 1 << 32)
GUESTS = MANY if privileges.unused_uid(1) in MANY else FEW
"""User ids of root's guests."""

Traces = set[tuple[str, str]]
"""Pairs of a kind and a name."""


@dataclass(frozen=True)
class Host:
    """Where guests could leave something.

    Attributes:
        course: the folder of the course that is graded.
        scratch: the folder in which the forkservers make work folders.
        servers: finds the forkservers' pids, whose children have to end.
    """

    course: Path
    scratch: Path
    servers: Callable[[], Sequence[int | None]] = lambda: ()

    def traces(self) -> Traces:
        """All that could be a guest's, now."""
        looks = {
            "socket": _sockets,
            "mount": _mounts,
            "file": self._files,
            "System V object": _system_v,
            "message queue": _queues,
            "cgroup": _cgroups,
        }
        return self.processes() | {(kind, name) for kind, look in looks.items() for name in look()}

    def processes(self) -> Traces:
        """The processes among it."""
        of_servers = [child for server in self.servers() if server for child in memory.children(server)]
        return {
            ("process", f"{pid} {_read(f'/proc/{pid}/comm').strip()}") for pid in {*of_servers, *_adopted()}
        }

    def _files(self) -> Iterator[str]:
        yield from map(str, self.scratch.iterdir())
        for folder, folders, files in os.walk(self.course):
            for name in (*folders, *files):
                path = Path(folder, name)
                if not OURS.intersection(path.relative_to(self.course).parts) or _of_other_user(path):
                    yield str(path)
        for folder in SHARED:
            yield from _guests_entries(Path(folder).expanduser())


@contextlib.contextmanager
def nothing_left(host: Host) -> Iterator[None]:
    """Fails unless all that came during the body goes again, also where the body raises.

    Raises:
        AssertionError: naming what is left.
    """
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    before, started_here = host.traces(), _adopted()
    try:
        yield
    finally:
        left = _what_stays(host, before, started_here)
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 0)
        assert not left, f"left behind: {sorted(left)}"


def _what_stays(host: Host, before: Traces, started_here: Sequence[int]) -> Traces:
    deadline = time.monotonic() + PATIENCE
    while True:
        for pid in set(_adopted()) - set(started_here):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # as pid 1 of the host would
        late = time.monotonic() > deadline
        if late or host.processes() <= before:  # the rest goes with them, and takes longer to look for
            left = host.traces() - before
            if late or not left:
                return left
        time.sleep(0.03)


def is_guest(uid: int) -> bool:
    """Whether a user may be a guest and nobody else."""
    if os.geteuid() == 0:
        return uid in GUESTS
    return uid == os.geteuid() and "PYTEST_XDIST_WORKER" not in os.environ


def _of_other_user(path: Path) -> bool:
    try:
        uid = path.lstat().st_uid
    except OSError:
        return False
    return uid != os.geteuid() and is_guest(uid)


# --- Processes ------------------------------------------------------------------------------------------------


def _adopted() -> list[int]:
    """Children in other sessions: forkservers, which this process started, and what their forks have lost."""
    return [pid for pid in memory.children(os.getpid()) if _session(pid) not in (None, os.getsid(0))]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _tree() -> list[int]:
    return memory.tree(os.getpid())


# --- Sockets, mounts ------------------------------------------------------------------------------------------


def _sockets() -> Iterator[str]:
    named = dict(_named_sockets())
    for pid in _tree():
        for inode in _socket_inodes(pid):
            if inode in named:
                yield named[inode]


def _named_sockets() -> Iterator[tuple[str, str]]:
    for line in _read("/proc/self/net/unix").splitlines()[1:]:
        fields = line.split(None, 7)
        if len(fields) == 8:
            yield fields[6], fields[7]
    for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in _read(f"/proc/self/net/{protocol}").splitlines()[1:]:
            fields = line.split()
            yield fields[9], f"{protocol} {fields[1]}"


def _socket_inodes(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{number}")
                if target.startswith("socket:["):
                    yield target[len("socket:[") : -1]


def _mounts() -> list[str]:
    """Without names of network namespaces: tests of the cluster have some, and no guest can give one."""
    return [line for line in _read("/proc/self/mountinfo").splitlines() if " - nsfs " not in line]


# --- What has an owner ----------------------------------------------------------------------------------------


def _guests_entries(folder: Path | int) -> Iterator[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if is_guest(entry.stat(follow_symlinks=False).st_uid):
                    yield entry.path


def _system_v() -> Iterator[str]:
    for kind in ("shm", "sem", "msg"):
        head, *lines = _read(f"/proc/sysvipc/{kind}").splitlines() or [""]
        columns = head.split()
        for line in lines:
            found = dict(zip(columns, line.split(), strict=False))
            if is_guest(int(found["uid"])) or is_guest(int(found["cuid"])):
                yield f"{kind} {line.split()[1]}"


def _queues() -> Iterator[str]:
    """POSIX message queues are files of a file system of their own, which need not be mounted to be looked at."""
    if os.geteuid() != 0:
        yield from _guests_entries(Path("/dev/mqueue"))
        return
    opened = syscalls.call("fsopen", b"mqueue", 1)
    syscalls.call("fsconfig", opened, 6, None, None, 0)  # FSCONFIG_CMD_CREATE
    mount = syscalls.call("fsmount", opened, 1, 0)
    top = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=mount)
    try:
        yield from (Path(name).name for name in _guests_entries(top))
    finally:
        for descriptor in (top, mount, opened):
            os.close(descriptor)


def cgroup_folders() -> list[Path]:
    """The folders of this process's own cgroups."""
    found = []
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        name = controllers.removeprefix("name=")
        roots = (
            [Path("/sys/fs/cgroup", name)]
            if name
            else [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
        )
        found += [folder for root in roots if (folder := root / path.lstrip("/")).is_dir()]
    return found


def _cgroups() -> Iterator[str]:
    for folder in cgroup_folders():
        yield from (name for name in _guests_entries(folder) if os.path.isdir(name))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
