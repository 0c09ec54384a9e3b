"""Grades as an Excel workbook: a sheet an assignment, a line a student, a column an exercise.

Numbers are typed as numbers, so that each reader sees its own decimal sign; text is typed as text, whatever it begins
with, and is marked so that it stays text when somebody edits it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from autograder.exports.dialect import harmless
from autograder.exports.table import PERSON, wide_table
from autograder.gradebook import Row

__all__ = ["write_workbook"]

NAMES = len(PERSON) - 2  # columns that stay in sight: assignment, student and last name
MAX_TITLE = 31
_WAITING = PatternFill("solid", fgColor="FFF2CC")


def write_workbook(stream: BinaryIO, rows: Iterable[Row]) -> None:
    """A sheet for each assignment, in the order of the rows; at least one, as Excel wants it."""
    by_assignment: dict[str, list[Row]] = {}
    for row in rows:
        by_assignment.setdefault(row.assignment, []).append(row)
    book = Workbook()
    book.remove(book.active)
    for assignment, some in by_assignment.items() or [("grades", [])]:
        headers, lines = wide_table(some)
        _fill(book.create_sheet(_title(assignment, book.sheetnames)), headers, lines)
    book.save(stream)


def _title(assignment: str, taken: Sequence[str]) -> str:
    """A name that Excel accepts for a sheet: short, unique whatever the case, without the signs of references."""
    base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "-", assignment).strip("'")[:MAX_TITLE] or "grades"
    if base.casefold() == "history":  # Excel keeps this one for itself
        base += "-"
    title, number, used = base, 1, {name.casefold() for name in taken}
    while title.casefold() in used:
        number += 1
        title = f"{base[: MAX_TITLE - 1 - len(str(number))]}-{number}"
    return title


def _fill(sheet: Any, headers: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    waiting = headers.index("ungraded")
    for number, line in enumerate([headers, *lines], 1):
        for column, value in enumerate(line, 1):
            _put(sheet.cell(number, column), value)
        if number > 1 and line[waiting]:
            sheet.cell(number, waiting + 1).fill = _WAITING
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = sheet.cell(2, NAMES + 1)
    sheet.auto_filter.ref = sheet.dimensions
    for column, header in enumerate(headers):
        longest = max(len(str(line[column] or "")) for line in [headers, *lines])
        sheet.column_dimensions[get_column_letter(column + 1)].width = min(max(longest, len(header)) + 2, 40)


def _put(cell: Any, value: Any) -> None:
    if not isinstance(value, str):
        cell.value = value
        return
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
    cell.value = text or None
    if text:
        cell.data_type = "s"  # a leading "=" would be a formula
        cell.quotePrefix = harmless(text) != text
