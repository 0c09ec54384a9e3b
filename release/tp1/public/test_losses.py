"""Public suite of ``losses``: values worked by hand, large logits, a gradient."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from autograder import checks
from autograder.suite import gate, points

NAMES = ("nll_loss", "cross_entropy", "binary_cross_entropy")
READY_MADE = sorted(
    {
        name
        for home in (F, nn, torch, torch.ops.aten, torch._C._nn)
        for name in dir(home)
        if "loss" in name.lower() or "cross_entropy" in name or name == "kl_div"
    }
    | {*NAMES, "binary_cross_entropy_with_logits", "cross_entropy_loss", "nll_loss_forward", "nll_loss_nd"}
)
LN3 = math.log(3)


@gate("Sans les pertes toutes faites de PyTorch")
def test_no_ready_made_loss(student):
    """L'exercice demande de construire les pertes ; log_softmax, logsumexp, softplus et logsigmoid sont permis."""
    used = student.forbidden(NAMES, READY_MADE)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."


@points(2, "nll_loss, à la main")
def test_a_worked_nll(student):
    """Deux exemples, dont les cibles ont pour probabilité 1/2 et 1/8 : moins la moyenne de leurs logarithmes."""
    log_p = torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]).log()
    checks.close(student.nll_loss(log_p, torch.tensor([0, 2])), 2 * math.log(2), "`nll_loss`", fan_in=16)


@points(2, "cross_entropy, à la main")
def test_a_worked_cross_entropy(student):
    """exp(0) = 1 et exp(ln 3) = 3 : une chance sur quatre contre trois, et moins le logarithme pour la perte."""
    logits = torch.tensor([[0.0, LN3], [LN3, 0.0], [0.0, LN3]])
    expected = (-2 * math.log(0.75) - math.log(0.25)) / 3
    found = student.cross_entropy(logits, torch.tensor([1, 1, 1]))
    checks.close(found, expected, "`cross_entropy`", fan_in=16)


@points(2, "binary_cross_entropy, à la main")
def test_a_worked_binary_cross_entropy(student):
    """sigmoïde(ln 3) = 3/4 : la perte vaut -ln(3/4) pour la cible 1, -ln(1/4) pour 0, leur moyenne pour 0,5."""
    for target, expected in ((1.0, -math.log(0.75)), (0.0, -math.log(0.25)), (0.5, -math.log(0.1875) / 2)):
        found = student.binary_cross_entropy(torch.full((2, 2), LN3), torch.full((2, 2), target))
        checks.close(found, expected, f"`binary_cross_entropy` pour des cibles {target}", fan_in=16)


@points(2, "De grands logits")
def test_large_logits_do_not_overflow(student):
    """La perte d'une erreur très sûre d'elle est grande, mais finie : ici, l'écart entre les deux logits."""
    found = student.cross_entropy(torch.tensor([[1000.0, 0.0]]), torch.tensor([1]))
    checks.close(found, 1000.0, "`cross_entropy` de logits 1000 et 0", fan_in=16, dtype=torch.float32)
    found = student.binary_cross_entropy(torch.tensor([1000.0]), torch.tensor([0.0]))
    checks.close(found, 1000.0, "`binary_cross_entropy` d'un logit de 1000", fan_in=16, dtype=torch.float32)


@points(2, "Le gradient remonte")
def test_the_gradient_comes_back(student):
    """La perte est un tenseur sans axe, relié aux logits. Son gradient : la probabilité moins la cible."""
    logits = torch.tensor([[0.0, LN3]], requires_grad=True)
    found = student.cross_entropy(logits, torch.tensor([0]))
    checks.tensor(found, shape=(), requires_grad=True, what="`cross_entropy`").backward()
    assert logits.grad is not None, "Aucun gradient n'est arrivé jusqu'aux logits."
    what = "le gradient de `cross_entropy`"
    checks.close(logits.grad, torch.tensor([[-0.75, 0.75]]), what, fan_in=16)
    logit = torch.tensor([LN3], requires_grad=True)
    found = student.binary_cross_entropy(logit, torch.tensor([1.0]))
    checks.tensor(found, shape=(), requires_grad=True, what="`binary_cross_entropy`").backward()
    assert logit.grad is not None, "Aucun gradient n'est arrivé jusqu'au logit."
    checks.close(logit.grad, torch.tensor([-0.25]), "le gradient de `binary_cross_entropy`", fan_in=16)
