"""JUnit XML, which GitLab, Jenkins, Azure and many actions read: a suite an exercise, a case a hidden test.

The format knows no points: they are properties. A failed test is a ``failure``; one that we could not grade is an
``error``.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from autograder.results.report import Part, Report, Test
from autograder.verdict import Outcome

CHILD = {Outcome.FAILED: "failure", Outcome.UNGRADED: "error"}


def junit(report: Report) -> str:
    """The document, as text to be written in UTF-8."""
    tests = [test for part in report.parts for test in part.tests]
    root = Element(
        "testsuites", {"name": report.assignment, **_counts(tests), "time": f"{report.seconds:.3f}"}
    )
    for part in report.parts:
        _suite(root, part)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _counts(tests: list[Test]) -> dict[str, str]:
    outcomes = [test.outcome for test in tests]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.FAILED)),
        "errors": str(outcomes.count(Outcome.UNGRADED)),
        "skipped": "0",
    }


def _suite(root: Element, part: Part) -> None:
    tests = list(part.tests)
    seconds = f"{sum(test.seconds for test in tests):.3f}"
    suite = SubElement(root, "testsuite", {"name": part.exercise, **_counts(tests), "time": seconds})
    score = {} if part.score is None else {"score": f"{part.score:.10g}"}
    _properties(suite, {"notebook": part.notebook, **score, "max-score": f"{part.max_score:.10g}"})
    for test in tests:
        _case(suite, part, test)
    if part.remarks:
        SubElement(suite, "system-out").text = "\n".join(part.remarks)


def _case(suite: Element, part: Part, test: Test) -> None:
    seconds = f"{test.seconds:.3f}"
    case = SubElement(suite, "testcase", classname=part.exercise, name=test.title, time=seconds)
    earned = {} if test.earned is None else {"score": f"{test.earned:.10g}"}
    gate = {"gate": "true"} if test.gate else {}
    _properties(case, {**earned, "max-score": f"{test.points:.10g}", **gate})
    if test.outcome in CHILD:
        child = SubElement(case, CHILD[test.outcome], message=test.message, type=test.outcome.value)
        child.text = "\n".join(test.told)


def _properties(parent: Element, values: dict[str, str]) -> None:
    properties = SubElement(parent, "properties")
    for name, value in values.items():
        SubElement(properties, "property", name=name, value=value)
