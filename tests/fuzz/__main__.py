"""Coverage-guided fuzzing: ``make fuzz``, or ``python -m tests.fuzz --help``.

* ``run`` gives each target a process in which atheris (libFuzzer) mutates the kept corpus and what earlier runs added
  to it under ``.fuzz/``. A finding does not end the run: it is saved once, under a name that says what went wrong, and
  the command that replays it is told in the end. Ctrl-C ends the run as its time does.
* ``replay`` runs one target on one file, without atheris.
* ``keep`` adds to the kept corpus what covers code that it does not cover yet.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = HERE / "corpus"
WORK = ROOT / ".fuzz"
NAMES = ("wire", "notebook", "manifest")
INSTRUMENTED = ["autograder.wire", "autograder.probe", "autograder.raised", "autograder.submission"]
INSTRUMENTED += ["autograder.manifest", "autograder.rehearsal"]
LONGEST = 1 << 14  # bytes of an input
SMALL = 2048  # bytes of an input that is kept
SECONDS_EACH = 20  # an input that takes longer hangs
ENDED = 72  # the exit code of a process that Ctrl-C ended, as libFuzzer has it
ROOM = 2 << 30  # bytes of address space beside what the libraries take


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if "work" in options:
        options.work = options.work.resolve()
    if options.command == "replay":
        return replay(options.target, options.file)
    if options.command == "keep":
        return keep(options.targets or NAMES, options.work)
    if options.command == "one":
        return fuzz(options.target, options.work, options.libfuzzer)
    return run(options.targets or NAMES, options.work, options.minutes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    long = commands.add_parser("run", help="fuzz targets, one after the other")
    long.add_argument(
        "targets", nargs="*", type=_target, metavar="TARGET", help=f"of {', '.join(NAMES)}; all by default"
    )
    long.add_argument("--minutes", type=float, default=10, help="for each target (10)")
    again = commands.add_parser("replay", help="run a target on a saved input")
    again.add_argument("target", type=_target)
    again.add_argument("file", type=Path)
    kept = commands.add_parser("keep", help="add to the kept corpus what covers more code")
    kept.add_argument("targets", nargs="*", type=_target, metavar="TARGET")
    one = commands.add_parser("one")  # what `run` starts
    one.add_argument("target", type=_target)
    for command in (long, kept, one):
        command.add_argument(
            "--work", type=Path, default=WORK, help="where new inputs and findings are kept (.fuzz)"
        )
    one.add_argument("libfuzzer", nargs="*")
    return parser


def _target(name: str) -> str:
    if name not in NAMES:
        raise argparse.ArgumentTypeError(f"`{name}` is none of {', '.join(NAMES)}")
    return name


def replay(target: str, file: Path) -> int:
    """Raises what the target raises."""
    from tests.fuzz.targets import TARGETS

    TARGETS[target](file.read_bytes())
    print(f"{target} holds for {file}")
    return 0


# --- A run ----------------------------------------------------------------------------------------------------


def run(targets: Sequence[str], work: Path, minutes: float) -> int:
    """Fuzz targets one after the other; 1 if there were findings."""
    findings = work / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    code = 0
    for target in targets:
        print(f"{target}: {minutes:g} minutes; Ctrl-C ends the run", flush=True)
        code = _fuzzed(target, work, [f"-max_total_time={max(1, round(minutes * 60))}"])
        if code:
            break
    new = sorted(set(findings.iterdir()) - before)
    for path in new:
        print(f"finding {path.name}; replay it with\n  {_command(path)}")
    print(f"{len(new)} new findings; inputs that cover more code are in {work / 'corpus'}")
    return 1 if new or code not in (0, ENDED) else 0


def _command(finding: Path) -> str:
    target = finding.name.partition("-")[0]
    return shlex.join([sys.executable, "-m", "tests.fuzz", "replay", target, str(finding)])


def _fuzzed(target: str, work: Path, options: Sequence[str]) -> int:
    """Run libFuzzer in a process of its own until its time is over; its exit code."""
    new = work / "corpus" / target
    new.mkdir(parents=True, exist_ok=True)
    ours = [f"-timeout={SECONDS_EACH}", f"-max_len={LONGEST}", f"-artifact_prefix={work}/findings/{target}-"]
    # The first folder gets the new inputs; the kept corpus is only read.
    with _libfuzzer(target, work, [*ours, *options, str(new), str(CORPUS / target)]) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the process has had it too, and ends by itself
            return process.wait()


@contextmanager
def _libfuzzer(target: str, work: Path, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    command = [sys.executable, "-m", "tests.fuzz", "one", "--work", str(work), target, "--", *options]
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as scratch,  # gone also after a crash
        subprocess.Popen(command, cwd=ROOT, env=os.environ | {"TMPDIR": scratch}) as process,
    ):
        yield process


def fuzz(target: str, work: Path, options: Sequence[str]) -> int:
    """Hand this process to libFuzzer."""
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(ENDED))  # all that was found is in files
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.fuzz.mutations import MUTATORS, mended
        from tests.fuzz.targets import TARGETS
    _limit_memory()
    hold, mutator = TARGETS[target], MUTATORS[target]

    def tried(data: bytes) -> None:
        try:
            hold(data)
        except Exception as error:  # a finding: kept, and the run goes on
            save(work / "findings", target, data, error)

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.randrange(3):
            return mutator(data, rng)[:longest]
        changed = bytes(atheris.Mutate(data, longest))
        return mended(changed)[:longest] if target == "wire" and rng.randrange(16) else changed

    # libFuzzer gives its first argument to a shell, with options of its own, to start itself once more for a merge.
    program = shlex.join([sys.executable, "-m", "tests.fuzz", "one", "--work", str(work), target, "--"])
    atheris.Setup([program, *options], tried, custom_mutator=mutated)
    atheris.Fuzz()
    return 0


def _limit_memory() -> None:
    """What takes much more than its input ends with ``MemoryError`` instead of the machine's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def save(folder: Path, target: str, data: bytes, error: Exception) -> None:
    """Keep an input, one for each kind of error and line that raised it."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{target}-{type(error).__name__}-{Path(line.filename).stem}-{line.lineno}"
    if any(folder.glob(f"{kind}-*")):
        return
    path = folder / f"{kind}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.write_bytes(data)
    print(f"finding {path.name}: {str(error)[:200]}", file=sys.stderr, flush=True)


# --- The kept corpus ------------------------------------------------------------------------------------------


def keep(targets: Sequence[str], work: Path) -> int:
    """Add the smallest inputs that cover code which the kept corpus does not cover."""
    for target in targets:
        with tempfile.TemporaryDirectory() as folder:
            merged, small = Path(folder) / "merged", Path(folder) / "small"
            shutil.copytree(CORPUS / target, merged)
            known = set(merged.iterdir())
            small.mkdir()
            for path in (work / "corpus" / target).iterdir():
                if path.stat().st_size <= SMALL:
                    shutil.copy(path, small)
            options = ["-merge=1", "-use_counters=0", "-use_cmp=0", str(merged), str(small)]
            with _libfuzzer(target, work, options) as process:
                if process.wait():
                    return 1
            for path in set(merged.iterdir()) - known:
                shutil.copy(path, CORPUS / target / path.name[:12])
    return 0


if __name__ == "__main__":
    sys.exit(main())
