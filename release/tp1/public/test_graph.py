"""Public suite of ``graph``: the nodes of w x + b, of a product of functions, of a tensor without history."""

from __future__ import annotations

import torch

from autograder.suite import points


def leaf(student, requires_grad=True):
    return student.handle(student.keep(torch.rand(3)).requires_grad_, requires_grad)


def compute(student, name, *tensors):
    """``torch.<name>``, the result kept with its history."""
    return student.handle(student.at(f"torch.{name}"), *tensors)


def check_names(student, tensor, expected):
    found = student.backward_nodes(tensor)
    assert isinstance(found, set), "`backward_nodes` doit renvoyer un ensemble (`set`)."
    assert all(isinstance(name, str) for name in found), "L'ensemble doit contenir des noms (`str`)."
    short = {name.rpartition("::")[2] for name in found}  # `node.name()` has a prefix
    assert not expected - short, f"Il manque : {', '.join(sorted(expected - short))}."
    assert not short - expected, f"En trop : {', '.join(sorted(short - expected))[:200]}."


@points(2, "Le graphe de w · x + b")
def test_the_nodes_of_a_line(student):
    """Une somme, un produit, et les feuilles w et b : `AccumulateGrad` compte, une fois puisque c'est un ensemble."""
    product = compute(student, "mul", leaf(student), leaf(student))
    line = compute(student, "add", product, leaf(student))
    check_names(student, line, {"AddBackward0", "MulBackward0", "AccumulateGrad"})


@points(1, "Une entrée constante")
def test_a_constant_input_has_no_node(student):
    """Une entrée qui ne demande pas de gradient donne None dans `next_functions`."""
    product = compute(student, "mul", leaf(student, requires_grad=False), leaf(student))
    check_names(student, compute(student, "exp", product), {"ExpBackward0", "MulBackward0", "AccumulateGrad"})


@points(1, "Deux branches")
def test_both_branches_are_followed(student):
    """Les deux facteurs ont chacun leur branche : suivez toutes les entrées d'un nœud."""
    first = compute(student, "sin", leaf(student))
    second = compute(student, "cos", compute(student, "tanh", leaf(student)))
    names = {"MulBackward0", "SinBackward0", "CosBackward0", "TanhBackward0", "AccumulateGrad"}
    check_names(student, compute(student, "mul", first, second), names)


@points(1, "Sans historique")
def test_a_tensor_without_history_has_no_nodes(student):
    """Un tenseur sans historique n'a pas de `grad_fn` : l'ensemble est vide."""
    check_names(student, leaf(student, requires_grad=False), set())
