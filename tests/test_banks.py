"""Every variant of every bank, through the real pipeline: mutants die by the test they name, accepted ones pass.

A variant is handed in as a notebook that holds the imports, the exercise's solution cell with the variant behind
it, and the graded cell. One class an exercise; one test a variant.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from autograder.bank import Sort, Variant, read_bank, read_source, with_variants
from autograder.course import Course
from autograder.schedule import Forks, Options, grade_class
from autograder.verdict import ExerciseGrade, Outcome

ROOT = Path(__file__).resolve().parent.parent
COURSE = Course(ROOT)
BANKS = {
    (assignment, path.stem): read_bank(path)
    for assignment in COURSE.assignments()
    for path in sorted((COURSE.hidden(assignment) / "bank").glob("*.py"))
}
VARIANTS = [
    pytest.param(
        assignment, variant, id=f"{assignment}-{variant.exercise}-{variant.sort.value}-{variant.name}"
    )
    for (assignment, _), bank in BANKS.items()
    for variant in bank
]


def reduced(document: dict, exercise: str) -> dict:
    """The notebook with its first code cell and the exercise's own cells only."""
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in document["cells"]]
    first = next(i for i, cell in enumerate(document["cells"]) if cell["cell_type"] == "code")
    kept = [first, ids.index(f"{exercise}_solution"), ids.index(exercise)]
    return {**document, "cells": [document["cells"][i] for i in kept]}


@pytest.fixture(scope="module")
def forks():
    pair = Forks(COURSE, Options())
    pair.wait_ready()
    yield pair
    pair.close()


@pytest.fixture(scope="module")
def graded(forks, tmp_path_factory):
    """Grades of all variants of an exercise, by name; each exercise's class is graded when first asked for."""
    done: dict[tuple[str, str], dict[str, ExerciseGrade]] = {}

    def grades_of(assignment: str, exercise: str) -> dict[str, ExerciseGrade]:
        if (assignment, exercise) not in done:
            folder = tmp_path_factory.mktemp(f"{assignment}-{exercise}")
            done[assignment, exercise] = grade_bank(forks, folder, assignment, exercise)
        return done[assignment, exercise]

    return grades_of


def grade_bank(forks: Forks, folder: Path, assignment: str, exercise: str) -> dict[str, ExerciseGrade]:
    notebook = reduced(read_source(COURSE.source(assignment) / f"{assignment}.ipynb"), exercise)
    (folder / "source" / assignment).mkdir(parents=True)
    (folder / "source" / assignment / f"{assignment}.ipynb").write_text(json.dumps(notebook))
    shutil.copytree(COURSE.reference, folder / "reference")
    hidden = folder / "tests" / "hidden" / assignment
    hidden.mkdir(parents=True)
    shutil.copy(COURSE.hidden(assignment) / f"test_{exercise}.py", hidden)
    names = {}
    for number, variant in enumerate(BANKS[assignment, exercise]):
        student = f"variant{number:03d}"
        names[student] = variant.name
        target = folder / "submitted" / student / assignment
        target.mkdir(parents=True)
        (target / f"{assignment}.ipynb").write_text(json.dumps(with_variants(notebook, [variant])))
    course = Course(folder)
    results = grade_class(course, assignment, list(names), Options(workers=2, secret="banks"), forks=forks)
    return {names[result.student]: result.record.grade.exercises[0] for result in results}


@pytest.mark.parametrize(("assignment", "variant"), VARIANTS)
def test_every_variant_gets_what_it_deserves(graded, assignment: str, variant: Variant):
    grade = graded(assignment, variant.exercise)[variant.name]
    failed = {v.test: v.message for v in grade.verdicts if v.outcome is not Outcome.PASSED}
    ungraded = [v.detail for v in grade.verdicts if v.outcome is Outcome.UNGRADED]
    assert not ungraded, ungraded
    if variant.sort is Sort.ACCEPTED:
        assert grade.score == grade.max_points, failed
    else:
        assert grade.score is not None
        assert grade.score < grade.max_points
        assert not variant.killed_by or variant.killed_by in failed, failed


@pytest.mark.parametrize("bank", BANKS.values(), ids=["-".join(key) for key in BANKS])
def test_every_hidden_test_kills_a_mutant_that_no_other_test_kills(graded, bank: tuple[Variant, ...]):
    assignment = next(a for (a, _), found in BANKS.items() if found is bank)
    grades = graded(assignment, bank[0].exercise)
    alone: set[str] = set()
    for variant in bank:
        if variant.sort is Sort.MUTANT:
            failed = [v.test for v in grades[variant.name].verdicts if v.outcome is Outcome.FAILED]
            if len(failed) == 1:
                alone.add(failed[0])
    tests = {v.test for v in grades[bank[0].name].verdicts}
    assert tests - alone == set()


@pytest.mark.parametrize("bank", BANKS.values(), ids=["-".join(key) for key in BANKS])
def test_a_bank_holds_enough_variants(bank: tuple[Variant, ...]):
    assert sum(variant.sort is Sort.MUTANT for variant in bank) >= 8
    assert sum(variant.sort is Sort.ACCEPTED for variant in bank) >= 4
