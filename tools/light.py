"""A class of light submissions with known grades: two exercises of one line, answered right and wrong in turn."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "tp1"
POINTS = {"double": 3.0, "triple": 2.0}
FACTOR = {"double": 2, "triple": 3}
SUITE = """
import torch
from autograder.suite import points

@points(1, "Le multiple")
def test_multiple(student):
    x = torch.randn(3)
    assert torch.equal(student.{name}(x), {factor} * x), "ce n'est pas le bon multiple"
"""


def light_class(folder: Path, submissions: int) -> Any:
    """A course in ``folder``, which must not exist, with that many submissions."""
    from autograder.course import Course

    (folder / "source" / ASSIGNMENT).mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = Course(folder)
    (course.source(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb").write_text(_notebook(dict.fromkeys(POINTS, True)))
    course.hidden(ASSIGNMENT).mkdir(parents=True)
    for name, factor in FACTOR.items():
        suite = course.hidden(ASSIGNMENT) / f"test_{name}.py"
        suite.write_text(SUITE.format(name=name, factor=factor))
    for number in range(submissions):
        target = course.submitted(ASSIGNMENT, student(number))
        target.mkdir(parents=True)
        (target / f"{ASSIGNMENT}.ipynb").write_text(_notebook(answers(number)))
    return course


def student(number: int) -> str:
    return f"student{number:04d}"


def answers(number: int) -> dict[str, bool]:
    """Which exercises that student has answered right."""
    return {"double": number % 2 == 0, "triple": number % 3 == 0}


def expected(number: int) -> dict[str, float]:
    """The points of that student, by exercise."""
    return {name: POINTS[name] if right else 0.0 for name, right in answers(number).items()}


def _notebook(right: dict[str, bool]) -> str:
    cells: list[dict[str, Any]] = [_cell("import torch")]
    for name, factor in FACTOR.items():
        answer = f"def {name}(x):\n    return {factor if right[name] else 7} * x"
        cells.append(_cell(answer, grade_id=f"{name}_solution", solution=True))
        cells.append(_cell(f'check("{name}")', grade_id=name, grade=True, locked=True, points=POINTS[name]))
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


def _cell(source: str, **flags: Any) -> dict[str, Any]:
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    metadata = {"nbgrader": {**plain, **flags}} if flags else {}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def check(course: Any, submissions: int) -> None:
    """Every submission has one record and one row an exercise in the gradebook, with the right points.

    Raises:
        AssertionError: with what is wrong.
    """
    from nbgrader.api import Gradebook

    from autograder.gradebook import scores
    from autograder.schedule import stored

    everybody = {student(number): expected(number) for number in range(submissions)}
    names = sorted(path.stem for path in (course.state / ASSIGNMENT).glob("*.json"))
    assert names == sorted(everybody), f"records: {_difference(names, everybody)}"
    for name, points in everybody.items():
        record = stored(course, ASSIGNMENT, name)
        assert record is not None, f"the record of {name} cannot be read"
        found = {exercise.exercise: exercise.score for exercise in record.grade.exercises}
        assert (record.grade.student, found) == (name, points), f"the record of {name}: {found}"
    rows = [(row.student, row.exercise, row.score) for row in scores(course, ASSIGNMENT)]
    wanted = [(name, *one) for name, points in everybody.items() for one in points.items()]
    assert sorted(rows) == sorted(wanted), f"the gradebook: {_difference(rows, wanted)}"
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        submitted = [one.student_id for one in gradebook.assignment_submissions(ASSIGNMENT)]
    assert sorted(submitted) == sorted(everybody), f"submissions: {_difference(submitted, everybody)}"


def _difference(found: Sequence[Any], wanted: Any) -> str:
    doubled = [one for one, group in itertools.groupby(sorted(found)) if len(list(group)) > 1]
    missing, added = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    return f"missing {missing[:5]}, not expected {added[:5]}, doubled {doubled[:5]}"


def events(folder: Path, process: int | None = None) -> list[dict[str, Any]]:
    """The lines of the journals in a course (of one process's run alone, if named), in their order."""
    found = []
    pattern = f"*-{process}.jsonl" if process else "*.jsonl"
    for path in sorted((folder / ".autograder" / ASSIGNMENT / "_runs").glob(pattern)):
        for line in path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:  # the last line of a run that was killed
                continue
    return found
