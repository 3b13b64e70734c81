"""The order books' face: what each kind takes, what it refuses, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.errors import DataError, ParameterError
from py_rt.market import EVENT_DTYPE


def rows(*lines: tuple[int, int, int, int, int]) -> np.ndarray:
    """Rows of (kind, side, price, qty, order_id), each a message of its own."""
    made = np.zeros(len(lines), dtype=EVENT_DTYPE)
    for at, line in enumerate(lines):
        for name, value in zip(("kind", "side", "price", "qty", "order_id"), line, strict=True):
            made[name][at] = value
    made["flags"] = 1
    return made


ADDS = rows((5, 1, 99, 5, 1), (5, 1, 99, 3, 2), (5, 1, 98, 4, 3), (5, -1, 101, 7, 4))


def test_a_book_by_order_knows_every_place() -> None:
    book = rt.OrderBook("by_order")
    book.apply(ADDS)
    assert book.levels("buy", 5) == [(99, 8), (98, 4)]
    assert book.orders("buy")["order_id"].tolist() == [1, 2, 3]
    assert book.orders("bid")["qty_ahead"].tolist() == [0, 5, 0]
    assert (book.best_bid, book.bid_qty, book.best_ask, book.ask_qty) == (99, 8, 101, 7)
    assert (book.mid, book.spread, book.valid) == (100.0, 2, True)
    book.apply(rows((8, 1, 99, 5, 1), (6, 1, 99, 1, 2), (7, -1, 101, 7, 4)))
    assert book.orders(1)[["order_id", "qty"]].tolist() == [(2, 2), (3, 4)]
    assert (book.qty_ahead(2), book.qty_ahead(1), book.best_ask) == (0, None, None)


def test_rows_about_unknown_orders_are_counted() -> None:
    book = rt.OrderBook("by_order")
    book.apply(rows((7, 1, 99, 5, 77)))
    assert (book.unmatched, book.valid) == (1, True)


def test_a_contradiction_makes_it_invalid_until_a_clear() -> None:
    book = rt.OrderBook("by_order")
    book.apply(ADDS)
    book.apply(ADDS[:1])
    assert not book.valid
    book.apply(rows((2, 0, 0, 0, 0)))
    assert book.valid
    assert book.levels("sell") == []


def test_one_row_at_a_time_ends_as_all_at_once() -> None:
    data = rt.data.sample("btcusdt_l2")
    events = data.events()[:3_000]
    whole, single = rt.OrderBook("by_price"), rt.OrderBook("by_price")
    whole.apply(events)
    for row in events:
        single.apply(row)
    assert whole.state_hash == single.state_hash
    assert whole.levels("buy", 3) == single.levels("buy", 3)


def test_a_book_by_price_ends_as_the_books_of_the_data() -> None:
    data = rt.data.sample("btcusdt_l2")
    book = rt.OrderBook("by_price")
    book.apply(data.events())
    last = data.books(depth=5)
    tick = float(data.instruments[0].tick_size)
    prices = [price * tick for price, _ in book.levels("sell", 5)]
    assert prices == pytest.approx(last.ask_price[-1].tolist(), rel=1e-12)


def test_top_keeps_quotes() -> None:
    book = rt.OrderBook("top")
    book.apply(rows((4, 1, 99, 5, 0), (4, -1, 101, 2, 0), (4, 1, 98, 6, 0)))
    assert (book.levels("buy"), book.levels("ask")) == ([(98, 6)], [(101, 2)])
    book.apply(rows((4, 1, 101, 6, 0)))
    assert not book.valid


@pytest.mark.parametrize(
    ("kind", "row", "fits"),
    [
        ("top", (0, 1, 9, 1, 0), "by_price"),
        ("by_price", (5, 1, 9, 1, 1), "by_order"),
        ("by_order", (4, 1, 9, 1, 0), "top"),
        ("by_order", (99, 1, 9, 1, 0), "0 to 8"),
    ],
)
def test_rows_that_a_book_cannot_use_are_refused(
    kind: Any, row: tuple[int, int, int, int, int], fits: str
) -> None:
    book = rt.OrderBook(kind)
    with pytest.raises(DataError, match=fits) as caught:
        book.apply(rows((2, 0, 0, 0, 0), row))
    assert caught.value.where["row"] == 1
    assert book.levels("buy") == []


def test_two_instruments_do_not_fit_into_one_book() -> None:
    two = ADDS.copy()
    two["instrument"][2] = 1
    book = rt.OrderBook("by_order")
    with pytest.raises(DataError, match="instruments 0 and 1"):
        book.apply(two)
    book.apply(ADDS)
    with pytest.raises(DataError, match="instruments 0 and 1"):
        book.apply(two[2:3])


def test_every_shape_of_input_means_the_same() -> None:
    want = rt.OrderBook("by_order")
    want.apply(ADDS)
    names = list(EVENT_DTYPE.names or ())
    packed = np.zeros(4, dtype=[(name, EVENT_DTYPE[name]) for name in names])
    for name in names:
        packed[name] = ADDS[name]
    readonly = ADDS.copy()
    readonly.flags.writeable = False
    columns = {name: ADDS[name] for name in names}
    strided = np.repeat(ADDS, 2)[::2]
    for shape in (packed, readonly, columns, strided, list(ADDS), ADDS.tolist()):
        book = rt.OrderBook("by_order")
        book.apply(shape)
        assert book.state_hash == want.state_hash, type(shape)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ParameterError, match="by_level"):
        rt.OrderBook("by_level")
    book = rt.OrderBook()
    for call in (
        lambda: book.levels("up"),
        lambda: book.levels("buy", -1),
        lambda: book.orders("buy"),
        lambda: book.qty_ahead(1),
    ):
        with pytest.raises(ParameterError):
            call()
    with pytest.raises(DataError):
        book.apply(5)


def test_arrays_without_a_field_or_of_two_dimensions_are_refused_by_name() -> None:
    command = np.dtype([("op", "u1"), ("price", "i8")])
    for call, field in (
        (lambda: rt.MatchingEngine().run(np.zeros(2, dtype=command)), "order_id"),
        (lambda: rt.OrderBook().apply(np.zeros(2, dtype=command)), "kind"),
        (lambda: rt.MatchingEngine().run(np.zeros((1, 2), dtype=rt.mechanics.COMMAND_DTYPE)),
         "commands"),
        (lambda: rt.OrderBook().apply(ADDS.reshape(2, 2)), "events"),
    ):  # fmt: skip
        with pytest.raises(DataError) as caught:
            call()
        assert caught.value.field == field
