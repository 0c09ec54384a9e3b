"""What a failed check measured, drawn: true to the numbers, escaped, and nothing where there is nothing to draw."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from xml.etree import ElementTree

import pytest
import torch

from autograder import checks, margins
from autograder.errors import CheckFailed
from autograder.feedback import render
from autograder.pictures import Confusion, Curve, Histogram, from_dict, svg, to_dict
from autograder.verdict import ExerciseGrade, Outcome
from tests.courses import verdict

BARS = Histogram('Poids de "<fc>"', -1.0, 1.0, (1, 4, 0), (2.0, 2.0, 1.0))
PAIRS = Confusion("Classes confondues", ((5, 0), (2, 3)))
LOSSES = Curve.of("Perte", [2.0, 1.0, math.inf, 1.5], 0.5)


def elements(picture, tag):
    """The elements of that tag in the drawing, which must be well-formed."""
    return ElementTree.fromstring(svg(picture)).findall(f".//{tag}")


def picture_of(call, *arguments, **named):
    with pytest.raises(CheckFailed) as caught:
        call(*arguments, **named)
    return caught.value.picture


@pytest.mark.parametrize("picture", [BARS, PAIRS, LOSSES])
def test_a_picture_survives_json(picture):
    assert from_dict(json.loads(json.dumps(to_dict(picture), allow_nan=False))) == picture


@pytest.mark.parametrize("data", [{}, {"kind": "film"}, {"kind": "histogram", "title": "x"}])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ValueError, match="not a picture"):
        from_dict(data)


def test_bars_are_as_high_as_their_counts_and_the_line_as_what_is_expected():
    heights = [float(bar.get("height")) for bar in elements(BARS, "rect")]
    assert heights[1] == max(heights) and heights[2] == 0
    assert heights[0] == pytest.approx(heights[1] / 4, abs=0.1)
    (line,) = elements(BARS, "polyline")
    tops = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert tops[0] == tops[1] < tops[2], "a larger number stands higher"


def test_a_matrix_shows_its_counts_and_is_cut_where_nobody_could_read_it():
    texts = [text.text for text in elements(PAIRS, "text")]
    assert {"5", "2", "3"} <= set(texts)
    many = Confusion("x", tuple((1,) * 40 for _ in range(40)))
    assert len(elements(many, "rect")) == 12 * 12


def test_a_curve_rises_with_its_values_and_leaves_out_what_is_no_number():
    heights = [float(dot.get("cy")) for dot in elements(LOSSES, "circle")]
    assert len(heights) == 3 and heights[0] < heights[2] < heights[1]
    bound = elements(LOSSES, "line")[0]
    assert float(bound.get("y1")) > heights[1], "0.5 lies below 1"
    nothing = Curve.of("x", [math.nan], math.nan)
    assert elements(nothing, "circle") == [] and len(elements(nothing, "line")) == 1, "the axis alone"


def test_a_curve_between_the_largest_floats_is_drawn():
    heights = [float(dot.get("cy")) for dot in elements(Curve.of("x", [1e308, -1e308, 0.0], 0.0), "circle")]
    assert heights[0] < heights[2] < heights[1] and heights[2] == pytest.approx(sum(heights[:2]) / 2, abs=0.1)


def test_weights_that_were_never_filled_cost_no_message():
    """``torch.empty`` may hold anything: a picture of it must not fail in the place of the check."""
    weights = torch.full((4000,), 1.7e308, dtype=torch.float64)
    for check, law in (
        (checks.normal_variance, 0.01),
        (checks.normal_shape, 0.01),
        (checks.uniform_bound, 0.1),
    ):
        picture = picture_of(check, weights, law, "les poids")
        assert picture.counts[-1] == 4000 and sum(picture.counts) == 4000
        assert elements(picture, "rect")


def test_titles_are_escaped():
    assert "<fc>" not in svg(BARS)
    assert ElementTree.fromstring(svg(BARS)).get("aria-label") == BARS.title


def test_the_weights_are_drawn_under_the_law_that_was_asked_for():
    weights = torch.randn(4000, generator=torch.Generator().manual_seed(0)).double()  # variance 1, not 0.01
    picture = picture_of(checks.normal_variance, weights, 0.01, "les poids")
    assert sum(picture.counts) == 4000 and sum(picture.expected) == pytest.approx(4000, rel=1e-6)
    middle = len(picture.counts) // 2
    assert picture.expected[middle] > 5 * picture.counts[middle], "the law asked for is ten times narrower"
    assert picture.low == -picture.high == -float(weights.abs().max())
    assert all(isinstance(count, int) for count in picture.counts)


def test_every_law_draws_what_it_refuses():
    generator = torch.Generator().manual_seed(1)
    flat = (torch.rand(3000, generator=generator) * 2 - 1).double()
    for call, arguments in (
        (checks.normal_shape, (flat, 1 / 3, "les poids")),
        (checks.uniform_bound, (flat, 0.5, "les poids")),
        (checks.uniform_bound, (flat, 2.0, "les poids")),
        (checks.uniform_bound, (flat.abs(), 1.0, "les poids")),
        (checks.he, (flat.reshape(50, 60) * 3, "les poids")),
    ):
        picture = picture_of(call, *arguments)
        assert sum(picture.counts) == 3000 and len(picture.counts) == len(picture.expected)


def test_a_floor_that_is_missed_draws_the_confusions_of_the_best_run():
    labels = torch.tensor([0, 0, 1, 1])
    runs = iter([torch.tensor([0, 1, 1, 1]), torch.tensor([1, 1, 0, 0])])

    def train(seed):
        return checks.accuracy(torch.nn.functional.one_hot(next(runs), 2).double(), labels)

    picture = picture_of(checks.floor, train, 0.9, tries=2)
    assert picture.counts == ((1, 1), (0, 2))


def test_an_accuracy_without_items_or_with_foreign_labels_has_no_picture():
    scores = torch.zeros(3, 2)
    assert checks.accuracy(scores, torch.tensor([0, 7, 0])).picture is None
    assert math.isnan(checks.accuracy(scores[:0], torch.zeros(0, dtype=torch.long)))


def test_a_floor_that_is_reached_notes_its_margin():
    margins.take()
    checks.floor(lambda seed: 0.95, 0.9)
    checks.floor(lambda seed: 0.92, 0.9)
    assert margins.take() == (0.92, 0.9), "the narrowest"
    assert margins.take() is None


def test_the_student_sees_the_picture_of_a_failed_test_alone():
    failed = verdict(Outcome.FAILED, message="Non.", picture=to_dict(BARS))
    page, plain = render(ExerciseGrade("softmax", "tp1", 5, (failed,)))
    assert "<svg" in page and "polyline" in page and "svg" not in plain
    passed = verdict(Outcome.PASSED, picture=to_dict(BARS))
    assert "<svg" not in render(ExerciseGrade("softmax", "tp1", 5, (passed,)))[0]
    odd = verdict(Outcome.FAILED, message="Non.", picture={"kind": "film", "title": "<script>"})
    page = render(ExerciseGrade("softmax", "tp1", 5, (odd,)))[0]
    assert "Non." in page and not re.search("<svg|<script", page)


def test_a_verdict_with_picture_and_margin_survives_json():
    from tests.courses import grade_of

    one = verdict(Outcome.FAILED, picture=to_dict(PAIRS), margin=(0.9, 0.8))
    grade = grade_of("ada", double=[one])
    again = type(grade).from_json(grade.to_json())
    (back,) = again.exercises[0].verdicts
    assert back.margin == (0.9, 0.8) and from_dict(back.picture) == PAIRS
    assert asdict(again.exercises[0])["verdicts"][0]["margin"] == (0.9, 0.8)
