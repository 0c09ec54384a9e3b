"""The report of an assignment as a file of the course."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from autograder.course import Course
from autograder.gradebook import nothing_graded, scores
from autograder.report.overview import Overview
from autograder.report.page import render
from autograder.schedule import stored

__all__ = ["write_report"]


def write_report(course: Course, assignment: str, output: Path, when: datetime) -> Overview:
    """Writes the page; its links to feedback pages hold while both stay where they are.

    Raises:
        InstructorError: where the gradebook does not know the assignment, or no submission of it.
    """
    rows = scores(course, assignment)
    if not any(row.submitted for row in rows):
        raise nothing_graded(course, [assignment])
    records = (stored(course, assignment, student) for student in course.students(assignment))
    grades = [record.grade for record in records if record]
    people = dict.fromkeys(row.student for row in rows)
    overview = Overview.of(assignment, rows, grades, _pages(course, assignment, list(people), output))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(render(overview, when), encoding="utf-8")
    return overview


def _pages(course: Course, assignment: str, students: list[str], output: Path) -> dict[str, str]:
    """Addresses of the feedback pages, as seen from the report."""
    pages = {}
    for student in students:
        for page in course.feedback_pages(assignment, student)[:1]:
            pages[student] = quote(Path(os.path.relpath(page, output.resolve().parent)).as_posix())
    return pages
