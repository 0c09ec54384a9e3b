"""Hidden suite of ``resnet``: the block with weights drawn here is the reference with the same weights, in float64.

Attribute names and their order are free. A layer is a module with a ``weight``; its shape tells a convolution, the 1x1
projection, a batch norm. Where layers have the same shape (the batch norms; both convolutions of a block that keeps its
width), the roles are those under which the block's outputs are nearest to the reference's: a right block equals it to
rounding, a wrong one under no assignment. alpha = 0.

One mistake should cost its own test: identity, new width and stride have a test each while training, and the others
look at a block that has both a new width and a stride.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import permutations, product

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import gate, points
from reference.models import ResidualBlock as ReferenceBlock

F64 = torch.float64
ROUNDINGS = 4096  # 4e-12 of the largest value; the smallest mistake changes 1e-3
BOTH = (3, 5, 2)


@dataclass(frozen=True)
class Case:
    """One block by its arguments, and the size of its images."""

    arguments: tuple[int, ...]  # in_channels, out_channels, stride
    size: tuple[int, int] = (6, 9)
    batch: int = 3

    @property
    def told(self):
        return f"ResidualBlock({', '.join(map(str, self.arguments))})"

    @property
    def projects(self):
        return self.arguments[0] != self.arguments[1] or self.arguments[2:] not in ((), (1,))

    def images(self):
        return torch.randn(self.batch, self.arguments[0], *self.size, dtype=F64)


IDENTITY = (Case((4, 4)), Case((3, 3, 1), (5, 4)), Case((6, 6), (1, 7), 2))
WIDER = (Case((3, 5)), Case((6, 2, 1), (5, 4)))
STRIDED = (
    Case((4, 4, 2), (8, 10)),
    Case((3, 3, 2), (7, 9)),
    Case((2, 5, 2), (5, 8)),
    Case((4, 3, 3), (10, 8)),
)
REDUCED = (Case(BOTH, (8, 10)), Case(BOTH, (7, 5)))


class Block:
    """The student's block in float64, with weights drawn here.

    Attributes:
        module: the handle.
        layers: names of the convolutions, projection first, and of the batch norms.
    """

    def __init__(self, student, case):
        self.case = case
        self.module = student.ResidualBlock(*case.arguments)
        self.module.double()
        state = state_of(self.module)
        shapes = {name: tuple(value.shape) for name, value in self.module.named_parameters()}
        self.layers = layers_of(shapes, case)
        self.state = {name: redrawn(name, value, self.layers[1]) for name, value in state.items()}
        self.module.load_state_dict(self.state)

    def references(self):
        """The reference with the block's weights, once for each assignment of layers to roles."""
        convolutions, norms = self.layers
        projection, others = convolutions[:-2], convolutions[-2:]
        roles = ["conv1", "conv2", "conv3"], ["norm1", "norm2", "norm3"]
        for pair, order in product(permutations(others), permutations(norms)):
            names = dict(zip(roles[0], (*pair, *projection), strict=False))
            names |= dict(zip(roles[1], order, strict=False))
            reference = ReferenceBlock(*self.case.arguments, bias=True).double()
            if self._fill(reference, names):
                yield names, reference

    def _fill(self, reference, names):
        """Whether the weights fit; a layer without bias has a bias of zero."""
        wanted = reference.state_dict()
        for key, value in wanted.items():
            role, _, kind = key.rpartition(".")
            found = self.state.get(f"{names[role]}.{kind}")
            if found is None:
                found = torch.zeros_like(value) if kind == "bias" else value
            if found.numel() != value.numel() or (found.ndim > 1 and found.shape[:2] != value.shape[:2]):
                return False
            wanted[key] = found.reshape(value.shape)
        reference.load_state_dict(wanted)
        return True

    def output(self, x, **expectations):
        shape = (len(x), self.case.arguments[1], *(reduced(n, self.case) for n in x.shape[2:]))
        found = checks.tensor(self.module(x), shape=shape, dtype=F64, what=self.told, **expectations)
        return checks.finite(found, self.told)

    @property
    def told(self):
        return f"la sortie de {self.case.told}"

    def check(self, x, training=True, **expectations):
        """Compare outputs; what the block returned, the nearest reference, what it returned, names by role."""
        self.module.train(training)
        given = x.detach().clone().requires_grad_(x.requires_grad)
        found = self.output(given, **expectations)
        checks.equal(given, x, f"l'entrée de {self.case.told}, après l'appel")
        best = min(
            ((names, reference, reference.train(training)(x)) for names, reference in self.references()),
            key=lambda candidate: float((candidate[2] - found).detach().abs().max()),
        )
        checks.close(found, best[2], f"{self.told}, images {self.case.size}", fan_in=ROUNDINGS)
        return given, found, best


def reduced(size, case):
    """Rows or columns that are left after the stride."""
    stride = case.arguments[2] if len(case.arguments) > 2 else 1
    return -(-size // stride)


def state_of(module):
    state = module.state_dict()
    if not isinstance(state, dict) or not state:
        raise CheckFailed("Le bloc n'a aucun paramètre enregistré.")
    return state


def layers_of(shapes, case):
    """Names of convolutions, projection first, and of batch norms; their numbers and shapes must be right."""
    out = case.arguments[1]
    kernels = {name.rpartition(".")[0]: shape for name, shape in shapes.items() if len(shape) > 1}
    # a 1x1 convolution may be a linear layer over the channels
    kernels = {name: (*shape, 1, 1)[:4] if len(shape) == 2 else shape for name, shape in kernels.items()}
    norms = [name.rpartition(".")[0] for name, shape in shapes.items() if shape == (out,) and is_weight(name)]
    wanted = sorted([(out, case.arguments[0], 3, 3), (out, out, 3, 3)])
    wanted += [(out, case.arguments[0], 1, 1)] if case.projects else []
    if sorted(kernels.values()) != sorted(wanted) or len(norms) != len(wanted):
        why = "1x1 avec sa normalisation" if case.projects else "sans paramètre : c'est l'entrée elle-même"
        raise CheckFailed(
            f"{case.told} doit avoir deux convolutions 3x3, chacune avec sa normalisation, et un raccourci {why} ; "
            f"trouvé : poids de convolution {', '.join(map(str, kernels.values())) or 'aucun'}, "
            f"{len(norms)} normalisations."
        )
    return sorted(kernels, key=lambda name: kernels[name][2:]), norms


def is_weight(name):
    return name.rpartition(".")[2] == "weight"


def redrawn(name, value, norms):
    """New numbers for a parameter or a running statistic: scales and variances positive, nothing near zero."""
    if not value.is_floating_point():
        return value
    positive = "var" in name or (is_weight(name) and name.rpartition(".")[0] in norms)
    scale = 0.5 + torch.rand(value.shape, dtype=F64)
    return scale if positive else torch.randn(value.shape, dtype=F64) * 0.5


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le bloc vous-même : `torchvision.models` (et son `BasicBlock`) est interdit."""
    cases = (*IDENTITY, *WIDER, *STRIDED, *REDUCED)
    builds = [partial(student.ResidualBlock, *case.arguments) for case in cases]
    checks.own_architecture(student, ["ResidualBlock"], builds)


@points(4, "Un raccourci qui est l'entrée elle-même")
def test_the_input_itself_is_added_before_the_last_relu(student):
    """Sans changement de forme, ReLU(F(x) + x) : le raccourci n'a ni couche ni paramètre, ReLU vient après la somme."""
    student.mirror()
    for case in IDENTITY:
        Block(student, case).check(case.images())


@points(3, "Une projection quand le nombre de canaux change")
def test_a_projection_where_the_width_changes(student):
    """Si in_channels et out_channels diffèrent, le raccourci est une convolution 1x1 suivie d'une normalisation."""
    for case in WIDER:
        Block(student, case).check(case.images())


@points(3, "Le pas")
def test_the_first_convolution_and_the_projection_take_the_stride(student):
    """Le pas est celui de la première convolution 3x3 et de la projection, même à nombre de canaux égal."""
    for case in STRIDED:
        Block(student, case).check(case.images())


@points(3, "En évaluation")
def test_evaluation_uses_the_running_statistics(student):
    """En évaluation, chaque normalisation prend ses statistiques glissantes : une image ne dépend pas des autres."""
    for case in REDUCED:
        Block(student, case).check(case.images(), training=False)


@points(2, "Les statistiques glissantes")
def test_training_updates_the_running_statistics(student):
    """Chaque normalisation du bloc a ses statistiques, mises à jour une fois par appel avec le momentum par défaut."""
    for case in REDUCED:
        block = Block(student, case)
        _, _, (names, reference, _) = block.check(case.images())
        found = state_of(block.module)
        for role in ("norm1", "norm2", "norm3"):
            for kind in ("running_mean", "running_var"):
                key = f"{names[role]}.{kind}"
                what = f"`{key}` après un lot"
                if key not in found:
                    raise CheckFailed(f"{what} n'existe pas.")
                checks.close(found[key], reference.state_dict()[f"{role}.{kind}"], what, fan_in=ROUNDINGS)


@points(3, "Les gradients")
def test_gradients_take_both_paths(student):
    """Le gradient revient par F et par le raccourci, jusqu'à l'image et à chaque paramètre : pas de `detach`."""
    for case in REDUCED:
        block = Block(student, case)
        x = case.images().requires_grad_()
        given, found, (names, reference, expected) = block.check(x, requires_grad=True)
        v = torch.randn(expected.shape, dtype=F64)
        expected.backward(v)
        found.backward(v)
        checks.close(gradient(given, "l'image"), x.grad, "le gradient de l'image", fan_in=ROUNDINGS)
        parameters = dict(block.module.named_parameters())
        for key, wanted in reference.named_parameters():
            role, _, kind = key.rpartition(".")
            name = f"{names[role]}.{kind}"
            if kind == "bias" and role.startswith("conv"):  # batch norm cancels it
                continue
            what = f"le gradient de `{name}`"
            found_gradient = gradient(parameters[name], f"`{name}`").reshape(wanted.shape)
            checks.close(found_gradient, wanted.grad, what, fan_in=ROUNDINGS)


def gradient(leaf, told):
    if leaf.grad is None:
        raise CheckFailed(f"Le gradient n'arrive pas jusqu'à {told}.")
    return leaf.grad
