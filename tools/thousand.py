"""A thousand light submissions on this machine: is the last hundred as quick as the first, does memory stay?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.light import ASSIGNMENT, check, light_class, student

WARM_UP = 20  # submissions before the first hundred
HUNDRED = 100
LOOK = 0.2  # seconds between two looks at the process
READERS = {
    "report": ["report", ASSIGNMENT],
    "wide": ["export", ASSIGNMENT, "--wide"],
    "tests": ["export", ASSIGNMENT, "--tests"],
    "excel": ["export", ASSIGNMENT, "--format", "excel"],
}


def measure_thousand(scratch: Path, submissions: int) -> dict[str, Any]:
    """As many workers as cores, whole command; then what reads the class.

    Raises:
        AssertionError: if a grade is wrong, lost or doubled.
    """
    hundred = min(HUNDRED, submissions // 3)
    course = light_class(scratch / "thousand", submissions)
    run = Watched(course, submissions)
    check(course, submissions)
    warm = min(WARM_UP, submissions - 2 * hundred)
    first, last = (run.rate(start, hundred) for start in (warm, submissions - hundred))
    at_hundred, peak = run.peak_mb[hundred - 1], max(run.peak_mb)
    return {
        "submissions": submissions,
        "workers": len(os.sched_getaffinity(0)),
        "seconds": round(run.seconds, 1),
        "first_a_second": round(first, 3),
        "last_a_second": round(last, 3),
        "of_how_many": hundred,
        "last_of_first": round(last / first, 3),
        "at_least": 0.9,
        "peak_mb": round(peak, 1),
        "peak_mb_at_hundred": round(at_hundred, 1),
        "pss_mb": round(max(run.pss_mb), 1),
        "added_mb": round(peak - at_hundred, 1),
        "at_most_mb": 100,
        "readers_s": {name: _reading(course, arguments) for name, arguments in READERS.items()},
    }


@dataclass
class Watched:
    """A run of ``autograder grade`` in a process of its own, looked at until it ends.

    Attributes:
        ends: when each submission was done, by the journal.
        peak_mb: the process's largest resident size until then (as the kernel keeps it), at each of these.
        pss_mb: its proportional set size, at each look.
    """

    course: Any
    submissions: int
    ends: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        started = time.perf_counter()
        with (
            open(self.course.root / "grade.log", "wb") as log,
            subprocess.Popen(_command(self.course, ["grade", ASSIGNMENT]), stdout=log, stderr=log) as process,
        ):
            try:
                self._watch(process)
            finally:
                process.terminate()
        self.seconds = time.perf_counter() - started
        said = (self.course.root / "grade.log").read_text()
        assert process.returncode == 0, said[-2000:]
        assert len(self.ends) == self.submissions, f"{len(self.ends)} done of {self.submissions}"

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        journal, told = None, time.monotonic()
        while process.poll() is None:
            journal = journal or _journal(self.course, process.pid)
            if (memory := _memory_mb(process.pid)) is not None:
                self._look(journal, *memory)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"  {len(self.ends)} of {self.submissions}", file=sys.stderr, flush=True)
            time.sleep(LOOK)
        self._look(journal, self.peak_mb[-1], self.pss_mb[-1])  # what was written behind the last look

    def _look(self, journal: Any, peak: float, pss: float) -> None:
        self.pss_mb.append(pss)
        while journal is not None and (line := journal.readline()):
            event = json.loads(line)
            if event["event"] in ("graded", "held", "kept"):
                assert event["event"] == "graded" and not event["ungraded"], event
                self.ends.append(event["at"])
                self.peak_mb.append(peak)
        if self.peak_mb:
            self.peak_mb[-1] = max(self.peak_mb[-1], peak)

    def rate(self, start: int, count: int) -> float:
        """Submissions a second among the ``count`` behind the first ``start``."""
        times = sorted(self.ends)
        return count / (times[start + count - 1] - times[start - 1])


def _command(course: Any, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "autograder", *arguments, "--course", str(course.root)]


def _journal(course: Any, process: int) -> Any:
    """The journal of a process's run once there is one; each line is flushed whole."""
    found = list((course.state / ASSIGNMENT / "_runs").glob(f"*-{process}.jsonl"))
    return open(found[0], encoding="utf-8") if found else None


def _memory_mb(process: int) -> tuple[float, float] | None:
    """Peak of the resident size, and proportional set size; None when it has just ended."""
    try:
        peak = _field(f"/proc/{process}/status", "VmHWM:")
        return peak, _field(f"/proc/{process}/smaps_rollup", "Pss:")
    except (OSError, LookupError):
        return None


def _field(path: str, name: str) -> float:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def _reading(course: Any, arguments: list[str]) -> float:
    """Seconds of a command that reads the graded class; everybody must be in what it writes."""
    output = course.root / f"out-{arguments[0]}-{arguments[-1].removeprefix('--')}"
    started = time.perf_counter()
    done = subprocess.run(
        _command(course, [*arguments, "--output", str(output)]), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    assert done.returncode == 0 and output.stat().st_size, done.stderr[-2000:]
    if arguments[-1] != "excel":
        assert student(0) in output.read_text(encoding="utf-8-sig"), output
    return round(seconds, 2)
