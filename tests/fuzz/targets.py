"""What is fuzzed, and what must hold for any bytes: one function a target, which raises where it does not hold.

* ``wire``: a frame as a guest may send it. It gives a value or a ``WireError``; the memory that it takes is bounded by
  its own length; a value that decodes encodes again to an equal one; as an answer to a suite's request it gives a value
  or an error that is the student's.
* ``notebook``: a file as a student may hand it in. It is read, or called unreadable with a reason, a place and a next
  step; all of its texts can be sent and stored; a plan and a rehearsal can be made of it; nothing is read
  through a link.
* ``manifest``: ``public/cells.json`` as it may lie beside a notebook. It gives a manifest that a rehearsal can use, or
  a ``ValueError`` that names the file and what to do.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder import manifest as manifests
from autograder.errors import ProtocolBroken, StudentFailure
from autograder.probe import Probe, RemoteError
from autograder.rehearsal import remarks_on_cells
from autograder.submission import (
    GRADED,
    Kind,
    Plan,
    RunCell,
    SourceCell,
    SourceNotebook,
    Submitted,
    plan,
    read_notebook,
    recognise,
)
from autograder.wire import PREFIX, Bounds, Decoder, Encoder, WireError, pack, unpack

# --- The wire -------------------------------------------------------------------------------------------------

BOUNDS = Bounds(
    head=1 << 13, blob=1 << 13, depth=12, values=512, keys=32, axes=8
)  # small: all can be reached


class Opaque:
    """Stands for an object of the guest."""

    def __init__(self, fields: list[Any]) -> None:
        if len(fields) != 2 or type(fields[0]) is not int or not isinstance(fields[1], str):
            raise WireError("malformed handle")
        self.fields = fields


class Canned:
    """A transport that answers every request with the same frame."""

    closed = False

    def __init__(self, frame: bytes) -> None:
        self.frame = frame

    def exchange(self, _: bytes, bounds: Bounds) -> tuple[Any, bytearray]:
        try:
            return unpack(self.frame, bounds)
        except WireError as error:
            raise ProtocolBroken(str(error)) from error


def wire(frame: bytes) -> None:
    try:
        head, value = _decoded(frame)
    except WireError:
        return
    if isinstance(head, list) and head and type(head[0]) is int:
        _as_an_answer(frame, head[0])
    if value is not None:
        _travels_again(value[0])


def _decoded(frame: bytes) -> tuple[Any, tuple[Any] | None]:
    """The header, and the value that it describes as a whole, if it does; measures the memory."""
    tracemalloc.start()
    try:
        head, blob = unpack(frame, BOUNDS)
        try:
            value = (Decoder(blob, Opaque, BOUNDS).decode(head),)
        except WireError:
            value = None
        return head, value
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= allowance(frame), f"{len(frame)} bytes took {peak}, more than {allowance(frame)}"


def allowance(frame: bytes, bounds: Bounds = BOUNDS) -> int:
    """Bytes that a frame may take while it is decoded.

    Each value takes at most what an empty set, its list and its tag take; a text four times its bytes, twice while it
    is decoded; a tensor the received bytes and its own. Nothing depends on what a frame promises beyond its length.
    """
    _, head, blob = PREFIX.unpack(frame[: PREFIX.size]) if len(frame) >= PREFIX.size else (b"", 0, 0)
    received = max(len(frame) - PREFIX.size, 0)
    head, blob = min(head, received), min(blob, received)
    return 32_768 + 500 * min(head, bounds.values) + 12 * head + 3 * blob


def _as_an_answer(frame: bytes, serial: int) -> None:
    probe = Probe(Canned(frame), BOUNDS)
    probe.serial, probe.mirrors = serial - 1, True
    try:
        probe.request("call", torch.zeros(2), np.zeros(2))
    except (StudentFailure, RemoteError) as error:
        str(error).encode()  # a student reads it


def _travels_again(value: Any) -> None:
    encoder = Encoder(lambda kept: kept.fields, leaves=True)
    head, blob = unpack(pack(encoder.encode(value), encoder.out.blobs))
    again = Decoder(blob, Opaque).decode(head)
    assert form(again) == form(value), f"{value!r} came back as {again!r}"


def form(value: Any) -> Any:
    """Equal for values that are equal in type and in all parts, bit by bit; sets have no order."""
    if isinstance(value, Opaque):
        return ("handle", *map(form, value.fields))
    if isinstance(value, torch.Tensor):
        grad = None if value.grad is None else form(value.grad)
        bits = (
            value.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            if value.numel()
            else b""
        )
        return ("tensor", str(value.dtype), tuple(value.shape), bits, value.requires_grad, grad)
    if isinstance(value, (np.ndarray, np.generic)):
        return (type(value).__name__, str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, dict):
        return ("dict", *((form(key), form(item)) for key, item in value.items()))
    if isinstance(value, set):
        return ("set", *sorted(map(form, value), key=repr))
    if isinstance(value, slice):
        return ("slice", form(value.start), form(value.stop), form(value.step))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(form, value))
    return (type(value).__name__, repr(value))


# --- Files ----------------------------------------------------------------------------------------------------

SOURCE = SourceNotebook(
    "tp1",
    (
        SourceCell(0, "code", "import math", Kind.LOCKED, "imports"),
        SourceCell(1, "code", "def a(): ...", Kind.SOLUTION, "a-code"),
        SourceCell(2, "code", "check('a')", Kind.SUITE, "a", 3.0),
        SourceCell(3, "code", "def b(): ...", Kind.SOLUTION, "b-code"),
        SourceCell(4, "code", "assert b()", Kind.INSIDE, "b", 2.0),
        SourceCell(5, "markdown", "Pourquoi ?", Kind.MANUAL, "why", 4.0),
    ),
)


@cache
def scratch() -> Path:
    """A folder of this process for what is written."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "link").mkdir()
    (folder / "link/tp1.ipynb").symlink_to(folder / "tp1.ipynb")
    (folder / "public").mkdir()
    return folder


def notebook(data: bytes) -> None:
    path = scratch() / "tp1.ipynb"
    path.write_bytes(data)
    submitted = read_notebook(path)
    assert not submitted.missing
    assert all(problem.startswith("tp1.ipynb: ") and problem.endswith(".") for problem in submitted.problems)
    if submitted.unreadable:
        _is_told_with_a_next_step(submitted)
    _can_be_stored(submitted)
    _runs_all_and_once(submitted, plan(submitted, SOURCE))
    _can_be_rehearsed(submitted)
    _no_link_is_followed(path)


def _is_told_with_a_next_step(submitted: Submitted) -> None:
    assert submitted.cells == ()
    assert len(submitted.problems) >= 1 and "Ask the student" in submitted.problems[-1]
    assert submitted.unreadable.startswith("Le fichier rendu ") and submitted.unreadable.endswith(".")


def _can_be_stored(submitted: Submitted) -> None:
    assert [cell.index for cell in submitted.cells] == list(range(len(submitted.cells)))
    for cell in submitted.cells:
        assert cell.cell_type in ("code", "markdown", "raw")
        assert (cell.source + cell.grade_id).encode() is not None
    assert "\n".join((*submitted.problems, submitted.unreadable)).encode() is not None


def _runs_all_and_once(submitted: Submitted, made: Plan) -> None:
    ran = {step.index: step.source for step in made.steps if isinstance(step, RunCell)}
    assert list(ran) == sorted(ran) and len(ran) == sum(isinstance(step, RunCell) for step in made.steps)
    for cell, role in zip(submitted.cells, recognise(submitted, SOURCE), strict=True):
        own = cell.cell_type == "code" and (role is None or role.kind not in (*GRADED, Kind.LOCKED))
        assert ran.get(cell.index, "") == (cell.source if cell.source.strip() else "") or not own
        assert cell.index not in ran or role is None or role.kind not in GRADED
    asked = [step.exercise for step in made.steps if not isinstance(step, RunCell)]
    assert sorted([*asked, *made.absent]) == ["a", "b"]


def _can_be_rehearsed(submitted: Submitted) -> None:
    expected = tuple(manifests.released_cells(submitted.cells))
    for remark in remarks_on_cells(submitted.cells, expected):
        assert remark.text.encode()
    assert json.dumps([vars(cell) for cell in expected], ensure_ascii=False).encode()


def _no_link_is_followed(path: Path) -> None:
    assert read_notebook(scratch() / "link" / path.name).unreadable


def manifest(data: bytes) -> None:
    path = scratch() / manifests.PLACE
    path.write_bytes(data)
    try:
        known = manifests.read(scratch())
    except ValueError as error:
        if str(path) not in str(error) or "Release" not in str(error):
            raise AssertionError(f"neither place nor next step: {error}") from error
        return
    assert known is not None
    for cells in known.notebooks.values():
        for remark in remarks_on_cells((), cells):
            assert remark.text.encode()
        remarks_on_cells(_handed_in(), cells)


@cache
def _handed_in() -> tuple[Any, ...]:
    cells = [
        {
            "cell_type": "code",
            "source": "raise NotImplementedError",
            "metadata": {"nbgrader": {"grade_id": name}},
        }
        for name in ("imports", "a-code", "a", "why")
    ]
    path = scratch() / "handed-in.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}), encoding="utf-8")
    return read_notebook(path).cells


TARGETS: dict[str, Callable[[bytes], None]] = {"wire": wire, "notebook": notebook, "manifest": manifest}
