"""Orders of items: right ones pass whatever holds them, each mistake is told, the stated sizes are exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from tests.devices import DEVICES


def fails(check, *args, **options) -> bool:
    try:
        check(*args, **options)
    except CheckFailed:
        return True
    return False


@pytest.mark.parametrize(
    "order",
    [
        [2, 0, 1],
        (np.int64(2), np.uint8(0), 1),
        torch.tensor([2, 0, 1]),
        torch.tensor([2, 0, 1], dtype=torch.int32)[:, None],
        [torch.tensor(2), torch.tensor([0]), 1],
        np.array([2, 0, 1]),
        iter([2, 0, 1]),
        torch.tensor([[2, 9], [0, 9], [1, 9]])[:, 0],
    ],
)
def test_a_permutation_passes_whatever_holds_it(order):
    checks.permutation(order, 3, "l'ordre")


@pytest.mark.parametrize("device", DEVICES)
def test_an_order_may_lie_on_any_device(device):
    checks.permutation(torch.randperm(7).to(device), 7, "l'ordre")


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ([0, 1], "1 jamais"),
        ([0, 1, 1], "1 jamais, 1 plusieurs fois"),
        ([1, 2, 3], "1 jamais, 1 inconnus"),
        ([0, 1, -1], "1 jamais, 1 inconnus"),
        ([0, 1, 2, 2], "1 plusieurs fois"),
        ([], "3 jamais"),
        (torch.empty(0, dtype=torch.int64), "3 jamais"),
    ],
)
def test_items_that_are_missing_repeated_or_unknown_are_counted(order, told):
    with pytest.raises(CheckFailed, match=told):
        checks.permutation(order, 3, "l'ordre")


@pytest.mark.parametrize(
    "order",
    [[0.0, 1.0, 2.0], torch.rand(3), ["a"], [None], [torch.tensor([0, 1])], [math.nan], [True, False]],
)
def test_what_is_no_index_is_told(order):
    with pytest.raises(CheckFailed, match="indices entiers"):
        checks.permutation(order, 3, "l'ordre")


def test_no_items_have_one_order():
    checks.permutation([], 0, "l'ordre")


def test_two_epochs_of_a_shuffled_set_differ():
    for _ in range(20):
        checks.reshuffled([torch.randperm(13), torch.randperm(13)], 13, "deux époques")


@pytest.mark.parametrize("order", [range(13), [*range(1, 13), 0]])
def test_the_same_order_twice_is_told(order):
    with pytest.raises(CheckFailed, match="exactement dans le même ordre"):
        checks.reshuffled([order, torch.randperm(13), order], 13, "les époques")


def test_an_epoch_that_is_no_permutation_is_told():
    with pytest.raises(CheckFailed, match="jamais"):
        checks.reshuffled([range(13), [0] * 13], 13, "les époques")


def test_the_probability_of_equal_orders_is_one_in_factorial():
    rng, runs = np.random.default_rng(0), 20_000
    failed = sum(
        fails(checks.reshuffled, [rng.permutation(4), rng.permutation(4)], 4, "v", alpha=0.05)
        for _ in range(runs)
    )
    assert binom.ppf(1e-6, runs, 1 / 24) <= failed <= binom.isf(1e-6, runs, 1 / 24)


@pytest.mark.parametrize(("epochs", "items"), [(1, 13), (2, 12), (5, 13), (0, 20)])
def test_epochs_that_cannot_tell_are_the_suites_fault(epochs, items):
    with pytest.raises(GraderFailure, match="cannot tell"):
        checks.reshuffled([range(items)] * epochs, items, "v")


def by_batches(rng, size):
    """Only whole batches of neighbours change places."""
    return rng.permutation(8 // size).repeat(size) * size + np.tile(np.arange(size), 8 // size)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda rng: np.arange(8),
        lambda rng: by_batches(rng, 2),
        lambda rng: by_batches(rng, 4),
        lambda rng: np.append(rng.permutation(7), 7),
    ],
)
def test_an_incomplete_shuffle_is_told_at_the_documented_size(wrong):
    rng = np.random.default_rng(0)
    missed = sum(
        not fails(checks.uniform_positions, [wrong(rng) for _ in range(192)], 8, "v") for _ in range(25)
    )
    assert missed == 0


def test_uniform_permutations_fail_with_probability_at_most_alpha():
    rng, runs, alpha = np.random.default_rng(1), 300, 0.02
    failed = sum(
        fails(checks.uniform_positions, [rng.permutation(5) for _ in range(40)], 5, "v", alpha=alpha)
        for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)


@pytest.mark.parametrize(("draws", "items"), [(198, 1000), (64, 120)])
def test_draws_with_replacement_repeat_at_the_documented_size(draws, items):
    assert sum(math.log1p(-i / items) for i in range(draws)) <= math.log(1e-9)
    assert sum(math.log1p(-i / items) for i in range(draws - 1)) > math.log(1e-9)
    rng = np.random.default_rng(0)
    checks.with_replacement(rng.integers(items, size=draws), items, "le tirage")
    with pytest.raises(CheckFailed, match="sans remise"):
        checks.with_replacement(rng.permutation(items)[:draws], items, "le tirage")
    with pytest.raises(GraderFailure, match="cannot tell"):
        checks.with_replacement(range(draws - 1), items, "le tirage")


def test_more_draws_than_items_without_repetition_are_not_of_those_items():
    with pytest.raises(GraderFailure, match="cannot tell"):
        checks.with_replacement([0, 0, 1], 2, "le tirage")


def test_the_rate_of_no_repetition_is_at_most_alpha():
    rng, runs, alpha = np.random.default_rng(0), 4000, 0.05
    failed = sum(
        fails(checks.with_replacement, rng.integers(50, size=17), 50, "v", alpha=alpha) for _ in range(runs)
    )
    assert failed <= binom.isf(1e-6, runs, alpha)
