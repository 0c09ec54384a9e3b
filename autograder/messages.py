"""The page of what a student reads for each mutant: message, diagnosis and hint, as Markdown in French.

``page`` keeps the sections of exercises that were not audited this time, so that one page holds a whole course.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.audit import Audit, Result, diagnoses
from autograder.bank import Sort
from autograder.diagnosis import FILE, updated
from autograder.verdict import Outcome, Verdict

__all__ = ["page", "section", "write_pages"]

HEAD = """# Ce que lit un étudiant

Pour chaque erreur des banques : la première épreuve qu'elle échoue (celle que la banque nomme, s'il y en a une), le
message, et le diagnostic quand les réponses sont celles d'une erreur connue. Cette page est écrite par
`autograder audit tp1 --write-diagnosis --messages docs/messages.md`, puis de même pour `tp2`.
"""
TITLE = re.compile(r"^## (?P<name>.+)$", re.MULTILINE)


def write_pages(audit: Audit, results: Sequence[Result], messages: Path | None) -> None:
    """Write the file of diagnoses, if the audit made sketches, and the page ``messages``, if one is asked for."""
    by_exercise = {
        subject.exercise: [r for r in results if r.variant.exercise == subject.exercise.id]
        for subject in audit.subjects
    }
    made: dict[str, dict[str, dict[str, str]]] = {}
    if audit.sketch:
        made = {e.id: diagnoses(found, audit.solutions[e.id]) for e, found in by_exercise.items()}
        path = audit.course.hidden(audit.assignment) / FILE
        entries = {s.exercise.id: (s.suite, made[s.exercise.id]) for s in audit.subjects}
        path.write_text(updated(path, entries), encoding="utf-8")
    if messages is not None:
        before = messages.read_text(encoding="utf-8") if messages.is_file() else ""
        sections = {
            f"{audit.assignment} : {e.id}": section(found, made.get(e.id)) for e, found in by_exercise.items()
        }
        messages.write_text(page(before, sections), encoding="utf-8")


def page(before: str, sections: Mapping[str, str]) -> str:
    """The page with new ``sections`` (by their title) in the place of old ones, in the order of titles."""
    found = TITLE.split(before)[1:]
    known = {name: text.strip("\n") for name, text in zip(found[::2], found[1::2], strict=True)}
    known |= {name: text.strip("\n") for name, text in sections.items()}
    return "\n".join([HEAD, *(f"## {name}\n\n{known[name]}\n" for name in sorted(known))])


def section(results: Sequence[Result], tests: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The tables of one exercise.

    Args:
        results: of its variants.
        tests: sentences by test and sketch where they have just been made; else the verdicts' own count.
    """
    mutants = [result for result in results if result.variant.sort is Sort.MUTANT and not result.vacuous]
    told = [verdict for result in mutants for verdict in result.grades[0].verdicts if verdict.hint]
    hints = {verdict.title: verdict.hint for verdict in told}
    lines = ["| erreur | épreuve échouée | message | diagnostic |", "|---|---|---|---|"]
    lines += [_row(result, tests) for result in mutants]
    lines += ["", "| épreuve | piste |", "|---|---|"]
    lines += [_cells(title, hint) for title, hint in hints.items()]
    return "\n".join(lines)


def _row(result: Result, tests: Mapping[str, Mapping[str, str]] | None) -> str:
    failed = [verdict for verdict in result.grades[0].verdicts if verdict.outcome is Outcome.FAILED]
    named = [verdict for verdict in failed if verdict.test.split("[")[0] == result.variant.killed_by]
    if not failed:
        return _cells(result.variant.name, "aucune", "", "")
    shown = (named or failed)[0]
    others = len(failed) - 1
    title = f"{shown.title} (et {others} autre{'s' if others > 1 else ''})" if others else shown.title
    said = [_diagnosis(result, verdict, tests) for verdict in failed]
    return _cells(result.variant.name, title, shown.message, next((one for one in said if one), ""))


def _diagnosis(result: Result, verdict: Verdict, tests: Mapping[str, Mapping[str, str]] | None) -> str:
    if tests is None:
        return verdict.diagnosis
    sketch = result.sketches.get(verdict.test)
    return tests.get(verdict.test, {}).get(sketch.digest, "") if sketch else ""


def _cells(*texts: str) -> str:
    return "| " + " | ".join(" ".join(text.replace("|", "\\|").split()) for text in texts) + " |"
