"""What the matching engine does beyond limit and market orders, beside a naive one and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.errors import DataError, ParameterError
from py_rt.mechanics import (
    EXTENDED_COMMAND_DTYPE,
    OPS,
    ORDER_TYPES,
    REASONS,
    REPORT_KINDS,
    TIFS,
    Indicative,
)
from unit.naive_matching import Naive

Told = tuple[str, int, int, int, int, int, str]


def command(op: str, order_id: int = 0, **fields: Any) -> dict[str, Any]:
    """Write a command in words, with every field."""
    plain = {"owner": 0, "side": 0, "order_type": "limit", "tif": "gtc", "flags": 0}
    return {
        "op": op, "order_id": order_id, **plain,
        "price": 0, "qty": 0, "stop_price": 0, "display_qty": 0, **fields,
    }  # fmt: skip


def buy(order_id: int, price: int, qty: int, **fields: Any) -> dict[str, Any]:
    return command("new", order_id, **{"owner": 1, "side": 1, "price": price, "qty": qty, **fields})


def sell(order_id: int, price: int, qty: int, **fields: Any) -> dict[str, Any]:
    return buy(order_id, price, qty, **{"owner": 2, "side": -1, **fields})


def told(engine: rt.MatchingEngine, *commands: dict[str, Any]) -> list[Told]:
    """Run commands in words; return the reports in words."""
    names = {"op": OPS, "order_type": ORDER_TYPES, "tif": TIFS}
    rows = [
        {
            field: names[field].index(value) if field in names else value
            for field, value in c.items()
        }
        for c in commands
    ]
    numbers = ("order_id", "maker_order_id", "price", "qty", "leaves_qty")
    reports: list[Any] = []
    for row in engine.run(rows):
        at = (int(row[name]) for name in numbers)
        reports.append((REPORT_KINDS[row["kind"]], *at, REASONS[row["reason"]]))
    return reports


def trades(reports: list[Told]) -> list[tuple[int, int, int, int]]:
    return [row[1:5] for row in reports if row[0] == "trade"]


def random_command(rng: np.random.Generator) -> dict[str, Any]:
    op = rng.choice(["new", "cancel", "replace", "halt", "continuous", "close"],
                    p=[0.68, 0.1, 0.18, 0.008, 0.022, 0.01])  # fmt: skip
    order_type = rng.choice(ORDER_TYPES, p=[0.65, 0.1, 0.12, 0.13])
    stops = order_type.startswith("stop") if op == "new" else rng.random() < 0.1
    tif = str(rng.choice(TIFS[:4], p=[0.6, 0.1, 0.15, 0.15]))
    rests = op != "new" or (order_type in ("limit", "stop_limit") and tif in ("gtc", "day"))
    return command(
        str(op),
        int(rng.integers(0, 60)),
        owner=int(rng.integers(0, 4)),
        side=int(rng.choice([-1, 1])),
        order_type=str(order_type),
        tif=tif,
        flags=int(rng.choice([0, 1, 2, 3], p=[0.65, 0.1, 0.2, 0.05])),
        price=int(rng.integers(-1, 1)) if rng.random() < 0.01 else int(rng.integers(90, 111)),
        qty=int(rng.integers(-1, 41)),
        stop_price=int(rng.integers(92, 109)) if stops else 0,
        display_qty=int(rng.integers(-1, 9)) if rests and rng.random() < 0.3 else 0,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_commands_end_as_in_the_naive_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    naive, engine = Naive(), rt.MatchingEngine()
    seen: set[tuple[str, str]] = set()
    for step in range(3_000):
        asked = random_command(rng)
        want = naive.run(asked)
        assert told(engine, asked) == want, (seed, step, asked)
        seen.update((row[0], row[-1]) for row in want)
        for owner in range(4):
            assert engine.position(owner) == naive.positions[owner], (seed, step)
    reasons = ("none", "self_trade", "auction", "price_band", "tick", "lot", "phase", "malformed")
    assert {reason for _, reason in seen} >= set(REASONS) - set(reasons), seed
    assert engine.last_price == naive.last
    assert engine.orders()["leaves_qty"].sum() == sum(order.leaves for order in naive.book)
    assert engine.stops().size == len(naive.stops)


def test_a_stop_waits_for_the_last_trade_and_is_elected_at_once_after_it() -> None:
    engine = rt.MatchingEngine()
    stop = sell(9, 0, 4, order_type="stop", stop_price=99)
    assert told(engine, buy(1, 98, 9), stop) == [
        ("accepted", 1, 0, 98, 9, 9, "none"),
        ("accepted", 9, 0, 0, 4, 4, "none"),
    ]
    assert engine.stops()["stop_price"].tolist() == [99]
    assert told(engine, sell(2, 98, 1))[1:] == [
        ("trade", 2, 1, 98, 1, 0, "none"),
        ("triggered", 9, 0, 0, 4, 4, "none"),
        ("trade", 9, 1, 98, 4, 0, "none"),
    ]
    assert [row[0] for row in told(engine, {**stop, "order_id": 10})] == [
        "accepted", "triggered", "trade",
    ]  # fmt: skip


def test_stops_are_elected_by_price_then_time_and_cascade() -> None:
    engine = rt.MatchingEngine()
    asks = [sell(i, 100 + i, 1) for i in range(6)]
    stops = [
        buy(20, 0, 1, order_type="stop", stop_price=101),
        buy(21, 0, 1, order_type="stop", stop_price=100),
        buy(22, 0, 1, order_type="stop", stop_price=100),
        buy(23, 110, 1, order_type="stop_limit", stop_price=103),
    ]
    reports = told(engine, *asks, *stops, buy(30, 100, 1))
    order = [row[1] for row in reports if row[0] == "triggered"]
    # 100 trades and elects 21 and 22; 21 trades at 101 and elects 20; 20 at 103 elects 23.
    assert order == [21, 22, 20, 23]
    assert trades(reports)[-4:] == [(21, 1, 101, 1), (22, 2, 102, 1), (20, 3, 103, 1),
                                    (23, 4, 104, 1)]  # fmt: skip


def test_an_iceberg_shows_a_part_and_goes_to_the_end_with_the_next() -> None:
    engine = rt.MatchingEngine()
    told(engine, sell(1, 100, 25, display_qty=10), sell(2, 100, 10))
    assert engine.book().ask_qty.tolist() == [20]
    assert trades(told(engine, buy(3, 100, 32))) == [
        (3, 1, 100, 10), (3, 2, 100, 10), (3, 1, 100, 10), (3, 1, 100, 2),
    ]  # fmt: skip
    (left,) = engine.orders()
    assert (left["leaves_qty"], left["shown_qty"], left["display_qty"]) == (3, 3, 10)


def test_an_iceberg_keeps_its_place_when_only_its_quantity_falls() -> None:
    engine = rt.MatchingEngine()
    told(engine, sell(1, 100, 25, display_qty=10), sell(2, 100, 10))
    assert told(engine, command("replace", 1, price=100, qty=12))[0][0] == "replaced"
    assert engine.orders()["order_id"].tolist() == [1, 2]
    assert engine.orders()["shown_qty"].tolist() == [10, 10]
    told(engine, command("replace", 1, price=100, qty=12, display_qty=5))
    assert engine.orders()["order_id"].tolist() == [2, 1]


def test_reduce_only_is_cut_or_rejected_and_never_turns_a_position() -> None:
    engine = rt.MatchingEngine()
    assert told(engine, sell(1, 100, 5, flags=2))[0][-1] == "reduce_only"
    told(engine, sell(2, 100, 10), buy(3, 100, 10))
    assert (engine.position(1), engine.position(2), engine.position(3)) == (10, -10, 0)
    target = sell(4, 105, 15, owner=1, flags=2)
    assert told(engine, target)[1] == ("canceled", 4, 0, 105, 5, 10, "reduce_only")
    reports = told(engine, buy(5, 90, 7, owner=3), sell(6, 90, 7, owner=1))
    assert reports[-1] == ("canceled", 4, 0, 105, 7, 3, "reduce_only")
    assert told(engine, command("replace", 4, price=105, qty=50))[-1][4:] == (
        47, 3, "reduce_only",
    )  # fmt: skip


def test_an_uncross_is_told_and_market_orders_come_first() -> None:
    engine = rt.MatchingEngine()
    reports = told(
        engine,
        command("auction"),
        buy(1, 102, 5),
        buy(2, 0, 4, order_type="market", tif="auction"),
        sell(3, 99, 6),
        buy(4, 100, 3, tif="auction"),
    )
    assert [row[0] for row in reports] == ["status", *["accepted"] * 4]
    assert engine.phase == "auction"
    assert engine.indicative() == Indicative(price=102, volume=6, imbalance=3)
    assert engine.orders()["price"].tolist() == [0, 102, 100, 99]
    assert told(engine, command("uncross", price=100)) == [
        ("status", 0, 0, 102, 6, 3, "none"),
        ("trade", 2, 3, 102, 4, 0, "none"),
        ("trade", 1, 3, 102, 2, 3, "none"),
        ("canceled", 4, 0, 100, 3, 0, "immediate"),
    ]
    assert (engine.phase, engine.last_price) == ("continuous", 102)


def test_market_orders_alone_trade_at_the_reference_price() -> None:
    engine = rt.MatchingEngine()
    both = [
        buy(1, 0, 4, order_type="market", tif="auction"),
        sell(2, 0, 9, order_type="market", tif="auction"),
    ]
    told(engine, command("auction"), *both)
    assert engine.indicative() == Indicative(None, 0, -5)
    assert engine.indicative(77) == Indicative(77, 4, -5)
    assert told(engine, command("continuous"))[0][-1] == "phase"
    assert told(engine, command("uncross", price=77)) == [
        ("status", 0, 0, 77, 4, -5, "none"),
        ("trade", 1, 2, 77, 4, 0, "none"),
        ("canceled", 2, 0, 0, 5, 0, "immediate"),
    ]
    told(engine, command("auction"), *both)
    assert engine.indicative() == Indicative(77, 4, -5)


def test_bands_and_steps_are_commands() -> None:
    engine = rt.MatchingEngine()
    told(engine, command("band", price=95, stop_price=105), command("steps", price=5, qty=10))
    assert [told(engine, c)[0][-1] for c in (
        buy(1, 110, 10), buy(1, 97, 10), buy(1, 100, 15), buy(1, 100, 10),
    )] == ["price_band", "tick", "lot", "none"]  # fmt: skip
    assert told(engine, command("band"), command("steps", price=1, qty=1), buy(2, 7, 3))[2][0] == (
        "accepted"
    )
    assert told(engine, command("band", price=9, stop_price=8))[0][-1] == "bad_price"
    assert told(engine, command("steps", price=1))[0][-1] == "bad_qty"


def test_rows_may_have_the_extra_fields_or_not() -> None:
    rows = np.zeros(2, EXTENDED_COMMAND_DTYPE)
    rows["order_id"], rows["side"], rows["price"], rows["qty"] = [1, 2], 1, [100, 99], 50
    rows["display_qty"] = [5, 0]
    engine = rt.MatchingEngine()
    assert engine.run(rows)["kind"].tolist() == [0, 0]
    assert engine.book().bid_qty.tolist() == [5, 50]
    assert np.array_equal(rt.MatchingEngine().run(rows.tolist()), rt.MatchingEngine().run(rows))
    with pytest.raises(DataError) as caught:
        engine.run([{"op": 0, "order_id": 1}, {"op": 0, "order_id": 2, "stop_price": 0.5}])
    assert caught.value.field == "stop_price"
    assert "row 1" in str(caught.value)


def test_owners_and_references_are_checked() -> None:
    engine = rt.MatchingEngine()
    for call in (
        lambda: engine.position(-1),
        lambda: engine.position(2**32),
        lambda: engine.position("x"),  # type: ignore[arg-type]
        lambda: engine.indicative(0),
    ):
        with pytest.raises(ParameterError):
            call()
