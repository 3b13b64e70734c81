"""Row layouts, instruments, the container, and books against a naive twin."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_rt._scales import count_decimals, from_units, parse_decimal, to_units
from py_rt._times import format_ns, to_duration_ns, to_ns
from py_rt.errors import DataError, ParameterError
from py_rt.market import (
    BAR_DTYPE,
    CLEAR,
    DEPTH,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    QUOTE,
    SNAPSHOT,
    TRADE,
    Instrument,
    MarketData,
)

ONE = (Instrument("X", tick_size="0.05", lot_size="0.1"),)


def made(rows: list[tuple[int, int, int, int, int, int]], ts: list[int] | None = None) -> Any:
    """Rows of (message, kind, side, price, qty, flags); END where the message number changes."""
    events = np.zeros(len(rows), dtype=EVENT_DTYPE)
    for i, (message, kind, side, price, qty, flags) in enumerate(rows):
        stamp = ts[message] if ts else 1000 * (message + 1)
        last = i + 1 == len(rows) or rows[i + 1][0] != message
        events[i] = (stamp, stamp + 5, 0, kind, side, price, qty, 0, flags | int(last) * FLAG_END)
    return events


def test_layouts_are_those_of_the_engine() -> None:
    assert EVENT_DTYPE.itemsize == 48
    assert {n: EVENT_DTYPE.fields[n][1] for n in EVENT_DTYPE.names} == {
        "ts_event": 0, "ts_recv": 8, "instrument": 16, "kind": 20, "side": 21, "flags": 22,
        "price": 24, "qty": 32, "order_id": 40,
    }  # fmt: skip
    assert BAR_DTYPE.itemsize == 64
    assert [BAR_DTYPE.fields[n][1] for n in BAR_DTYPE.names] == [0, 8, 16, 20, 24, 32, 40, 48, 56]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"tick_size": "0"}, "tick_size"),
        ({"tick_size": "abc"}, "tick_size"),
        ({"lot_size": "-1"}, "lot_size"),
        ({"asset_class": "stock"}, "asset_class"),
        ({"min_qty": "NaN"}, "min_qty"),
    ],
)
def test_instrument_refuses(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Instrument("X", **fields)
    assert caught.value.field == wrong


def test_container_is_read_only_and_hashes_its_content() -> None:
    events = made([(0, TRADE, 1, 10, 5, 0)])
    data = MarketData(events, None, ONE, name="a")
    with pytest.raises(ValueError, match="read-only"):
        data.events()["price"] = 3
    with pytest.raises(AttributeError, match="read-only"):
        data.name = "b"  # type: ignore[misc]
    assert np.shares_memory(data.events(), events)
    assert data.content_hash() == MarketData(events, None, ONE, name="b").content_hash()
    other = made([(0, TRADE, 1, 11, 5, 0)])
    assert data.content_hash() != MarketData(other, None, ONE).content_hash()
    finer = (Instrument("X", tick_size="0.01", lot_size="0.1"),)
    assert data.content_hash() != MarketData(events, None, finer).content_hash()
    again = pickle.loads(pickle.dumps(data))
    assert again.content_hash() == data.content_hash()
    assert again.symbols == ("X",)


def test_container_refuses_wrong_arrays() -> None:
    with pytest.raises(DataError, match="EVENT_DTYPE"):
        MarketData(np.zeros(3), None, ONE)
    events = made([(0, TRADE, 1, 1, 1, 0), (1, TRADE, 1, 1, 1, 0)], ts=[9, 1])
    with pytest.raises(DataError, match="time goes back") as caught:
        MarketData(events, None, ONE)
    assert caught.value.where["row"] == 1
    events = made([(0, TRADE, 1, 1, 1, 0)])
    events["instrument"] = 1
    with pytest.raises(DataError, match="instrument index 1"):
        MarketData(events, None, ONE)
    with pytest.raises(DataError, match="twice"):
        MarketData(None, None, ONE * 2)


def test_empty_container() -> None:
    data = MarketData(None, None, ONE)
    assert (len(data), data.kinds, data.start, data.end) == (0, (), None, None)
    assert "empty" in repr(data)
    assert len(data.slice(0, 1)) == 0


def test_books_by_hand() -> None:
    rows = [
        (0, CLEAR, 0, 0, 0, 0),
        (0, SNAPSHOT, 1, 100, 5, 0),
        (0, SNAPSHOT, -1, 102, 7, 0),
        (1, TRADE, 1, 102, 1, 0),
        (2, DEPTH, 1, 101, 3, 0),
        (2, DEPTH, -1, 102, 0, 0),
        (3, DEPTH, 1, 101, 0, FLAG_INVALID),
        (4, CLEAR, 0, 0, 0, 0),
        (4, SNAPSHOT, 1, 99, 1, 0),
    ]
    books = MarketData(made(rows), None, ONE).books(depth=2)
    assert books.valid.tolist() == [True, True, False, True]
    assert books.ts_event.tolist() == [1000, 3000, 4000, 5000]
    np.testing.assert_array_equal(books.bid_price[1], [5.05, 5.0])
    np.testing.assert_array_equal(books.bid_qty[1], [0.3, 0.5])
    np.testing.assert_array_equal(books.ask_price[1], [np.nan, np.nan])
    np.testing.assert_array_equal(books.ask_qty[1], [0.0, 0.0])
    assert np.isnan(books.bid_price[2]).all()
    np.testing.assert_array_equal(books.bid_price[3], [4.95, np.nan])


def test_sampling_is_inclusive_and_knows_both_clocks() -> None:
    data = MarketData(made([(0, DEPTH, 1, 100, 5, 0), (1, DEPTH, 1, 101, 5, 0)]), None, ONE)
    books = data.books(depth=1, at=[999, 1000, 1999, 2000])
    assert books.valid.tolist() == [False, True, True, True]
    assert books.ts_event.tolist() == [0, 1000, 1000, 2000]
    np.testing.assert_array_equal(books.bid_price[:, 0], [np.nan, 5.0, 5.0, 5.05])
    received = data.books(depth=1, at=[1000, 1005, 2004], clock="recv")
    np.testing.assert_array_equal(received.bid_price[:, 0], [np.nan, 5.0, 5.0])
    assert data.books(depth=1, at="500ns").ts.tolist() == [1000, 1500, 2000]


@pytest.mark.parametrize(
    "asked",
    [{"depth": 0}, {"at": "often"}, {"clock": "wall"}, {"at": [2, 1]}, {"at": "0ms"}],
)
def test_books_refuse(asked: dict[str, Any]) -> None:
    data = MarketData(made([(0, DEPTH, 1, 100, 5, 0)]), None, ONE)
    with pytest.raises(ParameterError):
        data.books(**asked)


def test_books_need_rows_and_a_symbol() -> None:
    with pytest.raises(DataError, match="no depth rows"):
        MarketData(made([(0, TRADE, 1, 100, 5, 0)]), None, ONE).books()
    events = made([(0, DEPTH, 1, 100, 5, 0), (1, DEPTH, 1, 90, 5, 0)])
    events["instrument"][1] = 1
    data = MarketData(events, None, (*ONE, Instrument("Y")))
    with pytest.raises(DataError, match="symbol"):
        data.books()
    assert data.books(symbol="Y").bid_price[0, 0] == 0.9


LEVELS = st.lists(
    st.tuples(
        st.integers(0, 20),  # message step
        st.sampled_from([DEPTH, DEPTH, DEPTH, DEPTH, SNAPSHOT, CLEAR, TRADE]),
        st.sampled_from([1, -1]),
        st.integers(90, 110),
        st.integers(0, 3),
        st.sampled_from([0, 0, 0, FLAG_INVALID]),
    ),
    min_size=1,
    max_size=60,
)


@given(LEVELS, st.integers(1, 4))
def test_books_equal_the_naive_twin(rows: list[Any], depth: int) -> None:
    numbered, message = [], 0
    for step, kind, side, price, qty, flags in rows:
        message += step % 2 if numbered else 0
        amount = max(qty, 1) if kind in (SNAPSHOT, TRADE) else qty
        numbered.append((message, kind, 0 if kind == CLEAR else side, price, amount, flags))
    events = made(numbered)
    if np.isin(events["kind"], (DEPTH, CLEAR, SNAPSHOT)).sum() == 0:
        return
    books = MarketData(events, None, ONE).books(depth=depth)
    expected = naive_books(events, depth)
    assert len(books) == len(expected)
    for i, (valid, bids, asks) in enumerate(expected):
        assert books.valid[i] == valid
        for prices, qtys, levels in (
            (books.bid_price[i], books.bid_qty[i], bids),
            (books.ask_price[i], books.ask_qty[i], asks),
        ):
            shown = levels if valid else []
            padded = [price / 20 for price, _ in shown] + [np.nan] * (depth - len(shown))
            np.testing.assert_array_equal(prices, padded)
            amounts = [qty / 10 for _, qty in shown] + [0.0] * (depth - len(shown))
            np.testing.assert_array_equal(qtys, amounts)


def naive_books(events: Any, depth: int) -> list[Any]:
    """Dictionaries and sorting, nothing clever."""
    rows = events[np.isin(events["kind"], (DEPTH, CLEAR, SNAPSHOT))]
    sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
    valid, out = True, []
    for i, row in enumerate(rows):
        if row["kind"] == CLEAR:
            sides = {1: {}, -1: {}}
        elif row["qty"]:
            sides[int(row["side"])][int(row["price"])] = int(row["qty"])
        else:
            sides[int(row["side"])].pop(int(row["price"]), None)
        if row["flags"] & FLAG_INVALID:
            valid = False
        elif row["kind"] != DEPTH:
            valid = True
        if row["flags"] & FLAG_END or i + 1 == len(rows):
            bids = sorted(sides[1].items(), reverse=True)[:depth]
            out.append((valid, bids, sorted(sides[-1].items())[:depth]))
    return out


@given(LEVELS, st.integers(0, 12))
def test_slice_carries_the_open_book_over(rows: list[Any], cut: int) -> None:
    numbered = [
        (i, kind, 0 if kind == CLEAR else side, price, qty if kind == DEPTH else max(qty, 1), flags)
        for i, (_, kind, side, price, qty, flags) in enumerate(rows)
    ]
    data = MarketData(made(numbered), None, ONE)
    start = 1000 * (cut + 1)
    part = data.slice(start)
    if not np.isin(data.events()["kind"], (DEPTH, CLEAR, SNAPSHOT)).any():
        return
    if not (part.events()["ts_event"] > start).any() or "depth" not in part.kinds:
        return
    times = [start + 500, start + 2500, start + 90_000]
    whole, sliced = data.books(depth=5, at=times), part.books(depth=5, at=times)
    seen = whole.ts_event > 0
    np.testing.assert_array_equal(whole.valid[seen], sliced.valid[seen])
    np.testing.assert_array_equal(whole.bid_price[seen], sliced.bid_price[seen])
    np.testing.assert_array_equal(whole.ask_qty[seen], sliced.ask_qty[seen])


def test_slice_is_half_open_and_keeps_whole_bars() -> None:
    bars = np.zeros(3, dtype=BAR_DTYPE)
    bars["ts_open"], bars["ts_close"] = [0, 10, 20], [10, 20, 30]
    data = MarketData(None, bars, ONE)
    assert data.slice(10, 30).bars()["ts_open"].tolist() == [10, 20]
    assert data.slice(None, 29).bars()["ts_open"].tolist() == [0, 10]
    trades = MarketData(made([(i, TRADE, 1, 1, 1, 0) for i in range(3)]), None, ONE)
    assert trades.slice(1000, 3000).events()["ts_event"].tolist() == [1000, 2000]
    assert trades.slice(1000, 3000).events().dtype == EVENT_DTYPE


def test_select_renumbers() -> None:
    events = made([(0, TRADE, 1, 10, 1, 0), (1, TRADE, 1, 20, 1, 0)])
    events["instrument"] = [0, 1]
    data = MarketData(events, None, (*ONE, Instrument("Y")))
    part = data.select(["Y"])
    assert part.symbols == ("Y",)
    assert part.events()["instrument"].tolist() == [0]
    assert part.events()["price"].tolist() == [20]
    with pytest.raises(DataError, match="X, Y"):
        data.select("Z")


def test_to_frame_shows_decimals() -> None:
    rows = [(0, QUOTE, 1, 100, 5, 0), (0, QUOTE, -1, 101, 0, 0), (1, TRADE, -1, 3, 7, 0)]
    data = MarketData(made(rows), None, ONE)
    quotes = data.to_frame("quote")
    assert quotes.loc[0, "bid_price"] == 5.0
    assert np.isnan(quotes.loc[0, "ask_price"])
    assert quotes.loc[0, "ask_qty"] == 0
    trades = data.to_frame("trade")
    assert trades.loc[0, ["side", "price", "qty"]].tolist() == ["sell", 0.15, 0.7]
    assert str(trades["ts_event"].dtype) == "datetime64[ns, UTC]"
    with pytest.raises(ParameterError, match="quote"):
        data.to_frame()
    with pytest.raises(ParameterError, match="no kind"):
        data.to_frame("tick")  # type: ignore[arg-type]


@given(st.integers(0, 10**12), st.integers(0, 9))
def test_decimals_are_correctly_rounded(units: int, places: int) -> None:
    size = "1" if places == 0 else "0." + "0" * (places - 1) + "1"
    value = from_units(np.array([units]), size)
    assert value[0] == float(f"{units}e-{places}")
    back, off = to_units(value, size)
    assert (back[0], off[0]) == (units, False)
    assert count_decimals(value)[0] <= places


def test_huge_units_stay_exact() -> None:
    assert from_units(np.array([2**62]), "0.01")[0] == 2**62 / 100
    assert parse_decimal("100", "x") == (100, 0)
    assert from_units(np.array([3]), "0.25")[0] == 0.75


def test_times_at_the_face() -> None:
    assert to_ns("2024-01-02T14:30:00.000000001Z") == 1_704_205_800_000_000_001
    assert to_ns("2024-01-02 09:30-0500") == 1_704_205_800_000_000_000
    assert format_ns(to_ns("2024-01-02T14:30:00.25Z")) == "2024-01-02T14:30:00.25Z"
    for naive in ("2024-01-02T14:30:00", np.datetime64("2024-01-02T14:30"), "tomorrow", 1.5, True):
        with pytest.raises(ParameterError) as caught:
            to_ns(naive, "start")
        assert caught.value.field == "start"
    assert to_duration_ns("5min") == 300 * 10**9
