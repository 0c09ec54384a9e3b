# %% mutant: first axis
# killed by test_the_most_probable_class_is_chosen
# Le maximum est cherché sur le lot (axe 0) au lieu des classes.
def decide(probabilities):
    return probabilities.argmax(0)

# %% mutant: no axis
# killed by test_the_most_probable_class_is_chosen
# Sans dim, argmax donne un seul indice, dans le tenseur aplati.
def decide(probabilities):
    return probabilities.argmax()

# %% mutant: values for indices
# killed by test_the_most_probable_class_is_chosen
# max(dim) renvoie un couple : le premier élément est la probabilité, le second l'indice.
def decide(probabilities):
    return probabilities.max(dim=1)[0]

# %% mutant: the pair of max
# killed by test_the_most_probable_class_is_chosen
# max(dim) renvoie les valeurs et les indices ; il faut ne garder que les indices.
def decide(probabilities):
    return probabilities.max(1)

# %% mutant: least probable
# killed by test_the_most_probable_class_is_chosen
# La classe choisie est la moins probable.
def decide(probabilities):
    return probabilities.argmin(1)

# %% mutant: first column of an ascending sort
# killed by test_the_most_probable_class_is_chosen
# Le tri est croissant : la première colonne est la classe la moins probable.
def decide(probabilities):
    return probabilities.argsort(dim=1)[:, 0]

# %% mutant: classes from one
# killed by test_the_most_probable_class_is_chosen
# Les classes sont numérotées à partir de 1 au lieu de 0.
def decide(probabilities):
    return probabilities.argmax(1) + 1

# %% mutant: ten classes at most
# killed by test_the_most_probable_class_is_chosen
# Le nombre de classes est écrit en dur : au-delà de dix, les suivantes sont ignorées.
def decide(probabilities):
    return probabilities[:, :10].argmax(1)

# %% mutant: majority needed
# killed by test_the_most_probable_class_is_chosen
# Un seuil de 0,5 n'a de sens que pour deux classes : sans majorité, la classe 0 est choisie à tort.
def decide(probabilities):
    return (probabilities > 0.5).long().argmax(1)

# %% mutant: second column above one half
# killed by test_the_most_probable_class_is_chosen
# Seule la deuxième colonne est comparée à 0,5 : c'est la décision entre deux classes.
def decide(probabilities):
    return (probabilities[:, -1] > 0.5).long()

# %% mutant: one-hot decision
# killed by test_the_most_probable_class_is_chosen
# Le résultat est un tableau de 0 et de 1 au lieu de l'indice de la classe.
def decide(probabilities):
    return (probabilities == probabilities.amax(1, keepdim=True)).long()

# %% mutant: kept axis
# killed by test_the_most_probable_class_is_chosen
# keepdim laisse un axe de trop : (N, 1) au lieu de (N,).
def decide(probabilities):
    return probabilities.argmax(1, keepdim=True)

# %% mutant: topk keeps its axis
# killed by test_the_most_probable_class_is_chosen
# topk garde l'axe des classes, de taille 1.
def decide(probabilities):
    return probabilities.topk(1, dim=1).indices

# %% mutant: expected class number
# killed by test_the_most_probable_class_is_chosen
# La moyenne des numéros de classe n'est pas la classe la plus probable.
def decide(probabilities):
    return (probabilities * torch.arange(probabilities.shape[1])).sum(1).round().long()

# %% mutant: drawn from the probabilities
# killed by test_the_most_probable_class_is_chosen
# La classe est tirée au sort selon les probabilités au lieu d'être la plus probable.
def decide(probabilities):
    return torch.multinomial(probabilities, 1)[:, 0]

# %% mutant: list of numbers
# killed by test_the_most_probable_class_is_chosen
# Une liste Python au lieu d'un tenseur.
def decide(probabilities):
    return [int(row.argmax()) for row in probabilities]

# %% mutant: NumPy array
# killed by test_the_most_probable_class_is_chosen
# Un tableau NumPy au lieu d'un tenseur.
def decide(probabilities):
    return np.argmax(probabilities.numpy(), axis=1)

# %% mutant: nothing returned
# killed by test_the_most_probable_class_is_chosen
# La décision est calculée, mais pas renvoyée.
def decide(probabilities):
    probabilities.argmax(1)

# %% mutant: all places of the maximum
# killed by test_a_tie_gives_one_of_the_tied
# nonzero donne toutes les places du maximum : en cas d'égalité, plus d'une décision par exemple.
def decide(probabilities):
    return (probabilities == probabilities.amax(1, keepdim=True)).nonzero()[:, 1]

# %% mutant: mean of the tied
# killed by test_a_tie_gives_one_of_the_tied
# En cas d'égalité, la moyenne des indices n'est l'indice d'aucune des ex æquo.
def decide(probabilities):
    best = (probabilities == probabilities.amax(1, keepdim=True)).double()
    return ((best * torch.arange(probabilities.shape[1])).sum(1) / best.sum(1)).long()

# %% mutant: no decision on ties
# killed by test_a_tie_gives_one_of_the_tied
# En cas d'égalité, -1 ne désigne aucune classe : il faut en choisir une.
def decide(probabilities):
    first = probabilities.argmax(1)
    last = probabilities.shape[1] - 1 - probabilities.flip(1).argmax(1)
    return torch.where(first == last, first, -1)

# %% mutant: int32
# killed by test_decisions_are_int64
# Les indices sont des int32 au lieu de int64.
def decide(probabilities):
    return probabilities.argmax(1).int()

# %% mutant: floating indices
# killed by test_decisions_are_int64
# Les indices sont rendus en virgule flottante.
def decide(probabilities):
    return torch.tensor([float(row.argmax()) for row in probabilities])

# %% mutant: rounded percentages
# killed by test_the_last_digit_decides
# Arrondir en pour cent rend égales des classes qui ne le sont pas.
def decide(probabilities):
    return (100 * probabilities).round().argmax(1)

# %% mutant: float32 on the way
# killed by test_the_last_digit_decides
# Le passage par float32 perd les derniers chiffres d'un tenseur float64.
def decide(probabilities):
    return torch.tensor(probabilities.tolist()).argmax(1)

# %% mutant: maximum up to a tolerance
# killed by test_the_last_digit_decides
# Comparer au maximum avec une tolérance fait gagner une classe un peu moins probable.
def decide(probabilities):
    return torch.isclose(probabilities, probabilities.amax(1, keepdim=True)).int().argmax(1)

# %% mutant: squeezed
# killed by test_one_example_or_few_classes_are_enough
# squeeze() fait disparaître l'axe du lot quand il n'y a qu'un exemple.
def decide(probabilities):
    return probabilities.topk(1).indices.squeeze()

# %% mutant: plain number for one example
# killed by test_one_example_or_few_classes_are_enough
# Un lot d'un seul exemple donne un nombre au lieu d'un tenseur de forme (1,).
def decide(probabilities):
    found = probabilities.argmax(1)
    return found.item() if len(found) == 1 else found

# %% mutant: both best classes asked for
# killed by test_one_example_or_few_classes_are_enough
# Demander les deux meilleures classes échoue quand il n'y en a qu'une.
def decide(probabilities):
    return probabilities.topk(2, dim=1).indices[:, 0]

# %% accepted: last of the tied
def decide(probabilities):
    return probabilities.shape[1] - 1 - probabilities.flip(1).argmax(dim=1)

# %% accepted: random among the tied
def decide(probabilities):
    best = (probabilities == probabilities.amax(1, keepdim=True)).double()
    return torch.multinomial(best, 1).squeeze(1)

# %% accepted: indices of max
def decide(probabilities):
    return torch.max(probabilities, dim=-1).indices

# %% accepted: topk
def decide(probabilities):
    return probabilities.topk(1, dim=1).indices.flatten()

# %% accepted: end of a sort
def decide(probabilities):
    return probabilities.argsort(dim=1)[:, -1]

# %% accepted: loop in plain Python
def decide(probabilities):
    decisions = []
    for row in probabilities.tolist():
        best = 0
        for label, p in enumerate(row):
            if p >= row[best]:
                best = label
        decisions.append(best)
    return torch.tensor(decisions)

# %% accepted: NumPy and back
def decide(probabilities):
    return torch.from_numpy(np.argmax(np.asarray(probabilities), axis=1))

# %% accepted: tournament of classes
def decide(probabilities):
    columns = probabilities.unbind(1)
    best, label = columns[0], torch.zeros(len(probabilities), dtype=torch.long)
    for c, p in enumerate(columns):
        label = torch.where(p > best, c, label)
        best = torch.maximum(best, p)
    return label

# %% accepted: decided on the logarithms
def decide(probabilities):
    return torch.stack([row.double().sub(row.double().max()).argmax() for row in probabilities])

# %% accepted: one hot against class numbers
def decide(probabilities):
    best = probabilities == probabilities.max(1, keepdim=True).values
    first = best & (best.cumsum(1) == 1)
    return (first * torch.arange(probabilities.size(1))).sum(1)

# %% accepted: data frame
import pandas as pd

def decide(probabilities):
    return torch.as_tensor(pd.DataFrame(probabilities.numpy()).idxmax(axis=1).to_numpy(dtype=np.int64))
