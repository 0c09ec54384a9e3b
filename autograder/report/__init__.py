"""One page on a class for its instructor."""

from __future__ import annotations

from autograder.report.overview import Overview, Student
from autograder.report.page import render
from autograder.report.writer import write_report

__all__ = ["Overview", "Student", "render", "write_report"]
