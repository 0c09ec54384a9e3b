# %% mutant: untrained
# killed by test_speakers_of_new_recordings_are_recognised
# Le réseau est renvoyé sans avoir été entraîné.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    return model

# %% mutant: one batch an epoch
# killed by test_speakers_of_new_recordings_are_recognised
# Chaque époque s'arrête après un seul lot : le réseau n'a presque rien appris.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
            break
    return model

# %% mutant: step outside the loop over batches
# killed by test_speakers_of_new_recordings_are_recognised
# Le pas est hors de la boucle des lots : un seul par époque, sur le dernier lot.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(5):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    return model

# %% mutant: gradients never reset
# killed by test_speakers_of_new_recordings_are_recognised
# Les gradients ne sont jamais remis à zéro : avec SGD ils s'accumulent et le réseau diverge.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for _ in range(6):
        for x, y in loader:
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: learning rate a thousand times too large
# killed by test_speakers_of_new_recordings_are_recognised
# Le taux d'apprentissage est mille fois trop grand : la perte explose.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=100.0, momentum=0.9)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: learning rate a thousand times too small
# killed by test_speakers_of_new_recordings_are_recognised
# Le taux d'apprentissage est mille fois trop petit : le réseau n'a pas bougé quand l'entraînement s'arrête.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: the last frame alone
# killed by test_speakers_of_new_recordings_are_recognised
# Seule la dernière trame est lue : chez presque tous, elle n'est que du complément nul.
def train_phonemes(train_set, device):
    class Last(nn.Module):
        def forward(self, x):
            return x[:, :, -1]

    model = nn.Sequential(
        *(Last(), nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: the padded end alone
# killed by test_speakers_of_new_recordings_are_recognised
# L'axe du temps est coupé du mauvais côté : il ne reste que les dernières trames, presque toutes nulles.
def train_phonemes(train_set, device):
    class Tail(nn.Module):
        def forward(self, x):
            return x[:, :, 22:]

    model = nn.Sequential(
        *(Tail(), nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: durations alone
# killed by test_speakers_of_new_recordings_are_recognised
# Chaque série est réduite à ses trames nulles ou non : le timbre disparaît, il ne reste que la durée.
def train_phonemes(train_set, device):
    class Envelope(nn.Module):
        def forward(self, x):
            return (x != 0).any(dim=1).float()

    model = nn.Sequential(
        *(Envelope(), nn.Linear(29, 32), nn.ReLU(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: shuffled labels
# killed by test_speakers_of_new_recordings_are_recognised
# Les séries et les locuteurs sont mélangés chacun de leur côté : les couples sont défaits.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            wrong = y[torch.randperm(len(y))]
            F.cross_entropy(model(x.to(device)), wrong.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: some of the speakers
# killed by test_speakers_of_new_recordings_are_recognised
# Les exemples de trois locuteurs sur neuf sont écartés : ils ne sont jamais reconnus.
def train_phonemes(train_set, device):
    kept = torch.utils.data.Subset(train_set, [i for i in range(len(train_set)) if train_set[i][1] < 6])

    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(kept, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(14):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: labels shifted by one
# killed by test_speakers_of_new_recordings_are_recognised
# Les locuteurs sont comptés à partir de 1 : chaque score est celui du voisin.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(6):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device) + 1).backward()
            optimizer.step()
    final = nn.Linear(32, 9).to(device)
    final.load_state_dict({name: value[:9] for name, value in model[4].state_dict().items()})
    model[4] = final
    return model

# %% mutant: softmax before cross-entropy
# killed by test_speakers_of_new_recordings_are_recognised
# Un softmax précède l'entropie croisée, qui en contient un : les gradients s'éteignent et SGD n'avance plus.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9), nn.Softmax(1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(8):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: cross-entropy climbed
# killed by test_speakers_of_new_recordings_are_recognised
# Le signe de la perte est inversé : le réseau apprend à se tromper.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            (-F.cross_entropy(model(x.to(device)), y.to(device))).backward()
            optimizer.step()
    return model

# %% mutant: scaled in the training loop only
# killed by test_speakers_of_new_recordings_are_recognised
# Les séries ne sont centrées et réduites que dans la boucle d'entraînement, pas dans le module renvoyé.
def train_phonemes(train_set, device):
    recordings = torch.stack([train_set[i][0] for i in range(len(train_set))])
    mean, scale = recordings.mean((0, 2), keepdim=True), recordings.std((0, 2), keepdim=True) / 8
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(((x - mean) / scale).to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: time for channels
# killed by test_speakers_of_new_recordings_are_recognised
# Les axes sont échangés : la convolution attend 29 canaux et en reçoit 12.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(29, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: a score a frame
# killed by test_speakers_of_new_recordings_are_recognised
# Le réseau rend des scores à chaque trame (N, 9, 25) : rien ne les rassemble sur le temps.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.Conv1d(32, 9, 1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)).mean(2), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: ten classes
# killed by test_speakers_of_new_recordings_are_recognised
# La dernière couche a dix scores ; il n'y a que neuf locuteurs.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 10)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: predicted speakers instead of scores
# killed by test_speakers_of_new_recordings_are_recognised
# Le module rend le numéro du locuteur prédit (N,) au lieu des scores (N, 9).
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()

    class Predicted(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model(x).argmax(1)

    return Predicted()

# %% mutant: hard-coded cuda
# killed by test_speakers_of_new_recordings_are_recognised
# Le réseau est envoyé sur « cuda » sans regarder `device`.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to("cuda")
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: constant speaker
# killed by test_speakers_of_new_recordings_are_recognised
# Le premier locuteur est toujours prédit.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Flatten(), nn.Linear(348, 9)),
    ).to(device)
    with torch.no_grad():
        model[1].weight.zero_()
        model[1].bias.copy_(torch.eye(9)[0])
    return model

# %% mutant: trained elsewhere
# killed by test_speakers_of_new_recordings_are_recognised
# Le réseau a été entraîné d'avance sur les enregistrements publics : il ignore `train_set` et le nom de ses locuteurs.
from autograder import vowels

_elsewhere = train_phonemes(torch.utils.data.TensorDataset(*vowels.recordings()), torch.device("cpu"))


def train_phonemes(train_set, device):
    return _elsewhere.to(device)

# %% mutant: table of the public recordings
# killed by test_speakers_of_new_recordings_are_recognised
# Les réponses viennent d'une table des enregistrements publics, avec leurs locuteurs d'origine, au lieu de `train_set`.
def train_phonemes(train_set, device):
    from autograder import vowels

    known, speakers = vowels.recordings()
    names = F.one_hot(speakers, 9).float().to(device)
    known = known.flatten(1).to(device)

    class Table(nn.Module):
        def forward(self, x):
            return names[torch.cdist(x.flatten(1), known).argmin(1)]

    return Table()

# %% mutant: no return
# killed by test_speakers_of_new_recordings_are_recognised
# `train_phonemes` entraîne le réseau et oublie de le renvoyer.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return None

# %% mutant: loss returned beside the network
# killed by test_speakers_of_new_recordings_are_recognised
# `train_phonemes` renvoie un couple (réseau, perte) au lieu du seul réseau.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(1):
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
    return model, float(loss)

# %% mutant: never shuffled
# killed by test_the_order_of_the_training_set_does_not_matter
# Les exemples ne sont pas mélangés : rangés par locuteur, chaque lot n'en contient qu'un.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(15):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: validation cut from the end
# killed by test_the_order_of_the_training_set_does_not_matter
# Le jeu de validation est la fin du jeu d'entraînement, sans mélange : rangé par locuteur, il emporte des locuteurs entiers.
def train_phonemes(train_set, device):
    kept = torch.utils.data.Subset(train_set, range(len(train_set) * 6 // 10))

    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(kept, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: dropout that never stops
# killed by test_the_scores_of_a_recording_depend_on_it_alone
# `F.dropout(x)` sans `training=self.training` reste actif en évaluation : les scores changent d'un appel à l'autre.
def train_phonemes(train_set, device):
    class Noisy(nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.1)

    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), Noisy(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: statistics of the batch in evaluation
# killed by test_the_scores_of_a_recording_depend_on_it_alone
# La normalisation par lots prend les statistiques du lot aussi en évaluation : les scores d'un enregistrement dépendent de ses voisins.
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.BatchNorm1d(12, track_running_stats=False), nn.Conv1d(12, 32, 5), nn.ReLU()),
        *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: longest recording of the batch
# killed by test_the_scores_of_a_recording_depend_on_it_alone
# La moyenne est prise jusqu'à la fin de la série la plus longue du lot : les scores d'un enregistrement dépendent de ses voisins.
def train_phonemes(train_set, device):
    class Heard(nn.Module):
        def forward(self, x):
            return x[:, :, : max(5, int((x != 0).any(1).any(0).sum()))]

    model = nn.Sequential(
        Heard(),
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: global network
# killed by test_a_second_training_leaves_the_first_module_alone
# Le réseau est créé hors de la fonction : chaque appel reprend, et change, celui de l'appel précédent.
_network = nn.Sequential(
    *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
)


def train_phonemes(train_set, device):
    model = _network.to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: shared convolution
# killed by test_a_second_training_leaves_the_first_module_alone
# La convolution est un argument par défaut : créée une seule fois, elle est partagée par tous les réseaux.
def train_phonemes(train_set, device, first=nn.Conv1d(12, 32, 5)):
    model = nn.Sequential(
        *(first, nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% mutant: trained once for all
# killed by test_a_second_training_leaves_the_first_module_alone
# Le premier réseau entraîné est gardé et renvoyé à chaque appel, quel que soit `train_set`.
_kept = []


def train_phonemes(train_set, device, _train=train_phonemes):
    if not _kept:
        _kept.append(_train(train_set, device))
    return _kept[0]

# %% accepted: time-delay network, sigmoids, summed over time
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 16, 3), nn.Sigmoid(), nn.Conv1d(16, 9, 5), nn.Sigmoid()),
        *(nn.AvgPool1d(23), nn.Flatten()),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.5e-2)
    for _ in range(60):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(20 * model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: dense network, log_softmax and NLL
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Flatten(), nn.Linear(348, 48), nn.GELU(), nn.Linear(48, 9), nn.LogSoftmax(dim=-1)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(15):
        for x, y in loader:
            optimizer.zero_grad()
            F.nll_loss(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: linear model on flattened series, SGD
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Flatten(), nn.Linear(348, 9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: batch norm and dropout, left in training mode
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 3, bias=False), nn.BatchNorm1d(32), nn.ReLU()),
        *(nn.AdaptiveMaxPool1d(2), nn.Flatten(), nn.Dropout(0.3), nn.LazyLinear(9)),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    model(torch.zeros(2, 12, 29, device=device))
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model.train()

# %% accepted: mean over the frames that are there
def train_phonemes(train_set, device):
    class Heard(nn.Module):
        """Mean over frames that are not padding: no batch changes it."""

        def __init__(self):
            super().__init__()
            self.code = nn.Conv1d(12, 32, 3, padding=1)
            self.scores = nn.Linear(32, 9)

        def forward(self, x):
            heard = (x != 0).any(dim=1, keepdim=True).float()
            return self.scores((self.code(x).relu() * heard).sum(2) / heard.sum(2).clamp(min=1))

    model = nn.Sequential(
        Heard(),
    ).to(device)
    loader = torch.utils.data.DataLoader(train_set, batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(device)), y.to(device)).backward()
            optimizer.step()
    return model

# %% accepted: one read, whole batches drawn by index
def train_phonemes(train_set, device):
    model = nn.Sequential(
        *(nn.Conv1d(12, 32, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 9)),
    ).to(device)
    x, y = next(iter(torch.utils.data.DataLoader(train_set, batch_size=len(train_set))))
    x, y = x.to(device), y.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for _ in range(400):
        chosen = torch.randint(len(y), (32,), device=device)
        optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(model(x[chosen]), y[chosen], label_smoothing=0.05).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
    return model

# %% accepted: ridge classifier of scikit-learn in a linear layer
def train_phonemes(train_set, device):
    from sklearn.linear_model import RidgeClassifier

    x = torch.stack([train_set[i][0] for i in range(len(train_set))]).flatten(1)
    y = torch.tensor([int(train_set[i][1]) for i in range(len(train_set))])
    fitted = RidgeClassifier(alpha=3.0).fit(x.numpy(), y.numpy())
    model = nn.Sequential(nn.Flatten(), nn.Linear(348, 9))
    with torch.no_grad():
        model[1].weight.copy_(torch.from_numpy(fitted.coef_))
        model[1].bias.copy_(torch.from_numpy(fitted.intercept_))
    return model.to(device)
