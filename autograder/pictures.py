"""Pictures that say more than a message: what a check measured, as plain numbers in a verdict, drawn where it is read.

A picture holds what the student's own code produced (weights, classes of predictions) and what was expected of it in
distribution; never an input or an answer of a hidden test. It is drawn as inline SVG: no file, no script, no colour
that a print would lose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

__all__ = ["Confusion", "Curve", "Histogram", "Picture", "from_dict", "svg", "to_dict"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 360, 170, 12, 24, 30
BLUE, RED, GREY, BLACK = "#3b6ea5", "#b02a1c", "#6b7785", "#222222"
MOST_CLASSES = 12  # in a matrix that somebody can read


@dataclass(frozen=True)
class Histogram:
    """Measured values in equal bins, and how many of them are expected in each.

    Attributes:
        title: in French.
        low, high: outer edges of the bins.
        counts: values in each bin.
        expected: the number expected in each, by the law that was asked for.
    """

    title: str
    low: float
    high: float
    counts: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True)
class Confusion:
    """Number of items by their true class (rows) and predicted class (columns)."""

    title: str
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Curve:
    """What the student's code said after each epoch, from the first on, and what the last value should not exceed.

    ``of`` makes one of any floats: what is not finite becomes None, for JSON has no word for it.
    """

    title: str
    values: tuple[float | None, ...]
    bound: float | None

    @classmethod
    def of(cls, title: str, values: Sequence[float], bound: float) -> Curve:
        finite = [value if math.isfinite(value) else None for value in (*values, bound)]
        return cls(title, tuple(finite[:-1]), finite[-1])


Picture = Histogram | Confusion | Curve
_KINDS: dict[str, type[Picture]] = {"histogram": Histogram, "confusion": Confusion, "curve": Curve}


def to_dict(picture: Picture) -> dict[str, Any]:
    """Plain values, for JSON."""
    (kind,) = (name for name, made in _KINDS.items() if isinstance(picture, made))
    return {"kind": kind, **asdict(picture)}


def from_dict(data: Mapping[str, Any]) -> Picture:
    """The picture that ``to_dict`` wrote.

    Raises:
        ValueError: if it is none.
    """
    fields = {key: _tuples(value) for key, value in data.items() if key != "kind"}
    try:
        return _KINDS[data["kind"]](**fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a picture: {error!r}") from error


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def svg(picture: Picture) -> str:
    """The picture as an ``<svg>`` element; its title is what a screen reader says."""
    match picture:
        case Histogram():
            drawn, height = _bars(picture), HEIGHT
        case Curve():
            drawn, height = _line(picture), HEIGHT
        case Confusion():
            drawn, height = _matrix(picture.counts[:MOST_CLASSES])
    title = escape(picture.title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}" '
        'style="max-width: 100%; background: #ffffff; font-family: sans-serif">'
        f'<text x="{LEFT}" y="15" font-size="12" fill="{BLACK}">{title}</text>{drawn}</svg>'
    )


def _bars(histogram: Histogram) -> str:
    most = max(*histogram.counts, *histogram.expected, 1e-9)
    floor, width = HEIGHT - BOTTOM, (WIDTH - 2 * LEFT) / len(histogram.counts)
    height = floor - TOP
    bars = "".join(
        f'<rect x="{LEFT + i * width:.1f}" y="{floor - height * n / most:.1f}" width="{width * 0.9:.1f}" '
        f'height="{height * n / most:.1f}" fill="{BLUE}"/>'
        for i, n in enumerate(histogram.counts)
    )
    line = " ".join(
        f"{LEFT + (i + 0.45) * width:.1f},{floor - height * n / most:.1f}"
        for i, n in enumerate(histogram.expected)
    )
    return (
        f'{bars}<polyline points="{line}" fill="none" stroke="{RED}" stroke-width="2"/>'
        f'<line x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{floor}" y2="{floor}" stroke="{GREY}"/>'
        + _label(LEFT, floor + 13, _number(histogram.low), "start")
        + _label(WIDTH / 2, floor + 13, "barres : mesuré ; trait rouge : attendu", "middle")
        + _label(WIDTH - LEFT, floor + 13, _number(histogram.high), "end")
    )


def _line(curve: Curve) -> str:
    left, floor = LEFT + 30, HEIGHT - BOTTOM
    numbers = [value for value in (*curve.values, curve.bound) if value is not None]
    low, high = min(*numbers, 0.0, 0.0), max(*numbers, 1e-9, 1e-9)
    width = (WIDTH - LEFT - left) / max(len(curve.values) - 1, 1)

    def top(value: float) -> float:
        """Each number is divided on its own: the difference of two may be no float."""
        size = max(high, -low)
        return floor - (floor - TOP) * (value / size - low / size) / (high / size - low / size)

    points = [(left + i * width, top(value)) for i, value in enumerate(curve.values) if value is not None]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    drawn = f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
    drawn += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{BLUE}"/>' for x, y in points)
    if curve.bound is not None:
        y = top(curve.bound)
        drawn += (
            f'<line x1="{left}" x2="{WIDTH - LEFT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{RED}" stroke-width="2" '
            'stroke-dasharray="5 4"/>'
        )
    return (
        f'{drawn}<line x1="{left}" x2="{WIDTH - LEFT}" y1="{floor}" y2="{floor}" stroke="{GREY}"/>'
        + _label(left - 4, TOP + 4, _number(high), "end")
        + _label(left - 4, floor + 3, _number(low), "end")
        + _label(left, floor + 13, "1", "middle")
        + _label((left + WIDTH) / 2, floor + 13, "bleu : à chaque époque ; tirets : à atteindre", "middle")
        + _label(WIDTH - LEFT, floor + 13, str(len(curve.values)), "end")
    )


def _matrix(rows: Sequence[Sequence[int]]) -> tuple[str, int]:
    size = min(28, 300 // max(len(rows), 1))
    left, top = LEFT + 18, TOP + 26
    cells = []
    for i, row in enumerate(rows):
        total = max(sum(row), 1)
        for j, n in enumerate(row[:MOST_CLASSES]):
            x, y, share = left + j * size, top + i * size, n / total
            cells.append(
                f'<rect x="{x}" y="{y}" width="{size - 1}" height="{size - 1}" fill="{BLUE if i == j else RED}" '
                f'fill-opacity="{0.06 + 0.8 * share:.2f}"/>'
            )
            if n:
                cells.append(_label(x + size / 2, y + size / 2 + 3, str(n), "middle", BLACK))
        cells.append(_label(left - 4, top + i * size + size / 2 + 3, str(i), "end"))
        cells.append(_label(left + i * size + size / 2, top - 5, str(i), "middle"))
    cells.append(_label(left, top - 18, "en colonne la classe prédite, en ligne la vraie", "start"))
    return "".join(cells), top + len(rows) * size + 6


def _label(x: float, y: float, text: str, anchor: str, colour: str = GREY) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="10" fill="{colour}">{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:.2g}".replace(".", ",").replace("-", "−") if math.isfinite(value) else "?"
