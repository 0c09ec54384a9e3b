"""Solutions that look right and do nothing, and a watch on solutions that do something.

``hollow(softmax, "zeros")`` stands in ``softmax``'s place in a vacuous variant: it has the right name, and answers of
the right shape that hold nothing. ``watch(softmax, seen)`` answers as the original does and notes what an audit must
know to tell a vacuous variant from an equivalent one. Both run in the notebook, beside student code, without a secret.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["Seen", "hollow", "watch"]

ITEMS = 100_000  # of an iterator that never ends
DEPTH = 8  # of an object's attributes that tell two inputs apart
PROTOCOL = ("__call__", "__getitem__", "__iter__", "__len__", "__next__")  # methods that a suite may reach


def hollow(original: Any, kind: str, known: Iterable[str] = ()) -> Any:
    """A function or class in the place of ``original``.

    Args:
        original: the solution's function, or class, each public method of which is replaced.
        kind: what it returns: ``none``; ``input``, its first argument; ``zeros`` or ``ones`` in the shape of the right
            answer, with a gradient of 0; ``detached``, the right answer without its history; ``memorised``, the right
            answer for inputs in ``known`` and zeros for all others.
        known: fingerprints of inputs.
    """
    learnt = frozenset(known)

    def answer(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], own: int) -> Any:
        if kind == "none":
            return None
        if kind == "input":
            return next(iter((*args[own:], *kwargs.values())), None)
        if kind == "detached":
            return _detached(call(*args, **kwargs))
        if kind == "memorised" and fingerprint((args, kwargs)) in learnt:
            return call(*args, **kwargs)
        return _filled(_aside(call, args, kwargs), float(kind == "ones"), _link((args, kwargs)))

    return _replaced(original, answer)


@dataclass
class Seen:
    """What a watch noted of one name.

    Attributes:
        inputs: fingerprints of what it was called with.
        arguments: whether it was ever given any.
        answers: whether it ever returned anything but None.
        gradient: whether a gradient ever came back through what it returned.
    """

    inputs: set[str] = field(default_factory=set)
    arguments: bool = False
    answers: bool = False
    gradient: bool = False


def watch(original: Any, seen: Seen) -> Any:
    """``original``, with what it is asked and what it answers noted in ``seen``."""

    def noted(gradient: Tensor) -> None:
        seen.gradient = True

    def look(value: Any) -> None:
        for tensor in _tensors(value):
            if tensor.requires_grad:
                tensor.register_hook(noted)
        for module in _modules(value):
            module.register_forward_hook(lambda module, args, output: look(output))

    def answer(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], own: int) -> Any:
        seen.inputs.add(fingerprint((args, kwargs)))
        seen.arguments |= bool(args[own:] or kwargs)
        result = call(*args, **kwargs)
        seen.answers |= result is not None
        look(result)
        return result

    return _replaced(original, answer)


def _replaced(original: Any, answer: Callable[..., Any]) -> Any:
    """``original`` as a function, or a class of the same name, that asks ``answer(call, args, kwargs, own)``.

    ``own`` of the arguments are not the caller's: 1 for a method.
    """
    if not isinstance(original, type):
        return _asking(original, answer, 0)
    methods: dict[str, Callable[..., Any]] = {}
    for cls in reversed(original.__mro__):
        if cls.__module__ == original.__module__:
            public = (name for name in vars(cls) if name in PROTOCOL or not name.startswith("_"))
            methods |= {n: vars(cls)[n] for n in public if isinstance(vars(cls)[n], types.FunctionType)}
    members = {name: _asking(method, answer, 1) for name, method in methods.items()}
    return type(original)(original.__name__, (original,), {"__module__": original.__module__, **members})


def _asking(call: Callable[..., Any], answer: Callable[..., Any], own: int) -> Callable[..., Any]:
    @functools.wraps(call)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return answer(call, args, kwargs, own)

    return replacement


# --- Answers --------------------------------------------------------------------------------------------------


def _aside(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``call`` answers, asked with copies so that nothing changes; None where it raises."""
    with suppress(Exception):  # what has no copy, a generator say, is handed over itself
        args, kwargs = copy.deepcopy((args, kwargs))
    try:
        return call(*args, **kwargs)
    except Exception:
        return None


def _filled(value: Any, number: float, link: Any = 0.0) -> Any:
    """Something like ``value`` that holds nothing but ``number``; ``link`` is a 0 that depends on the inputs."""
    if isinstance(value, Tensor):
        filled = torch.full_like(value, number).detach()
        return filled + link.to(filled.dtype) if value.requires_grad and isinstance(link, Tensor) else filled
    if isinstance(value, np.ndarray):
        return np.full_like(value, number)
    if isinstance(value, (bool, int, float, complex)):
        return type(value)(number)
    if isinstance(value, str):
        return ""
    if isinstance(value, Mapping):
        return {key: _filled(item, number, link) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return type(value)()
    if isinstance(value, (list, tuple)):
        return type(value)([_filled(item, number, link) for item in value])
    if isinstance(value, nn.Module):
        return Empty(value, number)
    if isinstance(value, Iterator):
        return iter([_filled(item, number, link) for item in islice(value, ITEMS)])
    return Items(value, number) if hasattr(value, "__iter__") else None


def _link(inputs: Any) -> Any:
    """0, with a gradient of 0 for every input and every parameter."""
    leaves = [tensor for tensor in _tensors(inputs) if tensor.requires_grad]
    leaves += [p for module in _modules(inputs) for p in module.parameters() if p.requires_grad]
    return sum((tensor.nan_to_num(0, 0, 0).sum() * 0 for tensor in leaves), start=0.0)


class Empty(nn.Module):
    """A network without a parameter, whose answers have the shape of another's."""

    def __init__(self, original: nn.Module, number: float) -> None:
        super().__init__()
        self.original, self.number = (original,), number  # in a tuple: not one of its parts

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return _filled(_aside(self.original[0], args, kwargs), self.number, _link((args, kwargs)))


class Items:
    """A loader whose items hold nothing."""

    def __init__(self, original: Any, number: float) -> None:
        self.original, self.number = original, number

    def __iter__(self) -> Iterator[Any]:
        return (_filled(item, self.number) for item in islice(self.original, ITEMS))

    def __len__(self) -> int:
        return len(self.original)


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, Mapping):
        return {key: _detached(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_detached(item) for item in value])
    if isinstance(value, nn.Module):
        forward = value.forward
        value.forward = lambda *args, **kwargs: _detached(forward(*args, **kwargs))
    return value


def _tensors(value: Any) -> Iterator[Tensor]:
    yield from (item for item in _leaves(value) if isinstance(item, Tensor))


def _modules(value: Any) -> Iterator[nn.Module]:
    yield from (item for item in _leaves(value) if isinstance(item, nn.Module))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


# --- Inputs ---------------------------------------------------------------------------------------------------


def fingerprint(value: Any) -> str:
    """16 hexadecimal digits that are equal for equal inputs, and differ for others for all practical purposes."""
    total = hashlib.sha256()
    for part in _parts(value, DEPTH):
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:16]


def _parts(value: Any, depth: int) -> Iterator[bytes]:
    yield type(value).__name__.encode()
    if isinstance(value, Tensor):
        yield f"{value.dtype}{tuple(value.shape)}".encode()
        if value.device.type != "meta":
            yield value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}".encode() + value.tobytes()
    elif isinstance(value, torch.Generator):
        yield value.get_state().numpy().tobytes()
    elif value is None or isinstance(
        value, (bool, int, float, complex, str, bytes, torch.dtype, torch.device)
    ):
        yield repr(value).encode()
    elif depth > 0:
        for item in _inner(value):
            yield from _parts(item, depth - 1)


def _inner(value: Any) -> Iterable[Any]:
    """What an input is made of."""
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, nn.Module):
        return [value.training, *(part for pair in value.state_dict().items() for part in pair)]
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
        return [value.__qualname__]
    return [part for pair in sorted(getattr(value, "__dict__", {}).items()) for part in pair]
