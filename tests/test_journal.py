"""What a run says of itself, while it goes on and afterwards."""

from __future__ import annotations

import json
import os

import pytest

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.journal import Journal, Tally, last_run, ungraded_before
from autograder.record import Record
from autograder.regrading import Change
from autograder.schedule import Progress
from autograder.verdict import Outcome
from tests.courses import grade_of, make_course, verdict
from tests.test_cli import run


@pytest.fixture
def course(tmp_path) -> Course:
    return make_course(tmp_path / "course")


def done(student, seconds=1.0, **facts):
    outcome = facts.pop("outcome", Outcome.PASSED)
    grade = grade_of(student, double=[verdict(outcome, detail="secret trace")])
    object.__setattr__(grade, "seconds", seconds)
    return Progress(student, Record(grade), **facts)


def test_a_run_is_told_by_its_lines(course):
    journal = Journal(course, "tp1", 6)
    journal.tell("started", "ada", "w1", "")
    journal.tell("started", "bob", "w2", "")
    journal.tell("refused", "", "w3", "torch is 1.0, not 2.0")
    journal.progress(done("ada", 3.0))
    journal.progress(done("cyd", kept=True))
    journal.progress(done("dan", 9.0, outcome=Outcome.UNGRADED, changes=(Change("dan", "double", 3, None),)))
    journal.tell("retried", "bob", "w2", "the worker was lost")
    journal.tell("started", "bob", "w1", "")
    tally = last_run(course, "tp1")
    assert tally == journal.tally
    assert (tally.done, tally.waiting, list(tally.running)) == (3, 2, ["bob"])
    assert tally.running["bob"][1] == "w1" and tally.retries == {"bob": ["the worker was lost"]}
    assert tally.ungraded == {"dan": ["double"]} and tally.kept == {"cyd"}
    assert tally.slowest == [("dan", 9.0), ("ada", 3.0)] and tally.state() == "going on"
    assert tally.left(tally.begun + 10) == pytest.approx(15), "two in ten seconds, three to go"
    assert tally.short() == "1 running, 2 waiting, 1 ungraded"
    found = run(course, "status", "tp1")
    assert found.exit_code == 1, "dan needs a human"
    for text in (
        *("tp1: going on", "so far", "3 of 6 done (1 kept from before)", "running: bob", "on w1", "left"),
        *("ungraded: dan: double", "tried again: bob: the worker was lost", "slowest: dan 9.0 s, ada 3.0 s"),
        "worker w3: torch is 1.0, not 2.0",
    ):
        assert text in found.output
    journal.end("interrupted")
    data = json.loads(run(course, "status", "tp1", "--json").stdout)
    assert (data["state"], data["done"], data["running"], data["waiting"]) == ("interrupted", 3, {}, 3)


def test_who_is_ungraded_since_an_earlier_run_is_told_until_graded_or_gone(course):
    def ran(changes=(), **outcomes):
        journal = Journal(course, "tp1", len(outcomes))
        for name, outcome in outcomes.items():
            journal.progress(done(name, outcome=outcome, changes=changes))
        journal.end("done")
        os.rename(journal.path, journal.path.with_name(f"{len(list(journal.path.parent.iterdir()))}.jsonl"))

    for name in ("ada", "bob", "cyd"):
        course.submitted("tp1", name).mkdir(parents=True)
    ran(ada=Outcome.UNGRADED, bob=Outcome.UNGRADED, gone=Outcome.UNGRADED, cyd=Outcome.PASSED)
    assert ungraded_before(course, "tp1") == [], "the newest run tells of its own"
    ran(bob=Outcome.PASSED)
    assert ungraded_before(course, "tp1") == ["ada"]
    found = run(course, "status", "tp1")
    assert found.exit_code == 1 and "Ungraded since an earlier run: ada." in found.stderr
    assert "tp1: done" in found.stdout and "in all" in found.stdout, "nothing goes on"
    ran(ada=Outcome.UNGRADED, changes=(Change("ada", "double", 3, None),))
    assert ungraded_before(course, "tp1") == ["ada"], "it could not be graded anew either"
    ran(ada=Outcome.PASSED, changes=(Change("ada", "double", None, 3),))
    assert ungraded_before(course, "tp1") == []
    assert run(course, "status", "tp1").exit_code == 0


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"12", b"null", b"{}", b'{"event": "graded", "student": "ada"}', b"[" * 100_000]
)
def test_a_damaged_old_journal_costs_nothing(course, line):
    course.submitted("tp1", "ada").mkdir(parents=True)
    for number, outcome in enumerate((Outcome.UNGRADED, Outcome.PASSED)):
        journal = Journal(course, "tp1", 1)
        journal.progress(done(("ada", "bob")[number], outcome=outcome))
        journal.end("done")
        os.rename(journal.path, journal.path.with_name(f"{number}.jsonl"))
    with open(journal.path.with_name("0.jsonl"), "ab") as file:
        file.write(line + b"\n")
    assert ungraded_before(course, "tp1") == ["ada"]
    assert run(course, "status", "tp1").exit_code == 1


def test_no_secret_is_in_it(course):
    journal = Journal(course, "tp1", 1)
    journal.progress(done("ada", outcome=Outcome.UNGRADED))
    journal.end("done")
    text = journal.path.read_text()
    assert "secret" not in text and '"seed"' not in text
    assert course.state.stat().st_mode & 0o777 == 0o700


def test_a_second_run_is_refused_and_a_killed_one_is_told_from_one_that_goes_on(course):
    first = Journal(course, "tp1", 1)
    with pytest.raises(InstructorError, match="is being graded already"):
        Journal(course, "tp1", 1)
    Journal(course, "tp2", 1).end("done")
    first._lock.close()  # what the end of a process does
    assert last_run(course, "tp1").state() == "killed"
    with open(first.path, "a") as file:
        file.write('{"at": 1, "ev')  # half a line
    assert last_run(course, "tp1").state() == "killed"
    Journal(course, "tp1", 1).end("done")
    assert last_run(course, "tp1").state() == "done"


def test_before_the_first_run_there_is_nothing_to_tell(course):
    assert last_run(course, "tp1") is None
    found = run(course, "status", "tp1")
    assert found.exit_code == 2 and "`autograder grade tp1` does" in found.stderr
    assert Tally().left(1.0) is None


def test_old_runs_are_forgotten(course, monkeypatch):
    monkeypatch.setattr("autograder.journal.KEPT_RUNS", 3)
    for _ in range(6):
        Journal(course, "tp1", 1).end("done")
        for number, path in enumerate(sorted((course.state / "tp1/_runs").glob("*.jsonl"))):
            path.rename(path.with_name(f"{number:02}.jsonl"))
    assert len(list((course.state / "tp1/_runs").glob("*.jsonl"))) == 3
