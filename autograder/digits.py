"""scikit-learn's handwritten digits: all of them for suites, and which ones guests may see.

The 1,797 digits (8 x 8 pixels of 0..16) lie in scikit-learn's own folder, which guests can read, as notebooks use
them. A suite that scores a trained network needs images that no guest holds. So a guest finds the public copy in
their place: of the same 1,797 rows and labels, but the images of the *withheld* rows are copies of public ones. A
hidden test set is drawn from the withheld rows; what a suite trains on may be any of the others.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
(CC BY 4.0), test part, as packaged by scikit-learn.
"""

from __future__ import annotations

import gzip
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.errors import GraderFailure

__all__ = ["PACKAGED", "PUBLIC", "images", "labels", "public_copy", "read_table", "withheld"]

PACKAGED = Path("sklearn/datasets/data/digits.csv.gz")
"""Where scikit-learn keeps them, below a folder of packages."""
PUBLIC = Path(__file__).resolve().parent / "data" / "digits.csv.gz"
"""What a guest finds there."""
PUBLIC_PER_CLASS = 100

Table = NDArray[np.int64]


def images() -> NDArray[np.uint8]:
    """All images, (1797, 8, 8) of 0..16."""
    return _packaged()[:, :64].reshape(-1, 8, 8).astype(np.uint8)


def labels() -> NDArray[np.int64]:
    """Their classes, (1797,) of 0..9."""
    return _packaged()[:, 64].copy()


def withheld() -> NDArray[np.bool_]:
    """(1797,): True for the images that are in no file that a guest can read."""
    hidden: NDArray[np.bool_] = (_packaged() != read_table(PUBLIC)).any(axis=1)
    return hidden


def read_table(path: Path) -> Table:
    """The rows of a file in scikit-learn's format: 64 pixels, then the label."""
    with gzip.open(path, "rt", encoding="ascii") as rows:
        return np.loadtxt(rows, delimiter=",", dtype=np.int64)


def public_copy(table: Table, seed: int = 0) -> bytes:
    """What ``PUBLIC`` holds, made from the packaged ``table``: the same labels, row by row.

    In each class ``PUBLIC_PER_CLASS`` rows stay; each of the others becomes a copy of one of these.
    """
    rng = np.random.default_rng(seed)
    copy = table.copy()
    for label in range(10):
        rows = rng.permutation(np.flatnonzero(table[:, 64] == label))
        kept, others = rows[:PUBLIC_PER_CLASS], rows[PUBLIC_PER_CLASS:]
        copy[others] = table[np.resize(kept, len(others))]
    text = "".join(",".join(map(str, row)) + "\n" for row in copy.tolist())
    return gzip.compress(text.encode("ascii"), mtime=0)


@cache
def _packaged() -> Table:
    package = importlib.util.find_spec("sklearn")  # found, not imported: it would take a second
    if package is None or package.origin is None:
        raise GraderFailure("scikit-learn is not installed: its digits are the data of an exercise")
    return read_table(Path(package.origin).parent.parent / PACKAGED)
