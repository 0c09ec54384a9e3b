"""What a run of grading shows in the terminal: progress with the time left, the class as a table, what is ungraded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from autograder.course import Course
from autograder.gradebook import record
from autograder.schedule import Forks, Options, grade_class
from autograder.verdict import Grade

TELL = 30.0  # seconds between two lines of progress in a log

console = Console()
errors = Console(stderr=True)


def grade_and_record(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options,
    quiet: bool = False,
    forks: Forks | None = None,
) -> tuple[list[Grade], bool]:
    """Grade with a progress bar, recording each submission as it is done; False if one could not be recorded."""
    records: dict[str, Any] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=quiet) as bar:
        task = bar.add_task(f"grading {assignment}", total=len(students))
        started = told = time.monotonic()

        def graded() -> Iterator[str]:
            for progress in grade_class(course, assignment, students, options, forks=forks):
                records[progress.student] = progress.record
                yield progress.student
                bar.advance(task)
                nonlocal told
                if not (quiet or errors.is_terminal) and time.monotonic() - told > TELL:  # a log shows no bar
                    told = time.monotonic()
                    errors.print(f"graded {len(records)} of {len(students)} in {told - started:.0f} s")

        results = record(course, assignment, graded(), grade_with=lambda *work: records[work[-1]])
    failures = [result for result in results if not result.success]
    for failure in failures:
        errors.print(f"{failure.student} could not be recorded: {failure.log}", markup=False)
    return [records[student].grade for student in students], not failures


def print_class(grades: Sequence[Grade], console: Console = console) -> None:
    """The class as a table: a row a student, a column an exercise, or, where these do not fit, what was lost."""
    title = f"{grades[0].assignment}: {len(grades)} submissions" if grades else "no submission"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("student", no_wrap=True)
    exercises = grades[0].exercises if grades else ()
    if sum(2 + len(exercise.exercise) for exercise in exercises) > console.width - 40:
        _print_losses(grades, table, console)
        return
    for exercise in exercises:
        table.add_column(f"{exercise.exercise}\n/ {exercise.max_points:g}", justify="right")
    table.add_column("total", justify="right", style="bold")
    table.add_column("s", justify="right", style="dim")
    for grade in grades:
        scores = [_score(exercise.score, exercise.max_points) for exercise in grade.exercises]
        table.add_row(grade.student, *scores, _score(grade.score, grade.max_score), f"{grade.seconds:.1f}")
    console.print(table)


def _print_losses(grades: Sequence[Grade], table: Table, console: Console) -> None:
    most = grades[0].max_score
    table.add_column(f"total\n/ {most:g}", justify="right", style="bold")
    table.add_column("s", justify="right", style="dim")
    table.add_column("not full")
    for grade in grades:
        lost = [
            f"{exercise.exercise} {_score(exercise.score, exercise.max_points)}/{exercise.max_points:g}"
            for exercise in grade.exercises
            if exercise.score != exercise.max_points
        ]
        total = _score(grade.score, grade.max_score)
        table.add_row(grade.student, total, f"{grade.seconds:.1f}", ", ".join(lost))
    console.print(table)


def _score(score: float | None, most: float) -> str:
    if score is None:
        return "[yellow]ungraded[/]"
    colour = "green" if score == most else "red" if score == 0 else "default"
    return f"[{colour}]{round(score, 2):g}[/]"


def some(names: Sequence[str]) -> str:
    """The first five names, and how many more there are."""
    return f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"


def report_ungraded(grades: Iterable[Grade]) -> bool:
    """Say what is ungraded and why, once for all students whom it happened to; False if nothing is."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for grade in grades:
        if grade.ungraded:
            found.setdefault((grade.ungraded, grade.problems), []).append(grade.student)
    for (exercises, problems), students in found.items():
        errors.print(f"{some(students)}: ungraded, needs a human: {', '.join(exercises)}", style="yellow")
        for problem in problems:
            errors.print(f"    {problem}", markup=False, highlight=False)
    return bool(found)
