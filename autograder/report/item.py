"""How the tests of a class did, as test theory asks of the items of an exam.

The discrimination of a test is its item-rest correlation: Pearson's, between passing it (0 or 1) and the points of all
other tests. About 0.2 and above, those who know more pass it more often; near 0 it measures something else; clearly
below 0, look at the test first. It is blank where everybody passed, everybody failed, or fewer than three were graded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from autograder.exports import VerdictRow
from autograder.verdict import NO_TESTS, Outcome

__all__ = ["Item", "correlation", "items"]

FEWEST = 3


@dataclass(frozen=True)
class Item:
    """One hidden test over a class; submissions where it is ungraded do not count."""

    exercise: str
    title: str
    points: float
    gate: bool
    graded: int
    passed: int
    discrimination: float | None

    @property
    def rate(self) -> float | None:
        return self.passed / self.graded if self.graded else None

    @property
    def suspicious(self) -> bool:
        """Whether those who know less pass it more often, by more than chance makes of no correlation (one in 40)."""
        return self.discrimination is not None and self.discrimination < -1.96 / sqrt(self.graded)


def items(rows: Iterable[VerdictRow]) -> list[Item]:
    """In the order in which tests first appear; what stands in the place of tests is none."""
    by_test: dict[tuple[str, str, str], dict[str, VerdictRow]] = {}
    sums: dict[str, float] = {}
    for row in (row for row in rows if row.test not in NO_TESTS):
        by_test.setdefault((row.exercise, row.test, row.title), {})[row.student] = row
        sums[row.student] = sums.get(row.student, 0.0) + _won(row)
    return [_item(list(own.values()), sums) for own in by_test.values()]


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's; None where one of the two does not vary or there are fewer than FEWEST pairs."""
    if len(xs) < FEWEST:
        return None
    x, y = fmean(xs), fmean(ys)
    dx, dy = [value - x for value in xs], [value - y for value in ys]
    norm = sqrt(sum(d * d for d in dx)) * sqrt(sum(d * d for d in dy))
    return sum(a * b for a, b in zip(dx, dy, strict=True)) / norm if norm > 1e-9 else None


def _item(rows: Sequence[VerdictRow], sums: dict[str, float]) -> Item:
    graded = [row for row in rows if row.outcome != Outcome.UNGRADED.value]
    passed = [float(row.outcome == Outcome.PASSED.value) for row in graded]
    rest = [sums[row.student] - _won(row) for row in graded]
    first = rows[0]
    return Item(
        first.exercise,
        first.title or first.test,
        first.points,
        first.gate,
        len(graded),
        int(sum(passed)),
        correlation(passed, rest),
    )


def _won(row: VerdictRow) -> float:
    """Points of the test itself, whatever a gate made of them."""
    return row.points if row.outcome == Outcome.PASSED.value else 0.0
