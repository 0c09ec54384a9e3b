from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder import guest, manifest, rehearsal, runthrough
from autograder.runthrough import events
from autograder.selfcheck import exercises_in
from autograder.submission import read_notebook
from tests.courses import ROOT, cell, graded, locked, manual, notebook, solution, write

TASK = {"schema_version": 3, "grade": False, "solution": False, "locked": True, "task": True}
RELEASED = [
    locked("import math", "imports"),
    solution(
        'def double(x):\n    # À COMPLÉTER\n    raise NotImplementedError("à compléter")', "double_solution"
    ),
    graded('assert double(1) == 2, "faux"', "double", 3),
    manual("*À COMPLÉTER*", "why", 4),
    cell(
        "### Pourquoi « deux » ?",
        "markdown",
        nbgrader={**TASK, "grade_id": "task", "points": 2},
    ),
    cell("*Votre réponse.*", "markdown"),
]
SUITE = """
from autograder.suite import points

@points(1, "Le double")
def test_double(student):
    assert student.double(21) == 42, "double(21) devrait valoir 42"
"""


def with_checksums(cells):
    """The cells as nbgrader releases them: text lines from its own algorithm."""
    book = nbformat.from_dict(json.loads(notebook(cells)))
    for made in book.cells:
        if "nbgrader" in made.metadata:
            made.metadata.nbgrader["checksum"] = compute_checksum(made)
            made.metadata.nbgrader["cell_type"] = made.cell_type
    return json.loads(json.dumps(book.cells))


@pytest.fixture
def folder(tmp_path):
    """What a student gets, without public suites: those bring torch, which takes seconds."""
    write(tmp_path / "tp1.ipynb", notebook(with_checksums(RELEASED)))
    manifest.write(tmp_path, "tp1")
    return tmp_path


def answered():
    cells = with_checksums(RELEASED)
    cells[1]["source"] = "def double(x):\n    return 2 * x"
    cells[3]["source"] = "Parce que."
    cells[5]["source"] = "Parce que deux."
    return cells


def check(folder, cells=None, *options, name="tp1.ipynb"):
    """Exit code and text, on one line and without times, for a notebook of these cells."""
    if cells is not None:
        write(folder / name, notebook(cells))
    out = io.StringIO()
    code = rehearsal.main([str(folder / name), *options], out)
    return code, re.sub(r"\d+,\d s\b", "T s", " ".join(out.getvalue().split()))


def remarks(folder, cells):
    """What is remarked on cells alone, without a run."""
    write(folder / "tp1.ipynb", notebook(cells))
    expected = manifest.read(folder).notebooks["tp1"]
    return [r.text for r in rehearsal.remarks_on_cells(read_notebook(folder / "tp1.ipynb").cells, expected)]


# --- The manifest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", ["tp1", "tp2"])
def test_checksums_are_nbgraders(assignment):
    path = ROOT / "release" / assignment / f"{assignment}.ipynb"
    theirs = nbformat.read(path, as_version=4).cells
    ours = read_notebook(path).cells
    known = [(o, t) for o, t in zip(ours, theirs, strict=True) if o.grade_id]
    assert len(known) > 30
    assert [manifest.checksum(o) for o, _ in known] == [compute_checksum(t) for _, t in known]


def test_checksums_are_nbgraders_for_every_kind_of_cell(folder):
    theirs = [c for c in with_checksums(RELEASED) if "nbgrader" in c["metadata"]]
    ours = [c for c in read_notebook(folder / "tp1.ipynb").cells if c.grade_id]
    assert [manifest.checksum(c) for c in ours] == [c["metadata"]["nbgrader"]["checksum"] for c in theirs]


def test_the_manifest_tells_kinds_and_points_and_no_text(folder):
    found = manifest.read(folder).notebooks["tp1"]
    assert [(c.grade_id, c.kind, c.points) for c in found] == [
        ("imports", "locked", 0),
        ("double_solution", "solution", 0),
        ("double", "graded", 3),
        ("why", "manual", 4),
        ("task", "task", 2),
    ]
    text = (folder / "public/cells.json").read_text()
    assert "NotImplemented" not in text and "import math" not in text


def test_the_released_manifests_are_those_of_their_notebooks(tmp_path):
    for assignment in ("tp1", "tp2"):
        shutil.copytree(ROOT / "release" / assignment, tmp_path / assignment)
        made = manifest.write(tmp_path / assignment, assignment).read_bytes()
        assert made == (ROOT / "release" / assignment / "public/cells.json").read_bytes()


MANIFEST = """{"version": 1, "assignment": "tp1", "notebooks": {"tp1": [
  {"grade_id": "a", "kind": "graded", "cell_type": "code", %s}]}}"""


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '{"version": 2}', '{"version": 1, "notebooks": {"a": [{}]}}', "\udcff", "[" * 5000),
        *(
            MANIFEST % cell
            for cell in ('"grade_id": ["a"]', '"grade_id": "\\ud800"', '"checksum": 3', '"points": NaN')
        ),
        *(MANIFEST % cell for cell in ('"points": "3"', '"points": true', '"points": 1' + "0" * 400)),
        '{"version": 1, "assignment": "tp1", "notebooks": {"\\ud800": []}}',
    ],
)
def test_a_damaged_manifest_is_told(folder, text):
    (folder / "public/cells.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=r"cells.json is no manifest .*Release the assignment again"):
        manifest.read(folder)
    assert "public/cells.json est abîmé" in check(folder, answered())[1]


@pytest.mark.parametrize("points", [10**400, -(10**400), math.inf, math.nan, "3e999", [1], {}])
def test_points_of_no_use_in_a_notebook_are_none(tmp_path, points):
    document = notebook([graded("check('a')", "a", points)])
    [found] = manifest.released_cells(read_notebook(write(tmp_path / "tp1.ipynb", document)).cells)
    assert found.points == 0


@pytest.mark.parametrize("value", [3, ["a"], "\ud800", None])
def test_texts_of_no_use_in_a_notebook_are_as_if_they_were_missing(tmp_path, value):
    made = graded("check('a')", "a")
    made["metadata"]["nbgrader"] |= {"checksum": value, "cell_type": value}
    [found] = manifest.released_cells(read_notebook(write(tmp_path / "tp1.ipynb", notebook([made]))).cells)
    assert (found.checksum, found.cell_type) == ("", "code")


# --- Cells ----------------------------------------------------------------------------------------------------


def test_an_answered_notebook_has_nothing_to_remark(folder):
    assert remarks(folder, answered()) == []


def test_a_released_notebook_is_all_to_write(folder):
    assert remarks(folder, with_checksums(RELEASED)) == [
        "Exercices encore à compléter : `double_solution`.",
        "Questions encore sans réponse : `why` (4 points), « Pourquoi “deux” ? » (2 points).",
    ]


@pytest.mark.parametrize(
    ("code", "empty"),
    [
        ("", True),
        ("# plus tard", True),
        ("def double(x):\n    raise NotImplementedError", True),
        ("def double(x):\n    raise NotImplementedError()", True),
        ('def double(x):\n    x = 2 * x\n    raise NotImplementedError("à compléter")', True),
        ('def double(x):\n    raise NotImplementedError("seulement des réels")', False),
        ("# À COMPLÉTER\ndef double(x):\n    return 2 * x", False),
        ("%time double = lambda x: 2 * x", False),
    ],
)
def test_an_answer_that_is_still_a_stub_is_known(folder, code, empty):
    cells = answered()
    cells[1]["source"] = code
    assert remarks(folder, cells) == ["Exercices encore à compléter : `double_solution`."] * empty


def test_an_answer_that_was_deleted_or_emptied_is_known(folder):
    for texts in ([], [""], ["*Votre réponse.*"], ["À compléter"]):
        cells = [*answered()[:5], *(cell(text, "markdown") for text in texts)]
        assert remarks(folder, cells) == ["Questions encore sans réponse : « Pourquoi “deux” ? » (2 points)."]


def test_missing_doubled_changed_and_retyped_cells_are_named(folder):
    cells = answered()
    cells[0]["source"] = "import maths"
    cells[4]["source"] += "\nMa réponse"
    copy = json.loads(json.dumps(cells[1]))
    copy |= {"cell_type": "markdown"}
    found = remarks(folder, [*cells[:2], copy, *cells[3:]])
    assert [text.split(" : ")[1].split(".")[0] for text in found] == [
        "`double` (tests, 3 points)",
        "`double_solution` (2 fois)",
        "`imports`",
        "« Pourquoi “deux” ? »",
        "`double_solution`",
    ]
    assert "Pourquoi" in found[3] and "dans la cellule qui suit" in found[3]


def test_points_that_were_edited_change_a_cell_and_a_line_end_does_not(folder):
    cells = answered()
    cells[2]["source"] += "\n"
    assert remarks(folder, cells) == []
    cells[2]["metadata"]["nbgrader"]["points"] = 1000
    assert [text[:45] for text in remarks(folder, cells)] == ["Cellules fournies qui ont été modifiées : `do"]


@pytest.mark.parametrize("points", [10**400, float("nan"), -1, "deux", [1]])
def test_points_that_are_none_cost_no_traceback(folder, points):
    cells = answered()
    cells[2]["metadata"]["nbgrader"]["points"] = points
    write(folder / "public" / "test_double.py", SUITE)
    write(folder / "tp1.ipynb", notebook(cells))
    assert "`double`" in remarks(folder, cells)[0]
    assert exercises_in(folder)[0][2] == 3, "as released"


def test_another_notebook_is_told_in_one_line(folder):
    assert remarks(folder, [cell("1 + 1")]) == [
        "Aucune cellule du TP n'est reconnue : est-ce le bon fichier ? Repartez du notebook distribué."
    ]


# --- The whole command ----------------------------------------------------------------------------------------


def test_a_notebook_without_a_fault_is_ready(folder):
    code, text = check(folder, answered(), "--no-tests")
    assert code == 0
    assert text.endswith("Prêt à rendre. Les tests publics n'ont pas été lancés.")
    assert "[2] double_solution T s" in text and "✗" not in text
    assert "tp1.ipynb (" in text and "public/ (1 fichier, " in text


def test_errors_are_shown_where_they_happen_and_the_run_goes_on(folder):
    late = [
        cell("print(later)"),
        cell("def f(x):\n    return x + 'a'\nf(1)"),
        cell("x = ("),
        cell("later = 1"),
        cell("gone"),
        cell('raise NotImplementedError("à compléter")'),
        cell("%matplotlib qt\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('vu')"),
    ]
    code, text = check(folder, [*answered(), *late])
    assert code == 1
    assert "[4] print(later) T s ✗ NameError : name 'later' is not defined (ligne 1)" in text
    assert "✗ TypeError : unsupported operand type(s) for +: 'int' and 'str' (ligne 3, dans `f`)" in text
    assert "La cellule [4] utilise `later`, qui n'est défini que plus bas, dans la cellule [7]" in text
    assert "La cellule [8] utilise `gone`, qu'aucune cellule exécutée sans erreur ne définit" in text
    assert "sur une erreur, montrée plus haut : [5] (TypeError), [6] (SyntaxError)." in text
    assert "un code est encore à compléter : [9]." in text
    assert "[10] import matplotlib.pyplot as plt" in text and "vu" not in text.split("Ce qui serait")[0]
    assert "Traceback" not in text and "Pas encore prêt à rendre : 4 choses à corriger" in text


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os\nos._exit(3)", "code 3"),
        ("exit()", "code 0"),
        pytest.param(
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "signal SIGSEGV",
            marks=pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal"),
        ),
    ],
)
def test_a_cell_that_ends_python_is_told(folder, code, how):
    code, text = check(folder, [*answered(), cell(code), cell("x = 1")])
    assert code == 1 and "Python s'est arrêté pendant la cellule [4] (" in text and how in text
    assert "[5]" not in text and "Ce qui serait collecté" in text and "Traceback" not in text


def test_sys_exit_is_an_error_like_another(folder):
    code, text = check(folder, [*answered(), cell("import sys\nsys.exit(2)"), cell("x = 1")])
    assert code == 1 and "[4] (SystemExit)" in text and "[5] x = 1" in text


def test_a_module_of_the_student_that_stops_python_from_starting_is_told(folder):
    write(folder / "json.py", "raise RuntimeError('mon module')")
    code, text = check(folder, answered())
    assert code == 1 and "pendant le démarrage de Python" in text and "RuntimeError: mon module" in text


def test_cells_run_in_the_notebooks_folder_and_read_files_beside_it(folder):
    write(folder / "mesures.csv", "42")
    _, text = check(folder, [*answered(), cell("assert open('mesures.csv').read() == '42'")])
    assert "✗" not in text and "mesures.csv (2 octets)" in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "il est vide"),
        ("{", "JSON invalide, ligne 1"),
        ("[1]", "n'est pas un notebook Jupyter"),
    ],
)
def test_what_is_no_notebook_is_told(folder, content, told):
    write(folder / "tp1.ipynb", content)
    code, text = check(folder)
    assert code == 1 and told in text and "Pas encore prêt" in text


def test_another_format_and_another_encoding_are_told(folder):
    write(folder / "tp1.ipynb", notebook(answered(), nbformat=5))
    assert "au format 5, et non 4" in check(folder)[1]
    text = json.dumps(json.loads(notebook(answered())), ensure_ascii=False)
    (folder / "tp1.ipynb").write_bytes(text.replace("Parce", "Évidemment, parce").encode("cp1252"))
    assert "n'est pas enregistré en UTF-8" in check(folder)[1]


def test_a_wrong_name_is_a_warning_with_the_right_one(folder):
    (folder / "tp1.ipynb").unlink()
    code, text = check(folder, answered(), name="tp1 (2).ipynb")
    assert code == 0 and "Le devoir attend le nom tp1.ipynb : renommez tp1 (2).ipynb avant de rendre." in text
    assert "Prêt à rendre, après avoir lu ce qui est à savoir." in text


def test_a_name_under_which_nothing_would_be_graded_is_to_be_mended(folder):
    (folder / "tp1.ipynb").unlink()
    code, text = check(folder, answered(), name="devoir_final.ipynb")
    assert code == 1 and "renommez devoir_final.ipynb avant de rendre." in text
    assert "devoir_final.ipynb (" in text and "tp1.ipynb (" not in text, "what is there, not what should be"


def test_capitals_in_a_name_are_a_warning(folder):
    (folder / "tp1.ipynb").unlink()
    code, text = check(folder, answered(), name="TP1.ipynb")
    assert code == 0 and "renommez TP1.ipynb avant de rendre." in text and "TP1.ipynb (" in text


def test_an_exercise_whose_graded_cell_is_gone_is_worth_what_was_released(folder):
    write(folder / "public" / "test_double.py", SUITE)
    cells = answered()
    (graded,) = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == "double"]
    cells.remove(graded)
    write(folder / "tp1.ipynb", notebook(cells))
    assert [(name, points) for name, _, points in exercises_in(folder)] == [("double", 3)]
    write(folder / "public" / "cells.json", "{")
    assert [points for _, _, points in exercises_in(folder)] == [1]


def test_a_copy_beside_the_right_name_would_not_be_collected(folder):
    code, text = check(folder, answered(), name="tp1-Copy1.ipynb")
    assert code == 1 and "C'est tp1.ipynb, dans le même dossier, qui serait collecté" in text


def test_big_files_and_links_are_warned_of_and_caches_stay(folder):
    (folder / ".ipynb_checkpoints").mkdir()
    with open(folder / "poids.pt", "wb") as file:
        file.truncate(150_000_000)
    (folder / "lien.csv").symlink_to("/etc/hostname")
    code, text = check(folder, answered())
    assert code == 0 and "Très gros : poids.pt (150,0 Mo)." in text and "suivis : lien.csv." in text
    assert "Ne seraient pas collectés : .ipynb_checkpoints" in text


def test_without_a_manifest_the_metadata_say_what_they_can(folder):
    shutil.rmtree(folder / "public")
    write(folder / "public/test_triple.py", "")
    cells = with_checksums(RELEASED)
    cells[0]["source"] = "import maths"
    code, text = check(folder, cells, "--no-tests")
    assert code == 1 and "Il n'y a pas de fichier public/cells.json" in text
    assert "ont été modifiées : `imports`." in text and "encore à compléter : `double_solution`." in text
    assert "« Pourquoi “deux” ? » (2 points)" in text
    assert "Exercices dont la cellule de test manque : triple." in text


# --- Use ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "indiquez un notebook"),
        (["a", "b"], "indiquez un notebook"),
        (["--vite", "tp1.ipynb"], "option inconnue : --vite"),
        (["--no-tests=1", "tp1.ipynb"], "commande mal formée"),
        (["tp.ipynb"], "Vouliez-vous dire tp1.ipynb ?"),
        (["."], "Vouliez-vous dire tp1.ipynb ?"),
    ],
)
def test_wrong_use_is_told_in_french_with_code_2(folder, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as stopped:
        rehearsal.main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_the_help_has_examples(capsys):
    assert rehearsal.main(["--help"]) == 0
    assert "autograder check tp1.ipynb" in capsys.readouterr().out.split("Exemples")[1]


def test_the_word_for_quiet_checks_is_the_guests():
    assert runthrough.QUIET == guest.QUIET


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_it_with_a_word(folder):
    write(folder / "tp1.ipynb", notebook([*answered(), cell("while True:\n    pass")]))
    command = [sys.executable, "-m", "autograder", "check", "tp1.ipynb"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        read = b""
        while b"[4] while True" not in read:
            read += os.read(process.stdout.fileno(), 1000)
        os.killpg(process.pid, signal.SIGINT)
        rest, complaints = process.communicate()
    assert process.returncode == 1 and complaints == b""
    assert "Interrompu pendant la cellule [4] (while True:) : " in rest.decode()


STUDENT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("click", "rich", "nbgrader", "nbformat", "nbclient", "ipykernel", "jupyter_client"):
            raise ImportError(f"a student has no {name}")

sys.meta_path.insert(0, Refuse())
"""


def test_a_student_needs_only_the_base_dependencies_and_public_tests_are_run(folder, tmp_path_factory):
    """In both processes: ``sitecustomize`` is imported wherever Python starts with this path."""
    write(folder / "public/test_double.py", SUITE)
    write(folder / "public/test_other.py", "a suite of another notebook")
    cells = answered()
    cells[1]["source"] = "def double(x):\n    return 42 if x == 21 else 2"
    write(folder / "tp1.ipynb", notebook([*cells, cell("import click")]))
    site = tmp_path_factory.mktemp("site")
    write(site / "sitecustomize.py", STUDENT)
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "check", "tp1.ipynb"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr == "", done.stdout + done.stderr
    assert "✗ ImportError : a student has no click (ligne 1)" in done.stdout
    assert "Tests publics : 3 / 3\n- double : 3 / 3  réussi\n" in done.stdout
    assert "Les tests publics voient 3 points sur 3 ; d'autres tests" in " ".join(done.stdout.split())
    assert not list(folder.rglob("__pycache__"))


def test_the_real_lab_with_its_solutions_filled_in_runs_and_lacks_what_was_left_out(tmp_path):
    """The exercises that train are left out: with them the whole takes more than a minute."""
    slow = ("training", "xor", "digits")
    shutil.copytree(ROOT / "release/tp1", tmp_path / "tp1")
    path = tmp_path / "tp1/tp1.ipynb"
    source = json.loads((ROOT / "source/tp1/tp1.ipynb").read_text(encoding="utf-8"))
    solved = {c["metadata"].get("nbgrader", {}).get("grade_id"): c["source"] for c in source["cells"]}
    book = json.loads(path.read_text(encoding="utf-8"))
    for made in book["cells"]:
        meta = made["metadata"].get("nbgrader", {})
        if meta.get("solution") and meta["grade_id"].removesuffix("_solution") not in slow:
            lines = "".join(solved[meta["grade_id"]]).splitlines(keepends=True)
            made["source"] = "".join(line for line in lines if " SOLUTION" not in line)
        elif made["source"] == ["*Votre réponse.*"]:
            made["source"] = "Une réponse."
    path.write_text(json.dumps(book), encoding="utf-8")
    for name in slow:
        (tmp_path / f"tp1/public/test_{name}.py").unlink()
    code, text = check(tmp_path / "tp1")
    assert code == 1 and "✗" not in text, text
    assert text.split("À corriger avant de rendre ")[1] == (
        "- Exercices encore à compléter : `training_solution`, `xor_solution`, `digits_solution`. "
        "Pas encore prêt à rendre : une chose à corriger, ci-dessus. Les tests publics voient 73 points sur 73 ; "
        "d'autres tests, sur d'autres données, décideront de la note."
    )


def test_a_run_ends_although_a_thread_of_the_student_does_not(folder):
    forever = "import threading\nthreading.Thread(target=threading.Event().wait).start()"
    write(folder / "tp1.ipynb", notebook([cell(forever)]))
    assert [e["event"] for e in events(folder / "tp1.ipynb")] == ["begun", "cell", "ran", "end"]
