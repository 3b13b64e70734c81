"""What a backtest is worth: Sharpe ratios with their uncertainty, overfitting, honest splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._core import quant as _core
from py_rt.errors import ParameterError
from py_rt.quant._arrays import Floats, naming, real, series, table, whole
from py_rt.quant._results import plotly

Indices = npt.NDArray[np.intp]


def sharpe(returns: Any, periods_per_year: float = 1) -> float:
    """Return the Sharpe ratio: mean over standard deviation (ddof 1), times sqrt(periods a year).

    Parameters
    ----------
    returns : array, shape (T,)
        Returns above the risk-free rate.
    periods_per_year : float
        252 for daily returns of stocks to get the ratio of a year; 1 for that of a period.

    Returns
    -------
    float

    Raises
    ------
    DataError
        NaN, infinity, fewer than two returns.
    Degenerate
        Returns that never vary have no ratio.

    Source: Sharpe 1994.

    Examples
    --------
    >>> import py_rt as rt
    >>> round(rt.quant.sharpe([0.01, -0.02, 0.03, 0.02]), 4)
    0.4629
    """
    periods = real(periods_per_year, "periods_per_year", 0.0)
    ratio: float = _core.record(series(returns, "returns"))[0]
    return ratio * float(np.sqrt(periods))


def psr(returns: Any, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio exceeds a benchmark.

    ``Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2))``; g3 and g4 are the third and
    fourth standardised moments of the returns (3 for a normal law).

    Parameters
    ----------
    returns : array, shape (T,)
    benchmark : float
        A ratio per observation, not per year.

    Returns
    -------
    float

    Raises
    ------
    DataError, Degenerate
        As in :func:`sharpe`.

    Source: Bailey-López de Prado 2012, eq. 11.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, size=500)
    >>> 0.9 < rt.quant.psr(returns) < 1.0
    True
    """
    record = _core.record(series(returns, "returns"))
    return _core.psr(record, real(benchmark, "benchmark"))


def dsr(returns: Any, n_trials: float, trials_variance: float) -> float:
    """Return the deflated Sharpe ratio: :func:`psr` against the best of trials without skill.

    ``SR0 = sqrt(V) ((1 - e) Phi^-1(1 - 1/N) + e Phi^-1(1 - 1/(N exp 1)))``, e = 0.5772...

    Parameters
    ----------
    returns : array, shape (T,)
        Of the trial that was chosen.
    n_trials : float
        N: independent trials that were run, all of them, not only the last ones.
    trials_variance : float
        V: variance of their Sharpe ratios, per observation.

    Returns
    -------
    float

    Raises
    ------
    DataError, Degenerate
        As in :func:`sharpe`.
    ParameterError
        Fewer than one trial, a negative variance.

    Source: Bailey-López de Prado 2014, eq. 1-2.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, size=500)
    >>> rt.quant.dsr(returns, n_trials=50, trials_variance=4e-4) < rt.quant.psr(returns)
    True
    """
    trials = real(n_trials, "n_trials")
    best = _core.expected_maximum_sharpe(trials, real(trials_variance, "trials_variance"))
    return psr(returns, best)


def min_track_record(returns: Any, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Return how many observations make the Sharpe ratio credible.

    ``1 + (1 - g3 SR + (g4 - 1)/4 SR^2) (Phi^-1(confidence)/(SR - SR*))^2``, in observations.

    Parameters
    ----------
    returns : array, shape (T,)
    benchmark : float
        SR*, per observation.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    DataError, Degenerate
        As in :func:`sharpe`.
    Infeasible
        A ratio that does not exceed the benchmark never proves to.

    Source: Bailey-López de Prado 2012, eq. 14.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, size=500)
    >>> rt.quant.min_track_record(returns) > 2
    True
    """
    record = _core.record(series(returns, "returns"))
    level = real(confidence, "confidence", 0.0, 1.0)
    return _core.min_track_record(record, real(benchmark, "benchmark"), level)


class Overfitting(float):
    """A probability of backtest overfitting; a float that remembers its splits.

    Attributes
    ----------
    logits : ndarray
        ``ln(w/(1 - w))`` of each split; w is the rank, over N + 1, that the best trial of one half
        had in the other.
    inside, outside : ndarray
        Sharpe ratio of that trial in its half, and in the other.
    """

    __slots__ = ("inside", "logits", "outside")

    logits: Floats
    inside: Floats
    outside: Floats

    @property
    def pbo(self) -> float:
        """The probability itself."""
        return float(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the probability and its splits by name."""
        return {
            "pbo": float(self),
            "logits": self.logits,
            "inside": self.inside,
            "outside": self.outside,
        }

    def plot(self) -> Any:
        """Draw the distribution of the logits as a plotly figure."""
        graph = plotly()
        figure = graph.Figure(graph.Histogram(x=self.logits, histnorm="probability"))
        figure.add_vline(x=0.0)
        figure.update_layout(title=f"PBO {float(self):.3f}", xaxis_title="logit of the rank")
        return figure


def pbo(
    performance: Any, n_splits: int = 16, *, progress: Callable[[int, int], None] | None = None
) -> Overfitting:
    """Return the probability that the best backtest is overfitted.

    The rows are cut into ``n_splits`` blocks; for every half of the blocks the trial with the best
    Sharpe ratio is ranked in the other half. The probability is the part of splits in which it
    falls into the worse half there: one half for noise, near 0 for one truly better trial.

    Parameters
    ----------
    performance : array, shape (T, N)
        Returns of each trial, a column a trial, all that were run.
    n_splits : int
        Even, 2 to 20; 16 gives 12,870 splits.
    progress : callable, optional
        Called with splits done and all splits.

    Returns
    -------
    Overfitting
        A float with ``logits``, ``inside`` and ``outside``.

    Raises
    ------
    DataError
        NaN, infinity, one trial, fewer than two rows a block.
    Degenerate
        A trial that never varies: names it.
    ParameterError

    Source: Bailey, Borwein, López de Prado, Zhu 2017 (J. Comput. Finance 20:39).

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> noise = np.random.default_rng(0).normal(size=(400, 20))
    >>> noise[:, 3] += 0.5
    >>> rt.quant.pbo(noise, n_splits=8) < 0.05
    True
    """
    columns = table(performance, "performance")
    blocks = whole(n_splits, "n_splits", 2, 20)
    with naming(columns.names):
        probability, logits, inside, outside = _core.pbo(columns.values, blocks, progress)
    told = Overfitting(probability)
    told.logits, told.inside, told.outside = logits, inside, outside
    return told


def cpcv_splits(
    n: int, n_groups: int = 6, n_test: int = 2, purge: int = 0, embargo: int = 0
) -> Iterator[tuple[Indices, Indices]]:
    """Yield (train, test) positions of combinatorial purged cross-validation.

    The observations are cut into ``n_groups`` runs of ``n // n_groups``, what remains going to the
    last; every choice of ``n_test`` of them is a test set once. Around each run of test
    observations, training leaves out ``purge`` observations on both sides (labels that overlap)
    and ``embargo`` more after it.

    Parameters
    ----------
    n : int
        Number of observations, in order of time.
    n_groups, n_test : int
        ``C(n_groups, n_test)`` splits, ``n_test/n_groups`` of that many paths.
    purge, embargo : int
        Observations.

    Yields
    ------
    train, test : ndarray of int

    Raises
    ------
    ParameterError
        Sizes that leave a group or a training set empty.

    Source: López de Prado 2018, chapters 7 and 12. Oracle: skfolio.

    Examples
    --------
    >>> import py_rt as rt
    >>> splits = list(rt.quant.cpcv_splits(12, n_groups=4, n_test=2, purge=1))
    >>> len(splits)
    6
    >>> splits[0][0].tolist(), splits[0][1].tolist()
    ([7, 8, 9, 10, 11], [0, 1, 2, 3, 4, 5])
    """
    size = whole(n, "n", 2)
    groups = whole(n_groups, "n_groups", 2, size)
    tests = whole(n_test, "n_test", 1, groups - 1)
    gap, more = whole(purge, "purge", 0), whole(embargo, "embargo", 0)
    lengths = np.full(groups, size // groups)
    lengths[-1] += size % groups
    ends = np.cumsum(lengths)
    return _splits(ends - lengths, ends, tests, (gap, more))


def _splits(
    starts: Indices, ends: Indices, tests: int, margins: tuple[int, int]
) -> Iterator[tuple[Indices, Indices]]:
    gap, more = margins
    size = int(ends[-1])
    for chosen in combinations(range(len(ends)), tests):
        test = np.zeros(size, dtype=bool)
        for group in chosen:
            test[starts[group] : ends[group]] = True
        train = ~test
        for group in chosen:
            if group - 1 not in chosen:
                train[max(starts[group] - gap, 0) : starts[group]] = False
            if group + 1 not in chosen:
                train[ends[group] : ends[group] + gap + more] = False
        if not train.any():
            raise ParameterError(
                f"purge {gap} and embargo {more} leave nothing to train on",
                field="purge",
                remedy="use fewer groups or smaller margins",
            )
        yield np.flatnonzero(train), np.flatnonzero(test)
