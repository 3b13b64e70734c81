"""The regime of one symbol's returns, fitted on the past and followed bar by bar."""

from __future__ import annotations

import math
import warnings
from collections import deque

import numpy as np
import numpy.typing as npt

import py_rt.quant as quant
from py_rt.errors import TradingError

__all__ = ["RegimeWatch"]

Floats = npt.NDArray[np.float64]
_RESTARTS = 4


class RegimeWatch:
    """A hidden Markov model of log returns: fitted every ``refit`` returns on the last ``window``.

    Attributes
    ----------
    law : ndarray, shape (K,), or None
        Filtered probabilities after the newest return; None before the first model.
    model : GaussianHMM or None
    trouble : str
        Why the last fit gave no model; the one before it goes on then.
    """

    def __init__(self, n_regimes: int, window: int, refit: int) -> None:
        self._n, self._refit = n_regimes, refit
        self._returns: deque[float] = deque(maxlen=window)
        self._last = math.nan
        self._since = refit
        self._stream: quant.HmmFilter | None = None
        self.model: quant.GaussianHMM | None = None
        self.law: Floats | None = None
        self.trouble = ""
        self.fits = 0

    def update(self, close: float) -> bool:
        """Take a close in and say whether the law is of this bar."""
        if not close > 0.0:
            return False
        before, self._last = self._last, close
        if math.isnan(before):
            return False
        value = math.log(close / before)
        self._returns.append(value)
        self._since += 1
        full = len(self._returns) == self._returns.maxlen
        if full and self._since >= self._refit and self._fitted():
            return True
        if self._stream is None:
            return False
        self.law = self._stream.update(value)
        return True

    def expected(self) -> Floats:
        """Return the probabilities of the regimes of the next return."""
        assert self._stream is not None
        return self._stream.expected()

    def _fitted(self) -> bool:
        self._since = 0
        past = np.array(self._returns)
        restarts = _RESTARTS if self.model is None else 1
        model = quant.GaussianHMM(self._n, restarts, tol=1e-6, threads=1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # converged_ says it as well
                model.fit(past, warm=self.model)
        except TradingError as error:
            self.trouble = str(error)
            return False
        if not model.converged_ or model.collapsed_:
            what = "collapsed onto single returns" if model.collapsed_ else "did not converge"
            self.trouble = f"the model {what}"
            return False
        self.trouble = ""
        self.fits += 1
        self.model, self._stream = model, model.stream()
        for value in past:
            self.law = self._stream.update(value)
        return True
