"""Guests as Jupyter kernels: the provisioner behind which stock nbclient drives a confined fork.

The kernel's sockets are files in the guest's own tmpfs, reached through a descriptor of its folder: no port, no folder
of the host that a guest could fill, no file with the connection's key.

Registered as the kernel provisioner ``autograder-guest``; the grader uses it through ``GuestKernelManager``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import stat
from collections.abc import Callable
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase

from autograder.sandbox.limits import most_entries
from autograder.sandbox.supervisor import Guest

SOCKETS = ".kernel"  # folder of the kernel's sockets in the guest's home
PORTS = {name: number for number, name in enumerate(("shell", "iopub", "stdin", "hb", "control"), 1)}
PATIENCE = 60.0  # seconds for a fork to confine itself: generous, the host may be loaded

RESERVE = 0.25  # of its disk that a submission's own files leave to a guest
BLOCK = 4096  # bytes

Launcher = Callable[[dict[str, Any], int], Guest]


class GuestSpecs(KernelSpecManager):  # type: ignore[misc]
    """One kernel spec, not read from any file: ours."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=["guest"],
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "autograder-guest"}},
        )


class GuestKernelManager(AsyncKernelManager):  # type: ignore[misc]
    """A kernel manager whose kernels are guests.

    Args:
        launcher: called with the kernel's connection and the guest's end of the bridge.
    """

    def __init__(self, launcher: Launcher, **kwargs: Any) -> None:
        super().__init__(kernel_spec_manager=GuestSpecs(), transport="ipc", **kwargs)
        self.launcher = launcher

    def write_connection_file(self, **_: object) -> None:
        """The key stays in memory."""

    @property
    def guest(self) -> Guest:
        guest: Guest = self.provisioner.guest
        return guest

    @property
    def bridge(self) -> socket.socket:
        bridge: socket.socket = self.provisioner.bridge
        return bridge


class GuestProvisioner(KernelProvisionerBase):  # type: ignore[misc]
    """Starts, signals and ends one guest."""

    guest: Guest | None = None
    bridge: socket.socket | None = None
    ended: dict[str, Any] | None = None

    @property
    def has_process(self) -> bool:
        return self.guest is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager: GuestKernelManager = self.parent
        connection = {
            "transport": "ipc",
            "ip": f"{SOCKETS}/k",
            "key": manager.session.key.decode(),
            "signature_scheme": manager.session.signature_scheme,
            **{f"{name}_port": number for name, number in PORTS.items()},
        }
        self.bridge, theirs = socket.socketpair()
        with theirs:
            self.guest = manager.launcher(connection, theirs.fileno())
            await asyncio.to_thread(self.guest.wait_ready, PATIENCE)
        self.ended = None
        manager.ip = f"/proc/self/fd/{self.guest.work}/{SOCKETS}/k"
        for name, number in PORTS.items():
            setattr(manager, f"{name}_port", number)
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=["guest"], **kwargs)  # type: ignore[no-any-return]

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        return self.connection_info

    async def poll(self) -> int | None:
        if self.guest is None:
            return 0
        self.ended = self.ended or self.guest.poll()
        return None if self.ended is None else int(self.ended.get("code") or 0)

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.01)
        return code

    async def send_signal(self, signum: int) -> None:
        if self.guest is None:
            return
        if signum == signal.SIGKILL:
            self.guest.kill_main()
        else:
            self.guest.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Snapshots may outlive the kernel: whoever holds the guest closes it."""
        if self.bridge is not None:
            self.bridge.close()
            self.bridge = None


def put_files(guest: Guest, folder: str, disk_mb: int) -> list[str]:
    """Copy the files of ``folder`` (no links, no special files) into the guest's home before anything runs there.

    Returns what was left out and why: on a disk that is full no notebook runs, so a part of it stays free. ``disk_mb``
    is the guest's limit, which is not that of the file system where it has a folder of the host's.
    """
    home = f"/proc/self/fd/{guest.work}"
    room = _Room(home, disk_mb)
    left_out: list[str] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        inner = os.path.relpath(parent, folder)
        for name in (*folders, *names):
            try:
                _put(os.path.join(parent, name), os.path.join(home, inner, name), room)
            except OSError as error:
                left_out.append(f"{os.path.normpath(os.path.join(inner, name))} ({error.strerror})")
    return left_out


class _Room:
    """What a submission's own files may take of a guest's disk."""

    def __init__(self, home: str, disk_mb: int) -> None:
        self.home = home
        self.blocks = int((1 - RESERVE) * disk_mb * (1 << 20) / BLOCK)
        self.entries = int((1 - RESERVE) * most_entries(disk_mb))

    def take(self, size: int) -> None:
        """Raises OSError where a file of that size leaves too little."""
        blocks, disk = -(-size // BLOCK), os.statvfs(self.home)
        free = (disk.f_bavail - RESERVE * disk.f_blocks) * disk.f_frsize
        full = size > free or disk.f_favail < RESERVE * disk.f_files
        if full or blocks > self.blocks or not self.entries:
            raise OSError(errno.ENOSPC, "no room on its disk")
        self.blocks -= blocks
        self.entries -= 1


def _put(source: str, target: str, room: _Room) -> None:
    """Copy one file or make one folder; raises OSError."""
    status = os.lstat(source)
    if stat.S_ISSOCK(status.st_mode):  # on a cluster's worker: a file that nobody could read
        raise OSError(errno.ENXIO, "it cannot be read")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return
    room.take(status.st_size)
    if stat.S_ISDIR(status.st_mode):
        os.makedirs(target, exist_ok=True)
        os.chmod(target, 0o777)
    else:
        copy_file(source, target)


def copy_file(source: str, target: str) -> None:
    """Copy bytes; the guest may change its copy."""
    with open(source, "rb") as read, open(target, "wb") as write:
        while chunk := read.read(1 << 20):
            write.write(chunk)
    os.chmod(target, 0o666)
