"""Markov chain Monte Carlo: draws from a density known up to a constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import ParameterError
from py_rt.quant._arrays import Floats, choice, finite, plain, restored, tamed, whole
from py_rt.quant._results import Result, plotly

__all__ = ["McmcResult", "diagnose", "mcmc"]

# One a chain, the same in every row of a trace plot.
_COLOURS = ("#636efa", "#ef553b", "#00cc96", "#ab63fa", "#ffa15a", "#19d3f3", "#ff6692", "#b6e880")


@dataclass(frozen=True, repr=False)
class McmcResult(Result):
    """What :func:`mcmc` says; everything but ``samples`` and ``acceptance_rate`` by dimension."""

    samples: Floats
    acceptance_rate: float
    rhat: Floats
    ess_bulk: Floats
    ess_tail: Floats
    mcse: Floats
    divergences: int
    converged: bool
    method: str
    chain_acceptance: Floats = field(repr=False)

    @property
    def mean(self) -> Floats:
        """Mean of the draws, shape (dim,)."""
        centre: Floats = self.samples.mean(axis=(0, 1))
        return centre

    def quantile(self, p: Any) -> Floats:
        """Quantiles of the draws, shape (len(p), dim)."""
        flat = self.samples.reshape(-1, self.samples.shape[2])
        cut: Floats = np.quantile(flat, p, axis=0)
        return cut

    def plot(self) -> Any:
        """Draw the traces of all chains, a row a dimension (Plotly figure)."""
        plotly()
        from plotly.subplots import make_subplots

        chains, _, dim = self.samples.shape
        figure = make_subplots(rows=dim, cols=1, shared_xaxes=True)
        for j in range(dim):
            for c in range(chains):
                figure.add_scatter(
                    y=self.samples[c, :, j], name=f"chain {c}", row=j + 1, col=1,
                    showlegend=j == 0, line_color=_COLOURS[c % len(_COLOURS)],
                )  # fmt: skip
            figure.update_yaxes(title=f"x[{j}]", row=j + 1, col=1)
        figure.update_xaxes(title="draw", row=dim, col=1)
        return figure.update_layout(title="traces", height=max(450, 150 * dim))


def diagnose(samples: Any) -> dict[str, Floats]:
    """Judge draws: rank-normalised split R-hat, bulk and tail effective sample size, MCSE.

    Parameters
    ----------
    samples : array_like, shape (chains, draws) or (chains, draws, dim)
        At least four draws a chain.

    Returns
    -------
    dict
        ``rhat ess_bulk ess_tail mcse`` (of the mean), each of shape (dim,). R-hat is infinite for
        a dimension that never moves.

    Raises
    ------
    DataError, ParameterError
        NaN, no numbers; another shape, fewer draws.

    Notes
    -----
    Source: Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021. Checked against arviz.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> draws = np.random.default_rng(0).normal(size=(4, 1000))
    >>> bool(rt.quant.diagnose(draws)["rhat"][0] < 1.01)
    True
    """
    array = plain(samples, "samples")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or 0 in array.shape or array.shape[1] < 4:
        raise ParameterError(
            f"samples has shape {array.shape}",
            field="samples",
            remedy="pass (chains, draws) or (chains, draws, dim), four draws or more",
        )
    finite(array, "samples")
    rows = []
    for j in range(array.shape[2]):
        values, power = tamed(array[:, :, j])
        *judged, error = _core.diagnose(values.tolist())
        rows.append([*judged, restored(error, power, "samples")])
    names = ("rhat", "ess_bulk", "ess_tail", "mcse")
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}


def mcmc(
    log_density: Callable[[Floats], float],
    x0: Any,
    n_samples: int = 2000,
    burn_in: int = 1000,
    chains: int = 4,
    method: Literal["adaptive", "rwm", "nuts"] = "adaptive",
    seed: int = 0,
    *,
    grad: Callable[[Floats], Any] | None = None,
    scale: Any = None,
    progress: Callable[[int, int], Any] | None = None,
) -> McmcResult:
    """Draw from a density that is known up to a constant.

    Parameters
    ----------
    log_density : callable
        Takes an array of shape (dim,), returns the log density up to a constant. Outside the
        support return ``-inf``; NaN is refused alike. A density in transformed parameters needs
        the logarithm of the Jacobian, or another law is sampled.
    x0 : array_like, shape (dim,) or (chains, dim)
        Where the chains start; different starts make R-hat worth more.
    n_samples, burn_in : int
        Draws a chain that are kept, and those before them (learning stops there).
    chains : int
        Chains; each has a random stream of its own.
    method : {"adaptive", "rwm", "nuts"}
        Random walk whose covariance is learnt while burning in (target acceptance .234, .44 in one
        dimension); random walk with a fixed proposal; no-U-turn sampler.
    seed : int
        Same seed, same draws.
    grad : callable, optional
        Gradient of the log density for "nuts"; central differences otherwise.
    scale : float or array_like, shape (dim,), optional
        Standard deviations of the proposal (a first guess where it is learnt); ``2.38 /
        sqrt(dim)`` by default.
    progress : callable, optional
        Called with (chains done, chains).

    Returns
    -------
    McmcResult
        ``samples`` (chains, draws, dim), ``acceptance_rate``, ``rhat ess_bulk ess_tail mcse``
        (dim,), ``divergences``; ``converged`` says that every R-hat is below 1.01 and every
        effective sample size at least 100 a chain.

    Raises
    ------
    ParameterError
        A start without density, or a parameter outside its range.

    Notes
    -----
    Exceptions of ``log_density`` come out as they are; Ctrl-C ends the run. Source: Haario,
    Saksman and Tamminen 2001; Hoffman and Gelman 2014; Betancourt 2017.

    Examples
    --------
    >>> import py_rt as rt
    >>> found = rt.quant.mcmc(lambda x: -0.5 * float(x @ x), [0.0, 0.0], n_samples=1000)
    >>> found.samples.shape, bool((abs(found.mean) < 0.3).all())
    ((4, 1000, 2), True)
    """
    count = whole(chains, "chains", 1)
    starts = finite(np.atleast_1d(plain(x0, "x0")), "x0")
    if starts.ndim == 1:
        starts = np.tile(starts, (count, 1))
    if starts.ndim != 2 or starts.shape[0] != count or starts.shape[1] == 0:
        raise ParameterError(
            f"x0 has shape {starts.shape} for {count} chains",
            field="x0",
            remedy="pass (dim,) or (chains, dim)",
        )
    dim = starts.shape[1]
    size = 2.38 / np.sqrt(dim) if method != "nuts" else 1.0
    spread = np.broadcast_to(np.asarray(size if scale is None else scale, float), (dim,))
    if not (np.isfinite(spread).all() and (spread > 0.0).all()):
        raise ParameterError(
            "scale is not positive and finite", field="scale", remedy="pass standard deviations"
        )
    name = choice(method, "method", ("adaptive", "rwm", "nuts"))
    plan = {
        "method": name,
        "draws": whole(n_samples, "n_samples", 4),
        "burn_in": whole(burn_in, "burn_in", 0),
        "seed": whole(seed, "seed", 0),
        "scale": spread.tolist(),
    }
    runs = []
    for chain in range(count):
        start = np.ascontiguousarray(starts[chain])
        runs.append(_core.mcmc_chain(log_density, grad, start, plan, chain))
        if progress is not None:
            progress(chain + 1, count)
    samples = np.stack([draws for draws, _, _ in runs])
    acceptance = np.array([rate for _, rate, _ in runs])
    judged = diagnose(samples)
    enough = np.minimum(judged["ess_bulk"], judged["ess_tail"]) >= 100 * count
    return McmcResult(
        samples=samples,
        acceptance_rate=float(acceptance.mean()),
        **judged,
        divergences=sum(lost for _, _, lost in runs),
        converged=bool((judged["rhat"] < 1.01).all() and enough.all()),
        method=name,
        chain_acceptance=acceptance,
    )
