"""Datasets that the lab assignments read, and how they are served in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Deal:
    """A labelled data set cut in two: inputs (N, ...) and classes (N,) to train on, and to test with."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    def sorted_by_class(self) -> Deal:
        """The same one, what there is to train on in the order of the classes."""
        order = torch.argsort(self.train_y, stable=True)
        return Deal(self.train_x[order], self.train_y[order], self.test_x, self.test_y)


def renaming(num_classes: int, generator: torch.Generator | None = None) -> Tensor:
    """New names (C,) of the classes 0..C-1: uniform among the permutations without fixed point.

    Drawn until one has none, which takes e = 2.7 draws on average. Who answers with the old names is always wrong.
    """
    while True:
        names = torch.randperm(num_classes, generator=generator)
        if not bool((names == torch.arange(num_classes)).any()):
            return names


def deal(
    x: Tensor,
    y: Tensor,
    pool: Tensor,
    test_size: int,
    num_classes: int,
    generator: torch.Generator | None = None,
) -> Deal:
    """Draw a test set and rename the classes of all items; what is left is there to train on, in random order.

    Args:
        x: inputs (N, ...).
        y: classes (N,) of 0..C-1.
        pool: (N,) bool, the items that may be drawn for the test.
        test_size: how many are, without replacement.
        num_classes: C.
        generator: source of the random numbers; torch's global one by default.
    """
    names = renaming(num_classes, generator)[y]
    order = torch.randperm(len(x), generator=generator)
    test = order[pool[order]][:test_size]
    drawn = torch.zeros(len(x), dtype=torch.bool).index_fill_(0, test, True)
    train = order[~drawn[order]]
    return Deal(x[train], names[train], x[test], names[test])
