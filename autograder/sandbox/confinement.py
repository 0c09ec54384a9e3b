"""How strongly a guest is confined, and the steps that confine it.

Levels, strongest first:

* ``FULL`` (root): pid, mount, network, IPC and host name namespaces; a file system of its own; a user id that no
  other guest has; no capability, no_new_privs, seccomp, Landlock, resource limits.
* ``USERNS`` (an unprivileged user, where the kernel lets it make user namespaces): the same. The guest keeps the
  outer identity of who grades, which the namespaces hide from it. Root may use this level too; its guests then
  run as an unprivileged outer user.
* ``NONE``: a process like any other. For tests, and for who asks for it by name.

(A level between USERNS and NONE, Landlock and seccomp alone, for cluster nodes without user namespaces, will be
one more branch in ``confine``; it must say of itself that it is weaker.)

What is **not** stopped, at any level:

* Holes in the kernel: guests and host share one. Keep it patched, or grade inside a virtual machine.
* Side channels: timing, caches, the load and the total memory of the machine in /proc/stat and /proc/meminfo.
* The names of host folders: /proc/self/mountinfo tells where bound folders come from (not what is beside them).
* Whatever lies in the bound folders (the interpreter, its packages, /usr) can be read: put no secret there. (Only
  the data files in ``folders.MASKED`` are covered by public copies.)
* Kernel memory that no process owns, such as the buffers of many sockets and pipes: bounded by the number of
  descriptors and processes, not by ``memory_mb``. The size-limited file systems (``disk_mb``, ``shm_mb``) come on
  top of ``memory_mb`` as well.
* CPU: a guest may burn its cores until the grader's limits end it; children of a process that ignores SIGCHLD
  vanish from the CPU count when they end. Memory bandwidth and disk cache are shared.
* Inside one guest nothing is separated: the student's code may kill or forge anything of its own kernel, whose
  replies, exit code and outputs prove nothing. Grades come over the probe.
* USERNS by an unprivileged user: an escape would have that user's rights, gradebook included. FULL is better.
* ``processes`` counts threads too, and for USERNS the supervisor; where a container owns few user ids, two guests
  of FULL may share one, and then share the count.
* NONE stops nothing at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from autograder.errors import HostTooWeak
from autograder.sandbox import landlock, namespaces, privileges, seccomp
from autograder.sandbox.folders import DEVICES, masked_files, readable_folders
from autograder.sandbox.limits import Limits
from autograder.sandbox.syscalls import MACHINE, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl

SIGKILL = 9


class Level(StrEnum):
    """How strongly guests are confined; the module's head says what each does."""

    FULL = "full"
    USERNS = "userns"
    NONE = "none"


STRENGTH = (Level.NONE, Level.USERNS, Level.FULL)
"""The levels, weakest first."""


@dataclass(frozen=True)
class Confinement:
    """What the processes of one guest need to know in order to confine themselves."""

    level: Level
    limits: Limits
    readable: Sequence[str]
    devices: Sequence[str]
    uid: int
    """The outer user id of the guest (FULL, and USERNS by root)."""
    masked: Mapping[str, str] = field(default_factory=dict)
    """Files within ``readable`` of which the guest sees a public copy only, and that copy."""

    @property
    def uid_inside(self) -> int:
        """The guest's user id as it sees it itself."""
        return namespaces.STUDENT if self.level is Level.USERNS else self.uid

    def enter_outer(self) -> None:
        """The supervisor's step: from here on its children live in a pid namespace."""
        if self.level is Level.USERNS:
            namespaces.enter_user_namespace(self.uid)
        if self.level is not Level.NONE:
            namespaces.unshare(namespaces.NEW_PIDS)

    def enter_tree(self) -> int:
        """The step of pid 1: the other namespaces and the file system; returns the work folder."""
        namespaces.isolate_rest()
        return namespaces.build_tree(self.readable, self.masked, self.devices, self.limits, self.uid_inside)

    def give_up_rights(self) -> None:
        """The last step of pid 1: it stays trusted, but needs no right any more."""
        if self.level is not Level.NONE:
            privileges.drop_bounding_set()
            privileges.drop_capabilities()
        prctl(PR_SET_DUMPABLE, 0)  # under USERNS the guest has the same user id: it must not read this memory

    def seal(self) -> None:
        """The guest's own step, after which the student's code may run. It cannot be undone."""
        privileges.set_resource_limits(self.limits)
        privileges.volunteer_for_oom()
        if self.level is Level.NONE:
            prctl(PR_SET_PDEATHSIG, SIGKILL)
            prctl(PR_SET_DUMPABLE, 1)  # the forkserver's fork is not
            return
        _assert_single_thread()  # seccomp and Landlock bind the calling thread only
        privileges.drop_bounding_set()
        if os.geteuid() == 0:
            privileges.become(self.uid_inside)
        privileges.drop_capabilities()
        prctl(PR_SET_PDEATHSIG, SIGKILL)  # after the change of user, which resets it
        prctl(PR_SET_DUMPABLE, 1)  # so that /proc/self stays readable, and the supervisor can measure
        landlock.restrict(["/"], [namespaces.HOME, "/tmp", "/dev/shm", "/dev/pts", *self._writable_devices()])
        seccomp.install(gpu=bool(self.devices))

    def _writable_devices(self) -> list[str]:
        return [*DEVICES, *self.devices]


def _assert_single_thread() -> None:
    count = len(list(Path("/proc/self/task").iterdir()))
    if count != 1:
        raise RuntimeError(f"{count} threads before the confinement: it would bind only one of them")


def best_level() -> Level:
    """The strongest level that this host can enforce; ``Level.NONE`` when it can enforce nothing."""
    return next((level for level in reversed(STRENGTH) if weakness(level) is None), Level.NONE)


def require(level: Level) -> None:
    """Raise HostTooWeak unless this host can enforce the level."""
    missing = weakness(level)
    if missing is not None:
        raise HostTooWeak(
            f"this host cannot confine guests at level {level.value}: {missing}. {ADVICE[level]} "
            "`autograder doctor` lists what this host can enforce."
        )


ADVICE = {
    Level.FULL: "Run as root (in a container: with --cap-add SYS_ADMIN and --security-opt seccomp=unconfined), "
    f"or choose --level {Level.USERNS.value}.",
    Level.USERNS: "Allow user namespaces (sysctl user.max_user_namespaces > 0, and on Ubuntu 24.04 "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container --security-opt seccomp=unconfined "
    f"--security-opt systempaths=unconfined), or run as root and choose --level {Level.FULL.value}.",
    Level.NONE: "",
}


@cache
def weakness(level: Level) -> str | None:
    """What keeps this host from a level, found by trying in a process that is thrown away; None if nothing."""
    if level is Level.NONE:
        return None
    if sys.platform != "linux":
        return f"{sys.platform} has no Linux namespaces"
    if MACHINE not in ("x86_64", "aarch64"):
        return f"no system call table for {MACHINE}"
    if level is Level.FULL and os.geteuid() != 0:
        return "not root"
    # A fresh process, because the caller may hold threads, which neither fork nor confine well.
    trial = f"from autograder.sandbox.confinement import try_level; try_level({level.value!r})"
    path = os.pathsep.join(folder for folder in sys.path if folder)
    done = subprocess.run(
        [sys.executable, "-P", "-c", trial],
        env={"PATH": os.defpath, "PYTHONPATH": path},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["the trial died"])[-1]


def try_level(name: str) -> None:
    """Confine a process as a guest would be, and let it end; for ``weakness``, in a process of its own."""
    uid = privileges.unused_uid(os.getpid())
    small = Limits(disk_mb=1, shm_mb=1)
    readable = readable_folders()
    trial = Confinement(Level(name), small, readable, [], uid, masked_files(readable))
    prctl(PR_SET_DUMPABLE, 1)
    trial.enter_outer()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            trial.enter_tree()
            trial.seal()
            code = 0
        except OSError as error:
            print(f"{error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) and 1)
