"""The documentation does what it says: every command block is run, and the site builds and loads nothing.

A page is read from top to bottom, as a new user would, in a scratch clone whose course is cut to one exercise. A
block of commands (``sh``) runs where the block before it ended. A comment on the line before a block says what the
block cannot:

* ``<!-- file: PATH -->``: the block is that file, written before what follows runs;
* ``<!-- exit code: N -->``: the commands end with this code;
* ``<!-- not run: REASON -->``: they are not run; ``NOT_RUN`` lists them all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.course import Course

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)]
COMMANDS = ("sh", "bash", "console", "shell")
MARKER = re.compile(r"<!-- (file|exit code|not run): (.+) -->")

NOT_RUN = {
    ("README.md", "make demo"),
    ("README.md", "pip install ."),
    ("docs/first-class.md", "git clone"),
    ("README.md", "autograder worker"),
    ("docs/operate.md", "pip install 'psycopg[binary]'"),
    ("docs/operate.md", "pip install 'torch-autograder[cluster]'"),
    ("docs/operate.md", "dask scheduler --port 8786 --no-dashboard --dashboard-address"),  # TLS
    (
        "docs/operate.md",
        "dask scheduler --port 8786 --no-dashboard --dashboard-address 127.0.0.1:0 --tls-ca-file",
    ),  # Slurm
    ("docs/operate.md", "docker build"),
    ("docs/ci/README.md", "docker run"),
    ("docs/gpu.md", "autograder calibrate tp2 --device cuda"),
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the marker on the line before it, if there is one."""

    line: int
    language: str
    text: str
    marker: str = ""
    argument: str = ""

    @property
    def runs(self) -> bool:
        return self.language in COMMANDS and self.marker != "not run"

    @property
    def code(self) -> int:
        """The exit code that the page announces."""
        return int(self.argument) if self.marker == "exit code" else 0


def blocks(text: str) -> Iterator[Block]:
    """All fenced blocks of a page."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if not line.lstrip().startswith("```"):
            continue
        if start is None:
            start = number
            continue
        marker = MARKER.fullmatch(lines[start - 1]) if start else None
        kind, argument = marker.groups() if marker else ("", "")
        body = "".join(f"{x}\n" for x in lines[start + 1 : number])
        yield Block(start + 1, lines[start].strip().removeprefix("```"), body, kind, argument)
        start = None
    assert start is None, f"the block of line {(start or 0) + 1} has no end"


def follow(text: str, folder: Path, state: Path) -> int:
    """Do what a page says, from ``folder`` on; returns how many blocks were run.

    Raises:
        AssertionError: at the first block that does not end as announced, with its line and all that it printed.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = 0
    for block in blocks(text):
        if block.marker == "file":
            (folder / block.argument).write_text(block.text, encoding="utf-8")
        if not block.runs:
            continue
        script = f"trap 'pwd > \"{state}\"' EXIT\n{block.text}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said = f"line {block.line}, exit code {done.returncode}:\n{block.text}\n{done.stdout}"
        assert done.returncode == block.code, said
        folder = Path(state.read_text().strip())
        ran += 1
    return ran


# --- Where pages start ----------------------------------------------------------------------------------------


def clone(folder: Path) -> Path:
    """What a clone of this repository has of the course, cut to ``softmax`` and a bank of three variants."""
    ours = Course(ROOT)
    made = folder / "torch-autograder"
    for part in (ours.public("tp1") / "test_softmax.py", ours.hidden("tp1") / "test_softmax.py"):
        _copy(part, made)
    shutil.copytree(ROOT / "reference", made / "reference", ignore=shutil.ignore_patterns("__pycache__"))
    _copy(ROOT / "nbgrader_config.py", made)
    document = json.loads((ours.source("tp1") / "tp1.ipynb").read_text(encoding="utf-8"))
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in document["cells"]]
    document["cells"] = document["cells"][: ids.index("softmax") + 1]
    (made / "source/tp1/tp1.ipynb").write_text(json.dumps(document), encoding="utf-8")
    _cut_bank(ours.hidden("tp1") / "bank/softmax.py", made / "tests/hidden/tp1/bank/softmax.py")
    return made


def _copy(path: Path, to: Path) -> None:
    target = to / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def _cut_bank(bank: Path, to: Path) -> None:
    head, *variants = re.split(r"^(?=# %% )", bank.read_text(encoding="utf-8"), flags=re.MULTILINE)
    mutants = [v for v in variants if v.startswith("# %% mutant")]
    accepted = [v for v in variants if v.startswith("# %% accepted")]
    to.parent.mkdir()
    to.write_text(head + "".join([*mutants[:2], *accepted[:1]]), encoding="utf-8")


def with_a_class(folder: Path) -> Path:
    """A clone in which Ana has handed in, a notebook lies beside the course, and Moodle has given its worksheet."""
    made = clone(folder)
    submitted = made / "submitted/ana/tp1/tp1.ipynb"
    submitted.parent.mkdir(parents=True)
    for copy in (submitted, made / "F.ipynb"):
        shutil.copy(made / "source/tp1/tp1.ipynb", copy)
    (made / "Notes.csv").write_text(
        "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments\n"
        "Participant 1,Ana,ana,,Submitted,,5.00,Yes,-,-,\n",
        encoding="utf-8",
    )
    return made


def on_a_runner(folder: Path) -> Path:
    """A student's repository, checked out beside the course."""
    course = clone(folder).rename(folder / "course")
    student = folder / "student"
    student.mkdir()
    shutil.copy(course / "source/tp1/tp1.ipynb", student)
    return student


STARTS: dict[str, Callable[[Path], Path]] = {
    "README.md": with_a_class,
    "docs/operate.md": with_a_class,
    "docs/ci/README.md": on_a_runner,
}


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _runs(page: Path) -> bool:
    return any(block.runs for block in blocks(page.read_text(encoding="utf-8")))


FOLLOWED = [page for page in PAGES if _runs(page)]


@pytest.fixture(scope="module")
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Pages as they are being followed, two at a time: most of that is waiting for torch to be imported."""

    def done(page: Path, folder: Path) -> int:
        start = STARTS.get(name(page), clone)(folder)
        return follow(page.read_text(encoding="utf-8"), start, folder / "folder")

    asked = {
        item.callspec.params["page"] for item in request.session.items if "followed" in item.fixturenames
    }
    with ThreadPoolExecutor(2) as pool:
        yield {page: pool.submit(done, page, tmp_path_factory.mktemp(page.stem)) for page in asked}


@pytest.mark.parametrize("page", FOLLOWED, ids=name)
def test_a_new_user_can_do_what_a_page_says(page: Path, followed: dict[Path, Future[int]]):
    assert followed[page].result()


# --- What is not run ------------------------------------------------------------------------------------------


def test_the_few_blocks_that_are_not_run_are_known_and_say_why():
    found = [
        (name(page), block)
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.marker == "not run"
    ]
    assert len(found) == len(NOT_RUN)
    for page, start in NOT_RUN:
        assert any(where == page and block.text.startswith(start) for where, block in found), (page, start)
    assert all(len(block.argument.split()) >= 3 for _, block in found)


def test_a_comment_before_a_block_is_a_marker_that_this_test_understands():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for comment in re.findall(r"^(<!--.*)\n```", text, flags=re.MULTILINE):
            assert MARKER.fullmatch(comment), f"{name(page)}: {comment}"


# --- The reader of pages itself -------------------------------------------------------------------------------

PAGE = """
```sh
mkdir made && cd made
```

<!-- file: words.txt -->
```
two words
```

<!-- exit code: 3 -->
```sh
grep -q "two words" words.txt
exit 3
```

<!-- not run: it would fail -->
```sh
false
```
"""


def test_blocks_run_in_order_in_the_folder_that_the_page_has_reached(tmp_path: Path):
    assert follow(PAGE, tmp_path, tmp_path / "folder") == 2
    assert (tmp_path / "made/words.txt").read_text() == "two words\n"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("<!-- not run: it would fail -->\n", "", "line 17, exit code 1"),
        ("exit code: 3", "exit code: 2", "line 12, exit code 3"),
        ("two words\n```", "two other words\n```", "line 12, exit code 1"),
        ("mkdir made && cd made", "false | true", "line 2, exit code 1"),
    ],
)
def test_a_block_that_does_not_end_as_announced_fails(tmp_path: Path, before: str, after: str, told: str):
    assert before in PAGE
    with pytest.raises(AssertionError, match=told):
        follow(PAGE.replace(before, after), tmp_path, tmp_path / "folder")


# --- The site -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning is an error, as in ``make docs``."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*command, "-d", f"{built}/doctrees", "docs", f"{built}/html"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return built / "html"


def test_the_site_has_a_page_for_each_page_of_the_docs(site: Path):
    for page in PAGES[1:]:
        assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").exists()


def test_the_site_documents_every_public_check(site: Path):
    from autograder import checks

    page = (site / "api/checks.html").read_text(encoding="utf-8")
    missing = [check for check in checks.__all__ if f'id="autograder.checks.{check}"' not in page]
    assert checks.__all__ and not missing


def test_no_page_of_the_site_loads_anything_from_the_network(site: Path):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg")]
    assert {path.suffix for path in files} >= {".html", ".css", ".js"}
    for path in files:
        found = list(loaded(path.read_text(encoding="utf-8"), path.suffix))
        assert not [address for address in found if REMOTE.match(address)], path


REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
IN_SCRIPT = re.compile(
    r"['\"`](?!http://www\.w3\.org/2000/svg)((?:https?:)?//\w[^'\"`]*)"
)  # a namespace is a name


def loaded(text: str, suffix: str) -> list[str]:
    """Addresses of what a file makes a browser load; in scripts every address that they hold."""
    if suffix == ".js":
        return IN_SCRIPT.findall(text)
    found = [one or other for one, other in IN_STYLE.findall(text)]
    if suffix != ".css":
        reader = Loads()
        reader.feed(text)
        found += reader.found
    return found


class Loads(HTMLParser):
    """Collects what the elements of a document load. Links that a reader clicks are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts = tag == "script"
        for attribute, value in attrs:
            clicked = attribute.endswith("href") and tag == "a"
            if attribute in ("src", "data", "poster", "href", "xlink:href") and value and not clicked:
                self.found.append(value)
            elif attribute == "srcset" and value:
                self.found += [part.split()[0] for part in value.split(",")]

    def handle_data(self, data: str) -> None:
        if self.scripts:
            self.found += IN_SCRIPT.findall(data)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("<script src='https://example.org/x.js'></script>", ".html"),
        ("<script>import('https://example.org/x.js')</script>", ".html"),
        ("<link rel=stylesheet href=//example.org/x.css>", ".html"),
        ("<img srcset='a.png 1x, https://example.org/b.png 2x'>", ".html"),
        ("<p style=\"background: url('https://example.org/b.png')\">", ".html"),
        ("@import 'https://example.org/font.css'", ".css"),
        ("fetch('https://example.org/')", ".js"),
    ],
)
def test_what_would_be_loaded_is_found(text: str, suffix: str):
    assert any(REMOTE.match(address) for address in loaded(text, suffix))
    assert not any(
        REMOTE.match(address) for address in loaded(text.replace("https:", "").replace("//", "/"), suffix)
    )
