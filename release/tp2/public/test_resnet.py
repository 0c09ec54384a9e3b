"""Public suite of ``resnet``: sizes, a block whose branch is silenced, modes, gradients."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = ("models", "ResNet", "BasicBlock", "Bottleneck")


def silenced(student, *arguments):
    """A block whose parameters are all zero, so that F(x) = 0, in evaluation mode."""
    block = student.ResidualBlock(*arguments)
    parameters = {name: torch.zeros_like(p) for name, p in block.named_parameters()}
    assert parameters, "Le bloc n'a aucun paramètre enregistré."
    block.load_state_dict({**block.state_dict(), **parameters})
    block.eval()
    return block


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le bloc vous-même : `torchvision.models` est interdit."""
    used = student.forbidden(["ResidualBlock"], FORBIDDEN)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."


@points(2, "Les tailles")
def test_sizes(student):
    """Le pas réduit l'image, en arrondissant vers le haut : 9 lignes deviennent 5 avec stride=2."""
    x = torch.randn(2, 4, 9, 12)
    for arguments, shape in (((4, 4), (2, 4, 9, 12)), ((4, 6), (2, 6, 9, 12)), ((4, 6, 2), (2, 6, 5, 6))):
        what = f"la sortie de ResidualBlock({', '.join(map(str, arguments))})"
        found = checks.tensor(student.ResidualBlock(*arguments)(x), shape=shape, what=what)
        assert bool((found >= 0).all()) and bool((found > 0).any()), f"{what} n'est pas celle d'une ReLU."


@points(3, "Une branche muette laisse passer l'entrée")
def test_a_silent_branch_lets_the_input_through(student):
    """Si tous les paramètres sont nuls, F(x) = 0 : il reste ReLU(x), les valeurs positives de l'entrée."""
    x = torch.tensor([[[[1.0, -2.0], [3.0, -4.0]], [[-5.0, 6.0], [7.0, 0.5]]]])
    found = checks.tensor(silenced(student, 2, 2)(x), shape=(1, 2, 2, 2), what="la sortie du bloc")
    checks.close(found, x.clamp(min=0), "la sortie d'un bloc dont la branche est muette", fan_in=8)


@points(2, "Des paramètres seulement où il en faut")
def test_parameters(student):
    """Chaque 3x3 compte 9·in·out poids, chaque normalisation 2·out ; une projection 1x1 si la forme change."""
    for arguments, kernels in (((4, 4), 2 * 144), ((4, 6), 216 + 324 + 24), ((4, 4, 2), 2 * 144 + 16)):
        found = [p for _, p in student.ResidualBlock(*arguments).named_parameters()]
        count = sum(p.numel() for p in found if p.ndim > 1)
        told = f"ResidualBlock({', '.join(map(str, arguments))})"
        assert count == kernels, f"{told} a {count} poids de convolution au lieu de {kernels}."


@points(2, "Une image ne dépend pas des autres, en évaluation")
def test_images_are_independent_in_evaluation(student):
    """En évaluation, la normalisation prend ses statistiques glissantes, pas celles du lot."""
    block = student.ResidualBlock(3, 5, 2)
    block.eval()
    x = torch.randn(4, 3, 8, 8)
    checks.batch_independence(block, x, "la sortie du bloc")
    assert bool((block(x) > 0).any()), "La sortie est nulle partout."


@points(1, "Tout s'apprend")
def test_gradients_reach_everything(student):
    """Le gradient revient par la branche et par le raccourci."""
    block = student.ResidualBlock(3, 5, 2)
    x = torch.randn(4, 3, 8, 8).requires_grad_()
    found = checks.tensor(block(x), requires_grad=True, what="la sortie du bloc")
    (found * torch.randn(found.shape)).sum().backward()
    learned = [p.grad is not None for _, p in block.named_parameters()]
    assert learned and all(learned), "Un paramètre du bloc ne reçoit pas de gradient."
    assert bool(x.grad.any()), "L'image ne reçoit pas de gradient."
