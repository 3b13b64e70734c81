"""Bars from trades: by time (any number of frames at once), by activity, by information.

Every builder has the same face: ``update(trade)`` takes one trade in and returns the bars that it
closed, ``batch(data)`` returns the table of a whole recording; both are the same arithmetic, equal
to the last bit. ``advance(now)`` lets time pass without a trade, ``finish()`` returns what is still
open. A bar is labelled by its close and known no earlier: nothing looks ahead. A trade may be any
object with ``ts_event`` (or ``ts``), ``price``, ``qty`` and perhaps ``side``, so the trades of a
strategy's ``on_trade`` go in as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from py_rt._core.indicators import BarStream
from py_rt._times import to_duration_ns, to_ns
from py_rt._trades import sign_of, trade_columns
from py_rt.errors import ParameterError

__all__ = [
    "BarRow",
    "BarTable",
    "DollarBars",
    "ImbalanceBars",
    "RunsBars",
    "TickBars",
    "TimeBars",
    "VolumeBars",
]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Ints: TypeAlias = npt.NDArray[np.int64]
_Measure = Literal["tick", "volume", "dollar"]


class BarRow(NamedTuple):
    """One bar; the fields are the columns of :class:`BarTable`."""

    ts_open: int
    ts_close: int
    frame: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float
    buy_volume: float
    n_trades: int


@dataclass(frozen=True, eq=False)
class BarTable:
    """Bars in the order in which they closed.

    Attributes
    ----------
    ts_open, ts_close : ndarray of int64, shape (n,)
        Bounds of the interval, or times of the first and last trade [ns UTC].
    frame : ndarray of int64, shape (n,)
        Length of the interval [ns]; 0 when the bars are not of time.
    open, high, low, close : ndarray of float64, shape (n,)
    volume, value, buy_volume : ndarray of float64, shape (n,)
        Sums of quantity, of price times quantity, and of the quantity that the aggressor bought.
    n_trades : ndarray of uint64, shape (n,)

    Examples
    --------
    >>> from py_rt.bars import TickBars
    >>> trades = {"ts": [1, 2, 3, 4], "price": [10.0, 11.0, 9.0, 9.5], "qty": [1.0, 2.0, 1.0, 1.0]}
    >>> table = TickBars(2).batch(trades)
    >>> len(table), table.close, table.vwap.round(3)
    (2, array([11. ,  9.5]), array([10.667,  9.25 ]))
    """

    ts_open: _Ints
    ts_close: _Ints
    frame: _Ints
    open: _Floats
    high: _Floats
    low: _Floats
    close: _Floats
    volume: _Floats
    value: _Floats
    buy_volume: _Floats
    n_trades: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return int(self.ts_close.size)

    def __repr__(self) -> str:
        return f"<BarTable {len(self):,} bars>"

    @property
    def vwap(self) -> _Floats:
        """Volume-weighted price of each bar; its close where nothing was traded."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.volume > 0, self.value / self.volume, self.close)

    def select(self, frame: str | int) -> BarTable:
        """Return the bars of one frame, a duration such as "1min" or ns."""
        wanted = self.frame == to_duration_ns(frame, "frame")
        return BarTable(*(getattr(self, field.name)[wanted] for field in fields(self)))

    def to_frame(self) -> Any:
        """Return a pandas table; times are datetimes in UTC."""
        import pandas as pd

        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("ts_open", "ts_close"):
            columns[name] = pd.to_datetime(columns[name], unit="ns", utc=True)
        return pd.DataFrame(columns)


class _Builder:
    """What every builder does with its compiled stream."""

    __slots__ = ("_stream",)

    _stream: BarStream

    def update(
        self, trade: Any, price: float | None = None, qty: float | None = None, side: Any = None
    ) -> list[BarRow]:
        """Take one trade in and return the bars that it closed.

        Parameters
        ----------
        trade : object or time
            A trade with ``ts_event`` (or ``ts``), ``price``, ``qty``, ``side``; or its time
            [ns UTC] with the rest behind it.
        price, qty : float
        side : {"buy", "sell", 1, -1, None}
            The aggressor.

        Raises
        ------
        DataError
            A number that is none, or a time before that of the last trade; nothing changed.
        """
        if price is None:
            time = getattr(trade, "ts_event", None)
            time = trade.ts if time is None else time
            price, qty, side = trade.price, trade.qty, getattr(trade, "side", None)
        else:
            time = trade
        if qty is None:
            raise ParameterError("qty is missing", field="qty", remedy="pass ts, price, qty")
        ns = time if isinstance(time, int) else to_ns(time, "ts")
        rows = self._stream.update(ns, price, qty, sign_of(side))
        return [BarRow(*row) for row in rows] if rows else []

    def advance(self, now: Any) -> list[BarRow]:
        """Let time pass until ``now`` and return the bars that end by then."""
        return [BarRow(*row) for row in self._stream.advance(to_ns(now, "now"))]

    def finish(self) -> list[BarRow]:
        """Return the bars that are still open, as they are, and forget everything."""
        return [BarRow(*row) for row in self._stream.finish()]

    def batch(
        self,
        data: Any,
        symbol: str | None = None,
        clock: Literal["event", "recv"] = "event",
        partial: bool = False,
    ) -> BarTable:
        """Return the bars of a whole recording, by a fresh builder.

        Parameters
        ----------
        data : MarketData, table or mapping
            A recording with trades; or columns ``ts``, ``price``, ``qty`` and perhaps ``side``.
        symbol : str, optional
            Needed when there are trades of several instruments.
        clock : {"event", "recv"}
            Which time of a recording counts.
        partial : bool
            Whether the bars that are open at the end are part of the table.

        Raises
        ------
        DataError
            No trades, numbers that are none, times out of order; with the row.
        """
        return BarTable(*self._stream.batch(trade_columns(data, symbol, clock), partial))


class TimeBars(_Builder):
    """Bars of one or more lengths of time, aligned to the epoch or to sessions.

    An interval is [start, end), labelled by its end; one without a trade has no bar.

    Parameters
    ----------
    *frames : str or int
        Lengths such as "1min", or ns; different ones.
    sessions : iterable of (open, close), optional
        Instants, ascending. Intervals begin at the open of their session and end at the latest with
        it; trades outside of every session are left out.

    Raises
    ------
    ParameterError
        A length that is not above 0 or occurs twice; sessions out of order.

    Examples
    --------
    >>> from py_rt.bars import TimeBars
    >>> bars = TimeBars("1s", "2s")
    >>> bars.update(1_500_000_000, 10.0, 3.0, "buy")
    []
    >>> [(bar.frame, bar.close) for bar in bars.update(2_000_000_000, 11.0, 1.0)]
    [(1000000000, 10.0), (2000000000, 10.0)]
    """

    __slots__ = ()

    def __init__(self, *frames: str | int, sessions: Iterable[tuple[Any, Any]] = ()) -> None:
        lengths = [to_duration_ns(frame, "frames") for frame in frames]
        instants = [(to_ns(a, "sessions"), to_ns(b, "sessions")) for a, b in sessions]
        self._stream = BarStream.time(lengths, instants)


class TickBars(_Builder):
    """Bars of ``size`` trades each.

    Parameters
    ----------
    size : int
        Trades, 1 or more.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1.2.

    Examples
    --------
    >>> from py_rt.bars import TickBars
    >>> TickBars(1).update(5, 10.0, 2.0)[0].close
    10.0
    """

    __slots__ = ()

    def __init__(self, size: int) -> None:
        self._stream = BarStream.activity("tick", size)


class VolumeBars(_Builder):
    """Bars that end with the trade by which their volume reaches ``size``; trades are not split.

    Parameters
    ----------
    size : float
        Units, above 0.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1.3.

    Examples
    --------
    >>> from py_rt.bars import VolumeBars
    >>> VolumeBars(5.0).batch({"ts": [1, 2, 3], "price": [1.0, 2.0, 3.0], "qty": [3.0, 4.0, 9.0]})
    <BarTable 2 bars>
    """

    __slots__ = ()

    def __init__(self, size: float) -> None:
        self._stream = BarStream.activity("volume", size)


class DollarBars(_Builder):
    """Bars that end with the trade by which price times quantity reaches ``size``.

    Parameters
    ----------
    size : float
        Money, above 0.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 2.3.1.4.

    Examples
    --------
    >>> from py_rt.bars import DollarBars
    >>> DollarBars(30.0).update(1, 10.0, 3.0)[0].value
    30.0
    """

    __slots__ = ()

    def __init__(self, size: float) -> None:
        self._stream = BarStream.activity("dollar", size)


class _Information(_Builder):
    __slots__ = ()

    _runs = False

    def __init__(
        self,
        measure: _Measure = "tick",
        count: float = 100.0,
        span: float = 20.0,
        count_min: float = 1.0,
        count_max: float = float("inf"),
    ) -> None:
        expectations = (count, count_min, count_max, span)
        self._stream = BarStream.information(measure, self._runs, expectations)


class ImbalanceBars(_Information):
    """Bars that end when |bought - sold| reaches what the bars before made expect.

    Expected is E[T] |E[b v]|, T the trades of a bar, b the sign of a trade (its aggressor, else
    the tick rule), v its measure; both are exponential averages over bars. The first bar ends after
    ``count`` trades.

    Parameters
    ----------
    measure : {"tick", "volume", "dollar"}
        What a trade counts for.
    count : float
        Trades expected of the first bar, 1 or more.
    span : float
        Span of the averages [bars], 1 or more.
    count_min, count_max : float
        Bounds of E[T], which without them may run away.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.1 and 2.3.2.2.

    Examples
    --------
    >>> from py_rt.bars import ImbalanceBars
    >>> trades = {"ts": range(6), "price": [1.0] * 6, "qty": [1.0] * 6, "side": [1, 1, 1, 1, -1, 1]}
    >>> ImbalanceBars("tick", count=2).batch(trades).n_trades
    array([2, 2], dtype=uint64)
    """

    __slots__ = ()


class RunsBars(_Information):
    """Bars that end when the greater of bought and sold reaches what the bars before made expect.

    Expected is E[T] max(P E[v | buy], (1 - P) E[v | sell]), P the share of trades that buy; all are
    exponential averages over bars. The first bar ends after ``count`` trades.

    Parameters
    ----------
    measure : {"tick", "volume", "dollar"}
        What a trade counts for.
    count : float
        Trades expected of the first bar, 1 or more.
    span : float
        Span of the averages [bars], 1 or more.
    count_min, count_max : float
        Bounds of E[T], which without them may run away.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 2.3.2.3 and 2.3.2.4.

    Examples
    --------
    >>> from py_rt.bars import RunsBars
    >>> trades = {"ts": range(6), "price": [1.0] * 6, "qty": [1.0] * 6, "side": [1, 1, 1, -1, 1, 1]}
    >>> RunsBars("tick", count=2).batch(trades).n_trades
    array([2, 3], dtype=uint64)
    """

    __slots__ = ()

    _runs = True
