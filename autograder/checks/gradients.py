"""Gradients: vector-Jacobian products against a reference's, and against finite differences.

An adjoint of ones misses a dropped upstream gradient and sums errors away; one index shows one row of the Jacobian;
``gradcheck`` compares a function with itself, so a function of zeros passes it. Hence a random adjoint, compared
with a reference's products, for every input by name; and values first, always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch.autograd.gradcheck import GradcheckError

from autograder.checks.arrays import close, tensor
from autograder.checks.wording import capital
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["adjoint", "away_from_kinks", "gradcheck", "without_ties"]


def adjoint(
    outputs: Any,
    inputs: Mapping[str, torch.Tensor],
    expected_outputs: torch.Tensor,
    expected_inputs: Mapping[str, torch.Tensor],
    *,
    fan_in: int | Mapping[str, int] = 1,
    what: str = "le gradient par rapport à {name}",
) -> None:
    """For one random adjoint v, v^T J of ``outputs`` is the reference's, for each input by name.

    inputs, expected_inputs: the same names; leaves that the student's ``outputs`` and the reference's
    ``expected_outputs`` were computed from. fan_in: the number of terms in one element of a product, for each name
    or for all; the tolerance is that of ``close``, relative to the largest element of the product.
    what: what a message calls a gradient, ``{name}`` being an input's.

    alpha = 0: v is random, but the bound holds for each v. A linear map that differs from the reference's passes
    only if v is orthogonal to the difference to within rounding: probability below 1e-9 for any difference that
    matters. It separates a detached input, a dropped or transposed upstream gradient, a backward that forgets an
    option. Source: the probe "random adjoint".
    """
    if list(inputs) != list(expected_inputs):
        raise GraderFailure(f"adjoint: inputs {list(inputs)} against {list(expected_inputs)}")
    shape = tuple(expected_outputs.shape)
    got = tensor(outputs, shape=shape, dtype="floating", requires_grad=True)
    v = torch.randn(shape, dtype=torch.float64)
    wanted = _products(expected_outputs, expected_inputs, v)
    found = _products(got, inputs, v)
    for name, leaf in inputs.items():
        gradient, title = found[name], what.format(name=f"`{name}`")
        if gradient is None:
            raise CheckFailed(f"{capital(title)} n'existe pas : le résultat n'en dépend plus.")
        tensor(gradient, shape=leaf.shape, what=title)
        terms = fan_in if isinstance(fan_in, int) else fan_in[name]
        close(gradient, wanted[name], title, fan_in=terms)


def gradcheck(
    f: Callable[..., Any], inputs: tuple[torch.Tensor, ...], what: str = "le gradient", **options: Any
) -> None:
    """The gradients of ``f`` at ``inputs`` (float64, small) are those of finite differences of ``f`` itself.

    It separates a wrong backward from the right one without any reference, but not a wrong ``f`` from the right one:
    check values first, and stay away from kinks and ties, where a right gradient fails. alpha = 0 for a smooth
    function: truncation 1e-12 and rounding 1e-10 over a step of 1e-6, against torch's tolerances 1e-5 and 1e-3.
    options: those of ``torch.autograd.gradcheck``, whose error is told here without the numbers it shows.
    """
    try:
        torch.autograd.gradcheck(f, inputs, **options)
    except GradcheckError as error:
        raise CheckFailed(f"{capital(what)} {_reason(str(error))}.") from None


def away_from_kinks(*shape: int, kinks: Iterable[float] = (0.0,), margin: float = 0.05) -> torch.Tensor:
    """Normal float64 numbers that require a gradient, none within ``margin`` of a kink (of a ReLU: 0).

    ``gradcheck`` steps by 1e-6 and finds half of the slope at a kink: a right ReLU fails there. Where the kink stands
    behind a layer, look at that layer's outputs instead.
    """
    places = sorted(kinks)
    if any(right - left < 4 * margin for left, right in pairwise(places)):
        raise GraderFailure(f"away_from_kinks: no room between {places} for a margin of {margin}")
    x = torch.randn(shape, dtype=torch.float64)
    for kink in places:
        near = (x - kink).abs() < margin
        x = torch.where(near, kink + margin * torch.where(x < kink, -1.0, 1.0) * (1 + torch.rand_like(x)), x)
    return x.requires_grad_()


def without_ties(*shape: int, gap: float = 0.1) -> torch.Tensor:
    """Float64 numbers in random order that require a gradient, any two at least ``gap`` apart, around 0, none at 0.

    For maxima: at a tie each of the tied may take the gradient, and ``gradcheck`` agrees with none.
    """
    size = math.prod(shape)
    order = torch.randperm(size).to(torch.float64)
    return (gap * (order - size // 2 + 0.5)).reshape(shape).requires_grad_()


def _products(
    outputs: torch.Tensor, inputs: Mapping[str, torch.Tensor], v: torch.Tensor
) -> dict[str, torch.Tensor | None]:
    """v^T J by name, the graph kept; None where the outputs do not depend on an input."""
    leaves = list(inputs.values())
    products = torch.autograd.grad(outputs, leaves, v.to(outputs), allow_unused=True, retain_graph=True)
    return dict(zip(inputs, products, strict=True))


def _reason(text: str) -> str:
    """Torch's finding in French; its own text holds the Jacobians."""
    if "not reentrant" in text:
        return "change d'un appel à l'autre pour les mêmes entrées"
    if "expected to be zero" in text or "require" in text:
        return "n'existe pas : le résultat a perdu le lien avec ses entrées"
    return "ne correspond pas aux différences finies de votre propre fonction"
