"""Datasets that the lab assignments read, and how they are served in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class DigitsDataset(Dataset[tuple[Tensor, int]]):
    """Images of digits with their classes, read one by one.

    Args:
        images: (N, H, W) uint8, whose largest value over the whole array, 16 or 255, stands for white.
        labels: classes, (N,) integers.
        transform: applied at each read to the scaled image, a fresh (1, H, W) float32 tensor.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.integer[Any]],
        transform: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.images, self.labels, self.transform = images, labels, transform
        self.white = float(images.max())

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = torch.tensor(self.images[index], dtype=torch.float32)[None] / self.white
        if self.transform is not None:
            image = self.transform(image)
        return image, int(self.labels[index])


def make_loaders(
    train_set: Dataset[Any], test_set: Dataset[Any], batch_size: int
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Batches (x, y) of both sets, the last one smaller where ``batch_size`` does not divide the set.

    Every epoch reads each item once: of ``train_set`` in a fresh random order, of ``test_set`` in order.
    """
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, batch_size)
