from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from rich.console import Console
from scipy.stats import binom
from torch import nn

from autograder.appraisal import Rate, appraise, show, upper_bound
from autograder.audit import Audit, Result, subjects
from autograder.bank import Sort, Variant, read_bank, read_needs, reduced
from autograder.cli import main
from autograder.course import Course
from autograder.errors import InstructorError
from autograder.hollow import Seen, fingerprint, hollow, watch
from autograder.schedule import drive
from autograder.vacuous import KINDS, Sight, public_names, vacuous_variants
from autograder.verdict import ExerciseGrade, Outcome, Verdict
from tests.courses import ROOT, cell, graded, locked, make_course, notebook, solution, write
from tests.levels import confined

HIDDEN = """
import torch
from autograder import checks
from autograder.suite import points
from reference.doubling import double

@points(2, "Le double")
def test_double(student):
    x = torch.randn(3)
    checks.close(student.double(x), double(x), "double(x)")

@points(1, "Le gradient")
def test_gradient(student):
    x = torch.randn(3, requires_grad=True)
    y = checks.tensor(student.double(x), shape=(3,), requires_grad=True)
    y.sum().backward()
    checks.equal(x.grad, torch.full((3,), 2.0), "le gradient")

@points(1, "Une constante")
def test_seven(student):
    assert student.seven == 7, f"seven doit valoir 7, dans le processus {student.pid}"
"""
PUBLIC = """
import torch
from autograder.suite import points

@points(1, "À la main")
def test_by_hand(student):
    assert torch.equal(student.double(torch.ones(2)), torch.tensor([2.0, 2.0]))
"""
BANK = """# needs helpers
# %% mutant: seven is eight
# killed by test_seven
# La constante est fausse.
seven = 8

# %% mutant: detached
# killed by test_seven
def double(x):
    return twice(x).detach()

# %% mutant: not wrong at all
def double(x):
    return twice(x)

# %% accepted: by a product
def double(x):
    return 2 * x

# %% accepted: not right at all
seven = 6
"""
RIGHT = "import os\npid = os.getpid()\nseven = 7\ndef double(x):\n    return x + x\n"
SOURCE = [
    cell("import math"),
    cell("def twice(x):\n    return x + x", nbgrader={"grade_id": "helpers", "locked": True}),
    graded('check("before")', "before", 1),
    locked("import torch", "torch_import"),
    solution(f"{RIGHT}### BEGIN SOLUTION\npass\n### END SOLUTION", "double_solution"),
    cell("raise RuntimeError('a demonstration that nobody asked for')"),
    graded('check("double")', "double", 4),
]


def course_with(root, bank=BANK, cells=SOURCE):
    course = make_course(root, cells, ())
    write(course.hidden("tp1") / "test_double.py", HIDDEN)
    write(course.public("tp1") / "test_double.py", PUBLIC)
    write(course.reference / "doubling.py", "def double(x):\n    return 2 * x\n")
    write(course.hidden("tp1") / "bank/double.py", bank)
    return course


def run(course, *arguments):
    return CliRunner().invoke(main, ["audit", "tp1", *arguments, "--course", str(course.root)])


# --- The command ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """An audit of a course of one small exercise, with two seeds: its course, result and JSON."""
    folder = tmp_path_factory.mktemp("audit")
    course = course_with(folder / "course")
    found = run(course, "--seeds", "2", "--workers", "2", "--json", str(folder / "audit.json"))
    rows = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return course, found, {row["name"]: row for row in rows}


@confined
def test_a_variant_that_does_not_get_what_it_deserves_ends_an_audit_with_1(tiny):
    _, found, rows = tiny
    assert found.exit_code == 1, found.stderr
    wrong = {name for name, row in rows.items() if not row["as_expected"]}
    assert wrong == {"detached", "not wrong at all", "not right at all"}


@confined
def test_the_json_says_where_a_variant_stands_and_what_it_earned_with_each_seed(tiny):
    course, _, rows = tiny
    bank = course.hidden("tp1") / "bank/double.py"
    assert rows["seven is eight"] == {
        "exercise": "double",
        "name": "seven is eight",
        "kind": "mutant",
        "file": str(bank),
        "line": 2,
        "points": [3.0, 3.0],
        "max_points": 4.0,
        "failed_tests": ["test_seven"],
        "as_expected": True,
    }
    assert rows["detached"]["failed_tests"] == ["test_gradient"]
    assert [rows[name]["points"] for name in ("by a product", "not wrong at all")] == [[4.0, 4.0]] * 2
    assert rows["not right at all"]["kind"] == "accepted"


@confined
def test_solutions_that_do_nothing_are_made_and_lose_points(tiny):
    course, _, rows = tiny
    made = {name: row for name, row in rows.items() if name.startswith("vacuous: ")}
    assert set(made) == {f"vacuous: double returning {what}" for what in KINDS.values()}
    points = {name.removeprefix("vacuous: double returning "): row["points"] for name, row in made.items()}
    assert points.pop("a detached result") == [3.0, 3.0]  # all but the gradient
    assert set(map(tuple, points.values())) == {(1.0, 1.0)}  # what the constant is worth
    for row in made.values():
        assert row["as_expected"] and row["kind"] == "mutant"
        lines = (course.source("tp1") / "tp1.ipynb").read_text(encoding="utf-8").splitlines()
        assert row["file"] == str(course.source("tp1") / "tp1.ipynb")
        assert '"double_solution"' in lines[row["line"] - 1]


@confined
def test_the_page_names_each_surprise_with_its_place(tiny):
    course, found, _ = tiny
    bank = course.hidden("tp1") / "bank/double.py"
    told = re.sub(r"\s+", " ", found.stdout.split("Not as expected")[1])
    assert f"{bank}:7: mutant `detached` (3 3 of 4): test_seven passes; killed by test_gradient" in told
    assert f"{bank}:12: mutant `not wrong at all` (4 4 of 4): keeps full points with 2 of 2 seeds" in told
    assert f"{bank}:20: accepted `not right at all` (3 3 of 4): loses points by test_seven" in told
    assert "Slowest tests" in found.stdout


@confined
def test_cells_run_once_whatever_the_number_of_seeds(tiny):
    course, _, _ = tiny
    from autograder.audit import OPTIONS, Audit

    (subject,) = subjects(course, "tp1")
    only = replace(subject, variants=subject.variants[:1])
    (result,) = Audit(course, "tp1", [only], seeds=3, whole=True, made=False, options=OPTIONS).run()
    verdicts = [v for grade in result.grades for v in grade.verdicts if v.test == "test_seven"]
    assert len({v.seed for v in verdicts}) == 3
    assert len({v.message for v in verdicts}) == 1 and re.search(r"processus \d+", verdicts[0].message)


UNUSUAL = """# needs helpers
# %% mutant: leaves a process behind
# killed by test_seven
import os, time
seven = 8
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
    os._exit(0)

# %% mutant: eight
# killed by test_seven
seven = 8

# %% mutant: raises when it is defined
seven = 8
raise ValueError("after its first line")

# %% mutant: ends its process when it is defined
import os
os._exit(3)

# %% mutant: ends its process when it is called
def double(x):
    import os
    os._exit(3)

# %% accepted: with a magic
%matplotlib inline
seven = 7

# %% accepted: with an await of its own
import asyncio
await asyncio.sleep(0)
seven = 7

# %% accepted: by a product
def double(x):
    return 2 * x
"""


@confined
def test_variants_behind_one_run_of_the_cells_earn_what_they_earn_as_notebooks(tmp_path, monkeypatch):
    course = course_with(tmp_path / "course", UNUSUAL)
    alone = []

    def graded_alone(forks, job, ahead=False):
        alone.append(next(Path(job.folder).glob("*.ipynb")).read_text(encoding="utf-8"))
        return drive(forks, job, ahead)

    monkeypatch.setattr("autograder.audit.drive", graded_alone)
    audits = [
        Audit(course, "tp1", subjects(course, "tp1"), seeds=2, whole=whole, made=False)
        for whole in (False, True)
    ]
    together, whole = (
        {r.variant.name: (r.points, r.failed_tests, r.unexpected) for r in audit.run()} for audit in audits
    )
    assert together == whole and len(whole) == 8
    assert {name: found for name, found in whole.items() if found[2]} == {}
    assert len(alone) == 4 + 8  # of the first audit: the one that leaves a process, and those behind it


# --- Wrong use ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "arguments", "text"),
    [
        ({}, ("--exercise", "doubel"), "`doubel` is no graded cell of source/tp1. Did you mean `double`?"),
        ({}, ("--exercise", "before"), "`before` has no hidden suite"),
        ({}, ("--bank", "missing"), "There is no folder missing"),
        ({"bank": "# %% wrong: x\n"}, (), "double.py, line 1: expected `# %% mutant: name`"),
        ({"bank": "# needs nothing\n# %% mutant: x\nx = 1\n"}, (), "`# needs nothing` names no cell"),
        ({"cells": [*SOURCE[:4], *SOURCE[5:]]}, (), "tp1.ipynb has no solution cell `double_solution`"),
    ],
)
def test_wrong_use_ends_with_2_and_a_json_without_results(tmp_path, change, arguments, text):
    file = tmp_path / "audit.json"
    found = run(course_with(tmp_path / "course", **change), *arguments, "--json", str(file))
    assert found.exit_code == 2 and text in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert json.loads(file.read_text()) == []


def test_a_bank_of_an_unknown_exercise_is_wrong_use(tmp_path):
    course = course_with(tmp_path / "course")
    bank = write(tmp_path / "bank/tripel.py", "# %% mutant: x\nx = 1\n").parent
    found = run(course, "--bank", str(bank))
    assert found.exit_code == 2 and f"{bank / 'tripel.py'}: `tripel` is no graded cell" in found.stderr


def test_an_exercise_that_is_asked_for_must_be_in_a_bank_that_is_named(tmp_path):
    course = course_with(tmp_path / "course")
    (tmp_path / "bank").mkdir()
    with pytest.raises(InstructorError, match=r"No bank has a file double\.py"):
        subjects(course, "tp1", ["double"], [tmp_path / "bank"])


def test_variants_of_several_banks_come_together(tmp_path):
    course = course_with(tmp_path / "course")
    other = write(tmp_path / "bank/double.py", "# %% mutant: other\nseven = 9\n").parent
    (subject,) = subjects(course, "tp1", (), [other, course.hidden("tp1") / "bank"])
    assert [variant.name for variant in subject.variants][:2] == ["other", "seven is eight"]
    assert subject.needs == ("helpers",)


# --- Cells ----------------------------------------------------------------------------------------------------


def test_only_the_cells_that_an_exercise_needs_are_kept(tmp_path):
    course = course_with(tmp_path / "course")
    document = json.loads(notebook(SOURCE))
    needs = read_needs(course.hidden("tp1") / "bank/double.py")
    kept = reduced(document, "double", ["double_solution"], needs)
    assert kept["cells"] == [SOURCE[i] for i in (0, 1, 3, 4, 6)]
    assert len(reduced(document, "double", ["double_solution"], ())["cells"]) == 4
    with pytest.raises(InstructorError, match="declares `# needs nothing`"):
        reduced(document, "double", [], ["nothing"])


# --- Solutions that do nothing --------------------------------------------------------------------------------


def softmax(logits, dim=-1):
    return logits.exp() / logits.exp().sum(dim, keepdim=True)


@pytest.mark.parametrize("kind", ["zeros", "ones"])
def test_a_hollow_function_answers_in_the_right_shape_with_a_gradient_of_zero(kind):
    logits = torch.randn(3, 4, requires_grad=True)
    found = hollow(softmax, kind)(logits, dim=0)
    assert torch.equal(found, torch.full((3, 4), float(kind == "ones")))
    found.sum().backward()
    assert torch.equal(logits.grad, torch.zeros(3, 4))


def test_a_hollow_function_may_answer_none_its_input_or_a_value_without_history():
    logits = torch.randn(3, 4, requires_grad=True)
    assert hollow(softmax, "none")(logits) is None
    assert hollow(softmax, "input")(logits) is logits
    detached = hollow(softmax, "detached")(logits)
    assert torch.equal(detached, softmax(logits)) and not detached.requires_grad


def test_a_memorised_answer_is_right_for_known_inputs_and_zero_for_all_others():
    known, other = torch.randn(2, 3), torch.randn(2, 3)
    seen = Seen()
    watch(softmax, seen)(known, dim=1)
    learnt = hollow(softmax, "memorised", seen.inputs)
    assert torch.equal(learnt(known.clone(), dim=1), softmax(known))
    assert torch.equal(learnt(other, dim=1), torch.zeros(2, 3))
    assert torch.equal(learnt(known, dim=0), torch.zeros(2, 3))


def test_a_hollow_function_changes_nothing_and_raises_nothing():
    weight = torch.ones(2, 2)
    assert torch.equal(hollow(nn.init.zeros_, "ones")(weight), torch.ones(2, 2))
    hollow(nn.init.zeros_, "zeros")(weight)
    assert torch.equal(weight, torch.ones(2, 2))
    assert hollow(lambda x: 1 / 0, "zeros")(weight) is None


@pytest.mark.parametrize(
    ("value", "zero"),
    [(3, 0), (2.5, 0.0), (True, False), ("a", ""), ({"a": [1]}, {"a": [0]}), ({1, 2}, set()), (None, None)],
)
def test_zeros_take_the_form_of_any_plain_answer(value, zero):
    found = hollow(lambda: value, "zeros")()
    assert found == zero and type(found) is type(zero)


def test_zeros_take_the_form_of_arrays_iterators_and_loaders():
    assert not hollow(lambda: np.ones(3), "zeros")().any()
    assert list(hollow(lambda: iter([1, 2]), "zeros")()) == [0, 0]
    loader = hollow(lambda: torch.utils.data.DataLoader([1, 2, 3], batch_size=2), "zeros")()
    assert [batch.tolist() for batch in loader] == [[0, 0], [0]] and len(loader) == 2


def test_a_network_that_is_returned_loses_its_parameters_and_answers_zeros():
    empty = hollow(lambda: nn.Linear(3, 2), "zeros")()
    assert list(empty.parameters()) == []
    assert torch.equal(empty(torch.randn(5, 3)), torch.zeros(5, 2))


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(3, width)

    def forward(self, x):
        return self.layer(x)


def test_the_methods_of_a_class_are_hollowed_and_its_parts_stay():
    net = hollow(Net, "zeros")(2)
    assert isinstance(net, Net) and [tuple(p.shape) for p in net.parameters()] == [(2, 3), (2,)]
    x = torch.randn(5, 3)
    found = net(x)
    assert torch.equal(found, torch.zeros(5, 2))
    found.sum().backward()
    assert torch.equal(net.layer.weight.grad, torch.zeros(2, 3))
    assert hollow(Net, "input")(2)(x) is x
    assert not hollow(Net, "detached")(2)(x).requires_grad


def test_a_watch_sees_inputs_answers_and_gradients():
    seen = Seen()
    net = watch(Net, seen)(2)
    assert seen == Seen()
    x = torch.randn(5, 3)
    found = net(x)
    assert (len(seen.inputs), seen.arguments, seen.answers, seen.gradient) == (1, True, True, False)
    found.sum().backward()
    assert seen.gradient


def test_equal_inputs_have_equal_fingerprints_and_others_do_not():
    x = torch.arange(6.0).reshape(2, 3)
    loader = torch.utils.data.DataLoader([1, 2])
    same = [(x, x.clone()), (x.T, x.T.contiguous()), ([1, "a"], [1, "a"]), (nn.ReLU(), nn.ReLU())]
    same += [(loader, torch.utils.data.DataLoader([1, 2]))]
    other = [(x, x + 1), (x, x.double()), (x, x.T), (1, True), ([1], (1,)), (nn.ReLU(), nn.Tanh())]
    other += [(nn.Linear(2, 2), nn.Linear(2, 2)), (softmax, fingerprint), ("a", b"a")]
    assert [fingerprint(a) == fingerprint(b) for a, b in same] == [True] * len(same)
    assert [fingerprint(a) == fingerprint(b) for a, b in other] == [False] * len(other)


def test_the_names_that_are_hollowed_are_those_that_a_suite_asks_for():
    cells = [
        "def f(x):\n    return _g(x)\n\ndef _g(x): ...\n",
        "%matplotlib inline\nclass C: ...\ndef plot(): ...",
    ]
    assert public_names(cells, "student.f(1)\nstudent['C']()") == ("f", "C")
    assert public_names(cells, "student.other") == ("f", "C", "plot")


ASKED = Sight(asked=True, arguments=True, answers=True, gradient=True, known=("00",), covered=False)


@pytest.mark.parametrize(
    ("sight", "kinds"),
    [
        (ASKED, set(KINDS)),
        (Sight(True, True, True, False, ("00",), False), set(KINDS) - {"detached"}),
        (Sight(True, True, True, True, ("00",), True), set(KINDS) - {"memorised"}),
        (Sight(True, True, True, True, (), False), set(KINDS) - {"memorised"}),
        (Sight(True, False, True, True, ("00",), False), set(KINDS) - {"input"}),
        (Sight(True, True, False, False, ("00",), False), {"none"}),
        (Sight(False, False, False, False, (), True), set()),
    ],
)
def test_what_would_be_right_is_left_out_and_told(tmp_path, sight, kinds):
    made, left = vacuous_variants("double", {"double": sight}, tmp_path / "tp1.ipynb", 3)
    assert {next(k for k in KINDS if variant.name.endswith(KINDS[k])) for variant in made} == kinds
    assert {one.kind for one in left} == set(KINDS) - kinds
    assert all(one.why and "double returning" in str(one) for one in left)


def test_several_names_are_hollowed_alone_and_together(tmp_path):
    made, _ = vacuous_variants("e", {"f": ASKED, "g": ASKED}, tmp_path / "tp1.ipynb", 1)
    assert len(made) == 3 * len(KINDS) == len({variant.name for variant in made})
    assert "vacuous: f and g returning zeros" in {variant.name for variant in made}


# --- Bounds ---------------------------------------------------------------------------------------------------


def test_a_bound_is_exact():
    assert upper_bound(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60)) == pytest.approx(0.0487, abs=1e-4)
    assert upper_bound(0, 12) == pytest.approx(0.221, abs=1e-3)
    for found, total in ((1, 10), (7, 50), (49, 50)):
        assert binom.cdf(found, total, upper_bound(found, total)) == pytest.approx(0.05)
    assert upper_bound(3, 3) == upper_bound(0, 0) == 1
    with pytest.raises(ValueError, match="4 of 3"):
        upper_bound(4, 3)


def test_a_printed_bound_is_never_rounded_down():
    assert str(Rate(0, 60)) == "0/60 (≤ 4.9 %)" and str(Rate(0, 2995)) == "0/2995 (≤ 0.1 %)"
    assert str(Rate(0, 0)) == "-" and str(Rate(2, 2)) == "2/2 (≤ 100 %)"


def result(sort, tmp_path, *failed, seeds=2, name="x"):
    """A variant graded by tests a and b, of which ``failed`` fail."""
    verdicts = [
        Verdict(test, "", Outcome.FAILED if test in failed else Outcome.PASSED, 1) for test in ("a", "b")
    ]
    variant = Variant("double", name, sort, "", "", "", tmp_path / "double.py", 1)
    return Result(variant, (ExerciseGrade("double", "tp1", 2, tuple(verdicts)),) * seeds)


def test_an_appraisal_counts_runs_and_variants_apart(tmp_path):
    results = [
        result(Sort.MUTANT, tmp_path, "a"),
        result(Sort.MUTANT, tmp_path, "a", "b"),
        result(Sort.MUTANT, tmp_path),
        result(Sort.ACCEPTED, tmp_path),
        result(Sort.ACCEPTED, tmp_path, "b"),
    ]
    found = appraise("double", results)
    assert found.mutants == Rate(2, 3) and found.accepted == Rate(1, 2)
    assert found.false_fail_runs == Rate(2, 8) and found.false_fail_variants == Rate(1, 2)
    assert found.false_pass_runs == Rate(2, 6) and found.false_pass_variants == Rate(1, 3)
    assert found.idle == ("b",)


def test_the_page_sums_up_several_exercises(tmp_path):
    console = Console(record=True, width=120, file=open("/dev/null", "w"))  # noqa: SIM115
    first = [result(Sort.MUTANT, tmp_path, "a"), result(Sort.ACCEPTED, tmp_path)]
    other = Variant("triple", "y", Sort.MUTANT, "", "", "", tmp_path / "triple.py", 1)
    show(console, [*first, Result(other, first[0].grades)])
    page = console.export_text()
    assert re.search(r"all +2/2 ", page) and "Not as expected" not in page


def test_the_page_fits_80_columns(tmp_path):
    console = Console(record=True, width=80, file=open("/dev/null", "w"))  # noqa: SIM115
    results = [result(Sort.MUTANT, tmp_path, "a")] * 41 + [result(Sort.ACCEPTED, tmp_path, seeds=20)] * 1000
    other = Variant("initialisation", "y", Sort.MUTANT, "", "", "", tmp_path / "initialisation.py", 1)
    show(console, [*results, Result(other, results[0].grades)])
    page = console.export_text()
    assert "…" not in page and max(map(len, page.splitlines())) <= 80
    assert "(≤ 7.1 %)" in page and "0/40000" in page


# --- A slice of the real course -------------------------------------------------------------------------------

SLICE = """# %% mutant: batch axis
# killed by test_the_last_axis_is_the_default
def softmax(logits, dim=-1):
    return torch.exp(logits - logits.max()) / torch.exp(logits - logits.max()).sum(0)

# %% accepted: log space
def softmax(logits, dim=-1):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()
"""


@confined
def test_an_exercise_of_the_course_is_audited_with_a_bank_from_elsewhere(tmp_path):
    bank = write(tmp_path / "bank/softmax.py", SLICE).parent
    found = run(Course(ROOT), "--bank", str(bank), "--seeds", "2", "--json", str(tmp_path / "a.json"))
    rows = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert found.exit_code == 0, found.stdout + found.stderr
    assert {row["exercise"] for row in rows} == {"softmax"} and len(rows) == 2 + len(KINDS)
    assert [row["name"] for row in rows[:2]] == [variant.name for variant in read_bank(bank / "softmax.py")]
    assert all(len(row["points"]) == 2 for row in rows)
