"""The result of one submission in the formats that runners and platforms read; each writer gets a ``Report``.

No writer ever sees a ``Grade``: a report holds what a student may read, and nothing else.
"""

from __future__ import annotations

from autograder.results.classroom import VARIABLES, classroom
from autograder.results.gradescope import gradescope
from autograder.results.junit import junit
from autograder.results.plain import plain
from autograder.results.report import Report, Unfinished
from autograder.results.summary import summary

__all__ = ["VARIABLES", "Report", "Unfinished", "classroom", "gradescope", "junit", "plain", "summary"]
