"""Hidden suite of ``sampler``.

Random checks at alpha = 1e-9 each (``checks.rates``), but for repetitions: of 1,000 draws from 900 / 100 items, fewer
than 300 fall into the large class with probability 1e-37, and 300 of its 900 items are all different with 3e-25; the
same 60 indices come twice in a row with probability below 1e-100.
Sample sizes: 3,000 draws for the shares of classes (2,101 tell .5 from .6), 150 an item for the items of a class.
A sampler is only iterated, in one request, and asked for its length.
"""

from __future__ import annotations

import numpy as np
import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points


def shuffled_labels(*sizes):
    """Labels 0..C-1 in random order, ``sizes[c]`` of class c."""
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return labels[torch.randperm(len(labels))]


def weights_of(student, labels):
    """The student's weights as a float64 tensor (N,), whichever sequence of numbers they came in."""
    value = student.sample_weights(labels.clone())
    if isinstance(value, np.ndarray | list | tuple):
        value = torch.as_tensor(np.asarray(value, dtype=np.float64))
    weights = checks.tensor(value, shape=(len(labels),), what="sample_weights(labels)").detach().double()
    checks.finite(weights, "sample_weights(labels)")
    assert bool((weights > 0).all()), "Chaque exemple doit avoir un poids strictement positif."
    return weights


def drawn(student, sampler, count, times=1):
    """Indices of ``times`` iterations one after the other; what comes after ``count`` an iteration is cut off."""
    again = student.at("itertools.repeat")(sampler, times)
    chained = student.at("itertools.chain.from_iterable")(again)
    items = student.at("builtins.list")(student.at("itertools.islice")(chained, times * count + 1))
    return [as_index(item) for item in items]


def as_index(item):
    if isinstance(item, torch.Tensor):
        if item.ndim or item.is_floating_point() or item.dtype == torch.bool:
            raise CheckFailed("Le sampler doit produire des indices entiers, un à la fois.")
        return int(item)
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        return int(item)
    raise CheckFailed("Le sampler doit produire des indices entiers, un à la fois.")


def balanced(student, labels, num_samples, **options):
    return student.BalancedSampler(labels.clone(), num_samples, **options)


def indices_of(student, labels, count):
    """``count`` indices of one iteration; few are enough to judge, none or foreign ones are not."""
    found = drawn(student, balanced(student, labels, count), count)[:count]
    assert found, "Le sampler n'a produit aucun indice."
    check_range(found, labels)
    return torch.tensor(found)


def check_range(found, labels):
    inside = all(0 <= index < len(labels) for index in found)
    assert inside, "Le sampler a produit des indices hors de 0..N-1, N étant le nombre d'exemples."


@points(4, "Le même poids total pour chaque classe")
def test_every_class_has_the_same_total_weight(student):
    """Le poids d'un exemple est inversement proportionnel à l'effectif de sa classe, dans l'ordre de `labels`."""
    for sizes in ((150, 40, 5), (7, 200), (1, 90, 30, 12)):
        labels = shuffled_labels(*sizes)
        totals = torch.zeros(len(sizes)).double().index_add_(0, labels, weights_of(student, labels))
        what = f"le poids total de chacune des {len(sizes)} classes, rapporté à leur moyenne"
        equal_parts = torch.ones(len(sizes))
        checks.close(totals / totals.mean(), equal_parts, what, fan_in=len(labels), dtype=torch.float32)


@points(2, "Le même poids dans une classe")
def test_items_of_a_class_have_the_same_weight(student):
    """Deux exemples de la même classe ont le même poids."""
    labels = shuffled_labels(60, 25, 4)
    weights = weights_of(student, labels)
    for label in range(3):
        of_class = weights[labels == label]
        what = "les poids des exemples d'une même classe, rapportés à leur moyenne"
        ones = torch.ones(len(of_class))
        checks.close(of_class / of_class.mean(), ones, what, fan_in=len(labels), dtype=torch.float32)
    # Equal weights for everybody are equal within a class too, and earn nothing.
    lighter = weights[labels == 0].mean() < weights[labels == 2].mean()
    assert lighter, "Un exemple d'une classe fréquente doit peser moins qu'un exemple d'une classe rare."


@points(3, "num_samples indices, et la longueur annoncée")
def test_the_sampler_draws_as_many_indices_as_asked(student):
    """`len(sampler)` et le nombre d'indices par itération valent `num_samples`, plus petit ou plus grand que N."""
    labels = shuffled_labels(30, 12, 3)
    for count in (1, 20, 45, 400):
        sampler = balanced(student, labels, count)
        announced, found = len(sampler), drawn(student, sampler, count)
        assert announced == count, f"len(sampler) vaut {announced} pour num_samples={count}."
        assert len(found) == count, f"{_produced(found, count)} pour num_samples={count}."
        check_range(found, labels)
    assert len(set(found)) > 1, "Le sampler produit toujours le même indice."


def _produced(found, count):
    return f"Plus de {count} indices produits" if len(found) > count else f"{len(found)} indices produits"


@points(5, "Toutes les classes aussi probables")
def test_every_class_is_equally_likely(student):
    """Avec C classes, chacune doit recevoir une part 1/C des tirages, la rare comme la fréquente."""
    for sizes in ((300, 60, 6), (12, 400)):
        labels = shuffled_labels(*sizes)
        found = labels[indices_of(student, labels, 3000)]
        for label in range(len(sizes)):
            what = f"Une classe parmi {len(sizes)}, {sizes[label]} exemples sur {sum(sizes)}"
            checks.share(int((found == label).sum()), len(found), 1 / len(sizes), what)


@points(3, "Dans une classe, tous les exemples aussi probables")
def test_items_of_a_class_are_equally_likely(student):
    """Une fois la classe choisie, l'exemple se tire uniformément parmi tous ceux de cette classe."""
    labels = shuffled_labels(20, 8)
    found = indices_of(student, labels, 6000)
    for label in range(2):
        items = torch.nonzero(labels == label).flatten()
        counts = torch.bincount(found, minlength=len(labels))[items]
        assert int(counts.sum()), "Une des classes n'est jamais tirée."
        checks.uniform_counts(counts.tolist(), "Les exemples d'une même classe")


@points(3, "Tirage avec remise")
def test_draws_are_with_replacement(student):
    """Un indice déjà tiré peut revenir, dans toutes les classes : il ne s'agit pas d'épuiser une liste mélangée."""
    labels = shuffled_labels(900, 100)
    found = indices_of(student, labels, 1000)
    assert len(found) > 900, f"Seulement {len(found)} indices produits pour num_samples=1000."
    # Equal shares of the classes give 480 different items; whoever iterates over few repeats them and draws nothing.
    various = len(found.unique())
    assert various > 100, f"{various} exemples différents seulement en 1000 tirages."
    for label, size in enumerate((900, 100)):
        of_class = found[labels[found] == label]
        repeated = len(of_class.unique()) < len(of_class)
        assert repeated, (
            f"{len(of_class)} tirages parmi les {size} exemples d'une classe, sans une seule répétition."
        )


@points(3, "Un nouveau tirage à chaque itération")
def test_each_iteration_draws_afresh(student):
    """Tirez dans `__iter__`, sans y fixer de graine : chaque époque doit voir d'autres exemples."""
    labels = shuffled_labels(150, 40)
    for options in ({}, {"generator": student.at("torch.Generator")()}):
        sampler = balanced(student, labels, 60, **options)
        epochs = [tuple(drawn(student, sampler, 60)) for _ in range(3)]
        assert all(epochs), "Une itération n'a produit aucun indice."
        told = " avec un `generator`" if options else ""
        assert len(set(epochs)) == 3, f"Deux itérations du même sampler{told} donnent les mêmes indices."


@points(2, "À chaque rang du tirage")
def test_every_class_is_equally_likely_at_each_rank(student):
    """Chaque tirage choisit sa classe au hasard : les indices ne sont ni triés, ni rangés par classe."""
    labels = shuffled_labels(40, 15, 4)
    times, count = 200, 6
    found = drawn(student, balanced(student, labels, count), count, times)
    assert len(found) == times * count, f"{times} itérations ne donnent pas {times} fois num_samples indices."
    check_range(found, labels)
    ranks = labels[torch.tensor(found)].reshape(times, count)
    for rank in (0, count - 1):
        counts = torch.bincount(ranks[:, rank], minlength=3).tolist()
        checks.uniform_counts(counts, f"Les classes au tirage n° {rank + 1} de chaque itération")
