"""What a grader reports: outcomes, verdicts, exercise grades and the grade of a submission, as JSON.

All values are frozen and refuse nonsense when they are built: points are finite and not negative, so that a
NaN or an infinity can never become a score. ``ungraded`` means that *we* failed; an exercise with
such a verdict has no score at all until a human looks at it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from autograder.gpu import CPU

HANDED_IN, READABLE, GRADER = "handed_in", "readable", "grader"
NO_TESTS = (HANDED_IN, READABLE, GRADER)  # verdicts that stand in the place of tests of which none was run


class Outcome(Enum):
    """How one test ended on one submission."""

    PASSED = "passed"
    FAILED = "failed"
    UNGRADED = "ungraded"  # our failure: goes to a human, never to zero


def checked_points(value: float, what: str) -> float:
    """``value`` as a float.

    Raises:
        ValueError: if it is not a finite number of at least 0.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{what} must be a number, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{what} must be finite and at least 0, not {value}")
    return float(value)


@dataclass(frozen=True)
class Verdict:
    """One test's result on one submission.

    Attributes:
        test: name of the test function.
        title: what the student reads for a name (French).
        outcome: passed, failed or ungraded.
        points: weight of the test within its exercise.
        message: why it failed, for the student (French); empty if it passed.
        hint: what to try (French), shown when the test failed.
        gate: a failed gate costs the exercise all of its points.
        seed: what the test's random streams were derived from.
        seconds: time the test took, for the report only.
        detail: for the instructor, never shown to a student (a traceback of ours, say).
        diagnosis: the known mistake whose answers are the same (French); empty if none is.
        picture: what a failed check measured, as ``pictures.to_dict`` writes it; empty if there is none.
        margin: what a check measured and the floor that it needs, where there is one; for the report only.
    """

    test: str
    title: str
    outcome: Outcome
    points: float
    message: str = ""
    hint: str = ""
    gate: bool = False
    seed: int | None = None
    seconds: float = 0.0
    detail: str = ""
    diagnosis: str = ""
    picture: Mapping[str, Any] = field(default_factory=dict, hash=False)
    margin: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", checked_points(self.points, f"points of {self.test}"))
        object.__setattr__(self, "margin", None if self.margin is None else tuple(self.margin))
        if not isinstance(self.outcome, Outcome):
            raise ValueError(f"outcome of {self.test} must be an Outcome, not {self.outcome!r}")


@dataclass(frozen=True)
class ExerciseGrade:
    """All verdicts of one graded cell.

    Attributes:
        exercise: the cell's grade_id.
        notebook: name of the notebook, without extension.
        max_points: the cell's points in the instructor's source.
        verdicts: one a test; an exercise without any is ungraded.
        decided_inside: the score came from a cell that ran inside the notebook (no hidden suite).
    """

    exercise: str
    notebook: str
    max_points: float
    verdicts: tuple[Verdict, ...] = ()
    decided_inside: bool = False

    def __post_init__(self) -> None:
        what = f"max_points of {self.exercise}"
        object.__setattr__(self, "max_points", checked_points(self.max_points, what))
        object.__setattr__(self, "verdicts", tuple(self.verdicts))

    @property
    def outcome(self) -> Outcome:
        """Ungraded if any verdict is, or if there is none; passed if all passed; else failed."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        if not outcomes or Outcome.UNGRADED in outcomes:
            return Outcome.UNGRADED
        return Outcome.FAILED if Outcome.FAILED in outcomes else Outcome.PASSED

    @property
    def score(self) -> float | None:
        """Points earned: the cell's points times the passed share of the tests' weights; None if ungraded.

        A failed gate gives 0; an exercise whose tests weigh nothing is ungraded.
        """
        total = self._weights
        if self.outcome is Outcome.UNGRADED or total <= 0:
            return None
        if self.void:
            return 0.0
        passed = (Fraction(v.points) for v in self.verdicts if v.outcome is Outcome.PASSED)
        return round(float(Fraction(self.max_points) * sum(passed, Fraction(0)) / total), 6)

    @property
    def void(self) -> bool:
        """Whether a failed gate costs all of the points."""
        return any(v.gate and v.outcome is Outcome.FAILED for v in self.verdicts)

    @property
    def points_of_tests(self) -> tuple[tuple[float, float], ...]:
        """For each verdict what its test is worth of the cell's points, and what a pass of it earns here."""
        unit = Fraction(self.max_points) / self._weights if self._weights else Fraction(0)
        worth = [round(float(unit * Fraction(v.points)), 6) for v in self.verdicts]
        earning = [v.outcome is Outcome.PASSED and not self.void for v in self.verdicts]
        return tuple((points, points if earns else 0.0) for points, earns in zip(worth, earning, strict=True))

    @property
    def _weights(self) -> Fraction:
        return sum((Fraction(v.points) for v in self.verdicts), Fraction(0))


@dataclass(frozen=True)
class Grade:
    """The result of grading one submission.

    Attributes:
        assignment, student: whose work this is.
        digest: SHA-256 of the submission's content.
        key: SHA-256 of all that decides the result (submission, source, suites, reference, versions, device).
        seed: hex string from which every test's seed was derived.
        exercises: in the order of the source.
        problems: sentences for the instructor (damaged cells, restarts, our failures).
        seconds: wall time, for the report only.
        usage: what was used of each limit, and the limit, for the report only.
        versions: of Python, torch and the toolkit.
        device: the class of device on which student code computed, "cpu" or "cuda".
    """

    assignment: str
    student: str
    digest: str
    key: str
    seed: str
    exercises: tuple[ExerciseGrade, ...]
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    device: str = CPU

    @property
    def score(self) -> float | None:
        """Sum of the exercises' scores; None while one of them is ungraded."""
        scores = [exercise.score for exercise in self.exercises]
        return None if None in scores else round(sum(s for s in scores if s is not None), 6)

    @property
    def max_score(self) -> float:
        return sum(exercise.max_points for exercise in self.exercises)

    @property
    def ungraded(self) -> tuple[str, ...]:
        """Exercises that need a human because we failed."""
        return tuple(e.exercise for e in self.exercises if e.score is None)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, default=lambda o: o.value)

    @classmethod
    def from_json(cls, text: str) -> Grade:
        """The grade that ``to_json`` wrote.

        Raises:
            ValueError: if the text is not such a grade.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            data["exercises"] = tuple(_exercise(item) for item in data["exercises"])
            data["problems"] = tuple(data["problems"])
            data["usage"] = {name: tuple(pair) for name, pair in data.get("usage", {}).items()}
            return cls(**data)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a grade: {error!r}") from error


def _exercise(data: dict[str, Any]) -> ExerciseGrade:
    verdicts = tuple(Verdict(**{**v, "outcome": Outcome(v["outcome"])}) for v in data["verdicts"])
    return ExerciseGrade(**{**data, "verdicts": verdicts})
