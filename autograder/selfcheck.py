"""``check("softmax")``: runs an exercise's public suite on the notebook that calls it.

What a student sees, in French: a small table in Jupyter, plain text in a terminal. The public suite is looked for in
``public/`` beside the notebook, and nothing of nbgrader, of a sandbox or of a hidden suite is needed.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import secrets
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from autograder import manifest
from autograder.feedback import render, render_overview
from autograder.guest import QUIET
from autograder.probe import Student, local_student
from autograder.seeds import derive_seed
from autograder.suite import exercise_of, run_suite
from autograder.verdict import ExerciseGrade

__all__ = ["check", "exercises_in", "find_suite", "grade_public"]

VALIDATING = "NBGRADER_VALIDATING"  # set by `nbgrader validate`, which takes an exception for a failure


class Report:
    """The result of a check: a table in Jupyter, text elsewhere."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


class NamespaceHost:
    """The suites' host for names that live in this process."""

    def __init__(self, namespace: dict[str, Any], sources: Iterable[str]) -> None:
        self.namespace, self.sources = namespace, tuple(sources)
        self.secret = secrets.token_hex(16)

    def open(self, suite: Path, test: str) -> Student:
        return local_student(self.namespace, self.sources, interruptible=True)

    def seed(self, suite: Path, test: str, stream: str) -> int:
        return derive_seed(self.secret, exercise_of(suite), test, stream)

    def failed(self, error: BaseException) -> None:
        """Nothing to open anew."""

    def close(self, student: Student) -> None:
        """Nothing to end."""


def check(exercise: str | None = None, folder: str | Path | None = None) -> Report | None:
    """Run the public tests of ``exercise``, or of all exercises, on the names of the notebook that calls this.

    Args:
        exercise: name of the exercise, as in the graded cell: ``check("softmax")``; by default all of them.
        folder: where the notebook and its folder ``public`` are; by default the current folder.

    Returns:
        A report that Jupyter shows as a table. The score that counts is decided by other tests, on other data.

    Raises:
        AssertionError: with the report, where `nbgrader validate` asks and something is not right.
    """
    if os.environ.get(QUIET):
        return None
    place = Path(folder) if folder else Path.cwd()
    namespace, sources = _notebook()
    if exercise is None:
        grades = [
            grade_public(name, path, namespace, sources, points) for name, path, points in exercises_in(place)
        ]
        if not grades:
            find_suite("", place)
            return None
    else:
        suite = find_suite(str(exercise), place)
        if suite is None:
            return None
        grades = [grade_public(str(exercise), suite, namespace, sources)]
    if any("KeyboardInterrupt" in v.detail for grade in grades for v in grade.verdicts):
        print(f"Vérification de « {exercise or 'tous les exercices'} » interrompue.")
        return None
    report = Report(*(render(grades[0]) if exercise is not None else render_overview(grades)))
    if os.environ.get(VALIDATING):
        assert all(grade.score == grade.max_points for grade in grades), report.text
    elif _in_jupyter():
        return report
    print(report)
    return None


def grade_public(
    exercise: str, suite: Path, namespace: dict[str, Any], sources: list[str], points: float | None = None
) -> ExerciseGrade:
    """The exercise by its public suite; worth ``points``, or what its tests weigh."""
    verdicts = _run(suite, NamespaceHost(namespace, sources))
    weight = sum(verdict.points for verdict in verdicts) if points is None else points
    return ExerciseGrade(exercise, "", weight, verdicts)


def exercises_in(folder: Path) -> list[tuple[str, Path, float]]:
    """Exercises with public tests, their suites and their points, in the order of the notebooks in ``folder``."""
    suites = _suites(folder)
    points: dict[str, float] = {}
    for path in sorted(folder.glob("*.ipynb")):
        with contextlib.suppress(
            OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError
        ):
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                meta = cell["metadata"].get("nbgrader", {})
                if meta.get("grade") and meta.get("grade_id") in suites:
                    worth = float(meta["points"])
                    if math.isfinite(worth) and worth >= 0:
                        points[meta["grade_id"]] = worth
    names = [*points, *(name for name in suites if name not in points)]
    released = {} if len(names) == len(points) else _released_points(folder)
    return [(name, suites[name], points.get(name, released.get(name, 1.0))) for name in names]


def _released_points(folder: Path) -> dict[str, float]:
    """What exercises are worth whose graded cell the notebook has lost."""
    try:
        known = manifest.read(folder)
    except ValueError:
        return {}
    cells = [cell for notebook in known.notebooks.values() for cell in notebook] if known else []
    return {cell.grade_id: float(cell.points) for cell in cells if cell.points >= 0}


def _suites(folder: Path) -> dict[str, Path]:
    """The public suites beside a notebook, by exercise."""
    return {exercise_of(path): path for path in sorted((folder / "public").glob("test_*.py"))}


def find_suite(exercise: str, folder: Path) -> Path | None:
    """The exercise's public suite; says what is missing, in French, where there is none."""
    suites = _suites(folder)
    if exercise in suites:
        return suites[exercise]
    if not suites:
        print(
            f"Le dossier des tests publics est introuvable : {folder / 'public'}.\n"
            "Ouvrez le notebook dans le dossier distribué, avec son dossier « public »."
        )
        return None
    near = get_close_matches(exercise, suites, n=1)
    advice = f"Vouliez-vous dire « {near[0]} » ?" if near else f"Exercices connus : {', '.join(suites)}."
    print(f"Il n'y a pas de tests publics pour « {exercise} ». {advice}")
    return None


def _run(suite: Path, host: NamespaceHost) -> Any:
    """The verdicts; random streams and environment are left as they were, what the tests print is dropped."""
    import random

    import numpy as np
    import torch

    streams = random.getstate(), np.random.get_state(), torch.get_rng_state()
    environment = dict(os.environ)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return run_suite(suite, host)
    finally:
        random.setstate(streams[0])
        np.random.set_state(streams[1])
        torch.set_rng_state(streams[2])
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)


def _notebook() -> tuple[dict[str, Any], list[str]]:
    """Names and cells of the notebook; of the calling module where there is no IPython."""
    shell = _shell()
    if shell is not None:
        return shell.user_ns, [cell for cell in shell.user_ns.get("In", []) if isinstance(cell, str)]
    return sys._getframe(2).f_globals, []


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _in_jupyter() -> bool:
    return getattr(_shell(), "kernel", None) is not None
