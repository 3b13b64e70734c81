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


SEQUENCE = {
    "check_methods_sample_order_invariance": "the order of observations is what it is about",
    "check_methods_subset_invariance": "a path is no set of labels, row by row",
    "check_fit1d": "one series is a column",
}


@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit:UserWarning")
@pytest.mark.filterwarnings("ignore:GaussianHMM stopped:RuntimeWarning")
def test_scikit_learn_s_own_checks_of_the_hidden_markov_model() -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    told = checks.check_estimator(rt.quant.GaussianHMM(n_restarts=2), on_fail=None, on_skip=None)
    failed = {check["check_name"] for check in told if check["status"] == "failed"}
    assert len(told) > 30
    assert failed <= SEQUENCE.keys()


def test_a_hidden_markov_model_refuses_as_scikit_learn_expects() -> None:
    x = returns()
    model = rt.quant.GaussianHMM(n_restarts=2)
    with pytest.raises(ValueError, match="not fitted"):
        model.predict(x)
    for bad, said in (
        (x * 1j, "Complex data not supported"),
        (x[:0], "0 observations"),
        (x[:, :0], "0 feature"),
        (x[:1], "n_samples=1"),
        (np.where(x == x[3, 1], np.nan, x), "NaN"),
    ):
        with pytest.raises(ValueError, match=said):
            model.fit(bad)
    model.fit(x)
    with pytest.raises(ValueError, match="features, but GaussianHMM is expecting"):
        model.filter(x[:, :2])
    with pytest.raises(ValueError, match="Reshape your data"):
        model.filter(x[0])
