"""Deaths, hangs and floods, the student's and ours: what they may cost, and what must be left behind: nothing.

Everything here that kills, forks, burns or fills runs inside the confinement, with small limits.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from autograder import execution
from autograder.errors import CellFailed, WallExpired
from autograder.gradebook import scores
from autograder.sandbox import memory
from autograder.sandbox.confinement import Level
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, grade_class, record_path, stored
from autograder.submission import RunCell, Snapshot
from autograder.verdict import Outcome
from tests.courses import cell, make_course, write


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# --- The student's deaths -------------------------------------------------------------------------------------

CRASHES = {
    "os._exit": "os._exit(0)",
    "os.abort": "os.abort()",
    "a null pointer": "__import__('ctypes').string_at(0)",
    "SIGKILL for itself": "os.kill(os.getpid(), 9)",
    "SIGSTOP for itself": "os.kill(os.getpid(), 19)",
    "SIGKILL for everybody": "os.kill(-1, 9)",
    "all descriptors closed": "os.closerange(0, 1024)",
    "SystemExit": "raise SystemExit(0)",
    "exit()": "exit()",
    "no memory": "bytearray(1 << 40)",
    "memory that no limit of a process sees": (
        "import mmap\nm = mmap.mmap(-1, 1500 << 20)\nfor i in range(0, 1500 << 20, 4096): m[i] = 1"
    ),
    "an endless loop": "while True: pass",
    "an endless loop that ignores interrupts": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    ),
    "a flood of output": "for i in range(200_000): print('x' * 100)",
    "a bomb of processes": "for i in range(500): os.fork()",
    "a full disk": "open('big', 'wb').write(bytes(64 << 20))",
    "a closed kernel": "get_ipython().kernel.shell_stream.close(); get_ipython().kernel.do_shutdown(False)",
    "a garbled message": (
        "parts = [b'stream', b'<IDS|MSG>', b'x', b'{', b'{', b'{', b'{']\n"
        "get_ipython().kernel.iopub_socket.send_multipart(parts)\nraise ValueError"
    ),
}  # fmt: skip


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_in_a_cell_costs_its_own_exercise_only(arena, crash):
    limits = {"cell_wall": 4} if "STOP" in crash else {}
    found = arena.grade(triple=CRASHES[crash] + "\n" + "def other(n): return 0", **limits)
    mine = arena.scores(found).pop("triple")
    assert mine == 0.0 or ("STOP" in crash and mine is None), "a wait may be ours: never points"
    assert {**arena.scores(found), "triple": 0} == {**arena.most, "triple": 0}


OUTLIVING = ("SIGKILL for everybody", "a bomb of processes")  # these reach beyond the process that answers
IN_CALLS = {name: code for name, code in CRASHES.items() if name not in ("SIGSTOP for itself", *OUTLIVING)}
CALLED_SUITE = """
import pytest
from autograder.suite import points

@points(1, "Appel")
@pytest.mark.parametrize("name", {names!r})
def test_call(student, name):
    assert student.triple(name) == name, "la même chose est attendue"
"""


@pytest.fixture(scope="module")
def called(arena, tmp_path_factory):
    """One submission whose function does what the suite names; the suite also asks for something honest between."""
    root = tmp_path_factory.mktemp("called") / "course"
    course = make_course(root, arena.source, ())
    for exercise in ("double", "last"):
        path = f"tests/hidden/tp1/test_{exercise}.py"
        write(root / path, (arena.course.root / path).read_text())
    names = [name for crash in IN_CALLS for name in (crash, f"honest after {crash}")]
    loops = [n for n in names if "endless" in n]  # after two time-outs no more is asked
    names = [n for n in names if n not in loops] + loops[:2]
    write(root / "tests/hidden/tp1/test_triple.py", CALLED_SUITE.format(names=names))
    branches = "".join(
        f"    if name == {name!r}:\n" + "".join(f"        {line}\n" for line in code.splitlines())
        for name, code in IN_CALLS.items()
    )
    home = arena.at(course)
    return home.grade(triple=f"def triple(name):\n{branches}    return name"), home


def test_a_crash_in_a_call_fails_its_own_test_only(called):
    """What ends quietly in a call (a flood of prints that nobody reads) is no crash there."""
    found, home = called
    verdicts = {v.test.partition("[")[2][:-1]: v for v in home.exercise(found, "triple").verdicts}
    harmless = {"a flood of output", "a closed kernel", "exit()"}
    for name, verdict in verdicts.items():
        if name.startswith("honest"):
            assert verdict.outcome is Outcome.PASSED, verdict
        elif name not in harmless:
            assert verdict.outcome is Outcome.FAILED, verdict


def test_crashes_in_calls_cost_no_other_exercise(called):
    found, home = called
    assert {**home.scores(found), "triple": 0} == {**home.most, "triple": 0}


@pytest.mark.parametrize("crash", OUTLIVING)
def test_a_call_that_hurts_the_whole_guest_costs_no_other_exercise(arena, crash):
    found = arena.grade(triple=f"def triple(n):\n    {CRASHES[crash]}\n    os._exit(0)")
    assert arena.scores(found) == {**arena.most, "triple": 0.0}


def test_a_suite_that_finds_no_student_fails_each_test_for_its_own_reason(arena, another_suite):
    """pytest itself fails every other test after a fixture that raised a BaseException."""
    another_suite(CALLED_SUITE.format(names=list(range(6))))
    found = arena.grade(triple="def triple(n):\n    while True: pass")
    messages = [v.message for v in arena.exercise(found, "triple").verdicts]
    assert len(messages) == 6
    assert all("s de calcul" in message for message in messages), messages


def test_a_suite_that_catches_a_death_reaches_the_student_again_in_its_next_test(arena, another_suite):
    another_suite(
        """
from autograder.errors import StudentFailure
from autograder.suite import points

@points(1, "Toléré")
def test_caught(student):
    try:
        student.triple(0)
    except StudentFailure:
        pass

@points(1, "Ensuite")
def test_after_that(student):
    assert student.triple(5) == 15, "le triple est attendu"
"""
    )
    found = arena.grade(triple="def triple(n):\n    if n == 0:\n        os._exit(1)\n    return 3 * n")
    assert [v.outcome for v in arena.exercise(found, "triple").verdicts] == [Outcome.PASSED, Outcome.PASSED]


def test_answers_that_are_never_done_with_fail_their_test_and_hang_nobody(arena, another_suite):
    another_suite(
        """
from autograder.suite import points

@points(1, "Tirages")
def test_draws(student):
    labels = []
    while len(set(labels)) < 2:  # a suite that draws until both classes are there
        labels.append(student.triple(1) % 2)

@points(1, "Ensuite")
def test_after_that(student):
    assert student.triple(5) == 15, "le triple est attendu"
"""
    )
    found = arena.grade(triple="def triple(n):\n    return 3 * n", check_cpu=1.5)
    first, second = arena.exercise(found, "triple").verdicts
    assert first.outcome is Outcome.FAILED and "trop de calcul" in first.message
    assert second.outcome is Outcome.PASSED


def test_a_text_made_to_slow_patterns_is_cut(arena):
    code = (
        "import autograder.guest as g\n"
        "g.describe = lambda error: [['ValueError'], 'expected input ' * 1000, '']\n"
        "def triple(n):\n    raise ValueError"
    )
    found = arena.grade(triple=code, check_cpu=3)
    assert arena.scores(found) == {**arena.most, "triple": 0.0}
    messages = [v.message for v in arena.exercise(found, "triple").verdicts]
    assert all(message.startswith("Votre code a levé ValueError") for message in messages), messages


def test_warnings_and_noise_cost_nothing(arena):
    noise = (
        "import warnings, sys, logging\nwarnings.warn('w'); print('e', file=sys.stderr); logging.error('x')\n"
    )
    noisy = {
        name: noise + code.replace(":\n", ":\n    warnings.warn('v'); print(1); print(2, file=sys.stderr)\n")
        for name, code in arena.right.items()
    }
    found = arena.grade("import os\nos.system('echo e >&2')\n" + noise, **noisy)
    assert arena.scores(found) == arena.most


def test_a_later_cell_that_kills_the_snapshots_costs_nothing(arena):
    """All processes that it sees but its own and the first one.

    Where it sees the host's as well, these are refused; its own guest's first one is another then, and ends with it.
    """
    kill = (
        "from contextlib import suppress\n"
        "for p in os.listdir('/proc'):\n"
        "    if p.isdigit() and int(p) not in (1, os.getpid()):\n"
        "        with suppress(PermissionError, ProcessLookupError): os.kill(int(p), 9)\n"
    )
    lost = {"last": 0.0} if arena.level is Level.LANDLOCK else {}
    assert arena.scores(arena.grade(last=kill + arena.right["last"])) == {**arena.most, **lost}


def test_a_kernel_that_dies_again_and_again_is_given_up(arena):
    setup = "import glob\n"
    die = "os._exit(1)"
    cells = arena.cells()
    for _ in range(6):
        cells.insert(3, {**cells[0], "source": die})
    found = arena.grade(cells)
    assert arena.scores(found)["double"] == 3.0, setup
    assert any("restarted 4 times" in problem for problem in found.grade.problems)
    assert found.grade.ungraded == ()


def test_daemons_of_a_submission_do_not_outlive_it(arena):
    """The arena sees that none is left, here and after every other attack."""
    daemon = (
        "import time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n"
        "    os._exit(0)\n"
    )
    assert arena.scores(arena.grade(double=daemon + arena.right["double"])) == arena.most


class Lingering:
    """A guest in which a suite left a process."""

    killed = False

    def pids(self):
        return [1] if self.killed else [1, 2, 3, 4]  # pid 1, two snapshots, and one too many

    def kill(self):
        self.killed = True


def test_a_guest_that_is_told_to_end_is_asked_no_more(monkeypatch):
    """It may still answer for a moment: a suite that began to ask it would lose a test to its end."""
    monkeypatch.setattr(execution, "SETTLE", 0.01)
    guest, run = Lingering(), execution.Execution((), None, Limits())
    pairs = [socket.socketpair() for _ in range(2)]
    for name, (ours, _) in zip(("first", "second"), pairs, strict=True):
        run.asked[name] = execution.Asked(name, (), guest=guest, control=ours)
    assert not run.settle(run.asked["first"]) and guest.killed
    assert not run.settle(run.asked["second"]), "it is still there for a moment"
    run.fork_ahead(after="first")
    assert run.asked["second"].ahead is None
    with pytest.raises(CellFailed):
        run.asked["second"].open(Limits(), 1.0, math.inf)
    for ends in pairs:
        for end in ends:
            end.close()


def test_outputs_that_are_not_text_are_capped_as_well(arena):
    flood = "for i in range(40): display({'application/json': list(range(100_000))}, raw=True)"
    found = arena.grade(flood)
    assert arena.scores(found) == arena.most
    assert len(arena.printed(found)) < 4 << 20, "a cap of 1 MB a cell"


def test_a_name_that_is_missing_is_explained_by_the_error_of_its_cell(arena):
    found = arena.grade(double="def double(x:\n    return 2 * x")
    (message,) = {verdict.message for verdict in arena.exercise(found, "double").verdicts}
    assert message == (
        "Le notebook ne définit pas `double`. Une cellule de cet exercice s'est arrêtée sur une erreur (SyntaxError)."
    )
    lying = "class E(Exception): pass\nE.__name__ = '`x` <b>'\nraise E"
    (message,) = {v.message for v in arena.exercise(arena.grade(double=lying), "double").verdicts}
    assert (
        message.startswith("Le notebook ne définit pas `double`")
        and "`x`" not in message
        and "<" not in message
    )


def test_outputs_of_many_cells_are_capped_together(arena):
    """Each below what one cell may print."""
    loud = [cell("print('x' * 900_000)") for _ in range(12)]
    found = arena.grade([*loud, *arena.cells()])
    assert arena.scores(found) == arena.most
    assert 4 << 20 < len(arena.printed(found)) < 6 << 20, "five times the cap of 1 MB a cell"
    assert any("printed too much in all" in problem for problem in found.grade.problems)


class SlowKernel:
    """A deadly cell ends it, after all the time that the notebook had."""

    def __init__(self, *_: object) -> None:
        self.guest, self.ran, self.stopped = None, 0, False

    async def start(self):
        kernels.append(self)

    async def run_cell(self, cell, index):
        self.ran += 1
        if cell.source != "deadly":
            return execution.CellEnd()
        run.deadline = 0.0
        return execution.CellEnd(fatal="killed")

    def stop(self):
        self.stopped = True


kernels: list[SlowKernel] = []
run: execution.Execution


@pytest.fixture
def slow(monkeypatch):
    """A notebook whose time is over when its cells are to be replayed."""
    global run
    kernels.clear()
    monkeypatch.setattr(execution, "Kernel", SlowKernel)
    steps = [RunCell(0, "a"), RunCell(1, "b"), RunCell(2, "deadly"), Snapshot("late", ())]
    run = execution.Execution(steps, launcher=None, limits=Limits())
    monkeypatch.setattr(run, "_enter", lambda kernel: None)
    return run


def test_replayed_cells_share_the_time_of_the_notebook(slow):
    """Beyond it nobody's points are decided: the exercises are ungraded."""
    asyncio.run(slow.run(SlowKernel()))
    assert [(kernel.ran, kernel.stopped) for kernel in kernels] == [(0, True)]
    assert isinstance(slow.asked["late"].failure, WallExpired)


def test_a_revival_stops_replaying_when_the_time_of_the_suites_is_over(slow):
    slow.asked["late"] = execution.Asked("late", ())
    asyncio.run(slow.revive("late", end=0.0))
    assert [(kernel.ran, kernel.stopped) for kernel in kernels] == [(0, True)]
    assert isinstance(slow.asked["late"].failure, WallExpired)


def test_page_tables_count_as_memory():
    """Of a mapping of zeros that is read here and there they are all that is taken."""
    code = """
import mmap, os, sys
from autograder.sandbox import memory
used = lambda: (memory.rss_mb([os.getpid()]), memory.pss_mb([os.getpid()]))
before = used()
zeros = mmap.mmap(-1, 8 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, mmap.PROT_READ)
zeros.madvise(mmap.MADV_NOHUGEPAGE)
for place in range(0, 8 << 30, 2 << 20):
    zeros[place]
print(*(after - then for then, after in zip(before, used())))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(10 < int(grown) < 40 for grown in done.stdout.split()), done.stdout


HOSTILE_MESSAGES = {
    "a lone surrogate": (
        "import json\nsession = get_ipython().kernel.session\n"
        "session.pack = lambda value: json.dumps(value, default=str).encode()\n"
        "print('\\ud800')"
    ),
    "a nested display": (
        "nested = {}\nfor i in range(300): nested = {'a': nested}\n"
        "display({'application/json': nested}, raw=True)"
    ),
    "numbers that JSON does not know": "display({'application/json': [float('nan'), float('inf')]}, raw=True)",
    "an output of the wrong type": (
        "k = get_ipython().kernel\n"
        "k.session.send(k.iopub_socket, 'stream', {'name': 5, 'text': {'a': 1}}, parent=k.get_parent())\n"
        "k.session.send(k.iopub_socket, 'error', {'ename': 1, 'evalue': [], 'traceback': 7}, parent=k.get_parent())\n"
        "k.session.send(k.iopub_socket, 'display_data', {'data': [1], 'metadata': 3}, parent=k.get_parent())"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "message",
    HOSTILE_MESSAGES,
)
def test_a_hostile_message_of_the_kernel_costs_no_exercise(arena, message):
    assert arena.scores(arena.grade(HOSTILE_MESSAGES[message])) == arena.most


def test_a_function_that_sleeps_does_not_hold_the_grader_for_each_of_its_tests(arena, another_suite):
    another_suite(CALLED_SUITE.format(names=list(range(8))))
    found = arena.grade(triple="import time\ndef triple(n): time.sleep(60)", call_wall=1)
    assert arena.scores(found)["triple"] in (0.0, None)
    assert found.grade.seconds < 6


def test_the_time_of_a_notebook_is_limited_though_no_cell_is_too_slow(arena):
    cells = [{**arena.cells()[0], "source": "import time; time.sleep(1)"} for _ in range(12)]
    started = time.monotonic()
    arena.grade([*arena.cells(), *cells], notebook_wall=4)
    assert time.monotonic() - started < 10


# --- Our failures ---------------------------------------------------------------------------------------------


@contextmanager
def killing(pid_of, times, signum=signal.SIGKILL, delay=0.0):
    """Kills the process that ``pid_of`` finds, that many times, while the body runs."""
    stop, killed = threading.Event(), []

    def run():
        while not stop.wait(0.02) and len(killed) < times:
            pid = pid_of()
            if pid and pid not in killed:
                time.sleep(delay)
                with suppress(ProcessLookupError):
                    os.kill(pid, signum)
                    killed.append(pid)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def youngest_child(parent, children=1):
    found = [p for p in memory.children(parent) if Path(f"/proc/{p}/stat").exists()]
    return max(found) if len(found) >= children else None


@pytest.fixture
def settled(arena):
    """The arena, once the graders of earlier tests have ended: they would be taken for the one to kill."""
    assert eventually(lambda: not memory.children(arena.forks.graders.pid))
    return arena


WAITING = "import time\ntime.sleep(1.5)"


@pytest.mark.parametrize("delay", [0.2, 1.0])
def test_a_grader_killed_twice_leaves_its_submission_ungraded_never_zero(settled, delay):
    student = settled.submit(settled.cells(WAITING))
    with killing(lambda: youngest_child(settled.forks.graders.pid), 2, delay=delay) as killed:
        found = settled.run(student)
    assert len(killed) == 2
    assert settled.scores(found) == dict.fromkeys(settled.most)
    assert found.grade.score is None
    assert found.grade.ungraded == tuple(settled.most)
    assert any("our failure" in problem for problem in found.grade.problems)
    assert settled.scores(settled.run(student)) == settled.most, "the next run grades it"


def test_a_grader_killed_once_costs_nothing(settled):
    student = settled.submit(settled.cells(WAITING))
    with killing(lambda: youngest_child(settled.forks.graders.pid), 1, delay=0.5) as killed:
        assert settled.scores(settled.run(student)) == settled.most
    assert len(killed) == 1


def test_a_killed_supervisor_is_our_failure_never_a_zero(settled):
    """The supervisor stands outside the confinement: no student code can reach it."""
    student = settled.submit(settled.cells(triple="import time; time.sleep(3)\n" + settled.right["triple"]))
    with killing(lambda: youngest_child(settled.forks.guests.pid), 1, delay=1.5) as killed:
        found = settled.run(student)
    assert len(killed) == 1
    assert 0.0 not in settled.scores(found).values()


BROKEN_SUITES = {
    "a missing import": "import no_such_module\ndef test_x(student): pass",
    "no Python": "def test_x(student: pass",
    "no test at all": "x = 1",
    "an end of pytest": "import pytest\ndef test_x(student): pytest.exit('no', returncode=0)",
    "an end of the process": "import os\ndef test_x(student): os._exit(0)",
}  # fmt: skip
BROKEN_TESTS = """
import pytest

@pytest.fixture
def broken():
    return {}["x"]

def test_an_undefined_name(student):
    student.triple(1)
    undefined_name

def test_a_fixture_that_fails(broken, student): pass

def test_an_unknown_fixture(student, no_such_fixture): pass

def test_an_error_before_its_first_question(student):
    {}["x"]

def test_a_type_error_before_its_first_question(student):
    1 + "1"
    student.triple(1)

@pytest.mark.skip
def test_skipped(student): pass

def test_skipped_by_its_code(student):
    pytest.skip("no")

def test_a_file_that_is_not_there(student):
    open("/no/such/file")

def test_something_that_cannot_be_sent(student):
    student.triple(object())

def test_an_end(student):
    student.triple(1)
    raise SystemExit(0)
"""


@pytest.fixture
def another_suite(arena):
    """Replaces the hidden suite of ``triple`` for one test."""
    path = arena.course.hidden("tp1") / "test_triple.py"
    honest = path.read_text()
    yield path.write_text
    path.write_text(honest)


@pytest.mark.parametrize("suite", BROKEN_SUITES)
def test_a_broken_suite_is_ungraded_and_costs_no_other_exercise(arena, suite, another_suite):
    another_suite(BROKEN_SUITES[suite])
    found = arena.grade()
    if suite == "an end of the process":
        assert arena.scores(found) == dict.fromkeys(arena.most), "twice: the whole submission goes to a human"
        return
    assert arena.scores(found) == {**arena.most, "triple": None}
    assert found.grade.ungraded == ("triple",)
    assert any("triple" in problem for problem in found.grade.problems)
    assert found.grade.score is None


def test_every_kind_of_broken_test_is_ungraded(arena, another_suite):
    another_suite(BROKEN_TESTS)
    found = arena.grade()
    outcomes = {v.test: v.outcome for v in arena.exercise(found, "triple").verdicts}
    assert len(outcomes) == 10
    assert {t: o for t, o in outcomes.items() if o is not Outcome.UNGRADED} == {}
    assert arena.scores(found) == {**arena.most, "triple": None}


def test_an_xfailed_test_earns_nothing(arena, another_suite):
    another_suite("import pytest\n@pytest.mark.xfail\ndef test_x(student): assert False\n")
    assert arena.scores(arena.grade())["triple"] in (0.0, None)


# --- What is left, and what comes back ------------------------------------------------------------------------


def processes():
    return {int(p) for p in os.listdir("/proc") if p.isdigit()}


def of_ours(pid):
    with suppress(OSError):
        return b"autograder" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.mark.alone
def test_after_a_run_nothing_is_left(arena, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    mounts = Path("/proc/self/mountinfo").read_text()
    shm, tmp = set(os.listdir("/dev/shm")), set(os.listdir("/tmp"))
    descriptors = len(os.listdir("/proc/self/fd"))
    forks = Forks(arena.course, Options(level=arena.level, limits=arena.small))
    servers = [forks.guests.pid, forks.graders.pid]
    own = arena.at(arena.course, forks)
    own.numbers = iter(range(10_000, 10_010))
    daemon = "if os.fork() == 0:\n    os.setsid(); __import__('time').sleep(600)\n"
    assert own.scores(own.grade(double=daemon + own.right["double"], last="os._exit(3)"))["last"] == 0.0
    seen = {pid for server in servers for pid in memory.tree(server)}
    forks.close()
    del own, forks
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in seen | set(servers)))
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert set(os.listdir("/dev/shm")) == shm
    assert os.listdir(temporary) == []
    assert not {n for n in set(os.listdir("/tmp")) - tmp if "autograder" in n}
    assert len(os.listdir("/proc/self/fd")) <= descriptors


OF_DOUBLE = {"test_values", "test_gradient"}


def seeds(found):
    return [(v.test, v.seed, v.outcome) for e in found.grade.exercises for v in e.verdicts]


def test_the_same_content_gets_the_same_grade_and_other_content_other_seeds(arena):
    student = arena.submit(arena.cells())
    first = arena.run(student)
    options = Options(workers=1)
    (kept,) = grade_class(arena.course, "tp1", [student], options, forks=arena.forks)
    assert kept.kept
    assert kept.record.grade == first.grade, "not graded again"
    path = arena.course.hidden("tp1") / "test_last.py"
    path.write_text(path.read_text() + "\n# edited\n")  # the suite changed, the submission did not
    again = arena.run(student)
    assert again.grade.key != first.grade.key
    assert seeds(again) == seeds(first)
    assert all(seed is not None for _, seed, _ in seeds(first))
    fresh = arena.run(student, fresh=True)
    assert fresh.grade.key == again.grade.key
    assert arena.scores(fresh) == arena.scores(first)
    assert not {s for _, s, _ in seeds(fresh)} & {s for _, s, _ in seeds(first)}
    other = arena.cells(double="def double(x):\n    return 2 * x")
    arena.submit(other, student)
    edited = arena.run(student)
    drawn = {s for test, s, _ in seeds(edited) if test in OF_DOUBLE}
    assert drawn and not drawn & {s for _, s, _ in (*seeds(first), *seeds(fresh))}
    kept_seeds = {(test, s) for test, s, _ in seeds(fresh) if test not in OF_DOUBLE}
    assert {(test, s) for test, s, _ in seeds(edited) if test not in OF_DOUBLE} == kept_seeds, (
        "nothing changed there"
    )
    copy = arena.run(arena.submit(other))
    assert copy.grade.digest == edited.grade.digest
    assert not {s for _, s, _ in seeds(copy)} & {s for _, s, _ in seeds(edited)}, (
        "a classmate's copy: other seeds"
    )


# As `autograder grade` does it: each submission is recorded as soon as it is graded.
RUN = """
import sys
from autograder.course import Course
from autograder.gradebook import record
from autograder.sandbox.confinement import Level
from autograder.sandbox.limits import Limits
from autograder.schedule import Options, grade_class
course, level = Course(sys.argv[1]), Level(sys.argv[2])
records = {}
def graded():
    options = Options(workers=1, level=level, limits=Limits(memory_mb=900))
    for progress in grade_class(course, "tp1", course.students("tp1"), options):
        records[progress.student] = progress.record
        yield progress.student
done = record(course, "tp1", graded(), grade_with=lambda *work: records[work[-1]])
print("done", all(one.success for one in done), flush=True)
"""


@pytest.mark.alone
def test_a_run_killed_at_random_moments_loses_and_doubles_nothing(arena, tmp_path):
    """Three submissions; the run is killed with SIGKILL and started again; the end is as if it had never been."""
    root = tmp_path / "course"
    course = make_course(root, arena.source, ())
    for exercise in arena.most:
        path = f"tests/hidden/tp1/test_{exercise}.py"
        write(root / path, (arena.course.root / path).read_text())
    home = arena.at(course)
    home.submit(home.cells(), "ada")
    home.submit(home.cells(double="def double(x): return x"), "bob")
    home.submit(home.cells(triple="os._exit(0)"), "zoe")
    expected = {"ada": home.most, "bob": {**home.most, "double": 0.0}, "zoe": {**home.most, "triple": 0.0}}
    moments = random.Random(time.time_ns())
    before = {pid for pid in processes() if of_ours(pid)}
    kept: dict[str, str] = {}
    last = None
    for delay in (moments.uniform(2, 5), moments.uniform(4, 8), moments.uniform(5, 9), None):
        command = [sys.executable, "-c", RUN, str(root), home.level.value]
        last = subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            out, _ = last.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            last.kill()
            last.communicate()
        else:
            assert b"done True" in out, out.decode()[-3000:]
        for student in expected:
            found = stored(course, "tp1", student)
            path = record_path(course, "tp1", student)
            assert (found is not None) == path.exists(), "whole or not at all"
            if found is not None:
                assert home.scores(found) == expected[student], delay
                assert kept.setdefault(student, found.grade.seed) == found.grade.seed, "graded once"
    rows = [(row.student, row.exercise, row.score) for row in scores(course, "tp1")]
    assert sorted(rows) == sorted((s, e, p) for s, points in expected.items() for e, p in points.items())
    assert eventually(lambda: not {p for p in processes() if of_ours(p)} - before, 20)
