"""Loading tables and files: columns, times, bar stamps, instruments, formats."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_rt import data as data_room
from py_rt.errors import DataError, ParameterError
from py_rt.market import CLEAR, DEPTH, FLAG_END, FLAG_INVALID, SNAPSHOT, TRADE, Instrument

DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
OPENING = pd.Timestamp("2024-01-02 09:30", tz="America/New_York")


def daily(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": ["2024-01-02", "2024-01-03", "2024-01-04"],
            "Open": [10.0, 10.5, 11.0],
            "High": [11.0, 11.25, 11.5],
            "Low": [9.5, 10.25, 10.75],
            "Close": [10.5, 11.0, 11.25],
            "Volume": [100, 200, 300],
            **more,
        }
    )


def minutes(n: int = 390, start: Any = OPENING, every: str = "1min") -> pd.DataFrame:
    close = 100 + np.arange(n) * 0.01
    stamps = pd.date_range(start, periods=n, freq=every)
    columns = {"open": close, "high": close, "low": close, "close": close, "volume": 1.0}
    return pd.DataFrame({"timestamp": stamps, **columns})


def test_daily_bars_are_session_dates() -> None:
    data = data_room.load(daily(), symbols="ABC")
    bars = data.bars()
    first = pd.Timestamp("2024-01-02", tz="UTC").value
    assert bars["ts_open"][0] == first
    assert bars["ts_close"][0] == first + DAY
    assert bars["high"].tolist() == [1100, 1125, 1150]
    assert data.instruments[0] == Instrument("ABC", tick_size="0.01", lot_size="1")
    assert any("Open -> open" in note for note in data.notes)


@pytest.mark.parametrize(
    "stamps",
    [
        pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-04"]),
        [dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 1, 4)],
        [20240102, 20240103, 20240104],
        ["20240102", "20240103", "20240104"],
        ["01/02/2024", "01/03/2024", "01/14/2024"],
        ["2/01/2024", "3/01/2024", "14/01/2024"],
    ],
)
def test_ways_to_write_dates(stamps: Any) -> None:
    data = data_room.load(daily(Date=stamps))
    assert data.bars()["ts_open"][:2].tolist() == [19724 * DAY, 19725 * DAY]


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_numbers_are_epochs_of_any_unit(factor: int) -> None:
    seconds = np.array([1_704_205_800, 1_704_205_860, 1_704_205_920])
    table = daily(Date=seconds * factor)
    data = data_room.load(table)
    assert data.bars()["ts_open"].tolist() == (seconds * 10**9).tolist()


def test_zoned_text_and_mixed_offsets() -> None:
    stamps = ["2024-03-08T09:30:00-05:00", "2024-03-11T09:30:00-04:00", "2024-03-12T09:30:00-04:00"]
    data = data_room.load(daily(Date=stamps))
    assert [pd.Timestamp(int(ts)).hour for ts in data.bars()["ts_open"]] == [14, 13, 13]
    assert data_room.check(daily(Date=stamps)).issues == ()
    far = ["2024-03-08T09:30:00-05:00", "2024-03-11T09:30:00+01:00", "2024-03-12T09:30:00-05:00"]
    report = data_room.check(daily(Date=far), bar_stamp="open")
    assert [(issue.kind, issue.severity) for issue in report.issues] == [("timezone", "warning")]


def test_index_is_a_time_column() -> None:
    table = daily().drop(columns="Date")
    table.index = pd.date_range("2024-01-02", periods=3, tz="America/New_York")
    data = data_room.load(table)
    assert data.bars()["ts_open"][0] == OPENING.normalize().value
    named = daily().assign(Date=pd.to_datetime(daily()["Date"])).set_index("Date")
    assert data_room.load(named).bars()["ts_close"][0] == 19725 * DAY


def test_naive_times_need_a_zone() -> None:
    table = minutes()
    table["timestamp"] = table["timestamp"].dt.tz_localize(None)
    for source in (table, table.assign(timestamp=table["timestamp"].astype(str))):
        with pytest.raises(DataError, match="no time zone") as caught:
            data_room.load(source)
        assert caught.value.field == "timestamp"
        assert "tz_localize" in caught.value.remedy
        assert 'tz="America/New_York"' in caught.value.remedy
        data = data_room.load(source, tz="America/New_York")
        assert data.bars()["ts_open"][0] == OPENING.value
    with pytest.raises(DataError, match="Mars"):
        data_room.load(table, tz="Mars/Olympus")


def test_split_date_and_time_columns() -> None:
    table = minutes(3)
    local = table["timestamp"].dt.tz_localize(None)
    table = table.drop(columns="timestamp").assign(
        date=local.dt.strftime("%Y-%m-%d"), time=local.dt.strftime("%H:%M")
    )
    data = data_room.load(table, tz="America/New_York", bar_stamp="open")
    assert data.bars()["ts_open"][0] == OPENING.value


@pytest.mark.parametrize(("shift", "stamp"), [(0, "open"), (1, "close")])
def test_bar_stamp_is_guessed_at_the_edges(shift: int, stamp: str) -> None:
    table = minutes()
    table["timestamp"] += pd.Timedelta(minutes=shift)
    data = data_room.load(table)
    assert data.bars()["ts_open"][0] == OPENING.value
    assert (data.bars()["ts_close"] - data.bars()["ts_open"] == MINUTE).all()
    assert data_room.check(table).facts["bar_stamp"] == stamp


def test_unknown_stamp_is_taken_late_with_a_warning() -> None:
    table = minutes(30, pd.Timestamp("2024-01-03 03:17", tz="UTC"))
    report = data_room.check(table)
    assert [issue.kind for issue in report.issues] == ["bar_stamp"]
    assert report.ok
    bars = data_room.load(table).bars()
    assert bars["ts_close"][0] == table["timestamp"].iloc[0].value + MINUTE
    closed = data_room.load(table, bar_stamp="close").bars()
    assert closed["ts_close"][0] == table["timestamp"].iloc[0].value


def test_unknown_stamp_is_refused_where_it_matters() -> None:
    start = pd.Timestamp("2024-01-03 03:17", tz="UTC")
    both = pd.concat(
        [
            minutes(30, start).assign(symbol="A"),
            minutes(30, start, "5min").assign(symbol="B"),
        ]
    )
    with pytest.raises(DataError, match="open or close") as caught:
        data_room.load(both)
    assert 'bar_stamp="open"' in caught.value.remedy
    assert len(data_room.load(both, bar_stamp="open")) == 60
    weekly = daily(Date=["2024-01-05", "2024-01-12", "2024-01-19"])
    with pytest.raises(DataError, match="open or close"):
        data_room.load(weekly)


def test_bars_never_outlast_the_next() -> None:
    table = daily(Date=["2024-01-31", "2024-02-29", "2024-03-31"])
    bars = data_room.load(table, bar_stamp="close").bars()
    assert bars["ts_close"].tolist() == [19753 * DAY, 19782 * DAY, 19813 * DAY]
    assert (bars["ts_open"][1:] >= bars["ts_close"][:-1]).all()


def test_sparse_bars_last_one_step() -> None:
    bars = data_room.load(minutes().iloc[[0, 1, 2, 3, 60, 61, 389]]).bars()
    assert (bars["ts_close"] - bars["ts_open"] == MINUTE).all()


def test_closes_only() -> None:
    data = data_room.load(daily()[["Date", "Close"]])
    assert (data.bars()["open"] == data.bars()["close"]).all()
    assert any("closes only" in note for note in data.notes)


def test_missing_columns_are_listed() -> None:
    with pytest.raises(DataError, match="missing low") as caught:
        data_room.load(daily().drop(columns="Low"))
    text = str(caught.value)
    assert "Date, Open, High, Close, Volume" in text
    assert "symbol ts open high low close volume" in text
    with pytest.raises(DataError, match="missing ts"):
        data_room.load(daily().drop(columns="Date"))
    with pytest.raises(DataError, match="no kind of table fits"):
        data_room.load(pd.DataFrame({"a": [1]}))
    renamed = daily().rename(columns={"Low": "lowest"})
    assert len(data_room.load(renamed, columns={"low": "lowest"})) == 3
    with pytest.raises(DataError, match="fits nothing"):
        data_room.load(daily(), columns={"low": "lowest"})


def test_symbols_choose_and_start_end_cut() -> None:
    table = pd.concat([daily().assign(ticker="B"), daily().assign(ticker="A")])
    data = data_room.load(table)
    assert data.symbols == ("A", "B")
    assert data.bars()["instrument"].tolist() == [0, 1, 0, 1, 0, 1]
    part = data_room.load(table, symbols=["B"], start="2024-01-03", end="2024-01-04")
    assert part.symbols == ("B",)
    assert part.bars()["open"].tolist() == [1050]
    with pytest.raises(DataError, match="A, B"):
        data_room.load(table, symbols="C")


def test_mapping_of_tables() -> None:
    data = data_room.load({"B": daily(), "A": daily(Open=[10.001, 10.5, 11])})
    assert data.symbols == ("A", "B")
    assert [i.tick_size for i in data.instruments] == ["0.001", "0.01"]


def test_instruments_override() -> None:
    given = {"ABC": {"tick_size": "0.25", "asset_class": "future"}}
    data = data_room.load(daily(), symbols="ABC", instruments=given)
    assert data.instruments[0].tick_size == "0.25"
    assert data.bars()["open"].tolist() == [40, 42, 44]
    with pytest.raises(DataError, match=r"not a multiple of tick_size 0\.5") as caught:
        data_room.load(daily(), symbols="ABC", instruments=[Instrument("ABC", tick_size="0.5")])
    assert caught.value.where["row"] == 1
    with pytest.raises(ParameterError, match="colour"):
        data_room.load(daily(), symbols="ABC", instruments={"ABC": {"colour": "red"}})


def test_long_tails_are_rounded_with_a_note() -> None:
    data = data_room.load(daily(Open=[10 + 1 / 3, 10.5, 11.0]))
    assert data.instruments[0].tick_size == "0.000000001"
    assert data.bars()["open"][0] == 10333333333
    assert any("rounded to 9" in note for note in data.notes)


def test_trades_and_quotes() -> None:
    ts = pd.to_datetime([1, 2, 3], unit="s", utc=True)
    columns = {"ts": ts, "Price": [1.5, 1.25, 1.5], "Size": [10, 20, 30]}
    trades = pd.DataFrame({**columns, "side": ["buy", "S", None]})
    rows = data_room.load(trades, symbols="T").events()
    assert rows["side"].tolist() == [1, -1, 0]
    assert rows["price"].tolist() == [150, 125, 150]
    assert (rows["flags"] == FLAG_END).all()
    quotes = pd.DataFrame({"ts": ts, "bid": [1.0, 1.0, np.nan], "ask": [1.1, 1.2, 1.2]})
    quotes = quotes.assign(bidsize=[5, 5, 0], asksize=[1, 2, 3])
    rows = data_room.load(quotes, symbols="Q").events()
    assert rows["side"].tolist() == [1, -1] * 3
    assert rows["flags"].tolist() == [0, FLAG_END] * 3
    assert rows["qty"].tolist() == [5, 1, 5, 2, 0, 3]
    with pytest.raises(DataError, match="'up' is unknown"):
        data_room.load(trades.assign(side="up"))


def level2() -> pd.DataFrame:
    rows = [
        ("depth", 1, "buy", 9.0, 1.0),
        ("clear", 2, None, np.nan, np.nan),
        ("snapshot", 2, "buy", 10.0, 1.0),
        ("snapshot", 2, "sell", 10.5, 2.0),
        ("trade", 3, "sell", 10.0, 0.5),
        ("depth", 3, "buy", 10.0, 0.5),
        ("depth", 3, "buy", 9.5, 4.0),
        ("depth", 4, "sell", 10.5, 0.0),
    ]
    table = pd.DataFrame(rows, columns=["kind", "ts_event", "side", "price", "qty"])
    table["ts_event"] = pd.to_datetime(table["ts_event"] * 10**18, utc=True)
    return table.assign(symbol="L")


def test_level2_tables_find_their_messages() -> None:
    data = data_room.load(level2())
    rows = data.events()
    assert rows["kind"].tolist() == [DEPTH, CLEAR, SNAPSHOT, SNAPSHOT, TRADE, DEPTH, DEPTH, DEPTH]
    assert (rows["flags"] & FLAG_END).tolist() == [1, 0, 0, 1, 1, 0, 1, 1]
    assert (rows["flags"] & FLAG_INVALID).tolist() == [2, 0, 0, 0, 0, 0, 0, 0]
    books = data.books(depth=2)
    assert books.valid.tolist() == [False, True, True, True]
    assert books.bid_price[2].tolist() == [10.0, 9.5]
    crossed = level2()
    crossed.loc[6, "price"] = 11.0
    with pytest.raises(DataError, match="crossed"):
        data_room.load(crossed)


def test_files_globs_and_lists(tmp_path: Path) -> None:
    daily().to_csv(tmp_path / "AAA.csv", index=False)
    daily().to_csv(tmp_path / "BBB.csv.gz", index=False, sep=";")
    one = data_room.load(tmp_path / "AAA.csv")
    assert (one.symbols, one.name) == (("AAA",), "AAA")
    assert data_room.load(str(tmp_path / "*.csv*")).symbols == ("AAA", "BBB")
    assert data_room.load([tmp_path / "BBB.csv.gz"], symbols="Z").symbols == ("Z",)
    assert data_room.load(tmp_path, format="bars_csv").symbols == ("AAA", "BBB")
    with pytest.raises(DataError, match=r"no file.*beside it lie AAA.csv"):
        data_room.load(tmp_path / "CCC.csv")
    with pytest.raises(ParameterError, match="binance_ws"):
        data_room.load(tmp_path / "AAA.csv", format="excel")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"ts,close\n", "empty"),
        (b"ts,close\n2024-01-02,1\n2024-01-03,1,2,3\n", "schema"),
        (b"ts,close\n2024-01-02,\xff\xfe\n", "encoding"),
        (b"\x1f\x8b\x08\x00abc", "truncated"),
        (b"ts,close\n2024-01-02,1.5 USD\n", "schema"),
        (b"ts,close\nsoon,1.5\n", "schema"),
        (b"<html></html>", "schema"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        data_room.load(path)
    assert caught.value.remedy
    assert [issue.kind for issue in data_room.check(path).issues] == [kind]


def test_parquet_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install 'py-rt\[data\]'"):
        data_room.load(tmp_path / "x.parquet")


def test_parquet_round_trip(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    data = data_room.sample("us_minute")
    data.to_frame().to_parquet(tmp_path / "m.parquet")
    again = data_room.load(tmp_path / "m.parquet")
    assert np.array_equal(again.bars(), data.bars())
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(DataError, match="no readable Parquet"):
        data_room.load(tmp_path / "bad.parquet")


def test_polars_tables() -> None:
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(daily().to_dict("list"))
    assert np.array_equal(data_room.load(table).bars(), data_room.load(daily()).bars())
    data = data_room.sample("us_minute")
    again = data_room.load(data.to_frame(frame="polars"))
    assert np.array_equal(again.bars(), data.bars())


def test_other_sources_are_refused() -> None:
    for source in (3, object(), [1, 2]):
        with pytest.raises(DataError):
            data_room.load(source)


def test_csv_round_trip_of_level2_and_trades(tmp_path: Path) -> None:
    data = data_room.sample("btcusdt_l2").slice("2024-08-09", "2024-08-09T00:00:10Z")
    for kind in ("depth", "trade"):
        data.to_frame(kind).to_csv(tmp_path / f"{kind}.csv", index=False)
    given = list(data.instruments)
    depth = data_room.load(tmp_path / "depth.csv", instruments=given)
    trades = data_room.load(tmp_path / "trade.csv", instruments=given, format="trades")
    for part, kinds in ((depth, (DEPTH, CLEAR, SNAPSHOT)), (trades, (TRADE,))):
        expected = data.events()[np.isin(data.events()["kind"], kinds)]
        assert np.array_equal(part.events(), expected)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C"]),
            st.integers(1, 10**6),
            st.integers(0, 50),
            st.integers(0, 50),
            st.integers(0, 50),
            st.integers(0, 10**6),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 4),
)
def test_any_bars_survive_the_round_trip(rows: list[Any], places: int) -> None:
    seen: dict[str, int] = {}
    columns: dict[str, list[Any]] = {
        name: [] for name in ("symbol", "ts", "open", "high", "low", "close", "volume")
    }
    scale = 10**places
    for symbol, price, up, down, inside, volume in rows:
        seen[symbol] = seen.get(symbol, -1) + 1
        low = max(price - down, 1)
        columns["symbol"].append(symbol)
        columns["ts"].append(np.datetime64("2020-01-01") + seen[symbol])
        for name, value in (
            ("open", price),
            ("high", price + up),
            ("low", low),
            ("close", low + inside % (price + up - low + 1)),
        ):
            columns[name].append(value / scale)
        columns["volume"].append(volume)
    table = pd.DataFrame(columns)
    data = data_room.load(table)
    back = data.to_frame("bar").sort_values(["symbol", "ts_open"], ignore_index=True)
    table = table.sort_values(["symbol", "ts"], ignore_index=True)
    for name in ("symbol", "open", "high", "low", "close", "volume"):
        assert back[name].tolist() == table[name].tolist()
    again = data_room.load(data.to_frame("bar"), instruments=data.instruments)
    assert again.content_hash() == data.content_hash()
