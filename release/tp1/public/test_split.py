"""Public suite of ``split``: a hundred hours of weather, a quarter to the test."""

from __future__ import annotations

import numpy as np
import torch

from autograder import checks
from autograder.suite import points

# 60 hours of class 0, 28 of class 1, 12 of class 2, mixed up by a stride that visits every place once
LABELS = np.repeat([0, 1, 2], [60, 28, 12])[np.arange(100) * 37 % 100]


def parts(student, seed):
    """Train and test indices as int64 arrays."""
    pair = student.stratified_split(LABELS.copy(), 0.25, seed)
    assert isinstance(pair, tuple | list) and len(pair) == 2, "`stratified_split` doit renvoyer un couple."
    arrays = [part.numpy() if isinstance(part, torch.Tensor) else np.asarray(part) for part in pair]
    for part in arrays:
        whole = part.ndim == 1 and part.dtype.kind in "iu" and len(part)
        assert whole, "Chaque part doit être une suite, non vide, d'indices entiers."
        assert part.min() >= 0 and part.max() < 100, "Les indices doivent aller de 0 à 99."
    return [part.astype(np.int64) for part in arrays]


@points(2, "Cent items répartis")
def test_every_item_is_in_one_part(student):
    """Chaque indice de 0 à 99 est dans une part, et dans une seule."""
    train, test = parts(student, 3)
    assert len(train) + len(test) == 100, f"{len(train)} et {len(test)} indices pour cent items."
    assert len(np.union1d(train, test)) == 100, "Des indices manquent, ou sont dans les deux parts."


@points(3, "Un quart de chaque classe")
def test_a_quarter_of_every_class(student):
    """Un quart de 60, de 28 et de 12 : 15, 7 et 3 items au test, à deux près."""
    _, test = parts(student, 3)
    for label, size in enumerate((60, 28, 12)):
        found = int((LABELS[test] == label).sum())
        assert abs(found - size / 4) <= 2, f"La classe {label}, de {size} items, en a {found} au test."


@points(1, "La même graine")
def test_the_same_seed(student):
    """Deux appels avec la même graine donnent les mêmes parts."""
    (_, first), (_, second) = parts(student, 3), parts(student, 3)
    assert set(first) == set(second), "Deux appels avec la même graine donnent deux partitions."


@points(1, "Une autre graine")
def test_another_seed(student):
    """Une autre graine donne une autre partition."""
    (_, first), (_, second) = parts(student, 3), parts(student, 4)
    assert set(first) != set(second), "Deux graines différentes donnent la même partition."


@points(1, "Les labels reçus restent intacts")
def test_the_labels_are_left_alone(student):
    """`stratified_split` ne trie ni ne mélange le tableau qu'on lui donne."""
    student.mirror()
    labels = LABELS.copy()
    student.stratified_split(labels, 0.25, 3)
    checks.equal(labels, LABELS, "le tableau donné à `stratified_split`, après l'appel")
