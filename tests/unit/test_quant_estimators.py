"""Portfolio estimators: by hand, and by scikit-learn's own checks where it is installed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

KINDS = (
    rt.quant.EqualWeight,
    rt.quant.HierarchicalRiskParity,
    rt.quant.Markowitz,
    rt.quant.MaxDiversification,
    rt.quant.MaxSharpe,
    rt.quant.MinVariance,
    rt.quant.RiskParity,
)


def returns(rows: int = 250) -> Any:
    rng = np.random.default_rng(4)
    return rng.normal(0.001, 0.01, size=(rows, 1)) + rng.normal(0, 0.01, size=(rows, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimator_is_the_function(kind: Any) -> None:
    x = returns()
    model = kind()
    assert model.fit(x) is model
    np.testing.assert_allclose(model.predict(x), x @ model.weights_)
    assert model.score(x) == pytest.approx(rt.quant.sharpe(x @ model.weights_))
    assert model.predict(x[:1]).shape == (1,)
    again = kind(**model.get_params())
    assert np.array_equal(again.fit(x).weights_, model.weights_)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).weights_, model.weights_)
    frame = pd.DataFrame(x, columns=list("ABCD"))
    assert kind().fit(frame).feature_names_in_.tolist() == list("ABCD")


def test_parameters() -> None:
    model = rt.quant.Markowitz(risk_aversion=4.0)
    assert repr(model) == "Markowitz(risk_aversion=4.0)"
    assert model.set_params(bounds=(0, 0.4)) is model
    assert model.fit(returns()).weights_.max() <= 0.4
    direct = rt.quant.portfolio(returns=returns(), risk_aversion=4.0, bounds=(0, 0.4))
    assert np.array_equal(model.weights_, direct.weights)
    with pytest.raises(rt.ParameterError, match="no parameter"):
        model.set_params(aversion=1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(kind: Any) -> None:
    x = returns()
    x[7, 2] = np.nan
    with pytest.raises(rt.DataError) as told:
        kind().fit(x)
    assert isinstance(told.value, ValueError)
    assert (told.value.where["row"], told.value.where["column"]) == (7, 2)
    for bad in (returns(1), returns()[:, :0], returns()[:, 0], [["a"]]):
        with pytest.raises(rt.DataError):
            kind().fit(bad)
    model = kind().fit(returns())
    with pytest.raises(rt.DataError, match="features"):
        model.predict(returns()[:, :3])
    with pytest.raises(ValueError, match="not fitted"):
        kind().predict(returns())


@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit:UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_scikit_learn_s_own_checks(kind: Any) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    told = checks.check_estimator(kind(), on_fail=None, on_skip=None)
    failed = [check["check_name"] for check in told if check["status"] == "failed"]
    assert len(told) > 30
    assert not failed
