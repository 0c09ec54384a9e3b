"""What this host can enforce, as plain data; who prints it is elsewhere."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import confinement, landlock
from autograder.sandbox.confinement import Level

_ENOUGH_SHM_MB = 512


@dataclass(frozen=True)
class Finding:
    """One property of the host."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do where ``ok`` is False."""


def examine() -> list[Finding]:
    """Every finding, the level that follows from them last."""
    probes: list[Callable[[], Finding]] = [
        _kernel,
        _root,
        _user_namespaces,
        _landlock,
        _reduced,
        _seccomp,
        _cgroup,
        _shm,
        _level,
    ]
    return [probe() for probe in probes] if sys.platform == "linux" else [_kernel(), _level()]


def _kernel() -> Finding:
    if sys.platform != "linux":
        return Finding(
            "kernel", False, sys.platform, "Guests are confined on Linux only; grade in a container or a VM."
        )
    release = platform.release()
    numbers = re.findall(r"\d+", release)[:2]
    return Finding(
        "kernel",
        [int(number) for number in numbers] >= [5, 12],
        f"Linux {release} on {platform.machine()}",
        "Read-only trees need Linux 5.12 or newer.",
    )


def _root() -> Finding:
    missing = confinement.weakness(Level.FULL)
    return Finding(
        "root", missing is None, missing or "can make every namespace", confinement.ADVICE[Level.FULL]
    )


def _user_namespaces() -> Finding:
    missing = confinement.weakness(Level.USERNS)
    return Finding("user namespaces", missing is None, missing or "allowed", confinement.ADVICE[Level.USERNS])


def _landlock() -> Finding:
    detail = f"ABI {landlock.ABI}" if landlock.ABI else "absent"
    advice = "Boot Linux 5.13 or newer with lsm=landlock,...; without it the mount tree is the only barrier."
    return Finding("Landlock", landlock.ABI > 0, detail, advice)


def _reduced() -> Finding:
    """The level without namespaces: what it enforces here, and what is left to a filter or a watch."""
    missing = confinement.weakness(Level.LANDLOCK)
    if missing is not None:
        return Finding("without namespaces", False, missing, confinement.ADVICE[Level.LANDLOCK])
    by_filter = ["UDP, path sockets, mode bits"]
    by_filter += ["TCP"] * (landlock.ABI < landlock.TCP)
    by_filter += ["signals, abstract sockets"] * (landlock.ABI < landlock.SCOPES)
    detail = (
        f"reduced: files by Landlock; by seccomp alone: {', '.join(by_filter)}; disk and processes by a watch"
    )
    return Finding("without namespaces", True, detail)


def _seccomp() -> Finding:
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    ok = actions.exists() and "errno" in actions.read_text()
    return Finding(
        "seccomp", ok, "filters allowed" if ok else "absent", "Use a kernel with CONFIG_SECCOMP_FILTER."
    )


def _cgroup() -> Finding:
    """The toolkit watches memory by itself; a group of the whole grading run is a good second line."""
    controllers = Path("/sys/fs/cgroup/cgroup.controllers")
    second = controllers.exists() and "memory" in controllers.read_text().split()
    first = Path("/sys/fs/cgroup/memory").is_dir()
    detail = "version 2" if second else "version 1" if first else "no memory controller"
    return Finding(
        "cgroup memory",
        second or first,
        detail,
        "The memory watch works without; limit the container or VM as well.",
    )


def _shm() -> Finding:
    """Guests get a /dev/shm of their own; this one is for the grader's side."""
    free_mb = shutil.disk_usage("/dev/shm").free >> 20 if Path("/dev/shm").is_dir() else 0
    return Finding(
        "/dev/shm", free_mb >= _ENOUGH_SHM_MB, f"{free_mb} MiB free", "In a container: --shm-size=1g or more."
    )


def _level() -> Finding:
    best = confinement.best_level()
    advice = "Nothing confines guests here: grade elsewhere, or accept the risk with --level none."
    if best is Level.LANDLOCK:
        return Finding("level", True, f"{best.value} (reduced: {confinement.REDUCED})")
    return Finding("level", best is not Level.NONE, best.value, advice)
