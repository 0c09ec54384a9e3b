"""Solutions that do nothing earn nothing: zeros, the input, None, a constant draw. No test may pass on them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from autograder.bank import Sort, Variant, read_source, with_variants
from autograder.course import Course
from autograder.suite import PlainHost, run_suite
from autograder.verdict import Outcome

COURSE = Course(Path(__file__).resolve().parent.parent)
SAMPLER = """
class BalancedSampler:
    def __init__(self, labels, num_samples, generator=None):
        self.num_samples = num_samples

    def __iter__(self):
        return iter({indices})

    def __len__(self):
        return self.num_samples
"""
CONV2D = "def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):\n    return {value}"
VACUOUS = [
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return torch.zeros_like(logits)"),
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return logits"),
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return torch.full_like(logits, 0.25) + 0 * logits"),
    ("tp1", "softmax", "def softmax(logits, dim=-1):\n    return None"),
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
    ("tp1", "training", "def train_one_epoch(model, loader, loss_fn, optimizer):\n    return None"),
    ("tp2", "conv2d", CONV2D.format(value="x")),
    ("tp2", "conv2d", CONV2D.format(value="torch.zeros(1)")),
]


@pytest.mark.parametrize(("assignment", "exercise", "text"), VACUOUS)
def test_a_vacuous_solution_earns_nothing(assignment: str, exercise: str, text: str, tmp_path: Path):
    notebook = read_source(COURSE.source(assignment) / f"{assignment}.ipynb")
    variant = Variant(exercise, "vacuous", Sort.MUTANT, text, "", "", tmp_path, 1)
    path = tmp_path / "vacuous.ipynb"
    path.write_text(json.dumps(with_variants(notebook, [variant])))
    suite = COURSE.hidden_suite(assignment, exercise)
    assert suite is not None
    with contextlib.redirect_stdout(io.StringIO()):
        verdicts = run_suite(suite, PlainHost(path))
    assert {v.test: v.outcome for v in verdicts if not v.gate and v.outcome is not Outcome.FAILED} == {}
