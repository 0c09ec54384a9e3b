"""Batches, modes and side effects: right modules pass in any format, each mistake is told, nothing is swallowed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from autograder import checks
from autograder.checks.behaviour import _calls
from autograder.errors import CallTimedOut, CheckFailed, GraderFailure
from autograder.probe import RemoteError, local_student
from tests.devices import DEVICES

DTYPES = [torch.float64, torch.float32]


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def batch(*shape, dtype=torch.float64, device="cpu"):
    """Items on very different scales."""
    x = torch.randn(shape, dtype=dtype, device=device)
    return x * 10.0 ** torch.arange(len(x), device=device).reshape(-1, *[1] * (x.ndim - 1)) / 100


# --- Batch independence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_items_that_do_not_know_each_other_pass(dtype, device):
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5))
    net = net.to(device=device, dtype=dtype)
    checks.batch_independence(net, batch(5, 2, 6, 6, dtype=dtype, device=device), "net(x)")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.argmax(1),
        lambda x: x > 0,
        lambda x: x.sum((1,)),
        lambda x: x.T.contiguous().T,
        lambda x: x[:, :1],
        lambda x: x.mul_(2),
        lambda x: x.requires_grad_() * 2,
        lambda x: torch.cat([row[None] * 2 for row in x]),
    ],
)
def test_integers_booleans_and_any_layout_pass(f):
    checks.batch_independence(f, batch(4, 3), "f(x)")
    checks.batch_independence(f, batch(3, 4).T, "f(x)")


def test_integer_inputs_pass():
    checks.batch_independence(nn.Embedding(9, 4), torch.randint(9, (5, 3)), "f(x)")


def test_several_inputs_are_sliced_together():
    checks.batch_independence(lambda a, b: (a - b).norm(dim=1), (batch(4, 3), batch(4, 3)), "f(a, b)")
    with pytest.raises(CheckFailed, match="dans le lot et seul"):
        checks.batch_independence(lambda a, b: a - b.mean(0), (batch(4, 3), batch(4, 3)), "f(a, b)")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.softmax(0),
        lambda x: x - x.mean(0),
        lambda x: nn.BatchNorm1d(3, dtype=x.dtype)(x) if len(x) > 1 else x,
        lambda x: x[-1:].expand(len(x), -1),
        lambda x: x + torch.arange(len(x))[:, None],
        lambda x: x / x.abs().max(),
        lambda x: x.flip(0),
    ],
)
def test_items_that_know_each_other_are_told(wrong, dtype):
    with pytest.raises(CheckFailed, match=r"f\(x\), l'exemple \d dans le lot et seul"):
        checks.batch_independence(wrong, batch(4, 3, dtype=dtype), "f(x)")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda x: x.flatten(), "de forme"),
        (lambda x: x.sum(), "de forme"),
        (lambda x: x.squeeze(0), "de forme"),
        (lambda x: None, "None"),
        (lambda x: x.tolist(), "list"),
        (lambda x: x * math.nan, "non finies"),
        (lambda x: x / 0, "non finies"),
        (lambda x: x[:, :0], "vide"),
        (lambda x: x + 1j, "complexe"),
    ],
)
def test_results_of_another_kind_are_told(wrong, told):
    with pytest.raises(CheckFailed, match=told):
        checks.batch_independence(wrong, batch(4, 3), "f(x)")


@pytest.mark.parametrize("x", [batch(1, 3), torch.empty(0, 3), torch.empty(4, 0), (batch(4, 3), batch(5, 3))])
def test_batches_that_cannot_tell_are_the_suites_fault(x):
    with pytest.raises(GraderFailure, match="batch_independence"):
        checks.batch_independence(lambda *a: a[0], x, "f(x)")


# --- Modes ----------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A network whose hidden units go through ``noise``."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise
        self.linear = nn.Linear(3, 4)

    def forward(self, x):
        return self.noise(self.linear(x.float()))


RIGHT = {"dropout": nn.Dropout(0.5), "batch norm": nn.BatchNorm1d(4), "identity": nn.Identity()}
ALWAYS = {
    "F.dropout without training": nn.functional.dropout,
    "nn.Dropout made in forward": lambda h: nn.Dropout(0.5)(h),
    "noise": lambda h: h + 0.01 * torch.randn_like(h),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", RIGHT)
def test_two_calls_in_evaluation_are_equal_and_the_mode_is_restored(name, training, device):
    net = Net(RIGHT[name]).to(device).train(training)
    checks.repeatable(net, torch.randn(50, 3, device=device), "net(x)")
    assert net.training is training and net.noise.training is training


@pytest.mark.parametrize("name", ALWAYS)
def test_randomness_in_evaluation_is_told(name):
    with pytest.raises(CheckFailed, match="deux appels en mode évaluation"):
        checks.repeatable(Net(ALWAYS[name]), torch.randn(50, 3), "net(x)")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("training", [True, False])
def test_calls_in_training_differ_and_the_mode_is_restored(training, device):
    net = Net(nn.Dropout(0.5)).to(device).train(training)
    checks.varies_in_training(net, torch.randn(5, 3, device=device), "net(x)")
    assert net.training is training and net.noise.training is training


class Fixed(nn.Module):
    """A mask drawn once."""

    def forward(self, h):
        torch.manual_seed(3)
        return nn.functional.dropout(h, training=self.training)


@pytest.mark.parametrize(
    "noise", [nn.Identity(), Fixed(), nn.BatchNorm1d(4), lambda h: nn.functional.dropout(h, training=False)]
)
def test_calls_in_training_that_never_differ_are_told(noise):
    with pytest.raises(CheckFailed, match="31 appels"):
        checks.varies_in_training(Net(noise), torch.randn(50, 3), "net(x)")


def test_one_dropped_unit_is_enough():
    unit = nn.Dropout(0.5)
    for _ in range(200):
        checks.varies_in_training(unit, torch.ones(1, 1), "net(x)")


@pytest.mark.parametrize(("p", "calls"), [(0.5, 31), (0.1, 197), (0.9, 197)])
def test_as_many_calls_as_one_unit_needs(p, calls):
    assert _calls(p, 1e-9) == calls
    assert p**calls + (1 - p) ** calls <= 1e-9 < p ** (calls - 1) + (1 - p) ** (calls - 1)


@pytest.mark.parametrize("p", [0, 1, 1.5])
def test_a_rate_at_which_nothing_varies_is_the_suites_fault(p):
    with pytest.raises(GraderFailure, match="nothing varies"):
        checks.varies_in_training(nn.Identity(), torch.ones(1), "net(x)", p=p)


def test_a_result_that_is_not_a_tensor_is_told_in_either_mode():
    net = Net(lambda h: [h])
    for check in (checks.repeatable, checks.varies_in_training):
        with pytest.raises(CheckFailed, match="list"):
            check(net, torch.randn(2, 3), "net(x)")


NOTEBOOK = """
from torch import nn
class Good(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(3, 40), nn.BatchNorm1d(40), nn.Dropout(0.3), nn.Linear(40, 2))
class Leaky(Good):
    def forward(self, x):
        self[0].weight.data.mul_(1.01)
        return super().forward(x)
class Raises(nn.Module):
    def forward(self, x): raise ValueError("no")
"""


def notebook():
    namespace = {"torch": torch, "np": np}
    exec(NOTEBOOK, namespace)
    return local_student(namespace, [NOTEBOOK])


def test_modules_of_a_student_are_checked_in_the_same_way():
    student, x = notebook(), torch.randn(6, 3)
    good = student.Good()
    checks.repeatable(good, x, "net(x)")
    checks.varies_in_training(good, x, "net(x)", p=0.3)
    good.eval()
    checks.batch_independence(good, x, "net(x)")
    with checks.unchanged(good, {"x": x}):
        good(x)
    leaky = student.Leaky()
    leaky.eval()
    with (
        pytest.raises(CheckFailed, match=r"`0\.weight`, de forme \(40, 3\), a changé"),
        checks.unchanged(leaky),
    ):
        leaky(x)


def test_what_the_students_code_raises_goes_through():
    student, x = notebook(), torch.randn(6, 3)
    for check in (checks.repeatable, checks.varies_in_training, checks.batch_independence):
        with pytest.raises(RemoteError, match="no"):
            check(student.Raises(), x, "net(x)")


def test_a_hang_is_told_as_such_and_not_by_the_dead_process():
    class Hanging:
        training = True
        gone = False

        def train(self, mode):
            assert not self.gone, "asked after its death"

        def __call__(self, x):
            self.gone = True
            raise CallTimedOut(20)

    for check in (checks.repeatable, checks.varies_in_training, checks.batch_independence):
        with pytest.raises(CallTimedOut):
            check(Hanging(), torch.randn(3, 2), "net(x)")
    with pytest.raises(CallTimedOut), checks.unchanged(None, {"x": torch.ones(1)}):
        raise CallTimedOut(20)


# --- Unchanged ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([math.nan, math.inf, -math.inf, 0.0]),
        torch.empty(0, 3),
        torch.tensor(2.0),
        torch.arange(6).reshape(2, 3).T,
        torch.ones(1, 1).expand(4, 3),
        torch.tensor([True]),
    ],
)
def test_what_stays_passes_in_any_format(value, device):
    value = value.to(device)
    with checks.unchanged(None, {"x": value}):
        value.clone().fill_(1)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(1),
        lambda x: x.data.mul_(1 + 1e-15),
        lambda x: x.numpy().fill(3),
        lambda x: x.fill_(math.nan),
        lambda x: x.neg_(),
    ],
)
def test_a_change_in_place_is_told_however_it_is_made(change):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    with (
        pytest.raises(CheckFailed, match=r"`x`, de forme \(2,\), a changé pendant l'appel"),
        checks.unchanged(None, {"x": x}),
    ):
        change(x)


def test_a_sign_of_zero_is_a_change():
    x = torch.zeros(2)
    with pytest.raises(CheckFailed, match="écart maximal 0"), checks.unchanged(None, {"x": x}):
        x.neg_()


def test_running_statistics_and_steps_are_told_by_name():
    net = Net(nn.BatchNorm1d(4))
    with (
        pytest.raises(CheckFailed, match=r"`noise\.running_mean`"),
        checks.unchanged(net, what="l'évaluation"),
    ):
        net(torch.randn(5, 3))
    with (
        pytest.raises(CheckFailed, match=r"`linear\.weight`.*pendant l'évaluation"),
        checks.unchanged(net, what="l'évaluation"),
    ):
        nn.init.zeros_(net.linear.weight)


def test_buffers_outside_of_the_state_dict_count_too():
    net = nn.Identity()
    net.register_buffer("n", torch.zeros(1), persistent=False)
    with pytest.raises(CheckFailed, match="`n`"), checks.unchanged(net):
        net.n.add_(1)


def test_gradients_count_where_asked():
    net = Net(nn.Identity())
    with checks.unchanged(net):
        net(torch.randn(5, 3)).sum().backward()
    with checks.unchanged(net, grads=True):
        pass
    with pytest.raises(CheckFailed, match=r"`linear\.weight\.grad`"), checks.unchanged(net, grads=True):
        net(torch.randn(5, 3)).sum().backward()
    net.zero_grad()
    with (
        pytest.raises(CheckFailed, match=r"`linear\.bias\.grad` est apparu"),
        checks.unchanged(net, grads=True),
    ):
        net(torch.randn(5, 3)).sum().backward()


def test_names_and_shapes_that_change_are_told():
    net = Net(nn.Identity())
    with pytest.raises(CheckFailed, match=r"`linear\.bias` a disparu"), checks.unchanged(net):
        net.linear.bias = None
    with pytest.raises(CheckFailed, match="est apparu"), checks.unchanged(net):
        net.more = nn.Parameter(torch.zeros(1))
    with pytest.raises(CheckFailed, match=r"\(4, 3\) .* à \(2, 3\)"), checks.unchanged(net):
        net.linear.weight.data = torch.zeros(2, 3)
    with pytest.raises(CheckFailed, match="float64"), checks.unchanged(net):
        net.double()


def test_nothing_to_look_at_is_the_suites_fault():
    with pytest.raises(GraderFailure, match="nothing"), checks.unchanged(nn.Identity()):
        pass
