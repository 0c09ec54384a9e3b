"""Networks of the course."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


class MLP(nn.Module):
    """One hidden layer of tanh units: (N, in_features) -> (N, num_classes) logits.

    Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986.
    """

    def __init__(self, in_features: int, hidden: int, num_classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(in_features, hidden)
        self.output = nn.Linear(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.output(torch.tanh(self.hidden(x)))
        return logits


class LeNet5(nn.Module):
    """LeNet-5 as taught today: (N, 1, 32, 32) -> (N, 10) logits; 61,706 parameters.

    C1 6 @ 28 x 28 (kernels 5 x 5), S2 6 @ 14 x 14 (2 x 2), C3 16 @ 10 x 10 (5 x 5), S4 16 @ 5 x 5 (2 x 2), C5 120,
    F6 84, output 10; tanh after C1, C3, C5 and F6. It differs from LeCun, Bottou, Bengio and Haffner, Gradient-based
    learning applied to document recognition, 1998, figure 2: C3 sees all six maps (there by table I), the subsampling
    has no weights, the output is linear (there radial basis functions).
    """

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Linear(400, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        s2 = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        s4 = F.avg_pool2d(torch.tanh(self.c3(s2)), 2)
        f6 = torch.tanh(self.f6(torch.tanh(self.c5(s4.flatten(1)))))
        logits: Tensor = self.output(f6)
        return logits


class TDNN(nn.Module):
    """Time-delay neural network: (N, in_channels, T) -> (N, num_classes), each between 0 and T - 6; T >= 7.

    Eight sigmoid units over windows of 3 frames, ``num_classes`` over windows of 5, whose values are summed over time:
    15 frames -> 13 -> 9 -> 1; 515 parameters for 16 coefficients and 3 phonemes. Waibel, Hanazawa, Hinton, Shikano and
    Lang, Phoneme recognition using time-delay neural networks, 1989, figure 2.
    """

    def __init__(self, in_channels: int = 16, num_classes: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)


class Siamese(nn.Module):
    """Euclidean distance of two encodings by the same encoder: (N, *), (N, *) -> (N,).

    Bromley, Guyon, LeCun, Sackinger and Shah, Signature verification using a "siamese" time delay neural network, 1993,
    figure 1 (there the cosine); Hadsell, Chopra and LeCun, Dimensionality reduction by learning an invariant mapping,
    2006, section 2.1. The norm's subgradient at 0 is 0, so identical inputs give finite gradients.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        difference = self.encoder(a) - self.encoder(b)
        return torch.linalg.vector_norm(difference.flatten(1), dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut: (N, in, H, W) -> (N, out, ceil(H / stride), ceil(W / stride)).

    y = relu(F(x) + shortcut(x)), F = 3x3 convolution with the stride, batch norm, ReLU, 3x3 convolution, batch norm;
    the shortcut is x itself where the shape stays, else a 1x1 convolution with the stride, then batch norm.

    Source: He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2016, figure 2, eq. (1), (2) and
    option B of section 3.3. Batch norm cancels a bias before it, so by default there is none.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=bias)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=bias)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.projects = stride != 1 or in_channels != out_channels
        if self.projects:
            self.conv3 = nn.Conv2d(in_channels, out_channels, 1, stride, bias=bias)
            self.norm3 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.norm3(self.conv3(x)) if self.projects else x
        hidden = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(hidden)) + shortcut)


def vgg(
    config: Sequence[int | str], in_channels: int = 3, num_classes: int = 10, batch_norm: bool = False
) -> nn.Sequential:
    """Stacks of 3x3 convolutions: (N, in_channels, H, W) -> (N, num_classes) logits, any H and W that the pools leave.

    ``config`` lists the widths of the convolutions and "M" for a max pooling of 2; a ReLU after each convolution (and
    after its batch norm), the mean over the image, one linear layer.

    Source: Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2015, table 1,
    with the head of Lin, Chen and Yan, Network in network, 2014, section 3.2, in place of three linear layers; weights
    by He et al., Delving deep into rectifiers, 2015, eq. (10).
    """
    layers: list[nn.Module] = []
    channels = in_channels
    for entry in config:
        if isinstance(entry, str):
            layers.append(nn.MaxPool2d(2))
            continue
        convolution = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        nn.init.zeros_(cast(Tensor, convolution.bias))
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [convolution, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def alexnet(num_classes: int = 1000) -> nn.Sequential:
    """Five convolutions and three linear layers: (N, 3, 224, 224) -> (N, num_classes) logits.

    224 -> 55 -> 27 -> 13 -> 6 rows; 61,100,840 parameters for 1,000 classes. No local response normalisation.

    Source: Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012,
    figure 2, in one column: Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014.
    """
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
        *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU()),
        *(nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()),
        nn.Linear(4096, num_classes),
    )


class FCN(nn.Module):
    """A score for each class at each pixel: (N, in_channels, H, W) -> (N, num_classes, H, W), any H, W >= 4.

    Two poolings give the wide view, bilinear interpolation the size; scores of all levels are added, coarse to fine.

    Source: Long, Shelhamer and Darrell, Fully convolutional networks for semantic segmentation, 2015, figure 3.
    """

    def __init__(self, in_channels: int, num_classes: int, width: int = 16) -> None:
        super().__init__()
        widths = (in_channels, width, 2 * width, 4 * width)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.scores = nn.ModuleList(nn.Conv2d(b, num_classes, 1) for b in widths[1:])

    def forward(self, x: Tensor) -> Tensor:
        levels: list[Tensor] = []
        for stage in self.stages:
            x = torch.relu(stage(F.max_pool2d(x, 2) if levels else x))
            levels.append(x)
        out: Tensor = self.scores[-1](levels[-1])
        for level, score in zip(levels[-2::-1], list(self.scores)[-2::-1], strict=True):
            up = F.interpolate(out, level.shape[2:], mode="bilinear", align_corners=False)
            out = up + score(level)
        return out
