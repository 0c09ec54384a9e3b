"""A notebook's code cells, run from top to bottom in a Python of their own, for the student who wrote them.

The new process is a plain Python with an IPython shell, started as on every platform: no fork, no kernel, no sandbox.
It goes on after an error, as the autograder does, then asks the public suites about the names that the cells left, and
says what happens in lines of JSON. They leave by a copy of its standard output, which no code of the student knows;
the descriptors that the student's code sees lead to nowhere, so that what cells print disturbs nobody.

The process may die with the student's code (``os._exit``, a crash of a library): its last line tells in which cell.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.submission import Cell, Submitted, read_notebook

__all__ = ["QUIET", "Event", "code_cells", "events"]

QUIET = "AUTOGRADER_QUIET"  # as in guest, which would bring torch
TEXT = 300  # characters of a message that are worth showing
CODE = "from autograder.runthrough import child; child()"

Event = dict[str, Any]
Send = Callable[..., None]


def code_cells(submitted: Submitted) -> list[Cell]:
    """The cells that run, in order; Jupyter numbers them so, from 1, after « Restart & Run All »."""
    return [cell for cell in submitted.cells if cell.cell_type == "code" and cell.source.strip()]


# --- The process that asks ------------------------------------------------------------------------------------


def events(path: Path, exercises: Sequence[str] = ()) -> Iterator[Event]:
    """Runs the notebook at ``path`` and yields what happens, while it happens.

    Args:
        path: the notebook; its cells run in its folder.
        exercises: those whose public tests are run behind the last cell, from ``public/`` in that folder.

    Yields:
        ``{"event": "begun"}``, then for each cell ``cell`` (number) and ``ran`` (number, seconds, error, names), for
        each exercise ``asked`` and ``graded`` (exercise, score, points), with exercises ``overview`` (text), then
        ``end``. Where the process died, the last event is ``died`` (code, text), at whatever place.
    """
    path = path.absolute()
    environment = {**os.environ, "MPLBACKEND": "Agg", QUIET: "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(path), *exercises],
            cwd=path.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                event: Event = json.loads(line)
                yield event
                if event["event"] == "end":
                    return  # a thread of the student's must not keep us waiting
            code = process.wait()
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            yield {"event": "died", "code": code, "text": said[-TEXT:]}
        finally:
            process.kill()


# --- The process that runs ------------------------------------------------------------------------------------


def child() -> None:
    """Runs what the arguments ask for; the process is the student's from the first cell on."""
    path, exercises = Path(sys.argv[1]), sys.argv[2:]
    sys.argv = [""]
    send = _channel()
    shell = _shell()
    send("begun")
    cells = code_cells(read_notebook(path))
    for number, cell in enumerate(cells, 1):
        send("cell", number=number)
        send("ran", number=number, **_run(shell, cell.source))
    if exercises:
        _ask(shell.user_ns, [cell.source for cell in cells], path.parent, exercises, send)
    send("end")


def _channel() -> Send:
    """What tells the other process; from now on descriptors 1 and 2 lead to nowhere."""
    stream = os.fdopen(os.dup(1), "w", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    def send(event: str, **fields: object) -> None:
        stream.write(json.dumps({"event": event, **fields}) + "\n")
        stream.flush()

    return send


def _shell() -> Any:
    """IPython's shell without a history file, without windows, and without tracebacks that nobody reads."""
    from IPython.core.interactiveshell import InteractiveShell  # here: the process that asks needs none
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.enable_gui = lambda gui=None: None
    shell.enable_matplotlib = lambda gui=None: ("agg", "agg")  # %matplotlib, whatever it asks for
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None
    shell.ask_exit = lambda: os._exit(0)  # exit and quit, which end a kernel too
    return shell


def _run(shell: Any, source: str) -> dict[str, object]:
    known, started = set(shell.user_ns), time.monotonic()
    result = shell.run_cell(source, store_history=True)
    seconds = time.monotonic() - started
    error = result.error_before_exec or result.error_in_exec
    names = sorted(name for name in set(shell.user_ns) - known if not name.startswith("_"))
    return {"seconds": seconds, "error": _described(error) if error else None, "names": names}


def _described(error: BaseException) -> dict[str, object]:
    """Type and text of an error, the line of the cell, and the function of the notebook that it came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "ipython-input" in f.filename]
    line = frames[0].lineno if frames else error.lineno if isinstance(error, SyntaxError) else None
    inner = frames[-1].name if frames else ""
    missing = error.name if type(error) is NameError else None
    return {
        "type": type(error).__name__,
        "text": _text(error),
        "line": line,
        "function": inner if inner.isidentifier() else "",
        "missing": missing or "",
    }


def _text(error: BaseException) -> str:
    try:
        lines = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().splitlines()
    except Exception:  # the student's own class of error may do what it likes
        return ""
    return lines[0][:TEXT] if lines else ""


def _ask(
    names: dict[str, Any], sources: list[str], folder: Path, exercises: Sequence[str], send: Send
) -> None:
    """The public suites' view of the notebook's names."""
    from autograder.feedback import render_overview
    from autograder.selfcheck import exercises_in, grade_public  # here: it brings torch and pytest

    grades = []
    for exercise, suite, points in exercises_in(folder):
        if exercise not in exercises:
            continue
        send("asked", exercise=exercise)
        grade = grade_public(exercise, suite, names, sources, points)
        send("graded", exercise=exercise, score=grade.score, points=grade.max_points)
        grades.append(grade)
    send("overview", text=render_overview(grades)[1])
