"""Many submissions: workers that drive graders, results that are kept, runs that resume.

``grade_class`` gives jobs to ``Graders`` and takes their ``Record``s as they come. ``Local`` are those of this machine:
a ``concurrent.futures.Executor`` runs ``drive``, which has a grader forked, hands it the job and returns the record.
``cluster`` has others, on other machines; the two forkservers belong to the process in which ``drive`` runs
(``Forks``), so that each worker has its own.

A record is written to ``.autograder/<assignment>/<student>.json`` as soon as it arrives, by an atomic rename. A record
whose key still fits (submission, source, suites, reference, versions) is not graded again: that is how a killed run
resumes, and why grading the same content twice gives the same grades. Of a resubmission only the exercises are graded
that something concerns which has changed (``regrading``).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from autograder.course import Course, Source
from autograder.errors import GraderFailure, InstructorError
from autograder.gpu import CPU, CUDA, VISIBLE, GpuSlots, visible_gpus
from autograder.identity import Keys, content_key, course_key
from autograder.job import Basis, Job, Setup
from autograder.record import Record
from autograder.regrading import Change, changes, merged, reusable, stale, with_kept
from autograder.sandbox.confinement import Level, chosen_level, require
from autograder.sandbox.forkserver import GUEST_PRELOAD, PATIENCE, Forkserver
from autograder.sandbox.limits import Limits
from autograder.sandbox.supervisor import Guest, GuestRequest
from autograder.seeds import derive_seed
from autograder.submission import digest
from autograder.verdict import GRADER, ExerciseGrade, Grade, Outcome, Verdict

__all__ = ["Forks", "Graders", "Options", "Record", "grade_class", "graded_submission", "held", "stored"]

LOOK_AT = 20  # submissions, before a run, to see whether something is to be graded
LONGEST = 240  # bytes of a student's name that stands in that of a file

GRADER_PRELOAD = (
    "autograder.lean",
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
        exercises: these are graded again, alone where the rest was graded before; empty for what has changed.
        device: the class of device on which student code computes, "cpu" or "cuda".
        gpu_slots: submissions that share a GPU of this machine.
    """

    workers: int = 1
    level: Level | None = None
    limits: Limits = Limits()
    fresh: bool = False
    secret: str = ""
    exercises: tuple[str, ...] = ()
    device: str = CPU
    gpu_slots: int = 1


class Forks:
    """The two forkservers of this process, and graders forked ahead.

    A grader that waits for its job has already started its guest; while one submission is graded the next
    one's guest gets ready on another core.
    """

    def __init__(self, course: Course, options: Options) -> None:
        level = chosen_level(options.level)
        require(level)
        self.guests = Forkserver("autograder.sandbox.supervisor:main", GUEST_PRELOAD)
        self.graders = Forkserver("autograder.grading:main", GRADER_PRELOAD, pass_fds=(self.guests.fileno(),))
        self.graders.start()  # both import at the same time
        limits = options.limits.to_dict()
        self.setup = Setup(self.guests.fileno(), level.value, limits, course.protected, options.device)
        self.spares: list[socket.socket] = []
        self.lock = threading.Lock()

    def wait_ready(self, timeout: float = PATIENCE) -> None:
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


def drive(
    forks: Forks,
    job: Job,
    ahead: bool = False,
    opened: Callable[[socket.socket], None] = lambda channel: None,
) -> Record:
    """Have one submission graded.

    Args:
        forks: what forks the grader.
        job: the submission.
        ahead: fork the next one's grader too.
        opened: called with the channel to the grader, which ends when that is shut down.

    Raises:
        GraderFailure: if the grader died or failed; nothing is known about the submission then.
    """
    (record,) = _records(forks, job, ahead, 1, opened)
    assert record is not None
    return record


def drive_trials(forks: Forks, job: Job) -> Iterator[Record | None]:
    """Have a job's trials graded by one grader, yielding each as it is done (see ``grading.grade_trials``).

    Raises:
        GraderFailure: as ``drive``; nothing is known about the trials not yielded then.
    """
    return _records(forks, job, True, len(job.trials))


def _records(
    forks: Forks,
    job: Job,
    ahead: bool,
    count: int,
    opened: Callable[[socket.socket], None] = lambda channel: None,
) -> Iterator[Record | None]:
    with forks.grader(ahead) as channel, channel.makefile("r", encoding="utf-8") as lines:
        opened(channel)
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


# --- Who grades -----------------------------------------------------------------------------------------------

Tell = Callable[[str, str, str, str], None]
"""Called with what happened ("started", "retried", "late"), the student, the worker and the reason, from any thread."""


def _tell_nobody(event: str, student: str, worker: str, why: str) -> None:
    pass


class Graders(Protocol):
    """What takes jobs: this machine, or a cluster."""

    def wait_ready(self) -> None: ...

    def submit(self, job: Job, ahead: bool) -> Future[Record]:
        """A record to come, or a GraderFailure; ``ahead``: more jobs follow."""

    def alone(self, job: Job) -> Future[Record]:
        """The same, with nothing beside it on its machine."""

    def close(self) -> None:
        """End all that is still going on."""


def gpu_slots(each: int) -> GpuSlots:
    """Slots of this machine's GPUs.

    Raises:
        InstructorError: if it has none.
    """
    gpus = visible_gpus()
    if not gpus:
        raise InstructorError(
            "This process sees no GPU: there is no /dev/nvidia0, or CUDA_VISIBLE_DEVICES hides it. Leave out "
            "`--device cuda`, or run it where there is one."
        )
    return GpuSlots(gpus, each)


USES_CUDA = """
import torch
try:
    torch.zeros(1, device="cuda")
    answer("")
except Exception as error:
    answer(f"{type(error).__name__}: {error}")
"""


def require_cuda(forks: Forks, gpus: Sequence[str]) -> None:
    """Have a guest use each GPU, before student code is blamed for what the machine cannot do.

    Raises:
        GraderFailure: if one cannot.
    """
    level, limits = Level(forks.setup.level), Limits.from_dict(forks.setup.limits)
    for gpu in gpus:
        request = GuestRequest(
            level,
            "autograder.sandbox.script:run",
            {"code": USES_CUDA},
            limits,
            environment={VISIBLE: gpu},
            protected=forks.setup.protected,
            gpu=True,
        )
        ours, theirs = socket.socketpair()
        with ours, ours.makefile("r", encoding="utf-8") as answers:
            ours.settimeout(PATIENCE)
            with theirs:
                guest = Guest.launch(forks.guests, request, theirs.fileno())
            try:
                said = json.loads(answers.readline() or '"it gave no answer"')
            except OSError as error:
                said = str(error)
            finally:
                guest.close()
        if said:
            why = str(said).splitlines()[0]
            raise GraderFailure(
                f"a guest at level {level.value} cannot use the GPU {gpu}: {why} (docs/gpu.md)"
            )


@contextmanager
def placed(job: Job, slots: GpuSlots | None, alone: bool) -> Iterator[Job]:
    """The job with a slot of a GPU for as long as it is graded, or with a whole GPU; as it is where there are none."""
    if slots is None:
        yield job
        return
    with slots.whole() if alone else slots.slot() as slot:
        yield replace(job, gpu=slot)


class Local:
    """Graders of this machine, which an ``Executor`` drives; ``forks`` that were given stay open."""

    def __init__(self, course: Course, options: Options, forks: Forks | None, tell: Tell) -> None:
        self.own_forks, self.tell = forks is None, tell
        self.slots = gpu_slots(options.gpu_slots) if options.device == CUDA else None
        self.forks = forks or Forks(course, options)
        self.executor = ThreadPoolExecutor(options.workers)

    def wait_ready(self) -> None:
        self.forks.wait_ready()
        if self.slots is not None:
            require_cuda(self.forks, self.slots.gpus)

    def submit(self, job: Job, ahead: bool) -> Future[Record]:
        return self.executor.submit(self._drive, job, ahead, False)

    def alone(self, job: Job) -> Future[Record]:
        return self.executor.submit(self._drive, job, False, True)

    def _drive(self, job: Job, ahead: bool, alone: bool) -> Record:
        with placed(job, self.slots, alone) as job:
            self.tell("started", job.student, "", "")
            return drive(self.forks, job, ahead)

    def close(self) -> None:
        # First of all, or its threads would go on to the next submission.
        self.executor.shutdown(wait=sys.exc_info()[0] is None, cancel_futures=True)
        if self.own_forks:
            self.forks.close()


# --- Records --------------------------------------------------------------------------------------------------


def record_path(course: Course, assignment: str, student: str) -> Path:
    return course.state / assignment / _file_name(student)


def _held_path(course: Course, assignment: str, student: str) -> Path:
    return course.state / assignment / "_held" / _file_name(student)


def _file_name(student: str) -> str:
    """A folder's name may be as long as a file's, which leaves no room for an ending."""
    name = os.fsencode(student)
    return f"{student}.json" if len(name) <= LONGEST else f"{hashlib.sha256(name).hexdigest()}.json"


def stored(course: Course, assignment: str, student: str) -> Record | None:
    """The record kept for a submission, whether or not it still fits."""
    return _read(record_path(course, assignment, student))


def held(course: Course, assignment: str) -> list[str]:
    """Students of whom a changed grade waits until somebody has it recorded."""
    records = map(_read, sorted((course.state / assignment / "_held").glob("*.json")))
    return [record.grade.student for record in records if record and not record.grade.ungraded]


def _read(path: Path) -> Record | None:
    try:
        return Record.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep(course: Course, record: Record) -> None:
    """Write a record so that a reader sees either the old or the new one, whole; one held back is forgotten."""
    grade = record.grade
    _write(course, record_path(course, grade.assignment, grade.student), record)
    _held_path(course, grade.assignment, grade.student).unlink(missing_ok=True)


def _hold(course: Course, record: Record) -> None:
    """Write a record beside the one that stays, until somebody has seen how the grade changes."""
    _write(course, _held_path(course, record.grade.assignment, record.grade.student), record)


def _write(course: Course, path: Path, record: Record) -> None:
    """Raises GraderFailure where the disk does not take it."""
    try:
        _replace(course, path, record)
    except OSError as error:
        raise GraderFailure(
            f"the record of {record.grade.student} cannot be kept: {error.strerror} ({path.parent}). "
            "What was graded before is kept: make room, then run it again to go on."
        ) from error


def _replace(course: Course, path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.chmod(course.state, 0o700)  # seeds are nobody else's business
    # Half a surrogate pair, as of a name that is no UTF-8, becomes the escape that JSON has for it.
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - its name is needed when writing has failed
        "w", encoding="utf-8", errors="backslashreplace", dir=path.parent, delete=False
    )
    try:
        with file:
            file.write(record.to_json())
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def is_current(record: Record, course_key: str, submission: str) -> bool:
    """Whether grading again could give nothing new: same content, and nothing ungraded."""
    grade = record.grade
    return grade.key == content_key(course_key, submission) and not grade.ungraded and not record.again


def outdated(course: Course, assignment: str) -> list[str]:
    """Students whose grades were made from other submissions, sources, suites or versions than those of now."""
    key = cache(partial(course_key, course, assignment))
    records = ((student, stored(course, assignment, student)) for student in course.students(assignment))
    return [
        student
        for student, record in records
        if record
        and record.grade.key
        != content_key(key(record.grade.device), digest(course.submitted(assignment, student)))
    ]


def _job(course: Course, assignment: str, task: Task, secret: str, fresh: bool) -> Job:
    """The job of one submission; content that was graded before keeps its seed unless ``fresh``."""
    folder = course.submitted(assignment, task.student)
    drawn = f"{derive_seed(secret, task.student, digest(folder)):016x}"
    known = task.before if task.before and not fresh else None
    return Job(
        str(course.root),
        assignment,
        task.student,
        known.grade.seed if known else drawn,
        str(folder),
        exercises=task.exercises,
        seeds=known.seeds if known else {},
        known=task.reusable,
        cells={name: tuple(cells.values()) for name, cells in task.earlier.cells.items()}
        if task.earlier
        else {},
    )


# --- A class --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """One submission is done.

    Attributes:
        student: whose.
        record: the result.
        kept: it had been kept from an earlier run.
        spared: exercises that keep their results from an earlier submission.
        changes: how it differs from what was recorded for the same submission before. Where there are any, the record
            is held back and the earlier one stays, until ``keep`` gets the new one.
    """

    student: str
    record: Record
    kept: bool = False
    spared: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def grade_class(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: Options = Options(),
    forks: Forks | None = None,
    graders: Callable[[], Graders] | None = None,
    tell: Tell = _tell_nobody,
) -> Iterator[Progress]:
    """Grade submissions, yielding each as it is done; closing the iterator ends everything.

    A grader that fails is tried once more alone at the end; if it fails again the submission is ungraded.

    Args:
        course: what is graded, with ``assignment`` and ``students``.
        options: how.
        forks: what this machine grades with; default: its own.
        graders: makes those that grade instead, once something is to be graded.
        tell: hears what happens meanwhile.

    Raises:
        InstructorError: before anything runs, if the source cannot be graded.
        ClusterLost: what was graded is kept.
    """
    source = gradable(course, assignment, options)
    keys = Keys.of(course, source, options.device)
    todo: list[Task] = []
    for student in students:
        task = _task(course, assignment, student, keys, options)
        if isinstance(task, Progress):
            yield task
        else:
            todo.append(task)
    if todo:
        who = graders() if graders else Local(course, options, forks, tell)
        try:
            yield from _graded(course, assignment, keys, todo, options, who, tell)
        finally:
            who.close()


def gradable(course: Course, assignment: str, options: Options) -> Source:
    """The assignment's source; InstructorError where it cannot be graded, or not on that device."""
    source = course.load_source(assignment)
    course.refuse_unjudged(source)
    refuse_unmeasured(course, source, options.device)
    return source


def refuse_unmeasured(course: Course, source: Source, device: str, exercises: Sequence[str] = ()) -> None:
    """Raises InstructorError where an exercise has a floor, but none for that class of device; default: all of them."""
    path = course.hidden(source.assignment) / "floors.json"
    try:
        floors = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        wanted = [e.id for e in source.exercises if e.id in floors and (e.id in exercises or not exercises)]
        missing = [name for name in wanted if device not in floors[name].get("measured", {device: None})]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InstructorError(f"{path} cannot be read ({error}): calibrate it again.") from error
    if missing:
        raise InstructorError(
            f"{path} has no floor measured on {device} for {', '.join(missing)}: what is right there nobody knows. "
            f"`autograder calibrate {source.assignment} --device {device}`, on such a machine, measures it."
        )


def is_due(course: Course, assignment: str, students: Sequence[str], options: Options) -> bool:
    """Whether one of the first submissions is to be graded, so that it is worth while to start ``Forks`` at once."""
    keys = Keys.of(course, course.load_source(assignment), options.device)
    return any(
        isinstance(_task(course, assignment, name, keys, options), Task) for name in students[:LOOK_AT]
    )


@dataclass(frozen=True)
class Task:
    """A submission that is to be graded.

    Attributes:
        student: whose.
        before: the record of the same content, if there is one; it keeps its seed, unless all is graded afresh.
        exercises: those to grade, the others keep the verdicts of ``before``; empty for all.
        earlier: the record of what the student handed in before.
        reusable: what is known of exercises whose results in ``earlier`` may hold.
    """

    student: str
    before: Record | None
    exercises: tuple[str, ...] = ()
    earlier: Record | None = None
    reusable: Mapping[str, Basis] = field(default_factory=dict)


def _task(course: Course, assignment: str, student: str, keys: Keys, options: Options) -> Task | Progress:
    """What is to be done for a submission; progress where nothing is."""
    submission = digest(course.submitted(assignment, student))
    before = stored(course, assignment, student)
    if before is None or (before.grade.digest != submission and options.fresh):
        return Task(student, None)
    if before.grade.digest != submission:
        known = reusable(before, keys)
        known = {name: basis for name, basis in known.items() if name not in options.exercises}
        return Task(student, None, earlier=before if known else None, reusable=known)
    if options.fresh:
        return Task(student, before)
    if options.exercises:
        wanted = (*options.exercises, *(name for name in keys.parts if name not in before.parts))
        return Task(student, before, tuple(dict.fromkeys(wanted)))
    for record in filter(None, (_read(_held_path(course, assignment, student)), before)):
        if is_current(record, keys.whole, submission):
            return Progress(student, record, True, changes=tuple(changes(before.grade, record.grade)))
    wanted = stale(before, keys)
    whole = before.again or len(wanted) in (0, len(keys.parts))
    return Task(student, before, () if whole else wanted)


def _graded(
    course: Course,
    assignment: str,
    keys: Keys,
    tasks: Sequence[Task],
    options: Options,
    graders: Graders,
    tell: Tell,
) -> Iterator[Progress]:
    graders.wait_ready()
    secret = options.secret or secrets.token_hex(32)
    jobs = [_job(course, assignment, task, secret, options.fresh) for task in tasks]
    waiting = {
        graders.submit(job, number + options.workers < len(jobs)): (task, job)
        for number, (task, job) in enumerate(zip(tasks, jobs, strict=True))
    }
    alone: list[tuple[Task, Job]] = []
    for future in as_completed(waiting):
        task, job = waiting.pop(future)  # so that a record lives only until it is written
        record, why = _result(future)
        if record is not None and task.before and record.grade.digest != task.before.grade.digest:
            alone.append((Task(task.student, None), replace(job, exercises=())))
            why = "handed in anew meanwhile"
        elif record is None or record.again:
            alone.append((task, job))
        else:
            yield _done(course, keys, task, record)
            continue
        tell("retried", task.student, "", f"once more, alone, at the end: {why}")
    for task, job in alone:
        yield _done(course, keys, task, _last_try(course, graders.alone(job).result, job))


def _done(course: Course, keys: Keys, task: Task, record: Record) -> Progress:
    before = task.before
    if before is not None and task.exercises:
        record = merged(before, record, keys)
    spared: tuple[str, ...] = ()
    if task.earlier is not None:
        record, spared = with_kept(task.earlier, record, keys)
    found = tuple(changes(before.grade, record.grade)) if before else ()
    (_hold if found else keep)(course, record)
    return Progress(task.student, record, spared=spared, changes=found)


def drive_twice(course: Course, forks: Forks, job: Job) -> Record:
    """Have one submission graded, once more if the grader fails; if it fails again the submission is ungraded."""
    with suppress(GraderFailure):
        record = drive(forks, job)
        if not record.again:
            return record
    return _last_try(course, lambda: drive(forks, job), job)


def _result(future: Future[Record]) -> tuple[Record | None, str]:
    """The record, or why there is none."""
    try:
        return future.result(), "a wall limit passed"
    except GraderFailure as failure:
        return None, str(failure).splitlines()[0]


def _last_try(course: Course, grade: Callable[[], Record], job: Job) -> Record:
    try:
        return replace(grade(), again=False)
    except GraderFailure as failure:
        return ungraded(course, job, str(failure))


def ungraded(course: Course, job: Job, why: str) -> Record:
    """A record that says that we failed, and gives nobody a zero."""
    exercises = tuple(
        ExerciseGrade(e.id, e.notebook, e.points, (Verdict(GRADER, "", Outcome.UNGRADED, 1.0, detail=why),))
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
        if progress.changes:
            keep(course, progress.record)  # nbgrader has asked for it, and records it
        return progress.record
    raise GraderFailure(f"{student} was not graded")
