"""Who trades in a run: one strategy, or several that share the account, with their limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from py_rt._strategy_files import describe_strategy, rebuild_strategy
from py_rt.config import ResolvedLimits, RiskLimits
from py_rt.errors import ParameterError
from py_rt.strategy import Strategy

__all__ = ["Lineup", "Strategies", "check_limited", "line_up", "rebuild", "rebuild_for_replay"]

Strategies: TypeAlias = Strategy | Sequence[Strategy] | Mapping[str, Strategy]
"""One strategy, a list of differently named ones, or names with strategies."""

_MOST = 255


@dataclass(frozen=True)
class Lineup:
    """The strategies of a run by name, in the order in which they are called.

    Attributes
    ----------
    strategies : dict
        Name to strategy.
    several : bool
        Whether they share the account; False where one has it to itself.
    limits : dict
        Name to the limits of its own; empty for one.
    """

    strategies: dict[str, Strategy]
    several: bool
    limits: dict[str, ResolvedLimits]

    def renamed(self, strategies: dict[str, Strategy], symbols: Mapping[str, str]) -> Lineup:
        """Return the line-up with other strategies of the same names, and limits by new symbols."""
        limits = {name: own.renamed(symbols) for name, own in self.limits.items()}
        return replace(self, strategies=strategies, limits=limits)

    @property
    def hosted(self) -> Strategy | list[Strategy]:
        """What the engine takes: the strategy, or all of them in their order."""
        members = list(self.strategies.values())
        return members if self.several else members[0]

    @property
    def name(self) -> str:
        """The names, joined with " + "."""
        return " + ".join(self.strategies)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters; of several, under ``name.parameter``."""
        if not self.several:
            return dict(next(iter(self.strategies.values())).params)
        return {
            f"{name}.{parameter}": value
            for name, strategy in self.strategies.items()
            for parameter, value in strategy.params.items()
        }

    def described(self) -> dict[str, Any]:
        """Return what is needed to make them again; of several a list, each with its name."""
        listed = [{"as": name, **describe_strategy(s)} for name, s in self.strategies.items()]
        return {"several": listed} if self.several else describe_strategy(*self.strategies.values())

    @property
    def callbacks(self) -> set[str]:
        """The callbacks that any of them wants."""
        return {wanted for s in self.strategies.values() for wanted in s._overridden()}


def rebuild(described: Mapping[str, Any]) -> Strategy | dict[str, Strategy]:
    """Make again what `Lineup.described` described.

    Raises
    ------
    ConfigError
        The code of one is not where it was.
    """
    if "several" not in described:
        return rebuild_strategy(described)
    return {one["as"]: rebuild_strategy(one) for one in described["several"]}


def rebuild_for_replay(parameters: str) -> Strategy | list[Strategy]:
    """Make the strategies of a journal's header; several in their order."""
    made = rebuild(json.loads(parameters))
    return list(made.values()) if isinstance(made, dict) else made


def line_up(
    given: Strategies,
    limits: Mapping[str, RiskLimits] | None,
    resolve: Callable[[RiskLimits], ResolvedLimits],
) -> Lineup:
    """Name the strategies of a run and resolve their limits.

    Parameters
    ----------
    given : Strategy, list of Strategy, or dict of name to Strategy
        In a list each goes by its class's name, so no two may have the same.
    limits : dict of name to RiskLimits, optional
        What one of several may do by itself, beside the limits of the account.
    resolve : callable
        Makes limits exact: ``lambda own: own.resolve("backtest", cash)``.

    Raises
    ------
    ParameterError
        Something that is no strategy, two of one name, or limits for nobody.

    Examples
    --------
    >>> import py_rt as rt
    >>> sma = rt.strategies.SmaCross
    >>> exact = lambda own: own.resolve("backtest", 1000)
    >>> line_up({"quick": sma(fast=5), "slow": sma(fast=20)}, None, exact).name
    'quick + slow'
    """
    several = not isinstance(given, Strategy) and isinstance(given, (Mapping, Sequence))
    found = _named(given) if several else {_checked(given).name: _checked(given)}
    if limits and not several:
        raise ParameterError(
            "there is one strategy, whose limits are those of the account",
            field="limits",
            remedy="pass them as risk=",
        )
    resolved = {}
    for name, own in dict(limits or {}).items():
        if name not in found:
            raise ParameterError(
                f"there is no strategy {name!r}",
                field="limits",
                remedy=f"the run has {', '.join(found)}",
            )
        if not isinstance(own, RiskLimits):
            raise ParameterError(
                f"{own!r} is no RiskLimits", field=f"limits[{name!r}]", remedy="pass rt.RiskLimits"
            )
        resolved[name] = resolve(own)
    if several:
        resolved = {name: resolved.get(name) or resolve(RiskLimits()) for name in found}
    return Lineup(found, several, resolved)


def check_limited(limits: Iterable[ResolvedLimits], traded: Iterable[str]) -> None:
    """Refuse limits of a symbol that is not traded: they would hold for nothing.

    Raises
    ------
    ParameterError
        Names the symbol.
    """
    known = list(traded)
    for unknown in sorted(set().union(*(one.symbols() for one in limits)).difference(known)):
        raise ParameterError(
            f"{unknown} is limited and not traded",
            field="risk",
            remedy=f"the run has {', '.join(known[:20])}",
        )


def _named(given: Any) -> dict[str, Strategy]:
    if not 1 <= len(given) <= _MOST or isinstance(given, str):
        raise ParameterError(
            f"there are {len(given)} strategies", field="strategy", remedy=f"pass 1 to {_MOST}"
        )
    if isinstance(given, Mapping):
        for name in given:
            if not isinstance(name, str) or not name.strip() or len(name) > 64:
                raise ParameterError(
                    f"{name!r} is no name",
                    field="strategy",
                    remedy="use text of 1 to 64 characters as keys",
                )
        return {name: _checked(strategy) for name, strategy in given.items()}
    found: dict[str, Strategy] = {}
    for strategy in given:
        name = _checked(strategy).name
        if name in found:
            raise ParameterError(
                f"two strategies are called {name!r}, and nobody could tell their orders apart",
                field="strategy",
                remedy=f'pass a dict of names: {{"{name} 1": ..., "{name} 2": ...}}',
            )
        found[name] = strategy
    return found


def _checked(strategy: Any) -> Strategy:
    if not isinstance(strategy, Strategy):
        name = strategy.__name__ if isinstance(strategy, type) else type(strategy).__name__
        remedy = "pass an instance of a subclass of rt.Strategy, e.g. SmaCross(fast=5)"
        raise ParameterError(f"{name} is no strategy object", field="strategy", remedy=remedy)
    return strategy
