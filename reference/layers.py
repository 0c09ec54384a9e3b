"""Layers of convolutional networks, from elementary operations."""

from __future__ import annotations

import torch
from torch import Tensor, nn
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


class BatchNorm2d(nn.Module):
    """Batch normalisation of images, (N, C, H, W) -> the same: weight * (x - mean) / sqrt(var + eps) + bias.

    Args:
        num_features: C.
        eps: added to the variance, under the root.
        momentum: share of the batch in a running statistic: new = (1 - momentum) * old + momentum * batch.

    Mean and variance are a channel's, over N, H and W: the batch's while training (the variance divided by
    n = N H W), the running ones in evaluation. The running variance takes the unbiased estimate, divided by n - 1.
    Source: Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training, 2015, algorithms 1 and 2.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean = x.mean(dim=(0, 2, 3))
            variance = (x - mean[:, None, None]).square().mean(dim=(0, 2, 3))
            self._remember(mean.detach(), variance.detach(), x.numel() // x.shape[1])
        scaled = (x - mean[:, None, None]) / torch.sqrt(variance + self.eps)[:, None, None]
        return self.weight[:, None, None] * scaled + self.bias[:, None, None]

    def _remember(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Move the running statistics towards those of a batch of n elements a channel."""
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * n / (n - 1), self.momentum)
