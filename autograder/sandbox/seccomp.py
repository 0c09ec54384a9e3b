"""The system calls that a guest may not make.

A deny list, because a notebook with torch uses most of the others. What is denied either reaches outside the
namespaces (keys, tracing, BPF, kernel modules), makes new ones (unshare, mount), is a frequent source of kernel
holes that no notebook needs (io_uring, userfaultfd, perf), or makes memory that no watch sees (memfd, System V).
Denied calls fail with EPERM; ``clone3`` with ENOSYS, upon which the C library falls back to ``clone``, whose
flags a filter can read.

A guest without namespaces of its own (level LANDLOCK) is denied more: the host's processes, sockets and System V
objects have names that it could use, and it may have the user id of who grades. So it makes sockets of one kind
(Unix, connected from birth or accepted: a path socket is reached by ``connect`` alone), changes no limit, priority or
signal of another process, and touches no owner, mode, time or attribute of a file, none of which Landlock covers.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from dataclasses import dataclass

from autograder.sandbox.syscalls import MACHINE, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, call, number, prctl

DENIED = (
    # other processes, other descriptors
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    # mounts and namespaces
    "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount",
    "open_tree", "open_tree_attr", "mount_setattr", "statmount", "listmount", "unshare", "setns",
    "open_by_handle_at", "name_to_handle_at",
    # keys, and the kernel's own machinery
    "keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "fanotify_init",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "vmsplice", "move_pages", "migrate_pages",
    # the machine
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "clock_settime", "settimeofday", "adjtimex", "clock_adjtime", "iopl",
    "ioperm", "syslog", "sethostname", "setdomainname", "vhangup", "nfsservctl", "lookup_dcookie", "personality",
    "uselib", "modify_ldt",
)  # fmt: skip

# Memory that belongs to no process and to no size-limited file system.
UNWATCHED_MEMORY = ("memfd_create", "memfd_secret", "shmget", "msgget", "semget")

# Netlink is how the C library lists the interfaces of the (empty) network namespace; libzmq aborts without it.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)

# Denied where there are no namespaces: by name or number these reach what is not the guest's.
SHARED = (
    "connect",
    "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
    "truncate",  # by path; Landlock covers it from ABI 3 only. A file that was opened for writing can be cut.
    "setpriority", "ioprio_set",
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "mq_open", "mq_unlink",
    "inotify_init", "inotify_init1", "inotify_add_watch",  # would tell which hidden files are opened
)  # fmt: skip
# Answered with success, without effect: copies and archives set modes and times, and would fail otherwise.
ANSWERED = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat",
)  # fmt: skip
# These may name another process; without namespaces, a guest names itself (0). Priorities of others are answered like
# ANSWERED: libzmq sets those of its own threads by number, and aborts when that is denied.
OWN_LIMITS = ("prlimit64",)
OWN_PRIORITIES = ("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr")
SIGNALS = ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# Of the requests that work on any open file: flags, verity and encryption of it, and who gets its signals.
_FILE_REQUESTS = (
    0x40086602,
    0x40046602,
    0x401C5820,
    0x40086604,
    0x40087602,
    0x40806685,
    0x800C6613,
    0x8901,
    0x8902,
)
# What remains without namespaces: a terminal's size, bytes waiting, blocking, closing on exec.
_HARMLESS_REQUESTS = (0x5401, 0x802C542A, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_FCNTL_OTHERS = (8, 15, 1024, 1026)  # F_SETOWN, F_SETOWN_EX: signals at a distance; F_SETLEASE, F_NOTIFY
_STREAM, _SEQPACKET, _TYPE = 1, 5, 0xF  # a datagram socket reaches any path with each message

# Classic BPF over struct seccomp_data: nr at 0, arch at 4, the low words of the arguments at 16, 24, ...
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_SET_MODE_FILTER = 1


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _fail(code: int) -> bytes:
    return _step(_RETURN, _FAIL | code)


def _unless_argument(offset: int, test: int, values: tuple[int, ...], code: int) -> list[bytes]:
    """Fail with ``code`` when the argument matches one of the values, else allow."""
    count = len(values)
    tests = [_step(test, value, count - index, 0) for index, value in enumerate(values)]
    return [_step(_LOAD, offset), *tests, _step(_RETURN, _ALLOW), _fail(code)]


def _only_argument(offset: int, values: tuple[int, ...], code: int) -> list[bytes]:
    """Allow when the argument equals one of the values, else fail with ``code``."""
    count = len(values)
    tests = [_step(_EQUAL, value, count - index, 0) for index, value in enumerate(values)]
    return [_step(_LOAD, offset), *tests, _fail(code), _step(_RETURN, _ALLOW)]


@dataclass(frozen=True)
class Shared:
    """How to filter a guest that has no namespaces."""

    gpu: bool = False
    only_signals: int | None = None
    """The pid that it may signal, beside its process group; None where Landlock keeps signals inside."""


def program(denied: tuple[str, ...], machine: str = MACHINE, shared: Shared | None = None) -> list[bytes]:
    """The filter, one instruction an item; ``shared`` for a guest that shares the host's names."""
    steps = [_step(_LOAD, _ARCH), _step(_EQUAL, _AUDIT_ARCH[machine], 1, 0), _step(_RETURN, _KILL)]
    steps.append(_step(_LOAD, _NR))
    if machine == "x86_64":  # the x32 calls are the same calls under other numbers
        steps += [_step(_AT_LEAST, _X32_BIT, 0, 1), _step(_RETURN, _KILL)]
    bodies = {name: [_fail(errno.EPERM)] for name in denied}
    bodies["clone3"] = [_fail(errno.ENOSYS)]
    bodies["clone"] = _unless_argument(_FIRST, _ANY_BIT, (_NAMESPACE_FLAGS,), errno.EPERM)
    bodies["ioctl"] = _unless_argument(_SECOND, _EQUAL, (_TIOCSTI, _TIOCLINUX), errno.EPERM)
    for name in ("socket", "socketpair"):
        bodies[name] = _only_argument(_FIRST, FAMILIES, errno.EAFNOSUPPORT)
    if shared is not None:
        bodies |= _without_namespaces(shared)
    for name, body in bodies.items():
        nr = number(name, machine)
        if nr is not None:
            steps += [_step(_EQUAL, nr, 0, len(body)), *body]  # every body ends in a return
    return [*steps, _step(_RETURN, _ALLOW)]


def _without_namespaces(shared: Shared) -> dict[str, list[bytes]]:
    bodies = {name: [_fail(errno.EPERM)] for name in SHARED}
    bodies |= {name: [_fail(0)] for name in ANSWERED}
    bodies |= {name: _only_argument(_FIRST, (0,), errno.EPERM) for name in OWN_LIMITS}
    bodies |= {name: _only_argument(_FIRST, (0,), 0) for name in OWN_PRIORITIES}
    bodies |= {name: _only_connected_sockets() for name in ("socket", "socketpair")}
    bodies["fcntl"] = _unless_argument(_SECOND, _EQUAL, _FCNTL_OTHERS, errno.EPERM)
    bodies["prctl"] = _unless_argument(
        _FIRST, _EQUAL, (PR_SET_DUMPABLE,), errno.EPERM
    )  # would hide open files
    bodies["ioctl"] = (
        _unless_argument(_SECOND, _EQUAL, (_TIOCSTI, _TIOCLINUX, *_FILE_REQUESTS), errno.EPERM)
        if shared.gpu
        else _only_argument(_SECOND, _HARMLESS_REQUESTS, errno.EPERM)
    )
    if shared.only_signals is not None:
        bodies |= {name: [_fail(errno.EPERM)] for name in SIGNALS}
        bodies["kill"] = _only_argument(_FIRST, (0, shared.only_signals), errno.EPERM)
        bodies["tgkill"] = _only_argument(_FIRST, (shared.only_signals,), errno.EPERM)
    return bodies


def _only_connected_sockets() -> list[bytes]:
    """Unix sockets of the types that reach nobody without ``connect``."""
    return [
        _step(_LOAD, _FIRST),
        _step(_EQUAL, socket.AF_UNIX, 0, 4),
        _step(_LOAD, _SECOND),
        _step(_AND, _TYPE),
        _step(_EQUAL, _STREAM, 2, 0),
        _step(_EQUAL, _SEQPACKET, 1, 0),
        _fail(errno.EAFNOSUPPORT),
        _step(_RETURN, _ALLOW),
    ]


def install(*, gpu: bool = False, shared: Shared | None = None) -> None:
    """Filter this process and all that it starts, for ever.

    On a GPU host memfd stays allowed: the driver's libraries may use it.
    """
    steps = program(DENIED if gpu else DENIED + UNWATCHED_MEMORY, shared=shared)
    code = ctypes.create_string_buffer(b"".join(steps))
    descriptor = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    call("seccomp", _SET_MODE_FILTER, 0, descriptor)
