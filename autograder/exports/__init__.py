"""Grades in other programs' formats; each writer gets a stream and rows of ``gradebook.scores`` or their ``totals``."""

from __future__ import annotations

from autograder.exports.archive import write_archive
from autograder.exports.canvas import write_canvas
from autograder.exports.dialect import LOCALES, PLAIN, Dialect
from autograder.exports.moodle import write_moodle
from autograder.exports.order import Delivery, Order, Remark, fulfil
from autograder.exports.plugin import CanvasExporter, CsvExporter, ExcelExporter, MoodleExporter
from autograder.exports.table import wide_table, write_csv, write_wide_csv
from autograder.exports.total import Total, totals
from autograder.exports.verdicts import VerdictRow, verdict_rows, write_verdicts
from autograder.exports.workbook import write_workbook
from autograder.exports.worksheet import Filled, Worksheet

__all__ = [
    "LOCALES",
    "PLAIN",
    "CanvasExporter",
    "CsvExporter",
    "Delivery",
    "Dialect",
    "ExcelExporter",
    "Filled",
    "MoodleExporter",
    "Order",
    "Remark",
    "Total",
    "VerdictRow",
    "Worksheet",
    "fulfil",
    "totals",
    "verdict_rows",
    "wide_table",
    "write_archive",
    "write_canvas",
    "write_csv",
    "write_moodle",
    "write_verdicts",
    "write_wide_csv",
    "write_workbook",
]
