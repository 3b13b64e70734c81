"""Backtests on request: a strategy by name, data by name, settings as plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from py_rt._parameters import unknown_name
from py_rt._user_lines import raised_in_callback, user_line
from py_rt.backtest import backtest
from py_rt.config import RiskLimits
from py_rt.data import Catalog, load, samples
from py_rt.errors import ParameterError, StrategyError, TradingError
from py_rt.factory import StrategyFactory
from py_rt.market import MarketData
from py_rt.sim_venue import Fees, SimVenue

__all__ = ["Backtests"]

_SAMPLE = "sample:"
T = TypeVar("T")


class Backtests:
    """Runs backtests for callers who may be anywhere: they name data, they never name files.

    Parameters
    ----------
    catalog : path, optional
        A catalog whose symbols are data by name, beside the bundled samples.

    Examples
    --------
    >>> run = Backtests()
    >>> asked = {"strategy": "sma_cross", "data": "us_minute", "parameters": '{"order_qty": 10}'}
    >>> stats, order_hash, events = run(asked, lambda done, total: None)
    >>> len(order_hash), events
    (32, 27745)
    """

    def __init__(self, catalog: str | Path | None = None) -> None:
        self._catalog = None if catalog is None else Catalog(catalog)

    def __call__(
        self, asked: Mapping[str, Any], progress: Callable[[int, int], object]
    ) -> tuple[list[tuple[str, float | None]], str, int]:
        """Run one; return its statistics, its order hash and the number of rows."""
        settings = {name: _object(asked, name) for name in ("parameters", "venue", "risk")}
        strategy = StrategyFactory.create(asked["strategy"], **settings["parameters"])
        data, venue = self._find(asked["data"]), _venue(settings["venue"])
        risk = _made(RiskLimits, settings["risk"], "risk")
        cash, seed = asked.get("cash") or 1_000_000, asked.get("seed", 0)
        try:
            result = backtest(
                strategy, data, venue=venue, risk=risk, cash=cash, seed=seed, progress=progress
            )
        except (Exception, SystemExit) as error:
            if raised_in_callback(error):
                raise _of_callback(error) from error
            raise
        return _figures(result.stats.to_dict()), result.order_hash, result.events

    def _find(self, name: str) -> MarketData:
        known = [sample.name for sample in samples()]
        plain = name.removeprefix(_SAMPLE)
        if plain in known:
            return load(f"{_SAMPLE}{plain}")
        listed: list[str] = []
        if self._catalog is not None:
            listed = sorted({one.symbol for one in self._catalog.instruments()})
            if name in listed:
                return load(self._catalog, symbols=[name])
        raise unknown_name("data", name, [*known, *listed], what="recording")


def _of_callback(error: BaseException) -> StrategyError:
    """Return what a callback raised as an error of the strategy, with the line."""
    if isinstance(error, TradingError):
        where = {k: v for k, v in error.where.items() if k not in ("file", "line")}
        return StrategyError(error.what, remedy=error.remedy, **where, **user_line(error))
    name = type(error).__name__
    return StrategyError(
        f"{name}: {error}" if str(error) else name,
        remedy="correct the strategy at this line",
        **user_line(error),
    )


def _object(asked: Mapping[str, Any], name: str) -> dict[str, Any]:
    text = asked.get(name) or "{}"
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ParameterError(f"no JSON: {error}", field=name, remedy="send an object") from None
    if not isinstance(value, dict):
        raise ParameterError("is no JSON object", field=name, remedy='write {"fast": 5}')
    return value


def _venue(given: dict[str, Any]) -> SimVenue:
    fees = given.pop("fees", None)
    if isinstance(fees, dict):
        given["fees"] = _made(Fees, fees, "fees")
    return _made(SimVenue, given, "venue")


def _made(kind: type[T], given: dict[str, Any], name: str) -> T:
    fields = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    for key in given:
        if key not in fields:
            raise unknown_name(name, key, fields, what="setting")
    return kind(**given)


def _figures(stats: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """Keep what is a number, or says that there is none."""
    kept: list[tuple[str, float | None]] = []
    for name, value in stats.items():
        if value is None:
            kept.append((name, None))
        elif isinstance(value, int | float) and math.isfinite(value):
            kept.append((name, float(value)))
    return kept
