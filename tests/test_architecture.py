from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
ORDER = re.search(r"## Order of modules.*?```\n(.*?)```", PAGE, re.DOTALL)[1].split()
INSTRUCTORS = (
    *("nbgrader", "nbclient", "jupyter_client", "ipykernel", "click", "rich", "pandas", "sklearn"),
    *("torchvision", "zmq", "nbformat", "matplotlib", "psutil", "landlock", "distributed", "openpyxl"),
)


DASK = ("dask", "distributed")


def entry(path: Path) -> str:
    """``checks`` for ``autograder/checks/arrays.py``."""
    return path.relative_to(ROOT / "autograder").parts[0].removesuffix(".py")


def python_files(folder: str) -> list[Path]:
    files = [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]
    assert files, folder
    return files


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, also inside functions; relative imports resolved."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_the_list_names_every_module_and_no_missing_one():
    modules = {entry(path) for path in python_files("autograder")} - {"__init__"}
    assert sorted(ORDER) == sorted(modules)


def upward_imports() -> list[str]:
    wrong = []
    for path in python_files("autograder"):
        if path == ROOT / "autograder/__init__.py":
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "autograder" or parts[1:2] in ([], ["__version__"], [entry(path)]):
                continue
            assert parts[1] in ORDER, f"{path} imports {name}"
            if ORDER.index(parts[1]) > ORDER.index(entry(path)):
                wrong.append(f"{entry(path)} imports {name}")
    return wrong


def test_modules_import_only_from_above():
    assert sorted(upward_imports()) == []


def test_a_module_never_imports_the_package_itself_for_a_submodule():
    """``from autograder import x`` must name x, so that the test above sees it."""
    names = [name for path in python_files("autograder") for name in imports(path)]
    assert "autograder.*" not in names and any(name.startswith("autograder.wire") for name in names)


def test_the_toolkit_and_the_reference_never_import_each_other():
    assert [n for p in python_files("autograder") for n in imports(p) if n.split(".")[0] == "reference"] == []
    assert [n for p in python_files("reference") for n in imports(p) if n.split(".")[0] == "autograder"] == []


def test_one_module_knows_dask():
    found = {entry(p) for p in python_files("autograder") for n in imports(p) if n.split(".")[0] in DASK}
    assert found == {"cluster"}


def test_suites_import_only_what_a_grader_has():
    allowed = {
        "autograder",
        "reference",
        "torch",
        "numpy",
        "scipy",
        "pytest",
        "sklearn",
        *sys.stdlib_module_names,
    }
    suites = [path for path in python_files("tests/hidden") if path.name.startswith("test_")]
    assert suites
    assert [f"{p.name}: {n}" for p in suites for n in imports(p) if n.split(".")[0] not in allowed] == []


def test_public_suites_import_only_what_a_student_has():
    allowed = {"autograder", "torch", "numpy", "scipy", "sklearn", "pytest", *sys.stdlib_module_names}
    suites = sorted((ROOT / "source").glob("*/public/test_*.py"))
    assert suites
    assert [f"{p.name}: {n}" for p in suites for n in imports(p) if n.split(".")[0] not in allowed] == []


@pytest.mark.parametrize("folder", ["autograder", "reference"])
def test_lists_of_public_names_are_sorted_and_true(folder):
    for path in python_files(folder):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]:
                names = ast.literal_eval(node.value)
                order = sorted(
                    set(names), key=lambda name: (not name.isupper(), name)
                )  # constants first, as ruff has it
                assert names == order, path
                # Letters, digits and underscores of the whole file: a name that stands there only once is not defined.
                for name in names:
                    assert len(re.findall(rf"\b{name}\b", path.read_text(encoding="utf-8"))) > 1, (path, name)


STUDENT = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {INSTRUCTORS!r}:
            raise ImportError(f"a student has no {{name}}")

sys.meta_path.insert(0, Refuse())
from autograder import check

def double(x):
    return x + x

check("double")
"""
PUBLIC = '''
import torch
from autograder import checks
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    """Ajoutez x à x."""
    x = torch.randn(3)
    checks.close(student.double(x), 2 * x, "double(x)")
'''


def test_a_student_needs_only_the_base_dependencies(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public/test_double.py").write_text(PUBLIC)
    done = subprocess.run(
        [sys.executable, "-c", STUDENT], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "double : 2 / 2\n- Le double : réussi\n", done.stderr


def test_commands_that_only_drive_or_read_import_neither_torch_nor_a_slow_grammar():
    """Graders and guests import torch, in forkservers; a command that waits for it would start seconds later."""
    modules = ("cli", "console", "exports", "feedback", "handin", "journal", "release", "replay", "report")
    code = (
        f"import sys\nfor name in {modules}:\n    __import__(f'autograder.{{name}}')\n"
        "print([name for name in ('torch', 'rfc3987_syntax', 'lark') if sys.modules.get(name)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
