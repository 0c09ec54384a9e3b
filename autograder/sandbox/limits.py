"""What one guest may use: memory, processes, disk, time, output.

All limits of a guest travel in one value, so that the supervisor, the grader and the report speak of the
same numbers. Which one is enforced where:

* by the kernel, in the guest: ``data_mb``, ``processes``, ``open_files``, ``file_mb``, ``disk_mb``, ``shm_mb``;
* by the supervisor, from outside: ``memory_mb``, over the whole process tree;
* by the grader, who knows cells and calls: the times, ``output_mb`` and ``restarts``.

``data_mb`` comes first in practice: an array that is too large is an ordinary ``MemoryError`` for the student.
The watch over ``memory_mb`` is for what a limit of one process misses (shared maps, many processes).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Limits of one guest; sizes in MiB, times in seconds, every one of them positive."""

    memory_mb: int = 4096
    """Proportional memory of the whole process tree; over it the tree is killed."""
    data_mb: int = 0
    """RLIMIT_DATA of each process, on top of the shared imports; 0 is replaced by ``memory_mb``."""
    processes: int = 256
    """Processes and threads of the guest (RLIMIT_NPROC counts both)."""
    open_files: int = 1024
    file_mb: int = 512
    disk_mb: int = 512
    """Size of the memory file system that holds the work folder and /tmp."""
    shm_mb: int = 512
    cell_cpu: float = 120.0
    cell_wall: float = 900.0
    call_cpu: float = 20.0
    suite_cpu: float = 300.0
    """CPU time of all calls of one exercise's suite together."""
    call_wall: float = 120.0
    suites_wall: float = 3600.0
    """Wall time of all suites of one submission together."""
    check_cpu: float = 60.0
    """CPU time that the grader itself spends on one test: on decoding and checking what the guest answers."""
    notebook_wall: float = 3600.0
    output_mb: int = 10
    restarts: int = 5

    def __post_init__(self) -> None:
        if self.data_mb == 0:
            object.__setattr__(self, "data_mb", self.memory_mb)
        for field in fields(self):
            _check(field.name, getattr(self, field.name), whole=field.type == "int")

    def to_dict(self) -> dict[str, int | float]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """The inverse of ``to_dict``; absent limits take their default, unknown names are refused."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown limit {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        return cls(**values)


def most_entries(disk_mb: int) -> int:
    """Files and folders on a guest's disk of that size: an empty one uses no block, but memory or the host's disk."""
    return 1024 + 64 * disk_mb


def _check(name: str, value: object, *, whole: bool) -> None:
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ValueError(f"limit {name} must be {'an integer' if whole else 'a number'}, not {value!r}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"limit {name} must be positive and finite, not {value!r}")
