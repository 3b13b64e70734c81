"""What a backtest returns: tables, statistics and the report, built from the engine's columns.

The engine hands over plain columns once; tables and statistics are made when they are first asked
for, so a search over many runs pays only for what it reads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from py_rt.backtest.actions import factors
from py_rt.backtest.columns import (
    DECIMALS,
    NO_ACTIONS,
    NO_CALLS,
    NO_CHARGES,
    NO_PARENTS,
    TIMES,
    by_symbol,
    equal_columns,
    frame,
    is_denied,
    listed,
    over_time,
    rates_at_exit,
    rows_of,
    start_ns,
    to_array,
    with_start,
)
from py_rt.backtest.measures import drawdowns
from py_rt.backtest.round_trips import fifo_round_trips
from py_rt.backtest.sessions import DailyEquity, daily_equity
from py_rt.backtest.stats import Account, Stats, stats_of
from py_rt.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from py_rt.backtest.benchmark import Benchmark
    from py_rt.market import MarketData

__all__ = ["BacktestResult"]


@dataclass(frozen=True)
class _Own:
    """What one of several strategies has for itself."""

    params: dict[str, Any]
    equity: dict[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """The outcome of one backtest.

    Attributes
    ----------
    strategy : str
        Name of the strategy; several are joined with " + ".
    params : dict
        Its parameters.
    cash : float
        Initial cash, in the base currency.
    base_currency : str
        Of equity, profit and statistics.
    events : int
        Events the engine worked through.
    elapsed_s : float
        Wall time of the engine, seconds.
    order_hash : str
        32 hexadecimal digits over all orders: equal when two runs ordered the same.
    denied : int
        Orders refused by risk before they left.
    expired_unfilled : int
        Orders still open when the data ended.
    end_ts : int
        Where virtual time stood at the end, ns UTC.
    assumptions : dict
        What was assumed of the venue: latency, queue, fees, fill rule.
    receipt : dict
        Hashes of data, code, configuration and engine, and the seed; see ``py_rt.verify``.
    data : MarketData
        What was traded (a reference, not a copy).
    benchmark : Benchmark or None
        What it is measured against.
    opens_at : int or None
        When the warm-up ended, ns UTC; None without one.
    equity, orders, fills, positions, parents, round_trips, charges, margin_calls : pandas.DataFrame
    stats : Stats

    Examples
    --------
    >>> import py_rt as rt
    >>> data = rt.data.sample("us_daily")
    >>> result = rt.backtest(rt.StrategyFactory.create("sma_cross"), data, progress=False)
    >>> sorted(result.equity.columns)
    ['cash', 'drawdown', 'equity']
    """

    strategy: str
    params: dict[str, Any]
    cash: float
    events: int
    elapsed_s: float
    order_hash: str
    denied: int
    expired_unfilled: int
    end_ts: int
    assumptions: dict[str, Any]
    receipt: dict[str, Any]
    data: MarketData = field(repr=False)
    _columns: dict[str, Mapping[str, Any]] = field(repr=False)
    benchmark: Benchmark | None = None
    opens_at: int | None = None
    _own: dict[str, _Own] = field(default_factory=dict, repr=False)
    base_currency: str = ""
    _pockets: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_core(
        cls,
        raw: Mapping[str, Any],
        data: MarketData,
        *,
        strategy: str,
        params: Mapping[str, Any],
        cash: float | str,
        assumptions: Mapping[str, Any],
        receipt: Mapping[str, Any],
        benchmark: Benchmark | None = None,
        opens_at: int | None = None,
        own_params: Mapping[str, Mapping[str, Any]] | None = None,
        base_currency: str | None = None,
    ) -> BacktestResult:
        """Build the result from what the engine returned.

        Parameters
        ----------
        raw : mapping
            ``events elapsed_s order_hash denied expired_unfilled end_ts`` and the column groups
            ``equity`` (arrays ts, equity, cash), ``orders``, ``fills`` and ``positions``
            (columns of equal length, decimals as text, times in ns UTC).
        data : MarketData
            What the engine was given.
        strategy : str
            Name of the strategy.
        params : mapping
            Its parameters, for people to read.
        cash : float or decimal text
            Initial cash.
        assumptions, receipt : mapping
            Kept as they are.
        benchmark : Benchmark, optional
        opens_at : int, optional
            When the warm-up ended, ns UTC.
        own_params : mapping of name to mapping, optional
            Names and parameters of several strategies, in the order of ``raw["own"]``, their
            equity columns.
        base_currency : str, optional
            That of the first instrument where it is left out.

        Raises
        ------
        DataError
            A column group is missing or its columns differ in length.
        """
        none = {"actions": NO_ACTIONS, "charges": NO_CHARGES, "margin_calls": NO_CALLS}
        given = {**none, "parents": NO_PARENTS, **raw}
        columns = {name: equal_columns(given, name) for name in ("equity", *DECIMALS)}
        start_cash = float(cash)
        begin = start_ns(data) if opens_at is None else opens_at
        warm = opens_at is not None
        columns["equity"] = with_start(columns["equity"], start_cash, begin, warm)
        own = (
            {
                name: _Own(dict(given), with_start(curve, start_cash, begin, warm))
                for (name, given), curve in zip((own_params or {}).items(), raw["own"], strict=True)
            }
            if own_params
            else {}
        )
        return cls(
            strategy=strategy,
            params=dict(params),
            cash=start_cash,
            events=int(raw["events"]),
            elapsed_s=float(raw["elapsed_s"]),
            order_hash=str(raw["order_hash"]),
            denied=int(raw["denied"]),
            expired_unfilled=int(raw["expired_unfilled"]),
            end_ts=int(raw["end_ts"]),
            assumptions=dict(assumptions),
            receipt=dict(receipt),
            data=data,
            _columns=columns,
            benchmark=benchmark,
            opens_at=opens_at,
            _own=own,
            base_currency=base_currency or next((i.currency for i in data.instruments), ""),
            _pockets=dict(raw.get("cash_by_currency", {})),
        )

    @property
    def events_per_s(self) -> float | None:
        """Events over wall seconds; None when the run was too short to time."""
        return self.events / self.elapsed_s if self.elapsed_s > 0 else None

    @cached_property
    def stats(self) -> Stats:
        """Performance statistics, with definitions and reasons."""
        fills, equity = self.arrays("fills"), self._columns["equity"]
        beside, worth = self.benchmark, None
        if beside is not None:
            worth = self._daily_of(beside.worth(equity["ts"], self.cash))
        return stats_of(
            Account(
                ts=equity["ts"],
                equity=equity["equity"],
                daily=self.daily,
                fill_ts=fills["ts_recv"],
                fill_symbol=fills["symbol"],
                fill_signed_qty=fills["signed_qty"] * fills["split_factor"],
                fill_notional=fills["notional"],
                fill_fee=fills["fee"] * fills["fx_rate"],
                trip_pnl=self._trips["pnl"],
                n_orders=rows_of(self._columns["orders"]),
                benchmark=None if beside is None else beside.name,
                benchmark_daily=None if worth is None else worth.equity,
            )
        )

    @cached_property
    def by_strategy(self) -> dict[str, BacktestResult]:
        """The result of each strategy by its name, in the order in which they were called.

        Each is what the run would look like on an account of the same cash in which that strategy
        trades alone: its own fills, positions, equity and statistics. The profits add up to the
        account's. With one strategy, it is the run itself.
        """
        if not self._own:
            return {self.strategy: self}
        return {name: self._of(name, own) for name, own in self._own.items()}

    def _of(self, name: str, own: _Own) -> BacktestResult:
        columns: dict[str, Mapping[str, Any]] = {"equity": own.equity}
        for table in DECIMALS:
            whole = self._columns[table]
            mine = [row for row, owner in enumerate(whole["strategy"]) if owner == name]
            columns[table] = {key: [values[row] for row in mine] for key, values in whole.items()}
        orders = columns["orders"]
        denied = sum(is_denied(reason) for reason in orders["reason"])
        return replace(
            self,
            strategy=name,
            params=own.params,
            denied=denied,
            _columns=columns,
            _own={},
            _pockets={},
        )

    @cached_property
    def daily(self) -> DailyEquity:
        """The account value at the close of each session day."""
        equity = self._columns["equity"]
        return self._daily_of(equity["equity"])

    def _daily_of(self, equity: NDArray[np.float64]) -> DailyEquity:
        return daily_equity(self._columns["equity"]["ts"], equity, self.data, self.opens_at)

    @property
    def equity_arrays(self) -> dict[str, NDArray[Any]]:
        """The equity table as arrays ``ts`` (ns UTC), ``equity`` and ``cash``: no copy."""
        return dict(self._columns["equity"])

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Account value over time: ``equity cash drawdown``, index ``ts`` in UTC.

        The first row is the initial cash. ``drawdown`` is equity over its running maximum, minus
        one.
        """
        import pandas as pd

        columns = self._columns["equity"]
        index = pd.DatetimeIndex(pd.to_datetime(columns["ts"], utc=True, unit="ns"), name="ts")
        table = {"equity": columns["equity"], "cash": columns["cash"]}
        return pd.DataFrame({**table, "drawdown": drawdowns(columns["equity"])}, index=index)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Every order, one row each in the order of creation.

        Times are nanosecond datetimes in UTC, amounts float64 (the exact decimals are in
        ``to_dict``); ``reason`` says why an order was rejected.
        """
        return self._table("orders")

    @cached_property
    def fills(self) -> pd.DataFrame:
        """Every execution, in order; ``ts_event`` at the venue, ``ts_recv`` when we heard of it."""
        return self._table("fills")

    @cached_property
    def positions(self) -> pd.DataFrame:
        """Positions at the end, one row per symbol."""
        return self._table("positions")

    @cached_property
    def actions(self) -> pd.DataFrame:
        """Splits and dividends that were applied, and what each did to a position and to cash."""
        return self._table("actions")

    @cached_property
    def charges(self) -> pd.DataFrame:
        """Borrow, funding and interest, one row each time that somebody paid or was paid.

        ``ts symbol kind rate qty value cash fx_rate currency strategy``: ``cash`` is what was paid
        to us, negative where we paid, in ``currency``; ``fx_rate`` units of the base for one of it.
        """
        return self._table("charges")

    @cached_property
    def margin_calls(self) -> pd.DataFrame:
        """Margin calls: ``kind`` call, liquidation (an order left), met; what was compared."""
        return self._table("margin_calls")

    @cached_property
    def cash_by_currency(self) -> pd.DataFrame:
        """Cash in each currency over time, one column each, at the times of ``equity``.

        Of the account: where several strategies share it, none of them has pockets of its own.
        """
        equity = self._columns["equity"]
        return over_time(equity["ts"], self._pockets or {self.base_currency: equity["cash"]})

    @cached_property
    def parents(self) -> pd.DataFrame:
        """Parent orders and stops, one row each in the order of creation.

        ``arrival_price`` is the mid when it was accepted; ``slippage_bps`` what ``avg_price`` lost
        against that, a gain below 0; ``schedule_deviation`` the farthest that it was behind its
        schedule at the end of a slice, as a share of ``order_qty``. Fees are not in it.
        """
        return self._table("parents")

    @cached_property
    def round_trips(self) -> pd.DataFrame:
        """Fills matched first in, first out, one row per pair, in the order of exit.

        Quantities and prices of fills before a split are in the shares after it.

        ``symbol side qty ts_entry ts_exit entry_price exit_price fees pnl return_ duration_s``;
        ``pnl`` is after the fees of both ends, ``return_`` is pnl over the notional at entry. Where
        there are several currencies, ``fees`` and ``pnl`` are in the base, at the rate of the exit.
        """
        return frame(self._trips, ("ts_entry", "ts_exit"))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the columns of ``orders``, ``fills`` or ``positions`` as NumPy arrays.

        Decimals are float64 (NaN where there is none), times int64, text objects. Fills have
        ``signed_qty``, ``fx_rate`` (units of the base currency for one of its own when it was
        booked), ``notional`` (in the base currency, positive) and ``split_factor`` (how many shares
        one of them has become by the end) besides.
        """
        if name not in self._arrays:
            made = {k: to_array(k, v, name) for k, v in self._columns[name].items()}
            if name == "fills":
                sign = np.where(made["side"] == "buy", 1.0, -1.0)
                made["signed_qty"] = made["last_qty"] * sign
                each = by_symbol(self.data, "multiplier")
                scale = np.array([each[s] for s in made["symbol"]], dtype=np.float64)
                made.setdefault("fx_rate", np.ones(len(scale)))
                notional = np.abs(made["last_qty"] * made["last_price"]) * scale
                made["notional"] = notional * made["fx_rate"]
                done = self.arrays("actions")
                made["split_factor"] = factors(made["ts_event"], made["symbol"], done)
            self._arrays[name] = made
        return self._arrays[name]

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as one HTML file that needs no network, and return its path.

        Parameters
        ----------
        path : path-like
            Where to write; missing folders are made, an older file is replaced.

        Examples
        --------
        >>> result.report("sma_cross.html")  # doctest: +SKIP
        """
        from py_rt.backtest.report import render_report

        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        draft.write_text(render_report(self), encoding="utf-8")
        draft.replace(target)
        return target

    def plot(self) -> Any:
        """Return a Plotly figure of equity and drawdown.

        Raises
        ------
        ConfigError
            Plotly is not installed.
        """
        try:
            import plotly.graph_objects as go
            from plotly.subplots import make_subplots
        except ImportError:
            raise ConfigError(
                "plot() needs Plotly, which is not installed",
                remedy='install it with: pip install "py-rt[plot]"; report() needs nothing',
            ) from None
        table = self.equity
        figure = make_subplots(
            rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.04
        )
        equity = go.Scatter(x=table.index, y=table["equity"], name="Equity")
        fall = go.Scatter(x=table.index, y=table["drawdown"], name="Drawdown", fill="tozeroy")
        figure.add_trace(equity, row=1, col=1)
        figure.add_trace(fall, row=2, col=1)
        figure.update_yaxes(tickformat=".1%", row=2, col=1)
        figure.update_layout(title=self.strategy, showlegend=False, hovermode="x unified")
        return figure

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; decimals as exact text.

        Tables are dicts of columns. Equity and round trips are floats, times ns UTC.
        """
        plain = {
            name: {key: listed(values) for key, values in columns.items()}
            for name, columns in self._columns.items()
        }
        trips = {key: listed(values) for key, values in self._trips.items()}
        return {
            "strategy": self.strategy,
            "params": dict(self.params),
            "cash": self.cash,
            "stats": self.stats.to_dict(),
            "by_strategy": {name: r.stats.to_dict() for name, r in self.by_strategy.items()},
            "events": self.events,
            "elapsed_s": self.elapsed_s,
            "events_per_s": self.events_per_s,
            "order_hash": self.order_hash,
            "denied": self.denied,
            "expired_unfilled": self.expired_unfilled,
            "end_ts": self.end_ts,
            **plain,
            "round_trips": trips,
            "assumptions": dict(self.assumptions),
            "receipt": dict(self.receipt),
        }

    def __repr__(self) -> str:
        return (
            f"BacktestResult({self.strategy}, {self.stats!r}, events={self.events:,}, "
            f"order_hash={self.order_hash[:8]})"
        )

    @cached_property
    def _arrays(self) -> dict[str, dict[str, NDArray[Any]]]:
        return {}

    @cached_property
    def _trips(self) -> dict[str, NDArray[Any]]:
        fills = self.arrays("fills")
        if (fills["split_factor"] != 1.0).any():
            factor = fills["split_factor"]
            quantities = {name: fills[name] * factor for name in ("last_qty", "signed_qty")}
            fills = {**fills, **quantities, "last_price": fills["last_price"] / factor}
        trips = fifo_round_trips(
            fills,
            by_symbol(self.data, "lot_size"),
            by_symbol(self.data, "multiplier"),
        )
        if "fx_rate" in self._columns["fills"]:
            rate = rates_at_exit(trips, fills)
            trips |= {name: trips[name] * rate for name in ("fees", "pnl")}
        return trips

    def _table(self, name: str) -> pd.DataFrame:
        columns = self.arrays(name)
        return frame({key: columns[key] for key in self._columns[name]}, TIMES[name])
