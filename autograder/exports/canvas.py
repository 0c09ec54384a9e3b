"""The CSV that Canvas imports in its gradebook.

Canvas wants ``Student`` first, ``ID`` second and ``Section`` last of a student's columns; the columns behind it are
assignments, found by ``Title (id)`` or by title, and made anew if they are not. A student is found by ID, SIS User
ID, SIS Login ID, then name. A blank cell changes nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TextIO

from autograder.exports.dialect import PLAIN, Dialect
from autograder.exports.total import Total, by_student

__all__ = ["write_canvas"]

STUDENT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POINTS_POSSIBLE = "    Points Possible"  # as Canvas spells it


def write_canvas(
    stream: TextIO,
    found: Iterable[Total],
    titles: Mapping[str, str] | None = None,
    dialect: Dialect = PLAIN,
) -> None:
    """One line a student, a column an assignment.

    Args:
        titles: an assignment's column in Canvas; its own name where it is missing.
    """
    found = list(found)
    most = {total.assignment: total.max_points for total in found}
    headers = [(titles or {}).get(name, name) for name in most]
    possible = [POINTS_POSSIBLE, *[""] * (len(STUDENT) - 1), *most.values()]
    lines = [_line(own, most) for own in by_student(found).values()]
    dialect.write(stream, [[*STUDENT, *headers], possible, *lines])


def _line(own: Mapping[str, Total], assignments: Iterable[str]) -> list[object]:
    person = next(iter(own.values()))
    name = ", ".join(part for part in (person.last_name, person.first_name) if part) or person.student
    points = [own[name].points if name in own else None for name in assignments]
    return [name, person.lms_user_id, "", person.student, "", *points]
