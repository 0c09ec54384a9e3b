"""What holds for every test here."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

from autograder.sandbox.confinement import Level


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--level",
        choices=[level.value for level in Level if level is not Level.NONE],
        help="the level of confinement at which tests/attacks runs, alone; by default the best that the host has",
    )


def pytest_configure() -> None:
    """Ctrl-C works in tests of Ctrl-C, and in what they start, also where a shell started them in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report travels to the process that gathers them as UTF-8; what hostile names leave in a log may be none."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
