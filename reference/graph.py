"""The graph that autograd records: one node an operation, walked from a result back to the leaves."""

from __future__ import annotations

from torch import Tensor


def backward_nodes(tensor: Tensor) -> set[str]:
    """Names of all autograd nodes reachable from ``tensor``, ``type(node).__name__``; empty without history.

    ``node.next_functions`` leads to the nodes of an operation's inputs, and holds None for an input that takes no
    gradient; ``AccumulateGrad`` stands for a leaf that does. Each node is visited once: n additions ``x = x + x`` make
    n + 1 nodes, but 2^n paths. A stack of one's own goes deeper than Python's recursion limit.
    Source: Paszke et al., Automatic differentiation in PyTorch, 2017, section 3.
    """
    seen = set()
    waiting = [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return {type(node).__name__ for node in seen}
