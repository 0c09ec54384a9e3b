from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from autograder.exports import CsvExporter, write_csv, write_wide_csv
from autograder.gradebook import Row, record
from tests.courses import FakeGrader, answered, make_course, submit
from tests.test_gradebook import nbgrader

ROW = Row("ada", "Ada", "Lovelace", "", "", "tp1", "tp1", "double", 2.5, 3.0, False, False, 0.0, True)


def read(write, rows):
    stream = io.StringIO(newline="")
    write(stream, rows)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


@pytest.mark.parametrize(
    "name", ["Martin, Jr", 'dit "Bob"', "Œuvrard–Ñuñez", "deux\nlignes", "deux\r\nlignes", "a;b", "😀"]
)
def test_names_are_intact_when_read_back(name):
    assert read(write_csv, [replace(ROW, last_name=name)])[0]["last_name"] == name
    assert read(write_wide_csv, [replace(ROW, last_name=name)])[0]["last_name"] == name


@pytest.mark.parametrize("text", ["=1+1", "+33", "-x", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")'])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert read(write_csv, [replace(ROW, first_name=text)])[0]["first_name"] == "'" + text
    wide = read(write_wide_csv, [replace(ROW, first_name=text, exercise=text)])[0]
    assert wide["first_name"] == "'" + text and "'" + text in wide


def test_numbers_stay_numbers():
    line = read(write_csv, [ROW])[0]
    assert (line["score"], line["max_score"]) == ("2.5", "3")
    assert read(write_wide_csv, [replace(ROW, late_penalty=-0.5)])[0]["late_penalty"] == "-0.5"


def test_ungraded_is_blank_and_so_is_the_total():
    open_row = replace(ROW, exercise="why", score=None, ungraded=True)
    assert read(write_csv, [open_row])[0]["score"] == ""
    line = read(write_wide_csv, [ROW, open_row])[0]
    assert (line["double"], line["why"], line["total"], line["max_total"]) == ("2.5", "", "", "6")
    assert line["ungraded"] == "why"
    assert read(write_wide_csv, [ROW])[0]["ungraded"] == ""


def test_a_wide_line_holds_one_student_with_the_penalty_taken_off():
    rows = [replace(ROW, student=s, exercise=e, late_penalty=1.0) for s in ("bob", "ada") for e in ("z", "a")]
    lines = read(write_wide_csv, rows)
    assert [line["student"] for line in lines] == ["ada", "bob"]
    assert list(lines[0])[6:] == ["z", "a", "ungraded", "late_penalty", "total", "max_total"]
    assert lines[0]["total"] == "4"


def test_a_penalty_never_makes_a_total_negative():
    assert read(write_wide_csv, [replace(ROW, late_penalty=9.0)])[0]["total"] == "0"


def test_no_rows_give_a_header_only():
    stream = io.StringIO()
    write_csv(stream, [])
    assert stream.getvalue().count("\n") == 1


def test_nbgrader_export_writes_it(tmp_path):
    course = make_course(tmp_path)
    submit(course, "ada", answered())
    record(course, "tp1", grade_with=FakeGrader())
    with Gradebook(f"sqlite:///{course.gradebook}", "reseaux-de-neurones") as gradebook:
        gradebook.update_or_create_student("ada", last_name="=Lovelace, A.")
        wide = CsvExporter(wide=True, to=str(tmp_path / "wide.csv"))
        wide.export(gradebook)
    done = nbgrader(course, "export", "--exporter=autograder.exports.CsvExporter", "--to=long.csv")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "long.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["exercise"], line["score"]) for line in lines] == [
        ("double", "3"),
        ("triple", "0"),
        ("why", ""),
    ]
    assert lines[0]["last_name"] == "'=Lovelace, A."
    with (tmp_path / "wide.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["double"] == "3"
