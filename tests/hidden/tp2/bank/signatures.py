# %% mutant: untrained
# killed by test_signatures_of_unseen_writers_are_verified
# Le réseau est renvoyé sans avoir été entraîné.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    return model

# %% mutant: one batch
# killed by test_signatures_of_unseen_writers_are_verified
# La boucle s'arrête après un seul lot : le réseau n'a presque rien appris.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
            break
    return model

# %% mutant: raw distance
# killed by test_signatures_of_unseen_writers_are_verified
# La distance est celle des séries brutes, sans encodeur : la place de la feuille et les traits changeants y dominent.
def train_signatures(train_pairs, device):
    class Raw(nn.Module):
        def forward(self, a, b):
            return (a - b).flatten(1).norm(dim=1)

    return Raw()

# %% mutant: same and different swapped
# killed by test_signatures_of_unseen_writers_are_verified
# Les deux termes de la perte sont échangés : les vraies paires sont éloignées, les fausses rapprochées.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(2):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            ((1 - same) * d**2 + same * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: similarity for a distance
# killed by test_signatures_of_unseen_writers_are_verified
# Le module rend une ressemblance, grande pour une vraie paire, au lieu d'une distance.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(2):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()

    class Similarity(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, a, b):
            return -self.model(a, b)

    return Similarity()

# %% mutant: shuffled answers
# killed by test_signatures_of_unseen_writers_are_verified
# Les paires et leurs réponses sont mélangées chacune de leur côté : le réseau n'apprend que du hasard.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(2):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same[torch.randperm(len(same))].to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: genuine pairs alone
# killed by test_signatures_of_unseen_writers_are_verified
# La perte ne rapproche que les vraies paires : rien n'éloigne les fausses, et tous les codes tombent au même point.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(3):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2).mean().backward()
            optimizer.step()
    return model

# %% mutant: margin on the wrong side
# killed by test_signatures_of_unseen_writers_are_verified
# La marge est écrite max(0, d − m) : la perte rapproche aussi les fausses paires, au lieu de les éloigner.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(3):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (d - 1).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: gradients never reset
# killed by test_signatures_of_unseen_writers_are_verified
# Les gradients ne sont jamais remis à zéro : ils s'accumulent et le réseau diverge.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: learning rate a thousand times too large
# killed by test_signatures_of_unseen_writers_are_verified
# Le taux d'apprentissage est mille fois trop grand : les poids partent au loin.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4.0)
    for _ in range(2):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: step outside the loop over batches
# killed by test_signatures_of_unseen_writers_are_verified
# Le pas est hors de la boucle des lots : un seul par époque, sur le dernier lot.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(3):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
        optimizer.step()
    return model

# %% mutant: detached distances
# killed by test_signatures_of_unseen_writers_are_verified
# Les codes sont détachés du graphe : le gradient n'arrive pas à l'encodeur, qui reste celui du début.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            with torch.no_grad():
                code_a, code_b = self.encoder(a), self.encoder(b)
            return self.scale * (code_a - code_b).norm(dim=1)

    model = Verifier()
    model.scale = nn.Parameter(torch.ones(()))
    model.to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: the beginning alone
# killed by test_signatures_of_unseen_writers_are_verified
# Seules les seize premières trames sont lues : le geste qui suit est perdu.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a[:, :, :16]) - self.encoder(b[:, :, :16])).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(4):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: a decision for a distance
# killed by test_signatures_of_unseen_writers_are_verified
# Le module rend une décision, 0 ou 1, prise par un seuil trop haut, au lieu de la distance : l'ordre des paires est perdu.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()

    with torch.no_grad():
        mean = torch.cat([model(a.to(device), b.to(device)) for (a, b), _ in loader]).mean()

    class Decision(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, a, b):
            return (self.model(a, b) > 1.5 * mean).float()

    return Decision()

# %% mutant: one distance for the batch
# killed by test_signatures_of_unseen_writers_are_verified
# La norme est prise sur tout le lot : une seule distance au lieu de N.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm()

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: a column of distances
# killed by test_signatures_of_unseen_writers_are_verified
# Les distances ont la forme (N, 1) au lieu de (N,) : contre `same` de forme (N,), la perte compare chaque paire à toutes.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1, keepdim=True)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: codes instead of distances
# killed by test_signatures_of_unseen_writers_are_verified
# Le module renvoyé est l'encodeur : il rend un code par signature, et ne reçoit pas de paire.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model.encoder

# %% mutant: hard-coded cuda
# killed by test_signatures_of_unseen_writers_are_verified
# Le réseau est envoyé sur « cuda » sans regarder `device`.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to("cuda")
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: no return
# killed by test_signatures_of_unseen_writers_are_verified
# `train_signatures` entraîne le réseau et oublie de le renvoyer.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return None

# %% mutant: loss returned beside the network
# killed by test_signatures_of_unseen_writers_are_verified
# `train_signatures` renvoie un couple (réseau, perte) au lieu du seul réseau.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model, 0.1

# %% mutant: trained elsewhere
# killed by test_signatures_of_unseen_writers_are_verified
# Le réseau a été entraîné d'avance sur d'autres signatures : il ignore `train_pairs`, et ce qui est stable dans ces mains-là.
from autograder.signatures import draw_habits, draw_pairs


class Mixture(torch.utils.data.Dataset):
    """Signatures of many habits: whatever those of the grading are, they are among these."""

    def __init__(self):
        sets = [draw_pairs(draw_habits(), 40, 20) for _ in range(6)]
        self.items = [((a, b), int(same)) for s in sets for a, b, same in zip(s.a, s.b, s.same)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


_elsewhere = train_signatures(Mixture(), torch.device("cpu"))


def train_signatures(train_pairs, device):
    return _elsewhere.to(device)

# %% mutant: validation cut from the end
# killed by test_the_order_of_the_pairs_does_not_matter
# Le jeu de validation est la seconde moitié du jeu, sans mélange : rangé, il emporte toutes les vraies paires.
def train_signatures(train_pairs, device):
    kept = torch.utils.data.Subset(train_pairs, range(len(train_pairs) // 2))

    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(kept, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(20):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: two encoders
# killed by test_signatures_of_unseen_writers_are_verified
# Chaque signature a son encodeur, avec ses propres poids : leurs codes ne se comparent pas.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.other(b)).norm(dim=1)

    model = Verifier()
    model.other = nn.Sequential(nn.Conv1d(3, 16, 8, stride=8), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16))
    model.to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(3):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: relative to the first signature
# killed by test_the_result_is_a_distance
# La distance est rapportée à la norme du premier code : celle de a à b n'est plus celle de b à a.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()

    class Relative(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, a, b):
            return self.model(a, b) / self.model.encoder(a).norm(dim=1)

    return Relative()

# %% mutant: bias on the distance
# killed by test_the_result_is_a_distance
# Un biais s'ajoute à la distance : une signature n'est plus à distance nulle d'elle-même.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()

    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, a, b):
            return 1 + self.model(a, b)

    return Shifted()

# %% mutant: dropout that never stops
# killed by test_the_distance_of_a_pair_depends_on_it_alone
# `F.dropout(x)` sans `training=self.training` reste actif en évaluation : les distances changent d'un appel à l'autre.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return F.dropout(self.encoder(a) - self.encoder(b), 0.05).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: statistics of the batch in evaluation
# killed by test_the_distance_of_a_pair_depends_on_it_alone
# La normalisation par lots prend les statistiques du lot aussi en évaluation : la distance d'une paire dépend de ses voisines.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.BatchNorm1d(16, track_running_stats=False), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            codes = self.encoder(torch.cat([a, b]))
            return (codes[: len(a)] - codes[len(a) :]).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: distances relative to the batch
# killed by test_the_distance_of_a_pair_depends_on_it_alone
# Les distances sont divisées par leur moyenne sur le lot : celle d'une paire dépend des autres.
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()

    class Relative(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, a, b):
            d = self.model(a, b)
            return d / (1 + d.mean())

    return Relative()

# %% mutant: global network
# killed by test_a_second_training_leaves_the_first_module_alone
# L'encodeur est créé hors de la fonction : chaque appel reprend, et change, celui de l'appel précédent.
_encoder = nn.Sequential(
    *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
    *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
)


def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = _encoder

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model

# %% mutant: trained once for all
# killed by test_a_second_training_leaves_the_first_module_alone
# Le premier réseau entraîné est gardé et renvoyé à chaque appel, quel que soit `train_pairs`.
_kept = []


def train_signatures(train_pairs, device, _train=train_signatures):
    if not _kept:
        _kept.append(_train(train_pairs, device))
    return _kept[0]

# %% mutant: a copy of the network trained once for all
# killed by test_a_second_training_leaves_the_first_module_alone
# Chaque appel rend une copie du premier réseau entraîné, quel que soit `train_pairs`.
_known = []


def train_signatures(train_pairs, device, _train=train_signatures):
    import copy

    if not _known:
        _known.append(_train(train_pairs, device))
    return copy.deepcopy(_known[0])

# %% accepted: logistic loss on the squared distance
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).square().sum(1)

    model = Verifier()
    model.threshold = nn.Parameter(torch.tensor(1.0))
    model.to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(16):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model.threshold - d, same.float()).backward()
            optimizer.step()
    return model

# %% accepted: one pass, sum of absolute values, left in training mode
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 12, 9, stride=4, padding=4), nn.BatchNorm1d(12), nn.GELU()),
                *(nn.Conv1d(12, 16, 5, stride=2, padding=2), nn.GELU(), nn.Flatten(), nn.Dropout(0.1), nn.LazyLinear(16)),
            )

        def forward(self, a, b):
            code_a, code_b = self.encoder(torch.cat([a, b])).chunk(2)
            return (code_a - code_b).abs().mean(1)

    model = Verifier().to(device)
    with torch.no_grad():
        model(torch.zeros(2, 3, 128, device=device), torch.zeros(2, 3, 128, device=device))
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(14):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model.train()

# %% accepted: ranking genuine against forged in a batch
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    loader = torch.utils.data.DataLoader(train_pairs, batch_size=64, shuffle=True, drop_last=True)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            F.softplus(5 * (d[same == 1][:, None] - d[same == 0])).mean().backward()
            optimizer.step()
    return model

# %% accepted: SGD with one cycle, by index
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(3, 16, 7, stride=4, padding=3), nn.ReLU()),
                *(nn.Conv1d(16, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16)),
            )

        def forward(self, a, b):
            return (self.encoder(a) - self.encoder(b)).norm(dim=1)

    model = Verifier().to(device)
    (a, b), same = next(iter(torch.utils.data.DataLoader(train_pairs, batch_size=len(train_pairs))))
    a, b, same = a.to(device), b.to(device), same.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    batches = 12 * (len(same) // 40)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=batches)
    for _ in range(batches):
        chosen = torch.randint(len(same), (40,), device=device)
        d, genuine = model(a[chosen], b[chosen]), same[chosen].bool()
        optimizer.zero_grad(set_to_none=False)
        torch.where(genuine, d**2, F.relu(1 - d) ** 2).mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model

# %% accepted: a metric in closed form, no gradient
def train_signatures(train_pairs, device):
    def features(x):
        """Means over 4 steps, the place of the sheet removed: (N, 3, 128) -> (N, 96)."""
        x = F.avg_pool1d(x, 4)
        return torch.cat([x[:, :2] - x[:, :2].mean(2, keepdim=True), x[:, 2:]], 1).flatten(1)

    (a, b), same = next(iter(torch.utils.data.DataLoader(train_pairs, batch_size=len(train_pairs))))
    gaps = (features(a) - features(b)).double()
    near, far = (gaps[same == s].T @ gaps[same == s] / (same == s).sum() for s in (1, 0))
    values, directions = torch.linalg.eigh(near + 1e-3 * torch.eye(len(near), dtype=torch.double))
    white = directions / values.sqrt()
    ratios, axes = torch.linalg.eigh(white.T @ far @ white)
    projection = (white @ axes[:, -6:]).float()

    class Metric(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("projection", projection)

        def forward(self, a, b):
            return ((features(a) - features(b)) @ self.projection).norm(dim=1)

    return Metric().to(device)

# %% accepted: a time-delay network on pen speeds, trained on shuffled indices
def train_signatures(train_pairs, device):
    class Verifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                *(nn.Conv1d(5, 16, 5, stride=4, padding=2), nn.Tanh(), nn.Conv1d(16, 16, 3, stride=2, dilation=2), nn.Tanh()),
                *(nn.Flatten(), nn.LazyLinear(24)),
            )

        def forward(self, a, b):
            return torch.sqrt((self.code(a) - self.code(b)).pow(2).sum(1) + 1e-8)

        def code(self, x):
            x = x - F.pad(x[:, :2].mean(2, keepdim=True), (0, 0, 0, 1))
            speed = F.pad(x[:, :2].diff(dim=2), (1, 0)) * 10
            return self.encoder(torch.cat([x, speed], 1))

    model = Verifier()
    model(torch.zeros(1, 3, 128), torch.zeros(1, 3, 128))
    model.to(device)
    order = torch.randperm(len(train_pairs)).tolist()
    loader = torch.utils.data.DataLoader(torch.utils.data.Subset(train_pairs, order), batch_size=24, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for _ in range(12):
        for (a, b), same in loader:
            d, same = model(a.to(device), b.to(device)), same.to(device)
            optimizer.zero_grad()
            (same * d**2 + (1 - same) * (1 - d).clamp(min=0) ** 2).mean().backward()
            optimizer.step()
    return model
