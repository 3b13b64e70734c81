"""The gRPC server and its calls. Private: import from `py_rt.client` instead."""

from collections.abc import Callable
from typing import Any, Self, final

__all__ = ["LocalMarket", "LocalStream", "answer", "descriptors", "serve"]

def descriptors() -> bytes: ...
def answer(method: str, request: bytes) -> bytes: ...
def serve(
    config: dict[str, Any],
    market: dict[str, Any] | None,
    backtest: Callable[[dict[str, Any], Callable[[int, int], None]], object],
    on_ready: Callable[[dict[str, Any]], object],
) -> None: ...

@final
class LocalMarket:
    """A market in this process."""

    def __new__(cls, market: dict[str, Any]) -> Self: ...
    def order_book(self, request: bytes) -> bytes: ...
    def stream(self, request: bytes) -> LocalStream: ...

@final
class LocalStream:
    """Changes of a market in this process."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> bytes: ...
