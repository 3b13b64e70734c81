"""Parameters of a class as annotated attributes: found over the MRO, checked, converted."""

from __future__ import annotations

import builtins
import copy
import difflib
import inspect
import math
import operator
import sys
import types
import typing
from collections.abc import Iterable
from typing import Any, Literal

from py_rt.errors import ParameterError

__all__ = [
    "checked",
    "equal",
    "own_copy",
    "parameter_defaults",
    "parameter_types",
    "unknown_name",
]


def _is_parameter(name: str, annotation: Any) -> bool:
    text = annotation if isinstance(annotation, str) else str(annotation)
    return not name.startswith("_") and "ClassVar" not in text


def parameter_types(cls: type, root: type) -> dict[str, Any]:
    """Return the types of the parameters over the MRO, base classes first; unknown ones are Any."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, root) or base is root:
            continue
        names = {**vars(typing), **vars(builtins), **vars(sys.modules.get(base.__module__, typing))}
        for name, annotation in inspect.get_annotations(base).items():
            if _is_parameter(name, annotation) and hasattr(cls, name):
                found[name] = _resolved(annotation, names)
    return found


def _resolved(annotation: Any, names: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, names)  # noqa: S307 - the class's own annotation, in its module
    except Exception:  # noqa: BLE001 - a name for type checkers only
        return Any


def parameter_defaults(cls: type, root: type) -> dict[str, Any]:
    """Return a copy of the defaults of the parameters, converted as a given value would be."""
    return {
        name: checked(name, own_copy(getattr(cls, name)), hint)
        for name, hint in parameter_types(cls, root).items()
    }


def own_copy(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, list | dict | set) else value


def equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return type(one) is type(other) and bool(one == other)
    except (TypeError, ValueError):
        return False


def unknown_name(
    owner: str, name: str, known: Iterable[str], what: str = "parameter"
) -> ParameterError:
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    listing = ", ".join(choices) if choices else "none"
    remedy = f"did you mean {near[0]}? " if near else ""
    return ParameterError(
        f"{owner} has no {what} {name}", field=name, remedy=f"{remedy}It has: {listing}"
    )


def checked(name: str, value: Any, hint: Any) -> Any:
    """Return ``value`` as its annotation wants it, or raise."""
    if hint is float:
        return _number(name, value)
    if hint is int:
        if isinstance(value, bool):
            raise _mistyped(name, value, "int")
        try:
            return operator.index(value)
        except TypeError:
            raise _mistyped(name, value, "int") from None
    if hint is bool:
        if type(value).__name__ not in {"bool", "bool_"}:
            raise _mistyped(name, value, "bool")
        return bool(value)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(name, value, typing.get_args(hint))
    if origin is Literal:
        if value not in typing.get_args(hint):
            choices = ", ".join(repr(choice) for choice in typing.get_args(hint))
            raise _mistyped(name, value, f"one of {choices}")
        return value
    expected = type(None) if hint is None else origin or hint
    if expected is tuple and isinstance(value, list):
        return tuple(value)
    if isinstance(expected, type) and not isinstance(value, expected):
        raise _mistyped(name, value, expected.__name__)
    return value


def _one_of(name: str, value: Any, choices: tuple[Any, ...]) -> Any:
    """Return ``value`` as the first of several annotations that takes it."""
    for choice in sorted(choices, key=lambda choice: choice is not type(value)):
        try:
            return checked(name, value, choice)
        except ParameterError:
            continue
    raise _mistyped(name, value, " or ".join(getattr(c, "__name__", str(c)) for c in choices))


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool | str | bytes):
        raise _mistyped(name, value, "float")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise _mistyped(name, value, "float") from None
    if math.isnan(number):
        raise ParameterError(f"{name} is NaN", field=name, remedy="pass a number")
    return number


def _mistyped(name: str, value: Any, expected: str) -> ParameterError:
    return ParameterError(
        f"{name} is {value!r}, a {type(value).__name__}", field=name, remedy=f"pass {expected}"
    )
