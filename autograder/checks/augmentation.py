"""Random transformations: how often each outcome comes, and how far an image is shifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch

from autograder.checks.rates import percent, two_tails, uniform_counts
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["independent_integers", "shares", "shift_of", "uniform_integers"]


def shares(
    counts: Mapping[str, int], probabilities: Mapping[str, float], what: str, alpha: float = 1e-9
) -> None:
    """Each outcome (identity, flip, shift...) comes as often as its probability says; none other comes.

    Exact two-sided binomial for each of ``probabilities``, which sum to 1, at alpha / their number (Bonferroni). Calls
    to separate with power 0.999, two outcomes: a flip never or always made at .5, 32; at .25 for .5, 322; p ignored
    (always shifted at p = .8) 100. An outcome of probability 0 fails at the first.
    """
    total = sum(counts.values())
    if not total or abs(sum(probabilities.values()) - 1) > 1e-9:
        raise GraderFailure(f"shares: {total} calls, probabilities sum to {sum(probabilities.values())}")
    unknown = sorted(name for name, count in counts.items() if count and name not in probabilities)
    if unknown:
        raise CheckFailed(
            f"{what} : {counts[unknown[0]]} des {total} appels donnent {unknown[0]}, ce que l'énoncé ne prévoit pas."
        )
    for name, p in probabilities.items():
        count = counts.get(name, 0)
        if two_tails(np.array([count]), total, p)[0] < alpha / len(probabilities):
            raise CheckFailed(
                f"{what} : {name} dans {percent(count / total)} des {total} appels ; "
                "pour la probabilité demandée, ce n'est pas un hasard."
            )


def uniform_integers(values: Iterable[int], low: int, high: int, what: str, alpha: float = 1e-9) -> None:
    """Integers uniform on low..high, both ends included: none beyond, each as often (``uniform_counts``).

    Draws to separate with power 0.999 on -2..2: a value never drawn (an end, 0) 104; a rounded uniform law, whose ends
    come half as often, 2,181. On -3..3: 152 and 2,579. Beyond the ends alpha = 0.
    """
    found = np.asarray(list(values), dtype=np.int64)
    if not found.size or low > high:
        raise GraderFailure(f"uniform_integers: {found.size} values on {low}..{high}")
    outside = int(((found < low) | (found > high)).sum())
    if outside:
        raise CheckFailed(f"{what} : {outside} valeurs sur {found.size} sont hors de {low}..{high}.")
    counts = np.bincount(found - low, minlength=high - low + 1)
    never = [int(value) + low for value in np.flatnonzero(counts == 0)]
    named = f"{what} (jamais : {', '.join(map(str, never[:3]))})" if never else what
    uniform_counts(counts, named, alpha)


def independent_integers(
    pairs: Iterable[tuple[int, int]], low: int, high: int, what: str, alpha: float = 1e-9
) -> None:
    """Pairs (rows, columns) uniform on (low..high)^2: each of the (high - low + 1)^2 pairs comes as often.

    ``uniform_counts`` on pairs. It separates one number for both axes, one axis always 0: 604 draws on -2..2.
    """
    found = np.asarray(list(pairs), dtype=np.int64).reshape(-1, 2)
    size = high - low + 1
    if not len(found) or size < 2:
        raise GraderFailure(f"independent_integers: {len(found)} pairs on {low}..{high}")
    if ((found < low) | (found > high)).any():
        raise CheckFailed(f"{what} : des décalages sont hors de {low}..{high}.")
    rows, columns = (found - low).T
    counts = np.bincount(rows * size + columns, minlength=size**2)
    if np.array_equal(rows, columns):
        raise CheckFailed(
            f"{what} : lignes et colonnes se décalent toujours du même nombre ; il faut deux tirages."
        )
    uniform_counts(counts, what, alpha)


def shift_of(before: torch.Tensor, after: torch.Tensor, limit: int) -> tuple[int, int] | None:
    """By how many rows and columns, at most ``limit``, ``after`` is ``before`` (..., H, W) shifted over zeros.

    None if by none. ``before``: no two shifts may look alike, so take distinct numbers other than 0, larger than limit.
    """
    rows, columns = before.shape[-2:]
    if limit < 0 or min(rows, columns) <= limit or not bool((before != 0).all()):
        raise GraderFailure(f"shift_of: an image of {rows} x {columns} without zeros, larger than {limit}")
    if after.shape != before.shape:
        return None
    steps = range(-limit, limit + 1)
    found = [(r, c) for r in steps for c in steps if torch.equal(_shifted(before, r, c), after.to(before))]
    if len(found) > 1:
        raise GraderFailure(f"shift_of: the image looks alike under {found}")
    return found[0] if found else None


def _shifted(image: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    height, width = image.shape[-2:]
    moved = torch.zeros_like(image)
    target, source = _overlap(height, rows), _overlap(height, -rows)
    across, along = _overlap(width, columns), _overlap(width, -columns)
    moved[..., target, across] = image[..., source, along]
    return moved


def _overlap(size: int, step: int) -> slice:
    return slice(max(step, 0), size + min(step, 0))
