"""Hidden suite of ``split``.

Nothing random is judged that a right solution could get wrong, but for one: two seeds give the same split of 300 items
with probability below 1e-80. Shares are exact counts: a split that ignores the classes keeps ten classes of 100 within
two items in one of 4,000 cases, and four such splits in a row in one of 1e14. Parts are compared as sets, their order
is free. Every class has at least two items, and each part at least as many items as there are classes, which
scikit-learn's ``train_test_split`` asks for.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points

TEN_CLASSES = [100] * 10
UNEQUAL = [180, 90, 40, 15, 6, 2]
SLACK = 2  # items by which a class may miss its share


def shuffled_labels(sizes, values=None, dtype=np.int64):
    """``sizes[c]`` labels of the value ``values[c]`` (c itself by default), in random order."""
    values = range(len(sizes)) if values is None else values
    return np.random.permutation(np.repeat(np.asarray(list(values), dtype=dtype), sizes))


def as_indices(part, what):
    """A part as an int64 array, whichever sequence of whole numbers it came in."""
    if isinstance(part, torch.Tensor):
        part = part.detach().numpy()
    if isinstance(part, list | tuple | set):
        plain = all(np.ndim(index) == 0 and not isinstance(index, bool) for index in part)
        part = (
            np.asarray([np.asarray(index) for index in part]) if plain and part else np.asarray([], dtype=int)
        )
    whole = isinstance(part, np.ndarray) and part.ndim == 1 and part.dtype.kind in "iu"
    if not whole:
        raise CheckFailed(f"{what} doit être une suite d'indices entiers (liste, tableau NumPy ou tenseur).")
    return part.astype(np.int64)


def split(student, labels, test_fraction, seed):
    """Train and test indices, each 0..N-1."""
    pair = student.stratified_split(labels.copy(), test_fraction, seed)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise CheckFailed("`stratified_split` doit renvoyer le couple (train_indices, test_indices).")
    parts = [
        as_indices(part, name) for part, name in zip(pair, ("train_indices", "test_indices"), strict=True)
    ]
    for part in parts:
        inside = bool(((part >= 0) & (part < len(labels))).all())
        assert inside, "Un indice sort de 0..N-1, N étant le nombre d'items."
    return parts


def check_size(test, labels, test_fraction):
    """The test part has about its share of all items; the share of each class has its own test."""
    wanted, classes = test_fraction * len(labels), len(np.unique(labels))
    close = abs(len(test) - wanted) <= SLACK * classes
    assert len(test) and close, (
        f"Le test a {len(test)} items sur {len(labels)} pour test_fraction={test_fraction:g}."
    )


def check_shares(test, labels, test_fraction):
    for label in np.unique(labels):
        size, found = int((labels == label).sum()), int((labels[test] == label).sum())
        away = abs(found - test_fraction * size)
        told = f"Pour test_fraction={test_fraction:g}, une classe de {size} items en a {found} au test"
        assert away <= SLACK + 1e-9, f"{told} : {checks.decimal(away, '.3g')} de trop ou de trop peu."


def some_seeds(count):
    return np.random.choice(np.arange(4, 100_000), count, replace=False).tolist()


@points(3, "Chaque item dans une part, et une seule")
def test_every_item_is_in_exactly_one_part(student):
    """Les deux parts réunies contiennent chaque indice de 0 à N-1 une fois : aucun oubli, aucun partage."""
    for sizes, test_fraction in ((UNEQUAL, 0.2), ([33, 17, 21], 0.25), ([7, 5, 11, 3], 0.5)):
        labels = shuffled_labels(sizes)
        train, test = split(student, labels, test_fraction, some_seeds(1)[0])
        counts = np.bincount(np.concatenate([train, test]), minlength=len(labels))
        missing, repeated = int((counts == 0).sum()), int((counts > 1).sum())
        assert not missing and not repeated, (
            f"Sur {len(labels)} items, {missing} manquent et {repeated} reviennent."
        )
        check_size(test, labels, test_fraction)


@points(5, "Chaque classe garde sa part")
def test_every_class_keeps_its_share(student):
    """Dans chaque classe, `test_fraction` des items vont au test, à deux près : découpez classe par classe."""
    for test_fraction in (0.3, 0.15, 0.72, 0.45):
        labels = shuffled_labels(TEN_CLASSES)
        _, test = split(student, labels, test_fraction, some_seeds(1)[0])
        check_shares(test, labels, test_fraction)


@points(2, "Des classes d'effectifs très différents")
def test_classes_may_differ_in_size(student):
    """La part d'une classe se compte sur son propre effectif, qu'elle ait deux items ou deux cents."""
    for sizes, test_fraction in ((UNEQUAL, 0.2), (UNEQUAL, 0.5), ([400, 8, 8], 0.25)):
        labels = shuffled_labels(sizes)
        _, test = split(student, labels, test_fraction, some_seeds(1)[0])
        check_shares(test, labels, test_fraction)


@points(1, "Des labels de valeurs quelconques")
def test_labels_may_have_any_values(student):
    """Les classes sont les valeurs présentes dans `labels` (`np.unique`), pas forcément 0 à C-1."""
    for values, dtype in (([3, 70, 11, 2500], np.int64), ([-5, 0, 9], np.int32), ([255, 7], np.uint8)):
        labels = shuffled_labels([60] * len(values), values, dtype)
        train, test = split(student, labels, 0.25, some_seeds(1)[0])
        assert len(set(train) | set(test)) == len(labels), (
            "Des items manquent quand les labels ne vont pas de 0 à C-1."
        )
        check_shares(test, labels, 0.25)


@points(2, "La même graine, la même partition")
def test_the_same_seed_gives_the_same_split(student):
    """La graine seule décide, 0 comprise : ni l'état global du hasard, ni ce qui a été tiré entre-temps."""
    labels = shuffled_labels([100, 100, 100])
    for seed in (0, *some_seeds(2)):
        tests = []
        for turn in range(3):
            _, test = split(student, labels, 0.25, seed)
            tests.append(set(test.tolist()))
            student.seed_guest(1000 + turn)  # the global streams are elsewhere now
        same = tests[0] == tests[1] == tests[2]
        assert same, f"Trois appels avec la même graine{' 0' * (seed == 0)} ne donnent pas la même partition."
        check_shares(test, labels, 0.25)


@points(2, "Une autre graine, une autre partition")
def test_another_seed_gives_another_split(student):
    """Mélangez les items de chaque classe avec la graine reçue, avant de les répartir."""
    labels = shuffled_labels([100, 100, 100])
    tests = []
    for seed in (0, 1, 2, 3, *some_seeds(3), 2**31 - 1):
        _, test = split(student, labels, 0.25, seed)
        check_size(test, labels, 0.25)
        tests.append(set(test.tolist()))
    repeated = any(one == other for one, other in combinations(tests, 2))
    assert not repeated, "Deux graines différentes donnent la même partition."


@points(1, "Les labels reçus restent intacts")
def test_the_labels_are_left_alone(student):
    """Ne triez ni ne mélangez `labels` sur place : travaillez sur les indices."""
    student.mirror()
    labels = shuffled_labels([50, 30, 20])
    before = labels.copy()
    pair = student.stratified_split(labels, 0.25, 7)
    checks.equal(labels, before, "le tableau donné à `stratified_split`, après l'appel")
    assert isinstance(pair, tuple | list) and len(pair) == 2, "`stratified_split` doit renvoyer un couple."
    check_size(as_indices(pair[1], "test_indices"), labels, 0.25)
