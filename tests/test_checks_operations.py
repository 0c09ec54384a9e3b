"""Forbidden operations by either witness, and whether the number of operations grows with the input."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial

import pytest
import torch

from autograder import checks
from autograder.errors import CallTimedOut, CheckFailed, GraderFailure, GuestDied
from autograder.probe import Student, local_student

NAMES = ("softmax", "log_softmax", "Softmax", "_softmax")
RIGHT = """
def f(x, dim=-1):
    e = (x - x.max(dim, keepdim=True).values).exp()
    return e / e.sum(dim, keepdim=True)
"""


def student(code: str) -> Student:
    namespace = {"torch": torch}
    exec(compile(code, "<cell>", "exec"), namespace)
    return local_student(namespace, [code])


def check(code: str, *inputs: torch.Tensor, **options) -> None:
    notebook = student(code)
    calls = [partial(notebook.f, x, dim=0) for x in inputs or (torch.randn(3, 4),)]
    checks.forbidden(notebook, ["f"], NAMES, calls, **options)


def test_a_right_solution_passes_by_both_witnesses():
    check(RIGHT)
    check(
        RIGHT, torch.randn(3, requires_grad=True), torch.empty(1, 3), torch.randn(4, 5).T, torch.tensor([2.0])
    )


def test_the_syntax_half_names_the_use_and_its_line():
    with pytest.raises(CheckFailed, match=r"^Fonctions interdites .* torch\.softmax \(ligne 2\)"):
        check("def f(x, dim=-1):\n    return torch.softmax(x, dim)")


def test_the_dispatch_half_sees_what_is_built_from_strings():
    code = "def f(x, dim=-1):\n    return getattr(torch, 'soft' + 'max')(x, dim)"
    with pytest.raises(CheckFailed, match=r"^Opérations interdites .* aten\._softmax"):
        check(code)


def test_a_single_one_of_the_calls_is_enough():
    code = (
        RIGHT
        + "\ng = f\ndef f(x, dim=-1):\n    return getattr(torch, 'soft' + 'max')(x, dim) if len(x) > 5 else g(x, dim)"
    )
    check(code, torch.randn(3, 4))
    with pytest.raises(CheckFailed, match="interdites"):
        check(code, torch.randn(3, 4), torch.randn(6, 4))


def test_the_backward_pass_is_watched_where_an_argument_requires_a_gradient():
    code = """
class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        return getattr(torch, 'soft' + 'max')(ctx.saved_tensors[0], 0) * g
def f(x, dim=-1):
    return F.apply(x)
"""
    check(code, torch.randn(3, 4))
    with pytest.raises(CheckFailed, match=r"aten\._softmax"):
        check(code, torch.randn(3, 4, requires_grad=True))


def test_an_operation_of_another_library_may_hide_the_forbidden_one():
    library = torch.library.Library("checks_test_ops", "DEF")
    library.define("hidden(Tensor x) -> Tensor")
    library.impl("hidden", lambda x: x.clone(), "CompositeExplicitAutograd")
    try:
        with pytest.raises(CheckFailed, match="une opération étrangère à PyTorch"):
            check("def f(x, dim=-1):\n    return torch.ops.checks_test_ops.hidden(x)")
    finally:
        library._destroy()


@pytest.mark.parametrize("pattern", ["im2col", re.compile("IM2COL", re.IGNORECASE)])
def test_operations_can_be_named_where_a_word_is_shared(pattern):
    notebook = student(
        "def f(x):\n    return x.unfold(0, 2, 1)\n"
        "def g(x):\n    return getattr(torch.nn.functional, 'un' + 'fold')(x, 2)"
    )
    image = torch.randn(1, 1, 3, 3)
    free, tabu = partial(notebook.f, image), partial(notebook.g, image)
    checks.forbidden(notebook, ["f"], ["Unfold"], [free], operations=pattern)
    with pytest.raises(CheckFailed, match=r"aten\.im2col"):
        checks.forbidden(notebook, ["g"], ["Unfold"], [tabu], operations=pattern)


@pytest.mark.parametrize(
    ("name", "operation", "refused"),
    [
        ("softmax", "aten._log_softmax", True),
        ("_softmax", "aten._safe_softmax", True),
        ("max_pool2d", "aten.max_pool2d_with_indices", True),
        ("batch_norm", "aten._native_batch_norm_legit", True),
        ("convolution", "aten.convolution_backward", True),
        ("sgd", "aten._fused_sgd_", True),
        ("conv", "aten._convert_indices_from_csr_to_coo", False),
        ("fold", "aten.unfold", False),
        ("max", "aten.amax", False),
    ],
)
def test_names_are_whole_words_of_an_operation(name, operation, refused):
    class Stub(Student):
        def ops(self, f, *args, **kwargs):
            return None, Counter({operation: 1})

    notebook = Stub(student("f = 1")._probe)
    if refused:
        with pytest.raises(CheckFailed, match=re.escape(operation)):
            checks.forbidden(notebook, ["f"], [name], [partial(len, ())])
    else:
        checks.forbidden(notebook, ["f"], [name], [partial(len, ())])


@pytest.mark.parametrize("body", ["raise ValueError(3)", "return None", "return 'text'", "return x.cpu"])
def test_what_the_code_raises_or_returns_is_for_other_tests(body):
    check(f"def f(x, dim=-1):\n    {body}", torch.randn(3), torch.randn(3, requires_grad=True))


def test_a_call_that_raises_does_not_end_the_watch():
    code = "def f(x, dim=-1):\n    if len(x) < 2: raise ValueError\n    return getattr(torch, 'soft' + 'max')(x, dim)"
    with pytest.raises(CheckFailed, match="interdites"):
        check(code, torch.randn(1), torch.randn(3))


@pytest.mark.parametrize("error", [CallTimedOut(20.0), GuestDied("")])
def test_a_hang_or_a_death_ends_the_test_as_any_other(error):
    class Dead(Student):
        def ops(self, f, *args, **kwargs):
            raise error

    notebook = Dead(student(RIGHT)._probe)
    with pytest.raises(type(error)):
        checks.forbidden(notebook, ["f"], NAMES, [partial(len, ())])


def test_no_names_are_the_suites_fault():
    with pytest.raises(GraderFailure, match="no names"):
        checks.forbidden(student(RIGHT), ["f"], ["_"], [])


# --- Vectorised -----------------------------------------------------------------------------------------------

SHAPES = """
def loop(x):
    return torch.stack([row * 2 for row in x])

def whole(x):
    return (x * 2).exp().sum(0)

def lists(x):
    return [v for v in x.tolist()]
"""


def counted(name):
    notebook = student(SHAPES)
    return [notebook.ops(notebook[name], torch.randn(n, 3))[1] for n in (4, 16)]


def test_whole_tensor_operations_are_vectorised():
    checks.vectorised(*counted("whole"), "f")
    checks.vectorised(*counted("lists"), "f")


def test_a_loop_is_told_with_the_operation_that_grows():
    with pytest.raises(CheckFailed, match=r"^f : .* de \d+ à \d+ .*`aten\.\w+`.*boucle Python"):
        checks.vectorised(*counted("loop"), "f")


@pytest.mark.parametrize(("large", "fails"), [(20, False), (22, False), (23, True), (10, False)])
def test_ten_percent_more_are_allowed(large, fails):
    small, grown = Counter({"aten.add": 20}), Counter({"aten.add": large})
    if fails:
        with pytest.raises(CheckFailed, match="de 20 à 23"):
            checks.vectorised(small, grown, "f")
    else:
        checks.vectorised(small, grown, "f")


def test_many_operations_that_each_grow_a_little_are_told_too():
    small = Counter({f"aten.op{i}": 9 for i in range(4)})
    with pytest.raises(CheckFailed, match="de 36 à 40"):
        checks.vectorised(small, Counter({f"aten.op{i}": 10 for i in range(4)}), "f")


def test_operations_that_come_only_with_the_large_input_are_told():
    with pytest.raises(CheckFailed, match=r"`aten\.mul` \(de 0 à 5\)"):
        checks.vectorised(Counter(), Counter({"aten.mul": 5}), "f")
    checks.vectorised(Counter(), Counter(), "f")


def test_a_negative_slack_is_the_suites_fault():
    with pytest.raises(GraderFailure, match="slack"):
        checks.vectorised(Counter(), Counter(), "f", slack=-1)
