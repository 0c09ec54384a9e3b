"""The command line: arguments, progress and exit codes; everything else is done by the modules above.

Exit codes: 0 done, 1 done but something needs a human, 2 wrong use, 3 the host cannot.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import autograder.lean  # noqa: F401 - before anything imports nbformat
from autograder import __version__
from autograder.course import Course
from autograder.errors import ClusterLost, GraderFailure, HostTooWeak, InstructorError
from autograder.gpu import CPU, CUDA
from autograder.quantity import quantity, shown, some

if TYPE_CHECKING:
    from autograder.regrading import Change
    from autograder.results import Report
    from autograder.schedule import Forks, Graders, Options, Tell

DONE, NEEDS_HUMAN, WRONG_USE, HOST_CANNOT = 0, 1, 2, 3

console = Console()
errors = Console(stderr=True)


class Commands(click.Group):
    """Turns the errors of the toolkit into one clear line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InstructorError as error:
            _stop(str(error), WRONG_USE)
        except HostTooWeak as error:
            _stop(str(error), HOST_CANNOT)
        except (GraderFailure, ClusterLost) as error:
            _stop(str(error), NEEDS_HUMAN)
        except KeyboardInterrupt:
            # Python remembers that one came out of executed text (as dataclasses and others make their methods), and
            # under `-m` would end by the signal whatever is caught here; executing text that ends well lets it forget.
            exec("")
            _stop("Interrupted. What was graded is kept; run it again to go on.", NEEDS_HUMAN)


def _stop(text: str, code: int) -> NoReturn:
    errors.print(f"autograder: {text}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def _course(ctx: click.Context, param: click.Parameter, value: Path | None) -> Course:
    return Course(value) if value else Course.find()


def _writable(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Before the work, not after it: nothing is lost for a folder that does not exist."""
    if value is not None and not value.resolve().parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.resolve().parent}. Make it first.")
    return value


def _course_option(help: str) -> Callable[[Any], Any]:
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--course", type=kind, callback=_course, help=help)


course_option = _course_option("The course's folder (default: the one you are in).")
level_option = click.option(
    "--level",
    type=click.Choice(["full", "userns", "landlock", "none"]),
    help="Confinement to insist on (default: the best that this host has, never none).",
)


def _seconds_option(name: str, least: float, help: str) -> Callable[[Any], Any]:
    """A number of seconds, 60 by default."""
    return click.option(name, type=click.FloatRange(least), default=60.0, show_default=True, help=help)


def _tls_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Certificates for a cluster; where none is named, Dask's own configuration counts."""
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    for name, help in (
        ("--tls-key", "Key of that certificate (PEM)."),
        ("--tls-cert", "Certificate of this end (PEM)."),
        ("--tls-ca-file", "TLS to the scheduler: the authority's certificate (PEM)."),
    ):
        command = click.option(name, type=kind, help=help)(command)
    return command


def _gpu_slots_option(help: str) -> Callable[[Any], Any]:
    return click.option("--gpu-slots", type=click.IntRange(1, 64), default=1, show_default=True, help=help)


device_option = click.option(
    "--device",
    type=click.Choice([CPU, CUDA]),
    default=CPU,
    show_default=True,
    help="Where students' code computes; floors and kept grades belong to it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="autograder")
def main() -> None:
    """Grade PyTorch notebooks with hidden pytest suites that students can neither read nor fool.

    \b
    autograder demo                  a whole class, from release to feedback, in a scratch folder
    autograder release tp1           make the students' version
    autograder grade tp1 --workers 2 grade all submissions and record them in nbgrader's gradebook
    autograder grade --submission F --assignment tp1   one submission, as a CI runner does
    autograder grade tp1 --scheduler tcp://HOST:8786   on a cluster, of which each machine runs
    autograder worker tcp://HOST:8786                  ... this
    autograder status tp1            how far a run is, or how the last one ended
    autograder feedback tp1          write the feedback pages
    autograder export tp1 -o tp1.csv export the grades
    autograder report tp1            write a page on the class for its instructor
    autograder calibrate tp1         measure the floors of the exercises that train
    autograder replay ana/tp1        grade a recorded submission again with its seeds, for an appeal
    autograder audit tp1             measure the suites on wrong and on right but unusual solutions
    autograder check F.ipynb         what students run before they hand in (in French, without these packages)
    """


@main.command()
@click.argument("assignment")
@course_option
def release(assignment: str, course: Course) -> None:
    """Make the students' version of ASSIGNMENT in release/, and refuse if it leaks.

    \b
    Example: autograder release tp1
    """
    from autograder.release import release as make_release

    with errors.status(f"making the students' version of {assignment}, and looking for leaks"):
        folder = make_release(course, assignment)
    _say(f"Released to {folder}: no solution, no hidden test and no reference found in it.")


def _result_option(name: str, help: str) -> Callable[[Any], Any]:
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(f"--{name}", f"{name}_file", type=kind, callback=_writable, help=help)


@click.command("grade", short_help="Grade one submission.")
@click.option(
    "--submission",
    type=click.Path(path_type=Path),
    required=True,
    help="A notebook, or a folder with all that was handed in.",
)
@click.option("--assignment", required=True, help="Assignment of the course.")
@course_option
@click.option("--exercise", "exercises", multiple=True, help="Only this exercise (repeatable; default: all).")
@level_option
@device_option
@_result_option("junit", "JUnit XML: a suite an exercise, a case a hidden test.")
@_result_option("json", "JSON: the same facts as plain data.")
@_result_option("summary", "Markdown, in French, for the page of a run.")
@_result_option("gradescope", "Gradescope's results.json.")
@_result_option("classroom", "Classroom 50's result.json; needs the environment that its runner sets.")
@_result_option("record", "Everything, with seeds and tracebacks: for the instructor alone.")
def grade_one(
    submission: Path,
    assignment: str,
    course: Course,
    exercises: tuple[str, ...],
    level: str | None,
    device: str,
    record_file: Path | None,
    **files: Path | None,
) -> None:
    """Grade one submission of ASSIGNMENT, wherever it lies, and record nothing.

    The results hold nothing that a student may not read, except --record. Exit code 0: graded, whatever the score;
    1: something is ungraded and needs a human.

    \b
    Examples:
      autograder grade --submission tp1.ipynb --assignment tp1 --course ../course
      autograder grade --submission handed-in/ --assignment tp1 --junit junit.xml --summary summary.md
    """
    from autograder.console import print_class
    from autograder.handin import grade_handin
    from autograder.results import Report
    from autograder.sandbox.confinement import Level
    from autograder.schedule import Options

    writers = _writers(files)
    options = Options(level=Level(level) if level else None, device=device)
    _tell_reduced(options)
    for path, _ in writers:
        path.unlink(missing_ok=True)  # an earlier one, which a run that does not end would leave there
    with _ending_gently():
        try:
            found = grade_handin(course, assignment, submission, exercises, options)
        except KeyboardInterrupt:
            _stop("Interrupted: no result was written.", NEEDS_HUMAN)
    graded = found.record.grade
    if record_file is not None:
        # A notebook may hold half a surrogate pair; its escape is what JSON has for it.
        record_file.write_text(found.record.to_json(), encoding="utf-8", errors="backslashreplace")
    _write_results(Report.of(graded), writers)
    print_class([graded])
    for problem in found.problems:
        _tell(shown(problem))  # it may hold a name that a student gave a file
    if graded.ungraded and not found.unreadable:  # why may be told to the instructor only
        _tell(f"ungraded, needs a human: {', '.join(graded.ungraded)}")
    sys.exit(NEEDS_HUMAN if graded.ungraded else DONE)


def _writers(files: Mapping[str, Path | None]) -> list[tuple[Path, Callable[[Report], str]]]:
    """What writes each file that was asked for; refuses before the work what could not be written after it."""
    from autograder import results

    writers: dict[str, Callable[[Report], str]] = {
        "junit_file": results.junit,
        "json_file": results.plain,
        "summary_file": results.summary,
        "gradescope_file": results.gradescope,
        "classroom_file": lambda report: results.classroom(report, os.environ, datetime.now(UTC)),
    }
    missing = [name for name in results.VARIABLES if not os.environ.get(name)]
    if files["classroom_file"] and missing:
        raise InstructorError(
            f"--classroom needs the environment of a run of Classroom 50: {', '.join(missing)} not set."
        )
    return [(path, writers[name]) for name, path in files.items() if path is not None]


def _write_results(report: Report, writers: Sequence[tuple[Path, Callable[[Report], str]]]) -> None:
    from autograder.results import Unfinished

    for path, write in writers:
        try:
            path.write_text(write(report), encoding="utf-8")
        except Unfinished as unfinished:  # no file is better than one that tells an earlier score
            path.unlink(missing_ok=True)
            _tell(f"{path} was not written: it must state a total, and {unfinished} has none yet.")


def _say(text: str) -> None:
    """As it stands: brackets in a path or a name are no markup."""
    console.print(text, markup=False, soft_wrap=True)


def _tell(text: str) -> None:
    errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _tell_reduced(options: Options) -> None:
    from autograder.sandbox.confinement import REDUCED, Level, chosen_level

    if chosen_level(options.level) is Level.LANDLOCK:
        _tell(f"Guests are confined at the reduced level {Level.LANDLOCK.value}: {REDUCED}.")


class _Grade(click.Command):
    """``grade`` has two uses, a class or one submission, each with arguments of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        alone = any(argument.split("=")[0] == "--submission" for argument in args)
        if alone:
            return grade_one.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        rows = [param.get_help_record(ctx) for param in grade_one.params]
        with formatter.section("Options for one submission, wherever it lies"):
            formatter.write_dl([row for row in rows if row is not None])


@main.command(cls=_Grade)
@click.argument("assignment")
@click.argument("students", nargs=-1)
@course_option
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=None,
    help="Submissions at once (default: cores, on GPUs at most their slots).",
)
@level_option
@device_option
@_gpu_slots_option("With --device cuda: submissions that share one GPU, each with its part of the memory.")
@click.option(
    "--exercise",
    "exercises",
    multiple=True,
    help="Grade this exercise again; the others keep their verdicts (repeatable).",
)
@click.option("--fresh", is_flag=True, help="Grade again with new seeds, also what has not changed.")
@click.option(
    "--changes",
    type=click.Choice(["ask", "record", "hold"]),
    help="Of grades that change although the submission did not (default: ask in a terminal, else record).",
)
@click.option(
    "--scheduler", default="", help="Grade on the workers of this scheduler, such as tcp://HOST:8786."
)
@_seconds_option("--patience", 0, "With --scheduler: seconds to wait while no worker fits.")
@_seconds_option(
    "--lost-after", 1, "With --scheduler: a worker that says nothing for so many seconds is lost."
)
@_tls_options
@json_option
def grade(
    assignment: str,
    students: tuple[str, ...],
    course: Course,
    workers: int | None,
    level: str | None,
    device: str,
    gpu_slots: int,
    exercises: tuple[str, ...],
    fresh: bool,
    changes: str | None,
    scheduler: str,
    patience: float,
    lost_after: float,
    tls_ca_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    as_json: bool,
) -> None:
    """Grade submissions of ASSIGNMENT and record them in the gradebook.

    All of submitted/*/ASSIGNMENT, or only STUDENTS. What was graded before and has not changed is kept, so a run
    that was stopped goes on where it was; where a suite changed, its exercise alone is graded again, with the seeds of
    before; of a resubmission those exercises that something concerns which changed in it. Grades that change although
    the submission did not are shown before they are recorded; with `--changes hold` they are shown, and the recorded
    ones stay. Scores, comments and extensions that a human gave stay in any case. Ctrl-C ends gently: what was graded
    is kept, and the next start goes on. Exit code 1: something needs a human (ungraded, or changes not recorded).

    \b
    Examples:
      autograder grade tp1
      autograder grade tp1 ana bob --workers 1 --fresh
      autograder grade tp1 --exercise softmax --changes hold
      autograder grade tp1 --json > grades.json
      autograder grade tp1 --scheduler tcp://10.0.0.1:8786
      autograder grade tp2 --device cuda --gpu-slots 4 --workers 4
      autograder grade --submission FILE --assignment tp1 --junit junit.xml --summary summary.md
    """
    from autograder.handin import chosen_exercises
    from autograder.sandbox.confinement import Level
    from autograder.schedule import Options

    if gpu_slots > 1 and device != CUDA:
        raise InstructorError("--gpu-slots is for grading on GPUs: add --device cuda.")
    if scheduler and not re.fullmatch(r"(tcp|tls)://.+:\d+", scheduler):
        raise InstructorError(
            f"{scheduler} is no address of a scheduler: name it as tcp://HOST:PORT or tls://HOST:PORT."
        )
    if fresh and exercises:
        raise InstructorError("--fresh draws new seeds for a whole submission: leave out --exercise.")
    chosen = _chosen(course, assignment, students)
    wanted = chosen_exercises(course.load_source(assignment), exercises) if exercises else ()
    options = Options(
        workers or _cores(),
        Level(level) if level else None,
        fresh=fresh,
        exercises=wanted,
        device=device,
        gpu_slots=gpu_slots,
    )
    graders = None
    if scheduler:
        cluster = _cluster()
        credentials = cluster.security(scheduler, tls_ca_file, tls_cert, tls_key)

        def graders(tell: Tell) -> Graders:
            return cluster.Cluster(  # type: ignore[no-any-return]
                scheduler, course, assignment, options, tell, patience, lost_after, credentials=credentials
            )
    else:
        _tell_reduced(options)
    with (
        _ending_gently(),
        _saying_what_is_not_fresh(fresh),
        _started(course, assignment, chosen, options, graders) as forks,
    ):
        from autograder.console import grade_and_record, print_class, report_ungraded, tell_remarks

        grades, recorded = grade_and_record(
            course,
            assignment,
            chosen,
            options,
            quiet=as_json,
            forks=forks,
            accept=lambda found: _accepts(found, changes),
            graders=graders,
        )
    if as_json:
        text = json.dumps([json.loads(g.to_json()) for g in grades], ensure_ascii=False, indent=1)
        click.echo(text.encode("utf-8", "backslashreplace").decode())  # a folder's name may be no UTF-8
    else:
        print_class(grades)
    tell_remarks(grades, assignment)
    sys.exit(DONE if recorded and not report_ungraded(grades) else NEEDS_HUMAN)


@contextmanager
def _started(
    course: Course, assignment: str, students: Sequence[str], options: Options, graders: object
) -> Iterator[Forks | None]:
    """What this machine grades with, importing already while this process imports nbgrader; None where none is due."""
    from autograder.schedule import Forks, gpu_slots, gradable, is_due

    gradable(course, assignment, options)
    if options.device == CUDA and not graders:
        gpu_slots(options.gpu_slots)  # refuses where there is no GPU
    if graders or not is_due(course, assignment, students, options):
        yield None
        return
    forks = Forks(course, options)
    try:
        yield forks
    finally:
        forks.close()


@contextmanager
def _saying_what_is_not_fresh(fresh: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if fresh:
            _tell(
                "Without --fresh the next run keeps the earlier grades of those whom this one had not reached; with it "
                "all are graded anew, or those that you name."
            )
        raise


def _cluster() -> Any:
    """The module that needs Dask."""
    try:
        from autograder import cluster
    except ModuleNotFoundError as error:
        raise InstructorError(
            f"A cluster needs {error.name}, which is not installed: pip install 'torch-autograder[cluster]'."
        ) from error
    return cluster


@contextmanager
def _ending_gently() -> Iterator[None]:
    """SIGTERM, which a batch system sends, ends a run as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@main.command()
@click.argument("scheduler")
@click.option(
    "--slots", type=click.IntRange(1, 256), default=None, help="Submissions at once (default: cores)."
)
@click.option("--name", default=None, help="What runs call this worker (default: its address).")
@click.option(
    "--host",
    default=None,
    help="Address at which it listens (default: all, or the loopback where the scheduler's is that).",
)
@level_option
@_gpu_slots_option(
    "Of runs with --device cuda: submissions that share one GPU, each with its part of the memory."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where its private folder is made (default: the system's for temporary files).",
)
@_seconds_option("--wait", 1, "Seconds to wait for the scheduler.")
@_tls_options
def worker(
    scheduler: str,
    slots: int | None,
    name: str | None,
    level: str | None,
    gpu_slots: int,
    host: str | None,
    folder: Path | None,
    wait: float,
    tls_ca_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Grade what runs of `autograder grade --scheduler SCHEDULER` send here.

    Needs no course: suites and submissions arrive from the run, in a folder that ends with the worker. Runs of another
    version of the toolkit, of Python, torch or NumPy are refused. Ctrl-C or SIGTERM ends it; what it was grading is
    taken up elsewhere. Whoever reaches the scheduler can run code here: see docs/security.md. Exit code 1: the
    scheduler has gone; 3: nothing here confines a guest.

    \b
    Examples:
      autograder worker tcp://10.0.0.1:8786
      autograder worker tcp://10.0.0.1:8786 --slots 8 --gpu-slots 4
      autograder worker tls://10.0.0.1:8786 --slots 4 --tls-ca-file ca.pem --tls-cert worker.pem --tls-key worker.key
    """
    from autograder.sandbox.confinement import Level

    cluster = _cluster()
    cluster.work(
        scheduler,
        slots or _cores(),
        name,
        Level(level) if level else None,
        folder,
        wait,
        cluster.security(scheduler, tls_ca_file, tls_cert, tls_key),
        lambda text: _tell(text),
        gpu_slots,
        host,
    )


@main.command()
@click.argument("assignment")
@course_option
@json_option
def status(assignment: str, course: Course, as_json: bool) -> None:
    """Say how far the run that grades ASSIGNMENT is, or how the last one ended.

    From any terminal that sees the course: what is done, running and waiting, what is ungraded, the time left, the
    slowest submissions, and what was tried again. Exit code 1: the last run did not end, something is ungraded, or
    changed grades are not recorded.

    \b
    Examples:
      autograder status tp1
      autograder status tp1 --json
    """
    from autograder.console import print_status
    from autograder.journal import last_run, ungraded_before
    from autograder.schedule import held

    course.load_source(assignment)
    tally = last_run(course, assignment)
    if tally is None:
        raise InstructorError(f"{assignment} has not been graded yet: `autograder grade {assignment}` does.")
    now = time.time()
    if as_json:
        click.echo(json.dumps(tally.to_dict(now), indent=1))  # ASCII: a folder's name may be no UTF-8
    else:
        print_status(assignment, tally, now)
    waiting = held(course, assignment)
    if waiting:
        _tell(
            f"Changed grades are not recorded: {some(waiting)}. "
            f"`autograder grade {assignment} --changes record` records them."
        )
    before = ungraded_before(course, assignment)
    if before:
        _tell(f"Ungraded since an earlier run: {some(before)}. `autograder grade {assignment}` tries again.")
    fine = tally.state() in ("going on", "done") and not (tally.ungraded or waiting or before)
    sys.exit(DONE if fine else NEEDS_HUMAN)


def _accepts(changes: Sequence[Change], answer: str | None) -> bool:
    """Show how grades would change, and whether they are to be recorded."""
    from autograder.console import show_changes

    show_changes(changes)
    asked = answer == "ask" or (answer is None and sys.stdin.isatty() and errors.is_terminal)
    if answer == "hold" or (asked and not click.confirm("Record these grades?", err=True)):
        _tell("Not recorded: the earlier grades stay. `--changes record` records what was graded now.")
        return False
    return True


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chosen(course: Course, assignment: str, students: Sequence[str]) -> list[str]:
    course.load_source(assignment)
    present = course.students(assignment)
    unknown = [student for student in students if student not in present]
    if unknown:
        raise InstructorError(
            f"No submission of {assignment} by {', '.join(unknown)}: expected submitted/<student>/{assignment}/."
        )
    if not present:
        raise InstructorError(
            f"There is no submission of {assignment}: expected submitted/<student>/{assignment}/."
        )
    return list(students or present)


def _warn_of_outdated(course: Course, assignment: str) -> None:
    from autograder.schedule import outdated

    if students := outdated(course, assignment):
        _tell(
            f"warning: graded before the submission, the source or the suites were changed: {some(students)}. "
            f"`autograder grade {assignment}` brings them up to date."
        )


@main.command()
@click.argument("assignment")
@course_option
def feedback(assignment: str, course: Course) -> None:
    """Write a feedback page for every graded submission of ASSIGNMENT, in feedback/.

    Exit code 1: a graded student gets no page, since there is no notebook of the right name, say; it is told why.

    \b
    Example: autograder feedback tp1
    """
    from autograder.feedback import generate
    from autograder.gradebook import scores
    from autograder.pages import pageless

    _warn_of_outdated(course, assignment)
    graded = sorted({row.student for row in scores(course, assignment) if row.submitted})
    lacking = pageless(course, assignment, graded)
    if not graded or sum(map(len, lacking.values())) < len(graded):
        with errors.status(f"writing feedback on {assignment}"):
            pages = generate(course, assignment)
        _say(f"{quantity(len(pages), 'feedback page')} in {course.root / 'feedback'}")
    for why, students in lacking.items():
        everybody = len(students) == len(graded) > 1
        who = f"any of {len(graded)} graded students" if everybody else some(students)
        _tell(f"no feedback page for {who}: {why}")
    sys.exit(NEEDS_HUMAN if lacking else DONE)


@main.command()
@click.argument("assignments", nargs=-1)
@course_option
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="File (default: screen).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "excel", "moodle", "canvas"]),
    help="Default: csv, or moodle where a worksheet is filled in.",
)
@click.option("--wide", is_flag=True, help="A row a student instead of a row a student and exercise.")
@click.option("--tests", is_flag=True, help="A row a student, exercise and hidden test, as recorded.")
@click.option(
    "--locale",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="fr: cells parted by semicolons, numbers with a decimal comma.",
)
@click.option(
    "--moodle-worksheet",
    "worksheet",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fill in this grading worksheet, downloaded from Moodle.",
)
@click.option(
    "--feedback-zip",
    "feedback_zip",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="With --moodle-worksheet: write the feedback pages to this zip, for Moodle.",
)
@click.option("--title", default="", help="With --format canvas: the assignment's column there.")
@json_option
def export(
    assignments: tuple[str, ...],
    course: Course,
    output: Path | None,
    form: str | None,
    wide: bool,
    tests: bool,
    locale: str,
    worksheet: Path | None,
    feedback_zip: Path | None,
    title: str,
    as_json: bool,
) -> None:
    """Export the scores of ASSIGNMENTS (default: all) from the gradebook.

    A score that nobody has given yet is blank, never 0. Exit code 1: something needs a human before the grades are
    handed on (students without a total yet, lines of a worksheet that fit nobody).

    \b
    Examples:
      autograder export tp1 -o tp1.csv
      autograder export tp1 --wide --locale fr -o tp1.csv
      autograder export tp1 --tests -o tests.csv
      autograder export --format excel -o grades.xlsx
      autograder export tp1 --format canvas --title "TP 1 (4321)" -o canvas.csv
      autograder export tp1 --moodle-worksheet Notes.csv -o filled.csv --feedback-zip feedback.zip
    """
    from autograder.exports import Order, fulfil
    from autograder.gradebook import registered, scores
    from autograder.schedule import stored

    if as_json and form not in (None, "csv"):
        raise InstructorError("--json is a format of its own: leave out --format.")
    form = "json" if as_json else form or ("moodle" if worksheet else "csv")
    names = assignments or registered(course)
    order = Order(names, form, output, wide, tests, locale, worksheet, feedback_zip, title)
    rows = [row for name in names for row in scores(course, name)]
    found = [(name, student) for name in names for student in course.students(name)] if tests else []
    records = [stored(course, name, student) for name, student in found]
    for name in names:
        _warn_of_outdated(course, name)
    delivery = fulfil(order, course, rows, [record.grade for record in records if record], sys.stdout.write)
    for remark in delivery.remarks:
        _tell(remark.text)
    if output:
        _say(f"{delivery.content} in {output}")
    sys.exit(NEEDS_HUMAN if any(remark.urgent for remark in delivery.remarks) else DONE)


@main.command()
@click.argument("assignment")
@course_option
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="File (default: report/ASSIGNMENT.html in the course).",
)
def report(assignment: str, course: Course, output: Path | None) -> None:
    """Write a page on the class for its instructor: totals, exercises, tests, mistakes, what needs a human.

    One HTML file that loads nothing. It names students: it is not for them. Exit code 1: something is ungraded.

    \b
    Examples:
      autograder report tp1
      autograder report tp1 -o tp1.html
    """
    from autograder.report import write_report

    target = output or course.root / "report" / f"{assignment}.html"
    overview = write_report(course, assignment, target, datetime.now())
    _warn_of_outdated(course, assignment)
    _say(f"{quantity(len(overview.students), 'submission')} in {target}")
    sys.exit(NEEDS_HUMAN if overview.ungraded else DONE)


@main.command()
@click.argument("assignment")
@course_option
@click.option("--exercise", "exercises", multiple=True, help="Only this exercise (repeatable; default: all).")
@click.option(
    "--bank",
    "banks",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of <exercise>.py files (repeatable; default: tests/hidden/ASSIGNMENT/bank).",
)
@click.option("--seeds", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Runs a variant.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="File for all results.",
)
@click.option(
    "--messages",
    "messages_file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_writable,
    help="Page of what a student reads for each mutant; what it says of other exercises stays.",
)
@click.option(
    "--write-diagnosis",
    is_flag=True,
    help="Have failed tests diagnosed by these mutants: write tests/hidden/ASSIGNMENT/diagnosis.json.",
)
@click.option(
    "--whole", is_flag=True, help="Run the whole notebook, not only the cells that an exercise needs."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=None, help="Variants at once (default: cores)."
)
def audit(
    assignment: str,
    course: Course,
    exercises: tuple[str, ...],
    banks: tuple[Path, ...],
    seeds: int,
    json_file: Path | None,
    messages_file: Path | None,
    write_diagnosis: bool,
    whole: bool,
    workers: int | None,
) -> None:
    """Grade the banks of ASSIGNMENT: do its suites find what is wrong, and pass what is right?

    Every mutant (wrong solution) must lose points, by the test that it names if it names one; every accepted variant
    must keep them all. Solutions that do nothing are made for every exercise, and must lose points too. The seeds are
    the same in every audit, and other than those of any class. Exit code 1: a variant did not get what it deserves.

    \b
    Examples:
      autograder audit tp1
      autograder audit tp1 --exercise softmax --exercise sampler --seeds 20
      autograder audit tp1 --bank my-bank --json results.json
      autograder audit tp1 --write-diagnosis --messages docs/messages.md
    """
    from autograder.appraisal import show, watched
    from autograder.audit import OPTIONS, Audit, Result, subjects
    from autograder.messages import write_pages

    results: list[Result] = []
    try:
        found = subjects(course, assignment, exercises, banks)
        options = replace(OPTIONS, workers=workers or _cores())
        told = messages_file is not None
        run = Audit(
            *(course, assignment, found, seeds, whole), diagnose=told, sketch=write_diagnosis, options=options
        )
        for result in watched(run, errors):
            results.append(result)
        results = run.ordered(results)
    finally:
        if json_file is not None:
            text = json.dumps([result.to_dict() for result in results], ensure_ascii=False, indent=1)
            json_file.write_text(text + "\n", encoding="utf-8")
    write_pages(run, results, messages_file)
    show(console, results, run.left_out)
    sys.exit(NEEDS_HUMAN if any(result.unexpected for result in results) else DONE)


@main.command()
@click.argument("target")
@course_option
@click.option("--test", "test", default="", help="Only this test (default: all).")
@json_option
def replay(target: str, course: Course, test: str, as_json: bool) -> None:
    """Grade a recorded submission again with its recorded seeds: is the verdict the same?

    TARGET is STUDENT/ASSIGNMENT, or the file of a record. Nothing is kept. What is no longer as it was recorded (the
    submission, the suites, versions) is a warning. Exit code 1: a verdict is not the same.

    \b
    Examples:
      autograder replay ana/tp1
      autograder replay ana/tp1 --test test_any_axis_can_be_asked_for
      autograder replay .autograder/tp1/ana.json --json
    """
    from autograder.replay import find_record
    from autograder.replay import replay as run_again

    found = run_again(course, find_record(course, target), test)
    for warning in found.warnings:
        _tell(f"warning: {warning}")
    if as_json:
        pairs = [pair.to_dict() for pair in found.pairs]
        data = {"same": found.same, "warnings": found.warnings, "seed": found.recorded.seed, "tests": pairs}
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
    else:
        table = Table(
            "exercise",
            "test",
            "recorded",
            "now",
            title=Text(f"{found.recorded.student}, seed {found.recorded.seed}"),
        )
        for pair in found.pairs:
            sides = [v.outcome.value if v else "-" for v in (pair.recorded, pair.now)]
            table.add_row(pair.exercise, pair.test, *sides, style="" if pair.same else "bold red")
        console.print(table)
        console.print("The verdict is the same." if found.same else "The verdict is not the same.")
    sys.exit(DONE if found.same else NEEDS_HUMAN)


@main.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what this host can enforce, and how to get more.

    \b
    Example: autograder doctor
    """
    from autograder.sandbox.confinement import Level, best_level
    from autograder.sandbox.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        table = Table("check", "", "found", "advice")
        for finding in findings:
            table.add_row(
                finding.name,
                "[green]yes[/]" if finding.ok else "[red]no[/]",
                finding.detail,
                "" if finding.ok else finding.advice,
            )
        console.print(table)
    sys.exit(HOST_CANNOT if best_level() is Level.NONE else DONE)


@main.command()
@click.argument("assignment")
@course_option
@click.option(
    "--exercise", "exercises", multiple=True, help="Only this one (default: all that can be); repeatable."
)
@click.option("--runs", type=click.IntRange(2), default=150, show_default=True, help="Of the reference.")
@click.option(
    "--accepted-runs", type=click.IntRange(1), default=20, show_default=True, help="Of each accepted variant."
)
@click.option("--mutant-runs", type=click.IntRange(1), default=4, show_default=True, help="Of each mutant.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Floor below the lowest right run.",
)
@click.option("--device", type=click.Choice([CPU, CUDA]), default=CPU, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Runs at once (default: cores).")
@json_option
def calibrate(
    assignment: str,
    course: Course,
    exercises: tuple[str, ...],
    runs: int,
    accepted_runs: int,
    mutant_runs: int,
    margin: float,
    device: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Measure the floors of the training exercises of ASSIGNMENT and write floors.json beside their suites.

    The reference and each accepted variant of the bank are trained again and again, on data drawn anew; the floor
    lies below the lowest of their scores. The distributions are drawn in docs/calibration/. Runs are kept as they
    are done: a calibration that was stopped goes on where it was. Exit code 1: a mutant reaches the floor.

    \b
    Examples:
      autograder calibrate tp1
      autograder calibrate tp1 --exercise digits --runs 300
      autograder calibrate tp2 --device cuda
    """
    from autograder.calibrate import calibrated, rows_of
    from autograder.schedule import gpu_slots
    from autograder.trials import Plan, subjects

    if device == CUDA:
        gpu_slots(1)  # refuses where there is no GPU
    plan = Plan(runs, accepted_runs, mutant_runs, margin, device, workers=workers or _cores())
    entries, problems = {}, []
    for subject in subjects(course, assignment, exercises):
        entry, found = calibrated(course, subject, plan, errors)
        entries[subject.exercise] = entry
        problems += [f"{subject.exercise}: {problem}" for problem in found]
        if not as_json:
            table = Table(
                "solution",
                "kind",
                "runs",
                "min",
                "mean",
                "max",
                title=f"{subject.exercise}: {entry['floor']:g}",
            )
            for row in rows_of(entry, device):
                table.add_row(*row)
            console.print(table)
            console.print(entry["bound"], soft_wrap=True)
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
    for problem in problems:
        errors.print(problem, style="yellow", markup=False, soft_wrap=True)
    sys.exit(NEEDS_HUMAN if problems else DONE)


@main.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-course"),
    show_default=True,
    help="The scratch folder that the demo makes, or makes anew where it is an earlier demo.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Submissions at once (default: cores)."
)
@_course_option("The course whose tp1 is copied, and only read (default: the one you are in).")
def demo(folder: Path, workers: int | None, course: Course) -> None:
    """Grade a simulated class of twelve, from the release to feedback, CSV and a report.

    It takes about one to three minutes on two cores.

    \b
    Example: autograder demo --folder /tmp/demo
    """
    from autograder.demo import run

    sys.exit(run(course, folder.resolve(), workers or _cores()))
