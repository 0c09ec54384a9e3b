"""The table of the attack corpus in docs/security.md says what there is."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import (
    test_damaged_files,
    test_forging,
    test_hostile_class,
    test_our_faults,
    test_poisoning,
    test_reading,
    test_surviving,
    test_wire_attacks,
)

DOCS = Path(__file__).resolve().parent.parent.parent / "docs/security.md"

FAMILIES = {
    "forging": (
        [test_forging.FORGED_DOUBLE, test_forging.VALUES, test_forging.EXCEPTIONS],
        "`test_forging.py`",
        "0 where it forges, all points beside it; the same forgeries earn everything in a cell that decides inside",
    ),
    "reading and escaping": (
        [test_reading.ATTACKS, test_reading.RAISED, test_reading.PLACES, test_reading.SPELLED],
        "`test_reading.py`",
        "the system refuses (without confinement each succeeds); no hidden input reaches an output or a message",
    ),
    "killing and flooding": (
        [test_surviving.CRASHES, test_surviving.HOSTILE_MESSAGES],
        "`test_surviving.py`",
        "its own exercise earns nothing, in a cell as in a call; exercises behind it are reached; nothing is left",
    ),
    "hanging": (
        [test_hostile_class.HANGING, test_hostile_class.WAITING],
        "`test_hostile_class.py`",
        "0 for that exercise, or a human where it only waits; feedback says why; classmates' grades are as alone",
    ),
    "starving": ([test_hostile_class.STARVING], "`test_hostile_class.py`", "as hanging"),
    "lying on the wire": (
        [test_wire_attacks.ATTACKS, test_wire_attacks.RAW_ATTACKS],
        "`test_wire_attacks.py`",
        "the test that was answered so fails, and is never ungraded",
    ),
    "poisoning": (
        [test_poisoning.POISONS, test_poisoning.MODULES],
        "`test_poisoning.py`",
        "nothing reaches the next submission or a process of ours; each works where nothing separates",
    ),
    "damaged files": (
        [test_damaged_files.DAMAGES, test_forging.DAMAGES],
        "`test_damaged_files.py`, `test_forging.py`",
        "what can be read is graded, what cannot goes to a human, what is absent is 0; the class goes on",
    ),
    "tricks in names": (
        [test_damaged_files.BESIDE, test_damaged_files.NAMES],
        "`test_damaged_files.py`",
        "right work keeps its points, in the gradebook too",
    ),
    "faults on our side": (
        [test_our_faults.INTERRUPTS, test_our_faults.MOMENTS, test_surviving.BROKEN_SUITES],
        "`test_our_faults.py`, `test_surviving.py`",
        "ungraded, never 0; nothing lost, nothing doubled; a second run goes on",
    ),
}


def test_the_docs_count_the_corpus_as_it_is():
    text = DOCS.read_text(encoding="utf-8")
    for family, (tables, files, expected) in FAMILIES.items():
        row = f"| {family} | {sum(map(len, tables))} | {files} | {expected} |"
        assert row in text, f"docs/security.md should have this line:\n{row}"
    total = sum(len(table) for tables, *_ in FAMILIES.values() for table in tables)
    assert f"{total} attacks and faults" in text, total
