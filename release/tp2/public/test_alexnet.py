"""Public suite of ``alexnet``: layers counted without filling them, then a network filled with one pattern."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = ("models", "alexnet", "AlexNet")
FILL = "autograder.standins.fill"


def parameters(student, *args):
    """Shapes of the parameters by name, and the network; its large tensors hold no numbers."""
    network = checks.unfilled(student, student.alexnet, *args)
    return checks.parameters(student, network, "le réseau", example=[(2, 3, 224, 224)]), network


def scores(student, training):
    """Scores of the same two images at two calls, for a network of five classes."""
    _, network = parameters(student, 5)
    student.at(FILL)(network, torch.randn(1009))
    network.train(training)
    x = torch.randn(2, 3, 224, 224)
    return [
        checks.finite(checks.tensor(network(x.clone()), shape=(2, 5), what="les scores")).detach()
        for _ in range(2)
    ]


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le réseau vous-même : `torchvision.models` est interdit."""
    used = student.forbidden(["alexnet"], FORBIDDEN)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."


@points(3, "61 100 840 paramètres")
def test_the_number_of_parameters(student):
    """La première convolution en a 64 · (3 · 11 · 11 + 1) = 23 296 ; mille classes : 61 100 840 en tout."""
    checks.parameter_count(parameters(student)[0], 61_100_840, "le réseau")


@points(2, "Les convolutions")
def test_the_kernels(student):
    """Noyaux de 11, 5, 3, 3, 3 ; largeurs 64, 192, 384, 256, 256."""
    table, _ = parameters(student, 5)
    kernels = [(64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3)]
    convolutions = {
        n: shape for n, shape in table.items() if len(shape) == 4 and shape[2] > 1 and shape[2] != 6
    }
    checks.layer_shapes(convolutions, kernels, "les convolutions")


@points(2, "En évaluation")
def test_the_same_image_twice_in_evaluation(student):
    """(N, 3, 224, 224) -> (N, num_classes) ; en évaluation, la même image reçoit deux fois les mêmes scores."""
    first, second = scores(student, training=False)
    checks.equal(first, second, "les scores de deux appels en évaluation")
    assert bool((first[0] != first[1]).any()), "Les scores ne dépendent pas de l'image."


@points(1, "En entraînement")
def test_the_same_image_twice_in_training(student):
    """En entraînement, le dropout change les scores d'un appel à l'autre."""
    first, second = scores(student, training=True)
    assert bool((first != second).any()), "Deux appels en entraînement donnent les mêmes scores."
