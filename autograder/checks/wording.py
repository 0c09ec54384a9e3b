"""Words of messages: what several checks say in the same way."""

from __future__ import annotations

__all__ = ["capital"]


def capital(text: str) -> str:
    """First letter in upper case, unless the first word is code, such as ``train(seed)``."""
    first = text.split(" ")[0]
    return text if any(mark in first for mark in "(_.`") else text[:1].upper() + text[1:]
