"""Books, matching, queues. Private: import from `py_rt` instead."""

from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = ["MatchingEngine", "OrderBook", "follow_orders"]

@final
class MatchingEngine:
    """A matching engine; `py_rt.MatchingEngine` is its face."""

    def __new__(cls, self_trade: str) -> MatchingEngine: ...
    def run(
        self, rows: npt.NDArray[np.uint8], width: int, offsets: list[int]
    ) -> npt.NDArray[np.uint64]: ...
    def levels(self, side: int, count: int) -> list[tuple[int, int, int]]: ...
    def orders(self) -> list[tuple[int, int, int, int, int, int]]: ...
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
