"""One small class, whole: the command line, nbgrader's own command, feedback and export agree."""

from __future__ import annotations

import csv
import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from tests.courses import answered, make_course, submit, write

SUITE = '''
import torch
from autograder.suite import points

SECRET = "jamais montré"


@points(1, "Des nombres")
def test_doubles_numbers(student):
    """Additionnez x à lui-même."""
    assert student.double(torch.tensor(21.0)) == 42, "Le double est faux."


@points(2, "Des tenseurs")
def test_doubles_tensors(student):
    """Un tenseur se multiplie aussi."""
    x = torch.randn(3)
    assert torch.equal(student.double(x), 2 * x), "Le double d'un tenseur est faux."
'''
WRONG = "def double(x):\n    import warnings\n    warnings.warn('attention')\n    return x * 0 + 42"


def run(course: Course, *command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    path = str(Path(sys.executable).parent / program)
    return subprocess.run([path, *arguments], cwd=course.root, capture_output=True, text=True, check=False)


def scores(course: Course) -> dict[tuple[str, str], str]:
    done = run(course, "autograder", "export", "tp1")
    found = {
        (row["student"], row["exercise"]): row["score"] for row in csv.DictReader(done.stdout.splitlines())
    }
    unread = {student for (student, _), score in found.items() if not score}  # an answer that nobody has read
    assert done.returncode == (1 if unread else 0), done.stderr
    assert {line for line in done.stderr.splitlines() if "warning" not in line} == {
        f"no total yet in tp1: {student} (no score in why)" for student in unread
    }
    return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course of two students, graded once by ``autograder grade``."""
    course = make_course(tmp_path_factory.mktemp("course"))
    write(course.hidden("tp1") / "test_double.py", SUITE)
    submit(course, "ana", answered())
    wrong = [dict(cell) for cell in answered()]
    next(c for c in wrong if c["metadata"].get("nbgrader", {}).get("grade_id") == "double-code")["source"] = (
        WRONG
    )
    submit(course, "bob", wrong)
    done = run(course, "autograder", "grade", "tp1", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    return course, json.loads(done.stdout)


def test_right_work_earns_all_and_wrong_work_its_share(graded):
    _, grades = graded
    outcomes = {
        (g["student"], v["test"]): v["outcome"] for g in grades for e in g["exercises"] for v in e["verdicts"]
    }
    assert outcomes["ana", "test_doubles_numbers"] == outcomes["ana", "test_doubles_tensors"] == "passed"
    assert outcomes["bob", "test_doubles_numbers"] == "passed"  # a warning on stderr costs nothing
    assert outcomes["bob", "test_doubles_tensors"] == "failed"


def test_the_gradebook_holds_the_same_scores(graded):
    course, _ = graded
    found = scores(course)
    assert (found["ana", "double"], found["ana", "triple"]) == ("3", "2")
    assert (found["bob", "double"], found["bob", "triple"]) == ("1", "2")


def test_nbgraders_own_command_gives_the_same_grades(graded):
    course, _ = graded
    before = scores(course)
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        for submission in gradebook.assignment_submissions("tp1"):
            for row in submission.notebooks[0].grades:
                row.auto_score = 0
        gradebook.db.commit()
    assert scores(course) != before
    for record in (course.state / "tp1").glob("*.json"):
        record.unlink()  # it must grade, not remember
    done = run(course, "nbgrader", "autograde", "tp1", "--force")
    assert done.returncode == 0, done.stderr[-3000:]
    assert scores(course) == before


def test_feedback_shows_titles_messages_and_hints_but_no_test_source(graded):
    course, _ = graded
    done = run(course, "autograder", "feedback", "tp1")
    assert done.returncode == 0, done.stderr
    page = html.unescape((course.feedback("tp1", "bob") / "tp1.html").read_text())
    for shown in ("Des tenseurs", "Le double d'un tenseur est faux.", "Un tenseur se multiplie aussi."):
        assert shown in page
    for secret in ("jamais montré", "torch.equal", "randn"):
        assert secret not in page


def test_grading_the_same_content_again_keeps_every_verdict(graded):
    course, grades = graded
    again = json.loads(run(course, "autograder", "grade", "tp1", "--json").stdout)
    for old, new in zip(grades, again, strict=True):
        assert [e["verdicts"] and [v["outcome"] for v in e["verdicts"]] for e in old["exercises"]] == [
            e["verdicts"] and [v["outcome"] for v in e["verdicts"]] for e in new["exercises"]
        ]
