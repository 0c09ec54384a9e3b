"""Trainings of right and wrong solutions, each in a process of its own, kept as they are done.

A suite that trains offers three names::

    METRIC = "accuracy"          # as in checks.floors
    FLOORED = "test_..."         # the test that the floor decides
    def measure(student, seed):  # one training on data drawn from the seed; its score in [0, 1]

``Trials`` calls ``measure`` for the reference (the notebook's own solution), for each accepted variant of the bank, and
for the mutants that ``FLOORED`` must kill. Each run is a fork of a process that has torch loaded, with one thread as in
a guest. Bank and notebook are the instructor's own, so no sandbox is needed: their names live in that process, and the
probe carries the same values as it does to a guest. A run that is done is appended to
``.autograder/calibration/<assignment>/<exercise>.jsonl`` at once: who stops loses only what was running.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from autograder.bank import Sort, read_bank, read_needs, read_source, reduced, with_variants
from autograder.course import Course, Source
from autograder.errors import GraderFailure, InstructorError
from autograder.identity import versions
from autograder.probe import local_student
from autograder.sandbox.forkserver import Forkserver
from autograder.sandbox.syscalls import PR_SET_PDEATHSIG, prctl
from autograder.seeds import derive_seed
from autograder.submission import Exercise
from autograder.suite import judge
from autograder.syntax import parse_cell
from autograder.verdict import Outcome

__all__ = ["REFERENCE", "Plan", "Run", "Solution", "Subject", "Trials", "stored", "subjects"]

REFERENCE = "reference"
RUN_CPU = 120  # seconds of CPU after which a run is ended: it has no score
PRELOAD = ("torch", "torch._dynamo", "numpy", "scipy.stats", "matplotlib.pyplot", "pytest", "autograder.checks",
           "autograder.trials")  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How often each solution is run.

    Attributes:
        runs, accepted_runs, mutant_runs: of the reference, of each accepted variant, of each mutant.
        margin: how far below the lowest right run the floor lies.
        device: "cpu" or "cuda".
        secret: what the seeds are derived from: the same secret gives the same runs.
        workers: runs at once.
    """

    runs: int = 150
    accepted_runs: int = 20
    mutant_runs: int = 4
    margin: float = 0.1
    device: str = "cpu"
    secret: str = "calibration"
    workers: int = 1


@dataclass(frozen=True)
class Solution:
    """One thing to run: the reference, or a variant of the bank."""

    name: str
    kind: str
    """"reference", "accepted" or "mutant"."""
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """One exercise with all that is run for it."""

    assignment: str
    exercise: str
    suite: Path
    metric: str
    solutions: tuple[Solution, ...]


@dataclass(frozen=True)
class Run:
    """One training. ``score`` is None where there is none, and ``error`` then says why.

    ``key`` tells what the score depends on besides the seed: code, versions and device.
    """

    solution: str
    kind: str
    number: int
    seed: int
    device: str
    key: str
    score: float | None = None
    error: str = ""


# --- What is calibrated ---------------------------------------------------------------------------------------


def subjects(course: Course, assignment: str, chosen: Sequence[str] = ()) -> list[Subject]:
    """The exercises of an assignment whose suites have a ``measure``; of ``chosen`` each must be one.

    Raises:
        InstructorError: where an exercise cannot be calibrated.
    """
    source = course.load_source(assignment)
    able = {e.id: e for e in source.exercises if e.suite is not None and _top_level(e.suite).get("measure")}
    for name in chosen:
        if name not in able:
            near = get_close_matches(name, able, n=1)
            advice = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(able) or 'none'}."
            raise InstructorError(f"`{name}` of {assignment} has no suite with a `measure`. {advice}")
    if not able:
        raise InstructorError(f"No suite of {assignment} has a `measure`: there is nothing to calibrate.")
    return [_subject(course, source, able[name]) for name in dict.fromkeys(chosen or able)]


def _subject(course: Course, source: Source, exercise: Exercise) -> Subject:
    assert exercise.suite is not None
    names = _top_level(exercise.suite)
    metric, floored = names.get("METRIC"), names.get("FLOORED")
    if not isinstance(metric, str) or not isinstance(floored, str):
        raise InstructorError(f"{exercise.suite} has a `measure`, but no METRIC or no FLOORED beside it.")
    bank = course.hidden(source.assignment) / "bank" / f"{exercise.id}.py"
    notebook = read_source(course.source(source.assignment) / f"{exercise.notebook}.ipynb")
    small = reduced(notebook, exercise.id, exercise.solutions, read_needs(bank) if bank.is_file() else ())
    solutions = [Solution(REFERENCE, REFERENCE, _code(small, exercise.id))]
    for variant in read_bank(bank) if bank.is_file() else ():
        if variant.sort is Sort.ACCEPTED or variant.killed_by == floored:
            code = _code(with_variants(small, [variant]), exercise.id)
            solutions.append(Solution(variant.name, variant.sort.value, code))
    return Subject(source.assignment, exercise.id, exercise.suite, metric, tuple(solutions))


def _code(notebook: dict[str, Any], exercise: str) -> tuple[str, ...]:
    """Sources of the code cells before the graded one."""
    sources = []
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise:
            break
        if cell["cell_type"] == "code":
            sources.append("".join(cell["source"]))
    return tuple(sources)


def _top_level(suite: Path) -> dict[str, object]:
    """Names that a suite defines, with the values of those that are plain constants."""
    found: dict[str, object] = {}
    for node in ast.parse(suite.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = True
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def _measuring(suite: Path) -> str:
    """The parts of a suite on which ``measure`` depends, without comments and docstrings of others."""
    tree = ast.parse(suite.read_text(encoding="utf-8"))
    owners: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            owners[node.name] = node
        elif isinstance(node, ast.Assign):
            owners |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            owners |= {alias.asname or alias.name.partition(".")[0]: node for alias in node.names}
    reached, todo = {}, ["measure"]
    while todo:
        name = todo.pop()
        if name in owners and name not in reached:
            reached[name] = ast.dump(owners[name])
            todo += [node.id for node in ast.walk(owners[name]) if isinstance(node, ast.Name)]
    return "\n".join(reached[name] for name in sorted(reached))


# --- Running --------------------------------------------------------------------------------------------------


class Trials:
    """All runs of one exercise."""

    def __init__(self, course: Course, subject: Subject, plan: Plan) -> None:
        self.course, self.subject, self.plan = course, subject, plan
        self.path = course.state / "calibration" / subject.assignment / f"{subject.exercise}.jsonl"
        self.cells = {solution.name: solution.cells for solution in subject.solutions}

    def wanted(self) -> list[Run]:
        """Every run of the plan, without its score."""
        times = {
            REFERENCE: self.plan.runs,
            "accepted": self.plan.accepted_runs,
            "mutant": self.plan.mutant_runs,
        }
        return [
            Run(
                solution.name,
                solution.kind,
                number,
                derive_seed(self.plan.secret, *self._names(solution.name, number)),
                self.plan.device,
                self._key(solution),
            )
            for solution in self.subject.solutions
            for number in range(times[solution.kind])
        ]

    def _names(self, solution: str, number: int) -> tuple[str, ...]:
        return self.subject.assignment, self.subject.exercise, solution, str(number)

    def _key(self, solution: Solution) -> str:
        parts = [*solution.cells, _measuring(self.subject.suite), self.plan.device]
        parts += [path.read_text(encoding="utf-8") for path in sorted(self._references())]
        parts += [json.dumps(versions(), sort_keys=True)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _references(self) -> Iterator[Path]:
        """The reference's files that the suite imports."""
        for node in ast.walk(ast.parse(self.subject.suite.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reference."):
                path = self.course.root / f"{str(node.module).replace('.', '/')}.py"
                if path.is_file():
                    yield path

    def results(self) -> Generator[Run, None, None]:
        """Every run of the plan with its score, as it is done; those kept from an earlier time come first."""
        kept = {_unscored(run): run for run in stored(self.path)}
        wanted = self.wanted()
        todo = [run for run in wanted if run not in kept]
        yield from (kept[run] for run in wanted if run in kept)
        if todo:
            yield from self._runs(todo)

    def _runs(self, todo: Sequence[Run]) -> Iterator[Run]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        environment = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        if self.plan.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = ""
        server = Forkserver("autograder.trials:main", PRELOAD, env=environment)
        pool = ThreadPoolExecutor(self.plan.workers)
        try:
            server.wait_ready()
            futures = [pool.submit(self._run, server, run) for run in todo]
            for future in as_completed(futures):
                run = future.result()
                if run.score is None and run.kind != "mutant":
                    raise InstructorError(
                        f"{self.subject.exercise}: `{run.solution}` has no score (seed {run.seed}): {run.error} "
                        "A right solution must have one in every run."
                    )
                _keep(self.path, run)
                yield run
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            server.close()

    def _run(self, server: Forkserver, run: Run) -> Run:
        task = {
            "root": str(self.course.root),
            "suite": str(self.subject.suite),
            "cells": self.cells[run.solution],
            "seed": run.seed,
            "device": run.device,
        }
        ours, theirs = socket.socketpair()
        with theirs:
            server.fork(b"run", [theirs.fileno()])
        with ours, ours.makefile("rw", encoding="utf-8") as lines:
            try:
                lines.write(json.dumps(task) + "\n")
                lines.flush()
                answer = lines.readline()
            except OSError:
                answer = ""
        if not answer.endswith("\n"):
            return replace(run, error="The run's process died or reached its limit of CPU time.")
        told = json.loads(answer)
        if told["ours"]:
            raise GraderFailure(f"{self.subject.suite}: {told['error']}")
        return replace(run, score=told["score"], error=told["error"])


def stored(path: Path) -> list[Run]:
    """The runs kept in a file; a last line that was cut off is passed over."""
    runs = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with contextlib.suppress(ValueError, TypeError):
            runs.append(Run(**json.loads(line)))
    return runs


def _keep(path: Path, run: Run) -> None:
    """Append a run, on a line of its own also where the line before was cut off."""
    line = json.dumps(asdict(run), ensure_ascii=False).encode() + b"\n"
    with path.open("a+b") as lines:
        if lines.tell() and path.read_bytes()[-1:] != b"\n":
            line = b"\n" + line
        lines.write(line)


def _unscored(run: Run) -> Run:
    return replace(run, score=None, error="")


def main(message: bytes, fds: Sequence[int]) -> None:
    """Entry of a fork: read a task, run it, answer by one line of JSON."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CPU, (RUN_CPU, RUN_CPU + 5))
    with socket.socket(fileno=fds[0]) as channel, channel.makefile("rw", encoding="utf-8") as lines:
        task = json.loads(lines.readline())
        lines.write(json.dumps(_outcome(task)) + "\n")
        lines.flush()
        os._exit(0)  # threads that a solution left must not keep the process


def _outcome(task: dict[str, Any]) -> dict[str, Any]:
    torch.set_num_threads(1)
    sys.path.insert(0, task["root"])  # suites import the course's reference
    student = local_student({})
    try:
        suite = _suite(Path(task["suite"]))
        if task["device"] == "cuda" and not torch.cuda.is_available():
            raise GraderFailure("torch finds no CUDA device on this machine")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            student = local_student(_namespace(task["cells"]), task["cells"])
            score = float(suite.measure(student, task["seed"]))
        if not 0 <= score <= 1:
            raise GraderFailure(f"measure returned {score}, which is not in [0, 1]")
        return {"score": score, "error": "", "ours": False}
    except BaseException as error:
        judgement = judge(error, student._probe.replies)
        ours = judgement.outcome is not Outcome.FAILED
        text = judgement.detail if ours else f"{type(error).__name__}: {error}"
        return {"score": None, "error": text[-3000:], "ours": ours}


def _suite(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _namespace(cells: Iterable[str]) -> dict[str, Any]:
    """The names after the cells, IPython's own lines left out; what a cell raises ends it alone, as in a notebook."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, source in enumerate(cells):
        tree = parse_cell(source)
        if tree is not None:
            with contextlib.suppress(Exception):
                exec(compile(tree, f"<cell {number}>", "exec"), namespace)
    return namespace
