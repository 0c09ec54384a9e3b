"""Stand-ins around a student's module: numbers by a pattern, parameters that no gradient reached."""

from __future__ import annotations

import torch
from torch import nn

from autograder import standins
from autograder.standins import fill, without_gradient


def test_modules_with_the_same_shapes_get_the_same_numbers_whatever_their_names():
    one = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2))
    other = nn.ModuleDict({"last": nn.Conv2d(4, 2, 1), "first": nn.Conv2d(3, 4, 3)})
    for module in (one, other):
        fill(module, torch.randn(101, generator=torch.Generator().manual_seed(0)))
    x = torch.randn(5, 3, 3, 3)
    expected = other["last"](other["first"](x)).flatten(1)
    torch.testing.assert_close(one(x), expected)
    assert bool((expected[0] != expected[1]).any())


def test_a_signal_keeps_its_size_through_filled_layers():
    torch.manual_seed(0)
    net = nn.Sequential(*(layer for _ in range(5) for layer in (nn.Linear(300, 300), nn.ReLU())))
    fill(net, torch.randn(1009))
    assert 0.3 < net(torch.randn(50, 300)).square().mean().item() < 3


def test_parameters_without_a_gradient_are_named():
    net = nn.ModuleDict({name: nn.Linear(2, 2) for name in ("used", "cancelled", "unused")})
    x = torch.randn(4, 2)
    (net["used"](x) + 0 * net["cancelled"](x)).sum().backward()
    assert without_gradient(net) == ["cancelled.weight", "unused.weight", "unused.bias"]


def test_unfilled_memory_holds_zeros_so_that_drawing_again_what_is_out_of_bounds_ends():
    size = (512, 512, 3, 3)
    used = [torch.full(size, 7.0) for _ in range(8)]
    del used  # what the allocator hands out next may still hold these
    with standins.Unfilled():
        made = [
            torch.empty(size),
            torch.empty_like(made_of := torch.empty(size)),
            torch.randn(size) * 2,
            made_of,
        ]
    assert all(tensor.shape == size and tensor.dtype == torch.float32 for tensor in made)
    assert not any(bool(tensor.any()) for tensor in made)
    nn.init.trunc_normal_(made[0], std=0.01)
    assert made[0].any(), "an ordinary tensor otherwise"
