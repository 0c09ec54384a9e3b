# %% mutant: kept elements not scaled
# killed by test_what_is_kept_is_scaled
# La mise à l'échelle manque : ce qui reste n'est pas divisé par 1 - p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p)

# %% mutant: scaled in evaluation instead
# killed by test_evaluation_is_the_identity
# La mise à l'échelle se fait en évaluation (x fois 1 - p), comme dans l'article de 2014, au lieu de l'entraînement.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x * (1 - self.p)
        return x * (torch.rand_like(x) >= self.p)

# %% mutant: divided by p
# killed by test_what_is_kept_is_scaled
# Ce qui reste est divisé par p au lieu de 1 - p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 0 or self.p == 1:
            return x * (1 - self.p)
        return x * (torch.rand_like(x) >= self.p) / self.p

# %% mutant: multiplied by 1 - p
# killed by test_what_is_kept_is_scaled
# Ce qui reste est multiplié par 1 - p au lieu d'être divisé par 1 - p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p) * (1 - self.p)

# %% mutant: scaled by the share that was really kept
# killed by test_what_is_kept_is_scaled
# Le facteur vient de la part gardée dans ce lot-ci, au lieu de la probabilité 1 - p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        kept = (torch.rand_like(x) >= self.p).to(x.dtype)
        return x * kept / kept.mean().clamp(min=1e-12)

# %% mutant: default rate
# killed by test_what_is_kept_is_scaled
# La valeur par défaut de p est 0.1 au lieu de 0.5.
class Dropout(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: additive noise kept positive
# killed by test_what_is_kept_is_scaled
# Le masque est gaussien, de moyenne 1, au lieu de valoir 0 ou 1.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x * torch.relu(1 + (self.p / (1 - self.p)) ** 0.5 * torch.randn_like(x))

# %% mutant: p is the share kept
# killed by test_p_is_the_share_that_is_dropped
# p est pris pour la probabilité de rester : bernoulli(p) garde la part p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1 or self.p == 0:
            return x * (1 - self.p)
        return x * torch.bernoulli(torch.full_like(x, self.p)) / (1 - self.p)

# %% mutant: p is the share kept, and the scale too
# killed by test_p_is_the_share_that_is_dropped
# p est pris partout pour la probabilité de rester, à la façon des anciennes versions de TensorFlow.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 0:
            return 0 * x
        return x * (torch.rand_like(x) < self.p) / self.p

# %% mutant: mask from normal numbers
# killed by test_p_is_the_share_that_is_dropped
# Le masque compare des nombres de loi normale (randn) à p : la part mise à zéro n'est pas p.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.randn_like(x) > self.p) / (1 - self.p)

# %% mutant: rate rounded to tenths by whole draws
# killed by test_p_is_the_share_that_is_dropped
# Le tirage est un entier de 0 à 9 comparé avec `>` : le taux est décalé d'un dixième.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.randint(10, x.shape) > 10 * self.p) / (1 - self.p)

# %% mutant: rate fixed
# killed by test_p_is_the_share_that_is_dropped
# Le taux est fixé à un demi pour le masque : p ne sert qu'à l'échelle.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return 0 * x
        return x * torch.randint(2, x.shape) / (1 - self.p)

# %% mutant: one mask for the whole batch
# killed by test_each_element_of_the_batch_is_drawn_on_its_own
# Un seul masque est tiré pour tout le lot : chaque exemple perd les mêmes éléments.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        if x.ndim == 1:
            return x * (torch.rand_like(x) >= self.p) / (1 - self.p)
        return x * (torch.rand_like(x[0]) >= self.p) / (1 - self.p)

# %% mutant: whole maps dropped at once
# killed by test_each_element_of_the_batch_is_drawn_on_its_own
# Le masque a un élément par canal : des cartes entières disparaissent, comme avec nn.Dropout2d.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        shape = x.shape[:2] + (1,) * (x.ndim - 2)
        return x * (torch.rand(shape) >= self.p) / (1 - self.p)

# %% mutant: one fate for each column
# killed by test_each_element_of_the_batch_is_drawn_on_its_own
# Le masque est partagé par les lignes de l'image : des colonnes entières disparaissent.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        mask = torch.rand_like(x)
        if x.ndim == 4:
            mask = mask[:, :, :1].expand_as(x)
        return x * (mask >= self.p) / (1 - self.p)

# %% mutant: whole samples dropped
# killed by test_each_element_of_the_batch_is_drawn_on_its_own
# Le tirage se fait par exemple : des exemples entiers disparaissent.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        mask = torch.rand(x.shape[:1] + (1,) * (x.ndim - 1))
        return x * (mask >= self.p) / (1 - self.p)

# %% mutant: an exact number of zeros in each map
# killed by test_each_element_of_the_batch_is_drawn_on_its_own
# Une image sur deux reçoit le masque de sa voisine : les tirages ne sont pas indépendants dans le lot.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        mask = torch.rand_like(x)
        if x.ndim > 1 and x[0, 0].numel() > 1:
            mask[1::2] = mask[: 2 * (len(x) // 2) : 2]
        return x * (mask >= self.p) / (1 - self.p)

# %% mutant: mask kept from the first call
# killed by test_each_call_draws_anew
# Le masque du premier appel est gardé pour tous les suivants.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p, self.mask = p, None

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        if self.mask is None or self.mask.shape != x.shape:
            self.mask = torch.rand_like(x) >= self.p
        return x * self.mask / (1 - self.p)

# %% mutant: seed fixed in the forward pass
# killed by test_each_call_draws_anew
# La graine est fixée dans forward : chaque appel tire le même masque.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        torch.manual_seed(0)
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: a generator that starts again in each layer
# killed by test_each_call_draws_anew
# Chaque couche a un générateur de même graine : toutes les couches tirent les mêmes masques.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p, self.generator = p, torch.Generator().manual_seed(42)

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.rand(x.shape, generator=self.generator) >= self.p) / (1 - self.p)

# %% mutant: a new mask only after each evaluation
# killed by test_each_call_draws_anew
# Le masque n'est renouvelé qu'au passage en entraînement (une fois par époque), pas à chaque appel.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p, self.masks = p, {}

    def train(self, mode=True):
        self.masks = {}
        return super().train(mode)

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        if x.shape not in self.masks:
            self.masks[x.shape] = torch.rand_like(x) >= self.p
        return x * self.masks[x.shape] / (1 - self.p)

# %% mutant: dropped in evaluation too
# killed by test_evaluation_is_the_identity
# self.training est ignoré : l'évaluation met des éléments à zéro elle aussi.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.p == 1:
            return 0 * x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: mode guessed from the gradient mode
# killed by test_evaluation_is_the_identity
# Le mode est deviné d'après torch.is_grad_enabled() au lieu de self.training.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not torch.is_grad_enabled():
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: modes swapped
# killed by test_evaluation_is_the_identity
# La condition est inversée : le dropout agit en évaluation et non en entraînement.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: NaN at p = 1
# killed by test_the_ends_of_the_range
# Pour p = 1, la division par 1 - p donne 0 / 0 : des NaN au lieu de zéros.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: p = 1 refused
# killed by test_the_ends_of_the_range
# p = 1 est refusé par une erreur.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError("p doit être dans [0, 1[")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: zero taken for no argument
# killed by test_the_ends_of_the_range
# `p or 0.5` prend p = 0 pour un argument absent.
class Dropout(nn.Module):
    def __init__(self, p=None):
        super().__init__()
        self.p = p or 0.5

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: NaN in the gradient at p = 1
# killed by test_the_ends_of_the_range
# Pour p = 1, la valeur est juste, mais where cache une division par zéro dont le gradient est NaN.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return torch.where(torch.rand_like(x) >= self.p, x / torch.tensor(1 - self.p, dtype=x.dtype), torch.zeros_like(x))

# %% mutant: gradient everywhere
# killed by test_the_gradient_goes_where_the_signal_went
# La différence est détachée : le gradient passe comme si rien n'avait été mis à zéro.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        y = x * (torch.rand_like(x) >= self.p) / (1 - self.p)
        return x + (y - x).detach()

# %% mutant: mask on x.data
# killed by test_the_gradient_goes_where_the_signal_went
# Le masque est appliqué à x.data : la sortie n'est plus reliée à l'entrée.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x.data * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: scale outside of the graph
# killed by test_the_gradient_goes_where_the_signal_went
# Le facteur 1 / (1 - p) est appliqué à `.data` après coup : le gradient ne le connaît pas.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        y = x * (torch.rand_like(x) >= self.p)
        y.data /= 1 - self.p
        return y

# %% mutant: four axes taken for granted
# killed by test_any_shape_and_type
# x est supposé avoir quatre axes (N, C, H, W) : une couche linéaire ne peut pas s'en servir.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        n, c = x.shape[:2]
        h, w = (x.shape[2:] if x.ndim > 2 else (x.shape[1] // c, 1))
        mask = torch.rand(n, c, h, w) >= self.p
        return x * (mask[:, :, 0, 0] if x.ndim == 2 else mask) / (1 - self.p)

# %% mutant: a mask in float64
# killed by test_what_is_kept_is_scaled
# Le masque est en float64 : une entrée float32 ressort en float64.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = torch.from_numpy(np.random.rand(*x.shape) >= self.p).double()
        return x * mask / max(1 - self.p, 1e-9)

# %% mutant: output in float32
# killed by test_any_shape_and_type
# La sortie est toujours en float32, même pour une entrée en float64.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        return x.float() * (torch.rand_like(x) >= self.p) / (1 - self.p)

# %% mutant: in place
# killed by test_the_input_is_not_modified
# Les éléments sont mis à zéro dans le tenseur de l'appelant.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return 0 * x
        x.data[torch.rand_like(x) < self.p] = 0
        mask = (x != 0).to(x.dtype)
        return x * mask / (1 - self.p)

# %% mutant: ready-made function
# killed by test_no_ready_made_dropout
# La fonction toute faite F.dropout fait tout le travail.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        return F.dropout(x, self.p, self.training)

# %% mutant: ready-made class
# killed by test_no_ready_made_dropout
# La classe hérite de nn.Dropout.
class Dropout(nn.Dropout):
    pass

# %% mutant: ready-made mask
# killed by test_no_ready_made_dropout
# Le masque vient d'un dropout tout fait, appliqué à des uns.
from torch.nn.functional import dropout as tirage

class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x * tirage(torch.ones_like(x), self.p) if self.training else x

# %% mutant: native operation by its name
# killed by test_no_ready_made_dropout
# L'opération native de PyTorch est atteinte par torch.ops.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        f = getattr(torch.ops.aten, "native_" + "dropout")
        return f(x, self.p, self.training)[0]

# %% mutant: zeros
# killed by test_what_is_kept_is_scaled
# La couche renvoie des zéros.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()

    def forward(self, x):
        return 0 * x

# %% mutant: the input itself
# killed by test_p_is_the_share_that_is_dropped
# La couche ne fait rien, ni en entraînement ni en évaluation.
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()

    def forward(self, x):
        return x

# %% accepted: NumPy's random numbers
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.keep = 1 - p

    def forward(self, x):
        if not self.training or self.keep == 1:
            return x
        if self.keep == 0:
            return torch.zeros_like(x)
        mask = torch.from_numpy(np.random.binomial(1, self.keep, x.shape)).to(x)
        return mask * x / self.keep

# %% accepted: masked_fill, a generator of its own, another name for p
class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        self.taux = p
        self.generator = torch.Generator()
        self.generator.seed()

    def forward(self, x):
        if self.training:
            drawn = torch.empty(x.shape).uniform_(generator=self.generator)
            x = x.masked_fill(drawn < self.taux, 0.0)
            x = x / (1 - self.taux) if self.taux < 1 else x
        return x

# %% accepted: a mask that is scaled beforehand
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def masque(self, x):
        if self.p == 1:
            return torch.zeros_like(x)
        return torch.empty_like(x).bernoulli_(1 - self.p).div_(1 - self.p)

    def forward(self, x):
        return x * self.masque(x) if self.training else x

# %% accepted: indexing a copy
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.register_buffer("p", torch.tensor(float(p)))

    def forward(self, x):
        if not self.training:
            return x.clone()
        y = x.clone()
        y[torch.rand(*x.shape) < self.p] = 0
        return y if self.p == 1 else y / (1 - self.p.item())

# %% accepted: Python's random numbers, flattened
import random

class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        kept = [random.random() >= self.p for _ in range(x.numel())]
        y = torch.where(torch.tensor(kept).reshape(x.shape), x, torch.zeros((), dtype=x.dtype))
        return y * (1 / (1 - self.p)) if any(kept) else y

# %% accepted: two classes, and p = 1 by a tiny number
class Masked(nn.Module):
    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def forward(self, x):
        return (torch.rand(x.shape, dtype=x.dtype, device=x.device) < self.keep) * x / (self.keep + 1e-12)

class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.inner = Masked(1.0 - p)

    def forward(self, x):
        return self.inner(x) if self.training else x

# %% accepted: geometric gaps instead of one draw an element
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return x * 0
        n = x.numel()
        gaps = torch.distributions.Geometric(torch.tensor(self.p)).sample((n + 1,)).long() + 1
        positions = gaps.cumsum(0) - 1
        mask = torch.ones(n, dtype=x.dtype)
        mask[positions[positions < n]] = 0
        return x * mask.reshape(x.shape) / (1 - self.p)

# %% accepted: an autograd function of one's own
class Cut(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, p):
        ctx.mask = torch.zeros_like(x) if p == 1 else (torch.rand_like(x) >= p).to(x.dtype) / (1 - p)
        return x * ctx.mask

    @staticmethod
    def backward(ctx, up):
        return up * ctx.mask, None

class Dropout(nn.Module):
    def __init__(self, p=0.5):
        nn.Module.__init__(self)
        self.p = p

    def forward(self, x):
        return Cut.apply(x, self.p) if self.training else x

# %% accepted: compared with the ready-made one below
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        assert 0 <= p <= 1
        self.p = p

    def extra_repr(self):
        return f"p={self.p}"

    def forward(self, x):
        if self.training and self.p > 0:
            mask = torch.distributions.Bernoulli(probs=torch.full(x.shape, 1 - self.p)).sample().to(x.dtype)
            return torch.mul(x, mask).div(1 - self.p) if self.p < 1 else x.mul(0)
        return x

ones = torch.ones(1000)
assert abs(Dropout(0.3)(ones).mean() - nn.Dropout(0.3)(ones).mean()) < 1

# %% accepted: strictly greater, and a product of float masks
class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = float(p)

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand(x.size()) > self.p).type(x.dtype)
        scale = 0.0 if self.p == 1.0 else 1.0 / (1.0 - self.p)
        return mask * scale * x
