"""Orders in which items are drawn: each once, anew every epoch, with replacement.

An order is a sequence of item numbers 0..items - 1 (integers of any kind, or a tensor of them), as an index-coded data
set tells it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch

from autograder.checks.rates import uniform_counts
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["permutation", "reshuffled", "uniform_positions", "with_replacement"]


def permutation(order: Iterable[Any], items: int, what: str) -> None:
    """``order`` holds each of 0..items - 1 exactly once. alpha = 0.

    It separates a last batch dropped, items drawn with replacement, a range that starts at 1, a subset.
    """
    found = _numbers(order, what)
    counts = np.bincount(found[(found >= 0) & (found < items)], minlength=items)
    outside = found.size - int(counts.sum())
    missing, repeated = int((counts == 0).sum()), int((counts > 1).sum())
    if outside or missing or repeated:
        told = [
            f"{number} {text}"
            for number, text in ((missing, "jamais"), (repeated, "plusieurs fois"), (outside, "inconnus"))
            if number
        ]
        raise CheckFailed(
            f"{what} : pour {items} éléments, {found.size} tirages, et parmi eux {', '.join(told)} "
            "au lieu d'une fois chacun."
        )


def reshuffled(epochs: Sequence[Iterable[Any]], items: int, what: str, alpha: float = 1e-9) -> None:
    """Each of ``epochs`` is a permutation, and no two are the same order.

    Two independent uniform permutations are equal with probability 1 / items!: 1.6e-10 for 13 items and two epochs.
    It separates data never shuffled, an order drawn once, a generator that starts anew at each epoch. power 1.
    """
    pairs = math.comb(len(epochs), 2)
    if pairs == 0 or math.log(pairs) - math.lgamma(items + 1) > math.log(alpha):
        raise GraderFailure(f"reshuffled: {len(epochs)} epochs of {items} items cannot tell at {alpha}")
    orders = [_numbers(order, what) for order in epochs]
    for order in orders:
        permutation(order, items, what)
    if any(np.array_equal(one, other) for one, other in combinations(orders, 2)):
        raise CheckFailed(
            f"{what} : deux époques donnent les {items} éléments exactement dans le même ordre."
        )


def uniform_positions(orders: Sequence[Iterable[Any]], items: int, what: str, alpha: float = 1e-9) -> None:
    """Over independent permutations, each item comes equally often at each position.

    Exact binomial for each of items^2 cells at alpha / items^2 (Bonferroni). With 8 items, 192 permutations show
    a shuffle of whole batches of two, and a last item that stays in place, with power 1. Blind to a random
    rotation, whose positions are uniform: ``reshuffled`` and a look at neighbours are for that.
    """
    table = np.zeros((items, items), dtype=np.int64)
    for order in orders:
        permutation(numbers := _numbers(order, what), items, what)
        table[numbers, np.arange(items)] += 1
    for counts in table:
        uniform_counts(counts, f"{what}, positions d'un élément", alpha / items)


def with_replacement(draws: Iterable[Any], items: int, what: str, alpha: float = 1e-9) -> None:
    """Some item comes twice among ``draws``, fewer than ``items``.

    k independent draws of the same law hold no item twice with probability at most prod (1 - i / items), i < k: the
    uniform law is the worst case, any other repeats sooner. At most alpha for 198 draws of 1,000 items, 64 of 120.
    It separates ``replacement=False`` and a permutation, which never repeat: power 1.
    """
    found = _numbers(draws, what)
    never = sum(math.log1p(-i / items) for i in range(found.size)) if found.size <= items else 0.0
    if never > math.log(alpha):
        raise GraderFailure(f"with_replacement: {found.size} draws of {items} items cannot tell at {alpha}")
    if np.unique(found).size == found.size:
        raise CheckFailed(
            f"{what} : aucun élément ne revient en {found.size} tirages parmi {items} ; "
            "le tirage se fait-il sans remise ?"
        )


def _numbers(order: Iterable[Any], what: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Item numbers from integers of any kind, 0-d or one-element tensors, or a tensor of them."""
    values = order if isinstance(order, torch.Tensor | np.ndarray) else list(order)
    parts = [v.detach().cpu().numpy() if isinstance(v, torch.Tensor) else np.asarray(v) for v in values]
    if any(part.dtype.kind not in "iu" or part.size != 1 for part in parts):
        raise CheckFailed(f"{what} : les éléments tirés doivent être des indices entiers.")
    return np.array([int(part.reshape(())) for part in parts], dtype=np.int64)
