"""What a run of grading says of itself, line by line, for ``autograder status`` and for whoever asks tomorrow.

``.autograder/<assignment>/_runs/<time>-<pid>.jsonl`` gets a JSON object for each thing that happens: the run begins and
ends; a submission is started (and where), tried once more (and why), graded (seconds; what is ungraded), kept from an
earlier run, or held. No seed, no test and nothing that a student wrote is in it.

A lock beside it is held while the run lives: it tells a run that goes on from one that was killed, and keeps a second
run from writing the same records.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from autograder.course import Course
from autograder.errors import InstructorError
from autograder.schedule import Progress

__all__ = ["Journal", "Tally", "last_run"]

KEPT_RUNS = 20
SLOWEST = 5


@dataclass
class Tally:
    """The state of a run, as its lines told it.

    Attributes:
        total: submissions of the run.
        begun: seconds since the epoch, as is ``told``, the time of the last line.
        place: process and host of the run.
        running: since when and where each submission is being graded.
        seconds: that each graded submission took.
        kept: submissions that an earlier run had graded.
        ungraded: what needs a human, by student.
        retries: reasons, by student.
        refused: workers that do not fit, and why.
        end: how the run ended; empty while it goes on, or if it was killed.
        alive: whether its process lives.
    """

    total: int = 0
    begun: float = 0.0
    told: float = 0.0
    place: str = ""
    running: dict[str, tuple[float, str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    ungraded: dict[str, list[str]] = field(default_factory=dict)
    retries: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    end: str = ""
    alive: bool = False

    def add(self, line: Mapping[str, Any]) -> None:
        """Take in one line of a journal."""
        self.told = at = float(line["at"])
        student = str(line.get("student", ""))
        match line["event"]:
            case "begun":
                self.total, self.begun, self.place = int(line["total"]), at, str(line["place"])
            case "started":
                self.running[student] = (at, str(line.get("worker", "")))
            case "retried":
                self.running.pop(student, None)
                self.retries.setdefault(student, []).append(str(line["why"]))
            case "refused":
                self.refused[str(line["worker"])] = str(line["why"])
            case "graded" | "held" | "kept" as event:
                self.running.pop(student, None)
                if event == "kept":
                    self.kept.add(student)
                else:
                    self.seconds[student] = float(line["seconds"])
                if line["ungraded"]:
                    self.ungraded[student] = list(line["ungraded"])
            case "ended":
                self.running.clear()
                self.end = str(line["how"])

    @property
    def done(self) -> int:
        return len(self.seconds) + len(self.kept)

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.done - len(self.running))

    @property
    def slowest(self) -> list[tuple[str, float]]:
        return sorted(self.seconds.items(), key=lambda one: -one[1])[:SLOWEST]

    def left(self, now: float) -> float | None:
        """Seconds until all is done, at the pace so far; None before anything was graded."""
        if not self.seconds or self.end:
            return None
        return (now - self.begun) / len(self.seconds) * (self.total - self.done)

    def short(self) -> str:
        """For a progress bar."""
        parts = [f"{len(self.running)} running", f"{self.waiting} waiting"]
        parts += [f"{len(self.ungraded)} ungraded"] if self.ungraded else []
        return ", ".join(parts)

    def state(self) -> str:
        return "going on" if self.alive and not self.end else self.end or "killed"

    def to_dict(self, now: float) -> dict[str, Any]:
        """For JSON."""
        data = asdict(self)
        running = {name: {"since": at, "worker": worker} for name, (at, worker) in self.running.items()}
        return data | {
            "state": self.state(),
            "done": self.done,
            "running": running,
            "waiting": self.waiting,
            "kept": sorted(self.kept),
            "left": self.left(now),
            "slowest": self.slowest,
        }


class Journal:
    """The lines of one run as it goes on; ``tally`` is what they say so far."""

    def __init__(self, course: Course, assignment: str, total: int) -> None:
        """Begin a run.

        Raises:
            InstructorError: while another run grades the assignment.
        """
        folder = _folder(course, assignment)
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            os.chmod(course.state, 0o700)
        self._lock = _locked(course, assignment)
        self._mutex = threading.Lock()
        self.tally = Tally(alive=True)
        for old in _runs(folder)[: 1 - KEPT_RUNS]:
            old.unlink(missing_ok=True)
        self.path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.jsonl"
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - closed by ``end``
        place = f"process {os.getpid()} on {socket.gethostname()}"
        self._write("begun", total=total, place=place)

    def tell(self, event: str, student: str, worker: str, why: str) -> None:
        """``schedule.Tell``."""
        self._write(event, student=student, worker=worker, why=why)

    def progress(self, progress: Progress) -> None:
        """A submission is done."""
        grade = progress.record.grade
        event = "held" if progress.changes else "kept" if progress.kept else "graded"
        self._write(event, student=progress.student, seconds=grade.seconds, ungraded=list(grade.ungraded))

    def unrecorded(self, student: str) -> None:
        """A submission was graded, but the gradebook did not take it."""
        self._write("unrecorded", student=student)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """The run has ended, or something has stopped it."""
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        self.end("done" if kind is None else "interrupted" if interrupted else f"stopped: {kind.__name__}")

    def end(self, how: str) -> None:
        """The run has ended: "done", or what stopped it."""
        self._write("ended", how=how)
        with suppress(OSError):
            self._file.close()
        self._lock.close()

    def _write(self, event: str, **facts: Any) -> None:
        with self._mutex:
            if self._file.closed:  # a worker's last word comes after the end
                return
            line = {"at": round(time.time(), 3), "event": event} | {k: v for k, v in facts.items() if v != ""}
            with suppress(OSError):  # a full disk stops the records, and says so; this is only their story
                self._file.write(
                    json.dumps(line) + "\n"
                )  # ASCII: a folder's name may be no UTF-8, or a line's end
                self._file.flush()
            self.tally.add(line)


def last_run(course: Course, assignment: str) -> Tally | None:
    """What the newest journal of an assignment says; None if there is none."""
    runs = _runs(_folder(course, assignment))
    if not runs:
        return None
    tally = Tally()
    for line in _lines(runs[-1]):
        tally.add(line)
    try:
        _locked(course, assignment).close()
    except InstructorError:
        tally.alive = True
    return tally


def ungraded_before(course: Course, assignment: str) -> list[str]:
    """Students who were ungraded in a run before the newest and have been in none since, as far as journals go back."""
    found: set[str] = set()
    runs = _runs(_folder(course, assignment))
    for path in runs[:-1]:
        for student, ungraded in _ended(path):
            (found.add if ungraded else found.discard)(student)
    if found:
        found -= {student for student, _ in _ended(runs[-1])}
    return sorted(found & set(course.students(assignment)))


def _ended(path: Path) -> Iterator[tuple[str, bool]]:
    """Who was graded in a run, and whether not wholly; what is damaged or gone tells nothing."""
    with suppress(OSError):
        for line in _lines(path):
            with suppress(KeyError, TypeError):
                ungraded = bool(line["ungraded"])
                # One that is held back was graded after all, or leaves the earlier grade as it was.
                if line["event"] in ("graded", "kept") or (line["event"] == "held" and not ungraded):
                    yield str(line["student"]), ungraded


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(
            ValueError, RecursionError
        ):  # the last line of a run that was killed may be half a line
            yield json.loads(text)


def _folder(course: Course, assignment: str) -> Path:
    return course.state / assignment / "_runs"


def _runs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def _locked(course: Course, assignment: str) -> IO[bytes]:
    """A file whose lock is held until it is closed.

    Raises:
        InstructorError: if somebody else holds it.
    """
    file = open(_folder(course, assignment) / "lock", "ab")  # noqa: SIM115 - closed by the caller
    for patience in (0.1, 0.2, 0.4, 0.0):  # a look at the state of a run takes the lock too, for a moment
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(patience)
        except OSError:  # a file system without locks
            return file
        else:
            return file
    file.close()
    raise InstructorError(
        f"{assignment} of this course is being graded already: `autograder status {assignment}` says where."
    )
