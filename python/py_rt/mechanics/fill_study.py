"""The fill study: queue models judged by what became of real orders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._core import mechanics as _core
from py_rt._layout import ORDER_ADD, ORDER_KINDS
from py_rt._times import to_duration_ns
from py_rt.errors import ConfigError, DataError, ParameterError
from py_rt.market import MarketData

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FillStudy", "fill_study"]

_NEVER = 2**63 - 1
_POWER = re.compile(r"power(?:\(([1-8])\))?")
_POWER_DEFAULT = 3
_BINS = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0])


@dataclass(frozen=True, eq=False)
class FillStudy:
    """What queue models said of real orders, and what became of these.

    Attributes
    ----------
    symbol : str
    n_orders : int
        Orders that were followed.
    winner : str
        The model with the lowest Brier score, averaged over the horizons.
    table : DataFrame
        A row a model and horizon: ``n`` orders, ``filled`` share that really was executed in full,
        ``predicted`` mean probability, ``brier`` mean (probability - outcome)^2, ``skill`` 1 -
        brier / brier of the filled share itself, ``miss_rate`` how often the expected position
        alone was wrong, ``bias_ms`` and ``error_ms`` median signed and absolute error of the time
        of execution where both happened.
    calibration : DataFrame
        A row a model, horizon and class of probability: ``predicted`` and ``observed`` means.
    by_position, by_spread : DataFrame
        ``n``, ``filled`` and ``brier`` by what stood in front of the order (in its own
        quantities), and by the spread when it joined (in quartiles).
    orders : DataFrame
        The followed orders with what really happened; times ns UTC, <NA> where it did not.
    """

    symbol: str
    n_orders: int
    winner: str
    table: pd.DataFrame
    calibration: pd.DataFrame
    by_position: pd.DataFrame
    by_spread: pd.DataFrame
    orders: pd.DataFrame

    def __repr__(self) -> str:
        return f"<FillStudy {self.symbol}: {self.n_orders:,} orders, winner {self.winner}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def plot(self) -> Any:
        """Return the calibration as a Plotly figure: a perfect model lies on the diagonal.

        Raises
        ------
        ConfigError
            Plotly is not installed.
        """
        try:
            import plotly.graph_objects as go
        except ImportError:
            raise ConfigError(
                "plot() needs Plotly, which is not installed",
                remedy='install it with: pip install "py-rt[plot]"; calibration has the numbers',
            ) from None
        figure = go.Figure()
        figure.add_scatter(
            x=[0, 1], y=[0, 1], mode="lines", name="perfect", line={"dash": "dot", "color": "#888"}
        )
        for (model, horizon), part in self.calibration.groupby(["model", "horizon"], sort=False):
            figure.add_scatter(
                x=part["predicted"],
                y=part["observed"],
                mode="lines+markers",
                name=f"{model}, {horizon}",
                customdata=part["n"],
                hovertemplate="said %{x:.2f}, was %{y:.2f} of %{customdata} orders",
            )
        figure.update_layout(
            title=f"{self.symbol}: probability of execution, said and seen",
            xaxis_title="predicted",
            yaxis_title="observed",
        )
        return figure


def fill_study(
    data: Any,
    symbol: str | None = None,
    *,
    models: Sequence[str] = ("risk_averse", "power(1)", "power", "log"),
    horizons: Sequence[Any] = ("1s", "10s", "60s"),
    max_orders: int = 20_000,
    max_distance: int | None = None,
    draws: int = 16,
    seed: int = 0,
) -> FillStudy:
    """Judge queue models by the fate of real orders.

    Backtests on level-2 data must guess where an order stands in its queue. Where every order is
    known (level 3) the truth is known too: this takes real orders as if they were ours from the
    moment they join a queue, lets each model follow them by what level 2 shows (the others'
    quantity at the price, and trades), and scores its prediction.

    Parameters
    ----------
    data : MarketData
        With rows by order (``ITCH``, ``LOBSTER``, market-by-order DBN, Bitstamp).
    symbol : str, optional
        Needed when several instruments have orders.
    models : sequence of str
        "risk_averse", "power" (exponent 3), "power(n)" with n from 1 to 8, "log"; and "fifo", which
        sees every order: what is left to be wrong about when the queue is known.
    horizons : sequence of durations
        Was the order executed in full within this time of joining?
    max_orders : int
        A random choice of about so many orders is followed.
    max_distance : int, optional
        Only orders that join at most so many ticks behind the best price. Default: any.
    draws : int
        A probability is the share of so many random positions that were executed: a cancellation
        is wholly in front with the model's share as its chance, else wholly behind.
    seed : int
        Of choice and draws; equal seeds, equal results.

    Returns
    -------
    FillStudy

    Raises
    ------
    DataError
        No rows by order, or no order that joined a queue.
    ParameterError
        An unknown model, a bad duration or number.

    Notes
    -----
    Followed are orders that join a queue in which something stands already. An order that its owner
    took away is judged by the time it was there: was it executed before that? Orders in a book that
    stays crossed for more than a second (auctions) are let go. A model's order is executed when the
    queue in front and then its own quantity has traded, or when a trade goes through its price.
    Deterministic; no look-ahead.

    Source: Rigtorp, "Estimating order queue position" (2013), for power and log; Brier,
    "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950).

    Examples
    --------
    >>> import numpy as np
    >>> from py_rt.market import EVENT_DTYPE, Instrument, MarketData
    >>> from py_rt.mechanics import fill_study
    >>> rows = np.zeros(5, EVENT_DTYPE)
    >>> rows["kind"] = [5, 5, 5, 8, 8]  # three orders are added, two executed
    >>> rows["side"] = [1, -1, 1, 1, 1]
    >>> rows["price"] = [99, 101, 99, 99, 99]
    >>> rows["qty"] = [5, 5, 2, 5, 2]
    >>> rows["order_id"] = [1, 2, 3, 1, 3]
    >>> rows["ts_event"] = rows["ts_recv"] = np.arange(5) * 10**8
    >>> rows["flags"] = 1
    >>> study = fill_study(MarketData(rows, None, [Instrument("A")]), horizons=["1s"])
    >>> study.n_orders, study.table["brier"].tolist()
    (1, [0.0, 0.0, 0.0, 0.0])
    """
    import pandas as pd

    asked = [_model(name) for name in models]
    limits = [to_duration_ns(horizon, "horizons") for horizon in horizons]
    if not asked or not limits:
        field = "horizons" if asked else "models"
        raise ParameterError("nothing to judge", field=field, remedy="name at least one")
    share = 1_000_000 * _whole(max_orders, "max_orders", 1)
    name, rows = _order_rows(data, symbol)
    added = int(np.count_nonzero(rows["kind"] == ORDER_ADD))
    followed = _core.follow_orders(
        rows.view(np.uint8),
        [(kind, exponent) for _, kind, exponent in asked],
        draws=_whole(draws, "draws", 1),
        seed=_whole(seed, "seed", 0) % 2**64,
        per_million=min(1_000_000, -(-share // max(added, 1))),
        horizon_ns=max(limits),
        distance_max=_NEVER if max_distance is None else _whole(max_distance, "max_distance", 0),
    )
    if not followed["order_id"].size:
        raise DataError(
            "no order joined a queue in a valid book",
            field="kind",
            remedy="pass a longer recording, or a larger max_orders",
        )
    predicted = followed.pop("predicted").reshape(-1, len(asked), int(draws) + 1)
    labels = [label for label, _, _ in asked]
    judged = [
        _Judged(label, str(horizon), _outcome(followed, limit), predicted[:, at], followed)
        for at, label in enumerate(labels)
        for horizon, limit in zip(horizons, limits, strict=True)
    ]
    table = pd.DataFrame([one.scores() for one in judged])
    mean = table.groupby("model", sort=False)["brier"].mean()
    return FillStudy(
        symbol=name,
        n_orders=int(followed["order_id"].size),
        winner=str(mean.idxmin()),
        table=table,
        calibration=pd.concat([one.calibration() for one in judged], ignore_index=True),
        by_position=_by(judged, *_positions(followed)),
        by_spread=_by(judged, *_spreads(followed)),
        orders=_orders(followed),
    )


def _whole(value: Any, field: str, least: int) -> int:
    if type(value) is bool or not isinstance(value, (int, np.integer)) or value < least:
        raise ParameterError(f"{value!r}", field=field, remedy=f"pass an integer >= {least}")
    return int(value)


def _model(name: Any) -> tuple[str, str, int]:
    if name in ("risk_averse", "log", "fifo"):
        return name, name, 0
    power = _POWER.fullmatch(name) if isinstance(name, str) else None
    if power is None:
        raise ParameterError(
            f"{name!r} is no queue model",
            field="models",
            remedy='use "risk_averse", "power", "power(n)" with n from 1 to 8, "log" or "fifo"',
        )
    exponent = int(power[1] or _POWER_DEFAULT)
    return f"power({exponent})", "power", exponent


def _order_rows(data: Any, symbol: str | None) -> tuple[str, npt.NDArray[Any]]:
    if not isinstance(data, MarketData):
        raise DataError(
            f"{type(data).__name__} is no market data", field="data", remedy="use py_rt.data.load"
        )
    events = data.events()
    known = np.unique(events["instrument"][np.isin(events["kind"], ORDER_KINDS)])
    names = [data.symbols[index] for index in known]
    if not names:
        raise DataError(
            f"no rows by order, only {', '.join(data.kinds) or 'nothing'}",
            field="kind",
            remedy="load level-3 data: ITCH, LOBSTER, market-by-order DBN, Bitstamp",
        )
    if symbol is None and len(names) > 1:
        raise DataError(
            f"{len(names)} instruments have orders",
            field="symbol",
            remedy=f"pass symbol=, one of {', '.join(names[:20])}",
        )
    if symbol is not None and symbol not in names:
        raise DataError(
            f"{symbol!r} has no orders here",
            field="symbol",
            remedy=f"use one of {', '.join(names[:20])}",
        )
    name = names[0] if symbol is None else symbol
    rows = events[events["instrument"] == data.symbols.index(name)]
    return name, np.ascontiguousarray(rows)


@dataclass(frozen=True)
class _Outcome:
    """What really happened within a horizon, and until when it could be seen."""

    until: npt.NDArray[np.int64]
    filled: npt.NDArray[np.float64]


def _outcome(followed: dict[str, npt.NDArray[Any]], limit: int) -> _Outcome:
    until = np.minimum(followed["ts_joined"] + limit, followed["ts_canceled"])
    return _Outcome(until, (followed["ts_filled"] <= until).astype(np.float64))


@dataclass(frozen=True)
class _Judged:
    """One model at one horizon: ``predicted`` is (n, 1 + draws), the expected position first."""

    model: str
    horizon: str
    outcome: _Outcome
    predicted: npt.NDArray[np.int64]
    followed: dict[str, npt.NDArray[Any]]

    @property
    def probability(self) -> npt.NDArray[np.float64]:
        share: npt.NDArray[np.float64] = self._said()[:, 1:].mean(axis=1)
        return share

    def _said(self) -> npt.NDArray[np.bool_]:
        said: npt.NDArray[np.bool_] = self.predicted <= self.outcome.until[:, None]
        return said

    def scores(self) -> dict[str, Any]:
        filled, probability = self.outcome.filled, self.probability
        expected = self._said()[:, 0]
        brier = float(np.mean((probability - filled) ** 2))
        base = float(filled.mean() * (1 - filled.mean()))
        both = expected & (filled > 0)
        late = (self.predicted[both, 0] - self.followed["ts_filled"][both]) / 1e6
        return {
            "model": self.model,
            "horizon": self.horizon,
            "n": int(filled.size),
            "filled": float(filled.mean()),
            "predicted": float(probability.mean()),
            "brier": brier,
            "skill": 1 - brier / base if base > 0 else None,
            "miss_rate": float(np.mean(expected != (filled > 0))),
            "bias_ms": float(np.median(late)) if late.size else None,
            "error_ms": float(np.median(np.abs(late))) if late.size else None,
        }

    def calibration(self) -> pd.DataFrame:
        import pandas as pd

        probability = self.probability
        place = np.clip(np.searchsorted(_BINS, probability, side="right") - 1, 0, len(_BINS) - 2)
        frame = pd.DataFrame(
            {"place": place, "predicted": probability, "observed": self.outcome.filled}
        )
        grouped = frame.groupby("place")
        means = grouped.mean().assign(n=grouped.size()).reset_index(drop=True)
        means.insert(0, "horizon", self.horizon)
        means.insert(0, "model", self.model)
        return means


def _positions(
    followed: dict[str, npt.NDArray[Any]],
) -> tuple[str, npt.NDArray[np.intp], list[str]]:
    ahead = followed["qty_ahead"] / followed["qty"]
    edges = np.array([1.0, 3.0, 10.0])
    return (
        "ahead",
        np.searchsorted(edges, ahead, side="left"),
        ["up to 1", "1 to 3", "3 to 10", "more than 10"],
    )


def _spreads(
    followed: dict[str, npt.NDArray[Any]],
) -> tuple[str, npt.NDArray[np.intp], list[str]]:
    spread = followed["spread"]
    edges = np.unique(np.quantile(spread, [0.25, 0.5, 0.75], method="lower"))
    labels = [f"up to {int(edge)}" for edge in edges] + [f"more than {int(edges[-1])}"]
    return "spread", np.searchsorted(edges, spread, side="left"), labels


def _by(
    judged: list[_Judged], name: str, place: npt.NDArray[np.intp], labels: list[str]
) -> pd.DataFrame:
    """Split each score by the class that an order is in."""
    import pandas as pd

    rows = []
    for one in judged:
        loss = (one.probability - one.outcome.filled) ** 2
        for at, label in enumerate(labels):
            here = place == at
            if here.any():
                rows.append(
                    {
                        "model": one.model,
                        "horizon": one.horizon,
                        name: label,
                        "n": int(here.sum()),
                        "filled": float(one.outcome.filled[here].mean()),
                        "brier": float(loss[here].mean()),
                    }
                )
    return pd.DataFrame(rows)


def _orders(followed: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(followed)
    for column in ("ts_filled", "ts_canceled"):
        frame[column] = frame[column].astype("Int64").mask(frame[column] == _NEVER)
    return frame
