"""Public suite of ``signatures``: writers, pairs and habits drawn anew, as in the notebook."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.signatures import draw_habits, draw_pairs
from autograder.suite import points

THRESHOLD = 0.75  # halfway between chance and certainty: the one that counts is in the notebook


def draw():
    """Pairs of 100 writers to train on, and of 40 others."""
    habits = draw_habits()
    return draw_pairs(habits, 100, 20), draw_pairs(habits, 40, 20)


def train(student, pairs):
    train_pairs = student.make("PairDataset", pairs.a, pairs.b, pairs.same)
    return checks.trained(student.train_signatures(train_pairs, checks.device(student)), "train_signatures")


def distances(student, module, a, b):
    there = [student.handle(student.keep(x).to, checks.device(student)) for x in (a, b)]
    return checks.distances(module, *there, len(a))


def verifier(student, pairs, unseen, what="Après un entraînement sur 2000 paires"):
    """A trained module, once it is known to verify unseen writers."""
    module = train(student, pairs)
    found = checks.auc(distances(student, module, unseen.a, unseen.b), unseen.same)
    assert found >= THRESHOLD, f"{what}, l'AUC sur d'autres auteurs vaut {found:.2f} ; il faut {THRESHOLD}."
    return module


@points(4, "Les signatures d'auteurs jamais vus sont vérifiées")
def test_signatures_of_other_writers_are_verified(student):
    """Affichez à chaque époque la distance moyenne des vraies paires et celle des fausses : elles s'écartent."""
    pairs, unseen = draw()
    module = verifier(student, pairs, unseen)
    for count in (1, 5):
        distances(student, module, unseen.a[:count], unseen.b[:count])


@points(2, "Les fausses paires d'abord, les vraies ensuite")
def test_the_order_of_the_pairs_does_not_matter(student):
    """`DataLoader(..., shuffle=True)` mélange les paires à chaque époque."""
    pairs, unseen = draw()
    verifier(student, pairs.forged_first(), unseen, "Après un entraînement sur des paires rangées")


@points(1, "Une vraie distance : symétrique, et nulle d'une signature à elle-même")
def test_the_result_is_a_distance(student):
    """Codez les deux signatures par le même encodeur, puis mesurez l'écart des deux codes."""
    pairs, unseen = draw()
    module = verifier(student, pairs, unseen)
    a, b = unseen.a[:30], unseen.b[:30]
    forth = distances(student, module, a, b)
    checks.same_scores(
        distances(student, module, b, a), forth, "les distances de b à a, comparées à celles de a à b"
    )
    if float(distances(student, module, a, a).abs().max()) > 0.05 * float(forth.abs().mean()):
        raise CheckFailed("La distance d'une signature à elle-même doit être nulle.")


@points(1, "Deux évaluations, les mêmes distances")
def test_two_evaluations_agree(student):
    """En mode évaluation, le dropout et la normalisation par lots n'ont plus rien d'aléatoire ni de collectif."""
    pairs, unseen = draw()
    module = verifier(student, pairs, unseen)
    a, b = unseen.a[:20], unseen.b[:20]
    first = distances(student, module, a, b)
    checks.same_scores(distances(student, module, a, b), first, "les distances d'un second appel")
    alone = torch.cat([distances(student, module, a[i : i + 1], b[i : i + 1]) for i in range(5)])
    checks.same_scores(alone, first[:5], "les distances de chaque paire seule, comparées à celles du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_makes_another_module(student):
    """Construisez le réseau dans la fonction : chaque appel repart de zéro, sans toucher aux précédents."""
    pairs, unseen = draw()
    first = verifier(student, pairs, unseen)
    before = distances(student, first, unseen.a[:20], unseen.b[:20])
    train(student, draw()[0])
    after = distances(student, first, unseen.a[:20], unseen.b[:20])
    checks.same_scores(after, before, "les distances du premier module, après un second entraînement")
