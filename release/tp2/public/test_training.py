"""Public suite of ``training``: a network that always answers the same, one that follows a script.

Three samples whose logits are (0, ln 3): each class 0 costs ln 4, each class 1 costs ln 4 - ln 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch

from autograder import checks
from autograder.suite import points

VALIDATION = 1000  # numbers of validation samples begin here


def batch(first, features, labels, hardness=0.0):
    """One batch (x, y): x holds each sample's number, its hardness and its features, (N, 1, 2 + C)."""
    count = len(labels)
    columns = [torch.arange(first, first + count)[:, None], torch.full((count, 1), hardness), features]
    return torch.cat([column.float() for column in columns], 1)[:, None], torch.tensor(labels)


def easy(first, count):
    """One batch that a linear network separates."""
    labels = [i % 2 for i in range(count)]
    return batch(first, 10 * torch.eye(2)[labels], labels)


def fitted(student, net, train, val, epochs):
    loaders = [student.make("RecordingLoader", batches) for batches in (train, val)]
    history = student.fit(net, *loaders, epochs, student.at("torch.device")("cpu"))
    assert history is not None, "`fit` ne renvoie rien : un `return` oublié ?"
    return history


def column(history, name, epochs):
    """The list called ``name`` as floats."""
    assert not isinstance(history, Mapping) or name in history, (
        f"Le dictionnaire renvoyé n'a pas de `{name}`."
    )
    values = history[name]
    assert len(values) == epochs, f"`{name}` doit avoir un nombre par époque."
    return torch.tensor([float(value) for value in values])


@points(2, "La perte moyenne par exemple, à la main")
def test_the_loss_is_a_mean_over_samples(student):
    """Un lot de deux exemples qui perdent ln 4, un lot d'un exemple qui perd ln 4 - ln 3 : trois exemples."""
    logits = torch.tensor([[0.0, math.log(3)]])
    train = [batch(0, logits.repeat(2, 1), [0, 0]), batch(2, logits, [1])]
    history = fitted(student, student.make("FixedWitness", 2), train, [easy(VALIDATION, 4)], 2)
    expected = math.log(4) - math.log(3) / 3
    found = column(history, "train_loss", 2)
    checks.close(found, torch.full((2,), expected), "`train_loss`", fan_in=64)


@points(2, "L'exactitude de validation")
def test_the_accuracy_is_measured_after_each_epoch(student):
    """Le réseau suit un scénario : trois exemples sur quatre reconnus après la première époque, puis un sur quatre."""
    net = student.make("ScriptedWitness", 2, [1.0, 0.8, 0.3], [1.0, 1.0, 1.0])
    val = [batch(VALIDATION + i, torch.eye(2)[[i % 2]], [i % 2], (i + 0.5) / 4) for i in range(4)]
    history = fitted(student, net, [easy(0, 6)], val, 2)
    found = column(history, "val_accuracy", 2)
    checks.close(found, torch.tensor([0.75, 0.25]), "`val_accuracy`", fan_in=8)


@points(2, "Le modèle apprend")
def test_the_loss_goes_down(student):
    """Sur deux classes faciles à séparer, la perte descend."""
    net = student.make("Witness", 2)
    history = fitted(student, net, [easy(0, 6), easy(6, 4)], [easy(VALIDATION, 4)], 20)
    losses = column(history, "train_loss", 20)
    assert losses[-1] < 0.8 * losses[0], "La perte n'a presque pas baissé en 20 époques."


@points(1, "Les deux modes")
def test_training_and_validation_have_their_modes(student):
    """`model.train()` avant chaque époque d'entraînement, `model.eval()` avant chaque validation."""
    net = student.make("NormedWitness", 2)
    fitted(student, net, [easy(0, 6), easy(6, 4)], [easy(VALIDATION, 4)], 3)
    calls = net.journal.entries
    assert calls, "Le modèle n'a jamais été appelé."
    for call in calls:
        if max(call["samples"]) >= VALIDATION:
            assert call["modes"] == [False], "Un lot de validation est passé en mode entraînement."
        elif call["gradient"] is not None:
            assert call["modes"] == [True], "Un lot d'entraînement est passé en mode évaluation."


@points(2, "Les poids de la meilleure époque")
def test_the_best_epoch_comes_back(student):
    """Le réseau est le meilleur après la première époque sur trois : ce sont ses poids d'alors qu'il faut rendre."""
    net = student.make("ScriptedWitness", 2, [1.0, 0.9, 0.5, 0.2], [1.0] * 4)
    val = [batch(VALIDATION + i, torch.eye(2)[[i % 2]], [i % 2], (i + 0.5) / 4) for i in range(4)]
    noisy = [batch(0, torch.eye(2)[[0, 0, 1, 1]], [0, 1, 1, 0]), batch(4, torch.eye(2)[[0, 0, 1]], [0, 0, 1])]
    fitted(student, net, noisy, val, 3)
    states = [c["state"] for c in net.journal.entries if max(c["samples"]) >= VALIDATION]
    assert states, "Le modèle n'a jamais été évalué."
    weight = net.state_dict()["linear.weight"].numpy()
    assert np.array_equal(weight, states[0]["linear.weight"]), (
        "Les poids rendus ne sont pas ceux de la première époque."
    )
    assert not np.array_equal(weight, states[-1]["linear.weight"]), (
        "Les poids n'ont pas changé d'une époque à l'autre."
    )
