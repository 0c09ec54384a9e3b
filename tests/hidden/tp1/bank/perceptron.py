# %% mutant: exponentials not normalised
# killed by test_each_row_holds_probabilities
# Les exponentielles sont divisées par la plus grande au lieu de leur somme.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        z = self.linear(x.flatten(1))
        return (z - z.amax(1, keepdim=True)).exp()

# %% mutant: logits returned
# killed by test_each_row_holds_probabilities
# La sortie est faite de logits : il manque la softmax.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.linear(x.flatten(1))

# %% mutant: log-probabilities returned
# killed by test_each_row_holds_probabilities
# La sortie est faite de log-probabilités au lieu de probabilités.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return F.log_softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: one sigmoid a class
# killed by test_each_row_holds_probabilities
# Une sigmoïde par classe ne donne pas des probabilités de somme 1.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.sigmoid(self.linear(x.flatten(1)))

# %% mutant: two outputs only
# killed by test_each_row_holds_probabilities
# Le nombre de classes est écrit en dur.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, 2)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: super().__init__() forgotten
# killed by test_each_row_holds_probabilities
# super().__init__() manque : un module ne peut pas enregistrer de couche avant.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: the most probable class
# killed by test_each_row_holds_probabilities
# La sortie est la classe décidée au lieu des probabilités.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.linear(x.flatten(1)).argmax(1)

# %% mutant: nothing returned
# killed by test_each_row_holds_probabilities
# forward ne renvoie rien.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: constant output
# killed by test_each_row_holds_probabilities
# Toutes les classes ont toujours la même probabilité : l'entrée n'est pas lue.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(0 * self.linear(x.flatten(1)), dim=1)

# %% mutant: ReLU on the logits
# killed by test_the_log_odds_are_affine
# Une ReLU avant la softmax rend égales toutes les classes de score négatif.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(torch.relu(self.linear(x.flatten(1))), dim=1)

# %% mutant: softmax twice
# killed by test_the_log_odds_are_affine
# La softmax est appliquée deux fois : les probabilités s'écrasent.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(in_features, num_classes), nn.Softmax(dim=1))

    def forward(self, x):
        return F.softmax(self.net(x), dim=1)

# %% mutant: hidden layer
# killed by test_the_log_odds_are_affine
# Une couche cachée avec une non-linéarité : c'est déjà un réseau à deux couches.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(in_features, 32), nn.Tanh(), nn.Linear(32, num_classes), nn.Softmax(1)
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: sigmoid before the softmax
# killed by test_the_log_odds_are_affine
# Une sigmoïde avant la softmax borne les scores : aucune probabilité ne peut approcher 1.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(torch.sigmoid(self.linear(x.flatten(1))), dim=1)

# %% mutant: inputs normalised in length
# killed by test_the_log_odds_are_affine
# Chaque exemple est ramené à la longueur 1 : la fonction n'est plus affine.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(F.normalize(x.flatten(1), dim=1)), dim=1)

# %% mutant: negative inputs cut off
# killed by test_the_log_odds_are_affine
# Les entrées sont bornées entre 0 et 1, comme si c'étaient toujours des pixels.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1).clamp(0, 1)), dim=1)

# %% mutant: dropout
# killed by test_the_log_odds_are_affine
# Un dropout éteint des entrées au hasard : la sortie change d'un exemple à l'autre.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return torch.softmax(self.linear(self.dropout(x.flatten(1))), dim=1)

# %% mutant: no bias
# killed by test_each_class_has_a_bias_that_learns
# Il n'y a pas de biais : pour une entrée nulle, toutes les classes restent aussi probables.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes, bias=False)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: one bias for all classes
# killed by test_each_class_has_a_bias_that_learns
# Un seul biais est commun à toutes les classes : la softmax n'en garde rien.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(in_features, num_classes))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.softmax(x.flatten(1) @ self.weight + self.bias, dim=1)

# %% mutant: bias as a plain tensor
# killed by test_each_class_has_a_bias_that_learns
# Le biais est un simple tenseur : il n'est pas enregistré, et aucun optimiseur ne le voit.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(num_classes, in_features))
        self.bias = torch.zeros(num_classes)

    def forward(self, x):
        return torch.softmax(F.linear(x.flatten(1), self.weight, self.bias), dim=1)

# %% mutant: frozen bias
# killed by test_each_class_has_a_bias_that_learns
# Le biais n'exige pas de gradient : il garde sa valeur de départ.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)
        self.linear.bias.requires_grad_(False)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: one threshold for all classes
# killed by test_each_class_has_a_bias_that_learns
# Un seuil commun décale tous les scores : chaque classe doit avoir le sien.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes, bias=False)
        self.threshold = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)) - self.threshold, dim=1)

# %% mutant: four inputs at most
# killed by test_every_input_weighs_on_every_class
# Les entrées au-delà de la quatrième sont ignorées : un nombre est écrit en dur.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(min(4, in_features), num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)[:, :4]), dim=1)

# %% mutant: one score for all classes
# killed by test_every_input_weighs_on_every_class
# Un seul score est calculé, puis multiplié pour chaque classe : les classes partagent leurs poids.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.score = nn.Linear(in_features, 1, bias=False)
        self.classes = nn.Linear(1, num_classes)

    def forward(self, x):
        return torch.softmax(self.classes(self.score(x.flatten(1))), dim=1)

# %% mutant: bottleneck of two units
# killed by test_every_input_weighs_on_every_class
# Une couche intermédiaire de deux unités limite les poids que les classes peuvent avoir.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_features, 2), nn.Linear(2, num_classes))

    def forward(self, x):
        return torch.softmax(self.net(x.flatten(1)), dim=1)

# %% mutant: mean of the pixels
# killed by test_every_input_weighs_on_every_class
# Seule la moyenne des entrées compte : tous les poids d'une classe sont égaux.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(1, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1).mean(1, keepdim=True)), dim=1)

# %% mutant: softmax over the batch
# killed by test_each_row_is_independent_of_the_batch
# La softmax court sur le lot (axe 0) au lieu des classes.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=0)

# %% mutant: centred on the batch
# killed by test_each_row_is_independent_of_the_batch
# La moyenne du lot est retranchée : les probabilités d'un exemple dépendent des autres.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        x = x.flatten(1)
        return torch.softmax(self.linear(x - x.mean(0)), dim=1)

# %% mutant: batch norm
# killed by test_each_row_is_independent_of_the_batch
# Une normalisation par lots fait dépendre chaque exemple des autres, et refuse un exemple seul.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(in_features), nn.Linear(in_features, num_classes))

    def forward(self, x):
        return self.net(x).softmax(1)

# %% mutant: squeezed
# killed by test_each_row_is_independent_of_the_batch
# squeeze() fait disparaître l'axe du lot quand il n'y a qu'un exemple.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1).squeeze()

# %% mutant: batches of thirty-two
# killed by test_each_row_is_independent_of_the_batch
# La taille du lot est écrite en dur.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.reshape(32, -1)), dim=1)

# %% mutant: sum of the whole batch
# killed by test_each_row_is_independent_of_the_batch
# Les exponentielles sont divisées par la somme de tout le lot.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        e = self.linear(x.flatten(1)).exp()
        return e / e.sum()

# %% mutant: not flattened
# killed by test_inputs_of_any_shape_are_flattened
# L'entrée n'est pas aplatie : une image n'entre pas dans la couche linéaire.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x), dim=1)

# %% mutant: flattened from the third axis on
# killed by test_inputs_of_any_shape_are_flattened
# L'aplatissement commence un axe trop tard : seules les images à un canal passent.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        if x.ndim > 2:
            x = x[:, 0].flatten(1)
        return torch.softmax(self.linear(x), dim=1)

# %% mutant: flattened in another order
# killed by test_inputs_of_any_shape_are_flattened
# Les pixels sont rangés dans un autre ordre que celui de la mémoire.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.transpose(1, -1).flatten(1)), dim=1)

# %% mutant: batch swallowed
# killed by test_inputs_of_any_shape_are_flattened
# flatten() sans axe de départ avale aussi le lot.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten()), dim=0)

# %% mutant: images of eight by eight
# killed by test_inputs_of_any_shape_are_flattened
# La taille des images est écrite en dur.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(64, num_classes)

    def forward(self, x):
        return torch.softmax(self.linear(x.view(-1, 64)), dim=1)

# %% mutant: frozen weights
# killed by test_the_weights_learn
# Les poids n'exigent pas de gradient : seul le biais apprend.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)
        self.linear.weight.requires_grad_(False)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: weights cut from the graph
# killed by test_the_weights_learn
# Le produit est détaché : le gradient n'atteint que le biais.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(num_classes, in_features))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        return torch.softmax((x.flatten(1) @ self.weight.T).detach() + self.bias, dim=1)

# %% mutant: layer in a plain list
# killed by test_the_weights_learn
# Une liste Python n'enregistre pas ses couches : le module n'a aucun paramètre.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.layers = [nn.Linear(in_features, num_classes)]

    def forward(self, x):
        return torch.softmax(self.layers[0](x.flatten(1)), dim=1)

# %% mutant: layer made at each call
# killed by test_the_weights_learn
# La couche est créée dans forward : ses poids sont nouveaux à chaque appel.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.sizes = in_features, num_classes

    def forward(self, x):
        return torch.softmax(nn.Linear(*self.sizes)(x.flatten(1)), dim=1)

# %% mutant: initialised at each call
# killed by test_the_weights_learn
# Les poids sont tirés à nouveau dans forward : rien de ce qui est appris n'est gardé.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        nn.init.xavier_uniform_(self.linear.weight)
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: forward without gradients
# killed by test_the_weights_learn
# no_grad dans forward coupe le graphe : rien ne peut apprendre.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    @torch.no_grad()
    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% mutant: NumPy in the middle
# killed by test_the_weights_learn
# Le passage par NumPy coupe le graphe.
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)

    def forward(self, x):
        z = self.linear(x.flatten(1)).detach().numpy()
        e = np.exp(z - z.max(1, keepdims=True))
        return torch.from_numpy(e / e.sum(1, keepdims=True))

# %% mutant: no module
# killed by test_the_weights_learn
# La classe n'hérite pas de nn.Module : elle n'a ni paramètres, ni état.
class Perceptron:
    def __init__(self, in_features, num_classes):
        self.linear = nn.Linear(in_features, num_classes)

    def __call__(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% accepted: Sequential
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(in_features, num_classes), nn.Softmax(dim=1))

    def forward(self, x):
        return self.net(x)

# %% accepted: a Sequential by inheritance
class Perceptron(nn.Sequential):
    def __init__(self, in_features, num_classes):
        super().__init__(nn.Flatten(), nn.Linear(in_features, num_classes), nn.Softmax(-1))

# %% accepted: own parameters that start at zero
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.b = nn.Parameter(torch.zeros(num_classes))
        self.w = nn.Parameter(torch.zeros(in_features, num_classes))

    def forward(self, x):
        z = torch.einsum("nd,dc->nc", x.reshape(x.shape[0], -1), self.w) + self.b
        return (z - z.logsumexp(1, keepdim=True)).exp()

# %% accepted: lazy layer
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.LazyLinear(num_classes)

    def forward(self, x):
        return self.linear(torch.flatten(x, start_dim=1)).softmax(-1)

# %% accepted: bias as one more input
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.register_parameter("theta", nn.Parameter(torch.randn(num_classes, in_features + 1) / 10))

    def forward(self, x):
        ones = torch.ones(len(x), 1)
        return F.softmax(torch.cat([ones, x.flatten(1)], 1) @ self.theta.T, 1)

# %% accepted: convolution as large as the input
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.conv = nn.Conv1d(1, num_classes, kernel_size=in_features)

    def forward(self, x):
        return torch.softmax(self.conv(x.reshape(len(x), 1, -1)), dim=1).squeeze(2)

# %% accepted: convolution of one by one
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.in_features = in_features
        self.conv = nn.Conv2d(in_features, num_classes, 1)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.softmax(self.conv(x.reshape(-1, self.in_features, 1, 1)), dim=1)[:, :, 0, 0]

# %% accepted: one layer a class
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.neurons = nn.ModuleList(nn.Linear(in_features, 1) for _ in range(num_classes))

    def forward(self, x):
        x = x.view(x.size(0), -1)
        return torch.softmax(torch.cat([neuron(x) for neuron in self.neurons], dim=1), dim=1)

# %% accepted: sums and products by hand
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.rand(in_features) - 0.5) for _ in range(num_classes)])
        self.biases = nn.ParameterDict({str(c): nn.Parameter(torch.zeros(())) for c in range(num_classes)})

    def forward(self, x):
        rows = []
        for example in x:
            flat = example.flatten()
            z = torch.stack([(w * flat).sum() + self.biases[str(c)] for c, w in enumerate(self.weights)])
            e = torch.exp(z - z.max().detach())
            rows.append(e / e.sum())
        return torch.stack(rows)

# %% accepted: weight normalisation
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        linear = nn.Linear(in_features, num_classes)
        self.linear = nn.utils.parametrizations.weight_norm(linear)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1)), dim=1)

# %% accepted: double precision inside
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes, dtype=torch.float64)

    def forward(self, x):
        return torch.softmax(self.linear(x.flatten(1).double()), dim=1)

# %% accepted: He initialisation and a zero bias
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.sortie = nn.Linear(in_features, num_classes)
        nn.init.kaiming_normal_(self.sortie.weight)
        nn.init.zeros_(self.sortie.bias)

    def forward(self, image):
        return torch.exp(torch.log_softmax(self.sortie(image.flatten(1)), dim=-1))

# %% accepted: wide linear layer before, without a non-linearity
class Perceptron(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(in_features, 16), nn.Linear(16, num_classes))

    def forward(self, x):
        return self.net(x).softmax(dim=1)
