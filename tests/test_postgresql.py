"""A gradebook in PostgreSQL: a real server, started for these tests, holds what SQLite holds.

The server's programs come with Debian's package ``postgresql``, which ``.ci/run`` installs; elsewhere the tests are
skipped. It listens on a Unix socket only and runs as an ordinary user, as it must.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import record, scores
from autograder.verdict import Outcome
from tests.courses import FakeGrader, answered, grade_of, make_course, submit, verdict, write

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

NUMBERS = itertools.count()
# As autograder grade does it, one submission after another, until it is killed.
RECORD = """
import sys
from autograder.course import Course
from autograder.gradebook import record
from tests.courses import FakeGrader
course = Course(sys.argv[1])
def each():
    for student in course.students("tp1"):
        yield student
        print(student, flush=True)
record(course, "tp1", each(), grade_with=FakeGrader())
"""


def programs() -> Path | None:
    """The folder of initdb and postgres: Debian keeps it off the PATH."""
    found = shutil.which("initdb")
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).resolve().parent if found else known[-1].parent if known else None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The folder of the server's socket, and the user that may connect."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed")
    # Every folder above a test's own is closed to other users.
    home = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(home, user.pw_uid, user.pw_gid)
    alike = {"user": user.pw_uid, "group": user.pw_gid} if os.geteuid() == 0 else {}
    data, log = home / "data", home / "log"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-U", "grader", "--no-sync"],
        **alike,
        cwd=home,
        check=True,
        capture_output=True,
    )
    with open(log, "wb") as output:
        running = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", home, "-h", "", "-F"],
            **alike,
            cwd=home,
            stdout=output,
            stderr=output,
        )
    ready = [binaries / "pg_isready", "-h", home, "-q"]
    while subprocess.run(ready, check=False).returncode:
        assert running.poll() is None, log.read_text()
        time.sleep(0.1)
    yield home
    running.send_signal(signal.SIGINT)  # a fast shutdown
    running.wait()
    shutil.rmtree(home)


@pytest.fixture
def url(server):
    """A new database of its own."""
    name = f"gradebook_{next(NUMBERS)}"
    createdb = programs() / "createdb"
    subprocess.run(
        [createdb, "-h", server, "-U", "grader", "-T", "template0", "-E", "UTF8", name], check=True
    )
    return f"postgresql+psycopg://grader@/{name}?host={server}"


@pytest.fixture
def course(url, tmp_path):
    """A course whose gradebook is there."""
    made = make_course(tmp_path / "course")
    config = f'{made.config.read_text()}\nc.CourseDirectory.db_url = "{url}"\n'
    write(made.root / "nbgrader_config.py", config)
    return made


def found(course, student):
    return {row.exercise: row.score for row in scores(course, "tp1") if row.student == student}


def test_what_is_recorded_is_read_back_and_a_humans_score_stays(course, url):
    for student in ("ada", "Zoé d'Été"):
        submit(course, student, answered())
    broken = grade_of("Zoé d'Été", double=[verdict(), verdict(Outcome.UNGRADED)])
    record(course, "tp1", grade_with=FakeGrader(**{"Zoé d'Été": broken}))
    assert found(course, "ada") == {"double": 3.0, "triple": 0.0, "why": None}
    assert found(course, "Zoé d'Été")["double"] is None
    with Gradebook(url, "reseaux-de-neurones") as gradebook:
        gradebook.find_grade("double", "tp1", "tp1", "ada").manual_score = 1.5
        gradebook.db.commit()
    record(course, "tp1", grade_with=FakeGrader())
    assert found(course, "ada")["double"] == 1.5
    assert not course.gradebook.exists(), "no SQLite file beside it"


def test_a_writer_that_is_killed_loses_and_doubles_nothing(course):
    students = [f"student{n}" for n in range(6)]
    for student in students:
        submit(course, student, answered())
    root = str(Path(__file__).resolve().parent.parent)
    for until in ("student1", "student3", None):
        writer = subprocess.Popen(
            [sys.executable, "-c", RECORD, str(course.root)],
            env=os.environ | {"PYTHONPATH": root},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for line in writer.stdout:
            if line.strip() == until:
                writer.kill()
        writer.wait()
    rows = [(row.student, row.exercise) for row in scores(course, "tp1")]
    assert sorted(rows) == sorted((s, e) for s in students for e in ("double", "triple", "why"))
    assert all(found(course, s) == {"double": 3.0, "triple": 0.0, "why": None} for s in students)


def test_commands_read_and_write_it(course):
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    out = course.root / "tp1.csv"
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "export", "tp1", "-o", str(out)],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "no total yet in tp1: ada (no score in why)" in done.stderr, done.stderr
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4 and any(line.startswith("tp1,ada") or "ada" in line for line in lines[1:])
