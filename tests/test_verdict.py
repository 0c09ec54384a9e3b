from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict, checked_points

PASSED, FAILED, UNGRADED = Outcome.PASSED, Outcome.FAILED, Outcome.UNGRADED
fixed = settings(derandomize=True, database=None, deadline=None)


def exercise(*tests, points=3.0):
    """An exercise whose tests are given as (outcome, weight) or (outcome, weight, gate)."""
    verdicts = tuple(
        Verdict(f"test_{i}", "", outcome, weight, gate=gate == [True])
        for i, (outcome, weight, *gate) in enumerate(tests)
    )
    return ExerciseGrade("softmax", "tp1", points, verdicts)


def grade(*exercises):
    return Grade("tp1", "ada", "d", "k", "00", exercises, ("a problem",), 1.5, {"torch": "2"})


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -1, -1e-9, True, False, "2", None, 1j], ids=repr
)
def test_points_that_make_no_sense_are_refused_everywhere(value):
    with pytest.raises(ValueError, match="points of x must be"):
        checked_points(value, "points of x")
    with pytest.raises(ValueError, match="points of test_x must be"):
        Verdict("test_x", "", PASSED, value)
    with pytest.raises(ValueError, match="max_points of softmax must be"):
        ExerciseGrade("softmax", "tp1", value)


def test_an_outcome_must_be_one():
    with pytest.raises(ValueError, match="outcome of test_x must be an Outcome, not 'passed'"):
        Verdict("test_x", "", "passed", 1)


def test_values_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        exercise((PASSED, 1)).max_points = 10


@pytest.mark.parametrize(
    ("tests", "score", "outcome"),
    [
        ([(PASSED, 1), (PASSED, 2)], 3.0, PASSED),
        ([(PASSED, 1), (FAILED, 2)], 1.0, FAILED),
        ([(PASSED, 1), (FAILED, 1), (FAILED, 1)], 1.0, FAILED),
        ([(FAILED, 1)], 0.0, FAILED),
        ([(PASSED, 1), (UNGRADED, 1)], None, UNGRADED),
        ([(FAILED, 1), (UNGRADED, 0)], None, UNGRADED),
        ([], None, UNGRADED),
        ([(PASSED, 0)], None, PASSED),
        ([(PASSED, 5), (FAILED, 0, True)], 0.0, FAILED),
        ([(PASSED, 5), (PASSED, 0, True)], 3.0, PASSED),
        ([(PASSED, 5), (FAILED, 0, False)], 3.0, FAILED),
        ([(FAILED, 0, True), (UNGRADED, 1)], None, UNGRADED),
    ],
)
def test_the_score_is_the_passed_share_of_the_weights(tests, score, outcome):
    found = exercise(*tests)
    assert (found.score, found.outcome) == (score, outcome)


def test_thirds_add_up_to_the_whole():
    assert exercise((PASSED, 0.1), (PASSED, 0.2), (PASSED, 0.3), points=0.7).score == 0.7
    third = exercise((PASSED, 1), (FAILED, 1), (FAILED, 1), points=1)
    assert third.score == 0.333333
    assert exercise(*[(PASSED, 1 / 3)] * 3, points=1).score == 1.0


@given(
    st.lists(st.tuples(st.sampled_from([PASSED, FAILED]), st.floats(0, 1e6)), min_size=1),
    st.floats(0, 1e6),
)
@fixed
def test_a_score_lies_between_nothing_and_the_points(tests, points):
    found = exercise(*tests, points=points)
    if any(weight for _, weight in tests):
        assert 0 <= found.score <= points + 1e-6
        if found.outcome is PASSED:
            assert found.score == round(points, 6)
    else:
        assert found.score is None


def test_one_ungraded_exercise_leaves_the_submission_without_a_score():
    good, bad = exercise((PASSED, 1)), exercise((UNGRADED, 1))
    assert grade(good, good).score == 6.0 and grade(good, good).ungraded == ()
    assert grade(good, bad).score is None and grade(good, bad).ungraded == ("softmax",)
    assert grade(good, bad).max_score == 6.0


text = st.text(st.characters(codec="utf-8"), max_size=20)
verdicts = st.builds(
    Verdict,
    test=text,
    title=text,
    outcome=st.sampled_from(Outcome),
    points=st.floats(0, 1e9),
    message=text,
    hint=text,
    gate=st.booleans(),
    seed=st.none() | st.integers(0, 2**63 - 1),
    seconds=st.floats(0, 1e3),
    detail=text,
)


@given(st.lists(verdicts, max_size=3))
@fixed
def test_a_grade_survives_json(found):
    before = grade(ExerciseGrade("é", "tp1", 2, tuple(found), decided_inside=True))
    assert Grade.from_json(before.to_json()) == before


def damaged(**changes):
    data = json.loads(grade(exercise((PASSED, 1))).to_json())
    verdict = data["exercises"][0]["verdicts"][0]
    verdict.update(changes.pop("verdict", {}))
    return json.dumps({**data, **changes})


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "3",
        '"x"',
        damaged(exercises=None),
        damaged(exercises=[3]),
        damaged(unknown=1),
        damaged(verdict={"points": math.nan}),
        damaged(verdict={"points": -1}),
        damaged(verdict={"points": True}),
        damaged(verdict={"outcome": "excellent"}),
        damaged(verdict={"unknown": 1}),
    ],
)
def test_garbage_is_no_grade(garbage):
    with pytest.raises(ValueError, match=r".+"):
        Grade.from_json(garbage)
