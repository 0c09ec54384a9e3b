# %% mutant: torch's own optimizer inside
# killed by test_no_ready_made_optimizer
# L'optimiseur de PyTorch fait tout le travail.
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.inner = torch.optim.SGD(params, lr=lr, momentum=momentum)

    def zero_grad(self):
        self.inner.zero_grad()

    def step(self):
        self.inner.step()

# %% mutant: torch's own optimizer under its own name
# killed by test_no_ready_made_optimizer
# L'optimiseur de PyTorch est importé tel quel.
from torch.optim import SGD

# %% mutant: subclass of torch's optimizer
# killed by test_no_ready_made_optimizer
# La classe hérite de celle de PyTorch.
class SGD(torch.optim.SGD):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr=lr, momentum=momentum)

# %% mutant: name assembled at run time
# killed by test_no_ready_made_optimizer
# L'optimiseur de PyTorch est appelé par un nom composé à l'exécution.
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.inner = getattr(getattr(torch, "opt" + "im"), "S" + "GD")(params, lr=lr, momentum=momentum)

    def zero_grad(self):
        self.inner.zero_grad()

    def step(self):
        self.inner.step()

# %% mutant: base class of torch's optimizers
# killed by test_no_ready_made_optimizer
# La classe mère Optimizer de PyTorch est interdite aussi.
from torch.optim import Optimizer

class SGD(Optimizer):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    v = self.state[p].setdefault("v", torch.zeros_like(p))
                    v.mul_(group["momentum"]).add_(p.grad)
                    p -= group["lr"] * v

# %% mutant: momentum by default
# killed by test_a_plain_step_follows_the_gradient
# L'élan vaut 0,9 par défaut au lieu de 0.
class SGD:
    def __init__(self, params, lr, momentum=0.9):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p -= self.lr * v

# %% mutant: gradient ascent
# killed by test_a_plain_step_follows_the_gradient
# Le signe est faux : le pas monte au lieu de descendre.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p += self.lr * v

# %% mutant: learning rate ignored
# killed by test_a_plain_step_follows_the_gradient
# Le taux d'apprentissage est oublié : chaque pas retranche le gradient entier.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p -= v

# %% mutant: local name rebound
# killed by test_a_plain_step_follows_the_gradient
# `p = p - ...` crée un nouveau tenseur : le paramètre du modèle ne bouge pas.
class SGD(SGD):
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p = p - self.lr * v

# %% mutant: parameters of the list replaced
# killed by test_a_plain_step_follows_the_gradient
# Les paramètres de la liste sont remplacés par de nouveaux : ceux du modèle ne bougent pas.
class SGD(SGD):
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.velocities[i] = self.momentum * self.velocities[i] + p.grad
                self.params[i] = nn.Parameter(p.detach() - self.lr * self.velocities[i])

# %% mutant: updated under the eyes of autograd
# killed by test_a_plain_step_follows_the_gradient
# La mise à jour se fait sans no_grad : autograd refuse qu'on modifie une feuille sur place.
class SGD(SGD):
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p -= self.lr * v

# %% mutant: weight decay of one's own
# killed by test_a_plain_step_follows_the_gradient
# Une petite pénalité sur les poids s'ajoute au gradient, sans qu'on la demande.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad + 1e-4 * p)
                p -= self.lr * v

# %% mutant: gradient normalised
# killed by test_a_plain_step_follows_the_gradient
# Le gradient est divisé par sa norme : seule sa direction compte encore.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad / p.grad.norm())
                p -= self.lr * v

# %% mutant: learning rate that decays
# killed by test_a_plain_step_follows_the_gradient
# Le taux d'apprentissage diminue à chaque pas.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p -= self.lr * v
        self.lr *= 0.999

# %% mutant: momentum ignored
# killed by test_momentum_accumulates_all_past_gradients
# L'élan est ignoré : c'est toujours la descente simple.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                p -= self.lr * p.grad

# %% mutant: only the last gradient remembered
# killed by test_momentum_accumulates_all_past_gradients
# L'élan ne retient que le dernier gradient, pas la vitesse.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                p -= self.lr * (p.grad + self.momentum * self.velocities[i])
                self.velocities[i] = p.grad.clone()

# %% mutant: moving average
# killed by test_momentum_accumulates_all_past_gradients
# La vitesse est une moyenne mobile : le gradient y est multiplié par (1 - momentum).
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_((1 - self.momentum) * p.grad)
                p -= self.lr * v

# %% mutant: dampening after the first step
# killed by test_momentum_accumulates_all_past_gradients
# À partir du deuxième pas, le gradient est multiplié par (1 - momentum).
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr, momentum)
        self.first = True

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad if self.first else (1 - self.momentum) * p.grad)
                p -= self.lr * v
        self.first = False

# %% mutant: Nesterov
# killed by test_momentum_accumulates_all_past_gradients
# C'est l'élan de Nesterov : le gradient est ajouté une fois de plus à la vitesse.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                v.mul_(self.momentum).add_(p.grad)
                p -= self.lr * (p.grad + self.momentum * v)

# %% mutant: velocity subtracted
# killed by test_momentum_accumulates_all_past_gradients
# La vitesse garde l'ancien signe : momentum · v est retranché au lieu d'être ajouté.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.velocities[i] = p.grad - self.momentum * self.velocities[i]
                p -= self.lr * self.velocities[i]

# %% mutant: learning rate twice in the velocity
# killed by test_momentum_accumulates_all_past_gradients
# La vitesse contient déjà lr, et l'élan d'un pas est multiplié par lr une fois de plus.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                p -= self.lr * p.grad + self.momentum * self.lr * self.velocities[i]
                self.velocities[i] = self.lr * p.grad + self.momentum * self.velocities[i]

# %% mutant: one velocity for all parameters
# killed by test_momentum_accumulates_all_past_gradients
# Une seule vitesse sert à tous les paramètres.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                v = getattr(self, "v", None)
                v = p.grad.clone() if v is None or v.shape != p.shape else self.momentum * v + p.grad
                self.v = v
                p -= self.lr * v

# %% mutant: velocity in float32
# killed by test_momentum_accumulates_all_past_gradients
# La vitesse est gardée en float32 : les pas perdent la moitié de leurs chiffres.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.velocities[i] = (self.momentum * self.velocities[i] + p.grad).float()
                p -= self.lr * self.velocities[i]

# %% mutant: generator kept
# killed by test_parameters_may_come_from_any_iterable
# Le générateur est gardé tel quel : épuisé au premier parcours, il ne donne plus rien ensuite.
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params = params
        self.lr, self.momentum = lr, momentum
        self.velocities = {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                v = self.velocities.get(p)
                v = p.grad.clone() if v is None else v.mul_(self.momentum).add_(p.grad)
                self.velocities[p] = v
                p -= self.lr * v

# %% mutant: generator consumed by the velocities
# killed by test_parameters_may_come_from_any_iterable
# La liste des vitesses épuise le générateur avant que les paramètres soient rangés.
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        self.velocities = [torch.zeros_like(p) for p in params]
        self.params = [p for p in params]
        self.lr, self.momentum = lr, momentum

# %% mutant: a list asked for
# killed by test_parameters_may_come_from_any_iterable
# Les paramètres sont lus par indice : un générateur n'en a pas.
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        self.params = [params[i] for i in range(len(params))]
        self.velocities = [torch.zeros_like(p) for p in self.params]
        self.lr, self.momentum = lr, momentum

# %% mutant: gradients never reset
# killed by test_zero_grad_forgets_all_gradients
# zero_grad ne fait rien : les gradients s'additionnent d'un tour à l'autre.
class SGD(SGD):
    def zero_grad(self):
        for p in self.params:
            grad = p.grad
            grad = None

# %% mutant: zero_grad stops at the first missing gradient
# killed by test_zero_grad_forgets_all_gradients
# zero_grad s'arrête au premier paramètre sans gradient, et oublie les suivants.
class SGD(SGD):
    def zero_grad(self):
        for p in self.params:
            if p.grad is None:
                return
            p.grad.zero_()

# %% mutant: zero_grad fails before the first backward
# killed by test_zero_grad_forgets_all_gradients
# zero_grad suppose que chaque gradient existe déjà : il échoue avant le premier backward.
class SGD(SGD):
    def zero_grad(self):
        for p in self.params:
            p.grad.zero_()

# %% mutant: a copy of the gradient zeroed
# killed by test_zero_grad_forgets_all_gradients
# C'est une copie du gradient qui est remise à zéro.
class SGD(SGD):
    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.clone().zero_()

# %% mutant: weights zeroed
# killed by test_zero_grad_forgets_all_gradients
# zero_grad met à zéro les paramètres eux-mêmes.
class SGD(SGD):
    def zero_grad(self):
        for p in self.params:
            p.data.zero_()
            p.grad = None

# %% mutant: parameters cut off from autograd
# killed by test_zero_grad_forgets_all_gradients
# Après un pas, les paramètres ne demandent plus de gradient : le modèle cesse d'apprendre.
class SGD(SGD):
    def step(self):
        super().step()
        for p in self.params:
            p.requires_grad_(False)

# %% mutant: missing gradients not expected
# killed by test_a_parameter_without_gradient_is_left
# Un gradient absent (None) fait échouer le pas.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            v.mul_(self.momentum).add_(p.grad)
            p -= self.lr * v

# %% mutant: velocity applied without a gradient
# killed by test_a_parameter_without_gradient_is_left
# Un paramètre sans gradient continue sur son élan, comme si son gradient était nul.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            v.mul_(self.momentum)
            if p.grad is not None:
                v.add_(p.grad)
            p -= self.lr * v

# %% mutant: velocity damped without a gradient
# killed by test_a_parameter_without_gradient_is_left
# La vitesse d'un paramètre sans gradient s'amortit, alors qu'elle devrait attendre.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            v.mul_(self.momentum)
            if p.grad is not None:
                v.add_(p.grad)
                p -= self.lr * v

# %% mutant: velocity forgotten without a gradient
# killed by test_a_parameter_without_gradient_is_left
# La vitesse d'un paramètre sans gradient est oubliée.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is None:
                v.zero_()
                continue
            v.mul_(self.momentum).add_(p.grad)
            p -= self.lr * v

# %% mutant: velocities out of step
# killed by test_a_parameter_without_gradient_is_left
# Les vitesses sont associées aux seuls paramètres qui ont un gradient : un décalage dès qu'il en manque un.
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr, momentum)
        self.velocities = []

    @torch.no_grad()
    def step(self):
        present = [p for p in self.params if p.grad is not None]
        old = self.velocities + [None] * len(present)
        self.velocities = [
            p.grad.clone() if v is None or v.shape != p.shape else self.momentum * v + p.grad
            for p, v in zip(present, old)
        ]
        for p, v in zip(present, self.velocities):
            p -= self.lr * v

# %% mutant: stops at the first missing gradient
# killed by test_a_parameter_without_gradient_is_left
# Le pas s'arrête au premier paramètre sans gradient (break au lieu de continue).
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is None:
                break
            v.mul_(self.momentum).add_(p.grad)
            p -= self.lr * v

# %% mutant: gradient consumed by the step
# killed by test_the_gradient_is_only_read
# Le pas efface les gradients : ce n'est pas à lui de le faire.
class SGD(SGD):
    def step(self):
        super().step()
        for p in self.params:
            p.grad = None

# %% mutant: gradient scaled in place
# killed by test_the_gradient_is_only_read
# Le gradient est multiplié par lr sur place : un second pas le retrouve réduit.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                p.grad *= self.lr
                v.mul_(self.momentum).add_(p.grad)
                p -= v

# %% mutant: velocity and gradient one tensor
# killed by test_the_gradient_is_only_read
# La première vitesse est le tenseur du gradient lui-même, pas une copie : elle change avec lui.
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr, momentum)
        self.velocities = [None] * len(self.params)

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            if self.velocities[i] is None:
                self.velocities[i] = p.grad
            else:
                self.velocities[i].mul_(self.momentum).add_(p.grad)
            p -= self.lr * self.velocities[i]

# %% mutant: velocity written into the gradient
# killed by test_the_gradient_is_only_read
# La vitesse est écrite dans `.grad`, comme si c'était le gradient.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p, v in zip(self.params, self.velocities):
            if p.grad is not None:
                p.grad.add_(v, alpha=self.momentum)
                v.copy_(p.grad)
                p -= self.lr * v

# %% mutant: velocities in the class
# killed by test_two_instances_share_nothing
# Les vitesses sont un attribut de la classe : toutes les instances les partagent.
class SGD:
    velocities = {}

    def __init__(self, params, lr, momentum=0.0):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                if p not in self.velocities:
                    self.velocities[p] = torch.zeros_like(p)
                self.velocities[p].mul_(self.momentum).add_(p.grad)
                p -= self.lr * self.velocities[p]

# %% mutant: settings in the class
# killed by test_two_instances_share_nothing
# lr et momentum sont rangés dans la classe : la dernière instance créée les impose à toutes.
class SGD(SGD):
    def __init__(self, params, lr, momentum=0.0):
        self.params = list(params)
        self.velocities = [torch.zeros_like(p) for p in self.params]
        type(self).lr, type(self).momentum = lr, momentum

# %% mutant: velocity hung on the parameter
# killed by test_two_instances_share_nothing
# La vitesse est attachée au paramètre : un nouvel optimiseur hérite de l'élan de l'ancien.
class SGD(SGD):
    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                if not hasattr(p, "velocity"):
                    p.velocity = torch.zeros_like(p)
                p.velocity.mul_(self.momentum).add_(p.grad)
                p -= self.lr * p.velocity

# %% mutant: does nothing
# killed by test_a_plain_step_follows_the_gradient
# L'optimiseur ne fait rien.
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        pass

    def zero_grad(self):
        pass

    def step(self):
        pass

# %% accepted: through .data, another storage
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params = [p for p in params]
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad.data
            self.v[i] = self.momentum * self.v[i] + g if i in self.v else g.clone()
            p.data = p.data - self.lr * self.v[i]

# %% accepted: learning rate inside the velocity
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params = tuple(params)
        self.lr, self.momentum = lr, momentum
        self.moves = [None for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad = torch.zeros_like(p.grad)

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                move = -self.lr * p.grad
                if self.moves[i] is not None:
                    move = move + self.momentum * self.moves[i]
                self.moves[i] = move
                p.data += move

# %% accepted: NumPy in place
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.state = [[p, p.detach().numpy(), 0.0] for p in params]
        self.options = {"lr": lr, "momentum": momentum}

    def zero_grad(self):
        for p, _, _ in self.state:
            p.grad = None

    def step(self):
        for entry in self.state:
            p, values, velocity = entry
            if p.grad is not None:
                entry[2] = self.options["momentum"] * velocity + p.grad.numpy()
                values -= self.options["lr"] * entry[2]

# %% accepted: all parameters at once
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.buffers = [torch.zeros_like(p, memory_format=torch.preserve_format) for p in self.params]

    def zero_grad(self):
        grads = [p.grad for p in self.params if p.grad is not None]
        if grads:
            torch._foreach_zero_(grads)

    @torch.no_grad()
    def step(self):
        live = [i for i, p in enumerate(self.params) if p.grad is not None]
        if not live:
            return
        buffers = [self.buffers[i] for i in live]
        torch._foreach_mul_(buffers, self.momentum)
        torch._foreach_add_(buffers, [self.params[i].grad for i in live])
        torch._foreach_add_([self.params[i] for i in live], buffers, alpha=-self.lr)

# %% accepted: parameter groups and a state by identity
from collections import defaultdict

class SGD(object):
    def __init__(self, params, lr=1e-3, momentum=0.0, *, weight_decay=0.0):
        self.param_groups = [{"params": list(params), "lr": lr, "momentum": momentum}]
        self.state = defaultdict(dict)

    def zero_grad(self, set_to_none=True):
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad.detach_().zero_()

    @torch.inference_mode(False)
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    update = p.grad
                    if group["momentum"] != 0:
                        state = self.state[id(p)]
                        if "buffer" not in state:
                            state["buffer"] = p.grad.detach().clone()
                        else:
                            state["buffer"] = state["buffer"] * group["momentum"] + p.grad
                        update = state["buffer"]
                    p.copy_(p - group["lr"] * update)

# %% accepted: one generator a parameter
def velocity_of(p, momentum):
    v = None
    while True:
        g = p.grad.detach().clone()
        v = g if v is None else v * momentum + g
        yield v

class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.lr = lr
        self.velocities = {p: velocity_of(p, momentum) for p in params}

    def zero_grad(self):
        for p in self.velocities:
            if hasattr(p, "grad"):
                p.grad = None

    def step(self):
        for p, velocities in self.velocities.items():
            if p.grad is not None:
                torch.Tensor.sub_(p.data, next(velocities).mul(self.lr))

# %% accepted: all past gradients kept
class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params, self.lr, self.momentum = [*params], lr, momentum
        self.past = [[] for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            del p.grad

    def step(self):
        for p, past in zip(self.params, self.past, strict=True):
            if p.grad is not None:
                past.append(p.grad.clone())
                age = range(len(past) - 1, -1, -1)
                v = sum(self.momentum**k * g for k, g in zip(age, past))
                with torch.no_grad():
                    p.add_(v, alpha=-self.lr)

# %% accepted: comparison with torch's optimizer beside the class
class Parameter_update:
    def __init__(self, p, lr, momentum):
        self.p, self.lr, self.momentum, self.v = p, lr, momentum, torch.zeros_like(p.data)

    def __call__(self):
        if self.p.grad is not None:
            self.v = torch.add(self.p.grad, self.v, alpha=self.momentum)
            self.p.data.copy_(self.p.data - self.lr * self.v)

class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.updates = [Parameter_update(p, lr, momentum) for p in params]

    def zero_grad(self):
        for update in self.updates:
            update.p.grad = None

    def step(self):
        for update in self.updates:
            update()

w = nn.Parameter(torch.ones(3))
reference = torch.optim.SGD([w], lr=0.1)
w.grad = torch.ones(3)
reference.step()
