"""Hidden suite of ``evaluation``: accuracies that are known because the labels are made from the model's own scores.

Models and samples are drawn here, in float64, and given by value; labels are the reference's predictions, changed for
the samples that must count as wrong. So the share of right answers is exact, and what a mistake would give (means of
batches, training mode) is kept away from it. Scores within 1e-6 of a tie are drawn anew: alpha = 0.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.standins import SmallNet
from autograder.suite import points
from reference.training import evaluate as reference_evaluate

F64 = torch.float64
FEATURES, HIDDEN, CLASSES, BATCH = 5, 8, 4, 5
TIE = 1e-6
FLOAT32_MEAN = 1e-6


class Model:
    """The same network here (``ours``) and in the guest (``theirs``), in training mode."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        theirs.load_state_dict(ours.state_dict())
        self.start = copy.deepcopy(ours.state_dict())

    def predictions(self, x):
        """Classes in evaluation mode, (N,); None where two scores are nearly tied."""
        with torch.no_grad():
            scores = copy.deepcopy(self.ours).eval()(x)
        best = scores.topk(2, dim=1).values
        return scores.argmax(dim=1) if bool((best[:, 0] - best[:, 1] > TIE).all()) else None

    def labelled(self, wrong, shape=(FEATURES,)):
        """Samples and their labels, of which those marked in ``wrong`` are not what the model predicts."""
        wrong = torch.tensor(wrong)
        predicted = None
        while predicted is None:
            x = torch.randn(len(wrong), *shape, dtype=F64)
            predicted = self.predictions(x)
        shift = torch.randint(1, CLASSES, wrong.shape)
        return x, torch.where(wrong, (predicted + shift) % CLASSES, predicted)

    def check(self, student, x, y, what, loader=None):
        batches = list(zip(x.split(BATCH), y.split(BATCH), strict=True))
        expected = reference_evaluate(copy.deepcopy(self.ours), batches)
        found = student.evaluate(self.theirs, data_loader(student, x, y) if loader is None else loader)
        check_accuracy(found, expected, what)


def check_accuracy(found, expected, what):
    """``found`` is a number, and the right one; whether it is a plain one is judged once."""
    if isinstance(found, torch.Tensor | np.ndarray) and tuple(found.shape) in ((), (1,)):
        found = float(found.reshape(()))
    if isinstance(found, bool) or not isinstance(found, int | float | np.number):
        raise CheckFailed("`evaluate` doit renvoyer un nombre (un `return` oublié ?).")
    error = abs(float(found) - expected)
    if not error <= FLOAT32_MEAN:
        raise CheckFailed(
            f"L'exactitude {what} s'écarte de {checks.decimal(error)} de la bonne valeur, entre 0 et 1."
        )


def data_loader(student, x, y, **options):
    """A DataLoader in the guest: batches of 5, in order."""
    dataset = student.at("torch.utils.data.TensorDataset")(x, y)
    return student.at("torch.utils.data.DataLoader")(dataset, batch_size=BATCH, **options)


def linear(student):
    layer = student.at("torch.nn.Linear")(FEATURES, CLASSES, dtype=F64)
    return Model(nn.Linear(FEATURES, CLASSES, dtype=F64), layer)


def normalised(student):
    """A network with batch norm, whose statistics are far from those of any batch."""
    ours = SmallNet(FEATURES, HIDDEN, CLASSES)
    with torch.no_grad():
        ours.norm.running_mean.copy_(2 * torch.randn(HIDDEN))
        ours.norm.running_var.copy_(0.2 + torch.rand(HIDDEN))
    return Model(ours, student.make("SmallNet", FEATURES, HIDDEN, CLASSES))


def dropped(student):
    """A network with p = 1, in training mode, always answers the same: no chance is involved."""
    ours = nn.Sequential(nn.Dropout(1.0), nn.Linear(FEATURES, CLASSES)).double()
    layers = student.at("torch.nn.Dropout")(1.0), student.at("torch.nn.Linear")(FEATURES, CLASSES)
    return Model(ours, student.at("torch.nn.Sequential")(*layers).double())


def told_apart(make, student, wrong, least=3):
    """A model and labelled samples: in training mode it gets a number right that differs by ``least`` or more."""
    while True:
        model = make(student)
        x, y = model.labelled(wrong)
        twin = copy.deepcopy(model.ours).train()
        with torch.no_grad():
            answers = torch.cat([twin(batch).argmax(dim=1) for batch in x.split(BATCH)])
        if abs(int((answers == y).sum()) - (len(wrong) - sum(wrong))) >= least:
            return model, x, y


def some_wrong(count, wrong):
    """``wrong`` of ``count`` samples marked, in random order."""
    return [index < wrong for index in torch.randperm(count).tolist()]


@points(4, "L'exactitude sur tous les exemples")
def test_accuracy_counts_samples(student):
    """Comptez les bonnes réponses et les exemples : le dernier lot, plus petit, ne pèse pas autant que les autres."""
    for last, rest in ((3, 4), (0, 9), (2, 0)):  # wrong ones among the last 3, among the 20 before
        for _ in range(2):
            model = linear(student)
            x, y = model.labelled(some_wrong(20, rest) + some_wrong(3, last))
            model.check(student, x, y, "sur des lots de 5, 5, 5, 5 et 3 exemples")


@points(4, "En mode évaluation")
def test_the_model_is_evaluated_in_evaluation_mode(student):
    """En mode entraînement, la normalisation par lots et le dropout changent les réponses : `model.eval()` d'abord."""
    for make, told in ((normalised, "normalisation par lots"), (dropped, "dropout")):
        model, x, y = told_apart(make, student, some_wrong(20, 4))
        model.check(student, x, y, f"d'un réseau avec {told}, reçu en mode entraînement")


@points(2, "Rien n'est appris")
def test_nothing_in_the_model_changes(student):
    """Évaluer, c'est regarder : ni les poids, ni les statistiques de la normalisation par lots ne changent."""
    for mode in (True, False):
        model = normalised(student)
        model.theirs.train(mode)
        x, y = model.labelled(some_wrong(20, 5))
        model.check(student, x, y, "d'un réseau avec normalisation par lots")
        after = model.theirs.state_dict()
        for name, value in model.start.items():
            assert name in after, f"`{name}` a disparu du modèle."
            checks.equal(after[name], value, f"`{name}`, après l'évaluation")


@points(2, "Le mode entraînement est rendu")
def test_a_model_in_training_mode_stays_in_it(student):
    """Un modèle évalué au milieu de son apprentissage doit le reprendre en mode entraînement, couches comprises."""
    check_mode(student, training=True)


@points(2, "Le mode évaluation est rendu")
def test_a_model_in_evaluation_mode_stays_in_it(student):
    """Un modèle reçu en mode évaluation y reste : retenez `model.training` avant de le changer."""
    check_mode(student, training=False)


def check_mode(student, training):
    ours = nn.Sequential(nn.Sequential(nn.Linear(FEATURES, 6), nn.Tanh()), nn.Linear(6, CLASSES)).double()
    make = student.at("torch.nn.Sequential")
    inner = make(student.at("torch.nn.Linear")(FEATURES, 6), student.at("torch.nn.Tanh")())
    model = Model(ours, make(inner, student.at("torch.nn.Linear")(6, CLASSES)).double())
    model.theirs.train(training)
    x, y = model.labelled(some_wrong(20, 6))
    arrived = "entraînement" if training else "évaluation"
    for call in ("premier", "second"):
        model.check(student, x, y, f"d'un modèle reçu en mode {arrived}, {call} appel")
        modes = [module.training for module in model.theirs.modules()]
        kept = sum(mode is training for mode in modes)
        assert kept == len(modes), (
            f"{len(modes) - kept} module(s) sur {len(modes)} ne sont plus en mode {arrived} après l'appel."
        )


@points(2, "N'importe quel loader")
def test_the_loader_need_only_be_iterable(student):
    """Comptez les exemples reçus : `len(loader)` ou `loader.dataset` peuvent manquer, ou compter autre chose."""
    model = linear(student)
    x, y = model.labelled(some_wrong(25, 9))
    batches = list(zip(x.split(BATCH), y.split(BATCH), strict=True))
    stream = student.make("StreamLoader", batches)
    model.check(student, x, y, "avec un loader sans longueur", stream)
    model.check(student, x, y, "avec un loader sous forme de liste", batches)
    longer = torch.cat([x, x[:3]]), torch.cat([y, y[:3]])
    short = data_loader(student, *longer, drop_last=True)
    model.check(student, x, y, "avec un loader qui écarte le dernier lot, incomplet (drop_last)", short)


@points(1, "Un lot d'un seul exemple")
def test_a_batch_may_hold_a_single_sample(student):
    """Un lot peut n'avoir qu'un exemple, le dernier surtout : `squeeze()` lui enlèverait son axe de lot."""
    model = linear(student)
    x, y = model.labelled(some_wrong(7, 3))
    singles = list(zip(x.split(1), y.split(1), strict=True))
    model.check(student, x, y, "sur des lots d'un exemple", singles)


@points(1, "Des images, données telles quelles")
def test_batches_reach_the_model_as_they_are(student):
    """Donnez `x` au modèle sans changer sa forme ni son échelle : une convolution attend (N, 1, H, W)."""
    shapes = (("Conv2d", (1, 3, 3)), ("Tanh", ()), ("Flatten", ()), ("Linear", (48, CLASSES)))
    ours = nn.Sequential(*(getattr(nn, name)(*sizes) for name, sizes in shapes)).double()
    layers = [student.at(f"torch.nn.{name}")(*sizes) for name, sizes in shapes]
    model = Model(ours, student.at("torch.nn.Sequential")(*layers).double())
    x, y = model.labelled(some_wrong(20, 6), shape=(1, 6, 6))
    model.check(student, x, y, "d'un réseau convolutif, sur des images (N, 1, 6, 6)")


@points(1, "Un simple nombre")
def test_the_accuracy_is_a_plain_number(student):
    """Renvoyez un `float` entre 0 et 1, pas une liste ni un tenseur à un axe."""
    model = linear(student)
    x, y = model.labelled(some_wrong(20, 7))
    found = student.evaluate(model.theirs, data_loader(student, x, y))
    check_accuracy(found, 13 / 20, "sur 20 exemples")
    assert np.ndim(found) == 0, "L'exactitude renvoyée a un axe de trop : un nombre est attendu."
