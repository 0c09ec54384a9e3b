# %% mutant: variance of the batch divided by n - 1
# killed by test_a_channel_is_normalised_over_batch_and_image
# La sortie est normalisée par la variance non biaisée, divisée par n - 1 : `var` le fait par défaut.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: each image normalised alone
# killed by test_a_channel_is_normalised_over_batch_and_image
# La moyenne d'un canal se prend image par image au lieu de tout le lot.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        mean, var = mean[:, None, None], var[:, None, None]
        if self.training:
            mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
        x = (x - mean) / torch.sqrt(var + self.eps)
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: each pixel normalised over the batch
# killed by test_a_channel_is_normalised_over_batch_and_image
# La moyenne est prise sur le lot seul : chaque pixel a la sienne, comme pour des vecteurs.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            m, v = x.mean(0), x.var(0, correction=0)
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        if not self.training:
            m, v = mean[:, None, None], var[:, None, None]
        x = (x - m) / torch.sqrt(v + self.eps)
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: one mean for all channels
# killed by test_a_channel_is_normalised_over_batch_and_image
# Une seule moyenne et une seule variance pour tous les canaux : il en faut une par canal.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training:
            x = (x - x.mean()) / torch.sqrt(x.var(correction=0) + self.eps)
        else:
            x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: divided by the variance
# killed by test_a_channel_is_normalised_over_batch_and_image
# La division se fait par la variance au lieu de l'écart type : la racine manque.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / (var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: eps added to the standard deviation
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# eps est ajouté à l'écart type, après la racine, au lieu de la variance.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / (torch.sqrt(var) + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: running statistics while training
# killed by test_a_channel_is_normalised_over_batch_and_image
# La sortie d'entraînement est normalisée par les statistiques glissantes au lieu de celles du lot.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: mean forgotten
# killed by test_a_channel_is_normalised_over_batch_and_image
# La moyenne n'est pas retranchée : seul l'écart type est réduit.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = x / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: shift before the scale
# killed by test_each_channel_has_its_scale_and_shift
# Le décalage est ajouté avant l'échelle : weight * (x + bias).
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * (x + self.bias[:, None, None])

# %% mutant: scale along the columns
# killed by test_each_channel_has_its_scale_and_shift
# `weight` et `bias` sont appliqués selon les colonnes de l'image : sans axes ajoutés, ils s'alignent sur le dernier.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        if x.shape[-1] == x.shape[1]:
            return self.weight * x + self.bias
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: no eps at all
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# eps est oublié : rien ne protège d'une variance presque nulle.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: eps fixed
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# eps est écrit en dur dans la passe avant : l'argument du constructeur est ignoré.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + 1e-5)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: arguments in another order
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# momentum est avant eps dans le constructeur : les arguments donnés par position sont échangés.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: variance bounded from below by eps
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# La variance est bornée par eps (clamp) au lieu de lui être ajoutée.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var.clamp(min=self.eps))[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: momentum fixed
# killed by test_momentum_is_the_share_of_the_new_batch
# momentum est écrit en dur dans la mise à jour : l'argument du constructeur est ignoré.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += 0.1 * (mean - self.running_mean)
                self.running_var += 0.1 * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: momentum of the old value
# killed by test_momentum_is_the_share_of_the_new_batch
# momentum pèse l'ancienne valeur au lieu du nouveau lot, comme dans d'autres bibliothèques.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += (1 - self.momentum) * (mean - self.running_mean)
                self.running_var += (1 - self.momentum) * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: old mean not reduced
# killed by test_momentum_is_the_share_of_the_new_batch
# La part du lot s'ajoute sans que l'ancienne moyenne soit réduite de (1 - momentum).
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * mean
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: cumulative mean
# killed by test_momentum_is_the_share_of_the_new_batch
# La moyenne glissante est une moyenne de tous les lots vus, à poids égaux, sans momentum.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.seen = 0
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.seen += 1
                self.running_mean += 1 / self.seen * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: first batch taken whole
# killed by test_momentum_is_the_share_of_the_new_batch
# Au premier lot, les statistiques glissantes sont remplacées par celles du lot au lieu d'être mêlées.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.first = True
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                if self.first:
                    self.running_mean.copy_(mean)
                    self.running_var.copy_(var * n / (n - 1))
                    self.first = False
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: running variance biased
# killed by test_the_running_variance_is_unbiased
# La variance glissante reçoit la variance divisée par n au lieu de n - 1.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: n of the batch alone
# killed by test_the_running_variance_is_unbiased
# Le n de n / (n - 1) est le nombre d'images du lot : il y a N·H·W valeurs par canal.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = max(2, x.shape[0])
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: n with the channels
# killed by test_the_running_variance_is_unbiased
# Le n de n / (n - 1) compte aussi les canaux.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel()
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: running standard deviation
# killed by test_the_running_variance_is_unbiased
# `running_var` garde un écart type au lieu d'une variance.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * ((var * n / (n - 1)).sqrt() - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: deviation from the running mean
# killed by test_the_running_variance_is_unbiased
# La variance glissante est mesurée autour de la moyenne glissante, pas autour de celle du lot.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * ((x - self.running_mean[:, None, None]).square().sum((0, 2, 3)) / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: batch statistics in evaluation
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# L'évaluation utilise les statistiques du lot : la réponse pour une image dépend des autres.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: updated in evaluation
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# Les statistiques glissantes sont mises à jour aussi en évaluation.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean.clone(), self.running_var.clone()
            if x.numel() > x.shape[1]:
                self.running_mean.lerp_(x.mean((0, 2, 3)).detach(), self.momentum)
                self.running_var.lerp_(x.var((0, 2, 3)).detach(), self.momentum)
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: no square root in evaluation
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# En évaluation, la division se fait par la variance glissante au lieu de sa racine.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, (self.running_var + self.eps) ** 2 - self.eps
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: a flag of its own instead of self.training
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# La couche se fie à son propre drapeau `train_mode`, que `model.eval()` ne change pas.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.train_mode = True
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.train_mode:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: mode guessed from the gradient mode
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# Le mode est deviné d'après torch.is_grad_enabled() au lieu de self.training.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if torch.is_grad_enabled():
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: evaluation without gradient
# killed by test_evaluation_uses_the_running_statistics_and_leaves_them
# L'évaluation est sous no_grad : on ne peut plus rien apprendre à travers une couche en mode évaluation.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = x if self.training else x.detach()
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: statistics without gradient
# killed by test_the_gradient_goes_through_the_statistics_of_the_batch
# La moyenne et la variance du lot sont calculées sous no_grad : il manque leur part du gradient.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: variance detached
# killed by test_the_gradient_goes_through_the_statistics_of_the_batch
# La variance du lot est détachée : le gradient ne passe que par la moyenne.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var.detach() + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: x.data in the mean
# killed by test_the_gradient_goes_through_the_statistics_of_the_batch
# La moyenne est prise sur x.data : le gradient l'ignore.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.data.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: statistics with their graph
# killed by test_running_statistics_keep_no_history
# Les statistiques glissantes sont mises à jour sans detach : elles gardent le graphe de tous les lots.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: statistics as frozen parameters
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# Les statistiques glissantes sont des `nn.Parameter` sans gradient au lieu de tampons.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.running_mean = nn.Parameter(torch.zeros(num_features), requires_grad=False)
        self.running_var = nn.Parameter(torch.ones(num_features), requires_grad=False)

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: running variance from zero
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# La variance glissante part de 0 au lieu de 1.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.zeros(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: statistics as plain attributes
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# Les statistiques sont de simples attributs : ni `state_dict`, ni `to(device)` ne les connaissent.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.running_mean = torch.zeros(num_features)
        self.running_var = torch.ones(num_features)

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: statistics left out of the state
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# Les tampons sont déclarés `persistent=False` : un modèle sauvegardé les perd.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features), persistent=False)
        self.register_buffer("running_var", torch.ones(num_features), persistent=False)

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: scale not learned
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# `weight` et `bias` sont des tampons : l'optimiseur ne les verra pas.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: random scale
# killed by test_statistics_are_buffers_and_start_at_zero_and_one
# `weight` est tiré au hasard au départ, au lieu de valoir 1.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.rand(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: everything in float64
# killed by test_the_output_has_the_type_of_the_input
# Tout est converti en float64 et le reste : une image float32 ressort en float64.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        x = x.double()
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: everything in float32
# killed by test_eps_is_an_argument_and_counts_when_the_spread_is_small
# x est converti en float32 : un réseau en float64 perd la moitié de ses chiffres.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        x = x.float()
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: view instead of reshape
# killed by test_the_layout_in_memory_does_not_matter
# `view` suppose une mémoire contiguë : un lot permuté lève une erreur.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        x = x.view(x.shape[0], x.shape[1], -1).view(x.shape)
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: centred in place
# killed by test_the_input_is_not_modified
# `x -= moyenne` modifie le lot de l'appelant.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        y = x.clone() if x.requires_grad else x
        y -= mean[:, None, None]
        x = y / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: a backward that forgets what it receives
# killed by test_the_gradient_goes_through_the_statistics_of_the_batch
# La rétropropagation écrite à la main oublie la part de la variance.
class Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, eps):
        inverse = (x.var((0, 2, 3), keepdim=True, unbiased=False) + eps).rsqrt()
        ctx.save_for_backward(inverse)
        return (x - x.mean((0, 2, 3), keepdim=True)) * inverse

    @staticmethod
    def backward(ctx, up):
        (inverse,) = ctx.saved_tensors
        return inverse * (up - up.mean((0, 2, 3), keepdim=True)), None

class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training:
            x = Normalise.apply(x, self.eps)
            return self.weight[:, None, None] * x + self.bias[:, None, None]
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: ready-made function
# killed by test_no_ready_made_batch_norm
# La fonction toute faite `F.batch_norm` fait tout le travail.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        mode = self.training
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, mode, self.momentum, self.eps)

# %% mutant: ready-made class
# killed by test_no_ready_made_batch_norm
# La classe hérite de `nn.BatchNorm2d`.
class BatchNorm2d(nn.BatchNorm2d):
    pass

# %% mutant: ready-made layer inside, under another name
# killed by test_no_ready_made_batch_norm
# La couche de PyTorch est cachée derrière un autre nom.
from torch.nn import BatchNorm2d as Couche

class BatchNorm2d(Couche):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__(num_features, eps, momentum)

# %% mutant: ready-made by instance norm
# killed by test_no_ready_made_batch_norm
# `F.instance_norm` sur un lot réuni en une image appelle la normalisation par lots de PyTorch.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training:
            one = x.transpose(0, 1).flatten(1)[None]
            y = F.instance_norm(one, eps=self.eps)[0].unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)
            return self.weight[:, None, None] * y + self.bias[:, None, None]
        x = (x - mean[:, None, None]) / torch.sqrt(var + self.eps)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]

# %% mutant: zeros
# killed by test_a_channel_is_normalised_over_batch_and_image
# La couche renvoie des zéros.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        return torch.zeros_like(x) * self.weight[:, None, None]

# %% mutant: the input itself
# killed by test_a_channel_is_normalised_over_batch_and_image
# La couche renvoie le lot tel quel.
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        return x

# %% accepted: var_mean, buffers bound anew, a counter of batches
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.register_buffer("num_batches_tracked", torch.tensor(0))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_parameter("bias", nn.Parameter(torch.zeros(num_features)))
        self.register_parameter("weight", nn.Parameter(torch.ones(num_features)))
        self.e, self.m = eps, momentum

    def forward(self, x):
        shape = (1, -1, 1, 1)
        if not self.training:
            y = (x - self.running_mean.view(shape)) * (self.running_var.view(shape) + self.e).rsqrt()
            return y * self.weight.view(shape) + self.bias.view(shape)
        self.num_batches_tracked += 1
        var, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
        unbiased = torch.var(x.detach(), dim=(0, 2, 3))
        self.running_mean = (1 - self.m) * self.running_mean + self.m * mean.detach()
        self.running_var = (1 - self.m) * self.running_var + self.m * unbiased
        y = (x - mean.view(shape)) * (var.view(shape) + self.e).rsqrt()
        return y * self.weight.view(shape) + self.bias.view(shape)

# %% accepted: mean of squares minus square of the mean, one affine map
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            n = x[:, 0].numel()
            m = torch.einsum("nchw->c", x) / n
            v = torch.einsum("nchw,nchw->c", x, x) / n - m**2
            self.running_mean.data.mul_(1 - self.momentum).add_(m.data, alpha=self.momentum)
            self.running_var.data.mul_(1 - self.momentum).add_(v.data * n / (n - 1), alpha=self.momentum)
        else:
            m, v = self.running_mean, self.running_var
        a = self.weight / (v + self.eps) ** 0.5
        b = self.bias - a * m
        return torch.addcmul(b[None, :, None, None], a[None, :, None, None], x)

# %% accepted: layer norm over the pixels of a channel
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        rows = x.transpose(0, 1).flatten(1)
        if self.training:
            with torch.no_grad():
                self.running_mean.lerp_(rows.mean(1), self.momentum)
                self.running_var.lerp_(rows.var(1), self.momentum)
            rows = F.layer_norm(rows, rows.shape[1:], eps=self.eps)
        else:
            rows = (rows - self.running_mean[:, None]) / (self.running_var[:, None] + self.eps).sqrt()
        rows = rows * self.weight[:, None] + self.bias[:, None]
        return rows.unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)

# %% accepted: a loop over channels
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        maps = []
        for c, part in enumerate(x.unbind(1)):
            mean, var = self.running_mean[c].clone(), self.running_var[c].clone()
            if self.training:
                mean, var = part.mean(), ((part - part.mean()) ** 2).mean()
                with torch.no_grad():
                    self.running_mean[c] = torch.lerp(self.running_mean[c], mean, self.momentum)
                    self.running_var[c] = torch.lerp(self.running_var[c], part.var(), self.momentum)
            maps.append(self.weight[c] * (part - mean) / torch.sqrt(var + self.eps) + self.bias[c])
        return torch.stack(maps, dim=1)

# %% accepted: an autograd function of one's own
class Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, eps):
        mean = x.mean((0, 2, 3), keepdim=True)
        inverse = (x.var((0, 2, 3), keepdim=True, unbiased=False) + eps).rsqrt()
        y = (x - mean) * inverse
        ctx.save_for_backward(y, inverse)
        return y

    @staticmethod
    def backward(ctx, up):
        y, inverse = ctx.saved_tensors
        axes = dict(dim=(0, 2, 3), keepdim=True)
        return inverse * (up - up.mean(**axes) - y * (up * y).mean(**axes)), None

class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.running_mean.copy_((1 - self.momentum) * self.running_mean + self.momentum * x.mean((0, 2, 3)))
                self.running_var.copy_((1 - self.momentum) * self.running_var + self.momentum * x.var((0, 2, 3)))
            y = Normalise.apply(x, self.eps)
        else:
            y = (x - self.running_mean.reshape(1, -1, 1, 1)) / (self.running_var.reshape(1, -1, 1, 1) + self.eps).sqrt()
        return y * self.weight.reshape(1, -1, 1, 1) + self.bias.reshape(1, -1, 1, 1)

# %% accepted: channels last, broadcasting for free
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        x = x.movedim(1, -1)
        mean, var = self.running_mean, self.running_var
        if self.training:
            flat = x.reshape(-1, x.shape[-1])
            mean, std = flat.mean(0), flat.std(0, unbiased=False)
            var, n = std**2, len(flat)
            self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean.detach())
            self.running_var.mul_(1 - self.momentum).add_(self.momentum * var.detach() * (n / (n - 1)))
        y = (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias
        return y.movedim(-1, 1).contiguous()

# %% accepted: statistics in double precision inside
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        wide = x.double()
        if self.training:
            mean = wide.mean((0, 2, 3), keepdim=True)
            var = (wide - mean).pow(2).mean((0, 2, 3), keepdim=True)
            n = wide.numel() / wide.size(1)
            with torch.no_grad():
                for old, new in ((self.running_mean, mean), (self.running_var, var * n / (n - 1))):
                    old.copy_((1 - self.momentum) * old.double() + self.momentum * new.flatten())
        else:
            mean, var = (v.double().reshape(1, -1, 1, 1) for v in (self.running_mean, self.running_var))
        y = (wide - mean) / torch.sqrt(var + self.eps)
        return (y * self.weight[:, None, None] + self.bias[:, None, None]).to(x.dtype)

# %% accepted: two classes, a helper, compared with the ready-made one below
class Running(nn.Module):
    def __init__(self, num_features):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    @torch.no_grad()
    def follow(self, mean, var, share):
        self.running_mean.add_(share * (mean - self.running_mean))
        self.running_var.add_(share * (var - self.running_var))

class BatchNorm2d(Running):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super(BatchNorm2d, self).__init__(num_features)
        self.weight, self.bias = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))
        self.options = {"eps": eps, "momentum": momentum}

    def statistics(self, x):
        if not self.training:
            return self.running_mean, self.running_var
        mean = x.mean(3).mean(2).mean(0)
        squares = (x - mean[None, :, None, None]).square().sum(dim=[0, 2, 3])
        n = x.numel() // len(mean)
        self.follow(mean, squares / (n - 1), self.options["momentum"])
        return mean, squares / n

    def forward(self, x):
        mean, var = (s[None, :, None, None] for s in self.statistics(x))
        y = (x - mean).div(var.add(self.options["eps"]).sqrt())
        return y.mul(self.weight[None, :, None, None]).add(self.bias[None, :, None, None])

lot = torch.randn(4, 3, 5, 5)
assert torch.allclose(BatchNorm2d(3)(lot), nn.BatchNorm2d(3)(lot), atol=1e-5)

# %% accepted: numbers through NumPy for the running statistics
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            a = x.detach().numpy()
            for buffer, new in ((self.running_mean, a.mean((0, 2, 3))), (self.running_var, a.var((0, 2, 3), ddof=1))):
                buffer.copy_(torch.from_numpy((1 - self.momentum) * buffer.numpy() + self.momentum * new))
            mean, var = x.mean((0, 2, 3), True), x.var((0, 2, 3), False, True)
        else:
            mean, var = self.running_mean[None, :, None, None], self.running_var[None, :, None, None]
        return (x - mean) / (var + self.eps) ** 0.5 * self.weight[None, :, None, None] + self.bias[None, :, None, None]
