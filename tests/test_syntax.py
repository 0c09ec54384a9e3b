from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.syntax import find_forbidden, parse_cell

NAMES = ["softmax", "log_softmax", "Softmax"]
F = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"


def found(*cells, roots=("my",)):
    return find_forbidden([F, *cells], list(roots), NAMES)


FOUND = {
    "an attribute of a module": "def my(x):\n    return F.softmax(x, -1)",
    "a method of a tensor": "def my(x):\n    return x.softmax(-1)",
    "a module that is made and called": "def my(x):\n    return nn.Softmax(dim=-1)(x)",
    "a full dotted name": "def my(x):\n    return torch.nn.functional.log_softmax(x, -1)",
    "an import under an alias": "from torch import softmax as innocent\ndef my(x):\n    return innocent(x, -1)",
    "a plain from-import": "from torch import softmax\ndef my(x):\n    return softmax(x, -1)",
    "a star import": "from torch import *\ndef my(x):\n    return softmax(x, -1)",
    "an import inside the function": "def my(x):\n    from torch import softmax as s\n    return s(x, -1)",
    "a dotted import inside the function": "def my(x):\n    import lib.softmax\n    return lib.run(x)",
    "getattr with a literal": "def my(x):\n    return getattr(torch, 'softmax')(x, -1)",
    "attrgetter with a dotted literal": (
        "from operator import attrgetter\ndef my(x):\n    return attrgetter('nn.functional.softmax')(torch)(x)"
    ),
    "methodcaller with a literal": (
        "import operator\ndef my(x):\n    return operator.methodcaller('softmax', -1)(x)"
    ),
    "the namespace of a module": "def my(x):\n    return vars(F)['softmax'](x, -1)",
    "the __dict__ of a module": "def my(x):\n    return F.__dict__['softmax'](x, -1)",
    "an alias at the top level": "s = F.softmax\ndef my(x):\n    return s(x, -1)",
    "the name itself as an alias": "my = F.softmax",
    "a lambda": "my = lambda x: F.softmax(x, -1)",
    "one name of a tuple": "a, (b, s) = 1, (2, F.softmax)\ndef my(x):\n    return s(x, -1)",
    "a walrus": "if (s := F.softmax):\n    pass\ndef my(x):\n    return s(x, -1)",
    "the variable of a loop": "for s in [F.softmax]:\n    pass\ndef my(x):\n    return s(x, -1)",
    "the variable of a with": "with keep(F.softmax) as s:\n    pass\ndef my(x):\n    return s(x, -1)",
    "an entry of a table": "table = {}\ntable['s'] = F.softmax\ndef my(x):\n    return table['s'](x, -1)",
    "an attribute stored from outside": (
        "class A:\n    pass\nA.f = staticmethod(F.softmax)\ndef my(x):\n    return A.f(x)"
    ),
    "a nested function": (
        "def my(x):\n    def inner(y):\n        return F.softmax(y, -1)\n    return inner(x)"
    ),
    "a class attribute": "class my:\n    layer = nn.Softmax(dim=-1)",
    "a method": "class my:\n    def forward(self, x):\n        return F.softmax(x, -1)",
    "a base class": "class my(nn.Softmax):\n    pass",
    "a default argument": "def my(x, f=F.softmax):\n    return f(x, -1)",
    "a decorator": "@wrap(F.softmax)\ndef my(x):\n    return x",
    "a helper that a decorator names": (
        "def wrap(f):\n    return lambda x: F.softmax(x, -1)\n@wrap\ndef my(x):\n    return x"
    ),
    "a helper two calls away": (
        "def deep(x):\n    return F.softmax(x, -1)\ndef near(x):\n    return deep(x)\n"
        "def my(x):\n    return near(x)"
    ),
    "a helper in a comprehension": (
        "def deep(x):\n    return F.softmax(x, -1)\ndef my(x):\n    return [deep(row) for row in x]"
    ),
    "a method of a helper class": (
        "class H:\n    def run(self, x):\n        return x.softmax(-1)\ndef my(x):\n    return H().run(x)"
    ),
    "a global made by a function": (
        "def setup():\n    global s\n    s = F.softmax\nsetup()\ndef my(x):\n    return s(x, -1)"
    ),
    "the last of two definitions": (
        "def my(x):\n    return x.exp()\n\ndef my(x):\n    return F.softmax(x, -1)"
    ),
    "a definition before one that may not run": (
        "def my(x):\n    return F.softmax(x, -1)\nif False:\n    def my(x):\n        return x.exp()"
    ),
    "an import that a handler would replace": (
        "try:\n    from torch import softmax as my\nexcept ImportError:\n    def my(x):\n        return x"
    ),
    "a case of a match": "match 1:\n    case _:\n        def my(x):\n            return x.softmax(-1)",
    "a class that hides an import of the same name": (
        "class F:\n    def softmax(self): pass\n"
        "def my(x):\n    import torch.nn.functional as F\n    return F.softmax(x, -1)"
    ),
    "a parameter called self outside of classes": (
        "class Decoy:\n    def softmax(self): pass\ndef my(self):\n    return self.softmax(-1)"
    ),
    "code below a cell magic": "%%time\ndef my(x):\n    return F.softmax(x, -1)",
    "code beside line magics": (
        "%matplotlib inline\n!pip list\nfiles = !ls\nmy?\ndef my(x):\n    return F.softmax(x, -1)"
    ),
    "code that a line magic runs": "%time my = F.softmax",
    "a line that begins with an operator": "def my(x):\n    n = (7\n      % 4)\n    return x.softmax(n)",
    "code beside a top-level await": "y = await g()\ndef my(x):\n    return F.softmax(x + y, -1)",
    "code that Python would not compile": "def my(x):\n    nonlocal z\n    return F.softmax(x, -1)",
    "an expression nested very deeply": f"def my(x):\n    return ({'-' * 80}x{'.t()' * 400}).softmax(-1)",
}


@pytest.mark.parametrize("code", FOUND.values(), ids=FOUND)
def test_a_use_is_found_in(code):
    assert found(code)


INNOCENT = {
    "a comparison at the top level": (
        "def my(x):\n    return x.exp()\n\nassert torch.allclose(my(x), F.softmax(x, -1))\n"
        "expected = F.softmax(x, -1)\nprint((my(x) - torch.softmax(x, -1)).abs().max())"
    ),
    "a dotted import of which something else is used": (
        "import lib.softmax\nclass my:\n    def f(self, x):\n        return lib.run(x)"
    ),
    "a comment": "def my(x):\n    # comme F.softmax(x)\n    return x.exp()",
    "a docstring": 'def my(x):\n    """Like F.softmax(x)."""\n    return x.exp()',
    "a string": "def my(x):\n    return x.exp(), 'softmax', f'{x} softmax'",
    "a dictionary's key": "def my(x):\n    return {'softmax': x}['softmax']",
    "a variable": "def my(x):\n    softmax = x.exp()\n    return softmax / softmax.sum()",
    "a local variable named as a guilty top-level one": (
        "s = F.softmax\ndef my(x):\n    s = x.exp()\n    return s / s.sum()"
    ),
    "a parameter named as a guilty top-level one": "s = F.softmax\ndef my(s):\n    return s.exp()",
    "a loop variable named as a guilty top-level one": (
        "s = F.softmax\ndef my(x):\n    return [s for s in x]"
    ),
    "the student's own function": "def softmax(x):\n    return x.exp()\ndef my(x):\n    return softmax(x)",
    "the student's own method": (
        "class my:\n    def softmax(self, x):\n        return x.exp()\n"
        "    def forward(self, x):\n        return self.softmax(x)"
    ),
    "a method that the student's base class has": (
        "class Base:\n    def softmax(self, x):\n        return x.exp()\n"
        "class my(Base):\n    def forward(self, x):\n        return self.softmax(x) + super().softmax(x)"
    ),
    "a layer of the student's own, kept as an attribute": (
        "class Softmax:\n    def __call__(self, x):\n        return x.exp()\n"
        "class my:\n    def __init__(self):\n        self.softmax = Softmax()\n"
        "    def forward(self, x):\n        return self.softmax(x)"
    ),
    "a class attribute of that name": (
        "class my:\n    softmax = True\n    def f(self):\n        return self.softmax"
    ),
    "a static method through the class": (
        "class Tools:\n    @staticmethod\n    def softmax(x):\n        return x.exp()\n"
        "def my(x):\n    return Tools.softmax(x) + Tools().softmax(x)"
    ),
    "a method of an instance at the top level": (
        "class Tools:\n    def softmax(self, x):\n        return x.exp()\n"
        "tools = Tools()\ndef my(x):\n    return tools.softmax(x)"
    ),
    "an attribute that is only stored": "def my(x):\n    x.softmax = 1\n    return x",
    "a helper that is never called": (
        "def other(x):\n    return F.softmax(x, -1)\ndef my(x):\n    return x.exp()"
    ),
    "an import that is never used": "from torch import softmax\ndef my(x):\n    return x.exp()",
    "a definition that a later one replaces": (
        "def my(x):\n    return F.softmax(x, -1)\n\ndef my(x):\n    return x.exp()"
    ),
    "an alias that a later cell replaces": "s = F.softmax\ns = torch.exp\ndef my(x):\n    return s(x)",
    "another name that contains it": "def my(x):\n    return x.softmax_grad, F.gumbel(x)",
    "a star import that is not used": "from torch import *\ndef my(x):\n    return exp(x)",
}


@pytest.mark.parametrize("code", INNOCENT.values(), ids=INNOCENT)
def test_no_use_is_found_in(code):
    assert found(code) == []


def test_a_cell_that_only_writes_a_file_defines_nothing():
    assert found("def my(x):\n    return x", "%%writefile my.py\ndef my(x):\n    return F.softmax(x)") == []


def test_a_cell_that_does_not_parse_is_left_out_and_the_others_are_read():
    assert found("def my(x:\n    return F.softmax(x, -1)") == []
    assert found("def my(x):\n    return F.softmax(x, -1)", "def my(x:\n") != []


def test_the_last_cell_that_binds_a_name_counts_in_both_directions():
    bad, good = "def my(x):\n    return F.softmax(x, -1)", "def my(x):\n    return x.exp()"
    assert found(bad, good) == []
    assert found(good, bad) == ["F.softmax (ligne 2)"]


def test_a_use_is_named_with_its_line_once():
    assert found("def my(x):\n    a = F.softmax(x)\n    return a, x.softmax(0)") == [
        "F.softmax (ligne 2)",
        "x.softmax (ligne 3)",
    ]
    assert found("from torch import softmax as s\ndef my(x):\n    return s(x) + s(x)") == [
        "torch.softmax (ligne 1)"
    ]
    assert found("def my(x):\n    return getattr(F, 'softmax')(x)") == ["getattr(…, 'softmax') (ligne 2)"]
    assert found("from torch import *\ndef my(x):\n    return softmax(x)") == ["softmax (import *)"]


def test_every_root_is_looked_at_and_unknown_roots_are_nothing():
    code = "def one(x):\n    return x\ndef two(x):\n    return x.softmax(-1)"
    assert found(code, roots=("one", "missing")) == []
    assert found(code, roots=("one", "two")) == ["x.softmax (ligne 4)"]


def test_functions_that_call_one_another_end_the_search():
    assert found("def my(x):\n    return other(x)\ndef other(x):\n    return my(x)") == []


def test_a_class_that_derives_from_itself_ends_the_search():
    assert found("class my(my):\n    def f(self):\n        return self.softmax") != []


def test_magics_keep_the_line_numbers():
    tree = parse_cell("%time x = 1\n!ls\nif x:\n    %cd ..\ny = 2")
    assert [node.lineno for node in tree.body] == [1, 2, 3, 5]


PIECES = st.sampled_from(
    [
        "def my(x):",
        "    return x",
        "class A:",
        "    y = my",
        "%magic",
        "!ls",
        "x = !ls",
        "my?",
        "(",
        ")",
        "'''",
        "await x",
        "return",
        "global q",
        "    nonlocal z",
        "x: int",
        "x += 1",
        "for x in y: pass",
        "\x00",
        "�",
        "    return F.softmax(x)",
        "from torch import *",
        "try:",
        "except E:",
        "    pass",
        "lambda: (yield)",
        "del my",
    ]
)


@given(st.lists(st.lists(PIECES, max_size=8).map("\n".join), max_size=4))
@settings(derandomize=True, database=None, deadline=None, max_examples=150)
def test_whatever_a_student_wrote_the_check_gives_an_answer(cells):
    assert isinstance(find_forbidden(cells, ["my", "A", "x"], NAMES), list)
    for cell in cells:
        assert parse_cell(cell) is None or isinstance(parse_cell(cell), ast.Module)


# --- Code that is made to be hard to read -----------------------------------------------------------------------


def test_classes_that_derive_from_one_another_in_diamonds_are_read_once_each():
    lines = ["class A0: pass", "class B0: pass"]
    for n in range(1, 40):
        lines += [f"class A{n}(A{n - 1}, B{n - 1}): pass", f"class B{n}(B{n - 1}, A{n - 1}): pass"]
    assert not found("\n".join([*lines, "def my(x):\n    return A39()"]))


def test_classes_that_derive_from_one_another_in_a_circle_end():
    assert found("class A(B): pass\nclass B(A):\n    def f(self, x): return x.softmax(-1)\nmy = B")


def test_code_that_is_too_long_to_be_read_counts_as_a_use():
    assert found("def my(x): return x\n" + "a\n" * 500_000) == ["code trop long pour être lu"]
    assert found("def my(x): return x\n" + "# a\n" * 200_000) == []


@pytest.mark.parametrize(
    "code",
    [
        "if 0:\n    a" + ".b" * 1500 + " = 1\ndef my(x): return x",
        "if 0:\n" + "\n".join(f"    class C{n}(C{n - 1}): pass" for n in range(1500, 0, -1)) + "\nmy = C1500",
    ],
    ids=["attributes", "classes"],
)
def test_code_that_is_nested_too_deeply_to_be_read_counts_as_a_use(code):
    assert found(code) == ["code imbriqué trop profondément pour être lu"]
