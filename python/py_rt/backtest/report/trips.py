"""Round trips: how profits and losses are distributed, and the largest of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from py_rt.backtest.report.head import currency_of
from py_rt.backtest.report.markup import Html, element
from py_rt.backtest.report.tables import section
from py_rt.backtest.report.text import Clock, count, money, percent, quantity, ratio, span

if TYPE_CHECKING:
    import pandas as pd

    from py_rt.backtest.result import BacktestResult

__all__ = ["bins", "round_trips"]

_BINS_MIN, _BINS_MAX = 14, 40
_SHOWN = 5


def round_trips(result: BacktestResult, clock: Clock) -> Html:
    """Return the distribution of round trips, long and short, and the largest ones."""
    trips, currency = result.round_trips, currency_of(result)
    if trips.empty:
        reason = "No position was closed, so there is no round trip to show."
        return section("trips", "Round trips", note=reason)
    return section(
        "trips",
        "Round trips",
        _histogram(trips["pnl"].to_numpy(), currency),
        _summary(trips, currency),
        element(
            "details",
            element("summary", "The largest profits and losses"),
            _largest(trips, currency, clock),
        ),
        note="Buys matched with sells, first in, first out; profit after the fees of both ends.",
    )


def bins(values: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], list[int]]:
    """Return edges and counts of a histogram that has zero as an edge and no empty far tail.

    The outermost half percent on either side is counted in the last bins.

    Examples
    --------
    >>> import numpy as np
    >>> edges, counts = bins(np.array([-1.0, 1.0, 1.0, 3.0]), n=4)
    >>> 0.0 in edges, sum(counts)
    (True, 4)
    """
    low, high = (float(v) for v in np.quantile(values, [0.005, 0.995]))
    low, high = min(low, 0.0), max(high, 0.0)
    width = (high - low) / n or 1.0
    first = min(int(np.floor(low / width)), -int((values < 0).any()))
    last = max(int(np.ceil(high / width)), int((values >= 0).any()))
    edges = np.arange(first, last + 1, dtype=np.float64) * width
    place = np.floor(np.clip(values, edges[0], edges[-1]) / width).astype(int) - first
    place = np.clip(place, 0, len(edges) - 2)
    counts: list[int] = np.bincount(place, minlength=len(edges) - 1).tolist()
    return edges, counts


def _histogram(pnl: NDArray[np.float64], currency: str) -> Html:
    edges, counts = bins(pnl, int(np.clip(2.5 * np.sqrt(len(pnl)), _BINS_MIN, _BINS_MAX)))
    most = max(counts)
    bars = []
    for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True):
        words = f"{money(low, currency)} to {money(high, currency)}: {count(n)} round trips"
        height = max(n / most * 100, 1.5) if n else 0.0
        bar = element("i", style=f"height:{height:.1f}%", class_="gain" if low >= 0 else "loss")
        bars.append(element("div", bar, title=words))
    zero = float(-edges[0] / (edges[-1] - edges[0]) * 100)
    near_end = zero < 12 or zero > 88
    scale = element(
        "div",
        element("span", money(edges[0], currency)),
        None if near_end else element("span", "0", class_="zero", style=f"left:{zero:.2f}%"),
        element("span", money(edges[-1], currency)),
        class_="scale",
    )
    words = f"Histogram of the profit of {count(len(pnl))} round trips"
    return element(
        "div", element("div", *bars, class_="bars", role="img", aria_label=words), scale,
        class_="histogram",
    )  # fmt: skip


def _summary(trips: pd.DataFrame, currency: str) -> Html:
    heads = ("", "Number", "Won", "Mean profit", "Mean win", "Mean loss", "Best", "Worst",
             "Median time held")  # fmt: skip
    rows = []
    for name, part in (
        ("All", trips),
        ("Long", trips[trips["side"] == "long"]),
        ("Short", trips[trips["side"] == "short"]),
    ):
        if part.empty:
            continue
        pnl = part["pnl"].to_numpy()
        won, lost = pnl[pnl > 0], pnl[pnl < 0]
        cells = [
            count(len(pnl)),
            percent(float((pnl > 0).mean()), digits=1),
            money(float(pnl.mean()), currency, sign=True),
            money(float(won.mean()) if len(won) else None, currency, sign=True),
            money(float(lost.mean()) if len(lost) else None, currency, sign=True),
            money(float(pnl.max()), currency, sign=True),
            money(float(pnl.min()), currency, sign=True),
            span(float(part["duration_s"].median())),
        ]
        rows.append(
            element(
                "tr",
                element("th", name, scope="row"),
                *(element("td", cell, class_="n") for cell in cells),
            )
        )
    return _table(heads, rows)


def _largest(trips: pd.DataFrame, currency: str, clock: Clock) -> Html:
    ordered = trips.sort_values("pnl", kind="stable")
    worst = ordered[ordered["pnl"] < 0].head(_SHOWN)
    best = ordered[ordered["pnl"] > 0].tail(_SHOWN).iloc[::-1]
    heads = ("Symbol", "Side", "Quantity", "Entry", "Exit", "Held", "Entry price", "Exit price",
             "Profit", "Return")  # fmt: skip
    rows = []
    for part in (best, worst):
        for trip in part.to_dict("records"):
            cells = [
                quantity(trip["qty"]),
                clock.second(trip["ts_entry"].value),
                clock.second(trip["ts_exit"].value),
                span(trip["duration_s"]),
                ratio(trip["entry_price"]),
                ratio(trip["exit_price"]),
                money(trip["pnl"], currency, sign=True),
                percent(trip["return_"], sign=True),
            ]
            rows.append(
                element(
                    "tr",
                    element("th", trip["symbol"], scope="row"),
                    element("td", trip["side"]),
                    *(element("td", cell, class_="n") for cell in cells),
                )
            )
    return _table(heads, rows)


def _table(heads: tuple[str, ...], rows: list[Html]) -> Html:
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    table = element("table", element("thead", head), element("tbody", *rows), class_="plain")
    return element("div", table, class_="scroll")
