"""Architectures that must be written, not taken from torchvision.

As for forbidden operations there are two witnesses. The cells are read in the grader: that half cannot be forged, but
does not see what a program builds from strings. What torchvision's networks dispatch is what anybody's do, so the other
half notes whether code of ``torchvision.models`` runs while the student's network is built, and whether the network is
made of its classes: the guest attests that. Nothing is random: alpha = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from autograder.errors import CheckFailed
from autograder.probe import Student

__all__ = ["own_architecture"]

PACKAGE = "torchvision.models"
CODE_OF = "autograder.standins.code_of"
# Last components of the names by which networks and blocks of torchvision are reached. Its helpers (conv3x3) and the
# modules vgg, resnet, fcn are left out: students call their own layers so, and what is in them has a name here.
READY_MADE = (
    *("models", "get_model", "get_model_builder", "alexnet", "AlexNet", "VGG"),
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    *("BasicBlock", "Bottleneck", "ResNet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
    *("FCN", "FCNHead", "fcn_resnet50", "fcn_resnet101", "DeepLabV3", "DeepLabHead", "LRASPP", "LRASPPHead"),
    *("deeplabv3_resnet50", "deeplabv3_resnet101", "deeplabv3_mobilenet_v3_large"),
    "lraspp_mobilenet_v3_large",
)


def own_architecture(student: Student, roots: Sequence[str], builds: Iterable[partial[Any]]) -> None:
    """Neither the code reachable from ``roots`` nor any of ``builds`` uses ``torchvision.models``: the body of a gate.

    roots: the names that the exercise asks for. builds: ``partial(student.vgg, [8, "M"])`` for each network to watch;
    give what the exercise's other tests build. What the student's code raises is for these tests to say.
    """
    used = student.forbidden(roots, READY_MADE)
    if used:
        raise CheckFailed(f"Interdit dans cet exercice : {', '.join(used)}.")
    for build in builds:
        watched: Any = build.func  # a handle
        found: object = []
        with suppress(Exception):
            found = student.at(CODE_OF)(PACKAGE, watched, *build.args, **build.keywords)
        if found:
            raise CheckFailed(f"Interdit dans cet exercice : le réseau est construit par {PACKAGE}.")
