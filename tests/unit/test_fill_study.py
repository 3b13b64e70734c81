"""The fill study: small flows whose answer is known, and whole recordings where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.errors import DataError, ParameterError
from py_rt.market import EVENT_DTYPE, Instrument, MarketData

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
ES = SHARED / "cme_mbo" / "esh4_20231225.mbo.dbn.zst"
GOOG = SHARED / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
MS = 1_000_000


def flow(*lines: tuple[int, int, int, int, int], step_ms: int = 100) -> MarketData:
    """Rows of (kind, side, price, qty, order_id), one every step."""
    rows = np.zeros(len(lines), dtype=EVENT_DTYPE)
    for at, line in enumerate(lines):
        for name, value in zip(("kind", "side", "price", "qty", "order_id"), line, strict=True):
            rows[name][at] = value
    rows["ts_event"] = rows["ts_recv"] = np.arange(len(lines)) * step_ms * MS
    rows["flags"] = 1
    return MarketData(rows, None, [Instrument("A")])


OPEN = ((5, -1, 110, 9, 900), (5, 1, 99, 10, 1), (5, 1, 99, 5, 2), (5, 1, 99, 5, 3))


def predicted(study: rt.FillStudy, horizon: str) -> dict[str, float]:
    table = study.table[study.table["horizon"] == horizon]
    return dict(zip(table["model"], table["predicted"], strict=True))


def test_the_models_differ_by_whom_they_think_canceled() -> None:
    # Order 2 waits behind 10 of order 1, before 5 of order 3. Order 3 cancels, then 10 trade: in
    # truth order 2 is next. Who thinks that some of the 5 stood in front has it executed already.
    data = flow(*OPEN, (7, 1, 99, 5, 3), (8, 1, 99, 10, 1), (8, 1, 99, 5, 2), step_ms=100)
    study = rt.fill_study(data, horizons=["350ms", "1s"], draws=64)
    first = study.orders.set_index("order_id").loc[2]
    assert (first["qty_ahead"], first["ts_filled"], first["distance"]) == (10, 600 * MS, 0)
    assert study.n_orders == 2
    assert predicted(study, "1s")["risk_averse"] == pytest.approx(0.5)
    early = predicted(study, "350ms")
    assert early["risk_averse"] == 0
    # Order 3 was canceled before anything traded; order 2 is filled in the draws in front: 10/15.
    assert early["power(1)"] == pytest.approx(0.5 * 2 / 3, abs=0.1)
    assert early["log"] == pytest.approx(0.5 * np.log(11) / (np.log(11) + np.log(6)), abs=0.1)
    assert study.winner == "risk_averse"


def test_a_trade_through_executes_and_a_canceled_order_is_judged_while_it_was_there() -> None:
    data = flow(
        *OPEN,
        (5, 1, 98, 1, 4),
        (7, 1, 99, 5, 3),
        (8, 1, 98, 1, 4),  # prints below: whoever waits at 99 must have been executed
    )
    study = rt.fill_study(data, models=["risk_averse"], horizons=["1s"])
    orders = study.orders.set_index("order_id")
    assert orders.loc[3, "ts_canceled"] == 500 * MS
    assert orders["ts_filled"].isna().all()
    assert study.table["predicted"].tolist() == [0.5]
    assert study.table["brier"].tolist() == [0.5]


def test_equal_seeds_equal_results_and_a_choice_is_a_part() -> None:
    rng = np.random.default_rng(3)
    lines = [(5, -1, 110, 9, 9_999)]
    for order in range(1, 400):
        lines.append((5, 1, 99, int(rng.integers(1, 9)), order))
        if order > 20 and rng.random() < 0.5:
            lines.append((7, 1, 99, 0, order - int(rng.integers(0, 15))))
    data = flow(*lines)
    one, two = rt.fill_study(data, seed=5), rt.fill_study(data, seed=5)
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.calibration, two.calibration)
    part = rt.fill_study(data, max_orders=100)
    assert 50 < part.n_orders < 150 < one.n_orders


def test_what_cannot_be_judged_is_refused() -> None:
    data = flow(*OPEN)
    depth = rt.data.sample("btcusdt_l2")
    cases: list[tuple[Any, dict[str, Any], type[Exception]]] = [
        (depth, {}, DataError),
        ([1, 2], {}, DataError),
        (flow(OPEN[0]), {}, DataError),
        (data, {"symbol": "B"}, DataError),
        (data, {"models": ["lifo"]}, ParameterError),
        (data, {"models": []}, ParameterError),
        (data, {"models": ["power(9)"]}, ParameterError),
        (data, {"horizons": []}, ParameterError),
        (data, {"horizons": ["soon"]}, ParameterError),
        (data, {"draws": 0}, ParameterError),
        (data, {"max_orders": -1}, ParameterError),
        (data, {"seed": 1.5}, ParameterError),
    ]
    for source, settings, error in cases:
        with pytest.raises(error):
            rt.fill_study(source, **settings)


@pytest.mark.skipif(not GOOG.exists(), reason="the shared recordings are not here")
def test_a_whole_day_of_lobster() -> None:
    study = rt.fill_study(rt.data.load(GOOG))
    table = study.table.set_index(["model", "horizon"])
    exact = rt.fill_study(rt.data.load(GOOG), models=["fifo"]).table
    assert exact["brier"].max() < table["brier"].min()
    assert study.n_orders > 5_000
    assert (table["brier"] < 0.002).all()
    assert (table["skill"] > 0.95).all()


@pytest.mark.skipif(not ES.exists(), reason="the shared recordings are not here")
def test_a_day_of_futures_says_that_who_cancels_stands_behind() -> None:
    pytest.importorskip("pyarrow", reason="zstandard files need pyarrow")
    study = rt.fill_study(rt.data.load(ES))
    brier = study.table.groupby("model")["brier"].mean()
    assert study.winner == "risk_averse"
    assert brier["risk_averse"] * 1.5 < brier.drop("risk_averse").min()
