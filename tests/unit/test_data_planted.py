"""Defects planted into real bars are found at their rows; the same bars without them are clean."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from py_rt import data as data_room
from py_rt.data.calendars import sessions_of
from py_rt.data.quality import QualityReport

pytest.importorskip("exchange_calendars")
FOUR = ["open", "high", "low", "close"]
Plant = Callable[[pd.DataFrame, int], tuple[pd.DataFrame, set[int]]]


@cache
def whole(name: str, symbol: str) -> pd.DataFrame:
    table = data_room.sample(name).select(symbol).to_frame("bar")
    table["ts"] = table.pop("ts_open")
    if name.endswith("daily"):
        table["ts"] = table["ts"].dt.strftime("%Y-%m-%d")
    return table[["symbol", "ts", *FOUR, "volume"]]


SOURCES = [
    ("sp500_daily", "AAPL"),
    ("sp500_daily", "KO"),
    ("sp500_daily", "C"),
    ("us_minute", "NVR"),
    ("us_minute", "AZO"),
]


def found(report: QualityReport) -> dict[str, set[int]]:
    out: dict[str, set[int]] = {}
    for issue in report.issues:
        out.setdefault(issue.kind, set()).update(issue.rows)
    return out


@pytest.mark.parametrize(("name", "symbol"), SOURCES)
def test_clean_bars_raise_no_alarm(name: str, symbol: str) -> None:
    assert found(data_room.check(whole(name, symbol))) == {}


def spike(factor: float) -> Plant:
    def plant(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
        table.loc[at, FOUR] *= factor
        return table, {at}

    return plant


def close_alone(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    table.loc[at, ["close", "high"]] = table.loc[at, "close"] * 1.5
    return table, {at}


def high_alone(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    table.loc[at, "high"] *= 3
    return table, {at}


def split(ratio: float) -> Plant:
    def plant(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
        table.loc[: at - 1, FOUR] *= ratio
        table.loc[: at - 1, "volume"] = (table.loc[: at - 1, "volume"] / ratio).round()
        return table, {at}

    return plant


def stale(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    for name in FOUR:
        table.loc[at : at + 19, name] = table.loc[at, name]
    return table, set(range(at + 1, at + 20))


def copies(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    for name in [*FOUR, "volume"]:
        table.loc[at : at + 5, name] = table.loc[at, name]
    return table, set(range(at + 1, at + 6))


def hole(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    days = pd.to_datetime(table["ts"], utc=True).dt.strftime("%Y-%m-%d")
    gone = days == days[at]
    return table[~gone].reset_index(drop=True), {int(np.flatnonzero(gone)[0])}


def swapped(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    order = list(range(len(table)))
    order[at], order[at + 1] = order[at + 1], order[at]
    return table.iloc[order].reset_index(drop=True), {at + 1}


def twice(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    order = [*range(at + 1), at, *range(at + 1, len(table))]
    return table.iloc[order].reset_index(drop=True), {at + 1}


def twice_otherwise(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    table, rows = twice(table, at)
    table.loc[at + 1, "volume"] += 1
    return table, rows


def value(name: str, new: float) -> Plant:
    def plant(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
        table[name] = table[name].astype(float)
        table.loc[at, name] = new
        return table, {at}

    return plant


def high_low(table: pd.DataFrame, at: int) -> tuple[pd.DataFrame, set[int]]:
    table.loc[at, "high"] = table.loc[at, "low"] * 0.999
    return table, {at}


PLANTS: list[tuple[str, Plant]] = [
    ("outlier", spike(10)),
    ("outlier", spike(0.1)),
    ("outlier", spike(1.5)),
    ("outlier", spike(1.2)),
    ("outlier", close_alone),
    ("outlier", high_alone),
    ("split", split(2)),
    ("split", split(4)),
    ("split", split(7)),
    ("split", split(0.1)),
    ("stale", stale),
    ("stale", copies),
    ("gap", hole),
    ("disorder", swapped),
    ("duplicate", twice),
    ("duplicate", twice_otherwise),
    ("nan", value("close", np.nan)),
    ("nan", value("volume", np.inf)),
    ("nonpositive", value("open", 0.0)),
    ("nonpositive", value("low", -1.0)),
    ("nonpositive", value("volume", -5.0)),
    ("ohlc", high_low),
]
FOLLOWS = {"nonpositive": {"ohlc"}, "nan": set[str](), "outlier": {"ohlc", "split"}}


@pytest.mark.parametrize("place", [0.31, 0.47, 0.72])
@pytest.mark.parametrize(("name", "symbol"), SOURCES)
@pytest.mark.parametrize(("kind", "plant"), PLANTS, ids=lambda v: getattr(v, "__name__", v))
def test_planted_defects(kind: str, plant: Plant, name: str, symbol: str, place: float) -> None:
    table = whole(name, symbol).copy()
    defective, rows = plant(table, int(len(table) * place))
    seen = found(data_room.check(defective))
    assert seen.get(kind) == rows, seen
    assert set(seen) - {kind} <= FOLLOWS.get(kind, set()), seen


def test_hours_are_missing() -> None:
    table = whole("us_minute", "NVR")
    local = pd.to_datetime(table["ts"]).dt.tz_convert("America/New_York")
    inside = (local.dt.day == 17) & (local.dt.hour.isin([12, 13]))
    defective = table[~inside].reset_index(drop=True)
    seen = found(data_room.check(defective))
    assert seen == {"gap": {int(np.flatnonzero(inside)[0])}}


def around_the_clock() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    close = 40_000 * np.exp(np.cumsum(4e-4 * rng.standard_normal(10 * 1440)))
    close = close.round(2)
    opened = np.concatenate([close[:1], close[:-1]])
    return pd.DataFrame(
        {
            "ts": pd.date_range("2024-03-07", periods=close.size, freq="1min", tz="UTC"),
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
            "volume": rng.integers(1, 50, close.size),
        }
    )


def test_a_market_that_never_closes_misses_every_minute() -> None:
    table = around_the_clock()
    report = data_room.check(table)
    assert report.issues == ()
    assert report.facts["calendar"] == "24/7"
    for gone in ([5000], [5000, 5001, 5002], list(range(4000, 5440))):
        seen = found(data_room.check(table.drop(gone).reset_index(drop=True)))
        assert seen == {"gap": {gone[0]}}


def winter(**more: Any) -> pd.DataFrame:
    """Minutes of regular sessions around a half day, a holiday and a clock change."""
    begin, end = (pd.Timestamp(day, tz="UTC").value for day in ("2023-11-01", "2024-04-01"))
    sessions = sessions_of("XNYS", begin, end)
    stamps = [
        pd.date_range(first, last, freq="5min", inclusive="left", unit="ns")
        for first, last in zip(
            pd.to_datetime(sessions.opens, utc=True),
            pd.to_datetime(sessions.closes, utc=True),
            strict=True,
        )
    ]
    ts = stamps[0].append(stamps[1:])
    rng = np.random.default_rng(12)
    close = (100 * np.exp(np.cumsum(5e-4 * rng.standard_normal(len(ts))))).round(2)
    return pd.DataFrame(
        {"ts": ts, "open": close, "high": close, "low": close, "close": close, **more}
    ).assign(volume=rng.integers(100, 999, len(ts)))


def test_half_days_holidays_and_clock_changes_are_no_gaps() -> None:
    table = winter()
    report = data_room.check(table)
    assert report.issues == ()
    assert report.facts["calendar"] == "XNYS"
    seen = found(data_room.check(table.drop([777]).reset_index(drop=True)))
    assert seen == {"gap": {777}}


def test_local_time_that_claims_to_be_utc() -> None:
    table = winter()
    wall = table.assign(ts=table["ts"].dt.tz_convert("America/New_York").dt.tz_localize(None))
    assert found(data_room.check(wall, tz="America/New_York")) == {}
    report = data_room.check(wall, tz="UTC", bar_stamp="open")
    assert "timezone" in found(report)
    assert "local time" in next(i.message for i in report.issues if i.kind == "timezone")
    moved = table.assign(ts=table["ts"] + pd.Timedelta(hours=3))
    report = data_room.check(moved, bar_stamp="open")
    assert "-3 h" in next(i.message for i in report.issues if i.kind == "timezone")


def test_some_rows_of_another_zone() -> None:
    table = winter()
    local = table["ts"].dt.tz_convert("America/New_York")
    block = np.flatnonzero((local.dt.strftime("%Y-%m-%d") == "2024-01-17").to_numpy())
    table.loc[block, "ts"] += pd.Timedelta(hours=5)
    seen = found(data_room.check(table, bar_stamp="open"))
    late = table["ts"].dt.tz_convert("America/New_York").dt.hour >= 16
    assert seen["timezone"] == set(np.flatnonzero(late).tolist())


@pytest.mark.parametrize("pair", ["EURUSD", "GBP/USD"])
def test_currencies_end_their_week_at_five_in_new_york(pair: str) -> None:
    stamps = pd.date_range("2024-01-08", "2024-01-12 21:59", freq="1min", tz="UTC")
    table = pd.DataFrame({"symbol": pair, "ts": stamps, "close": 1.1})
    table["close"] += np.random.default_rng(3).standard_normal(len(table)).round(5) * 1e-5
    kinds = set(found(data_room.check(table, bar_stamp="open")))
    assert "timezone" not in kinds
    table["ts"] -= pd.Timedelta(hours=5)
    assert "timezone" in found(data_room.check(table, bar_stamp="open"))


def test_a_stray_symbol_in_the_middle() -> None:
    table = whole("sp500_daily", "KO").copy()
    table.loc[[500, 501], "symbol"] = "PEP"
    assert found(data_room.check(table))["mixed_symbols"] == {500, 501}


def test_filled_holidays_are_stale() -> None:
    table = data_room.sample("sp500_daily").to_frame("bar")
    table["ts"] = table.pop("ts_open").dt.strftime("%Y-%m-%d")
    table = table[["symbol", "ts", *FOUR, "volume"]]
    day = table[table["ts"] == "2015-07-02"].assign(ts="2015-07-03", volume=0)
    both = pd.concat([table, day], ignore_index=True)
    both = both.sort_values("ts", kind="stable").reset_index(drop=True)
    assert found(data_room.check(both))["stale"] == set(np.flatnonzero(both["ts"] == "2015-07-03"))
