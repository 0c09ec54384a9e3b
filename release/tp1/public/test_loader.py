"""Public suite of ``loader``: ten numbered items, in batches of four."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points

LABELS = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])


def loaders(student):
    """Train and test loader of the same ten items: item i is the image of the number i."""
    items = [(torch.full((1, 2, 2), float(number)), int(label)) for number, label in enumerate(LABELS)]
    pair = student.make_loaders(student.keep(items), student.keep(items), 4)
    assert isinstance(pair, tuple | list) and len(pair) == 2, (
        "`make_loaders` doit renvoyer un couple de loaders."
    )
    return pair


def batches(student, loader):
    """What one iteration yields; what comes after 11 batches is cut off."""
    found = student.at("builtins.list")(student.at("itertools.islice")(loader, 11))
    pairs = all(isinstance(batch, tuple | list) and len(batch) == 2 for batch in found)
    assert pairs, "Parcourir un loader doit donner des couples (x, y)."
    for x, y in found:
        checks.tensor(x, shape=(None, 1, 2, 2), what="le x d'un lot")
        checks.tensor(y, shape=(len(x),), what="le y d'un lot")
    return found


def numbers(student, loader):
    """The items of one iteration, in order."""
    found = batches(student, loader)
    return [int(number) for x, _ in found for number in x[:, 0, 0, 0]]


@points(1, "La taille des lots")
def test_the_size_of_batches(student):
    """Dix items par lots de quatre : 4, 4 et 2."""
    for name, loader in zip(("train_loader", "test_loader"), loaders(student), strict=True):
        sizes = [len(x) for x, _ in batches(student, loader)]
        assert sizes == [4, 4, 2], f"{name} donne des lots de {', '.join(map(str, sizes)) or 'zéro'} items."


@points(2, "Chaque item une fois")
def test_every_item_once(student):
    """À chaque époque, chaque item d'apprentissage arrive une fois, avec son label."""
    train, _ = loaders(student)
    for turn in ("première", "deuxième"):
        found = batches(student, train)
        order = [int(number) for x, _ in found for number in x[:, 0, 0, 0]]
        assert sorted(order) == list(range(10)), f"La {turn} époque ne contient pas chaque item une fois."
        for x, y in found:
            checks.equal(
                y, LABELS[x[:, 0, 0, 0].long()], "les labels d'un lot, comparés à ceux de ses images"
            )


@points(2, "L'apprentissage mélangé, à chaque fois autrement")
def test_training_is_shuffled_anew(student):
    """Dix items ont 3 628 800 ordres : huit époques de suite ne peuvent pas avoir toutes le même par hasard."""
    train, _ = loaders(student)
    orders = {tuple(numbers(student, train)) for _ in range(8)}
    assert len(orders) > 1, "Huit époques d'apprentissage ont toutes le même ordre."


@points(2, "Le test dans l'ordre")
def test_the_test_comes_in_order(student):
    """Le jeu de test se parcourt dans l'ordre, deux fois de suite."""
    _, test = loaders(student)
    for turn in ("premier", "deuxième"):
        order = numbers(student, test)
        assert order == list(range(10)), f"Au {turn} parcours, le test ne donne pas ses items dans l'ordre."
