"""The strategies of a run on one account: what each did, as if it traded alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from py_rt.backtest.report.head import chips, currency_of, figures
from py_rt.backtest.report.markup import Html, element
from py_rt.backtest.report.tables import section, statistics_table
from py_rt.backtest.report.text import count, money, percent, ratio

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult

__all__ = ["by_strategy"]

_COLUMNS = ("", "Profit", "Sharpe", "Drawdown", "Orders", "Fills", "Fees", "Refused by risk")


def by_strategy(result: BacktestResult) -> list[Html]:
    """Return the comparison, and a section for each strategy; nothing where there is one."""
    each = result.by_strategy
    if each.keys() == {result.strategy}:
        return []
    rows = [_line(name, place, own) for place, (name, own) in enumerate(each.items())]
    head = element("tr", *(element("th", title, scope="col") for title in _COLUMNS))
    table = element("table", element("thead", head), element("tbody", *rows), class_="plain")
    note = (
        "Each as on an account of the same cash in which it trades alone; the profits add up to "
        "the account's."
    )
    parts = [section("strategies", "Strategies", element("div", table, class_="scroll"), note=note)]
    return parts + [_one(name, place, own) for place, (name, own) in enumerate(each.items())]


def _line(name: str, place: int, own: BacktestResult) -> Html:
    s, currency = own.stats, currency_of(own)
    values = (
        money(_profit(own), currency, sign=True),
        ratio(s.sharpe),
        percent(s.max_drawdown),
        count(s.n_orders),
        count(s.n_fills),
        money(s.fees, currency),
        count(own.denied),
    )
    link = element("a", name, href=f"#strategy-{place}")
    cells = (element("td", value, class_="n") for value in values)
    return element("tr", element("th", link, scope="row"), *cells)


def _one(name: str, place: int, own: BacktestResult) -> Html:
    every = element("details", element("summary", "Every statistic"), statistics_table(own))
    return section(f"strategy-{place}", name, chips(own), figures(own), every)


def _profit(own: BacktestResult) -> float:
    return float(own.equity_arrays["equity"][-1]) - own.cash
