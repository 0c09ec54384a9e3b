"""Hidden suite of ``conv_block``: values and gradients for weights drawn here, then the law of the initial ones.

Attribute names are free: the weight is the parameter with four axes, the bias the one with one. Values are identities
in float64 (alpha = 0); equivariance under shifts follows from them. Only one test looks at what the ReLU does to
negative numbers: the others compare what is left of a result after a ReLU of their own.

He initialisation by ``checks.he``, alpha = 1e-9 a check: 6,912 weights of a layer with fan_in = fan_out (383 tell
Xavier from He there) and 12,960 of one whose fans differ by 3 (2,300 tell Xavier, 930 the mean of both fans).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.layers import conv2d, pair

F64 = torch.float64


@dataclass(frozen=True)
class Case:
    """One block, by its arguments, and the size of its images."""

    channels: tuple[int, int]
    kernel: int | tuple[int, int]
    options: tuple[int | tuple[int, int], ...] = ()  # stride, padding
    size: tuple[int, int] = (7, 9)

    @property
    def told(self):
        return f"ConvBlock({', '.join(map(str, (*self.channels, self.kernel, *self.options)))})"

    def image(self):
        return torch.randn(2, self.channels[0], *self.size, dtype=F64)


PLAIN = (Case((3, 5), 3), Case((2, 4), (2, 4)), Case((4, 3), 1, size=(5, 6)))
STRIDED = (
    Case((3, 5), 3, (2, 1), (8, 11)),
    Case((2, 4), (3, 2), (3, 0), (9, 12)),
    Case((2, 4), 2, (1, 2)),
    Case((3, 4), (3, 5), ((2, 3), (1, 2)), (8, 10)),
    Case((3, 2), (2, 3), (1, (0, 2))),
)


class Block:
    """The student's block with a weight and a bias drawn here.

    Attributes:
        module: the handle, in float64.
        weight, bias: what it holds now, as leaves of our own.
    """

    def __init__(self, student, case, bias=False):
        self.case = case
        self.module = student.ConvBlock(*case.channels, case.kernel, *case.options)
        self.module.double()
        self.names = names_of(self.module, case)
        self.weight = torch.randn(case.channels[1], case.channels[0], *pair(case.kernel), dtype=F64)
        self.bias = torch.randn(case.channels[1], dtype=F64) * bias
        values = {name: v for name, v in zip(self.names, (self.weight, self.bias), strict=True) if name}
        self.module.load_state_dict({**self.module.state_dict(), **values})

    def expected(self, x):
        """Before the ReLU."""
        return conv2d(x, self.weight, self.bias, *self.case.options)

    def found(self, x, like):
        return checks.tensor(self.module(x), shape=like.shape, dtype="floating", what=self.case.told)

    def check(self, found, expected, x):
        size = conv2d(x.detach().abs(), self.weight.detach().abs(), None, *self.case.options).max()
        fan_in = self.weight[0].numel() + 8
        checks.close(found, expected, self.case.told, fan_in=fan_in, scale=float(size + 4), dtype=F64)


def names_of(module, case):
    """Names of the weight and of the bias, None if there is none; a block has no other parameter."""
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    weight_shape, bias_shape = (case.channels[1], case.channels[0], *pair(case.kernel)), (case.channels[1],)
    weights = [name for name, shape in shapes.items() if shape == weight_shape]
    biases = [name for name, shape in shapes.items() if shape == bias_shape]
    if len(weights) != 1 or len(biases) > 1 or len(shapes) > 2:
        raise CheckFailed(
            f"{case.told} doit avoir un poids (out_channels, in_channels, kh, kw) et un biais (out_channels,), "
            f"et aucun autre paramètre ; les formes trouvées sont : {', '.join(map(str, shapes.values())) or 'aucune'}."
        )
    return weights[0], biases[0] if biases else None


def new_parameters(student, case):
    """Weight and bias of a block as its constructor leaves them."""
    module = student.ConvBlock(*case.channels, case.kernel, *case.options)
    (weight, bias), state = names_of(module, case), module.state_dict()
    return checks.finite(state[weight], f"le poids de {case.told}"), state.get(bias)


def check_after_relu(student, case, bias=False):
    block, x = Block(student, case, bias), case.image()
    expected = block.expected(x)
    block.check(block.found(x.clone(), expected).clamp(min=0), expected.clamp(min=0), x)


@points(4, "Une convolution, puis ReLU")
def test_a_convolution_then_a_relu(student):
    """La sortie est max(0, convolution) : rien de négatif n'en sort, ce qui est positif passe tel quel."""
    for case in PLAIN:
        block, x = Block(student, case), case.image()
        expected = block.expected(x).clamp(min=0)
        block.check(block.found(x.clone(), expected), expected, x)


@points(3, "Le pas et le bord")
def test_stride_and_padding(student):
    """`stride` et `padding` sont des entiers ou des couples (lignes, colonnes), dans cet ordre, pour la convolution."""
    for case in STRIDED:
        check_after_relu(student, case)
    keywords = {"kernel_size": 3, "in_channels": 2, "padding": 1, "out_channels": 4, "stride": 2}
    found = checks.tensor(student.ConvBlock(**keywords)(torch.ones(1, 2, 6, 8)), what="la sortie")
    checks.tensor(found, shape=(1, 4, 3, 4), what="la sortie, arguments donnés par leur nom")


@points(3, "Un biais, ajouté avant ReLU")
def test_the_bias_comes_before_the_relu(student):
    """Chaque canal de sortie a son biais, ajouté à la convolution, avant ReLU."""
    for case in (PLAIN[0], PLAIN[1]):
        check_after_relu(student, case, bias=True)


@points(2, "Un biais nul au départ")
def test_the_bias_starts_at_zero(student):
    """Le biais est mis à zéro à la construction ; PyTorch ne le fait pas de lui-même."""
    for case in PLAIN:
        checks.zero_bias(new_parameters(student, case)[1], f"le biais de {case.told}")
        check_after_relu(student, case)


@points(5, "Un poids initialisé selon He")
def test_the_weight_follows_he(student):
    """Variance 2 / fan_in (ou 2 / fan_out), loi normale ou uniforme : fan_in = in_channels · kh · kw."""
    for case in (Case((16, 16), 3), Case((12, 36), (2, 5))):
        draws = checks.unique([new_parameters(student, case)[0] for _ in range(3)])
        if len(draws) < 3:  # a fixed seed, which another test judges: as many weights from a wider block
            wide = Case((case.channels[0] * 2, case.channels[1] * 2), case.kernel)
            draws = [new_parameters(student, wide)[0]]
        checks.he(draws, f"Le poids de {case.told}")


@points(1, "De nouveaux nombres pour chaque bloc")
def test_each_block_draws_its_own_numbers(student):
    """Ne fixez pas de graine : deux blocs de même taille auraient les mêmes poids."""
    draws = [new_parameters(student, PLAIN[0])[0] for _ in range(3)]
    checks.distinct(draws, "Le poids de trois blocs de même taille")
    check_after_relu(student, PLAIN[0])


@points(3, "Les gradients")
def test_gradients_reach_the_image_and_the_parameters(student):
    """Le poids et le biais sont des paramètres appris : pas de `.data` ni de `detach` dans `forward`."""
    for case in (PLAIN[0], STRIDED[0]):
        check_gradients(Block(student, case), case)


def check_gradients(block, case):
    x = case.image()
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    block.weight.requires_grad_()
    block.bias.requires_grad_()
    expected = block.expected(ours)
    found = block.found(theirs, expected)
    block.check(found.detach().clamp(min=0), expected.detach().clamp(min=0), x)
    checks.tensor(found, requires_grad=True, what=case.told)
    v = torch.randn(expected.shape, dtype=F64) * (expected > 0)  # whatever becomes of negative numbers
    expected.backward(v)
    found.backward(v)
    parameters = dict(block.module.named_parameters())
    gradients = {"x": (theirs.grad, ours.grad)}
    for told, name in zip(("weight", "bias"), block.names, strict=True):
        if name is None:  # that there is a bias is for another test
            continue
        gradients[told] = (parameters[name].grad, getattr(block, told).grad)
    for told, (gradient, wanted) in gradients.items():
        what = f"{case.told} : le gradient de `{told}`"
        if gradient is None:
            raise CheckFailed(f"{what} n'existe pas.")
        checks.close(gradient, wanted, what, fan_in=expected.numel())
