"""``instruments=`` holds for every source: amounts stay, and what is off the step is refused.

The amounts are read here by a parser of our own from the texts that the venues send.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.data.opening import open_unpacked
from py_rt.errors import DataError
from py_rt.market import EVENT_DTYPE, Instrument, MarketData

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here")

BINANCE = (
    '{"lastUpdateId":10,"bids":[["100.10","2.5"]],"asks":[["100.20","1"]]}\n'
    '{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":11,"u":11,'
    '"b":[["100.05","0.5"]],"a":[]}\n'
    '{"e":"trade","E":1700000000001,"s":"BTCUSDT","t":1,"p":"100.15","q":"0.125",'
    '"T":1700000000001,"m":true}\n'
)


def amounts(data: MarketData) -> list[tuple[Decimal, Decimal]]:
    known = data.instruments[0]
    rows = data.events()
    rows = rows[rows["kind"] != 2]
    tick, lot = Decimal(known.tick_size), Decimal(known.lot_size)
    pairs = zip(rows["price"].tolist(), rows["qty"].tolist(), strict=True)
    return [(price * tick, qty * lot) for price, qty in pairs]


def test_a_recording_is_counted_in_the_steps_that_are_given(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text(BINANCE, encoding="utf-8")
    guessed = rt.data.load(path)
    assert (guessed.instruments[0].tick_size, guessed.instruments[0].lot_size) == ("0.01", "0.001")
    written = [("100.10", "2.5"), ("100.20", "1"), ("100.05", "0.5"), ("100.15", "0.125")]
    exact = [(Decimal(price), Decimal(qty)) for price, qty in written]
    assert sorted(amounts(guessed)) == sorted(exact)
    for tick, lot in (("0.05", "0.125"), ("0.01", "0.001"), ("0.0005", "0.00000001")):
        fields = {"tick_size": tick, "lot_size": lot, "multiplier": "2", "venue": "ELSEWHERE"}
        data = rt.data.load(path, instruments={"BTCUSDT": fields})
        known = data.instruments[0]
        assert (known.tick_size, known.lot_size, known.venue) == (tick, lot, "ELSEWHERE")
        assert amounts(data) == amounts(guessed)
        assert not any("inferred" in note for note in data.notes)
    whole = rt.data.load(path, instruments=[Instrument("BTCUSDT", "0.05", "0.125")])
    assert whole.instruments[0].asset_class == Instrument("X").asset_class


def test_a_step_that_contradicts_the_recording_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text(BINANCE, encoding="utf-8")
    cases = {"tick_size": ("0.1", "price", 2), "lot_size": ("0.25", "qty", 1)}
    for size, (step, column, rows) in cases.items():
        with pytest.raises(DataError) as caught:
            rt.data.load(path, instruments={"BTCUSDT": {size: step}})
        told = str(caught.value)
        for word in (f"{column} of {rows} rows of BTCUSDT", f"{size} {step}", "leave", "row "):
            assert word in told, told
    with pytest.raises(rt.ParameterError, match="tick_sise"):
        rt.data.load(path, instruments={"BTCUSDT": {"tick_sise": "1"}})
    noted = rt.data.load(path, instruments={"ETHUSDT": {"tick_size": "1"}}).notes
    assert "instruments that the data do not hold: ETHUSDT" in noted


def test_what_is_counted_already_is_counted_anew(tmp_path: Path) -> None:
    """Samples, catalogs, files of rows and MarketData; also where 64 bits need care."""
    pytest.importorskip("pyarrow")
    data = rt.data.sample("btcusdt_l2").slice(end="2024-08-08T23:55:00Z")
    symbol = data.symbols[0]
    data.save(tmp_path / "part.rows")
    rt.data.Catalog(tmp_path / "catalog").write(data)
    fine = {symbol: {"tick_size": "0.00001", "currency": "USDC"}}
    for source in (data, tmp_path / "part.rows", tmp_path / "catalog"):
        made = rt.data.load(source, instruments=fine)
        assert (made.instruments[0].tick_size, made.instruments[0].currency) == ("0.00001", "USDC")
        assert made.to_frame("depth").equals(rt.data.load(source).to_frame("depth"))
        with pytest.raises(DataError, match=r"no multiple of the tick_size 0\.7"):
            rt.data.load(source, instruments={symbol: {"tick_size": "0.7"}})
    same = rt.data.load(data, instruments={symbol: {"venue": "X"}})
    assert same.instruments[0].venue == "X"
    assert np.shares_memory(same.events(), data.events())

    rows = np.zeros(1, dtype=EVENT_DTYPE)
    rows["kind"], rows["price"], rows["qty"], rows["flags"] = 1, 2**62 + 2, 1, 1
    huge = MarketData(rows, None, [Instrument("X", "0.01", "1")])
    halved = rt.data.load(huge, instruments={"X": {"tick_size": "0.02"}})
    assert halved.events()["price"].item() == 2**61 + 1
    with pytest.raises(DataError, match=r"tick_size 0\.001"):
        rt.data.load(huge, instruments={"X": {"tick_size": "0.001"}})


@needs_shared
@pytest.mark.parametrize(
    "path",
    ["BINANCE", "BITFINEX", "BITSTAMP", "COINBASE", "DERIBIT", "KRAKEN", "OKX"],
)
def test_every_recorded_venue(path: str) -> None:
    pytest.importorskip("pyarrow")
    source = SHARED / "exchange_ws" / f"{path}.jsonl.zst"
    guessed = rt.data.load(source)
    fields: dict[str, Any] = {
        one.symbol: {"lot_size": str(Decimal(one.lot_size) / 10)} for one in guessed.instruments
    }
    data = rt.data.load(source, instruments=fields)
    ours, theirs = data.events(), guessed.events()
    np.testing.assert_array_equal(ours["qty"], theirs["qty"] * 10)
    for name in ("ts_event", "ts_recv", "price", "side", "kind", "flags", "order_id"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    symbol = guessed.symbols[0]
    with pytest.raises(DataError, match=f"rows of {symbol} is no multiple"):
        rt.data.load(source, instruments={symbol: {"lot_size": "7000"}})


@needs_shared
def test_the_texts_of_a_recorded_day_are_what_is_counted() -> None:
    path = SHARED / "binance_ws" / "spot_btcusdt_20240808.gz"
    given = {"BTCUSDT": {"tick_size": "0.01", "lot_size": "0.000001"}}
    data = rt.data.load(path, instruments=given)
    trades = data.events()[data.events()["kind"] == 1]
    texts = []
    with open_unpacked(path) as file:
        for line in file:
            message = json.loads(line[line.index(b"{") :])
            event = message.get("data", message)
            if event.get("e") == "trade":
                texts.append((Decimal(event["p"]) * 100, Decimal(event["q"]) * 10**6))
    assert len(texts) > 1000
    found = zip(trades["price"].tolist(), trades["qty"].tolist(), strict=True)
    assert [(Decimal(price), Decimal(qty)) for price, qty in found] == texts
