# %% mutant: sum over the batch
# killed by test_each_trainable_parameter_has_its_gradient
# La perte moyenne est multipliée par la taille du lot : c'est le gradient de la somme.
def gradients(model, loss_fn, x, y):
    (loss_fn(model(x), y) * len(x)).backward()
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    model.zero_grad()
    return found

# %% mutant: evaluation mode
# killed by test_each_trainable_parameter_has_its_gradient
# Le modèle est mis en mode évaluation : la normalisation n'utilise plus les statistiques du lot.
def gradients(model, loss_fn, x, y):
    model.eval()
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(trainable.values()))
    model.train()
    return dict(zip(trainable, found))

# %% mutant: one sample after another
# killed by test_each_trainable_parameter_has_its_gradient
# Les exemples passent un par un (avec une copie) : la normalisation par lots ne voit plus le lot.
def gradients(model, loss_fn, x, y):
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    total = {n: torch.zeros_like(p) for n, p in trainable.items()}
    for i in range(len(x)):
        twice = torch.stack([x[i], x[i]]), torch.stack([y[i], y[i]])
        parts = torch.autograd.grad(loss_fn(model(twice[0]), twice[1]), list(trainable.values()))
        for n, g in zip(trainable, parts):
            total[n] += g / len(x)
    return total

# %% mutant: finite differences
# killed by test_each_trainable_parameter_has_its_gradient
# Les dérivées sont approchées par différences finies : elles ne sont pas exactes.
def gradients(model, loss_fn, x, y, h=1e-6):
    found = {}
    with torch.no_grad():
        for n, p in model.named_parameters():
            if not p.requires_grad:
                continue
            start, g = p.clone(), torch.zeros_like(p)
            for i in range(p.numel()):
                step = torch.zeros_like(p)
                step.view(-1)[i] = h
                up = loss_fn(torch.func.functional_call(model, {n: start + step}, (x,)), y)
                down = loss_fn(torch.func.functional_call(model, {n: start - step}, (x,)), y)
                g.view(-1)[i] = (up - down) / (2 * h)
            found[n] = g
    return found

# %% mutant: direction of descent
# killed by test_each_trainable_parameter_has_its_gradient
# Le signe est celui de la descente : c'est l'opposé du gradient.
def gradients(model, loss_fn, x, y):
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(trainable.values()))
    return {n: -g for n, g in zip(trainable, found)}

# %% mutant: values instead of gradients
# killed by test_each_trainable_parameter_has_its_gradient
# Le dictionnaire contient les poids eux-mêmes (`p.data`), pas leur gradient.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y)
    return {n: p.data.clone() for n, p in model.named_parameters() if p.requires_grad}

# %% mutant: norms instead of gradients
# killed by test_each_trainable_parameter_has_its_gradient
# Chaque gradient est résumé par sa norme.
def gradients(model, loss_fn, x, y):
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(trainable.values()))
    return {n: g.norm() for n, g in zip(trainable, found)}

# %% mutant: gradients in float32
# killed by test_each_trainable_parameter_has_its_gradient
# Les gradients sont convertis en float32.
def gradients(model, loss_fn, x, y):
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(trainable.values()))
    return {n: g.float() for n, g in zip(trainable, found)}

# %% mutant: NumPy arrays
# killed by test_each_trainable_parameter_has_its_gradient
# Les valeurs sont des tableaux NumPy au lieu de tenseurs.
def gradients(model, loss_fn, x, y):
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(trainable.values()))
    return {n: g.numpy() for n, g in zip(trainable, found)}

# %% mutant: a list without names
# killed by test_each_trainable_parameter_has_its_gradient
# Une liste de gradients est renvoyée, sans les noms.
def gradients(model, loss_fn, x, y):
    return list(torch.autograd.grad(loss_fn(model(x), y), [p for p in model.parameters() if p.requires_grad]))

# %% mutant: names of the first two levels only
# killed by test_names_are_those_of_named_parameters
# Seules les couches directes du modèle sont parcourues : ni la racine, ni les couches emboîtées.
def gradients(model, loss_fn, x, y):
    named = {}
    for child, layer in model.named_children():
        for n, p in layer.named_parameters(recurse=False):
            if p.requires_grad and all(p is not q for q in named.values()):
                named[f"{child}.{n}"] = p
    return dict(zip(named, torch.autograd.grad(loss_fn(model(x), y), list(named.values()))))

# %% mutant: last part of the name
# killed by test_names_are_those_of_named_parameters
# Seule la fin du nom est gardée : deux couches se disputent la clé `weight`.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    return {n.split(".")[-1]: g for n, g in zip(named, found)}

# %% mutant: names shortened to two levels
# killed by test_names_are_those_of_named_parameters
# Les noms sont coupés à deux niveaux : les couches emboîtées se confondent.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    return {".".join(n.split(".")[-2:]): g for n, g in zip(named, found)}

# %% mutant: weights without biases
# killed by test_each_trainable_parameter_has_its_gradient
# Les biais sont oubliés : seuls les `weight` ont une entrée.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad and n.endswith("weight")}
    return dict(zip(named, torch.autograd.grad(loss_fn(model(x), y), list(named.values()))))

# %% mutant: frozen parameters at None
# killed by test_frozen_parameters_are_left_out
# Les paramètres figés ont une entrée, qui vaut None.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {n: None if p.grad is None else p.grad.clone() for n, p in model.named_parameters()}
    model.zero_grad()
    return found

# %% mutant: frozen parameters at zero
# killed by test_frozen_parameters_are_left_out
# Les paramètres figés ont une entrée, pleine de zéros.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {
        n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in model.named_parameters()
    }
    model.zero_grad()
    return found

# %% mutant: gradients asked for frozen parameters
# killed by test_frozen_parameters_are_left_out
# Le gradient est demandé pour tous les paramètres, même figés : autograd refuse.
def gradients(model, loss_fn, x, y):
    named = dict(model.named_parameters())
    return dict(zip(named, torch.autograd.grad(loss_fn(model(x), y), list(named.values()))))

# %% mutant: names and gradients out of step
# killed by test_frozen_parameters_are_left_out
# Les noms de tous les paramètres sont associés aux gradients des seuls entraînables : un décalage dès qu'un est figé.
def gradients(model, loss_fn, x, y):
    trainable = [p for p in model.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss_fn(model(x), y), trainable)
    return {n: g for (n, _), g in zip(model.named_parameters(), found)}

# %% mutant: shared parameter under each of its names
# killed by test_a_shared_parameter_appears_once
# Un paramètre partagé apparaît sous chacun de ses noms.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    every = dict(model.named_parameters(remove_duplicate=False))
    found = {n: p.grad.clone() for n, p in every.items() if p.requires_grad}
    model.zero_grad()
    return found

# %% mutant: names of the state dict
# killed by test_a_shared_parameter_appears_once
# Les noms viennent de state_dict, où un paramètre partagé apparaît plusieurs fois.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {
        n: p.grad.clone() for n, p in model.state_dict(keep_vars=True).items() if p.requires_grad
    }
    model.zero_grad()
    return found

# %% mutant: shared parameter under its last name
# killed by test_a_shared_parameter_appears_once
# Un paramètre partagé porte le dernier de ses noms, pas celui de named_parameters.
def gradients(model, loss_fn, x, y):
    names = {p: n for n, p in model.named_parameters(remove_duplicate=False) if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(names))
    return dict(zip(names.values(), found))

# %% mutant: cross-entropy whatever is asked
# killed by test_the_loss_and_the_samples_are_taken_as_they_are
# loss_fn est ignorée : c'est toujours l'entropie croisée.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    return dict(zip(named, torch.autograd.grad(F.cross_entropy(model(x), y), list(named.values()))))

# %% mutant: samples flattened
# killed by test_the_loss_and_the_samples_are_taken_as_they_are
# Les exemples sont aplatis avant d'entrer dans le modèle.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    return dict(zip(named, torch.autograd.grad(loss_fn(model(x.flatten(1)), y), list(named.values()))))

# %% mutant: gradient clipped
# killed by test_the_loss_and_the_samples_are_taken_as_they_are
# La norme du gradient est limitée à 10.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    model.zero_grad()
    return found

# %% mutant: gradients left in the model
# killed by test_the_model_keeps_no_gradient
# Les gradients restent dans les `.grad` du modèle (ils sont remis à zéro avant, pas après).
def gradients(model, loss_fn, x, y):
    model.zero_grad()
    loss_fn(model(x), y).backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}

# %% mutant: zeros left in the model
# killed by test_the_model_keeps_no_gradient
# Les `.grad` valent zéro après l'appel, alors qu'ils valaient None.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    model.zero_grad(set_to_none=False)
    return found

# %% mutant: gradients of biases left in the model
# killed by test_the_model_keeps_no_gradient
# Le ménage oublie les biais, dont le `.grad` reste.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    for p in model.parameters():
        if p.ndim > 1:
            p.grad = None
    return found

# %% mutant: the gradients of the model themselves
# killed by test_the_gradients_returned_are_copies
# Les valeurs sont les `.grad` du modèle eux-mêmes : le calcul suivant les change.
def gradients(model, loss_fn, x, y):
    model.zero_grad()
    loss_fn(model(x), y).backward()
    return {n: p.grad for n, p in model.named_parameters() if p.requires_grad}

# %% mutant: gradients wiped before they are read
# killed by test_each_trainable_parameter_has_its_gradient
# Les `.grad` sont remis à zéro sur place après l'appel : les valeurs rendues, qui n'en sont pas des copies, aussi.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()
    found = {n: p.grad.detach() for n, p in model.named_parameters() if p.requires_grad}
    model.zero_grad(set_to_none=False)
    return found

# %% mutant: one storage for all calls
# killed by test_the_gradients_returned_are_copies
# Les résultats sont rangés dans des tenseurs réutilisés d'un appel à l'autre : le second efface le premier.
STORAGE = {}

def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    for n, g in zip(named, found):
        kept = STORAGE.get(n)
        if kept is None or kept.shape != g.shape:
            kept = STORAGE[n] = torch.empty_like(g)
        kept.copy_(g)
    return {n: STORAGE[n] for n in named}

# %% mutant: one dictionary for all calls
# killed by test_the_gradients_returned_are_copies
# Le même dictionnaire est rempli à chaque appel : le second résultat remplace le premier.
def gradients(model, loss_fn, x, y, found={}):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found.clear()
    found.update(zip(named, torch.autograd.grad(loss_fn(model(x), y), list(named.values()))))
    return found

# %% mutant: a step of descent on the way
# killed by test_the_weights_are_left_alone
# Un pas de descente est fait en passant : les poids changent.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    with torch.no_grad():
        for p, g in zip(named.values(), found):
            p -= 1e-3 * g
    return dict(zip(named, found))

# %% mutant: model frozen afterwards
# killed by test_the_weights_are_left_alone
# Les paramètres sont figés à la fin : le modèle ne pourra plus apprendre.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    for p in list(named.values())[:1]:
        p.requires_grad_(False)
    return dict(zip(named, found))

# %% mutant: weights rounded on the way
# killed by test_the_weights_are_left_alone
# Les poids passent par float32 et reviennent arrondis.
def gradients(model, loss_fn, x, y):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss_fn(model(x), y), list(named.values()))
    for p in model.parameters():
        p.data = p.data.float().to(p.dtype)
    return dict(zip(named, found))

# %% mutant: nothing returned
# killed by test_each_trainable_parameter_has_its_gradient
# La fonction ne renvoie rien : il manque un return.
def gradients(model, loss_fn, x, y):
    loss_fn(model(x), y).backward()

# %% mutant: zeros
# killed by test_each_trainable_parameter_has_its_gradient
# Les gradients sont nuls : la rétropropagation n'a pas lieu.
def gradients(model, loss_fn, x, y):
    return {n: torch.zeros_like(p) for n, p in model.named_parameters() if p.requires_grad}

# %% accepted: backward, copies, then None
def gradients(model, loss_fn, x, y):
    model.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    result = {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            result[name] = p.grad.detach().clone()
            p.grad = None
    return result

# %% accepted: backward on a copy of the model
import copy
from collections import OrderedDict

def gradients(model, loss_fn, x, y):
    twin = copy.deepcopy(model)
    twin.zero_grad(set_to_none=True)
    loss_fn(twin(x), y).backward()
    return OrderedDict((n, p.grad) for n, p in twin.named_parameters() if p.requires_grad)

# %% accepted: torch.func
def gradients(model, loss_fn, x, y):
    trainable = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}

    def loss_of(parameters):
        return loss_fn(torch.func.functional_call(model, parameters, (x,)), y)

    return torch.func.grad(loss_of)(trainable)

# %% accepted: gradients taken away by hooks
def gradients(model, loss_fn, x, y):
    found, hooks = {}, []
    for name, p in model.named_parameters():
        if p.requires_grad:
            def keep(p, name=name):
                found[name] = p.grad.clone()
                p.grad = None
            hooks.append(p.register_post_accumulate_grad_hook(keep))
    try:
        loss_fn(model(x), y).backward()
    finally:
        for hook in hooks:
            hook.remove()
    return found

# %% accepted: the old gradients put back
from collections import defaultdict

def gradients(model, loss_fn, x, y):
    before = {n: p.grad for n, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = None
    model.train()
    with torch.enable_grad():
        torch.autograd.backward([loss_fn(model.forward(x), y)])
    result = defaultdict(lambda: None)
    for n, p in model.named_parameters():
        if p.grad is not None:
            result[n] = p.grad
        p.grad = before[n]
    return result

# %% accepted: one parameter after another, graph kept
def gradients(model, loss_fn, x, y):
    loss = loss_fn(model(x), y)
    return {
        name: torch.autograd.grad(loss, p, retain_graph=True, create_graph=True)[0].clone()
        for name, p in reversed(list(model.named_parameters()))
        if p.requires_grad
    }

# %% accepted: gradients as parameters
def gradients(model, loss_fn, x, y):
    params = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    grads = torch.autograd.grad(outputs=loss_fn(model(x), y), inputs=[p for _, p in params], allow_unused=True)
    return {n: nn.Parameter(g) for (n, _), g in zip(params, grads)}

# %% accepted: scaled up and down again
def gradients(model, loss_fn, x, y):
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad is True]
    (3 * loss_fn(model(x), y)).backward()
    answer = dict((n, p.grad / 3) for n, p in named)
    for module in model.modules():
        module.zero_grad()
    return answer
