"""What a tree of processes uses: memory, CPU time, pids. Read from /proc, so no process is disturbed.

Memory is the sum of PSS (a page that n processes share counts 1/n each): guests are forks of one forkserver and
share most of their pages, which RSS would count again for every process. PSS is dear to compute (10 ms a process
that has imported torch), so the watch reads it only when cheaper numbers leave room for doubt.
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
    tasks = f"/proc/{pid}/task"
    try:
        for task in os.listdir(tasks):  # no Path: a guest is looked at a hundred times
            with open(f"{tasks}/{task}/children") as names:
                result += map(int, names.read().split())
    except OSError:  # it ended meanwhile
        pass
    return result


def tasks(pids: Iterable[int]) -> int:
    """Processes and threads; a process that ended counts nothing."""
    return sum(_tasks(pid) for pid in pids)


def _tasks(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


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
            return int(line.split()[1]) + _status_kb(pid, "VmPTE")
    return 0


def _rss_kb(pid: int) -> int:
    return _status_kb(pid, "VmRSS", "VmPTE")


def _status_kb(pid: int, *names: str) -> int:
    """What the kernel counts under ``names`` together.

    VmPTE are page tables: a process that reads one byte in each 2 MB of a mapping of zeros takes memory for them alone.
    """
    lines = (line.split() for line in _read(f"/proc/{pid}/status").splitlines())
    return sum(int(line[1]) for line in lines if line and line[0].rstrip(":") in names)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of these processes and of the children that they have reaped."""
    return sum(map(_ticks, pids)) / _TICKS


def _ticks(pid: int) -> int:
    return sum(map(int, _stat(pid)[11:15]))  # user, system, and both of the reaped children


def _faults(pid: int) -> int:
    return sum(map(int, _stat(pid)[7:10:2]))  # minor and major


def _stat(pid: int) -> list[str]:
    # The name, in parentheses, may itself hold spaces and parentheses.
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


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

    Between two measures of PSS it keeps an upper bound: memory grows by pages that appear (RSS) and by shared pages
    that are written and so copied (each a page fault). PSS is measured when the bound passes the limit, and now
    and then when it passes the peak. The root itself, the trusted pid 1, is left out.
    """

    _REFRESH = 20  # samples between two measures that only serve the peak

    def __init__(self, root: int, limit_mb: int) -> None:
        self.root, self.limit_mb = root, limit_mb
        self.peak_mb = 0
        """The largest measure so far."""
        self._measured_mb = 0
        self._then: dict[int, tuple[int, int]] = {}
        self._samples = 0

    def exceeded(self) -> bool:
        """Take a sample; whether the tree holds more than its limit."""
        pids = tree(self.root)[1:]
        now = {pid: (_rss_kb(pid), _faults(pid)) for pid in pids}
        bound = self._measured_mb + sum(self._growth_kb(pid, *usage) for pid, usage in now.items()) // 1024
        self._samples += 1
        if bound <= self.limit_mb and (bound <= self.peak_mb or self._samples < self._REFRESH):
            return False
        self._measured_mb, self._then, self._samples = pss_mb(pids), now, 0
        self.peak_mb = max(self.peak_mb, self._measured_mb)
        return self._measured_mb > self.limit_mb

    def _growth_kb(self, pid: int, rss_kb: int, faults: int) -> int:
        rss_then, faults_then = self._then.get(pid, (0, 0))
        return max(0, rss_kb - rss_then) + max(0, faults - faults_then) * _PAGE_KB
