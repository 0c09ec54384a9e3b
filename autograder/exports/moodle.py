"""The CSV for Moodle's gradebook (Grades > Import > CSV file), where the page asks which column is what.

Students are found there by username, ID number or email; the page also asks for the separator. For the grades of one
assignment, with its feedback files, fill in its grading worksheet instead (``worksheet``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from autograder.exports.dialect import PLAIN, Dialect
from autograder.exports.total import Total, by_student

__all__ = ["write_moodle"]

STUDENT = ("username", "idnumber", "email", "lastname", "firstname")


def write_moodle(stream: TextIO, found: Iterable[Total], dialect: Dialect = PLAIN) -> None:
    """One line a student, a column an assignment, which its header tells with its points."""
    found = list(found)
    most = {total.assignment: total.max_points for total in found}
    lines: list[list[object]] = [[*STUDENT, *(f"{n} (/{dialect.number(most[n])})" for n in most)]]
    for own in by_student(found).values():
        one = next(iter(own.values()))
        points = [own[name].points if name in own else None for name in most]
        lines.append([one.student, one.lms_user_id, one.email, one.last_name, one.first_name, *points])
    dialect.write(stream, lines)
