"""Layers of convolutional networks, from elementary operations."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

Size = int | tuple[int, int]


def pair(size: Size) -> tuple[int, int]:
    """(rows, columns) of a size given as an int or as a tuple of two."""
    return size if isinstance(size, tuple) else (size, size)


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """The field's convolution (cross-correlation): (N, C, H, W) -> (N, O, H', W').

    Args:
        x: (N, C, H, W).
        weight: (O, C / groups, kh, kw); output channel o sees the channels of its group only.
        bias: (O,) or None.
        stride, padding, dilation: ints or (rows, columns); the border is filled with zeros.
        groups: divides C and O.

    H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1, likewise W'. A loop over the offsets (i, j) of
    the kernel: each multiplies one strided slice of the padded image by one matrix of weights.
    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, sections 2.4 and 5.1.
    """
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    out_channels, _, kh, kw = weight.shape
    padded = F.pad(x, (pw, pw, ph, ph)).unflatten(1, (groups, -1))
    height = (padded.shape[-2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[-1] - dw * (kw - 1) - 1) // sw + 1
    kernels = weight.unflatten(0, (groups, -1))
    out = x.new_zeros(len(x), groups, out_channels // groups, height, width)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dh, i * dh + sh * (height - 1) + 1, sh)
            columns = slice(j * dw, j * dw + sw * (width - 1) + 1, sw)
            out = out + torch.einsum("ngchw,goc->ngohw", padded[..., rows, columns], kernels[..., i, j])
    out = out.flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]
