"""Hidden suite of ``training``: what ``fit`` must do whatever optimizer it chooses.

Weights cannot be compared with a reference's, so networks tell how they were trained (``autograder.standins``: each
call's samples, modes, weights, and the gradient that came back), and what must not depend on the weights is made
independent of them: the loss of a network whose parameters are multiplied by zero, the accuracy of one that follows
a script from epoch to epoch. Nothing random is judged: alpha = 0. Everything is in float32, as networks are; the
smallest mistake changes a value by more than 1e-2.

A script's best epoch is never the last one, and the epoch of the lowest validation loss is another one still.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import torch
import torch.nn.functional as F

from autograder import checks
from autograder.errors import CheckFailed
from autograder.pictures import Curve
from autograder.probe import Handle
from autograder.standins import FIRST_VALIDATION
from autograder.suite import points

CLASSES, TRAIN, VALIDATION = 4, 23, 11
TRAIN_BATCH, VALIDATION_BATCH = 5, 4
NOTHING = "`fit` n'a jamais appelé le modèle sur les données {}."


def batches(first, features, labels, hardness=None, size=TRAIN_BATCH):
    """Batches (x, y) of samples numbered from ``first`` on: x (N, 1, 2 + C) as the witnesses read it."""
    count = len(labels)
    hardness = torch.zeros(count) if hardness is None else hardness
    columns = [torch.arange(first, first + count)[:, None], hardness[:, None], features]
    x = torch.cat([column.float() for column in columns], 1)[:, None]
    return list(zip(x.split(size), labels.split(size), strict=True))


def one_hot(labels, scale=1.0):
    return scale * torch.eye(CLASSES)[labels]


def noisy_training():
    """Labels that say nothing of the features: the loss has a floor, so that weights never cease to move."""
    features = one_hot(torch.arange(TRAIN) % CLASSES)
    labels = torch.arange(TRAIN) // CLASSES % CLASSES
    return batches(0, features, labels)


def validation():
    """Samples from hard to easy: with k of 11 recognised, a mean of batch means is not k / 11."""
    labels = torch.randint(CLASSES, (VALIDATION,))
    hardness = (VALIDATION - torch.arange(VALIDATION) - 0.5) / VALIDATION
    return batches(FIRST_VALIDATION, one_hot(labels), labels, hardness, VALIDATION_BATCH)


class Run:
    """One call of ``fit`` and what there is to know of it.

    Args:
        net: name of a witness among the stand-ins, and its arguments after the number of classes.
        loader: name of a loader among the stand-ins; None for a DataLoader.

    Attributes:
        history: what ``fit`` returned, as two lists of floats by name.
        keeps_graphs: whether a number there is a tensor with its graph.
        calls: the journal of the network.
        state: the network's state dict at the end.
    """

    def __init__(self, student, net, train, val, epochs, loader=None, device="cpu"):
        name, *arguments = net
        model = student.make(name, CLASSES, *arguments)
        model.eval()  # `fit` chooses the mode
        loaders = [make_loader(student, data, loader) for data in (train, val)]
        arguments = model, *loaders, epochs, student.at("torch.device")(device)
        if loader == "AwayLoader":
            found = student.at("autograder.standins.with_moves")(student.fit, *arguments)
        else:
            found = student.fit(*arguments)
        self.history, self.keeps_graphs = history_of(student, found, epochs)
        self.calls = model.journal.entries
        self.state = {name: np.array(value) for name, value in model.state_dict().items()}
        self.epochs = epochs

    @property
    def train_calls(self):
        """Calls on training samples that a backward pass came back from."""
        kept = [c for c in self.calls if min(c["samples"]) < FIRST_VALIDATION and c["gradient"] is not None]
        assert kept, "Aucune rétropropagation n'est revenue du modèle sur les données d'entraînement."
        return kept

    @property
    def validation_calls(self):
        kept = [c for c in self.calls if max(c["samples"]) >= FIRST_VALIDATION]
        assert kept, NOTHING.format("de validation")
        return kept

    def phases(self):
        """For each epoch of a scripted network, its state when validation began."""
        found = {}
        for call in self.validation_calls:
            found.setdefault(int(call["state"]["phase"]), call["state"])
        missing = set(range(1, self.epochs + 1)) - set(found)
        assert not missing, "Le modèle n'a pas été évalué en validation après chaque époque d'entraînement."
        return [found[phase] for phase in range(1, self.epochs + 1)]


def make_loader(student, data, name):
    if name is not None:
        return student.make(name, data)
    x, y = (torch.cat(column) for column in zip(*data, strict=True))
    dataset = student.at("torch.utils.data.TensorDataset")(x, y)
    return student.at("torch.utils.data.DataLoader")(dataset, batch_size=len(data[0][1]))


def history_of(student, found, epochs):
    if isinstance(found, Handle):  # a defaultdict, say
        with suppress(Exception):
            found = student.at("builtins.dict")(found)
    if not isinstance(found, Mapping):
        raise CheckFailed("`fit` doit renvoyer un dictionnaire (un `return` oublié ?).")
    history, kept = {}, False
    for name in ("train_loss", "val_accuracy"):
        values = found.get(name)
        if not isinstance(values, list | tuple) or len(values) != epochs:
            raise CheckFailed(f"`{name}` doit être une liste d'un nombre par époque.")
        history[name] = [number(value, name) for value in values]
        kept = kept or any(isinstance(value, torch.Tensor) and value.requires_grad for value in values)
    return history, kept


def number(value, name):
    if isinstance(value, torch.Tensor | np.ndarray) and value.ndim == 0:
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise CheckFailed(f"`{name}` doit contenir des nombres.")
    return float(value)


def check_numbers(found, expected, what):
    worst = max(abs(a - b) for a, b in zip(found, expected, strict=True))
    if not worst <= 1e-4 * max(1.0, max(map(abs, expected))):
        raise CheckFailed(f"{what} : pire écart {checks.decimal(worst)} sur {len(expected)} époques.")


def loss_of(logits, labels):
    return float(F.cross_entropy(torch.as_tensor(logits), labels))


def same(one, other, names):
    return all(np.array_equal(one[name], other[name]) for name in names)


def weights(state):
    return [name for name in state if name.startswith("linear.")]


def scripted(levels, loudness=None):
    """A ScriptedWitness that recognises ``levels[k]`` samples in phase k (phase 0: before any training)."""
    return ("ScriptedWitness", [level / VALIDATION for level in levels], loudness or [1.0] * len(levels))


@points(3, "La perte moyenne par exemple")
def test_the_loss_of_an_epoch_is_a_mean_over_samples(student):
    """Entropie croisée des logits, chaque lot pesant autant d'exemples qu'il en a : le dernier est plus petit."""
    features, labels = 2 * torch.randn(TRAIN, CLASSES), torch.randint(CLASSES, (TRAIN,))
    features[20:] -= 8 * torch.eye(CLASSES)[labels[20:]]  # the short last batch costs much more
    run = Run(student, ("FixedWitness",), batches(0, features, labels), validation(), 3)
    expected = [loss_of(features, labels)] * 3  # the parameters of this network do not change its output
    check_numbers(run.history["train_loss"], expected, "`train_loss`, lots de 5, 5, 5, 5 et 3 exemples")
    assert not run.keeps_graphs, "L'historique garde le graphe de calcul des époques : utilisez `.item()`."


@points(3, "L'exactitude de validation après chaque époque")
def test_the_accuracy_follows_each_epoch(student):
    """Après l'époque d'entraînement, la part des exemples de validation bien classés, entre 0 et 1."""
    run = Run(student, scripted([11, 4, 9, 6, 3]), noisy_training(), validation(), 4)
    expected = [k / VALIDATION for k in (4, 9, 6, 3)]
    check_numbers(
        run.history["val_accuracy"], expected, "`val_accuracy` d'un réseau dont l'exactitude est connue"
    )


@points(3, "Le gradient de l'entropie croisée")
def test_the_gradient_is_that_of_the_cross_entropy(student):
    """C'est l'entropie croisée des logits qu'on minimise : ni softmax avant elle, ni autre terme ajouté."""
    labels = torch.randint(CLASSES, (TRAIN,))
    run = Run(student, ("Witness",), batches(0, torch.randn(TRAIN, CLASSES), labels), validation(), 2)
    for call in run.train_calls:
        logits = torch.as_tensor(call["logits"], dtype=torch.float64)
        wanted = torch.softmax(logits, 1) - one_hot(labels[samples_of(call)])
        found = torch.as_tensor(call["gradient"], dtype=torch.float64)
        checks.tensor(found, shape=wanted.shape, what="le gradient des logits")
        checks.finite(found, "le gradient des logits")
        distance = float(
            (found / found.norm() - wanted / wanted.norm()).norm()
        )  # any positive factor is right
        if not distance < 1e-3:
            raise CheckFailed(
                f"La direction du gradient des logits s'écarte de {checks.decimal(distance)} de celle de "
                "l'entropie croisée."
            )


def samples_of(call):
    found = torch.tensor(call["samples"])
    assert bool((found < TRAIN).all()), "Des exemples de validation servent à l'apprentissage."
    return found


@points(3, "Chaque exemple à chaque époque, en mode entraînement")
def test_each_epoch_trains_on_every_sample_in_training_mode(student):
    """`model.train()` à chaque époque, pour le modèle entier ; tous les lots servent, le dernier aussi."""
    epochs = 3
    run = Run(student, ("NormedWitness",), noisy_training(), validation(), epochs)
    for call in run.train_calls:
        assert call["modes"] == [True], (
            "Un lot d'entraînement est passé en mode évaluation, au moins en partie."
        )
    seen = torch.bincount(torch.cat([samples_of(call) for call in run.train_calls]), minlength=TRAIN)
    missed = int((seen < epochs).sum())
    assert not missed, f"En {epochs} époques, {missed} exemples sur {TRAIN} n'ont pas servi à chaque époque."


@points(2, "Des gradients remis à zéro à chaque lot")
def test_each_batch_starts_from_no_gradient(student):
    """`zero_grad()` à chaque lot : au moment de `backward()`, rien ne doit rester du lot précédent."""
    run = Run(student, ("Witness",), noisy_training(), validation(), 2)
    stale = sum(call["stale"] for call in run.train_calls)
    assert len(run.train_calls) > 2, "Le modèle n'a presque pas été entraîné."
    assert not stale, (
        f"Pour {stale} lots sur {len(run.train_calls)}, le gradient s'est ajouté à un gradient déjà présent."
    )


@points(4, "Le modèle apprend, lot après lot")
def test_each_batch_gives_a_step_and_the_loss_goes_down(student):
    """Un pas d'optimiseur après chaque `backward()` ; sur un problème facile, la perte doit nettement descendre."""
    labels = torch.arange(TRAIN) % CLASSES
    run = Run(student, ("Witness",), batches(0, one_hot(labels, 10.0), labels), validation(), 20)
    first, second = run.train_calls[:2]
    chosen = samples_of(first)
    features = one_hot(labels[chosen], 10.0)
    before, after = (loss_of(linear(call["state"], features), labels[chosen]) for call in (first, second))
    assert after < before, "Le premier pas ne fait pas baisser la perte de son lot."
    losses = run.history["train_loss"]
    start, end = losses[0], losses[-1]
    if not end < 0.8 * start:
        share = 100 * (1 - end / start) if start else 0.0
        told = (
            f"n'a baissé que de {share:.0f} % en 20 époques" if math.isfinite(share) else "n'est plus finie"
        )
        raise CheckFailed(
            f"Sur un problème facile, la perte {told}.",
            picture=Curve.of("`train_loss`, époque après époque", losses, 0.8 * start),
        )
    run = Run(student, ("Witness",), noisy_training(), validation(), 1)
    steps = len({call["state"]["linear.weight"].tobytes() for call in run.train_calls})
    assert steps >= len(noisy_training()), "Les poids ne changent pas après chaque lot."


def linear(state, features):
    weight, bias = (torch.as_tensor(state[f"linear.{name}"]) for name in ("weight", "bias"))
    return features @ weight.T + bias


@points(3, "La validation en mode évaluation")
def test_validation_runs_in_evaluation_mode(student):
    """`model.eval()` pour le modèle entier : ni dropout, ni statistiques du lot."""
    val = validation()
    labels, classes = torch.cat([y for _, y in val]), torch.arange(TRAIN) % CLASSES
    run = Run(student, ("NormedWitness",), batches(0, one_hot(classes), classes), val, 3)
    right = 0
    for call in run.validation_calls:
        assert call["modes"] == [False], (
            "Un lot de validation est passé en mode entraînement, au moins en partie."
        )
        chosen = torch.tensor(call["samples"]) - FIRST_VALIDATION
        right += int((torch.as_tensor(call["logits"]).argmax(1) == labels[chosen]).sum())
    passes = sum(len(call["samples"]) for call in run.validation_calls) / VALIDATION
    if passes == run.epochs:  # a second look at the data is no mistake, but leaves nothing to compare
        found = sum(run.history["val_accuracy"])
        check_numbers([found], [right / VALIDATION], "La somme de `val_accuracy`")


@points(2, "La validation ne change rien")
def test_validation_changes_nothing(student):
    """Les données de validation servent à mesurer : ni poids, ni statistique, ni tampon ne bouge pendant ce temps."""
    run = Run(student, ("NormedWitness",), noisy_training(), validation(), 3)
    for call, following in zip(run.calls, run.calls[1:], strict=False):
        if max(call["samples"]) >= FIRST_VALIDATION:
            changed = [name for name in call["state"] if not same(call["state"], following["state"], [name])]
            assert not changed, f"Un lot de validation a changé : {', '.join(changed)}."
    states = [call["state"] for call in run.validation_calls]
    assert not same(states[0], states[-1], weights(states[0])), (
        "Le modèle n'a pas appris entre deux validations."
    )


@points(4, "Les poids de la meilleure époque")
def test_the_weights_of_the_best_epoch_come_back(student):
    """À la fin, le modèle donné a les poids de l'époque de meilleure exactitude : gardez-en une vraie copie."""
    # the lowest validation loss is that of epoch 3: in epoch 2 the few mistakes are made with great confidence
    loudness = [1.0, 1.0, 500.0, 20.0, 1.0, 1.0]
    run = Run(student, scripted([11, 4, 9, 8, 3, 6], loudness), noisy_training(), validation(), 5)
    states, names = run.phases(), weights(run.state)
    assert not same(states[0], states[1], names), "Les poids n'ont pas changé d'une époque à l'autre."
    if not same(run.state, states[1], names):
        likely = [epoch for epoch, state in enumerate(states, 1) if same(run.state, state, names)]
        told = f"ceux de l'époque {likely[0]}" if likely else "ceux d'aucune fin d'époque"
        raise CheckFailed(
            f"La meilleure exactitude de validation est celle de l'époque 2 sur 5, mais les poids rendus sont {told}."
        )


@points(2, "Les tampons avec les poids")
def test_buffers_come_back_with_the_weights(student):
    """Le `state_dict` entier : les statistiques de normalisation vont avec les poids, `parameters()` ne suffit pas."""
    run = Run(student, scripted([11, 4, 9, 6, 3]), noisy_training(), validation(), 4)
    states = run.phases()
    earlier = [state for state in states[:-1] if same(run.state, state, weights(run.state))]
    assert earlier, "Les poids rendus ne sont ceux d'aucune époque avant la dernière."
    assert any(same(run.state, state, ["phase"]) for state in earlier), (
        "Les poids rendus et les tampons rendus ne sont pas de la même époque."
    )


@points(1, "Une seule époque, une exactitude nulle")
def test_one_epoch_or_no_success_at_all(student):
    """Avec une seule époque, ou si rien n'est jamais bien classé, le modèle rendu a quand même été entraîné."""
    for levels in ([11, 5], [0, 0], [0, 0, 0, 0]):
        run = Run(student, scripted(levels), noisy_training(), validation(), len(levels) - 1)
        expected = [k / VALIDATION for k in levels[1:]]
        check_numbers(run.history["val_accuracy"], expected, "`val_accuracy`")
        assert any(same(run.state, state, weights(state)) for state in run.phases()), (
            f"Après {run.epochs} époque(s), les poids rendus ne sont ceux d'aucune fin d'époque."
        )


@points(1, "Un itérable de lots suffit")
def test_loaders_need_only_be_iterable(student):
    """Comptez les exemples reçus : `len(loader)` ou `loader.dataset` peuvent manquer."""
    run = Run(student, scripted([11, 4, 9]), noisy_training(), validation(), 2, loader="StreamLoader")
    check_numbers(run.history["val_accuracy"], [4 / VALIDATION, 9 / VALIDATION], "`val_accuracy`")
    features, labels = torch.randn(20, CLASSES), torch.randint(CLASSES, (20,))
    run = Run(student, ("FixedWitness",), batches(0, features, labels), validation(), 2, "StreamLoader")
    check_numbers(run.history["train_loss"], [loss_of(features, labels)] * 2, "`train_loss`")


@points(2, "Sur l'appareil demandé")
def test_model_and_batches_move_to_the_device(student):
    """`model.to(device)` une fois, puis `x.to(device)` et `y.to(device)` pour chaque lot, de validation aussi."""
    devices = ["cpu", "cuda"] if student.at("torch.cuda.is_available")() is True else ["cpu"]
    features, labels = torch.randn(20, CLASSES), torch.randint(CLASSES, (20,))
    train, val = batches(0, features, labels), validation()
    for device in devices:
        # where there is but one device, these behave as if they came from another one
        run = Run(student, ("AwayWitness",), train, val, 2, "AwayLoader", device)
        assert run.train_calls and run.validation_calls, NOTHING.format("données")
        run = Run(student, ("FixedWitness",), train, val, 2, None, device)
        check_numbers(
            run.history["train_loss"], [loss_of(features, labels)] * 2, f"`train_loss` sur {device}"
        )
