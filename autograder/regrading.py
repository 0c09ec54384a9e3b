"""What is graded again of a submission that was graded before, and how its grade changed.

A suite that is mended costs its own exercise: the others keep their verdicts, which were made from the same submission
with the same seed. A resubmission costs the exercises that something concerns which has changed (``dependence``): the
others keep verdicts and seeds of the submission before. A grade that changes although the submission did not is
somebody's question tomorrow, so it is shown before it is recorded (``console``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from autograder.identity import Keys, content_key
from autograder.job import Basis
from autograder.record import Executed, Record
from autograder.verdict import ExerciseGrade, Grade

__all__ = ["Change", "changes", "merged", "reusable", "stale", "with_kept"]

Value = TypeVar("Value")


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

    Both are of the same submission. The result counts as current only if every exercise in it is; else as that of
    nothing, since what was current when ``before`` was made may be so again.
    """
    exercises = _by_name(before.grade.exercises) | _by_name(after.grade.exercises)
    graded = {name: exercises[name] for name in keys.parts if name in exercises}
    parts = {name: key for name, key in (before.parts | after.parts).items() if name in graded}
    current = parts == keys.parts
    key = content_key(keys.whole, after.grade.digest) if current else ""
    new = _by_name(after.grade.exercises)
    return replace(
        after,
        grade=replace(after.grade, exercises=tuple(graded.values()), key=key),
        parts=parts,
        bases=_without(before.bases, new) | after.bases,
        seeds=_without(before.seeds, new) | after.seeds,
    )


def reusable(earlier: Record, keys: Keys) -> dict[str, Basis]:
    """What is known of exercises whose results hold for another submission too if the same decides them there."""
    if earlier.again:
        return {}
    old = set(stale(earlier, keys))
    return {name: basis for name, basis in earlier.bases.items() if name in keys.parts and name not in old}


def with_kept(earlier: Record, record: Record, keys: Keys) -> tuple[Record, tuple[str, ...]]:
    """``record`` of a new submission with what it left out from the earlier one, and the exercises that were kept.

    These keep their seeds too; cells that were not run keep the outputs of those decided by the same.
    """
    graded, before = _by_name(record.grade.exercises), _by_name(earlier.grade.exercises)
    kept = tuple(name for name in keys.parts if name not in graded)
    all_of_them = {name: (graded if name in graded else before)[name] for name in keys.parts}
    seeds = {name: earlier.seeds.get(name, earlier.grade.seed) for name in kept}
    whole = replace(
        record,
        grade=replace(record.grade, exercises=tuple(all_of_them.values())),
        notebooks={name: _with_outputs(name, earlier, record) for name in record.notebooks},
        parts=record.parts | {name: keys.parts[name] for name in kept},
        bases=record.bases | {name: earlier.bases[name] for name in kept},
        seeds=record.seeds | {name: seed for name, seed in seeds.items() if seed != record.grade.seed},
    )
    return whole, kept


def _with_outputs(name: str, earlier: Record, record: Record) -> list[Executed]:
    digests = earlier.cells.get(name, {})
    old = {digests[cell.index]: cell for cell in earlier.notebooks.get(name, ()) if cell.index in digests}
    found = {cell.index: cell for cell in record.notebooks[name]}
    for index, one in record.cells.get(name, {}).items():
        if index not in found and one in old:
            found[index] = replace(old[one], index=index)
    return [found[index] for index in sorted(found)]


def _without(found: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in found.items() if name not in names}


def _by_name(exercises: Sequence[ExerciseGrade]) -> dict[str, ExerciseGrade]:
    return {one.exercise: one for one in exercises}
