"""Read Python for the house rules: functions, names and imports, from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from tidy.rust import Function

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class _Read:
    """What one walk over a file finds, in the order of the walk."""

    functions: list[Function] = field(default_factory=list)
    function_names: list[tuple[int, str]] = field(default_factory=list)
    definitions: list[tuple[int, str]] = field(default_factory=list)
    imports: list[tuple[int, str]] = field(default_factory=list)

    def take(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                self.definitions.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute):
            if isinstance(node.ctx, ast.Store):
                self.definitions.append((node.lineno, node.attr))
        elif isinstance(node, ast.arg):
            self.definitions.append((node.lineno, node.arg))
        elif isinstance(node, _FUNCTIONS):
            self.functions.append(_function(node))
            self.function_names.append((node.lineno, node.name))
            self.definitions.append((node.lineno, node.name))
        elif isinstance(node, ast.ClassDef):
            self.definitions.append((node.lineno, node.name))
        elif isinstance(node, ast.Import):
            self.imports += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            self.imports.append((node.lineno, node.module))


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return Function(node.name, node.lineno, 0)
    last = body[-1].end_lineno or body[-1].lineno
    return Function(node.name, node.lineno, last - body[0].lineno + 1)


@cache
def _read(text: str) -> _Read:
    """Read a file once for all rules."""
    found = _Read()
    for node in ast.walk(ast.parse(text)):
        found.take(node)
    return found


def functions(text: str) -> Iterator[Function]:
    """Yield every function; the length counts its body without the docstring."""
    yield from _read(text).functions


def function_names(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every function."""
    yield from _read(text).function_names


def definitions(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of functions, classes, parameters and everything assigned."""
    yield from _read(text).definitions


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted module) of every absolute import, wherever it stands."""
    yield from _read(text).imports
