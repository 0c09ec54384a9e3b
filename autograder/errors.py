"""The tree of errors: the student's, the instructor's, ours.

Whose error it is decides what happens, so the tree has one branch for each:

* ``StudentFailure``: the student's code, or the process that runs it, did something that fails a test.
  It derives from ``BaseException``: ``pytest.raises(Exception)`` in a suite must never swallow the
  death of the guest or a forged reply.
* ``InstructorError``: a course, a source notebook or a suite is not usable; a command stops and says where.
* ``GraderFailure``: the machine or the toolkit failed. It makes a test ``ungraded``, never a zero, and
  derives from ``BaseException`` for the same reason.

Texts that reach a student are in French, texts that reach an instructor are in English.
Every error keeps all of its arguments in ``args``, so that it survives pickling.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class StudentFailure(BaseException):
    """What the student's code did; the text is in French and may be shown to the student."""


class NameMissing(StudentFailure):
    """The notebook ran but never defined a name that the suite asks for."""

    def __init__(self, name: str, defined: Sequence[str] = ()) -> None:
        super().__init__(name, tuple(defined))
        self.name, self.defined = name, tuple(defined)

    def __str__(self) -> str:
        near = get_close_matches(self.name, self.defined, n=1)
        advice = (
            f"Faut-il renommer `{near[0]}` ?"
            if near
            else "La cellule a-t-elle été exécutée sans erreur, ou effacée ?"
        )
        return f"Le notebook ne définit pas `{self.name}`. {advice}"


class GuestDied(StudentFailure):
    """The process that ran the student's code ended while a suite was asking."""

    def __str__(self) -> str:
        detail = f" ({self.args[0]})" if self.args and self.args[0] else ""
        return f"Le processus qui exécutait votre code s'est arrêté pendant l'appel{detail}."


class CallTimedOut(StudentFailure):
    """A call used up its limit of CPU time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"L'appel n'est pas terminé après {self.seconds:g} s de calcul : boucle sans fin ?"


class CheckingTooLong(StudentFailure):
    """What the student's code answered keeps the grader busy: no right answer takes so long to check."""

    def __str__(self) -> str:
        return "Vos réponses à cette épreuve demandent trop de calcul pour être vérifiées."


class ProtocolBroken(StudentFailure):
    """The guest sent a frame that the protocol does not allow."""

    def __str__(self) -> str:
        return f"La réponse du processus de votre code n'est pas recevable ({self.args[0]})."


class CellFailed(StudentFailure):
    """The kernel died or was stopped before the exercise's names could be asked for."""

    def __str__(self) -> str:
        return str(self.args[0])


class CheckFailed(AssertionError):
    """A check did not hold. The text names the property, the shape and the measured deviation,
    never the expected array nor the hidden input, so it may be shown to the student (in French).

    Attributes:
        picture: what was measured, drawn (``autograder.pictures``); None if a picture would say no more.
    """

    def __init__(self, *texts: object, picture: object = None) -> None:
        super().__init__(*texts)
        self.picture = picture


class InstructorError(Exception):
    """A course, a notebook or a suite is not usable. The text says the fact, the place, the next step."""


class GraderFailure(BaseException):
    """The machine or the toolkit failed: the verdict is ``ungraded`` and a human looks at it."""


class WallExpired(GraderFailure):
    """A call waited too long without using its CPU time: the machine may be overloaded."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"no answer after {self.seconds:g} s although the CPU limit was not reached"


class GpuExhausted(GraderFailure):
    """A GPU's memory was not enough for student code, perhaps because of a neighbour on it."""

    def __str__(self) -> str:
        return "the memory of the GPU was not enough"


class ClusterLost(Exception):
    """The scheduler of a cluster does not answer: the run stops, and what was graded is kept (exit code 1)."""


class HostTooWeak(Exception):
    """The host cannot enforce the confinement that was asked for (exit code 3)."""
