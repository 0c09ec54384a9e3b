"""Public suite of ``lenet``: sizes, the number of parameters, scores that are no probabilities, gradients."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points


@points(2, "Les tailles")
def test_ten_scores_an_image(student):
    """32 -> 28 -> 14 -> 10 -> 5 sur chaque axe : C5 reçoit 16 · 5 · 5 = 400 nombres. Un lot a une image ou plus."""
    network = student.LeNet5()
    for count in (3, 1):
        found = checks.tensor(
            network(torch.randn(count, 1, 32, 32)), shape=(count, 10), what=f"la sortie pour N = {count}"
        )
        checks.finite(found, "la sortie")


@points(3, "61 706 paramètres")
def test_the_number_of_parameters(student):
    """Comparez au tableau de l'énoncé : `[(n, tuple(p.shape)) for n, p in LeNet5().named_parameters()]`."""
    network = checks.unfilled(student, student.LeNet5)
    table = checks.parameters(student, network, "le réseau", example=[(2, 1, 32, 32)])
    checks.parameter_count(table, 61_706, "le réseau")


@points(2, "Des scores, pas des probabilités")
def test_scores_are_no_probabilities(student):
    """Rien ne suit la dernière couche : la somme de dix scores est quelconque, et certains sont négatifs."""
    network = student.LeNet5()
    scores = checks.tensor(network(3 * torch.randn(16, 1, 32, 32)), shape=(16, 10), what="la sortie").detach()
    spread = float((scores - scores[:1]).abs().max())
    assert spread > 0, "La sortie ne dépend pas de l'image."
    for told, sums in (("les sorties", scores), ("les exponentielles des sorties", scores.exp())):
        totals = sums.double().sum(1)
        assert float((totals - 1).abs().max()) > 1e-3, (
            f"Pour chaque image, {told} sont de somme 1 : une softmax ?"
        )
    assert bool((scores < 0).any()), "Aucun score n'est négatif."


@points(2, "Pas une fonction linéaire")
def test_the_network_is_not_affine(student):
    """Sans non-linéarités, f(x + y) - f(x) - f(y) + f(0) serait nul : toutes les couches n'en feraient qu'une."""
    network = student.LeNet5()
    x, y = 3 * torch.randn(2, 4, 1, 32, 32)
    f = [checks.tensor(network(z), shape=(4, 10), what="la sortie").detach() for z in (x + y, x, y, 0 * x)]
    size = float(torch.stack(f).abs().max())
    assert size > 0, "La sortie est nulle."
    assert float((f[0] - f[1] - f[2] + f[3]).abs().max()) > 1e-4 * size, "Le réseau est une fonction affine."


@points(1, "Tout s'apprend")
def test_gradients_reach_every_parameter(student):
    """Une couche rangée dans une liste Python, ou un `detach` dans `forward`, n'apprendrait pas."""
    network = student.LeNet5()
    found = checks.tensor(network(torch.randn(16, 1, 32, 32)), requires_grad=True, what="la sortie")
    found.square().sum().backward()
    learned = [p.grad is not None and bool(p.grad.any()) for _, p in network.named_parameters()]
    assert learned and all(learned), "Un paramètre du réseau ne reçoit pas de gradient."
