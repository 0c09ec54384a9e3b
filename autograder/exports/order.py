"""What an instructor asks to have exported, and who or what a human must look at before it is handed on.

Everything is made in memory and written at the end: what is refused leaves no half of a file.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import ZipFile

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.exports.archive import write_archive
from autograder.exports.canvas import write_canvas
from autograder.exports.dialect import LOCALES, Dialect
from autograder.exports.moodle import write_moodle
from autograder.exports.table import wide_table, write_csv, write_wide_csv
from autograder.exports.total import Total, totals
from autograder.exports.verdicts import VerdictRow, verdict_rows, write_verdicts
from autograder.exports.workbook import write_workbook
from autograder.exports.worksheet import Filled, Worksheet
from autograder.gradebook import Row, nothing_graded
from autograder.quantity import quantity, some
from autograder.verdict import Grade

__all__ = ["FORMATS", "Delivery", "Order", "Remark", "fulfil"]

LISTED = 20  # students without a total that are named one by one
FORMATS = ("csv", "excel", "moodle", "canvas", "json")


@dataclass(frozen=True)
class Remark:
    """What to tell the instructor; ``urgent`` where a human must act before the grades are handed on."""

    text: str
    urgent: bool = True


@dataclass(frozen=True)
class Delivery:
    """What has been written: ``content`` counts it, for a sentence that names the file."""

    content: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Order:
    """An export.

    Attributes:
        assignments: at least one.
        form: one of FORMATS.
        output: the file; None for the screen.
        wide: a line a student (csv and json).
        tests: a line a test (csv and json).
        locale: one of LOCALES.
        worksheet: of Moodle, to fill in.
        feedback: the zip of feedback pages to write beside the worksheet.
        title: the assignment's column in Canvas.

    Raises:
        InstructorError: where that makes no sense.
    """

    assignments: tuple[str, ...]
    form: str = "csv"
    output: Path | None = None
    wide: bool = False
    tests: bool = False
    locale: str = "en"
    worksheet: Path | None = None
    feedback: Path | None = None
    title: str = ""
    dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialect", LOCALES[self.locale])
        for wrong, advice in self._contradictions():
            if wrong:
                raise InstructorError(advice)

    def _contradictions(self) -> Iterator[tuple[bool, str]]:
        table = self.form in ("csv", "json")
        one = len(self.assignments) == 1
        yield not self.assignments, "The gradebook knows no assignment yet. Run `autograder grade` first."
        yield self.wide and self.tests, "--wide has a line a student, --tests a line a test: choose one."
        yield (self.wide or self.tests) and not table, "--wide and --tests are for CSV and JSON."
        yield self.wide and not one, "--wide has a column an exercise: name one assignment."
        yield self.form == "excel" and self.output is None, "A workbook needs a file: -o grades.xlsx."
        yield self.worksheet is not None and self.form != "moodle", "--moodle-worksheet is --format moodle."
        yield self.worksheet is not None and not one, "A worksheet is of one assignment: name it."
        orphan = self.feedback is not None and self.worksheet is None
        yield orphan, "--feedback-zip needs --moodle-worksheet, which knows the participants' numbers."
        titled = bool(self.title) and not (self.form == "canvas" and one)
        yield titled, "--title is a column of Canvas: --format canvas and one assignment."
        for path in (self.output, self.feedback):
            yield _same(path, self.worksheet), f"{self.worksheet} is never overwritten: name another file."
        yield _same(self.output, self.feedback), "The worksheet and the feedback need two files."


def fulfil(
    order: Order,
    course: Course,
    rows: Sequence[Row],
    grades: Iterable[Grade],
    screen: Callable[[str], object],
) -> Delivery:
    """Writes what was ordered.

    Args:
        rows: of the order's assignments.
        grades: what the graders recorded of them; looked at for ``tests`` only.
        screen: shows text where there is no file.

    Raises:
        InstructorError: where there would be nothing in it but headers.
    """
    if not rows:
        raise nothing_graded(course, order.assignments)
    tested = _tested(order, course, rows, grades) if order.tests else []
    if order.worksheet is not None:
        return _worksheet(order, course, totals(rows), screen)
    if order.form == "excel":
        book = io.BytesIO()
        write_workbook(book, rows)
        assert order.output is not None
        order.output.write_bytes(book.getvalue())
    else:
        _put(order, _text(order, rows, tested), screen)
    given = sum(row.score is not None for row in rows)
    content = quantity(len(tested), "test") if order.tests else quantity(given, "score")
    return Delivery(content, tuple(_waiting(totals(rows))))


def _tested(order: Order, course: Course, rows: Sequence[Row], grades: Iterable[Grade]) -> list[VerdictRow]:
    tested = verdict_rows(grades, {row.student: row for row in rows})
    if not tested:
        names = ", ".join(order.assignments)
        advice = f"Run `autograder grade {order.assignments[0]}` first."
        raise InstructorError(f"No test of {names} is recorded in {course.state}. {advice}")
    return tested


def _text(order: Order, rows: Sequence[Row], tested: Sequence[VerdictRow]) -> str:
    if order.form == "json":
        return json.dumps(_plain(order, rows, tested), ensure_ascii=False, indent=1) + "\n"
    stream = io.StringIO(newline="")
    if order.form == "canvas":
        titles = {order.assignments[0]: order.title} if order.title else {}
        write_canvas(stream, totals(rows), titles, order.dialect)
    elif order.form == "moodle":
        write_moodle(stream, totals(rows), order.dialect)
    elif order.tests:
        write_verdicts(stream, tested, order.dialect)
    else:
        (write_wide_csv if order.wide else write_csv)(stream, rows, order.dialect)
    return stream.getvalue()


def _plain(order: Order, rows: Sequence[Row], tested: Sequence[VerdictRow]) -> list[Mapping[str, object]]:
    if order.wide:
        headers, lines = wide_table(rows)
        return [dict(zip(headers, line, strict=True)) for line in lines]
    return [asdict(row) for row in (tested if order.tests else rows)]


def _put(order: Order, text: str, screen: Callable[[str], object]) -> None:
    if order.output is None:
        screen(text)
    else:  # Excel takes a file without this mark for the encoding of its country
        order.output.write_bytes(text.encode("utf-8-sig" if order.form == "csv" else "utf-8"))


def _worksheet(
    order: Order, course: Course, found: Sequence[Total], screen: Callable[[str], object]
) -> Delivery:
    assert order.worksheet is not None
    worksheet = Worksheet.parse(order.worksheet.read_bytes(), str(order.worksheet))
    filled = worksheet.filled(found)
    stream = io.StringIO(newline="")
    filled.write(stream)
    _put(order, stream.getvalue(), screen)
    remarks = [*map(Remark, filled.remarks), *_waiting(found)]
    if filled.advice:
        remarks.append(Remark(filled.advice, False))
    if filled.scale:
        ours, theirs = filled.scale[1], filled.scale[0]
        remarks.append(
            Remark(f"grades out of {ours:g} are written out of {theirs:g}, the worksheet's maximum", False)
        )
    if order.feedback is not None:
        remarks += _feedback(order.feedback, course, order.assignments[0], worksheet, filled)
    content = f"grades on {filled.count} of {quantity(len(filled.students), 'line')}"
    return Delivery(content, tuple(remarks))


def _feedback(
    path: Path, course: Course, assignment: str, worksheet: Worksheet, filled: Filled
) -> Iterator[Remark]:
    def pages(student: str) -> list[Path]:
        return course.feedback_pages(assignment, student)

    archive = io.BytesIO()
    without = write_archive(archive, worksheet, filled, pages)
    if ZipFile(archive).namelist():
        path.write_bytes(archive.getvalue())
    else:  # Moodle would take an empty one, and say nothing
        yield Remark(f"{path} is not written: no line of the worksheet has a feedback page to put in it.")
    if without:
        yield Remark(
            f"no feedback page (`autograder feedback {assignment}` makes them): {', '.join(without)}"
        )


def _waiting(found: Iterable[Total]) -> Iterator[Remark]:
    waiting = [total for total in found if total.waiting]
    for total in waiting[:LISTED]:
        missing = some(total.waiting, 3)
        yield Remark(f"no total yet in {total.assignment}: {total.student} (no score in {missing})")
    if len(waiting) > LISTED:
        yield Remark(f"... and no total yet for {len(waiting) - LISTED} more: the lines without a score")


def _same(first: Path | None, second: Path | None) -> bool:
    """Also through links."""
    if first is None or second is None:
        return False
    if first.exists() and second.exists():
        return os.path.samefile(first, second)
    return first.resolve() == second.resolve()
