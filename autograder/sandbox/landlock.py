"""Landlock: a second barrier for files, which holds even if the mount tree were wrong.

It also closes abstract Unix sockets and signals towards processes outside (from ABI 6). TCP is not handled: the
guest has a network namespace of its own, and ipykernel and torch.distributed need its loopback.

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


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Confine this process to these files and folders, for ever; does nothing where Landlock is absent."""
    if ABI < 1:
        return
    rules = Landlock(strict=False).allow_all_network()
    for paths, folder, file in (
        (readable, _READ, _READ_FILE),
        (writable, _READ | _WRITE, _READ_FILE | _WRITE_FILE),
    ):
        for path in filter(Path.exists, map(Path, paths)):
            rules.add_path_rule(path, access=folder if path.is_dir() else file)
    rules.apply()
