"""GPUs that submissions share: a slot is one GPU and the share of its memory that a guest may take.

Nothing here initialises CUDA, nor imports torch: the processes that give slots away only count device nodes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CPU", "CUDA", "GpuSlot", "GpuSlots", "grade_on", "graded_on", "out_of_memory", "visible_gpus"]

CPU, CUDA = "cpu", "cuda"
VISIBLE = "CUDA_VISIBLE_DEVICES"
CONTEXTS = (
    0.1  # of a GPU's memory: what CUDA takes itself for each process, which torch's allocator does not count
)
EXHAUSTED = "OutOfMemoryError"
SIGNS = (  # in the text of the errors of CUDA and its libraries
    *("out of memory", "ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED", "CUDNN_STATUS_NOT_INITIALIZED"),
    "unable to find an engine",
)


@dataclass(frozen=True)
class GpuSlot:
    """Where a guest computes.

    Attributes:
        gpu: its GPU, as CUDA_VISIBLE_DEVICES names it: an index or a UUID.
        share: what it may take of the GPU's memory, in ]0, 1].
    """

    gpu: str
    share: float


def visible_gpus(nodes: Path = Path("/dev"), environment: Mapping[str, str] = os.environ) -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; without it all that have a node."""
    present = [path for path in nodes.glob("nvidia*") if path.name.removeprefix("nvidia").isdigit()]
    named = environment.get(VISIBLE)
    if named is None or not present:
        return [str(index) for index in range(len(present))]
    found: list[str] = []
    for name in (part.strip() for part in named.split(",")):
        if not (
            name.isdigit() or name.startswith(("GPU-", "MIG-"))
        ):  # CUDA sees none behind one that it cannot have
            break
        found.append(name)
    return found


class GpuSlots:
    """The slots of this process's GPUs, for threads that grade.

    Args:
        gpus: their names.
        each: submissions that may share one.
    """

    def __init__(self, gpus: Sequence[str], each: int) -> None:
        self.each = each
        self._free = dict.fromkeys(gpus, each)
        self._changed = threading.Condition()

    @property
    def gpus(self) -> list[str]:
        return list(self._free)

    def __len__(self) -> int:
        return self.each * len(self._free)

    @contextmanager
    def slot(self) -> Iterator[GpuSlot]:
        """Hold a slot of the GPU that has most of them free; waits for one."""
        with self._held(1) as gpu:
            yield GpuSlot(gpu, (1 - CONTEXTS) / self.each)

    @contextmanager
    def whole(self) -> Iterator[GpuSlot]:
        """Hold all slots of one GPU; waits until it is free of others."""
        with self._held(self.each) as gpu:
            yield GpuSlot(gpu, 1.0)

    @contextmanager
    def _held(self, count: int) -> Iterator[str]:
        with self._changed:
            self._changed.wait_for(lambda: max(self._free.values()) >= count)
            gpu = max(self._free, key=lambda name: self._free[name])
            self._free[gpu] -= count
        try:
            yield gpu
        finally:
            with self._changed:
                self._free[gpu] += count
                self._changed.notify_all()


def out_of_memory(kind: str, text: str) -> bool:
    """Whether an error of student code says that a GPU's memory was not enough: its class's name, and its text."""
    return kind == EXHAUSTED or any(sign in text for sign in SIGNS)


_graded_on = ""


def grade_on(kind: str) -> None:
    """Say on which class of device this process, a grader, has its submission computed."""
    global _graded_on
    _graded_on = kind


def graded_on() -> str:
    """That class of device, "cpu" or "cuda"; empty where nobody grades, as under plain pytest."""
    return _graded_on
