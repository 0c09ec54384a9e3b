"""What a guest can know of the data from which hidden test sets are drawn: the public copy, and no class's name."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from autograder import digits, vowels
from autograder.sandbox import folders
from autograder.sandbox.confinement import Level, weakness
from autograder.sandbox.forkserver import GUEST_PRELOAD, Forkserver
from autograder.sandbox.limits import Limits
from reference.datasets import Deal, deal, renaming
from reference.vowels import WITHHELD as WITHHELD_VOWELS
from tests import levels
from tests.test_sandbox import Script

CONFINED = [
    pytest.param(level, marks=pytest.mark.skipif(weakness(level) is not None, reason=str(weakness(level))))
    for level in levels.CONFINED
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
for folder, _, names in (found for root in payload["roots"] for found in os.walk(root)):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in names:
        path = pathlib.Path(folder, name)
        if "digits" in name.lower() and name.endswith((".gz", ".csv", ".npz", ".npy", ".data", ".tra", ".tes")):
            try:
                rows = gzip.decompress(path.read_bytes()).decode().split()
            except PermissionError:  # closed, where nothing can cover it
                rows = []
            found.append([str(path), fingerprints([row.split(",")[:64] for row in rows])])
answer(found)
"""
VOWELS = """
import os, pathlib
import numpy as np
found = {}
for folder, _, names in (found for root in payload["roots"] for found in os.walk(root)):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in names:
        path = pathlib.Path(folder, name)
        if "vowel" in name.lower() and path.suffix in (".npz", ".npy", ".ts", ".arff", ".data", ".csv", ".gz"):
            found[str(path)] = np.load(path)["frames"].tolist()
from autograder import vowels
x, y = vowels.recordings()
answer([found, list(x.shape), y.tolist()])
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
try:
    answer([wrong, len(gzip.open(payload["path"]).read())])
except PermissionError:
    answer([wrong, None])
"""


def fingerprint(image: np.ndarray) -> str:
    return hashlib.sha256(image.astype("u1").tobytes()).hexdigest()


def roots(level: Level) -> dict[str, list[str]]:
    """Where a walk finds all that a guest may read: without a tree of its own, the root's names are closed."""
    return {"roots": ["/"] if level.isolated else folders.plan(folders.readable_folders()).binds}


WITHHELD = {fingerprint(image) for image in digits.images()[digits.withheld()]}


@pytest.fixture(scope="module")
def server() -> Iterator[Forkserver]:
    with Forkserver("autograder.sandbox.supervisor:main", GUEST_PRELOAD) as running:
        running.wait_ready(300)
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
    with Script(server, level, WALK, Limits(memory_mb=1024), payload=roots(level)) as script:
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
        assert size == (len(gzip.decompress(Path(public).read_bytes())) if level.isolated else None)


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


# ---- renamed classes: what was learnt elsewhere is worth nothing ---------------------------------


def dealt(seed: int) -> Deal:
    images = torch.from_numpy(digits.images()).flatten(1).double()
    labels, pool = torch.from_numpy(digits.labels()), torch.from_numpy(digits.withheld())
    return deal(images, labels, pool, 450, 10, torch.Generator().manual_seed(seed))


def test_names_have_no_fixed_point_and_every_such_permutation_comes_up():
    """Of four classes there are 9; each one's probability of staying away for 400 draws is (8/9)^400 = 3e-21."""
    generator = torch.Generator().manual_seed(1)
    drawn = {tuple(renaming(4, generator).tolist()) for _ in range(400)}
    assert len(drawn) == 9
    assert all(sorted(names) == [0, 1, 2, 3] for names in drawn)
    assert not any(name == old for names in drawn for old, name in enumerate(names))


def test_a_deal_cuts_the_set_in_two_and_renames_both_parts_alike():
    images, labels = torch.arange(60.0)[:, None], torch.arange(60) % 5
    pool = torch.arange(60) >= 30
    data = deal(images, labels, pool, 20, 5, torch.Generator().manual_seed(2))
    assert (len(data.train_x), len(data.test_x)) == (40, 20)
    assert bool((data.test_x >= 30).all())
    assert sorted(torch.cat([data.train_x, data.test_x]).flatten().tolist()) == list(range(60))
    pairs = zip(torch.cat([data.train_x, data.test_x]), torch.cat([data.train_y, data.test_y]), strict=True)
    names = {(int(x) % 5, int(y)) for x, y in pairs}
    assert len(names) == 5 and all(old != new for old, new in names)
    assert data.train_x.flatten().tolist() != sorted(data.train_x.flatten().tolist())
    ordered = data.sorted_by_class()
    assert ordered.train_y.tolist() == sorted(data.train_y.tolist())
    assert {(float(x), int(y)) for x, y in zip(ordered.train_x, ordered.train_y, strict=True)} == {
        (float(x), int(y)) for x, y in zip(data.train_x, data.train_y, strict=True)
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_all_digits_with_their_public_names_is_always_wrong(seed: int):
    data, known = dealt(seed), torch.from_numpy(digits.images()).flatten(1).double()
    nearest = torch.cdist(data.test_x, known).argmin(1)
    assert bool((torch.cdist(data.test_x, known).amin(1) == 0).all())  # the table holds every image
    assert int((torch.from_numpy(digits.labels())[nearest] == data.test_y).sum()) == 0


def test_a_network_trained_elsewhere_scores_no_better_than_chance():
    elsewhere = LogisticRegression(max_iter=300).fit(digits.images().reshape(-1, 64) / 16, digits.labels())
    for seed in range(3):
        data = dealt(seed)
        accuracy = float(
            (torch.from_numpy(elsewhere.predict(data.test_x / 16)) == data.test_y).double().mean()
        )
        assert accuracy <= 0.1


def test_what_is_learnt_from_the_training_set_counts():
    """Else the two tests above would hold of any nonsense."""
    data = dealt(0)
    nearest = torch.cdist(data.test_x, data.train_x).argmin(1)
    assert float((data.train_y[nearest] == data.test_y).double().mean()) > 0.95


# ---- vowels: the original test part stays with the course ------------------------------------------


def spoken(seed: int) -> Deal:
    (x, y), (other_x, other_y) = vowels.recordings(), vowels.read(WITHHELD_VOWELS)
    pool = torch.arange(len(y) + len(other_y)) >= len(y)
    x = torch.cat([x, other_x]).flatten(1).double()
    return deal(x, torch.cat([y, other_y]), pool, 250, vowels.SPEAKERS, torch.Generator().manual_seed(seed))


def test_both_parts_of_the_vowels_are_the_published_ones():
    (x, y), (other_x, other_y) = vowels.recordings(), vowels.read(WITHHELD_VOWELS)
    assert y.bincount().tolist() == [30] * 9
    assert other_y.bincount().tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    for part in (x, other_x):
        heard = (part != 0).any(1)
        lengths = heard.sum(1)
        assert part.shape[1:] == (vowels.COEFFICIENTS, vowels.FRAMES) and part.dtype == torch.float32
        assert int(lengths.min()) >= 7 and int(lengths.max()) <= 29
        assert all(
            bool(h[:n].all()) for h, n in zip(heard, lengths.tolist(), strict=True)
        )  # zeros at the end
    torch.testing.assert_close(x[0, :2, 0], torch.tensor([1.860936, -0.207383]))
    torch.testing.assert_close(other_x[0, 0, :2], torch.tensor([1.635533, 1.547694]))


@pytest.mark.parametrize("level", CONFINED)
def test_a_guest_has_the_public_recordings_and_none_that_is_withheld(server: Forkserver, level: Level):
    with Script(server, level, VOWELS, Limits(memory_mb=1024), payload=roots(level)) as script:
        found, shape, speakers = script.answer()
    assert (shape, speakers) == ([270, 12, 29], vowels.recordings()[1].tolist())
    with np.load(WITHHELD_VOWELS) as data:
        withheld = set(map(tuple, data["frames"].tolist()))
    assert {Path(path).name for path in found} == {"vowels.npz"}
    assert all(withheld.isdisjoint(map(tuple, frames)) for frames in found.values())


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_all_vowels_with_their_public_names_is_always_wrong(seed: int):
    data = spoken(seed)
    (x, y), (other_x, other_y) = vowels.recordings(), vowels.read(WITHHELD_VOWELS)
    known, names = torch.cat([x, other_x]).flatten(1).double(), torch.cat([y, other_y])
    gaps = torch.cdist(data.test_x, known, compute_mode="donot_use_mm_for_euclid_dist")
    assert bool((gaps.amin(1) == 0).all())  # the table holds every recording
    assert int((names[gaps.argmin(1)] == data.test_y).sum()) == 0


def test_voices_learnt_elsewhere_score_no_better_than_chance_and_those_of_the_training_set_count():
    x, y = vowels.recordings()
    elsewhere = LogisticRegression(max_iter=300).fit(x.flatten(1), y)
    for seed in range(3):
        data = spoken(seed)
        found = torch.from_numpy(elsewhere.predict(data.test_x.float()))
        assert float((found == data.test_y).double().mean()) <= 1 / 9
        nearest = torch.cdist(data.test_x, data.train_x).argmin(1)
        assert float((data.train_y[nearest] == data.test_y).double().mean()) > 0.8
