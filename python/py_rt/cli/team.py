"""Who trades in a command: FILE or several of them, ``--set``, and what a configuration says.

``a.py b.py:Class`` are two strategies on one account, each under its class's name; ``NAME=FILE``
gives another one. Parameters of one of several go as ``--set NAME.fast=5``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from py_rt._strategy_files import load_strategy, strategy_name
from py_rt.cli.parameters import parse_params
from py_rt.errors import ConfigError
from py_rt.strategy import Strategy
from py_rt.trade.written import nearest

__all__ = ["Team", "gather", "params_of", "title"]

Team: TypeAlias = Strategy | dict[str, Strategy]


def gather(files: Sequence[str], params: Mapping[str, Any]) -> Team:
    """Make the strategy, or the strategies by name.

    Parameters
    ----------
    files : sequence of str
        ``file.py``, ``file.py:Class``, a registered name, or ``NAME=`` in front of one of them.
    params : mapping
        Of one strategy its parameters, of several a mapping of them under each name.

    Raises
    ------
    ConfigError
        Two of one name; parameters of nobody, or of all where there are several.
    ParameterError
        A parameter that a strategy does not have; names the nearest.

    Examples
    --------
    >>> gather(["sma_cross"], {"fast": 5})
    sma_cross(symbol='', fast=5, slow=30, order_qty=100.0)
    >>> team = gather(["sma_cross", "slow=sma_cross"], {"slow": {"fast": 50, "slow": 200}})
    >>> [(name, one.params["fast"]) for name, one in team.items()]
    [('sma_cross', 10), ('slow', 50)]
    """
    named = [_split(file) for file in files]
    if len(named) == 1 and not named[0][0]:
        return load_strategy(files[0], _of_one(files[0], params))
    references: dict[str, str] = {}
    for given, reference in named:
        name = given or strategy_name(reference)
        if name in references:
            raise ConfigError(
                f"two strategies are called {name}, and nobody could tell their orders apart",
                field="FILE",
                remedy=f"name one of them: NAME={reference}",
            )
        references[name] = reference
    for name, value in params.items():
        if name not in references:
            raise _stray(name, references)
        if not isinstance(value, Mapping):
            raise ConfigError(
                f"{name} is a strategy here, and no parameter of one",
                field="--set",
                remedy=f"write {name}.PARAMETER={value}",
            )
    return {name: load_strategy(file, params.get(name)) for name, file in references.items()}


def params_of(written: Sequence[str]) -> dict[str, Any]:
    """Read ``--set``; ``NAME.parameter=value`` goes into a dict under the name.

    Examples
    --------
    >>> params_of(["fast=5", "slow.fast=50"])
    {'fast': 5, 'slow': {'fast': 50}}
    """
    found: dict[str, Any] = {}
    for pair, value in parse_params(written).items():
        name, dot, parameter = pair.partition(".")
        if not dot:
            found[name] = value
            continue
        inner = found.setdefault(name, {})
        if isinstance(inner, dict):
            inner[parameter] = value
    return found


def title(team: Team) -> str:
    """Name the strategy, or all of them."""
    return team.name if isinstance(team, Strategy) else " + ".join(team)


def _of_one(reference: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the only strategy, also where they stand under its name."""
    tables = [name for name, value in params.items() if isinstance(value, Mapping)]
    if not tables:
        return dict(params)
    name = strategy_name(reference)
    if tables != [name]:
        raise _stray(next(table for table in tables if table != name), [name])
    return {**{k: v for k, v in params.items() if k != name}, **params[name]}


def _stray(name: str, known: Mapping[str, str] | Sequence[str]) -> ConfigError:
    near = nearest(name, known)
    hint = f"did you mean {near}? " if near else ""
    return ConfigError(
        f"{name} is none of the strategies",
        field="--set",
        remedy=f"{hint}write NAME.PARAMETER=VALUE with one of {', '.join(known)}",
    )


def _split(file: str) -> tuple[str, str]:
    name, sign, reference = file.partition("=")
    if not sign or Path(file.partition(":")[0]).is_file():
        return "", file
    if not name.strip() or not reference.strip():
        raise ConfigError(
            f"{file!r} is not NAME=FILE", field="FILE", remedy="write it like quick=strategy.py"
        )
    return name.strip(), reference.strip()
