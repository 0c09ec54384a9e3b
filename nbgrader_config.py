"""Plugs torch-autograder into nbgrader.

This file stands at the top of a course, beside source/ and submitted/. With it `nbgrader autograde`, the
formgrader's button and `autograder grade` give the same grades: notebooks run in the sandbox, hidden suites
decide the scores, and nbgrader keeps its gradebook, its feedback and its exports.
"""

from pathlib import Path

import autograder.feedback

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "reseaux-de-neurones"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "feedback"]

# What replaces a solution in the students' version.
c.ClearSolutions.code_stub = {"python": '# À COMPLÉTER\nraise NotImplementedError("à compléter")'}
c.ClearSolutions.text_stub = "*À COMPLÉTER*"

# Grading. Students' files are read by an exporter that survives damage and restores the cells from the source;
# then our grader takes the place of nbgrader's execution and scoring. Late penalties stay nbgrader's.
c.Autograde.exporter_class = "autograder.gradebook.RepairingExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.RecordVerdicts",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# The feedback page in French.
c.GenerateFeedback.HTMLExporter.extra_template_basedirs = [str(autograder.feedback.TEMPLATES)]
