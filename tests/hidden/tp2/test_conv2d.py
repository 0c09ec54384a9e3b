"""Hidden suite of ``conv2d``: values option by option and all together, gradients by random adjoints.

Numbers are normal, so that each option that is mistaken changes values by far more than rounding: alpha = 0. Sizes
differ on all axes (N, C, O, H, W, kernel), and strides leave rows and columns over. The tolerance is relative to the
largest sum |x||w| of the result, not to each element's own: a convolution by FFT spreads its rounding over the image,
also to elements that are exactly 0 in the padding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import torch

from autograder import checks
from autograder.suite import gate, points
from reference.layers import conv2d as reference_conv2d

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)  # not aten._convert_indices...
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
ROUNDINGS = 16  # 128 u of the largest sum |x||w|: at most 3.6 u was measured (measured)


@dataclass(frozen=True)
class Case:
    """Shapes and options of one call."""

    x: tuple[int, int, int, int]
    weight: tuple[int, int, int, int]
    stride: int | tuple[int, int] = 1
    padding: int | tuple[int, int] = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1
    bias: bool = False

    def draw(self, dtype=F64):
        """x, weight, bias (or None)."""
        bias = torch.randn(self.weight[0], dtype=dtype) if self.bias else None
        return torch.randn(self.x, dtype=dtype), torch.randn(self.weight, dtype=dtype), bias

    @property
    def options(self):
        return {name: getattr(self, name) for name in DEFAULTS}

    @property
    def told(self):
        """What the student reads of the options."""
        given = [f"{name}={value}" for name, value in self.options.items() if value != DEFAULTS[name]]
        given += ["bias"] if self.bias else []
        return f"conv2d(x, weight{''.join(', ' + text for text in given)})"


PLAIN = (Case((2, 3, 7, 9), (5, 3, 2, 4)), Case((3, 2, 8, 6), (4, 2, 3, 3)))
BIASED = (
    Case((2, 3, 7, 9), (4, 3, 3, 2), bias=True),
    # as many columns as channels: a bias along the wrong axis fits
    Case((3, 2, 6, 7), (4, 2, 3, 4), bias=True),
    Case((2, 4, 10, 15), (6, 2, 3, 5), (2, 3), (1, 2), (2, 1), 2, bias=True),
)
STRIDED = (Case((2, 3, 11, 14), (4, 3, 3, 4), stride=3), Case((2, 3, 11, 13), (5, 3, 2, 3), stride=4))
PADDED = (Case((2, 3, 6, 8), (4, 3, 3, 2), padding=1), Case((2, 2, 4, 5), (3, 2, 2, 3), padding=4))
DILATED = (Case((2, 3, 9, 11), (4, 3, 3, 2), dilation=2), Case((2, 3, 8, 10), (5, 3, 2, 3), dilation=3))
GROUPED = (
    Case((2, 6, 5, 7), (9, 2, 3, 2), groups=3),
    Case((2, 4, 6, 5), (4, 1, 2, 3), groups=4),
    Case((2, 3, 6, 5), (6, 1, 2, 3), groups=3),  # two outputs a channel
)
MIXED = (
    Case((2, 3, 9, 12), (4, 3, 3, 2), stride=(2, 3), padding=1),
    Case((2, 3, 8, 9), (4, 3, 2, 3), stride=2, padding=(0, 2)),
    Case((2, 3, 9, 8), (4, 3, 3, 2), stride=2, padding=(2, 1)),
    Case((2, 4, 8, 9), (6, 2, 2, 3), stride=2, dilation=(2, 1), groups=2),
)
TOGETHER = Case((2, 4, 10, 15), (6, 2, 3, 5), (2, 3), (1, 2), (2, 1), 2)
STRETCHED = Case((2, 3, 8, 10), (5, 3, 2, 3), (1, 1), (0, 0), (1, 2))
TINY = (
    Case((2, 3, 5, 4), (4, 3, 1, 1)),
    Case((1, 1, 4, 5), (1, 1, 2, 3)),
    Case((2, 3, 4, 5), (4, 3, 4, 5)),
    Case((1, 2, 3, 4), (1, 2, 5, 6), padding=1),
    Case((2, 3, 1, 1), (4, 3, 1, 1), stride=2),
)
WIDE = (
    Case((1, 16, 8, 7), (5, 16, 3, 3), padding=1, bias=True),
    Case((2, 4, 9, 8), (6, 2, 3, 2), 2, 1, 1, 2),
)
ALL = (*PLAIN, *BIASED, *STRIDED, *PADDED, *DILATED, *GROUPED, *MIXED, TOGETHER, STRETCHED, *TINY, *WIDE)
SIMPLE = (PLAIN[0], STRIDED[0], PADDED[0])
COMBINED = (TOGETHER, STRETCHED, GROUPED[0])
GRADIENTS = (
    *((case, ("x",)) for case in SIMPLE),
    *((case, ("weight",)) for case in SIMPLE),
    *((case, ("x", "weight")) for case in COMBINED),
    *((case, ("bias",)) for case in BIASED),
)


def check_values(found, case, x, weight, bias):
    """``found`` is the convolution of these tensors, whose dtype decides on the tolerance."""
    wide = [None if t is None else t.detach().to(F64) for t in (x, weight, bias)]
    expected = reference_conv2d(*wide, **case.options)
    size = reference_conv2d(*(None if t is None else t.abs() for t in wide), **case.options)
    found = checks.tensor(found, shape=expected.shape, dtype="floating", what=case.told)
    checks.close(found, expected, case.told, fan_in=ROUNDINGS, scale=float(size.max()), dtype=x.dtype)


def check_case(student, case, dtype=F64):
    x, weight, bias = case.draw(dtype)
    copies = [None if t is None else t.clone() for t in (x, weight, bias)]
    found = student.conv2d(*copies, **case.options)
    check_values(found, case, x, weight, bias)


def check_gradients(student, case, *names):
    """Gradients for the inputs called ``names``; the others take none."""
    tensors = dict(zip(("x", "weight", "bias"), case.draw(), strict=True))
    ours, theirs = ({n: None if t is None else t.clone() for n, t in tensors.items()} for _ in range(2))
    for side in (ours, theirs):
        for name in names:
            side[name].requires_grad_()
    expected = reference_conv2d(*ours.values(), **case.options)
    found = student.conv2d(*theirs.values(), **case.options)
    check_values(found, case, *tensors.values())
    checks.adjoint(
        found,
        {name: theirs[name] for name in names},
        expected,
        {name: ours[name] for name in names},
        fan_in=max(expected.numel(), tensors["weight"].numel()),
        what=f"{case.told} : le gradient par rapport à {{name}}",
    )


@gate("Sans la convolution toute faite de PyTorch")
def test_no_ready_made_convolution(student):
    """Construisez la convolution (tranches, `unfold`, produits de matrices...) sans `F.conv2d` ni `nn.Conv2d`."""
    checks.forbidden(student, ["conv2d"], READY_MADE, calls_of_all_tests(student), operations=CONVOLUTION)


def calls_of_all_tests(student):
    """The calls of the tests below, so that none of them can be told from these."""
    for case, dtype in (*((case, F64) for case in ALL), *((case, torch.float32) for case in WIDE)):
        yield partial(student.conv2d, *case.draw(dtype), **case.options)
    for case, names in GRADIENTS:
        tensors = dict(zip(("x", "weight", "bias"), case.draw(), strict=True))
        for name in names:
            tensors[name].requires_grad_()
        yield partial(student.conv2d, *tensors.values(), **case.options)


@points(15, "Sans option : deux arguments suffisent")
def test_two_arguments_are_enough(student):
    """Une sortie est la somme des produits du noyau et de la fenêtre, sur tous les canaux, noyau non retourné."""
    for case in PLAIN:
        x, weight, _ = case.draw()
        check_values(student.conv2d(x.clone(), weight.clone()), case, x, weight, None)


@points(10, "Le biais, valeur et gradient")
def test_each_output_channel_has_its_bias(student):
    """Le biais a un terme par canal de sortie, ajouté une fois à toute sa carte ; son gradient remonte aussi."""
    for case in BIASED:
        check_case(student, case)
        check_gradients(student, case, "bias")


@points(8, "Le pas (stride)")
def test_the_stride_skips_positions(student):
    """La fenêtre avance de `stride`, qui peut dépasser le noyau ; la taille de sortie s'arrondit vers le bas."""
    for case in STRIDED:
        check_case(student, case)


@points(8, "Le bord (padding)")
def test_the_padding_is_zeros_on_four_sides(student):
    """`padding` lignes et colonnes de zéros s'ajoutent des quatre côtés, même plus que la taille du noyau."""
    for case in PADDED:
        check_case(student, case)


@points(8, "La dilatation")
def test_the_dilation_spreads_the_kernel(student):
    """Entre deux éléments du noyau il y a `dilation` pixels, en lignes comme en colonnes."""
    for case in DILATED:
        check_case(student, case)


@points(8, "Les groupes")
def test_groups_see_their_own_channels(student):
    """Le groupe g lit ses C/groups canaux d'entrée et écrit ses O/groups canaux de sortie, à la suite."""
    for case in GROUPED:
        check_case(student, case)


@points(6, "Entiers et couples mélangés")
def test_integers_and_pairs_can_be_mixed(student):
    """`stride`, `padding` et `dilation` sont chacun un entier ou un couple (lignes, colonnes), indépendamment."""
    for case in MIXED:
        check_case(student, case)


@points(7, "Toutes les options ensemble, dans l'ordre")
def test_all_options_together_by_position(student):
    """L'ordre des arguments est `x, weight, bias, stride, padding, dilation, groups` ; les options se combinent."""
    x, weight, _ = TOGETHER.draw()
    found = student.conv2d(x.clone(), weight.clone(), None, *TOGETHER.options.values())
    check_values(found, TOGETHER, x, weight, None)


@points(6, "Les petites tailles")
def test_axes_of_size_one_are_kept(student):
    """Noyau 1 x 1, un seul exemple, un seul canal, sortie d'un seul pixel : les quatre axes restent."""
    for case in TINY:
        check_case(student, case)


@points(3, "En float32 aussi")
def test_float32_is_as_good(student):
    """Créez vos tenseurs intermédiaires avec le type de `x` (`x.new_zeros`, `dtype=x.dtype`)."""
    for case in WIDE:
        check_case(student, case, torch.float32)


@points(3, "Des tenseurs non contigus")
def test_the_layout_in_memory_does_not_matter(student):
    """Après un `permute`, la mémoire n'est plus dans l'ordre des axes : préférez `reshape` à `view`."""
    for case in (PLAIN[0], GROUPED[0]):
        x, weight, _ = case.draw()
        found = student.conv2d(reversed_layout(student, x), reversed_layout(student, weight), **case.options)
        check_values(found, case, x, weight, None)


def reversed_layout(student, value):
    """A guest-side tensor equal to ``value`` whose last axis varies slowest in memory."""
    kept = student.keep(value.permute(3, 2, 1, 0).contiguous())
    return student.handle(kept.permute, 3, 2, 1, 0)


@points(3, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Ni `x`, ni `weight`, ni `bias` ne changent : travaillez sur de nouveaux tenseurs."""
    student.mirror()
    for case in (PLAIN[0], BIASED[2], PADDED[0]):
        tensors = case.draw()
        before = [None if t is None else t.clone() for t in tensors]
        found = student.conv2d(*tensors, **case.options)
        for name, now, then in zip(("x", "weight", "bias"), tensors, before, strict=True):
            if then is not None:
                checks.equal(now, then, f"`{name}` après l'appel")
        if case is PLAIN[0]:  # doing nothing leaves the inputs alone too, and earns nothing
            expected = reference_conv2d(*before, **case.options)
            checks.close(checks.tensor(found, shape=expected.shape), expected, case.told, fan_in=ROUNDINGS)


@points(5, "Le gradient de l'image")
def test_the_gradient_reaches_the_image(student):
    """Restez en opérations de torch de bout en bout, même quand seul `x` exige un gradient."""
    for case in SIMPLE:
        check_gradients(student, case, "x")


@points(5, "Le gradient du noyau")
def test_the_gradient_reaches_the_kernel(student):
    """Restez en opérations de torch de bout en bout, même quand seul `weight` exige un gradient (première couche)."""
    for case in SIMPLE:
        check_gradients(student, case, "weight")


@points(5, "Les gradients avec toutes les options")
def test_gradients_with_all_options(student):
    """La rétropropagation suit les mêmes fenêtres que la passe avant : pas, bord, dilatation et groupes compris."""
    for case in COMBINED:
        check_gradients(student, case, "x", "weight")
