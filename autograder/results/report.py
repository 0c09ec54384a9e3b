"""What a student may read of a grade, as plain values: the only thing that the formats are written from.

A job's log and its artifacts are often open to the student whose work it is. So a test's source, its seed, a path and
``Verdict.detail`` end here, and text is cleaned of what no format can carry.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from autograder.feedback import remarks
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict

UNGRADED = "Cette épreuve n'a pas pu être notée automatiquement : un correcteur la relira."
VOID = "L'épreuve est réussie, mais une épreuve éliminatoire a échoué : elle ne rapporte aucun point."

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Unfinished(Exception):
    """A format must state a total and there is none: an exercise is ungraded, and that is never worth 0."""


@dataclass(frozen=True)
class Test:
    """One hidden test.

    Attributes:
        title: unique within its exercise.
        outcome: how it ended.
        points: what it is worth of the submission's points; 0 for a gate.
        earned: what it earned; None if it is ungraded.
        gate: whether its failure costs all of the exercise's points.
        seconds: wall time.
        message, diagnosis, hint: for the student, in French; empty where there is nothing to say.
    """

    title: str
    outcome: Outcome
    points: float
    earned: float | None
    gate: bool
    seconds: float
    message: str = ""
    diagnosis: str = ""
    hint: str = ""

    @property
    def told(self) -> list[str]:
        """Message, diagnosis and hint as lines of text."""
        named = (("", self.message), ("Diagnostic : ", self.diagnosis), ("Piste : ", self.hint))
        return [f"{name}{text}" for name, text in named if text]


@dataclass(frozen=True)
class Part:
    """One exercise; ``score`` is None if it is ungraded."""

    exercise: str
    notebook: str
    outcome: Outcome
    score: float | None
    max_score: float
    remarks: tuple[str, ...]
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class Report:
    """One submission; ``score`` is None while an exercise is ungraded."""

    assignment: str
    score: float | None
    max_score: float
    seconds: float
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, grade: Grade) -> Report:
        parts = tuple(_part(exercise) for exercise in grade.exercises)
        return cls(grade.assignment, grade.score, grade.max_score, grade.seconds, parts)

    @property
    def ungraded(self) -> tuple[str, ...]:
        return tuple(part.exercise for part in self.parts if part.score is None)

    def check_finished(self) -> None:
        """Raises Unfinished while an exercise is ungraded."""
        if self.score is None:
            raise Unfinished(", ".join(self.ungraded))


def clean(text: str) -> str:
    """``text`` with what XML, UTF-8 or a reader's eye cannot bear spelt as Python would."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], lines).strip()


def _part(exercise: ExerciseGrade) -> Part:
    titles, points = _titles(exercise.verdicts), exercise.points_of_tests
    tests = tuple(
        _test(verdict, title, worth, earned, exercise.void)
        for verdict, title, (worth, earned) in zip(exercise.verdicts, titles, points, strict=True)
    )
    if exercise.score is None and all(test.earned is not None for test in tests):  # no test says so yet
        tests = (*tests, Test("Note de l'exercice", Outcome.UNGRADED, 0.0, None, False, 0.0, UNGRADED))
    return Part(
        exercise.exercise,
        exercise.notebook,
        exercise.outcome if exercise.score is not None else Outcome.UNGRADED,
        exercise.score,
        exercise.max_points,
        tuple(remarks(exercise)),
        tests,
    )


def _titles(verdicts: tuple[Verdict, ...]) -> list[str]:
    """Titles, numbered where two are alike: what reads JUnit takes equal names for one test."""
    titles: list[str] = []
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        title = clean(verdict.title) or "Épreuve"
        seen[title] += 1
        titles.append(f"{title} ({seen[title]})" if seen[title] > 1 else title)
    return titles


def _test(verdict: Verdict, title: str, points: float, earned: float, void: bool) -> Test:
    failed = verdict.outcome is Outcome.FAILED
    message = {
        Outcome.PASSED: VOID if void and points else "",
        Outcome.FAILED: clean(verdict.message) or "L'épreuve a échoué.",
        Outcome.UNGRADED: UNGRADED,
    }[verdict.outcome]
    return Test(
        title,
        verdict.outcome,
        points,
        None if verdict.outcome is Outcome.UNGRADED else earned,
        verdict.gate,
        verdict.seconds,
        message,
        clean(verdict.diagnosis) if failed else "",
        clean(verdict.hint) if failed else "",
    )
