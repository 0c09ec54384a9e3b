"""Dropout: what it leaves, how often it drops, and that it decides on each element anew.

Inputs hold no zero, so that a zero in the output is a dropped element. Never take p = .5 for values and rates: p and
1 - p are the same there. Identity in evaluation mode is ``equal(module(x), x)``. Source: Srivastava et al., Dropout: a
simple way to prevent neural networks from overfitting, 2014, in the inverted form; the project's own simulations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from autograder.checks.arrays import finite, tensor
from autograder.checks.rates import percent, times, two_tails
from autograder.checks.wording import decimal
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["dropout_independence", "dropout_rate", "dropout_values", "independent_masks"]


def dropout_values(y: Any, x: torch.Tensor, p: float, what: str) -> None:
    """Each element of ``y`` is 0 or x / (1 - p), up to rounding; all 0 for p = 1, all x for p = 0.

    It separates a missing scale, 1 / p, 1 - p, a negative mask: named where the ratio is theirs. alpha = 0.
    """
    _rate(p)
    if not bool((x != 0).all()):
        raise GraderFailure("dropout_values: an input of 0 cannot be told from a dropped one")
    got = finite(tensor(y, shape=x.shape, dtype="floating", what=what), what).detach().cpu()
    ratio = got.double() / x.detach().cpu().double()
    kept = ratio[ratio != 0]
    if p == 1 or (p == 0 and kept.numel() < ratio.numel()):
        wrong = kept.numel() if p == 1 else ratio.numel() - kept.numel()
        if wrong:
            todo = "devaient être mis à zéro" if p == 1 else "ne devaient pas être mis à zéro"
            raise CheckFailed(
                f"{what} : pour p = {decimal(p, 'g')}, {wrong} éléments sur {ratio.numel()} {todo}."
            )
        return
    roundings = 8 * max(torch.finfo(v.dtype).eps for v in (got, x) if v.is_floating_point())
    wrong = int(((kept * (1 - p) - 1).abs() > roundings).sum())
    if wrong:
        found = float(kept.median())
        raise CheckFailed(
            f"{what} : {wrong} éléments sur {ratio.numel()} ne valent ni 0 ni x / (1 - p) ; "
            f"le facteur médian est {times(found * (1 - p))} celui qu'il faut{_likely(found, p)}."
        )


def dropout_rate(y: torch.Tensor, p: float, what: str, alpha: float = 1e-9) -> None:
    """The share of zeros in ``y`` is that of a rate ``p``: exact two-sided binomial, false-fail at most ``alpha``.

    Elements to separate with power 0.999: p from 1 - p at .2, 49; .2 from .25, 5,861; .2 from .21, 137,723; the
    default kept (.5 for .2) 201. Give 1e5 elements or more.
    """
    _rate(p)
    dropped, total = int((y == 0).sum()), y.numel()
    if not total:
        raise GraderFailure("dropout_rate: no elements")
    if _rare(dropped, total, p, alpha):
        swapped = abs(p - 0.5) > 0.01 and not _rare(dropped, total, 1 - p, alpha)
        reason = " : c'est la part de 1 - p" if swapped else ""
        raise CheckFailed(
            f"{what} : {percent(dropped / total)} des {total} éléments sont à zéro, "
            f"ce qui n'est pas un hasard pour p = {decimal(p, 'g')}{reason}."
        )


def independent_masks(
    one: torch.Tensor, other: torch.Tensor, p: float, what: str, alpha: float = 1e-9
) -> None:
    """Two outputs drop their elements independently: two calls, or two parts of one.

    Elements agree (both dropped or both kept) with probability p^2 + (1 - p)^2: exact two-sided binomial. Elements to
    separate with power 1 the same mask twice: 31 at p = .5, 40 at .3, 56 at .2; complementary masks 31, 25, 19.
    """
    _rate(p, inner=True)
    if one.shape != other.shape or not one.numel():
        raise GraderFailure(f"independent_masks: {tuple(one.shape)} against {tuple(other.shape)}")
    agreeing, total = int(((one == 0) == (other == 0)).sum()), one.numel()
    if _rare(agreeing, total, p**2 + (1 - p) ** 2, alpha):
        raise CheckFailed(
            f"{what} : {percent(agreeing / total)} de {total} éléments ont le même sort deux fois ; "
            "les tirages ne sont pas indépendants."
        )


def dropout_independence(y: torch.Tensor, p: float, what: str, alpha: float = 1e-9) -> None:
    """Within one output, neighbours along each axis (the batch first) are dropped independently.

    Disjoint pairs of neighbours by ``independent_masks``, at alpha / (number of axes of size 2 or more). It separates
    one mask for the whole batch, whole rows, channels or maps dropped at once; 60 pairs of elements along the axis.
    """
    axes = [axis for axis in range(y.ndim) if y.shape[axis] >= 2]
    if not axes or not y.numel():
        raise GraderFailure(f"dropout_independence: no neighbours in {tuple(y.shape)}")
    for axis in axes:
        pairs = y.narrow(axis, 0, y.shape[axis] // 2 * 2).unfold(axis, 2, 2)
        one, other = pairs.unbind(-1)
        independent_masks(one, other, p, f"{what}, voisins le long de l'axe {axis}", alpha / len(axes))


def _rare(count: int, total: int, p: float, alpha: float) -> bool:
    return bool(two_tails(np.array([count]), total, p)[0] < alpha)


def _rate(p: float, *, inner: bool = False) -> None:
    if not 0 <= p <= 1 or (inner and p in (0, 1)):
        raise GraderFailure(f"dropout: a rate of {p}")


def _likely(found: float, p: float) -> str:
    """The mistake that gives this factor."""
    for name, factor in (
        ("il manque la mise à l'échelle", 1.0),
        ("1 / p au lieu de 1 / (1 - p)", 1 / p if p else 0.0),
        ("1 - p au lieu de 1 / (1 - p)", 1 - p),
        ("p au lieu de 1 / (1 - p)", p),
    ):
        if abs(found - factor) < 1e-3 * factor:
            return f" : {name}"
    return ""
