"""A book of residuals: each stock against the factors of its market, weighted by equal risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import py_rt.quant as quant
from py_rt.errors import Degenerate, ParameterError, TradingError
from py_rt.strategies._panel import Floats, PanelStrategy, within
from py_rt.strategy import Context

__all__ = ["StatArbPortfolio"]


@dataclass(frozen=True)
class _Market:
    """What the last fit said: factors as portfolios, and the value that each residual is given."""

    columns: list[int]
    factors: Floats
    values: Floats


class StatArbPortfolio(PanelStrategy):
    """A book of residuals: each stock against the factors of its market, weighted by equal risk.

    Every ``refit`` rows, on the last ``window`` closes: the correlations of returns give
    ``n_factors`` eigenportfolios, ``Q_ji = v_ji / sigma_i``, and risk parity of the residuals
    (their covariance shrunk, Ledoit-Wolf) gives each stock its part of ``gross``. At every row,
    over the last ``lookback`` returns:
    ``R_i = a_i + sum_j b_ij F_j + e_i`` by least squares; ``X_i`` cumulates the residuals; an
    Ornstein-Uhlenbeck fit of ``X_i`` gives its mean, its deviation ``sigma / sqrt(2 theta)`` and
    ``s_i = (X_i - mu_i + mean of mu) / deviation_i``. Below ``-entry`` the stock is bought against
    its factors, above ``entry`` sold; within ``exit`` or on the other side that is closed. Orders
    are about the sum of all bets.

    Parameters
    ----------
    symbols : tuple of str
        More than ``n_factors`` plus one; () for all of the run.
    window, refit : int
        Rows of a fit, and between two of them.
    lookback : int
        Returns of the regressions, more than ``n_factors`` plus 10, less than ``window``.
    n_factors : int
        Eigenportfolios.
    half_life : float
        Longest half-life of a residual that is traded [rows].
    entry, exit : float
        In standard deviations, ``0 <= exit < entry``.
    gross : float
        Value of all residuals together if every one is held, factors apart [money].
    gaps, stale
        As in :class:`Pairs`.

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a symbol that the run does not have.

    Notes
    -----
    Looks at nothing later than the row it acts on. A stock that cannot be sold short, or that is
    missing from the last row, is not in the market of a fit. Source: Avellaneda and Lee 2010,
    sections 2.1 and 3.

    Examples
    --------
    >>> from py_rt.strategies import StatArbPortfolio
    >>> StatArbPortfolio(n_factors=5).params["entry"]
    1.25
    """

    lookback: int = 60
    n_factors: int = 3
    half_life: float = 20.0
    entry: float = 1.25
    exit: float = 0.5
    gross: float = 100_000.0

    def check(self) -> None:
        """Refuse parameters outside their ranges."""
        within(self, "n_factors", 1, 100)
        within(self, "lookback", self.n_factors + 11)
        within(self, "window", self.lookback + 2)
        within(self, "half_life", 1.0)
        if not 0.0 <= self.exit < self.entry:
            raise ParameterError(
                f"exit is {self.exit}, but entry is {self.entry}",
                field="exit",
                remedy="pass 0 or more and less than entry",
            )
        self._market: _Market | None = None
        self._side: dict[str, int] = {}
        self.scores: dict[str, float] = {}

    def fit(self, ctx: Context, columns: list[int], closes: Floats) -> None:
        """Find the factors, and how much of the money each residual is given."""
        symbols = self.panel.symbols
        fit = [j for j, c in enumerate(columns) if ctx.instrument(symbols[c]).shortable]
        self._market = None
        if len(fit) < self.n_factors + 2:
            return self._close_all(ctx, f"{len(fit)} symbols with enough bars")
        closes = closes[:, fit]
        returns = closes[1:] / closes[:-1] - 1.0
        try:
            deviations = returns.std(axis=0, ddof=1)
            vectors = np.linalg.eigh(np.corrcoef(returns.T))[1][:, ::-1][:, : self.n_factors]
            factors = vectors * np.sign(vectors.sum(axis=0)) / deviations[:, None]
            residuals = returns - _explained(returns, returns @ factors)[0]
            shares = quant.portfolio(returns=residuals, method="risk_parity").weights
        except (TradingError, np.linalg.LinAlgError) as error:
            return self._close_all(ctx, str(error))
        self._market = _Market([columns[j] for j in fit], factors, self.gross * shares)
        names = {symbols[c] for c in self._market.columns}
        for name in self.legs.names():
            if not names.issuperset(self.legs.symbols(name)):
                self.legs.drop(name)
                self.note(ctx, name, "closed: a stock left the market")
        return None

    def _close_all(self, ctx: Context, why: str) -> None:
        for name in self.legs.names():
            self.legs.drop(name)
        self.note(ctx, "fit", f"refused, all is closed: {why}")

    def follow(self, ctx: Context) -> None:
        """Score every residual over the newest rows and open or close."""
        if self._market is None:
            return None
        columns = self._market.columns
        closes = _carried(self.panel.window(self.lookback + 1)[:, columns])
        row = self.panel.window(1)[0][columns]
        if closes is None:
            return self.note(ctx, "scores", "refused: a stock has no price yet")
        returns = closes[1:] / closes[:-1] - 1.0
        try:
            explained, betas = _explained(returns, returns @ self._market.factors)
        except Degenerate as error:
            return self.note(ctx, "scores", f"refused: {error}")
        paths = np.cumsum(returns - explained, axis=0)
        scores = self._scored(paths)
        self.scores = {}
        for place, column in enumerate(columns):
            symbol, score = self.panel.symbols[column], float(scores[place])
            if np.isnan(row[place]):
                continue
            if np.isfinite(score):
                self.scores[symbol] = score
                ctx.signal(symbol, -score)
            if self.legs.has(symbol):
                self._leave(ctx, symbol, score)
            elif symbol not in self._broken and abs(score) > self.entry:
                self._enter(ctx, place, score, (betas[:, place], closes[-1]))
        return None

    def _scored(self, paths: Floats) -> Floats:
        """Return the s-scores of cumulated residuals, NaN where they do not come back in time."""
        count = paths.shape[1]
        means, deviations = np.full(count, np.nan), np.full(count, np.nan)
        for i in range(count):
            try:
                found = quant.ou_fit(paths[:, i])
            except TradingError:
                continue
            if found.half_life <= self.half_life:
                means[i], deviations[i] = found.mu, found.sigma / np.sqrt(2.0 * found.theta)
        if np.isnan(means).all():
            return means
        return np.asarray((paths[-1] - means + np.nanmean(means)) / deviations)

    def _enter(self, ctx: Context, place: int, score: float, known: tuple[Floats, Floats]) -> None:
        market, (betas, prices) = self._market, known
        assert market is not None
        side = -1 if score > 0.0 else 1
        money = -(market.factors @ betas)
        money[place] += 1.0
        money *= side * market.values[place]
        symbols = [self.panel.symbols[c] for c in market.columns]
        multipliers = np.array([ctx.instrument(s).multiplier for s in symbols])
        units = money / (prices * multipliers)
        symbol = symbols[place]
        if abs(units[place]) < ctx.instrument(symbol).lot_size:
            return self.note(ctx, symbol, f"refused: {market.values[place]:.6g} is too little")
        self._side[symbol] = side
        self.legs.open(symbol, dict(zip(symbols, units.tolist(), strict=True)))
        return self.note(ctx, symbol, f"opened: s {score:.3f}")

    def _leave(self, ctx: Context, symbol: str, score: float) -> None:
        against = -score * self._side[symbol]
        if not against > self.exit:  # NaN: the residual does not come back any more
            self.legs.drop(symbol)
            self.note(ctx, symbol, f"closed: s {score:.3f}")


def _explained(returns: Floats, factors: Floats) -> tuple[Floats, Floats]:
    """Return what a regression on a constant and the factors explains, and the slopes."""
    basis, upper = np.linalg.qr(np.column_stack([np.ones(len(factors)), factors]))
    size = np.abs(np.diag(upper))
    if not size.min() > 1e-10 * size[1:].max():
        raise Degenerate("the factors do not move apart", field="factors")
    along = basis.T @ returns
    return basis @ along, np.linalg.solve(upper, along)[1:]


def _carried(closes: Floats) -> Floats | None:
    """Return closes with gaps carried forward, None where the first row has one."""
    if np.isnan(closes[0]).any():
        return None
    filled = closes.copy()
    for t in np.flatnonzero(np.isnan(closes).any(axis=1)):
        hole = np.isnan(filled[t])
        filled[t, hole] = filled[t - 1, hole]
    return filled
