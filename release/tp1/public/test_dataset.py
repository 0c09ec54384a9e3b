"""Public suite of ``dataset``: three images of 2 x 3 pixels, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder import checks
from autograder.suite import points

# Only the last image reaches 16, the largest value of the array: the first two are dark.
IMAGES = np.array(
    [[[0, 4, 0], [0, 0, 4]], [[2, 2, 2], [0, 0, 0]], [[16, 0, 8], [0, 16, 0]]],
    dtype=np.uint8,
)
LABELS = np.array([7, 1, 3])
SECOND = torch.tensor([[0.125, 0.125, 0.125], [0, 0, 0]])
THIRD = torch.tensor([[1, 0, 0.5], [0, 1, 0]])


def read(dataset, index):
    item = dataset[index]
    pair = isinstance(item, tuple | list) and len(item) == 2
    assert pair, "`dataset[i]` doit être le couple (image, label)."
    return item


def image_of(dataset, index):
    return checks.tensor(read(dataset, index)[0], what=f"l'image de dataset[{index}]")


@points(1, "La longueur")
def test_the_length(student):
    """Trois images : la longueur vaut 3, quelle que soit leur taille."""
    found = len(student.DigitsDataset(IMAGES.copy(), LABELS.copy()))
    assert found == 3, f"len(dataset) vaut {found} pour trois images de 2 x 3 pixels."


@points(2, "La forme et le type d'une image")
def test_shape_and_type_of_an_image(student):
    """Un axe des canaux devant la hauteur et la largeur, et des nombres float32."""
    dataset = student.DigitsDataset(IMAGES.copy(), LABELS.copy())
    for index in range(3):
        image = image_of(dataset, index)
        checks.tensor(image, shape=(1, 2, 3), dtype=torch.float32, what=f"l'image de dataset[{index}]")


@points(3, "Les pixels d'une image claire et d'une image sombre")
def test_pixels_by_hand(student):
    """La plus grande valeur du tableau vaut 16 : un pixel à 2 devient 2/16, même si son image est sombre."""
    dataset = student.DigitsDataset(IMAGES.copy(), LABELS.copy())
    for index, expected in ((2, THIRD), (1, SECOND)):
        checks.close(image_of(dataset, index).squeeze(), expected, f"l'image de dataset[{index}]", fan_in=4)


@points(2, "Le label")
def test_the_label(student):
    """Le label est l'entier de même indice que l'image, sans axe."""
    dataset = student.DigitsDataset(IMAGES.copy(), LABELS.copy())
    for index in range(3):
        label = read(dataset, index)[1]
        scalar = np.ndim(label) == 0 and not isinstance(label, float | np.floating)
        floating = isinstance(label, torch.Tensor) and label.is_floating_point()
        assert scalar and not floating, "Le label doit être un entier, sans axe."
        assert int(label) == int(LABELS[index]), f"Le label de dataset[{index}] n'est pas celui de son image."


@points(2, "Une transformation, à chaque lecture")
def test_a_transform(student):
    """`transform` reçoit l'image mise à l'échelle, et son résultat est l'image de l'item."""
    results = [torch.full((1, 2, 3), value) for value in (-1.0, 2.0)]
    recorder = student.make("RecordingTransform", results)
    dataset = student.DigitsDataset(IMAGES.copy(), LABELS.copy(), recorder)
    for read_number, result in enumerate(results, start=1):
        checks.equal(
            image_of(dataset, 2), result, f"l'image de dataset[2] transformée, à la lecture {read_number}"
        )
    received = recorder.received
    assert received, "`transform` n'a pas été appelé."
    image = checks.tensor(
        received[-1], shape=(1, 2, 3), dtype=torch.float32, what="ce que reçoit `transform`"
    )
    checks.close(image[0], THIRD, "l'image que reçoit `transform`", fan_in=4)


@points(1, "Une boucle for s'arrête")
def test_reading_past_the_end(student):
    """Après le dernier item, `dataset[i]` lève IndexError."""
    dataset = student.DigitsDataset(IMAGES.copy(), LABELS.copy())
    with pytest.raises(IndexError):
        dataset[3]
    items = student.at("builtins.list")(student.at("itertools.islice")(dataset, 5))
    assert len(items) == 3, f"Une boucle for lit {len(items)} items pour trois images."
