"""Public suite of ``perceptron``: shapes, probabilities, parameters and a few steps of learning."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points


def output(model, x, classes):
    """Probabilities (N, classes) for the batch x, once their shape is right."""
    return checks.tensor(model(x), shape=(len(x), classes), dtype="floating", what="la sortie du perceptron")


@points(2, "Des probabilités, exemple par exemple")
def test_each_row_holds_probabilities(student):
    """Une ligne par exemple, positive et de somme 1 ; le nombre d'exemples est libre."""
    model = student.Perceptron(4, 3)
    for count in (5, 1):
        p = output(model, torch.randn(count, 4), 3).detach()
        assert bool((p >= 0).all()), (
            "Des probabilités sont négatives : la softmax est-elle la dernière étape ?"
        )
        checks.close(p.sum(1), torch.ones(count), "la somme des probabilités de chaque exemple", fan_in=16)


@points(1, "Un exemple ne dépend pas des autres")
def test_rows_are_independent(student):
    """La softmax court sur les classes, pas sur le lot."""
    model, x = student.Perceptron(4, 3), torch.randn(5, 4)
    alone = torch.cat([output(model, row[None], 3) for row in x]).detach()
    checks.close(alone, output(model, x, 3).detach(), "chaque exemple seul, comparé au lot", fan_in=64)


@points(1, "Des images")
def test_images_are_flattened(student):
    """`in_features` compte tous les pixels : une image 1 x 8 x 8 en a 64."""
    output(student.Perceptron(64, 10), torch.rand(5, 1, 8, 8), 10)


@points(2, "Il apprend")
def test_it_learns(student):
    """Deux classes sur une droite, de part et d'autre de x = 3 : il faut un poids et un biais, et leur gradient."""
    x, targets = torch.tensor([[1.0], [2.0], [4.0], [5.0]]), torch.tensor([0, 0, 1, 1])
    model = student.Perceptron(1, 2)
    output(model, x, 2)
    assert list(model.named_parameters()), "Le perceptron n'a aucun paramètre enregistré."
    optimizer = student.at("torch.optim.SGD")(model.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        p = checks.tensor(model(x), shape=(4, 2), requires_grad=True, what="la sortie du perceptron")
        (-p[range(4), targets].log().mean()).backward()
        optimizer.step()
    right = int((model(x).detach().argmax(1) == targets).sum())
    assert right == 4, f"Après 200 pas de descente, {right} exemples sur 4 sont bien classés."
