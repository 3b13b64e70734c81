"""What a configuration says of strategies and limits: ``[strategy]``, ``[risk]``, ``[limits]``.

``[strategy.NAME]`` and ``[limits.NAME]`` are those of one of several strategies; a table without
``[venue]`` may hold these alone, and serves a backtest or a paper venue of our own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from py_rt.config import RiskLimits
from py_rt.errors import ConfigError, ParameterError
from py_rt.trade.written import Document, read_document

__all__ = [
    "SECTIONS",
    "Rules",
    "merged",
    "own_limits",
    "read_rules",
    "written_limits",
    "written_params",
]

SECTIONS = ("run", "strategy", "venue", "risk", "limits", "store", "journal")
"""The tables of a configuration."""
_LIMITS = tuple(part.name for part in fields(RiskLimits))


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a configuration that holds wherever a strategy runs.

    Attributes
    ----------
    params : dict
        Of ``[strategy]``; of one of several strategies a dict under its name.
    risk : RiskLimits or None
        Of the account; None where nothing is written.
    limits : dict of str to RiskLimits
        Of single strategies, by name.
    has_venue : bool
        Whether the file names a venue to trade on.
    besides : tuple of str
        The other tables of the file.
    """

    params: dict[str, Any]
    risk: RiskLimits | None
    limits: dict[str, RiskLimits]
    has_venue: bool
    besides: tuple[str, ...]


def read_rules(path: str | os.PathLike[str]) -> Rules:
    """Read ``[strategy]``, ``[risk]`` and ``[limits]`` of a TOML file.

    Raises
    ------
    ConfigError
        An unknown table or limit (the nearest known one is named), or a value out of its range.

    Examples
    --------
    >>> read_rules("no_such_file.toml")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; file no_such_file.toml; check the path
    """
    document = read_document(path, SECTIONS)
    risk = written_limits(document, "risk") if "risk" in document.values else None
    mine = ("strategy", "risk", "limits", "venue")
    return Rules(
        params=written_params(document),
        risk=risk,
        limits=own_limits(document),
        has_venue="venue" in document.values,
        besides=tuple(name for name in document.values if name not in mine),
    )


def merged(written: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Put what a caller says in the place of what a configuration says, name by name.

    Examples
    --------
    >>> merged({"fast": 5, "slow": {"fast": 50, "slow": 200}}, {"slow": {"fast": 40}})
    {'fast': 5, 'slow': {'fast': 40, 'slow': 200}}
    """
    found = dict(written)
    for name, value in given.items():
        inner = found.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            found[name] = {**inner, **value}
        else:
            found[name] = value
    return found


def written_params(document: Document) -> dict[str, Any]:
    """Return ``[strategy]`` with plain floats, as strategy classes expect them."""
    return _plain(_table(document, "strategy", document.values.get("strategy", {})))


def own_limits(document: Document) -> dict[str, RiskLimits]:
    """Return ``[limits.NAME]`` of each strategy."""
    tables = _table(document, "limits", document.values.get("limits", {}))
    return {name: _limits(document, f"limits.{name}", table) for name, table in tables.items()}


def written_limits(document: Document, name: str) -> RiskLimits:
    """Return the limits of one table as they are written."""
    return _limits(document, name, document.values.get(name, {}))


def _limits(document: Document, name: str, written: Any) -> RiskLimits:
    table = _table(document, name, written)
    document.known(table, _LIMITS, name)
    try:
        return RiskLimits(**table)
    except ParameterError as error:
        raise document.error(error.what, f"{name}.{error.field}", error.remedy) from None


def _table(document: Document, name: str, written: Any) -> dict[str, Any]:
    if not isinstance(written, dict):
        raise _no_table(document, name)
    return {str(key): value for key, value in written.items()}


def _no_table(document: Document, name: str) -> ConfigError:
    remedy = f"write it as [{name}]"
    if name.startswith("limits."):
        remedy = "limits of the account stand in [risk], those of a strategy in [limits.NAME]"
    return document.error("is not a table", name, remedy)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(key): _plain(value)
        if isinstance(value, dict)
        else float(value)
        if isinstance(value, float)
        else value
        for key, value in params.items()
    }
