"""Public suite of ``initialisation``: in place, spread, biases. The hidden one looks at laws and networks closely."""

from __future__ import annotations

import math

import torch

from autograder import checks
from autograder.suite import points


def filled(student, name, *shape):
    """A weight full of sevens, after ``name`` was called on it."""
    student.mirror()
    weight = torch.full(shape, 7.0)
    student[name](weight)
    changed = not torch.equal(weight, torch.full(shape, 7.0))
    assert changed, f"`{name}` n'a pas changé le tenseur reçu : le travail se fait sur place."
    return checks.finite(checks.tensor(weight, shape=shape), f"le poids après `{name}`")


@points(2, "Xavier uniforme")
def test_xavier_stays_within_its_bound(student):
    """Pour un poids (100, 50), fan_in = 50 et fan_out = 100 : a = sqrt(6 / 150) = 0,2."""
    checks.uniform_bound(filled(student, "xavier_uniform_", 100, 50), 0.2, "Xavier sur un poids (100, 50)")


@points(2, "He normale")
def test_he_has_the_right_spread(student):
    """Pour un poids (80, 200), fan_in = 200 : la variance vaut 2 / 200, et l'écart type 0,1."""
    weight = filled(student, "he_normal_", 80, 200)
    checks.normal_variance(weight, 0.01, "He sur un poids (80, 200)")


@points(1, "Sur place et renvoyé")
def test_the_weight_is_returned(student):
    """Le nom finit par `_` : la fonction remplit le tenseur sur place et le renvoie, comme celles de torch.nn.init."""
    student.mirror()
    for name in ("xavier_uniform_", "he_normal_"):
        weight = torch.zeros(6, 5)
        returned = checks.tensor(student[name](weight), shape=(6, 5), what=f"ce que renvoie `{name}`")
        checks.equal(returned, weight, f"ce que renvoie `{name}`, comparé au tenseur rempli sur place")


@points(1, "De nouveaux nombres à chaque appel")
def test_each_call_draws_its_own_numbers(student):
    """Ne fixez pas de graine dans la fonction."""
    for name in ("xavier_uniform_", "he_normal_"):
        checks.distinct([filled(student, name, 6, 5) for _ in range(2)], f"`{name}` appelée deux fois")


@points(2, "Un petit réseau")
def test_a_small_network(student):
    """Les couches linéaires et de convolution sont initialisées, leurs biais nuls ; la normalisation reste intacte."""
    norm = student.at("torch.nn.BatchNorm1d")(100)
    norm.load_state_dict({"weight": torch.full((100,), 3.0), "bias": torch.full((100,), 2.0)}, strict=False)
    first, last = student.at("torch.nn.Linear")(200, 100), student.at("torch.nn.Linear")(100, 3)
    network = student.at("torch.nn.Sequential")(first, norm, last)
    student.init_weights(network)
    state = network.state_dict()
    checks.normal_variance(state["0.weight"], 2 / 200, "init_weights, couche Linear(200, 100)")
    for bias in (state["0.bias"], state["2.bias"]):
        checks.equal(bias, torch.zeros_like(bias), "un biais après init_weights")
    checks.equal(
        state["1.weight"], torch.full((100,), 3.0), "le poids de la normalisation après init_weights"
    )
    checks.equal(state["1.bias"], torch.full((100,), 2.0), "le biais de la normalisation après init_weights")


@points(2, "Une convolution")
def test_a_convolution(student):
    """Un noyau 3 x 3 sur 8 canaux : chaque sortie additionne 72 termes."""
    convolution = student.at("torch.nn.Conv2d")(8, 32, 3)
    student.init_weights(convolution)
    weight = checks.tensor(convolution.state_dict()["weight"], shape=(32, 8, 3, 3))
    checks.normal_variance(weight, 2 / 72, "init_weights, couche Conv2d(8, 32, 3)")
    largest = float(weight.abs().max())
    assert largest > 2 * math.sqrt(2 / 72), (
        "Aucun poids au-delà de deux écarts types : la loi est-elle normale ?"
    )
