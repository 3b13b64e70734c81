"""Inside a strategy nothing that knows the future is used, unless it is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt


@cache
def data() -> rt.MarketData:
    return rt.data.sample("us_daily").select(["KO", "PEP"]).slice("2016-01-01", "2018-01-01")


@cache
def closes() -> pd.DataFrame:
    bars = data().to_frame("bar")
    return bars.pivot_table(index="ts_close", columns="symbol", values="close")


def tried(use: Callable[[Any, Any], Any], at: int = 400) -> Any:
    """Call `use(ctx, table of what was seen)` in one callback of a backtest; return its answer."""
    answers: list[Any] = []

    class Uses(rt.Strategy):
        def on_start(self, ctx: Any) -> None:
            self.rows = 0

        def on_bar(self, ctx: Any, bar: Any) -> None:
            self.rows += 1
            if self.rows == at:
                now = pd.Timestamp(ctx.now, tz="UTC")
                answers.append(use(ctx, closes()[closes().index <= now]))

    rt.backtest(Uses(), data(), progress=False)
    return answers[0]


def returns() -> pd.Series:
    return np.log(closes()["KO"]).diff().dropna()


FULL: dict[str, Callable[[], Any]] = {
    "zscore": lambda: rt.quant.zscore(closes()["KO"], 20),
    "adf": lambda: rt.quant.adf(closes()["KO"]),
    "half_life": lambda: rt.quant.half_life(closes()["KO"]),
    "engle_granger": lambda: rt.quant.engle_granger(closes()["KO"], closes()["PEP"]),
    "screen_pairs": lambda: rt.quant.screen_pairs(closes()),
    "dictionary": lambda: rt.quant.screen_pairs({c: closes()[c] for c in closes()}),
    "periods": lambda: rt.quant.adf(closes()["KO"].set_axis(closes().index.tz_localize(None))
                                    .to_period("D")),
    "portfolio": lambda: rt.quant.portfolio(closes()),
    "detect_regime": lambda: rt.quant.detect_regime(returns(), 2),
    "box_tiao": lambda: rt.quant.box_tiao(closes()),
    "value_at_risk": lambda: rt.quant.value_at_risk(returns()),
    "min_variance": lambda: rt.quant.MinVariance().fit(closes().pct_change().dropna()),
}  # fmt: skip


@pytest.mark.parametrize("name", FULL)
def test_data_of_later_times_are_refused(name: str) -> None:
    FULL[name]()
    with pytest.raises(rt.StrategyError, match=r"reaches until 2017-12-30.* but it is 2016"):
        tried(lambda ctx, seen: FULL[name]())

    def asked(ctx: Any, seen: Any) -> Any:
        with rt.quant.allow_full_sample_estimates():
            return FULL[name]()

    assert tried(asked) is not None


def test_what_was_seen_is_used_freely() -> None:
    statistic = tried(lambda ctx, seen: rt.quant.adf(seen["KO"]).statistic)
    assert statistic == rt.quant.adf(closes()["KO"].iloc[:200]).statistic
    assert tried(lambda ctx, seen: rt.quant.adf(seen["KO"].to_numpy()).statistic) == statistic


def test_models_know_until_when_they_were_fitted() -> None:
    past, full = returns().iloc[:150], returns()
    early = rt.quant.GaussianHMM(2).fit(past)
    late = rt.quant.GaussianHMM(2).fit(full)
    bare = rt.quant.GaussianHMM(2).fit(past.to_numpy())
    assert early.known_at_ == past.index[-1].value
    assert bare.known_at_ is None
    seen = past.to_numpy()
    assert tried(lambda ctx, _: early.filter(seen)).shape == (150, 2)
    for model, said in ((late, "until 2017-12-30"), (bare, "unknown time")):
        for use in ("filter", "forecast", "score"):
            with pytest.raises(rt.StrategyError, match=said):
                tried(lambda ctx, _, use=use, model=model: getattr(model, use)(seen))
        with pytest.raises(rt.StrategyError, match=said):
            tried(lambda ctx, _, model=model: model.stream())

    def asked(ctx: Any, _: Any) -> Any:
        with rt.quant.allow_full_sample_estimates():
            return late.filter(seen)

    np.testing.assert_array_equal(tried(asked), late.filter(seen))


def test_a_model_fitted_in_the_callback_is_of_its_time() -> None:
    def fits(ctx: Any, seen: pd.DataFrame) -> Any:
        model = rt.quant.GaussianHMM(2).fit(np.diff(np.log(seen["KO"].to_numpy())))
        model.stream()
        return model.known_at_, ctx.now

    known, now = tried(fits)
    assert known == now


@pytest.mark.parametrize("use", ["smooth", "viterbi", "predict", "predict_proba"])
def test_smoothing_is_refused(use: str) -> None:
    past = returns().iloc[:150]
    model = rt.quant.GaussianHMM(2).fit(past)
    with pytest.raises(rt.StrategyError, match="looks ahead"):
        tried(lambda ctx, _: getattr(model, use)(past.to_numpy()))

    def asked(ctx: Any, _: Any) -> Any:
        with rt.quant.allow_full_sample_estimates():
            return getattr(model, use)(past.to_numpy())

    assert len(tried(asked)) == 150


def test_given_parameters_are_nobodys_estimate() -> None:
    model = rt.quant.GaussianHMM.from_parameters(
        [0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]], [0.0, 0.0], [1e-4, 4e-4]
    )
    assert len(tried(lambda ctx, _: model.stream().update(0.01))) == 2


def test_a_hedge_knows_its_training_part() -> None:
    early = rt.quant.kalman_hedge(closes()["KO"], closes()["PEP"], train=100)
    late = rt.quant.kalman_hedge(closes()["KO"], closes()["PEP"], train=400)
    assert tried(lambda ctx, _: early.filter().update(42.0, 101.0))["beta"] > 0.0
    with pytest.raises(rt.StrategyError, match="the noise was fitted on data until 2017-08"):
        tried(lambda ctx, _: late.filter())


def test_nothing_is_refused_outside_of_callbacks() -> None:
    model = rt.quant.GaussianHMM(2).fit(returns())
    assert model.smooth(returns()).shape == (len(returns()), 2)
    tried(lambda ctx, seen: None)
    assert model.viterbi(returns()).shape == (len(returns()),)


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_a_stream_gives_the_rows_of_the_filter(k: int) -> None:
    random = np.random.default_rng(k)
    x = random.normal(size=(300, 2)) * np.where(np.arange(300)[:, None] % 71 == 0, 50.0, 1.0)
    model = rt.quant.GaussianHMM.from_parameters(
        np.full(k, 1 / k), np.full((k, k), 1 / k), random.normal(size=(k, 2)), np.ones((k, 2)) / 9
    )
    stream = model.stream()
    rows = np.array([stream.update(row) for row in x])
    np.testing.assert_array_equal(rows, model.filter(x))
    np.testing.assert_allclose(stream.expected(), model.forecast(x).probabilities, rtol=1e-12)
    with pytest.raises(rt.DataError):
        stream.update([np.nan, 0.0])
    with pytest.raises(rt.DataError):
        stream.update(1.0)
    np.testing.assert_array_equal(stream.update(x[0]), model.filter(np.vstack([x, x[:1]]))[-1])
