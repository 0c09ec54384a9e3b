from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import escape, unescape
from math import sqrt

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.exports import verdict_rows
from autograder.gradebook import Row, ensure_registered, record
from autograder.report import Overview, render
from autograder.report.histogram import bars, ticks
from autograder.report.item import correlation, items
from autograder.schedule import Record, keep
from autograder.submission import locate, read_notebook
from autograder.verdict import ExerciseGrade, Grade, Outcome, Verdict
from tests.browser import dom
from tests.courses import FakeGrader, answered, grade_of, make_course, submit, verdict, write

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

WHEN = datetime(2030, 1, 1, 12, 0)
ROW = Row("ada", "Ada", "Lovelace", "", "", "tp1", "tp1", "double", 2.5, 3.0, False, False, 0.0, True)
EVIL = '"><img src=x onerror=alert(1)><script>document.title="owned"</script>{{ 7 * 7 }}'


def answer(name, passed, **fields):
    outcome = {True: Outcome.PASSED, False: Outcome.FAILED, None: Outcome.UNGRADED}[passed]
    return Verdict(f"test_{name}", name, outcome, 1.0, **fields)


def graded(student, *verdicts, **fields):
    exercise = ExerciseGrade("double", "tp1", float(len(verdicts) or 1), verdicts)
    return Grade("tp1", student, "d", "k", "00", (exercise,), **fields)


def of(grades):
    return {item.title: item for item in items(verdict_rows(grades, {}))}


# --- Tests as items -------------------------------------------------------------------------------------------


def test_correlation_is_pearsons():
    assert correlation([0, 0, 1, 1], [1, 2, 3, 4]) == pytest.approx(2 / sqrt(5))
    assert correlation([0, 1, 1], [2, 1, 1]) == pytest.approx(-1)
    assert correlation([1, 1, 1], [1, 2, 3]) is None and correlation([0, 1], [0, 1]) is None


def test_discrimination_is_with_the_other_tests_alone():
    """A pass of the test itself must not count for it: here a and b go together and c is their contrary."""
    class_ = [graded(f"s{n}", answer("a", n < 5), answer("b", n < 5), answer("c", n >= 5)) for n in range(10)]
    found = of(class_)
    assert (found["a"].passed, found["a"].graded, found["a"].rate) == (5, 10, 0.5)
    assert found["a"].discrimination is None  # b and c cancel out in the rest
    assert found["c"].discrimination == pytest.approx(-1) and found["c"].suspicious
    assert not found["a"].suspicious


def test_what_is_ungraded_does_not_count_for_a_test():
    found = of(
        [graded("s1", answer("a", True)), graded("s2", answer("a", None)), graded("s3", answer("a", False))]
    )
    assert (found["a"].passed, found["a"].graded, found["a"].discrimination) == (1, 2, None)
    assert of([graded("s1", answer("a", None))])["a"].rate is None


def test_what_stands_in_the_place_of_tests_is_no_test():
    absent = Verdict("handed_in", "Travail rendu", Outcome.FAILED, 1.0)
    damaged = Verdict("readable", "Notebook lisible", Outcome.UNGRADED, 1.0)
    lost = Verdict("grader", "", Outcome.UNGRADED, 1.0)
    inside = Verdict("cell", "Cellule d'évaluation", Outcome.PASSED, 1.0)
    class_ = [
        graded("s1", answer("a", True)),
        graded("s2", absent),
        graded("s3", damaged),
        graded("s4", lost),
    ]
    assert list(of([*class_, graded("s5", inside)])) == ["a", "Cellule d'évaluation"]


# --- Nearest --------------------------------------------------------------------------------------------------


def test_what_was_nearly_too_much_or_too_little_is_listed_nearest_first():
    narrow, wide = answer("a", True, margin=(0.81, 0.8)), answer("b", True, margin=(0.99, 0.8))
    grades = [
        graded("ada", wide, usage={"memory_mb": (3900.0, 4096.0), "suite_cpu": (1.0, 300.0)}),
        graded("bob", narrow, usage={"suite_cpu": (299.0, 300.0)}),
    ]
    found = Overview.of("tp1", [ROW], grades, {})
    assert [(near.student, near.what) for near in found.limits] == [
        ("bob", "CPU time of one exercise's tests (s)"),
        ("ada", "memory (MB)"),
    ]
    assert [(near.student, near.what, near.value) for near in found.floors] == [
        ("bob", "double: a", 0.81),
        ("ada", "double: b", 0.99),
    ]
    page = render(found, WHEN)
    assert "3900" in page and "0.81" in page


# --- The distribution -----------------------------------------------------------------------------------------


def test_bars_hold_everybody_once():
    found = bars([0.0, 1.0, 4.99, 5.0, 20.0], [20.0, 7.5], 20.0)
    assert [(bar.low, bar.high) for bar in found[:2]] == [(0.0, 1.0), (1.0, 2.0)] and len(found) == 20
    assert [bar.low for bar in found for _ in range(bar.final)] == [0.0, 1.0, 4.0, 5.0, 19.0]
    assert [bar.low for bar in found for _ in range(bar.open)] == [7.0, 19.0]


@pytest.mark.parametrize("values", [[], [0.0], [3.5], [103.0], [1e6]])
def test_bars_reach_whatever_somebody_has(values):
    found = bars(values, [], 3.0)
    assert sum(bar.final for bar in found) == len(values) and found[-1].high >= max([3.0, *values])
    assert len(found) <= 21 and found[0].low == 0


@pytest.mark.parametrize(
    ("most", "expected"), [(0, [0, 1]), (4, [0, 1, 2, 3, 4]), (301, [0, 100, 200, 300, 400])]
)
def test_ticks_reach_the_highest_bar(most, expected):
    assert ticks(most) == expected


# --- What the page says ---------------------------------------------------------------------------------------


def rows_of(student, double=2.5, why=None, **fields):
    base = replace(ROW, student=student, **fields)
    return [
        replace(base, score=double, ungraded=double is None and base.submitted),
        replace(base, exercise="why", score=why, max_score=4.0, ungraded=why is None and base.submitted),
    ]


def sample():
    rows = [*rows_of("ada", why=4.0, late_penalty=1.0), *rows_of("bob", double=None), *rows_of("eve")]
    rows += rows_of("fay", double=None, submitted=False)
    trace = "Traceback\n  File x\nOSError: disk full"
    wrong = answer("a", False, diagnosis="Le double est une somme.")
    grades = [
        graded("ada", wrong, seconds=2.0),
        graded("bob", answer("a", None, detail=trace, seconds=9.0), seconds=30.0),
        graded("eve", wrong, answer("b", None), seconds=4.0, problems=("the notebook tried to write /etc",)),
    ]
    return rows, grades


def test_the_overview_tells_what_counts_and_what_needs_a_human():
    rows, grades = sample()
    found = Overview.of("tp1", rows, grades, {"ada": "feedback/ada.html"})
    assert found.exercises == (("double", 3.0), ("why", 4.0)) and found.max_points == 7
    assert (found.final, found.unfinished, found.absent) == ([5.5], [0.0, 2.5], ("fay",))
    assert [(m.exercise, m.text, m.students) for m in found.mistakes] == [
        ("double", "Le double est une somme.", ("ada", "eve"))
    ]
    first = found.slowest[0]
    assert (first.student, first.where, first.where_seconds) == ("bob", "double", 9.0)
    assert [(f.student, f.detail) for f in found.ungraded] == [("bob", "test_a: OSError: disk full")]
    assert [f.detail for f in found.problems] == ["the notebook tried to write /etc"]
    assert found.waiting == 2  # the answers of bob and eve
    assert found.means() == [pytest.approx(2.5 / 3), 1.0] and found.figures["mean"] == 5.5


def cells(page, table):
    body = re.search(rf'id="{table}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    return [
        [
            unescape(re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd].*?</t[hd]>", line, re.DOTALL)
        ]
        for line in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


def test_the_heat_map_has_a_line_a_student_and_ungraded_is_no_zero():
    rows, grades = sample()
    page = render(Overview.of("tp1", rows, grades, {"ada": "feedback/a%20b.html"}), WHEN)
    assert cells(page, "heat") == [
        ["Lovelace Ada", "5.5", "−1", "2.5", "4"],
        ["Lovelace Ada", "≥ 0", "", "?", "?"],
        ["Lovelace Ada", "≥ 2.5", "", "2.5", "?"],
    ]
    assert page.count('<a href="feedback/a%20b.html">') == 1
    assert "OSError: disk full" in page and "Nothing handed in: fay." in page


def test_figures_of_one_are_in_the_singular():
    one = Overview.of("tp1", [replace(ROW, score=None, max_score=1.0, ungraded=True)], [], {})
    found = re.findall(r"<li><b>1</b>(.*?)</li>", render(one, WHEN))
    assert found == ["submission", "point in all", "written answer to read"]
    none = render(Overview.of("tp1", [replace(ROW, submitted=False)], [], {}), WHEN)
    assert "<b>0</b>submissions<" in none and "<b>0</b>exercises ungraded<" in none


def unreadable(folder, source):
    """A record as the grader makes it of what lies in ``folder``."""
    parts = [
        (exercise, read_notebook(locate(folder, book.name))) for book in source for exercise in book.exercises
    ]
    exercises = tuple(
        ExerciseGrade(
            exercise.id,
            exercise.notebook,
            exercise.points,
            (Verdict("readable", "Notebook lisible", Outcome.UNGRADED, 1.0, found.unreadable),),
        )
        for exercise, found in parts
    )
    problems = tuple(dict.fromkeys(problem for _, found in parts for problem in found.problems))
    return Grade("tp1", "gus", "d", "k", "00", exercises, problems)


@pytest.mark.parametrize("name", ["tp1.ipynb", "tp1 (1).ipynb"])
def test_a_file_that_cannot_be_read_is_listed_once_with_the_english_reason(tmp_path, name):
    course = make_course(tmp_path / "course")
    write(course.submitted("tp1", "gus") / name, "no notebook")
    source = course.load_source("tp1").notebooks
    grade = unreadable(course.submitted("tp1", "gus"), source)
    rows = [
        replace(ROW, student="gus", exercise=e.exercise, score=None, ungraded=True) for e in grade.exercises
    ]
    found = Overview.of("tp1", rows, [grade], {})
    page = render(found, WHEN)
    assert len(found.ungraded) == len(grade.exercises) == 3 and len(grade.problems) == 1
    assert cells(page, "failures") == [["gus", "double, triple, why", grade.problems[0]]]
    assert "Le fichier rendu" not in page and cells(page, "items") == []


def test_many_exercises_with_one_reason_are_one_short_line():
    lost = [
        ExerciseGrade(f"e{n}", "tp1", 1.0, (Verdict("grader", "", Outcome.UNGRADED, 1.0, detail="lost"),))
        for n in range(5)
    ]
    rows = [replace(ROW, exercise=f"e{n}", score=None, ungraded=True) for n in range(5)]
    found = Overview.of("tp1", rows, [Grade("tp1", "ada", "d", "k", "00", tuple(lost))], {})
    assert cells(render(found, WHEN), "failures") == [["ada", "e0, e1, e2 and 2 more", "grader: lost"]]


def test_seconds_have_two_significant_digits():
    spent = {"a": (123.46, 12.34), "b": (4.0, 1.26), "c": (0.5, 0.043), "d": (0.04, 0.0), "e": (0.00123, 0.0)}
    grades = [
        graded(name, answer("t", True, seconds=own), seconds=all_) for name, (all_, own) in spent.items()
    ]
    page = render(Overview.of("tp1", [ROW], grades, {}), WHEN)
    table = page.split('id="slow"')[1].split("</table>")[0].replace("<table", '<table id="slowest"')
    assert [(line[1], line[3]) for line in cells(table, "slowest")] == [
        ("123.5", "12.3"),
        ("4", "1.3"),
        ("0.5", "0.043"),
        ("0.04", "0"),
        ("0.0012", "0"),
    ]


def test_a_page_of_nobody_is_a_page():
    page = render(Overview.of("tp1", rows_of("fay", double=None, submitted=False), [], {}), WHEN)
    assert "Nothing was handed in yet" in page and "nan" not in page


def hostile():
    rows = [replace(row, last_name=EVIL, exercise=EVIL) for row in rows_of("ada")]
    wrong = Verdict("test_a", EVIL, Outcome.FAILED, 1, diagnosis=EVIL)
    broken = Verdict("test_b", EVIL, Outcome.UNGRADED, 1, detail=EVIL)
    exercise = ExerciseGrade(EVIL, "tp1", 1, (wrong, broken))
    return Overview.of(EVIL, rows, [Grade("tp1", EVIL, "d", "k", "0", (exercise,), (EVIL,))], {})


def test_a_page_loads_nothing_and_escapes_all_text():
    page = render(hostile(), WHEN)
    assert (
        page.count("<script>") == 1 and "<img" not in page and escape(EVIL) in page.replace("&#34;", "&quot;")
    )
    assert re.findall(r'(?:href|src|action)\s*=\s*"(?!#)', page.replace(escape(EVIL), "")) == []
    assert not re.search(r"https?:|//[a-z]|url\(|@import|fetch\(", page)
    assert "default-src 'none'; style-src 'sha256-" in unescape(page) and "unsafe" not in page


# --- In a browser ---------------------------------------------------------------------------------------------


def test_a_browser_runs_the_pages_own_script_and_no_other(tmp_path):
    page = write(tmp_path / "report.html", render(hostile(), WHEN))
    shown = dom(page, tmp_path / "profile")
    assert shown.count("<button") == shown.count('scope="col"') > 15
    assert "<title>owned" not in shown and "<img" not in shown


def test_a_click_on_a_header_sorts_and_what_has_no_value_stays_last(tmp_path):
    rows, grades = sample()
    rows += [
        row for n, s in ((10.0, "zed"), (9.0, "yan")) for row in rows_of(s, double=n, why=0.0, last_name=s)
    ]
    page = render(Overview.of("tp1", rows, grades, {}), WHEN)
    page = re.sub(r"<meta http-equiv.*?>", "", page)
    clicks = "const b = document.querySelectorAll('#heat thead button')[3]; b.click();"
    for times, expected in ((1, ["2.5", "2.5", "9", "10", "?"]), (2, ["10", "9", "2.5", "2.5", "?"])):
        script = f"<script>{clicks}{'b.click();' * (times - 1)}</script></body>"
        shown = dom(
            write(tmp_path / f"{times}.html", page.replace("</body>", script)), tmp_path / f"p{times}"
        )
        assert [line[3] for line in cells(shown, "heat")] == expected
        assert ('scope="col" aria-sort="descending"' in shown) == (times == 2)


def test_three_hundred_students_are_less_than_five_megabytes(tmp_path):
    rows, grades, pages = [], [], {}
    for n in range(300):
        student = f"prenom.nom-compose-{n}"
        verdicts = [
            answer(
                f"une épreuve au titre assez long, numéro {k}",
                (n + k) % 3 > 0,
                diagnosis=f"Erreur {k % 40}." * 3,
            )
            for k in range(10)
        ]
        exercises = tuple(ExerciseGrade(f"exercise_{e}", "tp1", 5.0, tuple(verdicts)) for e in range(25))
        grades.append(Grade("tp1", student, "d", "k", "0", exercises, ("a cell was damaged",), float(n)))
        person = replace(ROW, student=student, last_name="Nom-Composé", first_name="Prénom")
        rows += [replace(person, exercise=f"exercise_{e}", score=1 / 3 * (n % 9)) for e in range(25)]
        pages[student] = f"../feedback/{student}/tp1/tp1.html"
    page = write(tmp_path / "r.html", render(Overview.of("tp1", rows, grades, pages), WHEN))
    assert page.stat().st_size < 5_000_000
    shown = dom(page, tmp_path / "profile")
    assert len(cells(shown, "heat")) == 300 and len(cells(shown, "items")) == 250


# --- The command ----------------------------------------------------------------------------------------------


def test_the_command_writes_a_page_whose_links_lead_to_feedback(tmp_path):
    course = make_course(tmp_path / "un cours")
    ensure_registered(course, "tp1")
    submit(course, "ada", answered())
    broken = grade_of("ada", double=[verdict(Outcome.UNGRADED, detail="our failure")])
    record(course, "tp1", grade_with=FakeGrader(ada=broken))
    keep(course, Record(broken))
    write(course.feedback("tp1", "ada") / "tp1.html", "<p>ada</p>")
    run = CliRunner().invoke(main, ["report", "tp1", "--course", str(course.root)])
    page = course.root / "report/tp1.html"
    assert run.exit_code == 1 and "1 submission in" in run.output, run.output
    text = page.read_text(encoding="utf-8")
    link = re.search(r'<a href="([^"#]+)">ada</a>', text)[1]
    assert (page.parent / link).read_text() == "<p>ada</p>"
    assert [line[0:2] for line in cells(text, "failures")] == [["ada", "double"]]
    with Gradebook(f"sqlite:///{course.gradebook}", "reseaux-de-neurones") as gradebook:
        gradebook.find_grade("double", "tp1", "tp1", "ada").manual_score = 3.0
        gradebook.db.commit()
    target = tmp_path / "page.html"
    run = CliRunner().invoke(main, ["report", "tp1", "-o", str(target), "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert "un%20cours/feedback/ada/tp1/tp1.html" in target.read_text(encoding="utf-8")


def test_an_assignment_nobody_has_graded_is_wrong_use(tmp_path):
    course = make_course(tmp_path / "new")
    run = CliRunner().invoke(main, ["report", "tp1", "--course", str(course.root)])
    assert run.exit_code == 2 and "Run `autograder grade tp1` first" in run.output


def test_a_report_on_nobody_is_refused_and_no_page_written(tmp_path):
    course = make_course(tmp_path / "course")
    ensure_registered(course, "tp1")
    with Gradebook(f"sqlite:///{course.gradebook}", "reseaux-de-neurones") as gradebook:
        gradebook.update_or_create_student("fay")
        gradebook.db.commit()
    run = CliRunner().invoke(main, ["report", "tp1", "--course", str(course.root)])
    assert run.exit_code == 2 and "There is no submission of tp1 in" in run.stderr, run.output
    for student in ("ada", "bob"):
        submit(course, student, answered())
    run = CliRunner().invoke(main, ["report", "tp1", "--course", str(course.root)])
    assert run.exit_code == 2 and "2 submissions of tp1 in" in run.stderr, run.output
    assert "Run `autograder grade tp1` first." in run.stderr and not (course.root / "report").exists()
