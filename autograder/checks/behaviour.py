"""How a module behaves from call to call: batches, modes, side effects. Values are compared elsewhere, always.

Two computations of the same thing may differ by rounding, since a batch of one takes other kernels than a batch of
five. ``fan_in`` bounds how many roundings may add up in one value, relative to the largest: the default, 1,024, allows
9e-13 in float64 and 5e-4 in float32, while the mistakes named here change values by 1e-2 and more.

None of these checks fails a function that does nothing: each belongs beside one that compares values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch

from autograder.checks.arrays import close, finite, tensor
from autograder.checks.wording import decimal
from autograder.errors import CheckFailed, GraderFailure
from autograder.wire import raw_bytes

__all__ = ["batch_independence", "repeatable", "unchanged", "varies_in_training"]

Inputs: TypeAlias = torch.Tensor | tuple[torch.Tensor, ...]
FAN_IN = 1024


def batch_independence(f: Callable[..., Any], x: Inputs, what: str, fan_in: int = FAN_IN) -> None:
    """Row i of f(x) is f(x[i:i+1]), for each of N >= 2 items; x may be several tensors, f(a, b).

    Give items that differ, on very different scales too. It separates a normalisation over the batch, a batch swallowed
    by a flatten, statistics of the batch in evaluation mode, a loop that returns its last item. A module with batch
    norm belongs into evaluation mode first. alpha = 0: nothing is random, up to rounding.
    Source: the probe "batch independence".
    """
    inputs = x if isinstance(x, tuple) else (x,)
    sizes = {len(value) for value in inputs}
    if len(sizes) != 1 or min(sizes) < 2 or not all(value.numel() for value in inputs):
        raise GraderFailure(f"batch_independence: batches of {sorted(sizes)} items")
    whole = _output(f(*_copies(inputs)), what)
    items = sizes.pop()
    if whole.ndim == 0 or len(whole) != items:
        raise CheckFailed(f"{what} : pour {items} exemples, le résultat est de forme {tuple(whole.shape)}.")
    scale = float(whole.double().abs().max())
    for i in range(items):
        alone = _output(f(*_copies(tuple(value[i : i + 1] for value in inputs))), f"{what}, un exemple seul")
        tensor(alone, shape=(1, *whole.shape[1:]), what=f"{what}, un exemple seul")
        told = f"{what}, l'exemple {i} dans le lot et seul"
        close(whole[i : i + 1], alone, told, fan_in=fan_in, scale=scale, dtype=_format(whole))


def repeatable(module: Any, x: Inputs, what: str, fan_in: int = FAN_IN) -> None:
    """In evaluation mode two calls with the same input give the same. The module's mode is restored.

    It separates a dropout that ignores the mode (``F.dropout(x)`` without ``training``, ``nn.Dropout`` made in
    ``forward``), noise added at each call, a counter that leaks into the result. A dropout of one unit of rate p shows
    with probability 2 p (1 - p): give many. alpha = 0.
    """
    with _mode(module, training=False):
        first, second = (_call(module, x, what) for _ in range(2))
    told = f"{what}, deux appels en mode évaluation"
    scale = float(first.double().abs().max())
    close(second, first, told, fan_in=fan_in, scale=scale, dtype=_format(first))


def varies_in_training(module: Any, x: Inputs, what: str, p: float = 0.5, alpha: float = 1e-9) -> None:
    """In training mode calls with the same input differ. The module's mode is restored.

    p: the dropout's rate. As many calls as a single unit needs to take both states but with probability ``alpha``:
    p^k + (1 - p)^k <= alpha, k = 31 for p = .5, 197 for p = .1; it stops at the first that differs, mostly the second.
    It separates a missing dropout, one that is always off, a mask drawn once. alpha = 1e-9, power 1.
    """
    calls = _calls(p, alpha)
    with _mode(module, training=True):
        first = _call(module, x, what)
        same = all(_same(_call(module, x, what), first) for _ in range(calls - 1))
    if same:
        raise CheckFailed(
            f"{what} : en mode entraînement, {calls} appels sur la même entrée donnent exactement le même résultat ; "
            "le tirage aléatoire est absent, ou fait une fois pour toutes."
        )


@contextmanager
def unchanged(
    module: Any = None,
    inputs: Mapping[str, torch.Tensor] | None = None,
    what: str = "l'appel",
    *,
    grads: bool = False,
) -> Iterator[None]:
    """What happens inside the ``with`` leaves parameters, buffers and inputs as they were, bit by bit.

    module: a module or handle; inputs: tensors by the name that a student reads. grads: also the parameters' ``.grad``.
    It separates an update of running statistics in evaluation, a training step in ``evaluate``, an operation in place
    on an argument, also through ``.data`` and NumPy. An exception of the body goes through. alpha = 0.
    """
    before = {name: _Copy(value) for name, value in _state(module, inputs, grads).items()}
    if not before:
        raise GraderFailure("unchanged: nothing to look at")
    yield
    after = _state(module, inputs, grads)
    for name, old in before.items():
        if name not in after:
            raise CheckFailed(f"`{name}` a disparu pendant {what}.")
        old.compare(after[name], name, what)
    new = sorted(after.keys() - before.keys())
    if new:
        raise CheckFailed(f"`{new[0]}` est apparu pendant {what}.")


class _Copy:
    """A tensor as it was."""

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value.detach().clone()

    def compare(self, now: torch.Tensor, name: str, what: str) -> None:
        old = self.value
        if now.shape != old.shape or now.dtype != old.dtype:
            raise CheckFailed(
                f"`{name}` est passé de la forme {tuple(old.shape)} ({old.dtype}) à {tuple(now.shape)} ({now.dtype}) "
                f"pendant {what}."
            )
        if raw_bytes(now) != raw_bytes(old):
            gap = (now.detach().cpu().double() - old.cpu().double()).abs().nan_to_num(posinf=float("inf"))
            raise CheckFailed(
                f"`{name}`, de forme {tuple(old.shape)}, a changé pendant {what} "
                f"(écart maximal {decimal(float(gap.max()))})."
            )


def _state(module: Any, inputs: Mapping[str, torch.Tensor] | None, grads: bool) -> dict[str, torch.Tensor]:
    found = dict(inputs or {})
    if module is not None:
        parameters = dict(module.named_parameters())
        found |= parameters | dict(module.named_buffers())
        if grads:
            found |= {f"{name}.grad": p.grad for name, p in parameters.items() if p.grad is not None}
    return found


@contextmanager
def _mode(module: Any, *, training: bool) -> Iterator[None]:
    """The module in this mode; its own is restored unless the body raises, since its process may be gone then."""
    before = module.training is not False
    module.train(training)
    yield
    module.train(before)


def _call(module: Any, x: Inputs, what: str) -> torch.Tensor:
    return _output(module(*_copies(x if isinstance(x, tuple) else (x,))), what)


def _copies(inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """What is done to an argument must not reach the next call."""
    return tuple(value.detach().clone() for value in inputs)


def _output(value: Any, what: str) -> torch.Tensor:
    got = finite(tensor(value, what=what), what).detach().cpu()
    if not got.numel():
        raise CheckFailed(f"{what} : le résultat est vide (forme {tuple(got.shape)}).")
    if got.is_complex():
        raise CheckFailed(f"{what} : le résultat est complexe au lieu de réel.")
    return got


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal up to rounding."""
    if one.shape != other.shape:
        return False
    allowed = FAN_IN * torch.finfo(_format(other)).eps * float(other.double().abs().max())
    return bool((one.double() - other.double()).abs().max() <= allowed)


def _format(value: torch.Tensor) -> torch.dtype:
    """The format whose roundings are allowed; integers are exact in float64."""
    return value.dtype if value.is_floating_point() else torch.float64


def _calls(p: float, alpha: float) -> int:
    """The smallest k with p^k + (1 - p)^k <= alpha."""
    if not 0 < p < 1:
        raise GraderFailure(f"varies_in_training: nothing varies at a rate of {p}")
    calls = 2
    while p**calls + (1 - p) ** calls > alpha:
        calls += 1
    return calls
