"""Corporate actions: read, refused, applied; adjusted closes equal a vendor's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from py_rt import data as data_room
from py_rt._times import to_ns
from py_rt.data import CorporateAction, adjust, corporate_actions
from py_rt.errors import DataError, ParameterError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
ETF = SHARED / "daily_long/etf_stock_ohlcv_adj_19991101_20201211.parquet"


def prices(closes: list[float], symbol: str = "ABC", first: str = "2024-01-02") -> pd.DataFrame:
    days = pd.bdate_range(first, periods=len(closes)).strftime("%Y-%m-%d")
    return pd.DataFrame({"symbol": symbol, "ts": days, "close": closes, "volume": 100.0})


def test_split_and_dividend_by_hand() -> None:
    data = data_room.load(prices([100.0, 51.0, 50.0]))
    actions = [
        CorporateAction("split", "ABC", to_ns("2024-01-03"), ratio=2),
        CorporateAction("dividend", "ABC", to_ns("2024-01-04"), amount=1.02),
    ]
    table = adjust(data, actions).to_frame()
    assert table["close"].tolist() == [49.0, 49.98, 50.0]
    assert table["volume"].tolist() == [200.0, 100.0, 100.0]
    assert adjust(data, actions, dividends=False).to_frame()["close"].tolist() == [50, 51, 50]
    assert adjust(data, actions, splits=False, dividends=False).bars().tolist() == (
        data.bars().tolist()
    )


def test_a_symbol_change_joins_the_series() -> None:
    old, new = prices([10.0, 11.0], "FB"), prices([12.0], "META", "2024-01-04")
    data = data_room.load(pd.concat([old, new]))
    change = CorporateAction("symbol_change", "FB", to_ns("2024-01-04"), new_symbol="META")
    joined = adjust(data, [change])
    assert joined.symbols == ("META",)
    assert joined.to_frame()["close"].tolist() == [10.0, 11.0, 12.0]


def test_actions_are_read_from_rows_and_from_columns(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "kind": ["dividend", "split", "symbol_change"],
            "symbol": ["A", "A", "B"],
            "date": ["2024-01-03", "2024-01-03", "2024-01-02"],
            "ratio": [np.nan, 0.1, np.nan],
            "amount": [0.5, np.nan, np.nan],
            "new_symbol": [None, None, "C"],
        }
    )
    rows.to_csv(tmp_path / "actions.csv", index=False)
    for source in (rows, tmp_path / "actions.csv"):
        found = corporate_actions(source)
        assert [action.kind for action in found] == ["symbol_change", "split", "dividend"]
        assert found[1].ratio == 0.1
    columns = pd.DataFrame(
        {"symbol": "A", "date": ["2024-01-02", "2024-01-03"], "split": [1, 4], "dividend": [0.1, 0]}
    )
    assert [(a.kind, a.ratio, a.amount) for a in corporate_actions(columns)] == [
        ("dividend", 1.0, 0.1),
        ("split", 4.0, 0.0),
    ]


def test_nonsense_is_refused() -> None:
    with pytest.raises(ParameterError, match="merger"):
        CorporateAction("merger", "A", 0)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="not positive"):
        CorporateAction("split", "A", 0, ratio=0)
    with pytest.raises(ParameterError, match="empty"):
        CorporateAction("symbol_change", "A", 0)
    with pytest.raises(DataError, match="columns are"):
        corporate_actions(pd.DataFrame({"a": [1]}))
    with pytest.raises(DataError, match="row 1"):
        corporate_actions(
            pd.DataFrame({"kind": ["split"] * 2, "symbol": "A", "date": "2024-01-02",
                          "ratio": [2, -1]})
        )  # fmt: skip
    data = data_room.load(prices([1.0, 1.0]))
    with pytest.raises(DataError, match="dividend of 2"):
        adjust(data, [CorporateAction("dividend", "ABC", to_ns("2024-01-03"), amount=2)])
    with pytest.raises(DataError, match="no bars"):
        adjust(data_room.sample("btcusdt_l2"), [])


@pytest.mark.skipif(not ETF.is_file(), reason="the shared data folder is not beside the house")
@pytest.mark.parametrize("symbol", ["AAPL", "KO", "SPY", "VXX", "MSFT", "GLD", "JPM", "TLT"])
def test_adjusted_closes_equal_the_vendors(symbol: str) -> None:
    """Alpha Vantage gives raw prices, dividends, splits and its own adjusted close.

    Its factor of a dividend d is c / (c + d) with the close c of the ex-date; ours, after CRSP, is
    1 - d / c with the close before it. With the one in place of the other both are equal.
    """
    table = pd.read_parquet(ETF)
    table = table[table["symbol"] == symbol].reset_index(drop=True)
    raw = data_room.load(table.drop(columns=["split", "dividend", "adjusted_close"]))
    ours = adjust(raw, corporate_actions(table)).to_frame()["close"].to_numpy()
    theirs = table["adjusted_close"].to_numpy()
    assert np.abs(ours / theirs - 1).max() < 0.01
    close, paid = table["close"].to_numpy(), table["dividend"].to_numpy()
    # A split of the ex-date makes the close before it comparable.
    before = np.append(close[0], close[:-1])
    other = (close / (close + paid)) / (1 - paid / before)
    later = np.append(np.cumprod(other[::-1])[::-1][1:], 1.0)
    np.testing.assert_allclose(ours * later, theirs, rtol=1e-5)
