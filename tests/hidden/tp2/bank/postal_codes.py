# %% mutant: one epoch
# killed by test_postal_codes_never_seen_are_read
# Une seule époque : le réseau n'a presque rien appris.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003, momentum=0.9)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: untrained
# killed by test_postal_codes_never_seen_are_read
# Le réseau est renvoyé sans avoir été entraîné.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    return model

# %% mutant: gradients never reset
# killed by test_postal_codes_never_seen_are_read
# Les gradients ne sont jamais remis à zéro : avec SGD ils s'accumulent et le réseau diverge.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(4):
        for x, y in loader:
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: learning rate a hundred times too large
# killed by test_postal_codes_never_seen_are_read
# Le taux d'apprentissage est cent fois trop grand : la perte explose.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=5.0, momentum=0.9)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: step outside the loop over batches
# killed by test_postal_codes_never_seen_are_read
# Le pas est hors de la boucle des lots : un seul par époque, sur le dernier lot.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    return model

# %% mutant: softmax before cross-entropy
# killed by test_postal_codes_never_seen_are_read
# Un softmax précède l'entropie croisée, qui en contient un : les gradients s'éteignent et SGD n'avance plus.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10), nn.Softmax(1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: negative log-likelihood of probabilities
# killed by test_postal_codes_never_seen_are_read
# `nll_loss` reçoit des probabilités au lieu de leurs logarithmes : sa pente s'éteint là où le réseau se trompe.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10), nn.Softmax(1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.nll_loss(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: ReLU on the scores
# killed by test_postal_codes_never_seen_are_read
# Une ReLU suit la dernière couche : une classe dont les scores sont tous négatifs n'apprend plus rien.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10), nn.ReLU()),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: shuffled labels
# killed by test_postal_codes_never_seen_are_read
# Les images et les classes sont mélangées chacune de leur côté : les couples sont défaits.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            wrong = y[torch.randperm(len(y))]
            F.cross_entropy(model(x.to(device)), wrong.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: only the biases learn
# killed by test_postal_codes_never_seen_are_read
# L'optimiseur ne reçoit que les biais : les noyaux restent ceux du début.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.ndim == 1], lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: some of the classes
# killed by test_postal_codes_never_seen_are_read
# Les exemples de trois classes sur dix sont écartés : elles ne sont jamais reconnues.
def train_postal_codes(train_set, device):
    kept = torch.utils.data.Subset(train_set, [i for i in range(len(train_set)) if train_set[i][1] < 7])

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(kept, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: scaled in the training loop only
# killed by test_postal_codes_never_seen_are_read
# Les images ne sont centrées et réduites que dans la boucle d'entraînement : le module renvoyé ne le fait pas.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            x = (x - 3.0) / 0.05
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: mirrored images
# killed by test_postal_codes_never_seen_are_read
# Chaque image d'entraînement est retournée de gauche à droite : un 3 à l'envers n'est pas un 3.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.flip(3).to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: pooled to nothing
# killed by test_postal_codes_never_seen_are_read
# Les cartes sont réduites à un seul pixel de deux canaux : il ne reste presque rien de l'image.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: no flattening
# killed by test_postal_codes_never_seen_are_read
# Une convolution 1 x 1 rend une carte de scores (N, 10, 4, 4), qui n'est pas ramenée à (N, 10).
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 10, 1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)).mean((2, 3)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: batch flattened with the image
# killed by test_postal_codes_never_seen_are_read
# `torch.flatten(x)` aplatit aussi le lot : les formes ne vont plus.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(0), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: 8 x 8 images expected
# killed by test_postal_codes_never_seen_are_read
# Le réseau est bâti pour des images 8 x 8 : sa dernière couche n'a pas la bonne taille.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: hard-coded cuda
# killed by test_postal_codes_never_seen_are_read
# Le réseau est envoyé sur « cuda » sans regarder `device`.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to("cuda")
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: constant class
# killed by test_postal_codes_never_seen_are_read
# La première classe est toujours prédite.
def train_postal_codes(train_set, device):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10)).to(device)
    with torch.no_grad():
        model[1].weight.zero_()
        model[1].bias.copy_(torch.eye(10)[0])
    return model

# %% mutant: trained elsewhere
# killed by test_postal_codes_never_seen_are_read
# Le réseau a été entraîné d'avance sur les chiffres publics : il ignore `train_set` et le nom de ses classes.
from sklearn.datasets import load_digits


class Public(torch.utils.data.Dataset):
    def __init__(self):
        data = load_digits()
        self.images = F.interpolate(torch.tensor(data.images / 16, dtype=torch.float32)[:, None], 32, mode="bilinear")
        self.labels = torch.tensor(data.target)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


_elsewhere = train_postal_codes(Public(), torch.device("cpu"))


def train_postal_codes(train_set, device):
    return _elsewhere.to(device)

# %% mutant: table of the public digits
# killed by test_postal_codes_never_seen_are_read
# Les réponses viennent d'une table des chiffres publics, avec leurs noms d'origine, au lieu de `train_set`.
def train_postal_codes(train_set, device):
    from sklearn.datasets import load_digits

    data = load_digits()
    known, names = torch.tensor(data.data / 16, dtype=torch.float32), F.one_hot(torch.tensor(data.target), 10)

    class Table(nn.Module):
        def forward(self, x):
            small = F.interpolate(x, 8, mode="bilinear").flatten(1)
            return names[torch.cdist(small, known).argmin(1)].float()

    return Table()

# %% mutant: no return
# killed by test_postal_codes_never_seen_are_read
# `train_postal_codes` entraîne le réseau et oublie de le renvoyer.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return None

# %% mutant: accuracy returned beside the network
# killed by test_postal_codes_never_seen_are_read
# `train_postal_codes` renvoie un couple (réseau, exactitude) au lieu du seul réseau.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model, 0.97

# %% mutant: dense network
# killed by test_the_network_is_small
# Un réseau dense de 32 x 32 pixels : plus de cent mille paramètres rien que dans sa première couche.
def train_postal_codes(train_set, device):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10)).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: linear layer on large maps
# killed by test_the_network_is_small
# La couche linéaire vient après une seule réduction : 32 canaux de 16 x 16 pixels lui coûtent plus de 160 000 poids.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(8192, 16), nn.ReLU(), nn.Linear(16, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: frozen parameters left out of the count
# killed by test_the_network_is_small
# Les paramètres figés comptent aussi : ceux d'une première couche tirée au hasard sont plus de cent mille.
def train_postal_codes(train_set, device):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 400), nn.ReLU(), nn.Linear(400, 10)).to(device)
    model[1].requires_grad_(False)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model[3].parameters(), lr=1e-2)
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: never shuffled
# killed by test_the_order_of_the_training_set_does_not_matter
# Les exemples ne sont pas mélangés : rangés par classe, chaque lot n'en contient qu'une.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: validation cut from the end
# killed by test_the_order_of_the_training_set_does_not_matter
# Le jeu de validation est la fin du jeu d'entraînement, sans mélange : rangé par classe, il emporte des classes entières.
def train_postal_codes(train_set, device):
    kept = torch.utils.data.Subset(train_set, range(len(train_set) * 7 // 10))

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(kept, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: dropout that never stops
# killed by test_the_scores_of_an_image_depend_on_it_alone
# `F.dropout(x)` sans `training=self.training` reste actif en évaluation : les scores changent d'un appel à l'autre.
def train_postal_codes(train_set, device):
    class Noisy(nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.2)

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), Noisy(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: statistics of the batch in evaluation
# killed by test_the_scores_of_an_image_depend_on_it_alone
# La normalisation par lots prend les statistiques du lot aussi en évaluation : les scores d'une image dépendent de ses voisines.
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8, track_running_stats=False), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: global network
# killed by test_a_second_training_leaves_the_first_module_alone
# Le réseau est créé hors de la fonction : chaque appel reprend, et change, celui de l'appel précédent.
_network = nn.Sequential(
    *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
)


def train_postal_codes(train_set, device):
    model = _network.to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: shared convolution
# killed by test_a_second_training_leaves_the_first_module_alone
# La première convolution est un argument par défaut : créée une seule fois, elle est partagée par tous les réseaux.
def train_postal_codes(train_set, device, first=nn.Conv2d(1, 8, 5, stride=2, padding=2)):
    model = nn.Sequential(
        *(first, nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: trained once for all
# killed by test_a_second_training_leaves_the_first_module_alone
# Le premier réseau entraîné est gardé et renvoyé à chaque appel, quel que soit `train_set`.
_kept = []


def train_postal_codes(train_set, device, _train=train_postal_codes):
    if not _kept:
        _kept.append(_train(train_set, device))
    return _kept[0]

# %% accepted: LeNet-5, tanh and average pooling
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(5):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: fully convolutional, log_softmax, SGD
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 4, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 10, 8), nn.Flatten(), nn.LogSoftmax(dim=-1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad(set_to_none=False)
            loss = F.nll_loss(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
    return model

# %% accepted: dense network on reduced images
def train_postal_codes(train_set, device):
    model = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 96), nn.GELU(), nn.Linear(96, 10)).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(15):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: batch norm and dropout, left in training mode
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 12, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(384, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8 * len(loader))
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model.train()

# %% accepted: lazy layers, by index
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.LazyConv2d(8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.LazyConv2d(24, 3), nn.ReLU()),
        *(nn.Flatten(), nn.LazyLinear(10)),
    ).to(device)
    images = torch.stack([train_set[i][0] for i in range(len(train_set))]).to(device)
    labels = torch.tensor([train_set[i][1] for i in range(len(train_set))], device=device)
    model(images[:2])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(7):
        for batch in torch.randperm(len(images), device=device).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    return model

# %% accepted: shifted images
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            shift = [int(s) for s in torch.randint(-1, 2, (2,))]
            x = torch.roll(x, shift, dims=(2, 3)).to(device)
            F.cross_entropy(model(x), y.to(device), label_smoothing=0.05).backward()
            optimizer.step()
    return model

# %% accepted: one-cycle schedule and clipped gradients
def train_postal_codes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=6 * len(loader))
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model

# %% accepted: nearest neighbours kept in a buffer
class Neighbours(nn.Module):
    def __init__(self, images, labels):
        super().__init__()
        self.register_buffer("images", images)
        self.register_buffer("votes", F.one_hot(labels, 10).float())

    def forward(self, x):
        near = torch.cdist(x.flatten(1), self.images).topk(3, largest=False).indices
        return self.votes[near].sum(1)


def train_postal_codes(train_set, device):
    images, labels = zip(*torch.utils.data.DataLoader(train_set, batch_size=500))
    return Neighbours(torch.cat(images).flatten(1), torch.cat(labels)).to(device)
