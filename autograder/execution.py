"""Runs a submission's cells in a guest and keeps a snapshot of it for each exercise.

Stock nbclient drives the kernel, one cell at a time. Two limits hold for a cell: CPU time, which decides, and a
generous wall time. A cell that reaches one is interrupted (SIGINT), then killed. When the kernel dies, a fresh guest
replays the cells that had gone well, without the culprit, and the rest of the notebook goes on.

When the last cell has run the kernel is stopped for good; only then may snapshots be asked. ``Snapshot.open`` starts
a conversation with a fork of the snapshot.

On a GPU a snapshot is taken before each cell for as long as CUDA is not initialised, since no fork of a kernel can use
CUDA afterwards. An exercise behind that moment is asked in forks of the last such snapshot (its ``Base``), in which the
cells that followed run once more before each conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat.v4
import zmq.asyncio
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from zmq.constants import SocketOption

from autograder.errors import (
    CallTimedOut,
    CellFailed,
    GpuExhausted,
    GraderFailure,
    StudentFailure,
    WallExpired,
)
from autograder.gpu import GpuSlot, out_of_memory
from autograder.probe import Probe, RemoteError, SocketTransport
from autograder.record import Executed
from autograder.sandbox.kernel import FORK, FORKED, GPU, ON_GPU, SEED, SERVE, STOP, UP
from autograder.sandbox.limits import Limits
from autograder.sandbox.provisioner import PATIENCE, GuestKernelManager, Launcher, put_files
from autograder.sandbox.supervisor import DISK_LIMIT, KILLED, LIMITS, MEMORY_LIMIT, PROCESS_LIMIT, Guest
from autograder.submission import RunCell, RunGraded, Snapshot, Step

SETTLE = 3.0  # seconds that worker processes have to end after the suite that started them
LOOK = 0.002
GRACE = 2.0  # seconds a cell has to react to an interrupt
TICK = 0.1
NOTEBOOKS = 5  # times what one cell may print is kept of a whole notebook
MESSAGE = 64 << 20  # bytes of one message of the kernel; a larger one is dropped by the transport

GONE = "Le processus qui gardait votre notebook s'est arrêté."
SHOWN = ("text/plain", "image/png", "image/jpeg")  # what of an output reaches feedback
LIMITS_IN_FRENCH = {
    MEMORY_LIMIT: "limite de mémoire atteinte",
    DISK_LIMIT: "limite de disque atteinte",
    PROCESS_LIMIT: "limite de processus atteinte",
}
CPU, WALL, OUTPUT = "temps de calcul", "temps d'attente", "sorties"


@dataclass
class CellEnd:
    """How a cell ended: ``fatal`` names what killed the kernel, ``limit`` the limit that it reached.

    ``exhausted``: its error says that the memory of a GPU was not enough.
    """

    error: str = ""
    fatal: str = ""
    limit: str = ""
    exhausted: bool = False


class CudaInUse(Exception):
    """The kernel says that it has initialised CUDA: no fork of it could use a GPU."""


@dataclass(eq=False)
class Base:
    """The last snapshot of a kernel before it initialised CUDA, and what it has run since.

    Attributes:
        control: of the snapshot.
        cells: source, and whether it ended with an error.
        cut: a cell since then was stopped at a limit, and cannot run again.
    """

    control: socket.socket
    cells: list[tuple[str, bool]] = field(default_factory=list)
    cut: bool = False


class GuestClient(NotebookClient):  # type: ignore[misc]
    """nbclient with a cap on what one cell may print."""

    cap = 10 << 20
    seen = 0

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        content = msg.get("content", {})
        try:
            self.seen += len(str(content))
        except RecursionError:  # no honest output is nested so deeply
            self.seen += self.cap + 1
        if self.seen > self.cap and msg["msg_type"] != "status":
            return None
        return super().process_message(msg, cell, cell_index)


class Kernel:
    """One guest with a kernel in it, from its start to the moment when only its snapshots are left."""

    def __init__(self, launcher: Launcher, limits: Limits) -> None:
        self.launcher, self.limits = launcher, limits
        context = zmq.asyncio.Context()
        context.setsockopt(SocketOption.MAXMSGSIZE, MESSAGE)
        context.setsockopt(SocketOption.RECONNECT_IVL, -1)  # student code may put a link in a socket's place
        self.manager = GuestKernelManager(launcher, context=context)
        self.guest: Guest

    async def start(self) -> None:
        """Start the guest and wait until its kernel answers.

        Raises:
            GraderFailure: if it does not.
        """
        try:
            await self.manager.start_kernel()
            self.guest = self.manager.guest
            await asyncio.to_thread(self._wait_bound)
            self.client = self.manager.client()
            self.client.start_channels(stdin=False, hb=False)
            self.client.allow_stdin = False
            await self._ready()
        except (RuntimeError, OSError, TimeoutError) as error:
            raise GraderFailure(f"the guest did not start: {error}") from error

    def _wait_bound(self) -> None:
        """Wait until the kernel has bound its sockets, or says what went wrong."""
        readable, _, _ = select.select([self.manager.bridge], [], [], PATIENCE)
        said = self.manager.bridge.recv(5000) if readable else b""
        if said != UP:
            raise RuntimeError(f"{said.decode(errors='replace') or 'nothing was said'} {self.guest.poll()}")

    async def _ready(self) -> None:
        """Wait for both channels: a reply on the shell, and the busy status of that request on iopub.

        jupyter_client's own wait adds 0.2 s of silence, in case of messages that a fresh kernel does not send.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            request = self.client.kernel_info()
            with contextlib.suppress(Exception):
                reply = await self.client.get_shell_msg(timeout=1)
                while reply["parent_header"].get("msg_id") != request:
                    reply = await self.client.get_shell_msg(timeout=1)
                while True:
                    message = await self.client.get_iopub_msg(timeout=0.2)
                    parent = message["parent_header"].get("msg_id")
                    if parent == request and message["content"].get("execution_state") == "idle":
                        return
            if self.guest.poll() is not None:
                raise RuntimeError(f"it ended while starting: {self.guest.poll()}")
        raise TimeoutError(f"no reply within {PATIENCE:g} s")

    def seed(self, seed: int) -> None:
        """Start the kernel's random streams.

        Raises:
            GraderFailure: if the kernel, which has run nothing yet, does not confirm it.
        """
        self._order(SEED, seed.to_bytes(8, "big"), "its seed")

    def use(self, slot: GpuSlot) -> None:
        """Give the kernel a GPU.

        Raises:
            GraderFailure: as ``seed``.
        """
        self._order(GPU, f"{slot.share} {slot.gpu}".encode(), "its GPU")

    def _order(self, what: bytes, value: bytes, name: str) -> None:
        bridge = self.manager.bridge
        bridge.sendall(what + value)
        ready, _, _ = select.select([bridge], [], [], PATIENCE)
        if not ready or bridge.recv(1) != what:
            raise GraderFailure(f"the guest did not take {name}")

    async def run_cell(self, cell: Any, index: int) -> CellEnd:
        """Run one cell; its outputs are in ``cell`` afterwards."""
        runner = GuestClient(
            nbformat.v4.new_notebook(cells=[cell]), km=self.manager, allow_errors=True, record_timing=False
        )
        runner.kc, runner.cap = self.client, self.limits.output_mb << 20
        task = asyncio.ensure_future(runner.async_execute_cell(cell, 0))
        limit = await self._watch(task, runner)
        try:
            await task
        except (DeadKernelError, asyncio.CancelledError):
            self._blame()
            return CellEnd(fatal=limit or self._cause(), limit=limit)
        except Exception as error:  # a message that nbclient cannot read: no honest kernel sends one
            self.guest.kill_main()
            return CellEnd(fatal=f"message illisible ({type(error).__name__})")
        errors = [out for out in cell.outputs if out.output_type == "error"]
        if not errors:
            return CellEnd(limit=limit)
        kind, text = (str(errors[-1].get(key, "")) for key in ("ename", "evalue"))
        return CellEnd(error=kind, limit=limit, exhausted=out_of_memory(kind, text))

    async def _watch(self, task: asyncio.Future[Any], runner: GuestClient) -> str:
        """Wait for a cell; interrupt it at a limit, kill it when that does not help. Returns the limit."""
        started, cpu, limit, interrupted = time.monotonic(), self.guest.cpu_seconds(), "", 0.0
        while not (await asyncio.wait({task}, timeout=TICK))[0]:
            if self.guest.poll() is not None:
                task.cancel()
            now = time.monotonic()
            if not limit:
                limit = self._reached(now - started, cpu, runner)
                if limit:
                    self.guest.signal(signal.SIGINT)
                    interrupted = now
            elif now - interrupted > GRACE:
                self.guest.kill_main()
        return limit

    def _reached(self, seconds: float, cpu: float, runner: GuestClient) -> str:
        if runner.seen > runner.cap:
            return OUTPUT
        if self.guest.cpu_seconds() - cpu > self.limits.cell_cpu:
            return CPU
        return WALL if seconds > self.limits.cell_wall else ""

    def _blame(self) -> None:
        """Raises GraderFailure where the guest was lost without a report of how it ended: its supervisor is gone."""
        gone = self.guest.gone or "exit"
        if gone not in ("exit", KILLED, *LIMITS) and not gone.startswith("signal"):
            raise GraderFailure(f"the guest was lost: {gone}")

    def _cause(self) -> str:
        return cause_in_french(self.guest.poll())

    def snapshot(self) -> socket.socket:
        """Ask the kernel, at rest, for a snapshot; returns the socket that controls it.

        Raises:
            CellFailed: if the kernel does not answer.
            CudaInUse: if no snapshot of it could use a GPU.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.manager.bridge, [FORK], [theirs.fileno()])
            except OSError:
                ours.close()
                raise CellFailed("Le noyau s'est arrêté avant cet exercice.") from None
        ready, _, _ = select.select([ours], [], [], PATIENCE)
        said = ours.recv(1) if ready else b""
        if said != FORKED:
            ours.close()
            if said == ON_GPU:
                raise CudaInUse
            raise CellFailed("Le noyau ne répondait plus après les cellules de cet exercice.")
        return ours

    def stop(self) -> None:
        """End the kernel; what it printed is complete, its snapshots stay."""
        with contextlib.suppress(Exception):
            self.client.stop_channels()
        self.manager.context.destroy(linger=0)
        self.guest.kill_main()


def kept_output(output: dict[str, Any]) -> dict[str, Any] | None:
    """An output as plain text and bitmaps, whatever a forged kernel message held; None if nothing is left."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        traceback = [_text(line) for line in lines] if isinstance(lines, list) else []
        names = {key: _text(output.get(key)) for key in ("ename", "evalue")}
        return {"output_type": "error", **names, "traceback": traceback}
    data = output.get("data")
    shown = {mime: _text(data[mime]) for mime in SHOWN if isinstance(data, dict) and mime in data}
    if kind in ("display_data", "execute_result") and shown:
        return {"output_type": "display_data", "data": shown, "metadata": {}}
    return None


def _text(value: object) -> str:
    """Text that every encoder takes: no lone surrogates."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def cause_in_french(end: dict[str, Any] | None) -> str:
    """Why a guest's process ended, for the student."""
    why = str((end or {}).get("why") or "")
    code = (end or {}).get("code")
    if why in LIMITS_IN_FRENCH:
        return LIMITS_IN_FRENCH[why]
    if why.startswith("signal"):
        return f"arrêt brutal, {why}"
    return f"code de sortie {code}" if code is not None else "arrêt inattendu"


@dataclass
class Asked:
    """The state of an exercise at the moment when its suite may ask: a snapshot, or why there is none."""

    exercise: str
    sources: tuple[str, ...]
    guest: Guest | None = None
    control: socket.socket | None = None
    failure: StudentFailure | GraderFailure | None = None
    note: str = ""  # what happened to one of the exercise's cells: explains a missing name
    ahead: socket.socket | None = None  # to a fork of the snapshot that waits for its first conversation
    lost: bool = False  # its guest was told to end, and may still answer for a moment
    again: tuple[
        tuple[str, bool], ...
    ] = ()  # what a fork of the snapshot runs before it is asked: ``Base.cells``

    def fork_ahead(self) -> None:
        """Have the next conversation's fork made while the grader does something else."""
        if self.ahead is None and self.control is not None and not self.lost and not self.again:
            with contextlib.suppress(CellFailed):  # ``open`` will say so
                self.ahead = self._fork(self.control)

    def open(self, limits: Limits, budget: float, end: float) -> Probe:
        """Start a conversation with a fresh fork of the snapshot, in which calls may use ``budget`` seconds of CPU.

        None of them is waited for beyond ``end`` of the monotonic clock.

        Raises:
            CellFailed: if the snapshot is gone.
            StudentFailure, GraderFailure: if there never was one.
        """
        if self.failure is not None:
            raise self.failure
        assert self.guest is not None and self.control is not None
        if self.lost:
            raise CellFailed(GONE)
        sock, self.ahead = self.ahead or self._fork(self.control), None
        return Probe(SocketTransport(sock, self.watch(limits, budget, end)))

    def watch(self, limits: Limits, budget: float, end: float) -> GuestWatch:
        """What limits a conversation; ``open`` says how."""
        assert self.guest is not None and self.control is not None
        return GuestWatch(self.guest, self.control, limits, budget, end)

    def run_again(self, probe: Probe, limits: Limits, end: float) -> None:
        """Run the cells ``again`` in the conversation, each within the limits of a cell.

        Raises:
            GpuExhausted: if a GPU's memory was not enough this time.
            GraderFailure: if one of them takes too long this time, or raises what it did not raise before.
        """
        transport = probe.transport
        assert isinstance(transport, SocketTransport)
        usual = transport.watch
        cells = replace(limits, call_cpu=limits.cell_cpu, call_wall=limits.cell_wall)
        transport.watch = self.watch(cells, len(self.again) * limits.cell_cpu, end)
        try:
            for cell, failed in self.again:
                _same_end(probe.request("run_cell", cell), failed)
        except RemoteError as error:  # where student code has spoiled IPython itself
            raise GraderFailure(f"a cell could not run again ({error.kind})") from error
        except CallTimedOut as error:
            raise GraderFailure(f"a cell took longer when it ran again: {error}") from error
        transport.watch = usual

    @staticmethod
    def _fork(control: socket.socket) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(control, [SERVE], [theirs.fileno()])
            except OSError:
                ours.close()
                raise CellFailed(GONE) from None
        return ours


def _same_end(raised: object, failed: bool) -> None:
    """Raises GraderFailure where a cell that ran again raised something, and had not the first time."""
    names, text = raised[:2] if isinstance(raised, list) and len(raised) == 3 else ([], "")
    kind = str(names[0]) if isinstance(names, list) and names else ""
    if kind and out_of_memory(kind, str(text)):
        raise GpuExhausted
    if kind and not failed:
        raise GraderFailure(f"a cell that had gone well raised {kind[:60]} when it ran again")


def _note(end: CellEnd) -> str:
    if end.limit:
        return f"Une cellule de cet exercice a atteint sa limite ({end.limit}) et a été interrompue."
    return f"Une cellule de cet exercice a arrêté le noyau ({end.fatal})."


class GuestWatch:
    """What a transport may know and do about the guest at its other end."""

    def __init__(
        self, guest: Guest, control: socket.socket, limits: Limits, budget: float, wall_end: float
    ) -> None:
        self.guest, self.control, self.limits = guest, control, limits
        self.end, self.wall_end = guest.cpu_seconds() + budget, wall_end

    @property
    def call_wall(self) -> float:
        """How long the next call may last."""
        return min(self.limits.call_wall, max(0.0, self.wall_end - time.monotonic()))

    @property
    def call_cpu(self) -> float:
        """What the next call may use: never more than is left for the whole suite."""
        return min(self.limits.call_cpu, max(0.0, self.end - self.cpu_seconds()))

    def cpu_seconds(self) -> float:
        return self.guest.cpu_seconds()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.control.send(STOP)

    def cause(self) -> str:
        end = self.guest.poll() or {}
        return LIMITS_IN_FRENCH.get(str(end.get("why")), "")


class Execution:
    """Runs the steps of one notebook.

    Args:
        steps: what ``submission.plan`` says.
        launcher: starts a guest.
        limits: of cells, calls and guests.
        folder: the submission's files, copied into each guest.
        seed: where the random streams of each kernel start.
        gpu: where its guests compute; None for the CPU.

    Attributes:
        asked: for each exercise with a suite, what its suite may ask.
        inside: for each graded cell without a suite, its cell and how it ended.
        outputs: of the student's cells.
        problems: sentences for the instructor.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        launcher: Launcher,
        limits: Limits,
        folder: Path | None = None,
        seed: int = 0,
        gpu: GpuSlot | None = None,
    ) -> None:
        self.steps, self.launcher, self.limits = steps, launcher, limits
        self.folder, self.seed, self.gpu = folder, seed, gpu
        self.base: Base | None = None  # of the kernel that runs now
        self.mute = False  # that kernel does not answer
        self.exhausted: set[int] = set()  # cells for which a GPU's memory was not enough
        self.asked: dict[str, Asked] = {}
        self.inside: dict[str, tuple[Any, CellEnd]] = {}
        self.outputs: dict[int, Executed] = {}
        self.problems: list[str] = []
        self.culprits: dict[int, CellEnd] = {}
        self.errors: dict[int, str] = {}  # by cell, the kind of error on which it stopped
        self.waited: set[int] = set()  # cells that reached the wall limit without using their CPU time
        self.guests: list[Guest] = []
        self.restarts = 0
        self.printed = 0  # characters that are kept of all outputs
        self.deadline = time.monotonic() + limits.notebook_wall

    async def run(self, kernel: Kernel) -> None:
        """Run all steps; ``kernel`` was started ahead. Afterwards no kernel runs and snapshots may be asked."""
        try:
            await self._run(kernel)
        finally:
            self._drop_base()

    async def _run(self, kernel: Kernel) -> None:
        self._enter(kernel)
        for position, step in enumerate(self.steps):
            if time.monotonic() > self.deadline:
                kernel.stop()
                self._stop_waiting(self.steps[position:])
                return
            fatal = await self._step(kernel, step)
            if fatal and position + 1 < len(self.steps):
                try:
                    replacement = await self._restarted(kernel, position + 1)
                except WallExpired:
                    self._stop_waiting(self.steps[position + 1 :])
                    return
                if replacement is None:
                    self._give_up(self.steps[position + 1 :])
                    return
                kernel = replacement
        kernel.stop()

    def _enter(self, kernel: Kernel) -> None:
        self.guests.append(kernel.guest)
        self._drop_base()
        self.mute = False
        if self.gpu is not None:
            kernel.use(self.gpu)
        kernel.seed(self.seed)
        if self.folder is None:
            return
        if left_out := put_files(kernel.guest, str(self.folder), self.limits.disk_mb):
            self.problems.append(f"not copied to the guest: {', '.join(left_out[:5])}")

    async def _step(self, kernel: Kernel, step: Step) -> str:
        """Perform one step; returns what killed the kernel, if anything did."""
        if isinstance(step, Snapshot):
            return self._snapshot(kernel, step)
        cell = nbformat.v4.new_code_cell(step.source)
        end = await self._run_cell(kernel, cell)
        if isinstance(step, RunGraded):
            self.inside[step.exercise] = (cell, end)
        else:
            self._record(step, cell, end)
        return end.fatal

    async def _run_cell(self, kernel: Kernel, cell: Any) -> CellEnd:
        if self.gpu is not None:
            self._keep_base(kernel)
        end = await kernel.run_cell(cell, 0)
        if self.base is not None and not end.fatal:
            self.base.cut |= bool(end.limit)
            self.base.cells.append((cell.source, bool(end.error)))
        return end

    def _keep_base(self, kernel: Kernel) -> None:
        """A snapshot in place of the base, as long as CUDA is not initialised."""
        if self.mute:
            return
        try:
            control = kernel.snapshot()
        except CudaInUse:
            return
        except CellFailed:  # it would let each cell wait
            self.mute = True
            return
        self._drop_base()
        self.base = Base(control)

    def _drop_base(self) -> None:
        """Forget the base; its process ends unless an exercise needs it."""
        base, self.base = self.base, None
        if base is not None and all(asked.control is not base.control for asked in self.asked.values()):
            base.control.close()

    def _record(self, step: RunCell, cell: Any, end: CellEnd) -> None:
        if end.fatal or end.limit:
            self.culprits[step.index] = end
            why = f"limite atteinte : {end.limit}" if end.limit else f"le noyau s'est arrêté : {end.fatal}"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=f"[{why}]\n"))
            self.problems.append(f"cell {step.index} ended with: {end.limit or end.fatal}")
            if end.limit == WALL:
                self.waited.add(step.index)
        if end.error.isidentifier() and len(end.error) < 60:  # a name, as the student's code tells it
            self.errors[step.index] = end.error
        if self.gpu is not None and end.exhausted:
            self.exhausted.add(step.index)
        outputs = [kept for output in cell.outputs if (kept := kept_output(output))]
        self.printed += sum(len(str(output)) for output in outputs)
        if self.printed > NOTEBOOKS * self.limits.output_mb << 20:
            outputs = [
                {"output_type": "stream", "name": "stderr", "text": "[sorties trop longues, non gardées]\n"}
            ]
            self.problems.append(f"cell {step.index}: outputs not kept, the notebook printed too much in all")
        self.outputs[step.index] = Executed(step.index, step.source, outputs)

    def _snapshot(self, kernel: Kernel, step: Snapshot) -> str:
        asked = Asked(step.exercise, tuple(cell.source for cell in step.before))
        self.asked[step.exercise] = asked
        own = self._own_cells(step)
        if any(cell.index in self.waited for cell in own):
            asked.failure = WallExpired(self.limits.cell_wall)
            return ""
        if any(cell.index in self.exhausted for cell in step.before):  # what it defines is missing
            asked.failure = GpuExhausted()
            return ""
        try:
            asked.control, asked.again = self._frozen(kernel)
            asked.guest = kernel.guest
        except GraderFailure as failure:
            asked.failure = failure
            return ""
        except CellFailed as failure:
            asked.failure = failure
            for (
                cell
            ) in own:  # whatever they left behind, it must not come back when the good cells are replayed
                self.culprits.setdefault(cell.index, CellEnd(fatal=str(failure)))
            kernel.guest.kill_main()
            return str(failure)
        fatal = [self.culprits[cell.index] for cell in own if cell.index in self.culprits]
        errors = [self.errors[cell.index] for cell in own if cell.index in self.errors]
        if fatal:
            asked.note = _note(fatal[0])
        elif errors:
            asked.note = f"Une cellule de cet exercice s'est arrêtée sur une erreur ({errors[0]})."
        return ""

    def _frozen(self, kernel: Kernel) -> tuple[socket.socket, tuple[tuple[str, bool], ...]]:
        """A snapshot of the kernel, and the cells that its forks must run again.

        Raises:
            CellFailed: if there is no snapshot.
            GraderFailure: if a cell that was stopped would have to run again.
        """
        try:
            return kernel.snapshot(), ()
        except CudaInUse:
            if self.base is None:
                raise CellFailed("Le noyau ne pouvait plus être copié après cet exercice.") from None
            if self.base.cut:
                raise GraderFailure("a cell that was stopped at a limit cannot run again on a GPU") from None
            return self.base.control, tuple(self.base.cells)

    def _own_cells(self, step: Snapshot) -> list[RunCell]:
        """Cells between the exercise before and this one."""
        earlier = max(
            (len(other.before) for other in self._snapshots() if len(other.before) < len(step.before)),
            default=0,
        )
        return list(step.before[earlier:])

    def _snapshots(self) -> Iterator[Snapshot]:
        return (step for step in self.steps if isinstance(step, Snapshot))

    async def _restarted(self, kernel: Kernel, until: int) -> Kernel | None:
        """A fresh kernel in which the good cells before step ``until`` have run again; None if there is no more try.

        A cell that kills the kernel only when it is replayed becomes a culprit in its turn.

        Raises:
            WallExpired: if the notebook's time is over; no kernel runs then.
        """
        try:
            while self.restarts < self.limits.restarts:
                kernel.stop()
                self.restarts += 1
                kernel = Kernel(self.launcher, self.limits)
                await kernel.start()
                self._enter(kernel)
                if await self._replay(kernel, self.steps[:until], self.deadline):
                    return kernel
        except WallExpired:
            kernel.stop()
            raise
        kernel.stop()
        return None

    async def _replay(self, kernel: Kernel, steps: Sequence[Step], until: float) -> bool:
        """Whether the cells ran again; raises WallExpired if ``until`` of the monotonic clock passes meanwhile."""
        for step in steps:
            if time.monotonic() > until:
                raise WallExpired(self.limits.notebook_wall)
            if isinstance(step, RunCell) and step.index not in self.culprits:
                end = await self._run_cell(kernel, nbformat.v4.new_code_cell(step.source))
                if end.fatal:
                    self.culprits[step.index] = end
                    self.problems.append(f"cell {step.index} ended, when replayed, with: {end.fatal}")
                    return False
                if self.gpu is not None and end.exhausted:
                    self.exhausted.add(step.index)
        return True

    def _give_up(self, steps: Sequence[Step]) -> None:
        self.problems.append(
            f"the kernel was restarted {self.restarts} times; the rest of the notebook did not run"
        )
        failure = CellFailed(
            "Le noyau s'est arrêté trop souvent : la suite du notebook n'a pas été exécutée."
        )
        for step in steps:
            if isinstance(step, Snapshot):
                self.asked[step.exercise] = Asked(step.exercise, (), failure=failure)

    def _stop_waiting(self, steps: Sequence[Step]) -> None:
        """The notebook took too long in all; a wall clock decides no point, so its remaining exercises are ungraded."""
        self.problems.append(f"the notebook was stopped after {self.limits.notebook_wall:g} s")
        for step in steps:
            if isinstance(step, Snapshot):
                self.asked[step.exercise] = Asked(
                    step.exercise, (), failure=WallExpired(self.limits.notebook_wall)
                )

    async def revive(self, exercise: str, end: float) -> None:
        """A new snapshot for an exercise whose own is gone, if the cells can be replayed before ``end``."""
        step = next(step for step in self._snapshots() if step.exercise == exercise)
        kernel = Kernel(self.launcher, self.limits)
        await kernel.start()
        self._enter(kernel)
        try:
            if await self._replay(kernel, self.steps[: self.steps.index(step)], end):
                self._snapshot(kernel, step)
        except WallExpired as failure:
            self.asked[exercise].failure = failure
        finally:
            kernel.stop()
            self._drop_base()

    def fork_ahead(self, after: str) -> None:
        """Have the conversation's fork made of the exercise that follows ``after`` in the notebook."""
        exercises = list(self.asked)
        for exercise in exercises[exercises.index(after) + 1 :][:1]:
            # A snapshot of both is about to be told to stop.
            if self.asked[exercise].control is not self.asked[after].control:
                self.asked[exercise].fork_ahead()

    def settle(self, asked: Asked) -> bool:
        """After a suite: a guest in which it left processes ends, and the next suite gets a new one.

        Returns whether the guest goes on.
        """
        guest = asked.guest
        if guest is None or asked.control is None or asked.lost:
            return False
        with contextlib.suppress(OSError):
            asked.control.send(STOP)
        others = [other for other in self.asked.values() if other.guest is guest]
        snapshots = {other.control for other in others}  # exercises may share one
        most = 1 + len(snapshots) + sum(other.ahead is not None for other in others)  # with pid 1
        deadline, quiet = time.monotonic() + SETTLE, 0
        while quiet < 2:  # one look may miss a process whose parent is just ending
            quiet = quiet + 1 if len(guest.pids()) <= most else 0
            if time.monotonic() > deadline:
                self._lose(guest)
                return False
            time.sleep(LOOK)
        return bool(guest.pids())

    def _lose(self, guest: Guest) -> None:
        """End a guest; no suite may begin to ask it in the moment that this takes."""
        for asked in self.asked.values():
            asked.lost |= asked.guest is guest
        guest.kill()

    def kill(self) -> None:
        """Ask for the end of all guests, without waiting for it."""
        for guest in self.guests:
            guest.kill()

    def close(self) -> None:
        """End all guests, with all that runs in them."""
        for asked in self.asked.values():
            for sock in (asked.control, asked.ahead):
                if sock is not None:
                    sock.close()
        for guest in self.guests:
            guest.close()
