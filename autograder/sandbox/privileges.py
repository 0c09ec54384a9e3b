"""Which user a guest is, and how a process gives up for ever what it could do."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
from pathlib import Path

from autograder.sandbox.limits import Limits
from autograder.sandbox.syscalls import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAP_AMBIENT_RAISE,
    PR_CAPBSET_DROP,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    call,
    prctl,
)

_CAPABILITY_VERSION_3 = 0x20080522
_READ_ANYTHING = 2  # CAP_DAC_READ_SEARCH
_FIRST_UID = 100_000
_FEW_UIDS = 20_000, 40_000  # first and count, inside a container that has only the classic 65536 ids


def unused_uid(pid: int) -> int:
    """A user id that no other living guest has: derived from the pid of its supervisor, which outlives it.

    RLIMIT_NPROC counts by user, and one user's processes may signal each other, hence one user a guest.
    A container may own few ids; there two guests could share one (they still do not see each other).
    """
    if _is_mapped(_FIRST_UID + pid):
        return _FIRST_UID + pid
    first, count = _FEW_UIDS
    return first + pid % count


def _is_mapped(uid: int) -> bool:
    ranges = (map(int, line.split()) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return any(first <= uid < first + count for first, _, count in ranges)


def become(uid: int) -> None:
    """Take a user id and the group of the same number, with no other group."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def become_reader(uid: int) -> None:
    """``become`` a user who reads what any user may read; for ever, and so does every program it starts.

    For who holds that right and is confined by Landlock, where Python lies in a folder that only root may enter.
    """
    drop_bounding_set(_READ_ANYTHING)
    if os.geteuid() == 0:
        prctl(PR_SET_KEEPCAPS, 1)
        become(uid)
    _keep_capabilities(1 << _READ_ANYTHING)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, _READ_ANYTHING)


def reads_anything() -> bool:
    """Whether this process may read every file, as root does."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return bool(int(fields["CapEff"], 16) >> _READ_ANYTHING & 1)


def drop_bounding_set(kept: int | None = None) -> None:
    """No program that is started later can give a capability back. Needs CAP_SETPCAP, so it comes first."""
    for capability in range(64):
        try:
            if capability != kept:
                prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the last capability that this kernel knows
    with contextlib.suppress(OSError):
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def drop_capabilities() -> None:
    """Leave this process without any capability, and every program it starts without a way to gain one."""
    _keep_capabilities(0)


def _keep_capabilities(low: int) -> None:
    header = struct.pack("II", _CAPABILITY_VERSION_3, 0)
    call("capset", header, struct.pack("6I", low, low, low, 0, 0, 0))
    prctl(PR_SET_NO_NEW_PRIVS, 1)


SPARE_FILES = 32
"""Open files below the hard limit that the guest's own code must ask for: a notebook that uses up all others can
still be forked for its exercises."""


def set_resource_limits(limits: Limits, neighbours: int = 0) -> None:
    """The limits that the kernel enforces for each process (and, for processes, each user).

    ``data_mb`` counts from here: what the forkserver imported (a gigabyte for torch with CUDA) is no student's.
    ``neighbours`` are the processes and threads of the same user that are not the guest's.
    """
    wanted = {
        resource.RLIMIT_DATA: data_now() + (limits.data_mb << 20),
        resource.RLIMIT_FSIZE: limits.file_mb << 20,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes + neighbours,
        resource.RLIMIT_CORE: 1,  # not 0, at which a core handler such as apport would still get the whole memory
    }
    for name, value in wanted.items():
        hard = resource.getrlimit(name)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        spare = min(SPARE_FILES, limit // 2) if name == resource.RLIMIT_NOFILE else 0
        resource.setrlimit(name, (limit - spare, limit))


def tasks_of_user(uid: int) -> int:
    """Processes and threads of a user, as RLIMIT_NPROC counts them."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if _real_uid(name) == uid:  # not the folder's owner: that is root where memory is hidden
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _real_uid(pid: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Uid:"))


def volunteer_for_oom() -> None:
    """When the machine runs out of memory, a guest shall die, not a grader."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def data_now() -> int:
    """Bytes that this process already holds of what RLIMIT_DATA counts."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    return pages * resource.getpagesize()
