"""Small objects that suites hand to student code: a network, loaders, an optimizer that keeps count.

They are built where the student's code runs and hold no secret: their weights and batches are given by value, and
what they record is there for anyone to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import Dataset

__all__ = [
    "CountingSGD",
    "ItemDataset",
    "RecordingLoader",
    "RecordingTransform",
    "SmallNet",
    "StreamLoader",
    "draw_all",
    "is_module",
    "parameter_shapes",
    "unfilled",
    "with_gradients",
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


class ItemDataset(Dataset[tuple[Any, Any]]):
    """A training set held in memory: item i is (inputs[i], targets[i]), a class being a plain int.

    Args:
        inputs: (N, ...).
        targets: (N,) classes, or (N, ...) such as masks.
    """

    def __init__(self, inputs: Tensor, targets: Tensor) -> None:
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[Tensor, int | Tensor]:
        target = self.targets[index]
        return self.inputs[index], target if target.ndim else int(target)


def draw_all(items: Iterable[Any]) -> list[Any]:
    """All that one iteration yields."""
    return list(items)


# --- Modules by their shapes ----------------------------------------------------------------------------------

LARGE = 1 << 16  # elements above which a tensor's numbers are left out
FILLS = frozenset(
    f"aten::{name}"
    for name in (
        *("normal_", "uniform_", "random_", "bernoulli_", "exponential_", "log_normal_", "zero_", "fill_"),
        *("erfinv_", "mul_", "add_", "sub_", "div_", "clamp_", "clamp_min_", "clamp_max_", "copy_"),
    )
)
CREATIONS = frozenset(f"aten::{name}" for name in ("randn", "rand", "zeros", "ones"))
SCALINGS = frozenset(f"aten::{name}" for name in ("mul", "div", "add", "sub", "randn_like", "rand_like"))


class Unfilled(TorchDispatchMode):
    """Leaves large tensors as the system gives their memory: pages that nobody wrote to take none.

    Operations that only put numbers into a large tensor do nothing; those that make one of random or constant
    numbers, or scale one, make an empty one. All else happens as ever, at its price.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name, kwargs = func._schema.name, kwargs or {}
        if args and isinstance(args[0], Tensor) and args[0].numel() > LARGE:
            if name in FILLS:
                return args[0]
            if name in SCALINGS and all(not isinstance(a, Tensor) or a.numel() == 1 for a in args[1:]):
                return torch.empty_like(args[0])
        if name in CREATIONS and torch.Size(args[0]).numel() > LARGE:
            placed = {key: kwargs[key] for key in ("dtype", "device") if kwargs.get(key) is not None}
            return torch.empty(args[0], **placed)
        return func(*args, **kwargs)


def unfilled(factory: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``factory(*args, **kwargs)``, large tensors left without numbers."""
    with Unfilled():
        return factory(*args, **kwargs)


def is_module(value: object) -> bool:
    """Whether ``value`` is an ``nn.Module``."""
    return isinstance(value, nn.Module)


def parameter_shapes(module: nn.Module, example: Sequence[Sequence[int]] = ()) -> dict[str, list[int] | None]:
    """Shapes of the parameters by name; None for one of a lazy layer that has none yet.

    Args:
        module: if it has lazy layers, it is called once in evaluation mode to give them their shapes.
        example: shapes of float32 inputs for that call.
    """
    lazy = nn.parameter.is_lazy
    if example and any(lazy(p) for p in module.parameters()):
        with Unfilled(), torch.no_grad():
            module.eval()(*(torch.zeros(*shape) for shape in example))
    return {name: None if lazy(p) else list(p.shape) for name, p in module.named_parameters()}


# --- Calls ----------------------------------------------------------------------------------------------------


def with_gradients(f: Callable[..., Tensor], *args: Any, **kwargs: Any) -> None:
    """Call ``f`` and run the backward pass of the sum of its result."""
    f(*args, **kwargs).sum().backward()
