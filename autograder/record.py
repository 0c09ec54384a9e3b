"""What grading one submission gave: its grade, what its cells printed, and what may be kept of it for the next one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.job import Basis
from autograder.sketch import Sketch
from autograder.verdict import Grade

__all__ = ["Executed", "Record"]


@dataclass(frozen=True)
class Executed:
    """What a code cell printed and displayed; ``index`` is its place in the submission."""

    index: int
    source: str
    outputs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """A grade with what the submission's cells printed, notebook by notebook.

    ``again`` asks for one more try alone on the machine: a wall limit passed although little CPU time was used.
    ``more`` holds a grade for each of the job's further seeds, ``sketches`` those it asked for, by exercise and test;
    ``parts`` the key (``Keys.parts``) that each exercise was graded with. ``bases`` tell, where it is clear, what of
    the submission decides an exercise; ``seeds`` are those of exercises that were graded with another than the grade's;
    ``cells`` hold digests of what decides the outputs of each cell, by notebook and place.
    """

    grade: Grade
    notebooks: dict[str, list[Executed]] = field(default_factory=dict)
    again: bool = False
    more: tuple[Grade, ...] = ()
    sketches: dict[str, dict[str, Sketch]] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    bases: dict[str, Basis] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    cells: dict[str, dict[int, str]] = field(default_factory=dict)

    def to_json(self) -> str:
        notebooks = {name: [asdict(cell) for cell in cells] for name, cells in self.notebooks.items()}
        grade, *more = (json.loads(grade.to_json()) for grade in (self.grade, *self.more))
        sketches = {
            e: {t: sketch.to_list() for t, sketch in found.items()} for e, found in self.sketches.items()
        }
        data = {
            "grade": grade,
            "notebooks": notebooks,
            "again": self.again,
            "more": more,
            "sketches": sketches,
            "parts": self.parts,
            "bases": {exercise: asdict(basis) for exercise, basis in self.bases.items()},
            "seeds": self.seeds,
            "cells": self.cells,
        }
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Raises ValueError if ``text`` is no record."""
        try:
            data = json.loads(text)
            notebooks = {n: [Executed(**cell) for cell in cells] for n, cells in data["notebooks"].items()}
            grade, *more = (Grade.from_json(json.dumps(g)) for g in (data["grade"], *data.get("more", ())))
            sketches = {
                e: {t: Sketch.from_list(sketch) for t, sketch in found.items()}
                for e, found in data.get("sketches", {}).items()
            }
            parts = {str(exercise): str(key) for exercise, key in data.get("parts", {}).items()}
            bases = {str(e): Basis.from_dict(basis) for e, basis in data.get("bases", {}).items()}
            seeds = {str(exercise): str(seed) for exercise, seed in data.get("seeds", {}).items()}
            cells = {n: {int(i): str(d) for i, d in c.items()} for n, c in data.get("cells", {}).items()}
            again = bool(data["again"])
            return cls(grade, notebooks, again, tuple(more), sketches, parts, bases, seeds, cells)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a record: {error!r}") from error
