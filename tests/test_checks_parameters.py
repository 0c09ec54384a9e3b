"""Parameters by their shapes: any right spelling of a module counts, and large ones take no memory."""

from __future__ import annotations

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from autograder import checks, standins
from autograder.errors import CheckFailed, GraderFailure
from autograder.probe import RemoteError, local_student

HEAD = "import numpy as np\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
LENET = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]
ALEXNET = """
def alexnet(num_classes=1000):
    net = nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )
    for module in net:
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            INIT
    return net
"""
COUNT = 61_100_840


def student(code):
    namespace = {}
    exec(compile(HEAD + code, "<cell>", "exec"), namespace)
    return local_student(namespace, [code])


def table(code, *args, example=(), **kwargs):
    """Shapes of what the notebook's ``net`` makes."""
    notebook = student(code)
    module = checks.unfilled(notebook, notebook.net, *args, **kwargs)
    return checks.parameters(notebook, module, "net()", example)


RIGHT = {
    "modules": "net = lambda: nn.Sequential(nn.Linear(400, 300), nn.Linear(300, 10))",
    "legacy constructor": """
class net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.Tensor(300, 400)); self.b = nn.Parameter(torch.FloatTensor(300))
        self.c = nn.Parameter(torch.randn(10, 300) * 0.01); self.d = nn.Parameter(torch.zeros(10))
        nn.init.orthogonal_(self.c); nn.init.trunc_normal_(self.a)
""",
    "values that a constructor reads": """
class net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(400, 300), nn.Linear(300, 10))
        assert self[1].weight.abs().max().item() < 1 and float(self[1].bias.std()) > 0
        assert torch.equal(torch.ones(3), torch.ones(3)) and torch.linspace(0, 1, 5).tolist()[-1] == 1
        assert torch.full((300, 300), True).dtype == torch.bool and torch.ones(300, 300, dtype=int).dtype == torch.int64
        self[0].weight.data = torch.from_numpy(np.ones((300, 400), "f"))
        self[1].weight.data.copy_(torch.from_numpy(np.random.randn(10, 300)))
""",
    "tensors on the cpu by name": """
class net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(300, 400, device="cpu") * torch.zeros(400, device="cpu"))
        self.b = nn.Parameter(torch.zeros(300)); self.last = nn.Linear(300, 10).to("cpu").double()
""",
    "a forward pass in the constructor": """
class net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(400, 300), nn.Linear(300, 10))
        assert self(torch.zeros(2, 400)).shape == (2, 10)
""",
    "frozen, with buffers": """
class net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(400, 300), nn.Linear(300, 10))
        self.register_buffer("n", torch.zeros(500, 500)); self[0].requires_grad_(False)
""",
}
TWO_LAYERS = [(300, 400), (300,), (10, 300), (10,)]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_module_counts_however_it_is_spelt(name):
    shapes = table(RIGHT[name])
    checks.parameter_count(shapes, 300 * 401 + 10 * 301, "net()")
    checks.layer_shapes(shapes, TWO_LAYERS, "net()")


def test_arguments_reach_the_factory():
    code = "def net(n, bias=True):\n    return nn.Linear(3, n, bias=bias)"
    assert table(code, 2, bias=False) == {"weight": (2, 3)}


def test_a_shared_parameter_counts_once():
    code = "net = lambda: nn.ModuleList([layer := nn.Linear(3, 3), nn.Sequential(layer)])"
    checks.parameter_count(table(code), 12, "net()")


def test_empty_and_scalar_parameters_count_as_such():
    code = """
class net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.empty(0, 3)); self.b = nn.Parameter(torch.tensor(1.0))
"""
    assert table(code) == {"a": (0, 3), "b": ()}
    checks.parameter_count(table(code), 1, "net()")
    checks.parameter_count(table("net = nn.Identity"), 0, "net()")


def test_lazy_layers_take_their_shapes_from_an_example():
    code = "net = lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(700))"
    shapes = table(code, example=[(1, 2, 9, 9)])
    assert shapes["0.weight"] == (4, 2, 3, 3) and shapes["2.weight"] == (700, 196)
    with pytest.raises(CheckFailed, match=r"`0\.weight` n'a pas encore de forme"):
        table(code)


def test_several_inputs_may_be_an_example():
    code = """
class net(nn.Module):
    def __init__(self):
        super().__init__(); self.l = nn.LazyLinear(2)
    def forward(self, a, b): return self.l(a + b)
"""
    assert table(code, example=[(1, 5), (1, 5)])["l.weight"] == (2, 5)


INITS = {
    "default": "pass",
    "He, with zero biases": "nn.init.kaiming_normal_(module.weight); nn.init.zeros_(module.bias)",
    "truncated": "nn.init.trunc_normal_(module.weight, std=0.01)",
    "by hand": "module.weight = nn.Parameter(torch.randn(module.weight.shape) * 0.01)",
    "in place": "module.weight.data = torch.randn_like(module.weight).mul_(0.01)",
}


def allocated(run):
    """Bytes that torch takes for tensors while ``run()`` runs, given back or not, as its profiler counts them."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as events:
        run()
    return sum(max(0, event.self_cpu_memory_usage) for event in events.events())


@pytest.mark.parametrize("name", INITS)
def test_alexnet_is_counted_without_its_244_megabytes(name):
    notebook = student(ALEXNET.replace("INIT", INITS[name]))

    def count():
        module = checks.unfilled(notebook, notebook.alexnet)
        checks.parameter_count(checks.parameters(notebook, module), COUNT, "alexnet()")

    assert allocated(count) < 1_000_000
    if name == "default":  # the measure sees what is allocated
        assert allocated(notebook.alexnet) >= 4 * COUNT


N = torch.arange(100_000.0)
ZERO = torch.zeros_like(N)


@pytest.mark.parametrize(
    "mask",
    [
        "N > 5", "N < 5", "N >= 0", "N > 99_999", "N.neg() < N[3]", "ZERO > 0", "ZERO >= 0", "ZERO <= ZERO", "ZERO < N",
        "(ZERO > 0) | (N > 5)", "(N > 5) & (ZERO < -1)", "(ZERO.view(-1, 1) > 0) | (N[:2] >= 0)",
    ],
)  # fmt: skip
def test_masks_of_large_tensors_are_right_although_numbers_are_left_out(mask):
    assert torch.equal(standins.unfilled(lambda: eval(mask)), eval(mask))


def test_a_wrong_count_is_told_with_its_difference_and_its_likely_cause():
    wrong = ALEXNET.replace("INIT", "module.bias = None")
    notebook = student(wrong)
    shapes = checks.parameters(notebook, checks.unfilled(notebook, notebook.alexnet), "alexnet()")
    without = COUNT - sum(shape[0] for shape in shapes.values())
    with pytest.raises(CheckFailed) as failure:
        checks.parameter_count(shapes, COUNT, "alexnet()", {"réseau sans biais": without, "autre": 3})
    told = str(failure.value)
    assert told.startswith("alexnet() a 61 090 496 paramètres, soit 10 344 de moins : ")
    assert "réseau sans biais" in told and "autre" not in told
    with pytest.raises(CheckFailed, match="1 de trop"):
        checks.parameter_count({"a": (2,)}, 1, "net()")


def test_layers_may_be_spelt_otherwise():
    checks.layer_shapes({str(i): shape for i, shape in enumerate(reversed(LENET))}, LENET, "LeNet5()")
    full = {str(i): s for i, s in enumerate([*LENET[:4], (120, 16, 5, 5), *LENET[5:8], (84, 10), (1, 10)])}
    checks.layer_shapes(full, LENET, "LeNet5()")


def test_layers_that_balance_a_count_are_told_by_the_students_own_names():
    shapes = {"a.weight": (4, 6), "a.bias": (4,), "b.weight": (6, 4)}
    with pytest.raises(CheckFailed) as failure:
        checks.layer_shapes(shapes, [(3, 8), (4,), (6, 4)], "net()")
    assert "1 en trop ou d'une autre forme" in str(failure.value) and "1 qui manquent" in str(failure.value)
    assert "(3, 8)" not in str(failure.value)
    with pytest.raises(CheckFailed, match="3 qui manquent"):
        checks.layer_shapes({}, [(3, 8), (4,), (6, 4)], "net()")
    with pytest.raises(CheckFailed, match=r"`a\.weight` de forme \(4, 6\)"):
        checks.layer_shapes(shapes, [(4,)], "net()")


def test_no_expected_shape_is_the_suites_fault():
    with pytest.raises(GraderFailure, match="no shape"):
        checks.layer_shapes({}, [], "net()")


@pytest.mark.parametrize("made", ["None", "3", "[nn.Linear(2, 2)]", "nn.Linear", "torch.zeros(3)"])
def test_what_is_no_module_is_said(made):
    with pytest.raises(CheckFailed, match=r"nn\.Module est attendu"):
        table(f"def net():\n    return {made}")


def test_what_the_constructor_raises_goes_through():
    with pytest.raises(RemoteError, match="no"):
        table("def net():\n    raise ValueError('no')")


@pytest.mark.parametrize(
    "answer", [None, [], {1: [2]}, {"a": [2.0]}, {"a": [-1]}, {"a": (2,)}, {"a": [True]}]
)
def test_an_answer_of_another_kind_fails(answer):
    class Stub:
        def at(self, path):
            return lambda *args: answer

    with pytest.raises(CheckFailed, match="n'est pas lisible"):
        checks.parameters(Stub(), None)


def test_a_module_is_built_as_ever_where_it_is_small():
    notebook = student("net = lambda: nn.Linear(4, 3)")
    torch.manual_seed(0)
    built = checks.unfilled(notebook, notebook.net)
    torch.manual_seed(0)
    assert torch.equal(built.weight, torch.nn.Linear(4, 3).weight)
