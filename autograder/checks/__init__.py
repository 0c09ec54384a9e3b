"""Assertions for suites, each with a stated false-fail rate; ``CheckFailed`` carries a message in French."""

from __future__ import annotations

from autograder.checks.arrays import close, equal, finite, tensor
from autograder.checks.initialisation import distinct, normal_shape, normal_variance, uniform_bound
from autograder.checks.rates import share, uniform_counts

__all__ = [
    "close",
    "distinct",
    "equal",
    "finite",
    "normal_shape",
    "normal_variance",
    "share",
    "tensor",
    "uniform_bound",
    "uniform_counts",
]
