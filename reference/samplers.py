"""Sampling of unbalanced classes."""

from __future__ import annotations

from collections.abc import Iterator

import torch
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
