"""All that the page says, as plain values: from the gradebook what counts, from the records why.

Scores, late penalties and totals are the gradebook's. Tests, diagnoses and times are what the graders recorded, so
they know nothing of a human's scores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

from autograder.exports import Total, VerdictRow, totals, verdict_rows
from autograder.gradebook import Row
from autograder.quantity import some
from autograder.report.item import Item, items
from autograder.verdict import READABLE, ExerciseGrade, Grade, Outcome, Verdict

__all__ = ["Failure", "Mistake", "Near", "Overview", "Slow", "Student"]

SLOWEST = 10
COMMONEST = 30
NEAREST = 10
LIMITS = {
    "memory_mb": "memory (MB)",
    "suite_cpu": "CPU time of one exercise's tests (s)",
    "notebook_wall": "time of a notebook's cells (s)",
}


@dataclass(frozen=True)
class Student:
    """One line of the heat map; ``page`` is the address of the feedback page, empty if there is none."""

    total: Total
    page: str

    @property
    def name(self) -> str:
        names = [self.total.last_name, self.total.first_name]
        return " ".join(part for part in names if part) or self.total.student

    @property
    def so_far(self) -> float:
        """What the student has at least: the sum of the scores there are, less the penalty."""
        given = sum(row.score for row in self.total.rows if row.score is not None)
        return max(0.0, given - self.total.late_penalty)


@dataclass(frozen=True)
class Mistake:
    """A known mistake and who made it."""

    exercise: str
    text: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Slow:
    """A submission that took long, and where most of its tests' time went."""

    student: str
    seconds: float
    where: str
    where_seconds: float


@dataclass(frozen=True)
class Near:
    """Something that was nearly too much, or too little: a limit of the sandbox, or the floor of a test that passed.

    Attributes:
        what: the limit, or the exercise and the test.
        value, bound: what was used or reached, and the limit or floor.
        room: what is left between them, as a share of the bound.
    """

    student: str
    what: str
    value: float
    bound: float
    room: float


@dataclass(frozen=True)
class Failure:
    """What a human must look at in a submission."""

    student: str
    exercise: str
    detail: str


@dataclass(frozen=True)
class Overview:
    """Of one assignment.

    Attributes:
        absent: students who handed in nothing.
        ungraded: exercises where the toolkit failed and no human has given a score since.
        problems: what graders had to report besides: damaged cells, restarts, attacks.
        waiting: how many written answers nobody has read yet.
    """

    assignment: str
    exercises: tuple[tuple[str, float], ...]
    students: tuple[Student, ...]
    absent: tuple[str, ...]
    items: tuple[Item, ...]
    mistakes: tuple[Mistake, ...]
    slowest: tuple[Slow, ...]
    ungraded: tuple[Failure, ...]
    problems: tuple[Failure, ...]
    waiting: int
    limits: tuple[Near, ...] = ()
    floors: tuple[Near, ...] = ()

    @classmethod
    def of(
        cls, assignment: str, rows: Sequence[Row], grades: Sequence[Grade], pages: Mapping[str, str]
    ) -> Overview:
        """From the gradebook's rows, the records' grades and the addresses of feedback pages by student."""
        found = totals(rows)
        tested = verdict_rows(grades, {row.student: row for row in rows})
        unread = {(row.student, row.exercise) for row in rows if row.ungraded}
        failures = (failure for grade in grades for failure in _ungraded(grade))
        ungraded = [failure for failure in failures if (failure.student, failure.exercise) in unread]
        return cls(
            assignment,
            tuple((row.exercise, row.max_score) for row in (found[0].rows if found else ())),
            tuple(Student(total, pages.get(total.student, "")) for total in found if total.submitted),
            tuple(total.student for total in found if not total.submitted),
            tuple(items(tested)),
            tuple(_mistakes(tested)),
            tuple(_slow(g) for g in sorted(grades, key=lambda g: -g.seconds)[:SLOWEST]),
            tuple(ungraded),
            tuple(Failure(grade.student, "", problem) for grade in grades for problem in grade.problems),
            len(unread - {(failure.student, failure.exercise) for failure in ungraded}),
            tuple(_nearest(near for grade in grades for near in _used(grade))),
            tuple(_nearest(near for grade in grades for near in _reached(grade))),
        )

    @property
    def for_a_human(self) -> list[Failure]:
        """What is ungraded and what was reported; one line where a student's exercises share the reason."""
        shared: dict[tuple[str, str], list[str]] = defaultdict(list)
        for failure in (*self.ungraded, *self.problems):
            shared[failure.student, failure.detail] += [failure.exercise] if failure.exercise else []
        return [Failure(student, some(names, 3), detail) for (student, detail), names in shared.items()]

    @property
    def max_points(self) -> float:
        return sum(points for _, points in self.exercises)

    @property
    def final(self) -> list[float]:
        return [s.total.points for s in self.students if s.total.points is not None]

    @property
    def unfinished(self) -> list[float]:
        """Points so far of those who have no total yet."""
        return [student.so_far for student in self.students if student.total.points is None]

    @property
    def figures(self) -> dict[str, float]:
        """Mean, median and standard deviation of the totals; of the points so far while nobody has a total."""
        values = self.final or self.unfinished
        if not values:
            return {}
        return {"mean": fmean(values), "median": median(values), "standard deviation": pstdev(values)}

    def means(self) -> list[float | None]:
        """Mean share of each exercise's points among those who have a score."""
        scores: dict[str, list[float]] = defaultdict(list)
        for student in self.students:
            for row in student.total.rows:
                if row.score is not None and row.max_score:
                    scores[row.exercise].append(row.score / row.max_score)
        return [fmean(scores[name]) if scores[name] else None for name, _ in self.exercises]


def _mistakes(rows: Iterable[VerdictRow]) -> list[Mistake]:
    made: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.diagnosis:
            made[row.exercise, row.diagnosis].add(row.student)
    commonest = sorted(made, key=lambda mistake: (-len(made[mistake]), mistake))[:COMMONEST]
    return [Mistake(exercise, text, tuple(sorted(made[exercise, text]))) for exercise, text in commonest]


def _used(grade: Grade) -> Iterable[Near]:
    for limit, (value, bound) in grade.usage.items():
        if value > bound / 2:  # the others are nobody's worry
            yield Near(grade.student, LIMITS.get(limit, limit), value, bound, 1 - value / bound)


def _reached(grade: Grade) -> Iterable[Near]:
    for exercise in grade.exercises:
        for verdict in exercise.verdicts:
            if verdict.margin is not None:
                value, floor = verdict.margin
                what = f"{exercise.exercise}: {verdict.title or verdict.test}"
                yield Near(grade.student, what, value, floor, (value - floor) / floor)


def _nearest(found: Iterable[Near]) -> list[Near]:
    return sorted(found, key=lambda near: (near.room, near.student, near.what))[:NEAREST]


def _slow(grade: Grade) -> Slow:
    spent = [(sum(v.seconds for v in e.verdicts), e.exercise) for e in grade.exercises]
    seconds, exercise = max(spent, default=(0.0, ""))
    return Slow(grade.student, grade.seconds, exercise, seconds)


def _ungraded(grade: Grade) -> Iterable[Failure]:
    for exercise in grade.exercises:
        if exercise.score is None:
            reason = _unreadable(grade, exercise) or _why(exercise.verdicts)
            yield Failure(grade.student, exercise.exercise, reason)


def _unreadable(grade: Grade, exercise: ExerciseGrade) -> str:
    """Why the notebook could not be read, as reported to the instructor; the verdict tells the student, in French."""
    if all(verdict.test != READABLE for verdict in exercise.verdicts):
        return ""
    # A file may have been renamed by an upload, and a folder that is a link is told without the notebook's name.
    starts = (f"{exercise.notebook}.ipynb: ", exercise.notebook, "")
    return next((text for start in starts for text in grade.problems if text.startswith(start)), "")


def _why(verdicts: Sequence[Verdict]) -> str:
    """The last line of what failed, which in a traceback is the one that tells."""
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.UNGRADED]
    if not failed:
        return "no test was recorded"
    text = (failed[0].detail or failed[0].message).strip()
    return f"{failed[0].test}: {text.splitlines()[-1] if text else 'no reason was recorded'}"
