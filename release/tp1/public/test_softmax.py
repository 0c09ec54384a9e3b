"""Public suite of ``softmax``: values worked by hand, shapes, the pitfalls that the notebook names."""

from __future__ import annotations

import math

import torch

from autograder import checks
from autograder.suite import gate, points

READY_MADE = (
    *("softmax", "log_softmax", "Softmax", "LogSoftmax", "Softmax2d", "softmin", "Softmin", "gumbel_softmax"),
    *("AdaptiveLogSoftmaxWithLoss", "_softmax", "_log_softmax", "scaled_dot_product_attention"),
)
# exp(0) = 1, exp(ln 3) = 3: one chance in four against three
ONE_AGAINST_THREE = [0.0, math.log(3)]


@gate("Sans la softmax toute faite de PyTorch")
def test_no_ready_made_softmax(student):
    """L'exercice demande de construire la softmax avec des opérations élémentaires (exp, sum, max, logsumexp...)."""
    used = student.forbidden(["softmax"], READY_MADE)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."


@points(2, "Un exemple calculé à la main")
def test_a_worked_example(student):
    """Calculez à la main : exp(0) = 1 et exp(ln 3) = 3. Quelle part de la somme revient à chacun ?"""
    logits = torch.tensor([ONE_AGAINST_THREE, ONE_AGAINST_THREE[::-1], [5.0, 5.0]])
    found = checks.tensor(student.softmax(logits), shape=(3, 2), dtype="floating", what="softmax(logits)")
    checks.close(found, torch.tensor([[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]]), "softmax(logits)", fan_in=16)


@points(2, "L'axe choisi")
def test_probabilities_sum_to_one_along_the_axis(student):
    """La somme vaut 1 le long de `dim`, et de lui seul ; `dim=-2` désigne l'avant-dernier axe."""
    logits = torch.randn(2, 3, 4, 5)
    for dim in (0, 1, 2, 3, -1, -2):
        found = checks.tensor(
            student.softmax(logits, dim), shape=(2, 3, 4, 5), what=f"softmax(logits, dim={dim})"
        )
        total = found.sum(dim)
        checks.close(
            total, torch.ones_like(total), f"la somme de softmax(logits, dim={dim}) sur cet axe", fan_in=16
        )


@points(1, "Un seul axe")
def test_a_vector_is_enough(student):
    """Un vecteur de logits, sans axe de lot, est une entrée valable."""
    found = checks.tensor(
        student.softmax(torch.tensor(ONE_AGAINST_THREE)), shape=(2,), what="softmax d'un vecteur"
    )
    checks.close(found, torch.tensor([0.25, 0.75]), "softmax d'un vecteur", fan_in=8)


@points(2, "De grands logits")
def test_large_logits_do_not_overflow(student):
    """exp(1000) déborde. Que devient le quotient si l'on retranche une même constante à tous les logits ?"""
    for level in (1000.0, -1000.0):
        logits = level + torch.tensor([ONE_AGAINST_THREE], dtype=torch.float64)
        found = checks.tensor(
            student.softmax(logits, 1), shape=(1, 2), what=f"softmax de logits voisins de {level:g}"
        )
        expected = torch.tensor([[0.25, 0.75]])
        checks.close(
            found, expected, f"softmax de logits voisins de {level:g}", fan_in=2000, dtype=torch.float64
        )


@points(1, "Le gradient remonte")
def test_the_gradient_comes_back(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    logits = torch.tensor(ONE_AGAINST_THREE, requires_grad=True)
    found = checks.tensor(student.softmax(logits, 0), shape=(2,), requires_grad=True, what="softmax(logits)")
    found[0].backward()  # p (1 - p) for its own logit, - p q for the other one
    assert logits.grad is not None, "Aucun gradient n'est arrivé jusqu'aux logits."
    gradient = checks.tensor(logits.grad, shape=(2,), what="le gradient des logits")
    checks.close(gradient, torch.tensor([0.1875, -0.1875]), "le gradient des logits", fan_in=16)


@points(1, "Les logits reçus restent intacts")
def test_the_logits_are_not_modified(student):
    """`logits -= ...` modifie le tenseur de l'appelant : créez-en un nouveau (`logits - ...`)."""
    student.mirror()
    logits = torch.tensor([ONE_AGAINST_THREE])
    student.softmax(logits, 1)
    checks.equal(logits, torch.tensor([ONE_AGAINST_THREE]), "le tenseur donné à softmax, après l'appel")
