"""What is graded again of a submission that was graded before, and how its grade changed.

A suite that is mended costs its own exercise: the others keep their verdicts, which were made from the same submission
with the same seed. A grade that changes although the submission did not is somebody's question tomorrow, so it is shown
before it is recorded (``console``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.grading import Keys, Record, content_key
from autograder.verdict import ExerciseGrade, Grade

__all__ = ["Change", "changes", "merged", "stale"]


@dataclass(frozen=True)
class Change:
    """An exercise of a student that is worth something else now; None for no score."""

    student: str
    exercise: str
    before: float | None
    after: float | None


def changes(before: Grade, after: Grade) -> list[Change]:
    """The exercises whose score or possible points differ between two grades of the same submission."""
    old, new = _by_name(before.exercises), _by_name(after.exercises)
    return [
        Change(after.student, name, _score(old.get(name)), _score(new.get(name)))
        for name in old | new
        if _worth(old.get(name)) != _worth(new.get(name))
    ]


def _score(exercise: ExerciseGrade | None) -> float | None:
    return exercise.score if exercise else None


def _worth(exercise: ExerciseGrade | None) -> tuple[float | None, float] | None:
    return (exercise.score, exercise.max_points) if exercise else None


def stale(record: Record, keys: Keys) -> tuple[str, ...]:
    """The exercises that a record of the same submission says nothing current of, in the order of the source."""
    ungraded = record.grade.ungraded
    return tuple(
        name for name, key in keys.parts.items() if record.parts.get(name) != key or name in ungraded
    )


def merged(before: Record, after: Record, keys: Keys) -> Record:
    """``after``, with the verdicts of ``before`` for the exercises that it did not grade.

    Both are of the same submission. The result counts as current only if every exercise in it is.
    """
    exercises = _by_name(before.grade.exercises) | _by_name(after.grade.exercises)
    graded = {name: exercises[name] for name in keys.parts if name in exercises}
    parts = {name: key for name, key in (before.parts | after.parts).items() if name in graded}
    current = parts == keys.parts
    key = content_key(keys.whole, after.grade.digest) if current else before.grade.key
    return replace(
        after,
        grade=replace(after.grade, exercises=tuple(graded.values()), key=key),
        parts=parts,
    )


def _by_name(exercises: Sequence[ExerciseGrade]) -> dict[str, ExerciseGrade]:
    return {one.exercise: one for one in exercises}
