"""Matrices as low rank plus sparse, and portfolios ranked by predictability."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import ParameterError
from py_rt.quant._arrays import Columns, Floats, bounded, choice, naming, real, table, whole
from py_rt.quant._results import Result, plotly


@dataclass(frozen=True, repr=False)
class Parts(Result):
    """A matrix as the sum of a low rank and a sparse part.

    Attributes
    ----------
    low_rank, sparse : ndarray, shape (m, n)
        The parts.
    rank : int
        Rank of the first.
    iterations : int
    converged : bool
        Whether residual and dual residual are small enough.
    residual : float
        ``|M - L - S|_F / |M|_F`` (with noise: its excess over the noise allowed).
    dual_residual : float
        How far the multipliers moved in the last step, relative to their size.
    objective : float
        ``|L|_* + lam |S|_1``.
    singular_values : ndarray, shape (rank,)
        Of the low rank part.
    lam : float
        The weight that was used.
    """

    low_rank: Floats
    sparse: Floats
    rank: int
    iterations: int
    converged: bool
    residual: float
    dual_residual: float
    objective: float
    singular_values: Floats
    lam: float


def robust_pca(
    M: Any,  # noqa: N803
    lam: float | None = None,
    tol: float = 1e-7,
    max_iter: int = 1000,
    *,
    noise: float = 0.0,
    mu: float = 1.25,
    progress: Callable[[int, int], None] | None = None,
) -> Parts:
    """Split a matrix: minimise ``|L|_* + lam |S|_1`` subject to ``|M - L - S|_F <= noise``.

    Principal component pursuit. The low rank part holds what many columns share, the sparse part
    single events. Pass returns or demeaned logarithms, not levels.
    :func:`box_tao_decomposition` is the same function under its founding name.

    Parameters
    ----------
    M : array, shape (m, n)
    lam : float, optional
        Weight of the sparse part, ``1/sqrt(max(m, n))`` by default.
    tol : float
        Largest ``|M - L - S|_F / |M|_F``; the multipliers must have settled to 1e-5 as well.
    max_iter : int
        Most steps; when they are used up, ``converged`` is false and a warning says so.
    noise : float
        Frobenius norm of the noise to leave out of both parts (stable pursuit); for independent
        noise of deviation s, ``s sqrt(m n)``.
    mu : float
        First penalty of the multipliers, in units of one over the spectral norm.
    progress : callable, optional
        Called with steps done and most steps.

    Returns
    -------
    Parts

    Raises
    ------
    DataError
        NaN, infinity, an empty matrix.
    Degenerate
        A matrix of zeros.
    ParameterError

    Notes
    -----
    Alternating multipliers; the singular values of a step are found from the subspace of the step
    before, so a step costs a few products with a narrow block.

    Source: Candès-Li-Ma-Wright 2011, eq. 1.1; Lin-Chen-Ma 2010; Zhou et al. 2010.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> rng = np.random.default_rng(0)
    >>> low = np.outer(rng.normal(size=40), rng.normal(size=30))
    >>> events = np.where(rng.random((40, 30)) < 0.05, 5.0, 0.0)
    >>> parts = rt.quant.robust_pca(low + events)
    >>> parts.rank, bool(np.abs(parts.sparse - events).max() < 1e-3)
    (1, True)
    """
    columns = table(M, "M")
    weight = None if lam is None else real(lam, "lam", 0.0)
    allowed = real(noise, "noise")
    if allowed < 0.0:
        raise ParameterError("noise is negative", field="noise", remedy="pass zero or more")
    penalties = (weight, real(mu, "mu", 0.0), allowed)
    steps = whole(max_iter, "max_iter", 1)
    with naming(columns.names):
        told = _core.robust_pca(columns.values, penalties, real(tol, "tol", 0.0), steps, progress)
    bounded(told["objective"], "M")
    parts = Parts(**told)
    if not parts.converged:
        warnings.warn(
            f"robust_pca stopped at a residual of {parts.residual:.3g}, dual "
            f"{parts.dual_residual:.3g}; raise max_iter or tol",
            RuntimeWarning,
            stacklevel=2,
        )
    return parts


box_tao_decomposition = robust_pca


@dataclass(frozen=True, repr=False)
class BoxTiao(Result):
    """Portfolios by rising predictability.

    Attributes
    ----------
    eigenvalues : ndarray, shape (n,)
        Predictability ``x'A G A'x / x'G x``, rising: the first is the most mean reverting.
    weights : ndarray, shape (n, n)
        A portfolio a column, ``sum |w| = 1``, its largest weight positive.
    half_life : ndarray, shape (n,)
        Observations until half of a deviation is gone: ``-ln 2 / ln slope``; inf or 0 where it does
        not revert or turns at once.
    names : list
        What the assets are called.
    """

    eigenvalues: Floats
    weights: Floats
    half_life: Floats
    names: list[Any] = field(repr=False)

    def plot(self) -> Any:
        """Draw weights by portfolio as a plotly heat map."""
        graph = plotly()
        labels = [f"{i}: {v:.3f}" for i, v in enumerate(self.eigenvalues)]
        names = [str(name) for name in self.names]
        heat = graph.Heatmap(z=self.weights, x=labels, y=names, colorscale="RdBu", zmid=0.0)
        figure = graph.Figure(heat)
        figure.update_xaxes(title="portfolio: predictability")
        return figure.update_layout(title="weights", yaxis_title="series")


def _process(
    x: Any,
    A: Any,  # noqa: N803
    gamma: Any,
) -> tuple[Columns | None, Columns | None, Columns | None]:
    if (x is None) == (A is None and gamma is None) or (A is None) != (gamma is None):
        raise ParameterError("pass either x, or A and gamma", field="x", remedy="x= or A=, gamma=")
    if x is not None:
        return table(x, "x"), None, None
    return None, table(A, "A"), table(gamma, "gamma")


def box_tiao(x: Any = None, *, A: Any = None, gamma: Any = None) -> BoxTiao:  # noqa: N803
    """Rank all portfolios by how predictable they are: Box and Tiao's canonical decomposition.

    For ``S_t = A S_{t-1} + e`` in column convention and G = Cov S, predictability is
    ``x'A G A'x / x'G x``. Low means little memory: fast return to the mean.

    Parameters
    ----------
    x : array, shape (T, n)
        Levels, a column an asset; demeaned, A by least squares, G the covariance of the regressors.
        The whole sample is used: for research, not inside a backtest.
    A, gamma : array, shape (n, n)
        The process itself, instead of x. scikit-learn's ``coef_`` and statsmodels' VAR
        coefficients are in column convention; a matrix of ``S_t = S_{t-1} A`` must be transposed.

    Returns
    -------
    BoxTiao

    Raises
    ------
    DataError
        NaN, infinity, too few rows, shapes that do not fit.
    Degenerate
        A constant asset, or one that is a combination of others: names it.

    Source: Box-Tiao 1977 (Biometrika 64:355). Oracle: SciPy's generalised eigenvalues.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> A = np.array([[0.8, 0.4], [0.0, 0.3]])
    >>> gamma = np.array([[1.0, 0.2], [0.2, 0.5]])
    >>> for _ in range(500):
    ...     gamma = A @ gamma @ A.T + np.array([[1.0, 0.2], [0.2, 0.5]])
    >>> rt.quant.box_tiao(A=A, gamma=gamma).eigenvalues.round(6).tolist()
    [0.078424, 0.734467]
    """
    data, matrix, covariance = _process(x, A, gamma)
    names = (data or covariance or matrix).names  # type: ignore[union-attr]
    with naming(names):
        told = _core.box_tiao(
            None if data is None else data.values,
            None if matrix is None else matrix.values,
            None if covariance is None else covariance.values,
        )
    return BoxTiao(*told, names)


@dataclass(frozen=True, repr=False)
class SparseReversion(Result):
    """A portfolio of few assets that returns to its mean.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        One an asset, ``sum |w| = 1``, the largest positive.
    support : ndarray of int, shape (k,)
        Positions of the assets held.
    value : float
        The criterion, to be small.
    optimal : bool
        True only when no other k assets can do better, and that is proved.
    half_life : float
        Observations until half of a deviation is gone; inf where it does not revert, 0 where it
        turns at once.
    bound : float or None
        A number that no k assets can fall below, where one is known.
    names : list
        What the assets are called.
    """

    weights: Floats
    support: np.ndarray[Any, np.dtype[np.intp]]
    value: float
    optimal: bool
    half_life: float
    bound: float | None
    names: list[Any] = field(repr=False)


_LAGS = {"predictability": 1, "portmanteau": 5, "crossing": 3}


def sparse_mean_reversion(
    x: Any = None,
    k: int | None = None,
    method: Literal["greedy", "exhaustive", "sdp"] = "greedy",
    criterion: Literal["predictability", "portmanteau", "crossing"] = "predictability",
    *,
    A: Any = None,  # noqa: N803
    gamma: Any = None,
    lags: int | None = None,
    penalty: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> SparseReversion:
    """Find k assets whose best portfolio returns to its mean fastest.

    Parameters
    ----------
    x : array, shape (T, n)
        Levels, a column an asset. The whole sample is used: for research, not inside a backtest.
    k : int
        How many assets, at most.
    method : str
        ``"greedy"`` adds one asset at a time, k^2 work a candidate. ``"exhaustive"`` proves its
        answer by branch and bound (for portmanteau and crossing over several lags: looks at all
        sets, each optimised locally, and proves nothing). ``"sdp"`` solves a semidefinite
        relaxation (n <= 60), which bounds all portfolios, and improves what it rounds to.
    criterion : str
        ``"predictability"`` ``x'A G A'x / x'G x``; ``"portmanteau"`` the mean of squared
        autocorrelations over ``lags``; ``"crossing"`` the first autocorrelation plus ``penalty``
        times the squares of those up to ``lags``.
    A, gamma : array, shape (n, n)
        The process instead of x, as in :func:`box_tiao`.
    lags : int, optional
        5 for portmanteau, 3 for crossing.
    penalty : float
        Of crossing.
    progress : callable, optional
        Called with steps done and most steps.

    Returns
    -------
    SparseReversion

    Raises
    ------
    DataError, Degenerate
        As in :func:`box_tiao`.
    ParameterError
        k out of range; a question too large for the method.

    Source: d'Aspremont 2011 (Quant. Finance 11:351), sections 3-4; Cuturi-d'Aspremont 2015
    (arXiv 1509.05954). Oracle: brute force over SciPy's generalised eigenvalues.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> rng = np.random.default_rng(0)
    >>> x = np.cumsum(rng.normal(size=(500, 6)), axis=0)
    >>> x[:, 4] = x[:, 1] + rng.normal(size=500)
    >>> found = rt.quant.sparse_mean_reversion(x, 2, method="exhaustive")
    >>> found.support.tolist(), found.optimal
    ([1, 4], True)
    """
    data, matrix, covariance = _process(x, A, gamma)
    names = (data or covariance or matrix).names  # type: ignore[union-attr]
    how = choice(method, "method", ("greedy", "exhaustive", "sdp"))
    aim = choice(criterion, "criterion", tuple(_LAGS))
    if k is None:
        raise ParameterError("k is missing", field="k", remedy="say how many assets to hold")
    count = whole(k, "k", 1, len(names))
    far = _LAGS[aim] if lags is None or aim == "predictability" else whole(lags, "lags", 1, 1000)
    weight = real(penalty, "penalty")
    if weight < 0.0:
        raise ParameterError("penalty is negative", field="penalty", remedy="pass zero or more")
    arrays = tuple(None if c is None else c.values for c in (data, matrix, covariance))
    with naming(names):
        told = _core.sparse_mean_reversion(arrays, count, (how, aim), (far, weight), progress)
    told["support"] = np.asarray(told["support"], dtype=np.intp)
    return SparseReversion(**told, names=names)
