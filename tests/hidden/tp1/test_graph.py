"""Hidden suite of ``graph``: the same small computations here and in the guest, names compared with the reference's.

Expected names come from torch itself at grading, so that no version's names are fixed here; a node may be named by
its type or by ``node.name()``, which differ in a C++ prefix (``torch::autograd::AccumulateGrad``). Nothing is random
but values that do not matter: alpha = 0. A leaf that requires a gradient, which has no node yet, is not judged.

Recursion is a right way to walk a graph, so the test of depth gives the guest's Python the room that it needs. A walk
along every path of a graph that has 2^60 of them is stopped after 100,000 visits of its 60 nodes.
"""

from __future__ import annotations

import torch
from torch import nn

from autograder.errors import CheckFailed
from autograder.standins import doubled
from autograder.suite import points
from reference.graph import backward_nodes as reference_nodes

LEAF = "AccumulateGrad"
DOUBLINGS, DEPTH = 60, 1500
ROOM = 20 * DEPTH  # frames of Python: some for each level


class Both:
    """The same tensors with the same history, here and in the guest: pairs (here, there)."""

    def __init__(self, student):
        self.student = student

    def leaf(self, *shape, requires_grad=True):
        here = torch.rand(shape)
        there = self.student.keep(here)
        if requires_grad:
            there.requires_grad_()
        return here.requires_grad_(requires_grad), there

    def __call__(self, name, *arguments, **options):
        """``torch.<name>`` of pairs; the result is a pair again."""
        here, there = ([pair[side] for pair in arguments] for side in (0, 1))
        remote = self.student.handle(self.student.at(f"torch.{name}"), *there, **options)
        return getattr(torch, name)(*here, **options), remote

    def check(self, pair, what, leaves=False):
        """The names of a pair's nodes; those of leaves only where they are the question."""
        here, there = pair
        found, wanted = names(self.student.backward_nodes(there)), reference_nodes(here)
        if not leaves:
            found, wanted = found - {LEAF}, wanted - {LEAF}
        missing, extra = len(wanted - found), len(found - wanted)
        told = f"sur {len(wanted)} noms, {missing} manquant(s) ; {extra} en trop"
        assert not missing and not extra, f"{what[:1].upper()}{what[1:]} : {told}."


def names(found):
    """The student's names without C++ prefix; that they stand in a set is judged once."""
    if not isinstance(found, set | list | tuple):
        kind = "None (un `return` oublié ?)" if found is None else "autre chose"
        raise CheckFailed(f"`backward_nodes` doit renvoyer un ensemble de noms ; reçu : {kind}.")
    if not all(isinstance(name, str) for name in found):
        raise CheckFailed("`backward_nodes` doit renvoyer des noms (`str`), pas les nœuds eux-mêmes.")
    return {name.rpartition("::")[2] for name in found}


@points(4, "Toutes les branches, jusqu'au bout")
def test_all_branches_are_followed_to_their_ends(student):
    """Partez de `tensor.grad_fn` et suivez toutes les entrées de `next_functions`, jusqu'aux feuilles."""
    both = Both(student)
    hidden = both("tanh", both("addmm", both.leaf(4), both.leaf(5, 3), both.leaf(3, 4)))
    both.check(both("sum", both("exp", hidden)), "une couche et une exponentielle")
    deep = both("sigmoid", both("sqrt", both("mean", both.leaf(6, 5), dim=0)))
    both.check(
        both("sub", both("sin", both.leaf(5)), deep), "une différence à la seconde branche plus longue"
    )
    last = both("log", both("prod", both("abs", both.leaf(5))))
    both.check(
        both("addcmul", both.leaf(5), both("cos", both.leaf(5)), last), "une opération à trois entrées"
    )


@points(2, "Les feuilles comprises")
def test_leaves_end_in_accumulate_grad(student):
    """Une feuille qui demande un gradient a un nœud, `AccumulateGrad` : il est au bout de sa branche."""
    both = Both(student)
    layer = both("addmm", both.leaf(4), both.leaf(5, 3), both.leaf(3, 4))
    both.check(both("tanh", layer), "une couche et ses trois feuilles", leaves=True)


@points(2, "Un ensemble, vide sans historique")
def test_a_tensor_without_history_has_no_nodes(student):
    """Le résultat est un `set`. Un tenseur sans historique n'a pas de `grad_fn` : l'ensemble est vide, `set()`."""
    both = Both(student)
    detached = both("exp", both("detach", both("tanh", both.leaf(4))))
    constant = both.leaf(4, requires_grad=False)
    for pair, told in ((detached, "calculé à partir d'un tenseur détaché"), (constant, "constant")):
        found = student.backward_nodes(pair[1])
        assert isinstance(found, set) and not found, f"Un ensemble vide est attendu pour un tenseur {told}."
    with_history = both("tanh", both.leaf(4))
    both.check(with_history, "une tangente hyperbolique")
    assert isinstance(student.backward_nodes(with_history[1]), set), (
        "Le résultat doit être un ensemble (`set`)."
    )


@points(2, "Les entrées sans gradient")
def test_inputs_without_gradient_are_skipped(student):
    """`next_functions` contient None pour une entrée qui ne demande pas de gradient, une constante par exemple."""
    both = Both(student)
    x, y = both.leaf(5, 3, requires_grad=False), both.leaf(5, 4, requires_grad=False)
    output = both("add", both("matmul", x, both.leaf(3, 4)), both.leaf(4))
    both.check(both("mean", both("square", both("sub", y, output))), "une régression sur des données fixes")


@points(3, "Des nœuds de même nom, par milliers")
def test_nodes_of_the_same_name_are_different_nodes(student):
    """Retenez les nœuds déjà vus, pas leurs noms : derrière une seconde addition, il peut y avoir autre chose."""
    both = Both(student)
    inner = both("add", both("sin", both.leaf(4)), both("cos", both.leaf(4)))
    both.check(both("add", both("add", inner, both.leaf(4)), both("exp", both.leaf(4))), "trois additions")
    check_a_long_chain(student, both)


def check_a_long_chain(student, both):
    """As a recurrent network leaves it behind on a long series."""
    here, there = both("sin", both.leaf(4))
    layer = student.at("torch.nn.Tanh")()
    there = student.handle(student.at("torch.nn.Sequential")(*[layer] * DEPTH), there)
    here = nn.Sequential(*[nn.Tanh()] * DEPTH)(here)
    limit = student.at("sys.getrecursionlimit")()
    student.at("sys.setrecursionlimit")(ROOM)
    try:
        both.check((here, there), f"{DEPTH} opérations à la file")
    finally:
        student.at("sys.setrecursionlimit")(limit)


@points(2, "Chaque nœud une seule fois")
def test_a_node_reached_by_many_paths_is_visited_once(student):
    """Un nœud atteint par deux chemins ne se visite qu'une fois : n sommes x + x font n nœuds, mais 2^n chemins."""
    both = Both(student)
    here, there = both.leaf(4)
    pair = doubled(here, DOUBLINGS), student.make("doubled", there, DOUBLINGS)
    both.check(both("sin", pair), f"{DOUBLINGS} doublements x + x")
