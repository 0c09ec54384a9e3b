"""Numbers of things, and names of some, in English sentences: ``1 submission``, ``ada, bob and 3 more``."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["noun", "quantity", "shown", "some"]


def noun(number: float, one: str) -> str:
    """``one`` as it stands behind ``number``."""
    return one if number == 1 else f"{one}s"


def quantity(number: int, one: str) -> str:
    """``number`` and what it counts."""
    return f"{number} {noun(number, one)}"


def shown(name: str) -> str:
    """A name as a terminal and a page can show it: control characters, and what is no UTF-8, as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more
