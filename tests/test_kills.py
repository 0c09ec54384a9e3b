"""The bench that kills scheduler, workers and writer (`make bench`) sees what is lost or doubled."""

from __future__ import annotations

import random
import shutil

import pytest

from autograder.gradebook import ensure_registered, record
from autograder.record import Record
from autograder.schedule import keep
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict
from tools import light
from tools.kills import Run


def graded(number, **points):
    """A record as that student's would be; ``points`` are those that are given instead."""
    found = tuple(
        ExerciseGrade(name, "tp1", light.POINTS[name], _verdicts(score == light.POINTS[name]))
        for name, score in (light.expected(number) | points).items()
    )
    return Record(Grade("tp1", light.student(number), "d" * 64, "k" * 64, "00", found))


def _verdicts(right):
    return (Verdict("test_multiple", "Le multiple", Outcome.PASSED if right else Outcome.FAILED, 1.0),)


@pytest.fixture
def course(tmp_path):
    course = light.light_class(tmp_path / "course", 2)
    ensure_registered(course, "tp1")
    records = {light.student(number): graded(number) for number in range(2)}
    for one in records.values():
        keep(course, one)
    assert all(done.success for done in record(course, "tp1", grade_with=lambda *work: records[work[-1]]))
    return course


def test_a_class_that_is_whole_passes_and_each_loss_is_found(course):
    light.check(course, 2)
    with pytest.raises(AssertionError, match=r"records: missing \['student0002'\]"):
        light.check(course, 3)
    keep(course, graded(1, double=3.0))
    with pytest.raises(AssertionError, match="the record of student0001"):
        light.check(course, 2)
    keep(course, graded(1))
    wrong = {light.student(0): graded(0, triple=0.0)}
    record(course, "tp1", list(wrong), grade_with=lambda *work: wrong[work[-1]])
    with pytest.raises(AssertionError, match=r"the gradebook: missing .*student0000.*triple"):
        light.check(course, 2)
    shutil.rmtree(course.state / "tp1")
    with pytest.raises(AssertionError, match="records"):
        light.check(course, 2)


def line(event, number, **more):
    return {"event": event, "student": light.student(number), "ungraded": [], **more}


def journals(*runs):
    run = Run(None, 2, 0, random.Random(0))
    run.journals = [list(lines) for lines in runs]
    return run


def test_a_submission_that_is_graded_twice_or_missing_in_the_last_run_is_found():
    journals([line("graded", 0)], [line("kept", 0), line("graded", 1)]).check_journals()
    unfinished = line("graded", 0, ungraded=["double"])
    journals([unfinished], [line("graded", 0), line("graded", 1)]).check_journals()
    with pytest.raises(AssertionError, match=r"graded again although graded: .'student0000'"):
        journals([line("graded", 0)], [line("graded", 0), line("graded", 1)]).check_journals()
    with pytest.raises(AssertionError, match="the last run"):
        journals([line("graded", 0), line("graded", 1)], [line("kept", 0)]).check_journals()
