# %% mutant: ready-made function
# killed by test_nothing_ready_made
# F.unfold est la fonction toute faite que l'exercice demande d'écrire.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return F.unfold(x, kernel_size, dilation, padding, stride)

# %% mutant: ready-made module
# killed by test_nothing_ready_made
# nn.Unfold est la même fonction toute faite, sous forme de module.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return nn.Unfold(kernel_size, dilation=dilation, padding=padding, stride=stride)(x)

# %% mutant: ready-made under another name
# killed by test_nothing_ready_made
# La fonction toute faite, appelée par un nom composé à l'exécution.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return getattr(F, "un" + "fold")(x, kernel_size, dilation, padding, stride)

# %% mutant: ready-made imported
# killed by test_nothing_ready_made
# La fonction toute faite, importée sous un autre nom.
from torch.nn.functional import unfold as windows_of

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return windows_of(x, kernel_size, dilation, padding, stride)

# %% mutant: ready-made only where gradients are recorded
# killed by test_nothing_ready_made
# La fonction toute faite ne sert que quand un gradient est demandé.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    if x.requires_grad:
        return getattr(torch._C._nn, "im2" + "col")(x, *((s, s) if isinstance(s, int) else s for s in (kernel_size, dilation, padding, stride)))
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: ready-made columns in the convolution
# killed by test_nothing_ready_made
# im2col est écrite à la main, mais la convolution appelle F.unfold.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    kh, kw = weight.shape[2:]
    sh, ph, dh = (s if isinstance(s, int) else s[0] for s in (stride, padding, dilation))
    columns = F.unfold(x, (kh, kw), dilation, padding, stride).unflatten(1, (groups, -1))
    rows = weight.flatten(1).unflatten(0, (groups, -1))
    height = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    result = (rows @ columns).flatten(1, 2).unflatten(2, (height, -1))
    return result if bias is None else result + bias[:, None, None]

# %% mutant: ready-made convolution
# killed by test_nothing_ready_made
# La convolution toute faite remplace le produit de matrices.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: ready-made convolution under another name
# killed by test_nothing_ready_made
# La convolution toute faite, appelée par un nom composé à l'exécution.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return getattr(torch, "con" + "volution")(
        x, weight, bias, *((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation)), False, (0, 0), groups
    )

# %% mutant: ready-made backward
# killed by test_nothing_ready_made
# La passe avant est écrite à la main, mais la rétropropagation est celle de la convolution toute faite.
class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, solution, x, weight, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.options = [[s, s] if isinstance(s, int) else list(s) for s in (stride, padding, dilation)]
        ctx.groups = groups
        return solution(x, weight, None, stride, padding, dilation, groups)

    @staticmethod
    def backward(ctx, upstream):
        back = getattr(torch.ops.aten, "convolution" + "_backward")
        x, weight = ctx.saved_tensors
        grads = back(upstream.contiguous(), x, weight, None, *ctx.options, False, [0, 0], ctx.groups, [True, True, False])
        return None, grads[0], grads[1], None, None, None, None

def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = Product.apply(solution, x, weight, stride, padding, dilation, groups)
    return result if bias is None else result + bias[:, None, None]

# %% mutant: padding of one by default
# killed by test_windows_become_columns
# Sans argument, le bord vaut 1 au lieu de 0.
def im2col(x, kernel_size, stride=1, padding=1, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: stride of the kernel by default
# killed by test_windows_become_columns
# Sans argument, le pas vaut la taille du noyau, comme pour un pooling.
def im2col(x, kernel_size, stride=None, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, kernel_size if stride is None else stride, padding, dilation)

# %% mutant: kernel before channel
# killed by test_windows_become_columns
# Les lignes suivent le noyau d'abord et le canal ensuite : ce n'est pas l'ordre de weight.flatten(1).
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    return windows.permute(0, 4, 5, 1, 2, 3).flatten(4).flatten(1, 3)

# %% mutant: reshape without permute
# killed by test_windows_become_columns
# reshape ne déplace pas les axes : sans permute, fenêtres et positions se mélangent.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    return windows.reshape(len(x), x.shape[1] * kh * kw, -1)

# %% mutant: kernel column by column
# killed by test_windows_become_columns
# Chaque fenêtre est lue colonne par colonne au lieu de ligne par ligne.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    return windows.permute(0, 1, 5, 4, 2, 3).flatten(4).flatten(1, 3)

# %% mutant: positions column by column
# killed by test_windows_become_columns
# Les positions sont rangées colonne par colonne au lieu de ligne par ligne.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    return windows.permute(0, 1, 4, 5, 3, 2).flatten(4).flatten(1, 3)

# %% mutant: windows in rows
# killed by test_windows_become_columns
# Le résultat est transposé : chaque fenêtre est une ligne au lieu d'une colonne.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation).transpose(1, 2)

# %% mutant: one matrix for the whole batch
# killed by test_windows_become_columns
# Les images du lot sont mises bout à bout dans une seule matrice.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return torch.cat(list(solution(x, kernel_size, stride, padding, dilation)), 1)

# %% mutant: first image for all
# killed by test_windows_become_columns
# Toutes les matrices du lot viennent de la première image.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x[:1].expand_as(x), kernel_size, stride, padding, dilation)

# %% mutant: windows flipped
# killed by test_windows_become_columns
# Les fenêtres sont retournées, comme pour la convolution des mathématiciens.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    columns = solution(x, kernel_size, stride, padding, dilation)
    return columns.unflatten(1, (x.shape[1], -1)).flip(2).flatten(1, 2)

# %% mutant: zeros
# killed by test_windows_become_columns
# Le résultat a la bonne forme mais ne contient que des zéros.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return 0 * solution(x, kernel_size, stride, padding, dilation)

# %% mutant: last position missing
# killed by test_windows_become_columns
# La taille de sortie oublie le + 1 : il manque la dernière ligne et la dernière colonne de positions.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    return windows[:, :, :-1, :-1].permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)

# %% mutant: always float32
# killed by test_windows_become_columns
# Les colonnes sont créées en float32 : la précision de float64 est perdue.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation).float().to(x.dtype)

# %% mutant: stride not beyond the kernel
# killed by test_the_stride_skips_positions
# Le pas est limité à la taille du noyau, pour ne sauter aucun pixel.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    (kh, kw), (sh, sw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride))
    return solution(x, kernel_size, (min(sh, kh), min(sw, kw)), padding, dilation)

# %% mutant: stride ignored
# killed by test_the_stride_skips_positions
# Le pas n'est jamais lu.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, 1, padding, dilation)

# %% mutant: output size rounded up
# killed by test_the_stride_skips_positions
# La taille de sortie est arrondie vers le haut : la dernière fenêtre déborde sur des zéros.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    over_h = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) % sh
    over_w = (x.shape[3] + 2 * pw - dw * (kw - 1) - 1) % sw
    x = F.pad(x, (0, (sw - over_w) % sw, 0, (sh - over_h) % sh))
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: stride of rows and columns swapped
# killed by test_integers_and_pairs_can_be_mixed
# Les pas des lignes et des colonnes sont échangés.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride if isinstance(stride, int) else stride[::-1], padding, dilation)

# %% mutant: padding not beyond the kernel
# killed by test_the_padding_is_zeros_on_four_sides
# Le bord est limité à la taille du noyau.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    (kh, kw), (ph, pw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, padding))
    return solution(x, kernel_size, stride, (min(ph, kh), min(pw, kw)), dilation)

# %% mutant: padding after only
# killed by test_the_padding_is_zeros_on_four_sides
# Tout le bord est ajouté en bas et à droite.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return solution(F.pad(x, (0, 2 * pw, 0, 2 * ph)), kernel_size, stride, 0, dilation)

# %% mutant: padding repeats the border
# killed by test_the_padding_is_zeros_on_four_sides
# Le bord répète les pixels de l'image au lieu d'être nul.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return solution(F.pad(x, (pw, pw, ph, ph), mode="replicate"), kernel_size, stride, 0, dilation)

# %% mutant: padding of rows and columns swapped
# killed by test_integers_and_pairs_can_be_mixed
# F.pad commence par les colonnes : les bords des lignes et des colonnes sont échangés.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return solution(F.pad(x, (ph, ph, pw, pw)), kernel_size, stride, 0, dilation)

# %% mutant: dilation ignored
# killed by test_the_dilation_spreads_the_kernel
# La dilatation n'est jamais lue.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding)

# %% mutant: dilation of two at most
# killed by test_the_dilation_spreads_the_kernel
# Un seul pixel est sauté entre les éléments du noyau, même quand la dilatation en demande plus.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    return solution(x, kernel_size, stride, padding, (min(dh, 2), min(dw, 2)))

# %% mutant: dilated windows too large
# killed by test_the_dilation_spreads_the_kernel
# Un noyau dilaté couvre d (k - 1) + 1 pixels, pas d k : les dernières positions manquent.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * kh, sh).unfold(3, dw * kw, sw)[..., ::dh, ::dw]
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)

# %% mutant: one kind of argument for all
# killed by test_integers_and_pairs_can_be_mixed
# Le type de stride seul décide si toutes les options sont des couples.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    if isinstance(stride, tuple):
        (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    elif isinstance(padding, tuple) or isinstance(dilation, tuple):
        raise TypeError("stride, padding et dilation doivent être de même nature")
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: square kernels only
# killed by test_integers_and_pairs_can_be_mixed
# Le côté du noyau est déduit de sa surface : un noyau rectangulaire perd sa forme.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    side = kernel_size if isinstance(kernel_size, int) else math.isqrt(math.prod(kernel_size))
    return solution(x, side, stride, padding, dilation)

# %% mutant: arguments of F.unfold
# killed by test_all_options_of_im2col_by_position
# Les arguments sont dans l'ordre de F.unfold : dilation avant padding et stride.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, dilation=1, padding=0, stride=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: padding before stride
# killed by test_all_options_of_im2col_by_position
# padding et stride sont échangés dans la liste des arguments.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, padding=0, stride=1, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: columns detached
# killed by test_the_gradient_of_im2col_adds_up
# Les colonnes sont recopiées hors du graphe : aucun gradient ne remonte vers l'image.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x.detach(), kernel_size, stride, padding, dilation)

# %% mutant: columns through NumPy
# killed by test_the_gradient_of_im2col_adds_up
# Les fenêtres passent par NumPy, qui n'a pas de gradient.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), (2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 1, 4, 5, 2, 3)
    return torch.from_numpy(windows.reshape(x.shape[0], x.shape[1] * kh * kw, -1).copy())

# %% mutant: gradients overwrite one another
# killed by test_the_gradient_of_im2col_adds_up
# Un pixel vu par plusieurs fenêtres ne reçoit que le gradient de la dernière, pas leur somme.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

class Copy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, solution, options):
        place = torch.arange(1.0, x.numel() + 1, dtype=x.dtype).view_as(x)
        ctx.place, ctx.shape = solution(place, *options).long(), x.shape
        return solution(x, *options)

    @staticmethod
    def backward(ctx, upstream):
        grad = upstream.new_zeros(math.prod(ctx.shape) + 1)
        grad[ctx.place.flatten()] = upstream.flatten()
        return grad[1:].view(ctx.shape), None, None

def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return Copy.apply(x, solution, (kernel_size, stride, padding, dilation))

# %% mutant: a loop over the positions
# killed by test_im2col_is_vectorised
# Une boucle Python parcourt toutes les positions du noyau.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    padded = F.pad(x, (pw, pw, ph, ph))
    columns = []
    for i in range(0, padded.shape[2] - dh * (kh - 1), sh):
        for j in range(0, padded.shape[3] - dw * (kw - 1), sw):
            window = padded[:, :, i : i + dh * (kh - 1) + 1 : dh, j : j + dw * (kw - 1) + 1 : dw]
            columns.append(window.flatten(1))
    return torch.stack(columns, 2)

# %% mutant: a loop over the rows
# killed by test_im2col_is_vectorised
# Une boucle Python parcourt les lignes de l'image, même si les colonnes sont vectorisées.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    rows = [windows[:, :, i].permute(0, 1, 3, 4, 2).flatten(1, 3) for i in range(windows.shape[2])]
    return torch.cat(rows, 2)

# %% mutant: a loop over the columns
# killed by test_im2col_is_vectorised
# Une boucle Python parcourt les colonnes de l'image, même si les lignes sont vectorisées.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    windows = F.pad(x, (pw, pw, ph, ph)).unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    columns = [windows[:, :, :, j].permute(0, 1, 3, 4, 2).flatten(1, 3) for j in range(windows.shape[3])]
    return torch.stack(columns, 3).flatten(2)

# %% mutant: a matrix filled pixel by pixel
# killed by test_im2col_is_vectorised
# La matrice est remplie position par position.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    padded = F.pad(x, (pw, pw, ph, ph))
    height = (padded.shape[2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[3] - dw * (kw - 1) - 1) // sw + 1
    columns = x.new_zeros(len(x), x.shape[1] * kh * kw, height * width)
    for place in range(height * width):
        i, j = place // width * sh, place % width * sw
        columns[:, :, place] = padded[:, :, i : i + dh * kh : dh, j : j + dw * kw : dw][:, :, :kh, :kw].flatten(1)
    return columns

# %% mutant: convolution with a padding of one by default
# killed by test_two_arguments_are_enough
# Sans argument, le bord de la convolution vaut 1 au lieu de 0.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=1, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: kernels in another order
# killed by test_two_arguments_are_enough
# Le noyau est aplati dans un autre ordre que les lignes de im2col.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    mixed = weight.transpose(2, 3).reshape(weight.shape)
    return solution(x, mixed, bias, stride, padding, dilation, groups)

# %% mutant: kernel flipped
# killed by test_two_arguments_are_enough
# Le noyau est retourné : c'est la convolution des mathématiciens, pas celle des réseaux de neurones.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight.flip(2, 3), bias, stride, padding, dilation, groups)

# %% mutant: maps transposed
# killed by test_two_arguments_are_enough
# Les colonnes sont remises en image avec la largeur à la place de la hauteur.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, bias, stride, padding, dilation, groups)
    return result.transpose(2, 3).reshape(result.shape)

# %% mutant: batch and channels mixed up
# killed by test_two_arguments_are_enough
# Un produit (O, N L) est remis en (N, O, ...) par reshape : le lot et les canaux se mélangent.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    result = result.transpose(0, 1).reshape(result.shape)
    return result if bias is None else result + bias[:, None, None]

# %% mutant: columns returned as they are
# killed by test_two_arguments_are_enough
# Le produit n'est pas remis en image : il reste à trois axes.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, bias, stride, padding, dilation, groups).flatten(2)

# %% mutant: square output assumed
# killed by test_two_arguments_are_enough
# La hauteur et la largeur de sortie sont supposées égales.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, bias, stride, padding, dilation, groups).flatten(2)
    side = math.isqrt(result.shape[2])
    return result.reshape(*result.shape[:2], side, side)

# %% mutant: bias omitted
# killed by test_each_output_channel_has_its_bias
# Le biais n'est pas ajouté.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, None, stride, padding, dilation, groups)

# %% mutant: bias along the columns
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté le long des colonnes de l'image au lieu des canaux de sortie.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    if bias is None:
        return result
    return result + bias if result.shape[-1] == len(bias) else result + bias[:, None, None]

# %% mutant: bias along the positions
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté le long des positions : il manque un axe à bias.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    if bias is not None and result.shape[2] * result.shape[3] == len(bias):
        return (result.flatten(2) + bias).view_as(result)
    return result if bias is None else result + bias[:, None, None]

# %% mutant: bias without gradient
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté hors du graphe : son gradient n'arrive pas.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, None if bias is None else bias.detach(), stride, padding, dilation, groups)

# %% mutant: truth of a bias
# killed by test_each_output_channel_has_its_bias
# « if bias » demande la vérité d'un tenseur : il faut « bias is not None ».
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    return result + bias[:, None, None] if bias else result

# %% mutant: groups ignored
# killed by test_groups_see_their_own_channels
# groups n'est jamais lu : tous les canaux d'entrée sont supposés présents dans le noyau.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, bias, stride, padding, dilation, 1)

# %% mutant: two groups at most
# killed by test_groups_see_their_own_channels
# Le code ne prévoit que deux groupes.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    if groups <= 2:
        return solution(x, weight, bias, stride, padding, dilation, groups)
    halves = zip(x.tensor_split(2, 1), weight.tensor_split(2, 0))
    return torch.cat([solution(a, w, None, stride, padding, dilation, 1) for a, w in halves], 1)

# %% mutant: groups interleaved
# killed by test_groups_see_their_own_channels
# Les canaux de sortie des groupes sont entrelacés au lieu de se suivre.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    result = result.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
    return result if bias is None else result + bias[:, None, None]

# %% mutant: arguments of the convolution in another order
# killed by test_all_options_of_the_convolution_by_position
# padding et dilation sont échangés dans la liste des arguments.
def conv2d_im2col(x, weight, bias=None, stride=1, dilation=1, padding=0, groups=1, solution=conv2d_im2col):
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: size of the output without dilation
# killed by test_all_options_of_the_convolution_by_position
# La hauteur de sortie est calculée sans la dilatation.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, bias, stride, padding, dilation, groups)
    sh, ph = (s if isinstance(s, int) else s[0] for s in (stride, padding))
    height = (x.shape[2] + 2 * ph - weight.shape[2]) // sh + 1
    return result.flatten(2).unflatten(2, (height, -1))

# %% mutant: no graph unless the kernel needs it
# killed by test_the_gradient_reaches_the_image
# Le graphe n'est gardé que si le noyau exige un gradient : un noyau figé coupe le gradient de l'image.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    with torch.set_grad_enabled(weight.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: image detached in the convolution
# killed by test_the_gradient_reaches_the_image
# L'image est détachée avant la convolution : les couches précédentes n'apprennent plus.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x.data, weight, bias, stride, padding, dilation, groups)

# %% mutant: no graph unless the image needs it
# killed by test_the_gradient_reaches_the_kernel
# Le graphe n'est gardé que si l'image exige un gradient : la première couche n'apprend pas.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    with torch.set_grad_enabled(x.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: kernel copied by torch.tensor
# killed by test_the_gradient_reaches_the_kernel
# torch.tensor recopie le noyau hors du graphe.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, torch.tensor(weight.tolist(), dtype=weight.dtype), bias, stride, padding, dilation, groups)

# %% mutant: one product a position
# killed by test_the_convolution_is_vectorised
# Chaque colonne est multipliée à son tour : la boucle parcourt toutes les positions.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    kh, kw = weight.shape[2:]
    sh, ph, dh = (s if isinstance(s, int) else s[0] for s in (stride, padding, dilation))
    height = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = im2col(x, (kh, kw), stride, padding, dilation).unflatten(1, (groups, -1))
    rows = weight.flatten(1).unflatten(0, (groups, -1))
    parts = [(rows @ columns[..., place, None]).flatten(1) for place in range(columns.shape[-1])]
    result = torch.stack(parts, 2).unflatten(2, (height, -1))
    return result if bias is None else result + bias[:, None, None]

# %% mutant: bias added row by row
# killed by test_the_convolution_is_vectorised
# Le biais est ajouté ligne par ligne, dans une boucle sur la hauteur.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    if bias is None:
        return result
    return torch.stack([result[:, :, i] + bias[:, None] for i in range(result.shape[2])], 2)

# %% mutant: axes of size one squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    return solution(x, weight, bias, stride, padding, dilation, groups).squeeze()

# %% mutant: columns squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître l'axe du lot quand il n'y a qu'une image.
import types

# what follows concerns im2col alone: the convolution keeps the im2col it had
conv2d_im2col = types.FunctionType(conv2d_im2col.__code__, dict(globals()), argdefs=conv2d_im2col.__defaults__)

def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x, kernel_size, stride, padding, dilation).squeeze(0)

# %% mutant: kernel as large as the image refused
# killed by test_axes_of_size_one_are_kept
# Un noyau aussi grand que l'image est refusé, alors qu'il a une position.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    if x.shape[2] + 2 * ph <= kh or x.shape[3] + 2 * pw <= kw:
        raise ValueError("noyau trop grand")
    return solution(x, kernel_size, stride, padding, dilation)

# %% mutant: columns always in float64
# killed by test_float32_is_as_good
# Les colonnes sont créées en float64, quel que soit le type de x.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return solution(x.double(), kernel_size, stride, padding, dilation)

# %% mutant: half precision inside
# killed by test_float32_is_as_good
# Le produit passe par float16 quand x est en float32 : il ne reste que trois chiffres.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    if x.dtype == torch.float32:
        x, weight = x.half().float(), weight.half().float()
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: strides of a contiguous image assumed
# killed by test_the_layout_in_memory_does_not_matter
# as_strided lit la mémoire comme si l'image y était rangée ligne par ligne.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    n, c, h, w = x.shape
    same = x.as_strided((n, c, h, w), (c * h * w, h * w, w, 1))
    return solution(same, kernel_size, stride, padding, dilation)

# %% mutant: view of a permuted kernel
# killed by test_the_layout_in_memory_does_not_matter
# view échoue sur un noyau non contigu : reshape copie si nécessaire.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    flat = weight.view(weight.shape[0], -1)
    return solution(x, flat.view(weight.shape), bias, stride, padding, dilation, groups)

# %% mutant: image wiped after use
# killed by test_the_inputs_are_not_modified
# L'image de l'appelant est remise à zéro une fois lue.
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    columns = solution(x, kernel_size, stride, padding, dilation).clone()
    if not x.requires_grad:
        x.zero_()
    return columns

# %% mutant: bias reshaped in place
# killed by test_the_inputs_are_not_modified
# unsqueeze_ change la forme du biais de l'appelant ; unsqueeze, sans _, en donne une vue.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, None, stride, padding, dilation, groups)
    return result if bias is None else result + bias.unsqueeze_(-1).unsqueeze_(-1)

# %% mutant: result written into the image
# killed by test_the_inputs_are_not_modified
# Avec un noyau 1 x 1 les colonnes partagent la mémoire de l'image, et le calcul sur place la modifie.
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d_im2col):
    result = solution(x, weight, bias, stride, padding, dilation, groups)
    if weight.shape[2:] == (1, 1) and not x.requires_grad:
        x.mul_(weight[0, 0])
    return result

# %% accepted: a loop over the elements of the kernel
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    n, c, h, w = x.shape
    height, width = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    padded = x.new_zeros(n, c, h + 2 * ph, w + 2 * pw)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    columns = x.new_empty(n, c, kh, kw, height, width)
    for u in range(kh):
        for v in range(kw):
            columns[:, :, u, v] = padded[:, :, u * dh :: sh, v * dw :: sw][:, :, :height, :width]
    return columns.reshape(n, c * kh * kw, height * width)

# %% accepted: an index into the flat image
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    x = F.pad(x, (pw, pw, ph, ph))
    u, v, i, j = torch.meshgrid(
        dh * torch.arange(kh), dw * torch.arange(kw),
        torch.arange(0, x.shape[2] - dh * (kh - 1), sh), torch.arange(0, x.shape[3] - dw * (kw - 1), sw), indexing="ij",
    )
    index = ((u + i) * x.shape[3] + v + j).reshape(1, 1, -1).expand(*x.shape[:2], -1)
    return x.flatten(2).gather(2, index).reshape(len(x), x.shape[1] * kh * kw, -1)

# %% accepted: as_strided with its own backward by fold
class Columns(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kernel_size, stride, padding, dilation):
        ctx.options = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        ctx.size = x.shape[2:]
        (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel_size, stride, padding, dilation
        x = F.pad(x, (pw, pw, ph, ph)).contiguous()
        n, c, h, w = x.shape
        height, width = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
        size, steps = (n, c, kh, kw, height, width), (c * h * w, h * w, dh * w, dw, sh * w, sw)
        return x.as_strided(size, steps).reshape(n, c * kh * kw, height * width)

    @staticmethod
    def backward(ctx, upstream):
        return F.fold(upstream, ctx.size, **ctx.options), None, None, None, None

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return Columns.apply(x, *(2 * (s,) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation)))

# %% accepted: selection by matrices of zeros and ones
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    def selection(size, kernel, s, p, d):
        out = (size + 2 * p - d * (kernel - 1) - 1) // s + 1
        source = (s * torch.arange(out) + d * torch.arange(kernel)[:, None] - p)[..., None]
        return (source == torch.arange(size)).to(x.dtype)

    rows, columns = selection(x.shape[2], kh, sh, ph, dh), selection(x.shape[3], kw, sw, pw, dw)
    return torch.einsum("uih,vjw,nchw->ncuvij", rows, columns, x).flatten(4).flatten(1, 3)

# %% accepted: one image at a time, one element of the kernel at a time
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation))
    matrices = []
    for image in x:
        image = nn.functional.pad(image, [pw, pw, ph, ph])
        last_row, last_column = image.shape[1] - dh * (kh - 1), image.shape[2] - dw * (kw - 1)
        lines = []
        for channel in image:
            for u in range(kh):
                for v in range(kw):
                    lines.append(channel[u * dh : u * dh + last_row : sh, v * dw : v * dw + last_column : sw].reshape(-1))
        matrices.append(torch.stack(lines))
    return torch.stack(matrices)

def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    kh, kw = weight.shape[2:]
    sh, ph, dh = (s if isinstance(s, int) else s[0] for s in (stride, padding, dilation))
    maps = []
    for image in x:
        blocks = im2col(image[None], (kh, kw), stride, padding, dilation)[0].chunk(groups, 0)
        maps.append(torch.cat([k.reshape(len(k), -1) @ b for k, b in zip(weight.chunk(groups, 0), blocks)]))
    result = torch.stack(maps).unflatten(2, ((x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1, -1))
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)

# %% accepted: one big matrix for the batch
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    (n, c, h, w), (o, per, kh, kw) = x.shape, weight.shape
    columns = im2col(x, (kh, kw), stride, padding, dilation)
    wide = columns.permute(1, 0, 2).reshape(groups, per * kh * kw, -1)
    result = torch.bmm(weight.reshape(groups, o // groups, -1), wide).reshape(o, n, -1).transpose(0, 1)
    if bias is not None:
        result = result + bias.reshape(1, o, 1)
    return result.reshape(n, o, (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1)

# %% accepted: windows contracted at once, without the matrix
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    kh, kw = weight.shape[-2:]
    x = torch.constant_pad_nd(x, (pw, pw, ph, ph))
    windows = x.unfold(-2, dh * (kh - 1) + 1, sh).unfold(-2, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    result = torch.einsum("ngchwuv,gocuv->ngohw", windows.unflatten(1, (groups, -1)), weight.unflatten(0, (groups, -1)))
    result = result.flatten(1, 2)
    return result if bias is None else (result.movedim(1, -1) + bias).movedim(-1, 1)

# %% accepted: a linear layer on the transposed columns
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sh, ph, dh = (s if isinstance(s, int) else s[0] for s in (stride, padding, dilation))
    blocks = im2col(x, tuple(weight.shape[2:]), stride, padding, dilation).mT.chunk(groups, 2)
    kernels = weight.flatten(1).chunk(groups, 0)
    biases = [None] * groups if bias is None else bias.chunk(groups)
    lines = torch.cat([F.linear(block, k, b) for block, k, b in zip(blocks, kernels, biases)], 2)
    height = (x.shape[2] + 2 * ph - dh * (weight.shape[2] - 1) - 1) // sh + 1
    return lines.mT.unflatten(2, (height, -1))

# %% accepted: groups as one block-diagonal matrix
def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sh, ph, dh = (s if isinstance(s, int) else s[0] for s in (stride, padding, dilation))
    rows = torch.block_diag(*weight.flatten(1).chunk(groups, 0))
    columns = im2col(x, (weight.size(2), weight.size(3)), stride=stride, padding=padding, dilation=dilation)
    result = torch.einsum("ok,nkl->nol", rows, columns)
    if bias is not None:
        result += bias[:, None]
    return result.unflatten(2, ((x.size(2) + 2 * ph - dh * (weight.size(2) - 1) - 1) // sh + 1, -1))

# %% accepted: one image at a time, by vmap
def im2col(x, kernel_size, stride=1, padding=0, dilation=1, solution=im2col):
    return torch.vmap(lambda image: solution(image[None], kernel_size, stride, padding, dilation)[0])(x)

# %% accepted: NumPy inside an autograd function
class Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kernel, stride, padding, dilation):
        (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel, stride, padding, dilation
        places = np.pad(np.arange(1, x.shape[2] * x.shape[3] + 1).reshape(x.shape[2:]), ((ph, ph), (pw, pw)))
        windows = np.lib.stride_tricks.sliding_window_view(places, (dh * (kh - 1) + 1, dw * (kw - 1) + 1))
        ctx.places = windows[::sh, ::sw, ::dh, ::dw].transpose(2, 3, 0, 1).reshape(kh * kw, -1)
        ctx.shape = x.shape
        pixels = np.pad(x.detach().numpy().reshape(*x.shape[:2], -1), ((0, 0), (0, 0), (1, 0)))
        return torch.from_numpy(pixels[:, :, ctx.places].reshape(len(x), -1, ctx.places.shape[1]))

    @staticmethod
    def backward(ctx, upstream):
        n, c, h, w = ctx.shape
        grad = np.zeros((h * w + 1, n * c), upstream.numpy().dtype)
        np.add.at(grad, ctx.places, upstream.numpy().reshape(n * c, *ctx.places.shape).transpose(1, 2, 0))
        return torch.from_numpy(grad[1:].T.reshape(ctx.shape).copy()), None, None, None, None

def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    return Gathered.apply(x, *((s, s) if isinstance(s, int) else s for s in (kernel_size, stride, padding, dilation)))

# %% accepted: columns by a convolution with kernels of one one
def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    ones = torch.eye(kh * kw, dtype=x.dtype).reshape(kh * kw, 1, kh, kw).repeat(x.shape[1], 1, 1, 1)
    return F.conv2d(x, ones, None, stride, padding, dilation, groups=x.shape[1]).flatten(2)

def conv2d_im2col(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    kh, kw = weight.shape[2:]
    x = F.pad(x, (pw, pw, ph, ph))
    last_row, last_column = x.shape[2] - dh * (kh - 1), x.shape[3] - dw * (kw - 1)
    shifted = [
        x[:, :, u * dh : u * dh + last_row : sh, v * dw : v * dw + last_column : sw] for u in range(kh) for v in range(kw)
    ]
    columns = torch.stack(shifted, 2)  # (N, C, kh * kw, H', W')
    lines = columns.unflatten(1, (groups, -1)).flatten(4).flatten(2, 3)
    result = (weight.flatten(1).unflatten(0, (groups, -1)) @ lines).flatten(1, 2).view(len(x), -1, *columns.shape[3:])
    return result if bias is None else result + bias[:, None, None]
