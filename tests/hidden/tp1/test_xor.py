"""Hidden suite of ``xor``: what an MLP is, with weights drawn here, and whether ``fit_xor`` has learned XOR.

All parameters of the student's MLP are replaced by numbers drawn here, so that no initialisation is judged and what a
right network does is known. Its scores turn along straight lines: through one layer and any monotone function behind it
they would only rise or only fall. They are neither all positive nor all within [-1, 1]. At most one draw in five of a
right network does not show it (measured for 16 non-linearities with and without biases, 1,500 draws each, exp being
the worst and leaky ReLU of slope .5 next with one in 60): alpha = 1e-14 for twenty draws.

Training may fail by bad luck: the first of at most 7 runs that learns XOR counts, so a solution that learns it 95 times
in 100 fails a test with probability .05^7 = 8e-10.
"""

from __future__ import annotations

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points

POINTS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = torch.tensor([0, 1, 1, 0])
TRIES = 7
DRAWS = 20
LINES, STEPS = 64, 41
TURN = 1e-3  # of the largest score: rounding in float32 gives 2e-6


def drawn_mlp(student, in_features, hidden, num_classes):
    """An MLP of the student's, in evaluation mode, whose parameters are drawn here."""
    model = student.MLP(in_features=in_features, hidden=hidden, num_classes=num_classes)
    model(torch.randn(6, in_features))  # lazy layers take their shapes
    model.eval()
    draw(model)
    return model


def draw(model):
    values = {name: torch.randn_like(p) for name, p in model.named_parameters()}
    if not values:
        raise CheckFailed(
            "Le MLP n'a aucun paramètre que `parameters()` voie (couches dans une simple liste ?)."
        )
    model.load_state_dict(values, strict=False)


def scores(module, x, num_classes, what="les scores"):
    return checks.tensor(module(x), shape=(len(x), num_classes), dtype="floating", what=what)


def turning(module):
    """How far scores turn back along straight lines in [0, 4]^2, relative to the largest; 0 where none does."""
    start, end = 4 * torch.rand(LINES, 1, 2), 4 * torch.rand(LINES, 1, 2)
    x = start + torch.linspace(0, 1, STEPS)[None, :, None] * (end - start)
    values = scores(module, x.reshape(-1, 2), 2).detach().reshape(LINES, STEPS, 2)
    steps = checks.finite(values).diff(dim=1)
    excess = steps.abs().sum(dim=1) - steps.sum(dim=1).abs()
    return float(excess.max() / values.abs().max().clamp(min=1e-30))


def fitted(student):
    """What ``fit_xor`` returned in the first run that learned XOR."""
    kept = []

    def train(seed):
        student.seed_guest(seed)
        module = student.fit_xor()
        if not student.at("builtins.isinstance")(module, student.at("torch.nn.Module")):
            raise CheckFailed("`fit_xor()` doit renvoyer un module entraîné (un `return` oublié ?).")
        kept.append(module)
        answers = scores(module, POINTS.clone(), 2, "les scores des quatre points").argmax(dim=1)
        parameters = {name: p.detach() for name, p in module.named_parameters()}
        return float((answers == XOR).double().mean()), parameters

    checks.floor(train, 1.0, "le OU exclusif appris par `fit_xor()`", tries=TRIES)
    return kept[-1]


@points(2, "Un score par classe, pour chaque point")
def test_each_point_of_a_batch_has_its_scores(student):
    """(N, in_features) donne (N, num_classes), pour tout N ; chaque point est traité à part."""
    for sizes in ((3, 9, 5), (7, 4, 2)):
        model = drawn_mlp(student, *sizes)
        x = torch.randn(8, sizes[0])
        together = scores(model, x, sizes[2]).detach()
        alone = torch.cat(
            [scores(model, row, sizes[2], "les scores d'un seul point").detach() for row in x.split(1)]
        )
        checks.close(alone, together, "les scores de chaque point, seul et dans le lot", fan_in=200)
        assert bool((together != together[0]).any()), "Les scores ne dépendent pas des points."


@points(3, "Une non-linéarité dans la couche cachée")
def test_the_hidden_layer_is_not_linear(student):
    """Sans activation entre les deux couches, leur composée reste affine, et aucune droite ne sépare le OU exclusif."""
    model = drawn_mlp(student, 2, 32, 2)
    for _ in range(DRAWS):
        if turning(model) > TURN:
            return
        draw(model)
    raise CheckFailed(
        "Le long de n'importe quelle droite, chaque score ne fait que monter ou que descendre : "
        "il n'y a pas de non-linéarité entre deux couches."
    )


@points(2, "Des logits")
def test_the_scores_are_logits(student):
    """Les logits sont la sortie de la dernière couche, sans softmax, sigmoïde ni ReLU derrière elle."""
    model = drawn_mlp(student, 3, 32, 5)
    drawn = []
    for _ in range(DRAWS):
        drawn.append(scores(model, 3 * torch.randn(50, 3), 5).detach())
        draw(model)
    values = checks.finite(torch.stack(drawn))
    assert bool((values < 0).any()), (
        "Aucun score n'est négatif : des probabilités, ou une ReLU sur la sortie ?"
    )
    assert bool((values.abs() > 1).any()), "Tous les scores sont entre -1 et 1 : ce ne sont pas des logits."


@points(2, "La largeur demandée")
def test_the_hidden_layer_has_the_width_asked_for(student):
    """Chaque neurone caché de plus apporte un poids par entrée et un poids par classe."""
    counts = []
    for hidden in (6, 19):
        model = drawn_mlp(student, 3, hidden, 4)
        values = scores(model, torch.randn(8, 3), 4).detach()
        assert bool((values != values[0]).any()), "Les scores ne dépendent pas des points."
        counts.append(sum(p.numel() for _, p in model.named_parameters()))
    assert counts[1] - counts[0] >= (19 - 6) * (3 + 4), (
        f"De hidden = 6 à hidden = 19, le nombre de paramètres passe de {counts[0]} à {counts[1]} : "
        "la couche cachée n'a pas la largeur demandée."
    )


@points(2, "Le gradient traverse le MLP")
def test_the_gradient_goes_through_the_mlp(student):
    """Restez en opérations de torch de bout en bout : ni detach, ni NumPy, ni no_grad dans `forward`."""
    hidden = 20
    model = drawn_mlp(student, 2, hidden, 2)
    x = torch.randn(30, 2, requires_grad=True)
    values = checks.tensor(model(x), shape=(30, 2), requires_grad=True, what="les scores")
    model.zero_grad()
    values.backward(torch.randn(30, 2))
    assert x.grad is not None and bool(x.grad.any()), "Le gradient n'arrive pas jusqu'à l'entrée du MLP."
    reached = sum(p.numel() for _, p in model.named_parameters() if p.grad is not None)
    assert reached >= hidden * (2 + 2), "Le gradient n'arrive pas jusqu'aux poids des deux couches."


@points(4, "XOR est appris")
def test_xor_is_learned(student):
    """Le module rendu donne deux logits par point, quel que soit le lot : la classe 1 quand un seul des deux vaut 1."""
    module = fitted(student)
    for count in (1, 1, 3, 9):
        chosen = torch.randint(4, (count,))
        answers = scores(module, POINTS[chosen], 2, f"les scores de {count} point(s)").argmax(dim=1)
        checks.equal(answers, XOR[chosen], f"les classes d'un lot de {count} point(s)")
    order = torch.tensor([2, 0, 3, 1])
    checks.equal(
        scores(module, POINTS[order], 2).argmax(dim=1), XOR[order], "les classes dans un autre ordre"
    )


@points(3, "Un réseau, pas une table")
def test_the_fitted_module_is_differentiable(student):
    """Le gradient des logits remonte jusqu'aux points et jusqu'aux poids : un réseau, pas une table de réponses."""
    module = fitted(student)
    module.zero_grad()
    x = POINTS.clone().requires_grad_()
    values = checks.tensor(module(x), shape=(4, 2), requires_grad=True, what="les scores des quatre points")
    values.backward(torch.randn(4, 2))
    assert x.grad is not None and bool(x.grad.any()), "Le gradient n'arrive pas jusqu'aux points."
    grads = [p.grad for _, p in module.named_parameters()]
    reached = any(grad is not None and bool(grad.any()) for grad in grads)
    assert reached, "Le gradient n'arrive pas jusqu'aux poids du réseau."
