"""Hidden suite of ``alexnet``: parameters counted without filling them, then one network run at full size.

Shapes come from a network built without numbers in its large tensors, so that 61 million parameters cost no time
(``checks.unfilled``). For values both networks are filled with one pattern of 10,007 numbers, a prime: no weight has to
travel, and none has two equal rows. Layers of the same shape get the same numbers, so names and order are free.
Float32, at rounding errors of 1e-5 against a tolerance of 5e-4 of the largest score; the smallest mistake changes 1e-2.

alpha = 0, but for dropout: that two draws for thousands of units are the same has a probability below 1e-100.
"""

from __future__ import annotations

from functools import partial

import torch

from autograder import checks
from autograder.standins import fill
from autograder.suite import gate, points
from reference.models import alexnet as reference_alexnet

IMAGE = (3, 224, 224)
UNFILLED, FILL = "autograder.standins.unfilled", "autograder.standins.fill"
ROUNDINGS = 1000
PERIOD = 10_007


def empty(student, *args, **kwargs):
    """The student's network and the shapes of its parameters; large tensors hold no numbers."""
    network = checks.unfilled(student, student.alexnet, *args, **kwargs)
    return network, checks.parameters(student, network, "le réseau", example=[(2, *IMAGE)])


def shapes(num_classes=1000):
    with torch.device("meta"):
        return [tuple(p.shape) for p in reference_alexnet(num_classes).parameters()]


def filled(student, pattern, num_classes=1000):
    """The student's network, filled with the pattern; its parameters must have the reference's shapes for that."""
    network, table = empty(student, num_classes)
    wide = {name: shape for name, shape in table.items() if shape[0] != num_classes}
    checks.layer_shapes(wide, shapes(num_classes)[:-2], "le réseau, la dernière couche mise à part")
    student.at(FILL)(network, pattern)
    return network


def reference(pattern):
    with torch.device("meta"):
        network = reference_alexnet()
    network.to_empty(device="cpu")
    fill(network, pattern)
    return network.eval()


def scores(network, x):
    shape, what = (len(x), 1000), "les scores"
    found = checks.tensor(network(x.clone()), shape=shape, dtype=torch.float32, requires_grad=True, what=what)
    return checks.finite(found, what).detach()


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le réseau vous-même : `torchvision.models` est interdit."""
    unfilled = student.at(UNFILLED)
    builds = [partial(unfilled, student.alexnet, *args) for args in ((), (1000,), (7,))]
    checks.own_architecture(student, ["alexnet"], builds)


@points(4, "61 100 840 paramètres")
def test_the_parameters_of_a_thousand_classes(student):
    """`alexnet()` a mille classes : 61 100 840 paramètres, biais compris. Comptez-les couche par couche."""
    _, table = empty(student)
    biases = sum(shape[0] for shape in shapes() if len(shape) == 1)
    confusions = {
        "un réseau sans biais": 61_100_840 - biases,
        "un réseau de dix classes": 61_100_840 - 990 * 4097,
        "la figure de 2012 sur une seule colonne, 96-256-384-384-256": 62_378_344,
        "la figure de 2012 avec ses deux colonnes": 60_965_224,
    }
    checks.parameter_count(table, 61_100_840, "le réseau", confusions)


@points(3, "`num_classes`")
def test_the_last_layer_has_as_many_outputs_as_classes(student):
    """Seule la dernière couche linéaire dépend de `num_classes`."""
    for num_classes in (7, 10):
        _, table = empty(student, num_classes=num_classes)
        checks.layer_shapes(table, shapes(num_classes), f"le réseau de {num_classes} classes")


@points(5, "Chaque couche à sa place")
def test_the_scores_are_those_of_the_figure(student):
    """En évaluation, les scores d'une image : noyaux, pas, bords, maximums 3x3 de pas 2, ReLU, sans softmax."""
    pattern = torch.randn(PERIOD)
    network = filled(student, pattern)
    network.eval()
    x = torch.randn(2, *IMAGE)
    with torch.no_grad():
        expected = reference(pattern)(x)
    found = scores(network, x)
    checks.close(found, expected, "les scores de deux images", fan_in=ROUNDINGS)


@points(2, "Du dropout, en entraînement")
def test_dropout_works_in_training(student):
    """En entraînement, des unités cachées sont mises à zéro au hasard, jamais les scores eux-mêmes."""
    network = filled(student, torch.randn(PERIOD))
    network.train()
    x = torch.randn(1, *IMAGE)
    first, second = scores(network, x), scores(network, x)
    apart = float((first - second).abs().max() / second.abs().max().clamp(min=1e-30))
    assert apart > 1e-3, (
        "Deux appels en mode entraînement donnent les mêmes scores : il n'y a pas de dropout."
    )
    zeros = int((first == 0).sum())
    assert zeros < 100, (
        f"En entraînement, {zeros} scores sur 1000 sont nuls : le dropout est-il placé à la sortie ?"
    )
