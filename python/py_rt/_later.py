"""Faces whose names are imported when they are first used, so that a process pays for its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["keep_functions", "later"]


def later(
    face: str, offered: Sequence[str], where: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package.

    Parameters
    ----------
    face : str
        Name of the package.
    offered : sequence of str
        Its ``__all__``. What ``where`` does not name is a module of the package, or there already.
    where : mapping of str to sequence of str
        Each module of the package with the names that come out of it.
    """
    module_of = {name: module for module, names in where.items() for name in names}

    def find(name: str) -> Any:
        if name not in offered:
            raise AttributeError(f"module {face!r} has no attribute {name!r}")
        if name not in module_of:
            return import_module(f"{face}.{name}")
        found = getattr(import_module(f"{face}.{module_of[name]}"), name)
        vars(sys.modules[face])[name] = found
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[face]), *offered})

    return find, names


def keep_functions(face: str, functions: frozenset[str]) -> None:
    """Let functions of a package keep their names although modules of it are called so too.

    Python writes each module into its package when it is imported, whenever that is.
    """

    class Face(ModuleType):
        def __setattr__(self, name: str, value: object) -> None:
            if not (name in functions and isinstance(value, ModuleType)):
                super().__setattr__(name, value)

    sys.modules[face].__class__ = Face
