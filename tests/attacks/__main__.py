"""``python -m tests.attacks``, ``make attacks``: the corpus at every level that this host has, one after the other.

Root runs it as an ordinary user as well, whose guests have the user id of who grades. It ends
with a line for each run, and with 1 unless all passed in all of them. Arguments that it does not know
are pytest's: ``python -m tests.attacks --level landlock -x tests/attacks/test_reading.py``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from autograder.sandbox.confinement import Level
from tests.levels import AS_ORDINARY, CONFINED, ORDINARY

FOLDER = Path(__file__).resolve().parent
RUNS = [(level, ordinary) for ordinary in ((False, True) if os.geteuid() == 0 else (False,)) for level in CONFINED
        if not (ordinary and level is Level.FULL)]  # fmt: skip
"""At which level, and whether by an ordinary user that root plays."""
ASK = "from autograder.sandbox.confinement import *; print(weakness(Level({level!r})) or '')"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--level", type=Level, choices=CONFINED, help="only at this level")
    chosen, rest = parser.parse_known_args()
    if not any(Path(argument.partition("::")[0]).exists() for argument in rest):
        rest.append(str(FOLDER))
    lines, states = [], []
    for level, ordinary in RUNS:
        name = f"{level.value}{' by an ordinary user' if ordinary else ''}"
        missing = lacking(level, ordinary)
        if chosen.level not in (None, level) or missing:
            lines.append(f"{name}: not run{f', this host cannot: {missing}' if missing else ''}")
            continue
        print(f"\n=== The attack corpus at level {name} ===\n", flush=True)
        found, passed = run(level, ordinary, rest)
        lines.append(f"{name}: {found}")
        states.append(passed)
    print("\n" + "\n".join(lines))
    return 0 if states and all(states) else 1


def lacking(level: Level, ordinary: bool) -> str:
    """What keeps this host from a level, for that user; empty if nothing."""
    command = [*(AS_ORDINARY if ordinary else ()), sys.executable, "-c", ASK.format(level=level.value)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run(level: Level, ordinary: bool, arguments: list[str]) -> tuple[str, bool]:
    """The counts of one run, and whether all is well."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = ["--level", level.value, f"--junit-xml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *arguments]
        environment = dict(os.environ)
        if ordinary:
            os.chown(folder, ORDINARY, ORDINARY)
            command = [*AS_ORDINARY, *command, "-p", "no:cacheprovider", f"--basetemp={folder}/pytest"]
            environment |= {"HOME": folder}
        status = subprocess.run(command, env=environment, check=False).returncode
        if not report.exists():
            return f"pytest ended with {status}", False
        (suite,) = ElementTree.parse(report).iter("testsuite")
    tests, *others = (int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
    failed, errors, skipped = others
    found = f"{tests - sum(others)} passed, {failed} failed, {errors} errors, {skipped} skipped"
    return f"{found}, {float(suite.attrib['time']):.0f} s", status == 0


if __name__ == "__main__":
    sys.exit(main())
