"""The top of the report: what was run on what, the outcome in one sentence, the key figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from py_rt.backtest.report.markup import Html, element, joined
from py_rt.backtest.report.text import Clock, count, money, percent, quantity, ratio, span

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult

__all__ = ["chips", "currency_of", "figures", "head"]

_SYMBOLS_SHOWN = 6
_YEAR_NS = 330 * 86_400_000_000_000
_DAY_NS = 86_400_000_000_000


def head(result: BacktestResult, clock: Clock) -> Html:
    """Return title, parameters, the sentence, and the facts of the run."""
    return element(
        "header",
        element("p", "Backtest report", class_="eyebrow"),
        element("h1", result.strategy),
        chips(result),
        element("p", _sentence(result, clock), class_="lead"),
        element("dl", *_facts(result, clock), class_="facts"),
    )


def figures(result: BacktestResult) -> Html:
    """Return the eight figures to read first."""
    s, currency = result.stats, currency_of(result)
    profit = float(result.equity_arrays["equity"][-1]) - result.cash
    probability = None if s.psr is None else f"{percent(s.psr, digits=0)} likely above zero"
    traded = f"equity traded {ratio(s.turnover, 1)} times over" if s.turnover else None
    tiles = [
        _tile(result, "total_return", "Total return", percent(s.total_return, sign=True),
              money(profit, currency, sign=True), tone=s.total_return),
        _tile(result, "cagr", "Growth per year", percent(s.cagr, sign=True), "compounded"),
        _tile(result, "sharpe", "Sharpe ratio", ratio(s.sharpe), probability),
        _tile(result, "max_drawdown", "Maximum drawdown", percent(s.max_drawdown),
              "peak to trough", tone=s.max_drawdown),
        _tile(result, "volatility", "Volatility per year", percent(s.volatility),
              f"from {count(s.n_days)} daily returns"),
        _tile(result, "win_rate", "Round trips won", percent(s.win_rate, digits=1),
              f"of {count(len(result.round_trips))}"),
        _tile(result, "profit_factor", "Profit factor", ratio(s.profit_factor),
              "won for each 1 lost"),
        _tile(result, "fees", "Fees", money(s.fees, currency), traded),
    ]  # fmt: skip
    return element("section", *tiles, class_="tiles", aria_label="Key figures")


def currency_of(result: BacktestResult) -> str:
    """Return the currency of the account."""
    return result.base_currency


def _tile(
    result: BacktestResult,
    name: str,
    title: str,
    value: str,
    note: str | None,
    *,
    tone: float | None = None,
) -> Html:
    stats = result.stats
    reason, caution = stats.reasons.get(name), stats.cautions.get(name)
    below = reason or caution or note
    mood = "" if not tone else " gain" if tone > 0 else " loss"
    return element(
        "div",
        element("h2", title),
        element("p", value, class_=f"value{mood}"),
        element("p", below, class_="note caution" if caution and not reason else "note"),
        class_="tile" + (" absent" if reason else ""),
        title=stats.definitions[name],
    )


def _sentence(result: BacktestResult, clock: Clock) -> Html:
    s, currency = result.stats, currency_of(result)
    last = float(result.equity_arrays["equity"][-1])
    start, end = _run(result)
    if end - start < 2 * _DAY_NS:
        when = f"On {clock.day(start)}, in {span((end - start) / 1e9)},"
    else:
        when = f"From {clock.day(start)} to {clock.day(end)}"
    if s.n_fills == 0:
        tail = "Nothing was filled."
    else:
        orders = "order" if s.n_orders == 1 else "orders"
        filled = "fill" if s.n_fills == 1 else "fills"
        tail = (
            f"{count(s.n_orders)} {orders} led to {count(s.n_fills)} {filled}, which cost "
            f"{money(s.fees, currency)} in fees."
        )
    change = percent(s.total_return, sign=True)
    deepest = f", {percent(-s.max_drawdown)} below its peak at worst" if s.max_drawdown else ""
    return joined(
        f"{when} it turned {money(result.cash, currency)} into ",
        element("b", f"{money(last, currency)} ({change})"),
        f"{deepest}. {tail}",
    )


def _facts(result: BacktestResult, clock: Clock) -> list[Html]:
    symbols = [i.symbol for i in result.data.instruments]
    shown = ", ".join(symbols[:_SYMBOLS_SHOWN])
    if len(symbols) > _SYMBOLS_SHOWN:
        shown += f" and {len(symbols) - _SYMBOLS_SHOWN} more"
    start, end = _run(result)
    write = clock.day if end - start > _YEAR_NS else clock.minute
    if end - start < _DAY_NS:
        write = clock.second
    speed = result.events_per_s
    work = f"{count(result.events)} in {span(result.elapsed_s)}"
    if speed:
        work += f" ({count(round(speed))} per second)"
    rows = [
        ("Instruments", shown),
        ("Data", result.data.name or "unnamed"),
        ("Period", f"{write(start)} – {write(end)} ({clock.words})"),
        ("Events", work),
    ]
    return [element("div", element("dt", k), element("dd", v)) for k, v in rows]


def _run(result: BacktestResult) -> tuple[int, int]:
    ts = result.equity_arrays["ts"]
    return int(ts[0]), int(ts[-1])


def chips(result: BacktestResult) -> Html | None:
    """Return the parameters of the strategy, side by side."""
    shown = [
        element("li", element("span", name), element("b", _plain(value)))
        for name, value in result.params.items()
    ]
    return element("ul", *shown, class_="chips", aria_label="Parameters") if shown else None


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value) or '""'
    return quantity(float(value))
