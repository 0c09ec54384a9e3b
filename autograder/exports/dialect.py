"""How a spreadsheet of some country writes CSV, and what keeps it from running a cell as a formula.

Text that a spreadsheet would run gets an apostrophe before the sign. So does such text behind a ``;``, a tab, a line
break or, where commas part no cells, a comma: a spreadsheet that splits the file at another character than it was
written with finds a cell there.
Numbers stay numbers. Lines end as RFC 4180 says: only then does ``csv`` quote a lone carriage return.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

__all__ = ["LOCALES", "PLAIN", "Dialect", "harmless"]

_SIGN = r"(\s*[=+\-@＝＋－＠])"
_FORMULA = re.compile(rf"(^|[;\t\r\n]){_SIGN}")
_FORMULA_OR_COMMA = re.compile(rf"(^|[,;\t\r\n]){_SIGN}")
_CONTROL = ("\t", "\r", "\n")


def harmless(text: str, delimiter: str = ",") -> str:
    """``text`` so that a spreadsheet shows it and does not run it, in a file whose cells are parted by ``delimiter``.

    A text with a comma is quoted where commas part cells, and nowhere else.
    """
    formula = _FORMULA if delimiter == "," else _FORMULA_OR_COMMA
    safe = formula.sub(r"\1'\2", text)
    return "'" + safe if safe.startswith(_CONTROL) else safe


@dataclass(frozen=True)
class Dialect:
    """The separator of cells and the decimal sign."""

    delimiter: str = ","
    decimal: str = "."

    def write(self, stream: TextIO, lines: Iterable[Iterable[object]]) -> None:
        """All lines; open ``stream`` with ``newline=""``."""
        writer = csv.writer(stream, delimiter=self.delimiter)
        writer.writerows([self.cell(value) for value in line] for line in lines)

    def cell(self, value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, (int, float)):
            return self.number(value)
        return harmless(str(value), self.delimiter)

    def number(self, value: float) -> str:
        text = str(int(value)) if float(value).is_integer() else repr(value)
        return text.replace(".", self.decimal)


PLAIN = Dialect()
LOCALES = {"en": PLAIN, "fr": Dialect(";", ",")}
