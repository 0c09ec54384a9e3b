"""What a call made torch do: forbidden operations, and whether their number grows with the input.

There are two witnesses. The cells are read in the grader (``student.forbidden``): that half cannot be forged, but does
not see what a program builds from strings. The operations that a call dispatched are counted where the student's code
runs (``student.ops``): that half sees through any spelling, but the guest attests it. Nothing is random: alpha = 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import torch

from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import Student

__all__ = ["forbidden", "vectorised"]

TORCHS_OWN = frozenset({"aten", "prims", "prim", "profiler"})
WITH_GRADIENTS = "autograder.standins.with_gradients"


def forbidden(
    student: Student,
    roots: Sequence[str],
    names: Sequence[str],
    calls: Iterable[partial[Any]] = (),
    operations: str | re.Pattern[str] | None = None,
) -> None:
    """Neither the code reachable from ``roots`` nor any of ``calls`` uses a forbidden thing: the body of a gate.

    roots: the names that the exercise asks for. names: last components of the forbidden functions, methods and
    classes, in every form. calls: ``partial(student.f, x, stride=2)`` for each call to watch; give those of the
    exercise's other tests, so that none of them can be told from these. Where a tensor among the arguments requires a
    gradient, the call's backward pass is watched too.
    operations: a pattern searched in the names of the dispatched operations (``aten.convolution_backward``); by
    default one of ``names`` as whole words (``softmax`` in ``aten._log_softmax``, not ``unfold`` in ``unfold2``). Name
    it where the free and the forbidden share a word: ``Tensor.unfold`` is ``aten.unfold``, ``F.unfold`` is
    ``aten.im2col``. Some functions dispatch only free operations (``F.dropout``): there the syntax alone speaks.
    An operation outside of torch's own namespaces is refused in any case: it may hide the forbidden one.

    What the student's code raises is for the exercise's other tests to say, and the watch goes on with the next call. A
    hang or a death of its process ends the test as it ends any other: there is nothing left to ask.
    """
    used = student.forbidden(roots, names)
    if used:
        raise CheckFailed(f"Fonctions interdites dans cet exercice : {', '.join(used)}.")
    wanted = _pattern(names) if operations is None else re.compile(operations)
    for call in calls:
        found = sorted(name for name in _dispatched(student, call) if _refused(name, wanted))
        if found:
            told = ", ".join(dict.fromkeys(map(_shown, found)))
            raise CheckFailed(f"Opérations interdites dans cet exercice : {told}.")


def vectorised(small: Counter[str], large: Counter[str], what: str, slack: float = 0.1) -> None:
    """The number of torch operations does not grow from a small input to a large one, up to ``slack``.

    small, large: the counts that ``student.ops`` gave for two calls that differ in the size along which a loop would
    run, by a factor of 4 or more. It separates a Python loop over positions (whose count grows in proportion)
    from whole-tensor operations (a constant count); a loop inside NumPy dispatches nothing and is not seen.
    Compare values beside it: a function that does nothing is vectorised.
    """
    few, many = small.total(), large.total()
    if slack < 0:
        raise GraderFailure(f"vectorised: a slack of {slack}")
    if many > few * (1 + slack):
        grown = [name for name in large if large[name] > small[name] * (1 + slack)]
        most = max(grown, key=lambda name: large[name] - small[name])
        raise CheckFailed(
            f"{what} : le nombre d'opérations de PyTorch passe de {few} à {many} quand l'entrée grandit, surtout "
            f"`{_shown(most)}` (de {small[most]} à {large[most]}) : une boucle Python parcourt-elle les positions ?"
        )


def _dispatched(student: Student, call: partial[Any]) -> Counter[str]:
    """Operations of a call, and of its backward pass where an argument requires a gradient."""
    watched: Any = call.func  # a handle
    arguments = call.args
    if any(_requires_grad(value) for value in (*call.args, *call.keywords.values())):
        watched, arguments = student.at(WITH_GRADIENTS), (watched, *arguments)
    with suppress(Exception):
        return student.ops(watched, *arguments, **call.keywords)[1]
    return Counter()


def _requires_grad(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad


def _shown(name: str) -> str:
    """A name that torch knows; others are the guest's words, and may spell a hidden input."""
    space, _, operation = name.partition(".")
    known = space in TORCHS_OWN and operation.isidentifier() and hasattr(getattr(torch.ops, space), operation)
    return name if known else "une opération étrangère à PyTorch"


def _refused(name: str, wanted: re.Pattern[str]) -> bool:
    return name.partition(".")[0] not in TORCHS_OWN or wanted.search(name) is not None


def _pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Any of ``names`` as whole words of an operation's name, underscores at their ends aside."""
    words = sorted({name.strip("_") for name in names} - {""})
    if not words:
        raise GraderFailure("forbidden: no names")
    return re.compile(rf"(?:[._]|^)(?:{'|'.join(map(re.escape, words))})(?:_|$)")
