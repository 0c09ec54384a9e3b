"""Laws of initial weights: false-fail rates by simulation, and the mistakes that they separate."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import binom
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from tests.devices import DEVICES

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


# --- He, whichever law is meant -------------------------------------------------------------------------------

WIDE = (32, 8, 3, 3)  # fan_in 72, fan_out 288
LAWS = {
    "normal, fan_in": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "normal, fan_out": lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
    "uniform, fan_in": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "uniform, fan_out": lambda w: nn.init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LAWS)
def test_every_law_that_he_may_mean_passes(name, dtype, device):
    weight = torch.empty(WIDE, dtype=dtype, device=device)
    checks.he(LAWS[name](weight), "ConvBlock")
    checks.he([weight, LAWS[name](torch.empty_like(weight))], "ConvBlock")
    checks.he(weight.transpose(2, 3), "ConvBlock")


@pytest.mark.parametrize("name", LAWS)
def test_only_the_laws_that_are_asked_for_pass(name):
    law, fan = name.split(", ")
    weight = LAWS[name](torch.empty(WIDE))
    checks.he(weight, "ConvBlock", fans=[fan], laws=[law])
    other_fan = "fan_in" if fan == "fan_out" else "fan_out"
    other_law = "normal" if law == "uniform" else "uniform"
    assert fails_he(weight, fans=[other_fan]) and fails_he(weight, laws=[other_law])


def fails_he(weight, **options):
    try:
        checks.he(weight, "v", **options)
    except CheckFailed:
        return True
    return False


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (nn.init.xavier_normal_, "Xavier au lieu de He"),
        (nn.init.xavier_uniform_, "Xavier au lieu de He"),
        (lambda w: nn.init.normal_(w, std=math.sqrt(1 / 72)), "un facteur 2 oublié"),
        (lambda w: nn.init.normal_(w, std=2 / 72), "la variance prise pour l'écart type"),
        (lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)), "l'initialisation par défaut de PyTorch"),
        (lambda w: nn.init.normal_(w, std=math.sqrt(2 / 8)), "un fan_in sans la taille du noyau"),
        (lambda w: nn.init.normal_(w, std=math.sqrt(2 / 9)), "un fan_in sans les canaux d'entrée"),
        (nn.init.normal_, "un tirage de variance 1"),
        (lambda w: nn.init.kaiming_normal_(w).abs_(), "ne convient pas"),
        (lambda w: nn.init.kaiming_normal_(w).sign_().mul_(1 / 6), "ne convient pas"),
        (nn.init.zeros_, "0 fois"),
        (lambda w: nn.init.constant_(w, 1 / 6), "ne convient pas"),
        (nn.init.orthogonal_, "ne convient pas"),
        (lambda w: nn.init.normal_(w, std=0.02), "ne convient pas"),
    ],
)
def test_what_he_does_not_mean_is_told_and_named(wrong, named):
    with pytest.raises(CheckFailed, match=named):
        checks.he([wrong(torch.empty(WIDE)) for _ in range(2)], "ConvBlock")


def test_the_size_at_which_a_uniform_law_is_asked_about_is_the_documented_one():
    flat = torch.linspace(-0.999, 0.999, 252) * SIGMA * math.sqrt(3)
    checks.normal_shape(flat[:251], VARIANCE, "v")
    with pytest.raises(CheckFailed, match="loi uniforme"):
        checks.normal_shape(flat, VARIANCE, "v")


@pytest.mark.parametrize("name", LAWS)
def test_he_fails_a_right_law_with_probability_at_most_alpha(name):
    runs, alpha = 300, 0.01
    failed = sum(fails_he(LAWS[name](torch.empty(5, 4, 3)), alpha=alpha) for _ in range(runs))
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize("bad", [torch.full(WIDE, math.nan), torch.full(WIDE, math.inf)])
def test_he_tells_weights_that_are_not_finite(bad):
    with pytest.raises(CheckFailed, match="non finies"):
        checks.he(bad, "ConvBlock")


def test_what_he_cannot_judge_is_the_suites_fault():
    for weight in (torch.empty(3), torch.empty(0, 3), torch.tensor(1.0)):
        with pytest.raises(GraderFailure, match="no fans"):
            checks.he(weight, "v")
    for options in ({"fans": ["fan"]}, {"laws": ["normale"]}, {"fans": []}, {"laws": []}):
        with pytest.raises(GraderFailure, match="unknown"):
            checks.he(torch.randn(WIDE), "v", **options)


def test_copies_are_taken_out_before_they_count():
    one, other = normal(30, 5), normal(30, 5)
    assert [id(w) for w in checks.unique([one, other, one.clone(), other, normal(5, 30)[:, :5]])][:2] == [
        id(one),
        id(other),
    ]
    assert len(checks.unique([one, other, one.clone(), one.T])) == 3

    def twenty_copies():
        torch.manual_seed(int(torch.randint(2**31, ())))
        return [normal(150)] * 20

    runs, alpha = 200, 1e-6
    assert (
        sum(fails(checks.normal_variance, twenty_copies(), VARIANCE, alpha=alpha) for _ in range(runs)) > 20
    )
    unique = [checks.unique(twenty_copies()) for _ in range(runs)]
    assert sum(fails(checks.normal_variance, draws, VARIANCE, alpha=alpha) for draws in unique) == 0


@pytest.mark.parametrize("device", DEVICES)
def test_a_bias_is_exactly_zero(device):
    for bias in (
        torch.zeros(5),
        -torch.zeros(5),
        torch.zeros(5).double(),
        torch.zeros(1),
        torch.zeros(5, dtype=torch.int64),
    ):
        checks.zero_bias(bias.to(device), "le biais")
    checks.zero_bias(nn.Parameter(torch.zeros(5)), "le biais")
    with pytest.raises(
        CheckFailed, match=r"forme \(5,\) : 1 valeurs sur 5 ne sont pas nulles \(jusqu'à 1e-30"
    ):
        checks.zero_bias(torch.tensor([0, 0, -1e-30, 0, 0], device=device), "le biais")
    for wrong, told in (
        (None, "pas de biais"),
        (torch.tensor([math.nan]), "non finies"),
        ([0.0], "torch.Tensor"),
    ):
        with pytest.raises(CheckFailed, match=told):
            checks.zero_bias(wrong, "le biais")


@pytest.mark.parametrize("device", DEVICES)
def test_laws_are_judged_on_any_device_and_layout(device):
    weight = torch.randn(60, 70, device=device).T * SIGMA
    checks.normal_variance(weight, VARIANCE, "v")
    checks.normal_shape(weight, VARIANCE, "v")
    checks.uniform_bound(weight.uniform_(-BOUND, BOUND), BOUND, "v")
    checks.distinct([weight, weight + 1], "v")
