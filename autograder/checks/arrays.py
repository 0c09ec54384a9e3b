"""Comparison of tensors: shape first, then dtype and device, then finiteness, then values.

The tolerance of ``close`` is a bound, not a habit. A sum of K products computed in a format of unit
roundoff u, in any order, is within gamma_K * sum |a||b| of the exact one, gamma_K = K u / (1 - K u)
(Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1). Correct computations stay far
below it: at most 3.6 u sum |a||b| was measured up to K = 4,096 (the project's own simulations), while
the smallest mistake of the catalogue changes values by far more than 1e-4. So no correct solution fails:
alpha = 0, since nothing is random here.

``torch.allclose`` broadcasts, ``numpy.testing`` takes NaN for equal to NaN: neither is used.
Messages name the property, the shapes and the deviation, never a value that was expected or given as input.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from autograder.checks.wording import capital, decimal
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["close", "equal", "finite", "tensor"]

DType: TypeAlias = torch.dtype | tuple[torch.dtype, ...] | Literal["floating"]

# A result is seldom one sum of products: a few more roundings (an exponential, a division, a conversion)
# precede or follow it. The factor covers them and costs no sharpness: 8 gamma_K is 9e-16 K in float64 and
# 5e-7 K in float32.
SLACK = 8


def tensor(
    value: Any,
    *,
    shape: Sequence[int] | None = None,
    dtype: DType | None = None,
    device_class: str | None = None,
    requires_grad: bool | None = None,
    what: str = "le résultat",
) -> torch.Tensor:
    """``value`` itself, once it is known to be a tensor of this shape, dtype, device and autograd state.

    shape: all axes, None where any size is right. dtype: one, several, or "floating" for any floating one.
    device_class: "cpu" or "cuda", without index. requires_grad: True if autograd must reach it, False if not.
    """
    if not isinstance(value, torch.Tensor):
        raise CheckFailed(f"{capital(what)} doit être un torch.Tensor ; reçu : {_kind(value)}.")
    if shape is not None:
        _same_shape(value, tuple(shape), what)
    if dtype is not None:
        _dtype_is(value, dtype, what)
    if device_class is not None and value.device.type != device_class:
        raise CheckFailed(f"{capital(what)} est sur {value.device.type} au lieu de {device_class}.")
    if requires_grad is not None:
        _autograd_is(value, requires_grad, what)
    return value


def finite(value: torch.Tensor, what: str = "le résultat") -> torch.Tensor:
    """``value`` itself, once it is known to hold neither NaN nor infinity."""
    bad = int((~torch.isfinite(value.detach())).sum())
    if bad:
        nan = int(torch.isnan(value.detach()).sum())
        raise CheckFailed(
            f"{capital(what)}, de forme {_shape(value.shape)}, contient des valeurs non finies "
            f"(NaN : {nan}, infinies : {bad - nan}, sur {value.numel()})."
        )
    return value


def close(
    actual: Any,
    expected: Any,
    what: str,
    *,
    fan_in: int = 1,
    scale: float | torch.Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Each element of ``actual`` is within ``SLACK * gamma_K * scale`` of ``expected``, K = fan_in.

    expected: computed in float64, finite. fan_in: how many roundings may add up in one element (the terms of
    its sum; for an exponential, the magnitude of its argument too). scale: what these roundings are relative
    to, a number or a tensor of the result's shape such as ``sum |a||b|``; by default the largest ``|expected|``.
    dtype: the format whose roundings are allowed, where it is not the result's own (a float32 computation
    returned as float64, or a result whose dtype is the student's choice).
    """
    got, want = _real(actual, what), _expected(expected)
    _same_shape(got, tuple(want.shape), what)
    finite(got, what)
    error = (got.to(torch.float64) - want).abs()
    allowed = _allowed(want, fan_in, scale, dtype or _coarser(got, expected))
    wrong = error > allowed
    if bool(wrong.any()):
        worst = int((error / allowed).argmax())
        deviation, tolerance = float(error.flatten()[worst]), float(allowed.flatten()[worst])
        raise CheckFailed(
            f"{capital(what)}, de forme {_shape(got.shape)} : {_count(int(wrong.sum()), got.numel())} "
            f"à corriger ; pire écart {decimal(deviation)} (tolérance d'arrondi {decimal(tolerance, '.1g')})."
        )


def equal(actual: Any, expected: Any, what: str) -> None:
    """Exactly equal: tensors and arrays in shape and in each element, other values by ``==``.

    NaN equals nothing. The dtype is free (``tensor`` checks it): int32 and int64 indices compare by value.
    """
    if not _is_array(actual) and not _is_array(expected):
        if actual != expected:
            raise CheckFailed(f"{capital(what)} : la valeur reçue ({_kind(actual)}) n'est pas la bonne.")
        return
    got, want = _as_tensor(actual, what), _as_tensor(expected, what)
    _same_shape(got, tuple(want.shape), what)
    wrong = int((got.detach().cpu() != want.detach().cpu()).sum())
    if wrong:
        raise CheckFailed(
            f"{capital(what)}, de forme {_shape(got.shape)} : {_count(wrong, got.numel())} à corriger."
        )


def _allowed(
    want: torch.Tensor, fan_in: int, scale: float | torch.Tensor | None, dtype: torch.dtype
) -> torch.Tensor:
    """Tolerance of each element, in float64."""
    if scale is None:
        scale = float(want.abs().max()) if want.numel() else 0.0
    size = torch.as_tensor(scale, dtype=torch.float64).detach().cpu().abs()
    if size.ndim and size.shape != want.shape:
        raise GraderFailure(f"close: scale of shape {tuple(size.shape)} for a result of {tuple(want.shape)}")
    bound = SLACK * _gamma(fan_in, dtype) * size + torch.finfo(dtype).tiny
    if not bool(torch.isfinite(bound).all()):
        raise GraderFailure("close: scale is not finite")
    return bound.expand(want.shape)


def _gamma(fan_in: int, dtype: torch.dtype) -> float:
    roundoff = torch.finfo(dtype).eps / 2
    if fan_in < 1 or fan_in * roundoff >= 1:
        raise GraderFailure(f"close: no error bound for fan_in={fan_in} in {dtype}")
    return fan_in * roundoff / (1 - fan_in * roundoff)


def _coarser(got: torch.Tensor, expected: Any) -> torch.dtype:
    """The least precise floating format of the two; float64 where none is floating (integers are exact)."""
    dtypes = [v.dtype for v in (got, expected) if isinstance(v, torch.Tensor) and v.is_floating_point()]
    return max(dtypes, key=lambda d: torch.finfo(d).eps, default=torch.float64)


def _expected(value: Any) -> torch.Tensor:
    """The suite's own value in float64 on the CPU; that it is finite is a promise of the suite."""
    raw = value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))
    want = raw.detach().cpu().to(torch.float64)
    if not bool(torch.isfinite(want).all()):
        raise GraderFailure("close: the expected value is not finite; check what it was computed from")
    return want


def _real(value: Any, what: str) -> torch.Tensor:
    got = _as_tensor(value, what).detach().cpu()
    if got.is_complex():
        raise CheckFailed(f"{capital(what)} est complexe ({_dtype(got.dtype)}) au lieu de réel.")
    return got


def _as_tensor(value: Any, what: str) -> torch.Tensor:
    """Tensors as they are; numbers, lists and arrays through NumPy, which keeps Python floats in float64."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, bool | int | float | list | tuple | np.ndarray | np.generic):
        with suppress(TypeError, ValueError, RuntimeError):
            return torch.as_tensor(np.asarray(value))
    raise CheckFailed(f"{capital(what)} doit être un tenseur ou un nombre ; reçu : {_kind(value)}.")


def _is_array(value: Any) -> bool:
    return isinstance(value, torch.Tensor | np.ndarray | np.generic)


def _same_shape(got: torch.Tensor, want: tuple[int | None, ...], what: str) -> None:
    shape = tuple(got.shape)
    fits = len(shape) == len(want) and all(w is None or g == w for g, w in zip(shape, want, strict=True))
    if not fits:
        raise CheckFailed(f"{capital(what)} est de forme {_shape(shape)} au lieu de {_shape(want)}.")


def _dtype_is(got: torch.Tensor, dtype: DType, what: str) -> None:
    if dtype == "floating":
        if not got.is_floating_point():
            raise CheckFailed(f"{capital(what)} est de type {_dtype(got.dtype)} au lieu d'un type flottant.")
        return
    allowed = dtype if isinstance(dtype, tuple) else (dtype,)
    if got.dtype not in allowed:
        names = " ou ".join(_dtype(d) for d in allowed if isinstance(d, torch.dtype))
        raise CheckFailed(f"{capital(what)} est de type {_dtype(got.dtype)} au lieu de {names}.")


def _autograd_is(got: torch.Tensor, wanted: bool, what: str) -> None:
    if wanted and not got.requires_grad:
        raise CheckFailed(
            f"{capital(what)} a perdu le lien avec ses entrées : le gradient ne peut pas remonter "
            "(detach, .data, .item(), NumPy ou no_grad sur le chemin ?)."
        )
    if not wanted and got.requires_grad:
        raise CheckFailed(f"{capital(what)} garde un historique de gradient, qui devrait être coupé.")


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"un tableau NumPy de forme {_shape(value.shape)}"
    if value is None:
        return "None (un `return` oublié ?)"
    name = getattr(value, "_kind", type(value).__name__)  # a probe's handle knows the class in the guest
    return f"un objet de type {name}"


def _shape(shape: Sequence[int | None]) -> str:
    axes = ["*" if size is None else str(size) for size in shape]
    return f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})"


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _count(some: int, total: int) -> str:
    return f"{some} valeur{'s' if some > 1 else ''} sur {total}"
