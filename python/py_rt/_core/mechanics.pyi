"""Books, matching, queues. Private: import from `py_rt` instead."""

from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = ["MatchingEngine", "OrderBook", "follow_orders", "last_levels", "sample_books"]

@final
class MatchingEngine:
    """A matching engine; `py_rt.MatchingEngine` is its face."""

    def __new__(cls, self_trade: str) -> MatchingEngine: ...
    def run(
        self, rows: npt.NDArray[np.uint8], width: int, offsets: list[int]
    ) -> npt.NDArray[np.uint64]: ...
    def levels(self, side: int, count: int) -> list[tuple[int, int, int]]: ...
    def orders(self) -> list[tuple[int, int, int, int, int, int]]: ...
    def begin(self, phase: str) -> bool: ...
    def limit_prices(self, band: tuple[int, int] | None) -> None: ...
    def auction_price(self, reference: int | None) -> tuple[int, int] | None: ...
    def uncross(self, reference: int | None, ts: int) -> npt.NDArray[np.uint64]: ...
    def end_day(self, ts: int) -> npt.NDArray[np.uint64]: ...
    def state_hash(self) -> str: ...

@final
class OrderBook:
    """An order book of one instrument; `py_rt.OrderBook` is its face."""

    def __new__(cls, kind: str) -> OrderBook: ...
    def apply(self, rows: Any) -> None: ...
    def levels(self, side: int, count: int) -> list[tuple[int, int]]: ...
    def best(self, side: int) -> tuple[int, int] | None: ...
    def orders(self, side: int, count: int) -> list[tuple[int, int, int, int]]: ...
    def qty_ahead(self, order_id: int) -> int | None: ...
    @property
    def unmatched(self) -> int: ...
    @property
    def valid(self) -> bool: ...
    def state_hash(self) -> str: ...

def follow_orders(
    rows: Any,
    models: list[tuple[str, int]],
    *,
    draws: int,
    seed: int,
    per_million: int,
    horizon_ns: int,
    distance_max: int,
) -> dict[str, npt.NDArray[Any]]:
    """Replays rows by order of one instrument; returns the followed orders as columns."""

_Step = tuple[int, int]
_Ints = npt.NDArray[np.int64]

def sample_books(
    rows: npt.NDArray[np.uint8],
    instrument: int,
    depth: int,
    units: tuple[_Step, _Step],
    recv: bool,
    every: int | None = None,
    at: _Ints | None = None,
) -> dict[str, npt.NDArray[np.generic]]:
    """Return the best levels of one instrument as flat columns."""

def last_levels(
    rows: npt.NDArray[np.uint8], instrument: int
) -> tuple[tuple[npt.NDArray[np.int8], _Ints, _Ints], bool]:
    """Return side, ticks and lots of every level behind the last row, and whether it is valid."""
