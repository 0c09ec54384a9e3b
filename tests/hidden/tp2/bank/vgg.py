# %% mutant: no relu
# killed by test_the_configuration_is_followed
# Il n'y a pas de ReLU entre les convolutions.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.Identity()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: average pooling
# killed by test_the_configuration_is_followed
# « M » est une moyenne 2x2 au lieu d'un maximum.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.AvgPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: overlapping pooling
# killed by test_the_configuration_is_followed
# Le maximum est 3x3 de pas 2, comme dans AlexNet, au lieu de 2x2.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(3, 2, padding=1))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: no padding
# killed by test_the_configuration_is_followed
# Les convolutions n'ont pas de bord : l'image rétrécit à chaque couche.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: softmax at the end
# killed by test_the_configuration_is_followed
# Une softmax suit la couche linéaire : ce ne sont plus des logits.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes), nn.Softmax(1)]
    return nn.Sequential(*layers, *head)

# %% mutant: hidden linear layer
# killed by test_the_configuration_is_followed
# Deux couches linéaires au lieu d'une.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 64), nn.ReLU(), nn.Linear(64, num_classes)]
    return nn.Sequential(*layers, *head)

# %% mutant: dropout
# killed by test_the_configuration_is_followed
# Un dropout, que l'énoncé ne demande pas, précède la couche linéaire.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(channels, num_classes)]
    return nn.Sequential(*layers, *head)

# %% mutant: last pooling left out
# killed by test_the_configuration_is_followed
# Le dernier « M » est oublié quand il termine la liste.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    if config[-1] == "M":
        config = config[:-1]
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: batch norm ignored
# killed by test_batch_norm_stands_between_convolution_and_relu
# `batch_norm` est ignoré : il n'y a jamais de normalisation.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if False else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: batch norm after relu
# killed by test_batch_norm_stands_between_convolution_and_relu
# La normalisation vient après ReLU au lieu d'avant.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, nn.ReLU(), *norm]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: batch norm always
# killed by test_the_configuration_is_followed
# Chaque convolution est normalisée, même sans `batch_norm`.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if True else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: one batch norm a stage
# killed by test_batch_norm_stands_between_convolution_and_relu
# Seule la première convolution est suivie d'une normalisation.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm and channels == in_channels else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: image of 32 pixels
# killed by test_images_of_any_size
# La moyenne finale a une taille fixe, prévue pour des images de 32 pixels.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    side = 32 >> config.count("M")
    return nn.Sequential(*layers, nn.AvgPool2d(side), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: three channels always
# killed by test_channels_and_classes_are_arguments
# `in_channels` est ignoré : la première convolution attend toujours 3 canaux.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], 3
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: ten classes always
# killed by test_channels_and_classes_are_arguments
# `num_classes` est ignoré : il y a toujours dix scores.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))

# %% mutant: default weights
# killed by test_the_convolutions_follow_he
# Les poids gardent l'initialisation par défaut de PyTorch.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: xavier
# killed by test_the_convolutions_follow_he
# L'initialisation est celle de Xavier au lieu de He.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.xavier_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: he with a leaky slope
# killed by test_the_convolutions_follow_he
# kaiming_uniform_ est appelée avec a=√5, le réglage par défaut de PyTorch, au lieu du gain de ReLU.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_uniform_(conv.weight, a=5**0.5)
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: default bias
# killed by test_the_biases_of_the_convolutions_start_at_zero
# Le biais garde l'initialisation par défaut de PyTorch, qui n'est pas nulle.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: frozen convolutions
# killed by test_gradients_reach_the_image_and_every_layer
# Les convolutions sont figées (requires_grad=False) : seule la couche linéaire apprend.
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = [], in_channels
    for entry in config:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        norm = [nn.BatchNorm2d(entry)] if batch_norm else []
        layers += [conv, *norm, nn.ReLU()]
        channels = entry
    for layer in layers:
        layer.requires_grad_(False)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% mutant: layers named by their width
# killed by test_the_layers_of_vgg16
# Les couches sont rangées dans un dictionnaire par leur largeur : deux de même largeur n'en font plus qu'une.
from collections import OrderedDict


def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers, channels = OrderedDict(), in_channels
    for place, entry in enumerate(config):
        if entry == "M":
            layers[f"pool{place}"] = nn.MaxPool2d(2)
            continue
        conv = nn.Conv2d(channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        layers[f"conv{entry}"] = conv
        if batch_norm:
            layers[f"norm{entry}"] = nn.BatchNorm2d(entry)
        layers[f"relu{entry}"] = nn.ReLU()
        channels = entry
    layers["mean"], layers["flat"] = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    layers["linear"] = nn.Linear(channels, num_classes)
    return nn.Sequential(layers)

# %% mutant: torchvision's layers, by a string
# killed by test_no_ready_made_network
# Les couches viennent de torchvision.models, par un import écrit dans une chaîne.
import importlib


def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    home = vars(importlib.import_module("torchvision." + "mod" + "els." + "v" + "gg"))
    layers = list(home["make_layers"](list(config), batch_norm))
    first = next(place for place, layer in enumerate(layers) if isinstance(layer, nn.Conv2d))
    layers[first] = nn.Conv2d(in_channels, layers[first].out_channels, 3, padding=1)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            channels = layer.out_channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))

# %% accepted: a class with a uniform start
class Network(nn.Module):
    def __init__(self, config, in_channels, num_classes, batch_norm):
        super().__init__()
        widths = [in_channels, *(entry for entry in config if entry != "M")]
        self.linear = nn.Linear(widths[-1], num_classes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(w) for w in widths[1:] if batch_norm)
        pairs = zip(widths[:-1], widths[1:])
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, (3, 3), padding="same") for a, b in pairs)
        self.config = list(config)
        self.apply(self.start)

    @staticmethod
    def start(module):
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="relu")
            module.bias.data.zero_()

    def forward(self, x):
        place = 0
        for entry in self.config:
            if entry == "M":
                x = F.max_pool2d(x, 2)
                continue
            x = self.convolutions[place](x)
            x = F.relu(self.norms[place](x) if len(self.norms) else x)
            place += 1
        return self.linear(x.mean((2, 3)))


def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    return Network(config, in_channels, num_classes, batch_norm)

# %% accepted: no bias before batch norm
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    body = nn.Sequential()
    for entry in config:
        if isinstance(entry, str):
            body.append(nn.MaxPool2d(kernel_size=2, stride=2))
        else:
            convolution = nn.Conv2d(in_channels, entry, 3, 1, 1, bias=not batch_norm)
            with torch.no_grad():
                convolution.weight.copy_(torch.randn_like(convolution.weight) * (2 / (9 * in_channels)) ** 0.5)
                if not batch_norm:
                    convolution.bias.fill_(0.0)
            body.append(convolution)
            body.extend([nn.BatchNorm2d(entry)] * batch_norm + [nn.ReLU(inplace=True)])
            in_channels = entry
    return nn.Sequential(body, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(in_channels, num_classes))

# %% accepted: 1x1 convolution, then the mean
class Mean(nn.Module):
    def forward(self, x):
        return x.flatten(2).mean(-1)


def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    widths = [entry for entry in config if entry != "M"]
    layers = [nn.Conv2d(widths[-1], num_classes, 1), Mean()]
    for entry in reversed(config):
        if entry == "M":
            layers.insert(0, nn.MaxPool2d(2))
        else:
            widths.pop()
            step = [nn.Conv2d(widths[-1] if widths else in_channels, entry, 3, padding=1), nn.ReLU()]
            nn.init.kaiming_normal_(step[0].weight)
            nn.init.constant_(step[0].bias, 0)
            if batch_norm:
                step.insert(1, nn.BatchNorm2d(entry))
            layers = step + layers
    return nn.Sequential(*layers)

# %% accepted: pooling before relu, lazy linear layer
def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    layers = nn.ModuleList()
    for entry in config:
        if entry == "M":
            layers.insert(len(layers) - (len(layers) > 0), nn.MaxPool2d(2))
            continue
        convolution = nn.Conv2d(in_channels, entry, 3, padding=1)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
        torch.nn.init.zeros_(convolution.bias)
        layers.extend([convolution, nn.BatchNorm2d(entry), nn.ReLU()] if batch_norm else [convolution, nn.ReLU()])
        in_channels = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(num_classes))

# %% accepted: truncated normal weights
def stage(channels, entry, norm):
    conv = nn.Conv2d(channels, entry, 3, padding=1)
    std = (2 / conv.weight[0].numel()) ** 0.5
    nn.init.trunc_normal_(conv.weight, std=std / 0.87962566103423978, a=-2 * std / 0.8796, b=2 * std / 0.8796)
    conv.bias = nn.Parameter(torch.zeros(entry))
    return nn.Sequential(conv, nn.BatchNorm2d(entry) if norm else nn.Identity(), nn.Threshold(0, 0))


class Squeeze(nn.Module):
    def forward(self, x):
        return F.avg_pool2d(x, x.shape[-2:]).squeeze(-1).squeeze(-1)


def vgg(config, in_channels=3, num_classes=10, batch_norm=False):
    steps = []
    for i, entry in enumerate(config):
        before = [c for c in config[:i] if c != "M"]
        channels = before[-1] if before else in_channels
        steps.append(nn.MaxPool2d(2) if entry == "M" else stage(channels, entry, batch_norm))
    widths = [c for c in config if c != "M"]
    return nn.Sequential(*steps, Squeeze(), nn.Linear(widths[-1], num_classes))
