"""Banks: wrong solutions (mutants) and right but unusual ones (accepted), as percent-format files.

Each cell of ``tests/hidden/<assignment>/bank/<exercise>.py`` is one variant of what a student may write::

    # %% mutant: batch axis
    # killed by test_each_row_is_independent_of_the_batch
    # Normalise sur le lot au lieu des classes.
    def softmax(logits, dim=-1):
        ...

A variant's text is appended to the exercise's solution cell in a copy of the source notebook, so that it overrides
the names it defines and keeps the others; the copy is a submission like any other. To be quick the copy may be
reduced to the cells that the exercise needs: the notebook's first code cell, the exercise's own solution and locked
cells, and those that the bank declares by grade_id before its first variant::

    # needs dataset_solution
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from autograder.errors import InstructorError

HEAD = re.compile(r"^# %%\s*(?P<kind>\w+)\s*:\s*(?P<name>.+?)\s*$")
KILLED_BY = re.compile(r"^# killed by\s+(?P<test>\w+)\s*$")
NEEDS = re.compile(r"^# needs\s+(?P<cells>[\w-]+(?:[,\s]+[\w-]+)*)\s*$")


class Sort(Enum):
    """What must happen to a variant."""

    MUTANT = "mutant"  # loses points
    ACCEPTED = "accepted"  # keeps all


@dataclass(frozen=True)
class Variant:
    """One cell of a bank.

    Attributes:
        exercise: whose solution it replaces.
        name: unique within its bank.
        sort: mutant or accepted.
        text: what is appended to the solution cell.
        killed_by: the test that must fail; empty if any may.
        diagnosis: the first comment line (French), for a student whose answer is equal to this one's.
        file, line: where it stands.
    """

    exercise: str
    name: str
    sort: Sort
    text: str
    killed_by: str
    diagnosis: str
    file: Path
    line: int


def read_bank(path: Path) -> tuple[Variant, ...]:
    """The variants of one bank.

    Raises:
        InstructorError: where a head cannot be read or a name stands twice.
    """
    variants = tuple(_variants(path, path.read_text(encoding="utf-8").splitlines()))
    seen: dict[str, int] = {}
    for variant in variants:
        if variant.name in seen:
            raise InstructorError(
                f"{path}: the name `{variant.name}` stands in line {seen[variant.name]} and in line "
                f"{variant.line}. Rename one."
            )
        seen[variant.name] = variant.line
    if not variants:
        raise InstructorError(
            f"{path} holds no variant. Begin each with `# %% mutant: name` or `# %% accepted: name`."
        )
    return variants


def _variants(path: Path, lines: list[str]) -> Iterator[Variant]:
    heads = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=False):
        head = HEAD.match(lines[start])
        sorts = {sort.value: sort for sort in Sort}
        if head is None or head["kind"] not in sorts:
            raise InstructorError(
                f"{path}, line {start + 1}: expected `# %% mutant: name` or `# %% accepted: name`, "
                f"found {lines[start]!r}."
            )
        body = lines[start + 1 : end]
        killed = next((found["test"] for line in body if (found := KILLED_BY.match(line))), "")
        comments = [line[1:].strip() for line in body if line.startswith("#") and not KILLED_BY.match(line)]
        diagnosis = comments[0] if comments else ""
        text = "\n".join(line for line in body if not KILLED_BY.match(line)).strip("\n")
        yield Variant(
            path.stem, head["name"], sorts[head["kind"]], text, killed, diagnosis, path.resolve(), start + 1
        )


def read_needs(path: Path) -> tuple[str, ...]:
    """Ids of the cells, besides the exercise's own, that a bank declares before its first variant."""
    head = path.read_text(encoding="utf-8").split("# %%")[0].splitlines()
    found = (NEEDS.match(line) for line in head)
    return tuple(name for match in found if match for name in re.split(r"[,\s]+", match["cells"]))


def reduced(
    notebook: dict[str, Any], exercise: str, solutions: Sequence[str], needs: Sequence[str]
) -> dict[str, Any]:
    """A copy of a source notebook with the cells that one exercise needs.

    Args:
        notebook: as JSON.
        exercise: id of the graded cell.
        solutions: ids of its solution cells.
        needs: ids of further cells.

    Raises:
        InstructorError: if the notebook has no cell of an id in ``needs``.
    """
    cells = notebook["cells"]
    ids = [grade_id(cell) for cell in cells]
    missing = sorted({*needs} - {*ids})
    if missing:
        raise InstructorError(
            f"The bank of `{exercise}` declares `# needs {missing[0]}`, but the notebook has no such cell."
        )
    end = ids.index(exercise)
    wanted = {exercise, *solutions, *needs}
    graded = [i for i, cell in enumerate(cells[:end]) if cell["metadata"].get("nbgrader", {}).get("grade")]
    own = range(graded[-1] + 1 if graded else 0, end)
    first = next((i for i, cell in enumerate(cells) if cell["cell_type"] == "code"), end)
    kept = [
        cell
        for i, cell in enumerate(cells)
        if i == first or ids[i] in wanted or (i in own and ids[i] and cell["cell_type"] == "code")
    ]
    return copy.deepcopy({**notebook, "cells": kept})


def with_variants(notebook: dict[str, Any], variants: list[Variant]) -> dict[str, Any]:
    """A copy of a source notebook (as JSON) with each variant appended to its exercise's solution cell.

    Raises:
        InstructorError: if an exercise has no cell ``<exercise>_solution``.
    """
    changed = copy.deepcopy(notebook)
    for variant in variants:
        cells = [cell for cell in changed["cells"] if grade_id(cell) == f"{variant.exercise}_solution"]
        if not cells:
            raise InstructorError(
                f"{variant.file}: the notebook has no solution cell `{variant.exercise}_solution` for this bank."
            )
        source = cells[-1]["source"]
        before = "".join(source) if isinstance(source, list) else source
        cells[-1]["source"] = f"{before}\n\n{variant.text}\n"
    return changed


def grade_id(cell: dict[str, Any]) -> str:
    """nbgrader's name of a cell, as JSON; empty where it has none."""
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def read_source(path: Path) -> dict[str, Any]:
    """A source notebook as JSON."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
