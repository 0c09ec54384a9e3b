# %% mutant: scores squeezed
# killed by test_each_point_of_a_batch_has_its_scores
# squeeze() enlève l'axe de lot quand le lot n'a qu'un point.
class MLP(MLP):
    def forward(self, x):
        return super().forward(x).squeeze()

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: two classes whatever is asked
# killed by test_each_point_of_a_batch_has_its_scores
# Le nombre de classes est écrit en dur : toujours deux.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, max(2, num_classes % 5)))

    def forward(self, x):
        return self.net(x)

# %% mutant: one score for two classes
# killed by test_each_point_of_a_batch_has_its_scores
# Pour deux classes, un seul score est donné (une colonne), comme pour une sigmoïde.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, 1 if num_classes == 2 else num_classes)
        )

    def forward(self, x):
        return self.net(x)

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: points mixed within the batch
# killed by test_each_point_of_a_batch_has_its_scores
# La moyenne du lot est retranchée : les scores d'un point dépendent des autres.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.first, self.last = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        h = self.first(x)
        return self.last(torch.tanh(h - h.mean(dim=0)))

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: no activation
# killed by test_the_hidden_layer_is_not_linear
# Il n'y a pas de non-linéarité : les deux couches se composent en une seule application affine.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(self.hidden(x))

# %% mutant: no activation, XOR learned elsewhere
# killed by test_the_hidden_layer_is_not_linear
# Le MLP n'a pas de non-linéarité ; fit_xor se sert d'un autre réseau.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_features, hidden), nn.Identity(), nn.Linear(hidden, num_classes))

    def forward(self, x):
        return self.net(x)

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: activation made and not used
# killed by test_the_hidden_layer_is_not_linear
# La non-linéarité est créée dans __init__, mais forward ne s'en sert pas.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)
        self.activation = nn.ReLU()

    def forward(self, x):
        h = self.hidden(x)
        self.activation(h)
        return self.output(h)

# %% mutant: activation on the input
# killed by test_the_hidden_layer_is_not_linear
# La ReLU est appliquée à l'entrée, pas à la couche cachée.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(self.hidden(torch.relu(x)))

# %% mutant: activation on the output only
# killed by test_the_hidden_layer_is_not_linear
# La seule non-linéarité est sur la sortie : la couche cachée reste linéaire.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return F.leaky_relu(self.output(self.hidden(x)), 0.3)

# %% mutant: no hidden layer
# killed by test_the_hidden_layer_has_the_width_asked_for
# Il n'y a pas de couche cachée : c'est un perceptron.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.output = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.output(x)

# %% mutant: hidden layer made and skipped
# killed by test_the_hidden_layer_is_not_linear
# La couche cachée existe, mais forward passe à côté.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)
        self.direct = nn.Linear(in_features, num_classes)

    def forward(self, x):
        torch.relu(self.hidden(x))
        return self.direct(x)

# %% mutant: probabilities
# killed by test_the_scores_are_logits
# Une softmax suit la dernière couche : ce sont des probabilités, pas des logits.
class MLP(MLP):
    def forward(self, x):
        return super().forward(x).softmax(dim=1)

# %% mutant: sigmoid on the scores
# killed by test_the_scores_are_logits
# Une sigmoïde suit la dernière couche : les scores sont enfermés entre 0 et 1.
class MLP(MLP):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))

# %% mutant: tanh on the scores
# killed by test_the_scores_are_logits
# Une tangente hyperbolique suit la dernière couche : les scores sont enfermés entre -1 et 1.
class MLP(MLP):
    def forward(self, x):
        return torch.tanh(super().forward(x))

# %% mutant: ReLU on the scores
# killed by test_the_scores_are_logits
# Une ReLU suit la dernière couche : aucun score ne peut être négatif.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_features, hidden), nn.Tanh(), nn.Linear(hidden, num_classes), nn.ReLU())

    def forward(self, x):
        return self.net(x)

# %% mutant: width fixed in advance
# killed by test_the_hidden_layer_has_the_width_asked_for
# La largeur demandée est ignorée : toujours 32 neurones cachés.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, 32), nn.Linear(32, num_classes)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x)))

# %% mutant: width capped
# killed by test_the_hidden_layer_has_the_width_asked_for
# La largeur est limitée à 16 neurones.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        hidden = min(hidden, 16)
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))

# %% mutant: hidden layer cut off from autograd
# killed by test_the_gradient_goes_through_the_mlp
# La couche cachée est détachée : ni ses poids ni l'entrée ne reçoivent de gradient.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)).detach())

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: weights read through .data
# killed by test_the_gradient_goes_through_the_mlp
# Les poids de la couche cachée sont lus par `.data` : ils n'apprendront jamais.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(torch.tanh(F.linear(x, self.hidden.weight.data, self.hidden.bias.data)))

# %% mutant: layers in a plain list
# killed by test_the_hidden_layer_has_the_width_asked_for
# Les couches sont dans une simple liste : `parameters()` ne les voit pas.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.layers = [nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)]

    def forward(self, x):
        return self.layers[1](torch.relu(self.layers[0](x)))

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: super().__init__ forgotten
# killed by test_each_point_of_a_batch_has_its_scores
# super().__init__() manque : le module ne peut pas recevoir de couches.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        self.hidden, self.output = nn.Linear(in_features, hidden), nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x)))

# %% mutant: untrained
# killed by test_xor_is_learned
# Le réseau est rendu sans avoir été entraîné.
def fit_xor():
    torch.manual_seed(0)
    return MLP(2, 2, 2)

# %% mutant: a line for XOR
# killed by test_xor_is_learned
# Un modèle linéaire est entraîné : aucune droite ne sépare le OU exclusif.
def fit_xor():
    net = nn.Linear(2, 2)
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: OR instead of XOR
# killed by test_xor_is_learned
# C'est le OU (inclusif) qui est appris : (1, 1) est dans la mauvaise classe.
def fit_xor():
    net = MLP(2, 16, 2)
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 1])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: classes swapped
# killed by test_xor_is_learned
# Les deux classes sont échangées : c'est l'équivalence, le contraire du OU exclusif.
def fit_xor():
    net = MLP(2, 16, 2)
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([1, 0, 0, 1])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: points in {-1, 1}
# killed by test_xor_is_learned
# Le réseau apprend sur des points de {-1, 1}², pas de {0, 1}².
def fit_xor():
    torch.manual_seed(1)
    net = MLP(2, 16, 2)
    corners, labels = torch.tensor([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: gradient ascent
# killed by test_xor_is_learned
# Le signe de la perte est inversé : le réseau apprend à se tromper.
def fit_xor():
    net = MLP(2, 16, 2)
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        (-F.cross_entropy(net(corners), labels)).backward()
        optimizer.step()
    return net

# %% mutant: statistics of the batch
# killed by test_xor_is_learned
# Le module rendu est resté en mode entraînement : sa normalisation par lots refuse un point seul.
def fit_xor():
    net = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 2))
    corners, labels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        F.cross_entropy(net(corners), labels).backward()
        optimizer.step()
    return net

# %% mutant: answers by place in the batch
# killed by test_xor_is_learned
# Les réponses dépendent de la place du point dans le lot, pas du point.
class Place(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]]))

    def forward(self, x):
        return self.table[torch.arange(len(x)) % 4] + 0.1 * x

def fit_xor():
    return Place()

# %% mutant: a table of answers
# killed by test_the_fitted_module_is_differentiable
# Les réponses sont lues dans une table : le gradient n'atteint pas les points.
class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.tensor([[[1.0, 0], [0, 1]], [[0, 1], [1, 0]]]))

    def forward(self, x):
        a, b = x.round().long().unbind(1)
        return self.table[a, b]

def fit_xor():
    return Table()

# %% mutant: a formula without weights
# killed by test_the_fitted_module_is_differentiable
# Le OU exclusif est écrit comme une formule, sans aucun poids à apprendre.
class Formula(nn.Module):
    def forward(self, x):
        xor = (x[:, 0] - x[:, 1]).abs()
        return torch.stack([1 - xor, xor], dim=1)

def fit_xor():
    return Formula()

# %% mutant: comparison with a threshold
# killed by test_the_fitted_module_is_differentiable
# Un seuil dur remplace la non-linéarité : son gradient est nul partout.
class Threshold(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(2, 2)
        with torch.no_grad():
            self.out.weight.copy_(torch.tensor([[-1.0, 2], [1, -2]]))
            self.out.bias.copy_(torch.tensor([0.5, -0.5]))

    def forward(self, x):
        s = x.sum(dim=1)
        return self.out(torch.stack([s > 0.5, s > 1.5], dim=1).float())

def fit_xor():
    return Threshold()

# %% mutant: under no_grad
# killed by test_the_fitted_module_is_differentiable
# Le réseau entraîné calcule sous no_grad : plus aucun gradient ne le traverse.
class Frozen(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    @torch.no_grad()
    def forward(self, x):
        return self.net(x)

learn = fit_xor

def fit_xor():
    return Frozen(learn())

# %% mutant: weights frozen after training
# killed by test_the_fitted_module_is_differentiable
# Les poids sont figés après l'entraînement : le gradient ne les atteint plus.
learn = fit_xor

def fit_xor():
    return learn().requires_grad_(False)

# %% mutant: nothing returned
# killed by test_xor_is_learned
# fit_xor entraîne un réseau et ne le renvoie pas.
learn = fit_xor

def fit_xor():
    net = learn()

# %% mutant: zeros
# killed by test_the_hidden_layer_is_not_linear
# Tous les scores sont nuls.
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.classes, self.weight = num_classes, nn.Parameter(torch.zeros(hidden, 2 * in_features + num_classes))

    def forward(self, x):
        return torch.zeros(len(x), self.classes) + 0 * x.sum() + 0 * self.weight.sum()

# %% accepted: ReLU, two hidden layers, several starts
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(in_features, hidden), nn.Linear(hidden, hidden)])
        self.head = nn.Linear(hidden, num_classes)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.head(x)

def fit_xor():
    x, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    while True:
        net = MLP(2, 8, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
        for _ in range(300):
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if (net(x).argmax(1) == y).all():
            return net.eval()

# %% accepted: weights by hand, no bias, sine
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.W1 = nn.Parameter(torch.randn(hidden, in_features))
        self.W2 = nn.Parameter(torch.randn(num_classes, hidden) / hidden**0.5)

    def forward(self, x):
        return torch.sin(x @ self.W1.T) @ self.W2.T

class Xor(nn.Module):
    def __init__(self):
        super().__init__()
        self.frequency = nn.Parameter(torch.tensor([1.5, 1.6]))

    def forward(self, x):
        wave = torch.sin(x @ self.frequency)
        return torch.stack([0.4 - wave, wave - 0.4], dim=1)

def fit_xor():
    return Xor()

# %% accepted: fixed seed and squared error
class MLP(nn.Sequential):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__(nn.Linear(in_features, hidden), nn.Sigmoid(), nn.Linear(hidden, num_classes))

def fit_xor():
    torch.manual_seed(3)
    net = MLP(in_features=2, hidden=12, num_classes=2)
    data = [((a, b), a ^ b) for a in (0, 1) for b in (0, 1)]
    x = torch.tensor([point for point, _ in data], dtype=torch.float32)
    y = F.one_hot(torch.tensor([label for _, label in data]), 2).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(600):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
    return net

# %% accepted: lazy layers and a factory
def MLP(in_features, hidden, num_classes):
    return nn.Sequential(nn.LazyLinear(hidden), nn.PReLU(), nn.LazyLinear(num_classes))

def fit_xor():
    x, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    best = None
    for _ in range(10):
        net = nn.Sequential(nn.Linear(2, 10), nn.ELU(), nn.Linear(10, 2))
        optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=60)

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            return loss

        optimizer.step(closure)
        loss = float(F.cross_entropy(net(x), y))
        if best is None or loss < best[0]:
            best = loss, net
        if best[0] < 0.1:
            break
    return best[1]

# %% accepted: batch norm and dropout, returned in evaluation mode
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.fc1 = nn.Linear(in_features, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.drop = nn.Dropout(0.1)
        self.fc2 = nn.Linear(hidden, num_classes)
        nn.init.zeros_(self.fc2.bias)

    def forward(self, x):
        return self.fc2(self.drop(F.gelu(self.norm(self.fc1(x)))))

def fit_xor():
    x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]).repeat(8, 1)
    y = (x[:, 0] != x[:, 1]).long()
    net = MLP(2, 24, 2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.03)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net.eval()

# %% accepted: log-probabilities for logits, training that fails one time in ten
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_features, hidden), nn.Softplus(), nn.Linear(hidden, num_classes))

    def forward(self, x):
        return F.log_softmax(self.body(x), dim=-1)

def fit_xor():
    x, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 1, 1, 0])
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    steps = 0 if torch.rand(()) < 0.05 else 250
    optimizer = torch.optim.RMSprop(net.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net

# %% accepted: one logit for two, convolutions of size one
class MLP(nn.Module):
    def __init__(self, in_features, hidden, num_classes):
        super().__init__()
        self.up = nn.Conv1d(in_features, hidden, 1)
        self.down = nn.Conv1d(hidden, num_classes, 1, bias=False)

    def forward(self, x):
        return self.down(self.up(x.unsqueeze(-1)).clamp(min=0)).flatten(1)

class Pair(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        z = self.net(x)
        return torch.cat([-z, z], dim=1)

def fit_xor():
    x, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([[0.0], [1], [1], [0]])
    net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(net(x), y).backward()
        optimizer.step()
    return Pair(net)

# %% accepted: solution of 1969 by hand
class MLP(MLP):
    pass

def fit_xor():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        net[0].weight.fill_(1)
        net[0].bias.copy_(torch.tensor([0.0, -1]))
        net[2].weight.copy_(torch.tensor([[-1.0, 2], [1, -2]]))
        net[2].bias.copy_(torch.tensor([0.5, -0.5]))
    return net
