"""Public suite of ``one_hot``: a worked example, a class that is missing, labels out of range."""

from __future__ import annotations

import pytest
import torch

from autograder import checks
from autograder.suite import gate, points


@gate("Sans la fonction one_hot toute faite de PyTorch")
def test_no_ready_made_one_hot(student):
    """L'exercice demande de construire le codage (comparaison, indexation, scatter_, matrice identité...)."""
    used = student.forbidden(["one_hot"], ["one_hot"])
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."


@points(3, "Un exemple écrit à la main")
def test_a_worked_example(student):
    """Étiquette 2 : un 1 dans la troisième colonne, des 0 ailleurs."""
    found = student.one_hot(torch.tensor([2, 0, 2]), 3)
    found = checks.tensor(found, shape=(3, 3), dtype="floating", what="one_hot([2, 0, 2], 3)")
    checks.equal(found, torch.tensor([[0, 0, 1], [1, 0, 0], [0, 0, 1]]), "one_hot([2, 0, 2], 3)")


@points(1, "Une classe absente du lot")
def test_a_class_may_be_missing(student):
    """Le nombre de colonnes est celui qu'on donne, pas celui des classes rencontrées."""
    found = checks.tensor(student.one_hot(torch.tensor([1, 0]), 4), shape=(2, 4), what="one_hot([1, 0], 4)")
    checks.equal(found, torch.tensor([[0, 1, 0, 0], [1, 0, 0, 0]]), "one_hot([1, 0], 4)")


@points(2, "Une étiquette hors de 0..C-1")
def test_a_label_out_of_range_is_refused(student):
    """Levez une `ValueError` : une étiquette impossible est une erreur dans les données, à signaler tout de suite."""
    for bad in (3, -1):
        with pytest.raises(ValueError):  # noqa: PT011 (the text is free)
            student.one_hot(torch.tensor([0, bad]), 3)
