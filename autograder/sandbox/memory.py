"""What a tree of processes uses: memory, CPU time, pids. Read from /proc, so no process is disturbed.

Memory is the sum of PSS (a page that n processes share counts 1/n each): guests are forks of one forkserver and
share most of their pages, which RSS would count again for every process. PSS is dear to compute (milliseconds a
process), RSS is free and never smaller, so the watch reads PSS only when RSS leaves room for doubt.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and its descendants, the process first; pids as this process sees them."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children(pid)
    return found


def children(pid: int) -> list[int]:
    """The living children and zombies of a process, of whichever of its threads."""
    result: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            result += map(int, (task / "children").read_text().split())
    except OSError:  # it ended meanwhile
        pass
    return result


def pss_mb(pids: Iterable[int]) -> int:
    """Proportional memory of these processes, in MiB; a process that ended counts nothing."""
    return sum(_pss_kb(pid) for pid in pids) // 1024


def rss_mb(pids: Iterable[int]) -> int:
    """Resident memory of these processes, in MiB: at least their proportional memory."""
    return sum(_rss_kb(pid) for pid in pids) // 1024


def _pss_kb(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (
        PermissionError
    ):  # a guest of this user can hide its maps (PR_SET_DUMPABLE), but gains nothing by it
        return _rss_kb(pid)
    except OSError:
        return 0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _rss_kb(pid: int) -> int:
    values = _read(f"/proc/{pid}/statm").split()
    return int(values[1]) * _PAGE_KB if values else 0


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of these processes and of the children that they have reaped."""
    return sum(map(_ticks, pids)) / _TICKS


def _ticks(pid: int) -> int:
    # The name in parentheses may hold spaces and parentheses; user, system and both of reaped children follow.
    after_name = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, after_name[11:15]))


def pid_inside(pid: int) -> int | None:
    """The pid of a process in its own pid namespace; ``None`` when it ended."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # it ended
        return ""


class MemoryWatch:
    """Samples the memory of a tree against a limit; cheap while the tree is small or idle.

    The root itself, the trusted pid 1, counts for CPU time (it inherits that of orphans) but not for memory.
    """

    def __init__(self, root: int, limit_mb: int) -> None:
        self.root, self.limit_mb = root, limit_mb
        self.peak_mb = 0
        """The largest sample so far."""
        self._last_cpu = -1.0
        self._ticks_without_pss = 0

    def exceeded(self) -> bool:
        """Take a sample; whether the tree holds more than its limit."""
        root, *pids = tree(self.root)
        cpu = cpu_seconds([root, *pids])
        if cpu == self._last_cpu:  # nothing ran, so nothing was touched
            return False
        self._ticks_without_pss += 1
        # Far below the limit PSS serves the peak only, which may be coarse.
        if rss_mb(pids) <= self.limit_mb and self._ticks_without_pss < 10:
            return False
        self._ticks_without_pss, self._last_cpu = 0, cpu
        used = pss_mb(pids)
        self.peak_mb = max(self.peak_mb, used)
        return used > self.limit_mb
