"""Which names a run of statements binds before it uses them, and which it has bound for certain when it ends.

The classic analyses of upward exposed uses and of definite assignment, over the syntax of top-level code: whatever
may be skipped counts as skipped, whatever may be used counts as used. A statement that raises ends the run. What
functions, lambdas and generators in it use is not said here: they may run at any later time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce

__all__ = ["Flow"]


class Flow:
    """Follows statements in their order.

    Args:
        passes: whether the context of a ``with`` is known to let every exception pass. Another one may end its block
            early, and the run goes on.

    Attributes:
        exposed: names that may be used before the run has bound them.
        bound: names that are bound in any case, if the run comes to its end.
    """

    def __init__(self, passes: Callable[[ast.expr], bool] = lambda _: False) -> None:
        self.passes = passes
        self.exposed: set[str] = set()
        self.bound: frozenset[str] = frozenset()

    def follow(self, statement: ast.stmt) -> None:
        self.bound = self._after(statement, self.bound)

    def _block(self, statements: Sequence[ast.stmt], bound: frozenset[str]) -> frozenset[str]:
        return reduce(lambda before, statement: self._after(statement, before), statements, bound)

    def _after(self, node: ast.stmt, bound: frozenset[str]) -> frozenset[str]:
        """What is bound behind a statement, of which the names in ``bound`` are bound before."""
        match node:
            case ast.Assign(targets=targets, value=value):
                return self._stored(targets, [value], bound)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                self._use([annotation, *_used_by(target)], bound)
                return self._stored([target], [value], bound) if value else bound
            case ast.For():
                inside = self._stored([node.target], [node.iter], bound)
                inside = self._block(node.body, inside)
                always = _goes_through(node)
                after = self._block(node.orelse, inside if always else bound)
                return after if always else bound
            case ast.While():
                self._use([node.test], bound)
                self._block(node.body, bound)
                self._block(node.orelse, bound)
                return bound
            case ast.If():
                self._use([node.test], bound)
                return self._block(node.body, bound) & self._block(node.orelse, bound)
            case ast.With():
                entered = []
                for item in node.items:
                    targets = [item.optional_vars] if item.optional_vars else []
                    bound = self._stored(targets, [item.context_expr], bound)
                    entered.append(bound)
                inside = self._block(node.body, bound)
                return inside if all(self.passes(item.context_expr) for item in node.items) else entered[0]
            case ast.Try():
                return self._after_try(node, bound)
            case ast.FunctionDef():
                now = [*node.decorator_list, node.args]  # defaults and annotations
                self._use([*now, node.returns] if node.returns else now, bound)
                return bound | {node.name}
            case ast.ClassDef():
                self._use([node], bound)
                return bound | {node.name}
            case ast.Delete(targets=targets):
                self._use(targets, bound)
                return bound - {name for target in targets for name in _names(target)}
            case _:
                self._use([node], bound)
                return bound

    def _after_try(self, node: ast.Try, bound: frozenset[str]) -> frozenset[str]:
        ends = [self._block(node.orelse, self._block(node.body, bound))]
        for handler in node.handlers:
            self._use([handler.type] if handler.type else [], bound)
            name = frozenset([handler.name] if handler.name else [])  # which the handler's end unbinds
            ends.append(self._block(handler.body, bound | name) - name)
        return frozenset.intersection(*ends) | self._block(node.finalbody, bound)

    def _stored(
        self, targets: Sequence[ast.expr], values: Iterable[ast.expr], bound: frozenset[str]
    ) -> frozenset[str]:
        """Targets get values, which are computed before."""
        self._use(values, bound)
        for target in targets:
            self._use(_used_by(target), bound)
        return bound | {name for target in targets for name in _names(target)}

    def _use(self, nodes: Iterable[ast.AST], bound: frozenset[str]) -> None:
        for node in nodes:
            self.exposed |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - bound


def _goes_through(loop: ast.For) -> bool:
    """Whether its body runs once at least, and each time to its end."""
    some = isinstance(loop.iter, (ast.Tuple, ast.List)) and any(
        not isinstance(item, ast.Starred) for item in loop.iter.elts
    )
    ends = (part for statement in loop.body for part in ast.walk(statement))
    return some and not any(isinstance(part, (ast.Break, ast.Continue)) for part in ends)


def _names(target: ast.expr) -> Iterator[str]:
    """Names that a target of an assignment binds."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _names(item)


def _used_by(target: ast.expr) -> Iterator[ast.expr]:
    """What a target of an assignment uses: the ``x`` of ``x[0]``."""
    if isinstance(target, ast.Starred):
        yield from _used_by(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _used_by(item)
    elif not isinstance(target, ast.Name):
        yield target
