from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from autograder.course import Course
from autograder.errors import GraderFailure, InstructorError
from autograder.gradebook import ensure_registered, record, scores
from autograder.verdict import ExerciseGrade, Outcome
from tests.courses import (
    SOURCE,
    FakeGrader,
    answered,
    cell,
    grade_of,
    graded,
    make_course,
    notebook,
    submit,
    verdict,
    write,
)

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A course whose assignment is in its gradebook; creating one takes seconds, copying it nothing."""
    course = make_course(tmp_path_factory.mktemp("template"))
    ensure_registered(course, "tp1")
    return course


@pytest.fixture
def course(template, tmp_path):
    shutil.copytree(template.root, tmp_path / "course")
    return Course(tmp_path / "course")


def found(course, student="ada"):
    return {row.exercise: row.score for row in scores(course, "tp1") if row.student == student}


def rows_of(course, student="ada"):
    return {row.exercise: row for row in scores(course, "tp1") if row.student == student}


def book(course):
    return Gradebook(f"sqlite:///{course.gradebook}", "reseaux-de-neurones")


def autograded(course, student="ada"):
    return nbformat.read(course.autograded("tp1", student) / "tp1.ipynb", as_version=4)


GOOD = {"double": 3.0, "triple": 0.0, "why": None}  # what FakeGrader says; a human reads the manual answer


def test_scores_come_from_the_grade_and_manual_answers_wait_for_a_human(course):
    submit(course, "ada", answered())
    results = record(course, "tp1", grade_with=FakeGrader())
    assert [(r.student, r.success, r.without_notebook) for r in results] == [("ada", True, False)]
    assert found(course) == GOOD
    rows = rows_of(course)
    assert [rows[e].needs_manual for e in GOOD] == [False, False, True]
    assert [rows[e].max_score for e in GOOD] == [3.0, 2.0, 4.0]


def test_ungraded_is_no_score_and_needs_a_human(course):
    submit(course, "ada", answered())
    broken = grade_of("ada", double=[verdict(), verdict(Outcome.UNGRADED)])
    record(course, "tp1", grade_with=FakeGrader(ada=broken))
    row = rows_of(course)["double"]
    assert row.score is None and row.ungraded and row.needs_manual


def test_a_humans_score_stays_when_graded_again(course):
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    with book(course) as gradebook:
        gradebook.find_grade("double", "tp1", "tp1", "ada").manual_score = 1.5
        gradebook.find_comment("double-code", "tp1", "tp1", "ada").manual_comment = "Vu."
        gradebook.db.commit()
    record(course, "tp1", grade_with=FakeGrader())
    assert found(course)["double"] == 1.5
    assert rows_of(course)["double"].needs_manual  # as nbgrader: look at it again
    with book(course) as gradebook:
        assert gradebook.find_comment("double-code", "tp1", "tp1", "ada").comment == "Vu."


def test_an_unchanged_manual_answer_is_worth_nothing(course):
    cells = answered()
    cells[-1]["source"] = "*À COMPLÉTER*"
    submit(course, "ada", cells)
    record(course, "tp1", grade_with=FakeGrader())
    assert found(course)["why"] == 0.0 and not rows_of(course)["why"].needs_manual


def test_comments_say_what_failed_or_that_there_is_no_answer(course):
    cells = answered()
    cells[4]["source"] = 'def triple(x):\n    # À COMPLÉTER\n    raise NotImplementedError("à compléter")'
    submit(course, "ada", cells)
    failed = [
        verdict(Outcome.FAILED, title="Le double de 2"),
        verdict(Outcome.FAILED, title="Le double de −1"),
    ]
    record(course, "tp1", grade_with=FakeGrader(ada=grade_of("ada", double=failed)))
    with book(course) as gradebook:
        comments = [
            gradebook.find_comment(name, "tp1", "tp1", "ada").comment
            for name in ("double-code", "triple-code")
        ]
    assert comments == ["Épreuves échouées : Le double de 2 ; Le double de −1.", "Pas de réponse."]


def test_grading_again_changes_nothing_and_doubles_nothing(course):
    submit(course, "ada", answered())
    for _ in range(2):
        record(course, "tp1", grade_with=FakeGrader())
    with book(course) as gradebook:
        assert len(gradebook.assignment_submissions("tp1")) == 1
    assert found(course) == GOOD


def test_a_grade_that_is_more_than_the_gradebook_allows_is_refused(course):
    submit(course, "ada", answered())
    grade = grade_of("ada")
    inflated = type(grade.exercises[0])("double", "tp1", 100, (verdict(),))
    grade = type(grade)("tp1", "ada", "d", "k", "0", (inflated, grade.exercises[1]))
    result = record(course, "tp1", grade_with=FakeGrader(ada=grade))[0]
    assert not result.success and "`double` is worth 100 in the source but 3 in the gradebook" in result.log
    assert found(course)["double"] is None


def test_changed_points_reach_the_gradebook_before_anybody_is_graded(course):
    cells = json.loads(json.dumps(SOURCE))
    cells[3]["metadata"]["nbgrader"]["points"] = 6
    write(course.source("tp1") / "tp1.ipynb", notebook(cells))
    ensure_registered(course, "tp1")
    submit(course, "ada", answered())
    grade = grade_of("ada")
    six = type(grade.exercises[0])("double", "tp1", 6, (verdict(),))
    record(course, "tp1", grade_with=FakeGrader(ada=type(grade)("tp1", "ada", "d", "k", "0", (six,))))
    assert rows_of(course)["double"].score == 6.0 and rows_of(course)["double"].max_score == 6.0
    assert rows_of(course)["triple"].ungraded  # the grade does not speak of it


def test_our_own_failure_fails_one_submission_and_not_the_class(course):
    def grader(course, assignment, student):
        if student == "ada":
            raise GraderFailure("out of memory")
        return FakeGrader()(course, assignment, student)

    for student in ("ada", "bob"):
        submit(course, student, answered())
    seen = []
    results = record(course, "tp1", on_progress=seen.append, grade_with=grader)
    assert [r.success for r in results] == [False, True] and seen == results
    assert "out of memory" in results[0].log
    assert found(course, "bob") == GOOD
    assert found(course, "ada")["double"] is None


# --- Damaged submissions --------------------------------------------------------------------------------------


def edited(index, **fields):
    cells = answered()
    cells[index]["metadata"]["nbgrader"].update(fields)
    return cells


def without(*indices):
    return [c for i, c in enumerate(answered()) if i not in indices]


DAMAGED = {
    "graded cell deleted": without(3),
    "solution and graded cell deleted": without(2, 3),
    "everything but the answers deleted": without(0, 1, 3, 5),
    "cells copied": [c for c in answered() for _ in range(2)],
    "points abc": edited(3, points="abc"),
    "points removed": edited(3, points=None),
    "schema_version 99": edited(3, schema_version=99),
    "schema_version text": edited(3, schema_version="x"),
    "flags swapped": edited(2, grade=True, solution=False, points=1000),
    "id not a string": edited(2, grade_id=["x"]),
    "unknown id": edited(3, grade_id="other"),
    "extra keys": edited(3, cheat=True),
    "stripped": [{**c, "metadata": {}} for c in answered()],
    "types changed": [{**c, "cell_type": "raw"} for c in answered()],
    "empty": [],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_notebook_keeps_its_scores_and_its_place_in_the_feedback(course, damage):
    submit(course, "ada", DAMAGED[damage])
    result = record(course, "tp1", grade_with=FakeGrader())[0]
    assert result.success and not result.without_notebook, result.log
    assert {k: v for k, v in found(course).items() if k != "why"} == {"double": 3.0, "triple": 0.0}
    ids = [c.metadata.nbgrader.grade_id for c in autograded(course).cells if "nbgrader" in c.metadata]
    assert ids.count("double") == 1 and ids.count("triple") == 1


def test_format_3_is_recorded(course):
    code = {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": [], "metadata": {}}
    path = course.submitted("tp1", "ada") / "tp1.ipynb"
    write(
        path,
        json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [code]}]}),
    )
    assert record(course, "tp1", grade_with=FakeGrader())[0].success
    assert found(course) == GOOD


def test_an_unreadable_file_is_a_humans_business(course):
    write(course.submitted("tp1", "ada") / "tp1.ipynb", "{")
    unknown = grade_of("ada", double=[], triple=[])
    result = record(course, "tp1", grade_with=FakeGrader(ada=unknown))[0]
    assert result.success
    assert found(course) == {"double": None, "triple": None, "why": None}
    assert "JSON invalide" in autograded(course).cells[0].source


def test_no_notebook_at_all_is_recorded_as_the_grade_says(course):
    submit(course, "ada", None)
    zero = grade_of("ada", double=[verdict(Outcome.FAILED)])
    result = record(course, "tp1", grade_with=FakeGrader(ada=zero))[0]
    assert result.success and result.without_notebook and "holds no tp1.ipynb" in result.log
    assert found(course) == {"double": 0.0, "triple": 0.0, "why": 0.0}


def test_a_renamed_upload_keeps_its_scores(course):
    submit(course, "ada", answered(), name="tp1 (1).ipynb")
    result = record(course, "tp1", grade_with=FakeGrader())[0]
    assert result.success and result.without_notebook
    assert found(course) == GOOD


@pytest.mark.parametrize(
    ("name", "outcome", "score"),
    [
        ("annexe (1).ipynb", Outcome.PASSED, 5),
        ("annexe.IPYNB", Outcome.PASSED, 5),
        ("mon devoir.ipynb", Outcome.UNGRADED, None),
        ("notes.txt", Outcome.FAILED, 0),
    ],
)
def test_of_two_notebooks_one_may_have_another_name(course, name, outcome, score):
    """nbgrader gives 0 to a notebook that it does not find, whatever the grade says."""
    cells = [graded("assert True", "quad", 5)]
    write(course.source("tp1") / "annexe.ipynb", notebook(cells))
    submit(course, "ada", answered())
    submit(course, "ada", cells, name=name)
    whole = grade_of("ada")
    five = ExerciseGrade("quad", "annexe", 5, (verdict(outcome),))
    grader = FakeGrader(ada=replace(whole, exercises=(*whole.exercises, five)))
    (result,) = record(course, "tp1", grade_with=grader)
    assert result.success and result.without_notebook is (name != "notes.txt"), result.log
    assert not result.without_notebook or "holds no annexe.ipynb" in result.log
    rows = {row.exercise: row.score for row in scores(course, "tp1")}
    assert rows["quad"] == score and rows["double"] == GOOD["double"]


def test_what_a_link_points_to_is_copied_nowhere(course):
    submit(course, "ada", answered())
    (course.submitted("tp1", "ada") / "notes.txt").symlink_to(course.hidden("tp1") / "test_double.py")
    result = record(course, "tp1", grade_with=FakeGrader())[0]
    assert result.success and "notes.txt is not a regular file" in result.log
    assert found(course) == GOOD
    api = NbGraderAPI(config=with_fake(course))
    assert api.autograde("tp1", "ada")["success"]  # the formgrader's way
    assert not (course.autograded("tp1", "ada") / "notes.txt").exists()


# --- The autograded notebook ----------------------------------------------------------------------------------


def test_outputs_stand_under_their_cells_and_verdicts_under_the_graded_cell(course):
    grader = FakeGrader()
    grader.outputs = {2: [{"output_type": "stream", "name": "stdout", "text": "bonjour"}]}
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=grader)
    cells = autograded(course).cells
    assert cells[2].outputs[0].text == "bonjour"
    assert set(cells[3].outputs[0].data) == {"text/html", "text/plain"}
    assert "double : 3 / 3" in cells[3].outputs[0].data["text/plain"]
    assert all("autograder" not in c.metadata for c in cells)


def test_hidden_regions_are_not_shown(course):
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    assert autograded(course).cells[5].source == "assert triple(1) == 3"


def test_nothing_active_of_a_student_reaches_the_instructors_browser(course):
    script = "<script>fetch('/formgrader/api')</script>"
    bundle = {
        "text/html": script,
        "application/javascript": "x()",
        "image/svg+xml": script,
        "text/plain": "<b>",
    }
    grader = FakeGrader()
    grader.outputs = {
        2: [{"output_type": "display_data", "data": {**bundle, "image/png": '"><script>'}, "metadata": {}}],
        4: [{"output_type": "mystery"}, {"output_type": "display_data", "data": {"text/html": script}}],
    }
    cells = [*answered(), cell(f"Voir {script} et $a<b$", "markdown")]
    submit(course, "ada", cells, metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {}}})
    record(course, "tp1", grade_with=grader)
    nb = autograded(course)
    assert nb.cells[2].outputs[0].data == {"text/plain": "<b>"}
    assert nb.cells[4].outputs == []
    assert "<script" not in nbformat.writes(nb) and "&lt;script>" in nb.cells[-1].source
    assert nb.cells[0].source.endswith("<center>Bonjour</center>")  # the instructor's own stays
    assert "widgets" not in nb.metadata


@pytest.mark.parametrize(
    "link",
    [
        "[a](javascript:alert(1))",
        "[a](<JavaScript:alert(1)>)",
        "[a](java&#115;cript:alert(1))",
        "[a](javascript&colon;alert(1))",
        "[a](javascript\\:alert(1))",
        "[a](java\\script:alert(1))",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "![a](javascript:alert(1))",
        "<javascript:alert(1)>",
    ],
)
def test_no_link_of_a_student_runs_a_script_in_the_instructors_browser(course, link):
    submit(course, "ada", [*answered(), cell(f"Voir {link}.", "markdown")])
    record(course, "tp1", grade_with=FakeGrader())
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(autograded(course))
    text = html.unescape(page.partition("Voir ")[2])
    assert text and not re.search(r"(href|src)=.?\s*javascript\s*:", text, re.IGNORECASE)


def test_a_markdown_cell_handed_in_as_code_is_as_inert(course):
    """It becomes Markdown again, as the instructor had it."""
    script = "<img src=x onerror=alert(1)>"
    cells = answered()
    manual = next(c for c in cells if c["cell_type"] == "markdown" and "nbgrader" in c["metadata"])
    manual |= {"cell_type": "code", "source": f"Réponse {script}", "outputs": [], "execution_count": None}
    submit(course, "ada", cells)
    record(course, "tp1", grade_with=FakeGrader())
    text = nbformat.writes(autograded(course))
    assert "Réponse &lt;img" in text and "<img" not in text


def test_endless_outputs_are_cut(course):
    grader = FakeGrader()
    grader.outputs = {2: [{"output_type": "stream", "name": "stdout", "text": "x" * 1_000_000}]}
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=grader)
    assert len(autograded(course).cells[2].outputs[0].text) < 21_000


# --- nbgrader's own ways, and being killed --------------------------------------------------------------------


def with_fake(course):
    config = course.nbgrader_config()
    config.RecordVerdicts.grade_with = FakeGrader()
    return config


def test_the_formgraders_call_gives_the_same_grades(course):
    """The formgrader's button calls exactly this."""
    submit(course, "ada", answered())
    result = NbGraderAPI(config=with_fake(course)).autograde("tp1", "ada")
    assert result["success"], result
    assert found(course) == GOOD


def test_the_command_nbgrader_autograde_gives_the_same_grades(course):
    submit(course, "ada", answered())
    with course.config.open("a") as config:
        config.write("\nfrom tests.courses import FakeGrader\nc.RecordVerdicts.grade_with = FakeGrader()\n")
    done = nbgrader(course, "autograde", "tp1")
    assert done.returncode == 0, done.stderr
    assert found(course) == GOOD


def nbgrader(course, *arguments):
    """Runs the command as a shell does that has the environment activated."""
    binaries = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(
        command, cwd=course.root, env=environment, capture_output=True, text=True, timeout=120
    )


def test_what_a_killed_run_left_is_overwritten(course):
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    folder = course.autograded("tp1", "ada")
    (folder / "tp1.ipynb").chmod(0o644)
    (folder / "tp1.ipynb").write_text('{"cells": [')
    (folder / "tp1.ipynb").chmod(0o444)
    with book(course) as gradebook:
        gradebook.find_grade("double", "tp1", "tp1", "ada").auto_score = 0
        gradebook.db.commit()
    record(course, "tp1", grade_with=FakeGrader())
    assert found(course) == GOOD and len(autograded(course).cells) == 7


def test_a_run_killed_while_the_database_was_made_leaves_none(tmp_path):
    course = make_course(tmp_path)
    write(course.state / "gradebook.db.new", "half a database")
    ensure_registered(course, "tp1")
    assert scores(course, "tp1") == []


def test_a_database_is_made_without_an_activated_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    ensure_registered(make_course(tmp_path), "tp1")
    assert not (tmp_path / "release").exists()  # registering is not releasing


def named_database(course, url):
    write(
        course.root / "nbgrader_config.py",
        course.config.read_text() + f'\nc.CourseDirectory.db_url = "{url}"\n',
    )


def test_a_database_that_is_named_gets_its_tables_without_an_activated_environment(
    course, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", "/nowhere")
    course.gradebook.unlink(missing_ok=True)
    named_database(course, f"sqlite:///{tmp_path}/elsewhere.db")
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    assert found(course) == GOOD and (tmp_path / "elsewhere.db").exists() and not course.gradebook.exists()


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all.db", "postgresql+nodriver://me:secret@localhost/x", "nosuch://me:secret@h/x"],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(course, url):
    named_database(course, url)
    for ask in (lambda: ensure_registered(course, "tp1"), lambda: scores(course, "tp1")):
        with pytest.raises(InstructorError, match=r"cannot be opened: .* See c\.CourseDirectory") as caught:
            ask()
        assert "secret" not in str(caught.value)


def test_a_source_that_nbgrader_refuses_is_told_with_its_reason(course):
    cells = json.loads(json.dumps(SOURCE))
    cells[2]["source"] = "### BEGIN SOLUTION\nx = 1"
    cells[3]["metadata"]["nbgrader"]["points"] = 5
    write(course.source("tp1") / "tp1.ipynb", notebook(cells))
    with pytest.raises(InstructorError, match="no end solution statement found"):
        ensure_registered(course, "tp1")


def test_late_penalties_stay_nbgraders(course):
    with course.config.open("a") as config:
        config.write(
            "\nfrom nbgrader.plugins import LateSubmissionPlugin\n"
            "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
        )
    submit(course, "ada", answered())
    write(course.submitted("tp1", "ada") / "timestamp.txt", "2030-01-02 00:00:00 UTC")
    with book(course) as gradebook:
        gradebook.update_or_create_assignment("tp1", duedate="2030-01-01 00:00:00 UTC")
    record(course, "tp1", grade_with=FakeGrader())
    assert {row.late_penalty for row in scores(course, "tp1")} == {3.0}


def test_students_without_submission_have_rows_without_scores(course):
    with book(course) as gradebook:
        gradebook.add_student("zoé", first_name="Zoé", last_name="Œuvrard")
    row = scores(course, "tp1")[0]
    assert (row.student, row.last_name, row.score, row.submitted, row.ungraded) == (
        "zoé",
        "Œuvrard",
        None,
        False,
        False,
    )


def test_an_assignment_the_gradebook_does_not_know_is_told(course):
    write(course.source("tp2") / "tp2.ipynb", notebook([]))
    with pytest.raises(
        InstructorError, match=r"knows no assignment `tp2` \(it knows: tp1\)\. Grade it first"
    ):
        scores(course, "tp2")
