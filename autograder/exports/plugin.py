"""The formats as nbgrader's own export plugins, for ``nbgrader export --exporter=autograder.exports.ExcelExporter``.

``--to``, ``--student`` and ``--assignment`` are nbgrader's; the options here are set as ``--CsvExporter.wide=True``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Enum, Unicode

from autograder.errors import InstructorError
from autograder.exports.canvas import write_canvas
from autograder.exports.dialect import LOCALES, Dialect
from autograder.exports.moodle import write_moodle
from autograder.exports.table import write_csv, write_wide_csv
from autograder.exports.total import Total, totals
from autograder.exports.workbook import write_workbook
from autograder.exports.worksheet import Worksheet
from autograder.gradebook import Row, read_scores

__all__ = ["CanvasExporter", "CsvExporter", "ExcelExporter", "MoodleExporter"]


class _Exporter(ExportPlugin):  # type: ignore[misc]
    locale = Enum(
        sorted(LOCALES), "en", help="fr: cells parted by semicolons, numbers with a decimal comma."
    ).tag(config=True)

    @property
    def dialect(self) -> Dialect:
        return LOCALES[self.locale]

    def rows(self, gradebook: Any) -> list[Row]:
        """Of the assignments and students that were asked for; of all by default."""
        names = [str(name) for name in self.assignment] or sorted(a.name for a in gradebook.assignments)
        students = {str(student) for student in self.student}
        rows = [row for name in names for row in read_scores(gradebook, name)]
        return [row for row in rows if not students or row.student in students]

    def told(self, rows: Sequence[Row]) -> list[Total]:
        """The totals; who has none yet is told."""
        found = totals(rows)
        for total in found:
            if total.waiting:
                self.log.warning("%s: no total yet for %s", total.assignment, total.student)
        return found


class CsvExporter(_Exporter):
    """A line a student and exercise, or a line a student."""

    wide = Bool(False, help="One line a student instead of one a student and exercise.").tag(config=True)

    def export(self, gradebook: Any) -> None:
        rows = self.rows(gradebook)
        self.told(rows)
        with Path(self.to or "grades.csv").open("w", encoding="utf-8", newline="") as stream:
            (write_wide_csv if self.wide else write_csv)(stream, rows, self.dialect)


class ExcelExporter(_Exporter):
    """A workbook with a sheet an assignment."""

    def export(self, gradebook: Any) -> None:
        rows = self.rows(gradebook)
        self.told(rows)
        with Path(self.to or "grades.xlsx").open("wb") as stream:
            write_workbook(stream, rows)


class CanvasExporter(_Exporter):
    """What Canvas imports in its gradebook."""

    def export(self, gradebook: Any) -> None:
        found = self.told(self.rows(gradebook))
        with Path(self.to or "canvas.csv").open("w", encoding="utf-8", newline="") as stream:
            write_canvas(stream, found, dialect=self.dialect)


class MoodleExporter(_Exporter):
    """What Moodle imports in its gradebook, or a grading worksheet of one assignment, filled in."""

    worksheet = Unicode("", help="The downloaded grading worksheet to fill in.").tag(config=True)

    def export(self, gradebook: Any) -> None:
        found = self.told(self.rows(gradebook))
        target, source = Path(self.to or "moodle.csv"), Path(self.worksheet)
        if not self.worksheet:
            with target.open("w", encoding="utf-8", newline="") as stream:
                write_moodle(stream, found, self.dialect)
            return
        if len({total.assignment for total in found}) != 1:
            raise InstructorError("A worksheet is of one assignment: name it with --assignment.")
        if target.resolve() == source.resolve():
            raise InstructorError(f"{source} is never overwritten: name another file with --to.")
        filled = Worksheet.parse(source.read_bytes(), str(source)).filled(found)
        for remark in filled.remarks:
            self.log.warning(remark)
        if filled.advice:
            self.log.warning(filled.advice)
        with target.open("w", encoding="utf-8", newline="") as stream:
            filled.write(stream)
