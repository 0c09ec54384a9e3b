"""Initial weights of a network, from fans.

``fan_in`` counts the inputs that one output unit sums over, ``fan_out`` the outputs that one input unit reaches: for
a weight of shape (out, in, *kernel), in and out times the number of positions in the kernel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fans(weight: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, *kernel)."""
    positions = math.prod(weight.shape[2:])
    return weight.shape[1] * positions, weight.shape[0] * positions


@torch.no_grad()
def xavier_uniform_(weight: Tensor) -> Tensor:
    """Fill ``weight`` (out, in, *kernel) in place from U(-a, a), a = sqrt(6 / (fan_in + fan_out)); return it.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010,
    equation (16).
    """
    fan_in, fan_out = fans(weight)
    bound = math.sqrt(6 / (fan_in + fan_out))
    return weight.uniform_(-bound, bound)


@torch.no_grad()
def he_normal_(weight: Tensor) -> Tensor:
    """Fill ``weight`` (out, in, *kernel) in place from N(0, 2 / fan_in); return it.

    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, equation (10).
    """
    fan_in, _ = fans(weight)
    return weight.normal_(0, math.sqrt(2 / fan_in))


def init_weights(module: nn.Module) -> None:
    """He normal weights and zero biases for each Linear and Conv1d, 2d, 3d in ``module``, itself included."""
    for layer in module.modules():
        if isinstance(layer, LAYERS):
            he_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
