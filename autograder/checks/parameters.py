"""Parameters of a module by their shapes, counted without filling them with numbers.

``unfilled`` builds a student's module where it lives, but leaves large tensors without numbers: their memory is never
touched, so that the 61,100,840 parameters of AlexNet cost none. Unlike on the meta device, tensors are real ones on
the device that the student's code names: ``.item()``, ``.numpy()``, ``.to("cpu")``, ``torch.Tensor(3, 4)`` and
``device="cpu"`` in a constructor work as ever, so no right solution fails for its spelling. alpha = 0.

The guest attests the shapes; what it says is checked for its kind only. Run the module for values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from autograder.checks.wording import capital
from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import Student

__all__ = ["layer_shapes", "parameter_count", "parameters", "unfilled"]

Shape: TypeAlias = tuple[int, ...]
STANDINS = "autograder.standins"


def unfilled(student: Student, factory: Any, *args: object, **kwargs: object) -> Any:
    """A handle to ``factory(*args, **kwargs)``, a module whose large tensors hold no particular numbers.

    For shapes and counts alone: build another for values.
    """
    module = student.make("unfilled", factory, *args, **kwargs)
    if student.at(f"{STANDINS}.is_module")(module) is not True:
        kind = str(getattr(module, "_kind", type(module).__name__))
        raise CheckFailed(f"Un nn.Module est attendu ; reçu : un objet de type {kind}.")
    return module


def parameters(
    student: Student, module: Any, what: str = "le module", example: Sequence[Shape] = ()
) -> dict[str, Shape]:
    """Shapes of the module's parameters by name, in the order of ``named_parameters``; a shared one stands once.

    example: shapes of float32 inputs with which lazy layers are given their shapes, where the module has any.
    """
    table = student.at(f"{STANDINS}.parameter_shapes")(module, [list(shape) for shape in example])
    if not isinstance(table, dict) or not all(_is_entry(*pair) for pair in table.items()):
        raise CheckFailed(f"{capital(what)} : la liste des paramètres n'est pas lisible.")
    lazy = [name for name, shape in table.items() if shape is None]
    if lazy:
        raise CheckFailed(
            f"{capital(what)} : `{lazy[0]}` n'a pas encore de forme après un premier appel ; "
            "la couche paresseuse (Lazy...) n'est-elle pas utilisée ?"
        )
    return {name: tuple(shape) for name, shape in table.items()}


def parameter_count(
    table: Mapping[str, Shape], expected: int, what: str, confusions: Mapping[str, int] | None = None
) -> None:
    """The parameters of ``table`` hold ``expected`` numbers in all: exact.

    confusions: what a student may have done instead ("réseau sans biais") and the count that it gives; named where the
    count is that one. It separates any other width, kernel, number of classes or missing bias; not two that balance,
    nor the layers' order: for these, ``layer_shapes`` and values.
    """
    found = sum(map(math.prod, table.values()))
    if found == expected:
        return
    likely = [name for name, count in (confusions or {}).items() if count == found]
    reason = f" : c'est le compte de {likely[0]}" if likely else ""
    more = "de trop" if found > expected else "de moins"
    raise CheckFailed(
        f"{capital(what)} a {_thousands(found)} paramètres, soit {_thousands(abs(found - expected))} {more}{reason}."
    )


def layer_shapes(table: Mapping[str, Shape], expected: Iterable[Shape], what: str) -> None:
    """The parameters have the shapes ``expected``, in any order and under any names.

    A convolution over its whole input is a linear layer, a weight may be stored transposed: shapes are compared as
    matrices (outputs, all else), either way round, axes of size 1 left out. It separates wrong widths and kernels
    that a count alone would balance, a missing or superfluous bias.
    """
    wanted = [tuple(shape) for shape in expected]
    if not wanted:
        raise GraderFailure("layer_shapes: no shape is expected")
    missing = Counter(map(_matrix, wanted))
    unasked = []
    for name, shape in table.items():
        if missing[_matrix(shape)] > 0:
            missing[_matrix(shape)] -= 1
        else:
            unasked.append(f"`{name}` de forme {shape}")
    lacking = missing.total()
    if not unasked and not lacking:
        return
    told = [f"{len(unasked)} en trop ou d'une autre forme ({', '.join(unasked[:3])})"] if unasked else []
    told += [f"{lacking} qui manquent"] if lacking else []
    raise CheckFailed(f"{capital(what)} : parmi {len(table)} paramètres, {' ; '.join(told)}.")


def _matrix(shape: Shape) -> Shape:
    first, rest = (shape[0], math.prod(shape[1:])) if shape else (1, 1)
    return tuple(sorted(size for size in (first, rest) if size != 1))


def _is_entry(name: object, shape: object) -> bool:
    sizes = shape if isinstance(shape, list) else []
    return (
        isinstance(name, str)
        and isinstance(shape, list | type(None))
        and all(type(size) is int and size >= 0 for size in sizes)
    )


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")
