"""Public suite of ``conv_block``: values by a kernel of ones, sizes, initial weights, a shifted image."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points

F64 = torch.float64


def parameters(module):
    """(weight, bias) by their number of axes, with their names."""
    found = {p.ndim: (name, p.detach()) for name, p in module.named_parameters()}
    assert 4 in found, "Le bloc n'a pas de paramètre à quatre axes, (out_channels, in_channels, kh, kw)."
    assert 1 in found, "Le bloc n'a pas de biais, (out_channels,)."
    return found[4], found[1]


@points(3, "Des sommes de deux pixels, à la main")
def test_a_kernel_of_ones(student):
    """Un noyau de uns additionne deux pixels voisins : 1 - 3 = -2 devient 0 par ReLU, -3 + 5 = 2 reste."""
    block = student.ConvBlock(1, 1, (1, 2))
    (weight, _), (bias, _) = parameters(block)
    block.load_state_dict({weight: torch.ones(1, 1, 1, 2), bias: torch.zeros(1)})
    x = torch.tensor([[[[1.0, -3.0, 5.0, -4.0]]]])
    found = checks.tensor(block(x), shape=(1, 1, 1, 3), what="la sortie du bloc")
    checks.close(found, torch.tensor([[[[0.0, 2.0, 1.0]]]]), "la sortie du bloc", fan_in=8)


@points(2, "Les tailles")
def test_sizes(student):
    """La sortie a floor((H + 2 padding - kernel_size) / stride) + 1 lignes, de même pour les colonnes."""
    x = torch.randn(2, 3, 10, 13)
    for arguments, size in (((3,), (8, 11)), ((3, 2, 1), (5, 7)), (((5, 1), (1, 3)), (6, 5))):
        told = ", ".join(map(str, (3, 4, *arguments)))
        what = f"la sortie de ConvBlock({told})"
        checks.tensor(student.ConvBlock(3, 4, *arguments)(x), shape=(2, 4, *size), what=what)


@points(2, "Les poids de départ")
def test_initial_weights(student):
    """Avec 16 canaux et un noyau 3 x 3, fan_in = fan_out = 144 : la variance du poids est 2 / 144, le biais nul."""
    (_, weight), (_, bias) = parameters(student.ConvBlock(16, 16, 3))
    checks.he(weight, "Le poids de ConvBlock(16, 16, 3)")
    checks.zero_bias(bias, "le biais de ConvBlock(16, 16, 3)")


@points(2, "Une image décalée")
def test_a_shifted_image_gives_a_shifted_result(student):
    """Décalez l'image de deux pixels (un pas) : loin des bords, la sortie se décale d'un pixel."""
    block = student.ConvBlock(2, 3, 3, stride=2)
    block.double()
    x = torch.randn(1, 2, 15, 17, dtype=F64)
    still = checks.tensor(block(x), shape=(1, 3, 7, 8), what="la sortie du bloc")
    moved = checks.tensor(block(torch.roll(x, (2, 2), (2, 3))), shape=(1, 3, 7, 8), what="la sortie du bloc")
    checks.close(
        moved[:, :, 1:, 1:], still[:, :, :-1, :-1].detach(), "la sortie pour l'image décalée", fan_in=64
    )
    assert bool((still > 0).any()), "La sortie est nulle partout."


@points(1, "Tout s'apprend")
def test_gradients_reach_weight_and_bias(student):
    """Le poids et le biais reçoivent un gradient."""
    block = student.ConvBlock(2, 3, 3)
    found = checks.tensor(block(torch.randn(4, 2, 8, 8)), requires_grad=True, what="la sortie du bloc")
    found.sum().backward()
    learned = [p.grad is not None and bool(p.grad.any()) for _, p in block.named_parameters()]
    assert learned and all(learned), "Un paramètre du bloc ne reçoit pas de gradient."
