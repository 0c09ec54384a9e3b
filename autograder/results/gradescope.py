"""``results.json`` as Gradescope's autograder harness reads it from /autograder/results.

Its ``score`` is a number or the run has failed: a submission with an ungraded exercise gets no file, Gradescope shows
it as not graded, and a human looks.
"""

from __future__ import annotations

import json
from typing import Any

from autograder.results.report import Part, Report, Test
from autograder.verdict import Outcome


def gradescope(report: Report) -> str:
    """The document.

    Raises:
        Unfinished: while an exercise is ungraded.
    """
    report.check_finished()
    data = {
        "score": report.score,
        "execution_time": report.seconds,
        "output": "\n".join(_remarks(report)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            _test(f"{number}.{index}", part, test)
            for number, part in enumerate(report.parts, 1)
            for index, test in enumerate(part.tests, 1)
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _remarks(report: Report) -> list[str]:
    return [f"{part.exercise} : {remark}" for part in report.parts for remark in part.remarks]


def _test(number: str, part: Part, test: Test) -> dict[str, Any]:
    return {
        "number": number,
        "name": f"{part.exercise} : {test.title}",
        "score": test.earned,
        "max_score": test.points,
        "status": "passed" if test.outcome is Outcome.PASSED else "failed",
        "output": "\n".join(test.told),
        "tags": [part.exercise],
    }
