"""The course that is shipped: its release is the one that its source makes, and its suites pass on it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.release import release
from autograder.submission import Kind
from autograder.suite import PlainHost, run_suite
from autograder.verdict import Outcome

ROOT = Path(__file__).resolve().parent.parent
COURSE = Course(ROOT)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_the_committed_release_is_what_the_source_makes(assignment: str, tmp_path: Path):
    for folder in (COURSE.source(assignment), COURSE.hidden(assignment), COURSE.reference):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(folder, tmp_path / folder.relative_to(ROOT), ignore=ignored)
    shutil.copy(COURSE.config, tmp_path)
    made = release(Course(tmp_path), assignment)
    assert files_of(made) == files_of(COURSE.release(assignment))


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_an_assignment_totals_a_hundred_points_and_each_exercise_has_all_its_parts(assignment: str):
    source = COURSE.load_source(assignment)
    assert sum(exercise.points for exercise in source.exercises) == 100
    for exercise in source.exercises:
        if exercise.kind is Kind.MANUAL:
            continue
        assert exercise.kind is Kind.SUITE
        assert COURSE.public_suite(assignment, exercise.id)
        assert (COURSE.hidden(assignment) / "bank" / f"{exercise.id}.py").is_file()


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_each_question_for_a_human_has_a_mark_scheme_that_adds_up(assignment: str):
    source = COURSE.load_source(assignment)
    cells = {cell.grade_id: cell for notebook in source.notebooks for cell in notebook.cells}
    questions = [exercise for exercise in source.exercises if exercise.kind is Kind.MANUAL]
    assert questions
    for question in questions:
        scheme = cells[question.id].source.partition("### BEGIN MARK SCHEME")[2]
        points = [
            float(found.replace(",", ".")) for found in re.findall(r"^- ([\d,]+) points? :", scheme, re.M)
        ]
        assert sum(points) == question.points, question.id


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_hidden_and_public_suites_pass_whole_on_the_source_notebook(assignment: str):
    folders = COURSE.hidden(assignment), COURSE.public(assignment)
    notebook = COURSE.source(assignment) / f"{assignment}.ipynb"
    command = [sys.executable, "-m", "pytest", "-q", *map(str, folders), "--submission", str(notebook)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_every_public_suite_fails_on_the_release_with_a_message_a_student_understands(assignment: str):
    notebook = COURSE.release(assignment) / f"{assignment}.ipynb"
    document = json.loads(notebook.read_text(encoding="utf-8"))
    solutions = [c for c in document["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]
    assert solutions
    assert all("À COMPLÉTER" in "".join(cell["source"]) for cell in solutions)
    for suite in sorted(COURSE.public(assignment).glob("test_*.py")):
        with contextlib.redirect_stdout(io.StringIO()):
            verdicts = [v for v in run_suite(suite, PlainHost(notebook)) if not v.gate]
        assert verdicts
        assert {v.outcome for v in verdicts} == {Outcome.FAILED}
        assert all(v.message.startswith("À compléter") and v.hint for v in verdicts)
