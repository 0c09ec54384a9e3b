# %% [markdown]
# ## La softmax : des scores aux probabilités
#
# Un réseau qui hésite entre *beau temps*, *pluie* et *orage* calcule d'abord trois scores quelconques, les **logits**
# $z_1, \dots, z_C$. Une prévision utile demande des probabilités : des nombres positifs, de somme 1. La softmax les donne :
#
# $$p_i = \frac{e^{z_i}}{\sum_{j=1}^{C} e^{z_j}}$$
#
# L'exponentielle déborde vite : $e^{89}$ ne tient déjà plus dans un nombre de 32 bits, et $\infty / \infty$ donne `nan`.
# Or, ajouter une même constante à tous les logits ne change pas les probabilités (pourquoi ?). À vous d'en profiter.
#
# **À écrire :** `softmax(logits, dim=-1)`.
#
# - La somme court le long de l'axe `dim` (un entier, négatif s'il compte depuis la fin) ; le résultat garde la forme
#   de `logits`, qui peut avoir un nombre quelconque d'axes, un seul compris.
# - Le résultat est exact et fini même si les logits diffèrent de 10 000, et si leur échelle change d'une ligne à l'autre.
#   Borner les logits (`clamp`) ou ajouter un epsilon changerait le résultat.
# - La fonction est différentiable : le gradient, fini lui aussi, remonte jusqu'à `logits`. Le tenseur reçu n'est pas modifié.
# - La softmax toute faite de PyTorch est **interdite** ici, sous toutes ses formes (`torch.softmax`, `F.softmax`,
#   `F.log_softmax`, la méthode `.softmax`, `nn.Softmax`, `nn.LogSoftmax`, etc.) : l'utiliser coûte tous les points de
#   l'exercice. Tout le reste est permis, `torch.logsumexp` compris.

# %% solution
def softmax(logits: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Probabilités proportionnelles à exp(logits) le long de l'axe `dim`.

    Arguments :
        logits : scores de forme quelconque, en virgule flottante.
        dim : axe des classes, le dernier par défaut.

    Renvoie :
        un tenseur de la forme de `logits`, positif, de somme 1 le long de `dim`.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.amax(dim=dim, keepdim=True)
    exponentials = torch.exp(shifted)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)
    ### END SOLUTION

# %% [markdown]
# Trois échéances d'une même prévision : plus l'écart entre les logits grandit, plus la prévision est tranchée.

# %%
try:
    scores = torch.tensor([[0.2, 0.0, -0.1], [2.0, 0.5, -1.0], [1000.0, 990.0, -1000.0]])
    for echeance, probabilites in zip(["J+10", "J+3", "J+0"], softmax(scores), strict=True):
        noms = ["beau temps", "pluie", "orage"]
        print(echeance, " | ".join(f"{nom} {p:.3f}" for nom, p in zip(noms, probabilites.tolist(), strict=True)))
except NotImplementedError:
    print("softmax est encore à écrire.")

# %% graded 20
check("softmax")
