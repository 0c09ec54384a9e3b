"""Who of a graded class can have no feedback page, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autograder.course import Course, Source
from autograder.gradebook import unconvertible

__all__ = ["pageless"]


def pageless(course: Course, assignment: str, graded: Iterable[str]) -> Mapping[str, list[str]]:
    """Students among ``graded`` without an autograded notebook, of which a page would be made, by why that is so."""
    source = course.load_source(assignment)
    found: dict[str, list[str]] = {}
    for student in graded:
        if not course.autograded_notebooks(assignment, student):
            found.setdefault(_why(course, source, student), []).append(student)
    return found


def _why(course: Course, source: Source, student: str) -> str:
    assignment = source.assignment
    why = unconvertible(course.submitted(assignment, student), student, source).strip()
    if why:
        told = f"{why} Then run `autograder grade {assignment}`."
    else:
        told = (
            f"there is no autograded notebook in {course.root / 'autograded'}. `autograder grade {assignment}` makes "
            f"it; where it does not, `nbgrader autograde {assignment} --force` says why."
        )
    stale = [str(page) for page in course.feedback_pages(assignment, student)]
    return f"{told} Of an earlier submission, not to be handed out: {', '.join(stale)}." if stale else told
