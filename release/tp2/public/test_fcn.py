"""Public suite of ``fcn``: sizes, neighbours, images that differ, gradients."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = ("models", "segmentation", "FCN", "fcn_resnet50", "fcn_resnet101", "DeepLabV3")


def network(student, *arguments):
    made = student.FCN(*arguments)
    made.eval()
    return made


def scores(net, x, classes):
    what = f"la sortie pour des images de forme {tuple(x.shape[1:])}"
    return checks.tensor(net(x.clone()), shape=(len(x), classes, *x.shape[2:]), what=what).detach()


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le réseau vous-même : `torchvision.models` est interdit."""
    used = student.forbidden(["FCN"], FORBIDDEN)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."


@points(3, "La taille de l'image reste")
def test_sizes(student):
    """32 lignes divisées par 2, puis multipliées par 2, font 32 ; et 21 ?"""
    net = network(student, 1, 2)
    for size in ((16, 16), (32, 48), (21, 30)):
        found = scores(net, torch.randn(2, 1, *size), 2)
        assert bool((found[0] != found[1]).any()), "Les scores ne dépendent pas de l'image."


@points(2, "Les voisins comptent")
def test_neighbours_count(student):
    """Changez les huit voisins d'un pixel : ses scores changent, si le noyau est plus grand que 1x1."""
    net = network(student, 1, 2)
    x = torch.rand(16, 1, 32, 32)
    changed = x.clone()
    changed[:, :, 15:18, 15:18] = torch.rand(16, 1, 3, 3)
    changed[:, :, 16, 16] = x[:, :, 16, 16]
    before, after = scores(net, x, 2)[..., 16, 16], scores(net, changed, 2)[..., 16, 16]
    assert bool((before != after).any()), "Les voisins d'un pixel ne changent pas ses scores."


@points(2, "Une carte, pas un seul nombre")
def test_scores_form_a_map(student):
    """Les scores de deux pixels diffèrent : pas de moyenne de toute l'image, recopiée partout."""
    found = scores(network(student, 3, 4), torch.randn(2, 3, 64, 96), 4)[..., 16:-16, 16:-16]
    spread = found.amax((2, 3)) - found.amin((2, 3))
    assert bool((spread > 1e-6 * found.abs().max()).any()), "Tous les pixels ont les mêmes scores."


@points(1, "Tout s'apprend")
def test_gradients_reach_every_parameter(student):
    """Chaque paramètre reçoit un gradient."""
    net = student.FCN(1, 2)
    x, targets = torch.randn(2, 1, 32, 32), torch.randint(2, (2, 32, 32))
    found = checks.tensor(net(x), shape=(2, 2, 32, 32), requires_grad=True, what="les scores")
    torch.nn.functional.cross_entropy(found, targets).backward()
    learned = [p.grad is not None for _, p in net.named_parameters()]
    assert learned and all(learned), "Un paramètre du réseau ne reçoit pas de gradient."
