# %% mutant: training never shuffled
# killed by test_every_epoch_has_a_new_order
# L'apprentissage n'est pas mélangé : les items arrivent toujours dans l'ordre du jeu de données.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size), DataLoader(test_set, batch_size)

# %% mutant: shuffled once for all
# killed by test_every_epoch_has_a_new_order
# Les indices sont mélangés une fois pour toutes : toutes les époques ont le même ordre.
from torch.utils.data import DataLoader, Subset

def make_loaders(train_set, test_set, batch_size):
    order = torch.randperm(len(train_set)).tolist()
    return DataLoader(Subset(train_set, order), batch_size), DataLoader(test_set, batch_size)

# %% mutant: seeded again at each epoch
# killed by test_every_epoch_has_a_new_order
# La graine est remise à chaque époque : le mélange est toujours le même.
from torch.utils.data import DataLoader

class _SameShuffle:
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        return iter(torch.randperm(len(self.data), generator=torch.Generator().manual_seed(0)).tolist())

    def __len__(self):
        return len(self.data)

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, sampler=_SameShuffle(train_set))
    return train, DataLoader(test_set, batch_size)

# %% mutant: every order serves twice
# killed by test_every_epoch_has_a_new_order
# Le mélange n'est refait qu'une époque sur deux.
from torch.utils.data import DataLoader

class _EverySecondEpoch:
    def __init__(self, data):
        self.data, self.order = data, None

    def __iter__(self):
        if self.order is None:
            self.order = torch.randperm(len(self.data)).tolist()
            return iter(self.order)
        order, self.order = self.order, None
        return iter(order)

    def __len__(self):
        return len(self.data)

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, sampler=_EverySecondEpoch(train_set))
    return train, DataLoader(test_set, batch_size)

# %% mutant: order reversed at each epoch
# killed by test_every_epoch_has_a_new_order
# L'ordre est seulement renversé d'une époque à l'autre.
from torch.utils.data import DataLoader

class _BackAndForth:
    def __init__(self, data):
        self.count, self.turn = len(data), 0

    def __iter__(self):
        self.turn += 1
        order = range(self.count)
        return iter(order if self.turn % 2 else reversed(order))

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, sampler=_BackAndForth(train_set)), DataLoader(test_set, batch_size)

# %% mutant: last batch of training dropped
# killed by test_an_epoch_of_training_holds_every_item_once
# drop_last=True jette le dernier lot d'apprentissage quand il est incomplet.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, shuffle=True, drop_last=True)
    return train, DataLoader(test_set, batch_size)

# %% mutant: last batches of both dropped
# killed by test_an_epoch_of_training_holds_every_item_once
# drop_last=True jette les derniers lots, à l'apprentissage comme au test.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    options = {"batch_size": batch_size, "drop_last": True}
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)

# %% mutant: training with replacement
# killed by test_an_epoch_of_training_holds_every_item_once
# Les items sont tirés avec remise : certains reviennent, d'autres manquent.
from torch.utils.data import DataLoader, RandomSampler

def make_loaders(train_set, test_set, batch_size):
    sampler = RandomSampler(train_set, replacement=True)
    return DataLoader(train_set, batch_size, sampler=sampler), DataLoader(test_set, batch_size)

# %% mutant: each batch drawn on its own
# killed by test_an_epoch_of_training_holds_every_item_once
# Chaque lot est tiré sans remise, mais indépendamment des autres : un item peut revenir dans l'époque.
from torch.utils.data import DataLoader

class _IndependentBatches:
    def __init__(self, data, size):
        self.count, self.size = len(data), size

    def __iter__(self):
        for start in range(0, self.count, self.size):
            yield torch.randperm(self.count)[: min(self.size, self.count - start)].tolist()

    def __len__(self):
        return -(-self.count // self.size)

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_sampler=_IndependentBatches(train_set, batch_size))
    return train, DataLoader(test_set, batch_size)

# %% mutant: one item too few
# killed by test_an_epoch_of_training_holds_every_item_once
# Le mélange ne porte que sur les N-1 premiers indices : le dernier item n'est jamais vu.
from torch.utils.data import DataLoader, SubsetRandomSampler

def make_loaders(train_set, test_set, batch_size):
    sampler = SubsetRandomSampler(range(len(train_set) - 1))
    return DataLoader(train_set, batch_size, sampler=sampler), DataLoader(test_set, batch_size)

# %% mutant: short batch filled up
# killed by test_an_epoch_of_training_holds_every_item_once
# Le dernier lot est complété par des items déjà vus.
from torch.utils.data import DataLoader

class _FilledUp:
    def __init__(self, data, size):
        self.count, self.size = len(data), size

    def __iter__(self):
        order = torch.randperm(self.count).tolist()
        return iter(order + order[: -self.count % self.size])

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, sampler=_FilledUp(train_set, batch_size))
    return train, DataLoader(test_set, batch_size)

# %% mutant: a single epoch
# killed by test_an_epoch_of_training_holds_every_item_once
# Les loaders sont des itérateurs : ils sont vides dès la deuxième époque.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return iter(DataLoader(train_set, batch_size, shuffle=True)), iter(DataLoader(test_set, batch_size))

# %% mutant: an endless training loader
# killed by test_an_epoch_of_training_holds_every_item_once
# Le loader d'apprentissage recommence sans fin : une époque ne se termine jamais.
from torch.utils.data import DataLoader

class _Endless:
    def __init__(self, loader):
        self.loader = loader

    def __iter__(self):
        while True:
            yield from self.loader

def make_loaders(train_set, test_set, batch_size):
    return _Endless(DataLoader(train_set, batch_size, shuffle=True)), DataLoader(test_set, batch_size)

# %% mutant: test set in the training loader
# killed by test_an_epoch_of_training_holds_every_item_once
# Les deux jeux sont réunis dans le loader d'apprentissage : on apprend le jeu de test.
from torch.utils.data import ConcatDataset, DataLoader

def make_loaders(train_set, test_set, batch_size):
    both = ConcatDataset([train_set, test_set])
    return DataLoader(both, batch_size, shuffle=True), DataLoader(test_set, batch_size)

# %% mutant: batches in random order, items not
# killed by test_every_order_is_equally_likely
# Seul l'ordre des lots est mélangé : chaque lot contient toujours les mêmes items.
from torch.utils.data import DataLoader

class _ShuffledBatches:
    def __init__(self, data, size):
        self.batches = [list(range(i, min(i + size, len(data)))) for i in range(0, len(data), size)]

    def __iter__(self):
        for index in torch.randperm(len(self.batches)).tolist():
            yield [self.batches[index][k] for k in torch.randperm(len(self.batches[index])).tolist()]

    def __len__(self):
        return len(self.batches)

class _LastOneLast(_ShuffledBatches):
    def __iter__(self):
        found = list(super().__iter__())
        return iter(sorted(found, key=lambda batch: len(batch) < len(self.batches[0])))

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_sampler=_LastOneLast(train_set, batch_size))
    return train, DataLoader(test_set, batch_size)

# %% mutant: shuffled within a batch
# killed by test_every_order_is_equally_likely
# Le mélange se fait à l'intérieur de chaque lot : un lot contient toujours les mêmes items.
from torch.utils.data import DataLoader

class _WithinBatches:
    def __init__(self, data, size):
        self.count, self.size = len(data), size

    def __iter__(self):
        for start in range(0, self.count, self.size):
            length = min(self.size, self.count - start)
            yield (start + torch.randperm(length)).tolist()

    def __len__(self):
        return -(-self.count // self.size)

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_sampler=_WithinBatches(train_set, batch_size))
    return train, DataLoader(test_set, batch_size)

# %% mutant: rotated
# killed by test_every_order_is_equally_likely
# L'époque commence à un item au hasard, puis suit l'ordre du jeu de données.
from torch.utils.data import DataLoader

class _Rotated:
    def __init__(self, data):
        self.count, self.last = len(data), 0

    def __iter__(self):
        start = 1 + int(torch.randint(self.count - 1, ())) if self.count > 6 else int(torch.randint(self.count, ()))
        self.last = (self.last + start) % self.count if self.count > 6 else start
        return iter([(self.last + i) % self.count for i in range(self.count)])

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, sampler=_Rotated(train_set)), DataLoader(test_set, batch_size)

# %% mutant: first item always first
# killed by test_every_order_is_equally_likely
# Le mélange laisse le premier item à sa place.
from torch.utils.data import DataLoader

class _FirstStays:
    def __init__(self, data):
        self.count = len(data)

    def __iter__(self):
        return iter([0, *(1 + torch.randperm(self.count - 1)).tolist()])

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, sampler=_FirstStays(train_set)), DataLoader(test_set, batch_size)

# %% mutant: no item stays in its place
# killed by test_every_order_is_equally_likely
# Un échange avec un indice strictement plus petit ne laisse aucun item à sa place (algorithme de Sattolo).
import random as _random
from torch.utils.data import DataLoader

class _Sattolo:
    def __init__(self, data):
        self.count = len(data)

    def __iter__(self):
        order = list(range(self.count))
        for i in range(self.count - 1, 0, -1):
            j = _random.randrange(i)
            order[i], order[j] = order[j], order[i]
        return iter(order)

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, sampler=_Sattolo(train_set)), DataLoader(test_set, batch_size)

# %% mutant: small shuffle buffer
# killed by test_every_order_is_equally_likely
# Le mélange passe par un tampon de trois items : un item ne va jamais loin.
from torch.utils.data import DataLoader

class _Buffer:
    def __init__(self, data):
        self.count = len(data)

    def __iter__(self):
        held = []
        for index in range(self.count):
            held.append(index)
            if len(held) == 3:
                yield held.pop(int(torch.randint(3, ())))
        while held:
            yield held.pop(int(torch.randint(len(held), ())))

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, sampler=_Buffer(train_set)), DataLoader(test_set, batch_size)

# %% mutant: test shuffled
# killed by test_the_test_set_comes_in_order
# Le jeu de test est mélangé lui aussi : on ne sait plus à quel item se rapporte une prévision.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return tuple(DataLoader(s, batch_size, shuffle=True) for s in (train_set, test_set))

# %% mutant: loaders exchanged
# killed by test_the_test_set_comes_in_order
# Les deux loaders sont renvoyés dans l'ordre inverse.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(test_set, batch_size), DataLoader(train_set, batch_size, shuffle=True)

# %% mutant: shuffle on the wrong loader
# killed by test_the_test_set_comes_in_order
# C'est le jeu de test qui est mélangé, et pas celui d'apprentissage.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size), DataLoader(test_set, batch_size, shuffle=True)

# %% mutant: training set tested
# killed by test_the_test_set_comes_in_order
# Le loader de test parcourt le jeu d'apprentissage.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(train_set, batch_size)

# %% mutant: last batch of the test dropped
# killed by test_the_test_set_comes_in_order
# Le dernier lot du test est jeté : la note ne porte pas sur tous les items.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, shuffle=True)
    return train, DataLoader(test_set, batch_size, drop_last=True)

# %% mutant: test sorted by label
# killed by test_the_test_set_comes_in_order
# Le test est rangé par classe au lieu de suivre l'ordre du jeu de données.
from torch.utils.data import DataLoader, Subset

def make_loaders(train_set, test_set, batch_size):
    order = sorted(range(len(test_set)), key=lambda i: int(test_set[i][1]))
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(Subset(test_set, order), batch_size)

# %% mutant: test last to first
# killed by test_the_test_set_comes_in_order
# Le test est parcouru du dernier item au premier.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    backwards = range(len(test_set) - 1, -1, -1)
    train = DataLoader(train_set, batch_size, shuffle=True)
    return train, DataLoader(test_set, batch_size, sampler=backwards)

# %% mutant: batch size ignored
# killed by test_batches_have_the_size_asked_for
# batch_size est ignoré : les lots ont tous 32 items.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, 32, shuffle=True), DataLoader(test_set, 32)

# %% mutant: default batch size
# killed by test_batches_have_the_size_asked_for
# batch_size n'est pas transmis : les lots n'ont qu'un item.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, shuffle=True), DataLoader(test_set)

# %% mutant: larger batches at test
# killed by test_batches_have_the_size_asked_for
# Les lots de test sont deux fois plus grands que demandé.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, 2 * batch_size)

# %% mutant: the whole test at once
# killed by test_batches_have_the_size_asked_for
# Tout le jeu de test arrive en un seul lot.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, len(test_set))

# %% mutant: number of batches taken for their size
# killed by test_batches_have_the_size_asked_for
# batch_size est pris pour le nombre de lots.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    sizes = [-(-len(s) // batch_size) for s in (train_set, test_set)]
    return DataLoader(train_set, sizes[0], shuffle=True), DataLoader(test_set, sizes[1])

# %% mutant: a lone last item joined to its neighbours
# killed by test_batches_have_the_size_asked_for
# Les lots sont de tailles presque égales au lieu de batch_size items.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    def even(data):
        count = -(-len(data) // batch_size)
        return -(-len(data) // count)

    return DataLoader(train_set, even(train_set), shuffle=True), DataLoader(test_set, even(test_set))

# %% mutant: tensors of the set
# killed by test_any_map_style_dataset_will_do
# Le code compte sur l'attribut `tensors`, que seuls les TensorDataset ont.
from torch.utils.data import DataLoader, TensorDataset

def make_loaders(train_set, test_set, batch_size):
    train, test = TensorDataset(*train_set.tensors), TensorDataset(*test_set.tensors)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)

# %% mutant: a list of indices for index
# killed by test_any_map_style_dataset_will_do
# dataset[liste d'indices] ne marche que pour les jeux faits de tenseurs.
class _Batches:
    def __init__(self, data, size, shuffle):
        self.data, self.size, self.shuffle = data, size, shuffle

    def __iter__(self):
        count = len(self.data)
        order = torch.randperm(count) if self.shuffle else torch.arange(count)
        for indices in order.split(self.size):
            yield self.data[indices]

def make_loaders(train_set, test_set, batch_size):
    return _Batches(train_set, batch_size, True), _Batches(test_set, batch_size, False)

# %% mutant: datasets of torch only
# killed by test_any_map_style_dataset_will_do
# Seuls les objets de la classe Dataset de PyTorch sont acceptés.
from torch.utils.data import DataLoader, Dataset

def make_loaders(train_set, test_set, batch_size):
    assert isinstance(train_set, Dataset) and isinstance(test_set, Dataset)
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, batch_size)

# %% mutant: labels that must be tensors
# killed by test_any_map_style_dataset_will_do
# torch.stack sur les labels échoue quand ce sont de simples entiers.
from torch.utils.data import DataLoader

def _stack(items):
    return torch.stack([x for x, _ in items]), torch.stack([y for _, y in items])

def make_loaders(train_set, test_set, batch_size):
    options = {"batch_size": batch_size, "collate_fn": _stack}
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)

# %% mutant: items read beforehand
# killed by test_items_are_read_again_at_each_epoch
# Les items sont lus une fois pour toutes : l'augmentation ne change plus d'une époque à l'autre.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    read = [[data[i] for i in range(len(data))] for data in (train_set, test_set)]
    return DataLoader(read[0], batch_size, shuffle=True), DataLoader(read[1], batch_size)

# %% mutant: test batches kept
# killed by test_items_are_read_again_at_each_epoch
# Les lots de test sont rangés dans une liste : le jeu n'est plus jamais relu.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return DataLoader(train_set, batch_size, shuffle=True), list(DataLoader(test_set, batch_size))

# %% mutant: training batches kept
# killed by test_every_epoch_has_a_new_order
# Les lots d'apprentissage sont rangés dans une liste : leur ordre ne change plus.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    return list(DataLoader(train_set, batch_size, shuffle=True)), DataLoader(test_set, batch_size)

# %% mutant: training loader alone
# killed by test_an_epoch_of_training_holds_every_item_once
# Un seul loader est renvoyé.
def make_loaders(train_set, test_set, batch_size):
    return torch.utils.data.DataLoader(train_set, batch_size, shuffle=True)

# %% mutant: images alone
# killed by test_an_epoch_of_training_holds_every_item_once
# Les lots ne contiennent que les images, sans les labels.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    options = {"batch_size": batch_size, "collate_fn": lambda items: torch.stack([x for x, _ in items])}
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)

# %% mutant: lists of items
# killed by test_an_epoch_of_training_holds_every_item_once
# Les lots sont des listes d'items au lieu de tenseurs empilés.
from torch.utils.data import DataLoader

def make_loaders(train_set, test_set, batch_size):
    options = {"batch_size": batch_size, "collate_fn": lambda items: tuple(zip(*items))}
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)

# %% mutant: labels shuffled apart
# killed by test_an_epoch_of_training_holds_every_item_once
# Images et labels d'apprentissage sont mélangés chacun de son côté.
from torch.utils.data import DataLoader

def _apart(items):
    x, y = torch.utils.data.default_collate(items)
    return x, y[torch.randperm(len(y))]

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, shuffle=True, collate_fn=_apart)
    return train, DataLoader(test_set, batch_size)

# %% mutant: floating-point labels
# killed by test_an_epoch_of_training_holds_every_item_once
# Les labels sont convertis en nombres à virgule.
from torch.utils.data import DataLoader

def _floats(items):
    x, y = torch.utils.data.default_collate(items)
    return x, y.float()

def make_loaders(train_set, test_set, batch_size):
    options = {"batch_size": batch_size, "collate_fn": _floats}
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)

# %% mutant: empty loaders
# killed by test_an_epoch_of_training_holds_every_item_once
# Les loaders sont vides.
def make_loaders(train_set, test_set, batch_size):
    return [], []

# %% mutant: the sets themselves
# killed by test_an_epoch_of_training_holds_every_item_once
# Les jeux de données sont rendus tels quels, sans lots.
def make_loaders(train_set, test_set, batch_size):
    return train_set, test_set

# %% accepted: a generator and samplers
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

def make_loaders(train_set, test_set, batch_size):
    generator = torch.Generator().manual_seed(42)
    train = DataLoader(train_set, batch_size, sampler=RandomSampler(train_set, generator=generator))
    return train, DataLoader(test_set, batch_size, sampler=SequentialSampler(test_set))

# %% accepted: no DataLoader
class _Loader:
    def __init__(self, data, batch_size, shuffle):
        self.data, self.batch_size, self.shuffle = data, batch_size, shuffle

    def __iter__(self):
        count = len(self.data)
        order = torch.randperm(count).tolist() if self.shuffle else list(range(count))
        for start in range(0, count, self.batch_size):
            items = [self.data[i] for i in order[start : start + self.batch_size]]
            yield torch.stack([x for x, _ in items]), torch.tensor([int(y) for _, y in items])

def make_loaders(train_set, test_set, batch_size):
    return _Loader(train_set, batch_size, True), _Loader(test_set, batch_size, False)

# %% accepted: batch samplers
from torch.utils.data import BatchSampler, DataLoader, SubsetRandomSampler

def make_loaders(train_set, test_set, batch_size):
    random_order = SubsetRandomSampler(range(len(train_set)))
    train = DataLoader(train_set, batch_sampler=BatchSampler(random_order, batch_size, drop_last=False))
    test = DataLoader(test_set, batch_sampler=BatchSampler(range(len(test_set)), batch_size, False))
    return [train, test]

# %% accepted: NumPy's random numbers
from torch.utils.data import DataLoader

class _Order:
    def __init__(self, count):
        self.count, self.rng = count, np.random.default_rng(0)

    def __iter__(self):
        return iter(self.rng.permutation(self.count).tolist())

    def __len__(self):
        return self.count

def make_loaders(train_set, test_set, batch_size):
    train = DataLoader(train_set, batch_size, sampler=_Order(len(train_set)))
    return train, DataLoader(test_set, batch_size=batch_size, shuffle=False, drop_last=False)

# %% accepted: sorted by random keys, NumPy labels
import random as _random

class _Keys:
    def __init__(self, data, size, keys):
        self.data, self.size, self.keys = data, size, keys

    def __len__(self):
        return math.ceil(len(self.data) / self.size)

    def __iter__(self):
        order = sorted(range(len(self.data)), key=self.keys)
        while order:
            now, order = order[: self.size], order[self.size :]
            images, labels = zip(*(self.data[i] for i in now))
            yield [torch.stack(images), torch.from_numpy(np.array([int(y) for y in labels], dtype=np.int32))]

def make_loaders(train_set, test_set, batch_size):
    shuffled = _Keys(train_set, batch_size, lambda i: _random.random())
    return shuffled, _Keys(test_set, batch_size, lambda i: i)

# %% accepted: a fresh DataLoader at each epoch
from torch.utils.data import DataLoader, Subset

class _Fresh:
    def __init__(self, data, size):
        self.data, self.size = data, size

    def __iter__(self):
        order = list(range(len(self.data)))
        np.random.shuffle(order)
        return iter(DataLoader(Subset(self.data, order), self.size))

def make_loaders(train_set, test_set, batch_size):
    return _Fresh(train_set, batch_size), DataLoader(test_set, batch_size)

# %% accepted: weighted sampling without replacement
from torch.utils.data import DataLoader, WeightedRandomSampler

def make_loaders(train_set, test_set, batch_size):
    count = len(train_set)
    sampler = WeightedRandomSampler(torch.ones(count), count, replacement=False)
    return DataLoader(train_set, batch_size, sampler=sampler), DataLoader(test_set, batch_size)

# %% accepted: its own collation
from torch.utils.data import DataLoader

def _collate(items):
    images = torch.cat([x.unsqueeze(0) for x, _ in items])
    return images, torch.as_tensor([int(y) for _, y in items], dtype=torch.long)

def make_loaders(train_set, test_set, batch_size):
    options = dict(batch_size=min(batch_size, 10**6), collate_fn=_collate)
    return DataLoader(train_set, shuffle=True, **options), DataLoader(test_set, **options)
