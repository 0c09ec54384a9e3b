"""Which scores of a feedback page nobody has given yet: nbgrader counts them as 0, its total and its cells alike."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.feedback import without

__all__ = ["Unscored"]


class Unscored(NbGraderPreprocessor):  # type: ignore[misc]
    """Tells the page's template which graded cells have no score.

    The template's own ``conf.json`` names it, so that the formgrader's button makes the same pages.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        ids = resources["nbgrader"]
        with Gradebook(ids["db_url"]) as gradebook:
            row = gradebook.find_submission_notebook(ids["notebook"], ids["assignment"], ids["student"])
            names = {g.name for g in row.grades if g.auto_score is None and g.manual_score is None}
            every = 0 < len(names) == len(row.grades)
        found = [cell.metadata.nbgrader for cell in nb.cells if _is_one_of(cell, names)]
        for meta in found:
            meta["unscored"] = True
        exercises = [meta.grade_id for meta in found if not (meta.solution or meta.task)]
        # An exercise's cell is put back where a student removed it, so what has none is answered in prose.
        seen = [meta.grade_id for meta in found]
        absent = sorted(names - set(seen))
        ids["unscored"] = {
            "exercises": len(exercises),
            "answers": len(names) - len(exercises),
            "every": every,
            "without": without([*seen, *absent]),
        }
        return nb, resources


def _is_one_of(cell: Any, names: set[str]) -> bool:
    meta = cell.metadata.get("nbgrader", {})
    return meta.get("grade_id") in names and bool(meta.get("grade") or meta.get("task"))
