"""Frames between a suite and the process that runs a student's code.

A frame is a fixed prefix (lengths), a msgpack header and the raw bytes of the tensors that the header mentions,
in the order in which it mentions them. A header holds plain values and *tagged lists*: ``[LIST, item, ...]``,
``[TENSOR, dtype, shape, link, grad]``. Nothing is ever unpickled, evaluated or imported from a frame.

The reader trusts nothing: lengths are checked against ``Bounds`` before anything is read, the header's values are
counted before anything is made of them, every tag, count, dtype and shape is checked before it is used, tensors consume
the raw bytes strictly in order (no offsets, so that a small frame cannot describe a large amount of memory), and
whatever is wrong raises ``WireError``.
"""

from __future__ import annotations

import math
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import msgpack
import numpy as np
import torch

PREFIX = struct.Struct("<4sIQ")
MAGIC = b"TAG1"
CHUNK = 1 << 20
DIGITS = 4096  # of an integer beyond 64 bits, with its sign and "0x"


class WireError(Exception):
    """Bytes or values that the protocol does not allow."""


@dataclass(frozen=True)
class Bounds:
    """What a frame may hold: bytes of header and tensors, nesting, number of values (in a header tags and sizes are
    values too), keys and axes of one."""

    head: int = 16 << 20
    blob: int = 1 << 30
    depth: int = 40
    values: int = 1_000_000
    keys: int = 4096  # of a dict or set: whoever chooses them can make all their hashes equal
    axes: int = 32


class Tag(IntEnum):
    """First element of a tagged list."""

    LIST = 0
    TUPLE = 1
    DICT = 2
    TENSOR = 3
    ARRAY = 4
    SCALAR = 5
    HANDLE = 6
    SLICE = 7
    DTYPE = 8
    SIZE = 9
    SET = 10
    BIGINT = 11
    COMPLEX = 12
    ELLIPSIS = 13


TORCH_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.complex128,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
}
TORCH_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}
NUMPY_DTYPES = {
    name: np.dtype(name)
    for name in (
        *("float64", "float32", "float16", "complex64", "complex128", "bool"),
        *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"),
    )
}
CONTAINERS: dict[type, Tag] = {list: Tag.LIST, tuple: Tag.TUPLE, torch.Size: Tag.SIZE}
MAKERS: dict[Tag, Callable[[list[Any]], Any]] = {
    Tag.LIST: list,
    Tag.TUPLE: tuple,
    Tag.SIZE: torch.Size,
    Tag.SET: set,
}
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()), range)

# Links of tensors to the autograd graph on the other side.
NO_LINK = -1
LEAF = -2


@dataclass
class Encoded:
    """A header under construction: the raw parts beside it, and the tensors met that take part in autograd."""

    blobs: list[memoryview] = field(default_factory=list)
    linked: list[torch.Tensor] = field(default_factory=list)
    by_value: list[torch.Tensor | np.ndarray[Any, Any]] = field(default_factory=list)


class Encoder:
    """Turns values into headers.

    Args:
        keep: called with an object that cannot travel by value; returns the fields of its handle.
        leaves: tell leaf tensors that require a gradient, with their ``.grad``, from linked results
            (what the guest does with a model's parameters).
        inputs: leaves that are this call's own inputs, which stay linked.
    """

    def __init__(
        self,
        keep: Callable[[object], list[Any]],
        *,
        leaves: bool = False,
        inputs: tuple[torch.Tensor, ...] = (),
        bounds: Bounds = Bounds(),
    ) -> None:
        self.keep, self.leaves, self.bounds = keep, leaves, bounds
        self.inputs = {id(tensor) for tensor in inputs}
        self.out = Encoded()
        self.count = self.size = 0

    def handle(self, value: object) -> list[Any]:
        """The header's form of an object that stays on this side."""
        return [Tag.HANDLE, *self.keep(value)]

    def encode(self, value: object, depth: int = 0) -> Any:
        """The header's form of ``value``; tensors' bytes are appended to ``self.out``."""
        self.count += 1
        if depth > self.bounds.depth:
            raise WireError("value nested too deeply")
        if self.count > self.bounds.values:
            raise WireError("too many values")
        if value is None or type(value) in (bool, float, str, bytes):
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.generic) and value.dtype.name in NUMPY_DTYPES:
            return self._array(np.asarray(value), Tag.SCALAR)
        return self._python(value, depth)

    def _python(self, value: object, depth: int) -> Any:
        def each(items: Any) -> Iterator[Any]:
            return (self.encode(item, depth + 1) for item in items)

        kind = type(value)
        if isinstance(value, (bool, int)):
            number = int(value)
            return number if -(2**63) <= number < 2**63 else [Tag.BIGINT, _digits(number)]
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return str(value)
        if kind in (dict, OrderedDict):
            pairs = (self.encode(x, depth + 1) for pair in value.items() for x in pair)  # type: ignore[attr-defined]
            return [Tag.DICT, *pairs]
        if isinstance(value, (set, frozenset)):
            return [Tag.SET, *each(value)]
        if kind in CONTAINERS:
            return [CONTAINERS[kind], *each(value)]
        if isinstance(value, tuple):  # named tuples, torch.return_types
            return [Tag.TUPLE, *each(value)]
        if isinstance(value, VIEWS):
            return [Tag.LIST, *each(value)]
        if isinstance(value, slice):
            return [Tag.SLICE, *each((value.start, value.stop, value.step))]
        if isinstance(value, torch.dtype) and value in TORCH_NAMES:
            return [Tag.DTYPE, TORCH_NAMES[value]]
        if isinstance(value, complex):
            return [Tag.COMPLEX, value.real, value.imag]
        if value is Ellipsis:
            return [Tag.ELLIPSIS]
        return self.handle(value)

    def _tensor(self, value: torch.Tensor) -> Any:
        if value.layout != torch.strided or value.dtype not in TORCH_NAMES or value.is_meta:
            return self.handle(value)
        link, grad = NO_LINK, None
        if value.requires_grad:
            if self.leaves and value.is_leaf and id(value) not in self.inputs:
                link = LEAF
            else:
                link = len(self.out.linked)
                self.out.linked.append(value)
        head = [Tag.TENSOR, TORCH_NAMES[value.dtype], list(value.shape), link]
        self._raw(value.detach())
        self.out.by_value.append(value)
        if link == LEAF and value.grad is not None and value.grad.layout == torch.strided:
            grad = [TORCH_NAMES[value.grad.dtype], list(value.grad.shape)]
            self._raw(value.grad.detach())
        return [*head, grad]

    def _array(self, value: np.ndarray[Any, Any], tag: Tag = Tag.ARRAY) -> Any:
        if value.dtype.name not in NUMPY_DTYPES:
            return self.handle(value)
        plain = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("=")).reshape(value.shape)
        self._blob(memoryview(plain.reshape(-1).view(np.uint8).data))
        if tag is Tag.ARRAY:
            self.out.by_value.append(value)
        return [tag, value.dtype.name, list(value.shape)]

    def _raw(self, value: torch.Tensor) -> None:
        self._blob(raw_bytes(value))

    def _blob(self, data: memoryview) -> None:
        self.out.blobs.append(data)
        self.size += data.nbytes
        if self.size > self.bounds.blob:
            raise WireError("too many bytes in one message")


def raw_bytes(value: torch.Tensor) -> memoryview:
    """The bytes of a tensor's elements, row by row."""
    flat = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    if not flat.numel():
        return memoryview(b"")
    if flat.stride() != (1,):  # `contiguous` leaves one expanded element as it is, `view` refuses its stride
        flat = flat.clone(memory_format=torch.contiguous_format).as_strided((flat.numel(),), (1,))
    return memoryview(flat.view(torch.uint8).numpy().data)


class Decoder:
    """Turns headers back into values, checking everything.

    Args:
        blob: the raw bytes that came with the header.
        handle: called with the fields of a handle; returns what stands for the object on this side.
    """

    def __init__(
        self, blob: bytearray, handle: Callable[[list[Any]], object], bounds: Bounds = Bounds()
    ) -> None:
        self.blob, self.handle, self.bounds = blob, handle, bounds
        self.cursor = self.count = 0
        self.linked: list[tuple[int, torch.Tensor]] = []
        self.by_value: list[torch.Tensor | np.ndarray[Any, Any]] = []

    def decode(self, item: Any, depth: int = 0) -> Any:
        """The value that ``item`` describes.

        Raises:
            WireError: if it describes none.
        """
        self.count += 1
        if depth > self.bounds.depth or self.count > self.bounds.values:
            raise WireError("value nested too deeply or too large")
        if item is None or type(item) in (bool, int, float, str, bytes):
            return item
        if type(item) is not list or not item or type(item[0]) is not int:
            raise WireError(f"unexpected {type(item).__name__} in a header")
        try:
            tag = Tag(item[0])
        except ValueError:
            raise WireError("unknown tag") from None
        return self._tagged(tag, item[1:], depth)

    def _tagged(self, tag: Tag, rest: list[Any], depth: int) -> Any:
        if tag is Tag.TENSOR:
            return self._tensor(rest)
        if tag in (Tag.ARRAY, Tag.SCALAR):
            return self._array(rest, tag)
        if tag is Tag.HANDLE:
            return self.handle(rest)
        if tag is Tag.BIGINT:
            return self._bigint(rest)
        if tag is Tag.DTYPE:
            return _known(TORCH_DTYPES, _only(rest, str))
        if tag is Tag.ELLIPSIS:
            return Ellipsis
        values = [self.decode(value, depth + 1) for value in rest]
        try:
            if tag is Tag.DICT:
                if len(values) % 2:
                    raise WireError("odd number of keys and values")
                self._check_keys(values[::2])
                return dict(zip(values[::2], values[1::2], strict=True))
            if tag is Tag.SLICE:
                start, stop, step = values
                return slice(start, stop, step)
            if tag is Tag.COMPLEX:
                real, imaginary = values
                return complex(real, imaginary)
            if tag is Tag.SIZE and any(type(size) is not int or not 0 <= size < 2**62 for size in values):
                raise WireError("malformed size")
            if tag is Tag.SET:
                self._check_keys(values)
            return MAKERS[tag](values)
        except (TypeError, ValueError, OverflowError, RuntimeError) as error:
            raise WireError(f"malformed {tag.name.lower()}") from error

    def _check_keys(self, keys: list[Any]) -> None:
        large = any(type(key) is int and not -(2**63) <= key < 2**63 for key in keys)
        if large or len(keys) > self.bounds.keys:
            raise WireError("keys that are too many or too large")

    def _bigint(self, rest: list[Any]) -> int:
        text = _only(rest, str)
        try:
            number = int(text, 16) if len(text) <= DIGITS else 0
        except ValueError:
            raise WireError("malformed integer") from None
        if hex(number) != text:  # the one spelling that is sent: no blanks, underscores or other digits
            raise WireError("malformed integer")
        return number

    def _tensor(self, rest: list[Any]) -> torch.Tensor:
        if len(rest) != 4 or type(rest[2]) is not int or rest[2] < LEAF:
            raise WireError("malformed tensor")
        name, shape, link, grad = rest
        value = self._storage(name, shape)
        self.by_value.append(value)
        if link >= 0:
            self.linked.append((link, value))
        if link == LEAF:
            if not (value.is_floating_point() or value.is_complex()):
                raise WireError("a parameter that cannot have a gradient")
            value.requires_grad_()
            if grad is not None:
                if type(grad) is not list or len(grad) != 2 or grad != [name, shape]:
                    raise WireError("malformed gradient")
                value.grad = self._storage(name, shape)
        return value

    def _storage(self, name: Any, shape: Any) -> torch.Tensor:
        dtype: torch.dtype = _known(TORCH_DTYPES, name)
        data = self._take(shape, dtype.itemsize)
        if dtype is torch.bool:
            _only_booleans(data)
        if not data:
            return torch.empty(shape, dtype=dtype)
        return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)

    def _array(self, rest: list[Any], tag: Tag) -> Any:
        if len(rest) != 2:
            raise WireError("malformed array")
        dtype: np.dtype[Any] = _known(NUMPY_DTYPES, rest[0])
        data = self._take(rest[1], dtype.itemsize)
        if dtype == np.bool_:
            _only_booleans(data)
        array = np.frombuffer(bytearray(data), dtype=dtype).reshape(rest[1])
        if tag is Tag.ARRAY:
            self.by_value.append(array)
            return array
        if array.shape != ():
            raise WireError("malformed scalar")
        return array[()]

    def _take(self, shape: Any, itemsize: int) -> memoryview:
        if type(shape) is not list or len(shape) > self.bounds.axes:
            raise WireError("malformed shape")
        if any(type(size) is not int or not 0 <= size < 2**40 for size in shape):
            raise WireError("malformed shape")
        start, length = self.cursor, math.prod(shape) * itemsize
        if length == 0 and math.prod(size for size in shape if size) >= 2**48:
            raise WireError("malformed shape")
        if length > len(self.blob) - start:
            raise WireError("tensor longer than its bytes")
        self.cursor += length
        return memoryview(self.blob)[start : self.cursor]


def _only_booleans(data: memoryview) -> None:
    """Refuse bytes that would be neither true nor false: comparisons with them are undefined."""
    if np.frombuffer(data, dtype=np.uint8).max(initial=0) > 1:
        raise WireError("malformed boolean")


def _digits(number: int) -> str:
    text = hex(number)
    if len(text) > DIGITS:
        raise WireError("integer with too many digits")
    return text


def _only(rest: list[Any], kind: type) -> Any:
    if len(rest) != 1 or type(rest[0]) is not kind:
        raise WireError("malformed value")
    return rest[0]


def _known(table: dict[str, Any], name: Any) -> Any:
    if type(name) is not str or name not in table:
        raise WireError("unknown dtype")
    return table[name]


def pack(head: Any, blobs: list[memoryview], bounds: Bounds = Bounds()) -> bytes:
    """A whole frame."""
    packed: bytes = msgpack.packb(head)
    if len(packed) > bounds.head:
        raise WireError("message too large")
    if len(packed) > bounds.values:  # a shorter one cannot hold too many
        _count(packed, bounds)
    size = sum(blob.nbytes for blob in blobs)
    return b"".join([PREFIX.pack(MAGIC, len(packed), size), packed, *blobs])


def lengths(prefix: bytes, bounds: Bounds) -> tuple[int, int]:
    """Bytes of the header and of the raw part that follow ``prefix``."""
    magic, head, blob = PREFIX.unpack(prefix)
    if magic != MAGIC or head > bounds.head or blob > bounds.blob:
        raise WireError("malformed frame")
    return head, blob


# First bytes of msgpack's kinds: how many bytes follow those of fixed length, and how many hold the length of others.
_PLAIN = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_PLAIN |= {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_PLAIN |= dict.fromkeys((*range(0x80), *range(0xE0, 0x100)), 0)  # small integers
_PLAIN |= {0xA0 + length: length for length in range(32)}  # short texts
_TEXTS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_LISTS = {0xDC: 2, 0xDD: 4}


def _count(data: bytes | bytearray, bounds: Bounds) -> None:
    """Refuse a header with too many values, or with lists that promise more of them than it can hold.

    ``msgpack`` has room for a list made as soon as it reads how long it will be, and bounds no total: a few kilobytes
    could ask for most of a gigabyte.
    """
    most = min(bounds.values, len(data))  # each value takes a byte at least
    place, promised = 0, 1
    while place < len(data):
        first, place = data[place], place + 1
        if first in _PLAIN:
            place += _PLAIN[first]
        elif first in _TEXTS:
            width = _TEXTS[first]
            place += width + int.from_bytes(data[place : place + width], "big")
        elif first in _LISTS or 0x90 <= first < 0xA0:
            width = _LISTS.get(first, 0)
            promised += int.from_bytes(data[place : place + width], "big") if width else first - 0x90
            place += width
            if promised > most:
                raise WireError("value nested too deeply or too large")
        else:
            raise WireError("malformed header: neither a value, a text nor a list")


def unpack_head(data: bytes | bytearray, bounds: Bounds) -> Any:
    """The header as plain lists and values."""
    _count(data, bounds)
    try:
        return msgpack.unpackb(data, raw=False, max_map_len=0, max_ext_len=0, max_array_len=bounds.values)
    except (
        ValueError,
        TypeError,
        RecursionError,
        OverflowError,
    ) as error:  # msgpack's own errors are ValueErrors
        raise WireError(f"malformed header: {type(error).__name__}") from error


def unpack(frame: bytes, bounds: Bounds = Bounds()) -> tuple[Any, bytearray]:
    """Header and raw bytes of a frame held in memory."""
    if len(frame) < PREFIX.size:
        raise WireError("malformed frame")
    head, blob = lengths(frame[: PREFIX.size], bounds)
    if len(frame) != PREFIX.size + head + blob:
        raise WireError("frame of another length than declared")
    middle = PREFIX.size + head
    return unpack_head(frame[PREFIX.size : middle], bounds), bytearray(frame[middle:])


def read_frame(sock: socket.socket, bounds: Bounds = Bounds()) -> tuple[Any, bytearray]:
    """Read one frame; memory grows with the bytes that arrive, not with the lengths that were promised.

    Raises:
        EOFError: if the peer closed the socket.
        WireError: if the bytes are no frame.
    """
    head, blob = lengths(bytes(_exactly(sock, PREFIX.size)), bounds)
    header = _exactly(sock, head)
    return unpack_head(header, bounds), _exactly(sock, blob)


def _exactly(sock: socket.socket, count: int) -> bytearray:
    data = bytearray()
    while len(data) < count:
        chunk = sock.recv(min(CHUNK, count - len(data)))
        if not chunk:
            raise EOFError("the peer closed the connection")
        data += chunk
    return data
