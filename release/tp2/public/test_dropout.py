"""Public suite of ``dropout``: a million ones, and what becomes of them."""

from __future__ import annotations

import re

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = re.compile("dropout", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if FORBIDDEN.search(name)}))


def output(layer, x):
    return checks.tensor(layer(x.clone()), shape=x.shape, dtype="floating", what="la sortie")


@gate("Sans le dropout tout fait de PyTorch")
def test_no_ready_made_dropout(student):
    """Tirez le masque vous-même (`torch.rand`, `torch.bernoulli`...), sans `nn.Dropout` ni `F.dropout`."""
    checks.forbidden(student, ["Dropout"], READY_MADE)


@points(3, "Des uns : zéro ou 1,25 pour p = 0,2")
def test_ones_become_zero_or_one_and_a_quarter(student):
    """Un élément sur cinq disparaît, les autres sont divisés par 0,8 : la moyenne reste 1."""
    ones = torch.ones(1000, 1000)
    y = output(student.Dropout(0.2), ones)
    checks.dropout_values(y, ones, 0.2, "Dropout(0.2)")
    checks.dropout_rate(y, 0.2, "Dropout(0.2) sur un million d'éléments")


@points(2, "Un masque de la forme du lot")
def test_each_element_is_drawn_on_its_own(student):
    """Deux exemples du même lot, deux canaux, deux pixels voisins ont chacun leur tirage."""
    y = output(student.Dropout(0.3), torch.ones(20, 10, 8, 12))
    checks.dropout_independence(y, 0.3, "Dropout(0.3)")


@points(2, "Un nouveau tirage à chaque appel")
def test_each_call_draws_anew(student):
    """Le masque se tire dans `forward`."""
    layer, ones = student.Dropout(0.3), torch.ones(1000)
    checks.independent_masks(output(layer, ones), output(layer, ones), 0.3, "Deux appels")


@points(2, "En évaluation, rien ne change")
def test_evaluation_is_the_identity(student):
    """En évaluation, la couche rend ce qu'elle reçoit."""
    layer, x = student.Dropout(0.3), torch.randn(10, 20)
    layer.eval()
    checks.equal(output(layer, x), x, "la sortie en évaluation")


@points(1, "p = 0 et p = 1")
def test_the_ends_of_the_range(student):
    """p = 0 garde tout, p = 1 met tout à zéro. Attention à la division par 1 - p."""
    x = torch.randn(10, 20)
    checks.equal(output(student.Dropout(0.0), x), x, "la sortie de Dropout(0.0)")
    checks.equal(output(student.Dropout(1.0), x), torch.zeros(10, 20), "la sortie de Dropout(1.0)")


@points(1, "Le gradient suit le masque")
def test_the_gradient_goes_where_the_signal_went(student):
    """Pour des uns, le gradient de la somme est le masque lui-même, facteur compris : c'est aussi la sortie."""
    ones = torch.ones(1000, requires_grad=True)
    y = checks.tensor(student.Dropout(0.2)(ones), shape=(1000,), requires_grad=True, what="la sortie")
    y.sum().backward()
    assert ones.grad is not None, "Aucun gradient n'est arrivé jusqu'à l'entrée."
    checks.close(ones.grad, y.detach(), "le gradient pour des uns", fan_in=8)
