"""How strongly a guest is confined, and the steps that confine it.

Levels, strongest first:

* ``FULL`` (root): pid, mount, network, IPC and host name namespaces; a file system of its own; a user id that no
  other guest has; no capability, no_new_privs, seccomp, Landlock, resource limits.
* ``USERNS`` (an unprivileged user, where the kernel lets it make user namespaces): the same. The guest keeps the
  outer identity of who grades, which the namespaces hide from it. Root may use this level too; its guests then
  run as an unprivileged outer user.
* ``LANDLOCK`` (anybody, where there are no namespaces: cluster nodes, hosts that restrict user namespaces): the
  *reduced* level. The guest shares the host's tree, processes, network and, but for root's guests, the user id of
  who grades. Landlock rules alone keep files closed, seccomp alone the network; signals end at Landlock's scope, or,
  before ABI 6, at a filter that knows the guest's own pid only. What has no namespace to die with is swept, and disk
  and processes are bounded by a watch. Root's guests run as unprivileged users.
* ``NONE``: a process like any other. For tests, and for who asks for it by name.

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

What LANDLOCK does not stop, and the levels above do:

* A single hole in Landlock or in the filter: there is no second barrier, and behind it lie the rights of who grades.
* Names, sizes and times of files whose path is guessed (``stat``), the existence of users and processes, the host's
  network tables. Contents stay closed, as do the names in folders.
* Disk, processes: the watch looks some times a second, so a burst may pass the limit for a moment. A file without a
  name that is mapped or under way in a socket, and open nowhere, is not counted; a disk that gets nearly full ends
  the guest, ungraded. RLIMIT_NPROC counts all processes of the user, so one guest's burst may deny another a fork.
* Leftovers where supervisor and init are killed at the same moment (out of memory): nobody is left to sweep.
* More of kernel and host can be reached: System V objects and mode bits are closed by the filter's list alone.

What ordinary programs lose at LANDLOCK: the loopback network, /tmp by its name (``tempfile`` works), shared memory
and so pools of processes, pseudo-terminals, changes of modes and times (answered, without effect). Workers of a
DataLoader load in the notebook's own process, and masked data files come from their public copies
(``substitutes.py``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from autograder.errors import HostTooWeak
from autograder.sandbox import landlock, namespaces, privileges, seccomp, workfolder
from autograder.sandbox.folders import DEVICES, PROCESSES, masked_files, openings, readable_folders
from autograder.sandbox.forkserver import ONE_THREAD
from autograder.sandbox.limits import Limits
from autograder.sandbox.syscalls import MACHINE, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl

SIGKILL = 9


class Level(StrEnum):
    """How strongly guests are confined; the module's head says what each does."""

    FULL = "full"
    USERNS = "userns"
    LANDLOCK = "landlock"
    NONE = "none"

    @property
    def isolated(self) -> bool:
        """Whether guests have namespaces of their own."""
        return self in (Level.FULL, Level.USERNS)


STRENGTH = (Level.NONE, Level.LANDLOCK, Level.USERNS, Level.FULL)
"""The levels, weakest first."""


REDUCED = (
    "one barrier instead of two, and behind it the rights of who grades; docs/security.md says what is not stopped. "
    "For more, allow user namespaces"
)
"""What LANDLOCK says of itself."""


@dataclass(frozen=True)
class Confinement:
    """What the processes of one guest need to know in order to confine themselves."""

    level: Level
    limits: Limits
    readable: Sequence[str]
    devices: Sequence[str]
    uid: int
    """The outer user id of the guest: one of its own where root grades, else that of who grades."""
    masked: Mapping[str, str] = field(default_factory=dict)
    """Files within ``readable`` of which the guest sees a public copy only, and that copy."""
    folder: str = ""
    """The folder of the host in which a guest without a mount tree works."""

    @property
    def uid_inside(self) -> int:
        """The guest's user id as it sees it itself."""
        return namespaces.STUDENT if self.level is Level.USERNS else self.uid

    @property
    def home(self) -> str:
        """The work folder, as the guest sees it."""
        return namespaces.HOME if self.level.isolated else f"{self.folder}/{workfolder.HOME}"

    @property
    def scratch(self) -> str:
        """The folder for temporary files, as the guest sees it."""
        return "/tmp" if self.level.isolated else f"{self.folder}/{workfolder.SCRATCH}"

    def enter_outer(self) -> None:
        """The supervisor's step: from here on its children live in a pid namespace."""
        if self.level is Level.USERNS:
            namespaces.enter_user_namespace(self.uid)
        if self.level.isolated:
            namespaces.unshare(namespaces.NEW_PIDS)

    def enter_tree(self) -> int:
        """The step of pid 1: the other namespaces and the file system; returns the work folder."""
        if not self.level.isolated:
            return os.open(self.home, os.O_RDONLY | os.O_DIRECTORY)
        namespaces.isolate_rest()
        return namespaces.build_tree(self.readable, self.masked, self.devices, self.limits, self.uid_inside)

    def give_up_rights(self) -> None:
        """The last step of pid 1: it stays trusted, but needs no right any more, unless it is to sweep."""
        if self.level.isolated:
            privileges.drop_bounding_set()
            privileges.drop_capabilities()
        prctl(PR_SET_DUMPABLE, 0)  # the guest may have the same user id: it must not read this memory

    def seal(self) -> None:
        """The guest's own step, after which the student's code may run. It cannot be undone."""
        privileges.set_resource_limits(self._limits_of_processes(), self._neighbours())
        privileges.volunteer_for_oom()
        if self.level is Level.NONE:
            prctl(PR_SET_PDEATHSIG, SIGKILL)
            prctl(PR_SET_DUMPABLE, 1)  # the forkserver's fork is not
            return
        _assert_single_thread()  # seccomp and Landlock bind the calling thread only
        if self.level is Level.LANDLOCK:
            self._close_host()
        else:
            self._change_user()
            landlock.restrict(
                ["/"], [namespaces.HOME, "/tmp", "/dev/shm", "/dev/pts", *self._writable_devices()]
            )
            seccomp.install(gpu=bool(self.devices))

    def _close_host(self) -> None:
        """Without namespaces: open by name what may be read, and nothing else."""
        found = openings(self.readable, self.masked)
        reads_anything = privileges.reads_anything() and not _open_to_others(self.readable)
        landlock.restrict(  # while root can still name what lies in its own folders
            [*found.whole, *PROCESSES],
            [self.home, self.scratch, *self._writable_devices()],
            found.listed,
            tcp=False,
        )
        self._change_user(reads_anything=reads_anything)
        only_signals = os.getpid() if landlock.ABI < landlock.SCOPES else None
        seccomp.install(gpu=bool(self.devices), shared=seccomp.Shared(bool(self.devices), only_signals))

    def _change_user(self, *, reads_anything: bool = False) -> None:
        if reads_anything:
            privileges.become_reader(self.uid)
        else:
            privileges.drop_bounding_set()
            if os.geteuid() == 0:
                privileges.become(self.uid_inside)
            privileges.drop_capabilities()
        prctl(PR_SET_PDEATHSIG, SIGKILL)  # after the change of user, which resets it
        prctl(PR_SET_DUMPABLE, 1)  # so that /proc/self stays readable, and the supervisor can measure

    def _limits_of_processes(self) -> Limits:
        """Where only a watch bounds the disk, one file shall not fill it: that would end the guest, or a later cell."""
        if self.level is not Level.LANDLOCK:
            return self.limits
        return replace(self.limits, file_mb=max(1, min(self.limits.file_mb, self.limits.disk_mb * 7 // 8)))

    def _neighbours(self) -> int:
        """What RLIMIT_NPROC counts besides this guest: a user namespace counts for itself, a user of its own too."""
        shares_user = self.level is Level.LANDLOCK and os.geteuid() != 0
        return privileges.tasks_of_user(os.geteuid()) - 1 if shares_user else 0

    def _writable_devices(self) -> list[str]:
        return [*DEVICES, *self.devices]


def _open_to_others(paths: Iterable[str]) -> bool:
    """Whether any user may enter every folder on the way to these paths."""
    parents = {parent for path in paths for parent in Path(os.path.realpath(path)).parents}
    return all(parent.stat().st_mode & 0o001 for parent in parents)


def _assert_single_thread() -> None:
    count = len(list(Path("/proc/self/task").iterdir()))
    if count != 1:
        raise RuntimeError(f"{count} threads before the confinement: it would bind only one of them")


def best_level() -> Level:
    """The strongest level that this host can enforce; ``Level.NONE`` when it can enforce nothing."""
    return next((level for level in reversed(STRENGTH) if weakness(level) is None), Level.NONE)


def chosen_level(level: Level | None) -> Level:
    """The level asked for, else the best that the host has; NONE is never taken unless it is asked for."""
    best = level or best_level()
    return Level.LANDLOCK if level is None and best is Level.NONE else best


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
    Level.LANDLOCK: "Boot Linux 5.13 or newer (better 6.12) with lsm=landlock,..., or allow namespaces.",
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
    if level is Level.LANDLOCK and landlock.ABI < 1:
        return "this kernel has no Landlock"
    # A fresh process, because the caller may hold threads, which neither fork nor confine well.
    trial = f"from autograder.sandbox.confinement import try_level; try_level({level.value!r})"
    done = subprocess.run(
        [sys.executable, "-P", "-c", trial],
        env=trial_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["the trial died"])[-1]


def trial_environment() -> dict[str, str]:
    """Of a process that confines itself: a thread of NumPy's would keep it from a user namespace of its own."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return {"PATH": os.defpath, "PYTHONPATH": path, **ONE_THREAD}


def try_level(name: str) -> None:
    """Confine a process as a guest would be, and let it end; for ``weakness``, in a process of its own."""
    uid = privileges.unused_uid(os.getpid()) if os.geteuid() == 0 else os.geteuid()
    small = Limits(disk_mb=1, shm_mb=1)
    readable = readable_folders()
    folder = "" if Level(name).isolated else workfolder.make(uid)
    trial = Confinement(Level(name), small, readable, [], uid, masked_files(readable), folder)
    prctl(PR_SET_DUMPABLE, 1)
    trial.enter_outer()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(trial.enter_tree())
            trial.seal()
            code = 0
        except OSError as error:
            print(f"{error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if folder:
        workfolder.remove(folder)
    sys.exit(code and 1)
