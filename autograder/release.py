"""The students' version of an assignment, checked for leaks before it replaces the one that is there.

nbgrader generates it and checks nothing: every file of ``source/<assignment>/`` is shipped, and a misspelled
``### BEGIN SOLUTION`` ships the solution without a word. So the release is built in our own folder, made
reproducible, searched for what must not leave the house, and only then moved into place.

A line is *secret* if it stands in a solution or a hidden region, in a hidden suite or its bank, or in ``reference/``,
and is not *public*. Public are the lines that students are meant to see: the notebooks' text outside solutions and
hidden regions, except for graded cells whose suite is hidden, and the public suites. Lines too short or too common to
tell anything (imports, signatures, brackets) are not compared.

What this does not find: a solution that was reworded, and one told in prose.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI

from autograder import manifest
from autograder.course import Course, Source
from autograder.errors import InstructorError
from autograder.gradebook import create_database
from autograder.submission import Kind, SourceCell

__all__ = ["leaks", "release"]

MARKERS = tuple(
    f"{end} {what}" for what in ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME") for end in ("BEGIN", "END")
)
_COMMON = re.compile(r"(import|from|def|class|return \w+$|raise NotImplementedError|for \w+ in range)\b|@")
_MISSPELLED = 0.75  # of the longer text: "BEGIN SOLUTON" is 0.96, "BEGINNING" 0.65


def release(course: Course, assignment: str) -> Path:
    """Makes ``release/<assignment>`` from its source and returns it; twice gives the same bytes.

    Raises:
        InstructorError: where nbgrader fails or something would leak; what was released before stays as it was.
    """
    source = course.load_source(assignment)
    course.refuse_unjudged(source)
    course.refuse_broken_suites(source)
    course.refuse_unchecked(source)
    _refuse(assignment, list(_markers_of_source(source)))  # nbgrader would stop at some, and tell less
    create_database(course)
    built = _generate(course, assignment)
    try:
        for path in sorted(built.glob("*.ipynb")):
            _make_reproducible(path, course.source(assignment) / path.name)
        manifest.write(built, assignment)
        _refuse(assignment, leaks(course, source, built))
        return _put(built, course.release(assignment))
    finally:
        shutil.rmtree(built, ignore_errors=True)


def _refuse(assignment: str, leaks: Sequence[str]) -> None:
    if leaks:
        raise InstructorError(
            f"The release of {assignment} would leak; nothing was released:\n"
            + "\n".join(f"- {leak}" for leak in leaks)
        )


def _generate(course: Course, assignment: str) -> Path:
    config = course.nbgrader_config()
    place = course.state / "_release"
    config.CourseDirectory.release_directory = str(place.relative_to(course.root))
    result = NbGraderAPI(config=config).generate_assignment(assignment, force=True, create=True)
    if not result["success"]:
        raise InstructorError(
            f"nbgrader could not generate {assignment}; see what it says of source/{assignment}:\n"
            f"{result.get('log', '')}{result.get('error', '')}"
        )
    return place / assignment


def _put(built: Path, target: Path) -> Path:
    """Renames twice, so that no moment sees half a release."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = built.with_name(f"{built.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    built.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _make_reproducible(path: Path, origin: Path) -> None:
    """Ids that nbgrader drew at random become ones made from the cell's place; no version of a kernel remains."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kept = {cell.get("id") for cell in json.loads(origin.read_text(encoding="utf-8"))["cells"]} - {None}
    for index, cell in enumerate(notebook["cells"]):
        if cell.get("id") not in kept:
            cell["id"] = hashlib.sha256(f"{path.name} {index}".encode()).hexdigest()[:12]
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


# --- Leaks ----------------------------------------------------------------------------------------------------


def leaks(course: Course, source: Source, folder: Path) -> list[str]:
    """Sentences on what ``folder`` would give away, each with its place; empty if nothing was found."""
    secrets = _secrets(course, source)
    found = [*_markers_of_source(source)]
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        where = path.relative_to(folder).as_posix()
        found += _leaks_of_file(course, source.assignment, path, where)
        found += _outputs(path, where) if path.suffix == ".ipynb" else ()
        for text, place in _texts(path, where):
            found += [f"{place}: {problem}" for problem in _bad_markers(text)]
            found += [
                f"{place}: the line `{line.strip()}` comes from {secrets[line.strip()]}."
                for line in text.split("\n")
                if line.strip() in secrets
            ]
    return list(dict.fromkeys(found))


def _markers_of_source(source: Source) -> Iterator[str]:
    for notebook in source.notebooks:
        for cell in notebook.cells:
            where = f"source/{source.assignment}/{notebook.name}.ipynb, cell {cell.index}"
            yield from (f"{where}: {problem}" for problem in _misspelled(cell.source))
            for what in ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
                begun, ended = cell.source.count(f"BEGIN {what}"), cell.source.count(f"END {what}")
                if begun != ended:
                    yield f"{where}: {begun} times BEGIN {what} but {ended} times END {what}."


def _bad_markers(text: str) -> Iterator[str]:
    yield from _misspelled(text)
    for marker in MARKERS:
        if marker in text:
            yield f"the marker {marker} was not removed."


def _misspelled(text: str) -> Iterator[str]:
    """Comments that look like a marker and are none: nbgrader passes them and what is between them on."""
    for line in text.split("\n"):
        comment = re.fullmatch(r"\s*#+\s*(.{8,24}?)\s*#*", line)
        if not comment or any(marker in line for marker in MARKERS):
            continue
        near = max(MARKERS, key=lambda marker: _likeness(marker, comment[1]))
        if _likeness(near, comment[1]) >= _MISSPELLED:
            yield f"`{line.strip()}` is not a marker. Did you mean `### {near}`?"


def _likeness(marker: str, text: str) -> float:
    return SequenceMatcher(None, marker, re.sub(r"[\s_-]+", " ", text.upper())).ratio()


def _leaks_of_file(course: Course, assignment: str, path: Path, where: str) -> Iterator[str]:
    name, parts = path.name, Path(where).parts
    if "bank" in parts or name in ("floors.json", "conftest.py", "gradebook.db"):
        yield f"{where}: this file belongs to the grader, not to the students. Move it out of source/{assignment}."
    elif name.startswith("test_") and name.endswith(".py") and parts[0] != "public":
        yield f"{where}: a suite outside public/. Move it to tests/hidden/{assignment} or to public/."
    content = path.read_bytes()
    for secret in _secret_files(course, assignment):
        if content.strip() and secret.read_bytes() == content:
            yield f"{where}: this is a copy of {secret.relative_to(course.root)}."


def _texts(path: Path, where: str) -> Iterator[tuple[str, str]]:
    """The texts of a released file with their places."""
    if path.suffix == ".ipynb":
        yield from ((_joined(cell["source"]), place) for cell, place in _cells(path, where))
    else:
        yield path.read_text(encoding="utf-8", errors="replace"), where


def _outputs(path: Path, where: str) -> Iterator[str]:
    for cell, place in _cells(path, where):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"{place}: it still has outputs. Clear them in the source."


def _cells(path: Path, where: str) -> Iterator[tuple[dict[str, Any], str]]:
    for index, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        yield cell, f"{where}, cell {index}"


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


# --- What is secret -------------------------------------------------------------------------------------------


def _secrets(course: Course, source: Source) -> dict[str, str]:
    """Secret lines and where each comes from."""
    public = _public_lines(course, source)
    secret: dict[str, str] = {}
    for path in _secret_files(course, source.assignment):
        if path.suffix == ".py":
            origin = str(path.relative_to(course.root))
            secret |= dict.fromkeys(_telling(path.read_text(encoding="utf-8").split("\n")), origin)
    for notebook in source.notebooks:
        for cell in notebook.cells:
            inside, _ = _split(cell)
            origin = f"the solution or hidden tests of {notebook.name}.ipynb, cell {cell.index}"
            secret |= dict.fromkeys(_telling(inside), origin)
    return {line: origin for line, origin in secret.items() if line not in public}


def _secret_files(course: Course, assignment: str) -> list[Path]:
    folders = (course.hidden(assignment), course.reference)
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts)


def _public_lines(course: Course, source: Source) -> set[str]:
    public: set[str] = set()
    for notebook in source.notebooks:
        for cell in notebook.cells:
            if cell.kind is not Kind.SUITE:
                public.update(line.strip() for line in _split(cell)[1])
    for path in sorted(course.public(source.assignment).glob("*.py")):
        public.update(line.strip() for line in path.read_text(encoding="utf-8").split("\n"))
    return public


def _split(cell: SourceCell) -> tuple[list[str], list[str]]:
    """The cell's lines inside solution and hidden regions, and those outside.

    A solution cell without any region is a solution from its first line to its last.
    """
    lines = cell.source.split("\n")
    whole = cell.kind in (Kind.SOLUTION, Kind.MANUAL) and not cell.task
    if whole and not any("BEGIN SOLUTION" in line for line in lines):
        return lines, []
    inside: list[str] = []
    outside: list[str] = []
    within = False
    for line in lines:
        if any(marker in line for marker in MARKERS):
            within = any(marker in line for marker in MARKERS if marker.startswith("BEGIN"))
        else:
            (inside if within else outside).append(line)
    return inside, outside


def _telling(lines: Iterable[str]) -> list[str]:
    """The lines that could come from nowhere else."""
    stripped = (line.strip() for line in lines)
    return [
        line
        for line in stripped
        if len(line) >= 12 and len(re.findall(r"\w+", line)) >= 3 and not _COMMON.match(line)
    ]
