"""Public suite of ``output_size``: cases small enough to draw on paper.

Five pixels and a kernel of three: it stands on pixels 1-3, 2-4 and 3-5, so three positions. With a stride of two, two.
"""

from __future__ import annotations

from autograder import checks
from autograder.suite import points


def check(found, expected, what):
    assert found is not None, f"{what} : la fonction ne renvoie rien (un `return` oublié ?)."
    checks.equal(found, expected, what)


@points(2, "Trois positions sur cinq pixels")
def test_a_worked_size(student):
    """Dessinez cinq cases et un noyau de trois : il se pose en 1-3, 2-4 et 3-5."""
    check(student.conv_output_size(5, 3), 3, "`conv_output_size(5, 3)`")
    found = student.conv_output_size(5, 5)
    check(found, 1, "`conv_output_size(5, 5)`")
    assert not isinstance(found, float), "La taille doit être un entier, pas un flottant."


@points(2, "Le pas, le bord, la dilatation")
def test_worked_options(student):
    """Dessinez les cases : une fenêtre qui déborde ne compte pas, et le bord s'ajoute des deux côtés."""
    check(student.conv_output_size(5, 3, stride=2), 2, "`conv_output_size(5, 3, stride=2)`")
    check(student.conv_output_size(6, 3, stride=2), 2, "`conv_output_size(6, 3, stride=2)`")
    check(student.conv_output_size(5, 3, padding=1), 5, "`conv_output_size(5, 3, padding=1)`")
    check(student.conv_output_size(7, 3, dilation=2), 3, "`conv_output_size(7, 3, dilation=2)`")


@points(1, "Un noyau qui ne tient pas")
def test_a_kernel_that_does_not_fit(student):
    """Un noyau de cinq ne tient pas sur trois pixels : la fonction doit lever ValueError."""
    check(student.conv_output_size(3, 3), 1, "`conv_output_size(3, 3)`")
    try:
        student.conv_output_size(3, 5)
    except ValueError:
        return
    raise AssertionError("`conv_output_size(3, 5)` doit lever ValueError.")


@points(2, "Les paramètres d'un petit réseau")
def test_parameters_of_a_small_network(student):
    """Une couche linéaire de 3 vers 2 a six poids et deux biais."""
    linear, sequential = student.at("torch.nn.Linear"), student.at("torch.nn.Sequential")
    check(student.count_parameters(linear(3, 2)), 8, "le nombre de paramètres de Linear(3, 2)")
    network = sequential(student.at("torch.nn.Conv2d")(1, 6, 5), student.at("torch.nn.BatchNorm2d")(6))
    check(
        student.count_parameters(network),
        168,
        "le nombre de paramètres d'une convolution et d'une batch norm",
    )


@points(1, "Figés ou partagés")
def test_frozen_and_shared_parameters(student):
    """Une couche figée ne compte pas ; une couche qui sert deux fois compte une fois."""
    linear, sequential = student.at("torch.nn.Linear"), student.at("torch.nn.Sequential")
    frozen, free = linear(3, 2), linear(2, 2)
    student.handle(frozen.requires_grad_, False)
    check(
        student.count_parameters(sequential(frozen, free)),
        6,
        "le nombre de paramètres, première couche figée",
    )
    check(
        student.count_parameters(sequential(free, free)),
        6,
        "le nombre de paramètres d'une couche répétée",
    )


@points(2, "Le champ récepteur")
def test_worked_receptive_fields(student):
    """Deux noyaux de trois voient cinq pixels : le premier trois, le second un de plus de chaque côté."""
    check(student.receptive_field([(3, 1), (3, 1)]), 5, "`receptive_field([(3, 1), (3, 1)])`")
    check(student.receptive_field([(3, 2), (3, 1)]), 7, "`receptive_field([(3, 2), (3, 1)])`")
    check(student.receptive_field([(3, 1), (3, 2)]), 5, "`receptive_field([(3, 1), (3, 2)])`")
    check(student.receptive_field([]), 1, "`receptive_field([])`")
