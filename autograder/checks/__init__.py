"""Assertions for suites, each with a stated false-fail rate; ``CheckFailed`` carries a message in French."""

from __future__ import annotations

from autograder.checks.arrays import close, equal, finite, tensor
from autograder.checks.classifier import accuracy, same_scores, scores, trained
from autograder.checks.floors import floor, read_floor
from autograder.checks.gradients import adjoint, gradcheck
from autograder.checks.initialisation import distinct, normal_shape, normal_variance, uniform_bound
from autograder.checks.operations import forbidden, vectorised
from autograder.checks.parameters import layer_shapes, parameter_count, parameters, unfilled
from autograder.checks.rates import share, uniform_counts
from autograder.checks.steps import relative_update

__all__ = [
    "accuracy",
    "adjoint",
    "close",
    "distinct",
    "equal",
    "finite",
    "floor",
    "forbidden",
    "gradcheck",
    "layer_shapes",
    "normal_shape",
    "normal_variance",
    "parameter_count",
    "parameters",
    "read_floor",
    "relative_update",
    "same_scores",
    "scores",
    "share",
    "tensor",
    "trained",
    "unfilled",
    "uniform_bound",
    "uniform_counts",
    "vectorised",
]
