"""Public suite of ``im2col``: one image small enough for paper, shapes, gradients by finite differences, operations.

The image is 1 2 3 4 / 5 6 7 8 / 9 10 11 12. A kernel of 2 x 3 has four positions; at the first one it covers
1 2 3 / 5 6 7, which is the first column.
"""

from __future__ import annotations

import re
from contextlib import suppress

import torch

from autograder import checks
from autograder.errors import NameMissing
from autograder.suite import gate, points

F64 = torch.float64
CONVOLUTION = re.compile("conv(?!ert)", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.grad, torch._C._nn)
CONVOLUTIONS = tuple(sorted({name for home in HOMES for name in dir(home) if CONVOLUTION.search(name)}))
FUNCTION_UNFOLD = re.compile(r"(?:^|\W)(?:F|functional)\.unfold\b|^unfold \(import")


def image():
    return torch.arange(1.0, 13.0).reshape(1, 1, 3, 4)


def operations(student, name, *arguments):
    with suppress(Exception, NameMissing):  # what raises or is not there is for the other tests to say
        return student.ops(student[name], *arguments)[1]
    return {}


@gate("Sans `F.unfold` ni convolution toute faite")
def test_nothing_ready_made(student):
    """Recopiez les fenêtres vous-même (tranches, indexation, `x.unfold`, `as_strided`), sans `F.unfold`."""
    used = student.forbidden(["im2col", "conv2d_im2col"], ["Unfold"])
    unfolds = student.forbidden(["im2col", "conv2d_im2col"], ["unfold"])
    used += [use for use in unfolds if FUNCTION_UNFOLD.search(use)]
    used += student.forbidden(["conv2d_im2col"], CONVOLUTIONS)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."
    called = operations(student, "im2col", image(), 2)
    columns = [name for name in called if name.endswith("im2col")]
    called = operations(student, "conv2d_im2col", image(), torch.ones(1, 1, 2, 2))
    columns += [name for name in called if name.endswith("im2col") or CONVOLUTION.search(name)]
    assert not columns, f"Opérations interdites dans cet exercice : {', '.join(columns)}."


@points(3, "Un exemple écrit à la main")
def test_a_worked_example(student):
    """Première colonne : 1 2 3 5 6 7, la fenêtre en haut à gauche lue ligne par ligne."""
    windows = [[1, 2, 3, 5, 6, 7], [2, 3, 4, 6, 7, 8], [5, 6, 7, 9, 10, 11], [6, 7, 8, 10, 11, 12]]
    found = checks.tensor(student.im2col(image(), (2, 3)), shape=(1, 6, 4), what="im2col(x, (2, 3))")
    for number, window in enumerate(windows):
        checks.close(
            found[0, :, number], window, f"la colonne {number} de im2col(x, (2, 3))", dtype=torch.float32
        )


@points(2, "Le pas, le bord, la dilatation")
def test_worked_options(student):
    """Un bord de 1 et un pas de 2 : la première fenêtre 2 x 2 ne contient que le pixel 1, en bas à droite."""
    found = student.im2col(image(), 2, 2, 1)
    found = checks.tensor(found, shape=(1, 4, 6), what="im2col(x, 2, stride=2, padding=1)")
    checks.close(found[0, :, 0], [0, 0, 0, 1], "la première colonne de im2col(x, 2, stride=2, padding=1)")
    found = student.im2col(image(), 2, dilation=2)
    found = checks.tensor(found, shape=(1, 4, 2), what="im2col(x, 2, dilation=2)")
    checks.close(found[0, :, 0], [1, 3, 9, 11], "la première colonne de im2col(x, 2, dilation=2)")


@points(2, "Plusieurs images, plusieurs canaux")
def test_channels_come_first_in_a_column(student):
    """Une colonne contient la fenêtre du premier canal, puis celle du second ; chaque image a sa matrice."""
    one = image()
    x = torch.cat([torch.cat([one, 100 + one], 1), torch.cat([200 + one, 300 + one], 1)])
    found = checks.tensor(
        student.im2col(x, 2), shape=(2, 8, 6), what="im2col(x, 2), deux images de deux canaux"
    )
    checks.close(found[0, :, 0], [1, 2, 5, 6, 101, 102, 105, 106], "la première colonne de la première image")
    checks.close(
        found[1, :, 0], [201, 202, 205, 206, 301, 302, 305, 306], "la première colonne de la seconde image"
    )


@points(3, "La convolution par un produit de matrices")
def test_a_worked_convolution(student):
    """Avec le noyau 1 2 / 3 4, en haut à gauche : 1·1 + 2·2 + 5·3 + 6·4 = 44, plus le biais."""
    weight = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    found = student.conv2d_im2col(image(), weight, torch.tensor([0.5]))
    found = checks.tensor(found, shape=(1, 1, 2, 3), what="conv2d_im2col(x, weight, bias)")
    expected = torch.tensor([[44.5, 54.5, 64.5], [84.5, 94.5, 104.5]])
    checks.close(found[0, 0], expected, "conv2d_im2col(x, weight, bias)", fan_in=64)


@points(1, "Les groupes")
def test_groups(student):
    """Avec deux groupes, la première sortie ne lit que le premier canal ; le second, ici, vaut partout 100."""
    x = torch.cat([image(), torch.full((1, 1, 3, 4), 100.0)], 1)
    found = student.conv2d_im2col(x, torch.ones(2, 1, 2, 2), groups=2)
    found = checks.tensor(found, shape=(1, 2, 2, 3), what="conv2d_im2col(x, weight, groups=2)")
    checks.close(found[0, 0, 0], [14.0, 18.0, 22.0], "la première ligne du premier groupe", fan_in=64)
    checks.close(found[0, 1, 0], [400.0, 400.0, 400.0], "la première ligne du second groupe", fan_in=64)


@points(2, "Les gradients remontent")
def test_gradients_agree_with_finite_differences(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    shapes = ((1, 2, 4, 5), (2, 2, 2, 3), (2,))
    x, weight, bias = (torch.randn(shape, dtype=F64, requires_grad=True) for shape in shapes)
    checks.tensor(student.conv2d_im2col(x, weight, bias), shape=(1, 2, 3, 3), dtype=F64, requires_grad=True)
    what = "le gradient par rapport à x, weight ou bias"
    checks.gradcheck(lambda *inputs: student.conv2d_im2col(*inputs), (x, weight, bias), what, fast_mode=True)


@points(2, "Vectorisée")
def test_operations_do_not_grow_with_the_image(student):
    """Une image 16 fois plus grande doit demander autant d'opérations de torch, pas davantage."""
    weight = torch.randn(2, 1, 2, 2)
    for name, second in (("im2col", 2), ("conv2d_im2col", weight)):
        few = student.ops(student[name], torch.randn(1, 1, 6, 7), second)[1].total()
        many = student.ops(student[name], torch.randn(1, 1, 24, 28), second)[1].total()
        assert many <= 1.1 * few, f"{name} : {few} opérations pour une petite image, {many} pour une grande."


@points(1, "Les tenseurs reçus restent intacts")
def test_the_inputs_are_not_modified(student):
    """Travaillez sur de nouveaux tenseurs."""
    student.mirror()
    x, weight, bias = image(), torch.ones(1, 1, 2, 2), torch.ones(1)
    student.im2col(x, 2, padding=1)
    student.conv2d_im2col(x, weight, bias, padding=1)
    checks.equal(x, image(), "`x` après l'appel")
    checks.equal(weight, torch.ones(1, 1, 2, 2), "`weight` après l'appel")
    checks.equal(bias, torch.ones(1), "`bias` après l'appel")
