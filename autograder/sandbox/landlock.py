"""Landlock: a second barrier for files, which holds even if the mount tree were wrong.

Where a guest has no namespaces (level LANDLOCK) it is the only one, and closes TCP as well (from ABI 4). Elsewhere
TCP is not handled: the guest has a network namespace of its own, and ipykernel and torch.distributed need its
loopback. From ABI 6 abstract Unix sockets and signals towards processes outside are closed. Memory, environment and
descriptors of processes outside are closed by every ABI, whoever they belong to.

The kernel's part comes from py-landlock. It finds the C library by starting a process, so ``ABI`` is read at
import time, in the forkserver, and not in every guest.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from py_landlock import AccessFs, Landlock, LandlockDisabledError, LandlockNotAvailableError, get_abi_version


def _abi() -> int:
    try:
        return int(get_abi_version())
    except (LandlockNotAvailableError, LandlockDisabledError):
        return 0


ABI = _abi()
"""The version that this kernel speaks; 0 where there is none (no kernel before 5.13, or switched off at boot)."""

TCP, SCOPES = 4, 6
"""The first versions that close TCP, and that keep signals and abstract sockets inside."""

_READ_FILE = AccessFs.READ_FILE | AccessFs.EXECUTE
_READ = _READ_FILE | AccessFs.READ_DIR
_WRITE_FILE = AccessFs.WRITE_FILE | AccessFs.TRUNCATE | AccessFs.IOCTL_DEV
_WRITE = (
    _WRITE_FILE
    | AccessFs.REMOVE_DIR
    | AccessFs.REMOVE_FILE
    | AccessFs.MAKE_DIR
    | AccessFs.MAKE_REG
    | AccessFs.MAKE_SOCK
    | AccessFs.MAKE_FIFO
    | AccessFs.MAKE_SYM
    | AccessFs.REFER
)


def restrict(
    readable: Iterable[str], writable: Iterable[str], listed: Iterable[str] = (), *, tcp: bool = True
) -> None:
    """Confine this process to these files and folders, for ever; does nothing where Landlock is absent.

    Args:
        readable: may be read and executed, with all that lies below.
        writable: may be changed as well.
        listed: folders of which the names may be listed, with all that lies below.
        tcp: whether TCP stays open.
    """
    if ABI < 1:
        return
    rules = Landlock(strict=False)
    if tcp:
        rules.allow_all_network()
    if ABI < SCOPES:
        rules.allow_all_scope()  # there is none, and py-landlock shall not find another version than we do
    for paths, folder, file in (
        (readable, _READ, _READ_FILE),
        (writable, _READ | _WRITE, _READ_FILE | _WRITE_FILE),
        (listed, AccessFs.READ_DIR, AccessFs(0)),
    ):
        for path in filter(Path.exists, map(Path, paths)):
            rules.add_path_rule(path, access=folder if path.is_dir() else file)
    rules.apply()
