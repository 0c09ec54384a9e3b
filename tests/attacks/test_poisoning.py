"""What a submission leaves behind: in its process, in the environment, in files with the names of modules.

Nothing of it reaches the grader or the next submission. That each poison works where nothing stops it is shown by a
later cell of the same notebook, and for files by a grader that runs in the submission's folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.confinement import Level
from tests.attacks.conftest import MAX
from tests.courses import cell, write

# --- State of a process ---------------------------------------------------------------------------------------

POISONS = {
    "torch's addition": ("torch.Tensor.__add__ = lambda self, other: self * 0", "str(torch.ones(1) + 1)"),
    "torch.testing": (
        "torch.testing.assert_close = lambda *a, **k: None",
        "torch.testing.assert_close.__module__",
    ),
    "the default dtype": ("torch.set_default_dtype(torch.float64)", "str(torch.get_default_dtype())"),
    "the number of threads": ("torch.set_num_threads(3)", "torch.get_num_threads()"),
    "gradients switched off": ("torch.set_grad_enabled(False)", "torch.is_grad_enabled()"),
    "deterministic algorithms": (
        "torch.use_deterministic_algorithms(True)",
        "torch.are_deterministic_algorithms_enabled()",
    ),
    "NumPy's errors": ("np.seterr(all='ignore')", "str(np.geterr())"),
    "random's seed": ("random.seed = torch.manual_seed = lambda *a: None", "random.seed.__module__"),
    "an environment variable": (
        "os.environ |= {'PYTHONPATH': '/tmp', 'PYTEST_ADDOPTS': '-x', 'OMP_NUM_THREADS': '99'}",
        "sorted(os.environ.items())",
    ),
    "the working folder": ("os.chdir('/tmp')", "os.getcwd()"),
    "the search path": ("sys.path.insert(0, '/tmp/evil')", "sys.path"),
    "a module": ("sys.modules['json'] = None", "sys.modules['json'] is None"),
    "a builtin": ("builtins.round = lambda x: 42", "round(1.0)"),
    "the import of modules": ("builtins.__import__ = (lambda f: lambda *a, **k: f(*a, **k))(builtins.__import__)",
                              "type(builtins.__import__).__name__"),
    "the limit of recursion": ("sys.setrecursionlimit(100_000)", "sys.getrecursionlimit()"),
    "the collector": ("gc.disable()", "gc.isenabled()"),
    "warnings": ("warnings.simplefilter('error', append=True)", "len(warnings.filters)"),
    "a signal's handler": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "str(signal.getsignal(signal.SIGTERM))"),
    "the mask of modes": ("os.umask(0o777)", "oct([mask := os.umask(0), os.umask(mask)][0])"),
    "the clock": ("time.time = lambda: 0.0", "time.time() == 0.0"),
    "a file in /tmp": ("open('/tmp/left', 'w').close()", "sorted(n for n in os.listdir('/tmp') if 'left' in n)"),
    "a file in the folder for temporary files": (
        "open(gettempdir() + '/kept', 'w').close()", "sorted(n for n in os.listdir(gettempdir()) if 'kept' in n)"
    ),
    "a segment of shared memory": ("open('/dev/shm/left', 'w').close()", "os.listdir('/dev/shm')"),
    "a file at home": ("Path(HOME, 'sitecustomize.py').write_text('')", "[str(p) for p in Path(HOME).glob('*.py')]"),
    "our own package": ("wire.MAGIC = b'EVIL'", "wire.MAGIC.decode()"),
}  # fmt: skip
LATE = (
    "our own package",
    "a module",
)  # of the notebook's own conversation with the grader nothing is left then
REFUSED = {Level.LANDLOCK: ("a file in /tmp", "a segment of shared memory")}
"""Where folders of these names are the host's, a guest may neither write nor look there."""
HEAD = (
    "import builtins, gc, os, random, signal, sys, time, warnings, numpy as np\nfrom pathlib import Path\n"
    "import autograder.wire as wire\n"
    "from json import dumps\nfrom tempfile import gettempdir\nHOME = os.environ['HOME']\n"
)
LOOK = (
    "def look(at):\n    try:\n        return at()\n    except PermissionError:\n        return 'refused'\n"
    "print('ANSWER', dumps({"
    + ", ".join(f"{name!r}: look(lambda: {code})" for name, (_, code) in POISONS.items())
    + "}).replace(os.path.dirname(HOME), 'WORK'), flush=True)"  # each guest's own folder at level landlock
)


def tried(code: str) -> str:
    """That, unless the system refuses it."""
    body = code.replace("\n", "\n    ")
    return f"try:\n    {body}\nexcept PermissionError:\n    pass"


@pytest.fixture(scope="module")
def states(arena):
    """What a cell sees: in a clean submission, behind all poisons, and in the submission graded next."""
    found, scores = [], []
    early = "\n".join(tried(code) for name, (code, _) in POISONS.items() if name not in LATE)
    late = "\n".join(POISONS[name][0] for name in LATE)
    for first, last in (("", ""), (early, late), ("", "")):
        cells = arena.cells(double=HEAD + first + "\n" + arena.right["double"])
        cells.append(cell(f"{last}\n{LOOK}"))
        record = arena.grade(cells)
        (state,) = arena.answers(record)
        found.append(state)
        scores.append(arena.scores(record))
    return found, scores


@pytest.mark.parametrize("poison", POISONS)
def test_a_poison_that_works_in_its_own_notebook_does_not_reach_the_next(states, poison, arena):
    (clean, poisoned, following), _ = states
    if poison in REFUSED.get(arena.level, ()):
        assert poisoned[poison] == clean[poison] == "refused", "at this level it works nowhere"
    else:
        assert poisoned[poison] != clean[poison], "where nothing separates two cells"
    assert following[poison] == clean[poison]


def test_poison_gives_no_points_and_costs_nobody_elses(states):
    """Its own exercises are computed with the poisoned torch: ``double`` is wrong, the others need none of it."""
    _, (clean, poisoned, following) = states
    assert clean == following == MAX
    assert poisoned == {**MAX, "double": 0.0}


# --- Files with the names of modules --------------------------------------------------------------------------

TELL = (
    "import os\ntry:\n    open(os.path.join({folder!r}, {name!r}), 'w').close()\nexcept OSError:\n    pass\n"
)
MODULES = ("torch", "random", "json", "numpy", "sitecustomize", "usercustomize", "autograder", "reference",
           "pytest_evil", "conftest", "nbgrader_config", "plugin_of_ini", "plugin_of_toml")  # fmt: skip
PACKAGES = ("autograder", "reference", "tests")


def poisoned_files(folder: Path, told: Path) -> dict[str, str]:
    """Files to hand in: each module, once imported by whoever may write to ``told``, says so there."""
    files = {
        f"{name}.py": TELL.format(folder=str(told), name=name) for name in MODULES if name not in PACKAGES
    }
    files |= {f"{name}/__init__.py": TELL.format(folder=str(told), name=name) for name in PACKAGES}
    files |= {
        "pytest.ini": "[pytest]\naddopts = -p plugin_of_ini\n",
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p plugin_of_toml"\n',
        "setup.cfg": "[tool:pytest]\naddopts = -p plugin_of_ini\n",
        "evil.pth": "import pytest_evil\n",
        ".ipynb_checkpoints/tp1-checkpoint.ipynb": "{",
        "tests/hidden/tp1/test_double.py": "def test_values(student): pass\n",
        "gradebook.db": "",
        ".autograder/tp1/x.json": "{}",
    }
    for name, text in files.items():
        write(folder / name, text)
    return files


@pytest.fixture(scope="module")
def shadowed(arena, tmp_path_factory):
    """A wrong submission among such files, right ones before and behind, and who imported what."""
    told = tmp_path_factory.mktemp("told")
    told.chmod(0o777)
    wrong = arena.submit(arena.cells(double="def double(x): return x + 1"), "shadow")
    poisoned_files(arena.course.submitted("tp1", wrong), told)
    here = os.getcwd()
    os.chdir(arena.course.submitted("tp1", wrong))  # where an instructor may stand
    try:
        scores = [arena.scores(arena.run(student)) for student in (arena.submit(arena.cells()), wrong)]
    finally:
        os.chdir(here)
    scores.append(arena.scores(arena.grade()))
    return scores, sorted(os.listdir(told)), arena.course.submitted("tp1", wrong), told


def test_files_beside_a_notebook_are_imported_by_no_process_of_ours(shadowed):
    scores, imported, *_ = shadowed
    assert imported == []
    assert scores == [MAX, {**MAX, "double": 0.0}, MAX]


@pytest.mark.parametrize("name", MODULES)
def test_a_grader_that_runs_in_the_submissions_folder_imports_the_same_file(shadowed, tmp_path, name):
    """With a path of its own for each file: one of them would stop the imports that lead to another."""
    _, _, folder, told = shadowed
    for old in told.iterdir():
        old.unlink()
    inner = f"{name}/__init__.py" if name in PACKAGES else f"{name}.py"
    write(tmp_path / inner, (folder / inner).read_text())
    command = ["-c", f"import {name}"]
    if name.startswith("plugin") or name == "conftest":
        config = "pyproject.toml" if name == "plugin_of_toml" else "pytest.ini"
        write(tmp_path / config, (folder / config).read_text() if name != "conftest" else "[pytest]")
        command = ["-m", "pytest", "."]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, timeout=120
    )
    assert (told / name).exists()
