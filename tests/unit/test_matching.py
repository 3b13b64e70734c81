"""The matching engine's face: every promise of its docstring, and every shape of input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.errors import DataError, ParameterError
from py_rt.mechanics import COMMAND_DTYPE, REASONS, REPORT_DTYPE, REPORT_KINDS

Told = tuple[str, int, int, int, int, int, str]


def new(order_id: int, side: int, price: int, qty: int, **more: int) -> dict[str, int]:
    return {"op": 0, "order_id": order_id, "side": side, "price": price, "qty": qty, **more}


def replace(order_id: int, price: int, qty: int, **more: int) -> dict[str, int]:
    return {"op": 2, "order_id": order_id, "price": price, "qty": qty, **more}


def told(reports: np.ndarray) -> list[Told]:
    return [
        (
            REPORT_KINDS[row["kind"]],
            int(row["order_id"]),
            int(row["maker_order_id"]),
            int(row["price"]),
            int(row["qty"]),
            int(row["leaves_qty"]),
            REASONS[row["reason"]],
        )
        for row in reports
    ]


def run(*commands: dict[str, int], **settings: Any) -> list[Told]:
    """Run commands in a fresh engine; return the reports of the last one."""
    engine = rt.MatchingEngine(**settings)
    engine.run(list(commands[:-1]))
    return told(engine.run([commands[-1]]))


def test_best_price_first_then_the_oldest() -> None:
    resting = [new(1, -1, 101, 5), new(2, -1, 100, 5), new(3, -1, 100, 5)]
    assert run(*resting, new(9, 1, 101, 12)) == [
        ("accepted", 9, 0, 101, 12, 12, "none"),
        ("trade", 9, 2, 100, 5, 7, "none"),
        ("trade", 9, 3, 100, 5, 2, "none"),
        ("trade", 9, 1, 101, 2, 0, "none"),
    ]


@pytest.mark.parametrize("tif", [1, 2])
@pytest.mark.parametrize("order_type", [0, 1])
def test_what_does_not_trade_is_accepted_then_canceled(tif: int, order_type: int) -> None:
    command = new(9, 1, 100, 4, tif=tif, order_type=order_type)
    reason = "fill_or_kill" if tif == 2 else "immediate"
    assert run(command) == [
        ("accepted", 9, 0, 100, 4, 4, "none"),
        ("canceled", 9, 0, 100, 4, 0, reason),
    ]


def test_a_killed_order_trades_nothing_and_a_fillable_one_all() -> None:
    resting = [new(1, -1, 100, 3), new(2, -1, 102, 3)]
    assert [row[0] for row in run(*resting, new(9, 1, 101, 4, tif=2))] == ["accepted", "canceled"]
    assert [row[0] for row in run(*resting, new(9, 1, 102, 6, tif=2))] == [
        "accepted",
        "trade",
        "trade",
    ]


def test_post_only_rejects_and_leaves_what_is_replaced_as_it_was() -> None:
    resting = [new(1, -1, 100, 3), new(2, 1, 98, 3)]
    assert run(*resting, new(9, 1, 100, 1, flags=1))[0][0] == "rejected"
    assert run(*resting, new(9, 1, 99, 1, flags=1))[0][0] == "accepted"
    engine = rt.MatchingEngine()
    engine.run(resting)
    before = engine.state_hash()
    assert told(engine.run([replace(2, 100, 5, flags=1)])) == [
        ("rejected", 2, 0, 100, 5, 3, "post_only")
    ]
    assert engine.state_hash() == before


def test_a_market_order_that_is_post_only_rejects_when_there_is_something_to_take() -> None:
    market = new(9, 1, 0, 1, order_type=1, flags=1)
    assert [row[0] for row in run(market)] == ["accepted", "canceled"]
    assert run(new(1, -1, 5, 1), market)[0][-1] == "post_only"


@pytest.mark.parametrize(
    ("change", "ahead"),
    [
        (replace(1, 100, 4), [1, 2]),
        (replace(1, 100, 5), [1, 2]),
        (replace(1, 100, 6), [2, 1]),
        (replace(1, 99, 5), [2, 1]),
    ],
    ids=["less", "same", "more", "other price"],
)
def test_priority_is_kept_when_only_quantity_falls(
    change: dict[str, int], ahead: list[int]
) -> None:
    engine = rt.MatchingEngine()
    engine.run([new(1, 1, 100, 5), new(2, 1, 100, 5), change])
    assert engine.orders()["order_id"].tolist() == ahead


def test_replace_qty_is_the_new_total() -> None:
    part = [new(1, 1, 100, 10), new(2, -1, 100, 4)]
    assert run(*part, replace(1, 100, 9)) == [("replaced", 1, 0, 100, 9, 5, "none")]
    for qty in (4, 3):
        assert run(*part, replace(1, 101, qty)) == [("replaced", 1, 0, 101, 4, 0, "none")]
    assert run(*part, replace(1, 100, 4), {"op": 1, "order_id": 1})[0][-1] == "unknown_order"


def test_a_replace_that_crosses_trades_and_rests() -> None:
    resting = [new(1, -1, 105, 3), new(2, 1, 100, 5), new(3, -1, 100, 1)]
    assert run(*resting, replace(2, 105, 8)) == [
        ("replaced", 2, 0, 105, 8, 7, "none"),
        ("trade", 2, 1, 105, 3, 4, "none"),
    ]


def test_ids_may_come_again_once_the_order_is_done() -> None:
    assert run(new(1, 1, 9, 1), new(1, -1, 20, 1))[0] == (
        "rejected", 1, 0, 20, 1, 0, "duplicate_id"
    )  # fmt: skip
    assert run(new(1, 1, 9, 1), {"op": 1, "order_id": 1}, new(1, -1, 20, 1))[0][0] == "accepted"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (new(1, 1, 100, 0), "bad_qty"),
        (new(1, 1, 100, -5), "bad_qty"),
        (new(1, 1, 0, 5), "bad_price"),
        (new(1, 1, -3, 5), "bad_price"),
        (new(1, 1, 2**62, 5), "bad_price"),
        (new(1, 0, 100, 5), "malformed"),
        (new(1, 1, 100, 5, order_type=4), "malformed"),
        (new(1, 1, 100, 5, order_type=2), "bad_price"),
        (new(1, 1, 100, 5, stop_price=90), "malformed"),
        (new(1, 1, 100, 5, tif=5), "malformed"),
        (new(1, 1, 100, 5, tif=4), "auction"),
        (new(1, 1, 100, 5, flags=4), "malformed"),
        (new(1, 1, 100, 5, flags=2), "reduce_only"),
        (new(1, 1, 100, 5, display_qty=-1), "bad_display"),
        (new(1, 1, 100, 101, display_qty=1), "bad_display"),
        (new(1, 1, 100, 5, display_qty=1, tif=1), "malformed"),
        ({"op": 10, "order_id": 1}, "malformed"),
        ({"op": 6, "order_id": 1}, "phase"),
        ({"op": 1, "order_id": 1}, "unknown_order"),
        (replace(1, 100, 5), "unknown_order"),
    ],
)
def test_rejections_say_why(command: dict[str, int], reason: str) -> None:
    assert [(row[0], row[-1]) for row in run(command)] == [("rejected", reason)]


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("none", [("trade", 9), ("trade", 9)]),
        ("cancel_taker", [("canceled", 9)]),
        ("cancel_maker", [("canceled", 1), ("trade", 9)]),
        ("cancel_both", [("canceled", 1), ("canceled", 9)]),
        ("decrement", [("canceled", 1), ("canceled", 9), ("trade", 9)]),
    ],
)
def test_self_trade_prevention(mode: str, kinds: list[tuple[str, int]]) -> None:
    resting = [new(1, -1, 100, 5, owner=7), new(2, -1, 100, 5, owner=8)]
    reports = run(*resting, new(9, 1, 100, 10, owner=7), self_trade=mode)
    assert [row[:2] for row in reports[1:]] == kinds


def test_every_shape_of_input_means_the_same() -> None:
    rows = [(0, 1, 7, 1, 0, 0, 0, 100, 5, 11), (0, 2, 8, -1, 0, 0, 0, 99, 7, 10)]
    names = list(COMMAND_DTYPE.names or ())
    aligned = np.array(rows, dtype=COMMAND_DTYPE)
    packed = aligned.astype([(name, COMMAND_DTYPE[name]) for name in names])
    shuffled = np.empty(2, dtype=[(name, COMMAND_DTYPE[name]) for name in reversed(names)])
    for name in names:
        shuffled[name] = aligned[name]
    wide = aligned.astype([(name, "i8") for name in names])
    strided = np.repeat(packed, 2)[::2]
    readonly = aligned.copy()
    readonly.flags.writeable = False
    frame = pd.DataFrame({name: aligned[name] for name in names})
    want = rt.MatchingEngine().run(aligned)
    assert want.dtype == REPORT_DTYPE
    assert want["ts"].tolist() == [11, 10, 10]
    shapes = (packed, shuffled, wide, strided, readonly, frame, rows, list(aligned), list(packed))
    for shape in (*shapes, frame.to_dict("list"), frame.to_dict("records"), frame.astype(float)):
        assert np.array_equal(rt.MatchingEngine().run(shape), want), type(shape)
    polars = pytest.importorskip("polars")
    assert np.array_equal(rt.MatchingEngine().run(polars.DataFrame(frame)), want)


def test_nothing_is_nothing() -> None:
    for empty in ([], np.empty(0, COMMAND_DTYPE)):
        assert rt.MatchingEngine().run(empty).shape == (0,)


@pytest.mark.parametrize(
    ("commands", "field"),
    [
        (np.array([1.0, 2.0]), "commands"),
        ("new", "commands"),
        (None, "commands"),
        ([{"op": 0}], "order_id"),
        ([{"op": 0, "order_id": -1}], "order_id"),
        ([{"op": 0, "order_id": 1, "qty": 1.5}], "qty"),
        ([{"op": 0, "order_id": 1, "price": float("nan")}], "price"),
        ([{"op": 300, "order_id": 1}], "op"),
        ([{"op": 0, "order_id": 2**64}], "order_id"),
        ([{"op": 0, "order_id": 1, "quantity": 5}], "quantity"),
        ({"op": [0, 1], "order_id": [1]}, "commands"),
        ([{"op": "new", "order_id": 1}], "op"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(commands: Any, field: str) -> None:
    with pytest.raises(DataError) as caught:
        rt.MatchingEngine().run(commands)
    assert caught.value.field == field
    assert caught.value.remedy


def test_settings_are_checked() -> None:
    for settings in ({"self_trade": "maybe"}, {"tick_size": 0}, {"lot_size": "x"}):
        with pytest.raises(ParameterError):
            rt.MatchingEngine(**settings)
    for depth in (0, True, 1.5):
        with pytest.raises(ParameterError):
            rt.MatchingEngine().book(depth)  # type: ignore[arg-type]


def test_the_book_shows_levels_and_decimals() -> None:
    engine = rt.MatchingEngine(tick_size="0.05")
    engine.run([new(1, 1, 100, 5), new(2, 1, 100, 6), new(3, 1, 99, 1), new(4, -1, 101, 2)])
    book = engine.book(1)
    assert (book.bid_price.tolist(), book.bid_qty.tolist(), book.bid_orders.tolist()) == (
        [100], [11], [2]
    )  # fmt: skip
    assert book.prices()[0].tolist() == [5.0]
    assert engine.book().bid_price.tolist() == [100, 99]


def test_prices_far_apart_keep_their_order() -> None:
    rng = np.random.default_rng(5)
    prices = rng.permutation(np.unique(rng.integers(1, 2**60, 4_000)))
    engine = rt.MatchingEngine()
    engine.run([new(i, 1, int(price), 1) for i, price in enumerate(prices)])
    assert engine.orders()["price"].tolist() == sorted(map(int, prices), reverse=True)


def test_a_day_with_an_auction_a_halt_and_a_band() -> None:
    engine = rt.MatchingEngine()
    engine.begin("auction")
    engine.run([new(1, 1, 105, 4), new(2, 1, 103, 4, tif=3), new(3, -1, 101, 6)])
    assert told(engine.run([new(4, 1, 0, 1, order_type=1)]))[0][-1] == "auction"
    with pytest.raises(ParameterError, match="uncross"):
        engine.begin("continuous")
    assert engine.auction_price() == (103, 6)
    assert told(engine.uncross(reference=100, ts=5)) == [
        ("trade", 1, 3, 103, 4, 0, "none"),
        ("trade", 2, 3, 103, 2, 2, "none"),
    ]
    engine.limit_prices(100, 110)
    assert told(engine.run([new(5, 1, 99, 1)]))[0][-1] == "price_band"
    engine.limit_prices()
    engine.begin("halted")
    assert told(engine.run([new(5, 1, 99, 1)]))[0][-1] == "halted"
    engine.begin("continuous")
    assert told(engine.end_day()) == [("canceled", 2, 0, 103, 2, 0, "expired")]
    for call in (lambda: engine.begin("lunch"), lambda: engine.limit_prices(9, 3)):
        with pytest.raises(ParameterError):
            call()
