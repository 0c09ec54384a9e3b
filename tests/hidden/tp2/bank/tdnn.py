# %% mutant: relu
# killed by test_one_window_has_the_values_of_the_figure
# ReLU remplace les sigmoïdes.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x)))).sum(2)

# %% mutant: tanh
# killed by test_one_window_has_the_values_of_the_figure
# La tangente hyperbolique remplace les sigmoïdes.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.tanh(self.second(torch.tanh(self.first(x)))).sum(2)

# %% mutant: no sigmoid at the second layer
# killed by test_one_window_has_the_values_of_the_figure
# La sigmoïde de la seconde couche manque.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return self.second(torch.sigmoid(self.first(x))).sum(2)

# %% mutant: no sigmoid at the first layer
# killed by test_one_window_has_the_values_of_the_figure
# La sigmoïde de la première couche manque : les deux convolutions n'en font qu'une.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(self.first(x))).sum(2)

# %% mutant: softmax over the classes
# killed by test_one_window_has_the_values_of_the_figure
# Une softmax sur les classes remplace la seconde sigmoïde.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.softmax(self.second(torch.sigmoid(self.first(x))), dim=1).sum(2)

# %% mutant: sigmoid of the input too
# killed by test_one_window_has_the_values_of_the_figure
# L'entrée passe elle aussi par une sigmoïde.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(torch.sigmoid(x))))).sum(2)

# %% mutant: sum of squares
# killed by test_one_window_has_the_values_of_the_figure
# Ce sont les carrés des sorties qui s'additionnent.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return (torch.sigmoid(self.second(torch.sigmoid(self.first(x)))) ** 2).sum(2)

# %% mutant: bordered convolutions
# killed by test_one_window_has_the_values_of_the_figure
# Un bord de zéros est ajouté : les convolutions ne raccourcissent plus la séquence.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3, padding="same")
        self.second = nn.Conv1d(8, num_classes, 5, padding="same")

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: kernels exchanged
# killed by test_one_window_has_the_values_of_the_figure
# Les noyaux 3 et 5 sont échangés.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 5)
        self.second = nn.Conv1d(8, num_classes, 3)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: sixteen hidden units
# killed by test_one_window_has_the_values_of_the_figure
# La première couche a 16 unités au lieu de 8.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 16, 3)
        self.second = nn.Conv1d(16, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: axes mixed by a reshape
# killed by test_one_window_has_the_values_of_the_figure
# `reshape` au lieu de `transpose` : temps et coefficients sont mélangés.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Linear(in_channels * 3, 8)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        windows = x.unfold(2, 3, 1).reshape(len(x), x.shape[2] - 2, -1)
        hidden = torch.sigmoid(self.first(windows)).transpose(1, 2)
        return torch.sigmoid(self.second(hidden)).sum(2)

# %% mutant: log of the outputs
# killed by test_one_window_has_the_values_of_the_figure
# La sortie est le logarithme de la figure.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return F.logsigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: mean over time
# killed by test_a_sequence_has_the_sum_of_its_windows
# La sortie est une moyenne sur le temps au lieu d'une somme.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).mean(2)

# %% mutant: adaptive average pooling
# killed by test_a_sequence_has_the_sum_of_its_windows
# Un pooling moyen remplace la somme sur le temps.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return F.adaptive_avg_pool1d(torch.sigmoid(self.second(torch.sigmoid(self.first(x)))), 1).flatten(1)

# %% mutant: maximum over time
# killed by test_a_sequence_has_the_sum_of_its_windows
# La sortie est le maximum sur le temps au lieu de la somme.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).amax(2)

# %% mutant: last frame only
# killed by test_a_sequence_has_the_sum_of_its_windows
# Seule la dernière trame est rendue : rien n'est sommé.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x))))[:, :, -1]

# %% mutant: sum before the sigmoid
# killed by test_a_sequence_has_the_sum_of_its_windows
# La somme sur le temps précède la sigmoïde.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x))).sum(2))

# %% mutant: fifteen frames only
# killed by test_a_sequence_has_the_sum_of_its_windows
# La séquence est coupée à 15 trames.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x[:, :, :15])))).sum(2)

# %% mutant: mean of fifteen frames rescaled
# killed by test_a_sequence_has_the_sum_of_its_windows
# La moyenne est multipliée par 9, ce qui n'est une somme que pour 15 trames.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        y = torch.sigmoid(self.second(torch.sigmoid(self.first(x))))
        return y.mean(2) * (9 if y.shape[2] > 1 else 1)

# %% mutant: stride in the second layer
# killed by test_a_sequence_has_the_sum_of_its_windows
# La seconde couche avance de deux trames à la fois.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5, stride=2)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: hidden units summed over time
# killed by test_a_sequence_has_the_sum_of_its_windows
# Les unités cachées sont moyennées sur le temps avant la seconde couche.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        h = torch.sigmoid(self.first(x))
        h = F.adaptive_avg_pool1d(h, 5)
        return torch.sigmoid(self.second(h)).sum(2)

# %% mutant: no biases
# killed by test_the_number_of_parameters
# Les convolutions n'ont pas de biais.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3, bias=False)
        self.second = nn.Conv1d(8, num_classes, 5, bias=False)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: second layer without bias
# killed by test_the_number_of_parameters
# La seconde couche n'a pas de biais.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5, bias=False)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: a layer that is never used
# killed by test_the_number_of_parameters
# Une couche dense est créée sans être utilisée : elle compte parmi les paramètres.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)
        self.out = nn.Linear(9 * num_classes, num_classes)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: a dense layer for nine frames
# killed by test_the_number_of_parameters
# Une couche dense sur les 9 trames remplace la somme.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)
        self.out = nn.Linear(9 * num_classes, num_classes)

    def forward(self, x):
        return self.out(torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).flatten(1))

# %% mutant: layers in a plain list
# killed by test_the_number_of_parameters
# Une liste Python n'enregistre pas ses couches : le module n'a aucun paramètre.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.layers = [nn.Conv1d(in_channels, 8, 3), nn.Conv1d(8, num_classes, 5)]

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return x.sum(2)

# %% mutant: batch normalisation
# killed by test_the_number_of_parameters
# Une normalisation par lots est ajoutée : ses poids ne sont pas dans la figure.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.norm(self.first(x))))).sum(2)

# %% mutant: sixteen coefficients always
# killed by test_other_numbers_of_channels_and_classes
# Le nombre de coefficients est fixé à 16.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(16, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: three classes always
# killed by test_other_numbers_of_channels_and_classes
# Le nombre de classes est fixé à 3.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, 3, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: arguments exchanged
# killed by test_other_numbers_of_channels_and_classes
# `in_channels` et `num_classes` arrivent dans l'autre ordre.
class TDNN(nn.Module):
    def __init__(self, num_classes=None, in_channels=None):
        super().__init__()
        if num_classes is None or in_channels is None:
            in_channels, num_classes = 16, 3
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: no arguments
# killed by test_other_numbers_of_channels_and_classes
# Le constructeur n'accepte pas d'arguments.
class TDNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(16, 8, 3)
        self.second = nn.Conv1d(8, 3, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: squeezed batch of one
# killed by test_each_sequence_is_independent_of_the_batch
# `squeeze` sans axe enlève aussi l'axe du lot quand il n'y a qu'une séquence.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2, keepdim=True).squeeze()

# %% mutant: dropout
# killed by test_each_sequence_is_independent_of_the_batch
# Un dropout, que la figure ne montre pas, agit en entraînement.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(F.dropout(torch.sigmoid(self.first(x)), 0.2, self.training))).sum(2)

# %% mutant: probabilities in evaluation
# killed by test_each_sequence_is_independent_of_the_batch
# En entraînement, le réseau rend autre chose qu'en évaluation : une softmax de la somme.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        y = torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)
        return torch.log_softmax(y, 1) if self.training else y

# %% mutant: statistics of the batch
# killed by test_each_sequence_is_independent_of_the_batch
# L'entrée est normalisée sur le lot en entraînement.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        if self.training:
            x = F.batch_norm(x, None, None, training=True)
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: frozen first layer
# killed by test_gradients_are_the_slopes_of_the_outputs
# La première couche est gelée : elle n'apprend pas.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3).requires_grad_(False)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: detached hidden units
# killed by test_gradients_are_the_slopes_of_the_outputs
# `detach` coupe le graphe entre les deux couches.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)).detach())).sum(2)

# %% mutant: forward without gradients
# killed by test_gradients_are_the_slopes_of_the_outputs
# `no_grad` dans forward coupe le graphe : rien ne peut apprendre.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    @torch.no_grad()
    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x)))).sum(2)

# %% mutant: data of the bias
# killed by test_gradients_are_the_slopes_of_the_outputs
# `.data` sort le biais du graphe : il n'apprend pas.
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        hidden = torch.sigmoid(F.conv1d(x, self.first.weight, self.first.bias.data))
        return torch.sigmoid(self.second(hidden)).sum(2)

# %% accepted: a Sequential with a layer that sums
class Somme(nn.Module):
    def forward(self, x):
        return x.sum(-1)

class TDNN(nn.Sequential):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__(nn.Conv1d(in_channels, 8, 3), nn.Sigmoid(), nn.Conv1d(8, num_classes, 5), nn.Sigmoid(), Somme())

# %% accepted: one matrix a delay
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.w = nn.ParameterList([nn.Parameter(torch.randn(8, in_channels) / 7) for _ in range(3)])
        self.b = nn.Parameter(torch.zeros(8))
        self.v = nn.ParameterList([nn.Parameter(torch.randn(num_classes, 8) / 6) for _ in range(5)])
        self.c = nn.Parameter(torch.zeros(num_classes))

    def layer(self, x, weights, bias):
        length = x.shape[2] - len(weights) + 1
        z = sum(w @ x[:, :, k : k + length] for k, w in enumerate(weights))
        return 1 / (1 + torch.exp(-z - bias[:, None]))

    def forward(self, x):
        return self.layer(self.layer(x, self.w, self.b), self.v, self.c).sum(dim=-1)

# %% accepted: linear layers over windows, second registered first
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.output = nn.Linear(5 * 8, num_classes)
        self.hidden = nn.Linear(3 * in_channels, 8)

    def forward(self, x):
        x = x.transpose(1, 2)
        h = torch.sigmoid(self.hidden(x.unfold(1, 3, 1).flatten(2)))
        windows = torch.cat([h[:, k : h.shape[1] - 4 + k] for k in range(5)], dim=2)
        return torch.sigmoid(self.output(windows)).sum(1)

# %% accepted: convolutions of images
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.a = nn.Conv2d(1, 8, (in_channels, 3))
        self.b = nn.Conv2d(1, num_classes, (8, 5))

    def forward(self, x):
        h = self.a(x[:, None]).sigmoid().transpose(1, 2)
        return self.b(h).sigmoid().sum((2, 3))

# %% accepted: true convolutions, the kernels turned
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, in_channels, 8) / 7)
        self.v = nn.Parameter(torch.randn(5, 8, num_classes) / 6)
        self.b, self.c = nn.Parameter(torch.zeros(8)), nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        h = torch.sigmoid(F.conv1d(x, self.w.flip(0).permute(2, 1, 0), self.b))
        y = torch.sigmoid(F.conv1d(h, self.v.flip(0).permute(2, 1, 0), self.c))
        return torch.einsum("nct->nc", y)

# %% accepted: lazy layers, a mean times its length
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.layers = nn.ModuleList([nn.LazyConv1d(8, 3), nn.LazyConv1d(num_classes, kernel_size=(5,))])

    def forward(self, x):
        for layer in self.layers:
            x = F.sigmoid(layer(x))
        return x.mean(2) * x.shape[2]

# %% accepted: a loop over time
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Linear(in_channels * 3, 8)
        self.second = nn.Linear(8 * 5, num_classes)

    def forward(self, x):
        hidden = [torch.sigmoid(self.first(x[:, :, t : t + 3].reshape(len(x), -1))) for t in range(x.size(2) - 2)]
        total = 0
        for t in range(len(hidden) - 4):
            total = total + torch.sigmoid(self.second(torch.stack(hidden[t : t + 5], 1).flatten(1)))
        return total

# %% accepted: matrices of columns, weights redrawn
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.w1 = nn.Parameter(torch.empty(in_channels * 3, 8))
        self.b1 = nn.Parameter(torch.empty(1, 1, 8))
        self.w2 = nn.Parameter(torch.empty(40, num_classes))
        self.b2 = nn.Parameter(torch.empty(1, 1, num_classes))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.3, 0.3)

    def forward(self, x):
        h = (F.unfold(x[:, :, None], (1, 3)).mT @ self.w1 + self.b1).sigmoid()
        y = (F.unfold(h.mT[:, :, None], (1, 5)).mT @ self.w2 + self.b2).sigmoid()
        return y.cumsum(1)[:, -1]

# %% accepted: tanh in the sigmoid's place, rewritten
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.first = nn.Conv1d(in_channels, 8, 3)
        self.second = nn.Conv1d(8, num_classes, 5)

    def forward(self, x):
        h = 0.5 + 0.5 * torch.tanh(self.first(x) / 2)
        y = 0.5 + 0.5 * torch.tanh(self.second(h) / 2)
        return F.conv1d(y.transpose(0, 1).flatten(0, 1)[:, None], y.new_ones(1, 1, y.shape[2])).view(y.shape[1], -1).T

# %% accepted: one linear layer a unit
class TDNN(nn.Module):
    def __init__(self, in_channels=16, num_classes=3):
        super().__init__()
        self.units = nn.ParameterList([nn.Parameter(torch.randn(in_channels, 3) / 7) for _ in range(8)])
        self.bias = nn.Parameter(torch.zeros(8))
        self.second = nn.Conv1d(8, num_classes, 5, dilation=1, padding=0)

    def forward(self, x):
        z = F.conv1d(x, torch.stack(list(self.units)), self.bias)
        return self.second(z.sigmoid()).sigmoid().sum(2)
