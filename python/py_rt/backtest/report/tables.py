"""The tables of the report: months, costs, round trips, statistics, assumptions, receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from py_rt.backtest.report.accounting import Line, by_liquidity, by_symbol, months, weeks
from py_rt.backtest.report.head import currency_of
from py_rt.backtest.report.markup import Html, element, joined
from py_rt.backtest.report.text import MISSING, count, label, money, percent, quantity, ratio

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult

__all__ = [
    "assumptions",
    "calendar",
    "costs",
    "receipt",
    "section",
    "statistics",
    "statistics_table",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKS_MAX = 14
_LINES_MAX = 20
_PERCENTS = frozenset(
    {"total_return", "cagr", "max_drawdown", "volatility", "win_rate", "exposure", "var_95",
     "es_975", "psr", "benchmark_return", "active_return", "tracking_error", "alpha"}
)  # fmt: skip
_COUNTS = frozenset({"n_orders", "n_fills"})
_NAMES = {
    "total_return": "Total return",
    "cagr": "Growth per year",
    "sharpe": "Sharpe ratio",
    "sortino": "Sortino ratio",
    "calmar": "Calmar ratio",
    "max_drawdown": "Maximum drawdown",
    "volatility": "Volatility per year",
    "turnover": "Turnover",
    "win_rate": "Round trips won",
    "profit_factor": "Profit factor",
    "n_orders": "Orders",
    "n_fills": "Fills",
    "fees": "Fees",
    "exposure": "Time in the market",
    "var_95": "Value at risk, 95 %",
    "es_975": "Expected shortfall, 97.5 %",
    "psr": "Probabilistic Sharpe ratio",
    "benchmark_return": "Total return of the benchmark",
    "active_return": "Active return per year",
    "tracking_error": "Tracking error per year",
    "information_ratio": "Information ratio",
    "beta": "Beta",
    "alpha": "Alpha per year",
}
_MEANINGS = {
    "next_open": "an order sent on a closed bar fills at the next bar's open",
    "next_close": "an order sent on a closed bar fills at the next bar's close",
    "risk_averse": "we stand last in the queue; only trades at our price move us forward",
    "power": "cancellations ahead of us are guessed from the size of the queue (power law)",
    "log": "cancellations ahead of us are guessed from the size of the queue (logarithm)",
    "fifo": "the place in the queue is known from the order-by-order feed",
}


def section(anchor: str, title: str, *content: object, note: str | None = None) -> Html:
    """Return a titled section; ``note`` stands under the title."""
    return element(
        "section",
        element("h2", title),
        element("p", note, class_="note") if note else None,
        *content,
        id=anchor,
    )


def calendar(result: BacktestResult) -> Html:
    """Return the returns by month as a heat table, by day too when the run is short."""
    daily = result.daily
    table = months(daily)
    if not table:
        return section("months", "Returns by month", note="The data hold no session day.")
    rows = {str(year): [cells.get(m) for m in (*range(1, 13), 0)] for year, cells in table.items()}
    parts = [_heat(("", *_MONTHS, "Year"), rows, digits=1)]
    by_week = weeks(daily)
    if len(daily.days) >= 2 and len(by_week) <= _WEEKS_MAX:
        width = 7 if daily.periods_per_year > 252 else 5
        width = max(width, 1 + max(day for cells in by_week.values() for day in cells))
        rows = {
            f"{_short_date(monday)}": [cells.get(day) for day in range(width)]
            for monday, cells in by_week.items()
        }
        parts += [element("h3", "By day"), _heat(("Week of", *_WEEKDAYS[:width]), rows, digits=2)]
    note = "Change of equity from close to close, after fees. First and last month may be partial."
    return section("months", "Returns by month", *parts, note=note)


def costs(result: BacktestResult) -> Html:
    """Return what trading cost, in total and by symbol."""
    currency = currency_of(result)
    lines = by_symbol(result)
    if not lines:
        return section("costs", "Costs", note="Nothing was filled, so nothing was paid.")
    net = float(result.equity_arrays["equity"][-1]) - result.cash
    fees = result.stats.fees
    paid = result.arrays("charges")
    charged = float((paid["cash"] * paid["fx_rate"]).sum())
    before = net + fees - charged
    widest = max(abs(net), abs(before), abs(fees), abs(charged)) or 1.0
    held = (
        [_step("Borrow, funding, interest", charged, widest, currency)] if len(paid["cash"]) else []
    )
    steps = [
        _step("Profit before fees", before, widest, currency),
        _step("Fees", -fees, widest, currency),
        *held,
        _step("Profit after fees", net, widest, currency),
    ]
    heads = ("Fills", "Notional", "Fees", "Fees in bps", "Profit after fees")
    liquidity = _lines("Liquidity", heads[:4], by_liquidity(result), currency)
    shown = lines[:_LINES_MAX]
    more = f"The {_LINES_MAX} largest of {len(lines)} symbols." if len(lines) > len(shown) else None
    return section(
        "costs",
        "Costs",
        element("div", *steps, class_="steps"),
        liquidity,
        _lines("Symbol", heads, shown, currency),
        element("p", more, class_="note") if more else None,
        note="Spread and slippage are inside the fill prices; fees come on top.",
    )


def statistics(result: BacktestResult) -> Html:
    """Return every statistic with its value and its definition."""
    return section("statistics", "Statistics", statistics_table(result))


def statistics_table(result: BacktestResult) -> Html:
    """Return the statistics as a table."""
    stats, currency = result.stats, currency_of(result)
    rows = []
    for name, definition in stats.definitions.items():
        reason, caution = stats.reasons.get(name), stats.cautions.get(name)
        remark = f"Not available: {reason}." if reason else caution and f"Caution: {caution}."
        rows.append(
            element(
                "tr",
                element("th", _NAMES[name], element("code", name), scope="row"),
                element("td", _written(name, stats[name], currency), class_="n", title=reason),
                element(
                    "td", definition, element("em", remark) if remark else None, class_="words"
                ),
            )
        )
    head = element("tr", *(element("th", t, scope="col") for t in ("", "Value", "Definition")))
    return element("table", element("thead", head), element("tbody", *rows), class_="stats")


def assumptions(result: BacktestResult) -> Html:
    """Return what the run took for granted."""
    rows = [_setting(key, value) for key, value in _flat(result.assumptions)]
    rows += [
        _setting("Orders refused by risk", count(result.denied)),
        _setting("Orders unfilled at the end of the data", count(result.expired_unfilled)),
    ]
    notes = [element("li", note) for note in result.data.notes]
    thanks = result.data.attribution
    return section(
        "assumptions",
        "Assumptions",
        element("dl", *rows, class_="settings"),
        element("h3", "Notes on the data") if notes or thanks else None,
        element("ul", *notes) if notes else None,
        element("p", thanks, class_="note") if thanks else None,
        note="A backtest is worth what it assumes of the venue. This one assumed the following.",
    )


def receipt(result: BacktestResult) -> Html:
    """Return the hashes by which anyone can check the run, ready to be saved."""
    content = {**result.receipt}
    content.setdefault("order_hash", result.order_hash)
    rows = [_setting(key, value, code=True) for key, value in _flat(content)]
    text = json.dumps(content, indent=2, sort_keys=True, default=str, ensure_ascii=False)
    return section(
        "receipt",
        "Receipt",
        element("dl", *rows, class_="settings receipt"),
        element(
            "details",
            element("summary", "As JSON"),
            element("pre", text, id="receipt-json"),
            element("button", "Save receipt.json", type="button", id="save-receipt"),
        ),
        note="Same data, code, configuration and seed give the same orders. "
        "Save the receipt and run: py-rt verify receipt.json",
    )


def _heat(heads: tuple[str, ...], rows: Mapping[str, list[float | None]], digits: int) -> Html:
    values = [abs(v) for cells in rows.values() for v in cells[: len(heads) - 1] if v is not None]
    strongest = max(float(np.quantile(values, 0.95)) if values else 0.0, 1e-12)
    if values and 0 < max(values) < 0.5 * 10 ** -(digits + 2):
        digits = 4
    lines = []
    for name, cells in rows.items():
        filled = [
            _heat_cell(value, strongest, digits, total=heads[at] == "Year")
            for at, value in enumerate(cells, start=1)
        ]
        lines.append(element("tr", element("th", name, scope="row"), *filled))
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    table = element("table", element("thead", head), element("tbody", *lines), class_="heat")
    return element("div", table, class_="scroll")


def _heat_cell(value: float | None, strongest: float, digits: int, *, total: bool) -> Html:
    if value is None or not np.isfinite(value):
        return element("td")
    share = min(abs(value) / strongest, 1.0)
    mood = "gain" if value > 0 else "loss" if value < 0 else "flat"
    mood += " total" if total else ""
    text = percent(value, sign=True, digits=digits).replace("\u202f%", "")
    title = percent(value, sign=True, digits=4)
    return element("td", text, class_=mood, style=f"--heat:{share:.2f}", title=title)


def _step(name: str, value: float, widest: float, currency: str) -> Html:
    width = abs(value) / widest * 100
    bar = element("i", style=f"width:{width:.2f}%", class_="gain" if value >= 0 else "loss")
    return element(
        "div",
        element("span", name),
        element("span", bar, class_="track"),
        element("b", money(value, currency, sign=True)),
    )


def _lines(title: str, heads: tuple[str, ...], lines: list[Line], currency: str) -> Html:
    rows = []
    for line in lines:
        cells = [
            count(line.n_fills),
            money(line.notional, currency),
            money(line.fees, currency),
            ratio(line.fees_bps),
            money(line.pnl, currency, sign=True),
        ]
        rows.append(
            element(
                "tr",
                element("th", line.name, scope="row"),
                *(element("td", cell, class_="n") for cell in cells[: len(heads)]),
            )
        )
    head = element("tr", *(element("th", text, scope="col") for text in (title, *heads)))
    table = element("table", element("thead", head), element("tbody", *rows), class_="plain")
    return element("div", table, class_="scroll")


def _written(name: str, value: float | None, currency: str) -> str:
    if value is None:
        return MISSING
    if name in _PERCENTS:
        return percent(value)
    if name in _COUNTS:
        return count(int(value))
    if name == "turnover":
        return f"{ratio(value)}\u202f×"
    return money(value, currency) if name == "fees" else ratio(value)


def _setting(key: str, value: Any, *, code: bool = False) -> Html:
    text = _shown(value)
    meaning = _MEANINGS.get(text)
    body = element("code", text) if code else text
    explained = element("small", meaning) if meaning and not code else None
    return element("div", element("dt", label(key)), element("dd", joined(body, explained)))


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return quantity(value) if np.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(part) for part in value)
    return str(value)


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _short_date(day: int) -> str:
    date = np.datetime64(day, "D").astype(object)
    return f"{date.day} {date:%b %y}"
