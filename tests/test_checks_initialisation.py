"""Laws of initial weights: false-fail rates by simulation, and the mistakes that they separate."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import binom
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure

VARIANCE = 2 / 300
SIGMA = math.sqrt(VARIANCE)
BOUND = math.sqrt(6 / 420)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def fails(check, *args, **options) -> bool:
    try:
        check(*args, "les poids", **options)
    except CheckFailed:
        return True
    return False


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape) * SIGMA


def uniform(*shape: int) -> torch.Tensor:
    return torch.empty(*shape).uniform_(-BOUND, BOUND)


@pytest.mark.parametrize("alpha", [1e-2, 1e-3])
@pytest.mark.parametrize(
    ("check", "draw", "parameter"),
    [
        (checks.normal_variance, normal, VARIANCE),
        (checks.normal_shape, normal, VARIANCE),
        (checks.uniform_bound, uniform, BOUND),
    ],
)
@pytest.mark.parametrize("size", [5, 600])
def test_a_correct_law_fails_with_probability_at_most_alpha(check, draw, parameter, alpha, size):
    runs = 400
    failed = sum(fails(check, draw(size), parameter, alpha=alpha) for _ in range(runs))
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize(
    "layer", [nn.Linear(300, 120), nn.Conv2d(12, 40, (5, 3)), nn.Conv3d(4, 9, (3, 2, 2))]
)
def test_torchs_own_initialisations_pass(layer):
    weight = layer.weight
    fan_in = weight[0].numel()
    nn.init.kaiming_normal_(weight, nonlinearity="relu")
    checks.normal_variance(weight, 2 / fan_in, "He")
    checks.normal_shape(weight, 2 / fan_in, "He")
    nn.init.xavier_uniform_(weight)
    fan_out = weight[:, 0].numel()
    checks.uniform_bound(weight, math.sqrt(6 / (fan_in + fan_out)), "Xavier")


@pytest.mark.parametrize(
    ("size", "ratio"),
    [(67, 1 / 6), (383, 0.5), (329, 2.0), (3904, 0.81), (1554, 300 / 420)],
)
def test_a_wrong_variance_is_caught_at_the_documented_size(size, ratio):
    missed = sum(
        not fails(checks.normal_variance, normal(size) * math.sqrt(ratio), VARIANCE) for _ in range(200)
    )
    assert missed <= binom.isf(1e-6, 200, 1e-3)


def test_the_confusion_that_fits_is_named():
    confusions = {"fan_out au lieu de fan_in": 2 / 120, "Xavier au lieu de He": 2 / 420}
    for name, variance in confusions.items():
        with pytest.raises(CheckFailed, match=name):
            checks.normal_variance(
                torch.randn(120, 300) * math.sqrt(variance), VARIANCE, "les poids", confusions=confusions
            )
    with pytest.raises(CheckFailed) as failure:
        checks.normal_variance(torch.zeros(120, 300), VARIANCE, "les poids", confusions=confusions)
    assert "lieu" not in str(failure.value)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: (torch.rand(300) * 2 - 1) * SIGMA * math.sqrt(3),
        lambda: normal(600).clamp(-1.99 * SIGMA, 1.99 * SIGMA),
        lambda: normal(300).abs(),
        lambda: normal(300).sign() * SIGMA,
        lambda: torch.zeros(300),
        lambda: normal(300) + SIGMA,
    ],
)
def test_a_wrong_shape_of_the_normal_law_is_caught(wrong):
    with pytest.raises(CheckFailed):
        checks.normal_shape(wrong(), VARIANCE, "les poids")


def test_a_normal_law_truncated_and_rescaled_is_allowed():
    weight = nn.init.trunc_normal_(
        torch.empty(120, 300), std=SIGMA / 0.8796, a=-2 * SIGMA / 0.8796, b=2 * SIGMA / 0.8796
    )
    checks.normal_variance(weight, VARIANCE, "les poids")
    checks.normal_shape(weight, VARIANCE, "les poids")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: uniform(418) * 0.95,
        lambda: uniform(20) * math.sqrt(2),
        lambda: torch.randn(200) * BOUND / math.sqrt(3),
        lambda: uniform(100).abs(),
        lambda: uniform(100).sign() * BOUND,
        lambda: torch.zeros(10),
    ],
)
def test_a_wrong_uniform_law_is_caught(wrong):
    with pytest.raises(CheckFailed):
        checks.uniform_bound(wrong(), BOUND, "les poids")


def test_several_draws_count_together():
    draws = [normal(40) * math.sqrt(0.5) for _ in range(20)]
    assert not fails(checks.normal_variance, draws[0], VARIANCE)
    assert fails(checks.normal_variance, draws, VARIANCE)
    assert fails(checks.normal_variance, torch.stack(draws).T, VARIANCE)


def test_copies_are_no_draws():
    one, other = normal(2, 3), normal(2, 3)
    checks.distinct([one, other], "les tirages")
    with pytest.raises(CheckFailed, match="graine"):
        checks.distinct([one, other, one.clone()], "les tirages")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_not_finite_fail(bad):
    weight = normal(300)
    weight[7] = bad
    assert fails(checks.normal_variance, weight, VARIANCE)
    assert fails(checks.normal_shape, weight, VARIANCE)
    assert fails(checks.uniform_bound, weight, BOUND)


def test_no_weights_are_the_suites_fault():
    for check in (checks.normal_variance, checks.normal_shape, checks.uniform_bound):
        with pytest.raises(GraderFailure):
            check(torch.empty(0), 1.0, "v")
        with pytest.raises(GraderFailure):
            check([], 1.0, "v")
    with pytest.raises(GraderFailure):
        checks.distinct([normal(3)], "v")
