"""Hidden suite of ``decision``: winners with and without a majority, ties, last digits, sizes of one. alpha = 0.

Rows are made around the winner that was drawn, so that each class wins and no row is closer than the test says.
"""

from __future__ import annotations

import torch

from autograder import checks
from autograder.suite import points
from reference.losses import decide as reference_decide

F64 = torch.float64
# Which classes of five share the largest probability, and the probability of each.
TIES = (
    *(((0, 1), 0.4), ((1, 2), 0.35), ((2, 4), 0.3), ((3, 4), 0.45), ((0, 3), 0.5)),
    *(((1, 3, 4), 0.3), ((0, 2, 3), 0.25), ((1, 2, 3, 4), 0.24), ((0, 1, 2, 3, 4), 0.2)),
)


def winners(rows, classes):
    """One class a row, in random order; where there are rows enough, each class wins at least once."""
    return torch.cat([torch.randperm(classes) for _ in range(-(-rows // classes))])[:rows]


def forecasts(winner, classes, share):
    """Probabilities (N, C): ``share`` for the winner of each row, the rest unevenly for the others, all below."""
    rest = 0.75 + 0.5 * torch.rand(len(winner), classes, dtype=F64)
    rest.scatter_(1, winner[:, None], 0)
    rest *= (1 - share) / rest.sum(1, keepdim=True)
    return rest.scatter(1, winner[:, None], share)


def check_decisions(student, probabilities, what):
    expected = reference_decide(probabilities)
    found = checks.tensor(student.decide(probabilities.clone()), shape=expected.shape, what=what)
    checks.equal(found, expected, what)


@points(4, "La classe la plus probable")
def test_the_most_probable_class_is_chosen(student):
    """L'indice du maximum de chaque ligne, sur l'axe des classes ; il peut gagner avec moins d'une chance sur deux."""
    for rows, classes in ((7, 4), (5, 5), (15, 12)):
        for share in (0.7, 0.3):
            probabilities = forecasts(winners(rows, classes), classes, share)
            check_decisions(student, probabilities, f"`decide` pour N = {rows} et C = {classes}")
    check_decisions(student, forecasts(winners(7, 4), 4, 0.4).float(), "`decide`, probabilités en float32")


@points(2, "En cas d'égalité, une des ex æquo")
def test_a_tie_gives_one_of_the_tied(student):
    """Une seule décision par exemple, même si deux classes sont exactement aussi probables."""
    probabilities = torch.stack([tied_row(*tie) for tie in TIES])[torch.randperm(len(TIES))]
    found = student.decide(probabilities.clone())
    found = checks.tensor(found, shape=(len(TIES),), what="`decide` en cas d'égalité")
    assert not found.is_floating_point(), "En cas d'égalité aussi, la décision est un indice entier."
    inside = bool(((found >= 0) & (found < 5)).all())
    assert inside, "En cas d'égalité, un des indices n'est celui d'aucune classe."
    chosen = probabilities.gather(1, found.long()[:, None])[:, 0]
    wrong = int((chosen != probabilities.amax(1)).sum())
    assert not wrong, f"La classe choisie n'est pas une des ex æquo, pour {wrong} exemples sur {len(TIES)}."


def tied_row(tied, share):
    """Five probabilities of which those of ``tied`` are equal and the largest."""
    others = [label for label in range(5) if label not in tied]
    row = torch.zeros(5, dtype=F64)
    row[others] = (1 - share * len(tied)) / max(1, len(others))
    row[list(tied)] = share
    return row


@points(1, "Des entiers int64")
def test_decisions_are_int64(student):
    """Les indices de PyTorch sont de type int64 (`torch.long`)."""
    probabilities = forecasts(winners(8, 4), 4, 0.6)
    found = checks.tensor(student.decide(probabilities.clone()), shape=(8,), dtype=torch.int64)
    checks.equal(found, reference_decide(probabilities), "`decide(probabilities)`")


@points(1, "Sans arrondir les probabilités")
def test_the_last_digit_decides(student):
    """Comparez les probabilités telles quelles : deux classes peuvent n'être séparées que par le dernier chiffre."""
    for dtype in (F64, torch.float32):
        winner = winners(8, 4)
        probabilities = torch.full((8, 4), 0.25, dtype=dtype)
        slightly_more = torch.nextafter(probabilities, torch.ones((), dtype=dtype))
        probabilities = probabilities.scatter(1, winner[:, None], slightly_more)
        check_decisions(student, probabilities, "decide pour des classes presque aussi probables")


@points(2, "Un seul exemple, une ou deux classes")
def test_one_example_or_few_classes_are_enough(student):
    """Le résultat garde son axe : un lot d'un seul exemple donne un tenseur de forme (1,)."""
    for rows, classes in ((5, 2), (1, 4), (1, 2)):
        probabilities = forecasts(winners(rows, classes), classes, 0.6)
        check_decisions(student, probabilities, f"`decide` pour N = {rows} et C = {classes}")
    for rows in (6, 1):
        check_decisions(student, torch.ones(rows, 1, dtype=F64), f"`decide` pour N = {rows} et C = 1")
