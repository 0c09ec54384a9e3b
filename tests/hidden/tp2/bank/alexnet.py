# %% mutant: ten classes by default
# killed by test_the_parameters_of_a_thousand_classes
# Par défaut, le réseau a dix classes au lieu de mille.
def alexnet(num_classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: widths of 2012
# killed by test_the_parameters_of_a_thousand_classes
# Les largeurs sont celles de 2012 (96, 256, 384, 384, 256) au lieu de la version en une colonne.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: two columns
# killed by test_the_parameters_of_a_thousand_classes
# La deuxième convolution est coupée en deux groupes, comme dans les deux colonnes de 2012.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: batch norm
# killed by test_the_parameters_of_a_thousand_classes
# Une normalisation par lots, que la figure n'a pas, suit la première convolution.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: one hidden linear layer
# killed by test_the_parameters_of_a_thousand_classes
# Il n'y a qu'une couche linéaire cachée au lieu de deux.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: a thousand classes always
# killed by test_the_last_layer_has_as_many_outputs_as_classes
# `num_classes` est ignoré : il y a toujours mille classes.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, 1000),
    )

# %% mutant: no relu after the convolutions
# killed by test_the_scores_are_those_of_the_figure
# Les convolutions ne sont pas suivies de ReLU.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.Conv2d(256, 256, 3, padding=1), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: average pooling
# killed by test_the_scores_are_those_of_the_figure
# Des moyennes 3x3 remplacent les maximums.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.AvgPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: no padding, adaptive pooling
# killed by test_the_scores_are_those_of_the_figure
# Un bord manque à la deuxième convolution ; la moyenne adaptative le cache.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(6), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: softmax at the end
# killed by test_the_scores_are_those_of_the_figure
# Une softmax suit la dernière couche : ce ne sont plus des logits.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes), nn.Softmax(1),
    )

# %% mutant: relu on the scores
# killed by test_the_scores_are_those_of_the_figure
# Une ReLU suit la dernière couche : les scores négatifs disparaissent.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes), nn.ReLU(),
    )

# %% mutant: dropout in evaluation too
# killed by test_the_scores_are_those_of_the_figure
# Le dropout agit aussi en évaluation (F.dropout sans training=self.training).
class Drop(nn.Module):
    def forward(self, x):
        return F.dropout(x)


def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        Drop(), nn.Linear(9216, 4096), nn.ReLU(),
        Drop(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: no dropout
# killed by test_dropout_works_in_training
# Il n'y a pas de dropout.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(),
        nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: dropout of probability zero
# killed by test_dropout_works_in_training
# Le dropout a une probabilité nulle : il ne fait rien.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Dropout(0), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(0), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes),
    )

# %% mutant: dropout on the scores
# killed by test_dropout_works_in_training
# Le dropout est placé après la dernière couche : il éteint des scores.
def alexnet(num_classes=1000):
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(),
        nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, num_classes), nn.Dropout(),
    )

# %% mutant: from torchvision
# killed by test_no_ready_made_network
# Le réseau vient de torchvision.models.
from torchvision import models


def alexnet(num_classes=1000):
    return models.alexnet(num_classes=num_classes)

# %% mutant: torchvision's layers, by a string
# killed by test_no_ready_made_network
# Les couches viennent de torchvision.models, par un import écrit dans une chaîne.
def alexnet(num_classes=1000):
    home = vars(__import__("torchvision"))["mod" + "els"]
    made = vars(home)["Alex" + "Net"](num_classes)
    return nn.Sequential(made.features, nn.Flatten(), made.classifier)

# %% accepted: a class with functional layers
class AlexNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.out = nn.Linear(4096, num_classes)
        self.hidden = nn.ModuleList([nn.Linear(4096, 4096), nn.Linear(256 * 6 * 6, 4096)])
        self.c = nn.ModuleDict({
            "1": nn.Conv2d(3, 64, 11, 4, 2), "5": nn.Conv2d(256, 256, 3, padding="same"),
            "2": nn.Conv2d(64, 192, 5, padding="same"), "4": nn.Conv2d(384, 256, 3, padding="same"),
            "3": nn.Conv2d(192, 384, 3, padding="same"),
        })

    def forward(self, x):
        for key in "12345":
            x = F.relu(self.c[key](x))
            if key in "125":
                x = F.max_pool2d(x, 3, 2)
        x = x.reshape(x.shape[0], -1)
        for linear in reversed(self.hidden):
            x = F.relu(linear(F.dropout(x, 0.5, training=self.training)))
        return self.out(x)


def alexnet(num_classes=1000):
    return AlexNet(num_classes)

# %% accepted: convolutions for linear layers
def alexnet(num_classes=1000):
    pool = nn.MaxPool2d(kernel_size=3, stride=2)
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(True), pool,
        nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(True), pool,
        nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(True),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(True),
        nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(True), pool,
        nn.Dropout(0.5), nn.Conv2d(256, 4096, 6), nn.ReLU(True),
        nn.Dropout(0.5), nn.Conv2d(4096, 4096, 1), nn.ReLU(True),
        nn.Conv2d(4096, num_classes, 1), nn.Flatten(),
    )

# %% accepted: adaptive mean, pooling before relu, lazy layers
def alexnet(num_classes=1000):
    layers = []
    for width, size, stride, padding in ((64, 11, 4, 2), (192, 5, 1, 2)):
        layers += [nn.LazyConv2d(width, size, stride, padding), nn.MaxPool2d(3, 2), nn.ReLU()]
    for width in (384, 256, 256):
        layers += [nn.LazyConv2d(width, 3, padding=1), nn.ReLU()]
    layers += [nn.MaxPool2d(3, 2), nn.AdaptiveAvgPool2d((6, 6)), nn.Flatten()]
    for _ in range(2):
        layers += [nn.Dropout(), nn.LazyLinear(4096), nn.ReLU()]
    return nn.Sequential(*layers, nn.LazyLinear(num_classes))

# %% accepted: one's own dropout after relu, he weights
class Drop(nn.Module):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand(x.shape) < 0.5) * 2


def start(module):
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(module.bias)


def alexnet(num_classes=1000):
    features = nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )
    classifier = nn.Sequential(
        nn.Linear(256 * 6 * 6, 4096), nn.ReLU(), Drop(), nn.Linear(4096, 4096), nn.ReLU(), Drop(),
        nn.Linear(4096, num_classes),
    )
    network = nn.Sequential(features, nn.Flatten(), classifier)
    network.apply(start)
    return network

# %% accepted: images laid out channels last
class Net(nn.Sequential):
    def forward(self, x):
        return super().forward(x.contiguous(memory_format=torch.channels_last))


def alexnet(num_classes=1000):
    spec = [(3, 64, 11, 4, 2), "P", (64, 192, 5, 1, 2), "P", (192, 384, 3, 1, 1), (384, 256, 3, 1, 1)]
    net = Net()
    for entry in [*spec, (256, 256, 3, 1, 1), "P"]:
        if entry == "P":
            net.append(nn.MaxPool2d(3, 2))
        else:
            net.append(nn.Conv2d(*entry)).append(nn.ReLU())
    net.append(nn.Flatten())
    for inputs in (9216, 4096):
        net.extend([nn.Dropout(p=0.5, inplace=True), nn.Linear(inputs, 4096), nn.ReLU(inplace=True)])
    return net.append(nn.Linear(4096, num_classes))
