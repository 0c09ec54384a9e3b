"""Training loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train_one_epoch(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
) -> float:
    """One epoch of mini-batch gradient descent in training mode; returns the mean loss per sample.

    Args:
        model: maps a batch x (N, ...) to outputs; put in training mode, whatever mode it arrives in.
        loader: yields batches (x, y); their sizes N may differ.
        loss_fn: ``loss_fn(output, y)``, the mean over the batch.
        optimizer: of torch.optim, over parameters of the model; takes one step a batch.

    Each batch's loss is that of the weights before its step, and counts as many times as the batch has samples:
    a mean of batch means would weigh the samples of a short last batch more than the others.
    Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, algorithm 8.1.
    """
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples
