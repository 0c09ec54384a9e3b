"""Public suite of ``postal_codes``: scikit-learn's own digits at 32 x 32, their classes renamed as at grading."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from autograder import checks
from autograder.suite import points

TEST_SIZE = 400
THRESHOLD = 0.8  # on a part of the data: the one that counts is in the notebook
READS = 0.5  # five times chance


def split(sizes):
    """Images (N, 1, 32, 32) and renamed classes (each k becomes k + 3) of parts drawn without replacement."""
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    images = F.interpolate(images, size=(32, 32), mode="bilinear", align_corners=False)
    classes = (torch.tensor(data.target) + 3) % 10
    parts = torch.randperm(len(images))[: sum(sizes)].split(sizes)
    return [(images[part], classes[part]) for part in parts]


def train(student, x, y):
    train_set = student.make("ItemDataset", x, y)
    return checks.trained(student.train_postal_codes(train_set, checks.device(student)), "train_postal_codes")


def scores(student, module, x):
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), 10)


def check_reads(student, module, x, y, minimum, what):
    found = checks.accuracy(scores(student, module, x), y)
    assert found >= minimum, f"{what} : {found:.0%} des images sont bien lues, il en faut {minimum:.0%}."


@points(2, "Un petit module qui rend dix scores par image")
def test_a_small_module_gives_ten_scores_an_image(student):
    """Le module renvoyé reçoit (N, 1, 32, 32), même pour N = 1, et rend (N, 10) avec moins de 100 000 paramètres."""
    (x, y), (unseen, truth) = split([300, 200])
    module = train(student, x, y)
    for count in (1, 5):
        scores(student, module, unseen[:count])
    table = checks.parameters(student, module, example=[(2, 1, 32, 32)])
    total = sum(map(math.prod, table.values()))
    assert total < 100_000, f"Le module a {total} paramètres ; il en faut moins de 100000."
    check_reads(student, module, unseen, truth, READS, "Après un entraînement sur 300 images")


@points(4, "Des chiffres jamais vus sont lus")
def test_unseen_digits_are_read(student):
    """Le réseau apprend-il ? Tracez sa perte d'époque en époque ; essayez un autre taux d'apprentissage."""
    (x, y), (unseen, truth) = split([1000, TEST_SIZE])
    check_reads(
        student, train(student, x, y), unseen, truth, THRESHOLD, "Après un entraînement sur 1000 images"
    )


@points(2, "Un jeu d'entraînement rangé par classe")
def test_the_order_of_the_training_set_does_not_matter(student):
    """`DataLoader(..., shuffle=True)` mélange les exemples à chaque époque."""
    (x, y), (unseen, truth) = split([1000, TEST_SIZE])
    order = y.argsort(stable=True)
    module = train(student, x[order], y[order])
    check_reads(
        student, module, unseen, truth, READS, "Après un entraînement sur des images rangées par classe"
    )


@points(1, "Deux évaluations, les mêmes scores")
def test_two_evaluations_agree(student):
    """En mode évaluation, le dropout et la normalisation par lots n'ont plus rien d'aléatoire ni de collectif."""
    (x, y), (unseen, truth) = split([300, 200])
    module = train(student, x, y)
    check_reads(student, module, unseen, truth, READS, "Après un entraînement sur 300 images")
    first = scores(student, module, unseen[:20])
    checks.same_scores(scores(student, module, unseen[:20]), first, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, image[None]) for image in unseen[:5]])
    checks.same_scores(alone, first[:5], "les scores de chaque image seule, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_makes_another_module(student):
    """Construisez le réseau dans la fonction : chaque appel repart de zéro, sans toucher aux précédents."""
    (x, y), (other_x, other_y), (unseen, truth) = split([300, 300, 200])
    first = train(student, x, y)
    check_reads(student, first, unseen, truth, READS, "Après un entraînement sur 300 images")
    before = scores(student, first, unseen[:20])
    train(student, other_x, (other_y + 1) % 10)
    after = scores(student, first, unseen[:20])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
