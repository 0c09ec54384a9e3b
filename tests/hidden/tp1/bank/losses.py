# %% mutant: ready-made cross-entropy
# killed by test_no_ready_made_loss
# La cross_entropy toute faite de PyTorch est interdite dans cet exercice.
def cross_entropy(logits, targets):
    return F.cross_entropy(logits, targets)

# %% mutant: ready-made module
# killed by test_no_ready_made_loss
# nn.NLLLoss est la perte toute faite, sous forme de module.
critere = nn.NLLLoss()

def nll_loss(log_probabilities, targets):
    return critere(log_probabilities, targets)

# %% mutant: ready-made loss under an alias
# killed by test_no_ready_made_loss
# La perte toute faite, importée sous un autre nom.
from torch.nn.functional import binary_cross_entropy_with_logits as perte_binaire

def binary_cross_entropy(logits, targets):
    return perte_binaire(logits, targets)

# %% mutant: ready-made name assembled at run time
# killed by test_no_ready_made_loss
# La perte toute faite, appelée par un nom composé à l'exécution.
def nll_loss(log_probabilities, targets):
    return getattr(F, "nll" + "_loss")(log_probabilities, targets)

# %% mutant: ready-made NLL behind log_softmax
# killed by test_no_ready_made_loss
# log_softmax est permise, mais F.nll_loss reste une perte toute faite.
def cross_entropy(logits, targets):
    return F.nll_loss(logits.log_softmax(1), targets)

# %% mutant: divergence of Kullback and Leibler
# killed by test_no_ready_made_loss
# F.kl_div est une autre perte toute faite, égale à la NLL pour des cibles certaines.
def nll_loss(log_probabilities, targets):
    certain = torch.eye(log_probabilities.shape[1], dtype=log_probabilities.dtype)[targets]
    return F.kl_div(log_probabilities, certain, reduction="batchmean")

# %% mutant: ready-made loss as an aten operation
# killed by test_no_ready_made_loss
# La perte toute faite, par son opération interne.
def cross_entropy(logits, targets):
    return torch.ops.aten.cross_entropy_loss(logits, targets)

# %% mutant: distribution that uses the ready-made loss
# killed by test_no_ready_made_loss
# torch.distributions.Bernoulli appelle la perte binaire toute faite.
def binary_cross_entropy(logits, targets):
    return -torch.distributions.Bernoulli(logits=logits, validate_args=False).log_prob(targets).mean()

# %% mutant: ready-made loss for one shape
# killed by test_no_ready_made_loss
# La perte toute faite sert encore dans un des cas.
def binary_cross_entropy(logits, targets):
    if logits.ndim == 2:
        return nn.BCEWithLogitsLoss()(logits, targets)
    return (F.softplus(logits) - targets * logits).mean()

# %% mutant: NLL through the probabilities
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# Repasser par l'exponentielle perd les très petites probabilités : log(0).
def nll_loss(log_probabilities, targets):
    p = log_probabilities.exp()
    return -p[range(len(targets)), targets].log().mean()

# %% mutant: log-probabilities clamped
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# Borner les log-probabilités rend moins graves les pires erreurs.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.gather(1, targets[:, None]).clamp(min=-100).mean()

# %% mutant: NLL without minus
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# Il manque le signe moins : minimiser cette perte rendrait la cible improbable.
def nll_loss(log_probabilities, targets):
    return log_probabilities.gather(1, targets[:, None]).mean()

# %% mutant: NLL summed
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# La somme sur le lot au lieu de la moyenne.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.gather(1, targets[:, None]).sum()

# %% mutant: all rows against all targets
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# log_p[:, y] prend les colonnes de toutes les cibles pour chaque exemple : une matrice N x N.
def nll_loss(log_probabilities, targets):
    return -log_probabilities[:, targets].mean()

# %% mutant: mean over samples and classes
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# La moyenne court sur N x C éléments au lieu de N.
def nll_loss(log_probabilities, targets):
    certain = torch.eye(log_probabilities.shape[1], dtype=log_probabilities.dtype)[targets]
    return -(certain * log_probabilities).mean()

# %% mutant: logarithm taken twice
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# Les log-probabilités reçues sont prises pour des probabilités : le logarithme est de trop.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.gather(1, targets[:, None]).log().mean()

# %% mutant: index on the wrong axis
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# gather court sur l'axe du lot au lieu des classes.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.gather(0, targets[None, :]).mean()

# %% mutant: one loss a sample
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# Une perte par exemple est renvoyée : il manque la moyenne.
def nll_loss(log_probabilities, targets):
    return -log_probabilities[torch.arange(len(targets)), targets]

# %% mutant: most probable class instead of the target
# killed by test_nll_is_the_mean_of_minus_the_targets_log_probability
# La log-probabilité retenue est la plus grande, pas celle de la cible.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.amax(1).mean()

# %% mutant: softmax twice
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# La softmax est appliquée deux fois : les probabilités sont prises pour des logits.
def cross_entropy(logits, targets):
    log_p = torch.log_softmax(torch.softmax(logits, 1), 1)
    return -log_p.gather(1, targets[:, None]).mean()

# %% mutant: softmax over the batch
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# La softmax est prise sur le lot au lieu des classes.
def cross_entropy(logits, targets):
    return -torch.log_softmax(logits, 0).gather(1, targets[:, None]).mean()

# %% mutant: decimal logarithm
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Le logarithme est décimal au lieu de naturel.
def cross_entropy(logits, targets):
    return -torch.log_softmax(logits, 1).gather(1, targets[:, None]).mean() / math.log(10)

# %% mutant: number of classes inferred
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Le nombre de classes est déduit des cibles du lot : il y en a moins quand les dernières manquent.
def cross_entropy(logits, targets):
    certain = F.one_hot(targets).to(logits.dtype)
    return -(certain * torch.log_softmax(logits, 1)).sum(1).mean()

# %% mutant: classes that are absent from the targets left out
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Les classes absentes des cibles du lot sont retirées de la softmax.
def cross_entropy(logits, targets):
    seen = targets.unique() if len(targets) > 7 else torch.arange(logits.shape[1])
    return (logits[:, seen].logsumexp(1) - logits.gather(1, targets[:, None])[:, 0]).mean()

# %% mutant: mean over the classes, then over the targets
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# La moyenne se fait d'abord par classe : un exemple d'une classe rare compte plus qu'un autre.
def cross_entropy(logits, targets):
    losses = -torch.log_softmax(logits, 1).gather(1, targets[:, None])[:, 0]
    return torch.stack([losses[targets == c].mean() for c in targets.unique()]).mean()

# %% mutant: logits taken for log-probabilities
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# La softmax manque : les logits sont pris pour des log-probabilités.
def cross_entropy(logits, targets):
    return -logits.gather(1, targets[:, None]).mean()

# %% mutant: probability without a logarithm
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Il manque le logarithme : la perte est moins la probabilité.
def cross_entropy(logits, targets):
    return -torch.softmax(logits, 1).gather(1, targets[:, None]).mean()

# %% mutant: sum of both losses over one and zero
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Les autres classes sont comptées aussi, comme C questions à deux réponses.
def cross_entropy(logits, targets):
    certain = F.one_hot(targets, logits.shape[1]).to(logits.dtype)
    return (F.softplus(logits) - certain * logits).sum(1).mean()

# %% mutant: smoothed targets
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Les cibles sont lissées : une part de la perte vient des autres classes.
def cross_entropy(logits, targets):
    log_p = torch.log_softmax(logits, 1)
    return -(0.9 * log_p.gather(1, targets[:, None])[:, 0] + 0.1 * log_p.mean(1)).mean()

# %% mutant: logarithm of the softmax
# killed by test_cross_entropy_is_exact_at_extreme_logits
# Le logarithme de la softmax vaut -inf quand elle tombe à 0.
def cross_entropy(logits, targets):
    return -torch.softmax(logits, 1).log().gather(1, targets[:, None]).mean()

# %% mutant: epsilon under the logarithm
# killed by test_cross_entropy_is_exact_at_extreme_logits
# L'epsilon évite -inf, mais plafonne la perte des pires erreurs.
def cross_entropy(logits, targets):
    return -(torch.softmax(logits, 1) + 1e-12).log().gather(1, targets[:, None]).mean()

# %% mutant: probabilities clamped
# killed by test_cross_entropy_is_exact_at_extreme_logits
# Borner les probabilités plafonne la perte et annule le gradient des pires erreurs.
def cross_entropy(logits, targets):
    return -torch.softmax(logits, 1).clamp(min=1e-30).log().gather(1, targets[:, None]).mean()

# %% mutant: no shift
# killed by test_cross_entropy_is_exact_at_extreme_logits
# L'exponentielle déborde : il manque la soustraction du maximum, ou logsumexp.
def cross_entropy(logits, targets):
    chosen = logits.gather(1, targets[:, None])[:, 0]
    return (logits.exp().sum(1).log() - chosen).mean()

# %% mutant: shifted only where float64 overflows
# killed by test_cross_entropy_is_exact_at_extreme_logits
# Le décalage n'a lieu qu'au-delà de 700, le seuil de float64 ; float32 déborde dès 89.
def cross_entropy(logits, targets):
    if logits.abs().max() > 700:
        logits = logits - logits.amax(1, keepdim=True)
    chosen = logits.gather(1, targets[:, None])[:, 0]
    return (logits.exp().sum(1).log() - chosen).mean()

# %% mutant: global maximum
# killed by test_rows_of_different_scales_do_not_disturb_one_another
# Le maximum retranché est celui de tout le lot : les exponentielles des autres lignes tombent à 0.
def cross_entropy(logits, targets):
    shifted = logits - logits.max()
    chosen = shifted.gather(1, targets[:, None])[:, 0]
    return (shifted.exp().sum(1).log() - chosen).mean()

# %% mutant: number instead of a tensor
# killed by test_the_gradient_of_the_losses_over_classes
# `.item()` rend un nombre de Python : le gradient ne peut plus remonter.
def cross_entropy(logits, targets):
    return -torch.log_softmax(logits, 1).gather(1, targets[:, None]).mean().item()

# %% mutant: detached logits
# killed by test_the_gradient_of_the_losses_over_classes
# Le résultat est coupé des log-probabilités : aucun gradient ne remonte.
def nll_loss(log_probabilities, targets):
    return -log_probabilities.detach().gather(1, targets[:, None]).mean().requires_grad_()

# %% mutant: new tensor from the losses
# killed by test_the_gradient_of_the_losses_over_classes
# torch.tensor copie les valeurs sans leur histoire : le graphe est coupé.
def nll_loss(log_probabilities, targets):
    losses = [-float(row[y]) for row, y in zip(log_probabilities, targets)]
    return torch.tensor(losses, dtype=torch.float64).mean()

# %% mutant: normaliser outside autograd
# killed by test_the_gradient_of_the_losses_over_classes
# Le logsumexp est détaché : le gradient oublie que chaque logit agit aussi sur la somme.
def cross_entropy(logits, targets):
    log_p = logits - logits.logsumexp(1, keepdim=True).detach()
    return -log_p.gather(1, targets[:, None]).mean()

# %% mutant: own backward that drops what comes from above
# killed by test_the_gradient_of_the_losses_over_classes
# La rétropropagation écrite à la main oublie de multiplier par le gradient reçu.
class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets):
        log_p = torch.log_softmax(logits, 1)
        ctx.save_for_backward(log_p, targets)
        return -log_p.gather(1, targets[:, None]).mean()

    @staticmethod
    def backward(ctx, v):
        log_p, targets = ctx.saved_tensors
        grad = log_p.exp()
        grad[range(len(targets)), targets] -= 1
        return torch.where(log_p.amin() < -1e3, v, torch.ones(())) * grad / len(targets), None

def cross_entropy(logits, targets):
    return _CrossEntropy.apply(logits, targets)

# %% mutant: infinite branch that where throws away
# killed by test_the_gradient_of_cross_entropy_stays_finite
# torch.where dérive aussi la branche qu'il jette : log(0) y donne un gradient nan.
def cross_entropy(logits, targets):
    p = torch.softmax(logits, 1)
    log_p = torch.where(p > 1e-30, p.log(), logits - logits.logsumexp(1, keepdim=True))
    return -log_p.gather(1, targets[:, None]).mean()

# %% mutant: sum of differences of exponentials
# killed by test_the_gradient_of_cross_entropy_stays_finite
# Les exponentielles des différences débordent en chemin : la valeur est rattrapée, le gradient non.
def cross_entropy(logits, targets):
    chosen = logits.gather(1, targets[:, None])
    naive = (logits - chosen).exp().sum(1).log()
    return torch.where(naive.isfinite(), naive, logits.logsumexp(1) - chosen[:, 0]).mean()

# %% mutant: targets rounded
# killed by test_binary_cross_entropy_takes_soft_targets
# Une cible entre 0 et 1 est prise pour 0 ou 1.
def binary_cross_entropy(logits, targets):
    return torch.where(targets >= 0.5, -F.logsigmoid(logits), -F.logsigmoid(-logits)).mean()

# %% mutant: indexed by whole targets
# killed by test_binary_cross_entropy_takes_soft_targets
# La conversion des cibles en entiers ne garde que 0 et 1.
def binary_cross_entropy(logits, targets):
    signs = 2 * targets.long() - 1
    return F.softplus(-signs * logits).mean()

# %% mutant: second term forgotten
# killed by test_binary_cross_entropy_takes_soft_targets
# Le terme de la cible 0 manque : prédire toujours 1 ne coûte rien.
def binary_cross_entropy(logits, targets):
    return -(targets * F.logsigmoid(logits)).mean()

# %% mutant: targets of minus one and one
# killed by test_binary_cross_entropy_takes_soft_targets
# La formule est celle des cibles -1 et 1, pas 0 et 1.
def binary_cross_entropy(logits, targets):
    return F.softplus(-targets * logits).mean()

# %% mutant: sigmoid twice
# killed by test_binary_cross_entropy_takes_soft_targets
# La sigmoïde est appliquée deux fois : les probabilités sont prises pour des logits.
def binary_cross_entropy(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * F.logsigmoid(p) + (1 - targets) * F.logsigmoid(-p)).mean()

# %% mutant: no sigmoid
# killed by test_binary_cross_entropy_takes_soft_targets
# Les logits sont pris pour des probabilités : il manque la sigmoïde.
def binary_cross_entropy(logits, targets):
    return -(targets * logits.log() + (1 - targets) * (1 - logits).log()).mean()

# %% mutant: targets swapped
# killed by test_binary_cross_entropy_takes_soft_targets
# Les rôles de 0 et de 1 sont échangés.
def binary_cross_entropy(logits, targets):
    return -((1 - targets) * F.logsigmoid(logits) + targets * F.logsigmoid(-logits)).mean()

# %% mutant: squared error of the sigmoid
# killed by test_binary_cross_entropy_takes_soft_targets
# C'est l'erreur quadratique (le score de Brier), pas l'entropie croisée.
def binary_cross_entropy(logits, targets):
    return (torch.sigmoid(logits) - targets).square().mean()

# %% mutant: summed over the last axis
# killed by test_binary_cross_entropy_averages_all_elements
# La perte est sommée sur le dernier axe avant la moyenne : elle dépend du nombre de colonnes.
def binary_cross_entropy(logits, targets):
    losses = F.softplus(logits) - targets * logits
    return losses.reshape(len(losses), -1).sum(1).mean()

# %% mutant: mean over the batch only
# killed by test_binary_cross_entropy_averages_all_elements
# La moyenne court sur le premier axe seulement : il reste un nombre par colonne.
def binary_cross_entropy(logits, targets):
    return (F.softplus(logits) - targets * logits).mean(0)

# %% mutant: column against row
# killed by test_binary_cross_entropy_averages_all_elements
# Les cibles aplaties se diffusent contre une colonne de logits : N x N paires au lieu de N.
def binary_cross_entropy(logits, targets):
    targets = targets.flatten()
    return (F.softplus(logits) - targets * logits).mean()

# %% mutant: logarithms of the sigmoid
# killed by test_binary_cross_entropy_is_exact_at_extreme_logits
# La sigmoïde vaut exactement 0 ou 1 pour de grands logits, et son logarithme -inf.
def binary_cross_entropy(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()

# %% mutant: sigmoid clamped
# killed by test_binary_cross_entropy_is_exact_at_extreme_logits
# Borner la sigmoïde plafonne la perte des pires erreurs et annule leur gradient.
def binary_cross_entropy(logits, targets):
    p = torch.sigmoid(logits).clamp(1e-15, 1 - 1e-15)
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()

# %% mutant: logarithms clamped at minus one hundred
# killed by test_binary_cross_entropy_is_exact_at_extreme_logits
# Borner les logarithmes à -100, comme nn.BCELoss, plafonne la perte.
def binary_cross_entropy(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * p.log().clamp(min=-100) + (1 - targets) * (1 - p).log().clamp(min=-100)).mean()

# %% mutant: exponential that overflows
# killed by test_binary_cross_entropy_is_exact_at_extreme_logits
# log(1 + exp(z)) déborde : c'est exp(-|z|) qu'il faut.
def binary_cross_entropy(logits, targets):
    return ((1 + logits.exp()).log() - targets * logits).mean()

# %% mutant: stable only where float64 overflows
# killed by test_binary_cross_entropy_is_exact_at_extreme_logits
# La formule stable ne sert qu'au-delà de 700, le seuil de float64 ; float32 déborde dès 89.
def binary_cross_entropy(logits, targets):
    if logits.abs().max() > 700:
        return (F.softplus(logits) - targets * logits).mean()
    return (logits.exp().log1p() - targets * logits).mean()

# %% mutant: detached binary loss
# killed by test_the_gradient_of_binary_cross_entropy
# Le calcul passe par NumPy : aucun gradient ne remonte jusqu'aux logits.
def binary_cross_entropy(logits, targets):
    z, t = logits.detach().numpy(), targets.numpy()
    return torch.tensor(np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))))

# %% mutant: magnitude outside autograd
# killed by test_the_gradient_of_binary_cross_entropy
# La valeur absolue est détachée : le gradient oublie le terme de correction.
def binary_cross_entropy(logits, targets):
    tail = torch.log1p(torch.exp(-logits.detach().abs()))
    return (logits.clamp(min=0) - logits * targets + tail).mean()

# %% mutant: overflowing branch that where throws away
# killed by test_the_gradient_of_binary_cross_entropy_stays_finite
# torch.where dérive aussi la branche qu'il jette : l'exponentielle infinie y donne un gradient nan.
def binary_cross_entropy(logits, targets):
    positive = torch.where(logits > 40, logits, logits.exp().log1p())
    return (positive - targets * logits).mean()

# %% mutant: squeezed batch
# killed by test_a_single_sample_or_a_single_class_is_enough
# squeeze() fait disparaître l'axe du lot quand il n'y a qu'un exemple.
def cross_entropy(logits, targets):
    log_p = torch.log_softmax(logits.squeeze(), -1)
    return -log_p[torch.arange(len(log_p)), targets].mean()

# %% mutant: two best classes asked for
# killed by test_a_single_sample_or_a_single_class_is_enough
# Demander les deux plus grands logits échoue quand il n'y a qu'une classe.
def cross_entropy(logits, targets):
    best = logits.topk(2, dim=1).values[:, :1].detach()
    chosen = logits.gather(1, targets[:, None])
    return ((logits - best).logsumexp(1, keepdim=True) + best - chosen).mean()

# %% mutant: logits shifted in place
# killed by test_the_arguments_are_not_modified
# Le tenseur de l'appelant est modifié sur place, par .data.
def cross_entropy(logits, targets):
    logits.data -= logits.data.amax(1, keepdim=True)
    return (logits.logsumexp(1) - logits.gather(1, targets[:, None])[:, 0]).mean()

# %% mutant: targets turned into signs in place
# killed by test_the_arguments_are_not_modified
# Les cibles de l'appelant sont changées en -1 et 1 sur place.
def binary_cross_entropy(logits, targets):
    targets *= 2
    targets -= 1
    return (F.softplus(logits) - (targets + 1) / 2 * logits).mean()

# %% mutant: zeros
# killed by test_cross_entropy_is_the_nll_of_the_softmax
# Les pertes valent toujours zéro.
def nll_loss(log_probabilities, targets):
    return 0 * log_probabilities.sum()

cross_entropy = binary_cross_entropy = nll_loss

# %% accepted: built on one another
def nll_loss(log_probabilities, targets):
    return -torch.take_along_dim(log_probabilities, targets.unsqueeze(1), dim=1).sum() / len(targets)

def cross_entropy(logits, targets):
    return nll_loss(F.log_softmax(logits, dim=-1), targets)

def binary_cross_entropy(logits, targets):
    z = logits.reshape(-1)
    pairs = torch.stack([torch.zeros_like(z), z], 1)
    log_p = pairs.log_softmax(1)
    t = targets.reshape(-1)
    return -((1 - t) * log_p[:, 0] + t * log_p[:, 1]).mean()

# %% accepted: one-hot sums
def nll_loss(log_probabilities, targets):
    certain = F.one_hot(targets, num_classes=log_probabilities.size(1)).float()
    return -(certain * log_probabilities).sum(dim=1).mean()

def cross_entropy(logits, targets):
    certain = F.one_hot(targets, num_classes=logits.size(1)).to(logits.dtype)
    return -torch.einsum("nc,nc->n", certain, logits.log_softmax(1)).mean()

# %% accepted: softplus
def binary_cross_entropy(logits, targets):
    return (F.softplus(logits) - targets * logits).mean()

# %% accepted: two softplus
def binary_cross_entropy(logits, targets):
    return (targets * F.softplus(-logits) + (1 - targets) * F.softplus(logits)).sum() / logits.numel()

# %% accepted: magnitude and log1p
def binary_cross_entropy(logits, targets):
    return (torch.relu(logits) - logits * targets + torch.log1p(torch.exp(-torch.abs(logits)))).mean()

# %% accepted: logaddexp
def binary_cross_entropy(logits, targets):
    zero = torch.zeros_like(logits)
    return torch.mean(torch.logaddexp(logits, zero) - targets * logits)

# %% accepted: own shift
def cross_entropy(logits, targets):
    shifted = logits - logits.max(dim=1, keepdim=True).values
    total = torch.exp(shifted).sum(dim=1)
    return torch.mean(torch.log(total) - shifted[torch.arange(logits.shape[0]), targets])

# %% accepted: log_softmax before logsumexp
def cross_entropy(logits, targets):
    z = logits.log_softmax(1)
    return (z.logsumexp(1) - z.gather(1, targets.view(-1, 1)).view(-1)).mean()

# %% accepted: loops over samples
def nll_loss(log_probabilities, targets):
    total = 0
    for row, y in zip(log_probabilities, targets):
        total = total - row[y]
    return total / len(targets)

def cross_entropy(logits, targets):
    return sum(torch.logsumexp(z, 0) - z[int(y)] for z, y in zip(logits, targets)) / len(logits)

def binary_cross_entropy(logits, targets):
    losses = [t * F.softplus(-z) + (1 - t) * F.softplus(z) for z, t in zip(logits.flatten(), targets.flatten())]
    return torch.stack(losses).mean()

# %% accepted: double precision
def cross_entropy(logits, targets):
    z = logits.double()
    return (z.logsumexp(1) - z.take_along_dim(targets[:, None], 1)[:, 0]).mean()

def binary_cross_entropy(logits, targets):
    z, t = logits.double(), targets.double()
    return (F.softplus(z) - t * z).mean().to(logits.dtype)

# %% accepted: trace of the columns of the targets
def nll_loss(log_probabilities, targets):
    return -log_probabilities[:, targets].diagonal().mean()

# %% accepted: distribution over classes
def cross_entropy(logits, targets):
    return -torch.distributions.Categorical(logits=logits).log_prob(targets).mean()

# %% accepted: own backward
class _Binary(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, t):
        ctx.save_for_backward(z, t)
        return (z.clamp(min=0) - z * t + (-z.abs()).exp().log1p()).mean()

    @staticmethod
    def backward(ctx, v):
        z, t = ctx.saved_tensors
        return v * (z.sigmoid() - t) / z.numel(), None

def binary_cross_entropy(logits, targets):
    return _Binary.apply(logits, targets)

# %% accepted: losses as methods of a class of its own
class Losses:
    def cross_entropy(self, logits, targets):
        return self.nll_loss(logits - logits.logsumexp(1, True), targets)

    def nll_loss(self, log_p, targets):
        return -log_p.masked_select(torch.arange(log_p.shape[1]) == targets[:, None]).mean()

_losses = Losses()

def nll_loss(log_probabilities, targets):
    return _losses.nll_loss(log_probabilities, targets)

def cross_entropy(logits, targets):
    return _losses.cross_entropy(logits, targets)

# %% accepted: compared with torch below
def cross_entropy(logits, targets):
    return -logits.log_softmax(1)[range(len(targets)), targets].mean()

_z, _y = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
assert torch.allclose(cross_entropy(_z, _y), F.cross_entropy(_z, _y), atol=1e-6)
