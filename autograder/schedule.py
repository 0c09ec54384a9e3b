"""Many submissions: workers that drive graders, results that are kept, runs that resume.

``grade_class`` gives jobs to a ``concurrent.futures.Executor``; the function it submits, ``drive``, has a grader
forked, hands it the job and returns the ``Record``. The two forkservers belong to the process in which ``drive`` runs
(``Forks``), so that a worker on another machine has its own.

A record is written to ``.autograder/<assignment>/<student>.json`` as soon as it arrives, by an atomic rename. A record
whose key still fits (submission, source, suites, reference, versions) is not graded again: that is how a killed run
resumes, and why grading the same content twice gives the same grades.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from autograder.course import Course
from autograder.errors import GraderFailure
from autograder.grading import Job, Record, Setup, content_key, course_key, protected_paths
from autograder.sandbox.confinement import Level, best_level, require
from autograder.sandbox.forkserver import GUEST_PRELOAD, Forkserver
from autograder.sandbox.limits import Limits
from autograder.submission import digest
from autograder.suite import derive_seed
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict

__all__ = ["Forks", "Options", "Record", "grade_class", "graded_submission", "stored"]

GRADER_PRELOAD = (
    "torch",
    "torch._dynamo",  # the first optimizer imports it (2 s), with sympy
    "torch.testing",
    "numpy",
    "scipy.stats",
    "pytest",
    *(
        f"_pytest.{plugin}"
        for plugin in (
            "_argcomplete",
            "helpconfig",
            "setuponly",
            "setupplan",
            "skipping",
            "unittest",
            "warnings",
        )
    ),
    "pdb",  # pytest's sessions import it
    "nbclient",
    "autograder.checks",
    "autograder.grading",
)


@dataclass(frozen=True)
class Options:
    """How a class is graded.

    Attributes:
        workers: submissions graded at once.
        level: confinement asked for; None for the best that the host has.
        limits: of each guest.
        fresh: grade again with new seeds, also what was graded before.
        secret: what new seeds are derived from; empty for a random one, which is what a real class wants.
    """

    workers: int = 1
    level: Level | None = None
    limits: Limits = Limits()
    fresh: bool = False
    secret: str = ""


class Forks:
    """The two forkservers of this process, and graders forked ahead.

    A grader that waits for its job has already started its guest; while one submission is graded the next
    one's guest gets ready on another core.
    """

    def __init__(self, course: Course, options: Options) -> None:
        level = options.level or best_level()
        require(level)
        self.guests = Forkserver("autograder.sandbox.supervisor:main", GUEST_PRELOAD)
        self.graders = Forkserver("autograder.grading:main", GRADER_PRELOAD, pass_fds=(self.guests.fileno(),))
        self.graders.start()  # both import at the same time
        self.setup = Setup(
            self.guests.fileno(), level.value, options.limits.to_dict(), protected_paths(course)
        )
        self.spares: list[socket.socket] = []
        self.lock = threading.Lock()

    def wait_ready(self, timeout: float = 120.0) -> None:
        """Wait until both have imported their libraries."""
        self.guests.wait_ready(timeout)
        self.graders.wait_ready(timeout)

    def grader(self, ahead: bool) -> socket.socket:
        """The channel of a grader; with ``ahead`` the next one is forked at the same time."""
        with self.lock:
            channel = self.spares.pop() if self.spares else self._fork()
            if ahead:
                self.spares.append(self._fork())
        return channel

    def _fork(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self.graders.fork(json.dumps(asdict(self.setup)).encode(), [theirs.fileno()])
        return ours

    def close(self) -> None:
        """End the forkservers and whatever they forked."""
        for spare in self.spares:
            spare.close()
        self.graders.close()
        self.guests.close()


def drive(forks: Forks, job: Job, ahead: bool = False) -> Record:
    """Have one submission graded.

    Raises:
        GraderFailure: if the grader died or failed; nothing is known about the submission then.
    """
    (record,) = _records(forks, job, ahead, 1)
    assert record is not None
    return record


def drive_trials(forks: Forks, job: Job) -> Iterator[Record | None]:
    """Have a job's trials graded by one grader, yielding each as it is done (see ``grading.grade_trials``).

    Raises:
        GraderFailure: as ``drive``; nothing is known about the trials not yielded then.
    """
    return _records(forks, job, True, len(job.trials))


def _records(forks: Forks, job: Job, ahead: bool, count: int) -> Iterator[Record | None]:
    with forks.grader(ahead) as channel, channel.makefile("r", encoding="utf-8") as lines:
        try:
            channel.sendall(job.to_json().encode() + b"\n")
            ready = lines.readline()
            for _ in range(count):
                yield _record(lines.readline() if ready else "", job)
        except OSError as error:
            raise GraderFailure(f"the grader of {job.student} could not be reached: {error}") from error


def _record(line: str, job: Job) -> Record | None:
    if not line.endswith("\n"):
        raise GraderFailure(f"the grader of {job.student} died before it could report")
    data = json.loads(line)
    if data is None:
        return None
    if "failure" in data:
        raise GraderFailure(f"{data['failure']}\n{data['detail']}")
    return Record.from_json(line)


# --- Records --------------------------------------------------------------------------------------------------


def record_path(course: Course, assignment: str, student: str) -> Path:
    return course.state / assignment / f"{student}.json"


def stored(course: Course, assignment: str, student: str) -> Record | None:
    """The record kept for a submission, whether or not it still fits."""
    try:
        return Record.from_json(record_path(course, assignment, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep(course: Course, record: Record) -> None:
    """Write a record so that a reader sees either the old or the new one, whole."""
    path = record_path(course, record.grade.assignment, record.grade.student)
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.chmod(course.state, 0o700)  # seeds are nobody else's business
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(record.to_json())
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)


def is_current(record: Record, course_key: str, submission: str) -> bool:
    """Whether grading again could give nothing new: same content, and nothing ungraded."""
    grade = record.grade
    return grade.key == content_key(course_key, submission) and not grade.ungraded and not record.again


def outdated(course: Course, assignment: str) -> list[str]:
    """Students whose grades were made from other submissions, sources, suites or versions than those of now."""
    key = course_key(course, assignment)
    records = ((student, stored(course, assignment, student)) for student in course.students(assignment))
    return [
        student
        for student, record in records
        if record and record.grade.key != content_key(key, digest(course.submitted(assignment, student)))
    ]


def job_for(course: Course, assignment: str, student: str, secret: str, fresh: bool) -> Job:
    """The job of one submission; content that was graded before keeps its seed unless ``fresh``."""
    folder = course.submitted(assignment, student)
    submission = digest(folder)
    before = stored(course, assignment, student)
    known = before is not None and before.grade.digest == submission and not fresh
    seed = before.grade.seed if known and before else f"{derive_seed(secret, student, submission):016x}"
    return Job(str(course.root), assignment, student, seed, str(folder))


# --- A class --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """One submission is done: its record, and whether it had been kept from an earlier run."""

    student: str
    record: Record
    kept: bool = False


def grade_class(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options = Options(),
    executor: Executor | None = None,
    forks: Forks | None = None,
) -> Iterator[Progress]:
    """Grade submissions, yielding each as it is done; closing the iterator ends everything.

    A grader that fails is tried once more alone at the end; if it fails again the submission is ungraded.

    Raises:
        InstructorError: before anything runs, if the source cannot be graded.
    """
    course.refuse_unjudged(course.load_source(assignment))
    key = course_key(course, assignment)
    todo: list[str] = []
    for student in students:
        record = None if options.fresh else stored(course, assignment, student)
        folder = course.submitted(assignment, student)
        if record is not None and is_current(record, key, digest(folder)):
            yield Progress(student, record, kept=True)
        else:
            todo.append(student)
    if todo:
        own_forks = forks or Forks(course, options)
        own_executor = executor or ThreadPoolExecutor(options.workers)
        try:
            yield from _graded(course, assignment, todo, options, own_executor, own_forks)
        finally:
            if executor is None:  # first of all, or its threads would go on to the next submission
                own_executor.shutdown(wait=sys.exc_info()[0] is None, cancel_futures=True)
            if forks is None:
                own_forks.close()


def _graded(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options,
    executor: Executor,
    forks: Forks,
) -> Iterator[Progress]:
    forks.wait_ready()
    secret = options.secret or secrets.token_hex(32)
    jobs = [job_for(course, assignment, student, secret, options.fresh) for student in students]
    waiting = {
        executor.submit(drive, forks, job, number + options.workers < len(jobs)): job
        for number, job in enumerate(jobs)
    }
    alone: list[Job] = []
    for future in as_completed(waiting):
        record = _result(future, waiting[future])
        if record is None or record.again:
            alone.append(waiting[future])
        else:
            yield _kept(course, record)
    for job in alone:
        yield _kept(course, _last_try(course, forks, job))


def drive_twice(course: Course, forks: Forks, job: Job) -> Record:
    """Have one submission graded, once more if the grader fails; if it fails again the submission is ungraded."""
    with suppress(GraderFailure):
        record = drive(forks, job)
        if not record.again:
            return record
    return _last_try(course, forks, job)


def _kept(course: Course, record: Record) -> Progress:
    keep(course, record)
    return Progress(record.grade.student, record)


def _result(future: Future[Record], job: Job) -> Record | None:
    try:
        return future.result()
    except GraderFailure:
        return None


def _last_try(course: Course, forks: Forks, job: Job) -> Record:
    try:
        record = drive(forks, job)
        return replace(record, again=False)
    except GraderFailure as failure:
        return ungraded(course, job, str(failure))


def ungraded(course: Course, job: Job, why: str) -> Record:
    """A record that says that we failed, and gives nobody a zero."""
    exercises = tuple(
        ExerciseGrade(e.id, e.notebook, e.points, (Verdict("grader", "", Outcome.UNGRADED, 1.0, detail=why),))
        for e in course.load_source(job.assignment).exercises
        if e.kind.value != "manual" and (not job.exercises or e.id in job.exercises)
    )
    problem = f"not graded, our failure: {why.splitlines()[0]}"
    return Record(
        Grade(job.assignment, job.student, digest(Path(job.folder)), "", job.seed, exercises, (problem,))
    )


def graded_submission(course: Course, assignment: str, student: str, options: Options = Options()) -> Record:
    """The record of one submission as it is now: the one that is kept if it fits, else graded here and now."""
    for progress in grade_class(course, assignment, [student], options):
        return progress.record
    raise GraderFailure(f"{student} was not graded")
