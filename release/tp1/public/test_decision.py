"""Public suite of ``decision``: small worked forecasts."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points


@points(3, "Un exemple lu à l'œil")
def test_a_worked_example(student):
    """Une ligne par exemple, une colonne par classe : quelle colonne porte le maximum de chaque ligne ?"""
    probabilities = torch.tensor([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.0, 0.1, 0.9], [0.1, 0.8, 0.1]])
    found = checks.tensor(student.decide(probabilities), shape=(4,), what="decide(probabilities)")
    checks.equal(found, torch.tensor([1, 0, 2, 1]), "decide(probabilities)")


@points(1, "Sans majorité")
def test_no_majority_is_needed(student):
    """La classe la plus probable peut l'être avec moins d'une chance sur deux."""
    probabilities = torch.tensor([[0.3, 0.3, 0.4], [0.2, 0.45, 0.35]])
    found = checks.tensor(student.decide(probabilities), shape=(2,), what="decide(probabilities)")
    checks.equal(found, torch.tensor([2, 1]), "decide(probabilities)")


@points(1, "Des entiers int64")
def test_decisions_are_int64(student):
    """Les indices de PyTorch sont de type int64 (`torch.long`)."""
    checks.tensor(student.decide(torch.tensor([[0.1, 0.9]])), dtype=torch.int64, what="decide(probabilities)")


@points(1, "Une seule décision en cas d'égalité")
def test_a_tie_gives_one_decision(student):
    """Deux classes à égalité : l'une ou l'autre, mais une seule."""
    found = checks.tensor(student.decide(torch.tensor([[0.1, 0.45, 0.45]])), shape=(1,))
    assert int(found) in (1, 2), "La classe choisie n'est pas une des ex æquo."
