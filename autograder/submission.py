"""From a submitted notebook to the list of things a grader runs, as pure functions on data.

A submission is a damaged copy of the instructor's notebook: cells are deleted, copied, split, moved, retagged,
changed in type, and their metadata edited or lost. So nothing that decides a score is read from it. What the
exercises are, what they are worth and which cell sources are run for a score come from the instructor's
notebook; of the submission only the order and the text of its code cells count, and the ``grade_id`` of a cell
as a hint to what it was.

* ``read_notebook`` never raises on a student's file: what can be read is read, the rest is a problem.
* ``recognise`` says which instructor's cell a submitted cell stands for, if any.
* ``plan`` turns that into steps: run this cell, take the snapshot for that exercise here.
* ``digest`` names the content of a submission.

The source types (``SourceNotebook`` and its parts) live here because a plan needs them; ``course`` fills them in.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from autograder.quantity import some

__all__ = [
    "LEFT_OUT",
    "Cell",
    "Exercise",
    "Kind",
    "Plan",
    "RunCell",
    "RunGraded",
    "Snapshot",
    "SourceCell",
    "SourceNotebook",
    "Step",
    "Submitted",
    "beside",
    "digest",
    "files",
    "handed_in",
    "locate",
    "plan",
    "read_notebook",
    "recognise",
    "released",
]

MAX_BYTES = (
    100_000_000  # a notebook beyond this is not worth the grader's memory; nbgrader has the same limit
)
CLOSED = "it is a socket, or could not be read where it was handed in"
LEFT_OUT = (".git", ".ipynb_checkpoints", "__pycache__")  # of a folder that is handed in


# --- The instructor's notebook --------------------------------------------------------------------------------


class Kind(Enum):
    """What a cell of the instructor's notebook is for."""

    PLAIN = "plain"  # nothing that nbgrader knows about
    LOCKED = "locked"  # read-only, not graded: its own text is run, whatever the submission made of it
    SOLUTION = "solution"  # what the student writes
    SUITE = "suite"  # graded by a hidden suite
    INSIDE = "inside"  # graded by running its own text in the notebook
    MANUAL = "manual"  # graded by a human


GRADED = frozenset({Kind.SUITE, Kind.INSIDE})


@dataclass(frozen=True)
class SourceCell:
    """A cell of the instructor's notebook; ``points`` only mean something where a score is given."""

    index: int
    cell_type: str
    source: str
    kind: Kind = Kind.PLAIN
    grade_id: str = ""
    points: float = 0.0
    suite: Path | None = None
    task: bool = False

    @property
    def released(self) -> str:
        """The text of a locked cell as a student received it."""
        return released(self.source)


@dataclass(frozen=True)
class Exercise:
    """One graded cell.

    Attributes:
        id: the cell's ``grade_id``.
        notebook: name of its notebook, without extension.
        points: what it is worth.
        suite: the hidden suite, if it has one.
        kind: ``SUITE``, ``INSIDE`` or ``MANUAL``.
        solutions: ids of the solution cells between the graded cell before and this one; where there is none, the
            exercise shares those of the exercise before.
    """

    id: str
    notebook: str
    points: float
    suite: Path | None
    kind: Kind
    solutions: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceNotebook:
    """The instructor's notebook."""

    name: str
    cells: tuple[SourceCell, ...]

    @property
    def by_id(self) -> dict[str, SourceCell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """The graded cells, manual ones included, in the order of the notebook."""
        return tuple(self._exercises())

    def _exercises(self) -> Iterator[Exercise]:
        since: list[str] = []
        shared: tuple[str, ...] = ()
        for cell in self.cells:
            if cell.kind is Kind.SOLUTION:
                since.append(cell.grade_id)
            elif cell.kind is Kind.MANUAL:
                yield Exercise(cell.grade_id, self.name, cell.points, None, cell.kind, (cell.grade_id,))
            elif cell.kind in GRADED:
                shared, since = tuple(since) or shared, []
                yield Exercise(cell.grade_id, self.name, cell.points, cell.suite, cell.kind, shared)


_REGION = re.compile(r"BEGIN (HIDDEN TESTS|MARK SCHEME)")


def released(source: str) -> str:
    """``source`` without its hidden regions, as nbgrader releases a cell that is not a solution."""
    kept, waiting = [], ""
    for line in source.split("\n"):
        begun = _REGION.search(line)
        if waiting:
            waiting = "" if waiting in line else waiting
        elif begun:
            waiting = f"END {begun[1]}"
        else:
            kept.append(line)
    return "\n".join(kept)


# --- The submitted notebook -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A cell of a submission. The metadata are a hint to what the cell was, never a fact."""

    index: int
    cell_type: str
    source: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    attachments: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)  # nbgrader's, for a student's own check


@dataclass(frozen=True)
class Submitted:
    """What could be read of a submitted notebook.

    Attributes:
        name: name of the notebook, without extension.
        cells: in document order, numbered from 0.
        problems: sentences for the instructor (English).
        unreadable: why nothing could be read, for the student (French); empty if it could. Such work goes to a
            human: it is not absent, so it is not worth 0.
        missing: there is no such file at all.
    """

    name: str
    cells: tuple[Cell, ...] = ()
    problems: tuple[str, ...] = ()
    unreadable: str = ""
    missing: bool = False


class _Unreadable(Exception):
    """Carries the French and the English sentence."""


def locate(folder: Path, name: str, names: Collection[str] = ()) -> Path:
    """The file of notebook ``name`` in a submission.

    That is ``<name>.ipynb``; where it is missing and the folder holds exactly one other notebook whose name
    begins with ``name``, in capitals or not (as browsers and learning platforms rename uploads), that one.

    Args:
        names: of all notebooks of the assignment, of which none is taken for another.
    """
    exact = folder / f"{name}.ipynb"
    if exact.exists() or exact.is_symlink() or not folder.is_dir():
        return exact
    found = [p for p in _notebooks(folder, names) if _meant(p, {*names, name}) == name]
    return found[0] if len(found) == 1 else exact


def handed_in(folder: Path, name: str, names: Collection[str]) -> Submitted:
    """The submitted notebook ``name`` of an assignment that has ``names``.

    Nothing is read of a folder that is a link, to somebody else's work. Where the notebook is missing and others
    are there, which may be the student's work under another name, a human has to say so: it is not absent.
    """
    if folder.is_symlink():
        problem = f"{folder} is a symbolic link, which is not followed. Put what it points to in its place."
        return Submitted(name, problems=(problem,), unreadable="Le dossier rendu est un lien symbolique.")
    path = locate(folder, name, names)
    found = read_notebook(path)
    every = [p for p in _notebooks(folder, names) if p != path and _meant(p, {*names, name}) in ("", name)]
    others = [p.name for p in every]
    if not others:
        return found
    listed = some(others)
    if found.missing:
        problem = (
            f"{path.name} is missing, but there is {listed}. Rename what is to be graded, then grade again."
        )
        french = f"Le notebook rendu ne s'appelle pas {path.name}."
        return Submitted(name, problems=(problem,), unreadable=french)
    problem = f"{path.name}: there is also {listed}, which was not graded."
    return replace(found, problems=(*found.problems, problem))


def _notebooks(folder: Path, names: Collection[str]) -> list[Path]:
    """Notebooks in a submission that are called exactly as none of the assignment's; none where that cannot be seen."""
    known = {f"{name}.ipynb" for name in names}
    try:
        found = [p for p in folder.iterdir() if p.suffix.casefold() == ".ipynb"]
    except OSError:
        return []
    return sorted(p for p in found if p.name not in known and not p.name.startswith("."))


def _meant(path: Path, names: Collection[str]) -> str:
    """Which notebook a renamed file is: the longest of the ``names`` that it begins with; empty if none."""
    stem = path.stem.casefold()
    return max((name for name in names if stem.startswith(name.casefold())), key=len, default="")


def read_notebook(path: Path) -> Submitted:
    """The notebook at ``path``, whatever state it is in: never raises on a student's file."""
    name = path.stem
    if not path.exists() and not path.is_symlink():
        return Submitted(
            name, problems=(f"{path.name}: the submission does not hold this notebook.",), missing=True
        )
    problems: list[str] = []
    try:
        document = _document(_text(_bytes(path), problems))
        cells = tuple(_cells(document, problems))
    except _Unreadable as error:
        french, english = error.args
        return Submitted(name, problems=(f"{path.name}: {english}",), unreadable=french)
    return Submitted(name, cells, tuple(f"{path.name}: {problem}" for problem in problems))


_AGAIN = "Ask the student for the file again."


def _bytes(path: Path) -> bytes:
    try:
        # O_NONBLOCK: a named pipe must not make the grader wait; O_NOFOLLOW: a link leads out of the submission.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        why = CLOSED if error.errno == errno.ENXIO else error.strerror
        raise _Unreadable(
            "Le fichier rendu ne peut pas être ouvert.",
            f"cannot be opened ({why}). {_AGAIN}",
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable(
                "Le fichier rendu n'est pas un fichier ordinaire.", f"is not a regular file. {_AGAIN}"
            )
        if status.st_size > MAX_BYTES:
            megabytes = MAX_BYTES // 1_000_000
            raise _Unreadable(
                f"Le fichier rendu dépasse {megabytes} Mo.",
                f"is larger than {MAX_BYTES} bytes. {_AGAIN}",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def _text(data: bytes, problems: list[str]) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        problems.append("is not UTF-8; it was read as Windows-1252.")
        return data.decode("cp1252", "replace")


def _document(text: str) -> dict[str, Any]:
    if not text.strip():
        raise _Unreadable(
            "Le fichier rendu n'est pas un notebook : il est vide.",
            f"is empty. {_AGAIN}",
        )
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"ligne {error.lineno}" if isinstance(error, json.JSONDecodeError) else "structure"
        raise _Unreadable(
            f"Le fichier rendu n'est pas un notebook lisible (JSON invalide, {where}).",
            f"is not valid JSON ({error}). Ask the student for the file again, or repair it by hand.",
        ) from error
    if not isinstance(document, dict) or not _raw_cells(document):
        raise _Unreadable(
            "Le fichier rendu n'est pas un notebook Jupyter.",
            f"is JSON but not a notebook: it has no list of cells. {_AGAIN}",
        )
    return document


def _raw_cells(document: dict[str, Any]) -> list[list[Any]]:
    """The lists of cells: one in format 4, one a worksheet in format 3."""
    if isinstance(document.get("cells"), list):
        return [document["cells"]]
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return []
    return [s["cells"] for s in sheets if isinstance(s, dict) and isinstance(s.get("cells"), list)]


def _cells(document: dict[str, Any], problems: list[str]) -> Iterator[Cell]:
    index = 0
    for sheet in _raw_cells(document):
        for number, raw in enumerate(sheet):
            if not isinstance(raw, dict):
                problems.append(f"item {number} of its list of cells is not a cell; it was left out.")
                continue
            yield _cell(index, raw, problems)
            index += 1


def _cell(index: int, raw: dict[str, Any], problems: list[str]) -> Cell:
    cell_type = raw.get("cell_type")
    source = _joined(raw.get("source", raw.get("input", "")))
    if cell_type == "heading":  # format 3
        level = raw.get("level")
        marks = "#" * level if type(level) is int and 1 <= level <= 6 else "#"
        cell_type, source = "markdown", f"{marks} {source}"
    if cell_type not in ("code", "markdown", "raw"):
        problems.append(f"cell {index} has no known type; it was read as raw text.")
        cell_type = "raw"
    metadata = raw.get("metadata")
    ours = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    ours = ours if isinstance(ours, dict) else {}
    grade_id = ours.get("grade_id")
    attachments = raw.get("attachments")
    return Cell(
        index,
        cell_type,
        source,
        _encodable(grade_id) if isinstance(grade_id, str) else "",
        ours.get("grade") is True,
        ours.get("solution") is True,
        attachments if isinstance(attachments, dict) else {},
        ours,
    )


def _joined(source: Any) -> str:
    """A source as one string."""
    lines = source if isinstance(source, list) else [source]
    return _encodable("".join(line for line in lines if isinstance(line, str)))


def _encodable(text: str) -> str:
    """What every encoder accepts: a lone surrogate would break the kernel's socket, and a file that names it."""
    return text.encode("utf-8", "replace").decode("utf-8")


# --- What stands for what -------------------------------------------------------------------------------------


def recognise(submitted: Submitted, source: SourceNotebook) -> tuple[SourceCell | None, ...]:
    """For each submitted cell the instructor's cell it stands for, or None for the student's own.

    By ``grade_id``; a graded cell must also say ``grade`` (else anybody's code cell could pass for one and not be
    run). A cell whose metadata were stripped is recognised by the exact text of a locked cell; where two
    exercises have the same text, by their order among those not recognised otherwise.
    """
    known = source.by_id
    found = [_by_id(cell, known.get(cell.grade_id)) for cell in submitted.cells]
    seen = {role.grade_id for role in found if role}
    locked: dict[str, list[SourceCell]] = defaultdict(list)
    for role in source.cells:
        if role.kind in GRADED or role.kind is Kind.LOCKED:
            locked[role.released.strip()].append(role)
    for index, cell in enumerate(submitted.cells):
        if found[index] is None and cell.cell_type == "code" and not _claims_solution(cell, known):
            found[index] = _by_text(locked.get(cell.source.strip(), []), seen)
    return tuple(found)


def _by_id(cell: Cell, role: SourceCell | None) -> SourceCell | None:
    if role is not None and role.kind in GRADED and not (cell.grade and not cell.solution):
        return None
    return role


def _claims_solution(cell: Cell, known: Mapping[str, SourceCell]) -> bool:
    return cell.grade_id in known and known[cell.grade_id].kind is Kind.SOLUTION


def _by_text(candidates: Sequence[SourceCell], seen: set[str]) -> SourceCell | None:
    if not candidates or not candidates[0].released.strip():
        return None
    role = next((c for c in candidates if c.grade_id not in seen), candidates[-1])
    seen.add(role.grade_id)
    return role


# --- The plan -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunCell:
    """Run a code cell. ``index`` is its place in the submission."""

    index: int
    source: str


@dataclass(frozen=True)
class Snapshot:
    """Keep the notebook's state for an exercise's suite; ``before`` are the cells that ran until then."""

    exercise: str
    before: tuple[RunCell, ...]


@dataclass(frozen=True)
class RunGraded:
    """Run a graded cell that has no suite, with the instructor's text; ``before`` as in ``Snapshot``."""

    exercise: str
    source: str
    before: tuple[RunCell, ...]


Step = RunCell | Snapshot | RunGraded


@dataclass(frozen=True)
class Plan:
    """What a grader runs, in order.

    Attributes:
        steps: student's code cells in document order, with the exercises' steps between them.
        problems: sentences for the instructor (English).
        absent: exercises (manual ones left out) of which nothing was handed in: neither solution nor graded cell,
            and no code of the student at all. They have no step.
    """

    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()


def plan(submitted: Submitted, source: SourceNotebook) -> Plan:
    """The steps for ``submitted``.

    A cell that stands for a graded cell is never run with its own text. A locked cell runs with the
    instructor's text. All other code cells are the student's and run, manual answers in code included.
    An exercise's step stands at its last graded cell; where that is missing or stands before the (last copy
    of the) solution, before the next cell of another exercise behind the solution, else at the end.
    """
    roles = recognise(submitted, source)
    runs = {run.index: run for run in _runs(submitted, roles)}
    graded = [exercise for exercise in source.exercises if exercise.kind in GRADED]
    places = {e.id: _place(e, graded, roles) for e in graded}
    own_code = any(r is None or r.kind in (Kind.SOLUTION, Kind.MANUAL) for r in (roles[i] for i in runs))
    absent = frozenset(e.id for e in graded if not own_code and not _present(e, roles))
    steps: list[Step] = []
    before: list[RunCell] = []
    for index in range(len(submitted.cells) + 1):
        for exercise in graded:
            if places[exercise.id] == index and exercise.id not in absent:
                steps.append(_step(exercise, source, tuple(before)))
        if index in runs:
            steps.append(runs[index])
            before.append(runs[index])
    problems = (*submitted.problems, *_problems(submitted, source, roles))
    return Plan(tuple(steps), problems, absent)


def _runs(submitted: Submitted, roles: Sequence[SourceCell | None]) -> Iterator[RunCell]:
    for cell, role in zip(submitted.cells, roles, strict=True):
        if cell.cell_type != "code" or (role and role.kind in GRADED):
            continue
        text = role.source if role and role.kind is Kind.LOCKED and role.cell_type == "code" else cell.source
        if text.strip():
            yield RunCell(cell.index, text)


def _step(exercise: Exercise, source: SourceNotebook, before: tuple[RunCell, ...]) -> Step:
    if exercise.kind is Kind.SUITE:
        return Snapshot(exercise.id, before)
    return RunGraded(exercise.id, source.by_id[exercise.id].source, before)


def _present(exercise: Exercise, roles: Sequence[SourceCell | None]) -> bool:
    return any(role and role.grade_id in (exercise.id, *exercise.solutions) for role in roles)


def _place(exercise: Exercise, graded: Sequence[Exercise], roles: Sequence[SourceCell | None]) -> int:
    """The index before which the exercise's step stands."""
    own = _last(roles, (exercise.id,))
    solution = _last(roles, exercise.solutions)
    if own is not None and (solution is None or solution < own):
        return own
    if solution is not None:
        others = _ids(e for e in graded if e is not exercise) - {exercise.id, *exercise.solutions}
        return _first(roles, others, solution + 1)
    later = graded[graded.index(exercise) + 1 :]
    earlier = _ids(graded[: graded.index(exercise) + 1])
    return _first(roles, _ids(later) - earlier, 0)


def _ids(exercises: Iterator[Exercise] | Sequence[Exercise]) -> set[str]:
    return {name for exercise in exercises for name in (exercise.id, *exercise.solutions)}


def _last(roles: Sequence[SourceCell | None], names: Sequence[str]) -> int | None:
    return max((i for i, role in enumerate(roles) if role and role.grade_id in names), default=None)


def _first(roles: Sequence[SourceCell | None], names: set[str], start: int) -> int:
    found = (i for i, role in enumerate(roles) if i >= start and role and role.grade_id in names)
    return next(found, len(roles))


def _problems(
    submitted: Submitted, source: SourceNotebook, roles: Sequence[SourceCell | None]
) -> Iterator[str]:
    where = f"{submitted.name}.ipynb"
    if submitted.missing or submitted.unreadable:
        return
    for role in (cell for cell in source.cells if cell.grade_id):
        copies = [submitted.cells[i] for i, found in enumerate(roles) if found is role]
        if not copies:
            yield f"{where}: cell `{role.grade_id}` ({role.kind.value}) is missing."
            continue
        if len(copies) > 1:
            yield f"{where}: cell `{role.grade_id}` stands {len(copies)} times; the last copy counts."
        last = copies[-1]
        if role.cell_type == "code" and last.cell_type != "code":
            yield f"{where}: cell `{role.grade_id}` is now a {last.cell_type} cell, so its text does not run."
        if role.kind in GRADED and last.source.strip() != role.released.strip():
            yield f"{where}: the text of graded cell `{role.grade_id}` was changed; it is not run."


# --- Identity -------------------------------------------------------------------------------------------------


def digest(folder: Path, without: Collection[Path] = ()) -> str:
    """SHA-256 of a submission's content: names and bytes of all files but ``without``, in the order of their names.

    Nothing outside the folder is read: of a symbolic link the target's name counts, of another special file, and of
    one that cannot be read, only its own. Nothing tells these two apart: on a cluster's worker a socket stands for
    what could not be read where it was handed in.
    """
    total = hashlib.sha256()
    for name, path in sorted(
        (os.fsencode(p.relative_to(folder).as_posix()), p) for p in files(folder) if p not in without
    ):
        kind, content = _content(path)
        # Lengths and fixed-size digests keep two different folders from giving the same stream of bytes.
        total.update(kind + len(name).to_bytes(8, "big") + name + content)
    return total.hexdigest()


def beside(folder: Path, notebooks: Sequence[str]) -> str:
    """``digest`` without the notebooks of these names and what an editor saved of them."""
    saved = [path for path in files(folder) if ".ipynb_checkpoints" in path.parts and path.suffix == ".ipynb"]
    return digest(folder, {*saved, *(locate(folder, name, notebooks) for name in notebooks)})


def files(folder: Path) -> Iterator[Path]:
    """All files of a submission; a link counts as a file, to whatever it leads, and so does a folder that is one."""
    if folder.is_symlink():
        yield folder
        return
    for parent, folders, names in os.walk(folder, followlinks=False):
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (Path(parent) / name for name in (*names, *linked))


def _content(path: Path) -> tuple[bytes, bytes]:
    try:
        return _hashed(path)
    except OSError:  # a mode that an archive gave it, a path that is too long: one submission's affair
        return b"S", bytes(32)


def _hashed(path: Path) -> tuple[bytes, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"L", hashlib.sha256(os.fsencode(path.readlink())).digest()
    if not stat.S_ISREG(mode):
        return b"S", bytes(32)
    with open(path, "rb") as file:
        return b"F", hashlib.file_digest(file, "sha256").digest()
