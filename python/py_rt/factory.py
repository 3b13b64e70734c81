"""Strategies by name: those compiled into the engine, those in Python, and your own."""

from __future__ import annotations

import inspect
import re
from typing import Any, Literal

import py_rt._core as _core
import py_rt.strategies as strategies
from py_rt._parameters import unknown_name
from py_rt.errors import ParameterError
from py_rt.strategies import MarketMaker, MeanReversion, SmaCross
from py_rt.strategy import CompiledStrategy, Strategy

__all__ = ["StrategyFactory"]

_TWINS: dict[str, type[Strategy]] = {
    "market_maker": MarketMaker,
    "mean_reversion": MeanReversion,
    "sma_cross": SmaCross,
}
# Imported when they are made, with the statistics that they stand on.
_PYTHON = {
    "adaptive_meanrev": "AdaptiveMeanReversion",
    "cross_venue_arbitrage": "CrossVenueArbitrage",
    "pairs": "Pairs",
    "regime_momentum": "RegimeMomentum",
    "sparse_meanrev": "SparseMeanReversion",
    "stat_arb_portfolio": "StatArbPortfolio",
    "triangular_arbitrage": "TriangularArbitrage",
}
_registered: dict[str, type[Strategy]] = {}


class StrategyFactory:
    """Strategies by name.

    Examples
    --------
    >>> from py_rt.factory import StrategyFactory
    >>> StrategyFactory.create("sma_cross", fast=5)
    sma_cross(symbol='', fast=5, slow=30, order_qty=100.0)
    >>> StrategyFactory.create("sma_cross", language="python", fast=5)
    SmaCross(symbol='', fast=5, slow=30, order_qty=100.0)
    >>> StrategyFactory.create("adaptive_meanrev", n_regimes=2).params["n_regimes"]
    2
    """

    @staticmethod
    def create(
        name: str, /, *, language: Literal["compiled", "python"] | None = None, **params: Any
    ) -> Strategy:
        """Make a strategy.

        Parameters
        ----------
        name : str
            One of ``names()``.
        language : {"compiled", "python"}, optional
            Which of two twins; left out, the compiled one where there is one.
        **params
            Its parameters; the others keep their defaults.

        Returns
        -------
        Strategy

        Raises
        ------
        ParameterError
            No such strategy (in that language), or a wrong parameter; names the nearest.
        """
        if language not in {None, "compiled", "python"}:
            raise ParameterError(
                f"language is {language!r}", field="language", remedy='use "compiled" or "python"'
            )
        if language != "python" and name in _compiled():
            return CompiledStrategy(name, **params)
        python = {**_TWINS, **_registered}
        if language != "compiled" and name in _PYTHON:
            python[name] = getattr(strategies, _PYTHON[name])
        if language != "compiled" and name in python:
            return python[name](**params)
        if language is not None and name in StrategyFactory.names():
            raise ParameterError(
                f"{name} is not there in language {language!r}",
                field="language",
                remedy="leave language out",
            )
        raise unknown_name("the factory", name, StrategyFactory.names(), what="strategy")

    @staticmethod
    def register(name: str, cls: type[Strategy]) -> None:
        """Make a class of your own known under a name, to `create` and to the command line.

        Raises
        ------
        ParameterError
            The name is no lower-case identifier or is taken, or the class is no Strategy.

        Examples
        --------
        >>> from py_rt.factory import StrategyFactory
        >>> from py_rt.strategy import Strategy
        >>> class Patient(Strategy):
        ...     days: int = 3
        >>> StrategyFactory.register("patient", Patient)
        >>> StrategyFactory.create("patient", days=5)
        Patient(days=5)
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise ParameterError(
                f"{name!r} is no name", field="name", remedy="use lower-case letters, digits and _"
            )
        given: object = cls
        if not (inspect.isclass(given) and issubclass(given, Strategy)):
            raise ParameterError(
                f"{cls!r} is no Strategy class", field="cls", remedy="pass the class itself"
            )
        if (
            name in {*_compiled(), *_PYTHON}
            or _registered.get(name, cls).__qualname__ != cls.__qualname__
        ):
            raise ParameterError(f"{name} is taken", field="name", remedy="choose another name")
        _registered[name] = cls

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return every known name, sorted.

        Examples
        --------
        >>> from py_rt.factory import StrategyFactory
        >>> "market_maker" in StrategyFactory.names()
        True
        """
        return tuple(sorted({*_compiled(), *_PYTHON, *_registered}))


def _compiled() -> set[str]:
    return {str(entry["name"]) for entry in _core.compiled_strategies()}
