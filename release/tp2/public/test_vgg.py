"""Public suite of ``vgg``: sizes, layers counted by hand, a network of sums, initial weights."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = ("models", "VGG", *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")))


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Construisez le réseau à partir de `config` : `torchvision.models` est interdit."""
    used = student.forbidden(["vgg"], FORBIDDEN)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."


@points(2, "Les tailles")
def test_sizes(student):
    """Le même réseau rend (N, num_classes) scores pour des images de toutes tailles."""
    network = student.vgg([8, "M", 12], num_classes=4)
    for size in ((32, 32), (9, 14)):
        found = checks.tensor(network(torch.randn(5, 3, *size)), shape=(5, 4), what="les scores")
        assert bool((found != found[0]).any()), "Les scores ne dépendent pas de l'image."


@points(3, "Un réseau de sommes, à la main")
def test_a_network_of_ones(student):
    """Des poids tous égaux à 1 sur l'image 1 2 / 3 4 : chaque somme 3x3 vaut 10 ; maximum 10 ; moyenne 10."""
    network = student.vgg([1, "M"], in_channels=1, num_classes=1)
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    network(x)
    parameters = {
        name: torch.ones_like(p) if p.ndim > 1 else torch.zeros_like(p)
        for name, p in network.named_parameters()
    }
    assert parameters, "Le réseau n'a aucun paramètre enregistré."
    network.load_state_dict(parameters)
    for sign, expected in ((1, 10.0), (-1, 0.0)):
        found = checks.tensor(network(sign * x), shape=(1, 1), what="le score")
        checks.close(found, torch.tensor([[expected]]), "le score", fan_in=16, scale=10.0)


@points(2, "Compter les paramètres")
def test_parameters(student):
    """[8, "M", 12] sur 3 canaux : 9·3·8 + 8, puis 9·8·12 + 12, puis 12·10 + 10 paramètres."""
    plain = checks.parameters(student, student.vgg([8, "M", 12]), example=[(2, 3, 8, 8)])
    shapes = [(8, 3, 3, 3), (8,), (12, 8, 3, 3), (12,), (10, 12), (10,)]
    checks.layer_shapes(plain, shapes, "le réseau")
    normed = [p for _, p in student.vgg([8, "M", 12], batch_norm=True).named_parameters() if p.ndim > 1]
    assert sorted(p.shape[0] for p in normed) == [8, 10, 12], (
        "Avec `batch_norm=True`, les poids changent de forme."
    )


@points(2, "Les poids de départ")
def test_initial_weights(student):
    """Variance 2 / fan, fan = 9·16 = 144 à l'entrée comme à la sortie ; biais nuls."""
    for name, p in student.vgg([16], in_channels=16).named_parameters():
        if p.ndim == 4 and p.shape[-1] == 3:
            checks.he(p.detach(), f"Le poids `{name}`")
        elif tuple(p.shape) == (16,):
            checks.zero_bias(p.detach(), f"le biais `{name}`")
    found = checks.tensor(
        student.vgg([16], in_channels=16)(torch.randn(2, 16, 6, 6)), shape=(2, 10), what="les scores"
    )
    assert bool((found[0] != found[1]).any()), "Les scores ne dépendent pas de l'image."


@points(1, "Tout s'apprend")
def test_gradients_reach_every_layer(student):
    """Chaque paramètre reçoit un gradient."""
    network = student.vgg([8, "M", 12], batch_norm=True)
    found = checks.tensor(network(torch.randn(4, 3, 12, 12)), requires_grad=True, what="les scores")
    (found * torch.randn(found.shape)).sum().backward()
    learned = [p.grad is not None for _, p in network.named_parameters()]
    assert learned and all(learned), "Un paramètre du réseau ne reçoit pas de gradient."
