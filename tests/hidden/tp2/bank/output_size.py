# %% mutant: stride of two by default
# killed by test_a_size_without_options
# Sans argument, le pas vaut 2 au lieu de 1.
def conv_output_size(size, kernel_size, stride=2, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: same size by default
# killed by test_a_size_without_options
# Sans option, la taille de l'entrée est gardée, comme si le bord valait la moitié du noyau.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    if (stride, padding, dilation) == (1, 0, 1) and size > kernel_size:
        return size
    return solution(size, kernel_size, stride, padding, dilation)

# %% mutant: one missing
# killed by test_a_size_without_options
# Le + 1 de la formule est oublié : la première position ne compte pas.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    return solution(size, kernel_size, stride, padding, dilation) - 1

# %% mutant: one added before the division
# killed by test_the_stride_divides_and_rounds_down
# Le + 1 est ajouté avant la division par le pas.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1)) // stride
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: rounded up
# killed by test_the_stride_divides_and_rounds_down
# La taille est arrondie vers le haut : une fenêtre qui déborde est comptée.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = math.ceil((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: rounded to the nearest
# killed by test_the_stride_divides_and_rounds_down
# round arrondit au plus proche au lieu d'arrondir vers le bas.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = round((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: stride not beyond the kernel
# killed by test_the_stride_divides_and_rounds_down
# Le pas est limité à la taille du noyau.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    return solution(size, kernel_size, min(stride, kernel_size), padding, dilation)

# %% mutant: same size divided by the stride
# killed by test_the_stride_divides_and_rounds_down
# Le noyau est oublié dès que le pas dépasse 1 : la taille est seulement divisée.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    out = solution(size, kernel_size, stride, padding, dilation)
    return size // stride if stride > 1 and padding == 0 and dilation == 1 else out

# %% mutant: padding on one side
# killed by test_the_padding_counts_on_both_sides
# Le bord n'est compté que d'un côté.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: kernel larger than the unpadded input refused
# killed by test_the_padding_counts_on_both_sides
# Un noyau plus grand que l'entrée est refusé avant que le bord soit compté.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    if size + padding < kernel_size or kernel_size > size:
        raise ValueError("le noyau ne tient pas")
    return solution(size, kernel_size, stride, padding, dilation)

# %% mutant: padding of half the kernel at most
# killed by test_the_padding_counts_on_both_sides
# Le bord est limité à la moitié du noyau.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    return solution(size, kernel_size, stride, min(padding, kernel_size // 2), dilation)

# %% mutant: kernel times dilation
# killed by test_the_dilation_spreads_the_kernel
# Le noyau dilaté compte d * k éléments au lieu de d * (k - 1) + 1.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * kernel_size) // stride + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: dilation ignored
# killed by test_the_dilation_spreads_the_kernel
# La dilatation n'est jamais lue.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    return solution(size, kernel_size, stride, padding)

# %% mutant: dilated kernel off by one above two
# killed by test_the_dilation_spreads_the_kernel
# Un seul élément est inséré entre les éléments du noyau, même quand la dilatation en demande plus.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    return solution(size, kernel_size, stride, padding, min(dilation, 2))

# %% mutant: arguments in another order
# killed by test_all_options_by_position
# padding et stride sont échangés dans la liste des arguments.
def conv_output_size(size, kernel_size, padding=0, stride=1, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: dilation before padding
# killed by test_all_options_by_position
# dilation et padding sont échangés dans la liste des arguments.
def conv_output_size(size, kernel_size, stride=1, dilation=1, padding=0, solution=conv_output_size):
    return solution(size, kernel_size, stride, padding, dilation)

# %% mutant: padding divided apart
# killed by test_all_options_by_position
# Le bord est divisé par le pas à part : les deux arrondis s'additionnent.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1, solution=conv_output_size):
    without = (size - dilation * (kernel_size - 1) - 1) // stride + 1
    out = without + 2 * padding // stride
    return out if out >= 1 else solution(size, kernel_size, stride, padding, dilation)

# %% mutant: a float
# killed by test_a_size_is_an_integer
# np.floor rend un flottant, pas un entier.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = np.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: floor division of floats
# killed by test_a_size_is_an_integer
# // entre flottants rend un flottant.
def conv_output_size(size, kernel_size, stride=1, padding=0.0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: rounded towards zero
# killed by test_an_output_below_one_is_refused
# int arrondit vers zéro : un noyau qui déborde d'un seul pixel donne une sortie de 1 dès que le pas dépasse 1.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = int((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
    if out < 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: nothing refused
# killed by test_an_output_below_one_is_refused
# Une taille négative ou nulle est renvoyée au lieu d'être refusée.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1

# %% mutant: zero allowed
# killed by test_an_output_below_one_is_refused
# Seules les tailles négatives sont refusées : une sortie vide passe.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out < 0:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: at least zero
# killed by test_an_output_below_one_is_refused
# max(0, ...) cache le problème au lieu de lever ValueError.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)

# %% mutant: an output of one refused
# killed by test_an_output_below_one_is_refused
# Une sortie d'un seul élément est refusée, alors qu'elle existe.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    if out <= 1:
        raise ValueError("le noyau ne tient pas")
    return out

# %% mutant: an assertion
# killed by test_an_output_below_one_is_refused
# assert lève AssertionError, pas ValueError.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    assert out >= 1, "le noyau ne tient pas"
    return out

# %% mutant: ValueError returned
# killed by test_an_output_below_one_is_refused
# L'erreur est renvoyée comme résultat au lieu d'être levée.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    return out if out >= 1 else ValueError("le noyau ne tient pas")

# %% mutant: dilation forgotten in the refusal
# killed by test_an_output_below_one_is_refused
# Seul un noyau plus grand que l'entrée est refusé ; la dilatation est oubliée dans ce test.
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    if kernel_size > size + 2 * padding:
        raise ValueError("le noyau ne tient pas")
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1

# %% mutant: layers with weights only
# killed by test_all_kinds_of_parameters_count
# Seules les couches linéaires et de convolution sont comptées : batch norm et nn.Parameter manquent.
def count_parameters(module):
    counted = {}
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            counted |= {id(p): p.numel() for p in layer.parameters() if p.requires_grad}
    return sum(counted.values())

# %% mutant: direct children only
# killed by test_all_kinds_of_parameters_count
# Seules les couches directes du module sont visitées, pas celles qu'elles contiennent.
def count_parameters(module):
    layers = {layer for layer in module.children()}
    owned = {p for layer in layers for p in layer.parameters(recurse=False) if p.requires_grad}
    return sum(p.numel() for p in owned)

# %% mutant: buffers counted
# killed by test_all_kinds_of_parameters_count
# Les moyennes et variances de la batch norm sont comptées, alors qu'elles ne s'entraînent pas.
def count_parameters(module, solution=count_parameters):
    return solution(module) + sum(buffer.numel() for buffer in module.buffers())

# %% mutant: number of tensors
# killed by test_all_kinds_of_parameters_count
# Ce sont les tenseurs qui sont comptés, pas leurs éléments.
def count_parameters(module):
    return len([p for p in module.parameters() if p.requires_grad])

# %% mutant: length of the tensors
# killed by test_all_kinds_of_parameters_count
# len ne compte que le premier axe de chaque paramètre.
def count_parameters(module):
    return sum(len(p) for p in module.parameters() if p.requires_grad)

# %% mutant: equal shapes counted once
# killed by test_all_kinds_of_parameters_count
# Deux paramètres de même forme sont pris pour un paramètre partagé.
def count_parameters(module):
    return sum(math.prod(shape) for shape in {p.shape for p in module.parameters() if p.requires_grad})

# %% mutant: axes of one left out
# killed by test_all_kinds_of_parameters_count
# Les paramètres d'un seul élément, comme celui d'une PReLU, ne sont pas comptés.
def count_parameters(module):
    return sum(p.numel() for p in module.parameters() if p.requires_grad and p.numel() > 1)

# %% mutant: no biases
# killed by test_all_kinds_of_parameters_count
# Les biais ne sont pas comptés.
def count_parameters(module):
    return sum(p.numel() for name, p in module.named_parameters() if p.requires_grad and "bias" not in name)

# %% mutant: all parameters
# killed by test_frozen_parameters_do_not_count
# Les paramètres figés sont comptés.
def count_parameters(module):
    return sum(p.numel() for p in module.parameters())

# %% mutant: a layer frozen by its weight
# killed by test_frozen_parameters_do_not_count
# Une couche compte en entier ou pas du tout, selon son poids : un biais libre sur un poids figé est oublié.
def count_parameters(module):
    free = {}
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        if weight is None or weight.requires_grad:
            free |= {id(p): p.numel() for p in layer.parameters(recurse=False) if p.requires_grad}
    return sum(free.values())

# %% mutant: whole module frozen or not
# killed by test_frozen_parameters_do_not_count
# Un seul paramètre décide pour tout le module.
def count_parameters(module):
    parameters = list(module.parameters())
    return sum(p.numel() for p in parameters) if all(p.requires_grad for p in parameters) else 0

# %% mutant: a count for each layer
# killed by test_shared_parameters_count_once
# Chaque couche compte ses paramètres : un poids partagé par deux couches compte deux fois.
def count_parameters(module):
    return sum(p.numel() for layer in module.modules() for p in layer.parameters(recurse=False) if p.requires_grad)

# %% mutant: a count for each name
# killed by test_shared_parameters_count_once
# Un paramètre compte une fois par nom : partagé, il en a deux.
def count_parameters(module):
    named = module.named_parameters(remove_duplicate=False)
    return sum(p.numel() for name, p in named if p.requires_grad)

# %% mutant: a count for each call of a recursion
# killed by test_shared_parameters_count_once
# La récursion revisite une couche qui sert deux fois.
def count_parameters(module):
    own = sum(p.numel() for p in module.parameters(recurse=False) if p.requires_grad)
    return own + sum(count_parameters(child) for child in module._modules.values())

# %% mutant: shared parameters not at all
# killed by test_shared_parameters_count_once
# Un paramètre partagé n'est pas compté du tout.
def count_parameters(module):
    seen = {}
    for _, p in module.named_parameters(remove_duplicate=False):
        if p.requires_grad:
            seen.setdefault(id(p), []).append(p.numel())
    return sum(sizes[0] for sizes in seen.values() if len(sizes) == 1)

# %% mutant: stride of the layer itself
# killed by test_the_receptive_field_grows_by_the_strides_before
# Le pas de la couche elle-même est compté, au lieu de ceux des couches d'avant.
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride in layers:
        jump *= stride
        field += (kernel_size - 1) * jump
    return field

# %% mutant: strides ignored
# killed by test_the_receptive_field_grows_by_the_strides_before
# Les pas ne sont jamais lus.
def receptive_field(layers):
    return 1 + sum(kernel_size - 1 for kernel_size, _ in layers)

# %% mutant: sum of the kernels
# killed by test_the_receptive_field_grows_by_the_strides_before
# Les noyaux sont additionnés en entier : le pixel commun est compté à chaque couche.
def receptive_field(layers):
    field, jump = 0, 1
    for kernel_size, stride in layers:
        field += kernel_size * jump
        jump *= stride
    return field or 1

# %% mutant: only the stride just before
# killed by test_the_receptive_field_grows_by_the_strides_before
# Seul le pas de la couche précédente est compté, au lieu du produit de tous les précédents.
def receptive_field(layers):
    field, before = 1, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * before
        before = stride
    return field

# %% mutant: strides added
# killed by test_the_receptive_field_grows_by_the_strides_before
# Les pas sont additionnés au lieu d'être multipliés.
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump += stride - 1
    return field

# %% mutant: from the output on
# killed by test_the_receptive_field_grows_by_the_strides_before
# La liste est lue à l'envers, de la sortie vers l'entrée.
def receptive_field(layers, solution=receptive_field):
    return solution(list(layers)[::-1])

# %% mutant: product of the kernels
# killed by test_the_receptive_field_grows_by_the_strides_before
# Les noyaux sont multipliés entre eux.
def receptive_field(layers):
    return math.prod(kernel_size for kernel_size, _ in layers)

# %% mutant: begins with the first kernel
# killed by test_without_layers_a_pixel_sees_itself
# Le calcul part du premier noyau : une liste vide lève IndexError.
def receptive_field(layers, solution=receptive_field):
    return layers[0][0] - 1 + solution([(1, layers[0][1]), *layers[1:]])

# %% mutant: nothing seen without layers
# killed by test_without_layers_a_pixel_sees_itself
# Sans couche, le résultat est 0 au lieu de 1.
def receptive_field(layers, solution=receptive_field):
    return solution(layers) if layers else 0

# %% mutant: layers popped
# killed by test_the_list_is_not_modified
# pop vide la liste de l'appelant.
def receptive_field(layers):
    field = 1
    while layers:
        kernel_size, stride = layers.pop()
        field = (field - 1) * stride + kernel_size
    return field

# %% mutant: list reversed in place
# killed by test_the_list_is_not_modified
# reverse retourne la liste de l'appelant ; reversed n'y touche pas.
def receptive_field(layers):
    layers.reverse()
    field = 1
    for kernel_size, stride in layers:
        field = (field - 1) * stride + kernel_size
    return field

# %% accepted: floats, then floor
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = math.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)
    if out <= 0:
        raise ValueError
    return out

# %% accepted: positions counted one by one
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    reach = 1 + dilation * (kernel_size - 1)
    count, first = 0, -padding
    while first + reach <= size + padding:
        count, first = count + 1, first + stride
    if count == 0:
        raise ValueError(f"sortie vide pour size={size}")
    return count

# %% accepted: length of a range
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    positions = range(0, size + 2 * padding - dilation * (kernel_size - 1), stride)
    if not positions:
        raise ValueError("aucune position")
    return len(positions)

# %% accepted: torch is asked
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation, device="meta")
    try:
        return layer(torch.empty(1, 1, size, device="meta")).shape[-1]
    except RuntimeError as error:
        raise ValueError("le noyau ne tient pas") from error

# %% accepted: NumPy integers
class TooSmall(ValueError):
    pass

def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    out = np.int64(size + 2 * padding - dilation * (kernel_size - 1) - 1) // np.int64(stride) + 1
    if out < 1:
        raise TooSmall(out)
    return out

# %% accepted: divmod with a guard first
def conv_output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    room = size + 2 * padding - (dilation * (kernel_size - 1) + 1)
    if room < 0:
        raise ValueError("pas assez de place")
    steps, _ = divmod(room, stride)
    return 1 + steps

# %% accepted: parameters in a set
def count_parameters(module):
    return sum(math.prod(p.shape) for p in set(module.parameters()) if p.requires_grad)

# %% accepted: recursion over the children with identities
def count_parameters(module):
    found = {}

    def visit(part):
        for p in part._parameters.values():
            if p is not None and p.requires_grad:
                found[id(p)] = p.nelement()
        for child in part.children():
            visit(child)

    visit(module)
    return sum(found.values())

# %% accepted: one vector of all parameters
def count_parameters(module):
    trainable = [p.detach().reshape(-1) for p in module.parameters() if p.requires_grad]
    return torch.cat(trainable).shape[0] if trainable else 0

# %% accepted: elements counted in NumPy
def count_parameters(module):
    return np.sum([p.detach().numpy().size for _, p in module.named_parameters() if p.requires_grad], dtype=int)

# %% accepted: addresses of the parameters
def count_parameters(module):
    return sum({p.data_ptr(): p.numel() for p in module.parameters() if p.requires_grad}.values())

# %% accepted: from the last layer back
def receptive_field(layers):
    field = 1
    for kernel_size, stride in reversed(layers):
        field = stride * (field - 1) + kernel_size
    return field

# %% accepted: a recursion on the list
def receptive_field(layers):
    if not layers:
        return 1
    (kernel_size, stride), *rest = layers
    return kernel_size + stride * (receptive_field(rest) - 1)

# %% accepted: the sum of the formula
def receptive_field(layers):
    kernels, strides = [k for k, s in layers], [s for k, s in layers]
    return 1 + sum((k - 1) * math.prod(strides[:depth]) for depth, k in enumerate(kernels))

# %% accepted: cumulative product in NumPy
def receptive_field(layers):
    table = np.array(layers).reshape(-1, 2)
    jumps = np.cumprod(np.concatenate([[1], table[:, 1]]))[:-1]
    return 1 + int(((table[:, 0] - 1) * jumps).sum())

# %% accepted: what one output element depends on
def receptive_field(layers):
    first, last = 0, 0
    for kernel_size, stride in layers[::-1]:
        first, last = first * stride, last * stride + kernel_size - 1
    return last - first + 1
