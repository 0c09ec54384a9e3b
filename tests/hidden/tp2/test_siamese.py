"""Hidden suite of ``siamese``: one test of values for the distance and one for the loss, identities for all else.

Where a distance is 0 its gradient is not defined, so a solution may add something small: a distance below 1e-3 for
identical inputs means at most 1e-6 under the root, 5e-7 of a distance of 1, or 1e-6 on each difference
(``F.pairwise_distance``), 1e-6 sqrt(D) of a distance. ``ROUGH`` allows 5e-5 of the largest distance; the smallest
mistake changes distances by more than 1e-2. A distance below 0.02, where 1e-6 under the root would show, asks for 8
numbers of spread 1 that small at once: probability below 1e-12. Encoders are tanh networks in float64 with weights
drawn here: smooth, so that slopes are well conditioned. All else holds for whatever is drawn, alpha = 0.

The other tests ask for relations between the student's own results (one pair alone and in the batch, a margin and
distances twice as large, a gradient and a slope), so that a wrong distance costs its own test alone.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.losses import contrastive_loss
from reference.models import Siamese

F64 = torch.float64
ROUGH = {"fan_in": 100, "dtype": torch.float32}  # 5e-5 of the largest value
EXACT = {"fan_in": 1000, "dtype": F64}  # 9e-13
IDENTICAL = 1e-3
VECTORS = (("Linear", (6, 9)), ("Tanh", ()), ("Linear", (9, 8)))
SERIES = (("Conv1d", (3, 4, 3)), ("Tanh", ()))
IMAGES = (("Conv2d", (1, 3, 2)), ("Tanh", ()), ("AvgPool2d", (2,)))
randn = partial(torch.randn, dtype=F64)


class Encoder:
    """The same encoder here and in the guest.

    Args:
        layers: (name in torch.nn, arguments) of each layer.

    Attributes:
        ours, theirs: the module here, the handle to the one in the guest.
    """

    def __init__(self, student, *layers):
        self.ours = nn.Sequential(*(getattr(nn, name)(*args) for name, args in layers)).double()
        modules = [student.at(f"torch.nn.{name}")(*args) for name, args in layers]
        self.theirs = student.at("torch.nn.Sequential")(*modules)
        self.theirs.double()
        self.redraw()

    def redraw(self):
        """New weights."""
        self.load({n: randn(p.shape) / (0.5 * p[0].numel()) ** 0.5 for n, p in self.ours.named_parameters()})

    def load(self, values):
        self.ours.load_state_dict({**self.ours.state_dict(), **values})
        self.theirs.load_state_dict({n: v.clone() for n, v in self.ours.state_dict().items()})


def distances(network, a, b, what="la sortie", **expectations):
    """What the student's network makes of copies of a and b; it must not be the same for all pairs."""
    found = checks.tensor(
        network(a.clone(), b.clone()), shape=(len(a),), dtype="floating", what=what, **expectations
    )
    spread = float((found - found[:1]).detach().abs().max())
    assert len(a) == 1 or spread > 1e-6, f"{what[0].upper()}{what[1:]} est la même pour toutes les paires."
    return checks.finite(found, what)


@points(5, "La distance euclidienne des deux codes")
def test_the_distance_is_euclidean(student):
    """d = racine de la somme des carrés des différences entre encoder(a) et encoder(b), une distance par paire."""
    encoder = Encoder(student, *VECTORS)
    ours, theirs = Siamese(encoder.ours), student.Siamese(encoder.theirs)
    for count in (4, 8):  # as many pairs as numbers in a code: the wrong axis fits
        a, b = randn(count, 6), randn(count, 6)
        checks.close(distances(theirs, a, b), ours(a, b), "la sortie", **ROUGH)
        checks.close(distances(theirs, b, a), ours(a, b), "la sortie, a et b échangés", **ROUGH)


@points(2, "Des codes de toute forme, aplatis")
def test_encodings_of_any_shape_are_flattened(student):
    """L'encodeur peut rendre (N, C, L) ou (N, C, H, W) : aplatissez tout sauf l'axe du lot, `flatten(1)`."""
    for layers, shape in ((SERIES, (4, 3, 9)), (IMAGES, (3, 1, 5, 7))):
        encoder = Encoder(student, *layers)
        a, b = randn(shape), randn(shape)
        flat = student.at("torch.nn.Sequential")(encoder.theirs, student.at("torch.nn.Flatten")())
        expected = distances(student.Siamese(flat), a, b)
        what = f"la sortie pour des entrées de forme {shape}"
        found = distances(student.Siamese(encoder.theirs), a, b, what)
        checks.close(found, expected, f"{what}, comparée à celle d'un encodeur qui aplatit", **EXACT)


@points(1, "Une paire seule, chaque paire pour soi")
def test_each_pair_is_independent_of_the_batch(student):
    """Pour une seule paire, la sortie est de forme (1,) : un `squeeze` sans axe enlèverait aussi l'axe du lot."""
    network = student.Siamese(Encoder(student, *VECTORS).theirs)
    a, b = randn(3, 6), randn(3, 6)
    distances(network, a, b)
    checks.batch_independence(network, (a, b), "la sortie")


@points(3, "Un seul encodeur, celui qui est donné")
def test_both_inputs_pass_through_the_encoder_given(student):
    """Les deux entrées passent par l'encodeur reçu, sans copie : ses paramètres sont les seuls du module."""
    encoder = Encoder(student, *VECTORS)
    network = student.Siamese(encoder.theirs)
    table = checks.parameters(student, network, "le réseau siamois")
    checks.layer_shapes(table, [p.shape for p in encoder.ours.parameters()], "le réseau siamois")
    encoder.redraw()
    a, b = randn(4, 6), randn(4, 6)
    expected = distances(student.Siamese(encoder.theirs), a, b)
    told = "la sortie, les poids de l'encodeur ayant changé, comparée à celle d'un nouveau réseau siamois"
    checks.close(distances(network, a, b), expected, told, **EXACT)


def with_twins():
    """Four pairs, the first of identical inputs."""
    a, b = randn(4, 6), randn(4, 6)
    b[0] = a[0]
    return a, b


def check_twins_are_closest(found):
    apart = float(found.detach()[1:].min())
    assert apart > IDENTICAL, "Des entrées différentes sont à une distance nulle, ou négative."


@points(1, "Deux entrées identiques")
def test_identical_inputs_are_at_distance_zero(student):
    """La distance d'une entrée à elle-même reste sous 1e-3, quoi que vous ajoutiez sous la racine."""
    found = distances(student.Siamese(Encoder(student, *VECTORS).theirs), *with_twins())
    check_twins_are_closest(found)
    assert abs(float(found.detach()[0])) < IDENTICAL, (
        "La distance de deux entrées identiques n'est pas inférieure à 1e-3."
    )


@points(2, "Un gradient fini pour deux entrées identiques")
def test_identical_inputs_have_finite_gradients(student):
    """La racine a une pente infinie en 0, et 0 fois l'infini fait NaN : que vaut alors le gradient ?"""
    network = student.Siamese(Encoder(student, *VECTORS).theirs)
    a, b = (x.requires_grad_() for x in with_twins())
    found = distances(network, a, b, requires_grad=True)
    check_twins_are_closest(found)
    found.sum().backward()
    gradients = {"a": a.grad, "b": b.grad} | {name: p.grad for name, p in network.named_parameters()}
    for name, gradient in gradients.items():
        if gradient is not None:  # that it exists is for another test
            checks.finite(gradient, f"le gradient par rapport à `{name}`, deux entrées étant identiques")


@points(2, "Les gradients de la distance")
def test_gradients_of_the_distance(student):
    """Le gradient remonte par les deux branches, jusqu'aux entrées et à l'encodeur : ni `detach` ni `no_grad`."""
    encoder = Encoder(student, *VECTORS)
    network = student.Siamese(encoder.theirs)
    a, b = (randn(4, 6).requires_grad_() for _ in range(2))
    v = 0.5 + torch.rand(4, dtype=F64)

    def output(x, y):
        return (distances(network, x, y).detach() * v).sum()

    def with_weight(name, value):
        kept = encoder.ours.state_dict()[name].clone()
        encoder.load({name: value})
        result = output(a, b)
        encoder.load({name: kept})
        return result

    (distances(network, a, b, requires_grad=True) * v).sum().backward()
    check_slope("`a`", a.grad, a.detach(), lambda moved: output(moved, b))
    check_slope("`b`", b.grad, b.detach(), lambda moved: output(a, moved))
    gradients = {name: p.grad for name, p in encoder.theirs.named_parameters()}
    for name, p in encoder.ours.named_parameters():
        if name != "2.bias":  # cancels in the difference
            check_slope(
                f"`{name}` de l'encodeur", gradients[name], p.detach().clone(), partial(with_weight, name)
            )


def check_slope(told, gradient, value, f):
    """The gradient along a random direction is a central difference, 1e-5 allowed (1e-8 of truncation and rounding)."""
    if gradient is None:
        raise CheckFailed(f"Le gradient n'atteint pas {told}.")
    u, step = randn(value.shape), 1e-5
    slope = float(f(value + step * u) - f(value - step * u)) / (2 * step)
    assert slope != 0, f"Le résultat ne dépend pas de {told}."
    error = abs(float((gradient * u).sum()) - slope)
    if not error < 1e-5 * (1 + abs(slope)):
        raise CheckFailed(f"Le gradient pour {told} s'écarte de {checks.decimal(error)} de la pente mesurée.")


# --- The loss -------------------------------------------------------------------------------------------------


def pairs(count=11):
    """Distances on both sides of the margin 1, none within 0.05 of it, and labels of which both occur on each side."""
    d = torch.cat([0.05 + 0.9 * torch.rand(count - 4, dtype=F64), 1.05 + torch.rand(4, dtype=F64)])
    same = (torch.arange(count) % 2).double()
    order = torch.randperm(count)
    return d[order], same[order]


def loss_of(student, d, same, *margin, what="la perte", **options):
    found = student.contrastive_loss(d.clone(), same.clone(), *margin, **options)
    return checks.finite(checks.tensor(found, shape=(), dtype="floating", what=what), what)


@points(5, "La perte : une moyenne sur les paires")
def test_the_loss_of_genuine_pairs_and_forgeries(student):
    """d² pour une vraie paire (same = 1), le carré de ce qui manque à la marge pour une fausse, puis la moyenne."""
    d, same = pairs()
    cases = {
        "la perte": (d, same),
        "la perte de vraies paires": (d, torch.ones_like(same)),
        "la perte de fausses paires": (d, torch.zeros_like(same)),
        "la perte d'une seule paire": (d[:1], same[:1]),
        "la perte d'un lot de 7 paires": pairs(7),
    }
    for what, case in cases.items():
        checks.close(loss_of(student, *case, what=what), contrastive_loss(*case), what, **EXACT)


@points(1, "Une autre marge")
def test_the_margin_is_an_argument(student):
    """Si la marge et toutes les distances sont multipliées par c, la perte l'est par c² : la marge est un argument."""
    d, same = pairs()
    one = loss_of(student, d, same, 1.0)
    for c in (2.5, 0.4):
        what = f"la perte pour une marge et des distances {c} fois plus grandes"
        checks.close(loss_of(student, c * d, same, c, what=what), c**2 * one, what, **EXACT)
    wide = loss_of(student, d, same, margin=3)
    assert float((wide - one).abs()) > 1e-3, "La perte ne dépend pas de la marge."


@points(1, "Des étiquettes entières")
def test_labels_are_integers_or_floats(student):
    """`same` est un tenseur de 0 et de 1, entier ou flottant."""
    d, same = pairs()
    expected = loss_of(student, d, same)
    changed = loss_of(student, d, 1 - same)
    assert float((changed - expected).abs()) > 1e-12, "La perte ne dépend pas de `same`."
    for dtype in (torch.int64, torch.float32, torch.int32):
        what = f"la perte pour `same` de type {str(dtype)[6:]}, comparée à celle de float64"
        checks.close(loss_of(student, d, same.to(dtype), what=what), expected, what, **EXACT)


@points(2, "Le gradient de la perte")
def test_the_gradient_of_the_loss(student):
    """La perte se dérive par rapport aux distances ; une fausse paire au-delà de la marge a un gradient nul."""
    d, same = pairs()
    leaf = d.clone().requires_grad_()
    what = "la perte"
    checks.tensor(student.contrastive_loss(leaf, same), shape=(), requires_grad=True, what=what).backward()
    if leaf.grad is None:
        raise CheckFailed("Le gradient n'atteint pas les distances.")
    for genuine in (0, 1):
        picked = same == genuine
        told = f"les distances des {'vraies' if genuine else 'fausses'} paires"
        check_slope(
            told,
            leaf.grad[picked],
            d[picked],
            lambda moved, picked=picked: loss_of(student, d.masked_scatter(picked, moved), same),
        )
