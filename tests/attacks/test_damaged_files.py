"""Files that are no notebooks, or hardly, and names that are tricks: one class of them, through to the gradebook.

What can be read is graded, what cannot goes to a human, what was not handed in is worth 0, and neither stops the class.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from autograder.console import grade_and_record, print_class
from autograder.gradebook import scores
from autograder.schedule import Options, stored
from autograder.verdict import Outcome
from tests.attacks.conftest import MAX, SMALL, tiny_course
from tests.courses import Cell, write

FULL = MAX
HUMAN = dict.fromkeys(MAX)
NOTHING = dict.fromkeys(MAX, 0.0)
NO_TRIPLE = {**MAX, "triple": 0.0}


@dataclass(frozen=True)
class Damage:
    """``make`` puts into a submission's folder what became of the right cells; ``points`` is what must come of it."""

    make: Callable[[Path, list[Cell]], object]
    points: dict[str, float] | dict[str, None]


def document(cells: Any, **more: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells, **more})


def text(make: Callable[[list[Cell]], str | bytes], points: Any) -> Damage:
    """A file with what ``make`` makes of the right cells."""

    def put(folder: Path, cells: list[Cell]) -> None:
        made = make(cells)
        (folder / "tp1.ipynb").write_bytes(made if isinstance(made, bytes) else made.encode())

    return Damage(put, points)


def of_format_3(cells: list[Cell], number: int) -> str:
    """Code in ``input``, cells in a worksheet, as until 2014."""
    old = [{**{k: v for k, v in c.items() if k != "source"}, "input": c["source"], "language": "python"}
           for c in cells]  # fmt: skip
    sheets = [{"cells": old, "metadata": {}}]
    return json.dumps(
        {"nbformat": number, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}
    )


def with_triple(cells: list[Cell], **fields: Any) -> list[Any]:
    """The right cells but for these fields of the cell that defines ``triple``."""
    return [{**c, **fields} if "def triple" in c["source"] else c for c in cells]


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def with_outputs(cells: list[Cell]) -> str:
    flood = {"output_type": "stream", "name": "stdout", "text": ["x" * 1000] * 50_000}
    return document([{**cells[0], "outputs": [flood]}, *cells[1:]])


def in_its_place(folder: Path, kind: str) -> None:
    """Something that is no regular file where the notebook should be."""
    path = folder / "tp1.ipynb"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            here = os.open(folder, os.O_RDONLY)
            listener.bind(f"/proc/self/fd/{here}/tp1.ipynb")  # the path itself may be too long for a socket
            os.close(here)
    elif kind == "folder":
        path.mkdir()
        write(path / "tp1.ipynb", "{}")
    else:
        path.symlink_to(kind)


def linked_folder(folder: Path, target: str) -> None:
    folder.rmdir()
    folder.symlink_to(target)
    assert (folder / "tp1.ipynb").is_file(), "the link leads to a notebook"


def sparse(folder: Path, size: int) -> None:
    with open(folder / "tp1.ipynb", "wb") as file:
        file.truncate(size)


DAMAGES = {
    "no JSON": text(lambda cells: "print('hello')", HUMAN),
    "truncated": text(lambda cells: document(cells)[:-200], HUMAN),
    "empty": text(lambda cells: "", HUMAN),
    "blank": text(lambda cells: " \n\t\n", HUMAN),
    "a list": text(lambda cells: json.dumps(cells), HUMAN),
    "cells in a dict": text(lambda cells: document(dict(enumerate(cells))), HUMAN),
    "nested 100000 deep": text(lambda cells: nested(100_000), HUMAN),
    "nested 100000 deep in its metadata": text(
        lambda cells: document(cells).replace('"metadata": {}', f'"metadata": {nested(100_000)}', 1), HUMAN
    ),
    "nested 200 deep in its metadata": text(
        lambda cells: document(cells).replace('"metadata": {}', f'"metadata": {nested(200)}', 1), FULL
    ),
    "a number of 5000 digits": text(lambda cells: document(cells)[:-1] + ', "x": ' + "9" * 5000 + "}", HUMAN),
    "numbers that are none": text(
        lambda cells: document(cells)[:-1] + ', "x": [NaN, -Infinity, 1e999, -0]}', FULL
    ),
    "a key twice": text(lambda cells: '{"cells": 3, ' + document(cells)[1:], FULL),
    "format 3": text(lambda cells: of_format_3(cells, 3), FULL),
    "format 2": text(lambda cells: of_format_3(cells, 2), FULL),
    "format 5": text(lambda cells: document(cells, nbformat=5), FULL),
    "format 99": text(lambda cells: document(cells, nbformat=99, nbformat_minor=-1), FULL),
    "a format that is text": text(lambda cells: document(cells, nbformat="4"), FULL),
    "no format": text(lambda cells: json.dumps({"cells": cells}), FULL),
    "another kernel": text(
        lambda cells: document(cells, metadata={"kernelspec": {"name": "ir", "language": "R"}}), FULL
    ),
    "metadata that are a list": text(lambda cells: document(cells, metadata=[1]), FULL),
    "cells' metadata that are none": text(lambda cells: document([{**c, "metadata": None} for c in cells]), FULL),
    "50 MB of outputs": text(with_outputs, FULL),
    "outputs that are none": text(
        lambda cells: document([{**c, "outputs": 3, "execution_count": "x"} for c in cells]), FULL
    ),
    "bytes that are not UTF-8": text(
        lambda cells: document(cells).encode().replace(b"3 * n", b"3 * n # \xff\xe9"), FULL
    ),
    "a byte order mark": text(lambda cells: b"\xef\xbb\xbf" + document(cells).encode(), FULL),
    "UTF-16": text(lambda cells: document(cells).encode("utf-16"), FULL),
    "ids twice": text(lambda cells: document([{**c, "id": "same"} for c in cells], nbformat_minor=5), FULL),
    "ids of no kind": text(
        lambda cells: document([{**c, "id": [n, "../" * 99]} for n, c in enumerate(cells)], nbformat_minor=5), FULL
    ),
    "cells that are no dicts": text(lambda cells: document([1, None, "x", [], True, *cells, 2.5]), FULL),
    "no cells": text(lambda cells: document([]), NOTHING),
    "a solution missing": text(
        lambda cells: document([c for c in cells if "def triple" not in c["source"]]), NO_TRIPLE
    ),
    "a source in lines": text(
        lambda cells: document([{**c, "source": c["source"].splitlines(keepends=True)} for c in cells]), FULL
    ),
    "a source that is null": text(lambda cells: document(with_triple(cells, source=None)), NO_TRIPLE),
    "a source that is a number": text(lambda cells: document(with_triple(cells, source=1e300)), NO_TRIPLE),
    "a source of no text": text(lambda cells: document(with_triple(cells, source=[1, {}, [["x"]]])), NO_TRIPLE),
    "a source with a null byte": text(
        lambda cells: document(with_triple(cells, source="def triple(n): return 3 * n\0")), NO_TRIPLE
    ),
    "a type of no kind": text(lambda cells: document(with_triple(cells, cell_type=["code"])), NO_TRIPLE),
    "half a surrogate pair": text(
        lambda cells: document(with_triple(cells, source="s = '\ud800'\ndef triple(n): return 3 * n")), FULL
    ),
    "101 MB": Damage(lambda folder, cells: sparse(folder, 101_000_000), HUMAN),
    "a named pipe": Damage(lambda folder, cells: in_its_place(folder, "pipe"), HUMAN),
    "a socket": Damage(lambda folder, cells: in_its_place(folder, "socket"), HUMAN),
    "a folder": Damage(lambda folder, cells: in_its_place(folder, "folder"), HUMAN),
    "a link to itself": Damage(lambda folder, cells: in_its_place(folder, "tp1.ipynb"), HUMAN),
    "a link to nowhere": Damage(lambda folder, cells: in_its_place(folder, "nowhere"), HUMAN),
    "a link to a device": Damage(lambda folder, cells: in_its_place(folder, "/dev/zero"), HUMAN),
    "a link to the source": Damage(
        lambda folder, cells: in_its_place(folder, "../../../source/tp1/tp1.ipynb"), HUMAN
    ),
    "its folder a link to the source": Damage(lambda folder, cells: linked_folder(folder, "../../source/tp1"), HUMAN),
    "its folder a link to a classmate": Damage(lambda folder, cells: linked_folder(folder, "../-rf/tp1"), HUMAN),
    "nothing": Damage(lambda folder, cells: None, NOTHING),
}  # fmt: skip

BESIDE: dict[str, Callable[[Path], object]] = {
    "names of other files": lambda folder: [
        write(folder / name, "x")
        for name in ("-rf", "a\nb.txt", "$(touch hit)", "*", "?.ipynb~", "é" * 120, "x" * 255, ".kernel")
    ],
    "a file whose name is not UTF-8": lambda folder: (folder / os.fsdecode(b"\xff\xfe.csv")).write_text("x"),
    "the folder of the kernel's sockets": lambda folder: [
        write(folder / ".kernel/k-1", "x"), (folder / ".kernel/k-2").symlink_to("/etc/passwd")
    ],
    "a pipe, a link and a socket": lambda folder: [
        os.mkfifo(folder / "pipe"), (folder / "link").symlink_to("/"), (folder / "loop").symlink_to("loop")
    ],
    "folders nested 60 deep": lambda folder: write(folder / "/".join(["deep"] * 60) / "x.txt", "x"),
    "more than its disk holds": lambda folder: (folder / "big.bin").write_bytes(bytes(20 << 20)),
}  # fmt: skip

UNKNOWN_TO_DATABASES = os.fsdecode(b"\xff\xfe")
NAMES = ("-rf", "--help", "a\nb", "[red]", "\x1b[2J", "é", "e\u0301", "\u202ecod", "a b", "'\"`;",
         "{assignment_id}", "%s", "_held", "[a-z]x", "*", "?" * 60,
         "x" * 255, "$(touch hit)", "a,b=c", "tp1", UNKNOWN_TO_DATABASES)  # fmt: skip
"""Of students, whose folders learning platforms and archives name; each of them hands in right work."""


def owner(name: str) -> str:
    """The student of an entry of the tables above."""
    return name if name in NAMES else "of " + name.replace(" ", "-").replace("'", "")


@pytest.fixture(scope="module")
def graded(arena, tmp_path_factory):
    """All of them as one class, recorded in its gradebook, with right work before and behind."""
    course = tiny_course(tmp_path_factory.mktemp("damaged") / "course")
    home = arena.at(course)
    for name in NAMES:
        home.submit(home.cells(), name)
    for name, beside in BESIDE.items():
        home.submit(home.cells(), owner(name))
        beside(course.submitted("tp1", owner(name)))
    for name, damage in DAMAGES.items():
        home.submit(None, owner(name))
        damage.make(course.submitted("tp1", owner(name)), home.cells())
    for name in ("0 first", "zz last"):
        home.submit(home.cells(), name)
    students = course.students("tp1")
    options = Options(workers=2, limits=SMALL)
    with home.leaves_nothing():
        grades, recorded = grade_and_record(course, "tp1", students, options, quiet=True, forks=arena.forks)
    rows: dict[str, dict[str, float | None]] = {student: {} for student in students}
    for row in scores(course, "tp1"):
        rows[row.student][row.exercise] = row.score
    return course, {grade.student: grade for grade in grades}, rows, recorded


def points(grade: Any) -> dict[str, float | None]:
    return {exercise.exercise: exercise.score for exercise in grade.exercises}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_gets_what_can_be_read_of_it_and_no_more(graded, damage):
    _, grades, rows, _ = graded
    grade = grades[owner(damage)]
    assert points(grade) == DAMAGES[damage].points, grade.problems
    assert rows[owner(damage)] == points(grade), "in the gradebook too"
    if DAMAGES[damage].points is HUMAN:
        assert grade.problems, "the instructor reads why"
        told = {v.message for e in grade.exercises for v in e.verdicts if v.outcome is Outcome.UNGRADED}
        assert all(message.startswith("Le ") for message in told) and told, "and so does the student"


@pytest.mark.parametrize("student", [*map(owner, BESIDE), *NAMES, "0 first", "zz last"], ids=ascii)
def test_right_work_keeps_its_points_whatever_its_owner_and_the_files_beside_it_are_called(graded, student):
    course, grades, rows, _ = graded
    assert points(grades[student]) == FULL, grades[student].problems
    assert rows[student] == (FULL if student != UNKNOWN_TO_DATABASES else {}), "in the gradebook too"
    kept = stored(course, "tp1", student)
    assert kept is not None and kept.grade == grades[student]


def test_a_name_that_no_database_takes_is_told_and_the_class_is_shown_all_the_same(graded, capsys):
    _, grades, _, recorded = graded
    assert not recorded
    print_class(list(grades.values()), Console(width=500))
    told = capsys.readouterr().out
    assert "\\udcff\\udcfe" in told and "[red]" in told and "\\x1b[2J" in told
    assert told.count("\n") >= len(grades) and "\x1b[2J" not in told
