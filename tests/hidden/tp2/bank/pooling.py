# %% mutant: ready-made maximum
# killed by test_no_ready_made_pooling
# Le pooling tout fait de PyTorch est interdit dans cet exercice.
def max_pool2d(x, kernel_size, stride=None, padding=0):
    return F.max_pool2d(x, kernel_size, stride, padding)

# %% mutant: ready-made mean
# killed by test_no_ready_made_pooling
# Le pooling tout fait de PyTorch est interdit dans cet exercice.
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    return torch.nn.functional.avg_pool2d(x, kernel_size, stride, padding)

# %% mutant: ready-made module
# killed by test_no_ready_made_pooling
# nn.MaxPool2d est le pooling tout fait, sous forme de module.
def max_pool2d(x, kernel_size, stride=None, padding=0):
    return nn.MaxPool2d(kernel_size, stride, padding)(x)

# %% mutant: ready-made from torch itself
# killed by test_no_ready_made_pooling
# torch.max_pool2d est le pooling tout fait, pris dans torch.
from torch import max_pool2d as largest

def max_pool2d(x, kernel_size, stride=None, padding=0):
    return largest(x, kernel_size, kernel_size if stride is None else stride, padding)

# %% mutant: ready-made under another name
# killed by test_no_ready_made_pooling
# Le pooling tout fait, appelé par un nom composé à l'exécution.
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    return getattr(F, "avg_" + "po" + "ol2d")(x, kernel_size, stride, padding)

# %% mutant: ready-made in three dimensions
# killed by test_no_ready_made_pooling
# Le pooling de volumes de PyTorch fait ici le travail de celui d'images.
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return F.avg_pool3d(x, (1, kh, kw), (1, sh, sw), (0, ph, pw))

# %% mutant: ready-made one axis after the other
# killed by test_no_ready_made_pooling
# Le pooling à une dimension de PyTorch sert deux fois, pour les lignes et pour les colonnes.
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    n, c, h, w = x.shape
    rows = F.max_pool1d(x.reshape(n * c, h, w), kw, sw, pw)
    both = F.max_pool1d(rows.transpose(1, 2), kh, sh, ph).transpose(1, 2)
    return both.reshape(n, c, *both.shape[1:])

# %% mutant: ready-made p-norm
# killed by test_no_ready_made_pooling
# Le pooling de norme 1 de PyTorch est une moyenne toute faite, à un facteur près, pour des pixels positifs.
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = F.pad(x, (pw, pw, ph, ph))
    positive, negative = x.clamp(min=0), (-x).clamp(min=0)
    return (F.lp_pool2d(positive, 1, (kh, kw), (sh, sw)) - F.lp_pool2d(negative, 1, (kh, kw), (sh, sw))) / (kh * kw)

# %% mutant: adaptive ready-made pooling
# killed by test_no_ready_made_pooling
# Le pooling adaptatif de PyTorch sert quand les fenêtres se touchent.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    h, w = x.shape[2:]
    if (sh, sw) == (kh, kw) and (ph, pw) == (0, 0):
        return nn.AdaptiveAvgPool2d((h // kh, w // kw))(x[:, :, : h // kh * kh, : w // kw * kw])
    return solution(x, kernel_size, stride, padding)

# %% mutant: ready-made only where gradients are recorded
# killed by test_no_ready_made_pooling
# Le pooling tout fait ne sert que quand un gradient est demandé.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    if x.requires_grad:
        return getattr(torch, "max_po" + "ol2d")(x, kernel_size, kernel_size if stride is None else stride, padding)
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: stride of one by default
# killed by test_the_maximum_of_windows_side_by_side
# Sans argument, le pas vaut 1 au lieu de la taille du noyau.
def max_pool2d(x, kernel_size, stride=1, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: stride of two by default
# killed by test_the_maximum_of_windows_side_by_side
# Sans argument, le pas vaut 2, quelle que soit la taille du noyau.
def max_pool2d(x, kernel_size, stride=2, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: default stride from the first side of the kernel
# killed by test_the_maximum_of_windows_side_by_side
# Sans argument, le pas vaut le premier côté du noyau, pour les lignes et les colonnes.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    if stride is None:
        stride = kernel_size if isinstance(kernel_size, int) else kernel_size[0]
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: channels mixed
# killed by test_the_maximum_of_windows_side_by_side
# La fenêtre traverse aussi les canaux : tous les canaux donnent le même résultat.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    result = solution(x, kernel_size, stride, padding)
    result = result.amax(1, keepdim=True)
    return result.expand(-1, x.shape[1], -1, -1)

# %% mutant: maximum: first image for all
# killed by test_the_maximum_of_windows_side_by_side
# Toutes les sorties du lot viennent de la première image.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x[:1].expand_as(x), kernel_size, stride, padding)

# %% mutant: maximum: zeros
# killed by test_the_maximum_of_windows_side_by_side
# Le résultat a la bonne forme mais ne contient que des zéros.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return 0 * solution(x, kernel_size, stride, padding)

# %% mutant: maximum: rounded up
# killed by test_the_maximum_of_windows_side_by_side
# La taille de sortie est arrondie vers le haut : des fenêtres incomplètes comptent.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    h, w = x.shape[2] + 2 * ph - kh, x.shape[3] + 2 * pw - kw
    fill = -math.inf
    x = F.pad(x, (pw, pw + (-w) % sw, ph, ph + (-h) % sh), value=fill)
    return solution(x, kernel_size, stride, 0)

# %% mutant: maximum: positions transposed
# killed by test_the_maximum_of_windows_side_by_side
# Les positions sont rangées colonne par colonne au lieu de ligne par ligne.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    result = solution(x, kernel_size, stride, padding)
    return result.transpose(2, 3).reshape(result.shape)

# %% mutant: mean: stride of one by default
# killed by test_the_mean_of_windows_side_by_side
# Sans argument, le pas vaut 1 au lieu de la taille du noyau.
def avg_pool2d(x, kernel_size, stride=1, padding=0, solution=avg_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: stride of two by default
# killed by test_the_mean_of_windows_side_by_side
# Sans argument, le pas vaut 2, quelle que soit la taille du noyau.
def avg_pool2d(x, kernel_size, stride=2, padding=0, solution=avg_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: default stride from the first side of the kernel
# killed by test_the_mean_of_windows_side_by_side
# Sans argument, le pas vaut le premier côté du noyau, pour les lignes et les colonnes.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    if stride is None:
        stride = kernel_size if isinstance(kernel_size, int) else kernel_size[0]
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: channels mixed
# killed by test_the_mean_of_windows_side_by_side
# La fenêtre traverse aussi les canaux : tous les canaux donnent le même résultat.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    result = solution(x, kernel_size, stride, padding)
    result = result.mean(1, keepdim=True)
    return result.expand(-1, x.shape[1], -1, -1)

# %% mutant: mean: first image for all
# killed by test_the_mean_of_windows_side_by_side
# Toutes les sorties du lot viennent de la première image.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return solution(x[:1].expand_as(x), kernel_size, stride, padding)

# %% mutant: mean: zeros
# killed by test_the_mean_of_windows_side_by_side
# Le résultat a la bonne forme mais ne contient que des zéros.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return 0 * solution(x, kernel_size, stride, padding)

# %% mutant: mean: rounded up
# killed by test_the_mean_of_windows_side_by_side
# La taille de sortie est arrondie vers le haut : des fenêtres incomplètes comptent.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    h, w = x.shape[2] + 2 * ph - kh, x.shape[3] + 2 * pw - kw
    fill = 0.0
    x = F.pad(x, (pw, pw + (-w) % sw, ph, ph + (-h) % sh), value=fill)
    return solution(x, kernel_size, stride, 0)

# %% mutant: mean: positions transposed
# killed by test_the_mean_of_windows_side_by_side
# Les positions sont rangées colonne par colonne au lieu de ligne par ligne.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    result = solution(x, kernel_size, stride, padding)
    return result.transpose(2, 3).reshape(result.shape)

# %% mutant: maximum: of the absolute values
# killed by test_the_maximum_of_windows_side_by_side
# C'est la plus grande valeur absolue qui est gardée.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x.abs(), kernel_size, stride, padding)

# %% mutant: maximum: a minimum
# killed by test_the_maximum_of_windows_side_by_side
# C'est le minimum qui est gardé.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return -solution(-x, kernel_size, stride, padding)

# %% mutant: maximum: index instead of value
# killed by test_the_maximum_of_windows_side_by_side
# max(dim=...) rend une paire : c'est la position du maximum qui est renvoyée, pas sa valeur.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw)
    return windows.flatten(4).max(dim=-1)[1].to(x.dtype)

# %% mutant: maximum: both values and positions
# killed by test_the_maximum_of_windows_side_by_side
# max(dim=...) rend une paire : il faut en prendre les valeurs.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw)
    return tuple(windows.flatten(4).max(dim=-1))

# %% mutant: maximum: along the rows only
# killed by test_the_maximum_of_windows_side_by_side
# Le maximum n'est pris que sur les lignes de la fenêtre ; ses colonnes sont moyennées.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw)
    return windows.amax(-2).mean(-1)

# %% mutant: maximum: a mean
# killed by test_the_maximum_of_windows_side_by_side
# C'est la moyenne de la fenêtre qui est gardée, pas son maximum.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return avg_pool2d(x, kernel_size, stride, padding)

# %% mutant: maximum: smooth
# killed by test_the_maximum_of_windows_side_by_side
# logsumexp approche le maximum sans l'égaler.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw)
    return windows.flatten(4).logsumexp(-1)

# %% mutant: maximum: stride not beyond the kernel
# killed by test_the_maximum_with_a_stride
# Le pas est limité à la taille du noyau, pour ne sauter aucun pixel.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, (kh, kw), (min(sh, max(kh, 2)), min(sw, max(kw, 2))) if isinstance(stride, int) else (sh, sw), padding)

# %% mutant: maximum: stride always the kernel
# killed by test_the_maximum_with_a_stride
# stride n'est jamais lu : le pas vaut toujours la taille du noyau.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, None, padding)

# %% mutant: maximum: no overlap
# killed by test_the_maximum_with_a_stride
# Un pas plus petit que le noyau est remplacé par la taille du noyau.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, (kh, kw), (max(kh, sh), max(kw, sw)), padding)

# %% mutant: maximum: border of zeros
# killed by test_the_border_never_wins_a_maximum
# Le bord est fait de zéros, qui gagnent quand tous les pixels sont négatifs.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph)), kernel_size, stride, 0)

# %% mutant: maximum: border of a low number
# killed by test_the_border_never_wins_a_maximum
# Le bord vaut -9999, qui gagne contre des nombres encore plus bas.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph), value=-9999.0), kernel_size, stride, 0)

# %% mutant: maximum: border of minus 1e9
# killed by test_the_border_never_wins_a_maximum
# Le bord vaut -1e9, qui gagne contre des nombres encore plus bas.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph), value=-1e9), kernel_size, stride, 0)

# %% mutant: maximum: border of one pixel at most
# killed by test_the_border_never_wins_a_maximum
# Le bord est limité à un pixel.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, kernel_size, stride, (min(ph, 1), min(pw, 1)))

# %% mutant: maximum: border ignored
# killed by test_the_border_never_wins_a_maximum
# padding n'est jamais lu.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, stride)

# %% mutant: maximum: border after only
# killed by test_the_border_never_wins_a_maximum
# Tout le bord est ajouté en bas et à droite.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (0, 2 * pw, 0, 2 * ph), value=-math.inf), kernel_size, stride, 0)

# %% mutant: maximum: smallest positive number for the lowest
# killed by test_the_border_never_wins_a_maximum
# torch.finfo(...).tiny est le plus petit nombre positif, pas le plus bas.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph), value=torch.finfo(x.dtype).tiny), kernel_size, stride, 0)

# %% mutant: maximum: one kind of argument for all
# killed by test_the_maximum_with_integers_and_pairs
# Dès que stride est un couple, tout doit l'être.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    if isinstance(stride, tuple) and not (isinstance(kernel_size, tuple) and isinstance(padding, tuple)):
        raise TypeError("kernel_size, stride et padding doivent être de même nature")
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: strides swapped
# killed by test_the_maximum_with_integers_and_pairs
# Les pas des lignes et des colonnes sont échangés.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, (kh, kw), (sw, sh), (ph, pw))

# %% mutant: maximum: borders swapped
# killed by test_the_maximum_with_integers_and_pairs
# F.pad commence par les colonnes : les bords des lignes et des colonnes sont échangés.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (ph, ph, pw, pw), value=-math.inf), (kh, kw), (sh, sw), 0)

# %% mutant: maximum: square kernels only
# killed by test_the_maximum_with_integers_and_pairs
# Seul le premier côté du noyau est lu.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, kh, (sh, sw), (ph, pw))

# %% mutant: maximum: padding before stride
# killed by test_the_maximum_by_position
# padding et stride sont échangés dans la liste des arguments.
def max_pool2d(x, kernel_size, padding=0, stride=None, solution=max_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: gradient shared by the window
# killed by test_the_gradient_of_a_maximum_goes_to_it_alone
# La valeur est le maximum, mais le gradient est celui de la moyenne.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    mean = avg_pool2d(x, kernel_size, stride, padding)
    return mean + (solution(x, kernel_size, stride, padding) - mean).detach()

# %% mutant: maximum: through NumPy
# killed by test_the_gradient_of_a_maximum_goes_to_it_alone
# Les fenêtres passent par NumPy, qui n'a pas de gradient.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), (2, 3))[:, :, ::sh, ::sw]
    return torch.from_numpy(windows.max((4, 5)))

# %% mutant: maximum: detached
# killed by test_the_gradient_of_a_maximum_goes_to_it_alone
# Le résultat est détaché du graphe.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, stride, padding).detach()

# %% mutant: maximum: gradient of the last window only
# killed by test_the_gradient_of_a_maximum_goes_to_it_alone
# Un pixel qui gagne dans plusieurs fenêtres ne reçoit que le gradient de la dernière, pas la somme.
class Winners(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, solution, options):
        ctx.shape, ctx.x, ctx.result = x.shape, x, solution(x, *options)
        return ctx.result

    @staticmethod
    def backward(ctx, upstream):
        grad = upstream.new_zeros(math.prod(ctx.shape[2:]))
        grad = grad.repeat(ctx.shape[0], ctx.shape[1], 1)
        values = ctx.x.flatten(2)
        for n in range(ctx.shape[0]):
            for c in range(ctx.shape[1]):
                for value, part in zip(ctx.result[n, c].flatten(), upstream[n, c].flatten()):
                    grad[n, c, values[n, c] == value] = part
        return grad.view(ctx.shape), None, None

def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return Winners.apply(x, solution, (kernel_size, stride, padding))

# %% mutant: mean: a sum
# killed by test_the_mean_of_windows_side_by_side
# La somme n'est pas divisée par la taille de la fenêtre.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, kernel_size, stride, padding) * kh * kw

# %% mutant: mean: divided by one side
# killed by test_the_mean_of_windows_side_by_side
# La somme est divisée par le côté du noyau au lieu de sa surface.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, kernel_size, stride, padding) * kw

# %% mutant: mean: a median
# killed by test_the_mean_of_windows_side_by_side
# C'est la médiane de la fenêtre qui est gardée.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return F.pad(x, (pw, pw, ph, ph)).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4).median(-1).values

# %% mutant: mean: always float32
# killed by test_the_mean_of_windows_side_by_side
# La moyenne passe par float32 : la précision de float64 est perdue.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return solution(x.float(), kernel_size, stride, padding).to(x.dtype)

# %% mutant: mean: stride not beyond the kernel
# killed by test_the_mean_with_a_stride
# Le pas est limité à la taille du noyau, pour ne sauter aucun pixel.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, (kh, kw), (min(sh, max(kh, 2)), min(sw, max(kw, 2))) if isinstance(stride, int) else (sh, sw), padding)

# %% mutant: mean: stride always the kernel
# killed by test_the_mean_with_a_stride
# stride n'est jamais lu : le pas vaut toujours la taille du noyau.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return solution(x, kernel_size, None, padding)

# %% mutant: mean: border not counted
# killed by test_the_zeros_of_the_border_count_in_a_mean
# Les zéros du bord ne sont pas comptés dans le diviseur.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    ones = solution(torch.ones_like(x), kernel_size, stride, padding)
    return solution(x, kernel_size, stride, padding) / ones

# %% mutant: mean: divided by what is not zero
# killed by test_the_zeros_of_the_border_count_in_a_mean
# La somme est divisée par le nombre d'éléments non nuls de la fenêtre.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4)
    return windows.sum(-1) / (windows != 0).sum(-1)

# %% mutant: mean: border of one pixel at most
# killed by test_the_zeros_of_the_border_count_in_a_mean
# Le bord est limité à un pixel.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, kernel_size, stride, (min(ph, 1), min(pw, 1)))

# %% mutant: mean: border repeats the map
# killed by test_the_zeros_of_the_border_count_in_a_mean
# Le bord répète la carte au lieu d'être nul.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph), mode="replicate"), kernel_size, stride, 0)

# %% mutant: mean: border of minus infinity
# killed by test_the_zeros_of_the_border_count_in_a_mean
# Le bord de moins l'infini, bon pour un maximum, rend la moyenne infinie.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (pw, pw, ph, ph), value=-math.inf), kernel_size, stride, 0)

# %% mutant: mean: one kind of argument for all
# killed by test_the_mean_with_integers_and_pairs
# Dès que stride est un couple, tout doit l'être.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    if isinstance(stride, tuple) and not (isinstance(kernel_size, tuple) and isinstance(padding, tuple)):
        raise TypeError("kernel_size, stride et padding doivent être de même nature")
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: strides swapped
# killed by test_the_mean_with_integers_and_pairs
# Les pas des lignes et des colonnes sont échangés.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(x, (kh, kw), (sw, sh), (ph, pw))

# %% mutant: mean: borders swapped
# killed by test_the_mean_with_integers_and_pairs
# F.pad commence par les colonnes : les bords des lignes et des colonnes sont échangés.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return solution(F.pad(x, (ph, ph, pw, pw)), (kh, kw), (sh, sw), 0)

# %% mutant: mean: integers only
# killed by test_the_mean_with_integers_and_pairs
# Les options données comme couples ne sont pas comprises.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return solution(x, int(kernel_size), None if stride is None else int(stride), int(padding))

# %% mutant: mean: padding before stride
# killed by test_the_mean_by_position
# padding et stride sont échangés dans la liste des arguments.
def avg_pool2d(x, kernel_size, padding=0, stride=None, solution=avg_pool2d):
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: gradient to the largest
# killed by test_the_gradient_of_a_mean_is_shared
# La valeur est la moyenne, mais le gradient est celui du maximum.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    largest = max_pool2d(x, kernel_size, stride, padding)
    return largest + (solution(x, kernel_size, stride, padding) - largest).detach()

# %% mutant: mean: under no_grad
# killed by test_the_gradient_of_a_mean_is_shared
# Le calcul se fait sous no_grad : aucun gradient ne remonte.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    with torch.no_grad():
        return solution(x, kernel_size, stride, padding)

# %% mutant: mean: gradient of the sum
# killed by test_the_gradient_of_a_mean_is_shared
# Le gradient oublie le diviseur : chaque pixel reçoit celui de la somme.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    total = solution(x, kernel_size, stride, padding) * kh * kw
    return total + (solution(x, kernel_size, stride, padding) - total).detach()

# %% mutant: maximum: axes of size one squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    return solution(x, kernel_size, stride, padding).squeeze()

# %% mutant: mean: axes of size one squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    return solution(x, kernel_size, stride, padding).squeeze()

# %% mutant: maximum: kernel as large as the map refused
# killed by test_axes_of_size_one_are_kept
# Un noyau aussi grand que l'image est refusé, alors qu'il a une position.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    if x.shape[2] + 2 * ph <= kh or x.shape[3] + 2 * pw <= kw:
        raise ValueError("noyau trop grand")
    return solution(x, kernel_size, stride, padding)

# %% mutant: mean: weights always in float64
# killed by test_float32_is_as_good
# Les poids de la moyenne sont créés en float64 : le produit avec un x float32 échoue.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4)
    return windows @ torch.full((kh * kw,), 1 / (kh * kw), dtype=torch.float64)

# %% mutant: maximum: half precision inside
# killed by test_float32_is_as_good
# Le maximum passe par bfloat16 quand x est en float32 : il ne reste que trois chiffres.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    if x.dtype == torch.float32:
        x = x.bfloat16().float()
    return solution(x, kernel_size, stride, padding)

# %% mutant: maximum: strides of a contiguous map assumed
# killed by test_the_layout_in_memory_does_not_matter
# as_strided lit la mémoire comme si la carte y était rangée ligne par ligne.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    n, c, h, w = x.shape
    return solution(x.as_strided((n, c, h, w), (c * h * w, h * w, w, 1)), kernel_size, stride, padding)

# %% mutant: mean: view of a permuted map
# killed by test_the_layout_in_memory_does_not_matter
# view échoue sur une carte non contiguë : reshape copie si nécessaire.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    n, c, h, w = x.shape
    return solution(x.view(n * c, 1, h, w), kernel_size, stride, padding).view(n, c, *solution(x, kernel_size, stride, padding).shape[2:])

# %% mutant: maximum: map wiped after use
# killed by test_the_input_is_not_modified
# La carte de l'appelant est remise à zéro une fois lue.
def max_pool2d(x, kernel_size, stride=None, padding=0, solution=max_pool2d):
    result = solution(x, kernel_size, stride, padding).clone()
    if not x.requires_grad:
        x.zero_()
    return result

# %% mutant: mean: map divided in place
# killed by test_the_input_is_not_modified
# /= divise la carte de l'appelant sur place.
def avg_pool2d(x, kernel_size, stride=None, padding=0, solution=avg_pool2d):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    if x.requires_grad:
        return solution(x, kernel_size, stride, padding)
    x /= kh * kw
    return solution(x, kernel_size, stride, padding) * kh * kw

# %% accepted: one window at a time
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = F.pad(x, (pw, pw, ph, ph), value=float("-inf"))
    rows = []
    for i in range(0, x.shape[2] - kh + 1, sh):
        row = [x[:, :, i : i + kh, j : j + kw].amax(dim=(2, 3)) for j in range(0, x.shape[3] - kw + 1, sw)]
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    n, c, h, w = x.shape
    padded = torch.zeros((n, c, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    padded[..., ph : ph + h, pw : pw + w] = x
    out_h, out_w = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
    result = torch.zeros((n, c, out_h, out_w), dtype=x.dtype)
    for i in range(out_h):
        for j in range(out_w):
            result[:, :, i, j] = padded[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw].mean(dim=(2, 3))
    return result

# %% accepted: a loop over the elements of the kernel
def shifted(x, kernel_size, stride, padding, fill):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = F.pad(x, (pw, pw, ph, ph), value=fill)
    height, width = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    return [x[:, :, u : u + height : sh, v : v + width : sw] for u in range(kh) for v in range(kw)]

def max_pool2d(x, kernel_size, stride=None, padding=0):
    first, *others = shifted(x, kernel_size, stride, padding, -math.inf)
    for other in others:
        first = torch.maximum(first, other)
    return first

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    parts = shifted(x, kernel_size, stride, padding, 0.0)
    return sum(parts) / len(parts)

# %% accepted: F.unfold on channels taken as images
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    n, c, h, w = x.shape
    padded = F.pad(x.reshape(n * c, 1, h, w), (pw, pw, ph, ph), value=torch.finfo(x.dtype).min)
    height = (h + 2 * ph - kh) // sh + 1
    return F.unfold(padded, (kh, kw), stride=(sh, sw)).max(dim=1)[0].reshape(n, c, height, -1)

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    columns = F.unfold(x, (kh, kw), padding=(ph, pw), stride=(sh, sw)).unflatten(1, (x.shape[1], kh * kw))
    return columns.mean(2).unflatten(2, ((x.shape[2] + 2 * ph - kh) // sh + 1, -1))

# %% accepted: the mean as a depthwise convolution
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    c = x.shape[1]
    weight = torch.full((c, 1, kh, kw), 1 / (kh * kw), dtype=x.dtype)
    return F.conv2d(x, weight, stride=(sh, sw), padding=(ph, pw), groups=c)

# %% accepted: the mean by running sums
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    total = F.pad(F.pad(x, (pw, pw, ph, ph)).cumsum(2).cumsum(3), (1, 0, 1, 0))
    high = total[:, :, kh:] - total[:, :, :-kh]
    return ((high[..., kw:] - high[..., :-kw]) / (kh * kw))[:, :, ::sh, ::sw]

# %% accepted: rows first, then columns
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = nn.ConstantPad2d((pw, pw, ph, ph), -np.inf)(x)
    return x.unfold(2, kh, sh).max(dim=-1).values.unfold(3, kw, sw).max(dim=-1).values

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = nn.ZeroPad2d((pw, pw, ph, ph))(x)
    return x.unfold(2, kh, sh).sum(-1).unfold(3, kw, sw).sum(-1).div(kh * kw)

# %% accepted: the winner gathered
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw).flatten(-2)
    winner = windows.detach().argmax(-1, keepdim=True)
    return windows.gather(-1, winner).squeeze(-1)

# %% accepted: windows sorted
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    x = F.pad(x, [pw, pw, ph, ph], "constant", -torch.inf)
    windows = x.unfold(2, kh, sh).unfold(3, kw, sw).reshape(*x.shape[:2], -1, kh * kw)
    return windows.sort(-1, descending=True)[0][..., 0].unflatten(2, ((x.shape[2] - kh) // sh + 1, -1))

# %% accepted: a mask of the winners
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    inside = F.pad(torch.ones_like(x), (pw, pw, ph, ph)).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4) > 0
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4)
    winner = windows.detach().masked_fill(~inside, -math.inf).argmax(-1)
    return (windows * F.one_hot(winner, kh * kw)).sum(-1)

# %% accepted: clipped windows instead of a border
def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    h, w = x.shape[-2:]
    rows = []
    for top in range(-ph, h + ph - kh + 1, sh):
        row = []
        for left in range(-pw, w + pw - kw + 1, sw):
            window = x[..., max(top, 0) : top + kh, max(left, 0) : left + kw]
            row.append(window.reshape(*x.shape[:2], -1).topk(1).values)
        rows.append(torch.cat(row, -1))
    return torch.stack(rows, 2)

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    h, w = x.shape[-2:]
    lines = []
    for top in range(-ph, h + ph - kh + 1, sh):
        line = [
            x[..., max(top, 0) : top + kh, max(left, 0) : left + kw].sum((-1, -2)) / (kh * kw)
            for left in range(-pw, w + pw - kw + 1, sw)
        ]
        lines.append(torch.stack(line, -1))
    return torch.stack(lines, -2)

# %% accepted: an autograd function with the gradient by hand
class LargestOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kernel, stride, padding):
        (kh, kw), (sh, sw), (ph, pw) = kernel, stride, padding
        places = F.pad(torch.arange(x.shape[2] * x.shape[3]).view(1, 1, *x.shape[2:]), (pw, pw, ph, ph), value=-1)
        places = places.unfold(2, kh, sh).unfold(3, kw, sw).flatten(4).expand(*x.shape[:2], -1, -1, -1)
        windows = F.pad(x, (pw, pw, ph, ph), value=-math.inf).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4)
        values, winners = windows.max(-1)
        ctx.places, ctx.shape = places.gather(-1, winners[..., None]).flatten(2), x.shape
        return values

    @staticmethod
    def backward(ctx, upstream):
        grad = upstream.new_zeros(*ctx.shape[:2], ctx.shape[2] * ctx.shape[3])
        return grad.scatter_add(2, ctx.places, upstream.flatten(2)).view(ctx.shape), None, None, None

def max_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    return LargestOf.apply(x, (kh, kw), (sh, sw), (ph, pw))

# %% accepted: compared with the ready-made ones below
def max_pool2d(x, kernel_size, stride=None, padding=0, mine=max_pool2d):
    return mine(x, kernel_size, stride, padding)

def avg_pool2d(x, kernel_size, stride=None, padding=0, mine=avg_pool2d):
    return mine(x, kernel_size, stride, padding)

maps = torch.randn(2, 3, 8, 9)
assert torch.equal(max_pool2d(maps, 3, 2, 1), F.max_pool2d(maps, 3, 2, 1))
assert torch.allclose(avg_pool2d(maps, 3, 2, 1), nn.AvgPool2d(3, 2, 1)(maps), atol=1e-5)

# %% accepted: a kernel of a mean as a matrix product
def avg_pool2d(x, kernel_size, stride=None, padding=0):
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding))
    def bands(size, k, s, p):
        first = s * torch.arange((size + 2 * p - k) // s + 1)[:, None] - p
        places = torch.arange(size)
        return ((places >= first) & (places < first + k)).to(x.dtype) / k

    return bands(x.shape[2], kh, sh, ph) @ x @ bands(x.shape[3], kw, sw, pw).T
