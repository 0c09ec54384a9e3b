"""``public/cells.json``: which cells a released notebook must still have when it is handed in.

A release writes it, and a student's ``autograder check`` reads it. It tells nothing that the released notebooks do not
tell themselves: ids, points and nbgrader's checksums of cells as students receive them, and the digest of the text
below a question, by which an answer that was never begun is known. Grading never reads it: what exercises are and what
they are worth comes from the instructor's source alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.submission import Cell, read_notebook

__all__ = [
    "KINDS",
    "Manifest",
    "ReleasedCell",
    "answer_below",
    "checksum",
    "read",
    "released_cells",
    "same_answer",
    "unchanged",
    "write",
]

PLACE = Path("public") / "cells.json"
VERSION = 1
KINDS = ("locked", "solution", "graded", "manual", "task")


@dataclass(frozen=True)
class ReleasedCell:
    """A cell that nbgrader knows, as it was released.

    Attributes:
        grade_id: its id.
        kind: one of ``KINDS``; a ``manual`` cell holds its answer, that of a ``task`` stands in the cells below it.
        cell_type: code, markdown or raw.
        points: what it is worth; 0 where no score is given.
        checksum: nbgrader's; empty where it is not known.
        answer: digest of the text below a task; empty where it is not known.
    """

    grade_id: str
    kind: str
    cell_type: str
    points: float = 0.0
    checksum: str = ""
    answer: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.grade_id}: kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        for text in (self.grade_id, self.cell_type, self.checksum, self.answer):
            if type(text) is not str or not _encodable(text):
                raise ValueError(f"{self.grade_id!r}: what should be a text is {text!r}")
        if type(self.points) not in (int, float) or not abs(self.points) <= sys.float_info.max:
            raise ValueError(f"{self.grade_id}: points must be a finite number")


@dataclass(frozen=True)
class Manifest:
    """The cells of all notebooks of an assignment, by the notebooks' names without extension."""

    assignment: str
    notebooks: Mapping[str, tuple[ReleasedCell, ...]]


def write(folder: Path, assignment: str) -> Path:
    """Describes the notebooks of the release in ``folder``; the same release gives the same bytes."""
    notebooks = {
        path.stem: [asdict(cell) for cell in released_cells(read_notebook(path).cells)]
        for path in sorted(folder.glob("*.ipynb"))
    }
    content = {"version": VERSION, "assignment": assignment, "notebooks": notebooks}
    target = folder / PLACE
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())
    return target


def read(folder: Path) -> Manifest | None:
    """The manifest beside a notebook; None where there is none.

    Raises:
        ValueError: if it is damaged, or of a later version.
    """
    path = folder / PLACE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"its version is {content['version']!r}")
        notebooks = {
            name: tuple(ReleasedCell(**cell) for cell in cells)
            for name, cells in content["notebooks"].items()
        }
        if not all(map(_encodable, notebooks)):
            raise ValueError("a notebook's name cannot be written")
        return Manifest(str(content["assignment"]), notebooks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is no manifest of this version ({error!r}). Release the assignment again, or take the folder "
            "that was released."
        ) from error


def _encodable(text: str) -> bool:
    """False for half a surrogate pair, which JSON can spell and no file or terminal takes."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def released_cells(cells: Sequence[Cell]) -> Iterator[ReleasedCell]:
    """What nbgrader's metadata of a released notebook, or of a copy of one, say of its cells."""
    for position, cell in enumerate(cells):
        kind = _kind(cell)
        if not cell.grade_id or not kind:
            continue
        task = kind == "task"
        yield ReleasedCell(
            cell.grade_id,
            kind,
            _hint(cell, "cell_type", cell.cell_type),
            _points(cell) if cell.grade or task else 0.0,
            _hint(cell, "checksum", ""),
            _digest(answer_below(cells, position)) if task else "",
        )


def _kind(cell: Cell) -> str:
    """Empty for a cell that is nobody's."""
    if cell.meta.get("task") is True:
        return "task"
    if cell.grade:
        return "manual" if cell.solution or cell.cell_type != "code" else "graded"
    if cell.solution:
        return "solution"
    return "locked" if cell.meta.get("locked") is True else ""


def _hint(cell: Cell, key: str, otherwise: str) -> str:
    """A text of nbgrader's metadata, which may hold anything."""
    text = cell.meta.get(key)
    return text if isinstance(text, str) and _encodable(text) else otherwise


def _points(cell: Cell) -> float:
    try:
        points = float(cell.meta.get("points", 0))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return points if math.isfinite(points) else 0.0


def answer_below(cells: Sequence[Cell], position: int) -> str:
    """The text between the cell at ``position`` and the next one that nbgrader knows."""
    texts = []
    for cell in cells[position + 1 :]:
        if cell.grade_id:
            break
        texts.append(cell.source.strip())
    return "\n".join(texts).strip()


def same_answer(released: ReleasedCell, text: str) -> bool:
    """Whether ``text`` is what was released below the task."""
    return released.answer == _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def checksum(cell: Cell, source: str | None = None) -> str:
    """nbgrader's checksum of a cell with a ``grade_id``, as ``nbgrader.utils.compute_checksum`` has it.

    Args:
        cell: of a submission.
        source: another text to take for the cell's.
    """
    locked = not cell.solution and (cell.grade or bool(cell.meta.get("locked")))
    parts = [cell.source if source is None else source, cell.cell_type]
    parts += [str(cell.grade), str(cell.solution), str(locked), cell.grade_id]
    parts += [str(_points(cell))] if cell.grade else []
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def unchanged(cell: Cell, released: ReleasedCell) -> bool:
    """Whether the cell is as it was released; line ends at its end, which editors add and remove, do not count."""
    bare = cell.source.rstrip()
    return released.checksum in {checksum(cell, text) for text in (cell.source, bare, f"{bare}\n")}
