"""Trained verifiers: modules that tell by a distance whether two inputs are of the same hand.

Distances are judged by their order alone (``auc``), or compared with each other (``same_scores``). Nothing random is
judged here: alpha = 0.
"""

from __future__ import annotations

from typing import Any

import torch

from autograder.checks.arrays import tensor
from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import Handle

__all__ = ["auc", "distances"]


def distances(module: Handle, a: Any, b: Any, count: int) -> torch.Tensor:
    """Distances (N,) in float64 of N = ``count`` pairs: tensors, or handles to tensors where the module is."""
    with torch.no_grad():
        found = tensor(module(a, b), shape=(count,), what="le tenseur des distances").double()
    if bool(found.isnan().any()):
        raise CheckFailed("Les distances du module contiennent des NaN.")
    return found


def auc(found: torch.Tensor, same: torch.Tensor) -> float:
    """Area under the ROC curve of distances (N,): how often a genuine pair (``same`` 1) is closer than a forged one.

    The share of all couples (genuine, forged) in which it is, a tie counting half: 0.5 for a constant. Source: Hanley
    and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC) curve, 1982.
    """
    genuine, forged = found[same == 1], found[same == 0]
    if not len(genuine) or not len(forged):
        raise GraderFailure(f"auc: {len(genuine)} genuine and {len(forged)} forged pairs")
    closer = (genuine[:, None] < forged).double() + (genuine[:, None] == forged).double() / 2
    return float(closer.mean())
