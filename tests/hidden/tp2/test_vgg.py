"""Hidden suite of ``vgg``: the network with weights drawn here is the reference with the same weights, in float64.

Attribute names and their order are free: where all widths of a configuration differ, the shape of a weight tells its
layer. Values and gradients are identities in float64 (alpha = 0); the law of the initial weights is judged by
``checks.he``, alpha = 1e-9 for each of six layers.

One mistake should cost its own test: away from the tests of sizes and of arguments, images are 32 x 32 with three
channels, and there are ten classes; only the first test has configurations that begin or end with a pooling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import gate, points
from reference.models import vgg as reference_vgg

F64 = torch.float64
ROUNDINGS = 4096  # 4e-12 of the largest value; the smallest mistake changes 1e-2
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


@dataclass(frozen=True)
class Case:
    """One network by its arguments, and the sizes of its images."""

    config: tuple[int | str, ...]
    options: dict[str, int | bool] = field(default_factory=dict)
    sizes: tuple[tuple[int, int], ...] = ((32, 32),)

    @property
    def told(self):
        told = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"vgg({list(self.config)}{', ' if told else ''}{told})"

    def images(self, size):
        return torch.randn(2, self.options.get("in_channels", 3), *size, dtype=F64)


PLAIN = (
    Case((4, "M", 6, 5, "M", 7, "M")),
    Case((5, "M", "M", 4, 7)),
    Case(("M", 4, 7)),
    Case((6, 8)),
)
NORMED = (Case((4, "M", 6, 5), {"batch_norm": True}), Case((6, 5, "M", 8), {"batch_norm": True}))
SIZED = (
    Case((4, "M", 6, 5), sizes=((13, 22), (5, 9), (2, 3))),
    Case((6, "M", 4, "M", 7), sizes=((48, 20), (7, 6))),
)
ARGUED = (
    Case((4, "M", 6), {"in_channels": 1}),
    Case((4, "M", 6), {"num_classes": 3}),
    Case((4, "M", 6), {"num_classes": 7, "in_channels": 5}),
)
DRAWN = (12, 40, "M", 32)  # fans whose ratios are neither 2 nor 6: see checks.he
EVERY = (*PLAIN, *NORMED, *SIZED, *ARGUED)


class Network:
    """The student's network and the reference, in float64, with the same weights drawn here."""

    def __init__(self, student, case):
        self.case = case
        self.ours = reference_vgg(list(case.config), **case.options).double()
        self.theirs = student.vgg(list(case.config), **case.options)
        self.theirs.double()
        self.theirs(case.images((32, 32)))  # lazy layers learn their shapes
        self.names = names_of(self.theirs, self.ours, case.told)
        self._draw()

    def _draw(self):
        with torch.no_grad():
            for name, value in self.ours.state_dict().items():
                if value.is_floating_point():
                    value.copy_(numbers(name, value))
        state, ours = self.theirs.state_dict(), self.ours.state_dict()
        for name, layer in self.names.items():
            for kind in ("weight", "bias", "running_mean", "running_var"):
                key, mine = f"{layer}.{kind}", f"{name}.{kind}"
                if mine in ours and key in state:
                    state[key] = ours[mine].reshape(state[key].shape)
                elif mine in ours and kind == "bias":  # whether it is there is for another test
                    ours[mine].zero_()
        self.theirs.load_state_dict(state)

    def check(self, x, training=True, **expectations):
        """Compare outputs and return both."""
        for module in (self.ours, self.theirs):
            module.train(training)
        expected = self.ours(x)
        given = x.detach().clone().requires_grad_(x.requires_grad)
        what = f"la sortie de {self.case.told}"
        found = checks.tensor(self.theirs(given), shape=expected.shape, dtype=F64, what=what, **expectations)
        checks.close(found, expected, f"{what}, images {tuple(x.shape[2:])}", fan_in=ROUNDINGS)
        return given, found, expected


def numbers(name, value):
    """Numbers for a parameter or a statistic of the reference: what multiplies is away from zero."""
    kind = name.rpartition(".")[2]
    if value.ndim > 1:
        return torch.randn_like(value) * (2 / value[0].numel()) ** 0.5
    return (
        0.5 + torch.rand_like(value) if kind in ("weight", "running_var") else 0.5 * torch.randn_like(value)
    )


def names_of(theirs, ours, told):
    """For each layer of the reference with parameters, the name of the student's layer of that shape."""
    shapes = {name: tuple(p.shape) for name, p in theirs.named_parameters()}
    weights = {
        name: shape for name, shape in shapes.items() if len(shape) > 1 or name.rpartition(".")[2] == "weight"
    }
    found, free = {}, dict(weights)
    for name, layer in ours.named_children():
        if isinstance(layer, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            wanted = tuple(layer.weight.shape)
            fitting = [key for key, shape in free.items() if fits(shape, wanted)]
            if len(fitting) != 1:
                raise CheckFailed(missing(told, layer, weights))
            del free[fitting[0]]
            found[name] = fitting[0].rpartition(".")[0]
    if free:
        raise CheckFailed(f"{told} a un poids de trop, de forme {next(iter(free.values()))}.")
    return found


def fits(shape, wanted):
    """A 1x1 convolution is a linear layer."""
    return shape == wanted or (len(wanted) == 2 and shape == (*wanted, 1, 1))


def missing(told, layer, weights):
    kind = {
        nn.Conv2d: "convolution 3x3",
        nn.BatchNorm2d: "normalisation par lots",
        nn.Linear: "couche linéaire",
    }
    shapes = ", ".join(map(str, weights.values())) or "aucun"
    return (
        f"{told} n'a pas exactement une {kind[type(layer)]} là où il en faut une ; poids trouvés : {shapes}."
    )


def convolutions_of(student, options):
    """State of a new network, with the names of its 3x3 weights."""
    network = student.vgg(list(DRAWN), **options)
    network(torch.zeros(2, 3, 32, 32))  # lazy layers learn their shapes
    state = network.state_dict()
    names = [name for name, p in network.named_parameters() if p.ndim == 4 and tuple(p.shape[2:]) == (3, 3)]
    if len(names) != 3:
        raise CheckFailed(
            f"Un réseau de 3 convolutions doit avoir 3 poids (out, in, 3, 3) ; il en a {len(names)}."
        )
    return state, names


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Construisez le réseau à partir de `config` : `torchvision.models` est interdit."""
    builds = [partial(student.vgg, list(case.config), **case.options) for case in EVERY]
    builds += [partial(student.vgg, list(DRAWN), batch_norm=norm) for norm in (False, True)]
    whole = partial(student.at("autograder.standins.unfilled"), student.vgg, VGG16, 3, 1000)
    checks.own_architecture(student, ["vgg"], [*builds, whole])


@points(4, "Convolutions, ReLU, maximums, dans l'ordre de `config`")
def test_the_configuration_is_followed(student):
    """Un nombre : convolution 3x3 de bord 1, puis ReLU ; "M" : maximum de pas 2 ; enfin moyenne et couche linéaire."""
    for case in PLAIN:
        Network(student, case).check(case.images((32, 32)))


@points(3, "La normalisation par lots, si on la demande")
def test_batch_norm_stands_between_convolution_and_relu(student):
    """Avec `batch_norm=True`, chaque convolution est suivie d'une normalisation, puis de ReLU ; sans, d'aucune."""
    for case in NORMED:
        network = Network(student, case)
        network.check(case.images((32, 32)), training=False)
        network.check(case.images((32, 32)))


@points(3, "Des images de toutes tailles")
def test_images_of_any_size(student):
    """La moyenne porte sur toute la carte, quelle que soit sa taille : le même réseau lit toutes les images."""
    for case in SIZED:
        network = Network(student, case)
        for size in case.sizes:
            network.check(case.images(size))


@points(2, "`in_channels` et `num_classes`")
def test_channels_and_classes_are_arguments(student):
    """La première convolution reçoit `in_channels` canaux, la couche linéaire rend `num_classes` scores."""
    for case in ARGUED:
        Network(student, case).check(case.images((32, 32)))


@points(3, "Des poids initialisés selon He")
def test_the_convolutions_follow_he(student):
    """Variance 2 / fan_in ou 2 / fan_out, normale ou uniforme, pour chaque convolution, avec ou sans normalisation."""
    for options in ({}, {"batch_norm": True}):
        state, names = convolutions_of(student, options)
        for name in names:
            checks.he(state[name], f"Le poids `{name}`, de forme {tuple(state[name].shape)}")


@points(2, "Des biais nuls au départ")
def test_the_biases_of_the_convolutions_start_at_zero(student):
    """Chaque convolution a un biais, nul à la construction (libre devant une normalisation, qui l'efface)."""
    for options in ({}, {"batch_norm": True}):
        state, names = convolutions_of(student, options)
        for name in names:
            key = f"{name.rpartition('.')[0]}.bias"
            if key in state or not options:
                checks.zero_bias(state.get(key), f"le biais de la convolution `{name}`")


@points(2, "Les gradients")
def test_gradients_reach_the_image_and_every_layer(student):
    """Toutes les couches s'apprennent : pas de `detach`, de `no_grad` ni de couche figée."""
    case = SIZED[1]
    network = Network(student, case)
    x = case.images((32, 32)).requires_grad_()
    given, found, expected = network.check(x, requires_grad=True)
    v = torch.randn(expected.shape, dtype=F64)
    expected.backward(v)
    found.backward(v)
    parameters = dict(network.theirs.named_parameters())
    wanted = {"l'image": (given, x.grad)}
    for name, p in network.ours.named_parameters():
        layer, _, kind = name.rpartition(".")
        key = f"{network.names[layer]}.{kind}"
        if key in parameters:
            wanted[f"`{key}`"] = (parameters[key], p.grad.reshape(parameters[key].shape))
    for told, (leaf, gradient) in wanted.items():
        if leaf.grad is None:
            raise CheckFailed(f"Le gradient n'arrive pas jusqu'à {told}.")
        checks.close(leaf.grad, gradient, f"le gradient de {told}", fan_in=ROUNDINGS)


@points(2, "VGG-16")
def test_the_layers_of_vgg16(student):
    """La configuration de VGG-16 répète ses largeurs : treize convolutions et une couche linéaire, pas une de moins."""
    config, expected = student.keep(VGG16), []
    channels = 3
    for width in (entry for entry in VGG16 if entry != "M"):
        expected += [(width, channels, 3, 3), (width,)]
        channels = width
    for call in ("premier", "second"):
        module = checks.unfilled(student, student.vgg, config, 3, 1000)
        table = checks.parameters(student, module, example=[(1, 3, 64, 64)])
        what = f"le {call} réseau VGG-16 construit avec la même liste"
        checks.layer_shapes(table, [*expected, (1000, 512), (1000,)], what)
