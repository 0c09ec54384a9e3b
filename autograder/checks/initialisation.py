"""Laws of freshly initialised weights: scale, support and shape.

``weights`` is a tensor or several (independent draws of the same law): sizes add up. Draws that are copies of one
another would count twice, so ``distinct`` comes first. Each check fails a correct solution with probability at most
``alpha``; N below is the number of weights that shows a mistake with power 0.999 at alpha = 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from autograder.checks.arrays import finite
from autograder.errors import CheckFailed, GraderFailure

__all__ = ["distinct", "normal_shape", "normal_variance", "uniform_bound"]

Weights: TypeAlias = torch.Tensor | Sequence[torch.Tensor]
Floats: TypeAlias = NDArray[np.float64]

# Distance to the normal distribution function that `normal_shape` allows besides chance. A law truncated at two
# standard deviations and rescaled (what Keras calls he_normal) is 0.017 away and stays allowed; a uniform law is
# 0.057 away, signs at random on one value 0.34, absolute values 0.5.
SHAPE_TOLERANCE = 0.02


def normal_variance(
    weights: Weights,
    variance: float,
    what: str,
    alpha: float = 1e-9,
    confusions: Mapping[str, float] | None = None,
) -> None:
    """Weights of law N(0, variance): sum w^2 / variance follows chi-square with N degrees of freedom, exactly.

    Two-sided. N to separate: the variance used as standard deviation (fan_in 64) 23; PyTorch's default 1 / (3 fan)
    67; the gain missing, or fan_out for fan_in on 32 -> 64, 383; a standard deviation 10 % low 3,904; Xavier for
    He on 300 -> 120 (ratio 0.71) 1,554. ``confusions`` maps what a student may have done instead ("fan_out
    au lieu de fan_in") to the variance it gives; the nearest one that the weights do not contradict is named.
    Source: He et al., Delving Deep into Rectifiers, 2015, eq. (10); the project's own simulations.
    """
    values = _values(weights, what)
    if _chi_square_tails(values, variance) >= alpha:
        return
    measured = float(np.mean(values**2))
    likely = _nearest(values, confusions or {}, alpha)
    reason = f" : c'est ce que donne {likely}" if likely else ""
    raise CheckFailed(
        f"{what} : sur {values.size} poids, la variance mesurée vaut {_times(measured / variance)} "
        f"la variance voulue{reason}."
    )


def normal_shape(weights: Weights, variance: float, what: str, alpha: float = 1e-9) -> None:
    """Weights of known ``variance`` follow a normal law, up to ``SHAPE_TOLERANCE``.

    Three parts of alpha / 3. Some |w| exceeds sqrt(3) sigma (a uniform law of the same variance never does; asked
    from N = 251 on) and 2 sigma (a normal law cut there never does; from N = 469 on). The empirical distribution
    function is within tolerance + epsilon of the normal one, epsilon by Dvoretzky, Kiefer and Wolfowitz with
    Massart's constant (1990): 2 exp(-2 N epsilon^2) = alpha / 3. N to separate a uniform law by its tails 251,
    absolute values 49 by the distribution function.
    Source: the project's own simulations.
    """
    values = _values(weights, what)
    sigma, part = math.sqrt(variance), alpha / 3
    for multiple, law in ((math.sqrt(3), "une loi uniforme"), (2.0, "une loi normale tronquée")):
        surely = values.size * math.log1p(-2 * norm.sf(multiple)) < math.log(part)
        if surely and np.abs(values).max() <= multiple * sigma:
            raise CheckFailed(
                f"{what} : aucun des {values.size} poids ne dépasse {multiple:.2f} écarts types "
                f"en valeur absolue, comme pour {law} ; une loi normale en a."
            )
    _follows(norm.cdf(np.sort(values) / sigma), SHAPE_TOLERANCE, part, what, "normale centrée")


def uniform_bound(weights: Weights, bound: float, what: str, alpha: float = 1e-9) -> None:
    """Weights are uniform on [-bound, bound]: none beyond, the largest close to it, evenly spread.

    No |w| beyond ``bound``, up to rounding (a correct solution cannot fail); the largest is at least
    bound * (alpha / 2)^(1 / N); the empirical distribution function is within epsilon of the uniform one,
    2 exp(-2 N epsilon^2) = alpha / 2. N to separate: a bound too small by sqrt(.5) 62, by 5 % 418 (power 1); too
    large by sqrt(2) 20; a normal law of the same variance 80; only positive weights 45.
    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010,
    eq. (16); the project's own simulations.
    """
    values = _values(weights, what)
    largest = float(np.abs(values).max())
    ratio = _times(largest / bound)
    if largest > bound * (1 + 1e-6):
        raise CheckFailed(f"{what} : le plus grand poids en valeur absolue vaut {ratio} la borne.")
    if largest < bound * (alpha / 2) ** (1 / values.size):
        raise CheckFailed(
            f"{what} : sur {values.size} poids, le plus grand en valeur absolue ne vaut que {ratio} la borne."
        )
    _follows((np.sort(values) / bound + 1) / 2, 1e-6, alpha / 2, what, "uniforme centrée")


def distinct(draws: Sequence[torch.Tensor], what: str) -> None:
    """No two tensors of the same shape among ``draws`` are equal: each call draws its own numbers.

    Two independent tensors of n float32 weights are equal with probability below 2^(-20 n): give each at least two
    weights, and alpha is below 1e-12. A seed fixed inside the function makes them equal always; counted as
    independent, such copies would raise the real false-fail rate of the other checks to .27 and more
    (the project's own simulations).
    """
    if len(draws) < 2 or min(draw.numel() for draw in draws) < 2:
        raise GraderFailure("distinct: at least two draws of two weights are needed")
    if any(torch.equal(one, other) for one, other in combinations(draws, 2)):
        raise CheckFailed(
            f"{what} : deux tirages donnent exactement les mêmes nombres ; "
            "la graine est-elle fixée dans la fonction ?"
        )


def _values(weights: Weights, what: str) -> Floats:
    tensors = [weights] if isinstance(weights, torch.Tensor) else list(weights)
    flat = [finite(w, what).detach().cpu().to(torch.float64).flatten() for w in tensors]
    values: Floats = torch.cat(flat).numpy() if flat else np.empty(0)
    if not values.size:
        raise GraderFailure(f"{what}: no weight to look at")
    return values


def _chi_square_tails(values: Floats, variance: float) -> float:
    statistic = float(np.sum(values**2)) / variance
    return 2 * float(min(chi2.cdf(statistic, values.size), chi2.sf(statistic, values.size)))


def _nearest(values: Floats, confusions: Mapping[str, float], alpha: float) -> str:
    """The confusion whose variance is nearest to the measured one, if the weights do not contradict it."""
    likely = {name: _chi_square_tails(values, variance) for name, variance in confusions.items()}
    best = max(likely, key=likely.__getitem__, default="")
    return best if best and likely[best] >= alpha else ""


def _follows(cdf: Floats, tolerance: float, alpha: float, what: str, law: str) -> None:
    """``cdf``: the law's distribution function at the sorted weights, against the empirical one."""
    ranks = np.arange(cdf.size + 1) / cdf.size
    distance = float(max((ranks[1:] - cdf).max(), (cdf - ranks[:-1]).max()))
    if distance > tolerance + math.sqrt(math.log(2 / alpha) / (2 * cdf.size)):
        raise CheckFailed(
            f"{what} : la répartition des {cdf.size} poids s'écarte de {distance:.2g} d'une loi {law}."
        )


def _times(ratio: float) -> str:
    return f"{ratio:.3g} fois".replace(".", ",")
