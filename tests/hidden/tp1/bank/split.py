# %% mutant: one item of each class lost
# killed by test_every_item_is_in_exactly_one_part
# Les deux effectifs sont arrondis vers le bas : un item par classe n'est dans aucune part.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == c))
        n_test, n_train = int(test_fraction * len(items)), int((1 - test_fraction) * len(items))
        test += items[:n_test].tolist()
        train += items[n_test : n_test + n_train].tolist()
    return train, test

# %% mutant: test items stay in the training set
# killed by test_every_item_is_in_exactly_one_part
# Les items de test restent dans l'apprentissage : le test ne mesure plus rien.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    train, test = _right(labels, test_fraction, seed)
    return np.arange(len(labels)), test

# %% mutant: one item in both parts
# killed by test_every_item_is_in_exactly_one_part
# La coupure est comptée deux fois : un item de chaque classe est dans les deux parts.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[max(0, cut - 1) :].tolist()
    return train, test

# %% mutant: two independent draws
# killed by test_every_item_is_in_exactly_one_part
# Les deux parts sont tirées l'une sans regarder l'autre : elles se recouvrent.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in np.unique(labels):
        items = np.flatnonzero(labels == c)
        n = round(test_fraction * len(items))
        test += rng.choice(items, n, replace=False).tolist()
        train += rng.choice(items, len(items) - n, replace=False).tolist()
    return train, test

# %% mutant: test drawn with replacement
# killed by test_every_item_is_in_exactly_one_part
# Le test est tiré avec remise : certains items y sont plusieurs fois.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    test = []
    for c in np.unique(labels):
        items = np.flatnonzero(labels == c)
        test += rng.choice(items, round(test_fraction * len(items))).tolist()
    return np.setdiff1d(np.arange(len(labels)), test), np.array(test)

# %% mutant: first index forgotten
# killed by test_every_item_is_in_exactly_one_part
# Les indices commencent à 1 : l'item 0 manque.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    train, test = _right(labels, test_fraction, seed)
    return train[train > 0], test[test > 0]

# %% mutant: classes ignored
# killed by test_every_class_keeps_its_share
# Le tirage est tout à fait au hasard : rien ne garantit la part de chaque classe.
def stratified_split(labels, test_fraction, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    cut = round(test_fraction * len(labels))
    return order[cut:], order[:cut]

# %% mutant: scikit-learn without stratify
# killed by test_every_class_keeps_its_share
# train_test_split est appelé sans `stratify` : les classes sont ignorées.
from sklearn.model_selection import train_test_split

def stratified_split(labels, test_fraction, seed):
    return train_test_split(np.arange(len(labels)), test_size=test_fraction, random_state=seed)

# %% mutant: nearest whole number of folds
# killed by test_every_class_keeps_its_share
# Un découpage en 1/f parts arrondit la fraction : 0,3 devient un tiers.
from sklearn.model_selection import StratifiedKFold
import warnings as _warnings

def stratified_split(labels, test_fraction, seed):
    folds = StratifiedKFold(max(2, round(1 / test_fraction)), shuffle=True, random_state=seed)
    with _warnings.catch_warnings():
        _warnings.simplefilter("ignore")
        return next(iter(folds.split(np.zeros(len(labels)), labels)))

# %% mutant: never more than half at test
# killed by test_every_class_keeps_its_share
# Au-delà de la moitié, la fraction de test est ramenée à 0,5.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, min(test_fraction, 0.5), seed)

# %% mutant: each item by the toss of a coin
# killed by test_every_class_keeps_its_share
# Chaque item va au test avec la probabilité test_fraction : les parts ne sont justes qu'en moyenne.
def stratified_split(labels, test_fraction, seed):
    chosen = np.random.default_rng(seed).random(len(labels)) < test_fraction
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)

# %% mutant: parts exchanged
# killed by test_every_class_keeps_its_share
# Les deux parts sont renvoyées dans l'ordre (test, apprentissage).
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, seed)[::-1]

# %% mutant: fraction of the training set
# killed by test_every_class_keeps_its_share
# test_fraction est pris pour la part de l'apprentissage.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, 1 - test_fraction, seed)

# %% mutant: ratio instead of share
# killed by test_every_class_keeps_its_share
# test_fraction est pris pour le rapport test / apprentissage.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction / (1 + test_fraction), seed)

# %% mutant: always one fifth
# killed by test_every_class_keeps_its_share
# La fraction 0,2 est écrite en dur.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, 0.2, seed)

# %% mutant: the same number from every class
# killed by test_classes_may_differ_in_size
# Chaque classe donne le même nombre d'items au test, quel que soit son effectif.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    each = round(test_fraction * len(labels) / len(classes))
    test = [i for c in classes for i in rng.permutation(np.flatnonzero(labels == c))[:each]]
    return np.setdiff1d(np.arange(len(labels)), test), test

# %% mutant: the number of the smallest class
# killed by test_classes_may_differ_in_size
# Toutes les classes donnent autant d'items que la plus petite.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    each = round(test_fraction * counts.min())
    test = [i for c in classes for i in rng.permutation(np.flatnonzero(labels == c))[:each]]
    return np.setdiff1d(np.arange(len(labels)), test), test

# %% mutant: rare classes left out of the test
# killed by test_classes_may_differ_in_size
# Les classes de moins de cinquante items ne donnent rien au test.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    test = []
    for c in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == c))
        test += items[: round(test_fraction * len(items)) * (len(items) >= 50)].tolist()
    return np.setdiff1d(np.arange(len(labels)), test), test

# %% mutant: at least five of each class
# killed by test_classes_may_differ_in_size
# Au moins cinq items de chaque classe vont au test, même quand c'est trop pour elle.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    test = []
    for c in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == c))
        test += items[: max(5, round(test_fraction * len(items)))].tolist()
    return np.setdiff1d(np.arange(len(labels)), test), test

# %% mutant: labels counted from zero
# killed by test_labels_may_have_any_values
# La boucle court de 0 à C-1 : les classes d'autres valeurs sont oubliées.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in range(len(np.unique(labels))):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: labels counted by bincount
# killed by test_labels_may_have_any_values
# np.bincount refuse les labels négatifs.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c, count in enumerate(np.bincount(labels)):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * count)
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: ten classes
# killed by test_labels_may_have_any_values
# Les classes sont supposées être les chiffres de 0 à 9.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in range(10):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: sign of the labels dropped
# killed by test_labels_may_have_any_values
# Les classes sont les valeurs absolues des labels : les labels négatifs sont oubliés.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in np.unique(np.abs(labels.astype(np.int64))):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: seed ignored
# killed by test_the_same_seed_gives_the_same_split
# La graine n'est pas utilisée : chaque appel donne une autre partition.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, np.random.randint(2**31))

# %% mutant: generator made without the seed
# killed by test_the_same_seed_gives_the_same_split
# np.random.default_rng() sans graine : la partition n'est pas reproductible.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, None)

# %% mutant: a seed of zero taken for none
# killed by test_the_same_seed_gives_the_same_split
# `seed or None` prend la graine 0 pour une absence de graine.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, seed or None)

# %% mutant: torch seeded, NumPy drawn
# killed by test_the_same_seed_gives_the_same_split
# La graine est donnée à torch, mais les nombres sont tirés par NumPy.
def stratified_split(labels, test_fraction, seed):
    torch.manual_seed(seed)
    train, test = [], []
    for c in np.unique(labels):
        items = np.random.permutation(np.flatnonzero(labels == c))
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: generator shared between calls
# killed by test_the_same_seed_gives_the_same_split
# Un générateur par graine est gardé d'un appel à l'autre : il avance, et la partition change.
_right, _streams = stratified_split, {}

def stratified_split(labels, test_fraction, seed):
    stream = _streams.setdefault(seed, np.random.default_rng(seed))
    return _right(labels, test_fraction, int(stream.integers(2**31)))

# %% mutant: Python seeded, NumPy drawn
# killed by test_the_same_seed_gives_the_same_split
# random.seed ne fixe que le hasard de Python : celui de NumPy reste libre.
import random as _random
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    _random.seed(seed)
    return _right(labels, test_fraction, int(1e9 * np.random.rand()))

# %% mutant: seed written in the code
# killed by test_another_seed_gives_another_split
# La graine 42 est écrite en dur : toutes les graines donnent la même partition.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, 42)

# %% mutant: first items of each class
# killed by test_another_seed_gives_another_split
# Les premiers items de chaque classe vont toujours au test, sans mélange.
def stratified_split(labels, test_fraction, seed):
    train, test = [], []
    for c in np.unique(labels):
        items = np.flatnonzero(labels == c)
        cut = round(test_fraction * len(items))
        test += items[:cut].tolist()
        train += items[cut:].tolist()
    return train, test

# %% mutant: shuffled after the split
# killed by test_another_seed_gives_another_split
# Les indices sont mélangés une fois la partition faite : seul leur ordre dépend de la graine.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    train, test = _right(labels, test_fraction, 0)
    rng = np.random.default_rng(seed)
    return rng.permutation(train), rng.permutation(test)

# %% mutant: parity of the seed
# killed by test_another_seed_gives_another_split
# Seule la parité de la graine compte : il n'y a que deux partitions.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, seed % 2)

# %% mutant: a seed of zero taken for the default
# killed by test_another_seed_gives_another_split
# `seed or 1` confond la graine 0 et la graine 1.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, seed or 1)

# %% mutant: every fourth item
# killed by test_another_seed_gives_another_split
# Les items de test sont pris de loin en loin dans chaque classe, sans aucun hasard.
def stratified_split(labels, test_fraction, seed):
    test = []
    for c in np.unique(labels):
        items = np.flatnonzero(labels == c)
        steps = np.floor(test_fraction * np.arange(len(items) + 1) + 1e-9)
        test += items[np.diff(steps) > 0].tolist()
    return np.setdiff1d(np.arange(len(labels)), test), test

# %% mutant: labels sorted in place
# killed by test_the_labels_are_left_alone
# `labels.sort()` change le tableau de l'appelant.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    parts = _right(labels.copy(), test_fraction, seed)
    labels.sort()
    return parts

# %% mutant: chosen labels marked
# killed by test_the_labels_are_left_alone
# Les items choisis sont marqués dans le tableau de labels lui-même.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    train, test = _right(labels, test_fraction, seed)
    labels[test] = 0 if labels.dtype == np.uint8 else -1
    return train, test

# %% mutant: labels instead of indices
# killed by test_every_item_is_in_exactly_one_part
# Les parts contiennent les labels des items au lieu de leurs indices.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return tuple(labels[part] for part in _right(labels, test_fraction, seed))

# %% mutant: masks instead of indices
# killed by test_every_item_is_in_exactly_one_part
# Les parts sont des masques booléens au lieu de suites d'indices.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    mask = np.zeros(len(labels), dtype=bool)
    mask[_right(labels, test_fraction, seed)[1]] = True
    return ~mask, mask

# %% mutant: indices as floats
# killed by test_every_item_is_in_exactly_one_part
# Les indices sont des nombres à virgule, qui n'indexent rien.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return tuple(np.asarray(part, dtype=float) for part in _right(labels, test_fraction, seed))

# %% mutant: indices within the class
# killed by test_every_item_is_in_exactly_one_part
# Les indices sont ceux du rang dans la classe, et non dans le jeu de données.
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed)
    train, test = [], []
    for c in np.unique(labels):
        ranks = rng.permutation(int((labels == c).sum()))
        cut = round(test_fraction * len(ranks))
        test += ranks[:cut].tolist()
        train += ranks[cut:].tolist()
    return train, test

# %% mutant: test set alone
# killed by test_every_item_is_in_exactly_one_part
# Seuls les indices de test sont renvoyés.
_right = stratified_split

def stratified_split(labels, test_fraction, seed):
    return _right(labels, test_fraction, seed)[1]

# %% mutant: everything to training
# killed by test_every_item_is_in_exactly_one_part
# Tout va à l'apprentissage, rien au test.
def stratified_split(labels, test_fraction, seed):
    return np.arange(len(labels)), np.array([], dtype=int)

# %% mutant: nothing at all
# killed by test_every_item_is_in_exactly_one_part
# Les deux parts sont vides.
def stratified_split(labels, test_fraction, seed):
    return [], []

# %% accepted: scikit-learn
from sklearn.model_selection import train_test_split

def stratified_split(labels, test_fraction, seed):
    indices = np.arange(len(labels))
    return train_test_split(indices, test_size=test_fraction, random_state=seed, stratify=labels)

# %% accepted: scikit-learn's shuffle split
from sklearn.model_selection import StratifiedShuffleSplit

def stratified_split(labels, test_fraction, seed):
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=test_fraction, random_state=seed)
    train, test = next(splitter.split(np.zeros((len(labels), 1)), labels))
    return train.tolist(), test.tolist()

# %% accepted: torch's generator, tensors
def stratified_split(labels, test_fraction, seed):
    generator = torch.Generator().manual_seed(seed)
    y = torch.from_numpy(labels.astype(np.int64))
    train, test = [], []
    for c in y.unique():
        items = torch.nonzero(y == c).flatten()
        items = items[torch.randperm(len(items), generator=generator)]
        cut = int(test_fraction * len(items))
        test.append(items[:cut])
        train.append(items[cut:])
    return torch.cat(train), torch.cat(test)

# %% accepted: global stream of NumPy
def stratified_split(labels, test_fraction, seed):
    np.random.seed(seed)
    test = np.zeros(len(labels), dtype=bool)
    for c in set(labels.tolist()):
        items = np.where(labels == c)[0]
        np.random.shuffle(items)
        test[items[: math.ceil(test_fraction * len(items))]] = True
    return np.where(~test)[0], np.where(test)[0]

# %% accepted: Python's random, dictionary of classes
import random as _random

def stratified_split(labels, test_fraction, seed):
    stream, classes = _random.Random(seed), {}
    for index, label in enumerate(labels):
        classes.setdefault(int(label), []).append(index)
    train, test = [], []
    for items in classes.values():
        chosen = set(stream.sample(items, int(test_fraction * len(items) + 0.5)))
        test.extend(chosen)
        train.extend(i for i in items if i not in chosen)
    return tuple(train), tuple(test)

# %% accepted: random keys sorted within a class
def stratified_split(labels, test_fraction, seed):
    keys = np.random.RandomState(seed).rand(len(labels))
    order = np.lexsort((keys, labels))
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(starts, counts)
    chosen = rank < np.repeat(np.round(test_fraction * counts), counts)
    return order[~chosen], order[chosen]

# %% accepted: at least one item of each class on each side
def stratified_split(labels, test_fraction, seed):
    rng = np.random.default_rng(seed + 10)
    train, test = [], []
    for c in np.unique(labels):
        items = rng.permutation(np.flatnonzero(labels == c))
        cut = min(max(1, round(test_fraction * len(items))), len(items) - 1)
        test.append(items[:cut])
        train.append(items[cut:])
    return list(np.concatenate(train)), np.sort(np.concatenate(test)).astype(np.int32)

# %% accepted: spread evenly after a shuffle
def stratified_split(labels, test_fraction, seed):
    order = np.random.default_rng([seed, 1]).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    due = np.floor(test_fraction * np.arange(1, len(labels) + 1) + 0.5)
    chosen = np.diff(due, prepend=0) > 0
    return torch.as_tensor(order[~chosen]), torch.as_tensor(order[chosen])
