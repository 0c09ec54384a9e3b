from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from zipfile import ZipFile

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from openpyxl import load_workbook

from autograder.cli import main
from autograder.errors import InstructorError
from autograder.exports import (
    LOCALES,
    CanvasExporter,
    CsvExporter,
    ExcelExporter,
    MoodleExporter,
    Worksheet,
    order,
    totals,
    verdict_rows,
    write_csv,
    write_verdicts,
    write_wide_csv,
    write_workbook,
)
from autograder.exports.dialect import harmless
from autograder.gradebook import Row, ensure_registered, record, scores
from autograder.schedule import Record, keep
from autograder.verdict import Outcome
from tests.courses import FakeGrader, answered, grade_of, make_course, submit, verdict
from tests.courses import write as write_text
from tests.test_gradebook import nbgrader

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

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
    assert done.returncode == 0 and "tp1: no total yet for ada" in done.stderr, done.stderr
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


# --- A class as classes are: accents, commas, nothing in the file, ungraded, late, by hand ---------------------


PEOPLE = {
    "ada": ("Lovelace, comtesse", 'Ada "Augusta"', "Ada@Example.org", "101"),
    "bo": ("Nuñez–Œuvrard", "Bô", "", "102"),
    "cleo": ("O'Brien; Jr", "Cléo", "cleo@example.org", ""),
    "dan": ("Ångström", "Dan", "dan@example.org", ""),
    "eve": ('=HYPERLINK("http://x")', "Ève", "eve@example.org", "105"),
    "fay": ("", "", "fay@example.org", ""),
}


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """Ada by hand, Bo an empty folder, Cleo ungraded, Dan late, Eve late with an extension, Fay nothing."""
    course = make_course(tmp_path_factory.mktemp("school"))
    with course.config.open("a") as config:
        config.write(
            "\nfrom nbgrader.plugins import LateSubmissionPlugin\n"
            "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
        )
    ensure_registered(course, "tp1")
    for student in ("ada", "cleo", "dan", "eve"):
        submit(course, student, answered())
        late = student in ("dan", "eve")
        write_text(
            course.submitted("tp1", student) / "timestamp.txt", f"2030-01-0{2 if late else 1} 00:00:00 UTC"
        )
    submit(course, "bo", None)
    with book(course) as gradebook:
        gradebook.update_or_create_assignment("tp1", duedate="2030-01-01 12:00:00 UTC")
        for student, (last, first, email, lms) in PEOPLE.items():
            gradebook.update_or_create_student(
                student, last_name=last, first_name=first, email=email, lms_user_id=lms
            )
        gradebook.add_submission("tp1", "eve").extension = timedelta(days=3)
        gradebook.db.commit()
    broken = grade_of("cleo", double=[verdict(), verdict(Outcome.UNGRADED)])
    nothing = grade_of("bo", double=[verdict(Outcome.FAILED)])
    record(course, "tp1", grade_with=FakeGrader(bo=nothing, cleo=broken))
    with book(course) as gradebook:
        for student in ("ada", "cleo", "dan", "eve"):
            gradebook.find_grade("why", "tp1", "tp1", student).manual_score = 2.5
        gradebook.find_grade("triple", "tp1", "tp1", "ada").manual_score = 1.0
        gradebook.find_grade("double", "tp1", "tp1", "eve").extra_credit = 0.25
        gradebook.db.commit()
    for grade in (grade_of("ada"), broken):
        keep(course, Record(grade))
    return course


POINTS = {"ada": 6.5, "bo": 0.0, "cleo": None, "dan": 2.5, "eve": 5.75, "fay": None}


def book(course):
    return Gradebook(f"sqlite:///{course.gradebook}", "reseaux-de-neurones")


def run(course, *arguments):
    return CliRunner().invoke(main, [*arguments, "--course", str(course.root)])


def exported(course, path, *arguments):
    done = run(course, "export", *arguments, "-o", str(path))
    assert done.exit_code in (0, 1) and path.exists(), done.output
    return done


def lines_of(path, delimiter=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, strict=True))


def test_totals_are_nbgraders_and_what_is_ungraded_has_none(school):
    found = {total.student: total for total in totals(scores(school, "tp1"))}
    assert {student: total.points for student, total in found.items()} == POINTS
    assert found["cleo"].waiting == ("double",) and found["dan"].late_penalty == 3.0
    assert not found["fay"].submitted and found["fay"].waiting == ()


def test_wide_csv_of_the_class_keeps_every_name(school, tmp_path):
    exported(school, tmp_path / "wide.csv", "tp1", "--wide")
    lines = {line["student"]: line for line in lines_of(tmp_path / "wide.csv")}
    for student, (last, first, email, lms) in PEOPLE.items():
        last = "'" + last if last.startswith("=") else last
        line = lines[student]
        assert (line["last_name"], line["first_name"], line["email"], line["lms_user_id"]) == (
            last,
            first,
            email,
            lms,
        )
        assert line["total"] == ("" if POINTS[student] is None else f"{POINTS[student]:g}")
    assert (lines["cleo"]["double"], lines["cleo"]["ungraded"]) == ("", "double")


LONG, TESTS = (), ("--tests",)
WAITING = ["no total yet in tp1: cleo (no score in double)"]


def told(done):
    """The lines of stderr, but for the one on records that are older than the submissions, as the fixture's are."""
    return [line for line in done.stderr.splitlines() if not line.startswith("warning: graded before")]


@pytest.mark.parametrize("form", [LONG, TESTS, ("--wide",), ("--format", "moodle"), ("--format", "canvas")])
def test_who_has_no_total_yet_is_told_beside_every_form(school, tmp_path, form):
    shown = run(school, "export", "tp1", *form)
    assert shown.exit_code == 1 and told(shown) == WAITING
    done = exported(school, tmp_path / "grades.csv", "tp1", *form)
    assert done.exit_code == 1 and told(done) == WAITING
    written = (tmp_path / "grades.csv").read_bytes().decode("utf-8-sig")
    assert written == shown.stdout_bytes.decode() and "ada" in written


@pytest.mark.parametrize("form", [LONG, TESTS, ("--wide",)])
def test_who_has_no_total_yet_is_told_beside_json(school, form):
    done = run(school, "export", "tp1", *form, "--json")
    assert done.exit_code == 1 and told(done) == WAITING
    assert {row["student"] for row in json.loads(done.stdout)} >= {"ada", "cleo"}


def test_of_a_class_without_totals_the_first_are_named_and_the_others_counted(school, monkeypatch):
    (cleo,) = [total for total in totals(scores(school, "tp1")) if total.waiting]
    many = [replace(cleo, student=f"s{number}") for number in range(23)]
    lines = [remark.text for remark in order._waiting(many)]
    assert len(lines) == 21 and lines[19].startswith("no total yet in tp1: s19 ")
    assert lines[20] == "... and no total yet for 3 more: the lines without a score"


def test_french_csv_has_semicolons_and_decimal_commas(school, tmp_path):
    done = exported(school, tmp_path / "fr.csv", "tp1", "--wide", "--locale", "fr")
    assert done.exit_code == 1 and "no total yet in tp1: cleo" in done.stderr
    lines = {line["student"]: line for line in lines_of(tmp_path / "fr.csv", ";")}
    assert (lines["ada"]["total"], lines["ada"]["double"], lines["cleo"]["total"]) == ("6,5", "3", "")
    assert lines["cleo"]["last_name"] == "O'Brien; Jr" and lines["ada"]["last_name"] == "Lovelace, comtesse"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x;\n@SUM(A1)", "x;'\n@SUM(A1)"),
        ("x\n=1+1", "x\n'=1+1"),
        (" =1+1", "' =1+1"),
        ("＝1+1", "'＝1+1"),
        ("a = b, -c; d", "a = b, -c; d"),
    ],
)
def test_no_separator_and_no_space_lets_a_formula_through(text, shown):
    assert harmless(text) == shown


@pytest.mark.parametrize("locale", ["en", "fr"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_that_is_split_at_another_sign_holds_no_formula(locale, delimiter):
    stream = io.StringIO(newline="")
    LOCALES[locale].write(stream, [["x,=1+1", "y;=1+1", "z\t=1+1", "a, b"]])
    (line,) = csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=delimiter)
    assert not [cell for cell in line if cell.startswith("=")]
    assert "a, b" in stream.getvalue()


def test_tests_are_rows_with_what_each_earned(school, tmp_path):
    exported(school, tmp_path / "tests.csv", "tp1", "--tests")
    lines = lines_of(tmp_path / "tests.csv")
    assert [(x["student"], x["exercise"], x["outcome"], x["points"], x["earned"]) for x in lines] == [
        ("ada", "double", "passed", "3", "3"),
        ("ada", "triple", "failed", "2", "0"),
        ("cleo", "double", "passed", "1.5", ""),
        ("cleo", "double", "ungraded", "1.5", ""),
        ("cleo", "triple", "failed", "2", "0"),
    ]
    assert lines[0]["last_name"] == "Lovelace, comtesse" and lines[0]["test"] == "test_x"
    data = json.loads(run(school, "export", "tp1", "--tests", "--json").stdout)
    assert [row["earned"] for row in data] == [3.0, 0.0, None, None, 0.0]


def test_a_failed_gate_earns_nothing_test_by_test():
    gate = verdict(Outcome.FAILED, points=0, gate=True, title="=cmd", message="x;=1+1")
    rows = verdict_rows([grade_of("ada", double=[gate, verdict(points=2), verdict(points=1)])], {})
    assert [(row.points, row.earned) for row in rows][:3] == [(0.0, 0.0), (2.0, 0.0), (1.0, 0.0)]
    stream = io.StringIO(newline="")
    write_verdicts(stream, rows)
    first = next(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))
    assert (first["title"], first["message"], first["gate"]) == ("'=cmd", "x;'=1+1", "yes")


# --- Excel ----------------------------------------------------------------------------------------------------


def sheet_of(path, name="tp1"):
    sheet = load_workbook(path)[name]
    headers, *lines = list(sheet.iter_rows())
    return [dict(zip((cell.value for cell in headers), line, strict=True)) for line in lines]


def test_a_workbook_has_typed_cells_and_no_formula(school, tmp_path):
    done = exported(school, tmp_path / "grades.xlsx", "--format", "excel")
    lines = {line["student"].value: line for line in sheet_of(tmp_path / "grades.xlsx")}
    assert {student: line["total"].value for student, line in lines.items()} == POINTS
    assert lines["ada"]["total"].data_type == "n" and lines["ada"]["first_name"].value == 'Ada "Augusta"'
    name = lines["eve"]["last_name"]
    assert (name.value, name.data_type, name.quotePrefix) == (PEOPLE["eve"][0], "s", True)
    assert done.exit_code == 1 and "no total yet in tp1: cleo (no score in double)" in done.stderr
    with ZipFile(tmp_path / "grades.xlsx") as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


def test_a_workbook_has_a_sheet_an_assignment_whatever_their_names():
    names = ["tp1", "TP1", "a/b:c", "x" * 40, "x" * 41, "History"]
    stream = io.BytesIO()
    write_workbook(stream, [replace(ROW, assignment=name, first_name="\x00=1+1\x1b") for name in names])
    found = load_workbook(stream)
    assert found.sheetnames == ["tp1", "TP1-2", "a-b-c", "x" * 31, "x" * 29 + "-2", "History-"]
    assert found["tp1"]["D2"].value == "\N{REPLACEMENT CHARACTER}=1+1\N{REPLACEMENT CHARACTER}"


# --- Canvas ---------------------------------------------------------------------------------------------------


def test_canvas_finds_its_columns_points_and_students(school, tmp_path):
    done = exported(school, tmp_path / "c.csv", "tp1", "--format", "canvas", "--title", "TP 1 (4321)")
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        headers, possible, *lines = csv.reader(file, strict=True)
    assert headers == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "TP 1 (4321)"]
    assert possible[0].strip() == "Points Possible" and possible[5] == "9"
    assert {line[3]: line[5] for line in lines} == {
        student: "" if points is None else f"{points:g}" for student, points in POINTS.items()
    }
    assert lines[0][:2] == ['Lovelace, comtesse, Ada "Augusta"', "101"] and lines[-1][0] == "fay"
    assert done.exit_code == 1 and "cleo" in done.stderr


# --- Moodle ---------------------------------------------------------------------------------------------------

ENGLISH = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
FRENCH = (
    "Identifiant,Nom complet,Numéro d’identification,Adresse de courriel,Statut,Note,Note maximale,"
    "La note peut être modifiée,Dernière modification (travail remis),Dernière modification (note),"
    "Feedback par commentaires"
)
CLASS = [
    ("Participant 7", "Ève HYPERLINK", "105", "", "Remis", "", "{max}", "Oui", "-", "-", "déjà là, à garder"),
    (
        "Participant 3",
        'Ada "Augusta" Lovelace_comtesse',
        "",
        "ada@example.ORG",
        "Remis",
        "1",
        "{max}",
        "Oui",
        "-",
        "-",
        "",
    ),
    (
        "Participant 9",
        "=Zed",
        "",
        "zed@example.org",
        "-",
        "8",
        "{max}",
        "Oui",
        "-",
        "-",
        "<p>deux\nlignes</p>",
    ),
    ("Participant 4", "Cléo", "", "cleo@example.org", "Remis", "3", "{max}", "Oui", "-", "-", ""),
    ("Participant 5", "Dan/Ångström", "", "dan@example.org", "Remis", "", "{max}", "Oui", "-", "-", ""),
    ("Participant 6", "Fay", "", "fay@example.org", "-", "", "{max}", "Oui", "-", "-", ""),
]


def worksheet(path, headers=ENGLISH, most="9.00", delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(next(csv.reader([headers])))
        writer.writerows([cell.format(max=most) for cell in line] for line in CLASS)
    return path


def as_moodle_reads(path, headers):
    """Grades by participant's number: exact headers, commas, UTF-8; a decimal comma is understood."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, strict=True))
    number, grade = headers.split(",")[0], headers.split(",")[5]
    return {line[number].removeprefix("Participant "): line[grade].replace(",", ".") for line in lines}, lines


@pytest.mark.parametrize(("headers", "most"), [(ENGLISH, "9.00"), (FRENCH, "9,00")])
def test_a_worksheet_is_filled_in_and_all_else_is_kept(school, tmp_path, headers, most):
    source = worksheet(tmp_path / "sheet.csv", headers, most)
    before, target = source.read_bytes(), tmp_path / "filled.csv"
    done = exported(school, target, "tp1", "--moodle-worksheet", str(source))
    grades, lines = as_moodle_reads(target, headers)
    assert grades == {"7": "5.75", "3": "6.5", "9": "8", "4": "", "5": "2.5", "6": ""}
    assert source.read_bytes() == before
    _, old = as_moodle_reads(source, headers)
    column = headers.split(",")[5]
    assert [x | {column: ""} for x in lines] == [x | {column: ""} for x in old]
    assert ("5,75" in target.read_text(encoding="utf-8")) == (most == "9,00")
    assert done.exit_code == 1
    assert "no one student of the gradebook: Participant 9, =Zed, zed@example.org" in done.stderr
    assert "no one line of the worksheet: bo\n" in done.stderr
    assert "no total yet in tp1: cleo" in done.stderr


def test_grades_are_told_to_be_scaled_to_the_worksheets_maximum(school, tmp_path):
    source = worksheet(tmp_path / "sheet.csv", FRENCH, "18,00", delimiter=";")
    done = exported(school, tmp_path / "filled.csv", "tp1", "--moodle-worksheet", str(source))
    assert as_moodle_reads(tmp_path / "filled.csv", FRENCH)[0]["7"] == "11.5"
    assert "grades out of 9 are written out of 18" in done.stderr


def test_a_match_that_could_be_two_people_is_none():
    twins = [replace(ROW, student=s, email="twin@example.org") for s in ("a", "b")]
    twin = "Participant 1,T,,twin@example.org,,,3,,,,"
    text = f"{ENGLISH}\n{twin}\nParticipant 2,A,a,,,,3,,,,\nParticipant 3,A,a,,,,3,,,,\n"
    filled = Worksheet.parse(text.encode(), "x").filled(totals(twins))
    assert filled.students == (None, None, None) and len(filled.remarks) == 5


def test_a_grade_above_the_maximum_is_told_since_moodle_skips_it():
    row = replace(ROW, score=4.0, lms_user_id="12")
    text = f"{ENGLISH}\nParticipant 1,Ada,12,,,,3.00,,,,\n"
    filled = Worksheet.parse(text.encode(), "x").filled(totals([row]))
    assert filled.lines[1][5] == "4" and filled.remarks == ("above the maximum, which Moodle skips: ada",)
    calm = Worksheet.parse(text.encode(), "x").filled(totals([replace(row, score=3.0)]))
    assert calm.lines[1][5] == "3" and calm.remarks == ()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"Nom,Note\nAda,3\n", "no grading worksheet of Moodle in English or French"),
        (b"", "no grading worksheet"),
        (b"Identifier,Grade,Last modified (grade)\nParticipant 1,,-\n", "names nobody"),
        (ENGLISH.encode() + b"\nParticipant 1,Ada\n", "line 2: 2 cells, 11 headers"),
        (FRENCH.encode("cp1252"), "not UTF-8"),
    ],
)
def test_what_is_no_worksheet_is_refused_with_advice(data, told):
    with pytest.raises(InstructorError, match=f"^sheet.csv.*{told}"):
        Worksheet.parse(data, "sheet.csv")


def test_the_feedback_zip_is_laid_out_as_moodle_unpacks_it(school, tmp_path):
    for student in ("ada", "dan", "fay"):
        write_text(school.feedback("tp1", student) / "tp1.html", f"<p>{student} é</p>")
    source = worksheet(tmp_path / "sheet.csv")
    done = exported(
        school,
        tmp_path / "filled.csv",
        "tp1",
        "--moodle-worksheet",
        str(source),
        "--feedback-zip",
        str(tmp_path / "pages.zip"),
    )
    with ZipFile(tmp_path / "pages.zip") as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    read = {}
    for name, page in found.items():  # as Moodle does: the first part of the path with four parts decides
        folder, file = name.split("/")
        _, number, kind, plugin, rest = folder.split("_", 4)
        assert (kind, plugin, rest, file) == ("assignfeedback", "file", "", "tp1.html")
        read[int(number)] = page
    assert read == {3: "<p>ada é</p>", 5: "<p>dan é</p>"}
    assert any(name.startswith("Dan Ångström_5_") for name in found)
    assert "no feedback page (`autograder feedback tp1` makes them): eve, cleo" in done.stderr


STRANGERS = f"{ENGLISH}\n" + "".join(f"Participant {n},S,{n},s{n}@example.org,,,9.00,,,,\n" for n in (1, 2))


def test_a_worksheet_of_strangers_gets_no_grade_and_no_empty_zip(school, tmp_path):
    source, target, pages = (tmp_path / name for name in ("sheet.csv", "filled.csv", "pages.zip"))
    source.write_bytes(STRANGERS.replace("\n", "\r\n").encode())
    arguments = ("--moodle-worksheet", str(source), "--feedback-zip", str(pages))
    done = exported(school, target, "tp1", *arguments)
    assert done.exit_code == 1 and target.read_bytes() == source.read_bytes()
    assert done.stdout == f"grades on 0 of 2 lines in {target}\n"
    assert not pages.exists() and f"{pages} is not written: no line of the worksheet has a feedback page" in (
        done.stderr
    )
    assert "is matched by its `Email address` or `ID number`: an email address" in done.stderr
    assert "`nbgrader db student import FILE`" in done.stderr


def test_what_is_told_of_a_worksheet_counts_the_grades_filled_in(school, tmp_path):
    source = worksheet(tmp_path / "sheet.csv")
    done = exported(school, tmp_path / "filled.csv", "tp1", "--moodle-worksheet", str(source))
    assert done.stdout == f"grades on 3 of 6 lines in {tmp_path / 'filled.csv'}\n"
    assert done.stderr.count("is matched by its") == 1


def test_what_is_told_of_a_file_counts_the_scores_that_were_given(school, tmp_path):
    found = [row.score for row in scores(school, "tp1")]
    assert found.count(None) == 4 and len(found) == 18
    assert exported(school, tmp_path / "g.csv", "tp1").stdout == f"14 scores in {tmp_path / 'g.csv'}\n"
    done = exported(school, tmp_path / "t.csv", "tp1", "--tests")
    assert done.stdout == f"5 tests in {tmp_path / 't.csv'}\n"


def test_the_advice_to_have_lines_matched_does_what_it_says(registered):
    submit(registered, "ada", answered())
    record(registered, "tp1", grade_with=FakeGrader())
    with book(registered) as gradebook:
        gradebook.update_or_create_student("ada", last_name="Lovelace")
    text = f"{ENGLISH}\nParticipant 1,A,12,,,,9.00,,,,\nParticipant 2,B,13,,,,9.00,,,,\n"
    sheet = Worksheet.parse(text.encode(), "x")
    assert sheet.filled(totals(scores(registered, "tp1"))).students == (None, None)
    students = write_text(registered.root / "students.csv", "id,email,lms_user_id\nada,,12\nbo,,13\n")
    done = nbgrader(registered, "db", "student", "import", str(students))
    assert done.returncode == 0, done.stderr
    filled = sheet.filled(totals(scores(registered, "tp1")))
    assert [(total.student, total.last_name) for total in filled.students] == [
        ("ada", "Lovelace"),
        ("bo", ""),
    ]
    assert filled.advice == "" and filled.count == 0


def test_moodles_gradebook_csv_has_a_column_an_assignment(school, tmp_path):
    exported(school, tmp_path / "m.csv", "--format", "moodle", "--locale", "fr")
    lines = {line["username"]: line for line in lines_of(tmp_path / "m.csv", ";")}
    assert {student: line["tp1 (/9)"] for student, line in lines.items()} == {
        student: "" if points is None else f"{points:g}".replace(".", ",")
        for student, points in POINTS.items()
    }
    assert lines["ada"]["idnumber"] == "101" and lines["eve"]["lastname"] == "'" + PEOPLE["eve"][0]


# --- What makes no sense is refused before anything is written --------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--wide", "--tests"), "choose one"),
        (("--format", "excel"), "-o grades.xlsx"),
        (("--format", "canvas", "--wide"), "for CSV and JSON"),
        (("--format", "canvas", "--json"), "leave out --format"),
        (("--title", "x"), "--format canvas"),
        (("--feedback-zip", "x.zip"), "--feedback-zip needs --moodle-worksheet"),
        (("--format", "csv", "--moodle-worksheet", "{sheet}"), "--format moodle"),
        (("--moodle-worksheet", "{sheet}", "-o", "{sheet}"), "never overwritten"),
        (("--moodle-worksheet", "{sheet}", "-o", "{link}"), "never overwritten"),
        (("--moodle-worksheet", "{sheet}", "--feedback-zip", "{sheet}"), "never overwritten"),
    ],
)
def test_contradictions_are_wrong_use(school, tmp_path, arguments, told):
    sheet, link = worksheet(tmp_path / "sheet.csv"), tmp_path / "link.csv"
    link.symlink_to(sheet)
    before = sheet.read_bytes()
    done = run(school, "export", "tp1", *(a.format(sheet=sheet, link=link) for a in arguments))
    assert done.exit_code == 2 and told in done.stderr, done.output
    assert sheet.read_bytes() == before


def test_a_course_without_gradebook_has_nothing_to_export(tmp_path):
    done = run(make_course(tmp_path / "new"), "export")
    assert done.exit_code == 2 and "knows no assignment yet" in done.stderr


@pytest.fixture
def registered(tmp_path):
    """A course whose gradebook knows tp1 and nobody."""
    course = make_course(tmp_path / "course")
    ensure_registered(course, "tp1")
    return course


FORMS = [(), ("--wide",), ("--tests",), ("--json",), ("--format", "excel"), ("--format", "canvas")]


@pytest.mark.parametrize("form", FORMS)
def test_an_export_of_nobody_is_refused_and_no_file_written(registered, tmp_path, form):
    target = tmp_path / "grades"
    done = run(registered, "export", "tp1", *form, "-o", str(target))
    assert done.exit_code == 2 and done.stdout == "", done.output
    assert (
        f"There is no submission of tp1 in {registered.root / 'submitted'}: expected submitted/<student>/tp1/."
        in (done.stderr)
    )
    submit(registered, "ada", answered())
    done = run(registered, "export", *form, "-o", str(target))
    assert done.exit_code == 2 and done.stdout == "", done.output
    assert "Nothing of tp1 is graded yet: 1 submission of tp1 in" in done.stderr
    assert "Run `autograder grade tp1` first." in done.stderr
    assert not target.exists()


def test_students_who_handed_in_nothing_are_listed_but_have_no_tests(registered):
    with book(registered) as gradebook:
        gradebook.update_or_create_student("fay")
        gradebook.db.commit()
    for form in ((), ("--wide",), ("--format", "canvas"), ("--format", "moodle")):
        done = run(registered, "export", "tp1", *form)
        assert done.exit_code == 0 and "fay" in done.stdout, done.output
    done = run(registered, "export", "tp1", "--tests")
    assert done.exit_code == 2 and f"No test of tp1 is recorded in {registered.state}." in done.stderr


def test_nbgrader_export_writes_workbooks_canvas_and_worksheets(school, tmp_path):
    with book(school) as gradebook:
        ExcelExporter(to=str(tmp_path / "g.xlsx")).export(gradebook)
        CanvasExporter(to=str(tmp_path / "c.csv"), locale="fr", student=["ada"]).export(gradebook)
        sheet = worksheet(tmp_path / "sheet.csv")
        MoodleExporter(to=str(tmp_path / "f.csv"), worksheet=str(sheet)).export(gradebook)
        with pytest.raises(InstructorError, match="never overwritten"):
            MoodleExporter(to=str(sheet), worksheet=str(sheet)).export(gradebook)
        MoodleExporter(to=str(tmp_path / "m.csv")).export(gradebook)
    assert {x["student"].value: x["total"].value for x in sheet_of(tmp_path / "g.xlsx")} == POINTS
    assert [x["tp1"] for x in lines_of(tmp_path / "c.csv", ";")] == ["9", "6,5"]
    assert as_moodle_reads(tmp_path / "f.csv", ENGLISH)[0]["7"] == "5.75"
    assert len(lines_of(tmp_path / "m.csv")) == len(PEOPLE)
