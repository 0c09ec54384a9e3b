"""Public suite of ``sampler``: a worked example, sizes and shares on one small set."""

from __future__ import annotations

import numpy as np
import torch

from autograder import checks
from autograder.suite import points

LABELS = torch.tensor([0, 1, 0, 0, 2, 0, 1, 0])  # five items of class 0, two of class 1, one of class 2


def is_index(item):
    if isinstance(item, torch.Tensor):
        return item.ndim == 0 and not item.is_floating_point()
    return isinstance(item, int | np.integer)


def drawn(student, sampler, limit=3001):
    """One iteration's indices; what comes after ``limit`` is cut off, so that an endless iteration ends."""
    found = student.at("builtins.list")(student.at("itertools.islice")(sampler, limit))
    whole = all(is_index(item) for item in found)
    assert whole, "Le sampler doit produire des indices entiers, un à la fois."
    inside = all(0 <= int(item) < len(LABELS) for item in found)
    assert inside, "Le sampler doit produire des indices de 0 à N-1, N étant le nombre d'exemples."
    return [int(item) for item in found]


@points(2, "Un exemple calculé à la main")
def test_worked_weights(student):
    """Cinq exemples de la classe 0, deux de la classe 1, un de la classe 2 : à chaque classe le même poids total."""
    weights = student.sample_weights(LABELS.clone())
    weights = torch.as_tensor(np.asarray(weights, dtype=np.float64))
    checks.tensor(weights, shape=(8,), what="sample_weights(labels)")
    checks.finite(weights, "sample_weights(labels)")
    totals = torch.zeros(3).double().index_add_(0, LABELS, weights)
    assert bool((totals > 0).all()), "Chaque classe doit avoir un poids total strictement positif."
    what = "le poids total des trois classes, rapporté à celui de la première"
    checks.close(totals / totals[0], torch.ones(3), what, fan_in=8, dtype=torch.float32)


@points(2, "Autant d'indices que demandé")
def test_the_length_is_the_number_of_draws(student):
    """`num_samples` indices par itération, moins ou plus que le nombre d'exemples, et `len(sampler)` le dit."""
    for count in (3, 50):
        sampler = student.BalancedSampler(LABELS.clone(), count)
        announced, produced = len(sampler), len(drawn(student, sampler))
        assert announced == count, f"len(sampler) vaut {announced} pour num_samples={count}."
        assert produced == count, f"{produced} indices produits pour num_samples={count}."


@points(3, "Des classes équilibrées")
def test_classes_are_balanced(student):
    """Sur 3 000 tirages, chaque classe doit en recevoir un tiers environ."""
    found = LABELS[
        torch.tensor(drawn(student, student.BalancedSampler(LABELS.clone(), 3000)), dtype=torch.int64)
    ]
    assert len(found), "Le sampler n'a produit aucun indice."
    for label, size in enumerate((5, 2, 1)):
        what = f"La classe {label}, {size} exemple{'s' if size > 1 else ''} sur 8"
        checks.share(int((found == label).sum()), len(found), 1 / 3, what)


@points(1, "Un nouveau tirage à chaque itération")
def test_each_iteration_draws_afresh(student):
    """Tirez dans `__iter__`, sans y fixer de graine : chaque époque doit voir d'autres exemples."""
    sampler = student.BalancedSampler(LABELS.clone(), 60)
    first, second = drawn(student, sampler), drawn(student, sampler)
    assert first and second, "Une itération n'a produit aucun indice."
    assert first != second, "Deux itérations du même sampler donnent les mêmes indices."
