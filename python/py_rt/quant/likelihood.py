"""Maximum likelihood for a likelihood of one's own: estimates and their errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from py_rt.errors import ParameterError
from py_rt.quant._arrays import Floats, finite, plain, real, whole
from py_rt.quant._results import Result

__all__ = ["LikelihoodResult", "maximum_likelihood"]


@dataclass(frozen=True, repr=False)
class LikelihoodResult(Result):
    """What :func:`maximum_likelihood` found; errors are NaN where the curvature is not negative."""

    x: Floats
    loglik: float
    stderr: Floats
    stderr_robust: Floats | None
    evaluations: int
    converged: bool
    residual: float
    at_bounds: list[int]
    hessian: Floats = field(repr=False)


def maximum_likelihood(
    loglik: Callable[[Floats], Any],
    x0: Any,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
    *,
    tol: float = 1e-8,
    max_iter: int = 200,
) -> LikelihoodResult:
    """Maximise a log likelihood and say how sure the estimates are.

    Quasi-Newton steps (BFGS on central differences) with halving; parameters stay between their
    bounds.

    Parameters
    ----------
    loglik : callable
        Takes an array of shape (dim,), returns the log likelihood, or its contributions of shape
        (n,): then sandwich errors are given as well.
    x0 : array_like, shape (dim,)
        Start, with a finite likelihood.
    bounds : sequence of (low, high), optional
        Infinite ends are allowed; estimates that lie on one are listed in ``at_bounds``.
    tol : float
        Converged when the largest scaled gradient is at most this, relative to the likelihood.
    max_iter : int
        Steps.

    Returns
    -------
    LikelihoodResult
        ``x loglik stderr stderr_robust evaluations converged residual at_bounds hessian``.

    Raises
    ------
    ParameterError
        A start outside its bounds or without likelihood.

    Notes
    -----
    Errors: the inverse of minus the Hessian; sandwich: ``H^-1 (sum g_t g_t') H^-1``. On a bound
    neither holds. Source: White 1982.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> x = np.random.default_rng(0).normal(2.0, 1.0, size=400)
    >>> fit = rt.quant.maximum_likelihood(lambda p: -0.5 * (x - p[0]) ** 2, [0.0])
    >>> bool(abs(fit.x[0] - x.mean()) < 1e-6), round(float(fit.stderr[0]), 3)
    (True, 0.05)
    """
    start = finite(np.atleast_1d(plain(x0, "x0")).copy(), "x0")
    if start.ndim != 1 or not len(start):
        raise ParameterError(
            f"x0 has shape {start.shape}", field="x0", remedy="pass one number a parameter"
        )
    low, high = (np.full(len(start), -np.inf), np.full(len(start), np.inf))
    if bounds is not None:
        ends = np.array([(-np.inf if a is None else a, np.inf if b is None else b)
                         for a, b in bounds], dtype=np.float64)  # fmt: skip
        if ends.shape != (len(start), 2) or not (ends[:, 0] < ends[:, 1]).all():
            raise ParameterError(
                "bounds do not fit x0", field="bounds", remedy="give (low, high) pairs"
            )
        low, high = ends[:, 0], ends[:, 1]
    if ((start < low) | (start > high)).any():
        raise ParameterError("x0 lies outside its bounds", field="x0", remedy="start inside")
    return _Climb(loglik, low, high).run(
        start, real(tol, "tol", 0.0), whole(max_iter, "max_iter", 1)
    )


class _Climb:
    """One maximisation: values, differences, BFGS."""

    def __init__(self, loglik: Callable[[Floats], Any], low: Floats, high: Floats) -> None:
        self.loglik, self.low, self.high = loglik, low, high
        self.evaluations = 0

    def terms(self, x: Floats) -> Floats:
        self.evaluations += 1
        return np.atleast_1d(np.asarray(self.loglik(x.copy()), dtype=np.float64))

    def value(self, x: Floats) -> float:
        total = float(self.terms(x).sum())
        return total if np.isfinite(total) else -np.inf

    def steps(self, x: Floats, power: float) -> tuple[Floats, Floats]:
        """Differences up and down that stay between the bounds."""
        size = np.finfo(float).eps ** power * np.maximum(np.abs(x), 1e-2)
        return np.minimum(size, self.high - x), np.minimum(size, x - self.low)

    def slopes(self, x: Floats) -> Floats:
        """Return the derivatives of every contribution, shape (n, dim)."""
        up, down = self.steps(x, 1 / 3)
        columns = []
        for i in range(len(x)):
            above, below = x.copy(), x.copy()
            above[i] += up[i]
            below[i] -= down[i]
            columns.append((self.terms(above) - self.terms(below)) / (up[i] + down[i]))
        return np.stack(columns, axis=1)

    def curvature(self, x: Floats) -> Floats:
        up, down = self.steps(x, 1 / 5)
        h = np.maximum(np.minimum(up, down), 1e-12)
        dim = len(x)
        matrix = np.empty((dim, dim))
        for i in range(dim):
            for j in range(i + 1):
                corners = []
                for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                    moved = x.copy()
                    moved[i] += a * h[i]
                    moved[j] += b * h[j]
                    corners.append(a * b * self.value(np.clip(moved, self.low, self.high)))
                matrix[i, j] = matrix[j, i] = sum(corners) / (4.0 * h[i] * h[j])
        return matrix

    def run(self, x: Floats, tol: float, max_iter: int) -> LikelihoodResult:
        best = self.value(x)
        if not np.isfinite(best):
            raise ParameterError(
                f"x0 has log likelihood {best}", field="x0", remedy="start where it is finite"
            )
        inverse = np.diag(np.maximum(np.abs(x), 1e-2) ** 2) / max(abs(best), 1.0)
        gradient = self.slopes(x).sum(axis=0)
        residual, converged = np.inf, False
        for _ in range(max_iter):
            free = ~(((x <= self.low) & (gradient < 0)) | ((x >= self.high) & (gradient > 0)))
            scaled = np.abs(gradient * np.maximum(np.abs(x), 1e-2))[free]
            residual = float(scaled.max(initial=0.0)) / max(abs(best), 1.0)
            if residual <= tol:
                converged = True
                break
            direction = np.where(free, inverse @ np.where(free, gradient, 0.0), 0.0)
            if direction @ gradient <= 0.0:
                inverse = np.diag(np.maximum(np.abs(x), 1e-2) ** 2) / max(abs(best), 1.0)
                direction = np.where(free, inverse @ gradient, 0.0)
            moved, value = self.search(x, best, direction, gradient)
            if value <= best:
                # No digit left to gain: what remains is the error of the differences.
                converged = residual <= max(tol, 1e-5)
                break
            slope = self.slopes(moved).sum(axis=0)
            inverse = _updated(inverse, moved - x, gradient - slope)
            x, best, gradient = moved, value, slope
        return self.result(x, best, residual, converged)

    def search(
        self, x: Floats, best: float, direction: Floats, gradient: Floats
    ) -> tuple[Floats, float]:
        """Halve the step until the likelihood rises by a part of what the slope promises."""
        size = 1.0
        for _ in range(50):
            moved = np.clip(x + size * direction, self.low, self.high)
            value = self.value(moved)
            if value > best + 1e-4 * float(gradient @ (moved - x)):
                return moved, value
            size *= 0.5
        return x, best

    def result(self, x: Floats, best: float, residual: float, converged: bool) -> LikelihoodResult:
        hessian = self.curvature(x)
        slopes = self.slopes(x)
        unknown = np.full(len(x), np.nan)
        try:
            np.linalg.cholesky(-hessian)
            covariance = np.linalg.inv(-hessian)
            stderr = np.sqrt(np.diag(covariance))
        except np.linalg.LinAlgError:
            covariance, stderr = None, unknown
        robust: Floats | None = None
        if slopes.shape[0] > 1:
            robust = unknown
            if covariance is not None:
                robust = np.sqrt(np.diag(covariance @ (slopes.T @ slopes) @ covariance))
        edge = (x <= self.low) | (x >= self.high)
        return LikelihoodResult(
            x=x,
            loglik=best,
            stderr=stderr,
            stderr_robust=robust,
            evaluations=self.evaluations,
            converged=converged,
            residual=residual,
            at_bounds=[int(i) for i in np.flatnonzero(edge)],
            hessian=hessian,
        )


def _updated(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """BFGS for the inverse of minus the Hessian; skipped where the curvature has no sign."""
    product = float(step @ change)
    if product <= 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / product
    renewed: Floats = left @ inverse @ left.T + np.outer(step, step) / product
    return renewed
