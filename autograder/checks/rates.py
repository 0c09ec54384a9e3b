"""Rates of random events, by exact binomial tests.

Both tails are exact and doubled, so a correct solution fails with probability at most ``alpha``: 1e-9 by default,
which keeps 200 students x 100 random checks x 5 submissions at 1e-4 a year.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from autograder.checks.wording import decimal
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["share", "uniform_counts"]


def share(count: int, total: int, p: float, what: str, alpha: float = 1e-9) -> None:
    """``count`` of ``total`` independent draws is what a rate of ``p`` gives.

    Exact two-sided binomial test; false-fail at most ``alpha``. Draws that separate two rates with power 0.999 at
    alpha = 1e-9: .5 from .9 (data drawn without weights) 104; from .75 (weights 1 / sqrt(n)) 315; from .6 2,101;
    .1 from .05 2,390. Draw 3,000. Source: the project's own simulations (exact calculation).
    """
    if not (0 <= p <= 1 and total > 0 and 0 <= count <= total):
        raise GraderFailure(f"share: no rate {count}/{total} against {p}")
    if two_tails(np.array([count]), total, p)[0] < alpha:
        away = abs(count - total * p) / max(np.sqrt(total * p * (1 - p)), 0.5)
        raise CheckFailed(
            f"{what} : {percent(count / total)} des {total} tirages, "
            f"à {away:.0f} écarts types de la part voulue : ce n'est pas un hasard."
        )


def uniform_counts(counts: Iterable[int], what: str, alpha: float = 1e-9) -> None:
    """Items counted ``counts`` times (an item never drawn counts 0) are drawn with equal probability.

    One exact binomial test of rate 1 / k an item, each at alpha / k (Bonferroni), so that false-fail is at most
    ``alpha`` whatever the dependence between counts; a chi-square tail would be wrong by 3 to 26 times where cells
    are small (the project's own simulations). With k = 20 items, 40 draws an item show one that never comes
    (probability (1 - 1/20)^800 = 1.5e-18), and 150 an item show one that comes twice as often (power > 0.999).
    """
    drawn = np.asarray(list(counts), dtype=np.int64)
    if drawn.size == 0 or drawn.min() < 0:
        raise GraderFailure(f"uniform_counts: {drawn.size} items, the smallest count {drawn.min(initial=0)}")
    if drawn.sum() == 0:  # a suite counts what the student's code drew, which may be something else
        raise CheckFailed(f"{what} : aucun tirage n'a donné une des {drawn.size} possibilités.")
    total, items = int(drawn.sum()), drawn.size
    unlikely = int((two_tails(drawn, total, 1 / items) < alpha / items).sum())
    if unlikely:
        raise CheckFailed(
            f"{what} : sur {total} tirages de {items} possibilités, de {percent(drawn.min() / total)} "
            f"à {percent(drawn.max() / total)} chacune au lieu de parts égales : ce n'est pas un hasard."
        )


def two_tails(counts: NDArray[np.int64], total: int, p: float) -> NDArray[np.float64]:
    """Twice the smaller exact binomial tail of each count, the count itself included in both; at most 1."""
    smaller = np.minimum(binom.cdf(counts, total, p), binom.sf(counts - 1, total, p))
    doubled: NDArray[np.float64] = np.minimum(1.0, 2.0 * smaller)
    return doubled


def percent(rate: float) -> str:
    """``12,5 %``."""
    return f"{decimal(100 * rate, '.3g')} %"


def times(ratio: float) -> str:
    """``0,5 fois``: a measured ratio for a message; small ones with two digits."""
    form = ".3g" if abs(ratio) >= 0.01 or not ratio else ".2g" if abs(ratio) >= 0.001 else ".1e"
    return f"{decimal(ratio, form)} fois"
