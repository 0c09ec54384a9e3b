"""What a student reads, in French.

``render`` turns one exercise's verdicts into a small table; ``gradebook`` puts it under the graded cell, so that
nbgrader's formgrader and feedback page show it. Only what is meant for the student goes in: title, weight, result,
message and hint. A test's source, its seed, a path or ``Verdict.detail`` never do, and all text is escaped.

``templates/feedback`` is the page itself, in the place of nbgrader's English one.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.pictures import from_dict, svg
from autograder.verdict import ExerciseGrade, Outcome, Verdict

__all__ = [
    "TEMPLATES",
    "failures",
    "french_number",
    "generate",
    "remarks",
    "render",
    "render_overview",
    "total_of",
    "without",
]

TEMPLATES = Path(__file__).resolve().parent / "templates"

_RESULT = {
    Outcome.PASSED: ("réussi", "#1a6b2f"),
    Outcome.FAILED: ("échoué", "#b02a1c"),
    Outcome.UNGRADED: ("non noté", "#6b5a00"),
}
_JINJA = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
_CODE = re.compile(r"`([^`\n]+)`")
_JINJA.filters["code"] = lambda text: Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


@dataclass(frozen=True)
class _Line:
    title: str
    weight: str
    result: str
    colour: str
    message: str
    diagnosis: str
    hint: str
    picture: Markup


def french_number(value: float) -> str:
    """``value`` with at most two decimals and a decimal comma."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def render(exercise: ExerciseGrade) -> tuple[str, str]:
    """The table of an exercise, as HTML and as plain text."""
    total, lines = total_of(exercise), [_line(v) for v in exercise.verdicts]
    remarked = list(remarks(exercise))
    html = _JINJA.get_template("verdicts.html.j2").render(
        exercise=exercise.exercise, total=total, lines=lines, remarks=remarked
    )
    plain = [f"{exercise.exercise} : {total}"]
    for line in lines:
        plain.append(f"- {line.title} : {line.result}")
        plain += [f"  {line.message}"] if line.message else []
        plain += [f"  Diagnostic : {line.diagnosis}"] if line.diagnosis else []
        plain += [f"  Piste : {line.hint}"] if line.hint else []
    return html, "\n".join([*plain, *remarked])


MOST_NAMED = 3  # exercises, in one line
REMARK = "La note sera décidée par d'autres tests, sur d'autres données."


def render_overview(exercises: Sequence[ExerciseGrade]) -> tuple[str, str]:
    """One line an exercise, as HTML and as plain text: what public tests see."""
    lines = [_overview_line(exercise) for exercise in exercises]
    total = _total_of_all(exercises)
    html = _JINJA.get_template("overview.html.j2").render(total=total, lines=lines, remark=REMARK)
    width = max((len(line["exercise"]) for line in lines), default=0)
    plain = [f"- {line['exercise']:{width}} : {line['points']}  {line['result']}".rstrip() for line in lines]
    return html, "\n".join([f"Tests publics : {total}", *plain, REMARK])


def _total_of_all(exercises: Sequence[ExerciseGrade]) -> str:
    """What is earned of all points; what could not be graded is named, since it is no zero."""
    scores = [exercise.score for exercise in exercises if exercise.score is not None]
    if exercises and not scores:
        return "non noté"
    total = f"{french_number(sum(scores))} / {french_number(sum(e.max_points for e in exercises))}"
    lacking = without([exercise.exercise for exercise in exercises if exercise.score is None])
    return f"{total}, {lacking}" if lacking else total


def without(names: Sequence[str]) -> str:
    """What stands behind a total that lacks the scores of ``names``; empty if there are none."""
    if not names:
        return ""
    if len(names) > MOST_NAMED:
        return f"{len(names)} notes manquent encore"
    *others, last = names
    listed = f"{', '.join(others)} et {last}" if others else last
    return f"sans {listed}, non noté{'s' if others else ''}"


def _overview_line(exercise: ExerciseGrade) -> dict[str, str]:
    failed = [v for v in exercise.verdicts if v.outcome is not Outcome.PASSED]
    todo = any(verdict.message.startswith("À compléter") for verdict in failed)
    result = "réussi" if not failed else "à compléter" if todo else failed[0].title or failed[0].test
    _, colour = _RESULT[failed[0].outcome if failed else Outcome.PASSED]
    return {"exercise": exercise.exercise, "points": total_of(exercise), "result": result, "colour": colour}


def failures(exercise: ExerciseGrade) -> str:
    """The failed tests in one line; empty if there is none."""
    failed = [v.title or v.test for v in exercise.verdicts if v.outcome is Outcome.FAILED]
    return f"Épreuves échouées : {' ; '.join(failed)}." if failed else ""


def total_of(exercise: ExerciseGrade) -> str:
    """Points earned and possible, as a student reads them."""
    most = french_number(exercise.max_points)
    if exercise.score is None:
        return f"non noté (sur {most})"
    return f"{french_number(exercise.score)} / {most}"


def _line(verdict: Verdict) -> _Line:
    result, colour = _RESULT[verdict.outcome]
    failed = verdict.outcome is Outcome.FAILED
    return _Line(
        verdict.title or verdict.test,
        "éliminatoire" if verdict.gate else french_number(verdict.points),
        result,
        colour,
        verdict.message if failed else "",
        verdict.diagnosis if failed else "",
        verdict.hint if failed else "",
        _drawn(verdict) if failed else Markup(""),
    )


def _drawn(verdict: Verdict) -> Markup:
    """What the check measured; nothing where that cannot be drawn, since the words say it too."""
    if not verdict.picture:
        return Markup("")
    try:
        return Markup(svg(from_dict(verdict.picture)))
    except (ValueError, TypeError, ArithmeticError):
        return Markup("")


def remarks(exercise: ExerciseGrade) -> Iterator[str]:
    """What a student must know of an exercise's points besides its tests."""
    if exercise.score is None:
        yield "Cet exercice n'a pas pu être noté automatiquement : un correcteur le relira."
    if exercise.void:
        yield "Une épreuve éliminatoire a échoué : l'exercice ne rapporte aucun point."
    if exercise.decided_inside:
        yield "Cette note a été calculée dans le notebook lui-même, sans tests séparés."


def generate(course: Course, assignment: str) -> tuple[Path, ...]:
    """Writes the feedback pages of all autograded submissions and returns their paths.

    Raises:
        InstructorError: where there is none; where nbgrader could not write one, with its log: the others are written.
    """
    source = course.load_source(assignment)
    students = _autograded(course, assignment)
    if not students:
        raise InstructorError(
            f"There is nothing to write feedback of: {course.root / 'autograded'} holds no graded submission of "
            f"{assignment}. Run `autograder grade {assignment}` first."
        )
    from nbgrader.apps.api import NbGraderAPI  # here, since a student's machine has no nbgrader

    api = NbGraderAPI(config=course.nbgrader_config())
    # nbgrader copies what lies beside the notebook: a student's folder tp1.html would stand in the page's place.
    pages = [f"{glob.escape(notebook.name)}.html" for notebook in source.notebooks]
    api.coursedir.ignore = [*api.coursedir.ignore, *pages]
    result = api.generate_feedback(assignment, force=True)
    if not result["success"]:
        raise InstructorError(
            f"nbgrader could not write all of the feedback for {assignment}. "
            f"Grade the assignment again, then repeat.\n{result.get('log', '')}{result.get('error', '')}"
        )
    return tuple(page for student in students for page in course.feedback_pages(assignment, student))


def _autograded(course: Course, assignment: str) -> list[str]:
    """Students of whom a page can be made; of others an earlier one may be left."""
    folders = sorted((course.root / "autograded").glob("*"))
    return [folder.name for folder in folders if course.autograded_notebooks(assignment, folder.name)]
