"""A guest's own view of the machine: user, process, network and mount namespaces, and its file system.

The tree a guest sees is a fresh tmpfs, read-only in the end, that holds read-only binds of named folders, a fresh
/proc, a few devices, and one size-limited tmpfs for both /home/student and /tmp. The host's tree is detached:
there is no path to it, rather than a rule against it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autograder.sandbox.folders import DEVICES, plan
from autograder.sandbox.limits import Limits, most_entries
from autograder.sandbox.syscalls import call

HOME = "/home/student"
STUDENT = 1000
"""The student's user id inside a user namespace."""

NEW_MOUNTS, NEW_UTS, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000

_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_AT_FDCWD, _AT_RECURSIVE, _DETACH = -100, 0x8000, 2
_OLD, _NEW = "/old", "/new"


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones."""
    call("unshare", flags)


def enter_user_namespace(uid: int) -> None:
    """Move this process into a new user namespace in which it may build the others.

    An unprivileged user becomes STUDENT in it, which is the only identity that the kernel lets it map: the
    guest has the outer identity of who grades. Root maps two: itself, as root, to build the tree (folders that
    only root can read stay usable), and STUDENT to the unprivileged ``uid``, which the guest becomes.
    """
    if os.geteuid() != 0:
        own_uid, own_gid = os.geteuid(), os.getegid()
        unshare(NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")  # the kernel asks for it before a group can be mapped
        _map(os.getpid(), [(STUDENT, own_uid)], [(STUDENT, own_gid)])
        return
    # Two identities can only be mapped from outside, so a child stays there until it is told to write the map.
    ready, go = os.pipe()
    me, child = os.getpid(), os.fork()
    if child == 0:
        _map_when_told(ready, go, me, [(0, 0), (STUDENT, uid)])
    unshare(NEW_USER)
    os.close(ready)
    os.write(go, b"!")
    os.close(go)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("the user map could not be written")


def _map_when_told(ready: int, go: int, pid: int, identities: list[tuple[int, int]]) -> None:
    """The child's part; never returns."""
    code = 1
    try:
        os.close(go)
        if os.read(ready, 1):
            _map(pid, identities, identities)
            code = 0
    finally:
        os._exit(code)


def _map(pid: int, uids: Iterable[tuple[int, int]], gids: Iterable[tuple[int, int]]) -> None:
    for name, pairs in (("uid_map", uids), ("gid_map", gids)):
        Path(f"/proc/{pid}/{name}").write_text("".join(f"{inner} {outer} 1\n" for inner, outer in pairs))


def isolate_rest() -> None:
    """New mount, IPC, host name and network namespaces; the network has a loopback and nothing else."""
    unshare(NEW_MOUNTS | NEW_IPC | NEW_UTS | NEW_NET)
    socket.sethostname("guest")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = struct.pack("16sH14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(any_socket, 0x8914, up_and_running)  # SIOCSIFFLAGS


def build_tree(
    readable: Sequence[str], masked: Mapping[str, str], devices: Sequence[str], limits: Limits, uid: int
) -> int:
    """Replace this process's file system by the guest's; returns a descriptor of the work folder.

    ``masked`` holds real paths of files within ``readable``, and for each the file that covers it.
    """
    wanted = plan(readable)
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _stage()
    _work(limits, uid)  # first: a folder to bind may lie in the host's /tmp, and must not be covered
    for link, target in wanted.links.items():
        _parent(_NEW + link).joinpath(Path(link).name).symlink_to(target)
    for path in wanted.binds:
        _bind(path, read_only=True)
    for path, cover in masked.items():
        _cover(path, cover)
    _system_files(uid)
    _devices(devices, limits)
    _mount("proc", _folder(_NEW + "/proc"), "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)
    _enter()
    return os.open(HOME, os.O_RDONLY | os.O_DIRECTORY)


def _stage() -> None:
    """Stand in a small tmpfs with the host's tree at /old and the guest's future tree at /new."""
    plain = _NO_SUID | _NO_DEVICES
    _mount("tmpfs", "/tmp", "tmpfs", plain, "mode=755,size=1m")
    for name in (_OLD, _NEW):
        Path("/tmp" + name).mkdir()
    _mount("tmpfs", "/tmp" + _NEW, "tmpfs", plain, "mode=755,size=1m")
    os.chdir("/tmp")
    call("pivot_root", b".", os.fsencode("." + _OLD))
    os.chdir("/")


def _bind(path: str, *, read_only: bool) -> None:
    source, target = Path(_OLD + path), Path(_NEW + path)
    if source.is_dir():
        _folder(str(target))
    else:
        _parent(str(target)).joinpath(target.name).touch()
    _mount(str(source), str(target), None, _BIND | _RECURSIVE)
    if read_only:
        _set_attributes(str(target), _READ_ONLY | _NO_SUID | _NO_DEVICES, recursive=True)


def _cover(path: str, cover: str) -> None:
    """Bind another file of the host over one that is there; a guest has no right to uncover it."""
    _mount(_OLD + cover, _NEW + path, None, _BIND)
    _set_attributes(_NEW + path, _READ_ONLY | _NO_SUID | _NO_DEVICES, recursive=False)


def _system_files(uid: int) -> None:
    """Generated, so that the host's users, name servers and machine id stay unknown."""
    etc = Path(_folder(_NEW + "/etc"))
    etc.joinpath("passwd").write_text(
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"student:x:{uid}:{uid}:student:{HOME}:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )
    etc.joinpath("group").write_text(f"root:x:0:\nstudent:x:{uid}:\nnogroup:x:65534:\n")
    etc.joinpath("hosts").write_text("127.0.0.1 localhost guest\n::1 localhost\n")
    etc.joinpath("nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")


def _devices(extra: Sequence[str], limits: Limits) -> None:
    dev = Path(_folder(_NEW + "/dev"))
    for device in (*DEVICES, *extra):
        _bind(device, read_only=False)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        dev.joinpath(name).symlink_to(f"/proc/self/fd/{number}")
    dev.joinpath("fd").symlink_to("/proc/self/fd")
    dev.joinpath("ptmx").symlink_to("pts/ptmx")
    _mount(
        "devpts",
        _folder(str(dev / "pts")),
        "devpts",
        _NO_SUID | _NO_EXEC,
        "newinstance,ptmxmode=0666,mode=600",
    )
    _mount("tmpfs", _folder(str(dev / "shm")), "tmpfs", _NO_SUID | _NO_DEVICES, _size(limits.shm_mb, "1777"))


def _work(limits: Limits, uid: int) -> None:
    """One size-limited file system for the two writable folders."""
    tmp = Path(_folder(_NEW + "/tmp"))
    _mount("tmpfs", str(tmp), "tmpfs", _NO_SUID | _NO_DEVICES, _size(limits.disk_mb, "755"))
    home, scratch = tmp / "home", tmp / "tmp"
    for folder, mode in ((home, 0o700), (scratch, 0o1777)):
        folder.mkdir()
        folder.chmod(mode)
        os.chown(folder, uid, uid)
    _mount(str(home), _folder(_NEW + HOME), None, _BIND)
    _mount(str(scratch), str(tmp), None, _BIND)  # over the file system's own root, which so has no path


def _size(megabytes: int, mode: str) -> str:
    return f"mode={mode},size={megabytes}m,nr_inodes={most_entries(megabytes)}"


def _enter() -> None:
    """Make the guest's tree the root and forget the other."""
    os.chdir(_NEW)
    call("pivot_root", b".", b".")  # the old root now lies over the new one, at the same place
    call("umount2", b".", _DETACH)
    os.chdir("/")
    _set_attributes("/", _READ_ONLY | _NO_SUID | _NO_DEVICES, recursive=False)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    try:
        encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
        call("mount", encoded[0], encoded[1], encoded[2], flags, encoded[3])
    except OSError as error:
        raise OSError(
            error.errno, f"mount {source or ''} on {target}: {os.strerror(error.errno or 0)}"
        ) from error


def _set_attributes(path: str, attributes: int, *, recursive: bool) -> None:
    argument = struct.pack("QQQQ", attributes, 0, 0, 0)
    call(
        "mount_setattr",
        _AT_FDCWD,
        os.fsencode(path),
        _AT_RECURSIVE if recursive else 0,
        argument,
        len(argument),
    )


def _folder(path: str) -> str:
    Path(path).mkdir(parents=True, exist_ok=True)
    return path


def _parent(path: str) -> Path:
    return Path(_folder(str(Path(path).parent)))
