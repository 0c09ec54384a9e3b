"""Laws of freshly initialised weights: scale, support and shape.

``weights`` is a tensor or several (independent draws of the same law): sizes add up. Draws that are copies of one
another would count twice, so ``distinct`` comes first. Each check fails a correct solution with probability at most
``alpha``; N below is the number of weights that shows a mistake with power 0.999 at alpha = 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import chi2, norm, uniform

from autograder.checks.arrays import finite, tensor
from autograder.checks.rates import times
from autograder.checks.wording import capital, decimal
from autograder.errors import CheckFailed, GraderFailure
from autograder.pictures import Histogram

__all__ = [
    "distinct",
    "he",
    "he_confusions",
    "normal_shape",
    "normal_variance",
    "uniform_bound",
    "unique",
    "zero_bias",
]

Weights: TypeAlias = torch.Tensor | Sequence[torch.Tensor]
Floats: TypeAlias = NDArray[np.float64]

# Distance to the normal distribution function that `normal_shape` allows besides chance. A law truncated at two
# standard deviations and rescaled (what Keras calls he_normal) is 0.017 away and stays allowed; a uniform law is
# 0.057 away, signs at random on one value 0.34, absolute values 0.5.
SHAPE_TOLERANCE = 0.02
BINS = 31  # of a picture; odd, so that one of them holds the zeros
LARGEST = 1e300  # in a picture: the width of bins is a difference, which must be a float too


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
        f"{what} : sur {values.size} poids, la variance mesurée vaut {times(measured / variance)} "
        f"la variance voulue{reason}.",
        picture=_histogram(values, what, norm(scale=math.sqrt(variance))),
    )


def normal_shape(weights: Weights, variance: float, what: str, alpha: float = 1e-9) -> None:
    """Weights of known ``variance`` follow a normal law, up to ``SHAPE_TOLERANCE``.

    Three parts of alpha / 3. Some ``|w|`` exceeds sqrt(3) sigma (a uniform law of the same variance never does; asked
    from N = 252 on) and 2 sigma (a normal law cut there never does; from N = 469 on). The empirical distribution
    function is within tolerance + epsilon of the normal one, epsilon by Dvoretzky, Kiefer and Wolfowitz with
    Massart's constant (1990): 2 exp(-2 N epsilon^2) = alpha / 3. N to separate a uniform law by its tails 252,
    absolute values 49 by the distribution function.
    Source: the project's own simulations.
    """
    values = _values(weights, what)
    sigma, part = math.sqrt(variance), alpha / 3
    for multiple, law in ((math.sqrt(3), "une loi uniforme"), (2.0, "une loi normale tronquée")):
        surely = values.size * math.log1p(-2 * norm.sf(multiple)) < math.log(part)
        if surely and np.abs(values).max() <= multiple * sigma:
            raise CheckFailed(
                f"{what} : aucun des {values.size} poids ne dépasse {decimal(multiple, '.2f')} écarts types "
                f"en valeur absolue, comme pour {law} ; une loi normale en a.",
                picture=_histogram(values, what, norm(scale=sigma)),
            )
    _follows(values, norm(scale=sigma), SHAPE_TOLERANCE, part, what, "normale centrée")


def uniform_bound(weights: Weights, bound: float, what: str, alpha: float = 1e-9) -> None:
    """Weights are uniform on [-bound, bound]: none beyond, the largest close to it, evenly spread.

    No ``|w|`` beyond ``bound``, up to rounding (a correct solution cannot fail); the largest is at least
    bound * (alpha / 2)^(1 / N); the empirical distribution function is within epsilon of the uniform one,
    2 exp(-2 N epsilon^2) = alpha / 2. N to separate: a bound too small by sqrt(.5) 62, by 5 % 418 (power 1); too
    large by sqrt(2) 20; a normal law of the same variance 80; only positive weights 45.
    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010,
    eq. (16); the project's own simulations.
    """
    values = _values(weights, what)
    largest = float(np.abs(values).max())
    ratio = times(largest / bound)
    law = uniform(-bound, 2 * bound)
    if largest > bound * (1 + 1e-6):
        raise CheckFailed(
            f"{what} : le plus grand poids en valeur absolue vaut {ratio} la borne.",
            picture=_histogram(values, what, law),
        )
    if largest < bound * (alpha / 2) ** (1 / values.size):
        raise CheckFailed(
            f"{what} : sur {values.size} poids, le plus grand en valeur absolue ne vaut que {ratio} la borne.",
            picture=_histogram(values, what, law),
        )
    _follows(values, law, 1e-6, alpha / 2, what, "uniforme centrée")


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


def unique(draws: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """``draws`` without those equal to an earlier one.

    For weights of several instances of a layer: a seed fixed in a constructor makes copies, which counted as
    independent would raise the real false-fail rate to .27 (150 weights, 20 copies). What is left is fewer weights, so
    less power, never a right solution that fails. Where fresh numbers are asked for, ``distinct`` says so instead.
    """
    kept: list[torch.Tensor] = []
    for draw in draws:
        if not any(draw.shape == other.shape and torch.equal(draw, other) for other in kept):
            kept.append(draw)
    return kept


def he_confusions(shape: Sequence[int]) -> dict[str, float]:
    """What variance each usual mistake gives for a weight ``(out, in, *kernel)``, by the name that a student reads."""
    fan_in, fan_out, positions = _fans(shape)
    named = {
        "fan_out au lieu de fan_in": 2 / fan_out,
        "Xavier au lieu de He": 2 / (fan_in + fan_out),
        "un facteur 2 oublié": 1 / fan_in,
        "la variance prise pour l'écart type": (2 / fan_in) ** 2,
        "l'initialisation par défaut de PyTorch": 1 / (3 * fan_in),
        "un tirage de variance 1": 1.0,
    }
    if positions > 1:
        named["un fan_in sans la taille du noyau"] = 2 / shape[1]
        named["un fan_in sans les canaux d'entrée"] = 2 / positions
    return named


def he(
    weights: Weights,
    what: str,
    alpha: float = 1e-9,
    fans: Sequence[str] = ("fan_in", "fan_out"),
    laws: Sequence[str] = ("normal", "uniform"),
) -> None:
    """Weights ``(out, in, *kernel)`` follow one of the laws that "He initialisation" may mean: variance 2 / fan.

    fans, laws: what is accepted. The law that a right solution takes is refused with probability at most alpha, so the
    whole check fails with at most alpha too. A wrong one must be refused by every accepted law: one layer of 8 -> 32
    channels with 3 x 3 kernels (2,304 weights) is enough for each of ``he_confusions``, normal or uniform, for
    absolute values and signs, with power 0.999, but for Xavier normal: its variance is .8 times 2 / fan_out there,
    which takes 3,572 weights, so two layers. Keep fan_out away from 2 and 6 times fan_in: there a mistake has the
    variance of the other fan.
    Source: He et al., Delving Deep into Rectifiers, 2015, eq. (10) and (14).
    """
    shape = tuple((weights if isinstance(weights, torch.Tensor) else weights[0]).shape)
    fan_in, fan_out, _ = _fans(shape)
    variances = {"fan_in": 2 / fan_in, "fan_out": 2 / fan_out}
    if not fans or not laws or not {*fans} <= variances.keys() or not {*laws} <= {"normal", "uniform"}:
        raise GraderFailure(f"he: unknown among fans {fans}, laws {laws}")
    values = _values(weights, what)
    if any(_is_he(weights, variances[fan], law, alpha) for fan in fans for law in laws):
        return
    measured = float(np.mean(values**2))
    likely = {name: v for name, v in he_confusions(shape).items() if v not in [variances[f] for f in fans]}
    told = " et ".join(f"{times(measured / variances[fan])} 2 / {fan}" for fan in fans)
    raise CheckFailed(
        f"{what} : sur {values.size} poids, la variance mesurée vaut {told}{_named(measured, values.size, likely)} ; "
        "la variance ou la forme de la loi ne convient pas.",
        picture=_histogram(values, what, norm(scale=math.sqrt(variances[fans[0]]))),
    )


def zero_bias(bias: torch.Tensor | None, what: str) -> None:
    """Every element of a bias is exactly 0 (-0 too). alpha = 0: a random start, even a small one, is not zero."""
    if bias is None:
        raise CheckFailed(f"{what} : il n'y a pas de biais.")
    values = finite(tensor(bias, what=what), what).detach().cpu().double()
    wrong = int((values != 0).sum())
    if wrong:
        largest = float(values.abs().max())
        raise CheckFailed(
            f"{capital(what)}, de forme {tuple(bias.shape)} : {wrong} valeurs sur {bias.numel()} ne sont pas nulles "
            f"(jusqu'à {decimal(largest)} en valeur absolue)."
        )


def _fans(shape: Sequence[int]) -> tuple[int, int, int]:
    """fan_in, fan_out and the number of positions of the kernel."""
    positions = math.prod(shape[2:])
    if len(shape) < 2 or not math.prod(shape):
        raise GraderFailure(f"a weight of shape {tuple(shape)} has no fans")
    return shape[1] * positions, shape[0] * positions, positions


def _is_he(weights: Weights, variance: float, law: str, alpha: float) -> bool:
    try:
        if law == "uniform":
            uniform_bound(weights, math.sqrt(3 * variance), "", alpha)
        else:
            normal_variance(weights, variance, "", alpha / 2)
            normal_shape(weights, variance, "", alpha / 2)
    except CheckFailed:
        return False
    return True


def _named(measured: float, size: int, confusions: Mapping[str, float]) -> str:
    """The confusion of the nearest variance, if within 6 standard errors of a normal law's."""
    apart = {name: abs(measured / variance - 1) for name, variance in confusions.items()}
    best = min(apart, key=apart.__getitem__)
    return f" : c'est ce que donne {best}" if apart[best] < 6 * math.sqrt(2 / size) else ""


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


def _follows(values: Floats, law: Any, tolerance: float, alpha: float, what: str, name: str) -> None:
    """The distribution function of ``law`` at the sorted values, against the empirical one."""
    cdf = law.cdf(np.sort(values))
    ranks = np.arange(cdf.size + 1) / cdf.size
    distance = float(max((ranks[1:] - cdf).max(), (cdf - ranks[:-1]).max()))
    if distance > tolerance + math.sqrt(math.log(2 / alpha) / (2 * cdf.size)):
        raise CheckFailed(
            f"{what} : la répartition des {cdf.size} poids s'écarte de {decimal(distance)} d'une loi {name}.",
            picture=_histogram(values, what, law),
        )


def _histogram(values: Floats, what: str, law: Any) -> Histogram:
    """The weights, and how many of them ``law`` (a frozen distribution of scipy) puts in each bin."""
    largest = min(max(float(np.abs(values).max()), 3 * float(law.std())), LARGEST)
    counts, edges = np.histogram(values.clip(-largest, largest), BINS, (-largest, largest))
    expected = values.size * np.diff(law.cdf(edges))
    title = capital(what) if what else "Les poids"
    return Histogram(title, -largest, largest, tuple(map(int, counts)), tuple(map(float, expected)))
