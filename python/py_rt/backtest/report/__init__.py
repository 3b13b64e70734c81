"""The report: one HTML file that needs no network and that can be sent to a friend.

    series      the numbers behind the charts, thinned
    accounting  profit and costs by symbol, liquidity, month and week
    head        title, the sentence, the key figures
    tables      months, costs, statistics, assumptions, receipt
    trips       round trips
    strategies  each of several strategies
    text        numbers and times as people read them
    markup      HTML in which text is always escaped
    assets      page, style, charts; the vendored chart script with its licence

The page forbids itself every request: its content security policy allows the two scripts it
carries, by hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from py_rt.backtest.report.head import figures, head
from py_rt.backtest.report.markup import Html, element, joined
from py_rt.backtest.report.series import SYMBOLS_MAX, payload
from py_rt.backtest.report.strategies import by_strategy
from py_rt.backtest.report.tables import (
    assumptions,
    calendar,
    costs,
    receipt,
    section,
    statistics,
)
from py_rt.backtest.report.text import Clock, count
from py_rt.backtest.report.trips import round_trips
from py_rt.backtest.sessions import session_zone

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult

__all__ = ["render_report"]

_CHARTS = "vendor/uPlot-1.6.32"
_NAVIGATION = (
    ("equity", "Equity"),
    ("strategies", "Strategies"),
    ("months", "Months"),
    ("fills", "Fills"),
    ("costs", "Costs"),
    ("trips", "Round trips"),
    ("statistics", "Statistics"),
    ("assumptions", "Assumptions"),
    ("receipt", "Receipt"),
)


def render_report(result: BacktestResult) -> str:
    """Return the report of a backtest as the text of one HTML file.

    Parameters
    ----------
    result : BacktestResult

    Returns
    -------
    str
        Self-contained: style, scripts and data are inside, nothing is fetched.

    Notes
    -----
    Deterministic. Size is bounded whatever the number of fills, about 0.2 to 1.2 MB.
    """
    clock = Clock(session_zone(result.data.instruments))
    content = payload(result)
    content["zone"] = clock.name
    each = by_strategy(result)
    body = joined(
        head(result, clock),
        figures(result),
        _navigation(several=bool(each)),
        _equity(clock),
        *each,
        calendar(result),
        _fills(result, clock),
        costs(result),
        round_trips(result, clock),
        statistics(result),
        assumptions(result),
        receipt(result),
    )
    library, script = _chart_library(), _asset("axis.js") + _asset("charts.js")
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; script-src {_hash_of(library)} {_hash_of(script)}"
    )
    return Template(_asset("page.html")).substitute(
        policy=policy,
        title=joined(result.strategy, " · backtest"),
        style=_asset(f"{_CHARTS}.min.css") + _asset("report.css"),
        licence=_asset(f"{_CHARTS}.LICENSE"),
        body=body,
        data=_embedded(content),
        library=library,
        script=script,
        order_hash=joined(result.order_hash),
    )


def _navigation(*, several: bool) -> Html:
    shown = [entry for entry in _NAVIGATION if several or entry[0] != "strategies"]
    links = [element("a", name, href=f"#{anchor}") for anchor, name in shown]
    return element("nav", *links, aria_label="Sections")


def _equity(clock: Clock) -> Html:
    note = f"Drag over a chart to zoom all of them, double-click to see everything. {clock.words}."
    return section(
        "equity",
        "Equity",
        _readout("account"),
        _chart("equity", "Equity", reset=True),
        _chart("drawdown", "Drawdown from the peak"),
        _chart("net", "Net exposure, share of equity"),
        note=note,
    )


def _fills(result: BacktestResult, clock: Clock) -> Html:
    n = result.stats.n_fills
    instruments = len(result.data.instruments)
    note = f"{count(n)} fills. ▲ bought, ▼ sold. {clock.words}."
    if instruments > SYMBOLS_MAX:
        note += f" The {SYMBOLS_MAX} symbols with the largest traded notional."
    return section(
        "fills",
        "Fills and positions",
        element("div", element("select", id="symbol", aria_label="Symbol"), class_="picker"),
        _readout("price"),
        _chart("price", "Price and fills", reset=True),
        _chart("position", "Position"),
        note=note,
    )


def _readout(name: str) -> Html:
    return element("p", "\u00a0", class_="readout", id=f"readout-{name}", aria_live="off")


def _chart(name: str, title: str, *, reset: bool = False) -> Html:
    button = element("button", "See everything", type="button", class_="reset", hidden=True)
    return element(
        "figure",
        element("figcaption", title, button if reset else None),
        element("div", class_="chart", id=f"chart-{name}", role="img", aria_label=title),
    )


def _embedded(content: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _chart_library() -> str:
    """Return the vendored script without its banner, whose licence the page carries in full."""
    text = _asset(f"{_CHARTS}.iife.min.js")
    return text.partition("*/")[2].strip() if text.startswith("/*!") else text


@cache
def _asset(name: str) -> str:
    folder = resources.files("py_rt.backtest.report") / "assets"
    return folder.joinpath(name).read_text(encoding="utf-8")


def _hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
