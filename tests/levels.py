"""The levels of confinement that tests run at: one place, so that a new level meets every test that is for all."""

from __future__ import annotations

from autograder.sandbox.confinement import STRENGTH, Level

CONFINED = tuple(level for level in reversed(STRENGTH) if level is not Level.NONE)
"""Every level that confines, strongest first; a fixture leaves out what the host cannot do."""
