"""Hidden suite of ``perceptron``: the function is judged through its outputs, whatever its attributes are called.

The logarithms of softmax(W x + b), each row less its mean, are affine in x: that shows W and b, each less its mean over
the classes, in the outputs at 0 and at the unit vectors. Parameters are drawn anew by the suite (a perceptron may start
at zero). Tests that learn do so by gradient descent on a convex loss, in the guest.

Random only in what the suite draws: a matrix (3, 5) of normal weights is by chance as close to a lower rank as 1e-3
with probability below 1e-5, and all of four draws with less than 1e-20.
"""

from __future__ import annotations

import math

import torch

from autograder import checks
from autograder.suite import points

ROUNDINGS = 200  # of a logit, a softmax and a logarithm in float32, generously: 1e-4 of the largest log-odds
VISIBLE = 1e-2  # log-odds that differ by less are taken for equal; those of redrawn weights differ by about 1
UNREGISTERED = (
    "Le perceptron n'a aucun paramètre enregistré : une liste Python ou un simple tenseur ne l'enregistrent pas "
    "(nn.Linear, nn.Parameter, nn.ModuleList le font), et une couche créée dans `forward` non plus."
)


def perceptron(student, in_features, num_classes):
    """A perceptron that has seen a batch, so that lazy layers know their sizes."""
    model = student.Perceptron(in_features, num_classes)
    model(torch.rand(3, in_features))
    return model


def redraw(model):
    """New values for all registered parameters, so that nothing hangs on how they start."""
    names = {name for name, _ in model.named_parameters()}
    state = model.state_dict()
    model.load_state_dict(
        {n: 0.6 * torch.randn(v.shape) for n, v in state.items() if n in names}, strict=False
    )


def log_odds(model, x, classes, what="la sortie du perceptron"):
    """Logarithms of the outputs (N, C) in float64, each row less its mean; the same at a second call."""
    shape = (len(x), classes)
    p, again = (
        checks.tensor(model(x.clone()), shape=shape, dtype="floating", what=what).detach() for _ in range(2)
    )
    checks.finite(p, what)
    close(again, p, "le second de deux appels sur le même lot, comparé au premier")
    assert bool((p > 0).all()), (
        "Des probabilités sont négatives ou nulles : la softmax est-elle la dernière étape ?"
    )
    logs = p.double().log()
    return logs - logs.mean(1, keepdim=True)


def check_varies(found):
    """That a constant has nothing to show.

    ``redraw`` gives two classes weights that differ by less than VISIBLE with probability 6e-3 where there is one
    input, and below (6e-3)^8 for the smallest perceptron of which this is asked, four inputs and three classes (eight
    independent differences), so below 1e-17.
    """
    range_ = float((found.amax(0) - found.amin(0)).max())
    assert range_ > VISIBLE, "Les probabilités ne dépendent pas de l'entrée."


def close(found, expected, what):
    checks.close(found, expected, what, fan_in=ROUNDINGS, dtype=torch.float32)


def probe(in_features):
    """Zero and the unit vectors, (1 + in_features, in_features): where an affine map shows its bias and weights."""
    return torch.cat([torch.zeros(1, in_features), torch.eye(in_features)])


def descend(student, model, x, targets, lr, steps):
    """Gradient descent on the cross-entropy with targets (N, C); the probabilities (N, C) after it.

    Outputs are taken up to a factor: that they sum to one has a test of its own.
    """
    assert list(model.named_parameters()), UNREGISTERED
    optimizer = student.at("torch.optim.SGD")(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        p = checks.tensor(
            model(x.clone()), shape=targets.shape, requires_grad=True, what="la sortie du perceptron"
        )
        (-(targets * (p.log() - p.sum(1, keepdim=True).log())).sum(1).mean()).backward()
        optimizer.step()
    p = checks.finite(model(x.clone()).detach(), "la sortie du perceptron après l'apprentissage")
    return p / p.sum(1, keepdim=True)


@points(2, "Des probabilités")
def test_each_row_holds_probabilities(student):
    """Une ligne par exemple, une colonne par classe ; chaque ligne est positive et de somme 1."""
    for in_features, classes in ((1, 2), (6, 3), (12, 7)):
        model = perceptron(student, in_features, classes)
        redraw(model)
        x = torch.randn(9, in_features)
        logs = log_odds(model, x, classes)
        if in_features > 1:
            check_varies(logs)
        what = f"la somme des probabilités de chaque exemple, pour {classes} classes"
        close(model(x).detach().sum(1), torch.ones(9), what)


@points(3, "Une fonction affine, puis la softmax")
def test_the_log_odds_are_affine(student):
    """Entre l'entrée et la softmax, rien d'autre que W x + b : ni ReLU, ni couche cachée, ni seconde softmax."""
    for in_features, classes in ((6, 3), (3, 5)):
        model = perceptron(student, in_features, classes)
        redraw(model)
        x = torch.randn(11, in_features)
        found = log_odds(
            model, torch.cat([probe(in_features), x]), classes
        )  # one batch: batches have their test
        check_varies(found)
        bias, units, values = found[0], found[1 : 1 + in_features], found[1 + in_features :]
        close(values, bias + x.double() @ (units - bias), "le logarithme des rapports de probabilités")


@points(2, "Un biais pour chaque classe")
def test_each_class_has_a_bias_that_learns(student):
    """Sans aucun prédicteur (x = 0), le biais seul décide : il apprend alors la fréquence de chaque classe."""
    model = perceptron(student, 3, 4)
    frequencies = torch.tensor([0.4, 0.3, 0.2, 0.1])[torch.randperm(4)]
    found = descend(student, model, torch.zeros(2, 3), frequencies.repeat(2, 1), lr=1.0, steps=120)
    error = float((found - frequencies).abs().max())
    assert error < 0.02, (
        f"Pour une entrée nulle, les probabilités apprises s'écartent de {100 * error:.0f} % des fréquences."
    )


@points(2, "Toutes les entrées comptent, pour toutes les classes")
def test_every_input_weighs_on_every_class(student):
    """W a une ligne pour chaque classe et une colonne pour chaque entrée, indépendantes les unes des autres."""
    model = perceptron(student, 5, 4)
    draws = []
    for _ in range(4):
        redraw(model)
        found = log_odds(model, probe(5), 4)
        draws.append(found[1:] - found[0])
    seen = torch.stack(draws).abs().amax((0, 2))
    unseen = int((seen < VISIBLE).sum())
    assert not unseen, f"Changer une entrée ne change pas les probabilités, pour {unseen} entrées sur 5."
    ranks = [int(torch.linalg.matrix_rank(weights, rtol=1e-3)) for weights in draws]
    assert max(ranks) == 3, "Les classes n'ont pas chacune leurs propres poids : le rang de W est trop petit."


@points(2, "N'importe quel nombre d'exemples, chacun pour soi")
def test_each_row_is_independent_of_the_batch(student):
    """Les probabilités d'un exemple ne dépendent pas des autres : la softmax court sur les classes, pas sur le lot."""
    model = perceptron(student, 4, 3)
    redraw(model)
    x = torch.randn(8, 4)
    check_varies(log_odds(model, x, 3))
    together = model(x).detach()
    what = "la sortie pour un seul exemple"
    alone = [checks.tensor(model(row[None]), shape=(1, 3), what=what).detach() for row in x]
    close(torch.cat(alone), together, "chaque exemple seul, comparé au même dans un lot")
    few = checks.tensor(model(x[:3]), shape=(3, 3), what="la sortie pour 3 exemples").detach()
    close(few, together[:3], "un lot de 3 exemples, comparés aux mêmes dans un lot de 8")


@points(2, "Des entrées de toute forme")
def test_inputs_of_any_shape_are_flattened(student):
    """Une image (N, 1, H, W) s'aplatit en (N, H*W) : l'axe du lot reste, tous les autres n'en font plus qu'un."""
    for shape in ((2, 3), (1, 3, 2), (3, 1, 2, 1)):
        model = perceptron(student, math.prod(shape), 4)
        redraw(model)
        x = torch.randn(7, *shape)
        expected = log_odds(model, x.flatten(1), 4)
        check_varies(expected)
        what = f"la sortie pour des entrées de forme (N, {', '.join(map(str, shape))})"
        close(log_odds(model, x, 4, what), expected, what)
        close(log_odds(model, x[:1], 4, what), log_odds(model, x[:1].flatten(1), 4), what + ", N = 1")


@points(2, "Il apprend")
def test_the_weights_learn(student):
    """Les poids sont des paramètres enregistrés, et le gradient les atteint : pas de detach ni de no_grad."""
    model = perceptron(student, 2, 3)
    angles = 2 * math.pi * (torch.arange(24) % 3 / 3 + 0.1 * torch.rand(24)) + 6 * float(torch.rand(()))
    x = 2 * torch.stack([angles.cos(), angles.sin()], 1)  # three arcs around the origin: no bias is needed
    now = log_odds(model, x, 3).argmax(1)
    turns = [(torch.arange(24) + turn) % 3 for turn in range(3)]
    targets = min(turns, key=lambda y: int((now == y).sum()))  # right for a third of them at most, so far
    found = descend(student, model, x, torch.eye(3)[targets], lr=0.3, steps=100)
    right = int((found.argmax(1) == targets).sum())
    assert right == 24, (
        f"Après 100 pas de descente, {right} exemples sur 24 sont bien classés ; ils sont séparables."
    )
