# %% mutant: squared distance
# killed by test_the_distance_is_euclidean
# La distance est au carré : il manque la racine.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return d.square().sum(1)

# %% mutant: sum of absolute differences
# killed by test_the_distance_is_euclidean
# La distance est la somme des valeurs absolues (L1), et non la distance euclidienne.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return d.abs().sum(1)

# %% mutant: mean instead of sum
# killed by test_the_distance_is_euclidean
# La moyenne des carrés remplace leur somme : la distance dépend du nombre d'axes.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return (d.square().mean(1) + 1e-12).sqrt()

# %% mutant: cosine
# killed by test_the_distance_is_euclidean
# La distance est un cosinus, comme dans l'article de 1993, et non la distance euclidienne.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        return 1 - F.cosine_similarity(self.encoder(a).flatten(1), self.encoder(b).flatten(1))

# %% mutant: normalised codes
# killed by test_the_distance_is_euclidean
# Les codes sont normés avant la distance.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = F.normalize(self.encoder(a).flatten(1)) - F.normalize(self.encoder(b).flatten(1))
        return (d.square().sum(1) + 1e-12).sqrt()

# %% mutant: bounded distance
# killed by test_the_distance_is_euclidean
# Une sigmoïde borne la distance.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.sigmoid((d.square().sum(1) + 1e-12).sqrt())

# %% mutant: distance of the inputs
# killed by test_the_distance_is_euclidean
# La distance est celle des entrées, l'encodeur n'est pas appelé.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (a - b).flatten(1)
        return (d.square().sum(1) + 1e-12).sqrt()

# %% mutant: second input not encoded twice
# killed by test_the_distance_is_euclidean
# La même entrée passe par les deux branches : la distance est toujours nulle.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(a)).flatten(1)
        return (d.square().sum(1) + 1e-12).sqrt()

# %% mutant: over the batch
# killed by test_the_distance_is_euclidean
# La somme court sur le lot et non sur les axes du code.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return (d.square().sum(0) + 1e-12).sqrt()

# %% mutant: one distance for the whole batch
# killed by test_the_distance_is_euclidean
# Une seule distance est calculée pour tout le lot.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.norm(d)

# %% mutant: all pairs of the batch
# killed by test_the_distance_is_euclidean
# `cdist` rend les distances de toutes les paires du lot, (N, N).
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        return torch.cdist(self.encoder(a).flatten(1), self.encoder(b).flatten(1))

# %% mutant: a column of distances
# killed by test_the_distance_is_euclidean
# La sortie garde un axe de trop, (N, 1) au lieu de (N,).
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1, keepdim=True)

# %% mutant: similarity instead of distance
# killed by test_the_distance_is_euclidean
# La sortie est exp(-d), une ressemblance et non une distance.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.exp(-torch.linalg.vector_norm(d, dim=1))

# %% mutant: signed difference
# killed by test_the_distance_is_euclidean
# Les différences s'additionnent sans carré : elles se compensent.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return d.sum(1)

# %% mutant: first axis of the code only
# killed by test_encodings_of_any_shape_are_flattened
# La norme ne court que sur l'axe 1 : un code à plusieurs axes n'est pas aplati.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        return torch.linalg.vector_norm(self.encoder(a) - self.encoder(b), dim=1)

# %% mutant: mean over the places
# killed by test_encodings_of_any_shape_are_flattened
# Les cartes sont moyennées avant la distance au lieu d'être aplaties.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        fa, fb = self.encoder(a), self.encoder(b)
        if fa.ndim > 2:
            fa, fb = fa.flatten(2).mean(2), fb.flatten(2).mean(2)
        return torch.linalg.vector_norm(fa - fb, dim=1)

# %% mutant: last axis only
# killed by test_encodings_of_any_shape_are_flattened
# La distance court sur le dernier axe seulement : F.pairwise_distance n'aplatit pas.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        return F.pairwise_distance(self.encoder(a), self.encoder(b))

# %% mutant: squeezed batch of one
# killed by test_each_pair_is_independent_of_the_batch
# `squeeze` sans axe enlève aussi l'axe du lot quand il n'y a qu'une paire.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1, keepdim=True).squeeze()

# %% mutant: distances relative to the batch's largest
# killed by test_the_distance_is_euclidean
# Les distances sont divisées par la plus grande du lot.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        d = torch.linalg.vector_norm(d, dim=1)
        return d / d.max()

# %% mutant: two encoders
# killed by test_both_inputs_pass_through_the_encoder_given
# Chaque branche a son propre encodeur, copié : les poids ne sont pas partagés.
import copy

class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.twin = encoder, copy.deepcopy(encoder)

    def forward(self, a, b):
        d = (self.encoder(a) - self.twin(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1)

# %% mutant: a copy of the encoder
# killed by test_both_inputs_pass_through_the_encoder_given
# L'encodeur est copié : entraîner celui qui est donné ne change rien.
import copy

class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = copy.deepcopy(encoder)

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1)

# %% mutant: encoder in a list
# killed by test_both_inputs_pass_through_the_encoder_given
# L'encodeur est rangé dans une liste : ses paramètres ne sont pas ceux du module.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoders = [encoder]

    def forward(self, a, b):
        d = (self.encoders[0](a) - self.encoders[0](b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1)

# %% mutant: a learnt scale
# killed by test_both_inputs_pass_through_the_encoder_given
# Un poids de plus est appris à côté de l'encodeur.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return self.scale * torch.linalg.vector_norm(d, dim=1)

# %% mutant: large epsilon
# killed by test_identical_inputs_are_at_distance_zero
# Le terme ajouté sous la racine est trop grand : deux entrées identiques sont à plus de 1e-3.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return (d.square().sum(1) + 1e-5).sqrt()

# %% mutant: epsilon on each number
# killed by test_identical_inputs_are_at_distance_zero
# Un terme ajouté à chaque différence s'additionne sur le code.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d.abs() + 4e-4, dim=1)

# %% mutant: plain root
# killed by test_identical_inputs_have_finite_gradients
# La racine seule a un gradient infini en 0 : NaN pour deux entrées identiques.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return d.square().sum(1).sqrt()

# %% mutant: power one half
# killed by test_identical_inputs_have_finite_gradients
# La puissance 1/2 a un gradient infini en 0 : NaN pour deux entrées identiques.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return (d * d).sum(dim=1) ** 0.5

# %% mutant: nan replaced in the output only
# killed by test_identical_inputs_have_finite_gradients
# `nan_to_num` ne corrige que la sortie : le gradient reste NaN.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.nan_to_num(torch.sqrt((d**2).sum(1)))

# %% mutant: where after the root
# killed by test_identical_inputs_have_finite_gradients
# `where` après la racine ne protège pas : 0 fois un gradient infini fait NaN.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        s = d.square().sum(1)
        return torch.where(s > 0, s.sqrt(), torch.zeros_like(s))

# %% mutant: one branch without gradient
# killed by test_gradients_of_the_distance
# Une branche est coupée du graphe par `no_grad` : elle n'apprend pas.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        fa = self.encoder(a)
        with torch.no_grad():
            fb = self.encoder(b)
        return torch.linalg.vector_norm((fa - fb).flatten(1), dim=1)

# %% mutant: detached codes
# killed by test_gradients_of_the_distance
# Le code de la première branche est détaché.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a).detach() - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1)

# %% mutant: frozen encoder
# killed by test_gradients_of_the_distance
# L'encodeur est gelé : il n'apprend pas.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder.requires_grad_(False)

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1)

# %% mutant: distance outside the graph
# killed by test_gradients_of_the_distance
# Les distances sont détachées du graphe.
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return torch.linalg.vector_norm(d, dim=1).detach().requires_grad_()

# %% mutant: labels the other way round
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Les étiquettes sont inversées : les vraies paires sont éloignées, les fausses rapprochées.
def contrastive_loss(distances, same, margin=1.0):
    return ((1 - same) * distances**2 + same * (margin - distances).clamp(min=0) ** 2).mean()

# %% mutant: sum instead of mean
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# La perte est une somme au lieu d'une moyenne.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).sum()

# %% mutant: factor one half
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Un facteur 1/2, celui de l'article, est de trop.
def contrastive_loss(distances, same, margin=1.0):
    return 0.5 * (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean()

# %% mutant: margin not clamped
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Le maximum avec 0 manque : les fausses paires au-delà de la marge sont rapprochées.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances) ** 2).mean()

# %% mutant: clamped from above
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# `clamp(max=0)` au lieu de `min=0`.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(max=0) ** 2).mean()

# %% mutant: margin not squared
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Le terme des fausses paires n'est pas au carré.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0)).mean()

# %% mutant: margin on squared distances
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# La marge est comparée au carré de la distance.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances**2).clamp(min=0)).mean()

# %% mutant: distances not squared
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Le terme des vraies paires n'est pas au carré.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean()

# %% mutant: mean of each kind
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Chaque sorte de paires a sa propre moyenne.
def contrastive_loss(distances, same, margin=1.0):
    s = same.to(distances)
    real = (s * distances**2).sum() / s.sum().clamp(min=1)
    return real + ((1 - s) * (margin - distances).clamp(min=0) ** 2).sum() / (1 - s).sum().clamp(min=1)

# %% mutant: root of the mean
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# La perte est la racine de la moyenne des carrés.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean().sqrt()

# %% mutant: not reduced
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# La perte garde une valeur par paire : la moyenne manque.
def contrastive_loss(distances, same, margin=1.0):
    return same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2

# %% mutant: genuine pairs only
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# Le terme des fausses paires manque : tout peut s'effondrer en un point.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2).mean()

# %% mutant: margin always one
# killed by test_the_margin_is_an_argument
# La marge est fixée à 1.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (1 - distances).clamp(min=0) ** 2).mean()

# %% mutant: margin squared
# killed by test_the_margin_is_an_argument
# C'est la marge, au carré, qui est comparée à la distance.
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin**2 - distances).clamp(min=0) ** 2).mean()

# %% mutant: default margin of two
# killed by test_the_loss_of_genuine_pairs_and_forgeries
# La marge vaut 2 par défaut au lieu de 1.
def contrastive_loss(distances, same, margin=2.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean()

# %% mutant: terms in the type of the labels
# killed by test_labels_are_integers_or_floats
# Les termes sont rangés dans un tenseur du type des étiquettes : des entiers sont tronqués.
def contrastive_loss(distances, same, margin=1.0):
    terms = torch.zeros_like(same) if not same.is_floating_point() else torch.zeros_like(distances)
    for n in range(len(same)):
        d = distances[n]
        terms[n] = d**2 if same[n] == 1 else (margin - d).clamp(min=0) ** 2
    return terms.to(distances).mean()

# %% mutant: labels as booleans by inversion
# killed by test_labels_are_integers_or_floats
# `~same` n'est la négation que de booléens.
def contrastive_loss(distances, same, margin=1.0):
    if same.is_floating_point():
        same = same.bool()
    genuine, forged = distances**2, (margin - distances).clamp(min=0) ** 2
    return (same * genuine + ~same * forged).mean()

# %% mutant: labels multiplied in place
# killed by test_labels_are_integers_or_floats
# Une multiplication en place dans une copie de `same` échoue si ce sont des entiers.
def contrastive_loss(distances, same, margin=1.0):
    genuine, forged = same.clone(), 1 - same
    genuine *= distances**2
    forged *= (margin - distances).clamp(min=0) ** 2
    return (genuine + forged).mean()

# %% mutant: loss as a number
# killed by test_the_gradient_of_the_loss
# `.item()` sort la perte du graphe.
def contrastive_loss(distances, same, margin=1.0):
    value = (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean()
    return torch.tensor(value.item(), dtype=distances.dtype, requires_grad=True)

# %% mutant: detached forgeries
# killed by test_the_gradient_of_the_loss
# Le terme des fausses paires est détaché du graphe : elles ne s'éloignent pas.
def contrastive_loss(distances, same, margin=1.0):
    forged = (margin - distances.detach()).clamp(min=0) ** 2
    return (same * distances**2 + (1 - same) * forged).mean()

# %% mutant: loss under no_grad
# killed by test_the_gradient_of_the_loss
# `no_grad` coupe le graphe : la perte n'a pas de gradient.
@torch.no_grad()
def contrastive_loss(distances, same, margin=1.0):
    return (same * distances**2 + (1 - same) * (margin - distances).clamp(min=0) ** 2).mean()

# %% accepted: pairwise distance and a hinge by relu
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        return F.pairwise_distance(self.encoder(a).flatten(1), self.encoder(b).flatten(1))

def contrastive_loss(distances, same, margin=1.0):
    hinge = F.relu(margin - distances)
    return torch.mean(same * distances.pow(2) + (1 - same) * hinge.pow(2))

# %% accepted: one call for both inputs
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        fa, fb = self.encoder(torch.cat([a, b])).flatten(1).chunk(2)
        return torch.linalg.vector_norm(fa - fb, dim=1)

def contrastive_loss(distances, same, margin=1.0):
    genuine = same.bool()
    return torch.where(genuine, distances**2, torch.clamp(margin - distances, min=0.0) ** 2).mean()

# %% accepted: clamped under the root
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return d.pow(2).sum(dim=-1).clamp(min=1e-8).sqrt()

def contrastive_loss(distances, same, margin=1.0):
    total = distances.new_zeros(())
    for d, s in zip(distances, same):
        total = total + (d * d if s == 1 else max(margin - d, 0 * d) ** 2)
    return total / len(distances)

# %% accepted: the largest epsilon that is allowed
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        return (d * d).sum(1).add(9e-7).sqrt()

def contrastive_loss(distances, same, margin=1.0):
    positive = (distances**2)[same == 1].sum()
    negative = ((margin - distances)[same == 0].clamp_min(0) ** 2).sum()
    return (positive + negative) / distances.numel()

# %% accepted: where before the root
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = (self.encoder(a) - self.encoder(b)).flatten(1)
        s = d.square().sum(1)
        null = s == 0
        return torch.where(null, torch.zeros_like(s), torch.where(null, torch.ones_like(s), s).sqrt())

def contrastive_loss(distances, same, margin=1.0):
    same = same.to(distances.dtype)
    hinge = torch.maximum(margin - distances, torch.zeros_like(distances))
    return same @ distances.square() / len(same) + (1 - same) @ hinge.square() / len(same)

# %% accepted: an encoder registered by name, a layer of distances
class Siamese(nn.Module):
    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.add_module("branche", nn.Sequential(encoder, nn.Flatten()))
        self.distance = nn.PairwiseDistance(p=2, eps=1e-7)

    def encode(self, x):
        return self.branche(x)

    def forward(self, x1, x2):
        return self.distance(self.encode(x1), self.encode(x2))

def contrastive_loss(distances, same, margin=1.0):
    manque = (margin - distances) * (distances < margin)
    return torch.lerp(manque**2, distances**2, same.to(distances)).mean()

# %% accepted: the encoder under two names
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.left = encoder
        self.right = encoder

    def forward(self, a, b):
        u, v = self.left(a).reshape(len(a), -1), self.right(b).reshape(len(b), -1)
        return torch.norm(u - v, p=2, dim=1)

def contrastive_loss(distances, same, margin=1.0):
    y = 1 - same
    return torch.stack([(1 - y) * distances**2, y * torch.relu(margin - distances) ** 2]).sum(0).mean()

# %% accepted: hypotenuses one after the other
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        total = None
        for u, v in zip(self.encoder(a).flatten(1).unbind(1), self.encoder(b).flatten(1).unbind(1)):
            total = (u - v) ** 2 if total is None else total + (u - v) ** 2
        return torch.sqrt(total + 1e-10)

def contrastive_loss(distances, same, margin=1.0):
    return F.mse_loss(torch.where(same > 0.5, distances, F.relu(margin - distances)), torch.zeros_like(distances))

# %% accepted: one pair of columns by cdist
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        fa, fb = self.encoder(a).flatten(1), self.encoder(b).flatten(1)
        return torch.cdist(fa[:, None], fb[:, None]).flatten()

# %% accepted: scalar product by einsum
class Siamese(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, a, b):
        d = torch.flatten(self.encoder(a).sub(self.encoder(b)), start_dim=1)
        return torch.einsum('nd,nd->n', d, d).add(torch.finfo(d.dtype).tiny).sqrt()
