"""One submission that may lie anywhere, graded without a gradebook: what a CI runner does.

The submission is data that a student controls, in a checkout that a workflow made. It is copied first, without
following any link: a link named ``tp1.ipynb`` would otherwise hand in whatever the runner can read, the instructor's
own notebook before all. Nothing is kept: seeds are drawn anew in every run.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course, Source, near
from autograder.errors import InstructorError
from autograder.gpu import CUDA
from autograder.job import Job
from autograder.record import Record
from autograder.schedule import (
    Forks,
    Options,
    drive_twice,
    gpu_slots,
    placed,
    refuse_unmeasured,
    require_cuda,
)
from autograder.seeds import derive_seed
from autograder.submission import LEFT_OUT, Kind, SourceNotebook, digest, handed_in, plan, read_notebook


@dataclass(frozen=True)
class Handin:
    """A graded submission.

    Attributes:
        record: the grade, with all that an instructor may want; nothing for a student's eyes.
        problems: sentences on the state of the submitted notebooks; nothing of a suite is in them.
        unreadable: whether a notebook could not be read, which explains why it is ungraded.
    """

    record: Record
    problems: tuple[str, ...]
    unreadable: bool


def grade_handin(
    course: Course, assignment: str, path: Path, exercises: Sequence[str], options: Options
) -> Handin:
    """Grade the notebook, or the folder with notebooks, at ``path``.

    Args:
        course: where source and suites are.
        assignment: of the course.
        path: what was handed in.
        exercises: those that are graded; empty for all but the manual ones.
        options: level, limits, secret and device; the others mean nothing here.

    Raises:
        InstructorError: before anything runs, if there is nothing to grade.
    """
    source = course.load_source(assignment)
    course.refuse_unjudged(source)
    chosen = chosen_exercises(source, exercises)
    refuse_unmeasured(course, source, options.device, chosen)
    slots = gpu_slots(1) if options.device == CUDA else None
    notebooks = [n for n in source.notebooks if any(e.id in chosen for e in n.exercises)]
    with _copied(course, path, notebooks) as folder:
        secret = options.secret or secrets.token_hex(32)
        seed = f"{derive_seed(secret, 'handin', digest(folder)):016x}"
        job = Job(str(course.root), assignment, path.stem, seed, str(folder), exercises=chosen)
        problems, unreadable = _examined(path, folder, notebooks, source.names)
        forks = Forks(course, options)
        try:
            forks.wait_ready()
            if slots is not None:
                require_cuda(forks, slots.gpus)
            with placed(job, slots, True) as job:
                record = drive_twice(course, forks, job)
        finally:
            forks.close()
    return Handin(record, problems, unreadable)


def chosen_exercises(source: Source, exercises: Sequence[str]) -> tuple[str, ...]:
    """Those of the source that are not manual; with ``exercises`` only these.

    Raises:
        InstructorError: for a name that is none of them.
    """
    known = [exercise.id for exercise in source.exercises if exercise.kind is not Kind.MANUAL]
    for name in exercises:
        if name not in known:
            raise InstructorError(
                f"{source.assignment} has no exercise `{name}` to grade.{near(name, known)}"
            )
    if not known:
        raise InstructorError(f"{source.assignment} has no exercise that can be graded without a human.")
    return tuple(name for name in known if not exercises or name in exercises)


def _examined(
    path: Path, folder: Path, notebooks: Sequence[SourceNotebook], names: Sequence[str]
) -> tuple[tuple[str, ...], bool]:
    """What is wrong with the notebooks as they were handed in, and whether one cannot be read.

    Raises:
        InstructorError: where none of them is there.
    """
    # Of a file that was given its own name is told; of a folder what is said of its copy, which is graded.
    found = [
        read_notebook(path) if path.is_file() else handed_in(folder, notebook.name, names)
        for notebook in notebooks
    ]
    if all(submitted.missing for submitted in found):
        wanted = ", ".join(f"{notebook.name}.ipynb" for notebook in notebooks)
        raise InstructorError(f"{path} holds no notebook of this assignment: expected {wanted}.")
    problems: list[str] = []
    unreadable = False
    for notebook, submitted in zip(notebooks, found, strict=True):
        lost = bool(submitted.unreadable)
        problems += submitted.problems if lost or submitted.missing else plan(submitted, notebook).problems
        unreadable |= lost
    return tuple(problems), unreadable


# --- The copy -------------------------------------------------------------------------------------------------


@contextmanager
def _copied(course: Course, path: Path, notebooks: Sequence[SourceNotebook]) -> Iterator[Path]:
    """A folder with the submission's files alone, under the names that the source knows."""
    _refuse_links(course, path)
    with tempfile.TemporaryDirectory(prefix="handin-") as scratch:
        folder = Path(scratch) / "submission"
        try:
            if path.is_dir():
                _copy_folder(path, folder)
            else:
                _copy_notebook(path, folder, notebooks)
        except OSError as error:
            raise InstructorError(f"{path} cannot be copied: {error}") from error
        yield folder


def _refuse_links(course: Course, path: Path) -> None:
    """Raises InstructorError for what is not there, and for what a link makes of it."""
    if (link := _link(path)) is not None:
        raise InstructorError(f"{link} is a symbolic link, which is not followed: name the file itself.")
    if not path.exists():
        raise InstructorError(f"There is no submission {path}.")
    if not (path.is_file() or path.is_dir()):
        raise InstructorError(f"{path} is neither a notebook nor a folder.")
    inside = path.resolve().is_relative_to(course.root)
    if inside and not Path(os.path.abspath(path)).is_relative_to(course.root):
        raise InstructorError(f"{path} leads into the course by a symbolic link, which is not followed.")


def _link(path: Path) -> Path | None:
    """The first link on the way to ``path``, as far as a student's checkout may have made it.

    Of an absolute path outside the working folder only the last part is looked at: what is above it is the host's.
    """
    here = Path.cwd()
    own = path.is_relative_to(here) or not path.is_absolute()
    ways = [*reversed(path.parents), path] if own else [path]
    return next((way for way in ways if way.is_symlink() and not here.is_relative_to(way)), None)


def _copy_notebook(source: Path, target: Path, notebooks: Sequence[SourceNotebook]) -> None:
    if len(notebooks) > 1:
        names = ", ".join(notebook.name for notebook in notebooks)
        raise InstructorError(
            f"{source} is one notebook and the assignment has several ({names}): name their folder."
        )
    target.mkdir()
    shutil.copyfile(source, target / f"{notebooks[0].name}.ipynb")


def _copy_folder(source: Path, target: Path) -> None:
    ignore = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(source, target, symlinks=True, ignore=ignore, copy_function=_copy_regular)


def _copy_regular(source: str, target: str) -> None:
    """Copies bytes; a pipe or a device, which could be read for ever, is left out."""
    if stat.S_ISREG(os.lstat(source).st_mode):
        shutil.copyfile(source, target)
