"""Handing in again: what changed is graded, all else keeps its verdicts, seeds and outputs, and can be replayed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from autograder import identity
from autograder.console import grade_and_record
from autograder.course import Course
from autograder.identity import Keys
from autograder.record import Record
from autograder.regrading import reusable
from autograder.replay import replay
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, grade_class, stored
from autograder.verdict import Outcome
from tests.courses import MULTIPLE, cell, graded, make_course, solution, submit, write
from tests.levels import confined

CELLS = {
    "text": "# Un TP",
    "imports": "import torch",
    "constant": "FACTOR = 2",
    "helper": "def times(x):\n    return FACTOR * x",
    "double": "def double(x):\n    return times(x)",
    "demo": "print('deux fois trois :', double(3))",
    "triple": "def triple(x):\n    return 3 * x",
    "last": "print('trois fois deux :', triple(2), torch.rand(1).item())",
}
BOTH, NEITHER = ("double", "triple"), ()


def cells(**texts):
    made = []
    for name, text in (CELLS | texts).items():
        if name == "text":
            made.append(cell(text, "markdown"))
        elif name in BOTH:
            made.append(solution(text, f"{name}_solution"))
        else:
            made.append(cell(text))
        if name in ("demo", "last"):
            made.append(graded(f'check("{BOTH[name == "last"]}")', BOTH[name == "last"], 2))
    return made


def hand_in(course, **texts):
    return submit(course, "ada", cells(**texts))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A course, the forks that grade it, and ada's first submission, graded."""
    course = make_course(tmp_path_factory.mktemp("resubmission") / "course", cells(), ())
    for factor, name in enumerate(BOTH, 2):
        write(course.hidden("tp1") / f"test_{name}.py", MULTIPLE.format(name=name, factor=factor))
    write(course.hidden("tp1") / "shared.py", "")
    write(course.reference / "layers.py", "")
    hand_in(course)
    forks = Forks(course, Options(limits=Limits(cell_cpu=2.0)))
    forks.wait_ready()
    next(grade_class(course, "tp1", ["ada"], forks=forks))
    yield course, forks
    forks.close()


@pytest.fixture
def course(original, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(original[0].root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def grade(original, course):
    def graded_now(**options):
        (done,) = grade_class(course, "tp1", ["ada"], Options(**options), forks=original[1])
        return done

    return graded_now


def outcomes(record):
    return {one.exercise: one.outcome for one in record.grade.exercises}


def outputs(record):
    return {
        executed.source: "".join(out.get("text", "") for out in executed.outputs)
        for executed in record.notebooks["tp1"]
    }


# --- The course's side ----------------------------------------------------------------------------------------


@confined
@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("tests/hidden/tp1/test_double.py", ("triple",)),
        ("tests/hidden/tp1/shared.py", NEITHER),
        ("tests/hidden/tp1/floors.json", NEITHER),
        ("reference/layers.py", NEITHER),
    ],
)
def test_a_changed_file_of_the_course_is_an_input(course, path, kept):
    record = stored(course, "tp1", "ada")
    assert tuple(reusable(record, Keys.of(course, course.load_source("tp1")))) == BOTH
    with (course.root / path).open("a") as file:
        file.write(" \n")
    assert tuple(reusable(record, Keys.of(course, course.load_source("tp1")))) == kept


@confined
def test_points_versions_and_our_failures_are_inputs(course, monkeypatch):
    record = stored(course, "tp1", "ada")
    keys = Keys.of(course, course.load_source("tp1"))
    failed = replace(record.grade.exercises[0].verdicts[0], outcome=Outcome.UNGRADED)
    exercises = (replace(record.grade.exercises[0], verdicts=(failed,)), record.grade.exercises[1])
    assert tuple(reusable(replace(record, grade=replace(record.grade, exercises=exercises)), keys)) == (
        "triple",
    )
    assert not reusable(replace(record, again=True), keys)
    monkeypatch.setattr(identity, "versions", lambda: {"torch": "0"})
    assert not reusable(record, Keys.of(course, course.load_source("tp1")))
    monkeypatch.undo()
    source = course.source("tp1") / "tp1.ipynb"
    source.write_text(source.read_text().replace('"points": 2', '"points": 3', 1))
    assert not reusable(record, Keys.of(course, course.load_source("tp1")))


# --- The submission's side ------------------------------------------------------------------------------------


@confined
@pytest.mark.parametrize(
    ("texts", "kept", "right"),
    [
        ({"double": "def double(x):\n    return 5 * x"}, ("triple",), ("triple",)),
        ({"helper": "def times(x):\n    return FACTOR + x"}, ("triple",), ("triple",)),
        ({"constant": "FACTOR = 4"}, ("triple",), ("triple",)),
        ({"triple": "def triple(x):\n    return x"}, ("double",), ("double",)),
        ({"text": "# Mon TP", "demo": "print('rien')  # mais"}, BOTH, BOTH),
        ({"demo": "FACTOR = 7"}, ("triple",), ("triple",)),
        ({"demo": "torch.set_default_dtype(torch.float64)"}, NEITHER, ()),
        ({"demo": "torch.equal = lambda a, b: True"}, NEITHER, BOTH),
        ({"demo": "import sys\nsys.modules['torch'].x = 1"}, NEITHER, BOTH),
        ({"last": "raise ValueError"}, NEITHER, BOTH),  # a cell that ran did not go well
        ({"last": "while True: pass"}, NEITHER, BOTH),
        ({"demo": "double = None"}, ("triple",), ("triple",)),
    ],
    ids=str,
)
def test_what_changed_is_graded_again(course, grade, texts, kept, right):
    before = stored(course, "tp1", "ada")
    hand_in(course, **texts)
    done = grade(secret="another")
    assert done.spared == kept and not done.changes
    if "set_default_dtype" not in str(texts):
        assert (
            tuple(name for name, found in outcomes(done.record).items() if found is Outcome.PASSED) == right
        )
    old = {one.exercise: one for one in before.grade.exercises}
    for one in done.record.grade.exercises:
        same_seeds = [v.seed for v in one.verdicts] == [v.seed for v in old[one.exercise].verdicts]
        assert same_seeds is (one.exercise in kept)
        assert done.record.seeds.get(one.exercise) == (before.grade.seed if one.exercise in kept else None)
    assert stored(course, "tp1", "ada") == done.record == Record.from_json(done.record.to_json())
    assert grade().kept, "the result is current"


@confined
def test_a_file_beside_the_notebook_and_a_value_drawn_at_random_are_inputs(course, grade):
    write(course.submitted("tp1", "ada") / "notes.csv", "1")
    assert grade().spared == NEITHER
    write(course.submitted("tp1", "ada") / ".ipynb_checkpoints/tp1-checkpoint.ipynb", "{}")
    assert grade().spared == BOTH
    hand_in(course, constant="FACTOR = 2 + 0 * torch.rand(1).item()")
    first = grade()
    assert first.spared == ("triple",)
    before = outputs(first.record)
    hand_in(course, constant="FACTOR = 2 + 0 * torch.rand(1).item()", text="# Autre")
    found = grade()
    assert found.spared == ("triple",), "the value may be another: which is unclear"
    assert outcomes(found.record)["double"] is Outcome.PASSED
    assert outputs(found.record)[CELLS["last"]] == before[CELLS["last"]], "cells behind did not run again"


@confined
def test_fresh_and_an_exercise_asked_for_are_graded_in_any_case(course, grade):
    hand_in(course, text="# Autre")
    assert grade(exercises=("double",)).spared == ("triple",)
    hand_in(course, text="# Encore")
    assert grade(fresh=True).spared == NEITHER


@confined
def test_nothing_is_kept_of_a_run_in_which_a_cell_was_stopped(course, grade):
    hand_in(course, last="while True: pass")
    grade()
    assert stored(course, "tp1", "ada").bases == {}
    hand_in(course, last="while True: pass", text="# Autre")
    assert grade().spared == NEITHER


@confined
def test_outputs_are_those_of_the_new_cells_and_else_of_the_earlier_run(course, grade):
    before = outputs(stored(course, "tp1", "ada"))
    hand_in(course, demo="print('encore :', double(4))", text="# Autre")
    after = outputs(grade().record)
    codes = [
        text for name, text in (CELLS | {"demo": "print('encore :', double(4))"}).items() if name != "text"
    ]
    assert list(after) == codes
    assert after["print('encore :', double(4))"] == "encore : 8\n"
    assert after[CELLS["last"]] == before[CELLS["last"]] != "", "not run again: its draw is the same"


@confined
def test_the_command_says_how_many_were_kept(original, course, capsys):
    hand_in(course, text="# Autre", double="def double(x):\n    return x + x")
    grades, recorded = grade_and_record(course, "tp1", ["ada"], Options(), forks=original[1])
    assert recorded and grades[0].score == grades[0].max_score
    told = capsys.readouterr().err
    assert "1 resubmission: 1 exercise kept, since nothing that decides it changed" in " ".join(told.split())


@confined
def test_a_replay_asks_each_exercise_with_its_own_seed_and_so_does_a_mended_suite(course, grade):
    hand_in(course, double="def double(x):\n    return x + x")
    record = grade(secret="another").record
    assert set(record.seeds) == {"triple"} and record.seeds["triple"] != record.grade.seed
    again = replay(course, record)
    assert again.same and not again.warnings
    recorded = [v.seed for one in record.grade.exercises for v in one.verdicts]
    assert [v.seed for one in again.now.exercises for v in one.verdicts] == recorded
    write(course.hidden("tp1") / "test_triple.py", MULTIPLE.format(name="triple", factor=4))
    mended = grade()
    assert [change.exercise for change in mended.changes] == ["triple"]
    assert [v.seed for one in mended.record.grade.exercises for v in one.verdicts] == recorded
    assert mended.record.seeds == record.seeds


@confined
def test_a_suite_that_asks_for_another_name_now_finds_it(course, grade):
    """Which cells ran was told from what the suite asked for last time: where it asks for more, all is graded."""
    suite = course.hidden("tp1") / "test_triple.py"
    asking = "    assert student.triple(1) != 5 or student.FACTOR == 2\n"
    suite.write_text(MULTIPLE.format(name="triple", factor=3).replace("    x =", f"{asking}    x ="))
    grade()
    hand_in(course, triple="def triple(x):\n    return 5 * x")
    done = grade()
    assert done.spared == NEITHER
    message = done.record.grade.exercises[1].verdicts[0].message
    assert message == "ce n'est pas le bon multiple", json.dumps(message)


@confined
def test_what_a_cell_that_raised_should_have_bound_is_as_it_was_before(course, grade):
    """So the output of a cell behind it depends on what the cell that raised binds anew."""
    texts = {"demo": "a = 1 // 0", "last": "print('a vaut', a)"}
    hand_in(course, imports="import torch\na = 1", **texts)
    assert outputs(grade().record)[texts["last"]] == "a vaut 1\n"
    hand_in(course, imports="import torch\na = 2", **texts)
    assert outputs(grade().record)[texts["last"]] == "a vaut 2\n"


@confined
@pytest.mark.parametrize("drawn", ["plt.plot([1])", "plt.figure()", "plt.figure(3)\nraise ValueError"])
def test_a_cell_finds_no_figure_of_an_earlier_one(course, grade, drawn):
    """Why a cell that draws does not depend on those before it that do."""
    last = "print('figures :', plt.get_fignums())"
    triple = "def triple(x):\n    return 3 * x if plt.get_fignums() == [] else x"
    hand_in(
        course, imports="import matplotlib.pyplot as plt\nimport torch", demo=drawn, triple=triple, last=last
    )
    record = grade().record
    assert outputs(record)[last] == "figures : []\n"
    assert set(outcomes(record).values()) == {Outcome.PASSED}
