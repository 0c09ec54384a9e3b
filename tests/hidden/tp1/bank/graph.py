# %% mutant: first branch only
# killed by test_all_branches_are_followed_to_their_ends
# Seule la première entrée de chaque nœud est suivie.
def backward_nodes(tensor):
    names, node = set(), tensor.grad_fn
    while node is not None:
        names.add(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    return names

# %% mutant: two branches at most
# killed by test_all_branches_are_followed_to_their_ends
# Seules les deux premières entrées d'un nœud sont suivies.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions[:2]]
    return {type(node).__name__ for node in seen} | ({"AccumulateGrad"} if seen else set())

# %% mutant: direct inputs only
# killed by test_all_branches_are_followed_to_their_ends
# Seuls le dernier nœud et ses entrées directes sont vus.
def backward_nodes(tensor):
    if tensor.grad_fn is None:
        return set()
    nodes = [tensor.grad_fn] + [n for n, _ in tensor.grad_fn.next_functions if n is not None]
    return {type(n).__name__ for n in nodes}

# %% mutant: last node only
# killed by test_all_branches_are_followed_to_their_ends
# Seul le nœud du tenseur lui-même est renvoyé, sans le reste du graphe.
def backward_nodes(tensor):
    return set() if tensor.grad_fn is None else {type(tensor.grad_fn).__name__}

# %% mutant: last node forgotten
# killed by test_all_branches_are_followed_to_their_ends
# Le nœud du tenseur lui-même est oublié : seuls ceux de ses entrées comptent.
def backward_nodes(tensor):
    seen, waiting = set(), [] if tensor.grad_fn is None else [n for n, _ in tensor.grad_fn.next_functions]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen}

# %% mutant: all nodes but no leaves
# killed by test_leaves_end_in_accumulate_grad
# Les feuilles sont écartées : il manque AccumulateGrad.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen if node.next_functions}

# %% mutant: leaves by the type of their tensor
# killed by test_leaves_end_in_accumulate_grad
# Une feuille est nommée par le type de son tenseur au lieu de son nœud.
def backward_nodes(tensor):
    names, seen, waiting = set(), set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.add(type(getattr(node, "variable", node)).__name__)
            waiting += [n for n, _ in node.next_functions]
    return names

# %% mutant: walk ends before the leaves
# killed by test_leaves_end_in_accumulate_grad
# Le nom n'est noté qu'en passant aux entrées : une feuille, qui n'en a pas, n'est jamais notée.
def backward_nodes(tensor):
    names, seen, waiting = set(), set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for following, _ in node.next_functions:
            names.add(type(node).__name__)
            waiting.append(following)
    return names

# %% mutant: no history not expected
# killed by test_a_tensor_without_history_has_no_nodes
# Un tenseur sans historique fait échouer la fonction : son grad_fn vaut None.
def backward_nodes(tensor):
    seen, waiting = {tensor.grad_fn}, [tensor.grad_fn]
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None and node not in seen:
                seen.add(node)
                waiting.append(node)
    return {type(node).__name__ for node in seen}

# %% mutant: None for no history
# killed by test_a_tensor_without_history_has_no_nodes
# Pour un tenseur sans historique, None est renvoyé au lieu d'un ensemble vide.
def backward_nodes(tensor):
    if tensor.grad_fn is None:
        return None
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen}

# %% mutant: name of None
# killed by test_a_tensor_without_history_has_no_nodes
# Le type de None (NoneType) est compté comme un nœud quand il n'y a pas d'historique.
def backward_nodes(tensor):
    seen, waiting = {tensor.grad_fn}, [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        for following, _ in getattr(node, "next_functions", ()):
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return {type(node).__name__ for node in seen}

# %% mutant: a list
# killed by test_a_tensor_without_history_has_no_nodes
# Une liste est renvoyée au lieu d'un ensemble.
def backward_nodes(tensor):
    seen, waiting, names = set(), [tensor.grad_fn], []
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.append(type(node).__name__)
            waiting += [n for n, _ in node.next_functions]
    return names

# %% mutant: the nodes themselves
# killed by test_all_branches_are_followed_to_their_ends
# Les nœuds sont renvoyés au lieu de leurs noms.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return seen

# %% mutant: nodes as text with addresses
# killed by test_all_branches_are_followed_to_their_ends
# `str(node)` contient une adresse de mémoire : ce n'est pas un nom.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {str(node) for node in seen}

# %% mutant: names without their number
# killed by test_all_branches_are_followed_to_their_ends
# La fin du nom est coupée : Add au lieu de AddBackward0.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__.replace("Backward0", "") for node in seen}

# %% mutant: missing inputs not expected
# killed by test_inputs_without_gradient_are_skipped
# Une entrée sans gradient (None dans next_functions) fait échouer la fonction.
def backward_nodes(tensor):
    if tensor.grad_fn is None:
        return set()
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen}

# %% mutant: missing inputs counted
# killed by test_inputs_without_gradient_are_skipped
# Le None d'une entrée sans gradient est compté comme un nœud, NoneType.
def backward_nodes(tensor):
    names = set()
    seen, waiting = set(), [tensor.grad_fn] if tensor.grad_fn is not None else []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        names.add(type(node).__name__)
        waiting += [n for n, _ in getattr(node, "next_functions", ())]
    return names

# %% mutant: walk stops at a missing input
# killed by test_inputs_without_gradient_are_skipped
# La première entrée sans gradient arrête tout le parcours (return ou break au lieu de continue).
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop(0)
        if node is None:
            break
        if node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen} | ({"AccumulateGrad"} if seen else set())

# %% mutant: visited by name
# killed by test_nodes_of_the_same_name_are_different_nodes
# Un nœud dont le nom est déjà connu n'est pas visité, même si c'est un autre nœud.
def backward_nodes(tensor):
    names, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and type(node).__name__ not in names:
            names.add(type(node).__name__)
            waiting += [n for n, _ in node.next_functions]
    return names

# %% mutant: one node a name
# killed by test_nodes_of_the_same_name_are_different_nodes
# Les nœuds sont rangés par nom dans un dictionnaire : un seul par nom est suivi.
def backward_nodes(tensor):
    found = {}

    def visit(node):
        if node is None or found.get(node.name()) not in (None, node):
            return
        if node.name() in found:
            return
        found[node.name()] = node
        for following, _ in node.next_functions:
            visit(following)

    visit(tensor.grad_fn)
    return set(found)

# %% mutant: every path walked
# killed by test_a_node_reached_by_many_paths_is_visited_once
# Chaque nœud est visité par tous les chemins qui y mènent : le temps double à chaque losange.
def backward_nodes(tensor):
    names, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None:
            names.add(type(node).__name__)
            waiting += [n for n, _ in node.next_functions]
    return names

# %% mutant: a hundred levels
# killed by test_nodes_of_the_same_name_are_different_nodes
# Le parcours s'arrête à une profondeur fixée d'avance.
def backward_nodes(tensor):
    names, level = set(), {tensor.grad_fn} - {None}
    for _ in range(100):
        names |= {type(node).__name__ for node in level}
        level = {n for node in level for n, _ in node.next_functions} - {None}
    return names

# %% mutant: a thousand nodes
# killed by test_nodes_of_the_same_name_are_different_nodes
# Le parcours s'arrête après un millier de nœuds.
def backward_nodes(tensor):
    seen, waiting = set(), [tensor.grad_fn]
    while waiting and len(seen) < 1000:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [n for n, _ in node.next_functions]
    return {type(node).__name__ for node in seen}

# %% mutant: always empty
# killed by test_all_branches_are_followed_to_their_ends
# L'ensemble est toujours vide.
def backward_nodes(tensor):
    return set()

# %% mutant: names fixed in advance
# killed by test_all_branches_are_followed_to_their_ends
# Les noms sont écrits d'avance, sans regarder le graphe.
def backward_nodes(tensor):
    return {"AddBackward0", "MulBackward0", "AccumulateGrad"} if tensor.requires_grad else set()

# %% accepted: recursion
def backward_nodes(tensor):
    seen, names = set(), set()

    def visit(node):
        if node is None or node in seen:
            return
        seen.add(node)
        names.add(type(node).__name__)
        for following, _ in node.next_functions:
            visit(following)

    visit(tensor.grad_fn)
    return names

# %% accepted: breadth first, names of the nodes' own
from collections import deque

def backward_nodes(tensor):
    if tensor.grad_fn is None:
        return set()
    seen = {tensor.grad_fn}
    queue = deque(seen)
    while queue:
        for node, _ in queue.popleft().next_functions:
            if node is not None and node not in seen:
                seen.add(node)
                queue.append(node)
    return {node.name() for node in seen}

# %% accepted: level by level
def backward_nodes(tensor):
    level, seen = {tensor.grad_fn} - {None}, set()
    while level:
        seen |= level
        level = {n for node in level for n, _ in node.next_functions if n is not None} - seen
    return frozenset(n.__class__.__name__ for n in seen) | set()

# %% accepted: recursive generator
def nodes_of(node, seen):
    if node is not None and node not in seen:
        seen.add(node)
        yield node
        for following, _ in node.next_functions:
            yield from nodes_of(following, seen)

def backward_nodes(tensor):
    return {type(node).__name__ for node in nodes_of(tensor.grad_fn, set())}

# %% accepted: names of two kinds
def backward_nodes(tensor):
    names, seen, waiting = set(), [], [tensor.grad_fn]
    known = set()
    while len(waiting) > 0:
        node = waiting.pop(0)
        if not node or hash(node) in known:
            continue
        known.add(hash(node))
        seen.append(node)
        names.add(node.name() if hasattr(node, "variable") else str(type(node).__name__))
        for following in node.next_functions:
            waiting.append(following[0])
    return names

# %% accepted: numbered nodes kept alive
def backward_nodes(tensor):
    kept, waiting = {}, [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in kept:
            continue
        kept[id(node)] = node
        waiting = [n for n, _ in node.next_functions] + waiting
    return set(map(lambda node: type(node).__name__, kept.values()))

# %% accepted: recursion with a set handed down
def backward_nodes(tensor, node="start", seen=None):
    if node == "start":
        node, seen = tensor.grad_fn, set()
    if node is None or node in seen:
        return set()
    seen.add(node)
    names = {node.name().split("::")[-1]}
    for following, _ in node.next_functions:
        names.update(backward_nodes(tensor, following, seen))
    return names
