"""Two workers of one core each against one, on a local cluster."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tools.light import ASSIGNMENT, events
from tools.local_cluster import PATIENCE, SCHEDULER, WRITER, LocalCluster

LOOP = """
import time
end, rounds = time.perf_counter() + 3, 0
while time.perf_counter() < end:
    rounds += sum(range(1000)) > 0
print(rounds)
"""


def measure_workers(course: Any, scratch: Path) -> dict[str, Any]:
    """The same class with one worker, with two, and with one again; all are warm, the writer starts anew.

    The mean of the runs with one counts, since a machine's speed changes meanwhile. The time is that of a run, from its
    first line in the journal to its last: grading, what travels, recording. Scheduler and writer get cores of their own
    where there are more than two; else they run beside the workers, on both cores each time. ``times_of_a_loop`` says
    what the two cores are worth together: two loops of Python at once against one.

    Raises:
        RuntimeError: with fewer than two cores.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("two workers of one core each need two cores")
    others = cores[2:] or cores[:2]
    runs = [
        _graded(course, scratch / f"run-{run}", cores[:count], others) for run, count in enumerate((1, 2, 1))
    ]
    one = (runs[0]["seconds"] + runs[2]["seconds"]) / 2
    return {
        "submissions": len(course.students(ASSIGNMENT)),
        "one": [runs[0], runs[2]],
        "two": runs[1],
        "times": round(one / runs[1]["seconds"], 2),
        "at_least": 1.8,
        "times_of_a_loop": round(_rounds(cores[:2]) / _rounds(cores[:1]), 2),
        "scheduler_and_writer": "on other cores" if cores[2:] else "beside the workers",
    }


def _graded(course: Any, scratch: Path, cores: Sequence[int], others: Sequence[int]) -> dict[str, float]:
    """The class graded with a worker on each of ``cores``: seconds, and of which processes besides the workers."""
    names = [f"worker-{number}" for number, _ in enumerate(cores, 1)]
    pinned = {name: [core] for name, core in zip(names, cores, strict=True)}
    pinned |= {SCHEDULER: others, WRITER: others}
    with closing(LocalCluster(scratch, course, names, pinned)) as cluster:
        for role in (SCHEDULER, *names):
            cluster.start(role)
        command = [*cluster.commands[WRITER], "--fresh", "--changes", "record"]
        cluster.commands[WRITER] = [*command, *course.students(ASSIGNMENT)[: len(cores)]]
        while _used(_written(cluster)) != set(names):  # a submission for each, which then has its forkservers
            pass
        cluster.commands[WRITER] = command
        scheduler = _cpu_seconds(cluster.processes[SCHEDULER].pid)
        writer = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = _written(cluster)
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        scheduler = _cpu_seconds(cluster.processes[SCHEDULER].pid) - scheduler
    assert _used(lines) == set(names), f"graded by {_used(lines)} alone"
    return {
        "seconds": round(lines[-1]["at"] - lines[0]["at"], 1),
        "scheduler_cpu_s": round(scheduler, 1),
        "writer_cpu_s": round(spent.ru_utime + spent.ru_stime - writer.ru_utime - writer.ru_stime, 1),
    }


def _used(lines: Sequence[dict[str, Any]]) -> set[str]:
    """The workers that graded something in a run."""
    return {line["worker"] for line in lines if line["event"] == "started"}


def _written(cluster: LocalCluster) -> list[dict[str, Any]]:
    """The journal of a run that ended well.

    Raises:
        RuntimeError: of one that did not, with the ends of all logs.
    """
    cluster.start(WRITER)
    process = cluster.processes[WRITER]
    if process.wait(2 * PATIENCE):
        raise RuntimeError(f"the writer ended with {process.returncode}\n{cluster.said()}")
    lines = events(cluster.course.root, process.pid)
    assert all(line["event"] != "retried" for line in lines), "something was graded twice"
    return lines


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rounds(cores: Sequence[int]) -> int:
    """What loops of Python do in three seconds, one on each core."""
    started = []
    for core in cores:
        started.append(subprocess.Popen([sys.executable, "-c", LOOP], stdout=subprocess.PIPE))
        os.sched_setaffinity(started[-1].pid, [core])
    return sum(int(process.communicate()[0]) for process in started)
