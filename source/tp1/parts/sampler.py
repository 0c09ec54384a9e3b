# %% [markdown]
# ## Des classes rares : le tirage équilibré
#
# Dans dix ans d'observations d'un aéroport, il y a des milliers d'heures sans brouillard, quelques dizaines d'heures de
# brouillard et une poignée d'orages de grêle. Un réseau qui n'annonce jamais de grêle a presque toujours raison, et ne
# sert à rien. Un remède : pendant l'apprentissage, tirer les exemples de sorte que chaque **classe** soit aussi probable.
#
# Soit $n_c$ l'effectif de la classe $c$, parmi $C$ classes, et $y_i$ la classe de l'exemple $i$. Tirons l'exemple $i$ avec une
# probabilité proportionnelle à un poids $w_i$, tel que chaque classe ait le même poids total :
#
# $$w_i \propto \frac{1}{n_{y_i}} \qquad \Longrightarrow \qquad P(\text{classe } c) = \sum_{i : y_i = c} \frac{1}{C\, n_c} = \frac{1}{C}$$
#
# **À écrire :**
#
# - `sample_weights(labels)` : un poids strictement positif par exemple, (N,) $\to$ (N,), **dans l'ordre de `labels`**. L'échelle est libre :
#   seul compte que chaque classe ait le même poids total, réparti également entre ses exemples. `labels` est un tenseur
#   d'entiers (int64), non trié, de valeurs 0 à C-1 ; chaque classe y a au moins un exemple.
# - `BalancedSampler(labels, num_samples, generator=None)` : un itérable d'**indices** d'exemples, à donner à un `DataLoader`
#   (`sampler=...`). Chaque itération produit `num_samples` indices, moins ou plus que N, tirés **avec remise** : à chaque
#   tirage, chaque classe est aussi probable, et dans une classe chaque exemple aussi. Un indice est un `int` ou un tenseur
#   d'un seul nombre, sans axe. Chaque nouvelle itération donne un nouveau tirage, et `len(sampler)` vaut `num_samples`.
#
# Tirez vos nombres avec torch, NumPy ou `random`, comme vous voulez ; `generator` peut servir ou être ignoré. Les outils de
# PyTorch sont permis, `torch.multinomial` et `WeightedRandomSampler` compris.

# %% solution
def sample_weights(labels: torch.Tensor) -> torch.Tensor:
    """Un poids par exemple, (N,) -> (N,), tel que chaque classe ait le même poids total.

    Arguments :
        labels : classes des exemples, entiers de 0 à C-1, de forme (N,).
    """
    ### BEGIN SOLUTION
    counts = torch.bincount(labels)
    return 1 / counts[labels].double()
    ### END SOLUTION


class BalancedSampler(torch.utils.data.Sampler):
    """Tire des indices avec remise, chaque classe étant aussi probable à chaque tirage.

    Arguments :
        labels : classes des exemples, (N,).
        num_samples : nombre d'indices par itération.
        generator : source des nombres aléatoires, facultative.
    """

    def __init__(
        self, labels: torch.Tensor, num_samples: int, generator: torch.Generator | None = None
    ) -> None:
        ### BEGIN SOLUTION
        self.weights = sample_weights(labels)
        self.num_samples = num_samples
        self.generator = generator
        ### END SOLUTION

    def __iter__(self):
        ### BEGIN SOLUTION
        drawn = torch.multinomial(
            self.weights, self.num_samples, replacement=True, generator=self.generator
        )
        return iter(drawn.tolist())
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return self.num_samples
        ### END SOLUTION

# %% [markdown]
# Une année d'heures : 8 000 claires, 700 de brouillard, 60 de grêle. Que voit le réseau en une époque de 3 000 tirages ?

# %%
try:
    weather = torch.repeat_interleave(torch.arange(3), torch.tensor([8000, 700, 60]))
    seen = weather[torch.tensor([int(index) for index in BalancedSampler(weather, 3000)])]
    for name, label in (("clair", 0), ("brouillard", 1), ("grêle", 2)):
        share = (weather == label).float().mean().item()
        print(f"{name:<11} {share:6.1%} des heures, {(seen == label).float().mean().item():6.1%} des tirages")
except NotImplementedError:
    print("BalancedSampler est encore à écrire.")

# %% graded 25
check("sampler")
