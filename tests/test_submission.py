from __future__ import annotations

import json
import os

import pytest

from autograder.submission import (
    Exercise,
    Kind,
    RunCell,
    RunGraded,
    Snapshot,
    SourceCell,
    SourceNotebook,
    digest,
    handed_in,
    locate,
    plan,
    read_notebook,
    released,
)
from tests.courses import cell, graded, locked, manual, notebook, solution, write

SOURCE = SourceNotebook(
    "tp1",
    (
        SourceCell(0, "code", "import math", Kind.LOCKED, "imports"),
        SourceCell(1, "code", "def a(): ...", Kind.SOLUTION, "a-code"),
        SourceCell(2, "code", "check('a')", Kind.SUITE, "a", 3.0),
        SourceCell(3, "code", "def b(): ...", Kind.SOLUTION, "b-code"),
        SourceCell(
            4,
            "code",
            "assert b()\n### BEGIN HIDDEN TESTS\nassert b() == 2\n### END HIDDEN TESTS",
            Kind.INSIDE,
            "b",
            2.0,
        ),
        SourceCell(5, "markdown", "Pourquoi ?", Kind.MANUAL, "why", 4.0),
    ),
)
IMPORTS, A, A_TEST = (
    locked("import math", "imports"),
    solution("a = 1", "a-code"),
    graded("check('a')", "a", 3),
)
B, B_TEST, WHY = solution("b = 2", "b-code"), graded("assert b()", "b", 2), manual("Parce que.", "why", 4)
WHOLE = [IMPORTS, A, A_TEST, B, B_TEST, WHY]


def stripped(original):
    return {**original, "metadata": {}}


@pytest.fixture
def planned(tmp_path):
    """Plans a notebook of cells and tells the steps in a short form."""

    def plan_of(cells):
        return plan(read_notebook(write(tmp_path / "tp1.ipynb", notebook(cells))), SOURCE)

    return plan_of


def steps(made):
    names = {Snapshot: "suite", RunGraded: "inside"}
    return [
        (step.index, step.source) if isinstance(step, RunCell) else (names[type(step)], step.exercise)
        for step in made.steps
    ]


NORMAL = [(0, "import math"), (1, "a = 1"), ("suite", "a"), (3, "b = 2"), ("inside", "b")]


def test_a_whole_notebook_runs_its_cells_with_the_exercises_at_their_graded_cells(planned):
    made = planned(WHOLE)
    assert steps(made) == NORMAL
    assert made.problems == () and made.absent == frozenset()


def test_a_snapshot_knows_the_cells_before_it(planned):
    snapshot = planned(WHOLE).steps[2]
    assert snapshot == Snapshot("a", (RunCell(0, "import math"), RunCell(1, "a = 1")))


def test_a_graded_cell_without_suite_runs_the_instructors_text(planned):
    edited = {**B_TEST, "source": "print('tout va bien')"}
    made = planned([IMPORTS, A, A_TEST, B, edited])
    assert isinstance(made.steps[-1], RunGraded)
    assert made.steps[-1].source == SOURCE.by_id["b"].source
    assert any("text of graded cell `b` was changed" in problem for problem in made.problems)


def test_an_edited_graded_cell_with_a_suite_never_runs(planned):
    made = planned([IMPORTS, A, {**A_TEST, "source": "import os; os._exit(0)"}, B, B_TEST])
    assert steps(made) == NORMAL


def test_an_edited_locked_cell_runs_as_it_was(planned):
    assert steps(planned([{**IMPORTS, "source": "math = None"}, *WHOLE[1:]])) == NORMAL


def test_edited_points_and_tags_change_nothing(planned):
    test = json.loads(json.dumps(A_TEST))
    test["metadata"]["nbgrader"]["points"] = 1000
    test["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    answer = json.loads(json.dumps(A))
    answer["metadata"]["tags"] = ["skip-execution"]
    assert steps(planned([IMPORTS, answer, test, B, B_TEST])) == NORMAL
    assert [e.points for e in SOURCE.exercises] == [3.0, 2.0, 4.0]


def test_without_its_graded_cell_a_suite_runs_before_the_next_exercise(planned):
    made = planned([IMPORTS, A, cell("essai = a"), B, B_TEST])
    assert steps(made) == [
        (0, "import math"),
        (1, "a = 1"),
        (2, "essai = a"),
        ("suite", "a"),
        (3, "b = 2"),
        ("inside", "b"),
    ]
    assert made.problems == (
        "tp1.ipynb: cell `a` (suite) is missing.",
        "tp1.ipynb: cell `why` (manual) is missing.",
    )


def test_without_any_graded_cell_the_last_exercise_runs_at_the_end(planned):
    assert steps(planned([IMPORTS, A, B, cell("fin = 1")]))[-2:] == [(3, "fin = 1"), ("inside", "b")]


def test_a_graded_cell_before_its_solution_is_moved_behind_it(planned):
    assert steps(planned([IMPORTS, A_TEST, A, B, B_TEST])) == [
        (0, "import math"),
        (2, "a = 1"),
        ("suite", "a"),
        (3, "b = 2"),
        ("inside", "b"),
    ]


def test_exercises_in_another_order_keep_their_places(planned):
    assert steps(planned([IMPORTS, B, B_TEST, A, A_TEST])) == [
        (0, "import math"),
        (1, "b = 2"),
        ("inside", "b"),
        (3, "a = 1"),
        ("suite", "a"),
    ]


def test_of_copied_cells_all_code_runs_and_the_last_copy_counts(planned):
    made = planned([IMPORTS, A, A_TEST, {**A, "source": "a = 3"}, A_TEST, B, B_TEST])
    assert steps(made)[:4] == [(0, "import math"), (1, "a = 1"), (3, "a = 3"), ("suite", "a")]
    assert "tp1.ipynb: cell `a` stands 2 times; the last copy counts." in made.problems


def test_a_solution_copied_behind_its_graded_cell_is_what_the_suite_sees(planned):
    made = planned([IMPORTS, A, A_TEST, {**A, "source": "a = 3"}, B, B_TEST])
    assert steps(made)[:4] == [(0, "import math"), (1, "a = 1"), (3, "a = 3"), ("suite", "a")]


def test_a_solution_split_in_two_runs_whole(planned):
    made = planned([IMPORTS, {**A, "source": "a ="}, cell("a = 1"), A_TEST, B, B_TEST])
    assert steps(made)[1:4] == [(1, "a ="), (2, "a = 1"), ("suite", "a")]


def test_stripped_metadata_change_nothing(planned):
    made = planned([stripped(c) for c in WHOLE])
    assert steps(made) == NORMAL


def test_a_renamed_solution_still_runs(planned):
    assert steps(planned([IMPORTS, solution("a = 1", "my-own-name"), A_TEST, B, B_TEST])) == NORMAL


def test_a_students_cell_cannot_pass_for_a_graded_one(planned):
    """Named like a graded cell but without `grade`, it is the student's code and runs."""
    impostor = solution("a = 2", "a")
    assert (2, "a = 2") in steps(planned([IMPORTS, A, impostor, B, B_TEST]))


def test_with_neither_graded_cell_nor_known_solution_a_suite_runs_before_later_exercises(planned):
    made = planned([IMPORTS, stripped(A), B, B_TEST])
    assert steps(made)[1:4] == [(1, "a = 1"), ("suite", "a"), (2, "b = 2")]


@pytest.mark.parametrize("cell_type", ["markdown", "raw"])
def test_a_solution_that_is_no_code_cell_any_more_does_not_run(planned, cell_type):
    made = planned([IMPORTS, {**A, "cell_type": cell_type}, A_TEST, B, B_TEST])
    assert steps(made) == [(0, "import math"), ("suite", "a"), (3, "b = 2"), ("inside", "b")]
    assert f"tp1.ipynb: cell `a-code` is now a {cell_type} cell, so its text does not run." in made.problems


def test_an_empty_notebook_has_no_steps_and_all_is_absent(planned):
    made = planned([])
    assert made.steps == () and made.absent == {"a", "b"}


def test_only_markdown_is_absent_work_too(planned):
    assert planned([cell("# Rien", "markdown")]).absent == {"a", "b"}


def test_any_code_of_the_student_makes_nothing_absent(planned):
    made = planned([cell("a = b = 1")])
    assert steps(made) == [(0, "a = b = 1"), ("suite", "a"), ("inside", "b")]
    assert made.absent == frozenset()


def test_provided_cells_alone_are_no_work(planned):
    assert planned([IMPORTS]).absent == {"a", "b"}


def test_two_exercises_with_the_same_text_are_told_apart_by_their_order(tmp_path):
    source = SourceNotebook(
        "tp1",
        (
            SourceCell(0, "code", "check()", Kind.SUITE, "one", 1.0),
            SourceCell(1, "code", "check()", Kind.SUITE, "two", 1.0),
        ),
    )
    cells = [cell("x = 1"), cell("check()"), cell("x = 2"), cell("check()")]
    made = plan(read_notebook(write(tmp_path / "tp1.ipynb", notebook(cells))), source)
    assert steps(made) == [(0, "x = 1"), ("suite", "one"), (2, "x = 2"), ("suite", "two")]


def test_a_manual_answer_in_code_runs_since_later_cells_may_need_it(tmp_path):
    source = SourceNotebook("tp1", (SourceCell(0, "code", "", Kind.MANUAL, "free", 1.0),))
    both = {"grade": True, "solution": True, "grade_id": "free", "points": 1}
    made = plan(
        read_notebook(write(tmp_path / "tp1.ipynb", notebook([cell("x = 1", nbgrader=both)]))), source
    )
    assert steps(made) == [(0, "x = 1")]


def test_an_exercise_lists_all_it_needs():
    assert SOURCE.exercises[0] == Exercise("a", "tp1", 3.0, None, Kind.SUITE, ("a-code",))


def test_hidden_regions_are_not_released():
    assert released("x\n### BEGIN HIDDEN TESTS\ny\n### END HIDDEN TESTS\nz") == "x\nz"


# --- Damaged files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        "null",
        '{"nbformat": 4}',
        '{"cells": 3}',
        "<<<<<<< HEAD\n{}",
        '{"a": ' + "9" * 5000,
    ],
)
def test_an_unreadable_file_is_told_in_french_and_not_absent(tmp_path, text):
    submitted = read_notebook(write(tmp_path / "tp1.ipynb", text))
    assert submitted.unreadable.startswith("Le fichier rendu n'est pas un notebook")
    [problem] = submitted.problems
    assert problem.startswith("tp1.ipynb: ") and "Ask the student for the file again" in problem
    assert not submitted.missing


def test_a_missing_file_is_absent_work(tmp_path):
    submitted = read_notebook(tmp_path / "tp1.ipynb")
    assert submitted.missing and not submitted.unreadable
    assert plan(submitted, SOURCE).absent == {"a", "b"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(tmp_path, encoding):
    text = json.dumps({"nbformat": 4, "cells": [cell("é = 1")]}, ensure_ascii=False)
    (tmp_path / "tp1.ipynb").write_bytes(text.encode(encoding))
    assert read_notebook(tmp_path / "tp1.ipynb").cells[0].source == "é = 1"


def test_format_3_is_read(tmp_path):
    code = {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python", "outputs": []}
    heading = {"cell_type": "heading", "level": 2, "source": "Titre"}
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [heading, code]}]})
    cells = read_notebook(write(tmp_path / "tp1.ipynb", text)).cells
    assert [(c.cell_type, c.source) for c in cells] == [("markdown", "## Titre"), ("code", "a = 1\nb = 2")]


@pytest.mark.parametrize("level", [2.0, True, [2], "2", 7, 0, -1, None])
def test_a_heading_of_no_known_level_is_one_of_the_first(tmp_path, level):
    heading = {"cell_type": "heading", "level": level, "source": "Titre"}
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [heading]}]})
    assert read_notebook(write(tmp_path / "tp1.ipynb", text)).cells[0].source == "# Titre"


def test_cells_that_make_no_sense_are_left_out_or_read_as_far_as_possible(tmp_path):
    cells = [
        7,
        {"cell_type": "magic", "source": 3},
        {"cell_type": "code"},
        {"cell_type": "code", "source": ["x", 1]},
    ]
    cells.append(
        {"cell_type": "code", "source": "y", "metadata": {"nbgrader": {"grade_id": ["?"], "grade": "yes"}}}
    )
    submitted = read_notebook(write(tmp_path / "tp1.ipynb", json.dumps({"nbformat": 4, "cells": cells})))
    assert [(c.index, c.cell_type, c.source, c.grade_id, c.grade) for c in submitted.cells] == [
        (0, "raw", "", "", False),
        (1, "code", "", "", False),
        (2, "code", "x", "", False),
        (3, "code", "y", "", False),
    ]
    assert len(submitted.problems) == 2


def test_a_lone_surrogate_does_not_reach_the_kernel(tmp_path):
    text = '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}'
    assert read_notebook(write(tmp_path / "tp1.ipynb", text)).cells[0].source.encode("utf-8")


def test_a_lone_surrogate_in_an_id_does_not_either(tmp_path):
    found = read_notebook(write(tmp_path / "tp1.ipynb", notebook([solution("", "a\ud800")])))
    assert found.cells[0].grade_id == "a?"


@pytest.mark.parametrize("make", ["link", "pipe", "folder"])
def test_what_is_no_ordinary_file_is_not_opened(tmp_path, make):
    path = tmp_path / "tp1.ipynb"
    if make == "link":
        path.symlink_to(write(tmp_path / "other", notebook([cell("secret")])))
    elif make == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    submitted = read_notebook(path)
    assert submitted.unreadable and not submitted.cells
    assert submitted.problems[0].endswith("Ask the student for the file again.")


def test_an_upload_that_was_renamed_is_found_if_it_is_the_only_one(tmp_path):
    write(tmp_path / "tp1 (1).ipynb", "")
    assert locate(tmp_path, "tp1").name == "tp1 (1).ipynb"
    write(tmp_path / "tp1 (2).ipynb", "")
    assert locate(tmp_path, "tp1").name == "tp1.ipynb"


def test_capitals_do_not_hide_a_notebook_and_no_other_one_of_the_assignment_is_taken_for_it(tmp_path):
    write(tmp_path / "tp1-bonus.ipynb", "")
    assert locate(tmp_path, "tp1", ("tp1", "tp1-bonus")).name == "tp1.ipynb"
    assert handed_in(tmp_path, "tp1", ("tp1", "tp1-bonus")).missing
    write(tmp_path / "TP1.IPYNB", "")
    assert locate(tmp_path, "tp1", ("tp1", "tp1-bonus")).name == "TP1.IPYNB"


@pytest.mark.parametrize("names", [["devoir_final.ipynb"], ["a.ipynb", "tp1 (1).ipynb", "tp1 (2).ipynb"]])
def test_a_notebook_under_another_name_goes_to_a_human(tmp_path, names):
    for name in names:
        write(tmp_path / name, notebook([cell("x = 1")]))
    found = handed_in(tmp_path, "tp1", ("tp1",))
    assert not found.missing and found.unreadable == "Le notebook rendu ne s'appelle pas tp1.ipynb."
    (problem,) = found.problems
    assert problem.startswith(f"tp1.ipynb is missing, but there is {', '.join(names)}. Rename")


def test_a_notebook_beside_the_one_that_is_graded_is_told(tmp_path):
    write(tmp_path / "tp1.ipynb", notebook([cell("x = 1")]))
    assert handed_in(tmp_path, "tp1", ("tp1",)).problems == ()
    for number in range(7):
        write(tmp_path / f"tp1 ({number}).ipynb", notebook([cell("x = 2")]))
    found = handed_in(tmp_path, "tp1", ("tp1",))
    assert [one.source for one in found.cells] == ["x = 1"] and not found.unreadable
    assert found.problems[0].endswith("tp1 (4).ipynb and 2 more, which was not graded.")


def test_a_renamed_notebook_is_the_one_with_the_longest_name_that_it_begins_with(tmp_path):
    names = ("tp1", "tp10")
    write(tmp_path / "tp10 (1).ipynb", notebook([cell("x = 10")]))
    assert locate(tmp_path, "tp1", names).name == "tp1.ipynb"
    assert handed_in(tmp_path, "tp1", names).missing, "what is there is the other one"
    write(tmp_path / "tp1 (1).ipynb", notebook([cell("x = 1")]))
    for name, text in (("tp1", "x = 1"), ("tp10", "x = 10")):
        found = handed_in(tmp_path, name, names)
        assert [one.source for one in found.cells] == [text] and not found.problems


@pytest.mark.parametrize("name", ["tp1.IPYNB", "TP1.ipynb", "TP1.IPYNB"])
def test_capitals_are_no_other_name(tmp_path, name):
    write(tmp_path / name, notebook([cell("x = 1")]))
    found = handed_in(tmp_path, "tp1", ("tp1", "tp2"))
    assert [one.source for one in found.cells] == ["x = 1"]
    assert not handed_in(tmp_path, "tp2", ("tp1", "tp2")).cells


def test_names_that_cannot_be_printed_are_told_as_escapes(tmp_path):
    write(tmp_path / "tp1.ipynb", notebook([cell("x = 1")]))
    (tmp_path / os.fsdecode(b"\xe9\n\x1b[2J.ipynb")).write_text("")
    (problem,) = handed_in(tmp_path, "tp1", ("tp1",)).problems
    assert problem == r"tp1.ipynb: there is also \udce9\n\x1b[2J.ipynb, which was not graded."


def test_a_folder_that_cannot_be_listed_still_holds_its_notebook(tmp_path, monkeypatch):
    write(tmp_path / "tp1.ipynb", notebook([cell("x = 1")]))

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    assert handed_in(tmp_path, "tp1", ("tp1",)).cells and handed_in(tmp_path, "tp2", ("tp2",)).missing


def test_a_folder_without_any_notebook_holds_no_work(tmp_path):
    write(tmp_path / "notes.txt", "")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write(tmp_path / ".hidden.ipynb", "")
    assert handed_in(tmp_path, "tp1", ("tp1",)).missing
    assert handed_in(tmp_path / "none", "tp1", ("tp1",)).missing


# --- Digest ---------------------------------------------------------------------------------------------------


def test_the_digest_names_content_and_not_dates(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name / "tp1.ipynb", "x")
        write(tmp_path / name / "data/é.txt", "y")
    os.utime(tmp_path / "a/tp1.ipynb", (0, 0))
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_the_digest_of_one_file_is_this(tmp_path):
    write(tmp_path / "x", "")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    import hashlib

    expected = hashlib.sha256(b"F" + (1).to_bytes(8, "big") + b"x" + bytes.fromhex(empty)).hexdigest()
    assert digest(tmp_path) == expected


def test_the_digest_tells_names_content_and_links_apart(tmp_path):
    write(tmp_path / "1/a", "x")
    write(tmp_path / "2/b", "x")
    write(tmp_path / "3/a", "y")
    (tmp_path / "4").mkdir()
    (tmp_path / "4/a").symlink_to(tmp_path / "1/a")
    write(tmp_path / "5/a", "x")
    (tmp_path / "5/folder").symlink_to("/")
    (tmp_path / "6").mkdir()
    os.mkfifo(tmp_path / "6/a")
    assert len({digest(tmp_path / str(n)) for n in range(1, 7)}) == 6
