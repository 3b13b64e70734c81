"""The bundled samples: small, whole, honest, and equal to what their recipe makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.data.packed import read_packed, write_packed
from py_rt.errors import DataError
from py_rt.market import CLEAR, FLAG_END, FLAG_INVALID, SNAPSHOT

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
NAMES = ["btcusdt_l2", "ethusdt_l2", "sp500_daily", "us_daily", "us_minute"]


def test_list_is_complete_and_small() -> None:
    entries = data_room.samples()
    assert [entry.name for entry in entries] == NAMES
    assert sum(entry.size_bytes for entry in entries) <= 8 * 2**20
    for entry in entries:
        assert entry.description
        assert entry.attribution
        assert entry.licence in ("MIT", "BSD-3-Clause")
        assert entry.to_dict()["rows"] == entry.rows


@pytest.mark.parametrize("name", NAMES)
def test_sample_loads_and_is_clean(name: str) -> None:
    data = data_room.load(f"sample:{name}")
    entry = next(entry for entry in data_room.samples() if entry.name == name)
    assert (data.name, len(data), data.symbols) == (name, entry.rows, entry.symbols)
    assert data.attribution
    assert data.notes
    assert data_room.check(f"sample:{name}").issues == ()


def test_shapes_of_the_samples() -> None:
    assert len(data_room.sample("us_minute").symbols) == 8
    assert len(data_room.sample("us_daily").symbols) == 20
    sp500 = data_room.sample("sp500_daily")
    assert len(sp500.symbols) == 50
    assert {"AAPL", "MSFT", "JPM"} <= set(sp500.symbols)
    assert np.bincount(sp500.bars()["instrument"]).tolist() == [1259] * 50


@pytest.mark.parametrize("name", ["btcusdt_l2", "ethusdt_l2"])
def test_l2_starts_at_a_snapshot_and_is_valid_throughout(name: str) -> None:
    data = data_room.sample(name)
    events = data.events()
    kinds = events["kind"]
    assert kinds[0] == CLEAR
    first_end = int(np.argmax(events["flags"] & FLAG_END))
    assert (kinds[1 : first_end + 1] == SNAPSHOT).all()
    assert first_end == 2000
    assert not (events["flags"] & FLAG_INVALID).any()
    books = data.books(depth=1)
    assert books.valid.all()
    assert (books.bid_price < books.ask_price).all()
    instrument = data.instruments[0]
    assert (instrument.venue, instrument.sessions, instrument.asset_class) == (
        "BINANCE",
        False,
        "crypto",
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not beside the house")
def test_recipe_makes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    recipe = ROOT / "tools" / "make_samples.py"
    command = [sys.executable, str(recipe), "--shared", str(SHARED), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for name in NAMES:
        made = read_packed(tmp_path / f"{name}.npz")
        assert made.content_hash() == data_room.sample(name).content_hash()


def test_unknown_sample_names_the_nearest() -> None:
    with pytest.raises(DataError, match="us_minute"):
        data_room.sample("us_minutes")


def test_packed_file_round_trip(tmp_path: Path) -> None:
    data = data_room.sample("btcusdt_l2").slice("2024-08-09", "2024-08-09T00:00:05Z")
    write_packed(tmp_path / "a.npz", data, {"description": "", "licence": "", "kinds": []})
    again = read_packed(tmp_path / "a.npz")
    assert again.content_hash() == data.content_hash()
    assert data_room.load(tmp_path / "a.npz").content_hash() == data.content_hash()
    np.savez(tmp_path / "b.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="no format is recognised"):
        data_room.load(tmp_path / "b.npz")
