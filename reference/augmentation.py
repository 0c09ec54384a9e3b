"""Random changes of a training image that leave its class as it is: a shift, measurement noise."""

from __future__ import annotations

import torch
from torch import Tensor


def shift(image: Tensor, rows: int, columns: int) -> Tensor:
    """``image`` (C, H, W) moved down by ``rows`` and right by ``columns``; what comes into view is zero."""
    _, height, width = image.shape
    moved = torch.zeros_like(image)
    to_rows, from_rows = _overlap(rows, height)
    to_columns, from_columns = _overlap(columns, width)
    moved[:, to_rows, to_columns] = image[:, from_rows, from_columns]
    return moved


def _overlap(offset: int, size: int) -> tuple[slice, slice]:
    """Where what remains in view comes to stand along an axis of ``size``, and where it came from."""
    kept = max(size - abs(offset), 0)
    target, origin = max(offset, 0), max(-offset, 0)
    return slice(target, target + kept), slice(origin, origin + kept)


class RandomShift:
    """With probability ``p``, moves an image (C, H, W) by two independent whole numbers of pixels.

    Args:
        max_shift: rows and columns move by numbers uniform in -max_shift..max_shift, both zero included.
        p: probability that they are drawn at all.
    """

    def __init__(self, max_shift: int, p: float = 1.0) -> None:
        self.max_shift, self.p = max_shift, p

    def __call__(self, image: Tensor) -> Tensor:
        if torch.rand(()) >= self.p:
            return image.clone()
        rows, columns = torch.randint(-self.max_shift, self.max_shift + 1, (2,)).tolist()
        return shift(image, rows, columns)


class GaussianNoise:
    """Adds to each element of an image its own draw of N(0, ``std``^2); the sum is not clamped.

    Source: Bishop, Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation 7(1), 1995.
    """

    def __init__(self, std: float) -> None:
        self.std = std

    def __call__(self, image: Tensor) -> Tensor:
        return image + self.std * torch.randn_like(image)
