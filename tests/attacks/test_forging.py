"""Known and new forgeries: points that student code tries to give itself. Each earns exactly 0 where it forges,
and never touches the points of the honest exercises beside it."""

from __future__ import annotations

import json
import math

import pytest

from autograder.gradebook import record, scores
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict
from tests.courses import cell, graded, make_course, solution

WRONG = "def double(x):\n    return x + 1"
LIAR = """
class Liar:
    __class__ = property(lambda self: torch.Tensor)
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __float__(self): return 0.0
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    __hash__ = None
"""

FORGED_DOUBLE = {
    "an input transformer that drops what could fail": (
        "shell = get_ipython()\n"
        "shell.input_transformers_post.append(lambda lines: [l for l in lines if 'check' not in l])\n" + WRONG
    ),
    "a syntax tree transformer that drops asserts": (
        "import ast\n"
        "class Drop(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return None\n"
        "    def visit_Raise(self, node): return None\n"
        "get_ipython().ast_transformers.append(Drop())\n" + WRONG
    ),
    "a hook before each cell": (
        "import ast\n"
        "class Nothing(ast.NodeTransformer):\n"
        "    def visit_Module(self, node):\n"
        "        work = any(isinstance(part, ast.FunctionDef) for part in node.body)\n"
        "        return node if work else ast.Module([], [])\n"
        "def empty(info): get_ipython().ast_transformers.append(Nothing())\n"
        "get_ipython().events.register('pre_run_cell', empty)\n" + WRONG
    ),
    "an object whose comparisons are all true": LIAR + "def double(x): return Liar()",
    "a class that lies about being a tensor": (
        "class Fake(int):\n"
        "    __class__ = property(lambda self: torch.Tensor)\n"
        "    shape = torch.Size([3, 4]); dtype = torch.float64\n"
        "def double(x): return Fake(3)"
    ),
    "a tensor subclass that answers for torch": (
        "class Winner(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
        "        return True if 'eq' in func.__name__ or 'close' in func.__name__ else "
        "super().__torch_function__(func, types, args, kwargs or {})\n"
        "def double(x): return (x + 1).as_subclass(Winner)"
    ),
    "patched torch.testing, pytest and numpy": (
        "import numpy, numpy.testing, pytest, builtins\n"
        "torch.testing.assert_close = torch.allclose = torch.equal = lambda *a, **k: True\n"
        "numpy.testing.assert_allclose = pytest.fail = lambda *a, **k: None\n"
        "numpy.allclose = numpy.array_equal = lambda *a, **k: True\n"
        "torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda self, other: torch.ones(1, dtype=torch.bool)\n" + WRONG
    ),
    "a patched autograder": (
        "import autograder, autograder.checks as c, autograder.verdict as v\n"
        "c.close = c.equal = c.tensor = lambda *a, **k: None\n"
        "v.ExerciseGrade.score = property(lambda self: self.max_points)\n"
        "v.Verdict.outcome = v.Outcome.PASSED\n" + WRONG
    ),
    "an output that prints a score": (
        "print('score: 20/20'); print({'double': 3.0}); print('{\"grade\": {\"score\": 10}}')\n"
        "def double(x):\n    print('PASSED 3/3')\n    return x + 1"
    ),
    "a cell whose last value is the maximum": WRONG + "\n3.0",
}  # fmt: skip

# Expressions of the argument x, a random (3, 4) tensor whose double is asked for.
VALUES = {
    "a value that is not a number": "x * float('nan')",
    "an infinite value": "x * float('inf')",
    "no value": "None",
    "a constant": "torch.zeros_like(x)",
    "the argument itself": "x",
    "a huge tensor without memory": "torch.zeros(1, dtype=torch.float64).expand(10**12)",
    "a sparse tensor": "(x + 1).to_sparse()",
    "a meta tensor": "torch.empty(x.shape, dtype=x.dtype, device='meta')",
    "an empty tensor that broadcasts": "torch.empty(0, 4, dtype=torch.float64)",
    "one element that broadcasts": "torch.ones(1, dtype=torch.float64)",
}  # fmt: skip
VALUES_SUITE = """
import pytest, torch
from autograder import checks

@pytest.mark.parametrize("name", {names!r})
def test_value(student, name):
    x = torch.randn(3, 4, dtype=torch.float64)
    expected = x * 2
    checks.close(student.double(name, x), expected, "le double")
"""

EXCEPTIONS = {
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit(0)",
    "sys.exit": "__import__('sys').exit(0)",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration(2 * x)",
    "our GraderFailure": "from autograder.errors import GraderFailure; raise GraderFailure('ours')",
    "our WallExpired": "from autograder.errors import WallExpired; raise WallExpired(1)",
    "our CheckFailed": "from autograder.errors import CheckFailed; raise CheckFailed('')",
    "our RemoteError": "from autograder.probe import RemoteError; raise RemoteError('x')",
    "a class named GraderFailure": "raise type('GraderFailure', (BaseException,), {})('ours')",
    "a class named Skipped": "raise type('Skipped', (Exception,), {})('skip me')",
    "pytest.skip": "import pytest; pytest.skip('skip me')",
    "pytest.xfail": "import pytest; pytest.xfail('expected')",
    "pytest.exit": "import pytest; pytest.exit('done', returncode=0)",
    "unittest.SkipTest": "import unittest; raise unittest.SkipTest('skip me')",
    "MemoryError": "raise MemoryError",
    "OSError": "raise OSError(5, 'disk')",
    "ImportError": "raise ImportError('x')",
    "NameError": "raise NameError('x')",
    "an exception group": "raise ExceptionGroup('g', [ValueError('x')])",
    "an error whose text raises": "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})()",
    "an error whose class has no name": "raise type('', (Exception,), {})()",
    "UnicodeDecodeError": "raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'y')",
}  # fmt: skip


def test_right_work_earns_everything(arena):
    assert arena.scores(arena.grade()) == arena.most


@pytest.mark.parametrize("attack", FORGED_DOUBLE)
def test_a_forgery_earns_nothing_and_costs_no_other_exercise(arena, attack):
    found = arena.grade(double=FORGED_DOUBLE[attack])
    assert arena.scores(found) == {**arena.most, "double": 0.0}, arena.verdicts(found)


NAIVE = {
    "comparing": "x = torch.randn(3, 4)\nassert torch.as_tensor(double(x) == 2 * x).all(), 'check'",
    "of torch": "x = torch.randn(3, 4, dtype=torch.float64)\nassert torch.allclose(double(x), 2 * x)",
    "of types": (
        "x = torch.randn(3, 4, dtype=torch.float64)\ny = double(x)\n"
        "assert isinstance(y, torch.Tensor) and y.shape == x.shape and y.dtype == x.dtype"
    ),
    "of ours": "from autograder import checks\nx = torch.randn(3, 4)\nchecks.close(double(x), 2 * x, 'le double')",
}
"""Graded cells without a hidden suite: they decide in the student's own process."""
FOOLED = {
    "an input transformer that drops what could fail": "comparing",
    "a syntax tree transformer that drops asserts": "comparing",
    "a hook before each cell": "comparing",
    "an object whose comparisons are all true": "comparing",
    "a class that lies about being a tensor": "of types",
    "a tensor subclass that answers for torch": "of torch",
    "patched torch.testing, pytest and numpy": "of torch",
    "a patched autograder": "of ours",
}
READ = {  # by who would take a score from what a notebook shows
    "an output that prints a score": "score: 20/20",
    "a cell whose last value is the maximum": '"text/plain": "3.0"',
}


@pytest.mark.parametrize("attack", FOOLED)
def test_the_same_forgery_earns_everything_where_the_notebook_itself_decides(arena, attack, tmp_path):
    source = [
        cell("import torch"),
        solution(arena.right["double"], "double-code"),
        graded(NAIVE[FOOLED[attack]], "double", 3),
    ]
    home = arena.at(make_course(tmp_path / "course", source, ()))
    for code, points in ((WRONG, 0.0), (FORGED_DOUBLE[attack], 3.0)):
        if (code, FOOLED[attack]) == (WRONG, "of types"):
            continue
        found = home.grade([source[0], solution(code, "double-code"), source[2]])
        assert home.scores(found) == {"double": points}, home.verdicts(found)
        assert home.exercise(found, "double").decided_inside, "and feedback marks it"


@pytest.mark.parametrize("attack", READ)
def test_a_score_that_a_notebook_shows_is_there_to_be_read(arena, attack):
    assert READ[attack] in arena.printed(arena.grade(double=FORGED_DOUBLE[attack]))


def test_every_forgery_has_been_seen_to_succeed_somewhere():
    assert FORGED_DOUBLE.keys() == FOOLED.keys() | READ.keys()


def test_no_forged_value_passes_for_a_right_one(arena):
    """All in one submission, whose function returns what the suite names."""
    path = arena.course.hidden("tp1") / "test_double.py"
    honest = path.read_text()
    table = ", ".join(f"{name!r}: lambda x: {code}" for name, code in VALUES.items())
    try:
        path.write_text(VALUES_SUITE.format(names=["the right one", *VALUES]))
        values = f"VALUES = {{{table}, 'the right one': lambda x: x + x}}\n"
        found = arena.grade(double=values + "def double(name, x):\n    return VALUES[name](x)")
    finally:
        path.write_text(honest)
    outcomes = {v.test: v.outcome for v in arena.exercise(found, "double").verdicts}
    passed = [test for test, outcome in outcomes.items() if outcome is Outcome.PASSED]
    assert passed == ["test_value[the right one]"]
    assert Outcome.UNGRADED not in outcomes.values()
    assert len(outcomes) == len(VALUES) + 1


def test_an_exception_named_like_ours_is_the_students(arena):
    """One submission a family: the function looks up what to raise by a counter kept in the file system."""
    codes = list(EXCEPTIONS.values())
    for number, start in enumerate((0, len(codes) // 2)):
        part = codes[start : start + len(codes) // 2 + number]
        branches = "\n".join(f"    if n % {len(part)} == {i}:\n        {code}" for i, code in enumerate(part))
        record_ = arena.grade(triple=f"def triple(n):\n{branches}\n    return 0")
        assert arena.scores(record_) == {**arena.most, "triple": 0.0}


@pytest.mark.parametrize("error", EXCEPTIONS)
def test_no_exception_of_a_student_is_taken_for_ours(error, monkeypatch):
    """Without processes: what the guest's server answers, judged as in the grader."""
    from autograder.probe import local_student
    from autograder.suite import judge

    namespace: dict[str, object] = {}
    exec(f"def f(x):\n    {EXCEPTIONS[error]}", namespace)
    student = local_student(namespace)
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        student.f(1)
    assert judge(caught.value, 0).outcome is Outcome.FAILED
    assert "RemoteError" in [cls.__name__ for cls in type(caught.value).__mro__]


# --- Damaged and edited notebooks -----------------------------------------------------------------------------


def test_skip_execution_tags_and_edited_points_change_nothing(arena):
    for double, share in ((arena.right["double"], 1), (WRONG, 0)):
        cells = arena.cells(double=double)
        for made in cells:
            ours = made["metadata"].get("nbgrader", {})
            if ours.get("grade"):
                made["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]
                ours |= {"points": 1000, "locked": False}
                made["source"] = "1000"
        found = arena.grade(cells)
        assert arena.scores(found) == {**arena.most, "double": 3.0 * share}
        assert [e.max_points for e in found.grade.exercises] == [3.0, 2.0, 5.0]


def _without(cells, *ids):
    return [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") not in ids]


def _doubled(cells):
    return [
        copy for c in cells for copy in ([c, c] if c["metadata"].get("nbgrader", {}).get("grade") else [c])
    ]


def _split(cells):
    """The solution in two cells, the second without metadata; the graded cell in two as well."""
    found = []
    for made in cells:
        if made["metadata"].get("nbgrader"):
            head, _, tail = made["source"].partition("\n")
            found += [
                {**made, "source": f"{head}\n    pass" if made["metadata"]["nbgrader"]["solution"] else head}
            ]
            whole = made["source"] if made["metadata"]["nbgrader"]["solution"] else tail
            found += [cell(whole)]
        else:
            found.append(made)
    return found


def _stripped(cells):
    return [{**c, "metadata": {}} for c in cells]


DAMAGES = {
    "graded cells deleted": lambda cells: _without(cells, "double", "triple", "last"),
    "graded cells doubled": _doubled,
    "cells split in two": _split,
    "all metadata stripped": _stripped,
    "graded cells first": lambda cells: sorted(
        cells, key=lambda c: not c["metadata"].get("nbgrader", {}).get("grade")
    ),
    "reversed exercises": lambda cells: [cells[0], *cells[5:7], *cells[3:5], *cells[1:3]],
    "schema version and ids edited": lambda cells: [
        {**c, "metadata": {"nbgrader": {**c["metadata"]["nbgrader"], "schema_version": 99, "points": "abc"}}}
        if c["metadata"].get("nbgrader")
        else c
        for c in cells
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_right_work_keeps_its_points_in_a_damaged_notebook_and_wrong_work_gets_none(arena, damage):
    wrong = DAMAGES[damage](arena.cells(triple="def triple(n):\n    return 4 * n"))
    assert arena.scores(arena.grade(wrong)) == {**arena.most, "triple": 0.0}


def test_a_cell_that_passes_for_a_graded_one_is_not_run_for_a_score(arena):
    """The text of a forged graded cell never runs, one that only borrows the id runs as the student's own."""
    cells = arena.cells(double=WRONG)
    cells.insert(3, graded("def double(x): return 2 * x\nprint('ANSWER 1')", "double", 1000))
    found = arena.grade(cells)
    assert arena.scores(found)["double"] == 0.0
    assert arena.answers(found) == []
    borrowed = solution("def double(x): return 2 * x\nprint('ANSWER 2')", "double")
    found = arena.grade([*arena.cells(double=WRONG)[:2], borrowed, *arena.cells()[2:]])
    assert arena.scores(found)["double"] == 3.0
    assert arena.answers(found) == [2]


def test_a_later_cell_cannot_change_what_was_graded_before(arena):
    last = (
        "def double(x): return x\ndef triple(n): return 0\ntorch.Tensor.__add__ = None\n"
        + arena.right["last"]
    )
    assert arena.scores(arena.grade(last=last)) == arena.most
    rescue = "def double(x): return 2 * x\n" + arena.right["last"]
    assert arena.scores(arena.grade(double=WRONG, last=rescue))["double"] == 0.0


@pytest.mark.parametrize("target", ["../../../source/tp1/tp1.ipynb", "../../student_right/tp1/tp1.ipynb"])
def test_a_link_to_the_source_or_to_a_classmate_earns_nothing(arena, target):
    arena.submit(arena.cells(), "student_right")
    student = arena.submit(None, f"linked{len(target)}")
    link = arena.course.submitted("tp1", student) / "tp1.ipynb"
    link.symlink_to(target)
    assert link.exists(), "the link leads somewhere"
    found = arena.run(student)
    assert all(score in (0, None) for score in arena.scores(found).values())
    assert found.notebooks == {}
    assert any("cannot be opened" in problem for problem in found.grade.problems)


def test_a_linked_folder_or_file_beside_the_notebook_does_not_reach_the_guest(arena):
    read = "import glob\nprint('ANSWER', __import__('json').dumps(sorted(glob.glob('**', recursive=True))))"
    student = arena.submit(arena.cells(read), files={"data.csv": "1"})
    folder = arena.course.submitted("tp1", student)
    (folder / "tests").symlink_to(arena.course.root / "tests")
    (folder / "suite.py").symlink_to(arena.course.root / "tests/hidden/tp1/test_double.py")
    (seen,) = arena.answers(arena.run(student))
    assert set(seen) - {"tests"} == {"data.csv", "tp1.ipynb"}, (
        "of a linked folder at most its own name, empty"
    )


def test_a_changed_cotangent_does_not_forge_a_gradient(arena):
    """A backward that changes what it receives must not change what the suite compares with."""
    forged = """
class Forged(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, cotangent):
        cotangent.zero_()
        return cotangent
def double(x):
    return Forged.apply(x)
"""
    assert arena.scores(arena.grade(double=forged)) == {**arena.most, "double": 2.0}, (
        "2 of 3: the values are right"
    )


# --- Arithmetic of scores -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, -1e-9, None, "3", True, 1j, [1]])
def test_nonsense_can_never_become_points(value):
    with pytest.raises(ValueError, match="points of t"):
        Verdict("t", "", Outcome.PASSED, value)
    with pytest.raises(ValueError, match="max_points of e"):
        ExerciseGrade("e", "n", value, (Verdict("t", "", Outcome.PASSED, 1.0),))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "null", '"3"', "true"])
def test_a_record_that_was_tampered_with_is_no_record(arena, value):
    good = Grade(
        "a", "s", "d", "k", "0", (ExerciseGrade("e", "n", 2, (Verdict("t", "", Outcome.PASSED, 1),)),)
    )
    assert Grade.from_json(good.to_json()) == good
    for field in ("max_points", "points"):
        text = good.to_json().replace(
            f'"{field}": {2.0 if field == "max_points" else 1.0}', f'"{field}": {value}'
        )
        assert text != good.to_json()
        with pytest.raises(ValueError):  # noqa: PT011
            Grade.from_json(text)


@pytest.mark.parametrize("outcome", ["won", "", None, "PASSED"])
def test_an_unknown_outcome_is_no_grade(outcome):
    good = Grade(
        "a", "s", "d", "k", "0", (ExerciseGrade("e", "n", 2, (Verdict("t", "", Outcome.PASSED, 1),)),)
    )
    data = json.loads(good.to_json())
    data["exercises"][0]["verdicts"][0]["outcome"] = outcome
    with pytest.raises(ValueError):  # noqa: PT011
        Grade.from_json(json.dumps(data))


def test_missing_verdicts_and_weightless_tests_give_no_points():
    passed = Verdict("t", "", Outcome.PASSED, 0.0)
    assert ExerciseGrade("e", "n", 5).score is None
    assert ExerciseGrade("e", "n", 5, (passed,)).score is None
    halves = (Verdict("t", "", Outcome.PASSED, 1e308), Verdict("u", "", Outcome.FAILED, 1e308))
    assert ExerciseGrade("e", "n", 5, halves).score == 2.5, "though their sum is infinite"
    gate = Verdict("g", "", Outcome.FAILED, 0.0, gate=True)
    assert ExerciseGrade("e", "n", 5, (Verdict("t", "", Outcome.PASSED, 1.0), gate)).score == 0.0


def test_a_forged_score_does_not_reach_the_gradebook(arena):
    """An impossible score is refused by the writer too, whatever produced it."""

    student = arena.submit(arena.cells())
    honest = arena.run(student)
    for forged in (math.nan, math.inf, -1.0, 1000.0):
        cheat = type("Cheat", (ExerciseGrade,), {"score": forged})
        exercises = tuple(
            cheat(e.exercise, e.notebook, e.max_points, e.verdicts) for e in honest.grade.exercises
        )
        fake = Grade("tp1", student, "d", "k", "0", exercises)
        stub = type("Fake", (), {"grade": fake, "notebooks": {}})()
        (done,) = record(arena.course, "tp1", [student], grade_with=lambda *_, stub=stub: stub)
        assert not done.success
        rows = [row for row in scores(arena.course, "tp1") if row.student == student]
        assert all(row.score is None for row in rows), "ungraded, never points"
    (done,) = record(arena.course, "tp1", [student], grade_with=lambda *_: honest)
    assert done.success
    rows = {row.exercise: row.score for row in scores(arena.course, "tp1") if row.student == student}
    assert rows == arena.most
