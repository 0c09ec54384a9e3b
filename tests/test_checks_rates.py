"""Exact binomial checks: false-fail rates by simulation, and the mistakes they separate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure


def fails(check, *args, **options) -> bool:
    try:
        check(*args, "la part", **options)
    except CheckFailed:
        return True
    return False


def share(count, total, p, what, **options):
    checks.share(count, total, p, what, **options)


@pytest.mark.parametrize(("total", "p"), [(30, 0.5), (400, 0.1), (3000, 1 / 3), (5, 0.0), (5, 1.0)])
@pytest.mark.parametrize("alpha", [1e-2, 1e-3, 1e-9])
def test_a_correct_rate_fails_with_probability_at_most_alpha(total, p, alpha):
    counts = np.arange(total + 1)
    likely = [count for count in counts if binom.pmf(count, total, p) > alpha * 1e-4 / (total + 1)]
    refused = sum(binom.pmf(c, total, p) for c in likely if fails(share, int(c), total, p, alpha=alpha))
    assert refused <= alpha


@pytest.mark.parametrize(("p", "wrong", "total"), [(0.5, 0.9, 104), (0.5, 0.75, 315), (0.1, 0.05, 2390)])
def test_the_documented_sample_size_separates_with_power_999(p, wrong, total):
    accepted = sum(
        binom.pmf(c, total, wrong)
        for c in range(total + 1)
        if binom.pmf(c, total, wrong) > 1e-8 and not fails(share, c, total, p)
    )
    assert accepted <= 1.1e-3


def test_a_wrong_share_says_what_was_measured():
    with pytest.raises(CheckFailed, match=r"classe rare : 10 % des 3000 tirages, à 44 écarts types"):
        checks.share(300, 3000, 0.5, "classe rare")


@pytest.mark.parametrize(("count", "total", "p"), [(1, 0, 0.5), (4, 3, 0.5), (-1, 3, 0.5), (1, 3, 1.5)])
def test_a_share_that_means_nothing_is_the_suites_fault(count, total, p):
    with pytest.raises(GraderFailure):
        checks.share(count, total, p, "v")


@pytest.mark.parametrize("alpha", [1e-2, 1e-3])
def test_uniform_draws_fail_with_probability_at_most_alpha(alpha):
    rng = np.random.default_rng(0)
    runs = 1000
    failed = sum(
        fails(checks.uniform_counts, rng.multinomial(300, [1 / 12] * 12), alpha=alpha) for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


def test_an_item_that_never_or_too_often_comes_is_caught():
    rng = np.random.default_rng(1)
    never = [0, *rng.multinomial(800, [1 / 19] * 19)]
    twice = rng.multinomial(3000, [2 / 21] + [1 / 21] * 19)
    for counts in (never, twice):
        with pytest.raises(CheckFailed, match="20 possibilités"):
            checks.uniform_counts(counts, "les exemples")


@pytest.mark.parametrize("counts", [[], [-1, 2]])
def test_counts_of_nothing_are_the_suites_fault(counts):
    with pytest.raises(GraderFailure):
        checks.uniform_counts(counts, "v")


def test_draws_that_are_none_of_the_items_are_the_students_fault():
    """A loader that yields one item for ever: the places of another item in its epochs are counted 0 times."""
    with pytest.raises(CheckFailed, match="aucun tirage n'a donné une des 6 possibilités"):
        checks.uniform_counts([0] * 6, "les places d'un item")


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.5, ".2g", "0,5"),
        (3333.0, ".2g", "3,3e+03"),
        (2e-6, ".1g", "2e-06"),
        (7.0, "g", "7"),
        (-0.25, ".2f", "-0,25"),
        (float("inf"), ".2g", "∞"),
        (float("-inf"), ".3f", "-∞"),
        (float("nan"), ".2g", "nan"),
    ],
)
def test_numbers_of_messages_are_written_in_french(value, form, text):
    assert checks.decimal(value, form) == text
