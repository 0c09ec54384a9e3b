"""A tiny course, one pair of forkservers for the whole session, and an arena in which hostile notebooks are graded.

Every attack runs through the real pipeline: a grader forked from the trusted forkserver, a guest from the untrusted
one, a hidden suite over the probe. Attacks that kill, fork, fill or burn never run at level NONE.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.sandbox import forkserver
from autograder.sandbox.confinement import Level
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, Record, grade_class
from autograder.verdict import ExerciseGrade, Verdict
from tests.attacks.leftovers import Host, nothing_left
from tests.courses import Cell, cell, graded, make_course, solution, write
from tests.levels import CANNOT, able

MAX = {"double": 3.0, "triple": 2.0, "last": 5.0}
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "triple": "def triple(n):\n    return 3 * n",
    "last": "def last(items):\n    return items[-1]",
}
SOURCE = [
    cell("import math, os, torch"),
    solution(RIGHT["double"], "double-code"),
    graded('check("double")', "double", 3),
    solution(RIGHT["triple"], "triple-code"),
    graded('check("triple")', "triple", 2),
    solution(RIGHT["last"], "last-code"),
    graded('check("last")', "last", 5),
]
SUITES = {
    "double": '''
import torch
from autograder import checks
from autograder.suite import points

@points(2, "Valeurs")
def test_values(student):
    x = torch.randn(3, 4, dtype=torch.float64)
    expected = x * 2
    checks.close(checks.tensor(student.double(x), shape=(3, 4)), expected, "le double")

@points(1, "Gradient")
def test_gradient(student):
    x = torch.randn(5, dtype=torch.float64, requires_grad=True)
    cotangent = torch.randn(5, dtype=torch.float64)
    checks.tensor(student.double(x), shape=(5,)).backward(cotangent)
    checks.close(x.grad, 2 * cotangent, "le gradient")
''',
    "triple": '''
import random
from autograder.suite import points

@points(1, "Entiers")
def test_integers(student):
    for n in (random.randrange(1000, 10**6) for _ in range(3)):
        assert student.triple(n) == 3 * n, "le triple n'est pas le bon"

@points(1, "Type")
def test_type(student):
    n = random.randrange(1000, 10**6)
    answer = student.triple(n)
    assert type(answer) is int and answer == 3 * n, "un entier est attendu"
''',
    "last": '''
import random
from autograder.suite import points

@points(1, "Dernier")
def test_last(student):
    items = [random.randrange(10**6) for _ in range(5)]
    assert student.last(items) == items[-1], "ce n'est pas le dernier"
''',
}  # fmt: skip
SMALL = Limits(memory_mb=900, disk_mb=16, shm_mb=16, file_mb=16, processes=64, cell_cpu=3, cell_wall=20,
               call_cpu=2, call_wall=10, notebook_wall=300, output_mb=1, restarts=4)  # fmt: skip


def tiny_course(root: Path) -> Course:
    """Three exercises of one line each, with their hidden suites."""
    course = make_course(root, SOURCE, ())
    for exercise, suite in SUITES.items():
        write(root / f"tests/hidden/tp1/test_{exercise}.py", suite)
    write(root / "reference/__init__.py", "SECRET = 'the reference'\n")
    return course


def handed_in(**code: str) -> list[Cell]:
    """The cells of the tiny course, right answers but for those in ``code``."""
    made: list[Cell] = json.loads(json.dumps(SOURCE))
    for one in made:
        exercise = one["metadata"].get("nbgrader", {}).get("grade_id", "").removesuffix("-code")
        if exercise in code and one["metadata"]["nbgrader"]["solution"]:
            one["source"] = code[exercise]
    return made


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--level`` what runs at other levels is left out."""
    asked = config.getoption("level")
    others = {item for item in items if asked and runs_at_another(item, Level(asked))}
    config.hook.pytest_deselected(items=list(others))
    items[:] = [item for item in items if item not in others]


def runs_at_another(item: pytest.Item, level: Level) -> bool:
    """Whether a level is the test's parameter that is another one, or whatever the whole run is not at."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return "other_level" in parameters or any(
        isinstance(p, Level) and p is not level for p in parameters.values()
    )


class Arena:
    """Grades hostile notebooks, one student each."""

    right, most, small, source = RIGHT, MAX, SMALL, SOURCE

    def __init__(self, course: Course, forks: Forks, scratch: Path) -> None:
        self.course, self.forks, self.scratch = course, forks, scratch
        self.numbers = itertools.count()
        self.setup = forks.setup

    @property
    def level(self) -> Level:
        """At which all submissions are graded that ask for no other."""
        return Level(self.setup.level)

    def at(self, course: Course, forks: Forks | None = None) -> Arena:
        """An arena of the same kind for another course, with the same forkservers or others."""
        return Arena(course, forks or self.forks, self.scratch)

    def leaves_nothing(self) -> AbstractContextManager[None]:
        """Whatever guests do in the body, nothing of it stays on the host."""
        return nothing_left(Host(self.course.root, self.scratch, self._servers))

    def _servers(self) -> list[int | None]:
        """The forkservers' pids, once graders that were forked ahead are sent away: also after Ctrl-C one may be."""
        while self.forks.spares:
            self.forks.spares.pop().close()
        return [self.forks.guests.pid, self.forks.graders.pid]

    def cells(self, setup: str = "", **code: str) -> list[Cell]:
        """What a student hands in: right answers but for ``code``, after a cell ``setup`` of the student's own."""
        return [cell(setup), *handed_in(**code)] if setup else handed_in(**code)

    def submit(
        self, cells: Sequence[Cell] | None, student: str = "", files: Mapping[str, str] | None = None
    ) -> str:
        """Writes a submission; returns whose."""
        student = student or f"student{next(self.numbers)}"
        folder = self.course.submitted("tp1", student)
        folder.mkdir(parents=True, exist_ok=True)
        if cells is not None:
            document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}
            write(folder / "tp1.ipynb", json.dumps(document))
        for name, text in (files or {}).items():
            write(folder / name, text)
        return student

    def run(self, student: str, *, fresh: bool = False, level: Level | None = None, **limits: Any) -> Record:
        """The record of one submission, graded with limits that are small or smaller."""
        self.forks.setup = dataclasses.replace(
            self.setup,
            level=(level or self.level).value,
            limits=dataclasses.replace(SMALL, **limits).to_dict(),
        )
        try:
            options = Options(workers=1, fresh=fresh)
            unconfined = level is Level.NONE
            with nullcontext() if unconfined else self.leaves_nothing():
                (progress,) = grade_class(self.course, "tp1", [student], options, forks=self.forks)
        finally:
            self.forks.setup = self.setup
        return progress.record

    def grade(self, cells: Sequence[Cell] | str = "", **options: Any) -> Record:
        """Submit and run whole cells, or right ones after a cell of that text.

        Code of an exercise goes by the exercise's name (``double="..."``), limits go by theirs.
        """
        code = {name: options.pop(name) for name in MAX if name in options}
        files = options.pop("files", None)
        if isinstance(cells, str):
            cells = self.cells(cells, **code)
        return self.run(self.submit(cells, files=files), **options)

    @staticmethod
    def scores(record: Record) -> dict[str, float | None]:
        return {exercise.exercise: exercise.score for exercise in record.grade.exercises}

    @staticmethod
    def exercise(record: Record, name: str) -> ExerciseGrade:
        return next(e for e in record.grade.exercises if e.exercise == name)

    @staticmethod
    def verdicts(record: Record) -> list[Verdict]:
        return [verdict for exercise in record.grade.exercises for verdict in exercise.verdicts]

    @staticmethod
    def printed(record: Record) -> str:
        """All that the cells of a submission printed, displayed or raised."""
        return json.dumps(
            [cell.outputs for cells in record.notebooks.values() for cell in cells], default=str
        )

    @staticmethod
    def answers(record: Record) -> list[Any]:
        """The JSON of the lines that the cells printed behind ``ANSWER``."""
        outputs = [out for cells in record.notebooks.values() for cell in cells for out in cell.outputs]
        text = "".join(out.get("text", "") for out in outputs if out.get("name") == "stdout")
        return [json.loads(line[7:]) for line in text.splitlines() if line.startswith("ANSWER ")]


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Arena]:
    if not able:
        pytest.skip(CANNOT)
    course = tiny_course(tmp_path_factory.mktemp("attacked") / "course")
    asked = pytestconfig.getoption("level")
    scratch = Path(tempfile.mkdtemp(prefix="attacked-"))
    scratch.chmod(
        0o711
    )  # guests pass through, as through the folder in which work folders are made otherwise
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(forkserver._ENVIRONMENT, "TMPDIR", str(scratch))
        forks = Forks(course, Options(level=Level(asked) if asked else None, limits=SMALL))
        forks.wait_ready()
    yield Arena(course, forks, scratch)
    forks.close()
    shutil.rmtree(scratch)
