"""Grading of PyTorch notebooks: unforgeable, fair, native to nbgrader and pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["check"]

if TYPE_CHECKING:
    from autograder.selfcheck import check


def __getattr__(name: str) -> Any:
    """``check`` on first use: it brings pytest and torch, which `autograder --help` does not need."""
    if name == "check":
        from autograder.selfcheck import check

        return check
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
