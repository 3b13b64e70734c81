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
from py_rt._core.indicators import catalog
from py_rt.errors import DataError, ParameterError
from py_rt.indicators import ATR, EMA, MACD, OBV, RSI, SMA, VWAP, WMA, Bollinger, Stochastic, ZScore

GOLDEN = Path(__file__).parent.parent / "golden" / "indicators.json"
CATALOG = {row[0]: row for row in catalog()}
# TA-Lib takes differences of large sums here: its own noise is larger.
NOISY = {"BETA": 1e-7, "CORREL": 1e-8, "LINEARREG_ANGLE": 1e-8, "Bollinger": 1e-8, "STDDEV": 1e-8,
         "VAR": 1e-8}  # fmt: skip
# What rounding noise decides in TA-Lib once nothing moves.
NOT_FLAT = {
    *("STOCHRSI", "KAMA", "MA", "MACDEXT", "MAMA", "CCI", "MAXINDEX", "MININDEX"),
    *("HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE", "HT_TRENDLINE", "HT_TRENDMODE"),
}


def bars(n: int = 500, seed: int = 5, flat: slice | None = None) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, n)))
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + random.uniform(0, 1, n)
    low = np.minimum(opened, close) - random.uniform(0, 1, n)
    table = pd.DataFrame({"open": opened, "high": high, "low": low, "close": close})
    table["volume"] = np.floor(random.uniform(1, 1e4, n))
    table["x"], table["y"] = close, close * random.uniform(0.9, 1.1, n)
    if flat is not None:
        table.iloc[flat, :4] = close[flat.start]
        table.iloc[flat, 5] = close[flat.start]
    return table


def make(name: str, period: int | None = None) -> Any:
    """Make an indicator with its defaults, and this period where it has one."""
    given: list[Any] = [0.3 if kind == "real" else 10 if default is None else default
                        for _, kind, default in CATALOG[name][3]]  # fmt: skip
    kinds = [kind for _, kind, _ in CATALOG[name][3]]
    given = [x if kind == "real" else int(x) for x, kind in zip(given, kinds, strict=True)]
    if period is not None:
        given[0] = period
    return getattr(indicators, name)(*given)


def stacked(value: Any, name: str) -> np.ndarray:
    """Arrays of an answer, one row a line."""
    lines = CATALOG[name][2]
    return np.array([value] if lines == ["value"] else [getattr(value, x) for x in lines])


def call(text: str, table: pd.DataFrame) -> np.ndarray:
    """Answer a call as the golden file writes it: ``MACD(12, 26, 9).signal``."""
    name, _, rest = text.partition("(")
    arguments, _, line = rest.partition(")")
    given = [float(x) if "." in x else int(x) for x in arguments.split(",") if x]
    columns = [table[column] for column in CATALOG[name][1]]
    found = getattr(indicators, name)(*given).batch(*columns)
    return getattr(found, line[1:]) if line else found


each = pytest.mark.parametrize("name", sorted(CATALOG))


def test_every_indicator_has_its_class() -> None:
    assert sorted(CATALOG) == sorted(indicators.__all__)
    assert len(CATALOG) >= 60


def test_golden_values_of_talib() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    table = pd.DataFrame(golden["bars"])
    table["x"] = table["close"]
    known = {text.partition("(")[0] for text in golden["answers"]}
    assert known == {name for name, row in CATALOG.items() if row[4]}
    for text, answer in golden["answers"].items():
        expected = np.array(answer, dtype=float)  # null becomes NaN
        tolerance = max(1e-10, NOISY.get(text.partition("(")[0], 0.0))
        np.testing.assert_allclose(
            call(text, table), expected, rtol=tolerance, atol=tolerance, err_msg=text
        )


@pytest.mark.parametrize("seed", range(3))
def test_talib_itself_agrees(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("talib")
    monkeypatch.syspath_prepend(str(GOLDEN.parent.parent.parent / "tools"))
    from make_indicator_golden import answers

    table = bars(3_000, seed)
    for flat in (None, slice(1_200, 1_800)):
        table = bars(3_000, seed, flat)
        given = {name: table[name].to_numpy() for name in table}
        for text, answer in answers(given, periods=(2, 3, 14, 50, 200)).items():
            name = text.partition("(")[0]
            if flat is not None and name in NOT_FLAT:
                continue
            tolerance = max(1e-10, NOISY.get(name, 0.0))
            np.testing.assert_allclose(
                call(text, table), answer, rtol=tolerance, atol=1e-9, err_msg=text
            )


def test_what_talib_does_not_have() -> None:
    table = bars(400)
    close = table["close"]
    z = (close - close.rolling(20).mean()) / close.rolling(20).std(ddof=1)
    log = np.log(table[["open", "high", "low", "close"]])
    bars_hl = (log["high"] - log["low"]) ** 2
    body = (log["close"] - log["open"]) ** 2
    rs = (log["high"] - log["close"]) * (log["high"] - log["open"]) + (
        log["low"] - log["close"]
    ) * (log["low"] - log["open"])
    gap = log["open"] - log["close"].shift()
    k = 0.34 / (1.34 + 21 / 19)
    yz = gap.rolling(20).var() + k * (log["close"] - log["open"]).rolling(20).var()
    ewm = close.ewm(span=9, adjust=False).var(bias=True)
    expected = {
        "ZScore(20)": z,
        "Median(20)": close.rolling(20).median(),
        "Quantile(20, 0.3)": close.rolling(20).quantile(0.3),
        "Skewness(20)": close.rolling(20).skew(),
        "Kurtosis(20)": close.rolling(20).kurt(),
        "EWMVar(9)": ewm.where(close.index >= 8),
        "EWMStd(9)": np.sqrt(ewm).where(close.index >= 8),
        "Parkinson(20, 252.0)": np.sqrt(252 * bars_hl.rolling(20).mean() / (4 * np.log(2))),
        "GarmanKlass(20)": np.sqrt((bars_hl / 2 - (2 * np.log(2) - 1) * body).rolling(20).mean()),
        "RogersSatchell(20)": np.sqrt(rs.rolling(20).mean()),
        "YangZhang(20)": np.sqrt(yz + (1 - k) * rs.rolling(20).mean()),
        "RealizedVolatility(20)": np.sqrt((log["close"].diff() ** 2).rolling(20).mean()),
    }
    assert {text.partition("(")[0] for text in expected} == {
        name for name, row in CATALOG.items() if not row[4]
    }
    for text, answer in expected.items():
        # pandas' kurtosis is the noisier one: exact fractions agree with ours to 1e-14.
        rtol = 1e-7 if text.startswith("Kurtosis") else 1e-9
        np.testing.assert_allclose(call(text, table), answer, rtol=rtol, atol=1e-11, err_msg=text)
    assert not ZScore(5).batch(np.full(50, 0.1))[4:].any()


@each
@pytest.mark.parametrize("flat", [None, slice(100, 180)])
def test_stream_equals_batch_to_the_last_bit(name, flat) -> None:
    table = bars(300, flat=flat)
    columns = CATALOG[name][1]
    one = make(name)
    batch = stacked(one.batch(*(table[column] for column in columns)), name)
    for round_ in range(2):
        assert not one.ready, "batch left the state alone"
        rows, shown = [], []
        for row in table.drop(columns="x").itertuples(index=False):
            numbers = [row.close if column == "x" and columns == ["x"] else getattr(row, column)
                       for column in columns if column != "x" or columns == ["x"]]  # fmt: skip
            if columns == ["x", "y"]:
                numbers = [row.close, row.y]
            # Once as numbers, once as a bar.
            as_bar = round_ == 1 and "y" not in columns
            value = one.update(row) if as_bar else one.update(*numbers)
            rows.append(stacked(value, name))
            shown.append(stacked(one.value, name))
            assert one.ready == (not np.isnan(rows[-1]).any())
        np.testing.assert_array_equal(np.array(shown), np.array(rows))
        np.testing.assert_array_equal(np.array(rows).T.reshape(batch.shape), batch)
        one.reset()
        assert np.isnan(stacked(one.value, name)).all()


@each
def test_every_kind_of_column_is_taken(name) -> None:
    table = bars(100)
    names = CATALOG[name][1]
    one = make(name)
    expected = stacked(one.batch(*(table[column].to_numpy() for column in names)), name)
    taken = [
        one.batch(*(table[column].tolist() for column in names)),
        one.batch(*(np.repeat(table[column].to_numpy(), 2)[::2] for column in names)),
    ]
    if names == ["x", "y"]:
        taken.append(one.batch(table["x"], table["y"]))
    else:
        taken.append(one.batch(table))
        taken.append(one.batch(**{column: table[column] for column in names}))
    for found in taken:
        np.testing.assert_array_equal(stacked(found, name), expected)
    empty = stacked(one.batch(*([] for _ in names)), name)
    assert empty.shape == (len(CATALOG[name][2]), 0)


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_row(name, bad) -> None:
    table = bars(60)
    names = CATALOG[name][1]
    one = make(name)
    for row in table[names].head(40).itertuples(index=False):
        before = one.update(*row)
    spoiled = [float(x) for x in table[names].iloc[40]]
    spoiled[-1] = bad
    with pytest.raises(DataError, match="row 40"):
        one.update(*spoiled)
    np.testing.assert_array_equal(stacked(one.value, name), stacked(before, name))
    table.loc[17, names[-1]] = bad
    with pytest.raises(DataError, match="row 17"):
        one.batch(*(table[column] for column in names))


@pytest.mark.parametrize("name", [name for name, row in CATALOG.items() if row[6]])
def test_logarithms_want_prices_above_zero(name) -> None:
    table = bars(60)
    names = CATALOG[name][1]
    table.loc[33, names[-1]] = 0.0
    with pytest.raises(DataError, match=r"row 33.*above 0"):
        make(name).batch(*(table[column] for column in names))
    with pytest.raises(DataError, match="above 0"):
        make(name).update(*[-1.0 for _ in names])


@pytest.mark.parametrize(
    ("made", "field"),
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
        (lambda: indicators.MA(3, "HULL"), "average"),
        (lambda: indicators.MA(3, 9), "average"),
        (lambda: indicators.Quantile(5, 1.5), "fraction"),
        (lambda: indicators.T3(5, -0.1), "factor"),
        (lambda: indicators.SAR(-0.1), "acceleration"),
        (lambda: indicators.MAMA(0.5, 0.0), "slow_limit"),
        (lambda: indicators.Parkinson(5, 0.0), "scale"),
    ],
)
def test_bad_parameters_are_named(made, field) -> None:
    with pytest.raises(ParameterError) as caught:
        made()
    assert caught.value.field == field
    assert caught.value.remedy


def test_kinds_of_averages_have_names_and_numbers() -> None:
    close = bars(200)["close"]
    for number, kind in enumerate(
        ["SMA", "EMA", "WMA", "DEMA", "TEMA", "TRIMA", "KAMA", "MAMA", "T3"]
    ):
        by_name = indicators.MA(10, kind.lower()).batch(close)
        np.testing.assert_array_equal(by_name, indicators.MA(10, number).batch(close))
        alone = getattr(indicators, kind)(*([] if kind == "MAMA" else [10])).batch(close)
        np.testing.assert_array_equal(by_name, alone.mama if kind == "MAMA" else alone)


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
    assert OBV().update(close=1.0, volume=3.0) == 3.0
    assert VWAP().update(11.0, 9.0, close=10.0, volume=1.0) == 10.0


def test_lines_unpack_and_print() -> None:
    bands = Bollinger(2, 1.0)
    bands.update(1.0)
    value = bands.update(3.0)
    assert tuple(value) == (3.0, 2.0, 1.0)
    assert repr(value) == "BandsValue(upper=3.0, middle=2.0, lower=1.0)"
    assert value.to_dict() == {"upper": 3.0, "middle": 2.0, "lower": 1.0}
    upper, _middle, _lower = bands.batch([1.0, 3.0])
    assert upper[1] == 3.0


def test_the_page_has_the_tables_of_this_build(monkeypatch: pytest.MonkeyPatch) -> None:
    root = GOLDEN.parent.parent.parent
    monkeypatch.syspath_prepend(str(root / "tools"))
    from make_indicator_table import page_with_tables

    page = (root / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert page == page_with_tables(page), "run tools/make_indicator_table.py"
    assert page.count("| `") > 100
