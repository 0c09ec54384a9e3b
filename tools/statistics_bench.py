"""Simulates every random check: how often it fails a right solution, how often it misses a named mistake.

    python tools/statistics_bench.py            # all runs; prints the tables and writes them into docs/statistics.md
    python tools/statistics_bench.py --quick    # a tenth of them; writes nothing

A rate of 1e-9 cannot be simulated. Every check takes it as a parameter, ``alpha``, and computes with exact
distributions or with bounds, so its formula is tried at 1e-3 and 1e-4, where simulation can contradict it: too many
failures for a rate of at most alpha (probability below 1e-6 if the formula holds) end the run with exit code 1. Too
many misses for a power of 0.999 do the same, at alpha = 1e-9 itself and at the sample size of the check's docstring.

Seeds are fixed: two runs give the same tables.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import beta, binom
from torch import nn
from torch.nn import functional as F

from autograder import checks
from autograder.errors import CheckFailed

PAGE = Path(__file__).resolve().parent.parent / "docs/statistics.md"
ALPHA = 1e-9
ALPHAS = (1e-3, 1e-4)
POWER = 0.999
SURPRISE = 1e-6  # a correct formula is called wrong with at most this probability, an entry
LAYER = (32, 8, 3, 3)  # fan_in 72, fan_out 288
VARIANCE = 2 / 300
SIGMA = math.sqrt(VARIANCE)
THREE = {"identité": 0.5, "miroir": 0.3, "décalage": 0.2}


@dataclass(frozen=True)
class Law:
    """What a right solution does, and the check that must let it pass: ``trial(alpha)`` draws and checks once."""

    check: str
    sample: str
    trial: Callable[[float], object]


@dataclass(frozen=True)
class Mistake:
    """What a wrong solution does, at the sample size that the check states: ``trial()`` draws and checks once."""

    check: str
    name: str
    sample: str
    trial: Callable[[], object]


@dataclass(frozen=True)
class Rate:
    """``count`` events in ``runs``, where at most ``bound`` of them may be: what was seen does not contradict it."""

    count: int
    runs: int
    bound: float

    @property
    def holds(self) -> bool:
        return bool(binom.sf(self.count - 1, self.runs, self.bound) >= SURPRISE)

    @property
    def upper(self) -> float:
        """Clopper-Pearson, one-sided, 95 %."""
        return (
            float(beta.ppf(0.95, self.count + 1, self.runs - self.count)) if self.count < self.runs else 1.0
        )


# --- Draws ----------------------------------------------------------------------------------------------------


def normal(*shape: int, ratio: float = 1.0) -> torch.Tensor:
    """Weights whose variance is ``ratio`` times the right one."""
    return torch.randn(*shape) * (SIGMA * math.sqrt(ratio))


def uniform(*shape: int, factor: float = 1.0) -> torch.Tensor:
    """Weights on an interval ``factor`` times the right one."""
    return (torch.rand(*shape) * 2 - 1) * factor


def truncated(size: int) -> torch.Tensor:
    """A normal law cut at two standard deviations."""
    return nn.init.trunc_normal_(torch.empty(size), std=SIGMA, a=-2 * SIGMA, b=2 * SIGMA)


def layer(init: Callable[[torch.Tensor], torch.Tensor], shape: tuple[int, ...] = LAYER) -> torch.Tensor:
    return init(torch.empty(shape))


def wrong_layer(variance: float, law: str) -> torch.Tensor:
    draw = torch.randn(LAYER) if law == "normal" else uniform(*LAYER, factor=math.sqrt(3))
    return draw * math.sqrt(variance)


def integers(low: int, high: int, size: int) -> list[int]:
    """Both ends included."""
    return torch.randint(low, high + 1, (size,)).tolist()


def counts(total: int, weights: list[float]) -> list[int]:
    """How often each item comes in ``total`` draws of these weights."""
    shares = np.array(weights) / sum(weights)
    return np.random.multinomial(total, shares).tolist()


def outcomes(calls: int, probabilities: dict[str, float]) -> dict[str, int]:
    return dict(zip(probabilities, counts(calls, list(probabilities.values())), strict=True))


def successes(total: int, p: float) -> int:
    return int(np.random.binomial(total, p))


def kept(size: int, p: float) -> torch.Tensor:
    """Dropout of ones."""
    return F.dropout(torch.ones(size), p)


def orders(number: int, items: int) -> list[torch.Tensor]:
    return [torch.randperm(items) for _ in range(number)]


def batches_shuffled(items: int, size: int) -> torch.Tensor:
    """Only whole batches change places."""
    return (torch.randperm(items // size)[:, None] * size + torch.arange(size)).flatten()


def last_stays(items: int) -> torch.Tensor:
    return torch.cat([torch.randperm(items - 1), torch.tensor([items - 1])])


def draws_for(items: int, alpha: float) -> int:
    """The fewest draws of ``items`` that ``with_replacement`` takes."""
    draws, chance = 0, 0.0
    while chance > math.log(alpha):
        chance += math.log1p(-draws / items)
        draws += 1
    return draws


def items_for(alpha: float) -> int:
    """The fewest items whose order two epochs share with probability at most alpha."""
    return next(n for n in range(2, 40) if 1 / math.factorial(n) <= alpha)


# --- What is tried --------------------------------------------------------------------------------------------


def laws() -> list[Law]:
    """A right solution for each random check."""
    he = {
        "normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "uniform": lambda w: nn.init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"),
    }
    small = (6, 4, 3, 3)
    return [
        Law("normal_variance", "383 weights", lambda a: checks.normal_variance(normal(383), VARIANCE, "", a)),
        Law("normal_shape", "600 weights", lambda a: checks.normal_shape(normal(600), VARIANCE, "", a)),
        Law("uniform_bound", "418 weights", lambda a: checks.uniform_bound(uniform(418), 1.0, "", a)),
        *(
            Law(f"he ({name})", "216 weights", lambda a, f=f: checks.he(layer(f, small), "", a))
            for name, f in he.items()
        ),
        Law("share", "3,000 draws, p = .1", lambda a: checks.share(successes(3000, 0.1), 3000, 0.1, "", a)),
        Law(
            "uniform_counts",
            "800 draws of 20",
            lambda a: checks.uniform_counts(counts(800, [1] * 20), "", a),
        ),
        Law("shares", "400 calls, 3 outcomes", lambda a: checks.shares(outcomes(400, THREE), THREE, "", a)),
        Law(
            "uniform_integers",
            "200 of -2..2",
            lambda a: checks.uniform_integers(integers(-2, 2, 200), -2, 2, "", a),
        ),
        Law(
            "independent_integers",
            "700 pairs of -2..2",
            lambda a: checks.independent_integers(
                zip(integers(-2, 2, 700), integers(-2, 2, 700), strict=True), -2, 2, "", a
            ),
        ),
        Law(
            "dropout_rate",
            "5,000 elements, p = .2",
            lambda a: checks.dropout_rate(kept(5000, 0.2), 0.2, "", a),
        ),
        Law(
            "independent_masks",
            "300 elements, p = .3",
            lambda a: checks.independent_masks(kept(300, 0.3), kept(300, 0.3), 0.3, "", a),
        ),
        Law(
            "dropout_independence",
            "(8, 10, 4), p = .3",
            lambda a: checks.dropout_independence(kept(320, 0.3).reshape(8, 10, 4), 0.3, "", a),
        ),
        Law(
            "uniform_positions",
            "60 orders of 8",
            lambda a: checks.uniform_positions(orders(60, 8), 8, "", a),
        ),
        Law(
            "with_replacement",
            "draws of 50",
            lambda a: checks.with_replacement(integers(0, 49, draws_for(50, a)), 50, "", a),
        ),
        Law(
            "reshuffled",
            "2 epochs",
            lambda a: checks.reshuffled(orders(2, items_for(a)), items_for(a), "", a),
        ),
        Law(
            "varies_in_training",
            "1 unit, p = .5",
            lambda a: checks.varies_in_training(nn.Dropout(0.5), torch.ones(1, 1), "", 0.5, a),
        ),
        Law(
            "floor",
            "p = .1 a run",
            lambda a: checks.floor(
                lambda seed: float(np.random.rand() > 0.1), 0.5, tries=round(-math.log10(a))
            ),
        ),
    ]


def mistakes() -> Iterator[Mistake]:
    """Named mistakes at the sample sizes that docstrings state."""
    yield from weight_mistakes()
    yield from he_mistakes()
    yield from rate_mistakes()
    yield from dropout_mistakes()
    yield from order_mistakes()


def weight_mistakes() -> Iterator[Mistake]:
    for name, ratio, size in (
        ("variance used as standard deviation, fan_in 64", 2 / 64, 23),
        ("PyTorch's default", 1 / 6, 67),
        ("factor 2 missing; fan_out for fan_in, 32 -> 64", 0.5, 383),
        ("fan_out for fan_in, 64 -> 32", 2.0, 329),
        ("Xavier for He, 300 -> 120", 300 / 420, 1554),
        ("standard deviation 10 % low", 0.81, 3904),
    ):
        yield Mistake(
            *("normal_variance", name, f"{size:,} weights"),
            lambda r=ratio, n=size: checks.normal_variance(normal(n, ratio=r), VARIANCE, ""),
        )
    for name, draw, size in (
        ("uniform law of the same variance", lambda n: uniform(n, factor=SIGMA * math.sqrt(3)), 252),
        ("law cut at 2 standard deviations", truncated, 469),
        ("absolute values", lambda n: normal(n).abs(), 49),
    ):
        yield Mistake(
            *("normal_shape", name, f"{size:,} weights"),
            lambda d=draw, n=size: checks.normal_shape(d(n), VARIANCE, ""),
        )
    for name, draw, size in (
        ("bound too small by sqrt(.5)", lambda n: uniform(n, factor=math.sqrt(0.5)), 62),
        ("bound 5 % too small", lambda n: uniform(n, factor=0.95), 418),
        ("bound too large by sqrt(2)", lambda n: uniform(n, factor=math.sqrt(2)), 20),
        ("normal law of the same variance", lambda n: torch.randn(n) / math.sqrt(3), 80),
        ("absolute values", lambda n: uniform(n).abs(), 45),
    ):
        yield Mistake(
            *("uniform_bound", name, f"{size:,} weights"),
            lambda d=draw, n=size: checks.uniform_bound(d(n), 1.0, ""),
        )


def he_mistakes() -> Iterator[Mistake]:
    def trial(draw: Callable[[], torch.Tensor], layers: int) -> Callable[[], object]:
        return lambda: checks.he([draw() for _ in range(layers)], "")

    def sample(layers: int) -> str:
        return f"{layers * math.prod(LAYER):,} weights"

    for name, variance in checks.he_confusions(LAYER).items():
        if name != "fan_out au lieu de fan_in":  # accepted
            for law in ("normal", "uniform"):
                layers = 2 if (name, law) == ("Xavier au lieu de He", "normal") else 1
                draw = partial(wrong_layer, variance, law)
                yield Mistake("he", f"« {name} », {law}", sample(layers), trial(draw, layers))
    for name, change in (("absolute values", torch.abs), ("random signs", lambda w: w.sign() / 6)):
        yield Mistake("he", name, sample(1), trial(lambda f=change: f(layer(nn.init.kaiming_normal_)), 1))


def rate_mistakes() -> Iterator[Mistake]:
    for name, p, wrong, size in (
        ("drawn without weights: .9 for .5", 0.5, 0.9, 104),
        ("weights 1 / sqrt(n): .75 for .5", 0.5, 0.75, 315),
        (".6 for .5", 0.5, 0.6, 2101),
        (".05 for .1", 0.1, 0.05, 2390),
    ):
        yield Mistake(
            *("share", name, f"{size:,} draws"),
            lambda p=p, q=wrong, n=size: checks.share(successes(n, q), n, p, ""),
        )
    yield Mistake(
        *("uniform_counts", "one item of 20 never drawn", "800 draws"),
        lambda: checks.uniform_counts(counts(800, [0, *[1] * 19]), ""),
    )
    yield Mistake(
        *("uniform_counts", "one item of 20 drawn twice as often", "3,000 draws"),
        lambda: checks.uniform_counts(counts(3000, [2, *[1] * 19]), ""),
    )
    for name, p, wrong, size in (
        ("a flip always made: 1 for .5", 0.5, 1.0, 32),
        (".25 for .5", 0.5, 0.25, 322),
        ("p ignored: 1 for .8", 0.8, 1.0, 100),
    ):
        two = {"miroir": p, "identité": 1 - p}
        yield Mistake(
            *("shares", name, f"{size} calls"),
            lambda q=wrong, n=size, two=two: checks.shares(
                outcomes(n, {"miroir": q, "identité": 1 - q}), two, ""
            ),
        )
    yield Mistake(
        *("uniform_integers", "an end never drawn, -2..2", "104 integers"),
        lambda: checks.uniform_integers(integers(-2, 1, 104), -2, 2, ""),
    )
    yield Mistake(
        *("uniform_integers", "a rounded uniform law, -2..2", "2,181 integers"),
        lambda: checks.uniform_integers(torch.empty(2181).uniform_(-2, 2).round().int().tolist(), -2, 2, ""),
    )
    yield Mistake(
        *("independent_integers", "columns = - rows, -2..2", "604 pairs"),
        lambda: checks.independent_integers(((k, -k) for k in integers(-2, 2, 604)), -2, 2, ""),
    )


def dropout_mistakes() -> Iterator[Mistake]:
    for name, wrong, size in (
        ("1 - p for p = .2", 0.8, 49),
        ("the default .5 for .2", 0.5, 201),
        (".25 for .2", 0.25, 5861),
        (".21 for .2", 0.21, 137_723),
    ):
        yield Mistake(
            *("dropout_rate", name, f"{size:,} elements"),
            lambda q=wrong, n=size: checks.dropout_rate(kept(n, q), 0.2, ""),
        )
    for p, size in ((0.5, 31), (0.3, 40), (0.2, 56)):
        yield Mistake(
            *("independent_masks", f"the same mask, p = {p}", f"{size} elements"),
            lambda p=p, n=size: checks.independent_masks(*[kept(n, p)] * 2, p, ""),
        )
    yield Mistake(
        *("dropout_independence", "one mask for the whole batch, p = .3", "(2, 60)"),
        lambda: checks.dropout_independence(kept(60, 0.3).expand(2, 60), 0.3, ""),
    )


def order_mistakes() -> Iterator[Mistake]:
    yield Mistake(
        *("uniform_positions", "batches of two change places, 8 items", "192 orders"),
        lambda: checks.uniform_positions([batches_shuffled(8, 2) for _ in range(192)], 8, ""),
    )
    yield Mistake(
        *("uniform_positions", "the last item stays, 8 items", "192 orders"),
        lambda: checks.uniform_positions([last_stays(8) for _ in range(192)], 8, ""),
    )
    for items, size in ((1000, 198), (120, 64)):
        yield Mistake(
            *("with_replacement", f"without replacement, of {items:,}", f"{size} draws"),
            lambda n=items, k=size: checks.with_replacement(torch.randperm(n)[:k], n, ""),
        )
    yield Mistake(
        *("reshuffled", "the same order each epoch", "2 x 13 items"),
        lambda: checks.reshuffled([torch.randperm(13)] * 2, 13, ""),
    )
    yield Mistake(
        *("varies_in_training", "no dropout", "31 calls"),
        lambda: checks.varies_in_training(nn.Identity(), torch.ones(1, 1), ""),
    )


# --- Simulation -----------------------------------------------------------------------------------------------


def fails(trial: Callable[..., object], *args: float) -> bool:
    try:
        trial(*args)
    except CheckFailed:
        return True
    return False


def seed(*names: object) -> None:
    """The same numbers for an entry, whatever is tried before it."""
    number = zlib.crc32(repr(names).encode())
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def false_fails(law: Law, alpha: float, runs: int) -> Rate:
    seed(law.check, alpha)
    return Rate(sum(fails(law.trial, alpha) for _ in range(runs)), runs, alpha)


def misses(mistake: Mistake, runs: int) -> Rate:
    seed(mistake.check, mistake.name)
    return Rate(sum(not fails(mistake.trial) for _ in range(runs)), runs, 1 - POWER)


def tables(runs: dict[float, int], power_runs: int) -> tuple[str, bool]:
    """Both tables in Markdown, and whether no entry contradicts its formula."""
    nulls = [(law, [false_fails(law, alpha, runs[alpha]) for alpha in ALPHAS]) for law in laws()]
    found = [(mistake, misses(mistake, power_runs)) for mistake in mistakes()]
    rates = [rate for _, row in nulls for rate in row] + [rate for _, rate in found]
    return f"{null_table(nulls, runs)}\n\n{power_table(found, power_runs)}", all(r.holds for r in rates)


def null_table(rows: list[tuple[Law, list[Rate]]], runs: dict[float, int]) -> str:
    heads = [f"at alpha = {alpha:g} ({grouped(runs[alpha])} runs)" for alpha in ALPHAS]
    lines = [f"| check | sample | {' | '.join(heads)} |", "|---|---|---:|---:|"]
    lines += [f"| `{law.check}` | {law.sample} | {' | '.join(map(told, row))} |" for law, row in rows]
    return "\n".join(lines)


def power_table(rows: list[tuple[Mistake, Rate]], runs: int) -> str:
    lines = [f"| check | mistake | sample | missed of {grouped(runs)} |", "|---|---|---|---:|"]
    lines += [f"| `{m.check}` | {m.name} | {m.sample} | {told(rate)} |" for m, rate in rows]
    return "\n".join(lines)


def told(rate: Rate) -> str:
    return f"{rate.count}{'' if rate.holds else ' **too many**'} (≤ {rate.upper:.1e})"


def grouped(number: int) -> str:
    return f"{number:,}"


def split(page: Path) -> tuple[str, str]:
    """What stands before and behind the tables, markers included."""
    parts = re.fullmatch(
        r"(.*<!-- statistics -->\n).*(<!-- end of statistics -->.*)",
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    if parts is None:
        raise SystemExit(f"{page} has no place for the tables")
    return parts[1], parts[2]


def write(page: Path, text: str) -> None:
    """Put ``text`` between the page's markers."""
    before, behind = split(page)
    page.write_text(f"{before}\n{text}\n\n{behind}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs; print only")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    split(PAGE)  # before minutes of work, not after
    share = 10 if quick else 1
    text, holds = tables({1e-3: 10_000 // share, 1e-4: 20_000 // share}, 1000 // share)
    print(text)
    if not quick:
        write(PAGE, text)
    print("every rate holds" if holds else "a formula is contradicted: see **too many**", file=sys.stderr)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
