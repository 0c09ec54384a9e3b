"""Softmax and losses."""

from __future__ import annotations

import torch
from torch import Tensor


def softmax(logits: Tensor, dim: int = -1) -> Tensor:
    """Probabilities proportional to exp(logits) along ``dim``; same shape as ``logits``, any number of axes.

    The largest logit of each slice is subtracted first: the quotient does not change, the largest exponential
    becomes 1, so nothing overflows and no sum vanishes (Goodfellow, Bengio and Courville, Deep Learning, 2016,
    section 4.1). Exact, and with finite gradients, also where logits differ by 1e4.
    """
    shifted = logits - logits.amax(dim=dim, keepdim=True)
    exponentials = torch.exp(shifted)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def decide(probabilities: Tensor) -> Tensor:
    """Index of the largest probability of each row: (N, C) -> (N,) int64; on ties any of the tied.

    Bayes' rule under equal costs of errors (Bishop, Pattern Recognition and Machine Learning, 2006, section 1.5.1).
    """
    return probabilities.argmax(dim=1)


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """Unit vectors: labels (N,) int64 -> (N, C) float32 with a 1 in column ``labels[i]`` of row i, C = num_classes.

    ValueError where a label is outside 0..C-1 (Bishop, 2006, section 4.1.3: the 1-of-K coding scheme).
    """
    if bool(((labels < 0) | (labels >= num_classes)).any()):
        raise ValueError(f"labels must be in 0..{num_classes - 1}")
    return (labels[:, None] == torch.arange(num_classes)).float()
