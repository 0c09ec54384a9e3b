"""Moodle's offline grading worksheet: the one that an instructor downloaded, with its grades filled in.

Moodle finds the columns by their names in the language of whoever uploads the file, takes "Participant 123" for the
student, skips a blank grade and one above the maximum, and refuses a grade that was changed there since the download.
So nothing but the grades is touched: every other cell, the headers and the order stay as they came, to the letter.
Lines are matched by email, then by ID number or username; the participant's number belongs to the assignment and is
no student's.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from autograder.errors import InstructorError
from autograder.exports.total import Total
from autograder.quantity import quantity

__all__ = ["Filled", "Worksheet"]

# What Moodle calls the columns, in English and French. The first three are those it cannot import without.
NAMES: Mapping[str, tuple[str, ...]] = {
    "identifier": ("identifier", "identifiant"),
    "grade": ("grade", "note"),
    "modified": ("last modified (grade)", "dernière modification (note)"),
    "name": ("full name", "first name / last name", "nom complet", "prénom / nom", "prénom/nom"),
    "email": ("email address", "email", "adresse de courriel", "adresse e-mail", "courriel"),
    "number": ("id number", "numéro d'identification", "numéro d'étudiant"),
    "username": ("username", "nom d'utilisateur"),
    "maximum": ("maximum grade", "note maximale"),
}
NEEDED = ("identifier", "grade", "modified")
WHO = ("email", "number", "username")


@dataclass(frozen=True)
class Filled:
    """A worksheet with its grades.

    Attributes:
        lines: all of them, headers first.
        students: the student's total for each line behind the headers; None where nobody was found.
        remarks: sentences for the instructor on whom or what a human must look at; empty if all is well.
        scale: maximum of the worksheet and of the assignment, where they differ.
        advice: by what lines are matched and how to have more of them matched; empty if all are.
    """

    lines: tuple[tuple[str, ...], ...]
    students: tuple[Total | None, ...]
    remarks: tuple[str, ...]
    scale: tuple[float, float] | None
    advice: str = ""

    @property
    def count(self) -> int:
        """How many lines got a grade."""
        return sum(total is not None and total.points is not None for total in self.students)

    def write(self, stream: TextIO) -> None:
        """Open ``stream`` with ``newline=""``."""
        csv.writer(stream).writerows(self.lines)


@dataclass(frozen=True)
class Worksheet:
    """A downloaded worksheet; ``columns`` has the place of each column that is known by name."""

    headers: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    columns: Mapping[str, int]

    @classmethod
    def parse(cls, data: bytes, source: str) -> Worksheet:
        """The worksheet in ``data``, also where a spreadsheet has saved it with ``;``.

        Raises:
            InstructorError: where it is none; ``source`` says which file that is.
        """
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InstructorError(f"{source} is not UTF-8: download the worksheet again.") from error
        for delimiter in (",", ";"):
            table = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
            columns = _columns(table[0]) if table else {}
            if all(name in columns for name in NEEDED):
                return cls._checked(table, columns, source)
        raise InstructorError(
            f"{source} is no grading worksheet of Moodle in English or French: it must have the columns Identifier, "
            "Grade and Last modified (grade), or Identifiant, Note and Dernière modification (note). Download it "
            "from the assignment (Submissions > Download grading worksheet)."
        )

    @classmethod
    def _checked(cls, table: Sequence[Sequence[str]], columns: Mapping[str, int], source: str) -> Worksheet:
        if not any(name in columns for name in WHO):
            raise InstructorError(
                f"{source} names nobody: it has no column with an email address, ID number or username. Have Moodle "
                "show one (Site administration > Show user identity), or reveal the identities of the submissions."
            )
        for number, line in enumerate(table[1:], 2):
            if len(line) != len(table[0]):
                raise InstructorError(
                    f"{source}, line {number}: {quantity(len(line), 'cell')}, {quantity(len(table[0]), 'header')}."
                )
        return cls(tuple(table[0]), tuple(map(tuple, table[1:])), columns)

    def cell(self, line: Sequence[str], column: str) -> str:
        """Of a column that may be missing."""
        return line[self.columns[column]].strip() if column in self.columns else ""

    def filled(self, found: Iterable[Total]) -> Filled:
        """The grades of one assignment put in.

        The grade of a line without a student, and of a student who handed in nothing, stays as it was; that of a
        student who has no total yet is blank, and Moodle skips it.
        """
        found = list(found)
        students = self._matched(found)
        scale = self._scale(found)
        lines, over = [self.headers], []
        for line, total in zip(self.lines, students, strict=True):
            cells = list(line)
            if total is not None and total.submitted:
                points = _scaled(total.points, scale)
                cells[self.columns["grade"]] = self._number(points)
                if points is not None and points > (scale[0] if scale else total.max_points):
                    over.append(total.student)
            lines.append(tuple(cells))
        strangers = list(self._unmatched(found, students))
        advice = self._advice() if strangers else ""
        return Filled(tuple(lines), tuple(students), (*strangers, *_above(over)), scale, advice)

    def _matched(self, found: Iterable[Total]) -> list[Total | None]:
        """The student of each line; nobody where two could be meant, or where two lines mean the same."""
        known = _Known(found)
        students = [
            known.find(*(self.cell(line, name) for name in ("email", "number", "username")))
            for line in self.lines
        ]
        names = [total.student for total in students if total]
        return [total if total and names.count(total.student) == 1 else None for total in students]

    def _unmatched(self, found: Sequence[Total], students: Sequence[Total | None]) -> Iterator[str]:
        there = {total.student for total in students if total}
        for line, total in zip(self.lines, students, strict=True):
            if total is None:
                told = [self.cell(line, name) for name in ("identifier", "name", *WHO)]
                yield f"of the worksheet, no one student of the gradebook: {', '.join(filter(None, told))}"
        for total in found:
            if total.submitted and total.student not in there:
                email = f" ({total.email})" if total.email else ""
                yield f"of the gradebook, no one line of the worksheet: {total.student}{email}"

    def _advice(self) -> str:
        given = " or ".join(f"`{self.headers[self.columns[name]]}`" for name in WHO if name in self.columns)
        return (
            f"A line of the worksheet is matched by its {given}: an email address with the student's in the gradebook, "
            "anything else with the student's id there (the folder in submitted/) or lms_user_id. Write those in a "
            "file with columns id, email and lms_user_id, run `nbgrader db student import FILE`, then export again."
        )

    def _scale(self, found: Sequence[Total]) -> tuple[float, float] | None:
        """(maximum of the worksheet, of the assignment) where they are not the same."""
        most = {number for line in self.lines if (number := _number(self.cell(line, "maximum"))) is not None}
        if len(most) != 1 or not found:
            return None
        pair = (most.pop(), found[0].max_points)
        return pair if pair[0] != pair[1] and min(pair) > 0 else None

    def _number(self, points: float | None) -> str:
        """With the decimal sign of the worksheet's maximum grades."""
        if points is None:
            return ""
        comma = any("," in self.cell(line, "maximum") for line in self.lines)
        text = f"{points:.5f}".rstrip("0").rstrip(".")  # Moodle keeps five decimals
        return text.replace(".", ",") if comma else text


class _Known:
    """Students of the gradebook by what a worksheet may call them."""

    def __init__(self, found: Iterable[Total]) -> None:
        self.emails: dict[str, list[Total]] = {}
        self.ids: dict[str, list[Total]] = {}
        for total in found:
            for key in {_plain(total.email), _plain(total.student) if "@" in total.student else ""} - {""}:
                self.emails.setdefault(key, []).append(total)
            for key in {_plain(total.student), _plain(total.lms_user_id)} - {""}:
                self.ids.setdefault(key, []).append(total)

    def find(self, email: str, *ids: str) -> Total | None:
        """The first name that somebody goes by decides; None if two do."""
        for key, table in ((email, self.emails), *((key, self.ids) for key in ids)):
            if some := table.get(_plain(key)):
                return some[0] if len(some) == 1 else None
        return None


def _columns(headers: Sequence[str]) -> dict[str, int]:
    plain = [_plain(header) for header in headers]
    return {
        column: next(plain.index(name) for name in names if name in plain)
        for column, names in NAMES.items()
        if any(name in plain for name in names)
    }


def _plain(text: str) -> str:
    """Without case, and with the plain spaces and apostrophes that translations of Moodle vary in."""
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).casefold()


def _number(text: str) -> float | None:
    found = re.fullmatch(r"\d+(?:[.,]\d+)?", text)
    return float(text.replace(",", ".")) if found else None


def _scaled(points: float | None, scale: tuple[float, float] | None) -> float | None:
    return points if points is None or scale is None else points * scale[0] / scale[1]


def _above(students: Sequence[str]) -> Iterator[str]:
    if students:
        yield f"above the maximum, which Moodle skips: {', '.join(students)}"
