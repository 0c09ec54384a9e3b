"""Public suite of ``augmentation``: one lit pixel that moves, and noise on a grey image."""

from __future__ import annotations

import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points

LIT = torch.zeros(2, 5, 5)
LIT[0, 2, 2], LIT[1, 2, 2] = 1.0, 3.0  # the middle of an image of 5 x 5 pixels, differently in two channels


def drawn(student, transform, image, count):
    """``count`` results of the transform on the same image, stacked."""
    results = [transform(image.clone()) for _ in range(count)]
    return torch.stack(
        [checks.tensor(result, shape=image.shape, what="l'image décalée") for result in results]
    )


def places(results):
    """Row and column of the lit pixel of each result."""
    lit = (results[:, 0] - 1).abs() < 1e-3
    alone = (lit.sum((1, 2)) == 1).all() and ((results[:, 0].abs() < 1e-3) | lit).all()
    assert bool(alone), "L'image d'un seul pixel allumé doit garder un seul pixel allumé, sur fond nul."
    return [divmod(int(index), 5) for index in lit.flatten(1).int().argmax(1)]


@points(2, "Un pixel se promène")
def test_a_lit_pixel_moves(student):
    """Avec max_shift=1, le pixel central peut arriver sur 9 cases, toutes aussi probables, la sienne comprise."""
    found = places(drawn(student, student.RandomShift(1), LIT, 400))
    around = [(row, column) for row in (1, 2, 3) for column in (1, 2, 3)]
    assert set(found) <= set(around), "Avec max_shift=1, le pixel s'éloigne de plus d'une case."
    checks.uniform_counts(
        [found.count(place) for place in around], "Les 9 cases autour du pixel, la sienne comprise"
    )


@points(1, "Les canaux ensemble, rien ne rentre par l'autre bord")
def test_channels_stay_together_and_nothing_wraps_around(student):
    """Un pixel du coin sort souvent de l'image : il disparaît alors, dans tous les canaux."""
    corner = torch.zeros(2, 5, 5)
    corner[:, 0, 0] = 1
    results = drawn(student, student.RandomShift(1), corner, 60)
    checks.equal(results[:, 0], results[:, 1], "le second canal, comparé au premier")
    inside = bool((results[:, :, :2, :2].sum((1, 2, 3)) == results.sum((1, 2, 3))).all())
    assert inside, "Un pixel sorti de l'image est rentré par l'autre bord."
    gone = sum(not result.any() for result in results)
    assert 0 < gone < 60, "Le pixel du coin doit parfois sortir de l'image, et parfois y rester."


@points(1, "Avec la probabilité p")
def test_p_is_the_probability_of_a_shift(student):
    """p = 0 ne décale jamais ; p = 0,5 laisse au moins une image sur deux en place, en moyenne."""
    still = drawn(student, student.RandomShift(2, p=0), LIT, 20)
    checks.close(still, LIT.expand_as(still), "l'image rendue pour p=0", fan_in=64)
    found = places(drawn(student, student.RandomShift(2, p=0.5), LIT, 400))
    moved = sum(place != (2, 2) for place in found)
    checks.share(moved, 400, 0.5 * 24 / 25, "Les images décalées pour p=0,5 et max_shift=2")


@points(2, "Un bruit de l'écart type voulu")
def test_noise_has_the_right_deviation(student):
    """Sur une image grise de 2 x 50 x 50 pixels, le bruit suit une loi normale d'écart type `std`."""
    image = torch.full((2, 50, 50), 0.5)
    result = checks.tensor(
        student.GaussianNoise(0.1)(image.clone()), shape=(2, 50, 50), what="l'image bruitée"
    )
    noise = result.double() - 0.5
    try:
        checks.normal_variance(noise, 0.01, "Le bruit pour std=0,1")
    except CheckFailed as error:  # the check is made for weights, and says so
        raise CheckFailed(str(error).replace("poids", "éléments")) from None
    checks.distinct([noise[0], noise[1]], "Le bruit de deux canaux")


@points(1, "Les images reçues restent intactes")
def test_inputs_are_left_alone(student):
    """Créez un nouveau tenseur : l'image reçue appartient au jeu de données."""
    student.mirror()
    for transform in (student.RandomShift(2), student.GaussianNoise(0.1)):
        image = LIT.clone()
        result = checks.tensor(transform(image), shape=LIT.shape, dtype=LIT.dtype, what="l'image transformée")
        checks.equal(image, LIT, "l'image donnée à la transformation, après l'appel")
        checks.finite(result, "l'image transformée")
