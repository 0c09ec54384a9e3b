"""Hidden suite of ``digits``: the student's function trains on digits, and reads others that it has never seen.

The test images are drawn at grading from those that are in no file of a guest, the rest is the training set, and the
classes of both are renamed by a permutation without fixed point (``reference.datasets.deal``). The labels of the
test set stay here: the trained module is asked for scores.

The floor is calibrated (``autograder calibrate tp1 --exercise digits``): the best of at most 4 runs, each with its own
split, names and streams. By 150 runs of the reference, one run stays below their minimum with probability p <= .0198 at
95 % confidence, hence alpha <= 1.5e-7 for 4; the floor lies below that minimum, and below all runs of the accepted
variants, by a margin for those that nobody thought of. The other tests ask only for half of the images (chance: a
tenth), and that the order of the examples costs at most a tenth more of them: far below any run seen, so that their
alpha is smaller still.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from autograder import checks, digits
from autograder.suite import derive_seed, points
from reference.datasets import deal

FLOORS = Path(__file__).with_name("floors.json")
METRIC = "accuracy"
FLOORED = "test_digits_never_seen_are_read"  # the test that the floor decides
CLASSES, TEST_SIZE = 10, 450
READS = 0.5  # of the images: five times chance
TRIES = 2  # where a tenth of accuracy, or more, lies between right and wrong
ABILITY = checks.Ability(READS, TRIES)
LOSS = 0.1  # of accuracy that the order of the examples may cost: the reference's standard deviation is about 0.01


def draw(seed):
    """Digits to train on, (N, 1, 8, 8) float32 in [0, 1], and others to read."""
    images = torch.from_numpy(digits.images())[:, None].float() / 16
    labels, withheld = torch.from_numpy(digits.labels()), torch.from_numpy(digits.withheld())
    generator = torch.Generator().manual_seed(seed)
    return deal(images, labels, withheld, TEST_SIZE, CLASSES, generator)


def train(student, data, seed):
    """The student's module, trained in the guest: its random streams do not tell how the data were dealt."""
    student.seed_guest(derive_seed(str(seed), "guest"))
    train_set = student.make("ItemDataset", data.train_x, data.train_y)
    return checks.trained(student.train_digits(train_set), "train_digits")


def scores(module, x):
    return checks.scores(module, x, len(x), CLASSES)


def measure(student, seed):
    """Accuracy of one training on digits never seen: what ``autograder calibrate`` measures."""
    data = draw(seed)
    return checks.accuracy(scores(train(student, data, seed), data.test_x), data.test_y)


def reader(student, what="la lecture de chiffres jamais vus"):
    """A trained module that reads half of the hidden digits or more, and the data that it was made for."""
    last = []

    def run(seed):
        data = draw(seed)
        last[:] = train(student, data, seed), data
        return checks.accuracy(scores(last[0], data.test_x), data.test_y)

    ABILITY.need(run, what)
    return last


@points(6, "Des chiffres jamais vus sont bien lus")
def test_digits_never_seen_are_read(student):
    """Assez d'époques, un taux d'apprentissage raisonnable, la bonne perte, et tous les exemples."""
    entry = checks.read_floor(FLOORS, "digits")
    ABILITY.floor(partial(measure, student), entry, "la lecture de chiffres jamais vus")


@points(2, "Un jeu d'entraînement rangé par classe")
def test_the_order_of_the_training_set_does_not_matter(student):
    """Mélangez les exemples à chaque époque : un lot d'une seule classe fait oublier les autres."""
    module, data = reader(student)
    minimum = checks.accuracy(scores(module, data.test_x), data.test_y) - LOSS

    def run(seed):
        module = train(student, data.sorted_by_class(), seed)
        return checks.accuracy(scores(module, data.test_x), data.test_y)

    checks.floor(run, minimum, "après un entraînement sur les mêmes exemples, rangés par classe", TRIES)


@points(1, "Les scores d'une image ne dépendent que d'elle")
def test_the_scores_of_an_image_depend_on_it_alone(student):
    """En mode évaluation, ni hasard (dropout) ni statistiques du lot : deux appels donnent les mêmes scores."""
    module, data = reader(student)
    together = scores(module, data.test_x[:40])
    checks.same_scores(scores(module, data.test_x[:40]), together, "les scores d'un second appel")
    alone = torch.cat([scores(module, image[None]) for image in data.test_x[:12]])
    checks.same_scores(alone, together[:12], "les scores de chaque image seule, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_leaves_the_first_module_alone(student):
    """Créez le réseau dans `train_digits` : un réseau global serait repris, et changé, par l'appel suivant."""
    first, data = reader(student)
    before = scores(first, data.test_x[:40])
    reader(student, "la lecture après un second entraînement, sur d'autres exemples")
    after = scores(first, data.test_x[:40])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
