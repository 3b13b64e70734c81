"""Refusals are the same over gRPC and in process; hostile bytes and callers get a status."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

import py_rt as rt
from client.serving import RETURNS, SERIES, WRONG, WRONG_NAMES, port_of, server
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient, get_client
from py_rt.client.failures import failure
from py_rt.client.shared import close_clients
from py_rt.client.sync import path

pytestmark = pytest.mark.system


def refused(client: Any, name: str, args: tuple[Any, ...]) -> rt.TradingError:
    with pytest.raises(rt.TradingError) as caught:
        getattr(client, name)(*args)
    return caught.value


@pytest.mark.parametrize(("name", "args"), WRONG, ids=WRONG_NAMES)
def test_the_same_error_comes_out(
    client: TradingGrpcClient, local: LocalTradingClient, name: str, args: tuple[Any, ...]
) -> None:
    over, here = refused(client, name, args), refused(local, name, args)
    assert type(over) is type(here)
    assert over.to_dict() == here.to_dict()
    assert str(over) == str(here)
    assert over.remedy


def test_an_asset_is_named(client: TradingGrpcClient) -> None:
    error = refused(client, "optimize_portfolio", ({"A": [1.0] * 9, "7": [1.0, 2.0, 3.0] * 3},))
    assert isinstance(error, rt.Degenerate)
    assert error.where["column"] == "A"
    error = refused(client, "optimize_portfolio", ({"A": [1.0, 2, 1, 2], "7": [1.0, -2, 3, 4]},))
    assert (error.where["column"], error.where["row"]) == ("7", 1)


class Told:
    """What grpcio raises, with details that Google's classes wrote."""

    def __init__(self, reason: str, metadata: dict[str, str]) -> None:
        info = any_pb2.Any()
        info.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="py_rt", metadata=metadata))
        self.bytes = status_pb2.Status(code=10, message="what", details=[info]).SerializeToString()

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.ABORTED

    def details(self) -> str:
        return "what"

    def trailing_metadata(self) -> list[tuple[str, bytes]]:
        return [("grpc-status-details-bin", self.bytes)]


def test_every_code_has_its_class_and_numbers_stay_numbers() -> None:
    metadata = {"remedy": "do", "iterations": "60", "residual": "0.5", "column": "7"}
    numbers = {"numbers": "iterations,residual"}
    error = failure(Told("not_converged", metadata | numbers), "here:1")
    assert isinstance(error, rt.NotConverged)
    assert (error.what, error.remedy, error.residual) == ("what", "do", 0.5)
    assert error.where == {"iterations": 60, "residual": 0.5, "column": "7"}
    for name in rt.errors.__all__:
        kind = getattr(rt.errors, name)
        assert type(failure(Told(kind.code, {}), "here:1")) is kind
    assert failure(Told("busy", {}), "here:1").where == {"server": "here:1"}


def test_backtests_refuse_as_in_process(
    client: TradingGrpcClient, local: LocalTradingClient
) -> None:
    for args in (
        ("no_such_strategy", "us_minute"),
        ("sma_cross", "/etc/passwd"),
        ("sma_cross", "us_minute", {"fats": 3}),
        ("sma_cross", "us_minute", None, {"latency_ordr": "1ms"}),
        ("sma_cross", "us_minute", None, None, {"max_ordrs": 3}),
    ):
        over, here = refused(client, "run_backtest", args), refused(local, "run_backtest", args)
        assert type(over) is type(here) is rt.ParameterError
        assert str(over) == str(here)


def test_a_deadline_ends_the_call_and_the_work(port: int) -> None:
    ranges = {"mu": (-1, 1), "sigma": (0.001, 1)}
    data = np.random.default_rng(0).normal(size=20_000)
    with TradingGrpcClient(GrpcConfig(port=port, timeout=0.3)) as client:
        with pytest.raises(rt.DeadlineExceeded) as caught:
            client.run_mcmc(ranges, data, n_samples=100_000)
        assert isinstance(caught.value, TimeoutError)
        # The threads are free again: others are not kept waiting.
        assert client.calculate_mean_reversion(SERIES)["signal"] in (-1, 0, 1)
        assert client.detect_regime(RETURNS, 2)["converged"]


def test_too_large_and_malformed_messages_get_a_status(port: int) -> None:
    with TradingGrpcClient(GrpcConfig(port=port)) as client:
        with pytest.raises(rt.ParameterError, match="send less at once"):
            client.calculate_mean_reversion(np.ones(1 << 18))
        for method in ("CalculateMeanReversion", "RunHMM", "GetOrderBook", "RunBacktest"):
            ask = client._pool.servers[0].channel.unary_unary(path(method))
            for junk in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x07" * 9, b"\x0b\x0c" * 50):
                with pytest.raises(grpc.RpcError) as caught:
                    ask(junk, timeout=10)
                assert caught.value.code().name in ("INTERNAL", "INVALID_ARGUMENT")
        with pytest.raises(grpc.RpcError) as caught:
            client._pool.servers[0].channel.unary_unary(path("NoSuchCall"))(b"", timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert client.health()["status"] == "SERVING"


def test_shapes_that_lie_are_refused(client: TradingGrpcClient) -> None:
    from py_rt.client.calls import Call
    from py_rt.client.wire import encode

    for rows, columns in ((2**32 - 1, 2**32 - 1), (3, 3), (0, 0)):
        matrix = {"rows": rows, "columns": columns, "values": [1.0, 2.0]}
        lying = {
            "RunHMM": encode("RunHMMRequest", {"observations": matrix}),
            "BoxTaoDecomposition": encode("BoxTaoDecompositionRequest", {"data": matrix}),
        }
        for method, request in lying.items():
            with pytest.raises(rt.DataError):
                client._unary(Call(method, request, dict))
    names = encode("RiskAnalyticsRequest", {"returns": {"names": ["a", "b"], "values": [1.0]}})
    with pytest.raises(rt.DataError, match="no rows of 2"):
        client._unary(Call("RiskAnalytics", names, dict))


def test_bytes_that_are_no_http_do_not_harm(port: int, client: TradingGrpcClient) -> None:
    for junk in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 1000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(junk * 3)
    assert client.health()["status"] == "SERVING"


def test_no_server_is_said_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("PY_RT_SERVER", address)
        close_clients()
        with pytest.raises(rt.ServerUnavailable, match=address) as caught:
            get_client(prefer="grpc")
        assert isinstance(caught.value, ConnectionError)
        fallback = get_client()
        assert isinstance(fallback, LocalTradingClient)
        assert get_client() is fallback
        close_clients()


def test_the_shared_client_finds_the_server(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PY_RT_SERVER", f"localhost:{port}")
    close_clients()
    client = get_client()
    assert isinstance(client, TradingGrpcClient)
    assert get_client() is client
    assert client.calculate_mean_reversion(SERIES)["signal"] in (-1, 0, 1)
    close_clients()
    assert client.closed


def many(client: TradingGrpcClient) -> None:
    for _ in range(50):
        client.get_order_book("BTCUSDT")


def test_callers_and_their_roles(tmp_path: Path) -> None:
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("t-quant", "t-all")}
    access = tmp_path / "access.toml"
    access.write_text(
        f'[[caller]]\nname = "research"\nroles = ["quant"]\ntoken_sha256 = "{hashes["t-quant"]}"\n'
        f'[[caller]]\nname = "desk"\nroles = ["quant", "market", "backtest"]\n'
        f'token_sha256 = "{hashes["t-all"]}"\n',
        encoding="utf-8",
    )
    with server("--access", str(access), "--rate", "5") as (_child, ready):
        port = port_of(ready)
        with TradingGrpcClient(GrpcConfig(port=port)) as nobody:
            with pytest.raises(rt.AccessDenied, match="knows its callers"):
                nobody.calculate_mean_reversion(SERIES)
            assert nobody.health()["status"] == "SERVING"
        with TradingGrpcClient(GrpcConfig(port=port, token="t-quant")) as research:
            assert research.calculate_mean_reversion(SERIES)["signal"] in (-1, 0, 1)
            with pytest.raises(rt.AccessDenied, match="research may not call GetOrderBook"):
                research.get_order_book("BTCUSDT")
            with pytest.raises(PermissionError):
                research.run_backtest("sma_cross", "us_minute")
        with TradingGrpcClient(GrpcConfig(port=port, token="t-all", max_retries=0)) as desk:
            assert desk.get_order_book("BTCUSDT")["valid"]
            with pytest.raises(rt.ServerUnavailable, match="more than 5 calls a second"):
                many(desk)
