# %% mutant: variance used as standard deviation
# killed by test_he_fills_a_matrix
# L'écart type vaut 2 / fan_in : c'est la variance voulue, dont il fallait prendre la racine.
def he_normal_(weight):
    fan_in = weight[0].numel()
    with torch.no_grad():
        return weight.normal_(0, 2 / fan_in)

# %% mutant: fan_out for fan_in
# killed by test_he_fills_a_matrix
# La variance vient de fan_out au lieu de fan_in : les deux premiers axes du poids sont échangés.
def he_normal_(weight):
    fan_out = weight[:, 0].numel()
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_out) ** 0.5)

# %% mutant: Xavier normal instead of He
# killed by test_he_fills_a_matrix
# La variance 2 / (fan_in + fan_out) est celle de Xavier, pas celle de He.
def he_normal_(weight):
    return nn.init.xavier_normal_(weight)

# %% mutant: factor two forgotten
# killed by test_he_fills_a_matrix
# La variance vaut 1 / fan_in : il manque le facteur 2 qui compense les unités éteintes par ReLU.
def he_normal_(weight):
    return nn.init.kaiming_normal_(weight, nonlinearity="linear")

# %% mutant: uniform of the same variance
# killed by test_he_fills_a_matrix
# La variance est juste, mais la loi est uniforme au lieu de normale.
def he_normal_(weight):
    return nn.init.kaiming_uniform_(weight, nonlinearity="relu")

# %% mutant: only positive weights
# killed by test_he_fills_a_matrix
# Tous les poids ont le même signe.
def he_normal_(weight):
    with torch.no_grad():
        return weight.normal_(0, (2 / weight[0].numel()) ** 0.5).abs_()

# %% mutant: truncated at two standard deviations
# killed by test_he_fills_a_matrix
# La loi normale est tronquée à deux écarts types, ce qui en diminue la variance.
def he_normal_(weight):
    std = (2 / weight[0].numel()) ** 0.5
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)

# %% mutant: unscaled standard normal
# killed by test_he_fills_a_matrix
# Les poids ont une variance de 1, quelle que soit la taille de la couche.
def he_normal_(weight):
    with torch.no_grad():
        return weight.normal_()

# %% mutant: added to the old weights
# killed by test_he_fills_a_matrix
# Les nouveaux nombres s'ajoutent aux anciens poids au lieu de les remplacer.
def he_normal_(weight):
    with torch.no_grad():
        return weight.add_(torch.randn_like(weight) * (2 / weight[0].numel()) ** 0.5)

# %% mutant: constant magnitude with random signs
# killed by test_he_fills_a_matrix
# La variance est juste, mais les poids ne prennent que deux valeurs.
def he_normal_(weight):
    with torch.no_grad():
        return weight.copy_(torch.randn_like(weight).sign() * (2 / weight[0].numel()) ** 0.5)

# %% mutant: matrices from the number of outputs only
# killed by test_he_fills_a_matrix
# Pour une matrice, c'est le nombre de lignes (fan_out) qui est compté ; les noyaux sont justes.
def he_normal_(weight):
    fan_in = weight.shape[0] if weight.ndim == 2 else weight[0].numel()
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_in) ** 0.5)

def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

# %% mutant: kernel left out of the fan
# killed by test_he_counts_the_kernel_in_the_fan
# fan_in ne compte que les canaux d'entrée : la taille du noyau est oubliée.
def he_normal_(weight):
    with torch.no_grad():
        return weight.normal_(0, (2 / weight.shape[1]) ** 0.5)

def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

# %% mutant: input channels left out of the fan
# killed by test_he_counts_the_kernel_in_the_fan
# fan_in ne compte que la taille du noyau : les canaux d'entrée sont oubliés.
def he_normal_(weight):
    fan_in = weight.shape[1] if weight.ndim == 2 else weight[0, 0].numel()
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_in) ** 0.5)

# %% mutant: only the first side of the kernel
# killed by test_he_counts_the_kernel_in_the_fan
# Un seul côté du noyau est compté : 3 au lieu de 3 x 5.
def he_normal_(weight):
    fan_in = weight.shape[1] * (weight.shape[2] if weight.ndim > 2 else 1)
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_in) ** 0.5)

# %% mutant: square kernels assumed
# killed by test_he_counts_the_kernel_in_the_fan
# Le noyau est supposé carré : le dernier côté est élevé à la puissance du nombre d'axes.
def he_normal_(weight):
    fan_in = weight.shape[1] * weight.shape[-1] ** (weight.ndim - 2)
    with torch.no_grad():
        return weight.normal_(0, (2 / fan_in) ** 0.5)

# %% mutant: Xavier without the kernel
# killed by test_xavier_counts_the_kernel_in_both_fans
# fan_in et fan_out ne comptent que les canaux : la taille du noyau est oubliée.
def xavier_uniform_(weight):
    bound = (6 / (weight.shape[0] + weight.shape[1])) ** 0.5
    with torch.no_grad():
        return weight.uniform_(-bound, bound)

# %% mutant: Xavier with the kernel in one fan only
# killed by test_xavier_counts_the_kernel_in_both_fans
# La taille du noyau manque dans fan_out.
def xavier_uniform_(weight):
    bound = (6 / (weight.shape[0] + weight[0].numel())) ** 0.5
    with torch.no_grad():
        return weight.uniform_(-bound, bound)

# %% mutant: Xavier from fan_in alone for matrices
# killed by test_xavier_fills_a_matrix
# Pour une matrice, la borne vaut sqrt(3 / fan_in) : fan_out est oublié.
def xavier_uniform_(weight):
    if weight.ndim > 2:
        return nn.init.xavier_uniform_(weight)
    bound = (3 / weight.shape[1]) ** 0.5
    with torch.no_grad():
        return weight.uniform_(-bound, bound)

# %% mutant: Xavier normal
# killed by test_xavier_fills_a_matrix
# La loi est normale au lieu d'uniforme : des poids dépassent la borne.
def xavier_uniform_(weight):
    return nn.init.xavier_normal_(weight)

# %% mutant: standard deviation used as bound
# killed by test_xavier_fills_a_matrix
# La borne est l'écart type sqrt(2 / (fan_in + fan_out)) : il manque un facteur sqrt(3).
def xavier_uniform_(weight):
    bound = (2 / (weight[0].numel() + weight[:, 0].numel())) ** 0.5
    with torch.no_grad():
        return weight.uniform_(-bound, bound)

# %% mutant: gain of ReLU in Xavier
# killed by test_xavier_fills_a_matrix
# La borne est multipliée par sqrt(2), un gain que l'énoncé ne demande pas.
def xavier_uniform_(weight):
    return nn.init.xavier_uniform_(weight, gain=nn.init.calculate_gain("relu"))

# %% mutant: half of the interval
# killed by test_xavier_fills_a_matrix
# Les poids sont tous positifs : la loi est uniforme sur [0, a] au lieu de [-a, a].
def xavier_uniform_(weight):
    bound = (6 / (weight[0].numel() + weight[:, 0].numel())) ** 0.5
    with torch.no_grad():
        return weight.copy_(torch.rand_like(weight) * bound)

# %% mutant: square root forgotten
# killed by test_xavier_fills_a_matrix
# La borne est 6 / (fan_in + fan_out), sans la racine.
def xavier_uniform_(weight):
    bound = 6 / (weight[0].numel() + weight[:, 0].numel())
    with torch.no_grad():
        return weight.uniform_(-bound, bound)

# %% mutant: new tensor
# killed by test_the_tensor_itself_is_returned
# Un nouveau tenseur est renvoyé, celui de l'appelant n'est pas rempli.
def he_normal_(weight):
    return torch.randn_like(weight) * (2 / weight[0].numel()) ** 0.5

# %% mutant: name rebound
# killed by test_the_tensor_itself_is_returned
# `weight = ...` crée un nouveau tenseur : celui de l'appelant ne change pas.
def xavier_uniform_(weight):
    bound = (6 / (weight[0].numel() + weight[:, 0].numel())) ** 0.5
    weight = torch.empty_like(weight).uniform_(-bound, bound)
    return weight

# %% mutant: nothing returned
# killed by test_the_tensor_itself_is_returned
# Le tenseur est rempli sur place, mais la fonction renvoie None.
def xavier_uniform_(weight):
    nn.init.xavier_uniform_(weight)

# %% mutant: a copy returned
# killed by test_the_tensor_itself_is_returned
# Le tenseur est rempli sur place, mais c'est une copie qui est renvoyée.
def he_normal_(weight):
    return nn.init.kaiming_normal_(weight, nonlinearity="relu").clone()

# %% mutant: in place under autograd
# killed by test_a_parameter_that_requires_grad_is_filled
# Sans torch.no_grad(), un paramètre qui exige un gradient ne peut pas être modifié sur place.
def xavier_uniform_(weight):
    bound = (6 / (weight[0].numel() + weight[:, 0].numel())) ** 0.5
    return weight.uniform_(-bound, bound)

# %% mutant: parameter frozen
# killed by test_a_parameter_that_requires_grad_is_filled
# Le paramètre n'exige plus de gradient après l'initialisation : il ne sera jamais entraîné.
def he_normal_(weight):
    return weight.requires_grad_(False).normal_(0, (2 / weight[0].numel()) ** 0.5)

# %% mutant: seed fixed inside
# killed by test_each_call_draws_its_own_numbers
# La graine est fixée dans la fonction : tous les appels donnent les mêmes nombres.
def he_normal_(weight):
    torch.manual_seed(0)
    return nn.init.kaiming_normal_(weight, nonlinearity="relu")

# %% mutant: seed fixed once a network
# killed by test_each_call_draws_its_own_numbers
# La graine est fixée au début de init_weights : tous les réseaux reçoivent les mêmes poids.
_reference_init_weights = init_weights

def init_weights(module):
    torch.manual_seed(1234)
    _reference_init_weights(module)

# %% mutant: numbers kept between calls
# killed by test_each_call_draws_its_own_numbers
# Les nombres tirés une première fois resservent pour tous les poids de même forme.
_kept = {}

def xavier_uniform_(weight):
    shape = tuple(weight.shape)
    if shape not in _kept:
        _kept[shape] = nn.init.xavier_uniform_(torch.empty(shape))
    with torch.no_grad():
        return weight.copy_(_kept[shape])

# %% mutant: only linear layers
# killed by test_every_kind_of_layer_is_initialised
# Seules les couches linéaires sont initialisées, pas les convolutions.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: Conv3d forgotten
# killed by test_every_kind_of_layer_is_initialised
# Les convolutions à trois dimensions sont oubliées.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            he_normal_(layer.weight)
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)) and layer.bias is not None:
            layer.bias.data.zero_()

# %% mutant: Xavier for the linear layers
# killed by test_every_kind_of_layer_is_initialised
# Les couches linéaires reçoivent Xavier uniforme au lieu de He normale.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            (xavier_uniform_ if isinstance(layer, nn.Linear) else he_normal_)(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: every layer initialised again
# killed by test_every_kind_of_layer_is_initialised
# reset_parameters remet l'initialisation par défaut de PyTorch.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            layer.reset_parameters()
            if layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: children of the first level only
# killed by test_layers_are_found_at_any_depth
# children() ne descend que d'un niveau : les couches emboîtées plus bas sont oubliées.
def init_weights(module):
    for layer in [module, *module.children(), *(c for m in module.children() for c in m.children())]:
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: only inside Sequential
# killed by test_layers_are_found_at_any_depth
# La descente s'arrête aux conteneurs qui ne sont pas des nn.Sequential.
def init_weights(module):
    if isinstance(module, nn.Sequential):
        for layer in module:
            init_weights(layer)
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        he_normal_(module.weight)
        if module.bias is not None:
            module.bias.data.zero_()

# %% mutant: the module itself left out
# killed by test_the_module_itself_may_be_a_layer
# La récursion ne regarde que les enfants : une couche donnée seule n'est pas initialisée.
def init_weights(module):
    for layer in module.children():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()
        init_weights(layer)

# %% mutant: biases untouched
# killed by test_biases_are_zero
# Les biais gardent leur initialisation par défaut.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)

# %% mutant: small positive biases
# killed by test_biases_are_zero
# Les biais valent 0,01 au lieu de 0.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.fill_(0.01)

# %% mutant: only the biases of linear layers
# killed by test_biases_are_zero
# Les biais des convolutions gardent leur initialisation par défaut.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            if isinstance(layer, nn.Linear) and layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: a bias everywhere
# killed by test_layers_may_have_no_bias
# Avec bias=False, l'attribut bias vaut None : la mise à zéro échoue.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
            layer.bias.data.zero_()

# %% mutant: layers without bias skipped
# killed by test_layers_may_have_no_bias
# Les couches sans biais sont oubliées tout entières.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)) and layer.bias is not None:
            he_normal_(layer.weight)
            layer.bias.data.zero_()

# %% mutant: every weight with two axes or more
# killed by test_other_layers_are_left_alone
# Tous les poids à plusieurs axes sont initialisés, ceux des plongements et des couches récurrentes compris.
def init_weights(module):
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1:
            he_normal_(parameter)
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)) and layer.bias is not None:
            layer.bias.data.zero_()

# %% mutant: every bias zero
# killed by test_other_layers_are_left_alone
# Les biais des couches de normalisation sont mis à zéro eux aussi.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            he_normal_(layer.weight)
        if isinstance(getattr(layer, "bias", None), torch.Tensor):
            layer.bias.data.zero_()

# %% mutant: normalisations reset
# killed by test_other_layers_are_left_alone
# Les poids des normalisations sont remis à 1 : ces couches devaient rester telles quelles.
_reference_init_weights = init_weights

def init_weights(module):
    _reference_init_weights(module)
    for layer in module.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)):
            layer.weight.data.fill_(1)

# %% mutant: transposed convolutions too
# killed by test_other_layers_are_left_alone
# Les convolutions transposées sont initialisées aussi, parce qu'elles partagent la classe de base _ConvNd.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.modules.conv._ConvNd)):
            he_normal_(layer.weight)
            if layer.bias is not None:
                layer.bias.data.zero_()

# %% mutant: weights set to zero
# killed by test_every_kind_of_layer_is_initialised
# Tous les poids valent zéro : toutes les unités d'une couche calculeraient la même chose.
def init_weights(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            nn.init.zeros_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

# %% accepted: torch.nn.init
def xavier_uniform_(weight):
    return nn.init.xavier_uniform_(weight)

def he_normal_(weight):
    return nn.init.kaiming_normal_(weight)

def _one_layer(layer):
    if type(layer) in (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.constant_(layer.bias, 0.0)

def init_weights(module):
    return module.apply(_one_layer)

# %% accepted: through .data
def xavier_uniform_(weight):
    out_features, in_features = weight.shape[:2]
    area = weight.data.flatten(2).shape[2] if weight.dim() > 2 else 1
    a = np.sqrt(6.0 / (area * (in_features + out_features)))
    weight.data = (2 * torch.rand(weight.shape, dtype=weight.dtype) - 1) * a
    return weight

def he_normal_(weight):
    weight.data.copy_(torch.randn(weight.shape) * np.sqrt(2.0 / np.prod(weight.shape[1:])))
    return weight.data

# %% accepted: numbers from NumPy
_rng = np.random.default_rng()

def xavier_uniform_(weight):
    kernel = int(np.prod(weight.shape[2:]))
    bound = np.sqrt(6 / (kernel * weight.shape[0] + kernel * weight.shape[1]))
    with torch.no_grad():
        weight[...] = torch.from_numpy(_rng.uniform(-bound, bound, size=tuple(weight.shape)))
    return weight

def he_normal_(weight):
    with torch.no_grad():
        weight.copy_(torch.as_tensor(_rng.normal(scale=np.sqrt(2 / weight[0].numel()), size=tuple(weight.shape))))
    return weight

# %% accepted: Python's random numbers
import random as _random

def xavier_uniform_(weight):
    bound = (6 / (weight[0].numel() + weight.numel() // weight.shape[1])) ** 0.5
    numbers = [_random.uniform(-bound, bound) for _ in range(weight.numel())]
    weight.data.copy_(torch.tensor(numbers, dtype=weight.dtype).view(weight.shape))
    return weight

def he_normal_(weight):
    sigma = (2 / weight[0].numel()) ** 0.5
    numbers = [_random.gauss(0, sigma) for _ in range(weight.numel())]
    weight.data.copy_(torch.tensor(numbers, dtype=weight.dtype).view(weight.shape))
    return weight

# %% accepted: distributions
def xavier_uniform_(weight):
    _, fan_in = weight.flatten(1).shape
    fan_out = weight.transpose(0, 1).flatten(1).shape[1]
    bound = torch.tensor(6 / (fan_in + fan_out)).sqrt()
    weight.data.copy_(torch.distributions.Uniform(-bound, bound).sample(weight.shape))
    return weight

def he_normal_(weight):
    _, fan_in = weight.flatten(1).shape
    weight.data.copy_(torch.distributions.Normal(0.0, (2 / fan_in) ** 0.5).sample(weight.shape))
    return weight

# %% accepted: Box and Muller
def he_normal_(weight):
    u, v = torch.rand(2, *weight.shape, dtype=torch.float64)
    z = (-2 * torch.log1p(-u)).sqrt() * torch.cos(2 * torch.pi * v)
    with torch.no_grad():
        weight.copy_(z).mul_((2 / weight[0].numel()) ** 0.5)
    return weight

# %% accepted: own recursion over children
def init_weights(module):
    if isinstance(module, nn.Linear) or isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        module.weight.data = torch.randn_like(module.weight) * (2 / module.weight[0].numel()) ** 0.5
        if getattr(module, "bias", None) is not None:
            module.bias.data = torch.zeros_like(module.bias)
    for child in module.children():
        init_weights(child)

# %% accepted: seeded outside, normal cut very far away
torch.manual_seed(3)

def he_normal_(weight):
    return nn.init.trunc_normal_(weight, mean=0.0, std=(2 / weight[0].numel()) ** 0.5, a=-2.0, b=2.0)

def init_weights(module):
    for name, layer in module.named_modules():
        if layer.__class__.__name__ in {"Linear", "Conv1d", "Conv2d", "Conv3d"}:
            he_normal_(layer.weight)
            for key, parameter in layer.named_parameters(recurse=False):
                if key == "bias":
                    nn.init.zeros_(parameter)

# %% accepted: standard draws scaled in place
@torch.no_grad()
def xavier_uniform_(weight):
    positions = 1
    for size in weight.shape[2:]:
        positions *= size
    weight.uniform_().sub_(0.5).mul_(2 * (6 / (positions * (weight.size(0) + weight.size(1)))) ** 0.5)
    return weight

@torch.no_grad()
def he_normal_(weight):
    weight.normal_()
    weight *= (2 / weight[0].numel()) ** 0.5
    return weight
