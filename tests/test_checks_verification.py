"""Checks of trained verifiers."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import roc_auc_score

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import local_student

A, B = torch.randn(6, 3), torch.randn(6, 3)


def module_of(value):
    """``value`` as a suite gets it from the guest."""
    return local_student({"f": lambda: value}).f()


def test_distances_are_asked_pair_by_pair():
    module = module_of(lambda a, b: (a - b).norm(dim=1))
    found = checks.distances(module, A, B, 6)
    torch.testing.assert_close(found, (A - B).norm(dim=1).double())
    assert found.dtype == torch.float64


@pytest.mark.parametrize(
    ("forward", "told"),
    [
        (lambda a, b: (a - b).norm(dim=1, keepdim=True), "de forme (6, 1) au lieu de (6,)"),
        (lambda a, b: (a - b).norm(), "de forme () au lieu de (6,)"),
        (lambda a, b: (a - b).sum(1) * float("nan"), "NaN"),
        (lambda a, b: None, "doit être un torch.Tensor"),
    ],
)
def test_distances_that_are_none_are_named(forward, told: str):
    with pytest.raises(CheckFailed) as failure:
        checks.distances(module_of(forward), A, B, 6)
    assert told in str(failure.value)


def test_the_area_is_that_of_scikit_learn_with_ties_too():
    generator = torch.Generator().manual_seed(0)
    found = torch.randint(8, (200,), generator=generator).double()
    same = torch.randint(2, (200,), generator=generator)
    assert checks.auc(found, same) == pytest.approx(roc_auc_score(same, -found), abs=1e-12)


@pytest.mark.parametrize(("found", "area"), [([0.0, 1, 2, 3], 1.0), ([3.0, 2, 1, 0], 0.0), ([1.0] * 4, 0.5)])
def test_near_is_genuine(found: list[float], area: float):
    assert checks.auc(torch.tensor(found), torch.tensor([1, 1, 0, 0])) == area


def test_pairs_of_one_sort_are_our_failure():
    with pytest.raises(GraderFailure):
        checks.auc(torch.rand(3), torch.ones(3))
