"""Grading of PyTorch notebooks: unforgeable, fair, native to nbgrader and pytest."""

from __future__ import annotations

__version__ = "0.1.0"
