"""Public suite of ``gradients``: one line y = w x + b, worked by hand; frozen parameters, traces left in the model.

w = 2, b = -1, one sample x = 3 with target 1: the output is 5, the squared error (5 - 1)^2, its derivative for the
output 8; hence 8 x = 24 for w and 8 for b.
"""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points

F64 = torch.float64
X, Y = torch.tensor([[3.0]], dtype=F64), torch.tensor([[1.0]], dtype=F64)


def line(student):
    """w = 2, b = -1."""
    model = student.at("torch.nn.Linear")(1, 1, dtype=F64)
    model.load_state_dict({"weight": torch.full((1, 1), 2.0, dtype=F64), "bias": -torch.ones(1, dtype=F64)})
    return model


def gradients(student, model, x=X, y=Y):
    found = student.gradients(model, student.at("torch.nn.functional.mse_loss"), x, y)
    assert isinstance(found, dict), "`gradients` doit renvoyer un dictionnaire (un `return` oublié ?)."
    return found


def check_value(found, name, expected, shape):
    assert name in found, f"Il manque le gradient de `{name}`."
    gradient = checks.tensor(found[name], shape=shape, what=f"le gradient de `{name}`")
    checks.close(gradient.detach(), torch.full(shape, expected), f"le gradient de `{name}`", fan_in=16)


@points(2, "Une droite, à la main")
def test_the_gradient_of_a_line(student):
    """La perte est (w x + b - y)² : dérivez-la par rapport à w, puis à b."""
    found = gradients(student, line(student))
    check_value(found, "weight", 24.0, (1, 1))
    check_value(found, "bias", 8.0, (1,))


@points(1, "Des noms à plusieurs niveaux")
def test_names_are_those_of_named_parameters(student):
    """Dans un `nn.Sequential`, les paramètres s'appellent `0.weight`, `0.bias`… : ceux que `named_parameters` donne."""
    model = student.at("torch.nn.Sequential")(line(student))
    found = gradients(student, model)
    assert sorted(found) == ["0.bias", "0.weight"], "Les noms ne sont pas ceux de `named_parameters`."
    check_value(found, "0.bias", 8.0, (1,))


@points(1, "Un paramètre figé n'y est pas")
def test_a_frozen_parameter_is_left_out(student):
    """Seuls les paramètres entraînables (`requires_grad`) ont une entrée."""
    model = student.make("SmallNet", 2, 3, 1, frozen=("first.weight",))
    found = gradients(student, model, torch.randn(4, 2, dtype=F64), torch.randn(4, 1, dtype=F64))
    assert "first.weight" not in found, "Un paramètre figé est dans le dictionnaire."
    assert len(found) == 4, "Il manque des paramètres entraînables, ou il y en a trop."


@points(1, "Sans trace dans le modèle")
def test_the_model_is_left_as_it_was(student):
    """Ni les poids ni les `.grad` ne changent : le modèle arrive sans gradients et repart de même."""
    model = line(student)
    gradients(student, model)
    assert model.weight.grad is None and model.bias.grad is None, "Le modèle garde des gradients (`.grad`)."
    checks.equal(model.weight.detach(), torch.full((1, 1), 2.0, dtype=F64), "le poids, après l'appel")
