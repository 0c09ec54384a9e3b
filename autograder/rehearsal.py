"""``autograder check FILE.ipynb``: what a student can know before handing in.

Three questions, in French: does the notebook run from top to bottom, are all of its cells there and as they were
released, what would be collected. It needs a student's packages only, and works where Python does. Nothing of it
counts: cells are found again and restored by the grader, which decides points by other tests; but what is wrong here
is better known before than after.

A *remark* is something to mend (exit code 1) or something to know.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import signal
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn, TextIO

from autograder import manifest
from autograder.feedback import french_number
from autograder.manifest import Manifest, ReleasedCell
from autograder.runthrough import Event, code_cells, events
from autograder.submission import LEFT_OUT, MAX_BYTES, Cell, Submitted, locate, read_notebook

__all__ = ["Remark", "main", "remarks_on_cells"]

READY, TO_MEND, WRONG_USE = 0, 1, 2
MANY_FILES = 10_000  # a folder that holds more is no assignment's, and is not counted to its end
SHOWN = 15  # things that are named one by one
WIDTH = 100  # of paragraphs, at most
LABEL = 44  # characters of a cell's label

HELP = """\
Utilisation : autograder check [--no-tests] FICHIER.ipynb

Vérifie un notebook avant de le rendre, sans rien y changer : l'exécute de haut en bas dans un Python neuf,
cherche les cellules manquantes, abîmées ou encore à compléter, lance les tests publics, et dit ce qui serait
collecté.

Arguments :
  FICHIER.ipynb   le notebook, dans le dossier distribué (avec son dossier « public »)

Options :
  --no-tests      ne pas lancer les tests publics
  -h, --help      afficher cette aide

Exemples :
  autograder check tp1.ipynb
  autograder check --no-tests tp1/tp1.ipynb

Code de sortie : 0 prêt à rendre, 1 quelque chose à corriger, 2 commande mal formée.
"""


@dataclass(frozen=True)
class Remark:
    """One sentence for the student; ``mend`` if it should be mended before handing in."""

    text: str
    mend: bool = True


# --- The command ----------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _wrong(f"commande mal formée ({message}).")


def main(arguments: Sequence[str], out: TextIO | None = None) -> int:
    """Run the command; returns the exit code."""
    out = out or sys.stdout
    for stream in (out, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without accents is no reason to stop
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("file", nargs="*")
    parser.add_argument("--no-tests", action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    options, unknown = parser.parse_known_args(arguments)
    if options.help:
        print(HELP, end="", file=out)
        return READY
    if unknown:
        _wrong(f"option inconnue : {unknown[0]}.")
    if len(options.file) != 1:
        _wrong("indiquez un notebook, et un seul : autograder check tp1.ipynb.")
    path = Path(options.file[0])
    if not path.is_file():
        _wrong(f"il n'y a pas de fichier {path}.{_instead(path)}")
    try:
        return _rehearse(path, not options.no_tests, out)
    except KeyboardInterrupt as interrupt:
        place = f" pendant {interrupt}" if str(interrupt) else ""
        print(f"\n\nInterrompu{place} : la vérification n'est pas terminée.", file=out)
        return TO_MEND


def _wrong(text: str) -> NoReturn:
    print(f"autograder check : {text}\nPlus d'aide : autograder check --help", file=sys.stderr)
    sys.exit(WRONG_USE)


def _instead(path: Path) -> str:
    """A notebook that may have been meant."""
    folder = path if path.is_dir() else path.parent
    names = sorted(p.name for p in folder.glob("*.ipynb")) if folder.is_dir() else []
    near = get_close_matches(path.name, names, n=1) or names[:1]
    return f" Vouliez-vous dire {folder / near[0]} ?" if near else ""


def _rehearse(path: Path, tests: bool, out: TextIO) -> int:
    print(f"Vérification de {path.name}", file=out)
    submitted = read_notebook(path)
    if submitted.unreadable:
        return _conclude([Remark(f"{submitted.unreadable} {_what_to_do(path)}")], "", out)
    remarks, known = _manifest_of(path.parent)
    name, expected = _expected(submitted, known)
    remarks += _remarks_on_file(path)
    remarks += remarks_on_cells(submitted.cells, expected)
    remarks += [] if known else _remarks_without_manifest(submitted, path.parent)
    asked = _exercises(path.parent, expected) if tests else []
    if tests and not asked:
        remarks.append(
            Remark("Aucun test public n'a été trouvé : le dossier « public » manque-t-il ?", False)
        )
    watch = Watch(code_cells(submitted), out)
    _title("Exécution de haut en bas, dans un Python neuf (Ctrl-C pour arrêter)", out)
    print("  Les numéros sont ceux que Jupyter montre après « Restart & Run All ».\n", file=out)
    watch.follow(events(path, asked))
    remarks += watch.remarks()
    _title("Ce qui serait collecté", out)
    remarks += _collected(path, name, out)
    return _conclude(remarks, _seen(watch), out)


def _exercises(folder: Path, expected: Sequence[ReleasedCell]) -> list[str]:
    """Exercises of this notebook that have public tests; its folder may hold suites of other notebooks."""
    ids = [cell.grade_id for cell in expected]
    return [name for name in ids if (folder / "public" / f"test_{name}.py").is_file()]


def _seen(watch: Watch) -> str:
    if not watch.points:
        return " Les tests publics n'ont pas été lancés."
    points = f"{_points(watch.earned)} sur {french_number(watch.points)}"
    return (
        f" Les tests publics voient {points} ; d'autres tests, sur d'autres données, décideront de la note."
    )


def _title(text: str, out: TextIO) -> None:
    print(f"\n{text}\n", file=out)


def _what_to_do(path: Path) -> str:
    if path.is_symlink():
        return "C'est un lien symbolique : mettez le fichier lui-même à sa place."
    if path.stat().st_size > MAX_BYTES:
        return "Effacez les sorties des cellules dans Jupyter, puis enregistrez-le."
    return "Ouvrez-le dans Jupyter et enregistrez-le ; sinon, repartez d'une copie de sauvegarde."


def _conclude(remarks: Sequence[Remark], seen: str, out: TextIO) -> int:
    """Prints what to mend, what to know and one sentence in the end; returns the exit code."""
    mend = [remark.text for remark in remarks if remark.mend]
    know = [remark.text for remark in remarks if not remark.mend]
    for title, texts in (("À corriger avant de rendre", mend), ("À savoir", know)):
        if texts:
            _title(title, out)
            for text in texts:
                print(_wrapped(f"- {text}", "  "), file=out)
    if mend:
        count = (
            f"{len(mend)} choses à corriger, ci-dessus"
            if len(mend) > 1
            else "une chose à corriger, ci-dessus"
        )
        print("\n" + _wrapped(f"Pas encore prêt à rendre : {count}.{seen}"), file=out)
        return TO_MEND
    but = ", après avoir lu ce qui est à savoir" if know else ""
    print("\n" + _wrapped(f"Prêt à rendre{but}.{seen}"), file=out)
    return READY


def _wrapped(text: str, indent: str = "") -> str:
    width = min(WIDTH, shutil.get_terminal_size().columns)
    bound = re.sub(r"(?<=«) | (?=[»?!:;])", "\xa0", text)  # no line begins with « ? »
    filled = textwrap.fill(
        bound, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return filled.replace("\xa0", " ")


# --- The file and what should be in it ------------------------------------------------------------------------


def _manifest_of(folder: Path) -> tuple[list[Remark], Manifest | None]:
    try:
        known = manifest.read(folder)
    except ValueError:
        text = "Le fichier public/cells.json est abîmé : reprenez le dossier « public » distribué."
        return [Remark(text)], None
    if known is None:
        text = (
            "Il n'y a pas de fichier public/cells.json : la liste complète des cellules attendues n'est pas connue, "
            "et seul ce que le notebook dit de lui-même a été vérifié."
        )
        return [Remark(text, mend=False)], None
    return [], known


def _expected(submitted: Submitted, known: Manifest | None) -> tuple[str, tuple[ReleasedCell, ...]]:
    """The name that the notebook should have, empty if that is not known, and the cells that it should hold."""
    if known is None:
        found = manifest.released_cells(submitted.cells)
        cells = {cell.grade_id: replace(cell, answer="") for cell in found}  # what is there is not what was
        return "", tuple(cells.values())
    if submitted.name in known.notebooks:
        return submitted.name, known.notebooks[submitted.name]
    ids = {cell.grade_id for cell in submitted.cells}
    shared = {name: len(ids & {cell.grade_id for cell in cells}) for name, cells in known.notebooks.items()}
    name = max(shared, key=lambda name: shared[name], default="")
    return name, known.notebooks.get(name, ())


def _remarks_on_file(path: Path) -> Iterator[Remark]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        yield Remark("Le fichier n'est pas enregistré en UTF-8 : ouvrez-le dans Jupyter et enregistrez-le.")
        return
    version = document.get("nbformat")
    if version != 4:
        yield Remark(
            f"Le notebook est au format {version}, et non 4 : ouvrez-le dans un Jupyter récent et enregistrez-le."
        )
    if problems := read_notebook(path).problems:
        yield Remark(
            f"Des cellules du fichier sont abîmées ({len(problems)}) : enregistrez-le depuis Jupyter."
        )


def _remarks_without_manifest(submitted: Submitted, folder: Path) -> Iterator[Remark]:
    """The public suites tell which exercises there are, if nothing else does."""
    ids = {cell.grade_id for cell in submitted.cells}
    if not any(ids):
        yield Remark("Aucune cellule n'est celle d'un TP : est-ce le bon fichier ?")
    suites = [path.stem.removeprefix("test_") for path in sorted((folder / "public").glob("test_*.py"))]
    if missing := [name for name in suites if name not in ids]:
        yield Remark(f"Exercices dont la cellule de test manque : {_list(missing)}.")


# --- Its cells ------------------------------------------------------------------------------------------------

_ROLE = {
    "locked": "cellule fournie",
    "solution": "réponse",
    "graded": "tests",
    "manual": "réponse rédigée",
    "task": "question",
}
_PLACEHOLDERS = ("", "à compléter", "votre réponse", "your answer here")


def remarks_on_cells(cells: Sequence[Cell], expected: Sequence[ReleasedCell]) -> list[Remark]:
    """What is missing, doubled, changed or still to be written.

    Args:
        cells: of the student's notebook.
        expected: the cells that it should hold.
    """
    found: dict[str, int] = {}  # the last copy counts, as when graded
    for position, cell in enumerate(cells):
        found[cell.grade_id] = position
    present = [released for released in expected if released.grade_id in found]
    missing = [released for released in expected if released.grade_id not in found]
    if expected and not present:
        return [
            Remark(
                "Aucune cellule du TP n'est reconnue : est-ce le bon fichier ? Repartez du notebook distribué."
            )
        ]
    counts = Counter(cell.grade_id for cell in cells)
    doubled = [f"{_name(r)} ({counts[r.grade_id]} fois)" for r in present if counts[r.grade_id] > 1]
    pairs = [(released, cells[found[released.grade_id]]) for released in present]
    changed = [
        released
        for released, cell in pairs
        if released.kind in ("locked", "graded")
        and released.checksum
        and not manifest.unchanged(cell, released)
    ]
    overwritten = [
        r for r, cell in pairs if r.kind == "task" and r.checksum and not manifest.unchanged(cell, r)
    ]
    retyped = [r for r, cell in pairs if r.kind in ("solution", "manual") and cell.cell_type != r.cell_type]
    to_write = [
        released for released, cell in pairs if _unwritten(cells, found[released.grade_id], cell, released)
    ]
    return list(
        _told(
            (
                "Cellules manquantes : {}. Recopiez-les (entières) depuis le notebook distribué.",
                [f"{_name(r)} ({_described(r)})" for r in missing],
            ),
            (
                "Cellules en plusieurs exemplaires, dont seul le dernier compte : {}. Supprimez les autres.",
                doubled,
            ),
            (
                "Cellules fournies qui ont été modifiées : {}. Elles seront remises dans leur état d'origine avant "
                "la correction : écrivez votre code dans d'autres cellules.",
                map(_name, changed),
            ),
            (
                "Énoncés de question qui ont été modifiés : {}. Ils seront remis dans leur état d'origine avant la "
                "correction : écrivez votre réponse dans la cellule qui suit la question.",
                [_title_of(cells[found[r.grade_id]]) for r in overwritten],
            ),
            (
                "Réponses dont la cellule a changé de type (code ou texte) : {}. Rendez-lui son type d'origine.",
                map(_name, retyped),
            ),
            (
                "Exercices encore à compléter : {}.",
                [_name(r) for r in to_write if r.kind == "solution"],
            ),
            (
                "Questions encore sans réponse : {}.",
                [
                    f"{_title_of(cells[found[r.grade_id]])} ({_points(r.points)})"
                    for r in to_write
                    if r.kind != "solution"
                ],
            ),
        )
    )


def _told(*sorts: tuple[str, Iterable[str]]) -> Iterator[Remark]:
    for sentence, names in sorts:
        if listed := list(names):
            yield Remark(sentence.format(_list(listed)))


def _unwritten(cells: Sequence[Cell], position: int, cell: Cell, released: ReleasedCell) -> bool:
    """Whether an answer is as it was released, or holds what nobody would hand in."""
    if released.kind == "task":
        text = manifest.answer_below(cells, position)
        return _is_placeholder(text) or manifest.same_answer(released, text)
    if released.kind not in ("solution", "manual"):
        return False
    if released.checksum and manifest.unchanged(cell, released):
        return True
    return _is_placeholder(cell.source) if cell.cell_type != "code" else _is_stub(cell.source)


def _is_placeholder(text: str) -> bool:
    return text.strip().strip("*_#. \n").casefold() in _PLACEHOLDERS


def _is_stub(code: str) -> bool:
    """Whether code is empty, or still raises what nbgrader puts in the place of a solution."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return False  # magics, or an error that the run shows
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return not tree.body or any(_to_complete(error) for error in raised)


def _to_complete(error: ast.expr | None) -> bool:
    """``NotImplementedError`` alone or « à compléter »; with another text it is the student's own."""
    arguments = error.args if isinstance(error, ast.Call) else []
    name = error.func if isinstance(error, ast.Call) else error
    if not (isinstance(name, ast.Name) and name.id == "NotImplementedError"):
        return False
    return not arguments or "compléter" in ast.unparse(arguments[0]).casefold()


def _name(released: ReleasedCell) -> str:
    return f"`{released.grade_id}`"


def _title_of(cell: Cell) -> str:
    """A question's title, since its id is not shown in Jupyter; else its id."""
    title = next((line for line in cell.source.splitlines() if line.startswith("#")), "").strip("# ")
    title = title.replace("« ", "“").replace(" »", "”")
    return f"« {title} »" if title else f"`{cell.grade_id}`"


def _described(released: ReleasedCell) -> str:
    role = _ROLE[released.kind]
    return f"{role}, {_points(released.points)}" if released.points else role


def _points(value: float) -> str:
    return f"{french_number(value)} point{'s' if value >= 2 else ''}"


def _list(names: Sequence[str]) -> str:
    """The names, as many as one can read."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" et {more} autre{'s' if more > 1 else ''}" if more > 0 else "")


# --- The run --------------------------------------------------------------------------------------------------


class Watch:
    """Follows a run: shows it while it happens, and keeps what is to be remarked.

    Attributes:
        earned, points: what the public tests gave, of how much.
    """

    def __init__(self, cells: Sequence[Cell], out: TextIO) -> None:
        self.cells, self.out = cells, out
        self.place = "le démarrage de Python"
        self.defined: dict[str, int] = {}  # by name, the first cell that defines it
        self.missing: dict[str, int] = {}  # by name, the first cell that lacks it
        self.failed: list[str] = []
        self.to_complete: list[str] = []
        self.unmet: list[str] = []
        self.undecided: list[str] = []
        self.death = ""
        self.earned = self.points = 0.0

    def follow(self, events: Iterable[Event]) -> None:
        """Show all ``events``.

        Raises:
            KeyboardInterrupt: on Ctrl-C, with the place where it happened.
        """
        try:
            for event in events:
                fields = {key: value for key, value in event.items() if key != "event"}
                getattr(self, f"_{event['event']}")(**fields)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self.place) from None

    def _begun(self) -> None:
        """The first cell comes."""

    def _cell(self, number: int) -> None:
        label = _label(self.cells[number - 1])
        self.place = f"la cellule [{number}] ({label})"
        shown = f"[{number}]"
        print(f"  {shown:>5} {label:<{LABEL}}", end="", file=self.out, flush=True)

    def _ran(self, number: int, seconds: float, error: Event | None, names: Sequence[str]) -> None:
        self.defined = {**dict.fromkeys(names, number), **self.defined}
        print(f" {seconds:6.1f} s".replace(".", ","), end="", file=self.out)
        print(f"  {_told_error(error)}" if error else "", file=self.out, flush=True)
        if not error:
            return
        if error["missing"]:
            self.missing.setdefault(error["missing"], number)
        elif _unfinished(error):
            self.to_complete.append(f"[{number}]")
        else:
            self.failed.append(f"[{number}] ({error['type']})")

    def _asked(self, exercise: str) -> None:
        self.place = f"les tests publics de `{exercise}`"
        self._passing(f"  Tests publics : {exercise} …")

    def _passing(self, text: str) -> None:
        """A line that the next one takes the place of."""
        if self.out.isatty():
            print(f"\r{text:<{LABEL}}", end="\r", file=self.out, flush=True)

    def _graded(self, exercise: str, score: float | None, points: float) -> None:
        self.earned, self.points = self.earned + (score or 0.0), self.points + points
        if score is None:
            self.undecided.append(f"`{exercise}`")
        elif score < points:
            self.unmet.append(exercise)

    def _overview(self, text: str) -> None:
        self._passing("")
        print(f"\n{text}", file=self.out)

    def _died(self, code: int, text: str) -> None:
        print("\n  Python s'est arrêté.", file=self.out)
        how = f"code {code}" if code >= 0 else _signal(-code)
        self.death = f"Python s'est arrêté pendant {self.place} : {how}. "
        if not self.cells or self.place.startswith("le démarrage"):
            self.death += f"Son dernier mot : {text.splitlines()[-1] if text else 'aucun'}"
        else:
            self.death += (
                "La suite n'a pas été exécutée. Retirez `exit`, `quit` ou `os._exit`, ou cherchez l'appel qui fait "
                "planter Python : à la correction, les exercices suivants seraient perdus."
            )

    def _end(self) -> None:
        """All is said."""

    def remarks(self) -> Iterator[Remark]:
        """What the run showed."""
        if self.death:
            yield Remark(self.death)
        for name, number in self.missing.items():
            yield Remark(self._about_missing(name, number))
        yield from _told(
            ("Cellules qui s'arrêtent sur une erreur, montrée plus haut : {}.", self.failed),
            ("Cellules qui s'arrêtent parce qu'un code est encore à compléter : {}.", self.to_complete),
        )
        if self.unmet:
            many = f"{len(self.unmet)} exercices" if len(self.unmet) > 1 else f"l'exercice `{self.unmet[0]}`"
            yield Remark(f"Les tests publics de {many} ne sont pas tous réussis (voir leur tableau).")
        if self.undecided:
            names = _list(self.undecided)
            yield Remark(
                f"Tests publics qui n'ont rien pu décider : {names}. Prévenez votre enseignant.", mend=False
            )

    def _about_missing(self, name: str, number: int) -> str:
        later = self.defined.get(name, 0)
        if later > number:
            return (
                f"La cellule [{number}] utilise `{name}`, qui n'est défini que plus bas, dans la cellule [{later}] : "
                "déplacez la définition avant son premier usage."
            )
        return (
            f"La cellule [{number}] utilise `{name}`, qu'aucune cellule exécutée sans erreur ne définit : faute de "
            "frappe, cellule effacée, ou reste d'une session précédente ?"
        )


def _label(cell: Cell) -> str:
    """The cell's id, or its first line that tells something."""
    lines = [line.strip() for line in cell.source.splitlines()]
    told = next((line for line in lines if len(line) > len("try:") and line[0] not in "#%\"'"), lines[0])
    label = cell.grade_id or told
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"


def _unfinished(error: Event) -> bool:
    return error["type"] == "NotImplementedError" and (
        not error["text"] or "compléter" in error["text"].casefold()
    )


def _told_error(error: Event) -> str:
    line = f" (ligne {error['line']}" if error["line"] else ""
    inside = f", dans `{error['function']}`" if error["function"] and line else ""
    place = f"{line}{inside})" if line else ""
    text = "à compléter" if _unfinished(error) else f"{error['type']} : {error['text']}".rstrip(" :")
    return f"✗ {text}{place}"


def _signal(number: int) -> str:
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


# --- What would be collected ----------------------------------------------------------------------------------


def _collected(path: Path, name: str, out: TextIO) -> list[Remark]:
    """Shows what would travel, and what would stay; returns what is wrong with it."""
    folder = path.parent
    wanted = f"{name}.ipynb" if name else path.name
    named = folder / wanted if (folder / wanted).is_file() else path
    print(f"  {named.name} ({_size(named.stat().st_size)})", file=out)
    entries = sorted((p for p in folder.iterdir() if p not in (path, named)), key=lambda p: p.name)
    staying = [p.name for p in entries if _stays(p)]
    travelling = [p for p in entries if not _stays(p)]
    remarks = list(_remarks_on_name(path, wanted))
    links = [p.name for p in travelling if p.is_symlink()]
    sizes = {p.name: _weigh(p) for p in travelling if not p.is_symlink()}
    for entry, (files, size) in list(sizes.items())[:SHOWN]:
        many = f"{files} fichier{'s' if files > 1 else ''}, " if (folder / entry).is_dir() else ""
        print(f"  {entry}{'/' if many else ''} ({many}{_size(size)})", file=out)
    if len(sizes) > SHOWN:
        print(f"  et {len(sizes) - SHOWN} autres", file=out)
    if staying:
        print(f"  Ne seraient pas collectés : {', '.join(staying)}", file=out)
    big = [f"{entry} ({_size(size)})" for entry, (_, size) in sizes.items() if size > MAX_BYTES]
    if big:
        remarks.append(
            Remark(f"Très gros : {_list(big)}. N'en rendez que ce que le sujet demande.", mend=False)
        )
    if links:
        remarks.append(
            Remark(
                f"Liens symboliques, qui ne seraient pas suivis : {_list(links)}. Mettez les fichiers eux-mêmes.",
                mend=False,
            )
        )
    return remarks


def _stays(path: Path) -> bool:
    return path.name in LEFT_OUT or path.suffix == ".pyc"


def _remarks_on_name(path: Path, wanted: str) -> Iterator[Remark]:
    if path.name == wanted:
        return
    if (path.parent / wanted).exists() and not (path.parent / wanted).samefile(path):
        yield Remark(f"C'est {wanted}, dans le même dossier, qui serait collecté, et non {path.name}.")
    else:
        found = locate(path.parent, Path(wanted).stem) == path  # graded all the same
        yield Remark(
            f"Le devoir attend le nom {wanted} : renommez {path.name} avant de rendre.", mend=not found
        )


def _weigh(path: Path) -> tuple[int, int]:
    """Number and size of the files at ``path``; links are not followed."""
    if not path.is_dir():
        return 1, path.stat().st_size
    files = size = 0
    for parent, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            files, size = files + 1, size + (Path(parent) / name).lstat().st_size
        if files > MANY_FILES:
            break
    return files, size


def _size(size: int) -> str:
    for unit, step in (("Go", 1e9), ("Mo", 1e6), ("ko", 1e3)):
        if size >= step:
            return f"{size / step:.1f}".replace(".", ",") + f" {unit}"
    return f"{size} octet{'s' if size > 1 else ''}"
