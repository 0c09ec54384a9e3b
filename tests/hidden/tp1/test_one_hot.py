"""Hidden suite of ``one_hot``: exact values, C as given, labels out of range. No random check: alpha = 0.

The ready-made function leaves no operation of its own in the dispatcher (it scatters, as one may by hand), so the
second half of the gate puts a spy in its place in the guest. It wraps the function: what calls it still works.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
import torch

from autograder import checks
from autograder.suite import gate, points
from reference.losses import one_hot as reference_one_hot

HOMES = ("torch.nn.functional", "torch._C._nn")


def shuffled_labels(count, classes):
    """Labels (N,) in random order, each of 0..classes-1 at least once where there are items enough."""
    rounds = [torch.randperm(classes) for _ in range(-(-count // classes))]
    return torch.cat(rounds)[:count][torch.randperm(count)]


def check_rows(student, labels, classes, what):
    """The values, whatever their dtype, which has a test of its own."""
    expected = reference_one_hot(labels, classes)
    found = checks.tensor(student.one_hot(labels.clone(), classes), shape=expected.shape, what=what)
    checks.equal(found, expected, what)


def check_refused(student, bad):
    """ValueError wherever the bad label stands among good ones."""
    good = shuffled_labels(6, 4)
    for place in (0, 3, 5):
        labels = good.clone()
        labels[place] = bad
        with pytest.raises(ValueError):  # noqa: PT011 (the text is free)
            student.one_hot(labels, 4)
    with pytest.raises(ValueError):  # noqa: PT011 (the text is free)
        student.one_hot(torch.tensor([bad]), 4)


def ready_made_calls(student, labels, classes):
    """How often ``student.one_hot`` calls torch's own."""
    homes = [student.at(path) for path in HOMES]
    ready_made = student.at("torch.nn.functional.one_hot")
    spy = student.handle(student.at("unittest.mock.Mock"), wraps=ready_made)
    try:
        for home in homes:
            home.one_hot = spy
        with suppress(Exception):  # what raises is for the other tests to say
            student.one_hot(labels, classes)
    finally:
        for home in homes:
            home.one_hot = ready_made
    return spy.call_count


@gate("Sans la fonction one_hot toute faite de PyTorch")
def test_no_ready_made_one_hot(student):
    """L'exercice demande de construire le codage (comparaison, indexation, scatter_, matrice identité...)."""
    used = student.forbidden(["one_hot"], ["one_hot"])
    assert not used, f"Fonctions interdites dans cet exercice : {', '.join(used)}."
    for labels, classes in ((shuffled_labels(7, 4), 4), (torch.zeros(1, dtype=torch.int64), 1)):
        calls = ready_made_calls(student, labels, classes)
        assert calls == 0, "Fonction interdite dans cet exercice : one_hot de PyTorch."


@points(3, "Un 1 dans la colonne de la classe")
def test_each_row_has_a_one_in_the_column_of_its_label(student):
    """Ligne i : 1 dans la colonne `labels[i]`, 0 partout ailleurs, quels que soient l'ordre et le nombre de classes."""
    for count, classes in ((9, 4), (5, 5), (30, 12)):
        labels = shuffled_labels(count, classes)
        check_rows(student, labels, classes, f"one_hot, {count} étiquettes et {classes} classes")


@points(2, "Le nombre de classes est donné")
def test_the_number_of_classes_is_the_one_given(student):
    """C colonnes, même si certaines classes manquent dans ce lot : ne déduisez pas C des étiquettes."""
    check_rows(student, shuffled_labels(7, 3), 6, "one_hot sans exemple des dernières classes")
    check_rows(student, 2 * shuffled_labels(7, 3), 5, "one_hot sans exemple de certaines classes")
    check_rows(student, 2 + shuffled_labels(7, 3), 5, "one_hot sans exemple des premières classes")


@points(2, "En virgule flottante")
def test_the_result_is_floating(student):
    """Les cibles d'une perte sont des réels : convertissez les booléens ou les entiers (`.float()`)."""
    labels = shuffled_labels(7, 4)
    found = checks.tensor(student.one_hot(labels.clone(), 4), shape=(7, 4), dtype="floating")
    checks.equal(found, reference_one_hot(labels, 4), "one_hot(labels, 4)")


@points(2, "ValueError pour une étiquette trop grande")
def test_a_label_too_large_is_refused(student):
    """La dernière classe est C-1 : C n'en est déjà plus une. C'est une ValueError qu'il faut lever."""
    check_rows(student, torch.tensor([3, 0, 3]), 4, "one_hot avec la plus grande étiquette permise")
    for bad in (4, 7, 1000):
        check_refused(student, bad)


@points(2, "ValueError pour une étiquette négative")
def test_a_negative_label_is_refused(student):
    """En Python, l'indice -1 désigne le dernier élément sans erreur : vérifiez d'abord les étiquettes."""
    check_rows(student, torch.tensor([0, 3, 0]), 4, "one_hot avec la plus petite étiquette permise")
    for bad in (-1, -4, -7):
        check_refused(student, bad)


@points(1, "Une seule étiquette, une seule classe")
def test_a_single_label_or_a_single_class_is_enough(student):
    """Le résultat garde ses deux axes, (N, C), même quand l'un d'eux est de taille 1."""
    check_rows(student, torch.tensor([2]), 4, "one_hot d'une seule étiquette")
    check_rows(student, torch.tensor([1]), 2, "one_hot d'une seule étiquette parmi deux")
    check_rows(student, torch.zeros(5, dtype=torch.int64), 1, "one_hot pour une seule classe")
    check_rows(student, torch.zeros(1, dtype=torch.int64), 1, "one_hot d'une étiquette, une classe")
