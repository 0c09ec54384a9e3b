"""Layers of convolutional networks, from elementary operations."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reference.architecture import conv_output_size
from reference.initialisation import he_normal_

Size = int | tuple[int, int]
Size3 = int | tuple[int, int, int]


def pair(size: Size) -> tuple[int, int]:
    """(rows, columns) of a size given as an int or as a tuple of two."""
    return size if isinstance(size, tuple) else (size, size)


def triple(size: Size3) -> tuple[int, int, int]:
    """(depth, rows, columns) of a size given as an int or as a tuple of three."""
    return size if isinstance(size, tuple) else (size, size, size)


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


def im2col(x: Tensor, kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1) -> Tensor:
    """The windows of images as the columns of matrices: (N, C, H, W) -> (N, C kh kw, L), L = H' W'.

    Rows are in the order of ``weight.flatten(1)`` (channel, then the kernel row by row), columns in that of the output
    positions row by row. One advanced index, whatever the size of the image.
    Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing,
    2006, section 3.
    """
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (pair(size) for size in (kernel_size, stride, padding, dilation))
    height = conv_output_size(x.shape[2], kh, sh, ph, dh)
    width = conv_output_size(x.shape[3], kw, sw, pw, dw)
    rows = dh * torch.arange(kh)[:, None] + sh * torch.arange(height)  # (kh, H')
    columns = dw * torch.arange(kw)[:, None] + sw * torch.arange(width)  # (kw, W')
    windows = F.pad(x, (pw, pw, ph, ph))[:, :, rows[:, None, :, None], columns[:, None, :]]
    return windows.flatten(4).flatten(1, 3)  # of (N, C, kh, kw, H', W')


def conv2d_im2col(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """``conv2d`` as one product of matrices: the flattened kernels with the columns of ``im2col``.

    Shapes as in ``conv2d``. Source: Chellapilla, Puri and Simard, 2006, section 3.
    """
    kh, kw = weight.shape[2:]
    (sh, _), (ph, _), (dh, _) = pair(stride), pair(padding), pair(dilation)
    height = conv_output_size(x.shape[2], kh, sh, ph, dh)
    columns = im2col(x, (kh, kw), stride, padding, dilation).unflatten(1, (groups, -1))
    kernels = weight.flatten(1).unflatten(0, (groups, -1))  # (G, O / G, C / G kh kw)
    out = (kernels @ columns).flatten(1, 2).unflatten(2, (height, -1))
    return out if bias is None else out + bias[:, None, None]


def conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) along time: (N, C, T) -> (N, O, T'), weight (O, C, k), bias (O,) or None.

    T' = floor((T + 2 padding - dilation (k - 1) - 1) / stride) + 1. An image of one row.
    """
    out = conv2d(x[:, :, None], weight[:, :, None], bias, (1, stride), (0, padding), (1, dilation))
    return out[:, :, 0]


def conv3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size3 = 1,
    padding: Size3 = 0,
) -> Tensor:
    """Convolution (cross-correlation) of volumes: (N, C, D, H, W) -> (N, O, D', H', W').

    Args:
        x: (N, C, D, H, W).
        weight: (O, C, kd, kh, kw).
        bias: (O,) or None.
        stride, padding: ints or (depth, rows, columns).

    A loop over the kernel's slices: each is a convolution of the images that it meets, all at once as one batch.
    """
    (sd, sh, sw), (pd, ph, pw) = triple(stride), triple(padding)
    padded = F.pad(x, (0, 0, 0, 0, pd, pd))
    depth = conv_output_size(x.shape[2], weight.shape[2], sd, pd)
    out = torch.zeros((), dtype=x.dtype)
    for offset, kernel in enumerate(weight.unbind(2)):
        images = padded[:, :, offset : offset + sd * (depth - 1) + 1 : sd].transpose(1, 2)  # (N, D', C, H, W)
        maps = conv2d(images.flatten(0, 1), kernel, None, (sh, sw), (ph, pw))
        out = out + maps.unflatten(0, (-1, depth)).transpose(1, 2)
    return out if bias is None else out + bias[:, None, None, None]


def max_pool2d(x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """Largest element of each window: (N, C, H, W) -> (N, C, H', W').

    kernel_size, stride, padding: ints or (rows, columns). stride: the kernel's size by default. The border is filled
    with minus infinity, so that it never wins; its width is at most half of the kernel's. H' and W' round down.
    The gradient goes to one element of each window.
    """
    return _windows(x, kernel_size, stride, padding, -torch.inf).max(-1).values


def avg_pool2d(x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Tensor:
    """Mean of each window, the border's zeros included: (N, C, H, W) -> (N, C, H', W').

    Arguments as in ``max_pool2d``. Source: the average pooling of LeCun et al., Gradient-based learning applied to
    document recognition, 1998, section II.B, without its trainable coefficients.
    """
    return _windows(x, kernel_size, stride, padding, 0.0).mean(-1)


def _windows(x: Tensor, kernel_size: Size, stride: Size | None, padding: Size, fill: float) -> Tensor:
    """(N, C, H', W', kh kw)."""
    (kh, kw), (ph, pw) = pair(kernel_size), pair(padding)
    sh, sw = (kh, kw) if stride is None else pair(stride)
    return F.pad(x, (pw, pw, ph, ph), value=fill).unfold(2, kh, sh).unfold(3, kw, sw).flatten(4)


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


class Dropout(nn.Module):
    """While training, each element is 0 with probability ``p``, else x / (1 - p); in evaluation, x itself.

    Args:
        p: in [0, 1]. The scale keeps the mean; for p = 1 everything is 0.

    Each element of the whole batch has a draw of its own, fresh at each call. x may have any shape.
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014, sections 4
    and 10 (scaled while training, so that evaluation does nothing).
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.p  # in [0, 1): p = 0 keeps all, p = 1 none
        dropped = torch.where(kept, x, 0.0)
        return dropped / (1 - self.p) if self.p < 1 else dropped


class ConvBlock(nn.Module):
    """Convolution with bias, then ReLU: (N, in_channels, H, W) -> (N, out_channels, H', W').

    Args:
        in_channels, out_channels: C and O.
        kernel_size, stride, padding: ints or (rows, columns), as for ``conv2d``.

    The bias starts at zero and the weight (O, C, kh, kw) from N(0, 2 / fan_in), so that the signal keeps its size
    through a ReLU. Source: He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, equation (10).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, *pair(kernel_size)))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        he_normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(conv2d(x, self.weight, self.bias, self.stride, self.padding))
