"""Hidden suite of ``sgd``: the same parameters and gradients here and in the guest, compared after each few steps.

Gradients are drawn here and put into ``.grad`` on both sides, everything in float64: alpha = 0. Parameters are compared
at 1e-8 of the update (``checks.relative_update``); any order of operations that is right stays below 1e-14, and a
learning rate inside the velocity is the same update as long as it does not change.

Of torch.optim, the gate sees names in the code, instances of its base class, and calls of its optimizers under any name
(torch announces them to the profiler). What remains unseen are its bare functions, reached by names built at run time.

An update through ``.data`` counts as in place, also where it gives the same Parameter another storage.
"""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import nn

from autograder import checks
from autograder.suite import gate, points
from reference.training import SGD as ReferenceSGD

F64 = torch.float64
SHAPES = (3, 4), (5,), (), (2, 1, 3)
READY_MADE = (
    *(name for name, value in vars(torch.optim).items() if isinstance(value, type)),
    *("sgd", "_single_tensor_sgd", "_multi_tensor_sgd", "_fused_sgd", "_fused_sgd_"),
)
# torch.optim announces each call of its own to the profiler, whatever name it was called by.
TRACE = "profiler._record_function_enter_new"


class Parameters:
    """The same parameters here (``ours``) and in the guest (``theirs``), and their values at the start."""

    def __init__(self, student, shapes=SHAPES):
        self.start = [torch.randn(shape, dtype=F64) for shape in shapes]
        self.ours = [nn.Parameter(value.clone()) for value in self.start]
        self.theirs = [student.handle(student.at("torch.nn.Parameter"), value) for value in self.start]

    def draw_gradients(self, present=None):
        """New gradients on both sides; None where ``present`` says so."""
        for index, (our, their) in enumerate(zip(self.ours, self.theirs, strict=True)):
            gradient = torch.randn(our.shape, dtype=F64) if present is None or present[index] else None
            our.grad = gradient
            their.grad = None if gradient is None else gradient.clone()

    def check(self, what):
        numbers = range(len(self.ours))
        found = {f"paramètre {i}": self.theirs[i].detach() for i in numbers}
        wanted = {f"paramètre {i}": self.ours[i].detach() for i in numbers}
        checks.relative_update(found, wanted, {f"paramètre {i}": self.start[i] for i in numbers}, what)


def step_both(parameters, optimizers, present=None):
    parameters.draw_gradients(present)
    for optimizer in optimizers:
        optimizer.step()


@gate("Sans torch.optim")
def test_no_ready_made_optimizer(student):
    """L'exercice demande d'écrire l'optimiseur soi-même, sans rien de torch.optim, classe mère comprise."""
    used = student.forbidden(["SGD"], READY_MADE)
    assert not used, f"Interdit dans cet exercice : {', '.join(used)}."
    for options in ({}, {"momentum": 0.5}):
        called, ready_made = {}, False
        with suppress(Exception):  # what raises is for the other tests to say
            parameters = Parameters(student)
            optimizer = student.SGD(parameters.theirs, lr=0.1, **options)
            base = student.at("torch.optim.Optimizer")
            ready_made = student.at("builtins.isinstance")(optimizer, base) is True
            for method in (optimizer.step, optimizer.step, optimizer.zero_grad):
                parameters.draw_gradients()
                called = {**called, **student.ops(method)[1]}
        assert not ready_made, "Votre SGD est un optimiseur de torch.optim, interdit dans cet exercice."
        told = sorted(name for name in called if name == TRACE or "sgd" in name)
        assert not told, "Votre SGD fait travailler un optimiseur de torch.optim, interdit dans cet exercice."


@points(4, "La descente de gradient simple")
def test_a_plain_step_follows_the_gradient(student):
    """Sans élan (momentum vaut 0 par défaut), chaque paramètre recule de lr fois son gradient, sur place."""
    for lr in (0.3, 0.002):
        parameters = Parameters(student)
        both = ReferenceSGD(parameters.ours, lr), student.SGD(parameters.theirs, lr)
        for steps in range(1, 4):
            step_both(parameters, both)
            parameters.check(f"les paramètres après {steps} pas, lr = {lr}")


@points(4, "L'élan")
def test_momentum_accumulates_all_past_gradients(student):
    """La vitesse est v = momentum · v + gradient (au premier pas : le gradient), et le pas vaut lr · v."""
    for momentum in (0.8, 0.3):
        parameters = Parameters(student)
        theirs = student.SGD(parameters.theirs, lr=0.1, momentum=momentum)
        both = ReferenceSGD(parameters.ours, 0.1, momentum), theirs
        for steps in range(1, 6):
            step_both(parameters, both)
            parameters.check(f"les paramètres après {steps} pas avec élan")


@points(2, "N'importe quel itérable de paramètres")
def test_parameters_may_come_from_any_iterable(student):
    """`model.parameters()` est un générateur, épuisé après un seul parcours : gardez-en une liste."""
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    layers = (student.at(f"torch.nn.{name}") for name in ("Linear", "Tanh", "Linear"))
    sizes = (3, 4), (), (4, 2)
    made = [layer(*size) for layer, size in zip(layers, sizes, strict=True)]
    theirs = student.at("torch.nn.Sequential")(*made).double()
    theirs.load_state_dict(ours.state_dict())
    start = {name: p.detach().clone() for name, p in ours.named_parameters()}
    both = ReferenceSGD(ours.parameters(), 0.2), student.SGD(theirs.parameters(), 0.2, 0.0)
    for told in ("un pas", "deux pas"):
        for name, p in ours.named_parameters():
            p.grad = torch.randn_like(p)
            student.handle(theirs.get_parameter, name).grad = p.grad.clone()
        for optimizer in both:
            optimizer.step()
            optimizer.zero_grad()
        found = {name: p.detach() for name, p in theirs.named_parameters()}
        wanted = {name: p.detach() for name, p in ours.named_parameters()}
        checks.relative_update(found, wanted, start, f"les poids d'un modèle après {told}")
    for make in ("builtins.tuple", "builtins.iter"):
        parameters = Parameters(student)
        given = student.handle(student.at(make), parameters.theirs)
        both = ReferenceSGD(parameters.ours, 0.2), student.SGD(params=given, lr=0.2, momentum=0.0)
        for _ in range(2):
            step_both(parameters, both)
        parameters.check("des paramètres donnés dans un tuple ou par un itérateur, après deux pas")


@points(3, "Les gradients remis à zéro")
def test_zero_grad_forgets_all_gradients(student):
    """Tous les `.grad` deviennent nuls ou None ; certains sont déjà None, au début d'une boucle par exemple."""
    parameters = Parameters(student)
    both = ReferenceSGD(parameters.ours, 0.2), student.SGD(parameters.theirs, lr=0.2, momentum=0.0)
    both[1].zero_grad()
    for present in (None, (True, False, True, False), (False, True, False, True)):
        step_both(parameters, both, present)
        for optimizer in both:
            optimizer.zero_grad()
        for number, parameter in enumerate(parameters.theirs):
            gradient = parameter.grad
            forgotten = gradient is None or bool((checks.tensor(gradient) == 0).all())
            assert forgotten, f"Après `zero_grad()`, le gradient du paramètre {number} n'est ni nul ni None."
        both[1].step()  # nothing to follow
        parameters.check("les paramètres après `step()`, `zero_grad()`, `step()`")
    check_a_loop(student)


def check_a_loop(student):
    """Three passes of a training loop, gradients by backward."""
    ours, theirs = nn.Linear(3, 2, dtype=F64), student.at("torch.nn.Linear")(3, 2, dtype=F64)
    theirs.load_state_dict(ours.state_dict())
    start = {name: p.detach().clone() for name, p in ours.named_parameters()}
    both = ReferenceSGD(ours.parameters(), 0.1), student.SGD(list_of(student, theirs), 0.1, 0.0)
    for _ in range(3):
        x, v = torch.randn(5, 3, dtype=F64), torch.randn(5, 2, dtype=F64)
        for optimizer, model in zip(both, (ours, theirs), strict=True):
            optimizer.zero_grad()
            model(x).square().backward(v)
            optimizer.step()
    found = {name: p.detach() for name, p in theirs.named_parameters()}
    wanted = {name: p.detach() for name, p in ours.named_parameters()}
    checks.relative_update(
        found, wanted, start, "les poids après trois tours de `zero_grad`, `backward`, `step`"
    )


def list_of(student, model):
    return student.handle(student.at("builtins.list"), model.parameters())


@points(3, "Un paramètre sans gradient est laissé")
def test_a_parameter_without_gradient_is_left(student):
    """Si `.grad` vaut None, ni le paramètre ni sa vitesse ne changent : l'élan reprend quand le gradient revient."""
    for momentum in (0.0, 0.7):
        parameters = Parameters(student)
        theirs = student.SGD(parameters.theirs, lr=0.2, momentum=momentum)
        both = ReferenceSGD(parameters.ours, 0.2, momentum), theirs
        for present in ((True, True, False, False), (True, False, True, False), (False, True, True, False)):
            step_both(parameters, both, present)
            parameters.check("les paramètres, certains sans gradient par moments")


@points(2, "Le gradient est seulement lu")
def test_the_gradient_is_only_read(student):
    """`step()` ne change pas `.grad`, et la vitesse n'est pas le même tenseur que lui."""
    for momentum in (0.0, 0.6):
        parameters = Parameters(student)
        parameters.draw_gradients()
        for steps in (2, 1):  # the second optimizer starts without momentum, on what the first left in .grad
            theirs = student.SGD(parameters.theirs, lr=0.2, momentum=momentum)
            for optimizer in (ReferenceSGD(parameters.ours, 0.2, momentum), theirs):
                for _ in range(steps):
                    optimizer.step()
        parameters.check(
            "les paramètres après deux pas d'un optimiseur, puis un pas d'un autre, sur le même gradient"
        )


@points(2, "Deux optimiseurs, deux mémoires")
def test_two_instances_share_nothing(student):
    """Vitesse, lr et momentum appartiennent à l'instance (`self`), pas à la classe ni aux paramètres."""
    first, second = Parameters(student), Parameters(student)
    settings = (0.2, 0.5), (0.01, 0.9)
    ours = [ReferenceSGD(p.ours, *s) for p, s in zip((first, second), settings, strict=True)]
    theirs = [student.SGD(p.theirs, *s) for p, s in zip((first, second), settings, strict=True)]
    for _ in range(2):
        for parameters, our, their in zip((first, second), ours, theirs, strict=True):
            step_both(parameters, (our, their))
    first.check("les paramètres d'un premier optimiseur")
    second.check("les paramètres d'un second optimiseur, créé avant les pas du premier")
    again = ReferenceSGD(first.ours, 0.1, 0.5), student.SGD(first.theirs, 0.1, 0.5)
    step_both(first, again)
    first.check("les paramètres d'un nouvel optimiseur, qui part sans élan")
