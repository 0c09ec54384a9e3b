"""A class of 40 of which 20 hang or starve: the other 20 get what they get alone, verdict by verdict.

Each attack stands in the cell of ``triple``; ``double`` before and ``last`` behind it are right.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from autograder.feedback import render
from autograder.sandbox import memory
from autograder.schedule import Options, grade_class
from autograder.verdict import Grade, Outcome
from tests.attacks.conftest import MAX, SMALL, tiny_course
from tests.attacks.test_surviving import eventually

COMPUTING, OUTPUT = "a atteint sa limite (temps de calcul)", "a atteint sa limite (sorties)"
NO_NAME = "Le notebook ne définit pas `triple`"


@dataclass(frozen=True)
class Attack:
    """``why`` is what the student's feedback says of ``triple``; ``points`` are those of ``triple``."""

    code: str
    why: str
    points: float | None = 0.0


IGNORE = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
HANGING = {
    "a regular expression": Attack("import re\nre.match('(a+)+$', 'a' * 64 + 'b')", COMPUTING),
    "a loop in C": Attack("import itertools\nsum(itertools.repeat(0))", COMPUTING),
    "all signals blocked": Attack(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass", COMPUTING
    ),
    "products of matrices": Attack(
        IGNORE + "a = torch.randn(1000, 1000)\nwhile True: a @ a", COMPUTING
    ),
    "an endless generator": Attack("sum(1 for _ in iter(int, 1))", COMPUTING),
    "an endless __iter__": Attack(
        "class E:\n    def __iter__(self): return self\n    def __next__(self): return 0\nmax(E())", COMPUTING
    ),
    "an endless __repr__": Attack("class R:\n    def __repr__(self):\n        while True: pass\nR()", COMPUTING),
    "an endless __del__": Attack(
        "class D:\n    def __del__(self):\n        while True: pass\nd = D()\ndel d", COMPUTING
    ),
    "a deadlock that computes": Attack(
        IGNORE + "import threading\na, b = threading.Lock(), threading.Lock()\na.acquire()\n"
        "while not a.acquire(blocking=False): b.acquire(blocking=False)", COMPUTING,
    ),
    "a thread that never ends": Attack(
        "import threading\ndef run():\n    while True: pass\nt = threading.Thread(target=run, daemon=True)\n"
        "t.start()\nt.join()", COMPUTING,
    ),
    "a hook at exit": Attack(
        "import atexit\n@atexit.register\ndef never():\n    while True: pass\ndef triple(n): return 3 * n", "", 2.0
    ),
    "a question to the user": Attack("triple = input('?')", NO_NAME),
}  # fmt: skip
WAITING = {
    "a deadlock of two threads": Attack(
        IGNORE + "import threading\na, b = threading.Lock(), threading.Lock()\na.acquire()\n"
        "t = threading.Thread(target=lambda: (b.acquire(), a.acquire()), daemon=True)\nt.start()\nt.join()",
        "", None,
    ),
    "a sleep in C": Attack(
        "import ctypes, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nctypes.CDLL(None).sleep(600)",
        "", None,
    ),
    "a read that nobody answers": Attack(IGNORE + "r, w = os.pipe()\nos.read(r, 1)", "", None),
}  # fmt: skip
"""A loaded machine may be to blame for who only waits, so a human looks."""

STARVING = {
    "descriptors": Attack("kept = []\nwhile True: kept.append(open('/dev/null'))", NO_NAME),
    "threads": Attack(
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "Le noyau",
    ),
    "shared memory": Attack("open('/dev/shm/full', 'wb').write(bytes(64 << 20))", NO_NAME),
    "small files": Attack("for i in range(10**6): open(f'f{i}', 'w').close()", ""),
    "recursion": Attack(
        "import sys\nsys.setrecursionlimit(10**9)\n"
        "class R:\n    def __getattr__(self, name): return getattr(self, name)\nR().x", "",
    ),
    "recursion of brackets": Attack("eval('(' * 10**5 + ')' * 10**5)", NO_NAME),
    "output on every way": Attack(
        "import os, sys, time\nwhile True:\n    display('x' * 1000)\n    print('x' * 1000, file=sys.stderr)\n"
        "    os.write(1, b'x' * 1000)\n    time.sleep(0.002)", OUTPUT,  # a busy machine must not make it another
    ),
    "buffers of sockets": Attack(
        "import socket\nkept = []\nwhile True:\n    kept.append(socket.socketpair())\n"
        "    kept[-1][0].setblocking(False)\n    kept[-1][0].send(bytes(1 << 18))", NO_NAME,
    ),
}  # fmt: skip
HOSTILE = {**HANGING, **STARVING}
WRONG = {
    "double": "def double(x): return x + 1",
    "triple": "def triple(n): return 3.0 * n",
    "last": "def last(items): raise ValueError(items)",
}
OPTIONS = Options(workers=3, limits=SMALL, fresh=True, secret="the same for both")
LIMITS = replace(
    SMALL, cell_cpu=1, cell_wall=120, call_wall=120
)  # so that no load of the machine decides anything
WAITERS = replace(SMALL, cell_wall=4)


def decided(grade: Grade) -> Grade:
    """What of a grade does not depend on the machine's speed."""
    exercises = tuple(
        replace(e, verdicts=tuple(replace(v, seconds=0.0) for v in e.verdicts)) for e in grade.exercises
    )
    return replace(grade, seconds=0.0, usage={}, exercises=exercises)


@pytest.fixture(scope="module")
def classes(arena, tmp_path_factory):
    """The honest alone, then all together: two dicts of grades by student."""
    assert len(HOSTILE) == 20
    course = tiny_course(tmp_path_factory.mktemp("class") / "course")
    home = arena.at(course)
    honest = [f"{number:02} honest" for number in range(20)]
    for number, student in enumerate(honest):
        home.submit(home.cells(**{e: WRONG[e] for bit, e in enumerate(WRONG) if number >> bit & 1}), student)
    for number, (name, attack) in enumerate(HOSTILE.items()):
        home.submit(
            home.cells(triple=attack.code), f"{number:02} {name}"
        )  # they stand between the honest ones
    found = []
    for students in (honest, course.students("tp1")):
        with home.leaves_nothing(), limits(arena, LIMITS):
            graded = grade_class(course, "tp1", students, OPTIONS, forks=arena.forks)
            found.append({progress.student: progress.record.grade for progress in graded})
    return found


@contextmanager
def limits(arena, limits):
    """Graders with these limits; those that wait with others are sent away, before and behind."""
    setup, arena.forks.setup = arena.forks.setup, replace(arena.setup, limits=limits.to_dict())
    close_spares(arena.forks)
    try:
        yield
    finally:
        arena.forks.setup = setup
        close_spares(arena.forks)


def close_spares(forks):
    while forks.spares:
        forks.spares.pop().close()


def points(grade):
    return {exercise.exercise: exercise.score for exercise in grade.exercises}


def test_the_honest_half_gets_the_same_grades_as_when_it_is_alone(classes):
    alone, together = classes
    assert len(alone) == 20 and len(together) == 40
    for student, grade in alone.items():
        assert decided(together[student]) == decided(grade)
        right = {e: points for bit, (e, points) in enumerate(MAX.items()) if not int(student[:2]) >> bit & 1}
        assert {e: p for e, p in points(grade).items() if p == MAX[e]} == right
        assert grade.score is not None, "and each of them has one"


@pytest.mark.parametrize("name", HOSTILE)
def test_who_hangs_or_starves_pays_with_that_exercise_alone_and_reads_why(classes, name):
    grade = next(g for student, g in classes[1].items() if student[3:] == name)
    assert points(grade) == {**MAX, "triple": HOSTILE[name].points}, (grade.exercises[1], grade.problems)
    if HOSTILE[name].points != 0.0:
        return
    told = [v.message for v in grade.exercises[1].verdicts if v.outcome is Outcome.FAILED]
    assert told and all(HOSTILE[name].why in message for message in told), told
    assert all(message.startswith(("Le notebook", "Le noyau")) for message in told), told
    html, plain = render(grade.exercises[1])
    assert told[0].split("`")[0] in html and told[0].split("`")[0] in plain


def test_who_only_waits_gets_no_points_and_no_zero_elsewhere(arena, tmp_path):
    course = tiny_course(tmp_path / "course")
    home = arena.at(course)
    for name, attack in WAITING.items():
        home.submit(home.cells(triple=attack.code), name)
    with home.leaves_nothing(), limits(arena, WAITERS):
        for progress in grade_class(course, "tp1", course.students("tp1"), OPTIONS, forks=arena.forks):
            found = points(progress.record.grade)
            assert found.pop("triple") is None
            assert all(score in (MAX[e], None) for e, score in found.items())
            assert any("temps d'attente" in problem for problem in progress.record.grade.problems)


def test_of_a_hostile_class_nothing_is_left(classes, arena):
    servers = arena.forks.guests.pid, arena.forks.graders.pid
    assert eventually(lambda: not any(memory.children(server) for server in servers), 30)
    assert not [name for name in os.listdir("/dev/shm") if name.startswith("full")]
