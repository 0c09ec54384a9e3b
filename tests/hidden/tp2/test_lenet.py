"""Hidden suite of ``lenet``: the network is judged by what it computes, whatever its attributes are called.

Non-linearity and pooling are free, so no oracle gives values; identities do, in float64 (alpha = 0 unless stated):

- Without border, a 5 x 5 convolution of a constant image is constant, and a pooling leaves a constant map as it is (a
  sum multiplies it). So on constant images it is a multi-layer perceptron 1 -> 6 -> 16 -> 120 -> 84 -> 10, with
  nothing but phi between layers L and L + 1. Multiplying what enters phi by c and dividing the weights behind it by c
  changes nothing for c = -1 only if phi is odd, for c = 2 only if phi(2 z) = 2 phi(z): both hold for every linear phi,
  not both for ReLU, tanh, sigmoid and their kin. It also tells a max pooling from a non-linearity.
- The last layer is affine: its weight and bias times c give the logits times c; softmax, ReLU and the like do not.
- With all weights of C5 equal, the network sums the 5 x 5 maps: moving a patch by 4 pixels, two poolings' steps, moves
  these maps by one and changes nothing.

A layer's parameters are found by their number of elements, no two of which are equal, and redrawn. A unit of a ReLU
network is dead with probability 1/2 for one image: all 16 of a layer for a whole draw with less than 2^-16, for all
three draws with less than 4e-15.
"""

from __future__ import annotations

import ast
import math
from importlib.util import find_spec
from pathlib import Path

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import gate, points

F64 = torch.float64
SIZES = {  # (elements of the weight, of the bias, inputs of a unit), in the order of computation
    "C1": (6 * 25, 6, 25),
    "C3": (16 * 150, 16, 150),
    "C5": (120 * 400, 120, 400),
    "F6": (84 * 120, 84, 120),
    "sortie": (10 * 84, 10, 84),
}
SHAPES = ((6, 25), (6,), (16, 150), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,))
CONFUSIONS = {
    "ce réseau sans aucun biais": 61470,
    "ce réseau, ses convolutions n'ayant pas de biais": 61684,
    "ce réseau, ses couches denses n'ayant pas de biais": 61492,
    "l'article de 1998, à C3 incomplète et sous-échantillonnages à poids": 60850,
    "ce réseau, chaque carte ayant deux poids de plus (normalisation, sous-échantillonnage)": 61750,
    "ce réseau pour des images en couleurs": 62006,
    "ce réseau sans la couche de 84 neurones": 51902,
}
DRAWS = 3
UNCHANGED = 1e-9  # relative: rounding leaves 1e-14, a non-linearity changes more than 1e-4
UNREGISTERED = (
    "Le réseau n'a aucun paramètre enregistré : une liste Python ou un simple tenseur ne l'enregistrent pas "
    "(nn.Conv2d, nn.Linear, nn.Parameter, nn.ModuleList le font), et une couche créée dans `forward` non plus."
)
TOLERANCE = 1000  # roundings in float64: 9e-13 of the largest value


class Network:
    """The student's network in float64, with parameters drawn here.

    Attributes:
        module: the handle.
        values: the parameters by name, as they are now.
    """

    def __init__(self, student):
        self.module = student.LeNet5()
        checks.tensor(
            self.module(torch.rand(2, 1, 32, 32)), shape=(2, 10), dtype="floating", what="la sortie"
        )
        self.module.double()
        self.module.eval()  # that training is no different has a test of its own
        self.values = {name: p.detach() for name, p in self.module.named_parameters()}
        if not self.values:
            raise CheckFailed(UNREGISTERED)
        self.redraw()
        x = torch.randn(3, 1, 32, 32, dtype=F64)
        found = self(x)
        spread = float((found - found[:1]).abs().max())
        if not spread > 1e-6:
            raise CheckFailed("La sortie ne dépend pas de l'image.")

    def redraw(self):
        """Weights of variance 2 / inputs, biases of variance 1."""
        inputs = {weight: fan for weight, _, fan in SIZES.values()}
        self.load(
            {
                name: torch.randn(p.shape, dtype=F64) * math.sqrt(2 / inputs.get(p.numel(), 2))
                for name, p in self.values.items()
            }
        )

    def load(self, values):
        self.values = {**self.values, **values}
        self.module.load_state_dict({**self.module.state_dict(), **self.values})

    def __call__(self, x, what="la sortie"):
        found = checks.tensor(self.module(x.clone()), shape=(len(x), 10), dtype="floating", what=what)
        return checks.finite(found, what).detach()

    def named(self, layer):
        """Names of the layer's weight and bias; the bias is None where there is none."""
        found = []
        for size in SIZES[layer][:2]:
            names = [name for name, p in self.values.items() if p.numel() == size]
            found.append(names[0] if names else None)  # another of this size belongs to a layer too many
        if found[0] is None:
            raise CheckFailed(
                f"La couche {layer} n'a pas été trouvée : aucun paramètre n'a {SIZES[layer][0]} éléments."
            )
        return found

    def scaled(self, layer, factor, bias=True):
        weight, shift = self.named(layer)
        return {n: self.values[n] * factor for n in (weight, shift if bias else None) if n}


def ready_made():
    """Names that torchvision.models offers, read from its files: importing it takes seconds."""
    folder = Path(str(find_spec("torchvision").origin)).parent / "models"
    names = {"models", "hub"}
    for file in folder.glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                names |= {part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)}
    return sorted(names)


@gate("Sans réseau tout fait de torchvision")
def test_no_ready_made_network(student):
    """Construisez le réseau couche par couche, sans `torchvision.models`."""
    checks.forbidden(student, ["LeNet5"], ready_made())


@points(3, "Les couches de la figure : 61 706 paramètres")
def test_the_layers_have_the_shapes_of_the_figure(student):
    """Deux convolutions 5 x 5 (6 et 16 cartes), puis 120, 84 et 10 neurones, chacune des couches avec ses biais."""
    Network(student)
    module = checks.unfilled(student, student.LeNet5)
    table = checks.parameters(student, module, "le réseau", example=[(2, 1, 32, 32)])
    checks.parameter_count(table, 61_706, "le réseau", CONFUSIONS)
    checks.layer_shapes(table, SHAPES, "le réseau")


def check_non_linear(student, layers):
    network = Network(student)
    pairs = dict(zip(SIZES, [*list(SIZES)[1:], None], strict=True))
    for layer in layers:
        changes = {-1.0: 0.0, 2.0: 0.0}
        for _ in range(DRAWS):
            network.redraw()
            x = torch.linspace(-3, 3, 8, dtype=F64)[:, None, None, None].expand(-1, 1, 32, 32)
            before, kept = network(x), dict(network.values)
            for c in changes:
                network.load({**network.scaled(layer, c), **network.scaled(pairs[layer], 1 / c, bias=False)})
                changes[c] = max(changes[c], float((network(x) - before).abs().max() / before.abs().max()))
                network.load(kept)
        if max(changes.values()) < UNCHANGED:
            raise CheckFailed(
                f"Aucune non-linéarité n'agit entre {layer} et {pairs[layer]} : ces deux couches n'en font qu'une."
            )


@points(2, "Une non-linéarité après chaque convolution")
def test_a_non_linearity_follows_each_convolution(student):
    """C1 et C3 sont suivies d'une fonction non linéaire (tanh, ReLU…) ; le maximum d'un pooling n'en est pas une."""
    check_non_linear(student, ("C1", "C3"))


@points(2, "Une non-linéarité après chaque couche dense cachée")
def test_a_non_linearity_follows_each_hidden_dense_layer(student):
    """C5 (120) et F6 (84) sont chacune suivies d'une fonction non linéaire."""
    check_non_linear(student, ("C5", "F6"))


@points(2, "Des scores, sans rien après la dernière couche")
def test_the_last_layer_is_affine(student):
    """Les dix sorties sont des scores (logits) : aucune fonction, softmax ou autre, ne suit la dernière couche."""
    network = Network(student)
    x = torch.randn(5, 1, 32, 32, dtype=F64)
    before, kept = network(x), dict(network.values)
    for c in (-1.0, 2.0, 0.0):
        network.load(network.scaled("sortie", c))
        told = f"la sortie quand le poids et le biais de la dernière couche sont multipliés par {c:g}"
        checks.close(
            network(x), c * before, told, fan_in=TOLERANCE, scale=float(before.abs().max()), dtype=F64
        )
        network.load(kept)


@points(2, "Un détecteur qui glisse sur l'image")
def test_the_convolutions_slide_over_the_image(student):
    """Sans bord ajouté et avec des poolings de pas 2, un motif déplacé de 4 pixels déplace les cartes de S4 d'un."""
    network = Network(student)
    weight = network.named("C5")[0]
    network.load({weight: torch.full_like(network.values[weight], 0.005)})
    x = torch.full((4, 1, 32, 32), 0.3, dtype=F64)
    patch = 2 * torch.randn(3, 3, dtype=F64)
    for image, (row, column) in zip(x, ((12, 12), (16, 12), (12, 16), (16, 16)), strict=True):
        image[0, row : row + 3, column : column + 3] = patch
    plain = torch.full((1, 1, 32, 32), 0.3, dtype=F64)
    found = network(torch.cat([plain, x]))
    seen = float((found[1] - found[0]).abs().max())
    if not seen > 1e-8:
        raise CheckFailed("Un motif au milieu de l'image ne change pas la sortie.")
    told = "la sortie pour un motif déplacé de 4 pixels, C5 ayant des poids tous égaux"
    checks.close(found[2:], found[1:2].expand(3, -1), told, fan_in=TOLERANCE, dtype=F64)


@points(1, "Chaque pixel compte")
def test_the_scores_depend_on_each_pixel(student):
    """Les 32 x 32 pixels sont vus : aucun bord n'est coupé, le pooling regarde toute sa fenêtre de 2 x 2."""
    network = Network(student)
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    border = torch.minimum(rows, columns).minimum(31 - torch.maximum(rows, columns)) < 2
    places = torch.nonzero(border | (torch.rand(32, 32) < 0.05))
    each = torch.arange(len(places))
    seen = torch.zeros(len(places), dtype=torch.bool)
    for draw in range(6):
        network.redraw()
        x = torch.randn(1, 1, 32, 32, dtype=F64)
        changed = x.repeat(len(places), 1, 1, 1)
        changed[each, 0, places[:, 0], places[:, 1]] = 100.0 if draw % 2 else -100.0
        found = network(torch.cat([x, changed]))
        seen |= ((found[1:] - found[:1]).abs() > 1e-9).any(1)
        if bool(seen.all()):
            break
    unseen = int((~seen).sum())
    assert not unseen, (
        f"Changer un pixel ne change pas les scores, pour {unseen} pixels sur {len(places)} essayés."
    )


@points(2, "Chaque image pour soi, en entraînement comme en évaluation")
def test_each_image_is_independent_of_the_batch(student):
    """Les scores d'une image ne dépendent ni des autres, ni du mode : pas de normalisation par lots, pas de dropout."""
    network = Network(student)
    x = torch.randn(4, 1, 32, 32, dtype=F64) * torch.tensor([1.0, 0.2, 3.0, 1.0], dtype=F64).view(4, 1, 1, 1)
    outputs = []
    for training in (True, False):
        network.module.train(training)
        checks.batch_independence(network.module, x, "les scores")
        outputs.append(network(x))
    checks.close(
        outputs[1], outputs[0], "les scores en évaluation, comparés à ceux en entraînement", fan_in=TOLERANCE
    )


@points(2, "Tout s'apprend")
def test_gradients_reach_every_parameter(student):
    """Le gradient atteint chaque poids et chaque biais : pas de `detach`, de `.data` ni de couche gelée."""
    network = Network(student)
    x, v = torch.randn(16, 1, 32, 32, dtype=F64), torch.randn(16, 10, dtype=F64)
    found = checks.tensor(network.module(x), shape=(16, 10), requires_grad=True, what="la sortie")
    (found * v).sum().backward()
    gradients = {name: p.grad for name, p in network.module.named_parameters()}
    missing = [name for name, g in gradients.items() if g is None or not bool(g.any())]
    assert not missing, f"Le gradient n'atteint pas {len(missing)} paramètres, dont `{missing[0]}`."
    weight = network.named("sortie")[0]
    kept, step, outputs = network.values[weight], 1e-5, []
    u = torch.randn(kept.shape, dtype=F64)
    for sign in (1, -1):
        network.load({weight: kept + sign * step * u})
        outputs.append(float((network(x) * v).sum()))
    slope = (outputs[0] - outputs[1]) / (2 * step)
    error = abs(float((gradients[weight] * u).sum()) - slope)
    if not error < 1e-6 * (1 + abs(slope)):
        raise CheckFailed(
            f"Le gradient de la dernière couche s'écarte de {checks.decimal(error)} de la pente mesurée."
        )
