from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from autograder.audit import Audit, subjects
from autograder.cli import main
from autograder.diagnosis import (
    FILE,
    Diagnoses,
    Sketcher,
    resolve,
    sketch_value,
    suite_digest,
    updated,
)
from autograder.feedback import render
from autograder.messages import write_pages
from autograder.probe import RemoteError, local_student
from autograder.schedule import stored
from autograder.sketch import Sketch
from autograder.verdict import Outcome
from tests.courses import cell, grade_of, graded, make_course, solution, submit, verdict, write
from tests.levels import confined


def digest(value):
    return sketch_value(value).digest


# --- One reply ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "noise"), [(torch.float64, 1e-14), (torch.float32, 1e-7)])
def test_values_that_are_equal_up_to_rounding_have_one_digest(dtype, noise):
    generator = torch.Generator().manual_seed(0)
    for value in (torch.randn(20, generator=generator, dtype=dtype), torch.arange(9, dtype=dtype) / 8):
        assert digest(value) == digest(value * (1 + noise)) == digest(value.numpy())
        assert digest(value) != digest(value * 1.01)
        other = value.clone()
        other[3] += 0.01 * value.abs().max()
        assert digest(value) != digest(other)


def test_what_is_no_real_number_counts_exactly():
    different = [
        1,
        2,
        True,
        None,
        "a",
        (1,),
        [1],
        {"a": 1},
        {"b": 1},
        torch.tensor([1, 2]),
        torch.tensor([1, 3]),
    ]
    different += [
        torch.ones(2),
        torch.ones(2, 1),
        torch.tensor([1.0, torch.nan]),
        torch.tensor([1.0, torch.inf]),
    ]
    different += [
        torch.tensor([1.0, -torch.inf]),
        torch.empty(0),
        np.array(["a"]),
        torch.tensor([1 + 2j]),
        1.5,
    ]
    assert len({digest(value) for value in different}) == len(different)
    assert digest({"a": torch.ones(2)}) == digest({"a": torch.ones(2)})
    for extreme in (1.7e308, 5e-324, -1e308):
        assert digest(torch.tensor([extreme, 0.0], dtype=torch.float64))


def test_a_difference_on_two_sides_of_a_rounding_limit_is_none():
    values = torch.rand(10_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    near = sketch_value(values * (1 + 1e-8))
    assert near.digest != sketch_value(values).digest  # some of them stood just before the limit
    assert not near.differs(sketch_value(values))
    assert sketch_value(values**2).differs(sketch_value(values))


@pytest.mark.parametrize(
    ("value", "tells"),
    [
        (torch.zeros(50), False),
        (torch.full((50,), torch.nan), False),
        (None, False),
        (3, False),
        (torch.ones(4, dtype=torch.int64), False),
        ("un texte", False),
        (0.731, True),
        (torch.randn(3), True),
        (torch.arange(12), True),
    ],
)
def test_a_reply_tells_as_much_as_it_has_different_values(value, tells):
    assert (sketch_value(value).bits >= 20) == tells


def test_a_sketcher_hears_calls_gradients_and_exceptions_test_by_test():
    def double(x):
        return x + x

    student = local_student({"double": double, "broken": lambda: 1 / 0})
    sketcher = Sketcher()
    sketcher.listen(student._probe, "test_a")
    x = torch.ones(3, requires_grad=True)
    student.double(x).sum().backward()
    sketcher.listen(student._probe, "test_b")
    with pytest.raises(RemoteError):
        student.broken()
    student.seed_guest(3)
    found = sketcher.sketches(["test_a", "test_b", "test_c"])
    assert {test: len(sketch.replies) for test, sketch in found.items()} == {"test_a": 3, "test_b": 2}
    assert found["test_a"].replies[1].digest == digest(2 * torch.ones(3))
    assert Sketch.from_list(json.loads(json.dumps(found["test_a"].to_list()))) == found["test_a"]


# --- The file -------------------------------------------------------------------------------------------------


def sketch(*values):
    return Sketch(tuple(sketch_value(value) for value in values))


RIGHT = sketch(torch.linspace(0, 1, 7), 3)
WRONG = sketch(torch.linspace(0, 2, 7) ** 2)


def resolved(*mutants, right=(RIGHT,)):
    return resolve([(told, {"test_a": made}) for told, made in mutants], [{"test_a": made} for made in right])


def test_a_mutant_is_recognised_by_the_digest_of_its_replies():
    assert resolved(("Au carré.", WRONG)) == {"test_a": {WRONG.digest: "Au carré."}}


def test_mutants_that_share_their_replies_must_share_their_sentence():
    assert resolved(("Au carré.", WRONG), ("Autre chose.", WRONG)) == {}
    assert resolved(("Au carré.", WRONG), ("Au carré.", WRONG)) == {"test_a": {WRONG.digest: "Au carré."}}
    assert resolved(("", WRONG)) == {}


@pytest.mark.parametrize(
    "replies",
    [
        (torch.linspace(0, 1, 7),),  # right as far as it goes: what failed is not in the replies
        (torch.linspace(0, 1, 7), 4),
        (torch.zeros(7), 3),
        (torch.full((7,), torch.nan),),
        (torch.linspace(0, 1, 7) * (1 + 1e-6),),
    ],
)
def test_replies_that_tell_too_little_are_no_diagnosis(replies):
    assert resolved(("Faux.", sketch(*replies))) == {}


def test_replies_that_an_accepted_variant_gives_too_are_no_diagnosis():
    assert resolved(("Au carré.", WRONG), right=(RIGHT, WRONG)) == {}
    assert resolved(("Au carré.", WRONG), right=()) == {}


def test_an_entry_is_used_with_the_suite_that_it_was_made_for_only(tmp_path):
    suite = write(tmp_path / "test_double.py", "def test_a(): ...\n")
    path = tmp_path / FILE
    assert Diagnoses.read(suite) == Diagnoses({})
    path.write_text(updated(path, {"double": (suite_digest(suite), {"test_a": {WRONG.digest: "Au carré."}})}))
    found = Diagnoses.read(suite)
    assert found.of("test_a", WRONG) == "Au carré."
    assert found.of("test_a", RIGHT) == found.of("test_b", WRONG) == found.of("test_a", None) == ""
    write(suite, "def test_a(): pass\n")
    assert Diagnoses.read(suite) == Diagnoses({}, stale=True)
    for broken in ("{", "[]", '{"double": 3}'):
        path.write_text(broken)
        assert Diagnoses.read(suite) == Diagnoses({}, stale=True)


def test_entries_of_other_exercises_stay(tmp_path):
    suite = write(tmp_path / "test_double.py", "")
    path = write(tmp_path / FILE, json.dumps({"triple": {"suite": "s", "tests": {}}}))
    data = json.loads(updated(path, {"double": (suite_digest(suite), {})}))
    assert data == {
        "double": {"suite": suite_digest(suite), "tests": {}},
        "triple": {"suite": "s", "tests": {}},
    }


# --- A class --------------------------------------------------------------------------------------------------

SUITE = """
import torch
from autograder import checks
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    x = torch.randn(5, dtype=torch.float64)
    checks.close(student.double(x), 2 * x, "double(x)")

@points(1, "Une constante")
def test_seven(student):
    assert student.seven == 7, "seven doit valoir 7"
"""
BANK = """# %% mutant: squared
# killed by test_double
# Le carré au lieu du double.
def double(x):
    return x ** 2

# %% mutant: eight
# killed by test_seven
# Huit au lieu de sept.
seven = 8

# %% accepted: product
def double(x):
    return 2 * x
"""
SOURCE = [
    cell("import torch"),
    solution("seven = 7\ndef double(x):\n    return x + x", "double_solution"),
    graded('check("double")', "double", 3),
]
ANSWERS = {
    "ada": "seven = 7\ndef double(x):\n    return x * x",
    "bob": "seven = 8\ndef double(x):\n    return 3 * x",
    "eve": "seven = 7\ndef double(x):\n    return x + x",
}


def run(course, *arguments):
    return CliRunner().invoke(main, [*arguments, "--course", str(course.root)])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class that was graded with the diagnoses of an audit."""
    course = make_course(tmp_path_factory.mktemp("diagnosis") / "course", SOURCE, ())
    write(course.hidden("tp1") / "test_double.py", SUITE)
    write(course.hidden("tp1") / "bank/double.py", BANK)
    page = str(course.root / "messages.md")
    audited = run(course, "audit", "tp1", "--seeds", "1", "--write-diagnosis", "--messages", page)
    assert audited.exit_code == 0, audited.stderr + audited.stdout
    for student, text in ANSWERS.items():
        submit(course, student, [SOURCE[0], solution(text, "double_solution"), SOURCE[2]])
    assert run(course, "grade", "tp1").exit_code == 0
    return course


def exercise(course, student):
    return stored(course, "tp1", student).grade.exercises[0]


@confined
def test_a_mistake_that_is_known_is_named_and_costs_what_it_costs(course):
    ada, bob, eve = (exercise(course, student) for student in ("ada", "bob", "eve"))
    assert [v.diagnosis for v in ada.verdicts] == ["Le carré au lieu du double.", ""]
    assert [v.diagnosis for v in (*bob.verdicts, *eve.verdicts)] == [
        ""
    ] * 4  # one unknown, one tells too little
    assert (ada.score, bob.score, eve.score) == (1, 0, 3)
    assert "Diagnostic : Le carré au lieu du double." in render(ada)[1]


@confined
def test_the_file_holds_digests_and_sentences_only(course):
    data = json.loads((course.hidden("tp1") / FILE).read_text(encoding="utf-8"))
    (sentences,) = data["double"]["tests"].values()
    assert list(data["double"]["tests"]) == ["test_double"]
    assert list(sentences.values()) == ["Le carré au lieu du double."] and len(next(iter(sentences))) == 16


@confined
def test_the_page_of_messages_says_what_each_mutant_reads(course):
    page = (course.root / "messages.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| squared |"))
    assert row.startswith("| squared | Le double | double(x), de forme (5,)")
    assert row.endswith("| Le carré au lieu du double. |")
    assert "| eight | Une constante | seven doit valoir 7 |  |" in page


@confined
@pytest.mark.parametrize("wanted", [True, False])
def test_an_audit_has_mutants_diagnosed_if_somebody_wants_to_read_it(course, wanted):
    audit = Audit(course, "tp1", subjects(course, "tp1"), seeds=1, made=False, diagnose=wanted)
    (squared,) = (result for result in audit.run() if result.variant.name == "squared")
    told = {verdict.diagnosis for grade in squared.grades for verdict in grade.verdicts} - {""}
    assert told == ({"Le carré au lieu du double."} if wanted else set())


@confined
def test_a_file_that_was_made_for_another_suite_is_not_used_and_told(course):
    write(course.hidden("tp1") / "test_double.py", SUITE + "\n# changed\n")
    assert run(course, "grade", "tp1", "ada", "eve").exit_code == 0
    assert [v.diagnosis for v in exercise(course, "ada").verdicts] == ["", ""]
    problems = [" ".join(stored(course, "tp1", student).grade.problems) for student in ("ada", "eve")]
    assert ["diagnosis.json was made for another version" in told for told in problems] == [True, False]


# --- Feedback -------------------------------------------------------------------------------------------------


def test_a_diagnosis_stands_in_the_feedback_of_a_failed_test_only_and_is_escaped():
    told = {"diagnosis": "Le <carré>.", "message": "faux"}
    failed = grade_of("ada", [verdict(Outcome.FAILED, **told), verdict(**told)]).exercises[0]
    html, text = render(failed)
    assert html.count("Le &lt;carré&gt;.") == 1 and text.count("Diagnostic : Le <carré>.") == 1


def test_an_entry_names_the_suite_as_it_was_when_the_audit_began(tmp_path):
    course = make_course(tmp_path / "course", SOURCE, ())
    suite = write(course.hidden("tp1") / "test_double.py", SUITE)
    write(course.hidden("tp1") / "bank/double.py", BANK)
    audit = Audit(course, "tp1", subjects(course, "tp1"), seeds=1, made=False, sketch=True)
    results = list(audit.run())
    write(suite, SUITE + "\n# changed while the audit ran\n")
    write_pages(audit, results, None)
    assert Diagnoses.read(suite).stale
    write(suite, SUITE)
    assert Diagnoses.read(suite).tests.keys() == {"test_double"}  # sevens and eights tell too little
