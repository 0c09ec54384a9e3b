"""Public suite of ``tdnn``: sizes, the number of parameters, values where all parameters are equal, gradients."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points


def fill(network, number):
    """All parameters equal: then it does not matter how a weight is stored."""
    names = [name for name, _ in network.named_parameters()]
    assert names, "Le réseau n'a aucun paramètre enregistré."
    state = network.state_dict()
    network.load_state_dict({**state, **{name: torch.full_like(state[name], number) for name in names}})


@points(2, "Les tailles")
def test_sizes(student):
    """Une sortie par classe, quelle que soit la durée : T -> T - 2 -> T - 6 trames, puis plus que leur somme."""
    for arguments, shape in (((), (4, 16, 15)), ((), (1, 16, 7)), ((5, 2), (3, 5, 40))):
        told = ", ".join(map(str, arguments))
        found = student.TDNN(*arguments)(torch.randn(shape))
        expected = (shape[0], arguments[1] if arguments else 3)
        what = f"la sortie de TDNN({told}) pour {shape[2]} trames"
        checks.finite(checks.tensor(found, shape=expected, what=what), what)


@points(2, "515 paramètres")
def test_the_number_of_parameters(student):
    """384 + 8 nombres, puis 120 + 3 : `[(n, tuple(p.shape)) for n, p in TDNN().named_parameters()]`."""
    network = checks.unfilled(student, student.TDNN)
    table = checks.parameters(student, network, "le réseau", example=[(2, 16, 15)])
    checks.parameter_count(table, 515, "le réseau")


@points(3, "Sans poids, une demie par trame")
def test_zero_parameters_count_the_frames(student):
    """Tous les paramètres étant nuls, chaque unité vaut sigmoïde(0) = 1/2 : la sortie est (T - 6) / 2."""
    network = student.TDNN()
    network(torch.randn(2, 16, 15))
    fill(network, 0.0)
    for frames, expected in ((7, 0.5), (15, 4.5), (26, 10.0)):
        what = f"la sortie pour {frames} trames et des paramètres nuls"
        found = checks.tensor(network(torch.randn(2, 16, frames)), shape=(2, 3), what=what)
        checks.close(found, torch.full((2, 3), expected), what, fan_in=64)


@points(3, "Une valeur à la main")
def test_equal_parameters(student):
    """Tous les paramètres valent 0,05 et l'entrée 1 : les unités cachées valent sigmoïde(0,05 · 49) ≈ 0,921."""
    network = student.TDNN()
    network(torch.randn(2, 16, 15))
    fill(network, 0.05)
    found = checks.tensor(network(torch.ones(1, 16, 7)), shape=(1, 3), what="la sortie")
    checks.close(found, torch.full((1, 3), 0.8688835100787053), "la sortie", fan_in=64)


@points(1, "Tout s'apprend")
def test_gradients_reach_every_parameter(student):
    """Le gradient atteint les poids et les biais des deux couches."""
    network = student.TDNN()
    found = checks.tensor(network(torch.randn(4, 16, 15)), requires_grad=True, what="la sortie")
    found.square().sum().backward()
    learned = [p.grad is not None and bool(p.grad.any()) for _, p in network.named_parameters()]
    assert learned and all(learned), "Un paramètre du réseau ne reçoit pas de gradient."
