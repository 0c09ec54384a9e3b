"""Random adjoints and finite differences: right gradients pass, each mistake is told by the input's name."""

from __future__ import annotations

import pytest
import torch

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure
from tests.devices import DEVICES

F64 = torch.float64


def leaves(*shapes, dtype=F64):
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


def twins(*tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def compare(student, reference, shapes=((3, 4), (4, 5)), **options):
    """Compare two functions of ``a`` and ``b`` by a random adjoint."""
    a, b = leaves(*shapes)
    a_ref, b_ref = twins(a, b)
    expected = {"a": a_ref, "b": b_ref}
    checks.adjoint(student(a, b), {"a": a, "b": b}, reference(a_ref, b_ref), expected, **options)


def matmul(a, b):
    return a @ b


def test_another_way_to_compute_the_same_passes():
    compare(lambda a, b: torch.einsum("ij,jk->ik", a, b), matmul, fan_in=5)
    compare(lambda a, b: (a[:, :, None] * b).sum(1), matmul, fan_in={"a": 5, "b": 3})


def test_float32_is_compared_at_its_own_rounding():
    a, b = leaves((30, 400), (400, 20), dtype=torch.float32)
    a_ref, b_ref = (t.detach().double().requires_grad_() for t in (a, b))
    expected = {"a": a_ref, "b": b_ref}
    checks.adjoint(a @ b, {"a": a, "b": b}, a_ref @ b_ref, expected, fan_in={"a": 20, "b": 30})


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (lambda a, b: a.detach() @ b, r"par rapport à `a` n'existe pas"),
        (lambda a, b: a @ b + 0.5 * (a.detach() - a) @ b, r"par rapport à `a`, de forme \(3, 4\)"),
        (lambda a, b: (a @ b).detach(), "a perdu le lien"),
        (lambda a, b: (a @ b).T, "forme"),
        (lambda a, b: a @ b + 1e-6 * b[:1].sin(), "par rapport à `b`"),
    ],
)
def test_a_wrong_gradient_is_told_by_name(mistake, told):
    with pytest.raises(CheckFailed, match=told):
        compare(mistake, matmul, fan_in=8)


class IgnoresUpstream(torch.autograd.Function):
    """A product whose backward takes the upstream gradient for ones."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, upstream):
        a, b = ctx.saved_tensors
        ones = torch.ones_like(upstream)
        return ones @ b.T, a.T @ ones


def test_a_dropped_upstream_gradient_is_found_where_ones_would_not():
    a, b = leaves((3, 4), (4, 5))
    wrong, right = (torch.autograd.grad(f(a, b).sum(), (a, b)) for f in (IgnoresUpstream.apply, matmul))
    torch.testing.assert_close(wrong, right)  # an adjoint of ones sees nothing
    with pytest.raises(CheckFailed, match="`a`"):
        compare(IgnoresUpstream.apply, matmul, fan_in=8)


def test_the_message_can_be_worded_and_holds_no_input():
    with pytest.raises(CheckFailed, match="La dérivée selon `b`") as caught:
        compare(lambda a, b: a @ (2 * b - b.detach()), matmul, fan_in=8, what="la dérivée selon {name}")
    assert "tensor(" not in str(caught.value)


def test_different_names_are_a_fault_of_the_suite():
    (a,) = leaves((2,))
    with pytest.raises(GraderFailure, match="adjoint"):
        checks.adjoint(a * 1, {"a": a}, a * 1, {"b": a})


def test_finite_differences_accept_a_right_backward():
    checks.gradcheck(matmul, tuple(leaves((2, 3), (3, 2))))


@pytest.mark.parametrize("options", [{}, {"fast_mode": True}])
def test_finite_differences_refuse_a_wrong_backward_without_showing_numbers(options):
    with pytest.raises(CheckFailed, match="différences finies") as caught:
        checks.gradcheck(IgnoresUpstream.apply, tuple(leaves((2, 3), (3, 2))), **options)
    assert "tensor" not in str(caught.value)


def test_finite_differences_say_that_the_result_is_detached():
    with pytest.raises(CheckFailed, match="a perdu le lien"):
        checks.gradcheck(lambda a: (a**2).detach(), tuple(leaves((3,))), "le gradient de a")


@pytest.mark.parametrize("device", DEVICES)
def test_gradients_are_compared_on_any_device(device):
    a, b = (leaf.detach().to(device).requires_grad_() for leaf in leaves((3, 4), (4, 5)))
    a_ref, b_ref = (leaf.detach().cpu().requires_grad_() for leaf in (a, b))
    checks.adjoint(a @ b, {"a": a, "b": b}, a_ref @ b_ref, {"a": a_ref, "b": b_ref}, fan_in=5)


def test_a_relu_is_checked_away_from_its_kink():
    for _ in range(5):
        x = checks.away_from_kinks(4, 6)
        assert x.requires_grad and x.is_leaf and float(x.detach().abs().min()) >= 0.05
        checks.gradcheck(torch.relu, (x,))
    with pytest.raises(CheckFailed):
        checks.gradcheck(torch.relu, (torch.zeros(3, dtype=F64, requires_grad=True),))


def test_several_kinks_keep_their_distance():
    x = checks.away_from_kinks(500, kinks=(1, -1.0), margin=0.3).detach()
    assert float((x - 1).abs().min()) >= 0.3 and float((x + 1).abs().min()) >= 0.3
    with pytest.raises(GraderFailure, match="no room"):
        checks.away_from_kinks(3, kinks=(0, 0.1), margin=0.05)


def test_a_maximum_is_checked_without_ties():
    for _ in range(5):
        x = checks.without_ties(1, 2, 4, 4)
        gaps = x.detach().flatten().sort().values.diff()
        assert float(gaps.min()) >= 0.1 - 1e-12 and float(x.detach().abs().min()) > 0.01
        checks.gradcheck(lambda x: torch.nn.functional.max_pool2d(x, 2), (x,))
    with pytest.raises(CheckFailed):
        checks.gradcheck(lambda x: x.amax(0), (torch.ones(3, dtype=F64, requires_grad=True),))
    assert checks.without_ties(0, 3).shape == (0, 3)
