"""What a class costs grows with its size and no faster: calls and queries are counted, no clock is read.

Grading is left out: the records are made. Twice the growth of the class, or its square, is far from what is allowed.
"""

from __future__ import annotations

import cProfile
import io
import json
import pstats
import threading
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import nbgrader.api
import pytest
from nbgrader.api import Gradebook
from rich.console import Console
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder import cluster
from autograder.console import print_class, print_status
from autograder.exports import Order, fulfil
from autograder.gradebook import Row, ensure_registered, record, scores
from autograder.identity import Keys, content_key
from autograder.journal import Journal, last_run
from autograder.record import Record
from autograder.report import Overview, render
from autograder.schedule import Options, Progress, grade_class, keep, outdated
from autograder.submission import digest
from tests.courses import grade_of, submit
from tests.test_cli import RIGHT, answers, course_with
from tests.test_cluster import Scheduler, job_of, record_of

FEW, TIMES = 40, 8
ALLOWED = 1.2  # of as many times as much


def students(count):
    return [f"student{number:04d}" for number in range(count)]


def calls(act):
    """Calls of functions while ``act`` runs in this thread."""
    profile = cProfile.Profile()
    profile.runcall(act)
    return pstats.Stats(profile).total_calls


def grows_no_faster(cost):
    """``cost(count)`` for a class and for one of ``TIMES`` the size."""
    cost(2)  # imports, compiled patterns, other caches
    few, many = cost(FEW), cost(TIMES * FEW)
    assert few > FEW and many < ALLOWED * TIMES * few, (few, many)


def rows_of(count):
    return [
        Row(name, "", "", "", "", "tp1", "tp1", exercise, 1.0, most, False, False, 0.0, True)
        for name in students(count)
        for exercise, most in (("double", 3.0), ("triple", 2.0))
    ]


def test_the_report_the_table_and_the_exports(tmp_path, course):
    def read(count):
        rows, grades = rows_of(count), [grade_of(name) for name in students(count)]
        render(Overview.of("tp1", rows, grades, {}), datetime(2026, 1, 1))
        print_class(grades, Console(file=io.StringIO()))
        for options in (
            {"wide": True},
            {"tests": True},
            {"form": "excel"},
            {"form": "canvas", "title": "TP (1)"},
        ):
            order = Order(("tp1",), output=tmp_path / "out", **options)
            fulfil(order, course, rows, grades, lambda text: None)

    grows_no_faster(lambda count: calls(lambda: read(count)))


@pytest.fixture
def course(tmp_path):
    return course_with(tmp_path / "course")


def test_a_run_in_which_everything_is_kept_and_its_journal(course):
    key = Keys.of(course, course.load_source("tp1")).whole

    def handed_in(count):
        for name in students(count):
            submit(course, name, answers(RIGHT))
            here = digest(course.submitted("tp1", name))
            keep(course, Record(replace(grade_of(name), digest=here, key=content_key(key, here))))

    def run(count):
        with Journal(course, "tp1", count) as journal:
            for progress in grade_class(course, "tp1", students(count), Options()):
                assert progress.kept
                journal.tell("started", progress.student, "worker", "")
                journal.progress(Progress(progress.student, progress.record))
                journal.tally.short()
        tally = last_run(course, "tp1")
        assert tally.done == count
        print_status("tp1", tally, tally.told, Console(file=io.StringIO()))
        outdated(course, "tp1")

    def cost(count):
        handed_in(count)
        return calls(lambda: run(count))

    grows_no_faster(cost)


def test_the_scores_of_a_class_are_read_with_the_same_number_of_queries(course):
    ensure_registered(course, "tp1")
    queries = []

    def counted(*_):
        queries.append(1)

    def cost(count):
        with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
            for name in students(count):
                gradebook.update_or_create_student(name)
                gradebook.update_or_create_submission("tp1", name)
        queries.clear()
        assert len(scores(course, "tp1")) == count
        return len(queries)

    event.listen(Engine, "before_cursor_execute", counted)
    try:
        few = cost(3)
        assert 0 < few == cost(9)
    finally:
        event.remove(Engine, "before_cursor_execute", counted)


def test_recording_makes_no_engine_for_each_submission(course, monkeypatch):
    """Each would compile all queries anew, and some of its memory is never given back."""
    made, make = [], nbgrader.api.create_engine
    monkeypatch.setattr(nbgrader.api, "create_engine", lambda *a, **k: made.append(1) or make(*a, **k))
    for name in students(3):
        submit(course, name, answers(RIGHT))

    def engines(count):
        made.clear()
        graded = SimpleNamespace(grade=grade_of("ada"), notebooks={})
        found = record(course, "tp1", students(count), grade_with=lambda *_: graded)
        assert [one.success for one in found] == [True] * count
        return len(made)

    engines(1)  # registers the assignment
    assert 0 < engines(1) == engines(3)


def test_the_thread_that_gives_jobs_to_a_cluster(course, monkeypatch):
    """Each worker answers at once: what is counted is what the run itself does for a submission."""
    submit(course, "ada", answers(RIGHT))
    text, profiles, run = record_of(course), [], cluster.Cluster._run

    class Quick(Scheduler):
        def submit(self, *arguments, **options):
            future = super().submit(*arguments, **options)
            if not self.tasks[-1].asks:
                threading.Thread(
                    target=self.answer, args=(self.tasks.pop(),), kwargs={"record": text}
                ).start()
            return future

    def profiled(self):
        profiles.append(cProfile.Profile())
        profiles[-1].runcall(run, self)

    monkeypatch.setattr(cluster.Cluster, "_run", profiled)

    def cost(count):
        dask = Quick()
        dask.add("a")
        dask.known = {"a"}
        monkeypatch.setattr(cluster, "_connected", lambda *_: dask)
        one = cluster.Cluster("tcp://x", course, "tp1", Options(), lambda *news: None)
        try:
            results = [one.submit(job_of(course), True) for _ in range(count)]
            assert {result.result(400).grade.student for result in results} == {"ada"}
        finally:
            one.close()
            one._thread.join()
        return pstats.Stats(profiles.pop()).total_calls

    grows_no_faster(cost)
    assert json.loads(text)
