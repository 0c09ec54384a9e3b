from __future__ import annotations

import html
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from autograder.errors import InstructorError
from autograder.feedback import failures, french_number, generate, render
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


def test_feedback_before_grading_says_what_to_do(tmp_path):
    course = make_course(tmp_path)
    with pytest.raises(InstructorError, match="Run `autograder grade tp1` first") as caught:
        generate(course, "tp1")
    assert "\n" not in str(caught.value) and "nbgrader could not" not in str(caught.value)
