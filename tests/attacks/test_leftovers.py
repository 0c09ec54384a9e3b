"""The corpus looks for what guests leave on the host: each kind of leftover, planted, is found and named.

Planted things have the user of a guest; they are what an escaped guest would leave.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from autograder.sandbox import privileges
from tests.attacks import leftovers
from tests.attacks.leftovers import Host, cgroup_folders, is_guest, nothing_left

pytestmark = pytest.mark.alone
ROOT = os.geteuid() == 0
GUEST = privileges.unused_uid(os.getpid()) if ROOT else os.geteuid()
libc = ctypes.CDLL(None, use_errno=True)
Plant = Callable[[contextlib.ExitStack], object]


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "PATIENCE", 0.3)
    for name in ("course/submitted", "course/.autograder", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    return Host(tmp_path / "course", tmp_path / "scratch")


def found(host: Host, plant: Plant) -> list[str]:
    """The kinds of what is said to be left."""
    with contextlib.ExitStack() as stack:
        try:
            with nothing_left(host):
                plant(stack)
        except AssertionError as error:
            return sorted({kind for kind, _ in eval(str(error).partition(": ")[2])})
    return []


def as_guest(work: Callable[[], int]) -> int:
    """What a process of a guest's user made of the work; an id or 0."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        if ROOT:
            privileges.become(GUEST)
        os.write(write, str(work()).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    said = os.read(read, 32)
    os.close(read)
    return int(said)


def file_in(folder: str | Path) -> Plant:
    def plant(stack: contextlib.ExitStack) -> None:
        path = Path(folder).expanduser() / f"left-{uuid4().hex}"
        path.write_text("x")
        stack.callback(path.unlink)
        if ROOT:
            os.chown(path, GUEST, GUEST)

    return plant


def process(stack: contextlib.ExitStack) -> None:
    """A daemon: its parent ends, and its session is its own."""

    def daemon() -> int:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
        return pid

    pid = as_guest(daemon)
    stack.callback(lambda: (os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)))


def abstract_socket(stack: contextlib.ExitStack) -> None:
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(f"\0left-{uuid4().hex}")
    listener.listen()


def unix_datagrams(stack: contextlib.ExitStack) -> None:
    stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(f"\0left-{uuid4().hex}")


def udp(stack: contextlib.ExitStack) -> None:
    stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", 0))


def shared_memory(stack: contextlib.ExitStack) -> None:
    number = as_guest(lambda: libc.shmget(0, 4096, 0o600))
    stack.callback(lambda: libc.shmctl(number, 0, None))


def semaphores(stack: contextlib.ExitStack) -> None:
    number = as_guest(lambda: libc.semget(0, 1, 0o600))
    stack.callback(lambda: libc.semctl(number, 0, 0))


def messages(stack: contextlib.ExitStack) -> None:
    number = as_guest(lambda: libc.msgget(0, 0o600))
    stack.callback(lambda: libc.msgctl(number, 0, None))


def queue(stack: contextlib.ExitStack) -> None:
    name = f"/left-{uuid4().hex}".encode()
    assert as_guest(lambda: libc.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)) >= 0
    stack.callback(lambda: libc.mq_unlink(name))


PLANTS: dict[str, tuple[str, Plant]] = {
    "a daemon": ("process", process),
    "a listening abstract socket": ("socket", abstract_socket),
    "a bound abstract socket": ("socket", unix_datagrams),
    "a TCP listener": ("socket", lambda stack: stack.enter_context(socket.create_server(("127.0.0.1", 0)))),
    "a UDP port": ("socket", udp),
    **{f"a file in {folder}": ("file", file_in(folder)) for folder in ("/tmp", "/var/tmp", "/dev/shm", "~", ".")},
    "System V memory": ("System V object", shared_memory),
    "System V semaphores": ("System V object", semaphores),
    "a System V queue": ("System V object", messages),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_a_leftover_is_found_and_named(name, host):
    kind, plant = PLANTS[name]
    assert found(host, plant) == [kind]


@pytest.mark.parametrize("folder", ["course", "course/submitted", "scratch"])
def test_a_file_in_the_course_or_among_the_work_folders_is_found(folder, host):
    assert found(host, file_in(host.course.parent / folder)) == ["file"]


def test_grading_may_write_its_records_and_nobody_else_may(host):
    def record(stack: contextlib.ExitStack) -> None:
        (host.course / ".autograder/record.json").write_text("{}")

    assert found(host, record) == []
    assert found(host, file_in(host.course / ".autograder")) == (["file"] if ROOT else [])


def test_a_child_of_a_forkserver_is_found(host):
    """As a guest that the forkserver still has, and nobody else."""

    def child(stack: contextlib.ExitStack) -> None:
        server = stack.enter_context(subprocess.Popen(["sh", "-c", "sleep 60 & wait"]))
        stack.callback(
            lambda: [os.kill(pid, signal.SIGKILL) for pid in leftovers.memory.children(server.pid)]
        )
        servers.append(server.pid)
        while not leftovers.memory.children(server.pid):
            time.sleep(0.01)

    servers: list[int] = []
    assert found(Host(host.course, host.scratch, lambda: servers), child) == ["process"]


@pytest.mark.skipif(not ROOT, reason="who is no root makes none, and nor do guests")
def test_a_mount_a_queue_and_a_cgroup_are_found(host, tmp_path):
    def mount(stack: contextlib.ExitStack) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "left", tmp_path / "scratch"], check=True)
        stack.callback(lambda: subprocess.run(["umount", tmp_path / "scratch"], check=True))

    def cgroup(stack: contextlib.ExitStack) -> None:
        path = next(f for f in cgroup_folders() if os.access(f, os.W_OK)) / f"left-{uuid4().hex}"
        path.mkdir()
        stack.callback(path.rmdir)
        os.chown(path, GUEST, GUEST)

    assert [found(host, plant) for plant in (mount, queue, cgroup)] == [
        ["mount"],
        ["message queue"],
        ["cgroup"],
    ]


def test_what_ends_by_itself_and_what_is_anybody_elses_is_no_leftover(host):
    def short_lived() -> int:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os._exit(0)
        return pid

    def others(stack: contextlib.ExitStack) -> None:
        as_guest(os.getpid)
        own = Path(f"/tmp/other-{uuid4().hex}")
        if ROOT:
            own.write_text("of root's")
            stack.callback(own.unlink)
        stack.enter_context(socket.socketpair()[0])
        as_guest(short_lived)

    assert found(host, others) == []


def test_what_a_body_that_raises_leaves_is_found_all_the_same(host):
    def interrupted(stack: contextlib.ExitStack) -> None:
        file_in(host.scratch)(stack)
        raise KeyboardInterrupt

    assert found(host, interrupted) == ["file"]


def test_every_user_that_roots_guests_may_have_is_known():
    if ROOT:
        assert not is_guest(0) and not is_guest(1000)
        assert all(is_guest(privileges.unused_uid(pid)) for pid in (1, 2, 40_000, 1 << 22))
    else:
        assert is_guest(os.geteuid())
