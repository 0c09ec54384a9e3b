"""An entry that runs a piece of Python source: for conformance tests, probes and the doctor."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any


def run(request: Mapping[str, Any]) -> None:
    """Execute ``payload["code"]`` in a fresh namespace that holds ``answer`` and ``payload``.

    ``answer(value)`` writes one line of JSON to the bridge.
    """
    bridge = request["bridge"]

    def answer(value: object) -> None:
        line = json.dumps(value).encode() + b"\n"
        while line:  # a pipe or a stream socket may take less than all
            line = line[os.write(bridge, line) :]

    payload = request["payload"]
    namespace = {"__name__": "__main__", "answer": answer, "payload": payload}
    exec(compile(payload["code"], "<script>", "exec"), namespace)
