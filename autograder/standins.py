"""Small objects that suites hand to student code: a network, loaders, an optimizer that keeps count.

They are built where the student's code runs and hold no secret: their weights and batches are given by value, and
what they record is there for anyone to read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import Dataset

__all__ = [
    "FIRST_VALIDATION",
    "Away",
    "AwayLoader",
    "AwayWitness",
    "CountingSGD",
    "Doubling",
    "FixedWitness",
    "ItemDataset",
    "NormedWitness",
    "PairDataset",
    "RecordingLoader",
    "RecordingTransform",
    "ScriptedWitness",
    "SmallNet",
    "StreamLoader",
    "Witness",
    "code_of",
    "doubled",
    "draw_all",
    "fill",
    "is_module",
    "parameter_shapes",
    "unfilled",
    "with_gradients",
    "with_moves",
    "without_gradient",
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


class Doubling(torch.autograd.Function):
    """a + b, whose nodes count how often they are asked for their inputs, and refuse after ``limit`` times in all.

    A walk along every path of a graph would not end; this tells it at once, whatever the machine's speed.
    """

    limit = 100_000
    asked = 0

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        return cotangents[0], cotangents[0]


NODE: Any = Doubling._backward_cls
INPUTS: Any = NODE.next_functions


def _counted_inputs(node: Any) -> Any:
    Doubling.asked += 1
    if Doubling.asked > Doubling.limit:
        raise RuntimeError(f"plus de {Doubling.limit} visites")
    return INPUTS.__get__(node)


NODE.next_functions = property(_counted_inputs)


def doubled(x: Tensor, times: int) -> Tensor:
    """x doubled ``times`` times by ``x = x + x``: as many nodes, 2^times paths; the count of visits starts anew."""
    Doubling.asked = 0
    for _ in range(times):
        x = Doubling.apply(x, x)
    return x


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


class PairDataset(Dataset[tuple[tuple[Any, Any], int]]):
    """A training set of pairs held in memory: item i is ((a[i], b[i]), same[i]), ``same`` a plain int.

    Args:
        a, b: (N, ...) each.
        same: (N,) of 0 and 1.
    """

    def __init__(self, a: Tensor, b: Tensor, same: Tensor) -> None:
        self.a, self.b, self.same = a, b, same

    def __len__(self) -> int:
        return len(self.same)

    def __getitem__(self, index: int) -> tuple[tuple[Tensor, Tensor], int]:
        return (self.a[index], self.b[index]), int(self.same[index])


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
CREATIONS = frozenset(f"aten::{name}" for name in ("empty", "randn", "rand", "zeros", "ones"))
SCALINGS = frozenset(f"aten::{name}" for name in ("mul", "div", "add", "sub", "randn_like", "rand_like"))
MASKS = frozenset(f"aten::{name}" for name in ("lt", "gt", "le", "ge", "bitwise_or", "bitwise_and"))


class Unfilled(TorchDispatchMode):
    """Leaves large tensors as the system gives their memory: pages of zeros, which take none until they are written to.

    Operations that only put numbers into a large tensor do nothing; those that make one of any numbers, or scale one,
    make one of zeros, which satisfies whoever draws again what lies outside of its bounds (``trunc_normal_``); nor
    does the mask of what lies outside take memory. All else happens as ever, at its price.
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
                return _pages(args[0].shape, args[0].dtype, args[0].device)
            if name in MASKS and _false_everywhere(func, args):
                return _pages(args[0].shape, torch.bool, args[0].device)
        if name == "aten::empty_like" and args[0].numel() > LARGE:
            return _pages(args[0].shape, kwargs.get("dtype") or args[0].dtype, args[0].device)
        if name in CREATIONS and torch.Size(args[0]).numel() > LARGE:
            return _pages(args[0], kwargs.get("dtype"), kwargs.get("device"))
        return func(*args, **kwargs)


def _false_everywhere(compare: Any, args: Sequence[Any]) -> bool:
    """Whether ``compare`` gives False for each element, where its tensors are of one shape and of zeros alone."""
    tensors = [a for a in args if isinstance(a, Tensor) and a.ndim]
    for a in tensors:
        if a.shape != tensors[0].shape or any(bool(bound != 0) for bound in a.aminmax()):
            return False
    numbers = (a.new_zeros(()) if isinstance(a, Tensor) and a.ndim else a for a in args)
    return not bool(compare(*numbers))


def _pages(size: Sequence[int], dtype: torch.dtype | None, device: torch.device | None) -> Tensor:
    """Zeros that take no memory yet: NumPy asks the system for them, torch's allocator would write them."""
    dtype, device = dtype or torch.get_default_dtype(), torch.device(device or "cpu")
    if device.type != "cpu":
        return torch.zeros(size, dtype=dtype, device=device)
    count = torch.Size(size).numel() * dtype.itemsize
    return torch.from_numpy(np.zeros(count, dtype=np.uint8)).view(dtype).view(*size)


def unfilled(factory: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``factory(*args, **kwargs)``, large tensors left without numbers."""
    with Unfilled():
        return factory(*args, **kwargs)


def fill(module: nn.Module, pattern: Tensor) -> None:
    """Give each parameter the numbers of ``pattern`` over and over, row by row: the same network anywhere.

    Weights of several axes (out, in, ...) are scaled by sqrt(2 / fan_in): signals keep their size. Others by 0.1.

    Args:
        pattern: numbers of variance 1; as many as no width divides, so that no two rows of a weight are equal.
    """
    for p in module.parameters():
        scale = (2 / p[0].numel()) ** 0.5 if p.ndim > 1 else 0.1
        numbers = torch.empty(-(-p.numel() // len(pattern)), len(pattern))
        torch.mul(pattern.expand_as(numbers), scale, out=numbers)
        p.data = numbers.flatten()[: p.numel()].view(p.shape)


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


def without_gradient(module: nn.Module) -> list[str]:
    """Names of the parameters that have no gradient, or one of zeros where they have several axes.

    The gradient of a bias may be zero in a right network: batch norm cancels the bias before it.
    """
    return [
        name
        for name, p in module.named_parameters()
        if p.grad is None or (p.ndim > 1 and not bool(p.grad.any()))
    ]


def code_of(package: str, f: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str]:
    """Modules of ``package`` whose code ran in ``f(*args, **kwargs)``, or whose classes its result is made of."""
    ran: set[str] = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, argument: ran.add(frame.f_globals.get("__name__", "")))
    try:
        with suppress(Exception):
            made = f(*args, **kwargs)
            parts = made.modules() if isinstance(made, nn.Module) else ()
            ran |= {base.__module__ for part in parts for base in type(part).__mro__}
    finally:
        sys.setprofile(before)
    return sorted(name for name in ran if f"{name}.".startswith(f"{package}."))


# --- Networks that tell how they were trained -----------------------------------------------------------------


FIRST_VALIDATION = 1000  # numbers of training samples are below


class Journal:
    """Calls of a network in their order, shared by its deep copies.

    Attributes:
        entries: one dict a call. ``samples``: the numbers that x carries. ``modes``: the ``training`` flags of the
            network and of all it is made of. ``state``: its state dict before the call. ``logits``: what it returned.
            ``gradient``: what arrived there in a backward pass, else None; ``stale``: whether a parameter had a
            gradient already when that pass began.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Journal:
        return self


class Witness(nn.Module):
    """Linear classifier that keeps a journal: (N, 1, 2 + classes) -> (N, classes), zero at the start.

    Column 0 of x numbers the sample, from FIRST_VALIDATION on for validation; column 1 is for ``ScriptedWitness``;
    the others are the features.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.journal = Journal()
        self.linear = nn.Linear(classes, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def logits(self, samples: Sequence[int], hardness: Tensor, features: Tensor) -> Tensor:
        out: Tensor = self.linear(features)
        return out

    def forward(self, x: Tensor) -> Tensor:
        (row,) = x.unbind(1)
        entry: dict[str, Any] = {
            "samples": [int(number) for number in row[:, 0]],
            "modes": sorted({module.training for module in self.modules()}),
            "state": {name: _copied(value) for name, value in self.state_dict().items()},
            "gradient": None,
        }
        out = self.logits(entry["samples"], row[:, 1], row[:, 2:])
        entry["logits"] = _copied(out)
        self.journal.entries.append(entry)
        if out.requires_grad:
            out.register_hook(lambda gradient: self._backward(entry, gradient))
        return out

    def _backward(self, entry: dict[str, Any], gradient: Tensor) -> None:
        entry["gradient"] = _copied(gradient)
        entry["stale"] = any(p.grad is not None and bool(p.grad.any()) for p in self.parameters())


class FixedWitness(Witness):
    """Returns the features, whatever its parameters are: they take part in the loss, with gradient zero."""

    def logits(self, samples: Sequence[int], hardness: Tensor, features: Tensor) -> Tensor:
        return features + 0 * super().logits(samples, hardness, features)


class NormedWitness(Witness):
    """Batch norm and dropout before the linear layer."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.norm = nn.BatchNorm1d(classes)
        self.drop = nn.Dropout(0.4)

    def logits(self, samples: Sequence[int], hardness: Tensor, features: Tensor) -> Tensor:
        return super().logits(samples, hardness, self.drop(self.norm(features)))


class ScriptedWitness(Witness):
    """A network that is as good on validation samples as its buffer ``phase`` says: how often training went on.

    A training phase begins with the first call on other samples, gradients being recorded, after one on validation
    samples. In phase k a validation sample of hardness h is recognised where h < levels[k]: its logits are
    loudness[k] * (levels[k] - h) * features.
    """

    phase: Tensor

    def __init__(self, classes: int, levels: Sequence[float], loudness: Sequence[float]) -> None:
        super().__init__(classes)
        self.levels, self.loudness = list(levels), list(loudness)
        self.register_buffer("phase", torch.tensor(0))

    def logits(self, samples: Sequence[int], hardness: Tensor, features: Tensor) -> Tensor:
        learned = super().logits(samples, hardness, features)
        if samples[0] < FIRST_VALIDATION:
            earlier = self.journal.entries[-1]["samples"] if self.journal.entries else [FIRST_VALIDATION]
            self.phase += int(torch.is_grad_enabled() and earlier[0] >= FIRST_VALIDATION)
            return learned
        phase = min(int(self.phase), len(self.levels) - 1)
        margin = self.loudness[phase] * (self.levels[phase] - hardness)
        return margin[:, None] * features + 0 * learned


def _copied(value: Tensor) -> np.ndarray[Any, Any]:
    return np.array(value.detach().cpu())


# --- A device to move to, where there is only one -------------------------------------------------------------

ELSEWHERE = "Expected all tensors to be on the same device, but found at least two devices!"
COMPARISONS = frozenset({"eq", "ne", "__eq__", "__ne__"})  # also right where the prediction was moved instead


class Away(Tensor):
    """A tensor that behaves as if it lay on another device, until ``.to(device)`` or the like moves it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self.as_subclass(Tensor).clone().as_subclass(Away)

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name in ("to", "as_tensor", "asarray", "cuda") and _names_a_device(args[1:], kwargs):
            here = args[0].as_subclass(Tensor)
            return func(here, *args[1:], **kwargs)
        others = [a for a in (*args, *kwargs.values()) if isinstance(a, Tensor) and not isinstance(a, Away)]
        if name not in COMPARISONS and any(other.ndim for other in others):
            raise RuntimeError(ELSEWHERE)
        return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]


def _names_a_device(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    given = (*args, kwargs.get("device"), kwargs.get("other"))
    return any(
        isinstance(value, (torch.device, str, int, Tensor)) and not isinstance(value, bool) for value in given
    )


class Moves(TorchFunctionMode):
    """Sees ``torch.as_tensor(x, device=...)`` too, which asks no class of tensors for its opinion."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (torch.as_tensor, torch.asarray) and isinstance(args[0], Away):
            return Away.__torch_function__(func, types, args, kwargs)
        return func(*args, **(kwargs or {}))


def with_moves(f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)``, in which tensors that are ``Away`` may be moved in any way that torch has."""
    with Moves():
        return f(*args)


class AwayLoader:
    """A loader whose batches are elsewhere than the device."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = [tuple(batch) for batch in batches]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for batch in self._batches:
            yield tuple(value.as_subclass(Away) for value in batch)

    def __len__(self) -> int:
        return len(self._batches)


class AwayWitness(Witness):
    """A ``Witness`` that has to be moved to the device itself, and refuses batches that are elsewhere."""

    place: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.register_buffer("place", torch.zeros(1).as_subclass(Away), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.place, Away) or isinstance(x, Away):
            raise RuntimeError(ELSEWHERE)
        return super().forward(x)
