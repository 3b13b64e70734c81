"""Indicators at the Python face: TA-Lib's values, stream equals batch, refusals by name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from py_rt import indicators
from py_rt.errors import DataError, ParameterError
from py_rt.indicators import (
    ATR,
    EMA,
    MACD,
    OBV,
    RSI,
    SMA,
    VWAP,
    WMA,
    Bollinger,
    Stochastic,
    ZScore,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "indicators.json"

# Every indicator, its columns, the number of bars until it is ready, its lines.
ALL: list[tuple[Any, tuple[str, ...], int, tuple[str, ...]]] = [
    (lambda: SMA(10), ("close",), 10, ()),
    (lambda: EMA(10), ("close",), 10, ()),
    (lambda: WMA(10), ("close",), 10, ()),
    (lambda: RSI(14), ("close",), 15, ()),
    (lambda: MACD(12, 26, 9), ("close",), 34, ("macd", "signal", "histogram")),
    (lambda: Stochastic(14, 3, 3), ("high", "low", "close"), 18, ("k", "d")),
    (lambda: ATR(14), ("high", "low", "close"), 15, ()),
    (lambda: Bollinger(20, 2.0), ("close",), 20, ("upper", "middle", "lower")),
    (OBV, ("close", "volume"), 1, ()),
    (VWAP, ("high", "low", "close", "volume"), 1, ()),
    (lambda: ZScore(20), ("close",), 20, ()),
]
NAMES = [make().__class__.__name__ for make, *_ in ALL]
each = pytest.mark.parametrize(("make", "names", "warm", "lines"), ALL, ids=NAMES)


def bars(n: int = 500, seed: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, n)))
    high, low = close + random.uniform(0, 1, n), close - random.uniform(0, 1, n)
    volume = random.uniform(1, 1e4, n)
    return pd.DataFrame({"high": high, "low": low, "close": close, "volume": volume})


def stacked(value: Any, lines: tuple[str, ...]) -> np.ndarray:
    """Arrays of an answer, one row a line."""
    return np.array([getattr(value, line) for line in lines] if lines else [value])


def call(text: str, table: pd.DataFrame) -> np.ndarray:
    """Answer a call as the golden file writes it: ``MACD(12, 26, 9).signal``."""
    name, _, rest = text.partition("(")
    arguments, _, line = rest.partition(")")
    given = [float(x) if "." in x else int(x) for x in arguments.split(",") if x]
    found = getattr(indicators, name)(*given).batch(table)
    return getattr(found, line[1:]) if line else found


def test_every_indicator_is_tried() -> None:
    assert sorted(NAMES) == sorted(indicators.__all__)


def test_golden_values_of_talib() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    table = pd.DataFrame(golden["bars"])
    assert len(golden["answers"]) == 16
    for text, answer in golden["answers"].items():
        expected = np.array(answer, dtype=float)  # null becomes NaN
        np.testing.assert_allclose(
            call(text, table), expected, rtol=1e-10, atol=1e-10, err_msg=text
        )


@pytest.mark.parametrize("seed", range(5))
def test_talib_itself_agrees(seed: int) -> None:
    talib = pytest.importorskip("talib")
    table = bars(3_000, seed)
    table.loc[1_200:1_800, ["high", "low", "close"]] = table["close"][1_200]
    high, low, close, volume = (table[name].to_numpy() for name in table.columns)
    for n in (2, 3, 14, 50, 200):
        expected = {
            f"SMA({n})": talib.SMA(close, n),
            f"EMA({n})": talib.EMA(close, n),
            f"WMA({n})": talib.WMA(close, n),
            f"RSI({n})": talib.RSI(close, n),
            f"ATR({n})": talib.ATR(high, low, close, n),
            f"Bollinger({n}, 2.5).lower": talib.BBANDS(close, n, 2.5, 2.5)[2],
            f"MACD({n}, {2 * n}, 5).signal": talib.MACD(close, n, 2 * n, 5)[1],
            f"Stochastic({n}, 4, 3).d": talib.STOCH(high, low, close, n, 4, 0, 3, 0)[1],
            "OBV()": talib.OBV(close, volume),
        }
        for text, answer in expected.items():
            # TA-Lib's variance is a difference of sums of squares: its own noise is larger.
            rtol = 1e-8 if text.startswith("Bollinger") else 1e-10
            np.testing.assert_allclose(
                call(text, table), answer, rtol=rtol, atol=1e-9, err_msg=text
            )


def test_what_talib_does_not_have() -> None:
    table = bars()
    close = table["close"]
    z = (close - close.rolling(20).mean()) / close.rolling(20).std(ddof=1)
    np.testing.assert_allclose(ZScore(20).batch(close), z, rtol=1e-8, atol=1e-9)
    typical = table[["high", "low", "close"]].mean(axis=1)
    vwap = (typical * table["volume"]).cumsum() / table["volume"].cumsum()
    np.testing.assert_allclose(VWAP().batch(table), vwap, rtol=1e-12)
    assert not ZScore(5).batch(np.full(50, 0.1))[4:].any()


@each
def test_stream_equals_batch_to_the_last_bit(make, names, warm, lines) -> None:
    table = bars()
    one = make()
    batch = stacked(one.batch(*(table[name] for name in names)), lines)
    for round_ in range(2):
        assert not one.ready, "batch left the state alone"
        rows = []
        for i, row in enumerate(table[list(names)].itertuples(index=False)):
            # Once as numbers, once as a bar.
            value = one.update(*row) if round_ == 0 else one.update(row)
            assert one.ready == (i + 1 >= warm)
            np.testing.assert_array_equal(stacked(value, lines), stacked(one.value, lines))
            rows.append(stacked(value, lines))
        np.testing.assert_array_equal(np.array(rows).T.reshape(batch.shape), batch)
        assert np.isnan(batch[:, : warm - 1]).all()
        assert np.isfinite(batch[:, warm - 1 :]).all()
        one.reset()
        assert np.isnan(stacked(one.value, lines)).all()


@each
def test_every_kind_of_column_is_taken(make, names, warm, lines) -> None:
    table = bars(100)
    one = make()
    expected = stacked(one.batch(*(table[name].to_numpy() for name in names)), lines)
    taken = [
        one.batch(*(table[name].tolist() for name in names)),
        one.batch(*(np.repeat(table[name].to_numpy(), 2)[::2] for name in names)),
        one.batch(table),
    ]
    if len(names) > 1:
        taken.append(one.batch(**{name: table[name] for name in names}))
    polars = pytest.importorskip("polars") if _has("polars") else None
    if polars is not None:
        frame = polars.DataFrame({name: table[name].to_numpy() for name in table})
        taken += [one.batch(frame), one.batch(*(frame[name] for name in names))]
    for found in taken:
        np.testing.assert_array_equal(stacked(found, lines), expected)
    empty = stacked(one.batch(*([] for _ in names)), lines)
    assert empty.shape == (max(1, len(lines)), 0)


def _has(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_row(make, names, warm, lines, bad) -> None:
    table = bars(60)
    one = make()
    for row in table[list(names)].head(40).itertuples(index=False):
        before = one.update(*row)
    spoiled = [float(x) for x in table[list(names)].iloc[40]]
    spoiled[-1] = bad
    with pytest.raises(DataError, match="row 40"):
        one.update(*spoiled)
    with pytest.raises(DataError, match=f"field {names[-1]}, row 40"):
        one.update(SimpleNamespace(**dict(zip(names, spoiled, strict=True))))
    np.testing.assert_array_equal(stacked(one.value, lines), stacked(before, lines))
    table.loc[17, names[-1]] = bad
    with pytest.raises(DataError, match="row 17"):
        one.batch(table)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: SMA(0), "period"),
        (lambda: SMA(-3), "period"),
        (lambda: SMA(2.5), "period"),
        (lambda: SMA("ten"), "period"),
        (lambda: EMA(1_000_001), "period"),
        (lambda: WMA(0), "period"),
        (lambda: RSI(1), "period"),
        (lambda: ATR(0), "period"),
        (lambda: ZScore(1), "period"),
        (lambda: Bollinger(1), "period"),
        (lambda: Bollinger(20, 0.0), "width"),
        (lambda: Bollinger(20, float("nan")), "width"),
        (lambda: Bollinger(20, "wide"), "width"),
        (lambda: MACD(26, 12, 9), "fast"),
        (lambda: MACD(12, 26, 0), "signal"),
        (lambda: Stochastic(14, 0, 3), "k_smooth"),
        (lambda: Stochastic(14, 3, -1), "d_smooth"),
    ],
)
def test_bad_parameters_are_named(make, field) -> None:
    with pytest.raises(ParameterError) as caught:
        make()
    assert caught.value.field == field
    assert caught.value.remedy


def test_bad_calls_are_named() -> None:
    with pytest.raises(ParameterError, match="field close"):
        SMA(3).update("ten")
    with pytest.raises(ParameterError, match="field close"):
        SMA(3).update(None)
    with pytest.raises(ParameterError, match="low is missing"):
        ATR(3).update(10.0)
    with pytest.raises(ParameterError, match="field low"):
        ATR(3).update(SimpleNamespace(high=2.0, close=1.0))
    with pytest.raises(ParameterError, match="low is missing"):
        ATR(3).batch([1.0, 2.0])
    with pytest.raises(DataError, match="field low"):
        ATR(3).batch([1.0, 2.0], [1.0], [1.0, 2.0])
    with pytest.raises(DataError, match="no column close"):
        SMA(3).batch(pd.DataFrame({"price": [1.0]}))
    for values in (["a", "b"], [[1.0, 2.0]], 5.0, pd.date_range("2024-01-02", periods=3), [1j]):
        with pytest.raises(DataError, match="field x"):
            SMA(3).batch(values)


def test_numbers_of_every_kind() -> None:
    sma = SMA(1)
    for value in (2, 2.0, np.float64(2), np.float32(2), np.int64(2), SimpleNamespace(close=2)):
        assert sma.update(value) == 2.0
    assert ATR(1).update(np.float32(3), 1, np.int32(2)) != 0


def test_lines_unpack_and_print() -> None:
    bands = Bollinger(2, 1.0)
    bands.update(1.0)
    value = bands.update(3.0)
    assert tuple(value) == (3.0, 2.0, 1.0)
    assert repr(value) == "BollingerValue(upper=3.0, middle=2.0, lower=1.0)"
    assert value.to_dict() == {"upper": 3.0, "middle": 2.0, "lower": 1.0}
    upper, _middle, _lower = bands.batch([1.0, 3.0])
    assert upper[1] == 3.0
