"""Training steps by their outcome: the weights after k steps, relative to how far the reference moved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from autograder.checks.arrays import equal, finite, tensor
from autograder.checks.wording import capital, decimal
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["relative_update"]

# A parameter is also judged by its own movement, so that a small one is not lost in the sum. Where it moves less
# than this share of the whole (a frozen one moves by 0), rounding of the others may reach it: judge by the whole.
SHARE = 1e-3

Parameters = torch.Tensor | Mapping[str, torch.Tensor]


def relative_update(
    theta: Any,
    theta_ref: Parameters,
    theta_0: Parameters,
    what: str = "les paramètres",
    threshold: float = 1e-8,
) -> None:
    """||theta - theta_ref|| / ||theta_ref - theta_0|| <= threshold in float64, over all parameters and for each.

    theta, theta_ref, theta_0: after the student's steps, after the reference's, before both; a tensor, or
    tensors by name (all names of ``theta_ref`` must be in ``theta``). What is not floating must be equal.

    threshold: 1e-8 where everything was computed in float64. Right variants (micro-batches, another order of
    operations, manual losses and optimizers) stay below 5.2e-15 for 5 steps; the smallest of 14 mistakes, a weight
    decay of 1e-5, gives 5.2e-4 after 5 steps. 1e-8 is six decades from the ones and four from the other, so
    alpha = 0. In float32 take 1e-3 and forgo small effects; at most 10 steps, errors grow. Some mistakes do not
    show at step 1 (no momentum, no zero_grad): take 3 to 5 steps, a short last batch, two epochs.
    Source: the project's own simulations (measured).
    """
    found, wanted, start = _named(theta, what), _named(theta_ref, what), _named(theta_0, what)
    if wanted.keys() != start.keys():
        raise GraderFailure("relative_update: theta_ref and theta_0 have different names")
    _comparable(found, wanted, what)
    _compare(_floating(found, wanted), _floating(wanted, wanted), _floating(start, wanted), what, threshold)


def _comparable(found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], what: str) -> None:
    """Names, shapes, whole numbers and finiteness, before any distance."""
    for name, value in wanted.items():
        label = f"{what}, `{name}`" if name else what
        if name not in found:
            raise CheckFailed(f"{capital(what)} : `{name}` a disparu du modèle.")
        tensor(found[name], shape=value.shape, what=label)
        if value.is_floating_point():
            finite(found[name], label)
        else:
            equal(found[name], value, label)


def _floating(
    values: Mapping[str, torch.Tensor], like: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Those that are floating in ``like``, in float64 on the CPU."""
    return {name: values[name].detach().cpu().double() for name in like if like[name].is_floating_point()}


def _compare(
    found: Mapping[str, torch.Tensor],
    wanted: Mapping[str, torch.Tensor],
    start: Mapping[str, torch.Tensor],
    what: str,
    threshold: float,
) -> None:
    error = {name: float((found[name] - wanted[name]).norm()) for name in wanted}
    moved = {name: float((wanted[name] - start[name]).norm()) for name in wanted}
    whole = _norm(moved.values())
    if not 0 < whole < float("inf"):
        raise GraderFailure(f"relative_update: the reference moved by {whole}")
    own = {name: error[name] / max(moved[name], SHARE * whole) for name in wanted}
    worst = max(own, key=lambda name: own[name])
    ratio = _norm(error.values()) / whole
    if ratio <= threshold and own[worst] <= threshold:
        return
    if all(torch.equal(found[name], start[name]) for name in wanted):
        raise CheckFailed(
            f"{capital(what)} : rien n'a changé (pas de mise à jour, ou pas sur l'objet qui a été donné ?)."
        )
    raise CheckFailed(
        f"{capital(what)} : l'écart vaut {decimal(max(ratio, own[worst]))} fois la mise à jour attendue "
        f"(tolérance d'arrondi {decimal(threshold, '.0e')}){_where(worst, found, wanted, start)}."
    )


def _where(
    name: str,
    found: Mapping[str, torch.Tensor],
    wanted: Mapping[str, torch.Tensor],
    start: Mapping[str, torch.Tensor],
) -> str:
    """The parameter that deviates most, and how."""
    if not name:
        return ""
    if torch.equal(wanted[name], start[name]):
        return f" ; `{name}` devait rester tel quel et a changé"
    if torch.equal(found[name], start[name]):
        return f" ; `{name}` n'a pas bougé (figé, ou remplacé au lieu d'être mis à jour sur place ?)"
    return f", surtout pour `{name}`, de forme {tuple(found[name].shape)}"


def _named(value: Any, what: str) -> dict[str, torch.Tensor]:
    if isinstance(value, Mapping):
        return dict(value)
    return {"": tensor(value, what=what)}


def _norm(values: Iterable[float]) -> float:
    return math.hypot(*values)
