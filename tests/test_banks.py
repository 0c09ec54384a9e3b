"""Every variant of every bank, through the real pipeline: mutants die by the test they name, accepted ones pass.

One test a variant; the variants of an exercise are audited together when the first is asked for, with one seed.
"""

from __future__ import annotations

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
VARIANTS = [
    pytest.param(
        assignment, variant, id=f"{assignment}-{variant.exercise}-{variant.sort.value}-{variant.name}"
    )
    for (assignment, _), bank in BANKS.items()
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
            found = subjects(COURSE, assignment, [exercise])
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


@pytest.mark.parametrize("bank", BANKS.values(), ids=["-".join(key) for key in BANKS])
def test_every_hidden_test_kills_a_mutant_that_no_other_test_kills(audited, bank: tuple[Variant, ...]):
    assignment = next(a for (a, _), found in BANKS.items() if found is bank)
    results = audited(assignment, bank[0].exercise).values()
    mutants = [result for result in results if result.variant.sort is Sort.MUTANT]
    assert mutants and idle_tests(mutants) == ()


@pytest.mark.parametrize("bank", BANKS.values(), ids=["-".join(key) for key in BANKS])
def test_a_bank_holds_enough_variants(bank: tuple[Variant, ...]):
    assert sum(variant.sort is Sort.MUTANT for variant in bank) >= 8
    assert sum(variant.sort is Sort.ACCEPTED for variant in bank) >= 4
