"""The levels of confinement that tests run at: one place, so that a new level meets every test that is for all."""

from __future__ import annotations

import sys

import pytest

from autograder.sandbox.confinement import STRENGTH, Level, best_level

CONFINED = tuple(level for level in reversed(STRENGTH) if level is not Level.NONE)
"""Every level that confines, strongest first; a fixture leaves out what the host cannot do."""

ORDINARY = 54_321
"""The user who grades where root plays somebody else."""
AS_ORDINARY = (
    *("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)
"""How: with the right to enter the folder where root has installed Python, which guests do not get by it."""

CANNOT = "this host cannot confine guests"
BEST = best_level()
OTHERS = tuple(level for level in CONFINED if level is not BEST)
"""All but the one at which tests grade that choose none."""
able = sys.platform == "linux" and BEST is not Level.NONE
confined = pytest.mark.skipif(not able, reason=CANNOT)
"""For tests that grade."""
