"""Measure what a call costs: in process, over TCP and a unix socket, compressed, streamed, shared.

python benches/calls.py [--quick]

The same question (CalculateMeanReversion) goes to the engine in this process, to `py-rt serve`, and
to a server in grpcio that runs the same kernel. Writes bench-out/calls.json and prints the tables
of docs/grpc.md. A row with unequal answers gets no figure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from run import OUT, describe_commit, describe_machine
from workers.grpcio_server import messages

import py_rt as rt
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient
from py_rt.client.sync import path

HERE = Path(__file__).parent
SIZES = (20, 1_000, 10_000, 100_000, 1_000_000)
PROCESSES = (1, 2, 4, 8)
CPP = HERE.parent / "target" / "clients" / "cpp-client"
LOOKBACK = 20


def _prices(n: int) -> Any:
    return 100.0 + np.cumsum(np.random.default_rng(1).normal(size=n))


@contextmanager
def _serving(command: list[str]) -> Iterator[str]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        yield child.stdout.readline()
        child.terminate()


@contextmanager
def _ours(*options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "py_rt.cli", "serve", "--quiet", "--port", "0", *options]
    with _serving(command) as line:
        yield json.loads(line)


def _micros(call: Callable[[], Any], seconds: float) -> float:
    """Return the median time of a call."""
    call()
    begun, times = time.perf_counter(), []
    while time.perf_counter() - begun < seconds or len(times) < 5:
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e6


def _port_of(ready: dict[str, Any]) -> int:
    return int(ready["grpc"].rpartition(":")[2])


def _table_of_ways(seconds: float) -> list[dict[str, Any]]:
    rows = []
    with ExitStack() as stack:
        socket = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "s.sock"
        ready = stack.enter_context(_ours("--unix", str(socket)))
        peer = int(
            stack.enter_context(_serving([sys.executable, str(HERE / "workers/grpcio_server.py")]))
        )

        def connected(config: GrpcConfig) -> Any:
            return stack.enter_context(TradingGrpcClient(config)).calculate_mean_reversion

        tcp = GrpcConfig(port=_port_of(ready), timeout=120)
        ways: dict[str, Callable[[Any], Any]] = {
            "rt.quant, in process": lambda x: rt.quant.mean_reversion_signal(x, 2.0, LOOKBACK),
            "client, in process": LocalTradingClient().calculate_mean_reversion,
            "gRPC, unix socket": connected(GrpcConfig(unix=socket, timeout=120)),
            "gRPC, TCP": connected(tcp),
            "gRPC, TCP, compressed": connected(
                GrpcConfig(port=_port_of(ready), timeout=120, compression=True)
            ),
            "grpcio server, our client": connected(GrpcConfig(port=peer, timeout=120)),
            "grpcio server and client": stack.enter_context(_usual_client(peer)),
        }
        for n in SIZES:
            x = _prices(n)
            wanted = ways["client, in process"](x)["zscore"]
            for name, way in ways.items():
                told = way(x)
                score = told["zscore"] if isinstance(told, dict) else told.zscore
                rows.append(
                    {
                        "way": name,
                        "n": n,
                        "us": _micros(partial(way, x), seconds),
                        "equal": score == wanted,
                    }
                )
    return rows


@contextmanager
def _usual_client(port: int) -> Iterator[Callable[[Any], Any]]:
    """Call with Google's classes, as a generated client does."""
    known = messages()
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        ask = channel.unary_unary(
            path("CalculateMeanReversion"),
            known["CalculateMeanReversionRequest"].SerializeToString,
            known["CalculateMeanReversionResponse"].FromString,
        )
        request = known["CalculateMeanReversionRequest"]
        yield lambda x: ask(request(prices=x, threshold=2.0, lookback=LOOKBACK))


def _calls_in(port: int, seconds: float) -> int:
    x = _prices(1_000)
    count = 0
    with TradingGrpcClient(GrpcConfig(port=port, timeout=60)) as client:
        client.calculate_mean_reversion(x)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            client.calculate_mean_reversion(x)
            count += 1
    return count


def _table_of_processes(seconds: float) -> list[dict[str, Any]]:
    rows = []
    with ExitStack() as stack:
        port = _port_of(stack.enter_context(_ours()))
        peer = int(
            stack.enter_context(_serving([sys.executable, str(HERE / "workers/grpcio_server.py")]))
        )
        for count in PROCESSES:
            row: dict[str, Any] = {"processes": count}
            for name, at in (("ours", port), ("grpcio", peer)):
                with ProcessPoolExecutor(count) as pool:
                    done = list(pool.map(_calls_in, [at] * count, [seconds] * count))
                row[name] = sum(done) / seconds
            rows.append(row)
    return rows


def _streamed(seconds: float) -> list[dict[str, Any]]:
    rows = []
    with _ours("--speed", "0") as ready:
        with TradingGrpcClient(GrpcConfig(port=_port_of(ready))) as client:
            stream = client.stream_market_data("BTCUSDT")
            next(stream)
            count, end = 0, time.perf_counter() + seconds
            for _tick in stream:
                count += 1
                if time.perf_counter() > end:
                    break
        rows.append({"reader": "Python", "messages_per_s": count / seconds})
        if CPP.exists():
            told = subprocess.run(
                [CPP, ready["grpc"], "bench"], capture_output=True, text=True, check=True
            )
            rows.append({"reader": "C++", **json.loads(told.stdout.splitlines()[-1])})
    return rows


def _show(found: dict[str, Any]) -> None:
    ways = list(dict.fromkeys(row["way"] for row in found["ways"]))
    print("\n| microseconds a call, n numbers | " + " | ".join(f"{n:,}" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for way in ways:
        cells = [row for row in found["ways"] if row["way"] == way]
        shown = [f"{row['us']:,.0f}" if row["equal"] else "unequal" for row in cells]
        print(f"| {way} | " + " | ".join(shown) + " |")
    print(
        "\n| Python processes at one server, calls/s | ours | grpcio | ratio |\n|---|---|---|---|"
    )
    for row in found["processes"]:
        ratio = row["ours"] / row["grpcio"]
        print(f"| {row['processes']} | {row['ours']:,.0f} | {row['grpcio']:,.0f} | {ratio:.1f} |")
    print("\n| stream, as fast as it goes | messages/s |\n|---|---|")
    for row in found["streams"]:
        print(f"| {row['reader']} | {row['messages_per_s']:,.0f} |")


def main(words: list[str]) -> int:
    """Measure, write, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    seconds = 0.1 if parser.parse_args(words).quick else 1.0
    OUT.mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    found: dict[str, Any] = {
        "machine": describe_machine(),
        "commit": describe_commit(),
        "grpcio": grpc.__version__,
        "load_before": load,
    }
    print(f"{found['machine']} | commit {found['commit']} | load {load:.2f}", flush=True)
    found["ways"] = _table_of_ways(seconds)
    found["processes"] = _table_of_processes(2 * seconds)
    found["streams"] = _streamed(3 * seconds)
    found["load_after"] = os.getloadavg()[0]
    (OUT / "calls.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    _show(found)
    print(f"\nload {load:.2f} before, {found['load_after']:.2f} after")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
