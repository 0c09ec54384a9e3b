"""A recorded grade, graded once more with its own seeds: for an appeal.

A record names the seed from which every input of every test was derived, the submission's digest, the versions, and a
key over all files that decided. ``replay`` grades the submission again as it is now, with that seed, and keeps nothing.
Where files or versions are no longer those of the record, the two grades may differ for that reason: each such
difference is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Course, near
from autograder.errors import InstructorError
from autograder.gpu import CPU
from autograder.identity import content_key, course_key, versions
from autograder.job import Job
from autograder.record import Record
from autograder.schedule import Forks, Options, drive, stored
from autograder.submission import digest
from autograder.verdict import Grade, Verdict

__all__ = ["Pair", "Replay", "find_record", "replay"]


@dataclass(frozen=True)
class Pair:
    """One test as it was recorded and as it ended now; None where it was not there."""

    exercise: str
    test: str
    recorded: Verdict | None
    now: Verdict | None

    @property
    def same(self) -> bool:
        """Whether the outcome and the weight are the same; the wording of a message decides nothing."""
        results = [v and (v.outcome, v.points, v.gate) for v in (self.recorded, self.now)]
        return results[0] == results[1]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        sides = {"recorded": self.recorded, "now": self.now}
        told = {side: v and {"outcome": v.outcome.value, "message": v.message} for side, v in sides.items()}
        seed = next((v.seed for v in (self.recorded, self.now) if v is not None), None)
        return {"exercise": self.exercise, "test": self.test, "same": self.same, "seed": seed, **told}


@dataclass(frozen=True)
class Replay:
    """A recorded grade and the same submission graded now.

    Attributes:
        warnings: what is no longer as it was recorded.
        pairs: tests of both.
    """

    recorded: Grade
    now: Grade
    warnings: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def same(self) -> bool:
        return all(pair.same for pair in self.pairs)


def find_record(course: Course, target: str) -> Record:
    """The record that ``target`` names: the file of one, or ``STUDENT/ASSIGNMENT``.

    Raises:
        InstructorError: if there is none.
    """
    path = Path(target)
    if path.is_file():
        try:
            return Record.from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InstructorError(f"{path} is not the record of a grade ({error}).") from error
    student, _, assignment = target.rpartition("/")
    record = stored(course, assignment, student.rpartition("/")[2]) if student else None
    if record is None:
        raise InstructorError(
            f"There is no record `{target}`: expected STUDENT/ASSIGNMENT of a submission that was graded here "
            f"(records are in {course.state}), or the file of a record."
        )
    return record


def replay(course: Course, record: Record, test: str = "") -> Replay:
    """Grade the submission of a record again with its seed.

    Args:
        course: where the submission and the suites are.
        record: what was recorded.
        test: look at this test only.

    Raises:
        InstructorError: if the submission is gone or the record knows no such test.
        GraderFailure: if grading failed.
    """
    recorded = record.grade
    folder = course.submitted(recorded.assignment, recorded.student)
    if not folder.is_dir():
        raise InstructorError(f"The submission is not there any more: {folder}.")
    names = [verdict.test for exercise in recorded.exercises for verdict in exercise.verdicts]
    if test and test not in names:
        raise InstructorError(f"The record holds no test `{test}`.{near(test, names)}")
    whose = (recorded.assignment, recorded.student)
    job = Job(str(course.root), *whose, recorded.seed, str(folder), seeds=record.seeds)
    forks = Forks(course, Options())
    try:
        forks.wait_ready()
        now = drive(forks, job).grade
    finally:
        forks.close()
    pairs = tuple(pair for pair in _pairs(recorded, now) if not test or pair.test == test)
    return Replay(recorded, now, tuple(_warnings(course, recorded, folder)), pairs)


def _pairs(recorded: Grade, now: Grade) -> Iterator[Pair]:
    before, after = _verdicts(recorded), _verdicts(now)
    for exercise, test in dict.fromkeys((*before, *after)):
        yield Pair(exercise, test, before.get((exercise, test)), after.get((exercise, test)))


def _verdicts(grade: Grade) -> dict[tuple[str, str], Verdict]:
    return {(e.exercise, verdict.test): verdict for e in grade.exercises for verdict in e.verdicts}


def _key_now(course: Course, recorded: Grade) -> str:
    return content_key(course_key(course, recorded.assignment, recorded.device), recorded.digest)


def _warnings(course: Course, recorded: Grade, folder: Path) -> Iterator[str]:
    if digest(folder) != recorded.digest:
        yield f"the submission has changed since it was graded: {folder}"
    if recorded.device != CPU:
        yield f"it was graded on {recorded.device} and is asked again on the CPU"
    changed = []
    for name, version in versions().items():
        before = recorded.versions.get(name, "unknown")
        if before != version:
            changed.append(name)
            yield f"{name} is {version} now and was {before}"
    if not changed and recorded.key != _key_now(course, recorded):
        yield "the source notebook, the suites, the reference or the toolkit itself changed since it was graded"
