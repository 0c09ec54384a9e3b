"""What answers a suite inside the process that holds the student's objects.

A ``Server`` keeps a namespace (the notebook's) and a table of numbered objects. It takes one frame, performs one
operation on real Python objects and returns one frame. It knows nothing of sockets, suites or grades, and holds no
secret: student code may read and change all of it. Whatever it answers is only a value, checked on the other side.

``serve`` puts it behind a socket (in the sandbox); a local check calls ``Server.answer`` directly.
"""

from __future__ import annotations

import builtins
import importlib
import os
import random
import socket
import traceback
from collections import Counter
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from autograder import standins
from autograder.gpu import VISIBLE
from autograder.raised import LINE
from autograder.wire import Bounds, Decoder, Encoder, WireError, pack, raw_bytes, read_frame

TEXT = 2000  # characters of a message that are worth sending
QUIET = "AUTOGRADER_QUIET"  # set where a notebook's own check("...") calls must do nothing
END = object()


class Reference:
    """A request to keep the result of an operation here and send its number."""

    def __init__(self, value: object) -> None:
        self.value = value


class OperationCounter(TorchDispatchMode):
    """Counts the operations that reach torch's dispatcher, by name without overload: ``aten.convolution``."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        self.counts[func._schema.name.replace("::", ".")] += 1
        return func(*args, **(kwargs or {}))


class Server:
    """Performs requests on the objects of ``namespace``.

    Args:
        namespace: the notebook's names.
        bounds: what a frame may hold, in both directions.
    """

    def __init__(self, namespace: MutableMapping[str, Any], bounds: Bounds = Bounds()) -> None:
        self.namespace, self.bounds = namespace, bounds
        self.interruptible = (
            False  # in the student's own process Ctrl-C is the student's, and stops the check
        )
        self.objects: dict[int, object] = {}
        self.numbers: dict[int, int] = {}  # id of a kept object -> its number, so that identity can be asked
        self.sent: Counter[int] = Counter()  # handles of each number that the other side holds
        self.graphs: dict[int, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}
        self.next = 1
        self.operations: dict[str, Callable[..., object]] = {
            "get": self._get,
            "names": self._names,
            "call": _call,
            "keep": lambda value: Reference(value),
            "handle": lambda f, args, kwargs: Reference(_call(f, args, kwargs)),
            "attr": getattr,
            "setattr": setattr,
            "item": lambda value, key: value[key],
            "setitem": _set_item,
            "len": len,
            "iter": lambda value: Reference(iter(value)),
            "next": _next,
            "at": _import,
            "make": lambda name, args, kwargs: Reference(getattr(standins, name)(*args, **kwargs)),
            "ops": _count_operations,
            "seed": seed_streams,
            "run_cell": _run_cell,
        }

    def answer(self, head: Any, blob: bytearray) -> bytes:
        """The frame that answers the request ``head`` with its raw bytes ``blob``."""
        serial: object = None
        try:
            serial, operation, body, grad_mode, dropped_objects, dropped_graphs = head
            self._forget(dropped_objects, dropped_graphs)
            return self._perform(serial, operation, body, bool(grad_mode), blob)
        except KeyboardInterrupt as error:
            if self.interruptible:
                raise
            return pack([serial, "error", *describe(error)], [])
        except BaseException as error:  # whatever student code raises is an answer, SystemExit included
            return pack([serial, "error", *describe(error)], [])

    def _forget(self, objects: Sequence[int], graphs: Sequence[int]) -> None:
        for number in objects:
            self.sent[number] -= 1
            if self.sent[number] <= 0:
                del self.sent[number]
                self.numbers.pop(id(self.objects.pop(number, None)), None)
        for number in graphs:
            self.graphs.pop(number, None)

    def _perform(self, serial: object, operation: str, body: Any, grad_mode: bool, blob: bytearray) -> bytes:
        decoder = Decoder(blob, lambda fields: self.objects[fields[0]], self.bounds)
        arguments = decoder.decode(body)
        inputs = [tensor.requires_grad_(grad_mode) for _, tensor in sorted(decoder.linked, key=_first)]
        before = [_copy(value) for value in decoder.by_value]
        with torch.set_grad_enabled(grad_mode):
            if operation == "vjp":
                result: object = self._vjp(*arguments)
            else:
                result = self.operations[operation](*arguments)
        changed = [
            [index, value.detach() if isinstance(value, torch.Tensor) else value]
            for index, (value, old) in enumerate(zip(decoder.by_value, before, strict=True))
            if _differs(value, old)
        ]
        return self._reply(serial, result, changed, inputs)

    def _reply(self, serial: object, result: object, changed: object, inputs: list[torch.Tensor]) -> bytes:
        encoder = Encoder(self._keep, leaves=True, inputs=tuple(inputs), bounds=self.bounds)
        body = encoder.handle(result.value) if isinstance(result, Reference) else encoder.encode(result)
        linked = list(encoder.out.linked)
        mirror = encoder.encode(changed)
        graph = 0
        if linked and torch.is_grad_enabled():
            graph = self.next
            self.next += 1
            self.graphs[graph] = (inputs, linked)
        return pack([serial, "ok", body, graph, mirror], encoder.out.blobs, self.bounds)

    def _keep(self, value: object) -> list[Any]:
        number = self.numbers.get(id(value))
        if number is None:
            number = self.next
            self.next += 1
            self.objects[number] = value
            self.numbers[id(value)] = number
        self.sent[number] += 1
        return [number, type(value).__name__[:200]]

    def _get(self, name: str) -> object:
        if name not in self.namespace:
            raise _Missing(name)
        return self.namespace[name]

    def _names(self) -> list[str]:
        return [name for name in list(self.namespace) if isinstance(name, str) and not name.startswith("_")][
            :1000
        ]

    def _vjp(self, graph: int, cotangents: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """Vector-Jacobian product of a call's outputs for its inputs; parameters accumulate their ``.grad``."""
        inputs, outputs = self.graphs[graph]
        pairs = [(out, v) for out, v in zip(outputs, cotangents, strict=True) if v is not None]
        for tensor in inputs:
            tensor.grad = None
        torch.autograd.backward([out for out, _ in pairs], [v for _, v in pairs], retain_graph=True)
        return [tensor.grad for tensor in inputs]


class _Missing(Exception):
    """The namespace has no such name."""


def _first(pair: tuple[int, object]) -> int:
    return pair[0]


def _call(f: Any, args: Sequence[object], kwargs: dict[str, object]) -> object:
    return f(*args, **kwargs)


def _set_item(value: Any, key: object, item: object) -> None:
    value[key] = item


def _next(iterator: Any) -> tuple[object, ...]:
    item = next(iterator, END)
    return () if item is END else (item,)


def _run_cell(text: str) -> list[Any]:
    """Run a cell of the notebook once more; what it raised, as ``describe`` says it."""
    from IPython import get_ipython

    done = get_ipython().run_cell(text)
    error = done.error_before_exec or done.error_in_exec
    return [] if error is None else describe(error)


def _import(path: str) -> Reference:
    """The object at ``package.module.attribute``, here."""
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        with suppress(ModuleNotFoundError):
            value: object = importlib.import_module(".".join(parts[:cut]))
            for name in parts[cut:]:
                value = getattr(value, name)
            return Reference(value)
    raise ModuleNotFoundError(path)


def _count_operations(
    f: Any, args: Sequence[object], kwargs: dict[str, object]
) -> tuple[object, dict[str, int]]:
    with OperationCounter() as counter:
        result = f(*args, **kwargs)
    return result, dict(counter.counts)


def seed_streams(seed: int) -> None:
    """Start the random streams of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed formats a stack for CUDA each time (3 ms)
    if torch.cuda.is_initialized() or os.environ.get(VISIBLE):
        torch.cuda.manual_seed_all(seed)  # once CUDA is initialised


def use_gpu(gpu: str, share: float) -> None:
    """From now on torch finds this GPU and no other, and its allocator takes no more than this share of the memory.

    CUDA stays uninitialised, so that forks of this process may still use it. Nothing holds student code to it: it may
    take a larger share, at the cost of a neighbour, who is graded again alone.
    """
    os.environ[VISIBLE] = gpu  # read when CUDA is initialised
    torch.cuda._lazy_call(lambda: torch.cuda.set_per_process_memory_fraction(share))


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value.copy()


def _differs(value: Any, old: Any) -> bool:
    """Whether the bytes of an argument changed: through ``.data`` and NumPy no version counter would tell."""
    if value.shape != old.shape or value.dtype != old.dtype:
        return True
    if isinstance(value, torch.Tensor):
        return raw_bytes(value) != raw_bytes(old)
    return bool(value.tobytes() != old.tobytes())


def describe(error: BaseException) -> list[Any]:
    """An exception as plain values: names of its classes, its text, and where student code raised it."""
    if isinstance(error, _Missing):
        return [["NameMissing"], str(error.args[0])[:TEXT], ""]
    if isinstance(error, WireError):
        return [["WireError"], str(error)[:TEXT], ""]
    names = [_sendable(cls.__name__[:200]) for cls in type(error).__mro__ if issubclass(cls, BaseException)]
    try:
        text = str(error)[:TEXT]
    except BaseException:
        text = ""
    return [names[:20], _sendable(text), _sendable(_place(error))]


def _sendable(text: str) -> str:
    """``text`` without lone surrogates, which no frame can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _place(error: BaseException) -> str:
    """``ligne 3 de softmax : `return x / 0` `` for the innermost line that stands in a notebook cell."""
    with suppress(Exception):
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if "ipykernel_" in frame.filename or frame.filename.startswith("<"):
                where = "" if frame.name.startswith("<") else f" de `{frame.name}`"
                code = f" : `{frame.line.strip()[:LINE]}`" if frame.line else ""
                return f"ligne {frame.lineno}{where}{code}"
    return ""


def builtin_bases(names: Sequence[str]) -> tuple[type[Exception], ...]:
    """The most derived builtin exception among class names, so that ``pytest.raises(ValueError)`` works."""
    forbidden = (
        StopIteration,
        StopAsyncIteration,
    )  # raised inside a generator they would become something else
    for name in names:
        base = getattr(builtins, name, None)
        if isinstance(base, type) and issubclass(base, Exception) and not issubclass(base, forbidden):
            return () if base is Exception else (base,)
    return ()


def serve(sock: socket.socket, namespace: MutableMapping[str, Any], bounds: Bounds = Bounds()) -> None:
    """Answer frames on ``sock`` until the peer closes it."""
    server = Server(namespace, bounds)
    while True:
        try:
            head, blob = read_frame(sock, bounds)
        except (EOFError, ConnectionError):
            return
        sock.sendall(server.answer(head, blob))
