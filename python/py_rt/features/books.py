"""Features of order books: imbalances, weighted mid, Stoikov's micro-price."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from py_rt._core.indicators import DepthStream, MicroTable
from py_rt.errors import DataError, ParameterError

__all__ = ["MicroPrice", "OrderFlowImbalance", "QueueImbalance", "WeightedMid"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_NAMES = ("bid_price", "bid_qty", "ask_price", "ask_qty")


def _sides(given: tuple[Any, ...]) -> list[_Floats]:
    """Turn the object of ``data.books()``, or its four arrays, into arrays of shape (n, levels)."""
    first, *rest = given
    if all(value is None for value in rest) and hasattr(first, "bid_price"):
        given = tuple(getattr(first, name) for name in _NAMES)
    sides: list[_Floats] = []
    for name, values in zip(_NAMES, given, strict=True):
        if values is None:
            raise ParameterError(
                f"{name} is missing", field=name, remedy=f"pass {', '.join(_NAMES)}, or books"
            )
        try:
            side = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"no numbers: {error}", field=name, remedy="pass float64") from None
        if side.ndim == 1:
            side = side[:, None]
        if side.ndim != 2 or (sides and side.shape != sides[0].shape):
            raise DataError(
                f"shape {side.shape} does not fit",
                field=name,
                remedy="pass four arrays of one shape (n,) or (n, levels)",
            )
        sides.append(side)
    return sides


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParameterError(
            f"{name} is {value!r}", field=name, remedy="pass a whole number, 1 or more"
        )
    return value


def _levels(sides: list[_Floats], depth: int) -> list[_Floats]:
    found = sides[0].shape[1]
    if found < depth:
        raise ParameterError(
            f"{found} levels, but the feature has {depth}",
            field="depth",
            remedy="pass books with as many levels, or a smaller depth",
        )
    return [np.ascontiguousarray(side[:, :depth]) for side in sides]


class _OfDepth:
    """A feature of the first levels of a book."""

    __slots__ = ("_stream", "depth")

    _order_flow = False

    def __init__(self, depth: int = 1) -> None:
        self.depth = _whole("depth", depth)
        self._stream = DepthStream(self._order_flow, depth)

    def update(self, bid_price: Any, bid_qty: Any, ask_price: Any, ask_qty: Any) -> Any:
        """Take one book in: numbers for a depth of 1, else the levels of each side, best first.

        A level that is not there has price NaN. Where neither side has a best price there is no
        book: the value is NaN and the next book has none before it.

        Raises
        ------
        DataError
            An infinite price, a quantity that is no number or negative.
        """
        if self.depth == 1 and np.ndim(bid_price) == 0:
            return self._stream.update_best(bid_price, bid_qty, ask_price, ask_qty)
        rows = [np.atleast_2d(np.asarray(side, dtype=np.float64)) for side in
                (bid_price, bid_qty, ask_price, ask_qty)]  # fmt: skip
        told = self._stream.update(*(row[0] for row in _levels(rows, self.depth)))
        return told if self._order_flow and self.depth > 1 else float(told[0])

    def batch(
        self, bid_price: Any, bid_qty: Any = None, ask_price: Any = None, ask_qty: Any = None
    ) -> _Floats:
        """Return the feature of every row of four arrays, or of the object of ``data.books()``."""
        sides = _levels(_sides((bid_price, bid_qty, ask_price, ask_qty)), self.depth)
        told = self._stream.batch(*sides)
        return told if told.shape[1] > 1 else told[:, 0]

    def reset(self) -> None:
        """Forget the last book."""
        self._stream.reset()


class QueueImbalance(_OfDepth):
    """(bids - asks) / (bids + asks) of the quantities of the first levels, -1 to 1.

    0 without quantity.

    Parameters
    ----------
    depth : int
        Levels a side.

    References
    ----------
    Gould and Bonart 2016, Queue imbalance as a one-tick-ahead price predictor, equation 1.

    Examples
    --------
    >>> from py_rt.features import QueueImbalance
    >>> QueueImbalance().update(10.0, 3.0, 11.0, 1.0)
    0.5
    """

    __slots__ = ()


class OrderFlowImbalance(_OfDepth):
    """What came to the bid less what left it, less the same of the ask, level by level.

    From one row to the next: [bid >= last] qty - [bid <= last] last qty - [ask <= last] qty +
    [ask >= last] last qty. ``batch`` returns shape (n,) for a depth of 1, else (n, depth).

    Parameters
    ----------
    depth : int
        Levels a side.

    References
    ----------
    Cont, Kukanov and Stoikov 2014, The price impact of order book events, equation 10; level by
    level in Xu, Gould and Howison 2019, Multi-level order-flow imbalance in a limit order book.

    Examples
    --------
    >>> from py_rt.features import OrderFlowImbalance
    >>> ofi = OrderFlowImbalance()
    >>> ofi.update(10.0, 3.0, 11.0, 1.0), ofi.update(10.0, 5.0, 11.0, 0.5)
    (nan, 2.5)
    """

    __slots__ = ()

    _order_flow = True


class WeightedMid:
    """Mid weighted by the opposite queues: bid + share (ask - bid), share that of the bid.

    The mid without quantity; NaN where a best price is not there.

    References
    ----------
    Stoikov 2018, The micro-price: a high-frequency estimator of future prices, section 2.

    Examples
    --------
    >>> from py_rt.features import WeightedMid
    >>> WeightedMid().update(10.0, 3.0, 11.0, 1.0)
    10.75
    """

    __slots__ = ("_imbalance",)

    def __init__(self) -> None:
        self._imbalance = QueueImbalance()

    def update(self, bid_price: float, bid_qty: float, ask_price: float, ask_qty: float) -> float:
        """Return the weighted mid of one book."""
        share = (1.0 + self._imbalance.update(bid_price, bid_qty, ask_price, ask_qty)) / 2.0
        return float(bid_price + share * (ask_price - bid_price))

    def batch(
        self, bid_price: Any, bid_qty: Any = None, ask_price: Any = None, ask_qty: Any = None
    ) -> _Floats:
        """Return the weighted mid of every row of four arrays, or of ``data.books()``."""
        sides = _levels(_sides((bid_price, bid_qty, ask_price, ask_qty)), 1)
        share = (1.0 + self._imbalance.batch(*sides)) / 2.0
        bid, ask = sides[0][:, 0], sides[2][:, 0]
        return np.asarray(bid + share * (ask - bid))


class MicroPrice:
    """Stoikov's micro-price: the mid as it is expected after many changes, by imbalance and spread.

    ``fit`` learns from a recording how the mid moves out of each state (bucket of the imbalance,
    spread in ticks); mid + sum of B^i G, B = (1 - Q)^-1 T, G = (1 - Q)^-1 R k.

    Parameters
    ----------
    tick_size : float
        Smallest step of the price, above 0.
    n_imbalance, n_spread : int
        Buckets of the imbalance, 1 to 50; spreads of 1 to ``n_spread`` ticks, at most 20.

    Attributes
    ----------
    adjustments_ : ndarray, shape (n_spread, n_imbalance)
        What is added to the mid in each state [price].

    References
    ----------
    Stoikov 2018, The micro-price: a high-frequency estimator of future prices, section 4.

    Examples
    --------
    >>> from py_rt.features import MicroPrice
    >>> bid, ask = [10.0, 10.0, 11.0, 10.0, 10.0], [11.0, 11.0, 12.0, 11.0, 11.0]
    >>> micro = MicroPrice(1.0, 2, 1).fit(bid, [1, 3, 1, 3, 3], ask, [3, 1, 3, 1, 1])
    >>> micro.update(10.0, 3.0, 11.0, 1.0) > 10.5
    True
    """

    def __init__(self, tick_size: float, n_imbalance: int = 10, n_spread: int = 2) -> None:
        self.tick_size = tick_size
        self.n_imbalance = n_imbalance
        self.n_spread = n_spread

    def fit(
        self, bid_price: Any, bid_qty: Any = None, ask_price: Any = None, ask_qty: Any = None
    ) -> MicroPrice:
        """Learn from the best bids and asks of four arrays, or of ``data.books()``.

        Raises
        ------
        ParameterError
            A parameter is outside its range.
        Degenerate
            The mid never changes from some state that is visited.
        NotConverged
            The adjustments do not fade.
        """
        columns = _touch((bid_price, bid_qty, ask_price, ask_qty))
        buckets = _whole("n_imbalance", self.n_imbalance)
        spreads = _whole("n_spread", self.n_spread)
        table = MicroTable(columns, buckets, spreads, float(self.tick_size))
        self._table = table
        self.adjustments_ = table.adjustments().reshape(spreads, buckets)
        return self

    def update(self, bid_price: float, bid_qty: float, ask_price: float, ask_qty: float) -> float:
        """Return the micro-price of one book; the mid in a state that was not learned."""
        return self._fitted().price(bid_price, bid_qty, ask_price, ask_qty)

    def batch(
        self, bid_price: Any, bid_qty: Any = None, ask_price: Any = None, ask_qty: Any = None
    ) -> _Floats:
        """Return the micro-price of every row; NaN where a best price is not there."""
        return self._fitted().prices(_touch((bid_price, bid_qty, ask_price, ask_qty)))

    def _fitted(self) -> MicroTable:
        table: MicroTable | None = getattr(self, "_table", None)
        if table is None:
            raise ParameterError("nothing was learned yet", field="fit", remedy="call fit before")
        return table


def _touch(given: tuple[Any, ...]) -> tuple[_Floats, _Floats, _Floats, _Floats]:
    bid, bid_qty, ask, ask_qty = (side[:, 0] for side in _levels(_sides(given), 1))
    return bid, bid_qty, ask, ask_qty
