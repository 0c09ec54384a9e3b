"""Tiny courses for tests: notebooks as lists of cells, written where nbgrader expects them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from autograder.course import Course
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict

ROOT = Path(__file__).resolve().parent.parent

Cell = dict[str, Any]


def cell(source: str, cell_type: str = "code", **metadata: Any) -> Cell:
    """A notebook cell of format 4."""
    made: Cell = {"cell_type": cell_type, "source": source, "metadata": metadata}
    if cell_type == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def graded(source: str, grade_id: str, points: Any = 2, **flags: Any) -> Cell:
    return cell(source, nbgrader=_meta(grade_id, grade=True, locked=True, points=points, **flags))


def solution(source: str, grade_id: str) -> Cell:
    return cell(source, nbgrader=_meta(grade_id, solution=True))


def manual(source: str, grade_id: str, points: float = 1) -> Cell:
    return cell(source, "markdown", nbgrader=_meta(grade_id, grade=True, solution=True, points=points))


def locked(source: str, grade_id: str) -> Cell:
    return cell(source, nbgrader=_meta(grade_id, locked=True))


def _meta(grade_id: str, **flags: Any) -> dict[str, Any]:
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return {**plain, "grade_id": grade_id, **flags}


def notebook(cells: Sequence[Cell], **document: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells), **document})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


MULTIPLE = """
import torch
from autograder.suite import points

@points(1, "Le multiple")
def test_{name}(student):
    x = torch.randn(3)
    assert torch.equal(student.{name}(x), {factor} * x), "ce n'est pas le bon multiple"
"""
"""A hidden suite of one test, for an exercise ``name`` that multiplies by ``factor``."""

SOURCE = [
    cell("# Un TP\n\n<center>Bonjour</center>", "markdown"),
    locked("import math", "imports"),
    solution(
        "def double(x):\n    ### BEGIN SOLUTION\n    return x + x  # la somme\n    ### END SOLUTION",
        "double-code",
    ),
    graded('check("double")', "double", 3),
    solution(
        "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x  # le produit\n    ### END SOLUTION",
        "triple-code",
    ),
    graded(
        "assert triple(1) == 3\n### BEGIN HIDDEN TESTS\nassert triple(7) == 21\n### END HIDDEN TESTS",
        "triple",
        2,
    ),
    manual("Parce que la dérivée est nulle.", "why", 4),
]


def make_course(root: Path, cells: Sequence[Cell] = SOURCE, suites: Sequence[str] = ("double",)) -> Course:
    """A course with one assignment `tp1` of one notebook `tp1`, and the project's own nbgrader_config.py."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    write(root / "source/tp1/tp1.ipynb", notebook(cells))
    for exercise in suites:
        write(
            root / f"tests/hidden/tp1/test_{exercise}.py",
            f"def test_{exercise}(student):\n    assert student\n",
        )
        write(
            root / f"source/tp1/public/test_{exercise}.py",
            f"def test_public(student):\n    student.{exercise}\n",
        )
    return Course(root)


def submit(
    course: Course, student: str, cells: Sequence[Cell] | None, name: str = "tp1.ipynb", **document: Any
) -> Path:
    """A student's submission; with ``cells`` None only the folder."""
    folder = course.submitted("tp1", student)
    folder.mkdir(parents=True, exist_ok=True)
    return folder if cells is None else write(folder / name, notebook(cells, **document))


def answered(cells: Sequence[Cell] = SOURCE) -> list[Cell]:
    """What a student hands in: hidden regions gone, everything answered."""
    text = json.dumps(list(cells))
    copies: list[Cell] = json.loads(text)
    for copy in copies:
        copy["source"] = copy["source"].split("\n### BEGIN HIDDEN")[0]
    return copies


def verdict(outcome: Outcome = Outcome.PASSED, points: float = 1, **fields: Any) -> Verdict:
    return Verdict("test_x", fields.pop("title", "Épreuve x"), outcome, points, **fields)


def grade_of(
    student: str,
    double: Sequence[Verdict] = (verdict(),),
    triple: Sequence[Verdict] = (verdict(Outcome.FAILED),),
) -> Grade:
    exercises = (
        ExerciseGrade("double", "tp1", 3, tuple(double)),
        ExerciseGrade("triple", "tp1", 2, tuple(triple), decided_inside=True),
    )
    return Grade("tp1", student, "d" * 64, "k" * 64, "00", exercises)


class FakeGrader:
    """Stands for ``schedule.graded_submission``: gives the same grade to everybody unless told otherwise."""

    def __init__(self, **grades: Grade) -> None:
        self.grades = grades
        self.outputs: dict[int, list[dict[str, Any]]] = {}

    def __call__(self, course: Course, assignment: str, student: str) -> Any:
        executed = [SimpleNamespace(index=i, source="", outputs=outs) for i, outs in self.outputs.items()]
        grade = self.grades.get(student) or grade_of(student)
        return SimpleNamespace(grade=grade, notebooks={"tp1": executed})
