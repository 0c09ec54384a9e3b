"""Hidden suite of ``output_size``: integers compared exactly, so alpha = 0.

Every kind of number that Python takes for an integer is right (``operator.index``); a float is wrong where the exercise
asks for an integer, and there alone. Numbers are drawn, so that no table of known networks answers them; each function
also meets a network whose numbers are published.
"""

from __future__ import annotations

import operator
import random

import torch

from autograder import checks
from autograder.suite import points
from reference.architecture import conv_output_size, count_parameters, receptive_field

AT_LEAST = 12  # drawn cases of each kind


def number(value, what):
    """``value`` if it is one number, of whatever kind."""
    if isinstance(value, torch.Tensor):
        value = checks.tensor(value, shape=(), what=what).item()
    assert value is not None, f"{what} : la fonction ne renvoie rien (un `return` oublié ?)."
    try:
        return float(value)
    except (TypeError, ValueError):
        raise AssertionError(f"{what} : le résultat doit être un nombre.") from None


def check_size(student, size, kernel_size, **options):
    told = "".join(f", {name}=..." for name in options)
    what = f"`conv_output_size(size, kernel_size{told})`"
    found = number(student.conv_output_size(size, kernel_size, **options), what)
    checks.equal(found, float(conv_output_size(size, kernel_size, **options)), what)


def check_count(student, module, expected, what):
    checks.equal(number(student.count_parameters(module), "`count_parameters`"), float(expected), what)


def check_field(student, layers, what):
    found = number(student.receptive_field(list(layers)), "`receptive_field`")
    checks.equal(found, float(receptive_field(layers)), what)


def drawn():
    """A size and a kernel that fits."""
    kernel_size = random.randint(2, 9)
    return random.randint(kernel_size, 200), kernel_size


def shared(student, owner, name):
    """A handle to a parameter, which the guest may give to another module."""
    return student.handle(student.at("builtins.getattr"), owner, name)


@points(2, "La taille sans option")
def test_a_size_without_options(student):
    """Avec un pas de 1 et sans bord, un noyau de k éléments se pose n - k + 1 fois sur n éléments."""
    check_size(student, 32, 5)  # C1 of LeNet-5
    for _ in range(AT_LEAST):
        check_size(student, *drawn())


@points(2, "Le pas (stride)")
def test_the_stride_divides_and_rounds_down(student):
    """Une fenêtre qui déborderait ne compte pas : la division s'arrondit vers le bas, puis on ajoute 1."""
    for size, kernel_size in (drawn() for _ in range(AT_LEAST)):
        check_size(student, size, kernel_size, stride=random.randint(2, 7))
    for rest in range(4):
        check_size(student, 40 + rest, 3, stride=4)
        check_size(student, 40 + rest, 2, stride=5)


@points(2, "Le bord (padding)")
def test_the_padding_counts_on_both_sides(student):
    """`padding` éléments s'ajoutent de chaque côté ; un noyau plus grand que l'entrée peut alors tenir."""
    for size, kernel_size in (drawn() for _ in range(AT_LEAST)):
        check_size(student, size, kernel_size, padding=random.randint(1, 5))
    check_size(student, 3, 5, padding=1)
    check_size(student, 4, 7, padding=6)


@points(2, "La dilatation")
def test_the_dilation_spreads_the_kernel(student):
    """Un noyau de k éléments espacés de d en couvre d (k - 1) + 1."""
    for dilation in (2, 3, 5):
        for size, kernel_size in (drawn() for _ in range(AT_LEAST // 3)):
            check_size(student, dilation * size, kernel_size, dilation=dilation)
    check_size(student, 20, 1, dilation=3)


@points(1, "Toutes les options, dans l'ordre")
def test_all_options_by_position(student):
    """L'ordre des arguments est `size, kernel_size, stride, padding, dilation`."""
    what = "`conv_output_size(size, kernel_size, stride, padding, dilation)`"
    for arguments in (
        (224, 7, 2, 3, 1),
        (224, 11, 4, 2, 1),
        (101, 5, 3, 2, 2),
    ):  # ResNet's stem, AlexNet's, another
        found = number(student.conv_output_size(*arguments), what)
        checks.equal(found, float(conv_output_size(*arguments)), what)


@points(1, "Un entier, pas un flottant")
def test_a_size_is_an_integer(student):
    """`/` donne toujours un flottant : `//` divise en entiers et arrondit vers le bas."""
    for size, kernel_size in (drawn() for _ in range(AT_LEAST)):
        found = student.conv_output_size(size, kernel_size, 2)
        try:
            found = operator.index(found)
        except TypeError:
            raise AssertionError(
                f"Le résultat est un `{type(found).__name__}` au lieu d'un entier."
            ) from None
        checks.equal(found, conv_output_size(size, kernel_size, 2), "`conv_output_size`")


@points(2, "Un noyau qui ne tient pas")
def test_an_output_below_one_is_refused(student):
    """Une taille de sortie nulle ou négative n'existe pas : levez `ValueError`. Une sortie de 1 existe."""
    for size, options in (
        (5, {}),
        (5, {"stride": 3}),
        (3, {"padding": 1}),
        (9, {"dilation": 2, "stride": 2}),
    ):
        check_size(student, size, 5, **options)  # just fits
        for less in (1, 2, 3):
            refuse(student, size - less, 5, **options)


def refuse(student, size, kernel_size, **options):
    try:
        student.conv_output_size(size, kernel_size, **options)
    except ValueError:
        return
    told = "".join(f", {name}={value}" for name, value in options.items())
    raise AssertionError(f"`conv_output_size` doit lever ValueError quand le noyau ne tient pas{told}.")


@points(2, "Tous les paramètres, à toute profondeur")
def test_all_kinds_of_parameters_count(student):
    """Poids, biais et `nn.Parameter` de tout genre comptent, à toute profondeur ; les buffers ne comptent pas."""
    sequential, linear = student.at("torch.nn.Sequential"), student.at("torch.nn.Linear")
    inner = sequential(
        student.at("torch.nn.Conv2d")(3, 7, (2, 5), groups=1), student.at("torch.nn.BatchNorm2d")(7)
    )
    network = sequential(sequential(inner, student.at("torch.nn.PReLU")()), linear(11, 4, bias=False))
    scale = student.handle(student.at("torch.nn.Parameter"), torch.randn(5, 3))
    student.handle(network.register_parameter, "scale", scale)
    check_count(
        student, network, 3 * 7 * 10 + 7 + 14 + 1 + 44 + 15, "le nombre de paramètres d'un réseau profond"
    )
    check_count(student, student.at("torch.nn.ReLU")(), 0, "le nombre de paramètres d'une ReLU")
    encoder = (8, 2, 16)  # holds parameters that no layer class of its own holds
    check_count(
        student,
        student.at("torch.nn.TransformerEncoderLayer")(*encoder),
        count_parameters(torch.nn.TransformerEncoderLayer(*encoder)),
        "le nombre de paramètres d'une couche de transformeur",
    )
    twins = sequential(linear(6, 6), linear(6, 6))  # same shapes, yet two layers
    check_count(student, twins, 84, "le nombre de paramètres de deux couches de mêmes tailles")


@points(2, "Les paramètres figés")
def test_frozen_parameters_do_not_count(student):
    """Seuls comptent les paramètres dont `requires_grad` est vrai ; une couche peut être figée à moitié."""
    linear = student.at("torch.nn.Linear")
    first, last = linear(5, 8), linear(8, 3)
    network = student.at("torch.nn.Sequential")(first, last)
    student.handle(first.requires_grad_, False)
    check_count(student, network, 27, "le nombre de paramètres quand la première couche est figée")
    student.handle(shared(student, last, "weight").requires_grad_, False)
    check_count(student, network, 3, "le nombre de paramètres quand il ne reste qu'un biais à entraîner")


@points(2, "Les paramètres partagés")
def test_shared_parameters_count_once(student):
    """Deux couches qui tiennent le même paramètre l'entraînent ensemble : il ne compte qu'une fois."""
    linear, sequential = student.at("torch.nn.Linear"), student.at("torch.nn.Sequential")
    first, last = linear(6, 4), linear(6, 4)
    last.weight = shared(student, first, "weight")
    check_count(
        student, sequential(first, last), 24 + 8, "le nombre de paramètres quand un poids est partagé"
    )
    twice = sequential(first, linear(4, 6), first)
    check_count(student, twice, 28 + 30, "le nombre de paramètres quand une couche sert deux fois")


@points(3, "Le champ récepteur")
def test_the_receptive_field_grows_by_the_strides_before(student):
    """Chaque couche ajoute (k - 1) fois le produit des pas des couches qui la précèdent, sans le sien."""
    what = "le champ récepteur"
    vgg16 = [(3, 1), (3, 1), (2, 2)] * 2 + [(3, 1), (3, 1), (3, 1), (2, 2)] * 3
    check_field(student, vgg16, f"{what} de VGG-16")
    for depth in (1, 2, 3, 4, 6):
        layers = [(random.randint(2, 7), random.randint(2, 4)) for _ in range(depth)]
        check_field(student, layers, f"{what} de {depth} couche{'s' if depth > 1 else ''}")
        check_field(student, [(k, 1) for k, _ in layers], f"{what} de {depth} couche(s) de pas 1")
    check_field(student, [(1, 2), (1, 3), (5, 1), (1, 1)], f"{what} de noyaux de taille 1")


@points(1, "Aucune couche")
def test_without_layers_a_pixel_sees_itself(student):
    """Sans couche, la somme est vide : il reste le pixel lui-même."""
    check_field(student, [], "le champ récepteur de zéro couche")
    check_field(student, [(4, 3)], "le champ récepteur d'une seule couche")


@points(1, "La liste reçue reste intacte")
def test_the_list_is_not_modified(student):
    """`pop`, `reverse` ou `append` changent la liste de l'appelant : parcourez-la sans la modifier."""
    layers = [(5, 2), (3, 1), (2, 3)]
    kept = student.keep(layers)
    for _ in range(2):
        found = number(student.receptive_field(kept), "`receptive_field`")
        checks.equal(found, float(receptive_field(layers)), "le champ récepteur, deux fois la même liste")
    left = [tuple(pair) for pair in kept]
    checks.equal(left, layers, "la liste des couches après l'appel")
