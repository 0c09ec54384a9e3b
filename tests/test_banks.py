"""The variants of every bank, through the real pipeline: mutants die by the test they name, accepted ones pass.

One test a variant; the variants of an exercise are audited together when the first is asked for, with one seed. Of the
exercises that train to a floor, and of two more whose variants take seconds each, two accepted variants and one mutant
for each hidden test are tried here; ``autograder audit`` tries them all.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.appraisal import idle_tests
from autograder.audit import OPTIONS as AUDIT
from autograder.audit import Audit, Result, subjects
from autograder.bank import Sort, Variant, read_bank
from autograder.course import Course
from autograder.schedule import Forks
from autograder.verdict import Outcome

ROOT = Path(__file__).resolve().parent.parent
COURSE = Course(ROOT)
OPTIONS = replace(AUDIT, workers=2)
BANKS = {
    (assignment, path.stem): read_bank(path)
    for assignment in COURSE.assignments()
    for path in sorted((COURSE.hidden(assignment) / "bank").glob("*.py"))
}


def floors(assignment: str) -> set[str]:
    """The exercises whose hidden suite trains to a calibrated floor."""
    return set(json.loads((COURSE.hidden(assignment) / "floors.json").read_text(encoding="utf-8")))


def part(bank: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """Two accepted variants, and for each hidden test the first mutant that names it."""
    accepted = [variant for variant in bank if variant.sort is Sort.ACCEPTED]
    mutants = {v.killed_by: v for v in reversed(bank) if v.sort is Sort.MUTANT}
    return (*accepted[:2], *mutants.values())


TRAINED = {(a, exercise) for a in COURSE.assignments() for exercise in floors(a)}
LONG = TRAINED | {
    *(("tp1", exercise) for exercise in ("augmentation", "loader", "perceptron", "xor")),
    ("tp2", "training"),
}
TRIED = {key: part(bank) if key in LONG else bank for key, bank in BANKS.items()}
VARIANTS = [
    pytest.param(
        assignment, variant, id=f"{assignment}-{variant.exercise}-{variant.sort.value}-{variant.name}"
    )
    for (assignment, _), bank in TRIED.items()
    for variant in bank
]


@pytest.fixture(scope="module")
def forks():
    pair = Forks(COURSE, OPTIONS)
    pair.wait_ready()
    yield pair
    pair.close()


@pytest.fixture(scope="module")
def audited(forks):
    """Results of all variants of an exercise, by name; each exercise is audited when first asked for."""
    done: dict[tuple[str, str], dict[str, Result]] = {}

    def results_of(assignment: str, exercise: str) -> dict[str, Result]:
        if (assignment, exercise) not in done:
            (whole,) = subjects(COURSE, assignment, [exercise])
            found = (replace(whole, variants=TRIED[assignment, exercise]),)
            run = Audit(COURSE, assignment, found, seeds=1, made=False, options=OPTIONS)
            done[assignment, exercise] = {result.variant.name: result for result in run.run(forks)}
        return done[assignment, exercise]

    return results_of


@pytest.mark.parametrize(("assignment", "variant"), VARIANTS)
def test_every_variant_gets_what_it_deserves(audited, assignment: str, variant: Variant):
    result = audited(assignment, variant.exercise)[variant.name]
    verdicts = [v for grade in result.grades for v in grade.verdicts]
    told = {v.test: v.message or v.detail for v in verdicts if v.outcome is not Outcome.PASSED}
    assert result.unexpected == "", told


@pytest.mark.parametrize(
    ("assignment", "exercise"), [pytest.param(*key, id="-".join(key)) for key in BANKS if key not in LONG]
)
def test_every_hidden_test_kills_a_mutant_that_no_other_test_kills(audited, assignment: str, exercise: str):
    results = audited(assignment, exercise).values()
    mutants = [result for result in results if result.variant.sort is Sort.MUTANT]
    assert mutants and idle_tests(mutants) == ()


@pytest.mark.parametrize("bank", BANKS.values(), ids=["-".join(key) for key in BANKS])
def test_a_bank_holds_enough_variants(bank: tuple[Variant, ...]):
    assert sum(variant.sort is Sort.MUTANT for variant in bank) >= 8
    assert sum(variant.sort is Sort.ACCEPTED for variant in bank) >= 4
