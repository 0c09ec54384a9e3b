"""Speed and memory against stock ipykernel and stock nbgrader, all in one run on one machine.

    python tools/bench.py [--submissions 12] [--only FIGURE ...] [--json FILE]
    python tools/bench.py --only thousand workers kills [--thousand 1000] [--kills 100] [--seed N]

Nine figures, each with its target from the project's issues:

* guest:      seconds until a guest has replied to ``import torch``, against a stock ipykernel (at least 5 times
              faster);
* memory:     MB that one more guest adds (proportional set size; at most 120);
* overhead:   seconds a submission beyond its cells and the same tests in one warm process, one worker, gradebook
              included (at most 0.6);
* throughput: twice as many submissions, of a class as large as many are, against ``nbgrader autograde`` on equal
              notebooks with the same checks in hidden cells, whole commands on both sides (at least 6 times faster;
              cores busy at 85 % or more);
* resubmission: the class handed in again, all of tp1, another exercise changed in each: its share of the time of the
              first run, gradebook included (at most 0.2);
* thousand:   a thousand light submissions (tools/light.py): the pace of the last hundred against the first hundred (at
              least 0.9), memory of the process that schedules and records against that at a hundred (at most 100 MB
              more), seconds of the report and of exports;
* workers:    two local workers of a cluster with one core each against one (at least 1.8 times);
* kills:      scheduler, workers and writer killed 100 times in all during a run of 100 light submissions, and started
              again: every submission recorded once, with the right grade (none lost, none doubled);
* hostile:    a class of 40 of which 20 hang or starve, against the time that its honest half and the limits explain (at
              most 1.2 times).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for tools.*
ASSIGNMENT = "tp1"
SLICE = ("softmax", "initialisation", "sampler", "training")
STOCK_CHECK = """
### BEGIN HIDDEN TESTS
import sys
sys.path.insert(0, {root!r})
from pathlib import Path as _Path
from autograder.selfcheck import NamespaceHost as _Host
from autograder.suite import run_suite as _run
from autograder.verdict import Outcome as _Outcome
_verdicts = _run(_Path({suite!r}), _Host(globals(), []))
assert all(v.outcome is _Outcome.PASSED for v in _verdicts), [v.test for v in _verdicts]
### END HIDDEN TESTS
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=12)
    parser.add_argument("--thousand", type=int, default=1000, metavar="N", help="submissions of that figure")
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="and as many submissions")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the kills")
    parser.add_argument("--only", nargs="*", default=[], metavar="FIGURE")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started is ended with it
    figures: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for name, measure in (
            ("guest", measure_guest),
            ("memory", measure_memory),
            ("overhead", lambda: measure_overhead(Path(scratch), arguments.submissions)),
            ("throughput", lambda: measure_throughput(Path(scratch), 2 * arguments.submissions)),
            ("resubmission", lambda: measure_resubmission(Path(scratch), arguments.submissions)),
            ("thousand", lambda: measure_thousand(Path(scratch), arguments.thousand)),
            ("workers", lambda: measure_workers(Path(scratch), arguments.submissions)),
            ("kills", lambda: measure_kills(Path(scratch), arguments.kills, arguments.seed)),
            ("hostile", lambda: measure_hostile(Path(scratch))),
        ):
            if arguments.only and name not in arguments.only:
                continue
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures[name] = measure()
            print(json.dumps({name: figures[name]}), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def machine() -> dict[str, Any]:
    import torch

    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def median_of(count: int, measure: Callable[[], float]) -> dict[str, float]:
    values = sorted(measure() for _ in range(count))
    return {
        "median": round(statistics.median(values), 3),
        "min": round(values[0], 3),
        "max": round(values[-1], 3),
    }


# --- Guests ---------------------------------------------------------------------------------------------------


def measure_guest() -> dict[str, Any]:
    with forks() as server:
        ours = median_of(7, lambda: asyncio.run(ready_guest(server)))
    stock = median_of(5, stock_kernel)
    return {
        "ours_s": ours,
        "stock_s": stock,
        "times": round(stock["median"] / ours["median"], 1),
        "at_least": 5,
    }


@contextmanager
def forks(course: Any = None) -> Iterator[Any]:
    """A fresh pair of forkservers, ready, for ``course`` (default: the project's own)."""
    from autograder.course import Course
    from autograder.schedule import Forks, Options

    pair = Forks(course or Course(ROOT), Options())
    pair.wait_ready()
    try:
        yield pair
    finally:
        pair.close()


async def ready_guest(pair: Any, kernels: list[Any] | None = None) -> float:
    """Seconds from nothing to the reply to ``import torch``; the kernel is kept in ``kernels`` if given."""
    import nbformat

    from autograder.execution import Kernel
    from autograder.grading import guest_launcher
    from autograder.sandbox.limits import Limits

    launcher = guest_launcher(pair.setup, Limits(), pair.guests)
    started = time.perf_counter()
    kernel = Kernel(launcher, Limits())
    await kernel.start()
    await kernel.run_cell(nbformat.v4.new_code_cell("import torch"), 0)
    seconds = time.perf_counter() - started
    if kernels is None:
        kernel.stop()
        kernel.guest.close()
    else:
        kernels.append(kernel)
    return seconds


def stock_kernel() -> float:
    from jupyter_client.manager import start_new_kernel

    started = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="python3")
    client.execute_interactive("import torch")
    seconds = time.perf_counter() - started
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seconds


def measure_memory() -> dict[str, Any]:
    """Proportional set size that the second to fifth guest add to the tree."""
    kernels: list[Any] = []
    totals: list[float] = []

    async def grow(pair: Any) -> None:
        for _ in range(5):
            await ready_guest(pair, kernels)
            await asyncio.sleep(0.5)
            pids = [pair.guests.pid, *(pid for kernel in kernels for pid in kernel.guest.pids())]
            totals.append(sum(pss_kb(pid) for pid in pids) / 1024)
        for kernel in kernels:
            kernel.stop()
            kernel.guest.close()

    with forks() as pair:
        asyncio.run(grow(pair))
    added = [after - before for before, after in itertools.pairwise(totals[1:])]
    return {
        "added_mb": round(statistics.median(added), 1),
        "at_most": 120,
        "totals_mb": [round(t) for t in totals],
    }


def pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


# --- A class --------------------------------------------------------------------------------------------------


def make_class(folder: Path, submissions: int) -> Any:
    """A course of the four exercises of ``SLICE`` with ``submissions`` right submissions."""
    from autograder.course import Course
    from autograder.demo import make_course

    course = make_course(Course(ROOT), folder)
    notebook = course.source(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    keep_slice(notebook)
    for suites in (course.hidden(ASSIGNMENT), course.public(ASSIGNMENT)):
        for suite in suites.glob("test_*.py"):
            if suite.stem.removeprefix("test_") not in SLICE:
                suite.unlink()
    for number in range(submissions):
        target = course.submitted(ASSIGNMENT, f"student{number:02d}")
        target.mkdir(parents=True)
        shutil.copy(notebook, target)
    return course


def keep_slice(notebook: Path) -> None:
    """Leave the first code cell of a notebook and the cells of the exercises of ``SLICE``.

    The figures stay comparable while the course grows.
    """
    document = json.loads(notebook.read_text())
    cells = document["cells"]
    first = next(number for number, cell in enumerate(cells) if cell["cell_type"] == "code") + 1
    kept, waiting = cells[:first], []
    for cell in cells[first:]:
        waiting.append(cell)
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade"):
            kept += waiting if marks["grade_id"] in SLICE else []
            waiting = []
    notebook.write_text(json.dumps({**document, "cells": kept}))


def measure_overhead(scratch: Path, submissions: int) -> dict[str, Any]:
    """Grading with one worker, forkservers ready, against the same cells and suites in one warm process."""
    from autograder.console import grade_and_record
    from autograder.gradebook import ensure_registered
    from autograder.schedule import Options

    course = make_class(scratch / "overhead", submissions)
    ensure_registered(course, ASSIGNMENT)
    warm = warm_seconds(course, submissions)
    with forks(course) as pair:
        started = time.perf_counter()
        grades, recorded = grade_and_record(
            course, ASSIGNMENT, course.students(ASSIGNMENT), Options(workers=1), quiet=True, forks=pair
        )
        seconds = time.perf_counter() - started
    assert recorded and all(grade.score == grade.max_score for grade in grades)
    return {
        "graded_s": round(seconds, 2),
        "warm_process_s": round(warm, 2),
        "overhead_s_a_submission": round((seconds - warm) / submissions, 3),
        "at_most": 0.6,
    }


def warm_seconds(course: Any, submissions: int) -> float:
    """Seconds for all cells and suites of ``submissions`` notebooks in one fresh process that is warmed up first."""
    code = f"""
import sys, time
sys.path[:0] = [{str(course.root)!r}, {str(ROOT / "tools")!r}]
import bench
from pathlib import Path
from autograder.course import Course
course = Course(Path({str(course.root)!r}))
bench.run_warm(course, 'student00')
started = time.perf_counter()
for student in course.students({ASSIGNMENT!r}):
    bench.run_warm(course, student)
print(time.perf_counter() - started)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=one_thread())
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


def run_warm(course: Any, student: str) -> None:
    """All cells and all suites of one submission in this process; figures are rendered, as a kernel does."""
    import contextlib
    import io

    import torch

    from autograder.plain import PlainNotebook
    from autograder.suite import PlainHost, run_suite

    torch.set_num_threads(1)
    path = course.submitted(ASSIGNMENT, student) / f"{ASSIGNMENT}.ipynb"
    notebook = PlainNotebook(course, ASSIGNMENT, path, SLICE[0])
    notebook.shell.events.register("post_execute", render_figures)
    host = PlainHost(path, shared=True)
    host.notebooks[course.hidden(ASSIGNMENT)] = notebook
    with contextlib.redirect_stdout(io.StringIO()):
        for exercise in course.load_source(ASSIGNMENT).exercises:
            if exercise.suite:
                assert all(v.outcome.value == "passed" for v in run_suite(exercise.suite, host)), exercise.id


def render_figures() -> None:
    import matplotlib.pyplot as plt
    from IPython.core.pylabtools import print_figure

    for number in plt.get_fignums():
        print_figure(plt.figure(number))
    plt.close("all")


def one_thread() -> dict[str, str]:
    from autograder.sandbox.forkserver import ONE_THREAD

    return {**os.environ, **ONE_THREAD, "MPLBACKEND": "Agg"}


def measure_throughput(scratch: Path, submissions: int) -> dict[str, Any]:
    """Whole commands: ``autograder grade`` against ``nbgrader autograde`` with hidden tests in the notebook.

    Ours runs before and after the other, and the mean counts: a machine's speed changes meanwhile.
    """
    from autograder.gradebook import ensure_registered

    course = make_class(scratch / "ours", submissions)
    ensure_registered(course, ASSIGNMENT)
    command = [bin_path("autograder"), "grade", ASSIGNMENT, "--fresh", "--changes", "record", "--json"]
    before = processor_ticks()
    ours = [timed(command, course.root)]
    ticks, idle = (after - start for after, start in zip(processor_ticks(), before, strict=True))
    stock_root = make_stock(course, scratch / "stock")
    stock = timed([bin_path("nbgrader"), "autograde", ASSIGNMENT], stock_root)
    check_stock(stock_root, submissions)
    ours.append(timed(command, course.root))
    return {
        "submissions": submissions,
        "ours_s": [round(seconds, 1) for seconds in ours],
        "stock_s": round(stock, 1),
        "times": round(stock / statistics.fmean(ours), 2),
        "at_least": 6,
        "busy": round(1 - idle / ticks, 3),  # of what the cores can do, during our first run
        "busy_at_least": 0.85,
        "workers": os.cpu_count(),
    }


def measure_resubmission(scratch: Path, submissions: int) -> dict[str, Any]:
    """Both runs as a class is graded, forkservers ready; in each submission the cell of one exercise is changed."""
    from autograder.console import grade_and_record
    from autograder.course import Course
    from autograder.demo import make_course
    from autograder.gradebook import ensure_registered
    from autograder.schedule import Options, stored

    course = make_course(Course(ROOT), scratch / "again")
    source = json.loads((course.source(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb").read_text())
    exercises = [exercise for exercise in course.load_source(ASSIGNMENT).exercises if exercise.suite]
    students = [f"student{number:02d}" for number in range(submissions)]
    ensure_registered(course, ASSIGNMENT)

    def seconds() -> float:
        started = time.perf_counter()
        options = Options(workers=os.cpu_count() or 1)
        grades, recorded = grade_and_record(course, ASSIGNMENT, students, options, quiet=True, forks=pair)
        assert recorded and all(grade.score == grade.max_score for grade in grades)
        return time.perf_counter() - started

    for student in students:
        hand_in(course, student, source, "")
    with forks(course) as pair:
        first = seconds()
        for number, student in enumerate(students):
            hand_in(course, student, source, exercises[number % len(exercises)].solutions[-1])
        again = seconds()
    kept = [len((stored(course, ASSIGNMENT, student) or pair).seeds) for student in students]
    return {
        "first_s": round(first, 1),
        "again_s": round(again, 1),
        "share": round(again / first, 3),
        "at_most": 0.2,
        "kept": sum(kept),
        "exercises": len(exercises) * submissions,
    }


def hand_in(course: Any, student: str, source: dict[str, Any], changed: str) -> None:
    """The source as a submission, with a line more in the solution cell ``changed``."""
    cells = [dict(cell) for cell in source["cells"]]
    for cell in cells:
        if changed and cell["metadata"].get("nbgrader", {}).get("grade_id") == changed:
            cell["source"] = "".join(cell["source"]) + "\n# handed in again"
    target = course.submitted(ASSIGNMENT, student)
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{ASSIGNMENT}.ipynb").write_text(json.dumps({**source, "cells": cells}))


def measure_thousand(scratch: Path, submissions: int) -> dict[str, Any]:
    from tools import thousand

    return thousand.measure_thousand(scratch, submissions)


def measure_workers(scratch: Path, submissions: int) -> dict[str, Any]:
    from tools import workers

    course = make_class(scratch / "workers", 2 * submissions)
    return workers.measure_workers(course, scratch)


def measure_hostile(scratch: Path) -> dict[str, Any]:
    from tools import hostile

    return hostile.measure_hostile(scratch)


def measure_kills(scratch: Path, kills: int, seed: int) -> dict[str, Any]:
    from tools import kills as bench

    return bench.measure_kills(scratch, kills, kills, seed)


def bin_path(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def timed(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=one_thread())
    if done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return time.perf_counter() - started


def processor_ticks() -> tuple[int, int]:
    """What all cores have done since the machine was started: ticks in all, and those that were idle."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def make_stock(course: Any, folder: Path) -> Path:
    """The same class for stock nbgrader: its configuration, the same checks as hidden tests in the graded cells."""
    (folder / "source" / ASSIGNMENT).mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.ExecutePreprocessor.timeout = 600\n")
    document = json.loads((course.source(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb").read_text())
    for cell in document["cells"]:
        ours = cell["metadata"].get("nbgrader", {})
        if ours.get("grade"):
            suite = str(course.hidden_suite(ASSIGNMENT, ours["grade_id"]))
            cell["source"] = STOCK_CHECK.format(root=str(course.root), suite=suite)
    text = json.dumps(document)
    (folder / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text(text)
    subprocess.run(
        [bin_path("nbgrader"), "generate_assignment", ASSIGNMENT],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**one_thread(), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    for student in course.students(ASSIGNMENT):
        target = folder / "submitted" / student / ASSIGNMENT
        target.mkdir(parents=True)
        (target / f"{ASSIGNMENT}.ipynb").write_text(text)
    return folder


def check_stock(root: Path, submissions: int) -> None:
    """Stock nbgrader must have graded everything with full marks, else the comparison means nothing."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        scores = [(s.score, s.max_score) for s in gradebook.assignment_submissions(ASSIGNMENT)]
    assert len(scores) == submissions and all(score == most for score, most in scores), scores


if __name__ == "__main__":
    main()
