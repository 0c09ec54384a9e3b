"""What a guest can read: named folders of the system and of Python, never the whole of ``sys.path``.

An editable install would bring the project's root, and with it ``reference`` and ``tests``. So the list is
made here, by name, before the guest exists, and a folder that contains something protected is refused.
A folder may itself lie below something protected: a virtual environment inside the course is common.

Some files of packages hold data from which hidden test sets are drawn. A guest finds a public copy in their place,
or, where it has no mount tree of its own, finds them closed: a folder that holds one is then given entry by entry.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from autograder import digits
from autograder.errors import InstructorError

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
    "/etc/timezone", "/etc/mime.types", "/etc/fonts", "/etc/ssl/openssl.cnf", "/etc/ssl/certs",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
MASKED = {digits.PACKAGED: digits.PUBLIC}
"""Files below a folder of packages, and what a guest finds in their place."""
PACKAGES = ("", "python3*/*-packages/", "lib/python3*/*-packages/", "local/lib/python3*/*-packages/")
"""Where a readable folder may have folders of packages."""
PROCESSES = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime")
"""What a guest without a /proc of its own reads there: itself, and what the machine has."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def readable_folders(extra: Iterable[str] = (), protected: Iterable[str] = ()) -> list[str]:
    """The files and folders that a guest of this interpreter may read.

    Raises InstructorError when one of them contains, or is, a path in ``protected``.
    """
    folders = [*SYSTEM, *_python(), *map(os.path.abspath, extra)]
    present = [folder for folder in dict.fromkeys(folders) if Path(folder).exists()]
    _refuse_protected(present, protected)
    return present


def masked_files(readable: Iterable[str]) -> dict[str, str]:
    """Real paths of the files in the readable folders that a guest must not see, and what it finds there."""
    return {path: public for folder in readable for path, public in _masked_below(folder)}


@cache  # a look at every folder of packages, for each guest
def _masked_below(folder: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(path.resolve()), str(public))
        for inner, public in MASKED.items()
        for pattern in PACKAGES
        for path in Path(folder).glob(f"{pattern}{inner}")
    )


@dataclass
class Openings:
    """What to open for a guest that sees the host's own tree, so that some files in it stay closed."""

    whole: list[str] = field(default_factory=list)
    """Real files and folders, the folders with all that lies below."""
    listed: list[str] = field(default_factory=list)
    """Folders that hold a closed file somewhere below: their names are open, their entries are given one by one."""


def openings(readable: Sequence[str], closed: Iterable[str]) -> Openings:
    """The readable folders without the ``closed`` files, all of them real paths.

    Links among the entries are left out: what they lead to is open where it lies in an open folder, and only there.
    """
    found, hidden = Openings(), set(closed)
    todo = plan(readable).binds
    while todo:
        path = todo.pop()
        if path in hidden:
            continue
        if any(file.startswith(path.rstrip("/") + "/") for file in hidden):
            found.listed.append(path)
            with os.scandir(path) as entries:
                todo += [entry.path for entry in entries if not entry.is_symlink()]
        else:
            found.whole.append(path)
    return found


def gpu_devices() -> list[str]:
    """The device nodes that CUDA opens."""
    return sorted(str(path) for path in Path("/dev").glob("nvidia*") if not path.is_dir())


def _python() -> list[str]:
    package = Path(__file__).resolve().parent.parent
    base, own = Path(sys.base_prefix), Path(sys.prefix)
    folders = [base / "bin", base / "lib", base / "include", own / "bin", own / "pyvenv.cfg", package]
    folders += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    if site.ENABLE_USER_SITE:
        folders.append(Path(site.getusersitepackages()))
    return [str(folder) for folder in folders]


def _refuse_protected(folders: Iterable[str], protected: Iterable[str]) -> None:
    secrets = [Path(path).resolve() for path in protected]
    for folder in folders:
        real = Path(folder).resolve()
        for secret in secrets:
            if secret.is_relative_to(real):
                raise InstructorError(
                    f"{secret} must stay hidden from students' code, but it lies in {folder}, which that code "
                    "reads. Move it out of there, or install Python elsewhere."
                )


@dataclass
class Plan:
    """How to make paths reachable under their own names in an empty tree."""

    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links to copy, so that /bin -> usr/bin and linked environments keep working."""
    binds: list[str] = field(default_factory=list)
    """Real files and folders to bind, none of them below another."""


def plan(paths: Sequence[str]) -> Plan:
    """Follow every symbolic link on the way to each path, while the original tree is still in place."""
    result = Plan()
    real = sorted({_follow(path, result.links) for path in paths})
    for path in real:  # sorted, so that a folder comes before what is below it
        if not any(Path(path).is_relative_to(kept) for kept in result.binds):
            result.binds.append(path)
    below = [link for link in result.links if any(Path(link).is_relative_to(kept) for kept in result.binds)]
    for link in below:  # it comes with the folder
        del result.links[link]
    return result


def _follow(path: str, links: dict[str, str]) -> str:
    """The real path; the links met on the way are added to ``links``."""
    done, todo = Path("/"), list(Path(path).parts[1:])
    for _ in range(1000):  # a loop of links ends here rather than never
        if not todo:
            return str(done)
        here = done / todo.pop(0)
        if here.name == "..":  # as the target of a relative link may contain
            done = done.parent
        elif here.is_symlink():
            target = os.readlink(here)
            links[str(here)] = target
            parts = Path(target).parts
            todo = [*(parts[1:] if target.startswith("/") else parts), *todo]
            done = Path("/") if target.startswith("/") else done
        else:
            done = here
    raise OSError(f"too many symbolic links in {path}")
