"""The results of one submission: golden files, what each format demands, and what must never be in them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from autograder.results import VARIABLES, Report, Unfinished, classroom, gradescope, junit, plain, summary
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict

GOLDEN = Path(__file__).parent / "golden/results"
WHEN = datetime(2026, 11, 25, 20, 4, 5, tzinfo=timezone(timedelta(hours=1)))
ENVIRONMENT = {
    "CLASSROOM": "Météo « 2026 »",
    "ASSIGNMENT": "tp2",
    "SUBMISSION_TAG": "submit/2026-11-25T19-04-05Z",
    "COMMIT_URL": "https://example.org/eleve/tp2/commit/abc",
    "RELEASE_URL": "https://example.org/eleve/tp2/releases/tag/submit",
}
SECRETS = ("424242", "def test_", "assert ", "/course/tests", "Traceback", "5eed", "d" * 64, "k" * 64)


def verdict(test, title, outcome=Outcome.PASSED, points=1.0, **fields):
    detail = "Traceback: /course/tests/hidden/tp2/test_x.py:3: assert student.x == 424242"
    return Verdict(test, title, outcome, points, seed=424242, seconds=0.25, detail=detail, **fields)


SOFTMAX = ExerciseGrade(
    "softmax",
    "tp2",
    4,
    (
        verdict("test_sum", "Somme égale à 1", points=2),
        verdict(
            *("test_large", "De grands logits", Outcome.FAILED, 1),
            message='Softmax, de forme (1, 2), contient des "NaN" : 2 < 3 & `l\'élève` écrit | **x**.\n2e ligne',
            diagnosis="Le maximum n'est pas retranché.",
            hint="exp(1000) déborde : que faire d'<un> décalage ?",
        ),
        verdict("test_again", "De grands logits"),
    ),
)
GATED = ExerciseGrade(
    "conv-2d",
    "tp2",
    3,
    (
        verdict("test_forward", "Passe avant", points=3),
        verdict("test_own", "Sans torch.nn", Outcome.FAILED, 0, message="Appel interdit.", gate=True),
    ),
)
HOSTILE = ExerciseGrade(
    "xor",
    "tp2",
    2,
    (
        verdict(
            *("test_name", "Un nom", Outcome.FAILED),
            message="`\x1b[31m\ud800\x00\u202e<script>alert(1)</script> ]]> &amp; "
            "![x](http://x.org/p) @prof www.x.org` $x$",
        ),
        verdict("test_else", "Autre chose"),
    ),
)
INSIDE = ExerciseGrade("moyenne", "tp2", 1, (verdict("cell", "Cellule"),), decided_inside=True)
OURS = ExerciseGrade(
    "rnn",
    "tp2",
    5,
    (
        verdict("test_state", "État caché"),
        verdict("test_gpu", "Sur la carte", Outcome.UNGRADED, message="assert 424242"),
    ),
)
EMPTY = ExerciseGrade("lstm", "tp2", 1.5)


def report_of(*exercises):
    grade = Grade("tp2", "Zoé O'Hara", "d" * 64, "k" * 64, "5eed", exercises, ("our problem",), 12.5)
    return Report.of(grade)


GRADED = report_of(SOFTMAX, GATED, HOSTILE, INSIDE)
PARTLY = report_of(SOFTMAX, OURS, EMPTY)


def hosted(report):
    return classroom(report, ENVIRONMENT, WHEN)


FILES = [
    ("graded.junit.xml", junit, GRADED),
    ("partly.junit.xml", junit, PARTLY),
    ("graded.json", plain, GRADED),
    ("partly.json", plain, PARTLY),
    ("graded.md", summary, GRADED),
    ("partly.md", summary, PARTLY),
    ("graded.gradescope.json", gradescope, GRADED),
    ("graded.classroom.json", hosted, GRADED),
]


@pytest.mark.parametrize(("name", "write", "report"), FILES, ids=[name for name, *_ in FILES])
def test_golden_file(name, write, report):
    """To make them again after a wanted change: write what ``write(report)`` gives, and read the diff."""
    assert write(report) == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "write", "report"), FILES, ids=[name for name, *_ in FILES])
def test_nothing_of_a_suite_gets_in(name, write, report):
    text = write(report)
    assert [secret for secret in SECRETS if secret in text] == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    assert "softmax" in text and "De grands logits" in text


@pytest.mark.parametrize("write", [gradescope, hosted])
def test_a_format_that_needs_a_total_refuses_what_is_ungraded(write):
    with pytest.raises(Unfinished, match="rnn, lstm"):
        write(PARTLY)


# --- JUnit ----------------------------------------------------------------------------------------------------

ATTRIBUTES = {  # what the readers of the format know
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out"},
    "testcase": {"properties", "failure", "error"},
    "properties": {"property"},
}


@pytest.mark.parametrize("report", [GRADED, PARTLY])
def test_junit_is_what_its_readers_know_and_its_counts_are_true(report):
    root = ElementTree.fromstring(junit(report).encode("utf-8"))
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        if element.tag in ("testsuites", "testsuite"):
            for tag, attribute in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
                assert int(element.get(attribute)) == len(list(element.iter(tag)))
    names = Counter((case.get("classname"), case.get("name")) for case in root.iter("testcase"))
    assert max(names.values()) == 1
    assert [suite.get("name") for suite in root] == [part.exercise for part in report.parts]


def test_junit_carries_points_as_properties_and_texts_as_they_are():
    root = ElementTree.fromstring(junit(GRADED))
    (softmax, *_) = root
    values = {p.get("name"): p.get("value") for p in softmax.find("properties")}
    assert values == {"notebook": "tp2", "score": "3", "max-score": "4"}
    (failure,) = softmax.iter("failure")
    assert failure.get("message") == SOFTMAX.verdicts[1].message
    assert failure.text.endswith("Piste : exp(1000) déborde : que faire d'<un> décalage ?")


def test_what_no_test_says_is_still_an_error():
    root = ElementTree.fromstring(junit(PARTLY))
    assert [(e.get("message")[:17]) for e in root[2].iter("error")] == ["Cette épreuve n'a"]
    assert "score" not in {p.get("name") for p in root[2].find("properties")}


# --- Markdown -------------------------------------------------------------------------------------------------


def rendered(text):
    from nbconvert.filters import markdown2html

    return markdown2html(text)


def test_no_markup_of_a_student_survives_in_the_summary():
    page = rendered(summary(GRADED))
    assert "<script" not in page and "<img" not in page
    assert re.findall(r'<a (?!class="anchor-link")', page) == []  # nbconvert's own, at headings
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "![x](http://x.org/p) @prof www.x.org" in page
    assert "$x$" not in summary(GRADED)


def test_the_summary_shows_texts_as_they_are_in_lists_and_a_table():
    page = rendered(summary(GRADED))
    assert page.count("<table") == 1 and page.count("<tr>") == 1 + len(GRADED.parts)
    assert "2 &lt; 3 &amp; <code>l'élève</code> écrit | **x**.<br>2e ligne" in page
    assert "<li>Diagnostic : Le maximum n'est pas retranché.</li>" in page
    assert "<strong>De grands logits</strong>" in page


# --- Gradescope and Classroom 50 ------------------------------------------------------------------------------

FORMATS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
NUMBER = {"type": "number", "minimum": 0}
TEXT = {"type": "string"}
GRADESCOPE = {
    "type": "object",
    "required": ["score", "tests"],
    "additionalProperties": False,
    "properties": {
        "score": NUMBER,
        "execution_time": NUMBER,
        "output": TEXT,
        "output_format": FORMATS,
        "test_output_format": FORMATS,
        "test_name_format": FORMATS,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "score", "max_score", "status"],
                "properties": {
                    "number": TEXT,
                    "name": TEXT,
                    "score": NUMBER,
                    "max_score": NUMBER,
                    "status": {"enum": ["passed", "failed"]},
                    "output": TEXT,
                    "tags": {"type": "array", "items": TEXT},
                },
            },
        },
    },
}
WHOLE = {"type": "integer", "minimum": 0}
FILLED = {"type": "string", "minLength": 1}
CLASSROOM = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "schema",
        "classroom",
        "assignment",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "score",
        "max-score",
        "tests",
    ],
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(("classroom", "assignment", "commit", "release", "review"), FILLED),
        "submission": {"type": "string", "pattern": "^submit/"},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": WHOLE,
        "max-score": WHOLE,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["test-name", "passed", "score", "max-score"],
                "properties": {
                    "test-name": FILLED,
                    "passed": {"type": "boolean"},
                    "score": WHOLE,
                    "max-score": WHOLE,
                },
            },
        },
    },
}
SCHEMAS = [(gradescope, GRADESCOPE, "max_score", 1), (hosted, CLASSROOM, "max-score", 100)]


@pytest.mark.parametrize(("write", "schema", "most", "unit"), SCHEMAS, ids=["gradescope", "classroom"])
def test_a_platform_gets_what_it_demands_and_the_points_add_up(write, schema, most, unit):
    data = json.loads(write(GRADED))
    jsonschema.validate(data, schema)
    assert math.isclose(data["score"], unit * GRADED.score) and GRADED.score == 5
    assert math.isclose(sum(test["score"] for test in data["tests"]), data["score"])
    assert math.isclose(sum(test[most] for test in data["tests"]), unit * GRADED.max_score)
    names = [test.get("name") or test["test-name"] for test in data["tests"]]
    assert len(set(names)) == len(names) and "softmax : De grands logits (2)" in names


def test_a_gate_that_failed_voids_what_was_passed():
    tests = json.loads(gradescope(report_of(GATED)))["tests"]
    assert [(test["score"], test["max_score"], test["status"]) for test in tests] == [
        (0, 3, "passed"),
        (0, 0, "failed"),
    ]
    assert "éliminatoire" in tests[0]["output"]


def test_thirds_add_up_to_whole_points():
    thirds = ExerciseGrade("tiers", "tp2", 1, tuple(verdict(f"test_{i}", f"Tiers {i}") for i in range(3)))
    data = json.loads(hosted(report_of(*[replace(thirds, exercise=f"tiers-{i}") for i in range(20)])))
    assert data["score"] == data["max-score"] == 2000
    assert {test["max-score"] for test in data["tests"]} == {33, 34}


def test_the_review_is_the_commit_unless_the_runner_says_otherwise():
    assert set(VARIABLES) == set(ENVIRONMENT)
    url = "https://example.org/review/7"
    assert json.loads(hosted(GRADED))["review"] == ENVIRONMENT["COMMIT_URL"]
    assert json.loads(classroom(GRADED, {**ENVIRONMENT, "REVIEW_URL": url}, WHEN))["review"] == url
