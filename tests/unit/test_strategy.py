"""The base class of strategies: parameters, callbacks, fresh starts, the factory."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

import py_rt._core as _core
from py_rt.errors import ParameterError, StrategyError
from py_rt.factory import StrategyFactory
from py_rt.indicators import SMA
from py_rt.strategies import MarketMaker, MeanReversion, SmaCross
from py_rt.strategy import CompiledStrategy, Strategy


class Plain(Strategy):
    symbol: str = "AAPL"
    fast: int = 10
    order_qty: float = 100
    verbose: bool = False
    mode: Literal["a", "b"] = "a"
    limit: float | None = None
    watched: list[str] = ["x"]  # noqa: RUF012 - a parameter; each instance has its own copy
    shared: ClassVar[int] = 1
    _hidden: int = 2
    average: SMA

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.watched.append(bar)


class Child(Plain):
    fast = 20
    slow: int = 30

    def on_stop(self, ctx: Any) -> None:
        pass


def test_parameters_are_annotated_attributes_with_a_value_over_the_mro() -> None:
    names = ["symbol", "fast", "order_qty", "verbose", "mode", "limit", "watched"]
    assert list(Plain().params) == names
    assert list(Child().params) == [*names, "slow"]
    assert Child().params["fast"] == 20
    assert Child(fast=5).fast == 5
    assert Plain().fast == 10


def test_an_int_becomes_a_float_and_numpy_numbers_become_python_ones() -> None:
    made = Plain(order_qty=np.int64(5), fast=np.int32(7), verbose=np.True_, limit=3)
    assert made.params["order_qty"] == 5.0
    assert [type(made.params[name]) for name in ("order_qty", "fast", "verbose")] == [
        float,
        int,
        bool,
    ]
    assert type(Plain().order_qty) is float


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fast", 1.5),
        ("fast", True),
        ("fast", "5"),
        ("order_qty", "5"),
        ("order_qty", float("nan")),
        ("order_qty", None),
        ("verbose", 1),
        ("mode", "c"),
        ("symbol", 3),
        ("limit", "x"),
        ("watched", "x"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        Plain(**{name: value})
    assert caught.value.field == name
    assert caught.value.remedy


def test_an_unknown_keyword_names_the_nearest_parameter() -> None:
    with pytest.raises(ParameterError, match="did you mean order_qty"):
        Plain(order_qyt=3)
    with pytest.raises(ParameterError, match="did you mean fast"):
        CompiledStrategy("sma_cross", fsat=3)
    with pytest.raises(ParameterError, match="did you mean sma_cross"):
        StrategyFactory.create("sma_cros")


def test_only_overridden_callbacks_are_named() -> None:
    assert Plain()._overridden() == ("on_bar",)
    assert Child()._overridden() == ("on_bar", "on_stop")
    assert Strategy()._overridden() == ()
    assert CompiledStrategy("sma_cross")._overridden() == ("on_bar",)


def test_callbacks_that_would_never_be_called_are_refused_at_definition() -> None:
    with pytest.raises(StrategyError, match="did you mean on_bar"):
        type("Typo", (Strategy,), {"on_bars": lambda self, ctx, bar: None})

    async def on_bar(self: Any, ctx: Any, bar: Any) -> None:
        pass

    with pytest.raises(StrategyError, match="plain def"):
        type("Async", (Strategy,), {"on_bar": on_bar})
    type("Own", (Strategy,), {"on_regime_change": lambda self: None})


def test_fresh_starts_from_the_arguments_and_not_from_the_state() -> None:
    one = Plain(fast=3, watched=["y"])
    one.watched.append("used")
    run = one.fresh()
    run.on_bar(None, "bar")
    assert one.fresh().params == one.params
    assert one.watched == ["y", "used"]
    assert Plain().watched == ["x"]


def test_fresh_runs_an_init_of_ones_own_again() -> None:
    class Own(Strategy):
        period: int = 4

        def __init__(self, first: int, *rest: int, **params: Any) -> None:
            super().__init__(**params)
            self.average = SMA(self.period)
            self.numbers = [first, *rest]

    one = Own(1, 2, period=2)
    one.average.update(3.0)
    one.numbers.append(9)
    run = one.fresh()
    assert run.numbers == [1, 2]
    assert run.period == 2
    run.average.update(5.0)
    assert not run.average.ready


def test_an_init_that_forgets_its_base_and_a_dataclass_work_too() -> None:
    class Forgets(Strategy):
        fast: int = 4

        def __init__(self, fast: int = 6) -> None:
            self.fast = fast

    assert Forgets(fast=7).fresh().params == {"fast": 7}
    assert Forgets().params == {"fast": 6}

    @dataclass
    class Data(Strategy):
        fast: int = 4

    assert Data(fast=9).fresh().params == {"fast": 9}


def test_parameters_assigned_later_count_in_the_next_run() -> None:
    one = Plain()
    one.fast = 77
    assert one.fresh().fast == 77


def test_adopt_brings_what_a_run_recorded_but_no_parameter() -> None:
    one = Plain(fast=3)
    run = one.fresh()
    run.seen = [1, 2]
    run.fast = 99
    one.adopt(run)
    assert one.seen == [1, 2]
    assert one.fast == 3
    assert not hasattr(one.fresh(), "seen")


def test_strategies_travel_to_other_processes() -> None:
    one = SmaCross(fast=7)
    assert pickle.loads(pickle.dumps(one)).fresh().params == one.params
    two = CompiledStrategy("sma_cross", fast=7)
    assert pickle.loads(pickle.dumps(two)).fresh().params == two.params


def test_repr_shows_name_and_parameters() -> None:
    assert repr(SmaCross(fast=5)) == "SmaCross(symbol='', fast=5, slow=30, order_qty=100.0)"
    assert SmaCross().name == "SmaCross"
    assert CompiledStrategy("sma_cross").name == "sma_cross"


@pytest.mark.parametrize("name", ["sma_cross", "mean_reversion", "market_maker"])
def test_twins_have_equal_parameters_and_defaults(name: str) -> None:
    compiled = StrategyFactory.create(name)
    python = StrategyFactory.create(name, language="python")
    assert isinstance(compiled, CompiledStrategy)
    assert not isinstance(python, CompiledStrategy)
    assert list(compiled.params.items()) == list(python.params.items())
    assert compiled.fresh().params == compiled.params


def test_the_factory_lists_and_takes_names() -> None:
    names = StrategyFactory.names()
    assert {entry["name"] for entry in _core.compiled_strategies()} <= set(names)
    assert {"bench_touch", "bench_maker", "bench_maker_10ms"} <= set(names)
    StrategyFactory.register("plain_test", Plain)
    assert isinstance(StrategyFactory.create("plain_test", fast=3), Plain)
    StrategyFactory.register("plain_test", Plain)
    assert "plain_test" in StrategyFactory.names()


@pytest.mark.parametrize(
    ("name", "cls"),
    [("sma_cross", Plain), ("Upper", Plain), ("", Plain), ("fine", dict), ("fine", Plain())],
)
def test_the_factory_refuses_bad_names_and_classes(name: str, cls: Any) -> None:
    with pytest.raises(ParameterError):
        StrategyFactory.register(name, cls)


def test_languages() -> None:
    assert type(StrategyFactory.create("mean_reversion", language="python")) is MeanReversion
    assert type(StrategyFactory.create("market_maker", language="python")) is MarketMaker
    assert type(StrategyFactory.create("sma_cross", language="compiled")) is CompiledStrategy
    with pytest.raises(ParameterError, match="leave language out"):
        StrategyFactory.create("bench_touch", language="python")
    with pytest.raises(ParameterError) as caught:
        StrategyFactory.create("sma_cross", language="rust")  # type: ignore[arg-type]
    assert caught.value.field == "language"
