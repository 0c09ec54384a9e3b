"""Ready-made architectures: each way to torchvision's networks is found, one's own network never."""

from __future__ import annotations

from functools import partial

import pytest
from torchvision import models
from torchvision.models import resnet, segmentation

from autograder import checks
from autograder.checks.architectures import READY_MADE
from autograder.errors import CheckFailed
from autograder.probe import local_student

HEAD = "import importlib\nimport torchvision\nfrom torch import nn\n"
OWN = """
class BasicBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.vgg = nn.Conv2d(3, width, 3)

def net(width=4):
    return nn.Sequential(BasicBlock(width), nn.ReLU())
"""


def student(source, *before):
    namespace: dict[str, object] = {}
    for cell in (HEAD, *before, source):
        exec(cell, namespace)
    return local_student(namespace, [HEAD, *before, source])


def examine(found):
    checks.own_architecture(found, ["net"], [partial(found.net, 4)])


@pytest.mark.parametrize(
    "source",
    [
        OWN,
        "from torchvision import ops\ndef net(width=4):\n    return ops.Conv2dNormActivation(3, width)\n",
        "def net(width=4):\n    raise NotImplementedError\n",
        "def net(width=4):\n    return None\n",
    ],
)
def test_what_torchvision_did_not_build_passes(source):
    examine(student(source))


@pytest.mark.parametrize(
    "source",
    [
        "def net(width=4):\n    return torchvision.models.alexnet(num_classes=width)\n",
        "from torchvision import models\ndef net(width=4):\n    return models.get_model('squeezenet1_1')\n",
        "import torchvision.models.vgg as v\ndef net(width=4):\n    return v.vgg11(num_classes=width)\n",
        "from torchvision.models.resnet import BasicBlock as B\nclass Net(B):\n    pass\n"
        "def net(width=4):\n    return Net(width, width)\n",
    ],
)
def test_each_spelling_is_found_in_the_cells(source):
    with pytest.raises(CheckFailed, match=r"Interdit.* \(ligne \d\)"):
        examine(student(source))


@pytest.mark.parametrize(
    "source",
    [
        "def net(width=4):\n    home = importlib.import_module('torchvision.mod' + 'els')\n"
        "    return vars(home)['squeezenet' + '1_1']()\n",
        "def net(width=4):\n    home = importlib.import_module('torchvision.mod' + 'els')\n"
        "    vars(home)['squeezenet' + '1_1']()\n    raise ValueError\n",
    ],
)
def test_a_name_built_from_strings_is_found_while_the_network_is_built(source):
    with pytest.raises(CheckFailed, match="est construit par torchvision"):
        examine(student(source))


def test_a_network_built_earlier_is_known_by_its_classes():
    before = "made = vars(importlib.import_module('torchvision.mod' + 'els'))['squeezenet' + '1_1']()"
    with pytest.raises(CheckFailed, match="est construit par torchvision"):
        examine(student("def net(width=4):\n    return nn.Sequential(made)\n", before))


def test_the_list_of_names_covers_the_families_of_the_course():
    families = ("alexnet", "vgg", "resnet", "resnext", "wide_resnet", "fcn", "deeplab", "lraspp")
    named = {name for name in models.list_models() if name.startswith(families)}
    assert len(named) > 20
    assert named <= set(READY_MADE)
    assert {"BasicBlock", "Bottleneck"} <= set(READY_MADE) and hasattr(resnet, "BasicBlock")
    assert {"FCN", "DeepLabV3", "LRASPP"} <= set(READY_MADE) and hasattr(segmentation, "FCN")
