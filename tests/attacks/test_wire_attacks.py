"""A guest that lies on the probe's socket: no reply, garbage, too much, too late, false.

The student's cell replaces ``autograder.guest.serve`` in the kernel, so its snapshots answer as it likes. One hidden
suite asks once for each attack, so that one graded submission tries them all; every test must *fail*: a passed one is
a forgery, an ungraded one an escape from failing.
"""

from __future__ import annotations

import pytest

from autograder.verdict import Outcome
from tests.courses import write

PRELUDE = """
import struct, time, socket, signal, sys, msgpack
import numpy as np
import autograder.guest as guest, autograder.wire as wire
honest_serve = guest.serve

def frame(head, blob=b"", head_length=None, blob_length=None, magic=wire.MAGIC):
    packed = head if isinstance(head, bytes) else msgpack.packb(head)
    sizes = [len(packed) if head_length is None else head_length, len(blob) if blob_length is None else blob_length]
    return wire.PREFIX.pack(magic, *sizes) + packed + blob

def nested(depth):
    item = None
    for _ in range(depth):
        item = [0, item]
    return item

TENSOR = [3, "float64", [3, 4], -1, None]
BYTES = bytes(96)

def serve(sock, namespace, bounds=wire.Bounds()):
    server = guest.Server(namespace, bounds)
    while True:
        head, blob = wire.read_frame(sock, bounds)
        if head[1] != "call":
            sock.sendall(server.answer(head, blob))
            continue
        name, n = head[2][2][1], head[0]
        ok = lambda body, blob=b"", graph=0, changed=[0]: frame([n, "ok", body, graph, changed], blob)
        error = lambda *fields: frame([n, "error", *fields])
        right = (np.frombuffer(blob) * 2).tobytes()
        answer = ATTACKS[name](n, ok, error, right)
        if answer is None:
            sock.close()
            return
        sock.sendall(answer)

def double(name, x):
    return x + 1
"""

# Each is an expression of n (the serial), ok(body, blob, graph, changed), error(names, text, place), and of the bytes
# of the right answer, which must not help either.
ATTACKS = {
    "no answer but the end": "None",
    "garbage": "os.urandom(200)",
    "another protocol": "b'HTTP/1.1 200 OK\\r\\n\\r\\n' * 10",
    "wrong magic": "frame([n, 'ok', TENSOR, 0, [0]], BYTES, magic=b'TAG2')",
    "an empty header": "frame(b'')",
    "half a header": "frame(b'\\x95\\x01')",
    "two headers": "frame(msgpack.packb([n, 'ok', None, 0, [0]]) * 2)",
    "a header of the largest length": "frame(b'', head_length=2**32 - 1)",
    "a blob of the largest length": "frame([n, 'ok', None, 0, [0]], blob_length=2**64 - 1)",
    "the serial of another request": "frame([n - 1, 'ok', TENSOR, 0, [0]], right)",
    "a serial that is text": "frame([str(n), 'ok', TENSOR, 0, [0]], right)",
    "another status": "frame([n, 'passed', TENSOR, 0, [0]], right)",
    "a status that is a list": "frame([n, ['ok'], TENSOR, 0, [0]], right)",
    "too few fields": "frame([n, 'ok'])",
    "too many fields": "frame([n, 'ok', None, 0, [0], 1])",
    "a map": "frame({'score': 20})",
    "a map as value": "ok({'score': 20})",
    "an extension": "ok(msgpack.ExtType(5, b'x'))",
    "a timestamp": "ok(msgpack.Timestamp(1, 1))",
    "a number for a header": "frame(5)",
    "bytes": "ok(b'\\xff' * 1000)",
    "text that is not UTF-8": "frame(b'\\x95' + msgpack.packb(n) + b'\\xa2ok\\xa2\\xff\\xfe\\x00\\x91\\x00')",
    "a longer tensor than its bytes": "ok([3, 'float64', [3, 5], -1, None], BYTES)",
    "more bytes than the tensor": "ok(TENSOR, BYTES + b'x')",
    "a negative shape": "ok([3, 'float64', [-3, -4], -1, None], BYTES)",
    "a huge shape": "ok([3, 'float64', [2**39, 2**39], -1, None], BYTES)",
    "a huge empty shape": "ok([3, 'float64', [0, 2**39, 2**39, 2**39], -1, None])",
    "a huge number in a shape": "ok([3, 'float64', [2**63], -1, None], BYTES)",
    "a shape of floats": "ok([3, 'float64', [3.0, 4.0], -1, None], BYTES)",
    "a shape of booleans": "ok([3, 'uint8', [True], -1, None], b'1')",
    "a shape that is text": "ok([3, 'float64', '34', -1, None], BYTES)",
    "forty axes": "ok([3, 'uint8', [1] * 40, -1, None], b'1')",
    "an unknown dtype": "ok([3, 'object', [3, 4], -1, None], BYTES)",
    "a dtype that is a list": "ok([3, ['float64'], [3, 4], -1, None], BYTES)",
    "an array of objects": "ok([4, 'object', [1]], bytes(8))",
    "an array of structures": "ok([4, 'V8', [1]], bytes(8))",
    "a scalar with axes": "ok([5, 'float64', [1]], bytes(8))",
    "another dtype": "ok([3, 'int64', [3, 4], -1, None], BYTES)",
    "only NaN": "ok(TENSOR, struct.pack('<12d', *[float('nan')] * 12))",
    "only infinity": "ok(TENSOR, struct.pack('<12d', *[float('inf')] * 12))",
    "booleans that are neither": "ok([3, 'bool', [3, 4], -1, None], b'\\x02' * 12)",
    "nested deeply": "ok(nested(200))",
    "nested very deeply": "frame(b'\\x95' + msgpack.packb(n) + b'\\xa2ok' + b'\\x91' * 10**6)",
    "two million values": "ok([0] + [None] * 2_000_000)",
    "a text of 15 MB": "ok('x' * 15_000_000)",
    "a header of 20 MB": "ok('x' * 20_000_000)",
    "an unknown tag": "ok([99])",
    "a tag that is true": "ok([True])",
    "an empty tag": "ok([])",
    "a handle without number": "ok([6, 'one', 'Tensor'])",
    "a handle for a tensor": "ok([6, 1, 'Tensor'])",
    "a flood of handles": "ok([0] + [[6, i, 'x' * 20] for i in range(200_000)])",
    "a dict with a list for a key": "ok([2, [0], 1])",
    "a dict with half a pair": "ok([2, 1])",
    "a size of texts": "ok([9, 'a'])",
    "a size of huge numbers": "ok([9, [11, hex(2**100)]])",
    "a complex of huge numbers": "ok([12, [11, hex(2**9000)], 0])",
    "a complex of texts": "ok([12, '1', '2'])",
    "an integer that is none": "ok([11, 'zz'])",
    "an integer of a million digits": "ok([11, 'f' * 1_000_000])",
    "an integer too long to print": "ok([11, 'f' * 4096])",
    "a slice of one": "ok([7, 1])",
    "a set of lists": "ok([10, [0]])",
    "a link that is not the first": "ok([3, 'float64', [3, 4], 7, None], BYTES, 1)",
    "a link without a graph": "ok([3, 'float64', [3, 4], 0, None], BYTES, 0)",
    "a graph without links": "ok(None, b'', 5)",
    "a graph that is negative": "ok(TENSOR, right, -1)",
    "a graph that is true": "ok(TENSOR, right, True)",
    "a link of integers": "ok([3, 'int64', [3, 4], 0, None], BYTES, 1)",
    "a parameter of integers": "ok([3, 'int64', [3, 4], -2, None], BYTES)",
    "a gradient of another shape": "ok([3, 'float64', [3, 4], -2, ['float64', [4, 3]]], BYTES * 2)",
    "a change of no argument": "ok(TENSOR, right, 0, [0, [0, 99, None]])",
    "a change of a negative argument": "ok(TENSOR, right, 0, [0, [0, -1, None]])",
    "a change into nothing": "ok(TENSOR, right, 0, [0, [0, 0, None]])",
    "a change into a handle": "ok(TENSOR, right, 0, [0, [0, 0, [6, 1, 'x']]])",
    "a change into zeros": "ok(TENSOR, BYTES * 2, 0, [0, [0, 0, TENSOR]])",
    "changes that are a number": "ok(TENSOR, right, 0, 5)",
    "an error without names": "error([], '', '')",
    "an error of numbers": "error([1, 2], 3, 4)",
    "an error with an empty name": "error([''], '', '')",
    "an error named like ours": "error(['GraderFailure', 'BaseException'], 'x', '')",
    "an error that is a time-out": "error(['WallExpired', 'OSError', 'Exception'], 'x', '')",
    "an error of memory": "error(['MemoryError', 'Exception'], 'x', '')",
    "an error with a long text": "error(['ValueError'], 'x' * 10_000_000, 'y' * 1_000_000)",
    "an error with ten thousand names": "error(['E%d' % i for i in range(10_000)], '', '')",
    "a broken frame, it says": "error(['WireError'], 'x' * 10_000_000, '')",
    "a missing name": "error(['NameMissing'], 'double', '')",
    "a missing name of 10 MB": "error(['NameMissing'], 'x' * 10_000_000, '')",
}  # fmt: skip

SUITE = """
import pytest, torch
from autograder import checks
from autograder.suite import points

@points(1, "Réponse")
@pytest.mark.parametrize("name", {names!r})
def test_reply(student, name):
    x = torch.randn(3, 4, dtype=torch.float64)
    expected = x * 2
    checks.close(checks.tensor(student.double(name, x), shape=(3, 4)), expected, "le double")
"""
RESTORE = "guest.serve = honest_serve\n"


@pytest.fixture(scope="module")
def wire_arena(arena, tmp_path_factory):
    """The tiny course with another suite for ``double``: it asks once for each attack."""
    from tests.courses import make_course

    root = tmp_path_factory.mktemp("wire") / "course"
    course = make_course(root, arena.source, ())
    for exercise in ("triple", "last"):
        path = f"tests/hidden/tp1/test_{exercise}.py"
        write(root / path, (arena.course.root / path).read_text())
    write(root / "tests/hidden/tp1/test_double.py", SUITE.format(names=sorted(ATTACKS)))
    return arena.at(course)


def liar(attacks):
    table = ",\n".join(f"    {name!r}: lambda n, ok, error, right: {code}" for name, code in attacks.items())
    return f"{PRELUDE}\nATTACKS = {{\n{table}\n}}\nguest.serve = serve\n"


@pytest.fixture(scope="module")
def lies(wire_arena):
    """The record of the submission that tells every lie."""
    return wire_arena.grade(double=liar(ATTACKS), triple=RESTORE + wire_arena.right["triple"])


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_lie_on_the_wire_is_a_failed_test(lies, wire_arena, attack):
    verdicts = {v.test.partition("[")[2][:-1]: v for v in wire_arena.exercise(lies, "double").verdicts}
    verdict = verdicts[attack]
    assert verdict.outcome is Outcome.FAILED, verdict
    assert verdict.message
    assert len(verdict.message) < 1000


def test_lies_on_the_wire_earn_nothing_and_cost_no_other_exercise(lies, wire_arena):
    assert wire_arena.scores(lies) == {**wire_arena.most, "double": 0.0}
    assert lies.grade.seconds < 60


# --- Too slow, too late, and without our modules --------------------------------------------------------------

# The raw socket, found among the descriptors of the process that answers, without touching any of our modules.
RAW = """
import os, socket, stat, time
def probe_sockets():
    found = []
    for name in os.listdir('/proc/self/fd'):
        try:
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                sock = socket.socket(fileno=os.dup(int(name)))
                if sock.family == socket.AF_UNIX and sock.type == socket.SOCK_STREAM:
                    found.append(sock)
        except OSError:
            pass
    return found
"""
RAW_ATTACKS = {
    "garbage": "    for s in probe_sockets():\n        s.send(b'garbage' * 100)\n    os._exit(0)",
    "a whole answer of its own, twice": (
        "    import msgpack, struct\n"
        "    for serial in range(1, 9):\n"
        "        head = msgpack.packb([serial, 'ok', [3, 'float64', [3, 4], -1, None], 0, [0]])\n"
        "        for s in probe_sockets():\n"
        "            s.send(struct.pack('<4sIQ', b'TAG1', len(head), 96) + head + bytes(96))\n"
        "    return x + 1"
    ),
    "all sockets closed": "    os.closerange(3, 1000)\n    return x + x",
    "half a frame and the end": "    for s in probe_sockets():\n        s.send(b'TAG1\\x10')\n    os._exit(0)",
}


@pytest.mark.parametrize("attack", RAW_ATTACKS)
def test_raw_bytes_on_the_socket_earn_nothing(arena, attack):
    found = arena.grade(double=f"{RAW}\ndef double(x):\n{RAW_ATTACKS[attack]}\n")
    assert arena.scores(found) == {**arena.most, "double": 0.0}
    assert {v.outcome for v in arena.exercise(found, "double").verdicts} == {Outcome.FAILED}


SLOW_END = "guest.serve = honest_serve\n"
SLOW = """
import autograder.guest as guest, autograder.wire as wire, time
honest_serve = guest.serve
def serve(sock, namespace, bounds=wire.Bounds()):
    server = guest.Server(namespace, bounds)
    while True:
        head, blob = wire.read_frame(sock, bounds)
        answer = server.answer(head, blob)
        if head[1] == "call":
            SLOWLY
        sock.sendall(answer)
guest.serve = serve
def double(x): return x + 1
"""


@pytest.mark.parametrize(
    "slowly",
    [
        "for i in range(1500): sock.sendall(answer[i:i+1] if i < 20 else b'x'); time.sleep(0.02)",
        "sock.sendall(wire.PREFIX.pack(wire.MAGIC, 100, 1 << 29)); time.sleep(30)",
    ],
    ids=["drips byte by byte", "promises half a gigabyte and sleeps"],
)
def test_an_answer_that_comes_too_late_earns_nothing_and_does_not_hold_the_grader(arena, slowly):
    """Who waits without computing may be the victim of a loaded machine: never points, but a human looks."""
    code = SLOW.replace("SLOWLY", slowly)
    found = arena.grade(double=code, triple=SLOW_END + arena.right["triple"], call_wall=1.5)
    assert arena.scores(found)["double"] in (0.0, None)
    assert {k: v for k, v in arena.scores(found).items() if k != "double"} == {"triple": 2.0, "last": 5.0}
    assert found.grade.seconds < 12, "two tests of 1.5 s, and the rest"


def test_an_answer_that_computes_for_ever_fails_by_its_cpu_time(arena):
    endless = SLOW.replace("SLOWLY", "\n            while True: pass")
    found = arena.grade(double=endless, triple=SLOW_END + arena.right["triple"])
    assert arena.scores(found) == {**arena.most, "double": 0.0}
    assert "2 s de calcul" in arena.exercise(found, "double").verdicts[0].message


@pytest.mark.parametrize("length", ["2**61", "2**40", "-1", "10**30", "True", "1.5"])
def test_a_lie_about_a_length_does_not_exhaust_the_grader(length):
    """Without processes: ``list`` asks a handle for its length first, and would believe it."""
    from autograder.errors import ProtocolBroken
    from autograder.probe import local_student

    namespace: dict[str, object] = {}
    exec(
        "class Long:\n    __len__ = None\n    def __iter__(self): return iter(())\nlong = Long()\n",
        namespace,
    )
    student = local_student(namespace)
    server = student._probe.transport.server
    server.operations["len"] = lambda value: eval(length)
    with pytest.raises((ProtocolBroken, TypeError, ValueError)):
        list(student.long)


def test_forged_operation_counts_may_only_fool_the_count(arena):
    """The count is what the guest attests (documented); values that come with it are checked all the same."""
    suite = """
import random, torch
from autograder.suite import gate, points

@gate("Sans addition")
def test_no_addition(student):
    _, called = student.ops(student.double, torch.ones(3))
    assert "aten.add" not in called, "pas d'addition"

@points(1, "Valeurs")
def test_values(student):
    x = torch.randn(3)
    expected = 2 * x
    result, _ = student.ops(student.double, x)
    assert torch.equal(result, expected), "le double"
"""
    forge = """
import autograder.guest as g
def count(f, args, kwargs): return f(*args, **kwargs), COUNTS
def forged(self, *args, honest=g.Server.__init__):
    honest(self, *args)
    self.operations["ops"] = count
g.Server.__init__ = forged
"""
    path = arena.course.hidden("tp1") / "test_double.py"
    honest = path.read_text()
    try:
        path.write_text(suite)
        assert arena.scores(arena.grade())["double"] == 0.0, "an honest guest is caught"
        lied = arena.grade(double=forge.replace("COUNTS", "{}") + arena.right["double"])
        assert arena.scores(lied)["double"] == 3.0, (
            "attested by the guest: this lie is not found by the count"
        )
        wrong = arena.grade(double=forge.replace("COUNTS", "{}") + "def double(x): return x + 1")
        assert arena.scores(wrong)["double"] == 0.0
        for nonsense in ("{'a': -1}", "{1: 2}", "None"):
            found = arena.grade(double=forge.replace("COUNTS", nonsense) + arena.right["double"])
            assert arena.scores(found)["double"] == 0.0, nonsense
            assert {v.outcome for v in arena.exercise(found, "double").verdicts} == {Outcome.FAILED}
    finally:
        path.write_text(honest)
