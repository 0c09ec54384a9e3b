"""Sampling and splitting of unbalanced classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler


def sample_weights(labels: Tensor) -> Tensor:
    """One weight an item, (N,) -> (N,): the inverse of its class's size, so that each class weighs 1 in all.

    ``labels`` are int64 in 0..C-1.
    """
    return 1 / torch.bincount(labels)[labels].double()


class BalancedSampler(Sampler[int]):
    """Draws ``num_samples`` indices with replacement, each class being equally likely at each draw.

    Args:
        labels: classes of the items, (N,) int64.
        num_samples: indices an iteration, fewer or more than N.
        generator: source of the random numbers; torch's global one by default.
    """

    def __init__(self, labels: Tensor, num_samples: int, generator: torch.Generator | None = None) -> None:
        self.weights = sample_weights(labels)
        self.num_samples = num_samples
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = torch.multinomial(self.weights, self.num_samples, replacement=True, generator=self.generator)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


def stratified_split(
    labels: NDArray[np.integer[Any]], test_fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices (train, test) of a random split in which every class keeps its share, to within half an item.

    Args:
        labels: classes of the items, (N,) integers of any values.
        test_fraction: share of the items, and of each class, that goes to the test set.
        seed: decides the split; torch's and NumPy's global streams are not touched.
    """
    stream = np.random.default_rng(seed)
    train, test = [], []
    for label in np.unique(labels):
        items = stream.permutation(np.flatnonzero(labels == label))
        count = round(test_fraction * len(items))
        test.append(items[:count])
        train.append(items[count:])
    return stream.permutation(np.concatenate(train)), stream.permutation(np.concatenate(test))
