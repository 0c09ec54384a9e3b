"""Training loops, and the pieces they are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reference.models import MLP

XOR_POINTS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_LABELS = torch.tensor([0, 1, 1, 0])


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


def gradients(
    model: nn.Module, loss_fn: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor
) -> dict[str, Tensor]:
    """Gradient of ``loss_fn(model(x), y)`` for each trainable parameter, by its name in ``named_parameters``.

    Nothing of the model changes but the statistics that its own forward pass keeps; each ``.grad`` stays as it is.
    A parameter used in several places appears once, with the sum over its uses.
    Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986.
    """
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    loss = loss_fn(model(x), y)
    return dict(zip(trainable, torch.autograd.grad(loss, list(trainable.values())), strict=True))


class SGD:
    """Gradient descent with momentum: v <- momentum v + g, then p <- p - lr v, in place; v starts as the first g.

    Args:
        params: parameters, any iterable.
        lr: learning rate.
        momentum: share of the last step's velocity that is kept; 0 for plain descent.

    A parameter without gradient is left, its velocity too. The learning rate multiplies the velocity, as in
    torch.optim.SGD, and is no part of it. Source: Sutskever, Martens, Dahl and Hinton, On the importance of
    initialization and momentum in deep learning, 2013, equations (1) and (2), there with the rate inside v.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.0) -> None:
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One step on the gradients that are there."""
        for p, velocity in zip(self.params, self.velocities, strict=True):
            if p.grad is not None:
                velocity.mul_(self.momentum).add_(p.grad)
                p.sub_(velocity, alpha=self.lr)


def evaluate(model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of the samples whose largest score (N, C) is that of their label (N,), in evaluation mode.

    Counts samples, not batches: a short last batch weighs less. The mode in which the model arrived is restored.
    """
    arrived_training = model.training
    model.eval()
    right = samples = 0
    with torch.no_grad():
        for x, y in loader:
            right += int((model(x).argmax(dim=1) == y).sum())
            samples += len(y)
    model.train(arrived_training)
    return right / samples


def fit_xor() -> nn.Module:
    """A network that has learned XOR: (N, 2) points of {0, 1}^2 -> (N, 2) logits, the larger one at the label.

    No line separates the two classes, so no network without a hidden layer can do it (Minsky and Papert, Perceptrons,
    1969). Sixteen hidden units make poor local minima rare.
    """
    model = MLP(2, 16, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(model(XOR_POINTS), XOR_LABELS).backward()
        optimizer.step()
    return model


def fit(
    model: nn.Module,
    train_loader: Iterable[tuple[Tensor, Tensor]],
    val_loader: Iterable[tuple[Tensor, Tensor]],
    epochs: int,
    device: torch.device,
) -> dict[str, list[float]]:
    """Train with cross-entropy on logits (N, C); leave the model with the weights of its best validation epoch.

    Args:
        model: moved to ``device`` and trained in place.
        train_loader, val_loader: yield batches (x, y) on the CPU, y (N,) int64; iterated once an epoch each.
        epochs: at least 1.

    Returns:
        ``train_loss``, the mean loss per sample of each epoch, and ``val_accuracy``, that after each epoch.

    Choosing the epoch on validation data is early stopping as Goodfellow, Bengio and Courville describe it (Deep
    Learning, 2016, algorithm 7.1), without the stopping. The state that is kept includes the buffers of batch norm.
    """
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters())
    history: dict[str, list[float]] = {"train_loss": [], "val_accuracy": []}
    best, best_state = -1.0, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        loss = train_one_epoch(model, _moved(train_loader, device), F.cross_entropy, optimizer)
        accuracy = evaluate(model, _moved(val_loader, device))
        history["train_loss"].append(loss)
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best, best_state = accuracy, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history


def _moved(loader: Iterable[tuple[Tensor, Tensor]], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of ``loader``, on ``device``."""
    return ((x.to(device), y.to(device)) for x, y in loader)
