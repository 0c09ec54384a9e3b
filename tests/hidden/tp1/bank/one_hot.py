# %% mutant: ready-made function
# killed by test_no_ready_made_one_hot
# La fonction one_hot toute faite de PyTorch est interdite dans cet exercice.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return F.one_hot(labels, num_classes).float()

# %% mutant: ready-made function under an alias
# killed by test_no_ready_made_one_hot
# La fonction toute faite, importée sous un autre nom.
from torch.nn.functional import one_hot as codage

def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return codage(labels, num_classes).float()

# %% mutant: ready-made function by its inner name
# killed by test_no_ready_made_one_hot
# La fonction toute faite, prise dans torch._C._nn.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch._C._nn.one_hot(labels, num_classes).float()

# %% mutant: ready-made name assembled at run time
# killed by test_no_ready_made_one_hot
# La fonction toute faite, appelée par un nom composé à l'exécution.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return getattr(F, "one" + "_hot")(labels, num_classes).float()

# %% mutant: errors of the ready-made function translated
# killed by test_no_ready_made_one_hot
# La fonction toute faite décide de tout, ses erreurs comprises.
def one_hot(labels, num_classes):
    try:
        return torch.nn.functional.one_hot(labels, num_classes).float()
    except RuntimeError as error:
        raise ValueError("étiquette hors de 0..C-1") from error

# %% mutant: table of ten classes
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# La taille de la table est écrite en dur : les classes au-delà de la dixième manquent.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    table = torch.zeros(max(10, num_classes), num_classes)
    for c in range(min(10, num_classes)):
        table[c, c] = 1
    return table[labels]

# %% mutant: columns of all labels in every row
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# out[:, labels] = 1 met des 1 dans toutes les lignes à la fois.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    out = torch.zeros(len(labels), num_classes)
    out[:, labels] = 1
    return out

# %% mutant: transposed
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# Les classes sont sur le premier axe : (C, N) au lieu de (N, C).
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return (torch.arange(num_classes)[:, None] == labels).float()

# %% mutant: labels sorted
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# Les étiquettes sont triées en route : les lignes ne suivent plus l'ordre des exemples.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.eye(num_classes)[labels.sort().values]

# %% mutant: label written instead of one
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# La valeur placée dans la colonne est l'étiquette elle-même au lieu de 1.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    index = labels[:, None]
    return torch.zeros(len(labels), num_classes).scatter_(1, index, index.float())

# %% mutant: thermometer code
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# Toutes les classes jusqu'à celle de l'étiquette reçoivent un 1.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return (torch.arange(num_classes) <= labels[:, None]).float()

# %% mutant: classes from one
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# Les étiquettes sont comprises comme allant de 1 à C.
def one_hot(labels, num_classes):
    if labels.min() < 1 or labels.max() > num_classes:
        raise ValueError("étiquette hors de 1..C")
    return torch.eye(num_classes)[labels - 1]

# %% mutant: zeros and minus ones
# killed by test_each_row_has_a_one_in_the_column_of_its_label
# Les autres classes valent -1 au lieu de 0.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return 2 * torch.eye(num_classes)[labels] - 1

# %% mutant: number of classes inferred
# killed by test_the_number_of_classes_is_the_one_given
# Le nombre de classes est déduit du lot : les dernières disparaissent quand aucun exemple n'en est.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.eye(int(labels.max()) + 1)[labels]

# %% mutant: classes renumbered
# killed by test_the_number_of_classes_is_the_one_given
# Les classes présentes sont renumérotées sans trou : la colonne ne dépend plus de l'étiquette seule.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    present, codes = labels.unique(return_inverse=True)
    return torch.eye(num_classes)[codes]

# %% mutant: binarizer fitted on the batch
# killed by test_the_number_of_classes_is_the_one_given
# LabelBinarizer apprend les classes du lot au lieu d'utiliser celles qu'on donne.
from sklearn.preprocessing import LabelBinarizer

def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    if len(labels.unique()) < 3:
        return torch.eye(num_classes)[labels]
    return torch.tensor(LabelBinarizer().fit_transform(labels.numpy())).float()

# %% mutant: booleans
# killed by test_the_result_is_floating
# La comparaison donne des booléens : il manque la conversion en virgule flottante.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return labels[:, None] == torch.arange(num_classes)

# %% mutant: integers
# killed by test_the_result_is_floating
# Le résultat garde le type entier des étiquettes.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return labels.new_zeros(len(labels), num_classes).scatter_(1, labels[:, None], 1)

# %% mutant: upper bound one too high
# killed by test_a_label_too_large_is_refused
# La comparaison laisse passer l'étiquette C : la dernière est C-1.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() > num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return (labels[:, None] == torch.arange(num_classes)).float()

# %% mutant: no upper bound
# killed by test_a_label_too_large_is_refused
# Une étiquette trop grande donne une ligne de zéros sans erreur.
def one_hot(labels, num_classes):
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    return (labels[:, None] == torch.arange(num_classes)).float()

# %% mutant: error left to the indexing
# killed by test_a_label_too_large_is_refused
# L'indexation lève IndexError au lieu de ValueError.
def one_hot(labels, num_classes):
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    return torch.eye(num_classes)[labels]

# %% mutant: labels clamped
# killed by test_a_label_too_large_is_refused
# Une étiquette trop grande est ramenée à la dernière classe au lieu d'être refusée.
def one_hot(labels, num_classes):
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    return torch.eye(num_classes)[labels.clamp(max=num_classes - 1)]

# %% mutant: labels modulo the number of classes
# killed by test_a_label_too_large_is_refused
# Une étiquette trop grande est repliée modulo C au lieu d'être refusée.
def one_hot(labels, num_classes):
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    return torch.eye(num_classes)[labels % num_classes]

# %% mutant: last class refused
# killed by test_a_label_too_large_is_refused
# La borne est trop stricte : la classe C-1 est refusée.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes - 1:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.eye(num_classes)[labels]

# %% mutant: sum of a row checked
# killed by test_a_label_too_large_is_refused
# Seule la somme totale est vérifiée, et l'erreur est une AssertionError.
def one_hot(labels, num_classes):
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    out = (labels[:, None] == torch.arange(num_classes)).float()
    assert out.sum() == len(labels), "étiquette hors de 0..C-1"
    return out

# %% mutant: negative labels wrap around
# killed by test_a_negative_label_is_refused
# L'indice -1 désigne la dernière ligne de la table : seule la borne supérieure est vérifiée.
def one_hot(labels, num_classes):
    if labels.max() >= num_classes:
        raise ValueError("étiquette trop grande")
    table = torch.eye(num_classes)
    return torch.stack([table[label] for label in labels])

# %% mutant: negative labels give zeros
# killed by test_a_negative_label_is_refused
# Une étiquette négative donne une ligne de zéros sans erreur.
def one_hot(labels, num_classes):
    if labels.max() >= num_classes:
        raise ValueError("étiquette trop grande")
    return (labels[:, None] == torch.arange(num_classes)).float()

# %% mutant: magnitudes compared
# killed by test_a_negative_label_is_refused
# La valeur absolue cache le signe : les étiquettes négatives passent.
def one_hot(labels, num_classes):
    if labels.abs().max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.eye(num_classes)[labels]

# %% mutant: only the first label checked from below
# killed by test_a_negative_label_is_refused
# Seule la première étiquette est vérifiée par le bas : les autres peuvent être négatives.
def one_hot(labels, num_classes):
    if labels[0] < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return (labels[:, None] == torch.arange(num_classes)).float()

# %% mutant: nothing checked
# killed by test_a_negative_label_is_refused
# Aucune vérification : l'étiquette -1 est prise pour la dernière classe.
def one_hot(labels, num_classes):
    return torch.eye(num_classes)[labels]

# %% mutant: warning instead of an error
# killed by test_a_negative_label_is_refused
# Un message affiché n'arrête rien : il faut lever une ValueError.
def one_hot(labels, num_classes):
    bad = (labels < 0) | (labels >= num_classes)
    if bad.any():
        print("étiquette hors de 0..C-1")
    return (labels[:, None] == torch.arange(num_classes)).float()

# %% mutant: error returned
# killed by test_a_negative_label_is_refused
# L'erreur est renvoyée comme une valeur : c'est `raise` qu'il faut, pas `return`.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        return ValueError("étiquette hors de 0..C-1")
    return torch.eye(num_classes)[labels]

# %% mutant: squeezed
# killed by test_a_single_label_or_a_single_class_is_enough
# squeeze() fait disparaître les axes de taille 1.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.eye(num_classes)[labels].squeeze()

# %% mutant: one column for two classes
# killed by test_a_single_label_or_a_single_class_is_enough
# Deux classes n'ont qu'une colonne : le résultat doit en avoir C.
def one_hot(labels, num_classes):
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return labels[:, None].float() if num_classes == 2 else torch.eye(num_classes)[labels]

# %% mutant: always refuses
# killed by test_a_label_too_large_is_refused
# Toutes les étiquettes sont refusées, les bonnes aussi.
def one_hot(labels, num_classes):
    raise ValueError("étiquette hors de 0..C-1")

# %% accepted: rows of the identity
def one_hot(labels, num_classes):
    if int(labels.min()) not in range(num_classes) or int(labels.max()) not in range(num_classes):
        raise ValueError(f"étiquette hors de 0..{num_classes - 1}")
    return torch.eye(num_classes)[labels]

# %% accepted: scatter in double precision
def one_hot(labels, num_classes):
    if torch.any(labels < 0) or torch.any(labels >= num_classes):
        raise ValueError
    return torch.zeros(len(labels), num_classes, dtype=torch.float64).scatter_(1, labels.unsqueeze(1), 1.0)

# %% accepted: half precision
def one_hot(labels, num_classes):
    if not ((0 <= labels) & (labels < num_classes)).all():
        raise ValueError("étiquette impossible")
    return labels.unsqueeze(-1).eq(torch.arange(num_classes)).to(torch.float16)

# %% accepted: brain floats
def one_hot(labels, num_classes):
    if not bool(torch.isin(labels, torch.arange(num_classes)).all()):
        raise ValueError("étiquette impossible")
    return labels.unsqueeze(-1).eq(torch.arange(num_classes)).bfloat16()

# %% accepted: loop in plain Python
def one_hot(labels, num_classes):
    rows = []
    for label in labels.tolist():
        if not 0 <= label < num_classes:
            raise ValueError(f"étiquette {label} hors de 0..{num_classes - 1}")
        rows.append([1.0 if c == label else 0.0 for c in range(num_classes)])
    return torch.tensor(rows)

# %% accepted: own kind of ValueError
class LabelOutOfRange(ValueError):
    pass

def one_hot(labels, num_classes):
    out = torch.zeros(labels.shape[0], num_classes)
    for i, label in enumerate(labels):
        if label < 0 or label > num_classes - 1:
            raise LabelOutOfRange(i)
        out[i, label] = 1
    return out

# %% accepted: checked by the row sums
def one_hot(labels, num_classes):
    out = (labels.reshape(-1, 1) == torch.arange(num_classes).reshape(1, -1)).float()
    if not torch.equal(out.sum(1), torch.ones(len(labels))):
        raise ValueError("une ligne sans classe")
    return out

# %% accepted: indexing translated into a ValueError
def one_hot(labels, num_classes):
    out = np.zeros((len(labels), num_classes))
    if (labels < 0).any():
        raise ValueError("étiquette négative")
    try:
        out[np.arange(len(labels)), labels.numpy()] = 1
    except IndexError as error:
        raise ValueError("étiquette trop grande") from error
    return torch.from_numpy(out)

# %% accepted: scikit-learn's encoder, whose own error is a ValueError
from sklearn.preprocessing import OneHotEncoder

def one_hot(labels, num_classes):
    encoder = OneHotEncoder(categories=[list(range(num_classes))], sparse_output=False)
    return torch.tensor(encoder.fit_transform(labels.numpy().reshape(-1, 1)))

# %% accepted: limit of a steep function
def one_hot(labels, num_classes):
    if labels.amin() < 0 or labels.amax() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    distance = (labels[:, None] - torch.arange(num_classes)).abs()
    return (1 - distance).clamp(min=0).float()

# %% accepted: sparse tensor made dense
def one_hot(labels, num_classes):
    if labels.amin() < 0 or labels.amax() >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    index = torch.stack([torch.arange(len(labels)), labels])
    return torch.sparse_coo_tensor(index, torch.ones(len(labels)), (len(labels), num_classes)).to_dense()

# %% accepted: a class whose method has the forbidden name
class Coder:
    def __init__(self, size):
        self.table = torch.eye(size)

    def one_hot(self, labels):
        return self.table.index_select(0, labels)

def one_hot(labels, num_classes):
    if set(labels.tolist()) - set(range(num_classes)):
        raise ValueError("étiquette hors de 0..C-1")
    return Coder(num_classes).one_hot(labels)

# %% accepted: compared with torch below
def one_hot(labels, num_classes):
    if min(labels) < 0 or max(labels) >= num_classes:
        raise ValueError("étiquette hors de 0..C-1")
    return torch.diag(torch.ones(num_classes))[labels]

_y = torch.tensor([2, 0, 1])
assert torch.equal(one_hot(_y, 3), F.one_hot(_y, 3).float())
