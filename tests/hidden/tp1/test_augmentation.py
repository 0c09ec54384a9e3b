"""Hidden suite of ``augmentation``.

Images for ``RandomShift`` hold each of the numbers 1..H*W once a channel: every pixel says where it came from, and a
zero says that it came from nowhere. Random checks at alpha = 1e-9 each. ``RandomShift``: ``checks.share`` of 3,000
draws for p; ``checks.uniform_counts`` over the (2m+1)^2 pairs of shifts, 150 draws a pair or more (which show one that
never comes or comes twice as often). ``GaussianNoise``: exact chi-square on 36,000 elements (3,904 show a standard
deviation 10 % low), and exact F tests of shared noise, whatever its standard deviation. Images to be noised are grey
and the noise is small, but where clamping is the question.
Where a draw of zero shifts would hide a mistake, 40 draws leave it a probability below 1e-38.

All draws of a test are made in one request, each on its own copy of the image.
"""

from __future__ import annotations

import math

import torch
from scipy.stats import f as f_law

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.augmentation import shift

ROUNDINGS = 64  # grid_sample and its like are right too, up to rounding of coordinates
DRAWS = 40
ALPHA = 1e-9
SMALL = 0.02  # a standard deviation that leaves grey pixels far from 0 and 1
FAR = 6.2  # standard deviations: a normal variable is beyond with probability 5.7e-10


def coded(channels, height, width, dtype=torch.float32):
    """Images (C, H, W) that hold 1..H*W in an order of their own in each channel."""
    planes = [1 + torch.randperm(height * width).reshape(height, width) for _ in range(channels)]
    return torch.stack(planes).to(dtype)


def drawn(student, transform, image, count):
    """``count`` results of ``transform`` on copies of ``image``, stacked (count, C, H, W)."""
    copies = student.handle(student.at("torch.unbind"), image.expand(count, *image.shape).clone())
    results = student.at("builtins.list")(student.at("builtins.map")(transform, copies))
    what = "l'image transformée"
    return torch.stack([checks.tensor(r, shape=image.shape, what=what).to(image.dtype) for r in results])


def shifts_of(results, image, largest):
    """The shift (rows, columns) of each result, by the pixels that stay in view; what fills the rest is not judged."""
    reach = range(-largest, largest + 1)
    pairs = [(rows, columns) for rows in reach for columns in reach]
    wanted = torch.stack([shift(image, *pair) for pair in pairs]).flatten(1)
    near = (results.flatten(1)[:, None] - wanted).abs() < 0.25
    explained = ((wanted > 0) & near).sum(2) == (wanted > 0).sum(1)
    if not bool(explained.any(1).all()):
        raise CheckFailed(
            f"Certaines images transformées, de forme {tuple(image.shape)}, ne sont l'image d'origine décalée "
            f"d'aucun couple d'entiers de -{largest} à {largest}."
        )
    return [pairs[index] for index in explained.int().argmax(1).tolist()]


def check_fill(results, image, largest, what):
    """Every result is, pixel by pixel, the image shifted; and some are really shifted."""
    shifts = shifts_of(results, image, largest)
    expected = torch.stack([shift(image, *pair) for pair in shifts])
    checks.close(results, expected, what, fan_in=ROUNDINGS, dtype=torch.float32)
    assert len(set(shifts)) > 1, "Aucune des images n'a été décalée."


def check_shifted(results, image, largest):
    """The image is really shifted: doing nothing leaves everything in place too, and earns nothing."""
    assert len(set(shifts_of(results, image, largest))) > 1, "`RandomShift` avec p=1 ne décale jamais."


def differs(results, image):
    """Which pixels of the results are not the image's: coded pixels differ by one at least."""
    return (results - image).abs() > 0.25


def grey(shape, dtype=torch.float64):
    """A uniform image: what varies in the result is noise."""
    return torch.full(shape, 0.45, dtype=dtype)


def check_noisy(result, std):
    """A noised uniform image varies by about the right size; the law of the noise has a test of its own."""
    varies = std / 100 < float(result.double().std()) < 10 * std
    assert varies, "`GaussianNoise` n'a pas ajouté à une image uniforme un bruit de l'ordre de `std`."


def check_normal(noise, std, told):
    confusions = {"la variance prise pour l'écart type": std, "un écart type au carré": std**4}
    try:
        checks.normal_variance(noise, std**2, told, confusions=confusions)
        checks.normal_shape(noise, std**2, told)
    except CheckFailed as error:  # these checks are made for weights, and say so
        raise CheckFailed(str(error).replace("poids", "éléments")) from None
    offset = abs(float(noise.mean())) * math.sqrt(noise.numel()) / std
    assert offset < FAR, f"{told} n'est pas centré : sa moyenne est à {offset:.0f} écarts types de 0."


def check_not_shared(noise, axis, name):
    """The means along ``axis`` vary as those of independent normal draws do: exact two-sided F test.

    Of k draws each, a share that is common to all k multiplies the statistic by up to infinity, and draws that cancel
    out divide it: with at least 120 means of 4 draws, noise shared by all gives a statistic beyond any tail.
    """
    size = noise.shape[axis]
    means = noise.mean(axis, keepdim=True)
    between, within = means.numel(), noise.numel() - means.numel()
    inside = float((noise - means).square().sum()) / within
    statistic = size * float(means.square().sum()) / between / max(inside, 1e-300)
    tail = 2 * min(f_law.cdf(statistic, between, within), f_law.sf(statistic, between, within))
    assert tail >= ALPHA, (
        f"Le bruit n'est pas indépendant d'un élément à l'autre le long de l'axe des {name}."
    )


def noise_of(student, std, image, what="l'image bruitée"):
    result = checks.tensor(student.GaussianNoise(std)(image.clone()), shape=image.shape, what=what)
    return checks.finite(result, what).double() - image.double()


@points(4, "Tous les décalages, aussi probables")
def test_every_pair_of_shifts_is_equally_likely(student):
    """Deux entiers indépendants, chacun uniforme de -max_shift à max_shift, bornes et 0 compris."""
    for largest, count in ((1, 1800), (2, 4000)):
        image = coded(1, 7, 7)
        results = drawn(student, student.RandomShift(largest), image, count)
        shifts = shifts_of(results, image, largest)
        reach = range(-largest, largest + 1)
        counts = [shifts.count((rows, columns)) for rows in reach for columns in reach]
        checks.uniform_counts(counts, f"Les couples de décalages pour max_shift={largest}")


@points(3, "Des zéros à la place laissée")
def test_what_comes_into_view_is_zero(student):
    """Ce qui sort d'un bord ne rentre pas par l'autre (torch.roll), et le bord n'est pas recopié : des zéros."""
    for largest in (1, 3):
        image = coded(1, 8, 8)
        results = drawn(student, student.RandomShift(largest), image, DRAWS)
        check_fill(results, image, largest, f"l'image décalée d'au plus {largest} pixel(s)")


@points(3, "La probabilité p")
def test_an_image_is_shifted_with_probability_p(student):
    """Un seul tirage décide, avec la probabilité `p`, de décaler lignes et colonnes ; sinon l'image reste entière."""
    for p in (0.3, 0.8):
        image = coded(1, 9, 9)
        results = drawn(student, student.RandomShift(3, p), image, 3000)
        moved = int(differs(results, image).flatten(1).any(1).sum())
        what = f"Les images décalées pour p={p:g} et max_shift=3".replace(".", ",")
        checks.share(moved, len(results), p * (1 - 1 / 49), what)


@points(1, "p = 0")
def test_with_probability_zero_nothing_is_shifted(student):
    """`p=0` ne décale jamais ; attention, `p or 1.0` prend 0 pour une absence de valeur."""
    image = coded(1, 6, 6)
    results = drawn(student, student.RandomShift(2, p=0), image, DRAWS)
    checks.close(results, image.expand_as(results), "l'image rendue pour p=0", fan_in=ROUNDINGS)
    check_shifted(drawn(student, student.RandomShift(1, p=1), image, DRAWS), image, 1)


@points(1, "max_shift = 0")
def test_a_largest_shift_of_zero_leaves_the_image_whole(student):
    """`max_shift=0` est permis : attention à `image[:, m:-m]`, qui est vide pour m = 0."""
    image = coded(1, 6, 6)
    results = drawn(student, student.RandomShift(0), image, DRAWS)
    checks.close(results, image.expand_as(results), "l'image rendue pour max_shift=0", fan_in=ROUNDINGS)
    check_shifted(drawn(student, student.RandomShift(1), image, DRAWS), image, 1)


@points(2, "Tous les canaux ensemble")
def test_all_channels_shift_together(student):
    """Un seul décalage pour toute l'image : les canaux restent alignés entre eux."""
    image = coded(3, 7, 7)
    results = drawn(student, student.RandomShift(2), image, DRAWS)
    shifts = [shifts_of(results[:, [c]], image[[c]], 2) for c in range(3)]
    assert shifts[0] == shifts[1] == shifts[2], "Les canaux d'une même image ne sont pas décalés ensemble."
    assert len(set(shifts[0])) > 1, "Aucune des images n'a été décalée."


@points(2, "Des images rectangulaires")
def test_images_may_be_rectangular(student):
    """H et W peuvent différer, et `max_shift` approcher le plus petit des deux."""
    for height, width, largest in ((5, 9, 2), (9, 4, 3), (3, 12, 2)):
        image = coded(1, height, width)
        results = drawn(student, student.RandomShift(largest), image, DRAWS)
        shifts = shifts_of(results, image, largest)
        assert len(set(shifts)) > 1, f"Aucune des images {height} x {width} n'a été décalée."


@points(1, "RandomShift laisse l'image reçue intacte")
def test_a_shift_leaves_its_input_alone(student):
    """Remplissez un nouveau tenseur : l'image reçue est celle du jeu de données, qui sera relue."""
    student.mirror()
    before = coded(1, 6, 6)
    transform, given = student.RandomShift(2), [before.clone() for _ in range(DRAWS)]
    results = torch.stack([checks.tensor(transform(image), shape=before.shape) for image in given])
    for image in given:
        checks.equal(image, before, "l'image donnée à `RandomShift`, après l'appel")
    check_shifted(results, before, 2)


@points(1, "RandomShift garde le type de l'image")
def test_a_shift_keeps_the_dtype(student):
    """float64 reste float64, float32 reste float32 : `torch.zeros_like` reprend le type de l'image."""
    for dtype in (torch.float32, torch.float64):
        image = coded(1, 6, 6, dtype)
        transform = student.RandomShift(1)
        results = [transform(image.clone()) for _ in range(DRAWS)]
        for result in results:
            checks.tensor(result, shape=image.shape, dtype=dtype, what="l'image décalée")
        check_shifted(torch.stack(results), image, 1)


@points(4, "Un bruit normal, d'écart type std")
def test_the_noise_is_normal_with_the_given_deviation(student):
    """Loi normale centrée, d'écart type `std` (et non de variance `std`) : `std * torch.randn(...)`."""
    for std in (0.05, SMALL):
        noise = noise_of(student, std, 0.45 + 0.1 * torch.rand(1, 180, 200, dtype=torch.float64))
        check_normal(noise, std, f"Le bruit pour std={std:g}".replace(".", ","))


@points(3, "Indépendant d'un élément à l'autre")
def test_the_noise_is_independent_on_every_element(student):
    """Un tirage par élément : le bruit n'est partagé ni entre canaux, ni entre lignes, ni entre colonnes."""
    image = grey((4, 30, 40))
    noise = noise_of(student, SMALL, image)
    for axis, name in enumerate(("canaux", "lignes", "colonnes")):
        check_not_shared(noise, axis, name)
    check_noisy(noise, SMALL)


@points(2, "Un nouveau bruit à chaque appel")
def test_each_call_draws_new_noise(student):
    """Tirez dans `__call__`, sans y fixer de graine ni garder le bruit d'un appel précédent."""
    image = grey((2, 6, 5), torch.float32)
    transform = student.GaussianNoise(SMALL)
    results = [checks.tensor(transform(image.clone()), shape=image.shape) for _ in range(4)]
    checks.distinct(results, "`GaussianNoise` appelée quatre fois")
    for result in results:
        check_noisy(result, SMALL)


@points(2, "Sans bornes")
def test_the_noisy_image_is_not_clamped(student):
    """Un pixel noir peut devenir négatif, un pixel blanc dépasser 1 : borner fausserait la moyenne du bruit."""
    for level in (0.0, 1.0):
        noise = noise_of(student, 0.3, torch.full((1, 60, 70), level, dtype=torch.float64))
        for told, count in (("éclaircis", (noise > 0).sum()), ("assombris", (noise < 0).sum())):
            what = f"Les pixels {told} d'une image dont tous les pixels valent {level:g}"
            checks.share(int(count), noise.numel(), 0.5, what)


@points(1, "GaussianNoise laisse l'image reçue intacte")
def test_noise_leaves_its_input_alone(student):
    """`image += bruit` modifie le tenseur de l'appelant : créez-en un nouveau (`image + bruit`)."""
    student.mirror()
    image = grey((2, 12, 15), torch.float32)
    before = image.clone()
    result = checks.tensor(student.GaussianNoise(SMALL)(image), shape=before.shape)
    checks.equal(image, before, "l'image donnée à `GaussianNoise`, après l'appel")
    check_noisy(result, SMALL)


@points(1, "GaussianNoise garde le type de l'image")
def test_noise_keeps_the_dtype(student):
    """NumPy tire en float64 : convertissez le bruit au type de l'image, sans quoi les couches la refuseront."""
    for dtype in (torch.float32, torch.float64):
        image = grey((2, 12, 15), dtype)
        result = student.GaussianNoise(SMALL)(image.clone())
        checks.tensor(result, shape=image.shape, dtype=dtype, what="l'image bruitée")
        check_noisy(result, SMALL)
