# %% [markdown]
# ## La convolution, à la main
#
# Sur une image radar, une cellule orageuse se reconnaît à ce qui l'entoure : un cœur intense, un bord net. Pour chercher ce
# motif partout, on fait glisser sur l'image une petite fenêtre de poids, le **noyau**, et on note en chaque point la somme des
# produits. C'est la convolution des réseaux de neurones (les mathématiciens l'appellent *corrélation croisée* : le noyau
# n'est pas retourné). Pour l'image $n$, le canal de sortie $o$ et la position $(i, j)$ :
#
# $$y_{n,o,i,j} = b_o + \sum_{c} \sum_{u=0}^{k_h-1} \sum_{v=0}^{k_w-1} w_{o,c,u,v} \;
# \tilde x_{n,\,c,\; s_h i + d_h u,\; s_w j + d_w v}$$
#
# où $\tilde x$ est l'image bordée de $p_h$ lignes de zéros en haut et en bas et de $p_w$ colonnes à gauche et à droite, $s$ le pas
# (*stride*), $d$ la dilatation. La taille de la sortie s'arrondit vers le bas :
#
# $$H' = \left\lfloor \frac{H + 2 p_h - d_h (k_h - 1) - 1}{s_h} \right\rfloor + 1, \qquad \text{de même } W'.$$
#
# Avec $G$ groupes (`groups`), les $C$ canaux d'entrée et les $O$ canaux de sortie sont découpés en $G$ paquets qui se suivent :
# le paquet $g$ de sortie ne lit que le paquet $g$ d'entrée.
#
# **À écrire :** `conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)`.
#
# | argument | forme |
# |---|---|
# | `x` | (N, C, H, W), N au moins 1 |
# | `weight` | (O, C / groups, kh, kw) |
# | `bias` | (O,) ou `None` |
# | `stride`, `padding`, `dilation` | chacun un entier ou un couple (lignes, colonnes) |
# | résultat | (N, O, H', W') |
#
# - Les valeurs **et** les gradients par rapport à `x`, `weight` et `bias` sont ceux de la convolution, en float32 comme en
#   float64. Les opérations de torch donnent les gradients toutes seules. Les tenseurs reçus ne sont pas modifiés ; ils peuvent
#   ne pas être contigus en mémoire.
# - Les convolutions toutes faites de PyTorch, transposées comprises, sont **interdites** sous toutes leurs formes (`F.conv2d`,
#   `nn.Conv2d`, `F.conv_transpose2d`, `torch.convolution`, etc.) : les utiliser coûte tous les points de l'exercice.
# - Tout le reste est permis : boucles, tranches, `F.pad`, `F.unfold`, `as_strided`, `einsum`, FFT… La vitesse ne compte pas ici.

# %% solution
def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> torch.Tensor:
    """Convolution de réseau de neurones (corrélation croisée), (N, C, H, W) -> (N, O, H', W').

    Arguments :
        x : images, (N, C, H, W).
        weight : noyaux, (O, C / groups, kh, kw).
        bias : un terme par canal de sortie, (O,), ou None.
        stride, padding, dilation : entiers ou couples (lignes, colonnes).
        groups : nombre de paquets de canaux indépendants.
    """
    ### BEGIN SOLUTION
    def pair(size: int | tuple[int, int]) -> tuple[int, int]:
        return size if isinstance(size, tuple) else (size, size)

    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    kh, kw = weight.shape[2:]
    height = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    width = (x.shape[3] + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    columns = F.unfold(x, (kh, kw), dilation=(dh, dw), padding=(ph, pw), stride=(sh, sw))
    columns = columns.unflatten(1, (groups, -1))  # (N, G, C / G * kh * kw, H' * W')
    rows = weight.flatten(1).unflatten(0, (groups, -1))  # (G, O / G, C / G * kh * kw)
    out = (rows @ columns).flatten(1, 2).unflatten(2, (height, width))
    return out if bias is None else out + bias[:, None, None]
    ### END SOLUTION

# %% [markdown]
# Une averse de synthèse, vue par deux filtres de Sobel : chacun réagit aux bords d'une orientation, et leur norme dessine
# le contour des cellules.

# %%
try:
    lines, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    cells = [(20, 22, 9, 45.0), (41, 44, 6, 55.0), (46, 16, 4, 35.0)]
    radar = sum(
        dbz * torch.exp(-((lines - i) ** 2 + (columns - j) ** 2) / (2 * size**2))
        for i, j, size, dbz in cells
    )
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    edges = conv2d(radar[None, None], torch.stack([sobel, sobel.T])[:, None], padding=1)[0]
    titles = ["réflectivité (dBZ)", "bords verticaux", "bords horizontaux", "contours"]
    figure, axes = plt.subplots(1, 4, figsize=(13, 3))
    for axis, image, title in zip(axes, [radar, *edges, edges.norm(dim=0)], titles, strict=True):
        axis.imshow(image, cmap="viridis")
        axis.set_title(title)
        axis.axis("off")
    plt.show()
except NotImplementedError:
    print("conv2d est encore à écrire.")

# %% graded 100
check("conv2d")
