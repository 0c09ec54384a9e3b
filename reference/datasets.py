"""Datasets that the lab assignments read, and how they are served in batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class DigitsDataset(Dataset[tuple[Tensor, int]]):
    """Images of digits with their classes, read one by one.

    Args:
        images: (N, H, W) uint8, whose largest value over the whole array, 16 or 255, stands for white.
        labels: classes, (N,) integers.
        transform: applied at each read to the scaled image, a fresh (1, H, W) float32 tensor.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.integer[Any]],
        transform: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.images, self.labels, self.transform = images, labels, transform
        self.white = float(images.max())

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = torch.tensor(self.images[index], dtype=torch.float32)[None] / self.white
        if self.transform is not None:
            image = self.transform(image)
        return image, int(self.labels[index])


def make_loaders(
    train_set: Dataset[Any], test_set: Dataset[Any], batch_size: int
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Batches (x, y) of both sets, the last one smaller where ``batch_size`` does not divide the set.

    Every epoch reads each item once: of ``train_set`` in a fresh random order, of ``test_set`` in order.
    """
    return DataLoader(train_set, batch_size, shuffle=True), DataLoader(test_set, batch_size)


@dataclass(frozen=True)
class Deal:
    """A labelled data set cut in two: inputs (N, ...) and classes (N,) to train on, and to test with."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    def sorted_by_class(self) -> Deal:
        """The same one, what there is to train on in the order of the classes."""
        order = torch.argsort(self.train_y, stable=True)
        return Deal(self.train_x[order], self.train_y[order], self.test_x, self.test_y)


def renaming(num_classes: int, generator: torch.Generator | None = None) -> Tensor:
    """New names (C,) of the classes 0..C-1: uniform among the permutations without fixed point.

    Drawn until one has none, which takes e = 2.7 draws on average. Who answers with the old names is always wrong.
    """
    while True:
        names = torch.randperm(num_classes, generator=generator)
        if not bool((names == torch.arange(num_classes)).any()):
            return names


def deal(
    x: Tensor,
    y: Tensor,
    pool: Tensor,
    test_size: int,
    num_classes: int,
    generator: torch.Generator | None = None,
) -> Deal:
    """Draw a test set and rename the classes of all items; what is left is there to train on, in random order.

    Args:
        x: inputs (N, ...).
        y: classes (N,) of 0..C-1.
        pool: (N,) bool, the items that may be drawn for the test.
        test_size: how many are, without replacement.
        num_classes: C.
        generator: source of the random numbers; torch's global one by default.
    """
    names = renaming(num_classes, generator)[y]
    order = torch.randperm(len(x), generator=generator)
    test = order[pool[order]][:test_size]
    drawn = torch.zeros(len(x), dtype=torch.bool).index_fill_(0, test, True)
    train = order[~drawn[order]]
    return Deal(x[train], names[train], x[test], names[test])


# ---- radar: rain fields with masks of convective cells ---------------------------------------------

RAIN_SIZE = 64  # pixels of 1 km
MAX_CELLS = 10


class RainDataset(Dataset[tuple[Tensor, Tensor]]):
    """Simulated radar images with masks of their convective cells, all drawn when it is built.

    Item: reflectivity (1, 64, 64) float32, in tens of dBZ (log10 of Z in mm^6 m^-3: 4 stands for 40 dBZ), and mask
    (64, 64) int64, 1 in convective cells.

    Args:
        count: how many images.
        generator: source of the random numbers; torch's global one by default.

    A layer of stratiform rain, smooth and of a level of its own, is crossed by a bright band: the ring where the beam
    meets melting snow, as bright as the cells are. Cells are compact and steep, they add 10 to 18 dB to the rain around
    them; one image in five has none. Speckle and a few pixels of ground clutter come on top. So no threshold of
    reflectivity tells cells from the rest: their contrast with the surroundings does.

    Source: Steiner, Houze and Yuter, Climatological characterization of three-dimensional storm structure from
    operational radar and rain gauge data, 1995, which separates the two kinds of rain by intensity and
    peakedness; Fabry and Zawadzki, Long-term radar observations of the melting layer of precipitation, 1995.
    """

    def __init__(self, count: int, generator: torch.Generator | None = None) -> None:
        cells, self.masks = convective_cells(count, generator)
        rain = stratiform_rain(count, generator) + bright_band(count, generator) + cells
        clutter = torch.rand(rain.shape, generator=generator) < 0.002
        rain = torch.where(clutter, _uniform(35, 55, *rain.shape, generator=generator), rain)
        speckle = torch.randn(rain.shape, generator=generator)
        self.reflectivity = ((rain + speckle).clamp(min=0) / 10)[:, None]

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.reflectivity[index], self.masks[index]


def stratiform_rain(count: int, generator: torch.Generator | None = None) -> Tensor:
    """Smooth rain (N, 64, 64) in dBZ: noise of 4 dB filtered by a Gaussian of 6 km, around a level of 10 to 30."""
    level = _uniform(10, 30, count, 1, 1, generator=generator)
    rows, columns = torch.fft.fftfreq(RAIN_SIZE)[:, None], torch.fft.rfftfreq(RAIN_SIZE)
    response = torch.exp(-2 * (math.pi * 6) ** 2 * (rows**2 + columns**2))
    white = torch.randn(count, RAIN_SIZE, RAIN_SIZE, generator=generator)
    smooth = torch.fft.irfft2(torch.fft.rfft2(white) * response, s=(RAIN_SIZE, RAIN_SIZE))
    return level + 4 * smooth / smooth.std((1, 2), keepdim=True)


def bright_band(count: int, generator: torch.Generator | None = None) -> Tensor:
    """What melting snow adds (N, 64, 64), 10 to 20 dB on a ring around a radar in the image or beside it."""
    row, column = _uniform(-20, 84, 2, count, 1, 1, generator=generator)
    radius = _uniform(15, 50, count, 1, 1, generator=generator)
    width = _uniform(2.5, 5, count, 1, 1, generator=generator)
    excess = _uniform(10, 20, count, 1, 1, generator=generator)
    axis = torch.arange(float(RAIN_SIZE))
    range_ = torch.hypot(axis[:, None] - row, axis - column)
    return excess * torch.exp(-0.5 * ((range_ - radius) / width) ** 2)


def convective_cells(count: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """What cells add, in dB, and where they are, by half of what their cores add: (N, 64, 64) each.

    A cell is an ellipse r = 1 with excess e 2^(-r^6): flat inside, steep at its edge.
    """
    shape = (count, MAX_CELLS, 1, 1)
    row, column = _uniform(0, RAIN_SIZE, 2, *shape, generator=generator)
    long, short = (
        _uniform(4, 9, *shape, generator=generator),
        _uniform(3, 5.5, *shape, generator=generator),
    )
    angle = _uniform(0, math.pi, *shape, generator=generator)
    excess = _uniform(10, 18, *shape, generator=generator)
    number = torch.randint(4, MAX_CELLS + 1, (count, 1, 1, 1), generator=generator)
    number = number * (torch.rand(count, 1, 1, 1, generator=generator) > 0.2)
    axis = torch.arange(float(RAIN_SIZE))
    down, right = axis[:, None] - row, axis - column
    along, across = (
        down * angle.cos() + right * angle.sin(),
        right * angle.cos() - down * angle.sin(),
    )
    squared = (along / long) ** 2 + (across / short) ** 2
    excess = excess * (torch.arange(MAX_CELLS)[:, None, None] < number)
    inside = (squared < 1) & (excess > 0)
    return (excess * torch.exp2(-(squared**3))).amax(1), inside.any(1).long()


def _uniform(low: float, high: float, *shape: int, generator: torch.Generator | None = None) -> Tensor:
    """Numbers between ``low`` and ``high``."""
    return low + (high - low) * torch.rand(shape, generator=generator)
