"""Grades in other programs' formats; each writer gets a stream and rows of ``gradebook.scores``."""

from __future__ import annotations

from autograder.exports.table import CsvExporter, wide_table, write_csv, write_wide_csv

__all__ = ["CsvExporter", "wide_table", "write_csv", "write_wide_csv"]
