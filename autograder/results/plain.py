"""The report itself as JSON, for whoever writes a format of their own."""

from __future__ import annotations

import json
from dataclasses import asdict

from autograder.results.report import Report


def plain(report: Report) -> str:
    """The document; ``score`` is null where there is none, and ``ungraded`` names the exercises that need a human."""
    data = {**asdict(report), "ungraded": report.ungraded}
    text = json.dumps(
        data, ensure_ascii=False, indent=1, allow_nan=False, default=lambda outcome: outcome.value
    )
    return text + "\n"
