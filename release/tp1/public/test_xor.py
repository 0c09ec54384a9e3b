"""Public suite of ``xor``: shapes and width of the MLP, and the four points of XOR."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points

POINTS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = torch.tensor([0, 1, 1, 0])


@points(1, "La forme des scores")
def test_the_mlp_gives_one_score_a_class(student):
    """(N, in_features) donne (N, num_classes), quel que soit N."""
    model = student.MLP(3, 8, 5)
    for count in (6, 2):
        values = model(torch.randn(count, 3))
        checks.tensor(values, shape=(count, 5), dtype="floating", what="les scores")
    values.sum().backward()


@points(1, "La largeur de la couche cachée")
def test_the_hidden_layer_has_the_width_asked_for(student):
    """Une couche cachée plus large a plus de paramètres."""
    small, large = (
        sum(p.numel() for _, p in student.MLP(2, hidden, 2).named_parameters()) for hidden in (3, 10)
    )
    assert small > 0, "Le MLP n'a aucun paramètre que `parameters()` voie."
    assert large > small, "Le nombre de paramètres ne dépend pas de `hidden`."


@points(2, "Les quatre points du OU exclusif")
def test_xor_is_learned(student):
    """La classe prédite est 1 quand une seule des deux coordonnées vaut 1, et l'entraînement y arrive à chaque fois."""
    module = student.fit_xor()
    values = module(POINTS)
    checks.tensor(values, shape=(4, 2), dtype="floating", what="les scores des quatre points")
    right = int((values.argmax(dim=1) == XOR).sum())
    assert right == 4, f"Le module répond juste à {right} points sur 4."


@points(1, "Un réseau, pas une table")
def test_the_fitted_module_is_differentiable(student):
    """Le gradient remonte des scores jusqu'aux points."""
    x = POINTS.clone().requires_grad_()
    values = checks.tensor(student.fit_xor()(x), shape=(4, 2), requires_grad=True, what="les scores")
    values[:, 1].sum().backward()
    assert x.grad is not None and bool(x.grad.any()), "Le gradient n'arrive pas jusqu'aux points."
