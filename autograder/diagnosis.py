"""Which known mistake a wrong answer is equal to.

``tests/hidden/<assignment>/diagnosis.json`` says, for each test of a suite, which *sketches* belong to which mutant of
the bank. A sketch is a digest of all that the guest replied during one test, in order, rounded. Mutants are sketched
by an audit, with a seed of its own (``SEED``); when a submission has failed a test, the grader asks that test once
more with that seed, on a fork of the same snapshot, and a sketch that is in the file becomes the verdict's diagnosis:
the mutant's first comment line. So no mutant runs while a class is graded, only failures cost anything, no point can
change, and the inputs of the diagnosis are other than those that decided.

A diagnosis must not lie. A sketch is left out of the file where the mutant's replies are those of a right solution as
far as they go (what failed is then not in the replies), where the replies that differ tell too little (exceptions,
NaN, zeros, one small number), and where mutants with different sentences share it. The file names the digest of the
suite that it was made for, and is not used with another.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autograder.probe import Handle, Probe, RemoteError
from autograder.sketch import Reply, Sketch

__all__ = ["Diagnoses", "Sketcher", "resolve", "suite_digest", "updated"]

FILE = "diagnosis.json"
SEED = "diagnosis"  # what the streams of a diagnosis are derived from; no class is graded with it
TELLING = 20  # bits in which replies must differ from the right ones
REPLIES = 20_000  # of one test; more are not sketched
FINE, COARSE = 2.0**-20, 2.0**-9  # of the largest element: what float64 and shorter types are rounded to
NEAR = 2.0**-7  # ... and what must differ from a right solution
OFFSET = 0.381966  # puts the limits between two rounded values, and two scales, where no exact result lies


class Sketcher:
    """Listens to a conversation, test by test."""

    def __init__(self) -> None:
        self.found: dict[str, list[Reply]] = {}

    def listen(self, probe: Probe, test: str) -> None:
        """Sketch what ``probe`` receives from now on as the replies to ``test``."""
        heard = self.found.setdefault(test, [])

        def request(operation: str, *arguments: object) -> Any:
            try:
                value = Probe.request(probe, operation, *arguments)
            except RemoteError as error:
                heard.append(_exactly("error", error.kind.encode("utf-8", "replace")))
                raise
            if operation not in ("names", "seed") and len(heard) < REPLIES:
                heard.append(sketch_value(value[0] if operation == "ops" else value))
            return value

        probe.request = request  # type: ignore[method-assign]

    def sketches(self, tests: Iterable[str]) -> dict[str, Sketch]:
        """The sketches of ``tests``, without those that are too long."""
        found = {test: self.found.get(test, []) for test in tests}
        return {test: Sketch(tuple(heard)) for test, heard in found.items() if 0 < len(heard) < REPLIES}


# --- One reply ------------------------------------------------------------------------------------------------


def sketch_value(value: object) -> Reply:
    """The digests of a value; the first is equal for values that are equal up to rounding."""
    if isinstance(value, torch.Tensor):
        wide = value.detach().cpu()
        wide = torch.view_as_real(wide) if wide.is_complex() else wide
        fine = value.dtype in (torch.float64, torch.complex128)
        return _sketch_array((wide.double() if wide.is_floating_point() else wide).numpy(), fine)
    if isinstance(value, np.ndarray):
        fine = value.dtype in (np.float64, np.complex128)
        return _sketch_array(
            np.stack([value.real, value.imag], -1) if value.dtype.kind == "c" else value, fine
        )
    if isinstance(value, float):
        return _sketch_array(np.array(value), False)  # it may have been a float32
    if value is None or isinstance(value, Handle):  # the name of a handle's class is the student's choice
        return _exactly("None" if value is None else "Handle", b"")
    if isinstance(value, int):
        return _exactly(type(value).__name__, str(value).encode(), bits=2)
    if isinstance(value, Mapping):
        return _together("dict", [sketch_value(part) for pair in value.items() for part in pair])
    if isinstance(value, (list, tuple)):
        return _together(type(value).__name__, [sketch_value(part) for part in value])
    return _exactly(type(value).__name__, str(value).encode("utf-8", "replace"))


def _together(kind: str, parts: Sequence[Reply]) -> Reply:
    digests = zip(*((part.digest, *part.near) for part in parts), strict=True)
    whole = [_digest(kind, "\n".join(column).encode()) for column in digests] or [_digest(kind, b"")] * 3
    return Reply(whole[0], (whole[1], whole[2]), min(64, sum(part.bits for part in parts)))


def _exactly(kind: str, content: bytes, bits: int = 0) -> Reply:
    digest = _digest(kind, content)
    return Reply(digest, (digest, digest), bits)


def _sketch_array(array: NDArray[Any], fine: bool) -> Reply:
    """Real numbers are rounded to a step times a power of two above the largest of them."""
    head = f"{array.dtype.kind}{array.shape}"
    if array.dtype.kind not in "fiub":
        return _exactly(head, repr(array.tolist()).encode())
    values = array.astype(np.float64)
    if array.dtype.kind != "f":
        return _exactly(head, np.ascontiguousarray(array).tobytes(), _bits(values))
    finite = np.isfinite(values)
    largest = float(np.abs(values[finite]).max(initial=0.0))
    scale = min(1023, math.ceil(math.log2(largest) + OFFSET)) if largest else 0
    scaled = np.where(finite, values, 0.0) / 2.0**scale
    special = np.where(finite, 0, np.where(np.isnan(values), 1, np.where(values > 0, 2, 3))).astype(np.int8)

    def rounded(step: float, offset: float) -> str:
        whole = np.floor(scaled / step + offset).astype(np.int64)
        return _digest(f"{head}{scale}", whole.tobytes() + special.tobytes())

    near = rounded(NEAR, OFFSET), rounded(NEAR, OFFSET + 0.5)
    return Reply(rounded(FINE if fine else COARSE, OFFSET), near, _bits(values[finite]))


def _bits(values: NDArray[np.float64]) -> int:
    """Twenty for each different real number that is not a whole one, and two for each whole one, up to 64."""
    different = np.unique(values)
    whole = int((different == np.floor(different)).sum())
    return min(64, 20 * (len(different) - whole) + 2 * whole)


def _digest(kind: str, content: bytes) -> str:
    return hashlib.sha256(kind.encode() + b"\0" + content).hexdigest()[:16]


# --- The file -------------------------------------------------------------------------------------------------


def suite_digest(suite: Path) -> str:
    """What an entry of the file is made for."""
    return hashlib.sha256(suite.read_bytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Diagnoses:
    """The sentences that sketches of one exercise stand for.

    Attributes:
        tests: for each test, sentences by the digest of a sketch.
        stale: whether the file was made for another version of the suite.
    """

    tests: Mapping[str, Mapping[str, str]]
    stale: bool = False

    @classmethod
    def read(cls, suite: Path) -> Diagnoses:
        """The entry for the exercise of ``suite``; empty where there is none."""
        path = suite.parent / FILE
        if not path.is_file():
            return cls({})
        try:
            entry = json.loads(path.read_text(encoding="utf-8")).get(suite.stem.removeprefix("test_"))
            if entry is None:
                return cls({})
            return cls(entry["tests"]) if entry["suite"] == suite_digest(suite) else cls({}, stale=True)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
        ):  # no file of ours: grades do not depend on it
            return cls({}, stale=True)

    def of(self, test: str, sketch: Sketch | None) -> str:
        """The sentence for a test that failed with ``sketch``; empty if it is no known mistake."""
        return self.tests.get(test, {}).get(sketch.digest, "") if sketch else ""


def resolve(
    mutants: Iterable[tuple[str, Mapping[str, Sketch]]], right: Sequence[Mapping[str, Sketch]]
) -> dict[str, dict[str, str]]:
    """Sentences by test and digest: those that would be true.

    Args:
        mutants: for each its sentence, and sketches of the tests that it fails.
        right: sketches of right solutions, the instructor's own first.
    """
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for sentence, sketches in mutants:
        for test, sketch in sketches.items():
            answers = [solution[test] for solution in right if test in solution]
            if answers and min(sketch.telling(answer) for answer in answers) >= TELLING:
                found[test][sketch.digest].add(sentence)
    unique = {
        test: {d: next(iter(told)) for d, told in sorted(digests.items()) if len(told) == 1 and all(told)}
        for test, digests in sorted(found.items())
    }
    return {test: digests for test, digests in unique.items() if digests}


def updated(path: Path, entries: Mapping[str, tuple[str, Mapping[str, Mapping[str, str]]]]) -> str:
    """The text of the file with new ``entries``, (digest of the suite, tests) by exercise; others stay."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for exercise, (suite, tests) in entries.items():
        known[exercise] = {"suite": suite, "tests": tests}
    return json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
