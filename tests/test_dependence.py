"""Which cells decide an exercise: each input in turn is changed and seen, what does not matter is not."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course import Course
from autograder.dependence import Notebook
from tests.courses import ROOT

CELLS = {
    "imports": "import math\n\nimport matplotlib.pyplot as plt\nimport torch\nimport torch.nn as nn",
    "constant": "SCALE = 2.0",
    "base": "class Base(nn.Module):\n    def gain(self):\n        return SCALE",
    "helper": "def deep(x):\n    return x + 1\n\n\ndef helper(x):\n    return deep(x) * math.pi",
    "solution": "class Layer(Base):\n    def forward(self, x):\n        return helper(x) * self.gain()",
    "demo": "layer = Layer()\nplt.plot([layer(torch.randn(3)).sum().item() for _ in range(4)])\nplt.show()",
    "other": "def other(x):\n    return torch.relu(x)",
    "other demo": "try:\n    print(other(torch.randn(3)))\nexcept NotImplementedError:\n    print('à écrire')",
}
PLACE = list(CELLS).index("demo")


def digest(cells: dict[str, str], name: str = "Layer", place: int = PLACE, beside: str = "") -> str | None:
    return Notebook(list(cells.values()), beside).exercise(place, [name])


BEFORE = digest(CELLS)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("solution", CELLS["solution"].replace("helper(x)", "helper(x + 1)")),
        ("helper", CELLS["helper"].replace("* math.pi", "* 2 * math.pi")),
        ("helper", CELLS["helper"].replace("x + 1", "x + 2")),  # used by what is used
        ("constant", "SCALE = 3.0"),
        ("constant", "SCALE = 2.0\nSCALE += 1"),
        ("imports", CELLS["imports"].replace("import math", "import cmath as math")),
        ("base", CELLS["base"].replace("return SCALE", "return -SCALE")),
        # Elsewhere, what changes one of them:
        ("demo", "SCALE = 3.0"),
        ("demo", "def deep(x):\n    return x"),
        ("demo", "def twice():\n    global SCALE\n    SCALE = 4.0\ntwice()"),
        ("demo", "Layer.forward = lambda self, x: x"),
        ("demo", "Base.gain = len"),
        ("demo", "helper.__code__ = len.__code__"),
        ("demo", "setattr(Layer, 'forward', len)"),
        ("demo", "def patch(c):\n    c.forward = None\npatch(Layer)"),
        ("demo", "torch.relu = None"),
        ("demo", "nn.Module.__call__ = None"),
        ("demo", "from torch.nn import Module\nModule.eval = None"),
        ("demo", "math.pi = 3"),
        ("demo", "exec('SCALE = 3')"),
        ("demo", "globals()['SCALE'] = 3"),
        ("demo", "import importlib"),
        ("demo", "import os\nos.environ['A'] = '1'"),
        ("demo", "del SCALE"),
        ("demo", "del helper"),
        ("demo", "for SCALE in range(3): pass"),
        ("demo", "torch.set_default_dtype(torch.float64)"),
        ("demo", "with torch.no_grad():\n    torch.set_grad_enabled(False)"),
        ("demo", "torch.backends.cudnn.deterministic = True"),
        ("demo", "from local import *"),
        ("demo", "import local"),
        ("demo", "!pip install x"),
        ("demo", "def f(:"),
        ("demo", "print(_)"),
        ("demo", "m = nn\nm.Linear = None"),
        ("demo", "def change(c):\n    c.weight = 1\nchange(nn.Linear)"),
        ("demo", "type(Layer()).forward = None"),
        ("demo", "Layer().__class__.forward = None"),
        ("demo", "class Trick:\n    def __del__(self):\n        pass"),
        ("demo", "@print\ndef Layer():\n    pass"),
        ("demo", "print = None\ndef helper(x):\n    print(x)"),
    ],
)
def test_an_input_that_changes_is_seen(cell: str, text: str) -> None:
    after = digest(CELLS | {cell: text}, place=len(CELLS))
    assert after is None or after != digest(CELLS, place=len(CELLS))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("other", "def other(x):\n    return -x"),
        ("other", CELLS["other"] + "  # pareil"),
        ("other", "class Other(nn.Module):\n    def forward(self, x):\n        return self.weight * x"),
        ("demo", "plt.plot([1, 2, 3])\nplt.title('rien')\nplt.show()"),
        ("demo", "x = torch.randn(3)\nx += 1\nprint(x, helper(x))"),
        ("demo", "# rien"),
        ("demo", "def loose(self):\n    return eval('SCALE')"),  # nobody calls it
        (
            "demo",
            "with torch.no_grad():\n    torch.manual_seed(3)\n    print(nn.Linear(2, 3)(torch.ones(2)))",
        ),
        ("other demo", "print(other(torch.ones(3)))"),
    ],
)
def test_what_does_not_matter_is_not_seen(cell: str, text: str) -> None:
    assert BEFORE is not None
    assert digest(CELLS | {cell: text}) == BEFORE
    assert digest(CELLS | {cell: text}, place=len(CELLS)) == BEFORE


def test_cells_before_and_behind_do_not_matter_nor_does_the_place() -> None:
    cells = {"new": "def unused(x):\n    return x", **CELLS, "last": "print(3)"}
    assert digest(cells, place=PLACE + 1) == BEFORE


def test_a_file_beside_the_notebook_counts_for_everybody() -> None:
    assert digest(CELLS, beside="a") != digest(CELLS, beside="b") != None  # noqa: E711


def test_a_value_drawn_at_random_is_unclear_and_one_that_is_not_is_clear() -> None:
    function = "def scaled(x):\n    return weight * x"
    assert Notebook(["import torch", "weight = torch.randn(3)", function]).exercise(3, ["scaled"]) is None
    assert Notebook(["import torch", "weight = torch.ones(3)", function]).exercise(3, ["scaled"])


def test_a_suite_that_reaches_code_that_cannot_be_read_is_unclear_alone() -> None:
    notebook = Notebook(["def plain(x):\n    return x", "def wild(x):\n    return eval(x)"])
    assert notebook.exercise(2, ["plain"]) and notebook.exercise(2, ["wild"]) is None


def test_an_object_outside_the_notebook_is_known_by_its_path() -> None:
    notebook = Notebook(["def plain(x):\n    return x"])
    assert notebook.exercise(1, ["plain", "@torch.nn.Linear", "@builtins.getattr"])
    for path in ("@__main__.plain", "@builtins.eval", "@sys.modules"):
        assert notebook.exercise(1, ["plain", path]) is None


def test_a_change_through_another_name_is_seen() -> None:
    cells = ["a = []", "b = a", "def f():\n    return len(a)", "b.append(1)"]
    changed = [*cells[:3], "b.extend([1, 2])"]
    assert Notebook(cells).exercise(4, ["f"]) != Notebook(changed).exercise(4, ["f"])
    assert Notebook(cells).exercise(3, ["f"]) == Notebook(changed).exercise(3, ["f"]) != None  # noqa: E711


def test_a_function_that_was_put_into_a_list_is_followed() -> None:
    cells = ["total = []", "def add():\n    total.append(1)", "held = []", "held.append(add)", "held[0]()"]
    asks = [*cells, "def f():\n    return total"]
    changed = [*cells[:4], "held[0]()\nheld[0]()", asks[5]]
    assert Notebook(asks).exercise(6, ["f"]) != Notebook(changed).exercise(6, ["f"])


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x=[]):\n    x.append(1)\n    return len(x)", "f()"],
        ["def f():\n    return f.count", "def put(g):\n    g.count = 1", "put(f)"],
        ["class A:\n    n = 1", "def f():\n    return A.n", "def put(c):\n    c.n = 2", "put(A)"],
        ["a = [1]\nb = [a]", "def f():\n    return a", "b[0].append(1)"],
        ["import matplotlib.pyplot as plt\nplt.ioff()", "def f():\n    return plt.gcf()", "plt.plot([1])"],
        ["import matplotlib.pyplot as plt", "def f():\n    return plt.imshow", "plt.gray()"],
        [
            "import matplotlib.pyplot as plt\nplt.rcParams['interactive'] = False",
            "def f():\n    return plt.gcf()",
            "plt.plot([1])",
        ],
        ["import matplotlib.pyplot as plt", "def f():\n    return plt", "plt.rcParams['figure.dpi'] = 1"],
        [
            "log = [0]",
            "class B:\n    def m(self):\n        log.append(1)",
            "class A(B):\n    pass",
            "def f():\n    return log",
            "A().m()",
        ],
        [
            "class B:\n    items = []",
            "class A(B):\n    pass",
            "def f():\n    return len(B.items)",
            "A().items.append(1)",
        ],
        ["def f(v=0, x={}.setdefault):\n    return x('k', v)", "f(1)"],
        [
            "log = [0]\nclass A:\n    def m(self, x=log.append):\n        x(1)",
            "def f():\n    return log",
            "A().m()",
        ],
        [
            "class A:\n    def __init__(self):\n        self.x = [0]",
            "o = A()",
            "def g(x=o.x):\n    return x",
            "seen = [o.x]",
            "def f():\n    return seen",
            "g().append(1)",
        ],
        [
            "log = [0]",
            "class B:\n    def m(self):\n        log.append(1)",
            "C = B",
            "class A(C):\n    pass",
            "def f():\n    return log",
            "A().m()",
        ],
        ["import decimal", "def f():\n    return decimal.Decimal(1) / 3", "decimal.getcontext().prec = 5"],
        [
            "import pandas as pd",
            "def f():\n    return repr(pd.Series([1 / 3]))",
            "pd.reset_option('display.precision')",
        ],
        [
            "import matplotlib.pyplot as plt",
            "%matplotlib notebook",
            "def f():\n    return plt.gcf()",
            "plt.subplots(1, 2)",
        ],
        ["def f():\n    return f.count", "self = f\nself.count = 1"],
        ["def f():\n    return f.count", "def put(self, n):\n    self.count = n", "put(f, 1)"],
        [
            "import json\ndef put(self, n):\n    self.item_separator = n",
            "def f():\n    return json.JSONEncoder().encode([1, 2])",
            "put(json.JSONEncoder, ';')",
        ],
        ["a = [0]", "def f():\n    return a", "# \u2028pass\na.append(1)"],
        ["a = [0]", "def f():\n    return a", "# \x85pass\nexec('a.append(1)')"],
        ["import enum\na = 1", "def f():\n    return a", "b = enum.bltns\nb.exec('a = 2')"],
        ["a = [0]\na.append(1)", "def f():\n    return a", "rerun"],
        ["import functools", "def f():\n    pass\ndef g():\n    pass", "functools.update_wrapper(f, g)"],
        ["import seaborn as sns", "def f():\n    return sns.lineplot", "sns.lineplot([1])"],
        ["n = 1", "def f():\n    return n", "def g():\n    global n\n    n += 1", "g()"],
        [
            "class A:\n    def __init__(self):\n        self.x = 1",
            "a = A()",
            "def f():\n    return a.x",
            "a.x = 2",
        ],
    ],
    ids=str,
)
def test_what_a_later_cell_changes_is_seen(cells: list[str]) -> None:
    changed = [*cells[:-1], f"{cells[-1]}\n{cells[-1]}"]
    after = Notebook(changed).exercise(len(changed), ["f"])
    assert after is None or after != Notebook(cells).exercise(len(cells), ["f"])


def test_a_test_below_a_solution_costs_nothing_and_one_above_is_part_of_it() -> None:
    solution = "def f(x):\n    return x"
    below = [f"import torch\n{solution}\nprint(f(torch.randn(3)))"]
    above = [f"import torch\nprint(torch.randn(3))\n{solution}"]  # might raise
    assert Notebook(below).exercise(1, ["f"]) and Notebook(above).exercise(1, ["f"]) is None


@pytest.mark.parametrize(
    "text",
    ["(" * 10_000, "-" * 100_000 + "1", "x" * 500_000, "a" + ".b" * 50_000, "\0", "f(" * 900 + ")" * 900],
)
def test_text_made_to_be_hard_to_read_is_unclear(text: str) -> None:
    assert Notebook([text, "def f():\n    pass"]).exercise(2, ["f"]) is None


def test_cells_that_must_run_before_a_cell_are_found() -> None:
    notebook = Notebook(["import math", "a = 1", "def f():\n    return a + math.pi", "b = 2", "print(f())"])
    assert notebook.runnable([4]) == {0, 1, 2, 4}
    assert notebook.cell(4) != notebook.cell(3)


# --- Against the truth ----------------------------------------------------------------------------------------

EXAMPLES = 300
TOOLS = """import contextlib


def call(f):
    return f() if callable(f) else f


def hand(f, x):
    return f(x)"""
FIRST = [
    TOOLS,
    "a = [0]",
    "b = a",
    "def c(x=0):\n    return len(a)",
    "class d:\n    count = 1\n\n    def __call__(self, x=0):\n        return self.count",
    "e = d()",
]
NAMES = ("a", "b", "c", "d", "e")
MANY = (
    *(
        "{n} = {v}",
        "{n} += [1]",
        "{n}.append({v})",
        "{n}.count = {v}",
        "call({n})",
        "hand({n}, {o})",
        "del {n}",
    ),
    "def {n}(x=0):\n    return {v}",
    "def {n}(x=0):\n    global {o}\n    {o} = {v}\n    return x",
    "def {n}(x=[]):\n    x.append({v})\n    return len(x)",
    "def {n}(x=0):\n    x.count = {v}",
    "def {n}(x=0):\n    {o}.append({v})",
    "class {n}:\n    def __call__(self, x=0):\n        return {v}",
    "class {n}(d):\n    pass",
    "try:\n    {n} = {v}\nexcept Exception:\n    {o} = 7",
    "for {n} in range(3):\n    {o} = {v}",
    "{n} = {v}\n{o} = {n}",
    "if len({o}):\n    {n} = {v}\nelse:\n    {n} = [{o}]",
    "if {o}:\n    {n} = {v}",
    "{n} = [{o} for {o} in ({v}, [5])]",
    "{n} = (call({o}) for _ in range(2))\n{o} = {v}",
    "{n} = lambda x=0: {o}",
    "[{n} := {v} for _ in range({o} == 3)]",
    "with contextlib.suppress(Exception):\n    {o} = ({v}).count\n    {n} = {o}",
    "try:\n    {o}.count\nexcept Exception as {n}:\n    pass",
    "{n}, *{o} = {v}, [6]",
    "import math as {n}",
    "class {n}:\n    count = {v}\n    all = [{o} for _ in range(2)]",
    "while {o} == 3:\n    {n} = {o} = {v}\n    break",
)


@st.composite
def statements(draw: Any) -> str:
    name, other, third = (draw(st.sampled_from(NAMES)) for _ in range(3))
    value = draw(st.sampled_from(["3", "4", third, f"call({third})", f"[{third}, 1]", f"{third}.count"]))
    return draw(st.sampled_from(MANY)).format(n=name, o=other, v=value)


def outcome(sources: list[str]) -> tuple[str, set[int]]:
    """What a suite sees that uses ``asked`` twice, after cells that go on past errors; places of these cells."""
    namespace: dict[str, Any] = {}
    wrong = set()
    for place, source in enumerate(sources):
        try:
            exec(compile(source, "<cell>", "exec"), namespace)
        except Exception:
            wrong.add(place)
    seen = []
    for _ in range(2):
        try:
            asked = namespace["asked"]
            seen.append(repr(asked() if callable(asked) else asked)[:2000])
        except Exception as error:
            seen.append(type(error).__name__)
    return re.sub(r"0x\w+", "", repr(seen)), wrong


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(statements(), min_size=1, max_size=4), st.sampled_from(NAMES), st.data())
def test_what_changes_a_result_changes_the_digest(drawn: list[str], name: str, data: Any) -> None:
    cells = [*FIRST, *drawn, f"def asked():\n    return call({name})"]
    place = data.draw(st.integers(1, len(cells) - 2))
    changed = [*cells]
    changed[place] = data.draw(statements())
    _compare(cells, changed)


def _compare(cells: list[str], changed: list[str]) -> None:
    (first, wrong), (second, _) = outcome(cells), outcome(changed)
    if first != second:
        before, after = (Notebook(text) for text in (cells, changed))
        known = before.exercise(len(cells), ["asked"])
        if known and not wrong & before.cells_of(len(cells), ["asked"]):  # else a grader keeps no result
            assert known != after.exercise(len(cells), ["asked"]), (cells, changed)


FLAT = [TOOLS, "a = [0]", "b = a", "c = d = e = [1]"]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.lists(statements(), min_size=1, max_size=3), min_size=1, max_size=4), st.data())
def test_what_changes_a_value_changes_the_digest(drawn: list[list[str]], data: Any) -> None:
    """No function uses the names in the end, so that each may stand for several values that are told apart."""
    cells = [*FLAT, *map("\n".join, drawn), f"asked = [{data.draw(st.sampled_from(NAMES))}]"]
    place = data.draw(st.integers(1, len(cells) - 2))
    changed = [*cells]
    changed[place] = data.draw(statements())
    _compare(cells, changed)


@pytest.mark.parametrize("assignment", ["tp1", "tp2"])
def test_of_the_labs_that_ship_every_exercise_is_clear(assignment: str) -> None:
    """Else a resubmission of a student who keeps to the notebook's own examples would grade it each time."""
    source = Course(ROOT).load_source(assignment)
    document = json.loads((Course(ROOT).source(assignment) / f"{assignment}.ipynb").read_text())
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    texts = ["".join(cell["source"]) for cell in cells]
    marks = {cell["metadata"].get("nbgrader", {}).get("grade_id"): n for n, cell in enumerate(cells)}
    notebook = Notebook(texts)
    suites = [exercise for exercise in source.exercises if exercise.suite]
    assert len(suites) > 15
    for exercise in suites:
        defined = {
            node.name
            for name in exercise.solutions
            for node in ast.parse(texts[marks[name]]).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert defined and notebook.exercise(len(cells), defined), exercise.id


@pytest.mark.parametrize("assignment", ["tp1", "tp2"])
def test_of_the_labs_that_ship_a_changed_cell_costs_few_others(assignment: str) -> None:
    """They share names such as ``figure`` and draw with the same library, and depend on each other by neither."""
    document = json.loads((Course(ROOT).source(assignment) / f"{assignment}.ipynb").read_text())
    notebook = Notebook(["".join(c["source"]) for c in document["cells"] if c["cell_type"] == "code"])
    sizes = [len(notebook.runnable([place])) for place in range(len(notebook.sources))]
    assert len(sizes) > 35 and sum(sizes) < 5 * len(sizes)
