"""What ``make fuzz`` looks for without end, here over the kept corpus and a fixed number of seeded mutations of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from autograder import manifest as manifests
from autograder import submission
from autograder import wire as frames
from tests.courses import cell, graded, notebook
from tests.fuzz.__main__ import CORPUS, NAMES, ROOT, SMALL, main, save
from tests.fuzz.mutations import MUTATORS, framed
from tests.fuzz.targets import BOUNDS, TARGETS

MUTATIONS = 1000  # of each target's corpus
KEPT = {target: sorted((CORPUS / target).iterdir()) for target in NAMES}


def mutation(target: str, seed: int) -> bytes:
    """The input that ``seed`` names: an entry of the corpus, changed one to four times."""
    rng = Random(seed)
    data = rng.choice(KEPT[target]).read_bytes()
    for _ in range(rng.randint(1, 4)):
        data = MUTATORS[target](data, rng)
    return data


def hold(target: str, count: int, folder: Path) -> None:
    for seed in range(count):
        data = mutation(target, seed)
        try:
            TARGETS[target](data)
        except Exception as error:
            kept = folder / f"{target}-seed-{seed}"
            kept.write_bytes(data)
            pytest.fail(f"{error!r}; replay it with: python -m tests.fuzz replay {target} {kept}")


def test_each_target_has_a_corpus_and_a_mutator():
    assert set(TARGETS) == set(MUTATORS) == set(NAMES) == {path.name for path in CORPUS.iterdir()}
    assert all(len(KEPT[target]) > 10 for target in NAMES)


@pytest.mark.parametrize(
    ("target", "path"),
    [(target, path) for target in NAMES for path in KEPT[target]],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_kept_corpus_holds(target, path):
    TARGETS[target](path.read_bytes())


def test_the_kept_corpus_is_small():
    assert all(path.stat().st_size <= 3 * SMALL for target in NAMES for path in KEPT[target])


@pytest.mark.parametrize("target", NAMES)
def test_seeded_mutations_hold(target, tmp_path):
    hold(target, MUTATIONS, tmp_path)


def test_seeded_mutations_are_the_same_each_time_and_differ_from_each_other():
    for target in NAMES:
        made = [mutation(target, seed) for seed in range(100)]
        assert made == [mutation(target, seed) for seed in range(100)]
        assert len(set(made)) > 80


def test_mutations_reach_beyond_the_first_refusal():
    """Of each kind a good part is read, and a good part refused: else they would prove nothing."""

    def read(data: bytes) -> bool:
        try:
            head, blob = frames.unpack(data, BOUNDS)
            frames.Decoder(blob, lambda fields: None, BOUNDS).decode(head)
        except frames.WireError:
            return False
        return True

    decoded = sum(read(mutation("wire", seed)) for seed in range(500))
    assert 50 < decoded < 450


# --- That it finds what is wrong ------------------------------------------------------------------------------


def finds(target: str, folder: Path) -> bool:
    try:
        for path in KEPT[target]:
            TARGETS[target](path.read_bytes())
        hold(target, 300, folder)
    except (Exception, pytest.fail.Exception):
        return True
    return False


def test_memory_for_promised_values_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(frames, "_count", lambda data, bounds: None)
    assert finds("wire", tmp_path)


def test_an_unknown_error_of_the_decoder_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(frames, "_known", lambda table, name: table[name])
    assert finds("wire", tmp_path)


def test_a_value_that_comes_back_changed_is_found(monkeypatch, tmp_path):
    monkeypatch.setitem(frames.MAKERS, frames.Tag.TUPLE, list)
    monkeypatch.setattr(frames, "CONTAINERS", {**frames.CONTAINERS, list: frames.Tag.SIZE})
    assert finds("wire", tmp_path)


def test_a_text_that_nothing_can_store_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(submission, "_encodable", lambda text: text)
    assert finds("notebook", tmp_path)


def test_a_link_that_is_followed_is_found(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "O_NOFOLLOW")
    assert finds("notebook", tmp_path)


def test_a_manifest_of_other_types_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(manifests.ReleasedCell, "__post_init__", lambda self: None)
    assert finds("manifest", tmp_path)


# --- No input takes more than its share of work ---------------------------------------------------------------


def lines_run(target: str, data: bytes) -> int:
    """Lines of our own modules that a target runs: work that no loaded machine changes."""
    count = 0

    def inside(frame, event, argument):
        nonlocal count
        count += event == "line"
        return inside

    def entered(frame, event, argument):
        return inside if f"{os.sep}autograder{os.sep}" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        TARGETS[target](data)
    finally:
        sys.settrace(before)
    return count


TASK = {"task": True, "grade_id": "t", "points": 1}
NOTEBOOKS = {
    "cells of one text": lambda n: notebook([cell("check('a')")] * n),
    "copies of a graded cell": lambda n: notebook([graded("check('a')", "a")] * n),
    "tasks of one name": lambda n: notebook([cell("", "markdown", nbgrader=TASK)] * n),
    "tasks of many names": lambda n: notebook(
        [cell("", "markdown", nbgrader={**TASK, "grade_id": f"t{i}"}) for i in range(n)]
    ),
    "cells below a task": lambda n: notebook(
        [cell("", "markdown", nbgrader=TASK), *[cell("x", "markdown")] * n]
    ),
    "items that are no cells": lambda n: json.dumps({"cells": [7] * n}),
    "sheets": lambda n: json.dumps({"worksheets": [{"cells": [{"cell_type": "heading"}]}] * n}),
    "lines of one cell": lambda n: notebook([{"cell_type": "code", "source": ["x\n"] * n}]),
}


@pytest.mark.parametrize("family", NOTEBOOKS)
def test_reading_a_notebook_twice_as_long_takes_twice_the_work(family):
    small, large = (lines_run("notebook", NOTEBOOKS[family](n).encode()) for n in (200, 400))
    assert large < 2.1 * small, f"{small} lines, then {large}"


FRAMES = {
    "empty lists": lambda n: b"\xdc" + (n + 1).to_bytes(2, "big") + b"\x00" + b"\x91\x00" * n,
    "keys": lambda n: (
        b"\xdc" + (2 * n + 1).to_bytes(2, "big") + b"\x02" + b"".join(b"\xcc%c\xc0" % i for i in range(n))
    ),
    "short texts": lambda n: b"\xdc" + (n + 1).to_bytes(2, "big") + b"\x00" + b"\xa1a" * n,
    "tensors": lambda n: (
        b"\xdc" + (n + 1).to_bytes(2, "big") + b"\x00" + b"\x95\x03\xa4int8\x91\x00\xff\xc0" * n
    ),
}


@pytest.mark.parametrize("family", FRAMES)
def test_decoding_a_frame_twice_as_long_takes_twice_the_work(family):
    small, large = (lines_run("wire", framed(FRAMES[family](n), b"")) for n in (16, 32))
    assert large < 2.1 * small, f"{small} lines, then {large}"


# --- The command ----------------------------------------------------------------------------------------------


def test_a_finding_is_kept_once_and_replays(tmp_path, capsys):
    def wrong(data: bytes) -> None:
        raise ValueError("three")

    for data in (b"1", b"2"):
        with pytest.raises(ValueError, match="three") as caught:
            wrong(data)
        save(tmp_path, "wire", data, caught.value)
    [kept] = tmp_path.iterdir()
    assert kept.name.startswith("wire-ValueError-test_fuzz-") and kept.read_bytes() == b"1"
    assert f"finding {kept.name}: three" in capsys.readouterr().err
    assert main(["replay", "wire", str(kept)]) == 0
    assert capsys.readouterr().out == f"wire holds for {kept}\n"


def test_an_unknown_target_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["run", "wires"])
    assert "`wires` is none of wire, notebook, manifest" in capsys.readouterr().err


def test_interrupt_ends_a_run_gently(tmp_path):
    pytest.importorskip("atheris")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "run",
        "manifest",
        "--minutes",
        "30",
        "--work",
        str(tmp_path),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        said = ""
        for line in process.stdout:
            said += line
            if "INITED" in line:
                os.killpg(process.pid, signal.SIGINT)
                said += process.stdout.read()
    assert process.returncode == 0, said
    assert f"0 new findings; inputs that cover more code are in {tmp_path}/corpus" in said
    assert "Traceback" not in said and "ERROR" not in said
