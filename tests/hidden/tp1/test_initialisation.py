"""Hidden suite of ``initialisation``.

Random checks at alpha = 1e-9 each (``checks.initialisation``); layers are far from square, so that fan_in, fan_out
and their mean give different laws. Where Xavier, He and the fans must be told apart, weights have at least 3,584
elements (1,554 needed at a ratio of 0.71); where only the default initialisation must, 1,440 (67 needed).
"""

from __future__ import annotations

import math

import torch

from autograder import checks
from autograder.suite import points

MATRIX = (120, 300)
UNCHANGED = "`init_weights` n'a pas initialisé la première couche Linear du réseau."
KERNELS = ((64, 8, 7), (40, 12, 5, 3), (48, 16, 3, 2, 2))


def fans(shape):
    positions = math.prod(shape[2:])
    return shape[1] * positions, shape[0] * positions


def confusions(shape):
    """What variance each usual mistake gives, by the name that a student reads."""
    fan_in, fan_out = fans(shape)
    named = {
        "fan_out au lieu de fan_in": 2 / fan_out,
        "Xavier au lieu de He": 2 / (fan_in + fan_out),
        "un facteur 2 oublié": 1 / fan_in,
        "la variance prise pour l'écart type": (2 / fan_in) ** 2,
        "l'initialisation par défaut de PyTorch, restée en place": 1 / (3 * fan_in),
    }
    if len(shape) > 2:
        named["un fan_in sans la taille du noyau"] = 2 / shape[1]
        named["un fan_in sans les canaux d'entrée"] = 2 / math.prod(shape[2:])
    return named


def filled(student, name, shape, dtype=torch.float32):
    """A weight that held other numbers, after ``name`` was called on it."""
    student.mirror()
    weight = 7 * torch.randn(shape, dtype=dtype) + 3
    student[name](weight)
    return checks.finite(checks.tensor(weight, shape=shape), "le poids initialisé")


def check_he(weight, what):
    variance = 2 / fans(weight.shape)[0]
    checks.normal_variance(weight, variance, what, confusions=confusions(weight.shape))
    checks.normal_shape(weight, variance, what)


def check_xavier(weight, what):
    checks.uniform_bound(weight, math.sqrt(6 / sum(fans(weight.shape))), what)


def linear(student, *args, **options):
    return student.at("torch.nn.Linear")(*args, **options)


def sequential(student, *layers):
    return student.at("torch.nn.Sequential")(*layers)


@points(3, "Xavier uniforme sur une matrice")
def test_xavier_fills_a_matrix(student):
    """Loi uniforme sur [-a, a] avec a = sqrt(6 / (fan_in + fan_out)), pour un poids (sorties, entrées)."""
    check_xavier(filled(student, "xavier_uniform_", MATRIX), "Xavier sur un poids (120, 300)")
    weight = filled(student, "xavier_uniform_", (200, 50), torch.float64)
    check_xavier(weight, "Xavier sur un poids (200, 50) en float64")


@points(3, "Xavier uniforme sur des noyaux de convolution")
def test_xavier_counts_the_kernel_in_both_fans(student):
    """Pour un poids (out, in, *noyau), fan_in et fan_out se multiplient par le nombre d'éléments du noyau."""
    for shape in KERNELS:
        check_xavier(filled(student, "xavier_uniform_", shape), f"Xavier sur un poids {shape}")


@points(3, "He normale sur une matrice")
def test_he_fills_a_matrix(student):
    """Loi normale centrée de variance 2 / fan_in ; l'écart type est la racine de la variance."""
    check_he(filled(student, "he_normal_", MATRIX), "He sur un poids (120, 300)")
    check_he(filled(student, "he_normal_", (200, 50), torch.float64), "He sur un poids (200, 50) en float64")


@points(3, "He normale sur des noyaux de convolution")
def test_he_counts_the_kernel_in_the_fan(student):
    """Chaque sortie d'une convolution somme in x (taille du noyau) termes : c'est cela, fan_in."""
    for shape in KERNELS:
        check_he(filled(student, "he_normal_", shape), f"He sur un poids {shape}")


@points(2, "Le tenseur reçu est renvoyé")
def test_the_tensor_itself_is_returned(student):
    """Le nom finit par `_` : la fonction remplit le tenseur sur place et le renvoie, comme celles de torch.nn.init."""
    student.mirror()
    for name in ("xavier_uniform_", "he_normal_"):
        kept = student.keep(torch.zeros(6, 5))
        returned = student.handle(student[name], kept)
        is_tensor = student.at("builtins.isinstance")(returned, student.at("torch.Tensor"))
        assert is_tensor is True, f"`{name}` doit renvoyer le tenseur reçu ; oubli d'un `return` ?"
        # `return weight.data` is another Python object over the same memory, and as good
        same = returned.data_ptr() == kept.data_ptr() and tuple(returned.shape) == (6, 5)
        assert same, f"`{name}` renvoie un autre tenseur que celui qu'elle a reçu."
        assert bool(kept.any()), f"`{name}` n'a pas rempli le tenseur reçu."


@points(1, "Un paramètre de réseau s'initialise aussi")
def test_a_parameter_that_requires_grad_is_filled(student):
    """Un paramètre exige un gradient : modifiez-le sous `torch.no_grad()` ou par `.data`."""
    for name in ("xavier_uniform_", "he_normal_"):
        layer = linear(student, 300, 40)
        before = layer.weight.detach().clone()
        student[name](student.handle(student.at("builtins.getattr"), layer, "weight"))
        after = layer.weight
        changed = not torch.equal(before, after.detach()) and float(after.std()) > 0
        assert changed, f"`{name}` n'a pas changé le paramètre qu'elle a reçu."
        checks.finite(after, f"le paramètre après `{name}`")
        trainable = after.requires_grad and after.is_leaf
        assert trainable, f"Après `{name}`, le paramètre ne peut plus être entraîné (requires_grad, is_leaf)."


@points(2, "De nouveaux nombres à chaque appel")
def test_each_call_draws_its_own_numbers(student):
    """Ne fixez pas de graine dans la fonction : deux couches de même taille auraient les mêmes poids."""
    student.mirror()
    for name in ("xavier_uniform_", "he_normal_"):
        draws = [torch.zeros(30, 20) for _ in range(3)]  # all alike before: doing nothing draws nothing
        for draw in draws:
            student[name](draw)
        checks.distinct(draws, f"`{name}` appelée trois fois")
    twins = [sequential(student, linear(student, 30, 20), linear(student, 30, 20)) for _ in range(2)]
    weights = []
    for network in twins:
        before = network.state_dict()["0.weight"]
        student.init_weights(network)
        weights += [w for name, w in network.state_dict().items() if name.endswith("weight")]
        assert not torch.equal(before, weights[-2]), UNCHANGED
    checks.distinct(weights, "`init_weights` sur des couches de même taille")


@points(3, "Linear, Conv1d, Conv2d et Conv3d")
def test_every_kind_of_layer_is_initialised(student):
    """`init_weights` : He normale pour les Linear comme pour les trois sortes de convolutions."""
    layers = {
        "Linear": linear(student, 300, 120),
        "Conv1d": student.at("torch.nn.Conv1d")(8, 64, 7),
        "Conv2d": student.at("torch.nn.Conv2d")(12, 40, (5, 3)),
        "Conv3d": student.at("torch.nn.Conv3d")(4, 30, (3, 2, 2)),
    }
    network = sequential(student, *layers.values())
    student.init_weights(network)
    for index, kind in enumerate(layers):
        check_he(network.state_dict()[f"{index}.weight"], f"init_weights, couche {kind}")


@points(1, "À toute profondeur")
def test_layers_are_found_at_any_depth(student):
    """Les réseaux s'emboîtent : `modules()` ou `apply` descendent jusqu'aux couches, `children()` non."""
    deep = linear(student, 50, 90)
    for _ in range(4):
        deep = sequential(student, student.at("torch.nn.ReLU")(), deep)
    block = student.at("torch.nn.ModuleDict")({"head": deep, "body": linear(student, 90, 40)})
    network = student.at("torch.nn.ModuleList")([block, student.at("torch.nn.Tanh")()])
    student.init_weights(network)
    matrices = {name: w for name, w in network.state_dict().items() if name.endswith("weight")}
    for name, weight in matrices.items():
        check_he(weight, f"init_weights, couche emboîtée sur {name.count('.')} niveaux")


@points(1, "Le module lui-même")
def test_the_module_itself_may_be_a_layer(student):
    """`init_weights(nn.Linear(...))` initialise cette couche, qui n'a pas d'enfants."""
    for layer in (linear(student, 300, 120), student.at("torch.nn.Conv2d")(12, 40, (5, 3))):
        student.init_weights(layer)
        check_he(layer.state_dict()["weight"], "init_weights sur une seule couche")


@points(1, "Des biais nuls")
def test_biases_are_zero(student):
    """Les biais des couches initialisées valent exactement 0."""
    network = sequential(
        student,
        linear(student, 30, 20),
        student.at("torch.nn.Conv1d")(5, 7, 3),
        student.at("torch.nn.Conv2d")(5, 7, 3),
        sequential(student, student.at("torch.nn.Conv3d")(2, 7, 2)),
    )
    before = network.state_dict()["0.weight"]
    student.init_weights(network)
    weight = network.state_dict()["0.weight"]
    assert bool(weight.any()) and not torch.equal(before, weight), UNCHANGED
    for name, bias in network.state_dict().items():
        if name.endswith("bias"):
            checks.equal(bias, torch.zeros_like(bias), "un biais après init_weights")


@points(1, "Des couches sans biais")
def test_layers_may_have_no_bias(student):
    """Avec `bias=False`, l'attribut `bias` vaut None : vérifiez-le avant de le mettre à zéro."""
    convolution = student.at("torch.nn.Conv2d")(12, 40, (5, 3), bias=False)
    network = sequential(student, linear(student, 300, 120, bias=False), convolution)
    student.init_weights(network)
    weights = network.state_dict()
    assert set(weights) == {"0.weight", "1.weight"}, "Une couche sans biais doit le rester."
    for weight in weights.values():
        check_he(weight, "init_weights, couche sans biais")


@points(1, "Les autres couches restent intactes")
def test_other_layers_are_left_alone(student):
    """Ni normalisation, ni plongement, ni convolution transposée, ni récurrence : leurs paramètres ne changent pas."""
    make = {
        "BatchNorm2d": (5,),
        "BatchNorm1d": (4,),
        "LayerNorm": (6,),
        "GroupNorm": (2, 4),
        "Embedding": (9, 4),
        "PReLU": (3,),
        "ConvTranspose2d": (3, 4, 2),
        "Bilinear": (3, 4, 2),
        "GRU": (4, 3),
    }
    others = [student.at(f"torch.nn.{kind}")(*args) for kind, args in make.items()]
    for other in others:
        values = {
            name: torch.rand_like(v) + 0.5 for name, v in other.state_dict().items() if v.is_floating_point()
        }
        other.load_state_dict(values, strict=False)
    network = sequential(student, linear(student, 8, 5), sequential(student, *others))
    before = [other.state_dict() for other in others]
    first = network.state_dict()["0.weight"]
    student.init_weights(network)
    assert not torch.equal(first, network.state_dict()["0.weight"]), UNCHANGED
    for kind, other, values in zip(make, others, before, strict=True):
        now = other.state_dict()
        for name, value in values.items():
            checks.equal(now[name], value, f"`{name}` d'une couche {kind} après init_weights")
