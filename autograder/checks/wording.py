"""Words of messages: what several checks say in the same way."""

from __future__ import annotations

import math

__all__ = ["capital", "decimal"]


def capital(text: str) -> str:
    """First letter in upper case, unless the first word is code, such as ``train(seed)``."""
    first = text.split(" ")[0]
    return text if any(mark in first for mark in "(_.`") else text[:1].upper() + text[1:]


def decimal(value: float, form: str = ".2g") -> str:
    """A measured number as a French reader writes it: ``0,5``, ``1,2e-05``, ``∞``."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:{form}}".replace(".", ",")
