# %% mutant: gradients never reset
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Les gradients ne sont jamais remis à zéro : ceux de tous les lots précédents s'additionnent.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: gradients reset once an epoch
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# zero_grad est appelé une fois par époque, avant la boucle : les gradients des lots s'additionnent.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    total, samples = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: gradients reset between backward and step
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# zero_grad est appelé entre backward et step : l'optimiseur n'a plus de gradient, rien ne bouge.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: step before backward
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Le pas précède la rétropropagation : chaque pas se sert du gradient du lot précédent.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.step()
        optimizer.zero_grad()
        loss.backward()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: one step an epoch
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Un seul pas par époque, sur le gradient de tous les lots réunis.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    total, samples = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        total += loss.item() * len(x)
        samples += len(x)
    optimizer.step()
    return total / samples

# %% mutant: gradient ascent
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Le signe de la perte est inversé : le modèle apprend à se tromper.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        (-loss).backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: gradient scaled by the size of the batch
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Le gradient d'un lot plus petit est réduit à proportion : la moyenne sur le lot est déjà dans loss_fn.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples, size = 0.0, 0, None
    for x, y in loader:
        size = size or len(x)
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        (loss * len(x) / size).backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: short last batch skipped
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Le dernier lot, plus petit, est écarté.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples, size = 0.0, 0, None
    for x, y in loader:
        size = size or len(x)
        if len(x) < size:
            continue
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: trained under no_grad, nothing learned
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Sous no_grad il n'y a pas de gradient : la boucle mesure la perte, mais rien n'est appris.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            total += loss_fn(model(x), y).item() * len(x)
            samples += len(x)
    return total / samples

# %% mutant: batches in another order
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Les lots sont mélangés après coup : ce n'est plus l'ordre du loader.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    batches = list(loader)
    total, samples = 0.0, 0
    for x, y in batches[::-1]:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: step taken twice
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# step est appelé deux fois par lot.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: optimizer rebuilt at each epoch
# killed by test_the_state_of_the_optimizer_lives_on
# Un nouvel optimiseur, pareil au premier, est créé à chaque époque : l'élan accumulé est perdu.
import copy

def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    fresh = type(optimizer)(optimizer.param_groups[0]["params"], lr=1.0)
    fresh.param_groups = optimizer.param_groups
    total, samples = 0.0, 0
    for x, y in loader:
        fresh.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        fresh.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: momentum cleared at the start
# killed by test_the_state_of_the_optimizer_lives_on
# L'état de l'optimiseur est vidé au début de chaque époque.
from collections import defaultdict

def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    optimizer.state = defaultdict(dict)
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: optimizer rebuilt at each batch
# killed by test_the_state_of_the_optimizer_lives_on
# Un nouvel optimiseur est créé à chaque lot : ni élan, ni moyenne mobile ne s'accumulent.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        fresh = type(optimizer)(model.parameters(), lr=optimizer.param_groups[0]["lr"])
        fresh.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        fresh.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: rule of SGD copied
# killed by test_the_optimizer_given_decides_on_the_step
# La règle de SGD est recopiée, avec l'élan mais sans les autres optimiseurs.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        with torch.no_grad():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    step, momentum = p.grad.clone(), group.get("momentum", 0)
                    if momentum:
                        state = optimizer.state[p]
                        if "momentum_buffer" in state:
                            step += momentum * state["momentum_buffer"]
                        state["momentum_buffer"] = step
                    p -= group["lr"] * step
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: one learning rate for all
# killed by test_the_optimizer_given_decides_on_the_step
# Le taux d'apprentissage du premier groupe de paramètres est imposé à tous les groupes.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = optimizer.param_groups[0]["lr"]
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: mode never set
# killed by test_the_model_trains_in_training_mode
# model.train() manque : un modèle reçu en mode évaluation y reste.
def train_one_epoch(model, loader, loss_fn, optimizer):
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: training flag of the outer module only
# killed by test_the_model_trains_in_training_mode
# Seul le drapeau du modèle est changé, pas celui de ses couches : la normalisation reste en mode évaluation.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.training = True
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: evaluation mode while training
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# L'époque se passe en mode évaluation : la normalisation n'utilise pas les statistiques du lot.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.eval()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: a second forward pass for the record
# killed by test_each_batch_goes_through_the_model_once
# Le modèle est appelé deux fois par lot : les statistiques de la normalisation avancent deux fois.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        with torch.no_grad():
            total += loss_fn(model(x), y).item() * len(x)
        samples += len(x)
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    return total / samples

# %% mutant: a look at the first batch before the epoch
# killed by test_each_batch_goes_through_the_model_once
# Un lot passe par le modèle avant la boucle, pour voir la forme de la sortie.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    model(next(iter(loader))[0])
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: everything made trainable
# killed by test_frozen_parameters_stay
# Tous les paramètres sont rendus entraînables, même ceux qui étaient figés.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    model.requires_grad_(True)
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: gradients of all parameters asked for by name
# killed by test_frozen_parameters_stay
# Les gradients sont demandés pour tous les paramètres, même figés : autograd refuse.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    parameters = list(model.parameters())
    for x, y in loader:
        loss = loss_fn(model(x), y)
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters)):
            p.grad = g
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: norm of the gradient clipped
# killed by test_large_gradients_are_not_clipped
# La norme du gradient est limitée à 50 : les grands gradients n'arrivent pas en entier.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 50.0)
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: gradient clipped element by element
# killed by test_large_gradients_are_not_clipped
# Chaque composante du gradient est bornée.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        for p in model.parameters():
            if p.grad is not None:
                p.grad.clamp_(-20, 20)
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: batches of large loss skipped
# killed by test_large_gradients_are_not_clipped
# Un lot dont la perte paraît trop grande est sauté.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if loss.item() < 20:
            optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: cross-entropy whatever is asked
# killed by test_the_loss_given_is_the_one_minimised
# loss_fn est ignorée : c'est toujours l'entropie croisée qui est minimisée.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: targets turned into integers
# killed by test_the_loss_given_is_the_one_minimised
# Les cibles sont converties en entiers : une régression perd leur partie décimale.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y.long())
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: mean of the batch means
# killed by test_the_loss_is_a_mean_over_samples
# La moyenne est faite sur les lots, pas sur les exemples : le dernier lot, plus petit, pèse trop.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    losses = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)

# %% mutant: every batch counted as a full one
# killed by test_the_loss_is_a_mean_over_samples
# Chaque lot est compté avec la taille du premier.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples, size = 0.0, 0, None
    for x, y in loader:
        size = size or len(x)
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * size
        samples += len(x)
    return total / samples

# %% mutant: total kept from one epoch to the next
# killed by test_the_loss_is_a_mean_over_samples
# Le total n'est pas remis à zéro à la seconde époque (valeur par défaut modifiable).
def train_one_epoch(model, loader, loss_fn, optimizer, sums=[0.0, 0]):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        sums[0] += loss.item() * len(x)
        sums[1] += len(x)
    return sums[0] / sums[1]

# %% mutant: loss of the last batch
# killed by test_the_loss_is_a_mean_over_samples
# La valeur renvoyée est la perte du dernier lot seulement.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()

# %% mutant: sum instead of mean
# killed by test_the_loss_is_a_mean_over_samples
# La valeur renvoyée est la somme sur les exemples : la division par leur nombre manque.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total

# %% mutant: loss kept with its graph
# killed by test_the_loss_returned_is_a_plain_number
# Le total garde le graphe de calcul de tous les lots : il manque .item() ou .detach().
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total = total + loss * len(x)
        samples += len(x)
    return total / samples

# %% mutant: a list for the loss
# killed by test_the_loss_returned_is_a_plain_number
# La perte moyenne est renvoyée dans un tenseur de forme (1,) au lieu d'un nombre.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = torch.zeros(1, dtype=torch.float64), 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: nothing returned
# killed by test_the_loss_returned_is_a_plain_number
# La fonction ne renvoie rien : il manque un return.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

# %% mutant: divided by the size of the dataset
# killed by test_the_loader_need_only_be_iterable
# La somme est divisée par len(loader.dataset), qui peut manquer ou compter des exemples que le loader ne donne pas.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)

# %% mutant: dataset counted wherever there is one
# killed by test_the_loader_need_only_be_iterable
# len(loader.dataset) compte aussi les exemples que drop_last ou un sampler écarte.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, seen = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        seen += len(x)
    return total / (len(loader.dataset) if hasattr(loader, "dataset") else seen)

# %% mutant: batches counted in advance
# killed by test_the_loader_need_only_be_iterable
# La boucle compte sur len(loader), qu'un flux de données n'a pas.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    batches = iter(loader)
    total, samples = 0.0, 0
    for _ in range(len(loader)):
        x, y = next(batches)
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: images flattened on the way
# killed by test_batches_reach_the_model_as_they_are
# Les lots sont aplatis avant d'entrer dans le modèle : une convolution n'y retrouve plus d'image.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x.flatten(1)), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: images scaled again
# killed by test_batches_reach_the_model_as_they_are
# Les images à quatre axes sont divisées par 255 une fois de plus.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        x = x / 255 if x.ndim == 4 else x
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: weight decay of one's own
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# Une petite pénalité sur les poids s'ajoute à la perte, sans qu'on la demande.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        (loss + 1e-5 * sum(p.square().sum() for p in model.parameters())).backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% mutant: learning rate that decays at each epoch
# killed by test_the_state_of_the_optimizer_lives_on
# Le taux d'apprentissage est réduit à la fin de l'époque, sans qu'on le demande.
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    for group in optimizer.param_groups:
        group["lr"] *= 0.99
    return total / samples

# %% mutant: learns nothing and returns zero
# killed by test_each_batch_gives_one_step_on_its_own_gradient
# La fonction ne fait rien.
def train_one_epoch(model, loader, loss_fn, optimizer):
    return 0.0

# %% accepted: gradients reset at the end
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    losses, sizes = [], []
    for batch in loader:
        x, y = batch
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        sizes.append(x.shape[0])
    return float(np.average(losses, weights=sizes))

# %% accepted: closure
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train(True)
    total, samples = 0.0, 0
    for x, y in loader:
        def closure():
            optimizer.zero_grad(set_to_none=False)
            loss = loss_fn(model(x), y)
            loss.backward()
            return loss
        total += optimizer.step(closure).item() * len(y)
        samples += len(y)
    return total / samples

# %% accepted: gradient of each parameter set to None
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, count = torch.tensor(0.0), 0
    for x, y in loader:
        for p in model.parameters():
            p.grad = None
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            total = total + loss * x.size(0)
        count += x.size(0)
    return total / count

# %% accepted: gradients by autograd.grad
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total = count = 0
    trainable = [p for p in model.parameters() if p.requires_grad]
    for x, y in loader:
        loss = loss_fn(model(x), y)
        for p, g in zip(trainable, torch.autograd.grad(loss, trainable)):
            p.grad = g
        optimizer.step()
        total, count = total + loss.detach().numpy() * len(x), count + len(x)
    return np.float64(total / count)

# %% accepted: epoch as a generator
class Epoch:
    def __init__(self, model, loss_fn, optimizer):
        self.model, self.loss_fn, self.optimizer = model.train(), loss_fn, optimizer

    def steps(self, loader):
        for x, y in loader:
            self.model.zero_grad()
            loss = self.loss_fn(self.model.forward(x), y)
            loss.backward()
            self.optimizer.step()
            yield float(loss) * x.shape[0], x.shape[0]

def train_one_epoch(model, loader, loss_fn, optimizer):
    weighted, sizes = zip(*Epoch(model, loss_fn, optimizer).steps(loader))
    return sum(weighted) / sum(sizes)

# %% accepted: running mean
def train_one_epoch(model, loader, loss_fn, optimizer):
    for module in model.modules():
        module.train()
    mean, seen = 0.0, 0
    iterator = iter(loader)
    while True:
        try:
            x, y = next(iterator)
        except StopIteration:
            return mean
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        torch.autograd.backward(loss)
        optimizer.step()
        seen += len(x)
        mean += (loss.item() - mean) * len(x) / seen

# %% accepted: batches of one sample after another, gradient accumulated within the batch
def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for x, y in list(loader):
        optimizer.zero_grad()
        output = model(x)
        parts = output.split(2), y.split(2)
        loss = sum(loss_fn(o, t) * len(o) for o, t in zip(*parts)) / len(x)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        samples += len(x)
    return total / samples

# %% accepted: model left in evaluation mode, passes beside the epoch
def train_one_epoch(model, loader, loss_fn, optimizer):
    device = next(model.parameters()).device
    total, samples = torch.zeros((), dtype=torch.float64), 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        model.eval()
        with torch.inference_mode():
            model(x)
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(x)
        samples += len(x)
    model.eval()
    return total / samples

# %% accepted: totals in float32
def train_one_epoch(model, loader, loss_fn, optimizer):
    was_training = model.training
    model.train()
    sums = torch.zeros(2)
    with torch.enable_grad():
        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            sums += torch.tensor([loss.item() * len(x), len(x)])
    model.train(was_training)
    mean = sums[0] / sums[1]
    return mean
