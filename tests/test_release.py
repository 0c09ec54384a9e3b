from __future__ import annotations

import json
import shutil

import pytest

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.gradebook import create_database
from autograder.release import release
from tests.courses import SOURCE, cell, graded, make_course, notebook, solution, write


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("template"))
    create_database(course)
    return course


@pytest.fixture
def course(template, tmp_path):
    shutil.copytree(template.root, tmp_path / "course")
    return Course(tmp_path / "course")


def source_of(course, *cells):
    write(course.source("tp1") / "tp1.ipynb", notebook([*SOURCE, *cells]))


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(course):
    with pytest.raises(InstructorError, match="would leak; nothing was released") as caught:
        release(course, "tp1")
    assert not course.release("tp1").exists()
    return str(caught.value)


def test_solutions_and_hidden_tests_are_gone_and_the_stub_is_french(course):
    write(course.public("tp1") / "test_double.py", "def test_public(student): pass\n")
    folder = release(course, "tp1")
    assert folder == course.release("tp1")
    assert sorted(content(folder)) == ["public/cells.json", "public/test_double.py", "tp1.ipynb"]
    cells = json.loads((folder / "tp1.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "".join(cells[2]["source"]) == (
        'def double(x):\n    # À COMPLÉTER\n    raise NotImplementedError("à compléter")'
    )
    assert "".join(cells[5]["source"]) == "assert triple(1) == 3"
    assert "".join(cells[6]["source"]) == "*À COMPLÉTER*"


def test_twice_gives_the_same_bytes_in_another_course_too(course, tmp_path):
    first = content(release(course, "tp1"))
    assert content(release(course, "tp1")) == first
    other = make_course(tmp_path / "elsewhere")
    assert content(release(other, "tp1")) == first


def test_ids_of_the_source_are_kept(course):
    write(course.source("tp1") / "tp1.ipynb", notebook([{**cell("x"), "id": "mine"}], nbformat_minor=5))
    shutil.rmtree(course.hidden("tp1"))
    made = json.loads((release(course, "tp1") / "tp1.ipynb").read_text())
    assert [c["id"] for c in made["cells"]] == ["mine"]


def test_a_refused_release_leaves_the_one_before_as_it_was(course):
    before = content(release(course, "tp1"))
    write(course.source("tp1") / "floors.json", "{}")
    with pytest.raises(InstructorError, match="would leak"):
        release(course, "tp1")
    assert content(course.release("tp1")) == before


@pytest.mark.parametrize(
    "marker", ["### BEGIN SOLUTON", "### BEGIN_SOLUTION", "### begin solution", "#BEGN SOLUTION"]
)
def test_a_misspelled_marker_is_named_with_its_place(course, marker):
    region = f"    {marker}\n    return x ** 2 + 1\n    ### END SOLUTION\n"
    text = f"def f(x):\n{region}    ### BEGIN SOLUTION\n    ### END SOLUTION"
    source_of(course, solution(text, "f-code"))
    expected = f"cell 7: `{marker}` is not a marker. Did you mean `### BEGIN SOLUTION`?"
    assert f"source/tp1/tp1.ipynb, {expected}" in refused(course)


def test_an_ordinary_comment_is_no_misspelled_marker(course):
    source_of(course, cell("# la solution est unique\n# Begin here\n# fin de la question"))
    release(course, "tp1")


def test_a_solution_line_in_a_shipped_file_leaks(course):
    write(course.source("tp1") / "aide.py", "def d(x):\n    return x + x  # la somme\n")
    assert "aide.py: the line `return x + x  # la somme` comes from the solution" in refused(course)


def test_a_solution_line_in_a_plain_cell_is_public_by_the_instructors_choice(course):
    source_of(course, cell("y = 1\nreturn x + x  # la somme"))
    release(course, "tp1")


def test_a_graded_cell_that_quotes_its_hidden_suite_leaks(course):
    suite = "def test_double(student):\n    assert student.double(21) == 42, 'le double'\n"
    write(course.hidden("tp1") / "test_double.py", suite)
    cells = json.loads(json.dumps(SOURCE))
    cells[3]["source"] = "assert student.double(21) == 42, 'le double'"
    write(course.source("tp1") / "tp1.ipynb", notebook(cells))
    message = refused(course)
    assert "tp1.ipynb, cell 3" in message and "comes from tests/hidden/tp1/test_double.py" in message


def test_a_line_that_public_and_hidden_suite_share_is_public(course):
    line = "def test_double(student):\n    assert student.double(2) == 4, 'le double'\n"
    write(course.hidden("tp1") / "test_double.py", line + "    assert student.double(33) == 66, 'autre'\n")
    write(course.public("tp1") / "test_double.py", line)
    release(course, "tp1")


@pytest.mark.parametrize(
    "name", ["test_double.py", "bank/double.py", "floors.json", "public/conftest.py", "public/bank/x.py"]
)
def test_files_of_the_grader_are_refused(course, name):
    write(course.source("tp1") / name, "x = 1\n")
    assert name in refused(course)


def test_a_copy_of_a_reference_file_is_refused(course):
    write(course.reference / "losses.py", "value = 1\n")
    write(course.source("tp1") / "outils.py", "value = 1\n")
    assert "outils.py: this is a copy of reference/losses.py" in refused(course)


def test_a_line_of_the_reference_in_a_shipped_file_leaks(course):
    write(course.reference / "losses.py", "loss = -(log_p * one_hot).sum(1).mean()\n")
    write(course.source("tp1") / "outils.py", "import torch\nloss = -(log_p * one_hot).sum(1).mean()\n")
    assert "comes from reference/losses.py" in refused(course)


def test_a_marker_without_its_end_is_told(course):
    source_of(course, graded("assert 1\n### END HIDDEN TESTS", "late", 1))
    assert "0 times BEGIN HIDDEN TESTS but 1 times END HIDDEN TESTS" in refused(course)


def test_outputs_of_the_source_are_not_shipped(course):
    shown = {**cell("print(1)"), "outputs": [{"output_type": "stream", "name": "stdout", "text": "SECRET"}]}
    source_of(course, {**shown, "execution_count": 7})
    assert b"SECRET" not in content(release(course, "tp1"))["tp1.ipynb"]


def test_what_nbgrader_refuses_is_told_with_its_reason(course):
    source_of(course, cell("### BEGIN SOLUTION\nx\n### END SOLUTION"))
    with pytest.raises(InstructorError, match="Solution region detected in a non-solution cell"):
        release(course, "tp1")
