"""Assertions for suites, each with a stated false-fail rate; ``CheckFailed`` carries a message in French."""

from __future__ import annotations

from autograder.checks.architectures import own_architecture
from autograder.checks.arrays import close, equal, finite, tensor
from autograder.checks.augmentation import independent_integers, shares, shift_of, uniform_integers
from autograder.checks.behaviour import batch_independence, repeatable, unchanged, varies_in_training
from autograder.checks.classifier import accuracy, device, mean_iou, same_scores, scores, trained
from autograder.checks.dropout import dropout_independence, dropout_rate, dropout_values, independent_masks
from autograder.checks.floors import Ability, floor, read_floor
from autograder.checks.gradients import adjoint, away_from_kinks, gradcheck, without_ties
from autograder.checks.initialisation import (
    distinct,
    he,
    he_confusions,
    normal_shape,
    normal_variance,
    uniform_bound,
    unique,
    zero_bias,
)
from autograder.checks.operations import forbidden, vectorised
from autograder.checks.orders import permutation, reshuffled, uniform_positions, with_replacement
from autograder.checks.parameters import layer_shapes, parameter_count, parameters, unfilled
from autograder.checks.rates import share, uniform_counts
from autograder.checks.steps import relative_update
from autograder.checks.verification import auc, distances
from autograder.checks.wording import decimal

__all__ = [
    "Ability",
    "accuracy",
    "adjoint",
    "auc",
    "away_from_kinks",
    "batch_independence",
    "close",
    "decimal",
    "device",
    "distances",
    "distinct",
    "dropout_independence",
    "dropout_rate",
    "dropout_values",
    "equal",
    "finite",
    "floor",
    "forbidden",
    "gradcheck",
    "he",
    "he_confusions",
    "independent_integers",
    "independent_masks",
    "layer_shapes",
    "mean_iou",
    "normal_shape",
    "normal_variance",
    "own_architecture",
    "parameter_count",
    "parameters",
    "permutation",
    "read_floor",
    "relative_update",
    "repeatable",
    "reshuffled",
    "same_scores",
    "scores",
    "share",
    "shares",
    "shift_of",
    "tensor",
    "trained",
    "unchanged",
    "unfilled",
    "uniform_bound",
    "uniform_counts",
    "uniform_integers",
    "uniform_positions",
    "unique",
    "varies_in_training",
    "vectorised",
    "with_replacement",
    "without_ties",
    "zero_bias",
]
