# %% [markdown]
# ## Une époque d'apprentissage
#
# Apprendre, c'est descendre : on mesure l'erreur du modèle, on calcule dans quelle direction chaque poids la fait diminuer, on
# fait un petit pas. Un service météorologique corrige de la même façon les biais de son modèle au vu des observations, un
# peu chaque jour, sans attendre dix ans d'archives. Ici, les observations arrivent par **lots** (*mini-batches*)
# $B_1, \dots, B_K$, de tailles $n_1, \dots, n_K$. Une **époque** les parcourt tous une fois ; le pas $k$ s'appuie sur la perte
#
# $$L_k(\theta) = \frac{1}{n_k} \sum_{(x, y) \in B_k} \ell(f_\theta(x), y), \qquad
# \theta \leftarrow \theta - \eta \, \nabla_\theta L_k(\theta)$$
#
# (la seconde formule est celle de la descente de gradient simple ; chaque optimiseur a la sienne). Le dernier lot est souvent
# plus petit que les autres. La perte moyenne **par exemple** sur l'époque est donc
#
# $$\bar L = \frac{\sum_k n_k L_k}{\sum_k n_k}, \qquad \text{et non} \qquad \frac{1}{K} \sum_k L_k.$$
#
# **À écrire :** `train_one_epoch(model, loader, loss_fn, optimizer)`, qui renvoie $\bar L$, un `float`.
#
# - L'époque se passe en **mode entraînement**, quel que soit le mode dans lequel le modèle arrive (il arrive sans gradients).
# - `loader` est un itérable de couples `(x, y)` : un `DataLoader`, une liste, un flux… Il n'a pas forcément de longueur ni
#   d'attribut `dataset` : seul compte ce qu'il donne. La taille d'un lot est la taille du premier axe de `x`.
# - Donnez `x` au modèle et `y` à la perte tels quels, sans changer leur forme ni leur type. `loss_fn(sortie, y)` est déjà la
#   moyenne sur le lot ; ce peut être n'importe quelle perte, de classification ou de régression.
# - Pour chaque lot, **une** passe avant et **un** pas de l'optimiseur reçu, sur le gradient de ce lot seul : ni accumulation
#   d'un lot à l'autre, ni gradient écrêté. La règle du pas et sa mémoire (l'élan, par exemple) sont à l'optimiseur, un
#   optimiseur de `torch.optim` : n'en créez pas un autre. Les paramètres figés (`requires_grad=False`) le restent.
# - Dans $\bar L$, la perte d'un lot est celle qu'on a calculée **avant** son pas. Renvoyez un simple nombre, sans graphe de calcul.
#
# L'endroit où les gradients sont remis à zéro (début ou fin de boucle) est libre.

# %% solution
def train_one_epoch(model: nn.Module, loader, loss_fn, optimizer: torch.optim.Optimizer) -> float:
    """Fait une époque de descente de gradient et renvoie la perte moyenne par exemple.

    Arguments :
        model : réseau à entraîner, en mode entraînement pendant l'époque.
        loader : itérable de lots (x, y), dont la taille peut varier.
        loss_fn : `loss_fn(sortie, y)`, moyenne de la perte sur le lot.
        optimizer : optimiseur de torch.optim, un pas par lot.

    Renvoie :
        la moyenne, sur tous les exemples vus, des pertes calculées avant chaque pas.
    """
    ### BEGIN SOLUTION
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples
    ### END SOLUTION

# %% [markdown]
# À l'œuvre sur les 1 797 chiffres manuscrits de scikit-learn (8 × 8 pixels) : la perte doit descendre d'époque en époque.

# %%
from sklearn.datasets import load_digits

try:
    digits = load_digits()
    pixels = torch.tensor(digits.images, dtype=torch.float32) / 16
    examples = torch.utils.data.TensorDataset(pixels, torch.tensor(digits.target))
    loader = torch.utils.data.DataLoader(examples, batch_size=64, shuffle=True)
    reader = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(reader.parameters(), lr=0.1, momentum=0.9)
    history = [train_one_epoch(reader, loader, F.cross_entropy, optimizer) for _ in range(10)]
    plt.plot(range(1, 11), history, marker="o")
    plt.axhline(math.log(10), linestyle="--", color="gray", label="ln 10 : réponse au hasard")
    plt.xlabel("époque")
    plt.ylabel("perte moyenne par exemple")
    plt.legend()
    plt.show()
except NotImplementedError:
    print("train_one_epoch est encore à écrire.")

# %% graded 30
check("training")
