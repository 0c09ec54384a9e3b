"""Hidden suite of ``batchnorm``: outputs, running statistics and gradients, each an identity in float64. alpha = 0.

Batches hold 4 to 8 elements a channel: there the biased and the unbiased variance differ by 14 to 33 %, which would
vanish in rounding for a large image. Channels have means and spreads of their own, N, C, H and W differ.

One mistake should cost its own test: scale and shift keep 1 and 0 where they are not the question, only the first test
looks at the outputs of several images while training, and away from the test of eps no value tells where eps stands
(variances of at least 0.25, to which 1e-5 adds 4e-5, within what ``ROUGH`` allows).
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import gate, points
from reference.layers import BatchNorm2d as ReferenceBatchNorm2d

F64 = torch.float64
# F.instance_norm calls torch's batch norm on a batch of one
FORBIDDEN = re.compile("batch_?norm|instance_?norm|_NormBase", re.IGNORECASE)
HOMES = (torch, torch.nn, torch.nn.functional, torch.nn.modules.batchnorm, torch._C._nn)
READY_MADE = tuple(sorted({name for home in HOMES for name in dir(home) if FORBIDDEN.search(name)}))
NAMES = ("weight", "bias", "running_mean", "running_var")
STATISTICS = NAMES[2:]
SHAPES = ((2, 3, 2, 1), (1, 4, 2, 3), (2, 5, 1, 4), (5, 2, 1, 1))  # 4, 6, 8, 5 elements a channel
ALONE = ((1, 3, 2, 2), (1, 5, 2, 3), (1, 2, 1, 5))
ROUGH = {
    "fan_in": 1000,
    "dtype": torch.float32,
}  # 5e-4 of the largest value; the smallest mistake changes 7 %
EXACT = {"fan_in": 1000, "dtype": F64}  # 9e-13: E[x^2] - E[x]^2 is right too and loses some digits


def images(shape, dtype=F64):
    """Images (N, C, H, W) whose channels have means between -3 and 3, and deviations of exactly 0.5 to 2."""
    channels = shape[1]
    noise = torch.randn(shape, dtype=F64)
    if noise[:, 0].numel() > 1:
        spread = noise.std((0, 2, 3), correction=0, keepdim=True)
        noise = (noise - noise.mean((0, 2, 3), keepdim=True)) / spread
    mean = 6 * torch.rand(channels, 1, 1, dtype=F64) - 3
    spread = 0.5 + 1.5 * torch.rand(channels, 1, 1, dtype=F64)
    return (mean + spread * noise).to(dtype)


class Pair:
    """The same layer here, by the reference in float64, and in the guest, by the student."""

    def __init__(self, student, channels, *args, dtype=F64, **options):
        self.ours = ReferenceBatchNorm2d(channels, *args, **options).double()
        self.theirs = student.BatchNorm2d(channels, *args, **options)
        if dtype is F64:  # a new layer is in float32
            self.theirs.double()

    def load(self, *names):
        """Give both layers the same random values under these names."""
        state = state_of(self.theirs)
        values = {name: 0.5 + torch.rand_like(self.ours.state_dict()[name]) for name in names}
        for name, value in values.items():
            checks.tensor(state[name], shape=value.shape, what=f"`{name}`")
        self.ours.load_state_dict(values, strict=False)
        self.theirs.load_state_dict(
            {**state, **{name: values[name].to(state[name].dtype) for name in values}}
        )
        return self

    def outputs(self, x, what, **expectations):
        """What the student's layer makes of a copy of ``x``, and what the reference makes of it."""
        found = checks.tensor(self.theirs(x.clone()), shape=x.shape, dtype=x.dtype, what=what, **expectations)
        return found, self.ours(x.double())

    def check_output(self, x, what, tolerance=ROUGH):
        checks.close(*self.outputs(x, what), what, **tolerance)

    def check_statistics(self, what, names=STATISTICS):
        found, expected = state_of(self.theirs), self.ours.state_dict()
        for name in names:
            label = f"`{name}` {what}"
            checks.tensor(found[name], shape=expected[name].shape, what=label)
            checks.close(found[name], expected[name], label, **ROUGH)

    def mode(self, training):
        self.ours.train(training)
        self.theirs.train(training)
        return self


def state_of(layer):
    state = layer.state_dict()
    missing = [name for name in NAMES if not isinstance(state, dict) or name not in state]
    if missing:
        raise CheckFailed(f"Il manque dans le `state_dict` de la couche : {', '.join(missing)}.")
    return state


@gate("Sans la normalisation par lots toute faite de PyTorch")
def test_no_ready_made_batch_norm(student):
    """Construisez la normalisation avec des moyennes et des variances, sans `nn.BatchNorm2d` ni `F.batch_norm`."""
    checks.forbidden(student, ["BatchNorm2d"], READY_MADE, watched_calls(student), FORBIDDEN)


def watched_calls(student):
    for shape in (*SHAPES, *ALONE):
        for dtype in (F64, torch.float32):
            for training in (True, False):
                with suppress(Exception):  # what raises is for the other tests to say
                    layer = student.BatchNorm2d(shape[1])
                    layer.to(dtype)
                    layer.train(training)
                    yield partial(layer, images(shape, dtype).requires_grad_())


@points(4, "En entraînement : les statistiques du lot")
def test_a_channel_is_normalised_over_batch_and_image(student):
    """Moyenne et variance d'un canal se prennent sur N, H et W ; pour normaliser, la variance divise par n."""
    for shape in SHAPES:
        pair = Pair(student, shape[1])
        for call in ("premier", "second"):
            pair.check_output(images(shape), f"la sortie en entraînement, {call} lot de forme {shape}")


@points(3, "Une échelle et un décalage par canal")
def test_each_channel_has_its_scale_and_shift(student):
    """`weight` et `bias` sont de forme (C,) : donnez-leur les axes de l'image, `weight[:, None, None]`."""
    for shape in (*ALONE, (1, 4, 1, 4)):  # as many columns as channels: the wrong axis fits
        pair = Pair(student, shape[1]).load("weight", "bias")
        what = f"la sortie avec `weight` et `bias` quelconques, lot de forme {shape}"
        found, expected = pair.outputs(images(shape), what, requires_grad=True)
        checks.close(found, expected, what, **ROUGH)
        check_gradients(pair, found, expected, "bias")


@points(2, "eps, sous la racine")
def test_eps_is_an_argument_and_counts_when_the_spread_is_small(student):
    """`eps` s'ajoute à la variance, avant la racine ; c'est le deuxième argument, avec 1e-5 pour défaut."""
    for options in ((), (1e-2,), (0.5, 0.1)):
        pair = Pair(student, 3, *options)
        x = 0.01 * torch.randn(1, 3, 2, 2, dtype=F64)
        told = ", ".join(str(option) for option in (3, *options))
        pair.check_output(x, f"la sortie de BatchNorm2d({told}) pour un écart type de 0.01", EXACT)


@points(3, "La moyenne glissante, momentum compris")
def test_momentum_is_the_share_of_the_new_batch(student):
    """nouvelle = (1 - momentum) · ancienne + momentum · lot : le momentum est un argument, 0.1 par défaut."""
    for momentum in (0.1, 0.3, 1.0):
        options = {} if momentum == 0.1 else {"momentum": momentum}
        pair = Pair(student, 3, **options).load("running_mean")
        for _ in range(3):
            pair.outputs(images((2, 3, 2, 1)), "la sortie en entraînement")
        pair.check_statistics(f"après trois lots, avec un momentum de {momentum}", ["running_mean"])


@points(3, "La variance glissante, non biaisée")
def test_the_running_variance_is_unbiased(student):
    """La variance glissante reçoit l'estimation divisée par n - 1, n = N·H·W ; la sortie garde celle divisée par n."""
    for shape in SHAPES:
        pair = Pair(student, shape[1]).load("running_var")
        for _ in range(2):
            pair.outputs(images(shape), "la sortie en entraînement")
        pair.check_statistics(f"après deux lots de forme {shape}", ["running_var"])


@points(4, "En évaluation : les statistiques glissantes, qui ne bougent plus")
def test_evaluation_uses_the_running_statistics_and_leaves_them(student):
    """En évaluation (`self.training` faux), un exemple ne dépend pas des autres et rien n'est mis à jour."""
    for shape in ((2, 3, 2, 1), (1, 4, 1, 1)):
        pair = Pair(student, shape[1]).load(*STATISTICS)
        for _ in range(2):
            pair.mode(False).check_output(images(shape), f"la sortie en évaluation, lot de forme {shape}")
        pair.check_statistics("après une évaluation")
        check_gradient_in_evaluation(pair, images(shape))
        pair.mode(True).outputs(images((2, *shape[1:])), "la sortie en entraînement")
        pair.load(*STATISTICS).mode(False).check_output(images(shape), "la sortie, de retour en évaluation")


def check_gradient_in_evaluation(pair, x):
    """Where running statistics normalise, the layer is an affine map: its gradient is a constant for each channel."""
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    expected, found = pair.ours(ours), pair.theirs(theirs)
    found = checks.tensor(found, shape=x.shape, requires_grad=True, what="la sortie en évaluation")
    v = torch.randn(x.shape, dtype=F64)
    expected.backward(v)
    found.backward(v)
    check_gradient(theirs.grad, ours.grad, "x", x.shape)


@points(4, "Le gradient traverse les statistiques du lot")
def test_the_gradient_goes_through_the_statistics_of_the_batch(student):
    """Moyenne et variance dépendent de x : ni `detach` ni `no_grad` sur leur calcul dans la passe d'entraînement."""
    for shape in ALONE:
        pair, x = Pair(student, shape[1]).load("weight"), images(shape)
        ours, theirs = (x.clone().requires_grad_() for _ in range(2))
        what = f"la sortie en entraînement, lot de forme {shape}"
        expected, found = pair.ours(ours), checks.tensor(pair.theirs(theirs), shape=shape, what=what)
        checks.close(found, expected, what, **ROUGH)
        checks.tensor(found, requires_grad=True, what=what)
        check_gradients(pair, found, expected, "weight")
        check_gradient(theirs.grad, ours.grad, "x", shape)


def check_gradients(pair, found, expected, name):
    """The gradient of the parameter called ``name``, after a backward pass on both sides."""
    v = torch.randn(expected.shape, dtype=F64)
    expected.backward(v)
    found.backward(v.to(found.dtype))
    gradients = {found_name: p.grad for found_name, p in pair.theirs.named_parameters()}
    check_gradient(gradients.get(name), dict(pair.ours.named_parameters())[name].grad, name, found.shape)


def check_gradient(found, expected, name, shape):
    what = f"le gradient par rapport à `{name}`, lot de forme {tuple(shape)}"
    if found is None:
        raise CheckFailed(f"{what[:1].upper()}{what[1:]} n'existe pas.")
    checks.close(found, expected, what, **ROUGH, scale=max(1.0, float(expected.abs().max())))


@points(2, "Les statistiques glissantes ne gardent aucun graphe")
def test_running_statistics_keep_no_history(student):
    """Détachez moyenne et variance du lot avant de les mêler aux glissantes, sinon le graphe grandit à chaque lot."""
    pair = Pair(student, 3)
    for _ in range(2):
        x = images((1, 3, 2, 2)).requires_grad_()
        found = checks.tensor(pair.theirs(x), shape=x.shape, requires_grad=True)
        checks.close(found, pair.ours(x.detach()), "la sortie en entraînement", **ROUGH)
        found.sum().backward()
    for name in STATISTICS:
        kept = checks.tensor(getattr(pair.theirs, name), shape=(3,), what=f"`{name}`").requires_grad
        assert not kept, f"`{name}` garde le graphe de calcul des lots passés."


@points(2, "Paramètres, tampons et valeurs de départ")
def test_statistics_are_buffers_and_start_at_zero_and_one(student):
    """`weight` (des uns) et `bias` (des zéros) s'apprennent ; les statistiques sont des tampons : `register_buffer`."""
    layer = student.BatchNorm2d(4)
    found, expected = state_of(layer), ReferenceBatchNorm2d(4).state_dict()
    for name in NAMES:
        checks.equal(checks.tensor(found[name], shape=(4,)), expected[name], f"`{name}` au départ")
    learned = {name for name, p in layer.named_parameters() if p.requires_grad}
    assert set(NAMES[:2]) <= learned, "`weight` et `bias` doivent être des paramètres à apprendre."
    parameters = {name for name, _ in layer.named_parameters()}
    assert parameters == set(NAMES[:2]), (
        "La couche a exactement deux paramètres, `weight` et `bias` ; les statistiques sont des tampons."
    )
    Pair(student, 4).check_output(images((1, 4, 2, 3)), "la sortie d'une couche neuve")


@points(1, "En float32 comme en float64")
def test_the_output_has_the_type_of_the_input(student):
    """La sortie a le type de x, float32 comme float64 : ne convertissez ni x ni les statistiques."""
    for dtype in (torch.float32, F64):
        pair = Pair(student, 3, dtype=dtype)
        for training in (True, False):
            pair.load(*STATISTICS).mode(training)
            pair.check_output(images((1, 3, 2, 4), dtype), f"la sortie pour un lot en {str(dtype)[6:]}")


@points(1, "Des tenseurs non contigus")
def test_the_layout_in_memory_does_not_matter(student):
    """Après un `permute`, la mémoire n'est plus dans l'ordre des axes : préférez `reshape` à `view`."""
    pair, x = Pair(student, 3), images((1, 3, 2, 4))
    kept = student.keep(x.permute(3, 2, 1, 0).contiguous())
    found = checks.tensor(pair.theirs(student.handle(kept.permute, 3, 2, 1, 0)), shape=x.shape)
    checks.close(found, pair.ours(x), "la sortie pour un tenseur non contigu", **ROUGH)


@points(1, "L'image reçue reste intacte")
def test_the_input_is_not_modified(student):
    """`x -= moyenne` modifie le tenseur de l'appelant : créez-en un nouveau (`x - moyenne`)."""
    student.mirror()
    for training in (True, False):
        pair, x = Pair(student, 3).load(*STATISTICS).mode(training), images((1, 3, 2, 2))
        before = x.clone()
        found = checks.tensor(pair.theirs(x), shape=before.shape)
        checks.equal(x, before, "le lot donné à la couche, après l'appel")
        checks.close(found, pair.ours(before), "la sortie", **ROUGH)
