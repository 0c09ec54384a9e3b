"""Grades as CSV, safe to open in a spreadsheet.

nbgrader's own CSV export builds lines by hand: a comma in a name shifts the columns, and a name that begins with
``=`` is run as a formula. Here the ``csv`` module quotes, text that a spreadsheet would run gets a leading
apostrophe, numbers stay numbers, and a score that nobody has given yet is blank, never 0. Lines end as RFC 4180
says: only then does ``csv`` quote a lone carriage return.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from nbgrader.plugins import ExportPlugin
from traitlets import Bool

from autograder.gradebook import Row, read_scores

__all__ = ["CsvExporter", "wide_table", "write_csv", "write_wide_csv"]

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


def write_csv(stream: TextIO, rows: Iterable[Row]) -> None:
    """One line for each student and exercise. Open ``stream`` with ``newline=""``."""
    writer = csv.writer(stream)
    writer.writerow(LONG)
    for row in rows:
        writer.writerow([_safe(getattr(row, column)) for column in LONG])


def write_wide_csv(stream: TextIO, rows: Iterable[Row]) -> None:
    """One line for each student of one assignment, one column for each exercise, then the total.

    The total is what counts: late penalty taken off, at least 0, and blank while an exercise has no score. Column
    ``ungraded`` names the exercises that the toolkit could not grade.
    """
    headers, lines = wide_table(rows)
    writer = csv.writer(stream)
    writer.writerow([_safe(header) for header in headers])
    for line in lines:
        writer.writerow([_safe(value) for value in line])


def wide_table(rows: Iterable[Row]) -> tuple[list[str], list[list[Any]]]:
    """Headers and lines of ``write_wide_csv``, as plain values."""
    rows = sorted(rows, key=lambda row: (row.assignment, row.student))  # stable: exercises keep their order
    exercises = list(dict.fromkeys(row.exercise for row in rows))
    headers = ["assignment", *PERSON, *exercises, "ungraded", "late_penalty", "total", "max_total"]
    groups = groupby(rows, key=lambda row: (row.assignment, row.student))
    return headers, [_wide(list(group), exercises) for _, group in groups]


def _wide(rows: Sequence[Row], exercises: Sequence[str]) -> list[Any]:
    first = rows[0]
    scores = {row.exercise: row.score for row in rows}
    given = [score for score in scores.values() if score is not None]
    total = max(0.0, round(sum(given) - first.late_penalty, 6)) if len(given) == len(scores) else None
    return [
        first.assignment,
        *(getattr(first, column) for column in PERSON),
        *(scores.get(exercise) for exercise in exercises),
        " ".join(row.exercise for row in rows if row.ungraded),
        first.late_penalty,
        total,
        sum(row.max_score for row in rows),
    ]


def _safe(value: object) -> object:
    """``value`` as a spreadsheet shows it and does not run it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


class CsvExporter(ExportPlugin):  # type: ignore[misc]
    """For ``nbgrader export --exporter=autograder.exports.CsvExporter [--CsvExporter.wide=True]``."""

    wide = Bool(False, help="One line a student instead of one a student and exercise.").tag(config=True)

    def export(self, gradebook: Any) -> None:
        names = [str(name) for name in self.assignment] or sorted(a.name for a in gradebook.assignments)
        students = {str(student) for student in self.student}
        rows = [row for name in names for row in read_scores(gradebook, name)]
        rows = [row for row in rows if not students or row.student in students]
        with Path(self.to or "grades.csv").open("w", encoding="utf-8", newline="") as stream:
            (write_wide_csv if self.wide else write_csv)(stream, rows)
