"""Bars from trades: naive twins, pandas, stream equals batch, sessions, refusals by name."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from py_rt.bars import (
    BarRow,
    BarTable,
    DollarBars,
    ImbalanceBars,
    RunsBars,
    TickBars,
    TimeBars,
    VolumeBars,
)
from py_rt.errors import DataError, ParameterError

NS = 1_000_000_000
START = 1_700_000_000 * NS + 123_456_789


def trades(n: int = 3_000, seed: int = 3, sided: bool = True) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    ts = START + np.cumsum(random.exponential(0.4 * NS, n)).astype(np.int64)
    ts[n // 2 :] += 400 * NS  # a silence of many intervals
    ts[10:14] = ts[10]  # several trades in one instant
    price = (100 + random.normal(0, 0.05, n).cumsum()).round(2)
    table = pd.DataFrame({"ts": ts, "price": price, "qty": random.integers(1, 50, n) / 10})
    # Order flow that leans one way for a while, as it does.
    lean = 0.5 + 0.4 * np.sin(np.arange(n) / 150)
    table["side"] = np.where(random.uniform(size=n) < lean, "buy", "sell") if sided else ""
    return table


def streamed(builder: Any, table: pd.DataFrame) -> list[BarRow]:
    closed = []
    for row in table.itertuples(index=False):
        closed += builder.update(row)
    return closed


def rows_of(table: BarTable) -> list[tuple[Any, ...]]:
    columns = [getattr(table, field.name).tolist() for field in fields(table)]
    return list(zip(*columns, strict=True))


BUILDERS = {
    "time": lambda: TimeBars("1s", "5s", "1min"),
    "tick": lambda: TickBars(17),
    "volume": lambda: VolumeBars(40.0),
    "dollar": lambda: DollarBars(9_000.0),
    **{
        f"{kind.__name__} {measure}": (
            lambda kind=kind, measure=measure: kind(measure, 30, span=5, count_max=400)
        )
        for kind in (ImbalanceBars, RunsBars)
        for measure in ("tick", "volume", "dollar")
    },
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("sided", [True, False])
def test_stream_equals_batch_to_the_last_bit(name: str, sided: bool) -> None:
    table = trades(sided=sided)
    builder = BUILDERS[name]()
    batch = builder.batch(table)
    assert len(batch) > 20
    closed = streamed(builder, table)
    assert [tuple(row) for row in closed] == rows_of(batch)
    rest = builder.finish()
    whole = builder.batch(table, partial=True)
    assert [tuple(row) for row in closed + rest] == rows_of(whole)
    if name != "time":
        assert whole.n_trades.sum() == len(table)
    assert streamed(builder, table) == closed, "finish begins anew"


def test_time_bars_are_those_of_pandas() -> None:
    table = trades()
    for frame, rule in (("1s", "1s"), ("5s", "5s"), ("1min", "1min"), ("250ms", "250ms")):
        bars = TimeBars(frame).batch(table, partial=True)
        indexed = table.set_index(pd.to_datetime(table["ts"], unit="ns", utc=True))
        resampled = indexed["price"].resample(rule, label="right").ohlc()
        resampled["volume"] = indexed["qty"].resample(rule, label="right").sum()
        resampled["count"] = indexed["qty"].resample(rule, label="right").count()
        resampled = resampled[resampled["count"] > 0]
        np.testing.assert_array_equal(bars.ts_close, resampled.index.as_unit("ns").asi8)
        for column in ("open", "high", "low", "close"):
            np.testing.assert_array_equal(getattr(bars, column), resampled[column])
        np.testing.assert_allclose(bars.volume, resampled["volume"], rtol=1e-13)
        np.testing.assert_array_equal(bars.n_trades, resampled["count"])
        bought = indexed["qty"].where(indexed["side"] == "buy", 0.0)
        buys = bought.resample(rule, label="right").sum()
        np.testing.assert_allclose(bars.buy_volume, buys[resampled.index], rtol=1e-12)


def test_many_frames_are_each_of_them() -> None:
    table = trades()
    together = TimeBars("1s", "5s", "1min").batch(table)
    for frame in ("1s", "5s", "1min"):
        alone = TimeBars(frame).batch(table)
        assert rows_of(together.select(frame)) == rows_of(alone)
    order = list(zip(together.ts_close.tolist(), together.frame.tolist(), strict=True))
    assert order == sorted(order), "in the order of their close, short ones first"


def naive_time_bars(table: pd.DataFrame, frame: int, sessions: list[tuple[int, int]]) -> list:
    groups: dict[tuple[int, int], list] = {}
    for ts, price, qty in zip(table["ts"], table["price"], table["qty"], strict=True):
        for opened, closed in sessions:
            if opened <= ts < closed:
                start = opened + (ts - opened) // frame * frame
                groups.setdefault((start, min(start + frame, closed)), []).append((price, qty))
    return [
        (start, end, rows[0][0], max(p for p, _ in rows), min(p for p, _ in rows), rows[-1][0],
         len(rows))
        for (start, end), rows in groups.items()
    ]  # fmt: skip


def test_sessions_begin_and_end_bars() -> None:
    table = trades()
    first = int(table["ts"].iloc[0])
    sessions = [(first + 20 * NS + 7, first + 95 * NS), (first + 95 * NS, first + 300 * NS + 1),
                (first + 700 * NS, first + 2_000 * NS)]  # fmt: skip
    for frame in (NS, 7 * NS, 60 * NS, 3_600 * NS):
        builder = TimeBars(frame, sessions=sessions)
        table_ = builder.batch(table, partial=True)
        found = [(row[0], row[1], *row[3:7], row[10]) for row in rows_of(table_)]
        assert found == naive_time_bars(table, frame, sessions)
        assert [tuple(row) for row in streamed(builder, table) + builder.finish()] == rows_of(
            table_
        )
        assert (table_.ts_close - table_.ts_open <= frame).all()
    as_text = TimeBars("1min", sessions=[("2023-11-14T22:13:00Z", "2023-11-14T22:20:00Z")])
    assert len(as_text.batch(table)) > 0


def test_time_passes_without_a_trade() -> None:
    bars = TimeBars("1s", "5s")
    assert bars.update(2 * NS + 1, 10.0, 1.0) == []
    assert bars.advance(3 * NS - 1) == []
    assert [row.frame for row in bars.advance(3 * NS)] == [NS]
    assert [row.frame for row in bars.advance(9 * NS)] == [5 * NS]
    assert bars.advance(20 * NS) == []
    with pytest.raises(DataError, match="before"):
        bars.update(19 * NS, 10.0, 1.0)


@pytest.mark.parametrize(
    ("builder", "amount"),
    [
        (TickBars, lambda table: np.ones(len(table))),
        (VolumeBars, lambda table: table["qty"].to_numpy()),
        (DollarBars, lambda table: (table["price"] * table["qty"]).to_numpy()),
    ],
)
def test_activity_bars_are_those_of_a_naive_twin(builder: Any, amount: Any) -> None:
    table = trades()
    amounts = amount(table)
    for size in (amounts[:3].sum(), amounts.mean() * 40, amounts.max() * 200):
        ends, done = [], 0.0
        for i, x in enumerate(amounts):
            done += x
            if done >= size:
                ends.append(i)
                done = 0.0
        bars = builder(size).batch(table)
        np.testing.assert_array_equal(bars.ts_close, table["ts"].to_numpy()[ends])
        starts = [0, *(i + 1 for i in ends[:-1])]
        for k, (a, b) in enumerate(zip(starts, ends, strict=True)):
            part = table.iloc[a : b + 1]
            assert bars.high[k] == part["price"].max()
            assert bars.open[k] == part["price"].iloc[0]
            assert bars.n_trades[k] == len(part)
            np.testing.assert_allclose(bars.value[k], (part["price"] * part["qty"]).sum())


def signs_of(table: pd.DataFrame) -> np.ndarray:
    known = table["side"].map({"buy": 1.0, "sell": -1.0, "": np.nan}).to_numpy()
    signs, last, sign = [], None, 0.0
    for price, side in zip(table["price"], known, strict=True):
        if not np.isnan(side):
            sign = side
        elif last is not None and price != last:
            sign = 1.0 if price > last else -1.0
        last = price
        signs.append(sign)
    return np.array(signs)


def naive_information(
    signs: np.ndarray, amounts: np.ndarray, runs: bool, count: float, span: float, top: float
) -> list[int]:
    """Ends of the bars, written down from the book: everything anew for every trade."""
    weight = 2 / (span + 1)

    def ewm(values: list[float]) -> float:
        average = values[0]
        for x in values[1:]:
            average = (1 - weight) * average + weight * x
        return average

    ends: list[int] = []
    expected, shares, buys, sells, means = count, [], [], [], []
    start = 0
    for i in range(len(signs)):
        b, v = signs[start : i + 1], amounts[start : i + 1]
        bought, sold = v[b > 0].sum(), v[b < 0].sum()
        if not ends:
            done = len(b) >= count
        elif runs:
            share = ewm(shares)
            each = max(
                share * (ewm(buys) if buys else 0), (1 - share) * (ewm(sells) if sells else 0)
            )
            done = max(bought, sold) >= expected * each * (1 - 1e-12)
        else:
            done = abs((b * v).sum()) >= expected * abs(ewm(means)) * (1 - 1e-12)
        if done:
            ends.append(i)
            expected = min(max((1 - weight) * expected + weight * len(b), 1), top)
            means.append((b * v).sum() / len(b))
            shares.append((b > 0).sum() / (b != 0).sum())
            if (b > 0).any():
                buys.append(v[b > 0].mean())
            if (b < 0).any():
                sells.append(v[b < 0].mean())
            start = i + 1
    return ends


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("measure", ["tick", "volume", "dollar"])
@pytest.mark.parametrize("sided", [True, False])
def test_information_bars_are_those_of_a_naive_twin(runs: bool, measure: str, sided: bool) -> None:
    table = trades(1_200, seed=9, sided=sided)
    signs = signs_of(table)
    amounts = {
        "tick": np.ones(len(table)),
        "volume": table["qty"].to_numpy(),
        "dollar": (table["price"] * table["qty"]).to_numpy(),
    }[measure]
    kind = RunsBars if runs else ImbalanceBars
    bars = kind(measure, 25, span=6, count_max=120).batch(table)
    ends = naive_information(signs, amounts, runs, 25, 6, 120)
    assert len(ends) > 5
    np.testing.assert_array_equal(bars.n_trades, np.diff([-1, *ends]))
    np.testing.assert_array_equal(bars.ts_close, table["ts"].to_numpy()[ends])


def test_real_trades_go_in_as_they_are() -> None:
    import py_rt.data

    data = py_rt.data.sample("btcusdt_l2")
    frame = data.to_frame("trade")
    bars = TimeBars("1s").batch(data, partial=True)
    grouped = frame.groupby(frame["ts_event"].dt.floor("1s"))
    np.testing.assert_array_equal(bars.high, grouped["price"].max())
    np.testing.assert_array_equal(bars.close, grouped["price"].last())
    np.testing.assert_allclose(bars.volume, grouped["qty"].sum(), rtol=1e-12)
    again = TimeBars("1s").batch(frame.rename(columns={"ts_event": "ts"}), partial=True)
    assert rows_of(again) == rows_of(bars)
    assert list(bars.to_frame().columns) == [field.name for field in fields(BarTable)]
    assert np.isfinite(bars.vwap).all()


def test_a_bar_feeds_an_indicator() -> None:
    from py_rt.indicators import ATR

    atr = ATR(2)
    for row in streamed(TickBars(10), trades(100)):
        atr.update(row)
    assert atr.ready


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (TimeBars, "frames"),
        (lambda: TimeBars("1s", "1000ms"), "frames"),
        (lambda: TimeBars("0s"), "frames"),
        (lambda: TimeBars("fast"), "frames"),
        (lambda: TimeBars("1s", sessions=[(5, 5)]), "sessions"),
        (lambda: TimeBars("1s", sessions=[(0, 10), (5, 20)]), "sessions"),
        (lambda: TickBars(0), "size"),
        (lambda: VolumeBars(float("nan")), "size"),
        (lambda: DollarBars(-1.0), "size"),
        (lambda: ImbalanceBars("bricks"), "measure"),
        (lambda: ImbalanceBars("tick", count=0), "count"),
        (lambda: ImbalanceBars("tick", count=5, count_min=6), "count_min"),
        (lambda: RunsBars("tick", count=5, count_max=4), "count_max"),
        (lambda: RunsBars("tick", span=0.5), "span"),
    ],
)
def test_bad_parameters_are_named(made: Any, field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        made()
    assert caught.value.field == field
    assert caught.value.remedy


def test_bad_trades_are_named_with_their_row() -> None:
    for column, value in (("price", np.nan), ("price", np.inf), ("qty", -1.0), ("qty", np.nan)):
        table = trades(50)
        table.loc[7, column] = value
        with pytest.raises(DataError, match=f"field {column}, row 7"):
            TickBars(3).batch(table)
    table = trades(50)
    table.loc[7, "ts"] = table["ts"][0]
    with pytest.raises(DataError, match="row 7"):
        TickBars(3).batch(table)
    table["side"] = "up"
    with pytest.raises(DataError, match="side"):
        TickBars(3).batch(table)
    with pytest.raises(DataError, match="no column price"):
        TickBars(3).batch(pd.DataFrame({"ts": [1], "qty": [1.0]}))
    naive = pd.to_datetime(trades(20)["ts"])
    with pytest.raises(DataError, match="zone"):
        TickBars(3).batch(pd.DataFrame({"ts": naive, "price": 1.0, "qty": 1.0}))
    bars = TickBars(3)
    bars.update(SimpleNamespace(ts_event=5, price=1.0, qty=2.0, side="buy"))
    with pytest.raises(DataError, match="price"):
        bars.update(6, float("nan"), 1.0)
    with pytest.raises(DataError, match="before"):
        bars.update(4, 1.0, 1.0)
    assert [row.volume for row in bars.finish()] == [2.0], "what is refused changes nothing"
