"""What a hostile class costs: twenty who hang or starve among twenty honest ones, one after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.execution import GRACE
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, grade_class
from tests.attacks.conftest import SMALL, handed_in, tiny_course
from tests.attacks.test_hostile_class import COMPUTING, HOSTILE
from tests.courses import submit

HONEST = 20
LIMITS = replace(SMALL, cell_cpu=5, cell_wall=120, call_wall=120)
STUBBORN = {"a loop in C", "products of matrices", "a deadlock that computes", "a thread that never ends"}
"""No interrupt ends them."""
WAITS = {"descriptors": 10.0}
"""Seconds within the wall limit of a cell: without descriptors ipykernel waits so long for its own outputs."""


def measure_hostile(scratch: Path) -> dict[str, Any]:
    """Seconds of the class of 40 against those of its honest half, twice, and the limits that the others use up.

    A cell that computes for ever costs its CPU limit, and one that no interrupt ends the grace that it has then.
    What starves is ended by a limit of another kind, which explains no time, nor is a new guest's replay counted.
    """
    course = tiny_course(scratch / "hostile")
    honest = [f"{number:02} honest" for number in range(HONEST)]
    for student in honest:
        submit(course, student, handed_in())
    for number, (name, attack) in enumerate(HOSTILE.items()):
        submit(course, f"{number:02} {name}", handed_in(triple=attack.code))
    forks = Forks(course, Options(limits=LIMITS))
    try:
        forks.wait_ready()
        _seconds(course, honest[:2], forks)
        alone = _seconds(course, honest, forks)
        together = _seconds(course, course.students("tp1"), forks)
    finally:
        forks.close()
    limits = sum(explained(name, LIMITS) for name in HOSTILE)
    share = together / (alone * (1 + len(HOSTILE) / HONEST) + limits)
    return {
        "honest": HONEST,
        "hostile": len(HOSTILE),
        "honest_alone_s": round(alone, 1),
        "together_s": round(together, 1),
        "limits_s": limits,
        "of_what_is_explained": round(share, 3),
        "at_most": 1.2,
    }


def explained(name: str, limits: Limits) -> float:
    """Seconds for which limits let an attack go on."""
    computing = limits.cell_cpu if HOSTILE[name].why == COMPUTING else 0.0
    return computing + (GRACE if name in STUBBORN else 0.0) + WAITS.get(name, 0.0)


def _seconds(course: Course, students: Sequence[str], forks: Forks) -> float:
    options = Options(workers=1, limits=LIMITS, fresh=True)
    started = time.perf_counter()
    done = list(grade_class(course, "tp1", students, options, forks=forks))
    assert len(done) == len(students)
    return time.perf_counter() - started
