"""What a result depends on, as digests: so that it is kept as long as nothing of that changes, and no longer."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import autograder
from autograder.course import Course, Source
from autograder.gpu import CPU
from autograder.submission import Exercise, Kind

__all__ = ["Keys", "content_key", "course_key", "toolkit_digest", "versions"]


def versions() -> dict[str, str]:
    """What a result depends on besides the course's files."""
    return {
        "python": platform.python_version(),
        "torch": _torch_version(),
        "numpy": metadata.version("numpy"),
        "autograder": autograder.__version__,
    }


@cache
def _torch_version() -> str:
    """``torch.__version__``, with the build that it was made for, without the seconds of importing torch."""
    found = find_spec("torch")
    assert found is not None and found.origin is not None
    spec = spec_from_file_location("torch_version", Path(found.origin).with_name("version.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.__version__)


def content_key(course_key: str, submission: str) -> str:
    """SHA-256 of everything that decides the grade of a submission whose digest is ``submission``."""
    return hashlib.sha256(f"{course_key} {submission}".encode()).hexdigest()


@dataclass(frozen=True)
class Keys:
    """What of it is the same for a whole class, as SHA-256: source, suites, reference, versions, this package, device.

    Attributes:
        whole: of all of it.
        parts: for each exercise that is not manual what decides its points: all but the other exercises' suites.
    """

    whole: str
    parts: Mapping[str, str]

    @classmethod
    def of(cls, course: Course, source: Source, device: str = CPU) -> Keys:
        exercises = [e for e in source.exercises if e.kind is not Kind.MANUAL]
        suites = {e.id: e.suite for e in exercises if e.suite}
        shared = _shared(course, source.assignment, suites.values(), device)
        texts = {suite.stem: suite.read_text(encoding="utf-8") for suite in suites.values()}
        parts = {e.id: _sha256([shared, e.id, *(texts[name] for name in _used(e, texts))]) for e in exercises}
        return cls(_sha256([shared, *parts.values()]), parts)


def course_key(course: Course, assignment: str, device: str = CPU) -> str:
    """``Keys.whole`` of an assignment."""
    return Keys.of(course, course.load_source(assignment), device).whole


def _shared(course: Course, assignment: str, suites: Collection[Path], device: str) -> str:
    """SHA-256 of what decides the points of every exercise of an assignment."""
    hidden = course.hidden(assignment)
    return _sha256(
        [
            assignment,
            device,
            json.dumps(versions(), sort_keys=True),
            toolkit_digest(),
            tree_digest(course.source(assignment), "*.ipynb"),
            tree_digest(hidden, "*.py", without=suites),
            tree_digest(hidden, "*.json"),
            tree_digest(course.reference, "*.py"),
        ]
    )


def _used(exercise: Exercise, texts: Mapping[str, str]) -> list[str]:
    """The exercise's suite and every other one that it names, which it might import."""
    found: list[str] = []
    todo = [exercise.suite.stem] if exercise.suite else []
    while todo:
        found.append(name := todo.pop())
        words = set(re.findall(r"\w+", texts[name]))
        todo += sorted(other for other in texts if other in words and other not in (*found, *todo))
    return found


def _sha256(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@cache
def toolkit_digest() -> str:
    """SHA-256 of this package's own code."""
    return tree_digest(Path(__file__).parent, "*.py")


def tree_digest(folder: Path, pattern: str, without: Collection[Path] = ()) -> str:
    """SHA-256 of names and bytes of the files below ``folder`` that match; banks are not part of a suite."""
    total = hashlib.sha256()
    for path in sorted(set(folder.rglob(pattern)).difference(without)):
        inner = path.relative_to(folder)
        if path.is_file() and "bank" not in inner.parts and "__pycache__" not in inner.parts:
            total.update(f"{inner.as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
