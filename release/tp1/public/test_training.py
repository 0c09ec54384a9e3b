"""Public suite of ``training``: one weight, two batches, worked by hand; mode, frozen parameters, kinds of loaders.

One weight w = 1, no bias, squared error against 0, SGD with learning rate 0.1. First batch, x = 1 and x = -1: both
samples lose w^2 = 1, the gradient is 2 w = 2, and w becomes 0.8. Second batch, x = 3 alone: it loses
(3 w)^2 = 5.76, the gradient is 18 w = 14.4, and w becomes -0.64. The three samples lose 1, 1 and 5.76.
"""

from __future__ import annotations

import numpy as np
import torch

from autograder import checks
from autograder.suite import points

F64 = torch.float64
BATCHES = (
    (torch.tensor([[1.0], [-1.0]], dtype=F64), torch.zeros(2, 1, dtype=F64)),
    (torch.tensor([[3.0]], dtype=F64), torch.zeros(1, 1, dtype=F64)),
)


def one_weight(student):
    """w = 1 and its optimizer."""
    model = student.at("torch.nn.Linear")(1, 1, bias=False, dtype=F64)
    model.load_state_dict({"weight": torch.ones(1, 1, dtype=F64)})
    return model, student.at("torch.optim.SGD")(model.parameters(), lr=0.1)


def epoch(student, model, optimizer, loader):
    return student.train_one_epoch(model, loader, student.at("torch.nn.functional.mse_loss"), optimizer)


def check_weight(model, expected, what):
    weight = checks.tensor(model.weight, shape=(1, 1), what=what)
    checks.close(weight.detach(), torch.tensor([[expected]], dtype=F64), what, fan_in=32)


@points(2, "Un lot, un pas, à la main")
def test_one_batch_is_one_step(student):
    """w = 1, perte moyenne w² : le gradient vaut 2 w, et le pas retranche 0,1 fois ce gradient."""
    model, optimizer = one_weight(student)
    epoch(student, model, optimizer, list(BATCHES[:1]))
    check_weight(model, 0.8, "le poids après un lot")


@points(2, "Deux lots, deux pas, à la main")
def test_two_batches_are_two_steps(student):
    """Le second gradient se calcule au nouveau poids, et sur le second lot seul : n'y laissez rien du premier."""
    model, optimizer = one_weight(student)
    epoch(student, model, optimizer, list(BATCHES))
    check_weight(model, -0.64, "le poids après deux lots")


@points(2, "La perte moyenne par exemple, à la main")
def test_the_loss_is_a_mean_over_samples(student):
    """Trois exemples perdent 1, 1 et 5,76, chacun au moment de son lot : la moyenne compte chaque exemple une fois."""
    found = epoch(student, *one_weight(student), list(BATCHES))
    assert found is not None, "`train_one_epoch` ne renvoie rien : un `return` oublié ?"
    kept = isinstance(found, torch.Tensor) and found.requires_grad
    assert not kept, "La perte renvoyée garde son graphe de calcul : utilisez `.item()` ou `.detach()`."
    scalar = isinstance(found, float | np.floating | torch.Tensor) and np.ndim(found) == 0
    assert scalar, "La perte renvoyée doit être un nombre."
    right = abs(float(found) - (1 + 1 + 5.76) / 3) < 1e-4
    assert right, "La perte renvoyée n'est pas la moyenne des pertes des trois exemples."


@points(2, "En mode entraînement")
def test_the_model_trains_in_training_mode(student):
    """Le modèle peut arriver en mode évaluation : c'est à votre fonction de le mettre en mode entraînement."""
    model = student.make("SmallNet", 2, 3, 1)
    model.eval()
    optimizer = student.at("torch.optim.SGD")(model.parameters(), lr=0.1)
    epoch(student, model, optimizer, [(torch.randn(4, 2, dtype=F64), torch.randn(4, 1, dtype=F64))])
    modes = model.modes
    assert modes, "Le modèle n'a jamais été appelé."
    assert any(modes), "Le modèle n'a été appelé qu'en mode évaluation."


@points(1, "Un paramètre figé ne bouge pas")
def test_a_frozen_parameter_stays(student):
    """Un paramètre avec `requires_grad=False` reste tel quel ; les autres apprennent."""
    model = student.make("SmallNet", 2, 3, 1, frozen=("first.weight",))
    before = model.state_dict()
    optimizer = student.at("torch.optim.SGD")(model.parameters(), lr=0.1)
    epoch(student, model, optimizer, [(torch.randn(4, 2, dtype=F64), torch.randn(4, 1, dtype=F64))])
    after = model.state_dict()
    checks.equal(after["first.weight"], before["first.weight"], "le paramètre figé, après l'époque")
    learned = not torch.equal(after["last.weight"], before["last.weight"])
    assert learned, "Les paramètres qui ne sont pas figés n'ont pas changé."


@points(1, "Un flux de lots suffit")
def test_any_iterable_of_batches_will_do(student):
    """`loader` peut n'avoir ni longueur, ni attribut `dataset` : comptez les exemples au passage."""
    model, optimizer = one_weight(student)
    epoch(student, model, optimizer, student.make("StreamLoader", list(BATCHES)))
    check_weight(model, -0.64, "le poids après deux lots d'un flux")
