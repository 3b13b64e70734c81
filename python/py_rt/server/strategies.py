"""Strategies of one's own, which callers of a server run by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from pathlib import Path

from py_rt._strategy_files import strategy_classes
from py_rt.errors import ConfigError, ParameterError
from py_rt.factory import StrategyFactory
from py_rt.strategy import Strategy

__all__ = ["register_strategies", "registered_name"]


def registered_name(class_name: str) -> str:
    """Return the name by which callers know a class of a file.

    Examples
    --------
    >>> registered_name("MeanTaker"), registered_name("RSI2Cross"), registered_name("My_Idea")
    ('mean_taker', 'rsi2_cross', 'my_idea')
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name)
    return re.sub(r"_+", "_", apart).lower()


def register_strategies(references: Iterable[str | Path]) -> tuple[str, ...]:
    """Import files and make their strategies known to `py_rt.factory.StrategyFactory`.

    Parameters
    ----------
    references : iterable of str or path
        ``file.py`` for all its public strategy classes, or ``file.py:Class`` for one of them. A
        class is known by its name in lower case with underscores.

    Returns
    -------
    tuple of str
        The names, in the order of the files.

    Raises
    ------
    ConfigError
        No such file or class, a name that is taken; names the file and the line of the class.
    StrategyError
        A file cannot be imported; names the file and the line.

    Examples
    --------
    >>> register_strategies(["no_such_file.py"])
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; field FILE, file no_such_file.py; ...
    """
    names: dict[str, type[Strategy]] = {}
    for reference in references:
        for cls in strategy_classes(str(reference)):
            name = registered_name(cls.__name__)
            known = names.get(name)
            if known is not None and known is not cls:
                raise _taken(name, cls, f"by {known.__name__} in {_place(known)[0]}")
            try:
                StrategyFactory.register(name, cls)
            except ParameterError as error:
                raise _taken(name, cls, error.what) from None
            names[name] = cls
    return tuple(names)


def _taken(name: str, cls: type[Strategy], what: str) -> ConfigError:
    file, line = _place(cls)
    return ConfigError(
        f"{cls.__name__} cannot be known as {name}: {what}",
        field="FILE",
        file=file,
        line=line,
        remedy="give the class another name",
    )


def _place(cls: type[Strategy]) -> tuple[str, int]:
    return inspect.getsourcefile(cls) or "", inspect.getsourcelines(cls)[1]
