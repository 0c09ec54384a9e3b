"""Calibrated floors: a training function reaches a minimum accuracy, IoU or area under the ROC curve.

A floor is the only thing that a score can say, and it says little: many mistakes reach a good accuracy. It stands
beside the deterministic checks of a training loop, never in their place.

``floors.json`` lies beside a suite and holds one entry an exercise::

    {"digits": {"metric": "accuracy", "floor": 0.8, "fail_rate": 0.0198, "runs": 150, "measured": {"cpu": {...}}, ...}}

``metric`` and ``floor`` are needed; ``fail_rate`` bounds the probability that one run of a right solution stays below
(with the floor at the minimum of R runs, at most 1 - .05^(1/R) at 95 % confidence). Where a submission is graded, the
``floor`` and ``fail_rate`` are those that were ``measured`` on that class of device; those at the top are the lowest
floor and the highest rate of all, for a suite that is run by hand. The rest is provenance.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from autograder.checks.wording import capital, decimal
from autograder.errors import CheckFailed, GraderFailure
from autograder.gpu import graded_on
from autograder.margins import note
from autograder.wire import raw_bytes

__all__ = ["Ability", "floor", "read_floor"]

Score: TypeAlias = float | torch.Tensor
Parameters: TypeAlias = Mapping[str, torch.Tensor]
Train: TypeAlias = Callable[[int], Score | tuple[Score, Parameters]]

ROUNDING = 1e-6  # of a score that was averaged in float32
METRICS = {"accuracy": "l'exactitude", "iou": "l'IoU moyenne", "auc": "l'aire sous la courbe ROC"}


def floor(
    train: Train, floor: float | Mapping[str, Any], what: str = "l'entraînement", tries: int = 4
) -> float:
    """One of at most ``tries`` independent runs of ``train`` scores at least ``floor``; returns that score.

    train: called with a seed that no run had before; it starts the student's random streams from it
    (``student.seed_guest(seed)``), trains, and returns the score in [0, 1], or the score and the trained
    parameters by name (``module.state_dict()``), which show a seed that is fixed in the student's code. Let it
    draw the split, and the names of the classes, from the seed too: then runs differ even there.
    floor: an entry of ``floors.json`` (``read_floor``), or a number for an accuracy.

    alpha = p^tries, p being the entry's ``fail_rate``: with the floor at the minimum of 150 runs of the reference,
    p <= .0198 and alpha <= 1.5e-7 for 4 tries, 6e-11 for 6. It stops at the first run that passes, so a right
    solution costs 1.02 runs. Two runs with identical parameters are one outcome repeated: no further run is made,
    and alpha is p. What it separates: gross mistakes only (labels shuffled, no gradient step, a frozen layer); at most
    ``tries`` times the probability that a wrong solution scores so well by luck.
    Source: the project's own simulations (150 runs of the reference, 12 to 25 of each mistake).
    """
    if tries < 1:
        raise GraderFailure(f"floor: {tries} tries")
    minimum, metric = _entry(floor)
    scores: list[float] = []
    picture: object = None  # of the best run
    seen: list[Parameters] = []
    for seed in [
        random.getrandbits(63) for _ in range(tries)
    ]:  # all at once: a run may start the streams anew
        result = train(seed)
        score, parameters = _outcome(result, what)
        if score >= minimum - ROUNDING:
            note(score, minimum)
            return score
        if score >= max(scores, default=0.0):
            picture = getattr(result[0] if isinstance(result, tuple) else result, "picture", None)
        scores.append(score)
        if parameters and any(_identical(parameters, other) for other in seen):
            text = _message(what, metric, minimum, max(scores), len(scores), repeated=True)
            raise CheckFailed(text, picture=picture)
        seen.append(parameters)
    raise BelowFloor(_message(what, metric, minimum, max(scores), len(scores)), max(scores), picture)


class BelowFloor(CheckFailed):
    """No run reached a floor; ``best`` is the best score of all."""

    def __init__(self, text: str, best: float, picture: object = None) -> None:
        super().__init__(text, picture=picture)
        self.best = best


class Ability:
    """A minimum that several tests of a suite need: once no run has reached it, the others fail without training.

    One instance a suite, at its top level: each run of a suite begins with a fresh mind. alpha is that of ``floor``,
    once for all the tests together.

    Args:
        minimum: as the ``floor`` of ``floor``.
        tries: independent runs, at most, where nothing is known yet.
    """

    def __init__(self, minimum: float | Mapping[str, Any], tries: int = 4) -> None:
        self.minimum, self.tries = minimum, tries
        self.missing = ""

    def forget(self) -> None:
        """Another solution is asked from now on."""
        self.missing = ""

    def need(self, train: Train, what: str) -> float:
        """``floor`` with the minimum, unless it is known that nothing reaches it."""
        if self.missing:
            raise CheckFailed(self.missing)
        return self.floor(train, self.minimum, what, self.tries)

    def floor(self, train: Train, minimum: float | Mapping[str, Any], what: str, tries: int = 4) -> float:
        """``floor``; what stays below the ability's own minimum is remembered."""
        try:
            return floor(train, minimum, what, tries)
        except BelowFloor as error:
            if error.best < _entry(self.minimum)[0] - ROUNDING:
                self.missing = str(error)
            raise


def read_floor(path: Path | str, exercise: str) -> dict[str, Any]:
    """The entry of ``exercise`` in a ``floors.json``, for ``floor``, as it is on the device on which this is graded."""
    try:
        entry = json.loads(Path(path).read_text(encoding="utf-8"))[exercise]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GraderFailure(f"{path} has no floor for `{exercise}` ({error!r}): calibrate it") from error
    kind, measured = graded_on(), entry.get("measured")
    if kind and measured:
        if kind not in measured:
            raise GraderFailure(f"{path} has no floor of `{exercise}` measured on {kind}: calibrate it there")
        entry = {
            **entry,
            **{key: measured[kind][key] for key in ("floor", "fail_rate") if key in measured[kind]},
        }
    _entry(entry)
    return dict(entry)


def _entry(floor: float | Mapping[str, Any]) -> tuple[float, str]:
    """Minimum and the metric's key."""
    entry = floor if isinstance(floor, Mapping) else {"metric": "accuracy", "floor": floor}
    minimum, metric = entry.get("floor"), entry.get("metric")
    if metric not in METRICS:
        raise GraderFailure(f"floor: unknown metric {metric!r}, known are {', '.join(METRICS)}")
    if isinstance(minimum, bool) or not isinstance(minimum, int | float) or not 0 < minimum <= 1:
        raise GraderFailure(f"floor: {minimum!r} is no minimum in ]0, 1]")
    return float(minimum), str(metric)


def _outcome(result: Score | tuple[Score, Parameters], what: str) -> tuple[float, Parameters]:
    score, parameters = result if isinstance(result, tuple) else (result, {})
    if not isinstance(score, int | float | np.number | torch.Tensor) or torch.as_tensor(score).numel() != 1:
        raise GraderFailure(f"floor: train returned a {type(score).__name__} for a score")
    value = float(score)
    if math.isnan(value):  # the suite computed it from what the student's module returned
        raise CheckFailed(f"{capital(what)} : le score n'est pas un nombre (sorties non finies ?).")
    if not 0 <= value <= 1 + ROUNDING:
        raise GraderFailure(f"floor: a score of {value} is not in [0, 1]")
    return value, parameters


def _identical(one: Parameters, other: Parameters) -> bool:
    """Bit by bit, so that runs that diverged to NaN in the same way count as the same."""
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and one[name].dtype == other[name].dtype
        and raw_bytes(one[name]) == raw_bytes(other[name])
        for name in one
    )


def _message(
    what: str, metric: str, minimum: float, best: float, runs: int, *, repeated: bool = False
) -> str:
    told = f"{capital(what)} : {METRICS[metric]} vaut {_decimal(best, math.floor)}"
    told += f" au mieux en {runs} essais" if runs > 1 and not repeated else ""
    told += f", sous le minimum de {_decimal(minimum, math.ceil)} demandé."
    if repeated:
        told += (
            " Deux essais de graines différentes ont donné exactement les mêmes paramètres (graine fixée dans votre "
            "code ?) : c'est un seul essai répété, et il n'y en a pas eu d'autre."
        )
    return told


def _decimal(value: float, rounded: Callable[[float], int]) -> str:
    """Rounded away from the other of two numbers, so that 0.7996 below 0.8 does not read as 0.8."""
    return decimal(rounded(round(1000 * value, 6)) / 1000, ".3f")
