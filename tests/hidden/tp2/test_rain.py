"""Hidden suite of ``rain``: a network finds the convective cells of radar images, and of others than it was trained on.

All images are drawn at grading (``reference.datasets.RainDataset``), those of the test beside those of the training:
a table of images made before holds none of them. The masks of the test stay here: the trained module is asked for
scores, on the device that its function was given, and judged by the mean IoU over both classes.

The floor is calibrated (``autograder calibrate tp2 --exercise rain``): the best of at most 4 runs, each with its own
images and streams. It lies below all runs of the reference, and of the accepted variants, by a margin for those that
nobody thought of; ``floors.json`` says how many there were, and what they prove of the next one. Without learning one
gets .45 (no cell anywhere) to .6 (the best global threshold of reflectivity): tests/test_rain.py.

The other tests ask for .5 only, far below any run seen, so that their alpha is smaller still. Masks of other images
tell nothing of a pixel, so that who learns from them stays at .45: all right solutions of the bank did.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from autograder import checks
from autograder.suite import derive_seed, points
from reference.datasets import RainDataset

FLOORS = Path(__file__).with_name("floors.json")
METRIC = "iou"
FLOORED = "test_cells_never_seen_are_found"  # the test that the floor decides
CLASSES, SIZE = 2, (64, 64)
TRAIN_SIZE, TEST_SIZE = 96, 60
FINDS = 0.5  # mean IoU of a module that has learned something: no cell anywhere gets .45
TRIES = 2  # where 0.3 of IoU, or more, lies between right and wrong
ABILITY = checks.Ability({"metric": METRIC, "floor": FINDS}, TRIES)


class Season(NamedTuple):
    """Images to train on, and others."""

    train: RainDataset
    test: RainDataset


def draw(seed):
    """Images (N, 1, 64, 64) and masks (N, 64, 64), to train on and to test with."""
    generator = torch.Generator().manual_seed(seed)
    return Season(RainDataset(TRAIN_SIZE, generator), RainDataset(TEST_SIZE, generator))


def train(student, season, seed, masks=None):
    """The student's module, trained in the guest: its random streams do not tell how the images were drawn.

    masks: other ones (N, 64, 64) to train on than those of the images.
    """
    student.seed_guest(derive_seed(str(seed), "guest"))
    masks = season.train.masks if masks is None else masks
    train_set = student.make("ItemDataset", season.train.reflectivity, masks)
    return checks.trained(student.train_rain(train_set, checks.device(student)), "train_rain")


def scores(student, module, x):
    """Scores (N, 2, 64, 64) of images that are sent to the device first."""
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), CLASSES, SIZE)


def iou(student, module, season):
    return checks.mean_iou(scores(student, module, season.test.reflectivity), season.test.masks)


def measure(student, seed):
    """Mean IoU of one training on images never seen: what ``autograder calibrate`` measures."""
    season = draw(seed)
    return iou(student, train(student, season, seed), season)


def finder(student, what="la recherche de cellules jamais vues"):
    """A trained module that finds cells, and the images that it was trained on and tested with."""
    last = []

    def run(seed):
        season = draw(seed)
        last[:] = train(student, season, seed), season
        return iou(student, *last)

    ABILITY.need(run, what)
    return last


@points(8, "Des cellules jamais vues sont trouvées")
def test_cells_never_seen_are_found(student):
    """Le voisinage d'un pixel décide, pas sa seule valeur ; et l'image, le masque et les scores se superposent."""
    entry = checks.read_floor(FLOORS, "rain")
    ABILITY.floor(partial(measure, student), entry, "la recherche de cellules jamais vues")


@points(1, "Les scores d'une image ne dépendent que d'elle")
def test_the_scores_of_an_image_depend_on_it_alone(student):
    """En mode évaluation, ni hasard (dropout) ni statistiques du lot : deux appels donnent les mêmes scores."""
    module, season = finder(student)
    x = season.test.reflectivity
    together = scores(student, module, x[:20])
    checks.same_scores(scores(student, module, x[:20]), together, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, image[None]) for image in x[:8]])
    checks.same_scores(alone, together[:8], "les scores de chaque image seule, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_leaves_the_first_module_alone(student):
    """Créez le réseau dans `train_rain` : un réseau global serait repris, et changé, par l'appel suivant."""
    first, season = finder(student)
    x = season.test.reflectivity[:20]
    before = scores(student, first, x)
    finder(student, "la recherche après un second entraînement, sur d'autres images")
    after = scores(student, first, x)
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")


@points(2, "Ce que le réseau sait, il le tient de `train_set`")
def test_a_network_trained_on_the_masks_of_other_images_finds_nothing(student):
    """Entraînez à chaque appel un réseau neuf sur `train_set`, au lieu de renvoyer ce qui fut appris ailleurs."""
    _, season = finder(student)
    misled = train(student, season, student.seed, season.train.masks.roll(1, 0))
    found = iou(student, misled, season)
    assert found < FINDS, (
        "Entraîné sur les masques d'autres images, il trouve encore les cellules : il n'apprend pas de `train_set`."
    )
