"""A whole class in a scratch folder: release, twelve simulated students, grading, feedback, export, report.

The students come from the banks of the course (right, unusual, wrong), from some who have not finished, and from a
few who mean no good. What they hand in goes through the same commands as a real class.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.bank import Sort, Variant, grade_id, read_bank, read_source, with_variants
from autograder.course import Course
from autograder.errors import InstructorError
from autograder.sandbox.limits import Limits

ASSIGNMENT = "tp1"
MARK = ".autograder-demo"  # only a folder that holds this file is ever removed
DURATION = "This takes about one to three minutes on two cores."
LIMITS = Limits(cell_cpu=10, call_cpu=4)

RIGHT = "amelie.roux"
UNFINISHED = {"bastien.lefevre": "sgd", "chloe.garnier": "dataset"}  # the last exercise that each has done
UNUSUAL = ("dimitri.petit", "elodie.marchand")
WRONG = ("farid.benali", "gaelle.le-goff", "hugo.fontaine", "ines.moreau")
PICKS = 4  # variants are taken evenly spaced from each bank
ENDLESS, EXITING, FORGING = "jules.bertrand", "karine.simon", "lucas.faussaire"
GOT_TO = "gradients"  # the last exercise of these three

SOLUTION = "_solution"  # what the name of a cell to complete ends with
MARKERS = ("### BEGIN SOLUTION", "### END SOLUTION")  # which no student sees
ENDLESS_LOOP = """def softmax(logits, dim=-1):
    while True:
        logits = logits + 0
"""
OS_EXIT = """import os
os._exit(0)
"""
FORGERY = """import builtins, torch, pytest, numpy

class Winner(torch.Tensor):
    def __eq__(self, other): return True
    def __bool__(self): return True

torch.testing.assert_close = torch.allclose = torch.equal = lambda *a, **k: True
numpy.testing.assert_allclose = pytest.fail = lambda *a, **k: None

def softmax(logits, dim=-1):
    print("score: 5/5")
    return torch.zeros_like(logits).as_subclass(Winner)

def sample_weights(labels): return Winner()
def train_one_epoch(*args): return Winner()
get_ipython().ast_transformers.append(type("Drop", (), {"visit": lambda self, node: node})())
print({"softmax": 5, "initialisation": 6, "sampler": 6, "training": 7})
"""


def run(course: Course, folder: Path, workers: int) -> int:
    """Make the demo in ``folder`` from the course's own files; returns the exit code."""
    from autograder.console import TELL, errors, grade_and_record, print_class, report_ungraded
    from autograder.exports import write_csv
    from autograder.feedback import generate
    from autograder.gradebook import scores
    from autograder.release import release
    from autograder.report import write_report
    from autograder.schedule import Options

    console, started = Console(), time.monotonic()
    console.print(f"A simulated class of twelve, in {folder}. {DURATION}", markup=False, soft_wrap=True)
    console.rule("1. the course, and the students' version of tp1")
    demo = make_course(course, folder)
    console.print(f"released: {release(demo, ASSIGNMENT)}")
    console.rule("2. twelve students hand in their notebooks")
    for student, what in hand_in(demo):
        console.print(f"  {student:<18} {what}")
    console.rule("3. grading: hidden suites in a trusted process, students' code in a sandbox")
    students = demo.students(ASSIGNMENT)
    told = "" if errors.is_terminal else f"; a line about every {TELL:.0f} s"  # a log shows no bar
    console.print(f"{len(students)} submissions, {workers} at once{told}")
    grades, recorded = grade_and_record(demo, ASSIGNMENT, students, Options(workers, limits=LIMITS))
    print_class(grades)
    console.rule("4. feedback, CSV and a report on the class")
    pages = generate(demo, ASSIGNMENT)
    table = folder / f"{ASSIGNMENT}.csv"
    with open(table, "w", encoding="utf-8-sig", newline="") as stream:
        write_csv(stream, scores(demo, ASSIGNMENT))
    report = folder / "report" / f"{ASSIGNMENT}.html"
    write_report(demo, ASSIGNMENT, report, datetime.now())
    console.print(f"{len(pages)} feedback pages, grades in {table}", soft_wrap=True)
    console.rule(f"done in {time.monotonic() - started:.0f} s; what to open next")
    console.print(
        f"  {report}   the class: totals, exercises, tests, mistakes\n"
        f"  {folder}/feedback/{WRONG[0]}/{ASSIGNMENT}/{ASSIGNMENT}.html   what a student reads\n"
        f"  {table}   the grades\n"
        f"  {folder}/release/{ASSIGNMENT}/{ASSIGNMENT}.ipynb   what students receive\n"
        f"  cd {folder} && jupyter lab   then Nbgrader > Formgrader",
        soft_wrap=True,
    )
    return 0 if recorded and not report_ungraded(grades) else 1


def make_course(course: Course, folder: Path) -> Course:
    """A copy of the course with one assignment and no submissions.

    Raises:
        InstructorError: if the folder exists and is not an earlier demo.
    """
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARK).exists():
            raise InstructorError(f"{folder} exists and is no earlier demo. Name another with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    parts = (course.source(ASSIGNMENT), course.hidden(ASSIGNMENT), course.reference)
    for part in parts:
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(part, folder / part.relative_to(course.root), ignore=ignored)
    shutil.copy(course.config, folder)
    return Course(folder)


def hand_in(demo: Course) -> list[tuple[str, str]]:
    """Write the twelve submissions; returns who handed in what."""
    notebook = read_source(demo.source(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb")
    banks = [read_bank(path) for path in sorted((demo.hidden(ASSIGNMENT) / "bank").glob("*.py"))]
    _write(demo, RIGHT, notebook)
    told = [(RIGHT, "right: the instructor's solution")]
    for student, last in UNFINISHED.items():
        _write(demo, student, _unfinished(demo, notebook, last))
        told.append((student, f"unfinished: right as far as {last}"))
    for number, student in enumerate(UNUSUAL):
        told.append((student, _from_banks(demo, student, notebook, banks, Sort.ACCEPTED, number)))
    for number, student in enumerate(WRONG):
        some = banks[number :: len(WRONG) - number]
        told.append((student, _from_banks(demo, student, notebook, some, Sort.MUTANT, number)))
    begun = _unfinished(demo, notebook, GOT_TO)
    _write(demo, ENDLESS, _with_code(begun, f"softmax{SOLUTION}", ENDLESS_LOOP))
    _write(demo, EXITING, _with_code(begun, f"initialisation{SOLUTION}", OS_EXIT))
    _write(demo, FORGING, forged(begun))
    told.append((ENDLESS, "an endless loop in softmax; unfinished"))
    told.append((EXITING, "os._exit in the cell of initialisation; unfinished"))
    told.append((FORGING, "forgeries: patched asserts, a tensor equal to everything, edited points and tags"))
    return told


def _unfinished(demo: Course, notebook: dict[str, Any], last: str) -> dict[str, Any]:
    """A copy in which the cells to complete are as released, after that of the exercise ``last``."""
    released = read_source(demo.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb")
    begun = {grade_id(cell): cell["source"] for cell in released["cells"]}
    changed: dict[str, Any] = json.loads(json.dumps(notebook))
    done = True
    for cell in changed["cells"]:
        name = grade_id(cell)
        if name.endswith(SOLUTION) and not done:
            cell["source"] = begun[name]
        done &= name != f"{last}{SOLUTION}"
    return changed


def _from_banks(
    demo: Course,
    student: str,
    notebook: dict[str, Any],
    banks: Sequence[Sequence[Variant]],
    sort: Sort,
    number: int,
) -> str:
    """One variant from each of ``banks``, another for each student."""
    chosen = []
    for bank in banks:
        of_sort = [variant for variant in bank if variant.sort is sort]
        chosen.append(of_sort[(2 * number + 1) * len(of_sort) // (2 * PICKS)])
    _write(demo, student, with_variants(notebook, chosen))
    word = "unusual" if sort is Sort.ACCEPTED else "wrong"
    first, rest = chosen[0], len(chosen) - 1
    more = f" and {rest} more exercises" if rest else ""
    return f"{word}: {first.exercise} ({first.name}){more}"


def forged(notebook: dict[str, Any]) -> dict[str, Any]:
    """A copy whose solutions cheat and whose graded cells' metadata ask for more."""
    changed = _with_code(notebook, f"softmax{SOLUTION}", FORGERY)
    for cell in changed["cells"]:
        ours = cell["metadata"].get("nbgrader", {})
        if ours.get("grade"):
            ours["points"] = 1000
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["source"] = "100"
    return changed


def _with_code(notebook: dict[str, Any], name: str, code: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(notebook))
    for cell in changed["cells"]:
        if grade_id(cell) == name:
            cell["source"] = code
    return changed


def _write(demo: Course, student: str, notebook: dict[str, Any]) -> None:
    folder = demo.submitted(ASSIGNMENT, student)
    folder.mkdir(parents=True, exist_ok=True)
    for cell in notebook["cells"]:
        lines = "".join(cell["source"]).splitlines(keepends=True)
        cell["source"] = "".join(line for line in lines if line.strip() not in MARKERS)
    text = json.dumps(notebook, ensure_ascii=False, indent=1)
    (folder / f"{ASSIGNMENT}.ipynb").write_text(text, encoding="utf-8")
