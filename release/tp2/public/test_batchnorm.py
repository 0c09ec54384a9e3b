"""Public suite of ``batchnorm``: four pixels a channel, worked by hand.

Channel 0 holds 1, 3, 5, 7 and channel 1 ten times as much. Mean 4, deviations -3, -1, 1, 3: the sum of their squares
is 20, so the variance is 20 / 4 = 5 for the batch, 20 / 3 for an estimate without bias.
"""

from __future__ import annotations

import math
import re

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = re.compile("batch_?norm|instance_?norm|_NormBase", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.modules.batchnorm, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if FORBIDDEN.search(name)}))
F64 = torch.float64


def batch():
    """Two images of one row and two columns, two channels: (2, 2, 1, 2)."""
    one = torch.tensor([[[1.0, 3.0]], [[5.0, 7.0]]], dtype=F64)
    return torch.stack([one, 10 * one], 1)


def layer(student, *args, **options):
    made = student.BatchNorm2d(2, *args, **options)
    made.double()
    return made


def output(made, x, what):
    return checks.tensor(made(x), shape=x.shape, dtype="floating", what=what)


@gate("Sans la normalisation par lots toute faite de PyTorch")
def test_no_ready_made_batch_norm(student):
    """Construisez la normalisation avec des moyennes et des variances, sans `nn.BatchNorm2d` ni `F.batch_norm`."""
    used = student.forbidden(["BatchNorm2d"], READY_MADE)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."


@points(3, "Quatre pixels par canal, à la main")
def test_a_worked_example(student):
    """Moyenne 4, variance 20 / 4 = 5 sur les quatre pixels d'un canal : le premier devient -3 / √(5 + eps)."""
    what = "la sortie en entraînement"
    found = output(layer(student), batch(), what)
    first = torch.tensor([[[-3.0, -1.0]], [[1.0, 3.0]]], dtype=F64)
    checks.close(found[:, 0], first / math.sqrt(5 + 1e-5), f"{what}, canal 0", fan_in=100)
    checks.close(found[:, 1], 10 * first / math.sqrt(500 + 1e-5), f"{what}, canal 1", fan_in=100)


@points(2, "Les statistiques glissantes, à la main")
def test_running_statistics_move_by_a_tenth(student):
    """Elles partent de 0 et de 1. La moyenne devient 0,9 · 0 + 0,1 · 4 ; la variance reçoit 20 / 3, sans biais."""
    made = layer(student)
    output(made, batch(), "la sortie en entraînement")
    state = made.state_dict()
    mean, variance = torch.tensor([0.4, 4.0], dtype=F64), torch.tensor([20 / 3, 2000 / 3], dtype=F64)
    for name, expected in (("running_mean", mean), ("running_var", 0.9 + 0.1 * variance)):
        assert name in state, f"Le `state_dict` de la couche n'a pas de `{name}` : est-ce un tampon ?"
        checks.close(state[name], expected, f"`{name}` après un lot", fan_in=100)


@points(2, "En évaluation")
def test_evaluation_uses_the_running_statistics(student):
    """Une couche neuve a pour moyenne 0 et pour variance 1 : en évaluation, elle ne change (presque) rien."""
    made = layer(student)
    made.eval()
    found = output(made, batch(), "la sortie en évaluation")
    checks.close(
        found, batch() / math.sqrt(1 + 1e-5), "la sortie d'une couche neuve en évaluation", fan_in=100
    )
    start = torch.zeros(2, dtype=F64)
    checks.equal(made.state_dict()["running_mean"], start, "`running_mean` après une évaluation")


@points(1, "Paramètres et tampons")
def test_two_parameters_are_learned(student):
    """On apprend `weight` et `bias` ; les statistiques glissantes se mesurent, elles ne s'apprennent pas."""
    names = sorted(name for name, _ in layer(student).named_parameters())
    assert names == ["bias", "weight"], "La couche doit avoir deux paramètres : `weight` et `bias`."


@points(2, "Le gradient remonte")
def test_gradients_agree_with_finite_differences(student):
    """La moyenne et la variance du lot dépendent de x : le gradient passe par elles aussi."""
    made = layer(student)
    x = batch().requires_grad_()
    output(made, x, "la sortie en entraînement")
    checks.gradcheck(lambda value: made(value), (x,), "le gradient par rapport à x", fast_mode=True)
