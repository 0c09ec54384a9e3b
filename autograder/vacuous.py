"""Vacuous variants: solutions that do nothing, made for every exercise without a bank.

Each name of the solution that the hidden suite asks for is replaced, alone and all together, by one that returns zeros,
ones, its input, its right answer without history, None, or the right answers on the public suite's inputs and zeros on
all others (see ``hollow``). All are mutants: a suite that gives one of them full points compares nothing there.

Some would be right: where no gradient is ever asked for, an answer without history is one; where a function takes no
argument, knowing the public suite's inputs is knowing all. So the instructor's own solution is watched once under both
suites, in a process of its own, and what would be equivalent is left out and told.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.bank import Sort, Variant, read_source, with_variants
from autograder.course import Course
from autograder.errors import InstructorError
from autograder.hollow import Seen
from autograder.suite import PlainHost, run_suite
from autograder.syntax import parse_cell
from autograder.verdict import Outcome

__all__ = ["KINDS", "LeftOut", "Sight", "observe", "public_names", "vacuous_variants"]

KINDS = {
    "none": "None",
    "input": "its input",
    "zeros": "zeros",
    "ones": "ones",
    "detached": "a detached result",
    "memorised": "the public suite's own answers",
}


@dataclass(frozen=True)
class Sight:
    """What a watched name did under the suites.

    Attributes:
        asked: whether the hidden suite ever called it.
        arguments, answers, gradient: as in ``hollow.Seen``, under the hidden suite.
        known: fingerprints of what the public suite called it with.
        covered: whether the hidden suite called it with nothing else.
    """

    asked: bool
    arguments: bool
    answers: bool
    gradient: bool
    known: tuple[str, ...]
    covered: bool


@dataclass(frozen=True)
class LeftOut:
    """A vacuous variant that is not made, and why."""

    exercise: str
    names: tuple[str, ...]
    kind: str
    why: str

    def __str__(self) -> str:
        return f"{self.exercise}: {' and '.join(self.names)} returning {KINDS[self.kind]}: {self.why}"


def public_names(solutions: Sequence[str], suite: str) -> tuple[str, ...]:
    """Functions and classes at the top level of the solution's cells that a suite's text asks for.

    Where it names none (``student.softmax``, ``student["softmax"]``), all that have no leading underscore.
    """
    trees = [parse_cell(source) for source in solutions]
    nodes = [node for tree in trees if tree for node in tree.body]
    defined = [node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    public = list(dict.fromkeys(name for name in defined if not name.startswith("_")))
    asked = set(_asked(ast.parse(suite)))
    return tuple([name for name in public if name in asked] or public)


def _asked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def observe(
    root: str, assignment: str, notebook: str, exercise: str, names: Sequence[str]
) -> dict[str, Sight]:
    """Run both suites of an exercise on the instructor's solution, in this process, and watch ``names``.

    ``root`` is the folder of a course; its modules ``reference`` are imported, so a process serves one course only.

    Raises:
        InstructorError: if a suite cannot be run.
    """
    import torch

    torch.set_num_threads(1)
    sys.path[:] = [root, *(path for path in sys.path if not (Path(path) / "reference").is_dir())]
    course = Course(Path(root))
    document = read_source(course.source(assignment) / f"{notebook}.ipynb")
    watching = Variant(exercise, "watched", Sort.ACCEPTED, _watching(names), "", "", course.root, 1)
    path = course.root / "watched.ipynb"
    path.write_text(json.dumps(with_variants(document, [watching])), encoding="utf-8")
    hidden = _seen(course.hidden_suite(assignment, exercise), path)
    public = _seen(course.public_suite(assignment, exercise), path)
    return {name: _sight(hidden.get(name, Seen()), public.get(name, Seen())) for name in names}


def _watching(names: Sequence[str]) -> str:
    lines = ["from autograder.hollow import Seen as _Seen, watch as _watch", "_seen = {}"]
    lines += [f"_seen[{name!r}] = _Seen(); {name} = _watch({name}, _seen[{name!r}])" for name in names]
    return "\n".join(lines)


def _seen(suite: Path | None, notebook: Path) -> dict[str, Seen]:
    if suite is None:
        return {}
    host = PlainHost(notebook, secret="watched")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        verdicts = run_suite(suite, host)
    broken = [verdict for verdict in verdicts if verdict.outcome is Outcome.UNGRADED]
    if broken:
        raise InstructorError(f"{suite} cannot be run on the instructor's solution: {broken[0].detail}")
    seen: dict[str, Seen] = {}
    for ran in host.notebooks.values():
        seen |= ran.shell.user_ns.get("_seen", {})
    return seen


def _sight(hidden: Seen, public: Seen) -> Sight:
    known = tuple(sorted(public.inputs))
    return Sight(
        bool(hidden.inputs),
        hidden.arguments,
        hidden.answers,
        hidden.gradient,
        known,
        hidden.inputs <= public.inputs,
    )


def vacuous_variants(
    exercise: str, sights: dict[str, Sight], file: Path, line: int
) -> tuple[list[Variant], list[LeftOut]]:
    """The variants of an exercise, each name alone and all together, and those that would be right.

    Args:
        exercise: its id.
        sights: what ``observe`` found, by name.
        file, line: where the solution stands.
    """
    made, left = [], []
    alone = [(name,) for name in sights]
    for names in alone if len(alone) == 1 else [*alone, tuple(sights)]:
        for kind in KINDS:
            why = _equivalent(kind, [sights[name] for name in names])
            if why:
                left.append(LeftOut(exercise, names, kind, why))
                continue
            told = f"vacuous: {' and '.join(names)} returning {KINDS[kind]}"
            text = _hollowed({name: sights[name] for name in names}, kind)
            made.append(Variant(exercise, told, Sort.MUTANT, text, "", "", file, line))
    return made, left


def _equivalent(kind: str, sights: Sequence[Sight]) -> str:
    """Why a variant would not be wrong, or no other than one that is made; empty if it is wrong."""
    asked = [sight for sight in sights if sight.asked]
    if not asked:
        return "the hidden suite never calls it"
    if kind == "none":
        return ""
    if not any(sight.answers for sight in asked):
        return "the right answer is None"
    if kind == "input" and not any(sight.arguments for sight in asked):
        return "it is called without an argument"
    if kind == "detached" and not any(sight.gradient for sight in asked):
        return "no gradient is asked for"
    if kind == "memorised" and not any(sight.known for sight in asked):
        return "the public suite calls nothing"
    if kind == "memorised" and all(sight.covered for sight in asked):
        return "the public suite asks all that the hidden one asks"
    return ""


def _hollowed(sights: dict[str, Sight], kind: str) -> str:
    lines = ["from autograder.hollow import hollow as _hollow"]
    for name, sight in sights.items():
        known = f", {list(sight.known)!r}" if kind == "memorised" else ""
        lines.append(f"{name} = _hollow({name}, {kind!r}{known})")
    return "\n".join(lines)


def line_of(notebook: Path, grade_id: str) -> int:
    """The line of a notebook's file in which the cell ``grade_id`` is named."""
    for number, line in enumerate(notebook.read_text(encoding="utf-8").splitlines(), 1):
        if f'"{grade_id}"' in line and "grade_id" in line:
            return number
    return 1
