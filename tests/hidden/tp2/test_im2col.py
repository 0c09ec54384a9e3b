"""Hidden suite of ``im2col``: values option by option, gradients by random adjoints, operations counted at two sizes.

Numbers are normal, so that each option that is mistaken changes values by far more than rounding, and no operation
count is random: alpha = 0. Sizes differ on all axes, and strides leave rows and columns over. ``conv2d_im2col`` is held
to the tolerance of ``conv2d``, relative to the largest sum |x||w|. ``im2col`` copies, but may do it by a product with a
matrix of zeros and ones: rounding is allowed there too.

``F.unfold`` is looked for in forward passes alone: the gradient of ``F.fold``, which is free, is ``aten.im2col`` too.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import torch

from autograder import checks
from autograder.errors import NameMissing
from autograder.suite import gate, points
from reference.layers import conv2d as reference_conv2d
from reference.layers import im2col as reference_im2col

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)  # not aten._convert_indices...
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
CONVOLUTIONS = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))
# F.unfold is forbidden, x.unfold is not: the syntax check sees both, what stands before the point tells them apart.
FUNCTION_UNFOLD = re.compile(r"(?:^|\W)(?:F|functional|nnf|_nn)\.unfold\b|^unfold \(import")
TORCHS_OWN = ("aten", "prims", "prim", "profiler")
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
ROUNDINGS = 16  # 128 u of the largest sum |x||w|: at most 3.6 u was measured


@dataclass(frozen=True)
class Case:
    """Shapes and options of one call: of ``conv2d_im2col``, and, for its image and kernel, of ``im2col``."""

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
    def kernel(self):
        """An int where the kernel is square."""
        kh, kw = self.weight[2:]
        return kh if kh == kw else (kh, kw)

    @property
    def options(self):
        return {name: getattr(self, name) for name in DEFAULTS}

    @property
    def window(self):
        """The options that ``im2col`` has."""
        return {name: value for name, value in self.options.items() if name != "groups"}

    @property
    def told(self):
        """What the student reads of the call of ``conv2d_im2col``."""
        return f"conv2d_im2col(x, weight{self._given(self.options)}{', bias' if self.bias else ''})"

    @property
    def told_columns(self):
        """What the student reads of the call of ``im2col``."""
        return f"im2col(x, kernel_size{self._given(self.window)})"

    def _given(self, options):
        return "".join(f", {name}={value}" for name, value in options.items() if value != DEFAULTS[name])


PLAIN = (Case((2, 3, 7, 9), (5, 3, 2, 4)), Case((3, 2, 8, 6), (4, 2, 3, 3)))
STRIDED = (Case((2, 3, 11, 14), (4, 3, 3, 4), stride=3), Case((2, 3, 11, 13), (5, 3, 2, 3), stride=4))
PADDED = (Case((2, 3, 6, 8), (4, 3, 3, 2), padding=1), Case((2, 2, 4, 5), (3, 2, 2, 3), padding=4))
DILATED = (Case((2, 3, 9, 11), (4, 3, 3, 2), dilation=2), Case((2, 3, 8, 10), (5, 3, 2, 3), dilation=3))
MIXED = (
    Case((2, 3, 9, 12), (4, 3, 3, 3), stride=(2, 3), padding=1),
    Case((2, 3, 8, 9), (4, 3, 2, 3), stride=2, padding=(0, 2)),
    Case((2, 3, 9, 8), (4, 3, 2, 2), stride=2, padding=(2, 1)),
    Case((2, 4, 8, 9), (6, 4, 2, 3), stride=2, dilation=(2, 1)),
)
BIASED = (
    Case((2, 3, 7, 9), (4, 3, 3, 2), bias=True),
    # as many columns, or positions, as channels: a bias along the wrong axis fits
    Case((3, 2, 6, 7), (4, 2, 3, 4), bias=True),
    Case((2, 2, 4, 4), (4, 2, 3, 3), bias=True),
)
GROUPED = (
    Case((2, 6, 5, 7), (9, 2, 3, 2), groups=3),
    Case((2, 4, 6, 5), (4, 1, 2, 3), groups=4),
    Case((2, 3, 6, 5), (6, 1, 2, 3), groups=3),  # two outputs a channel
)
TOGETHER = Case((2, 4, 10, 15), (6, 2, 3, 5), (2, 3), (1, 2), (2, 1), 2)
ALONG = Case((2, 4, 10, 15), (6, 4, 3, 5), (2, 3), (1, 2), (2, 1))
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
SMALL = Case((2, 4, 8, 9), (6, 2, 3, 2), (2, 1), (1, 1), (1, 1), 2, bias=True)
# both axes of the image grow, together and alone: a loop over rows or over columns shows too
LARGE = tuple(
    Case((2, 4, height, width), SMALL.weight, SMALL.stride, SMALL.padding, SMALL.dilation, 2, bias=True)
    for height, width in ((32, 36), (32, 9), (8, 36))
)
COLUMNS = (*PLAIN, *STRIDED, *PADDED, *DILATED, *MIXED, ALONG, *TINY, *WIDE, SMALL, *LARGE)
PRODUCTS = (*PLAIN, *BIASED, *GROUPED, TOGETHER, *TINY, *WIDE, SMALL, *LARGE)
SIMPLE = (PLAIN[0], STRIDED[0], PADDED[0], ALONG)
GRADIENTS = (
    *((case, ("x",)) for case in (PLAIN[0], TOGETHER)),
    *((case, ("weight",)) for case in (PLAIN[0], TOGETHER)),
    *((case, ("bias",)) for case in BIASED),
)


def check_columns(found, case, x):
    expected = reference_im2col(x.detach().to(F64), case.kernel, **case.window)
    found = checks.tensor(found, shape=expected.shape, dtype="floating", what=case.told_columns)
    checks.close(found, expected, case.told_columns, fan_in=ROUNDINGS, dtype=x.dtype)


def check_im2col(student, case, dtype=F64):
    x, _, _ = case.draw(dtype)
    check_columns(student.im2col(x.clone(), case.kernel, **case.window), case, x)


def check_values(found, case, x, weight, bias):
    """``found`` is the convolution of these tensors, whose dtype decides on the tolerance."""
    wide = [None if t is None else t.detach().to(F64) for t in (x, weight, bias)]
    expected = reference_conv2d(*wide, **case.options)
    size = reference_conv2d(*(None if t is None else t.abs() for t in wide), **case.options)
    found = checks.tensor(found, shape=expected.shape, dtype="floating", what=case.told)
    checks.close(found, expected, case.told, fan_in=ROUNDINGS, scale=float(size.max()), dtype=x.dtype)


def check_product(student, case, dtype=F64):
    tensors = case.draw(dtype)
    found = student.conv2d_im2col(*(None if t is None else t.clone() for t in tensors), **case.options)
    check_values(found, case, *tensors)


def check_gradients(student, case, *names):
    """Gradients of ``conv2d_im2col`` for the inputs called ``names``; the others take none."""
    tensors = dict(zip(("x", "weight", "bias"), case.draw(), strict=True))
    ours, theirs = ({n: None if t is None else t.clone() for n, t in tensors.items()} for _ in range(2))
    for side in (ours, theirs):
        for name in names:
            side[name].requires_grad_()
    expected = reference_conv2d(*ours.values(), **case.options)
    found = student.conv2d_im2col(*theirs.values(), **case.options)
    check_values(found, case, *tensors.values())
    checks.adjoint(
        found,
        {name: theirs[name] for name in names},
        expected,
        {name: ours[name] for name in names},
        fan_in=max(expected.numel(), tensors["weight"].numel()),
        what=f"{case.told} : le gradient par rapport à {{name}}",
    )


@gate("Sans `F.unfold` ni convolution toute faite")
def test_nothing_ready_made(student):
    """Recopiez les fenêtres vous-même (tranches, indexation, `x.unfold`, `as_strided`), sans `F.unfold`."""
    used = student.forbidden(["im2col", "conv2d_im2col"], ["Unfold"])
    unfolds = student.forbidden(["im2col", "conv2d_im2col"], ["unfold"])
    used += [use for use in unfolds if FUNCTION_UNFOLD.search(use)]
    used += student.forbidden(["conv2d_im2col"], CONVOLUTIONS)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."
    # the calls of the tests below, so that none of them can be told from these
    for cases, dtype, grad in ((COLUMNS, F64, False), (SIMPLE, F64, True), (WIDE, torch.float32, False)):
        for case in cases:
            x = kept(student, case.draw(dtype)[0], grad)
            refuse(forward_operations(student, "im2col", x, case.kernel, **case.window), "im2col$")
    for case, dtype in (*((case, F64) for case in PRODUCTS), *((case, torch.float32) for case in WIDE)):
        tensors = [kept(student, t) for t in case.draw(dtype)]
        refuse_columns_or_convolution(forward_operations(student, "conv2d_im2col", *tensors, **case.options))
    for case, names in GRADIENTS:
        named = zip(("x", "weight", "bias"), case.draw(), strict=True)
        tensors = [kept(student, t, name in names) for name, t in named]
        refuse_columns_or_convolution(forward_operations(student, "conv2d_im2col", *tensors, **case.options))
        refuse(backward_operations(student, case, tensors), CONVOLUTION)


def kept(student, tensor, grad=False):
    """A guest-side copy, so that its gradient is not asked for here."""
    return None if tensor is None else student.keep(tensor.clone().requires_grad_(grad))


def forward_operations(student, name, *arguments, **options):
    with suppress(Exception, NameMissing):  # what raises or is not there is for the other tests to say
        return student.ops(student[name], *arguments, **options)[1]
    return {}


def backward_operations(student, case, tensors):
    with suppress(Exception, NameMissing):
        result = student.handle(student.conv2d_im2col, *tensors, **case.options)
        return student.ops(student.handle(result.sum).backward)[1]
    return {}


def refuse_columns_or_convolution(called):
    refuse(called, "im2col$")
    refuse(called, CONVOLUTION)


def refuse(called, pattern):
    """No operation that ``pattern`` finds, and none that is not torch's own and may hide one."""
    found = sorted(n for n in called if re.search(pattern, n) or n.partition(".")[0] not in TORCHS_OWN)
    assert not found, f"Opérations interdites dans cet exercice : {', '.join(found)}."


@points(12, "im2col sans option : les fenêtres en colonnes")
def test_windows_become_columns(student):
    """Lignes : le canal, puis le noyau ligne par ligne. Colonnes : les positions, ligne par ligne."""
    for case in PLAIN:
        x, _, _ = case.draw()
        check_columns(student.im2col(x.clone(), case.kernel), case, x)


@points(4, "im2col : le pas (stride)")
def test_the_stride_skips_positions(student):
    """La fenêtre avance de `stride`, qui peut dépasser le noyau ; la taille de sortie s'arrondit vers le bas."""
    for case in STRIDED:
        check_im2col(student, case)


@points(4, "im2col : le bord (padding)")
def test_the_padding_is_zeros_on_four_sides(student):
    """`padding` lignes et colonnes de zéros s'ajoutent des quatre côtés, même plus que la taille du noyau."""
    for case in PADDED:
        check_im2col(student, case)


@points(4, "im2col : la dilatation")
def test_the_dilation_spreads_the_kernel(student):
    """Entre deux éléments du noyau il y a `dilation` pixels, en lignes comme en colonnes."""
    for case in DILATED:
        check_im2col(student, case)


@points(4, "im2col : entiers et couples mélangés")
def test_integers_and_pairs_can_be_mixed(student):
    """`kernel_size`, `stride`, `padding` et `dilation` sont chacun un entier ou un couple, indépendamment."""
    for case in MIXED:
        check_im2col(student, case)


@points(4, "im2col : toutes les options ensemble, dans l'ordre")
def test_all_options_of_im2col_by_position(student):
    """L'ordre des arguments est `x, kernel_size, stride, padding, dilation` (celui de `F.unfold` est autre)."""
    x, _, _ = ALONG.draw()
    check_columns(student.im2col(x.clone(), ALONG.kernel, *ALONG.window.values()), ALONG, x)


@points(10, "im2col : le gradient de l'image")
def test_the_gradient_of_im2col_adds_up(student):
    """Un pixel recopié dans plusieurs colonnes reçoit la somme de leurs gradients : restez en opérations de torch."""
    for case in SIMPLE:
        x, _, _ = case.draw()
        ours, theirs = (x.clone().requires_grad_() for _ in range(2))
        expected = reference_im2col(ours, case.kernel, **case.window)
        found = student.im2col(theirs, case.kernel, **case.window)
        check_columns(found, case, x)
        what = f"{case.told_columns} : le gradient par rapport à {{name}}"
        checks.adjoint(found, {"x": theirs}, expected, {"x": ours}, fan_in=expected.numel(), what=what)


@points(12, "im2col vectorisée")
def test_im2col_is_vectorised(student):
    """Remplacez la boucle sur les positions : par une boucle sur le noyau, par `x.unfold`, par une indexation."""
    counts = []
    for case in (SMALL, *LARGE):
        x, _, _ = case.draw()
        found, count = student.ops(student.im2col, x.clone(), case.kernel, **case.window)
        check_columns(found, case, x)
        counts.append(count)
    for count in counts[1:]:
        checks.vectorised(counts[0], count, "im2col")


@points(10, "conv2d_im2col sans option : un produit de matrices")
def test_two_arguments_are_enough(student):
    """Le noyau aplati multiplie les colonnes de chaque image ; le produit retrouve la forme (N, O, H', W')."""
    for case in PLAIN:
        x, weight, _ = case.draw()
        check_values(student.conv2d_im2col(x.clone(), weight.clone()), case, x, weight, None)


@points(5, "conv2d_im2col : le biais, valeur et gradient")
def test_each_output_channel_has_its_bias(student):
    """Le biais a un terme par canal de sortie, ajouté une fois à toute sa carte ; son gradient remonte aussi."""
    for case in BIASED:
        check_product(student, case)
        check_gradients(student, case, "bias")


@points(5, "conv2d_im2col : les groupes")
def test_groups_see_their_own_channels(student):
    """Les lignes d'un même groupe se suivent dans im2col : découpez-les en `groups` paquets, comme les noyaux."""
    for case in GROUPED:
        check_product(student, case)


@points(4, "conv2d_im2col : toutes les options ensemble, dans l'ordre")
def test_all_options_of_the_convolution_by_position(student):
    """L'ordre des arguments est `x, weight, bias, stride, padding, dilation, groups` ; les options se combinent."""
    x, weight, _ = TOGETHER.draw()
    found = student.conv2d_im2col(x.clone(), weight.clone(), None, *TOGETHER.options.values())
    check_values(found, TOGETHER, x, weight, None)


@points(5, "conv2d_im2col : le gradient de l'image")
def test_the_gradient_reaches_the_image(student):
    """Restez en opérations de torch de bout en bout, même quand seul `x` exige un gradient."""
    for case in (PLAIN[0], TOGETHER):
        check_gradients(student, case, "x")


@points(5, "conv2d_im2col : le gradient du noyau")
def test_the_gradient_reaches_the_kernel(student):
    """Restez en opérations de torch de bout en bout, même quand seul `weight` exige un gradient (première couche)."""
    for case in (PLAIN[0], TOGETHER):
        check_gradients(student, case, "weight")


@points(10, "conv2d_im2col vectorisée")
def test_the_convolution_is_vectorised(student):
    """Un seul produit de matrices pour toutes les positions, puis `reshape` : pas de boucle sur les colonnes."""
    counts = []
    for case in (SMALL, *LARGE):
        tensors = case.draw()
        found, count = student.ops(student.conv2d_im2col, *(t.clone() for t in tensors), **case.options)
        check_values(found, case, *tensors)
        counts.append(count)
    for count in counts[1:]:
        checks.vectorised(counts[0], count, "conv2d_im2col")


@points(4, "Les petites tailles")
def test_axes_of_size_one_are_kept(student):
    """Noyau 1 x 1, un seul exemple, un seul canal, une seule position : aucun axe ne disparaît."""
    for case in TINY:
        check_im2col(student, case)
        check_product(student, case)


@points(3, "En float32 aussi")
def test_float32_is_as_good(student):
    """Créez vos tenseurs intermédiaires avec le type de `x` (`x.new_zeros`, `dtype=x.dtype`)."""
    for case in WIDE:
        check_im2col(student, case, torch.float32)
        check_product(student, case, torch.float32)


@points(3, "Des tenseurs non contigus")
def test_the_layout_in_memory_does_not_matter(student):
    """Après un `permute`, la mémoire n'est plus dans l'ordre des axes : `reshape`, et des pas lus par `x.stride()`."""
    for case in (PLAIN[0], TINY[0]):
        x, weight, _ = case.draw()
        mixed = reversed_layout(student, x)
        check_columns(student.im2col(mixed, case.kernel, **case.window), case, x)
        found = student.conv2d_im2col(mixed, reversed_layout(student, weight), **case.options)
        check_values(found, case, x, weight, None)


def reversed_layout(student, value):
    """A guest-side tensor equal to ``value`` whose last axis varies slowest in memory."""
    kept = student.keep(value.permute(3, 2, 1, 0).contiguous())
    return student.handle(kept.permute, 3, 2, 1, 0)


@points(3, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Ni `x`, ni `weight`, ni `bias` ne changent : travaillez sur de nouveaux tenseurs."""
    student.mirror()
    for case in (PLAIN[0], BIASED[0], PADDED[0], TINY[0]):
        tensors = case.draw()
        before = [None if t is None else t.clone() for t in tensors]
        columns = student.im2col(tensors[0], case.kernel, **case.window)
        checks.equal(tensors[0], before[0], "`x` après l'appel de im2col")
        check_columns(columns, case, before[0])
        found = student.conv2d_im2col(*tensors, **case.options)
        for name, now, then in zip(("x", "weight", "bias"), tensors, before, strict=True):
            if then is not None:
                checks.equal(now, then, f"`{name}` après l'appel de conv2d_im2col")
        check_values(found, case, *before)
