"""Public suite of ``evaluation``: five samples in batches of three and two, worked by hand; modes, kinds of loaders.

The model is the identity: sample i has scores x_i. The first batch holds two right answers of three, the second none
of two: 2 / 5 in all, where a mean of the batches would say 1 / 3.
"""

from __future__ import annotations

import numpy as np
import torch

from autograder import checks
from autograder.suite import points

F64 = torch.float64
BATCHES = (
    (torch.tensor([[2.0, -1.0], [-3.0, -2.0], [0.5, 0.1]], dtype=F64), torch.tensor([0, 1, 1])),
    (torch.tensor([[1.0, 4.0], [0.0, -1.0]], dtype=F64), torch.tensor([0, 1])),
)


def check_accuracy(found, expected, what):
    assert found is not None, "`evaluate` ne renvoie rien : un `return` oublié ?"
    assert isinstance(found, int | float | np.number | torch.Tensor), "`evaluate` doit renvoyer un nombre."
    assert np.ndim(found) == 0, "`evaluate` doit renvoyer un nombre, sans axe."
    assert abs(float(found) - expected) < 1e-5, f"L'exactitude {what} n'est pas la bonne."


@points(2, "Cinq exemples, à la main")
def test_accuracy_counts_samples(student):
    """Deux bonnes réponses sur cinq exemples : chaque exemple compte une fois, quel que soit son lot."""
    found = student.evaluate(student.at("torch.nn.Identity")(), list(BATCHES))
    check_accuracy(found, 2 / 5, "sur des lots de trois et deux exemples")


@points(1, "Un flux de lots suffit")
def test_any_iterable_of_batches_will_do(student):
    """`loader` peut n'avoir ni longueur, ni attribut `dataset` : comptez les exemples au passage."""
    found = student.evaluate(
        student.at("torch.nn.Identity")(), student.make("StreamLoader", list(BATCHES[:1]))
    )
    check_accuracy(found, 2 / 3, "sur un flux d'un seul lot")


@points(2, "En mode évaluation")
def test_the_model_is_evaluated_in_evaluation_mode(student):
    """Un dropout de probabilité 1 annule tout en mode entraînement, et ne fait rien en mode évaluation."""
    found = student.evaluate(student.at("torch.nn.Dropout")(1.0), [BATCHES[1]])
    check_accuracy(found, 0.0, "d'un modèle avec dropout")


@points(1, "Le mode d'arrivée est rendu")
def test_the_mode_is_restored(student):
    """Un modèle reçu en mode entraînement y revient ; reçu en mode évaluation, il y reste."""
    for training in (True, False):
        model = student.make("SmallNet", 2, 3, 2)
        model.train(training)
        before = model.state_dict()
        student.evaluate(model, list(BATCHES))
        kept = all(module.training is training for module in model.modules())
        assert kept, (
            f"Le modèle est reçu en mode {'entraînement' if training else 'évaluation'}, et n'y est plus."
        )
        after = model.state_dict()
        for name, value in before.items():
            checks.equal(after[name], value, f"`{name}`, après l'évaluation")
