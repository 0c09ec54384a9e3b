"""``autograder feedback``: nobody who was graded goes without a page unnoticed."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.gradebook import ensure_registered, record
from tests.courses import FakeGrader, answered, make_course, submit, write


def feedback(course):
    return CliRunner().invoke(main, ["feedback", "tp1", "--course", str(course.root)])


@pytest.fixture
def course(tmp_path):
    """Ada's notebook has the right name, Eve's another, and Mal's lies beside a link out of the submission."""
    course = make_course(tmp_path)
    submit(course, "ada", answered())
    submit(course, "eve", answered(), "lab one.ipynb")
    submit(course, "mal", answered())
    (course.submitted("tp1", "mal") / "data.csv").symlink_to("/etc/hostname")
    record(course, "tp1", grade_with=FakeGrader())
    return course


def test_who_gets_no_page_is_named_with_the_reason_and_what_to_do(course):
    done = feedback(course)
    assert done.exit_code == 1 and "1 feedback page in" in done.stdout, done.output
    eve, mal = done.stderr.strip().splitlines()
    assert eve.startswith("no feedback page for eve: ") and "holds no tp1.ipynb. Rename" in eve
    assert mal.startswith("no feedback page for mal: ") and "data.csv is not a regular file" in mal
    assert all(line.endswith("Then run `autograder grade tp1`.") for line in (eve, mal))


def test_what_was_mended_and_graded_again_gets_its_page(course):
    folder = course.submitted("tp1", "eve")
    (folder / "lab one.ipynb").rename(folder / "tp1.ipynb")
    assert "no feedback page for eve: there is no autograded notebook" in feedback(course).stderr
    (course.submitted("tp1", "mal") / "data.csv").unlink()
    record(course, "tp1", grade_with=FakeGrader())
    done = feedback(course)
    assert (done.exit_code, done.stderr) == (0, "") and "3 feedback pages in" in done.stdout


def test_a_page_of_an_earlier_submission_counts_for_none_and_is_told(course):
    old = write(course.feedback("tp1", "eve") / "tp1.html", "of last week")
    done = feedback(course)
    assert done.exit_code == 1 and "1 feedback page in" in done.stdout
    assert f"Of an earlier submission, not to be handed out: {old}." in done.stderr


def test_where_all_autograded_notebooks_are_gone_one_line_says_how_to_make_them(course):
    for student in ("eve", "mal"):
        shutil.rmtree(course.submitted("tp1", student))
        submit(course, student, answered())
    shutil.rmtree(course.root / "autograded")
    done = feedback(course)
    assert (done.exit_code, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(
        "no feedback page for any of 3 graded students: there is no autograded notebook in "
    )
    assert "`autograder grade tp1` makes it" in line


@pytest.mark.parametrize("known", [False, True])
def test_before_anything_is_graded_one_line_says_what_to_do(tmp_path, known):
    course = make_course(tmp_path)
    submit(course, "ada", answered())
    if known:  # as after a release
        ensure_registered(course, "tp1")
    done = feedback(course)
    assert done.exit_code == 2 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert "Run `autograder grade tp1` first." in line and "Traceback" not in line
