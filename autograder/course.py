"""Where a course keeps its files, and what its instructor's notebooks say.

A course is a folder in nbgrader's layout with hidden suites beside it::

    nbgrader_config.py
    source/<assignment>/<notebook>.ipynb, public/test_<exercise>.py
    release/<assignment>/                      made by `autograder release`, never edited
    submitted/<student>/<assignment>/
    autograded/, feedback/, gradebook.db       nbgrader's
    tests/hidden/<assignment>/test_<exercise>.py, bank/
    reference/
    .autograder/                               our state

``load_source`` reads an assignment once, strictly: what is wrong in it stops the command and says where.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from autograder.errors import InstructorError
from autograder.submission import Exercise, Kind, SourceCell, SourceNotebook

__all__ = ["Course", "Source", "near"]

CONFIG = "nbgrader_config.py"
_GRADE_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Source:
    """What the instructor's notebooks of one assignment say."""

    assignment: str
    notebooks: tuple[SourceNotebook, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the notebooks, without extension."""
        return tuple(notebook.name for notebook in self.notebooks)

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """All graded cells, manual ones included, in the order of the notebooks."""
        return tuple(exercise for notebook in self.notebooks for exercise in notebook.exercises)

    def notebook(self, name: str) -> SourceNotebook:
        for notebook in self.notebooks:
            if notebook.name == name:
                return notebook
        raise InstructorError(f"source/{self.assignment} has no notebook `{name}`.{near(name, self.names)}")


@dataclass(frozen=True)
class Course:
    """A course's folder; all its paths are absolute."""

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root).resolve())
        if not _is_course(self.root):
            raise InstructorError(
                f"{self.root} is not a course: it holds neither {CONFIG} nor source/. "
                "Change to the course's folder, or name it with --course."
            )

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that holds ``start`` (default: the current folder)."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG).is_file():
                return cls(folder)
        return cls(here)

    # --- Places -----------------------------------------------------------------------------------------------

    @property
    def config(self) -> Path:
        return self.root / CONFIG

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def reference(self) -> Path:
        return self.root / "reference"

    @property
    def state(self) -> Path:
        """Our own folder: verdicts and what is being built."""
        return self.root / ".autograder"

    @property
    def protected(self) -> tuple[str, ...]:
        """Folders that no guest may ever see."""
        names = ("source", "reference", "tests", "submitted", "autograded", "feedback", self.state.name)
        return tuple(str(self.root / name) for name in names)

    def source(self, assignment: str) -> Path:
        return self.root / "source" / assignment

    def public(self, assignment: str) -> Path:
        return self.source(assignment) / "public"

    def hidden(self, assignment: str) -> Path:
        return self.root / "tests" / "hidden" / assignment

    def release(self, assignment: str) -> Path:
        return self.root / "release" / assignment

    def submitted(self, assignment: str, student: str) -> Path:
        return self.root / "submitted" / student / assignment

    def autograded(self, assignment: str, student: str) -> Path:
        return self.root / "autograded" / student / assignment

    def feedback(self, assignment: str, student: str) -> Path:
        return self.root / "feedback" / student / assignment

    def autograded_notebooks(self, assignment: str, student: str) -> list[Path]:
        """What feedback pages are made of: the assignment's notebooks, with verdicts, of one student."""
        folder, names = self.autograded(assignment, student), sorted(self.source(assignment).glob("*.ipynb"))
        return [folder / path.name for path in names if (folder / path.name).is_file()]

    def feedback_pages(self, assignment: str, student: str) -> list[Path]:
        """The pages made of the assignment's notebooks.

        nbgrader copies what else was handed in beside them: a page that the student wrote is none of them.
        """
        folder = self.feedback(assignment, student)
        pages = [folder / f"{path.stem}.html" for path in sorted(self.source(assignment).glob("*.ipynb"))]
        return [page for page in pages if page.is_file()]

    def hidden_suite(self, assignment: str, exercise: str) -> Path | None:
        return _existing(self.hidden(assignment) / f"test_{exercise}.py")

    def public_suite(self, assignment: str, exercise: str) -> Path | None:
        return _existing(self.public(assignment) / f"test_{exercise}.py")

    # --- What is there ----------------------------------------------------------------------------------------

    def assignments(self) -> tuple[str, ...]:
        """Names of the assignments that have a source."""
        return tuple(_folders(self.root / "source"))

    def students(self, assignment: str) -> tuple[str, ...]:
        """Students who handed in a folder for ``assignment``."""
        return tuple(s for s in _folders(self.root / "submitted") if self.submitted(assignment, s).is_dir())

    def load_source(self, assignment: str) -> Source:
        """The instructor's notebooks.

        Raises:
            InstructorError: where something is missing, doubled or makes no sense.
        """
        folder = self.source(assignment)
        if not folder.is_dir():
            advice = near(assignment, self.assignments())
            raise InstructorError(f"There is no assignment `{assignment}`: {folder} does not exist.{advice}")
        paths = sorted(folder.glob("*.ipynb"))
        if not paths:
            raise InstructorError(f"{folder} holds no notebook. Put the instructor's .ipynb there.")
        source = Source(assignment, tuple(self._notebook(assignment, path) for path in paths))
        _refuse_doubles(source)
        self._refuse_orphans(source)
        return source

    def refuse_unjudged(self, source: Source) -> None:
        """Before grading: a graded cell that only calls ``check`` decides nothing by itself.

        Raises:
            InstructorError: where such a cell has no hidden suite, or asks for an exercise that does not exist.
        """
        ids = [exercise.id for exercise in source.exercises]
        for cell, where in _graded_cells(source):
            asked = _checked(cell.source)
            if wrong := [name for name in asked if name not in ids]:
                raise InstructorError(
                    f'{where}: there is no exercise for check("{wrong[0]}").{near(wrong[0], ids)}'
                )
            if asked and cell.kind is Kind.INSIDE:
                suite = self.hidden(source.assignment) / f"test_{cell.grade_id}.py"
                raise InstructorError(
                    f"{where}: `{cell.grade_id}` only calls check, which decides nothing, and {suite} does not exist: "
                    "everybody would get all points. Write that suite, or assertions into the cell."
                )

    def refuse_broken_suites(self, source: Source) -> None:
        """Raises InstructorError, with its line, for a suite that is not Python."""
        for folder in (self.hidden(source.assignment), self.public(source.assignment)):
            for suite in sorted(folder.glob("test_*.py")):
                try:
                    ast.parse(suite.read_bytes())
                except (SyntaxError, ValueError) as error:
                    where = f"{suite}, line {getattr(error, 'lineno', None) or 1}"
                    raise InstructorError(
                        f"{where}: {getattr(error, 'msg', error)}. Mend the suite."
                    ) from error

    def refuse_unchecked(self, source: Source) -> None:
        """Raises InstructorError where students would call ``check`` and find no public suite."""
        for cell, where in _graded_cells(source):
            for name in _checked(cell.source):
                if self.public_suite(source.assignment, name) is None:
                    raise InstructorError(
                        f'{where}: check("{name}") would find no tests: {self.public(source.assignment)} has no '
                        f"test_{name}.py. Write it."
                    )

    def nbgrader_config(self) -> Any:
        """What ``nbgrader`` itself would load for this course, as a traitlets ``Config``."""
        from traitlets.config import Config  # here, since it is not among a student's packages
        from traitlets.config.loader import PyFileConfigLoader

        config = Config()
        if self.config.is_file():
            config = PyFileConfigLoader(self.config.name, path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        return config

    # --- Reading ----------------------------------------------------------------------------------------------

    def _notebook(self, assignment: str, path: Path) -> SourceNotebook:
        cells = []
        for index, raw in enumerate(_json_cells(path)):
            cells.append(self._cell(assignment, path, index, raw))
        return SourceNotebook(path.stem, tuple(cells))

    def _cell(self, assignment: str, path: Path, index: int, raw: dict[str, Any]) -> SourceCell:
        where = f"{path}, cell {index}"
        source = raw.get("source", "")
        source = "".join(source) if isinstance(source, list) else source
        meta = raw.get("metadata", {}).get("nbgrader", {})
        grade, solution, locked, task = (bool(meta.get(k)) for k in ("grade", "solution", "locked", "task"))
        if not (grade or solution or locked or task):
            return SourceCell(index, raw["cell_type"], source)
        grade_id = meta.get("grade_id", "")
        if not isinstance(grade_id, str) or not _GRADE_ID.fullmatch(grade_id):
            raise InstructorError(f"{where}: grade_id {grade_id!r} must be letters, digits, `_` and `-`.")
        suite = self.hidden_suite(assignment, grade_id) if grade else None
        kind = _kind(grade, solution, task, raw["cell_type"], suite)
        if suite and kind is Kind.MANUAL:
            raise InstructorError(
                f"{where}: `{grade_id}` has the suite {suite} but is also a solution cell. "
                "Make it two cells: the solution, and behind it the graded cell."
            )
        scored = grade or task
        points = _points(meta, f"{where} (`{grade_id}`)") if scored else 0.0
        return SourceCell(index, raw["cell_type"], source, kind, grade_id, points, suite, task)

    def _refuse_orphans(self, source: Source) -> None:
        """A suite that belongs to no graded cell would silently never run."""
        ids = [exercise.id for exercise in source.exercises]
        for suite in sorted(self.hidden(source.assignment).glob("test_*.py")):
            name = suite.stem.removeprefix("test_")
            if name not in ids:
                raise InstructorError(
                    f"{suite} belongs to no graded cell of source/{source.assignment}.{near(name, ids)}"
                )


def _graded_cells(source: Source) -> Iterator[tuple[SourceCell, str]]:
    for notebook in source.notebooks:
        for cell in notebook.cells:
            if cell.kind in (Kind.SUITE, Kind.INSIDE):
                yield cell, f"source/{source.assignment}/{notebook.name}.ipynb, cell {cell.index}"


def _checked(source: str) -> list[str]:
    """Exercises that a cell which does nothing else calls ``check`` for."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return []
    calls = [node.value for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    if len(calls) != len(body) or not all(
        isinstance(c.func, ast.Name) and c.func.id == "check" for c in calls
    ):
        return []
    texts = [a.value for call in calls for a in call.args[:1] if isinstance(a, ast.Constant)]
    return [text for text in texts if isinstance(text, str)]


def _is_course(folder: Path) -> bool:
    return (folder / CONFIG).is_file() or (folder / "source").is_dir()


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _folders(parent: Path) -> Iterator[str]:
    if parent.is_dir():
        yield from sorted(p.name for p in parent.iterdir() if p.is_dir() and not p.name.startswith("."))


def near(name: str, known: Iterable[str]) -> str:
    """What to say behind a name that is not among ``known``: the one that was probably meant, or all of them."""
    known = list(known)
    found = get_close_matches(name, known, n=1)
    if found:
        return f" Did you mean `{found[0]}`?"
    return f" There are: {', '.join(known)}." if known else ""


def _json_cells(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells: list[dict[str, Any]] = document["cells"]
        format_ = document["nbformat"]
        assert all(cell["cell_type"] in ("code", "markdown", "raw") for cell in cells)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise InstructorError(f"{path} is not a notebook of format 4 ({error!r}). Save it again.") from error
    if format_ != 4:
        raise InstructorError(f"{path} has format {format_}, not 4. Save it again with a present Jupyter.")
    return cells


def _kind(grade: bool, solution: bool, task: bool, cell_type: str, suite: Path | None) -> Kind:
    if task or (grade and (solution or cell_type != "code")):
        return Kind.MANUAL
    if grade:
        return Kind.SUITE if suite else Kind.INSIDE
    return Kind.SOLUTION if solution else Kind.LOCKED


def _points(meta: dict[str, Any], where: str) -> float:
    if "points" not in meta:
        raise InstructorError(f"{where}: a graded cell needs `points`.{_misspelled('points', meta)}")
    points = meta["points"]
    number = isinstance(points, (int, float)) and not isinstance(points, bool)
    if not number or not math.isfinite(points) or points < 0:
        raise InstructorError(
            f"{where}: points must be a finite number of at least 0, not {points!r}.{_as_number(points)}"
        )
    return float(points)


def _misspelled(key: str, meta: dict[str, Any]) -> str:
    found = get_close_matches(key, meta, n=1)
    return f" Did you mean `{key}` by `{found[0]}`?" if found else " Set them in the Create Assignment panel."


def _as_number(points: object) -> str:
    """What was probably meant: "2", "2,5"."""
    try:
        value = float(str(points).replace(",", "."))
    except ValueError:
        return " Set them in the Create Assignment panel."
    return f" Did you mean {value:g}?" if math.isfinite(value) and value >= 0 else " Set them to a number."


def _refuse_doubles(source: Source) -> None:
    places: dict[str, str] = {}
    for notebook in source.notebooks:
        for cell in notebook.cells:
            if not cell.grade_id:
                continue
            here = f"{notebook.name}.ipynb, cell {cell.index}"
            if cell.grade_id in places:
                raise InstructorError(
                    f"source/{source.assignment}: grade_id `{cell.grade_id}` stands twice, in "
                    f"{places[cell.grade_id]} and in {here}. Rename one."
                )
            places[cell.grade_id] = here
