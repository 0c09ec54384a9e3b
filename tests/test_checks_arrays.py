"""Comparisons of tensors: what passes, what fails, and what the message says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder import checks
from autograder.errors import CheckFailed, GraderFailure

F64 = torch.float64


def test_every_public_name_is_exported_in_order():
    assert checks.__all__ == sorted(checks.__all__)
    assert all(hasattr(checks, name) for name in checks.__all__)


def test_a_tensor_with_the_asked_properties_is_returned_itself():
    value = torch.zeros(2, 3, requires_grad=True)
    same = checks.tensor(value, shape=(2, 3), dtype="floating", device_class="cpu", requires_grad=True)
    assert same is value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "None"),
        (1.5, "float"),
        ([1.0], "list"),
        (np.zeros((2, 3)), r"tableau NumPy de forme \(2, 3\)"),
    ],
)
def test_what_is_no_tensor_is_named(value, told):
    with pytest.raises(CheckFailed, match=told):
        checks.tensor(value)


def test_a_wrong_shape_names_both_shapes():
    with pytest.raises(CheckFailed, match=r"La sortie est de forme \(3,\) au lieu de \(3, 1\)"):
        checks.tensor(torch.zeros(3), shape=(3, 1), what="la sortie")


@pytest.mark.parametrize(
    ("what", "begins"),
    [
        ("la sortie", "La sortie, de forme"),
        ("standardise(s)", "standardise(s), de forme"),
        ("`standardise`", "`standardise`, de forme"),
        ("standardise", "Standardise, de forme"),  # nothing tells it from a French word
    ],
)
def test_a_message_begins_with_a_capital_unless_it_begins_with_code(what, begins):
    with pytest.raises(CheckFailed) as caught:
        checks.close(torch.zeros(3), torch.ones(3), what)
    assert str(caught.value).startswith(begins)


def test_a_call_keeps_its_spelling_in_messages_of_steps_and_gradients_too():
    start = {"w": torch.zeros(3, dtype=F64)}
    with pytest.raises(CheckFailed, match=r"^sgd\(w\) : rien n'a changé"):
        checks.relative_update(start, {"w": torch.ones(3, dtype=F64)}, start, "sgd(w)")
    x = torch.ones(2, dtype=F64, requires_grad=True)
    with pytest.raises(CheckFailed, match=r"^norm\(x\) "):
        checks.gradcheck(lambda value: value * value.detach(), (x,), "norm(x)")


def test_none_stands_for_any_size():
    checks.tensor(torch.zeros(3, 4), shape=(None, 4))
    with pytest.raises(CheckFailed, match=r"au lieu de \(\*, 5\)"):
        checks.tensor(torch.zeros(3, 4), shape=(None, 5))


@pytest.mark.parametrize("dtype", [torch.int64, (torch.int64, torch.int32), "floating"])
def test_a_wrong_dtype_fails(dtype):
    with pytest.raises(CheckFailed, match="bool"):
        checks.tensor(torch.zeros(2, dtype=torch.bool), dtype=dtype)


def test_each_of_several_dtypes_passes():
    for dtype in (torch.int32, torch.int64):
        checks.tensor(torch.zeros(2, dtype=dtype), dtype=(torch.int32, torch.int64))


def test_shape_is_told_before_dtype():
    with pytest.raises(CheckFailed, match="forme"):
        checks.tensor(torch.zeros(2), shape=(3,), dtype=torch.int64)


def test_another_device_fails():
    with pytest.raises(CheckFailed, match="cpu au lieu de cuda"):
        checks.tensor(torch.zeros(2), device_class="cuda")


def test_a_lost_or_kept_history_fails():
    with pytest.raises(CheckFailed, match="perdu le lien"):
        checks.tensor(torch.zeros(2), requires_grad=True)
    with pytest.raises(CheckFailed, match="historique"):
        checks.tensor(torch.zeros(2, requires_grad=True), requires_grad=False)


def test_finite_counts_nan_and_infinity():
    assert checks.finite(torch.zeros(0)).numel() == 0
    checks.finite(torch.tensor([1, 2]))
    with pytest.raises(CheckFailed, match="NaN : 1, infinies : 2, sur 4"):
        checks.finite(torch.tensor([np.nan, np.inf, -np.inf, 0.0]))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_sums_in_any_order_are_close(dtype):
    torch.manual_seed(0)
    a, b = torch.randn(50, 300, dtype=dtype), torch.randn(300, dtype=dtype)
    exact = (a.double() * b.double()).sum(1)
    scale = (a.double() * b.double()).abs().sum(1)
    one_by_one = torch.zeros(50, dtype=dtype)
    for k in range(300):
        one_by_one += a[:, k] * b[k]
    for actual in (a @ b, (a * b).sum(1), one_by_one):
        checks.close(actual, exact, "les sommes", fan_in=300, scale=scale)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_an_error_above_rounding_is_caught(dtype, error):
    expected = torch.linspace(1, 2, 12, dtype=F64).reshape(3, 4)
    actual = expected.to(dtype, copy=True)
    checks.close(actual, expected, "v")
    actual[1, 2] += error
    with pytest.raises(CheckFailed, match=r"\(3, 4\) : 1 valeur sur 12"):
        checks.close(actual, expected, "v")


def test_the_message_holds_no_expected_value():
    expected = torch.tensor([3.217, 123.456], dtype=F64)
    with pytest.raises(CheckFailed) as failure:
        checks.close(expected + 0.5, expected, "v")
    assert "0,5" in str(failure.value)
    assert not any(text in str(failure.value) for text in ("3.2", "3,2", "123"))


@pytest.mark.parametrize(
    "other", [torch.zeros(3), torch.zeros(1, 1), torch.tensor(0.0), 0.0, torch.zeros(3, 1, 1)]
)
def test_nothing_is_broadcast(other):
    with pytest.raises(CheckFailed, match="forme"):
        checks.close(other, torch.zeros(3, 1), "v")
    with pytest.raises(CheckFailed, match="forme"):
        checks.equal(other, torch.zeros(3, 1), "v")


def test_nan_is_never_close_nor_equal():
    nan = torch.tensor([np.nan])
    with pytest.raises(CheckFailed, match="NaN"):
        checks.close(nan, torch.zeros(1), "v")
    with pytest.raises(CheckFailed):
        checks.equal(nan, nan, "v")
    with pytest.raises(CheckFailed):
        checks.equal(float("nan"), float("nan"), "v")


def test_an_expected_nan_is_the_suites_fault():
    with pytest.raises(GraderFailure):
        checks.close(torch.zeros(1), torch.tensor([np.nan]), "v")


def test_empty_tensors_compare_by_shape():
    checks.close(torch.zeros(0, 3), torch.zeros(0, 3), "v")
    checks.equal(torch.zeros(0, 3), torch.zeros(0, 3), "v")
    with pytest.raises(CheckFailed):
        checks.close(torch.zeros(0, 3), torch.zeros(3, 0), "v")


def test_numbers_arrays_integers_and_views_compare_by_value():
    x = torch.arange(6.0, dtype=F64).reshape(2, 3)
    checks.close(x.T, x.T.contiguous(), "v")
    checks.close(x.requires_grad_(), x, "v")
    checks.close(x.detach().numpy(), x, "v")
    checks.close([0.1, 0.2], torch.tensor([0.1, 0.2], dtype=F64), "v")
    checks.close(2, 2.0, "v")
    checks.equal(torch.tensor([1, 2], dtype=torch.int32), torch.tensor([1, 2]), "v")
    checks.equal(torch.tensor(3), 3, "v")
    checks.equal(x.T, x.T.contiguous(), "v")
    checks.equal((1, "a"), (1, "a"), "v")


@pytest.mark.parametrize("value", [None, "deux", object(), torch.zeros(1, dtype=torch.complex64)])
def test_what_is_no_number_is_not_close(value):
    with pytest.raises(CheckFailed):
        checks.close(value, torch.zeros(1), "v")


def test_differences_are_counted():
    with pytest.raises(CheckFailed, match="2 valeurs sur 3"):
        checks.equal(torch.tensor([1, 2, 3]), torch.tensor([1, 0, 0]), "v")
    with pytest.raises(CheckFailed):
        checks.equal(3, 4, "v")


def test_the_computations_format_may_differ_from_the_results():
    third = torch.tensor([1 / 3], dtype=F64)
    rounded = third.float().double()
    checks.close(rounded, third, "v", dtype=torch.float32)
    with pytest.raises(CheckFailed):
        checks.close(rounded, third, "v")
    with pytest.raises(CheckFailed):
        checks.close(third.float(), third, "v", dtype=F64)


def test_a_scale_an_element_makes_the_error_relative():
    expected = torch.tensor([1.0, 1e-20], dtype=F64)
    actual = torch.tensor([1.0, 2e-20], dtype=F64)
    checks.close(actual, expected, "v")
    with pytest.raises(CheckFailed, match="1 valeur sur 2"):
        checks.close(actual, expected, "v", scale=expected)


@pytest.mark.parametrize(
    "options", [{"fan_in": 0}, {"fan_in": 2**60}, {"scale": torch.ones(2)}, {"scale": np.inf}]
)
def test_a_bound_that_means_nothing_is_the_suites_fault(options):
    with pytest.raises(GraderFailure):
        checks.close(torch.zeros(3, dtype=F64), torch.zeros(3, dtype=F64), "v", **options)
