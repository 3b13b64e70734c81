"""Slow twins of the strategies built from rt.quant: expanding loops over tables, row by row.

Each takes a table of closes (rows of time, a column a symbol) and gives the units wanted after
every row. Nothing of py_rt is called but for two fits whose own tests hold them to other libraries
(the noise of a Kalman hedge, the parameters of a hidden Markov model); filters are written out.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

import py_rt as rt

Targets = list[dict[str, float]]


def ols(y: Any, *columns: Any) -> tuple[Any, Any, Any]:
    """Coefficients, residuals and standard errors."""
    design = np.column_stack(columns)
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ found
    variance = (residual**2).sum(axis=0) / (len(y) - design.shape[1])
    errors = np.sqrt(np.multiply.outer(np.diag(np.linalg.inv(design.T @ design)), variance))
    return found, residual, errors


def mackinnon_two(tau: float) -> float:
    """MacKinnon 1994, constant, two series."""
    if tau > 0.92:
        return 1.0
    if tau < -18.86:
        return 0.0
    small, large = (2.92, 1.5012, 0.039796), (2.1945, 0.64695, -0.29198, -0.042377)
    powers = small if tau <= -2.62 else large
    z = sum(c * tau**i for i, c in enumerate(powers))
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def engle_granger(y: Any, x: Any) -> tuple[float, float]:
    """Hedge ratio and p-value with one lag."""
    (_, slope), u, _ = ols(y, np.ones(len(x)), x)
    du = np.diff(u)
    found, _, errors = ols(du[1:], u[1:-1], du[:-1])
    return slope, mackinnon_two(found[0] / errors[0])


def screened(window: pd.DataFrame, fdr: float, most: int) -> list[tuple[str, str]]:
    names = list(window.columns)
    tests = []
    for y, x in itertools.permutations(names, 2):
        slope, p = engle_granger(window[y].to_numpy(), window[x].to_numpy())
        tests.append((p, names.index(y), names.index(x), slope))
    tests.sort(key=lambda test: test[:3])
    passed = [i for i, test in enumerate(tests) if test[0] * len(tests) / (i + 1) <= fdr]
    chosen: list[tuple[str, str]] = []
    for _, y, x, slope in tests[: max(passed, default=-1) + 1]:
        pair = (names[y], names[x])
        if slope > 0.0 and pair[::-1] not in chosen and len(chosen) < most:
            chosen.append(pair)
    return chosen


class Kalman:
    """State (beta, intercept), a random walk; numbers only."""

    def __init__(self, fit: Any) -> None:
        self.noise = fit.noise
        self.state = np.array(fit.start)
        wide = 1e7 * fit.noise["observation"]
        self.cov = np.diag([wide / fit.scale**2, wide])

    def update(self, y: float, x: float) -> tuple[float, float]:
        """Beta predicted, and the z-score of y against its prediction."""
        self.cov = self.cov + np.diag([self.noise["beta"], self.noise["intercept"]])
        h = np.array([x, 1.0])
        error, variance = y - h @ self.state, h @ self.cov @ h + self.noise["observation"]
        beta, gain = self.state[0], self.cov @ h / variance
        self.state = self.state + gain * error
        keep = np.eye(2) - np.outer(gain, h)
        noise = np.outer(gain, gain) * self.noise["observation"]
        self.cov = keep @ self.cov @ keep.T + noise
        return float(beta), float(error / math.sqrt(variance))


def sized(weights: dict[str, float], row: pd.Series, gross: float) -> dict[str, float]:
    """Whole shares: the leg with the smallest weight first, the others follow it."""
    total = sum(abs(w) * row[s] for s, w in weights.items())
    first = min(weights, key=lambda s: (abs(weights[s]), [-ord(c) for c in s]))
    scale = round(abs(weights[first]) * gross / total) / abs(weights[first])
    units = {s: float(round(w * scale)) for s, w in weights.items()}
    return units if all(units.values()) else {}


def pairs(closes: pd.DataFrame, s: rt.strategies.Pairs) -> Targets:
    watched: dict[tuple[str, str], Kalman] = {}
    held: dict[tuple[str, str], tuple[int, dict[str, float]]] = {}
    stopped: set[tuple[str, str]] = set()
    targets: Targets = []
    for t in range(len(closes)):
        row, seen = closes.iloc[t], {}
        if t + 1 >= s.window and (t + 1 - s.window) % s.refit == 0:
            window = closes.iloc[t + 1 - s.window : t + 1]
            watched, stopped = {}, set()
            for y, x in screened(window, s.fdr, s.pairs):
                fit = rt.quant.kalman_hedge(window[y], window[x], train=s.window - 1)
                watched[y, x] = Kalman(fit)
                for values in window[[y, x]].to_numpy():
                    seen[y, x] = watched[y, x].update(*values)
            held = {pair: bet for pair, bet in held.items() if pair in watched}
        else:
            seen = {p: k.update(row[p[0]], row[p[1]]) for p, k in watched.items()}
        for (y, x), (beta, z) in seen.items():
            side, _ = held.get((y, x), (0, {}))
            if side and -z * side <= s.exit:
                del held[y, x]
            elif side and -z * side >= s.stop:
                del held[y, x]
                stopped.add((y, x))
            elif not side and (y, x) not in stopped and s.entry < abs(z) < s.stop and beta > 0:
                side = -1 if z > 0 else 1
                units = sized({y: float(side), x: -side * beta}, row, s.gross)
                if units:
                    held[y, x] = (side, units)
        targets.append(added(units for _, units in held.values()))
    return targets


def added(bets: Any) -> dict[str, float]:
    total: dict[str, float] = {}
    for units in bets:
        for symbol, qty in units.items():
            total[symbol] = total.get(symbol, 0.0) + qty
    return total


def predictability(a: Any, gamma: Any, support: tuple[int, ...]) -> tuple[float, Any]:
    """Least generalised eigenvalue on a support, and its vector."""
    at = np.ix_(support, support)
    root = np.linalg.inv(np.linalg.cholesky(gamma[at]))
    values, vectors = np.linalg.eigh(root @ (a @ gamma @ a.T)[at] @ root.T)
    return float(values[0]), root.T @ vectors[:, 0]


def sparse_portfolio(window: pd.DataFrame, k: int) -> tuple[dict[str, float], float]:
    """Weights by greedy choice, and the half-life."""
    x = (window - window.mean()).to_numpy()
    before, after = x[:-1], x[1:]
    a = np.linalg.lstsq(before, after, rcond=None)[0].T
    gamma = np.cov(before.T)
    support: tuple[int, ...] = ()
    for _ in range(k):
        left = [j for j in range(x.shape[1]) if j not in support]
        support = min(
            (tuple(sorted((*support, j))) for j in left),
            key=lambda chosen: predictability(a, gamma, chosen)[0],
        )
    _, weights = predictability(a, gamma, support)
    weights /= np.abs(weights).sum() * np.sign(weights[np.abs(weights).argmax()])
    at = np.ix_(support, support)
    slope = weights @ (a @ gamma)[at] @ weights / (weights @ gamma[at] @ weights)
    half_life = math.log(0.5) / math.log(slope) if 0.0 < slope < 1.0 else math.inf
    named = {window.columns[j]: float(w) for j, w in zip(support, weights, strict=True)}
    return named, half_life


def sparse_meanrev(closes: pd.DataFrame, s: rt.strategies.SparseMeanReversion) -> Targets:
    weights: dict[str, float] = {}
    side, units, stopped = 0, dict[str, float](), False
    mean = std = 0.0
    targets: Targets = []
    for t in range(len(closes)):
        row = closes.iloc[t]
        if t + 1 >= s.window and (t + 1 - s.window) % s.refit == 0:
            window = closes.iloc[t + 1 - s.window : t + 1]
            weights, half_life = sparse_portfolio(window, s.k)
            if not 1.0 <= half_life <= s.half_life:
                weights = {}
            values = sum(window[n] * w for n, w in weights.items())
            if weights:
                mean, std = values.mean(), values.std()
            side, units, stopped = 0, {}, False
        if weights:
            z = (sum(row[n] * w for n, w in weights.items()) - mean) / std
            if side and -z * side <= s.exit:
                side, units = 0, {}
            elif side and -z * side >= s.stop:
                side, units, stopped = 0, {}, True
            elif not side and not stopped and s.entry < abs(z) < s.stop:
                side = -1 if z > 0 else 1
                units = sized({n: side * w for n, w in weights.items()}, row, s.gross)
                side = side if units else 0
        targets.append(dict(units))
    return targets


def regimes(closes: pd.Series, s: Any) -> list[tuple[Any, Any] | None]:
    """Model and filtered probabilities after every row, by the recursion of Hamilton 1989."""
    returns = np.log(closes / closes.shift()).to_numpy()
    model, law, since = None, None, s.refit
    known: list[tuple[Any, Any] | None] = [None]
    for t in range(1, len(returns)):
        since += 1
        if t >= s.window and since >= s.refit:
            since = 0
            fresh = rt.quant.GaussianHMM(s.n_regimes, 1 if model else 4, tol=1e-6, threads=1)
            past = returns[t + 1 - s.window : t + 1]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fresh.fit(past, warm=model)
            if fresh.converged_ and not fresh.collapsed_:
                model, law = fresh, None
                for value in past[:-1]:
                    law = hamilton(model, law, value)
        if model is not None:
            law = hamilton(model, law, returns[t])
        known.append(None if model is None else (model, law))
    return known


def hamilton(model: Any, law: Any, value: float) -> Any:
    expected = model.startprob_ if law is None else law @ model.transmat_
    density = np.exp(-0.5 * (value - model.means_) ** 2 / model.variances_)
    joint = expected * density / np.sqrt(model.variances_)
    return joint / joint.sum()


def adaptive_meanrev(closes: pd.DataFrame, s: rt.strategies.AdaptiveMeanReversion) -> Targets:
    targets: Targets = [{} for _ in range(len(closes))]
    for name in closes:
        column = closes[name]
        window = column.rolling(s.lookback)
        score = ((column - window.mean()) / window.std()).to_numpy()
        side, qty = 0, 0.0
        for t, known in enumerate(regimes(column, s)):
            if np.isnan(score[t]):
                continue
            if side and -score[t] * side <= s.exit:
                side, qty = 0, 0.0
            if not side and known is not None:
                turbulence = float(known[1] @ np.arange(s.n_regimes)) / max(s.n_regimes - 1, 1)
                if abs(score[t]) > s.entry * (1.0 + s.widen * turbulence):
                    side = -1 if score[t] > 0 else 1
                    qty = side * float(s.gross // column.iloc[t])
            if qty:
                targets[t][name] = qty
    return targets


def regime_momentum(closes: pd.DataFrame, s: rt.strategies.RegimeMomentum) -> Targets:
    targets: Targets = [{} for _ in range(len(closes))]
    for name in closes:
        column = closes[name]
        trend = np.log(column / column.shift(s.lookback)).to_numpy()
        side, qty = 0, 0.0
        for t, known in enumerate(regimes(column, s)):
            if known is None or np.isnan(trend[t]):
                continue
            model, law = known
            expected = law @ model.transmat_
            mean = expected @ model.means_
            spread = math.sqrt(expected @ (model.variances_ + (model.means_ - mean) ** 2))
            wanted = int(np.sign(trend[t])) if expected[-1] <= s.turbulent else 0
            wanted = max(wanted, -1 if s.short else 0)
            if wanted != side:
                worth = s.gross * min(1.0, s.volatility / spread)
                side, qty = wanted, wanted * float(worth // column.iloc[t])
            if qty:
                targets[t][name] = qty
    return targets


def ledoit_wolf(x: Any) -> Any:
    """Ledoit and Wolf 2004, as its authors write it."""
    n, p = x.shape
    x = x - x.mean(axis=0)
    sample = x.T @ x / n
    mu = np.trace(sample) / p
    apart = ((sample - mu * np.eye(p)) ** 2).sum() / p
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() for row in x) / n**2 / p
    share = min(noise, apart) / apart
    return (1 - share) * sample + share * mu * np.eye(p)


def risk_parity(cov: Any) -> Any:
    """Cyclical coordinate descent (Griveau-Billion et al. 2013)."""
    n = len(cov)
    w = 1.0 / np.sqrt(np.diag(cov))
    for _ in range(100):
        for i in range(n):
            b = cov[i] @ w - cov[i, i] * w[i]
            w[i] = (-b + math.sqrt(b * b + 4.0 * cov[i, i] / n)) / (2.0 * cov[i, i])
    return w / w.sum()


def stat_arb_portfolio(closes: pd.DataFrame, s: rt.strategies.StatArbPortfolio) -> Targets:
    held: dict[str, tuple[int, dict[str, float]]] = {}
    factors = values = None
    targets: Targets = []
    for t in range(len(closes)):
        row = closes.iloc[t]
        if t + 1 >= s.window and (t + 1 - s.window) % s.refit == 0:
            returns = closes.iloc[t + 1 - s.window : t + 1].pct_change().iloc[1:].to_numpy()
            vectors = np.linalg.eigh(np.corrcoef(returns.T))[1][:, -s.n_factors :]
            factors = vectors / returns.std(axis=0, ddof=1)[:, None]
            _, residual, _ = ols(returns, np.ones(len(returns)), returns @ factors)
            values = s.gross * risk_parity(ledoit_wolf(residual))
        if factors is not None:
            recent = closes.iloc[t - s.lookback : t + 1].pct_change().iloc[1:].to_numpy()
            found, residual, _ = ols(recent, np.ones(len(recent)), recent @ factors)
            scores = s_scores(residual.cumsum(axis=0), s.half_life)
            for i, name in enumerate(closes.columns):
                side, _ = held.get(name, (0, {}))
                if side and not -scores[i] * side > s.exit:
                    del held[name]
                elif not side and abs(scores[i]) > s.entry:
                    side = -1 if scores[i] > 0 else 1
                    money = np.eye(len(row))[i] - factors @ found[1:, i]
                    units = side * values[i] * money / row.to_numpy()
                    if abs(units[i]) >= 1.0:
                        held[name] = (side, dict(zip(closes.columns, units, strict=True)))
        total = added(units for _, units in held.values())
        targets.append({name: float(round(qty)) for name, qty in total.items()})
    return targets


def s_scores(paths: Any, longest: float) -> Any:
    """Avellaneda and Lee 2010, equations 13 and 16, means taken off their average."""
    means, spreads = np.full(paths.shape[1], np.nan), np.full(paths.shape[1], np.nan)
    for i in range(paths.shape[1]):
        before, after = paths[:-1, i], paths[1:, i]
        (a, b), residual, _ = ols(after, np.ones(len(before)), before)
        if 0.0 < b < 1.0 and math.log(0.5) / math.log(b) <= longest:
            means[i] = a / (1.0 - b)
            spreads[i] = math.sqrt((residual @ residual) / len(residual) / (1.0 - b * b))
    if np.isnan(means).all():
        return means
    return (paths[-1] - means + np.nanmean(means)) / spreads
