"""What a run of grading shows in the terminal: progress with the time left, the class as a table, what is ungraded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from autograder.course import Course
from autograder.gradebook import Recorded, record
from autograder.journal import Journal, Tally
from autograder.quantity import noun, quantity, shown, some
from autograder.record import Record
from autograder.regrading import Change
from autograder.schedule import Forks, Graders, Options, Progress, Tell, grade_class, keep, stored
from autograder.verdict import Grade

TELL = 30.0  # seconds between two lines of progress in a log
MOST_CHANGES = 60  # lines of a table that somebody reads

console = Console()
errors = Console(stderr=True)


def grade_and_record(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options,
    quiet: bool = False,
    forks: Forks | None = None,
    accept: Callable[[Sequence[Change]], bool] = lambda changes: True,
    graders: Callable[[Tell], Graders] | None = None,
) -> tuple[list[Grade], bool]:
    """Grade with a progress bar and a journal, recording each submission as it is done.

    A grade that changes although the submission did not is recorded at the end, if ``accept`` says so of all the
    changes; else the earlier one stays, and is what is returned. A score never gives way to none: where grading anew
    has failed the earlier grade stays, unasked.

    Returns:
        The grades in the order of ``students``; whether all of them are recorded.

    Raises:
        InstructorError: also while another run grades the assignment.
    """
    with Journal(course, assignment, len(students)) as journal:
        return _run(course, assignment, students, options, quiet, forks, accept, graders, journal)


def _run(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options,
    quiet: bool,
    forks: Forks | None,
    accept: Callable[[Sequence[Change]], bool],
    graders: Callable[[Tell], Graders] | None,
    journal: Journal,
) -> tuple[list[Grade], bool]:
    records: dict[str, Record] = {}
    held: dict[str, Progress] = {}
    spared: dict[str, int] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=errors, disable=quiet) as bar:
        task = bar.add_task(f"grading {assignment}", total=len(students))
        started = told = time.monotonic()

        def tell(event: str, student: str, worker: str, why: str) -> None:
            journal.tell(event, student, worker, why)
            bar.update(task, description=f"grading {assignment} ({journal.tally.short()})")
            if event == "refused":
                errors.print(f"worker {worker} does not fit: {why}", markup=False, soft_wrap=True)

        def graded() -> Iterator[str]:
            make = (lambda: graders(tell)) if graders else None
            for progress in grade_class(course, assignment, students, options, forks, make, tell):
                records[progress.student] = progress.record
                if progress.spared:
                    spared[progress.student] = len(progress.spared)
                journal.progress(progress)
                if progress.changes:
                    held[progress.student] = progress
                else:
                    yield progress.student
                    records[progress.student] = replace(progress.record, notebooks={})  # written, and large
                bar.update(task, advance=1, description=f"grading {assignment} ({journal.tally.short()})")
                nonlocal told
                if not (quiet or errors.is_terminal) and time.monotonic() - told > TELL:  # a log shows no bar
                    told = time.monotonic()
                    errors.print(
                        f"graded {len(records)} of {len(students)} in {told - started:.0f} s; "
                        f"{journal.tally.short()}"
                    )

        results = _record(course, assignment, graded(), records)
    if spared and not quiet:
        total = sum(spared.values())
        errors.print(
            f"{quantity(len(spared), 'resubmission')}: {quantity(total, 'exercise')} kept, "
            f"since nothing that decides {'it' if total == 1 else 'them'} changed"
        )
    failed = {name: held.pop(name) for name in sorted(held) if _loses(held[name])}
    if failed:
        errors.print(
            f"{some(list(failed))}: could not be graded anew, our failure; the earlier grades stay. Run it again.",
            markup=False,
            soft_wrap=True,
        )
        report_ungraded([progress.record.grade for progress in failed.values()])
    accepted = not held or accept([change for name in sorted(held) for change in held[name].changes])
    if accepted:
        results += _record(course, assignment, _released(course, held), records)
    staying = failed if accepted else failed | held
    records |= {name: before for name in staying if (before := stored(course, assignment, name))}
    failures = [result for result in results if not result.success]
    for failure in failures:
        journal.unrecorded(failure.student)
        errors.print(f"{shown(failure.student)} could not be recorded: {failure.log}", markup=False)
    if failures:
        errors.print("What was graded is kept: run it again to record it.")
    bare = {result.student: result.log for result in results if result.success and result.without_notebook}
    if bare and not quiet:
        names = sorted(bare)
        why = bare[names[0]].strip().splitlines()[-1:]  # of a failure inside nbgrader, what it ends with
        errors.print(
            f"{some(names)}: no autograded copy, so no page of feedback. {''.join(why)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return [records[student].grade for student in students], accepted and not failures and not failed


def _record(
    course: Course, assignment: str, students: Iterable[str], records: Mapping[str, Record]
) -> list[Recorded]:
    return record(course, assignment, students, grade_with=lambda *work: records[work[-1]])


def _loses(progress: Progress) -> bool:
    """Whether an exercise that had a score could not be graded this time."""
    ungraded = progress.record.grade.ungraded
    return any(c.exercise in ungraded and c.before is not None for c in progress.changes)


def _released(course: Course, held: Mapping[str, Progress]) -> Iterator[str]:
    for name in sorted(held):
        keep(course, held[name].record)
        yield name


def show_changes(changes: Sequence[Change]) -> None:
    """What would change in grades of submissions that did not change, exercise by exercise."""
    students = {change.student for change in changes}
    told = f"{quantity(len(students), 'grade')} {'changes' if len(students) == 1 else 'change'}"
    title = f"{told} although the {noun(len(students), 'submission')} did not"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("exercise", no_wrap=True)
    table.add_column("recorded", justify="right")
    table.add_column("now", justify="right")
    for change in changes[:MOST_CHANGES]:
        sides = ["ungraded" if s is None else f"{round(s, 2):g}" for s in (change.before, change.after)]
        table.add_row(Text(shown(change.student)), change.exercise, *sides)
    errors.print(table)
    if len(changes) > MOST_CHANGES:
        errors.print(f"and {len(changes) - MOST_CHANGES} more")


def print_class(grades: Sequence[Grade], console: Console = console) -> None:
    """The class as a table: a row a student, a column an exercise, or, where these do not fit, what was lost."""
    title = f"{grades[0].assignment}: {quantity(len(grades), 'submission')}" if grades else "no submission"
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
        table.add_row(
            Text(shown(grade.student)), *scores, _score(grade.score, grade.max_score), f"{grade.seconds:.1f}"
        )
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
        table.add_row(Text(shown(grade.student)), total, f"{grade.seconds:.1f}", ", ".join(lost))
    console.print(table)


def _score(score: float | None, most: float) -> str:
    if score is None:
        return "[yellow]ungraded[/]"
    colour = "green" if score == most else "red" if score == 0 else "default"
    return f"[{colour}]{round(score, 2):g}[/]"


def print_status(assignment: str, tally: Tally, now: float, console: Console = console) -> None:
    """A run as its journal tells it: how far it is, what runs, what waits, what needs a human."""
    until = now if tally.alive and not tally.end else tally.told
    span = f"{_span(until - tally.begun)} {'so far' if tally.state() == 'going on' else 'in all'}"
    console.print(f"{assignment}: {tally.state()} ({tally.place}), {span}", markup=False)
    console.print(
        f"{tally.done} of {tally.total} done ({len(tally.kept)} kept from before), {tally.short()}",
        markup=False,
    )
    left = tally.left(now) if tally.alive else None
    if left is not None:
        console.print(f"about {_span(left)} left")
    for name, (since, worker) in sorted(tally.running.items(), key=lambda one: one[1][0]):
        console.print(
            f"  running: {shown(name)}, {_span(until - since)}{f', on {worker}' * bool(worker)}", markup=False
        )
    for title, found in (("ungraded", tally.ungraded), ("tried again", tally.retries)):
        for name, what in sorted(found.items()):
            console.print(f"  {title}: {shown(name)}: {', '.join(what)}", markup=False, soft_wrap=True)
    for worker, why in tally.refused.items():
        console.print(f"  does not fit: worker {worker}: {why}", markup=False, soft_wrap=True)
    if tally.slowest:
        slow = ", ".join(f"{shown(name)} {seconds:.1f} s" for name, seconds in tally.slowest)
        console.print(f"slowest: {slow}", markup=False, soft_wrap=True)


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def tell_remarks(grades: Iterable[Grade], assignment: str) -> None:
    """Say whose submission has something to it that an instructor should know, although it was graded."""
    told = [grade.student for grade in grades if grade.problems and not grade.ungraded]
    if told:
        errors.print(
            f'remarks on {some(told)}: `autograder report {assignment}` has them, under "For a human"',
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def report_ungraded(grades: Iterable[Grade]) -> bool:
    """Say what is ungraded and why, once for all students whom it happened to; False if nothing is."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for grade in grades:
        if grade.ungraded:
            found.setdefault((grade.ungraded, grade.problems), []).append(grade.student)
    for (exercises, problems), students in found.items():
        told = f"{some(students)}: ungraded, needs a human: {', '.join(exercises)}"
        errors.print(told, style="yellow", markup=False, highlight=False, soft_wrap=True)
        for problem in problems:
            errors.print(f"    {shown(problem)}", markup=False, highlight=False, soft_wrap=True)
    return bool(found)
