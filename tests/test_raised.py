"""What a student reads of an exception: known texts retold, names and places only if the notebook holds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from autograder.raised import Cells, explanation

THREE = 3
CELLS = Cells(["import torch\n\ndef softmax(x):\n    return x / 0"])


def backward_twice() -> None:
    y = torch.ones(2, requires_grad=True).exp().sum()
    y.backward()
    y.backward()


def changed_in_place() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y += 1
    y.sum().backward()


class NoSuper(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(1, 1)


REAL: dict[str, tuple[Callable[[], object], str]] = {
    "matrix product": (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "matrices"),
    "numpy product": (lambda: np.ones((2, 3)) @ np.ones((2, 3)), "matrices"),
    "broadcast": (lambda: torch.ones(3) + torch.ones(4), "ne s'accordent pas"),
    "numpy broadcast": (lambda: np.ones(3) + np.ones(4), "ne s'accordent pas"),
    "concatenation": (lambda: torch.cat([torch.ones(1, 3), torch.ones(1, 4)]), "ne s'accordent pas"),
    "view": (lambda: torch.ones(6).view(4), "forme demandée"),
    "numpy reshape": (lambda: np.ones(6).reshape(4), "forme demandée"),
    "channels": (lambda: nn.Conv2d(3, 1, 1)(torch.ones(1, 2, 4, 4)), "forme d'entrée"),
    "axis": (lambda: torch.ones(2).sum(1), "l'axe demandé"),
    "too many indices": (lambda: torch.ones(2)[0, 0], "l'axe demandé"),
    "index": (lambda: torch.ones(2)[5], "sort des bornes"),
    "list index": (lambda: [][0], "sort des bornes"),
    "class": (lambda: nn.functional.cross_entropy(torch.ones(1, 2), torch.tensor([2])), "sort des bornes"),
    "no graph": (lambda: torch.ones(()).backward(), "historique de gradient"),
    "not a scalar": (lambda: torch.ones(2, requires_grad=True).exp().backward(), "scalaire"),
    "twice": (backward_twice, "deux fois"),
    "leaf in place": (lambda: torch.ones(2, requires_grad=True).add_(1), "sur place modifie un paramètre"),
    "value in place": (changed_in_place, "dont le gradient a besoin"),
    "numpy of a gradient": (lambda: torch.ones(2, requires_grad=True).numpy(), "NumPy ne peut pas"),
    "item": (lambda: torch.ones(2).item(), "sert de nombre"),
    "truth": (lambda: bool(torch.ones(2) > 0), "sert de nombre"),
    "numpy truth": (lambda: bool(np.ones(2) > 0), "sert de nombre"),
    "dtype": (lambda: torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.float64), "type des éléments"),
    "integer": (lambda: torch.softmax(torch.tensor([1]), 0), "type des éléments"),
    "cuda": (lambda: torch.ones(1, device="cuda:99"), "appareil"),
    "arguments": (lambda: (lambda a: a)(), "signature"),  # type: ignore[call-arg,misc]
    "too many arguments": (lambda: (lambda a: a)(1, 2), "signature"),  # type: ignore[call-arg,misc]
    "keyword": (lambda: (lambda a: a)(1, b=2), "signature"),  # type: ignore[call-arg,misc]
    "not callable": (lambda: THREE(), "n'est pas une fonction"),  # type: ignore[operator]
    "not subscriptable": (lambda: THREE[0], "sans indices"),  # type: ignore[index]
    "not iterable": (lambda: list(3), "se parcourt"),  # type: ignore[call-overload]
    "unpacking": (lambda: (lambda: [a for a, b in [(1, 2, 3)]])(), "se parcourt"),  # type: ignore[misc]
    "attribute": (lambda: torch.ones(1).shap, "attribut"),  # type: ignore[attr-defined]
    "name": (lambda: undefined_name, "un nom"),  # type: ignore[name-defined]  # noqa: F821
    "operand": (lambda: 1 + "1", "un type qui ne convient pas"),  # type: ignore[operator]
    "zero": (lambda: 1 / 0, "division par zéro"),
    "import": (lambda: __import__("no_such_module"), "importé"),
    "module without init": (NoSuper, "super"),
}


@pytest.mark.parametrize("name", REAL)
def test_a_common_error_is_retold_in_french(name: str) -> None:
    act, told = REAL[name]
    with pytest.raises(Exception) as raised:  # noqa: PT011  whatever the installed version raises
        act()
    assert told in explanation(str(raised.value)), str(raised.value)


def test_an_unknown_text_is_not_told() -> None:
    assert explanation("hidden input: eight four one two") == ""
    assert CELLS.text("hidden input: eight four one two") == ""


def test_nothing_of_a_text_is_passed_on_beside_what_was_recognised() -> None:
    assert CELLS.text("division by zero, eight four one two") == "une division par zéro"


@pytest.mark.parametrize("name", ["ValueError", "Tensor", "softmax", "x"])
def test_known_names_are_shown(name: str) -> None:
    assert CELLS.name(name) == name


@pytest.mark.parametrize("name", ["eight_four_one", "Softmax", "", "ValueError eight", "x\n"])
def test_other_names_are_not(name: str) -> None:
    assert CELLS.name(name) == ""


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("ligne 4 de `softmax` : `return x / 0`", "ligne 4 de `softmax` : `return x / 0`"),
        ("ligne 4 de `softmax` : `return x / 84`", "ligne 4 de `softmax`"),
        ("ligne 4 de `eight_four` : `return x / 0`", "ligne 4 : `return x / 0`"),
        ("ligne 5 de `softmax`", ""),
        ("ligne 0", ""),
        ("ligne 84123", ""),
        ("somewhere", ""),
    ],
)
def test_a_place_is_shown_as_far_as_the_notebook_holds_it(told: str, shown: str) -> None:
    assert CELLS.place(told) == shown


def test_in_the_students_own_notebook_nothing_is_hidden() -> None:
    own = Cells(["x = 1"], own=True)
    assert own.text("poids 3 absent") == "poids 3 absent"
    assert own.name("ShapeError") == "ShapeError"
    assert own.place("ligne 40 de `f`") == "ligne 40 de `f`"
