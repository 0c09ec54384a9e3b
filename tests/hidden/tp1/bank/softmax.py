# %% mutant: ready-made function
# killed by test_no_ready_made_softmax
# La softmax toute faite de PyTorch est interdite dans cet exercice.
def softmax(logits, dim=-1):
    return torch.softmax(logits, dim)

# %% mutant: ready-made log_softmax under an alias
# killed by test_no_ready_made_softmax
# L'exponentielle de la log_softmax de PyTorch reste une softmax toute faite.
from torch.nn.functional import log_softmax as scores_normalises

def softmax(logits, dim=-1):
    return scores_normalises(logits, dim=dim).exp()

# %% mutant: ready-made module in a helper class
# killed by test_no_ready_made_softmax
# nn.Softmax est la softmax toute faite, sous forme de module.
class Normalisation:
    def __init__(self, dim):
        self.layer = nn.Softmax(dim=dim)

    def __call__(self, x):
        return self.layer(x)

def softmax(logits, dim=-1):
    return Normalisation(dim)(logits)

# %% mutant: ready-made name assembled at run time
# killed by test_no_ready_made_softmax
# La softmax toute faite, appelée par un nom composé à l'exécution.
def softmax(logits, dim=-1):
    return getattr(torch, "soft" + "max")(logits, dim)

# %% mutant: ready-made softmax hidden in cross_entropy
# killed by test_no_ready_made_softmax
# La fonction cross_entropy de PyTorch contient la log_softmax : c'est elle qui fait le travail.
def softmax(logits, dim=-1):
    moved = logits.movedim(dim, -1)
    classes = moved.shape[-1]
    rows = moved.reshape(-1, classes)
    columns = [
        (-torch.nn.functional.cross_entropy(rows, torch.full((len(rows),), c), reduction="none")).exp()
        for c in range(classes)
    ]
    return torch.stack(columns, -1).reshape(moved.shape).movedim(-1, dim)

# %% mutant: ready-made softmax only for batches with several axes
# killed by test_no_ready_made_softmax
# La softmax toute faite sert encore dans un des cas.
def softmax(logits, dim=-1):
    if logits.ndim > 2:
        return logits.softmax(dim)
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()

# %% mutant: first axis by default
# killed by test_the_last_axis_is_the_default
# L'axe par défaut est celui du lot au lieu du dernier : chaque classe est normalisée sur les exemples.
def softmax(logits, dim=0):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()

# %% mutant: second axis by default
# killed by test_the_last_axis_is_the_default
# L'axe par défaut est 1 au lieu de -1 : c'est le dernier pour deux axes, plus pour trois.
def softmax(logits, dim=1):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()

# %% mutant: dim ignored
# killed by test_any_axis_can_be_asked_for
# L'argument dim n'est jamais lu : la somme se fait toujours sur le dernier axe.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)

# %% mutant: axis 1 taken for the classes
# killed by test_any_axis_can_be_asked_for
# L'axe 1 est toujours remplacé par le dernier, ce qui n'est juste que pour deux axes.
def softmax(logits, dim=-1):
    if dim == 1:
        dim = -1
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: keepdim forgotten
# killed by test_any_axis_can_be_asked_for
# Sans keepdim=True, la somme se diffuse sur un autre axe : sans erreur si le tenseur est carré, et fausse.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim)

# %% mutant: maximum along another axis
# killed by test_any_axis_can_be_asked_for
# Le maximum est pris sur le dernier axe et la somme sur dim : ce qu'on retranche n'est plus constant le long de dim.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(-1, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: one sum over everything
# killed by test_any_axis_can_be_asked_for
# La somme court sur tout le tenseur : les probabilités de chaque exemple n'ont plus pour somme 1.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum()

# %% mutant: every negative axis is the last
# killed by test_negative_axes_count_from_the_end
# Toute valeur négative de dim est comprise comme le dernier axe.
def softmax(logits, dim=-1):
    if dim < 0:
        dim = logits.ndim - 1
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: batch axis added to a vector
# killed by test_a_single_axis_or_a_single_element_is_enough
# Un vecteur de logits revient avec un axe de lot qu'il n'avait pas.
def softmax(logits, dim=-1):
    if logits.ndim == 1:
        logits, dim = logits[None], -1
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: squeezed result
# killed by test_a_single_axis_or_a_single_element_is_enough
# squeeze() fait disparaître les axes de taille 1.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).squeeze()

# %% mutant: no shift
# killed by test_logits_that_differ_by_ten_thousand_are_exact
# L'exponentielle déborde : inf / inf donne nan. Il manque la soustraction du maximum.
def softmax(logits, dim=-1):
    e = logits.exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: shifted by the mean
# killed by test_logits_that_differ_by_ten_thousand_are_exact
# Retrancher la moyenne ne suffit pas : le plus grand logit peut en être très loin, et son exponentielle déborde.
def softmax(logits, dim=-1):
    e = (logits - logits.mean(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: logits clamped
# killed by test_logits_that_differ_by_ten_thousand_are_exact
# Borner les logits évite le débordement, mais rend égales des classes qui ne le sont pas.
def softmax(logits, dim=-1):
    e = logits.clamp(-80, 80).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: shifted logits clamped
# killed by test_logits_that_differ_by_ten_thousand_are_exact
# Les petites probabilités sont relevées : les logits décalés sont bornés par le bas.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).clamp(min=-85).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: nan replaced
# killed by test_logits_that_differ_by_ten_thousand_are_exact
# Remplacer les nan après coup cache le débordement sans le corriger.
def softmax(logits, dim=-1):
    e = logits.exp()
    return torch.nan_to_num(e / e.sum(dim, keepdim=True), nan=1.0)

# %% mutant: global maximum
# killed by test_rows_of_different_scales_do_not_disturb_one_another
# Le maximum est celui de tout le tenseur : les lignes de petite échelle tombent à 0 / 0.
def softmax(logits, dim=-1):
    e = (logits - logits.max()).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: shifted only where float64 overflows
# killed by test_float32_overflows_earlier
# Le décalage n'a lieu qu'au-delà de 700, le seuil de float64 ; float32 déborde dès 89.
def softmax(logits, dim=-1):
    if logits.abs().max() > 700:
        logits = logits - logits.amax(dim, keepdim=True)
    e = logits.exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: computed in float32
# killed by test_the_last_axis_is_the_default
# Le calcul passe par float32 et perd la moitié des chiffres d'un tenseur float64.
def softmax(logits, dim=-1):
    x = logits.float()
    e = (x - x.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).to(logits.dtype)

# %% mutant: epsilon in the denominator
# killed by test_the_last_axis_is_the_default
# Le epsilon ajouté au dénominateur fausse les probabilités ; après décalage, la somme vaut au moins 1 et n'en a pas besoin.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / (e.sum(dim, keepdim=True) + 1e-8)

# %% mutant: detached result
# killed by test_the_gradient_reaches_the_logits
# Le résultat est coupé du graphe : aucun gradient ne remonte jusqu'aux logits.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp().detach()
    return e / e.sum(dim, keepdim=True)

# %% mutant: NumPy in the middle
# killed by test_the_gradient_reaches_the_logits
# Le passage par NumPy coupe le graphe : aucun gradient ne remonte jusqu'aux logits.
def softmax(logits, dim=-1):
    x = logits.detach().numpy()
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return torch.from_numpy(e / e.sum(axis=dim, keepdims=True))

# %% mutant: constant denominator for autograd
# killed by test_the_gradient_reaches_the_logits
# Le dénominateur est détaché : le gradient oublie que chaque logit agit aussi sur la somme.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True).detach()

# %% mutant: own backward along the last axis
# killed by test_the_gradient_reaches_the_logits
# La rétropropagation écrite à la main somme toujours sur le dernier axe au lieu de dim.
class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, dim):
        p = (logits - logits.logsumexp(dim, keepdim=True)).exp()
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, v):
        (p,) = ctx.saved_tensors
        return p * (v - (v * p).sum(-1, keepdim=True)), None

def softmax(logits, dim=-1):
    return _Softmax.apply(logits, dim)

# %% mutant: detached and then asked to require a gradient
# killed by test_the_gradient_reaches_the_logits
# Le résultat exige un gradient, mais n'est plus relié aux logits.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    p = (e / e.sum(dim, keepdim=True)).detach()
    return p.requires_grad_(logits.requires_grad)

# %% mutant: all pairs of differences
# killed by test_the_gradient_stays_finite_at_extreme_logits
# 1 / somme(exp(zj - zi)) donne la bonne valeur, mais un gradient nan quand une exponentielle est infinie.
def softmax(logits, dim=-1):
    x = logits.movedim(dim, -1)
    return (1 / (x.unsqueeze(-2) - x.unsqueeze(-1)).exp().sum(-1)).movedim(-1, dim)

# %% mutant: logarithm of vanished exponentials
# killed by test_the_gradient_stays_finite_at_extreme_logits
# log(0) vaut -inf : la valeur finale est juste, le gradient devient nan.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return (e.log() - e.sum(dim, keepdim=True).log()).exp()

# %% mutant: input shifted through .data
# killed by test_the_logits_are_not_modified
# Le tenseur de l'appelant est modifié sur place, par .data.
def softmax(logits, dim=-1):
    logits.data -= logits.data.amax(dim, keepdim=True)
    e = logits.exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: input shifted in place
# killed by test_the_logits_are_not_modified
# `logits -= ...` modifie le tenseur de l'appelant, et échoue s'il exige un gradient.
def softmax(logits, dim=-1):
    logits -= logits.amax(dim, keepdim=True)
    e = logits.exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: log-probabilities
# killed by test_the_last_axis_is_the_default
# Le résultat est le logarithme des probabilités.
def softmax(logits, dim=-1):
    return logits - logits.logsumexp(dim, keepdim=True)

# %% mutant: sign reversed
# killed by test_the_last_axis_is_the_default
# Le plus petit logit reçoit la plus grande probabilité : un signe est inversé.
def softmax(logits, dim=-1):
    e = (logits.amin(dim, keepdim=True) - logits).exp()
    return e / e.sum(dim, keepdim=True)

# %% mutant: powers of two
# killed by test_the_last_axis_is_the_default
# Des puissances de 2 au lieu de l'exponentielle.
def softmax(logits, dim=-1):
    e = torch.exp2(logits - logits.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)

# %% mutant: divided by the largest
# killed by test_the_last_axis_is_the_default
# Les exponentielles sont divisées par la plus grande au lieu de leur somme.
def softmax(logits, dim=-1):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.amax(dim, keepdim=True)

# %% mutant: sigmoids normalised
# killed by test_the_last_axis_is_the_default
# Des sigmoïdes de somme 1 ne sont pas la softmax.
def softmax(logits, dim=-1):
    s = torch.sigmoid(logits)
    return s / s.sum(dim, keepdim=True)

# %% mutant: probabilities rounded
# killed by test_the_last_axis_is_the_default
# Les probabilités sont arrondies.
def softmax(logits, dim=-1):
    p = (logits - logits.logsumexp(dim, keepdim=True)).exp()
    return p + (p.round(decimals=6) - p).detach()

# %% mutant: equal probabilities
# killed by test_the_last_axis_is_the_default
# Toutes les classes reçoivent la même probabilité, quels que soient les logits.
def softmax(logits, dim=-1):
    return 0 * logits + 1 / logits.shape[dim]

# %% mutant: one-hot maximum
# killed by test_the_last_axis_is_the_default
# Le résultat vaut 1 pour le plus grand logit et 0 ailleurs : c'est la décision, pas les probabilités.
def softmax(logits, dim=-1):
    hard = (logits == logits.amax(dim, keepdim=True)).to(logits.dtype)
    return hard + 0 * logits

# %% accepted: log space
def softmax(logits, dim=-1):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()

# %% accepted: shift outside autograd
def softmax(logits, dim=-1):
    shift = logits.detach().max(dim=dim, keepdim=True).values
    e = torch.exp(logits - shift)
    return e / torch.sum(e, dim=dim, keepdim=True)

# %% accepted: one slice at a time
def softmax(logits, dim=-1):
    slices = logits.unbind(dim)
    largest = slices[0]
    for s in slices[1:]:
        largest = torch.maximum(largest, s)
    e = [torch.exp(s - largest) for s in slices]
    return torch.stack([x / sum(e) for x in e], dim)

# %% accepted: rows of a reshaped copy
def softmax(logits, dim=-1):
    moved = torch.movedim(logits, dim, -1)
    rows = []
    for row in moved.reshape(-1, moved.shape[-1]):
        e = (row - max(row.tolist())).exp()
        rows.append(e / e.sum())
    return torch.stack(rows).reshape(moved.shape).movedim(-1, dim)

# %% accepted: computed in double precision
def softmax(logits, dim=-1):
    x = logits.double()
    e = (x - x.amax(dim, True)).exp()
    return (e / e.sum(dim, True)).to(logits.dtype)

# %% accepted: always returned in double precision
def softmax(logits, *, dim=-1, _x=None):
    x = logits.to(torch.float64)
    return torch.exp(x - torch.logsumexp(x, dim=dim, keepdim=True))

_by_keyword = softmax

def softmax(logits, dim=-1):
    return _by_keyword(logits, dim=dim)

# %% accepted: own backward
class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, dim):
        e = (logits - logits.amax(dim, keepdim=True)).exp_()
        p = e.div_(e.sum(dim, keepdim=True))
        ctx.save_for_backward(p)
        ctx.dim = dim
        return p

    @staticmethod
    def backward(ctx, v):
        (p,) = ctx.saved_tensors
        return p * (v - (v * p).sum(ctx.dim, keepdim=True)), None

def softmax(logits, dim=-1):
    return _Softmax.apply(logits, dim)

# %% accepted: running logsumexp
def softmax(logits, dim=-1):
    total = torch.logcumsumexp(logits, dim).select(dim, -1).unsqueeze(dim)
    return torch.exp(logits - total)

# %% accepted: L1 normalisation
def softmax(logits, dim=-1):
    return torch.nn.functional.normalize((logits - logits.amax(dim, keepdim=True)).exp(), p=1, dim=dim)

# %% accepted: shift by a sorted maximum, base two
def softmax(logits, dim=-1):
    shift = logits.sort(dim=dim, descending=True).values.narrow(dim, 0, 1)
    e = torch.exp2((logits - shift) * 1.4426950408889634)
    return e * e.sum(dim=dim, keepdim=True).reciprocal()

# %% accepted: two shifts and a renormalisation
def softmax(logits, dim=-1):
    x = logits - logits.max()
    x = x - x.amax(dim, keepdim=True)
    p = x.exp() / x.exp().sum(dim, keepdim=True)
    return p / p.sum(dim, keepdim=True)

# %% accepted: names of its own that look forbidden
def log_softmax(x, axis):
    return x - x.logsumexp(axis, keepdim=True)

class Softmax:
    def __init__(self, dim):
        self.dim = dim

    def softmax(self, x):
        return log_softmax(x, self.dim).exp()

def softmax(logits, dim=-1):
    return Softmax(dim).softmax(logits)

# %% accepted: compared with torch below
def softmax(logits, dim=-1):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()

_x = torch.randn(3, 4)
assert torch.allclose(softmax(_x), torch.softmax(_x, -1), atol=1e-6)
