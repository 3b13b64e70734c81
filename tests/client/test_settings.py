"""Configurations are checked before anything listens or connects; tries are counted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.client import GrpcConfig, LocalTradingClient, get_client
from py_rt.client.pool import Clock, Pool, Server, Tries, load_grpc
from py_rt.client.shared import close_clients
from py_rt.server import ServeConfig, read_access


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"host": "0.0.0.0"}, "host"),
        ({"host": "localhost"}, "host"),
        ({"tls_cert": Path("a.pem")}, "tls_cert"),
        ({"client_ca": Path("a.pem")}, "client_ca"),
        ({"tls_cert": Path("no.pem"), "tls_key": Path("no.pem")}, "tls_cert"),
        ({"rate": 0}, "rate"),
        ({"max_calls": 0}, "max_calls"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_server_is_not_made_from_nonsense(given: dict[str, Any], field: str) -> None:
    with pytest.raises(rt.ConfigError) as caught:
        ServeConfig(**given).to_core()
    assert caught.value.field == field
    assert caught.value.remedy


def test_beyond_this_machine_only_when_it_is_asked_for() -> None:
    assert ServeConfig(host="0.0.0.0", insecure=True).to_core()["host"] == "0.0.0.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "[[caller]]\nname = 'a'\nroles = ['quant']\n",
        "[[caller]]\nname = 'a'\nroles = ['king']\ntoken_sha256 = '00'\n",
        "[[caller]]\nname = 'a'\nroles = ['quant']\ntoken_sha256 = '00'\n",
        "[[caller]]\nname = 'a'\nroles = ['quant']\ntoken = 'secret'\n",
        "[[caller]\n",
    ],
)
def test_a_wrong_access_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "access.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(rt.ConfigError) as caught:
        read_access(path)
    assert caught.value.remedy


def test_an_access_file_may_write_hashes_as_openssl_does(tmp_path: Path) -> None:
    path = tmp_path / "access.toml"
    colons = ":".join(["AB"] * 32)
    path.write_text(
        f"[[caller]]\nname = 'a'\nroles = ['market']\ncertificate_sha256 = '{colons}'\n",
        encoding="utf-8",
    )
    assert read_access(path) == [("a", "certificate", b"\xab" * 32, ["market"])]


@pytest.mark.parametrize("address", ["", "nowhere", "host:", ":50051", "host:port"])
def test_a_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(rt.ConfigError, match="address"):
        GrpcConfig.from_address(address)


@pytest.mark.parametrize(
    "given", [{"port": 0}, {"timeout": 0}, {"max_retries": -1}, {"certificate": "a.pem"}]
)
def test_a_client_is_not_made_from_nonsense(given: dict[str, Any]) -> None:
    with pytest.raises(rt.ConfigError):
        GrpcConfig(**given)


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = 0.0
        self.spans: list[tuple[float, float]] = []

    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, sleep=self.pass_time, uniform=self.draw)

    def pass_time(self, seconds: float) -> None:
        self.at += seconds

    def draw(self, low: float, high: float) -> float:
        self.spans.append((low, high))
        return high


def test_pauses_double_from_zero_and_stay_within_the_time() -> None:
    hand = Hand()
    pool = Pool([Server("a", None)], hand.clock())
    tries = Tries(GrpcConfig(max_retries=5, timeout=10.0), pool, "DetectRegime")
    pauses = [tries.pause() for _ in range(6)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, None]
    assert all(low == 0.0 for low, _ in hand.spans)
    late = Tries(GrpcConfig(max_retries=5, timeout=0.01), pool, "DetectRegime")
    assert late.pause() is None


def test_what_is_not_idempotent_is_never_repeated() -> None:
    pool = Pool([Server("a", None)], Hand().clock())
    for method in ("RunBacktest", "StreamMarketData", "Unknown"):
        assert Tries(GrpcConfig(max_retries=5), pool, method).pause() is None


def test_a_budget_ends_a_storm_of_retries() -> None:
    pool = Pool([Server("a", None)], Hand().clock())
    tried = 0
    for _ in range(100):
        tries = Tries(GrpcConfig(max_retries=3, timeout=1000.0), pool, "DetectRegime")
        while tries.pause() is not None:
            tried += 1
    assert tried == 10
    for _ in range(100):
        pool.give_back(pool.take(), well=True)
    assert Tries(GrpcConfig(), pool, "DetectRegime").pause() is not None


def test_the_least_busy_server_that_is_well_comes_first() -> None:
    hand = Hand()
    servers = [Server(name, None) for name in "abc"]
    pool = Pool(servers, hand.clock())
    taken = [pool.take() for _ in range(6)]
    assert sorted(server.address for server in taken) == ["a", "a", "b", "b", "c", "c"]
    pool.give_back(servers[1], well=False)
    assert servers[1].down_until == 0.5
    assert {pool.take().address for _ in range(4)} == {"a", "c"}
    hand.pass_time(1.0)
    assert pool.take() is servers[1]
    assert pool.needs_a_look(servers[1])
    pool.give_back(servers[1], well=True)
    assert not pool.needs_a_look(servers[1])


def test_a_server_may_be_away_for_days() -> None:
    pool = Pool([Server("a", None)], Hand().clock())
    for _ in range(5_000):
        pool.give_back(pool.take(), well=False)
    assert pool.servers[0].down_until == 10.0
    config = GrpcConfig(max_retries=5_000, timeout=1e9)
    tries = Tries(config, pool, "DetectRegime")
    for _ in range(5_000):
        for _ in range(10):
            pool.give_back(pool.take(), well=True)
        pause = tries.pause()
    assert pause == 2.0


def test_without_grpcio_the_extra_is_named_and_the_engine_still_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    close_clients()
    with pytest.raises(ImportError, match=r"pip install 'py-rt\[grpc\]'"):
        load_grpc()
    with pytest.raises(ImportError, match="grpcio"):
        get_client(prefer="grpc")
    client = get_client()
    assert isinstance(client, LocalTradingClient)
    assert client.calculate_mean_reversion([1.0, 2.0] * 20)["signal"] in (-1, 0, 1)
    close_clients()


def test_backtests_take_symbols_of_a_catalog_and_no_files(tmp_path: Path) -> None:
    rt.data.Catalog(tmp_path).write(rt.data.load("sample:us_minute", symbols=["TDG", "TDY"]))
    with LocalTradingClient(catalog=tmp_path) as client:
        told = client.run_backtest("sma_cross", "TDG", {"order_qty": 10})
        assert told["events"] == len(rt.data.load("sample:us_minute", symbols=["TDG"]))
        for name in ("NONE", str(tmp_path), "../secret.csv"):
            with pytest.raises(rt.ParameterError, match="It has: TDG, TDY"):
                client.run_backtest("sma_cross", name)
