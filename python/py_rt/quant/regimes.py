"""Regimes: hidden Markov models with normal emissions."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from py_rt._core import quant as _core
from py_rt.errors import DataError, Degenerate, ParameterError
from py_rt.quant._arrays import Floats, bounded, choice, real, series, table, whole
from py_rt.quant._lookahead import ALWAYS, known_at, refuse_smoothed, refuse_unknown
from py_rt.quant._results import Result, plotly
from py_rt.quant._sklearn import InputError, fits, observations, refused, unfitted

__all__ = ["GaussianHMM", "HmmFilter", "HmmForecast", "RegimeResult", "detect_regime"]

_STATES_MAX = 32


@dataclass(frozen=True, repr=False)
class HmmForecast(Result):
    """What :meth:`GaussianHMM.forecast` says; mean and variance of the observation."""

    probabilities: Floats
    mean: Any
    variance: Any
    steps: int


class HmmFilter:
    """The filter of a fitted model, one observation at a time; see :meth:`GaussianHMM.stream`.

    To the bit the rows of :meth:`GaussianHMM.filter`.

    Examples
    --------
    >>> import py_rt as rt
    >>> model = rt.quant.GaussianHMM.from_parameters(
    ...     [0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]], [0.0, 0.0], [1.0, 9.0]
    ... )
    >>> following = model.stream()
    >>> [int(following.update(x).argmax()) for x in (0.1, -0.2, 5.0)]
    [0, 0, 1]
    >>> following.expected().round(2)
    array([0.1, 0.9])
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self._filter = _core.HmmFilter(fields)
        self._dims = fields["dims"]

    def update(self, x: Any) -> Floats:
        """Take an observation in, a number or a row, and return ``P(s_t = k | x_1..x_t)``, (K,)."""
        row = [float(x)] if np.ndim(x) == 0 else series(x).tolist()
        law = np.array(self._filter.update(row))
        _likely(law[None, :])
        return law

    def expected(self) -> Floats:
        """Return ``P(s_{t+1} = k | x_1..x_t)``, shape (K,)."""
        return np.array(self._filter.expected())


class GaussianHMM:
    """Hidden Markov model whose states emit independent normal observations.

    ``x_t | s_t = k ~ N(m_k, v_k)``, ``P(s_t = k | s_{t-1} = j) = a_jk``; maximum likelihood by
    Baum-Welch from several starts. A change of units changes nothing but the units. An estimator
    in the manner of scikit-learn: parameters are kept as they are, `fit` sets what ends in ``_``.

    Parameters
    ----------
    n_states : int
        States, 1 to 32.
    n_restarts : int
        Starts; the best end counts.
    max_iter : int
        Steps of one climb; when it ends so, ``converged_`` is False and a warning is given.
    tol : float
        A climb ends when a step gains less log likelihood than this, per observation.
    seed : int
        Seed of the starts.
    startprob : {"free", "stationary"}
        Law of the first state: its own parameters, or the stationary law of the chain.
    variances : {"switching", "common"}
        Whether every state has its own variance.
    threads : int, optional
        As many as there are processors by default; the result does not depend on them.

    Attributes
    ----------
    means_, variances_ : ndarray, shape (K,) or (K, d)
        Of the states, in order of rising variance.
    transmat_ : ndarray, shape (K, K)
        ``a_jk``, rows add up to 1.
    startprob_ : ndarray, shape (K,)
        Law of the first state.
    loglik_, converged_, iterations_, residual_ : float, bool, int, float
        Of the best climb; the residual is the gain of its last step, per observation.
    known_at_ : int or None
        Last time of the data it knows [ns UTC]: the index of pandas data, or the callback in which
        it was fitted; None when unknown. A strategy may not use a model that knows later data.
    collapsed_ : bool
        Whether a state holds three observations a dimension or fewer, or met the variance floor
        (1e-6 of the sample's variance): the likelihood is unbounded there, do not trust it.

    Notes
    -----
    `filter`, `score` and `forecast` know nothing of later observations; `smooth` and `viterbi`
    look ahead and are for research only. Parameters fitted on the whole sample look ahead too:
    fit before the time of the backtest. Source: Rabiner 1989; Hamilton 1989. Checked against
    hmmlearn 0.3.3 (its priors switched off) and statsmodels' ``MarkovRegression``.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> x = np.concatenate([random.normal(0, 0.5, 300), random.normal(0, 3.0, 300)])
    >>> model = rt.quant.GaussianHMM(n_states=2).fit(x)
    >>> np.sqrt(model.variances_).round(0)
    array([1., 3.])
    >>> int(model.filter(x)[-1].argmax())
    1
    """

    def __init__(
        self,
        n_states: int = 2,
        n_restarts: int = 10,
        max_iter: int = 500,
        tol: float = 1e-8,
        seed: int = 0,
        startprob: Literal["free", "stationary"] = "free",
        variances: Literal["switching", "common"] = "switching",
        threads: int | None = None,
    ) -> None:
        self.n_states = n_states
        self.n_restarts = n_restarts
        self.max_iter = max_iter
        self.tol = tol
        self.seed = seed
        self.startprob = startprob
        self.variances = variances
        self.threads = threads

    _NAMES = (
        "n_states",
        "n_restarts",
        "max_iter",
        "tol",
        "seed",
        "startprob",
        "variances",
        "threads",
    )

    def __repr__(self) -> str:
        return f"GaussianHMM(n_states={self.n_states})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in self._NAMES}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name and return the estimator."""
        for name, value in parameters.items():
            if name not in self._NAMES:
                raise ParameterError(
                    f"{name} is no parameter of GaussianHMM",
                    field=name,
                    remedy=f"known are {', '.join(self._NAMES)}",
                )
            setattr(self, name, value)
        return self

    @classmethod
    def from_parameters(
        cls, startprob: Any, transmat: Any, means: Any, variances: Any
    ) -> GaussianHMM:
        """Return a model with these parameters, as if it had been fitted; states stay as given.

        Parameters
        ----------
        startprob : array_like, shape (K,)
        transmat : array_like, shape (K, K)
        means, variances : array_like, shape (K,) or (K, d)

        Examples
        --------
        >>> import py_rt as rt
        >>> model = rt.quant.GaussianHMM.from_parameters(
        ...     [0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]], [0.0, 0.0], [1.0, 4.0]
        ... )
        >>> round(model.score([0.0]), 4)
        -1.2066
        """
        centre, spread = np.asarray(means, float), np.asarray(variances, float)
        model = cls(n_states=centre.shape[0] if centre.ndim else 1)
        model.means_, model.variances_ = centre, spread
        model.startprob_ = np.asarray(startprob, float)
        model.transmat_ = np.asarray(transmat, float)
        model.n_features_in_ = 1 if centre.ndim < 2 else centre.shape[1]
        model.known_at_ = ALWAYS
        return model

    def fit(
        self,
        x: Any,
        y: Any = None,  # noqa: ARG002
        lengths: Sequence[int] | None = None,
        *,
        warm: GaussianHMM | None = None,
        progress: Callable[[int, int], Any] | None = None,
    ) -> Self:
        """Fit the parameters and return the estimator.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, d)
            Observations; at least twice as many as states.
        y : ignored
            For pipelines.
        lengths : sequence of int, optional
            Rows of each sequence, one after the other; one sequence by default.
        warm : GaussianHMM, optional
            A fitted model to start from as well.
        progress : callable, optional
            Called with (done, total) starts now and then.

        Raises
        ------
        DataError, Degenerate, ParameterError
            NaN (row), too few rows; a constant column; a parameter outside its range.
        """
        given = observations(x, "x", flat=True)
        if len(given.values) == 1:
            raise InputError("one observation (n_samples=1)", field="x", remedy="pass more")
        plan = {
            "states": whole(self.n_states, "n_states", 1, _STATES_MAX),
            "restarts": whole(self.n_restarts, "n_restarts", 0 if warm else 1),
            "max_iter": whole(self.max_iter, "max_iter", 1),
            "tol": real(self.tol, "tol", -1.0),
            "seed": whole(self.seed, "seed", 0),
            "stationary": choice(self.startprob, "startprob", ("free", "stationary"))
            == "stationary",
            "one_variance": choice(self.variances, "variances", ("switching", "common"))
            == "common",
            "threads": whole(self.threads or os.cpu_count() or 1, "threads", 1),
        }
        start = None if warm is None else warm._fields()
        try:
            found = _core.hmm_fit(given.values, _lengths(lengths), plan, start, progress)
        except Degenerate:
            raise
        except DataError as error:
            raise refused(error) from error
        bounded(found["variances"], "x")
        k, d = plan["states"], given.values.shape[1]
        shape = (k,) if np.ndim(x) == 1 else (k, d)
        self.n_features_in_ = d
        self.known_at_: int | None = known_at(x)
        self.startprob_: Floats = found["start"]
        self.transmat_: Floats = found["transitions"].reshape(k, k)
        self.means_: Floats = found["means"].reshape(shape)
        self.variances_: Floats = found["variances"].reshape(shape)
        self.loglik_: float = found["loglik"]
        self.converged_: bool = found["converged"]
        self.iterations_ = self.n_iter_ = int(found["iterations"])
        self.residual_: float = found["residual"]
        self.collapsed_: bool = found["collapsed"]
        self.restart_logliks_: Floats = found["ends"]
        if not self.converged_:
            warnings.warn(
                f"GaussianHMM stopped after {self.iterations_} steps "
                f"(gain {self.residual_:.1e} an observation); raise max_iter",
                RuntimeWarning,
                stacklevel=2,
            )
        return self

    def _fields(self) -> dict[str, Any]:
        if not hasattr(self, "transmat_"):
            raise unfitted("GaussianHMM")
        refuse_unknown(self.known_at_, "the model")
        return {
            "states": self.means_.shape[0],
            "dims": self.n_features_in_,
            "start": np.ravel(self.startprob_).tolist(),
            "transitions": np.ravel(self.transmat_).tolist(),
            "means": np.ravel(self.means_).tolist(),
            "variances": np.ravel(self.variances_).tolist(),
        }

    def _asked(self, x: Any) -> tuple[dict[str, Any], Floats]:
        """Return the model and observations that fit it."""
        fields = self._fields()
        values = observations(x, "x", flat=self.n_features_in_ == 1).values
        fits(values.shape[1], self.n_features_in_, "x", "GaussianHMM")
        return fields, values

    def filter(self, x: Any, lengths: Sequence[int] | None = None) -> Floats:
        """Return ``P(s_t = k | x_1..x_t)``, shape (n, K): fit for a backtest."""
        return _likely(_core.hmm_filter(*self._asked(x), _lengths(lengths))[0])

    def stream(self) -> HmmFilter:
        """Return a filter to feed observation by observation, from before the first."""
        return HmmFilter(self._fields())

    def smooth(self, x: Any, lengths: Sequence[int] | None = None) -> Floats:
        """Return ``P(s_t = k | all of x)``, shape (n, K). Looks ahead: research only."""
        refuse_smoothed("smooth")
        return _likely(_core.hmm_smooth(*self._asked(x), _lengths(lengths)))

    def viterbi(self, x: Any, lengths: Sequence[int] | None = None) -> npt.NDArray[np.int64]:
        """Return the most likely path of states, shape (n,). Looks ahead: research only."""
        refuse_smoothed("viterbi")
        return _core.hmm_viterbi(*self._asked(x), _lengths(lengths))[0]

    predict = viterbi
    predict_proba = smooth

    def score(
        self,
        x: Any,
        y: Any = None,  # noqa: ARG002
        lengths: Sequence[int] | None = None,
    ) -> float:
        """Return the log likelihood of a sample."""
        laws, loglik = _core.hmm_filter(*self._asked(x), _lengths(lengths))
        _likely(laws)
        return loglik

    def forecast(self, x: Any, steps: int = 1, lengths: Sequence[int] | None = None) -> HmmForecast:
        """Say what comes ``steps`` after the last row: ``p_T A^steps`` and the mixed moments.

        Returns
        -------
        HmmForecast
            ``probabilities`` (K,), ``mean`` and ``variance`` of the observation (float, or (d,)).
        """
        ahead = whole(steps, "steps", 0)
        self.score(x, lengths=lengths)
        law, mean, variance = _core.hmm_forecast(*self._asked(x), _lengths(lengths), ahead)
        if self.means_.ndim == 1:
            return HmmForecast(np.array(law), mean[0], variance[0], ahead)
        return HmmForecast(np.array(law), np.array(mean), np.array(variance), ahead)

    def stationary(self) -> Floats:
        """Return the stationary law of the chain, shape (K,)."""
        fields = self._fields()
        return np.array(_core.stationary_law(fields["transitions"], fields["states"]))

    def __sklearn_tags__(self) -> Any:
        """Describe the estimator to scikit-learn, where that is installed."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="clusterer",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
        )


def _likely(laws: Floats) -> Floats:
    """Refuse probabilities given observations that no state explains."""
    bad = np.flatnonzero(np.isnan(laws).any(axis=1))
    if bad.size:
        raise DataError(
            "value is so far from every state that its likelihood vanishes",
            field="x",
            row=int(bad[0]),
            remedy="check the unit, or fit on data like these",
        )
    return laws


def _lengths(lengths: Sequence[int] | None) -> list[int]:
    return [] if lengths is None else [whole(n, "lengths", 1) for n in lengths]


@dataclass(frozen=True, repr=False)
class RegimeResult(Result):
    """What :func:`detect_regime` says; regimes in order of rising volatility."""

    current_regime: int
    probabilities: Floats
    regimes: list[dict[str, float]]
    filtered: Floats
    model: GaussianHMM
    _returns: Floats = field(repr=False)

    def plot(self) -> Any:
        """Draw the cumulated returns with the filtered probabilities (Plotly figure)."""
        graph = plotly()
        figure = graph.Figure()
        for k in range(self.filtered.shape[1]):
            figure.add_scatter(
                y=self.filtered[:, k], name=f"regime {k}", stackgroup="p", mode="none"
            )
        figure.add_scatter(
            y=np.cumsum(self._returns), name="cumulated returns", line_color="black", yaxis="y2"
        )
        # What overlays is drawn last: the line over the regimes.
        line = {"overlaying": "y", "side": "left", "title": "cumulated returns", "showgrid": False}
        share = {"side": "right", "range": [0, 1], "title": "probability"}
        legend = {"orientation": "h", "y": 1.08}
        return figure.update_layout(
            title="regimes (filtered)", xaxis_title="observation", yaxis=share, yaxis2=line,
            legend=legend,
        )  # fmt: skip


def detect_regime(
    returns: Any,
    n_regimes: int = 3,
    *,
    seed: int = 0,
    startprob: Literal["free", "stationary"] = "free",
    n_restarts: int = 10,
) -> RegimeResult:
    """Find volatility regimes of returns and say which one rules at the end.

    A :class:`GaussianHMM` is fitted; probabilities are filtered, so the last row knows nothing that
    was not known then. The parameters come from the whole sample: in a backtest fit on the past
    and `filter` what follows.

    Parameters
    ----------
    returns : array_like, shape (n,)
        Returns, an observation a row.
    n_regimes : int
        Regimes, 1 to 32.
    seed, startprob, n_restarts
        As in :class:`GaussianHMM`.

    Returns
    -------
    RegimeResult
        ``current_regime`` (most probable at the end), ``probabilities`` (K,) there, ``regimes``: a
        dictionary each with ``mean volatility persistence`` (per observation; persistence is
        ``a_kk``), ``filtered`` (n, K), ``model``.

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN (row), too few returns; constant returns; a parameter outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> x = np.concatenate([random.normal(0, 0.01, 300), random.normal(0, 0.04, 100)])
    >>> found = rt.quant.detect_regime(x, n_regimes=2)
    >>> found.current_regime, round(found.regimes[1]["volatility"], 2)
    (1, 0.04)
    """
    column = table(returns, "returns").values
    if column.shape[1] != 1:
        raise ParameterError(
            f"returns has {column.shape[1]} columns", field="returns", remedy="pass one series"
        )
    count = whole(n_regimes, "n_regimes", 1, _STATES_MAX)
    flat = column[:, 0]
    model = GaussianHMM(count, n_restarts, seed=seed, startprob=startprob).fit(flat)
    filtered = model.filter(flat)
    regimes = [
        {
            "mean": float(model.means_[k]),
            "volatility": float(np.sqrt(model.variances_[k])),
            "persistence": float(model.transmat_[k, k]),
        }
        for k in range(count)
    ]
    last = filtered[-1]
    return RegimeResult(int(last.argmax()), last, regimes, filtered, model, flat)
