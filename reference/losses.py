"""Softmax and losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


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


def nll_loss(log_probabilities: Tensor, targets: Tensor) -> Tensor:
    """Negative log-likelihood: log-probabilities (N, C), class indices (N,) int64 -> mean over the batch, ().

    -1/N sum_n log p(y_n | x_n), natural logarithm (Bishop, Pattern Recognition and Machine Learning, 2006, eq. 4.108).
    """
    return -log_probabilities.gather(1, targets[:, None]).mean()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """``nll_loss`` of softmax(logits): logits (N, C), class indices (N,) int64 -> ().

    log p_c = z_c - logsumexp(z): the exponentials are never divided, so nothing vanishes or overflows where logits
    differ by 1e4 (Goodfellow, Bengio and Courville, Deep Learning, 2016, section 6.2.2.3).
    """
    return nll_loss(logits - logits.logsumexp(dim=1, keepdim=True), targets)


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over all elements of -t log s - (1 - t) log (1 - s), s = sigmoid(logits); any shape -> ().

    targets: in [0, 1], of the logits' shape. With log (1 - sigmoid(z)) = log sigmoid(-z), finite for any logit
    (Bishop, 2006, eq. 4.90; Goodfellow, Bengio and Courville, 2016, section 6.2.2.2).
    """
    return -(targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)).mean()


def contrastive_loss(distances: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Mean of same d^2 + (1 - same) max(0, margin - d)^2: distances (N,), same (N,), 1 for a genuine pair -> ().

    Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant mapping, 2006, equation 4, without its
    factor 1/2 and with their Y = 1 - same.
    """
    impostor = (margin - distances).clamp(min=0) ** 2
    return (same * distances**2 + (1 - same) * impostor).mean()
