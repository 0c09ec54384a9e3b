"""Floors of training exercises, measured: how well right solutions score, run after run.

The floor lies ``margin`` below the lowest run (``trials``) of anything right. What R runs of the reference prove of it:
the next one stays below their minimum with probability at most 1 - .05^(1/R), with 95 % confidence, whatever the
distribution. Of an accepted variant, which has fewer runs, they prove less, and of a solution that is in no bank
nothing: hence the margin.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, quantiles, stdev
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.course import Course
from autograder.identity import versions
from autograder.trials import REFERENCE, Plan, Run, Subject, Trials

__all__ = ["calibrated", "draw", "entry_of", "fail_rate", "problems_of", "rows_of", "summary", "write_floors"]

CONFIDENCE = 0.95
TRIES = 4  # of checks.floor


def summary(scores: Sequence[float]) -> dict[str, Any]:
    """Numbers of one distribution, rounded to four digits."""
    values = {"min": min(scores), "max": max(scores), "mean": fmean(scores)}
    values["sd"] = stdev(scores) if len(scores) > 1 else 0.0
    cuts = quantiles(scores, n=20, method="inclusive") if len(scores) > 1 else list(scores) * 19
    quartiles = {"0.05": cuts[0], "0.25": cuts[4], "0.5": cuts[9], "0.75": cuts[14], "0.95": cuts[18]}
    return {
        "runs": len(scores),
        **{name: round(value, 4) for name, value in values.items()},
        "quantiles": {share: round(value, 4) for share, value in quartiles.items()},
    }


def fail_rate(runs: int) -> float:
    """Bound, at 95 % confidence, of the probability that one more run stays below the minimum of ``runs``."""
    return float(1 - (1 - CONFIDENCE) ** (1 / runs))


def entry_of(
    subject: Subject, plan: Plan, runs: Sequence[Run], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The entry of ``floors.json``: a floor for each class of device, those that ``before`` has included.

    At its top stand the lowest floor and the highest rate of them, for whoever does not know the device.
    """
    measured = _measured(subject, plan, runs)
    devices = {**(before or {}).get("measured", {}), plan.device: measured}
    lowest = min(low for device in devices.values() for low in _right_minima(device))
    fewest = min(device["reference"]["runs"] for device in devices.values())
    rate = fail_rate(fewest)
    return {
        "metric": subject.metric,
        "floor": min(device["floor"] for device in devices.values()),
        "fail_rate": round(rate, 6),
        "runs": fewest,
        "lowest": lowest,
        "margin": plan.margin,
        "bound": _bound(rate, fewest, measured),
        "measured": devices,
    }


def _measured(subject: Subject, plan: Plan, runs: Sequence[Run]) -> dict[str, Any]:
    """What was run on the plan's device, and how, and the floor there."""
    scores: dict[str, list[float]] = {solution.name: [] for solution in subject.solutions}
    for run in runs:
        scores[run.solution] += [] if run.score is None else [run.score]

    def group(kind: str) -> dict[str, Any]:
        names = [solution.name for solution in subject.solutions if solution.kind == kind]
        return {name: _brief(scores[name]) for name in names}

    numbers = {"reference": summary(scores[REFERENCE]), "accepted": group("accepted")}
    return {
        "floor": math.floor(round((min(_right_minima(numbers)) - plan.margin) * 100, 6)) / 100,
        "fail_rate": round(fail_rate(numbers["reference"]["runs"]), 6),
        "device": _device(plan.device),
        "threads": 1,
        "versions": versions(),
        "seeds": f"derive_seed({plan.secret!r}, {subject.assignment!r}, {subject.exercise!r}, solution, run)",
        **numbers,
        "mutants": group("mutant"),
    }


def _brief(scores: Sequence[float]) -> dict[str, Any]:
    """Of a variant: how many runs had a score, and which."""
    numbers = summary(scores) if scores else {"runs": 0}
    return {key: numbers[key] for key in ("runs", "min", "mean", "max") if key in numbers}


def _right_minima(device: dict[str, Any]) -> Iterator[float]:
    yield device["reference"]["min"]
    yield from (numbers["min"] for numbers in device["accepted"].values())


def _bound(rate: float, runs: int, measured: dict[str, Any]) -> str:
    text = (
        f"One run of the reference stays below the lowest of its {runs} with probability at most "
        f"1 - .05^(1/{runs}) = {rate:.3g} (95 % confidence), {TRIES} independent ones with at most {rate**TRIES:.2g}"
    )
    fewer = sorted({numbers["runs"] for numbers in measured["accepted"].values()})
    if fewer:
        text += f"; one run of an accepted variant, by its {fewer[0]} runs, with at most {fail_rate(fewer[0]):.3g}"
    return (
        text
        + "; of solutions that are in no bank nothing is proven. The floor lies below all of these minima."
    )


def _device(kind: str) -> str:
    return torch.cuda.get_device_name() if kind == "cuda" else f"cpu ({platform.machine()})"


def problems_of(entry: dict[str, Any]) -> list[str]:
    """What an instructor must look at: mutants that reach the floor, a floor that cannot be."""
    found = []
    if not 0 < entry["floor"] <= 1:
        found.append(
            f"the floor would be {entry['floor']}: a right solution scores too low to be told from chance"
        )
    for device in entry["measured"].values():
        for name, numbers in device["mutants"].items():
            if numbers.get("max", 0.0) >= device["floor"]:
                found.append(
                    f"the mutant `{name}` reached {numbers['max']:.3f}, the floor is {device['floor']}"
                )
    return found


def rows_of(entry: dict[str, Any], device: str) -> list[tuple[str, ...]]:
    """Rows of a table: solution, kind, runs, minimum, mean, maximum; a dash where there is no score."""
    measured = entry["measured"][device]
    groups = {REFERENCE: {"the notebook's own": measured["reference"]}, "accepted": measured["accepted"]}
    return [
        (name, kind, str(numbers["runs"]), *(_shown(numbers.get(key)) for key in ("min", "mean", "max")))
        for kind, group in {**groups, "mutant": measured["mutants"]}.items()
        for name, numbers in group.items()
    ]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def write_floors(path: Path, exercise: str, entry: dict[str, Any]) -> None:
    """Put the entry into ``floors.json``, in the order of the exercises' names, by an atomic rename."""
    floors = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    floors[exercise] = entry
    text = json.dumps(dict(sorted(floors.items())), ensure_ascii=False, indent=1)
    new = path.with_suffix(".json.new")
    new.write_text(text + "\n", encoding="utf-8")
    os.replace(new, path)


def calibrated(
    course: Course, subject: Subject, plan: Plan, console: Console
) -> tuple[dict[str, Any], list[str]]:
    """Run the plan with a progress bar, write the floor and the plot; the entry and what a human must look at."""
    trials = Trials(course, subject, plan)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar, contextlib.closing(trials.results()) as results:
        task = bar.add_task(f"calibrating {subject.exercise}", total=len(trials.wanted()))
        runs = []
        for run in results:
            runs.append(run)
            bar.advance(task)
    path = course.hidden(subject.assignment) / "floors.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    entry = entry_of(subject, plan, runs, before.get(subject.exercise))
    write_floors(path, subject.exercise, entry)
    draw(course.root / "docs" / "calibration" / f"{subject.exercise}.svg", subject, runs, entry["floor"])
    return entry, problems_of(entry)


def draw(path: Path, subject: Subject, runs: Sequence[Run], floor: float) -> None:
    """The distributions as an SVG: a row a solution that has scores, a dot a run, a line for the floor."""
    from matplotlib import rc_context  # heavy, and not needed by a run
    from matplotlib.figure import Figure

    colours = {REFERENCE: "#0072b2", "accepted": "#009e73", "mutant": "#d55e00"}
    kinds = {solution.name: solution.kind for solution in subject.solutions}
    scores = {name: [r.score for r in runs if r.solution == name and r.score is not None] for name in kinds}
    rows = sorted((name for name in kinds if scores[name]), key=lambda name: [*colours].index(kinds[name]))
    with rc_context({"svg.hashsalt": subject.exercise, "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 1.2 + 0.26 * len(rows)))
        axes = figure.subplots()
        for row, name in enumerate(rows):
            heights = [
                row + 0.3 * math.sin(12.9898 * i) for i in range(len(scores[name]))
            ]  # dots side by side
            axes.plot(scores[name], heights, "o", ms=3, mew=0, alpha=0.5, color=colours[kinds[name]])
        axes.axvline(floor, color="black", lw=1, label=f"floor {floor:g}")
        axes.set_yticks(range(len(rows)), rows, fontsize=7)
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(f"{subject.metric} of one training ({subject.assignment}, {subject.exercise})")
        axes.grid(axis="x", alpha=0.3)
        axes.legend(loc="lower left", fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")
