# %% mutant: untrained
# killed by test_cells_never_seen_are_found
# Le réseau est renvoyé sans avoir été entraîné.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    return model

# %% mutant: one pass at a tiny rate
# killed by test_cells_never_seen_are_found
# Une seule époque à un taux minuscule : le réseau n'a presque rien appris.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: no cell anywhere
# killed by test_cells_never_seen_are_found
# La classe 0 est prédite partout : neuf pixels sur dix sont justes, et aucune cellule n'est trouvée.
def train_rain(train_set, device):
    class Calm(nn.Module):
        def forward(self, x):
            return torch.cat([torch.ones_like(x), torch.zeros_like(x)], dim=1)

    return Calm()

# %% mutant: global threshold
# killed by test_cells_never_seen_are_found
# Un seuil de réflectivité, le meilleur du jeu d'entraînement, décide seul : il prend la bande brillante pour un orage.
def train_rain(train_set, device):
    x, y = (torch.stack(part) for part in zip(*(train_set[i] for i in range(len(train_set)))))

    def iou(level):
        found = x[:, 0] > level
        return float((found & (y == 1)).sum() / (found | (y == 1)).sum())

    best = max(torch.linspace(1, 6, 51).tolist(), key=iou)

    class Threshold(nn.Module):
        def forward(self, x):
            return torch.cat([best - x, x - best], dim=1)

    return Threshold()

# %% mutant: pixel by pixel
# killed by test_cells_never_seen_are_found
# Des noyaux 1 x 1 : chaque pixel est jugé sur sa seule valeur, sans son voisinage.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 1), nn.ReLU(), nn.Conv2d(16, 2, 1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: one verdict an image
# killed by test_cells_never_seen_are_found
# La moyenne sur l'image donne les mêmes scores à tous les pixels : on sait s'il y a un orage, pas où.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 2, 1), nn.Upsample(size=(64, 64))),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: blocks of eight pixels
# killed by test_cells_never_seen_are_found
# Les cartes sont réduites huit fois, puis recopiées : les cellules deviennent des pavés de huit pixels.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 8, stride=8), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=8)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=8 * len(loader))
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: softmax before cross-entropy
# killed by test_cells_never_seen_are_found
# Un softmax précède l'entropie croisée, qui en contient un : les gradients s'éteignent.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Softmax(dim=1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: gradients never reset
# killed by test_cells_never_seen_are_found
# Les gradients ne sont jamais remis à zéro : avec SGD ils s'accumulent et le réseau diverge.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        for x, y in loader:
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: step outside the loop over batches
# killed by test_cells_never_seen_are_found
# Le pas est hors de la boucle des lots : un seul par époque, sur le dernier lot.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    return model

# %% mutant: learning rate a thousand times too large
# killed by test_cells_never_seen_are_found
# Le taux d'apprentissage est mille fois trop grand : la perte explose.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=50.0, momentum=0.9)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: masks of other images
# killed by test_cells_never_seen_are_found
# Les images et les masques sont mélangés chacun de leur côté : les couples sont défaits.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            y = y[torch.randperm(len(y))]
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: image flipped without its mask
# killed by test_cells_never_seen_are_found
# L'augmentation retourne l'image sans retourner son masque : les cellules ne sont plus sous le masque.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            x = x.flip([(2,), (3,), (2, 3)][int(torch.randint(3, ()))])
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: rows for columns
# killed by test_cells_never_seen_are_found
# Lignes et colonnes des scores sont échangées : chaque cellule est prédite à la place de son image dans un miroir.
def train_rain(train_set, device):
    class Turned(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x).transpose(2, 3)

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return Turned(model)

# %% mutant: scores in reverse order
# killed by test_cells_never_seen_are_found
# Le score 0 est celui des cellules, le score 1 celui du reste : les classes sont échangées.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), 1 - y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: standardised in the training loop only
# killed by test_cells_never_seen_are_found
# Les images ne sont centrées et réduites que dans la boucle d'entraînement : le module renvoyé ne le fait pas.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(4):
        for x, y in loader:
            optimizer.zero_grad()
            x = (x - 2.3) / 0.1
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: cells that weigh two hundred times more
# killed by test_cells_never_seen_are_found
# La perte pèse un pixel de cellule comme deux cents autres : le réseau voit des cellules partout.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device), weight=torch.tensor([1.0, 200.0], device=device)).backward()
            optimizer.step()
    return model

# %% mutant: network built anew at each epoch
# killed by test_cells_never_seen_are_found
# Le réseau est créé dans la boucle des époques : seule la dernière compte.
def train_rain(train_set, device):
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    for _ in range(3):
        model = nn.Sequential(
            *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
        ).to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.0005)
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: one image again and again
# killed by test_cells_never_seen_are_found
# Toutes les époques reprennent la première image : le réseau n'en connaît pas d'autre.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = train_set[0]
    for _ in range(12):
        optimizer.zero_grad()
        F.cross_entropy(model(x[None].to(device)), y[None].to(device)).backward()
        optimizer.step()
    return model

# %% mutant: only the biases learn
# killed by test_cells_never_seen_are_found
# L'optimiseur ne reçoit que les biais : les noyaux restent ceux du début.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.ndim == 1], lr=0.01)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: mask of the nearest image
# killed by test_cells_never_seen_are_found
# La réponse est le masque de l'image d'entraînement la plus proche : deux pluies n'ont jamais leurs cellules au même endroit.
def train_rain(train_set, device):
    x, y = (torch.stack(part).to(device) for part in zip(*(train_set[i] for i in range(len(train_set)))))

    class Table(nn.Module):
        def forward(self, image):
            near = torch.cdist(image.flatten(1), x.flatten(1)).argmin(1)
            return F.one_hot(y[near], 2).permute(0, 3, 1, 2).float()

    return Table()

# %% mutant: one score a pixel
# killed by test_cells_never_seen_are_found
# Un seul canal, pour une entropie croisée binaire : il faut un score pour chacune des deux classes.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 1, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(x.to(device))[:, 0], y.float().to(device)).backward()
            optimizer.step()
    return model

# %% mutant: mask instead of scores
# killed by test_cells_never_seen_are_found
# Le module renvoie le masque prédit (N, 64, 64) au lieu des deux scores de chaque pixel.
def train_rain(train_set, device):
    class Mask(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x).argmax(1)

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return Mask(model)

# %% mutant: scores at half the size
# killed by test_cells_never_seen_are_found
# Les scores restent à la taille réduite (N, 2, 32, 32) : il manque l'agrandissement.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        nn.Conv2d(16, 2, 1),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y[:, ::2, ::2].to(device)).backward()
            optimizer.step()
    return model

# %% mutant: convolutions without padding
# killed by test_cells_never_seen_are_found
# Sans `padding`, chaque convolution rogne les bords : les scores ne recouvrent plus le masque.
def train_rain(train_set, device):
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 3)).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: classes on the last axis
# killed by test_cells_never_seen_are_found
# Les deux scores sont sur le dernier axe (N, 64, 64, 2) au lieu du deuxième.
def train_rain(train_set, device):
    class Last(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x).permute(0, 2, 3, 1)

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return Last(model)

# %% mutant: hard-coded cuda
# killed by test_cells_never_seen_are_found
# Le réseau est envoyé sur « cuda » sans regarder `device`.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to("cuda")
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: no return
# killed by test_cells_never_seen_are_found
# `train_rain` entraîne le réseau et oublie de le renvoyer.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return None

# %% mutant: IoU returned beside the network
# killed by test_cells_never_seen_are_found
# `train_rain` renvoie un couple (réseau, IoU) au lieu du seul réseau.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model, 0.9

# %% mutant: dropout that never stops
# killed by test_the_scores_of_an_image_depend_on_it_alone
# `F.dropout2d(x)` sans `training=self.training` reste actif en évaluation : les scores changent d'un appel à l'autre.
def train_rain(train_set, device):
    class Noisy(nn.Module):
        def forward(self, x):
            return F.dropout2d(x, 0.05)

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(Noisy(), nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: statistics of the batch in evaluation
# killed by test_the_scores_of_an_image_depend_on_it_alone
# La normalisation par lots prend les statistiques du lot aussi en évaluation : les scores d'une image dépendent de ses voisines.
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8, track_running_stats=False), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: images centred by the mean of their batch
# killed by test_the_scores_of_an_image_depend_on_it_alone
# Chaque lot est centré et réduit par ses propres statistiques : les scores d'une image dépendent de ses voisines.
def train_rain(train_set, device):
    class Standardised(nn.Module):
        def forward(self, x):
            return (x - x.mean()) / x.std()

    model = nn.Sequential(
        *(Standardised(), nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: global network
# killed by test_a_second_training_leaves_the_first_module_alone
# Le réseau est créé hors de la fonction : chaque appel reprend, et change, celui de l'appel précédent.
_network = nn.Sequential(
    *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
    *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
    *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
    *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
)


def train_rain(train_set, device):
    model = _network.to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: shared convolution
# killed by test_a_second_training_leaves_the_first_module_alone
# La première convolution est un argument par défaut : créée une seule fois, elle est partagée par tous les réseaux.
def train_rain(train_set, device, first=nn.Conv2d(1, 8, 5, stride=2, padding=2)):
    model = nn.Sequential(
        *(first, nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% mutant: trained once for all
# killed by test_a_network_trained_on_the_masks_of_other_images_finds_nothing
# Le premier réseau entraîné est gardé et renvoyé à chaque appel, quel que soit `train_set`.
_kept = []


def train_rain(train_set, device, _train=train_rain):
    if not _kept:
        _kept.append(_train(train_set, device))
    return _kept[0]

# %% mutant: fixed contrast
# killed by test_a_network_trained_on_the_masks_of_other_images_finds_nothing
# Un contraste et son seuil, choisis d'avance, répondent seuls : rien n'est appris de `train_set`.
def train_rain(train_set, device):
    class Contrast(nn.Module):
        def forward(self, x):
            small, large = (F.avg_pool2d(x, k, 1, k // 2, count_include_pad=False) for k in (3, 13))
            excess = small - large - 0.35
            return torch.cat([-excess, excess], dim=1)

    return Contrast()

# %% accepted: U-Net with transposed convolutions
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.down2 = nn.Sequential(nn.Conv2d(8, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.bottom = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.up2 = nn.Sequential(nn.ConvTranspose2d(16, 8, 2, stride=2), nn.ReLU())
        self.up1 = nn.ConvTranspose2d(16, 2, 4, stride=2, padding=1)

    def forward(self, x):
        half = self.down1(x)
        return self.up1(torch.cat([half, self.up2(self.bottom(self.down2(half)))], dim=1))


def train_rain(train_set, device):
    model = UNet().to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=14 * len(loader))
    for _ in range(14):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% accepted: log-probabilities, NLL, RMSprop and cosine
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear"), nn.LogSoftmax(dim=1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.004, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad(set_to_none=False)
            loss = F.nll_loss(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
        schedule.step()
    return model

# %% accepted: one logit, binary cross-entropy
class TwoScores(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        cell = torch.sigmoid(self.network(x))
        return torch.cat([1 - cell, cell], dim=1)


def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 1, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=10 * len(loader))
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(x.to(device)).squeeze(1), y.to(device).float()).backward()
            optimizer.step()
            schedule.step()
    return TwoScores(model)

# %% accepted: soft IoU loss, images turned with their masks
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear")),
    ).to(device)
    x = torch.stack([train_set[i][0] for i in range(len(train_set))]).to(device)
    y = torch.stack([train_set[i][1] for i in range(len(train_set))]).to(device)
    steps = 14 * len(x) // 4
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        batch = torch.randint(len(x), (4,), device=device)
        turns = int(torch.randint(4, ()))
        images, masks = x[batch].rot90(turns, (2, 3)), y[batch].rot90(turns, (1, 2))
        logits = model(images)
        cell = logits.softmax(1)[:, 1]
        overlap = (cell * masks).sum() / (cell + masks - cell * masks).sum().clamp(min=1)
        loss = F.cross_entropy(logits, masks) + 0.3 * (1 - overlap)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model

# %% accepted: contrasts by pooling, then small kernels
class Contrasts(nn.Module):
    def forward(self, x):
        small, large = (F.avg_pool2d(x, k, 1, k // 2, count_include_pad=False) for k in (3, 13))
        return torch.cat([small, small - large, F.max_pool2d(-small, 3, 1, 1) + small], dim=1)


def train_rain(train_set, device):
    model = nn.Sequential(
        *(Contrasts(), nn.BatchNorm2d(3), nn.Conv2d(3, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=2, dilation=2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3, padding=1), nn.PixelShuffle(2)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=12 * len(loader))
    for _ in range(12):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model

# %% accepted: lazy layers, dropout, left in training mode
def train_rain(train_set, device):
    model = nn.Sequential(
        *(nn.LazyConv2d(8, 4, stride=2, padding=1), nn.LazyBatchNorm2d(), nn.LeakyReLU(0.1)),
        *(nn.LazyConv2d(16, 3, padding=2, dilation=2), nn.LazyBatchNorm2d(), nn.GELU(), nn.Dropout2d(0.05)),
        *(nn.LazyConv2d(16, 3, padding=1), nn.LazyBatchNorm2d(), nn.GELU()),
        *(nn.LazyConvTranspose2d(2, 2, stride=2),),
    ).to(device)
    model(torch.stack([train_set[0][0], train_set[1][0]]).to(device))
    loader = torch.utils.data.DataLoader(train_set, batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=14 * len(loader))
    for _ in range(14):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model.train()
