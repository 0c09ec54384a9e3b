"""Hidden suite of ``conv1d`` and ``conv3d``: values option by option and together, gradients by random adjoints.

Numbers are normal, so that each option that is mistaken changes values by far more than rounding: alpha = 0. Sizes
differ on all axes, and strides leave elements over. As in ``conv2d`` the tolerance is relative to the largest sum
|x||w| of the result: a convolution by FFT spreads its rounding over the whole series or volume.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import torch

from autograder import checks
from autograder.errors import NameMissing
from autograder.suite import gate, points
from reference import layers

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)  # not aten._convert_indices...
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))
NAMES = ("x", "weight", "bias")
ROUNDINGS = 16  # 128 u of the largest sum |x||w|: at most 3.6 u was measured


@dataclass(frozen=True)
class Case:
    """Shapes and options of one call; the number of axes tells ``conv1d`` from ``conv3d``."""

    x: tuple[int, ...]
    weight: tuple[int, ...]
    stride: int | tuple[int, int, int] = 1
    padding: int | tuple[int, int, int] = 0
    dilation: int = 1
    bias: bool = False

    def draw(self, dtype=F64):
        """x, weight, bias (or None)."""
        bias = torch.randn(self.weight[0], dtype=dtype) if self.bias else None
        return torch.randn(self.x, dtype=dtype), torch.randn(self.weight, dtype=dtype), bias

    @property
    def name(self):
        return "conv1d" if len(self.x) == 3 else "conv3d"

    @property
    def options(self):
        options = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return options if self.name == "conv1d" else {"stride": self.stride, "padding": self.padding}

    @property
    def told(self):
        """What the student reads of the options."""
        defaults = {"stride": 1, "padding": 0, "dilation": 1}
        given = [f"{name}={value}" for name, value in self.options.items() if value != defaults[name]]
        given += ["bias"] if self.bias else []
        return f"{self.name}(x, weight{''.join(', ' + text for text in given)})"

    def reference(self, *tensors):
        return getattr(layers, self.name)(*tensors, **self.options)


PLAIN = (Case((2, 3, 11), (5, 3, 4)), Case((4, 2, 9), (3, 2, 3)))
BIASED = (
    Case((2, 3, 8), (4, 3, 3), bias=True),
    Case((3, 2, 7), (4, 2, 4), bias=True),  # as many frames as channels: a bias along time fits
)
STRIDED = (Case((2, 3, 14), (4, 3, 4), stride=3), Case((2, 3, 15), (5, 3, 2), stride=4))
PADDED = (Case((2, 3, 8), (4, 3, 3), padding=1), Case((2, 2, 5), (3, 2, 2), padding=4))
DILATED = (Case((2, 3, 11), (4, 3, 3), dilation=2), Case((2, 3, 13), (5, 3, 4), dilation=3))
TOGETHER = Case((2, 4, 18), (6, 4, 3), 2, 3, 4)
SOLID = (Case((2, 3, 5, 6, 7), (4, 3, 2, 3, 4)), Case((3, 2, 4, 5, 6), (5, 2, 3, 3, 3)))
SOLID_BIASED = (
    Case((2, 3, 4, 6, 5), (5, 3, 2, 3, 3), bias=True),
    Case((2, 2, 4, 5, 6), (4, 2, 2, 3, 3), bias=True),  # as many columns as channels
)
SOLID_OPTIONS = (
    Case((2, 2, 7, 8, 9), (3, 2, 3, 2, 4), stride=3),
    Case((2, 2, 7, 9, 8), (3, 2, 2, 2, 3), stride=3, padding=1),
    Case((1, 2, 3, 4, 5), (3, 2, 2, 3, 2), padding=3),
)
TRIPLES = (
    Case((2, 2, 7, 8, 9), (3, 2, 2, 3, 2), stride=(1, 2, 3), padding=1),
    Case((2, 2, 5, 6, 7), (3, 2, 3, 2, 2), stride=2, padding=(2, 0, 1)),
    Case((2, 2, 8, 7, 6), (3, 2, 3, 2, 3), stride=(3, 1, 2)),
)
SOLID_TOGETHER = Case((2, 3, 6, 7, 9), (4, 3, 3, 2, 4), (2, 3, 1), (1, 2, 0))
TINY = (
    Case((2, 3, 4), (4, 3, 1)),
    Case((1, 1, 5), (1, 1, 2)),
    Case((2, 3, 5), (4, 3, 5)),
    Case((1, 2, 3), (1, 2, 5), padding=1),
    Case((2, 3, 4, 5, 3), (4, 3, 1, 1, 1)),
    Case((1, 1, 3, 4, 5), (1, 1, 2, 1, 3)),
    Case((2, 2, 3, 4, 5), (3, 2, 3, 4, 5)),
)
WIDE = (
    Case((2, 16, 12), (5, 16, 5), 2, 2, bias=True),
    Case((1, 6, 4, 6, 5), (3, 6, 3, 3, 3), 1, 1, bias=True),
)
LAYOUTS = (PLAIN[0], SOLID[0])
UNTOUCHED = (PLAIN[0], BIASED[0], PADDED[0], SOLID[0], SOLID_BIASED[0], SOLID_OPTIONS[1])
ALL = (*PLAIN, *BIASED, *STRIDED, *PADDED, *DILATED, TOGETHER)
ALL_SOLID = (*SOLID, *SOLID_BIASED, *SOLID_OPTIONS, *TRIPLES, SOLID_TOGETHER)
SERIES = (PLAIN[0], STRIDED[0], PADDED[0], TOGETHER)
VOLUMES = (SOLID[0], SOLID_TOGETHER)
GRADIENTS = (
    *((case, ("x",)) for case in SERIES),
    *((case, ("weight",)) for case in SERIES),
    *((case, ("bias",)) for case in (*BIASED, *SOLID_BIASED)),
    *((case, ("x",)) for case in VOLUMES),
    *((case, ("weight",)) for case in VOLUMES),
)


def check_values(found, case, x, weight, bias):
    """``found`` is the convolution of these tensors, whose dtype decides on the tolerance."""
    wide = [None if t is None else t.detach().to(F64) for t in (x, weight, bias)]
    expected = case.reference(*wide)
    size = case.reference(*(None if t is None else t.abs() for t in wide))
    found = checks.tensor(found, shape=expected.shape, dtype="floating", what=case.told)
    checks.close(found, expected, case.told, fan_in=ROUNDINGS, scale=float(size.max()), dtype=x.dtype)


def check_case(student, case, dtype=F64):
    tensors = case.draw(dtype)
    copies = [None if t is None else t.clone() for t in tensors]
    check_values(student[case.name](*copies, **case.options), case, *tensors)


def drawn_for(case, names):
    """x, weight and bias by name, of which those called ``names`` take a gradient."""
    tensors = dict(zip(NAMES, case.draw(), strict=True))
    for name in names:
        tensors[name].requires_grad_()
    return tensors


def check_gradients(student, case, *names):
    """Gradients for the inputs called ``names``; the others take none."""
    ours = drawn_for(case, names)
    theirs = {n: None if t is None else t.detach().clone() for n, t in ours.items()}
    for name in names:
        theirs[name].requires_grad_()
    expected = case.reference(*ours.values())
    found = student[case.name](*theirs.values(), **case.options)
    check_values(found, case, *ours.values())
    checks.adjoint(
        found,
        {name: theirs[name] for name in names},
        expected,
        {name: ours[name] for name in names},
        fan_in=max(expected.numel(), ours["weight"].numel()),
        what=f"{case.told} : le gradient par rapport à {{name}}",
    )


@gate("Sans les convolutions toutes faites de PyTorch")
def test_no_ready_made_convolution(student):
    """Construisez la convolution (tranches, `unfold`, `einsum`...) sans `F.conv1d`, `nn.Conv3d` ni leurs semblables."""
    # the calls of the tests below, so that none of them can be told from these
    calls = [(case, case.draw()) for case in (*ALL, *ALL_SOLID, *TINY)]
    calls += [(case, case.draw(torch.float32)) for case in WIDE]
    calls += [(case, drawn_for(case, names).values()) for case, names in GRADIENTS]
    written = defined(student, "conv1d", "conv3d")
    watched = [partial(written[c.name], *tensors, **c.options) for c, tensors in calls if c.name in written]
    checks.forbidden(student, ["conv1d", "conv3d"], READY_MADE, watched, CONVOLUTION)


def defined(student, *names):
    """The student's functions by name; one that is missing is for its own tests to say."""
    found = {}
    for name in names:
        with suppress(NameMissing):
            found[name] = student[name]
    return found


@points(12, "conv1d sans option")
def test_two_arguments_are_enough(student):
    """Une sortie est la somme des produits du noyau et de la fenêtre, sur tous les canaux, noyau non retourné."""
    for case in PLAIN:
        x, weight, _ = case.draw()
        check_values(student.conv1d(x.clone(), weight.clone()), case, x, weight, None)


@points(5, "conv1d : le biais, valeur et gradient")
def test_each_output_channel_has_its_bias(student):
    """Le biais a un terme par canal de sortie, ajouté une fois à tous les instants ; son gradient remonte aussi."""
    for case in BIASED:
        check_case(student, case)
        check_gradients(student, case, "bias")


@points(5, "conv1d : le pas (stride)")
def test_the_stride_skips_positions(student):
    """La fenêtre avance de `stride`, qui peut dépasser le noyau ; la taille de sortie s'arrondit vers le bas."""
    for case in STRIDED:
        check_case(student, case)


@points(5, "conv1d : le bord (padding)")
def test_the_padding_is_zeros_on_both_sides(student):
    """`padding` zéros s'ajoutent au début et à la fin, même plus que la taille du noyau."""
    for case in PADDED:
        check_case(student, case)


@points(5, "conv1d : la dilatation")
def test_the_dilation_spreads_the_kernel(student):
    """Entre deux éléments du noyau il y a `dilation` instants."""
    for case in DILATED:
        check_case(student, case)


@points(4, "conv1d : toutes les options ensemble, dans l'ordre")
def test_all_options_together_by_position(student):
    """L'ordre des arguments est `x, weight, bias, stride, padding, dilation` ; les options se combinent."""
    x, weight, _ = TOGETHER.draw()
    found = student.conv1d(x.clone(), weight.clone(), None, *TOGETHER.options.values())
    check_values(found, TOGETHER, x, weight, None)


@points(5, "conv1d : le gradient de la série")
def test_the_gradient_reaches_the_series(student):
    """Restez en opérations de torch de bout en bout, même quand seul `x` exige un gradient."""
    for case in SERIES:
        check_gradients(student, case, "x")


@points(5, "conv1d : le gradient du noyau")
def test_the_gradient_reaches_the_kernel(student):
    """Restez en opérations de torch de bout en bout, même quand seul `weight` exige un gradient (première couche)."""
    for case in SERIES:
        check_gradients(student, case, "weight")


@points(12, "conv3d sans option")
def test_volumes_need_two_arguments(student):
    """Le noyau glisse le long de trois axes : profondeur, lignes, colonnes, dans l'ordre de ceux de `x`."""
    for case in SOLID:
        x, weight, _ = case.draw()
        check_values(student.conv3d(x.clone(), weight.clone()), case, x, weight, None)


@points(4, "conv3d : le biais, valeur et gradient")
def test_volumes_have_a_bias(student):
    """Le biais a un terme par canal de sortie : il lui faut trois axes de plus pour s'ajouter aux volumes."""
    for case in SOLID_BIASED:
        check_case(student, case)
        check_gradients(student, case, "bias")


@points(5, "conv3d : le pas et le bord")
def test_volumes_have_strides_and_padding(student):
    """Un entier vaut pour les trois axes ; le pas peut dépasser le noyau, la taille s'arrondit vers le bas."""
    for case in SOLID_OPTIONS:
        check_case(student, case)


@points(5, "conv3d : entiers et triplets mélangés")
def test_integers_and_triples_can_be_mixed(student):
    """`stride` et `padding` sont chacun un entier ou un triplet (profondeur, lignes, colonnes)."""
    for case in TRIPLES:
        check_case(student, case)


@points(3, "conv3d : toutes les options ensemble, dans l'ordre")
def test_all_options_of_volumes_by_position(student):
    """L'ordre des arguments est `x, weight, bias, stride, padding`."""
    x, weight, _ = SOLID_TOGETHER.draw()
    found = student.conv3d(x.clone(), weight.clone(), None, *SOLID_TOGETHER.options.values())
    check_values(found, SOLID_TOGETHER, x, weight, None)


@points(5, "conv3d : le gradient du volume")
def test_the_gradient_reaches_the_volume(student):
    """Restez en opérations de torch de bout en bout, même quand seul `x` exige un gradient."""
    for case in VOLUMES:
        check_gradients(student, case, "x")


@points(5, "conv3d : le gradient du noyau")
def test_the_gradient_reaches_the_solid_kernel(student):
    """Restez en opérations de torch de bout en bout, même quand seul `weight` exige un gradient."""
    for case in VOLUMES:
        check_gradients(student, case, "weight")


@points(4, "Les petites tailles")
def test_axes_of_size_one_are_kept(student):
    """Noyau de taille 1, un seul exemple, un seul canal, sortie d'un seul élément : aucun axe ne disparaît."""
    for case in TINY:
        check_case(student, case)


@points(3, "En float32 aussi")
def test_float32_is_as_good(student):
    """Créez vos tenseurs intermédiaires avec le type de `x` (`x.new_zeros`, `dtype=x.dtype`)."""
    for case in WIDE:
        check_case(student, case, torch.float32)


@points(3, "Des tenseurs non contigus")
def test_the_layout_in_memory_does_not_matter(student):
    """Après un `transpose`, la mémoire n'est plus dans l'ordre des axes : préférez `reshape` à `view`."""
    for case in LAYOUTS:
        x, weight, _ = case.draw()
        found = student[case.name](
            reversed_layout(student, x), reversed_layout(student, weight), **case.options
        )
        check_values(found, case, x, weight, None)


def reversed_layout(student, value):
    """A guest-side tensor equal to ``value`` whose last axis varies slowest in memory."""
    axes = tuple(reversed(range(value.ndim)))
    kept = student.keep(value.permute(axes).contiguous())
    return student.handle(kept.permute, *axes)


@points(3, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Ni `x`, ni `weight`, ni `bias` ne changent : travaillez sur de nouveaux tenseurs."""
    student.mirror()
    for case in UNTOUCHED:
        tensors = case.draw()
        before = [None if t is None else t.clone() for t in tensors]
        found = student[case.name](*tensors, **case.options)
        for name, now, then in zip(NAMES, tensors, before, strict=True):
            if then is not None:
                checks.equal(now, then, f"`{name}` après l'appel de {case.name}")
        check_values(found, case, *before)
