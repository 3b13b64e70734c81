"""Data and venues as a newcomer hands them over: what is said when they cannot be read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import py_rt as rt
from py_rt.errors import ConfigError, DataError, ParameterError
from py_rt.trade.venue_process import VenueProcess

BARS: dict[str, Any] = {
    "t": pd.date_range("2024-03-04T14:30", periods=3, freq="1min", tz="UTC"),
    "o": [10.0, 10.1, 10.2],
    "h": [10.5, 10.5, 10.5],
    "l": [9.5, 9.5, 9.5],
    "c": [10.1, 10.2, 10.3],
    "v": [5, 6, 7],
}


def test_one_letter_columns_are_bars() -> None:
    data = rt.data.load(pd.DataFrame(BARS), symbols="ABC")
    assert (data.kinds, len(data)) == (("bar",), 3)


@pytest.mark.parametrize("word", ["lobster", "itch", "kraken_ws", "dbn", "hftbacktest"])
def test_a_format_without_a_reader_says_not_yet(word: str) -> None:
    with pytest.raises(DataError, match=f"does not read {word} yet"):
        rt.data.load("anything.csv", format=word)


def test_an_unknown_format_is_another_matter() -> None:
    with pytest.raises(ParameterError, match="'csvv' is unknown"):
        rt.data.load("anything.csv", format="csvv")


@pytest.mark.parametrize("source", ["", [], [""]])
def test_no_file_is_named(source: Any) -> None:
    with pytest.raises(DataError, match="no file is named"):
        rt.data.load(source)


def test_an_archive_is_not_read_as_a_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed:
        packed.writestr("a.csv", "1,2\n")
        packed.writestr("b.csv", "1,2\n")
    with pytest.raises(DataError, match="unpack it"):
        rt.data.load(tmp_path / "two.zip")


def test_a_column_that_is_there_twice() -> None:
    table = pd.DataFrame(BARS)
    with pytest.raises(DataError, match="two columns c"):
        rt.data.load(pd.concat([table, table[["c"]]], axis=1))


def test_a_level2_table_without_quantities_is_named_so() -> None:
    table = pd.DataFrame({"kind": ["depth"], "ts_event": [BARS["t"][0]], "side": ["buy"],
                          "price": [10.0]})  # fmt: skip
    with pytest.raises(DataError, match=r"missing qty.*level2"):
        rt.data.load(table)


def test_a_wrong_field_of_an_instrument_names_the_nearest() -> None:
    table = pd.DataFrame(BARS)
    with pytest.raises(ParameterError, match=r"no field tik.*did you mean tick_size"):
        rt.data.load(table, symbols="A", instruments={"A": {"tik": "0.05"}})
    with pytest.raises(ParameterError, match="neither an Instrument nor fields"):
        rt.data.load(table, symbols="A", instruments={"A": 5})  # type: ignore[dict-item]


def test_what_the_venue_refuses_is_told_as_it_said_it(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="out of range; field speed") as told:
        VenueProcess.start(["--speed", "-3"], tmp_path)
    assert told.value.exit_code == ConfigError.exit_code
    with pytest.raises(DataError, match="needs an order book"):
        VenueProcess.start(["--data", "sample:us_minute"], tmp_path)
