"""Grades as CSV, safe to open in a spreadsheet.

nbgrader's own CSV export builds lines by hand: a comma in a name shifts the columns, and a name that begins with
``=`` is run as a formula. Here the ``csv`` module quotes, ``dialect`` disarms, and a score that nobody has given yet
is blank, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from autograder.exports.dialect import PLAIN, Dialect
from autograder.exports.total import Total, totals
from autograder.gradebook import Row

__all__ = ["PERSON", "wide_table", "write_csv", "write_wide_csv"]

PERSON = ("student", "last_name", "first_name", "email", "lms_user_id")
LONG = (
    "assignment",
    *PERSON,
    "notebook",
    "exercise",
    "score",
    "max_score",
    "needs_manual",
    "ungraded",
    "late_penalty",
    "submitted",
)


def write_csv(stream: TextIO, rows: Iterable[Row], dialect: Dialect = PLAIN) -> None:
    """One line for each student and exercise. Open ``stream`` with ``newline=""``."""
    dialect.write(stream, [LONG, *([getattr(row, column) for column in LONG] for row in rows)])


def write_wide_csv(stream: TextIO, rows: Iterable[Row], dialect: Dialect = PLAIN) -> None:
    """One line for each student of one assignment, one column for each exercise, then the total.

    The total is what counts: late penalty taken off, at least 0, and blank while an exercise has no score. Column
    ``ungraded`` names the exercises that have no score yet.
    """
    headers, lines = wide_table(rows)
    dialect.write(stream, [headers, *lines])


def wide_table(rows: Iterable[Row]) -> tuple[list[str], list[list[Any]]]:
    """Headers and lines of ``write_wide_csv``, as plain values."""
    found = totals(rows)
    exercises = list(dict.fromkeys(row.exercise for total in found for row in total.rows))
    headers = ["assignment", *PERSON, *exercises, "ungraded", "late_penalty", "total", "max_total"]
    return headers, [_wide(total, exercises) for total in found]


def _wide(total: Total, exercises: Iterable[str]) -> list[Any]:
    scores = {row.exercise: row.score for row in total.rows}
    return [
        total.assignment,
        *(getattr(total, column) for column in PERSON),
        *(scores.get(exercise) for exercise in exercises),
        " ".join(total.waiting),
        total.late_penalty,
        total.points,
        total.max_points,
    ]
