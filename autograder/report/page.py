"""The page: one HTML file that loads nothing, from a template.

Names, messages and problems hold what students wrote. All text is escaped, and a content security policy lets the page
run its own script and no other, and ask nobody for anything.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from math import floor, log10
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from autograder.quantity import noun
from autograder.report.histogram import bars, ticks
from autograder.report.overview import Overview

__all__ = ["render"]

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "report"
SHADES = 10  # of the heat map


def render(overview: Overview, when: datetime) -> str:
    """The document, to be written in UTF-8."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"noun": noun, "number": _number, "seconds": _seconds, "shade": _shade}
    style, script = (_raw(environment, name) for name in ("style.css", "sort.js"))
    chart = bars(overview.final, overview.unfinished, overview.max_points)
    return environment.get_template("page.html.j2").render(
        overview=overview,
        when=when,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'",
        bars=chart,
        ticks=ticks(max(bar.final + bar.open for bar in chart)),
    )


def _raw(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _number(value: float | None, digits: int = 2) -> str:
    """Without trailing zeros; a dash for what there is not."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _seconds(value: float) -> str:
    """With two significant digits at least: a quick suite takes hundredths."""
    return _number(value, max(1, 1 - floor(log10(value)))) if value > 0 else "0"


def _shade(share: float | None) -> str:
    """The class of a cell of the heat map: h0 to h10, u where there is no score."""
    return "u" if share is None else f"h{round(min(max(share, 0.0), 1.0) * SHADES)}"
