from __future__ import annotations

import json

import pytest

from autograder.bank import Sort, read_bank, read_source, with_variants
from autograder.errors import InstructorError
from tests.courses import cell, graded, notebook, solution, write

BANK = """# Un commentaire avant le premier variant.

# %% mutant: batch axis
# killed by test_each_row
# Normalise sur le lot au lieu des classes.
# Une seconde remarque.
import torch

def softmax(logits, dim=-1):
    return logits


# %%   accepted :  log space
def softmax(logits, dim=-1):
    # un commentaire dans le code
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()
"""


def bank(tmp_path, text=BANK):
    return write(tmp_path / "bank/softmax.py", text)


def test_a_bank_is_read_cell_by_cell(tmp_path):
    mutant, accepted = read_bank(bank(tmp_path))
    assert (mutant.exercise, mutant.name, mutant.sort) == ("softmax", "batch axis", Sort.MUTANT)
    assert mutant.killed_by == "test_each_row"
    assert mutant.diagnosis == "Normalise sur le lot au lieu des classes."
    assert "def softmax" in mutant.text and mutant.text.endswith("return logits")
    assert (mutant.file, mutant.line) == ((tmp_path / "bank/softmax.py").resolve(), 3)
    assert (accepted.name, accepted.sort, accepted.line) == ("log space", Sort.ACCEPTED, 13)
    assert (accepted.killed_by, accepted.diagnosis) == ("", "")


@pytest.mark.parametrize("head", ["# %% wrong: x", "# %% mutant x", "# %%", "# %% mutant:", "# %% Mutant: x"])
def test_a_head_that_cannot_be_read_is_named_with_its_line(tmp_path, head):
    with pytest.raises(InstructorError, match=r"softmax\.py, line 2: expected `# %% mutant: name`") as caught:
        read_bank(bank(tmp_path, f"\n{head}\nx = 1\n"))
    assert repr(head) in str(caught.value)


def test_a_name_may_stand_only_once(tmp_path):
    text = "# %% mutant: a\nx = 1\n# %% accepted: a\nx = 2\n"
    with pytest.raises(InstructorError, match="`a` stands in line 1 and in line 3"):
        read_bank(bank(tmp_path, text))


def test_an_empty_bank_is_refused(tmp_path):
    with pytest.raises(InstructorError, match="holds no variant"):
        read_bank(bank(tmp_path, "x = 1\n"))


def source():
    cells = [
        solution("def softmax(x):\n    return x", "softmax_solution"),
        graded('check("softmax")', "softmax"),
        cell("softmax_solution = 1"),
    ]
    return json.loads(notebook(cells))


def test_a_variant_overrides_the_solution_in_a_copy(tmp_path):
    before = source()
    mutant, accepted = read_bank(bank(tmp_path))
    changed = with_variants(before, [mutant, accepted])
    assert before == source()
    text = changed["cells"][0]["source"]
    assert text.index("return x\n") < text.index(mutant.text) < text.index(accepted.text)
    assert changed["cells"][1:] == before["cells"][1:]
    names = {}
    exec(with_variants(before, [mutant])["cells"][0]["source"], names)
    assert names["softmax"]("logits", 3) == "logits"


def test_a_source_kept_as_lines_is_joined(tmp_path):
    lines = source()
    lines["cells"][0]["source"] = ["a = 1\n", "b = 2"]
    (mutant, _) = read_bank(bank(tmp_path))
    assert with_variants(lines, [mutant])["cells"][0]["source"].startswith(f"a = 1\nb = 2\n\n{mutant.text}")


def test_a_bank_needs_the_solution_cell_of_its_exercise(tmp_path):
    variants = list(read_bank(bank(tmp_path)))
    with pytest.raises(InstructorError, match="has no solution cell `softmax_solution`"):
        with_variants({"cells": source()["cells"][1:]}, variants)


def test_a_source_notebook_is_read_as_it_is(tmp_path):
    path = write(tmp_path / "tp1.ipynb", json.dumps(source(), ensure_ascii=False))
    assert read_source(path) == source()
