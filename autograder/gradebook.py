"""The only module that knows nbgrader's database.

nbgrader keeps what it is good at (gradebook, formgrader, late penalties, feedback, export); what runs students'
code and what decides a score is ours. ``nbgrader_config.py`` plugs two classes into ``nbgrader autograde``, which is
also what the formgrader's button and ``record`` run:

* ``RepairingExporter`` reads a student's file with ``submission.read_notebook`` and hands nbgrader a notebook whose
  cells carry the instructor's metadata, whatever the submission's said.
* ``RecordVerdicts`` takes the grade of the submission and writes it; it runs nothing.

What nbgrader 0.9.6 does by itself with damaged notebooks (tried), and what happens here instead:

============================  =============================================  ================================
damage                        stock nbgrader                                 here
============================  =============================================  ================================
invalid JSON                  submission fails, nothing recorded             ungraded, for a human
a cell copied                 ``DeduplicateIds`` leaves ``nbgrader: {}``,    the last copy counts
                              so ``SchemaTooOldError`` stops the whole class
``schema_version`` edited     stops the whole class                          restored
points "abc", flags, unknown  submission fails                               restored
id or key, code made raw
graded cell deleted           no score (``add_missing_cells``: ``KeyError``  scored by ``grade_id``; put back, so
                              where its solution is missing too)             that feedback shows it
no notebook or another name   fails, no row in the gradebook                 ``record`` writes the scores
============================  =============================================  ================================

A student's text reaches the instructor's browser through the formgrader, whose templates do not clean it. So the
autograded notebook is made harmless here: outputs keep text and bitmap images only, raw HTML in Markdown is shown
as text, and all other metadata are dropped.

One writer at a time: SQLite does not survive more (research: "database is locked"), and nbgrader changes the
process's current folder. All scores of a notebook are one transaction. ``record`` may be killed at any moment:
nbgrader removes the autograded folder at the start and finds its rows again, so the next run overwrites what was left.
"""

from __future__ import annotations

import contextlib
import glob
import math
import os
import re
import shutil
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import nbgrader.api
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader import utils
from nbgrader.api import (
    BaseCell,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Grade as GradeRow
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets import Any as AnyTrait

from autograder.course import Course, Source
from autograder.errors import GraderFailure, InstructorError
from autograder.feedback import failures, render
from autograder.quantity import quantity
from autograder.submission import (
    GRADED,
    Kind,
    RunCell,
    SourceCell,
    SourceNotebook,
    Submitted,
    handed_in,
    plan,
    read_notebook,
    recognise,
)
from autograder.verdict import ExerciseGrade, Grade

__all__ = [
    "RecordVerdicts",
    "Recorded",
    "RepairingExporter",
    "Row",
    "create_database",
    "ensure_registered",
    "nothing_graded",
    "read_scores",
    "record",
    "registered",
    "repaired",
    "scores",
]

NO_ANSWER = "Pas de réponse."
MAX_TEXT = 20_000  # characters of one output that feedback shows
MAX_IMAGE = 2_000_000  # characters of base64
CHARACTER = re.compile(r"&(?=#?\w{1,32};)")
SCRIPT = re.compile(r"(j\W*a\W*v\W*a\W*s\W*c\W*r\W*i\W*p\W*t)[^\w\n:]*:", re.IGNORECASE)
IMAGES = ("image/png", "image/jpeg", "image/gif")


class Executed(Protocol):
    """Outputs of one code cell of the submission, by its index in the submitted notebook."""

    @property
    def index(self) -> int: ...
    @property
    def outputs(self) -> Sequence[Mapping[str, Any]]: ...


class Graded(Protocol):
    """What the scheduler knows of one submission."""

    @property
    def grade(self) -> Grade: ...
    @property
    def notebooks(self) -> Mapping[str, Sequence[Executed]]: ...


# --- Reading and repairing a submission -----------------------------------------------------------------------


class RepairingExporter(NotebookExporter):  # type: ignore[misc]
    """Reads a submitted notebook for nbgrader, repaired; other notebooks (the autograded ones) as usual."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        path, course = Path(filename).absolute(), Course(Path(self.parent.coursedir.root))
        ids = resources["nbgrader"]
        if course.submitted(ids["assignment"], ids["student"]).resolve() != path.parent.resolve():
            return super().from_filename(filename, resources=resources, **kw)
        _remove_linked_copies(path.parent, course.autograded(ids["assignment"], ids["student"]))
        source = course.load_source(ids["assignment"]).notebook(ids["notebook"])
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        return self.from_notebook_node(repaired(read_notebook(path), source), resources=resources, **kw)


def _remove_linked_copies(submitted: Path, autograded: Path) -> None:
    """nbgrader copied what a student's symbolic links point to, and feedback would hand it out."""
    for path in _special_files(submitted):
        (autograded / path.relative_to(submitted)).unlink(missing_ok=True)


def _special_files(folder: Path) -> list[Path]:
    """Everything in a submission that is neither a regular file nor a folder; links are not followed."""
    if folder.is_symlink():
        return [folder]
    found = (Path(parent) / name for parent, folders, names in os.walk(folder) for name in (*names, *folders))
    return [path for path in found if path.is_symlink() or not (path.is_file() or path.is_dir())]


def repaired(submitted: Submitted, source: SourceNotebook) -> Any:
    """The submitted notebook with the instructor's metadata, as nbgrader's preprocessors need it.

    Each instructor's cell stands in it at most once (its last copy), missing graded cells are put back where
    their suite runs, and each cell that came from the submission carries its index there.
    """
    roles = recognise(submitted, source)
    last = {role.grade_id: index for index, role in enumerate(roles) if role}
    given = {cell.source.strip() for cell in source.cells if cell.cell_type == "markdown"}
    cells: list[Any] = []
    missing = _missing(submitted, source, last)
    if submitted.unreadable:
        cells.append(new_markdown_cell(f"**{submitted.unreadable}** Un correcteur s'en occupe."))
    for cell, role in zip(submitted.cells, roles, strict=True):
        cells += [_restored(lost) for lost in missing.pop(cell.index, [])]
        role = role if role and last[role.grade_id] == cell.index else None
        kind = role.cell_type if role else cell.cell_type  # a student may hand in a Markdown cell as code
        text = cell.source if kind == "code" or cell.source.strip() in given else _inert(cell.source)
        node = _node(kind, text)
        node.metadata["autograder"] = {"index": cell.index}
        if role:
            node.metadata["nbgrader"] = _metadata(role)
        if node.cell_type == "markdown" and cell.attachments:
            node["attachments"] = _images(cell.attachments)
        cells.append(node)
    cells += [_restored(lost) for rest in missing.values() for lost in rest]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def _missing(
    submitted: Submitted, source: SourceNotebook, present: Mapping[str, int]
) -> dict[int, list[SourceCell]]:
    """Graded cells that the submission lacks, by the index of the cell they belong before."""
    found: dict[int, list[SourceCell]] = defaultdict(list)
    places: dict[str, int] = {}
    behind = len(submitted.cells)
    for step in reversed(plan(submitted, source).steps):
        if isinstance(step, RunCell):
            behind = step.index
        else:
            places[step.exercise] = behind
    for cell in source.cells:
        if cell.kind in GRADED and cell.grade_id not in present:
            found[places.get(cell.grade_id, len(submitted.cells))].append(cell)
    return found


def _node(cell_type: str, source: str) -> Any:
    make = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}[cell_type]
    return make(source)


def _restored(cell: SourceCell) -> Any:
    node = _node(cell.cell_type, cell.source)
    node.metadata["nbgrader"] = _metadata(cell)
    return node


def _metadata(cell: SourceCell) -> dict[str, Any]:
    manual = cell.kind is Kind.MANUAL and not cell.task
    metadata = {
        "schema_version": 3,
        "grade_id": cell.grade_id,
        "grade": cell.kind in GRADED or manual,
        "solution": cell.kind is Kind.SOLUTION or manual,
        "locked": cell.kind in GRADED or cell.kind is Kind.LOCKED or cell.task,
        "task": cell.task,
        "cell_type": cell.cell_type,
    }
    if metadata["grade"] or cell.task:
        metadata["points"] = cell.points
    return metadata


def _inert(markdown: str) -> str:
    """Raw HTML and links to scripts of a student as text.

    The formgrader shows Markdown on the instructor's own Jupyter server. A character reference could spell either, also
    one whose own ``&`` is a reference (nbconvert leaves ``&amp;#115;`` in a link as ``&#115;``), so a space ends them
    all; one before its colon makes ``javascript:`` no destination of a link.
    """
    text = re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", CHARACTER.sub("& ", markdown))
    return SCRIPT.sub(r"\1 :", text)


def _images(attachments: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The bitmap images pasted into a Markdown cell."""
    kept = {}
    for name, bundle in attachments.items():
        images = bundle if isinstance(bundle, dict) else {}
        kept[str(name)] = {k: v for k, v in images.items() if k in IMAGES and _is_base64(v)}
    return kept


def _is_base64(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_IMAGE and not re.search(r"[^A-Za-z0-9+/=\s]", value)


# --- Recording one notebook -----------------------------------------------------------------------------------


class RecordVerdicts(NbGraderPreprocessor):  # type: ignore[misc]
    """Writes the scores of one notebook to the gradebook, and what the student reads into the notebook."""

    grade_with = AnyTrait(
        "autograder.schedule.graded_submission",
        help="The function, or its dotted name, that gives the grade of (course, assignment, student).",
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        ids = resources["nbgrader"]
        course = Course(Path(self.parent.parent.coursedir.root))
        source = course.load_source(ids["assignment"]).notebook(ids["notebook"])
        graded = _graded_by(self.grade_with, course, ids["assignment"], ids["student"])
        exercises = {e.exercise: e for e in graded.grade.exercises if e.notebook == ids["notebook"]}
        with Gradebook(ids["db_url"]) as gradebook:
            row = gradebook.find_submission_notebook(ids["notebook"], ids["assignment"], ids["student"])
            cells = {
                cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if "nbgrader" in cell.metadata
            }
            _write_notebook(row, source, exercises, cells)
            gradebook.db.commit()
        _show(nb, source, exercises, graded.notebooks.get(ids["notebook"], ()))
        return nb, resources


def _graded_by(grade_with: Any, course: Course, assignment: str, student: str) -> Graded:
    """The grade from the function ``grade_with`` or the function of that dotted name."""
    if isinstance(grade_with, str):
        module, _, name = grade_with.rpartition(".")
        grade_with = getattr(import_module(module), name)
    try:
        graded: Graded = grade_with(course, assignment, student)
    except GraderFailure as error:  # not an Exception: it would stop nbgrader's loop over the whole class
        raise RuntimeError(f"{student} could not be graded: {error}. Repeat, or see the log.") from error
    return graded


def _write_notebook(
    row: SubmittedNotebook,
    source: SourceNotebook,
    exercises: Mapping[str, ExerciseGrade],
    cells: Mapping[str, Any],
) -> None:
    """Sets scores and comments of a submitted notebook's rows; the caller commits them at once.

    ``cells`` are the notebook's cells by ``grade_id``; empty where there is no notebook to look at.
    """
    known = source.by_id
    for grade in row.grades:
        if grade.name not in known:
            raise InstructorError(
                f"The gradebook has a cell `{grade.name}` that {source.name}.ipynb lacks. Run `autograder release`."
            )
        if known[grade.name].kind is Kind.MANUAL:
            _set_score(grade, _manual_score(cells.get(grade.name)))
        else:
            _set_score(grade, _score(exercises.get(grade.name), grade.max_score))
    for comment in row.comments:
        comment.auto_comment = _comment(comment.name, source, exercises, cells.get(comment.name))


def _set_score(grade: GradeRow, score: float | None) -> None:
    """As nbgrader's ``SaveAutoGrades``: a score that a human gave stays, and asks to be looked at again."""
    grade.auto_score = score
    grade.needs_manual_grade = score is None or grade.manual_score is not None


def _score(exercise: ExerciseGrade | None, most: float) -> float | None:
    """The score to write; None sends the exercise to a human.

    Raises:
        InstructorError: where grade and gradebook do not speak of the same cell.
        ValueError: for a score that no exercise can have.
    """
    if exercise is None or exercise.score is None:
        return None
    if exercise.max_points != most:
        raise InstructorError(
            f"`{exercise.exercise}` is worth {exercise.max_points:g} in the source but {most:g} in the gradebook. "
            "Run `autograder release`, then grade again."
        )
    if not math.isfinite(exercise.score) or not 0 <= exercise.score <= most:
        raise ValueError(f"`{exercise.exercise}` cannot score {exercise.score} of {most}.")
    return exercise.score


def _manual_score(cell: Any) -> float | None:
    """As nbgrader: 0 for an answer that was left as it was released, else nothing yet."""
    if cell is None or not utils.is_grade(cell):
        return None
    unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    return 0.0 if unchanged else None


def _comment(
    solution: str, source: SourceNotebook, exercises: Mapping[str, ExerciseGrade], cell: Any
) -> str | None:
    """What failed, for a solution cell; "no answer" where it was left as it was released and nothing passed."""
    own = [exercises[e.id] for e in source.exercises if solution in e.solutions and e.id in exercises]
    failed = " ".join(text for text in map(failures, own) if text)
    if cell is None or utils.is_task(cell):
        return failed or None
    unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    if unchanged and (failed or not own):
        return NO_ANSWER
    return failed or None


# --- What the formgrader and the feedback show ----------------------------------------------------------------


def _show(
    nb: Any, source: SourceNotebook, exercises: Mapping[str, ExerciseGrade], executed: Sequence[Executed]
) -> None:
    """Puts the outputs into the notebook: the student's under their cells, the verdicts under the graded cells."""
    outputs = {run.index: run.outputs for run in executed}
    for cell in nb.cells:
        index = cell.metadata.pop("autograder", {}).get("index")
        role = source.by_id.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if cell.cell_type != "code":
            continue
        if role and role.kind in GRADED:
            # nbgrader put the hidden regions back, and would show them in the feedback.
            cell.source = role.released
            cell.outputs = _verdicts(exercises.get(role.grade_id))
        else:
            cell.outputs = [kept for out in outputs.get(index, ()) if (kept := _harmless(out)) is not None]


def _verdicts(exercise: ExerciseGrade | None) -> list[Any]:
    if exercise is None:
        return []
    html, plain = render(exercise)
    return [new_output("display_data", data={"text/html": html, "text/plain": plain})]


def _harmless(output: Mapping[str, Any]) -> Any:
    """A student's output reduced to text and bitmap images of bounded size; None if nothing is left of it."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_short(output.get("text")))
    if kind == "error":
        traceback = [_short(line) for line in output.get("traceback") or ()][:100]
        return new_output(
            "error",
            ename=_short(output.get("ename")),
            evalue=_short(output.get("evalue")),
            traceback=traceback,
        )
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, Mapping):
        return None
    kept = {k: v for k, v in data.items() if k in IMAGES and _is_base64(v)}
    if "text/plain" in data:
        kept["text/plain"] = _short(data["text/plain"])
    return new_output("display_data", data=kept) if kept else None


def _short(text: object) -> str:
    text = "".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text or "")
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n[sortie tronquée]"


# --- Recording a class ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """How the recording of one submission ended.

    Attributes:
        student: whose.
        success: the scores are in the gradebook.
        log: what nbgrader said; for a failure with its traceback.
        seconds: time it took.
        without_notebook: only the scores were written; there is no autograded notebook, so no feedback page.
    """

    student: str
    success: bool
    log: str
    seconds: float
    without_notebook: bool = False


def record(
    course: Course,
    assignment: str,
    students: Iterable[str] | None = None,
    on_progress: Callable[[Recorded], None] | None = None,
    grade_with: Callable[[Course, str, str], Graded] | None = None,
) -> list[Recorded]:
    """Writes the grades of ``students`` (default: all who handed something in) to the gradebook, one by one.

    A submission that nbgrader cannot convert (no notebook, or one with another name, symbolic links) still gets
    its scores. Repeating it changes nothing; it may be killed at any moment and repeated.

    Args:
        on_progress: called with each result.
        grade_with: gives the grade of (course, assignment, student); default: what ``nbgrader_config.py`` says,
            else ``autograder.schedule.graded_submission``.

    Raises:
        InstructorError: where the assignment cannot be registered.
    """
    config = course.nbgrader_config()
    if grade_with is not None:
        config.RecordVerdicts.grade_with = _by_reference(grade_with)
    ensure_registered(course, assignment)
    api = NbGraderAPI(config=config)
    results = []
    # nbgrader 0.9 is written for SQLAlchemy 1.4 and calls up a warning a submission under 2; nothing is lost.
    warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.")
    with _one_engine():
        for student in course.students(assignment) if students is None else students:
            results.append(_record_one(api, course, assignment, student))
            if on_progress:
                on_progress(results[-1])
    return results


@contextlib.contextmanager
def _one_engine() -> Iterator[None]:
    """Else nbgrader makes an engine for each of the nine times that it opens the gradebook a submission.

    Every one of them compiles all queries anew, half of the time of recording, and some of its memory never comes back.
    """
    made = nbgrader.api.create_engine
    nbgrader.api.create_engine = cache(made)
    try:
        yield
    finally:
        nbgrader.api.create_engine = made


def _by_reference(grade_with: Callable[[Course, str, str], Graded]) -> Callable[[Course, str, str], Graded]:
    """As a plain function, which traitlets does not copy: it deep-copies a configuration at every turn."""
    return lambda course, assignment, student: grade_with(course, assignment, student)


def _record_one(api: NbGraderAPI, course: Course, assignment: str, student: str) -> Recorded:
    begun = time.monotonic()
    source = course.load_source(assignment)
    log = ""
    try:
        log = unconvertible(course.submitted(assignment, student), student, source)
        if not log:
            result = api.autograde(assignment, student, force=True)
            log = result.get("log", "") + result.get("error", "")
            if result["success"]:
                return Recorded(student, True, log, time.monotonic() - begun)
            _pass_on_interrupt(result.get("error", ""))
        _record_scores_only(api, course, source, student)
    except Exception as error:  # whatever it is, it must not cost the next student's recording
        return Recorded(student, False, f"{log}{type(error).__name__}: {error}", time.monotonic() - begun)
    return Recorded(student, True, log, time.monotonic() - begun, without_notebook=True)


def _pass_on_interrupt(error: str) -> None:
    """nbgrader keeps Ctrl-C as the text of one more failure; raises it again."""
    if error.rstrip().rpartition("\n")[2].startswith("KeyboardInterrupt"):
        raise KeyboardInterrupt


def unconvertible(folder: Path, student: str, source: Source) -> str:
    """Why nbgrader should not touch a submission; empty if it may."""
    if glob.escape(student) != student or "\n" in student:
        return (
            f"nbgrader takes the name {student!r} for a pattern. Rename the folder for a page of feedback.\n"
        )
    special = _special_files(folder)
    if special:
        return f"{special[0]} is not a regular file: nbgrader would copy what it points to. Remove it.\n"
    absent = [name for name in source.names if not (folder / f"{name}.ipynb").exists()]
    renamed = [name for name in absent if not handed_in(folder, name, source.names).missing]
    if renamed or len(absent) == len(source.names):  # else nbgrader gives 0 for what it does not find
        names = ", ".join(f"{name}.ipynb" for name in renamed or absent)
        return (
            f"{folder} holds no {names}. Rename the student's notebook for an autograded copy and feedback.\n"
        )
    return ""


def _record_scores_only(api: NbGraderAPI, course: Course, source: Source, student: str) -> None:
    """Writes the scores without an autograded notebook, which would be one of an earlier submission."""
    shutil.rmtree(course.autograded(source.assignment, student), ignore_errors=True)
    from_config = api.config.RecordVerdicts.get("grade_with", RecordVerdicts.grade_with.default_value)
    graded = _graded_by(from_config, course, source.assignment, student)
    with api.gradebook as gradebook:
        gradebook.update_or_create_student(student)
        gradebook.update_or_create_submission(source.assignment, student)
        for notebook in source.notebooks:
            row = gradebook.find_submission_notebook(notebook.name, source.assignment, student)
            exercises = {e.exercise: e for e in graded.grade.exercises if e.notebook == notebook.name}
            _write_notebook(row, notebook, exercises, {})
            if handed_in(course.submitted(source.assignment, student), notebook.name, source.names).missing:
                _nothing_handed_in(row, notebook)
        gradebook.db.commit()


def _nothing_handed_in(row: SubmittedNotebook, notebook: SourceNotebook) -> None:
    """A notebook that is not there at all holds no manual answer either: 0, as nbgrader does."""
    for grade in row.grades:
        if notebook.by_id[grade.name].kind is Kind.MANUAL:
            _set_score(grade, 0.0)


# --- The assignment in the database ---------------------------------------------------------------------------


def ensure_registered(course: Course, assignment: str) -> None:
    """Makes the gradebook know the assignment as its source is now; creates the database if there is none.

    nbgrader registers an assignment by generating its release; that release goes to our own folder, so that
    grading never changes ``release/``.

    Raises:
        InstructorError: with nbgrader's log.
    """
    config = course.nbgrader_config()
    source = course.load_source(assignment)
    create_database(course)
    with _opened(config) as gradebook:
        if _registered(gradebook, source):
            return
    scratch = course.state / "_registered"
    config.CourseDirectory.release_directory = str(scratch.relative_to(course.root))
    result = NbGraderAPI(config=config).generate_assignment(assignment, force=True, create=True)
    shutil.rmtree(scratch, ignore_errors=True)
    if not result["success"]:
        _pass_on_interrupt(result.get("error", ""))
        raise InstructorError(
            f"nbgrader could not register {assignment}; see what it says of source/{assignment}. Where cells were "
            "added or removed after submissions had been graded, restore them, or forget the grades with "
            f"`nbgrader db assignment remove {assignment} --force`.\n"
            f"{result.get('log', '')}{result.get('error', '')}"
        )


def _registered(gradebook: Gradebook, source: Source) -> bool:
    for notebook in source.notebooks:
        try:
            row = gradebook.find_notebook(notebook.name, source.assignment)
        except MissingEntry:
            return False
        graded = {c.name: c.max_score for c in (*row.grade_cells, *row.task_cells)}
        wanted = {c.grade_id: c.points for c in notebook.cells if c.kind in GRADED or c.kind is Kind.MANUAL}
        locked = {c.name: c.source for c in row.source_cells if c.locked}
        texts = {c.grade_id: c.source for c in notebook.cells if c.kind in GRADED or c.kind is Kind.LOCKED}
        solutions = {c.name for c in row.source_cells} == set(notebook.by_id)
        if graded != wanted or not solutions or any(locked.get(name) != text for name, text in texts.items()):
            return False
    return True


def _has_database(course: Course, config: Any) -> bool:
    """Whether there is one: another server's, or nbgrader's SQLite file."""
    return "db_url" in config.CourseDirectory or course.gradebook.exists()


def create_database(course: Course) -> None:
    """Creates nbgrader's SQLite file whole or not at all: half of one would look finished to nbgrader.

    Raises:
        InstructorError: where another database is named and cannot be opened.
    """
    config = course.nbgrader_config()
    if "db_url" in config.CourseDirectory:
        with _alembic_on_path(), _opened(config):  # its tables are made if there are none
            return
    if _has_database(course, config):
        return
    course.state.mkdir(exist_ok=True)
    half = course.state / "gradebook.db.new"
    half.unlink(missing_ok=True)
    with _alembic_on_path():
        Gradebook(f"sqlite:///{half}", config.CourseDirectory.get("course_id", "")).close()
    half.replace(course.gradebook)


@contextlib.contextmanager
def _opened(config: Any) -> Iterator[Gradebook]:
    """The course's gradebook.

    Raises:
        InstructorError: where it cannot be opened, with its address but for the password.
    """
    try:
        gradebook = NbGraderAPI(config=config).gradebook
    except (SQLAlchemyError, ImportError) as error:
        address = config.CourseDirectory.get("db_url", "")
        place = f" at {make_url(address).render_as_string()}" if address else ""
        reason = str(error).splitlines()[0]
        advice = "See c.CourseDirectory.db_url in nbgrader_config.py."
        if "locked" in reason:
            advice = "Another program writes to it: wait until that has ended, then run it again."
        raise InstructorError(f"The gradebook{place} cannot be opened: {reason}. {advice}") from error
    with gradebook:
        yield gradebook


@contextlib.contextmanager
def _alembic_on_path() -> Iterator[None]:
    """nbgrader calls ``alembic`` by name; it stands beside this Python even where no environment is activated."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


# --- Reading back ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One student's score in one exercise.

    Attributes:
        student: id in the gradebook; names and ids as registered there, empty if unknown.
        score: None where there is none yet, be it ungraded or waiting for a human.
        needs_manual: a human must look at it.
        ungraded: something was handed in and nobody, human or machine, has given a score.
        late_penalty: of the whole submission, not of this exercise.
        submitted: something was handed in.
    """

    student: str
    first_name: str
    last_name: str
    email: str
    lms_user_id: str
    assignment: str
    notebook: str
    exercise: str
    score: float | None
    max_score: float
    needs_manual: bool
    ungraded: bool
    late_penalty: float
    submitted: bool


def registered(course: Course) -> tuple[str, ...]:
    """Names of the assignments that the gradebook knows; none where there is no gradebook."""
    config = course.nbgrader_config()
    if not _has_database(course, config):
        return ()
    with _opened(config) as gradebook:
        return tuple(sorted(assignment.name for assignment in gradebook.assignments))


def scores(course: Course, assignment: str) -> list[Row]:
    """All students' scores, by student and then in the order of the source.

    Raises:
        InstructorError: where the gradebook does not know the assignment.
    """
    exercises = course.load_source(assignment).exercises
    config = course.nbgrader_config()
    if not _has_database(course, config):
        raise InstructorError(f"There is no gradebook yet. Run `autograder grade {assignment}` first.")
    with _opened(config) as gradebook:
        return read_scores(gradebook, assignment, {e.id: n for n, e in enumerate(exercises)})


def nothing_graded(course: Course, assignments: Sequence[str]) -> InstructorError:
    """The refusal where the gradebook has nothing of the assignments: what is missing, where, and what to do."""
    handed_in = {name: course.students(name) for name in assignments}
    graded_next = next((name for name, students in handed_in.items() if students), assignments[0])
    names, folder = ", ".join(assignments), course.root / "submitted"
    if not handed_in[graded_next]:
        return InstructorError(
            f"There is no submission of {names} in {folder}: expected submitted/<student>/{graded_next}/. "
            f"Put them there, then run `autograder grade {graded_next}`."
        )
    there = quantity(len(handed_in[graded_next]), "submission")
    return InstructorError(
        f"Nothing of {names} is graded yet: {there} of {graded_next} in {folder}, none in the gradebook. "
        f"Run `autograder grade {graded_next}` first."
    )


def read_scores(gradebook: Gradebook, assignment: str, order: Mapping[str, int] | None = None) -> list[Row]:
    """As ``scores``, from an open gradebook; ``order`` sorts the exercises, which else stand by their names."""
    try:
        gradebook.find_assignment(assignment)
    except MissingEntry as error:
        known = ", ".join(a.name for a in gradebook.assignments) or "none"
        raise InstructorError(
            f"The gradebook knows no assignment `{assignment}` (it knows: {known}). Grade it first."
        ) from error
    cells = _graded_cells(gradebook, assignment, order or {})
    given = {(g.student, g.cell): g for g in _grades(gradebook, assignment)}
    penalties: dict[str, float] = defaultdict(float)
    for (student, _), penalty in {(g.student, g.notebook): g.penalty for g in given.values()}.items():
        penalties[student] += penalty or 0.0
    return [
        _row(student, assignment, cell, given.get((student.id, cell.id)), penalties[student.id])
        for student in sorted(gradebook.students, key=lambda s: str(s.id))
        for cell in cells
    ]


def _graded_cells(gradebook: Gradebook, assignment: str, order: Mapping[str, int]) -> list[Any]:
    cells = [
        cell
        for notebook in gradebook.find_assignment(assignment).notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    ]
    return sorted(cells, key=lambda c: (order.get(c.name, len(order)), c.notebook.name, c.name))


def _grades(gradebook: Gradebook, assignment: str) -> list[Any]:
    """All grades in one query: one a student and exercise through nbgrader's objects took seconds for a class."""
    rows: list[Any] = (
        gradebook.db.query(
            SubmittedAssignment.student_id.label("student"),
            GradeRow.cell_id.label("cell"),
            SubmittedNotebook.id.label("notebook"),
            GradeRow.auto_score,
            GradeRow.manual_score,
            GradeRow.extra_credit,
            GradeRow.needs_manual_grade,
            SubmittedNotebook.late_submission_penalty.label("penalty"),
        )
        .join(SubmittedNotebook, SubmittedNotebook.id == GradeRow.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(BaseCell, BaseCell.id == GradeRow.cell_id)
        .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(assignment).id)
        .all()
    )
    return rows


def _row(student: Student, assignment: str, cell: Any, grade: Any, penalty: float) -> Row:
    base = None
    if grade is not None:
        base = grade.manual_score if grade.manual_score is not None else grade.auto_score
    extra = (grade.extra_credit or 0.0) if grade is not None else 0.0
    return Row(
        student=str(student.id),
        first_name=student.first_name or "",
        last_name=student.last_name or "",
        email=student.email or "",
        lms_user_id=student.lms_user_id or "",
        assignment=assignment,
        notebook=cell.notebook.name,
        exercise=cell.name,
        score=None if base is None else base + extra,
        max_score=cell.max_score,
        needs_manual=bool(grade is not None and grade.needs_manual_grade),
        ungraded=grade is not None and base is None,
        late_penalty=penalty,
        submitted=grade is not None,
    )
