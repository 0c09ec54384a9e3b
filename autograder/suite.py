"""The pytest plugin: the ``student`` fixture, ``@points``, ``@gate``, seeds, and verdicts from reports.

A *host* gives the plugin its students: the grader's host reaches a snapshot of the student's kernel, ``check`` in a
notebook reaches the notebook's own names, and ``--submission FILE`` runs a notebook's cells in this process. Without
the option a suite runs on the instructor's source notebook: ``pytest tests/hidden/tp1`` tests the course itself.

Who is to blame for a failed test is decided here, in ``judge``.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import pytest
import torch

from autograder import margins
from autograder.errors import CheckFailed, GraderFailure, InstructorError, StudentFailure
from autograder.guest import seed_streams
from autograder.pictures import Picture, to_dict
from autograder.plain import PlainNotebook, course_of, readable
from autograder.probe import RemoteError, Student
from autograder.raised import without_data
from autograder.seeds import derive_seed
from autograder.verdict import Outcome, Verdict

MARK = "graded"
AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
# Plugins of pytest that a suite does not need; two of them collect garbage three times a run.
UNUSED = (
    *("cacheprovider", "doctest", "faulthandler", "junitxml", "logging", "pastebin", "stepwise"),
    *("threadexception", "unraisableexception"),
)
OURS = (GraderFailure, MemoryError, OSError, ImportError, NameError, SyntaxError, KeyboardInterrupt)
Test = TypeVar("Test", bound=Callable[..., None])


def points(weight: float, title: str = "") -> Callable[[Test], Test]:
    """Decorator: the test's weight within its exercise, and the name that a student reads (French).

    Raises:
        ValueError: if the weight is no finite number of at least 0.
    """
    if not 0 <= weight < math.inf:
        raise ValueError(f"a test's weight must be a finite number of at least 0, not {weight!r}")
    return _marked(weight=weight, title=title, gate=False)


def gate(title: str = "") -> Callable[[Test], Test]:
    """Decorator: a test without weight whose failure costs the exercise all of its points."""
    return _marked(weight=0.0, title=title, gate=True)


def _marked(**fields: object) -> Callable[[Test], Test]:
    mark: Callable[[Test], Test] = getattr(pytest.mark, MARK)(**fields)
    return mark


class Host(Protocol):
    """Where a suite's students come from."""

    def open(self, suite: Path, test: str) -> Student:
        """The student for one test.

        Raises:
            StudentFailure: the notebook never reached the exercise.
            GraderFailure: we could not reach the notebook.
        """

    def seed(self, suite: Path, test: str, stream: str) -> int:
        """The seed of one random stream of a test."""

    def failed(self, error: BaseException) -> None:
        """A test ended with ``error``."""

    def close(self, student: Student) -> None:
        """The test is over."""


HOST = pytest.StashKey[Host]()
STUDENT = pytest.StashKey[Student]()
SEED = pytest.StashKey[int]()


def exercise_of(suite: Path) -> str:
    """``softmax`` for ``.../test_softmax.py``."""
    return suite.stem.removeprefix("test_")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder")
    group.addoption(
        "--submission",
        metavar="FILE",
        help="run suites on this notebook, without a sandbox (default: the instructor's source notebook)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}(weight, title, gate): how a test counts (autograder)")
    if submission := config.getoption("--submission"):
        try:  # once, before the tests: each of them would fail with it
            readable(Path(submission))
        except InstructorError as error:
            raise pytest.UsageError(str(error)) from error


class Unopened(Exception):
    """Carries, as its cause, why there is no student.

    After a fixture that ended with a ``BaseException`` pytest fails the next test too, by an assertion of its own.
    """


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The notebook's names as they were at the exercise's graded cell."""
    host = _host(request.config)
    suite, test = request.path, request.node.name
    seed = host.seed(suite, test, "suite")
    request.node.stash[SEED] = seed
    seed_streams(seed)
    try:
        opened = host.open(suite, test)
        opened.seed = seed
        request.node.stash[STUDENT] = opened
        opened.seed_guest(host.seed(suite, test, "guest"))
    except (StudentFailure, GraderFailure) as error:
        raise Unopened from error
    opened._probe.replies = 0  # an error of the suite's own before its first question is not the student's
    seed_streams(seed)  # where the notebook lives in this process, its streams are ours
    yield opened
    host.close(opened)


def _host(config: pytest.Config) -> Host:
    if HOST not in config.stash:
        submission = config.getoption("--submission")
        config.stash[HOST] = PlainHost(Path(submission) if submission else None)
    return config.stash[HOST]


class PlainHost:
    """Runs the cells of a notebook in this process: for an instructor at work, never for grades.

    Args:
        submission: the notebook; None for the instructor's own.
        secret: what the seeds are derived from; None for new ones.
        shared: run the notebook once for all suites, which then must be asked in its order.
    """

    def __init__(self, submission: Path | None, secret: str | None = None, shared: bool = False) -> None:
        self.submission, self.shared = submission, shared
        self.secret = secret or f"{time.time_ns()}"
        self.notebooks: dict[Path, PlainNotebook] = {}

    def open(self, suite: Path, test: str) -> Student:
        key = suite.parent if self.shared else suite  # by default a run a suite: files are run in any order
        if key not in self.notebooks:
            course, assignment = course_of(suite)
            self.notebooks[key] = PlainNotebook(course, assignment, self.submission, exercise_of(suite))
        return self.notebooks[key].student_at(exercise_of(suite))

    def seed(self, suite: Path, test: str, stream: str) -> int:
        return derive_seed(self.secret, exercise_of(suite), test, stream)

    def failed(self, error: BaseException) -> None:
        """Nothing to open anew."""

    def close(self, student: Student) -> None:
        """Nothing to end."""


@dataclass(frozen=True)
class Judgement:
    """Outcome of a test that raised, what the student reads, what the instructor reads."""

    outcome: Outcome
    message: str = ""
    detail: str = ""
    picture: Picture | None = None


def judge(error: BaseException, replies: int) -> Judgement:
    """Whose failure ``error`` is.

    Args:
        error: what a suite's test raised.
        replies: answers of the guest that the test had received: an error of the suite's own code before the first
            one cannot be the student's.
    """
    if isinstance(error, RemoteError):
        return Judgement(Outcome.FAILED, error.for_student())
    if isinstance(error, CheckFailed) and isinstance(error.picture, Picture):
        return Judgement(Outcome.FAILED, str(error), picture=error.picture)
    if isinstance(error, (StudentFailure, CheckFailed)):
        return Judgement(Outcome.FAILED, str(error))
    if isinstance(error, AssertionError):
        return Judgement(Outcome.FAILED, _assertion_text(error))
    if isinstance(error, pytest.fail.Exception) and not isinstance(error, pytest.xfail.Exception):
        return Judgement(Outcome.FAILED, _failure_text(str(error)))
    detail = "".join(traceback.format_exception(error))[-8000:]
    if isinstance(error, (*OURS, pytest.skip.Exception, pytest.xfail.Exception)) or not replies:
        return Judgement(Outcome.UNGRADED, "", detail)
    if not isinstance(error, Exception) or isinstance(error, torch.OutOfMemoryError):
        return Judgement(Outcome.UNGRADED, "", detail)
    message = "Le résultat n'est pas du type ou de la forme que l'énoncé demande."
    return Judgement(Outcome.FAILED, message, detail)


def _assertion_text(error: AssertionError) -> str:
    text = str(error.args[0]) if error.args and isinstance(error.args[0], str) else ""
    return without_data(text, 600) or "Une propriété demandée n'est pas vérifiée."


def _failure_text(text: str) -> str:
    raised = re.search(r"DID NOT RAISE.*?(\w+)'?>?\)?$", text)
    if raised:
        return f"L'erreur {raised.group(1)} était attendue, aucune n'a été levée."
    return without_data(text, 600)


Rounds = Generator[tuple[Path, Host], tuple[Verdict, ...], None]


@runtime_checkable
class Forgetful(Protocol):
    """What a suite keeps at the top level of its module, and is told when another solution is asked."""

    def forget(self) -> None:
        """Another solution is asked from now on."""


class Verdicts:
    """A plugin of pytest: runs the rounds of a session and collects the verdict of every test of each."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self.now: tuple[Path, Host] | None = None
        self.started = False
        self.begun = False  # whether tests of the round that is now have been asked
        self.found: dict[str, Verdict] = {}
        self.errors: list[tuple[str, str]] = []
        self.failure: BaseException | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append((report.nodeid, str(report.longrepr)))

    def start(self) -> None:
        """Ask for the first round, when all suites have been read: whoever gives rounds may get ready meanwhile."""
        if not self.started:
            self.started, self.now = True, next(self.rounds, None)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        try:
            self.start()
        except BaseException as error:
            self.failure = error
        while self.now is not None:
            suite, host = self.now
            session.config.stash[HOST] = host
            items = [item for item in session.items if os.path.samefile(item.path, suite)]
            self._begin(suite, items)
            for item, following in zip(items, [*items[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            try:
                self.end_round(self._complete(suite))
            except (
                BaseException
            ) as error:  # ours, not a test's (a GraderFailure, say): pytest would only print it
                self.failure = error
                break
        return True

    def _begin(self, suite: Path, items: Sequence[pytest.Item]) -> None:
        self.begun, self.found = True, {}
        for item in items:
            unrun = Judgement(Outcome.UNGRADED, "", "the test did not run")
            if STUDENT in item.stash:  # of an earlier round
                del item.stash[STUDENT]
            if SEED in item.stash:
                del item.stash[SEED]
            self.found[item.nodeid] = verdict_of(item, unrun, 0.0)
        for module in {item.getparent(pytest.Module) for item in items} - {None}:
            for value in vars(module.obj).values() if module else ():
                if isinstance(value, Forgetful) and not isinstance(value, type):
                    value.forget()

    def _complete(self, suite: Path) -> tuple[Verdict, ...]:
        found = tuple(self.found.values())
        errors = [text for node, text in self.errors if node.split("::")[0].endswith(suite.name) or not node]
        if found and not errors:
            return found
        return (*found, broken(suite, "\n".join(errors) or "pytest found no test in it"))

    def end_round(self, verdicts: tuple[Verdict, ...]) -> None:
        """Hand over what a round gave; the next one is ``now``."""
        self.begun = False
        try:
            self.now = self.rounds.send(verdicts)
        except StopIteration:
            self.now = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        report = yield
        before = self.found[item.nodeid]
        if call.when == "setup":
            margins.take()  # what an earlier test left
        if call.excinfo is not None:
            error = call.excinfo.value
            if isinstance(error, Unopened) and error.__cause__ is not None:
                error = error.__cause__
            item.config.stash[HOST].failed(error)
            probe = item.stash[STUDENT]._probe if STUDENT in item.stash else None
            judgement = judge(error, probe.replies if probe else 0)
            if item.get_closest_marker("xfail"):  # a test that may fail decides nothing
                judgement = Judgement(Outcome.UNGRADED, "", "the test is marked xfail")
            if call.when != "teardown" or before.outcome is Outcome.PASSED:
                self.found[item.nodeid] = verdict_of(item, judgement, before.seconds + call.duration)
        elif call.when == "call":
            passed = Judgement(Outcome.PASSED)
            self.found[item.nodeid] = verdict_of(item, passed, before.seconds + call.duration, margins.take())
        return report


def verdict_of(
    item: pytest.Item, judgement: Judgement, seconds: float, margin: tuple[float, float] | None = None
) -> Verdict:
    """The verdict of one collected test."""
    mark = item.get_closest_marker(MARK)
    fields = {"weight": 1.0, "title": "", "gate": False, **(mark.kwargs if mark else {})}
    doc = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
    failed = judgement.outcome is Outcome.FAILED
    return Verdict(
        test=item.name,
        title=fields["title"] or item.name.removeprefix("test_").replace("_", " "),
        outcome=judgement.outcome,
        points=fields["weight"],
        message=judgement.message,
        hint=" ".join(doc.split()) if failed else "",
        gate=fields["gate"],
        seed=item.stash.get(SEED, None),
        seconds=round(seconds, 4),
        detail=judgement.detail,
        picture=to_dict(judgement.picture) if judgement.picture else {},
        margin=margin,
    )


def run_suite(suite: Path, host: Host, only: Sequence[str] = ()) -> tuple[Verdict, ...]:
    """Run one suite file, or ``only`` some tests of it, in this process and return a verdict for each test.

    A suite that cannot be collected, or a run that pytest did not finish, gives one ungraded verdict more.
    """
    found: list[tuple[Verdict, ...]] = []

    def one() -> Rounds:
        found.append((yield suite, host))

    run_suites([suite], one(), only)
    return found[0]


def run_suites(suites: Sequence[Path], rounds: Rounds, only: Sequence[str] = ()) -> None:
    """Run suites in this process, in one session of pytest, as often and in the order that ``rounds`` asks for.

    Args:
        suites: all files that may be asked for.
        rounds: yields a suite and the host for it, and is sent the verdicts, as ``run_suite`` returns them. It is
            begun when all suites have been read. What a suite keeps at the top level of its module lasts from round
            to round, unless it is ``Forgetful``.
        only: with one suite, these tests of it.
    """
    verdicts = Verdicts(rounds)
    arguments = [
        *([f"{suites[0]}::{test}" for test in only] or map(str, suites)),
        *(f"-pno:{plugin}" for plugin in UNUSED),
        *("-c", "/dev/null", "--rootdir", str(suites[0].parent), "--noconftest"),
        *("--confcutdir", str(suites[0].parent)),  # else every folder above is listed and collected
        *("--import-mode=importlib", "--assert=plain", "-qq", "--no-header", "--no-summary", "--tb=no"),
    ]
    with _no_other_plugins():
        # Not by -p: pytest would read the entry points of all that is installed to find this module.
        code = pytest.main(arguments, plugins=[sys.modules[__name__], verdicts])
    for suite in suites:
        _forget(suite)
    if verdicts.failure is not None:
        raise verdicts.failure
    verdicts.start()  # pytest may have ended before it came to that
    # Where pytest stopped in the middle, the suites that are left do without the others.
    while verdicts.now is not None:
        suite, host = verdicts.now
        if verdicts.begun or len(suites) == 1:
            errors = "\n".join(text for _, text in verdicts.errors)
            left = broken(suite, errors or f"pytest ended with code {int(code)}")
            verdicts.end_round((*(verdicts.found.values() if verdicts.begun else ()), left))
        else:
            verdicts.end_round(run_suite(suite, host))


@contextlib.contextmanager
def _no_other_plugins() -> Iterator[None]:
    """What else is installed must not change a verdict; nor must a suite change what the caller starts afterwards."""
    before = os.environ.get(AUTOLOAD)
    os.environ[AUTOLOAD] = "1"
    try:
        yield
    finally:
        os.environ.pop(AUTOLOAD, None)
        if before is not None:
            os.environ[AUTOLOAD] = before


def broken(suite: Path, detail: str) -> Verdict:
    """What is added where a suite did not run to its end."""
    return Verdict(suite.name, "", Outcome.UNGRADED, 0.0, detail=detail)


def _forget(suite: Path) -> None:
    """Unload a suite: pytest would take another file of the same name for it."""
    for name in [name for name in sys.modules if name.rpartition(".")[2] == suite.stem]:
        if getattr(sys.modules[name], "__file__", None) == str(suite):
            del sys.modules[name]


__all__ = [
    "Host",
    "PlainHost",
    "Verdicts",
    "derive_seed",
    "exercise_of",
    "gate",
    "points",
    "run_suite",
    "run_suites",
]
