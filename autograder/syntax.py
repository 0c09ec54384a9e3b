"""Which forbidden names the code of an exercise uses: a syntax check in the grader, beside what the guest attests.

Only code that can run when a suite calls the exercise's names is looked at: starting from those names, the
functions, classes and values bound to them at the top level of the cells, and whatever top-level names these use in
turn (local variables of the same name are not they). The last binding counts; one under ``if``, ``try`` or a loop, or
made by a ``global`` statement, counts beside the one before. A comparison with the ready-made function below one's
own, at the top level of a cell, is no use of it.

A use is an attribute (``F.softmax``, ``logits.softmax``), a name imported under any alias or by ``import *``, or a
literal in ``getattr``, ``attrgetter`` and the like. Names that the student defines are the student's own: functions,
the members of a class of the notebook, reached through the class, ``self`` or an instance at the top level. What is
built at run time from strings is not seen.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
RUN_HERE = re.compile(
    r"%%(time|timeit|capture|prun)\b"
)  # cell magics that run the rest of the cell as Python
STATEMENT = re.compile(r"^(\s*)%(?:time|prun)\s+")  # line magics that run the rest of the line as Python
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$")
ASSIGNED_MAGIC = re.compile(r"^(\s*[\w, ]+=)\s*[%!].*$")
LITERALS = frozenset({"getattr", "attrgetter", "methodcaller", "__getattribute__"})
STAR = "*"
MOST = 1_000_000  # characters of all cells together


@dataclass(frozen=True)
class Binding:
    """What a top-level name was bound to: its last binding, with those before it that may still hold."""

    nodes: tuple[ast.AST, ...]
    imported: tuple[tuple[str, int], ...] = ()  # full dotted names and lines, where a binding is an import


def find_forbidden(sources: Sequence[str], roots: Sequence[str], names: Sequence[str]) -> list[str]:
    """Uses of ``names`` in code reachable from ``roots``, as French phrases: ``F.softmax (ligne 3)``.

    Args:
        sources: the student's code cells, in the order in which they ran. Cells that do not parse are left out.
        roots: the names that the exercise asks for.
        names: last components of the forbidden functions, methods and classes.

    Code that is nested too deeply to be read, or too long (no honest code is), counts as a use: reading a character
    takes some 300 bytes.
    """
    if sum(map(len, sources)) > MOST:
        return ["code trop long pour être lu"]
    try:
        return _find(sources, roots, names)
    except RecursionError:
        return ["code imbriqué trop profondément pour être lu"]


def _find(sources: Sequence[str], roots: Sequence[str], names: Sequence[str]) -> list[str]:
    bindings = _bindings(sources)
    own = _own_members(bindings)
    found: dict[str, None] = {}
    queue, seen = list(roots), set(roots)
    while queue:
        name = queue.pop()
        binding = bindings.get(name)
        if binding is None:
            if name in names and STAR in bindings:
                found[f"{name} (import *)"] = None
            continue
        for use in _uses(binding, own, frozenset(names)):
            found[use] = None
        used = {used for node in binding.nodes for used in _global_names(node)} - seen
        seen |= used
        queue += sorted(used)
    return list(found)


def parse_cell(source: str) -> ast.Module | None:
    """The syntax tree of a cell, without IPython's own lines if it has any; None if it is not Python."""
    for text in (source, _without_magics(source)):
        try:
            return ast.parse(text)
        except UNREADABLE:
            continue
    return None


def _without_magics(source: str) -> str:
    lines = source.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines and RUN_HERE.match(lines[first]):
        lines[first] = ""
    lines = [STATEMENT.sub(r"\1", line) for line in lines]
    lines = [line if line.startswith("%%") else MAGIC.sub(r"\1pass", line) for line in lines]
    return "\n".join(ASSIGNED_MAGIC.sub(r"\1 None", line) for line in lines)


# --- What the notebook's names are bound to -------------------------------------------------------------------


def _bindings(sources: Sequence[str]) -> dict[str, Binding]:
    bindings: dict[str, Binding] = {}
    for source in sources:
        tree = parse_cell(source)
        for node, sure in _top_level(tree.body if tree else [], True):
            for name, binding, replaces in _bound(node):
                earlier = bindings.get(name)
                if earlier is not None and not (sure and replaces):
                    binding = Binding(earlier.nodes + binding.nodes, earlier.imported + binding.imported)
                bindings[name] = binding
    return bindings


def _top_level(body: Sequence[ast.stmt], sure: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Statements that bind names of the notebook, and whether they run in any case."""
    for node in body:
        yield node, sure
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        inside = sure and isinstance(node, (ast.With, ast.AsyncWith))
        for field in ("body", "orelse", "finalbody"):
            yield from _top_level(getattr(node, field, []), inside)
        for part in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from _top_level(part.body, False)


def _bound(node: ast.stmt) -> Iterator[tuple[str, Binding, bool]]:
    """Names that a statement binds, what to, and whether that replaces what they were before."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, Binding((node,)), True
        for part in ast.walk(node):
            if isinstance(part, ast.Global):
                yield from ((name, Binding((node,)), False) for name in part.names)
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        prefix = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            first = alias.name.split(".")[0]
            # `import torch.optim` binds `torch`: what is used of it stands where it is used.
            full = alias.name if prefix or alias.asname else first
            yield alias.asname or first, Binding((node,), ((prefix + full, node.lineno),)), True
        return
    for target, value in _assignments(node):
        for name in _target_names(target):
            yield name, Binding((value,)), not _changes(target, node)


def _assignments(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Targets of a statement, each with the code that decides its value."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        yield from ((target, node) for target in getattr(node, "targets", [getattr(node, "target", None)]))
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield node.target, node.iter
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield from ((i.optional_vars, i.context_expr) for i in node.items if i.optional_vars is not None)
    for expression in (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)):
        for part in ast.walk(expression):
            if isinstance(part, ast.NamedExpr):
                yield part.target, part.value


def _target_names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _target_names(item)
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        yield from _target_names(target.value)


def _changes(target: ast.expr, node: ast.stmt) -> bool:
    """Whether what a name was bound to before stays in it: ``A.f = g``, ``x[0] = y``, ``x += y``."""
    return isinstance(target, (ast.Attribute, ast.Subscript)) or isinstance(node, ast.AugAssign)


# --- The student's own members --------------------------------------------------------------------------------


def _own_members(bindings: Mapping[str, Binding]) -> dict[str, frozenset[str]]:
    """For each class of the notebook, and each instance at its top level, the members that the student defines."""
    known: dict[ast.AST, frozenset[str]] = {}
    classes = {
        name: frozenset().union(*(_members(node, bindings, known) for node in binding.nodes))
        for name, binding in bindings.items()
        if isinstance(binding.nodes[0], ast.ClassDef)
        and all(isinstance(node, (ast.ClassDef, ast.Assign)) for node in binding.nodes)
    }
    made = {name: _maker(binding) for name, binding in bindings.items()}
    return classes | {name: classes[maker] for name, maker in made.items() if maker in classes}


def _maker(binding: Binding) -> str:
    """``Net`` for ``net = Net(...)``."""
    value = getattr(binding.nodes[0], "value", None)
    if len(binding.nodes) == 1 and isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id
    return ""


def _members(
    node: ast.AST, bindings: Mapping[str, Binding], known: dict[ast.AST, frozenset[str]]
) -> frozenset[str]:
    """Methods and attributes that a class of the notebook, or one that it derives from, defines.

    ``known`` keeps what was found, so that each class is read once, however many derive from it.
    """
    if not isinstance(node, ast.ClassDef):
        return frozenset()
    if node in known:
        return known[node]
    known[node] = frozenset()  # a class that derives from itself
    found = {item.name for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}
    for item in node.body:
        found |= {name for target, _ in _assignments(item) for name in _target_names(target)}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _is_self(part.value):
            found.add(part.attr)
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in bindings:
            for parent in bindings[base.id].nodes:
                found |= _members(parent, bindings, known)
    known[node] = frozenset(found)
    return known[node]


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


# --- Uses -----------------------------------------------------------------------------------------------------


def _uses(binding: Binding, own: Mapping[str, frozenset[str]], names: frozenset[str]) -> Iterator[str]:
    for full, line in binding.imported:
        if full.rpartition(".")[2] in names:
            yield f"{full} (ligne {line})"
    known = {name: members for name, members in own.items() if name not in _local_names(binding)}
    stack: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset()) for node in reversed(binding.nodes)]
    while stack:  # by hand: a deeply nested expression must not end the grader's own recursion
        node, members = stack.pop()
        if isinstance(node, ast.ClassDef):
            members = own.get(node.name, frozenset()) | _members(node, {}, {})
        if node not in binding.nodes or not isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _use(node, members, known, names)
        stack += ((child, members) for child in reversed(list(ast.iter_child_nodes(node))))


def _use(
    node: ast.AST, members: frozenset[str], known: Mapping[str, frozenset[str]], names: frozenset[str]
) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        if node.attr in names and not _is_own(node, members, known):
            yield f"{_shown(node)} (ligne {node.lineno})"
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            if alias.name.rpartition(".")[2] in names:
                yield f"{alias.name} (ligne {node.lineno})"
    elif isinstance(node, ast.Call) and _last_name(node.func) in LITERALS:
        for text in (part for argument in node.args for part in _text(argument).split(".")):
            if text in names:
                yield f"{_last_name(node.func)}(…, {text!r}) (ligne {node.lineno})"
    elif isinstance(node, ast.Subscript) and _text(node.slice) in names and _is_namespace(node.value):
        yield f"{_shown(node)} (ligne {node.lineno})"


def _is_own(node: ast.Attribute, members: frozenset[str], known: Mapping[str, frozenset[str]]) -> bool:
    """Whether the attribute is stored to, or is a member that the student wrote."""
    if isinstance(node.ctx, ast.Store):
        return True
    base = node.value.func if isinstance(node.value, ast.Call) else node.value
    if not isinstance(base, ast.Name):
        return False
    if base.id in ("self", "cls", "super"):
        return node.attr in members
    return node.attr in known.get(base.id, ())


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_namespace(node: ast.expr) -> bool:
    """``vars(F)`` or ``F.__dict__``."""
    return _last_name(node.func if isinstance(node, ast.Call) else node) in ("vars", "__dict__")


def _shown(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:60]
    except RecursionError:
        return f"….{_last_name(node)}"


def _local_names(binding: Binding) -> set[str]:
    """Names that the code of a binding binds inside itself: they hide the notebook's."""
    found: set[str] = set()
    for node in (part for top in binding.nodes for part in ast.walk(top)):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _global_names(node: ast.AST) -> set[str]:
    """Names that the code of ``node`` reads from the notebook, its own locals left out."""
    try:
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    except UNREADABLE:  # what Python would not compile: rather too many names than none
        return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    tables = list(table.get_children())
    while tables:
        inner = tables.pop()
        names |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global()}
        tables += inner.get_children()
    return names
