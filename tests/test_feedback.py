from __future__ import annotations

import html
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from nbgrader.api import Gradebook

from autograder.errors import InstructorError
from autograder.feedback import failures, french_number, generate, render, render_overview, without
from autograder.gradebook import record
from autograder.verdict import ExerciseGrade, Outcome
from tests.browser import dom
from tests.courses import FakeGrader, answered, cell, grade_of, make_course, submit, verdict, write

EVIL = "<script>alert(1)</script>"


def exercise(*verdicts, **fields):
    return ExerciseGrade("softmax", "tp1", 5, verdicts, **fields)


def test_a_failed_test_shows_message_and_hint_a_passed_one_neither():
    passed = verdict(title="Formes", message="caché", hint="caché")
    failed = verdict(Outcome.FAILED, title="Valeurs", message="Écart de 0,1.", hint="Pensez au maximum.")
    page, plain = render(exercise(passed, failed))
    assert plain.split("\n") == [
        "softmax : 2,5 / 5",
        "- Formes : réussi",
        "- Valeurs : échoué",
        "  Écart de 0,1.",
        "  Piste : Pensez au maximum.",
    ]
    for text in ("2,5 / 5", "réussi", "échoué", "Écart de 0,1.", "Pensez au maximum."):
        assert text in page
    assert "caché" not in page + plain


def test_neither_seed_nor_detail_nor_the_tests_name_is_shown():
    page, plain = render(
        exercise(verdict(Outcome.FAILED, seed=123456789, detail="/srv/hidden/test_softmax.py"))
    )
    assert not re.search("123456789|hidden|test_x", page + plain)


def test_ungraded_is_told_as_such_and_not_as_zero():
    page, plain = render(exercise(verdict(), verdict(Outcome.UNGRADED, message="notre panne")))
    assert "softmax : non noté (sur 5)" in plain and "un correcteur le relira" in plain
    assert "non noté" in page and "notre panne" not in page + plain and "0 / 5" not in plain


def test_a_failed_gate_is_explained():
    plain = render(exercise(verdict(), verdict(Outcome.FAILED, points=0, gate=True)))[1]
    assert "softmax : 0 / 5" in plain and "éliminatoire a échoué" in plain


def test_a_score_decided_inside_the_notebook_says_so():
    assert "calculée dans le notebook lui-même" in render(exercise(verdict(), decided_inside=True))[1]


def test_all_text_is_escaped():
    texts = {"title": EVIL, "message": EVIL, "hint": EVIL}
    page, _ = render(ExerciseGrade(EVIL, "tp1", 1, (verdict(Outcome.FAILED, **texts),)))
    assert "<script" not in page and page.count(html.escape(EVIL)) == 4


def test_failures_are_one_line():
    failed = [verdict(Outcome.FAILED, title=title) for title in ("A", "B")]
    assert failures(exercise(verdict(), *failed)) == "Épreuves échouées : A ; B."
    assert failures(exercise(verdict())) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (2.5, "2,5"), (1 / 3, "0,33"), (0.0, "0"), (100.0, "100")]
)
def test_numbers_are_french(value, text):
    assert french_number(value) == text


@contextmanager
def tracker():
    """A server of this machine: its address, and the paths that it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_page_that_nbgrader_writes_shows_it_in_french(tmp_path):
    course = make_course(tmp_path)
    failed = [verdict(Outcome.FAILED, title="Le double de 2", message=f"Écart {EVIL}", hint="Deux fois x.")]
    grader = FakeGrader(ada=grade_of("ada", double=failed, triple=[]))
    grader.outputs = {2: [{"output_type": "stream", "name": "stdout", "text": "ma sortie"}]}
    with tracker() as (there, asked):
        submit(course, "ada", [*answered(), cell(f"![espion]({there}/pixel.png)", "markdown")])
        write(course.submitted("tp1", "ada") / "0.html", "a student's own page, which nbgrader copies")
        write(course.submitted("tp1", "ada") / "tp1.html/in/the/way.txt", "a folder by the name of the page")
        write(course.submitted("tp1", "bob") / "tp1.html", "a file by that name")
        write(course.submitted("tp1", "bob") / "tp1.ipynb", "{")
        record(course, "tp1", grade_with=grader)
        pages = generate(course, "tp1")
        assert f'src="{there}/pixel.png"' in dom(pages[0], tmp_path / "profile")
    assert asked == [], "whoever opens the page would be told to a server of the student's choice"
    assert [page.parent.parent.name for page in pages] == ["ada", "bob"]
    assert (pages[0].parent / "0.html").exists() and pages[0].name == "tp1.html"
    page = pages[0].read_text(encoding="utf-8")
    for text in (
        "Le double de 2",
        "échoué",
        "Piste : Deux fois x.",
        "non noté (sur 2)",
        "ma sortie",
        "Haut de page",
    ):
        assert text in page
    assert "calculée dans le notebook lui-même" in page
    assert EVIL not in page and "triple(7)" not in page
    assert not re.search(r"Score:|Student's|Comments:|Test cell", page)
    assert page.count("<body>") == 1
    assert "<script" not in page and not re.search(r"cdn|url\(|@import", page)
    assert "JSON invalide" in pages[1].read_text(encoding="utf-8")


def headline(page):
    return " ".join(re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)[1].split())


def listed(page):
    """The lines above the notebook, without their tags."""
    lines = re.findall(r"<li>(.*?)</li>", page.split('id="notebook"')[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", line).split()) for line in lines]


def scored(course, student, **manual):
    """As a human does in the formgrader."""
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        for exercise, score in manual.items():
            gradebook.find_grade(exercise, "tp1", "tp1", student).manual_score = score
        gradebook.db.commit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A class in which scores are missing, for each reason that there is."""
    course = make_course(tmp_path_factory.mktemp("unscored"))
    ours = [verdict(Outcome.UNGRADED)]
    grades = {
        "ada": grade_of("ada"),
        "cleo": grade_of("cleo", double=ours),
        "dan": grade_of("dan", ours, ours),
    }
    for student in ("ada", "bob", "cleo", "dan", "eve"):
        submit(course, student, answered())
    write(course.submitted("tp1", "dan") / "tp1.ipynb", "{")
    submit(course, "eve", [one for one in answered() if one["cell_type"] == "code"])
    record(course, "tp1", grade_with=FakeGrader(**grades))
    scored(course, "ada", why=2.5)
    found = {page.parent.parent.name: page.read_text(encoding="utf-8") for page in generate(course, "tp1")}
    scored(course, "dan", double=1, triple=2, why=0)
    found["dan, read"] = next(p for p in generate(course, "tp1") if "dan" in p.parts).read_text("utf-8")
    return found


@pytest.mark.parametrize(
    ("student", "shown"),
    [
        ("ada", "tp1 : 5,5 / 9"),
        ("bob", "tp1 : 3 / 9, sans why, non noté"),
        ("cleo", "tp1 : 0 / 9, sans double et why, non notés"),
        ("dan", "tp1 : non noté"),
        ("dan, read", "tp1 : 3 / 9"),
        ("eve", "tp1 : 3 / 9, sans why, non noté"),  # whose cell is gone
    ],
)
def test_the_headline_counts_no_score_that_nobody_has_given(pages, student, shown):
    assert headline(pages[student]) == shown


def test_cells_without_a_score_show_none(pages):
    assert listed(pages["cleo"]) == [
        "Tests double – / 3 non noté",
        "Tests triple 0 / 2",
        "Réponse rédigée why – / 4 non noté",
    ]
    assert listed(pages["ada"])[2] == "Réponse rédigée why 2,5 / 4"
    assert listed(pages["dan"]) == ["Tests double – / 3 non noté", "Tests triple – / 2 non noté"]
    assert not re.search(r">\s*0 / \d", pages["dan"])
    title = re.search(r'<div class="titre" id="double">(.*?)<a', pages["cleo"], re.DOTALL)[1]
    assert "– / 3" in title and "non noté" in title


@pytest.mark.parametrize(
    ("student", "exercises", "answers"),
    [
        ("ada", "", ""),
        ("bob", "", "Une réponse rédigée n'est pas encore notée"),
        ("cleo", "Un exercice n'a pas pu être noté automatiquement", "Une réponse rédigée n'est pas"),
        ("dan", "2 exercices n'ont pas pu être notés automatiquement", "Une réponse rédigée n'est pas"),
        ("dan, read", "", ""),
    ],
)
def test_what_is_still_to_be_scored_is_explained_where_there_is_any(pages, student, exercises, answers):
    above = html.unescape(pages[student].split('id="notebook"')[0])
    assert exercises in above and answers in above
    assert bool(exercises) is ("automatiquement" in above)
    assert bool(answers) is ("rédigée n'est pas" in above)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("", ""),
        ("a", "sans a, non noté"),
        ("ab", "sans a et b, non notés"),
        ("abc", "sans a, b et c, non notés"),
        ("abcd", "4 notes manquent encore"),
    ],
)
def test_a_total_names_the_scores_that_it_lacks(names, text):
    assert without(names) == text


def test_an_overview_counts_no_zero_for_what_could_not_be_graded():
    graded, ours = exercise(verdict()), exercise(verdict(Outcome.UNGRADED))
    page, plain = render_overview([graded, ours])
    assert (
        plain.startswith("Tests publics : 5 / 10, sans softmax, non noté\n")
        and "5 / 10, sans softmax" in page
    )
    assert render_overview([ours])[1].startswith("Tests publics : non noté\n")
    assert render_overview([graded])[1].startswith("Tests publics : 5 / 5\n")


def test_feedback_before_grading_says_what_to_do(tmp_path):
    course = make_course(tmp_path)
    with pytest.raises(InstructorError, match="Run `autograder grade tp1` first") as caught:
        generate(course, "tp1")
    assert "\n" not in str(caught.value) and "nbgrader could not" not in str(caught.value)
