# %% mutant: no biases
# killed by test_the_layers_have_the_shapes_of_the_figure
# Les couches n'ont pas de biais.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120, bias=False), nn.ReLU(),
            nn.Linear(120, 84, bias=False), nn.ReLU(), nn.Linear(84, 10, bias=False),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: convolutions without biases
# killed by test_the_layers_have_the_shapes_of_the_figure
# Les convolutions n'ont pas de biais.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5, bias=False), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: eight maps in C1
# killed by test_the_layers_have_the_shapes_of_the_figure
# Les largeurs ne sont pas celles de la figure : 8 et 16 cartes au lieu de 6 et 16.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: 3 by 3 kernels
# killed by test_the_layers_have_the_shapes_of_the_figure
# Les noyaux sont de 3 x 3 au lieu de 5 x 5.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.LazyLinear(120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: a bordered first convolution
# killed by test_the_layers_have_the_shapes_of_the_figure
# Un bord de zéros est ajouté à C1 : les cartes sont trop grandes, C5 reçoit 16 cartes de 6 x 6.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(576, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: without F6
# killed by test_the_layers_have_the_shapes_of_the_figure
# La couche F6 (84 neurones) manque.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: a batch norm
# killed by test_the_layers_have_the_shapes_of_the_figure
# Une normalisation par lots est ajoutée : ses poids ne sont pas dans la figure.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: learnt slope
# killed by test_the_layers_have_the_shapes_of_the_figure
# PReLU ajoute des paramètres que la figure ne montre pas.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.PReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.PReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.PReLU(), nn.Linear(120, 84), nn.PReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: a layer that is defined and never used
# killed by test_the_layers_have_the_shapes_of_the_figure
# Une couche est créée dans __init__ sans être appelée : elle compte parmi les paramètres.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.fc4 = nn.Linear(10, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: layers in a plain list
# killed by test_the_layers_have_the_shapes_of_the_figure
# Une liste Python n'enregistre pas ses couches : le module n'a aucun paramètre.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = [nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)]
        self.dense = [nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)]

    def forward(self, x):
        for layer in self.convolutions:
            x = F.max_pool2d(torch.relu(layer(x)), 2)
        x = x.flatten(1)
        for layer in self.dense[:-1]:
            x = torch.relu(layer(x))
        return self.dense[-1](x)

# %% mutant: no non-linearity after the convolutions
# killed by test_a_non_linearity_follows_each_convolution
# Les convolutions ne sont suivies que d'un max-pooling : il manque une non-linéarité.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(self.c1(x), 2)
        x = F.max_pool2d(self.c3(x), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: no non-linearity after C1
# killed by test_a_non_linearity_follows_each_convolution
# Il manque une non-linéarité après C1 : C1 et C3 ne font qu'une seule convolution.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(self.c1(x), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2).flatten(1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))

# %% mutant: no non-linearity after C3
# killed by test_a_non_linearity_follows_each_convolution
# Il manque une non-linéarité après C3.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(self.c3(x), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: non-linearity before C1 instead of after
# killed by test_a_non_linearity_follows_each_convolution
# La non-linéarité est appliquée à l'entrée de chaque convolution, et non à sa sortie.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(self.c1(torch.tanh(x)), 2)
        x = F.avg_pool2d(self.c3(torch.tanh(x)), 2).flatten(1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))

# %% mutant: no non-linearity at all
# killed by test_a_non_linearity_follows_each_convolution
# Aucune non-linéarité : le réseau entier n'est qu'une couche affine.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: no non-linearity after C5
# killed by test_a_non_linearity_follows_each_hidden_dense_layer
# Il manque une non-linéarité entre C5 (120) et F6 (84).
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 120, 5), nn.Flatten(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: no non-linearity after F6
# killed by test_a_non_linearity_follows_each_hidden_dense_layer
# Il manque une non-linéarité entre F6 (84) et la sortie.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: linear dense layers
# killed by test_a_non_linearity_follows_each_hidden_dense_layer
# Les couches denses se suivent sans non-linéarité.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: softmax at the end
# killed by test_the_last_layer_is_affine
# Le réseau rend des probabilités (softmax) au lieu de scores.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10), nn.Softmax(dim=1),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: log-softmax at the end
# killed by test_the_last_layer_is_affine
# Le réseau rend des log-probabilités (log_softmax) au lieu de scores.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return F.log_softmax(self.net(x), dim=1)

# %% mutant: ReLU on the logits
# killed by test_the_last_layer_is_affine
# Une ReLU suit la dernière couche : les scores ne peuvent pas être négatifs.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10), nn.ReLU(),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: tanh on the logits
# killed by test_the_last_layer_is_affine
# Une tangente hyperbolique suit la dernière couche : les scores sont bornés.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5), nn.Linear(120, 84), nn.Linear(84, 10)])

    def forward(self, x):
        for layer in self.layers[:2]:
            x = F.avg_pool2d(torch.tanh(layer(x)), 2)
        x = torch.tanh(self.layers[2](x)).flatten(1)
        for layer in self.layers[3:]:
            x = torch.tanh(layer(x))
        return x

# %% mutant: strided convolutions for pooling
# killed by test_the_scores_depend_on_each_pixel
# Des convolutions de pas 2 remplacent les sous-échantillonnages.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, stride=2), nn.ReLU(), nn.Conv2d(6, 16, 5, stride=2), nn.ReLU(),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: the border cut off
# killed by test_the_scores_depend_on_each_pixel
# L'image est recadrée en 28 x 28 puis entourée de zéros : ses bords ne sont pas lus.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x[:, :, 2:30, 2:30])

# %% mutant: the image shrunk to 28 by 28
# killed by test_the_convolutions_slide_over_the_image
# L'image est réduite à 28 x 28 avant le réseau, qui ajoute un bord de zéros à C1.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(F.interpolate(x, size=(28, 28), mode="area"))

# %% mutant: adaptive pooling that hides bordered convolutions
# killed by test_the_convolutions_slide_over_the_image
# Des bords sont ajoutés aux convolutions, et un pooling adaptatif rattrape la taille.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool2d(14),
            nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool2d(5),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: one adaptive pooling for both
# killed by test_the_convolutions_slide_over_the_image
# Il n'y a pas de sous-échantillonnage après C1, un pooling adaptatif fait tout après C3.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(5),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.net(x)

# %% mutant: maps scrambled by a view
# killed by test_the_convolutions_slide_over_the_image
# Un `view` qui prend les axes dans un autre ordre mélange lignes, colonnes et cartes.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = x.permute(0, 2, 3, 1).reshape(-1, 6, 14, 14)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: dropout
# killed by test_each_image_is_independent_of_the_batch
# Un dropout, que la figure ne montre pas, agit en entraînement.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2).flatten(1)
        x = torch.relu(self.fc1(x))
        return self.fc3(self.dropout(torch.relu(self.fc2(x))))

# %% mutant: softmax in evaluation
# killed by test_the_last_layer_is_affine
# En évaluation, le réseau rend des probabilités au lieu de scores.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    def forward(self, x):
        scores = self.net(x)
        return scores if self.training else torch.softmax(scores, dim=1)

# %% mutant: maps scaled by their spread over the batch
# killed by test_each_image_is_independent_of_the_batch
# Les cartes sont normalisées sur le lot : une image change les scores des autres.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.last = nn.Sequential(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def forward(self, x):
        maps = self.maps(x).flatten(1)
        return self.last(maps / (1 + maps.std()))

# %% mutant: squeezed batch of one
# killed by test_each_image_is_independent_of_the_batch
# `squeeze` sans axe enlève aussi l'axe du lot quand il n'y a qu'une image.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.Tanh()
        )
        self.last = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))

    def forward(self, x):
        return self.last(self.maps(x).squeeze())

# %% mutant: frozen convolutions
# killed by test_gradients_reach_every_parameter
# Les convolutions sont gelées : elles n'apprennent pas.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5).requires_grad_(False), nn.Conv2d(6, 16, 5).requires_grad_(False)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: detached maps
# killed by test_gradients_reach_every_parameter
# `detach` coupe le graphe entre les cartes et les couches denses.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2).detach().flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

# %% mutant: forward without gradients
# killed by test_gradients_reach_every_parameter
# `no_grad` dans forward coupe le graphe : rien ne peut apprendre.
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )

    @torch.no_grad()
    def forward(self, x):
        return self.net(x)

# %% mutant: torchvision's SqueezeNet with other layers
# killed by test_no_ready_made_network
# Un réseau tout fait de torchvision sert de squelette.
from torchvision.models import SqueezeNet

class LeNet5(SqueezeNet):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
        )

# %% accepted: one Sequential, ReLU and maxima
class LeNet5(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, 10),
        )

# %% accepted: C5 as a convolution, registered backwards, sigmoids
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.sortie = nn.Linear(84, 10)
        self.f6 = nn.Linear(120, 84)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c1 = nn.Conv2d(1, 6, 5)

    def forward(self, x):
        x = F.avg_pool2d(torch.sigmoid(self.c1(x)), 2)
        x = F.avg_pool2d(torch.sigmoid(self.c3(x)), 2)
        x = torch.sigmoid(self.c5(x)).squeeze(3).squeeze(2)
        return self.sortie(torch.sigmoid(self.f6(x)))

# %% accepted: pooling first, scaled tanh of 1998, summed windows
def phi(a):
    return 1.7159 * torch.tanh(2 / 3 * a)

def somme(a):
    return a[:, :, ::2, ::2] + a[:, :, 1::2, ::2] + a[:, :, ::2, 1::2] + a[:, :, 1::2, 1::2]

class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({"C1": nn.Conv2d(1, 6, 5), "C3": nn.Conv2d(6, 16, 5), "C5": nn.Conv2d(16, 120, 5)})
        self.dense = nn.ModuleList([nn.Linear(120, 84), nn.Linear(84, 10)])

    def forward(self, x):
        x = phi(somme(self.layers["C1"](x)) / 4)
        x = phi(somme(self.layers["C3"](x)))
        x = phi(self.layers["C5"](x)).view(-1, 120)
        return self.dense[1](phi(self.dense[0](x)))

# %% accepted: lazy layers
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, 5), nn.ELU(), nn.MaxPool2d(2), nn.LazyConv2d(16, 5), nn.ELU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.LazyLinear(120), nn.ELU(), nn.LazyLinear(84), nn.ELU(), nn.LazyLinear(10),
        )

    def forward(self, x):
        return self.net(x)

# %% accepted: dense layers as convolutions
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Softplus(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Softplus(), nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5), nn.Softplus(), nn.Conv2d(120, 84, 1), nn.Softplus(), nn.Conv2d(84, 10, 1),
        )

    def forward(self, x):
        return self.body(x)[..., 0, 0]

# %% accepted: own parameters, weights transposed
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.ParameterList()
        self.b = nn.ParameterList()
        for shape in ((25, 6), (150, 16), (400, 120), (120, 84), (84, 10)):
            self.w.append(nn.Parameter(torch.randn(shape) / shape[0] ** 0.5))
            self.b.append(nn.Parameter(torch.zeros(shape[1])))

    def convolve(self, x, k):
        size = x.shape[-1] - 4
        columns = F.unfold(x, 5).transpose(1, 2) @ self.w[k] + self.b[k]
        return columns.transpose(1, 2).unflatten(2, (size, size))

    def forward(self, x):
        for k in (0, 1):
            x = F.max_pool2d(F.leaky_relu(self.convolve(x, k), 0.2), (2, 2))
        x = x.reshape(x.shape[0], 400)
        for k in (2, 3):
            x = F.leaky_relu(x @ self.w[k] + self.b[k], 0.2)
        return x @ self.w[4] + self.b[4]

# %% accepted: grey values scaled in forward, quadratic mean pooling
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.13))
        self.c = nn.ModuleList([nn.Conv2d(1, 6, kernel_size=(5, 5), padding="valid"), nn.Conv2d(6, 16, 5, stride=1, padding=0)])
        self.pool = nn.LPPool2d(2, 2)
        self.f = nn.Sequential(nn.Linear(400, 120), nn.GELU(), nn.Linear(120, 84), nn.SiLU(), nn.Linear(84, 10))
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0, 0.1)

    def forward(self, images):
        x = (images - self.mean) / 0.31
        for layer in self.c:
            x = self.pool(torch.relu(layer(x)))
        return self.f(torch.flatten(x, 1))

# %% accepted: another non-linearity for each layer
class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3, self.c5 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Linear(16 * 5 * 5, 120)
        self.f6, self.out = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        batch = x.size(0)
        x = F.adaptive_avg_pool2d(F.hardtanh(self.c1(x)), (14, 14))
        x = F.adaptive_max_pool2d(F.relu6(self.c3(x)), (5, 5)).contiguous().view(batch, -1)
        x = F.softsign(self.c5(x))
        x = torch.maximum(self.f6(x), torch.zeros((), dtype=x.dtype))
        return self.out(x)

# %% accepted: a factory
def LeNet5():
    def block(a, b):
        return nn.Sequential(nn.Conv2d(a, b, 5), nn.AvgPool2d(kernel_size=2, stride=2), nn.Tanh())

    return nn.Sequential(block(1, 6), block(6, 16), nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
