"""What counts for a student in an assignment: the sum of the exercises, less what lateness costs.

As nbgrader has it: manual scores and extra credit are in it, extensions in the penalty, and it is never negative.
While an exercise has no score there is no total: what nobody has graded is never worth 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from autograder.gradebook import Row

__all__ = ["Total", "by_student", "totals"]


@dataclass(frozen=True)
class Total:
    """Of one student in one assignment.

    Attributes:
        points: None while an exercise has no score, or where nothing was handed in.
        waiting: the exercises without a score, where something was handed in.
        submitted: something was handed in.
        rows: one an exercise.
    """

    student: str
    first_name: str
    last_name: str
    email: str
    lms_user_id: str
    assignment: str
    points: float | None
    max_points: float
    late_penalty: float
    waiting: tuple[str, ...]
    submitted: bool
    rows: tuple[Row, ...]


def totals(rows: Iterable[Row]) -> list[Total]:
    """By assignment, then by student; a student's exercises keep their order."""
    ordered = sorted(rows, key=_whose)  # stable
    return [_total(tuple(group)) for _, group in groupby(ordered, key=_whose)]


def by_student(found: Iterable[Total]) -> dict[str, dict[str, Total]]:
    """Totals by student, then by assignment."""
    people: dict[str, dict[str, Total]] = {}
    for total in found:
        people.setdefault(total.student, {})[total.assignment] = total
    return dict(sorted(people.items()))


def _whose(row: Row) -> tuple[str, str]:
    return row.assignment, row.student


def _total(rows: tuple[Row, ...]) -> Total:
    first = rows[0]
    scores = [row.score for row in rows if row.score is not None]
    whole = len(scores) == len(rows)
    return Total(
        first.student,
        first.first_name,
        first.last_name,
        first.email,
        first.lms_user_id,
        first.assignment,
        max(0.0, round(sum(scores) - first.late_penalty, 6)) if whole else None,
        sum(row.max_score for row in rows),
        first.late_penalty,
        tuple(row.exercise for row in rows if row.ungraded),
        any(row.submitted for row in rows),
        rows,
    )
