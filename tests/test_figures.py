"""The figures of lab 2: what is drawn is what the reference models do, and the shipped files are made by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from torch import nn

from reference.figures import FIGURES, Stage, label, save, stages_of
from reference.models import TDNN, LeNet5, alexnet

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "source" / "tp2" / "figures"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {path.stem: path.read_text() for path in save(tmp_path_factory.mktemp("figures"))}


def words(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_a_trace_names_every_layer_with_its_sizes() -> None:
    assert stages_of(LeNet5, (1, 32, 32)) == [
        Stage("input", (1, 32, 32)),
        Stage("convolution", (6, 28, 28), (5, 5)),
        Stage("pooling", (6, 14, 14), (2, 2)),
        Stage("convolution", (16, 10, 10), (5, 5)),
        Stage("pooling", (16, 5, 5), (2, 2)),
        Stage("linear", (120,)),
        Stage("linear", (84,)),
        Stage("linear", (10,)),
    ]
    assert [stage.shape for stage in stages_of(TDNN, (16, 15))] == [(16, 15), (8, 13), (3, 9)]


def test_a_trace_tells_transposed_convolutions_means_and_enlargements_apart() -> None:
    def build() -> nn.Module:
        return nn.Sequential(
            nn.ConvTranspose2d(1, 2, 2, 2), nn.Upsample(scale_factor=2), nn.AdaptiveAvgPool2d(1)
        )

    kinds = [(stage.kind, stage.shape) for stage in stages_of(build, (1, 4, 4))]
    assert kinds[1:] == [("transposed", (2, 8, 8)), ("upsampling", (2, 16, 16)), ("global", (2, 1, 1))]


def test_alexnet_is_traced_at_full_size_without_its_weights() -> None:
    shapes = [stage.shape for stage in stages_of(alexnet, (3, 224, 224))]
    assert shapes[:3] == [(3, 224, 224), (64, 55, 55), (64, 27, 27)]
    assert shapes[-3:] == [(4096,), (4096,), (1000,)]


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("lenet", ["6 @ 28 × 28", "16 @ 5 × 5", "120", "84", "10"]),
        ("tdnn", ["couche 1 : 8 unités, 13 trames", "couche 2 : 3 unités, 9 trames"]),
        ("siamese", ["poids partagés"]),
        ("alexnet", ["64 @ 55 × 55", "256 @ 6 × 6", "4096", "1000"]),
        ("vgg", ["512 @ 7 × 7", "64 @ 224 × 224"]),
        ("residual", ["x : 64 @ 56 × 56", "convolution 3 × 3, pas 2 : 128 @ 28 × 28"]),
        ("fcn", ["1 @ 64 × 64", "2 @ 64 × 64"]),
    ],
)
def test_a_figure_shows_the_sizes(drawn: dict[str, str], figure: str, expected: list[str]) -> None:
    assert set(expected) <= set(words(drawn[figure]))


def test_labels_are_those_of_the_field() -> None:
    assert label(Stage("convolution", (6, 28, 28))) == "6 @ 28 × 28"
    assert label(Stage("convolution", (8, 13))) == "8 × 13"
    assert label(Stage("linear", (10,))) == "10"


def test_the_shipped_figures_say_what_the_program_draws(drawn: dict[str, str]) -> None:
    """Words only: coordinates may differ by a rounding between versions of matplotlib."""
    shipped = {path.stem: path.read_text() for path in SHIPPED.glob("*.svg")}
    assert sorted(shipped) == sorted(FIGURES)
    for name, svg in shipped.items():
        assert words(svg) == words(drawn[name]), name
