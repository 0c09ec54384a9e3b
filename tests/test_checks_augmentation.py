"""Random transformations: right ones pass, each confusion is told, sizes and rates are those that are stated."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from tests.devices import DEVICES


def fails(check, *args, **options) -> bool:
    try:
        check(*args, **options)
    except CheckFailed:
        return True
    return False


def outcomes(rng, calls, probabilities):
    return dict(zip(probabilities, rng.multinomial(calls, list(probabilities.values())), strict=True))


THREE = {"identité": 0.5, "miroir": 0.3, "décalage": 0.2}


def test_right_shares_fail_with_probability_at_most_alpha():
    rng, runs, alpha = np.random.default_rng(0), 2000, 0.01
    failed = sum(
        fails(checks.shares, outcomes(rng, 300, THREE), THREE, "v", alpha=alpha) for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"identité": 300}, "identité dans 100 %"),
        ({"identité": 150, "miroir": 150}, "miroir dans 50 %"),
        ({"identité": 150, "décalage": 150}, "miroir dans 0 %"),
    ],
)
def test_a_wrong_share_is_told_by_its_outcome(counts, told):
    with pytest.raises(CheckFailed, match=told):
        checks.shares(counts, THREE, "RandomShift")


def test_an_outcome_that_is_not_foreseen_is_told():
    with pytest.raises(CheckFailed, match="1 des 301 appels donnent autre chose"):
        checks.shares({"identité": 300, "autre chose": 1}, {"identité": 1.0}, "v")
    checks.shares({"identité": 300, "autre chose": 0}, {"identité": 1.0}, "v")
    with pytest.raises(CheckFailed, match="miroir"):
        checks.shares({"identité": 300, "miroir": 1}, {"miroir": 0.0, "identité": 1.0}, "v")


@pytest.mark.parametrize("counts", [{}, {"a": 0}])
def test_no_calls_are_the_suites_fault(counts):
    with pytest.raises(GraderFailure, match="0 calls"):
        checks.shares(counts, {"a": 1.0}, "v")
    with pytest.raises(GraderFailure, match="sum to"):
        checks.shares({"a": 1}, {"a": 0.5}, "v")


# --- Integers -------------------------------------------------------------------------------------------------


def test_uniform_integers_fail_with_probability_at_most_alpha():
    rng, runs, alpha = np.random.default_rng(0), 1000, 0.01
    failed = sum(
        fails(checks.uniform_integers, rng.integers(-2, 3, 100), -2, 2, "v", alpha=alpha) for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda rng: rng.integers(-2, 2, 200), r"jamais : 2\)"),
        (lambda rng: rng.integers(0, 3, 200), r"jamais : -2, -1\)"),
        (lambda rng: rng.integers(-3, 4, 200), "hors de -2..2"),
        (lambda rng: np.round(rng.uniform(-2, 2, 1500)), "parts égales"),
        (lambda rng: np.zeros(200), "jamais : -2, -1, 1"),
    ],
)
def test_integers_of_another_law_are_told(draw, told):
    with pytest.raises(CheckFailed, match=told):
        checks.uniform_integers(map(int, draw(np.random.default_rng(0))), -2, 2, "les lignes")


def test_a_single_value_is_a_range():
    checks.uniform_integers([0, 0], 0, 0, "v")


def test_no_integers_are_the_suites_fault():
    for values, low, high in (([], -2, 2), ([1], 2, -2)):
        with pytest.raises(GraderFailure, match="uniform_integers"):
            checks.uniform_integers(values, low, high, "v")


def test_two_axes_are_drawn_apart():
    rng = np.random.default_rng(0)
    checks.independent_integers(rng.integers(-2, 3, (700, 2)).tolist(), -2, 2, "v")
    one = rng.integers(-2, 3, 700)
    with pytest.raises(CheckFailed, match="deux tirages"):
        checks.independent_integers(zip(one, one, strict=True), -2, 2, "v")
    for pairs in (zip(one, -one, strict=True), zip(one, 0 * one, strict=True)):
        with pytest.raises(CheckFailed, match="parts égales"):
            checks.independent_integers(pairs, -2, 2, "v")
    with pytest.raises(CheckFailed, match="hors de"):
        checks.independent_integers([(0, 3)], -2, 2, "v")
    for pairs, low in (([], -2), ([(2, 2)], 2)):
        with pytest.raises(GraderFailure, match="independent_integers"):
            checks.independent_integers(pairs, low, 2, "v")


# --- Shifts ---------------------------------------------------------------------------------------------------


def shifted(image, rows, columns):
    """By rolling, then clearing what came round."""
    out = torch.roll(image, (rows, columns), (-2, -1)).clone()
    height, width = image.shape[-2:]
    out[..., [(r - rows) not in range(height) for r in range(height)], :] = 0
    out[..., :, [(c - columns) not in range(width) for c in range(width)]] = 0
    return out


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.uint8])
def test_each_shift_is_recognised(dtype, device):
    image = torch.arange(1, 61, device=device).reshape(2, 5, 6).to(dtype)
    for rows in range(-3, 4):
        for columns in range(-3, 4):
            assert checks.shift_of(image, shifted(image, rows, columns), 3) == (rows, columns)
            assert checks.shift_of(image.mT, shifted(image, rows, columns).mT, 3) == (columns, rows)


def test_what_is_no_shift_over_zeros_is_none():
    image = torch.rand(1, 5, 6) + 1
    for other in (
        image.roll(1, -1),
        image * 2,
        image.flip(-1),
        image[..., :5],
        shifted(image, 3, 0),
        image * torch.nan,
    ):
        assert checks.shift_of(image, other, 2) is None
    assert checks.shift_of(image, image[0], 2) is None


@pytest.mark.parametrize("image", [torch.zeros(1, 5, 5), torch.rand(1, 2, 5) + 1, torch.rand(1, 5, 2) + 1])
def test_images_that_cannot_tell_are_the_suites_fault(image):
    with pytest.raises(GraderFailure, match="shift_of"):
        checks.shift_of(image, image, 2)


def test_a_shift_that_leaves_part_of_the_image_is_unambiguous_even_on_equal_pixels():
    image = torch.ones(1, 4, 4)
    assert checks.shift_of(image, shifted(image, 1, -2), 3) == (1, -2)
