from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

from autograder.cli import main
from autograder.console import print_class, report_ungraded, show_changes
from autograder.course import Course
from autograder.quantity import quantity
from autograder.regrading import Change
from autograder.sandbox.confinement import Level, best_level
from autograder.schedule import stored
from autograder.verdict import ExerciseGrade
from tests.courses import cell, grade_of, graded, make_course, notebook, solution, submit, write
from tests.levels import confined

COMMANDS = sorted(set(main.commands))
SUITE = """
import torch
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    x = torch.randn(3)
    assert torch.equal(student.double(x), 2 * x), "ce n'est pas le double"

@points(1, "Une constante")
def test_seven(student):
    assert student.seven == 7, "seven doit valoir 7"
"""
RIGHT = "def double(x):\n    return x + x\nseven = 7"
SOURCE = [
    cell("import math"),
    solution(f"### BEGIN SOLUTION\n{RIGHT}\n### END SOLUTION", "double_solution"),
    graded('check("double")', "double", 3),
]


def test_brackets_in_a_students_name_are_no_markup(capsys):
    """A file's or a folder's name may hold anything; rich would end with a traceback on a tag that closes nothing."""
    name = "ana [/b] [red]"
    lost = ExerciseGrade("double", "tp1", 3)
    grade = replace(grade_of(name), exercises=(lost,))
    wide = replace(grade_of(name), exercises=(replace(lost, exercise="d" * 90),))
    for one in (grade, wide):
        printed = Console(width=120, file=io.StringIO())
        print_class([one], printed)
        assert name in printed.file.getvalue()
    show_changes([Change(name, "double", 1.0, None)])
    assert report_ungraded([grade])
    told = capsys.readouterr().err
    assert told.count(name) == 2


def test_one_is_told_in_the_singular(capsys):
    assert [quantity(number, "cell") for number in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]
    printed = Console(width=120, file=io.StringIO())
    for names in (["ada"], ["ada", "bob"]):
        print_class([grade_of(name) for name in names], printed)
        show_changes(
            [Change(name, exercise, 1.0, 2.0) for name in names for exercise in ("double", "triple")]
        )
    titles = printed.file.getvalue()
    assert "tp1: 1 submission " in titles and "tp1: 2 submissions " in titles
    told = " ".join(capsys.readouterr().err.split())
    assert "1 grade changes although the submission did not" in told
    assert "2 grades change although the submissions did not" in told


def run(course, *arguments):
    """Runs a command on a course; stdout and stderr apart."""
    options = ("--course", str(course.root)) if course is not None else ()
    return CliRunner().invoke(main, [*arguments, *options], prog_name="autograder")


def answers(text):
    return [SOURCE[0], solution(text, "double_solution"), SOURCE[2]]


def course_with(root, suite=SUITE, **students):
    course = make_course(root, SOURCE, ())
    write(course.hidden("tp1") / "test_double.py", suite)
    for name, text in students.items():
        submit(course, name, answers(text))
    return course


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return course_with(tmp_path_factory.mktemp("cli") / "course", ada=RIGHT, bob="seven = 7")


# --- Help -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example(command):
    found = run(None, command, "--help")
    assert found.exit_code == 0
    assert f"autograder {command}" in found.output.split("Options:")[0].split("Example")[1]


def test_the_help_lists_every_command():
    found = run(None, "--help")
    assert found.exit_code == 0 and all(f"  {command} " in found.output for command in COMMANDS)
    assert run(None, "--version").output.startswith("autograder, version ")


# --- Wrong use ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("grade", "tp2"), "There is no assignment `tp2`"),
        (("grade", "tp1", "eve"), "No submission of tp1 by eve"),
        (("release", "tp9"), "Did you mean `tp1`?"),
    ],
)
def test_wrong_use_ends_with_one_clear_line_and_code_2(course, arguments, text):
    found = run(course, *arguments)
    assert found.exit_code == 2 and text in found.stderr
    assert found.stderr.startswith("autograder: ") and len(found.stderr.strip().splitlines()) == 1
    assert found.stdout == ""


def test_a_folder_that_is_no_course_is_wrong_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run(None, "grade", "tp1")
    assert found.exit_code == 2 and "is not a course" in found.stderr and "--course" in found.stderr
    missing = run(None, "grade", "tp1", "--course", str(tmp_path / "missing"))
    assert missing.exit_code == 2 and "does not exist" in missing.stderr


def test_a_class_without_submissions_is_wrong_use(tmp_path):
    found = run(course_with(tmp_path / "course"), "grade", "tp1")
    assert found.exit_code == 2 and "There is no submission of tp1" in found.stderr


def test_a_suite_of_no_exercise_is_wrong_use(tmp_path):
    course = course_with(tmp_path / "course", ada=RIGHT)
    write(course.hidden("tp1") / "test_duoble.py", SUITE)
    found = run(course, "grade", "tp1")
    assert found.exit_code == 2 and "Did you mean `double`?" in found.stderr


@pytest.mark.parametrize(
    "option", [("--workers", "0"), ("--workers", "x"), ("--level", "best"), ("--nonsense",)]
)
def test_options_that_make_no_sense_are_wrong_use(course, option):
    assert run(course, "grade", "tp1", *option).exit_code == 2


def test_the_doctor_speaks_json():
    found = run(None, "doctor", "--json")
    findings = json.loads(found.stdout)
    assert findings and all({"name", "ok", "detail", "advice"} <= set(finding) for finding in findings)
    assert found.exit_code == (3 if best_level() is Level.NONE else 0)


# --- A class --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first(course):
    """The first run on the class."""
    return run(course, "grade", "tp1", "--json", "--workers", "1")


@confined
def test_grades_as_json_are_those_that_are_kept(course, first):
    grades = json.loads(first.stdout)
    assert first.exit_code == 0, first.stderr
    assert [grade["student"] for grade in grades] == ["ada", "bob"]
    for grade in grades:
        kept = stored(course, "tp1", grade["student"]).grade
        assert json.loads(kept.to_json()) == grade
    ada, bob = (stored(course, "tp1", name).grade for name in ("ada", "bob"))
    assert (ada.score, bob.score, ada.max_score) == (3, 1, 3)
    assert next(v["message"] for v in grades[1]["exercises"][0]["verdicts"]).startswith(
        "Le notebook ne définit pas"
    )


@confined
def test_a_second_run_keeps_what_was_graded(course, first):
    again = run(course, "grade", "tp1", "--json")
    assert again.exit_code == 0 and json.loads(again.stdout) == json.loads(first.stdout)


@confined
def test_a_fresh_run_draws_anew(course, first, tmp_path):
    shutil.copytree(course.root, tmp_path / "course")
    other = Course(tmp_path / "course")
    found = run(other, "grade", "tp1", "ada", "--fresh", "--workers", "1")
    assert found.exit_code == 0 and "bob" not in found.stdout + found.stderr
    before, after = stored(course, "tp1", "ada").grade, stored(other, "tp1", "ada").grade
    assert after.score == before.score and after.seed != before.seed and after.digest == before.digest
    seeds = [v.seed for grade in (before, after) for v in grade.exercises[0].verdicts]
    assert len(seeds) == len(set(seeds)) == 4


@confined
def test_what_we_could_not_grade_is_listed_with_code_1_and_takes_no_grade_away(course, first, tmp_path):
    shutil.copytree(course.root, tmp_path / "course")
    other = Course(tmp_path / "course")
    write(other.hidden("tp1") / "test_double.py", SUITE + "\ndef test_ours(student):\n    no_such_name\n")
    found = run(other, "grade", "tp1", "ada", "--fresh", "--workers", "1")
    assert found.exit_code == 1 and "ada: could not be graded anew" in found.stderr
    assert "ada: ungraded, needs a human: double" in found.stderr and "NameError" in found.stderr
    assert stored(other, "tp1", "ada") == stored(course, "tp1", "ada")

    shutil.rmtree(other.state)
    found = run(other, "grade", "tp1", "ada", "--workers", "1")
    assert found.exit_code == 1 and "ungraded" in found.stdout
    assert "ada: ungraded, needs a human: double" in found.stderr and "NameError" in found.stderr
    after = stored(other, "tp1", "ada").grade
    assert after.score is None and after.exercises[0].verdicts[0].outcome.value == "passed"


@confined
def test_scores_are_exported_as_csv_and_json(course, first, tmp_path):
    table = list(csv.DictReader(io.StringIO(run(course, "export", "tp1").stdout)))
    rows = json.loads(run(course, "export", "tp1", "--json").stdout)
    assert [(row["student"], row["exercise"], row["score"]) for row in rows] == [
        ("ada", "double", 3),
        ("bob", "double", 1),
    ]
    assert len(table) == 2 and {"ada", "bob"} == {row["student"] for row in table}
    done = run(course, "export", "tp1", "--wide", "-o", str(tmp_path / "tp1.csv"))
    assert done.exit_code == 0 and (tmp_path / "tp1.csv").read_text(encoding="utf-8-sig").count("\n") == 3


# --- What would give wrong grades, or lose work, is refused before it begins -----------------------------------


def test_a_check_without_hidden_suite_is_refused_before_anybody_gets_all_points(tmp_path):
    course = course_with(tmp_path / "course", ada=RIGHT)
    write(course.public("tp1") / "test_double.py", SUITE)
    suite = course.hidden("tp1") / "test_double.py"
    suite.unlink()
    for command in ("grade", "release"):
        found = run(course, command, "tp1")
        assert found.exit_code == 2 and f"{suite} does not exist" in found.stderr, found.stderr
    assert not (course.root / "release/tp1").exists()


@confined
def test_notebooks_under_other_names_are_graded_or_told_and_never_a_zero(tmp_path):
    course = course_with(tmp_path / "course")
    right = answers(RIGHT)
    submit(course, "ana", right, name="TP1.ipynb")
    submit(course, "bob", right, name="devoir_final.ipynb")
    submit(course, "cyd", answers("x = 1"))
    submit(course, "cyd", right, name="tp1 (1).ipynb")
    course.submitted("tp1", "dan").mkdir(parents=True)
    found = run(course, "grade", "tp1")
    assert found.exit_code == 1
    scores = {name: stored(course, "tp1", name).grade.score for name in ("ana", "bob", "cyd", "dan")}
    assert scores == {"ana": 3, "bob": None, "cyd": 0, "dan": 0}
    told = " ".join(found.stderr.split())
    assert (
        "bob: ungraded, needs a human: double tp1.ipynb is missing, but there is devoir_final.ipynb." in told
    )
    assert "remarks on cyd, dan: `autograder report tp1` has them" in told
    assert "ana, bob, dan: no autograded copy, so no page of feedback." in told
    (problem,) = stored(course, "tp1", "cyd").grade.problems
    assert problem == "tp1.ipynb: there is also tp1 (1).ipynb, which was not graded."


def test_a_graded_cell_that_checks_another_name_is_refused(tmp_path):
    course = course_with(tmp_path / "course", ada=RIGHT)
    cells = [*SOURCE[:2], graded('# un commentaire\ncheck("doubel")', "double", 3)]
    write(course.source("tp1") / "tp1.ipynb", notebook(cells))
    found = run(course, "grade", "tp1")
    assert found.exit_code == 2
    assert (
        'tp1.ipynb, cell 2: there is no exercise for check("doubel"). Did you mean `double`?' in found.stderr
    )


def test_a_suite_that_is_no_python_is_told_with_its_line_before_a_release_or_an_audit(tmp_path):
    course = course_with(tmp_path / "course", SUITE + "def (", ada=RIGHT)
    write(course.hidden("tp1") / "bank/double.py", "# %% mutant: x\nx = 1\n")
    line = len(SUITE.splitlines()) + 1
    for command in ("release", "audit"):
        found = run(course, command, "tp1")
        assert found.exit_code == 2 and f"test_double.py, line {line}: invalid syntax" in found.stderr, (
            found.stderr
        )


def test_a_release_needs_the_public_suites_that_its_cells_ask_for(tmp_path):
    found = run(course_with(tmp_path / "course"), "release", "tp1")
    assert found.exit_code == 2 and 'check("double") would find no tests' in found.stderr


def test_a_weight_that_is_no_weight_is_told_and_costs_nobody_a_point(tmp_path):
    course = course_with(tmp_path / "course", SUITE.replace("points(2", "points(-2"), ada=RIGHT, bob=RIGHT)
    found = run(course, "grade", "tp1")
    told = " ".join(found.stderr.split())
    assert found.exit_code == 1 and told.count("not -2") == 1, "once for the class"
    assert "ada, bob: ungraded" in told or "bob, ada: ungraded" in told


@pytest.mark.parametrize(
    "command", [("export", "tp1", "-o"), ("audit", "tp1", "--json"), ("audit", "tp1", "--messages")]
)
def test_a_file_in_a_folder_that_does_not_exist_is_wrong_use(course, command):
    found = run(course, *command, "/no/such/folder/x")
    assert found.exit_code == 2 and "there is no folder /no/such/folder" in found.stderr


def test_wide_json_has_a_line_a_student(tmp_path):
    course = course_with(tmp_path / "course", ada=RIGHT, bob="seven = 7")
    assert run(course, "grade", "tp1").exit_code == 0
    rows = json.loads(run(course, "export", "tp1", "--wide", "--json").stdout)
    assert [(row["student"], row["double"], row["total"], row["max_total"]) for row in rows] == [
        ("ada", 3.0, 3.0, 3.0),
        ("bob", 1.0, 1.0, 3.0),
    ]


def test_grades_that_are_no_longer_up_to_date_are_told_when_they_are_exported(tmp_path):
    course = course_with(tmp_path / "course", ada=RIGHT, bob="seven = 7")
    assert run(course, "grade", "tp1").exit_code == 0
    assert run(course, "export", "tp1").stderr == ""
    submit(course, "bob", answers(RIGHT))
    assert "were changed: bob. `autograder grade tp1`" in run(course, "export", "tp1").stderr
    write(course.hidden("tp1") / "test_double.py", SUITE + "\n# changed\n")
    assert "were changed: ada, bob." in run(course, "export", "tp1").stderr
    assert run(course, "grade", "tp1").exit_code == 0
    assert run(course, "export", "tp1").stderr == ""


# --- pytest by itself -----------------------------------------------------------------------------------------


def test_suites_run_under_plain_pytest_in_any_course(tmp_path):
    course = course_with(
        tmp_path / "course", "import reference.doubling\n" + SUITE, ada=RIGHT, bob="seven = 7"
    )
    write(course.config, "c = get_config()")
    write(course.reference / "doubling.py", "")
    bob = str(course.submitted("tp1", "bob") / "tp1.ipynb")
    for arguments, told in (((), "2 passed"), (("--submission", bob), "1 failed, 1 passed")):
        command = [sys.executable, "-m", "pytest", "-q", "tests/hidden/tp1", *arguments]
        found = subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=300)
        assert told in found.stdout, found.stdout + found.stderr


def test_the_plugin_that_pytest_loads_imports_nothing_elsewhere(tmp_path):
    write(tmp_path / "test_other.py", "import sys\ndef test(): assert 'torch' not in sys.modules")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", "."]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout


def test_ctrl_c_gives_the_same_exit_code_wherever_it_arrives(tmp_path):
    """Also inside text that a library executes, from which ``python -m`` remembers it."""
    write(
        tmp_path / "command.py",
        "import click\nfrom autograder.cli import Commands\n"
        "@click.group(cls=Commands)\ndef main(): pass\n"
        "@main.command()\ndef go(): exec('raise KeyboardInterrupt')\n"
        "main()\n",
    )
    done = subprocess.run(
        [sys.executable, "-m", "command", "go"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1 and "Interrupted. What was graded is kept" in done.stderr
