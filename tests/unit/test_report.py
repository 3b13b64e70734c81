"""The report: one file, no network, nothing of the user's runs, nothing is lost by thinning."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_rt.backtest.report import render_report
from py_rt.backtest.report.accounting import by_symbol, months, weeks
from py_rt.backtest.report.series import payload, thin, thin_fills
from py_rt.backtest.report.text import Clock
from py_rt.backtest.report.trips import bins
from py_rt.backtest.result import BacktestResult
from unit import made_runs

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def run() -> BacktestResult:
    return made_runs.cross_run(made_runs.minute_market(("AAPL", "MSFT"), days=30))


@pytest.fixture(scope="module")
def page(run: BacktestResult) -> str:
    return render_report(run)


class Reader(HTMLParser):
    """Collects tags, attributes and the content of scripts, and checks that tags close."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.text += data


def embedded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Reader(text).scripts[0])
    return found


def test_it_is_well_formed_and_says_everything(page: str) -> None:
    reader = Reader(page)
    assert reader.open == []
    for title in (
        "Equity", "Returns by month", "Fills and positions", "Costs", "Round trips", "Statistics",
        "Assumptions", "Receipt", "Sharpe 1994", "risk_averse", "next_open", "SmaCross",
    ):  # fmt: skip
        assert title in reader.text, title
    anchors = {a["href"] for tag, a in reader.tags if tag == "a"}
    ids = {f"#{a['id']}" for _, a in reader.tags if "id" in a}
    assert anchors <= ids


def test_it_asks_the_network_for_nothing(page: str) -> None:
    for tag, attributes in Reader(page).tags:
        assert tag not in {"link", "iframe", "img", "object"}
        assert not {"src", "srcset", "action"} & set(attributes)
        assert tag != "a" or str(attributes["href"]).startswith("#")
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_only_its_own_scripts_may_run(page: str) -> None:
    reader = Reader(page)
    policy = next(a["content"] for t, a in reader.tags if a.get("http-equiv"))
    _, library, charts = reader.scripts
    for script in (library, charts):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in str(policy)
    assert "'unsafe-inline'" not in str(policy).split("script-src")[1]
    assert not any(name.startswith("on") for _, a in reader.tags for name in a)


def test_the_licence_of_the_chart_script_is_inside(page: str) -> None:
    assert "uPlot 1.6.32" in page
    assert "Copyright (c) 2022 Leon Sorokin" in page
    assert "Permission is hereby granted" in page


def test_names_cannot_become_markup() -> None:
    data = made_runs.minute_market((EVIL,), days=2)
    rows = [(made_runs.OPEN, EVIL, "buy", "1", "150.00", 0.0, "taker")]
    made = made_runs.result_of(
        data, rows, EVIL, {EVIL: f'"{EVIL}'}, receipt={"code": "</script>" + EVIL}
    )
    text = render_report(made)
    reader = Reader(text)
    assert EVIL not in text
    assert len(reader.scripts) == 3
    assert embedded(text)["symbols"][0]["symbol"] == EVIL
    assert EVIL in reader.text


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    made = made_runs.result_of(made_runs.minute_market(days=1), [], "$body ${x} $", {})
    assert "$body ${x} $" in Reader(render_report(made)).text


def test_what_is_missing_is_a_dash_with_the_reason() -> None:
    made = made_runs.result_of(made_runs.minute_market(days=1), [], "Nothing", {})
    text = Reader(render_report(made)).text
    assert "–" in text
    assert "Not available: one daily return in the data; at least two are needed." in text
    assert "Nothing was filled" in text
    assert not re.search(r"\b(nan|None)\b", text)


def test_it_is_deterministic_and_written_whole(run: BacktestResult, tmp_path: Path) -> None:
    target = run.report(tmp_path / "new" / "r.html")
    assert target.read_text(encoding="utf-8") == render_report(run)
    assert [p.name for p in target.parent.iterdir()] == ["r.html"]


def test_it_stays_small_with_many_fills() -> None:
    data = made_runs.trade_market(120_000)
    made = made_runs.quoter_run(data, every=2)
    assert made.stats.n_fills > 10_000
    text = render_report(made)
    assert len(text) < 1_000_000
    symbol = embedded(text)["symbols"][0]
    assert symbol["joined"] is True
    assert sum(symbol["fills"]["n"]) == made.stats.n_fills
    bought = made.fills["last_qty"].where(made.fills["side"] == "buy", -made.fills["last_qty"])
    assert sum(symbol["fills"]["q"]) == pytest.approx(bought.sum(), abs=1e-6)
    assert sum(symbol["fills"]["fee"]) == pytest.approx(made.stats.fees, rel=1e-3)


def test_it_stays_small_with_many_symbols() -> None:
    names = tuple(f"S{i}" for i in range(30))
    made = made_runs.cross_run(made_runs.minute_market(names, days=5), order_qty=10)
    text = render_report(made)
    assert len(text) < 1_500_000
    assert len(embedded(text)["symbols"]) == 24


def test_charts_show_the_true_extremes(run: BacktestResult) -> None:
    content = payload(run)
    assert min(content["account"]["drawdown"]) == pytest.approx(run.stats.max_drawdown, abs=1e-6)
    assert max(content["account"]["equity"]) == pytest.approx(run.equity["equity"].max(), abs=0.01)
    assert content["account"]["equity"][0] == made_runs.CASH
    symbol = content["symbols"][0]
    index = run.data.symbols.index(symbol["symbol"])
    close = run.data.bars()["close"][run.data.bars()["instrument"] == index] * symbol["tick"]
    shown = np.cumsum(symbol["p"]) * symbol["tick"]
    assert (shown.min(), shown.max()) == pytest.approx((close.min(), close.max()))


def test_nights_are_left_out_of_the_axis(run: BacktestResult) -> None:
    sessions = payload(run)["sessions"]
    assert len(sessions) == 30
    assert all(close - start == 390 * 60_000 for start, close in sessions)
    assert payload(made_runs.quoter_run(made_runs.trade_market(500)))["sessions"] is None


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=300), st.integers(4, 60))
def test_thinning_keeps_the_ends_and_the_extremes(values: list[int], points: int) -> None:
    array = np.array(values)
    kept = thin(array, points)
    assert len(kept) <= max(points, 4)
    assert kept[0] == 0
    assert kept[-1] == len(array) - 1
    assert (np.diff(kept) > 0).all()
    assert array[kept].min() == array.min()
    assert array[kept].max() == array.max()


@given(st.integers(1, 200), st.integers(2, 50), st.integers(0, 9))
def test_joined_fills_keep_their_sums(n: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fills = {
        "ts_event": np.sort(rng.integers(0, 10**12, n)),
        "signed_qty": rng.choice([-2.0, 1.0, 3.0], n),
        "last_price": rng.uniform(1, 2, n),
        "fee": rng.uniform(0, 1, n),
    }
    joined = thin_fills(fills, most)
    assert len(joined["ts"]) <= max(most, 2)
    assert joined["n"].sum() == n
    assert joined["qty"].sum() == pytest.approx(fills["signed_qty"].sum())
    assert joined["fee"].sum() == pytest.approx(fills["fee"].sum())
    value = (joined["qty"] * joined["price"]).sum()
    assert value == pytest.approx((fills["signed_qty"] * fills["last_price"]).sum())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_the_histogram_counts_everything_on_its_side_of_zero(values: list[float]) -> None:
    array = np.round(np.array(values), 2)
    edges, counts = bins(array, 20)
    assert sum(counts) == len(array)
    assert 0.0 in edges
    losing = sum(n for low, n in zip(edges, counts, strict=False) if low < 0)
    assert losing == (array < 0).sum()


def test_months_and_days_compound_to_the_whole(run: BacktestResult) -> None:
    total = run.stats.total_return
    assert total is not None
    table = months(run.daily)
    of_months = [v for cells in table.values() for month, v in cells.items() if month]
    assert np.prod(np.add(of_months, 1)) - 1 == pytest.approx(total)
    of_years = [cells[0] for cells in table.values()]
    assert np.prod(np.add(of_years, 1)) - 1 == pytest.approx(total)
    by_day = [v for cells in weeks(run.daily).values() for v in cells.values()]
    assert np.prod(np.add(by_day, 1)) - 1 == pytest.approx(total)
    assert len(by_day) == run.stats.n_days


def test_profits_by_symbol_add_up_to_the_account(run: BacktestResult) -> None:
    lines = by_symbol(run)
    profit = run.equity["equity"].iloc[-1] - made_runs.CASH
    assert sum(line.pnl or 0.0 for line in lines) == pytest.approx(profit, abs=1e-4)
    assert sum(line.fees for line in lines) == pytest.approx(run.stats.fees)


def test_a_zone_that_is_not_installed_becomes_utc() -> None:
    assert Clock("Nowhere/Never").name == "UTC"
    assert re.match(r"8 Jan 2024 09:30", Clock("America/New_York").minute(made_runs.OPEN))
