"""What a student may read of an exception that the student's own code raised while a hidden suite asked.

Its text, the name of its class and the place are the guest's words, and may spell a hidden input. So none of them is
passed on as it came: a text is recognised, if it is a common one of Python, NumPy or torch, and told again in French; a
name is shown if Python knows it or the notebook holds it. What is left to a determined student is the choice among
these: some tens of bits a test, of inputs that are drawn anew for every grading.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence

__all__ = ["Cells", "explanation", "without_data"]

READ = 1000  # characters of a guest's text that are looked at: patterns are slow on texts made to slow them
LINE = 100  # characters of a line of code that are worth showing
PLACE = re.compile(r"ligne (?P<line>\d{1,6})(?: de `(?P<name>\w{1,80})`)?(?: : `(?P<code>[^\n]*)`)?")

_EXPLAINED = tuple(
    (re.compile(pattern, re.IGNORECASE), french)
    for pattern, french in (
        (r"mat1 and mat2 shapes cannot|size mismatch|mismatch in its core dimension|inconsistent tensor size",
         "les formes de deux matrices ne permettent pas leur produit"),
        (r"must match the size of tensor|could not be broadcast|sizes of tensors must match|"
         r"output with shape .* doesn't match",
         "les formes de deux tenseurs ne s'accordent pas"),
        (r"shape '.*' is invalid for input of size|cannot reshape",
         "le nombre d'éléments ne permet pas la forme demandée"),
        (r"expected .*input.* to have \d+ channels|expected \d+D.* input|given groups=|weight of size",
         "la couche attend une autre forme d'entrée"),
        (r"dimension out of range|axis -?\d+ is out of bounds|too many indices", "l'axe demandé n'existe pas"),
        (r"index .*out of (range|bounds)|index -?\d+ is out of|list index out of range|target -?\d+ is out of bounds",
         "un indice sort des bornes"),
        (r"does not require grad and does not have a grad_fn", "le résultat n'a pas d'historique de gradient"),
        (r"grad can be implicitly created only for scalar", "`backward()` sans argument demande un scalaire"),
        (r"backward through the graph a second time", "le même graphe de calcul est parcouru deux fois"),
        (r"leaf variable that requires grad .* in-place|view of a leaf variable",
         "une opération sur place modifie un paramètre dont autograd suit l'historique"),
        (r"modified by an inplace operation", "une opération sur place a modifié une valeur dont le gradient a besoin"),
        (r"can't call numpy\(\) on tensor that requires grad",
         "NumPy ne peut pas lire un tenseur qui exige un gradient"),
        (r"only (one element tensors|integer tensors|length-1 arrays)|elements cannot be converted to scalar|"
         r"boolean value of tensor with more than one|truth value of an array",
         "un tenseur de plusieurs éléments sert de nombre"),
        (r"expected .*(scalar type|dtype)|result type .* can't be cast|not implemented for '\w+'|same dtype",
         "le type des éléments (entier, float32, float64…) ne convient pas"),
        (r"same device|not compiled with cuda|no nvidia driver|no cuda gpus|found no nvidia",
         "deux tenseurs ne sont pas sur le même appareil, ou l'appareil demandé n'existe pas ici"),
        (r"out of memory|can't allocate|cannot allocate|unable to allocate", "la mémoire ne suffit pas"),
        (r"missing \d+ required|takes .*positional arguments? but|takes no arguments|"
         r"unexpected keyword argument|multiple values for argument",
         "les arguments de l'appel ne sont pas ceux de la signature"),
        (r"missing the required .forward. function", "la méthode `forward` d'un module n'est pas définie"),
        (r"could not run '|is not (currently|yet) (implemented|supported)|not supported for",
         "torch n'a pas cette opération pour ces arguments"),
        (r"object is not callable", "une valeur qui n'est pas une fonction est appelée"),
        (r"not subscriptable|does not support item assignment", "une valeur sans indices est indexée"),
        (r"not iterable|cannot unpack|values to unpack", "une valeur ne se parcourt ou ne se décompose pas ainsi"),
        (r"has no attribute|has no len\(\)", "un attribut ou une méthode n'existe pas sur cet objet"),
        (r"is not defined|referenced before assignment|not associated with a value", "un nom n'est pas défini"),
        (r"unsupported operand|must be real number|can't convert|cannot convert|must be (a |an )?\w+, not",
         "une opération reçoit un type qui ne convient pas"),
        (r"division by zero|modulo by zero|float division", "une division par zéro"),
        (r"maximum recursion depth", "une récursion sans fin"),
        (r"no module named|cannot import name", "un module ou un nom importé n'existe pas ici"),
        (r"cannot assign module before Module\.__init__|super\(\)\.__init__",
         "`super().__init__()` n'a pas été appelé"),
    )
)  # fmt: skip

# Classes of results and exceptions that are nobody's own, beside those of Python.
_LIBRARIES = frozenset(
    {
        "Tensor", "Parameter", "Module", "Sequential", "ModuleList", "ModuleDict", "Size", "dtype",
        "device", "Generator", "ndarray", "int64", "int32", "float64", "float32", "bool_", "Subset",
        "TensorDataset", "DataLoader", "Linear", "generator", "function", "method", "module", "NoneType",
        "Counter", "OutOfMemoryError", "LinAlgError", "AxisError", "UFuncTypeError", "OrderedDict",
        "list_iterator", "range_iterator",
    }
)  # fmt: skip
_PYTHON = frozenset(dir(builtins))
_IDENTIFIER = re.compile(r"[^\W\d]\w{0,79}")


def explanation(text: str) -> str:
    """A common error message, told again in French; empty for any other text."""
    text = text[:READ]
    return next((french for pattern, french in _EXPLAINED if pattern.search(text)), "")


class Cells:
    """The student's cells: what of the guest's words they make fit to be shown.

    Args:
        sources: the cells' texts.
        own: the student asks about the student's own notebook, where nothing is hidden.
    """

    def __init__(self, sources: Sequence[str] = (), *, own: bool = False) -> None:
        self.own = own
        cells = [source.splitlines() for source in sources]
        self.length = max(map(len, cells), default=0)
        self.lines = frozenset(line.strip()[:LINE] for lines in cells for line in lines)
        self.names = (
            _PYTHON | _LIBRARIES | {name for source in sources for name in _IDENTIFIER.findall(source)}
        )

    def name(self, told: str) -> str:
        """``told``, the name of a class, if it may be shown; else the empty string."""
        return told if self.own or told in self.names else ""

    def text(self, told: str) -> str:
        """What an exception's text says: as it is, or, where it could hold a hidden input, retold."""
        return without_data(told) if self.own else explanation(told)

    def place(self, told: str) -> str:
        """Where the guest says that student code raised; code is shown only if it stands in the notebook."""
        found = PLACE.fullmatch(told)
        if found is None or not (self.own or 0 < int(found["line"]) <= self.length):
            return ""
        where = f"ligne {found['line']}" + (
            f" de `{name}`" if (name := self.name(found["name"] or "")) else ""
        )
        code = found["code"] or ""
        return f"{where} : `{code}`" if code and code in self.lines else where


def without_data(text: str, length: int = 200) -> str:
    """``text`` without what looks like data: arrays, long decimals and long lists of numbers are cut out."""
    text = re.split(r"tensor\(|array\(|\[\[", " ".join(text[:READ].split()))[0]
    text = re.sub(r"-?\d+\.\d{2,}(e[-+]?\d+)?|-?\d{7,}", "…", text)
    text = re.sub(r"((-?\d+|…)[,\s]+){9,}(-?\d+|…)", "…", text)
    return text if len(text) <= length else text[: length - 1] + "…"
