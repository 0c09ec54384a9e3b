"""Public suite of ``rain``: images simulated as in the notebook, which are others at each call."""

from __future__ import annotations

import math

import torch

from autograder import checks
from autograder.suite import points

THRESHOLD = 0.65  # mean IoU after a training on fewer images: the one that counts is in the notebook
FINDS = 0.6  # no cell anywhere: .45; the best threshold of reflectivity: .58


def rain_scenes(count):
    """Reflectivity (count, 1, 64, 64), in tens of dBZ, and masks (count, 64, 64): the notebook's `rain_scenes`."""

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(shape)

    axis, shape = torch.arange(64.0), (count, 10, 1, 1)
    row, column = uniform(0, 64, 2, *shape)
    long, short, angle = uniform(4, 9, *shape), uniform(3, 5.5, *shape), uniform(0, math.pi, *shape)
    excess = uniform(10, 18, *shape)
    number = torch.randint(4, 11, (count, 1, 1, 1)) * (torch.rand(count, 1, 1, 1) > 0.2)
    excess = excess * (torch.arange(10)[:, None, None] < number)
    down, right = axis[:, None] - row, axis - column
    along = down * angle.cos() + right * angle.sin()
    across = right * angle.cos() - down * angle.sin()
    squared = (along / long) ** 2 + (across / short) ** 2
    cells = (excess * torch.exp2(-(squared**3))).amax(1)
    masks = ((squared < 1) & (excess > 0)).any(1).long()

    level = uniform(10, 30, count, 1, 1)
    frequency = torch.fft.fftfreq(64)[:, None] ** 2 + torch.fft.rfftfreq(64) ** 2
    noise = torch.fft.rfft2(torch.randn(count, 64, 64)) * torch.exp(-2 * (6 * math.pi) ** 2 * frequency)
    smooth = torch.fft.irfft2(noise, s=(64, 64))
    rain = level + 4 * smooth / smooth.std((1, 2), keepdim=True)

    row, column = uniform(-20, 84, 2, count, 1, 1)
    radius, width = uniform(15, 50, count, 1, 1), uniform(2.5, 5, count, 1, 1)
    distance = torch.hypot(axis[:, None] - row, axis - column)
    rain = rain + uniform(10, 20, count, 1, 1) * torch.exp(-0.5 * ((distance - radius) / width) ** 2) + cells

    clutter = torch.rand(rain.shape) < 0.002
    rain = torch.where(clutter, uniform(35, 55, *rain.shape), rain) + torch.randn(rain.shape)
    return (rain.clamp(min=0) / 10)[:, None], masks


def train(student, x, masks):
    train_set = student.make("ItemDataset", x, masks)
    return checks.trained(student.train_rain(train_set, checks.device(student)), "train_rain")


def scores(student, module, x):
    there = student.handle(student.keep(x).to, checks.device(student))
    return checks.scores(module, there, len(x), 2, (64, 64))


def check_finds(student, module, x, masks, minimum, what):
    found = checks.mean_iou(scores(student, module, x), masks)
    assert found >= minimum, f"{what} : l'IoU moyenne vaut {found:.2f}, il faut {minimum:.2f}."


@points(4, "Deux scores par pixel, et des cellules jamais vues sont trouvées")
def test_unseen_cells_are_found(student):
    """Le module renvoyé reçoit (N, 1, 64, 64), même pour N = 1, et rend (N, 2, 64, 64). Tracez sa perte."""
    module = train(student, *rain_scenes(80))
    for count in (1, 3):
        scores(student, module, rain_scenes(count)[0])
    check_finds(student, module, *rain_scenes(40), THRESHOLD, "Après un entraînement sur 80 images")


@points(1, "Deux évaluations, les mêmes scores")
def test_two_evaluations_agree(student):
    """En mode évaluation, le dropout et la normalisation par lots n'ont plus rien d'aléatoire ni de collectif."""
    module = train(student, *rain_scenes(80))
    x, masks = rain_scenes(40)
    check_finds(student, module, x, masks, FINDS, "Après un entraînement sur 80 images")
    first = scores(student, module, x[:10])
    checks.same_scores(scores(student, module, x[:10]), first, "les scores d'un second appel")
    alone = torch.cat([scores(student, module, image[None]) for image in x[:4]])
    checks.same_scores(alone, first[:4], "les scores de chaque image seule, comparés à ceux du lot")


@points(1, "Deux entraînements, deux modules")
def test_a_second_training_makes_another_module(student):
    """Construisez le réseau dans la fonction : chaque appel repart de zéro, sans toucher aux précédents."""
    first = train(student, *rain_scenes(80))
    x, masks = rain_scenes(40)
    check_finds(student, first, x, masks, FINDS, "Après un entraînement sur 80 images")
    before = scores(student, first, x[:10])
    other, other_masks = rain_scenes(80)
    train(student, other, 1 - other_masks)
    after = scores(student, first, x[:10])
    checks.same_scores(after, before, "les scores du premier module, après un second entraînement")
