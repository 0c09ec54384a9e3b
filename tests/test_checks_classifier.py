"""Checks of trained classifiers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from autograder import checks
from autograder.errors import CheckFailed
from autograder.probe import local_student

X = torch.randn(6, 4)


def student_with(**namespace):
    return local_student(namespace)


def module_of(value):
    """``value`` as a suite gets it from the guest."""
    return student_with(f=lambda: value).f()


def linear() -> nn.Module:
    return nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)).train()


def test_a_module_is_put_in_evaluation_mode():
    module = linear()
    handle = checks.trained(module_of(module), "train")
    assert not module.training
    assert torch.equal(checks.scores(handle, X, 6, 3), checks.scores(handle, X, 6, 3))


def test_any_callable_will_do():
    handle = checks.trained(module_of(lambda x: x @ torch.ones(4, 3)), "train")
    assert checks.scores(handle, X, 6, 3).shape == (6, 3)


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "None (un `return` oublié ?)"), ((linear(), 0.9), "type tuple"), (torch.ones(3), "type Tensor")],
)
def test_what_is_no_module_is_named(value, told: str):
    with pytest.raises(CheckFailed, match="`train` doit renvoyer un module") as failure:
        checks.trained(module_of(value), "train")
    assert told in str(failure.value)


@pytest.mark.parametrize(
    ("forward", "told"),
    [
        (lambda x: x.argmax(1), "de forme (6,) au lieu de (6, 3)"),
        (lambda x: x[:, :1], "de forme (6, 1)"),
        (lambda x: x.numpy(), "doit être un torch.Tensor"),
        (lambda x: x[:, :3] * float("nan"), "NaN"),
    ],
)
def test_scores_that_are_none_are_named(forward, told: str):
    with pytest.raises(CheckFailed) as failure:
        checks.scores(checks.trained(module_of(forward), "train"), X, 6, 3)
    assert told in str(failure.value)


def test_minus_infinity_is_a_score_and_votes_are_too():
    logs = torch.tensor([[0.0, 1.0, 1.0]]).log()
    handle = checks.trained(module_of(lambda x: logs), "train")
    found = checks.scores(handle, X[:1], 1, 3)
    checks.same_scores(checks.scores(handle, X[:1], 1, 3), found, "les scores")
    votes = checks.trained(module_of(lambda x: torch.tensor([[0, 2, 1]])), "train")
    assert checks.accuracy(checks.scores(votes, X[:1], 1, 3), torch.tensor([1])) == 1.0


def test_no_graph_is_built():
    seen = []

    def forward(x):
        seen.append(torch.is_grad_enabled())
        return x[:, :3]

    checks.scores(checks.trained(module_of(forward), "train"), X, 6, 3)
    assert seen == [False]


def test_accuracy_counts_the_largest_scores():
    found = torch.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 5.0], [1.0, 0.0]])
    assert checks.accuracy(found, torch.tensor([1, 0, 0, 0])) == 0.75


def test_roundings_are_allowed_and_a_dropout_is_not():
    found = 10 * torch.randn(40, 10).double()
    checks.same_scores(found.float().double() + 1e-4, found, "les scores")
    with pytest.raises(CheckFailed, match="Les scores d'un second appel"):
        checks.same_scores(nn.functional.dropout(found, 0.1), found, "les scores d'un second appel")


def test_the_device_is_where_the_guest_is():
    device = checks.device(student_with())
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_score_a_pixel_has_the_size_of_the_image():
    module = checks.trained(module_of(nn.Conv2d(1, 2, 3, padding=1)), "train")
    assert checks.scores(module, torch.ones(3, 1, 5, 7), 3, 2, (5, 7)).shape == (3, 2, 5, 7)
    with pytest.raises(CheckFailed, match=r"de forme \(3, 2, 5, 7\) au lieu de \(3, 2, 7, 5\)"):
        checks.scores(module, torch.ones(3, 1, 5, 7), 3, 2, (7, 5))


def test_mean_iou_by_hand():
    masks = torch.tensor([[[0, 0, 1, 1]], [[0, 0, 0, 1]]])
    predicted = torch.tensor([[[0, 1, 1, 1]], [[0, 0, 0, 0]]])
    scores = torch.stack([1.0 - predicted, predicted], dim=1)
    assert checks.mean_iou(scores, masks) == pytest.approx((4 / 6 + 2 / 4) / 2)  # all pixels together
    assert checks.mean_iou(10 * scores - 3, masks) == checks.mean_iou(scores, masks)  # their order alone


def test_a_class_that_is_nowhere_does_not_count_in_the_mean_iou():
    scores = torch.eye(3)[:, :, None, None][:1].expand(2, 3, 4, 4)
    assert checks.mean_iou(scores, torch.zeros(2, 4, 4, dtype=torch.int64)) == 1
    assert checks.mean_iou(scores, torch.full((2, 4, 4), 2)) == 0
