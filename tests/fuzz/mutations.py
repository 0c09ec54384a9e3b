"""Changes to bytes that keep their structure: what a mutator of plain bytes would need luck for.

A frame or a JSON document is taken apart, changed somewhere in its tree and put together again, with lengths that are
right; sometimes its bytes are changed instead. All randomness comes from ``rng``, so a seed names its changes.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgpack

from autograder.wire import MAGIC, NUMPY_DTYPES, PREFIX, TORCH_DTYPES, Tag

Path = tuple[Any, ...]

NUMBERS: list[Any] = [
    *(-3, -2, -1, 0, 1, 2, 3, 255, 2**31, 2**32 - 1, 2**40, 2**61 - 1, 2**62, 2**63 - 1, -(2**63)),
    *(0.0, -0.0, 1.0, 2.0, 0.5, 1e308, float("inf"), float("-inf"), float("nan")),
]
ON_THE_WIRE: list[Any] = [
    *(
        *NUMBERS,
        None,
        True,
        False,
        "",
        "a",
        "é",
        b"",
        b"\xff",
        "0x1f",
        "-0x1",
        hex(2**64),
        "f" * 4096,
        "0x" + "f" * 4094,
    ),
    *(*TORCH_DTYPES, *NUMPY_DTYPES, "object", "ok", "error", "ValueError", "NameMissing", "WireError"),
    *([], [[]], [0] * 8, [2**39, 0], [1] * 9, *([int(tag)] for tag in Tag)),
    *([3, "float32", [2], -1, None], [3, "float32", [1], -2, ["float32", [1]]], [3, "float32", [1], 0, None]),
    *(
        [4, "float64", [2]],
        [5, "float32", []],
        [6, 1, "Linear"],
        [11, hex(2**70)],
        [2, 1, 2],
        [10, 1, 1.0, True],
    ),
]
IN_JSON: list[Any] = [
    *(
        *NUMBERS,
        10**400,
        -(10**400),
        None,
        True,
        False,
        "",
        "a",
        "é",
        "\ud800",
        "\x00",
        "x" * 300,
        "raise NotImplementedError",
    ),
    *(
        "code",
        "markdown",
        "raw",
        "heading",
        "imports",
        "a-code",
        "a",
        "b-code",
        "b",
        "why",
        "import math",
        "check('a')",
    ),
    *(
        "locked",
        "solution",
        "graded",
        "manual",
        "task",
        "tp1",
        [],
        {},
        [[]],
        ["x\n", 1, None],
        [{}],
        {"a": {}},
    ),
    *(
        {"nbgrader": {"grade_id": "a", "grade": True}},
        {"nbgrader": {"task": True, "grade_id": "t", "points": 1}},
    ),
    {"cell_type": "heading", "level": 2, "source": "x"},
]
KEYS = [
    *(
        "cells",
        "worksheets",
        "cell_type",
        "source",
        "input",
        "level",
        "metadata",
        "nbgrader",
        "attachments",
        "nbformat",
    ),
    *(
        "grade_id",
        "grade",
        "solution",
        "locked",
        "task",
        "points",
        "checksum",
        "kind",
        "answer",
        "notebooks",
        "version",
    ),
]


def frame(data: bytes, rng: Random) -> bytes:
    """A frame made from another; its lengths are right 15 times out of 16."""
    head, blob = _parts(data)
    kind = rng.randrange(6)
    if kind == 0:
        head = scrambled(head, rng)
    elif kind == 1:
        blob = scrambled(blob, rng)
    else:
        try:
            tree = msgpack.unpackb(head, raw=False, strict_map_key=False)
            head = msgpack.packb(changed(tree, ON_THE_WIRE, rng))
        except (ValueError, TypeError, RecursionError, OverflowError):
            head = scrambled(head, rng)
    if not rng.randrange(16):
        return scrambled(framed(head, blob), rng)
    return framed(head, blob)


def framed(head: bytes, blob: bytes) -> bytes:
    return PREFIX.pack(MAGIC, len(head), len(blob)) + head + blob


def mended(data: bytes) -> bytes:
    """Any bytes as a frame whose lengths are right."""
    return framed(*_parts(data))


def _parts(data: bytes) -> tuple[bytes, bytes]:
    length = PREFIX.unpack(data[: PREFIX.size])[1] if len(data) >= PREFIX.size else 0
    rest = data[PREFIX.size :]
    return rest[:length], rest[length:]


def document(data: bytes, rng: Random) -> bytes:
    """A JSON document made from another, in another encoding now and then."""
    if not rng.randrange(5):
        return scrambled(data, rng)
    try:
        text = json.dumps(changed(json.loads(data), IN_JSON, rng), ensure_ascii=rng.randrange(3) > 0)
        return text.encode(rng.choice(["utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig"]))
    except (ValueError, RecursionError):
        return scrambled(data, rng)


def changed(tree: Any, values: list[Any], rng: Random) -> Any:
    """The tree with one place replaced, wrapped, removed, doubled, added to, or grafted from elsewhere in it."""
    paths = [()]
    for path in paths:
        node = _at(tree, path)
        keys = range(len(node)) if isinstance(node, list) else list(node) if isinstance(node, dict) else ()
        paths.extend((*path, key) for key in keys)
        if len(paths) > 2000:
            break
    path = rng.choice(paths)
    other = _at(tree, rng.choice(paths)) if rng.randrange(3) == 0 else rng.choice(values)
    kind = rng.randrange(6)
    if kind == 0:
        return _edited(tree, path, lambda node: [_wrapped(node, rng)])
    if kind == 1 and path:
        return _edited(tree, path, lambda node: [])
    if kind == 2 and path:
        return _edited(tree, path, lambda node: [node] * rng.choice([2, 2, 3, 40]))
    if kind == 3:
        return _edited(tree, path, lambda node: [_added(node, other, rng)])
    return _edited(tree, path, lambda node: [other])


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _edited(tree: Any, path: Path, change: Any) -> Any:
    """A copy in which the node at ``path`` has become the nodes that ``change`` gives (the last one in an object)."""
    if not path:
        return change(tree)[-1]
    key, rest = path[0], path[1:]
    if isinstance(tree, list):
        middle = [_edited(tree[key], rest, change)] if rest else change(tree[key])
        return [*tree[:key], *middle, *tree[key + 1 :]]
    if rest:
        return {**tree, key: _edited(tree[key], rest, change)}
    made = change(tree[key])
    return {name: made[-1] if name == key else item for name, item in tree.items() if name != key or made}


def _wrapped(node: Any, rng: Random) -> Any:
    for _ in range(rng.choice([1, 1, 2, 15, 300])):
        node = [0, node] if rng.randrange(2) else [node]
    return node


def _added(node: Any, other: Any, rng: Random) -> Any:
    if isinstance(node, list):
        place = rng.randrange(len(node) + 1)
        return [*node[:place], other, *node[place:]]
    if isinstance(node, dict):
        return {**node, rng.choice(KEYS): other}
    return other


def scrambled(data: bytes, rng: Random) -> bytes:
    """Bytes changed, removed, doubled or inserted at a few places."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(made) + 1)
        length = rng.choice([1, 1, 2, 4, 16])
        kind = rng.randrange(4)
        if kind == 0:
            made[place : place + length] = rng.randbytes(length)
        elif kind == 1:
            del made[place : place + length]
        elif kind == 2:
            made[place:place] = made[place : place + length] * rng.choice([1, 1, 64])
        else:
            made[place:place] = rng.choice(
                [b"\x00", b"\xff", b"\xdd\x00\x01\x00\x00", b"\xc1", b'"', b"[", b"{", b"\\u"]
            )
    return bytes(made)


MUTATORS = {"wire": frame, "notebook": document, "manifest": document}
