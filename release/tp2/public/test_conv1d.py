"""Public suite of ``conv1d`` and ``conv3d``: each option on numbers small enough for paper, gradients, shapes.

The series is 1 2 3 4 5 and the kernel 1 0 2: the first output is 1*1 + 0*2 + 2*3 = 7. The volume holds 1 to 8.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial

import torch

from autograder import checks
from autograder.errors import NameMissing
from autograder.suite import gate, points

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))


def series():
    return torch.arange(1.0, 6.0).reshape(1, 1, 5)


def kernel():
    return torch.tensor([[[1.0, 0.0, 2.0]]])


def volume():
    return torch.arange(1.0, 9.0).reshape(1, 1, 2, 2, 2)


def check(found, values, what):
    """The only map of the only example holds ``values``."""
    found = checks.tensor(found, shape=(1, 1, len(values)), dtype="floating", what=what)
    checks.close(found[0, 0], torch.tensor(values), what, fan_in=64)


@gate("Sans les convolutions toutes faites de PyTorch")
def test_no_ready_made_convolution(student):
    """Construisez la convolution (tranches, `unfold`, `einsum`...) sans `F.conv1d`, `nn.Conv3d` ni leurs semblables."""
    calls = []
    with suppress(NameMissing):
        calls.append(partial(student.conv1d, series(), kernel()))
    with suppress(NameMissing):
        calls.append(partial(student.conv3d, volume(), volume()))
    checks.forbidden(student, ["conv1d", "conv3d"], READY_MADE, calls, CONVOLUTION)


@points(3, "Une série calculée à la main")
def test_a_worked_series(student):
    """Première sortie : 1·1 + 0·2 + 2·3 = 7. Le noyau n'est pas retourné."""
    check(student.conv1d(series(), kernel()), [7.0, 10.0, 13.0], "conv1d(x, weight)")


@points(2, "Le pas, le bord, la dilatation d'une série")
def test_options_of_a_series(student):
    """Avec un bord de 1, la première fenêtre est 0 1 2 ; avec une dilatation de 2, elle est 1 3 5."""
    check(student.conv1d(series(), kernel(), stride=2), [7.0, 13.0], "conv1d(x, weight, stride=2)")
    found = student.conv1d(series(), kernel(), padding=1)
    check(found, [4.0, 7.0, 10.0, 13.0, 4.0], "conv1d(x, weight, padding=1)")
    check(student.conv1d(series(), kernel(), dilation=2), [11.0], "conv1d(x, weight, dilation=2)")


@points(2, "Plusieurs canaux, un biais")
def test_channels_add_up_and_outputs_have_a_bias(student):
    """Une sortie additionne tous les canaux d'entrée, puis son biais : ici deux canaux égaux, et un biais de 0,5."""
    found = student.conv1d(series().repeat(1, 2, 1), kernel().repeat(2, 2, 1), torch.tensor([0.5, 0.0]))
    found = checks.tensor(found, shape=(1, 2, 3), what="conv1d(x, weight, bias), deux canaux")
    expected = torch.tensor([[14.5, 20.5, 26.5], [14.0, 20.0, 26.0]])
    checks.close(found[0], expected, "conv1d(x, weight, bias), deux canaux", fan_in=64)


@points(3, "Un volume calculé à la main")
def test_a_worked_volume(student):
    """Un noyau aussi grand que le volume donne un seul nombre : 1·1 + 2·2 + ... + 8·8 = 204, plus le biais."""
    found = checks.tensor(student.conv3d(volume(), volume()), shape=(1, 1, 1, 1, 1), what="conv3d(x, weight)")
    checks.close(found.flatten(), [204.0], "conv3d(x, weight)", fan_in=64, dtype=torch.float32)
    found = student.conv3d(volume(), volume(), torch.tensor([0.5]))
    found = checks.tensor(found, shape=(1, 1, 1, 1, 1), what="conv3d(x, weight, bias)")
    checks.close(found.flatten(), [204.5], "conv3d(x, weight, bias)", fan_in=64, dtype=torch.float32)


@points(2, "Des triplets : profondeur, lignes, colonnes")
def test_triples_are_depth_rows_columns(student):
    """Un triplet donne la profondeur, puis les lignes, puis les colonnes ; la taille s'arrondit vers le bas."""
    x, weight = torch.randn(2, 3, 5, 6, 7), torch.randn(4, 3, 2, 2, 3)
    for options, size in (
        ({"stride": 2}, (2, 3, 3)),
        ({"stride": (1, 2, 3)}, (4, 3, 2)),
        ({"padding": (2, 1, 0)}, (8, 7, 5)),
    ):
        told = ", ".join(f"{name}={value}" for name, value in options.items())
        what = f"conv3d(x, weight, {told})"
        checks.tensor(student.conv3d(x, weight, **options), shape=(2, 4, *size), what=what)


@points(2, "Les gradients remontent")
def test_gradients_agree_with_finite_differences(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    for name, axes, kernel_axes, out in (
        ("conv1d", (6,), (3,), (1, 2, 4)),
        ("conv3d", (3, 2, 4), (2, 1, 3), (1, 2, 2, 2, 2)),
    ):
        shapes = ((1, 2, *axes), (2, 2, *kernel_axes), (2,))
        inputs = tuple(torch.randn(shape, dtype=F64, requires_grad=True) for shape in shapes)
        function = student[name]
        checks.tensor(function(*inputs), shape=out, dtype=F64, requires_grad=True, what=name)
        checks.gradcheck(
            function, inputs, f"le gradient de {name} par rapport à x, weight ou bias", fast_mode=True
        )


@points(1, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Travaillez sur de nouveaux tenseurs."""
    student.mirror()
    x, weight, bias = series(), kernel(), torch.ones(1)
    student.conv1d(x, weight, bias, padding=1)
    checks.equal(x, series(), "`x` après l'appel de conv1d")
    checks.equal(weight, kernel(), "`weight` après l'appel de conv1d")
    checks.equal(bias, torch.ones(1), "`bias` après l'appel de conv1d")
    x, weight = volume(), volume()
    student.conv3d(x, weight, padding=1)
    checks.equal(x, volume(), "`x` après l'appel de conv3d")
    checks.equal(weight, volume(), "`weight` après l'appel de conv3d")
