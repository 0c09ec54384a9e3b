"""Hidden suite of ``dataset``. No random check: alpha = 0.

Pixels are random, so that an image says which one it is; N, H and W differ. One test compares pixels one by one, one
asks for shape and format; the others compare mean grey levels of several items, which show a wrong scale or a wrong
item in any shape and format, so that one mistake costs one test. What ``transform`` gets is recorded by a stand-in.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder import checks
from autograder.errors import CheckFailed
from autograder.suite import points
from reference.datasets import DigitsDataset as ReferenceDataset

N, H, W = 23, 6, 4
EVERY_THIRD = range(0, N, 3)
DARK = 5  # grey level that no pixel of a dark image exceeds


def grey_images(white=16, shape=(N, H, W)):
    """Random grey levels 0..white (N, H, W); every image has a white pixel."""
    images = np.random.randint(0, white, shape, dtype=np.uint8)
    for image in images:
        image[np.random.randint(shape[1]), np.random.randint(shape[2])] = white
    return images


def mostly_dark(bright, white):
    """As ``grey_images``, but only the image number ``bright`` exceeds ``DARK``."""
    images = grey_images(white)
    for index, image in enumerate(images):
        if index != bright:
            image[...] = np.random.randint(0, DARK, (H, W))
            image[np.random.randint(H), np.random.randint(W)] = DARK
    return images


def classes(dtype=np.int64):
    return np.random.randint(0, 10, N).astype(dtype)


def read(dataset, index):
    """Image and label of one item."""
    item = dataset[index]
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise CheckFailed("Un item doit être le couple (image, label).")
    return item


def pixels(dataset, index):
    """The image of an item, in any format and with any axes."""
    image, _ = read(dataset, index)
    image = torch.as_tensor(image) if isinstance(image, np.ndarray) else image
    return checks.finite(checks.tensor(image, what="l'image d'un item"), "l'image d'un item")


def scaled(images, index):
    """The image (H, W) that item ``index`` should hold, in float64."""
    image, _ = ReferenceDataset(images, np.zeros(len(images), dtype=np.int64))[index]
    return image[0].double()


def check_levels(dataset, images, indices, what, sign=1):
    """Mean grey levels of items, in any shape and format."""
    found = torch.stack([pixels(dataset, index).double().mean() for index in indices])
    expected = torch.stack([sign * scaled(images, index).mean() for index in indices])
    checks.close(found, expected, what, fan_in=H * W, dtype=torch.float32)


def class_of(label):
    """``label`` as an int, if it is a whole number without axes."""
    if isinstance(label, torch.Tensor | np.ndarray | np.generic):
        whole = not (
            label.is_floating_point() if isinstance(label, torch.Tensor) else label.dtype.kind == "f"
        )
        if label.ndim == 0 and whole and "bool" not in str(label.dtype):
            return int(label)
    elif isinstance(label, int) and not isinstance(label, bool):
        return label
    raise CheckFailed(
        "Le label d'un item doit être un entier : int, entier NumPy ou tenseur entier sans axe."
    )


@points(1, "Autant d'items que d'images")
def test_the_length_is_the_number_of_images(student):
    """`len(dataset)` est le nombre d'images N, quelle que soit leur taille."""
    for shape in ((N, H, W), (1, 7, 3), (40, 2, 5)):
        labels = np.random.randint(0, 10, shape[0])
        dataset = student.DigitsDataset(grey_images(shape=shape), labels)
        found = len(dataset)
        assert found == shape[0], (
            f"len(dataset) vaut {found} pour {shape[0]} images de {shape[1]} x {shape[2]}."
        )
        read(dataset, 0)  # an array of images has that length too, and is no dataset


@points(4, "L'image demandée, mise à l'échelle")
def test_an_item_is_the_scaled_image_of_that_index(student):
    """`dataset[i]` est l'image numéro i, divisée par la plus grande valeur du tableau : ses pixels vont de 0 à 1."""
    images = grey_images()
    dataset = student.DigitsDataset(images.copy(), classes())
    order = np.random.permutation(N)  # not from the first to the last: each read stands alone
    for index in order.tolist():
        image = pixels(dataset, index).squeeze()
        what = "les pixels d'un item (images de 16 niveaux), sans ses axes de taille 1"
        checks.close(image, scaled(images, index), what, fan_in=4, dtype=torch.float32)


@points(3, "Le label de l'image demandée")
def test_the_label_is_the_class_of_that_image(student):
    """Image et label d'un item ont le même indice ; le label est un entier, ni flottant, ni vecteur."""
    for dtype in (np.int64, np.int32, np.uint8):
        labels = classes(dtype)
        dataset = student.DigitsDataset(grey_images(), labels.copy())
        for index in np.random.permutation(N).tolist():
            right = class_of(read(dataset, index)[1]) == int(labels[index])
            assert right, f"Le label d'un item n'est pas celui de son image (labels {np.dtype(dtype).name})."


@points(3, "Un tenseur float32 avec un axe des canaux")
def test_an_image_is_a_float32_tensor_with_a_channel_axis(student):
    """L'image d'un item est un tenseur float32 de forme (1, H, W) : le canal d'abord, même s'il n'y en a qu'un."""
    for white in (16, 255):
        images = grey_images(white)
        dataset = student.DigitsDataset(images.copy(), classes())
        for index in (N - 1, 0, 7):
            image, _ = read(dataset, index)
            checks.tensor(image, shape=(1, H, W), dtype=torch.float32, what="l'image d'un item")
            checks.finite(image, "l'image d'un item")
            contrast = float(image.mean() / max(float(image.max()), 1e-30))  # scale has its own test
            what = "le niveau moyen d'une image, rapporté à son maximum"
            checks.close(contrast, scaled(images, index).mean(), what, fan_in=H * W, dtype=torch.float32)


@points(3, "Une échelle pour tout le tableau")
def test_the_whole_array_decides_on_the_scale(student):
    """Le maximum se prend sur toutes les images : une image sombre reste sombre, à côté d'une image claire."""
    for white in (16, 255):
        for bright in (N - 1, 0, 11):
            images = mostly_dark(bright, white)
            dataset = student.DigitsDataset(images.copy(), classes())
            what = f"le niveau moyen des items (une image claire parmi {N}, {white} le plus grand niveau)"
            check_levels(dataset, images, (bright, 3, N - 2), what)


@points(3, "transform reçoit l'image mise à l'échelle")
def test_the_transform_gets_the_scaled_float32_image(student):
    """Mettez à l'échelle d'abord, transformez ensuite : `transform` reçoit un tenseur float32 (1, H, W) dans [0, 1]."""
    for white in (16, 255):
        images, recorder = grey_images(white), student.make("RecordingTransform", [torch.rand(1, H, W)])
        dataset = student.DigitsDataset(images.copy(), classes(), recorder)
        for index in (4, N - 1, 0):
            read(dataset, index)
            received = recorder.received
            assert received, "`transform` n'a pas été appelé à la lecture d'un item."
            image = checks.tensor(
                received[-1], shape=(1, H, W), dtype=torch.float32, what="ce que reçoit `transform`"
            )
            what = "l'image que reçoit `transform`"
            checks.close(image[0], scaled(images, index), what, fan_in=4, dtype=torch.float32)


@points(3, "L'item est ce que transform renvoie")
def test_an_item_is_what_the_transform_returns(student):
    """Renvoyez le résultat de `transform` tel quel : ni borné, ni remis à l'échelle, ni changé de forme."""
    results = [3 * torch.randn(shape) for shape in ((1, H, W), (1, 2 * H, W), (2, 5, 3))]
    recorder = student.make("RecordingTransform", results)
    dataset = student.DigitsDataset(grey_images(), classes(), transform=recorder)
    for index, result in zip((2, N - 1, 9), results, strict=True):
        image = checks.tensor(
            read(dataset, index)[0], shape=result.shape, what="l'image d'un item transformé"
        )
        checks.equal(image, result, "l'image d'un item, comparée à ce que `transform` a renvoyé")


@points(2, "transform à chaque lecture")
def test_the_transform_is_called_once_at_each_read(student):
    """L'augmentation tire au hasard : lire trois fois le même item appelle `transform` trois fois, sans rien garder."""
    results = [torch.rand(1, H, W) for _ in range(6)]
    recorder = student.make("RecordingTransform", results)
    dataset = student.DigitsDataset(grey_images(), classes(), recorder)
    before = len(recorder.received)
    for number, index in enumerate((5, 5, 5, 1, 5)):
        image, _ = read(dataset, index)
        calls = len(recorder.received) - before
        assert calls == number + 1, f"{calls} appels de `transform` pour {number + 1} lectures."
        expected = results[(before + number) % len(results)]
        what = "l'image d'un item relu, comparée à ce que `transform` vient de renvoyer"
        checks.equal(checks.tensor(image).reshape(-1), expected.reshape(-1), what)


@points(2, "Une boucle for s'arrête")
def test_reading_past_the_end_raises_an_index_error(student):
    """Au-delà du dernier item, levez IndexError (NumPy le fait pour vous) : la boucle `for` s'arrête ainsi."""
    dataset = student.DigitsDataset(grey_images(), classes())
    for index in (N, N + 1, 10 * N):
        with pytest.raises(IndexError):
            dataset[index]
    items = student.at("builtins.list")(student.at("itertools.islice")(dataset, N + 3))
    assert len(items) == N, f"`for x, y in dataset` donne {_told(items)} pour {N} images."
    read(dataset, 0)  # an array of images stops there too, and is no dataset


def _told(items):
    return "trop d'items" if len(items) > N else f"{len(items)} items"


@points(1, "Les tableaux reçus restent intacts")
def test_the_arrays_are_never_changed(student):
    """Travaillez sur des copies : les tableaux appartiennent à l'appelant, à la construction comme à la lecture."""
    images, labels = grey_images(), classes()
    kept_images, kept_labels = student.keep(images), student.keep(labels)
    for transform in (None, student.at("torch.Tensor.zero_")):
        dataset = student.DigitsDataset(kept_images, kept_labels, transform)
        for index in range(N):
            read(dataset, index)
        checks.equal(kept_images.copy(), images, "le tableau d'images de l'appelant")
        checks.equal(kept_labels.copy(), labels, "le tableau de labels de l'appelant")
    dataset = student.DigitsDataset(kept_images, kept_labels)
    check_levels(dataset, images, EVERY_THIRD, "le niveau moyen des items")


@points(1, "Chaque lecture repart de l'original")
def test_a_transform_that_works_in_place_spoils_nothing(student):
    """`transform` peut modifier sur place le tenseur qu'il reçoit : donnez-lui à chaque fois un tenseur neuf."""
    images = grey_images()
    dataset = student.DigitsDataset(images.copy(), classes(), student.at("torch.Tensor.neg_"))
    what = "le niveau moyen d'items relus, transformés sur place à chaque lecture"
    check_levels(dataset, images, (6, 6, N - 1, 6, N - 1), what, sign=-1)


@points(1, "Deux jeux de données ne partagent rien")
def test_two_datasets_share_nothing(student):
    """Gardez images, labels et `transform` dans `self`, pas dans la classe : le jeu de test n'est pas augmenté."""
    first, second = grey_images(16), grey_images(255)[:, ::-1].copy()
    recorder = student.make("RecordingTransform", [torch.zeros(1, H, W)])
    train = student.DigitsDataset(first.copy(), classes(), recorder)
    test = student.DigitsDataset(second.copy(), classes())
    check_levels(
        test, second, (0, 8), "le niveau moyen des items d'un second jeu de données, sans `transform`"
    )
    plain = student.DigitsDataset(first.copy(), classes())
    student.DigitsDataset(second.copy(), classes(), recorder)
    check_levels(
        plain, first, (0, 8), "le niveau moyen des items, une fois d'autres jeux de données construits"
    )
    black = pixels(train, 3)
    assert not bool(black.any()), "Un jeu de données construit avec `transform` ne l'applique plus."
