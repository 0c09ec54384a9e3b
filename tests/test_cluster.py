"""A class on a cluster: what travels, who decides, and that nothing is lost or doubled when machines are.

The first half puts the deciding thread before a scheduler of our own, so that each loss happens exactly when a test
says so. The second half is real: a scheduler and workers are processes, on two hosts of their own where root may make
network namespaces.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from autograder import cluster as module
from autograder.cluster import Cluster, Host, bundle, pack, unpack
from autograder.course import Course
from autograder.errands import perform
from autograder.errors import ClusterLost, GraderFailure, HostTooWeak
from autograder.gpu import GpuSlot, GpuSlots
from autograder.gradebook import scores
from autograder.identity import Keys, content_key
from autograder.job import Job
from autograder.journal import last_run
from autograder.record import Record
from autograder.sandbox import confinement
from autograder.sandbox.confinement import Level
from autograder.schedule import Options
from autograder.submission import digest, read_notebook
from tests.courses import grade_of, submit, write
from tests.levels import confined
from tests.test_cli import RIGHT, answers, course_with, run

PATIENCE = 400  # seconds for what a busy machine does slowly


@pytest.fixture
def course(tmp_path):
    return course_with(tmp_path / "course", ada=RIGHT, bob="seven = 7")


# --- What travels ---------------------------------------------------------------------------------------------


def test_a_submission_arrives_as_it_was_sent_with_links_that_stay_links(course, tmp_path):
    folder = course.submitted("tp1", "ada")
    write(folder / "data/été.csv", "1;2")
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    unpack(pack(folder), tmp_path / "arrived")
    assert digest(tmp_path / "arrived") == digest(folder)
    assert (tmp_path / "arrived/data/été.csv").read_text() == "1;2"
    assert os.readlink(tmp_path / "arrived/linked") == str(tmp_path)


def test_a_submission_that_is_a_link_to_the_source_arrives_as_a_link(course, tmp_path):
    folder = course.submitted("tp1", "eve")
    folder.parent.mkdir()
    folder.symlink_to(course.source("tp1"))
    unpack(pack(folder), tmp_path / "in/arrived")
    assert os.readlink(tmp_path / "in/arrived") == str(course.source("tp1"))
    assert digest(tmp_path / "in/arrived") == digest(folder)


@contextmanager
def not_as_root():
    """Root reads every file, whatever its mode."""
    if root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["tp1.ipynb", "data.csv"])
def test_a_file_that_cannot_be_read_arrives_as_one_that_cannot_be_read_by_root_either(name):
    with TemporaryDirectory() as scratch:  # that of pytest is closed to others
        os.chmod(scratch, 0o755)
        folder, arrived = Path(scratch, "handed-in"), Path(scratch, "arrived")
        write(folder / "tp1.ipynb", "{}")
        write(folder / name, "{}").chmod(0)
        codecs.lookup("utf-8-sig")  # Python's own files, too, may be root's alone
        with not_as_root():
            here, packed = (digest(folder), read_notebook(folder / "tp1.ipynb")), pack(folder)
        unpack(packed, arrived)
        assert digest(arrived) == here[0] != digest(folder) or os.geteuid()
        there = read_notebook(arrived / "tp1.ipynb")
        assert there.unreadable == here[1].unreadable
        assert ("ne peut pas être ouvert" in there.unreadable) == (name == "tp1.ipynb")
        with pytest.raises(OSError, match="No such device"):
            (arrived / name).read_bytes()
        unpack(pack(arrived), Path(scratch, "again"))
        assert digest(Path(scratch, "again")) == here[0], "a socket travels as it is"


def test_a_file_of_the_course_that_cannot_be_read_stops_the_run(course, monkeypatch):
    path = write(course.hidden("tp1") / "limits.py", "")
    monkeypatch.setattr(module, "_parts", lambda *_: iter([path.with_name("gone.py")]))
    with pytest.raises(OSError, match="gone"):
        bundle(course, "tp1")


@pytest.mark.parametrize("name", [b"../out", b"/tmp/out", b"a/../../out"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name, tmp_path):
    packed = module.msgpack.packb([(name, "file", b"x")])
    with pytest.raises(ValueError, match="leads out"):
        unpack(packed, tmp_path / "in/here")
    assert not list(tmp_path.rglob("out"))


def test_a_bundle_holds_what_decides_grades_and_neither_banks_nor_students(course, tmp_path):
    write(course.hidden("tp1") / "bank/double.py", "# %% mutant: none\n")
    write(course.hidden("tp1") / "floors.json", "{}")
    write(course.reference / "layers.py", "x = 1\n")
    write(course.root / "source/tp2/tp2.ipynb", "{}")
    unpack(bundle(course, "tp1"), tmp_path / "there")
    there = Course(tmp_path / "there")
    assert Keys.of(there, there.load_source("tp1")) == Keys.of(course, course.load_source("tp1"))
    names = {path.relative_to(there.root).as_posix() for path in there.root.rglob("*") if path.is_file()}
    assert {"nbgrader_config.py", "reference/layers.py", "tests/hidden/tp1/floors.json"} <= names
    assert not [name for name in names if "bank" in name or "submitted" in name or "tp2" in name]


def order_of(packed, **more):
    versions, bundled = module._fingerprint(), module._sha256(packed)
    return {"versions": versions, "bundle": bundled, "level": "", "limits": {}, "device": "cpu"} | more


def test_a_host_refuses_another_version_and_a_bundle_that_is_not_whole(course, tmp_path):
    host = Host(tmp_path)
    assert host.folder.stat().st_mode & 0o777 == 0o700
    packed = bundle(course, "tp1")
    order = order_of(packed)
    other = order | {"versions": order["versions"] | {"torch": "1.0"}}
    assert "torch is " in host.welcome(other, packed)["refused"]
    assert "whole" in host.welcome(order, packed + b"x")["refused"]
    assert "started anew" in host.grade(order, b"")["lost"]
    host.close()
    assert not host.folder.exists()


def test_a_worker_on_a_host_that_confines_nothing_refuses_a_run_that_names_no_level(
    course, tmp_path, monkeypatch
):
    """Also one that Dask itself has started, with our module preloaded."""
    monkeypatch.setattr(
        confinement, "weakness", lambda level: None if level is Level.NONE else "no namespaces"
    )
    host, packed = Host(tmp_path), bundle(course, "tp1")
    order = order_of(packed)
    assert "cannot confine guests" in host.welcome(order, packed)["refused"]
    with pytest.raises(HostTooWeak):
        module.work("tcp://127.0.0.1:1", 1)
    host.close()


def test_a_host_without_a_gpu_refuses_a_run_that_needs_one(course, tmp_path):
    host, packed = Host(tmp_path), bundle(course, "tp1")
    assert "no GPU" in host.welcome(order_of(packed, device="cuda"), packed)["refused"]
    host.close()


@pytest.mark.parametrize(
    ("address", "asked", "host"),
    [
        ("tcp://127.0.0.1:8786", None, "127.0.0.1"),
        ("tls://localhost:8786", None, "127.0.0.1"),
        ("tcp://10.0.0.1:8786", None, None),
        ("tcp://127.0.0.1:8786", "10.0.0.2", "10.0.0.2"),
    ],
)
def test_a_worker_of_this_machine_alone_listens_on_it_alone(address, asked, host, monkeypatch):
    given = {}

    def refuse(address, **options):
        given.update(options)
        raise ZeroDivisionError

    monkeypatch.setattr(module, "Worker", refuse)
    with pytest.raises(ZeroDivisionError):
        module.work(address, 1, host=asked)
    assert given["host"] == host and given["dashboard_address"] == "127.0.0.1:0"


@pytest.mark.parametrize(("alone", "slot"), [(False, GpuSlot("3", 0.45)), (True, GpuSlot("3", 1.0))])
def test_a_host_gives_a_job_a_slot_of_its_gpu_or_all_of_it(course, tmp_path, monkeypatch, alone, slot):
    host, packed, driven = Host(tmp_path, slots=GpuSlots(["3"], 2)), bundle(course, "tp1"), []
    quiet = SimpleNamespace(wait_ready=lambda: None)
    monkeypatch.setattr(module.Host, "_forks_of", lambda self, order: quiet)
    monkeypatch.setattr(module, "require_cuda", lambda forks, gpus: None)
    monkeypatch.setattr(module, "drive", lambda forks, job, *_: driven.append(job) or Record(grade_of("ada")))
    for device, expected in (("cuda", slot), ("cpu", None)):
        order = order_of(
            packed, device=device, limit=PATIENCE, ahead=False, alone=alone, job=job_of(course).to_json()
        )
        assert "level" in host.welcome(order, packed)
        assert "record" in host.grade(order, module.pack(course.submitted("tp1", "ada")))
        assert driven[-1].gpu == expected
    host.close()


@pytest.mark.parametrize(
    ("seconds", "wanted", "verdict", "why"),
    [(-1, True, "outlived", "outlived the sum"), (PATIENCE, False, "unwanted", "nobody wanted")],
)
def test_a_grader_that_is_ended_by_its_worker_is_said_to_be_so_for_the_true_reason(
    seconds, wanted, verdict, why, monkeypatch
):
    monkeypatch.setattr(module, "TICK", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = module._Watch(time.monotonic() + seconds, lambda: wanted)
        watch.open(ours)
        assert theirs.recv(1) == b"", "the channel is hung up"
    assert watch.verdict == verdict and why in module.ENDED[verdict]


def test_a_process_that_is_no_worker_refuses_and_a_scheduler_loads_a_task_without_torch():
    assert "not started by" in json.loads(perform("grade", "{}", b""))["refused"]
    code = (
        "import autograder.errands, sys; sys.exit(any(name in sys.modules for name in ('torch', 'pytest')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_dask_the_command_says_which_extra_is_missing(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "autograder.cluster", raising=False)
    monkeypatch.delattr("autograder.cluster", raising=False)
    for arguments in (("grade", "tp1", "--scheduler", "tcp://localhost:1"), ("worker", "tcp://localhost:1")):
        found = run(course if arguments[0] == "grade" else None, *arguments)
        assert found.exit_code == 2 and "pip install 'torch-autograder[cluster]'" in found.stderr


# --- Who decides ----------------------------------------------------------------------------------------------


class Scheduler:
    """Stands for Dask: workers come and go as a test says, tasks end when it says."""

    def __init__(self):
        self.workers, self.tasks, self.status = {}, [], "running"
        self.scheduler = SimpleNamespace(identity=None)
        self.clock, self.known = 0, set()

    def add(self, address, slots=1):
        self.workers[address] = {"name": address, "resources": {"slot": slots}, "last_seen": 0}

    def sync(self, function, n_workers, callback_timeout):
        if self.status != "running":
            raise OSError("connection refused")
        self.clock += 1
        for one in self.workers.values():
            one["last_seen"] = one.get("stopped") or self.clock
        return {"id": "s", "workers": {address: dict(one) for address, one in self.workers.items()}}

    def get_executor(self, pure):
        return self

    def submit(self, function, what, order, content, workers, resources):
        assert function is perform
        task = SimpleNamespace(
            asks=what == module.WELCOME, order=json.loads(order), worker=workers[0], future=Future()
        )
        task.slots, task.resources = resources["slot"], resources
        self.tasks.append(task)
        if task.asks and task.worker in self.known:
            self.answer(task, level="full")
        return task.future

    def answer(self, task, **reply):
        task.future.set_result(json.dumps(reply))

    def subscribe_topic(self, topic, handler):
        self.heard = handler

    def shutdown(self, wait):
        pass

    def close(self, timeout):
        pass

    def jobs(self):
        return [task for task in self.tasks if not task.asks]

    def job(self, number=-1, count=1):
        """The job that was given last, once ``count`` have been."""
        return until(lambda: len(self.jobs()) >= count and self.jobs()[number])


def until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture
def dask(monkeypatch):
    made = Scheduler()
    monkeypatch.setattr(module, "_connected", lambda *_: made)
    monkeypatch.setattr(module, "TICK", 0.05)
    return made


@pytest.fixture
def graders(dask, course):
    told, opened = [], []

    def make(device="cpu", **options):
        asked = Options(device=device)
        one = Cluster("tcp://x", course, "tp1", asked, lambda *news: told.append(news), **options)
        one.told = told
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


def job_of(course, student="ada"):
    return Job(str(course.root), "tp1", student, "00", str(course.submitted("tp1", student)))


def record_of(course, student="ada", **changed):
    submission = digest(course.submitted("tp1", student))
    key = content_key(Keys.of(course, course.load_source("tp1")).whole, submission)
    grade = replace(grade_of(student), digest=submission, key=key, seed="00")
    return Record(replace(grade, **changed)).to_json()


def test_a_worker_is_asked_once_whether_it_fits_and_gets_one_job_a_slot(dask, graders, course):
    dask.add("a", slots=2)
    dask.known = {"a"}
    one = graders()
    results = [one.submit(job_of(course, name), True) for name in ("ada", "bob", "ada")]
    dask.job(count=2)
    time.sleep(0.3)
    assert len(dask.jobs()) == 2 and len(dask.tasks) == 3
    assert json.loads(dask.jobs()[0].order["job"])["root"] == "", "no path of this machine travels"
    dask.answer(dask.jobs()[1], record=record_of(course, "bob"))
    assert results[1].result(PATIENCE).grade.student == "bob"
    dask.job(count=3)


def begin(dask, task):
    """What a worker says when a task begins."""
    dask.heard((0.0, {"begun": task.order["errand"]}))


def test_while_many_wait_a_worker_has_a_job_more_than_slots_and_at_the_end_none(dask, graders, course):
    dask.add("a")
    dask.known = {"a"}
    one = graders()
    for name in ("ada", "bob", "ada", "bob"):
        one.submit(job_of(course, name), True)
    dask.job(count=2)
    time.sleep(0.3)
    assert len(dask.jobs()) == 2, "one that runs and one that waits there"
    dask.answer(dask.jobs()[0], record=record_of(course))
    dask.job(count=3)
    dask.answer(dask.jobs()[1], record=record_of(course, "bob"))
    time.sleep(0.3)
    assert len(dask.jobs()) == 3, "the last one is given to whoever is free first"
    dask.answer(dask.jobs()[2], record=record_of(course))
    dask.answer(dask.job(count=4), record=record_of(course, "bob"))


@pytest.mark.parametrize("loss", ["gone", "hangs"])
def test_a_job_that_had_yet_to_begin_when_its_worker_was_lost_was_not_tried(
    dask, graders, course, loss, monkeypatch
):
    dask.add("a")
    dask.known = {"a", "b"}
    one = graders(limit=0.0 if loss == "hangs" else None, patience=1000)
    for name in ("ada", "bob", "ada", "bob"):
        one.submit(job_of(course, name), True)
    first, second = dask.job(0, count=2), dask.jobs()[1]
    begin(dask, first)
    until(lambda: ("started", "ada", "a", "") in one.told)
    dask.add("b")
    if loss == "gone":
        del dask.workers["a"]
    else:
        real = time.monotonic
        monkeypatch.setattr(module.time, "monotonic", lambda: real() + 61)
    again = dask.job(2, count=4), dask.jobs()[3]
    assert (
        [task.worker for task in again] == ["b", "b"]
        and first.future.cancelled()
        and second.future.cancelled()
    )
    assert {task.order["errand"] for task in again} == {first.order["errand"], second.order["errand"]}
    assert [(news[0], news[1]) for news in one.told if news[0] == "retried"] == [("retried", "ada")]
    assert one._errands[second.order["errand"]].lost == 0


def given(dask, graders, course):
    """A run whose job is with the worker a, when b has come: the graders, the job's result, what a has been asked."""
    dask.add("a")
    dask.known = {"a", "b"}
    one = graders(lost_after=0.2)
    result = one.submit(job_of(course), True)
    first = dask.job()
    dask.add("b")
    return one, result, first


@pytest.mark.parametrize("loss", ["gone", "silent", "cancelled", "lost"])
def test_a_job_of_a_worker_that_is_lost_is_taken_up_elsewhere_and_counts_once(dask, graders, course, loss):
    one, result, first = given(dask, graders, course)
    until(lambda: one._nodes.get("b") and one._nodes["b"].fits)
    if loss == "gone":
        del dask.workers["a"]
    elif loss == "silent":
        dask.workers["a"]["stopped"] = dask.clock
    elif loss == "cancelled":
        first.future.cancel()
    else:
        dask.answer(first, lost="the worker was started anew")
    second = dask.job(count=2)
    assert second.worker == "b" and first.future.done()
    dask.answer(second, record=record_of(course, seconds=2.0))
    if loss == "silent":
        assert first.future.cancelled(), "Dask tells the worker that nobody wants it any more"
    assert result.result(PATIENCE).grade.seconds == 2.0
    assert [news[0] for news in one.told if news[1] == "ada"] == ["retried"]


def test_a_second_result_is_dropped(dask, graders, course, monkeypatch):
    monkeypatch.setattr(
        Future, "cancel", lambda self: False
    )  # a task that has just ended cannot be cancelled
    one, result, first = given(dask, graders, course)
    dask.workers["a"]["stopped"] = dask.clock
    dask.answer(dask.job(count=2), record=record_of(course, seconds=2.0))
    assert result.result(PATIENCE).grade.seconds == 2.0
    dask.answer(first, record=record_of(course, seconds=1.0))
    until(lambda: any(news[0] == "late" for news in one.told))
    assert result.result().grade.seconds == 2.0


def test_a_result_of_other_suites_or_of_another_submission_is_not_taken(dask, graders, course):
    dask.add("a")
    dask.known = {"a"}
    result = graders().submit(job_of(course), True)
    for count, changed in enumerate([{"key": "k" * 64}, {"student": "bob"}, {"seed": "01"}], 1):
        dask.answer(dask.job(count=count), record=record_of(course, **changed))
    dask.answer(dask.job(count=4), record=record_of(course))
    assert result.result(PATIENCE).grade.student == "ada"


def test_a_worker_that_refuses_gets_no_job_and_where_none_is_left_the_reason_is_told(dask, graders, course):
    dask.add("a")
    one = graders(patience=0.3)
    result = one.submit(job_of(course), True)
    until(lambda: dask.tasks)
    dask.answer(dask.tasks[0], refused="torch is 1.0, not 2.0")
    with pytest.raises(GraderFailure, match=r"no worker fits \(a: torch is 1.0, not 2.0\)"):
        result.result(PATIENCE)
    assert not dask.jobs() and ("refused", "", "a", "torch is 1.0, not 2.0") in one.told
    with pytest.raises(GraderFailure, match="no worker fits"):
        one.alone(job_of(course)).result(PATIENCE)


def test_a_job_that_is_to_be_alone_waits_for_a_whole_worker(dask, graders, course):
    dask.add("a", slots=2)
    dask.known = {"a"}
    one = graders()
    one.submit(job_of(course), True)
    first = dask.job()
    alone = one.alone(job_of(course, "bob"))
    time.sleep(0.3)
    assert len(dask.jobs()) == 1
    dask.answer(first, record=record_of(course))
    second = dask.job(count=2)
    assert second.slots == 2
    dask.answer(second, failure="the grader died")
    with pytest.raises(GraderFailure, match="the grader died"):
        alone.result(PATIENCE)


def test_a_run_on_gpus_gives_a_worker_as_much_as_its_gpus_take(dask, graders, course):
    dask.add("a", slots=8)
    dask.workers["a"]["resources"]["GPU"] = 2
    dask.add("b", slots=8)  # has none
    dask.known = {"a", "b"}
    one = graders("cuda")
    for name in ("ada", "bob", "ada"):
        one.submit(job_of(course, name), True)
    dask.job(count=2)
    time.sleep(0.3)
    assert [(task.worker, task.resources) for task in dask.jobs()] == [("a", {"slot": 1, "GPU": 1})] * 2
    assert {task.order["device"] for task in dask.tasks} == {"cuda"}


def test_a_worker_that_has_a_gpu_but_declares_none_gets_no_job_of_a_run_on_gpus(dask, graders, course):
    dask.add("a", slots=8)
    dask.known = {"a"}
    one = graders("cuda", patience=0.3)
    with pytest.raises(GraderFailure, match="a: it declares no GPU"):
        one.submit(job_of(course), True).result(PATIENCE)
    assert not dask.jobs()


def test_a_job_that_outlives_its_limits_twice_has_failed(dask, graders, course):
    dask.add("a")
    dask.add("b")
    dask.known = {"a", "b"}
    result = graders().submit(job_of(course), True)
    dask.answer(dask.job(), outlived="it outlived the sum of its limits")
    second = dask.job(count=2)
    assert second.worker != dask.jobs()[0].worker
    dask.answer(second, outlived="it outlived the sum of its limits")
    with pytest.raises(GraderFailure, match="outlived"):
        result.result(PATIENCE)


def test_without_its_scheduler_a_run_stops_and_nobody_is_ungraded(dask, graders, course, monkeypatch):
    monkeypatch.setattr(module, "GONE", 0.2)
    dask.add("a")
    dask.known = {"a"}
    one = graders()
    result = one.submit(job_of(course), True)
    dask.job()
    dask.status = "connecting"
    dask.jobs()[0].future.cancel()
    with pytest.raises(ClusterLost, match="has gone"):
        result.result(PATIENCE)
    with pytest.raises(ClusterLost):
        one.submit(job_of(course), True).result(PATIENCE)


def test_no_scheduler_is_told_at_once(course, monkeypatch):
    monkeypatch.setattr(module, "ANSWER", 1.0)
    found = run(course, "grade", "tp1", "--scheduler", "tcp://127.0.0.1:9")
    assert found.exit_code == 1 and "no scheduler answers at tcp://127.0.0.1:9" in found.stderr
    assert not list(course.state.glob("tp1/*.json")), "and nobody is ungraded"


# --- Machines -------------------------------------------------------------------------------------------------

OTHER = """
import sys, autograder
autograder.__version__ = "0.0.1"
from distributed.cli.dask_worker import main
main()
"""
SLOW = "import time\ntime.sleep(4)\n" + RIGHT
CURIOUS = """
import os, socket
def reached(place):
    try:
        socket.create_connection({address}, timeout=2).close()
        return True
    except OSError:
        return False
print("scheduler", reached({address}), "folder", os.path.exists({folder!r}), "environment", sorted(os.environ))
"""
_NAMESPACES = shutil.which("ip") and sys.platform == "linux" and os.geteuid() == 0


class Machines:
    """A scheduler, and workers: each on a host of its own (a network namespace) where that can be made."""

    def __init__(self, root, hosts, tls=None):
        self.root, self.hosts, self.workers, self.tls = root, hosts, {}, tls or (lambda name: ())
        file = root / "scheduler.json"
        address = "0.0.0.0" if hosts else "127.0.0.1"
        self.scheduler = self.start(
            "dask", "scheduler", "--host", address, "--port", "0", "--no-dashboard",
            "--scheduler-file", str(file), *self.tls("scheduler"), name="scheduler",
        )  # fmt: skip
        until(lambda: file.exists() and file.read_text())
        self.protocol, _, self.port = json.loads(file.read_text())["address"].split(":")

    def address(self, name=""):
        """The scheduler's, as a worker sees it."""
        host = self.hosts[name].outside if name in self.hosts else "127.0.0.1"
        return f"{self.protocol}://{host}:{self.port}"

    def start(self, *arguments, name, code=None):
        inside = ["ip", "netns", "exec", self.hosts[name].name] if name in self.hosts else []
        program = ["-c", code] if code else ["-m"]
        with open(self.root / f"{name}.log", "a") as log:
            return subprocess.Popen(
                [*inside, sys.executable, *program, *arguments],
                cwd=Path(__file__).parent.parent,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
            )

    def worker(self, name):
        arguments = [self.address(name), "--slots", "1", "--name", name, "--folder", str(self.root / name)]
        self.workers[name] = self.start(
            "autograder", "worker", *arguments, "--wait", str(PATIENCE), *self.tls(name), name=name
        )

    def other_worker(self, name):
        """One of Dask's own, with our module in another version: what a batch system starts."""
        arguments = [self.address(name), "--name", name, "--no-nanny", "--nthreads", "1", "--local-directory"]
        arguments += [str(self.root / name), "--preload", "autograder.cluster", "--resources", "slot=1"]
        self.workers[name] = self.start(*arguments, name=name, code=OTHER)

    def said(self):
        return "\n".join(f"{log.name}:\n{log.read_text()[-3000:]}" for log in self.root.glob("*.log"))

    def close(self):
        for process in (*self.workers.values(), self.scheduler):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in (*self.workers.values(), self.scheduler):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Network:
    """A host of its own: a network namespace, and a cable to it."""

    def __init__(self, number):
        self.name = f"ag{os.getpid() % 100000}-{number}"
        self.cable = f"ag{os.getpid() % 100000}v{number}"
        net = f"10.213.{os.getpid() % 250}.{4 * number}"
        self.outside, self.inside = (f"{net[: net.rindex('.')]}.{4 * number + last}" for last in (1, 2))
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{self.outside}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        ip("-n", self.name, "addr", "add", f"{self.inside}/30", "dev", "eth0")
        ip("-n", self.name, "link", "set", "eth0", "up")
        ip("-n", self.name, "link", "set", "lo", "up")

    def plug(self, how):
        ip("link", "set", self.cable, how)

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)  # the cable goes with it


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    hosts = {}
    try:
        if _NAMESPACES:
            for number, name in enumerate("AB"):
                try:
                    hosts[name] = Network(number)
                except subprocess.CalledProcessError:  # a container that may not
                    break
        made = Machines(tmp_path_factory.mktemp("machines"), hosts if len(hosts) == 2 else {})
        try:
            made.worker("A")
            made.worker("B")
            yield made
        finally:
            made.close()
    finally:
        for host in hosts.values():
            host.close()


def class_of(root, **students):
    return course_with(root / "course", **students)


def grade(machines, course, lost_after=PATIENCE):
    options = (
        "--scheduler",
        machines.address(),
        "--patience",
        str(PATIENCE),
        "--lost-after",
        str(lost_after),
    )
    found = run(course, "grade", "tp1", "--json", *options)
    assert found.exit_code == 0, f"{found.output}{found.stderr}{found.exception!r}\n{machines.said()}"
    return {grade["student"]: grade for grade in json.loads(found.stdout)}


def lines(course, *events):
    journal = max((course.state / "tp1/_runs").glob("*.jsonl"))
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line for line in found if line["event"] in events]


def when_running_on(name, course, act):
    """A thread that acts as soon as a submission is being graded there."""

    def wait():
        def found():
            tally = last_run(course, "tp1") if (course.state / "tp1/_runs").is_dir() else None
            return tally and any(worker == name for _, worker in tally.running.values())

        until(found)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def graded_once(course, *students):
    """Every submission is graded, none twice, and the gradebook has it."""
    assert Counter(line["student"] for line in lines(course, "graded")) == Counter(students)
    assert [(row.student, row.score) for row in scores(course, "tp1")] == [(name, 3) for name in students]


@confined
def test_two_workers_grade_a_class_and_one_of_another_version_gets_nothing(machines, tmp_path):
    course = class_of(tmp_path, ada=RIGHT, bob="seven = 7", cyd=SLOW)
    address, folder = ("127.0.0.1", int(machines.port)), str(machines.root)
    if machines.hosts:
        address = (machines.hosts["A"].outside, int(machines.port))
    submit(course, "eve", answers(CURIOUS.format(address=address, folder=folder) + RIGHT))
    machines.other_worker("C")
    until(lambda: "Registered to" in (machines.root / "C.log").read_text())
    found = grade(machines, course)
    points = {
        name: [v["outcome"] for e in one["exercises"] for v in e["verdicts"]] for name, one in found.items()
    }
    assert points["bob"] == ["failed", "passed"]
    assert points["ada"] == points["cyd"] == points["eve"] == ["passed", "passed"]
    assert {line["worker"] for line in lines(course, "started")} == {"A", "B"}
    (refused,) = lines(course, "refused")
    assert refused["worker"] == "C" and refused["why"].startswith("autograder is 0.0.1, not ")
    record = json.loads((course.state / "tp1/eve.json").read_text())
    text = "".join(out.get("text", "") for cell in record["notebooks"]["tp1"] for out in cell["outputs"])
    assert text.startswith("scheduler False folder False environment") and "DASK" not in text
    private = [path for name in "AB" for path in (machines.root / name).rglob("autograder-*")]
    assert len(private) == 2 and all(path.stat().st_mode & 0o777 == 0o700 for path in private)
    assert not [path for path in private for path in path.rglob("*.ipynb") if "courses" not in path.parts]
    told = run(course, "status", "tp1")
    assert told.exit_code == 0 and "4 of 4 done" in told.output and "tp1: done" in told.output
    machines.workers.pop("C").kill()


@confined
def test_a_host_that_is_cut_off_midway_loses_nothing(machines, tmp_path):
    if not machines.hosts:
        pytest.skip("network namespaces need root and `ip`")
    course = class_of(tmp_path, ada=SLOW, bob=SLOW)
    thread = when_running_on("A", course, lambda: machines.hosts["A"].plug("down"))
    try:
        grade(machines, course, lost_after=8)
    finally:
        thread.join()
        machines.hosts["A"].plug("up")
    graded_once(course, "ada", "bob")
    assert any(line.get("worker") == "A" for line in lines(course, "retried"))


@confined
def test_a_worker_that_stops_midway_loses_nothing_and_its_late_result_counts_for_nothing(machines, tmp_path):
    course = class_of(tmp_path, ada=SLOW, bob=SLOW)
    worker = machines.workers["B"]
    thread = when_running_on("B", course, lambda: worker.send_signal(signal.SIGSTOP))
    try:
        grade(machines, course, lost_after=8)
    finally:
        thread.join()
        worker.send_signal(signal.SIGCONT)
    graded_once(course, "ada", "bob")
    assert [line["why"] for line in lines(course, "retried")] == ["nothing was heard of the worker for 8 s"]


@confined
def test_a_run_that_is_ended_or_killed_goes_on_where_it_was(machines, tmp_path):
    course = class_of(tmp_path, ada=RIGHT, bob=SLOW, cyd=SLOW)
    command = ("autograder", "grade", "tp1", "--scheduler", machines.address(), "--course", str(course.root))
    for sent, code, state in ((signal.SIGINT, 1, "interrupted"), (signal.SIGKILL, -9, "killed")):
        client = machines.start(*command, "--patience", str(PATIENCE), name="client")
        until(lambda: (tally := last_run(course, "tp1")) is not None and tally.alive and tally.running)
        assert "going on" in run(course, "status", "tp1").output
        client.send_signal(sent)
        assert client.wait(PATIENCE) == code, machines.said()
        told = run(course, "status", "tp1")
        assert told.exit_code == 1 and f"tp1: {state}" in told.output
    assert "Interrupted. What was graded is kept" in (machines.root / "client.log").read_text()
    kept = {path.stem: path.read_text() for path in (course.state / "tp1").glob("*.json")}
    grade(machines, course)
    assert [(row.student, row.score) for row in scores(course, "tp1")] == [
        (n, 3) for n in ("ada", "bob", "cyd")
    ]
    assert all((course.state / f"tp1/{name}.json").read_text() == text for name, text in kept.items())


@confined
def test_a_worker_that_is_killed_midway_loses_nothing(machines, tmp_path):
    course = class_of(tmp_path, ada=SLOW, bob=SLOW)
    thread = when_running_on("A", course, machines.workers["A"].kill)
    grade(machines, course)
    thread.join()
    graded_once(course, "ada", "bob")
    assert [(line["worker"], line["why"]) for line in lines(course, "retried")] == [
        ("A", "the worker was lost")
    ]


@confined
def test_a_worker_ends_a_grader_that_outlives_its_limits_and_removes_its_folder_in_the_end(
    machines, tmp_path
):
    course = class_of(tmp_path, ada="import time\ntime.sleep(600)")
    one = Cluster(
        machines.address(), course, "tp1", Options(), lambda *news: None, PATIENCE, PATIENCE, limit=3.0
    )
    try:
        with pytest.raises(GraderFailure, match="it outlived the sum of its limits"):
            one.submit(job_of(course), False).result(PATIENCE)
    finally:
        one.close()
    folder = machines.root / "B"
    assert list(folder.rglob("autograder-*"))
    machines.workers["B"].terminate()
    assert machines.workers["B"].wait(PATIENCE) == 0, machines.said()
    assert not list(folder.rglob("autograder-*"))


# --- TLS ------------------------------------------------------------------------------------------------------


class Authority:
    """Signs certificates, as the instructions of a cluster's owner would have it: PEM files in a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._made("ca")

    def __call__(self, name):
        """The options for one end, with a certificate of its own."""
        if not (self.folder / f"{name}.pem").exists():
            self._made(name, "-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key")
        files = {"--tls-ca-file": "ca.pem", "--tls-cert": f"{name}.pem", "--tls-key": f"{name}.key"}
        return [text for option, file in files.items() for text in (option, str(self.folder / file))]

    def _made(self, name, *signed):
        files = ("-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem")
        kind = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subprocess.run(
            ["openssl", *kind, "-subj", f"/CN={name}", *files, *signed], check=True, capture_output=True
        )


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A scheduler with TLS, and the authority whose certificates it trusts."""
    root = tmp_path_factory.mktemp("closed")
    made = Machines(root, {}, Authority(root / "ours"))
    yield made
    made.close()


@confined
def test_a_submission_is_graded_over_tls(closed, tmp_path):
    course = class_of(tmp_path, ada=RIGHT)
    closed.worker("A")
    assert closed.address().startswith("tls://")
    options = ("--scheduler", closed.address(), "--patience", str(PATIENCE), *closed.tls("me"))
    found = run(course, "grade", "tp1", "--json", *options)
    assert found.exit_code == 0, f"{found.output}{found.stderr}\n{closed.said()}"
    graded_once(course, "ada")
    assert [line["worker"] for line in lines(course, "started")] == ["A"]


def test_a_scheduler_that_ends_the_connection_with_the_handshake_is_said_to_refuse_the_certificate(
    course, tmp_path
):
    """What is left of a refusal whose alert was lost: no alert at all."""
    authority = Authority(tmp_path / "ours")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    options = authority("scheduler")
    context.load_cert_chain(options[3], options[5])
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse():
            with suppress(OSError):  # the server is closed where the test is over
                while True:
                    context.wrap_socket(server.accept()[0], server_side=True).close()

        threading.Thread(target=refuse, daemon=True).start()
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        found = run(course, "grade", "tp1", "--json", "--scheduler", address, *authority("me"))
        server.shutdown(socket.SHUT_RDWR)
    assert found.exit_code == 1 and len(found.stderr.strip().splitlines()) == 1
    assert "ended the connection with the TLS handshake" in found.stderr
    assert "do not trust each other's certificates" in found.stderr


def test_who_has_no_certificate_of_the_authority_is_refused_at_once(closed, course, tmp_path):
    others, open_address = Authority(tmp_path / "others"), closed.address().replace("tls", "tcp")
    eve, half = others("eve"), closed.tls("me")[:2]
    broken = [*half, "--tls-cert", str(write(tmp_path / "no.pem", "no certificate"))]
    for address, options, code, why in (
        (closed.address(), [], 2, "needs an authority and a certificate. Name PEM files with --tls-ca-file"),
        (closed.address(), half, 2, "needs an authority and a certificate"),
        (closed.address(), broken, 2, "These certificates cannot be used for TLS"),
        (closed.address(), eve, 1, "do not trust each other's certificates"),
        (closed.address(), [*half, *eve[2:]], 1, "do not trust each other's certificates"),
        (open_address, closed.tls("me"), 2, "name it as tls://HOST:PORT"),
        (open_address, [], 1, "one with TLS answers at tls://... only"),
    ):
        found = run(course, "grade", "tp1", "--json", "--scheduler", address, *options)
        assert (found.exit_code, why in found.stderr) == (code, True), (options, found.stderr)
        assert len(found.stderr.strip().splitlines()) == 1 and found.stdout == ""
    assert not list(course.state.glob("tp1/*.json")), "and nobody is ungraded"
    assert run(None, "worker", closed.address()).exit_code == 2
