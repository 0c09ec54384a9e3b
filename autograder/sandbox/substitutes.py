"""How a guest without namespaces does what it cannot do in the usual way (level LANDLOCK).

For honest notebooks only: all of this runs beside student code, which may undo it and gains nothing by it.
Modules that the forkserver has not imported are left alone.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

from autograder.sandbox.folders import MASKED


def install() -> None:
    """Replace what needs a mount tree, a network, shared memory or a terminal of its own."""
    for module, substitute in (
        ("sklearn.datasets._base", _public_data),
        ("torch.utils.data.dataloader", _load_in_process),
        ("ipykernel.iostream", _no_pipe_for_children),
        ("ipykernel.zmqshell", _commands_on_a_pipe),
    ):
        if module in sys.modules:
            substitute(sys.modules[module])


def _public_data(module: Any) -> None:
    """The masked files are closed: load the public copies, which lie in this package under the same names."""
    load, names = module.load_gzip_compressed_csv_data, {path.name for path in MASKED}

    def load_public(data_file_name: str, **options: Any) -> Any:
        if data_file_name in names:
            options["data_module"] = "autograder.data"
        return load(data_file_name, **options)

    module.load_gzip_compressed_csv_data = load_public


def _load_in_process(module: Any) -> None:
    """Workers of a DataLoader send tensors through shared memory, which all of the host's users share."""

    def iterator(loader: Any) -> Any:
        alone = copy.copy(loader)
        alone.num_workers, alone.timeout = 0, 0
        return module._SingleProcessDataLoaderIter(alone)

    module.DataLoader._get_iterator = iterator


def _no_pipe_for_children(module: Any) -> None:
    """What forked children print would come over a port of the loopback."""

    def leave_out(thread: Any) -> None:
        thread._pipe_flag = False

    module.IOPubThread._setup_pipe_in = leave_out


def _commands_on_a_pipe(module: Any) -> None:
    """`!command` would run on a pseudo-terminal, of which the host has one set for everybody."""

    def system(command: str) -> int:
        with subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
        return process.returncode

    module.system = system
