"""Hidden suite of ``dropout``.

Random checks at alpha = 1e-9 each (``checks.dropout``): 10^6 elements of one call for a rate (137,810 tell .2 from
.21), at least 10^3 pairs for independence (54 needed). Rates are never .5 where p and 1 - p must differ. Everything
else is an identity. Where the question is not independence within a batch, maps are single pixels, so that whole maps
dropped at once cost one test.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial

import torch

from autograder import checks
from autograder.suite import gate, points

FORBIDDEN = re.compile("dropout", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if FORBIDDEN.search(name)}))
PIXELS = (40, 50, 1, 1)


def inputs(shape=PIXELS, dtype=torch.float32):
    """Numbers of both signs, none near 0: a zero in the output was dropped."""
    return (0.5 + torch.rand(shape, dtype=dtype)) * (2 * torch.randint(2, shape) - 1)


def dropped(student, x, *p):
    """A new layer's output for a copy of ``x``, in training mode."""
    layer = student.Dropout(*p)
    return call(layer, x)


def call(layer, x):
    return checks.tensor(layer(x.clone()), shape=x.shape, dtype=x.dtype, what="la sortie")


def check_both_fates(y, what):
    """Some elements dropped, some kept: of 200 or more, chance makes them all alike with probability 1e-30."""
    zeros = int((y == 0).sum())
    assert zeros, f"{what} : aucun élément n'est à zéro."
    assert zeros < y.numel(), f"{what} : tous les éléments sont à zéro."


@gate("Sans le dropout tout fait de PyTorch")
def test_no_ready_made_dropout(student):
    """Tirez le masque vous-même (`torch.rand`, `torch.bernoulli`...), sans `nn.Dropout` ni `F.dropout`."""
    checks.forbidden(student, ["Dropout"], READY_MADE, watched_calls(student), FORBIDDEN)


def watched_calls(student):
    for p in (0.0, 0.3, 0.5, 1.0):
        for shape in (PIXELS, (1000,), (4, 3, 5, 6)):
            with suppress(Exception):  # what raises is for the other tests to say
                layer = student.Dropout(p)
                yield partial(layer, inputs(shape).requires_grad_())


@points(4, "Zéro, ou x / (1 - p)")
def test_what_is_kept_is_scaled(student):
    """Ce qui reste est divisé par 1 - p, la probabilité de rester, pour que la moyenne ne change pas."""
    for p in (0.2, 0.7):
        x = inputs()
        y = dropped(student, x, p)
        checks.dropout_values(y, x, p, f"Dropout({p})")
        check_both_fates(y, f"Dropout({p})")
    x = inputs()
    y = dropped(student, x)
    checks.dropout_values(y, x, 0.5, "Dropout() : p vaut 0.5 par défaut")
    check_both_fates(y, "Dropout()")


@points(4, "La part p est mise à zéro")
def test_p_is_the_share_that_is_dropped(student):
    """`p` est la probabilité d'être mis à zéro, non celle de rester."""
    for p in (0.2, 0.7):
        y = dropped(student, inputs((1000, 1000, 1, 1)), p)
        checks.dropout_rate(y, p, f"Dropout({p}) sur un million d'éléments")
    y = dropped(student, inputs((1000, 100, 1, 1)))
    checks.dropout_rate(y, 0.5, "Dropout() : p vaut 0.5 par défaut")


@points(4, "Chaque élément du lot pour son compte")
def test_each_element_of_the_batch_is_drawn_on_its_own(student):
    """Le masque a la forme de x entier : ni un masque commun à tout le lot, ni des lignes ou des cartes entières."""
    for p, shape in ((0.3, (20, 10, 8, 12)), (0.6, (60, 70)), (0.3, (6, 4000))):
        checks.dropout_independence(
            dropped(student, inputs(shape), p), p, f"Dropout({p}), lot de forme {shape}"
        )


@points(3, "Un nouveau tirage à chaque appel")
def test_each_call_draws_anew(student):
    """Le masque se tire dans `forward`, pas dans `__init__`, et sans graine fixée."""
    x, p = inputs(), 0.3
    layer = student.Dropout(p)
    first, second = call(layer, x), call(layer, x)
    checks.independent_masks(first, second, p, "Deux appels de la même couche")
    layer.eval()
    call(layer, x)
    layer.train()
    checks.independent_masks(second, call(layer, x), p, "Un appel avant et un appel après une évaluation")
    others = [dropped(student, x, p) for _ in range(2)]
    checks.independent_masks(*others, p, "Deux couches")


@points(3, "En évaluation, rien ne change")
def test_evaluation_is_the_identity(student):
    """En évaluation (`self.training` faux), la sortie est x, sans facteur ; ensuite, `train()` reprend le tirage."""
    for p in (0.3, 0.8):
        layer = student.Dropout(p)
        for _ in range(2):
            layer.eval()
            x = inputs()
            checks.equal(call(layer, x), x, f"la sortie de Dropout({p}) en évaluation")
            layer.train()
            zeros = bool((call(layer, x) == 0).any())
            assert zeros, f"De retour en entraînement, Dropout({p}) ne met rien à zéro."


@points(2, "p = 0 et p = 1")
def test_the_ends_of_the_range(student):
    """p = 0 garde tout ; p = 1 met tout à zéro, sans division par zéro, dans les gradients non plus."""
    for p in (0.0, 1.0):
        before = inputs((10, 20, 1, 1))
        x = before.clone().requires_grad_()
        y = checks.tensor(student.Dropout(p)(x), shape=x.shape, what=f"la sortie de Dropout({p})")
        if y.requires_grad:  # for p = 1 the output need not depend on x
            y.backward(torch.ones_like(y))
        gradient = torch.zeros_like(x) if x.grad is None else x.grad
        kept = spared(y.detach(), p)
        checks.equal(y[kept], (1 - p) * before[kept], f"la sortie de Dropout({p})")
        checks.equal(gradient[kept], torch.full_like(before[kept], 1 - p), f"le gradient pour Dropout({p})")


def spared(y, p):
    """All elements, but for one that p = 0 dropped.

    ``torch.rand(...) > p`` is 0 once in 2^24: of 200 elements one with probability 1e-5, two with 7e-11.
    """
    zeros = y == 0
    return ~zeros if p == 0 and int(zeros.sum()) <= 1 else torch.ones_like(zeros)


@points(3, "Le gradient suit le masque")
def test_the_gradient_goes_where_the_signal_went(student):
    """Le gradient passe par les éléments gardés, avec le même facteur ; il est nul ailleurs."""
    for p in (0.2, 0.7):
        before = inputs()
        x = before.clone().requires_grad_()
        y = checks.tensor(student.Dropout(p)(x), shape=x.shape, requires_grad=True, what="la sortie")
        check_both_fates(y, f"Dropout({p})")
        v = torch.randn(x.shape)
        y.backward(v)
        assert x.grad is not None, "Aucun gradient n'est arrivé jusqu'à x."
        factor = checks.finite(y.detach(), "la sortie") / before
        checks.close(x.grad, v * factor, f"le gradient de Dropout({p})", fan_in=8)


@points(1, "Toutes les formes, en float32 comme en float64")
def test_any_shape_and_type(student):
    """Le masque prend la forme et le type de x : vecteurs, séries, images, volumes."""
    for dtype in (torch.float32, torch.float64):
        for shape in ((300,), (20, 30), (5, 6, 20), (3, 4, 5, 6), (2, 3, 4, 5, 6)):
            y = dropped(student, inputs(shape, dtype), 0.3)
            check_both_fates(y, f"Dropout(0.3) pour une entrée de forme {shape}")


@points(1, "L'entrée reste intacte")
def test_the_input_is_not_modified(student):
    """`x *= masque` modifie le tenseur de l'appelant : créez-en un nouveau (`x * masque`)."""
    student.mirror()
    for training in (True, False):
        layer, x = student.Dropout(0.3), inputs()
        layer.train(training)
        before = x.clone()
        y = checks.tensor(layer(x), shape=x.shape, what="la sortie")
        checks.equal(x, before, "le tenseur donné à Dropout, après l'appel")
        if training:
            check_both_fates(y, "Dropout(0.3)")
