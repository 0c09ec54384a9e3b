"""The class of ``make demo``: who hands in what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder import demo as module
from autograder.bank import grade_id
from autograder.course import Course
from autograder.errors import InstructorError
from autograder.release import release

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """The course of the demo, what each student is said to have done, and the sources of their cells by name."""
    demo = module.make_course(Course(ROOT), tmp_path_factory.mktemp("demo") / "demo-course")
    release(demo, module.ASSIGNMENT)
    told = dict(module.hand_in(demo))
    cells = {}
    for student in told:
        text = (demo.submitted(module.ASSIGNMENT, student) / f"{module.ASSIGNMENT}.ipynb").read_text("utf-8")
        cells[student] = {grade_id(cell): "".join(cell["source"]) for cell in json.loads(text)["cells"]}
    return demo, told, cells


def test_twelve_students_hand_in_and_no_solution_is_marked_as_one(handed_in):
    demo, told, cells = handed_in
    assert tuple(sorted(told)) == demo.students(module.ASSIGNMENT) and len(told) == 12
    assert not [student for student, texts in cells.items() if "BEGIN SOLUTION" in "".join(texts.values())]
    works = {json.dumps(texts) for texts in cells.values()}
    assert len(works) == 12, "no two alike"


def test_who_has_not_finished_is_right_as_far_as_told_and_has_the_released_cells_after_that(handed_in):
    _, _, cells = handed_in
    right = cells[module.RIGHT]
    names = [name for name in right if name.endswith(module.SOLUTION)]
    for student, last in module.UNFINISHED.items():
        place = names.index(f"{last}{module.SOLUTION}")
        for number, name in enumerate(names):
            text = cells[student][name]
            assert (text == right[name]) is (number <= place), name
            assert ("NotImplementedError" in text) is (number > place), name


def test_the_endless_the_exiting_and_the_forging_do_what_is_said_of_them(handed_in):
    _, told, cells = handed_in
    assert "while True" in cells[module.ENDLESS][f"softmax{module.SOLUTION}"]
    assert "os._exit" in cells[module.EXITING][f"initialisation{module.SOLUTION}"]
    assert "assert_close = torch.allclose" in cells[module.FORGING][f"softmax{module.SOLUTION}"]
    assert [told[student].split(":")[0] for student in module.UNUSUAL] == ["unusual"] * 2
    assert [told[student].split(":")[0] for student in module.WRONG] == ["wrong"] * 4


def test_a_folder_that_is_no_earlier_demo_is_left_as_it_is(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InstructorError, match="is no earlier demo"):
        module.make_course(Course(ROOT), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
