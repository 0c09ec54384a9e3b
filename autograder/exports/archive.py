"""Feedback pages as the zip that Moodle hands out to the students (Upload multiple feedback files in a zip).

A folder a participant, ``<name>_<participant's number>_assignfeedback_file_``, as Moodle's own downloads have them.
Moodle reads the number and splits at underscores, so a name must hold none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from autograder.exports.worksheet import Filled, Worksheet

__all__ = ["write_archive"]

KIND = "assignfeedback_file_"


def write_archive(
    stream: BinaryIO, worksheet: Worksheet, filled: Filled, pages: Callable[[str], Sequence[Path]]
) -> list[str]:
    """Writes the pages of all students that the worksheet names; returns those who have none.

    Args:
        pages: feedback pages of a student, by id.
    """
    without = []
    with ZipFile(stream, "w", ZIP_DEFLATED, strict_timestamps=False) as archive:
        for line, total in zip(worksheet.lines, filled.students, strict=True):
            if total is None or not total.submitted:
                continue
            folder, own = _folder(worksheet, line), pages(total.student)
            if not folder or not own:
                without.append(total.student)
                continue
            for page in own:
                archive.write(page, f"{folder}/{page.name}")
    return without


def _folder(worksheet: Worksheet, line: Sequence[str]) -> str:
    """Empty where the line has no participant's number."""
    number = re.search(r"\d+$", worksheet.cell(line, "identifier"))
    name = re.sub(r"[\x00-\x1f\x7f_/\\:*?\"<>|]+", " ", worksheet.cell(line, "name")).strip(" .") or "student"
    return f"{name}_{number[0]}_{KIND}" if number else ""
