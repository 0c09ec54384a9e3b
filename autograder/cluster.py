"""A class on several machines: what ``autograder grade --scheduler`` and ``autograder worker`` do with Dask.

Two sides, and a scheduler of dask.distributed between them:

* A ``Host`` lives in each worker's process (``dask_setup`` makes it): forkservers of its own, a private folder, one
  grading task a slot. It holds nothing of a course until a run brings it.
* A ``Cluster`` is the ``Graders`` of one run. One thread of it decides everything: which worker is asked whether it
  fits (once, with the course's bundle), which gets a job, whose job is taken up elsewhere.

What travels: bundles and submissions as named bytes, orders and replies as JSON. Nothing of a submission is pickled.

The first result of a job counts; what an earlier attempt says later is dropped, and a result is taken only if it is of
the very content, suites and versions that were sent. A worker counts as lost when Dask says so, when it has not been
heard of for ``lost_after`` seconds, or when a job outlives the sum of its limits there. Dask tells a worker that a
job is no longer wanted (cancelled, taken up elsewhere, the run ended or died), and it ends that grader within a second.

This is the only module that knows Dask. What it sends is ``errands.perform``, which a scheduler can load cheaply.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import queue
import secrets
import shutil
import signal
import socket
import stat
import tempfile
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
from dask import config
from distributed import Client, Security, Worker, get_worker
from distributed.comm.core import CommClosedError, FatalCommClosedError

from autograder.course import Course
from autograder.errands import HANDLERS, perform
from autograder.errors import ClusterLost, GraderFailure, HostTooWeak, InstructorError
from autograder.gpu import CUDA, GpuSlots, visible_gpus
from autograder.identity import Keys, content_key, toolkit_digest, versions
from autograder.job import Job
from autograder.record import Record
from autograder.sandbox.confinement import Level, chosen_level, require
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, Tell, drive, placed, require_cuda
from autograder.submission import digest, files

__all__ = ["Cluster", "Host", "dask_setup", "dask_teardown", "pack", "security", "unpack", "work"]

SLOT, GPU = "slot", "GPU"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
WELCOME, GRADE = "welcome", "grade"
TICK = 0.5  # seconds between two looks at the workers, and at whether a job is still wanted
ANSWER = 30.0  # seconds that a scheduler has for an answer
GONE = 90.0  # seconds without an answer after which it counts as gone
ATTEMPTS = 5  # workers that a job may lose before it counts as failed
OUTLIVED = 2  # of these, by outliving its limits
PEM = "Name PEM files with --tls-ca-file, --tls-cert and --tls-key."
SIGNED = f"Both must be signed by the authority that both name. {PEM}"
STARTS = 300.0  # seconds for what no limit counts: imports, the start of guests, diagnoses


# --- Content --------------------------------------------------------------------------------------------------


def pack(folder: Path) -> bytes:
    """A submission's files as one message: name, kind, content.

    A link travels by its target, also where it is the folder itself; a special file, and one that cannot be read, by
    its name.
    """
    return _packed(folder, files(folder), _told)


def _packed(folder: Path, paths: Iterator[Path], told: Callable[[Path], tuple[str, bytes]]) -> bytes:
    names = ((os.fsencode(path.relative_to(folder).as_posix()), path) for path in paths)
    packed: bytes = msgpack.packb(sorted((name, *told(path)) for name, path in names))
    return packed


def _told(path: Path) -> tuple[str, bytes]:
    try:
        return _content(path)
    except OSError:  # one submission's affair, which the grader puts before a human
        return "closed", b""


def _content(path: Path) -> tuple[str, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "link", os.fsencode(path.readlink())
    if stat.S_ISREG(mode):
        return "file", path.read_bytes()
    return "closed" if stat.S_ISSOCK(mode) else "special", b""


def unpack(packed: bytes, folder: Path) -> None:
    """Make the files of ``pack`` anew in ``folder``, which must not exist.

    A socket stands for a file that could not be read: nobody can open it, not even root.

    Raises:
        ValueError: for names that lead out of it.
    """
    entries = msgpack.unpackb(packed)
    if [entry[:2] for entry in entries] == [[b".", "link"]]:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(os.fsdecode(entries[0][2]))
        return
    folder.mkdir(parents=True)
    for name, kind, content in entries:
        inner = Path(os.fsdecode(name))
        if inner.is_absolute() or ".." in inner.parts:
            raise ValueError(f"{inner} leads out of the folder")
        path = folder / inner
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            path.symlink_to(os.fsdecode(content))
        elif kind == "special":
            os.mkfifo(path)
        elif kind == "closed":
            os.mknod(path, stat.S_IFSOCK | 0o600)
        else:
            path.write_bytes(content)


def bundle(course: Course, assignment: str) -> bytes:
    """All of a course that a grader of the assignment reads, banks left out."""
    return _packed(course.root, _parts(course, assignment), _content)


def _parts(course: Course, assignment: str) -> Iterator[Path]:
    folders = [course.source(assignment), course.hidden(assignment), course.reference]
    yield from filter(Path.is_file, [course.config, *course.root.glob("tests/*.py")])
    yield from course.hidden(assignment).parent.glob("*.py")
    for path in (path for folder in folders for path in files(folder)):
        inner = path.relative_to(course.root).parts
        if not {"__pycache__", "bank", ".ipynb_checkpoints"}.intersection(inner):
            yield path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _fingerprint() -> dict[str, str]:
    """What must be the same on both sides, or results would not be."""
    return {**versions(), "toolkit": toolkit_digest()[:12]}


# --- The worker's side ----------------------------------------------------------------------------------------


class Host:
    """What a worker's process keeps: forkservers, bundles and submissions in a folder that is its user's alone."""

    def __init__(self, parent: Path, level: Level | None = None, slots: GpuSlots | None = None) -> None:
        self.slots = slots
        self.folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=parent))  # 0700
        self.level = level
        self._forks: dict[tuple[str, str, str], Forks] = {}
        self._lock = threading.Lock()

    def welcome(self, order: dict[str, Any], content: bytes) -> dict[str, str]:
        """Take a course in, or refuse: what a run asks of a worker before it gives it a job."""
        own = _fingerprint()
        differing = [f"{name} is {own[name]}, not {asked}" for name, asked in order["versions"].items()
                     if own.get(name) != asked]  # fmt: skip
        if differing:
            return {"refused": "; ".join(differing)}
        if order["device"] == CUDA and self.slots is None:
            return {"refused": "it has no GPU"}
        if _sha256(content) != order["bundle"]:
            return {"refused": "the course's bundle did not arrive whole"}
        with self._lock:
            if not self._course(order).is_dir():
                half = self.folder / secrets.token_hex(8)
                unpack(content, half)
                self._course(order).parent.mkdir(exist_ok=True)
                half.rename(self._course(order))
        try:
            forks = self._forks_of(order)
            if order["device"] == CUDA and self.slots is not None:
                forks.wait_ready()
                require_cuda(forks, self.slots.gpus)
        except (HostTooWeak, InstructorError, GraderFailure) as error:
            return {"refused": str(error)}
        return {"level": self._level(order).value}

    def grade(
        self, order: dict[str, Any], content: bytes, wanted: Callable[[], bool] = lambda: True
    ) -> dict[str, str]:
        """The record of a submission as JSON, or why there is none.

        Returns:
            ``record``; or ``failure``, of the submission's grader; or ``lost``, where another worker should try.
        """
        if not self._course(order).is_dir():
            return {"lost": "the worker was started anew"}
        own = self.folder / secrets.token_hex(8)
        folder = own / "submission"
        try:
            unpack(content, folder)
            job = replace(Job.from_json(order["job"]), root=str(self._course(order)), folder=str(folder))
            return self._driven(order, job, wanted)
        finally:
            shutil.rmtree(own, ignore_errors=True)

    def _driven(self, order: dict[str, Any], job: Job, wanted: Callable[[], bool]) -> dict[str, str]:
        forks = self._forks_of(order)
        try:
            forks.wait_ready()
        except GraderFailure as failure:
            self._forget(forks)
            return {"lost": str(failure)}
        watch = _Watch(time.monotonic() + order["limit"], wanted)
        slots = self.slots if order["device"] == CUDA else None
        try:
            with placed(job, slots, order["alone"]) as job:
                return {"record": drive(forks, job, order["ahead"], watch.open).to_json()}
        except GraderFailure as failure:
            if watch.verdict:
                return {watch.verdict: ENDED[watch.verdict]}
            if not (forks.guests.alive() and forks.graders.alive()):
                self._forget(forks)
                return {"lost": f"a forkserver ended: {failure}"}
            return {"failure": str(failure)}
        finally:
            watch.end()

    def _course(self, order: dict[str, Any]) -> Path:
        return self.folder / "courses" / str(order["bundle"])

    def _level(self, order: dict[str, Any]) -> Level:
        return Level(order["level"]) if order["level"] else chosen_level(self.level)

    def _forks_of(self, order: dict[str, Any]) -> Forks:
        """Forkservers that serve such orders; what they must hide from guests lies in this host's folder anyway."""
        key = (self._level(order), json.dumps(order["limits"], sort_keys=True), order["device"])
        with self._lock:
            if key not in self._forks:
                options = Options(level=key[0], limits=Limits.from_dict(order["limits"]), device=key[2])
                self._forks[key] = Forks(Course(self._course(order)), options)
            return self._forks[key]

    def _forget(self, forks: Forks) -> None:
        with self._lock:
            self._forks = {key: kept for key, kept in self._forks.items() if kept is not forks}
        forks.close()

    def close(self) -> None:
        """End the forkservers with all that they forked, and remove the folder."""
        for forks in list(self._forks.values()):
            self._forget(forks)
        shutil.rmtree(self.folder, ignore_errors=True)


ENDED = {
    "outlived": "it outlived the sum of its limits",
    "unwanted": "nobody wanted its result any more",
}
"""Why a worker ends a grader."""


class _Watch:
    """Hangs up on a grader that outlives its limits, or whose job nobody wants any more.

    Attributes:
        verdict: one of ``ENDED``, once it has.
    """

    def __init__(self, end: float, wanted: Callable[[], bool]) -> None:
        self.verdict = ""
        self._end, self._wanted = end, wanted
        self._done = threading.Event()

    def open(self, channel: socket.socket) -> None:
        threading.Thread(target=self._watch, args=(channel,), daemon=True).start()

    def _watch(self, channel: socket.socket) -> None:
        while not self._done.wait(TICK):
            late = time.monotonic() > self._end
            if late or not self._wanted():
                self.verdict = "outlived" if late else "unwanted"
                with suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)
                return

    def end(self) -> None:
        self._done.set()


def dask_setup(worker: Worker) -> None:
    """Make a Dask worker grade: Dask calls it where this module is named with ``--preload``."""
    gpus = visible_gpus()
    host = Host(Path(worker.local_directory), _level, GpuSlots(gpus, _gpu_slots) if gpus else None)
    HANDLERS[WELCOME] = partial(_welcome, host)
    HANDLERS[GRADE] = partial(_grade, host)
    worker.autograder = host


def dask_teardown(worker: Worker) -> None:
    """The worker ends, perhaps before it has begun."""
    HANDLERS.clear()
    if hasattr(worker, "autograder"):
        worker.autograder.close()


def _welcome(host: Host, order: str, content: bytes) -> str:
    """A Dask task: ``Host.welcome``."""
    return json.dumps(_tried("refused", partial(host.welcome, json.loads(order), content)))


def _grade(host: Host, order: str, content: bytes) -> str:
    """A Dask task: ``Host.grade``, which says that it has begun."""
    worker, asked = get_worker(), json.loads(order)
    key = worker.get_current_task()
    worker.log_event(asked["topic"], {"begun": asked["errand"]})

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return json.dumps(_tried("lost", partial(host.grade, asked, content, wanted)))


def _tried(otherwise: str, act: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What ``act`` replies. Nothing is raised: Dask would log the arguments of the task, a seed among them."""
    try:
        return act()
    except (Exception, GraderFailure) as error:
        return {otherwise: f"{type(error).__name__}: {error}"}


_level: Level | None = None  # that `autograder worker --level` insists on
_gpu_slots = 1  # of each GPU, as `autograder worker --gpu-slots` says


def work(
    address: str,
    slots: int,
    name: str | None = None,
    level: Level | None = None,
    folder: Path | None = None,
    wait: float = 60.0,
    credentials: Security | None = None,
    tell: Callable[[str], None] = print,
    gpu_slots: int = 1,
    host: str | None = None,
) -> None:
    """Be a worker of a scheduler until SIGTERM or SIGINT, or until the scheduler has gone.

    It listens at ``host``; by default on this machine alone where the scheduler is on it by name of the loopback, else
    at all addresses.

    Raises:
        HostTooWeak: if nothing here confines a guest, or not at the level asked for.
        ClusterLost: if the scheduler cannot be reached, or has gone.
    """
    global _level, _gpu_slots
    require(chosen_level(level))
    _level, _gpu_slots = level, gpu_slots
    if not asyncio.run(_serve(address, slots, name, folder, wait, credentials, tell, host)):
        raise ClusterLost(f"the scheduler at {address} has gone.")


async def _serve(
    address: str,
    slots: int,
    name: str | None,
    folder: Path | None,
    wait: float,
    credentials: Security | None,
    tell: Callable[[str], None],
    host: str | None,
) -> bool:
    """Whether the worker ended because it was told to."""
    gpus = len(visible_gpus())
    if host is None and address.split("://")[-1].rpartition(":")[0] in LOOPBACK:
        host = "127.0.0.1"
    worker = Worker(
        address,
        host=host,
        dashboard_address="127.0.0.1:0",  # Dask serves metrics there, which nobody else shall read
        nthreads=slots,
        name=name,
        resources={SLOT: slots, GPU: gpus * _gpu_slots},
        local_directory=folder and str(folder),
        death_timeout=wait,
        security=credentials,
        preload=["autograder.cluster"],
        memory_limit=0,  # it keeps nothing; what graders and guests use has limits of its own
    )
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        async with asyncio.timeout(wait + 5):
            await worker
    except (TimeoutError, OSError, ValueError, RuntimeError) as error:
        raise ClusterLost(f"no scheduler takes this worker at {address}: {error}") from error
    shared = f", {_gpu_slots} on each" if gpus else ""
    tell(f"{worker.name}: {slots} slots, {gpus} GPUs{shared}, at {address}")
    ended, asked = asyncio.create_task(worker.finished()), asyncio.create_task(told.wait())
    await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
    await worker.close(timeout=5)
    return told.is_set()


def security(address: str, ca_file: Path | None, cert: Path | None, key: Path | None) -> Security | None:
    """TLS to a scheduler with these files; None for what Dask's own configuration says.

    Raises:
        InstructorError: where these are no certificates, or some are missing, for TLS to that address.
    """
    encrypted = address.startswith("tls:")
    found = {"tls_ca_file": ca_file}
    found |= {f"tls_{role}_cert": cert for role in ("client", "worker")}
    found |= {f"tls_{role}_key": key for role in ("client", "worker")}
    given = {name: str(path) for name, path in found.items() if path}
    if not (given or encrypted):
        return None
    if not encrypted:
        raise InstructorError(f"{address} is no address of a scheduler with TLS: name it as tls://HOST:PORT.")
    made = Security(require_encryption=True, **given)
    try:
        usable = made.get_connection_args("client")["ssl_context"] is not None
    except OSError as error:  # of ssl, too
        raise InstructorError(f"These certificates cannot be used for TLS: {error}. {PEM}") from error
    if not usable:
        raise InstructorError(f"TLS to {address} needs an authority and a certificate. {PEM}")
    return made


# --- The side of `autograder grade` ---------------------------------------------------------------------------


@dataclass
class _Node:
    """A worker, as a run sees it."""

    address: str
    name: str
    slots: int
    fits: bool = False
    refusal: str = ""
    asked: Future[str] | None = None
    busy: dict[int, int] = field(default_factory=dict)  # slots, by errand
    seen: float = 0.0  # the scheduler's clock
    heard: float = 0.0  # ours
    silent: bool = False

    @property
    def pending(self) -> bool:
        """Whether it has yet to answer: another run may have all its slots."""
        return self.asked is not None and not self.asked.done()

    @property
    def free(self) -> int:
        """Slots without a job; negative where jobs wait there for one."""
        return self.slots - sum(self.busy.values())

    def takes(self, ahead: bool) -> bool:
        """Whether it may be given a job; with ``ahead`` also one that waits there until a slot is free."""
        return self.free > (-(1 + self.slots // 4) if ahead else 0)


@dataclass(eq=False)
class _Errand:
    """A job on its way to a result."""

    number: int
    job: Job
    ahead: bool
    alone: bool
    result: Future[Record]
    node: _Node | None = None
    task: Future[str] | None = None
    digest: str = ""
    begun: float | None = None
    early: bool = False  # it was given to a worker that had no free slot yet
    tried: set[str] = field(default_factory=set)
    lost: int = 0
    outlived: int = 0


class Cluster:
    """The ``Graders`` behind a scheduler; see ``schedule.Graders`` and the head of this module."""

    def __init__(
        self,
        address: str,
        course: Course,
        assignment: str,
        options: Options,
        tell: Tell,
        patience: float = 60.0,
        lost_after: float = 60.0,
        limit: float | None = None,
        credentials: Security | None = None,
    ) -> None:
        """Connect to the scheduler.

        Args:
            address: of the scheduler.
            course: whose ``assignment`` is graded.
            options: level, limits; how many submissions are graded at once is the workers' business.
            tell: hears what happens to jobs.
            patience: seconds to wait while no worker fits.
            lost_after: seconds after which a worker that says nothing counts as lost.
            limit: seconds for one submission; default: the sum of its limits.
            credentials: for TLS; default: those of Dask's configuration.

        Raises:
            ClusterLost: if no scheduler answers.
        """
        self.address, self.tell, self.patience, self.lost_after = address, tell, patience, lost_after
        source = course.load_source(assignment)
        self._bundle, self._key = bundle(course, assignment), Keys.of(course, source, options.device).whole
        limits = options.limits
        total = len(source.notebooks) * limits.notebook_wall + limits.suites_wall + STARTS
        self._order: dict[str, Any] = {
            "bundle": _sha256(self._bundle),
            "versions": _fingerprint(),
            "level": options.level.value if options.level else "",
            "limits": limits.to_dict(),
            "limit": total if limit is None else limit,
            "device": options.device,
            "topic": f"autograder-{secrets.token_hex(8)}",
        }
        self._needed = (SLOT, GPU) if options.device == CUDA else (SLOT,)  # one of each by a submission
        self._nodes: dict[str, _Node] = {}
        self._errands: dict[int, _Errand] = {}  # not yet done
        self._waiting: OrderedDict[int, _Errand] = OrderedDict()  # by number; the next to be given first
        self._count = 0
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._looked = self._answered = self._fitted = time.monotonic()
        self._client = _connected(address, credentials)
        self._executor = self._client.get_executor(pure=False)
        self._closed = threading.Event()
        self._broken: ClusterLost | None = None
        self._scheduler = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- Graders ----------------------------------------------------------------------------------------------

    def wait_ready(self) -> None:
        """Nothing to wait for: jobs wait for workers, which may come and go."""

    def submit(self, job: Job, ahead: bool) -> Future[Record]:
        return self._submitted(job, ahead, False)

    def alone(self, job: Job) -> Future[Record]:
        return self._submitted(job, False, True)

    def _submitted(self, job: Job, ahead: bool, alone: bool) -> Future[Record]:
        result: Future[Record] = Future()
        self._count += 1
        self._errands[self._count] = errand = _Errand(self._count, job, ahead, alone, result)
        self._events.put(partial(self._take, errand))
        if self._broken and not result.done():
            result.set_exception(self._broken)
        return result

    def close(self) -> None:
        """Give up what is not done: workers end its graders within a second or two."""
        self._closed.set()
        self._thread.join(10 * TICK)
        with suppress(Exception):  # a scheduler that has gone has nothing to be told
            self._executor.shutdown(wait=False)
        with suppress(Exception):
            self._client.close(timeout=5)

    # --- The thread that decides ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                if time.monotonic() - self._looked > TICK or not self._nodes:
                    self._look()
                self._give()
                with suppress(queue.Empty):
                    self._events.get(timeout=TICK)()
        except BaseException as error:  # whoever waits must hear of it
            self._broken = (
                error
                if isinstance(error, ClusterLost)
                else ClusterLost(f"the run at {self.address} cannot go on: {type(error).__name__}: {error}")
            )
            for errand in list(self._errands.values()):
                errand.result.set_exception(self._broken)

    def _look(self) -> None:
        """See which workers there are, ask new ones whether they fit, take back the jobs of those that are lost."""
        self._looked = now = time.monotonic()
        try:
            identity = self._client.sync(
                self._client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER
            )
        except Exception as error:  # whatever a lost connection raises
            if now - self._answered > GONE or self._client.status == "closed":
                raise ClusterLost(f"The scheduler at {self.address} has gone ({error}).") from error
            return
        self._answered = now
        if identity["id"] != self._scheduler:  # it was started anew, or is met for the first time
            self._scheduler = identity["id"]
            self._client.subscribe_topic(self._order["topic"], self._heard)
        workers = {address: one for address, one in identity["workers"].items() if SLOT in one["resources"]}
        for address in [address for address in self._nodes if address not in workers]:
            self._lose(self._nodes.pop(address), "the worker was lost")
        for address, one in workers.items():
            node = self._nodes.get(address) or self._met(address, one)
            if one["last_seen"] != node.seen:
                node.seen, node.heard, node.silent = one["last_seen"], now, False
            elif now - node.heard > self.lost_after and not node.silent:
                node.silent = True
                self._lose(node, f"nothing was heard of the worker for {self.lost_after:g} s")
        for errand in [self._errands[number] for node in self._nodes.values() for number in node.busy]:
            if errand.begun is not None and now - errand.begun > self._order["limit"] + 60 and errand.node:
                node = errand.node
                node.fits, node.refusal = False, "a job that outlived its limits hangs there"
                errand.outlived += 1
                self._back(errand, "it outlived the sum of its limits")
                for number in [number for number in node.busy if self._errands[number].begun is None]:
                    self._back(self._errands[number], "it waited behind a job that hangs")
        if any((node.fits or node.pending) and not node.silent for node in self._nodes.values()):
            self._fitted = now
        elif now - self._fitted > self.patience:
            self._nobody_fits()

    def _met(self, address: str, one: dict[str, Any]) -> _Node:
        slots = min(int(one["resources"].get(name, 0)) for name in self._needed)
        node = _Node(address, str(one["name"]), slots, heard=time.monotonic())
        self._nodes[address] = node
        self._ask(node)
        return node

    def _ask(self, node: _Node) -> None:
        """Ask a worker whether it fits, and give it the course."""
        node.fits, node.refusal = False, ""
        node.asked = self._send(WELCOME, self._order, self._bundle, node, 0)
        node.asked.add_done_callback(lambda asked: self._events.put(partial(self._answer, node, asked)))

    def _answer(self, node: _Node, asked: Future[str]) -> None:
        """A worker has said whether it fits."""
        reply, why = _reply(asked)
        node.fits, node.refusal = "level" in reply, reply.get("refused", why)
        if node.fits and not node.slots:
            node.fits, node.refusal = False, "it declares no GPU, though it has one"
        if node.refusal:
            self.tell("refused", "", node.name, node.refusal)

    def _nobody_fits(self) -> None:
        refusals = [f"{node.name}: {node.refusal or 'no answer'}" for node in self._nodes.values()]
        why = "; ".join(refusals) or f"no worker has come to {self.address}"
        for errand in list(self._errands.values()):
            self._fail(errand, GraderFailure(f"no worker fits ({why})"))

    # --- Jobs -------------------------------------------------------------------------------------------------

    def _take(self, errand: _Errand) -> None:
        self._waiting[errand.number] = errand
        if time.monotonic() - self._fitted > self.patience:
            self._nobody_fits()

    def _give(self) -> None:
        """Give waiting jobs to free slots."""
        if self._client.status != "running" or not self._is_free():
            return
        for errand in list(self._waiting.values()):
            node = self._choice(errand)
            if node is not None:
                del self._waiting[errand.number]
                self._start(errand, node)
                if not self._is_free():
                    return

    def _is_free(self) -> bool:
        """Whether any worker takes a job: asked before the class is gone through, which waits most of the time."""
        ahead = self._gives_ahead()
        return any(node.takes(ahead) for node in self._fitting())

    def _gives_ahead(self) -> bool:
        """Whether workers get a job before they have a slot for it, so that they need not wait for it then.

        Not at the end, where a job that waits for one worker might find another one free.
        """
        return len(self._waiting) > sum(node.slots for node in self._fitting())

    def _fitting(self) -> list[_Node]:
        """The workers that may get jobs now."""
        return [node for node in self._nodes.values() if node.fits and not node.silent]

    def _choice(self, errand: _Errand) -> _Node | None:
        """The freest worker, none that has lost this job if there is another."""
        fitting = self._fitting()
        others = [node for node in fitting if node.address not in errand.tried] or fitting
        ahead = self._gives_ahead()
        wanted = [node for node in others if (not node.busy if errand.alone else node.takes(ahead))]
        return max(wanted, key=lambda node: node.free, default=None)

    def _start(self, errand: _Errand, node: _Node) -> None:
        folder = Path(errand.job.folder)
        errand.digest, content = digest(folder), pack(folder)
        slots = node.slots if errand.alone else 1
        errand.node, errand.begun, errand.early = node, None, node.free < slots
        node.busy[errand.number] = slots
        order = self._order | {
            "job": replace(errand.job, root="", folder="").to_json(),
            "ahead": errand.ahead and bool(self._waiting),
            "alone": errand.alone,
            "errand": errand.number,
        }
        errand.task = task = self._send(GRADE, order, content, node, slots)
        task.add_done_callback(lambda done: self._events.put(partial(self._end, errand, done)))

    def _send(self, what: str, order: dict[str, Any], content: bytes, node: _Node, slots: int) -> Future[str]:
        with warnings.catch_warnings(action="ignore"):  # that a submission is large
            sent: Future[str] = self._executor.submit(
                perform, what, json.dumps(order), content, workers=[node.address],
                resources=dict.fromkeys(self._needed, slots),
            )  # fmt: skip
        return sent

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        """A worker has begun with a job; Dask's thread says so."""
        self._events.put(partial(self._begun, event[1]["begun"]))

    def _begun(self, number: int) -> None:
        errand = self._errands.get(number)
        if errand is not None and errand.node is not None:
            errand.begun = time.monotonic()
            self.tell("started", errand.job.student, errand.node.name, "")

    def _end(self, errand: _Errand, task: Future[str]) -> None:
        """A task is over; one of an earlier attempt comes too late."""
        if errand.task is not task or errand.number not in self._errands:
            if not task.cancelled() and task.exception() is None:
                self.tell("late", errand.job.student, "", "a second result was dropped")
            return
        reply, why = _reply(task)
        if "record" in reply:
            self._record(errand, reply["record"])
        elif "failure" in reply:
            self._fail(errand, GraderFailure(reply["failure"]))
        else:
            errand.outlived += "outlived" in reply
            if ("lost" in reply or "refused" in reply) and errand.node:
                self._ask(errand.node)
            self._back(errand, why or next(iter(reply.values())))

    def _record(self, errand: _Errand, text: str) -> None:
        try:
            record = Record.from_json(text)
        except ValueError as error:
            self._back(errand, f"its result cannot be read: {error}")
            return
        grade, job = record.grade, errand.job
        found = (grade.assignment, grade.student, grade.seed, grade.digest, grade.key)
        sent = (job.assignment, job.student, job.seed, errand.digest, content_key(self._key, errand.digest))
        if found != sent:
            self._back(errand, "its result is of other content, suites or versions than those that were sent")
            return
        self._over(errand).set_result(record)

    def _fail(self, errand: _Errand, why: BaseException) -> None:
        result = self._over(errand)
        if not result.done():
            result.set_exception(why)

    def _over(self, errand: _Errand) -> Future[Record]:
        """Forget a job; the caller settles its result."""
        self._errands.pop(errand.number, None)
        self._waiting.pop(errand.number, None)
        self._leave(errand)
        return errand.result

    def _leave(self, errand: _Errand) -> None:
        """Take a job from where it is."""
        task, node = errand.task, errand.node
        errand.task = errand.node = errand.begun = None
        if node is not None:
            node.busy.pop(errand.number, None)
        if task is not None:
            task.cancel()

    def _lose(self, node: _Node, why: str) -> None:
        for number in list(node.busy):
            self._back(self._errands[number], why)

    def _back(self, errand: _Errand, why: str) -> None:
        """A job is taken up elsewhere, or has been lost too often; one that had yet to begin just waits again."""
        if errand.early and errand.begun is None:
            self._leave(errand)
            self._wait_first(errand)
            return
        name = errand.node.name if errand.node else ""
        if errand.node is not None:
            errand.tried.add(errand.node.address)
        errand.lost += self._client.status == "running"  # else it is the scheduler that was lost
        if errand.lost >= ATTEMPTS or errand.outlived >= OUTLIVED:
            self._fail(errand, GraderFailure(f"lost {errand.lost} times, last by {name}: {why}"))
            return
        self._leave(errand)
        self.tell("retried", errand.job.student, name, why)
        self._wait_first(errand)

    def _wait_first(self, errand: _Errand) -> None:
        self._waiting[errand.number] = errand
        self._waiting.move_to_end(errand.number, last=False)


def _connected(address: str, credentials: Security | None) -> Client:
    for name in (
        "distributed",
        "distributed.client",
    ):  # what it would say of lost connections we say ourselves
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with config.set({"distributed.comm.timeouts.connect": ANSWER}):
            return Client(
                address, timeout=ANSWER, security=credentials, set_as_default=False, name="autograder"
            )
    except (OSError, ValueError, TypeError) as error:
        raise ClusterLost(_unanswered(address, error)) from error


def _unanswered(address: str, error: Exception) -> str:
    """Why there is no connection, with the next step."""
    if isinstance(error, FatalCommClosedError):
        return f"the scheduler at {address} and this end do not trust each other's certificates ({error}). {SIGNED}"
    if address.startswith("tls:") and isinstance(error, CommClosedError):
        # A scheduler that refuses this end's certificate says so in an alert, which is lost if this end
        # writes before it arrives: all that is left then is a connection that ends with the handshake.
        return (
            f"the scheduler at {address} ended the connection with the TLS handshake ({error}), as where two ends do "
            f"not trust each other's certificates. {SIGNED}"
        )
    return (
        f"no scheduler answers at {address} ({error}). Start one with `dask scheduler`, and workers with "
        "`autograder worker`; one with TLS answers at tls://... only."
    )


def _reply(task: Future[str]) -> tuple[dict[str, str], str]:
    """What a task has answered, or why it has not."""
    if task.cancelled():
        return {}, "the worker was lost"
    error = task.exception()
    if error is not None:
        return {}, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason'}"
    return json.loads(task.result()), ""
