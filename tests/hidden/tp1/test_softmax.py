"""Hidden suite of ``softmax``: values on every axis, extreme logits, gradients. No random check: alpha = 0.

Values are compared element by element, relative to each probability, so that an epsilon in the denominator or a
clamped logit shows. What rounding may do to an exponential grows with its argument (``exp(logits - logsumexp)``
is right too), hence ``fan_in``.
"""

from __future__ import annotations

from functools import partial

import torch

from autograder import checks
from autograder.suite import gate, points
from reference.losses import softmax as reference_softmax

F64 = torch.float64
READY_MADE = (
    *("softmax", "log_softmax", "Softmax", "LogSoftmax", "Softmax2d", "softmin", "Softmin", "gumbel_softmax"),
    *("AdaptiveLogSoftmaxWithLoss", "_softmax", "_log_softmax", "scaled_dot_product_attention"),
)


def roundings(logits, dim):
    """How many roundings may add up in one probability, generously."""
    return 8 + logits.shape[dim] + 2 * int(logits.abs().max())


def check_values(student, logits, dim, what):
    expected = reference_softmax(logits.to(F64), dim)
    found = checks.tensor(
        student.softmax(logits.clone(), dim), shape=logits.shape, dtype="floating", what=what
    )
    fan_in = roundings(logits, dim)
    checks.close(found, expected, what, fan_in=fan_in, scale=expected, dtype=logits.dtype)


def check_gradient(student, logits, dim, what):
    adjoint = torch.randn_like(logits)
    leaf, reference_leaf = (logits.clone().requires_grad_() for _ in range(2))
    found = checks.tensor(student.softmax(leaf, dim), shape=logits.shape, requires_grad=True)
    found.backward(adjoint.to(found.dtype))
    reference_softmax(reference_leaf, dim).backward(adjoint)
    assert leaf.grad is not None, "Aucun gradient n'est arrivé jusqu'aux logits."
    gradient = checks.tensor(leaf.grad, shape=logits.shape, what=what)
    scale, fan_in = float(adjoint.abs().max()), roundings(logits, dim)
    checks.close(gradient, reference_leaf.grad, what, fan_in=fan_in, scale=scale)


def far_apart(rows, dtype):
    """Logits of which each row holds +-1e4 and values close to the largest, in random order."""
    levels = torch.tensor([1e4, 1e4 - 1.5, 1e4 - 30, 1e4 - 60, 0, -1e4], dtype=F64)
    logits = levels.repeat(rows, 1) + torch.rand(rows, len(levels), dtype=F64)
    logits[:, 0] = 1e4 + 2  # the same largest value in each row: one shift would do for all
    return torch.stack([row[torch.randperm(len(levels))] for row in logits]).to(dtype)


@gate("Sans la softmax toute faite de PyTorch")
def test_no_ready_made_softmax(student):
    """L'exercice demande de construire la softmax avec des opérations élémentaires (exp, sum, max, logsumexp...)."""
    inputs = (torch.randn(4), torch.randn(3, 5), torch.randn(2, 3, 4), far_apart(2, F64))
    calls = [partial(student.softmax, logits, dim=-1) for logits in inputs]
    checks.forbidden(student, ["softmax"], READY_MADE, calls, operations="softmax|attention")


@points(3, "Le dernier axe par défaut")
def test_the_last_axis_is_the_default(student):
    """Sans `dim`, la somme des exponentielles se fait sur le dernier axe, quel que soit le nombre d'axes."""
    for shape in ((4, 7), (2, 3, 5)):
        for dtype in (F64, torch.float32):
            logits = 2 * torch.randn(shape, dtype=dtype)
            found = checks.tensor(student.softmax(logits.clone()), shape=shape, dtype="floating")
            expected = reference_softmax(logits.to(F64), -1)
            what = f"softmax(logits) pour des logits de forme {shape}"
            checks.close(found, expected, what, fan_in=roundings(logits, -1), scale=expected, dtype=dtype)


@points(3, "N'importe quel axe")
def test_any_axis_can_be_asked_for(student):
    """Le maximum et la somme se calculent tous deux le long de `dim`, avec `keepdim=True`."""
    logits = 2 * torch.randn(3, 4, 2, 5, dtype=F64)
    for dim in range(4):
        check_values(student, logits, dim, f"softmax(logits, dim={dim}) pour 4 axes")
    square = 2 * torch.randn(4, 4, dtype=F64)  # here a forgotten keepdim broadcasts along the wrong axis
    for dim in range(2):
        check_values(student, square, dim, f"softmax(logits, dim={dim}) pour des logits carrés")


@points(2, "Les axes négatifs")
def test_negative_axes_count_from_the_end(student):
    """`dim=-2` est l'avant-dernier axe : les opérations de PyTorch le comprennent, laissez-leur `dim` tel quel."""
    logits = 2 * torch.randn(3, 4, 2, 5, dtype=F64)
    for dim in (-1, -2, -3, -4):
        check_values(student, logits, dim, f"softmax(logits, dim={dim}) pour 4 axes")


@points(2, "Un seul axe, un seul élément")
def test_a_single_axis_or_a_single_element_is_enough(student):
    """Un vecteur de logits, sans axe de lot, est une entrée valable ; une classe unique a pour probabilité 1."""
    check_values(student, 2 * torch.randn(6, dtype=F64), 0, "softmax d'un vecteur")
    check_values(student, 2 * torch.randn(6, dtype=F64), -1, "softmax d'un vecteur")
    check_values(student, torch.randn(5, 1, dtype=F64), 1, "softmax sur une seule classe")
    check_values(student, torch.randn(1, 5, dtype=F64), 1, "softmax d'un lot d'un seul exemple")


@points(3, "Exacte pour des logits extrêmes")
def test_logits_that_differ_by_ten_thousand_are_exact(student):
    """exp(10000) déborde : retranchez d'abord le maximum. Borner les logits changerait le résultat."""
    for dtype in (F64, torch.float32):
        check_values(student, far_apart(3, dtype), 1, "softmax de logits entre -1e4 et 1e4")
    wide = 40 * torch.randn(3, 8, dtype=F64)
    check_values(student, wide, 1, "softmax de logits très dispersés")


@points(2, "Chaque ligne a sa propre échelle")
def test_rows_of_different_scales_do_not_disturb_one_another(student):
    """Le maximum à retrancher est celui de chaque ligne : avec un maximum global, les petites lignes tombent à 0/0."""
    offsets = torch.tensor([[1e4], [0.0], [-1e4]], dtype=F64)
    logits = torch.randn(3, 4, dtype=F64) + offsets[torch.randperm(3)]
    check_values(student, logits, 1, "softmax de lignes d'échelles très différentes")
    check_values(student, logits.T.contiguous(), 0, "softmax de colonnes d'échelles très différentes")


@points(1, "Stable aussi en float32")
def test_float32_overflows_earlier(student):
    """En float32, exp déborde dès 89 et s'annule vers -104 : retranchez toujours le maximum."""
    for centre in (0.0, 300.0, -300.0):
        logits = 80 * torch.rand(4, 6) + centre
        check_values(student, logits, 1, "softmax de logits float32 de quelques centaines")
    check_values(student, 150 + torch.randn(4, 6), 1, "softmax de logits float32 voisins de 150")


@points(2, "Différentiable")
def test_the_gradient_reaches_the_logits(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni detach sur le chemin du gradient."""
    for shape, dim in (((4, 6), 1), ((3, 2, 5), 0), ((7,), 0)):
        check_gradient(student, torch.randn(shape, dtype=F64), dim, f"le gradient pour dim={dim}")


@points(1, "Gradient fini pour des logits extrêmes")
def test_the_gradient_stays_finite_at_extreme_logits(student):
    """Une valeur juste peut cacher un gradient NaN : évitez log(0) et les exponentielles infinies en chemin."""
    check_gradient(student, far_apart(3, F64), 1, "le gradient pour des logits entre -1e4 et 1e4")


@points(1, "Les logits reçus restent intacts")
def test_the_logits_are_not_modified(student):
    """`logits -= ...` modifie le tenseur de l'appelant : créez-en un nouveau (`logits - ...`)."""
    student.mirror()
    logits = 5 * torch.randn(4, 6, dtype=F64)
    before = logits.clone()
    found = checks.tensor(student.softmax(logits, 1), shape=before.shape)
    checks.equal(logits, before, "le tenseur donné à softmax, après l'appel")
    # Doing nothing leaves the logits alone too, and earns nothing.
    checks.close(found, reference_softmax(before, 1), "softmax(logits, 1)", fan_in=roundings(before, 1))
