"""Numbers of things in English sentences: ``1 submission``, ``2 submissions``."""

from __future__ import annotations

__all__ = ["noun", "quantity"]


def noun(number: float, one: str) -> str:
    """``one`` as it stands behind ``number``."""
    return one if number == 1 else f"{one}s"


def quantity(number: int, one: str) -> str:
    """``number`` and what it counts."""
    return f"{number} {noun(number, one)}"
