"""Public suite of ``siamese``: distances of points in the plane, identical inputs, a loss worked by hand."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points


def siamese(student):
    """With an encoder that only flattens: inputs are their own codes."""
    return student.Siamese(student.at("torch.nn.Flatten")())


@points(3, "3, 4, 5 : Pythagore")
def test_distances_in_the_plane(student):
    """Avec un encodeur qui ne change rien, la distance de (0, 0) à (3, 4) est 5."""
    a = torch.tensor([[0.0, 0.0], [1.0, 1.0], [-1.0, 2.0]])
    b = torch.tensor([[3.0, 4.0], [1.0, 2.0], [-13.0, 7.0]])
    found = checks.tensor(siamese(student)(a, b), shape=(3,), what="les distances")
    checks.close(found, torch.tensor([5.0, 1.0, 13.0]), "les distances", fan_in=64)
    swapped = checks.tensor(siamese(student)(b, a), shape=(3,), what="les distances, a et b échangés")
    checks.close(swapped, torch.tensor([5.0, 1.0, 13.0]), "les distances, a et b échangés", fan_in=64)


@points(2, "Des codes de toute forme, un seul encodeur")
def test_one_encoder_of_any_output_shape(student):
    """La sortie de l'encodeur peut avoir plus de deux axes ; les paramètres du module sont ceux de l'encodeur."""
    encoder = student.at("torch.nn.Conv1d")(2, 3, 5)
    network = student.Siamese(encoder)
    found = checks.tensor(
        network(torch.randn(4, 2, 9), torch.randn(4, 2, 9)), shape=(4,), what="les distances"
    )
    assert bool((found > 0).all()), "Des entrées différentes sont à une distance nulle."
    shapes = checks.parameters(student, network, "le réseau siamois")
    checks.layer_shapes(shapes, [(3, 2, 5), (3,)], "le réseau siamois")


@points(2, "Deux entrées identiques")
def test_identical_inputs(student):
    """La dérivée de la racine carrée est infinie en 0 : le gradient ne doit pas devenir NaN."""
    a = torch.randn(3, 4, requires_grad=True)
    found = checks.tensor(
        siamese(student)(a, a.detach().clone()), shape=(3,), requires_grad=True, what="les distances"
    )
    checks.finite(found, "les distances")
    assert float(found.detach().abs().max()) < 1e-3, "La distance d'une entrée à elle-même dépasse 1e-3."
    found.sum().backward()
    checks.finite(a.grad, "le gradient pour deux entrées identiques")


@points(3, "Une perte à la main")
def test_a_loss_by_hand(student):
    """Vraie paire à 0,5 : 0,25. Fausse paire à 0,8 : (1 - 0,8)² = 0,04. Fausse paire à 1,5, au-delà de la marge : 0."""
    distances = torch.tensor([0.5, 0.8, 1.5])
    for dtype in (torch.float32, torch.int64):
        found = student.contrastive_loss(distances, torch.tensor([1, 0, 0], dtype=dtype))
        checks.tensor(found, shape=(), what="la perte")
        checks.close(found, torch.tensor(0.29 / 3), "la perte", fan_in=64)
    wider = student.contrastive_loss(distances, torch.tensor([1.0, 0.0, 0.0]), margin=2.0)
    checks.close(wider, torch.tensor(1.94 / 3), "la perte pour une marge de 2", fan_in=64)


@points(1, "Une perte dérivable")
def test_the_loss_has_a_gradient(student):
    """La dérivée de d² / 2 est d : pour deux vraies paires, le gradient est la distance."""
    distances = torch.tensor([0.5, 2.0], requires_grad=True)
    loss = student.contrastive_loss(distances, torch.ones(2))
    checks.tensor(loss, shape=(), requires_grad=True, what="la perte").backward()
    checks.close(distances.grad, torch.tensor([0.5, 2.0]), "le gradient de la perte", fan_in=64)
