"""Generated signatures: pen trajectories of writers, and pairs of them, genuine or forged.

A signature is what a tablet notes: (3, 128) float32, the pen's place x and y and its pressure over 128 steps. A writer
has a *shape*, a few harmonics of x and y, and a *hand* of ten traits: four of its rhythm, which say how fast the pen
runs along the shape, and six of its pressure. A forger copies the shape, and writes with a hand of their own.

Not all traits tell one hand from another. Where signatures are collected, some (two of each kind) are the same
whenever a writer signs, the others change from one day to the next: these are its *habits*. Which ones is drawn for
each data set. So what tells writers apart is learnt from the training pairs: a network that was trained on other
habits, or on a mixture of all, knows little of them. Paper moves, too: each signature has its own place and size.

There is no secret here: notebooks draw their own sets from it, a hidden one depends on its generator's seed.
The task is that of Bromley, Guyon, LeCun, Sackinger and Shah, Signature verification using a "siamese" time delay
neural network, 1993; the data are a simulation and come from no person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CHANNELS", "STEPS", "Pairs", "draw_habits", "draw_pairs"]

CHANNELS, STEPS = 3, 128
RHYTHM, PRESSURE = 4, 6  # traits of a hand
STABLE = 2  # of each kind
HARMONICS = 5  # of a shape, in each direction
DAILY = 0.15  # standard deviation of a stable trait from day to day; 1 between writers
COPY = 0.05  # of a shape's coefficients, each time that it is written, by its writer or a forger
PLACE, SIZE, NOISE = 0.5, 0.1, 0.02  # of the sheet, and of the tablet


@dataclass(frozen=True)
class Pairs:
    """Pairs of signatures a, b (N, 3, 128) float32; ``same`` (N,) int64 is 1 where one writer signed both."""

    a: Tensor
    b: Tensor
    same: Tensor

    def __len__(self) -> int:
        return len(self.same)

    def forged_first(self) -> Pairs:
        """The same pairs: all forged ones, then the genuine ones."""
        order = torch.argsort(self.same, stable=True)
        return Pairs(self.a[order], self.b[order], self.same[order])


def draw_habits(generator: torch.Generator | None = None) -> Tensor:
    """(10,) bool: the traits that are stable in each writer's hand."""
    stable = torch.zeros(RHYTHM + PRESSURE, dtype=torch.bool)
    for first, count in ((0, RHYTHM), (RHYTHM, PRESSURE)):
        stable[first + torch.randperm(count, generator=generator)[:STABLE]] = True
    return stable


def draw_pairs(
    habits: Tensor, writers: int, pairs_each: int, generator: torch.Generator | None = None
) -> Pairs:
    """``pairs_each`` pairs of each of ``writers`` new writers, in random order, half of them forged.

    Args:
        habits: the traits (10,) bool that are stable (``draw_habits``).
        generator: source of the random numbers; torch's global one by default.

    The first signature of a pair is the writer's, the second one the writer's or a forger's.
    """
    shapes = _normal(writers, 2, 2, HARMONICS, generator=generator) * _spectrum()
    hands = _normal(writers, len(habits), generator=generator)
    writer = torch.arange(writers).repeat_interleave(pairs_each)
    same = torch.arange(len(writer)) % 2
    first = _signatures(shapes[writer], _hand_of_today(hands[writer], habits, generator), generator)
    forger = _normal(len(writer), len(habits), generator=generator)
    hand = torch.where(same[:, None] == 1, _hand_of_today(hands[writer], habits, generator), forger)
    second = _signatures(shapes[writer], hand, generator)
    order = torch.randperm(len(writer), generator=generator)
    return Pairs(first[order], second[order], same[order])


def _hand_of_today(hands: Tensor, habits: Tensor, generator: torch.Generator | None) -> Tensor:
    """Hands (N, 10): stable traits move a little, the others are drawn anew."""
    fresh = _normal(*hands.shape, generator=generator)
    return torch.where(habits, hands + DAILY * fresh, fresh)


def _signatures(shapes: Tensor, hands: Tensor, generator: torch.Generator | None) -> Tensor:
    """(N, 3, 128), each written by a hand (10,) after a shape (2 axes, sine and cosine, 5 harmonics)."""
    count = len(hands)
    time = torch.linspace(0, 1, STEPS)
    rhythm, pressure = hands.split([RHYTHM, PRESSURE], dim=1)
    along = _progress(rhythm, time)
    angle = math.pi * torch.arange(1, HARMONICS + 1)[:, None] * along[:, None]
    waves = torch.stack([angle.sin(), angle.cos()], dim=1)
    copied = shapes + COPY * _normal(*shapes.shape, generator=generator)
    place = torch.einsum("nawk,nwkt->nat", copied, waves)
    place = place * (1 + SIZE * _normal(count, 1, 1, generator=generator))
    place = place + PLACE * _normal(count, 2, 1, generator=generator)
    modes = torch.cos(math.pi * torch.arange(PRESSURE)[:, None] * time)
    force = torch.sigmoid(pressure @ modes / math.sqrt(PRESSURE))
    written = torch.cat([place, force[:, None]], dim=1)
    return written + NOISE * _normal(count, CHANNELS, STEPS, generator=generator)


def _progress(rhythm: Tensor, time: Tensor) -> Tensor:
    """How far along the shape the pen is (N, T): from 0 to 1, ahead of time or behind it as the traits (N, 4) say."""
    modes = torch.arange(1, RHYTHM + 1)[:, None]
    return time + 0.06 * rhythm @ (torch.sin(math.pi * modes * time) / modes.sqrt())


def _spectrum() -> Tensor:
    """Standard deviations (5,) of a shape's harmonics: the fast ones are small."""
    return 0.6 / torch.arange(1, HARMONICS + 1).sqrt()


def _normal(*shape: int, generator: torch.Generator | None) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float32)
