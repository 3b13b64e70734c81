"""Where the profit came from and what it cost: by symbol, by liquidity, by month and week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult
    from py_rt.backtest.sessions import DailyEquity

__all__ = ["Line", "by_liquidity", "by_symbol", "months", "weeks"]

_DAY_OF_MONDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Line:
    """One row of a cost table, in money; ``pnl`` is after fees, None where it has no meaning."""

    name: str
    n_fills: int
    notional: float
    fees: float
    pnl: float | None = None

    @property
    def fees_bps(self) -> float | None:
        """Fees over notional, in basis points."""
        return self.fees / self.notional * 1e4 if self.notional else None


def by_symbol(result: BacktestResult) -> list[Line]:
    """Return a line per traded symbol, the largest notional first.

    The profit is what the fills brought in, plus the open position at the mark of the engine
    (average price plus unrealised profit), less fees; of another currency than the account's, at
    the rate of the last fill.
    """
    fills, held = result.arrays("fills"), result.arrays("positions")
    multiplier = {i.symbol: float(i.multiplier) for i in result.data.instruments}
    marks = {
        symbol: qty * price * multiplier[symbol] + gain
        for symbol, qty, price, gain in zip(
            held["symbol"],
            held["qty"],
            np.nan_to_num(held["avg_price"]),
            np.nan_to_num(held["unrealized_pnl"]),
            strict=True,
        )
    }
    lines = []
    for symbol in dict.fromkeys(fills["symbol"].tolist()):
        own = fills["symbol"] == symbol
        rate = fills["fx_rate"][own]
        traded = fills["notional"][own] / rate
        paid = float((traded * np.sign(fills["signed_qty"][own])).sum()) + fills["fee"][own].sum()
        fees = float((fills["fee"] * fills["fx_rate"])[own].sum())
        notional = float(fills["notional"][own].sum())
        pnl = float((marks.get(symbol, 0.0) - paid) * rate[-1])
        lines.append(Line(symbol, int(own.sum()), notional, fees, pnl))
    return sorted(lines, key=lambda line: -line.notional)


def by_liquidity(result: BacktestResult) -> list[Line]:
    """Return a line for the fills that took liquidity and one for those that made it."""
    fills = result.arrays("fills")
    lines = []
    for kind in ("taker", "maker"):
        own = fills["liquidity"] == kind
        if own.any():
            notional = float(fills["notional"][own].sum())
            fees = float((fills["fee"] * fills["fx_rate"])[own].sum())
            lines.append(Line(kind.capitalize(), int(own.sum()), notional, fees))
    return lines


def months(daily: DailyEquity) -> dict[int, dict[int, float]]:
    """Return the return of each month by year and month (1 to 12), and of each year as month 0.

    The first and the last month may be partial.
    """
    dates = daily.dates
    of_month = dates.astype("datetime64[M]").astype(np.int64)
    of_year = dates.astype("datetime64[Y]").astype(np.int64)
    table: dict[int, dict[int, float]] = {}
    for month, value in _grouped(of_month, daily.equity).items():
        table.setdefault(1970 + month // 12, {})[month % 12 + 1] = value
    for year, value in _grouped(of_year, daily.equity).items():
        table[1970 + year][0] = value
    return table


def weeks(daily: DailyEquity) -> dict[int, dict[int, float]]:
    """Return the return of each day, by week (days since 1970 of its Monday) and weekday (0-6)."""
    monday = daily.days - (daily.days + _DAY_OF_MONDAY) % 7
    table: dict[int, dict[int, float]] = {}
    values = _grouped(daily.days, daily.equity)
    for day, week in zip(daily.days.tolist(), monday.tolist(), strict=True):
        table.setdefault(week, {})[day - week] = values[day]
    return table


def _grouped(key: NDArray[np.int64], equity: NDArray[np.float64]) -> dict[int, float]:
    """Return close over previous close, minus one, of each run of equal keys."""
    last = np.flatnonzero(np.append(np.diff(key) != 0, bool(len(key))))
    closes = np.concatenate([equity[:1], equity[1:][last]])
    with np.errstate(divide="ignore", invalid="ignore"):
        change = closes[1:] / closes[:-1] - 1.0
    return dict(zip(key[last].tolist(), change.tolist(), strict=True))
