"""Which names of a notebook a statement uses and binds, and which it may use when it has long ended.

Python's own ``symtable`` says what a name in a scope stands for. Functions, lambdas and generators run when somebody
calls them; comprehensions, and generators that are consumed where they stand, run with the statement.
"""

from __future__ import annotations

import ast
import copy
import symtable
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

__all__ = ["Scopes"]

CONSUMERS = frozenset(
    {"sum", "all", "any", "max", "min", "list", "tuple", "set", "frozenset", "dict", "sorted"}
)
"""Of a generator that is their only argument, before they return."""


@dataclass
class Scopes:
    """Names of the notebook in a statement.

    Attributes:
        now: those that it uses at once.
        later: those that code inside it uses.
        lazy: those that it may use after its end: in functions, lambdas, generators, and in classes.
        bound: those that it binds.
        rebinds: those that functions in it bind by ``global``.
    """

    now: set[str]
    bound: set[str]
    later: set[str] = field(default_factory=set)
    lazy: set[str] = field(default_factory=set)
    rebinds: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, node: ast.stmt, own: Set[str]) -> Scopes:
        """Those in a statement; ``own``: names that are not Python's there."""
        table = _table(node, own)
        symbols = table.get_symbols()
        now = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
        bound = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
        bound |= {
            name for target in ast.walk(node) if isinstance(target, ast.Delete) for name in _deleted(target)
        }
        found = cls(now, bound)
        for inner in table.get_children():
            found._add(inner, isinstance(node, ast.ClassDef), lazy=False)
        return found

    def _add(self, table: symtable.SymbolTable, in_class: bool, lazy: bool) -> None:
        names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        in_class = in_class and table.get_type() == "class"
        lazy = lazy or not _is_comprehension(table)
        (self.now if in_class else self.later).update(names)
        if lazy:
            self.lazy |= names
        self.rebinds |= {s.get_name() for s in table.get_symbols() if s.is_declared_global()}
        for child in table.get_children():
            self._add(child, in_class, lazy)


def _table(node: ast.stmt, own: Set[str]) -> symtable.SymbolTable:
    # Not a part of the cell's text: lines of a text are other ones for Python than for `splitlines`.
    mended = _Consumed(own).visit(copy.deepcopy(node)) if _has_generator(node) else node
    return symtable.symtable(ast.unparse(mended), "<cell>", "exec")


def _has_generator(node: ast.AST) -> bool:
    return any(isinstance(part, ast.GeneratorExp) for part in ast.walk(node))


class _Consumed(ast.NodeTransformer):
    """Makes lists of the generators that end where they stand."""

    def __init__(self, own: Set[str]) -> None:
        self.own = own

    def _listed(self, node: ast.expr) -> ast.expr:
        return ast.ListComp(node.elt, node.generators) if isinstance(node, ast.GeneratorExp) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        alone = len(node.args) == 1  # `max` of two gives one of them
        if alone and name in CONSUMERS and name not in self.own:
            node.args = [self._listed(node.args[0])]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if all(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            node.value = self._listed(node.value)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._listed(node.iter)
        return node


def _is_comprehension(table: symtable.SymbolTable) -> bool:
    """Whether a scope is one that is run to its end where it stands: a generator is not."""
    arguments = table.get_parameters() if isinstance(table, symtable.Function) else ()
    return ".0" in arguments and table.get_name() != "genexpr"  # no function has such a parameter


def _deleted(node: ast.Delete) -> Iterator[str]:
    return (target.id for target in node.targets if isinstance(target, ast.Name))
