"""Importing this spares a process of ours the two seconds of CPU that importing ``jsonschema`` takes.

``nbformat`` imports ``jsonschema``, which builds a grammar of internationalised web addresses if the library for them
is installed, as it is with Jupyter. No schema of a notebook has such an address in it. To be imported before
``nbformat`` by commands and graders; never in a student's process, where the library shall be found.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # imports of it raise ImportError
