"""Which forbidden names the code of an exercise uses: a syntax check in the grader, beside what the guest attests.

Only code that can run when a suite calls the exercise's names is looked at: starting from those names, the
functions, classes and values bound to them at the top level of the cells (the last binding counts), and whatever
top-level names these use in turn (local variables of the same name are not they). A comparison with the ready-made
function below one's own, at the top level of a cell, is no use of it.

A use is an attribute (``F.softmax``, ``logits.softmax``), a name imported under any alias, or ``getattr`` with a
literal. Names that the student defines are the student's own. What is built at run time from strings is not seen.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

TRANSFORMED = ("%", "!", "?")  # lines that IPython rewrites


@dataclass(frozen=True)
class Binding:
    """What a top-level name was last bound to."""

    node: ast.AST
    cell: int
    imported: str = ""  # full dotted name, when the binding is an import


def find_forbidden(sources: Sequence[str], roots: Sequence[str], names: Sequence[str]) -> list[str]:
    """Uses of ``names`` in code reachable from ``roots``, as French phrases: ``F.softmax (ligne 3)``.

    Args:
        sources: the student's code cells, in the order in which they ran. Cells that do not parse are left out.
        roots: the names that the exercise asks for.
        names: last components of the forbidden functions, methods and classes.
    """
    bindings = _bindings(sources)
    own = _own_names(bindings)
    found: dict[str, None] = {}
    queue, seen = list(roots), set(roots)
    while queue:
        binding = bindings.get(queue.pop())
        if binding is None:
            continue
        for use in _uses(binding, bindings, own, frozenset(names)):
            found[use] = None
        for name in _global_names(binding.node) - seen:
            if name in bindings:
                seen.add(name)
                queue.append(name)
    return list(found)


def parse_cell(source: str) -> ast.Module | None:
    """The syntax tree of a cell without IPython's own lines; None if it is not Python."""
    lines = ["" if line.lstrip().startswith(TRANSFORMED) else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bindings(sources: Sequence[str]) -> dict[str, Binding]:
    bindings: dict[str, Binding] = {}
    for cell, source in enumerate(sources):
        tree = parse_cell(source)
        for node in _top_level(tree.body if tree else []):
            for name, binding in _bound(node, cell):
                earlier = bindings.get(name)
                if _changes(binding.node) and earlier is not None:  # `A.f = g`, `x += y` keep what was there
                    both = ast.Module(body=[earlier.node, binding.node], type_ignores=[])  # type: ignore[list-item]
                    binding = Binding(both, cell, earlier.imported)
                bindings[name] = binding
    return bindings


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that bind names of the notebook, also under ``if``, ``try``, ``with`` and loops."""
    for node in body:
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _top_level(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _top_level(handler.body)


def _bound(node: ast.stmt, cell: int) -> Iterator[tuple[str, Binding]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, Binding(node, cell)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        prefix = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            full = prefix + alias.name
            yield alias.asname or alias.name.split(".")[0], Binding(node, cell, full)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for name in _target_names(target):
                yield name, Binding(node, cell)


def _target_names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _target_names(item)
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        yield from _target_names(target.value)


def _changes(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        return True
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets)


def _own_names(bindings: Mapping[str, Binding]) -> dict[str, frozenset[str]]:
    """For each class of the notebook, the methods and attributes that it defines."""
    return {
        name: frozenset(
            item.name
            for part in ast.walk(binding.node)
            if isinstance(part, ast.ClassDef)
            for item in part.body
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        )
        for name, binding in bindings.items()
        if any(isinstance(part, ast.ClassDef) for part in ast.walk(binding.node))
    }


def _uses(
    binding: Binding,
    bindings: Mapping[str, Binding],
    own: Mapping[str, frozenset[str]],
    names: frozenset[str],
) -> Iterator[str]:
    if binding.imported and binding.imported.rpartition(".")[2] in names:
        yield f"{binding.imported} (ligne {getattr(binding.node, 'lineno', 1)})"
    methods = frozenset().union(*own.values())
    for node in ast.walk(binding.node):
        if isinstance(node, ast.Attribute) and node.attr in names:
            if not _is_own(node, methods, own):
                yield f"{ast.unparse(node)[:60]} (ligne {node.lineno})"
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and node is not binding.node:
            for alias in node.names:
                if alias.name.rpartition(".")[2] in names:
                    yield f"{alias.name} (ligne {node.lineno})"
        elif isinstance(node, ast.Call) and _literal_getattr(node) in names:
            yield f"getattr(…, {_literal_getattr(node)!r}) (ligne {node.lineno})"


def _is_own(node: ast.Attribute, methods: frozenset[str], own: Mapping[str, frozenset[str]]) -> bool:
    """Whether the attribute is stored to, or is a method that the student wrote."""
    if isinstance(node.ctx, ast.Store):
        return True
    base = node.value
    if isinstance(base, ast.Call):
        base = base.func
    if not isinstance(base, ast.Name):
        return False
    if base.id in ("self", "cls", "super"):
        return node.attr in methods or base.id == "super"
    return node.attr in own.get(base.id, ())


def _literal_getattr(node: ast.Call) -> str:
    is_getattr = isinstance(node.func, ast.Name) and node.func.id == "getattr"
    if is_getattr and len(node.args) >= 2 and isinstance(node.args[1], ast.Constant):
        return str(node.args[1].value)
    return ""


def _global_names(node: ast.AST) -> set[str]:
    """Names that the code of ``node`` reads from the notebook, its own locals left out."""
    table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    tables = list(table.get_children())
    while tables:
        inner = tables.pop()
        names |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global()}
        tables += inner.get_children()
    return names
