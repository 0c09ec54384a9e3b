# %% [markdown]
# ## Initialiser les poids
#
# Une petite erreur sur l'état initial d'un modèle de prévision croît ou s'éteint selon la dynamique ; un signal qui traverse
# un réseau aussi. Si les poids de départ sont trop grands, il explose de couche en couche ; trop petits, il s'éteint, et le
# gradient avec lui. On choisit donc la variance des poids d'après le nombre de termes que chaque unité additionne.
#
# Pour un poids de forme `(sorties, entrées, *noyau)`, où `*noyau` est vide pour une couche linéaire, `(k,)`, `(kh, kw)` ou
# `(kd, kh, kw)` pour une convolution, et où $|K|$ est le nombre d'éléments du noyau (1 s'il est vide) :
#
# $$\text{fan\_in} = \text{entrées} \times |K|, \qquad \text{fan\_out} = \text{sorties} \times |K|$$
#
# | nom | loi | source |
# |---|---|---|
# | Xavier uniforme | uniforme sur $[-a, a]$, $a = \sqrt{6 / (\text{fan\_in} + \text{fan\_out})}$ | Glorot et Bengio, 2010, éq. (16) |
# | He normale | normale centrée, de **variance** $2 / \text{fan\_in}$ | He et al., 2015, éq. (10) |
#
# **À écrire :**
#
# - `xavier_uniform_(weight)` et `he_normal_(weight)` remplissent le tenseur reçu **sur place**, comme le dit leur `_` final, et le
#   renvoient. Le tenseur peut être un paramètre de réseau, qui exige un gradient : travaillez sous `torch.no_grad()` ou par
#   `.data`. Chaque appel tire de nouveaux nombres : ne fixez pas de graine.
# - `init_weights(module)`, appelée une seule fois sur un réseau entier : poids de loi He normale et biais nuls pour chaque
#   `nn.Linear`, `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d`, à n'importe quelle profondeur, `module` lui-même compris. Une couche
#   peut ne pas avoir de biais. Toutes les autres couches (normalisations, plongements, etc.) restent telles quelles.
#
# Tous les outils de PyTorch et de NumPy sont permis, `torch.nn.init` compris.

# %% solution
def xavier_uniform_(weight: torch.Tensor) -> torch.Tensor:
    """Remplit `weight` (sorties, entrées, *noyau) sur place selon la loi de Xavier uniforme, et le renvoie."""
    ### BEGIN SOLUTION
    positions = weight[0, 0].numel()
    fan_in, fan_out = weight.shape[1] * positions, weight.shape[0] * positions
    bound = (6 / (fan_in + fan_out)) ** 0.5
    with torch.no_grad():
        return weight.uniform_(-bound, bound)
    ### END SOLUTION


def he_normal_(weight: torch.Tensor) -> torch.Tensor:
    """Remplit `weight` (sorties, entrées, *noyau) sur place selon la loi de He normale, et le renvoie."""
    ### BEGIN SOLUTION
    fan_in = weight[0].numel()
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_in) ** 0.5)
    ### END SOLUTION


def init_weights(module: nn.Module) -> None:
    """Initialise toutes les couches linéaires et de convolution de `module`, lui-même compris."""
    ### BEGIN SOLUTION
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()
    ### END SOLUTION

# %% [markdown]
# Un signal traverse vingt couches ReLU de largeur 128. Avec l'initialisation de He, son amplitude se maintient ; avec
# l'initialisation par défaut de PyTorch, elle s'éteint.

# %%
def amplitudes(init=None, depth: int = 20, width: int = 128) -> list[float]:
    """Moyenne quadratique du signal après chaque couche."""
    signal, found = torch.randn(256, width), []
    for _ in range(depth):
        layer = nn.Linear(width, width)
        if init is not None:
            init(layer)
        signal = torch.relu(layer(signal)).detach()
        found.append(signal.square().mean().sqrt().item())
    return found


try:
    plt.semilogy(amplitudes(), label="par défaut")
    plt.semilogy(amplitudes(init_weights), label="init_weights (He)")
    plt.xlabel("couche")
    plt.ylabel("amplitude du signal")
    plt.legend()
    plt.show()
except NotImplementedError:
    print("init_weights est encore à écrire.")

# %% graded 25
check("initialisation")
