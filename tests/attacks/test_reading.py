"""What student code may not reach: suites, references, solutions, gradebook, classmates, the grader, the network.

Every attack also runs with confinement off, where it must succeed: an attack that fails anyway proves nothing.
The attacks stand in cells of one notebook, each of which prints what it could do.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograder
from autograder.sandbox.confinement import Level, weakness
from autograder.sandbox.forkserver import GUEST_PRELOAD, Forkserver
from autograder.schedule import Forks
from autograder.verdict import Outcome
from tests.courses import cell
from tests.levels import CONFINED

PROJECT = Path(autograder.__file__).resolve().parent.parent

HEAD = """
import ctypes, glob, json, os, socket, sqlite3, sys
from pathlib import Path
C = json.loads({config!r})
libc = ctypes.CDLL(None, use_errno=True)
def system(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""

ATTACKS = {
    "read a hidden suite": "assert 'student' in Path(C['course'], 'tests/hidden/tp1/test_double.py').read_text()",
    "read the instructor's solutions": "assert 'cells' in Path(C['course'], 'source/tp1/tp1.ipynb').read_text()",
    "read the reference": "assert 'SECRET' in Path(C['course'], 'reference/__init__.py').read_text()",
    "import the reference": "sys.path.insert(0, C['course']); import reference; assert reference.SECRET",
    "list submissions": "assert os.listdir(C['course'] + '/submitted')",
    "read a classmate's work": "assert glob.glob(C['course'] + '/submitted/classmate/tp1/*.ipynb')",
    "read the gradebook": (
        "uri = f\"file:{C['course']}/gradebook.db?mode=ro\"\n"
        "assert sqlite3.connect(uri, uri=True).execute('select 1 from grade')"
    ),
    "read kept records and their seeds": "assert os.listdir(C['course'] + '/.autograder/tp1')",
    "read the project's tests": "assert os.listdir(C['project'] + '/tests/hidden')",
    "read the project's sources": "assert os.listdir(C['project'] + '/source')",
    "read the project's reference": "assert os.listdir(C['project'] + '/reference')",
    "read the project's git history": "assert os.listdir(C['project'] + '/.git')",
    "find a suite anywhere": "assert any(Path(C['course']).rglob('test_*.py'))",
    "read the home of who grades": "assert Path(C['home']).read_bytes() is not None",
    "read the host's passwords": "assert Path('/etc/shadow').read_text()",
    "read the grader's memory": "open(f\"/proc/{C['pid']}/mem\", 'rb')",
    "read the memory of any other process": (
        "found = []\n"
        "for p in set(filter(str.isdigit, os.listdir('/proc'))) - {str(os.getpid())}:\n"
        "    try:\n        found.append(open(f'/proc/{p}/mem', 'rb'))\n"
        "    except OSError:\n        pass\n"
        "assert found"
    ),
    "read the grader's environment": "assert Path(f\"/proc/{C['pid']}/environ\").read_bytes()",
    "read through the grader's root": "os.listdir(f\"/proc/{C['pid']}/root{C['course']}/tests\")",
    "read through the grader's working folder": "assert os.listdir(f\"/proc/{C['pid']}/cwd/\")",
    "list the grader's descriptors": "assert os.listdir(f\"/proc/{C['pid']}/fd\")",
    "trace another process": "system(libc.ptrace(0x4206, C['victim'], 0, 0))",
    "read with process_vm_readv": (
        "class V(ctypes.Structure): _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n"
        "address = int(Path(f\"/proc/{C['victim']}/maps\").read_text().split('-')[0], 16)\n"
        "buffer = ctypes.create_string_buffer(16)\n"
        "mine, theirs = V(ctypes.addressof(buffer), 16), V(address, 16)\n"
        "system(libc.process_vm_readv(C['victim'], ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0))"
    ),
    "see the grader": "os.kill(C['pid'], 0)",
    "connect by TCP": "socket.create_connection(('127.0.0.1', C['port']), 2)",
    "send by UDP": (
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)\n"
        "s.sendto(b'x', ('127.0.0.1', C['udp'])); assert s.recv(9) == b'y'"
    ),
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + C['name'])",
    "connect to a path socket": "socket.socket(socket.AF_UNIX).connect(C['folder'] + '/socket')",
    "write into the course": "Path(C['course'], 'tests/new').write_text('x')",
    "write a record": "Path(C['course'], '.autograder/tp1/new.json').write_text('x')",
    "write into a folder that anybody may write": "Path(C['folder'], 'new').write_text('x')",
    "write into the toolkit": "Path(C['package'], 'new').write_text('x')",
    "write into the interpreter's packages": "Path(C['package_file']).open('a')",
    "change a mode outside": (
        "path = C['folder'] + '/data'; mode = os.stat(path).st_mode ^ 1; os.chmod(path, mode)\n"
        "assert os.stat(path).st_mode == mode"
    ),
}  # fmt: skip
STOPPED = {
    *("FileNotFoundError", "PermissionError", "ProcessLookupError", "ConnectionRefusedError", "OSError"),
    *("NotADirectoryError", "OperationalError", "ModuleNotFoundError", "AssertionError", "TimeoutError"),
}


@pytest.fixture(scope="module")
def outside(arena: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What there is to reach: listeners, a process, an open folder, a course with a class in it."""
    from autograder.gradebook import record

    classmate = arena.submit(arena.cells(), "classmate")
    graded = arena.run(classmate)
    (done,) = record(arena.course, "tp1", [classmate], grade_with=lambda *_: graded)
    assert done.success
    folder = tmp_path_factory.mktemp("outside")
    folder.chmod(0o777)
    (folder / "data").write_text("data")
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        name = f"autograder-attack-{os.getpid()}"
        for address in (f"\0{name}", str(folder / "socket")):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen(16)
        echo = (
            "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('127.0.0.1', 0))\n"
        )
        echo += "print(s.getsockname()[1], flush=True)\nwhile True:\n    s.sendto(b'y', s.recvfrom(9)[1])"
        victim = subprocess.Popen([sys.executable, "-c", echo], stdout=subprocess.PIPE, text=True)
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        assert victim.stdout is not None
        yield {
            "course": str(arena.course.root),
            "project": str(PROJECT),
            "package": str(PROJECT / "autograder"),
            "package_file": json.__file__,
            "folder": str(folder),
            "pid": os.getpid(),
            "victim": victim.pid,
            "port": tcp.getsockname()[1],
            "udp": int(victim.stdout.readline()),
            "name": name,
            "home": str(next((p for p in Path.home().glob(".*") if p.is_file()), "/etc/shadow")),
        }
        for left in (folder / "new", PROJECT / "autograder/new", arena.course.root / "tests/new",
                     arena.course.root / ".autograder/tp1/new.json"):  # fmt: skip
            left.unlink(missing_ok=True)


def tried(arena: Any, outside: dict[str, Any], level: Level) -> dict[str, str]:
    """For each attack "done", or the exception that stopped it, as the notebook's cells print it."""
    cells = [cell(HEAD.format(config=json.dumps(outside)))]
    for name, code in ATTACKS.items():
        body = "".join(f"    {line}\n" for line in code.splitlines())
        ended = "    result = 'done'\nexcept Exception as error:\n    result = type(error).__name__\n"
        cells.append(cell(f"try:\n{body}{ended}print('ANSWER', json.dumps([{name!r}, result]))"))
    found = arena.grade([*cells, *arena.cells()], level=level)
    assert arena.scores(found) == arena.most, "and the honest exercises behind keep their points"
    return dict(arena.answers(found))


@pytest.fixture(scope="module", params=CONFINED, ids=str)
def confined(request: Any, arena: Any, outside: dict[str, Any]) -> dict[str, str]:
    missing = weakness(request.param)
    if missing:
        pytest.skip(f"this host cannot: {missing}")
    return tried(arena, outside, request.param)


@pytest.fixture(scope="module")
def unconfined(arena: Any, outside: dict[str, Any]) -> dict[str, str]:
    return tried(arena, outside, Level.NONE)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_notebook_cannot(attack: str, confined: dict[str, str]) -> None:
    assert confined[attack] in STOPPED


@pytest.mark.parametrize("attack", ATTACKS)
def test_without_confinement_the_same_attack_succeeds(attack: str, unconfined: dict[str, str]) -> None:
    assert unconfined[attack] == "done"


@pytest.mark.slow
def test_the_same_holds_where_the_package_is_installed_normally(
    arena: Any, outside: dict[str, Any], tmp_path: Path
) -> None:
    """A copy of the package in a folder of its own, from which the guests' forkserver is started."""
    target = tmp_path / "installed"
    copy = tmp_path / "project"  # setuptools leaves a build folder behind
    shutil.copytree(PROJECT / "autograder", copy / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, copy)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--target", str(target), str(copy)], check=True, cwd="/")
    where = "import autograder; print('ANSWER', __import__('json').dumps(autograder.__file__))"
    with Forkserver("autograder.sandbox.supervisor:main", GUEST_PRELOAD, python_path=[str(target)]) as guests:
        forks = Forks.__new__(Forks)
        forks.__dict__ |= arena.forks.__dict__
        forks.graders = Forkserver(
            "autograder.grading:main", ("autograder.grading",), (guests.fileno(),), python_path=[str(target)]
        )
        forks.guests = guests
        forks.setup = type(arena.setup)(guests.fileno(), *list(arena.setup.__dict__.values())[1:])
        with forks.graders:
            own = arena.at(arena.course, forks)
            own.numbers = iter(range(20_000, 20_010))
            assert own.answers(own.grade(where)) == [str(target / "autograder/__init__.py")]
            found = tried(own, outside, arena.level)
    assert set(found) == set(ATTACKS)
    assert set(found.values()) <= STOPPED


# --- Hidden inputs --------------------------------------------------------------------------------------------

SPY = """
import json, os, sys, time
def tell(*what):
    text = 'SPIED ' + repr(what)
    with open('spied.txt', 'a') as file:
        file.write(text)
    seen.append(what)
    print(text, flush=True); print(text, file=sys.__stderr__, flush=True)
    os.write(1, text.encode()); os.write(pipe[1], text.encode())
    try:
        k = get_ipython().kernel
        k.session.send(k.iopub_socket, 'stream', {'name': 'stdout', 'text': text}, parent=k.get_parent())
        display(text)
    except BaseException:
        pass
seen, pipe = [], os.pipe()
if os.fork() == 0:  # a daemon that goes on printing what it finds
    for _ in range(100):
        time.sleep(0.1)
        if os.path.exists('spied.txt'):
            print(open('spied.txt').read(), flush=True)
    os._exit(0)
"""
LOOK = """
os.set_blocking(pipe[0], False)
try:
    print(os.read(pipe[0], 9999))
except BlockingIOError:
    pass
print(seen, os.path.exists('spied.txt') and open('spied.txt').read(), time.time())
"""


def test_what_a_function_was_given_reaches_no_output(arena: Any) -> None:
    """Files, globals, pipes, streams, messages of the kernel, a daemon: the last cell has run before any suite asks."""
    found = arena.grade(
        SPY,
        double="def double(x):\n    tell(x.tolist())\n    return x + x",
        triple=LOOK + "def triple(n):\n    tell(n)\n    return 3 * n",
        last=LOOK + arena.right["last"],
    )
    assert arena.scores(found) == arena.most
    assert "SPIED" not in arena.printed(found)


def messages(found: Any, arena: Any) -> str:
    return json.dumps([[v.message, v.hint, v.title] for v in arena.verdicts(found)], ensure_ascii=False)


RAISED = {
    "its text": "raise ValueError(f'{x}', x.tolist(), str(x.tolist()))",
    "the name of its class": "raise type('E_' + '_'.join(map(repr, x.flatten().tolist())), (Exception,), {})()",
    "the name of its type as a result": "return type('E_' + str(x.tolist()), (), {})()",
    "an assertion": "assert False, x.tolist()",
    "a missing name": (
        "import autograder.guest as g; g.describe = lambda e: [['NameMissing'], repr(x.tolist()), '']; raise ValueError"
    ),
    "a broken frame": (
        "import autograder.guest as g; g.describe = lambda e: [['WireError'], repr(x.tolist()), '']; raise ValueError"
    ),
}
PLACES = {
    "the place of an error": (
        "import autograder.guest as g; g.describe = lambda e: [['ValueError'], '', repr(x.tolist())]; raise ValueError"
    ),
}
FORGED = "import autograder.guest as g; text = {text}; g.describe = lambda e: [[{kind!r}], {shown}]; raise ValueError"
LETTERS = "''.join('abcdefghij'[int(d)] if d.isdigit() else 'z' for d in repr(x.flatten().tolist()))"
SPELLED = {
    "words instead of digits": f"raise ValueError({LETTERS})",
    "words behind a known message": f"raise ValueError('division by zero ' + {LETTERS})",
    "words as the name of an exception": f"raise type({LETTERS}, (Exception,), {{}})()",
    "words as the name of a type": f"return type({LETTERS}, (), {{}})()",
    "words as a missing name": FORGED.format(text=LETTERS, kind="NameMissing", shown="text, ''"),
    "words as a broken frame": FORGED.format(text=LETTERS, kind="WireError", shown="text, ''"),
    "words as the function of a place": FORGED.format(
        text=f"'ligne 1 de `' + {LETTERS} + '`'", kind="ValueError", shown="'', text"
    ),
    "digits as the line of a place": FORGED.format(
        text="'ligne ' + repr(x.flatten().tolist())[3:8]", kind="ValueError", shown="'', text"
    ),
}
NUMBERS = """
import torch
from autograder import checks
from autograder.suite import points

@points(1, "Valeurs")
def test_values(student):
    x = torch.tensor([0.8412345, -3.7712345], dtype=torch.float64)
    checks.close(checks.tensor(student.double(x), shape=(2,)), 2 * x, "le double")
"""


@pytest.mark.parametrize("way", [*RAISED, *PLACES, *SPELLED])
def test_hidden_inputs_do_not_reach_the_message_through(way: str, arena: Any) -> None:
    path = arena.course.hidden("tp1") / "test_double.py"
    honest = path.read_text()
    try:
        path.write_text(NUMBERS)
        found = arena.grade(double=f"def double(x):\n    {({**RAISED, **PLACES, **SPELLED})[way]}")
    finally:
        path.write_text(honest)
    assert arena.scores(found) == {**arena.most, "double": 0.0}
    assert arena.exercise(found, "double").outcome is Outcome.FAILED
    told = messages(found, arena)
    assert not re.search(r"84123|77123|iebcd|hhbcd", told), told
