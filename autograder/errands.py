"""The one function that tasks of a cluster name; what it does is said by the process in which it runs.

A Dask scheduler unpickles every task that it hands on. So nothing heavy may be imported here: it would be imported in
the scheduler, which must answer all the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable

__all__ = ["HANDLERS", "perform"]

HANDLERS: dict[str, Callable[[str, bytes], str]] = {}
"""What a worker does for each name; ``cluster.dask_setup`` fills it."""


def perform(what: str, order: str, content: bytes) -> str:
    """Have the worker do ``what``; its reply as JSON, a refusal where it is no worker of ours."""
    handler = HANDLERS.get(what)
    if handler is None:
        return json.dumps({"refused": "it was not started by `autograder worker`"})
    return handler(order, content)
