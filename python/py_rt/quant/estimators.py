"""Portfolios as scikit-learn estimators: fit on returns, predict the returns of the portfolio.

scikit-learn is not needed; where it is installed, its pipelines and searches take them.
"""

from __future__ import annotations

import inspect
from typing import Any, Literal

import numpy as np

from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import Columns, Floats, finite, table
from py_rt.quant.portfolios import Method, Portfolio, portfolio
from py_rt.quant.validation import sharpe

_Shrinkage = Literal["ledoit_wolf", "oas"] | None


class _InputError(DataError, ValueError):
    """A DataError that scikit-learn recognises."""


class _KindError(_InputError, TypeError):
    """A DataError about the kind of the input."""


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
        columns = self._columns(X)
        if len(columns.values) == 1:
            raise _InputError(
                "one observation has no variance (n_samples=1)", field="X", remedy="pass more"
            )
        try:
            self.result_: Portfolio = portfolio(
                returns=columns.values, method=self._method, **self.get_params()
            )
        except ParameterError:
            raise
        except DataError as error:
            raise _refused(error) from error
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
            raise _unfitted(type(self).__name__)
        columns = self._columns(X)
        if len(columns.names) != self.n_features_in_:
            raise _InputError(
                f"X has {len(columns.names)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input",
                field="X",
                remedy="pass the assets it was fitted on",
            )
        return columns.values @ self.weights_

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803, ARG002
        """Return the Sharpe ratio of the portfolio on returns, per period."""
        return sharpe(self.predict(X))

    @staticmethod
    def _columns(returns: Any) -> Columns:
        if hasattr(returns, "toarray") and hasattr(returns, "nnz"):
            raise _KindError(
                "sparse input is not supported", field="X", remedy="pass a dense array"
            )
        raw = returns if hasattr(returns, "columns") else np.asanyarray(returns)
        if getattr(raw, "dtype", None) is not None and raw.dtype.kind == "c":
            raise _InputError("Complex data not supported", field="X", remedy="pass real numbers")
        if getattr(raw, "ndim", 2) == 1:
            raise _InputError(
                "Expected 2D array, got 1D array instead. Reshape your data",
                field="X",
                remedy="pass rows of observations and a column an asset",
            )
        try:
            columns = table(returns, "X")
            if columns.values.shape[1] == 0:
                raise DataError(
                    f"0 feature(s) (shape={columns.values.shape}) while a minimum of 1 is required",
                    field="X",
                    remedy="pass a column an asset",
                )
            finite(columns.values, "X")
        except DataError as error:
            raise _refused(error) from error
        return columns

    def __sklearn_tags__(self) -> Any:
        """Describe the estimator to scikit-learn, where that is installed."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
        )


def _refused(error: DataError) -> _InputError:
    if "nan" in error.what.lower() or "inf" in error.what.lower():
        error.what = f"{error.what} (input contains NaN or infinity)"
    kind = _KindError if "argument must be" in error.what else _InputError
    told = kind(error.what, remedy=error.remedy, **error.where)
    told.code = error.code
    return told


def _unfitted(name: str) -> Exception:
    what = f"This {name} instance is not fitted yet"
    try:
        from sklearn.exceptions import NotFittedError
    except ImportError:
        return ParameterError(what, field="self", remedy="call fit first")
    else:
        error: Exception = NotFittedError(f"{what}; call fit first")
        return error


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
