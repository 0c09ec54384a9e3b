"""Hidden suite of ``pooling``: values option by option for each of the two functions, gradients by random adjoints.

Numbers are normal, so that no window holds a tie and each option that is mistaken changes values by far more than
rounding: alpha = 0. Sizes differ on all axes, and strides leave rows and columns over. The border is one pixel
everywhere but in the tests of the border, and never more than half of the kernel. The tolerance is relative to the
largest pixel: a mean by running sums or by FFT spreads its rounding over the map.
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
POOLING = re.compile("pool", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if POOLING.search(name)}))
BOTH = ("max_pool2d", "avg_pool2d")
ROUNDINGS = 256


@dataclass(frozen=True)
class Case:
    """Shape and options of one call; without a stride the call names none."""

    x: tuple[int, int, int, int]
    kernel_size: int | tuple[int, int]
    stride: int | tuple[int, int] | None = None
    padding: int | tuple[int, int] = 0

    @property
    def options(self):
        given = {} if self.stride is None else {"stride": self.stride}
        return given | ({"padding": self.padding} if self.padding != 0 else {})

    def told(self, name):
        """What the student reads of the call."""
        given = "".join(f", {option}={value}" for option, value in self.options.items())
        return f"{name}(x, kernel_size={self.kernel_size}{given})"


PLAIN = (
    Case((2, 3, 7, 9), 2),
    Case((3, 2, 10, 8), 3),
    Case((2, 4, 9, 11), (2, 4)),
    Case((2, 3, 8, 7), (3, 1)),
)
STRIDED = (
    Case((2, 3, 8, 10), 3, 1),  # overlapping
    Case((2, 3, 9, 12), 3, 2),
    Case((2, 2, 11, 13), 2, 3),  # pixels that no window sees
    Case((2, 3, 12, 9), 1, 4),
)
PADDED = (
    Case((2, 3, 7, 8), 5, 2, 2),
    Case((2, 2, 6, 9), 4, 3, 2),
    Case((2, 3, 5, 7), 3, 1, 1),
    Case((2, 3, 7, 6), (4, 6), (2, 3), (2, 3)),
)
MIXED = (
    Case((2, 3, 9, 12), 3, (2, 3), 1),
    Case((2, 3, 8, 9), (2, 3), 2, (1, 0)),
    Case((2, 2, 9, 8), (3, 2), (1, 2), (0, 1)),
    Case((2, 3, 8, 11), 2, (3, 1)),
    Case((2, 3, 8, 9), (3, 2), 1, 1),
)
TOGETHER = Case((2, 3, 9, 12), (2, 3), (3, 2), (1, 0))
GRADIENTS = (Case((2, 3, 8, 6), 2, 2), Case((2, 2, 7, 9), 3, 2), Case((2, 3, 6, 8), (3, 2), 1, (1, 0)))
TINY = (
    Case((2, 3, 4, 5), 1, 1),
    Case((1, 1, 4, 6), 2, 2),
    Case((2, 3, 4, 5), (4, 5), 1),
    Case((1, 2, 1, 6), (1, 2), 2),
    Case((2, 1, 1, 1), 2, 2, 1),
)
WIDE = (Case((2, 3, 9, 8), 3, 2, 1), Case((1, 2, 12, 10), (2, 4), 2))
LAYOUTS = (Case((2, 3, 7, 9), 2, 2), Case((2, 3, 6, 8), 3, 1, 1))
ALL = (*PLAIN, *STRIDED, *PADDED, *MIXED, TOGETHER, *GRADIENTS, *TINY, *WIDE, *LAYOUTS)


def reference(name, x, case):
    return getattr(layers, name)(x, case.kernel_size, case.stride, case.padding)


def check_values(found, name, case, x):
    wide, told = x.detach().to(F64), case.told(name)
    expected = reference(name, wide, case)
    found = checks.tensor(found, shape=expected.shape, dtype="floating", what=told)
    checks.close(found, expected, told, fan_in=ROUNDINGS, scale=float(wide.abs().max()), dtype=x.dtype)


def check_case(student, name, case, x=None):
    x = torch.randn(case.x, dtype=F64) if x is None else x
    check_values(student[name](x.clone(), case.kernel_size, **case.options), name, case, x)


def check_gradient(student, name, case):
    x = torch.randn(case.x, dtype=F64)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    expected = reference(name, ours, case)
    found = student[name](theirs, case.kernel_size, **case.options)
    check_values(found, name, case, x)
    what = f"{case.told(name)} : le gradient par rapport à {{name}}"
    checks.adjoint(found, {"x": theirs}, expected, {"x": ours}, fan_in=ROUNDINGS, what=what)


def check_by_position(student, name):
    x = torch.randn(TOGETHER.x, dtype=F64)
    found = student[name](x.clone(), TOGETHER.kernel_size, TOGETHER.stride, TOGETHER.padding)
    check_values(found, name, TOGETHER, x)


@gate("Sans le pooling tout fait de PyTorch")
def test_no_ready_made_pooling(student):
    """Construisez le pooling (tranches, `unfold`, `amax`, `mean`...) sans `F.max_pool2d` ni ses semblables."""
    # the calls of the tests below, so that none of them can be told from these
    calls = [(case, torch.randn(case.x, dtype=F64)) for case in ALL]
    calls += [(case, below_zero(case, scale)) for case in PADDED for scale in (1, 1e12)]
    calls += [(case, torch.randn(case.x)) for case in WIDE]
    calls += [(case, torch.randn(case.x, dtype=F64, requires_grad=True)) for case in GRADIENTS]
    watched = [partial(f, x, c.kernel_size, **c.options) for f in defined(student, *BOTH) for c, x in calls]
    checks.forbidden(student, BOTH, READY_MADE, watched, POOLING)


def defined(student, *names):
    """The student's functions of these names; one that is missing is for its own tests to say."""
    found = []
    for name in names:
        with suppress(NameMissing):
            found.append(student[name])
    return found


def below_zero(case, scale):
    """Pixels below -5, times ``scale``."""
    return -scale * (5 + torch.rand(case.x, dtype=F64))


@points(4, "Maximum : le noyau seul")
def test_the_maximum_of_windows_side_by_side(student):
    """Sans `stride`, le pas vaut la taille du noyau ; les pixels en trop, en bas et à droite, ne comptent pas."""
    for case in PLAIN:
        check_case(student, "max_pool2d", case)


@points(3, "Maximum : le pas (stride)")
def test_the_maximum_with_a_stride(student):
    """La fenêtre avance de `stride`, moins que le noyau (elles se recouvrent) ou plus (des pixels sont sautés)."""
    for case in STRIDED:
        check_case(student, "max_pool2d", case)


@points(4, "Maximum : le bord ne gagne jamais")
def test_the_border_never_wins_a_maximum(student):
    """Bordez de moins l'infini, pas de zéros : sinon le bord gagne dès que tous les pixels sont négatifs."""
    for case in PADDED:
        check_case(student, "max_pool2d", case)
        for scale in (1, 1e12):  # no finite number that one may think of is low enough
            check_case(student, "max_pool2d", case, below_zero(case, scale))


@points(3, "Maximum : entiers et couples mélangés")
def test_the_maximum_with_integers_and_pairs(student):
    """`kernel_size`, `stride` et `padding` sont chacun un entier ou un couple (lignes, colonnes), indépendamment."""
    for case in MIXED:
        check_case(student, "max_pool2d", case)


@points(2, "Maximum : les options dans l'ordre")
def test_the_maximum_by_position(student):
    """L'ordre des arguments est `x, kernel_size, stride, padding`."""
    check_by_position(student, "max_pool2d")


@points(4, "Maximum : le gradient va au gagnant")
def test_the_gradient_of_a_maximum_goes_to_it_alone(student):
    """Le pixel qui gagne reçoit tout le gradient de sa fenêtre ; s'il gagne plusieurs fois, la somme."""
    for case in GRADIENTS:
        check_gradient(student, "max_pool2d", case)


@points(4, "Moyenne : le noyau seul")
def test_the_mean_of_windows_side_by_side(student):
    """Sans `stride`, le pas vaut la taille du noyau ; les pixels en trop, en bas et à droite, ne comptent pas."""
    for case in PLAIN:
        check_case(student, "avg_pool2d", case)


@points(3, "Moyenne : le pas (stride)")
def test_the_mean_with_a_stride(student):
    """La fenêtre avance de `stride`, moins que le noyau (elles se recouvrent) ou plus (des pixels sont sautés)."""
    for case in STRIDED:
        check_case(student, "avg_pool2d", case)


@points(4, "Moyenne : les zéros du bord comptent")
def test_the_zeros_of_the_border_count_in_a_mean(student):
    """Le bord est fait de zéros qui comptent : divisez toujours par la taille du noyau."""
    for case in PADDED:
        check_case(student, "avg_pool2d", case)


@points(3, "Moyenne : entiers et couples mélangés")
def test_the_mean_with_integers_and_pairs(student):
    """`kernel_size`, `stride` et `padding` sont chacun un entier ou un couple (lignes, colonnes), indépendamment."""
    for case in MIXED:
        check_case(student, "avg_pool2d", case)


@points(2, "Moyenne : les options dans l'ordre")
def test_the_mean_by_position(student):
    """L'ordre des arguments est `x, kernel_size, stride, padding`."""
    check_by_position(student, "avg_pool2d")


@points(3, "Moyenne : le gradient se partage")
def test_the_gradient_of_a_mean_is_shared(student):
    """Chaque pixel d'une fenêtre reçoit la même part de son gradient ; restez en opérations de torch."""
    for case in GRADIENTS:
        check_gradient(student, "avg_pool2d", case)


@points(3, "Les petites tailles")
def test_axes_of_size_one_are_kept(student):
    """Noyau de taille 1 ou de la taille de l'image, un seul exemple, un seul canal : les quatre axes restent."""
    for case in TINY:
        for name in BOTH:
            check_case(student, name, case)


@points(2, "En float32 aussi")
def test_float32_is_as_good(student):
    """Créez vos tenseurs intermédiaires avec le type de `x` (`x.new_full`, `dtype=x.dtype`)."""
    for case in WIDE:
        for name in BOTH:
            check_case(student, name, case, torch.randn(case.x))


@points(2, "Des tenseurs non contigus")
def test_the_layout_in_memory_does_not_matter(student):
    """Après un `permute`, la mémoire n'est plus dans l'ordre des axes : préférez `reshape` à `view`."""
    for case in LAYOUTS:
        for name in BOTH:
            x = torch.randn(case.x, dtype=F64)
            kept = student.keep(x.permute(3, 2, 1, 0).contiguous())
            found = student[name](student.handle(kept.permute, 3, 2, 1, 0), case.kernel_size, **case.options)
            check_values(found, name, case, x)


@points(2, "Le tenseur reçu reste intact")
def test_the_input_is_not_modified(student):
    """`x` ne change pas : travaillez sur un nouveau tenseur."""
    student.mirror()
    for case in (*LAYOUTS, GRADIENTS[1]):
        for name in BOTH:
            x = torch.randn(case.x, dtype=F64)
            before = x.clone()
            found = student[name](x, case.kernel_size, **case.options)
            checks.equal(x, before, f"`x` après l'appel de {name}")
            check_values(found, name, case, before)
