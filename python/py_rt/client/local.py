"""The same calls answered in this process, by the same engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain
from typing import Any, Self

from py_rt._core import __version__
from py_rt._core import grpc as _core
from py_rt.client.calls import Call, shaped_ticks
from py_rt.client.face import Progress, TradingCalls
from py_rt.client.wire import decode
from py_rt.server.backtests import Backtests
from py_rt.server.market import market_of

__all__ = ["LocalTradingClient"]


class LocalTradingClient(TradingCalls[dict[str, Any], Iterator[dict[str, Any]]]):
    """A client without a server: requests go to the engine in this process, as the same bytes.

    Parameters
    ----------
    data : anything that ``rt.data.load`` takes
        The market that is replayed; it begins with the first call that needs it.
    speed : float
        Recorded seconds a real second; 0 for as fast as the machine can.
    catalog : path, optional
        Data for backtests beside the bundled samples.

    Examples
    --------
    >>> from py_rt.client import LocalTradingClient
    >>> with LocalTradingClient() as client:
    ...     answer = client.calculate_mean_reversion([10, 11, 10, 11, 10, 30], lookback=6)
    >>> answer["signal"], answer["entry_signal"]
    (-1, True)
    """

    def __init__(
        self, data: Any = "sample:btcusdt_l2", speed: float = 1.0, catalog: Any = None
    ) -> None:
        self._data = data
        self._speed = speed
        self._backtests = Backtests(catalog)
        self._opened: Any = None
        self._opening = threading.Lock()

    @property
    def closed(self) -> bool:
        """False: there is nothing to close but the market, which opens again when it is needed."""
        return False

    def close(self) -> None:
        """End the market of this client."""
        with self._opening:
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "LocalTradingClient()"

    def _market(self) -> Any:
        with self._opening:
            if self._opened is None:
                self._opened = _core.LocalMarket(market_of(self._data, speed=self._speed))
            return self._opened

    def _unary(self, call: Call) -> dict[str, Any]:
        if call.method == "GetOrderBook":
            return call.answered(self._market().order_book(call.request))
        return call.answered(_core.answer(call.method, call.request))

    def _ticks(self, call: Call) -> Iterator[dict[str, Any]]:
        return chain.from_iterable(map(shaped_ticks, self._market().stream(call.request)))

    def _backtest(self, call: Call, progress: Progress | None) -> dict[str, Any]:
        asked = decode("RunBacktestRequest", call.request)
        for name in ("parameters", "venue", "risk"):
            asked[name] = asked.pop(f"{name}_json")
        stats, order_hash, events = self._backtests(asked, progress or (lambda *_: None))
        return {"stats": dict(stats), "order_hash": order_hash, "events": events}

    def health(self) -> dict[str, Any]:
        """Return ``status``, ``server`` ("in process") and ``version``."""
        return {"status": "SERVING", "server": "in process", "version": __version__}
