"""Many clients at once, a server that dies and comes back, one that is asked to end."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from client.serving import PRICES, RETURNS, SERIES, WAIT_S, end, port_of, same, server
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient

pytestmark = pytest.mark.system


def test_sixty_four_clients_get_their_answers_and_health_is_heard(port: int) -> None:
    with LocalTradingClient() as local:
        wanted = [
            local.detect_regime(RETURNS, 2),
            local.optimize_portfolio(PRICES, "min_variance"),
            local.calculate_mean_reversion(SERIES),
            local.risk_analytics(RETURNS),
        ]
    slowest: list[str] = []

    def ask(at: int) -> list[Any]:
        with TradingGrpcClient(GrpcConfig(port=port, timeout=120.0)) as client:
            return [
                client.detect_regime(RETURNS, 2),
                client.optimize_portfolio(PRICES, "min_variance"),
                client.calculate_mean_reversion(SERIES),
                client.risk_analytics(RETURNS),
            ]

    def look() -> None:
        with TradingGrpcClient(GrpcConfig(port=port, timeout=20.0, max_retries=0)) as client:
            while not done.is_set():
                slowest.append(client.health()["status"])

    done = threading.Event()
    watcher = threading.Thread(target=look)
    watcher.start()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(64)))
    done.set()
    watcher.join()
    for answer in answers:
        same(answer, wanted)
    assert slowest
    assert set(slowest) == {"SERVING"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_a_server_that_is_killed_and_comes_back_is_found_again() -> None:
    port = free_port()
    config = GrpcConfig(port=port, timeout=60.0, max_retries=100)
    answers: list[Any] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        with TradingGrpcClient(config) as client:
            while not stop.is_set():
                try:
                    answers.append(client.calculate_mean_reversion(SERIES))
                except rt.ServerUnavailable as error:
                    errors.append(error)

    with server("--port", str(port)) as (child, _ready):
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answers) > 50)
        child.send_signal(signal.SIGKILL)
        child.wait()
    seen = len(answers)
    with server("--port", str(port)) as (_child, _ready):
        wait_for(lambda: len(answers) > seen + 50)
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
    with LocalTradingClient() as local:
        wanted = local.calculate_mean_reversion(SERIES)
    assert all(answer == wanted for answer in answers)


def wait_for(come: Any) -> None:
    waiting = threading.Event()
    for _ in range(3000):
        if come():
            return
        waiting.wait(0.02)
    raise AssertionError("it did not come")


def test_several_servers_share_the_calls_and_one_may_die() -> None:
    with server() as (first, one), server() as (_second, two):
        config = GrpcConfig(servers=(one["grpc"], two["grpc"]), timeout=60.0)
        with TradingGrpcClient(config) as client:
            for _ in range(10):
                client.calculate_mean_reversion(SERIES)
            used = [len(server.calls) for server in client._pool.servers]
            assert used == [1, 1]
            first.kill()
            first.wait()
            for _ in range(20):
                client.calculate_mean_reversion(SERIES)
            assert client._pool.servers[0].failures > 0
            assert client._pool.servers[1].failures == 0


def test_a_stop_lets_running_calls_end_and_ends_streams() -> None:
    with server("--metrics-port", "0", "--drain", "120") as (child, ready):
        with TradingGrpcClient(GrpcConfig(port=port_of(ready), timeout=120.0)) as client:
            stream = client.stream_market_data("BTCUSDT")
            next(stream)
            data = np.random.default_rng(0).normal(size=2000)
            ranges = {"mu": (-1, 1), "sigma": (0.1, 3)}
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(client.run_mcmc, ranges, data, n_samples=20_000)
                # The server's own word, more than once: the client looks at a server first, which
                # is a call as well.
                looks = iter(lambda: in_flight(ready["metrics"]) == 1 or running.done(), None)
                wait_for(lambda: all(itertools.islice(looks, 10)))
                child.send_signal(signal.SIGTERM)
                with pytest.raises(rt.ServerUnavailable, match="the server closes"):
                    for _tick in stream:
                        pass
                assert running.result()["samples"].shape == (4, 20_000, 2)
        assert child.wait(timeout=WAIT_S) == 0


def metrics(page: str) -> str:
    with urllib.request.urlopen(page, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def in_flight(page: str) -> int:
    """Calls the server computes; a stream is not counted once its messages may flow."""
    return int(metrics(page).rpartition("py_rt_calls_in_flight ")[2])


def test_metrics_count_calls_by_their_end(running: dict[str, Any], client: Any) -> None:
    client.calculate_mean_reversion(SERIES)
    with pytest.raises(rt.DataError):
        client.calculate_mean_reversion([1.0])
    text = metrics(running["metrics"])
    assert 'py_rt_calls_total{method="CalculateMeanReversion",code="0"}' in text
    assert 'py_rt_calls_total{method="CalculateMeanReversion",code="3"}' in text
    assert 'py_rt_call_seconds_bucket{method="CalculateMeanReversion",le="+Inf"}' in text


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match="cannot listen on"), server("--port", port):
            pass


def test_the_end_is_quick_and_clean() -> None:
    with server() as (child, _ready):
        assert end(child) == 0
