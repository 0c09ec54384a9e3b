"""Hidden suite of ``postal_codes``: a convolutional network trains on 32 x 32 digits, and reads others.

The test images are drawn at grading from those that are in no file of a guest, the rest is the training set, and the
classes of both are renamed by a permutation without fixed point (``reference.datasets.deal``). The labels of the
test set stay here: the trained module is asked for scores, on the device that its function was given.

The floor is calibrated (``autograder calibrate tp2 --exercise postal_codes``): the best of at most 4 runs, each with
its own split, names and streams. By 150 runs of the reference, one run stays below their minimum with probability
p <= .0198 at 95 % confidence, hence alpha <= 1.5e-7 for 4; the floor lies below that minimum, and below all runs of
the accepted variants, by a margin for those that nobody thought of. The other tests ask only for half of the images
(chance: a tenth), and that the order of the examples costs at most a tenth more of them: far below any run seen, so
that their alpha is smaller still.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from autograder import checks, digits
from autograder.errors import CheckFailed
from autograder.suite import derive_seed, points
from reference.datasets import deal

FLOORS = Path(__file__).with_name("floors.json")
METRIC = "accuracy"
FLOORED = "test_postal_codes_never_seen_are_read"  # the test that the floor decides
CLASSES, SIZE, TEST_SIZE = 10, 32, 450
PARAMETERS = 100_000
READS = 0.5  # of the images: five times chance
TRIES = 2  # where a tenth of accuracy, or more, lies between right and wrong
ABILITY = checks.Ability(READS, TRIES)
LOSS = 0.1  # of accuracy that the order of the examples may cost: the reference's standard deviation is about 0.01


def draw(seed):
    """Digits to train on, (N, 1, 32, 32) float32 in [0, 1], and others to read."""
    images = torch.from_numpy(digits.images())[:, None].float() / 16
    images = F.interpolate(images, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    labels, withheld = torch.from_numpy(digits.labels()), torch.from_numpy(digits.withheld())
    generator = torch.Generator().manual_seed(seed)
    return deal(images, labels, withheld, TEST_SIZE, CLASSES, generator)


def train(student, data, seed):
    """The student's module, trained in the guest: its random streams do not tell how the data were dealt."""
    student.seed_guest(derive_seed(str(seed), "guest"))
    train_set = student.make("ItemDataset", data.train_x, data.train_y)
    return checks.trained(student.train_postal_codes(train_set, checks.device(student)), "train_postal_codes")


def scores(student, module, x):
    """Scores of images that are sent to the device first."""
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), CLASSES)


def accuracy(student, module, data):
    return checks.accuracy(scores(student, module, data.test_x), data.test_y)


def measure(student, seed):
    """Accuracy of one training on digits never seen: what ``autograder calibrate`` measures."""
    data = draw(seed)
    return accuracy(student, train(student, data, seed), data)


def reader(student, what="la lecture de chiffres jamais vus"):
    """A trained module that reads half of the hidden digits or more, and the data that it was made for."""
    last = []

    def run(seed):
        data = draw(seed)
        last[:] = train(student, data, seed), data
        return accuracy(student, *last)

    ABILITY.need(run, what)
    return last


@points(6, "Des codes postaux jamais vus sont bien lus")
def test_postal_codes_never_seen_are_read(student):
    """Assez d'époques, un taux d'apprentissage raisonnable, la bonne perte, et tous les exemples."""
    entry = checks.read_floor(FLOORS, "postal_codes")
    ABILITY.floor(partial(measure, student), entry, "la lecture de chiffres jamais vus")


@points(1, "Moins de 100 000 paramètres")
def test_the_network_is_small(student):
    """Un `Linear` après la première convolution coûte cher : réduisez d'abord la taille des cartes."""
    module, _ = reader(student)
    if student.at("autograder.standins.is_module")(module) is not True:
        raise CheckFailed("`train_postal_codes` doit renvoyer un `nn.Module`, dont on compte les paramètres.")
    table = checks.parameters(student, module, example=[(2, 1, SIZE, SIZE)])
    total = sum(map(math.prod, table.values()))
    assert total < PARAMETERS, f"Le module a {total} paramètres ; il en faut moins de {PARAMETERS}."


@points(2, "Un jeu d'entraînement rangé par classe")
def test_the_order_of_the_training_set_does_not_matter(student):
    """Mélangez les exemples à chaque époque : un lot d'une seule classe fait oublier les autres."""
    module, data = reader(student)
    minimum = accuracy(student, module, data) - LOSS

    def run(seed):
        return accuracy(student, train(student, data.sorted_by_class(), seed), data)

    checks.floor(run, minimum, "après un entraînement sur les mêmes exemples, rangés par classe", TRIES)


@points(1, "Les scores d'une image ne dépendent que d'elle")
def test_the_scores_of_an_image_depend_on_it_alone(student):
    """En mode évaluation, ni hasard (dropout) ni statistiques du lot : deux appels donnent les mêmes scores."""
    module, data = reader(student)
    together = scores(student, module, data.test_x[:40])
    checks.same_scores(scores(student, module, data.test_x[:40]), together, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, image[None]) for image in data.test_x[:12]])
    checks.same_scores(alone, together[:12], "les scores de chaque image seule, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_leaves_the_first_module_alone(student):
    """Créez le réseau dans `train_postal_codes` : un réseau global serait repris, et changé, par l'appel suivant."""
    first, data = reader(student)
    before = scores(student, first, data.test_x[:40])
    reader(student, "la lecture après un second entraînement, sur d'autres exemples")
    after = scores(student, first, data.test_x[:40])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
