"""Assertions for suites, each with a stated false-fail rate; ``CheckFailed`` carries a message in French."""

from __future__ import annotations

from autograder.checks.arrays import close, equal, finite, tensor
from autograder.checks.floors import floor, read_floor
from autograder.checks.gradients import adjoint, gradcheck
from autograder.checks.initialisation import distinct, normal_shape, normal_variance, uniform_bound
from autograder.checks.rates import share, uniform_counts
from autograder.checks.steps import relative_update

__all__ = [
    "adjoint",
    "close",
    "distinct",
    "equal",
    "finite",
    "floor",
    "gradcheck",
    "normal_shape",
    "normal_variance",
    "read_floor",
    "relative_update",
    "share",
    "tensor",
    "uniform_bound",
    "uniform_counts",
]
