"""What a grader is told: before it knows whose work it grades, and then of one submission. Plain values, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.gpu import CPU, CUDA, GpuSlot

__all__ = ["Basis", "Job", "Setup", "Trial"]


@dataclass(frozen=True)
class Setup:
    """What a grader must know before it knows its job, to start a guest ahead."""

    guest_server: int
    level: str
    limits: dict[str, Any]
    protected: tuple[str, ...] = ()
    device: str = CPU


@dataclass(frozen=True)
class Trial:
    """One cell more, run in a fork behind the submission's own cells, and the seeds with which the suite asks then."""

    text: str
    seeds: tuple[str, ...]


@dataclass(frozen=True)
class Basis:
    """What an exercise's result was made from in its submission: a digest of it (``dependence``), and the names that
    the suite asked for."""

    digest: str
    names: tuple[str, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Basis:
        return cls(str(data["digest"]), tuple(map(str, data["names"])))


@dataclass(frozen=True)
class Job:
    """What a grader needs to know of one submission; plain values, so that it travels as JSON.

    ``more_seeds`` asks for the suites once more with each of them, on the same run of the cells; ``sketch`` for
    sketches of the replies, with the seed of diagnoses; without ``diagnose`` a failed test is not asked again to be
    diagnosed; ``trials`` asks for the one suite of the source on each of them instead (audits). ``exercises`` names
    those that are graded; empty for all. ``seeds`` holds the seeds of exercises that have one of their own. Of an
    earlier submission there are ``known`` results, by exercise, and digests of its ``cells``, by notebook: an exercise
    that nothing concerns which has changed since is left out of the record. ``gpu`` is where its guests compute;
    None for the CPU.
    """

    root: str
    assignment: str
    student: str
    seed: str
    folder: str
    more_seeds: tuple[str, ...] = ()
    sketch: bool = False
    diagnose: bool = True
    trials: tuple[Trial, ...] = ()
    exercises: tuple[str, ...] = ()
    seeds: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Basis] = field(default_factory=dict)
    cells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gpu: GpuSlot | None = None

    @property
    def device(self) -> str:
        """The class of device on which it is graded."""
        return CUDA if self.gpu else CPU

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        data = json.loads(text)
        trials = tuple(Trial(trial["text"], tuple(trial["seeds"])) for trial in data["trials"])
        more_seeds, exercises = tuple(data["more_seeds"]), tuple(data["exercises"])
        known = {exercise: Basis.from_dict(basis) for exercise, basis in data["known"].items()}
        plain = {"more_seeds": more_seeds, "trials": trials, "exercises": exercises, "known": known}
        gpu = GpuSlot(**data["gpu"]) if data["gpu"] else None
        return cls(**{**data, **plain, "gpu": gpu})
