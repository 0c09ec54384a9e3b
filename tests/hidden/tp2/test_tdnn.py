"""Hidden suite of ``tdnn``: values by the reference with the student's own parameters, all else by identities.

How the two weights are stored is free (a Conv1d, a Linear over windows, one matrix a delay, ...): all parameters of one
weight, joined in their order, are its numbers with the axes unit, input and delay in some order, delays forwards or
backwards. The suite draws the numbers and takes the order, of 12 for each weight, for which the reference agrees on
sequences of 7 frames, where one window is left and nothing is summed. For a wrong network none of them does.

The other tests do not ask what a window's value is: a longer sequence has the sum of the values of its windows of 7
frames, gradients are the slopes of the network's own outputs. Everything is in float64, alpha = 0.
"""

from __future__ import annotations

import math
from itertools import permutations, product

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.models import TDNN

F64 = torch.float64
HIDDEN, DELAYS = 8, (3, 5)
FRAMES = 7  # the shortest sequence: 7 -> 5 -> 1
TOLERANCE = 1000  # roundings: 9e-13 of the largest value
CONFUSIONS = {
    "ce réseau sans biais": 504,
    "ce réseau, noyaux 3 et 5 échangés": 723,
    "ce réseau, ses deux noyaux étant de 3": 467,
    "ce réseau, ses deux noyaux étant de 5": 771,
    "ce réseau suivi d'une couche dense sur 9 trames": 599,
}

UNREGISTERED = (
    "Le réseau n'a aucun paramètre enregistré : une liste Python ou un simple tenseur ne l'enregistrent pas "
    "(nn.Conv1d, nn.Linear, nn.Parameter, nn.ModuleList le font), et une couche créée dans `forward` non plus."
)


class Network:
    """The student's network in float64 and in evaluation mode; its parameters are redrawn.

    Attributes:
        module: the handle.
        values: the parameters by name, as they are now.
    """

    def __init__(self, student, *sizes):
        self.channels, self.classes = sizes or (16, 3)
        self.told = f"TDNN({', '.join(map(str, sizes))})"
        self.module = student.TDNN(*sizes)
        x = torch.rand(2, self.channels, 15)
        what = f"la sortie de {self.told}"
        checks.tensor(self.module(x), shape=(2, self.classes), dtype="floating", what=what)
        self.module.double()
        self.module.eval()  # that training is no different has a test of its own
        self.values = {name: p.detach() for name, p in self.module.named_parameters()}
        if not self.values:
            raise CheckFailed(UNREGISTERED)
        self.load({name: torch.randn(p.shape, dtype=F64) / 2 for name, p in self.values.items()})
        found = self(self.draw(3, FRAMES))
        if not float((found - found[:1]).abs().max()) > 1e-6:
            raise CheckFailed("La sortie ne dépend pas de l'entrée.")

    def draw(self, count, frames):
        return torch.randn(count, self.channels, frames, dtype=F64)

    def load(self, values):
        self.values = {**self.values, **values}
        self.module.load_state_dict({**self.module.state_dict(), **self.values})

    def __call__(self, x):
        what = f"la sortie de {self.told} pour {x.shape[2]} trames"
        shape = (len(x), self.classes)
        found = checks.tensor(self.module(x.clone()), shape=shape, dtype="floating", what=what)
        return checks.finite(found, what).detach()

    def groups(self):
        """Names of the parameters that make up the two weights and the two biases, a missing bias being empty."""
        sizes = {name: p.numel() for name, p in self.values.items()}
        first, second = (HIDDEN * self.channels * DELAYS[0], self.classes * HIDDEN * DELAYS[1])
        wanted = {"first": first, "second": second, "first bias": HIDDEN, "second bias": self.classes}
        found = {part: [n for n, size in sizes.items() if size == total] for part, total in wanted.items()}
        for part in ("first bias", "second bias"):
            found[part] = found[part][:1]  # another of this size belongs to a layer that is none of the two
        if any(len(found[part]) != 1 for part in ("first", "second")):  # split over several parameters
            biases = found["first bias"] + found["second bias"]
            weights = [name for name in sizes if name not in biases]
            found["first"] = [name for name in weights if sizes[name] % self.channels == 0]
            found["second"] = [name for name in weights if name not in found["first"]]
        for part, total in wanted.items():
            if sum(sizes[name] for name in found[part]) != total and (found[part] or "bias" not in part):
                raise CheckFailed(
                    f"Les paramètres de {self.told} ne sont pas ceux de deux couches de 8 et de {self.classes} unités, "
                    f"de noyaux 3 et 5 ; leurs formes : {', '.join(str(tuple(p.shape)) for p in self.values.values())}."
                )
        return found

    def give(self, names, numbers):
        """Put ``numbers``, a vector, into the parameters ``names``, one after the other."""
        parts = numbers.split([self.values[name].numel() for name in names])
        self.load({n: part.view(self.values[n].shape) for n, part in zip(names, parts, strict=True)})


def layouts(numbers, shape):
    """All ways to read ``numbers`` as a weight (units, inputs, delays)."""
    for order in permutations(range(3)):
        stored = numbers.view([shape[axis] for axis in order])
        weight = stored.permute([order.index(axis) for axis in range(3)])
        yield weight
        yield weight.flip(2)


def candidates(network):
    """Redraw the student's parameters; the reference with the same numbers, for every layout."""
    groups, shapes = (
        network.groups(),
        {
            "first": (HIDDEN, network.channels, DELAYS[0]),
            "second": (network.classes, HIDDEN, DELAYS[1]),
        },
    )
    weights, biases = {}, {}
    for part, shape in shapes.items():
        numbers = torch.randn(math.prod(shape), dtype=F64) * 3 / math.sqrt(math.prod(shape[1:]))
        network.give(groups[part], numbers)
        weights[part] = list(layouts(numbers, shape))
        bias = torch.randn(shape[0], dtype=F64) * bool(groups[f"{part} bias"])
        if groups[f"{part} bias"]:
            network.give(groups[f"{part} bias"], bias)
        biases[f"{part}.bias"] = bias
    ours = TDNN(network.channels, network.classes).double()
    for first, second in product(weights["first"], weights["second"]):
        ours.load_state_dict({"first.weight": first, "second.weight": second, **biases})
        yield ours


@points(5, "Une fenêtre de sept trames")
def test_one_window_has_the_values_of_the_figure(student):
    """8 unités sur 3 trames, sigmoïde, puis une unité par classe sur 5 trames, sigmoïde : 7 trames -> 5 -> 1."""
    network = Network(student)
    x = network.draw(4, FRAMES)
    found, closest = None, None
    with torch.no_grad():
        for ours in candidates(network):
            found = network(x) if found is None else found
            expected = ours(x)
            error = float((found - expected).abs().max())
            if closest is None or error < closest[0]:
                closest = (error, expected)
            if error < 1e-9:
                break
    checks.close(found, closest[1], "la sortie pour 7 trames", fan_in=TOLERANCE, dtype=F64)


@points(3, "La somme sur le temps")
def test_a_sequence_has_the_sum_of_its_windows(student):
    """La dernière couche a une sortie par fenêtre ; elles s'additionnent, sans moyenne, quelle que soit la durée."""
    network = Network(student)
    for frames in (15, 8, 29):
        x = network.draw(3, frames)
        windows = x.unfold(2, FRAMES, 1).transpose(1, 2)  # (N, L, C, 7)
        expected = network(windows.flatten(0, 1)).unflatten(0, (3, -1)).sum(1)
        told = f"la sortie pour {frames} trames, comparée à la somme de ses {frames - 6} fenêtres"
        checks.close(network(x), expected, told, fan_in=TOLERANCE, dtype=F64)


@points(2, "515 paramètres")
def test_the_number_of_parameters(student):
    """16 · 3 · 8 + 8 = 392 pour la première couche, 8 · 5 · 3 + 3 = 123 pour la seconde, et rien de plus."""
    Network(student)
    module = checks.unfilled(student, student.TDNN)
    table = checks.parameters(student, module, "le réseau", example=[(2, 16, 15)])
    checks.parameter_count(table, 515, "le réseau", CONFUSIONS)


@points(2, "D'autres nombres de coefficients et de classes")
def test_other_numbers_of_channels_and_classes(student):
    """`in_channels` et `num_classes` fixent les tailles ; chaque sortie dépend de tous les coefficients."""
    for channels, classes in ((13, 7), (5, 2), (3, 16)):
        network = Network(student, channels, classes)
        x = network.draw(6, 9)
        before = network(x)
        for channel in range(channels):
            changed = x.clone()
            changed[:, channel] += 1
            unmoved = int(((network(changed) - before).abs().amax(0) < 1e-9).sum())
            assert not unmoved, (
                f"{network.told} : un coefficient ne change pas {unmoved} des {classes} sorties."
            )
    named = student.TDNN(num_classes=4, in_channels=6)
    checks.tensor(named(torch.rand(2, 6, 10)), shape=(2, 4), what="la sortie, arguments donnés par leur nom")


@points(1, "Chaque séquence pour soi, en entraînement comme en évaluation")
def test_each_sequence_is_independent_of_the_batch(student):
    """La sortie pour une séquence ne dépend ni des autres, ni du mode ; un lot d'une séquence garde son axe."""
    network = Network(student)
    x, outputs = network.draw(4, 11) * torch.tensor([1.0, 0.2, 3.0, 1.0], dtype=F64).view(4, 1, 1), []
    for training in (True, False):
        network.module.train(training)
        checks.batch_independence(network.module, x, "la sortie")
        outputs.append(network(x))
    told = "la sortie en évaluation, comparée à celle en entraînement"
    checks.close(outputs[1], outputs[0], told, fan_in=TOLERANCE, dtype=F64)


@points(2, "Tout s'apprend")
def test_gradients_are_the_slopes_of_the_outputs(student):
    """Le gradient atteint l'entrée et chaque paramètre : pas de `detach`, de `.data` ni de couche gelée."""
    network = Network(student)
    x, v = network.draw(4, 10).requires_grad_(), torch.randn(4, 3, dtype=F64)
    found = checks.tensor(network.module(x), shape=(4, 3), requires_grad=True, what="la sortie")
    (found * v).sum().backward()
    gradients = {name: p.grad for name, p in network.module.named_parameters()}
    check_slope("l'entrée", x.grad, x.detach(), lambda moved: (network(moved) * v).sum())
    for name, p in dict(network.values).items():
        check_slope(
            f"`{name}`", gradients.get(name), p, lambda moved, n=name: moved_output(network, n, moved, x, v)
        )


def moved_output(network, name, value, x, v):
    kept = network.values[name]
    network.load({name: value})
    output = (network(x.detach()) * v).sum()
    network.load({name: kept})
    return output


def check_slope(told, gradient, value, f):
    """The gradient along a random direction is a central difference: 1e-10 of truncation and rounding, 1e-6 allowed."""
    if gradient is None:
        raise CheckFailed(f"Le gradient n'atteint pas {told}.")
    u, step = torch.randn(value.shape, dtype=F64), 1e-5
    slope = (f(value + step * u) - f(value - step * u)) / (2 * step)
    error = float((gradient * u).sum() - slope)
    allowed = 1e-6 * (1 + float(slope.abs()))
    if not abs(error) < allowed:
        raise CheckFailed(
            f"Le gradient pour {told} s'écarte de {checks.decimal(abs(error))} de la pente mesurée."
        )
