"""Trained classifiers: what a student's training function returned, asked for scores.

A module is evaluated in evaluation mode and without gradients; any callable will do. Its scores are judged by their
order alone (``accuracy``, ``mean_iou``), or compared with each other (``same_scores``). Nothing random is judged here:
alpha = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch

from autograder.checks.arrays import close, tensor
from autograder.errors import CheckFailed
from autograder.pictures import Confusion
from autograder.probe import Handle, Student

__all__ = ["accuracy", "device", "mean_iou", "same_scores", "scores", "trained"]

# Roundings of scores that are computed twice in float32, in batches of other sizes: 2e-3 of the largest one, as TF32
# needs; a dropout that stays active or statistics of the batch change scores by a tenth of it.
ROUNDINGS = 1 << 12
NEGLIGIBLE = -1e4  # stands for minus infinity, the logarithm of a probability of 0


def device(student: Student) -> Any:
    """A handle to the guest's ``torch.device``: CUDA where the guest has one, else the CPU."""
    kind = "cuda" if student.at("torch.cuda.is_available")() is True else "cpu"
    return student.at("torch.device")(kind)


def trained(result: Any, function: str) -> Handle:
    """``result`` of the student's ``function`` itself, in evaluation mode, once it is known to be a module."""
    if not isinstance(result, Handle):
        kind = (
            "None (un `return` oublié ?)" if result is None else f"un objet de type {type(result).__name__}"
        )
        raise CheckFailed(f"`{function}` doit renvoyer un module ; reçu : {kind}.")
    with suppress(AttributeError):  # a callable that is no nn.Module has no mode
        result.eval()
    return result


def scores(module: Handle, x: Any, count: int, num_classes: int, size: Sequence[int] = ()) -> torch.Tensor:
    """Scores ``(N, C, *size)`` in float64 of N = ``count`` inputs ``x``: a tensor, or a handle to one in the guest.

    size: (H, W) where each pixel has scores of its own.
    """
    shape = (count, num_classes, *size)
    with torch.no_grad():
        found = tensor(module(x), shape=shape, what="le tenseur des scores").double()
    if bool(found.isnan().any()):
        raise CheckFailed("Les scores du module contiennent des NaN.")
    return found.nan_to_num(neginf=NEGLIGIBLE)


class Accuracy(float):
    """A share in [0, 1] that knows how it came about: ``picture`` shows which classes were taken for which."""

    picture: Confusion | None = None


def accuracy(found: torch.Tensor, labels: torch.Tensor) -> Accuracy:
    """Share of the items whose class (N,) has the largest of their scores (N, C)."""
    predicted, classes = found.argmax(1), found.shape[1]
    share = Accuracy((predicted == labels).double().mean())
    if len(labels) and int(labels.min()) >= 0 and int(labels.max()) < classes:
        pairs = torch.bincount(labels.long() * classes + predicted, minlength=classes * classes)
        rows = tuple(tuple(row) for row in pairs.reshape(classes, classes).tolist())
        share.picture = Confusion("Classes confondues (renommées au hasard)", rows)
    return share


def mean_iou(found: torch.Tensor, masks: torch.Tensor) -> float:
    """Mean over the classes of intersection / union, by scores (N, C, H, W) and true classes (N, H, W).

    The pixels of all images count together, and a class that is neither there nor predicted does not count.
    Source: Long, Shelhamer and Darrell, Fully convolutional networks for semantic segmentation, 2015, section 5.
    """
    predicted = found.argmax(1)
    shares = []
    for k in range(found.shape[1]):
        here, truly = predicted == k, masks == k
        union = int((here | truly).sum())
        if union:
            shares.append(int((here & truly).sum()) / union)
    return sum(shares) / len(shares)


def same_scores(found: torch.Tensor, expected: torch.Tensor, what: str) -> None:
    """Two computations of the same scores agree, up to float32 roundings of the largest."""
    close(found, expected, what, fan_in=ROUNDINGS, dtype=torch.float32)
