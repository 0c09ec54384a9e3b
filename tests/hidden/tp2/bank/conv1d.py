# %% mutant: ready-made function
# killed by test_no_ready_made_convolution
# La convolution toute faite de PyTorch est interdite dans cet exercice.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv1d(x, weight, bias, stride, padding, dilation)

# %% mutant: ready-made function in three dimensions
# killed by test_no_ready_made_convolution
# F.conv3d est la convolution toute faite des volumes.
def conv3d(x, weight, bias=None, stride=1, padding=0):
    return F.conv3d(x, weight, bias, stride, padding)

# %% mutant: ready-made in two dimensions
# killed by test_no_ready_made_convolution
# La convolution à deux dimensions de PyTorch fait ici le travail de celle à une.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    result = torch.conv2d(x[:, :, None], weight[:, :, None], bias, (1, stride), (0, padding), (1, dilation))
    return result[:, :, 0]

# %% mutant: ready-made module
# killed by test_no_ready_made_convolution
# nn.Conv1d est la convolution toute faite, sous forme de module.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    layer = nn.Conv1d(x.shape[1], len(weight), weight.shape[2], stride, padding, dilation, bias=bias is not None)
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return torch.func.functional_call(layer, parameters, (x,))

# %% mutant: lazy ready-made module
# killed by test_no_ready_made_convolution
# nn.LazyConv3d est la convolution toute faite, qui devine ses canaux.
def conv3d(x, weight, bias=None, stride=1, padding=0):
    layer = nn.LazyConv3d(len(weight), tuple(weight.shape[2:]), stride, padding, bias=bias is not None, dtype=x.dtype)
    layer(x.detach())
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return torch.func.functional_call(layer, parameters, (x,))

# %% mutant: ready-made under another name
# killed by test_no_ready_made_convolution
# La convolution toute faite, appelée par un nom composé à l'exécution.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    operation = getattr(torch.ops.aten, "con" + "volution")
    return operation(x, weight, bias, [stride], [padding], [dilation], False, [0], 1)

# %% mutant: ready-made transposed convolution
# killed by test_no_ready_made_convolution
# La convolution transposée de PyTorch est interdite aussi : avec un noyau retourné c'est une convolution.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    padded = F.pad(x, (padding, padding))
    full = F.conv_transpose1d(padded, weight.flip(2).transpose(0, 1), dilation=dilation)
    margin = dilation * (weight.shape[2] - 1)
    result = full[:, :, margin : full.shape[2] - margin : stride]
    return result if bias is None else result + bias[:, None]

# %% mutant: ready-made slice by slice
# killed by test_no_ready_made_convolution
# Seule la profondeur est parcourue à la main ; chaque tranche passe par la convolution toute faite.
from torch.nn.functional import conv2d as slice_by_slice

def conv3d(x, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    x = F.pad(x, (0, 0, 0, 0, pd, pd))
    maps = []
    for first in range(0, x.shape[2] - weight.shape[2] + 1, sd):
        parts = [
            slice_by_slice(x[:, :, first + r], weight[:, :, r], None, (sh, sw), (ph, pw)) for r in range(weight.shape[2])
        ]
        maps.append(torch.stack(parts).sum(0))
    result = torch.stack(maps, 2)
    return result if bias is None else result + bias[:, None, None, None]

# %% mutant: ready-made only where the kernel learns
# killed by test_no_ready_made_convolution
# La convolution toute faite ne sert que quand le noyau demande un gradient.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    if weight.requires_grad:
        return getattr(F, "con" + "v3d")(x, weight, bias, stride, padding)
    return solution(x, weight, bias, stride, padding)

# %% mutant: ready-made gradient
# killed by test_no_ready_made_convolution
# La passe avant est écrite à la main, mais le gradient du noyau est celui de PyTorch.
class Series(torch.autograd.Function):
    @staticmethod
    def forward(ctx, solution, x, weight, stride, padding, dilation):
        ctx.save_for_backward(x, weight)
        ctx.options = [stride], [padding], [dilation]
        return solution(x, weight, None, stride, padding, dilation)

    @staticmethod
    def backward(ctx, upstream):
        back = getattr(torch.ops.aten, "convolution" + "_backward")
        x, weight = ctx.saved_tensors
        grads = back(upstream.contiguous(), x, weight, None, *ctx.options, False, [0], 1, [True, True, False])
        return None, grads[0], grads[1], None, None, None

def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = Series.apply(solution, x, weight, stride, padding, dilation)
    return result if bias is None else result + bias[:, None]

# %% mutant: padding of one by default
# killed by test_two_arguments_are_enough
# Sans argument, le bord vaut 1 au lieu de 0.
def conv1d(x, weight, bias=None, stride=1, padding=1, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: same length by default
# killed by test_two_arguments_are_enough
# Sans argument, le bord est choisi pour garder la longueur de la série.
def conv1d(x, weight, bias=None, stride=1, padding=None, dilation=1, solution=conv1d):
    padding = weight.shape[2] // 2 if padding is None else padding
    return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: kernel flipped
# killed by test_two_arguments_are_enough
# Le noyau est retourné : c'est la convolution des mathématiciens, pas celle des réseaux de neurones.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight.flip(2), bias, stride, padding, dilation)

# %% mutant: first channel only
# killed by test_two_arguments_are_enough
# La somme sur les canaux d'entrée manque : seul le premier compte.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x[:, :1], weight[:, :1], bias, stride, padding, dilation)

# %% mutant: each channel of its own
# killed by test_two_arguments_are_enough
# Chaque sortie ne garde que la moyenne des canaux au lieu de leur somme.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, None, stride, padding, dilation) / x.shape[1]
    return result if bias is None else result + bias[:, None]

# %% mutant: time before channels
# killed by test_two_arguments_are_enough
# Le résultat est (N, T, O) au lieu de (N, O, T).
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, padding, dilation).transpose(1, 2)

# %% mutant: time before channels by reshape
# killed by test_two_arguments_are_enough
# reshape ne déplace pas les axes : canaux et instants se mélangent.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, bias, stride, padding, dilation)
    return result.transpose(1, 2).reshape(result.shape)

# %% mutant: last instant missing
# killed by test_two_arguments_are_enough
# La taille de sortie oublie le + 1 : il manque le dernier instant.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, padding, dilation)[:, :, :-1]

# %% mutant: first series for all
# killed by test_two_arguments_are_enough
# Toutes les sorties du lot sont calculées sur la première série.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x[:1].expand_as(x), weight, bias, stride, padding, dilation)

# %% mutant: causal
# killed by test_two_arguments_are_enough
# La série est prolongée vers le passé pour garder sa longueur, comme dans un réseau causal.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    past = dilation * (weight.shape[2] - 1)
    return solution(F.pad(x, (past, 0)), weight, bias, stride, padding, dilation)

# %% mutant: zeros
# killed by test_two_arguments_are_enough
# Le résultat a la bonne forme mais ne contient que des zéros.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return 0 * solution(x, weight, bias, stride, padding, dilation)

# %% mutant: bias omitted
# killed by test_each_output_channel_has_its_bias
# Le biais n'est pas ajouté.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, None, stride, padding, dilation)

# %% mutant: bias along time
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté le long du temps au lieu des canaux de sortie.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, None, stride, padding, dilation)
    if bias is None:
        return result
    return result + bias if result.shape[-1] == len(bias) else result + bias[:, None]

# %% mutant: bias without gradient
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté hors du graphe : son gradient n'arrive pas.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, None if bias is None else bias.data, stride, padding, dilation)

# %% mutant: truth of a bias
# killed by test_each_output_channel_has_its_bias
# « if bias » demande la vérité d'un tenseur : il faut « bias is not None ».
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, None, stride, padding, dilation)
    return result + bias[:, None] if bias else result

# %% mutant: stride not beyond the kernel
# killed by test_the_stride_skips_positions
# Le pas est limité à la taille du noyau.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, min(stride, weight.shape[2]), padding, dilation)

# %% mutant: stride ignored
# killed by test_the_stride_skips_positions
# Le pas n'est jamais lu.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, 1, padding, dilation)

# %% mutant: output size rounded up
# killed by test_the_stride_skips_positions
# La taille de sortie est arrondie vers le haut : la dernière fenêtre déborde sur des zéros.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    over = (x.shape[2] + 2 * padding - dilation * (weight.shape[2] - 1) - 1) % stride
    x = F.pad(x, (0, (stride - over) % stride))
    return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: padding not beyond the kernel
# killed by test_the_padding_is_zeros_on_both_sides
# Le bord est limité à la taille du noyau.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, min(padding, weight.shape[2]), dilation)

# %% mutant: padding after only
# killed by test_the_padding_is_zeros_on_both_sides
# Tout le bord est ajouté à la fin.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(F.pad(x, (0, 2 * padding)), weight, bias, stride, 0, dilation)

# %% mutant: padding on one side
# killed by test_the_padding_is_zeros_on_both_sides
# Le bord n'est ajouté qu'au début.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(F.pad(x, (padding, 0)), weight, bias, stride, 0, dilation)

# %% mutant: padding repeats the border
# killed by test_the_padding_is_zeros_on_both_sides
# Le bord répète le premier et le dernier instant au lieu d'être nul.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(F.pad(x, (padding, padding), mode="replicate"), weight, bias, stride, 0, dilation)

# %% mutant: dilation ignored
# killed by test_the_dilation_spreads_the_kernel
# La dilatation n'est jamais lue.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, padding)

# %% mutant: one zero between
# killed by test_the_dilation_spreads_the_kernel
# Un seul zéro est inséré entre les éléments du noyau, même quand la dilatation en demande plus.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    wide = dilation if stride > 1 else min(dilation, 2)
    return solution(x, weight, bias, stride, padding, wide)

# %% mutant: dilation of the series
# killed by test_the_dilation_spreads_the_kernel
# C'est la série qui est sous-échantillonnée, pas le noyau qui est écarté.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x[:, :, ::dilation], weight, bias, stride, padding)

# %% mutant: arguments in another order
# killed by test_all_options_together_by_position
# padding et dilation sont échangés dans la liste des arguments.
def conv1d(x, weight, bias=None, stride=1, dilation=1, padding=0, solution=conv1d):
    return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: dilation and stride confused where both are given
# killed by test_all_options_together_by_position
# Avec une dilatation, le pas avance en éléments du noyau au lieu d'instants.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride * dilation if stride > 1 else 1, padding, dilation)

# %% mutant: no graph unless the kernel needs it
# killed by test_the_gradient_reaches_the_series
# Le graphe n'est gardé que si le noyau exige un gradient : un noyau figé coupe le gradient de la série.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    with torch.set_grad_enabled(weight.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: series detached
# killed by test_the_gradient_reaches_the_series
# La série est détachée du graphe : les couches précédentes n'apprennent plus.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x.detach(), weight, bias, stride, padding, dilation)

# %% mutant: no graph unless the series needs it
# killed by test_the_gradient_reaches_the_kernel
# Le graphe n'est gardé que si la série exige un gradient : la première couche n'apprend pas.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    with torch.set_grad_enabled(x.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: everything in NumPy
# killed by test_the_gradient_reaches_the_kernel
# Le calcul passe tout entier par NumPy : aucun gradient ne remonte.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (padding, padding)))
    reach = dilation * (weight.shape[2] - 1) + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, 2)[:, :, ::stride, ::dilation]
    result = torch.from_numpy(np.einsum("nctu,ocu->not", windows, weight.detach().numpy()))
    return result if bias is None else result + bias[:, None]

# %% mutant: padding of one by default in volumes
# killed by test_volumes_need_two_arguments
# Sans argument, le bord vaut 1 au lieu de 0.
def conv3d(x, weight, bias=None, stride=1, padding=1, solution=conv3d):
    return solution(x, weight, bias, stride, padding)

# %% mutant: solid kernel flipped
# killed by test_volumes_need_two_arguments
# Le noyau est retourné : c'est la convolution des mathématiciens, pas celle des réseaux de neurones.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight.flip(2, 3, 4), bias, stride, padding)

# %% mutant: depth flipped
# killed by test_volumes_need_two_arguments
# Le noyau est retourné le long de la profondeur seulement.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight.flip(2), bias, stride, padding)

# %% mutant: mean over the depth
# killed by test_volumes_need_two_arguments
# Les tranches du noyau sont moyennées au lieu d'être additionnées.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    result = solution(x, weight, None, stride, padding) / weight.shape[2]
    return result if bias is None else result + bias[:, None, None, None]

# %% mutant: first slice of the kernel only
# killed by test_volumes_need_two_arguments
# Seule la première tranche du noyau est lue.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    first = torch.zeros_like(weight)
    first[:, :, 0] = 1
    return solution(x, weight * first, bias, stride, padding)

# %% mutant: axes of the kernel in another order
# killed by test_volumes_need_two_arguments
# Le noyau est lu (lignes, colonnes, profondeur) au lieu de (profondeur, lignes, colonnes).
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    mixed = weight.permute(0, 1, 3, 4, 2).reshape(weight.shape)
    return solution(x, mixed, bias, stride, padding)

# %% mutant: first channel only in volumes
# killed by test_volumes_need_two_arguments
# La somme sur les canaux d'entrée manque : seul le premier compte.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x[:, :1], weight[:, :1], bias, stride, padding)

# %% mutant: zeros in volumes
# killed by test_volumes_need_two_arguments
# Le résultat a la bonne forme mais ne contient que des zéros.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return 0 * solution(x, weight, bias, stride, padding)

# %% mutant: bias omitted in volumes
# killed by test_volumes_have_a_bias
# Le biais n'est pas ajouté.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight, None, stride, padding)

# %% mutant: bias without gradient in volumes
# killed by test_volumes_have_a_bias
# Le biais est ajouté hors du graphe : son gradient n'arrive pas.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight, None if bias is None else bias.detach(), stride, padding)

# %% mutant: bias along the columns
# killed by test_volumes_have_a_bias
# Le biais est ajouté le long des colonnes au lieu des canaux de sortie.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    result = solution(x, weight, None, stride, padding)
    if bias is None:
        return result
    return result + bias if result.shape[-1] == len(bias) else result + bias[:, None, None, None]

# %% mutant: bias once a slice of the kernel
# killed by test_volumes_have_a_bias
# Le biais est ajouté à chaque tranche du noyau au lieu d'une fois en tout.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    result = solution(x, weight, None, stride, padding)
    return result if bias is None else result + weight.shape[2] * bias[:, None, None, None]

# %% mutant: stride not beyond the kernel in volumes
# killed by test_volumes_have_strides_and_padding
# Le pas est limité à la taille du noyau.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    if isinstance(stride, int):
        stride = tuple(min(stride, k) for k in weight.shape[2:])
    return solution(x, weight, bias, stride, padding)

# %% mutant: padding not beyond the kernel in volumes
# killed by test_volumes_have_strides_and_padding
# Le bord est limité à la taille du noyau.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    if isinstance(padding, int):
        padding = tuple(min(padding, k) for k in weight.shape[2:])
    return solution(x, weight, bias, stride, padding)

# %% mutant: integers for rows and columns only
# killed by test_volumes_have_strides_and_padding
# Un entier ne vaut que pour les lignes et les colonnes, comme pour une image.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    stride = (1, stride, stride) if isinstance(stride, int) else stride
    padding = (0, padding, padding) if isinstance(padding, int) else padding
    return solution(x, weight, bias, stride, padding)

# %% mutant: volume rounded up
# killed by test_volumes_have_strides_and_padding
# La taille de sortie est arrondie vers le haut : la dernière fenêtre déborde sur des zéros.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    sizes = zip(x.shape[2:], (pd, ph, pw), weight.shape[2:], (sd, sh, sw))
    d, h, w = ((s - (n + 2 * p - k) % s) % s for n, p, k, s in sizes)
    return solution(F.pad(x, (0, w, 0, h, 0, d)), weight, bias, stride, padding)

# %% mutant: one kind of argument for all
# killed by test_integers_and_triples_can_be_mixed
# Le type de stride décide aussi de celui de padding.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    if isinstance(stride, tuple) != isinstance(padding, tuple) and (stride, padding) != (1, 0):
        if not (isinstance(stride, int) and isinstance(padding, int)):
            raise TypeError("stride et padding doivent être de même nature")
    return solution(x, weight, bias, stride, padding)

# %% mutant: integers only
# killed by test_integers_and_triples_can_be_mixed
# Les options données comme triplets ne sont pas comprises.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight, bias, int(stride), int(padding))

# %% mutant: padding from the last axis
# killed by test_integers_and_triples_can_be_mixed
# F.pad commence par le dernier axe : les bords de la profondeur et des colonnes sont échangés.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    return solution(F.pad(x, (pd, pd, ph, ph, pw, pw)), weight, bias, stride, 0)

# %% mutant: strides from the last axis
# killed by test_integers_and_triples_can_be_mixed
# Les pas sont lus des colonnes vers la profondeur.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight, bias, stride if isinstance(stride, int) else stride[::-1], padding)

# %% mutant: arguments of volumes in another order
# killed by test_all_options_of_volumes_by_position
# stride et padding sont échangés dans la liste des arguments.
def conv3d(x, weight, bias=None, padding=0, stride=1, solution=conv3d):
    return solution(x, weight, bias, stride, padding)

# %% mutant: no graph unless the solid kernel needs it
# killed by test_the_gradient_reaches_the_volume
# Le graphe n'est gardé que si le noyau exige un gradient : un noyau figé coupe le gradient du volume.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    with torch.set_grad_enabled(weight.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding)

# %% mutant: no graph unless the volume needs it
# killed by test_the_gradient_reaches_the_solid_kernel
# Le graphe n'est gardé que si le volume exige un gradient : la première couche n'apprend pas.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    with torch.set_grad_enabled(x.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding)

# %% mutant: solid kernel copied into a buffer outside of the graph
# killed by test_the_gradient_reaches_the_solid_kernel
# Le noyau est recopié par .data : son gradient n'arrive pas.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    copied = torch.zeros_like(weight)
    copied += weight.data
    return solution(x, copied, bias, stride, padding)

# %% mutant: axes of size one squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    return solution(x, weight, bias, stride, padding, dilation).squeeze()

# %% mutant: axes of size one squeezed in volumes
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    return solution(x, weight, bias, stride, padding).squeeze()

# %% mutant: kernel as long as the series refused
# killed by test_axes_of_size_one_are_kept
# Un noyau aussi long que la série est refusé, alors qu'il a une position.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    if x.shape[2] + 2 * padding <= weight.shape[2]:
        raise ValueError("noyau trop long")
    return solution(x, weight, bias, stride, padding, dilation)

# %% mutant: intermediate tensors always in float64
# killed by test_float32_is_as_good
# La série bordée est créée en float64, quel que soit le type de x.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    padded = torch.zeros(*x.shape[:2], x.shape[2] + 2 * padding, dtype=torch.float64)
    padded[:, :, padding : padding + x.shape[2]] = x
    return solution(padded, weight, bias, stride, 0, dilation)

# %% mutant: half precision inside
# killed by test_float32_is_as_good
# Le calcul passe par bfloat16 quand x est en float32 : il ne reste que trois chiffres.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    if x.dtype == torch.float32:
        x, weight = x.bfloat16().float(), weight.bfloat16().float()
    return solution(x, weight, bias, stride, padding)

# %% mutant: view of a permuted kernel
# killed by test_the_layout_in_memory_does_not_matter
# view échoue sur un noyau non contigu : reshape copie si nécessaire.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    flat = weight.view(len(weight), -1)
    return solution(x, flat.view(weight.shape), bias, stride, padding)

# %% mutant: strides of a contiguous series assumed
# killed by test_the_layout_in_memory_does_not_matter
# as_strided lit la mémoire comme si la série y était rangée instant par instant.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    n, c, t = x.shape
    same = x.as_strided((n, c, t), (c * t, t, 1))
    return solution(same, weight, bias, stride, padding, dilation)

# %% mutant: kernel flipped in place
# killed by test_the_inputs_are_not_modified
# Le noyau de l'appelant est retourné sur place.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, bias, stride, padding, dilation)
    if not result.requires_grad:
        weight.copy_(weight.flip(2))
    return result

# %% mutant: volume wiped after use
# killed by test_the_inputs_are_not_modified
# Le volume de l'appelant est remis à zéro une fois lu.
def conv3d(x, weight, bias=None, stride=1, padding=0, solution=conv3d):
    result = solution(x, weight, bias, stride, padding)
    if not result.requires_grad:
        x.zero_()
    return result

# %% mutant: bias reshaped in place
# killed by test_the_inputs_are_not_modified
# unsqueeze_ change la forme du biais de l'appelant ; unsqueeze, sans _, en donne une vue.
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, solution=conv1d):
    result = solution(x, weight, None, stride, padding, dilation)
    return result if bias is None else result + bias.unsqueeze_(-1)

# %% accepted: one output element at a time
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    x = F.pad(x, [padding, padding])
    span = dilation * (weight.shape[2] - 1) + 1
    steps = []
    for first in range(0, x.shape[2] - span + 1, stride):
        window = x[:, :, first : first + span : dilation]
        steps.append(torch.tensordot(window, weight, ([1, 2], [1, 2])))
    result = torch.stack(steps, dim=-1)
    if bias is not None:
        result += bias.view(1, -1, 1)
    return result

def conv3d(x, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    kd, kh, kw = weight.shape[2:]
    x = F.pad(x, [pw, pw, ph, ph, pd, pd])
    depths = []
    for i in range(0, x.shape[2] - kd + 1, sd):
        rows = []
        for j in range(0, x.shape[3] - kh + 1, sh):
            cells = []
            for k in range(0, x.shape[4] - kw + 1, sw):
                window = x[:, None, :, i : i + kd, j : j + kh, k : k + kw]
                cells.append((window * weight).sum(dim=(2, 3, 4, 5)))
            rows.append(torch.stack(cells, -1))
        depths.append(torch.stack(rows, -2))
    result = torch.stack(depths, -3)
    return result if bias is None else result + bias[None, :, None, None, None]

# %% accepted: a loop over the kernel, accumulated in place
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    n, c, t = x.shape
    o, _, k = weight.shape
    length = (t + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    padded = x.new_zeros(n, c, t + 2 * padding)
    padded[:, :, padding : padding + t] = x
    result = x.new_zeros(n, o, length)
    for u in range(k):
        seen = padded[:, :, u * dilation : u * dilation + stride * (length - 1) + 1 : stride]
        result += torch.einsum("nct,oc->not", seen, weight[:, :, u])
    return result if bias is None else result + bias[:, None]

# %% accepted: an image of one row and F.unfold
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    columns = F.unfold(x[:, :, None], (1, weight.shape[2]), (1, dilation), (0, padding), (1, stride))
    result = weight.flatten(1) @ columns
    return result if bias is None else result + bias[:, None]

def planes(x, weight, stride, padding):
    height = (x.shape[2] + 2 * padding[0] - weight.shape[2]) // stride[0] + 1
    columns = nn.Unfold(weight.shape[2:], padding=padding, stride=stride)(x)
    return (weight.flatten(1) @ columns).unflatten(2, (height, -1))

def conv3d(x, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    slices = F.pad(x, (0, 0, 0, 0, pd, pd)).unbind(2)
    depth = (len(slices) - weight.shape[2]) // sd + 1
    maps = [
        sum(planes(slices[sd * i + r], kernel, (sh, sw), (ph, pw)) for r, kernel in enumerate(weight.unbind(2)))
        for i in range(depth)
    ]
    result = torch.stack(maps, 2)
    return result if bias is None else result + bias.reshape(-1, 1, 1, 1)

# %% accepted: Fourier
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    x = F.pad(x, (padding, padding))
    k, t = weight.shape[2], x.shape[2]
    spread = weight.new_zeros(*weight.shape[:2], dilation * (k - 1) + 1)
    spread[:, :, ::dilation] = weight
    product = torch.einsum("ncf,ocf->nof", torch.fft.rfft(x), torch.fft.rfft(spread, t).conj())
    result = torch.fft.irfft(product, t)[:, :, : t - spread.shape[2] + 1 : stride]
    return result if bias is None else result + bias[None, :, None]

def conv3d(x, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    x = F.pad(x, (pw, pw, ph, ph, pd, pd))
    size, axes = x.shape[2:], (2, 3, 4)
    product = torch.einsum("ncdhw,ocdhw->nodhw", torch.fft.fftn(x, dim=axes), torch.fft.fftn(weight, size, axes).conj())
    full = torch.fft.ifftn(product, dim=axes).real
    d, h, w = (n - k + 1 for n, k in zip(size, weight.shape[2:]))
    result = full[:, :, :d:sd, :h:sh, :w:sw]
    return result if bias is None else result + bias[:, None, None, None]

# %% accepted: a Toeplitz matrix
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    n, c, t = x.shape
    k = weight.shape[2]
    length = (t + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    source = stride * torch.arange(length)[:, None] + dilation * torch.arange(k) - padding
    hits = (source[..., None] == torch.arange(t)).to(x.dtype)
    result = torch.einsum("ocu,lut,nct->nol", weight, hits, x)
    return result if bias is None else result + bias[:, None]

# %% accepted: an index of windows
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    x = F.pad(x, (padding, padding))
    reach = dilation * (weight.size(2) - 1) + 1
    index = torch.arange(0, x.size(2) - reach + 1, stride)[:, None] + dilation * torch.arange(weight.size(2))
    windows = x[:, :, index].transpose(1, 2).flatten(2)
    return F.linear(windows, weight.flatten(1), bias).transpose(1, 2)

def conv3d(x, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = ((s, s, s) if isinstance(s, int) else s for s in (stride, padding))
    x = F.pad(x, (pw, pw, ph, ph, pd, pd))
    indices = [
        torch.arange(0, n - k + 1, s)[:, None] + torch.arange(k) for n, k, s in zip(x.shape[2:], weight.shape[2:], (sd, sh, sw))
    ]
    windows = x.index_select(2, indices[0].flatten()).unflatten(2, indices[0].shape)
    windows = windows.index_select(4, indices[1].flatten()).unflatten(4, indices[1].shape)
    windows = windows.index_select(6, indices[2].flatten()).unflatten(6, indices[2].shape)
    result = torch.einsum("ncdrhuwv,ocruv->nodhw", windows, weight)
    return result if bias is None else result + bias[:, None, None, None]

# %% accepted: a series is a flat volume
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    spread = weight.new_zeros(*weight.shape[:2], dilation * (weight.shape[2] - 1) + 1)
    spread[:, :, ::dilation] = weight
    return conv3d(x[:, :, None, None], spread[:, :, None, None], bias, (1, 1, stride), (0, 0, padding))[:, :, 0, 0]

# %% accepted: a function of one's own for any number of axes
def convolve(x, weight, bias, stride, padding, dilation):
    axes = x.ndim - 2
    x = F.pad(x, [p for size in reversed(padding) for p in (size, size)])
    for axis, (k, s, d) in enumerate(zip(weight.shape[2:], stride, dilation)):
        x = x.unfold(2 + axis, d * (k - 1) + 1, s)[..., ::d]
    inner = [1, *range(x.ndim - axes, x.ndim)]
    result = torch.tensordot(x, weight, (inner, list(range(1, weight.ndim)))).movedim(-1, 1)
    return result if bias is None else result + bias.reshape(-1, *[1] * axes)

def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return convolve(x, weight, bias, [stride], [padding], [dilation])

def conv3d(x, weight, bias=None, stride=1, padding=0):
    stride, padding = (list(s) if hasattr(s, "__iter__") else [s] * 3 for s in (stride, padding))
    return convolve(x, weight, bias, stride, padding, [1, 1, 1])

# %% accepted: an autograd function with a gradient by hand
class Correlation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride, padding, dilation):
        x = F.pad(x, (padding, padding))
        k = weight.shape[2]
        length = (x.shape[2] - dilation * (k - 1) - 1) // stride + 1
        ctx.slices = [slice(dilation * u, dilation * u + stride * (length - 1) + 1, stride) for u in range(k)]
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return sum(torch.einsum("nct,oc->not", x[:, :, s], weight[:, :, u]) for u, s in enumerate(ctx.slices))

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        grad_x, grad_weight = torch.zeros_like(x), torch.zeros_like(weight)
        for u, s in enumerate(ctx.slices):
            grad_x[:, :, s] += torch.einsum("not,oc->nct", upstream, weight[:, :, u])
            grad_weight[:, :, u] = torch.einsum("not,nct->oc", upstream, x[:, :, s])
        return grad_x[:, :, ctx.padding : x.shape[2] - ctx.padding], grad_weight, None, None, None

def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    result = Correlation.apply(x, weight, stride, padding, dilation)
    return result if bias is None else result + bias[:, None]

# %% accepted: compared with the ready-made ones below
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, mine=conv1d):
    return mine(x, weight, bias, stride, padding, dilation)

series, kernel = torch.randn(2, 3, 9), torch.randn(4, 3, 2)
assert torch.allclose(conv1d(series, kernel, stride=2), F.conv1d(series, kernel, stride=2), atol=1e-4)
