"""Public suite of ``pooling``: windows small enough for paper, negative pixels, gradients.

The map is 1 2 3 4 / 5 6 7 8 / 9 10 11 12: its windows of 2 x 2 hold 1 2 5 6 and 3 4 7 8; the third row is left over.
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
POOLING = re.compile("pool", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if POOLING.search(name)}))
BOTH = ("max_pool2d", "avg_pool2d")


def image():
    return torch.arange(1.0, 13.0).reshape(1, 1, 3, 4)


def check(found, rows, what):
    """The only map is ``rows``."""
    expected = torch.tensor(rows)
    found = checks.tensor(found, shape=(1, 1, *expected.shape), dtype="floating", what=what)
    checks.close(found[0, 0], expected, what, fan_in=64)


@gate("Sans le pooling tout fait de PyTorch")
def test_no_ready_made_pooling(student):
    """Construisez le pooling (tranches, `unfold`, `amax`, `mean`...) sans `F.max_pool2d` ni ses semblables."""
    calls = []
    for name in BOTH:
        with suppress(NameMissing):
            calls.append(partial(student[name], image(), 2))
    checks.forbidden(student, BOTH, READY_MADE, calls, POOLING)


@points(3, "Des maximums à la main")
def test_worked_maxima(student):
    """La première fenêtre 2 x 2 contient 1 2 5 6 ; sans `stride`, la suivante commence deux pixels plus loin."""
    check(student.max_pool2d(image(), 2), [[6.0, 8.0]], "max_pool2d(x, 2)")
    check(
        student.max_pool2d(image(), 2, 1), [[6.0, 7.0, 8.0], [10.0, 11.0, 12.0]], "max_pool2d(x, 2, stride=1)"
    )
    check(student.max_pool2d(image(), (3, 2)), [[10.0, 12.0]], "max_pool2d(x, (3, 2))")


@points(2, "Des pixels négatifs")
def test_the_border_does_not_beat_negative_pixels(student):
    """Par -40 °C partout, le maximum est -40 °C, au bord aussi."""
    x = torch.full((1, 1, 3, 4), -40.0)
    check(
        student.max_pool2d(x, 3, 2, 1),
        [[-40.0, -40.0], [-40.0, -40.0]],
        "max_pool2d(x, 3, stride=2, padding=1)",
    )


@points(3, "Des moyennes à la main")
def test_worked_means(student):
    """La première fenêtre 2 x 2 contient 1 2 5 6, de moyenne 3,5."""
    check(student.avg_pool2d(image(), 2), [[3.5, 5.5]], "avg_pool2d(x, 2)")
    check(student.avg_pool2d(image(), (3, 2), 1), [[5.5, 6.5, 7.5]], "avg_pool2d(x, (3, 2), stride=1)")


@points(2, "Les zéros du bord comptent")
def test_the_zeros_of_the_border_count(student):
    """Avec un bord de 1, la première fenêtre 2 x 2 contient trois zéros et le pixel 1 : la moyenne est 0,25."""
    found = student.avg_pool2d(image(), 2, 2, 1)
    check(found, [[0.25, 1.25, 1.0], [3.5, 8.5, 5.0]], "avg_pool2d(x, 2, stride=2, padding=1)")


@points(2, "Chaque canal pour soi")
def test_channels_are_kept_apart(student):
    """Le pooling ne mélange ni les canaux, ni les images du lot."""
    x = torch.cat([torch.cat([image(), 100 + image()], 1), torch.cat([200 + image(), 300 + image()], 1)])
    for name, corner in (("max_pool2d", 6.0), ("avg_pool2d", 3.5)):
        found = checks.tensor(student[name](x, 2), shape=(2, 2, 1, 2), what=f"{name}(x, 2)")
        expected = torch.tensor([[corner, 100 + corner], [200 + corner, 300 + corner]])
        checks.close(found[:, :, 0, 0], expected, f"{name}(x, 2), la première fenêtre", fan_in=64)


@points(2, "Le gradient d'un maximum, à la main")
def test_the_gradient_of_a_maximum_goes_to_it_alone(student):
    """Avec un pas de 1, le pixel 6 ne gagne que la première fenêtre : il reçoit tout son gradient, ses voisins rien."""
    x = image().requires_grad_()
    found = student.max_pool2d(x, 2, 1)
    found = checks.tensor(found, shape=(1, 1, 2, 3), requires_grad=True, what="max_pool2d(x, 2, stride=1)")
    found[0, 0, 0, 0].backward()
    assert x.grad is not None, "Aucun gradient n'est arrivé jusqu'à l'image."
    expected = torch.zeros(3, 4)
    expected[1, 1] = 1
    checks.close(x.grad[0, 0], expected, "le gradient du premier maximum par rapport à x")


@points(2, "Les gradients remontent")
def test_gradients_agree_with_finite_differences(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    pixels = (
        torch.randperm(40).double().reshape(1, 2, 4, 5)
    )  # far apart: no tie within a step of finite differences
    for name in BOTH:
        x = pixels.clone().requires_grad_()
        checks.tensor(student[name](x, 2, 1), shape=(1, 2, 3, 4), dtype=F64, requires_grad=True, what=name)
        checks.gradcheck(
            lambda t, f=student[name]: f(t, 2, 1), (x,), f"le gradient de {name}", fast_mode=True
        )


@points(1, "Le tenseur reçu reste intact")
def test_the_input_is_not_modified(student):
    """Travaillez sur un nouveau tenseur."""
    student.mirror()
    for name in BOTH:
        x = image()
        student[name](x, 2, 2, 1)
        checks.equal(x, image(), f"`x` après l'appel de {name}")
