"""Grades test by test, as the graders recorded them: before a human's scores and before late penalties.

What the tests of an exercise earned adds up to what its suite gave. While a test of an exercise could not be graded,
none of them has earned anything yet, and the cells are blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TextIO

from autograder.exports.dialect import PLAIN, Dialect
from autograder.gradebook import Row
from autograder.verdict import Grade

__all__ = ["VerdictRow", "verdict_rows", "write_verdicts"]


@dataclass(frozen=True)
class VerdictRow:
    """One hidden test on one submission; ``points`` are those of the assignment, 0 for a gate."""

    assignment: str
    student: str
    last_name: str
    first_name: str
    email: str
    lms_user_id: str
    notebook: str
    exercise: str
    test: str
    title: str
    gate: bool
    outcome: str
    earned: float | None
    points: float
    seconds: float
    message: str
    diagnosis: str


def verdict_rows(grades: Iterable[Grade], people: Mapping[str, Row]) -> list[VerdictRow]:
    """One a test, by student; ``people`` are rows of the gradebook by student, for the names."""
    ordered = sorted(grades, key=lambda grade: (grade.assignment, grade.student))
    return [row for grade in ordered for row in _of(grade, people.get(grade.student))]


def write_verdicts(stream: TextIO, rows: Iterable[VerdictRow], dialect: Dialect = PLAIN) -> None:
    """One line a test. Open ``stream`` with ``newline=""``."""
    names = [field.name for field in fields(VerdictRow)]
    dialect.write(stream, [names, *(asdict(row).values() for row in rows)])


def _of(grade: Grade, person: Row | None) -> Iterator[VerdictRow]:
    names = (person.last_name, person.first_name, person.email, person.lms_user_id) if person else ("",) * 4
    for exercise in grade.exercises:
        for verdict, (points, earned) in zip(exercise.verdicts, exercise.points_of_tests, strict=True):
            yield VerdictRow(
                grade.assignment,
                grade.student,
                *names,
                exercise.notebook,
                exercise.exercise,
                verdict.test,
                verdict.title,
                verdict.gate,
                verdict.outcome.value,
                None if exercise.score is None else earned,
                points,
                round(verdict.seconds, 3),
                verdict.message,
                verdict.diagnosis,
            )
