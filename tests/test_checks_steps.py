"""Training steps by their outcome: right variants pass, mistakes fail and are named."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure

F64 = torch.float64


def trained(start, steps=5, **options):
    """Parameters of a copy of ``start`` after some steps of SGD, the reference's unless options say otherwise."""
    net = copy.deepcopy(start)
    optimizer = torch.optim.SGD(net.parameters(), **{"lr": 0.05, "momentum": 0.9, **options})
    generator = torch.Generator().manual_seed(3)
    for size in (5, 5, 5, 5, 3)[:steps]:
        x = torch.randn(size, 7, dtype=F64, generator=generator)
        y = torch.randint(4, (size,), generator=generator)
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return values(net)


def values(net):
    return {name: p.detach().clone() for name, p in net.named_parameters()}


@pytest.fixture
def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(7, 6), torch.nn.Tanh(), torch.nn.Linear(6, 4)).double()


def test_an_update_in_another_order_of_operations_passes(net):
    reference = trained(net)
    rounded = {name: p * (1 + 1e-15 * torch.randn_like(p)) for name, p in reference.items()}
    checks.relative_update(rounded, reference, values(net))


@pytest.mark.parametrize(
    "options", [{"weight_decay": 1e-5}, {"lr": 0.0505}, {"nesterov": True}, {"momentum": 0.0}]
)
def test_a_small_mistake_in_the_optimizer_fails(net, options):
    with pytest.raises(CheckFailed, match="fois la mise à jour attendue"):
        checks.relative_update(trained(net, **options), trained(net), values(net))


def test_nothing_changed_is_said_as_such(net):
    with pytest.raises(CheckFailed, match="rien n'a changé"):
        checks.relative_update(values(net), trained(net), values(net))


def test_a_parameter_that_did_not_move_is_named(net):
    start, reference = values(net), trained(net)
    with pytest.raises(CheckFailed, match=r"`2\.bias` n'a pas bougé"):
        checks.relative_update({**reference, "2.bias": start["2.bias"]}, reference, start)


def test_a_frozen_parameter_that_moved_is_named(net):
    start, reference = values(net), trained(net)
    reference["0.weight"] = start["0.weight"]
    with pytest.raises(CheckFailed, match=r"`0\.weight` devait rester tel quel"):
        checks.relative_update({**reference, "0.weight": start["0.weight"] + 1e-3}, reference, start)


def test_a_small_parameter_is_judged_by_its_own_movement():
    start = {"large": torch.zeros(9, dtype=F64), "small": torch.zeros(1, dtype=F64)}
    reference = {"large": start["large"] + 1e3, "small": start["small"] + 1e3}
    wrong = {**reference, "small": reference["small"] * (1 + 2e-8)}
    with pytest.raises(CheckFailed, match="`small`"):  # 6e-9 of the whole movement
        checks.relative_update(wrong, reference, start)


def test_buffers_that_count_must_be_equal():
    start = {"mean": torch.zeros(2), "batches": torch.tensor(0)}
    reference = {"mean": torch.ones(2), "batches": torch.tensor(5)}
    checks.relative_update(dict(reference), reference, start, "les tampons")
    with pytest.raises(CheckFailed, match="Les tampons, `batches`"):
        checks.relative_update({**reference, "batches": torch.tensor(10)}, reference, start, "les tampons")


def test_a_single_tensor_needs_no_name():
    start, reference = torch.zeros(3, dtype=F64), torch.ones(3, dtype=F64)
    checks.relative_update(reference.clone(), reference, start, "le poids")
    with pytest.raises(CheckFailed, match=r"Le poids : l'écart vaut 0,1 fois") as caught:
        checks.relative_update(1.1 * reference, reference, start, "le poids")
    assert "`" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "told"),
    [({}, "disparu"), ({"w": torch.zeros(2)}, "forme"), ({"w": torch.full((3,), torch.nan)}, "non finies")],
)
def test_what_cannot_be_compared_is_said(value, told):
    with pytest.raises(CheckFailed, match=told):
        checks.relative_update(value, {"w": torch.ones(3)}, {"w": torch.zeros(3)})


def test_a_reference_that_does_not_move_is_a_fault_of_the_suite():
    with pytest.raises(GraderFailure, match="moved by 0"):
        checks.relative_update(torch.ones(3), torch.zeros(3), torch.zeros(3))


def test_the_float32_threshold_is_the_suites_choice():
    start, reference = torch.zeros(3), torch.ones(3)
    checks.relative_update(reference + 1e-5, reference, start, threshold=1e-3)
    with pytest.raises(CheckFailed, match="1e-03"):
        checks.relative_update(reference + 1e-2, reference, start, threshold=1e-3)
