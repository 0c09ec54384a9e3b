"""Nothing is lost and nothing doubled while a scheduler, workers and the writer are killed at random.

A run of light submissions on a local cluster; whatever is killed, or ends because something else was killed, is started
again. Which and when is drawn from a seed; what the processes are doing at that moment is the machine's affair.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tools.light import ASSIGNMENT, check, events, light_class, student
from tools.local_cluster import WRITER, LocalCluster

WORKERS = ("worker-1", "worker-2")
LONGEST = 3.0  # seconds that a kill waits, drawn from 0 up
BUSY = 0.35  # share of the kills that wait first until a submission is being graded; the others hit what is starting
AHEAD = 0.1  # of the class graded for how many of the kills: more, and the next kill comes at once
BEHIND = 0.1  # ... less, and it waits until a submission more is recorded, so that kills meet the whole class
HELD_UP = 60.0  # seconds that it waits at most: kills may be what keeps the class from getting on
LOOK = 0.1
STUCK = 600.0  # seconds without a kill or a submission more before it is called lost


def measure_kills(
    scratch: Path, submissions: int, kills: int, seed: int, workers: Sequence[str] = WORKERS
) -> dict[str, Any]:
    """Kill and restart until the class is graded; then look at everything that was kept.

    Raises:
        AssertionError: if something was lost, doubled or graded wrong.
    """
    print(f"kills: seed {seed}", file=sys.stderr, flush=True)
    course = light_class(scratch / "kills", submissions)
    started = time.perf_counter()
    with closing(LocalCluster(scratch / "cluster", course, workers)) as cluster:
        run = Run(cluster, submissions, kills, random.Random(seed))
        try:
            run.go()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{cluster.said()}") from error
    seconds = time.perf_counter() - started
    check(course, submissions)
    run.check_journals()
    return {
        "seed": seed,
        "submissions": submissions,
        "kills": dict(sorted(run.killed.items())),
        "restarts": dict(sorted(run.restarts.items())),
        "runs_of_the_writer": len(run.journals),
        "ungraded_on_the_way": sum(bool(line["ungraded"]) for line in run.graded()),
        "half_written_files": len(list((course.state / ASSIGNMENT).glob("tmp*"))),
        "lost": 0,
        "doubled": 0,
        "seconds": round(seconds, 1),
    }


class Run:
    """Kills until there have been enough, restarts until the writer has ended by itself.

    Attributes:
        killed: how often, by role.
        restarts: of what ended by itself, since something else was killed, by role.
        journals: the lines of each run of the writer.
    """

    def __init__(self, cluster: LocalCluster, submissions: int, kills: int, draw: random.Random) -> None:
        self.cluster, self.submissions, self.kills, self.draw = cluster, submissions, kills, draw
        self.killed: Counter[str] = Counter()
        self.restarts: Counter[str] = Counter()
        self.journals: list[list[dict[str, Any]]] = []

    def go(self) -> None:
        """Raises AssertionError where the class is not graded in the end, or too early."""
        for role in self.cluster.commands:
            self.cluster.start(role)
        self._next()
        moved, since = (0, 0), time.monotonic()
        while not self._restart():
            recorded = self._recorded()
            if (self.left, recorded) != moved:
                moved, since = (self.left, recorded), time.monotonic()
            assert time.monotonic() - since < STUCK, (
                f"{recorded} of {self.submissions}, and no more for {STUCK:g} s"
            )
            if self.left and self._is_due(recorded):
                self._kill(recorded)
            time.sleep(LOOK)
        assert not self.left, (
            f"graded before the last {self.left} kills: ask for fewer, or for more submissions"
        )

    @property
    def left(self) -> int:
        return self.kills - self.killed.total()

    def _next(self) -> None:
        """Draw when the next kill is due."""
        self.killed_at = time.time()  # the clock of journals
        self.delay = self.draw.uniform(0, LONGEST)
        self.counts_from = None if self.draw.random() < BUSY else time.monotonic()

    def _is_due(self, recorded: int) -> bool:
        ahead = recorded / self.submissions - self.killed.total() / self.kills
        if ahead > AHEAD:  # or the class would be graded before the last kills
            return True
        if ahead < -BEHIND and time.time() < self.killed_at + HELD_UP:
            return False
        if self.counts_from is None and self._busy():
            self.counts_from = time.monotonic()
        return self.counts_from is not None and time.monotonic() > self.counts_from + self.delay

    def _busy(self) -> bool:
        """Whether a submission has been started since the last kill."""
        lines = events(self.cluster.course.root, self.cluster.processes[WRITER].pid)
        return any(line["event"] == "started" and line["at"] > self.killed_at for line in lines)

    def _recorded(self) -> int:
        return len(list((self.cluster.course.state / ASSIGNMENT).glob("*.json")))

    def _kill(self, recorded: int) -> None:
        running = [role for role in self.cluster.commands if self.cluster.running(role)]
        role = WRITER if recorded == self.submissions else self.draw.choice(running)
        if self.cluster.kill(role):
            self.killed[role] += 1
            self._next()
            told = f"kill {self.killed.total()} of {self.kills}: {role}, {recorded} of {self.submissions} recorded"
            print(told, file=sys.stderr, flush=True)

    def _restart(self) -> bool:
        """Start again what has ended; whether the writer has done its work."""
        for role in self.cluster.commands:
            if self.cluster.running(role):
                continue
            process = self.cluster.processes[role]
            if role == WRITER:
                self.journals.append(events(self.cluster.course.root, process.pid))
                if process.returncode == 0:
                    return True
            self.restarts[role] += process.returncode >= 0
            self.cluster.start(role)
        return False

    def check_journals(self) -> None:
        """Each submission was taken for graded once in all runs, and the last run speaks of each once.

        A run that was killed between the record and its line has not told of it: the next one says "kept".

        Raises:
            AssertionError: with the submissions of which that is not true.
        """
        everybody = {student(number): 1 for number in range(self.submissions)}
        done = [
            Counter(line["student"] for line in lines if line["event"] in ("graded", "held", "kept"))
            for lines in self.journals
        ]
        assert dict(done[-1]) == everybody, f"the last run: {dict(done[-1])}"
        graded = Counter(line["student"] for line in self.graded() if not line["ungraded"])
        doubled = sorted(name for name, times in graded.items() if times > 1)
        assert not doubled, f"graded again although graded: {doubled}"

    def graded(self) -> list[dict[str, Any]]:
        return [line for lines in self.journals for line in lines if line["event"] == "graded"]
