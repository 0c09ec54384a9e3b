"""The class of ``make demo``: who hands in what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder import demo as module
from autograder.bank import grade_id, read_source
from autograder.cli import main
from autograder.course import Course
from autograder.errors import InstructorError
from autograder.gradebook import record
from autograder.record import Record
from autograder.release import release
from autograder.schedule import keep
from autograder.submission import GRADED
from autograder.verdict import ExerciseGrade, Grade
from tests.courses import FakeGrader, verdict

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


def two_of_the_class(demo):
    notebook = read_source(demo.source(module.ASSIGNMENT) / f"{module.ASSIGNMENT}.ipynb")
    for student in (module.RIGHT, module.WRONG[0]):
        module._write(demo, student, notebook)
    return [(module.RIGHT, "right"), (module.WRONG[0], "wrong")]


def all_passed(course, assignment, students, options):
    """Records full points for everybody, and runs nothing."""
    exercises = tuple(
        ExerciseGrade(e.id, e.notebook, e.points, (verdict(),))
        for e in course.load_source(assignment).exercises
        if e.kind in GRADED
    )
    grades = [Grade(assignment, student, "d" * 64, "k" * 64, "00", exercises) for student in students]
    for grade in grades:
        keep(course, Record(grade))
    record(course, assignment, grade_with=FakeGrader(**{grade.student: grade for grade in grades}))
    return grades, True


def test_the_demo_says_how_long_it_takes_and_ends_with_pages_that_exist_the_report_first(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(module, "hand_in", two_of_the_class)
    monkeypatch.setattr("autograder.console.grade_and_record", all_passed)
    folder = tmp_path / "demo"
    assert module.run(Course(ROOT), folder, 2) == 0
    before, _, after = capsys.readouterr().out.partition("what to open next")
    assert "about one to three minutes on two cores" in before.splitlines()[0]
    assert "2 submissions, 2 at once; a line about every 30 s" in before, "nobody sees a bar in a log"
    named = [line.split("   ")[0].strip() for line in after.splitlines() if "   " in line]
    assert named[0] == str(folder / "report/tp1.html")
    assert [name for name in named if name.startswith("/") and not Path(name).is_file()] == []
    report = Path(named[0]).read_text(encoding="utf-8")
    assert module.RIGHT in report and f"../feedback/{module.WRONG[0]}/tp1/tp1.html" in report


def test_help_tells_the_course_that_is_copied_from_the_folder_that_is_made():
    text = " ".join(CliRunner().invoke(main, ["demo", "--help"]).output.split())
    assert "--folder DIRECTORY The scratch folder that the demo makes" in text
    assert "--course DIRECTORY The course whose tp1 is copied, and only read" in text
    assert "one to three minutes" in text
