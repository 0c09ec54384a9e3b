"""Architecture figures of lab 2, from the reference models: ``python -m reference.figures source/tp2/figures``.

A model runs once on torch's meta device, which computes shapes and allocates nothing; a dispatch mode writes down each
convolution, pooling and matrix product with the sizes around it. What is drawn are these records, in the field's habit:
feature maps as stacks of squares with ``channels @ height x width``, vectors as bars, a kernel as a small square whose
edges run together in one unit of the next layer (LeCun et al. 1998, figure 2; Krizhevsky et al. 2012, figure 2).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from reference.models import FCN, TDNN, LeNet5, ResidualBlock, alexnet, vgg

INK, PALE, WARM, LEAF = "#1f3b57", "#d7e5f2", "#f2c14e", "#e9f0e1"
SHOWN = 6  # maps of a stack that are drawn
DEPTH = 0.16  # how far each map of a stack is set off from the one in front
TALL = 3.0  # height of the largest map
PITCH = 2.6  # least distance of two maps: their labels need it
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


@dataclass(frozen=True)
class Stage:
    """One layer as it was run.

    Attributes:
        kind: "convolution", "transposed", "pooling", "global", "upsampling" or "linear".
        shape: of its output without the batch: (channels, height, width), (channels, frames) or (units,).
        kernel: its window; empty where it sees everything.
    """

    kind: str
    shape: tuple[int, ...]
    kernel: tuple[int, ...] = ()


class Trace(TorchDispatchMode):
    """Writes down the layers that run, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[Stage] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name == "convolution":
            kind = "transposed" if args[6] else "convolution"
            self._add(kind, result, args[1].shape[2:])
        elif "pool" in name and "backward" not in name:
            output = result[0] if isinstance(result, tuple) else result
            window = () if "adaptive" in name else args[1]
            self._add("pooling" if window else "global", output, window)
        elif name == "mean" and args[0].ndim == 4 and result.numel() == args[0].shape[0] * args[0].shape[1]:
            self._add("global", result)
        elif name.startswith("upsample"):
            self._add("upsampling", result)
        elif name in ("addmm", "mm"):
            self._add("linear", result)
        return result

    def _add(self, kind: str, result: torch.Tensor, kernel: Sequence[int] = ()) -> None:
        self.stages.append(Stage(kind, tuple(result.shape[1:]), tuple(int(size) for size in kernel)))


def stages_of(build: Callable[[], nn.Module], shape: Sequence[int]) -> list[Stage]:
    """The input, then every layer of the model, for one item of this shape."""
    with torch.device("meta"), torch.no_grad():
        model, item = build().eval(), torch.empty(1, *shape)
        with Trace() as trace:
            model(item)
    return [Stage("input", tuple(shape)), *trace.stages]


# --- Drawing --------------------------------------------------------------------------------------------------


def label(stage: Stage) -> str:
    """``6 @ 28 × 28`` for feature maps, ``8 × 13`` for units over time, ``120`` for a vector."""
    if len(stage.shape) == 3 and stage.shape[1:] != (1, 1):
        return f"{stage.shape[0]} @ {stage.shape[1]} × {stage.shape[2]}"
    if len(stage.shape) == 2:
        return f"{stage.shape[0]} × {stage.shape[1]}"
    return f"{stage.shape[0]}"


def told(stage: Stage) -> str:
    """What the layer does, in French."""
    window = " × ".join(map(str, stage.kernel))
    words = {
        "convolution": f"convolution\n{window}",
        "transposed": f"convolution\ntransposée {window}",
        "pooling": f"regroupement\n{window}",
        "global": "moyenne\nglobale",
        "upsampling": "agrandissement",
        "linear": "connexion\ncomplète",
    }
    return words.get(stage.kind, "")


def canvas(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_aspect("equal")
    figure.suptitle(title, y=0.97, fontsize=11, color=INK)
    return figure, axes


class Chain:
    """Draws layers from left to right."""

    def __init__(self, axes: Axes, largest: int, unit: float = TALL) -> None:
        self.axes, self.largest, self.unit = axes, largest, unit
        self.x = 0.0
        self.places: dict[str, tuple[float, float]] = {}  # middle and bottom edge of each map, by name
        self.before: tuple[float, float, float] | None = None  # right edge, height and width of the last map

    def side(self, size: int) -> float:
        """Drawn length of ``size`` pixels: square roots keep the small maps visible."""
        return self.unit * max(0.12, (size / self.largest) ** 0.5)

    def add(self, stage: Stage, name: str, gap: float) -> None:
        if self.before is not None:
            self._arrow(stage, max(gap, PITCH - self._width(stage)))
        if len(stage.shape) == 3 and stage.shape[1:] != (1, 1):
            self._stack(stage, name)
        else:
            self._bar(stage, name)

    def _width(self, stage: Stage) -> float:
        return self.side(stage.shape[-1]) + DEPTH * SHOWN if len(stage.shape) == 3 else 0.22

    def _arrow(self, stage: Stage, gap: float) -> None:
        right, height, width = self.before or (0.0, 0.0, 0.0)
        start, end = right, self.x + gap
        if stage.kernel and height > 0:
            self._kernel(right - 0.55 * width, height, stage, end)
        self.axes.text(
            (start + end) / 2, -TALL / 2 - 1.0, told(stage), ha="center", va="top", fontsize=7, color=INK
        )
        self.x = end

    def _kernel(self, x: float, height: float, stage: Stage, end: float) -> None:
        size = max(0.16, 0.22 * height)
        square = Rectangle(
            (x, -size / 2), size, size, facecolor=WARM, edgecolor=INK, linewidth=0.8, zorder=50
        )
        self.axes.add_patch(square)
        for y in (-size / 2, size / 2):
            self.axes.plot(
                [x + size, end + 0.12], [y, 0.0], color=INK, linewidth=0.6, linestyle=":", zorder=51
            )

    def _stack(self, stage: Stage, name: str) -> None:
        channels, rows, columns = stage.shape
        height, width = self.side(rows), self.side(columns)
        count = min(channels, SHOWN)
        for number in reversed(range(count)):
            corner = (self.x + DEPTH * number, -height / 2 + DEPTH * number)
            colour = PALE if channels > 1 else LEAF
            self.axes.add_patch(
                Rectangle(
                    corner, width, height, facecolor=colour, edgecolor=INK, linewidth=0.8, zorder=20 - number
                )
            )
        self._names(stage, name, width, height / 2 + DEPTH * (count - 1))
        self.before = (self.x + width + DEPTH * (count - 1), height, width)
        self.x = self.before[0]

    def _bar(self, stage: Stage, name: str) -> None:
        height = 0.6 + 0.5 * TALL * min(1.0, (stage.shape[0] / 500) ** 0.4)
        self.axes.add_patch(
            Rectangle((self.x, -height / 2), 0.22, height, facecolor=PALE, edgecolor=INK, linewidth=0.8)
        )
        self._names(stage, name, 0.22, height / 2)
        self.before = (self.x + 0.22, 0.0, 0.0)
        self.x += 0.22

    def _names(self, stage: Stage, name: str, width: float, top: float) -> None:
        middle = self.x + width / 2
        self.places[name] = (middle, -top if len(stage.shape) < 3 else -self.side(stage.shape[1]) / 2)
        self.axes.text(
            middle, top + 0.55, name, ha="center", va="bottom", fontsize=8, color=INK, weight="bold"
        )
        self.axes.text(middle, top + 0.12, label(stage), ha="center", va="bottom", fontsize=7, color=INK)


def chain(
    stages: Sequence[Stage],
    names: Sequence[str],
    title: str,
    width: float,
    gap: float = 1.3,
    added: Sequence[tuple[str, str]] = (),
) -> Figure:
    """A figure of layers one after the other.

    Args:
        names: of the layers, the input's included.
        added: pairs of names; scores of the first are added to the second.
    """
    if len(names) != len(stages):
        raise ValueError(f"{len(stages)} layers and {len(names)} names: {[stage.kind for stage in stages]}")
    figure, axes = canvas(width, 3.4, title)
    largest = max((size for stage in stages if len(stage.shape) == 3 for size in stage.shape[1:]), default=1)
    drawing = Chain(axes, largest)
    for stage, name in zip(stages, names, strict=True):
        drawing.add(stage, name, gap)
    for number, (source, target) in enumerate(added):
        detour(axes, drawing.places[source], drawing.places[target], -TALL / 2 - 2.0 - 0.55 * number, source)
    axes.set_xlim(-0.6, drawing.x + 0.8)
    axes.set_ylim(-TALL / 2 - 2.1 - 0.55 * len(added), TALL / 2 + 2.2)
    return figure


def detour(axes: Axes, start: tuple[float, float], end: tuple[float, float], low: float, source: str) -> None:
    """A line below the maps, from ``start`` to an arrow at ``end``."""
    axes.plot([start[0], start[0], end[0]], [start[1], low, low], color=INK, linewidth=0.9)
    arrow(axes, (end[0], low), end)
    where = (start[0] + end[0]) / 2
    text = f"+ scores de {source} (convolution 1 × 1)"
    axes.text(where, low, text, ha="center", va="center", fontsize=7, color=INK, backgroundcolor="white")


def grid(axes: Axes, x: float, y: float, shape: tuple[int, int], cell: float, window: int, name: str) -> None:
    """Units over time: a row a unit, a column a frame; the first ``window`` frames are marked."""
    rows, columns = shape
    for row in range(rows):
        for column in range(columns):
            colour = WARM if column < window else PALE
            corner = (x + cell * column, y + cell * row)
            axes.add_patch(Rectangle(corner, cell, cell, facecolor=colour, edgecolor=INK, linewidth=0.4))
    axes.text(
        x + cell * columns / 2, y + cell * rows + 0.12, name, ha="center", va="bottom", fontsize=8, color=INK
    )


def box(axes: Axes, x: float, y: float, text: str, width: float = 2.6, colour: str = PALE) -> None:
    patch = FancyBboxPatch(
        (x - width / 2, y - 0.28), width, 0.56, boxstyle="round,pad=0.04", facecolor=colour, edgecolor=INK
    )
    axes.add_patch(patch)
    axes.text(x, y, text, ha="center", va="center", fontsize=8, color=INK)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], bend: str = "arc3") -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, connectionstyle=bend, arrowstyle="-|>", mutation_scale=9, color=INK)
    )


# --- The figures ----------------------------------------------------------------------------------------------


def lenet() -> Figure:
    """LeCun et al. 1998, figure 2: 61,706 parameters."""
    names = ["entrée", "C1", "S2", "C3", "S4", "C5", "F6", "sortie"]
    title = "LeNet-5 (LeCun et al., 1998) : lire des codes postaux"
    return chain(stages_of(LeNet5, (1, 32, 32)), names, title, 11)


def tdnn() -> Figure:
    """Waibel et al. 1989, figure 2: 15 frames -> 13 -> 9, then a sum over time."""
    frames, first, second = stages_of(TDNN, (16, 15))
    figure, axes = canvas(9, 4.2, "TDNN (Waibel et al., 1989) : reconnaître /b/, /d/, /g/")
    cell, x = 0.2, 0.0
    for stage, following, name in (
        (frames, first, "entrée : 16 coefficients, 15 trames"),
        (first, second, "couche 1 : 8 unités, 13 trames"),
        (second, None, "couche 2 : 3 unités, 9 trames"),
    ):
        rows, columns = stage.shape
        window = following.kernel[0] if following else columns
        grid(axes, x, -cell * rows / 2, (rows, columns), cell, window, name)
        edge = x + cell * window
        for y in (-cell * rows / 2, cell * rows / 2):
            axes.plot([edge, x + cell * columns + 1.6], [y, 0], color=INK, linewidth=0.6, linestyle=":")
        what = f"fenêtre de {window} trames\nsigmoïde" if following else "somme sur\nle temps"
        axes.text(x + cell * columns + 0.9, -2.0, what, ha="center", va="top", fontsize=7, color=INK)
        x += cell * columns + 1.6
    grid(axes, x, -cell * 1.5, (3, 1), cell, 0, "sortie : 3")
    axes.set_xlim(-0.4, x + 1.0)
    axes.set_ylim(-2.9, 2.5)
    return figure


def siamese() -> Figure:
    """Bromley et al. 1993, figure 1: two inputs, one encoder, a distance."""
    figure, axes = canvas(7, 3.6, "Réseau siamois (Bromley et al., 1993) : vérifier une signature")
    for y, name in ((1.0, "signature a"), (-1.0, "signature b")):
        box(axes, 0, y, name, 2.0, LEAF)
        box(axes, 3.4, y, "encodeur (mêmes poids)", 2.9)
        box(axes, 6.6, y, f"code de {name[-1]}", 1.9)
        arrow(axes, (1.05, y), (1.9, y))
        arrow(axes, (4.9, y), (5.6, y))
        arrow(axes, (7.6, y), (8.55, 0.2 if y > 0 else -0.2))
    axes.plot([3.4, 3.4], [-0.7, 0.7], color=INK, linestyle="--", linewidth=1)
    axes.text(3.5, 0, "poids partagés", fontsize=7, color=INK, va="center")
    box(axes, 9.7, 0, "distance\neuclidienne", 2.1, WARM)
    axes.set_xlim(-1.4, 11.2)
    axes.set_ylim(-1.9, 1.9)
    return figure


def alexnet_figure() -> Figure:
    """Krizhevsky 2014, one column: 61,100,840 parameters."""
    stages = stages_of(alexnet, (3, 224, 224))
    kinds = {"convolution": "C", "pooling": "P", "global": "P", "linear": "F"}
    return chain(stages, numbered(stages, kinds), "AlexNet (Krizhevsky et al., 2012), en une colonne", 15)


def vgg_figure() -> Figure:
    """Simonyan and Zisserman 2015, table 1, column D, with one linear layer after a global mean."""
    stages = stages_of(lambda: vgg(VGG16), (3, 224, 224))
    kinds = {"convolution": "C", "pooling": "P", "global": "G", "linear": "F"}
    return chain(stages, numbered(stages, kinds), "VGG-16 (Simonyan et Zisserman, 2015)", 22, gap=0.8)


def fcn() -> Figure:
    """Long, Shelhamer and Darrell 2015: maps from the image to the scores."""
    every = stages_of(lambda: FCN(1, 2), (1, 64, 64))
    skips = [stage for before, stage in pairwise(every) if before.kind == "upsampling"]
    stages = [stage for stage in every if not any(stage is skip for skip in skips)]
    names = numbered(stages, {"convolution": "C", "pooling": "P", "upsampling": "A"})
    named = list(zip(names, stages, strict=True))
    added = [
        (next(name for name, stage in named if stage.shape[1:] == skip.shape[1:] and stage.kind == "convolution"),
         next(name for name, stage in named if stage.shape[1:] == skip.shape[1:] and stage.kind == "upsampling"))
        for skip in skips
    ]  # fmt: skip
    return chain(stages, names, "FCN (Long et al., 2015) : une classe par pixel", 13, added=added)


def residual() -> Figure:
    """He et al. 2016, figure 2, with the projection of section 3.3."""
    channels = stages_of(lambda: ResidualBlock(64, 128, 2), (64, 56, 56))
    figure, axes = canvas(8, 4.4, "Bloc résiduel (He et al., 2016), 64 → 128 canaux, pas de 2")
    main = [stage for stage in channels[1:] if stage.kernel == (3, 3)]
    short = [stage for stage in channels[1:] if stage.kernel == (1, 1)]
    steps = [
        f"convolution 3 × 3, pas 2 : {label(main[0])}",
        "normalisation, ReLU",
        f"convolution 3 × 3 : {label(main[1])}",
        "normalisation",
    ]
    box(axes, 0, 2.2, f"x : {label(channels[0])}", 3.4, LEAF)
    for number, step in enumerate(steps):
        box(axes, 0, 1.2 - number * 0.9, step, 4.4)
        arrow(axes, (0, 1.9 - 0.9 * number - (0.06 if number else 0)), (0, 1.53 - 0.9 * number))
    arrow(axes, (0, -1.8), (0, -2.3))
    box(axes, 5.2, -0.1, f"convolution 1 × 1, pas 2,\nnormalisation : {label(short[0])}", 4.0, WARM)
    arrow(axes, (1.75, 2.2), (5.2, 0.25), "angle,angleA=0,angleB=90,rad=8")
    arrow(axes, (5.2, -0.45), (0.3, -2.55), "angle,angleA=-90,angleB=0,rad=8")
    axes.text(0, -2.55, "+", ha="center", va="center", fontsize=14, color=INK)
    arrow(axes, (0, -2.8), (0, -3.15))
    box(axes, 0, -3.45, "ReLU", 1.4)
    axes.text(
        5.4, 1.0, "raccourci : x lui-même\nquand la forme ne change pas", ha="left", fontsize=7, color=INK
    )
    axes.set_xlim(-3.0, 9.0)
    axes.set_ylim(-4.0, 3.5)
    return figure


def numbered(stages: Sequence[Stage], kinds: dict[str, str]) -> list[str]:
    """``C1``, ``C2``, ``P1`` ... for layers of each kind."""
    names, counts = ["entrée"], dict.fromkeys(kinds.values(), 0)
    for stage in stages[1:]:
        letter = kinds[stage.kind]
        counts[letter] += 1
        names.append(f"{letter}{counts[letter]}")
    return names


FIGURES: dict[str, Callable[[], Figure]] = {
    "alexnet": alexnet_figure,
    "fcn": fcn,
    "lenet": lenet,
    "residual": residual,
    "siamese": siamese,
    "tdnn": tdnn,
    "vgg": vgg_figure,
}


def save(folder: Path) -> list[Path]:
    """Write all figures as SVG, the same bytes each time for one version of matplotlib."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with matplotlib.rc_context(
        {"svg.hashsalt": "figures", "svg.fonttype": "none", "font.family": "sans-serif"}
    ):
        for name, draw in FIGURES.items():
            paths.append(folder / f"{name}.svg")
            draw().savefig(paths[-1], metadata={"Date": None})
    return paths


if __name__ == "__main__":
    for path in save(Path(sys.argv[1])):
        print(path)
