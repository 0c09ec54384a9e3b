"""Of each family of the corpus what matters most where confinement is weaker, at every level but the host's best.

All tests beside these run at one level; `make attacks` runs all of them at each. What notebooks may read is tried at
every level in ``test_reading`` as well.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from autograder.sandbox import memory
from autograder.sandbox.confinement import weakness
from tests.attacks import (
    test_damaged_files,
    test_forging,
    test_hostile_class,
    test_poisoning,
    test_wire_attacks,
)
from tests.attacks.conftest import MAX
from tests.attacks.test_surviving import CRASHES, killing, youngest_child
from tests.levels import OTHERS

PATIENT = {"cell_cpu": 1, "cell_wall": 120, "call_wall": 120}
"""Limits by which no load of the machine decides anything."""
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
"""
SOCKETS = """
import socket
kept = []
for family, kind, address in (
    (socket.AF_UNIX, socket.SOCK_STREAM, '\\0left-by-a-guest'), (socket.AF_INET, socket.SOCK_STREAM, ('', 0)),
    (socket.AF_INET, socket.SOCK_DGRAM, ('', 0)), (socket.AF_UNIX, socket.SOCK_STREAM, os.environ['TMPDIR'] + '/s'),
):
    try:
        kept.append(socket.socket(family, kind)); kept[-1].bind(address); kept[-1].listen()
    except OSError:
        pass
if os.fork() == 0:
    os.setsid(); __import__('time').sleep(600)
"""
OBJECTS = """
import ctypes
libc = ctypes.CDLL(None)
libc.shmget(7, 4096, 0o1666); libc.semget(7, 1, 0o1666); libc.msgget(7, 0o1666)
libc.mq_open(b'/left-by-a-guest', 0o102, 0o600, None); libc.shm_open(b'/left-by-a-guest', 0o102, 0o600)
for folder in ('/tmp', '/var/tmp', '/dev/shm', '/run', '/dev', os.path.expanduser('~'), '.', os.environ['TMPDIR']):
    try:
        open(folder + '/left-by-a-guest', 'w').write('x')
    except OSError:
        pass
"""


@dataclass(frozen=True)
class Submission:
    """``code`` of the exercises, a cell ``setup`` before them, and what comes of ``MAX``."""

    code: Mapping[str, str]
    points: Mapping[str, float] = field(default_factory=dict)
    setup: str = ""


def of_triple(code: str) -> Submission:
    return Submission({"triple": f"{code}\ndef other(n): return 0"}, {"triple": 0.0})


SUBMISSIONS = {
    "forging": Submission(
        {"double": test_forging.FORGED_DOUBLE["patched torch.testing, pytest and numpy"]}, {"double": 0.0}
    ),
    "killing everybody": of_triple(CRASHES["SIGKILL for everybody"]),
    "killing everybody from a call": Submission(
        {"triple": f"def triple(n):\n    {CRASHES['SIGKILL for everybody']}\n    os._exit(0)"}, {"triple": 0.0}
    ),
    "a bomb of processes": of_triple(CRASHES["a bomb of processes"]),
    "a full disk": of_triple(CRASHES["a full disk"]),
    "hanging": of_triple(test_hostile_class.HANGING["all signals blocked"].code),
    "starving of threads": of_triple(test_hostile_class.STARVING["threads"].code),
    "starving of files": of_triple(test_hostile_class.STARVING["small files"].code),
    "lying on the wire": Submission(
        {"double": f"{test_wire_attacks.RAW}\ndef double(x):\n"
                   f"{test_wire_attacks.RAW_ATTACKS['a whole answer of its own, twice']}\n"}, {"double": 0.0}
    ),
    "leaving a daemon": Submission({}, setup=DAEMON),
    "leaving sockets": Submission({}, setup=SOCKETS),
    "leaving objects and files": Submission({}, setup=OBJECTS),
}  # fmt: skip


@pytest.fixture(params=OTHERS, ids=str)
def other_level(request):
    missing = weakness(request.param)
    if missing:
        pytest.skip(f"this host cannot: {missing}")
    return request.param


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_points_are_right_and_nothing_is_left(arena, name, other_level):
    """That nothing is left is seen by the arena."""
    given = SUBMISSIONS[name]
    found = arena.grade(given.setup, **given.code, level=other_level, **PATIENT)
    assert arena.scores(found) == {**MAX, **given.points}, arena.verdicts(found)


def test_poisoned_files_and_damaged_notebooks_change_nothing(arena, other_level, tmp_path):
    """With an owner whose name is a trick."""
    told = tmp_path / "told"
    told.mkdir(mode=0o777)
    student = arena.submit(arena.cells(double="def double(x): return x + 1"), f"-rf {other_level.value}")
    test_poisoning.poisoned_files(arena.course.submitted("tp1", student), told)
    assert arena.scores(arena.run(student, level=other_level)) == {**MAX, "double": 0.0}
    assert os.listdir(told) == []
    for name in ("truncated", "a link to the source"):
        damage = test_damaged_files.DAMAGES[name]
        student = arena.submit(None, f"{name} {other_level.value}")
        damage.make(arena.course.submitted("tp1", student), arena.cells())
        assert arena.scores(arena.run(student, level=other_level)) == damage.points


def test_a_supervisor_that_is_killed_is_our_failure_and_leaves_nothing(arena, other_level):
    student = arena.submit(arena.cells(DAEMON, triple="time.sleep(3)\n" + arena.right["triple"]))
    with killing(lambda: youngest_child(arena.forks.guests.pid), 1, signal.SIGKILL, delay=1.5) as killed:
        found = arena.run(student, level=other_level)
    assert len(killed) == 1 and not memory.children(arena.forks.guests.pid)
    assert 0.0 not in arena.scores(found).values()
