"""Read Python for the house rules: functions, names and imports, from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tidy.rust import Function

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(text: str) -> Iterator[Function]:
    """Yield every function; the length counts its body without the docstring."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, _FUNCTIONS):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not body:
            yield Function(node.name, node.lineno, 0)
            continue
        last = body[-1].end_lineno or body[-1].lineno
        yield Function(node.name, node.lineno, last - body[0].lineno + 1)


def function_names(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _FUNCTIONS):
            yield node.lineno, node.name


def definitions(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of functions, classes, parameters and everything assigned."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted module) of every absolute import, wherever it stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module
