from __future__ import annotations

import builtins
import contextlib
import gc
import socket
import threading
from collections import Counter

import msgpack
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from autograder import guest
from autograder.errors import CallTimedOut, GuestDied, NameMissing, ProtocolBroken, WallExpired
from autograder.probe import Handle, Probe, RemoteError, SocketTransport, Student, local_student
from autograder.raised import without_data
from autograder.wire import LEAF, NO_LINK, PREFIX, Bounds, Tag, pack, unpack

F64 = torch.float64


def student(code="", **names):
    """A student whose notebook ran ``code``, behind the real protocol."""
    namespace = {"torch": torch, "np": np, **names}
    exec(compile(code, "<cell>", "exec"), namespace)
    return local_student(namespace, [code])


def randn(*shape):
    return torch.randn(*shape, dtype=F64)


# --- Objects --------------------------------------------------------------------------------------------------

THINGS = """
class Box:
    def __init__(self, items):
        self.items = list(items)
        self.label = "box"
    def __len__(self):
        return len(self.items)
    def __getitem__(self, i):
        return self.items[i]
    def __setitem__(self, i, value):
        self.items[i] = value
    def me(self):
        return self
    def add(self, item, times=1):
        self.items += [item] * times

box = Box([1, 2, 3])
other = Box([])
def put(box, item): box.items.append(item)
def boxed(n): return Box(range(n))
def is_same(a, b): return a is b
def endless():
    while True:
        yield 1
number = 7
"""


def test_plain_names_come_by_value_and_objects_as_handles():
    s = student(THINGS)
    assert s.number == 7 and s["number"] == 7
    assert isinstance(s.box, Handle) and repr(s.box) == "<Box of the student>"


def test_calls_pass_arguments_and_keywords_and_change_the_object_where_it_lives():
    s = student(THINGS)
    box = s.boxed(2)
    assert box.add("x", times=2) is None
    s.put(box, 5)
    assert box.items == [0, 1, "x", "x", 5]


def test_attributes_items_length_and_iteration_work_as_at_home():
    box = student(THINGS).box
    box.label = "mine"
    box[0] = 10
    assert (box.label, box[0], box[-1], box[0:2], len(box), list(box)) == (
        "mine",
        10,
        3,
        [10, 2],
        3,
        [10, 2, 3],
    )
    assert bool(student(THINGS).other)
    with pytest.raises(AttributeError, match="missing"):
        box.missing  # noqa: B018
    with pytest.raises(IndexError):
        box[99]
    with pytest.raises(AttributeError):
        box.__deepcopy__  # noqa: B018 - never asked of the guest


def test_identity_is_that_of_the_object():
    s = student(THINGS)
    assert s.same(s.box, s.box.me()) and not s.same(s.box, s.other) and not s.same(1, 1)
    assert s.is_same(s.box, s.box) and not s.is_same(s.box, s.other)


def test_a_handle_lives_on_when_another_one_of_the_same_object_is_dropped():
    s = student(THINGS)
    box = s.box
    assert s.box.label == "box"  # a second handle, dropped here
    gc.collect()
    assert s.number == 7 and box.label == "box"


def test_the_guest_forgets_what_nobody_holds_any_more():
    server = guest.Server({"new": lambda: object()})
    made = Student(Probe(Loop(server)))
    for _ in range(50):
        made.new()
    gc.collect()
    assert isinstance(made.new, Handle)
    assert len(server.objects) < 10


class Loop:
    def __init__(self, server):
        self.server = server

    def exchange(self, frame, bounds):
        return unpack(self.server.answer(*unpack(frame, bounds)), bounds)


def test_an_iterator_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr("autograder.probe.ITEMS", 50)
    with pytest.raises(ProtocolBroken, match="plus de 50"):
        list(student(THINGS).endless())


def test_a_kept_tensor_stays_where_student_code_can_alias_it():
    s = student(
        "def same(a, b): return a is b\ndef ident(x): return x\ndef base(a, b): return a.data_ptr() == b.data_ptr()"
    )
    kept = s.keep(torch.ones(3))
    assert isinstance(kept, Handle)
    returned = s.handle(s.ident, kept)
    assert s.same(kept, returned) and s.same(kept, s.handle(s.ident, kept))
    assert s.base(kept, s.handle(kept.view, -1)) and not s.base(kept, kept.clone())


def test_objects_of_modules_are_reached_by_name():
    s = student()
    model = s.at("torch.nn.Linear")(2, 2)
    optimiser = s.at("torch.optim.SGD")(s.handle(model.parameters), lr=0.1)
    before = model.weight.detach().clone()
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    assert torch.allclose(model.weight.detach(), before - 0.1)
    with pytest.raises(ModuleNotFoundError):
        s.at("no_such_module.x")
    with pytest.raises(AttributeError):
        s.at("torch.no_such_name")


def test_a_missing_name_is_told_with_a_near_one():
    s = student("def softmax(x): return x\n_private = 1")
    with pytest.raises(NameMissing) as caught:
        s.sotfmax(1)
    assert str(caught.value) == "Le notebook ne définit pas `sotfmax`. Faut-il renommer `softmax` ?"
    with pytest.raises(NameMissing, match="effacée"):
        s.entropy  # noqa: B018
    with pytest.raises(AttributeError):
        s.__wrapped__  # noqa: B018


def test_a_suite_cannot_send_what_is_not_plain():
    with pytest.raises(TypeError, match=r"cannot send a function.*student\.make"):
        student("def f(x): return x").f(lambda: 1)


# --- Errors ---------------------------------------------------------------------------------------------------


def raised(expression, setup=""):
    s = student(f"{setup}\ndef f():\n    raise {expression}")
    with pytest.raises(RemoteError) as caught:
        s.f()
    return caught.value


@pytest.mark.parametrize(
    ("expression", "base"),
    [
        ("ValueError('x')", ValueError),
        ("KeyError('x')", KeyError),
        ("IndexError('x')", LookupError),
        ("NotImplementedError('x')", NotImplementedError),
        ("FileNotFoundError(2, 'x')", OSError),
        ("MemoryError('x')", MemoryError),
        ("RecursionError('x')", RuntimeError),
        ("UnicodeDecodeError('utf-8', b'x', 0, 1, 'x')", UnicodeDecodeError),
        ("SyntaxError('x')", SyntaxError),
        ("UserWarning('x')", UserWarning),
        ("AssertionError('x')", AssertionError),
        ("ZeroDivisionError('x')", ArithmeticError),
        ("torch.linalg.LinAlgError('x')", RuntimeError),
    ],
)
def test_a_builtin_type_is_kept(expression, base):
    error = raised(expression)
    assert isinstance(error, base) and "x" in str(error)


@pytest.mark.parametrize(
    "expression",
    [
        "StopIteration('x')",
        "SystemExit('x')",
        "KeyboardInterrupt('x')",
        "GeneratorExit('x')",
        "Exception('x')",
        "ExceptionGroup('x', [ValueError('y')])",
        "BaseExceptionGroup('x', [SystemExit()])",
    ],
)
def test_what_would_end_more_than_a_test_arrives_as_an_ordinary_exception(expression):
    error = raised(expression)
    assert type(error).__mro__[1] is RemoteError or type(error) is RemoteError
    assert isinstance(error, Exception) and not isinstance(error, StopIteration)
    assert "x" in str(error) and error.kind == expression.split("(")[0]


def test_a_class_of_the_student_keeps_its_name_and_its_builtin_base():
    error = raised("ShapeError('trop grand')", "class ShapeError(ValueError): pass")
    assert isinstance(error, ValueError) and type(error).__name__ == "ShapeError"
    assert error.for_student() == "Votre code a levé ShapeError : trop grand (ligne 3 de `f`)."


def test_an_error_is_told_in_french_with_its_place():
    assert (
        raised("KeyError('poids')").for_student() == "Votre code a levé KeyError : 'poids' (ligne 3 de `f`)."
    )
    todo = "À compléter : votre code lève encore `NotImplementedError`."
    assert raised("NotImplementedError").for_student() == todo
    assert raised("NotImplementedError('à compléter')").for_student() == todo
    torchs = raised("torch.nn.Module()(3)", setup="import torch").for_student()
    assert torchs.startswith("Votre code a levé NotImplementedError"), torchs
    assert raised("ValueError").for_student() == "Votre code a levé ValueError (ligne 3 de `f`)."


def test_an_error_without_a_readable_text_is_still_an_error():
    setup = "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit"
    assert raised("Odd()", setup).kind == "Odd"


def test_an_error_whose_text_no_encoder_takes_is_still_an_error():
    assert raised(r"ValueError('\ud800')").kind == "ValueError"


def test_an_error_does_not_end_the_conversation():
    s = student("def f(): raise SystemExit\ndef g(): return 1")
    with pytest.raises(RemoteError):
        s.f()
    assert s.g() == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bad shape: (3, 4)", "bad shape: (3, 4)"),
        ("got tensor([1, 2])", "got "),
        ("got array([1, 2])", "got "),
        ("got [[1, 2], [3, 4]]", "got "),
        ("value 0.123456 is wrong", "value … is wrong"),
        ("value -1.5e-07", "value -1.5e-07"),
        ("value 12.345e-07", "value …"),
        ("key 1234567", "key …"),
        ("class 7 of 10", "class 7 of 10"),
        ("labels 1, 2, 3, 4, 5, 6, 7, 8, 9, 0", "labels …"),
        ("labels 1 -2 3 4 5 6 7 8 9 0 1", "labels …"),
        ("two\n  lines", "two lines"),
        ("é" * 300, "é" * 199 + "…"),
    ],
)
def test_texts_are_cut_where_they_may_hold_hidden_data(text, kept):
    assert without_data(text) == kept


# --- Autograd -------------------------------------------------------------------------------------------------

NET = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2, dtype=torch.float64)
    def forward(self, x):
        return torch.tanh(self.layer(x))
net = Net()
def square(x): return x * x
def both(x, y): return x * y, {"sum": x + y, "list": [x - y]}
def ident(x): return x
def cut(x): return (x * 2).detach()
def counts(x): return (x > 0).long(), x.argmax()
def grad_mode(): return torch.is_grad_enabled()
def wrong(x):
    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x): return x.clone()
        @staticmethod
        def backward(ctx, g): return 3 * g
    return F.apply(x)
def fails(x):
    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x): return x.clone()
        @staticmethod
        def backward(ctx, g): raise ValueError("backward")
    return F.apply(x)
"""


def test_a_vector_jacobian_product_crosses_the_boundary():
    x, v = randn(4).requires_grad_(), randn(4)
    y = student(NET).square(x)
    assert y.requires_grad and torch.equal(y, x * x)
    y.backward(v)
    assert torch.equal(x.grad, 2 * x.detach() * v)


def test_the_remote_call_is_one_step_of_a_longer_graph():
    x = randn(3).requires_grad_()
    (2 * student(NET).square(3 * x)).sum().backward()
    assert torch.allclose(x.grad, 36 * x.detach())


def test_the_sum_of_a_single_element_goes_back_too():
    x = randn(1).requires_grad_()
    student(NET).square(x).sum().backward()
    assert torch.equal(x.grad, 2 * x.detach())


def test_autograd_grad_and_gradcheck_work():
    s, x, y = student(NET), randn(3).requires_grad_(), randn(3).requires_grad_()
    (found,) = torch.autograd.grad(s.square(x).sum(), x)
    assert torch.equal(found, 2 * x) and x.grad is None
    assert gradcheck(s.square, (x,))
    assert gradcheck(lambda a, b: s.both(a, b)[1]["sum"] * s.both(a, b)[0], (x, y))
    assert not gradcheck(s.wrong, (x,), raise_exception=False)


def test_results_in_tuples_and_dicts_are_connected():
    x, y = randn(3).requires_grad_(), randn(3).requires_grad_()
    product, rest = student(NET).both(x, y)
    (product.sum() + 10 * rest["list"][0].sum()).backward()
    assert torch.equal(x.grad, y + 10) and torch.equal(y.grad, x - 10)


def test_a_backward_can_be_repeated():
    x = randn(3).requires_grad_()
    y = student(NET).square(x)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert torch.allclose(x.grad, 4 * x.detach())


def test_gradients_of_parameters_accumulate_in_the_guest():
    s = student(NET)
    x = randn(5, 3)
    s.net(x).sum().backward()
    once = dict(s.net.named_parameters())["layer.weight"].grad.clone()
    reference = torch.nn.Linear(3, 2, dtype=F64)
    reference.load_state_dict({k.removeprefix("layer."): v for k, v in s.net.state_dict().items()})
    torch.tanh(reference(x)).sum().backward()
    assert torch.allclose(once, reference.weight.grad)
    s.net(x).sum().backward()
    assert torch.allclose(dict(s.net.named_parameters())["layer.weight"].grad, 2 * once)
    s.net.zero_grad()
    assert dict(s.net.named_parameters())["layer.weight"].grad is None


def test_parameters_are_leaves_and_a_loaded_state_is_used():
    s = student(NET)
    parameters = dict(s.net.named_parameters())
    assert list(parameters) == ["layer.weight", "layer.bias"]
    assert all(p.is_leaf and p.requires_grad for p in parameters.values())
    s.net.load_state_dict({name: torch.zeros_like(p) for name, p in parameters.items()})
    assert s.net(randn(2, 3)).abs().sum() == 0


def test_what_does_not_require_a_gradient_does_not():
    s, x = student(NET), randn(3).requires_grad_()
    assert not s.cut(x).requires_grad
    assert not s.square(randn(3)).requires_grad
    mask, where = s.counts(x)
    assert mask.dtype == torch.int64 and not mask.requires_grad and not where.requires_grad


def test_no_grad_holds_in_the_guest_too():
    s, x = student(NET), randn(3).requires_grad_()
    assert s.grad_mode()
    with torch.no_grad():
        assert not s.grad_mode()
        assert not s.square(x).requires_grad and not s.net(randn(2, 3)).requires_grad


def test_a_result_that_is_the_argument_passes_the_gradient_on():
    x, v = randn(3).requires_grad_(), randn(3)
    student(NET).ident(x).backward(v)
    assert torch.equal(x.grad, v)


def test_an_error_in_the_students_backward_is_the_students():
    x = randn(3).requires_grad_()
    y = student(NET).fails(x)
    with pytest.raises(ValueError, match="backward"):
        y.sum().backward()


def test_the_guest_forgets_graphs_that_nobody_needs():
    server = guest.Server({"f": lambda x: x * 2})
    s = Student(Probe(Loop(server)))
    f = s["f"]
    for _ in range(20):
        f(randn(2).requires_grad_())
    gc.collect()
    f(1)
    assert len(server.graphs) < 5


# --- In-place changes, operations, seeds ----------------------------------------------------------------------

INPLACE = """
def add(x): x += 1
def through_data(x): x.data.mul_(2)
def through_numpy(x): x.numpy()[0] = 7
def resize(x): x.data = torch.zeros(5)
def transpose(x): x.t_()
def sort(a): a.sort()
def second(a, b): b.zero_()
def nothing(x): return x + 1
def in_list(xs): xs[1][0] = -1
"""


def mirroring():
    s = student(INPLACE)
    s.mirror()
    return s


def test_in_place_changes_stay_in_the_guest_unless_a_suite_asks_for_them():
    s, x, state = student(INPLACE), torch.ones(3), {"weight": torch.ones(2), "bias": torch.ones(2)}
    array = np.array([3.0, 1.0, 2.0])
    s.add(x)
    s.resize(x)
    s.sort(array)
    s.in_list(list(state.values()))
    assert x.tolist() == [1, 1, 1] and array.tolist() == [3, 1, 2] and state["weight"].tolist() == [1, 1]


def test_in_place_changes_are_mirrored():
    s = mirroring()
    x = torch.ones(3)
    s.add(x)
    assert x.tolist() == [2, 2, 2]
    s.through_data(x)
    assert x.tolist() == [4, 4, 4]
    s.through_numpy(x)
    assert x.tolist() == [7, 4, 4]
    s.nothing(x)
    assert x.tolist() == [7, 4, 4]
    a, b = torch.ones(2), torch.ones(2)
    s.second(a, b)
    assert a.sum() == 2 and b.sum() == 0
    s.in_list([a, b])
    assert b.tolist() == [-1, 0]


def test_changes_of_shape_are_mirrored():
    s, x, y = mirroring(), torch.ones(3), torch.arange(6).reshape(2, 3)
    s.resize(x)
    assert x.shape == (5,)
    s.transpose(y)
    assert y.tolist() == [[0, 3], [1, 4], [2, 5]]


def test_in_place_changes_of_arrays_and_views_are_mirrored():
    array = np.array([3.0, 1.0, 2.0])
    mirroring().sort(array)
    assert array.tolist() == [1, 2, 3]
    whole = torch.zeros(2, 3)
    mirroring().add(whole[:, 1])
    assert whole.sum() == 2 and whole[:, 1].tolist() == [1, 1]


def test_changing_a_leaf_that_requires_a_gradient_is_the_students_error():
    with pytest.raises(RuntimeError, match="leaf Variable"):
        student(INPLACE).add(torch.ones(2, requires_grad=True))


def test_operations_are_counted_by_name():
    s = student("def f(x, n):\n    for _ in range(n):\n        x = x + 1\n    return torch.softmax(x, 0)")
    result, counts = s.ops(s.f, torch.zeros(2), n=3)
    assert isinstance(counts, Counter) and counts["aten.add"] == 3
    assert any("softmax" in name for name in counts) and counts["aten.mul"] == 0
    assert result.tolist() == [0.5, 0.5]


def test_forbidden_names_are_looked_for_in_the_cells():
    s = student("def f(x):\n    return torch.softmax(x, 0)")
    assert s.forbidden(["f"], ["softmax"]) == ["torch.softmax (ligne 2)"]


def test_equal_seeds_give_equal_draws_of_every_library():
    s = student(
        "import random\ndef draw(): return random.random(), float(np.random.rand()), float(torch.rand(()))"
    )
    s.seed_guest(2**63 - 1)
    first = s.draw()
    second = s.draw()
    s.seed_guest(2**63 - 1)
    assert s.draw() == first != second
    s.seed_guest(5)
    assert all(a != b for a, b in zip(s.draw(), first, strict=True))


# --- Replies that break the protocol --------------------------------------------------------------------------


class Forger:
    """Answers every request with the head that ``forge`` makes of its serial."""

    def __init__(self, forge, blob=b""):
        self.forge, self.blob = forge, blob

    def exchange(self, frame, bounds):
        serial = unpack(frame, bounds)[0][0]
        return msgpack.unpackb(msgpack.packb(self.forge(serial))), bytearray(self.blob)


LIST = [Tag.LIST]
ONE = [Tag.TENSOR, "float32", [1], 0, None]
TWO = [Tag.TENSOR, "float32", [2], 0, None]


@pytest.mark.parametrize(
    "forge",
    {
        "nothing": lambda n: None,
        "a number": lambda n: n,
        "an empty list": lambda n: [],
        "too short": lambda n: [n, "ok", 1, 0],
        "too long": lambda n: [n, "ok", 1, 0, LIST, 1],
        "an earlier serial": lambda n: [n - 1, "ok", 1, 0, LIST],
        "a later serial": lambda n: [n + 1, "ok", 1, 0, LIST],
        "no status": lambda n: [n, "fine", 1, 0, LIST],
        "an odd status": lambda n: [n, ["ok"], 1, 0, LIST],
        "an unknown tag": lambda n: [n, "ok", [77], 0, LIST],
        "a tensor without bytes": lambda n: [n, "ok", [Tag.TENSOR, "float32", [9], -1, None], 0, LIST],
        "a negative shape": lambda n: [n, "ok", [Tag.TENSOR, "float32", [-1], -1, None], 0, LIST],
        "a negative graph": lambda n: [n, "ok", 1, -1, LIST],
        "a graph that is no number": lambda n: [n, "ok", 1, "0", LIST],
        "a graph that is true": lambda n: [n, "ok", 1, True, LIST],
        "a link twice": lambda n: [n, "ok", [Tag.LIST, ONE, ONE], 1, LIST],
        "a link beyond": lambda n: [n, "ok", [Tag.TENSOR, "float32", [1], 3, None], 1, LIST],
        "a link in the changes": lambda n: [n, "ok", 1, 1, [Tag.LIST, [Tag.LIST, 0, ONE]]],
        "an integer parameter": lambda n: [n, "ok", [Tag.TENSOR, "int32", [1], LEAF, None], 0, LIST],
        "changes that are no list": lambda n: [n, "ok", 1, 0, None],
        "a change that is no pair": lambda n: [n, "ok", 1, 0, [Tag.LIST, 3]],
        "a change beyond": lambda n: [n, "ok", 1, 0, [Tag.LIST, [Tag.LIST, 5, [*ONE[:3], NO_LINK, None]]]],
        "a change before": lambda n: [n, "ok", 1, 0, [Tag.LIST, [Tag.LIST, -1, [*ONE[:3], NO_LINK, None]]]],
        "a change into a number": lambda n: [n, "ok", 1, 0, [Tag.LIST, [Tag.LIST, 0, 3]]],
        "a change into a handle": lambda n: [n, "ok", 1, 0, [Tag.LIST, [Tag.LIST, 1, [Tag.HANDLE, 1, "x"]]]],
        "a change of an array's shape": lambda n: [
            n, "ok", 1, 0, [Tag.LIST, [Tag.LIST, 1, [Tag.ARRAY, "float32", [4]]]],
        ],
        "a handle without number": lambda n: [n, "ok", [Tag.HANDLE, "1", "x"], 0, LIST],
        "a handle without kind": lambda n: [n, "ok", [Tag.HANDLE, 1], 0, LIST],
        "an error without names": lambda n: [n, "error", [], "x", ""],
        "an error with odd names": lambda n: [n, "error", [1], "x", ""],
        "an error without text": lambda n: [n, "error", ["ValueError"], None, ""],
        "an error without place": lambda n: [n, "error", ["ValueError"], "x", None],
        "a value that the guest refused to send": lambda n: [n, "error", ["WireError"], "too deep", ""],
    }.values(),
)  # fmt: skip
def test_a_forged_reply_breaks_the_protocol_and_not_the_suite(forge):
    probe = Probe(Forger(forge, b"\0" * 16))
    tensor, array = torch.ones(1), np.ones(1)
    with pytest.raises(ProtocolBroken):
        probe.request("call", tensor, array)
    assert tensor.item() == 1 and array.item() == 1


def test_a_reply_that_never_came_counts_for_nothing():
    probe = Probe(Forger(lambda n: [n + 1, "ok", 1, 0, LIST]))
    with pytest.raises(ProtocolBroken):
        probe.request("names")
    assert probe.replies == 0


@pytest.mark.parametrize(
    "names", [["__class__"], [""], ["a b\n"], ["é" * 500], ["object"], ["print"]], ids=repr
)
def test_a_forged_name_of_an_exception_makes_an_ordinary_one(names):
    with pytest.raises(RemoteError) as caught:
        Probe(Forger(lambda n: [n, "error", names, "x", ""])).request("names")
    assert len(type(caught.value).__name__) <= 80 and len(caught.value.kind) <= 80


@pytest.mark.parametrize(
    ("answer", "ask"),
    [
        (-1, len),
        ("3", len),
        (2**63, len),
        (None, lambda h: list(h)),
        ([Tag.TUPLE, 1, 2], lambda h: list(h)),
        (3, lambda h: Student(h._probe).ops(h)),
        ([Tag.TUPLE, 1, [Tag.DICT, "aten.add", -3]], lambda h: Student(h._probe).ops(h)),
        ([Tag.TUPLE, 1, [Tag.DICT, "aten.add", True]], lambda h: Student(h._probe).ops(h)),
        ([Tag.TUPLE, 1, [Tag.DICT, 3, 3]], lambda h: Student(h._probe).ops(h)),
    ],
)
def test_a_reply_of_another_kind_than_asked_for_breaks_the_protocol(answer, ask):
    probe = Probe(Forger(lambda n: [n, "ok", [Tag.HANDLE, 1, "x"] if n == 1 else answer, 0, LIST]))
    handle = probe.request("get", "x")
    if ask is not len and answer in (None, [Tag.TUPLE, 1, 2]):
        probe.transport.forge = lambda n: [n, "ok", [Tag.HANDLE, 2, "i"] if n == 2 else answer, 0, LIST]
    with pytest.raises(ProtocolBroken):
        ask(handle)


@pytest.mark.parametrize("grads", [None, LIST, [Tag.LIST, 3], [Tag.LIST, None, None], [Tag.DICT]], ids=repr)
def test_forged_gradients_break_the_protocol(grads):
    x = torch.ones(2, requires_grad=True)
    probe = Probe(Forger(lambda n: [n, "ok", TWO if n == 1 else grads, int(n == 1), LIST], b"\0" * 8))
    y = probe.request("call", x)
    assert y.requires_grad
    with pytest.raises(ProtocolBroken, match="gradients"):
        y.sum().backward()


# --- Over a socket --------------------------------------------------------------------------------------------


class Clock:
    """A watch whose guest uses ``step`` seconds of CPU between two looks."""

    def __init__(self, cpu=5.0, wall=30.0, step=0.0):
        self.call_cpu, self.call_wall, self.step = cpu, wall, step
        self.used, self.stopped = 0.0, 0

    def cpu_seconds(self):
        self.used += self.step
        return self.used

    def stop(self):
        self.stopped += 1

    def cause(self):
        return "limite de mémoire atteinte"


def over_socket(serve, watch=None):
    """A probe whose peer is ``serve(socket)`` in a thread."""
    ours, theirs = socket.socketpair()

    def run():
        with theirs, contextlib.suppress(OSError):
            serve(theirs)

    threading.Thread(target=run, daemon=True).start()
    return Probe(SocketTransport(ours, watch or Clock()))


def test_a_guest_answers_over_a_socket():
    names = {"double": lambda x: x + x}
    s = Student(over_socket(lambda sock: guest.serve(sock, names)))
    x = torch.randn(300_000, requires_grad=True)
    y = s.double(x)
    y.sum().backward()
    assert torch.equal(y, 2 * x) and x.grad.eq(2).all()
    s._probe.transport.sock.close()


def test_a_guest_that_closes_is_dead_with_its_cause():
    watch = Clock()
    probe = over_socket(lambda sock: sock.recv(10), watch)
    with pytest.raises(GuestDied, match="limite de mémoire atteinte") as caught:
        probe.request("names")
    assert watch.stopped == 1 and not isinstance(caught.value, Exception)


def test_a_dead_guest_stays_dead():
    probe = over_socket(lambda sock: sock.recv(10))
    for _ in range(2):
        with pytest.raises(GuestDied):
            probe.request("names")


def test_a_guest_that_closes_in_the_middle_of_a_frame_is_dead():
    with pytest.raises(GuestDied):
        over_socket(lambda sock: (sock.recv(1 << 16), sock.send(b"TAG1\x05"))).request("names")


def test_a_call_that_uses_up_its_cpu_is_timed_out_and_stopped():
    watch = Clock(cpu=1.0, step=0.6)
    probe = over_socket(lambda sock: sock.recv(1 << 16) and sock.recv(1), watch)
    with pytest.raises(CallTimedOut, match=r"après 1 s de calcul") as caught:
        probe.request("names")
    assert watch.stopped == 1 and not isinstance(caught.value, Exception)


def test_a_call_that_only_waits_is_our_failure():
    probe = over_socket(lambda sock: sock.recv(1 << 16) and sock.recv(1), Clock(wall=0.01))
    with pytest.raises(WallExpired) as caught:
        probe.request("names")
    assert not isinstance(caught.value, Exception)


def test_an_answer_that_drips_in_does_not_escape_the_limits():
    frame = pack([1, "ok", None, 0, LIST], [memoryview(bytes(1 << 20))])

    def drip(sock):
        sock.recv(1 << 16)
        pause = threading.Event()
        for byte in frame:
            sock.send(bytes([byte]))
            pause.wait(0.001)

    with pytest.raises(CallTimedOut):
        over_socket(drip, Clock(cpu=0.5, step=0.2)).request("names")


def test_a_guest_that_does_not_read_is_timed_out_too():
    with pytest.raises(CallTimedOut):
        over_socket(lambda sock: threading.Event().wait(2), Clock(cpu=0.5, step=0.4)).request(
            "keep", torch.zeros(1 << 20)
        )


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 200 OK\r\n\r\n", PREFIX.pack(b"TAG1", 1, 0) + b"\xc1", PREFIX.pack(b"TAG1", 2**32 - 1, 0)],
)
def test_garbage_breaks_the_protocol_and_stops_the_guest(garbage):
    watch = Clock()
    probe = over_socket(lambda sock: (sock.recv(1 << 16), sock.send(garbage), sock.recv(1)), watch)
    with pytest.raises(ProtocolBroken) as caught:
        probe.request("names")
    assert watch.stopped == 1 and not isinstance(caught.value, Exception)


def test_a_value_that_is_too_large_for_a_reply_is_the_students_failure():
    names = {"f": lambda: torch.zeros(1000), "g": lambda: [[[[1]]]]}
    for name, bounds in (("f", Bounds(blob=100)), ("g", Bounds(depth=3))):
        s = Student(Probe(Loop(guest.Server(names, bounds))))
        with pytest.raises(ProtocolBroken):
            s[name]()


def test_every_builtin_exception_can_be_raised_by_a_student():
    made = [n for n, t in vars(builtins).items() if isinstance(t, type) and issubclass(t, BaseException)]
    assert len(made) > 60
    for name in made:
        with pytest.raises(RemoteError) as caught:
            Probe(Forger(lambda n, name=name: [n, "error", [name, "Exception"], "x", ""])).request("names")
        assert str(caught.value) == "x" and caught.value.kind == name
