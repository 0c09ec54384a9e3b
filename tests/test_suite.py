from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from autograder.errors import (
    CallTimedOut,
    CellFailed,
    CheckFailed,
    GraderFailure,
    GuestDied,
    InstructorError,
    NameMissing,
    ProtocolBroken,
    WallExpired,
)
from autograder.probe import RemoteError, local_student
from autograder.suite import PlainHost, derive_seed, exercise_of, judge, run_suite, run_suites
from autograder.verdict import ExerciseGrade, Outcome
from tests.courses import ROOT, graded, make_course, notebook, solution, write

PASSED, FAILED, UNGRADED = Outcome.PASSED, Outcome.FAILED, Outcome.UNGRADED
REMOTE = type("KeyError", (RemoteError, KeyError), {})


class LocalHost:
    """Gives a suite a namespace of this process; ``seed`` counts streams from a fixed secret."""

    def __init__(self, code="", secret="secret"):
        self.namespace = {"torch": torch}
        exec(compile(code, "<cell>", "exec"), self.namespace)
        self.secret, self.failures, self.opened, self.closed = secret, [], 0, 0

    def open(self, suite, test):
        self.opened += 1
        return local_student(self.namespace)

    def seed(self, suite, test, stream):
        return derive_seed(self.secret, exercise_of(suite), test, stream)

    def failed(self, error):
        self.failures.append(error)

    def close(self, student):
        self.closed += 1


HEAD = """
import pytest, torch, random
import numpy as np
from autograder import checks
from autograder.errors import *
from autograder.suite import gate, points

"""
NUMBER = iter(range(10_000))


@pytest.fixture(autouse=True)
def plain_asserts(monkeypatch):
    """This very pytest would rewrite the asserts of the suites that it runs; a grader's does not."""
    hooks = [hook for hook in sys.meta_path if type(hook).__name__ != "AssertionRewritingHook"]
    monkeypatch.setattr(sys, "meta_path", hooks)


@pytest.fixture
def suite(tmp_path):
    """Runs a suite's text; each has a name of its own, as the files of a course do."""

    def run(text, code="def f(x): return x", host=None, head=HEAD):
        path = write(tmp_path / f"test_suite{next(NUMBER)}.py", head + text)
        return run_suite(path, host or LocalHost(code))

    return run


# --- Whose failure is it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("replies", [0, 3])
@pytest.mark.parametrize(
    "error",
    [
        REMOTE("x"),
        NameMissing("f"),
        GuestDied(),
        CallTimedOut(2.0),
        ProtocolBroken("x"),
        CellFailed("x"),
        CheckFailed("x"),
        AssertionError("x"),
        AssertionError(),
        pytest.fail.Exception("x"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_the_student_answers_for(error, replies):
    found = judge(error, replies)
    assert found.outcome is FAILED and found.message and not found.detail


@pytest.mark.parametrize("replies", [0, 3])
@pytest.mark.parametrize(
    "error",
    [
        GraderFailure("x"),
        WallExpired(3.0),
        MemoryError("x"),
        OSError("x"),
        FileNotFoundError("x"),
        ImportError("x"),
        ModuleNotFoundError("x"),
        NameError("x"),
        UnboundLocalError("x"),
        SyntaxError("x"),
        KeyboardInterrupt(),
        SystemExit(),
        torch.OutOfMemoryError("x"),
        pytest.skip.Exception("x"),
        pytest.xfail.Exception("x"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_we_answer_for(error, replies):
    found = judge(error, replies)
    assert found.outcome is UNGRADED and not found.message and type(error).__name__ in found.detail


@pytest.mark.parametrize(
    "error", [TypeError("x"), ValueError("x"), IndexError("x"), RuntimeError("x")], ids=repr
)
def test_any_other_error_is_the_students_only_after_an_answer(error):
    assert judge(error, 0).outcome is UNGRADED
    after = judge(error, 1)
    assert (
        after.outcome is FAILED
        and "type ou de la forme" in after.message
        and "x" not in after.message.split()
    )
    assert repr(error)[:-3].rstrip("('") in after.detail


def test_a_bare_assert_says_nothing_and_an_explicit_text_is_shown_without_data():
    assert judge(AssertionError(), 1).message == "Une propriété demandée n'est pas vérifiée."
    assert judge(AssertionError((1, 2)), 1).message == "Une propriété demandée n'est pas vérifiée."
    assert judge(AssertionError("la somme vaut 1"), 1).message == "la somme vaut 1"
    assert judge(AssertionError("reçu tensor([0.123])"), 1).message == "reçu "


# --- Verdicts of a suite --------------------------------------------------------------------------------------


def outcomes(verdicts):
    return [verdict.outcome for verdict in verdicts]


def test_a_verdict_carries_points_title_and_the_hint_only_if_it_failed(suite):
    good, bad, plain, gated = suite('''
@points(2, "Bon")
def test_good(student):
    """Indice."""
    assert student.f(1) == 1

@points(0.5, "Mauvais")
def test_bad(student):
    """Un indice
    sur deux lignes."""
    assert student.f(1) == 2, "il fallait deux"

def test_without_a_mark(student):
    student.f(1)

@gate("Interdit")
def test_gate(student):
    assert not student.f(1), "utilisé"
''')
    assert (good.test, good.title, good.points, good.outcome, good.hint) == (
        "test_good",
        "Bon",
        2,
        PASSED,
        "",
    )
    assert (bad.title, bad.points, bad.message) == ("Mauvais", 0.5, "il fallait deux")
    assert bad.hint == "Un indice sur deux lignes."
    assert (plain.title, plain.points, plain.gate) == ("without a mark", 1, False)
    assert (gated.points, gated.gate, gated.outcome) == (0, True, FAILED)
    assert ExerciseGrade("f", "", 7, (good, bad, plain, gated)).score == 0


def test_a_parametrized_test_has_a_verdict_a_case(suite):
    found = suite(
        "@pytest.mark.parametrize('n', [1, 2])\n@points(3, 'T')\ndef test_n(student, n):\n    assert n == 1"
    )
    assert [(v.test, v.points, v.outcome) for v in found] == [
        ("test_n[1]", 3, PASSED),
        ("test_n[2]", 3, FAILED),
    ]
    assert found[0].seed != found[1].seed


@pytest.mark.parametrize(
    "body",
    [
        "pytest.skip('x')",
        "pytest.xfail('x')",
        "pytest.importorskip('no_such_module_x')",
        "raise pytest.skip.Exception('x')",
        "pytest.exit('x')",
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
    ],
)
def test_a_test_that_gives_up_earns_nothing_and_costs_nothing(suite, body):
    found = suite(f"def test_a(student):\n    {body}\ndef test_b(student):\n    pass")
    assert found[0].outcome is UNGRADED and PASSED not in outcomes(found[:1])


@pytest.mark.parametrize(
    "mark",
    [
        "skip",
        "skipif(True, reason='x')",
        "xfail",
        "xfail(run=False)",
    ],
)
def test_a_mark_that_excuses_a_test_makes_it_ungraded(suite, mark):
    (found,) = suite(f"@pytest.mark.{mark}\ndef test_a(student):\n    student.f(1)\n    pytest.xfail('x')")
    assert found.outcome is UNGRADED


@pytest.mark.parametrize(
    "text",
    [
        "def test_a(student:",
        "import no_such_module_x",
        "raise ValueError",
        "x = 1 / 0",
        "",
        "def helper(): pass",
    ],
    ids=["syntax", "import", "raises", "zero", "empty", "no test"],
)
def test_a_suite_that_cannot_be_collected_is_ungraded_and_says_why(suite, text):
    found = suite(text, head="")
    assert outcomes(found) == [UNGRADED] and found[0].detail
    assert ExerciseGrade("f", "", 3, found).score is None


def test_an_error_of_a_suites_own_fixture_is_ours(suite):
    (found,) = suite("@pytest.fixture\ndef own():\n    raise ValueError\ndef test_a(own, student):\n    pass")
    assert found.outcome is UNGRADED


def test_an_error_while_a_test_is_torn_down_takes_a_pass_back_and_leaves_a_failure(suite):
    fixture = "@pytest.fixture\ndef own():\n    yield\n    raise OSError\n"
    (passed,) = suite(fixture + "def test_a(own):\n    pass")
    assert passed.outcome is UNGRADED
    (failed,) = suite(fixture + "def test_a(own, student):\n    assert student.f(1) == 2, 'non'")
    assert (failed.outcome, failed.message) == (FAILED, "non")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("GuestDied()", FAILED),
        ("CallTimedOut(2.0)", FAILED),
        ("ProtocolBroken('x')", FAILED),
        ("NameMissing('f')", FAILED),
        ("WallExpired(2.0)", UNGRADED),
        ("GraderFailure('x')", UNGRADED),
    ],
)
def test_a_suite_that_expects_an_error_does_not_swallow(suite, error, outcome):
    (found,) = suite(
        f"def test_a(student):\n    with pytest.raises(Exception):\n        student.f(1)\n        raise {error}"
    )
    assert found.outcome is outcome


def test_an_error_that_was_expected_but_not_raised_is_told_in_french(suite):
    (found,) = suite("def test_a(student):\n    with pytest.raises(ValueError):\n        student.f(1)")
    assert found.message == "L'erreur ValueError était attendue, aucune n'a été levée."


def test_an_expected_error_of_the_student_passes(suite):
    (found,) = suite(
        "def test_a(student):\n    with pytest.raises(ValueError, match='neg'):\n        student.f(-1)",
        code="def f(x):\n    raise ValueError('neg')",
    )
    assert found.outcome is PASSED


def test_a_bare_assert_shows_no_value(suite):
    (found,) = suite("def test_a(student):\n    assert student.f(123456) == 654321")
    assert found.message == "Une propriété demandée n'est pas vérifiée."
    assert "123456" not in found.message + found.detail + found.hint


def test_an_error_of_the_suite_before_its_first_question_is_ours(suite):
    first, second, third = suite(
        "def test_a(student):\n    student.f(1)\n    None + 1\n"
        "def test_b(student):\n    None + 1\ndef test_c(student):\n    int(student.f('x'))"
    )
    assert outcomes((first, second, third)) == [FAILED, UNGRADED, FAILED]


def test_what_a_suite_cannot_send_is_ours(suite):
    (found,) = suite("def test_a(student):\n    student.f(1)\n    student.f(object())")
    assert found.outcome is UNGRADED


def test_a_student_that_raises_is_told_so(suite):
    (found,) = suite("def test_a(student):\n    student.f(1)", code="def f(x):\n    return x['poids']")
    assert found.message.startswith("Votre code a levé TypeError : 'int' object is not subscriptable")
    assert "ligne 2 de `f`" in found.message


def test_the_host_is_told_of_failures_and_of_the_end(suite):
    host = LocalHost("def f(x): return x")
    suite("def test_a(student):\n    student.g\ndef test_b(student):\n    pass", host=host)
    assert [type(error) for error in host.failures] == [NameMissing]
    assert (host.opened, host.closed) == (2, 2)


def test_one_failed_test_leaves_the_others_alone(suite):
    found = suite(
        "def test_a(student):\n    raise GuestDied()\n"
        "def test_b(student):\n    student.f(1)\n"
        "def test_c(student):\n    0/0"
    )
    assert outcomes(found) == [FAILED, PASSED, UNGRADED]


def test_what_a_suite_prints_is_not_shown(suite, capsys):
    suite("def test_a(student):\n    print('hidden input 42')\n    assert 0")
    assert "hidden input" not in "".join(capsys.readouterr())


# --- Seeds ----------------------------------------------------------------------------------------------------


def test_seeds_differ_between_tests_streams_and_secrets():
    seeds = {
        derive_seed(secret, "softmax", test, stream)
        for secret in ("s", "t")
        for test in ("test_a", "test_b")
        for stream in ("suite", "guest")
    }
    assert len(seeds) == 8 and all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed("s", "ab", "c") != derive_seed("s", "a", "bc")
    assert derive_seed("s", "a") == derive_seed("s", "a")


DRAWS = """
def draw():
    return float(torch.rand(())), random.random(), float(np.random.rand())

def test_a(student):
    ours, theirs = draw(), student.f(1)
    assert 0, f"{[str(x)[2:8] for x in ours]} {str(theirs)[2:8]} {student.seed % 1000}"

def test_b(student):
    test_a(student)
"""
RAND = "def f(x): return float(torch.rand(()))"


def test_a_test_draws_from_its_recorded_seed(suite, tmp_path):
    path = write(tmp_path / "test_draws.py", HEAD + DRAWS)
    a, b = run_suite(path, LocalHost(RAND))
    assert (a.seed, b.seed) == tuple(derive_seed("secret", "draws", t, "suite") for t in ("test_a", "test_b"))
    again = run_suite(path, LocalHost(RAND))
    assert [v.message for v in again] == [a.message, b.message] and a.message != b.message
    torch.manual_seed(a.seed)
    assert str(float(torch.rand(())))[2:8] in a.message
    assert run_suite(path, LocalHost(RAND, secret="other"))[0].message != a.message


# --- An instructor's pytest -----------------------------------------------------------------------------------

SUITE = """
from autograder.suite import points

@points(1, "Le double")
def test_double(student):
    assert student.double(21) == 42
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    cells = [
        solution(
            "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            "double_solution",
        ),
        graded('check("double")', "double"),
        solution("double = None", "later"),
    ]
    course = make_course(tmp_path_factory.mktemp("course"), cells, ())
    write(course.hidden("tp1") / "test_double.py", SUITE)
    write(course.public("tp1") / "test_double.py", SUITE)
    write(course.root / "elsewhere/test_double.py", SUITE)
    wrong = [solution("def double(x):\n    return x", "double_solution"), cells[1]]
    write(course.root / "wrong.ipynb", notebook(wrong))
    write(course.root / "broken.ipynb", "{")
    return course


def run_pytest(course, *arguments):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "autograder.suite",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ".",
    ]
    return subprocess.run(
        [*command, "--import-mode=importlib", *arguments],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(course.root), "PYTHONPATH": str(ROOT)},
    )


def test_without_a_submission_suites_run_on_the_source_notebook_and_must_stand_where_it_can_be_found(course):
    done = run_pytest(
        course, "tests/hidden/tp1", "source/tp1/public/test_double.py", "elsewhere/test_double.py"
    )
    assert done.returncode == 1 and "2 passed" in done.stdout and "1 error" in done.stdout, (
        done.stdout + done.stderr
    )
    where = "stands neither in tests/hidden/<assignment> nor in source/<assignment>/public"
    assert where in done.stdout and "Move it there." in done.stdout


def test_a_wrong_submission_fails(course):
    done = run_pytest(course, "tests/hidden/tp1/test_double.py", "--submission", "wrong.ipynb")
    assert done.returncode == 1 and "1 failed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "text"), [("missing.ipynb", "There is no notebook"), ("broken.ipynb", "is not valid JSON")]
)
def test_a_submission_that_cannot_be_read_is_named(course, name, text):
    with pytest.raises(InstructorError, match=text):
        PlainHost(course.root / name).open(course.hidden("tp1") / "test_double.py", "test_double")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.ipynb", "There is no notebook missing.ipynb."),
        ("broken.ipynb", "broken.ipynb: is not valid JSON (Expecting property name enclosed"),
        ("elsewhere", "There is no notebook elsewhere."),
    ],
)
def test_a_submission_that_cannot_be_read_stops_pytest_with_one_line(course, name, reason):
    done = run_pytest(course, "tests/hidden/tp1", "--submission", name)
    said = (done.stdout + done.stderr).strip()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, said
    assert said.startswith(f"ERROR: {reason}") and "\n" not in said, said
    assert said.endswith("."), "the whole reason, with the next step"


def test_a_suite_without_a_graded_cell_is_named(course):
    suite = write(course.public("tp1") / "test_triple.py", SUITE)
    with pytest.raises(InstructorError, match="source/tp1 has no graded cell `triple`"):
        PlainHost(None).open(suite, "test_double")


# --- Several suites, several rounds ---------------------------------------------------------------------------


def rounds_of(wanted, found):
    for suite, host in wanted:
        found.append((yield suite, host))


def test_suites_run_in_the_order_and_as_often_as_asked_for(tmp_path):
    one, two = (suite_file(tmp_path, name, "x") for name in ("one", "two"))
    found = []
    wanted = [(two, LocalHost("x = 1")), (one, LocalHost("x = 2")), (two, LocalHost("y = 1"))]
    run_suites([one, two], rounds_of(wanted, found))
    assert [[(v.test, v.outcome.value) for v in verdicts] for verdicts in found] == [
        [("test_two", "passed")],
        [("test_one", "passed")],
        [("test_two", "failed")],
    ]


def suite_file(folder, name, needs, before=""):
    return write(folder / f"test_{name}.py", f"{before}\ndef test_{name}(student):\n    student.{needs}\n")


def test_a_suite_that_cannot_be_read_costs_the_others_nothing(tmp_path):
    good, bad, exits = (
        suite_file(tmp_path, "good", "x"),
        suite_file(tmp_path, "bad", "x", "import no_such_module"),
        suite_file(tmp_path, "exits", "x", "raise SystemExit(3)"),
    )
    for suites in ([good, bad], [bad, good], [good, exits], [exits, bad, good]):
        found = []
        run_suites(suites, rounds_of([(suite, LocalHost("x = 1")) for suite in suites], found))
        outcomes = [[v.outcome.value for v in verdicts] for verdicts in found]
        assert outcomes == [["passed"] if suite is good else ["ungraded"] for suite in suites]
        assert all(
            verdicts[-1].detail for suite, verdicts in zip(suites, found, strict=True) if suite is not good
        )


@pytest.mark.parametrize("kind", [ValueError, GraderFailure])
def test_what_the_rounds_raise_is_raised(tmp_path, kind):
    suite = suite_file(tmp_path, "one", "x")

    def rounds():
        yield suite, LocalHost("x = 1")
        raise kind("ours")

    with pytest.raises(kind, match="ours"):
        run_suites([suite], rounds())


def test_a_round_knows_nothing_of_the_one_before(tmp_path):
    text = """
import pytest

class Mind:
    def __init__(self):
        self.seen = []
    def forget(self):
        self.seen.clear()

MIND = Mind()

@pytest.fixture(scope="module")
def shared():
    return []

def test_fresh(student, shared):
    MIND.seen.append(1)
    shared.append(1)
    assert len(MIND.seen) == len(shared) == 1
    student.x
"""
    suite = write(tmp_path / "test_mind.py", text)
    found = []
    hosts = [LocalHost("x = 1"), LocalHost("y = 1"), LocalHost("x = 1")]
    run_suites([suite], rounds_of([(suite, host) for host in hosts], found))
    assert [verdicts[0].outcome.value for verdicts in found] == ["passed", "failed", "passed"]
    assert len({verdicts[0].seed for verdicts in found}) >= 1


def test_a_margin_belongs_to_the_test_that_noted_it(tmp_path):
    text = """
from autograder import checks

def test_a(student):
    checks.floor(lambda seed: 0.9, 0.8)
    student.missing

def test_b(student):
    student.x

def test_c(student):
    checks.floor(lambda seed: 0.95, 0.8)
"""
    suite = write(tmp_path / "test_margin.py", text)
    verdicts = run_suite(suite, LocalHost("x = 1"))
    assert [v.margin for v in verdicts] == [None, None, (0.95, 0.8)]


def test_what_is_started_after_a_suite_has_its_own_plugins(tmp_path, monkeypatch):
    suite = write(tmp_path / "test_env.py", "def test_a(student):\n    student.x\n")
    for before in ("", None):
        if before is None:
            monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
        else:
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", before)
        assert run_suite(suite, LocalHost("x = 1"))[0].outcome.value == "passed"
        assert os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") == before
