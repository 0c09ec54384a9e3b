"""The private folder of a guest that has no mount tree: made, watched and removed from outside.

A guest with namespaces works in a file system of limited size. Without them it works in a folder of the host, whose
size only a watch can bound. The watch counts what lies in the folder and what was removed but is still open. The
guest controls all of it, so nothing here follows a link of it, and what cannot be looked at counts as too much.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from pathlib import Path

from autograder.sandbox import memory
from autograder.sandbox.limits import Limits, most_entries

HOME, SCRATCH = "home", "tmp"
"""The two folders in it: where the notebook runs, and what it finds as its folder for temporary files."""
RESERVE_MB = 256
"""Free space of the host's disk below which a guest is ended, as our failure."""


def make(uid: int) -> str:
    """A new folder, with its two folders for this user in it."""
    folder = tempfile.mkdtemp(prefix="autograder-")
    for name in (HOME, SCRATCH):
        inner = Path(folder, name)
        inner.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(inner, uid, uid)
    os.chmod(folder, 0o711)  # the guest may have another user id: it enters, and changes nothing in it
    return folder


def remove(folder: str) -> None:
    """Remove a folder whose processes have all ended, however deep it is and whatever its folders forbid."""
    with contextlib.suppress(FileNotFoundError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            count = 0
            while names := os.listdir(top):
                for name in names:
                    count = _lift(top, name, count)
        finally:
            os.close(top)
        os.rmdir(folder)


def _lift(top: int, name: str, count: int) -> int:
    """Remove an entry of ``top``; the folders in it become entries of ``top``, so that depth costs no recursion."""
    if not _unlink(top, name):
        os.chmod(name, 0o700, dir_fd=top)  # a folder, not a link: nobody is left who could replace it
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
        try:
            for entry in os.listdir(inner):
                if not _unlink(inner, entry):
                    os.chmod(entry, 0o700, dir_fd=inner)  # moving a folder changes its `..`
                    count += 1
                    os.rename(entry, f".{os.getpid()}-{count}", src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
    return count


def _unlink(folder: int, name: str) -> bool:
    """Remove what is no folder; False for a folder."""
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=folder)
    return True


def nearly_full(folder: str) -> bool:
    """Whether the disk that holds the folder has little left for everybody."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >> 20 < RESERVE_MB


class DiskWatch:
    """Samples what a tree of processes keeps in its folder, less often where a look takes long."""

    _PAUSE = 10  # a look takes at most this share of the time, as its inverse

    def __init__(self, root: int, folder: str, limits: Limits) -> None:
        self.root, self.folder = root, folder
        self._blocks = limits.disk_mb << 11  # of 512 bytes
        self._entries = most_entries(limits.disk_mb)
        self._next = 0.0

    def exceeded(self) -> bool:
        """Take a sample, unless the last one was just now; whether there is too much."""
        started = time.monotonic()
        if started < self._next:
            return False
        try:
            blocks, entries = self._lying()
        except OSError:  # a folder that cannot be listed, or a path that is too long
            return True
        blocks += self._removed()
        self._next = time.monotonic() + self._PAUSE * (time.monotonic() - started)
        return blocks > self._blocks or entries > self._entries

    def _lying(self) -> tuple[int, int]:
        blocks = entries = 0
        todo = [self.folder]
        while todo and entries <= self._entries:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(todo.pop()) as found:
                for entry in found:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    with contextlib.suppress(FileNotFoundError):
                        blocks += entry.stat(follow_symlinks=False).st_blocks
        return blocks, entries

    def _removed(self) -> int:
        """Blocks of files without a name that a process still has open."""
        device, found = os.stat(self.folder).st_dev, {}
        for pid in memory.tree(self.root)[1:]:
            with contextlib.suppress(OSError):  # it ended
                for number in os.listdir(f"/proc/{pid}/fd"):
                    with contextlib.suppress(OSError):
                        file = os.stat(f"/proc/{pid}/fd/{number}")
                        if file.st_nlink == 0 and file.st_dev == device and stat.S_ISREG(file.st_mode):
                            found[file.st_ino] = file.st_blocks
        return sum(found.values())
