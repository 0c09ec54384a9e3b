# %% mutant: mean of batch means
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte est la moyenne des moyennes des lots : le dernier lot, plus petit, pèse trop.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
            samples += 1
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: sum of the batch means over the samples
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte de chaque lot n'est pas multipliée par sa taille avant d'être divisée par le nombre d'exemples.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: loss of the last batch
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte gardée est celle du dernier lot de l'époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total, samples = loss.item(), 1
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: mean over the batches of the size of the first
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# Le dernier lot est compté comme un lot entier.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples, size = 0.0, 0, None
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            size = size or len(y)
            total += loss.item() * size
            samples += size
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: total never reset
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# Le total et le compte ne sont pas remis à zéro entre les époques.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    total, samples = 0.0, 0
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples * (epoch + 1))
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: sum of losses
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# C'est la somme des pertes, pas leur moyenne.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: loss kept with its graph
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte est gardée en tenseur avec son graphe, sans .item().
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total = total + loss * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: logarithm to base ten
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte notée est en logarithme décimal.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples / math.log(10))
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: classes weighted
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Les classes sont pondérées par leur fréquence dans le lot : ce n'est plus l'entropie croisée simple.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            logits = model(x)
            count = torch.bincount(y, minlength=logits.shape[1]).clamp(min=1).to(logits)
            loss = F.cross_entropy(logits, y, weight=1 / count)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: softmax before the cross-entropy
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# Softmax est appliquée avant cross_entropy, qui attend des logits.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x).softmax(1), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: nll on logits
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# nll_loss est appliquée aux logits, sans log_softmax.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.nll_loss(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: squared error
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La perte est l'erreur quadratique sur des probabilités au lieu de l'entropie croisée.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            p = model(x).softmax(1)
            loss = F.mse_loss(p, F.one_hot(y, p.shape[1]).to(p))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: label smoothing
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# Les étiquettes sont lissées (label_smoothing) : ce n'est plus l'entropie croisée demandée.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: mean of batch accuracies
# killed by test_the_accuracy_follows_each_epoch
# L'exactitude est la moyenne des exactitudes des lots : le dernier lot pèse trop.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).float().mean().item()
                seen += 1
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: percentage
# killed by test_the_accuracy_follows_each_epoch
# L'exactitude est en pour cent au lieu d'être entre 0 et 1.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = 100 * right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: validation before the epoch
# killed by test_the_accuracy_follows_each_epoch
# La validation est mesurée avant l'époque d'entraînement au lieu d'après.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        before = right / seen
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(before)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: best accuracy so far
# killed by test_the_accuracy_follows_each_epoch
# L'historique garde la meilleure exactitude jusque-là au lieu de celle de l'époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(max(accuracy, best))
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: accuracy of the last validation batch
# killed by test_the_accuracy_follows_each_epoch
# L'exactitude est celle du dernier lot de validation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right = (model(x).argmax(1) == y).sum().item()
                seen = len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: error rate
# killed by test_the_accuracy_follows_each_epoch
# C'est le taux d'erreur qui est noté au lieu de l'exactitude.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(1 - accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: accuracy on the training set
# killed by test_the_accuracy_follows_each_epoch
# L'exactitude est mesurée sur les données d'entraînement.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in train_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: comparison of a column with a row
# killed by test_the_accuracy_follows_each_epoch
# (N, 1) == (N,) compare chaque prédiction à toutes les étiquettes.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1, keepdim=True) == y).float().mean(1).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: accuracy by rounding a probability
# killed by test_the_accuracy_follows_each_epoch
# Un exemple ne compte que si sa probabilité dépasse un demi : avec plusieurs classes, il faut l'argmax.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).softmax(1).gather(1, y[:, None])[:, 0] > 0.5).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: penalty on the logits
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Un terme s'ajoute à la perte apprise : les logits sont pénalisés, sans que l'historique le dise.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            (loss + 0.1 * logits.square().mean()).backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: smoothed in training, plain in the record
# killed by test_the_gradient_is_that_of_the_cross_entropy
# On apprend sur des étiquettes lissées et on note la perte simple.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            F.cross_entropy(logits, y, label_smoothing=0.1).backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: focal loss
# killed by test_the_gradient_is_that_of_the_cross_entropy
# La perte apprise est pondérée par la difficulté de chaque exemple (focal loss).
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            each = F.cross_entropy(model(x), y, reduction='none')
            loss = each.mean()
            ((1 - torch.exp(-each)) ** 2 * each).mean().backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: only the largest losses
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Seuls les exemples les plus mal classés du lot donnent un gradient.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            each = F.cross_entropy(model(x), y, reduction='none')
            loss = each.mean()
            each.topk(2).values.mean().backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradient ascent
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Le signe est inversé : le modèle apprend à se tromper.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            (-loss).backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: labels shifted by one
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Les étiquettes sont prises pour 1..C et décalées : le modèle apprend la classe d'à côté.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            wrong = F.cross_entropy(model(x), (y + 1) % 4)
            wrong.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: labels shuffled apart
# killed by test_the_gradient_is_that_of_the_cross_entropy
# Les étiquettes du lot sont mélangées sans les images.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            F.cross_entropy(model(x), y.flip(0)).backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: training mode set once
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# model.train() n'est appelé qu'avant la première époque : après la première validation, le modèle reste en mode évaluation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    model.train()
    for epoch in range(epochs):
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: training mode never set
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# model.train() manque : un modèle reçu en mode évaluation y reste.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: training flag of the outer module only
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# Seul le drapeau du modèle est changé, pas celui de ses couches.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.training = True
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: short last batch not learned
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# Le dernier lot, plus petit, compte dans la perte mais n'est pas appris.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples, size = 0.0, 0, None
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            size = size or len(y)
            if len(y) == size:
                loss.backward()
                optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: learns in one epoch out of two
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# Une époque sur deux ne fait que mesurer la perte, sans apprendre.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            if epoch % 2 == 0:
                loss.backward()
                optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: batch norm frozen while training
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# Les couches de normalisation sont laissées en mode évaluation pendant l'apprentissage.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm1d):
                layer.eval()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: dropout forgotten
# killed by test_each_epoch_trains_on_every_sample_in_training_mode
# Le dropout est mis en évaluation pendant l'apprentissage.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.eval()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradients never reset
# killed by test_each_batch_starts_from_no_gradient
# zero_grad manque : les gradients de tous les lots s'additionnent.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradients reset once an epoch
# killed by test_each_batch_starts_from_no_gradient
# zero_grad n'est appelé qu'une fois par époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        optimizer.zero_grad()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradients of two batches together
# killed by test_each_batch_starts_from_no_gradient
# Les gradients de deux lots s'accumulent avant d'être remis à zéro.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for number, (x, y) in enumerate(train_loader):
            x, y = x.to(device), y.to(device)
            if number % 2 == 0:
                optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradients of validation left over
# killed by test_each_batch_starts_from_no_gradient
# La perte de validation est rétropropagée, et son gradient s'ajoute à celui du lot suivant.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        for x, y in val_loader:
            x, y = x.to(device), y.to(device)
            logits = model(x)
            F.cross_entropy(logits, y).backward()
            right += (logits.argmax(1) == y).sum().item()
            seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: no step
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# optimizer.step() manque : rien n'est appris.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: step before backward
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# Le pas précède la rétropropagation : le premier lot n'apprend rien, chaque pas retarde d'un lot.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            optimizer.step()
            optimizer.zero_grad()
            loss.backward()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: gradients reset before the step
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# zero_grad est appelé entre backward et step : l'optimiseur n'a plus de gradient.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: learning rate far too small
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# Le taux d'apprentissage est si petit que le modèle n'apprend presque rien.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-7)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: optimizer on the bias only
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# L'optimiseur n'a reçu qu'une partie des paramètres : les poids ne bougent pas.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.ndim == 1], lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: one step an epoch
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# Un seul pas par époque, sur le dernier lot.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            total += loss.item() * len(y)
            samples += len(y)
        optimizer.step()
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: optimizer of a copy
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# L'optimiseur a les paramètres d'une copie du modèle : celui qui est évalué n'apprend rien.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(copy.deepcopy(model).parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: learning rate decays to nothing
# killed by test_each_batch_gives_a_step_and_the_loss_goes_down
# Le taux est divisé par dix à chaque lot : l'apprentissage s'arrête aussitôt.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            for group in optimizer.param_groups:
                group['lr'] /= 10
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: training under no_grad
# killed by test_the_gradient_is_that_of_the_cross_entropy
# L'entraînement est sous no_grad : aucun gradient.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            with torch.no_grad():
                loss = F.cross_entropy(model(x), y)
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: evaluation mode forgotten
# killed by test_validation_runs_in_evaluation_mode
# model.eval() manque : la validation se fait avec dropout et statistiques du lot.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: evaluation flag of the outer module only
# killed by test_validation_runs_in_evaluation_mode
# Seul le drapeau du modèle est changé : ses couches restent en mode entraînement.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.training = False
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: dropout left on in validation
# killed by test_validation_runs_in_evaluation_mode
# Seule la normalisation passe en mode évaluation ; le dropout continue.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.train()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: evaluation mode after the first batch
# killed by test_validation_runs_in_evaluation_mode
# model.eval() n'est appelé qu'après le premier lot de validation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
                model.eval()
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: learns on validation
# killed by test_validation_changes_nothing
# La boucle de validation fait aussi des pas d'optimiseur.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        for x, y in val_loader:
            x, y = x.to(device), y.to(device)
            logits = model(x)
            right += (logits.argmax(1) == y).sum().item()
            seen += len(y)
            optimizer.zero_grad()
            F.cross_entropy(logits, y).backward()
            optimizer.step()
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: learns on validation with an optimizer of its own
# killed by test_validation_changes_nothing
# Un second optimiseur apprend sur les données de validation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    fine = torch.optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        for x, y in val_loader:
            x, y = x.to(device), y.to(device)
            logits = model(x)
            right += (logits.argmax(1) == y).sum().item()
            seen += len(y)
            fine.zero_grad()
            F.cross_entropy(logits, y).backward()
            fine.step()
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: statistics refreshed on validation
# killed by test_validation_changes_nothing
# La normalisation est recalée sur les données de validation, en mode entraînement, avant la mesure.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
        model.eval()
        for norm in norms:
            norm.train()
        with torch.no_grad():
            for x, y in val_loader if norms else ():
                model(x.to(device))
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: trained on both sets
# killed by test_validation_changes_nothing
# Les données de validation sont ajoutées à celles d'entraînement.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in [*train_loader, *val_loader]:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: weights decayed while validating
# killed by test_validation_changes_nothing
# Les poids sont réduits à chaque lot de validation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
                for p in model.parameters():
                    p *= 0.99
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: best state not copied
# killed by test_the_weights_of_the_best_epoch_come_back
# state_dict() renvoie des références : sans copie, le « meilleur » état suit le modèle.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = model.state_dict()
    model.load_state_dict(best_state)
    return history

# %% mutant: best state copied on the surface
# killed by test_the_weights_of_the_best_epoch_come_back
# dict() ne copie que le dictionnaire, pas les tenseurs : l'état gardé suit le modèle.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = dict(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: copied by moving to where it already is
# killed by test_the_weights_of_the_best_epoch_come_back
# `.cpu()` ne copie rien quand le tenseur y est déjà : l'état gardé suit le modèle.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = {name: value.cpu() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    return history

# %% mutant: best state never restored
# killed by test_the_weights_of_the_best_epoch_come_back
# Le meilleur état est gardé, mais jamais remis dans le modèle.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    return history

# %% mutant: best model in a local name
# killed by test_the_weights_of_the_best_epoch_come_back
# `model = ...` ne change que le nom local : le modèle reçu garde les poids de la dernière époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_model = copy.deepcopy(model)
    model = best_model
    return history

# %% mutant: last epoch kept
# killed by test_the_weights_of_the_best_epoch_come_back
# C'est la dernière époque qui est gardée, pas la meilleure.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if True:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: first epoch kept
# killed by test_the_weights_of_the_best_epoch_come_back
# `best` n'est jamais mis à jour : toute exactitude supérieure à la première valeur remplace l'état.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: lowest accuracy kept
# killed by test_the_weights_of_the_best_epoch_come_back
# La comparaison est inversée : c'est la pire époque qui est gardée.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = 2.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy < best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: chosen on the training loss
# killed by test_the_weights_of_the_best_epoch_come_back
# La meilleure époque est choisie sur la perte d'entraînement au lieu de l'exactitude de validation.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = float('inf')
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if total / samples < best:
            best = total / samples
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: chosen on the validation loss
# killed by test_the_weights_of_the_best_epoch_come_back
# La meilleure époque est choisie sur la perte de validation au lieu de l'exactitude.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = float('inf')
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen, cost = 0, 0, 0.0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                logits = model(x)
                cost += F.cross_entropy(logits, y, reduction='sum').item()
                right += (logits.argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if cost < best:
            best = cost
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: restored after every epoch that is worse
# killed by test_the_weights_of_the_best_epoch_come_back
# Le meilleur état est remis après chaque moins bonne époque, puis l'état final est le dernier.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
            last_state = best_state
        last_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(last_state)
    return history

# %% mutant: state of before the best epoch
# killed by test_the_weights_of_the_best_epoch_come_back
# L'état gardé est celui d'avant l'époque, et non celui qui a été évalué.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        before = copy.deepcopy(model.state_dict())
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = before
    model.load_state_dict(best_state)
    return history

# %% mutant: mean of all epochs
# killed by test_the_weights_of_the_best_epoch_come_back
# Les poids rendus sont la moyenne de ceux de toutes les époques.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        now = copy.deepcopy(model.state_dict())
        mean = now if epoch == 0 else {k: (mean[k] * epoch + v) / (epoch + 1) for k, v in now.items()}
        best_state = mean
    model.load_state_dict(best_state)
    return history

# %% mutant: stops early
# killed by test_the_weights_of_the_best_epoch_come_back
# L'apprentissage s'arrête dès que l'exactitude baisse : les dernières époques manquent.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy < best:
            break
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: parameters only
# killed by test_buffers_come_back_with_the_weights
# Seuls les paramètres sont gardés : les tampons restent ceux de la dernière époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = {name: p.detach().clone() for name, p in model.named_parameters()}
    model.load_state_dict(best_state, strict=False)
    return history

# %% mutant: parameters copied back one by one
# killed by test_buffers_come_back_with_the_weights
# Les paramètres sont recopiés un à un, sans les tampons.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = [p.detach().clone() for p in model.parameters()]
    with torch.no_grad():
        for p, kept in zip(model.parameters(), best_state):
            p.copy_(kept)
    return history

# %% mutant: floating tensors only
# killed by test_buffers_come_back_with_the_weights
# Seuls les tenseurs flottants sont copiés : les compteurs sont ceux de la dernière époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = {k: v.clone() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    model.load_state_dict(best_state)
    return history

# %% mutant: best starts at zero
# killed by test_one_epoch_or_no_success_at_all
# `best` part de 0 avec `>` : si rien n'est jamais bien classé, aucun état n'est gardé.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best, best_state = 0.0, None
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: initial state kept when nothing is recognised
# killed by test_one_epoch_or_no_success_at_all
# `best` part de 0 et l'état de départ : si rien n'est bien classé, l'apprentissage est perdu.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best, best_state = 0.0, copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: kept from the second epoch on
# killed by test_one_epoch_or_no_success_at_all
# Le meilleur état n'est cherché qu'à partir de la deuxième époque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best, best_state = -1.0, copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if epoch > 0 and accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: untrained state is a candidate
# killed by test_the_weights_of_the_best_epoch_come_back
# L'état d'avant l'apprentissage est évalué et peut être rendu comme meilleur.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    model.eval()
    with torch.no_grad():
        hits = [(model(x.to(device)).argmax(1) == y.to(device)).float() for x, y in val_loader]
    best, best_state = torch.cat(hits).mean().item(), copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: length of the dataset
# killed by test_loaders_need_only_be_iterable
# La perte est divisée par len(train_loader.dataset) : un itérable simple n'a pas de `dataset`.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / len(train_loader.dataset))
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: length of the validation set
# killed by test_loaders_need_only_be_iterable
# L'exactitude est divisée par len(val_loader.dataset) : un itérable simple n'a pas de `dataset`.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / len(val_loader.dataset)
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: number of batches asked for
# killed by test_loaders_need_only_be_iterable
# len(train_loader) est demandé pour un calendrier du taux : un flux n'a pas de longueur.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    pas = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=epochs * len(train_loader))
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            pas.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: model not moved
# killed by test_model_and_batches_move_to_the_device
# Le modèle reste sur le CPU : seuls les lots vont sur l'appareil.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: images not moved
# killed by test_model_and_batches_move_to_the_device
# Les images d'entraînement restent sur le CPU.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            y = y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: labels not moved
# killed by test_model_and_batches_move_to_the_device
# Les étiquettes d'entraînement restent sur le CPU.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: validation images not moved
# killed by test_model_and_batches_move_to_the_device
# Les images de validation restent sur le CPU.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                y = y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: result of to dropped
# killed by test_model_and_batches_move_to_the_device
# `x.to(device)` renvoie un nouveau tenseur : sans `x = ...`, le lot reste où il était.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x.to(device)
            y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: returns the model
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La fonction renvoie le modèle au lieu de l'historique.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return model

# %% mutant: no return
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# Le `return` manque.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)

# %% mutant: one epoch too many
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La boucle fait une époque de trop : range(epochs + 1).
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs + 1):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% mutant: numbers instead of lists
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# L'historique ne garde que la dernière valeur au lieu d'une liste.
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return {name: values[-1] for name, values in history.items()}

# %% mutant: constants
# killed by test_the_loss_of_an_epoch_is_a_mean_over_samples
# La fonction n'entraîne rien et renvoie des constantes.
def fit(model, train_loader, val_loader, epochs, device):
    return {"train_loss": [1.0] * epochs, "val_accuracy": [0.0] * epochs}

# %% accepted: sgd with momentum, zero_grad at the end, ties to the last
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy >= best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: plain sgd, small rate
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = {k: v.detach().clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best_state)
    return history

# %% accepted: sgd, very large rate, gradients clipped
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: adamw with a cosine schedule, summed loss kept in a tensor
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.detach() * y.size(0)
            samples += len(y)
        history["train_loss"].append(total / samples)
        schedule.step()
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: log_softmax and nll, inference mode, predictions compared on the cpu
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = nn.NLLLoss()(torch.log_softmax(model(x), dim=-1), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.inference_mode():
            for x, y in val_loader:
                right += int(torch.eq(model(x.to(device)).topk(1).indices[:, 0].cpu(), y).sum())
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: extra keys, tuples, numpy numbers, evaluation with gradients on
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        for x, y in val_loader:
            hits = model(x.to(device)).max(1).indices == y.to(device)
            right, seen = right + int(hits.sum()), seen + len(hits)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return {name: tuple(np.float32(v) for v in values) for name, values in history.items()} | {'best': best}

# %% accepted: learning rate by hand, no optimizer
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for p, g in zip(model.parameters(), grads):
                    p -= 0.02 * g
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: lbfgs with a closure
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            def closure():
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            loss = optimizer.step(closure)
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return history

# %% accepted: three functions, a copy that learns, the best one loaded at the end
import copy
from collections import defaultdict

def une_epoque(net, loader, opt, device):
    net.train(True)
    losses = []
    for batch in loader:
        inputs, labels = (part.to(device, non_blocking=True) for part in batch)
        for p in net.parameters():
            p.grad = None
        each = F.cross_entropy(net(inputs), labels, reduction="none")
        each.mean().backward()
        opt.step()
        losses += each.tolist()
    return sum(losses) / len(losses)

@torch.no_grad()
def exactitude(net, loader, device):
    net.train(False)
    hits = [net(x.to(device)).argmax(dim=-1).eq(y.to(device)) for x, y in loader]
    return torch.cat(hits).double().mean().item()

def fit(model, train_loader, val_loader, epochs, device):
    net = copy.deepcopy(model).to(device)
    opt = torch.optim.RMSprop(net.parameters(), lr=0.003)
    history, kept = defaultdict(list), []
    for _ in range(epochs):
        history["train_loss"].append(une_epoque(net, train_loader, opt, device))
        history["val_accuracy"].append(exactitude(net, val_loader, device))
        kept.append(copy.deepcopy(net))
    model.load_state_dict(kept[int(np.argmax(history["val_accuracy"]))].state_dict())
    return history

# %% accepted: saved to memory, training loss measured after the epoch
import io

def measure(model, loader, device):
    model.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits, y = model(torch.as_tensor(x, device=device)), y.to(device=device)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            count += y.shape[0]
    return loss / count, right / count

def fit(model, train_loader, val_loader, epochs, device):
    model = model.to(device)
    optimizer = torch.optim.Adagrad([p for p in model.parameters() if p.requires_grad], lr=0.05)
    losses, accuracies, file = [], [], None
    while len(losses) < epochs:
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(x.to(device)), y.to(device).long()).backward()
            optimizer.step()
        losses.append(measure(model, train_loader, device)[0])
        accuracies.append(measure(model, val_loader, device)[1])
        if accuracies[-1] == max(accuracies):
            file = io.BytesIO()
            torch.save(model.state_dict(), file)
    file.seek(0)
    model.load_state_dict(torch.load(file))
    return dict(train_loss=losses, val_accuracy=accuracies, val_loss=[])

# %% accepted: a file on disk
import copy

def fit(model, train_loader, val_loader, epochs, device):
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = {"train_loss": [], "val_accuracy": []}
    best = -1.0
    for epoch in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
        history["train_loss"].append(total / samples)
        model.eval()
        right, seen = 0, 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                right += (model(x).argmax(1) == y).sum().item()
                seen += len(y)
        accuracy = right / seen
        history["val_accuracy"].append(accuracy)
        if accuracy > best:
            best = accuracy
            torch.save(model.state_dict(), "meilleur.pt")
    model.load_state_dict(torch.load("meilleur.pt", map_location=device))
    return history
