"""Calibration of a tiny exercise, whose "training" is a draw: resumable runs, floors with provenance, a plot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder import checks
from autograder.calibrate import entry_of, fail_rate, problems_of, summary, write_floors
from autograder.cli import DONE, NEEDS_HUMAN, WRONG_USE, main
from autograder.course import Course
from autograder.errors import GraderFailure, InstructorError
from autograder.trials import Plan, Run, Trials, stored, subjects
from tests.courses import cell, graded, make_course, solution, write

ROOT = Path(__file__).resolve().parent.parent
CELLS = [
    cell("%matplotlib inline\nimport random"),
    solution(
        "def train(data):\n    ### BEGIN SOLUTION\n    return lambda: 0.9 + 0.05 * random.random()\n"
        "    ### END SOLUTION",
        "coin_solution",
    ),
    graded('check("coin")', "coin"),
]
SUITE = '''
from autograder import checks
from autograder.suite import points
from reference.scale import SCALE

METRIC = "accuracy"
FLOORED = "test_the_coin"


def measure(student, seed):
    """One training."""
    student.seed_guest(seed)
    return SCALE * float(student.train([seed])())


def test_the_coin(student):
    """A hint."""
    checks.floor(lambda seed: measure(student, seed), 0.5)
'''
BANK = """
# %% accepted: a little worse
def train(data):
    return lambda: 0.85 + 0.05 * random.random()

# %% mutant: half as good
# killed by test_the_coin
def train(data):
    return lambda: 0.4

# %% mutant: raises
# killed by test_the_coin
def train(data):
    raise ValueError("no")

# %% mutant: dies
# killed by test_the_coin
def train(data):
    import os
    os._exit(3)

# %% mutant: another test's
# killed by test_something_else
def train(data):
    return lambda: 1.0
"""
SMALL = Plan(runs=5, accepted_runs=3, mutant_runs=2, workers=2)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    made = make_course(tmp_path, CELLS, suites=())
    write(tmp_path / "tests/hidden/tp1/test_coin.py", SUITE)
    write(tmp_path / "tests/hidden/tp1/bank/coin.py", BANK.lstrip())
    write(tmp_path / "reference/scale.py", "SCALE = 1.0\n")
    return made


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["calibrate", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


def test_a_calibration_writes_floors_below_all_that_is_right_with_their_provenance(course: Course):
    arguments = ["--runs", "5", "--accepted-runs", "3", "--mutant-runs", "2", "--json"]
    code, output = run("tp1", "--course", str(course.root), *arguments)
    assert code == DONE, output
    path = course.hidden("tp1") / "floors.json"
    entry = json.loads(path.read_text())["coin"]
    measured = entry["measured"]["cpu"]
    assert 0.85 <= measured["accepted"]["a little worse"]["min"] == entry["lowest"] <= 0.9
    assert entry["lowest"] - 0.11 < entry["floor"] <= entry["lowest"] - 0.1
    assert entry["runs"] == measured["reference"]["runs"] == 5
    assert 0.9 <= measured["reference"]["quantiles"]["0.5"] <= 0.95
    assert measured["mutants"] == {
        "half as good": {"runs": 2, "min": 0.4, "mean": 0.4, "max": 0.4},
        "raises": {"runs": 0},
        "dies": {"runs": 0},
    }
    assert (
        measured["versions"]["torch"]
        and measured["device"].startswith("cpu")
        and "calibration" in measured["seeds"]
    )
    assert "1 - .05^(1/5)" in entry["bound"] and "by its 3 runs" in entry["bound"]
    assert entry["fail_rate"] == pytest.approx(1 - 0.05 ** (1 / 5), abs=1e-5)
    assert checks.read_floor(path, "coin") == entry
    plot = (course.root / "docs/calibration/coin.svg").read_text()
    assert "a little worse" in plot and f"floor {entry['floor']:g}" in plot


def test_runs_are_kept_and_a_stopped_calibration_goes_on(course: Course):
    subject = subjects(course, "tp1")[0]
    results = Trials(course, subject, SMALL).results()
    first = [next(results) for _ in range(4)]
    results.close()
    path = course.state / "calibration/tp1/coin.jsonl"
    with path.open("a") as lines:
        lines.write('{"solution": "cut o')  # as by a crash while it was written
    before = stored(path)
    assert set(first) <= set(before)
    again = list(Trials(course, subject, SMALL).results())
    assert again[: len(first)] == [run for run in again if run in first]  # those kept come first
    assert set(stored(path)) == set(again) and len(stored(path)) == len(again)  # none lost, none twice
    assert len(again) == len(set(again)) == 5 + 3 + 3 * 2
    assert sorted(map(repr, again)) == sorted(map(repr, Trials(course, subject, SMALL).results()))


def test_the_same_seeds_give_the_same_scores_and_no_two_runs_share_one(course: Course, tmp_path: Path):
    subject = subjects(course, "tp1")[0]
    plan = Plan(runs=3, accepted_runs=1, mutant_runs=1)
    once = {(r.solution, r.number): r.score for r in Trials(course, subject, plan).results()}
    (course.state / "calibration/tp1/coin.jsonl").unlink()
    assert {(r.solution, r.number): r.score for r in Trials(course, subject, plan).results()} == once
    seeds = [run.seed for run in Trials(course, subject, SMALL).wanted()]
    assert len(set(seeds)) == len(seeds)
    other = Trials(course, subject, Plan(runs=3, secret="another")).wanted()
    assert not {run.seed for run in other} & set(seeds)


@pytest.mark.parametrize(
    ("file", "old", "new", "kept"),
    [
        ("tests/hidden/tp1/test_coin.py", '"""A hint."""', '"""Another hint."""', True),
        ("tests/hidden/tp1/test_coin.py", "float(student.train", "0.5 * float(student.train", False),
        ("reference/scale.py", "1.0", "0.99", False),
        ("source/tp1/tp1.ipynb", "0.05 * random", "0.04 * random", False),
    ],
)
def test_runs_count_as_long_as_what_they_measured_is_the_same(
    course: Course, file: str, old: str, new: str, kept: bool
):
    def key() -> str:
        return Trials(course, subjects(course, "tp1")[0], SMALL).wanted()[0].key

    before, path = key(), course.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (key() == before) is kept


def test_a_right_solution_without_a_score_stops_the_calibration(course: Course):
    path = course.hidden("tp1") / "bank/coin.py"
    path.write_text(path.read_text().replace("return lambda: 0.85", "return None\n    return lambda: 0.85"))
    with pytest.raises(InstructorError, match=r"`a little worse` has no score .*TypeError"):
        list(Trials(course, subjects(course, "tp1")[0], SMALL).results())


def test_a_broken_suite_is_our_failure_not_a_low_score(course: Course):
    path = course.hidden("tp1") / "test_coin.py"
    path.write_text(path.read_text().replace("SCALE * ", "3 * "))
    with pytest.raises(GraderFailure, match=r"which is not in \[0, 1\]"):
        list(Trials(course, subjects(course, "tp1")[0], SMALL).results())


def test_a_mutant_that_reaches_the_floor_needs_a_human(course: Course):
    path = course.hidden("tp1") / "bank/coin.py"
    path.write_text(path.read_text().replace("lambda: 0.4", "lambda: 0.84"))
    code, output = run(
        "tp1", "--course", str(course.root), "--runs", "2", "--accepted-runs", "1", "--mutant-runs", "1"
    )
    assert code == NEEDS_HUMAN
    assert re.search(r"coin: the mutant `half as good` reached 0.840, the floor is 0.7", output)


def test_what_cannot_be_calibrated_is_named(course: Course):
    code, output = run("tp1", "--course", str(course.root), "--exercise", "coins")
    assert code == WRONG_USE and "Did you mean `coin`?" in output
    path = course.hidden("tp1") / "test_coin.py"
    path.write_text(path.read_text().replace('METRIC = "accuracy"\n', ""))
    code, output = run("tp1", "--course", str(course.root))
    assert code == WRONG_USE and "no METRIC" in output
    path.write_text("def test_coin(student):\n    assert student\n")
    code, output = run("tp1", "--course", str(course.root))
    assert code == WRONG_USE and "nothing to calibrate" in output


def entry_with(device: str, score: float, before: dict | None = None) -> dict:
    solutions = subjects_of_one()
    runs = [Run("reference", "reference", n, n, device, "k", score + n / 100) for n in range(3)]
    return entry_of(solutions, Plan(device="cpu"), runs, before)


def subjects_of_one():
    from autograder.trials import Solution, Subject

    return Subject("tp1", "coin", Path("test_coin.py"), "accuracy", (Solution("reference", "reference", ()),))


def test_measurements_on_another_device_stay_and_count(tmp_path: Path):
    gpu = entry_with("cpu", 0.7)
    before = {**gpu, "measured": {"cuda": gpu["measured"]["cpu"]}}
    entry = entry_with("cpu", 0.9, before)
    assert set(entry["measured"]) == {"cuda", "cpu"}
    assert entry["floor"] == 0.6
    assert entry_with("cpu", 0.9)["floor"] == 0.8


def test_floors_of_other_exercises_are_left(tmp_path: Path):
    path = tmp_path / "floors.json"
    write_floors(path, "b", {"floor": 0.5})
    write_floors(path, "a", {"floor": 0.6})
    write_floors(path, "b", {"floor": 0.7})
    assert json.loads(path.read_text()) == {"a": {"floor": 0.6}, "b": {"floor": 0.7}}
    assert [item.name for item in tmp_path.iterdir()] == ["floors.json"]


def test_a_distribution_in_numbers():
    numbers = summary([0.5, 0.7, 0.6, 0.8, 0.9])
    assert (numbers["min"], numbers["mean"], numbers["max"], numbers["runs"]) == (0.5, 0.7, 0.9, 5)
    assert numbers["quantiles"]["0.5"] == 0.7 and numbers["quantiles"]["0.25"] == 0.6
    assert summary([0.5])["sd"] == 0.0


def test_what_runs_prove():
    """No run of R below t: were the probability p, that would happen with (1 - p)^R; at the bound that is 5 %."""
    for runs in (1, 20, 150):
        assert (1 - fail_rate(runs)) ** runs == pytest.approx(0.05)
    assert fail_rate(150) == pytest.approx(0.0198, abs=5e-5)


def test_a_floor_at_chance_needs_a_human():
    assert problems_of({"floor": -0.01, "measured": {}})


@pytest.mark.parametrize(
    ("assignment", "exercise"),
    [
        (a, e)
        for a in ("tp1", "tp2")
        for e in json.loads((ROOT / f"tests/hidden/{a}/floors.json").read_text())
    ],
)
def test_the_notebook_tells_the_floor_that_decides(assignment: str, exercise: str):
    entry = json.loads((ROOT / f"tests/hidden/{assignment}/floors.json").read_text())[exercise]
    assert (
        entry["runs"] >= 150 and min(v["runs"] for v in entry["measured"]["cpu"]["accepted"].values()) >= 20
    )
    assert problems_of(entry) == []
    notebook = json.loads((ROOT / f"source/{assignment}/{assignment}.ipynb").read_text())
    text = "".join(
        "".join(c["source"]) for c in notebook["cells"] if c["id"].startswith(exercise.replace("_", "-"))
    )
    shares = (f"**{100 * entry['floor']:g} %**", f"**{entry['floor']:.2f}**".replace(".", ","))
    assert any(share in text for share in shares), shares
