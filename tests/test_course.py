from __future__ import annotations

import pytest

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.submission import Kind
from tests.courses import SOURCE, cell, graded, make_course, notebook, solution, submit, write


def test_the_course_is_found_from_a_folder_below_it(tmp_path):
    course = make_course(tmp_path / "course")
    assert Course.find(course.source("tp1")) == course


def test_a_folder_without_config_or_source_is_no_course(tmp_path):
    with pytest.raises(
        InstructorError, match=r"is not a course: it holds neither nbgrader_config\.py nor source/"
    ):
        Course(tmp_path)


def test_assignments_and_students_are_the_folders_that_are_there(tmp_path):
    course = make_course(tmp_path)
    submit(course, "zoé", SOURCE)
    submit(course, "ada", None)
    write(tmp_path / "submitted/bob/tp2/x.ipynb", notebook([]))
    assert course.assignments() == ("tp1",)
    assert course.students("tp1") == ("ada", "zoé")


def test_the_source_says_what_the_exercises_are_and_what_they_are_worth(tmp_path):
    course = make_course(tmp_path)
    exercises = course.load_source("tp1").exercises
    assert [(e.id, e.kind, e.points, e.solutions) for e in exercises] == [
        ("double", Kind.SUITE, 3.0, ("double-code",)),
        ("triple", Kind.INSIDE, 2.0, ("triple-code",)),
        ("why", Kind.MANUAL, 4.0, ("why",)),
    ]
    assert exercises[0].suite == tmp_path / "tests/hidden/tp1/test_double.py"
    assert course.hidden_suite("tp1", "triple") is None


def test_two_graded_cells_behind_one_solution_share_it(tmp_path):
    cells = [solution("a", "code"), graded("1", "one"), graded("2", "two")]
    course = make_course(tmp_path, cells, suites=())
    assert [e.solutions for e in course.load_source("tp1").exercises] == [("code",), ("code",)]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (float("nan"), "finite number of at least 0, not nan"),
        (float("inf"), "finite number of at least 0, not inf"),
        (-1, "finite number of at least 0, not -1"),
        ("2,5", r"not '2,5'\. Did you mean 2\.5\?"),
        (True, "finite number of at least 0, not True"),
    ],
)
def test_points_that_are_no_number_stop_with_the_place(tmp_path, points, message):
    course = make_course(tmp_path, [graded("x", "one", points)], suites=())
    with pytest.raises(InstructorError, match=rf"tp1\.ipynb, cell 0 \(`one`\).*{message}"):
        course.load_source("tp1")


def test_a_misspelled_points_key_is_named(tmp_path):
    wrong = graded("x", "one")
    wrong["metadata"]["nbgrader"]["point"] = wrong["metadata"]["nbgrader"].pop("points")
    course = make_course(tmp_path, [wrong], suites=())
    with pytest.raises(InstructorError, match="Did you mean `points` by `point`"):
        course.load_source("tp1")


def test_a_doubled_grade_id_stops_with_both_places(tmp_path):
    course = make_course(tmp_path, [graded("x", "one"), cell("y"), graded("z", "one")], suites=())
    with pytest.raises(
        InstructorError, match=r"`one` stands twice, in tp1\.ipynb, cell 0 and in tp1\.ipynb, cell 2"
    ):
        course.load_source("tp1")


def test_a_suite_without_graded_cell_stops_and_names_the_near_one(tmp_path):
    course = make_course(tmp_path, suites=("doubel",))
    with pytest.raises(
        InstructorError, match=r"test_doubel\.py belongs to no graded cell.*Did you mean `double`"
    ):
        course.load_source("tp1")


def test_a_suite_for_a_cell_that_is_also_a_solution_stops(tmp_path):
    course = make_course(tmp_path, suites=("why",))
    with pytest.raises(InstructorError, match="Make it two cells"):
        course.load_source("tp1")


def test_a_misspelled_assignment_is_named(tmp_path):
    course = make_course(tmp_path)
    with pytest.raises(InstructorError, match="Did you mean `tp1`"):
        course.load_source("tp")


def test_a_source_that_is_no_notebook_stops(tmp_path):
    course = make_course(tmp_path)
    write(tmp_path / "source/tp1/tp1.ipynb", "{")
    with pytest.raises(InstructorError, match="is not a notebook of format 4"):
        course.load_source("tp1")


def test_the_config_is_the_one_nbgrader_loads_with_the_courses_root(tmp_path):
    config = make_course(tmp_path).nbgrader_config()
    assert config.CourseDirectory.course_id == "reseaux-de-neurones"
    assert config.CourseDirectory.root == str(tmp_path)
