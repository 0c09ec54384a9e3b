# %% mutant: frequency instead of its inverse
# killed by test_every_class_has_the_same_total_weight
# Le poids est l'effectif de la classe au lieu de son inverse : la classe fréquente est encore favorisée.
def sample_weights(labels):
    return torch.bincount(labels)[labels].double()

# %% mutant: square root of the inverse frequency
# killed by test_every_class_is_equally_likely
# La racine de l'inverse n'équilibre qu'à moitié : la classe fréquente reste la plus tirée.
def sample_weights(labels):
    return torch.bincount(labels)[labels].double().rsqrt()

# %% mutant: one minus the frequency
# killed by test_every_class_has_the_same_total_weight
# 1 - fréquence n'est pas l'inverse de la fréquence : les classes ne pèsent pas autant l'une que l'autre.
def sample_weights(labels):
    return 1 - torch.bincount(labels)[labels].double() / len(labels)

# %% mutant: one weight a class
# killed by test_every_class_has_the_same_total_weight
# Un poids par classe au lieu d'un poids par exemple.
def sample_weights(labels):
    return 1 / torch.bincount(labels).double()

# %% mutant: weights sorted by class
# killed by test_every_class_has_the_same_total_weight
# Les poids sont rangés classe par classe au lieu de suivre l'ordre de labels.
def sample_weights(labels):
    counts = torch.bincount(labels)
    return torch.repeat_interleave(1 / counts.double(), counts)

# %% mutant: integer division
# killed by test_every_class_has_the_same_total_weight
# La division entière arrondit les poids : les totaux des classes diffèrent.
def sample_weights(labels):
    return len(labels) // torch.bincount(labels)[labels]

# %% mutant: weights of a set that is balanced already
# killed by test_every_class_has_the_same_total_weight
# Tous les exemples ont le même poids : rien n'est équilibré.
def sample_weights(labels):
    return torch.ones(len(labels)) / len(labels)

# %% mutant: only the rarest class is favoured
# killed by test_every_class_has_the_same_total_weight
# Seule la classe la plus rare est distinguée ; les autres ne sont pas équilibrées entre elles.
def sample_weights(labels):
    counts = torch.bincount(labels)
    rare = labels == counts.argmin()
    return torch.where(rare, 1 / rare.sum(), 1 / (~rare).sum()).double()

# %% mutant: log of the inverse frequency
# killed by test_every_class_is_equally_likely
# Le logarithme de l'inverse de la fréquence n'équilibre pas les classes.
def sample_weights(labels):
    return torch.log(1 + len(labels) / torch.bincount(labels)[labels].double())

# %% mutant: weights right for the sampler only
# killed by test_every_class_has_the_same_total_weight
# Le sampler est juste, mais sample_weights normalise deux fois par l'effectif.
_balanced = sample_weights

class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.weights = _balanced(labels)
        self.num_samples = num_samples
        self.generator = generator

def sample_weights(labels):
    return _balanced(labels) ** 2

# %% mutant: one item carries its class
# killed by test_items_of_a_class_have_the_same_weight
# Dans chaque classe, un exemple pèse bien plus que les autres.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.weights = 1 / torch.bincount(labels)[labels].double()
        self.num_samples = num_samples
        self.generator = generator

def sample_weights(labels):
    counts = torch.bincount(labels).double()
    weights = torch.full((len(labels),), 1e-6).double()
    for label in range(len(counts)):
        first = int(torch.nonzero(labels == label)[0])
        weights[first] = 1 - 1e-6 * (counts[label] - 1)
    return weights

# %% mutant: without replacement
# killed by test_draws_are_with_replacement
# Le tirage est sans remise : il échoue dès que num_samples dépasse N, et épuise la classe rare.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        return iter(torch.multinomial(self.weights, self.num_samples, replacement=False).tolist())

# %% mutant: shuffled lists gone through in turn
# killed by test_draws_are_with_replacement
# Dans chaque classe, une liste mélangée est épuisée avant de recommencer : c'est un tirage sans remise.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.classes = [torch.nonzero(labels == c).flatten().tolist() for c in labels.unique()]
        self.num_samples = num_samples

    def __iter__(self):
        waiting = [[] for _ in self.classes]
        for _ in range(self.num_samples):
            c = int(torch.randint(len(self.classes), ()))
            if not waiting[c]:
                waiting[c] = [self.classes[c][i] for i in torch.randperm(len(self.classes[c]))]
            yield waiting[c].pop()

# %% mutant: rare items repeated, then shuffled
# killed by test_draws_are_with_replacement
# Les exemples rares sont recopiés puis la liste mélangée : la classe fréquente est tirée sans remise.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        counts = torch.bincount(labels)
        copies = counts.max() // counts[labels]
        self.pool = torch.repeat_interleave(torch.arange(len(labels)), copies)
        self.num_samples = num_samples

    def __iter__(self):
        left = self.num_samples
        while left > 0:
            order = self.pool[torch.randperm(len(self.pool))][:left]
            yield from order.tolist()
            left -= len(order)

# %% mutant: plain permutation
# killed by test_every_class_is_equally_likely
# Les exemples sont seulement mélangés : chaque classe garde sa fréquence d'origine.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        left = self.num_samples
        while left > 0:
            order = torch.randperm(len(self.weights))[:left].tolist()
            yield from order
            left -= len(order)

# %% mutant: uniform draws
# killed by test_every_class_is_equally_likely
# Les indices sont tirés uniformément parmi tous les exemples : les classes ne sont pas équilibrées.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        return iter(torch.randint(len(self.weights), (self.num_samples,)).tolist())

# %% mutant: square root in the sampler only
# killed by test_every_class_is_equally_likely
# Le sampler tire selon la racine des poids : la classe fréquente reste la plus tirée.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        return iter(torch.multinomial(self.weights.sqrt(), self.num_samples, True).tolist())

# %% mutant: weights tempered in the sampler
# killed by test_every_class_is_equally_likely
# Le sampler adoucit les poids (puissance 0,8) : la classe fréquente reste un peu plus tirée que les autres.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        return iter(torch.multinomial(self.weights**0.8, self.num_samples, True).tolist())

# %% mutant: only the rarest class
# killed by test_every_class_is_equally_likely
# Seuls les exemples de la classe la plus rare sont tirés.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        rare = torch.nonzero(self.weights == self.weights.max()).flatten()
        return iter(rare[torch.randint(len(rare), (self.num_samples,))].tolist())

# %% mutant: two classes out of three
# killed by test_every_class_is_equally_likely
# randint exclut sa borne supérieure : la dernière classe n'est jamais tirée.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.labels, self.num_samples = labels, num_samples

    def __iter__(self):
        last = int(self.labels.max())
        for _ in range(self.num_samples):
            items = torch.nonzero(self.labels == torch.randint(0, last, ())).flatten()
            yield int(items[torch.randint(len(items), ())])

# %% mutant: always the first item of the class
# killed by test_items_of_a_class_are_equally_likely
# La classe est bien tirée, mais c'est toujours son premier exemple qui sort.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.first = [int(torch.nonzero(labels == c)[0]) for c in labels.unique()]
        self.num_samples = num_samples

    def __iter__(self):
        for c in torch.randint(len(self.first), (self.num_samples,)).tolist():
            yield self.first[c]

# %% mutant: the last item of the class never comes
# killed by test_items_of_a_class_are_equally_likely
# Le dernier exemple de chaque classe n'est jamais tiré : la borne de randint est déjà exclue.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.items = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.num_samples = num_samples

    def __iter__(self):
        for c in torch.randint(len(self.items), (self.num_samples,)).tolist():
            items = self.items[c]
            yield int(items[torch.randint(max(1, len(items) - 1), ())])

# %% mutant: labels taken for sorted
# killed by test_every_class_is_equally_likely
# Les indices sont calculés comme si les exemples étaient rangés par classe.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.counts = torch.bincount(labels).tolist()
        self.num_samples = num_samples

    def __iter__(self):
        for c in torch.randint(len(self.counts), (self.num_samples,)).tolist():
            yield sum(self.counts[:c]) + int(torch.randint(self.counts[c], ()))

# %% mutant: drawn once
# killed by test_each_iteration_draws_afresh
# Les indices sont tirés une fois pour toutes dans __init__ : toutes les époques se ressemblent.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        super().__init__(labels, num_samples, generator)
        self.indices = torch.multinomial(self.weights, num_samples, replacement=True).tolist()

    def __iter__(self):
        return iter(self.indices)

# %% mutant: seed fixed at each iteration
# killed by test_each_iteration_draws_afresh
# Une graine est fixée au début de chaque itération : toutes les époques se ressemblent.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        rng = np.random.default_rng(42)
        p = (self.weights / self.weights.sum()).numpy()
        return iter(rng.choice(len(p), self.num_samples, p=p).tolist())

# %% mutant: given generator seeded again
# killed by test_each_iteration_draws_afresh
# Le générateur reçu est remis à la même graine à chaque itération.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        if self.generator is not None:
            self.generator.manual_seed(0)
        return super().__iter__()

# %% mutant: iterator made once
# killed by test_each_iteration_draws_afresh
# L'itérateur est créé dans __init__ : la deuxième époque est vide.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        super().__init__(labels, num_samples, generator)
        self.iterator = super().__iter__()

    def __iter__(self):
        return self.iterator

# %% mutant: indices in increasing order
# killed by test_every_class_is_equally_likely_at_each_rank
# Les indices tirés sont triés : l'ordre du tirage est perdu.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        super().__init__(labels, num_samples, generator)
        self.labels = labels

    def __iter__(self):
        return iter(sorted(super().__iter__(), key=lambda i: int(self.labels[i])))

# %% mutant: classes in turn
# killed by test_every_class_is_equally_likely_at_each_rank
# Les classes se succèdent toujours dans le même ordre au lieu d'être tirées au hasard.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.items = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.num_samples = num_samples

    def __iter__(self):
        for k in range(self.num_samples):
            items = self.items[k % len(self.items)]
            yield int(items[torch.randint(len(items), ())])

# %% mutant: length of the data
# killed by test_the_sampler_draws_as_many_indices_as_asked
# len(sampler) est le nombre d'exemples au lieu de num_samples.
class BalancedSampler(BalancedSampler):
    def __len__(self):
        return len(self.weights)

# %% mutant: num_samples ignored
# killed by test_the_sampler_draws_as_many_indices_as_asked
# num_samples est ignoré : chaque itération donne N indices.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        super().__init__(labels, len(labels), generator)

# %% mutant: never more than the data
# killed by test_the_sampler_draws_as_many_indices_as_asked
# Le nombre d'indices est limité à N, alors qu'un tirage avec remise peut en donner plus.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        count = min(self.num_samples, len(self.weights))
        return iter(torch.multinomial(self.weights, count, replacement=True).tolist())

# %% mutant: one index too few
# killed by test_the_sampler_draws_as_many_indices_as_asked
# La boucle commence à 1 : il manque un indice.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        for _ in range(1, self.num_samples):
            yield int(torch.multinomial(self.weights, 1))

# %% mutant: endless
# killed by test_the_sampler_draws_as_many_indices_as_asked
# L'itération ne s'arrête jamais.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        while True:
            yield from torch.multinomial(self.weights, 64, replacement=True).tolist()

# %% mutant: the same number for each class
# killed by test_the_sampler_draws_as_many_indices_as_asked
# num_samples indices sont tirés dans chaque classe, donc C fois trop.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.items = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.num_samples = num_samples

    def __iter__(self):
        drawn = torch.cat([items[torch.randint(len(items), (self.num_samples,))] for items in self.items])
        return iter(drawn[torch.randperm(len(drawn))].tolist())

# %% mutant: labels instead of indices
# killed by test_items_of_a_class_are_equally_likely
# Le sampler produit des classes au lieu d'indices d'exemples.
class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        self.count, self.num_samples = int(labels.max()) + 1, num_samples

    def __iter__(self):
        return iter(torch.randint(self.count, (self.num_samples,)).tolist())

# %% mutant: floating-point indices
# killed by test_the_sampler_draws_as_many_indices_as_asked
# Les indices sont des nombres à virgule, qui n'indexent rien.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        return iter(torch.multinomial(self.weights, self.num_samples, True).double().tolist())

# %% mutant: all indices in one tensor
# killed by test_the_sampler_draws_as_many_indices_as_asked
# Tous les indices arrivent d'un coup dans un seul tenseur, au lieu d'un à la fois.
class BalancedSampler(BalancedSampler):
    def __iter__(self):
        yield torch.multinomial(self.weights, self.num_samples, True)

# %% accepted: torch's weighted sampler inside
from torch.utils.data import WeightedRandomSampler

def sample_weights(labels):
    counts = labels.bincount()
    return [1.0 / int(counts[label]) for label in labels]

class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.inner = WeightedRandomSampler(sample_weights(labels), num_samples, True, generator)

    def __iter__(self):
        return iter(self.inner)

    def __len__(self):
        return len(self.inner)

# %% accepted: a class, then an item
class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.items = [torch.nonzero(labels == c).flatten() for c in torch.unique(labels)]
        self.num_samples, self.generator = num_samples, generator

    def __iter__(self):
        for _ in range(self.num_samples):
            items = self.items[torch.randint(len(self.items), (1,), generator=self.generator).item()]
            yield items[torch.randint(len(items), (1,), generator=self.generator).item()]

    def __len__(self):
        return self.num_samples

# %% accepted: Python's random
import random as _random

def sample_weights(labels):
    y = labels.tolist()
    return torch.tensor([len(y) / (len(set(y)) * y.count(c)) for c in y])

class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.population = range(len(labels))
        self.weights = sample_weights(labels).tolist()
        self.num_samples = num_samples

    def __iter__(self):
        yield from _random.choices(self.population, weights=self.weights, k=self.num_samples)

    def __len__(self):
        return self.num_samples

# %% accepted: NumPy
def sample_weights(labels):
    y = labels.numpy()
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]

class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        p = sample_weights(labels)
        self.p, self.n = p / p.sum(), num_samples
        self.rng = np.random.default_rng(7)

    def __iter__(self):
        return iter(self.rng.choice(len(self.p), size=self.n, p=self.p))

    def __len__(self):
        return self.n

# %% accepted: inverse distribution function
class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.cumulated = sample_weights(labels).double().cumsum(0)
        self.num_samples, self.generator = num_samples, generator

    def __iter__(self):
        u = torch.rand(self.num_samples, dtype=torch.float64, generator=self.generator) * self.cumulated[-1]
        return iter(torch.searchsorted(self.cumulated, u, right=True).clamp(max=len(self.cumulated) - 1))

    def __len__(self):
        return self.num_samples

# %% accepted: whole weights
import math as _math

def sample_weights(labels):
    counts = torch.bincount(labels).tolist()
    common = _math.lcm(*(n for n in counts if n))
    return torch.tensor([common // counts[label] for label in labels.tolist()])

class BalancedSampler(BalancedSampler):
    def __init__(self, labels, num_samples, generator=None):
        super().__init__(labels, num_samples, generator)
        self.weights = self.weights.double()

# %% accepted: scikit-learn's weights in single precision
from sklearn.utils.class_weight import compute_sample_weight

def sample_weights(labels):
    return torch.as_tensor(compute_sample_weight("balanced", labels.numpy()), dtype=torch.float32) * 1000

# %% accepted: Gumbel noise
class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.scores = torch.log(sample_weights(labels).double())
        self.num_samples = num_samples

    def __iter__(self):
        for _ in range(self.num_samples):
            noise = -torch.log(torch.empty_like(self.scores).exponential_())
            yield int((self.scores + noise).argmax())

    def __len__(self):
        return self.num_samples

# %% accepted: batches of draws, index tensors
class BalancedSampler(torch.utils.data.Sampler):
    def __init__(self, labels, num_samples, generator=None):
        self.weights = sample_weights(labels)
        self.total = num_samples

    def __iter__(self):
        left = self.total
        while left:
            some = torch.multinomial(self.weights.float(), min(left, 50), replacement=True)
            yield from some.to(torch.int32).unbind()
            left -= len(some)

    def __len__(self):
        return self.total
