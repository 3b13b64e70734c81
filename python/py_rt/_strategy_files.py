"""From what a person types to a strategy: a file, a class in a file, or a registered name."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from py_rt.errors import ConfigError, StrategyError
from py_rt.strategy import Strategy

__all__ = [
    "describe_strategy",
    "load_strategy",
    "rebuild_strategy",
    "strategy_classes",
    "strategy_name",
]


def load_strategy(reference: str, params: Mapping[str, Any] | None = None) -> Strategy:
    """Make the strategy that `reference` names.

    Parameters
    ----------
    reference : str
        ``file.py`` with one strategy class, ``file.py:Class``, or a registered name.
    params : mapping, optional
        Parameters of the class.

    Raises
    ------
    ConfigError
        No such file or class, or several classes and none named.
    StrategyError
        The file cannot be imported; names its line.
    ParameterError
        A parameter is unknown or of the wrong type.

    Examples
    --------
    >>> load_strategy("no_such_file.py")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; field FILE, file no_such_file.py; check ...
    """
    given = dict(params or {})
    path, name = _parts(reference)
    if path.endswith(".py"):
        return _class_in(Path(path), name)(**given)
    from py_rt.factory import StrategyFactory

    if reference not in StrategyFactory.names():
        known = ", ".join(StrategyFactory.names())
        raise ConfigError(
            f"{reference!r} is neither a file nor a registered strategy",
            field="FILE",
            remedy=f"give file.py, file.py:Class, or one of {known}",
        )
    made: Strategy = StrategyFactory.create(reference, **given)
    return made


def strategy_name(reference: str) -> str:
    """Return the name under which the strategy that `reference` names is booked.

    Raises
    ------
    ConfigError, StrategyError
        As `load_strategy`.

    Examples
    --------
    >>> strategy_name("sma_cross")
    'sma_cross'
    """
    path, name = _parts(reference)
    return (
        _class_in(Path(path), name).__name__ if path.endswith(".py") else load_strategy(path).name
    )


def _parts(reference: str) -> tuple[str, str]:
    path, _, name = reference.rpartition(":") if ".py:" in reference else (reference, "", "")
    return path, name


def describe_strategy(strategy: Strategy) -> dict[str, Any]:
    """Return what is needed to make the strategy again, and the hash of its code.

    Returns
    -------
    dict
        ``name params`` and, for a compiled one, ``registered``; else ``file class sha256``, None
        where the code stands in no file.
    """
    described: dict[str, Any] = {"name": strategy.name, "params": strategy.params}
    compiled = getattr(strategy, "compiled_name", None)
    if compiled is not None:
        return {**described, "registered": str(compiled)}
    try:
        file = inspect.getsourcefile(type(strategy))
        code = Path(file).read_bytes() if file else b""
    except (TypeError, OSError):
        file, code = None, b""
    return {
        **described,
        "file": str(Path(file).resolve()) if file and code else None,
        "class": type(strategy).__qualname__,
        "sha256": hashlib.sha256(code).hexdigest() if code else None,
    }


def rebuild_strategy(described: Mapping[str, Any]) -> Strategy:
    """Make again what `describe_strategy` described.

    Raises
    ------
    ConfigError
        Its code is not where it was.
    """
    params = described.get("params", {})
    if "registered" in described:
        return load_strategy(described["registered"], params)
    file = described.get("file")
    if not file or not Path(file).is_file():
        raise ConfigError(
            f"the code of {described.get('name', 'the strategy')} is not at {file}",
            field="strategy",
            remedy="pass the strategy itself",
        )
    return _class_in(Path(file), str(described["class"]))(**params)


def strategy_classes(reference: str) -> list[type[Strategy]]:
    """Return the public strategy classes of ``file.py``, or the one that ``file.py:Class`` names.

    Raises
    ------
    ConfigError
        No such file or class, or none at all.
    StrategyError
        The file cannot be imported; names its line.

    Examples
    --------
    >>> strategy_classes("notes.txt")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: 'notes.txt' is no Python file; field FILE; give file.py or ...
    """
    path, _, name = reference.rpartition(":") if ".py:" in reference else (reference, "", "")
    if not path.endswith(".py"):
        raise ConfigError(
            f"{reference!r} is no Python file", field="FILE", remedy="give file.py or file.py:Class"
        )
    found = _classes_in(Path(path))
    return [_named(found, name, path)] if name else list(found.values())


def _classes_in(path: Path) -> dict[str, type[Strategy]]:
    module = _module_of(path)
    found = {
        label: member
        for label, member in vars(module).items()
        if isinstance(member, type)
        and issubclass(member, Strategy)
        and member.__module__ == module.__name__
        and not label.startswith("_")
    }
    if not found:
        raise ConfigError(
            "there is no strategy class in it",
            field="FILE",
            file=str(path),
            remedy="write one: class MyIdea(rt.Strategy), or start with: py-rt new my_idea",
        )
    return found


def _named(found: Mapping[str, type[Strategy]], name: str, path: str) -> type[Strategy]:
    if name not in found:
        raise ConfigError(
            f"there is no strategy class {name}",
            field="FILE",
            file=path,
            remedy=f"the file has: {', '.join(found)}",
        )
    return found[name]


def _class_in(path: Path, name: str) -> type[Strategy]:
    found = _classes_in(path)
    if name:
        return _named(found, name, str(path))
    if len(found) > 1:
        listing = " or ".join(f"{path}:{label}" for label in found)
        raise ConfigError(
            f"there are {len(found)} strategy classes in it",
            field="FILE",
            file=str(path),
            remedy=f"say which: {listing}",
        )
    return next(iter(found.values()))


def _module_of(path: Path) -> ModuleType:
    """Import a file by its path, under a name of its own; its folder can be imported from."""
    full = path.resolve()
    if not full.is_file():
        raise ConfigError(
            "there is no such file", field="FILE", file=str(path), remedy="check the path"
        )
    known = _loaded(full)
    if known is not None:
        return known
    label = f"py_rt_file_{full.stem}_{hashlib.sha256(str(full).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(label, full)
    if spec is None or spec.loader is None:
        raise ConfigError("cannot be imported", field="FILE", file=str(path), remedy="give a .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[label] = module
    if str(full.parent) not in sys.path:
        sys.path.insert(0, str(full.parent))
    try:
        spec.loader.exec_module(module)
    except (ConfigError, StrategyError):
        raise
    except Exception as error:
        del sys.modules[label]
        raise StrategyError(
            f"the file cannot be imported: {type(error).__name__}: {error}",
            file=str(path),
            line=_line_in(error, str(full)),
            remedy="correct it; python -m py_compile checks the syntax",
        ) from error
    return module


def _loaded(full: Path) -> ModuleType | None:
    """Return the module that was made from this very file, such as the running script."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and Path(file).name == full.name and Path(file).resolve() == full:
            return module
    return None


def _line_in(error: Exception, file: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return frames[-1].lineno if frames else None
