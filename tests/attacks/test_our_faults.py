"""Faults on our side, injected: ungraded, never a zero; nothing is lost or doubled; a second run resumes.

The class has one right, one half wrong and one deadly submission. Deaths of graders and supervisors are in
``test_surviving``.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder import gradebook, schedule
from autograder.console import grade_and_record
from autograder.course import Course
from autograder.errors import GraderFailure, InstructorError
from autograder.gradebook import ensure_registered, scores
from autograder.sandbox import memory
from autograder.schedule import Forks, Options, stored
from tests.attacks.conftest import MAX, SMALL, SUITES, tiny_course
from tests.courses import ROOT, write

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

CLASS = {"ada": MAX, "bob": {**MAX, "double": 0.0}, "zoe": {**MAX, "triple": 0.0}}


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """A course that its gradebook knows; making it takes seconds, copying it nothing."""
    course = tiny_course(tmp_path_factory.mktemp("faults") / "course")
    ensure_registered(course, "tp1")
    return course


class Class:
    """The three submissions, graded and recorded as ``autograder grade`` does it."""

    def __init__(self, course: Course, arena) -> None:
        self.course, self.arena = course, arena
        home = arena.at(course)
        home.submit(home.cells(), "ada")
        home.submit(home.cells(double="def double(x): return x"), "bob")
        home.submit(home.cells(triple="os._exit(0)"), "zoe")

    def run(self, forks: Forks | None = None, **options) -> tuple[dict[str, dict[str, float | None]], bool]:
        """The points of each student, and whether all are recorded."""
        home = self.arena.at(self.course, forks)
        chosen = Options(limits=SMALL, **options)
        with home.leaves_nothing():
            grades, recorded = grade_and_record(
                self.course, "tp1", sorted(CLASS), chosen, quiet=True, forks=home.forks
            )
        return {g.student: {e.exercise: e.score for e in g.exercises} for g in grades}, recorded

    def seeds(self) -> dict[str, str]:
        """Of the records that are there: a second grading would have drawn another one."""
        found = {name: stored(self.course, "tp1", name) for name in CLASS}
        return {name: record.grade.seed for name, record in found.items() if record}

    def book(self) -> list[tuple[str, str, float | None]]:
        return sorted((r.student, r.exercise, r.score) for r in scores(self.course, "tp1"))

    def resumes(self) -> bool:
        """A second run ends as if nothing had happened, and grades nothing that had been graded."""
        before = self.seeds()
        assert self.run() == (CLASS, True)
        assert self.book() == sorted((s, e, p) for s, points in CLASS.items() for e, p in points.items())
        left = [
            p
            for p in (self.course.state / "tp1").rglob("*")
            if p.suffix != ".json" and "_runs" not in p.parts and p.name != "_held"
        ]
        assert not left, "half-written files"
        return before.items() <= self.seeds().items()


@pytest.fixture
def pupils(arena, registered, tmp_path):
    import shutil

    shutil.copytree(registered.root, tmp_path / "course")
    return Class(Course(tmp_path / "course"), arena)


# --- The disk -------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_when_a_record_is_written_stops_with_a_clear_word(pupils, monkeypatch):
    written = []

    def full(descriptor):
        written.append(descriptor)
        if len(written) == 2:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(GraderFailure, match=r"zoe|bob|ada.*cannot be kept.*No space left.*run it again"):
            pupils.run()
    assert len(pupils.seeds()) == 1
    assert pupils.resumes()


def test_a_disk_that_is_full_when_the_gradebook_is_written_is_told_and_the_records_stay(pupils, capsys):
    def full(connection, cursor, statement, *rest):
        if statement.startswith("UPDATE grade "):
            raise sqlite3.OperationalError("database or disk is full")

    event.listen(Engine, "before_cursor_execute", full)
    try:
        assert pupils.run() == (CLASS, False)
    finally:
        event.remove(Engine, "before_cursor_execute", full)
    told = capsys.readouterr().err
    assert told.count("could not be recorded") == 3 and "database or disk is full" in told
    assert "run it again" in told
    assert {score for *_, score in pupils.book()} <= {None}, "never half of a grade"
    assert pupils.resumes()


# --- The gradebook --------------------------------------------------------------------------------------------

HOLD = """
import sqlite3, sys
book = sqlite3.connect(sys.argv[1])
book.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
input()
"""


class Locked:
    """The gradebook, locked by another process."""

    def __init__(self, course: Course) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(course.gradebook)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == b"held\n"

    def release(self) -> None:
        self.process.communicate(b"\n")


@pytest.fixture
def impatient():
    """SQLite waits 5 s for a lock by default."""

    def hurry(connection, record):
        connection.execute("PRAGMA busy_timeout = 50")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)


def test_a_gradebook_that_another_process_locks_is_told_before_anybody_is_graded(pupils, impatient):
    lock = Locked(pupils.course)
    with pytest.raises(InstructorError, match=r"database is locked.*[Aa]nother program"):
        pupils.run()
    lock.release()
    assert pupils.seeds() == {}
    assert pupils.resumes()


def test_a_gradebook_that_is_locked_for_a_while_loses_no_grade(pupils, impatient, monkeypatch, capsys):
    record_one, locks = gradebook._record_one, []

    def second_one_locked(*work):
        if len(locks) == 0:
            locks.append(None)
            return record_one(*work)
        lock = Locked(pupils.course) if len(locks) == 1 else None
        locks.append(lock)
        try:
            return record_one(*work)
        finally:
            if lock:
                lock.release()

    with monkeypatch.context() as patch:
        patch.setattr(gradebook, "_record_one", second_one_locked)
        assert pupils.run() == (CLASS, False)
    told = capsys.readouterr().err
    assert told.count("could not be recorded") == 1 and "database is locked" in told
    assert len({student for student, _, score in pupils.book() if score is not None}) == 2
    assert pupils.resumes()


WRITER = """
import os, sys
from autograder import gradebook
from autograder.course import Course
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict

root, moment = sys.argv[1:]

def graded(course, assignment, student):
    if moment == "before a score is written" and student == "bob":
        die()
    passed = (Verdict("t", "", Outcome.PASSED, 1.0),)
    exercises = [ExerciseGrade(e.id, e.notebook, e.points, passed) for e in course.load_source(assignment).exercises]
    grade = Grade(assignment, student, "d", "k", "0", tuple(exercises))
    return type("Graded", (), {"grade": grade, "notebooks": {}})()

def die():
    os.kill(os.getpid(), 9)

def second(function):
    "The function, after whose second call this process is killed."
    calls = []
    def wrapped(*work):
        function(*work)
        calls.append(work)
        if len(calls) == 2:
            die()
    return wrapped

if moment == "within the scores of one":
    gradebook._write_notebook = second(gradebook._write_notebook)
if moment == "between the scores and the notebook":
    gradebook._show = second(gradebook._show)
tell = second(lambda result: None) if moment == "between two submissions" else None
done = gradebook.record(Course(root), "tp1", ["ada", "bob", "zoe"], tell, graded)
print(all(one.success for one in done))
"""
MOMENTS = {
    "before a score is written": ["ada"],
    "within the scores of one": ["ada"],
    "between the scores and the notebook": ["ada", "bob"],
    "between two submissions": ["ada", "bob"],
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_writer_killed_between_or_within_submissions_leaves_whole_scores_and_is_taken_up(pupils, moment):
    def write_all(when):
        return subprocess.run(
            [sys.executable, "-c", WRITER, str(pupils.course.root), when],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    killed = write_all(moment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-3000:]
    whole = {student for student, _, score in pupils.book() if score is not None}
    assert sorted(whole) == MOMENTS[moment]
    for student in whole:
        assert {e: p for s, e, p in pupils.book() if s == student} == MAX
    if moment == "within the scores of one":
        assert write_all("never").stdout.splitlines()[-1] == "True"
        assert pupils.book() == sorted((s, e, p) for s in CLASS for e, p in MAX.items()), "nothing doubled"


# --- The forkservers, memory, the clock -----------------------------------------------------------------------


def test_a_run_whose_forkservers_are_killed_gives_nobody_a_zero_and_is_taken_up(pupils, monkeypatch, capsys):
    """First the guests' one, then the graders'."""
    forks = Forks(pupils.course, Options(level=pupils.arena.level, limits=SMALL))
    forks.wait_ready()
    servers, drive, seen = [forks.guests.pid, forks.graders.pid], schedule.drive, []

    def murderous(*work):
        seen.append(work)
        if len(seen) > 1 and servers:
            pid = servers.pop(0)
            os.kill(pid, signal.SIGKILL)
            while memory.cpu_seconds([pid]) and Path(f"/proc/{pid}/fd/0").exists():
                time.sleep(0.01)
        return drive(*work)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(schedule, "drive", murderous)
            found, recorded = pupils.run(forks)
    finally:
        forks.close()
    assert recorded and not servers
    graded = {name for name, points in found.items() if points == CLASS[name]}
    assert len(graded) == 1
    assert all(set(found[name].values()) == {None} for name in set(CLASS) - graded)
    assert {s for s, _, score in pupils.book() if score is not None} == graded
    problems = [stored(pupils.course, "tp1", name).grade.problems for name in set(CLASS) - graded]
    assert all("our failure" in text for (text,) in problems), problems
    seed = {name: pupils.seeds()[name] for name in graded}
    pupils.resumes()
    assert seed.items() <= pupils.seeds().items()


def test_grading_anew_that_fails_leaves_the_earlier_grades(pupils, monkeypatch, capsys):
    """Nobody is asked, whatever is to be done with changes."""
    assert pupils.run() == (CLASS, True)
    seeds = pupils.seeds()

    def fails(*work):
        raise GraderFailure("no grader was to be had")

    with monkeypatch.context() as patch:
        patch.setattr(schedule, "drive", fails)
        assert pupils.run(fresh=True) == (CLASS, False)
    assert pupils.seeds() == seeds
    told = capsys.readouterr().err
    assert "ada, bob, zoe: could not be graded anew, our failure; the earlier grades stay" in told
    assert "not graded, our failure: no grader was to be had" in told
    pupils.resumes()


HUNGRY = """
import resource
from autograder.suite import points

@points(1, "Mémoire")
def test_memory(student):
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))
    assert student.triple(3) == 9
    bytearray(64 << 20)

@points(1, "Ensuite")
def test_after_that(student):
    assert student.triple(2) == 6
    bytearray(64 << 20)
"""


def test_a_grader_without_memory_leaves_ungraded_what_it_could_not_check(pupils):
    """The limit stays for all that the grader does after this suite."""
    write(pupils.course.hidden("tp1") / "test_triple.py", HUNGRY)
    found, _ = pupils.run()
    assert found["ada"]["triple"] is None
    for student, points in found.items():
        assert all(points[e] in (p, None) for e, p in CLASS[student].items()), (student, points)
    write(pupils.course.hidden("tp1") / "test_triple.py", SUITES["triple"])
    pupils.resumes()


def test_a_grader_that_takes_all_memory_is_stopped_before_the_host_is(pupils):
    """As one that a guest sends a message without an end; nothing is written to, so nothing is taken here."""
    greedy = (
        SUITES["triple"] + "\n\n@points(1, 'Beaucoup')\ndef test_greedy(student):\n    bytearray(6 << 30)\n"
    )
    write(pupils.course.hidden("tp1") / "test_triple.py", greedy)
    found, _ = pupils.run()
    assert found == {student: {**points, "triple": None} for student, points in CLASS.items()}
    write(pupils.course.hidden("tp1") / "test_triple.py", SUITES["triple"])
    pupils.resumes()


def test_a_clock_that_jumps_back_changes_no_grade(pupils, monkeypatch):
    """In the process that writes, in the graders (a suite sets it) and in the guests (a cell does)."""
    backwards = "import time\ntime.time, time.time_ns = lambda: 86400.0, lambda: 86400 * 10**9\n"
    suite = pupils.course.hidden("tp1") / "test_double.py"
    write(suite, backwards + SUITES["double"])
    home = pupils.arena.at(pupils.course)
    home.submit(home.cells(backwards), "ada")
    hours = iter(range(10**9, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(hours)))
    assert pupils.run(workers=2) == (CLASS, True)
    seconds = [stored(pupils.course, "tp1", name).grade.seconds for name in CLASS]
    assert all(0 < value < SMALL.notebook_wall for value in seconds)
    assert pupils.resumes()


# --- Ctrl-C ---------------------------------------------------------------------------------------------------


def interrupting(function, at=1, after=False):
    """``function``, whose call number ``at`` brings this process a Ctrl-C."""
    calls = []

    def wrapped(*args, **kwargs):
        calls.append(args)
        if len(calls) == at and not after:
            os.kill(os.getpid(), signal.SIGINT)
        result = function(*args, **kwargs)
        if len(calls) == at and after:
            os.kill(os.getpid(), signal.SIGINT)
        return result

    return wrapped


INTERRUPTS = {
    "while the gradebook is opened": (gradebook, "create_database", 1),
    "while the first is graded": (schedule, "drive", 1),
    "while the second is graded": (schedule, "drive", 2),
    "before a record is written": (schedule, "_write", 2),
    "before a record is in its place": (os, "replace", 1),
    "before nbgrader converts": (NbGraderAPI, "autograde", 2),
    "while nbgrader converts": (gradebook, "repaired", 2),
    "while the scores are set": (gradebook, "_write_notebook", 2),
    "while the autograded notebook is made": (gradebook, "_show", 2),
}


@pytest.mark.parametrize("moment", INTERRUPTS)
def test_ctrl_c_stops_the_run_and_the_next_one_goes_on(pupils, monkeypatch, moment):
    owner, name, at = INTERRUPTS[moment]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupting(getattr(owner, name), at))
        with pytest.raises(KeyboardInterrupt):
            pupils.run()
    kept = pupils.seeds()
    for student, exercise, score in pupils.book():
        assert score in (CLASS[student][exercise], None)
    assert pupils.resumes()
    assert kept.items() <= pupils.seeds().items()


def test_ctrl_c_while_the_assignment_is_registered_is_no_fault_of_the_source(tmp_path, monkeypatch):
    course = tiny_course(tmp_path / "course")
    with monkeypatch.context() as patch:
        from nbgrader.preprocessors import ClearSolutions

        patch.setattr(ClearSolutions, "preprocess", interrupting(ClearSolutions.preprocess))
        with pytest.raises(KeyboardInterrupt):
            ensure_registered(course, "tp1")
    ensure_registered(course, "tp1")
    assert scores(course, "tp1") == []


def test_ctrl_c_at_the_terminal_ends_all_processes_with_a_clear_word(pupils):
    """The whole command, with the signal going to its process group as a terminal sends it."""
    level = ["--level", pupils.arena.level.value]
    command = [sys.executable, "-m", "autograder", "grade", "tp1", "--workers", "1", "--json", *level]
    running = subprocess.Popen(
        command, cwd=pupils.course.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    deadline = time.monotonic() + 400
    while not pupils.seeds() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.05)
    kept, family = pupils.seeds(), memory.tree(running.pid)
    assert kept and len(family) > 3, "forkservers, graders and guests"
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1 and "Interrupted. What was graded is kept" in err, err
    assert "Traceback" not in err and out == ""
    while left := [pid for pid in family if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline + 60, left
        time.sleep(0.05)
    assert pupils.resumes()
    assert kept.items() <= pupils.seeds().items()
