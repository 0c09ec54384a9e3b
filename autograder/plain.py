"""A notebook run cell by cell in this very process, for an instructor at work.

There is no sandbox here: the notebook can do all that its reader can. Grading never uses this module.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.errors import CellFailed, InstructorError
from autograder.guest import QUIET
from autograder.probe import Student, local_student
from autograder.submission import RunCell, RunGraded, Snapshot, Step, Submitted, plan, read_notebook


def course_of(suite: Path) -> tuple[Course, str]:
    """Course and assignment of a suite, from where it stands: ``tests/hidden/tp1`` or ``source/tp1/public``."""
    folder = suite.resolve().parent
    if folder.parent.name == "hidden" and folder.parent.parent.name == "tests":
        return Course(folder.parents[2]), folder.name
    if folder.name == "public" and folder.parent.parent.name == "source":
        return Course(folder.parents[2]), folder.parent.name
    raise InstructorError(
        f"{suite} stands neither in tests/hidden/<assignment> nor in source/<assignment>/public, "
        "so the notebook that it tests is not known. Move it there."
    )


def readable(path: Path) -> Submitted:
    """The notebook at ``path``.

    Raises:
        InstructorError: where there is none, or nothing of it can be read.
    """
    if not path.is_file():
        raise InstructorError(f"There is no notebook {path}.")
    submitted = read_notebook(path)
    if submitted.unreadable:
        raise InstructorError("; ".join(submitted.problems))
    return submitted


class PlainNotebook:
    """Runs a notebook up to the exercise that is asked for, and further as later ones are asked for.

    Args:
        course, assignment: where the instructor's source is.
        path: the notebook to run; None for the instructor's own that holds ``exercise``.
        exercise: any exercise of the notebook.
    """

    def __init__(self, course: Course, assignment: str, path: Path | None, exercise: str) -> None:
        source = course.load_source(assignment)
        owners = [e.notebook for e in source.exercises if e.id == exercise]
        if not owners:
            raise InstructorError(f"source/{assignment} has no graded cell `{exercise}`.")
        self.path = path or course.source(assignment) / f"{owners[0]}.ipynb"
        self.steps: list[Step] = list(plan(readable(self.path), source.notebook(owners[0])).steps)
        self.shell = _shell()
        self.done = 0

    def student_at(self, exercise: str) -> Student:
        """The notebook's names at the graded cell of ``exercise``."""
        wanted = [
            i
            for i, step in enumerate(self.steps)
            if not isinstance(step, RunCell) and step.exercise == exercise
        ]
        if not wanted:
            raise CellFailed("Le notebook ne contient rien pour cet exercice.")
        with _folder(self.path.parent):
            while self.done <= wanted[0]:
                self._run(self.steps[self.done])
                self.done += 1
        step = self.steps[wanted[0]]
        assert isinstance(step, (Snapshot, RunGraded))
        return local_student(self.shell.user_ns, [cell.source for cell in step.before])

    def _run(self, step: Step) -> None:
        if isinstance(step, RunCell):
            self.shell.run_cell(step.source, store_history=False)


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell  # here: suites need it only for --submission

    shell = InteractiveShell()
    shell.colors = "nocolor"
    return shell


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Run in the notebook's folder, without windows of plots and without nested checks."""
    before, quiet = Path.cwd(), os.environ.get(QUIET)
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ[QUIET] = "1"
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop(QUIET, None)
        if quiet is not None:
            os.environ[QUIET] = quiet
