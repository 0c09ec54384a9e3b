# %% mutant: mean of the batches
# killed by test_accuracy_counts_samples
# La moyenne est faite sur les lots, pas sur les exemples : le dernier lot, plus petit, pèse trop.
def evaluate(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        parts = [(model(x).argmax(1) == y).double().mean().item() for x, y in loader]
    model.train(was)
    return sum(parts) / len(parts)

# %% mutant: every batch counted as a full one
# killed by test_accuracy_counts_samples
# Chaque lot est compté avec la taille du premier.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right, batches, size = 0, 0, None
    with torch.no_grad():
        for x, y in loader:
            size = size or len(x)
            right += (model(x).argmax(1) == y).sum().item()
            batches += 1
    model.train(was)
    return right / (batches * size)

# %% mutant: last batch only
# killed by test_accuracy_counts_samples
# Seule l'exactitude du dernier lot est renvoyée.
def evaluate(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            accuracy = (model(x).argmax(1) == y).double().mean().item()
    model.train(was)
    return accuracy

# %% mutant: first batch only
# killed by test_accuracy_counts_samples
# Un return dans la boucle : seul le premier lot est vu.
def evaluate(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            accuracy = (model(x).argmax(1) == y).double().mean().item()
            model.train(was)
            return accuracy

# %% mutant: short last batch skipped
# killed by test_accuracy_counts_samples
# Le dernier lot, plus petit, est écarté.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right, seen, size = 0, 0, None
    with torch.no_grad():
        for x, y in loader:
            size = size or len(x)
            if len(x) == size or len(x) == 1:
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: percentage
# killed by test_accuracy_counts_samples
# L'exactitude est donnée en pour cent.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return 100 * right / seen

# %% mutant: number of right answers
# killed by test_accuracy_counts_samples
# Le nombre de bonnes réponses est renvoyé, sans le diviser par le nombre d'exemples.
def evaluate(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    model.train(was)
    return right

# %% mutant: error rate
# killed by test_accuracy_counts_samples
# C'est la part des erreurs, pas celle des bonnes réponses.
def evaluate(model, loader):
    was = model.training
    model.eval()
    wrong = seen = 0
    with torch.no_grad():
        for x, y in loader:
            wrong += (model(x).argmax(1) != y).sum().item()
            seen += len(x)
    model.train(was)
    return wrong / seen

# %% mutant: largest score instead of its class
# killed by test_accuracy_counts_samples
# C'est le plus grand score qui est comparé à la classe, pas son indice.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).max(1)[0].round() == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: comparison that broadcasts
# killed by test_accuracy_counts_samples
# Les classes prédites, de forme (N, 1), sont comparées à (N,) : le résultat est un tableau N x N.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1, keepdim=True) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: threshold of one half
# killed by test_accuracy_counts_samples
# Une classe est retenue si son score dépasse 0,5 : ce n'est pas l'argmax.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += ((model(x) > 0.5).long().argmax(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: smallest score
# killed by test_accuracy_counts_samples
# C'est la classe du plus petit score qui est retenue.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmin(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: absolute scores
# killed by test_accuracy_counts_samples
# La valeur absolue des scores est comparée : un score très négatif passe pour le plus grand.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).abs().argmax(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: average of two kinds of samples
# killed by test_accuracy_counts_samples
# L'exactitude est moyennée par classe : une classe rare pèse autant que les autres.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right, seen = torch.zeros(4), torch.zeros(4)
    with torch.no_grad():
        for x, y in loader:
            for answer, label in zip(model(x).argmax(1), y):
                right[label] += answer == label
                seen[label] += 1
    model.train(was)
    return (right / seen.clamp(min=1))[seen > 0].mean().item()

# %% mutant: mode never set
# killed by test_the_model_is_evaluated_in_evaluation_mode
# model.eval() manque : la normalisation et le dropout restent en mode entraînement.
def evaluate(model, loader):
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    return right / seen

# %% mutant: batch norm in evaluation mode, dropout not
# killed by test_the_model_is_evaluated_in_evaluation_mode
# Seules les normalisations passent en mode évaluation ; le dropout reste actif.
def evaluate(model, loader):
    was = model.training
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for m in layers:
        m.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    for m in layers:
        m.train(was)
    return right / seen

# %% mutant: flag of the outer module only
# killed by test_the_model_is_evaluated_in_evaluation_mode
# Seul le drapeau du modèle est changé, pas celui de ses couches.
def evaluate(model, loader):
    was, model.training = model.training, False
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.training = was
    return right / seen

# %% mutant: evaluation mode without parentheses
# killed by test_the_model_is_evaluated_in_evaluation_mode
# `model.eval` sans parenthèses ne fait rien.
def evaluate(model, loader):
    was = model.training
    model.eval
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: no_grad taken for evaluation mode
# killed by test_the_model_is_evaluated_in_evaluation_mode
# no_grad ne met pas le modèle en mode évaluation : les deux sont indépendants.
@torch.inference_mode()
def evaluate(model, loader):
    right = seen = 0
    for x, y in loader:
        right += (model(x).argmax(1) == y).sum().item()
        seen += len(x)
    return right / seen

# %% mutant: a pass in training mode afterwards
# killed by test_nothing_in_the_model_changes
# Après l'évaluation, un dernier lot passe en mode entraînement : les statistiques de la normalisation bougent.
def evaluate(model, loader):
    model_was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
        model.train()
        model(torch.cat([x, x]))
    model.train(model_was)
    return right / seen

# %% mutant: statistics of the test set
# killed by test_nothing_in_the_model_changes
# Les statistiques de la normalisation sont remises à zéro après l'évaluation.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    for m in model.modules():
        if hasattr(m, "reset_running_stats"):
            m.reset_running_stats()
    model.train(was)
    return right / seen

# %% mutant: weights rounded to float32
# killed by test_nothing_in_the_model_changes
# Le modèle passe par float32 et revient : ses poids sont arrondis.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.float().double()
    model.train(was)
    return right / seen

# %% mutant: learns from what it measures
# killed by test_nothing_in_the_model_changes
# Le modèle apprend sur les données de test pendant qu'il est mesuré.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    gradients = [torch.zeros_like(p) for p in model.parameters()]
    for x, y in loader:
        scores = model(x)
        right += (scores.argmax(1) == y).sum().item()
        seen += len(x)
        for total, g in zip(gradients, torch.autograd.grad(F.cross_entropy(scores, y), list(model.parameters()))):
            total += g
    with torch.no_grad():
        for p, g in zip(model.parameters(), gradients):
            p -= 1e-9 * g
    model.train(was)
    return right / seen

# %% mutant: left in evaluation mode
# killed by test_a_model_in_training_mode_stays_in_it
# Le modèle reste en mode évaluation : la suite de l'apprentissage en pâtit.
def evaluate(model, loader):
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    return right / seen

# %% mutant: outer flag restored only
# killed by test_a_model_in_training_mode_stays_in_it
# Seul le drapeau du modèle est rendu : ses couches restent en mode évaluation.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.training = was
    return right / seen

# %% mutant: mode asked for too late
# killed by test_a_model_in_training_mode_stays_in_it
# Le mode est retenu après model.eval() : il vaut toujours « évaluation ».
def evaluate(model, loader):
    model.eval()
    was = model.training
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.train(was)
    return right / seen

# %% mutant: direct children restored only
# killed by test_a_model_in_training_mode_stays_in_it
# Seules les couches directes du modèle reprennent leur mode, pas celles qu'elles contiennent.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.training = was
    for child in model.children():
        child.training = was
    return right / seen

# %% mutant: training mode in any case
# killed by test_a_model_in_evaluation_mode_stays_in_it
# Le modèle est mis en mode entraînement à la fin, même s'il est arrivé en mode évaluation.
def evaluate(model, loader):
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.train()
    return right / seen

# %% mutant: mode inverted
# killed by test_a_model_in_evaluation_mode_stays_in_it
# Le mode est rendu à l'envers.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(x)
    model.train(not was)
    return right / seen

# %% mutant: size of the dataset
# killed by test_the_loader_need_only_be_iterable
# La division se fait par len(loader.dataset), qui peut manquer ou compter des exemples que le loader ne donne pas.
def evaluate(model, loader):
    was = model.training
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    model.train(was)
    return right / len(loader.dataset)

# %% mutant: dataset counted wherever there is one
# killed by test_the_loader_need_only_be_iterable
# len(loader.dataset) compte aussi les exemples que drop_last écarte.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(y)
    model.train(was)
    return right / (len(loader.dataset) if hasattr(loader, "dataset") else seen)

# %% mutant: batches counted in advance
# killed by test_the_loader_need_only_be_iterable
# La boucle compte sur len(loader), qu'un flux de données n'a pas.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    batches = iter(loader)
    with torch.no_grad():
        for _ in range(len(loader)):
            x, y = next(batches)
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(y)
    model.train(was)
    return right / seen

# %% mutant: axes of one removed
# killed by test_a_batch_may_hold_a_single_sample
# squeeze() enlève aussi l'axe de lot quand le lot n'a qu'un exemple.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).squeeze().argmax(dim=1) == y).sum().item()
            seen += len(y)
    model.train(was)
    return right / seen

# %% mutant: single samples skipped
# killed by test_a_batch_may_hold_a_single_sample
# Un lot d'un seul exemple est écarté.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            if len(x) > 1:
                right += (model(x).argmax(dim=1) == y).sum().item()
                seen += len(y)
    model.train(was)
    return right / seen

# %% mutant: images flattened on the way
# killed by test_batches_reach_the_model_as_they_are
# Les lots sont aplatis avant d'entrer dans le modèle.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x.view(len(x), -1)).argmax(dim=1) == y).sum().item()
            seen += len(y)
    model.train(was)
    return right / seen

# %% mutant: rows of pixels counted as samples
# killed by test_batches_reach_the_model_as_they_are
# Le nombre d'exemples est compté sur toutes les valeurs de x divisées par son dernier axe.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(dim=1) == y).sum().item()
            seen += x.numel() // x.shape[-1]
    model.train(was)
    return right / seen

# %% mutant: accuracy in a list
# killed by test_the_accuracy_is_a_plain_number
# L'exactitude est renvoyée dans un tenseur de forme (1,) au lieu d'un nombre.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right, seen = torch.zeros(1, dtype=torch.float64), 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(dim=1) == y).sum()
            seen += len(y)
    model.train(was)
    return right / seen

# %% mutant: nothing returned
# killed by test_accuracy_counts_samples
# L'exactitude est affichée, pas renvoyée.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(dim=1) == y).sum().item()
            seen += len(y)
    model.train(was)
    print(right / seen)

# %% mutant: perfect score
# killed by test_accuracy_counts_samples
# L'exactitude renvoyée vaut toujours 1.
def evaluate(model, loader):
    return 1.0

# %% mutant: text
# killed by test_accuracy_counts_samples
# L'exactitude est renvoyée sous forme de texte.
def evaluate(model, loader):
    was = model.training
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(dim=1) == y).sum().item()
            seen += len(y)
    model.train(was)
    return f"{right / seen:.3f}"

# %% accepted: all predictions gathered first
@torch.inference_mode()
def evaluate(model, loader):
    mode = model.training
    model.train(False)
    answers, labels = [], []
    for batch in loader:
        x, y = batch
        answers.append(torch.max(model(x), dim=-1).indices)
        labels.append(y)
    model.train(mode)
    return torch.cat(answers).eq(torch.cat(labels)).double().mean()

# %% accepted: NumPy and scikit-learn
from sklearn.metrics import accuracy_score

def evaluate(model, loader):
    modes = {module: module.training for module in model.modules()}
    for module in modes:
        module.training = False
    truth, answers = [], []
    for x, y in loader:
        scores = model(x).detach().cpu().numpy()
        answers.extend(np.argmax(scores, axis=1))
        truth.extend(y.tolist())
    for module, mode in modes.items():
        module.training = mode
    return accuracy_score(truth, answers)

# %% accepted: a copy of the model
import copy

def evaluate(model, loader):
    twin = copy.deepcopy(model).eval()
    hits = [bool(answer == label) for x, y in loader for answer, label in zip(twin(x).topk(1).indices[:, 0], y)]
    return sum(hits) / len(hits)

# %% accepted: one sample after another
def evaluate(model, loader):
    was_training = model.training
    model.eval()
    right, count = 0, 0
    try:
        with torch.no_grad():
            for x, y in loader:
                for i in range(x.shape[0]):
                    scores = model(x[i : i + 1])[0].tolist()
                    right += scores.index(max(scores)) == y[i].item()
                    count += 1
    finally:
        if was_training:
            model.train()
    return np.float64(right) / count

# %% accepted: running mean in float32
class evaluation_mode:
    def __init__(self, model):
        self.model = model

    def __enter__(self):
        self.before = self.model.training
        self.model.eval()

    def __exit__(self, *error):
        self.model.train(self.before)

def evaluate(model, loader):
    mean, seen = torch.zeros(()), 0
    with evaluation_mode(model), torch.no_grad():
        for x, y in loader:
            part = (F.softmax(model(x), dim=1).argmax(dim=1) == y).float().mean()
            seen += len(y)
            mean += (part - mean) * len(y) / seen
    return mean

# %% accepted: score of the right class against the others
def evaluate(model, loader):
    keep = model.training
    model = model.eval()
    total = torch.tensor([0, 0])
    with torch.no_grad():
        for x, y in loader:
            scores = model.forward(x)
            own = scores.gather(1, y[:, None])
            total += torch.stack([((scores > own).sum(1) == 0).sum(), torch.tensor(y.numel())])
    model.train(keep)
    return float(total[0] / total[1])

# %% accepted: scores sorted, modes put back one by one
def evaluate(model, loader):
    before = [m.training for m in model.modules()]
    model.eval()
    n = good = 0
    with torch.set_grad_enabled(False):
        for x, y in loader:
            order = model(x).argsort(dim=1, descending=True)
            good += int(torch.count_nonzero(order[:, 0] == y))
            n += y.size(0)
    for m, mode in zip(model.modules(), before):
        m.train(mode)
    return good / n
