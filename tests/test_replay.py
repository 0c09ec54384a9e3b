from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import Course
from autograder.replay import Pair
from autograder.schedule import record_path, stored
from autograder.verdict import Outcome, Verdict
from tests.courses import cell, graded, make_course, notebook, solution, submit, write
from tests.levels import confined

SUITE = """
import random
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    x = random.random()
    assert student.double(x) == 2 * x, f"ce n'est pas le double du {int(10**6 * x)}e nombre"

@points(1, "Une constante")
def test_seven(student):
    assert student.seven == 7
"""
ANSWER = "def double(x):\n    return 3 * x\nseven = 7"
SOURCE = [
    cell("import math"),
    solution("### BEGIN SOLUTION\n### END SOLUTION", "double_solution"),
    graded('check("double")', "double", 3),
]


def run(course, *arguments):
    return CliRunner().invoke(main, [*arguments, "--course", str(course.root)])


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A course in which ada's submission has been graded."""
    course = make_course(tmp_path_factory.mktemp("replay") / "course", SOURCE, ())
    write(course.hidden("tp1") / "test_double.py", SUITE)
    submit(course, "ada", [SOURCE[0], solution(ANSWER, "double_solution"), SOURCE[2]])
    done = run(course, "grade", "tp1", "--workers", "1")
    assert done.exit_code == 0, done.stderr
    return course


@pytest.fixture
def course(original, tmp_path):
    """A copy of it that a test may change."""
    shutil.copytree(original.root, tmp_path / "course")
    return Course(tmp_path / "course")


@confined
def test_a_replay_asks_the_same_and_keeps_nothing(course):
    before = record_path(course, "tp1", "ada").read_bytes()
    found = run(course, "replay", "ada/tp1", "--json")
    assert found.exit_code == 0, found.stderr
    data = json.loads(found.stdout)
    grade = stored(course, "tp1", "ada").grade
    assert (data["same"], data["warnings"], data["seed"]) == (True, [], grade.seed)
    assert [test["test"] for test in data["tests"]] == ["test_double", "test_seven"]
    double = data["tests"][0]
    assert (
        double["recorded"]["message"] == double["now"]["message"] != ""
    )  # the message holds a number that was drawn
    assert record_path(course, "tp1", "ada").read_bytes() == before


@confined
def test_another_verdict_ends_a_replay_with_1_and_is_shown(course):
    path = record_path(course, "tp1", "ada")
    path.write_text(path.read_text().replace('"failed"', '"passed"'))
    found = run(course, "replay", str(path))
    assert found.exit_code == 1 and "The verdict is not the same." in found.stdout
    row = next(line for line in found.stdout.splitlines() if "test_double" in line)
    assert row.index("passed") < row.index("failed")
    one = run(course, "replay", "ada/tp1", "--test", "test_seven")
    assert one.exit_code == 0 and "test_double" not in one.stdout


@confined
def test_what_is_no_longer_as_it_was_recorded_is_a_warning(course):
    path = record_path(course, "tp1", "ada")
    data = json.loads(path.read_text())
    write(course.hidden("tp1") / "test_double.py", SUITE + "\n# changed\n")
    changed = run(course, "replay", "ada/tp1")
    assert changed.exit_code == 0 and "warning: the source notebook, the suites" in changed.stderr
    data["grade"]["versions"]["torch"] = "1.0.0"
    path.write_text(json.dumps(data))
    submitted = course.submitted("tp1", "ada") / "tp1.ipynb"
    submitted.write_text(submitted.read_text().replace("3 * x", "2 * x"))
    other = run(course, "replay", "ada/tp1")
    assert other.exit_code == 1
    assert "the submission has changed since it was graded" in other.stderr and "was 1.0.0" in other.stderr


@confined
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("eve/tp1",), "There is no record `eve/tp1`"),
        (("ada",), "expected STUDENT/ASSIGNMENT"),
        (("ada/tp1", "--test", "test_sevn"), "Did you mean `test_seven`?"),
    ],
)
def test_wrong_use_ends_with_one_clear_line_and_code_2(original, arguments, text):
    found = run(original, "replay", *arguments)
    assert found.exit_code == 2 and text in found.stderr and len(found.stderr.strip().splitlines()) == 1


@confined
def test_a_replay_needs_the_submission_and_a_file_that_is_a_record(course, tmp_path):
    other = write(tmp_path / "tp1.json", notebook(SOURCE))
    assert "is not the record of a grade" in run(course, "replay", str(other)).stderr
    shutil.rmtree(course.submitted("tp1", "ada"))
    found = run(course, "replay", "ada/tp1")
    assert found.exit_code == 2 and "The submission is not there any more" in found.stderr


def test_a_test_is_the_same_if_its_outcome_and_its_weight_are():
    failed = Verdict("a", "", Outcome.FAILED, 1, message="une erreur de 0,3")
    other = Verdict("a", "", Outcome.FAILED, 1, message="une erreur de 0,4", seconds=2.0)
    assert Pair("e", "a", failed, other).same
    for now in (Verdict("a", "", Outcome.PASSED, 1), Verdict("a", "", Outcome.FAILED, 2), None):
        assert not Pair("e", "a", failed, now).same
