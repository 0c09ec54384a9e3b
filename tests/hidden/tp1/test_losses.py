"""Hidden suite of ``losses``: values, extreme logits and gradients of three losses. No random check: alpha = 0.

Logits are either below 4, where a naive formula is exact too, or far out (60 and more, where exp(-60) is lost in any
rounding): between 20 and 37, ``softplus`` itself is a linear approximation. Soft targets are multiples of 1/64, which
every format holds.
"""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import nn
from torch.nn import functional as F

from autograder import checks
from autograder.suite import gate, points
from reference import losses as reference

F64 = torch.float64
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


def classes_of(count, classes):
    """Targets (N,) in random order, each class at least once where there are samples enough."""
    rounds = [torch.randperm(classes) for _ in range(-(-count // classes))]
    return torch.cat(rounds)[:count][torch.randperm(count)]


def moderate(*shape, dtype=F64):
    """Logits between -4 and 4."""
    return (8 * torch.rand(shape, dtype=F64) - 4).to(dtype)


def far_apart(dtype=F64):
    """Logits (12, 6) of which each row holds +-1e4 and values close to the largest, in random order."""
    levels = torch.tensor([1e4, 1e4 - 1.5, 1e4 - 60, 1e4 - 300, 0, -1e4], dtype=F64)
    logits = levels.repeat(12, 1) + torch.rand(12, len(levels), dtype=F64)
    logits[:, 0] = 1e4 + 2  # the same largest value in each row: one shift would do for all
    return torch.stack([row[torch.randperm(len(levels))] for row in logits]).to(dtype)


def far_out(dtype=F64):
    """Logits and hard targets (20,): large and huge ones of both signs, for either target."""
    sizes = torch.tensor([60, 80, 300, 1e3, 1e4], dtype=F64)
    logits = torch.cat([sizes, -sizes]).repeat(2) + torch.rand(20, dtype=F64)
    targets = torch.arange(2, dtype=F64).repeat_interleave(10)
    order = torch.randperm(20)
    return logits[order].to(dtype), targets[order].to(dtype)


def hard(*shape):
    return torch.randint(2, shape).to(F64)


def soft(*shape):
    return torch.randint(65, shape).to(F64) / 64


def roundings(x):
    """How many roundings may add up in a mean of such losses."""
    return 16 + x.numel() + x.shape[-1]


def check_value(student, name, x, targets, what):
    """The loss, whether it is a tensor or a number: that it can be differentiated has tests of its own."""
    expected = getattr(reference, name)(
        x.to(F64), targets.to(F64) if targets.is_floating_point() else targets
    )
    found = student[name](x.clone(), targets.clone())
    scale = max(1.0, float(x.abs().max()))
    checks.close(found, expected, what, fan_in=roundings(x), scale=scale, dtype=x.dtype)


def check_gradient(student, name, x, targets, what):
    """The gradient for the logits, for an adjoint that is not 1."""
    adjoint = 0.5 + torch.rand((), dtype=F64)
    leaf, reference_leaf = (x.clone().requires_grad_() for _ in range(2))
    found = checks.tensor(student[name](leaf, targets.clone()), shape=(), requires_grad=True, what=what[0])
    found.backward(adjoint.to(found.dtype))
    getattr(reference, name)(reference_leaf, targets).backward(adjoint)
    assert leaf.grad is not None, f"Aucun gradient n'est arrivé jusqu'au premier argument de `{name}`."
    gradient = checks.tensor(leaf.grad, shape=x.shape, what=what[1])
    fan_in = roundings(x) + 2 * int(x.abs().max())  # exp(z - logsumexp) rounds its large argument
    checks.close(gradient, reference_leaf.grad, what[1], fan_in=fan_in, scale=2 / len(x))


def named(name, told=""):
    """What messages call the value and the gradient of a loss."""
    return f"`{name}`{told}", f"le gradient de `{name}`{told}"


@gate("Sans les pertes toutes faites de PyTorch")
def test_no_ready_made_loss(student):
    """L'exercice demande de construire les pertes ; log_softmax, logsumexp, softplus et logsigmoid sont permis."""
    used = student.forbidden(NAMES, READY_MADE)
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."
    log_p = torch.log_softmax(moderate(5, 3), 1)
    calls = [("nll_loss", log_p, classes_of(5, 3)), ("cross_entropy", moderate(5, 3), classes_of(5, 3))]
    calls += [("cross_entropy", far_apart(), classes_of(12, 6)), ("binary_cross_entropy", *far_out())]
    calls += [("binary_cross_entropy", moderate(*shape), soft(*shape)) for shape in ((5,), (2, 3))]
    for name, x, targets in calls:
        called = {}
        with suppress(Exception):  # what raises is for the other tests to say
            _, called = student.ops(student[name], x, targets)
        ready_made = sorted(op for op in called if "loss" in op or "cross_entropy" in op)
        assert not ready_made, f"`{name}` appelle une perte toute faite : {', '.join(ready_made)}."


@points(3, "nll_loss : moins la log-probabilité de la cible, en moyenne")
def test_nll_is_the_mean_of_minus_the_targets_log_probability(student):
    """Une log-probabilité par exemple, celle de sa cible, telle quelle : ni log, ni exponentielle, ni borne de plus."""
    for count, classes in ((9, 4), (5, 5), (7, 12)):
        log_p = torch.log_softmax(moderate(count, classes), 1)
        what = f"`nll_loss` pour des log-probabilités de forme {(count, classes)}"
        check_value(student, "nll_loss", log_p, classes_of(count, classes), what)
    log_p = torch.log_softmax(far_apart(), 1)
    what = "`nll_loss` pour des log-probabilités jusqu'à -20 000"
    check_value(student, "nll_loss", log_p, classes_of(12, 6), what)


@points(2, "cross_entropy : des logits quelconques")
def test_cross_entropy_is_the_nll_of_the_softmax(student):
    """Softmax sur les classes, logarithme naturel, cible, moyenne ; une classe peut manquer parmi les cibles."""
    for count, classes in ((9, 4), (5, 5), (7, 12)):
        for dtype in (F64, torch.float32):
            x = moderate(count, classes, dtype=dtype)
            what = f"`cross_entropy` pour des logits de forme {(count, classes)}"
            check_value(student, "cross_entropy", x, classes_of(count, classes), what)
    for targets in (classes_of(8, 3), 2 + classes_of(8, 3)):
        what = "`cross_entropy` quand des classes manquent parmi les cibles"
        check_value(student, "cross_entropy", moderate(8, 6), targets, what)


@points(2, "cross_entropy : des logits extrêmes")
def test_cross_entropy_is_exact_at_extreme_logits(student):
    """Ne calculez pas log(softmax) en deux temps : la softmax tombe à 0. En float32, exp déborde dès 89."""
    for dtype in (F64, torch.float32):
        what = "`cross_entropy` pour des logits entre -1e4 et 1e4"
        check_value(student, "cross_entropy", far_apart(dtype), classes_of(12, 6), what)
    for sign in (1, -1):
        x = sign * (200 + 200 * torch.rand(12, 6))
        x[:, int(torch.randint(6, ()))] = (
            x.max() + 1
        )  # one shift would do for all rows: scales have their test
        what = "`cross_entropy` pour des logits float32 de quelques centaines"
        check_value(student, "cross_entropy", x, classes_of(12, 6), what)


@points(1, "cross_entropy : chaque ligne a son échelle")
def test_rows_of_different_scales_do_not_disturb_one_another(student):
    """Si vous retranchez un maximum, que ce soit celui de chaque ligne, pas celui du lot."""
    offsets = torch.tensor([1e4, 0.0, -1e4], dtype=F64)[torch.randperm(3)].repeat(2)
    x = moderate(6, 4) + offsets[:, None]
    what = "`cross_entropy` pour des lignes d'échelles très différentes"
    check_value(student, "cross_entropy", x, classes_of(6, 4), what)


@points(2, "nll_loss et cross_entropy : le gradient")
def test_the_gradient_of_the_losses_over_classes(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni `.item()`, ni detach sur le chemin du gradient."""
    log_p = torch.log_softmax(moderate(7, 4), 1)
    check_gradient(student, "nll_loss", log_p, classes_of(7, 4), named("nll_loss"))
    check_gradient(student, "cross_entropy", moderate(7, 4), classes_of(7, 4), named("cross_entropy"))


@points(1, "cross_entropy : le gradient à des logits extrêmes")
def test_the_gradient_of_cross_entropy_stays_finite(student):
    """Une perte juste peut cacher un gradient NaN : pas de log(0) ni d'exponentielle infinie, même non retenus."""
    what = named("cross_entropy", " pour des logits entre -1e4 et 1e4")
    check_gradient(student, "cross_entropy", far_apart(), classes_of(12, 6), what)


@points(2, "binary_cross_entropy : des cibles de 0 à 1")
def test_binary_cross_entropy_takes_soft_targets(student):
    """Une cible peut être une probabilité, 0,3 par exemple : les deux termes, t et 1 - t, comptent toujours."""
    what = "`binary_cross_entropy` pour des cibles "
    for dtype in (F64, torch.float32):
        x = moderate(15, dtype=dtype)
        check_value(student, "binary_cross_entropy", x, hard(15).to(dtype), what + "0 ou 1")
        check_value(student, "binary_cross_entropy", x, soft(15).to(dtype), what + "entre 0 et 1")


@points(1, "binary_cross_entropy : la moyenne de tous les éléments")
def test_binary_cross_entropy_averages_all_elements(student):
    """Les cibles ont la forme des logits, quelle qu'elle soit ; la moyenne court sur tous les axes."""
    for shape in ((7, 1), (1, 7), (4, 4), (2, 3, 5)):
        what = f"`binary_cross_entropy` pour des logits de forme {shape}"
        check_value(student, "binary_cross_entropy", moderate(*shape), hard(*shape), what)


@points(2, "binary_cross_entropy : des logits extrêmes")
def test_binary_cross_entropy_is_exact_at_extreme_logits(student):
    """log(1 - sigmoïde(z)) tombe à log(0) dès z = 40 : simplifiez la formule avant de la programmer."""
    for dtype in (F64, torch.float32):
        what = "`binary_cross_entropy` pour des logits jusqu'à 1e4 en valeur absolue"
        check_value(student, "binary_cross_entropy", *far_out(dtype), what)
    x = (200 + 200 * torch.rand(12)) * torch.tensor([1.0, -1.0]).repeat(6)
    what = "`binary_cross_entropy` pour des logits float32 de quelques centaines"
    check_value(student, "binary_cross_entropy", x, torch.tensor([0.0, 0, 1, 1]).repeat(3), what)


@points(1, "binary_cross_entropy : le gradient")
def test_the_gradient_of_binary_cross_entropy(student):
    """Restez en opérations de torch de bout en bout : ni NumPy, ni `.item()`, ni detach sur le chemin du gradient."""
    what = named("binary_cross_entropy")
    check_gradient(student, "binary_cross_entropy", moderate(12), hard(12), what)


@points(1, "binary_cross_entropy : le gradient à des logits extrêmes")
def test_the_gradient_of_binary_cross_entropy_stays_finite(student):
    """`torch.where` dérive ses deux branches : une exponentielle infinie dans celle qu'on jette donne NaN."""
    what = named("binary_cross_entropy", " pour des logits extrêmes")
    check_gradient(student, "binary_cross_entropy", *far_out(), what)


@points(1, "Un seul exemple, une seule classe")
def test_a_single_sample_or_a_single_class_is_enough(student):
    """Un lot d'un seul exemple a encore un axe de lot ; avec une seule classe, la cible est certaine."""
    for count, classes in ((1, 4), (5, 1), (1, 1)):
        x, targets = moderate(count, classes), classes_of(count, classes)
        told = f"pour N = {count} et C = {classes}"
        check_value(student, "nll_loss", torch.log_softmax(x, 1), targets, f"`nll_loss` {told}")
        check_value(student, "cross_entropy", x, targets, f"`cross_entropy` {told}")
    check_value(student, "binary_cross_entropy", moderate(1), hard(1), "`binary_cross_entropy` pour un logit")


@points(1, "Les tenseurs reçus restent intacts")
def test_the_arguments_are_not_modified(student):
    """`logits -= ...` modifie le tenseur de l'appelant : créez-en un nouveau (`logits - ...`)."""
    student.mirror()
    for name in NAMES:
        binary = name == "binary_cross_entropy"
        x, targets = (moderate(9), hard(9)) if binary else (moderate(6, 4), classes_of(6, 4))
        x = torch.log_softmax(x, 1) if name == "nll_loss" else x
        before = x.clone(), targets.clone()
        found = student[name](x, targets)
        checks.equal(x, before[0], f"le premier argument de `{name}`, après l'appel")
        checks.equal(targets, before[1], f"les cibles de `{name}`, après l'appel")
        # Doing nothing leaves them alone too, and earns nothing.
        expected = getattr(reference, name)(*before)
        checks.close(found, expected, f"`{name}`", fan_in=roundings(x), scale=4)
