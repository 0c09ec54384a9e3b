"""What a run of statements binds for certain, and which names it may use before."""

from __future__ import annotations

import ast

import pytest

from autograder.dependence import Notebook
from autograder.flow import Flow

MAYBE = [
    "if c:\n    a = 1",
    "if c:\n    a = 1\nelse:\n    b = 1",
    "for a in c:\n    pass",
    "for _ in c:\n    a = 1",
    "for _ in (*c,):\n    a = 1",
    "for _ in (1, 2):\n    if c:\n        continue\n    a = 1",
    "for _ in (1, 2):\n    if c:\n        break\n    a = 1",
    "for _ in c:\n    pass\nelse:\n    a = 1",
    "while c:\n    a = 1",
    "while c:\n    pass\nelse:\n    a = 1",
    "with c:\n    a = 1",
    "with c, d as a:\n    pass",
    "try:\n    a = 1\nexcept ValueError:\n    pass",
    "try:\n    c()\nexcept ValueError:\n    a = 1",
    "try:\n    c()\nexcept ValueError as a:\n    pass",
    "try:\n    a = 1\nexcept ValueError as a:\n    pass",
    "try:\n    c()\nexcept ValueError:\n    pass\nelse:\n    a = 1",
    "match c:\n    case 1:\n        a = 1",
    "match c:\n    case a:\n        pass",
    "c and (a := 1)",
    "[a := 1 for _ in c]",
    "a: int",
]
CERTAIN = [
    "a = 1",
    "a: int = 1",
    "a, (b, *c) = d",
    "b = a = 1",
    "if c:\n    a = 1\nelse:\n    a = 2",
    "with c as a:\n    pass",
    "try:\n    a = 1\nfinally:\n    pass",
    "try:\n    a = 1\nexcept ValueError:\n    a = 2",
    "try:\n    c()\nexcept ValueError:\n    a = 2\nelse:\n    a = 1",
    "try:\n    c()\nfinally:\n    a = 1",
    "a = 1\nb = a",
    "a = 1\nfor _ in c:\n    print(a)",
    "a = 1\na += 1",
    "a = [a for a in c]\nprint(a)",
    "a = 1\ndel a\na = 2",
    "for a in (1, 2):\n    pass",
    "for b in [c, *d]:\n    a = b",
    "def a():\n    pass",
    "class a:\n    pass",
]
EXPOSED = [
    "b[a.append(1)]: int\na = 1",
    "k(a).x: int\na = 1",
    "a = a",
    "a += 1",
    "a[0] = 1",
    "a.b = 1",
    "a, a[0] = 1, 2",
    "*a[0], b = c",
    "del a",
    "a = 1\ndel a\nprint(a)",
    "for a in a:\n    pass",
    "for _ in c:\n    print(a)\n    a = 1",
    "while a:\n    a = 0",
    "if a:\n    a = 1",
    "if c:\n    a = 1\nprint(a)",
    "with a as a:\n    pass",
    "with c:\n    a = 1\nprint(a)",
    "try:\n    a = 1\nexcept a:\n    pass",
    "try:\n    a = 1\nexcept ValueError:\n    print(a)",
    "try:\n    a = 1\nfinally:\n    print(a)",
    "try:\n    c()\nexcept ValueError as a:\n    pass\nprint(a)",
    "match a:\n    case 1:\n        a = 1",
    "match c:\n    case [a]:\n        pass\nprint(a)",
    "a = [a for b in c]",
    "a = f'{a}'",
    "a: a = 1",
    "def a(x=a):\n    pass",
    "def a(x: a):\n    pass",
    "@a\ndef a():\n    pass",
    "class a(a):\n    pass",
    "class b:\n    a = 1\n    c = [a for _ in range(2)]",
    "assert a\na = 1",
]


def flow(text: str) -> Flow:
    found = Flow()
    for statement in ast.parse(text).body:
        found.follow(statement)
    return found


@pytest.mark.parametrize("text", MAYBE)
def test_what_may_be_skipped_is_not_bound_for_certain(text: str) -> None:
    assert "a" not in flow(text).bound


@pytest.mark.parametrize("text", CERTAIN)
def test_what_is_bound_on_every_way_is_bound(text: str) -> None:
    assert "a" in flow(text).bound


@pytest.mark.parametrize("text", EXPOSED)
def test_what_may_be_used_before_it_is_bound_is_exposed(text: str) -> None:
    assert "a" in flow(text).exposed


@pytest.mark.parametrize(
    "text",
    [*CERTAIN[:2], CERTAIN[3], *CERTAIN[4:12], "for a in c:\n    print(a)", "with c as a:\n    a.b = 1"],
)
def test_what_is_bound_before_each_use_is_not_exposed(text: str) -> None:
    assert "a" not in flow(text).exposed


KEPT = [
    "b = lambda: a",
    "b = (a for _ in [1])",
    "b = max((a for _ in [1]), (a for _ in [1]), key=bool)",
    "b = sum([], (a for _ in [1]))",
    "match iter:\n    case list:\n        pass\nb = list(a for _ in [1])",
    "sum = iter\nb = sum(a for _ in [1])",
    "x, *y = b = (a for _ in [1])",
    "b = print(a for _ in [1])",
    "def b(x=lambda: a):\n    return x()",
]
LATER = [
    "x = '{0.__globals__[a]}'.format(print)\na = [x]",
    "b = lambda: a\na = [b()]",
    "b = (a for _ in [1])\na = 1",
    "b, *c = d = (a for _ in [1])\na = 1",
    "b = print(a for _ in [1])\na = 1",
    "sum = print\nb = sum(a for _ in [1])\na = 1",
]
AT_ONCE = [
    "a = 1\nb = [a for _ in c]",
    "a = 1\nb = sum(a for _ in c)",
    "a = 1\nb, *c = (a for _ in c)",
    "a = 1\nfor b in (a for _ in c):\n    pass",
    "with torch.no_grad():\n    a = 1",
    "with torch.no_grad(), torch.device('cpu') as d:\n    a = 1",
    "for b in (1, 2):\n    a = b",
]


def digest(*cells: str) -> str | None:
    return Notebook(cells).exercise(len(cells), ["seen"])


@pytest.mark.parametrize("text", [*MAYBE, *EXPOSED[:4], *LATER])
def test_an_earlier_value_that_may_still_count_is_part_of_a_result(text: str) -> None:
    first, second = (digest(a, "c = [1]", text, "seen = [a]") for a in ("a = [0]", "a = [1]"))
    assert first is None or first != second


@pytest.mark.parametrize("text", [*CERTAIN[:2], *CERTAIN[3:5], *CERTAIN[6:12], *AT_ONCE])
def test_a_value_that_is_gone_is_no_part_of_a_result(text: str) -> None:
    first, second = (digest("import torch", a, "c = [1]", text, "seen = [a]") for a in ("a = [0]", "a = [1]"))
    assert first is not None and first == second


@pytest.mark.parametrize(
    "torch", ["from torch import no_grad as f", "import torch\ntorch = d\nf = torch.no_grad"]
)
def test_a_context_that_may_be_another_may_leave_its_block(torch: str) -> None:
    """``f`` is what the library has in the first case alone."""
    text = "with f():\n    a = 1"
    first, second = (digest("d = [1]", torch, a, text, "seen = [a]") for a in ("a = [0]", "a = [1]"))
    assert (first == second) is torch.startswith("from") or first is None


def test_a_context_that_is_another_than_the_librarys_may_leave_its_block() -> None:
    text = "torch = c\nwith torch.no_grad():\n    a = 1"
    first, second = (digest("import torch", a, "c = [1]", text, "seen = [a]") for a in ("a = [0]", "a = [1]"))
    assert first is None or first != second


def test_what_an_earlier_cell_gave_is_unclear_although_its_name_is_bound_then() -> None:
    assert digest("1", "x, _ = _, 0", "seen = [x]") is None
    assert digest("1", "x, _ = 1, 0", "seen = [x]") is not None


@pytest.mark.parametrize("text", KEPT)
def test_what_is_kept_for_later_sees_a_later_value(text: str) -> None:
    first, second = (digest("a = 0", text, a, "seen = [b]") for a in ("a = [1]", "a = [2]"))
    assert first is None or first != second


def test_a_value_is_the_same_as_long_as_it_is_changed_only() -> None:
    cells = ["a = [0]", "b = a\nb.append(1)", "a = [2]", "seen = [a]"]
    assert digest(*cells[:2], cells[3]) != digest(cells[0], "b = a\nb.append(2)", cells[3])
    assert digest(*cells) == digest(cells[0], "b = a\nb.append(2)", *cells[2:]) != None  # noqa: E711


def test_a_suite_sees_the_value_that_stands_at_its_place() -> None:
    first, second = (Notebook(["seen = [0]", text]) for text in ("seen = [1]", "seen = [2]"))
    assert first.exercise(1, ["seen"]) == second.exercise(1, ["seen"]) != None  # noqa: E711
    assert first.exercise(2, ["seen"]) != second.exercise(2, ["seen"])
