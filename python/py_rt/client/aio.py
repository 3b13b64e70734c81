"""The asynchronous twin of the client over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self

from py_rt.client import calls
from py_rt.client.calls import Call, shaped_backtest, shaped_ticks
from py_rt.client.config import GrpcConfig
from py_rt.client.face import Progress, TradingCalls
from py_rt.client.failures import failure, is_worth_a_retry
from py_rt.client.pool import SMALL, Clock, Pool, Server, Tries, channel_options, load_grpc
from py_rt.client.sync import HEALTH, credentials, health_request, is_serving, metadata, path
from py_rt.errors import ServerUnavailable, TradingError

__all__ = ["AsyncTradingGrpcClient"]

_LOOK_S = 2.0
Answer = Coroutine[Any, Any, dict[str, Any]]


class AsyncTradingGrpcClient(TradingCalls[Answer, AsyncIterator[dict[str, Any]]]):
    """The same calls, awaited: ``await client.detect_regime(x)``, ``async for tick in ...``.

    Parameters
    ----------
    config : GrpcConfig, optional
        Where and how; localhost:50051 by default.

    Examples
    --------
    >>> import asyncio
    >>> from py_rt.client import AsyncTradingGrpcClient, GrpcConfig
    >>> async def ask():
    ...     async with AsyncTradingGrpcClient(GrpcConfig(port=1, max_retries=0)) as client:
    ...         return await client.health()
    >>> asyncio.run(ask())
    Traceback (most recent call last):
    ...
    py_rt.errors.ServerUnavailable: unavailable: ...; server localhost:1; start one with ...
    """

    def __init__(self, config: GrpcConfig | None = None) -> None:
        self.config = config or GrpcConfig()
        self._grpc = load_grpc()
        self._metadata = metadata(self.config)
        self._opened: Pool | None = None
        self._closed = False

    def _pool(self) -> Pool:
        """Connect within the loop that makes the first call."""
        if self._closed:
            raise TradingError("the client is closed", remedy="make a new one")
        if self._opened is None:
            servers = [self._connect(at) for at in self.config.addresses]
            self._opened = Pool(servers, Clock(sleep=asyncio.sleep))
        return self._opened

    def _connect(self, address: str) -> Server:
        aio, options = self._grpc.aio, channel_options(self.config)
        if self.config.encrypts:
            secret = credentials(self.config, self._grpc)
            return Server(address, aio.secure_channel(address, secret, options))
        return Server(address, aio.insecure_channel(address, options))

    async def close(self) -> None:
        """Close the connections."""
        self._closed = True
        if self._opened is not None:
            for server in self._opened.servers:
                await server.channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncTradingGrpcClient({', '.join(self.config.addresses)})"

    def _caller(self, server: Server, where: str, kind: str) -> Any:
        caller = server.calls.get(where)
        if caller is None:
            caller = getattr(server.channel, kind)(where)
            server.calls[where] = caller
        return caller

    async def _unary(self, call: Call) -> dict[str, Any]:
        return call.answered(await self._sent(path(call.method), call.method, call.request))

    async def _sent(self, where: str, method: str, request: bytes) -> bytes:
        pool = self._pool()
        tries = Tries(self.config, pool, method)
        packed = self.config.compression and len(request) >= SMALL
        server: Server | None = None
        while True:
            server = pool.take(avoid=server)
            well = True
            try:
                if pool.needs_a_look(server):
                    ask = self._caller(server, HEALTH, "unary_unary")
                    await ask(health_request(), timeout=_LOOK_S, metadata=self._metadata)
                answer: bytes = await self._caller(server, where, "unary_unary")(
                    request,
                    timeout=tries.time_left(),
                    metadata=self._metadata,
                    compression=self._grpc.Compression.Gzip if packed else None,
                )
            except self._grpc.RpcError as error:
                status = error.code().name
                well = status != "UNAVAILABLE"
                pause = tries.pause() if is_worth_a_retry(status) else None
                if pause is None:
                    raise failure(error, server.address) from None
            else:
                return answer
            finally:
                pool.give_back(server, well)
            await pool.clock.sleep(pause)

    async def _streamed(self, call: Call) -> AsyncIterator[bytes]:
        pool = self._pool()
        server = pool.take()
        well = True
        stream = self._caller(server, path(call.method), "unary_stream")(
            call.request, metadata=self._metadata
        )
        try:
            async for message in stream:
                yield message
        except self._grpc.RpcError as error:
            well = error.code().name != "UNAVAILABLE"
            raise failure(error, server.address) from None
        finally:
            stream.cancel()
            pool.give_back(server, well)

    async def _ticks(self, call: Call) -> AsyncIterator[dict[str, Any]]:
        async for message in self._streamed(call):
            for tick in shaped_ticks(message):
                yield tick

    async def _backtest(self, call: Call, progress: Progress | None) -> dict[str, Any]:
        async for message in self._streamed(call):
            done, result = shaped_backtest(message)
            if done is not None and progress is not None:
                progress(*done)
            if result is not None:
                return result
        raise ServerUnavailable(
            "the backtest ended without a result", remedy="see the server, then try again"
        )

    async def health(self) -> dict[str, Any]:
        """Return ``status``, ``server`` and ``version``, and ``market symbols`` that it shows."""
        answer = await self._sent(HEALTH, "Health", health_request())
        told = await self._unary(calls.version())
        return {
            "status": "SERVING" if is_serving(answer) else "NOT_SERVING",
            "server": ", ".join(self.config.addresses),
            **{name: told[name] for name in ("version", "market", "symbols")},
        }
