"""``autograder grade --submission``: one submission, wherever it lies, without a gradebook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograder.errors import HostTooWeak
from autograder.record import Record
from autograder.schedule import Forks, Options
from tests.courses import cell, graded, make_course, notebook, solution, write
from tests.levels import confined
from tests.test_cli import run

SUITE = """
import torch
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    \"\"\"Ajoutez « x » à x.\"\"\"
    x = torch.randn(3)
    assert torch.equal(student.double(x), 2 * x), "ce n'est pas le double"

@points(1, "Une constante")
def test_seven(student):
    assert student.seven == 7, "seven doit valoir 7"
"""
TRIPLE = """
from autograder.suite import points

@points(1, "Le triple")
def test_triple(student):
    assert student.triple(2) == 6, "ce n'est pas le triple"
"""
RIGHT = "def double(x):\n    return x + x\nseven = 7"


def cells(double, triple="def triple(x):\n    return 3 * x"):
    return [
        cell("import math"),
        solution(double, "double_solution"),
        graded('check("double")', "double", 3),
        solution(triple, "triple_solution"),
        graded('check("triple")', "triple", 2),
    ]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("hand-in") / "course", cells(RIGHT), ())
    write(course.hidden("tp1") / "test_double.py", SUITE)
    write(course.hidden("tp1") / "test_triple.py", TRIPLE)
    return course


@pytest.fixture
def handed_in(tmp_path):
    """A right notebook somewhere else, under another name."""
    return write(tmp_path / "dépôt de Zoé/mon tp.ipynb", notebook(cells(RIGHT)))


def grade(course, path, *options, assignment="tp1"):
    return run(course, "grade", "--submission", str(path), "--assignment", assignment, *options)


# --- Refused with one line, before anything runs ----------------------------------------------------------------


def told(found):
    assert found.exit_code == 2 and found.stdout == ""
    (line,) = found.stderr.strip().splitlines()
    assert line.startswith("autograder: ")
    return line


def test_what_cannot_be_graded_is_told_in_one_line(course, handed_in, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "There is no submission /no/such.ipynb" in told(grade(course, "/no/such.ipynb"))
    assert "Did you mean `tp1`?" in told(grade(course, handed_in, assignment="tp11"))
    assert "Did you mean `double`?" in told(grade(course, handed_in, "--exercise", "duoble"))
    assert "expected tp1.ipynb" in told(grade(course, tmp_path / "empty"))
    assert "neither a notebook nor a folder" in told(grade(course, "/dev/null"))
    found = run(course, "grade", "--submission", str(handed_in))
    assert found.exit_code == 2 and "Missing option '--assignment'" in found.stderr


def test_a_file_that_the_runner_may_not_read_is_told_in_one_line(course, handed_in, monkeypatch):
    def refuse(source, target):
        raise PermissionError(13, "Permission denied", str(source))

    monkeypatch.setattr("autograder.handin.shutil.copyfile", refuse)
    for path in (handed_in, handed_in.parent):
        assert "cannot be copied" in told(grade(course, path))


def test_one_notebook_is_not_enough_where_the_assignment_has_two(tmp_path, handed_in):
    two = make_course(tmp_path / "course", cells(RIGHT), ())
    write(two.hidden("tp1") / "test_double.py", SUITE)
    write(two.hidden("tp1") / "test_triple.py", TRIPLE)
    write(two.source("tp1") / "annexe.ipynb", notebook([graded("assert True", "annexe", 1)]))
    assert "(annexe, tp1): name their folder" in told(grade(two, handed_in))


def test_links_hand_in_nothing(course, tmp_path):
    """A student's checkout beside the course must not be a way to the instructor's notebook."""
    source = course.source("tp1")
    (tmp_path / "tp1.ipynb").symlink_to(source / "tp1.ipynb")
    (tmp_path / "work").symlink_to(source)
    assert "is a symbolic link" in told(grade(course, tmp_path / "tp1.ipynb"))
    assert "leads into the course" in told(grade(course, tmp_path / "work/tp1.ipynb"))


def test_a_folder_on_the_way_that_is_a_link_hands_in_nothing_of_another_checkout(
    course, handed_in, tmp_path, monkeypatch
):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/work").symlink_to(handed_in.parent)
    monkeypatch.chdir(tmp_path)
    for path in (Path("mine/work") / handed_in.name, tmp_path / "mine/work" / handed_in.name):
        assert "mine/work is a symbolic link" in told(grade(course, path))


def test_a_runner_that_is_not_classroom_50_cannot_write_its_result(course, handed_in, tmp_path, monkeypatch):
    monkeypatch.setenv("CLASSROOM", "météo")
    line = told(grade(course, handed_in, "--classroom", str(tmp_path / "result.json")))
    assert "ASSIGNMENT, SUBMISSION_TAG, COMMIT_URL, RELEASE_URL not set" in line


def test_a_class_is_still_graded_as_ever(course):
    found = run(course, "grade", "tp1", "--json", "eve")
    assert found.exit_code == 2 and "There is no submission of tp1" not in found.stdout
    assert "No submission of tp1 by eve" in found.stderr, "--json takes no value there"
    assert "--junit" in run(None, "grade", "--help").stdout
    assert run(course, "grade", "tp1", "--junit", "x.xml").exit_code == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_ends_a_command_leaves_no_copy_and_no_earlier_result(course, handed_in, tmp_path, number):
    earlier, temporary = write(tmp_path / "score.json", '{"score": 5}'), tmp_path / "tmp"
    temporary.mkdir()
    command = [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        "--submission",
        str(handed_in),
        "--assignment",
        "tp1",
    ]
    running = subprocess.Popen(
        [*command, "--course", str(course.root), "--gradescope", str(earlier)],
        env=os.environ | {"TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not any(temporary.iterdir()):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(number)
    _, said = running.communicate(timeout=100)
    assert running.returncode == 1 and "no result was written" in said
    assert not earlier.exists() and not any(temporary.iterdir())


def test_a_host_that_cannot_confine_ends_with_code_3(course, handed_in, monkeypatch):
    def weak(course, options):
        raise HostTooWeak("this host cannot confine guests")

    monkeypatch.setattr("autograder.handin.Forks", weak)
    found = grade(course, handed_in, "--level", "full")
    assert found.exit_code == 3 and found.stderr == "autograder: this host cannot confine guests\n"


# --- Graded ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(course):
    """Forkservers for all of the module."""
    forks = Forks(course, Options())
    yield forks
    forks.close()


@pytest.fixture
def closed(pair, monkeypatch):
    """Has the command use the module's pair, and counts how often it closes it."""
    calls = []
    monkeypatch.setattr("autograder.handin.Forks", lambda course, options: pair)
    monkeypatch.setattr(pair, "close", lambda: calls.append("close"))
    return calls


@confined
def test_one_submission_gives_every_result_and_leaves_the_course_alone(
    course, handed_in, tmp_path, monkeypatch, closed
):
    write(handed_in, notebook(cells("def double(x):\n    return x\nseven = 7")))
    write(handed_in.with_name("beside.txt"), "not handed in")
    for name in ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"):
        monkeypatch.setenv(name, f"« {name} »")
    before = sorted(path for path in course.root.rglob("*") if "__pycache__" not in path.parts)
    names = ("junit", "json", "summary", "gradescope", "classroom", "record")
    files = {name: tmp_path / f"{name}.out" for name in names}
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    found = grade(course, handed_in, *options)
    assert found.exit_code == 0 and found.stderr == "" and closed == ["close"], found.output
    assert before == sorted(path for path in course.root.rglob("*") if "__pycache__" not in path.parts)

    record = Record.from_json(files["record"].read_text(encoding="utf-8"))
    assert (record.grade.score, record.grade.max_score) == (3, 5)
    suites = ElementTree.parse(files["junit"]).getroot()
    assert [case.get("name") for case in suites.iter("testcase")] == [
        "Le double",
        "Une constante",
        "Le triple",
    ]
    assert [failure.get("message") for failure in suites.iter("failure")] == ["ce n'est pas le double"]
    data = {name: json.loads(files[name].read_text()) for name in ("json", "gradescope", "classroom")}
    assert data["json"]["score"] == data["gradescope"]["score"] == 3
    assert (data["classroom"]["score"], data["classroom"]["classroom"]) == (300, "« CLASSROOM »")
    assert "  - Piste : Ajoutez « x » à x." in files["summary"].read_text()
    seeds = [str(v.seed) for e in record.grade.exercises for v in e.verdicts] + [record.grade.seed]
    for name in ("junit", "json", "summary", "gradescope", "classroom"):
        text = files[name].read_text()
        assert [
            word for word in (*seeds, str(course.root), str(tmp_path), "torch.equal") if word in text
        ] == []


@confined
def test_what_we_could_not_grade_is_told_by_name_only_and_no_total_is_made_up(
    course, handed_in, tmp_path, closed
):
    suite = course.hidden("tp1") / "test_triple.py"
    before = suite.read_text()
    score = write(tmp_path / "results.json", '{"score": 5}')
    try:
        write(suite, f"{before}\ndef test_ours(student):\n    no_such_secret\n")
        found = grade(course, handed_in, "--gradescope", str(score), "--junit", str(tmp_path / "junit.xml"))
    finally:
        write(suite, before)
    assert found.exit_code == 1 and "ungraded, needs a human: triple" in found.stderr
    assert f"{score} was not written" in found.stderr and not score.exists()
    assert "no_such_secret" not in found.output + (tmp_path / "junit.xml").read_text()
    assert len(list(ElementTree.parse(tmp_path / "junit.xml").getroot().iter("error"))) == 1


@confined
def test_an_unreadable_notebook_is_told_in_one_line_and_goes_to_a_human(course, tmp_path, closed):
    path = write(tmp_path / "dupont.ipynb", "{")
    found = grade(course, path, "--summary", str(tmp_path / "summary.md"))
    assert found.exit_code == 1
    (line,) = found.stderr.strip().splitlines()
    assert line.startswith("dupont.ipynb: is not valid JSON"), "the name that was given"
    assert "non noté" in (tmp_path / "summary.md").read_text()


@confined
def test_a_folder_whose_notebooks_have_other_names_goes_to_a_human(course, tmp_path, closed):
    folder = tmp_path / "repository"
    write(folder / "brouillon.ipynb", notebook(cells(RIGHT)))
    write(folder / "final \x1b[2J.ipynb", notebook(cells(RIGHT)))
    found = grade(course, folder)
    assert found.exit_code == 1 and "ungraded" in found.stdout
    (line,) = found.stderr.strip().splitlines()
    assert line.startswith("tp1.ipynb is missing, but there is brouillon.ipynb, final \\x1b[2J.ipynb. Rename")
    (folder / "brouillon.ipynb").unlink()
    (folder / "final \x1b[2J.ipynb").rename(folder / "TP1.ipynb")
    assert grade(course, folder).exit_code == 0


@confined
def test_a_folder_is_handed_in_with_its_files_and_only_what_is_asked_is_graded(course, tmp_path, closed):
    folder = tmp_path / "repository"
    text = 'seven = int(open("data/seven.txt").read())\ndef double(x):\n    return 2 * x'
    write(folder / "tp1.ipynb", notebook(cells(text, "triple = None")))
    write(folder / "data/seven.txt", "7")
    write(folder / ".git/config", "[core]")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/passwd")
    record = tmp_path / "record.json"
    found = grade(course, folder, "--exercise", "double", "--record", str(record))
    assert found.exit_code == 0, found.output
    (exercise,) = Record.from_json(record.read_text()).grade.exercises
    assert (exercise.exercise, exercise.score) == ("double", 3)
