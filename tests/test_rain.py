"""Simulated radar images: what they look like, and what is worth nothing on them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from autograder.checks import mean_iou
from reference.datasets import RainDataset, bright_band, convective_cells, stratiform_rain

ROOT = Path(__file__).resolve().parent.parent
FLOOR = json.loads((ROOT / "tests/hidden/tp2/floors.json").read_text())["rain"]["floor"]
FINDS = 0.5  # tests/hidden/tp2/test_rain.py


def drawn(count: int, seed: int) -> RainDataset:
    return RainDataset(count, torch.Generator().manual_seed(seed))


def of_two(excess: torch.Tensor) -> torch.Tensor:
    """Scores (N, 2, H, W) that say 1 where ``excess`` (N, H, W) is positive."""
    return torch.stack([-excess, excess], dim=1)


@pytest.fixture(scope="module")
def known() -> RainDataset:
    return drawn(96, 1)


@pytest.fixture(scope="module")
def unseen() -> RainDataset:
    return drawn(60, 2)


# ---- the images -----------------------------------------------------------------------------------


def test_an_item_is_an_image_in_tens_of_dbz_with_its_mask(known: RainDataset):
    image, mask = known[7]
    assert len(known) == 96
    assert (image.shape, image.dtype) == ((1, 64, 64), torch.float32)
    assert (mask.shape, mask.dtype) == ((64, 64), torch.int64)
    assert mask.unique().tolist() == [0, 1]
    assert float(known.reflectivity.min()) >= 0
    assert 4.5 < float(known.reflectivity.max()) < 7.5
    assert torch.equal(image, known.reflectivity[7]) and torch.equal(mask, known.masks[7])


def test_the_generator_alone_decides_what_is_drawn():
    first, again, other = drawn(4, 3), drawn(4, 3), drawn(4, 4)
    assert torch.equal(first.reflectivity, again.reflectivity) and torch.equal(first.masks, again.masks)
    assert not torch.equal(first.reflectivity, other.reflectivity)
    assert not torch.equal(first.masks, other.masks)


def test_a_tenth_of_the_pixels_is_convective_and_some_images_are_calm(known: RainDataset):
    covers = known.masks.double().mean((1, 2))
    assert 0.08 < float(covers.mean()) < 0.14
    assert 0.05 < float((covers == 0).double().mean()) < 0.4
    assert float(covers.max()) < 0.4


def test_a_cell_stands_out_inside_its_mask_and_nowhere_else():
    excess, mask = convective_cells(40, torch.Generator().manual_seed(5))
    inside, outside = excess[mask == 1], excess[mask == 0]
    assert float(inside.min()) >= 5 and float(inside.max()) <= 18  # half of 10 at least
    assert float(outside.max()) <= 9  # half of 18
    assert float((outside < 0.1).double().mean()) > 0.9
    assert float((inside > 9.9).double().mean()) > 0.7  # flat inside, steep at the edge


def test_stratiform_rain_is_smooth_and_has_a_level_of_its_own():
    rain = stratiform_rain(60, torch.Generator().manual_seed(6))
    levels = rain.mean((1, 2))
    assert bool(((levels > 4) & (levels < 36)).all()) and float(levels.max() - levels.min()) > 15
    assert rain.std((1, 2)).tolist() == pytest.approx([4] * 60, abs=0.01)
    assert float(rain.diff(dim=1).abs().mean()) < 0.6 and float(rain.diff(dim=2).abs().mean()) < 0.6


def test_the_bright_band_is_a_ring_of_ten_to_twenty_db():
    excess = bright_band(60, torch.Generator().manual_seed(7))
    peaks = excess.amax((1, 2))
    assert float(excess.min()) >= 0 and float(peaks.max()) <= 20
    assert float((peaks > 9.8).double().mean()) > 0.6  # most rings cross the image
    assert float((excess > 5).double().mean()) > 0.05


def test_the_bright_band_is_as_bright_as_cells_are(known: RainDataset):
    cells = known.reflectivity[:, 0][known.masks == 1]
    rest = known.reflectivity[:, 0][known.masks == 0]
    median = cells.median()
    assert int((rest > median).sum()) > 0.25 * int((cells > median).sum())
    assert int((cells < rest.quantile(0.5)).sum()) > 0.02 * len(cells)


# ---- what is worth nothing ------------------------------------------------------------------------


def test_no_cell_anywhere_finds_nothing(unseen: RainDataset):
    assert mean_iou(of_two(-torch.ones(60, 64, 64)), unseen.masks) < FINDS


def test_the_best_of_all_thresholds_finds_too_little(unseen: RainDataset):
    best = max(
        mean_iou(of_two(unseen.reflectivity[:, 0] - level), unseen.masks) for level in torch.arange(1, 6, 0.1)
    )
    assert FINDS < best < FLOOR - 0.05


def test_a_table_of_public_images_knows_nothing_of_others(known: RainDataset, unseen: RainDataset):
    """Its own images it knows by heart, so that the table is a right one."""

    def answer(x: torch.Tensor) -> torch.Tensor:
        nearest = torch.cdist(x.flatten(1), known.reflectivity.flatten(1)).argmin(1)
        return F.one_hot(known.masks[nearest], 2).movedim(-1, 1)

    assert mean_iou(answer(known.reflectivity), known.masks) == 1
    assert mean_iou(answer(unseen.reflectivity), unseen.masks) < FINDS


def test_masks_of_other_images_tell_nothing(unseen: RainDataset):
    """So who learns from them cannot find cells, however well."""
    assert mean_iou(F.one_hot(unseen.masks.roll(1, 0), 2).movedim(-1, 1), unseen.masks) < FINDS


# ---- the copies that students have ----------------------------------------------------------------


def namesake(source: str):
    """``rain_scenes`` of a text that defines it."""
    names = {"torch": torch, "math": math}
    exec(source[source.index("def rain_scenes") :].split("\n\n\n")[0], names)
    return names["rain_scenes"]


def public_suite() -> str:
    return (ROOT / "source/tp2/public/test_rain.py").read_text(encoding="utf-8")


def notebook() -> str:
    cells = json.loads((ROOT / "source/tp2/tp2.ipynb").read_text(encoding="utf-8"))["cells"]
    (found,) = [text for cell in cells if "def rain_scenes" in (text := "".join(cell["source"]))]
    return found


@pytest.mark.parametrize("copy", [public_suite, notebook])
def test_students_simulate_images_as_grading_does(copy):
    torch.manual_seed(8)
    x, masks = namesake(copy())(12)
    torch.manual_seed(8)
    expected = RainDataset(12)
    assert torch.equal(masks, expected.masks)
    assert torch.allclose(x, expected.reflectivity, atol=1e-5)
