"""How fair and how sharp suites are: every variant of every bank, graded as a submission.

``subjects`` reads what is asked for and refuses what makes no sense, before anything runs. An ``Audit`` then has every
variant graded by the same graders, guests and suites as a class.

To be quick each exercise gets a course of its own in a scratch folder, with the cells that it needs (``bank.reduced``)
and its two suites. Those cells run once for a ``BATCH`` of variants: each variant's text runs, as a cell more, in the
fork of the snapshot that answers the suite. A variant that is not so simple (its text raises or hangs, it ends the
guest, a test is ungraded) is handed in as a notebook of its own, as with ``whole`` all are. While the banks are being
graded, one more process watches the instructor's solutions under their suites and has the vacuous variants made
(``vacuous``).
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

from autograder.bank import Sort, Variant, read_bank, read_needs, read_source, reduced, with_variants
from autograder.course import Course, Source, near
from autograder.diagnosis import resolve, suite_digest
from autograder.errors import GraderFailure, InstructorError
from autograder.job import Job, Trial
from autograder.record import Record
from autograder.schedule import Forks, Options, drive, drive_trials, ungraded
from autograder.seeds import derive_seed
from autograder.sketch import Sketch
from autograder.submission import Exercise, Kind
from autograder.vacuous import LeftOut, line_of, observe, public_names, vacuous_variants
from autograder.verdict import ExerciseGrade, Outcome

__all__ = ["Audit", "Result", "Subject", "diagnoses", "subjects"]


SOLUTION = "the solution itself"
BATCH = 16  # variants that share one run of their exercise's cells, at most
SLOW = 3.0  # seconds of a test that is not worth asking again for a diagnosis
OPTIONS = Options(secret="audit")  # a fixed secret: an audit can be repeated; real grading draws its own


@dataclass(frozen=True)
class Subject:
    """One exercise under audit.

    Attributes:
        exercise: whose suite is asked.
        variants: of its banks; more are made.
        needs: ids of cells that run besides its own.
        solution: text of its solution cells.
        suite: digest of the hidden suite, as it is when the audit begins.
    """

    exercise: Exercise
    variants: tuple[Variant, ...]
    needs: tuple[str, ...]
    solution: tuple[str, ...]
    suite: str


@dataclass(frozen=True)
class Result:
    """One variant, graded once a seed."""

    variant: Variant
    grades: tuple[ExerciseGrade, ...]
    problems: tuple[str, ...] = ()
    sketches: Mapping[str, Sketch] = field(
        default_factory=dict
    )  # by test, where the audit was asked to diagnose

    @property
    def points(self) -> list[float | None]:
        return [grade.score for grade in self.grades]

    @property
    def max_points(self) -> float:
        return self.grades[0].max_points

    @property
    def failed_tests(self) -> list[str]:
        """Tests that failed with any of the seeds, in the suite's order."""
        verdicts = [v for grade in self.grades for v in grade.verdicts]
        return list(dict.fromkeys(v.test for v in verdicts if v.outcome is Outcome.FAILED))

    @property
    def vacuous(self) -> bool:
        """Whether the variant was made here, and stands in no bank."""
        return self.variant.file.suffix != ".py"

    @property
    def unexpected(self) -> str:
        """What is not as it must be; empty if all is."""
        if None in self.points:
            return "ungraded: " + "; ".join(self.problems or ["unknown"])
        full = [points == self.max_points for points in self.points]
        if self.variant.sort is Sort.ACCEPTED:
            return "" if all(full) else f"loses points by {', '.join(self.failed_tests)}"
        if any(full):
            return f"keeps full points with {sum(full)} of {len(full)} seeds"
        spared = [grade for grade in self.grades if not killed_by(grade, self.variant.killed_by)]
        if self.variant.killed_by and spared:
            return f"{self.variant.killed_by} passes; killed by {', '.join(self.failed_tests)}"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "exercise": self.variant.exercise,
            "name": self.variant.name,
            "kind": self.variant.sort.value,
            "file": str(self.variant.file),
            "line": self.variant.line,
            "points": self.points,
            "max_points": self.max_points,
            "failed_tests": self.failed_tests,
            "as_expected": not self.unexpected,
        }


def killed_by(grade: ExerciseGrade, test: str) -> bool:
    """Whether ``test``, or one of its parameters, failed."""
    return any(v.outcome is Outcome.FAILED and v.test.split("[")[0] == test for v in grade.verdicts)


# --- What is asked for ----------------------------------------------------------------------------------------


def subjects(
    course: Course, assignment: str, exercises: Sequence[str] = (), banks: Sequence[Path] = ()
) -> tuple[Subject, ...]:
    """The exercises to audit, with the variants of their banks.

    Args:
        course, assignment: whose suites.
        exercises: ids; by default those that have a file in ``banks``, and where none is given either all of them.
        banks: folders of ``<exercise>.py``; by default ``tests/hidden/<assignment>/bank``.

    Raises:
        InstructorError: an unknown exercise, one without a suite or a solution cell, a bank that cannot be read.
    """
    source = course.load_source(assignment)
    course.refuse_broken_suites(source)
    suited = {e.id: e for e in source.exercises if e.kind is Kind.SUITE}
    files = [_bank_files(folder) for folder in banks or (course.hidden(assignment) / "bank",)]
    found = {name for bank in files for name in bank}
    for bank in files:
        for name, path in bank.items():
            _known(name, suited, source, str(path))
    chosen = [_known(name, suited, source, "--exercise").id for name in exercises]
    if banks and (absent := [name for name in chosen if name not in found]):
        raise InstructorError(f"No bank has a file {absent[0]}.py: looked in {', '.join(map(str, banks))}.")
    chosen = chosen or [name for name in suited if name in found or not banks]
    if not chosen:
        raise InstructorError(f"There is nothing to audit: {assignment} has no hidden suite.")
    return tuple(
        _subject(source, suited[name], [bank[name] for bank in files if name in bank])
        for name in dict.fromkeys(chosen)
    )


def _bank_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InstructorError(f"There is no folder {folder}: a bank is a folder of <exercise>.py files.")
    return {path.stem: path for path in sorted(folder.glob("*.py"))}


def _known(name: str, suited: dict[str, Exercise], source: Source, where: str) -> Exercise:
    if name not in suited:
        graded = any(exercise.id == name for exercise in source.exercises)
        fact = "has no hidden suite" if graded else f"is no graded cell of source/{source.assignment}"
        raise InstructorError(f"{where}: `{name}` {fact}.{near(name, suited)}")
    return suited[name]


def _subject(source: Source, exercise: Exercise, banks: Sequence[Path]) -> Subject:
    cells = source.notebook(exercise.notebook).by_id
    name = f"{exercise.id}_solution"
    if name not in cells:
        raise InstructorError(
            f"source/{source.assignment}/{exercise.notebook}.ipynb has no solution cell `{name}`: "
            f"variants of `{exercise.id}` are appended to it. Rename the cell's grade_id."
        )
    solutions = tuple(dict.fromkeys((*exercise.solutions, name)))
    variants = tuple(variant for path in banks for variant in read_bank(path))
    needs = tuple(dict.fromkeys(need for path in banks for need in read_needs(path)))
    if missing := [need for need in needs if need not in cells]:
        raise InstructorError(f"{banks[0]}: `# needs {missing[0]}` names no cell of the notebook.")
    assert exercise.suite is not None
    texts = tuple(cells[cell].source for cell in solutions)
    return Subject(exercise, variants, needs, texts, suite_digest(exercise.suite))


# --- Grading --------------------------------------------------------------------------------------------------


@dataclass
class Audit:
    """An audit under way.

    Args:
        course, assignment: whose suites.
        subjects: what ``subjects`` returned.
        seeds: how often each suite is asked.
        whole: hand each variant in as a notebook of its own, with all cells instead of those that the exercise needs.
        made: make vacuous variants as well.
        diagnose: have failed tests diagnosed, as a student's are, which takes time for each mutant.
        sketch: have replies sketched, for ``diagnoses``.
        options: workers, confinement and limits; its secret is what seeds are derived from.

    Attributes:
        left_out: vacuous variants that would be equivalent.
        total: variants known so far.
    """

    course: Course
    assignment: str
    subjects: Sequence[Subject]
    seeds: int = 5
    whole: bool = False
    made: bool = True
    diagnose: bool = False
    sketch: bool = False
    options: Options = OPTIONS

    def __post_init__(self) -> None:
        self.left_out: list[LeftOut] = []
        self.total = sum(len(subject.variants) for subject in self.subjects)
        self.folders: dict[str, Path] = {}
        self.numbers = itertools.count(1)
        self.solutions: dict[str, Result] = {}
        self.ended = Event()
        self.done: SimpleQueue[tuple[Subject, Variant | None, Any]] = SimpleQueue()

    def run(self, forks: Forks | None = None) -> Generator[Result, None, None]:
        """Grade all variants, yielding each as it is done; closing the iterator ends everything."""
        own = forks or Forks(self.course, self.options)
        with tempfile.TemporaryDirectory(prefix="audit-") as scratch:
            self._slice(Path(scratch))
            workers = ThreadPoolExecutor(self.options.workers)
            watcher = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            try:
                own.wait_ready()
                yield from self._results(own, workers, watcher)
            finally:
                self.ended.set()
                if forks is None:
                    own.close()
                workers.shutdown(cancel_futures=True)
                watcher.shutdown(cancel_futures=True)

    def ordered(self, results: Iterable[Result]) -> list[Result]:
        """Results in the order of the exercises, banks and lines; vacuous variants behind the others."""
        places = {subject.exercise.id: number for number, subject in enumerate(self.subjects)}

        def place(result: Result) -> tuple[int, bool, str, int]:
            variant = result.variant
            return places[variant.exercise], result.vacuous, str(variant.file), variant.line

        return sorted(results, key=place)

    def _slice(self, scratch: Path) -> None:
        for number, subject in enumerate(self.subjects):
            folder = scratch / f"{number:03d}"
            make_slice(self.course, self.assignment, subject, folder, self.whole)
            self.folders[subject.exercise.id] = folder

    def _results(
        self, forks: Forks, workers: ThreadPoolExecutor, watcher: ProcessPoolExecutor
    ) -> Iterator[Result]:
        waiting = 0
        alone: list[tuple[Subject, Variant]] = []
        for subject in self.subjects:
            if self.made:
                self._watch(watcher, subject)
                waiting += 1
            own = [solution_itself(subject)] if self.sketch else []
            waiting += self._submit(forks, workers, subject, (*own, *subject.variants))
        while waiting:
            subject, variant, found = self.done.get()
            waiting -= 1
            if isinstance(found, BaseException):
                raise found
            if variant is None:
                waiting += self._submit(forks, workers, subject, self._vacuous(subject, found))
            elif found is None:
                alone.append((subject, variant))
            else:
                yield from self._told(_result(variant, found))
        for subject, known in alone:
            yield from self._told(self._last_try(forks, subject, known))

    def _submit(
        self, forks: Forks, workers: ThreadPoolExecutor, subject: Subject, variants: Sequence[Variant]
    ) -> int:
        """Have variants graded, in batches small enough to keep all workers busy to the end; returns how many."""
        size = 1 if self.whole else max(1, min(BATCH, len(variants) // (2 * self.options.workers)))
        for start in range(0, len(variants), size):
            workers.submit(self._batch, forks, subject, variants[start : start + size])
        return len(variants)

    def _batch(self, forks: Forks, subject: Subject, variants: Sequence[Variant]) -> None:
        """Put on ``done`` the record of each variant, or None where it is to be tried once more alone."""
        together = self._together(forks, subject, variants)
        for variant in variants:
            if self.ended.is_set():
                return
            found: Record | BaseException | None
            try:
                found = next(together, None) or drive(forks, self._job(subject, variant), ahead=True)
                found = None if found.again else found
            except GraderFailure:
                found = None
            except BaseException as error:  # raised again where somebody sees it
                found = error
            self.done.put((subject, variant, found))

    def _together(
        self, forks: Forks, subject: Subject, variants: Sequence[Variant]
    ) -> Iterator[Record | None]:
        """Records of variants behind one run of the cells, as far as it carries."""
        if len(variants) > 1:
            with suppress(GraderFailure):
                yield from drive_trials(forks, self._shared_job(subject, variants))

    def _told(self, result: Result) -> Iterator[Result]:
        """The result, unless it is that of the instructor's own solution, which is no variant."""
        if result.variant.name == SOLUTION:
            self.solutions[result.variant.exercise] = result
        else:
            yield result

    def _watch(self, watcher: ProcessPoolExecutor, subject: Subject) -> None:
        exercise = subject.exercise
        assert exercise.suite is not None
        names = public_names(subject.solution, exercise.suite.read_text(encoding="utf-8"))
        root = str(self.folders[exercise.id])
        sights = watcher.submit(observe, root, self.assignment, exercise.notebook, exercise.id, names)
        sights.add_done_callback(lambda future: self.done.put((subject, None, future)))

    def _vacuous(self, subject: Subject, sights: Future[Any]) -> list[Variant]:
        notebook = self.course.source(self.assignment) / f"{subject.exercise.notebook}.ipynb"
        line = line_of(notebook, f"{subject.exercise.id}_solution")
        try:
            seen = sights.result()
        except BrokenProcessPool as error:
            what = f"the solution of `{subject.exercise.id}` ended the process in which its suites ran"
            raise InstructorError(f"{notebook}: {what}.") from error
        made, left = vacuous_variants(subject.exercise.id, seen, notebook, line)
        self.left_out += left
        self.total += len(made)
        return made

    def _job(self, subject: Subject, variant: Variant) -> Job:
        """The variant handed in, and what to ask of it."""
        seed, *more = self._seeds(variant)
        return replace(self._handed_in(subject, [variant]), seed=seed, more_seeds=tuple(more))

    def _shared_job(self, subject: Subject, variants: Sequence[Variant]) -> Job:
        """The instructor's solution handed in, and the variants as trials of it."""
        trials = tuple(Trial(variant.text or "pass", self._seeds(variant)) for variant in variants)
        return replace(self._handed_in(subject, []), trials=trials)

    def _handed_in(self, subject: Subject, variants: list[Variant]) -> Job:
        root, exercise = self.folders[subject.exercise.id], subject.exercise
        student = f"variant-{next(self.numbers)}"
        folder = root / "submitted" / student / self.assignment
        folder.mkdir(parents=True)
        source = read_source(root / "source" / self.assignment / f"{exercise.notebook}.ipynb")
        text = json.dumps(with_variants(source, variants))
        (folder / f"{exercise.notebook}.ipynb").write_text(text, encoding="utf-8")
        seed = f"{derive_seed(self.options.secret, exercise.id):016x}"
        return Job(
            *(str(root), self.assignment, student, seed, str(folder)),
            sketch=self.sketch,
            diagnose=self.diagnose,
        )

    def _seeds(self, variant: Variant) -> tuple[str, ...]:
        names = (variant.exercise, variant.name)
        return tuple(
            f"{derive_seed(self.options.secret, *names, str(number)):016x}" for number in range(self.seeds)
        )

    def _last_try(self, forks: Forks, subject: Subject, variant: Variant) -> Result:
        job = self._job(subject, variant)
        try:
            return _result(variant, drive(forks, job))
        except GraderFailure as failure:
            return _result(variant, ungraded(Course(Path(job.root)), job, str(failure)))


def _result(variant: Variant, record: Record) -> Result:
    grades = (record.grade, *record.more)
    exercises = [e for grade in grades for e in grade.exercises if e.exercise == variant.exercise]
    sketches = record.sketches.get(variant.exercise, {})
    return Result(variant, tuple(exercises), record.grade.problems, sketches)


def solution_itself(subject: Subject) -> Variant:
    """The instructor's own solution, as a variant that changes nothing."""
    return Variant(subject.exercise.id, SOLUTION, Sort.ACCEPTED, "", "", "", Path(), 0)


def diagnoses(results: Sequence[Result], solution: Result) -> dict[str, dict[str, str]]:
    """The sentences of one exercise's mutants by test and sketch (see ``diagnosis``); slow tests are left out."""
    tests = [
        verdict for result in (solution, *results) for grade in result.grades for verdict in grade.verdicts
    ]
    slow = {verdict.test for verdict in tests if verdict.seconds > SLOW}
    right = [solution, *(r for r in results if r.variant.sort is Sort.ACCEPTED and not r.unexpected)]
    mutants = [
        (r.variant.diagnosis, {test: sketch for test, sketch in r.sketches.items() if test not in slow})
        for r in results
        if r.variant.sort is Sort.MUTANT and not r.vacuous
    ]
    return resolve(mutants, [result.sketches for result in right])


def make_slice(course: Course, assignment: str, subject: Subject, folder: Path, whole: bool) -> None:
    """Write a course with one exercise's suites and the cells that it needs."""
    exercise = subject.exercise
    name = f"{exercise.notebook}.ipynb"
    document = read_source(course.source(assignment) / name)
    if not whole:
        document = reduced(document, exercise.id, exercise.solutions, subject.needs)
    source, hidden = folder / "source" / assignment, folder / "tests" / "hidden" / assignment
    for made in (source / "public", hidden):
        made.mkdir(parents=True)
    (source / name).write_text(json.dumps(document), encoding="utf-8")
    for path in course.hidden(assignment).iterdir():  # floors and the like belong to the suite
        if path.is_file() and (not path.name.startswith("test_") or path == exercise.suite):
            shutil.copy(path, hidden)
    public = course.public_suite(assignment, exercise.id)
    if public is not None:
        shutil.copy(public, source / "public")
    if course.reference.is_dir():
        (folder / "reference").symlink_to(course.reference)
