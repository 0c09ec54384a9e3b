"""Hidden suite of ``loader``.

Item i is an image whose every pixel is i, so that a batch says which items it holds. What counts is what iterating
yields. One random check, of 600 orders of six items: exact binomial tests over positions (``checks.uniform_counts``),
alpha = 1e-9 in all; orders of batches alone leave positions that an item never reaches, which 600 orders show with
probability above 1 - 1e-40. Elsewhere an order of 40 items repeats by chance with probability 1e-48.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points

ITEM = (1, 2, 3)


def examples(count):
    """Images (count, 1, 2, 3) that say their number, and labels in no order."""
    return torch.arange(float(count)).reshape(-1, 1, 1, 1).expand(count, *ITEM).clone(), torch.randint(
        10, (count,)
    )


def tensor_set(student, count):
    x, y = examples(count)
    return student.at("torch.utils.data.TensorDataset")(x, y), y


def loaders(student, train_set, test_set, batch_size):
    pair = student.make_loaders(train_set, test_set, batch_size)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise CheckFailed("`make_loaders` doit renvoyer le couple (train_loader, test_loader).")
    return pair


def batches(student, loader, limit, times=1):
    """(x, y) of ``times`` iterations one after the other; what comes after ``limit`` batches is cut off."""
    again = student.at("itertools.chain.from_iterable")(student.at("itertools.repeat")(loader, times))
    found = student.at("builtins.list")(student.at("itertools.islice")(again, limit))
    for batch in found:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise CheckFailed("Parcourir un loader doit donner des couples (x, y).")
    return found


def numbers(found, labels):
    """Which items the batches hold, one after the other; their pixels and labels must be those of the items."""
    order = []
    for x, y in found:
        checks.tensor(x, shape=(None, *ITEM), what="le x d'un lot")
        checks.tensor(y, shape=(len(x),), what="le y d'un lot")
        whole = not y.is_floating_point() and not y.is_complex()
        assert whole, "Le y d'un lot doit être un tenseur d'entiers, un label par item."
        indices = x.flatten(1)[:, 0].double()
        known = ((indices >= 0) & (indices < len(labels)) & (indices == indices.round())).all()
        assert bool(known) and bool((x == x[:, :1, :1, :1]).all()), (
            "Un lot contient autre chose que les images du jeu."
        )
        order += indices.long().tolist()
        checks.equal(y, labels[indices.long()], "les labels d'un lot, comparés à ceux de ses images")
    return order


def epoch(student, loader, labels):
    """The items of one iteration, in order; a loader without an end is cut off."""
    return numbers(batches(student, loader, 2 * len(labels) + 2), labels)


@points(3, "Chaque item une fois par époque")
def test_an_epoch_of_training_holds_every_item_once(student):
    """Aucun item oublié, aucun répété : le dernier lot, plus petit, compte aussi (attention à `drop_last`)."""
    for count in (23, 20):
        train_set, labels = tensor_set(student, count)
        train, _ = loaders(student, train_set, tensor_set(student, 7)[0], 5)
        for turn in ("première", "deuxième"):
            times = Counter(epoch(student, train, labels))
            missing, repeated = count - len(times), sum(n > 1 for n in times.values())
            assert not missing and not repeated, (
                f"La {turn} époque de {count} items en oublie {missing} et en répète {repeated} (lots de 5)."
            )


@points(3, "Un nouvel ordre à chaque époque")
def test_every_epoch_has_a_new_order(student):
    """Mélangez à chaque parcours, pas une fois pour toutes : `shuffle=True`, sans graine remise à chaque époque."""
    train_set, labels = tensor_set(student, 40)
    train, _ = loaders(student, train_set, tensor_set(student, 7)[0], 6)
    epochs = [epoch(student, train, labels) for _ in range(4)]
    assert min(map(len, epochs)) > 30, "Une époque d'apprentissage n'a presque pas d'items."
    assert list(range(40)) not in epochs, "Les items d'apprentissage arrivent dans l'ordre du jeu de données."
    repeated = any(one == other for one, other in combinations(epochs, 2))
    assert not repeated, "Deux époques d'apprentissage ont le même ordre."


@points(2, "Tous les ordres aussi probables")
def test_every_order_is_equally_likely(student):
    """Mélangez les items, pas seulement l'ordre des lots ni le contenu de chacun : tout item peut arriver partout."""
    count, times = 6, 600
    train_set, labels = tensor_set(student, count)
    train, _ = loaders(student, train_set, tensor_set(student, 7)[0], 2)
    order = numbers(batches(student, train, times * count, times), labels)
    assert len(order) == times * count, f"{times} époques de {count} items n'en donnent pas {times * count}."
    epochs = torch.tensor(order).reshape(times, count)
    for item in range(count):
        places = torch.bincount((epochs == item).nonzero()[:, 1], minlength=count).tolist()
        checks.uniform_counts(places, "Les places d'un même item dans une époque", alpha=1e-9 / (count + 1))
    first, second = ((epochs == item).int().argmax(1) for item in range(2))
    gaps = torch.bincount((second - first) % count, minlength=count)[1:].tolist()  # a rotation keeps this one
    checks.uniform_counts(gaps, "Les écarts entre deux items dans une époque", alpha=1e-9 / (count + 1))


@points(3, "Le test dans l'ordre")
def test_the_test_set_comes_in_order(student):
    """Au test, ni mélange ni tirage : chaque item une fois, dans l'ordre du jeu de données, à chaque parcours."""
    for count in (23, 20):
        test_set, labels = tensor_set(student, count)
        _, test = loaders(student, tensor_set(student, 11)[0], test_set, 5)
        for turn in ("premier", "deuxième"):
            order = epoch(student, test, labels)
            same = order == list(range(count))
            assert same, (
                f"Au {turn} parcours, le test ne donne pas ses {count} items dans l'ordre ({len(order)} reçus)."
            )


@points(2, "Des lots de batch_size items")
def test_batches_have_the_size_asked_for(student):
    """Tous les lots ont `batch_size` items, à l'apprentissage comme au test ; seul le dernier peut être plus petit."""
    for size, (train_count, test_count) in ((5, (23, 12)), (4, (12, 9)), (1, (3, 2)), (30, (11, 8))):
        counts = {"apprentissage": train_count, "test": test_count}
        sets = [tensor_set(student, count)[0] for count in counts.values()]
        for (name, count), loader in zip(counts.items(), loaders(student, *sets, size), strict=True):
            sizes = [
                len(checks.tensor(x, what="le x d'un lot")) for x, _ in batches(student, loader, count + 2)
            ]
            full = count // size
            right = sizes[:full] == [size] * full and len(sizes) <= full + 1 and max(sizes, default=1) <= size
            told = f"{count} items ({name}), batch_size={size}"
            assert right, f"{told} : des lots de {', '.join(map(str, sizes)) or 'zéro'} items."


@points(1, "N'importe quel jeu de données")
def test_any_map_style_dataset_will_do(student):
    """Il suffit de `len(dataset)` et de `dataset[i]` : ni `.tensors`, ni indexation par une liste d'indices."""
    x, y = examples(12)
    pairs = [(image, int(label)) for image, label in zip(x, y, strict=True)]
    whole = student.at("torch.utils.data.TensorDataset")(x, y)
    subset = student.at("torch.utils.data.Subset")(whole, list(range(12)))
    for name, items in (("une liste de couples", student.keep(pairs)), ("un Subset", subset)):
        train, test = loaders(student, items, items, 4)
        every = list(range(12))
        right = sorted(epoch(student, train, y)) == every and epoch(student, test, y) == every
        assert right, f"Avec {name} pour jeu de données, il manque des items, ou l'ordre du test est perdu."


@points(1, "Les items sont relus à chaque époque")
def test_items_are_read_again_at_each_epoch(student):
    """L'augmentation change les items d'une lecture à l'autre : ne lisez pas le jeu de données d'avance."""
    dataset, labels = tensor_set(student, 8)
    pair = loaders(student, dataset, dataset, 4)
    for loader in pair:
        seen = epoch(student, loader, labels)
        assert sorted(seen) == list(range(8)), "Un premier parcours ne donne pas chaque item une fois."
    later = (labels + 1) % 10
    dataset.tensors = (examples(8)[0], later)  # other labels from now on
    for name, loader in zip(("d'apprentissage", "de test"), pair, strict=True):
        found = batches(student, loader, 20)
        stale = any(not torch.equal(y, later[x.flatten(1)[:, 0].long()]) for x, y in found)
        assert found and not stale, (
            f"Le loader {name} donne d'anciens items, lus avant que le jeu de données ne change."
        )
