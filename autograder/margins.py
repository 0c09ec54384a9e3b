"""How near a passing check came to what it needs: noted by the check, taken by the plugin when the test is over."""

from __future__ import annotations

__all__ = ["note", "take"]

_noted: list[tuple[float, float]] = []


def note(value: float, needed: float) -> None:
    """A check measured ``value`` and needs at least ``needed``."""
    _noted.append((value, needed))


def take() -> tuple[float, float] | None:
    """The narrowest pair noted since the last call, which is forgotten with the others; None if there is none."""
    nearest = min(_noted, key=lambda pair: pair[0] - pair[1], default=None)
    _noted.clear()
    return nearest
