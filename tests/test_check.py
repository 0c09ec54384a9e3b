from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from autograder.guest import QUIET
from autograder.selfcheck import check, find_suite
from tests.courses import ROOT, cell, graded, notebook, write

SUITE = '''
import torch
from autograder.suite import points

@points(2, "Le double")
def test_double(student):
    """Ajoutez x à x."""
    print("une trace de la suite", torch.rand(3))
    assert student.double(21) == 42, "double(21) devrait valoir 42"

@points(1, "Sans softmax")
def test_forbidden(student):
    assert not student.forbidden(["double"], ["softmax"]), "softmax est interdite"
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A student's folder, entered."""
    write(tmp_path / "public/test_double.py", SUITE)
    write(tmp_path / "public/test_broken.py", "import no_such_module_x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(QUIET, raising=False)
    hooks = [hook for hook in sys.meta_path if type(hook).__name__ != "AssertionRewritingHook"]
    monkeypatch.setattr(sys, "meta_path", hooks)  # this pytest would rewrite the suites' asserts
    return tmp_path


def notebook_of(code):
    """A module's names in which ``code`` ran."""
    names = {"check": check}
    exec(compile(code, "<cell>", "exec"), names)
    return names


GOOD, BAD = "def double(x):\n    return 2 * x\n", "def double(x):\n    return x\n"


def test_in_a_terminal_the_result_is_text(folder, capsys):
    notebook_of(GOOD + 'check("double")')
    assert capsys.readouterr().out == "double : 3 / 3\n- Le double : réussi\n- Sans softmax : réussi\n"


def test_a_wrong_answer_is_told_with_message_and_hint(folder, capsys):
    notebook_of(BAD + 'check("double")')
    assert capsys.readouterr().out.splitlines() == [
        "double : 1 / 3",
        "- Le double : échoué",
        "  double(21) devrait valoir 42",
        "  Piste : Ajoutez x à x.",
        "- Sans softmax : réussi",
    ]


def test_what_is_still_to_do_is_told_as_such(folder, capsys):
    notebook_of('def double(x):\n    raise NotImplementedError\ncheck("double")')
    assert "À compléter : votre code lève encore `NotImplementedError`." in capsys.readouterr().out


def test_a_missing_function_is_told_without_a_traceback(folder, capsys):
    notebook_of('def duoble(x): return x\ncheck("double")')
    out, err = capsys.readouterr()
    assert "Le notebook ne définit pas `double`. Faut-il renommer `duoble` ?" in out
    assert "Traceback" not in out + err


def test_an_error_of_the_student_shows_its_line_and_no_file_of_the_toolkit(folder, capsys):
    notebook_of('def double(x):\n    return x["a"]\ncheck("double")')
    out, err = capsys.readouterr()
    assert "Votre code a levé TypeError" in out and "ligne 2 de `double`" in out
    assert "Traceback" not in out + err and "autograder/" not in out + err


def test_a_suite_that_is_broken_is_not_the_students_fault(folder, capsys):
    notebook_of('check("broken")')
    out, err = capsys.readouterr()
    assert out.startswith("broken : non noté") and "Traceback" not in out + err


def test_an_unknown_exercise_is_told_with_a_near_one(folder, capsys):
    notebook_of('check("duoble")')
    out = capsys.readouterr().out
    assert out == "Il n'y a pas de tests publics pour « duoble ». Vouliez-vous dire « double » ?\n"
    notebook_of('check("xyz")')
    assert "Exercices connus : broken, double." in capsys.readouterr().out


def test_a_missing_folder_is_told_with_its_path(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(QUIET, raising=False)
    monkeypatch.chdir(tmp_path)
    notebook_of('check("double")')
    assert str(tmp_path / "public") in capsys.readouterr().out


def test_the_folder_can_be_named(folder, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    notebook_of(GOOD + f"check('double', {str(folder)!r})")
    assert "double : 3 / 3" in capsys.readouterr().out
    assert find_suite("double", folder) == folder / "public/test_double.py"


def test_random_streams_and_the_environment_are_left_as_they_were(folder, capsys):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    environment = dict(os.environ)
    notebook_of(GOOD + 'check("double")')
    drawn = random.random(), np.random.rand(), float(torch.rand(()))
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert drawn == (random.random(), np.random.rand(), float(torch.rand(())))
    assert dict(os.environ) == environment


def test_what_a_suite_prints_is_dropped(folder, capfd):
    notebook_of(GOOD + 'check("double")')
    out, err = capfd.readouterr()
    assert "trace" not in out + err and err == ""


def test_a_suite_that_changed_is_read_again(folder, capsys):
    names = notebook_of(GOOD + 'check("double")')
    capsys.readouterr()
    write(
        folder / "public/test_double.py",
        "def test_another_one(student):\n    assert student.double(1) == 2\n",
    )
    exec('check("double")', names)
    assert capsys.readouterr().out == "double : 1 / 1\n- another one : réussi\n"


def test_where_checks_are_quiet_nothing_happens(folder, monkeypatch, capsys):
    monkeypatch.setenv(QUIET, "1")
    notebook_of('check("double")')
    assert capsys.readouterr().out == ""


SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.argv[1:]:
    shell.run_cell(cell, store_history=True)
"""


def test_in_an_ipython_terminal_the_cells_are_read_for_forbidden_names(folder):
    cells = [
        "import torch\nfrom autograder import check",
        "def double(x):\n    return 2 * x + 0 * torch.softmax(torch.ones(2), 0)[0].item()",
        'check("double")',
        "def double(x):\n    return 2 * x",
        'check("double")',
    ]
    done = subprocess.run(
        [sys.executable, "-c", SHELL, *cells],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")},
    )
    assert "softmax est interdite" in done.stdout and "double : 3 / 3" in done.stdout, (
        done.stdout + done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr


def test_in_a_jupyter_kernel_the_result_is_a_table(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = [
        cell("from autograder import check"),
        cell(BAD),
        cell('check("double")'),
        cell(GOOD),
        cell('check("double")'),
        cell('check("duoble")'),
    ]
    book = nbformat.from_dict(json.loads(notebook(cells)))
    NotebookClient(book, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    wrong, right, unknown = (book.cells[i].outputs for i in (2, 4, 5))
    assert [o.output_type for o in wrong] == ["execute_result"] == [o.output_type for o in right]
    page = wrong[0].data["text/html"]
    assert "<table" in page and "double(21) devrait valoir 42" in page and "Ajoutez x à x." in page
    assert wrong[0].data["text/plain"].startswith("double : 1 / 3")
    assert "3 / 3" in right[0].data["text/html"]
    assert [o.output_type for o in unknown] == ["stream"] and "Vouliez-vous dire" in unknown[0].text


# --- All exercises at once ------------------------------------------------------------------------------------


def test_without_a_name_all_exercises_are_shown_in_the_notebooks_order_with_their_points(folder, capsys):
    write(folder / "public/test_triple.py", SUITE.replace("double", "triple").replace("42", "63"))
    (folder / "public/test_broken.py").unlink()
    cells = [graded('check("triple")', "triple", 4), graded('check("double")', "double", 3)]
    write(folder / "lab.ipynb", notebook(cells))
    notebook_of(BAD + "def triple(x):\n    return 3 * x\ncheck()")
    assert capsys.readouterr().out.splitlines() == [
        "Tests publics : 5 / 7",
        "- triple : 4 / 4  réussi",
        "- double : 1 / 3  Le double",
        "La note sera décidée par d'autres tests, sur d'autres données.",
    ]
    notebook_of("def double(x):\n    raise NotImplementedError\ntriple = double\ncheck()")
    assert capsys.readouterr().out.count("à compléter") == 2


def test_what_is_no_name_is_told_like_an_unknown_exercise(folder, capsys):
    notebook_of("check(3)")
    assert capsys.readouterr().out.startswith("Il n'y a pas de tests publics pour « 3 ».")


def test_nbgrader_validate_fails_where_a_check_does(folder):
    for code, text in ((GOOD, "Success!"), (BAD, "double(21) devrait valoir 42")):
        cells = [cell("from autograder import check"), cell(code), graded('check("double")', "double", 3)]
        write(folder / "lab.ipynb", notebook(cells))
        command = [sys.executable, "-m", "nbgrader", "validate", "lab.ipynb"]
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert text in found.stdout, found.stdout + found.stderr
