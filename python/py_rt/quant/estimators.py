"""Portfolios as scikit-learn estimators: fit on returns, predict the returns of the portfolio.

scikit-learn is not needed; where it is installed, its pipelines and searches take them.
"""

from __future__ import annotations

import inspect
from typing import Any, Literal

import numpy as np

from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import Floats
from py_rt.quant._sklearn import InputError, fits, observations, refused, unfitted
from py_rt.quant.portfolios import Method, Portfolio, portfolio
from py_rt.quant.validation import sharpe

_Shrinkage = Literal["ledoit_wolf", "oas"] | None


class Allocator:
    """What the estimators have in common; parameters are those of :func:`py_rt.quant.portfolio`.

    Attributes
    ----------
    weights_ : ndarray, shape (n,)
        One an asset.
    result_ : Portfolio
        All figures.
    n_features_in_ : int
        Number of assets.
    feature_names_in_ : ndarray of str
        Their names, where the input had some.
    """

    _method: Method

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the parameters by name."""
        names = [n for n in inspect.signature(type(self).__init__).parameters if n != "self"]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **parameters: Any) -> Allocator:
        """Set parameters by name and return the estimator."""
        known = self.get_params()
        for name, value in parameters.items():
            if name not in known:
                raise ParameterError(
                    f"{name!r} is no parameter of {type(self).__name__}",
                    field=name,
                    remedy=f"one of {sorted(known)}",
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def fit(self, X: Any, y: Any = None) -> Allocator:  # noqa: N803, ARG002
        """Choose weights for returns of shape (T, n); y is ignored. Returns the estimator."""
        columns = observations(X, "X")
        if len(columns.values) == 1:
            raise InputError(
                "one observation has no variance (n_samples=1)", field="X", remedy="pass more"
            )
        try:
            self.result_: Portfolio = portfolio(
                returns=columns.values, method=self._method, **self.get_params()
            )
        except ParameterError:
            raise
        except DataError as error:
            raise refused(error) from error
        self.n_features_in_ = len(columns.names)
        if all(isinstance(name, str) for name in columns.names):
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.weights_: Floats = self.result_.weights
        return self

    def predict(self, X: Any) -> Floats:  # noqa: N803
        """Return the returns of the portfolio, shape (T,), rebalanced every period."""
        if not hasattr(self, "weights_"):
            raise unfitted(type(self).__name__)
        columns = observations(X, "X")
        fits(len(columns.names), self.n_features_in_, "X", type(self).__name__)
        return columns.values @ self.weights_

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803, ARG002
        """Return the Sharpe ratio of the portfolio on returns, per period."""
        return sharpe(self.predict(X))

    def __sklearn_tags__(self) -> Any:
        """Describe the estimator to scikit-learn, where that is installed."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
        )


class Markowitz(Allocator):
    """Largest expected return less half the risk aversion times the variance.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, size=(300, 4))
    >>> rt.quant.Markowitz(risk_aversion=5.0).fit(returns).weights_.sum().round(12)
    np.float64(1.0)
    """

    _method = "markowitz"

    def __init__(
        self,
        risk_aversion: float = 1.0,
        bounds: Any = (0, 1),
        budget: Any = 1.0,
        shrinkage: _Shrinkage = "ledoit_wolf",
    ) -> None:
        self.risk_aversion = risk_aversion
        self.bounds = bounds
        self.budget = budget
        self.shrinkage = shrinkage


class MaxSharpe(Allocator):
    """Largest ratio of excess return to volatility.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, size=(300, 4))
    >>> rt.quant.MaxSharpe().fit(returns).score(returns) > 0
    True
    """

    _method = "max_sharpe"

    def __init__(
        self,
        risk_free: float = 0.0,
        bounds: Any = (0, 1),
        budget: Any = 1.0,
        shrinkage: _Shrinkage = "ledoit_wolf",
    ) -> None:
        self.risk_free = risk_free
        self.bounds = bounds
        self.budget = budget
        self.shrinkage = shrinkage


class MinVariance(Allocator):
    """Least variance.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(size=(300, 3)) * [0.01, 0.02, 0.03]
    >>> rt.quant.MinVariance().fit(returns).predict(returns).shape
    (300,)
    """

    _method = "min_variance"

    def __init__(
        self,
        bounds: Any = (0, 1),
        budget: Any = 1.0,
        shrinkage: _Shrinkage = "ledoit_wolf",
    ) -> None:
        self.bounds = bounds
        self.budget = budget
        self.shrinkage = shrinkage


class MaxDiversification(Allocator):
    """Largest ratio of weighted volatilities to volatility.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(size=(300, 3))
    >>> rt.quant.MaxDiversification().fit(returns).weights_.shape
    (3,)
    """

    _method = "max_diversification"

    def __init__(
        self,
        bounds: Any = (0, 1),
        budget: Any = 1.0,
        shrinkage: _Shrinkage = "ledoit_wolf",
    ) -> None:
        self.bounds = bounds
        self.budget = budget
        self.shrinkage = shrinkage


class RiskParity(Allocator):
    """Given shares of risk, equal by default.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(size=(300, 3)) * [0.01, 0.02, 0.03]
    >>> rt.quant.RiskParity().fit(returns).result_.risk_shares.round(6).tolist()
    [0.333333, 0.333333, 0.333333]
    """

    _method = "risk_parity"

    def __init__(self, budgets: Any = None, shrinkage: _Shrinkage = "ledoit_wolf") -> None:
        self.budgets = budgets
        self.shrinkage = shrinkage


class HierarchicalRiskParity(Allocator):
    """A tree of correlations, cut in halves.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(size=(300, 4))
    >>> len(rt.quant.HierarchicalRiskParity().fit(returns).result_.tree["joined"])
    3
    """

    _method = "hrp"

    def __init__(self, shrinkage: _Shrinkage = "ledoit_wolf") -> None:
        self.shrinkage = shrinkage


class EqualWeight(Allocator):
    """The same weight for all.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(size=(300, 4))
    >>> rt.quant.EqualWeight().fit(returns).weights_.tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    _method = "equal_weight"

    def __init__(self, shrinkage: _Shrinkage = "ledoit_wolf") -> None:
        self.shrinkage = shrinkage
