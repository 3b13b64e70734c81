"""Planted defects: each is found, named with its row, and mended only when asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from py_rt import data as data_room
from py_rt.data.quality import QualityReport
from py_rt.errors import DataError

N = 60


def bars(n: int = N) -> pd.DataFrame:
    close = 100 + np.round(np.sin(np.arange(n)) * 2, 2)
    opened = np.append(100.0, close[:-1])
    return pd.DataFrame(
        {
            "symbol": "S",
            "ts": pd.bdate_range("2024-01-01", periods=n).strftime("%Y-%m-%d"),
            "open": opened,
            "high": np.maximum(opened, close) + 0.5,
            "low": np.minimum(opened, close) - 0.5,
            "close": close,
            "volume": np.arange(n) + 1.0,
        }
    )


def planted(row: int, column: str, value: Any) -> pd.DataFrame:
    table = bars()
    if column in ("ts", "symbol"):
        table[column] = table[column].astype(object)
    table.loc[row, column] = value
    return table


DEFECTS = [
    ("nan", planted(17, "close", np.nan), 17, "close"),
    ("nan", planted(3, "volume", np.inf), 3, "volume"),
    ("nan", planted(5, "ts", None), 5, "ts"),
    ("nonpositive", planted(9, "low", -1.0), 9, "low"),
    ("nonpositive", planted(9, "volume", -1.0), 9, "volume"),
    ("ohlc", planted(11, "high", 90.0), 11, "high"),
    ("ohlc", planted(11, "low", float(bars()["high"][11]) - 0.25), 11, "low"),
    ("disorder", bars().iloc[[0, 2, 1, *range(3, N)]].reset_index(drop=True), 2, "ts"),
    ("duplicate", planted(8, "ts", bars()["ts"][7]), 8, "ts"),
]


@pytest.mark.parametrize(("kind", "table", "row", "column"), DEFECTS)
def test_defect_is_refused_with_row_and_remedy(
    kind: str, table: pd.DataFrame, row: int, column: str
) -> None:
    with pytest.raises(DataError) as caught:
        data_room.load(table)
    assert caught.value.where["kind"] == kind
    assert caught.value.where["row"] == row
    assert caught.value.field == column
    assert caught.value.remedy
    report = data_room.check(table)
    assert not report.ok
    assert (report.issues[0].kind, report.issues[0].rows) == (kind, (row,))
    assert report.issues[0].severity == "error"


@pytest.mark.parametrize(("kind", "table", "row", "column"), DEFECTS)
def test_defect_is_repaired_on_request_and_noted(
    kind: str, table: pd.DataFrame, row: int, column: str
) -> None:
    data = data_room.load(table, quality="repair")
    dropped = kind in ("nan", "nonpositive", "duplicate")
    assert len(data) == N - int(dropped)
    words = {"ohlc": "widened", "disorder": "sorted"}
    assert any(words.get(kind, "dropped") in note for note in data.notes)
    table = data.to_frame()
    assert (table["high"] >= table[["open", "close", "low"]].max(axis=1)).all()
    assert data_room.check(table.drop(columns="ts_close").rename(columns={"ts_open": "ts"})).ok
    assert row >= 0
    assert column


def test_warn_drops_only_what_cannot_be_represented() -> None:
    table = planted(11, "high", 90.0)
    table.loc[17, "close"] = np.nan
    data = data_room.load(table, quality="warn")
    assert len(data) == N - 1
    assert data.to_frame()["high"].min() == 90.0
    assert any("1 rows dropped" in note for note in data.notes)


def test_clean_table_has_no_issue() -> None:
    report = data_room.check(bars())
    assert report.issues == ()
    assert report.ok
    assert report.facts["rows"] == N


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("mixed_symbols", planted(4, "symbol", " ")),
        ("timezone", planted(4, "ts", "2024-01-05T00:00:00+00:00")),
        ("naive_time", bars().assign(ts=pd.date_range("2024-01-01 09:30", periods=N, freq="1min"))),
        ("schema", bars().drop(columns=["low"])),
        ("schema", planted(4, "close", 1.0).astype({"close": object}).assign(close="1,000.5")),
        ("empty", bars().iloc[:0]),
    ],
)
def test_structure_is_refused_whatever_the_quality(kind: str, table: pd.DataFrame) -> None:
    assert [issue.kind for issue in data_room.check(table).issues] == [kind]
    for quality in ("refuse", "warn", "repair"):
        with pytest.raises(DataError) as caught:
            data_room.load(table, quality=quality)  # type: ignore[arg-type]
        assert caught.value.where["kind"] == kind


def jump(row: int, factor: float, to: int | None = None) -> pd.DataFrame:
    table = bars()
    for name in ("open", "high", "low", "close"):
        values = table[name].to_numpy(copy=True)
        values[row:to] = np.round(values[row:to] * factor, 2)
        table[name] = values
    return table


@pytest.mark.parametrize(
    ("kind", "table", "row"),
    [
        ("split", jump(30, 0.5), 30),
        ("split", jump(30, 3.0), 30),
        ("outlier", jump(30, 1.9, 31), 30),
        ("gap", bars(200).drop(index=range(100, 120)).reset_index(drop=True), 100),
    ],
)
def test_oddities_warn_but_load(kind: str, table: pd.DataFrame, row: int) -> None:
    report = data_room.check(table)
    assert report.ok
    assert (kind, row) in [(issue.kind, issue.rows[0]) for issue in report.warnings]
    assert len(data_room.load(table)) == len(table)
    assert any(note.startswith(kind) for note in data_room.load(table).notes)


def test_stale_bars_are_noticed() -> None:
    table = bars(200)
    table.loc[20:40, ["open", "high", "low", "close"]] = 100.0
    assert "stale" in [issue.kind for issue in data_room.check(table).issues]


def quotes(**more: Any) -> pd.DataFrame:
    n = 5
    return pd.DataFrame(
        {
            "symbol": "Q",
            "ts_event": pd.date_range("2024-01-02T14:30Z", periods=n, freq="1s"),
            "bid_price": np.full(n, 10.0),
            "bid_qty": np.full(n, 3.0),
            "ask_price": np.full(n, 10.1),
            "ask_qty": np.full(n, 4.0),
            **more,
        }
    )


def test_crossed_quotes() -> None:
    table = quotes(bid_price=[10, 10, 10.2, 10, 10.1])
    with pytest.raises(DataError, match=r"crossed quote: bid 10.2 > ask 10.1") as caught:
        data_room.load(table)
    assert caught.value.where["row"] == 2
    report = data_room.check(table)
    assert [(i.kind, i.severity, i.rows) for i in report.issues] == [
        ("crossed", "error", (2,)),
        ("crossed", "warning", (4,)),
    ]
    assert len(data_room.load(table, quality="repair")) == 8


def test_a_quote_without_price_is_a_defect_unless_the_side_is_absent() -> None:
    table = quotes(bid_price=[10, 10, np.nan, 10, 10])
    with pytest.raises(DataError, match="bid_price is NaN"):
        data_room.load(table)
    table.loc[2, "bid_qty"] = 0
    assert len(data_room.load(table)) == 10


def test_trades_need_positive_amounts() -> None:
    table = pd.DataFrame({"ts": quotes()["ts_event"], "price": 1.5, "qty": [1, 0, 1, 1, 1]})
    with pytest.raises(DataError, match="qty is not positive") as caught:
        data_room.load(table)
    assert caught.value.where["row"] == 1


def test_symbols_that_differ_in_case_warn() -> None:
    table = planted(4, "symbol", "s")
    assert "mixed_symbols" in [issue.kind for issue in data_room.check(table).warnings]
    spaced = planted(4, "symbol", " S ")
    assert data_room.load(spaced).symbols == ("S",)


def test_report_reads_well() -> None:
    report = data_room.check(planted(17, "close", np.nan))
    text = repr(report)
    assert isinstance(report, QualityReport)
    for word in ("refused", "nan", "rows 17", "close is NaN", "->"):
        assert word in text
    assert report.to_dict()["issues"][0]["rows"] == (17,)
    assert list(report.to_frame()["kind"]) == ["nan"]


def test_several_errors_are_counted() -> None:
    table = planted(11, "high", 90.0)
    table.loc[17, "close"] = np.nan
    with pytest.raises(DataError, match="1 more issues"):
        data_room.load(table)
