from __future__ import annotations

import contextlib
import math
import socket
import threading
import tracemalloc
from collections import OrderedDict, namedtuple

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder import wire
from autograder.wire import LEAF, MAGIC, NO_LINK, PREFIX, Bounds, Decoder, Encoder, Tag, WireError, pack

fixed = settings(derandomize=True, database=None, deadline=None)
Point = namedtuple("Point", "x y")


def no_handles(value):
    raise AssertionError(f"{value!r} did not travel by value")


def frame_of(value, **options):
    encoder = Encoder(no_handles, **options)
    head = encoder.encode(value)
    return pack(head, encoder.out.blobs)


def value_of(frame, bounds=Bounds()):
    head, blob = wire.unpack(frame, bounds)
    return Decoder(blob, lambda fields: ("handle", fields), bounds).decode(head)


def round_trip(value, **options):
    return value_of(frame_of(value, **options))


def decode(*item, blob=b"", bounds=Bounds()):
    """The value of a tagged list as it comes out of msgpack."""
    return value_of(pack(list(item), [memoryview(blob)]), bounds)


def refused(*item, blob=b"", text=".", bounds=Bounds()):
    with pytest.raises(WireError, match=text):
        decode(*item, blob=blob, bounds=bounds)


def same(a, b):
    """Equal in type, in value and in all parts; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


keys = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")) | st.binary()
plain = st.recursive(
    keys | st.floats(allow_nan=True) | st.complex_numbers(allow_nan=False) | st.just(...),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys | st.tuples(keys, keys), inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.builds(slice, inner, inner, inner)
        | st.lists(st.integers(0, 2**62), max_size=4).map(torch.Size)
        | st.sampled_from(list(wire.TORCH_NAMES))
    ),
    max_leaves=12,
)


@given(plain)
@fixed
@example([2**63, -(2**63) - 1, 2**63 - 1, -(2**63), 10**300])
@example([math.nan, math.inf, -math.inf, -0.0])
def test_plain_values_arrive_as_they_were(value):
    assert same(round_trip(value), value)


def test_kinds_without_a_tag_of_their_own_arrive_as_the_nearest_one():
    assert same(round_trip(Point(1, 2)), (1, 2))
    assert same(round_trip(frozenset({1})), {1})
    assert same(round_trip(range(3)), [0, 1, 2])
    assert same(round_trip({"a": 1}.items()), [("a", 1)])
    assert same(round_trip(OrderedDict(b=1, a=2)), {"b": 1, "a": 2})
    values, indices = round_trip(torch.tensor([[1.0, 3.0]]).max(1))
    assert (values.item(), indices.item()) == (3.0, 1)


@pytest.mark.parametrize("dtype", wire.TORCH_NAMES, ids=wire.TORCH_NAMES.values())
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)], ids=str)
def test_tensors_of_every_dtype_and_shape_arrive_bit_by_bit(dtype, shape):
    tensor = (torch.randn(shape) * 3).to(dtype)
    found = round_trip(tensor)
    assert found.dtype == dtype and found.shape == tensor.shape and torch.equal(found, tensor)
    assert not found.requires_grad


def test_tensors_of_unusual_layout_arrive_as_their_values():
    x = torch.randn(3, 4)
    z = torch.randn(3, 4, dtype=torch.complex64)
    for tensor in (x.T, x[:, ::2], x[:1].expand(5, 4), z.conj(), z.mH, torch.view_as_real(z), z.conj().imag):
        assert torch.equal(round_trip(tensor), tensor)
    nan = torch.tensor([math.nan, math.inf])
    assert torch.equal(round_trip(nan).isnan(), nan.isnan())


def test_a_tensor_that_arrived_is_writable_and_shares_no_memory():
    x = torch.zeros(3)
    first, second = round_trip([x, x])
    first += 1
    assert second.sum() == 0 and x.sum() == 0


@pytest.mark.parametrize("name", wire.NUMPY_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3)], ids=str)
def test_arrays_of_every_dtype_arrive_as_they_were(name, shape):
    array = np.asarray(np.random.default_rng(0).normal(size=shape) * 3).astype(name)
    found = round_trip(array)
    assert type(found) is np.ndarray and found.dtype == array.dtype and found.shape == shape
    assert np.array_equal(found, array) and found.flags.writeable


def test_arrays_of_unusual_layout_arrive_as_their_values():
    array = np.arange(12.0).reshape(3, 4)
    for given_ in (array.T, array[::-1, ::2], array.astype(">f8"), np.broadcast_to(array[:1], (5, 4))):
        found = round_trip(given_)
        assert np.array_equal(found, given_) and found.dtype == np.float64


@pytest.mark.parametrize("name", wire.NUMPY_DTYPES)
def test_scalars_of_numpy_stay_scalars_of_numpy(name):
    scalar = np.ones((), name)[()]
    found = round_trip(scalar)
    # float64 is a Python float and complex128 a Python complex by inheritance
    assert found == scalar and type(found) is type(scalar)


def test_what_cannot_travel_by_value_is_kept():
    kept = []

    def keep(value):
        kept.append(value)
        return [len(kept), "x"]

    odd = [object(), torch.ones(2).to_sparse(), torch.ones(2, device="meta"), np.array(["a"]), print]
    encoder = Encoder(keep)
    head = encoder.encode(odd)
    assert [item[0] for item in head[1:]] == [Tag.HANDLE] * len(odd)
    assert all(a is b for a, b in zip(kept, odd, strict=True))
    handles = value_of(pack(head, encoder.out.blobs))
    assert handles == [("handle", [number + 1, "x"]) for number in range(len(odd))]


def test_parameters_arrive_as_leaves_with_their_gradients():
    weight = torch.nn.Parameter(torch.randn(2, 3))
    weight.grad = torch.randn(2, 3)
    frozen = torch.nn.Parameter(torch.randn(2), requires_grad=False)
    found = round_trip({"w": weight, "f": frozen}, leaves=True)
    assert found["w"].is_leaf and found["w"].requires_grad and torch.equal(found["w"].grad, weight.grad)
    assert not found["f"].requires_grad


def test_results_that_require_a_gradient_are_linked_in_order():
    x = torch.randn(2, requires_grad=True)
    encoder = Encoder(no_handles, leaves=True, inputs=(x,))
    head = encoder.encode([x * 2, torch.zeros(1), x])
    blob = wire.unpack(pack(head, encoder.out.blobs))[1]
    decoder = Decoder(blob, no_handles)
    decoder.decode(msgpack.unpackb(msgpack.packb(head)))
    assert [number for number, _ in decoder.linked] == [0, 1]
    assert len(encoder.out.linked) == 2 and encoder.out.linked[1] is x


def test_a_sender_refuses_what_exceeds_its_bounds():
    deep = []
    for _ in range(60):
        deep = [deep]
    loop = []
    loop.append(loop)
    small = Bounds(values=100, blob=64)
    for value, text in (
        (deep, "deep"),
        (loop, "deep"),
        (list(range(101)), "many"),
        (torch.zeros(9, 8), "bytes"),
    ):
        with pytest.raises(WireError, match=text):
            frame_of(value, bounds=small)
    with pytest.raises(WireError, match="too large"):
        pack("x" * 100, [], Bounds(head=50))


def prefix(magic=MAGIC, head=1, blob=0):
    return PREFIX.pack(magic, head, blob)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"TAG1",
        prefix(b"TAG2") + b"\xc0",
        prefix(head=2**32 - 1),
        prefix(blob=2**64 - 1) + b"\xc0",
        prefix(head=2) + b"\xc0",
        prefix() + b"\xc0\xc0",
        prefix(blob=1) + b"\xc0",
        prefix(head=0),
        prefix() + b"\xc1",
        prefix(head=5) + b"\x93\x01\x02",
        prefix(head=1) + b"\x91",
        prefix(head=2) + b"\xa1\xff",
        prefix(head=3) + msgpack.packb({1: 2}),
        prefix(head=1) + msgpack.packb({}),
        prefix(head=6) + msgpack.packb(msgpack.Timestamp(1)),
        prefix(head=3) + msgpack.packb(msgpack.ExtType(5, b"a")),
        prefix(head=3) + b"\xc7\x00\x05",
        prefix(head=5) + b"\xdd\xff\xff\xff\xff",
        prefix(head=5) + b"\xdb\xff\xff\xff\xff",
        prefix(head=100_000) + b"\x91" * 100_000,
        prefix(head=9) + b"\xcf" + b"\xff" * 7,
    ],
    ids=lambda frame: frame[:40].hex(),
)
def test_bytes_that_are_no_frame_are_refused(frame):
    with pytest.raises(WireError):
        value_of(frame)


@pytest.mark.parametrize(
    "item",
    [
        [],
        [None],
        ["0"],
        [True],
        [1.0],
        [[0]],
        [-1],
        [99],
        [2**40],
        [Tag.DICT, 1],
        [Tag.DICT, [Tag.LIST], 1],
        [Tag.SET, [Tag.DICT]],
        [Tag.SLICE, 1, 2],
        [Tag.SLICE, 1, 2, 3, 4],
        [Tag.DTYPE],
        [Tag.DTYPE, 3],
        [Tag.DTYPE, [Tag.LIST]],
        [Tag.DTYPE, "float8"],
        [Tag.DTYPE, "float32", "float32"],
        [Tag.SIZE, "a"],
        [Tag.SIZE, 1.5],
        [Tag.BIGINT],
        [Tag.BIGINT, 3],
        [Tag.BIGINT, "zz"],
        [Tag.BIGINT, ""],
        [Tag.BIGINT, "f" * 5000],
        [Tag.COMPLEX, 1],
        [Tag.COMPLEX, "1", 2],
        [Tag.COMPLEX, 1, None],
        [Tag.TENSOR],
        [Tag.TENSOR, "float32", [0], NO_LINK],
        [Tag.TENSOR, "float32", [0], -3, None],
        [Tag.TENSOR, "float32", [0], None, None],
        [Tag.TENSOR, "float32", [0], True, None],
        [Tag.TENSOR, "float64", None, NO_LINK, None],
        [Tag.TENSOR, None, [0], NO_LINK, None],
        [Tag.TENSOR, 3, [0], NO_LINK, None],
        [Tag.TENSOR, ["float32"], [0], NO_LINK, None],
        [Tag.TENSOR, "object", [0], NO_LINK, None],
        [Tag.TENSOR, "float32", [-1], NO_LINK, None],
        [Tag.TENSOR, "float32", [True], NO_LINK, None],
        [Tag.TENSOR, "float32", [1.0], NO_LINK, None],
        [Tag.TENSOR, "float32", [2**40], NO_LINK, None],
        [Tag.TENSOR, "float32", [2**39, 2**39, 0], NO_LINK, None],
        [Tag.TENSOR, "float32", [2**39] * 30, NO_LINK, None],
        [Tag.TENSOR, "float32", [1] * 33, NO_LINK, None],
        [Tag.TENSOR, "float32", [5], NO_LINK, None],
        [Tag.TENSOR, "float32", [-2, -2], NO_LINK, None],
        [Tag.TENSOR, "int64", [1], LEAF, None],
        [Tag.TENSOR, "float32", [1], LEAF, 3],
        [Tag.TENSOR, "float32", [1], LEAF, ["float64", [1]]],
        [Tag.TENSOR, "float32", [1], LEAF, ["float32", [2]]],
        [Tag.TENSOR, "float32", [4], LEAF, ["float32", [4]]],
        [Tag.ARRAY, "float32"],
        [Tag.ARRAY, "object", [1]],
        [Tag.ARRAY, "bfloat16", [1]],
        [Tag.ARRAY, "float32", [5]],
        [Tag.ARRAY, "float32", [1], 1],
        [Tag.SCALAR, "float32", [1]],
        [Tag.SCALAR, "float32", [0]],
        [Tag.LIST, {}],
    ],
    ids=repr,
)
def test_headers_that_describe_no_value_are_refused(item):
    with pytest.raises(WireError):
        decode(*item, blob=b"\0" * 16)


def test_tensors_take_the_bytes_in_order_and_no_byte_twice():
    one = [Tag.TENSOR, "float32", [2], NO_LINK, None]
    blob = np.arange(4, dtype=np.float32).tobytes()
    first, second = decode(Tag.LIST, one, one, blob=blob)
    assert first.tolist() == [0, 1] and second.tolist() == [2, 3]
    refused(Tag.LIST, one, one, one, blob=blob, text="longer than its bytes")


def test_depth_and_number_of_values_are_bounded_when_reading():
    nested = [Tag.LIST]
    for _ in range(10):
        nested = [Tag.LIST, nested]
    assert decode(*nested, bounds=Bounds(depth=11)) is not None
    refused(*nested, bounds=Bounds(depth=9), text="nested")
    refused(Tag.LIST, *range(99), bounds=Bounds(values=50))


def test_not_a_number_travels():
    assert math.isnan(decode(Tag.LIST, math.nan)[0])


@pytest.mark.parametrize("text", [" 0xff", "0xff\n", "0X" + "f" * 20, "0x1_0", "0x０", "ff", "0x00f", "+0xf"])
def test_an_integer_has_one_spelling(text):
    refused(Tag.BIGINT, text, text="malformed integer")


def test_what_a_sender_takes_for_an_integer_a_reader_takes_too():
    largest = 16 ** (wire.DIGITS - 3) - 1
    assert round_trip([largest, -largest]) == [largest, -largest]
    for number in (16**wire.DIGITS, -(16**wire.DIGITS)):
        with pytest.raises(WireError, match="too many digits"):
            frame_of(number)


def test_a_complex_of_a_huge_integer_is_refused():
    refused(Tag.COMPLEX, [Tag.BIGINT, hex(10**400)], 0)


@pytest.mark.parametrize("size", [-1, [Tag.BIGINT, hex(10**40)]], ids=["negative", "huge"])
def test_sizes_are_those_of_a_tensor(size):
    refused(Tag.SIZE, size)


def test_a_boolean_is_true_or_false_and_nothing_more():
    """The sum of two bytes of 255 that pass for booleans is not 2."""
    refused(Tag.TENSOR, "bool", [2], NO_LINK, None, blob=b"\x01\x02")
    refused(Tag.ARRAY, "bool", [2], blob=b"\xff\x00")
    refused(Tag.SCALAR, "bool", [], blob=b"\x02")


# --- Sockets --------------------------------------------------------------------------------------------------


def sent(data, bounds=Bounds()):
    """What ``read_frame`` makes of bytes that a peer sends before it closes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (theirs.sendall(data), theirs.close()))
        sender.start()
        try:
            return wire.read_frame(ours, bounds)
        finally:
            sender.join()


def test_a_frame_is_read_from_a_socket():
    value = {"x": torch.arange(300_000), "y": "é"}
    head, blob = sent(frame_of(value))
    found = Decoder(blob, no_handles).decode(head)
    assert found["y"] == "é" and torch.equal(found["x"], value["x"])


def test_a_peer_that_stops_early_is_the_end_of_the_file():
    frame = frame_of(torch.arange(10))
    for cut in (0, 5, PREFIX.size, PREFIX.size + 3, len(frame) - 1):
        with pytest.raises(EOFError):
            sent(frame[:cut])


def test_a_wrong_prefix_is_refused_before_anything_more_is_read():
    with pytest.raises(WireError):
        sent(prefix(b"HTTP"))
    with pytest.raises(WireError):
        sent(prefix(head=11), Bounds(head=10))


def test_memory_grows_with_what_arrives_and_not_with_what_was_promised():
    tracemalloc.start()
    try:
        with pytest.raises(EOFError):
            sent(prefix(blob=1 << 30) + b"\xc0" + b"x" * 1000)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "head",
    [
        b"\xdd\x00\x0f\x42\x40" * 1000,
        b"\xdd\x00\x00\x27\x10" * 1000,
        b"\xdc\x0f\xff" * 1000,
        b"\xdd\x00\x01\x86\xa0" + b"\x90" * 100_000 + b"\xdd\x00\x0f\x42\x40",
    ],
    ids=["a million each", "ten thousand each", "four thousand each", "at the end"],
)
def test_lists_that_promise_more_than_the_header_holds_take_no_memory(head):
    """msgpack makes room for each list as soon as it reads its length."""
    frame = prefix(head=len(head)) + head
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="too large"):
            wire.unpack(frame)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(frame) + 100_000
    finally:
        tracemalloc.stop()


def test_all_values_of_a_header_are_counted_before_any_is_made():
    """One list may hold 700,000; two of them may not."""
    head = b"\x92" + (b"\xdd\x00\x0a\xae\x60" + b"\x90" * 700_000) * 2
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="too large"):
            wire.unpack(prefix(head=len(head)) + head)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_sender_counts_as_a_reader_does():
    bounds = Bounds(values=20)
    pairs = [(1,), (2,), (3,), (4,), (5,), (6,), (7,)]  # 15 values, 29 with their tags and lists
    with pytest.raises(WireError, match="too large"):
        frame_of_bounds(pairs, bounds)
    assert value_of(frame_of_bounds(pairs[:4], bounds), bounds) == pairs[:4]


def frame_of_bounds(value, bounds):
    encoder = Encoder(no_handles, bounds=bounds)
    return pack(encoder.encode(value), encoder.out.blobs, bounds)


# --- Mutations ------------------------------------------------------------------------------------------------

VALID = [
    frame_of([1, "a", {"k": torch.arange(3), 2: np.ones(2)}, (None, True), slice(1, 2, 3), 2**70, 1j]),
    frame_of(
        {"w": torch.nn.Parameter(torch.ones(2, 2)), "s": torch.Size([2]), "d": torch.float32}, leaves=True
    ),
    frame_of([torch.ones((), dtype=torch.bfloat16), np.float32(2), {1, 2}, ..., 1.5, b"x"]),
]


@given(
    st.sampled_from(VALID),
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from("sid"), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
@settings(fixed, max_examples=400)
def test_a_frame_that_was_tampered_with_gives_a_value_or_a_wire_error(frame, changes):
    data = bytearray(frame)
    for place, kind, byte in changes:
        place = PREFIX.size + place % (len(data) - PREFIX.size)
        if kind == "s":
            data[place] = byte
        elif kind == "i":
            data.insert(place, byte)
        elif len(data) > PREFIX.size + 1:
            del data[place]
    head, blob = wire.lengths(frame[: PREFIX.size], Bounds())
    head += len(data) - len(frame)  # lengths that fit, so that the header is reached
    data[: PREFIX.size] = PREFIX.pack(MAGIC, max(head, 0), blob)
    with contextlib.suppress(WireError):
        value_of(bytes(data))


items = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**40)
    | st.floats()
    | st.sampled_from(["float32", "bool", "0x1f", ""]),
    lambda inner: (
        st.builds(lambda tag, rest: [tag, *rest], st.integers(-1, 15), st.lists(inner, max_size=4))
        | st.lists(st.integers(-1, 3), max_size=3)
    ),
    max_leaves=10,
)


@given(items, st.binary(max_size=64))
@settings(fixed, max_examples=400)
def test_any_header_gives_a_value_or_a_wire_error(item, blob):
    with contextlib.suppress(WireError):
        value_of(pack(item, [memoryview(blob)]))


@pytest.mark.parametrize("kind", [set, dict.fromkeys])
def test_keys_that_could_all_have_one_hash_are_refused(kind):
    for keys in ([k * (2**61 - 1) for k in range(5, 9)], range(Bounds().keys + 1)):
        with pytest.raises(WireError, match="keys that are too many or too large"):
            round_trip(kind(keys))
