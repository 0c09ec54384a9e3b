"""What a guest can know of the data from which hidden test sets are drawn: nothing but the public copy."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from autograder import digits
from autograder.sandbox import folders
from autograder.sandbox.confinement import Level, weakness
from autograder.sandbox.forkserver import GUEST_PRELOAD, Forkserver
from autograder.sandbox.limits import Limits
from tests.test_sandbox import Script

CONFINED = [
    pytest.param(level, marks=pytest.mark.skipif(weakness(level) is not None, reason=str(weakness(level))))
    for level in (Level.FULL, Level.USERNS)
]

FINGERPRINTS = """
import hashlib, numpy as np
def fingerprints(images):
    return [hashlib.sha256(np.asarray(image).astype("u1").tobytes()).hexdigest() for image in images]
"""
LOAD = f"""{FINGERPRINTS}
from sklearn.datasets import load_digits
data = load_digits()
answer([list(data.images.shape), data.target.tolist(), fingerprints(data.images)])
"""
WALK = f"""{FINGERPRINTS}
import gzip, os, pathlib
found = []
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in names:
        path = pathlib.Path(folder, name)
        if "digits" in name.lower() and name.endswith((".gz", ".csv", ".npz", ".npy", ".data", ".tra", ".tes")):
            rows = gzip.decompress(path.read_bytes()).decode().split()
            found.append([str(path), fingerprints([row.split(",")[:64] for row in rows])])
answer(found)
"""
UNCOVER = """
import ctypes
libc, wrong = ctypes.CDLL(None, use_errno=True), []
if libc.umount2(payload["path"].encode(), 2) == 0:
    wrong.append("unmounted")
for mode in ("ab", "r+b"):
    try:
        open(payload["path"], mode)
        wrong.append("opened for writing")
    except OSError:
        pass
import gzip
answer([wrong, len(gzip.open(payload["path"]).read())])
"""


def fingerprint(image: np.ndarray) -> str:
    return hashlib.sha256(image.astype("u1").tobytes()).hexdigest()


WITHHELD = {fingerprint(image) for image in digits.images()[digits.withheld()]}


@pytest.fixture(scope="module")
def server() -> Iterator[Forkserver]:
    with Forkserver("autograder.sandbox.supervisor:main", GUEST_PRELOAD) as running:
        yield running


def test_the_public_copy_is_the_one_that_its_rule_makes():
    table = digits.read_table(Path(folders.__file__).parents[1] / "data/digits.csv.gz")
    packaged = np.column_stack([digits.images().reshape(-1, 64), digits.labels()])
    assert digits.public_copy(packaged) == digits.PUBLIC.read_bytes()
    assert (table[:, 64] == digits.labels()).all()


def test_enough_images_of_each_class_are_withheld_and_none_of_them_is_in_the_public_copy():
    assert np.bincount(digits.labels()[digits.withheld()]).tolist() == [
        n - digits.PUBLIC_PER_CLASS for n in np.bincount(digits.labels())
    ]
    public = digits.read_table(digits.PUBLIC)[:, :64].reshape(-1, 8, 8)
    assert len(WITHHELD) == 797
    assert WITHHELD.isdisjoint(map(fingerprint, public))


@pytest.mark.parametrize("level", CONFINED)
def test_a_guest_loads_digits_of_the_usual_shape_and_none_that_is_withheld(server: Forkserver, level: Level):
    with Script(server, level, LOAD, Limits(memory_mb=1024)) as script:
        shape, labels, found = script.answer()
    assert shape == [1797, 8, 8]
    assert labels == digits.labels().tolist()
    assert len(set(found)) == 10 * digits.PUBLIC_PER_CLASS
    assert WITHHELD.isdisjoint(found)


@pytest.mark.parametrize("level", CONFINED)
def test_no_other_file_of_a_guest_holds_them(server: Forkserver, level: Level):
    with Script(server, level, WALK, Limits(memory_mb=1024)) as script:
        found = dict(script.answer())
    assert {Path(path).name for path in found} == {"digits.csv.gz"}
    assert len(found) >= 2  # scikit-learn's, covered, and the public copy itself
    assert all(WITHHELD.isdisjoint(prints) for prints in found.values())


@pytest.mark.parametrize("level", CONFINED)
def test_a_guest_can_neither_uncover_nor_change_the_public_copy(server: Forkserver, level: Level):
    covered = folders.masked_files(folders.readable_folders())
    assert covered
    for path, public in covered.items():
        with Script(server, level, UNCOVER, payload={"path": path}) as script:
            wrong, size = script.answer()
        assert wrong == []
        assert size == len(gzip.decompress(Path(public).read_bytes()))


def test_copies_are_found_wherever_a_readable_folder_has_packages(tmp_path: Path):
    places = ["sklearn", "python3.11/dist-packages/sklearn", "lib/python3.12/site-packages/sklearn"]
    for place in places:
        file = tmp_path / place / "datasets/data/digits.csv.gz"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "lib")
    found = folders.masked_files([str(tmp_path), str(tmp_path / "link")])
    assert len(found) == len(places)
    assert set(found.values()) == {str(digits.PUBLIC)}
    assert json.loads(json.dumps(found)) == found  # it travels to the supervisor
