"""A summary in Markdown, in French: what GitHub shows under a run and GitLab under a merge request.

Titles and messages hold names that a student chose. Every character that could begin markup, a link, a mention or a
formula is written as an entity, which CommonMark never takes for structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.feedback import french_number
from autograder.results.report import Part, Report, Test
from autograder.verdict import Outcome

RESULT = {Outcome.PASSED: "réussi", Outcome.FAILED: "échoué", Outcome.UNGRADED: "non noté"}

_MARKUP = re.compile(r"[\\`*_~\[\]<>&|#@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_NAME = re.compile(r"&#96;([^\n]+?)&#96;")  # messages put names between backticks


def summary(report: Report) -> str:
    """The summary of a submission."""
    return "\n".join([*_table(report), *(line for part in report.parts for line in _failures(part))]) + "\n"


def escape(text: str) -> str:
    """``text`` so that Markdown shows it as it stands, in one line."""
    plain = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)
    named = _NAME.sub(r"<code>\1</code>", plain)
    return "<br>".join(line.strip() for line in named.split("\n"))


def _table(report: Report) -> Iterator[str]:
    yield f"## {escape(report.assignment)} : {_points(report.score, report.max_score)}"
    yield ""
    if report.ungraded:
        names = ", ".join(escape(name) for name in report.ungraded)
        yield f"Sans note pour l'instant, un correcteur relira : {names}."
        yield ""
    yield "| Exercice | Points | Résultat | Épreuves réussies |"
    yield "|---|---:|---|---:|"
    for part in report.parts:
        passed = sum(test.outcome is Outcome.PASSED for test in part.tests)
        points = _points(part.score, part.max_score)
        cells = (escape(part.exercise), points, RESULT[part.outcome], f"{passed} / {len(part.tests)}")
        yield f"| {' | '.join(cells)} |"


def _failures(part: Part) -> Iterator[str]:
    tests = [test for test in part.tests if test.outcome is not Outcome.PASSED]
    if not tests and not part.remarks:
        return
    yield ""
    yield f"### {escape(part.exercise)} : {_points(part.score, part.max_score)}"
    yield ""
    for test in tests:
        yield from _item(test)
    if part.remarks:
        yield from ([""] if tests else [])
        yield "<br>".join(escape(remark) for remark in part.remarks)


def _item(test: Test) -> Iterator[str]:
    gate = " (éliminatoire)" if test.gate else ""
    yield f"- **{escape(test.title)}**{gate} : {escape(test.message)}"
    if test.diagnosis:
        yield f"  - Diagnostic : {escape(test.diagnosis)}"
    if test.hint:
        yield f"  - Piste : {escape(test.hint)}"


def _points(score: float | None, most: float) -> str:
    if score is None:
        return f"non noté (sur {french_number(most)})"
    return f"{french_number(score)} / {french_number(most)}"
