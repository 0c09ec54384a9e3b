"""Hidden suite of ``phonemes``: a network trains on recordings of a vowel, and tells who speaks in others.

The test recordings are drawn at grading from those that are in no file of a guest (``reference.vowels``), the rest is
the training set, and the speakers of both are renamed by a permutation without fixed point
(``reference.datasets.deal``). The speakers of the test set stay here: the trained module is asked for scores, on the
device that its function was given.

The floor is calibrated (``autograder calibrate tp2 --exercise phonemes``): the best of at most 4 runs, each with its
own split, names and streams. By 150 runs of the reference, one run stays below their minimum with probability
p <= .0198 at 95 % confidence, hence alpha <= 1.5e-7 for 4; the floor lies below that minimum, and below all runs of
the accepted variants, by a margin for those that nobody thought of. The other tests ask only for half of the recordings
(chance: a ninth), and that the order of the examples costs at most a tenth more of them: far below any run seen, so
that their alpha is smaller still.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from autograder import checks, vowels
from autograder.suite import derive_seed, points
from reference.datasets import deal
from reference.vowels import WITHHELD

FLOORS = Path(__file__).with_name("floors.json")
METRIC = "accuracy"
FLOORED = "test_speakers_of_new_recordings_are_recognised"  # the test that the floor decides
TEST_SIZE = 250
RECOGNISES = 0.5  # of the recordings: more than four times chance
TRIES = 2  # where a tenth of accuracy, or more, lies between right and wrong
ABILITY = checks.Ability(RECOGNISES, TRIES)
LOSS = 0.1  # of accuracy that the order of the examples may cost: the reference's standard deviation is about 0.01


def draw(seed):
    """Recordings to train on, (N, 12, 29) float32, and others to recognise."""
    public, withheld = vowels.recordings(), vowels.read(WITHHELD)
    x, y = (torch.cat(parts) for parts in zip(public, withheld, strict=True))
    pool = torch.arange(len(y)) >= len(public[1])
    return deal(x, y, pool, TEST_SIZE, vowels.SPEAKERS, torch.Generator().manual_seed(seed))


def train(student, data, seed):
    """The student's module, trained in the guest: its random streams do not tell how the data were dealt."""
    student.seed_guest(derive_seed(str(seed), "guest"))
    train_set = student.make("ItemDataset", data.train_x, data.train_y)
    return checks.trained(student.train_phonemes(train_set, checks.device(student)), "train_phonemes")


def scores(student, module, x):
    """Scores of recordings that are sent to the device first."""
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), vowels.SPEAKERS)


def accuracy(student, module, data):
    return checks.accuracy(scores(student, module, data.test_x), data.test_y)


def measure(student, seed):
    """Accuracy of one training on recordings never heard: what ``autograder calibrate`` measures."""
    data = draw(seed)
    return accuracy(student, train(student, data, seed), data)


def listener(student, what="la reconnaissance d'enregistrements jamais entendus"):
    """A trained module that recognises half of the recordings or more, and the data that it was made for."""
    last = []

    def run(seed):
        data = draw(seed)
        last[:] = train(student, data, seed), data
        return accuracy(student, *last)

    ABILITY.need(run, what)
    return last


@points(6, "Les locuteurs d'enregistrements jamais entendus sont reconnus")
def test_speakers_of_new_recordings_are_recognised(student):
    """Assez d'époques, un bon taux d'apprentissage, la bonne perte, toutes les trames : les dernières sont nulles."""
    entry = checks.read_floor(FLOORS, "phonemes")
    ABILITY.floor(partial(measure, student), entry, "la reconnaissance d'enregistrements jamais entendus")


@points(2, "Un jeu d'entraînement rangé par locuteur")
def test_the_order_of_the_training_set_does_not_matter(student):
    """Mélangez les exemples à chaque époque : un lot d'un seul locuteur fait oublier les autres."""
    module, data = listener(student)
    minimum = accuracy(student, module, data) - LOSS

    def run(seed):
        return accuracy(student, train(student, data.sorted_by_class(), seed), data)

    checks.floor(run, minimum, "après un entraînement sur les mêmes exemples, rangés par locuteur", TRIES)


@points(1, "Les scores d'un enregistrement ne dépendent que de lui")
def test_the_scores_of_a_recording_depend_on_it_alone(student):
    """En mode évaluation, ni hasard (dropout) ni statistiques du lot : deux appels donnent les mêmes scores."""
    module, data = listener(student)
    together = scores(student, module, data.test_x[:40])
    checks.same_scores(scores(student, module, data.test_x[:40]), together, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, recording[None]) for recording in data.test_x[:12]])
    checks.same_scores(
        alone, together[:12], "les scores de chaque enregistrement seul, comparés à ceux du lot"
    )


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_leaves_the_first_module_alone(student):
    """Créez le réseau dans `train_phonemes` : un réseau global serait repris, et changé, par l'appel suivant."""
    first, data = listener(student)
    before = scores(student, first, data.test_x[:40])
    listener(student, "la reconnaissance après un second entraînement, sur d'autres exemples")
    after = scores(student, first, data.test_x[:40])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
