"""What the results of an audit say about suites: counts, exact bounds, and the page that shows them.

Two error rates, each on two levels, each with an exact one-sided 95 % bound (Clopper and Pearson): a rate of 0 in n
is at most 1 - .05 ** (1 / n), about 3 / n. *False fail*: a right solution loses points; per verdict of one test on one
run, which says how often chance alone fails these variants, and per variant, which says how often a right solution of
another kind would fail. *False pass*: a wrong solution is not found; per run, and per mutant. Runs of one variant
are no new variants: only the level of variants speaks of solutions that nobody has written down.

``watched`` shows how far an audit is, ``show`` prints the page.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text
from scipy.stats import beta

from autograder.audit import Audit, Result
from autograder.bank import Sort
from autograder.vacuous import KINDS, LeftOut
from autograder.verdict import Outcome

__all__ = ["Appraisal", "Rate", "appraise", "show", "upper_bound", "watched"]

TELL = 30.0  # seconds between two lines of progress in a log
SLOWEST = 5


def upper_bound(found: int, total: int, confidence: float = 0.95) -> float:
    """The largest rate at which at most ``found`` in ``total`` would still be seen with probability 1 - confidence.

    Exact (Clopper and Pearson 1934), one-sided. 1 where nothing was tried.
    """
    if not 0 <= found <= total:
        raise ValueError(f"{found} of {total}")
    return 1.0 if found == total else float(beta.ppf(confidence, found + 1, total - found))


@dataclass(frozen=True)
class Rate:
    """How many of how many."""

    found: int = 0
    total: int = 0

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.found + other.found, self.total + other.total)

    @property
    def bound(self) -> float:
        return upper_bound(self.found, self.total)

    def __str__(self) -> str:
        return f"{self.found}/{self.total} (≤ {_percent(self.bound)})" if self.total else "-"


def _percent(rate: float) -> str:
    """Rounded up, as a bound must be, to two digits."""
    digits = 1 - math.floor(math.log10(100 * rate))
    return f"{math.ceil(100 * rate * 10**digits) / 10**digits:g} %"


@dataclass(frozen=True)
class Appraisal:
    """The results of one exercise, or of several together, as counts.

    Attributes:
        mutants: of the banks, killed of all; vacuous ones are counted apart.
        by_named: mutants killed by the test that they name, of those that name one.
        vacuous: those that lose points, of all.
        accepted: those that keep all points, of all.
        false_fail_runs, false_fail_variants: of the accepted; a run is one test on one seed.
        false_pass_runs, false_pass_variants: of mutants; a run is one variant with one seed.
        idle: tests that kill no mutant that no other test kills.
    """

    exercise: str
    mutants: Rate = Rate()
    by_named: Rate = Rate()
    vacuous: Rate = Rate()
    accepted: Rate = Rate()
    false_fail_runs: Rate = Rate()
    false_fail_variants: Rate = Rate()
    false_pass_runs: Rate = Rate()
    false_pass_variants: Rate = Rate()
    idle: tuple[str, ...] = ()


def appraise(exercise: str, results: Sequence[Result]) -> Appraisal:
    """Count the results of one exercise."""
    graded = [result for result in results if None not in result.points]
    vacuous = [result for result in graded if result.vacuous]
    mutants = [r for r in graded if not r.vacuous and r.variant.sort is Sort.MUTANT]
    accepted = [r for r in graded if r.variant.sort is Sort.ACCEPTED]
    named = [result for result in mutants if result.variant.killed_by]
    return Appraisal(
        exercise=exercise,
        mutants=_rate(map(_lost, mutants)),
        by_named=_rate(not result.unexpected for result in named),
        vacuous=_rate(map(_lost, vacuous)),
        accepted=_rate(not result.unexpected for result in accepted),
        false_fail_runs=_rate(
            verdict.outcome is Outcome.FAILED for r in accepted for g in r.grades for verdict in g.verdicts
        ),
        false_fail_variants=_rate(bool(result.unexpected) for result in accepted),
        false_pass_runs=_rate(points == r.max_points for r in mutants for points in r.points),
        false_pass_variants=_rate(not _lost(result) for result in mutants),
        idle=idle_tests(mutants),
    )


def together(parts: Iterable[Appraisal]) -> Appraisal:
    """The sum of several exercises' counts."""
    total = Appraisal("all")
    names = [name for name, value in vars(total).items() if isinstance(value, Rate)]
    for part in parts:
        total = replace(total, **{name: getattr(total, name) + getattr(part, name) for name in names})
    return total


def _rate(found: Iterable[bool]) -> Rate:
    values = list(found)
    return Rate(sum(values), len(values))


def _lost(result: Result) -> bool:
    """Whether a mutant lost points with every seed."""
    return all(points is not None and points < result.max_points for points in result.points)


def idle_tests(mutants: Sequence[Result]) -> tuple[str, ...]:
    """Tests that are never the only one to kill a mutant; empty where there is no mutant to kill."""
    tests = dict.fromkeys(v.test for r in mutants for grade in r.grades for v in grade.verdicts)
    alone = {r.failed_tests[0] for r in mutants if len(r.failed_tests) == 1}
    return tuple(test for test in tests if test not in alone)


def slowest(results: Sequence[Result]) -> list[tuple[float, str, str]]:
    """Mean seconds of the slowest tests, with their exercise and name."""
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for result in results:
        for verdict in (v for grade in result.grades for v in grade.verdicts):
            times[result.variant.exercise, verdict.test].append(verdict.seconds)
    means = [(sum(found) / len(found), *key) for key, found in times.items()]
    return sorted(means, reverse=True)[:SLOWEST]


def watched(audit: Audit, console: Console) -> Iterator[Result]:
    """The results of an audit as they come, with a progress bar and the time left."""
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=console) as bar, closing(audit.run()) as results:
        task = bar.add_task(f"auditing {audit.assignment}", total=audit.total)
        started = told = time.monotonic()
        for number, result in enumerate(results, 1):
            yield result
            bar.update(task, advance=1, total=audit.total)
            if not console.is_terminal and time.monotonic() - told > TELL:  # a log shows no bar
                told = time.monotonic()
                console.print(f"audited {number} of {audit.total} in {told - started:.0f} s")


# --- The page -------------------------------------------------------------------------------------------------


def show(console: Console, results: Sequence[Result], left_out: Sequence[LeftOut] = ()) -> None:
    """Print what an audit found; ``results`` of an exercise stand together."""
    parts = [
        appraise(exercise, list(found))
        for exercise, found in groupby(results, key=lambda result: result.variant.exercise)
    ]
    console.print(_kills(parts))
    console.print(_bounds(parts))
    _show_vacuous(console, [result for result in results if result.vacuous])
    _list(console, "Vacuous variants left out, since they would be right", map(str, left_out))
    idle = [f"{part.exercise}: {test}" for part in parts for test in part.idle]
    _list(console, "Tests that kill no mutant that no other test kills", idle)
    times = [f"{seconds:7.2f} s  {exercise}: {test}" for seconds, exercise, test in slowest(results)]
    _list(console, "Slowest tests (mean)", times)
    _list(console, "Not as expected", (failure(r) for r in results if r.unexpected), "bold red")


def failure(result: Result) -> str:
    """Where a variant stands, and what is wrong with it."""
    variant = result.variant
    points = " ".join("?" if points is None else f"{points:g}" for points in result.points)
    what = f"{variant.sort.value} `{variant.name}` ({points} of {result.max_points:g})"
    return f"{variant.file}:{variant.line}: {what}: {result.unexpected}"


def _list(console: Console, title: str, lines: Iterable[str], style: str = "bold") -> None:
    found = list(lines)
    if found:
        console.print(Text(f"\n{title}", style=style))
    for line in found:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _kills(parts: Sequence[Appraisal]) -> Table:
    names = ("mutants\nkilled", "by the\nnamed test", "vacuous\nkilled", "accepted\npassed")
    table = _table("What suites find", names)
    for part in _with_sum(parts):
        rates = (part.mutants, part.by_named, part.vacuous, part.accepted)
        table.add_row(part.exercise, *(_share(rate) for rate in rates))
    return table


def _bounds(parts: Sequence[Appraisal]) -> Table:
    names = ("false fail\na test run", "false fail\na variant", "false pass\na run", "false pass\na variant")
    table = _table("Found, and exact one-sided 95 % bounds", names)
    for part in _with_sum(parts):
        fails, passes = part.false_fail_runs, part.false_pass_runs
        rates = (fails, part.false_fail_variants, passes, part.false_pass_variants)
        table.add_row(part.exercise, *(str(rate).replace(" (", "\n(") for rate in rates))  # 80 columns
    return table


def _with_sum(parts: Sequence[Appraisal]) -> list[Appraisal]:
    return [*parts, together(parts)] if len(parts) > 1 else list(parts)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("exercise", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _share(rate: Rate) -> Text:
    if not rate.total:
        return Text("-", style="dim")
    return Text(f"{rate.found}/{rate.total}", style="green" if rate.found == rate.total else "bold red")


def _show_vacuous(console: Console, results: Sequence[Result]) -> None:
    """Vacuous variants that earn something although they replace all names: no fault while it is not all."""
    lines = []
    for _, found in groupby(results, key=lambda result: result.variant.exercise):
        told = [(result, result.variant.name.removeprefix("vacuous: ")) for result in found]
        most = max(name.count(" and ") for _, name in told)  # names beside the first
        for result, name in told:
            points = max(earned or 0 for earned in result.points)
            if points > 0 and name.count(" and ") == most and not name.endswith(KINDS["detached"]):
                lines.append(f"{result.variant.exercise}: {name}: {points:g} of {result.max_points:g}")
    _list(console, f"Vacuous variants that earn points ({len(lines)} of {len(results)})", lines)
