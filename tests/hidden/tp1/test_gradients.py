"""Hidden suite of ``gradients``: the same model here and in the guest, gradients compared by name in float64.

Weights and samples are drawn here and given by value. Nothing random is judged: alpha = 0. Rounding stays below
1e-14 of the largest gradient for right variants (autograd, backward, functional calls, sums over halves of a batch);
the tolerance is 9e-13, and finite differences, at their best near 1e-9, do not reach it.

Models arrive without gradients and in training mode.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.training import gradients as reference_gradients

F64 = torch.float64
FEATURES, HIDDEN, CLASSES = 5, 6, 4
ROUNDINGS = 1000
CROSS_ENTROPY = "torch.nn.functional.cross_entropy"


class Model:
    """The same model here (``ours``) and in the guest (``theirs``), with the same weights.

    build: called with a maker, ``make("Linear", 3, 4)``, which makes layers of torch.nn here or there.
    """

    def __init__(self, student, build):
        self.student = student
        self.ours = build(lambda name, *sizes, **options: getattr(nn, name)(*sizes, **options)).double()
        self.theirs = build(lambda name, *sizes, **o: student.at(f"torch.nn.{name}")(*sizes, **o)).double()
        with torch.no_grad():
            for p in self.ours.parameters():  # numbers that float32 does not hold
                p.add_(0.1 * torch.randn_like(p))
        self.theirs.load_state_dict(self.ours.state_dict())

    def freeze(self, *names):
        for name in names:
            self.ours.get_parameter(name).requires_grad_(False)
            self.student.handle(self.theirs.get_parameter, name).requires_grad_(False)

    def check(self, what, x=None, y=None, our_loss=F.cross_entropy, their_loss=None):
        """Names and values for one batch, by default one of samples in FEATURES dimensions and CLASSES classes."""
        x = torch.randn(7, FEATURES, dtype=F64) if x is None else x
        y = torch.randint(CLASSES, (len(x),)) if y is None else y
        expected = reference_gradients(self.ours, our_loss, x, y)
        their_loss = their_loss or self.student.at(CROSS_ENTROPY)
        check_gradients(self.student.gradients(self.theirs, their_loss, x, y), expected, what)


def check_gradients(found, expected, what):
    found = by_name(found)
    missing, extra = sorted(expected.keys() - found.keys()), sorted(map(str, found.keys() - expected.keys()))
    assert not missing, f"{what} : il manque le gradient de {', '.join(missing)}."
    assert not extra, f"{what} : {', '.join(extra)[:200]} en trop dans le dictionnaire."
    largest = max(float(value.abs().max()) for value in expected.values())
    for name, value in expected.items():
        told = f"le gradient de `{name}` ({what})"
        checks.tensor(found[name], shape=value.shape, dtype=F64, what=told)
        checks.close(found[name].detach(), value, told, fan_in=ROUNDINGS, scale=largest)


def by_name(found):
    """The student's dictionary, whatever kind of mapping it is."""
    try:
        return dict(found.items())
    except (AttributeError, TypeError, ValueError):
        kind = "None (un `return` oublié ?)" if found is None else "autre chose"
        raise CheckFailed(f"`gradients` doit renvoyer un dictionnaire ; reçu : {kind}.") from None


def two_layers(make):
    layers = make("Linear", FEATURES, HIDDEN), make("Tanh"), make("Linear", HIDDEN, CLASSES)
    return make("Sequential", *layers)


@points(4, "Les bonnes valeurs, paramètre par paramètre")
def test_each_trainable_parameter_has_its_gradient(student):
    """Une passe avant du lot entier, une perte, puis la rétropropagation : rien d'autre ne s'ajoute au gradient."""

    def normalised(make):  # no running statistics: torch.func refuses to update them
        norm = make("BatchNorm1d", HIDDEN, track_running_stats=False)
        body = make("Linear", FEATURES, HIDDEN, bias=False), norm, make("Tanh")
        return make("Sequential", *body, make("Linear", HIDDEN, CLASSES))

    def dropped(make):  # p = 1 is not random, and tells the modes apart
        body = make("Linear", FEATURES, HIDDEN), make("Tanh"), make("Dropout", 1.0)
        return make("Sequential", *body, make("Linear", HIDDEN, CLASSES))

    Model(student, normalised).check("réseau avec normalisation par lots")
    Model(student, dropped).check("réseau avec dropout, en mode entraînement")


@points(2, "Les noms de `named_parameters`")
def test_names_are_those_of_named_parameters(student):
    """Un paramètre peut être à la racine (`weight`) ou plusieurs niveaux plus bas (`0.2.weight`)."""
    Model(student, lambda make: make("Linear", FEATURES, CLASSES)).check("une seule couche")

    def nested(make):
        inner = make("Sequential", make("Linear", 3, HIDDEN), make("Sequential", make("PReLU")))
        body = make("Sequential", make("Linear", FEATURES, 3), make("Tanh"), inner)
        return make("Sequential", body, make("Linear", HIDDEN, CLASSES, bias=False))

    Model(student, nested).check("couches emboîtées")


@points(2, "Seulement les paramètres entraînables")
def test_frozen_parameters_are_left_out(student):
    """Un paramètre figé (`requires_grad=False`) n'a pas d'entrée dans le résultat : ni None, ni zéros."""
    for frozen in (("0.weight",), ("0.bias", "2.weight"), ("0.weight", "0.bias")):
        model = Model(student, two_layers)
        model.freeze(*frozen)
        model.check(f"{len(frozen)} paramètre(s) figé(s)")


@points(2, "Un paramètre partagé compte une fois")
def test_a_shared_parameter_appears_once(student):
    """Une couche utilisée deux fois : un seul nom, celui de `named_parameters`, et la somme des contributions."""

    def tied(make):
        layer = make("Linear", CLASSES, CLASSES)
        return make("Sequential", layer, make("Tanh"), layer)

    Model(student, tied).check("une couche utilisée deux fois", x=torch.randn(7, CLASSES, dtype=F64))


@points(2, "N'importe quelle perte, n'importe quelles données")
def test_the_loss_and_the_samples_are_taken_as_they_are(student):
    """Appelez `loss_fn(model(x), y)` tel quel : cibles réelles, images et grands gradients sont possibles."""
    targets = 300 * torch.randn(7, CLASSES, dtype=F64)
    squared = F.mse_loss, student.at("torch.nn.functional.mse_loss")
    Model(student, two_layers).check("erreur quadratique", None, targets, *squared)
    smoothed = (
        make(label_smoothing=0.3) for make in (nn.CrossEntropyLoss, student.at("torch.nn.CrossEntropyLoss"))
    )
    Model(student, two_layers).check("entropie croisée lissée", None, None, *smoothed)

    def convolution(make):
        return make("Sequential", make("Conv2d", 2, 3, 2), make("Flatten"), make("Linear", 27, CLASSES))

    Model(student, convolution).check("images", x=torch.rand(6, 2, 4, 4, dtype=F64))


@points(3, "Les `.grad` du modèle restent comme ils étaient")
def test_the_model_keeps_no_gradient(student):
    """Le modèle arrive sans gradients (`.grad` vaut None) et repart de même : pensez à `torch.autograd.grad`."""
    model = Model(student, two_layers)
    model.check("réseau à deux couches")
    for name, p in model.theirs.named_parameters():
        assert p.grad is None, f"Après l'appel, le `.grad` de `{name}` n'est plus None."


@points(2, "Les poids restent comme ils étaient")
def test_the_weights_are_left_alone(student):
    """La fonction mesure, elle n'apprend pas : aucun poids ne change, même d'un arrondi."""
    model = Model(student, two_layers)
    start = {name: p.detach().clone() for name, p in model.ours.named_parameters()}
    for _ in range(2):
        model.check("réseau à deux couches")
        for name, p in model.theirs.named_parameters():
            checks.equal(p.detach(), start[name], f"le poids `{name}`, après l'appel")
            assert p.requires_grad, f"`{name}` n'est plus entraînable après l'appel."


@points(2, "Des copies")
def test_the_gradients_returned_are_copies(student):
    """Ce qui arrive ensuite (autre appel, `backward()`, pas d'optimiseur) ne change pas un résultat déjà rendu."""
    loss = student.at(CROSS_ENTROPY)
    models = [Model(student, two_layers) for _ in range(2)]
    batches = [(torch.randn(7, FEATURES, dtype=F64), torch.randint(CLASSES, (7,))) for _ in models]
    kept = [
        student.handle(student.gradients, model.theirs, loss, *batch)
        for model, batch in zip(models, batches, strict=True)
    ]
    for model in models:
        optimizer = student.at("torch.optim.SGD")(model.theirs.parameters(), lr=0.5)
        F.cross_entropy(model.theirs(batches[0][0]), batches[0][1]).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
    for found, model, batch, told in zip(kept, models, batches, ("premier", "second"), strict=True):
        expected = reference_gradients(model.ours, F.cross_entropy, *batch)
        check_gradients(found, expected, f"{told} résultat, relu après d'autres calculs")
