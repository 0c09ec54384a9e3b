"""Networks of the course."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Perceptron(nn.Module):
    """One affine layer, then softmax: (N, *) -> (N, C) probabilities, * holding ``in_features`` elements.

    p = softmax(W x + b), W (C, in_features), b (C,): multinomial logistic regression (Bishop, Pattern Recognition and
    Machine Learning, 2006, section 4.3.4), the probabilistic successor of Rosenblatt's perceptron (1958).
    """

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.linear(x.flatten(1)), dim=1)
