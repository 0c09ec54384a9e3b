"""Public suite of ``sgd``: one parameter, worked by hand; zero_grad, a generator, a parameter without gradient.

p = 1 and learning rate 0.1. Without momentum, a gradient of 2 leads to 0.8. With momentum 0.9, gradients 2 then 1: the
velocity is 2, then 0.9 * 2 + 1 = 2.8; p goes to 0.8, then to 0.8 - 0.28 = 0.52.
"""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import gate, points

F64 = torch.float64
READY_MADE = (
    *(name for name, value in vars(torch.optim).items() if isinstance(value, type)),
    *("sgd", "_single_tensor_sgd", "_multi_tensor_sgd", "_fused_sgd", "_fused_sgd_"),
)


def parameter(student, value):
    return student.handle(student.at("torch.nn.Parameter"), torch.tensor([value], dtype=F64))


def check_value(p, expected, what):
    checks.close(p.detach(), torch.tensor([expected], dtype=F64), what, fan_in=16)


def give(p, gradient):
    p.grad = torch.tensor([gradient], dtype=F64)


@gate("Sans torch.optim")
def test_no_ready_made_optimizer(student):
    """L'exercice demande d'écrire l'optimiseur soi-même, sans rien de torch.optim, classe mère comprise."""
    used = student.forbidden(["SGD"], READY_MADE)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."


@points(2, "Un pas simple, à la main")
def test_a_plain_step(student):
    """Sans élan, le paramètre recule de lr fois son gradient, sur place."""
    p = parameter(student, 1.0)
    optimizer = student.SGD([p], lr=0.1)
    give(p, 2.0)
    optimizer.step()
    check_value(p, 0.8, "le paramètre après un pas")


@points(2, "Deux pas avec élan, à la main")
def test_two_steps_with_momentum(student):
    """La vitesse vaut d'abord le gradient, puis momentum fois la vitesse d'avant, plus le nouveau gradient."""
    p = parameter(student, 1.0)
    optimizer = student.SGD([p], lr=0.1, momentum=0.9)
    for gradient, expected, told in ((2.0, 0.8, "un pas"), (1.0, 0.52, "deux pas")):
        give(p, gradient)
        optimizer.step()
        check_value(p, expected, f"le paramètre après {told} avec élan")


@points(1, "zero_grad")
def test_zero_grad_forgets_the_gradient(student):
    """Après `zero_grad()`, chaque `.grad` est nul ou None."""
    p, q = parameter(student, 1.0), parameter(student, 1.0)
    optimizer = student.SGD([p, q], lr=0.1)
    give(p, 2.0)
    optimizer.zero_grad()
    gradient = p.grad
    assert gradient is None or not gradient.any(), "Après `zero_grad()`, un gradient n'est ni nul ni None."


@points(1, "Les paramètres d'un modèle")
def test_the_parameters_of_a_model(student):
    """`model.parameters()` est un générateur : il ne se parcourt qu'une fois."""
    model = student.at("torch.nn.Linear")(1, 1, bias=False, dtype=F64)
    model.load_state_dict({"weight": torch.ones(1, 1, dtype=F64)})
    optimizer = student.SGD(model.parameters(), 0.1)
    for expected in (0.8, 0.64):  # the loss is w^2, its derivative 2 w
        optimizer.zero_grad()
        model(torch.ones(1, 1, dtype=F64)).square().sum().backward()
        optimizer.step()
        checks.close(model.weight.detach(), torch.full((1, 1), expected), "le poids du modèle", fan_in=16)


@points(1, "Un paramètre sans gradient")
def test_a_parameter_without_gradient_is_left(student):
    """Un paramètre dont le `.grad` vaut None reste tel quel."""
    p, q = parameter(student, 1.0), parameter(student, 3.0)
    optimizer = student.SGD([p, q], lr=0.1)
    give(p, 2.0)
    optimizer.step()
    check_value(q, 3.0, "le paramètre sans gradient")
    check_value(p, 0.8, "le paramètre avec gradient")
