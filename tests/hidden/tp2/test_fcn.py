"""Hidden suite of ``fcn``: properties alone, since the architecture is free; in float64, alpha = 0.

Each network first takes two steps of training, so that a layer that starts at zero hides nothing. Where scores must
differ, they must by 1e-10 of the largest, a million times what rounding gives: networks that are hardly scaled at the
start shrink their input by many decades. Sizes that are no multiples of 32 have a test of their own.

A network may well reduce images by 32 and look at seven such cells around: where patches far apart must change the
scores in places apart, images are 192 x 288, and the mean place of the change must move by 5 % of the way at least.
Right networks moved it by 84 to 114 % (such a wide one by 24 % or more), rows turned into columns by 2 % at most.
"""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from autograder import checks
from autograder.suite import gate, points

F64 = torch.float64
VISIBLE = 1e-10
STEPS = 2
CHANNELS, CLASSES = 2, 3
LARGE = (192, 288)
SIZES = ((16, 16), (17, 23), (16, 41), (33, 18), (50, 16))
LINEAR = ("Linear", "LazyLinear", "Bilinear", "LinearReLU", "linear", "bilinear")


def network(student, channels=CHANNELS, classes=CLASSES):
    """A network in float64 after two steps of training, and the parameters that no gradient reached in any of them."""
    net = student.FCN(channels, classes)
    net.double()
    without = None
    for _ in range(STEPS):
        x, targets = images(2, channels), torch.randint(classes, (2, 32, 32))
        found = scores(net, x, classes)
        if found.requires_grad:
            optimizer = student.at("torch.optim.SGD")(net.parameters(), lr=0.1)
            optimizer.zero_grad()
            F.cross_entropy(found, targets).backward()
            missing = set(student.at("autograder.standins.without_gradient")(net))
            without = missing if without is None else without & missing
            optimizer.step()
    net.eval()
    return net, without


def images(n, channels=CHANNELS, size=(32, 32)):
    return torch.randn(n, channels, *size, dtype=F64)


def scores(net, x, classes=CLASSES):
    """Scores (N, K, H, W) of images of any size."""
    shape = (len(x), classes, *x.shape[2:])
    what = f"la sortie pour des images de forme {tuple(x.shape[1:])}"
    found = checks.tensor(net(x.clone()), shape=shape, dtype="floating", what=what)
    return checks.finite(found, what)


def differ(found, expected):
    """Whether scores (..., K, H, W) differ somewhere by more than rounding."""
    found, expected = found.detach().double(), expected.detach().double()
    return float((found - expected).abs().max()) > VISIBLE * float(expected.abs().max())


def check_depends(net, x, classes=CLASSES):
    """Two images get different scores."""
    found = scores(net, x, classes)
    assert differ(found[0], found[1]), "Les scores ne dépendent pas de l'image."
    return found.detach()


@gate("Sans les réseaux tout faits de torchvision")
def test_no_ready_made_network(student):
    """Écrivez le réseau vous-même : `torchvision.models` est interdit."""
    builds = [partial(student.FCN, *arguments) for arguments in ((CHANNELS, CLASSES), (1, 2), (4, 5))]
    checks.own_architecture(student, ["FCN"], builds)


@points(4, "Un score pour chaque classe en chaque pixel, à toute taille")
def test_images_of_any_size_keep_their_size(student):
    """(N, C, H, W) -> (N, K, H, W) : une taille impaire perd un pixel à chaque réduction, il faut le retrouver."""
    for arguments in ((CHANNELS, CLASSES), (1, 2), (4, 5)):
        net, _ = network(student, *arguments)
        for size in SIZES:
            found = check_depends(net, images(2, arguments[0], size), arguments[1])
            sums = found.double().sum(1)
            assert float((sums - 1).abs().max()) > 1e-6, (
                "Les scores sont des probabilités : softmax est de trop."
            )
        scores(net, images(1, arguments[0]), arguments[1])


@points(3, "Chaque pixel regarde ses voisins")
def test_the_scores_of_a_pixel_depend_on_its_neighbours(student):
    """Des noyaux 1x1 ne voient qu'un pixel : brouiller tous les autres ne changerait pas ses scores."""
    net, _ = network(student)
    pixels = [(0, 0), (0, 31), (31, 0), (31, 31), (16, 15), *torch.randint(32, (3, 2)).tolist()]
    repeated = [pixel for pixel in pixels for _ in range(3)]
    x = images(len(repeated))
    mixed = torch.stack([shuffled(image, *pixel) for image, pixel in zip(x, repeated, strict=True)])
    before, after = check_depends(net, x), scores(net, mixed).detach()
    blind = {
        pixel
        for pixel in map(tuple, pixels)
        if not any(
            differ(after[i, :, pixel[0], pixel[1]], before[i, :, pixel[0], pixel[1]])
            for i, place in enumerate(repeated)
            if tuple(place) == pixel
        )
    }
    assert not blind, (
        f"Pour {len(blind)} pixels sur {len(set(map(tuple, pixels)))}, brouiller tous les autres pixels de l'image "
        "ne change pas les scores : le réseau ne regarde pas le voisinage."
    )


def shuffled(image, row, column):
    """The image (C, H, W) with all pixels but one in another order."""
    flat, here = image.flatten(1), row * image.shape[2] + column
    others = torch.cat([torch.arange(here), torch.arange(here + 1, flat.shape[1])])
    mixed = flat.clone()
    mixed[:, others] = flat[:, others[torch.randperm(len(others))]]
    return mixed.view_as(image)


@points(5, "Des scores qui varient d'un pixel à l'autre, chacun à sa place")
def test_scores_differ_and_stand_at_their_pixels(student):
    """Pas de moyenne recopiée partout ; ce qui change dans un coin change les scores là (attention à `view`)."""
    net, _ = network(student)
    check_differs(check_depends(net, images(2, size=(64, 96))))
    home, right, below = centroids(net, LARGE, (40, 64), (40, 208), (136, 64))
    shares = (right - home)[1] / 144, (below - home)[0] / 96
    assert min(shares) > 0.05, (
        "Des taches en différents endroits de l'image ne changent pas les scores là où elles sont : les lignes, les "
        "colonnes ou les classes sont-elles mélangées ?"
    )


def check_differs(found):
    """What the image alone explains of the scores, away from the border that padding makes, differs over the image."""
    inside = (found[0] - found[1])[:, 16:-16, 16:-16]
    spread = float((inside.amax((1, 2)) - inside.amin((1, 2))).max())
    assert spread > VISIBLE * float(found.abs().max()), (
        "Loin des bords, ce que l'image change aux scores est le même pour tous les pixels."
    )


def centroids(net, size, *places):
    """Where a patch of 16 x 16 pixels at each place changes the scores: (row, column), weighted by squared changes."""
    x = images(1, size=size).repeat(1 + len(places), 1, 1, 1)
    for patched, (row, column) in zip(x[1:], places, strict=True):
        patched[:, row : row + 16, column : column + 16] = 2 * torch.randn(CHANNELS, 16, 16, dtype=F64)
    found = scores(net, x).detach().double()
    change = (found[1:] - found[0]).square().sum(1)
    total = change.sum((1, 2))
    assert bool((total > 0).all()), "Une tache de 16 x 16 pixels ne change pas les scores."
    rows, columns = (torch.arange(n, dtype=F64) for n in size)
    return torch.stack([change.sum(2) @ rows, change.sum(1) @ columns], 1) / total[:, None]


@points(2, "En évaluation, une image ne dépend pas des autres")
def test_images_are_independent_in_evaluation(student):
    """Une normalisation prend en évaluation ses statistiques glissantes, pas celles du lot."""
    net, _ = network(student)
    x = images(4) * torch.tensor([0.1, 1.0, 3.0, 10.0], dtype=F64)[:, None, None, None]
    check_depends(net, x)
    checks.batch_independence(net, x, "les scores")


@points(2, "Tout s'apprend")
def test_gradients_reach_every_parameter(student):
    """Le gradient atteint chaque paramètre : pas de couche inutilisée, figée, ni de `detach` en chemin."""
    net, without = network(student)
    check_depends(net, images(2))
    assert without is not None, (
        "Les scores ne sont pas reliés aux paramètres : le gradient ne peut pas remonter."
    )
    assert not without, f"Aucun gradient n'atteint : {', '.join(sorted(without)[:4])}."


@points(2, "Des convolutions, pas de couche linéaire")
def test_there_is_no_linear_layer(student):
    """Entièrement convolutif : une convolution 1x1 fait, en chaque pixel, le travail d'une couche linéaire."""
    used = student.forbidden(["FCN"], LINEAR)
    assert not used, f"Le réseau emploie une couche linéaire : {', '.join(used)}."
    net, _ = network(student)
    table = checks.parameters(student, net, "le réseau")
    assert any(len(shape) > 2 for shape in table.values()), (
        "Le réseau n'a aucun noyau de convolution enregistré."
    )
    matrices = [name for name, shape in table.items() if len(shape) == 2]
    assert not matrices, f"Le réseau a une couche linéaire : `{matrices[0]}` est une matrice."
    check_depends(net, images(2))
