"""The statistics bench, quick and with fixed seeds: rates and powers hold, and a formula that does not is seen."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path

import pytest
from scipy.stats import binom

from autograder import checks
from tools.statistics_bench import (
    PAGE,
    Law,
    Mistake,
    Rate,
    false_fails,
    laws,
    misses,
    mistakes,
    successes,
    write,
)

RUNS, POWER_RUNS, ALPHA = 300, 20, 1e-2


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.check)
def test_a_right_solution_fails_at_most_as_often_as_is_stated(law):
    rate = false_fails(law, ALPHA, RUNS)
    assert rate.holds, rate


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: f"{mistake.check}-{mistake.name}")
def test_a_mistake_is_caught_at_the_size_that_is_stated(mistake):
    rate = misses(mistake, POWER_RUNS)
    assert rate.holds, rate


def test_every_check_that_takes_a_rate_is_simulated():
    random = {name for name in checks.__all__ if "alpha" in signature(getattr(checks, name)).parameters}
    assert len(random) > 10
    assert {law.check.split()[0] for law in laws()} == random | {"floor"}


def test_a_formula_that_promises_too_much_is_seen():
    def ten_times_as_often(alpha):
        checks.share(successes(300, 0.3), 300, 0.3, "", 10 * alpha)

    assert not false_fails(Law("share", "", ten_times_as_often), ALPHA, 1000).holds


def test_a_sample_that_is_too_small_is_seen():
    half = Mistake("share", "", "", lambda: checks.share(successes(150, 0.75), 150, 0.5, ""))
    assert not misses(half, 100).holds


def test_a_rate_is_told_with_the_bound_that_its_runs_allow():
    assert Rate(0, 300, 1e-2).upper == pytest.approx(1 - 0.05 ** (1 / 300))
    assert Rate(5, 5, 1e-2).upper == 1 and not Rate(5, 5, 1e-2).holds
    edge = int(binom.isf(1e-6, 1000, 1e-2))
    assert Rate(edge, 1000, 1e-2).holds and not Rate(edge + 2, 1000, 1e-2).holds


def test_the_same_seeds_give_the_same_counts():
    law = next(law for law in laws() if law.check == "share")
    assert false_fails(law, 0.2, 100) == false_fails(law, 0.2, 100)


def test_what_is_no_failed_check_ends_the_bench():
    def broken(alpha):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        false_fails(Law("share", "", broken), ALPHA, 1)


def test_the_page_holds_the_tables_of_these_entries():
    text = re.search(
        r"<!-- statistics -->(.*)<!-- end of statistics -->", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )[1]
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert [row[:2] for row in rows[: len(laws())]] == [[f"`{law.check}`", law.sample] for law in laws()]
    assert [row[:3] for row in rows[len(laws()) :]] == [
        [f"`{m.check}`", m.name, m.sample] for m in mistakes()
    ]
    assert "too many" not in text


@pytest.mark.parametrize("old", ["", "old\n", "\nold\nand older\n\n"])
def test_tables_go_between_the_markers_and_nowhere_else(tmp_path, old):
    page: Path = tmp_path / "page.md"
    page.write_text(f"a\n<!-- statistics -->\n{old}<!-- end of statistics -->\nb\n")
    for _ in range(2):
        write(page, "new \\1")
        assert page.read_text() == "a\n<!-- statistics -->\n\nnew \\1\n\n<!-- end of statistics -->\nb\n"


def test_a_page_without_markers_is_told_before_anything_is_written(tmp_path):
    page: Path = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(SystemExit, match="no place"):
        write(page, "new")
    assert page.read_text() == "nothing"
