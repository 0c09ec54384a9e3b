"""Hidden suite of ``training``: an epoch here by the reference, the same one in the guest by the student.

Weights and batches are drawn here and given by value; the weights after the epoch are compared at 1e-8 of the update
(``checks.relative_update``: right variants stay below 5.2e-15), everything in float64. Nothing random is judged:
alpha = 0. Where an epoch ends with a short batch, its loss is made several times larger than that of the others, so
that wrong means cannot come close by chance.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.standins import SmallNet
from autograder.suite import points
from reference.training import train_one_epoch as reference_epoch

F64 = torch.float64
FEATURES, HIDDEN, CLASSES, BATCH = 7, 6, 4, 5
FLOAT32_SUM = 1e-5  # relative: ten times what 25 roundings to float32 may add up to
CROSS_ENTROPY = "torch.nn.functional.cross_entropy"


class Run:
    """One training problem, here with the reference and in the guest with the student's function.

    Attributes:
        ours, theirs: the same network, here and in the guest.
        start: parameters and buffers before the first epoch.
    """

    def __init__(self, student, ours, theirs, optimizer="SGD", loss=CROSS_ENTROPY, **options):
        self.student, self.ours, self.theirs = student, ours, theirs
        theirs.load_state_dict(ours.state_dict())
        self.start = copy.deepcopy(ours.state_dict())
        self.our_optimizer = getattr(torch.optim, optimizer)(ours.parameters(), **options)
        self.their_optimizer = student.at(f"torch.optim.{optimizer}")(theirs.parameters(), **options)
        self.our_loss = F.mse_loss if "mse" in loss else F.cross_entropy
        self.their_loss = student.at(loss)

    def epoch(self, x, y, loader=None):
        """One epoch on both sides; the reference's mean loss and what the student returned."""
        batches = list(zip(x.split(BATCH), y.split(BATCH), strict=True))
        expected = reference_epoch(self.ours, batches, self.our_loss, self.our_optimizer)
        loader = data_loader(self.student, x, y) if loader is None else loader
        found = self.student.train_one_epoch(self.theirs, loader, self.their_loss, self.their_optimizer)
        return expected, found

    def check_parameters(self, what):
        names = [name for name, _ in self.ours.named_parameters()]
        states = self.theirs.state_dict(), self.ours.state_dict(), self.start
        theirs, ours, start = ({name: state[name] for name in names if name in state} for state in states)
        checks.relative_update(theirs, ours, start, what)


def data_loader(student, x, y, **options):
    """A DataLoader in the guest: batches of 5, in order."""
    dataset = student.at("torch.utils.data.TensorDataset")(x, y)
    return student.at("torch.utils.data.DataLoader")(dataset, batch_size=BATCH, **options)


def small_run(student, outputs=CLASSES, frozen=(), **options):
    """A problem with a small network with batch norm, whose weights and statistics are nowhere the default ones."""
    ours = SmallNet(FEATURES, HIDDEN, outputs, frozen)
    theirs = student.make("SmallNet", FEATURES, HIDDEN, outputs, frozen)
    with torch.no_grad():
        ours.norm.weight.copy_(1 + 0.3 * torch.randn(HIDDEN))
        ours.norm.bias.copy_(0.3 * torch.randn(HIDDEN))
        ours.norm.running_mean.copy_(torch.randn(HIDDEN))
        ours.norm.running_var.copy_(0.5 + torch.rand(HIDDEN))
    return Run(student, ours, theirs, **options)


def samples(count):
    return torch.randn(count, FEATURES, dtype=F64), torch.randint(CLASSES, (count,))


def check_loss(found, expected, what):
    """``found`` is a number, and the right one; a total kept in a float32 tensor is as good as a Python float."""
    if isinstance(found, torch.Tensor | np.ndarray) and tuple(found.shape) in ((), (1,)):
        found = float(found.reshape(()))
    if isinstance(found, bool) or not isinstance(found, int | float | np.number):
        raise CheckFailed("`train_one_epoch` doit renvoyer un nombre (un `return` oublié ?).")
    error = abs(float(found) - expected)
    if not error <= FLOAT32_SUM * abs(expected):
        raise CheckFailed(
            f"La perte moyenne renvoyée {what} s'écarte de {checks.decimal(error)} de la bonne valeur."
        )


@points(5, "Un pas d'optimiseur par lot, dernier lot plus petit compris")
def test_each_batch_gives_one_step_on_its_own_gradient(student):
    """Pour chaque lot, même court : gradients remis à zéro, passe avant, perte, `backward()`, `step()`."""
    run = small_run(student, lr=0.2)
    run.epoch(*samples(23))
    run.check_parameters("les paramètres après une époque de 5 lots (5, 5, 5, 5 et 3 exemples)")


@points(4, "La mémoire de l'optimiseur traverse les époques")
def test_the_state_of_the_optimizer_lives_on(student):
    """L'élan (momentum) est dans l'optimiseur reçu : servez-vous de lui, sans en créer un autre ni vider son état."""
    run = small_run(student, lr=0.1, momentum=0.9)
    for epoch in ("première", "seconde"):
        run.epoch(*samples(20))
        run.check_parameters(f"les paramètres après la {epoch} époque, avec élan")
    check_momentum(run)


def check_momentum(run):
    ours = run.our_optimizer.state_dict()["state"]
    theirs = run.their_optimizer.state_dict()
    theirs = theirs.get("state", {}) if isinstance(theirs, dict) else {}
    for index, state in ours.items():
        entry = theirs.get(index, {})
        found, expected = entry.get("momentum_buffer"), state["momentum_buffer"]
        assert found is not None, (
            "L'optimiseur reçu n'a aucun élan en mémoire : ce n'est pas lui qui a fait les pas."
        )
        zeros = torch.zeros_like(expected)
        checks.relative_update(found, expected, zeros, "l'élan gardé par l'optimiseur")


@points(3, "N'importe quel optimiseur de torch.optim")
def test_the_optimizer_given_decides_on_the_step(student):
    """La règle de mise à jour appartient à l'optimiseur : `optimizer.step()`, sans recopier la règle de SGD."""
    run = small_run(student, lr=0.01)
    for side, optimizer in (("our", torch.optim.Adam), ("their", student.at("torch.optim.Adam"))):
        net = run.ours if side == "our" else run.theirs
        body = {"params": net.first.parameters(), "lr": 0.002}
        rest = [{"params": net.norm.parameters()}, {"params": net.last.parameters(), "weight_decay": 0.1}]
        setattr(run, f"{side}_optimizer", optimizer([body, *rest], lr=0.02))
    run.epoch(*samples(20))
    run.check_parameters("les paramètres après une époque d'Adam, un taux par couche")


@points(3, "En mode entraînement")
def test_the_model_trains_in_training_mode(student):
    """Le modèle peut arriver en mode évaluation (`model.eval()`) : c'est à votre fonction d'appeler `model.train()`."""
    run = small_run(student, lr=0.2)
    for epoch in ("première", "seconde"):
        run.ours.eval()
        run.theirs.eval()
        run.epoch(*samples(20))
        check_mode(run, f"les paramètres après la {epoch} époque d'un modèle reçu en mode évaluation")


def check_mode(run, what):
    try:
        run.check_parameters(what)
    except CheckFailed:
        modes = (
            run.theirs.modes
        )  # only words the message: a pass in evaluation mode beside the epoch harms nothing
        if isinstance(modes, list) and not all(mode is True for mode in modes):
            raise CheckFailed("Le modèle a été appelé en mode évaluation pendant l'époque.") from None
        raise


@points(2, "Une seule passe avant par lot")
def test_each_batch_goes_through_the_model_once(student):
    """Une passe de trop fausse les statistiques de la normalisation par lots : gardez la sortie au lieu de rappeler."""
    run = small_run(student, lr=0.2)
    run.epoch(*samples(20))
    buffers = [name for name, _ in run.ours.named_buffers()]
    found, expected = run.theirs.state_dict(), run.ours.state_dict()
    counted, batches = found.get("norm.num_batches_tracked"), int(expected["norm.num_batches_tracked"])
    assert counted is not None and int(counted) == batches, (
        f"La normalisation par lots a compté {'?' if counted is None else int(counted)} passes pour {batches} lots."
    )
    states = (
        {name: state[name] for name in buffers if name in state} for state in (found, expected, run.start)
    )
    checks.relative_update(*states, "les statistiques de la normalisation par lots")


@points(2, "Les paramètres figés restent figés")
def test_frozen_parameters_stay(student):
    """Un paramètre avec `requires_grad=False` n'a pas de gradient et ne bouge pas ; les autres apprennent."""
    run = small_run(student, frozen=("first.weight", "norm.bias"), lr=0.2)
    run.epoch(*samples(20))
    run.check_parameters("les paramètres d'un modèle dont deux sont figés")


@points(2, "Les grands gradients passent en entier")
def test_large_gradients_are_not_clipped(student):
    """Pas de `clip_grad_norm_` ni d'autre retouche : l'optimiseur reçoit le gradient du lot tel qu'il est."""
    ours = nn.Linear(FEATURES, CLASSES, dtype=F64)
    theirs = student.at("torch.nn.Linear")(FEATURES, CLASSES, dtype=F64)
    run = Run(student, ours, theirs, lr=1e-4)
    x, y = samples(20)
    run.epoch(1000 * x, y)
    run.check_parameters("les paramètres après des gradients de norme élevée")


@points(2, "N'importe quelle fonction de perte")
def test_the_loss_given_is_the_one_minimised(student):
    """Appelez `loss_fn(sortie, y)` telle quelle : l'exercice peut être une régression, avec des cibles réelles."""
    run = small_run(student, outputs=3, lr=0.1, loss="torch.nn.functional.mse_loss")
    x, _ = samples(20)
    run.epoch(x, torch.randn(20, 3, dtype=F64))
    run.check_parameters("les paramètres après une époque de régression (erreur quadratique)")
    run = small_run(student, lr=0.2)
    run.our_loss = nn.CrossEntropyLoss(label_smoothing=0.3)
    run.their_loss = student.at("torch.nn.CrossEntropyLoss")(label_smoothing=0.3)
    run.epoch(*samples(20))
    run.check_parameters("les paramètres après une époque d'entropie croisée lissée")


@points(4, "La perte moyenne par exemple")
def test_the_loss_is_a_mean_over_samples(student):
    """Chaque lot compte autant de fois qu'il a d'exemples : un dernier lot plus petit pèse moins que les autres."""
    for call in ("au premier appel", "au deuxième appel, sur un autre modèle"):
        run = small_run(student, lr=0.02)
        run.ours.last.bias.data[0] += 4  # so that the rare class of the short last batch costs much more
        run.theirs.load_state_dict(run.ours.state_dict())
        x, _ = samples(23)
        expected, found = run.epoch(x, torch.where(torch.arange(23) < 20, 0, 3))
        check_loss(found, expected, f"{call} (lots de 5, 5, 5, 5 et 3 exemples)")


@points(1, "La perte renvoyée est un simple nombre")
def test_the_loss_returned_is_a_plain_number(student):
    """Renvoyez un `float` : additionnez `loss.item()`, sinon le graphe de tous les lots reste en mémoire."""
    run = small_run(student, lr=0.2)
    expected, found = run.epoch(*samples(20))
    check_loss(found, expected, "pour des lots de même taille")
    kept = isinstance(found, torch.Tensor) and found.requires_grad
    assert not kept, "La perte renvoyée garde son graphe de calcul : utilisez `.item()` ou `.detach()`."
    scalar = not isinstance(found, torch.Tensor | np.ndarray) or found.ndim == 0
    assert scalar, "La perte renvoyée a un axe de trop : un nombre est attendu."


@points(1, "Un itérable de couples suffit")
def test_the_loader_need_only_be_iterable(student):
    """Comptez les exemples reçus : `len(loader)` ou `loader.dataset` peuvent manquer, ou compter autre chose."""
    x, y = samples(25)
    batches = list(zip(x.split(BATCH), y.split(BATCH), strict=True))
    check_loader(student, x, y, student.make("StreamLoader", batches), "sans longueur")
    check_loader(student, x, y, batches, "sous forme de liste")
    short = data_loader(student, x[:23], y[:23], drop_last=True)
    check_loader(student, x[:20], y[:20], short, "dont le dernier lot, incomplet, est écarté (drop_last)")


def check_loader(student, x, y, loader, told):
    """``loader`` yields (x, y) in batches of one size: the mean over samples is judged above."""
    run = small_run(student, lr=0.2)
    expected, found = run.epoch(x, y, loader)
    run.check_parameters(f"les paramètres avec un loader {told}")
    check_loss(found, expected, f"avec un loader {told}")


@points(1, "Des images, données telles quelles")
def test_batches_reach_the_model_as_they_are(student):
    """Donnez `x` au modèle sans changer sa forme ni son type : une convolution attend (N, 1, H, W)."""
    shapes = (("Conv2d", (1, 3, 3)), ("Tanh", ()), ("Flatten", ()), ("Linear", (108, CLASSES)))
    ours = nn.Sequential(*(getattr(nn, name)(*args) for name, args in shapes)).double()
    layers = [student.at(f"torch.nn.{name}")(*args) for name, args in shapes]
    run = Run(student, ours, student.at("torch.nn.Sequential")(*layers).double(), lr=0.2)
    run.epoch(torch.rand(20, 1, 8, 8, dtype=F64), torch.randint(CLASSES, (20,)))
    run.check_parameters("les paramètres d'un réseau convolutif, sur des images (N, 1, 8, 8)")
