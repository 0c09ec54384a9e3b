# %% mutant: ready-made function
# killed by test_no_ready_made_convolution
# La convolution toute faite de PyTorch est interdite dans cet exercice.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: ready-made module
# killed by test_no_ready_made_convolution
# nn.Conv2d est la convolution toute faite, sous forme de module.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    layer = nn.Conv2d(x.shape[1], len(weight), weight.shape[2:], stride, padding, dilation, groups, bias is not None)
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return torch.func.functional_call(layer, parameters, (x,))

# %% mutant: ready-made under another name
# killed by test_no_ready_made_convolution
# La convolution toute faite, appelée par un nom composé à l'exécution.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return getattr(torch, "con" + "v2d")(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: ready-made in three dimensions
# killed by test_no_ready_made_convolution
# La convolution à trois dimensions de PyTorch fait ici le travail de celle à deux.
from torch.nn.functional import conv3d as volume

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    def triple(size, along):
        return (along, size, size) if isinstance(size, int) else (along, *size)
    out = volume(
        x[:, :, None], weight[:, :, None], bias, triple(stride, 1), triple(padding, 0), triple(dilation, 1), groups
    )
    return out[:, :, 0]

# %% mutant: ready-made transposed convolution
# killed by test_no_ready_made_convolution
# La convolution transposée de PyTorch est interdite aussi ; son gradient est une convolution.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    x = F.pad(x, (pw, pw, ph, ph))
    flipped = weight.flip(2, 3).unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
    full = F.conv_transpose2d(x, flipped, dilation=(dh, dw), groups=groups)
    mh, mw = dh * (weight.shape[2] - 1), dw * (weight.shape[3] - 1)
    out = full[:, :, mh : full.shape[2] - mh : sh, mw : full.shape[3] - mw : sw]
    return out if bias is None else out + bias[:, None, None]

# %% mutant: ready-made only for groups
# killed by test_no_ready_made_convolution
# La convolution toute faite sert encore dans un des cas.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if groups > 1:
        return getattr(F, "".join(["conv", "2d"]))(x, weight, bias, stride, padding, dilation, groups)
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    kh, kw = weight.shape[2:]
    height = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = F.unfold(x, (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    out = (weight.flatten(1) @ columns).unflatten(2, (height, -1))
    return out if bias is None else out + bias[:, None, None]

# %% mutant: ready-made gradient
# killed by test_no_ready_made_convolution
# La passe avant est écrite à la main, mais la rétropropagation est celle de PyTorch.
class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.options = stride, padding, dilation, groups
        columns = F.unfold(x, weight.shape[2:], dilation, padding, stride).unflatten(1, (groups, -1))
        height = (x.shape[2] + 2 * padding[0] - dilation[0] * (weight.shape[2] - 1) - 1) // stride[0] + 1
        rows = weight.flatten(1).unflatten(0, (groups, -1))
        return (rows @ columns).flatten(1, 2).unflatten(2, (height, -1))

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        backward = getattr(torch.ops.aten, "con" + "volution_backward")
        stride, padding, dilation, groups = ctx.options
        grads = backward(
            upstream.contiguous(), x, weight, None, stride, padding, dilation, False, (0, 0), groups,
            (True, True, False),
        )
        return grads[0], grads[1], None, None, None, None

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sizes = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    out = Product.apply(x, weight, *sizes, groups)
    return out if bias is None else out + bias[:, None, None]

# %% mutant: ready-made inside an operation of one's own
# killed by test_no_ready_made_convolution
# Une opération ajoutée à torch cache la convolution toute faite.
import uuid

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sizes = [(s, s) if isinstance(s, int) else s for s in (stride, padding, dilation)]

    def hidden(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return getattr(F, "con" + "v2d")(a, b, None, *sizes, groups)

    operation = torch.library.custom_op(f"mine::f{uuid.uuid4().hex}", hidden, mutates_args=())
    out = operation(x, weight)
    return out if bias is None else out + bias[:, None, None]

# %% mutant: padding of one by default
# killed by test_two_arguments_are_enough
# Sans argument, le bord vaut 1 au lieu de 0.
def conv2d(x, weight, bias=None, stride=1, padding=1, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: same size by default
# killed by test_two_arguments_are_enough
# Sans argument, le bord est choisi pour garder la taille de l'image.
def conv2d(x, weight, bias=None, stride=1, padding=None, dilation=1, groups=1, solution=conv2d):
    if padding is None:
        padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: kernel flipped
# killed by test_two_arguments_are_enough
# Le noyau est retourné : c'est la convolution des mathématiciens, pas celle des réseaux de neurones.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight.flip(2, 3), bias, stride, padding, dilation, groups)

# %% mutant: kernel transposed
# killed by test_two_arguments_are_enough
# Le noyau est lu colonne par colonne : lignes et colonnes sont échangées.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    mixed = weight.transpose(2, 3).reshape(weight.shape)
    return solution(x, mixed, bias, stride, padding, dilation, groups)

# %% mutant: first channel only
# killed by test_two_arguments_are_enough
# La somme sur les canaux d'entrée manque : seul le premier compte.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    mask = torch.zeros(weight.shape[1], 1, 1, dtype=weight.dtype)
    mask[0] = 1
    return solution(x, weight * mask, bias, stride, padding, dilation, groups)

# %% mutant: mean over the window
# killed by test_two_arguments_are_enough
# La somme sur la fenêtre est remplacée par une moyenne.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, None, stride, padding, dilation, groups) / weight[0].numel()
    return out if bias is None else out + bias[:, None, None]

# %% mutant: positions column by column
# killed by test_two_arguments_are_enough
# Les positions de sortie sont rangées colonne par colonne au lieu de ligne par ligne.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, bias, stride, padding, dilation, groups)
    return out.transpose(2, 3).reshape(out.shape)

# %% mutant: first image for all
# killed by test_two_arguments_are_enough
# Toutes les sorties du lot sont calculées sur la première image.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x[:1].expand_as(x), weight, bias, stride, padding, dilation, groups)

# %% mutant: last row and column missing
# killed by test_two_arguments_are_enough
# La taille de sortie oublie le + 1 : il manque une ligne et une colonne.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, groups)[:, :, :-1, :-1]

# %% mutant: zeros
# killed by test_two_arguments_are_enough
# Le résultat a la bonne forme mais ne contient que des zéros.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return 0 * solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: bias omitted
# killed by test_each_output_channel_has_its_bias
# Le biais n'est pas ajouté.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, None, stride, padding, dilation, groups)

# %% mutant: bias along the columns
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté le long des colonnes de l'image au lieu des canaux de sortie.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, None, stride, padding, dilation, groups)
    if bias is None:
        return out
    return out + bias if out.shape[-1] == len(bias) else out + bias[:, None, None]

# %% mutant: bias added for each input channel
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté une fois par canal d'entrée au lieu d'une fois en tout.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, None, stride, padding, dilation, groups)
    return out if bias is None else out + weight.shape[1] * bias[:, None, None]

# %% mutant: bias without gradient
# killed by test_each_output_channel_has_its_bias
# Le biais est ajouté hors du graphe : son gradient n'arrive pas.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, None if bias is None else bias.data, stride, padding, dilation, groups)

# %% mutant: stride not beyond the kernel
# killed by test_the_stride_skips_positions
# Le pas est limité à la taille du noyau, pour ne sauter aucun pixel.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    if isinstance(stride, int):
        stride = (min(stride, weight.shape[2]), min(stride, weight.shape[3]))
    elif stride[0] > weight.shape[2]:
        stride = (weight.shape[2], stride[1])
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: stride for rows only
# killed by test_the_stride_skips_positions
# Un pas donné comme entier n'est appliqué qu'aux lignes.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    stride = (stride, 1) if isinstance(stride, int) else stride
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: stride of rows and columns swapped
# killed by test_all_options_together_by_position
# Les pas des lignes et des colonnes sont échangés.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    stride = stride if isinstance(stride, int) else stride[::-1]
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: output size rounded up
# killed by test_the_stride_skips_positions
# La taille de sortie est arrondie vers le haut : la dernière fenêtre déborde sur des zéros.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    over_h = (x.shape[2] + 2 * ph - dh * (weight.shape[2] - 1) - 1) % sh
    over_w = (x.shape[3] + 2 * pw - dw * (weight.shape[3] - 1) - 1) % sw
    x = F.pad(x, (0, (sw - over_w) % sw, 0, (sh - over_h) % sh))
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: padding below the size of the kernel
# killed by test_the_padding_is_zeros_on_four_sides
# Le bord est limité à la taille du noyau moins un.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    reach = (weight.shape[2] - 1, weight.shape[3] - 1)
    return solution(x, weight, bias, stride, (min(ph, reach[0]), min(pw, reach[1])), dilation, groups)

# %% mutant: padding by reflection
# killed by test_the_padding_is_zeros_on_four_sides
# Le bord répète l'image comme dans un miroir au lieu d'être nul.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    mode = "reflect" if ph < x.shape[2] and pw < x.shape[3] else "replicate"
    return solution(F.pad(x, (pw, pw, ph, ph), mode=mode), weight, bias, stride, 0, dilation, groups)

# %% mutant: circular padding
# killed by test_the_padding_is_zeros_on_four_sides
# Le bord est circulaire : le haut de l'image touche le bas.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    rows = torch.arange(-ph, x.shape[2] + ph) % x.shape[2]
    columns = torch.arange(-pw, x.shape[3] + pw) % x.shape[3]
    return solution(x[:, :, rows][..., columns], weight, bias, stride, 0, dilation, groups)

# %% mutant: padding after only
# killed by test_the_padding_is_zeros_on_four_sides
# Tout le bord est ajouté en bas et à droite.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return solution(F.pad(x, (0, 2 * pw, 0, 2 * ph)), weight, bias, stride, 0, dilation, groups)

# %% mutant: padding of rows and columns swapped
# killed by test_integers_and_pairs_can_be_mixed
# F.pad commence par les colonnes : les bords des lignes et des colonnes sont échangés.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    return solution(F.pad(x, (ph, ph, pw, pw)), weight, bias, stride, 0, dilation, groups)

# %% mutant: dilation for rows only
# killed by test_the_dilation_spreads_the_kernel
# La dilatation des colonnes est oubliée.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    dilation = (dilation if isinstance(dilation, int) else dilation[0], 1)
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: dilation ignored
# killed by test_the_dilation_spreads_the_kernel
# La dilatation n'est jamais lue.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, 1, groups)

# %% mutant: one zero between
# killed by test_the_dilation_spreads_the_kernel
# Un seul zéro est inséré entre les éléments du noyau, même quand la dilatation en demande plus.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    return solution(x, weight, bias, stride, padding, (min(dh, 2), min(dw, 2)), groups)

# %% mutant: depthwise with one output a channel
# killed by test_groups_see_their_own_channels
# Quand chaque groupe n'a qu'un canal, une seule sortie par canal est prévue.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    if groups > 1 and groups == x.shape[1]:
        parts = [solution(x[:, c : c + 1], weight[c : c + 1], None, stride, padding, dilation) for c in range(groups)]
        out = torch.cat(parts, 1)
        return out if bias is None else out + bias[:, None, None]
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: groups ignored
# killed by test_groups_see_their_own_channels
# groups n'est jamais lu : tous les canaux d'entrée sont supposés présents dans le noyau.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, 1)

# %% mutant: groups interleaved
# killed by test_groups_see_their_own_channels
# Les canaux de sortie des groupes sont entrelacés au lieu de se suivre.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, None, stride, padding, dilation, groups)
    out = out.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]

# %% mutant: two groups at most
# killed by test_groups_see_their_own_channels
# Le code ne prévoit que deux groupes.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    if groups == 1:
        return solution(x, weight, bias, stride, padding, dilation)
    low, high = x.chunk(2, 1)
    first, second = weight.chunk(2, 0)
    out = torch.cat([solution(low, first, None, stride, padding, dilation), solution(high, second, None, stride, padding, dilation)], 1)
    return out if bias is None else out + bias[:, None, None]

# %% mutant: one kind of argument for all
# killed by test_integers_and_pairs_can_be_mixed
# Le type de stride seul décide si toutes les options sont des couples.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    if isinstance(stride, tuple):
        (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    else:
        sh, sw, ph, pw, dh, dw = stride, stride, padding, padding, dilation, dilation
        if not all(isinstance(size, int) for size in (padding, dilation)):
            raise TypeError("stride, padding et dilation doivent être de même nature")
    return solution(x, weight, bias, (sh, sw), (ph, pw), (dh, dw), groups)

# %% mutant: integers only
# killed by test_integers_and_pairs_can_be_mixed
# Les options données comme couples ne sont pas comprises.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, int(stride), int(padding), int(dilation), groups)

# %% mutant: arguments in another order
# killed by test_all_options_together_by_position
# padding et dilation sont échangés dans la liste des arguments.
def conv2d(x, weight, bias=None, stride=1, dilation=1, padding=0, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: axes of size one squeezed
# killed by test_axes_of_size_one_are_kept
# squeeze() fait disparaître les axes de taille 1.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, groups).squeeze()

# %% mutant: kernel as large as the image refused
# killed by test_axes_of_size_one_are_kept
# Un noyau aussi grand que l'image est refusé, alors qu'il donne une sortie d'un pixel.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    if x.shape[2] + 2 * ph <= weight.shape[2] or x.shape[3] + 2 * pw <= weight.shape[3]:
        raise ValueError("noyau trop grand")
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: intermediate tensors always in float64
# killed by test_float32_is_as_good
# Le tenseur bordé est créé en float64, quel que soit le type de x.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    padded = torch.zeros(*x.shape[:2], x.shape[2] + 2 * ph, x.shape[3] + 2 * pw, dtype=torch.float64)
    padded[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]] = x
    return solution(padded, weight, bias, stride, 0, dilation, groups)

# %% mutant: half precision inside
# killed by test_float32_is_as_good
# Le calcul passe par float16 quand x est en float32 : il ne reste que trois chiffres.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    if x.dtype == torch.float32:
        x, weight = x.half().float(), weight.half().float()
    return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: result always in float32
# killed by test_two_arguments_are_enough
# Le tenseur de sortie est créé en float32 : la précision de float64 est perdue.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x, weight, bias, stride, padding, dilation, groups).float()

# %% mutant: view of a permuted tensor
# killed by test_the_layout_in_memory_does_not_matter
# view échoue sur un tenseur non contigu : reshape copie si nécessaire.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    n, o, (kh, kw) = len(x), len(weight), weight.shape[2:]
    height = (x.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    width = (x.shape[3] + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    columns = F.unfold(x, (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    columns = columns.view(n, groups, -1, columns.shape[-1])
    out = (weight.view(groups, o // groups, -1) @ columns).view(n, o, height, width)
    return out if bias is None else out + bias.view(1, -1, 1, 1)

# %% mutant: strides of a contiguous image assumed
# killed by test_the_layout_in_memory_does_not_matter
# as_strided lit la mémoire comme si l'image y était rangée ligne par ligne.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    n, c, h, w = x.shape
    same = x.as_strided((n, c, h, w), (c * h * w, h * w, w, 1))
    return solution(same, weight, bias, stride, padding, dilation, groups)

# %% mutant: kernel flipped in place
# killed by test_the_inputs_are_not_modified
# Le noyau de l'appelant est retourné sur place.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, bias, stride, padding, dilation, groups)
    if not out.requires_grad:
        weight.copy_(weight.flip(2, 3))
    return out

# %% mutant: bias reshaped in place
# killed by test_the_inputs_are_not_modified
# unsqueeze_ change la forme du biais de l'appelant ; unsqueeze, sans _, en donne une vue.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, None, stride, padding, dilation, groups)
    return out if bias is None else out + bias.unsqueeze_(-1).unsqueeze_(-1)

# %% mutant: image wiped after use
# killed by test_the_inputs_are_not_modified
# L'image de l'appelant est remise à zéro une fois lue.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    out = solution(x, weight, bias, stride, padding, dilation, groups)
    if not out.requires_grad:
        x.zero_()
    return out

# %% mutant: no graph unless the kernel needs it
# killed by test_the_gradient_reaches_the_image
# Le graphe n'est gardé que si le noyau exige un gradient : un noyau figé coupe le gradient de l'image.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    with torch.set_grad_enabled(weight.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: image detached
# killed by test_the_gradient_reaches_the_image
# L'image est détachée du graphe : les couches précédentes n'apprennent plus.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return solution(x.detach(), weight, bias, stride, padding, dilation, groups)

# %% mutant: no graph unless the image needs it
# killed by test_the_gradient_reaches_the_kernel
# Le graphe n'est gardé que si l'image exige un gradient : la première couche n'apprend pas.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    with torch.set_grad_enabled(x.requires_grad or (bias is not None and bias.requires_grad)):
        return solution(x, weight, bias, stride, padding, dilation, groups)

# %% mutant: kernel through NumPy
# killed by test_the_gradient_reaches_the_kernel
# Le noyau passe par NumPy, qui n'a pas de gradient.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    copied = torch.from_numpy(np.array(weight.tolist())).to(weight.dtype)
    return solution(x, copied, bias, stride, padding, dilation, groups)

# %% mutant: everything in NumPy
# killed by test_the_gradient_reaches_the_kernel
# Le calcul passe tout entier par NumPy : aucun gradient ne remonte.
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    padded = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    kernels = weight.detach().numpy()
    o, c, kh, kw = kernels.shape
    windows = np.lib.stride_tricks.sliding_window_view(padded, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), (2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    parts = [
        np.einsum("nchwuv,ocuv->nohw", windows[:, g * c : (g + 1) * c], kernels[g * o // groups : (g + 1) * o // groups])
        for g in range(groups)
    ]
    out = torch.from_numpy(np.concatenate(parts, 1).copy())
    return out if bias is None else out + bias[:, None, None]

# %% mutant: backward without options
# killed by test_gradients_with_all_options
# La rétropropagation écrite à la main oublie la dilatation et les groupes.
class HandWritten(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.options = stride, padding, dilation
        columns = F.unfold(x, weight.shape[2:], dilation, padding, stride).unflatten(1, (groups, -1))
        height = (x.shape[2] + 2 * padding[0] - dilation[0] * (weight.shape[2] - 1) - 1) // stride[0] + 1
        rows = weight.flatten(1).unflatten(0, (groups, -1))
        return (rows @ columns).flatten(1, 2).unflatten(2, (height, -1))

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.options
        if dilation != (1, 1) or weight.shape[1] != x.shape[1]:
            return torch.ones_like(x), torch.ones_like(weight), None, None, None, None
        up = upstream.flatten(2)
        columns = F.unfold(x, weight.shape[2:], 1, padding, stride)
        back = F.fold(weight.flatten(1).T @ up, x.shape[2:], weight.shape[2:], 1, padding, stride)
        return back, (up @ columns.transpose(1, 2)).sum(0).view_as(weight), None, None, None, None

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sizes = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    out = HandWritten.apply(x, weight, *sizes, groups)
    return out if bias is None else out + bias[:, None, None]

# %% accepted: seven loops' worth of sums, one output pixel at a time
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = [(s, s) if isinstance(s, int) else s for s in (stride, padding, dilation)]
    n, c, h, w = x.shape
    o, per, kh, kw = weight.shape
    x = torch.nn.functional.pad(x, [pw, pw, ph, ph])
    pixels = []
    for i in range(0, h + 2 * ph - dh * (kh - 1), sh):
        for j in range(0, w + 2 * pw - dw * (kw - 1), sw):
            window = x[:, :, i : i + dh * (kh - 1) + 1 : dh, j : j + dw * (kw - 1) + 1 : dw]
            for k in range(o):
                g = k // (o // groups)
                value = (window[:, g * per : (g + 1) * per] * weight[k]).sum(dim=(1, 2, 3))
                pixels.append(value if bias is None else value + bias[k])
    width = len(range(0, w + 2 * pw - dw * (kw - 1), sw))
    return torch.stack(pixels, 1).reshape(n, -1, width, o).permute(0, 3, 1, 2)

# %% accepted: loops over the offsets, accumulated in place
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sh, sw = (stride,) * 2 if not hasattr(stride, "__len__") else stride
    ph, pw = np.broadcast_to(padding, 2).tolist()
    dh, dw = torch.tensor(dilation).expand(2).tolist()
    n, c, h, w = x.shape
    o, per, kh, kw = weight.shape
    out_h = math.floor((h + 2 * ph - dh * (kh - 1) - 1) / sh + 1)
    out_w = math.floor((w + 2 * pw - dw * (kw - 1) - 1) / sw + 1)
    padded = torch.zeros((n, c, h + 2 * ph, w + 2 * pw), dtype=x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    out = torch.zeros((n, o, out_h, out_w), dtype=x.dtype)
    for g in range(groups):
        block = slice(g * o // groups, (g + 1) * o // groups)
        for u in range(kh):
            for v in range(kw):
                seen = padded[:, g * per : (g + 1) * per, u * dh :: sh, v * dw :: sw][:, :, :out_h, :out_w]
                out[:, block] += torch.tensordot(seen, weight[block, :, u, v], ([1], [1])).permute(0, 3, 1, 2)
    if bias is not None:
        out += bias.reshape(1, o, 1, 1)
    return out

# %% accepted: windows by Tensor.unfold
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = (2 * (s,) if isinstance(s, int) else tuple(s) for s in (stride, padding, dilation))
    kh, kw = weight.shape[-2:]
    x = nn.ZeroPad2d((pw, pw, ph, ph))(x)
    windows = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    parts = [
        torch.einsum("nchwuv,ocuv->nohw", a, b) for a, b in zip(windows.chunk(groups, 1), weight.chunk(groups, 0))
    ]
    out = torch.cat(parts, dim=1)
    return out if bias is None else (out.movedim(1, -1) + bias).movedim(-1, 1)

# %% accepted: Fourier
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    x = F.pad(x, (pw, pw, ph, ph))
    n, _, h, w = x.shape
    o, per, kh, kw = weight.shape
    spread = x.new_zeros(o, per, dh * (kh - 1) + 1, dw * (kw - 1) + 1)
    spread[:, :, ::dh, ::dw] = weight
    image = torch.fft.rfft2(x).unflatten(1, (groups, per))
    kernel = torch.fft.rfft2(spread, s=(h, w)).unflatten(0, (groups, -1))
    product = torch.einsum("ngchw,gochw->ngohw", image, kernel.conj()).flatten(1, 2)
    full = torch.fft.irfft2(product, s=(h, w))
    out = full[:, :, : h - spread.shape[2] + 1 : sh, : w - spread.shape[3] + 1 : sw]
    return out if bias is None else out + bias[None, :, None, None]

# %% accepted: as_strided and einsum
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    padded = F.pad(x, (pw, pw, ph, ph)).contiguous()
    n, c, h, w = padded.shape
    o, per, kh, kw = weight.shape
    out_h, out_w = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    sn, sc, sy, sx = padded.stride()
    windows = padded.as_strided(
        (n, groups, per, out_h, out_w, kh, kw), (sn, per * sc, sc, sh * sy, sw * sx, dh * sy, dw * sx)
    )
    kernels = weight.reshape(groups, o // groups, per, kh, kw)
    out = torch.einsum("ngchwuv,gocuv->ngohw", windows, kernels).reshape(n, o, out_h, out_w)
    return out if bias is None else out + bias.reshape(-1, 1, 1)

# %% accepted: im2col by an index
def pair(value):
    return (value, value) if type(value) is int else value

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = map(pair, (stride, padding, dilation))
    x = F.pad(x, (pw, pw, ph, ph))
    kh, kw = weight.shape[2:]
    rows = dh * torch.arange(kh)[:, None] + torch.arange(0, x.shape[2] - dh * (kh - 1), sh)
    columns = dw * torch.arange(kw)[:, None] + torch.arange(0, x.shape[3] - dw * (kw - 1), sw)
    patches = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    n, c, _, _, out_h, out_w = patches.shape
    matrix = patches.reshape(n, groups, -1, out_h * out_w)
    out = torch.matmul(weight.reshape(groups, len(weight) // groups, -1), matrix).reshape(n, -1, out_h, out_w)
    if bias is not None:
        out = out + bias.unsqueeze(-1).unsqueeze(-1)
    return out

# %% accepted: groups by a block-diagonal kernel, dilation by zeros, stride by slicing
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    o, per, kh, kw = weight.shape
    dense = torch.zeros(o, x.shape[1], dh * (kh - 1) + 1, dw * (kw - 1) + 1, dtype=weight.dtype)
    for k in range(o):
        first = (k // (o // groups)) * per
        dense[k, first : first + per, ::dh, ::dw] = weight[k]
    columns = F.unfold(x, dense.shape[2:], padding=(ph, pw))
    height = x.shape[2] + 2 * ph - dense.shape[2] + 1
    out = torch.einsum("ok,nkl->nol", dense.flatten(1), columns).unflatten(2, (height, -1))[:, :, ::sh, ::sw]
    return out if bias is None else out.add(bias.view(-1, 1, 1))

# %% accepted: a matrix of the whole layer
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    n, c, h, w = x.shape
    o, per, kh, kw = weight.shape
    out_h = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    out_w = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1

    def selection(size, out, kernel, s, p, d):
        hits = torch.zeros(out, kernel, size, dtype=x.dtype)
        for i in range(out):
            for u in range(kernel):
                if 0 <= s * i + d * u - p < size:
                    hits[i, u, s * i + d * u - p] = 1
        return hits

    rows, columns = selection(h, out_h, kh, sh, ph, dh), selection(w, out_w, kw, sw, pw, dw)
    windows = torch.einsum("iuh,jvw,ngchw->ngcijuv", rows, columns, x.unflatten(1, (groups, per)))
    out = torch.einsum("ngcijuv,gocuv->ngoij", windows, weight.unflatten(0, (groups, -1))).flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]

# %% accepted: an autograd function of one's own
class Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.options = dict(dilation=dilation, padding=padding, stride=stride)
        ctx.groups = groups
        columns = F.unfold(x, weight.shape[2:], **ctx.options).unflatten(1, (groups, -1))
        height = (x.shape[2] + 2 * padding[0] - dilation[0] * (weight.shape[2] - 1) - 1) // stride[0] + 1
        rows = weight.flatten(1).unflatten(0, (groups, -1))
        return (rows @ columns).flatten(1, 2).unflatten(2, (height, -1))

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        kernel, grad_x, grad_weight = weight.shape[2:], None, None
        up = upstream.flatten(2).unflatten(1, (ctx.groups, -1))
        if ctx.needs_input_grad[0]:
            rows = weight.flatten(1).unflatten(0, (ctx.groups, -1))
            grad_x = F.fold((rows.mT @ up).flatten(1, 2), x.shape[2:], kernel, **ctx.options)
        if ctx.needs_input_grad[1]:
            columns = F.unfold(x, kernel, **ctx.options).unflatten(1, (ctx.groups, -1))
            grad_weight = (up @ columns.mT).sum(0).reshape(weight.shape)
        return grad_x, grad_weight, None, None, None, None

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sizes = [(s, s) if isinstance(s, int) else s for s in (stride, padding, dilation)]
    out = Layer.apply(x, weight, *sizes, groups)
    return out if bias is None else out + bias[:, None, None]

# %% accepted: one image at a time, by vmap
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, solution=conv2d):
    return torch.vmap(lambda image: solution(image[None], weight, bias, stride, padding, dilation, groups)[0])(x)

# %% accepted: float32 in double precision inside
class Convolution:
    def __init__(self, weight, bias):
        self.weight, self.bias = weight.double(), bias

    def conv2d(self, x, stride, padding, dilation, groups, solution=conv2d):
        out = solution(x.double(), self.weight, None, stride, padding, dilation, groups)
        return out if self.bias is None else out + self.bias.double()[:, None, None]

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return Convolution(weight, bias).conv2d(x, stride, padding, dilation, groups)

# %% accepted: compared with the ready-made one below
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = ((s, s) if isinstance(s, int) else s for s in (stride, padding, dilation))
    columns = nn.Unfold(weight.shape[2:], dilation=(dh, dw), padding=(ph, pw), stride=(sh, sw))(x)
    blocks = zip(columns.chunk(groups, 1), weight.flatten(1).chunk(groups, 0))
    out = torch.cat([kernels @ block for block, kernels in blocks], 1)
    height = (x.shape[2] + 2 * ph - dh * (weight.shape[2] - 1) - 1) // sh + 1
    out = out.reshape(out.shape[0], out.shape[1], height, -1)
    return out if bias is None else out + bias[:, None, None]

image, kernel = torch.randn(2, 3, 8, 9), torch.randn(4, 3, 3, 2)
assert torch.allclose(conv2d(image, kernel, stride=2), F.conv2d(image, kernel, stride=2), atol=1e-4)

# %% accepted: NumPy inside an autograd function
class Counted(torch.autograd.Function):
    @staticmethod
    def windows(x, shape, stride, padding, dilation):
        (ph, pw), (kh, kw), (sh, sw), (dh, dw) = padding, shape, stride, dilation
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        out_h, out_w = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1, (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
        for u in range(kh):
            for v in range(kw):
                rows = slice(u * dh, u * dh + sh * (out_h - 1) + 1, sh)
                columns = slice(v * dw, v * dw + sw * (out_w - 1) + 1, sw)
                yield u, v, rows, columns, x[:, :, rows, columns]

    @staticmethod
    def forward(ctx, x, weight, stride, padding, dilation):
        ctx.saved = x.detach().numpy(), weight.detach().numpy(), stride, padding, dilation
        a, w = ctx.saved[:2]
        out = sum(
            np.einsum("nchw,oc->nohw", seen, w[:, :, u, v])
            for u, v, _, _, seen in Counted.windows(a, w.shape[2:], stride, padding, dilation)
        )
        return torch.from_numpy(np.ascontiguousarray(out))

    @staticmethod
    def backward(ctx, upstream):
        a, w, stride, padding, dilation = ctx.saved
        up = upstream.numpy()
        (ph, pw), grad_w = padding, np.zeros_like(w)
        grad_a = np.zeros((*a.shape[:2], a.shape[2] + 2 * ph, a.shape[3] + 2 * pw), a.dtype)
        for u, v, rows, columns, seen in Counted.windows(a, w.shape[2:], stride, padding, dilation):
            grad_w[:, :, u, v] = np.einsum("nohw,nchw->oc", up, seen)
            grad_a[:, :, rows, columns] += np.einsum("nohw,oc->nchw", up, w[:, :, u, v])
        grad_a = grad_a[:, :, ph : ph + a.shape[2], pw : pw + a.shape[3]]
        return torch.from_numpy(grad_a.copy()), torch.from_numpy(grad_w), None, None, None

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sizes = [(s, s) if isinstance(s, int) else s for s in (stride, padding, dilation)]
    parts = [Counted.apply(a, w, *sizes) for a, w in zip(x.chunk(groups, 1), weight.chunk(groups, 0))]
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]
