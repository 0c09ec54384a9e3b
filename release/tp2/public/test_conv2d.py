"""Public suite of ``conv2d``: each option on an image small enough for paper, shapes, gradients by finite differences.

The image is 1 2 3 / 4 5 6 / 7 8 9 and the kernel 1 2 / 3 4. Top left: 1*1 + 2*2 + 4*3 + 5*4 = 37.
"""

from __future__ import annotations

import re
from contextlib import suppress

import torch

from autograder import checks
from autograder.suite import gate, points

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))


def image():
    return torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)


def kernel():
    return torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def check(found, rows, what):
    """The first map of the first image is ``rows``."""
    expected = torch.tensor(rows)
    found = checks.tensor(found, shape=(1, None, *expected.shape), dtype="floating", what=what)
    checks.close(found[0, 0], expected, what, fan_in=64)


@gate("Sans la convolution toute faite de PyTorch")
def test_no_ready_made_convolution(student):
    """Construisez la convolution (tranches, `unfold`, produits de matrices...) sans `F.conv2d` ni `nn.Conv2d`."""
    used = student.forbidden(["conv2d"], READY_MADE)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."
    called = {}
    with suppress(Exception):  # what raises is for the other tests to say
        _, called = student.ops(student.conv2d, image(), kernel())
    ready_made = sorted(name for name in called if CONVOLUTION.search(name))
    assert not ready_made, f"Opérations interdites dans cet exercice : {', '.join(ready_made)}."


@points(3, "Un exemple calculé à la main")
def test_a_worked_example(student):
    """En haut à gauche : 1·1 + 2·2 + 4·3 + 5·4 = 37. Le noyau n'est pas retourné."""
    check(student.conv2d(image(), kernel()), [[37.0, 47.0], [67.0, 77.0]], "conv2d(x, weight)")


@points(2, "Plusieurs canaux, un biais")
def test_channels_add_up_and_outputs_have_a_bias(student):
    """Une sortie additionne tous les canaux d'entrée, puis son biais : ici deux canaux égaux, et un biais de 0,5."""
    x, weight = image().repeat(1, 2, 1, 1), torch.cat([kernel().repeat(1, 2, 1, 1)] * 3)
    found = student.conv2d(x, weight, torch.tensor([0.5, 0.0, 0.0]))
    check(found, [[74.5, 94.5], [134.5, 154.5]], "conv2d(x, weight, bias), deux canaux")
    check(found[:, 1:], [[74.0, 94.0], [134.0, 154.0]], "le deuxième canal de sortie, dont le biais est nul")


@points(2, "Le bord et le pas")
def test_padding_and_stride(student):
    """Avec un bord de zéros et un pas de 2, la première fenêtre ne contient qu'un pixel de l'image : 1·4 = 4."""
    what = "conv2d(x, weight, stride=2, padding=1)"
    check(student.conv2d(image(), kernel(), stride=2, padding=1), [[4.0, 18.0], [36.0, 77.0]], what)


@points(1, "La dilatation")
def test_dilation(student):
    """Avec une dilatation de 2, le noyau lit les quatre coins de l'image : 1·1 + 3·2 + 7·3 + 9·4 = 64."""
    check(student.conv2d(image(), kernel(), dilation=2), [[64.0]], "conv2d(x, weight, dilation=2)")


@points(1, "Les groupes")
def test_groups(student):
    """Avec deux groupes, la première sortie ne lit que le premier canal : le second, ici, vaut partout 100."""
    x = torch.cat([image(), torch.full((1, 1, 3, 3), 100.0)], 1)
    found = student.conv2d(x, kernel().repeat(2, 1, 1, 1), groups=2)
    check(found, [[37.0, 47.0], [67.0, 77.0]], "conv2d(x, weight, groups=2), premier groupe")
    check(found[:, 1:], [[1000.0, 1000.0], [1000.0, 1000.0]], "conv2d(x, weight, groups=2), second groupe")


@points(2, "Des couples pour les lignes et les colonnes")
def test_pairs_are_rows_then_columns(student):
    """Un couple donne d'abord les lignes, puis les colonnes ; la taille de sortie s'arrondit vers le bas."""
    x, weight = torch.randn(2, 3, 8, 9), torch.randn(4, 3, 3, 2)
    for options, size in (
        ({"stride": (2, 3)}, (3, 3)),
        ({"padding": (0, 2)}, (6, 12)),
        ({"dilation": (3, 1)}, (2, 8)),
    ):
        told = ", ".join(f"{name}={value}" for name, value in options.items())
        checks.tensor(
            student.conv2d(x, weight, **options), shape=(2, 4, *size), what=f"conv2d(x, weight, {told})"
        )


@points(2, "Les gradients remontent")
def test_gradients_agree_with_finite_differences(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    shapes = ((1, 2, 4, 5), (2, 2, 2, 3), (2,))
    x, weight, bias = (torch.randn(shape, dtype=F64, requires_grad=True) for shape in shapes)
    checks.tensor(student.conv2d(x, weight, bias), shape=(1, 2, 3, 3), dtype=F64, requires_grad=True)
    what = "le gradient par rapport à x, weight ou bias"
    checks.gradcheck(lambda *inputs: student.conv2d(*inputs), (x, weight, bias), what, fast_mode=True)


@points(1, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Travaillez sur de nouveaux tenseurs."""
    student.mirror()
    x, weight, bias = image(), kernel(), torch.ones(1)
    student.conv2d(x, weight, bias, padding=1)
    checks.equal(x, image(), "`x` après l'appel")
    checks.equal(weight, kernel(), "`weight` après l'appel")
    checks.equal(bias, torch.ones(1), "`bias` après l'appel")
