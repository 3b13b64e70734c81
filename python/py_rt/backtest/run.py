"""Run one backtest: resolve what was written, call the engine, wrap what it returns."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import py_rt._core as _core
from py_rt._amounts import Number, plain, whole
from py_rt._limits import ResolvedLimits
from py_rt._pages import Passed
from py_rt._times import format_ns, to_duration_ns
from py_rt.backtest.actions import applicable, to_core
from py_rt.backtest.benchmark import benchmark_of
from py_rt.backtest.charging import charge_rows, fundings_of, with_locates
from py_rt.backtest.currencies import CurrencyPlan, currency_plan
from py_rt.backtest.lineup import Lineup, Strategies, check_limited, line_up
from py_rt.backtest.progress import Progress, StopBySecondLook
from py_rt.backtest.receipt import make_receipt
from py_rt.backtest.result import BacktestResult
from py_rt.backtest.venues import Venues, venues_of
from py_rt.backtest.warmup import AT_ONCE, opening
from py_rt.charges import Borrow, Funding
from py_rt.config import RiskLimits
from py_rt.data.actions import CorporateAction
from py_rt.errors import DataError, ParameterError
from py_rt.impact import SquareRootImpact
from py_rt.margin import Margin
from py_rt.market import MarketData
from py_rt.sim_venue import SimVenue

__all__ = ["backtest"]

_EQUITY_POINTS = 20_000
_DAY_NS = 86_400_000_000_000


def backtest(
    strategy: Strategies,
    data: MarketData | str | os.PathLike[str] | Any,
    venue: SimVenue | Mapping[str, SimVenue] | None = None,
    risk: RiskLimits | None = None,
    cash: Number | Mapping[str, Number] = 1_000_000,
    seed: int = 0,
    progress: bool | Callable[[int, int], object] = True,
    bars: str | int | None = None,
    limits: Mapping[str, RiskLimits] | None = None,
    warmup: Any = None,
    benchmark: Any = None,
    actions: Any = None,
    base_currency: str | None = None,
    fx: Mapping[str, Any] | None = None,
    borrow: Borrow | None = None,
    funding: Funding | Mapping[str, Funding] | None = None,
    margin: Margin | None = None,
) -> BacktestResult:
    """Run a strategy, or several on one account, over recorded data and return what happened.

    The kernel that decides here is the one that decides live. A decision at time t sees only what
    had arrived by t; an order reaches the venue after its latency; fills are pessimistic.

    Parameters
    ----------
    strategy : Strategy, list of Strategy, or dict of name to Strategy
        What to run. Each run works on a fresh copy; afterwards the object has what the copy left
        in its attributes, parameters excepted, and the next run begins as this one did. Several
        share one account; in a list each goes by its class's name, in a dict by its key.
    data : MarketData, path, ``"sample:NAME"`` or DataFrame, or dict of venue name to these
        What to run it on; anything but MarketData goes through ``rt.data.load``. A dict joins the
        recordings of several venues: a symbol is then named with its venue, ``BTC/USD@kraken``.
    venue : SimVenue, or dict of venue name to SimVenue, optional
        Latencies, queue, fees and fill rules of the simulated venue, or of each.
    risk : RiskLimits, optional
        Limits of the account; what is unset has the documented default of a backtest.
    cash : number [money] or mapping of currency to number, default 1,000,000
        Cash to start with; a number is in the base currency.
    seed : int
        Seed of everything random; kept in the receipt.
    progress : bool or callable ``(done, total)``
        True shows a bar on a terminal when the run lasts over a second.
    bars : duration such as ``"1m"``, optional
        Interval of bars that the kernel builds from trades. By default one minute when the
        strategy wants bars and the data have trades but no bars.
    limits : dict of name to RiskLimits, optional
        What one of several strategies may do by itself, beside the limits of the account.
    warmup : int, duration such as ``"30d"``, or time, optional
        How many bars of every symbol, or how long, the strategy only looks: orders are refused as
        ``warmup``, targets forgotten, and tables, equity and statistics begin afterwards.
    benchmark : str, pandas Series or (times, prices), optional
        What to measure against: a symbol of the data, bought and held, or prices.
    actions : iterable of CorporateAction, table or path, optional
        Splits, dividends and symbol changes, applied at the start of their session to positions,
        cash and open orders; the data must be raw prices. Those of other symbols do not matter.
    base_currency : str, optional
        Of equity, profit, statistics and limits; by default the only currency that there is.
    fx : mapping of currency to symbol, number, Series or (times, rates), optional
        Units of the base currency for one of each other: a symbol of the data whose price it is
        (or one over it, by the currency of the symbol), a fixed rate, or rates that hold from
        their time on. Before the first rate orders are refused as ``exchange_rate``.
    borrow : Borrow, optional
        What short positions pay, and how much can be sold short; by default nothing and anything.
    funding : Funding, or mapping of symbol to Funding, optional
        What holders of perpetuals pay one another.
    margin : Margin, optional
        What equity has to cover, interest on what is owed, and what a margin call does; by default
        the limits of `risk` alone count and nothing is paid.

    Returns
    -------
    BacktestResult

    Raises
    ------
    ParameterError
        An argument of the wrong type or range.
    DataError
        Data that cannot be used.
    StrategyError
        The strategy misused its context. Exceptions of the strategy itself are raised as they are.

    Notes
    -----
    Time grows linearly with rows; memory with orders, fills and the equity curve (at most 20,000
    points). Deterministic: equal arguments give an equal ``order_hash``. No look-ahead.

    Examples
    --------
    >>> import py_rt as rt
    >>> result = rt.backtest(rt.strategies.SmaCross(order_qty=10), "sample:us_minute")
    >>> result.stats.n_orders > 0
    True
    """
    seed = whole(seed, "seed", least=0, most=2**63 - 1)
    venues = venues_of(data, venue, seed)
    if venues.several and actions is not None:
        raise ParameterError(
            "corporate actions are applied at one venue only", field="actions", remedy="leave out"
        )
    market, corporate, told = applicable(actions, venues.market)
    venues = venues.of(market)
    plan = currency_plan(cash, base_currency, fx, market)
    start_cash = plan.start_cash(market)
    resolved = _resolver(margin, start_cash)
    lineup = line_up(strategy, limits, resolved)
    risk = risk if risk is not None else RiskLimits()
    _check_kind(risk, RiskLimits, "risk")
    if borrow is not None:
        _check_kind(borrow, Borrow, "borrow")
    account = with_locates(resolved(risk), borrow)
    check_limited([account, *lineup.limits.values()], market.symbols)
    interval_ns = _bar_interval(lineup, market, bars)
    opens_at = opening(warmup, market, interval_ns, venues.feed_ns)
    beside = benchmark_of(benchmark, market, plan.base)
    paid = fundings_of(funding, market)
    run = {
        "instruments": [instrument.to_dict() for instrument in market.instruments],
        **venues.to_core(),
        "risk": account.to_core(),
        **_money(plan, borrow, paid, margin, venues),
        "seed": seed,
        "names": list(lineup.strategies),
        "own_limits": [own.to_core() for own in lineup.limits.values()],
        "opens_at": opens_at,
        "actions": to_core(corporate, market),
        "bar_interval_ns": interval_ns,
        "sample_every_ns": _sample_step(market),
    }
    raw = _run(lineup, venues, run, progress)
    config = {
        "venue": venues.written("to_dict"),
        "risk": account.to_dict(),
        "bar_interval_ns": interval_ns,
        "seed": seed,
    }
    charged = _charged(borrow, paid, margin)
    config |= plan.written() | charged
    config |= _asked(lineup, opens_at, told)
    receipt = make_receipt(lineup, market, data, config, raw["order_hash"])
    assumptions = {
        "venue": venues.written("told"),
        "risk": account.to_dict(),
        "bars_built_ns": interval_ns,
        "partial_fills": venues.said(lambda venue: venue.partial_fills),
        "own_market_impact": venues.said(_impact),
    }
    return BacktestResult.from_core(
        raw,
        market,
        strategy=lineup.name,
        params=lineup.params,
        cash=_start(raw, plan),
        base_currency=plan.base,
        assumptions=assumptions | _added(lineup, opens_at, raw) | charged,
        receipt=receipt,
        benchmark=beside,
        opens_at=None if opens_at == AT_ONCE else opens_at,
        own_params=(
            {name: s.params for name, s in lineup.strategies.items()} if lineup.several else None
        ),
    )


def _run(
    lineup: Lineup,
    venues: Venues,
    run: dict[str, Any],
    progress: bool | Callable[[int, int], object],
) -> dict[str, Any]:
    """Let the engine run fresh copies, and hand back what they leave."""
    market = venues.market
    events, rows = _bytes(venues.seen(run["seed"])), _bytes(market.bars())
    running = [strategy.fresh() for strategy in lineup.strategies.values()]
    hosted: Any = running if lineup.several else running[0]
    try:
        with StopBySecondLook() as stop, Progress(progress, "backtest", stop.look) as shown:
            passed = Passed(market.events())

            def told(done: int, total: int) -> None:
                passed.upto(done)
                shown.update(done, total)

            return dict(_core.run_backtest(events, rows, hosted, run, told))
    finally:
        for strategy, copy in zip(lineup.strategies.values(), running, strict=True):
            strategy.adopt(copy)


_IMPACTS: dict[Any, str] = {
    None: "none: our orders leave no mark on the recorded market",
    "removes": "what we take is gone until the market shows the level anew",
    "moves": "what we take moves the price, for our orders after it too",
}


def _impact(venue: SimVenue) -> str:
    moves = isinstance(venue.impact, SquareRootImpact)
    return _IMPACTS["moves" if moves else venue.impact]


def _asked(lineup: Lineup, opens_at: int, actions: tuple[CorporateAction, ...]) -> dict[str, Any]:
    """Return what a receipt holds beside what every receipt holds."""
    asked: dict[str, Any] = {}
    if lineup.several:
        asked["limits"] = {name: own.to_dict() for name, own in lineup.limits.items()}
    if opens_at != AT_ONCE:
        asked["opens_at"] = opens_at
    if actions:
        asked["actions"] = [action.to_dict() for action in actions]
    return asked


def _start(raw: dict[str, Any], plan: CurrencyPlan) -> str | float:
    """Return the cash at the start in the base currency, at the rates that were known then."""
    if not plan.fx:
        return plain(plan.cash[plan.base])
    worth = raw["equity"]["equity"]
    if not len(worth):
        raise DataError(
            "no rate was known before the data ended",
            field="fx",
            remedy="give rates that begin before the data end",
        )
    return float(worth[0])


def _money(
    plan: CurrencyPlan,
    borrow: Borrow | None,
    funding: Mapping[str, Funding],
    margin: Margin | None,
    venues: Venues,
) -> dict[str, Any]:
    """Return cash, currencies, margin, and what is known of rates and charges, for the engine."""
    currencies, rates = plan.to_core(venues.market)
    rows = [*rates, *charge_rows(borrow, funding, margin, venues.market, venues.delay_ns)]
    return {
        "cash": plain(plan.cash[plan.base]),
        "currencies": currencies,
        "margin": None if margin is None else margin.to_core(venues.market.symbols),
        "inputs": sorted(rows, key=lambda row: row[0]),
    }


def _resolver(margin: Margin | None, cash: Number) -> Callable[[RiskLimits], ResolvedLimits]:
    """Return how limits become explicit: what they leave out allows what the margin allows."""
    if margin is None:
        return lambda own: own.resolve("backtest", cash)
    _check_kind(margin, Margin, "margin")
    return lambda own: margin.lifted(own, cash).resolve("backtest", cash)


def _charged(
    borrow: Borrow | None, funding: Mapping[str, Funding], margin: Margin | None
) -> dict[str, Any]:
    """Return what a receipt holds of charges and of the margin."""
    written: dict[str, Any] = {} if borrow is None else {"borrow": borrow.to_dict()}
    if funding:
        written["funding"] = {symbol: paid.to_dict() for symbol, paid in funding.items()}
    if margin is not None:
        written["margin"] = margin.to_dict()
    return written


def _added(lineup: Lineup, opens_at: int, raw: dict[str, Any]) -> dict[str, Any]:
    """Say what holds in this run beside what holds in every run."""
    added: dict[str, Any] = {}
    if lineup.several:
        added["limits"] = {name: own.to_dict() for name, own in lineup.limits.items()}
        added["self_trades"] = "none: orders meet the recorded market, never one another"
    if opens_at != AT_ONCE:
        added["warmup_until"] = format_ns(opens_at)
        added["warmup_refused"] = raw["warmup_refused"]
    return added


def _check_kind(value: object, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        raise ParameterError(
            f"{value!r} is no {kind.__name__}", field=name, remedy=f"pass rt.{kind.__name__}(...)"
        )


def _bytes(rows: Any) -> Any:
    return None if len(rows) == 0 else np.ascontiguousarray(rows).view(np.uint8)


def _bar_interval(lineup: Lineup, market: MarketData, bars: str | int | None) -> int:
    if bars is not None:
        return to_duration_ns(bars, "bars")
    wants = "on_bar" in lineup.callbacks
    return 60_000_000_000 if wants and "bar" not in market.kinds else 0


def _sample_step(market: MarketData) -> int:
    """Return the step of the equity curve: every bar or second, at most 20,000 points.

    The shortest bar is looked for among some thousands of them.
    """
    rows = market.bars()
    rows = rows[:: max(1, len(rows) // 4096)]
    step = 1_000_000_000
    if len(rows):
        step = max(step, int((rows["ts_close"] - rows["ts_open"]).min()))
    longest = ((market.end or 0) - (market.start or 0)) // _EQUITY_POINTS
    return min(max(step, longest), _DAY_NS)
