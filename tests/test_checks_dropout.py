"""Dropout: right masks pass in any format, each mistake is told and named, rates are exact."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import binom
from torch.nn import functional as F

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from tests.devices import DEVICES

X = torch.rand(40, 50, dtype=torch.float64) + 0.5


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def fails(check, *args, **options) -> bool:
    try:
        check(*args, **options)
    except CheckFailed:
        return True
    return False


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_torchs_own_dropout_passes(p, dtype, device):
    x = X.to(device=device, dtype=dtype)
    y = F.dropout(x, p)
    checks.dropout_values(y, x, p, "dropout(x)")
    checks.dropout_rate(y, p, "dropout(x)")
    if 0 < p < 1:
        checks.dropout_independence(y, p, "dropout(x)")
        checks.independent_masks(y, F.dropout(x, p), p, "deux appels")


def test_any_layout_passes():
    y = F.dropout(X.T, 0.3)
    checks.dropout_values(y, X.T, 0.3, "dropout(x)")
    checks.dropout_independence(y, 0.3, "dropout(x)")


@pytest.mark.parametrize(
    ("factor", "named"),
    [
        (1.0, "il manque la mise à l'échelle"),
        (1 / 0.2, "1 / p au lieu de"),
        (0.8, "1 - p au lieu de"),
        (0.2, r" : p au lieu de"),
        (-1.25, "le facteur médian est -1 fois"),
        (1.26, "1,01 fois"),
    ],
)
def test_a_wrong_scale_is_told_and_named(factor, named):
    with pytest.raises(CheckFailed, match=named):
        checks.dropout_values(X * (torch.rand_like(X) > 0.2) * factor, X, 0.2, "dropout(x)")


def test_a_single_wrong_element_is_told():
    y = F.dropout(X, 0.2)
    y[3, 4] = 1e-3
    with pytest.raises(CheckFailed, match="1 éléments sur 2000"):
        checks.dropout_values(y, X, 0.2, "dropout(x)")


@pytest.mark.parametrize(("p", "y"), [(1.0, X), (0.0, F.dropout(X, 0.1))])
def test_the_two_ends_are_exact(p, y):
    with pytest.raises(CheckFailed, match="mis à zéro"):
        checks.dropout_values(y, X, p, "dropout(x)")


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, "None"),
        (X[:1], "de forme"),
        (X.long(), "flottant"),
        (X * math.nan, "non finies"),
        (X / 0, "non finies"),
    ],
)
def test_results_of_another_kind_are_told(y, told):
    with pytest.raises(CheckFailed, match=told):
        checks.dropout_values(y, X, 0.2, "dropout(x)")


def test_integer_inputs_and_size_one_are_no_trouble():
    x = torch.ones(1, 1, dtype=torch.int64)
    checks.dropout_values(torch.tensor([[2.0]]), x, 0.5, "dropout(x)")
    checks.dropout_values(torch.empty(0, 3), torch.empty(0, 3), 0.5, "dropout(x)")


# --- Rate -----------------------------------------------------------------------------------------------------


def test_the_rate_of_a_right_dropout_fails_with_probability_at_most_alpha():
    runs, alpha = 2000, 0.01
    failed = sum(
        fails(checks.dropout_rate, F.dropout(torch.ones(150), 0.3), 0.3, "v", alpha=alpha)
        for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize(
    ("size", "wrong", "named"),
    [(49, 0.8, "1 - p"), (5861, 0.25, "pas un hasard"), (137_723, 0.21, "pas un hasard")],
)
def test_a_wrong_rate_is_told_at_the_documented_size(size, wrong, named):
    runs = 20
    missed = sum(
        not fails(checks.dropout_rate, F.dropout(torch.ones(size), wrong), 0.2, "v") for _ in range(runs)
    )
    assert missed <= binom.isf(1e-6, runs, 1e-3)
    with pytest.raises(CheckFailed, match=named):
        checks.dropout_rate(F.dropout(torch.ones(3 * size), wrong), 0.2, "v")


def test_p_and_one_minus_p_are_not_confused_near_a_half():
    with pytest.raises(CheckFailed) as failure:
        checks.dropout_rate(torch.ones(100), 0.5, "v")
    assert "1 - p" not in str(failure.value)


# --- Independence ---------------------------------------------------------------------------------------------

WRONG = {
    "one mask for the batch": lambda x, p: x * (torch.rand(1, *x.shape[1:]) > p) / (1 - p),
    "whole items": lambda x, p: x * (torch.rand(len(x), *[1] * (x.ndim - 1)) > p) / (1 - p),
    "whole maps": lambda x, p: F.dropout2d(x, p),
    "alternating": lambda x, p: x * (torch.arange(x.numel()).reshape(x.shape) % 2) / (1 - p),
}


@pytest.mark.parametrize("p", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("name", WRONG)
def test_masks_that_are_shared_are_told(name, p):
    x = torch.ones(8, 10, 6, 6)
    with pytest.raises(CheckFailed, match="le long de l'axe"):
        checks.dropout_independence(WRONG[name](x, p), p, "dropout(x)")


@pytest.mark.parametrize(("size", "p"), [(31, 0.5), (40, 0.3), (56, 0.2)])
def test_the_same_mask_twice_is_told_at_the_documented_size(size, p):
    y = F.dropout(torch.ones(size), p)
    assert not fails(checks.independent_masks, y[1:], y[1:], p, "v")
    with pytest.raises(CheckFailed, match="pas indépendants"):
        checks.independent_masks(y, y, p, "deux appels")


def test_independent_masks_fail_with_probability_at_most_alpha():
    runs, alpha, ones = 1000, 0.01, torch.ones(6, 5, 4)
    failed = sum(
        fails(checks.dropout_independence, F.dropout(ones, 0.3), 0.3, "v", alpha=alpha) for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize("y", [torch.ones(1, 1), torch.ones(()), torch.empty(0, 3), torch.empty(3, 0)])
def test_no_neighbours_are_the_suites_fault(y):
    with pytest.raises(GraderFailure, match="no neighbours"):
        checks.dropout_independence(y, 0.5, "v")


def test_what_cannot_tell_is_the_suites_fault():
    with pytest.raises(GraderFailure, match="input of 0"):
        checks.dropout_values(X, X * 0, 0.5, "v")
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(GraderFailure, match="rate"):
            checks.dropout_values(X, X, p, "v")
    for p in (0, 1):
        with pytest.raises(GraderFailure, match="rate"):
            checks.independent_masks(X, X, p, "v")
    with pytest.raises(GraderFailure, match="no elements"):
        checks.dropout_rate(torch.empty(0), 0.5, "v")
    with pytest.raises(GraderFailure, match="against"):
        checks.independent_masks(X, X[:1], 0.5, "v")
