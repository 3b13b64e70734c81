"""Calls of plain floats take a short road: the same answers and refusals as on the usual one."""

from __future__ import annotations

import inspect
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt import indicators
from py_rt._core import quant as core

VALUES = np.random.default_rng(8).normal(100.0, 1.0, 40)


class Odd(float):
    """A float of another class, which only the usual road takes."""


def test_update_is_one_whatever_the_road() -> None:
    roads = {
        "float": float,
        "numpy": np.float64,
        "other class": Odd,
        "bar": lambda x: SimpleNamespace(close=float(x)),
        "bar of numpy": lambda x: SimpleNamespace(close=np.float64(x)),
    }
    told = {}
    for name, road in roads.items():
        mean = indicators.SMA(5)
        told[name] = [mean.update(road(x)) for x in VALUES]
        assert mean.ready
        assert mean.value == told[name][-1]
    batch = indicators.SMA(5).batch(VALUES)
    for name, values in told.items():
        assert np.array_equal(values, batch, equal_nan=True), name
    named = indicators.SMA(1)
    assert named.update(x=2.0) == 2.0
    assert named.update(3) == 3.0


def test_several_columns() -> None:
    high, low = VALUES + 1.0, VALUES - 1.0
    by_number, by_name, by_bar = (indicators.ATR(5) for _ in range(3))
    batch = indicators.ATR(5).batch(high, low, VALUES)
    for row in zip(high.tolist(), low.tolist(), VALUES.tolist(), batch.tolist(), strict=True):
        h, low_, c, wanted = row
        bar = SimpleNamespace(high=h, low=low_, close=c)
        told = (
            by_number.update(h, low_, c),
            by_name.update(h, close=c, low=low_),
            by_bar.update(bar),
        )
        assert all(x == wanted or (math.isnan(x) and math.isnan(wanted)) for x in told)


def test_several_lines_come_as_before() -> None:
    bands = indicators.Bollinger(5, 2.0)
    for x in VALUES:
        told = bands.update(float(x))
    assert (told.upper, told.middle, told.lower) == tuple(bands.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_refusals_name_the_row_and_leave_the_state(bad: float) -> None:
    mean = indicators.SMA(2)
    mean.update(1.0)
    with pytest.raises(rt.DataError, match="row 1"):
        mean.update(bad)
    with pytest.raises(rt.DataError, match="row 1"):
        mean.update(SimpleNamespace(close=bad))
    assert mean.update(3.0) == 2.0
    with pytest.raises(rt.DataError):
        indicators.Parkinson(2).update(-1.0, -2.0)


@pytest.mark.parametrize("bad", ["x", None, SimpleNamespace(low=1.0)])
def test_what_is_no_number(bad: Any) -> None:
    with pytest.raises(rt.ParameterError):
        indicators.SMA(2).update(bad)
    with pytest.raises(TypeError):
        indicators.SMA(2).update()
    with pytest.raises(TypeError):
        indicators.SMA(2).update(1.0, 2.0)
    with pytest.raises(rt.ParameterError):
        indicators.ATR(2).update(1.0)


def test_a_bar_whose_attribute_updates_the_same_indicator() -> None:
    mean = indicators.SMA(2)

    class Meddler:
        @property
        def close(self) -> float:
            mean.update(1.0)
            return 3.0

    assert math.isnan(indicators.SMA(2).update(1.0))
    assert mean.update(Meddler()) == 2.0


def test_a_function_of_floats() -> None:
    usual = core.expected_maximum_sharpe(trials=20, variance=2.0)
    assert core.expected_maximum_sharpe(20.0, 2.0) == usual
    assert core.expected_maximum_sharpe(np.float64(20.0), 2.0) == usual
    for bad in ((math.nan, 1.0), (0.0, 1.0), (2.0, -1.0)):
        with pytest.raises(rt.ParameterError):
            core.expected_maximum_sharpe(*bad)
    with pytest.raises(TypeError):
        core.expected_maximum_sharpe(1.0)


def test_what_stands_in_front_says_what_stood_there() -> None:
    assert list(inspect.signature(indicators.SMA.update).parameters) == ["self", "x"]
    assert "Take one bar in" in (indicators.SMA.update.__doc__ or "")
    function = core.expected_maximum_sharpe
    assert list(inspect.signature(function).parameters) == ["trials", "variance"]
    assert function.__name__ == "expected_maximum_sharpe"
    assert "largest ratio" in (function.__doc__ or "")
