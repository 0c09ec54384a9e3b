"""Grades one submission: reads it, runs its cells in a guest, then lets the hidden suites ask.

``main`` is what a fork of the trusted forkserver does: it starts a guest ahead, waits for its job on a socket, sends
back a ``Record`` as JSON and ends. ``grade`` is the same without processes around it. A job with ``Trial``s, as an
audit sends them, is answered by a record for each.

A grader touches no database. Whatever breaks here is our failure: an exercise without a verdict is ungraded.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import resource
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from autograder.course import Course, Source
from autograder.dependence import Notebook
from autograder.diagnosis import FILE, SEED, Diagnoses, Sketcher
from autograder.errors import (
    CallTimedOut,
    CellFailed,
    CheckingTooLong,
    GpuExhausted,
    GraderFailure,
    GuestDied,
    StudentFailure,
    WallExpired,
)
from autograder.execution import Asked, CellEnd, Execution, Kernel
from autograder.gpu import CUDA, VISIBLE, grade_on, out_of_memory
from autograder.identity import Keys, content_key, versions
from autograder.job import Basis, Job, Setup
from autograder.probe import Probe, RemoteError, Student
from autograder.record import Executed, Record
from autograder.sandbox.confinement import Level
from autograder.sandbox.forkserver import Forkserver
from autograder.sandbox.limits import Limits
from autograder.sandbox.privileges import data_now
from autograder.sandbox.provisioner import Launcher
from autograder.sandbox.supervisor import Guest, GuestRequest
from autograder.sandbox.syscalls import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl
from autograder.seeds import derive_seed
from autograder.sketch import Sketch
from autograder.submission import (
    Exercise,
    Kind,
    Plan,
    RunCell,
    RunGraded,
    Snapshot,
    Step,
    Submitted,
    beside,
    digest,
    handed_in,
    locate,
    plan,
    read_notebook,
)
from autograder.suite import Host, Rounds, run_suite, run_suites
from autograder.verdict import HANDED_IN, READABLE, ExerciseGrade, Grade, Outcome, Verdict

REVIVALS = 2  # fresh guests for one exercise whose suite ends the whole guest (memory)
OWN_MEMORY = 4 << 30  # bytes that a grader may take beside what it inherited
READING = 10.0  # seconds of CPU for finding out what depends on what in a notebook
TIMEOUTS = 2  # calls of one exercise that may run into their CPU limit before its other tests are not asked


# --- One submission -------------------------------------------------------------------------------------------


class GuestHost:
    """The suites' host: one conversation with the exercise's snapshot, opened anew when it breaks.

    With a ``trial`` each conversation begins with running its text, and nothing is revived.
    """

    def __init__(
        self,
        asked: Asked,
        execution: Execution,
        secret: str,
        limits: Limits,
        runner: asyncio.Runner,
        end: float,
        trial: str,
    ) -> None:
        self.asked, self.execution, self.secret, self.limits = asked, execution, secret, limits
        self.runner, self.end, self.trial = runner, end, trial
        self.probe: Probe | None = None
        self.timeouts, self.revivals = 0, REVIVALS if trial else 0
        self.late: StudentFailure | GraderFailure = CallTimedOut(limits.call_cpu)
        self.reached: set[str] = set()  # names that the suite asked for
        self.plain = True  # no test ended by a limit, a death, a missing name
        self.exhausted = False  # a test ended because a GPU's memory was not enough
        self.unrepeated = False  # cells did not run again as they had run
        self.running_again = 0.0  # CPU seconds of that
        self.spent = 0.0  # CPU seconds of the suite in guests that are gone
        self.begin = asked.guest.cpu_seconds() if asked.guest else 0.0

    def open(self, suite: Path, test: str) -> Student:
        if self.timeouts >= TIMEOUTS:
            raise self.late
        if time.monotonic() > self.end:
            raise WallExpired(self.limits.suites_wall)
        _limit_own_cpu(self.limits.check_cpu)
        if self.probe is None or self.probe.closed:  # a suite may have caught what ended it
            self.probe = self._conversation()
        return Student(self.probe, (*self.asked.sources, *filter(None, [self.trial])))

    def _conversation(self) -> Probe:
        try:
            return self._opened()
        except (CellFailed, GuestDied):
            self.revivals += 1
            if self.asked.failure is not None or self.revivals > REVIVALS:
                raise
            if time.monotonic() > self.end:
                raise WallExpired(self.limits.suites_wall) from None
            self._revive()
            return self._opened()

    def _opened(self) -> Probe:
        probe = self.asked.open(self.limits, self._left(), self.end)
        probe.reached = self.reached
        probe.request("names")  # a snapshot that is just dying still takes the socket
        if self.asked.again:
            self._run_again(probe)
        if self.trial:
            self._run_trial(probe)
        return probe

    def _run_again(self, probe: Probe) -> None:
        """Bring a fork of a snapshot to where the exercise stands; what that takes is no call of the suite's.

        Raises:
            GraderFailure: if it cannot be, now and for the tests that follow.
        """
        used = self.used()
        try:
            if self.running_again > self.limits.suite_cpu:
                raise GraderFailure("the cells before the exercise would have to run again too often")
            self.asked.run_again(probe, self.limits, self.end)
        except GraderFailure as failure:
            self.unrepeated = True
            self.timeouts, self.late = TIMEOUTS, failure
            raise
        finally:
            spent = self.used() - used
            self.begin += spent
            self.running_again += spent

    def _run_trial(self, probe: Probe) -> None:
        """Raises GraderFailure where the text does not run to its end here: as a notebook's cell it may."""
        try:
            plain = Student(probe).at("IPython.get_ipython")().run_cell(self.trial).success is True
        except (StudentFailure, RemoteError):
            plain = False
        if not plain:
            self.timeouts, self.late = TIMEOUTS, GraderFailure("the trial's cell did not run to its end")
            raise self.late

    @property
    def goes_on(self) -> bool:
        """Whether nothing went wrong in the conversation, so that other questions may follow."""
        return self.probe is not None and not self.probe.closed and not self.timeouts

    def _left(self) -> float:
        """CPU seconds that the suite may still use."""
        left = self.limits.suite_cpu - self.used()
        if left <= 0:
            raise CallTimedOut(self.limits.suite_cpu)
        return left

    def used(self) -> float:
        """CPU seconds that the suite has used in guests so far."""
        guest = self.asked.guest
        return self.spent + (max(0.0, guest.cpu_seconds() - self.begin) if guest else 0.0)

    def _revive(self) -> None:
        """A snapshot in a new guest: a suite ended the whole old one, or another exercise's did."""
        self.spent = self.limits.suite_cpu - self._left()
        self.runner.run(self.execution.revive(self.asked.exercise, self.end))
        self.asked = self.execution.asked[self.asked.exercise]
        self.begin = self.asked.guest.cpu_seconds() if self.asked.guest else 0.0

    def seed(self, suite: Path, test: str, stream: str) -> int:
        return derive_seed(self.secret, self.asked.exercise, test, stream)

    def failed(self, error: BaseException) -> None:
        """A test ended with ``error``: after a death or a time-out the next test gets a fresh conversation."""
        _limit_own_cpu(0)
        self.exhausted |= isinstance(error, RemoteError) and out_of_memory(error.kind, str(error))
        self.plain &= not isinstance(error, (StudentFailure, GraderFailure, MemoryError, OSError))
        if isinstance(error, (StudentFailure, GraderFailure)):
            if isinstance(error, (CallTimedOut, WallExpired)):
                self.timeouts += 1
                self.late = error
            self.probe = None

    def close(self, student: Student) -> None:
        """The conversation goes on with the next test."""
        _limit_own_cpu(0)


def _limit_own_cpu(seconds: float) -> None:
    """From now on this process may use ``seconds`` of CPU before ``CheckingTooLong`` is raised; 0 lifts the limit."""
    if threading.current_thread() is threading.main_thread():  # elsewhere nobody would get the signal
        signal.signal(signal.SIGPROF, _too_long)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _too_long(*_: object) -> None:
    raise CheckingTooLong


class SketchingHost(GuestHost):
    """The host of a diagnosis: keeps a sketch of what the guest replies, and never starts a guest anew."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.revivals = REVIVALS
        self.sketcher = Sketcher()

    def open(self, suite: Path, test: str) -> Student:
        student = super().open(suite, test)
        self.sketcher.listen(student._probe, test)
        return student


def grade(
    job: Job,
    kernel_or_launcher: Kernel | Launcher,
    limits: Limits,
    runner: asyncio.Runner,
    closing: contextlib.ExitStack,
) -> Record:
    """Grade one submission.

    Args:
        job: whose submission, and the seed from which all its random streams derive.
        kernel_or_launcher: a kernel started ahead for the first notebook, or what starts one.
        limits: of the guests.
        runner: the event loop on which the kernel was started.
        closing: gets what waits for the end of the guests, which nothing in the record needs.
    """
    started = time.monotonic()
    grade_on(job.device)
    course = Course(Path(job.root))
    if job.root not in sys.path:
        sys.path.insert(0, job.root)  # hidden suites import the course's reference
    source = course.load_source(job.assignment)
    submitted, keys = digest(Path(job.folder)), Keys.of(course, source, job.device)
    work = _Work(course, source, job, limits, kernel_or_launcher, runner, closing)
    try:
        exercises = work.grades()
    except _Doubtful:
        whole = replace(job, known={}, cells={})
        work = _Work(course, source, whole, limits, work.start, runner, closing)
        exercises = work.grades()
    result = Grade(
        assignment=job.assignment,
        student=job.student,
        digest=submitted,
        key=content_key(keys.whole, submitted),
        seed=job.seed,
        exercises=exercises,
        problems=tuple(work.problems),
        seconds=round(time.monotonic() - started, 3),
        versions=versions(),
        usage=work.usage,
        device=job.device,
    )
    more = (replace(result, seed=seed, exercises=tuple(found)) for seed, found in work.more.items())
    parts = {one.exercise: keys.parts[one.exercise] for one in exercises}
    seeds = {one.exercise: job.seeds[one.exercise] for one in exercises if one.exercise in job.seeds}
    return Record(
        result,
        work.outputs,
        work.again,
        tuple(more),
        work.sketches,
        parts,
        bases=work.bases,
        seeds=seeds,
        cells=work.cells,
    )


def grade_trials(
    job: Job,
    kernel_or_launcher: Kernel | Launcher,
    limits: Limits,
    runner: asyncio.Runner,
    closing: contextlib.ExitStack,
) -> Iterator[Record | None]:
    """A record for each of a job's trials; None where it needs a guest of its own.

    That is so when its cell raises, hangs or kills its fork, when one of its tests is ungraded, and when a trial
    before it has ended the guest. Arguments are those of ``grade``.

    Raises:
        ValueError: if the source has not just one exercise with a suite.
    """
    if job.root not in sys.path:
        sys.path.insert(0, job.root)
    course = Course(Path(job.root))
    source = course.load_source(job.assignment)
    (exercise,) = (e for e in source.exercises if e.kind is Kind.SUITE)
    first = _Work(course, source, job, limits, kernel_or_launcher, runner, closing)
    submitted = read_notebook(locate(Path(job.folder), exercise.notebook, source.names))
    execution = first.executed(plan(submitted, source.notebook(exercise.notebook)).steps, exercise.notebook)
    try:
        for trial in job.trials:
            seed, *more = trial.seeds
            one = replace(job, seed=seed, more_seeds=tuple(more))
            work = _Work(course, source, one, limits, first.start, runner, closing, trial.text)
            yield work.trial(exercise, execution)
    finally:
        execution.kill()


class _Doubtful(Exception):
    """Some exercises were kept, and something happened while the others were graded: all are to be graded."""


class _Reading:
    """The cells of a submitted notebook, in the order in which they run, and what depends on what among them."""

    def __init__(self, steps: Sequence[Step], others: str) -> None:
        self.places = {  # of exercises: how many cells run before
            step.exercise: sum(not isinstance(s, Snapshot) for s in steps[:number])
            for number, step in enumerate(steps)
            if isinstance(step, Snapshot)
        }
        self.cells = [step for step in steps if not isinstance(step, Snapshot)]
        self.plain = not any(isinstance(cell, RunGraded) for cell in self.cells)
        self.notebook, found = Notebook(["("]), []  # unclear
        _limit_own_cpu(READING)
        try:
            self.notebook = Notebook([cell.source for cell in self.cells], others)
            if self.plain:
                found = [self.notebook.cell(place) for place in range(len(self.cells))]
        except CheckingTooLong:
            self.notebook = Notebook(["("])
        _limit_own_cpu(0)
        self.digests = {place: one for place, one in enumerate(found) if one is not None}

    def basis(self, exercise: str, names: Iterable[str]) -> Basis | None:
        """What decides an exercise with a suite that asks for ``names``; None where that is unclear."""
        wanted = tuple(sorted(names))
        if exercise not in self.places:
            return None
        found = self.notebook.exercise(self.places[exercise], wanted)
        return None if found is None else Basis(found, wanted)

    def index(self, place: int) -> int:
        """Where in the submission the cell stands; -1 for an instructor's."""
        cell = self.cells[place]
        return cell.index if isinstance(cell, RunCell) else -1

    def needed(self, exercise: str, names: Iterable[str]) -> set[int]:
        """Places of the cells on which an exercise depends."""
        return self.notebook.cells_of(self.places[exercise], names)


class _Work:
    """The state of grading one submission, notebook after notebook, or one of its trials."""

    def __init__(
        self,
        course: Course,
        source: Source,
        job: Job,
        limits: Limits,
        start: Kernel | Launcher,
        runner: asyncio.Runner,
        closing: contextlib.ExitStack,
        text: str = "",
    ) -> None:
        self.course, self.source, self.job, self.limits = course, source, job, limits
        self.start, self.runner, self.closing, self.text = start, runner, closing, text
        self.problems: list[str] = []
        self.outputs: dict[str, list[Executed]] = {}
        self.again = False
        self.end = time.monotonic() + limits.notebook_wall + limits.suites_wall
        self.more: dict[str, list[ExerciseGrade]] = {seed: [] for seed in job.more_seeds}
        self.troubled: set[str] = set()  # exercises whose suite ran into a limit: not asked again
        self.sketches: dict[str, dict[str, Sketch]] = {}
        self.usage: dict[str, tuple[float, float]] = {}
        self.reached: dict[str, set[str]] = {}  # by exercise, names that its suite asked for
        self.unsteady: set[str] = set()  # exercises of which a test ended by a limit, a death, a missing name
        self.bases: dict[str, Basis] = {}
        self.cells: dict[str, dict[int, str]] = {}
        self.steady: set[str] = set()  # notebooks of which no cell ran into a limit
        self.others = beside(Path(job.folder), source.names)

    def grades(self) -> tuple[ExerciseGrade, ...]:
        """Those of all exercises but the manual ones and those that are kept.

        Raises:
            _Doubtful: if some are kept or some cells not run, and the rest did not go as plainly as before.
        """
        return tuple(grade for notebook in self.source.notebooks for grade in self.notebook(notebook.name))

    def notebook(self, name: str) -> list[ExerciseGrade]:
        """Grades of the exercises of one notebook; manual ones are left to the gradebook."""
        submitted = handed_in(Path(self.job.folder), name, self.source.names)
        notebook = self.source.notebook(name)
        graded = [e for e in notebook.exercises if e.kind is not Kind.MANUAL and self._wanted(e.id)]
        if submitted.missing or submitted.unreadable:
            self.problems += submitted.problems
            return [_without_work(exercise, submitted) for exercise in graded]
        steps = plan(submitted, notebook)
        self.problems += steps.problems
        reading = _Reading(steps.steps, self.others)
        kept = {exercise.id for exercise in graded if self._is_kept(exercise.id, reading)}
        graded = [exercise for exercise in graded if exercise.id not in kept]
        run = self._cells_to_run(name, graded, reading)
        self.cells[name] = {reading.index(place): one for place, one in reading.digests.items()}
        if not graded and not run:
            self.outputs[name] = []
            return []
        found = self._graded_in(name, graded, steps, reading, run)
        if kept or len(run) < len(reading.cells):
            self._doubt(name, graded, reading, run)
        return found

    def _is_kept(self, exercise: str, reading: _Reading) -> bool:
        """Whether nothing changed, since the earlier submission, that the exercise depends on."""
        known = self.job.known.get(exercise)
        return known is not None and reading.basis(exercise, known.names) == known

    def _cells_to_run(self, name: str, graded: Sequence[Exercise], reading: _Reading) -> set[int]:
        """Places of the cells that the exercises need or whose outputs may have changed; all where that is unclear.

        What an exercise needs that is itself unclear are all cells before it.
        """
        known, before = self.job.known, set(self.job.cells.get(name, ()))
        if not reading.plain or not before or reading.notebook.unclear:
            return set(range(len(reading.cells)))
        wanted = {place for place, one in reading.digests.items() if one not in before}
        for exercise in graded:
            names = known[exercise.id].names if exercise.id in known else ()
            clear = exercise.id in known and reading.basis(exercise.id, names) is not None
            place = reading.places.get(exercise.id, 0)
            wanted |= reading.needed(exercise.id, names) if clear else set(range(place))
        return reading.notebook.runnable(wanted)

    def _doubt(self, name: str, graded: Sequence[Exercise], reading: _Reading, run: set[int]) -> None:
        """Raises _Doubtful unless all went plainly, and the suites asked for nothing that cells not run decide."""
        steady = name in self.steady and not self.again
        if len(run) < len(reading.cells):
            errors = any(out["output_type"] == "error" for cell in self.outputs[name] for out in cell.outputs)
            steady &= not errors and not self.unsteady & {exercise.id for exercise in graded}
            for exercise in graded:
                steady &= reading.needed(exercise.id, self.reached.get(exercise.id, ())) <= run
        if not steady:
            raise _Doubtful

    def _graded_in(
        self, name: str, graded: Sequence[Exercise], steps: Plan, reading: _Reading, run: set[int]
    ) -> list[ExerciseGrade]:
        """Grades of the exercises, after the cells at the places ``run`` have run."""
        ids = {exercise.id for exercise in graded}
        cells = {id(reading.cells[place]) for place in run}
        asked = [
            step
            for step in steps.steps
            if (step.exercise in ids if isinstance(step, Snapshot) else id(step) in cells)
        ]
        present = [exercise for exercise in graded if exercise.id not in steps.absent]
        with self._running(asked, name, reading) as executed:
            grades = self._judged(present, executed)
            return [
                self._diagnosed(
                    _absent(exercise) if exercise.id in steps.absent else grades[exercise.id],
                    exercise.suite,
                    executed(),
                )
                for exercise in graded
            ]

    @contextlib.contextmanager
    def _running(
        self, steps: Sequence[Step], name: str, reading: _Reading
    ) -> Iterator[Callable[[], Execution]]:
        """Runs cells in a thread, while pytest starts and reads the suites; what it yields waits for their end."""
        with ThreadPoolExecutor(1) as thread:
            cells = thread.submit(self.executed, steps, name)
            try:
                yield cells.result
            finally:
                if cells.exception() is None:
                    self._ended(name, cells.result(), reading)

    def _ended(self, name: str, execution: Execution, reading: _Reading) -> None:
        """Keep what is to be told of a notebook's run, and end its guests."""
        self.problems += [f"{name}.ipynb: {problem}" for problem in execution.problems]
        self.outputs[name] = [execution.outputs[index] for index in sorted(execution.outputs)]
        self._keep_bases(name, execution, reading)
        self._used("memory_mb", max((guest.peak_mb for guest in execution.guests), default=0))
        execution.kill()

    def _keep_bases(self, name: str, execution: Execution, reading: _Reading) -> None:
        """Note what the exercises depend on, where nothing but that can have decided."""
        if execution.problems or self.again:
            self.cells[name] = {}
            return
        self.steady.add(name)
        wrong = {
            cell.index
            for cell in self.outputs[name]
            if any(out["output_type"] == "error" for out in cell.outputs)
        }
        if wrong:  # what it should have bound may be as it was before
            for place in reading.digests:
                needed = reading.notebook.runnable([place]) - {place}
                if wrong & set(map(reading.index, needed)):
                    self.cells[name].pop(reading.index(place), None)
        for exercise in sorted(
            self.reached.keys() - self.unsteady - self.bases.keys()
        ):  # a record is the same twice
            basis = reading.basis(exercise, self.reached[exercise])
            if basis is not None:
                needed = reading.needed(exercise, basis.names)
                if not wrong & set(map(reading.index, needed)):
                    self.bases[exercise] = basis

    def _used(self, limit: str, value: float) -> None:
        """Keep how near the submission came to one of its limits."""
        before, _ = self.usage.get(limit, (0.0, 0.0))
        self.usage[limit] = (round(max(before, value), 2), float(getattr(self.limits, limit)))

    def _wanted(self, exercise: str) -> bool:
        return not self.job.exercises or exercise in self.job.exercises

    def trial(self, exercise: Exercise, execution: Execution) -> Record | None:
        """What ``grade_trials`` says of one trial."""
        asked = execution.asked[exercise.id]
        if asked.failure is not None or execution.problems or not execution.settle(asked):
            return None
        (judged,) = self._judged([exercise], lambda: execution).values()
        grade = self._diagnosed(judged, exercise.suite, execution)
        found = {self.job.seed: [grade], **self.more}
        grades = [
            Grade(self.job.assignment, self.job.student, "", "", seed, tuple(exercises))
            for seed, exercises in found.items()
        ]
        plain = execution.settle(asked) and not any(one.ungraded for one in grades)
        return Record(grades[0], more=tuple(grades[1:]), sketches=self.sketches) if plain else None

    def _launcher(self) -> Launcher:
        return self.start.launcher if isinstance(self.start, Kernel) else self.start

    def executed(self, steps: Sequence[Step], name: str) -> Execution:
        """The cells of the notebook ``name``, run."""
        seed = derive_seed(self.job.seed, name, "cells")
        execution = Execution(steps, self._launcher(), self.limits, Path(self.job.folder), seed, self.job.gpu)
        self.closing.callback(execution.close)
        begun = time.monotonic()
        try:
            self.runner.run(self._execute(execution))
            self._used("notebook_wall", time.monotonic() - begun)
        except BaseException:
            execution.kill()
            raise
        return execution

    async def _execute(self, execution: Execution) -> None:
        if isinstance(self.start, Kernel):
            kernel, self.start = self.start, self.start.launcher
        else:
            kernel = Kernel(self.start, self.limits)
            await kernel.start()
        await execution.run(kernel)

    def _judged(
        self, exercises: Sequence[Exercise], executed: Callable[[], Execution]
    ) -> dict[str, ExerciseGrade]:
        """The exercises by their suites, in one session of pytest; those without by what their cells said."""
        found: dict[str, ExerciseGrade] = {}

        def rounds() -> Rounds:
            execution = executed()
            for exercise in exercises:
                if exercise.suite is not None:
                    by_seed = yield from self._asked(exercise, exercise.suite, execution)
                    found[exercise.id] = by_seed.pop(self.job.seed)
                    for seed, grade in by_seed.items():
                        self.more[seed].append(grade)

        suites = [exercise.suite for exercise in exercises if exercise.suite]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if suites:
                run_suites(suites, rounds())
        inside = executed().inside
        for exercise in exercises:
            if exercise.suite is None:
                cell, end = inside.get(exercise.id, (None, CellEnd()))
                found[exercise.id] = _inside(exercise, cell, end)
                if self.job.gpu and (end.exhausted or executed().exhausted):
                    self.again = True
                    verdicts = tuple(_undecided(verdict) for verdict in found[exercise.id].verdicts)
                    found[exercise.id] = replace(found[exercise.id], verdicts=verdicts)
        return found

    def _asked(
        self, exercise: Exercise, suite: Path, execution: Execution
    ) -> Generator[tuple[Path, Host], tuple[Verdict, ...], dict[str, ExerciseGrade]]:
        """The exercise by its suite, with each seed.

        A trial's seeds share one conversation, which spares a fork each. One that does not give the outcomes of the
        first seed is asked again in a fresh one: it might be what the earlier seeds left behind.
        """
        found: dict[str, ExerciseGrade] = {}
        outcomes: list[Outcome] = []
        host: GuestHost | None = None
        for seed in (self.job.seed, *self.more):
            if host is not None and self.text and host.goes_on:
                host.secret = seed
                verdicts = yield suite, host
                if [verdict.outcome for verdict in verdicts] == outcomes:
                    found[seed] = self._graded(exercise, host, verdicts)
                    continue
            if host is not None:
                self._settle(exercise, execution, host)
            host = self._host(exercise, execution, seed)
            verdicts = yield suite, host
            outcomes = outcomes or [verdict.outcome for verdict in verdicts]
            found[seed] = self._graded(exercise, host, verdicts)
        assert host is not None
        self._settle(exercise, execution, host)
        return found

    def _host(self, exercise: Exercise, execution: Execution, seed: str) -> GuestHost:
        asked = execution.asked[exercise.id]
        if isinstance(asked.failure, GraderFailure):
            self.again = True
        secret = self.job.seeds.get(exercise.id, seed) if seed == self.job.seed else seed
        return GuestHost(asked, execution, secret, self.limits, self.runner, self.end, self.text)

    def _settle(self, exercise: Exercise, execution: Execution, host: GuestHost) -> None:
        """See that nothing of a suite is left in the guest."""
        if host.timeouts or host.revivals > (REVIVALS if self.text else 0):
            self.troubled.add(exercise.id)
        self._note(exercise.id, host)
        execution.fork_ahead(after=exercise.id)  # while this suite's processes end
        self._used("suite_cpu", host.used())
        execution.settle(host.asked)

    def _note(self, exercise: str, host: GuestHost) -> None:
        """Keep what the host's suite asked for."""
        self.reached.setdefault(exercise, set()).update(host.reached)
        if not host.plain or exercise in self.troubled:
            self.unsteady.add(exercise)

    def _graded(self, exercise: Exercise, host: GuestHost, verdicts: Sequence[Verdict]) -> ExerciseGrade:
        """The grade that one run of a suite gave."""
        verdicts = tuple(_explained(verdict, host.asked.note) for verdict in verdicts)
        if self.job.gpu and (host.unrepeated or (host.timeouts and self.job.gpu.share < 1)):
            self.again = True  # alone, where nobody else uses the GPU
        if self.job.gpu and host.exhausted:
            self.again = True
            verdicts = tuple(_undecided(verdict) for verdict in verdicts)
        self.again |= any("WallExpired" in verdict.detail for verdict in verdicts)
        self.problems += [
            f"exercise {exercise.id}: {verdict.test} is ungraded: {_reason(verdict.detail)}"
            for verdict in verdicts
            if verdict.outcome is Outcome.UNGRADED
        ]
        return ExerciseGrade(exercise.id, exercise.notebook, exercise.points, verdicts)

    def _diagnosed(self, grade: ExerciseGrade, suite: Path | None, execution: Execution) -> ExerciseGrade:
        """Tests that failed are asked once more, with the seed of diagnoses: is the mistake a known one?"""
        wanted = self.job.diagnose or self.job.sketch
        if not wanted or suite is None or grade.exercise not in execution.asked.keys() - self.troubled:
            return grade
        diagnoses = Diagnoses.read(suite)
        failed = [v.test for v in grade.verdicts if v.outcome is Outcome.FAILED and not v.gate]
        tests = [test for test in failed if test in diagnoses.tests]
        if diagnoses.stale and failed:
            self.problems.append(
                f"exercise {grade.exercise}: {FILE} was made for another version of the suite"
            )
        if self.job.sketch:  # of a right solution all tests are of interest
            tests = failed or [verdict.test for verdict in grade.verdicts if not verdict.gate]
        if not tests:
            return grade
        sketches = self._sketched(grade.exercise, suite, execution, tests, bool(failed))
        if self.job.sketch:
            self.sketches[grade.exercise] = sketches
        told = {test: diagnoses.of(test, sketches.get(test)) for test in failed}
        return replace(
            grade, verdicts=tuple(replace(v, diagnosis=told.get(v.test, "")) for v in grade.verdicts)
        )

    def _sketched(
        self, exercise: str, suite: Path, execution: Execution, tests: Sequence[str], failing: bool
    ) -> dict[str, Sketch]:
        """Sketches of those among ``tests`` that fail, or pass, with the seed of diagnoses too."""
        asked = execution.asked[exercise]
        limits = self.limits
        short = replace(limits, call_cpu=min(limits.call_cpu, 5.0), suite_cpu=min(limits.suite_cpu, 30.0))
        host = SketchingHost(asked, execution, SEED, short, self.runner, self.end, self.text)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            verdicts = run_suite(suite, host, tests)
        self._note(exercise, host)
        wanted = Outcome.FAILED if failing else Outcome.PASSED
        return host.sketcher.sketches(v.test for v in verdicts if v.outcome is wanted)


def _reason(detail: str) -> str:
    """The end of a traceback in one line, with the last line of a file that it names."""
    lines = [line.removeprefix("E").strip() for line in detail.strip().splitlines() if line.strip()]
    places = re.findall(r"(?:, line |\.py:)(\d+)", detail)
    where = f" (line {places[-1]})" if places else ""
    return f"{lines[-1]}{where}" if lines else "unknown"


def _explained(verdict: Verdict, note: str) -> Verdict:
    """A missing name, with what happened to the cell that should have defined it."""
    if note and verdict.message.startswith("Le notebook ne définit pas"):
        return replace(verdict, message=f"{verdict.message.split('. ')[0]}. {note}")
    return verdict


def _undecided(verdict: Verdict) -> Verdict:
    """A test that failed beside one for which a GPU's memory was not enough."""
    if verdict.outcome is not Outcome.FAILED:
        return verdict
    return replace(verdict, outcome=Outcome.UNGRADED, detail=str(GpuExhausted()))


def _absent(exercise: Exercise) -> ExerciseGrade:
    message = "Rien n'a été rendu pour cet exercice."
    verdict = Verdict(HANDED_IN, "Travail rendu", Outcome.FAILED, 1.0, message)
    return ExerciseGrade(exercise.id, exercise.notebook, exercise.points, (verdict,))


def _without_work(exercise: Exercise, submitted: Submitted) -> ExerciseGrade:
    """A notebook that was not handed in earns nothing; one that cannot be read goes to a human."""
    if submitted.missing:
        return _absent(exercise)
    verdict = Verdict(READABLE, "Notebook lisible", Outcome.UNGRADED, 1.0, submitted.unreadable)
    return ExerciseGrade(exercise.id, exercise.notebook, exercise.points, (verdict,))


def _inside(exercise: Exercise, cell: Any, end: CellEnd) -> ExerciseGrade:
    """The score of a cell that decides inside the notebook, as nbgrader reads it, but failing closed."""
    share, message = 0.0, "La cellule n'a pas été exécutée."
    if cell is not None and not end.fatal and not end.limit:
        share, message = _cell_share(cell, exercise.points)
    elif cell is not None:
        message = f"La cellule a été interrompue ({end.limit or end.fatal})."
    verdicts = [Verdict("cell", "Cellule d'évaluation", Outcome.PASSED, share)] if share else []
    if share < 1:
        verdicts.append(Verdict("cell", "Cellule d'évaluation", Outcome.FAILED, 1 - share, message))
    return ExerciseGrade(exercise.id, exercise.notebook, exercise.points, tuple(verdicts), True)


def _cell_share(cell: Any, points: float) -> tuple[float, str]:
    for output in cell.outputs:
        if output.output_type == "error":
            return 0.0, f"La cellule a levé {output.get('ename', 'une erreur')}."
    results = [out for out in cell.outputs if out.output_type == "execute_result"]
    if not results:
        return 1.0, ""
    try:
        score = float(results[-1].data.get("text/plain", ""))
    except ValueError:
        return 0.0, "La cellule n'a pas rendu un nombre de points."
    if not 0 <= score <= points or points == 0:  # NaN is not between anything
        return 0.0, "La cellule a rendu un nombre de points impossible."
    return score / points, f"La cellule a rendu {score:g} points sur {points:g}."


# --- A grader's process ---------------------------------------------------------------------------------------


def main(message: bytes, fds: Sequence[int]) -> None:
    """Entry of a fork of the trusted forkserver: start a guest, read a job, send a record."""
    setup = Setup(**json.loads(message))
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # no grader outlives its forkserver
    prctl(
        PR_SET_DUMPABLE, 1
    )  # a process that is not dumpable cannot read its own /proc/self/fd, unless it is root
    limits = Limits.from_dict(setup.limits)
    _limit_own_memory()
    torch.set_num_threads(1)
    with (
        socket.socket(fileno=fds[0]) as channel,
        asyncio.Runner() as runner,
        contextlib.ExitStack() as closing,
    ):
        launcher = guest_launcher(setup, limits)
        try:
            kernel: Kernel | Launcher = runner.run(_started(launcher, limits))
        except GraderFailure:
            kernel = launcher  # the job's own start will say why
        channel.sendall(b"ready\n")
        with channel.makefile("r", encoding="utf-8") as lines:
            line = lines.readline()
        if line:
            threading.Thread(target=_end_with, args=(channel.fileno(),), daemon=True).start()
            for answer in _answers(Job.from_json(line), kernel, limits, runner, closing):
                channel.sendall(answer.encode("utf-8", "backslashreplace") + b"\n")
        if isinstance(kernel, Kernel):
            kernel.guest.close()


def _limit_own_memory() -> None:
    """A guest may send messages without an end, which the transport keeps whole: this process pays, not the host."""
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a lower limit already
        resource.setrlimit(resource.RLIMIT_DATA, (data_now() + OWN_MEMORY, resource.RLIM_INFINITY))


def _end_with(channel: int) -> None:
    """End this process when whoever asked has hung up: nobody would read its record."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are the main thread's
    hung_up = select.poll()
    hung_up.register(channel, select.POLLRDHUP)
    hung_up.poll()
    os._exit(1)


async def _started(launcher: Launcher, limits: Limits) -> Kernel:
    kernel = Kernel(launcher, limits)
    await kernel.start()
    return kernel


def _answers(
    job: Job,
    kernel: Kernel | Launcher,
    limits: Limits,
    runner: asyncio.Runner,
    closing: contextlib.ExitStack,
) -> Iterator[str]:
    """The lines of a grader's reply: one for the job, or for each of its trials."""
    try:
        if not job.trials:
            yield grade(job, kernel, limits, runner, closing).to_json()
            return
        for record in grade_trials(job, kernel, limits, runner, closing):
            yield record.to_json() if record else "null"
    except BaseException as error:
        detail = "".join(traceback.format_exception(error))
        yield json.dumps({"failure": f"{type(error).__name__}: {error}", "detail": detail})


def guest_launcher(setup: Setup, limits: Limits, server: Forkserver | None = None) -> Launcher:
    """What starts a guest for a kernel's connection, by a forkserver whose socket this process inherited."""
    server = server or Forkserver.attach(setup.guest_server)

    on_gpu = setup.device == CUDA

    def launch(connection: dict[str, Any], bridge: int) -> Guest:
        request = GuestRequest(
            level=Level(setup.level),
            limits=limits,
            entry="autograder.sandbox.kernel:run",
            payload={"connection": connection, "threads": 1},
            protected=tuple(setup.protected),
            environment={} if on_gpu else {VISIBLE: ""},  # on the CPU student code finds no GPU, at any level
            gpu=on_gpu,
        )
        return Guest.launch(server, request, bridge, None)

    return launch
