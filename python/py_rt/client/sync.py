"""The client over gRPC."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Self

from py_rt.client import calls
from py_rt.client.calls import Call, shaped_backtest, shaped_ticks
from py_rt.client.config import GrpcConfig
from py_rt.client.face import Progress, TradingCalls
from py_rt.client.failures import failure, is_worth_a_retry
from py_rt.client.pool import SMALL, Clock, Pool, Server, Tries, channel_options, load_grpc
from py_rt.errors import ServerUnavailable, TradingError

__all__ = ["HEALTH", "TradingGrpcClient", "credentials", "health_request", "metadata", "path"]

HEALTH = "/grpc.health.v1.Health/Check"
_SERVICE = "py_rt.v1.TradingService"
_SERVING = b"\x08\x01"
_LOOK_S = 2.0


def path(method: str) -> str:
    """Return the path of a method."""
    return f"/{_SERVICE}/{method}"


def health_request() -> bytes:
    """Return the question whether the service is well."""
    return b"\x0a" + bytes((len(_SERVICE),)) + _SERVICE.encode()


def is_serving(answer: bytes) -> bool:
    """Say whether a health answer is good."""
    return answer == _SERVING


def metadata(config: GrpcConfig) -> tuple[tuple[str, str], ...] | None:
    """Return what every call carries."""
    return None if config.token is None else (("authorization", f"Bearer {config.token}"),)


def credentials(config: GrpcConfig, grpc: Any) -> Any:
    """Return the credentials of an encrypted channel."""
    read = [
        None if name is None else Path(name).read_bytes()
        for name in (config.ca, config.key, config.certificate)
    ]
    return grpc.ssl_channel_credentials(*read)


class TradingGrpcClient(TradingCalls[dict[str, Any], Iterator[dict[str, Any]]]):
    """Calls a server, or the least busy of several; safe to share between threads.

    Parameters
    ----------
    config : GrpcConfig, optional
        Where and how; localhost:50051 by default.
    clock : Clock, optional
        For tests: time, sleep and chance.

    Raises
    ------
    ImportError
        grpcio is not installed: ``pip install 'py-rt[grpc]'``.

    Examples
    --------
    >>> from py_rt.client import GrpcConfig, TradingGrpcClient
    >>> with TradingGrpcClient(GrpcConfig(port=1, max_retries=0)) as client:
    ...     client.health()
    Traceback (most recent call last):
    ...
    py_rt.errors.ServerUnavailable: unavailable: ...; server localhost:1; start one with ...
    """

    def __init__(self, config: GrpcConfig | None = None, *, clock: Clock | None = None) -> None:
        self.config = config or GrpcConfig()
        self._grpc = load_grpc()
        self._metadata = metadata(self.config)
        self._pool = Pool([self._connect(at) for at in self.config.addresses], clock or Clock())
        self._closing = threading.Lock()
        self._closed = False

    def _connect(self, address: str) -> Server:
        options = channel_options(self.config)
        if self.config.encrypts:
            secret = credentials(self.config, self._grpc)
            return Server(address, self._grpc.secure_channel(address, secret, options))
        return Server(address, self._grpc.insecure_channel(address, options))

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Close the connections; calls that are under way are cancelled."""
        with self._closing:
            if not self._closed:
                self._closed = True
                for server in self._pool.servers:
                    server.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TradingGrpcClient({', '.join(self.config.addresses)})"

    def _open(self) -> None:
        if self._closed:
            raise TradingError("the client is closed", remedy="make a new one")

    def _caller(self, server: Server, method: str, kind: str) -> Any:
        caller = server.calls.get(method)
        if caller is None:
            # Bytes go and come: what they mean is the business of `wire`.
            caller = getattr(server.channel, kind)(method)
            server.calls[method] = caller
        return caller

    def _compression(self, request: bytes) -> Any:
        if self.config.compression and len(request) >= SMALL:
            return self._grpc.Compression.Gzip
        return None

    def _unary(self, call: Call) -> dict[str, Any]:
        return call.answered(self._sent(path(call.method), call.method, call.request))

    def _sent(self, where: str, method: str, request: bytes) -> bytes:
        self._open()
        tries = Tries(self.config, self._pool, method)
        server: Server | None = None
        while True:
            server = self._pool.take(avoid=server)
            well = True
            try:
                if self._pool.needs_a_look(server):
                    self._look(server)
                answer: bytes = self._caller(server, where, "unary_unary")(
                    request,
                    timeout=tries.time_left(),
                    metadata=self._metadata,
                    compression=self._compression(request),
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
                self._pool.give_back(server, well)
            self._pool.clock.sleep(pause)

    def _look(self, server: Server) -> None:
        """Ask a server that failed whether it is well again."""
        ask = self._caller(server, HEALTH, "unary_unary")
        ask(health_request(), timeout=_LOOK_S, metadata=self._metadata)

    def _streamed(self, call: Call) -> Iterator[bytes]:
        self._open()
        server = self._pool.take()
        well = True
        stream = self._caller(server, path(call.method), "unary_stream")(
            call.request, metadata=self._metadata
        )
        try:
            yield from stream
        except self._grpc.RpcError as error:
            well = error.code().name != "UNAVAILABLE"
            raise failure(error, server.address) from None
        finally:
            stream.cancel()
            self._pool.give_back(server, well)

    def _ticks(self, call: Call) -> Iterator[dict[str, Any]]:
        return chain.from_iterable(map(shaped_ticks, self._streamed(call)))

    def _backtest(self, call: Call, progress: Progress | None) -> dict[str, Any]:
        for message in self._streamed(call):
            done, result = shaped_backtest(message)
            if done is not None and progress is not None:
                progress(*done)
            if result is not None:
                return result
        raise ServerUnavailable(
            "the backtest ended without a result", remedy="see the server, then try again"
        )

    def health(self) -> dict[str, Any]:
        """Return ``status``, ``server`` and ``version``, and ``market symbols`` that it shows."""
        answer = self._sent(HEALTH, "Health", health_request())
        told = self._unary(calls.version())
        return {
            "status": "SERVING" if is_serving(answer) else "NOT_SERVING",
            "server": ", ".join(self.config.addresses),
            **{name: told[name] for name in ("version", "market", "symbols")},
        }
