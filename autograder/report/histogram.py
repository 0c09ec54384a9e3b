"""The distribution of the points as bars: who has a total, and above them who has not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "bars", "ticks"]

WIDTHS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
MOST = 20


@dataclass(frozen=True)
class Bar:
    """Points in [low, high), the last one [low, high]; ``final`` have a total, ``open`` have not yet."""

    low: float
    high: float
    final: int
    open: int


def bars(final: Sequence[float], unfinished: Sequence[float], most: float) -> list[Bar]:
    """Bars of equal width from 0 to ``most``, or to who has more by extra credit; at most about 20."""
    top = max([most, 1e-9, *final, *unfinished])
    width = next((width for width in WIDTHS if top / width <= MOST), top / MOST)
    count = max(1, -int(-(top - 1e-9) // width))
    return [
        Bar(
            number * width,
            (number + 1) * width,
            *(sum(_bar(value, width, count) == number for value in values) for values in (final, unfinished)),
        )
        for number in range(count)
    ]


def ticks(most: int) -> list[int]:
    """Whole numbers from 0 that reach ``most``, at most six of them."""
    step = next(step * 10**power for power in range(9) for step in (1, 2, 5) if step * 10**power * 5 >= most)
    return list(range(0, max(most, 1) + step, step))


def _bar(value: float, width: float, count: int) -> int:
    return min(int((value + 1e-9) // width), count - 1)
