"""What an architecture's numbers say: sizes of maps, numbers of parameters, receptive fields."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn


def conv_output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Length of a convolution's or a pooling's output along one axis of length ``size``.

    floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1.
    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, relationship 15.

    Raises:
        ValueError: if no window fits.
    """
    reach = dilation * (kernel_size - 1) + 1
    out = (size + 2 * padding - reach) // stride + 1
    if out < 1:
        raise ValueError(f"a window of {reach} does not fit into {size} elements and a padding of {padding}")
    return out


def count_parameters(module: nn.Module) -> int:
    """Number of trainable elements of ``module``, at any depth; a shared parameter counts once."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def receptive_field(layers: Iterable[tuple[int, int]]) -> int:
    """How many neighbouring elements of the input one element of the last layer depends on, along one axis.

    Args:
        layers: (kernel_size, stride) of each layer, from the input on.

    r = 1 + sum over l of (k_l - 1) prod over i < l of s_i.
    Source: Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill, 2019,
    equation 2.
    """
    field, jump = 1, 1  # jump: distance, in the input, between two neighbours of the present map
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field
