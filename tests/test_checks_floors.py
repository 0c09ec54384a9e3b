"""Calibrated floors: the first run that passes ends it, a fixed seed is one try, what a suite gets wrong is its own."""

from __future__ import annotations

import json
import math
import random
import re

import numpy as np
import pytest
import torch
from scipy.stats import binom

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import RemoteError, local_student

ENTRY = {"metric": "accuracy", "floor": 0.8, "fail_rate": 0.02, "runs": 150}


def scores(*values):
    """A training function that scores ``values`` in turn, and the seeds that it was given."""
    left, seeds = list(values), []

    def train(seed):
        seeds.append(seed)
        return left.pop(0)

    return train, seeds


def test_the_first_run_that_passes_is_the_last():
    train, seeds = scores(0.7, 0.81, 0.9)
    assert checks.floor(train, ENTRY) == 0.81
    assert len(set(seeds)) == len(seeds) == 2


def test_the_floor_itself_passes():
    assert checks.floor(lambda seed: 0.8, 0.8) == 0.8


@pytest.mark.parametrize("tries", [1, 4, 6])
def test_all_tries_below_fail_and_the_best_is_told(tries):
    train, seeds = scores(*(0.1 * k for k in range(1, tries + 1)))
    with pytest.raises(CheckFailed) as failure:
        checks.floor(train, ENTRY, "le réseau", tries=tries)
    assert len(seeds) == tries
    best = f"{0.1 * tries:.3f}".replace(".", ",")
    assert str(failure.value).startswith(f"Le réseau : l'exactitude vaut {best}")
    assert ("essais" in str(failure.value)) == (tries > 1)


def test_the_false_fail_rate_is_that_of_one_run_to_the_power_of_tries():
    rng, runs, p = random.Random(0), 4000, 0.2
    failed = 0
    for _ in range(runs):
        try:
            checks.floor(lambda seed: float(rng.random() >= p), 0.5, tries=3)
        except CheckFailed:
            failed += 1
    assert binom.ppf(1e-6, runs, p**3) <= failed <= binom.isf(1e-6, runs, p**3)


def test_code_in_a_message_keeps_its_case():
    with pytest.raises(CheckFailed, match=r"^train_digits\(train_set\) : l'exactitude"):
        checks.floor(lambda seed: 0.1, 0.8, "train_digits(train_set)", tries=1)


def test_a_score_just_below_is_not_told_as_the_floor():
    with pytest.raises(CheckFailed, match=r"vaut 0,799, sous le minimum de 0,800"):
        checks.floor(lambda seed: 0.79999, 0.8, tries=1)


@pytest.mark.parametrize(
    ("metric", "told"), [("accuracy", "l'exactitude"), ("iou", "l'IoU moyenne"), ("auc", "courbe ROC")]
)
def test_the_metric_is_named(metric, told):
    with pytest.raises(CheckFailed, match=told):
        checks.floor(lambda seed: 0.1, {"metric": metric, "floor": 0.8})


NOTEBOOK = """
def train_free():
    return torch.nn.Linear(3, 2)

def train_fixed():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)

def train_raises():
    raise ValueError("no")
"""


def trainer(name, score=0.5):
    """Train a notebook's module; the score is given, the parameters are the module's."""
    namespace = {"torch": torch}
    exec(NOTEBOOK, namespace)
    student, calls = local_student(namespace), []

    def train(seed):
        calls.append(seed)
        student.seed_guest(seed)
        return score, student[name]().state_dict()

    return train, calls


def test_a_seed_fixed_in_the_code_is_one_try_and_is_told():
    train, calls = trainer("train_fixed")
    with pytest.raises(CheckFailed, match="graine fixée") as failure:
        checks.floor(train, ENTRY)
    assert len(calls) == 2 and "au mieux" not in str(failure.value)


def test_runs_of_different_seeds_are_all_tried():
    train, calls = trainer("train_free")
    with pytest.raises(CheckFailed, match="au mieux en 4 essais") as failure:
        checks.floor(train, ENTRY)
    assert len(calls) == 4 and "graine" not in str(failure.value)


def test_a_fixed_seed_that_scores_well_passes():
    train, calls = trainer("train_fixed", score=0.9)
    assert checks.floor(train, ENTRY) == 0.9 and len(calls) == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"w": torch.full((2, 2), math.nan)},
        {"w": torch.ones(2, 3).T, "n": torch.tensor(3)},
        {"w": torch.ones(2, dtype=torch.bfloat16), "e": torch.empty(0, 3)},
        {"w": torch.ones(1, 1).expand(4, 3)},
    ],
)
def test_identical_parameters_are_found_in_any_format(parameters):
    with pytest.raises(CheckFailed, match="graine fixée"):
        checks.floor(lambda seed: (0.1, {k: v.clone() for k, v in parameters.items()}), ENTRY)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: {"w": w + 1},
        lambda w: {"v": w},
        lambda w: {"w": w.double()},
        lambda w: {"w": w[:2]},
        lambda w: {},
    ],
)
def test_parameters_that_differ_are_other_runs(change):
    results = [(0.1, {"w": torch.ones(3)}), (0.2, change(torch.ones(3)))]
    with pytest.raises(CheckFailed, match="au mieux en 2 essais"):
        checks.floor(lambda seed: results.pop(0), ENTRY, tries=2)


def test_no_parameters_at_all_are_not_called_a_fixed_seed():
    with pytest.raises(CheckFailed, match="au mieux en 4 essais"):
        checks.floor(lambda seed: (0.1, {}), ENTRY)


def test_seeds_come_from_the_suites_stream_even_if_a_run_starts_it_anew():
    def train(seed):
        seeds.append(seed)
        random.seed(0)
        return 0.1

    told = []
    for _ in range(2):
        seeds = []
        random.seed(5)
        with pytest.raises(CheckFailed):
            checks.floor(train, ENTRY)
        told.append(seeds)
    assert told[0] == told[1] and len(set(told[0])) == 4


@pytest.mark.parametrize("score", [torch.tensor(0.7), torch.tensor([0.7]), np.float32(0.7), 1, 1.0])
def test_a_score_may_be_a_tensor_of_one_element_rounded_to_float32(score):
    assert checks.floor(lambda seed: score, 0.7) == pytest.approx(float(score))


def test_a_score_that_is_no_number_fails():
    with pytest.raises(CheckFailed, match="n'est pas un nombre"):
        checks.floor(lambda seed: math.nan, ENTRY)


@pytest.mark.parametrize("score", [None, "0.9", 90.0, -0.1, torch.ones(2), math.inf])
def test_a_score_of_another_kind_is_the_suites_fault(score):
    with pytest.raises(GraderFailure):
        checks.floor(lambda seed: score, ENTRY)


def test_what_the_students_code_raises_goes_through():
    train, _ = trainer("train_raises")
    with pytest.raises(RemoteError, match="no"):
        checks.floor(train, ENTRY)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"metric": "loss", "floor": 0.8},
        {"metric": "iou"},
        {"metric": "iou", "floor": "0.8"},
        {"metric": "iou", "floor": True},
        {"metric": "iou", "floor": math.nan},
        0.0,
        87,
    ],
)
def test_a_floor_that_is_none_is_the_suites_fault(entry):
    with pytest.raises(GraderFailure):
        checks.floor(lambda seed: 1.0, entry)


def test_no_try_is_the_suites_fault():
    with pytest.raises(GraderFailure, match="0 tries"):
        checks.floor(lambda seed: 1.0, ENTRY, tries=0)


def test_floors_are_read_by_exercise(tmp_path):
    path = tmp_path / "floors.json"
    path.write_text(json.dumps({"digits": ENTRY, "bad": {"metric": "iou", "floor": 2}}))
    assert checks.read_floor(path, "digits") == ENTRY
    for exercise in ("rain", "bad"):
        with pytest.raises(GraderFailure, match="floor"):
            checks.read_floor(path, exercise)
    with pytest.raises(GraderFailure, match=re.escape("none.json")):
        checks.read_floor(tmp_path / "none.json", "digits")
    path.write_text("{")
    with pytest.raises(GraderFailure, match="calibrate"):
        checks.read_floor(path, "digits")


# --- An ability that several tests need -----------------------------------------------------------------------


def counting(score):
    """A training that always scores ``score``, and the list of its runs."""
    runs = []

    def train(seed):
        runs.append(seed)
        return score

    return train, runs


def test_what_cannot_do_it_is_not_trained_again_for_the_next_test():
    ability, (train, runs) = checks.Ability(0.5, tries=3), counting(0.4)
    for _ in range(2):
        with pytest.raises(CheckFailed, match=r"0[.,]4"):
            ability.need(train, "la lecture")
    assert len(runs) == 3


def test_a_floor_that_is_missed_by_far_tells_the_tests_behind_it():
    ability, (train, runs) = checks.Ability(0.5, tries=3), counting(0.4)
    with pytest.raises(CheckFailed):
        ability.floor(train, 0.9, "la lecture", tries=2)
    with pytest.raises(CheckFailed):
        ability.need(train, "la lecture")
    assert len(runs) == 2


def test_a_floor_that_is_missed_narrowly_says_nothing_of_the_minimum():
    ability, (train, runs) = checks.Ability(0.5, tries=3), counting(0.6)
    with pytest.raises(CheckFailed):
        ability.floor(train, 0.9, "la lecture", tries=2)
    assert ability.need(train, "la lecture") == 0.6
    assert len(runs) == 3
