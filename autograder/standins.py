"""Small objects that suites hand to student code: a network, loaders, an optimizer that keeps count.

They are built where the student's code runs and hold no secret: their weights and batches are given by value, and
what they record is there for anyone to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "CountingSGD",
    "ReadCounts",
    "RecordingLoader",
    "RecordingTransform",
    "SmallNet",
    "StreamLoader",
    "draw_all",
]

Batch = tuple[Tensor, Tensor]


class SmallNet(nn.Module):
    """Linear, batch norm, tanh, Linear, in float64: (N, in_features) -> (N, out_features).

    The first layer has no bias, which batch norm would cancel: a gradient of rounding errors alone.

    Args:
        in_features, hidden, out_features: widths.
        frozen: names of parameters that take no gradient, such as ``("first.weight",)``.

    Attributes:
        modes: the network's ``training`` flag at each call.
        grad_modes: whether gradients were recorded at each call.
        batch_sizes: N at each call.
    """

    def __init__(self, in_features: int, hidden: int, out_features: int, frozen: Sequence[str] = ()) -> None:
        super().__init__()
        self.first = nn.Linear(in_features, hidden, bias=False, dtype=torch.float64)
        self.norm = nn.BatchNorm1d(hidden, dtype=torch.float64)
        self.last = nn.Linear(hidden, out_features, dtype=torch.float64)
        for name in frozen:
            self.get_parameter(name).requires_grad_(False)
        self.modes: list[bool] = []
        self.grad_modes: list[bool] = []
        self.batch_sizes: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        self.grad_modes.append(torch.is_grad_enabled())
        self.batch_sizes.append(len(x))
        hidden: Tensor = torch.tanh(self.norm(self.first(x)))
        out: Tensor = self.last(hidden)
        return out


class RecordingLoader:
    """A loader over the batches given: sized, iterated as often as one likes; ``iterations`` counts how often."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = [tuple(batch) for batch in batches]
        self.iterations = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        self.iterations += 1
        yield from self.batches

    def __len__(self) -> int:
        return len(self.batches)


class StreamLoader:
    """A loader that yields the batches given and nothing more: no length, no ``dataset``, no index."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = [tuple(batch) for batch in batches]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        yield from self._batches


class CountingSGD(torch.optim.SGD):
    """``torch.optim.SGD`` that counts calls of ``step`` and ``zero_grad`` in ``steps`` and ``zeros``."""

    def __init__(self, params: Any, **options: Any) -> None:
        super().__init__(params, **options)
        self.steps = self.zeros = 0

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        self.steps += 1
        return super().step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.zeros += 1
        super().zero_grad(set_to_none)


class RecordingTransform:
    """An augmentation that keeps copies of what it gets in ``received`` and returns ``results`` in turn."""

    def __init__(self, results: Sequence[Tensor]) -> None:
        self.results = list(results)
        self.received: list[Any] = []

    def __call__(self, x: Any) -> Tensor:
        self.received.append(x.detach().clone() if isinstance(x, Tensor) else x)
        return self.results[(len(self.received) - 1) % len(self.results)]


class ReadCounts:
    """A map-style dataset that changes as augmented ones do: item i is ((i, how often it was read), label i)."""

    def __init__(self, labels: Sequence[int]) -> None:
        self.labels = list(labels)
        self.reads = [0] * len(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self.reads[index] += 1
        return torch.tensor([float(index), float(self.reads[index])]), self.labels[index]


def draw_all(items: Iterable[Any]) -> list[Any]:
    """All that one iteration yields."""
    return list(items)
