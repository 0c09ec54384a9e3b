"""Public suite of ``phonemes``: the public part of the recordings, their speakers renamed as at grading."""

from __future__ import annotations

import torch

from autograder import checks, vowels
from autograder.suite import points

TRAIN_SIZE = 180  # of 270; at grading there are more
THRESHOLD = 0.75  # on a part of the data: the one that counts is in the notebook
RECOGNISES = 0.5  # more than four times chance


def split():
    """Recordings (N, 12, 29) and renamed speakers (each k becomes k + 4), to train on and to recognise."""
    x, y = vowels.recordings()
    y = (y + 4) % vowels.SPEAKERS
    order = torch.randperm(len(y))
    return [(x[part], y[part]) for part in (order[:TRAIN_SIZE], order[TRAIN_SIZE:])]


def train(student, x, y):
    train_set = student.make("ItemDataset", x, y)
    return checks.trained(student.train_phonemes(train_set, checks.device(student)), "train_phonemes")


def scores(student, module, x):
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), vowels.SPEAKERS)


def check_recognises(student, module, x, y, minimum, what=f"Après un entraînement sur {TRAIN_SIZE} exemples"):
    found = checks.accuracy(scores(student, module, x), y)
    assert found >= minimum, f"{what} : {found:.0%} des locuteurs sont reconnus, il en faut {minimum:.0%}."


@points(4, "Des enregistrements jamais entendus sont reconnus")
def test_unheard_recordings_are_recognised(student):
    """Le réseau apprend-il ? Tracez sa perte d'époque en époque ; essayez un autre taux d'apprentissage."""
    (x, y), (unheard, truth) = split()
    module = train(student, x, y)
    for count in (1, 5):
        scores(student, module, unheard[:count])
    check_recognises(student, module, unheard, truth, THRESHOLD)


@points(2, "Un jeu d'entraînement rangé par locuteur")
def test_the_order_of_the_training_set_does_not_matter(student):
    """`DataLoader(..., shuffle=True)` mélange les exemples à chaque époque."""
    (x, y), (unheard, truth) = split()
    order = y.argsort(stable=True)
    what = "Après un entraînement sur des exemples rangés par locuteur"
    check_recognises(student, train(student, x[order], y[order]), unheard, truth, RECOGNISES, what)


@points(1, "Deux évaluations, les mêmes scores")
def test_two_evaluations_agree(student):
    """En mode évaluation, le dropout et la normalisation par lots n'ont plus rien d'aléatoire ni de collectif."""
    (x, y), (unheard, truth) = split()
    module = train(student, x, y)
    check_recognises(student, module, unheard, truth, RECOGNISES)
    first = scores(student, module, unheard[:20])
    checks.same_scores(scores(student, module, unheard[:20]), first, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, recording[None]) for recording in unheard[:5]])
    checks.same_scores(alone, first[:5], "les scores de chaque enregistrement seul, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_makes_another_module(student):
    """Construisez le réseau dans la fonction : chaque appel repart de zéro, sans toucher aux précédents."""
    (x, y), (unheard, truth) = split()
    first = train(student, x, y)
    check_recognises(student, first, unheard, truth, RECOGNISES)
    before = scores(student, first, unheard[:20])
    train(student, x, (y + 1) % vowels.SPEAKERS)
    after = scores(student, first, unheard[:20])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
