"""``result.json`` of Classroom 50, the open successor of GitHub Classroom.

Its scores are whole numbers (its collector refuses others), so points are told in hundredths. Where the run
belongs comes from the environment that its runner sets. It has no word for "ungraded": such a submission gets no file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from autograder.results.report import Report
from autograder.verdict import Outcome

SCHEMA = "classroom50/result/v1"
VARIABLES = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")
PARTS_OF_A_POINT = 100


def classroom(report: Report, environment: Mapping[str, str], when: datetime) -> str:
    """The document.

    Args:
        report: of the submission.
        environment: holds ``VARIABLES``; REVIEW_URL may be missing, the commit is reviewed then.
        when: the time of grading, with its zone.

    Raises:
        Unfinished: while an exercise is ungraded.
    """
    report.check_finished()
    tests = list(_tests(report))
    data = {
        "schema": SCHEMA,
        "classroom": environment["CLASSROOM"],
        "assignment": environment["ASSIGNMENT"],
        "submission": environment["SUBMISSION_TAG"],
        "commit": environment["COMMIT_URL"],
        "release": environment["RELEASE_URL"],
        "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
        "datetime": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _tests(report: Report) -> Iterator[dict[str, Any]]:
    """The tests; running sums are rounded, not points, so that an exercise's tests add up to its points."""
    for part in report.parts:
        before = exact = 0.0
        for test in part.tests:
            exact += test.points * PARTS_OF_A_POINT
            most = round(exact) - round(before)
            before = exact
            yield {
                "test-name": f"{part.exercise} : {test.title}",
                "passed": test.outcome is Outcome.PASSED,
                "score": most if test.earned else 0,
                "max-score": most,
            }
