"""The committed page of what students read: whole, and without what they may not read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autograder.bank import Sort, read_bank
from autograder.course import Course
from autograder.diagnosis import FILE, Diagnoses
from autograder.messages import page

ROOT = Path(__file__).resolve().parent.parent
COURSE = Course(ROOT)
PAGE = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
BANKS = {
    f"{assignment} : {path.stem}": path
    for assignment in COURSE.assignments()
    for path in sorted((COURSE.hidden(assignment) / "bank").glob("*.py"))
}
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
DIAGNOSED = [
    f"{assignment} : {exercise}"
    for assignment in COURSE.assignments()
    if (COURSE.hidden(assignment) / FILE).is_file()
    for exercise in json.loads((COURSE.hidden(assignment) / FILE).read_text(encoding="utf-8"))
]
SECRETS = {
    "a tensor or an array": r"tensor\(|array\(|\[\[",
    "a list of real numbers": r"-?\d+[.,]\d+(e-?\d+)?([,;\s]+-?\d+[.,]\d+(e-?\d+)?){2,}",
    "a long list of numbers": r"(-?\d+[,;\s]+){7,}",
    "a number with many digits": r"\d[.,]\d{5,}|\d{8,}",
    "a path": r"(^|[\s\"'(`])~?/\w|\.pyc?\b|\.ipynb|\\\w+\\",
    "a name of the toolkit": r"\bautograder\b|\breference\b|Traceback",
}


def rows(text: str) -> list[list[str]]:
    """Cells of the tables below the head."""
    lines = text.split("\n## ", 1)[-1].splitlines()
    return [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines if line.startswith("| ")]


@pytest.mark.parametrize("what", SECRETS)
def test_no_message_holds(what: str):
    told = [cell for row in rows(PAGE) for cell in row[1:]]
    assert len(told) > 100
    assert [cell for cell in told if re.search(SECRETS[what], cell)] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a tensor or an array", "attendu tensor([0.1])"),
        ("a list of real numbers", "trouvé 0.25, -1.5 et 0.75 : 0.25 -1.5 3.25"),
        ("a long list of numbers", "les indices 3 1 4 1 5 9 2 6"),
        ("a number with many digits", "il fallait 0.123456"),
        ("a path", "dans /srv/course/tests"),
        ("a path", "voir test_softmax.py"),
        ("a name of the toolkit", "module reference.losses"),
    ],
)
def test_what_no_message_may_hold_is_found(what: str, text: str):
    assert re.search(SECRETS[what], text)


def test_every_bank_has_its_section_and_its_diagnoses():
    """Else: ``autograder audit tp1 --exercise softmax --seeds 1 --write-diagnosis --messages docs/messages.md``."""
    assert sorted(BANKS) == sorted(SECTIONS)
    assert sorted(BANKS) == sorted(DIAGNOSED)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_mutant_of_a_bank_has_its_line(name: str):
    told = [row[0] for row in rows(SECTIONS[name].split("\n| épreuve |")[0])]
    mutants = [v.name.replace("|", "\\|") for v in read_bank(BANKS[name]) if v.sort is Sort.MUTANT]
    assert told[1:] == mutants


@pytest.mark.parametrize("name", DIAGNOSED)
def test_diagnoses_were_made_for_the_suite_as_it_is_and_say_what_its_bank_says(name: str):
    path = BANKS[name]
    diagnoses = Diagnoses.read(path.parent.parent / f"test_{path.stem}.py")
    assert not diagnoses.stale
    sentences = {sentence for digests in diagnoses.tests.values() for sentence in digests.values()}
    assert sentences <= {variant.diagnosis for variant in read_bank(path)}


def test_a_page_keeps_the_sections_of_other_exercises():
    before = page("", {"tp1 : b": "deux", "tp2 : a": "trois"})
    after = page(before, {"tp1 : a": "un", "tp2 : a": "quatre"})
    assert re.findall(r"^## (.+)\n\n(.+)$", after, re.MULTILINE) == [
        ("tp1 : a", "un"),
        ("tp1 : b", "deux"),
        ("tp2 : a", "quatre"),
    ]
