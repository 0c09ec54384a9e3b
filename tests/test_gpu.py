"""Slots of GPUs, on a machine that has none: CUDA is pretended where a guest must say that it has initialised it."""

from __future__ import annotations

import json
import threading

import pytest
from click.testing import CliRunner

from autograder import checks, schedule
from autograder.cli import main
from autograder.errors import GraderFailure, InstructorError
from autograder.gpu import GpuSlot, GpuSlots, grade_on, out_of_memory, visible_gpus
from autograder.job import Job
from autograder.sandbox.limits import Limits
from autograder.schedule import Forks, Options, grade_class, outdated, stored
from autograder.verdict import Outcome
from tests.courses import cell, graded, make_course, solution, submit, write

# --- Slots ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "named", "gpus"),
    [
        ([], None, []),
        ([], "0", []),
        (["nvidiactl", "nvidia-uvm"], None, []),
        (["nvidia0", "nvidiactl"], None, ["0"]),
        (
            ["nvidia3", "nvidia5"],
            None,
            ["0", "1"],
        ),  # CUDA counts those that it sees, whatever their nodes are called
        (["nvidia0", "nvidia1"], "1", ["1"]),
        (["nvidia0", "nvidia1"], "1, 0", ["1", "0"]),
        (["nvidia0"], "", []),
        (["nvidia0"], "-1", []),
        (["nvidia0", "nvidia1"], "0,-1,1", ["0"]),
        (["nvidia0"], "GPU-8932f937-d72c", ["GPU-8932f937-d72c"]),
        (["nvidia0"], "NoDevFiles", []),
    ],
)
def test_gpus_are_those_that_cuda_would_see(tmp_path, nodes, named, gpus):
    for name in nodes:
        (tmp_path / name).touch()
    environment = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}
    assert visible_gpus(tmp_path, environment) == gpus


def test_slots_spread_over_the_gpus_and_share_their_memory():
    slots = GpuSlots(["0", "1"], 2)
    assert len(slots) == 4
    with slots.slot() as first, slots.slot() as second, slots.slot() as third, slots.slot() as fourth:
        assert {first.gpu, second.gpu} == {third.gpu, fourth.gpu} == {"0", "1"}
        assert {one.share for one in (first, second, third, fourth)} == {0.45}
    with slots.whole() as one, slots.whole() as other:
        assert {one, other} == {GpuSlot("0", 1.0), GpuSlot("1", 1.0)}


def test_who_finds_no_slot_waits_and_a_whole_gpu_is_free_of_others():
    slots = GpuSlots(["0"], 2)
    order = []

    def wait_for(what):
        with what() as slot:
            order.append(slot.share)

    with slots.slot():
        whole = threading.Thread(target=wait_for, args=(slots.whole,))
        whole.start()
        whole.join(0.2)
        assert whole.is_alive() and not order
        with slots.slot():
            third = threading.Thread(target=wait_for, args=(slots.slot,))
            third.start()
            third.join(0.2)
            assert third.is_alive() and not order
        third.join(10)
        assert order == [0.45]
    whole.join(10)
    assert order == [0.45, 1.0]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("OutOfMemoryError", "", True),
        ("RuntimeError", "CUDA error: out of memory", True),
        ("RuntimeError", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied", False),
        ("MemoryError", "", False),
    ],
)
def test_errors_of_a_gpus_memory(kind, text, expected):
    assert out_of_memory(kind, text) is expected


def test_a_job_takes_its_slot_along():
    job = Job("", "tp1", "ada", "", "", gpu=GpuSlot("GPU-1", 0.25))
    assert Job.from_json(job.to_json()) == job and job.device == "cuda"
    assert Job.from_json(Job("", "tp1", "ada", "", "").to_json()).device == "cpu"


# --- Submissions on a pretended GPU ---------------------------------------------------------------------------

IMPORTS = "import os, torch\nran, kernel = [], os.getpid()"
SHARE = "share = torch.cuda._queued_calls[-1][0].__closure__[0].cell_contents"
INITIALISE = "torch.cuda.is_initialized = lambda: True"
SUITE = """
import torch
from autograder.suite import points

@points(1, "Deux fois")
def test_twice(student):
    assert student.{name}(torch.ones(3)).tolist() == [2.0] * 3

@points(1, "Encore")
def test_again(student):
    assert student.{name}(torch.zeros(3)).tolist() == [0.0] * 3
"""
RIGHT = "def {name}(x):\n    return 2 * x"


def notebook(*texts):
    """Cells: the imports, and then in turn one of no exercise and the solutions `one` and `two`."""
    between, one, last, two = texts
    return [
        cell(IMPORTS),
        cell(between),
        solution(one, "one_solution"),
        graded('check("one")', "one", 2),
        cell(last),
        solution(two, "two_solution"),
        graded('check("two")', "two", 2),
    ]


def plain(between="pass", one="", last="pass", two=""):
    one, two = one or RIGHT.format(name="one"), two or RIGHT.format(name="two")
    return notebook(between, one, last, two)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = make_course(tmp_path_factory.mktemp("gpu") / "course", plain(), ())
    for name in ("one", "two"):
        write(made.hidden("tp1") / f"test_{name}.py", SUITE.format(name=name))
    write(made.reference / "layers.py", "")
    return made


LIMITS = Limits(cell_cpu=6.0)


@pytest.fixture(scope="module")
def forks(course):
    opened = Forks(course, Options(device="cuda", limits=LIMITS))
    opened.wait_ready()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def on_cpu(course):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "0")
        opened = Forks(course, Options(limits=LIMITS))
        opened.wait_ready()
    yield opened
    opened.close()


@pytest.fixture
def grade(course, forks, monkeypatch):
    """Grades a notebook on two slots of a GPU that is not there; the record, and what was told."""
    monkeypatch.setattr(schedule, "visible_gpus", lambda: ["0"])
    monkeypatch.setattr(schedule, "require_cuda", lambda forks, gpus: None)

    def graded_now(cells, **more):
        submit(course, "ada", cells)
        told = []
        options = Options(device="cuda", gpu_slots=2, limits=LIMITS, fresh=True, **more)
        (done,) = grade_class(
            course, "tp1", ["ada"], options, forks=forks, tell=lambda *news: told.append(news)
        )
        return done.record, told

    return graded_now


def outcomes(record):
    return {exercise.exercise: exercise.outcome for exercise in record.grade.exercises}


def printed(record):
    outputs = [out for executed in record.notebooks["tp1"] for out in executed.outputs]
    return "".join(out.get("text", "") for out in outputs)


BOTH_RIGHT = {"one": Outcome.PASSED, "two": Outcome.PASSED}


def test_a_guest_gets_its_gpu_and_its_share_before_any_cell(grade):
    record, _ = grade(plain(SHARE + '\nprint(os.environ["CUDA_VISIBLE_DEVICES"], share)'))
    assert outcomes(record) == BOTH_RIGHT and record.grade.device == "cuda"
    assert printed(record) == "0 0.45\n"


def test_on_the_cpu_a_guest_finds_no_gpu(course, on_cpu):
    submit(course, "bob", plain('print(repr(os.environ["CUDA_VISIBLE_DEVICES"]))'))
    (done,) = grade_class(course, "tp1", ["bob"], Options(), forks=on_cpu)
    assert done.record.grade.device == "cpu" and printed(done.record) == "''\n"
    assert outcomes(done.record) == BOTH_RIGHT


HERE = "def {name}(x):\n    assert ran == [(os.getpid(), {expected!r})], ran\n    return 2 * x"


def test_behind_the_cell_that_initialises_cuda_its_cells_run_again_in_the_process_that_is_asked(grade):
    noted = "ran.append((os.getpid(), {!r}))"
    first = f"{noted.format('first')}\n{INITIALISE}"
    second = "import matplotlib.pyplot as plt\nran[:] = [(os.getpid(), 'second')]\nplt.plot([1, 2])\nprint('x')\n1 / 0"
    record, told = grade(
        notebook(
            first,
            HERE.format(name="one", expected="first"),
            second,
            HERE.format(name="two", expected="second"),
        )
    )
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]
    assert not [news for news in told if news[0] == "retried"]
    shown = [out for executed in record.notebooks["tp1"] for out in executed.outputs]
    assert (
        sum(out["output_type"] == "display_data" for out in shown) == 1
    )  # what ran again shows nothing more
    assert printed(record) == "x\n"


def test_what_is_asked_before_that_cell_comes_from_a_plain_snapshot(grade):
    noted = "ran.append(os.getpid())"
    one = "def one(x):\n    assert ran and ran[0] != os.getpid()\n    return 2 * x"
    two = "def two(x):\n    assert ran[0] != os.getpid() == ran[1]\n    return 2 * x"
    record, _ = grade(notebook(noted, one, f"{noted}\n{INITIALISE}", two))
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]


def test_a_wrong_solution_is_caught_there_and_a_death_ends_one_test_only(grade):
    dies = "def two(x):\n    if x.sum() > 0:\n        os._exit(3)\n    return 2 * x"
    record, _ = grade(plain(INITIALISE, "def one(x):\n    return 3 * x", two=dies))
    one, two = record.grade.exercises
    assert [v.outcome for v in one.verdicts] == [Outcome.FAILED, Outcome.PASSED]
    assert [v.outcome for v in two.verdicts] == [Outcome.FAILED, Outcome.PASSED]
    assert "s'est arrêté" in two.verdicts[0].message


def test_a_kernel_that_dies_with_cuda_is_replayed_with_a_base_of_its_own(grade):
    second = "ran.append(os.getpid())\nos._exit(1)"
    two = "def two(x):\n    assert len(ran) == 1 and ran[0] == os.getpid()\n    return 2 * x"
    record, _ = grade(
        notebook(f"ran.append(os.getpid())\n{INITIALISE}", RIGHT.format(name="one"), second, two)
    )
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]


def test_processes_that_a_suite_leaves_are_noticed_where_exercises_share_a_snapshot(grade):
    leaves = (
        "def one(x):\n    if os.fork() == 0:\n        import time\n        time.sleep(60)\n        os._exit(0)\n"
        "    return 2 * x"
    )
    two = (
        "def two(x):\n    assert len([p for p in os.listdir('/proc') if p.isdigit()]) <= 4\n    return 2 * x"
    )
    record, _ = grade(plain(INITIALISE, leaves, two=two))
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]


CROWDED = "if share < 1:\n    raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')"


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("where", ["call", "cell"])
def test_memory_that_a_neighbour_has_is_no_fault_and_the_submission_is_graded_alone(grade, where):
    crowded = f"{SHARE}\n{CROWDED}"
    two = f"def two(x):\n{indented(crowded)}    return 2 * x"
    cells = plain(two=two) if where == "call" else plain(last=crowded)
    record, told = grade(cells)
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]
    ((_, student, _, why),) = [news for news in told if news[0] == "retried"]
    assert student == "ada" and "alone" in why


@pytest.mark.parametrize("where", ["call", "cell"])
def test_memory_that_is_not_enough_alone_either_needs_a_human(grade, where):
    never = "raise RuntimeError('CUDA error: out of memory')"
    cells = plain(two=f"def two(x):\n{indented(never)}") if where == "call" else plain(last=never)
    record, told = grade(cells)
    assert outcomes(record) == {"one": Outcome.PASSED, "two": Outcome.UNGRADED} and not record.again
    assert len([news for news in told if news[0] == "retried"]) == 1
    assert any("the memory of the GPU was not enough" in problem for problem in record.grade.problems)


def test_a_wrong_answer_beside_exhausted_memory_is_not_counted_against_the_student(grade):
    """The student's code may have caught the error and gone on with less."""
    two = "def two(x):\n    if x.sum() > 0:\n        raise torch.OutOfMemoryError('')\n    return x + 1"
    record, _ = grade(plain(two=two))
    assert [v.outcome for v in record.grade.exercises[1].verdicts] == [Outcome.UNGRADED] * 2


def test_on_the_cpu_such_an_error_is_the_students_own(course, on_cpu):
    submit(course, "bob", plain(two="def two(x):\n    raise torch.OutOfMemoryError('')"))
    (done,) = grade_class(course, "tp1", ["bob"], Options(), forks=on_cpu)
    assert outcomes(done.record) == {"one": Outcome.PASSED, "two": Outcome.FAILED}


def test_a_grade_belongs_to_the_device_on_which_it_was_made(course, grade, forks, on_cpu):
    record, _ = grade(plain())
    again = Options(device="cuda", gpu_slots=2, limits=LIMITS)
    (kept,) = grade_class(course, "tp1", ["ada"], again, forks=forks)
    assert kept.kept and kept.record.grade.device == "cuda" and "ada" not in outdated(course, "tp1")
    (anew,) = grade_class(course, "tp1", ["ada"], Options(), forks=on_cpu)
    assert not anew.kept and anew.record.grade.device == "cpu" == stored(course, "tp1", "ada").grade.device
    assert anew.record.grade.seed == record.grade.seed and "ada" not in outdated(course, "tp1")


def behind_cuda(text):
    """A cell that defines `two`, and does ``text`` only when it runs again, in a fork."""
    return f"{RIGHT.format(name='two')}\nran.append(os.getpid())\nif os.getpid() != kernel:\n{indented(text)}"


def again(text):
    return notebook(INITIALISE, RIGHT.format(name="one"), "pass", behind_cuda(text))


def test_memory_that_is_not_enough_when_a_cell_runs_again_is_tried_alone(grade):
    record, told = grade(again(f"{SHARE}\n{CROWDED}"))
    assert outcomes(record) == BOTH_RIGHT, [e.verdicts for e in record.grade.exercises]
    assert [news[0] for news in told].count("retried") == 1


def test_a_cell_that_fails_only_when_it_runs_again_costs_no_point(grade):
    record, told = grade(again("os.mkdir('figures'); os.mkdir('figures')"))
    assert outcomes(record) == {"one": Outcome.PASSED, "two": Outcome.UNGRADED}
    assert [news[0] for news in told].count("retried") == 1
    assert any("raised FileExistsError when it ran again" in problem for problem in record.grade.problems)


def test_a_cell_that_takes_too_long_when_it_runs_again_costs_no_point(grade):
    record, told = grade(again("while True: pass"))
    assert outcomes(record) == {"one": Outcome.PASSED, "two": Outcome.UNGRADED}
    assert {v.outcome for v in record.grade.exercises[1].verdicts} == {Outcome.UNGRADED}
    assert [news[0] for news in told].count("retried") == 1


def test_a_cell_that_was_stopped_at_a_limit_cannot_run_again(grade):
    slow = f"{RIGHT.format(name='two')}\nwhile True: pass"
    record, _ = grade(plain(INITIALISE, two=slow))
    assert outcomes(record) == {"one": Outcome.PASSED, "two": Outcome.UNGRADED}
    assert any("stopped at a limit cannot run again" in problem for problem in record.grade.problems)


def test_memory_that_is_not_enough_before_a_cell_that_decides_itself_is_tried_alone(
    tmp_path, forks, monkeypatch
):
    cells = [
        *plain(),
        cell("pass"),
        solution("def three(x): return 3", "three_solution"),
        graded("assert three(1) == 3", "three", 2),
    ]
    made = make_course(tmp_path / "course", cells, ())
    for name in ("one", "two"):
        write(made.hidden("tp1") / f"test_{name}.py", SUITE.format(name=name))
    monkeypatch.setattr(schedule, "visible_gpus", lambda: ["0"])
    monkeypatch.setattr(schedule, "require_cuda", lambda forks, gpus: None)
    for text, expected in ((CROWDED, Outcome.PASSED), ("raise torch.OutOfMemoryError", Outcome.UNGRADED)):
        cells[7] = cell(f"{SHARE}\n{text}\nbound = 1")
        cells[8] = solution("def three(x): return 2 + bound", "three_solution")
        submit(made, "ada", cells)
        options = Options(device="cuda", gpu_slots=2, limits=LIMITS, fresh=True)
        (done,) = grade_class(made, "tp1", ["ada"], options, forks=forks)
        assert outcomes(done.record)["three"] is expected


def test_a_gpu_that_no_guest_can_use_stops_a_run_before_anybody_is_graded(course, forks, monkeypatch):
    monkeypatch.setattr(schedule, "visible_gpus", lambda: ["0"])
    submit(course, "eve", plain())
    with pytest.raises(GraderFailure, match=r"a guest at level \w+ cannot use the GPU 0: \w+Error: .*"):
        next(grade_class(course, "tp1", ["eve"], Options(device="cuda", limits=LIMITS), forks=forks))
    assert stored(course, "tp1", "eve") is None


# --- What cannot be graded so ---------------------------------------------------------------------------------


def run(*arguments):
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize("use", ["class", "submission"])
def test_without_a_gpu_the_command_says_so_before_anything_runs(course, monkeypatch, use):
    monkeypatch.setattr(schedule, "visible_gpus", list)
    path = submit(course, "cleo", plain())
    arguments = ["tp1", "cleo"] if use == "class" else ["--submission", str(path), "--assignment", "tp1"]
    code, output = run("grade", *arguments, "--course", str(course.root), "--device", "cuda")
    assert code == 2 and "sees no GPU" in output and "--device cuda" in output


def test_options_for_gpus_and_clusters_are_not_taken_for_nothing(course, monkeypatch):
    monkeypatch.setattr(schedule, "visible_gpus", list)
    submit(course, "cleo", plain())
    there = ("--course", str(course.root))
    code, output = run("grade", "tp1", "cleo", *there, "--gpu-slots", "4")
    assert code == 2 and "add --device cuda" in output
    code, output = run("grade", "tp1", "cleo", *there, "--scheduler", "nonsense")
    assert code == 2 and "tcp://HOST:PORT" in output
    code, output = run("calibrate", "tp1", *there, "--device", "cuda")
    assert code == 2 and "sees no GPU" in output


def test_only_the_floors_of_what_is_graded_are_needed(course):
    path = course.hidden("tp1") / "floors.json"
    path.write_text(json.dumps({"two": {"metric": "accuracy", "floor": 0.5, "measured": {"cpu": {}}}}))
    try:
        source = course.load_source("tp1")
        schedule.refuse_unmeasured(course, source, "cuda", ("one",))
        with pytest.raises(InstructorError, match="for two"):
            schedule.refuse_unmeasured(course, source, "cuda", ("one", "two"))
    finally:
        path.unlink()


def test_a_floor_that_nobody_measured_on_a_gpu_decides_nothing_there(course, monkeypatch):
    monkeypatch.setattr(schedule, "visible_gpus", lambda: ["0"])
    path = course.hidden("tp1") / "floors.json"
    entry = {"metric": "accuracy", "floor": 0.5, "fail_rate": 0.02, "measured": {"cpu": {"floor": 0.5}}}
    path.write_text(json.dumps({"two": entry, "elsewhere": entry}))
    try:
        submit(course, "ada", plain())
        with pytest.raises(
            InstructorError, match=r"no floor measured on cuda for two:.*calibrate tp1 --device cuda"
        ):
            next(grade_class(course, "tp1", ["ada"], Options(device="cuda")))
    finally:
        path.unlink()


@pytest.fixture
def grading_on():
    yield grade_on
    grade_on("")


def test_a_floor_is_that_of_the_device_on_which_a_submission_is_graded(tmp_path, grading_on):
    measured = {"cpu": {"floor": 0.7, "fail_rate": 0.02}, "cuda": {"floor": 0.6, "fail_rate": 0.04}}
    entry = {"metric": "iou", "floor": 0.6, "fail_rate": 0.04, "measured": measured}
    path = write(
        tmp_path / "floors.json", json.dumps({"rain": entry, "hand": {"metric": "iou", "floor": 0.4}})
    )
    assert checks.read_floor(path, "rain")["floor"] == 0.6  # plain pytest: the lowest of all
    for device, numbers in measured.items():
        grading_on(device)
        assert checks.read_floor(path, "rain").items() >= numbers.items()
        assert checks.read_floor(path, "hand")["floor"] == 0.4
    del measured["cuda"]
    path.write_text(json.dumps({"rain": entry}))
    with pytest.raises(GraderFailure, match="measured on cuda"):
        checks.read_floor(path, "rain")
