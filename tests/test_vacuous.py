"""Solutions that do nothing earn nothing: None, the input, zeros, a constant draw. No test may pass on them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from autograder.bank import Sort, Variant, read_source, reduced, with_variants
from autograder.course import Course
from autograder.submission import Kind
from autograder.suite import PlainHost, run_suite
from autograder.vacuous import public_names
from autograder.verdict import Outcome

COURSE = Course(Path(__file__).resolve().parent.parent)
SOURCES = {assignment: COURSE.load_source(assignment) for assignment in COURSE.assignments()}
EXERCISES = [
    pytest.param(assignment, exercise, id=f"{assignment}-{exercise.id}")
    for assignment, source in SOURCES.items()
    for exercise in source.exercises
    if exercise.kind is Kind.SUITE
]
DOES_NOTHING = {
    "None": "lambda *args, **kwargs: None",
    "its input": "lambda *args, **kwargs: next(iter((*args, *kwargs.values())), None)",
    "zero": "lambda *args, **kwargs: torch.zeros(1)",
}
SAMPLER = """
class BalancedSampler:
    def __init__(self, labels, num_samples, generator=None):
        self.num_samples = num_samples

    def __iter__(self):
        return iter({indices})

    def __len__(self):
        return self.num_samples
"""
VACUOUS = [
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return torch.zeros_like(logits)"),
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return torch.full_like(logits, 0.25) + 0 * logits"),
    (
        "tp1",
        "initialisation",
        "def xavier_uniform_(w):\n    return w\nhe_normal_ = xavier_uniform_\ndef init_weights(m):\n    pass",
    ),
    (
        "tp1",
        "initialisation",
        "def xavier_uniform_(w):\n    return w.data.zero_()\nhe_normal_ = xavier_uniform_\n"
        "def init_weights(m):\n    [p.data.zero_() for p in m.parameters()]",
    ),
    (
        "tp1",
        "sampler",
        "def sample_weights(y):\n    return torch.ones(len(y))\n"
        + SAMPLER.format(indices="[0] * self.num_samples"),
    ),
    (
        "tp1",
        "sampler",
        "def sample_weights(y):\n    return None\n" + SAMPLER.format(indices="range(self.num_samples)"),
    ),
    ("tp1", "training", "def train_one_epoch(model, loader, loss_fn, optimizer):\n    return 0.0"),
]


def passed(assignment: str, exercise: str, text: str, folder: Path) -> dict[str, Outcome]:
    """Tests that count and did not fail on a notebook with ``text`` behind the exercise's solution."""
    found = next(e for e in SOURCES[assignment].exercises if e.id == exercise)
    document = read_source(COURSE.source(assignment) / f"{found.notebook}.ipynb")
    variant = Variant(exercise, "vacuous", Sort.MUTANT, text, "", "", folder, 1)
    path = folder / "vacuous.ipynb"
    path.write_text(json.dumps(with_variants(reduced(document, exercise, found.solutions, ()), [variant])))
    suite = COURSE.hidden_suite(assignment, exercise)
    assert suite is not None
    with contextlib.redirect_stdout(io.StringIO()):
        verdicts = run_suite(suite, PlainHost(path))
    assert any(not verdict.gate for verdict in verdicts)
    return {v.test: v.outcome for v in verdicts if not v.gate and v.outcome is not Outcome.FAILED}


@pytest.mark.parametrize("does", DOES_NOTHING)
@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_names_that_do_nothing_earn_nothing(assignment: str, exercise, does: str, tmp_path: Path):
    cells = SOURCES[assignment].notebook(exercise.notebook).by_id
    names = public_names([cells[cell].source for cell in exercise.solutions], exercise.suite.read_text())
    assert names
    text = "import torch\n" + "\n".join(f"{name} = {DOES_NOTHING[does]}" for name in names)
    assert passed(assignment, exercise.id, text, tmp_path) == {}


@pytest.mark.parametrize(("assignment", "exercise", "text"), VACUOUS)
def test_a_vacuous_solution_earns_nothing(assignment: str, exercise: str, text: str, tmp_path: Path):
    assert passed(assignment, exercise, text, tmp_path) == {}
