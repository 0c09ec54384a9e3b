"""Grading again: only what changed, nothing of a human lost, and changes shown before they are recorded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import scores
from autograder.identity import Keys
from autograder.regrading import Change, changes, merged, stale
from autograder.schedule import Record, stored
from autograder.verdict import Outcome
from tests.courses import MULTIPLE, cell, grade_of, graded, make_course, solution, submit, verdict, write
from tests.levels import confined
from tests.test_cli import run

ANSWERS = {"double": "def double(x):\n    return x + x", "triple": "def triple(x):\n    return 3 * x"}
SOURCE = [
    cell("import math"),
    *(
        made
        for name, text in ANSWERS.items()
        for made in (
            solution(f"### BEGIN SOLUTION\n{text}\n### END SOLUTION", f"{name}_solution"),
            graded(f'check("{name}")', name, 2),
        )
    ),
]


def suite(course, name, factor=None):
    text = MULTIPLE.format(name=name, factor=factor or {"double": 2, "triple": 3}[name])
    write(course.hidden("tp1") / f"test_{name}.py", text)


def hand_in(course, student, **answers):
    texts = ANSWERS | answers
    cells = [SOURCE[0]]
    for number, name in enumerate(ANSWERS):
        cells += [solution(texts[name], f"{name}_solution"), SOURCE[2 * number + 2]]
    submit(course, student, cells)


@pytest.fixture
def course(tmp_path):
    made = make_course(tmp_path / "course", SOURCE, ())
    for name in ANSWERS:
        suite(made, name)
    hand_in(made, "ada")
    return made


def keys(course):
    return Keys.of(course, course.load_source("tp1"))


def points(course, student="ada"):
    return {row.exercise: row.score for row in scores(course, "tp1") if row.student == student}


# --- Keys -----------------------------------------------------------------------------------------------------


def test_a_suite_counts_for_its_own_exercise_alone(course):
    before = keys(course)
    suite(course, "triple", 4)
    after = keys(course)
    assert before.parts["double"] == after.parts["double"]
    assert before.parts["triple"] != after.parts["triple"] and before.whole != after.whole


@pytest.mark.parametrize(
    "path",
    ["tests/hidden/tp1/shared.py", "tests/hidden/tp1/floors.json", "reference/a.py", "source/tp1/tp1.ipynb"],
)
def test_what_suites_share_counts_for_all(course, path):
    before = keys(course)
    target = course.root / path
    write(target, target.read_text() + "\n" if target.exists() else "{}")
    assert all(before.parts[name] != key for name, key in keys(course).parts.items())


def test_a_suite_that_names_another_depends_on_it(course):
    write(
        course.hidden("tp1") / "test_double.py",
        "from tests.hidden.tp1 import test_triple\n\ndef test_double(student):\n    pass\n",
    )
    before = keys(course)
    suite(course, "triple", 4)
    assert all(before.parts[name] != key for name, key in keys(course).parts.items())


def test_banks_count_for_nothing(course):
    before = keys(course)
    write(course.hidden("tp1") / "bank/double.py", "# %% mutant: none\n")
    assert keys(course) == before


# --- Records --------------------------------------------------------------------------------------------------


def record_of(parts, **exercises):
    return Record(replace(grade_of("ada", **exercises), key="old"), parts=parts)


def test_ungraded_exercises_are_stale_whatever_their_key(course):
    now = keys(course)
    record = record_of(dict(now.parts), double=[verdict()], triple=[verdict(Outcome.UNGRADED)])
    assert stale(record, now) == ("triple",)
    assert stale(replace(record, parts={}), now) == ("double", "triple")


def test_merging_keeps_what_was_not_graded_again_and_is_current_only_if_all_is(course):
    now = keys(course)
    before = record_of({**now.parts, "triple": "another"}, double=[verdict()], triple=[verdict()])
    failed = record_of({"triple": now.parts["triple"]}, triple=[verdict(Outcome.FAILED)])
    found = merged(before, failed, now)
    assert [(e.exercise, e.outcome) for e in found.grade.exercises] == [
        ("double", Outcome.PASSED),
        ("triple", Outcome.FAILED),
    ]
    assert found.parts == now.parts and found.grade.key != "old"
    partly = merged(replace(before, parts={}), failed, now)
    assert partly.grade.key == "", "double was graded with another suite: the whole is current of nothing"


def test_changes_name_the_exercise_and_both_scores():
    before = grade_of("ada", double=[verdict()], triple=[verdict(Outcome.UNGRADED)])
    after = grade_of("ada", double=[verdict(Outcome.FAILED)], triple=[verdict()])
    worth = {one.exercise: one.max_points for one in before.exercises}
    assert changes(before, after) == [
        Change("ada", "double", worth["double"], 0.0),
        Change("ada", "triple", None, worth["triple"]),
    ]
    assert changes(before, before) == []


# --- A class --------------------------------------------------------------------------------------------------


@confined
def test_a_changed_suite_costs_its_own_exercise_and_its_change_is_shown_first(course):
    hand_in(course, "bob", double="def double(x):\n    return x")
    assert run(course, "grade", "tp1", "--json").exit_code == 0
    recorded = {name: stored(course, "tp1", name) for name in ("ada", "bob")}
    suite(course, "triple", 4)
    held = run(course, "grade", "tp1", "--changes", "hold")
    assert held.exit_code == 1 and "Not recorded" in held.stderr
    rows = [line.split() for line in held.stderr.splitlines() if "triple" in line]
    assert rows == [["ada", "triple", "2", "0"], ["bob", "triple", "2", "0"]]
    assert points(course) == {"double": 2, "triple": 2}, "the recorded grades stay"
    assert stored(course, "tp1", "ada") == recorded["ada"]
    told = run(course, "status", "tp1")
    assert (
        told.exit_code == 1
        and "not recorded: ada, bob. `autograder grade tp1 --changes record`" in told.stderr
    )
    done = run(course, "grade", "tp1", "--changes", "record")  # takes what was graded, grades nothing
    assert done.exit_code == 0 and "2 grades change" in done.stderr
    assert points(course) == {"double": 2, "triple": 0}
    assert points(course, "bob") == {"double": 0, "triple": 0}
    assert run(course, "status", "tp1").exit_code == 0
    for name, before in recorded.items():
        after = stored(course, "tp1", name)
        assert after.grade.seed == before.grade.seed
        assert after.grade.exercises[0] == before.grade.exercises[0], "double was not graded again"
        assert after.grade.exercises[1].verdicts != before.grade.exercises[1].verdicts
    again = run(course, "grade", "tp1")
    assert again.exit_code == 0 and "change" not in again.stderr
    assert not list((course.state / "tp1" / "_held").iterdir())


@confined
def test_one_exercise_can_be_graded_again_and_a_humans_work_stays(course):
    run(course, "grade", "tp1", "--json")
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.find_grade("double", "tp1", "tp1", "ada").manual_score = 1.5
        gradebook.find_comment("double_solution", "tp1", "tp1", "ada").manual_comment = "Vu."
        gradebook.db.commit()
    before = stored(course, "tp1", "ada")
    suite(course, "double", 5)
    suite(course, "triple", 5)
    found = run(course, "grade", "tp1", "--exercise", "triple", "--json")
    assert found.exit_code == 0, found.stderr
    (grade,) = json.loads(found.stdout)
    assert [e["verdicts"][0]["outcome"] for e in grade["exercises"]] == ["passed", "failed"]
    assert points(course) == {"double": 1.5, "triple": 0}
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        assert gradebook.find_comment("double_solution", "tp1", "tp1", "ada").comment == "Vu."
    assert stored(course, "tp1", "ada").grade.exercises[0] == before.grade.exercises[0]
    outdated = run(course, "export", "tp1")
    assert "graded before the submission, the source or the suites were changed: ada" in outdated.stderr


@confined
def test_a_resubmission_is_graded_whole_and_no_change_to_ask_about(course):
    run(course, "grade", "tp1", "--json")
    hand_in(course, "ada", triple="def triple(x):\n    return x")
    found = run(course, "grade", "tp1", "--exercise", "double", "--changes", "hold")
    assert found.exit_code == 0 and "change" not in found.stderr
    assert points(course) == {"double": 2, "triple": 0}


def test_exercises_to_grade_again_must_exist_and_keep_their_seeds(course):
    unknown = run(course, "grade", "tp1", "--exercise", "duoble")
    assert unknown.exit_code == 2 and "Did you mean `double`?" in unknown.stderr
    both = run(course, "grade", "tp1", "--exercise", "double", "--fresh")
    assert both.exit_code == 2 and "leave out --exercise" in both.stderr
